#!/usr/bin/env bash
# Tests every command that students and instructors use, in a copy of the project's tree.
#
#   tests/test_exercises.sh <gradus-grade>
set -u
tool=$(realpath "$1")
project=$(cd "$(dirname "$0")/.." && pwd)
. "$project/tests/expect.sh"
background=""
clean_up() {
  [ -z "$background" ] || kill $background 2> /dev/null
  rm -rf "$scratch"
}
tree=$scratch/tree program=("$tool" --root "$scratch/tree")
mkdir -p "$tree/tests"
cp -r "$project"/{src,include,exercises,cmake,scripts,lectures,studio,datasets} "$tree"
cp -r "$project"/{.clang-format,.devcontainer,.vscode,CMakeLists.txt,CMakePresets.json,LICENSE,Makefile,README.md} "$tree"
cp -r "$project"/tests/{grade,CMakeLists.txt} "$tree/tests"
kl=exercises/04_divergences/gaussian_kl.cpp
solve() { cp "$tree/src/generative/gaussian_kl.cpp" "$tree/src/generative/divergence.cpp" "$tree/exercises/04_divergences/"; }
stub() { "$tool" --root "$tree" stubs > /dev/null; }
stub

# --- first steps of a student
run 0 list
expect "list: nothing is done, the next line is named" said '^next: exercises/01_[a-z]*/[a-z_]*\.cpp:[0-9]+ '
run 1 grade --ex 4
expect "a stub counts as not started, not as wrong" said '○ 4.5 .* 0/.*not started, exercises/04_divergences/gaussian_kl.cpp:[0-9]+$'
expect "no TODO of a stub is wrong" not said '✗'
for level in 1 2 3 3; do
  run 0 hint --ex 4 --todo 4.5
  expect "hint $level is shown" said "hint $level of 3"
done
solve
run 0 list
expect "list: a changed file does not count as graded" said '\? 4.5 .*changed since it was graded'
run 0 grade --ex 04
expect "the library's files have full marks" said '100 / 100'
expect "the next step is the program with the picture" said 'make lecture4 EX=04 .*08_divergences'
run 0 list
expect "list: done" said '✓ 4.5'
run 0 solution --ex 4
echo '// a comment' >> "$tree/$kl"
run 0 grade --todo 4.5
run 0 list
expect "list: the TODO that was graded is done" said '✓ 4.5'
expect "list: the other TODO of an edited file keeps the points it had" said '\? 4.6 .*19/19 .*changed since it was graded'
stub
run 2 solution --ex 4

# --- files that do not compile
solve
sed -i 's/return kl;/return kl/' "$tree/$kl"
run 1 grade --ex 4
expect "a missing semicolon is reported with its line" said "✗ 4.5 .*$kl:[0-9]+|line [0-9]+: a ';' is missing"
expect "the other file keeps its points" said '✓ 4.1'
solve
sed -i '/^Grads<2> GaussianKl::backward/a\  int broken = ;' "$tree/$kl"
run 1 grade --ex 4
expect "the TODO whose function does not compile is named with its line" said "✗ 4.6 .*$kl:[0-9]+$"
expect "the other TODO of the file says which one does not compile" said 'not graded: 4.6, in the same file, does not compile, line [0-9]+'
expect "the hint is for the TODO that does not compile" said '^next: make hint EX=04 TODO=4.6'
solve
sed -i '0,/logvar = logvar_in/s//logvar = logvarin/' "$tree/$kl"
run 1 grade --todo 4.5
expect "an unknown name is named" said "the name 'logvarin' is unknown here"
solve
sed -i 's/^Tensor GaussianKl::forward/Tensor GaussianKl::forwards/' "$tree/$kl"
run 1 grade --todo 4.5
expect "a changed signature is named" said 'not the one that is declared in the header'
solve
sed -i '/^Tensor GaussianKl::forward/,/^}/d' "$tree/$kl"
run 1 grade --todo 4.5
expect "a deleted function is named" said "does not define 'gradus::GaussianKl::forward"
solve
rm "$tree/$kl"
run 1 grade --ex 4
expect "a missing file is reported" said 'gaussian_kl.cpp is missing'
expect "a missing file does not affect other TODOs" said '✓ 4.1'
run 4 submit
expect "submit refuses a missing file" said 'is missing'
mv "$tree/exercises/04_divergences/divergence.cpp" "$tree/exercises/04_divergences/divergence_final.cpp"
run 4 submit
expect "submit asks about a renamed file" said 'is it divergence_final.cpp'
mv "$tree/exercises/04_divergences/divergence_final.cpp" "$tree/exercises/04_divergences/divergence.cpp"

