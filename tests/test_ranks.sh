#!/usr/bin/env bash
# Training on several processes: the same bits on any number of ranks and threads, lost ranks, refused ranks, bad numbers of
# shards, a network with delay and loss, and Slurm.
#
#   tests/test_ranks.sh <folder of the lecture's programs> [--all]
#
# By default 11_vae runs on 1, 2, 3, 4 and 8 ranks and 25_dcgan on 2, 3 and 8, with one number of threads each, and ranks are
# killed at ten moments of one training, which goes on after each of them. --all runs both programs on each number of ranks with
# one thread and with two, and repeats the kills on 2 ranks and on 8.
# Without MPI, or when the programs were built without it, one test is skipped. The last line is "N passed, N failed".
set -u
programs=$(cd "$1" && pwd) || exit 1
all=${2:-}
if ! command -v mpiexec > /dev/null || ! ldd "$programs/11_vae" | grep -q libmpi; then
  echo "SKIPPED: MPI is missing, or was missing when the programs were built"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
. "$(dirname "$0")/expect.sh"
left() { pgrep -f "$scratch/out" | grep -vx $$; }  # processes that a run has left
space=gradus_$$  # a network namespace
clean_up() {
  stop_daemons
  kill -KILL $(left) 2> /dev/null
  ip netns pids $space 2> /dev/null | xargs -r kill -KILL
  ip link del gradus0 2> /dev/null
  ip netns del $space 2> /dev/null
  rm -rf "$scratch"
}
# Open MPI refuses root, and more processes than processors, unless it is told otherwise. MPICH ignores these variables.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
unset GRADUS_DATASETS
export OMP_NUM_THREADS=1
common=(--preset tiny --data "$scratch/none")  # generated digits

# fresh <name>: an output folder with the judge, which all runs share
fresh() {
  rm -rf "$scratch/out_$1"
  mkdir -p "$scratch/out_$1"
  [ ! -d "$scratch/judge" ] || cp -r "$scratch/judge" "$scratch/out_$1/cache"
}
# alone <name> <program> [options]: one process without a launcher; its words are in $scratch/said, as those of all runs
alone() { "$programs/$2" "${common[@]}" --out "$scratch/out_$1" "${@:3}" > "$scratch/said" 2>&1 < /dev/null; }
# ranks <number> <name> <program> [options]
ranks() { timeout -k 5 120 mpiexec "${hosts[@]}" -n "$1" "$programs/$3" "${common[@]}" --out "$scratch/out_$2" "${@:4}" > "$scratch/said" 2>&1 < /dev/null; }
hosts=()
# weights <name>: a digest of all that the trainings have saved, but their seconds
weights() {
  node - "$scratch/out_$1" << 'SCRIPT'
const fs = require("fs"), path = require("path"), hash = require("crypto").createHash("sha256");
for (const folder of ["11_vae", "25_dcgan"]) {
  const place = path.join(process.argv[2], folder);
  for (const file of fs.existsSync(place) ? fs.readdirSync(place).filter(f => f.endsWith(".safetensors")).sort() : []) {
    const bytes = fs.readFileSync(path.join(place, file)), end = 8 + Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.subarray(8, end));
    delete header.__metadata__["counter.watch.microseconds"];
    hash.update(file + JSON.stringify(header.__metadata__));
    for (const [name, {data_offsets: place}] of Object.entries(header))
      if (place && name !== "scores.seconds") hash.update(name).update(bytes.subarray(end + place[0], end + place[1]));
  }
}
console.log(hash.digest("hex").slice(0, 16));
SCRIPT
}

