# examples.bats - the examples in README.md and docs/ do what the pages say.
#
# A Lua example without "-->" prints nothing. A line "..." in what an example prints stands for any lines, and "..." within a line for any text; blanks
# between words may be more or fewer.

setup() {
    mkdir "$BATS_TEST_TMPDIR/examples" "$BATS_TEST_TMPDIR/here"
    awk -v out="$BATS_TEST_TMPDIR/examples" -f "$HU_SRCDIR/tests/lib/examples.awk" "$HU_SRCDIR"/README.md \
        $(find "$HU_SRCDIR/docs" -name '*.md' ! -name lua-api.md)    # tests/lua/api.lua runs that one's examples
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
        count=$((count + 1))
        got=$("$@" "$example" 2>&1 | grep -v '^halfulp: results are in ') || true
        if ! printf '%s' "${got:+$got$'\n'}" | is_like "${example%.*}.want"; then
            bad=$((bad + 1))
            printf '%s: the page says\n%s\nand the program\n%s\n' "$(basename "$example")" "$(cat "${example%.*}.want")" "$got"
        fi
    done
    echo "# $count examples" >&3
    [ "$bad" -eq 0 ] && [ "$count" -gt 0 ]
}

@test "the first script of README.md leaves its plot" {
    cp "$(ls "$BATS_TEST_TMPDIR"/examples/README-*.lua | head -n 1)" sum.lua
    command -v gnuplot >/dev/null || skip "no gnuplot"
    run "$HALFULP" run sum.lua
    [ "$status" -eq 0 ] || { echo "$output"; false; }
    for file in results/sum/manifest.json results/sum/results.sqlite results/sum/plots/sum.{svg,png,gp,tsv}; do
        [ -s "$file" ] || { echo "no $file"; false; }
    done
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
