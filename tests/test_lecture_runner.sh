#!/usr/bin/env bash
# Tests the lecture runner with programs of which some fail, the book that it writes, the checks of make before it builds,
# and `make bench` with sides that give no answer.
#
#   tests/test_lecture_runner.sh <runner>
set -u
runner=$(realpath "$1")
project=$(realpath "$(dirname "$0")/..")
. "$project/tests/expect.sh"
cd "$scratch" || exit 1

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
report "\"01_good\": {\"preset\": \"tiny\", \"seed\": 20261128, \"seconds\": 0.1, \"figures\": {\"test_sq_error\": 31.25, \"run_seconds\": 7, \"fid_box\": 1563.8, \"name\": \"a<b\"}, \"pictures\": [\"01_good/dot.png\"], \"captions\": {\"01_good/dot.png\": \"one dot\"}, \"look\": \"See \`dot\` & <wonder>\", \"headline\": \"v1.2345 error 31.2413 of 20000\"}"'
program 02_crash 'echo the last words; kill -SEGV $$'
program 03_silent 'echo fine'
program 04_liar 'report "\"04_liar\": {\"figures\": {}, \"pictures\": [\"04_liar/none.png\"]}"'
program 05_good 'echo "to standard error" >&2; mkdir -p "$out/05_good"; echo "<p>hello" > "$out/05_good/game.html"; report "\"05_good\": {\"figures\": {\"five\": 5}, \"pictures\": [\"05_good/game.html\"], \"captions\": {\"05_good/game.html\": \"Play & learn\"}}"'
program 06_sounds 'picture 06_sounds/dot.png; printf RIFFdata > "$out/06_sounds/a.wav"
report "\"06_sounds\": {\"figures\": {\"six\": 6}, \"pictures\": [\"06_sounds/dot.png\"], \"sounds\": {\"06_sounds/dot.png\": [{\"file\": \"06_sounds/a.wav\", \"name\": \"low & high\"}]}}"'
program 07_mute 'picture 07_mute/dot.png
report "\"07_mute\": {\"pictures\": [\"07_mute/dot.png\"], \"sounds\": {\"07_mute/dot.png\": [{\"file\": \"07_mute/b.wav\"}, 3], \"x\": 4}}"'
touch programs/readme.txt

# A small project with a lesson for two of them, and one that does not run.
mkdir -p project/lectures/lecture4/1_first project/src project/exercises/04_kl
lesson=project/lectures/lecture4/1_first/README.md
cat > $lesson << 'EOF'
# Part 1: the first

Two sentences about $p_x * q_x$ and `$HOME`. A price of $5 or $6. <script>alert(1)</script>

## 01 Good

"A slide" · [01_good.cpp](01_good.cpp)

### The question

See [the errata](../errata.md), [02](../2_second/02_crash.cpp), [task 4.5](../../../exercises/04_kl) and [nothing](gone.cpp).

### Derivation

$$\frac{a}{b} < c_1$$

### The code

