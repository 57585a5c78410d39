#!/usr/bin/env bash
# Training on several processes: the same bits on any number of ranks and threads, lost ranks, refused ranks, bad numbers of
# shards, and a network with delay and loss.
#
#   tests/test_ranks.sh <folder of the lecture's programs>
#
# Without MPI, or when the programs were built without it, one test is skipped. The last line is "N passed, N failed".
set -u
programs=$(cd "$1" && pwd) || exit 1
if ! command -v mpiexec > /dev/null || ! ldd "$programs/11_vae" | grep -q libmpi; then
  echo "SKIPPED: MPI is missing, or was missing when the programs were built"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
scratch=$(mktemp -d) || exit 1
left() { pgrep -f "$scratch/out" | grep -vx $$; }  # processes that a run has left
space=gradus_$$  # a network namespace
finish() {
  kill -KILL $(left) 2> /dev/null
  ip netns pids $space 2> /dev/null | xargs -r kill -KILL
  ip link del gradus0 2> /dev/null
  ip netns del $space 2> /dev/null
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP
passed=0 failed=0
check() { if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)) && printf 'ranks: %s: "%s" in place of "%s"\n' "$1" "${2:0:500}" "$3"; fi; }
# Open MPI refuses root, and more processes than processors, unless it is told otherwise; MPICH ignores these variables.
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
# run <ranks> <name> <program> [options]: its words are in $scratch/said
run() { timeout -k 5 120 mpiexec -n "$1" "$programs/$3" "${common[@]}" --out "$scratch/out_$2" "${@:4}" > "$scratch/said" 2>&1 < /dev/null; }
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
  fresh alone
  "$programs/$program" "${common[@]}" --shards 8 --out "$scratch/out_alone" > "$scratch/said" 2>&1
  [ -d "$scratch/judge" ] || cp -r "$scratch/out_alone/cache" "$scratch/judge"
  rm -f "$scratch"/judge/dcgan*
  expected=$(weights alone)
  for ranks in 1 2 3 4 8; do
    for threads in 1 2; do
      fresh same
      run $ranks same $program --shards 8 --threads $threads
      check "$program on $ranks ranks with $threads threads: exit code" "$?" 0
      check "$program on $ranks ranks with $threads threads: weights" "$(weights same)" "$expected"
    done
  done
  fresh same
  "$programs/$program" "${common[@]}" --shards 4 --out "$scratch/out_same" > "$scratch/said" 2>&1
  check "$program with 4 shards has other weights than with 8" "$([ "$(weights same)" != "$expected" ] && echo other)" other
done

# ---- a rank is killed at ten moments: the others end, nothing is left running, and the training goes on on other ranks
steps=(--shards 8 --epochs 12)
fresh whole
start=$(date +%s%N)
run 4 whole 11_vae "${steps[@]}"
took=$((($(date +%s%N) - start) / 1000000))
expected=$(weights whole)
# launched <ranks> <name> [options]: a run in the background, its launcher's process id is in $launcher
launched() {
  mpiexec -n "$1" "$programs/11_vae" "${common[@]}" --out "$scratch/out_$2" "${steps[@]}" "${@:3}" > "$scratch/said" 2>&1 < /dev/null &
  launcher=$!
}
# ranks_of <name>: the process ids of the program's ranks, in order of their start
ranks_of() { pgrep -f "^$programs/11_vae .*$scratch/out_$1 "; }
# ended <what> <seconds>: the launcher ends within this time and leaves no process
ended() {
  local second
  for ((second = 0; second < 10 * $2; ++second)); do kill -0 $launcher 2> /dev/null && sleep 0.1 || break; done
  check "$1: ends within $2 s" "$(kill -0 $launcher 2> /dev/null && echo runs)" ""
  kill -KILL $launcher 2> /dev/null
  wait $launcher 2> /dev/null
  code=$?
  for second in 1 2 3 4 5; do [ -z "$(left)" ] || sleep 0.2; done
  check "$1: nothing is left running" "$(left)" ""
  kill -KILL $(left) 2> /dev/null
}
for moment in 1 2 3 4 5 6 7 8 9 10; do
  fresh killed
  launched 4 killed
  sleep "$(printf '%d.%03d' $((took * (10 + 8 * moment) / 100000)) $((took * (10 + 8 * moment) / 100 % 1000)))"
  victims=($(ranks_of killed))
  kill -KILL "${victims[moment % 4]:-$launcher}" 2> /dev/null
  ended "kill at moment $moment" 30
  run $((moment % 4 + 1)) killed 11_vae "${steps[@]}" --resume
  check "resumed after the kill at moment $moment" "$? $(weights killed)" "0 $expected"
done

# ---- a rank that is stopped, like one whose host is lost, or killed: the others end with a sentence that names it. When a rank is
# killed, Open MPI ends the others a second later, unless it is told to give them time.
for signal in STOP KILL; do
  fresh lost
  GRADUS_RANK_TIMEOUT=4 OMPI_MCA_odls_base_sigkill_timeout=$([ $signal = KILL ] && echo 8 || echo 1) launched 3 lost
  for _ in {1..200}; do [ -s "$scratch/out_lost/11_vae/vae.safetensors" ] && break || sleep 0.1; done
  victims=($(ranks_of lost))
  kill -$signal "${victims[1]}"
  ended "a rank that gets SIG$signal" 30
  check "SIG$signal: the sentence names the rank" "$(grep -oE 'no sign of life from rank [012] for 4 s' "$scratch/said" | sort -u)" "no sign of life from rank 1 for 4 s"
  run 2 lost 11_vae "${steps[@]}" --resume
  check "resumed after SIG$signal" "$? $(weights lost)" "0 $expected"
