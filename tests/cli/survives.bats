#!/usr/bin/env bats
# survives.bats - a sweep of 200 points in which much goes wrong ends like one in which nothing was disturbed.
#
# Planted: a Lua error, an abort, an exit, a worker that is killed, one out of memory. From outside: kill -9 of the parent and
# of workers at random moments, a signal that stops in order, a full disk. The long form has more of each.

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
    ulimit -c 0
    cat >sweep.lua <<'LUA'
local hu = require "halfulp"
local p = hu.params {ms = 0, memory = true}
local sweep = hu.sweep {i = hu.range(1, 200)}
sweep:run(function(q)
  if p.ms > 0 then os.execute("sleep " .. p.ms / 1000) end
  if q.i % 40 == 3 then print("point", q.i, "gives up") error("no answer for " .. q.i) end
  if q.i == 50 then os.execute "echo a failed assertion >&2; kill -ABRT $PPID" os.execute "sleep 9" end
  if q.i == 70 then os.exit(3) end
  if q.i == 90 then os.execute "kill -KILL $PPID" os.execute "sleep 9" end
  if q.i == 130 and p.memory then
    local all = {}
    for k = 1, 1000 do all[k] = ("x"):rep(1 << 20) .. k end
  end
  local list = {}
  for k = 1, 50 do list[k] = math.random() * q.i end
  if q.i % 50 == 0 then
    local file <close> = io.open(q:file "list.txt", "w")
    for _, x in ipairs(list) do file:write(("%a\n"):format(x)) end
  end
  return {x = q.i / 7, r = math.random(), list = list, seed = q.run_seed, text = "n" .. q.i, nan = q.i % 9 == 0 and 0 / 0 or 1}
end, {quiet = true})
sweep:table {file = "all"}
LUA
    limits="--memory 64M"
    [ -z "${HU_PRELOAD:-}" ] || limits="memory=false"       # a sanitizer needs all the memory there is
}

go() { "$HALFULP" run sweep.lua $limits "$@"; }

# What the store holds, but for times and attempts.
dump() {
    "$HALFULP" results "$1" --json --sql "SELECT p.sweep, p.position, p.params, p.error, p.signal, p.output, r.i, r.x, r.r, r.seed, r.text, r.nan, r.key, r.status FROM points p JOIN results r ON r.id = p.id ORDER BY r.key"
    "$HALFULP" results "$1" --json --sql "SELECT p.key, s.name, s.shape, s.n, s.packing, hex(s.data) AS data FROM points p JOIN series s ON s.point = p.id ORDER BY 1, 2"
    "$HALFULP" results "$1" --json --sql "SELECT p.key, a.name, a.digest FROM points p JOIN artifacts a ON a.point = p.id ORDER BY 1, 2"
}

count() { "$HALFULP" results "$1" --csv --sql "SELECT count(*) FROM points WHERE status = '$2'" | tr -d '\r' | tail -1; }

# The processes below another.
workers_of() { ps -o pid= --ppid "$1" 2>/dev/null; }

pause() { sleep "0.$((RANDOM % 5))$((RANDOM % 10))"; }

