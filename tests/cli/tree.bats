# tree.bats - what is in the tree that git keeps, and what is not.

setup() {
    cd "$HU_SRCDIR"
    { [ -e .git ] && command -v git >/dev/null; } || skip "not a git checkout"
}

# Every text file that is kept, but the licences.
kept() { git ls-files | grep -vE '\.(svg|png|npy)$|^COPYING'; }

@test "no file holds a path of somebody's machine" {
    run bash -c "$(declare -f kept); kept | xargs grep -nE '(^|[^A-Za-z0-9_.])/(home|root|work|Users)/[A-Za-z]' --"
    [ "$status" -ne 0 ] && [ -z "$output" ] || { echo "$output"; false; }
}

@test "no file holds a carriage return or a space at the end of a line" {
    run bash -c "$(declare -f kept); kept | xargs grep -nP '\r| +\$' --"
    [ -z "$output" ] || { echo "$output"; false; }
}

@test "sources in C are plain ASCII" {
    run bash -c "$(declare -f kept); kept | grep -E '\.(c|h|def|mk|ac|am)\$' | xargs grep -nP '[^\x00-\x7f]' --"
    [ -z "$output" ] || { echo "$output"; false; }
}

@test "the scripts pass shellcheck" {
    command -v shellcheck >/dev/null || skip "no shellcheck"
    shellcheck bootstrap .ci/run tests/lib/run-c tests/lib/run-lua tests/lib/run-bats tests/lib/summary docs/manpage
}
