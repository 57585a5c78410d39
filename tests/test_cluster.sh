#!/usr/bin/env bash
# Tests grading in parts: gradus-grade class --part and merge with missing and damaged journals, and the ways of
# exercises/cluster to run the parts: GNU parallel on this machine and over ssh, Slurm, a container.
#
#   tests/test_cluster.sh <gradus-grade>
#
# Starts its own Slurm of one node (slurm-wlm, munge) and its own sshd. The container's steps run in a bare Debian in a
# folder (root, debootstrap). What is not installed is skipped and counted.
set -u
tool=$(realpath "$1")
cd "$(dirname "$0")/.." || exit 1
project=$PWD
. tests/expect.sh
program=("$tool")
clean_up() {
  stop_daemons
  rm -rf "$scratch"
}
same() {  # same <results>: the tables of the whole class
  for table in gradebook.csv mistakes.csv feedback; do diff -r "$whole/$table" "$1/$table" || return; done
}

# share_cache <folder of results> <number of parts>: all runs of this script compile each file once
share_cache() {
  mkdir -p "$scratch/cache"
  for part in $(seq "$2"); do mkdir -p "$1/parts/$part-of-$2" && ln -s "$scratch/cache" "$1/parts/$part-of-$2/cache"; done
}

# --- a class of five, graded as a whole; its key for all further runs
class=$scratch/class whole=$scratch/class-grades few=(--ex 4 --accept-level)
mkdir -p "$scratch/cache" "$whole" && ln -s "$scratch/cache" "$whole/cache"
run 0 generate "$class" --students 5 --ex 4 --alike
run 2 generate "$class"
expect "an existing class is not overwritten" said "class is not empty$"
run 2 generate "$scratch/none" --ex 77
expect "an unknown exercise is named" said "no exercise '77'; there are 01 "
run 0 class "$class" "${few[@]}" -j 2
expect "the cost per submission is reported" said '^4 graded in [0-9.]+ s: [0-9.]+ s of one processor per submission, at most [0-9]+ MB'
key=(--key "$whole/course.key")

# --- wrong parts
for part in 0/4 5/4 x 3 /4 4/ 1/2/3 -1/4 1/0 "" 18446744073709551617/4; do
  run 2 class "$class" "${few[@]}" --part "$part"
  expect "--part '$part' has one sentence" [ "$(cat "$scratch/said")" = "gradus-grade: --part '$part': expected K/N with 1 <= K <= N, as in 3/16" ]
done
run 2 merge "$class" --out "$scratch/nothing"
expect "without a part there is nothing to merge" said 'parts: no journal of a part; gradus-grade class --part 1/16 writes the first of 16$'
run 2 merge "$class" "$scratch/no.jsonl"
expect "a journal that does not exist is named" said 'no.jsonl: no such journal$'
run 2 merge "$scratch/nowhere"
expect "submissions that do not exist are named" said 'nowhere is not a folder of submissions$'

# --- three parts, merged before all are there and after; the folder is that of make class
parts=$scratch/parts
share_cache "$parts" 3
for part in 3 1; do run 0 class "$class" "${few[@]}" "${key[@]}" --out "$parts" --part $part/3; done
expect "a part writes no gradebook" [ ! -e "$parts/gradebook.csv" -a ! -e "$parts/parts/1-of-3/gradebook.csv" ]
expect "a finished part leaves no compiled files" [ ! -L "$parts/parts/1-of-3/cache" ]
run 70 merge "$class" --ex 4 --out "$parts"
expect "the missing part is named in one sentence" [ "$(grep -cE '^REVIEW: [0-9]+ of 5 students have no result: part 2 of 3 is missing or unfinished; run ' "$scratch/said")" -eq 1 ]
expect "its students have no points" grep -qE '^student_[0-9]+,REVIEW,REVIEW,' "$parts/gradebook.csv"
run 0 class "$class" "${few[@]}" "${key[@]}" --out "$parts" --part 2/3
run 0 merge "$class" --ex 4 --out "$parts"
expect "the gradebook is that of the whole class" same "$parts"
run 0 merge "$class" --ex 4 --out "$parts"
expect "a second merge adds nothing to the journal" [ "$(wc -l < "$parts/journal.jsonl")" -eq 5 ]
run 0 class "$class" "${few[@]}" "${key[@]}" --out "$parts"
expect "a run of the whole class continues from the merge" [ "$(grep -c unchanged "$scratch/said")" -eq 4 ]
id=$(awk -F, 'NR == 2 { print $1 }' "$whole/gradebook.csv") own=""
for part in 1 2 3; do grep -q "\"id\":\"$id\"" "$parts/parts/$part-of-3/journal.jsonl" && own=$part; done
run 2 class "$class" "${few[@]}" "${key[@]}" --out "$parts" --part $((own % 3 + 1))/3 --regrade "$id"
expect "--regrade names the student's part" said "'$id' is in part $own/3$"

