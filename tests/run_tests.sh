#!/usr/bin/env bash
# Builds every test suite, runs them, then counts: the last line is "N passed, N failed" (and ", N skipped").
#
#   tests/run_tests.sh [suite ...]     suites: unit gradient lectures ranks prove exercises cluster grader runner browser
#                                      studio fuzz floors package readme editors
#                                      (default: all)
#
# A suite reports its result in its last line of the form "N passed, N failed" or in doctest's summary.
# A suite that does not build, crashes, exceeds its time or ends with a nonzero exit code counts as
# at least one failure. A line with "SKIPPED:" in a doctest suite turns one passed test into a skipped one.
# Logs are kept in build/test-logs/.
#
# Everything is built first, once. Suites that use all processors then run one after another; the others run
# in parallel. A suite is a process group: when it ends, or when this script is ended, all of its processes end.
set -u
cd "$(dirname "$0")/.." || exit 1
unset MAKEFLAGS MAKELEVEL MFLAGS
jobs=$(nproc 2> /dev/null || sysctl -n hw.ncpu 2> /dev/null || echo 2)
logs=build/test-logs
mkdir -p "$logs"
scratch=$(mktemp -d) || exit 1
groups=()  # of the running suites
finish() {
  [ ${#groups[@]} -eq 0 ] || { kill -KILL "${groups[@]/#/-}" && wait; } 2> /dev/null
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP
passed=0 failed=0 skipped=0
# The limit only ends suites that hang: on a slow machine a suite takes ten minutes.
limited() { if command -v timeout > /dev/null; then timeout --foreground --kill-after=10 3600 "$@"; else "$@"; fi; }

# the targets that a suite needs, as preset:target, and its command
alone=(unit gradient lectures ranks)  # these use all processors
needs() {
  case $1 in
    unit) echo default:unit_tests ;;
    gradient) echo double:gradient_tests ;;
    lectures) echo default:lecture4 default:exercise_pictures ;;
    runner | browser) echo default:lecture4 ;;
    studio) echo default:lecture4 default:gradients ;;
    ranks) echo default:11_vae default:25_dcgan ;;
    prove | cluster) echo double:gradus-grade ;;
    exercises) echo double:gradus-grade double:handed_out ;;
    grader) echo double:grade_tests ;;
    fuzz) echo asan:fuzz_readers asan:fuzz_grader ;;
    package | editors) echo default:gradus ;;
  esac
}
suite_unit() { limited build/default/tests/unit_tests; }
suite_gradient() { limited build/double/tests/gradient_tests; }
suite_lectures() { limited tests/test_lectures.sh build/default/lectures/lecture4/lecture4 build/default/exercises; }
suite_ranks() { limited tests/test_ranks.sh build/default/lectures/lecture4; }
suite_prove() { limited build/double/tests/gradus-grade prove --sample --seeds 5 -j "$((jobs > 1 ? jobs - 1 : 1))"; }
suite_exercises() { limited tests/test_exercises.sh build/double/tests/gradus-grade; }
suite_cluster() { limited tests/test_cluster.sh build/double/tests/gradus-grade; }
suite_grader() { limited build/double/tests/grade_tests; }
suite_runner() { limited tests/test_lecture_runner.sh build/default/lectures/lecture4/lecture4; }
suite_browser() { limited tests/test_browser.sh build/default/lectures/lecture4; }
suite_studio() { limited tests/test_studio.sh build/default/lectures/lecture4 build/default/tests/gradients; }
suite_fuzz() { limited build/asan/tests/fuzz_readers --iterations 2000 && limited build/asan/tests/fuzz_grader --iterations 2000; }
suite_floors() {
  tests/check_floors.sh --self-test && tests/check_floors.sh &&
    tests/check_ops_page.sh --self-test && tests/check_ops_page.sh &&
    tests/check_slides.sh --self-test && tests/check_slides.sh &&
    tests/check_reference.sh --self-test && tests/check_reference.sh && limited tests/run_tests.sh --self-test
}
suite_package() { limited tests/test_package.sh; }
suite_readme() { limited tests/test_readme.sh; }
suite_editors() { limited tests/test_editors.sh; }

