#!/usr/bin/env bash
# The layers of the library ("floors"): an include may only point to a lower floor, or to the same folder.
# gradus/gradus.hpp, which includes everything but the kernels, is for programs; the library itself must not use it.
#
#   tests/check_floors.sh [root]        checks include/gradus and src under root (default: this repository)
#   tests/check_floors.sh --self-test   tests that the check detects faults
#
# Exit code 1 when an include points upwards, sideways, outside the floors, or to a missing file,
# when gradus.hpp omits a header, and when numbers are written or read in a way that depends on the locale
# (base/number.hpp and text() do not).
set -u

# check_numbers <root>: one line per call that depends on the locale. Files of the grader may print integers with printf.
check_numbers() {
  local found
  found=$(cd "$1" && {
    grep -rnE '\b(strto(f|d|ld)|sto(f|d|ld)|atof)\b' include src lectures tests/grade --include='*.[ch]pp'
    grep -rnE '\bv?[sdf]?n?printf\b' include src lectures --include='*.[ch]pp'
    grep -rnE '%[-+ 0-9.*]*L?[aefgAEFG]\b' tests/grade --include='*.[ch]pp' | grep printf
    grep -rlE '\bo?stringstream\b' include src lectures --include='*.[ch]pp' | xargs -r grep -L 'imbue(std::locale::classic())'
  } 2> /dev/null | grep -vE '^[^:]*:[0-9]*: *//')
  [ -z "$found" ] || { echo "$found" | sed 's/$/   depends on the locale: use gradus\/base\/number.hpp or text()/' && return 1; }
}

check() {  # check <root>: one line per fault
  local root=$1 header complete=0
  [ -d "$root/include/gradus" ] || { echo "no include/gradus under $root" && return 1; }
  (cd "$root" && find include/gradus src -name '*.[ch]pp' | LC_ALL=C sort | xargs -r awk '
    BEGIN {
      split("base tensor kernels autograd ops nn,optim,io data generative train", floors, " ")
      for (height = 1; height in floors; ++height) {
        count = split(floors[height], rooms, ",")
        for (i = 1; i <= count; ++i) height_of[rooms[i]] = height
      }
    }
    function exists(file) { return (getline unused < file) >= 0 && close(file) <= 0 }
    function fault(text) { print FILENAME ":" FNR ": " text; faults = 1 }
    FNR == 1 {
      split(FILENAME, parts, "/")
      folder = parts[1] == "src" ? parts[2] : parts[3]
      place = FILENAME; sub(/[^\/]*$/, "", place)
      if (FILENAME == "include/gradus/gradus.hpp") height_of[folder] = 1000
      if (!(folder in height_of)) fault(folder "/ is not a floor")
    }
    /^[ \t]*#[ \t]*include[ \t]*("|<gradus\/)/ {
      target = $0
      sub(/^[ \t]*#[ \t]*include[ \t]*["<]/, "", target); sub(/[">].*/, "", target)
      split(target, parts, "/"); room = parts[2]
      if (parts[1] != "gradus") {
        if (FILENAME !~ /^src\// || target ~ /\// || !exists(place target))
          fault(target " is neither <gradus/...> nor a private header beside this source")
      } else if (!exists("include/" target)) fault(target " does not exist")
      else if (room == "gradus.hpp") fault("gradus.hpp is for programs, not for the library")
      else if (!(room in height_of) || !(folder in height_of)) fault(target " is on no floor")
      else if (room != folder && height_of[room] >= height_of[folder])
        fault(target ": " room "/ is " (height_of[room] > height_of[folder] ? "above " : "on the same floor as ") folder "/")
    }
    END { exit faults }') || return 1
  for header in $(cd "$root/include" && find gradus/*/ -name '*.hpp' -not -path 'gradus/kernels/*' | LC_ALL=C sort); do
    grep -qF "#include \"$header\"" "$root/include/gradus/gradus.hpp" || { echo "gradus.hpp omits $header" && complete=1; }
  done
  check_numbers "$root" || complete=1
  return $complete
}

# self_test: a small valid tree, then one fault at a time
self_test() {
  local failed=0 total=0
  scratch=$(mktemp -d) || exit 1
  trap 'rm -rf "$scratch"' EXIT
  try() {  # try <expected: 0 or 1> <title> <file> <line>
    local root=$scratch/$((total += 1)) result
    mkdir -p "$root"/include/gradus/{base,nn,io} "$root"/src/{base,nn,attic}
    printf '#pragma once\n#include <vector>\n' > "$root/include/gradus/base/a.hpp"
    printf '#include "gradus/base/a.hpp"\n#include <gradus/nn/m.hpp>\n' > "$root/include/gradus/nn/n.hpp"
    printf '#include "gradus/%s.hpp"\n' base/a io/i nn/m nn/n > "$root/include/gradus/gradus.hpp"
    touch "$root/include/gradus/nn/m.hpp" "$root/include/gradus/io/i.hpp" "$root/src/nn/private.hpp"
    printf '#include "gradus/nn/n.hpp"\n#include "private.hpp"\n' > "$root/src/nn/n.cpp"
    printf '%s\n' "$4" >> "$root/$3"
    check "$root" > /dev/null
    result=$?
    [ $result -eq "$1" ] || { echo "check_floors: '$2' gives $result instead of $1" && failed=$((failed + 1)); }
  }
  try 0 "a valid tree" src/nn/n.cpp ''
  try 0 "downwards" src/nn/n.cpp '#include <gradus/base/a.hpp>'
  try 0 "the header of all headers" include/gradus/gradus.hpp '#include "gradus/nn/n.hpp"'
  try 1 "the header of all headers in the library" src/nn/n.cpp '#include "gradus/gradus.hpp"'
  try 1 "upwards" src/base/a.cpp '#include "gradus/nn/n.hpp"'
  try 1 "upwards, angle brackets" include/gradus/base/a.hpp '  #  include <gradus/nn/n.hpp>  // comment'
  try 1 "sideways" src/nn/n.cpp '#include "gradus/io/i.hpp"'
  try 1 "a missing file" src/nn/n.cpp '#include "gradus/base/none.hpp"'
  try 1 "a path around the rule" src/base/a.cpp '#include "../nn/private.hpp"'
  try 1 "a private header in a public one" include/gradus/nn/n.hpp '#include "m.hpp"'
  try 1 "a header that gradus.hpp omits" include/gradus/io/new.hpp ''
  try 0 "words from a stream" src/nn/n.cpp 'std::istringstream words(line);'
  try 0 "printf in a comment" src/nn/n.cpp '// as printf does'
  try 1 "a number from strtod" src/nn/n.cpp 'double x = std::strtod(words, nullptr);'
  try 1 "a number from stof" include/gradus/nn/m.hpp 'float x = std::stof(words);'
  try 1 "a number from snprintf" src/nn/n.cpp 'std::snprintf(line, sizeof line, "%.3f", x);'
  try 1 "a stream with the program's locale" src/nn/n.cpp 'std::ostringstream out;'
  try 1 "a folder that is not a floor" src/attic/a.cpp ''
  echo "check_floors: $((total - failed)) of $total trials as expected"
  return $((failed > 0))
}

if [ "${1:-}" = --self-test ]; then
  self_test
else
  check "${1:-$(dirname "$0")/..}" && echo "floors: every include points downwards"
fi
