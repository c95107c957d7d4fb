# bootstrap.bats - the script that a newcomer meets first, up to the point where it would build.

setup() {
    bootstrap=$HU_SRCDIR/bootstrap
    # A folder of programs in which some are missing: what the script itself calls, and nothing else.
    mkdir "$BATS_TEST_TMPDIR/bin"
    for program in sh cat sed dirname id env; do
        ln -s "$(command -v "$program")" "$BATS_TEST_TMPDIR/bin/"
    done
}

only() { env PATH="$BATS_TEST_TMPDIR/bin" "$@"; }

tool() { # tool NAME STATUS: a program that writes down how it was called
    printf '#!/bin/sh\necho "%s $*" >>%s/calls\nexit %s\n' "$1" "$BATS_TEST_TMPDIR" "$2" >"$BATS_TEST_TMPDIR/bin/$1"
    chmod +x "$BATS_TEST_TMPDIR/bin/$1"
}

one_line_and_2() {
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ ${lines[0]} == "bootstrap: $1"* ]]
}

@test "no job is a usage error of one line" {
    run "$bootstrap"
    one_line_and_2 "no job given"
}

@test "an unknown job is a usage error that names it" {
    run "$bootstrap" chekc
    one_line_and_2 "unknown argument 'chekc'"
}

@test "two jobs are a usage error" {
    run "$bootstrap" build check
    one_line_and_2 "two jobs"
}

@test "parameters belong to demo only" {
    run "$bootstrap" check scale=full
    one_line_and_2 "check takes no parameters"
}

@test "--help names every job and succeeds" {
    run "$bootstrap" --help
    [ "$status" -eq 0 ]
    for job in demo check build deps --no-install; do
        [[ $output == *"$job"* ]]
    done
}

@test "--no-install prints the command and stops with 2" {
    tool apt-get 0
    run only "$bootstrap" check --no-install
    [ "$status" -eq 2 ]
    [[ $output == *"apt-get install -y --no-install-recommends gcc g++ make autoconf automake libtool pkg-config libmpfr-dev"* ]]
    [ ! -e "$BATS_TEST_TMPDIR/calls" ]
}

@test "without apt-get it names what is needed, and stops with 2" {
    run only "$bootstrap" deps
    [ "$status" -eq 2 ]
    [[ $output == *"no apt-get"* && $output == *"GNU MPFR 4 with headers (mpfr>=4.0)"* ]]
}

@test "an installation that fails is reported, after one more try with fresh lists" {
    tool apt-get 100
    tool apt-cache 0
    tool sudo 100
    run only "$bootstrap" deps
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == "bootstrap: apt-get could not install: gcc"* ]]
    grep -q update "$BATS_TEST_TMPDIR/calls"
}

@test "an installation that leaves something missing is not taken for a success" {
    tool apt-get 0
    tool apt-cache 0
    tool sudo 0
    run only "$bootstrap" deps
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == "bootstrap: still missing after the installation: cc c++ make"* ]]
}

@test "a path that Autoconf cannot build in is refused with the reason" {
    command -v gnuplot >/dev/null && command -v sqlite3 >/dev/null || skip "needs the packages"
    mkdir "$BATS_TEST_TMPDIR/a b"
    cp "$bootstrap" "$BATS_TEST_TMPDIR/a b/"
    run "$BATS_TEST_TMPDIR/a b/bootstrap" build --no-install
    one_line_and_2 "the path "
}
