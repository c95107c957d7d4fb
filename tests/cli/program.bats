# program.bats - the frame of the program: commands, options, help, exit statuses, output that cannot be written.

bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

# fails STATUS TEXT: nothing on stdout, one line on stderr that holds TEXT
fails() {
    [ "$status" -eq "$1" ] || { echo "status $status: $stderr"; false; }
    [ -z "$output" ]
    # shellcheck disable=SC2154
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "halfulp: "*"$2"* ]] || { echo "$stderr"; false; }
}

@test "no command is a usage error" {
    run --separate-stderr "$HALFULP"
    fails 2 "no command given; 'halfulp --help' lists them"
}

@test "an unknown command is a usage error that names the nearest" {
    run --separate-stderr "$HALFULP" fromat
    fails 2 "there is no command 'fromat'; did you mean 'format'?"
}

@test "an unknown command that is near nothing says where the list is" {
    run --separate-stderr "$HALFULP" xyzzyxyzzy
    fails 2 "'halfulp --help' lists them"
}

@test "--help lists every command, and every listed command has help" {
    run --separate-stderr "$HALFULP" --help
    [ "$status" -eq 0 ] && [ -z "$stderr" ]
    commands=$(sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$output")
    [ "$(wc -w <<<"$commands")" -ge 5 ]
    for command in $commands; do
        run --separate-stderr "$HALFULP" help "$command"
        [ "$status" -eq 0 ] && [[ ${lines[0]} == "usage: halfulp"* ]] || { echo "$command: $output $stderr"; false; }
        [ "$output" = "$("$HALFULP" "$command" --help)" ]
    done
}

@test "help of an unknown command is a usage error" {
    run --separate-stderr "$HALFULP" help clac
    fails 2 "did you mean 'calc'?"
}

@test "--version prints name and version" {
    run --separate-stderr "$HALFULP" --version
    [ "$status" -eq 0 ] && [[ $output =~ ^halfulp\ [0-9]+\.[0-9]+\.[0-9]+ ]]
}

@test "an option before the command is a usage error" {
    run --separate-stderr "$HALFULP" --json format e5m2
    fails 2 "there is no option --json before the command"
}

@test "an unknown option is a usage error that names the nearest" {
    run --separate-stderr "$HALFULP" calc add --fromat e5m2 1 1
    fails 2 "calc: there is no option --fromat; did you mean --format?"
}

@test "an unknown short option is a usage error" {
    run --separate-stderr "$HALFULP" format -x e5m2
    fails 2 "format: there is no option -x"
}

@test "an option without its value is a usage error that shows the form" {
    run --separate-stderr "$HALFULP" calc add 1 1 --format
    fails 2 "--format needs a value: --format FORMAT"
}

@test "a value for an option that takes none is a usage error" {
    run --separate-stderr "$HALFULP" format --json=yes e5m2
    fails 2 "--json takes no value; got 'yes'"
}

@test "a number that is none is a usage error" {
    run --separate-stderr "$HALFULP" calc add --format e5m2 --seed x1 1 1
    fails 2 "--seed takes a number of up to 64 bits, such as 7 or 0x7; got 'x1'"
    for number in -1 0x 18446744073709551616 1.5 ''; do
        run --separate-stderr "$HALFULP" calc add --format e5m2 --seed="$number" 1 1
        fails 2 "got '$number'"
    done
    for number in 65537 2x -3; do
        run --separate-stderr "$HALFULP" run x.lua --jobs="$number"
        fails 2 "--jobs takes a whole number from 0 to 65536; got '$number'"
    done
}

@test "options may be written --name=value, stand anywhere, and end at --" {
    [ "$("$HALFULP" calc --format=e4m3fn add 0x38 --rounding=rne 0x40)" = "0x44 3 -" ]
    [ "$("$HALFULP" calc --format e4m3fn -- add 0x38 0x40)" = "0x44 3 -" ]
    run --separate-stderr "$HALFULP" format -- --list
    fails 2 "no format '--list'"
}

@test "a full disk is reported and fails" {
    [ -w /dev/full ] || skip "no /dev/full"
    for command in "--help" "--version" "format e5m2" "format --list --json" "calc add --format e5m2 1 1"; do
        # shellcheck disable=SC2086
        run --separate-stderr bash -c '"$HALFULP" "$@" >/dev/full' - $command
        fails 1 "the results could not be written to standard output"
    done
}

@test "a closed standard output is reported and fails" {
    run --separate-stderr bash -c '"$HALFULP" --version >&-'
    fails 1 "the results could not be written to standard output"
}

@test "a reader that goes away ends the program without a message" {
    run --separate-stderr bash -c '"$HALFULP" format --list | head -n 1'
    [ "$status" -eq 0 ] && [ -z "$stderr" ]
}

@test "an error line holds no control characters of what was typed" {
    run --separate-stderr "$HALFULP" $'a\nb\e[31m'
    fails 2 'a\x0ab\x1b[31m'
}

@test "NO_COLOR is respected on a terminal" {
    script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip "no pseudo-terminal by script(1)"
    run env TERM=xterm script -qec "'$HALFULP' clac" /dev/null
    [[ $output == *$'\e['* ]]
    run env TERM=xterm NO_COLOR=1 script -qec "'$HALFULP' clac" /dev/null
    [[ $output == *"halfulp: there is no command"* && $output != *$'\e['* ]]
}

@test "a wrong HU_ISA is told, and nothing else changes" {
    plain=$("$HALFULP" calc add --format e4m3 1 2)
    HU_ISA=foo run "$HALFULP" calc add --format e4m3 1 2
    [ "$status" -eq 0 ]
    [[ $output == *"halfulp: note: HU_ISA is 'foo', which this machine does not have; it has "*"portable"* ]]
    [[ $output == *"$plain" ]]
    HU_ISA=portable run "$HALFULP" calc add --format e4m3 1 2
    [ "$output" = "$plain" ]
}