done

# ---- a signal to the launcher, or to one rank, ends all ranks after the same step
export OMPI_MCA_odls_base_sigkill_timeout=5
for target in launcher rank; do
  fresh interrupted
  launched 3 interrupted
  for _ in {1..200}; do [ -s "$scratch/out_interrupted/11_vae/vae.safetensors" ] && break || sleep 0.1; done
  victims=($(ranks_of interrupted))
  if [ $target = launcher ]; then kill -INT $launcher; else kill -INT "${victims[2]}"; fi
  ended "a signal to one $target" 30
  check "one sentence after a signal to one $target" "$(grep -c 'stopped after step .* run again with --resume' "$scratch/said")" 1
  run 2 interrupted 11_vae "${steps[@]}" --resume
  check "resumed after a signal to one $target" "$? $(weights interrupted)" "0 $expected"
done

# ---- ranks that do not belong together
# refused <what> <pattern> <program of rank 1> <options of rank 1>
refused() {
  fresh refused
  timeout -k 5 60 mpiexec -n 1 "$programs/11_vae" "${common[@]}" --out "$scratch/out_refused" : \
    -n 1 "$3" --out "$scratch/out_refused" "${@:4}" > "$scratch/said" 2>&1 < /dev/null
  check "$1 is refused: exit code" "$(($? != 0))" 1
  check "$1 is refused" "$(grep -cE "11_vae: rank 1 differs: $2; all ranks need the same" "$scratch/said")" 1
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

# ---- bad numbers of shards
said() { grep -cE "$1" "$scratch/said"; }
fresh bad
run 1 bad 11_vae --shards 0
check "0 shards" "$? $(said 'shards: Value 0 not in range')" "2 1"
run 1 bad 25_dcgan --shards 3
check "3 shards of 64 examples" "$(($? != 0)) $(said '3 shards do not divide a batch of 64 examples')" "1 1"
run 4 bad 11_vae --shards 2
check "4 ranks for 2 shards" "$(($? != 0)) $(($(said '4 ranks for 2 shards; .* start at most 2 ranks') > 0))" "1 1"
"$programs/11_vae" "${common[@]}" --out "$scratch/out_bad" > "$scratch/said" 2>&1
"$programs/11_vae" "${common[@]}" --out "$scratch/out_bad" --shards 2 --resume > "$scratch/said" 2>&1
check "--resume with another number of shards" "$? $(said 'made with other settings: --shards 1, this run has 2')" "1 1"

# ---- two hosts: this network namespace and another one, connected by a pair of virtual cards, with delay and loss where the
# kernel has netem. Open MPI starts a process on the other host with `agent host command`, as it would with ssh.
skipped=0
if ! mpiexec --version | grep -qE 'Open ?(MPI|RTE)' || ! ip netns add $space 2> /dev/null; then
  echo "SKIPPED: two hosts need Open MPI, root, and ip of iproute2"
  skipped=1
else
  ip link add gradus0 type veth peer name gradus1 netns $space && ip addr add 10.213.77.1/24 dev gradus0 && ip link set gradus0 up
  inside() { ip netns exec $space "$@"; }
  inside ip addr add 10.213.77.2/24 dev gradus1 && inside ip link set gradus1 up && inside ip link set lo up
  printf '#!/bin/sh\nshift\nexec ip netns exec %s sh -c "$*"\n' $space > "$scratch/agent" && chmod +x "$scratch/agent"
  export OMPI_MCA_plm_rsh_agent=$scratch/agent OMPI_MCA_btl=tcp,self OMPI_MCA_btl_tcp_if_include=10.213.77.0/24 OMPI_MCA_oob_tcp_if_include=10.213.77.0/24
  hosts=(--host localhost:2,10.213.77.2:2)
  tc qdisc add dev gradus0 root netem delay 2ms loss 1% 2> /dev/null || echo "ranks: the kernel has no netem: the link has no delay and no loss"
  fresh two
  timeout -k 5 120 mpiexec "${hosts[@]}" -n 4 "$programs/11_vae" "${common[@]}" --out "$scratch/out_two" "${steps[@]}" > "$scratch/said" 2>&1 < /dev/null
  check "four ranks on two hosts" "$? $(weights two)" "0 $expected"
  fresh cut
  GRADUS_RANK_TIMEOUT=4 mpiexec "${hosts[@]}" -n 4 "$programs/11_vae" "${common[@]}" --out "$scratch/out_cut" "${steps[@]}" > "$scratch/said" 2>&1 < /dev/null &
  launcher=$!
  for _ in {1..300}; do [ -s "$scratch/out_cut/11_vae/vae.safetensors" ] && break || sleep 0.1; done
  ip link set gradus0 down
  for _ in {1..300}; do [ -n "$(ranks_of cut)" ] && sleep 0.1 || break; done
  check "a link that is cut: the ranks end within 30 s" "$(ranks_of cut)" ""
  kill -KILL $launcher 2> /dev/null  # Open MPI's launcher waits longer for the lost host
  wait $launcher 2> /dev/null
  check "the sentence names a rank of the other host" "$(grep -oE 'rank [01]: no sign of life from rank [23] for 4 s' "$scratch/said" | wc -l | grep -c '[12]')" 1
  unset OMPI_MCA_plm_rsh_agent OMPI_MCA_btl OMPI_MCA_btl_tcp_if_include OMPI_MCA_oob_tcp_if_include
  run 2 cut 11_vae "${steps[@]}" --resume
  check "resumed after a cut link" "$? $(weights cut)" "0 $expected"
fi

echo "$passed passed, $failed failed$([ $skipped -gt 0 ] && echo ", $skipped skipped")"
exit $((failed > 0))
