#!/usr/bin/env bash
# Checks that lectures/lecture4/slides.md has a row per slide, that every link of this page and of the lessons (the README of each
# part) leads to the line it names, and that the slides that headers, sources and lessons cite exist.
#
#   tests/check_slides.sh [root]         checks the pages under root (default: this repository)
#   tests/check_slides.sh --fix [root]   first updates line numbers to the definitions of their symbols, and links planned
#                                        programs that exist
#   tests/check_slides.sh --self-test    tests that the check detects faults
#
# The titles are those of tests/golden/slide_titles.md, in the same order, per set. A link with a line
# number has a symbol as its text, in a lesson in code font. Task numbers in a link to an exercise are those of its exercise.json.
# A citation is 6.S191 L4, "title" or DS542, "title", and more titles may follow; "..." stands for any words of the title.
# One line per fault: file:line: fault.
set -u
page=lectures/lecture4/slides.md titles=tests/golden/slide_titles.md
pages_of() { (cd "$1" && ls "$page" lectures/lecture4/*/README.md 2> /dev/null); }  # pages_of <root>: this page and the lessons

# titles_in <file>, rows_in <file>: line number, tab, set and title; links_in <file>: line number, tab, text, tab, target
titles_in() { awk '/^## / { set = substr($0, 4) } /^- / { print FNR "\t" set ": " substr($0, 3) }' "$1"; }
rows_in() { awk -F ' [|] ' '/^## / { set = substr($0, 4) } /^[|] / && $1 != "| Slide" { print FNR "\t" set ": " substr($1, 3) }' "$1"; }
links_in() {
  awk '{ rest = $0
         while (match(rest, /\[[^]]*\]\([^)]*\)/)) {
           link = substr(rest, RSTART + 1, RLENGTH - 2)
           rest = substr(rest, RSTART + RLENGTH)
           cut = index(link, "](")
           print FNR "\t" substr(link, 1, cut - 1) "\t" substr(link, cut + 2)
         } }' "$1"
}

# check_titles <root>: both lists, compared by diff
check_titles() {
  local line old=0 new=0 expected there
  mapfile -t expected < <(titles_in "$1/$titles")
  mapfile -t there < <(rows_in "$1/$page")
  [ ${#expected[@]} -gt 0 ] || { echo "$titles:1: no titles" && return; }
  while IFS= read -r line; do
    if [[ $line =~ ^([0-9]+)(,[0-9]+)?[acd]([0-9]+) ]]; then
      old=${BASH_REMATCH[1]} new=${BASH_REMATCH[3]}
    elif [[ $line == '< '* ]]; then
      echo "$titles:${expected[old - 1]%%$'\t'*}: '${line#< }' has no row in its place in $page"
      old=$((old + 1))
    elif [[ $line == '> '* ]]; then
      echo "$page:${there[new - 1]%%$'\t'*}: '${line#> }' is not the title of a slide at this place"
      new=$((new + 1))
    fi
  done < <(diff <(titles_in "$1/$titles" | cut -f 2) <(rows_in "$1/$page" | cut -f 2))
}

# check_rows <root>: four columns; planned programs must not exist yet
check_rows() {
  awk -F ' [|] ' -v page="$page" '/^[|] / && (NF != 4 || !/ [|]$/) { print page ":" FNR ": a row has four columns" }' "$1/$page"
  grep -noE '[0-9]{2}_[a-z0-9_]+ \(planned\)' "$1/$page" | while IFS=: read -r line name; do
    name=${name% (planned)}
    [ -z "$(planned_path "$1" "$name")" ] || echo "$page:$line: $name is there: link it"
  done
}
planned_path() {  # planned_path <root> <name>: the program's or the exercise's path from the page, empty if none
  (cd "$1/${page%/*}" && ls -d */"$2".cpp ../../exercises/"$2" 2> /dev/null | head -n 1)
}

