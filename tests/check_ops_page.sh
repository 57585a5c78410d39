#!/usr/bin/env bash
# docs/ops.md and the headers name the same ops, layers and optimizers, and tests/gradient names every op.
#
#   tests/check_ops_page.sh [root]        checks docs/ops.md under root (default: this repository)
#   tests/check_ops_page.sh --self-test   tests that the check detects faults
#
# Ops are the functions that return a Var in include/gradus/ops and generative, outside classes;
# layers are the Modules of nn/layers.hpp; optimizers are the classes of optim/optimizer.hpp.
# On the page they are in the first column of a table.
set -u

check() {  # check <root>: one line per fault
  local root=$1 ops op here there tested
  ops=$(sed -nE 's/^(inline )?Var ([a-z][a-z0-9_]*)\(.*/\2/p' "$root"/include/gradus/{ops,generative}/*.hpp | sort -u)
  here=$(echo "$ops"
         sed -nE 's/^struct ([A-Za-z0-9]+) : Module.*/\1/p' "$root/include/gradus/nn/layers.hpp"
         sed -nE 's/^class ([A-Za-z0-9]+).*/\1/p' "$root/include/gradus/optim/optimizer.hpp")
  there=$(sed -nE 's/^\| (`[^|]*)\|.*/\1/p' "$root/docs/ops.md" | grep -oE '`[A-Za-z0-9_]+`' | tr -d '`')
  here=$(sort -u <<< "$here") there=$(sort -u <<< "$there")
  comm -23 <(echo "$here") <(echo "$there") | sed 's|$| has no row in docs/ops.md|'
  comm -13 <(echo "$here") <(echo "$there") | sed 's|^|docs/ops.md has a row for |; s|$|, which no header declares|'
  [ -n "$here" ] && [ "$here" = "$there" ] || return 1
  tested=$(sed 's/std::[a-z_]*//g; s|//.*||' "$root"/tests/gradient/*.cpp)  # std::max is no test of max
  for op in $ops; do grep -qw "$op" <<< "$tested" || { echo "$op has no test in tests/gradient" && return 1; }; done
}

# self_test: a small valid page, then one fault at a time
self_test() {
  local failed=0 total=0
  scratch=$(mktemp -d) || exit 1
  trap 'rm -rf "$scratch"' EXIT
  try() {  # try <expected: 0 or 1> <title> <file> <line>
    local root=$scratch/$((total += 1)) result
    mkdir -p "$root"/docs "$root/tests/gradient" "$root"/include/gradus/{ops,generative,nn,optim}
    printf 'Var relu(const Var& x);\nstruct Relu {\n  Var helper();\n};\n' > "$root/include/gradus/ops/a.hpp"
    printf 'inline Var operator+(const Var& a, const Var& b);\n' > "$root/include/gradus/generative/g.hpp"
    printf 'struct Linear : Module {\n' > "$root/include/gradus/nn/layers.hpp"
    printf 'class Adam {\n' > "$root/include/gradus/optim/optimizer.hpp"
    printf '| op | PyTorch |\n|---|---|\n| `relu` `Linear` | `F.relu` |\n| `Adam` | x |\n' > "$root/docs/ops.md"
    echo 'relu elbo' > "$root/tests/gradient/a.cpp"
    printf '%s\n' "$4" >> "$root/$3"
    check "$root" > /dev/null
    result=$?
    [ $result -eq "$1" ] || { echo "check_ops_page: '$2' gives $result instead of $1" && failed=$((failed + 1)); }
  }
  try 0 "a valid page" docs/ops.md ''
  try 1 "an op without a row" include/gradus/ops/a.hpp 'Var tanh(const Var& x);'
  try 1 "an inline op without a row" include/gradus/generative/g.hpp 'inline Var elbo(const Var& x) {'
  try 1 "a layer without a row" include/gradus/nn/layers.hpp 'struct Conv2d : Module {'
  try 1 "an optimizer without a row" include/gradus/optim/optimizer.hpp 'class Sgd {'
  try 1 "a row without an op" docs/ops.md '| `gelu` | `F.gelu` |'
  sed -i 's,relu,std::relu();  // relu,' "$scratch/1/tests/gradient/a.cpp"
  check "$scratch/1" > /dev/null && echo "check_ops_page: an op without a gradient test is not detected" && failed=$((failed + 1))
  echo "check_ops_page: $((total - failed)) of $total trials as expected"
  return $((failed > 0))
}

if [ "${1:-}" = --self-test ]; then
  self_test
else
  check "${1:-$(dirname "$0")/..}" && echo "docs/ops.md: every op, layer and optimizer has a row, and every op a gradient test"
fi