# ---- the same bits on any number of ranks and threads; one process without a launcher is the reference
for program in 11_vae 25_dcgan; do
  fresh $program
  alone $program $program --shards 8
  [ -d "$scratch/judge" ] || cp -r "$scratch/out_$program/cache" "$scratch/judge"
  rm -f "$scratch"/judge/dcgan*
  expected=$(weights $program)
  settings=("2 1" "3 2" "8 1")
  [ $program$all = 25_dcgan ] || settings+=("1 2" "4 1")
  [ -z "$all" ] || settings+=("1 1" "2 2" "3 1" "4 2" "8 2")
  for setting in "${settings[@]}"; do
    fresh same
    ranks ${setting% *} same $program --shards 8 --threads ${setting#* }
    equal "$program on ${setting% *} ranks with ${setting#* } threads: exit code and weights" "$? $(weights same)" "0 $expected"
  done
done
fresh same
alone same 11_vae --shards 4
expect "11_vae with 4 shards has other weights than with 8" [ "$(weights same)" != "$(weights 11_vae)" ]

# ---- one long training, whose ranks are killed, stopped and interrupted; after each of these it goes on, on another number of
# ranks. In the end it has the weights of a training on one process.
long=(--shards 8 --epochs 24)  # a fast machine trains on for several epochs before a signal reaches a rank
fresh whole
alone whole 11_vae "${long[@]}"
expected=$(weights whole)
# launched <ranks> <name>: this training in the background; its launcher's process id is in $launcher. $grace: seconds that Open MPI
# gives the other ranks after a signal, or after the end of one.
grace=1
launched() {
  export OMPI_MCA_odls_base_sigkill_timeout=$grace
  mpiexec "${hosts[@]}" -n "$1" "$programs/11_vae" "${common[@]}" --out "$scratch/out_$2" "${long[@]}" --resume > "$scratch/said" 2>&1 < /dev/null &
  launcher=$!
}
# ranks_of <name>: the process ids of the program's ranks, in order of their start
ranks_of() { pgrep -f "^$programs/11_vae .*$scratch/out_$1 "; }
# saved <name>: the moment of the last checkpoint
saved() { stat -c %y "$scratch/out_$1"/11_vae/vae*.safetensors 2> /dev/null | sort | tail -n 1; }
# reaches_checkpoint <name>: waits for a checkpoint that the current run writes; victims are its ranks
reaches_checkpoint() {
  local before _
  before=$(saved "$1")
  for _ in {1..1500}; do
    kill -0 $launcher 2> /dev/null || break
    [ "$(saved "$1")" = "$before" ] || break
    sleep 0.02
  done
  victims=($(ranks_of "$1"))
}
# ended <what>: the launcher ends within 30 s, not as after a success, and leaves no process
ended() {
  local _ code
  for _ in {1..300}; do kill -0 $launcher 2> /dev/null && sleep 0.1 || break; done
  expect "$1: ends within 30 s" not kill -0 $launcher
  kill -KILL $launcher 2> /dev/null
  wait $launcher 2> /dev/null
  code=$?
  expect "$1: is not the end of the training" [ $code -ne 0 ]
  for _ in {1..10}; do [ -z "$(left)" ] || sleep 0.1; done
  equal "$1: is left running" "$(left)" ""
  kill -KILL $(left) 2> /dev/null
}
# goes_on <name> <ranks> <what>: the rest of the training
goes_on() {
  ranks "$2" "$1" 11_vae "${long[@]}" --resume
  equal "$3: exit code and weights" "$? $(weights "$1")" "0 $expected"
}
# kills <name> <number of ranks of each run...>
kills() {
  local name=$1 moment=0 number
  shift
  fresh "$name"
  for number in "$@"; do
    moment=$((moment + 1))
    launched "$number" "$name"
    reaches_checkpoint "$name"
    sleep "0.0$((RANDOM % 10))"
    expect "kill $moment finds its rank" kill -KILL "${victims[moment % number]}"
    ended "kill $moment, of one of $number ranks"
    expect "kill $moment: the training went on after the last checkpoint" said "$([ $moment -eq 1 ] && echo 'no checkpoint' || echo 'continues after step')"
  done
}
kills killed 4 3 2 4 8 1 2 4 3 2
goes_on killed 3 "a training after ten kills"
if [ -n "$all" ]; then
  kills killed 2 2 2 2 2 2 2 2 2 2
  goes_on killed 2 "a training after ten kills of one of two ranks"
  kills killed 8 8 8 8 8 8 8 8 8 8
  goes_on killed 8 "a training after ten kills of one of eight ranks"
fi

# A rank that is stopped, like one whose host is lost, or killed: the others end with a sentence that names it, in the training and
# while rank 0 alone is at work. A signal to the launcher, or to one rank, ends all ranks after the same step.
fresh lost
for signal in STOP KILL; do
  [ $signal = STOP ] || grace=8  # the others need time to notice it
  GRADUS_RANK_TIMEOUT=4 launched 3 lost
  reaches_checkpoint lost
  kill -$signal "${victims[1]}"
  ended "a rank that gets SIG$signal"
  equal "SIG$signal: the sentence names the rank" "$(grep -oE 'no sign of life from rank [012] for 4 s' "$scratch/said" | sort -u)" "no sign of life from rank 1 for 4 s"
done
for target in launcher rank; do
  grace=5 launched 3 lost
  reaches_checkpoint lost
  if [ $target = launcher ]; then kill -INT $launcher; else kill -INT "${victims[2]}"; fi
  ended "a signal to one $target"
  equal "sentences after a signal to one $target" "$(grep -c 'stopped after step .* run again with --resume' "$scratch/said")" 1
done
grace=1
goes_on lost 2 "a training after a lost rank and signals"
rm "$scratch/out_lost/11_vae/loss.csv"
GRADUS_RANK_TIMEOUT=4 launched 3 lost  # all is trained: rank 0 measures, the others wait for it
for _ in {1..1500}; do [ -e "$scratch/out_lost/11_vae/loss.csv" ] && break || sleep 0.02; done
expect "rank 0 is found while it measures" kill -STOP "$(ranks_of lost | head -n 1)"
ended "rank 0 gets SIGSTOP while the others wait for it"
equal "the sentence names rank 0" "$(grep -oE 'no sign of life from rank [012] for 4 s' "$scratch/said" | sort -u)" "no sign of life from rank 0 for 4 s"

# ---- ranks that do not belong together
# refused <what> <pattern> <program of rank 1> <options of rank 1>
refused() {
  fresh refused
  timeout -k 5 60 mpiexec -n 1 "$programs/11_vae" "${common[@]}" --out "$scratch/out_refused" : \
    -n 1 "$3" --out "$scratch/out_refused" "${@:4}" > "$scratch/said" 2>&1 < /dev/null
  expect "$1 ends with a failure" [ $? -ne 0 ]
  expect "$1 is refused" said "11_vae: rank 1 differs: $2; all ranks need the same"
}
refused "another seed" "seed is 2, and on rank 0 1" "$programs/11_vae" "${common[@]}" --seed 2
refused "another number of shards" "shards is 4, and on rank 0 8" "$programs/11_vae" "${common[@]}" --shards 4
cp "$programs/11_vae" "$scratch/11_vae" && echo >> "$scratch/11_vae"
refused "another program file" "program file is [0-9a-f]{16}, and on rank 0 [0-9a-f]{16}" "$scratch/11_vae" "${common[@]}"
mkdir -p "$scratch/data/mnist"
for part in "train 1000" "t10k 300"; do  # black digits in the format of MNIST
  read -r name count <<< "$part"
  size=$(printf '\\0\\0\\x%02x\\x%02x' $((count / 256)) $((count % 256)))  # four bytes
  { printf '\0\0\x08\x03'"$size"'\0\0\0\x1c\0\0\0\x1c' && head -c $((count * 784)) /dev/zero; } > "$scratch/data/mnist/$name-images-idx3-ubyte"
  { printf '\0\0\x08\x01'"$size" && head -c "$count" /dev/zero; } > "$scratch/data/mnist/$name-labels-idx1-ubyte"
done
refused "another data set" "(data|digest of the data) of loader is .*, and on rank 0 .*" "$programs/11_vae" "${common[@]:0:2}" --data "$scratch/data"

# Rank 1 has another folder: it writes no checkpoint there, and cannot resume from it.
fresh own
fresh other
timeout -k 5 60 mpiexec -n 1 "$programs/11_vae" "${common[@]}" --out "$scratch/out_own" : -n 1 "$programs/11_vae" "${common[@]}" --out "$scratch/out_other" > "$scratch/said" 2>&1 < /dev/null
equal "two ranks with folders of their own: exit code and checkpoints" "$? $(cd "$scratch" && ls out_*/11_vae/*.safetensors | grep -E '^out_(own|other)' | tr '\n' ' ')" "0 out_own/11_vae/vae.safetensors out_own/11_vae/vae_binary.safetensors "
timeout -k 5 60 mpiexec -n 1 "$programs/11_vae" "${common[@]}" --out "$scratch/out_own" --resume : -n 1 "$programs/11_vae" "${common[@]}" --out "$scratch/out_other" --resume > "$scratch/said" 2>&1 < /dev/null
expect "a folder that rank 1 does not see ends with a failure" [ $? -ne 0 ]
expect "a folder that rank 1 does not see is named" said 'rank 1 differs: number of completed steps in the folder --out is 0, and on rank 0 7; all ranks need the same'
PMI_SIZE=2 alone own 11_vae
expect "a launcher of another MPI ends with a failure" [ $? -ne 0 ]
expect "a launcher of another MPI is named" said 'started as 2 processes, of which MPI connects 1: the launcher belongs to another MPI'

# ---- bad numbers of shards
fresh bad
ranks 1 bad 11_vae --shards 0
expect "0 shards" [ $? -eq 2 ]
expect "0 shards are out of range" said 'shards: Value 0 not in range'
ranks 1 bad 25_dcgan --shards 3
expect "3 shards of 64 examples" [ $? -ne 0 ]
expect "3 shards of 64 examples: the sentence" said '3 shards do not divide a batch of 64 examples'
ranks 4 bad 11_vae --shards 2
expect "4 ranks for 2 shards" [ $? -ne 0 ]
expect "4 ranks for 2 shards: the sentence" said '4 ranks for 2 shards; .* start at most 2 ranks'
for shards in 1 2; do
  alone 11_vae 11_vae --shards $shards --resume
  expect "--resume with $shards shards in place of 8" [ $? -eq 1 ]
  expect "--resume with $shards shards in place of 8: the sentence" said "made with other settings: --shards 8, this run has $shards"
done

# ---- two hosts: this network namespace and another one, connected by a pair of virtual cards, with delay and loss where the
# kernel has netem. Open MPI starts a process on the other host with `agent host command`, as it would with ssh.
if ! mpiexec --version | grep -qE 'Open ?(MPI|RTE)' || ! ip netns add $space 2> /dev/null; then
  skip 1 "two hosts need Open MPI, root, and ip of iproute2"
else
  ip link add gradus0 type veth peer name gradus1 netns $space && ip addr add 10.213.77.1/24 dev gradus0 && ip link set gradus0 up
  for command in "addr add 10.213.77.2/24 dev gradus1" "link set gradus1 up" "link set lo up"; do ip -n $space $command; done
  printf '#!/bin/sh\nshift\nexec ip netns exec %s sh -c "$*"\n' $space > "$scratch/agent" && chmod +x "$scratch/agent"
  export OMPI_MCA_plm_rsh_agent=$scratch/agent OMPI_MCA_btl=tcp,self OMPI_MCA_btl_tcp_if_include=10.213.77.0/24 OMPI_MCA_oob_tcp_if_include=10.213.77.0/24
  hosts=(--host localhost:2,10.213.77.2:2)
  tc qdisc add dev gradus0 root netem delay 2ms loss 1% 2> /dev/null || echo "ranks: the kernel has no netem: the link has no delay and no loss"
  fresh two
  ranks 4 two 11_vae --shards 8
  equal "four ranks on two hosts: exit code and weights" "$? $(weights two)" "0 $(weights 11_vae)"
  # The link is cut; then the training goes on, on one host. Open MPI's launcher waits longer than its ranks for the lost host.
  fresh cut
  GRADUS_RANK_TIMEOUT=4 launched 4 cut
  reaches_checkpoint cut
  ip link set gradus0 down
  for _ in {1..300}; do [ -n "$(ranks_of cut)" ] && sleep 0.1 || break; done
  equal "a link that is cut: ranks that run after 30 s" "$(ranks_of cut)" ""
  kill -KILL $launcher 2> /dev/null
  wait $launcher 2> /dev/null
  expect "the sentence names a rank of the other host" said 'rank [01]: no sign of life from rank [23] for 4 s|rank [23]: no sign of life from rank [01] for 4 s'
  unset OMPI_MCA_plm_rsh_agent OMPI_MCA_btl OMPI_MCA_btl_tcp_if_include OMPI_MCA_oob_tcp_if_include
  hosts=()
  goes_on cut 2 "a training after a link that was cut"
fi

# ---- Slurm's srun as the launcher, of a Slurm of one node
. "$(dirname "$0")/slurm.sh"
ldd "$programs/11_vae" | grep -q libmpich && plugin=pmi2 || plugin=pmix
if ! can_start_slurm || ! start_slurm || ! srun --mpi=list 2>&1 | grep -qw $plugin; then
  skip 1 "srun needs root, slurm-wlm and munge (make deps PURPOSE=slurm), and Slurm's plugin $plugin"
else
  fresh slurm
  timeout 120 srun --overcommit --mpi=$plugin -n 2 "$programs/11_vae" "${common[@]}" --out "$scratch/out_slurm" --shards 8 > "$scratch/said" 2>&1 < /dev/null
  equal "two ranks started by srun: exit code and weights" "$? $(weights slurm)" "0 $(weights 11_vae)"
fi
report
