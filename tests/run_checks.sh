#!/usr/bin/env bash
# The checks of `make check`: formatting, floors, both compilers with -Werror,
# the narrower vectors of other processors, the package, clang-tidy. Runs all of them, then reports.
set -u
cd "$(dirname "$0")/.." || exit 1
unset MAKEFLAGS MAKELEVEL MFLAGS
jobs=$(nproc 2> /dev/null || sysctl -n hw.ncpu 2> /dev/null || echo 2)
mkdir -p build/check-logs
bad=0

check_format() { find include src lectures studio tests exercises \( -name '*.hpp' -o -name '*.cpp' \) -print0 | xargs -0 clang-format --dry-run -Werror; }
check_floors() { tests/check_floors.sh --self-test && tests/check_floors.sh; }
compiles() {  # compiles <compiler> <folder>: every target, without precompiled headers; a warning is an error
  cmake -S . -B "build/$2" -DCMAKE_CXX_COMPILER="$1" -DGRADUS_WERROR=ON -DGRADUS_PRECOMPILE=OFF > /dev/null && cmake --build "build/$2" --parallel "$jobs" -- --keep-going
}
check_gcc() { compiles g++ check-gcc; }
check_clang() { compiles clang++ check-clang; }
check_vectors() {  # the unit tests with the baseline vectors of this processor family, and with AVX2
  local flags folder
  for flags in "" -march=haswell; do
    [ -z "$flags" ] || grep -qs avx2 /proc/cpuinfo || continue
    folder=build/check-vectors$flags
    cmake -S . -B "$folder" -DGRADUS_NATIVE=OFF -DCMAKE_CXX_FLAGS="$flags" > /dev/null &&
      cmake --build "$folder" --parallel "$jobs" --target unit_tests && "$folder/tests/unit_tests" || return
  done
}
check_package() {  # in both precisions
  local preset
  for preset in default double; do cmake --preset $preset > /dev/null && cmake --build --preset $preset --parallel "$jobs" --target gradus || return; done
  tests/test_package.sh default double
}
check_tidy() {  # uses the compile commands of the clang build
  find src lectures -name '*.cpp' -print0 | xargs -0 -P "$jobs" -n 2 clang-tidy --quiet -p build/check-clang
}

for name in format floors gcc clang vectors package tidy; do
  start=$SECONDS log=build/check-logs/$name.log
  if "check_$name" > "$log" 2>&1; then
    echo "$name: fine ($((SECONDS - start)) s)"
  else
    bad=$((bad + 1))
    echo "$name: complaints ($((SECONDS - start)) s), from $log:"
    { grep -E '(error|warning):' "$log" || tail -n 20 "$log"; } | sort -u | head -n 20 | cut -c1-220 | sed 's/^/    /'
  fi
done
exit $((bad > 0))
