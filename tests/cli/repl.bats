# repl.bats - halfulp repl: values are shown, errors do not end it, and a terminal has editing and completion.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_TMPDIR"
    unset LUA_PATH LUA_CPATH
    export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state TERM=xterm LC_ALL=C.UTF-8
}

# shows INPUT OUTPUT
shows() {
    local got
    # shellcheck disable=SC2059
    got=$(printf "$1" | "$HALFULP" repl) || { echo "failed"; return 1; }
    [ "$got" = "$2" ] || { echo "'$1': got '$got', want '$2'"; return 1; }
}

teardown() { [ -z "${pid:-}" ] || kill "$pid" 2>/dev/null || true; }

# terminal [COMMAND]: starts the prompt at a terminal; then `sees TEXT` waits for text, `types KEYS` sends keys.
# COMMAND replaces its shell (exec): a shell that stayed between would end of the Ctrl-C itself, as sh(1) does.
terminal() {
    script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip "no pseudo-terminal by script(1)"
    coproc timeout 300 script -qec "${1:-"exec '$HALFULP' repl"}" /dev/null 3>&-
    pid=$COPROC_PID
    exec {out}<&"${COPROC[0]}"      # bash closes its own when the process ends
    seen=
    sees '> '
}

sees() {
    local c
    while [[ $seen != *"$1"* ]]; do
        IFS= read -r -t 60 -N 1 c <&"$out" || { echo "waited for '$1', saw '$seen'"; return 1; }
        seen+=$c
    done
    seen=${seen#*"$1"}
}

# shellcheck disable=SC2059
types() { printf "$1" >&"${COPROC[1]}"; }

# Types Ctrl-D, again where it came before the prompt listened.
ends() {
    local k
    for k in 1 2 3 4 5 6 7 8; do
        types '\004' 2>/dev/null || true
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            kill -0 "$pid" 2>/dev/null || break 2
            sleep 0.1
        done
    done
    wait "$pid"
}

@test "values of expressions are shown" {
    shows '1 + 1\n' 2
    shows 'nil, 3, "a"\n' "$(printf 'nil\t3\ta')"
    shows 'hu.format "e4m3fn" (0.3)\n' 0.3125
    shows '{1, 2, a = "b"}\n' '{1, 2, a = "b"}'
    shows '{[3] = {}, ["x y"] = true} ~= nil\n' true
}

@test "statements show nothing; globals stay" {
    shows 'x = 3\nx * 2\n' 6
    shows 'function f() return 1, 2 end\nf()\n' "$(printf '1\t2')"
}

@test "a sign of equality before an expression is passed over" {
    shows '= 1 + 1\n' 2
    shows ' =hu.format "e4m3fn" (0.3)\n' 0.3125
}

@test "exit and quit end, unless they are variables" {
    shows 'exit\n1\n' ''
    shows '1\nquit()\n2\n' 1
    shows 'exit = 3\nexit\n' 3
}

@test "a local variable that the next line has not is hinted at, once" {
    run --separate-stderr bash -c 'printf "local f = 1\nlocal g = 2\nf\n" | "$HALFULP" repl'
    [ "$status" -eq 0 ]
    [ "$output" = nil ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == *"without the word local it stays"* ]]
    run --separate-stderr bash -c 'printf "local f = 1; print(f)\n" | "$HALFULP" repl'
    [ "$stderr" = "" ]
    [ "$output" = 1 ]
}

@test "input goes on over several lines until it is complete" {
    shows 'for i = 1, 2 do\nprint(i)\nend\n' "$(printf '1\n2')"
    shows 'return 1 +\n2\n' 3
    shows '[[a\nb]]' "$(printf 'a\nb')"
}

@test "the last line needs no newline, and no input is no error" {
    shows '1' 1
    shows '' ''
}

@test "an error is one line, the rest goes on, and the status is 1" {
    run --separate-stderr bash -c 'printf "error \"boo\"\nx y\n1\n" | "$HALFULP" repl'
    [ "$status" -eq 1 ] && [ "$output" = 1 ]
    # shellcheck disable=SC2154
    [ "${#stderr_lines[@]}" -eq 2 ]
    [ "${stderr_lines[0]}" = "halfulp: stdin:1: boo" ]
    [[ ${stderr_lines[1]} == "halfulp: stdin:2: syntax error near 'y'" ]]
}

