# run.bats - halfulp run: a script gets its parameters; what goes wrong is one line and the right status.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_TMPDIR"
    unset LUA_PATH LUA_CPATH
}

script() { cat >script.lua; }

fails() {
    [ "$status" -eq "$1" ] || { echo "status $status: $stderr"; false; }
    # shellcheck disable=SC2154
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "halfulp: "*"$2"* ]] || { echo "$stderr"; false; }
}

@test "a script has the module, and sees its parameters" {
    script <<'END'
local hu = require "halfulp"
assert(tostring(hu.format "e4m3fn" (0.3)) == "0.3125")
print(hu.script, hu.seed, hu.jobs, hu.out, hu.args.scale, hu.args.text, hu.args.none)
END
    run --separate-stderr "$HALFULP" run script.lua scale=small --seed 7 text=a=b --jobs 2 --out here
    [ "$status" -eq 0 ] && [ -z "$stderr" ]
    [ "$output" = "$(printf 'script.lua\t7\t2\there\tsmall\ta=b\tnil')" ]
}

@test "options that are not given are nil" {
    script <<'END'
local hu = require "halfulp"
print(hu.seed, hu.jobs, hu.out, next(hu.args))
END
    [ "$("$HALFULP" run script.lua)" = "$(printf 'nil\tnil\tnil\tnil')" ]
}

@test "a script can be read from standard input" {
    [ "$(echo 'print(require "halfulp".script)' | "$HALFULP" run -)" = "-" ]
}

@test "a script can require the files beside it" {
    mkdir folder
    echo 'return {answer = 42}' >folder/neighbor.lua
    echo 'print(require "neighbor".answer)' >folder/script.lua
    [ "$("$HALFULP" run folder/script.lua)" = 42 ]
}

@test "the module is found in HALFULP_DATADIR, and nowhere else when that is given" {
    echo 'print(require "halfulp".datadir)' >script.lua
    [ "$(HALFULP_DATADIR=$HU_SRCDIR "$HALFULP" run script.lua)" = "$HU_SRCDIR" ]
    HALFULP_DATADIR=/nowhere run --separate-stderr "$HALFULP" run script.lua
    fails 1 "HALFULP_DATADIR=FOLDER says where they are"
}

@test "an assignment to an undeclared global is an error that names place and name" {
    script <<'END'
local a = 1
b = a
END
    run --separate-stderr "$HALFULP" run script.lua
    fails 1 "script.lua:2: assignment to the undeclared global 'b'"
}

@test "an error is one line with its place, and its traceback only with --debug" {
    script <<'END'
local function inner() error "it broke" end
inner()
END
    run --separate-stderr "$HALFULP" run script.lua
    fails 1 "script.lua:1: it broke"
    run --separate-stderr "$HALFULP" run script.lua --debug
    [ "$status" -eq 1 ]
    [[ $stderr == "halfulp: script.lua:1: it broke"*"stack traceback:"*"script.lua:2:"* ]]
}

@test "an error of several lines, or one that is no text, stays one line" {
    echo 'error "one\ntwo"' >script.lua
    run --separate-stderr "$HALFULP" run script.lua
    fails 1 "script.lua:1: one two"
    echo 'error {}' >script.lua
    run --separate-stderr "$HALFULP" run script.lua
    fails 1 "an error without a text was raised, with a table; error() takes a text"
    echo 'error()' >script.lua
    run --separate-stderr "$HALFULP" run script.lua
    fails 1 "an error without a text was raised, with nil; error() takes a text"
    echo 'error(setmetatable({}, {__tostring = function() return "of an object" end}))' >script.lua
    run --separate-stderr "$HALFULP" run script.lua
    fails 1 "of an object"
}

@test "an error of the module names what was wrong" {
    echo 'require "halfulp".format "e4m3nf"' >script.lua
    run --separate-stderr "$HALFULP" run script.lua
    fails 1 "did you mean 'e4m3fn'?"
    echo 'require "halfulp".log()' >script.lua
    run --separate-stderr "$HALFULP" run script.lua
    fails 1 "script.lua:1: log: text is nil; it takes a text"
    [ ! -e results ]
    echo 'require "halfulp".stats.fit({1, 2}, {1})' >script.lua
    run --separate-stderr "$HALFULP" run script.lua
    fails 1 "script.lua:1: fit: 2 values of x and 1 of y"
}

@test "parameters that the script does not look at are wrong usage" {
    echo 'print(1)' >script.lua
    run --separate-stderr "$HALFULP" run script.lua a=1
    fails 2 "the script has no parameter a; it takes none"
}

@test "a syntax error is one line and status 1" {
    echo 'for' >script.lua
    run --separate-stderr "$HALFULP" run script.lua
    fails 1 "script.lua:2: <name> expected near <eof>"
}

