#!/usr/bin/env bats
# run-dir.bats - the directory of a run: continued after any end, locked, never written over, one line when it fails.

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
    ulimit -c 0
    cat >sweep.lua <<'LUA'
local hu = require "halfulp"
local p = hu.params {n = 20, ms = 0, fail = 0}
local sweep = hu.sweep {i = hu.range(1, p.n)}
sweep:run(function(q)
  if q.i == p.fail then error("point " .. q.i .. " has no answer") end
  if p.ms > 0 then os.execute("sleep " .. p.ms / 1000) end
  return {x = q.i / 7, r = math.random(), list = {q.i, math.random()}, text = "n" .. q.i}
end)
sweep:table {file = "all"}
LUA
}

# What the store holds, without times.
dump() {
    sqlite3 "$1/results.sqlite" "SELECT key, sweep, params, status, error, signal, output, nans FROM points ORDER BY 1;
        SELECT p.key, p.status, r.i, r.x, r.r, r.text FROM results r JOIN points p USING (id) ORDER BY 1;
        SELECT p.key, s.name, s.shape, s.n, s.packing, hex(s.data) FROM points p JOIN series s ON s.point = p.id ORDER BY 1, 2;
        SELECT p.key, a.name, a.digest FROM points p JOIN artifacts a ON a.point = p.id ORDER BY 1, 2; PRAGMA integrity_check"
}

need_sqlite() {
    command -v sqlite3 >/dev/null || skip "no sqlite3: install sqlite3"
}

# One line that begins with the program's name.
one_line() {
    [ "${#lines[@]}" -eq 1 ] || { printf 'not one line: %s\n' "$output"; return 1; }
    [[ $output == "halfulp: "* ]]
}

@test "a run leaves manifest, store, table and log" {
    need_sqlite
    run "$HALFULP" run sweep.lua fail=3 --jobs 2 --seed 5
    [ "$status" -eq 0 ]
    [ -f results/sweep/results.sqlite ] && [ -f results/sweep/all.tsv ]
    grep -q 'point 3 has no answer' results/sweep/log.txt
    [ "$(sqlite3 :memory: "SELECT json_extract(readfile('results/sweep/manifest.json'), '\$.state', '\$.seed', '\$.points_done', '\$.points_failed', '\$.parameters.fail')")" = '["finished",5,19,1,3]' ]
    sum=$(sha256sum sweep.lua | cut -c 1-64)
    grep -q "\"script_sha256\": \"$sum\"" results/sweep/manifest.json
    [ ! -e results/sweep/results.sqlite-wal ]
    "$HALFULP" run sweep.lua fail=3 --jobs 2 --seed 5 2>/dev/null
    [ "$(sqlite3 :memory: "SELECT json_extract(readfile('results/sweep/manifest.json'), '\$.points_done')")" = 19 ]
}

@test "one worker and several leave the same store" {
    need_sqlite
    for jobs in 1 2 3; do "$HALFULP" run sweep.lua fail=4 --jobs $jobs --out out$jobs 2>/dev/null; done
    dump out1 >1.txt
    [ "$(wc -l <1.txt)" -gt 58 ]
    for jobs in 2 3; do
        dump out$jobs >$jobs.txt
        cmp 1.txt $jobs.txt
        cmp out1/all.tsv out$jobs/all.tsv
    done
}

@test "killed at random moments and run again, the store is that of an undisturbed run" {
    need_sqlite
    "$HALFULP" run sweep.lua n=60 ms=5 --jobs 2 --out whole
    RANDOM=1
    kills=0
    for i in $(seq 12); do
        "$HALFULP" run sweep.lua n=60 ms=5 --jobs 2 --out killed 2>/dev/null &
        pid=$!
        sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
        kill -9 $pid 2>/dev/null && kills=$((kills + 1))
        wait $pid || true
    done
    echo "# killed $kills times" >&3
    "$HALFULP" run sweep.lua n=60 ms=5 --jobs 2 --out killed
    dump whole >whole.txt
    dump killed >killed.txt
    cmp whole.txt killed.txt
    cmp whole/all.tsv killed/all.tsv
}