@test "errors count the lines of the input, those of statements over several lines too" {
    run --separate-stderr bash -c 'printf "for i = 1, 2 do\n\nend\nerror \"boo\"\nfor i = 1, 2 do\nerror \"far\" end\n" | "$HALFULP" repl'
    [ "$status" -eq 1 ]
    [ "${stderr_lines[0]}" = "halfulp: stdin:4: boo" ]
    [ "${stderr_lines[1]}" = "halfulp: stdin:6: far" ]
}

@test "help says what the prompt can do" {
    [[ $(echo help | "$HALFULP" repl) == *'The module is hu'* ]]
}

@test "input that is never complete is an error" {
    run --separate-stderr bash -c 'printf "f(\n1" | "$HALFULP" repl'
    [ "$status" -eq 1 ] && [[ $stderr == "halfulp: stdin:"*"<eof>"* ]]
}

@test "an argument is a usage error" {
    run --separate-stderr "$HALFULP" repl x.lua
    [ "$status" -eq 2 ] && [[ $stderr == *"repl: takes no arguments; got 'x.lua'"* ]]
}

@test "values that cannot be written are reported" {
    [ -w /dev/full ] || skip "no /dev/full"
    run --separate-stderr bash -c 'echo 1 | "$HALFULP" repl >/dev/full'
    [ "$status" -eq 1 ] && [[ $stderr == *"could not be written"* ]]
}

@test "a terminal gets a prompt and keeps a history" {
    terminal
    types '6 * 7\n'
    sees 42
    sees '> '
    ends
    grep -q '6\\040\*\\0407' "$XDG_STATE_HOME/halfulp/history"
    terminal
    types '\033[A\n'
    sees 42
    sees '> '
    ends
}

@test "Tab completes globals, fields, methods and names of formats" {
    terminal
    types 'setmeta\t == setmetatable\n'
    sees true
    types 'hu.forma\t\t'
    sees formats
    sees '> hu.format'
    types '\003'
    sees '^C'
    types 'hu.format "e4m3b\t"\n'
    sees "11fnuz"
    sees "e4m3b11fnuz"
    types 'f = hu.format "e5m2"\n'
    types 'f.eps\t\n'
    sees 0.25
    types 'f:wi\t{} ~= nil\n'
    sees true
    types 'hu.nothing.at.al\t\003'
    sees '^C'
    ends
}

# Whether Ctrl-C at a terminal of this machine reaches a program that wants it.
terminal_interrupts() {
    local got
    got=$( (sleep 0.5; printf '\003'; sleep 0.5) |
        script -qec 'bash -c "trap \"echo caught\" INT; sleep 0.8; :"' /dev/null)
    [[ $got == *caught* ]]
}

@test "Ctrl-C gives up a line and a computation, and the prompt goes on" {
    terminal
    types 'abc\003'
    sees '^C'
    sees '> '
    ends
    terminal_interrupts || skip "no SIGINT from this machine's pseudo-terminals"
    terminal
    types 'print(12 * 345) while true do end\n'
    sees 4140
    types '\003'
    sees interrupted
    sees '> '
    types '6 * 7\n'
    sees 42
    ends
}

@test "a Ctrl-D that came before the prompt listened leaves nothing in the line" {
    terminal
    types '\000'
    types '6 * 7\n'
    sees 42
    sees '> '
    types '\000'
    ends
}

@test "Ctrl-C works where the parent held the signal back, and where the terminal makes no signal of it" {
    command -v python3 >/dev/null || skip "no python3"
    held='import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]); os.execvp(sys.argv[1], sys.argv[1:])'
    terminal "exec python3 -c '$held' '$HALFULP' repl"
    types 'abc\003'
    sees '^C'
    types 'print(12 * 345) while true do end\n'
    sees 4140
    types '\003'
    sees interrupted
    types '6 * 7\n'
    sees 42
    ends
    terminal "stty -isig; exec '$HALFULP' repl"
    types 'abc\003'
    sees '^C'
    types '6 * 7\n'
    sees 42
    ends
}

@test "a history that cannot be saved is a note, not an error" {
    export XDG_STATE_HOME=/dev/null/x
    terminal
    types '6 * 7\n'
    sees 42
    sees '> '
    types '\004'
    sees "note: the history could not be saved in /dev/null/x/halfulp/history"
    wait "$pid"
}
