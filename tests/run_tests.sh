#!/usr/bin/env bash
# Builds and runs every test suite, then counts: the last line is "N passed, N failed" (and ", N skipped").
#
#   tests/run_tests.sh [suite ...]     suites: unit gradient grader exercises prove lectures runner fuzz floors package readme
#                                      (default: all)
#
# A suite says how it went in its last line of the form "N passed, N failed" or in doctest's summary. A suite that does
# not build, crashes, runs out of time or ends with a nonzero exit code counts as at least one failure. A line with
# "SKIPPED:" in a doctest suite turns one passed test into a skipped one. Logs are kept in build/test-logs/.
set -u
cd "$(dirname "$0")/.." || exit 1
unset MAKEFLAGS MAKELEVEL MFLAGS
jobs=$(nproc 2> /dev/null || sysctl -n hw.ncpu 2> /dev/null || echo 2)
logs=build/test-logs
mkdir -p "$logs"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
time_limit=() && command -v timeout > /dev/null && time_limit=(timeout --kill-after=10 3600)
passed=0 failed=0 skipped=0

build() {  # build <preset> <target...>
  local preset=$1
  shift
  cmake --preset "$preset" > /dev/null && cmake --build --preset "$preset" --parallel "$jobs" --target "$@"
}
limited() { "${time_limit[@]}" "$@"; }

# the suites: each builds what it needs and runs it
suite_unit() { build default unit_tests && limited build/default/tests/unit_tests; }
suite_gradient() { build double gradient_tests && limited build/double/tests/gradient_tests; }
suite_grader() { build double grade_tests && limited build/double/tests/grade_tests; }
suite_exercises() { build double gradus-grade handed_out && limited tests/test_exercises.sh build/double/tests/gradus-grade; }
suite_prove() { build double gradus-grade && limited build/double/tests/gradus-grade prove --sample --seeds 5 -j "$jobs"; }
suite_lectures() { build default lecture4 && limited tests/test_lectures.sh build/default/lectures/lecture4/lecture4; }
suite_runner() { build default lecture4 && limited tests/test_lecture_runner.sh build/default/lectures/lecture4/lecture4; }
suite_fuzz() {
  build asan fuzz_readers fuzz_grader && limited build/asan/tests/fuzz_readers --iterations 2000 &&
    limited build/asan/tests/fuzz_grader --iterations 2000
}
suite_floors() {
  tests/check_floors.sh --self-test && tests/check_floors.sh &&
    tests/check_ops_page.sh --self-test && tests/check_ops_page.sh
}
suite_package() { build default gradus && limited tests/test_package.sh; }
suite_readme() { limited tests/test_readme.sh; }

# count <log> <exit code>: adds up what the suite said; sets p, f, s
count() {
  local log=$1 code=$2 line
  p=0 f=0 s=0
  if line=$(grep -E '\[doctest\] test cases: ' "$log" | tail -n 1) && [ -n "$line" ]; then
    [[ $line =~ ([0-9]+)\ passed ]] && p=${BASH_REMATCH[1]}
    [[ $line =~ ([0-9]+)\ failed ]] && f=${BASH_REMATCH[1]}
    s=$(grep -c 'SKIPPED:' "$log")
    [ "$s" -gt "$p" ] && s=$p
    p=$((p - s))
  elif line=$(grep -E '[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1) && [ -n "$line" ]; then
    [[ $line =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed ]] && p=${BASH_REMATCH[1]} f=${BASH_REMATCH[2]}
    [[ $line =~ ([0-9]+)\ skipped ]] && s=${BASH_REMATCH[1]}
  elif [ "$code" -eq 0 ]; then
    p=1
  fi
  if [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
  if [ $((p + f + s)) -eq 0 ]; then f=1; fi  # a suite without a single test has lost them
}

run_suite() {
  local name=$1 log=$logs/$1.log start=$SECONDS code p f s
  [ -t 1 ] && printf '%-9s ...\r' "$name"
  "suite_$name" > "$log" 2>&1 < /dev/null
  code=$?
  count "$log" $code
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf '%-9s %4d passed, %d failed%s   %d s\n' "$name" "$p" "$f" "$([ "$s" -gt 0 ] && echo ", $s skipped")" $((SECONDS - start))
  if [ "$f" -gt 0 ]; then
    echo "          exit code $code, log $log, from which:"
    { grep -E '(error|ERROR|FAILED|failed|Error|SUMMARY)' "$log" | head -n 12; echo ...; tail -n 25 "$log"; } | cut -c1-200 | sed 's/^/          | /'
  fi
}

if [ "${1:-}" = --count ]; then  # for the test of this script: tests/run_tests.sh --count <log> <exit code>
  count "$2" "$3"
  echo "$p passed, $f failed, $s skipped"
  exit
fi
if [ $# -eq 0 ]; then set -- unit gradient grader exercises prove lectures runner fuzz floors package readme; fi
for name in "$@"; do
  declare -F "suite_$name" > /dev/null || { echo "no suite '$name'" >&2 && exit 2; }
done
for name in "$@"; do run_suite "$name"; done
echo "total     ${SECONDS} s"
echo "$passed passed, $failed failed$([ "$skipped" -gt 0 ] && echo ", $skipped skipped")"
exit $((failed > 0))