@test "Ctrl-C ends in order and the same command continues" {
    env --default-signal true 2>/dev/null || skip "no env that restores signals"
    need_sqlite
    "$HALFULP" run sweep.lua n=200 ms=0 --jobs 2 --out whole
    for jobs in 1 2; do
        for signal in INT TERM; do
            # The shell lets background jobs ignore SIGINT, and the program leaves it ignored: env restores it.
            env --default-signal=INT "$HALFULP" run sweep.lua n=200 ms=20 --jobs $jobs --out cut$jobs$signal 2>err.txt &
            pid=$!
            for i in $(seq 600); do
                [ "$(sqlite3 cut$jobs$signal/results.sqlite "SELECT count(*) FROM points WHERE status = 'done'" 2>/dev/null || echo 0)" -gt 2 ] && break
                sleep 0.05
            done
            kill -$signal $pid
            status=0; wait $pid || status=$?
            [ "$status" -ge 128 ]
            grep -q 'interrupted; run the same command again to continue' err.txt
            [ "$(grep -vc '^halfulp: stopping: ' err.txt)" -eq 1 ]
            grep -q '"state": "interrupted"' cut$jobs$signal/manifest.json
            "$HALFULP" run sweep.lua n=200 ms=0 --jobs $jobs --out cut$jobs$signal
            cmp whole/all.tsv cut$jobs$signal/all.tsv
        done
    done
}

@test "a second process on the same directory is told who holds it" {
    "$HALFULP" run sweep.lua n=400 ms=50 --jobs 1 --out held 2>/dev/null &
    pid=$!
    for i in $(seq 1000); do [ -s held/manifest.json ] && break; sleep 0.02; done
    run "$HALFULP" run sweep.lua --out held
    kill $pid
    wait $pid || true
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"held is being written by process $pid"* ]]
}

@test "the lock of a process that was killed is gone" {
    "$HALFULP" run sweep.lua n=400 ms=50 --jobs 2 --out held 2>/dev/null &
    pid=$!
    for i in $(seq 1000); do [ -s held/manifest.json ] && break; sleep 0.02; done
    kill -9 $pid
    wait $pid || true
    run "$HALFULP" run sweep.lua n=3 --jobs 1 --out held
    [ "$status" -eq 0 ]
}

@test "a directory or a results file that is not ours is refused and left as it is" {
    mkdir other file
    echo "my notes" >other/notes.txt
    printf 'This is a text, long enough to be a database by its size. %.0s' $(seq 40) >file/results.sqlite
    cp -r other other.before; cp -r file file.before
    run "$HALFULP" run sweep.lua --out other
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"other is not a run directory: it holds notes.txt"* ]]
    run "$HALFULP" run sweep.lua --out file
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"file/results.sqlite is not a result store of halfulp"* ]]
    diff -r other other.before
    diff -r file file.before
    if command -v sqlite3 >/dev/null; then
        mkdir database
        sqlite3 database/results.sqlite "CREATE TABLE points(a); INSERT INTO points VALUES (1)"
        sum=$(sha256sum database/results.sqlite)
        run "$HALFULP" run sweep.lua --out database
        [ "$status" -eq 1 ]
        one_line
        [ "$sum" = "$(sha256sum database/results.sqlite)" ]
        [ ! -e database/.lock ]
    fi
}

@test "a folder that cannot be used is told in one line" {
    for out in /dev/full /proc/nothing sweep.lua sweep.lua/below; do
        run "$HALFULP" run sweep.lua --out $out
        [ "$status" -eq 1 ]
        one_line
    done
    run "$HALFULP" run sweep.lua --out ""
    [ "$status" -eq 2 ]
    [ "$output" = "halfulp: run: --out is empty; it takes the name of a folder" ]
}