# check_links <root> <page>: files, symbols on their lines, tasks. In a lesson, a link may lead to a heading or to another site.
check_links() {
  local line text target file number task lines page=$2
  while IFS=$'\t' read -r line text target; do
    file=$1/${page%/*}/${target%%#*} text=${text//\`/}
    if [[ $page == */README.md && $target =~ ^([a-z]+:|#) ]]; then
      continue
    elif [ ! -e "$file" ]; then
      echo "$page:$line: link to $target, which is not there"
    elif [[ $target == *'#'* && ($page != */README.md || $target == *.?pp'#'*) ]]; then
      number=${target#*#L}
      if [[ ! $number =~ ^[1-9][0-9]*$ || ! $text =~ ^[A-Za-z_][A-Za-z0-9_:]*$ ]]; then
        echo "$page:$line: [$text]($target) is not a symbol with its line"
        continue
      fi
      mapfile -t lines < "$file"
      [[ ${lines[number - 1]:-} =~ (^|[^A-Za-z0-9_])$text([^A-Za-z0-9_]|$) ]] ||
        echo "$page:$line: line $number of ${target%%#*} does not contain $text"
    elif [[ $target == */exercises/* ]]; then
      for task in $(grep -oE '[0-9]+\.[0-9]+' <<< "$text"); do
        grep -qsF "\"id\": \"$task\"" "$file/exercise.json" || echo "$page:$line: ${target##*/} has no task $task"
      done
    fi
  done < <(links_in "$1/$page")
}

# check_citations <root>
check_citations() {
  local file line text title known
  known=$(titles_in "$1/$titles" | sed 's/^[^:]*: //; s/–/-/g')
  while IFS=: read -r file line text; do
    while IFS= read -r title; do
      title=${title%\\} title=${title//->/→} title=${title/% / ...}  # a string may continue on the next line
      grep -qxE "$(sed 's/[][\\.^$*+?(){}|]/\\&/g; s/\\\.\\\.\\\./.*/g' <<< "$title")" <<< "$known" ||
        echo "$file:$line: '$title' is not the title of a slide"
    done < <(awk -F '"' '{ for (i = 2; i < NF; i += 2) print $i }' <<< "$text")
  done < <(cd "$1" && grep -rnoE '(6\.S191 L4|DS542)((,| and)? \\?"[^"]+")+' include src lectures exercises \
    --include='*.[ch]pp' --include='*.md' 2> /dev/null)
}

check() {  # check <root>: one line per fault
  local file faults
  for file in "$page" "$titles"; do [ -r "$1/$file" ] || { echo "$file:1: not there" && return 1; }; done
  faults=$(check_titles "$1" && check_rows "$1" && for file in $(pages_of "$1"); do check_links "$1" "$file"; done && check_citations "$1")
  [ -z "$faults" ] || ! echo "$faults"
}

# definition <symbol> <file>: the line that defines it, else the first candidate. A definition is not indented.
definition() {
  local start
  for start in '' '[[:space:]]*'; do
    grep -nE "^$start((struct|class) +$1([^A-Za-z0-9_:]|\$)|([A-Za-z].*[^A-Za-z0-9_:.>\"])?$1\()" "$2" | head -n 1 | cut -d : -f 1 | grep . && return
  done
}

fix_lines() {  # fix_lines <root> <page>: the lines of symbols
  local text target path number edits="" fixed page=$2
  while read -r text target; do
    path=$1/${page%/*}/$target
    [ -f "$path" ] && number=$(definition "${text//\`/}" "$path") && edits+="s|\[$text\]($target#L[0-9]*)|[$text]($target#L$number)|g"$'\n'
  done < <(links_in "$1/$page" | awk -F '\t' '$2 ~ /^`?[A-Za-z_][A-Za-z0-9_:]*`?$/ && sub(/#L[0-9]+$/, "", $3) { print $2, $3 }' | sort -u)
  fixed=$(sed "$edits" "$1/$page") && printf '%s\n' "$fixed" > "$1/$page"
}

fix() {  # fix <root>
  local name path edits="" fixed file
  for file in $(pages_of "$1"); do fix_lines "$1" "$file"; done
  for name in $(grep -oE '[0-9]{2}_[a-z0-9_]+ \(planned\)' "$1/$page" | sed 's/ .*//' | sort -u); do
    path=$(planned_path "$1" "$name")
    [ -z "$path" ] || edits+="s|$name (planned)|[$name]($path)|g"$'\n'
  done
  fixed=$(sed "$edits" "$1/$page") && printf '%s\n' "$fixed" > "$1/$page"
}

# self_test: a small valid page and lesson, then one fault at a time
self_test() {
  local failed=0 total=0 lesson=lectures/lecture4/2_part/README.md
  scratch=$(mktemp -d) || exit 1
  trap 'rm -rf "$scratch"' EXIT
  make_page() {  # make_page <root>
    mkdir -p "$1"/{lectures/lecture4/2_part,tests/golden,exercises/04_kl,src}
    printf '## A, 2020\n\n- Title page\n- Priors: KL\n- β -VAEs\n- Priors: KL\n\n## B\n\n- Priors: KL\n' > "$1/$titles"
    printf '"id": "4.5"\n' > "$1/exercises/04_kl/exercise.json"
    printf '// kl(x) is a comment\nvoid use() {\n  kl(x);\n}\nVar kl(const Var& x);\nstruct Pca : Module {\nTensor Pca::encode(const Tensor& x) {\n' > "$1/src/kl.cpp"
    printf 'int main() {\n' > "$1/lectures/lecture4/2_part/08_kl.cpp"
    printf '[`Pca::encode`](../../../src/kl.cpp#L7) [x](http://x.org/y) [here](#here)\n[4.5](../../../exercises/04_kl) [`bound`](../slides.md#08_kl)\n' > "$1/$lesson"
    local row='| Priors: KL | [08_kl](2_part/08_kl.cpp), 19_bias (planned) | [kl](../../src/kl.cpp#L5), [Pca](../../src/kl.cpp#L6) | [4.5](../../exercises/04_kl) |'
    {
      printf '# Slides\n\n## A, 2020\n\n| Slide | Program | Formula | Exercise |\n|---|---|---|---|\n| Title page | - | - | - |\n%s\n| β -VAEs | - | - | - |\n%s\n' "$row" "$row"
      printf '\n## B\n\n| Slide | Program | Formula | Exercise |\n|---|---|---|---|\n%s\n' "$row"
    } > "$1/$page"
  }
  trial() {  # trial <title> <expected: 0 or 1> <what is said: a pattern> <commands at the root>
    local root=$scratch/$((total += 1)) result said
    make_page "$root"
    (cd "$root" && eval "$4")
    said=$(check "$root")
    result=$?
    [ $result -eq "$2" ] && grep -qE "$3" <<< "$said" || { echo "check_slides: '$1' gives $result: $said" && failed=$((failed + 1)); }
  }
  edit() { sed "$1" "$2" > edited && mv edited "$2"; }  # edit <command of sed> <file>
  trial "a valid page" 0 '^$' :
  trial "a title without a row" 1 "^$titles:5: 'A, 2020: β -VAEs' has no row" "edit '/^. β/d' $page"
  trial "a repeated title without its row" 1 "^$titles:6: " "edit 10d $page"
  trial "a row without a title" 1 "^$page:9: .* is not the title" "edit '/^- β/d' $titles"
  trial "a title that is written in another way" 1 "^$page:9: 'A, 2020: β-VAEs'" "edit 's/β -VAEs/β-VAEs/' $page"
  trial "two rows in another order" 1 "^$titles:[34]: .* has no row in its place" "edit '7{h;d;};8G' $page"
  trial "a set that is missing" 1 "^$titles:10: 'B: Priors" "edit '12,\$d' $page"
  trial "a row in the wrong set" 1 "^$page:16: 'B: β" "edit '16s/Priors: KL/β -VAEs/' $page"
  trial "no titles" 1 "^$titles:1: " ": > $titles"
  trial "no page" 1 "^$page:1: not there" "rm $page"
  trial "a row with a column too few" 1 "^$page:9: a row has four columns" "edit '9s/ - |//' $page"
  trial "a program that is not there" 1 "^$page:8: link to 2_part/08_kl.cpp" "rm lectures/lecture4/2_part/08_kl.cpp"
  trial "an exercise that is not there" 1 "^$page:16: link to ../../exercises/04_kl" "rm -r exercises"
  trial "a task that is not there" 1 "^$page:8: 04_kl has no task 4.6" "edit '8s/4\.5/4.5, 4.6/' $page"
  trial "a line without the symbol" 1 "^$page:8: line 4 of ../../src/kl.cpp does not contain kl" "edit 's/#L5/#L4/' $page"
  trial "a part of a word" 1 "^$page:8: line 6 .* does not contain Pc" "edit '8s/\[Pca/[Pc/' $page"
  trial "a line after the end" 1 "^$page:8: line 99 " "edit '8s/#L5/#L99/' $page"
  trial "a line of something that is no symbol" 1 "^$page:8: .* is not a symbol" "edit '8s/\[kl\]/[the KL]/' $page"
  trial "a planned program that is there" 1 "^$page:8: 19_bias is there" "mkdir lectures/lecture4/4_uses; : > lectures/lecture4/4_uses/19_bias.cpp"
  trial "citations of slides" 0 '^$' "echo '/// 6.S191 L4, \"Priors: KL\", \"Title ...\"; DS542, \"β -VAEs\"' >> src/kl.cpp"
  trial "a citation of no slide" 1 "^src/kl.cpp:8: 'Prior: KL' is not" "echo '/// 6.S191 L4, \"Prior: KL\"' >> src/kl.cpp"
  trial "a second title of no slide, in a string" 1 "^src/kl.cpp:8: 'No' is not" "printf '%s\\n' '\"DS542, \\\"Title page\\\", \\\"No\\\"\"' >> src/kl.cpp"
  trial "--fix: moved lines and new programs" 0 '^$' "edit 's/^void use/\n\n&/' src/kl.cpp; mkdir lectures/lecture4/4_uses; : > lectures/lecture4/4_uses/19_bias.cpp; fix ."
  trial "--fix: the definition, not a call or a comment" 0 '^$' "edit 's/#L5/#L3/' $page; fix .; grep -q 'kl.cpp#L5' $page || rm $page"
  trial "--fix: a symbol that is gone stays a fault" 1 "^$page:8: line 6 " "edit 's/Pca/Qca/g' src/kl.cpp; fix ."
  trial "a lesson: a line without the symbol" 1 "^$lesson:1: line 6 of ../../../src/kl.cpp does not contain Pca::encode" "edit 's/#L7/#L6/' $lesson"
  trial "a lesson: a line of something that is no symbol" 1 "^$lesson:1: .* is not a symbol" "edit 's/\[.Pca/[the &/' $lesson"
  trial "a lesson: a file that is not there" 1 "^$lesson:2: link to ../pages.md#08_kl" "edit 's/slides/pages/' $lesson"
  trial "a lesson: a task that is not there" 1 "^$lesson:2: 04_kl has no task 4.6" "edit 's/4\.5/4.6/' $lesson"
  trial "--fix: a lesson" 0 '^$' "edit 's/^void use/\n\n&/' src/kl.cpp; fix .; grep -qF '[\`Pca::encode\`](../../../src/kl.cpp#L9)' $lesson || rm $page"
  echo "check_slides: $((total - failed)) of $total trials as expected"
  return $((failed > 0))
}

if [ "${1:-}" = --self-test ]; then
  self_test
  exit
fi
if [ "${1:-}" = --fix ]; then
  shift
  fix "${1:-$(dirname "$0")/..}"
fi
check "${1:-$(dirname "$0")/..}" && echo "$page: every slide has a row; here and in the lessons, every link has its line"
