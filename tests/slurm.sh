# Sourced after expect.sh: a Slurm of one node, of this user alone (slurm-wlm, munge), for tests.
PATH=$PATH:/usr/sbin
can_start_slurm() {
  local program
  [ "$(id -u)" -eq 0 ] || return
  for program in slurmctld slurmd munged sbatch; do command -v $program > /dev/null || return; done
}
# start_slurm: in $scratch/slurm; what it starts is in daemons
start_slurm() {
  local d=$scratch/slurm port=$((20000 + $$ % 20000))
  mkdir -p "$d/state" "$d/spool" "$d/munge" && chmod 700 "$d/munge"
  head -c 128 /dev/urandom > "$d/munge/key" && chmod 400 "$d/munge/key"
  munged --foreground --force --key-file="$d/munge/key" --socket="$d/munge/socket" --pid-file="$d/munge/pid" --log-file="$d/munge/log" --seed-file="$d/munge/seed" > "$d/munged.out" 2>&1 &
  daemons=($!)
  cat > "$d/slurm.conf" << END
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
SlurmctldPort=$port
SlurmdPort=$((port + 20000))
AuthType=auth/munge
AuthInfo=socket=$d/munge/socket
CredType=cred/munge
StateSaveLocation=$d/state
SlurmdSpoolDir=$d/spool
SlurmctldPidFile=$d/slurmctld.pid
SlurmdPidFile=$d/slurmd.pid
SlurmctldLogFile=$d/slurmctld.log
SlurmdLogFile=$d/slurmd.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=4096 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
  export SLURM_CONF=$d/slurm.conf
  eventually [ -S "$d/munge/socket" ]
  slurmctld -D > "$d/slurmctld.out" 2>&1 &
  daemons=($! "${daemons[@]}")
  slurmd -D > "$d/slurmd.out" 2>&1 &
  daemons=($! "${daemons[@]}")
  eventually eval '[ "$(sinfo -h -o %t)" = idle ]'
}