@test "a read-only folder is told in one line and left as it is" {
    "$HALFULP" run sweep.lua n=3 --out done
    if [ "$(id -u)" -eq 0 ]; then
        mkdir mounted
        mount -t tmpfs -o size=2m none mounted 2>/dev/null || skip "this user may write everywhere and may not mount a file system"
        cp -r done mounted/done
        mount -o remount,ro mounted || { umount mounted; skip "no read-only file system could be mounted"; }
        run "$HALFULP" run sweep.lua n=4 --out mounted/done
        first=$status first_output=$output
        run "$HALFULP" run sweep.lua n=4 --out mounted/new
        "$HALFULP" report mounted/done --out read.html || touch unread
        umount mounted
        [ "$first" -eq 1 ]
        [[ $first_output == "halfulp: "*"Read-only file system"* ]]
    else
        mkdir locked
        cp -r done locked/done
        chmod -R a-w locked
        run "$HALFULP" run sweep.lua n=4 --out locked/done
        first=$status
        run "$HALFULP" run sweep.lua n=4 --out locked/new
        "$HALFULP" report locked/done --out read.html || touch unread
        chmod -R u+w locked
        [ "$first" -eq 1 ]
    fi
    [ "$status" -eq 1 ]
    one_line
    [ -s read.html ] && [ ! -e unread ]
}

@test "a full disk is told in one line, and with room the same command continues" {
    [ "$(id -u)" -eq 0 ] || skip "only root may mount a small file system"
    mkdir small
    mount -t tmpfs -o size=400k none small 2>/dev/null || skip "no file system can be mounted here"
    cat >big.lua <<'LUA'
local hu = require "halfulp"
local sweep = hu.sweep {i = hu.range(1, 40)}
sweep:run(function(q)
  local list = {}
  for k = 1, 4000 do list[k] = q.i + 1 / k end
  return {list = list, sum = q.i}
end)
sweep:table {file = "all"}
LUA
    run "$HALFULP" run big.lua --jobs 2 --out small/out
    first=$status first_output=$output n=${#lines[@]}
    state=$(grep '"state"' small/out/manifest.json)
    mount -o remount,size=20m small
    run "$HALFULP" run big.lua --jobs 2 --out small/out
    second=$status
    "$HALFULP" run big.lua --jobs 1 --out plain
    same=0; cmp plain/all.tsv small/out/all.tsv || same=$?
    umount small
    printf '%s\n' "$first_output"
    [ "$first" -eq 1 ]
    [ "$n" -eq 1 ]
    [[ $state == *failed* ]]
    [[ $first_output == "halfulp: "*"full"* || $first_output == "halfulp: "*"No space"* ]]
    [ "$second" -eq 0 ]
    [ "$same" -eq 0 ]
}

@test "a table cannot be written to a full device" {
    cat >full.lua <<'LUA'
local hu = require "halfulp"
local sweep = hu.sweep {i = {1, 2}}
sweep:run(function(q) return {x = q.i} end)
sweep:table {file = "/dev/full"}
LUA
    run "$HALFULP" run full.lua
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"/dev/full"* ]]
}

@test "an error in the script is one line; what was computed stays" {
    cat >wrong.lua <<'LUA'
local hu = require "halfulp"
hu.sweep({i = {1, 2}}):run(function(q) return {x = q.i} end)
error("no figure today")
LUA
    run "$HALFULP" run wrong.lua
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"wrong.lua:3: no figure today"* ]]
    grep -q '"state": "failed"' results/wrong/manifest.json
    grep -q 'no figure today' results/wrong/log.txt
    need_sqlite
    [ "$(sqlite3 results/wrong/results.sqlite "SELECT count(*) FROM points WHERE status = 'done'")" -eq 2 ]
}

@test "a wrong parameter is wrong usage and makes no directory" {
    run "$HALFULP" run sweep.lua m=3
    [ "$status" -eq 2 ]
    one_line
    [[ $output == *"did you mean n?"* || $output == *"no parameter m"* ]]
    [ ! -e results ]
}

@test "a changed script computes anew and mixes nothing" {
    need_sqlite
    "$HALFULP" run sweep.lua n=5
    sed -i 's|q.i / 7|q.i / 8|' sweep.lua
    "$HALFULP" run sweep.lua n=5
    [ "$(sqlite3 results/sweep/results.sqlite "SELECT count(*) FROM points")" -eq 10 ]
    [ "$(tail -n 1 results/sweep/all.tsv | cut -f 4)" = 0.625 ]
}

