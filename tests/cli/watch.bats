#!/usr/bin/env bats
# watch.bats - halfulp watch: what a store tells of a run, until it ends, without changing anything.

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
    cat >s.lua <<'LUA'
local hu = require "halfulp"
local p = hu.params {n = 12, wait = 0.0}
hu.sweep {i = hu.range(1, p.n)}:run(function(q)
  if q.i == 3 then error("no answer\nin two lines " .. ("and long"):rep(30)) end
  if p.wait > 0 then os.execute("sleep " .. p.wait) end
  return {x = q.i}
end)
LUA
}

# Waits until the directory has a finished point.
wait_for_point() {
    for _ in $(seq 600); do
        "$HALFULP" watch results/s --once 2>/dev/null | grep -q '  done ' && return
        sleep 0.05
    done
    return 1
}

@test "one look at a finished run" {
    "$HALFULP" run s.lua 2>/dev/null
    sum=$(sha256sum results/s/results.sqlite)
    run "$HALFULP" watch results/s --once --points 2
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "[################] 12 of 12 points, 1 failed, 0:0"*" so far" ]]
    [[ ${lines[1]} == "0 left, "*"; finished" ]]
    [ "${#lines[@]}" -eq 4 ]
    [[ ${lines[2]} == *'{"i": 12}' && ${lines[3]} == *'{"i": 11}' ]]
    run "$HALFULP" watch results/s --once --points 64
    [ "${#lines[@]}" -eq 14 ]
    [[ $output == *'failed '*'{"i": 3}: '*"no answer in two lines"* ]]
    for line in "${lines[@]}"; do [ "${#line}" -le 79 ]; done
    [ "$sum" = "$(sha256sum results/s/results.sqlite)" ]
}

@test "the best point so far" {
    "$HALFULP" run s.lua 2>/dev/null
    run "$HALFULP" watch results/s --once --points 1 --best x
    [ "$status" -eq 0 ]
    [ "${lines[2]}" = 'best x 1: {"i": 1}' ]
    [ "${#lines[@]}" -eq 4 ]
    run "$HALFULP" watch results/s --once --points 1 --best max:x
    [ "${lines[2]}" = 'best x 12: {"i": 12}' ]
    run "$HALFULP" watch results/s --once --best max:
    [ "$status" -eq 2 ]
    [[ $output == "halfulp: watch: --best is 'max:'; it takes the name of a result"* ]]
    for name in y 'x]' "x'"; do
        run "$HALFULP" watch results/s --once --best "$name"
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == "halfulp: watch: "*"${name:0:1}"* ]]
    done
}

@test "a result that is not there is told with those that may be meant, and names are whole" {
    cat >many.lua <<'LUA'
local hu = require "halfulp"
hu.sweep {i = hu.range(1, 2)}:run(function(q)
  local all = {loss = q.i, loss_at_the_end = 2, zeta = 1}
  for i = 1, 30 do all[("a_result_%d"):format(i)] = i end
  return all
end)
LUA
    "$HALFULP" run many.lua 2>/dev/null
    run "$HALFULP" watch results/many --once --best los
    [ "$status" -eq 2 ]
    [ "$output" = "halfulp: watch: no point has a result 'los' that is a number; did you mean loss? the results are a_result_1, a_result_10, a_result_11, a_result_12, a_result_13, a_result_14 and 27 more" ]
    run "$HALFULP" watch results/many --once --best accuracy
    [ "$status" -eq 2 ]
    [[ $output == *"that is a number; the results are a_result_1, "*" more" ]]
    run "$HALFULP" watch results/many --once --best loss
    [ "$status" -eq 0 ]
}

# A terminal of so many columns around a command; its output without the ways back to the first line.
in_terminal() {
    script -qec "stty cols $1; $2" /dev/null </dev/null 2>&1 | tr '\r' '\n' | sed 's/\x1b\[[0-9]*[A-Z]//g' | sed '/^$/d'
}

@test "lines are cut to the width of the terminal, and stay whole in a wide one" {
    script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip "no pseudo-terminal by script(1)"
    "$HALFULP" run s.lua 2>/dev/null
    for columns in 20 40 60; do
        in_terminal $columns "'$HALFULP' watch results/s --once --best x --points 12" >out.txt
        [ "$(wc -l <out.txt)" -eq 15 ]
        [[ $(head -n 1 out.txt) == *"12 of 12 points"* ]]
        while IFS= read -r line; do [ "${#line}" -lt $columns ]; done <out.txt
    done
    in_terminal 150 "'$HALFULP' watch results/s --once --points 12" >out.txt
    [ "$(wc -L <out.txt)" -eq 149 ]
}

@test "it ends when the run ends" {
    "$HALFULP" run s.lua wait=0.1 --jobs 1 2>/dev/null &
    wait_for_point
    run timeout 60 "$HALFULP" watch results/s
    wait
    [ "$status" -eq 0 ]
    [[ ${lines[0]} != *" 12 of 12 "* ]]
    [[ $output == *"12 of 12 points, 1 failed"*"; finished"* ]]
}

@test "while it goes on the writer is named, and Ctrl-C ends the watch alone" {
    env --default-signal true 2>/dev/null || skip "no env that restores signals"
    "$HALFULP" run s.lua wait=0.3 n=400 --jobs 1 2>/dev/null &
    writer=$!
    wait_for_point
    run "$HALFULP" watch results/s --once
    [[ ${lines[1]} == *"left, "*" a minute; running, process $writer" ]]
    [[ ${lines[0]} == *", about "*" left" ]]
    # A shell's background jobs ignore SIGINT: env restores it. One interrupt, and not before the first look.
    env --default-signal=INT "$HALFULP" watch results/s >seen.txt &
    watch=$!
    for _ in $(seq 600); do [ -s seen.txt ] && break; sleep 0.05; done
    kill -INT "$watch"
    wait "$watch"
    kill -0 "$writer"
    kill -9 "$writer"
    wait "$writer" || true
    run timeout 60 "$HALFULP" watch results/s
    [ "$status" -eq 0 ]
    [[ $output == *"; its process is gone: the same command goes on"* ]]
}

@test "what is no run directory is told in one line" {
    mkdir empty
    for folder in empty nowhere; do
        run "$HALFULP" watch "$folder"
        [ "$status" -eq 1 ]
        [ "$output" = "halfulp: watch: $folder is not a run directory: it has no results.sqlite" ]
    done
    run "$HALFULP" watch
    [ "$status" -eq 2 ]
    run "$HALFULP" watch a --points 65
    [ "$status" -eq 2 ]
    mkdir other && echo text >other/results.sqlite
    run "$HALFULP" watch other
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
}
