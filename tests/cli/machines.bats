#!/usr/bin/env bats
# machines.bats - one sweep on several machines: under mpirun, and in the parts of a Slurm job array.

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
    ulimit -c 0
    cat >sweep.lua <<'LUA'
local hu = require "halfulp"
local p = hu.params {n = 20, word = "a"}
local s = hu.sweep {i = hu.range(1, p.n), seed = {1, 2, 3}}
s:run(function(q)
  if q.i == 7 and q.seed == 2 then os.execute "kill -KILL $PPID" os.execute "sleep 5" end
  local file <close> = io.open(q:file "i.txt", "w")
  file:write(q.i)
  return {x = q.i * math.random(), list = {1.5, q.seed, math.random()}, bad = q.seed == 3 and 0 / 0 or 1}
end)
s:table {file = "all"}
print(#s:rows())
LUA
    cat >adapt.lua <<'LUA'
local hu = require "halfulp"
local s = hu.sweep(hu.points.bisect {x = "m", low = 1, high = 30, each = {k = {1, 2, 3}}, when = function(r) return r.y > 7.5 * r.k end})
s:run(function(q) return {y = q.m} end, {quiet = true})
s:table {file = "all"}
LUA
}

need_mpi() {
    grep -q '^#define HAVE_MPI 1' "$HU_BUILDDIR/config.h" || skip "built without MPI: install libopenmpi-dev and configure again"
    command -v mpirun >/dev/null || skip "no mpirun: install openmpi-bin"
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    # leaks of MPI's own are not ours to report
    export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
    timeout 60 mpirun --oversubscribe -n 1 true 2>/dev/null || skip "mpirun does not run here"
}

ranks() { timeout 120 mpirun --oversubscribe -n "$1" "$HALFULP" run "${@:2}"; }

@test "three ranks leave the store of one process, and say what it says" {
    need_mpi
    "$HALFULP" run sweep.lua --jobs 1 --out one >one.txt 2>one.err
    ranks 3 sweep.lua --out three >three.txt 2>three.err
    cmp one.txt three.txt
    [ "$(grep -c 'signal 9' three.err)" -eq 1 ]
    cmp one/all.tsv three/all.tsv
    "$HALFULP" results diff one three
    [ "$(cat one/points/*/i.txt)" = "$(cat three/points/*/i.txt)" ]
    ranks 2 sweep.lua --jobs 2 --out three 2>&1 | grep -q 'results are in three'
}

@test "points that follow from results are the same under mpirun" {
    need_mpi
    "$HALFULP" run adapt.lua --jobs 2 --out one
    ranks 3 adapt.lua --out three
    cmp one/all.tsv three/all.tsv
    [ "$(wc -l <one/all.tsv)" -gt 15 ]
}

@test "a rank that fails ends all of them, and the store continues" {
    need_mpi
    sed 's/^s:table.*/if require("halfulp.core").lab.rank() == 2 then error "rank two is lost" end/' sweep.lua >lost.lua
    run ranks 3 lost.lua --out lost
    [ "$status" -ne 0 ]
    [[ $output == *"rank two is lost"* ]]
    run ranks 2 lost.lua --out lost
    [ "$status" -eq 0 ]
}

@test "started together without MPI is told" {
    ! grep -q '^#define HAVE_MPI 1' "$HU_BUILDDIR/config.h" || skip "built with MPI"
    OMPI_COMM_WORLD_SIZE=3 run "$HALFULP" run sweep.lua
    [ "$status" -eq 1 ]
    [[ $output == *"3 of this program were started together, but it was built without MPI"* ]]
    [ ! -e results ]
}

@test "the batch script for Slurm computes the parts, and its last lines put them together" {
    "$HALFULP" run sweep.lua n=6 "word=it's \$HOME" --seed 4 --out "all of it" --slurm 3 --retry 1 >job.sh
    sh -n job.sh
    grep -qx '#SBATCH --array=1-3' job.sh
    [ ! -e "all of it" ]
    for task in 1 2 3; do SLURM_ARRAY_TASK_ID=$task SLURM_CPUS_PER_TASK=2 sh job.sh >/dev/null 2>&1; done
    sed -n 's/^#   //p' job.sh >after.sh
    [ "$(wc -l <after.sh)" -eq 2 ]
    sh -e after.sh >/dev/null 2>&1
    "$HALFULP" run sweep.lua n=6 "word=it's \$HOME" --seed 4 --out plain >/dev/null 2>&1
    "$HALFULP" results diff plain "all of it"
    cmp plain/all.tsv "all of it/all.tsv"
}

# A controller and one node of our own, on ports that nobody uses.
start_slurm() {
    for tool in munged slurmctld slurmd sbatch squeue; do
        PATH=$PATH:/usr/sbin command -v $tool >/dev/null || skip "no $tool: install slurmctld slurmd slurm-client munge"
    done
    [ "$(id -u)" -eq 0 ] || skip "a Slurm of one's own needs root"
    export PATH=$PATH:/usr/sbin SLURM_CONF=$PWD/slurm.conf
    mkdir -p munge state spool
    chmod 700 munge
    head -c 1024 /dev/urandom >munge/key
    chmod 400 munge/key
    munged --key-file=$PWD/munge/key --socket=$PWD/munge/socket --pid-file=$PWD/munge/pid --log-file=$PWD/munge/log \
        --seed-file=$PWD/munge/seed --force 2>munge.err || skip "munged does not start here: $(head -n 1 munge.err)"
    port=$((20000 + RANDOM % 20000))
    cat >slurm.conf <<CONF
ClusterName=ours
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$PWD/munge/socket
CredType=cred/munge
StateSaveLocation=$PWD/state
SlurmdSpoolDir=$PWD/spool
SlurmctldPidFile=$PWD/ctld.pid
SlurmdPidFile=$PWD/d.pid
SlurmctldLogFile=$PWD/ctld.log
SlurmdLogFile=$PWD/d.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_res
SelectTypeParameters=CR_Core
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
    slurmctld -c 2>ctld.err || skip "slurmctld does not start here: $(head -n 1 ctld.err)"
    slurmd 2>d.err || skip "slurmd does not start here: $(head -n 1 d.err)"
}

teardown() {
    for pid in d.pid ctld.pid munge/pid; do [ ! -s "$pid" ] || kill "$(cat $pid)" 2>/dev/null || true; done
}

@test "a Slurm of one node computes the job array" {
    start_slurm
    "$HALFULP" run sweep.lua n=6 --out all --slurm 3 >job.sh
    for k in $(seq 50); do sinfo -h -o %T 2>/dev/null | grep -q idle && break; sleep 0.2; done
    sinfo -h -o %T 2>/dev/null | grep -q idle || skip "the node does not come up: $(tail -n 1 d.log)"
    sbatch job.sh
    for k in $(seq 300); do [ -z "$(squeue -h 2>/dev/null)" ] && break; sleep 0.2; done
    [ -z "$(squeue -h)" ]
    sed -n 's/^#   //p' job.sh >after.sh
    sh -e after.sh >/dev/null 2>&1
    "$HALFULP" run sweep.lua n=6 --out plain >/dev/null 2>&1
    "$HALFULP" results diff plain all
    cmp plain/all.tsv all/all.tsv
}
