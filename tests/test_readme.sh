#!/usr/bin/env bash
# Checks that README's commands exist.
#
#   tests/test_readme.sh [README.md]
#
# The first code block holds exactly two commands: the first ends in `make lecture4`, the second in `make test`.
# Every `make X` in the text is a target of `make help`; every command parses,
# and every make command can be planned (make -n).
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
readme=${1:-$root/README.md}
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)) && echo "readme: $*"; }

if [ ! -r "$readme" ]; then
  echo "readme: no $(basename "$readme")"
  echo "readme: 0 passed, 1 failed"
  exit 1
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

# links to files of this repository
while read -r target; do
  if [ -e "$(dirname "$readme")/$target" ]; then ok; else bad "link to $target, which does not exist"; fi
done < <(grep -oE '\]\([^)#]+' "$readme" | sed 's/^](//' | grep -vE '^[a-z]+:' | grep -vE '^out/' | sort -u)
echo "readme: $passed passed, $failed failed"
exit $((failed > 0))
