#!/usr/bin/env bash
# The inner loop of the register tile (src/kernels/gemm_tiles.cpp) on 64-bit ARM, read from its assembly: one multiply-add per
# vector of sums and step of k, and no access to the stack, where sums would be that do not fit into the registers.
#
#   tests/check_neon.sh <gemm_tiles.o>...   objects for 64-bit ARM
#   tests/check_neon.sh --self-test         tests that the check detects faults
set -u

# faults: reads a listing of objdump; one line per fault of a tile with 8 rows. A loop's body is the code between two jumps, or
# places that jumps lead to, that contains multiply-adds.
faults() {
  awk '
    function end_body() {
      if (name != "" && sums > 0) {
        ++bodies[name]
        if (sums != wanted) print name ": " sums " multiply-adds per step, expected " wanted
        if (stack > 0) print name ": " stack " accesses to the stack in the inner loop"
      }
      sums = stack = 0
    }
    { line[NR] = $0 }
    match($0, /\t(b|b\.[a-z]+|cbn?z|tbn?z)\t/) { to = $0; sub(/ <.*/, "", to); sub(/.*[ \t]/, "", to); target[to ":"] = 1 }
    END {
      for (i = 1; i <= NR; ++i) {
        $0 = line[i]
        if (/^[0-9a-f]+ </) {
          end_body()
          name = match($0, /tile<8, [0-9]+, [a-z]+, [a-z]+>/) ? substr($0, RSTART, RLENGTH) : ""
          if (name != "") { wanted = 8 * substr(name, 9); bodies[name] += 0 }
          continue
        }
        if ($1 in target) end_body()
        if (/\tfmla\tv[0-9]+\.(4s|2d)/) ++sums
        if (/\[(sp|x29)[],]/) ++stack
        if (/\t(b|b\.[a-z]+|cbn?z|tbn?z|ret)(\t|$)/) end_body()
      }
      end_body()
      for (name in bodies) { ++tiles; if (bodies[name] == 0) print name ": no loop with multiply-adds of vectors" }
      if (tiles == 0) print "no tile with 8 rows"
    }'
}

# self_test: the listing of a valid tile, then one fault at a time
self_test() {
  local failed=0 total=0 found
  listing() {  # listing <multiply-adds> <a further instruction>
    local i
    printf '0000000000000000 <void gradus::(anonymous namespace)::tile<8, 1, true, false>(gradus::MatrixView)>:\n'
    printf '   0:\tstp\tx29, x30, [sp, #-16]!\n   4:\tb.le\t40 <somewhere>\n   8:\tldr\tq1, [x1]\n'
    for ((i = 0; i < $1; ++i)); do printf '   c:\tfmla\tv%d.4s, v1.4s, v20.s[0]\n' $((i + 2)); done
    printf '   %s\n  3c:\tb.ne\t8 <the loop>\n  40:\tldp\tx29, x30, [sp], #16\n  44:\tret\n' "$2"
  }
  try() {  # try <expected words, none: no fault> <title> <the arguments of listing>
    found=$(listing "${@:3}" | faults)
    total=$((total + 1))
    if [ -z "$1" ]; then [ -z "$found" ]; else [[ $found == *"$1"* ]]; fi || { echo "check_neon: $2: $found" && failed=$((failed + 1)); }
  }
  try '' "a valid tile" 8 $'38:\tnop'
  try "1 accesses to the stack" "sums on the stack" 8 $'38:\tstr\tq9, [sp, #32]'
  try "1 accesses to the stack" "sums on the stack, by the frame pointer" 8 $'38:\tldr\tq9, [x29, #32]'
  try "7 multiply-adds per step, expected 8" "a missing multiply-add" 7 $'38:\tfmadd\ts9, s1, s2, s9'
  try "no loop with multiply-adds" "separate products and sums" 0 $'38:\tfmul\tv9.4s, v1.4s, v2.4s'
  total=$((total + 1))
  [ "$(echo '0 <main>:' | faults)" = "no tile with 8 rows" ] || { echo "check_neon: a listing without tiles" && failed=$((failed + 1)); }
  echo "check_neon: $((total - failed)) passed, $failed failed"
  return $((failed > 0))
}
if [ "${1:-}" = --self-test ]; then
  self_test
  exit
fi

bad=0
for object in "$@"; do
  listing=$(aarch64-linux-gnu-objdump -dC --no-show-raw-insn "$object") || exit 1
  found=$(faults <<< "$listing")
  [ -z "$found" ] || { sed "s|^|error: $object: |" <<< "$found" && bad=1; }
done
exit $bad