# --- the same seed gives the same report, another seed other inputs
solve
sed -i 's/Real(0.5) \* (fast_exp(v\[i\]) + m/(fast_exp(v[i]) + m/' "$tree/$kl"
run 1 grade --todo 4.5 --seed beef && cp "$scratch/said" "$scratch/first"
run 1 grade --todo 4.5 --seed beef
expect "a seed repeats the report" cmp "$scratch/said" "$scratch/first"
expect "the mistake is named" said 'likely cause'
run 1 grade --todo 4.5 --seed cafe
expect "another seed draws other inputs" not cmp "$scratch/said" "$scratch/first"

# --- doctor tests the machine; a compiler cache is not usable as the sandbox's compiler
mkdir "$scratch/cached"
printf '#!/bin/sh\ncase "$0" in *ccache) exec "$@" ;; *) exec "/usr/bin/$(basename "$0")" "$@" ;; esac\n' > "$scratch/cached/ccache"
chmod +x "$scratch/cached/ccache"
ln -s ccache "$scratch/cached/g++"
for first in g++ "ccache g++"; do
  PATH=$scratch/cached:$PATH CXX=$first cmake -S "$project" -B "$scratch/behind" --fresh -DGRADUS_REAL=double > "$scratch/said" 2>&1
  expect "with CXX='$first' the grader uses the compiler itself" grep -q '^compiler=/usr' "$scratch/behind/grade.conf"
done
run 0 doctor
expect "doctor builds and runs a control in the sandbox" said 'control   compiles, links and runs in the sandbox'

echo '// not compiled before' >> "$tree/$kl"
TMPDIR=$scratch/nowhere run 70 grade --todo 4.5
sed -i '$d' "$tree/$kl"
expect "a missing temporary folder is named, in one line" said "^gradus-grade: TMPDIR names '$scratch/nowhere', which is not a folder$"

# --- wrong usage gives a message and code 2; a weak sandbox gives 75
run 2 grade --ex 77
expect "an unknown exercise is named" said "no exercise '77'"
run 2 grade --todo 4.99
expect "an unknown TODO is named" said "no TODO '4.99'"
run 2 grade --todo 99
expect "a TODO of an unknown exercise is reported as a TODO" said "no TODO '99'"
run 2 grade --seed xyz
run 2 grade --level L9
run 2 nonsense
run 75 grade --ex 4 --level L1 --required-level L2

# --- a file of an older edition
echo '// mine' > "$tree/exercises/01_backprop/relu.cpp"
run 0 list
expect "list: a file of an older edition is named with the file for its code" said 'exercises/01_backprop/relu.cpp is a file of an older edition .* exercises/01_backprop/activation.cpp$'
rm "$tree/exercises/01_backprop/relu.cpp"

# --- make lecture4 EX=5 runs the program of exercise 5 with the student's files
for name in 5 05 05_elbo; do
  make -n -C "$tree" lecture4 EX=$name > "$scratch/said" 2>&1
  expect "EX=$name builds the exercise's program" said 'mine_11_vae'
  expect "EX=$name runs the exercise's program" said '--only 11_vae'
done
for folder in "$tree"/exercises/[0-9]*; do
  shown=$(sed -n 's/.*"program": *"\([^"]*\)".*/\1/p' "$folder/exercise.json")
  expect "the lesson of $(basename "$folder") names the program '$shown'" grep -qE "[*\` ]$shown([*\` ]|\$)" "$folder/README.md"
done
make -n -C "$tree" lecture4 EX=77 > "$scratch/said" 2>&1
expect "lecture4: an unknown exercise is named" said 'EX=77: no such exercise'
make -n -C "$tree" lecture4 ONLY=11 > "$scratch/said" 2>&1
expect "lecture4: a single program is built" said 'lecture4_runner 11_vae'

