# Commands of Gradus. `make` alone lists them; CMake builds (see CMakePresets.json).

JOBS  := $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
BUILD := build

# quoted(VARIABLE): its value as one word of the shell, with any characters
quoted   = '$(subst ','\'',$(value $1))'
# option(VARIABLE,name): `--name value` when the variable has a value
option   = $(if $(value $1),--$2 $(call quoted,$1))
# given(VARIABLE,name): the same, but only for `make ... VARIABLE=value`, not for the environment
given    = $(if $(findstring command line,$(origin $1)),--$2 $(call quoted,$1))
SETTINGS = $(call given,PRESET,preset) $(call given,SEED,seed) $(call given,THREADS,threads) $(call given,DATA,data) \
           $(call given,OUT,out) $(call given,EPOCHS,epochs) $(if $(SHOWN),--only $(SHOWN),$(call given,ONLY,only)) $(call given,PART,part) \
           $(call given,RANKS,ranks) $(call given,SHARDS,shards) $(ARGS)
# here: stops with a message when build/ belongs to another folder, as in a copied or moved project
here     = for cache in $(BUILD)/*/CMakeCache.txt; do \
             home=$$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$$cache" 2> /dev/null); \
             [ -z "$$home" ] || [ "$$home" -ef . ] || [ "$$home" -ef studio ] || \
               { echo "$(BUILD)/ was made for $$home, but the project is in $$PWD: run make clean, then this again" >&2; exit 1; }; \
           done
# build(preset,targets)
build    = $(here) && cmake --preset $1 > /dev/null && cmake --build --preset $1 --parallel $(JOBS) $(if $2,--target $2) -- --no-print-directory -s
# EX=05 selects the program that shows exercise 5, with the student's files
comma    := ,
ifneq ($(and $(EX),$(filter lecture4,$(MAKECMDGOALS))),)
  SHOWN  := $(shell sed -n 's/.*"program": *"\([^"]*\)".*/\1/p' $(wildcard $(patsubst %,exercises/%*/exercise.json,$(EX) 0$(EX))) /dev/null)
  ifneq ($(words $(SHOWN)),1)
    $(error EX=$(EX): no such exercise; there are $(patsubst exercises/%/exercise.json,%,$(wildcard exercises/*/exercise.json)))
  endif
  override ONLY := $(SHOWN)
  override MINE := 1
endif
# the programs that ONLY=06,22 and PART=6 select
CHOSEN   = $(strip $(foreach n,$(if $(PART)$(ONLY),$(or $(subst $(comma), ,$(ONLY)),[0-9])),\
             $(notdir $(basename $(wildcard lectures/lecture4/$(or $(PART),[0-9])*/$(n)*.cpp)) \
             $(patsubst %/picture.cpp,%,$(if $(PART),,$(wildcard exercises/$(n)*/picture.cpp))))))

# A student's copy (make handout) has no solutions: its lecture programs run with the student's files.
ifneq ($(wildcard exercises/.original),)
  MINE ?= 1
endif
GRADE    = $(BUILD)/double/tests/gradus-grade
TOOL     = $(call build,double,gradus-grade) && $(GRADE)
WHICH    = $(call option,EX,ex) $(call option,TODO,todo)

.DEFAULT_GOAL := help
.PHONY: help deps deps-lecture deps-grade deps-test deps-check deps-docs deps-browser deps-studio deps-mpi deps-cluster deps-slurm build lecture4 book site studio exercises watch grade hint reset solution submit doctor test clean

help: ## show this text
	@echo "Gradus: deep generative modelling from scratch"
	@echo
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/make \1\t\2/p; s/^#> \(.*\)/\t  \1/p' $(MAKEFILE_LIST) \
	  | awk -F '\t' '{ printf "  %-15s  %s\n", $$1, $$2 }'

deps: ## install missing packages
#> PURPOSE=lecture|grade|test|check|docs|browser|studio|mpi|cluster|aarch64: those of the lectures, of the exercises, of all tests (default), of make check, make docs, make book, make studio, RANKS=4, exercises/cluster, 64-bit ARM in make check
	@bash scripts/deps.sh $(if $(PURPOSE),$(call quoted,PURPOSE))

deps-lecture deps-grade deps-test deps-check deps-docs deps-browser deps-studio deps-mpi deps-cluster deps-slurm:
	@bash scripts/deps.sh $(@:deps-%=%)

build: deps-test ## build the library, the lectures and the tests
	@$(call build,default)

