#!/usr/bin/env bash
# Checks that README's commands exist, and that what README and CONTRIBUTING count is so.
#
#   tests/test_readme.sh [README.md]
#
# The first code block holds exactly two commands: the first ends in `make lecture4`, the second in `make test`.
# Every `make X` in the text is a target of `make help`; every command parses,
# and every make command can be planned (make -n). Links lead to files and headings. Stated numbers of lines are within 5 % of
# the counted ones.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
readme=${1:-$root/README.md}
. "$root/tests/expect.sh"
ok() { passed=$((passed + 1)); }
bad() { fail "$*"; }

if [ ! -r "$readme" ]; then
  bad "no $(basename "$readme")"
  report
fi

# the first fenced block, without comments and empty lines
mapfile -t commands < <(awk '/^```/ { if (inside) exit; inside = 1; next } inside' "$readme" | sed 's/^\$ //' | grep -vE '^[[:space:]]*(#|$)')
if [ ${#commands[@]} -eq 2 ]; then ok; else bad "the first code block has ${#commands[@]} commands instead of 2"; fi
if [[ ${commands[0]:-} =~ make\ lecture4$ ]]; then ok; else bad "the first command does not end in 'make lecture4': ${commands[0]:-}"; fi
if [[ ${commands[1]:-} =~ make\ test$ ]]; then ok; else bad "the second command does not end in 'make test': ${commands[1]:-}"; fi
for command in "${commands[@]}"; do
  if bash -n -c "$command" 2> /dev/null; then ok; else bad "does not parse: $command"; fi
done

# every make target in the text, in a block or in `quotes`
help=$(make -s -C "$root" help)
mapfile -t targets < <(grep -oE '(`|^|&& |; |\$ )make [a-z0-9-]+' "$readme" | sed 's/.*make //' | sort -u)
if [ ${#targets[@]} -gt 0 ]; then ok; else bad "the page names no make target"; fi
for target in "${targets[@]}"; do
  if ! grep -qE "^ *make $target( |\$)" <<< "$help"; then
    bad "'make $target' is not in make help"
  elif ! make -n -C "$root" "$target" > /dev/null 2>&1; then
    bad "'make -n $target' fails"
  else
    ok
  fi
done

# every command installs what it needs and no more: the sandbox, archives and digests belong to the grader
planned() { make -n -C "$root" "$@" 2> /dev/null | grep -c "deps.sh $purpose\$"; }
for plan in "lecture lecture4" "lecture lecture4 ONLY=06" "grade lecture4 MINE=1" "grade exercises" "grade doctor" "test test"; do
  read -r purpose command <<< "$plan"
  # shellcheck disable=SC2086
  if [ "$(planned $command)" -eq 1 ]; then ok; else bad "'make $command' does not install the packages for '$purpose'"; fi
done
# needed <purpose>: its packages on a machine that has none
needed() { PATH=/nowhere GRADUS_DEPS_ROOT=/nowhere "$BASH" "$root/scripts/deps.sh" "$1" --list | LC_ALL=C sort; }
grader=$'bubblewrap\nlibarchive-dev\nlibseccomp-dev\nlibssl-dev'
if [ "$(comm -13 <(needed lecture) <(needed grade))" = "$grader" ]; then ok; else bad "deps.sh grade adds other packages than the grader's"; fi
if [ "$(comm -13 <(needed grade) <(needed test))" = doctest-dev ]; then ok; else bad "deps.sh test adds other packages than doctest"; fi
if [ -z "$(comm -23 <(needed lecture) <(needed test))" ] && [ "$(needed lecture | wc -l)" -ge 11 ]; then ok; else bad "deps.sh test omits packages of the lectures"; fi
# the float build, of which make lecture4 builds a part, does not look for them
if ! grep -rqE 'find_package\((OpenSSL|LibArchive)' "$root"/CMakeLists.txt "$root"/lectures/CMakeLists.txt; then ok; else bad "the lectures look for packages of the grader"; fi

# the workflow that publishes the book: its commands are targets of make, in an order that works, and it publishes what make site writes
workflow=$root/.github/workflows/site.yml
mapfile -t steps < <(sed -n 's/^ *- run: make //p' "$workflow")
if [ "${steps[*]}" = "deps-docs lecture4 studio site" ]; then ok; else bad "the workflow runs make ${steps[*]}"; fi
for target in "${steps[@]}"; do
  if make -n -C "$root" "$target" > /dev/null 2>&1; then ok; else bad "the workflow's 'make $target' cannot be planned"; fi
done
published=$(sed -n 's/^ *path: //p' "$workflow")
if [ -n "$published" ] && make -n -C "$root" site | grep -q "book.sh site .* $published\$"; then ok; else bad "the workflow publishes '$published', which make site does not write"; fi

# links to files of this repository
while read -r target; do
  if [ -e "$(dirname "$readme")/$target" ]; then ok; else bad "link to $target, which does not exist"; fi
done < <(grep -oE '\]\([^)#]+' "$readme" | sed 's/^](//' | grep -vE '^[a-z]+:' | grep -vE '^out/' | sort -u)
while read -r heading; do
  if grep '^#' "$readme" | sed 's/^#* //; s/ /-/g' | tr '[:upper:]' '[:lower:]' | grep -qxF "$heading"; then ok; else bad "link to #$heading, which is no heading"; fi
done < <(grep -oE '\]\(#[^)]+' "$readme" | sed 's/^](#//' | sort -u)

# near <stated> <counted> <title>
near() {
  local stated=${1//,/}
  if [ -n "$stated" ] && [ $(((stated - $2) * (stated - $2) * 400)) -le $(($2 * $2)) ]; then ok; else bad "$3: stated '$1', counted $2"; fi
}
said() { sed -nE "s/.*$2.*/\\1/p" "$1" | head -n 1; }  # said <file> <expression with one group>
evening=$(sed -n '/^## The engine in an evening/,/^## For/p' "$readme")
mapfile -t path < <(grep -oE '\]\([^)]+' <<< "$evening" | sed 's/^](//')
near "$(said "$readme" 'The library has about ([0-9,]+) lines')" "$(cd "$root" && find include src -name '*.[ch]pp' -exec cat {} + | wc -l)" "lines of the library"
near "$(said "$readme" 'with about ([0-9,]+) lines:')" "$(cd "$root" && cat "${path[@]}" 2> /dev/null | wc -l)" "lines of an evening"
if [ "$(said "$readme" 'in these ([0-9]+) files')" = "${#path[@]}" ]; then ok; else bad "the evening has ${#path[@]} files"; fi

counts=(No One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen Fifteen Sixteen)
exercises=$(find "$root/exercises" -name exercise.json | wc -l)
if grep -qF "${counts[exercises]} [exercises]" "$readme"; then ok; else bad "there are $exercises exercises"; fi
commands=$(awk '/^```/ { if (inside) exit; inside = 1; next } inside' "$root/exercises/INSTRUCTORS.md" | grep -c .)
if grep -qiF "in ${counts[commands]} commands" "$readme"; then ok; else bad "INSTRUCTORS.md grades a class in $commands commands"; fi
for page in lectures/lecture4/README.md CONTRIBUTING.md; do
  least=$(said "$root/$page" ' ([0-9]+) to [0-9]+ lines') most=$(said "$root/$page" '[0-9]+ to ([0-9]+) lines')
  outside=$(cd "$root" && wc -l lectures/lecture4/[0-9]*/[0-9]*.cpp | awk -v least="$least" -v most="$most" '$2 != "total" && ($1 < least || $1 > most) { print $2, $1 }')
  if [ -n "$most" ] && [ -z "$outside" ]; then ok; else bad "$page states programs of $least to $most lines, but" $outside; fi
done
macros=$(cd "$root" && grep -rhoE '^ *# *define +[A-Za-z_]+' include | sed 's/.* //' | sort -u)
if [ "$macros" = GRADUS_CHECK ]; then ok; else bad "CONTRIBUTING allows one macro in the headers, found:" $macros; fi
parents=$(cd "$root" && grep -rhoE '^ *(class|struct) [A-Za-z_:]+ (final )?: [^{]+' include src lectures | sed 's/.* //' | grep -vE '^(Module|Error|std::(runtime_error|bad_alloc))$' | sort -u)
if [ -z "$parents" ]; then ok; else bad "CONTRIBUTING allows inheritance from Module and exceptions, found:" $parents; fi
report