# --- models trained with a student's files are removed when the files change; the library's judge is kept
mkdir -p "$tree/out/lecture4/cache" "$tree/out/mine/cache"
trained() { ls "$tree/out/mine/cache" | grep -c 'safetensors$' > "$scratch/said"; }
mine_cache() { (cd "$tree" && bash scripts/mine_cache.sh "$kl" exercises/01_backprop/activation.cpp); }
mine_cache
touch "$tree"/out/mine/cache/{judge_1,dcgan_1}.safetensors "$tree/out/mine/cache/judge_1.safetensors.lock"
mine_cache && trained
expect "the same files keep their trained models" said '^2$'
echo '// another' >> "$tree/$kl"
mine_cache && trained
expect "other files train again; a judge that does not use them stays" said '^1$'
echo '// another' >> "$tree/exercises/01_backprop/activation.cpp"
touch "$tree/out/lecture4/cache/judge_2.safetensors"
mine_cache && trained
expect "a judge that used changed layers is removed; the library's is used" [ -e "$tree/out/mine/cache/judge_2.safetensors" -a ! -e "$tree/out/mine/cache/judge_1.safetensors" ]
expect "the lock of a judge stays" [ -e "$tree/out/mine/cache/judge_1.safetensors.lock" ]
sed -i '$d' "$tree/$kl" "$tree/exercises/01_backprop/activation.cpp"
rm -r "$tree/out"

# --- machine-readable results
run 1 grade --ex 4 --json "$scratch/results.json" --junit "$scratch/junit.xml" --github
expect "an annotation is on the TODO's line" said "^::error file=$kl,line=[0-9]+,title=TODO 4.5"
expect "results.json has the TODO" grep -q '"number": "4.5"' "$scratch/results.json"
expect "JUnit has the failure" grep -q '<failure message=' "$scratch/junit.xml"
if command -v python3 > /dev/null; then
  expect "results.json is JSON" python3 -c "import json; json.load(open('$scratch/results.json'))"
  expect "junit.xml is XML" python3 -c "import xml.dom.minidom; xml.dom.minidom.parse('$scratch/junit.xml')"
else
  skip 2 "parsing of JSON and XML: python3 is not installed"
fi

# --- submit, and grade the submission
run 0 submit --id "ada l/../x"
expect "the archive has a safe name" [ -e "$tree/adalx.zip" ]
expect "a changed name is reported" said "ID='ada l/../x' becomes 'adalx'"
cp "$tree/adalx.zip" "$scratch/first.zip"
run 0 submit --id "ada l/../x"
expect "the same files give the same archive" cmp "$tree/adalx.zip" "$scratch/first.zip"
run 0 submit --id "Jürgen_ß"
expect "letters of other languages are kept" [ -e "$tree/Jürgen_ß.zip" ]
run 2 submit --id "..."
expect "a name without letters is refused" said 'at least one letter or digit'
printf 'include Makefile\nprint:\n\t@printf "%%s|" $(call quoted,ID) $(WHICH)\n' > "$scratch/print.mk"
make -s --no-print-directory -C "$tree" -f "$scratch/print.mk" print ID="O'Brien" EX="4'" > "$scratch/said" 2>&1
expect "an apostrophe passes through make" said "^O'Brien\|--ex\|4'\|"
run 1 grade --ex 4 --submission "$scratch/first.zip"
expect "a submission is graded" said '✗ 4.5'
echo broken > "$scratch/broken.zip"
run 4 grade --ex 4 --submission "$scratch/broken.zip"
mkdir "$scratch/empty"
run 3 grade --ex 4 --submission "$scratch/empty"

# --- Gradescope: results are valid from the start, exit code 0 in every case
mkdir -p "$scratch/autograder"
run 0 gradescope "$scratch/broken.zip" "$scratch/autograder/results.json"
expect "a refused submission has a results file" grep -q 'the submission was refused' "$scratch/autograder/results.json"
run 0 gradescope "$scratch/first.zip" "$scratch/autograder/results.json" --ex 4
expect "a graded one is complete" grep -q '"complete": true' "$scratch/autograder/results.json"