# --- damaged journals: what is left counts, nothing is invented
journals=("$parts"/parts/*-of-3/journal.jsonl)
damaged=$scratch/damaged/0  # with student_02 and student_03
damage() {  # damage <sed command>: copies of the journals, the first changed
  rm -rf "$scratch/damaged" && mkdir "$scratch/damaged"
  for number in 0 1 2; do cp "${journals[$number]}" "$scratch/damaged/$number"; done
  sed -i "$1" "$damaged"
}
merged() { run "$1" merge "$class" --ex 4 --out "$scratch/damaged/out" "$scratch"/damaged/[0-9]; }
damage '1s/"points":[0-9]*/"points":99/'
merged 70
expect "changed points are noticed" said '[0-9]: 1 line is damaged and passed over$'
expect "and are not in the gradebook" not grep -q ',99' "$scratch/damaged/out/gradebook.csv"
expect "one student is left without a result" said '^REVIEW: 1 of 5 students have no result: part 1 of 3 is '
damage '1!s/^/x/'
head -c 200 /dev/urandom >> "$damaged"
merged 70
expect "damaged lines are counted" said 'lines? (is|are) damaged and passed over$'
damage '$s/.\{20\}$//'
truncate -s -1 "$damaged"
merged 70
expect "the truncated line of a killed part is not damage" not said 'damaged and passed over'
expect "a journal is only read" [ "$(tail -c 1 "$damaged" | wc -l)" -eq 0 ]
damage ''
cp "$damaged" "$scratch/damaged/7"
: > "$scratch/damaged/8"
merged 0
expect "a repeated journal and an empty one change nothing" same "$scratch/damaged/out"

# --- two results of one submission that differ; results of different graders
redo() {  # redo <Python statement>: one more journal, with one record changed and a valid checksum
  python3 - "$damaged" "$scratch/damaged/7" "$1" << 'END'
import hashlib, json, sys
record = json.loads(open(sys.argv[1]).readline().split(" ", 1)[1])
exec(sys.argv[3])
line = json.dumps(record, sort_keys=True, separators=(",", ":"))
open(sys.argv[2], "w").write(hashlib.sha256(line.encode()).hexdigest()[:16] + " " + line + "\n")
END
}
if command -v python3 > /dev/null; then
  damage ''
  redo 'record["todos"][0]["points"] = 1'
  merged 70
  expect "results that differ are REVIEW, with both journals named" said '^REVIEW: student_[0-9]+ has two results of 04_divergences that differ, in .*/[0-9] and .*/7$'
  redo 'record["by"] = "another"'
  merged 2
  expect "results of different graders are refused" said 'come from different graders, course keys or sandbox levels'
  redo 'record["digest"] = "an earlier submission"; record["by"] = "another"'
  merged 0
  expect "results of an earlier submission do not count" same "$scratch/damaged/out"
else
  skip 9 "results that differ: python3 is not installed"
fi

# --- GNU parallel: on this machine, and over ssh. The scripts run the grader of the project's build
usage() { bash "$@" > "$scratch/said" 2>&1; [ $? -eq 2 ] && said '^usage: '; }
expect "parallel.sh without arguments prints its usage" usage exercises/cluster/parallel.sh
expect "parallel.sh needs a number of parts" usage exercises/cluster/parallel.sh "$class" many
expect "slurm.sh without arguments prints its usage" usage exercises/cluster/slurm.sh
if [ "$tool" != "$project/build/double/tests/gradus-grade" ]; then
  skip 9 "parallel, ssh and Slurm: they need the grader of build/double"
else
  if ! command -v parallel > /dev/null; then
    skip 3 "GNU parallel is not installed (make deps PURPOSE=cluster)"
  else
    share_cache "$scratch/by_parallel" 4
    exercises/cluster/parallel.sh "$class" 4 "${few[@]}" "${key[@]}" --out "$scratch/by_parallel" > "$scratch/said" 2>&1 < /dev/null
    expect "GNU parallel grades four parts on this machine" [ $? -eq 0 ]
    run 0 merge "$class" --ex 4 --out "$scratch/by_parallel"
    expect "they give the gradebook of the whole class" same "$scratch/by_parallel"
  fi
  sshd=$(command -v sshd || command -v /usr/sbin/sshd)
  if ! command -v parallel > /dev/null || [ -z "$sshd" ] || [ "$(id -u)" -ne 0 ]; then
    skip 3 "GNU parallel over ssh: it needs parallel, sshd and root"
  else
    port=$((20000 + $$ % 40000))
    mkdir -p /run/sshd "$scratch/ssh" && chmod 700 "$scratch/ssh"
    ssh-keygen -q -t ed25519 -N "" -f "$scratch/ssh/host" && ssh-keygen -q -t ed25519 -N "" -f "$scratch/ssh/user"
    cp "$scratch/ssh/user.pub" "$scratch/ssh/authorized"
    printf '%s\n' "Port $port" "ListenAddress 127.0.0.1" "HostKey $scratch/ssh/host" "AuthorizedKeysFile $scratch/ssh/authorized" \
      "StrictModes no" "PidFile none" "PermitRootLogin yes" "UsePAM no" > "$scratch/ssh/config"
    "$sshd" -D -f "$scratch/ssh/config" > "$scratch/ssh/log" 2>&1 &
    daemons+=($!)
    ssh="ssh -p $port -i $scratch/ssh/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=$scratch/ssh/known -o LogLevel=ERROR"
    eventually $ssh 127.0.0.1 true
    echo "1/$ssh 127.0.0.1" > "$scratch/hosts"
    share_cache "$scratch/by_ssh" 3
    HOSTS=$scratch/hosts exercises/cluster/parallel.sh "$class" 3 "${few[@]}" "${key[@]}" --out "$scratch/by_ssh" > "$scratch/said" 2>&1 < /dev/null
    expect "GNU parallel grades three parts over ssh" [ $? -eq 0 ]
    run 0 merge "$class" --ex 4 --out "$scratch/by_ssh"
    expect "they give the gradebook of the whole class" same "$scratch/by_ssh"
    stop_daemons
  fi

  # --- Slurm: one node, of this user alone
  . tests/slurm.sh
  if ! can_start_slurm; then
    skip 5 "Slurm: it needs root, slurm-wlm and munge (make deps PURPOSE=slurm)"
  elif ! start_slurm; then
    expect "a Slurm of one node starts: $(tail -n 3 "$scratch/slurm/slurmctld.log" "$scratch/slurm/slurmd.log" 2>&1)" false
    stop_daemons
  else
    array() { sbatch --wait --output="$scratch/slurm/%a.log" --array="$1" exercises/cluster/slurm.sh "$class" 4 "${few[@]}" "${key[@]}" --out "$scratch/by_slurm" > "$scratch/said" 2>&1; }
    share_cache "$scratch/by_slurm" 4
    expect "Slurm grades three of four parts as an array of jobs" array 1,2,4
    run 70 merge "$class" --ex 4 --out "$scratch/by_slurm"
    expect "merge names the missing part" said 'part 3 of 4 is missing or unfinished'
    expect "Slurm grades the missing part" array 3
    run 0 merge "$class" --ex 4 --out "$scratch/by_slurm"
    expect "they give the gradebook of the whole class" same "$scratch/by_slurm"
    stop_daemons
  fi
fi

# --- the container: its steps in a bare Debian, then one part of the class inside
steps=exercises/cluster/Containerfile
expect "this script runs all of the container's steps" [ "$(grep -cvE '^(#|FROM debian:[a-z]+$|COPY [A-Za-z. /_-]+ /gradus/[a-z/]*$|RUN [^\\]+$|ENTRYPOINT \["[^"]+"\]$)' "$steps")" -eq 0 ]
if ! can_make_debian; then
  skip $((5 + $(step RUN | wc -l))) "the container's steps: they need root, debootstrap and mount namespaces"
else
  make_debian
  while read -r line; do
    case $line in
      COPY*)
        read -r -a words <<< "$line"
        to=${words[-1]}
        mkdir -p "$debian$to"
        for from in "${words[@]:1:${#words[@]}-2}"; do
          if [ -d "$from" ]; then cp -r "$from/." "$debian$to"; else cp "$from" "$debian$to"; fi
        done
        ;;
      RUN*) expect "$line" inside sh -c "${line#RUN }" ;;
    esac
  done < "$steps"
  cp -r "$class" "$debian/class"
  cp "$whole/course.key" "$debian/key"
  for part in 1 2; do
    expect "the container grades part $part" inside "$(step ENTRYPOINT | tr -d '[]"')" class /class --part $part/2 --ex 4 --accept-level --key /key
  done
  run 0 merge "$class" --ex 4 --out "$scratch/by_container" "$debian"/class-grades/parts/*-of-2
  expect "its journals can be merged outside" [ "$(grep -c '^student_' "$scratch/by_container/gradebook.csv")" -eq 5 ]
fi
report