@test "a missing script is one line and status 2" {
    run --separate-stderr "$HALFULP" run nosuch.lua
    fails 2 "run: the script 'nosuch.lua' cannot be read: No such file or directory"
}

@test "a script that may not be read is one line and status 2" {
    [ "$(id -u)" -ne 0 ] || skip "root may read everything"
    echo 'print(1)' >script.lua
    chmod 000 script.lua
    run --separate-stderr "$HALFULP" run script.lua
    fails 2 "run: the script 'script.lua' cannot be read: Permission denied"
}

@test "a folder is no script" {
    run --separate-stderr "$HALFULP" run .
    fails 2 "run: '.' is a folder"
}

@test "compiled Lua is refused: it could break the process" {
    command -v luac5.4 >/dev/null || skip "no luac5.4"
    echo 'print(1)' | luac5.4 -o script.lua -
    run --separate-stderr "$HALFULP" run script.lua
    fails 1 "attempt to load a binary chunk"
}

@test "an empty script does nothing, successfully" {
    : >script.lua
    run --separate-stderr "$HALFULP" run script.lua
    [ "$status" -eq 0 ] && [ -z "$output$stderr" ]
}

@test "no script, and parameters that are none, are usage errors" {
    : >script.lua
    run --separate-stderr "$HALFULP" run
    fails 2 "run: no script given"
    run --separate-stderr "$HALFULP" run script.lua scale
    fails 2 "parameters are given as key=value, for example scale=small; got 'scale'"
    run --separate-stderr "$HALFULP" run script.lua =x
    fails 2 "got '=x'"
    run --separate-stderr "$HALFULP" run script.lua a=1 ab=1 a=2
    fails 2 "the parameter 'a' is given twice"
}

@test "what a script prints to a full disk fails, also when it ends the process itself" {
    [ -w /dev/full ] || skip "no /dev/full"
    for code in 'print(1)' 'print(1) os.exit(0)' 'io.write "x" os.exit(true, true)'; do
        echo "$code" >script.lua
        run --separate-stderr bash -c '"$HALFULP" run script.lua >/dev/full'
        fails 1 "the results could not be written to standard output"
    done
}

@test "a script's own exit status is kept" {
    echo 'os.exit(3)' >script.lua
    run "$HALFULP" run script.lua
    [ "$status" -eq 3 ]
}

@test "Ctrl-C ends a script with one line, and the caller sees the signal" {
    script <<'END'
print "ready"
io.stdout:flush()
while true do end
END
    # an interactive shell's job control is not there: SIGINT is ignored in background jobs, so python sends it
    command -v python3 >/dev/null || skip "no python3"
    python3 - "$HALFULP" <<'END'
import signal, subprocess, sys
p = subprocess.Popen([sys.argv[1], "run", "script.lua"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
assert p.stdout.readline() == b"ready\n"
p.send_signal(signal.SIGINT)
out, err = p.communicate(timeout=300)
assert err == b"halfulp: interrupted\n", err
assert p.returncode == -signal.SIGINT, p.returncode
END
}

@test "--help after a script shows the parameters that it declares" {
    cd "$BATS_TEST_TMPDIR"
    cat >declares.lua <<'LUA'
local hu = require "halfulp"
local p = hu.params {n = {default = 3, min = 1, help = "how many"}, kind = {default = "a", choices = {"a", "b"}}}
error "not reached"
LUA
    run "$HALFULP" run declares.lua --help
    [ "$status" -eq 0 ]
    [ "$output" = "usage: halfulp run declares.lua [KEY=VALUE...] [OPTIONS]

parameters:
  kind  (a; one of a, b)
  n     how many (3; whole number; at least 1)" ]
    run "$HALFULP" run --help
    [[ $output == "usage: halfulp run SCRIPT"* ]]
    for option in --timeout=0 --timeout=1x --memory=5 --memory=1Q --shard=0/2 --shard=3/2 --shard=1 --retry=101; do
        run "$HALFULP" run declares.lua $option
        [ "$status" -eq 2 ] || { echo "$option: $output"; false; }
    done
}

@test "threads wait for each other briefly, unless somebody has chosen" {
    echo 'print(os.getenv("GOMP_SPINCOUNT"), os.getenv("OMP_WAIT_POLICY"))' >script.lua
    unset GOMP_SPINCOUNT OMP_WAIT_POLICY LD_PRELOAD
    [ "$("$HALFULP" run script.lua)" = "$(printf '2000\tnil')" ]
    [ "$(GOMP_SPINCOUNT=7 "$HALFULP" run script.lua)" = "$(printf '7\tnil')" ]
    [ "$(OMP_WAIT_POLICY=active "$HALFULP" run script.lua)" = "$(printf 'nil\tactive')" ]
}