# --- a class as exported by learning platforms: gradebook, messages and feedback
mkdir -p "$scratch/class/ada_123_file" "$scratch/class/bob" "$scratch/class/cyd/backup" "$scratch/class/__MACOSX"
cp "$tree/Jürgen_ß.zip" "$scratch/class/ada_123_file/ada.zip"
cp "$tree/Jürgen_ß.zip" "$scratch/class/Jürgen_ß.zip"
cp "$tree/src/generative/gaussian_kl.cpp" "$scratch/class/bob/Gaussian_KL (1).cpp"
cp "$tree/src/generative/gaussian_kl.cpp" "$tree/src/generative/divergence.cpp" "$scratch/class/cyd"
cp "$tree/$kl" "$scratch/class/cyd/backup"
cp "$scratch/first.zip" "$scratch/class/dan.zip"
cp -r "$scratch/class/cyd" "$scratch/class/dan"
touch "$scratch/class/grades.csv" "$scratch/class/Thumbs.db"
run 0 class "$scratch/class" --ex 4 -j 2 --accept-level
cp "$scratch/said" "$scratch/class_said"
book=$scratch/class-grades/gradebook.csv
expect "a stray table is not a student and is reported" said 'passed over: grades.csv'
expect "five students" [ "$(wc -l < "$book")" -eq 6 ]
expect "a learning platform's folder is unpacked" grep -qE '^ada_123_file,[1-9]' "$book"
expect "letters beyond ASCII are kept in names" grep -qE '^Jürgen_ß,[1-9]' "$book"
expect "a file with a changed name is graded" grep -qE '^bob,38,.*taken: Gaussian_KL \(1\)\.cpp as gaussian_kl\.cpp' "$book"
expect "an older copy costs no points" grep -qE '^cyd,100,' "$book"
expect "two submissions that differ are refused, and only these" grep -qE '^dan,0,.*refused: both dan and dan.zip exist' "$book"
expect "the screen reports it at the end" said '  bob: taken: Gaussian_KL'
expect "the feedback reports it" grep -q 'taken: Gaussian_KL' "$scratch/class-grades/feedback/bob.md"
expect "a refusal shows its reason and no points out of 0" not grep -q '0 of 0' "$scratch/class-grades/feedback/dan.md"
run 0 class "$scratch/class" --ex 4 -j 2 --accept-level --regrade cyd
expect "known results are reported as unchanged" said 'bob  unchanged'
expect "unchanged results give no time estimate" not said 'bob .* left'

# --- a failure that the library's own file has as well is for review, never a number
mkdir -p "$scratch/fault/eve"
own=$tree/src/generative/gaussian_kl.cpp
{ cat "$own" && echo 'int broken = ;'; } > "$scratch/fault/eve/gaussian_kl.cpp"
echo 'int broken = ;' >> "$own"
run 70 class "$scratch/fault" --ex 4 --accept-level
book=$scratch/fault-grades/gradebook.csv
expect "a fault of the grader is no number in the gradebook" grep -q '^eve,REVIEW,' "$book"
expect "the screen says so at the end" said '^REVIEW: eve \(a fault of the grader; run again\)'
sed -i '$d' "$own"
run 0 class "$scratch/fault" --ex 4 --accept-level -j 010
expect "the next run grades it" grep -q '^eve,0,' "$book"
expect "a number with a leading zero is decimal" said '^1 submissions, 10 at a time'
run 2 class "$scratch/fault" --ex 4 --accept-level -j 0x2

# --- below a closed folder with umask 077, and a temporary folder that no other user may enter
mkdir -m 700 "$scratch/closed"
solve
(umask 077 && rm -rf "$tree/build/grade" && TMPDIR=$scratch/closed "$tool" --root "$tree" grade --todo 4.5 --level L2) > "$scratch/said" 2>&1
expect "a right answer gets its points where others may not enter" said '✓ 4.5 .*19/19'

# --- reset keeps the previous text
run 2 reset --ex 4
expect "reset asks; without an answer nothing changes" grep -q 'fast_exp(v\[i\]) + m' "$tree/$kl"
run 0 reset --ex 4 --yes
expect "reset restores the stub" grep -q 'todo("4.5")' "$tree/$kl"
expect "reset keeps the text" grep -rq 'fast_exp(v\[i\]) + m' "$tree/.saved"
run 3 submit

