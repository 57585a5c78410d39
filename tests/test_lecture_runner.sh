#!/usr/bin/env bash
# Tests the lecture runner with programs of which some fail, the checks of make before it builds,
# and `make bench` with sides that give no answer.
#
#   tests/test_lecture_runner.sh <runner>
set -u
runner=$(realpath "$1")
project=$(realpath "$(dirname "$0")/..")
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
passed=0 failed=0
expect() {  # expect <what> <command...>
  local what=$1
  shift
  if "$@" > /dev/null 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "runner: $what"
  fi
}

# Seven programs. A report is written by adding entries to one object, as the lecture programs do.
mkdir programs
program() {  # program <name> <body>
  cat > "programs/$1" << EOF
#!/usr/bin/env bash
while [ \$# -gt 0 ]; do case \$1 in --out) out=\$2; shift 2 ;; *) echo "setting \$1"; shift ;; esac; done
report() { entries=\$(sed '1d;\$d' "\$out/summary.json" 2> /dev/null); [ -z "\$entries" ] || entries="\$entries,"; printf '{\n%s\n%s\n}\n' "\$entries" "\$1" > "\$out/summary.json"; }
picture() { mkdir -p "\$out/\$(dirname "\$1")"; base64 -d > "\$out/\$1" <<< iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==; }
$2
EOF
  chmod +x "programs/$1"
}
program 01_good 'picture 01_good/dot.png
report "\"01_good\": {\"preset\": \"tiny\", \"seed\": 7, \"seconds\": 0.1, \"figures\": {\"error\": 31.25, \"name\": \"a<b\"}, \"pictures\": [\"01_good/dot.png\"], \"captions\": {\"01_good/dot.png\": \"one dot\"}, \"look\": \"See \`dot\` & <wonder>\", \"headline\": \"error 31.2\"}"'
program 02_crash 'echo the last words; kill -SEGV $$'
program 03_silent 'echo fine'
program 04_liar 'report "\"04_liar\": {\"figures\": {}, \"pictures\": [\"04_liar/none.png\"]}"'
program 05_good 'echo "to standard error" >&2; mkdir -p "$out/05_good"; echo "<p>hello" > "$out/05_good/game.html"; report "\"05_good\": {\"figures\": {\"five\": 5}, \"pictures\": [\"05_good/game.html\"], \"captions\": {\"05_good/game.html\": \"Play & learn\"}}"'
program 06_sounds 'picture 06_sounds/dot.png; printf RIFFdata > "$out/06_sounds/a.wav"
report "\"06_sounds\": {\"figures\": {\"six\": 6}, \"pictures\": [\"06_sounds/dot.png\"], \"sounds\": {\"06_sounds/dot.png\": [{\"file\": \"06_sounds/a.wav\", \"name\": \"low & high\"}]}}"'
program 07_mute 'picture 07_mute/dot.png
report "\"07_mute\": {\"pictures\": [\"07_mute/dot.png\"], \"sounds\": {\"07_mute/dot.png\": [{\"file\": \"07_mute/b.wav\"}, 3], \"x\": 4}}"'
touch programs/readme.txt

"$runner" --from programs --out out --seed 7 --preset tiny > all.txt 2>&1
expect "exit code must be 1 when a program failed" [ $? -eq 1 ]
expect "a crash must be named" grep -qi "02_crash.*segmentation" all.txt
expect "the last lines of a crash must be shown" grep -q "the last words" all.txt
expect "a program that reports nothing has failed" grep -q "03_silent.*reported nothing" all.txt
expect "a missing picture is a failure" grep -q "04_liar.*none.png" all.txt
expect "the others must still run" grep -q "05_good.*five 5" all.txt
expect "the count must be right" grep -q "^3 of 7 programs ran" all.txt
expect "settings must reach the programs" grep -q "setting --seed" out/01_good/log.txt
expect "the log must hold standard error" grep -q "to standard error" out/05_good/log.txt
expect "the summary must keep all reports" grep -q 01_good out/summary.json
expect "the page must hold every section" [ "$(grep -c '<section ' out/index.html)" -eq 7 ]
expect "the page must hold the picture itself" grep -q "data:image/png;base64,iVBORw0KGgo" out/index.html
expect "the page must hold its caption" grep -q "<figcaption>one dot" out/index.html
expect "a program's own page must be linked, not embedded" grep -q '<a href="05_good/game.html">Play &amp; learn</a>' out/index.html
expect "the page must hold a player with the sound itself, below its picture" grep -q '</a><div class="players"><label><a href="06_sounds/a.wav">low &amp; high</a><audio [^>]*src="data:audio/wav;base64,UklGRmRhdGE="' <(tr -d '\n' < out/index.html)
expect "a missing sound is a failure" grep -q "07_mute.*sound 07_mute/b.wav was reported" all.txt
expect "the page must escape text" grep -q "a&lt;b" out/index.html
expect "the page must show the crash" grep -q "^the last words" out/index.html
expect "the page must need no external resources" bash -c '! grep -qE "(src|href)=\"?(http|//)" out/index.html'

"$runner" --from programs --out out --only 05 > one.txt 2>&1
expect "one program alone must succeed" [ $? -eq 0 ]
expect "earlier results must stay on the page" grep -q "error 31.2" out/index.html
"$runner" --from programs --out out --only 77 > none.txt 2>&1
expect "an unknown program is an error" [ $? -eq 2 ]
"$runner" --from programs --out out --only 01,5 > none.txt 2>&1
expect "one wrong name among right ones is an error" [ $? -eq 2 ]
expect "the error must list the programs" grep -q "^  03_silent" none.txt

# wrong settings and folders give a message, and no earlier results are lost
cp out/summary.json before.json
for wrong in "--preset fulll" "--seed -1" "--threads 0" "--epochs x" "--speed 9"; do
  # shellcheck disable=SC2086
  "$runner" --from programs --out out $wrong > wrong.txt 2>&1
  expect "$wrong must be refused before anything runs" [ $? -eq 2 ]
  expect "$wrong must be named" grep -q -- "${wrong%% *}" wrong.txt
done
expect "refused settings must leave the figures" cmp before.json out/summary.json
"$runner" --from programs --out "" > wrong.txt 2>&1
expect "an empty folder name is an error" [ $? -eq 2 ]
touch file
for wrong in file file/deeper /proc/nowhere; do
  "$runner" --from programs --out $wrong > wrong.txt 2>&1
  expect "--out $wrong must end with 1" [ $? -eq 1 ]
  expect "--out $wrong must be named" grep -q "^lecture4: $wrong.*cannot" wrong.txt
done
"$runner" --from nowhere > wrong.txt 2>&1
expect "a missing folder of programs must be named" grep -q "nowhere" wrong.txt
mkdir -p blocked/index.html
"$runner" --from programs --out blocked --only 01 > wrong.txt 2>&1
expect "a page that cannot be written is an error" [ $? -eq 1 ]
expect "a page that cannot be written is not reported as written" bash -c 'grep -q "index.html: cannot write" wrong.txt && ! grep -q "^All pictures" wrong.txt'
mkdir -p blocked/05_good/log.txt && rmdir blocked/index.html
"$runner" --from programs --out blocked --only 01,05 > wrong.txt 2>&1
expect "a log that cannot be written fails its program" grep -q "05_good.*failed: .*log.txt: cannot be written" wrong.txt
expect "the other programs still run" grep -q "^1 of 2 programs ran" wrong.txt
if script --version 2> /dev/null | grep -q util-linux; then  # runs the runner in a terminal
  for term in xterm dumb; do
    TERM=$term script -qec "'$runner' --from programs --out out --only 05" /dev/null < /dev/null > "$term.txt" 2>&1
  done
  expect "a terminal's line is rewritten" grep -q $'\033\\[K' xterm.txt
  expect "TERM=dumb gets no control codes" bash -c '! grep -q $'"'\\\\033'"' dumb.txt'
fi

# a second run that fails must not show the figures of the first
program 01_good 'exit 3'
"$runner" --from programs --out out --only 01 > again.txt 2>&1
expect "the program's exit code must be reported" grep -q "exit code 3" again.txt
expect "old figures must be gone" bash -c '! grep -q "error 31.2" out/index.html'

# Ctrl-C reaches the program once, and no program starts afterwards
rm programs/*
program 01_long 'trap "echo saved; exit 130" INT; echo started; for i in {1..100}; do sleep 0.1; done'
program 02_never 'echo never'
"$runner" --from programs --out stop > stop.txt 2>&1 &
job=$!
for _ in {1..100}; do grep -qs started stop/01_long/log.txt && break; sleep 0.05; done
kill -INT $job
wait $job
expect "a stop must give 130" [ $? -eq 130 ]
expect "a stop must let the program save" [ "$(grep -c saved stop/01_long/log.txt)" -eq 1 ]
expect "nothing may start after a stop" [ ! -e stop/02_never/log.txt ]

# --- make, with a fake cmake and a fake runner that record their arguments
mkdir -p front/scripts front/fake front/build/default/lectures/lecture4 && cd front || exit 1
cp "$project/Makefile" . && touch scripts/deps.sh
printf '#!/bin/sh\nexit 0\n' > fake/cmake
printf '#!/bin/sh\nprintf "%%s\\n" "$@" > said\n' > build/default/lectures/lecture4/lecture4
chmod +x fake/cmake build/default/lectures/lecture4/lecture4
front_door() { PATH=$PWD/fake:$PATH make "$@" > made.txt 2>&1; }
has_line() { grep -qxF -- "$1" "${2:-said}"; }
awkward="it's 100 % \"\$HOME\" \\ here"
front_door lecture4 OUT="$awkward" DATA="d'a" SEED=010
expect "make must pass any value unchanged" has_line "$awkward"
expect "make must pass an apostrophe" has_line "d'a"
mkdir -p build/double/tests && printf '#!/bin/sh\nprintf "%%s\\n" "$@" > said\n' > build/double/tests/gradus-grade
chmod +x build/double/tests/gradus-grade
front_door submit ID="o'neil"
expect "make submit must pass an apostrophe" has_line "o'neil"
front_door grade EX="0'4" TODO="4'5" SEED="a'b"
expect "make grade must pass an apostrophe" bash -c 'grep -qxF "0'"'"'4" said && grep -qxF "4'"'"'5" said && grep -qxF "a'"'"'b" said'

# a project that was moved or copied
rm -f said
echo "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" > build/default/CMakeCache.txt
front_door lecture4
expect "a build of this folder is used" [ -e said ]
rm -f said
for elsewhere in /nowhere/gradus "$scratch"; do
  echo "CMAKE_HOME_DIRECTORY:INTERNAL=$elsewhere" > build/default/CMakeCache.txt
  front_door lecture4
  expect "a moved project stops" [ $? -ne 0 ] && expect "nothing runs in a moved project" [ ! -e said ]
  expect "a moved project is reported in one sentence" has_line "build/ was made for $elsewhere, but the project is in $PWD: run make clean, then this again" made.txt
done
mkdir -p .saved out && touch .saved/kept.cpp out/picture.png
front_door clean
expect "make clean removes build/" [ ! -e build ]
expect "make clean keeps the texts saved by reset, and pictures" [ -e .saved/kept.cpp -a -e out/picture.png ]
cd ..

# an exercise file that the build's cache names may be gone
cmake -S "$project" -B configured -DGRADUS_MINE="$scratch/renamed.cpp;exercises/99_gone/gone.cpp" > configured.txt 2>&1
expect "a build must survive a renamed exercise" [ $? -eq 0 ]

if command -v python3 > /dev/null; then
  expect "a setting without an answer is left out of make bench" python3 "$project/tests/bench/test_run_bench.py"
fi

echo "runner: $passed passed, $failed failed"
exit $((failed > 0))
