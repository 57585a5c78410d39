#!/usr/bin/env bash
# The layers ("floors") of the library, the lectures and the grader: an include may only point to a lower floor, or to
# the same folder. gradus/gradus.hpp, which includes everything but the kernels, is for programs; the library itself
# must not use it. Also the sizes of lines, functions and files.
#
#   tests/check_floors.sh [root]        checks the sources under root (default: this repository)
#   tests/check_floors.sh --self-test   tests that the check detects faults
#
# Exit code 1 when an include points upwards, sideways, outside the floors, or to a missing file,
# when gradus.hpp omits a header, when numbers are written or read in a way that depends on the locale
# (base/number.hpp and text() do not), and when a line, function or file is too long.
set -u

# The longest function anywhere, the longest files in src, include and lectures, and in tests, and the widest line.
longest_function=60 longest_file=400 longest_test=500 widest_line=110

# The exceptions, one per line: the file, for a function a blank and its name, then ": " and the reason.
exceptions='
tests/unit/test_golden.cpp all_ops: a list, one line per op
tests/unit/misuse_cases.hpp cases: a list, one line per op
'

# The floors of the grader, lowest first: a name, and the files (without ending) and folders on this floor. The worker is the
# program that runs students' code; no file on its floor or below knows a check or an expected value.
grader_floors='
walls     state timed lock filter landlock lockdown guarded sandbox
wire      frame calls calls/ worker
checks    check inputs formulas compare checks/
course    course stubs
building  compiler attempt prelude plain_words scratch
grading   student grading diagnosis report recorded
files     outputs archive zip_directory
commands  commands progress watch doctor
classes   entrants classroom gradebook merge
proofs    prove prove_attacks prove_class
handout   handout handout/
main      main
tests     unit/
'

