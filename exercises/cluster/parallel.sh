#!/usr/bin/env bash
# Grades a class with GNU parallel: on the processors of this machine, or over ssh on hosts that see the project and
# the submissions at the same paths.
#
#   exercises/cluster/parallel.sh submissions 64               64 parts, one per processor at a time
#   HOSTS=hosts exercises/cluster/parallel.sh submissions 64   hosts: a file with lines such as "8/ada": 8 parts at a time on ada
#   build/double/tests/gradus-grade merge submissions          the gradebook, or the parts to run again
#
# Further words are options of gradus-grade class; relative paths in them are those of this folder, also over ssh.
# After an interruption, the same command continues.
set -u
if [ $# -lt 2 ] || ! [ "$2" -gt 0 ] 2> /dev/null; then
  echo "usage: exercises/cluster/parallel.sh <folder of submissions> <number of parts> [options of gradus-grade class]" >&2
  exit 2
fi
project=$(cd "$(dirname "$0")/../.." && pwd) submissions=$(realpath "$1") parts=$2
shift 2
# shellcheck disable=SC2086 # HOSTS adds two words or none
exec parallel --will-cite --quote --line-buffer --workdir "$PWD" --tagstring "part {}" ${HOSTS:+--sshloginfile "$HOSTS"} \
  env OMP_NUM_THREADS=1 "$project/build/double/tests/gradus-grade" class "$submissions" --part "{}/$parts" -j 1 "$@" ::: $(seq "$parts")
