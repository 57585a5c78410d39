# Gradus: the front door. `make` alone explains itself; CMake does the work (see CMakePresets.json).

JOBS  := $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
BUILD := build
# The thread sanitizer does not see the barriers inside OpenMP's runtime. Clang's runtime brings Archer, which tells it of
# them and starts by itself; modules without instrumentation (the runtime, OpenBLAS) must be left out for it to be right.
TSAN  := TSAN_OPTIONS="ignore_noninstrumented_modules=1 exitcode=66"

# given(VARIABLE,option): `--option value` when `make ... VARIABLE=value` said so; the environment does not count
given    = $(if $(findstring command line,$(origin $1)),--$2 '$($1)')
SETTINGS = $(call given,PRESET,preset) $(call given,SEED,seed) $(call given,THREADS,threads) $(call given,DATA,data) \
           $(call given,OUT,out) $(call given,EPOCHS,epochs) $(call given,ONLY,only) $(ARGS)
# build(preset,targets)
build    = cmake --preset $1 > /dev/null && cmake --build --preset $1 --parallel $(JOBS) $(if $2,--target $2) -- --no-print-directory -s
SOURCES  = $$(find include src lectures tests exercises -name '*.hpp' -o -name '*.cpp' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help deps deps-check lecture4 test bench check format asan tsan fuzz clean build

help: ## this text
	@echo "Gradus: deep generative modelling from scratch"
	@echo
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/make \1\t\2/p; s/^#> \(.*\)/\t  \1/p' $(firstword $(MAKEFILE_LIST)) \
	  | awk -F '\t' '{ printf "  %-14s  %s\n", $$1, $$2 }'

deps: ## install what is missing (does nothing when all is there)
	@scripts/deps.sh

deps-check:
	@scripts/deps.sh check

build: deps ## build the library, the lectures and the tests
	@$(call build,default)

lecture4: deps ## build and run lecture 4, then open out/lecture4/index.html
#> PRESET=quick|full  SEED=1  THREADS=2  DATA=folder  OUT=folder  EPOCHS=5  ONLY=03
	@$(call build,default,lecture4)
	@$(BUILD)/default/lectures/lecture4/lecture4 $(SETTINGS)

test: deps ## build and run all tests; the last line counts them
	@tests/run_tests.sh

bench: deps ## our speed beside PyTorch's (Debian's python3-torch, where it is installed)
#> CASES=mlp_vae,mlp_ae  THREADS=2
	@$(call build,default,bench)
	@/usr/bin/env python3 tests/bench/run_bench.py --ours $(BUILD)/default/tests/bench $(call given,CASES,cases) $(call given,THREADS,threads) $(ARGS)

check: deps-check ## formatting, floors, no warning from either compiler, the package, clang-tidy
	@tests/run_checks.sh

format: deps-check ## lay out all sources with clang-format
	@clang-format -i $(SOURCES)

asan: deps ## unit tests under the address and undefined-behaviour sanitizers
	@$(call build,asan,unit_tests)
	@$(BUILD)/asan/tests/unit_tests

tsan: deps-check ## unit tests under the thread sanitizer
	@$(call build,tsan,openmp_probe unit_tests)
	@$(TSAN) $(BUILD)/tsan/tests/openmp_probe || { echo "a correct OpenMP loop is reported: results mean nothing here"; exit 1; }
	@! $(TSAN) $(BUILD)/tsan/tests/openmp_probe race > /dev/null 2>&1 || { echo "a real race is not reported"; exit 1; }
	@$(TSAN) $(BUILD)/tsan/tests/unit_tests

fuzz: deps ## damaged files against every reader, under the address sanitizer
#> ITERATIONS=200000  SEED=1
	@$(call build,asan,fuzz_readers)
	@$(BUILD)/asan/tests/fuzz_readers --iterations $(or $(ITERATIONS),200000) $(call given,SEED,seed)

clean: ## remove build/ (pictures in out/ and data stay)
	@rm -rf $(BUILD)
