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

# A student's copy (make handout) has no solutions: there the demos run with the student's files.
ifneq ($(wildcard exercises/.original),)
  MINE ?= 1
endif
GRADE    = $(BUILD)/double/tests/gradus-grade
TOOL     = $(call build,double,gradus-grade) && $(GRADE)
WHICH    = $(if $(EX),--ex '$(EX)') $(if $(TODO),--todo '$(TODO)')

.DEFAULT_GOAL := help
.PHONY: help deps deps-check lecture4 exercises watch grade hint reset solution submit doctor handout class autograder prove \
  test bench check format asan tsan fuzz clean build

help: ## this text
	@echo "Gradus: deep generative modelling from scratch"
	@echo
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/make \1\t\2/p; s/^#> \(.*\)/\t  \1/p' $(firstword $(MAKEFILE_LIST)) \
	  | awk -F '\t' '{ printf "  %-14s  %s\n", $$1, $$2 }'

deps: ## install what is missing (does nothing when all is there)
	@bash scripts/deps.sh

deps-check:
	@bash scripts/deps.sh check

build: deps ## build the library, the lectures and the tests
	@$(call build,default)

lecture4: deps ## build and run lecture 4, then open out/lecture4/index.html
#> PRESET=quick|full  SEED=1  THREADS=2  DATA=folder  OUT=folder  EPOCHS=5  ONLY=03
#> MINE=1: with your exercise files in place of the library's
ifeq ($(MINE),1)
	@$(call build,double,gradus-grade)
	@files=$$($(GRADE) mine) && cmake --preset default -DGRADUS_MINE="$$files" > /dev/null
	@cmake --build --preset default --parallel $(JOBS) --target lecture4_mine lecture4 -- --no-print-directory -s
	@$(BUILD)/default/lectures/lecture4/lecture4 --from $(BUILD)/default/mine $(if $(call given,OUT,out),,--out out/mine) $(SETTINGS)
else
	@$(call build,default,lecture4)
	@$(BUILD)/default/lectures/lecture4/lecture4 $(SETTINGS)
endif

exercises: deps ## all exercises with state and points, and what is next
	@$(TOOL) list

watch: deps ## grade a file whenever it is saved
#> EX=04
	@$(TOOL) watch $(WHICH)

grade: deps ## grade what you wrote
#> EX=04  TODO=4.5  SEED=91c4e07a (the same inputs again)
	@$(call build,double,gradus-grade)
	@$(GRADE) grade $(WHICH) $(if $(SEED),--seed '$(SEED)') $(ARGS) || [ $$? -eq 1 ]  # points missing: no fault of make's

hint: deps ## the next of three hints
#> EX=04  TODO=4.5
	@$(TOOL) hint $(WHICH)

reset: deps ## begin a file again; yours is kept
#> EX=04  TODO=4.5
	@$(TOOL) reset $(WHICH) $(ARGS)

solution: deps ## your finished exercise beside the library's
#> EX=04
	@$(TOOL) solution $(WHICH)

submit: deps ## pack your files for your teacher
#> ID=name
	@$(TOOL) submit $(if $(ID),--id '$(ID)')

doctor: deps ## what this machine has: compiler, sandbox
	@$(TOOL) doctor

handout: deps ## the students' copy as a zip, without solutions
	@$(TOOL) handout $(ARGS)

class: deps ## grade a folder of submissions; goes on where it was interrupted
#> SUBMISSIONS=folder  REGRADE=ada
	@$(TOOL) class '$(or $(SUBMISSIONS),submissions)' -j $(JOBS) $(if $(REGRADE),--regrade '$(REGRADE)') $(ARGS)

autograder: deps ## the zip for Gradescope
	@$(TOOL) autograder $(ARGS)

prove: deps-check ## the grader graded: stubs, reference, mistakes, attacks, on both compilers and every sandbox level
	@$(TOOL) prove --full --seeds 200 $(ARGS)

test: deps ## build and run all tests; the last line counts them
	@if [ -e tests/run_tests.sh ]; then tests/run_tests.sh; else $(TOOL) grade; fi

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