@test "planted failures are recorded with signal and last lines, and lose only their point" {
    go --jobs 2 --out whole
    [ "$(count whole done)" -ge 191 ]
    [ "$("$HALFULP" results whole --csv --where "i in (43, 50, 70, 90)" --columns i,status,failure,signal,output | tr -d '\r')" = 'i,status,failure,signal,output
43,failed,sweep.lua:6: no answer for 43,,"point	43	gives up
"
50,failed,worker ended by signal 6 (Aborted),6,"a failed assertion
"
70,failed,worker ended with status 3 before it gave a result,,
90,failed,worker ended by signal 9 (Killed),9,' ]
    if [[ $limits == --memory* ]]; then
        [ "$("$HALFULP" results whole --csv --where "i = 130" --columns failure | tr -d '\r' | tail -1)" = "not enough memory (the limit is 64 MiB a point)" ]
        [ "$(count whole failed)" -eq 9 ]
    fi
    [ "$("$HALFULP" results whole --csv --sql "SELECT count(*) FROM artifacts" | tr -d '\r' | tail -1)" -eq 3 ]
}

@test "one worker, several and two halves merged leave the same store" {
    go --jobs 2 --out whole
    go --jobs 1 --out one
    go --jobs 3 --out three
    go --jobs 2 --out a --shard 1/2
    go --jobs 1 --out b --shard 2/2
    "$HALFULP" results merge merged a b
    dump whole >whole.txt
    [ "$(wc -l <whole.txt)" -gt 390 ]
    for other in one three merged; do
        dump $other >$other.txt
        cmp whole.txt $other.txt
    done
}

@test "three ranks leave the same store" {
    grep -q '^#define HAVE_MPI 1' "$HU_BUILDDIR/config.h" || skip "built without MPI: install libopenmpi-dev and configure again"
    command -v mpirun >/dev/null || skip "no mpirun: install openmpi-bin"
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"       # leaks of MPI's own are not ours to report
    timeout 60 mpirun --oversubscribe -n 1 true 2>/dev/null || skip "mpirun does not run here"
    go --jobs 2 --out whole
    timeout 300 mpirun --oversubscribe -n 3 "$HALFULP" run sweep.lua $limits --out ranks
    dump whole >whole.txt
    dump ranks >ranks.txt
    [ "$(wc -l <whole.txt)" -gt 390 ]
    cmp whole.txt ranks.txt
    cmp whole/all.tsv ranks/all.tsv
}

@test "killed, stopped and short of room at random moments, it ends with the store of an undisturbed run" {
    kills=3 hits=4 full=0 filled=0 dead=0 shot=0 stops=0 ms=12
    [ -z "${HU_TEST_LONG:-}" ] || kills=20 hits=20 ms=100
    mkdir room
    if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=6m none room 2>/dev/null; then full=1; fi
    go --jobs 2 --out whole ms=$ms
    RANDOM=5
    "$HALFULP" run sweep.lua $limits --jobs 2 --out room/run ms=$ms >/dev/null 2>&1 &
    pid=$!
    for i in $(seq $hits); do
        pause
        worker=$(workers_of $pid | head -n 1)
        [ -z "$worker" ] || { ! kill -KILL $worker 2>/dev/null || shot=$((shot + 1)); }
        if [ "$full" -eq 1 ] && [ "$i" -eq "$hits" ]; then
            head -c 8m /dev/zero >room/filler 2>/dev/null || true
        fi
    done
    status=0; wait $pid || status=$?
    [ "$full" -eq 0 ] || [ "$status" -ne 1 ] || filled=1
    rm -f room/filler
    for i in $(seq $((10 * kills))); do
        [ "$dead" -lt "$kills" ] || break
        "$HALFULP" run sweep.lua $limits --jobs $((1 + i % 3)) --out room/run ms=$ms >/dev/null 2>&1 &
        pid=$!
        pause
        if [ $((i % 4)) -eq 3 ]; then                   # in order: points finish, and the state is told
            kill -TERM $pid 2>/dev/null || true
        else
            kill -KILL $pid 2>/dev/null || true         # it may have come to its end before
        fi
        status=0; wait $pid || status=$?
        [ $status -ne 137 ] || dead=$((dead + 1))
        [ $status -ne 143 ] || stops=$((stops + 1))
        [ $status -ne 0 ] || rm -rf room/run            # too quick for us: once more from the start
    done
    go --jobs 2 --out room/run ms=$ms
    dump whole >whole.txt
    dump room/run >killed.txt
    same=0; cmp whole.txt killed.txt || same=1
    cmp whole/all.tsv room/run/all.tsv || same=1
    diff whole.txt killed.txt | cut -c 1-300 | head -4
    [ "$full" -eq 0 ] || umount room
    echo "# parent killed $dead times, stopped $stops times, workers killed $shot times, disk full $filled times" >&3
    [ "$same" -eq 0 ]
    [ "$dead" -eq "$kills" ]
}

@test "a training that leaves checkpoints, killed five times, ends with the bits of one that was not" {
    cat >train.lua <<'LUA'
local hu = require "halfulp"
local p = hu.params {steps = 1200}
local text = hu.nn.markov {alphabet = 4, order = 1, train = 4000, heldout = 400}
local policies = {fp32 = "fp32", ["e5m2:sr"] = "e5m2:sr", sums = {activation = "e4m3fn@tensor", accumulate = "e8m7"}}
local sweep = hu.sweep {policy = {"fp32", "e5m2:sr", "sums"}}
sweep:run(function(q)
  local model = hu.nn.lm {layers = 1, heads = 2, width = 16, context = 16, seed = q.run_seed}
  local trainer = hu.nn.trainer {model = model, data = text, batch = 4, steps = p.steps, policy = policies[q.policy], seed = q.run_seed}
  local keep = q:checkpoint {trainer = trainer, every = 7, state = {loss = {}, noise = {}}}
  local from = keep.step
  for step = keep.step + 1, p.steps do
    keep.state.loss[step] = trainer:step()
    keep.state.noise[step] = math.random()
    keep:mark(step)
  end
  io.stderr:write("went on from ", from, "\n")
  return {loss = keep.state.loss[p.steps], losses = keep.state.loss, noise = keep.state.noise, heldout = model:loss(text)}
end, {quiet = true})
sweep:table {file = "all"}
LUA
    dump_training() {
        "$HALFULP" results $1 --json --columns policy,loss,heldout
        "$HALFULP" results $1 --json --sql "SELECT p.key, s.name, hex(s.data) AS data FROM points p JOIN series s ON s.point = p.id ORDER BY 1, 2"
    }
    "$HALFULP" run train.lua --jobs 2 --out whole
    RANDOM=3
    kills=0
    for i in $(seq 30); do
        [ "$kills" -lt 5 ] || break
        "$HALFULP" run train.lua --jobs 2 --out cut 2>>went.txt &
        pid=$!
        # some checkpoint is newer than the last end
        touch mark
        for k in $(seq 200); do [ -n "$(find cut/points -name checkpoint.lua -newer mark 2>/dev/null)" ] && break; sleep 0.01; done
        sleep "0.0$((RANDOM % 10))"
        [ "$i" -ne 3 ] || kill -TERM $pid 2>/dev/null || true
        [ "$i" -eq 3 ] || kill -KILL $pid 2>/dev/null || true
        status=0; wait $pid || status=$?
        if [ "$status" -ne 0 ]; then kills=$((kills + 1)); else rm -rf cut; fi       # too quick for us: once more from the start
    done
    "$HALFULP" run train.lua --jobs 2 --out cut 2>>went.txt
    echo "# ended early $kills times; $(grep -c 'went on from [1-9]' went.txt) of $(grep -c 'went on' went.txt) ends went on from a checkpoint" >&3
    dump_training whole >whole.txt
    dump_training cut >cut.txt
    [ "$(wc -l <whole.txt)" -eq 9 ]
    cmp whole.txt cut.txt
    cmp whole/all.tsv cut/all.tsv
    [ "$(grep -c 'went on from [1-9]' went.txt)" -ge 1 ]
    [ "$kills" -eq 5 ]
    [ -z "$(find cut/points -name 'checkpoint*' 2>/dev/null)" ]
}