@test "no gnuplot: one line, the data are there" {
    cat >plot.lua <<'LUA'
local hu = require "halfulp"
local sweep = hu.sweep {i = {1, 2, 3}}
sweep:run(function(q) return {x = q.i} end)
sweep:plot {x = "i", y = "x", file = "line"}
LUA
    mkdir bin
    for tool in sh cat; do ln -s "$(command -v $tool)" bin; done
    PATH=$PWD/bin run "$HALFULP" run plot.lua
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"gnuplot is not installed"* ]]
    [ -s results/plot/plots/line.tsv ] && [ -s results/plot/plots/line.gp ]
    printf '#!/bin/sh\necho "line 3: bad terminal" >&2\nexit 1\n' >bin/gnuplot
    chmod +x bin/gnuplot
    PATH=$PWD/bin run "$HALFULP" run plot.lua
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"gnuplot failed (line 3: bad terminal)"* ]]
}

@test "plot and report work from the store" {
    command -v gnuplot >/dev/null || skip "no gnuplot: install gnuplot-nox"
    "$HALFULP" run sweep.lua --jobs 2
    run "$HALFULP" plot results/sweep --x i --y x --logy --file line
    [ "$status" -eq 0 ]
    [ "$output" = results/sweep/plots/line.svg ]
    [ -s results/sweep/plots/line.png ]
    run "$HALFULP" report results/sweep
    [ "$status" -eq 0 ]
    grep -q 'plots/line.svg' results/sweep/report.html
    run "$HALFULP" report .
    [ "$status" -eq 1 ]
    one_line
    run "$HALFULP" plot
    [ "$status" -eq 2 ]
}

@test "a report that the script does not write has its text, as it was, and the command with its limits" {
    "$HALFULP" run sweep.lua n=3 --out a --retry 2 --timeout 15m --memory 1.5G --shard 2/2 2>/dev/null
    "$HALFULP" run sweep.lua n=3 --out b --shard 1/2 2>/dev/null
    mv sweep.lua other.lua
    "$HALFULP" report a
    grep -qF 'return {x = q.i / 7, r = math.random(), list = {q.i, math.random()}' a/report.html
    grep -qF '>halfulp run sweep.lua n=3 --seed 1 --retry 2 --timeout 900s --memory 1.5G --out a --shard 2/2</pre>' a/report.html
    "$HALFULP" results merge all a b
    "$HALFULP" report all
    grep -qF 'return {x = q.i / 7, r = math.random()' all/report.html
    grep -qF '>halfulp run sweep.lua n=3 --seed 1 --retry 2 --timeout 900s --memory 1.5G --out all</pre>' all/report.html
    # a later run of another text
    sed 's/q.i \/ 7/q.i \/ 9/' other.lua >sweep.lua
    "$HALFULP" run sweep.lua n=3 --out a 2>/dev/null
    "$HALFULP" report a
    grep -qF 'return {x = q.i / 9, r' a/report.html
    [ "$(grep -cF 'q.i / 7' a/report.html)" -eq 0 ]
    # a script that is no file has no text
    "$HALFULP" run - n=3 --out c <sweep.lua 2>/dev/null
    "$HALFULP" report c
    grep -qF "The script's text was not kept." c/report.html
}

@test "a browser shows the report without complaints" {
    browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "no chromium"
    command -v gnuplot >/dev/null || skip "no gnuplot: install gnuplot-nox"
    "$HALFULP" run sweep.lua fail=3 --jobs 2
    "$HALFULP" plot results/sweep --x i --y x --file line
    "$HALFULP" report results/sweep
    HOME=$PWD timeout 60 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --enable-logging=stderr \
        --dump-dom "file://$PWD/results/sweep/report.html" >dom.html 2>log.txt || skip "chromium does not run here"
    grep -q 'Figure 1' dom.html
    run grep -E 'CONSOLE|ERR_' log.txt
    [ "$status" -ne 0 ]
}

