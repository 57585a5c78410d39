# Sourced by the tests in shell, `. "$(dirname "$0")/expect.sh"`: a folder for temporary files, counted expectations, the last
# line that tests/run_tests.sh reads, and the steps of a Containerfile in a bare Debian.
suite=$(basename "$0" .sh) suite=${suite#test_}
passed=0 failed=0 skipped=0
scratch=$(mktemp -d) || exit 1
clean_up() { rm -rf "$scratch"; }  # a test with more to remove replaces it
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# fail <sentence>: with the last lines of the run before
fail() {
  failed=$((failed + 1))
  echo "$suite: $1"
  tail -q -n 12 "$scratch/said" 2> /dev/null | sed 's/^/    | /'
}
# expect <what> <command...>: the command must succeed
expect() {
  local what=$1
  shift
  if "$@" > "$scratch/expected" 2>&1; then
    passed=$((passed + 1))
  else
    fail "$what"
    tail -n 12 "$scratch/expected" | sed 's/^/    | /'
  fi
}
# equal <what> <text> <expected text>
equal() { expect "$1: '${2:0:500}' instead of '$3'" [ "$2" = "$3" ]; }
# skip <how many> <why>
skip() {
  skipped=$((skipped + $1))
  echo "$suite: SKIPPED: $2"
}
said() { grep -qE -- "$1" "$scratch/said"; }  # said <pattern>: in the output of the last run
not() { ! "$@"; }
# run <exit code> <arguments...>: of "${program[@]}", with its output in $scratch/said
run() {
  local code=$1 got
  shift
  "${program[@]}" "$@" > "$scratch/said" 2>&1 < /dev/null
  got=$?
  expect "'$*' ends with $got instead of $code" [ $got -eq "$code" ]
}
eventually() { for _ in {1..100}; do "$@" > /dev/null 2>&1 && return; sleep 0.2; done; return 1; }
daemons=()  # process ids of what the test has started
stop_daemons() {
  local daemon
  for daemon in "${daemons[@]}"; do kill "$daemon" && while kill -0 "$daemon"; do sleep 0.1; done; done 2> /dev/null
  daemons=()
}
# report: the last line; ends the test
report() {
  echo "$suite: $passed passed, $failed failed$([ $skipped -eq 0 ] || echo ", $skipped skipped")"
  exit $((failed > 0))
}

# --- a bare Debian in the folder $debian, for the steps of the Containerfile $steps
debian=$scratch/debian
step() { sed -n "s/^$1 //p" "$steps"; }  # step FROM|COPY|RUN|ENTRYPOINT: what follows the word
can_make_debian() { [ "$(id -u)" -eq 0 ] && command -v debootstrap > /dev/null && unshare --mount true 2> /dev/null; }
make_debian() {
  expect "a bare Debian" unshare --mount debootstrap --variant=minbase "$(step FROM | sed 's/debian://')" "$debian"
  cp /etc/resolv.conf "$debian/etc/"
}
# inside <words>: a command in it; its mounts end with the command
inside() {
  # shellcheck disable=SC2016
  unshare --mount bash -c 'mount --make-rprivate / && mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" &&
    exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "${@:2}"' - "$debian" "$@"
}
