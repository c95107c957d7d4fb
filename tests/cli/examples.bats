# examples.bats - the examples in README.md and docs/ do what the pages say.
#
# A line "..." in what an example prints stands for any lines, and "..." within a line for any text; blanks
# between words may be more or fewer.

setup() {
    mkdir "$BATS_TEST_TMPDIR/examples" "$BATS_TEST_TMPDIR/here"
    awk -v out="$BATS_TEST_TMPDIR/examples" -f "$HU_SRCDIR/tests/lib/examples.awk" "$HU_SRCDIR"/README.md "$HU_SRCDIR"/docs/*.md
    cd "$BATS_TEST_TMPDIR/here"
    PATH=${HALFULP%/*}:$PATH
    export NO_COLOR=1
}

# Whether the text on standard input is what FILE says.
is_like() {
    awk -v want="$1" '
        function blanks(line) { gsub(/[ \t]+/, " ", line); return line }
        { got = got blanks($0) "\n" }
        END {
            while ((getline line < want) > 0) {
                if (line == "...") { pattern = pattern "(.*\n)?"; continue }
                line = blanks(line)
                gsub(/[][\\.^$*+?(){}|\/]/, "\\\\&", line)
                gsub(/\\\.\\\.\\\./, "[^\n]*", line)
                pattern = pattern line "\n"
            }
            exit got !~ "^" pattern "$"
        }'
}

# Runs every example of one KIND by COMMAND and counts them.
try() {
    local kind=$1 count=0 bad=0 example got
    shift
    for example in "$BATS_TEST_TMPDIR"/examples/*."$kind"; do
        [ "$kind" = cmd ] || [ -s "${example%.*}.want" ] || continue
        count=$((count + 1))
        got=$("$@" "$example" 2>&1) || true
        if ! is_like "${example%.*}.want" <<<"$got"; then
            bad=$((bad + 1))
            printf '%s: the page says\n%s\nand the program\n%s\n' "$(basename "$example")" "$(cat "${example%.*}.want")" "$got"
        fi
    done
    echo "# $count examples" >&3
    [ "$bad" -eq 0 ] && [ "$count" -gt 0 ]
}

@test "every console example prints what the page says" {
    try cmd bash
}

@test "every Lua example prints what the page says, in the stock interpreter" {
    command -v lua5.4 >/dev/null || skip "no lua5.4"
    [ -z "${HU_PRELOAD:-}" ] || export LD_PRELOAD=$HU_PRELOAD ASAN_OPTIONS=detect_leaks=0
    try lua lua5.4
}

@test "every Lua example prints what the page says, through halfulp run" {
    try lua "$HALFULP" run
}