@test "wrong options of plot are wrong usage, told without a place in our files" {
    "$HALFULP" run sweep.lua n=3 --jobs 1
    # wrong TEXT OPTIONS...
    wrong() {
        run "$HALFULP" plot results/sweep "${@:2}"
        [ "$status" -eq 2 ] || { echo "$status: $output"; return 1; }
        [ "$output" = "halfulp: plot: $1" ] || { echo "$output"; return 1; }
    }
    wrong 'x is missing; a figure of the kind line needs it'
    wrong 'y: x is a number; curves takes a list for each point' --y x --kind curves
    wrong 'y: list is a list; line takes one value for each point (the kind curves draws lists)' --x i --y list
    wrong 'x: text is a string; logx takes numbers' --x text --y x --logx
    wrong 'y: no column "nothing"; there are i, list, r, text, x' --x i --y nothing
    wrong 'there is no sweep foo; there are sweep' --x i --y x --sweep foo
    wrong 'band is se; it takes one of ci95, none, range, sd' --x i --y x --band se
    run "$HALFULP" plot results/sweep --x i --y x --kind pie
    [ "$status" -eq 2 ] && [[ $output == "halfulp: plot: kind is pie; it takes one of "*", curves, "*", line, "* ]]
    wrong 'file is a/b; it takes a name of letters, digits, - and _, without folder and ending' --x i --y x --file a/b
}

@test "what cannot be read or written is told with its reason, without a place in our files" {
    "$HALFULP" run sweep.lua n=3 --jobs 1
    mkdir loop text
    ln -s results.sqlite loop/results.sqlite
    printf 'This is a text, long enough to be a database by its size. %.0s' $(seq 40) >text/results.sqlite
    for command in "report" "plot --x a --y b"; do
        run "$HALFULP" $command loop
        [ "$status" -eq 1 ]
        [[ $output == "halfulp: loop/results.sqlite: "* ]]      # not: has no results.sqlite
        run "$HALFULP" $command text
        [ "$status" -eq 1 ]
        [ "$output" = "halfulp: text/results.sqlite is not a result store of halfulp: it is not an SQLite file" ]
    done
    [ -w /dev/full ] || skip "no /dev/full"
    run "$HALFULP" report results/sweep --out /dev/full
    [ "$status" -eq 1 ]
    [ "$output" = "halfulp: cannot write /dev/full: No space left on device" ]
}

@test "a table is written through a link" {
    cat >link.lua <<'LUA'
local hu = require "halfulp"
local sweep = hu.sweep {i = {1, 2}}
sweep:run(function(q) return {x = q.i} end)
sweep:table {file = "./link"}
LUA
    : >real
    ln -s real link
    "$HALFULP" run link.lua
    [ -L link ]
    grep -q '^i' real
}

@test "a run that stored results names their folder, unless it is to be quiet" {
    bats_require_minimum_version 1.5.0
    run --separate-stderr "$HALFULP" run sweep.lua n=3 --jobs 1 --out here
    [ "$status" -eq 0 ] && [ -z "$output" ]
    # shellcheck disable=SC2154
    [ "$stderr" = "halfulp: results are in here" ]
    sed -i 's/^end)$/end, {quiet = true})/' sweep.lua
    run --separate-stderr "$HALFULP" run sweep.lua n=3 --jobs 1 --out here
    [ "$status" -eq 0 ] && [ -z "$stderr" ]
}

@test "arguments that the script does not look at are wrong usage, and nothing is computed" {
    cat >none.lua <<'LUA'
local hu = require "halfulp"
hu.sweep({i = {1, 2}}):run(function(q) print "computed" return {x = q.i} end)
LUA
    run "$HALFULP" run none.lua n=3
    [ "$status" -eq 2 ]
    [ "$output" = "halfulp: the script has no parameter n; it takes none (hu.params would declare them)" ]
    [ ! -e results ]
}

