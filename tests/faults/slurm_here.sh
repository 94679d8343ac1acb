#!/usr/bin/env bash
# A real Slurm of four virtual nodes on this machine, in a folder of its own, while a command runs:
#     slurm_here.sh COMMAND [ARGUMENTS]     inside it SLURM_CONF is set, sbatch and srun work
# Needs root, slurm-wlm and munge. Exit code: that of the command; 77 where Slurm cannot be started, with the reason.
set -uo pipefail

skip() {
  echo "skipped: $*"
  exit 77
}
[ "$(id -u)" -eq 0 ] || skip "starting slurmd needs root"
for tool in slurmctld slurmd sbatch munged; do
  command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] || skip "$tool is not installed (apt-get install slurm-wlm munge)"
done
PATH=$PATH:/usr/sbin

home=$(mktemp -d /tmp/polis-slurm.XXXXXX)
daemons=()
cleanup() {
  for daemon in "${daemons[@]}"; do kill -TERM "$daemon" 2>/dev/null; done
  sleep 0.5
  for daemon in "${daemons[@]}"; do kill -KILL "$daemon" 2>/dev/null; done
  pkill -KILL -f "slurmstepd.*$home" 2>/dev/null
  rm -rf "$home"
}
trap cleanup EXIT

# Ports that nobody listens on, so that two checkouts can run their tests at once.
free_base() {
  local base
  for _ in $(seq 50); do
    base=$((20000 + RANDOM % 20000))
    if ! (ss -ltn 2>/dev/null || true) | grep -qE ":($base|$((base + 1))|$((base + 2))|$((base + 3))|$((base + 4)))\b"; then
      echo "$base"
      return
    fi
  done
  echo 27100
}
base=$(free_base)

# munge: a key, socket and log of our own. It refuses folders that others may write to.
mkdir -p "$home"/{munge,state,log}
chmod 755 "$home" "$home/munge"
dd if=/dev/urandom of="$home/munge/key" bs=128 count=1 status=none
chmod 600 "$home/munge/key"
chown -R munge: "$home/munge" 2>/dev/null || skip "there is no user munge"
setpriv --reuid=munge --regid=munge --clear-groups munged --foreground --key-file="$home/munge/key" \
  --socket="$home/munge/socket" --pid-file="$home/munge/pid" --log-file="$home/munge/log" --seed-file="$home/munge/seed" \
  >"$home/log/munged" 2>&1 </dev/null &
daemons+=($!)
for _ in $(seq 50); do [ -S "$home/munge/socket" ] && break; sleep 0.1; done
[ -S "$home/munge/socket" ] || skip "munged did not start: $(tail -n 1 "$home/log/munged" "$home/munge/log" 2>/dev/null | tail -n 1)"

host=$(hostname -s)
cat >"$home/slurm.conf" <<CONF
ClusterName=polis
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$base
AuthType=auth/munge
AuthInfo=socket=$home/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmUser=root
SlurmdUser=root
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=pmix
ReturnToService=2
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.%n.pid
SlurmctldLogFile=$home/log/slurmctld
SlurmdLogFile=$home/log/slurmd.%n
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool.%n
TmpFS=$home/tmp.%n
NodeName=n[1-4] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((base + 1))-$((base + 4))] CPUs=2 RealMemory=4000
PartitionName=all Nodes=n[1-4] Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$home/slurm.conf
slurmctld -D >"$home/log/ctld.out" 2>&1 </dev/null &
daemons+=($!)
for node in n1 n2 n3 n4; do
  mkdir -p "$home/spool.$node" "$home/tmp.$node"
  slurmd -D -N "$node" >"$home/log/$node.out" 2>&1 </dev/null &
  daemons+=($!)
done
for _ in $(seq 150); do
  [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 4 ] && break
  sleep 0.2
done
if [ "$(sinfo -h -t idle -o %D 2>/dev/null)" != 4 ]; then
  tail -n 3 "$home"/log/* >&2
  skip "Slurm's four nodes did not become idle within 30 s"
fi
"$@"
