#!/usr/bin/env bash
# Installs gradus and builds two programs outside this tree against it: tests/package/outside.cpp, and the example in docs/reference.dox.
#
#   tests/test_package.sh [preset ...]     presets that are already built (default: default)
#
# A double build must export its precision: checked in the files it would install, or by a build if named.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/expect.sh"

# run <title> <command...>: prints output only on failure
run() {
  local title=$1
  shift
  if "$@" > "$scratch/log" 2>&1; then return 0; fi
  echo "package: $title failed:"
  tail -n 20 "$scratch/log" | sed 's/^/    /'
  return 1
}
# leaks <tree> <folder>: lines of the folder's CMake files with a path into the tree, or with this machine's instructions.
# Only paths that begin with the tree's name count: for a tree at /gradus, "prefix/include/gradus" does not.
leaks() {
  local tree
  tree=$(printf '%s' "$1" | sed 's/[][\.*^$+?(){}|]/\\&/g')
  grep -rnE -e "(^|[^A-Za-z0-9_./}-])$tree(/|[^A-Za-z0-9_.-]|$)" -e "march=" "$2" --include='*.cmake'
}
mkdir "$scratch/lines"
echo 'set(headers "${_IMPORT_PREFIX}/include/gradus" "${PREFIX}/gradus/x")' > "$scratch/lines/sound.cmake"
expect "these lines are not paths into /gradus" not leaks /gradus "$scratch/lines"
echo 'set(headers "/a+b/gradus/include")' > "$scratch/lines/leak.cmake"
expect "a path into the tree is found" leaks /a+b/gradus "$scratch/lines"
trial() {
  local preset=$1 prefix=$scratch/$1/prefix work=$scratch/$1
  mkdir -p "$work/build"
  sed -n '/^    #include <gradus/,/^    }$/s/^    //p' "$root/docs/reference.dox" > "$work/build/example.cpp"
  run "$preset: install" cmake --install "$root/build/$preset" --prefix "$prefix" &&
    run "$preset: configure" cmake -S "$root/tests/package" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror" &&
    run "$preset: build" cmake --build "$work/build" &&
    run "$preset: run the example" "$work/build/example" && [ "$(wc -l < "$scratch/log")" -eq 100 ] &&
    run "$preset: run" "$work/build/outside" && grep -q "product 24" "$scratch/log" || return 1
  # Another library has loaded BLAS before: its kernel stays, and the banner explains what to do.
  if [ "$(uname -m)" = x86_64 ] && grep -qw avx2 /proc/cpuinfo 2> /dev/null; then
    local blas
    blas=$(sed -n 's/^blas //p' "$scratch/log")
    cp "$scratch/log" "$scratch/plain"
    run "$preset: run beside a slow BLAS" env -u OPENBLAS_CORETYPE "$work/build/outside" "$blas" &&
      grep -q "start the program with OPENBLAS_CORETYPE=" "$scratch/log" &&
      run "$preset: run with a core type" env OPENBLAS_CORETYPE=HASWELL "$work/build/outside" &&
      grep -q "kernel Haswell" "$scratch/log" || {
      echo "package: $preset: the banner does not explain how to get a faster BLAS" && return 1
    }
    cp "$scratch/plain" "$scratch/log"
  fi
  # An installed package must not refer to this tree or force this machine's instructions on others.
  if leaks "$root" "$prefix"; then
    echo "package: $preset: the lines above do not belong in an installed package"
    return 1
  fi
  grep -q "$([ "$preset" = double ] && echo double || echo float)" "$scratch/log" || {
    echo "package: $preset: the precision was not exported" && return 1
  }
}
for preset in "${@:-default}"; do
  expect "$preset" trial "$preset"
done
for targets in "$root"/build/double/CMakeFiles/Export/*/gradusTargets.cmake "$root"/build/double/CMakeFiles/Export/*/*/*/gradusTargets.cmake; do
  [ -e "$targets" ] || continue
  expect "the double build exports GRADUS_DOUBLE" grep -q 'INTERFACE_COMPILE_DEFINITIONS "GRADUS_DOUBLE"' "$targets"
done
report