@test "a report of a run that was killed counts the points that are done" {
    "$HALFULP" run sweep.lua n=400 ms=50 --jobs 2 --out killed 2>/dev/null &
    pid=$!
    need_sqlite
    for i in $(seq 600); do
        [ "$(sqlite3 killed/results.sqlite "SELECT count(*) FROM points WHERE status = 'done'" 2>/dev/null || echo 0)" -gt 2 ] && break
        sleep 0.05
    done
    kill -9 $pid
    wait $pid || true
    "$HALFULP" report killed
    n=$(sqlite3 killed/results.sqlite "SELECT count(*) FROM points WHERE status = 'done'")
    [ "$n" -gt 2 ]
    grep -q "<th scope=\"row\">points_done</th><td[^>]*>$n</td>" killed/report.html
}

@test "a best result that the points do not have is told with those that they have" {
    cat >best.lua <<'LUA'
local hu = require "halfulp"
local p = hu.params {n = 2, quiet = false}
hu.sweep {i = hu.range(1, p.n)}:run(function(q) return {x = q.i, y = 0 / 0, word = "none", list = {1, 2}} end, {uses = {}, quiet = p.quiet})
LUA
    told() {
        "$HALFULP" run best.lua --jobs 1 "${@:2}" >/dev/null 2>err.txt
        [ "$(head -1 err.txt)" = "halfulp: sweep: best: $1" ] && [ "$(wc -l <err.txt)" -eq 2 ] || { cat err.txt; return 1; }
    }
    told "the first point has no result 'loss'; its numbers are x, y" --out a --best loss
    told "no point has a result 'loss' that is a number; the results are word, x, y" --out a --best max:loss
    told "the result 'word' is a text; its numbers are x, y" --out b --best word
    told "the result 'list' is a list; its numbers are x, y" --out c --best list
    told "the first point has no result 'i'; its numbers are x, y" --out d --best i
    told "the first point has no result 'xx'; did you mean x? its numbers are x, y" --out e --best xx
    for name in x max:y; do
        "$HALFULP" run best.lua --out "e-${name#max:}" --best $name 2>err.txt
        [ "$(wc -l <err.txt)" -eq 1 ]
    done
    "$HALFULP" run best.lua quiet=true --out f --best loss 2>err.txt
    [ ! -s err.txt ]
}

@test "the best point so far stands beside the progress, also one that an earlier run computed" {
    script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip "no pseudo-terminal by script(1)"
    cat >best.lua <<'LUA'
local hu = require "halfulp"
local p = hu.params {n = 4, wait = 0.0}
hu.sweep {i = hu.range(1, p.n)}:run(function(q)
  if p.wait > 0 then os.execute("sleep " .. p.wait) end
  return {x = (q.i - 2) ^ 2, y = q.i == 1 and 1 / 0 or q.i == 3 and 0 / 0 or -q.i, word = "none"}
end, {uses = {}, best = p.n == 6 and "max:y" or nil})
LUA
    shown() { script -qec "stty cols 100; '$HALFULP' run best.lua $*" /dev/null </dev/null | tr '\r' '\n'; }
    "$HALFULP" run best.lua 2>/dev/null
    # before a point of its own has ended, and after
    shown n=5 wait=0.5 --jobs 1 --best x >out.txt
    grep -q '4 of 5 points, .*, best x 0: {"i": 2}' out.txt
    shown n=6 wait=0.5 --jobs 1 >out.txt
    grep -q '5 of 6 points, .*, best y -2: {"i": 2}' out.txt
    shown n=8 wait=0.5 --jobs 1 --best y >out.txt
    grep -q '7 of 8 points, .*, best y -7: {"i": 7}' out.txt
    # a result that is no number, or that nobody has
    shown n=9 wait=0.5 --jobs 1 --best word >out.txt
    grep -q '8 of 9 points, .*, no word yet' out.txt
    shown n=10 wait=0.5 --jobs 1 --best loss >out.txt
    grep -q '9 of 10 points, .*, no loss yet' out.txt
    for word in "" max: min:; do
        run "$HALFULP" run best.lua --best "$word"
        [ "$status" -eq 2 ]
        [[ $output == "halfulp: run: --best is '$word'; it takes the name of a result"* ]]
    done
}
