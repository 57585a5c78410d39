#!/usr/bin/env bash
# The checks of `make check`: formatting, floors, both compilers with -Werror, the narrower vectors of other processors,
# 64-bit ARM under emulation, the package, clang-tidy. Runs all of them, then reports.
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
builds() { cmake --preset "$1" > /dev/null && cmake --build --preset "$1" --parallel "$jobs" --target "$2"; }  # builds <preset> <target>
check_gcc() { compiles g++ check-gcc; }
check_clang() { compiles clang++ check-clang; }
check_vectors() {  # the unit tests with the baseline vectors of this processor family
  cmake -S . -B build/check-vectors -DGRADUS_NATIVE=OFF > /dev/null &&
    cmake --build build/check-vectors --parallel "$jobs" --target unit_tests && build/check-vectors/tests/unit_tests
}
check_haswell() {  # the unit tests with AVX2, and a short make bench ARCH=haswell
  builds haswell unit_tests && build/haswell/tests/unit_tests && make bench ARCH=haswell CASES=mlp_vae ARGS="--rounds 1 --seconds 0.05"
}
check_aarch64() {  # the unit tests and, in double, those of gradients under emulation of Ampere's core; the inner loop of both compilers
  local emulator=(env QEMU_CPU=neoverse-n1 OMP_WAIT_POLICY=passive qemu-aarch64-static) tile=src/kernels/gemm_tiles.cpp
  builds aarch64 unit_tests && builds aarch64-double gradient_tests && tests/check_neon.sh --self-test &&
    clang++ --target=aarch64-linux-gnu -std=c++20 -O3 -fopenmp -fno-math-errno -Iinclude -c $tile -o build/aarch64/clang_tiles.o &&
    tests/check_neon.sh build/aarch64/clang_tiles.o build/aarch64/CMakeFiles/gradus.dir/$tile.o &&
    "${emulator[@]}" build/aarch64/tests/unit_tests && "${emulator[@]}" build/aarch64-double/tests/gradient_tests
}
check_package() {  # in both precisions
  local preset
  for preset in default double; do builds $preset gradus || return; done
  tests/test_package.sh default double
}
check_tidy() {  # uses the compile commands of the clang build
  find src lectures -name '*.cpp' -print0 | xargs -0 -P "$jobs" -n 2 clang-tidy --quiet -p build/check-clang
}

why_not() {  # why_not <name>: why a check cannot run here, if so
  local missing
  case $1 in
    haswell) grep -qs avx2 /proc/cpuinfo || echo "this processor has no AVX2" ;;
    aarch64)
      missing=$(bash scripts/deps.sh aarch64 --list | tr '\n' ' ')
      [ -z "$missing" ] || echo "make deps PURPOSE=aarch64 installs ${missing% }"
      ;;
  esac
}

for name in format floors gcc clang vectors haswell aarch64 package tidy; do
  why=$(why_not $name)
  [ -z "$why" ] || { echo "$name: skipped, $why" && continue; }
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
