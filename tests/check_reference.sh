#!/usr/bin/env bash
# Builds the reference of the public API with Doxygen (docs/Doxyfile), in build/docs. Fails when a public name has no comment, when
# Doxygen warns of anything else, when an enumerator is not described, when an error is announced otherwise than as "Throws Error",
# or when a page links to a file outside of the reference.
#
#   tests/check_reference.sh [root]        builds and checks the reference of root (default: this repository)
#   tests/check_reference.sh --self-test   tests that the check detects faults
#
# One line per fault. Without Doxygen the check is skipped; `make docs` installs it.
set -u

# check_enumerators <root>: an enumerator has a comment behind it, or its name is in the comment of the enumeration
check_enumerators() {
  (cd "$1" && find include/gradus -name '*.hpp' -not -path '*/kernels/*' | LC_ALL=C sort | xargs -r awk '
    FNR == 1 || /^};/ { hidden = 0 }
    /^ *private:/ { hidden = 1 }
    /^ *\/\/\// { comment = comment " " $0; next }
    /^ *enum / { inside = !hidden; text = "" }
    inside && !/\/\/\/</ { text = text " " $0 }
    inside && /};/ {
      inside = 0
      sub(/[^{]*{/, "", text); sub(/}.*/, "", text)
      gsub(/=[^,]*/, "", text); gsub(/[, ]+/, " ", text)
      count = split(text, names, " ")
      for (i = 1; i <= count; ++i)
        if ((comment " ") !~ ("[^A-Za-z0-9_]" names[i] "[^A-Za-z0-9_]")) { print FILENAME ":" FNR ": enumerator " names[i] " is not described"; faults = 1 }
    }
    { comment = "" }
    END { exit faults }')
}

check() {  # check <root>
  local faults links
  rm -rf "$1/build/docs"
  mkdir -p "$1/build"
  faults=$(cd "$1" && doxygen docs/Doxyfile 2>&1 | sed "s|^$PWD/||; s/: error: /: /" | LC_ALL=C sort -u
           check_enumerators "$1"
           cd "$1" && grep -rnE '//.*[Tt]hrows? (gradus::|exception)' include/gradus | sed -E 's/^([^:]*:[0-9]*:).*/\1 write "Throws Error"/')
  links=$(grep -rhoE 'href="\.\./[^"]*' "$1/build/docs" --include='*.html' | sed 's/href="/a page links to /' | sort -u)
  [ -z "$faults$links" ] || { printf '%s\n' "$faults" "$links" | grep . && return 1; }
  [ -e "$1/build/docs/index.html" ]
}

# self_test: a small valid tree, then one fault at a time
self_test() {
  local failed=0 total=0 here
  here=$(cd "$(dirname "$0")/.." && pwd)
  scratch=$(mktemp -d) || exit 1
  trap 'rm -rf "$scratch"' EXIT
  expect() { "${@:2}" > /dev/null || { echo "check_reference: $1" && failed=$((failed + 1)); }; }
  try() {  # try <words of the fault, or nothing> <title> <sed expression for the header> [line of docs/ops.md]
    root=$scratch/$((total += 1))
    mkdir -p "$root"/docs "$root/include/gradus/ops" "$root/include/gradus/kernels"
    cp "$here"/docs/{Doxyfile,doxygen.awk,reference.dox} "$root/docs"
    echo 'void kernel();' > "$root/include/gradus/kernels/k.hpp"
    printf '# Ops\n\n[a.hpp](../include/gradus/ops/a.hpp)\n%s\n' "${4:-}" > "$root/docs/ops.md"
    sed "$3" > "$root/include/gradus/ops/a.hpp" << 'END'
#pragma once
// Ops of this test.
namespace gradus {

/// relu: sets negative values to 0.
///
///   y = max(x, 0)
struct Relu {
  Tensor y{};  ///< kept for backward
  Tensor forward(const Tensor& x);
  Grads<1> backward(const Tensor& dy) const;
};
Var relu(const Var& x);

// The sum (the difference). Throw Error when the shapes differ.
Var add(const Var& a, const Var& b);
Var subtract(const Var& a, const Var& b);

/// The larger (smaller) of two numbers.
Var maximum(const Var& a, const Var& b = Tensor());
Var minimum(const Var& a, const Var& b);

/// All kinds: one, two.
enum class Kind { one, two };

/// A layer.
struct Linear : Module {
  Linear(Module& parent, const std::string& name, Index inputs);
  Var operator()(const Var& x);
  Parameter w, b;  ///< weights and bias

 private:
  void hidden();
};

namespace detail {
void hidden();
}

}  // namespace gradus
END
    check "$root" > "$root/said"
    result=$?
    if [ -z "$1" ]; then expect "'$2' gives $result instead of 0: $(cat "$root/said")" test $result -eq 0
    else expect "'$2' gives $result instead of 1 and '$1': $(cat "$root/said")" eval "[ $result -eq 1 ] && grep -qF '$1' '$root/said'"; fi
  }
  try '' "a valid header" ''
  page=$(sed 's/<[^>]*>//g' "$root/build/docs/group__ops.html")
  expect "a comment above a block must be in every description" test "$(grep -c 'Throws Error when' <<< "$page")" -eq 2
  expect "a function must have the formula of its op" grep -qE '(fragment|"line").*y = max\(x, 0\)' "$root/build/docs/group__ops.html"
  try 'a.hpp:23: Member alone(' "a function" '23s|^|void alone();\n\n|'
  try 'Member relu(' "a function that is apart from its op" 's|^Var relu|\n&|'
  try 'Member alone(' "a function behind a block and an empty line" '/^Var subtract/s|$|\n\nvoid alone();|'
  try 'Member add(' "a block" '/^\/\/ The sum/d'
  try 'a.hpp:10: Member z ' "a member below one with a comment" '9s|$|\n  Tensor z{};|'
  try 'Member w ' "two variables" 's|  ///< weights and bias||'
  try 'Compound gradus::Bare is' "a type" '23s|^|struct Bare {\n  int x;  ///< documented\n};\n\n|'
  try 'Member Kind ' "an enumeration" '/^\/\/\/ All kinds/d'
  try 'enumerator three ' "an enumerator" 's|one, two }|one, two, three }|'
  try 'unknown command' "an unknown command" 's|sets negative|@sets negative|'
  try 'a.hpp:15: write "Throws Error"' "another form" '15s|Throw Error|Throw gradus::Error|'
  try '../Makefile' "a link" '' '[Makefile](../Makefile)'
  echo "check_reference: $((total - failed)) of $total trials as expected"
  return $((failed > 0))
}

if ! command -v doxygen > /dev/null; then
  echo "SKIPPED: the reference of the API: Doxygen is not installed (make docs installs it)"
elif [ "${1:-}" = --self-test ]; then
  self_test
else
  check "$(cd "${1:-$(dirname "$0")/..}" && pwd)" && echo "build/docs/index.html: every public name has a comment"
fi
