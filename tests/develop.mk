# Commands for instructors and developers, included by the Makefile. Not part of a student's copy.

# The thread sanitizer does not know the barriers inside OpenMP's runtime. Clang's runtime includes Archer, which informs it
# about them and starts automatically. Modules without instrumentation (the runtime, OpenBLAS) must be ignored for correct results.
TSAN  := TSAN_OPTIONS="ignore_noninstrumented_modules=1 exitcode=66"

SOURCES = $$(find include src lectures studio tests exercises -name '*.hpp' -o -name '*.cpp')

# the preset that `make bench` builds: the default, or that of ARCH
BENCHED = $(if $(call given,ARCH,arch),$(or $(filter haswell,$(ARCH)),$(error ARCH=$(ARCH): no such instruction set; there is haswell)),default)

.PHONY: handout class merge autograder prove bench docs check format asan tsan fuzz

handout: deps-grade ## create the students' copy as a zip, without solutions
	@$(call build,double,gradus-grade handed_out)
	@$(GRADE) handout $(ARGS)

class: deps-grade ## grade a folder of submissions; resumes an interrupted run
#> SUBMISSIONS=folder  REGRADE=ada
	@$(TOOL) class $(if $(SUBMISSIONS),$(call quoted,SUBMISSIONS),submissions) -j $(JOBS) $(call option,REGRADE,regrade) $(ARGS)

merge: deps-grade ## join the parts of a class that were graded on several machines (exercises/cluster)
#> SUBMISSIONS=folder
	@$(TOOL) merge $(if $(SUBMISSIONS),$(call quoted,SUBMISSIONS),submissions) $(ARGS)

autograder: deps-grade ## create the zip for Gradescope
	@$(TOOL) autograder $(ARGS)

prove: deps-check ## test the grader: stubs, reference, mistakes, attacks, with both compilers and every sandbox level
	@$(TOOL) prove --full --seeds 200 $(ARGS)

bench: deps-lecture $(if $(findstring ranks,$(CASES)),deps-mpi) ## compare the speed with PyTorch and JAX, where they are installed
#> CASES=mlp_vae,mlp_ae  THREADS=2
#> PEERS=/path/to/python: Pythons that have PyTorch or JAX, comma-separated (default: Debian's python3-torch)
#> ARCH=haswell: all sides without AVX-512, as on most laptops
#> CASES=scaling: over batch, channels and threads, with a plot
#> CASES=ranks: training on two MPI ranks, and a model of 2 to 1024 ranks
	@[ $(BENCHED) = default ] || grep -qs avx2 /proc/cpuinfo || { echo "ARCH=haswell: needs Linux on a processor with AVX2" >&2; exit 1; }
	@$(call build,$(BENCHED),bench $(if $(findstring ranks,$(CASES)),rank_bench))
	@/usr/bin/env python3 tests/bench/run_bench.py --ours $(BUILD)/$(BENCHED)/tests/bench/bench $(call given,ARCH,arch) $(call given,CASES,cases) $(call given,THREADS,threads) $(call given,PEERS,peers) $(ARGS)

docs: deps-docs ## build the reference of the API (build/docs/index.html); check it, docs/ops.md and the index of the slides
	@tests/check_ops_page.sh
	@tests/check_slides.sh
	@tests/check_reference.sh

check: deps-check ## check formatting, floors, warnings of both compilers, AVX2, 64-bit ARM, the package, clang-tidy
	@tests/run_checks.sh

format: deps-check ## lay out all sources with clang-format
	@clang-format -i $(SOURCES)

asan: deps-test ## run the unit tests under the address and undefined-behaviour sanitizers
	@$(call build,asan,unit_tests)
	@$(BUILD)/asan/tests/unit_tests

tsan: deps-check ## run the unit tests under the thread sanitizer
	@$(call build,tsan,openmp_probe unit_tests)
	@$(TSAN) $(BUILD)/tsan/tests/openmp_probe || { echo "a correct OpenMP loop is reported: the results are meaningless here"; exit 1; }
	@! $(TSAN) $(BUILD)/tsan/tests/openmp_probe race > /dev/null 2>&1 || { echo "a real race is not reported"; exit 1; }
	@$(TSAN) $(BUILD)/tsan/tests/unit_tests

fuzz: deps-test ## test every reader and the grader with damaged files and messages, under the address sanitizer
#> ITERATIONS=200000  SEED=1
	@$(call build,asan,fuzz_readers fuzz_grader)
	@$(BUILD)/asan/tests/fuzz_readers --iterations $(if $(ITERATIONS),$(call quoted,ITERATIONS),200000) $(call given,SEED,seed)
	@$(BUILD)/asan/tests/fuzz_grader --iterations $(if $(ITERATIONS),$(call quoted,ITERATIONS),200000) $(call given,SEED,seed)