# Shared by the scripts below. exists(file); fault(text): prints it with the line; target_of(line): what it includes
tools='
  function exists(file) { return (getline unused < file) >= 0 && close(file) <= 0 }
  function fault(text) { print FILENAME ":" FNR ": " text; faults = 1 }
  function target_of(line) {
    sub(/^[ \t]*#[ \t]*include[ \t]*["<]/, "", line); sub(/[">].*/, "", line)
    return line
  }
  END { exit faults }'

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

# check_lifetimes <root>: one line per loop over the values of a temporary tensor, whose storage may end before the loop begins.
# value(), back() and image() of a named object return references.
check_lifetimes() {
  local found
  found=$(cd "$1" && grep -rnE 'for \(.* : .*\(.*\)(\.[a-z_]+)*\.values\(\)\)' include src lectures exercises studio tests --include='*.[ch]pp' 2> /dev/null |
    grep -vE ' : [a-z_]+\.(value|back|image)\(\)\.values\(\)\)')
  [ -z "$found" ] || { echo "$found" | sed 's/$/   name the tensor before the loop/' && return 1; }
}

# sources <folders...>: the C++ files in them
sources() { find "$@" -name '*.[ch]pp' 2> /dev/null | LC_ALL=C sort; }

# check_library, check_lectures, check_grader: in the root; one line per include that breaks the order
check_library() {
  sources include/gradus src | xargs -r awk "$tools"'
    BEGIN {
      split("base tensor kernels autograd ops nn,optim,io data generative train", floors, " ")
      for (height = 1; height in floors; ++height) {
        count = split(floors[height], rooms, ",")
        for (i = 1; i <= count; ++i) height_of[rooms[i]] = height
      }
    }
    FNR == 1 {
      split(FILENAME, parts, "/")
      folder = parts[1] == "src" ? parts[2] : parts[3]
      place = FILENAME; sub(/[^\/]*$/, "", place)
      if (FILENAME == "include/gradus/gradus.hpp") height_of[folder] = 1000
      if (!(folder in height_of)) fault(folder "/ is not a floor")
    }
    /^[ \t]*#[ \t]*include[ \t]*("|<gradus\/)/ {
      target = target_of($0)
      split(target, parts, "/"); room = parts[2]
      if (parts[1] != "gradus") {
        if (FILENAME !~ /^src\// || target ~ /\// || !exists(place target))
          fault(target " is neither <gradus/...> nor a private header beside this source")
      } else if (!exists("include/" target)) fault(target " does not exist")
      else if (room == "gradus.hpp") fault("gradus.hpp is for programs, not for the library")
      else if (!(room in height_of) || !(folder in height_of)) fault(target " is on no floor")
      else if (room != folder && height_of[room] >= height_of[folder])
        fault(target ": " room "/ is " (height_of[room] > height_of[folder] ? "above " : "on the same floor as ") folder "/")
    }'
}

# The floors of the lectures, lowest first: support, then the headers of parts 1, 2, ..., then programs: NN_title.cpp in the
# folder of a part, and the pictures of exercises. A program may also include the runner's page; the runner includes support.
check_lectures() {
  { sources lectures; ls -d exercises/*/picture.cpp 2> /dev/null; } | xargs -r awk "$tools"'
    FNR == 1 {
      split(FILENAME, parts, "/")
      part = parts[1] == "exercises" ? "9" : parts[2] ~ /^lecture/ ? parts[3] : ""
      program = part != "" && FILENAME ~ /\.cpp$/
    }
    /^[ \t]*#[ \t]*include[ \t]*("|<gradus\/)/ {
      target = target_of($0)
      split(target, parts, "/"); room = parts[1]
      lecture = parts[2]; sub(/\..*/, "", lecture)
      if (target !~ /\// || target ~ /\.\.|\.cpp$/) fault(target " is not <gradus/...>, or folder/name.hpp under lectures")
      else if (room == "gradus") { if (!exists("include/" target)) fault(target " does not exist") }
      else if (room == "embedded") {
        if (!program && FILENAME !~ /^lectures\/runner\//) fault("only a program or the runner embeds a file")
      }
      else if (room ~ /^[0-9]_/) {
        if (!exists("lectures/lecture4/" target)) fault(target " does not exist")
        else if (part == "") fault(target ": " room "/ is above " FILENAME)
        else if (room > part) fault(target ": " room "/ is a later part than " part "/")
      }
      else if (!exists("lectures/" target)) fault(target " does not exist")
      else if (room == "runner" && !program && FILENAME !~ /^lectures\/runner\//)
        fault(target ": the runner is for programs, not for " FILENAME)
    }'
}

check_grader() {
  sources tests/grade | FLOORS=$grader_floors xargs -r awk "$tools"'
    BEGIN {
      for (height = split(ENVIRON["FLOORS"], lines, "\n"); height > 0; --height) {
        count = split(lines[height], words, " ")
        for (i = 2; i <= count; ++i) { height_of[words[i]] = height; floor_of[words[i]] = words[1] }
      }
    }
    function unit(file) {  # "calls/" or "frame"
      sub(/^tests\/grade\//, "", file)
      return file ~ /\// ? substr(file, 1, index(file, "/")) : substr(file, 1, index(file, ".") - 1)
    }
    FNR == 1 {
      here = unit(FILENAME)
      place = FILENAME; sub(/[^\/]*$/, "", place)
      if (!(here in height_of)) fault(FILENAME " is on no floor")
    }
    /^[ \t]*#[ \t]*include[ \t]*("|<gradus\/)/ {
      target = target_of($0)
      if (target ~ /^gradus\//) {
        if (!exists("include/" target)) fault(target " does not exist")
        next
      }
      file = place target
      while (sub(/[^\/]+\/\.\.\//, "", file)) {}
      if (!exists(file)) file = "tests/grade/" target  # files of a hand-out move to this folder
      there = unit(file)
      if (!exists(file)) fault(target " is neither <gradus/...> nor a file of the grader")
      else if (!(there in height_of)) fault(target " is on no floor")
      else if (height_of[there] > height_of[here]) fault(target ": " floor_of[there] " is above " floor_of[here])
    }'
}

# check_sizes: lines, functions and files that are too long, and exceptions that nothing needs any more. A function is counted from
# the first line of its declaration to its closing brace.
check_sizes() {
  sources src include lectures studio tests | EXCEPTIONS=$exceptions LC_ALL=C xargs -r awk -v "function_limit=$longest_function" \
    -v "widest=$widest_line" -v "file_limit=$longest_file" -v "test_limit=$longest_test" '
    BEGIN {
      for (i = split(ENVIRON["EXCEPTIONS"], lines, "\n"); i > 0; --i)
        if (match(lines[i], /: /)) excepted[substr(lines[i], 1, RSTART - 1)] = 1
    }
    # The line without comments, and with 0 in place of strings and characters
    function code_of(line,    code, found, at) {
      while (1) {
        if (closing != "") {
          if (!(at = index(line, closing))) return code
          line = substr(line, at + length(closing)); closing = ""
        }
        if (!match(line, /R"[a-z]*\(|"([^"\\]|\\.)*"|[0-9a-fA-F]\047[0-9a-fA-F]|\047([^\047\\]|\\.)+\047|\/\/|\/\*/))
          return code line
        found = substr(line, RSTART, RLENGTH)
        code = code substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + RLENGTH)
        if (found == "//") return code
        if (found == "/*") closing = "*/"
        else if (found ~ /^R"/) closing = ")" substr(found, 3, length(found) - 3) "\""
        else code = code "0"
      }
    }
    # What a brace opens, given the words before it: s, a namespace or class; f, a function; v, a value
    function opened(    words) {
      words = head
      if (kind[depth] != "s" || parentheses > 0) return "v"
      while (gsub(/<[^<>]*>/, "", words)) {}
      if (words !~ /\)/) return words ~ /(^| )(namespace|class|struct|enum|union|extern)( |$)/ && words !~ /=/ ? "s" : "v"
      if (words !~ / $/) return "v"  # member{...} in the list of a constructor
      gsub(/operator *[^ (]+/, "operator", words)
      return words ~ /=/ && words !~ /\](\(| *$)/ ? "v" : "f"
    }
    function name_of(words) {
      sub(/ *\(.*/, "", words); sub(/ *=.*/, "", words); sub(/.*[ *&]/, "", words)
      return words
    }
    function too_long(what, size, limit, line) {
      if (size <= limit) return
      needed[what] = 1
      if (what in excepted) return
      print what ":" line ": " size " lines, at most " limit
      faults = 1
    }
    function keep(words) {
      if (kind[depth] != "s" || parentheses > 0) return
      sub(/^ *(public|private|protected):/, "", words)
      if (head == "") sub(/^ +/, "", words)
      if (head == "" && words != "") first = FNR
      head = head words
    }
    function ended() {
      if (file == "") return
      if (depth != 0) { print file ": braces do not balance: check_floors.sh cannot read it"; faults = 1 }
      too_long(file, lines_read, file ~ /^tests\// ? test_limit : file_limit, lines_read)
    }
    FNR == 1 { ended(); file = FILENAME; depth = parentheses = 0; head = closing = ""; kind[0] = "s" }
    {
      lines_read = FNR
      line = $0
      gsub(/[\200-\277]/, "", line)  # the further bytes of a letter
      if (length(line) > widest) { print FILENAME ":" FNR ": " length(line) " columns, at most " widest; faults = 1 }
    }
    /^ *#/ && closing == "" { next }
    {
      rest = code_of($0)
      while (match(rest, /[{}();]/)) {
        before = substr(rest, 1, RSTART - 1); c = substr(rest, RSTART, 1); rest = substr(rest, RSTART + 1)
        keep(before)
        if (c == "{") {
          what = opened()
          if (what == "v" && kind[depth] == "s") head = head "0"
          kind[++depth] = what
          if (what != "v") { begin[depth] = first; name[depth] = name_of(head); head = "" }
        } else if (c == "}") {
          if (kind[depth] == "f") too_long(FILENAME " " name[depth], FNR - begin[depth] + 1, function_limit, begin[depth])
          if (kind[depth] != "v") head = ""
          --depth
        } else if (kind[depth] == "s") {
          if (c == "(" && parentheses++ == 0) head = head "("
          else if (c == ")" && --parentheses == 0) head = head ")"
          else if (c == ";" && parentheses == 0) head = ""
        }
      }
      keep(rest)
      if (head != "") head = head " "
    }
    END {
      ended()
      for (what in excepted) if (!(what in needed)) { print what ": is no longer an exception in check_floors.sh"; faults = 1 }
      exit faults
    }'
}

check() {  # check <root>: one line per fault
  local root=$1 header complete=0
  [ -d "$root/include/gradus" ] || { echo "no include/gradus under $root" && return 1; }
  (cd "$root" && check_library) || complete=1
  (cd "$root" && check_lectures) || complete=1
  (cd "$root" && check_grader) || complete=1
  (cd "$root" && check_sizes) || complete=1
  for header in $(cd "$root/include" && find gradus/*/ -name '*.hpp' -not -path 'gradus/kernels/*' | LC_ALL=C sort); do
    grep -qF "#include \"$header\"" "$root/include/gradus/gradus.hpp" || { echo "gradus.hpp omits $header" && complete=1; }
  done
  check_numbers "$root" || complete=1
  check_lifetimes "$root" || complete=1
  return $complete
}

# self_test: a small valid tree, then one fault at a time
self_test() {
  local failed=0 total=0 long
  exceptions='
include/gradus/nn/n.hpp excepted: the trial of an exception
'
  scratch=$(mktemp -d) || exit 1
  trap 'rm -rf "$scratch"' EXIT
  lines() { printf "%0.s$2\n" $(seq "$1"); }  # lines <count> <words>
  try() {  # try <expected: 0 or 1> <title> <file> <line>
    local root=$scratch/$((total += 1)) result
    mkdir -p "$root"/include/gradus/{base,nn,io} "$root"/src/{base,nn,attic} "$root"/lectures/{support,runner} \
      "$root"/lectures/lecture4/{1_one,2_two} "$root"/exercises/03_three "$root"/tests/grade/{calls,checks,attic}
    printf '#pragma once\n#include <vector>\n' > "$root/include/gradus/base/a.hpp"
    printf '#include "gradus/base/a.hpp"\n#include <gradus/nn/m.hpp>\n' > "$root/include/gradus/nn/n.hpp"
    printf 'void excepted() {\n%s\n}\n' "$(lines 60 '  run();')" >> "$root/include/gradus/nn/n.hpp"
    printf '#include "gradus/%s.hpp"\n' base/a io/i nn/m nn/n > "$root/include/gradus/gradus.hpp"
    touch "$root/include/gradus/nn/m.hpp" "$root/include/gradus/io/i.hpp" "$root/src/nn/private.hpp"
    printf '#include "gradus/nn/n.hpp"\n#include "private.hpp"\n' > "$root/src/nn/n.cpp"
    touch "$root"/lectures/{support/s,runner/page,lecture4/1_one/one,lecture4/2_two/two,lecture4/2_two/three}.hpp
    printf '#include "%s.hpp"\n' support/s runner/page 1_one/one 2_two/two > "$root/lectures/lecture4/2_two/02_two.cpp"
    printf '#include "support/s.hpp"\n' > "$root/exercises/03_three/picture.cpp"
    touch "$root"/tests/grade/{frame,calls,check,grading,calls/graphs}.hpp
    printf '#include "%s.hpp"\n' ../check ../calls/graphs gradus/nn/n > "$root/tests/grade/checks/ex01.cpp"
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
  try 1 "a folder that is not a floor" src/attic/a.cpp ''
  try 0 "a loop over a named tensor" src/nn/n.cpp '  for (const Real v : y.value().values()) sum += v;'
  try 1 "a loop over a temporary tensor" src/nn/n.cpp '  for (const Real v : f(x).values()) sum += v;'
  try 1 "a loop over a part of a temporary" src/nn/n.cpp '  for (const Real v : f(x).data.images.values()) sum += v;'

  try 1 "a lecture in the library" src/nn/n.cpp '#include "support/s.hpp"'
  try 0 "the library in a lecture" lectures/support/s.cpp '#include "gradus/gradus.hpp"'
  try 1 "a part in support" lectures/support/s.cpp '#include "1_one/one.hpp"'
  try 1 "the runner in support" lectures/support/s.cpp '#include "runner/page.hpp"'
  try 1 "a part in the runner" lectures/runner/page.cpp '#include "2_two/two.hpp"'
  try 0 "an earlier part" lectures/lecture4/2_two/two.hpp '#include "1_one/one.hpp"'
  try 0 "the same part" lectures/lecture4/2_two/two.hpp '#include "2_two/three.hpp"'
  try 1 "a later part" lectures/lecture4/1_one/one.hpp '#include "2_two/two.hpp"'
  try 1 "a later part in a program" lectures/lecture4/1_one/01_one.cpp '#include "2_two/two.hpp"'
  try 1 "the runner in what a part shares" lectures/lecture4/1_one/one.hpp '#include "runner/page.hpp"'
  try 1 "a program in a program" lectures/lecture4/2_two/03_three.cpp '#include "2_two/02_two.cpp"'
  try 1 "a header beside the program, without its part" lectures/lecture4/2_two/03_three.cpp '#include "two.hpp"'
  try 1 "a missing file of a part" lectures/lecture4/2_two/03_three.cpp '#include "2_two/none.hpp"'
  try 1 "a missing file of support" exercises/03_three/picture.cpp '#include "support/none.hpp"'
  try 0 "an embedded file in a program" lectures/lecture4/1_one/01_one.cpp '#include "embedded/page_html.hpp"'
  try 1 "an embedded file in support" lectures/support/s.cpp '#include "embedded/page_html.hpp"'

  try 0 "a lower floor of the grader" tests/grade/grading.cpp '#include "frame.hpp"'
  try 0 "the same floor of the grader" tests/grade/calls.cpp '#include "frame.hpp"'
  try 1 "a check in the worker" tests/grade/worker.cpp '#include "check.hpp"'
  try 1 "a check in the calls" tests/grade/calls/graphs.hpp '#include "../check.hpp"'
  try 1 "grading in a check" tests/grade/checks/ex01.cpp '#include "../grading.hpp"'
  try 1 "a missing file of the grader" tests/grade/grading.cpp '#include "none.hpp"'
  try 1 "a missing header of the library in the grader" tests/grade/grading.cpp '#include "gradus/nn/none.hpp"'
  try 1 "a file of the grader on no floor" tests/grade/attic.cpp ''
  try 1 "a folder of the grader on no floor" tests/grade/attic/a.cpp ''

  long=$(lines 58 '  run();')
  try 0 "60 lines" src/nn/n.cpp "void f() {"$'\n'"$long"$'\n'"}"
  try 1 "61 lines" src/nn/n.cpp "void f() {"$'\n'"  run();"$'\n'"$long"$'\n'"}"
  try 1 "61 lines, in two lines of declaration" src/nn/n.cpp "void f(int a,"$'\n'"  int b) {"$'\n'"$long"$'\n'"}"
  try 1 "61 lines, a member" include/gradus/nn/m.hpp "struct A : B<C> {"$'\n'" public:"$'\n'"  A() : a{1}, b(2) {"$'\n'"$long"$'\n\n'"}"$'\n'"};"
  try 1 "61 lines, a template" lectures/support/s.hpp "template <class A, int b = 3>"$'\n'"bool operator==(A a) {"$'\n'"$long"$'\n'"}"
  try 1 "61 lines, a test" tests/test.cpp "TEST_CASE(\"a { b\") {"$'\n'"  run();"$'\n'"$long"$'\n'"}"
  try 1 "61 lines, a lambda" src/nn/n.cpp "const auto f = [](int a) {"$'\n'"  run();"$'\n'"$long"$'\n'"};"
  try 0 "61 lines of a table" src/nn/n.cpp "const char* const a[] = {"$'\n'"$(lines 59 '  "b",')"$'\n'"};"
  try 0 "61 lines of a class" src/nn/n.cpp "struct A {"$'\n'"$(lines 59 '  int f() { return 1; }')"$'\n'"};"
  try 0 "braces in strings and comments" src/nn/n.cpp "char a = '{', b[] = \"{\\\"{\"; /* { */ // {"
  try 0 "110 columns" src/nn/m.cpp "// ä $(printf '%0.sx' $(seq 105))"
  try 1 "111 columns" src/nn/m.cpp "// ä $(printf '%0.sx' $(seq 106))"
  try 0 "400 lines" src/nn/m.cpp "$(lines 400 '//')"
  try 1 "401 lines" src/nn/m.cpp "$(lines 401 '//')"
  try 1 "401 lines of a lecture" lectures/lecture4/1_one/01_one.cpp "$(lines 401 '//')"
  try 0 "500 lines of a test" tests/test.cpp "$(lines 500 '//')"
  try 1 "501 lines of a test" tests/test.cpp "$(lines 501 '//')"
  exceptions+='src/nn/n.cpp f: the trial of an exception that nothing needs'
  try 1 "an exception that nothing needs" src/nn/n.cpp 'void f() {}'
  try 0 "an exception" src/nn/n.cpp "void f() {"$'\n'"  run();"$'\n'"$long"$'\n'"}"

  exceptions='include/gradus/nn/n.hpp excepted: the trial of an exception'
  try 0 "words from a stream" src/nn/n.cpp 'std::istringstream words(line);'
  try 0 "printf in a comment" src/nn/n.cpp '// as printf does'
  try 1 "a number from strtod" src/nn/n.cpp 'double x = std::strtod(words, nullptr);'
  try 1 "a number from stof" include/gradus/nn/m.hpp 'float x = std::stof(words);'
  try 1 "a number from snprintf" src/nn/n.cpp 'std::snprintf(line, sizeof line, "%.3f", x);'
  try 1 "a stream with the program's locale" src/nn/n.cpp 'std::ostringstream out;'
  echo "check_floors: $((total - failed)) of $total trials as expected"
  return $((failed > 0))
}

if [ "${1:-}" = --self-test ]; then
  self_test
else
  check "${1:-$(dirname "$0")/..}" && echo "floors: every include points downwards, no file or function is too long"
fi