# --- watch: a saved file is graded, and no process is left running
"$tool" --root "$tree" watch --ex 4 > "$scratch/watched" 2>&1 < /dev/null &
background=$!
sleep 3
solve
for _ in $(seq 100); do grep -A 99 '100 / 100' "$scratch/watched" | grep -q '^waiting' && break; sleep 0.2; done
expect "watch grades a saved file" grep -q '100 / 100' "$scratch/watched"
sed -i 's/Real(0.5) \* (fast_exp(v\[i\]) + m/(fast_exp(v[i]) + m/; s/\[4\.5\]/TODO(4.5)/' "$tree/$kl"
for _ in $(seq 100); do grep -A 99 '100 / 100' "$scratch/watched" | grep -A 99 '✗ 4.5' | grep -q '^waiting' && break; sleep 0.2; done
kill -INT $background && wait $background
expect "watch ends with 0" [ $? -eq 0 ]
background=""

# --- the problem matchers of .vscode/tasks.json read these reports
report() { run 1 grade --todo 4.5 && cp "$scratch/said" "$scratch/first"; }
if command -v node > /dev/null; then
  wrong="^$kl:$(grep -n 'TODO(4.5)' "$tree/$kl" | sed 's/:.*//'): 4\.5 .*: element \[[0-9]+\] of kl is .*, expected "
  problems() { node "$project/tests/problem_matcher.js" "$1" < "$2" > "$scratch/said"; }
  problems watch "$scratch/watched"
  expect "watch: a problem has file, line and message, between the begin and the end of a report" said "$wrong"
  sed -i -E "s|$wrong.*|problem|" "$scratch/said"
  expect "watch: begin and end of every report are found" [ "$(tail -n 5 "$scratch/said" | tr '\n' ' ')" = "begins ends begins problem ends " ]
  report && problems grade "$scratch/first"
  expect "grade: the same problem, and no other" eval "said '$wrong' && [ \$(wc -l < '$scratch/said') -eq 1 ]"
  sed -i 's/TODO(4.5)//' "$tree/$kl" && report && problems grade "$scratch/first"
  expect "without the comment of the task, a problem leads to line 1" said "^$kl:1: 4.5"
else
  skip 4 "the problem matchers of .vscode/tasks.json: Node.js is not installed"
fi
if command -v vim > /dev/null; then
  report
  vim -es -u NONE -N --cmd 'set encoding=utf-8' -c "set $(sed -n 's/.*`set \(errorformat^=[^`]*\)`.*/\1/p' "$project/exercises/README.md")" -c "cgetfile $scratch/first" \
    -c "call writefile(map(filter(getqflist(), 'v:val.valid'), {_, one -> bufname(one.bufnr) . ':' . one.lnum . ':' . one.text}), '$scratch/said')" -c 'q!' < /dev/null
  expect "Vim reads them with the errorformat of exercises/README.md" said "^$kl:[0-9]+:4.5 KL"
else
  skip 1 "the errorformat for Vim: Vim is not installed"
fi

# --- files used by the lecture programs
run 0 mine
expect "the student's files are named" said 'yours: divergence.cpp gaussian_kl.cpp'
sed -i 's/return kl;/return kl/' "$tree/$kl"
run 0 mine
expect "a file that does not compile is left out and reported" said 'gaussian_kl.cpp is left out'