lecture4: $(if $(filter 1,$(MINE)),deps-grade,deps-lecture) $(if $(RANKS),deps-mpi) ## build and run lecture 4, then open out/lecture4/index.html
#> PRESET=quick|full  SEED=1  THREADS=2  DATA=folder  OUT=folder  EPOCHS=5  ONLY=06,22  PART=6
#> RANKS=4  SHARDS=8: on four processes, connected by MPI (ONLY=11,25)
#> MINE=1: with your exercise files in place of the library's
#> EX=05: the pictures of exercise 5, with your files
ifeq ($(MINE),1)
	@$(call build,double,gradus-grade)
	@files=$$($(GRADE) mine) && cmake --preset default -DGRADUS_MINE="$$files" > /dev/null && \
	  IFS=';' && bash scripts/mine_cache.sh $$files
	@$(call build,default,lecture4_runner $(or $(addprefix mine_,$(CHOSEN)),lecture4_mine))
	@$(BUILD)/default/lectures/lecture4/lecture4 --from $(BUILD)/default/mine --beside out/lecture4 $(if $(call given,OUT,out),,--out out/mine) $(SETTINGS)
else
	@$(call build,default,$(if $(CHOSEN),lecture4_runner $(CHOSEN),lecture4))
	@$(BUILD)/default/lectures/lecture4/lecture4 $(SETTINGS)
endif

book: deps-lecture ## write the lecture with its results as one PDF (out/lecture4/book.pdf)
	@$(call build,default,lecture4_runner)
	@$(BUILD)/default/lectures/lecture4/lecture4 --page $(SETTINGS)
	@bash scripts/book.sh pdf $(if $(call given,OUT,out),$(call quoted,OUT),out/lecture4)

site: deps-lecture ## copy the lecture with its results, and the studio if there is one, to out/site, for a web server
	@$(call build,default,lecture4_runner)
	@$(BUILD)/default/lectures/lecture4/lecture4 --page $(SETTINGS)
	@bash scripts/book.sh site $(if $(call given,OUT,out),$(call quoted,OUT),out/lecture4) out/site

# Debian's emscripten looks for its JavaScript modules where only Debian's node finds them.
studio: $(if $(filter 1,$(MINE)),deps-grade) deps-studio ## write the studio: the engine in one page for a browser (out/studio/index.html)
#> MINE=1: with your exercise files in place of the library's
#> installs emscripten, about 800 MB; runs the lecture programs whose weights are missing in out/lecture4
	@missing=$$(node studio/build_page.js --missing out/lecture4) && \
	  if [ -n "$$missing" ]; then $(MAKE) --no-print-directory lecture4 MINE= ONLY="$$missing"; fi
ifeq ($(MINE),1)
	@$(call build,double,gradus-grade)
endif
	@$(here) && mkdir -p $(BUILD) && files=$(if $(filter 1,$(MINE)),$$($(GRADE) mine)) && export NODE_PATH="$${NODE_PATH:-/usr/share/nodejs}" && \
	  (cd studio && emcmake cmake --preset studio -DGRADUS_MINE="$$files" > /dev/null 2> ../$(BUILD)/studio.log) || \
	  { cat $(BUILD)/studio.log >&2; exit 1; } && \
	  cmake --build $(BUILD)/studio --parallel $(JOBS) -- --no-print-directory -s && \
	  node studio/build_page.js $(BUILD)/studio out/lecture4 out/studio/$(if $(filter 1,$(MINE)),mine,index).html "$$files"

exercises: deps-grade ## list all exercises with state and points, and the next step
	@$(TOOL) list

watch: deps-grade ## grade a file whenever you save it
#> EX=04
	@$(TOOL) watch $(WHICH)

grade: deps-grade ## grade your files
#> EX=04  TODO=4.5  SEED=91c4e07a (the same inputs again)
	@$(call build,double,gradus-grade)
	@$(GRADE) grade $(WHICH) $(call option,SEED,seed) $(ARGS) || [ $$? -eq 1 ]  # missing points are not an error of make

hint: deps-grade ## show the next of three hints
#> EX=04  TODO=4.5
	@$(TOOL) hint $(WHICH)

reset: deps-grade ## restart a file; your version is kept
#> EX=04  TODO=4.5
	@$(TOOL) reset $(WHICH) $(ARGS)

solution: deps-grade ## show your finished exercise beside the library's
#> EX=04
	@$(TOOL) solution $(WHICH)

submit: deps-grade ## pack your files for your instructor
#> ID=name
	@$(TOOL) submit $(call option,ID,id)

doctor: deps-grade ## check this machine's compiler and sandbox
	@$(TOOL) doctor

test: deps-test ## build and run all tests; the last line counts them
	@$(here)
	@if [ -e tests/run_tests.sh ]; then tests/run_tests.sh; else $(TOOL) grade || [ $$? -eq 1 ]; fi

clean: ## remove build/ (keeps out/, data and the files that make reset kept)
	@rm -rf $(BUILD)
	@[ -e compile_commands.json ] || rm -f compile_commands.json  # a link to a file in build/

-include tests/develop.mk  # not in a student's copy