[`Twice::forward`](../../../src/twice.cpp#L4), [`lost`](../../../src/lost.cpp#L1),
[`whole`](../../../src/twice.cpp)

What to see.

### The picture

![in the text](01_good/dot.png) ![not yet](03_silent/none.png)

The error is [`test_sq_error`](../figures.md#01_good), the time [`run_seconds`](../figures.md#01_good), the loss [`loss`](../figures.md#01_good).

### By hand

```example 01
kl(mu = 0.7) = 0.245
```

<details><summary>Why?</summary>

Because **so**.

</details>

### Exercise and sources

[Exercise 4](../../../exercises/04_kl/README.md).

## 08 Later

"Another slide" · [08_later.cpp](08_later.cpp)

Nothing *yet*.
EOF
touch project/lectures/lecture4/1_first/{01_good,05_good,08_later}.cpp
mkdir project/lectures/lecture4/2_second && touch project/lectures/lecture4/2_second/02_crash.cpp
printf '# Errata\n\n| # | Slide |\n|---|--:|\n| 1 | a sign |\n\n[01](1_first/01_good.cpp)\n' > project/lectures/lecture4/errata.md
printf '# Figures\n\nOf another machine.\n' > project/lectures/lecture4/figures.md
printf '# Exercise 4\n\n[the source](../../src/twice.cpp)\n' > project/exercises/04_kl/README.md
echo '{"title": "Divergences", "files": [{"source": "src/twice.cpp", "todos": [{"id": "4.5", "title": "a < b"}, {"id": "4.6", "title": "gradients"}]}]}' > project/exercises/04_kl/exercise.json
mkdir -p project/build/grade && echo '{"todos": {"4.5": {"state": "pass", "points": 2, "most": 3}}}' > project/build/grade/known.json
printf 'int before;\n\n/// y = 2 x\nint Twice::forward(int x) {\n  // [4.5]\n  return "a<b", 2 * x;  // twice\n  // [end]\n}\n\nint after;\n' > project/src/twice.cpp
mkdir project/studio && echo '{"panels": [{"id": "dot", "title": "Dots & lines", "book": ["1_first.html#08_later", "1_first.html#01_good?size=2&on=1"]}]}' > project/studio/studio.json
together() { "$runner" --lessons project/lectures/lecture4 --together "$@"; }
run() { together 1 "$@"; }

run --from programs --out out --seed 7 --preset tiny > all.txt 2>&1
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
# --- the book
part=out/1_first.html
words() { grep -qF -- "$2" "$1"; }  # words <file> <text that it must contain>
lacks() { ! grep -qF -- "$2" "$1"; }
expect "the contents must list every program with its page" bash -c 'grep -qF "1_first.html#01_good" out/index.html && grep -qF "2_second.html#02_crash" out/index.html && grep -qF "programs.html#04_liar" out/index.html'
expect "a page must hold every section of its part" [ "$(grep -c '<section ' $part)" -eq 3 ]
expect "a program outside of the parts must have a section" [ "$(grep -c '<section ' out/programs.html)" -eq 4 ]
expect "a picture must load lazily, with its size" words $part '<img loading="lazy" alt="in the text" width="4" height="4" class="pixels" src="01_good/dot.png">'
expect "a picture in the text must not be shown again" [ "$(grep -c 'src="01_good/dot.png"' $part)" -eq 1 ]
expect "the page must have a player for the sound, below its picture" grep -qF '</a><div class="players"><label><a href="06_sounds/a.wav">low &amp; high</a><audio controls preload="none" src="06_sounds/a.wav"></audio></label>' <(tr -d '\n' < out/programs.html)
expect "a missing sound is a failure" grep -q "07_mute.*sound 07_mute/b.wav was reported" all.txt
expect "a picture that no run has made must say how to make it" words $part 'make lecture4 ONLY=03'
expect "a program's own page must be linked" words $part '<a href="05_good/game.html">Play &amp; learn</a>'
expect "the page must escape text" words $part 'a&lt;b'
expect "the page must not run scripts of a text" lacks $part '<script>alert'
expect "the page must show the crash" grep -q "the last words" out/2_second.html
expect "the page must need no external resources" bash -c '! grep -qE "(src|href)=\"?(http|//)" out/*.html'
expect "a program that has not run must show its lesson" words $part 'Nothing <em>yet</em>.'
expect "and the command that runs it" words $part 'make lecture4 ONLY=08'
expect "a figure in the text must be the run's, with three digits" words $part '>31.2</a>, the time'
expect "with its unit and its better direction" words $part 'title="run_seconds of 01_good: lower is better" href="figures.html#01_good">7 s</a>'
expect "a table must have them, too" words $part '<tr><th scope="row">run_seconds</th><td>7 s</td><td>lower is better</td></tr>'
expect "and three digits" bash -c 'grep -qF "<td>1560</td>" out/figures.html && grep -qF "v1.2345 error 31.2 of 20000" out/index.html'
expect "a figure without a rule must be shown alone" words $part '<tr><th scope="row">name</th><td>a&lt;b</td><td></td></tr>'
expect "an exercise must have a box with its tasks" bash -c 'grep -qF "exercises.04_kl.README.md.html\">Exercise 04: Divergences</a>" out/1_first.html && grep -qF "<td>4.6</td><td>gradients</td><td></td>" out/1_first.html'
expect "the page shows the seed exactly, so that the run can be repeated" words $part 'seed 20261128'
expect "and the points of the last grading" words $part '<td>4.5</td><td>a &lt; b</td><td>points: 2 of 3</td>'
expect "a figure that the run lacks must be its name" words $part '<code>loss</code></a>.'
expect "code must be shown with its comment and line numbers" bash -c 'grep -qF "<span class=\"line\"><span class=\"number\">3</span><span class=\"c\">/// y = 2 x</span></span>" out/1_first.html && grep -qF "<span class=\"number\">8</span>}" out/1_first.html'
expect "code must end with its function" lacks $part 'int after'
expect "the marks of an exercise must not be shown" lacks $part '// [4.5]'
expect "a symbol without a line must be a link" words $part '<p class="meta"><a href="code/src.twice.cpp.html"><code>whole</code></a></p>'
expect "code that is not there must be named" words $part 'src/lost.cpp is not in this copy'
expect "code and formulas must be side by side" words $part '<div class="beside">'
expect "an example must have a frame" words $part '<div class="example">'
expect "folded answers must stay folded" words $part '<details><summary>Why?</summary>'
expect "inline code and prices must not become formulas" bash -c 'grep -qF "<code>\$HOME</code>. A price of \$5 or \$6." out/1_first.html'
expect "a link to a program must lead to its section" words out/errata.html 'href="1_first.html#01_good"'
expect "a link to a text must lead to its page" words $part 'href="errata.html"'
expect "a linked exercise must be a page, and what it links to" bash -c 'grep -qF "href=\"more/exercises.04_kl.README.md.html\"" out/1_first.html && grep -qF "href=\"../code/src.twice.cpp.html\"" out/more/exercises.04_kl.README.md.html'
expect "a source must have a place for every line" words out/code/src.twice.cpp.html 'id="L4"'
expect "a link to nothing must be its text" lacks $part 'href="gone.cpp"'
expect "the figures must be in one table" bash -c 'grep -qF "<tbody id=\"01_good\">" out/figures.html && grep -qF "Of another machine" out/figures.html'
expect "pages must lead to the next" words out/index.html 'rel="next" href="1_first.html"'
expect "the search must know every heading" words out/search.js '01 Good › The question'
expect "the page for print must hold all parts, each id once" bash -c 'grep -qF "Nothing <em>yet" out/book.html && [ -z "$(grep -oE " id=\"[^\"]*\"" out/book.html | sort | uniq -d)" ]'
if node -e 'require("/usr/share/javascript/katex/katex.js")' 2> /dev/null; then
  expect "formulas must be MathML" words $part '<mfrac><mi>a</mi><mi>b</mi></mfrac>'
  expect "no formula may stay TeX" lacks $part 'Node.js or KaTeX is missing'
fi
mkdir bare && for tool in bash cat mkdir sed dirname base64; do ln -s "$(command -v $tool)" bare; done
PATH=$PWD/bare run --from programs --out bare_out --only 05 > bare.txt 2>&1
expect "without Node.js, the programs must run" [ $? -eq 0 ]
expect "formulas must be shown as TeX, and one sentence must say so" bash -c 'grep -qF "<code>\\frac{a}{b} &lt; c_1</code>" bare_out/1_first.html && [ "$(grep -c "Node.js or KaTeX is missing" bare_out/1_first.html)" -eq 1 ]'
run --page --out out > page.txt 2>&1
expect "--page must succeed" [ $? -eq 0 ]
expect "--page must write the pages and run nothing" bash -c '! grep -q "programs ran" page.txt && ! grep -qF "badge ran" out/index.html && grep -qF "badge earlier" out/index.html'
run --from programs --out mine --beside out --only 01 > mine.txt 2>&1
expect "a student's pictures must stand beside the library's" bash -c 'grep -qF "src=\"../out/01_good/dot.png\"" mine/1_first.html && grep -qF " src=\"01_good/dot.png\"" mine/1_first.html'
expect "and the figures" words mine/1_first.html '<tr><th scope="row">test_sq_error</th><td>31.2</td><td>31.2</td><td>lower is better</td></tr>'
# --- the studio, a page beside the book
expect "without the studio, a section must say how to make its page" bash -c '[ "$(grep -cF "in its panel “Dots &amp; lines”: <code>make studio</code>" out/1_first.html)" -eq 2 ] && ! grep -q ../studio out/*.html'
expect "with a student's files, the command must be theirs" words mine/1_first.html '<code>make studio MINE=1</code>'
mkdir studio && echo '<article id="panel-dot">' | tee studio/index.html > studio/mine.html
run --page --out out > page.txt 2>&1
expect "a section must lead to its panel, with the settings" words $part '<p><a href="../studio/index.html#dot?size=2&amp;on=1">The studio: Dots &amp; lines</a></p>'
expect "and show it in a folded frame without an address" words $part '<details><summary>Show the panel here</summary><iframe title="The studio: Dots &amp; lines"></iframe></details>'
expect "every section that the panel names must have it, and no other" [ "$(grep -c '<iframe' out/*.html | grep -v ':0$' | tr '\n' ' ')" = "out/1_first.html:2 out/book.html:2 " ]
expect "the contents must lead to the studio" words out/index.html 'href="../studio/index.html"'
run --page --out mine --beside out > page.txt 2>&1
expect "a student's book must lead to the student's studio" words mine/1_first.html 'href="../studio/mine.html#dot"'
for wrong in '{' '{"panels": 3}' '{"panels": [{"title": "x", "book": []}]}' '{"panels": [{"id": "dot", "title": "x", "book": "1_first.html#01_good"}]}'; do
  mkdir -p wrong/lectures wrong/studio && cp -r project/lectures wrong && echo "$wrong" > wrong/studio/studio.json
  "$runner" --lessons wrong/lectures/lecture4 --page --out wrong_out > wrong.txt 2>&1
  expect "a wrong list of panels is an error: $wrong" [ $? -eq 1 ]
  expect "which one sentence names: $wrong" grep -qE '^lecture4: .*/wrong/studio/studio.json: (expected an object with a list "panels"|every panel needs an "id"|"book" of panel dot must be a list)' wrong.txt
done
# --- the site
expect "the site must hold what it links to" bash "$project/scripts/book.sh" site out site
expect "the site must hold the pictures and the sources" [ -e site/lecture4/01_good/dot.png -a -e site/lecture4/code/src.twice.cpp.html -a -e site/lecture4/05_good/game.html ]
expect "the studio must be beside the book, as in the links" cmp studio/index.html site/studio/index.html
expect "the site's first page must lead to the book" words site/index.html 'url=lecture4/index.html'
mkdir docs fake_doxygen && touch docs/Doxyfile
printf '#!/bin/sh\nmkdir -p build/docs && echo reference > build/docs/index.html\n' > fake_doxygen/doxygen && chmod +x fake_doxygen/doxygen
expect "with Doxygen, the site must hold the reference" env PATH="$PWD/fake_doxygen:$PATH" bash "$project/scripts/book.sh" site out site
expect "and lead to it" bash -c '[ -e site/reference/index.html ] && grep -qF "href=\"../reference/index.html\"" site/lecture4/index.html && ! grep -q reference/index.html out/index.html'
rm -r docs && mv out/search.js kept.js
expect "a site with a missing file must fail" bash -c '! bash "$0" site out site' "$project/scripts/book.sh"
mv kept.js out/search.js
expect "without Chromium, make book must say so and succeed" bash -c 'PATH=$1 bash "$0" pdf out | grep -q "SKIPPED: no PDF"' "$project/scripts/book.sh" "$PWD/bare"

run --from programs --out out --only 05 > one.txt 2>&1
expect "one program alone must succeed" [ $? -eq 0 ]
expect "earlier results must stay on the page" grep -q "error 31.2" out/index.html
run --from programs --out out --only 77 > none.txt 2>&1
expect "an unknown program is an error" [ $? -eq 2 ]
run --from programs --out out --only 01,5 > none.txt 2>&1
expect "one wrong name among right ones is an error" [ $? -eq 2 ]
expect "the error must list the programs" grep -q "^  03_silent" none.txt

# wrong settings and folders give a message, and no earlier results are lost
cp out/summary.json before.json
for wrong in "--preset fulll" "--seed -1" "--threads 0" "--epochs x" "--speed 9"; do
  # shellcheck disable=SC2086
  run --from programs --out out $wrong > wrong.txt 2>&1
  expect "$wrong must be refused before anything runs" [ $? -eq 2 ]
  expect "$wrong must be named" grep -q -- "${wrong%% *}" wrong.txt
done
expect "refused settings must leave the figures" cmp before.json out/summary.json
run --from programs --out "" > wrong.txt 2>&1
expect "an empty folder name is an error" [ $? -eq 2 ]
touch file
for wrong in file file/deeper /proc/nowhere; do
  run --from programs --out $wrong > wrong.txt 2>&1
  expect "--out $wrong must end with 1" [ $? -eq 1 ]
  expect "--out $wrong must be named" grep -q "^lecture4: $wrong.*cannot" wrong.txt
done
run --from nowhere > wrong.txt 2>&1
expect "a missing folder of programs must be named" grep -q "nowhere" wrong.txt
mkdir -p blocked/index.html
run --from programs --out blocked --only 01 > wrong.txt 2>&1
expect "a page that cannot be written is an error" [ $? -eq 1 ]
expect "a page that cannot be written is not reported as written" bash -c 'grep -q "index.html: cannot write" wrong.txt && ! grep -q "^All pictures" wrong.txt'
mkdir -p blocked/05_good/log.txt && rmdir blocked/index.html
run --from programs --out blocked --only 01,05 > wrong.txt 2>&1
expect "a log that cannot be written fails its program" grep -q "05_good.*failed: .*log.txt: cannot be written" wrong.txt
expect "the other programs still run" grep -q "^1 of 2 programs ran" wrong.txt
if script --version 2> /dev/null | grep -q util-linux; then  # runs the runner in a terminal
  for term in xterm dumb; do
    TERM=$term script -qec "'$runner' --lessons project/lectures/lecture4 --from programs --out out --only 05" /dev/null < /dev/null > "$term.txt" 2>&1
  done
  expect "a terminal's line is rewritten" grep -q $'\033\\[K' xterm.txt
  expect "TERM=dumb gets no control codes" bash -c '! grep -q $'"'\\\\033'"' dumb.txt'
fi

# a second run that fails must not show the figures of the first
program 01_good 'exit 3'
run --from programs --out out --only 01 > again.txt 2>&1
expect "the program's exit code must be reported" grep -q "exit code 3" again.txt
expect "old figures must be gone" bash -c '! grep -q "error 31.2" out/index.html'

# Ctrl-C reaches the program once, and no program starts afterwards
rm programs/*
program 01_long 'trap "echo saved; exit 130" INT; echo started; for i in {1..100}; do sleep 0.1; done'
program 02_never 'echo never'
"$runner" --lessons project/lectures/lecture4 --together 1 --from programs --out stop > stop.txt 2>&1 &
job=$!
for _ in {1..100}; do grep -qs started stop/01_long/log.txt && break; sleep 0.05; done
kill -INT $job
wait $job
expect "a stop must give 130" [ $? -eq 130 ]
expect "a stop must let the program save" [ "$(grep -c saved stop/01_long/log.txt)" -eq 1 ]
expect "nothing may start after a stop" [ ! -e stop/02_never/log.txt ]

# several programs at the same time
rm programs/*
program 01_waits 'for i in $(seq ${WAITS:-100}); do [ -e "$out/met" ] && break; sleep 0.1; done; [ -e "$out/met" ] || exit 3; report "\"01_waits\": {\"figures\": {\"one\": 1}}"'
program 02_meets 'report "\"02_meets\": {\"figures\": {\"two\": 2}}"; touch "$out/met"'
together 2 --from programs --out both > both.txt 2>&1
expect "two programs must run at the same time" grep -q "^2 of 2 programs ran" both.txt
expect "they must share the cores" grep -q "setting --threads" both/01_waits/log.txt
expect "results must be printed as programs end" [ "$(grep -n "two 2" both.txt | head -n 1 | cut -d: -f1)" -lt "$(grep -n "one 1" both.txt | head -n 1 | cut -d: -f1)" ]
expect "the table must have the order of the lecture" [ "$(grep -n "^01_waits" both.txt | cut -d: -f1)" -lt "$(grep -n "^02_meets" both.txt | cut -d: -f1)" ]
rm both/met
WAITS=10 together 1 --from programs --out both > both.txt 2>&1
expect "with one at a time, the first waits in vain" grep -q "01_waits.*exit code 3" both.txt
expect "one program at a time must have all cores" bash -c '! grep -q "setting --threads" both/02_meets/log.txt'
together 65 --from programs --out both > both.txt 2>&1
expect "more programs at a time than allowed are refused" [ $? -eq 2 ]
for name in 01_long 02_long; do program $name 'trap "echo saved; exit 130" INT; echo started; for i in {1..100}; do sleep 0.1; done'; done
rm programs/01_waits programs/02_meets
"$runner" --lessons project/lectures/lecture4 --together 2 --from programs --out twice > stop.txt 2>&1 &
job=$!
for _ in {1..100}; do grep -qs started twice/01_long/log.txt && grep -qs started twice/02_long/log.txt && break; sleep 0.05; done
kill -INT $job
wait $job
expect "a stop of two programs must give 130" [ $? -eq 130 ]
for name in 01_long 02_long; do expect "a stop must reach $name once" [ "$(grep -c saved twice/$name/log.txt)" -eq 1 ]; done
rm programs/*
for i in {1..6}; do program 0${i}_counts 'touch "$out/on_'$i'"; sleep 0.3; ls "$out" | grep -c "^on_" > "$out/seen_'$i'"; rm "$out/on_'$i'"; exit 3'; done
OMP_NUM_THREADS=8 "$runner" --lessons project/lectures/lecture4 --from programs --out most --threads 1 > most.txt 2>&1
expect "at most four programs run at the same time" [ "$(sort -n most/seen_* | tail -n 1)" -le 4 ]
expect "several run at the same time on several cores" [ "$(sort -n most/seen_* | tail -n 1)" -ge 2 ]
expect "threads that were asked for are not set again" [ "$(grep -c "setting --threads" most/01_counts/log.txt)" -eq 1 ]

# --- several processes: only the programs that train by shards are started by mpiexec, and get --shards
rm programs/*
program 01_alone 'report "\"01_alone\": {\"figures\": {\"one\": 1}}"'
program 11_vae 'report "\"11_vae\": {\"figures\": {\"two\": 2}}"'
mkdir launcher && printf '#!/bin/sh\necho "launched $*"\nshift 2\nexec "$@"\n' > launcher/mpiexec && chmod +x launcher/mpiexec
PATH=$PWD/launcher:$PATH run --from programs --out ranks --ranks 3 --shards 6 > ranks.txt 2>&1
expect "a program by shards is started by mpiexec" grep -q "^launched -n 3 programs/11_vae .*--shards 6$" ranks/11_vae/log.txt
expect "another program is not" not grep -q "launched\|shards" ranks/01_alone/log.txt
expect "both have run" grep -q "^2 of 2 programs ran" ranks.txt
for setting in "--ranks 3" "--shards 6"; do
  run --from programs --only 01 --out ranks $setting > ranks.txt 2>&1
  expect "$setting without a program by shards is refused" [ $? -eq 2 ]
  expect "$setting without a program by shards has one sentence" [ "$(cat ranks.txt)" = "lecture4: --ranks and --shards are for the programs that train on several processes: 11_vae 25_dcgan" ]
done
run --from programs --out ranks --shards 0 > ranks.txt 2>&1
expect "a bad number of shards is refused" grep -q "shards: Value 0 not in range" ranks.txt

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

report