# --- the hand-out: the same bytes twice, no solutions, and it works
stub
if history=$(git -C "$project" rev-parse --absolute-git-dir 2> /dev/null); then echo "gitdir: $history" > "$tree/.git"; fi  # the same date of all files
run 0 handout "$scratch/one.zip"
grep -m 1 'Real(0.5) \* (fast_exp' "$tree/src/generative/gaussian_kl.cpp" >> "$tree/exercises/04_divergences/hints.md"
run 2 handout "$scratch/three.zip"
expect "a leaked line is found" said 'solutions would be handed out'
cp "$project/exercises/04_divergences/hints.md" "$tree/exercises/04_divergences/hints.md"
mkdir "$scratch/handed"
expect "the hand-out can be unpacked" cmake -E chdir "$scratch/handed" cmake -E tar xf "$scratch/one.zip"
expect "it contains no solution" not grep -rqE '// \[[0-9.]+\]|kl\.no_half' "$scratch/handed/gradus/src" "$scratch/handed/gradus/exercises" --include=*.cpp --include=*.md
expect "and nothing for instructors" [ ! -e "$scratch/handed/gradus/exercises/INSTRUCTORS.md" -a ! -e "$scratch/handed/gradus/exercises/cluster" ]
dead=$(cd "$scratch/handed/gradus" && find . -name '*.md' | while read -r page; do
  grep -oE '\]\([A-Za-z0-9_-]*[/.][A-Za-z0-9_./-]*(#[A-Za-z0-9_-]+)?\)' "$page" | sed 's/#.*//' | tr -d ']()' | while read -r link; do
    [ -e "$(dirname "$page")/$link" ] || echo "$page: $link"
  done
done)
echo "$dead" > "$scratch/said"
expect "it has no dead links" [ -z "$dead" ]
dead=$(cd "$scratch/handed/gradus" && grep -oE '(bash|node) [a-z_]+/[a-z_./]+' Makefile | cut -d' ' -f2 | while read -r file; do [ -e "$file" ] || echo "Makefile: $file"; done)
echo "$dead" > "$scratch/said"
expect "it has every script that its Makefile calls" [ -z "$dead" ]
expect "its slide index has every set" [ "$(grep -c '^## ' "$scratch/handed/gradus/lectures/lecture4/slides.md")" -eq "$(grep -c '^## ' "$project/lectures/lecture4/slides.md")" ]
expect "and leads to exercise files without a line number" grep -qF '[GaussianKl::forward](../../exercises/04_divergences/gaussian_kl.cpp)' "$scratch/handed/gradus/lectures/lecture4/slides.md"
expect "and to other sources with it" grep -qE '\[mode_coverage\]\(../../src/generative/modes.cpp#L[0-9]+\)' "$scratch/handed/gradus/lectures/lecture4/slides.md"
different() { (cd "$1" && find include tests -name '*.hpp') | while read -r header; do cmp -s "$1/$header" "$2/$header" || echo "$header"; done; }
expect "every header in it is that of the project" [ -z "$(different "$scratch/handed/gradus" "$project")" ]
# Reuses objects that are compiled there from the same text, headers and command as here.
cat > "$scratch/reuse" << 'END'
#!/usr/bin/env bash
# reuse <compiler and its arguments>: $HERE is the folder of the project, $THERE that of the copy
all=("$@") command="" object="" source="" depends=""
while [ $# -gt 0 ]; do
  case $1 in
    -MD) ;;
    -MT) shift ;;
    -MF) depends=$2 && shift ;;
    -o) object=$2 command+=" -o $2" && shift ;;
    -c) source=$2 command+=" -c" ;;
    *) command+=" $1" ;;
  esac
  shift