# build_all <suite...>: one preset after another, as much as compiles; lists the built targets in $scratch/built
build_all() {
  local preset target start log wanted
  wanted=$(for suite in "$@"; do needs "$suite"; done | tr ' ' '\n' | sort -u)
  : > "$scratch/built"
  for preset in $(sed 's/:.*//' <<< "$wanted" | sort -u); do
    start=$SECONDS log=$logs/build_$preset.log
    local targets=()
    for target in $wanted; do [[ $target == "$preset:"* ]] && targets+=("${target#*:}"); done
    if cmake --preset "$preset" > "$log" 2>&1; then
      if cmake --build --preset "$preset" --parallel "$jobs" --target "${targets[@]}" -- -k >> "$log" 2>&1; then
        printf "$preset:%s\n" "${targets[@]}" >> "$scratch/built"
      else
        for target in "${targets[@]}"; do
          cmake --build --preset "$preset" --target "$target" > /dev/null 2>&1 && echo "$preset:$target" >> "$scratch/built"
        done
      fi
    fi
    printf '%-9s %-30s %d s\n' build "$preset" $((SECONDS - start))
  done
}

# count <log> <exit code>: reads the counts that the suite reported; sets p, f, s
count() {
  local log=$1 code=$2 line
  p=0 f=0 s=0
  if line=$(grep -E '\[doctest\] test cases: ' "$log" | tail -n 1) && [ -n "$line" ]; then
    [[ $line =~ ([0-9]+)\ passed ]] && p=${BASH_REMATCH[1]}
    [[ $line =~ ([0-9]+)\ failed ]] && f=${BASH_REMATCH[1]}
    s=$(grep -c 'SKIPPED:' "$log")
    [ "$s" -gt "$p" ] && s=$p
    p=$((p - s))
  elif line=$(grep -E '[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1) && [ -n "$line" ]; then
    [[ $line =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed ]] && p=${BASH_REMATCH[1]} f=${BASH_REMATCH[2]}
    [[ $line =~ ([0-9]+)\ skipped ]] && s=${BASH_REMATCH[1]}
  elif [ "$code" -eq 0 ]; then
    p=1 s=$(grep -c 'SKIPPED:' "$log")
  fi
  if [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
  if [ $((p + f + s)) -eq 0 ]; then f=1; fi  # a suite without any test has failed
}

# start_suite <name>: runs it in the background as a process group; writes its exit code and seconds to $scratch/<name>
start_suite() {
  local name=$1 missing="" target
  for target in $(needs "$name"); do grep -qxF "$target" "$scratch/built" || missing+=" $target"; done
  set -m  # from here on, background jobs are separate process groups
  {
    start=$SECONDS code=1
    if [ -n "$missing" ]; then
      echo "does not build:$missing"
      for target in $missing; do grep -E '(error|Error)' "$logs/build_${target%%:*}.log" | head -n 20; done
    else
      ("suite_$name")
      code=$?
    fi > "$logs/$name.log" 2>&1 < /dev/null
    echo "$code $((SECONDS - start))" > "$scratch/$name.part" && mv "$scratch/$name.part" "$scratch/$name"
  } &
  groups[$!]=$!
  names[$!]=$name
  set +m
}

# report_ended: counts and prints the suites that have ended, and ends the processes they left
report_ended() {
  local group name code seconds p f s log
  for group in "${groups[@]}"; do
    name=${names[$group]}
    if [ ! -e "$scratch/$name" ]; then
      kill -0 "$group" 2> /dev/null && continue
      echo "137 0" > "$scratch/$name"  # killed from outside
    fi
    read -r code seconds < "$scratch/$name"
    kill -KILL -- "-$group" 2> /dev/null
    unset "groups[$group]"
    log=$logs/$name.log
    count "$log" "$code"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    printf '%-9s %4d passed, %d failed%s   %d s\n' "$name" "$p" "$f" "$([ "$s" -gt 0 ] && echo ", $s skipped")" "$seconds"
    if [ "$f" -gt 0 ]; then
      echo "          exit code $code, log $log, which ends with:"
      tail -n 25 "$log" | cut -c1-200 | sed 's/^/          | /'
      {
        echo "$name: exit code $code, log $log"
        grep -E '(error|ERROR|FAILED|Error|SUMMARY|not ok)' "$log" | head -n 20 | cut -c1-300 | sed 's/^/  | /'
      } >> "$scratch/failures"
    fi
  done
}

# run_suites <number in parallel> <suite...>
run_suites() {
  local most=$1 name
  shift
  for name in "$@"; do
    while [ ${#groups[@]} -ge "$most" ]; do wait -n 2> /dev/null; report_ended; done
    start_suite "$name"
  done
  while [ ${#groups[@]} -gt 0 ]; do wait -n 2> /dev/null; report_ended; done
}

# ---- self-test of this script: suites that fail -------------------------------------------------------------
suite_trial_hangs() { sleep 300 & echo $! >> "$TRIAL" && sleep 300; }
suite_trial_leaves() { sleep 300 & echo $! >> "$TRIAL" && echo "3 passed, 0 failed, 1 skipped"; }
suite_trial_crashes() { echo "5 passed, 0 failed" && kill -SEGV $BASHPID; }
suite_trial_silent() { exit 4; }
self_test() {
  local bad=0 job script
  export TRIAL=$scratch/processes
  expect() { "${@:2}" > /dev/null 2>&1 || { echo "run_tests: $1" && bad=1; }; }
  runs() { kill -0 "$1" 2> /dev/null && ! grep -qs '^State:.*Z' "/proc/$1/status"; }  # a zombie process counts as ended
  none_left() { for job in $(cat "$TRIAL"); do ! runs "$job" || return 1; done; }
  tests/run_tests.sh trial_leaves trial_crashes trial_silent > "$scratch/said"
  expect "processes that a suite leaves running must end with it" none_left
  expect "suites must be counted, and each that ends badly is a failure" grep -qx "8 passed, 2 failed, 1 skipped" "$scratch/said"
  rm "$TRIAL"
  tests/run_tests.sh trial_hangs > "$scratch/said" &
  job=$!
  for _ in {1..300}; do [ -s "$TRIAL" ] && break || sleep 0.1; done
  kill -TERM $job
  wait $job
  expect "an ended run must exit with 130" [ $? -eq 130 ]
  expect "processes of a suite must end with the run" none_left
  if [ -e .ci/run ]; then
    mkdir -p "$scratch/ci/.ci" && sed 's/ 4800 make/ 3 make/' .ci/run > "$scratch/ci/.ci/run"
    printf 'test:\n\t@"%s/tests/run_tests.sh" trial_hangs\n' "$PWD" > "$scratch/ci/Makefile"
    rm "$TRIAL"
    bash "$scratch/ci/.ci/run" > "$scratch/said" 2>&1
    expect "a run of .ci/run that exceeds its time must be a failure" [ $? -ne 0 -a "$(tail -n 1 "$scratch/said")" = "0 passed, 1 failed" ]
    expect "processes of a suite must end with .ci/run" [ -s "$TRIAL" -a -z "$(none_left || echo left)" ]
  fi
  for script in tests/*.sh scripts/*.sh; do
    expect "$script must end if no temporary folder can be created" [ "$(grep -c '=\$(mktemp' "$script")" -eq "$(grep -c '=\$(mktemp[^)]*) || exit 1' "$script")" ]
  done
  TMPDIR=$scratch/nowhere tests/run_tests.sh trial_silent > "$scratch/said" 2>&1
  expect "this script must end in that case before it runs anything" [ $? -eq 1 -a "$(wc -l < "$scratch/said")" -eq 1 ]
  return $bad
}
if [ "${1:-}" = --self-test ]; then
  self_test
  exit
fi

if [ $# -eq 0 ]; then set -- unit gradient lectures ranks prove exercises cluster grader runner browser studio fuzz floors package readme editors; fi
first=() then=() names=()
for name in "$@"; do
  declare -F "suite_$name" > /dev/null || { echo "no suite '$name'" >&2 && exit 2; }
  if [[ " ${alone[*]} " == *" $name "* ]]; then first+=("$name"); else then+=("$name"); fi
done
build_all "$@"
run_suites 1 "${first[@]}"
run_suites "$jobs" "${then[@]}"
echo "total     ${SECONDS} s"
cat "$scratch/failures" 2> /dev/null  # repeated at the end, where readers look first
echo "$passed passed, $failed failed$([ "$skipped" -gt 0 ] && echo ", $skipped skipped")"
exit $((failed > 0))
