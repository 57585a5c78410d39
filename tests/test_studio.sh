#!/usr/bin/env bash
# Tests the studio: gradients in WebAssembly against native ones, and the page in headless Chromium.
#
#   tests/test_studio.sh <folder of the lecture programs> <the program gradients> [minutes of the memory test]
set -u
programs=$(realpath "$1") native=$(realpath "$2") minutes=${3:-1}
cd "$(dirname "$0")/.." || exit 1
command -v em++ > /dev/null && command -v node > /dev/null || { echo "SKIPPED: emscripten is missing (make deps-studio)" && echo "0 passed, 0 failed, 1 skipped" && exit; }
command -v python3 > /dev/null || { echo "SKIPPED: python3 is missing (make deps-browser)" && echo "0 passed, 0 failed, 1 skipped" && exit; }
. tests/expect.sh
export NODE_PATH="${NODE_PATH:-/usr/share/nodejs}"

# count <lines of a test>: adds its last line "... N passed, N failed"
count() {
  local last
  last=$(tail -n 1 <<< "$1")
  echo "$1"
  if [[ $last =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    [[ $last =~ ([0-9]+)\ skipped ]] && skipped=$((skipped + BASH_REMATCH[1]))
  else
    failed=$((failed + 1))
  fi
}
# built <exercise files>: the targets engine and gradients, with these files in place of the library's
built() {
  (cd studio && emcmake cmake --preset studio -DGRADUS_MINE="$1") > "$scratch/log" 2>&1 &&
    cmake --build build/studio --parallel "$(nproc)" --target engine gradients > "$scratch/log" 2>&1 && return
  tail -n 20 "$scratch/log"
  echo "studio: 0 passed, 1 failed"
  exit 1
}

built ""
node build/studio/gradients.js > "$scratch/web" && "$native" > "$scratch/native"
# Every gradient of the first file must be that of the second, to float rounding: 1e-6 of its largest number.
count "$(awk '
  NR == FNR { for (i = 3; i <= NF; ++i) web[$1, $2, i] = $i; length_of[$1, $2] = NF; next }
  { ++ops[$1]; largest = worst = 0
    for (i = 3; i <= NF; ++i) { a = $i < 0 ? -$i : $i; d = $i - web[$1, $2, i]; if (d < 0) d = -d; if (a > largest) largest = a; if (!(d <= worst)) worst = d }
    if (length_of[$1, $2] == NF && largest > 0 && worst <= 1e-6 * largest) ++passed; else { ++failed; print "studio: the gradient of " $1 " for its input " $2 " differs by " worst " of " largest } }
  END { if (length(ops) < 20) { ++failed; print "studio: fewer than 20 ops" } print passed + 0 " passed, " failed + 0 " failed" }' "$scratch/web" "$scratch/native")"

# Digits must be recognised and weights have their usual size, so two programs are trained as in the lecture.
for run in "quick 12,16" "tiny 34,37"; do
  "$programs/lecture4" --out "$scratch/results" --preset ${run% *} --only ${run#* } > "$scratch/log" 2>&1 ||
    { tail -n 20 "$scratch/log" && echo "studio: 0 passed, 1 failed" && exit 1; }
done
python=python3
python3 -c 'import selenium' 2> /dev/null || [ ! -x /usr/bin/python3 ] || python=/usr/bin/python3  # Debian's has python3-selenium
missing=$(node studio/build_page.js --missing "$scratch/results")
equal "programs that have not written their weights" "$missing" ""
expect "the page is built" node studio/build_page.js build/studio "$scratch/results" "$scratch/index.html"
count "$("$python" tests/browser/test_studio.py "$scratch/index.html" "$scratch/results/12_manifold/faces.safetensors" "$minutes")"

todo=exercises/08_gan_step/gan_step.cpp
built "$PWD/$todo"
expect "the page is built with an exercise file" node studio/build_page.js build/studio "$scratch/results" "$scratch/mine.html" "$PWD/$todo"
count "$("$python" tests/browser/test_studio.py --mine "$scratch/mine.html")"
built ""
report