done
preset=${PWD#"$THERE"/build/} && preset=${preset%%/*}
made=${PWD/#"$THERE"/"$HERE"}/$object original=${source/#"$THERE"/"$HERE"}
same() {
  [[ $object == *.cpp.o && $made -nt $original ]] && cmp -s "$source" "$original" &&
    ! grep -qE 'GRADUS_(SOURCE_DIR|GRADE_CONFIG)' "$source" &&
    tr -d '\\"' < "$HERE/build/$preset/compile_commands.json" | tr -s ' ' | grep -qF "$(tr -d '\\"' <<< "${command//"$THERE"/"$HERE"}" | tr -s ' ')" || return 1
  local header
  for header in $(< "$made.d"); do
    [[ $header != "$HERE"/[it]* || -e ${header/#"$HERE"/"$THERE"} ]] || return 1
  done
}
if same; then
  cp "$made" "$object" && echo "$object: $source" > "$depends" && echo "$object" >> "$REUSED"
else
  exec "${all[@]}"
fi
END
chmod +x "$scratch/reuse"
export HERE=$project THERE=$scratch/handed/gradus REUSED=$scratch/reused
if (cd "$THERE" && export CMAKE_CXX_COMPILER_LAUNCHER=$scratch/reuse && cmake --preset double > /dev/null && cmake --build --preset double --parallel "$(nproc)" --target gradus-grade) > "$scratch/said" 2>&1; then
  student=$scratch/handed/gradus/build/double/tests/gradus-grade
  "$student" grade --ex 4 > "$scratch/said" 2>&1
  expect "a student's copy grades its stubs" said '○ 4.5'
  expect "editors find the commands of its exercise files" grep -q -- "-c $THERE/$kl\"" "$THERE/compile_commands.json"
  expect "and none of its solutions' files" not grep -q 'not_mine.*exercises/[.]original' "$THERE/compile_commands.json"
  expect "it has the editor's tasks and the container" [ -e "$THERE/.vscode/tasks.json" -a -e "$THERE/.devcontainer/Containerfile" ]
  for folder in "$scratch"/handed/gradus/exercises/[0-9]*; do  # each alone: the others are still unmodified
    number=$(basename "$folder" | cut -c1-2)
    while read -r source; do cp "$project/$source" "$folder"; done < <(sed -n 's/.*"source": *"\([^"]*\)".*/\1/p' "$folder/exercise.json")
    "$student" grade --ex "$number" > "$scratch/said" 2>&1
    expect "right answers to $number alone get full marks there" said '100 / 100'
    "$student" reset --ex "$number" --yes > /dev/null 2>&1
  done
  cp "$project/src/generative/gaussian_kl.cpp" "$project/src/generative/divergence.cpp" "$scratch/handed/gradus/exercises/04_divergences/"
  sed -i 's/Real(0.5) \* (fast_exp(v\[i\]) + m/(fast_exp(v[i]) + m/' "$scratch/handed/gradus/$kl"
  "$student" grade --ex 4 > "$scratch/said" 2>&1
  expect "mistakes are named there" said 'likely cause'
  "$student" reset --ex 4 --yes > "$scratch/said" 2>&1
  expect "reset works there" grep -q 'todo("4.5")' "$scratch/handed/gradus/$kl"
  (cd "$THERE" && export CMAKE_CXX_COMPILER_LAUNCHER=$scratch/reuse && make --no-print-directory lecture4 ONLY=22,23 PRESET=tiny) > "$scratch/said" 2>&1
  expect "lecture programs run there before any exercise is started" said '^2 of 2 programs ran'
else
  failed=$((failed + 1))
  echo "exercises: the hand-out does not build" && tail -n 20 "$scratch/said"
fi

# --- the instructor's page: its five commands, as written there
if [ -e "$project/submissions" ] || [ -e "$project/submissions-grades" ]; then
  skip 11 "the instructor's commands: a folder named submissions already exists"
else
  trap 'clean_up; rm -rf "$project/submissions" "$project/submissions-grades"' EXIT
  mkdir -p "$project/submissions/ada" "$project/submissions/bob"
  cp "$project"/src/generative/{gaussian_kl,divergence}.cpp "$project/submissions/ada/"
  cp "$project"/exercises/04_divergences/*.cpp "$project/submissions/bob/"
  before=$(cd "$project" && ls -d gradus-*.zip 2> /dev/null)
  mapfile -t commands < <(awk '/^```/ { if (inside) exit; inside = 1; next } inside' "$project/exercises/INSTRUCTORS.md")
  expect "the page has five commands" [ ${#commands[@]} -eq 5 ]
  for command in "${commands[@]}"; do
    (cd "$project" && bash -c "$command") > "$scratch/said" 2>&1 < /dev/null
    expect "instructors: $command" [ $? -eq 0 ]
  done
  expect "the hand-out repeats byte for byte, also in another folder" cmp "$scratch/one.zip" "$project/gradus-handout.zip"
  book=$project/submissions-grades/gradebook.csv
  expect "ada has the points of exercise 04" grep -qE '^ada,100,' "$book"
  expect "bob has none" grep -qE '^bob,0,' "$book"
  expect "there is feedback" [ -e "$project/submissions-grades/feedback/ada.md" ]
  [ -n "$before" ] || rm -f "$project"/gradus-handout.zip "$project"/gradus-autograder.zip
fi
report
