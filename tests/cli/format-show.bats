# format-show.bats - halfulp format --diff, --table, --list --as and --plot.

bats_require_minimum_version 1.5.0

fails() {
    # shellcheck disable=SC2154
    [ "$status" -eq "$1" ] || { echo "status $status: $stderr"; false; }
    [ -z "$output" ]
    # shellcheck disable=SC2154
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "halfulp: format: "*"$2"* ]] || { echo "$stderr"; false; }
}

# --- --diff ---

@test "a difference names properties, steps and values" {
    run -0 --separate-stderr "$HALFULP" format --diff e4m3fn e4m3fnuz
    [[ $output == *"bias                 7                          8"* ]]
    [[ $output == *"2^-9 to 2^-6         e4m3fnuz, 2^1 times as fine"* ]]
    [[ $output == *"2^8 to 2^9           in the range of e4m3fn alone"* ]]
    [[ $output == *"e4m3fn has 253 values, 14 that e4m3fnuz has not: -448 -416"*" 416 448"* ]]
    [[ $output == *"both have 239"*"neither is a subset of the other"* ]]
}

@test "a subset is one, and equal formats are told" {
    run -0 "$HALFULP" format --diff bf16 fp32
    [[ $output == *"every value of e8m7 is a value of e8m23"* ]]
    run -0 "$HALFULP" format --diff fp16 half
    [[ $output == *"they have the same values"* ]]
}

@test "a format compared with itself says that no property differs" {
    run -0 "$HALFULP" format --diff fp16 fp16
    [ "${lines[1]}" = "no property differs" ]
    run -0 "$HALFULP" format --diff fp16 bf16
    [[ $output != *"no property"* ]]
}

@test "a format without positive values is in no range" {
    run -0 "$HALFULP" format --diff e1m0 e5m2
    [[ $output == *"2^-16 to 2^16        in the range of e5m2 alone"* ]]
    [[ $output == *"e1m0 has 1 value, a value of e5m2"* ]]
    run -0 "$HALFULP" format --diff e1m0 fp32
    [[ $output == *"2^-149 to 2^128      in the range of e8m23 alone"* ]]
}

@test "across families the smallest positive values and the counts stand side by side" {
    run -0 "$HALFULP" format --diff nf4 e2m1fn
    grep -qE '^smallest positive +0.0795[0-9]* +0.5$' <<<"$output"
    [[ $output != *"smallest subnormal"* ]]
    run -0 "$HALFULP" format --diff fp32 posit32
    grep -qE '^smallest positive +1.4012984643248171e-45 +7.5[0-9]*e-37$' <<<"$output"
    grep -qE '^finite values +4278190079 +4294967295$' <<<"$output"
    # the second column starts at one place
    run -0 "$HALFULP" format --diff e2m1fn nf4
    at=$(grep -bo 'nf4' <<<"${lines[0]}" | cut -d: -f1)
    for i in 1 2 3 4 5 6; do [[ ${lines[$i]:at-1:1} == " " && ${lines[$i]:at:1} != " " ]] || { echo "${lines[$i]}"; false; }; done
}

@test "long lists of values are cut, and --all shows them" {
    run -0 "$HALFULP" format --diff e5m2 e4m3
    [[ $output == *" ... "* ]]
    run -0 "$HALFULP" format --diff e5m2 e4m3 --all
    [[ $output != *" ... "* ]]
    [ "$(grep '^e5m2 has' <<<"$output" | sed 's/.*://' | wc -w)" -eq "$(sed -n 's/^e5m2 has 247 values, \([0-9]*\) .*/\1/p' <<<"$output")" ]
}

@test "large formats are compared by their layouts, and that is said" {
    run -0 "$HALFULP" format --diff posit64 fp64
    [[ $output == *"posit64, 2^1 to 2^7 times as fine"* ]]
    [[ $output == *"not value by value"* ]]
}

@test "a difference as JSON is read by other programs" {
    command -v python3 >/dev/null || skip "no python3"
    "$HALFULP" format --diff nf4 e2m1fn --json --all | python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d["subset"] == "none" and d["common"] == 3, d
assert d["a"]["only"] == len(d["a"]["only_values"]) == 13 and d["b"]["only"] == 12
assert d["differences"]["max"][1]["value"] == 6 and d["steps"][-1]["to_exp"] == 3'
    for pair in "fp32 posit32" "q4.12 nf4" "e15m62 takum16" "e4m3 e4m3"; do
        # shellcheck disable=SC2086
        "$HALFULP" format --diff $pair --json | python3 -m json.tool >/dev/null
    done
}

# --- --table ---

@test "a table in Markdown has a row for each format" {
    run -0 "$HALFULP" format --table fp32 e4m3fn nf4 q4.12 --as markdown
    [ "${#lines[@]}" -eq 6 ]
    for line in "${lines[@]}"; do [ "$(tr -cd '|' <<<"$line" | wc -c)" -eq 12 ]; done
    [[ ${lines[2]} == "| \`e8m23\` | 32 | 1+8+23 | 127 | 3.402823·10<sup>38</sup> | 2<sup>-126</sup> | 2<sup>-149</sup> | 2<sup>-23</sup> | yes | yes | yes |" ]]
}

@test "a table in LaTeX compiles without a package" {
    "$HALFULP" format --table fp32 'e5m7{bias=20}' nf4 q4.12 e8m0fnu e15m62 posit8_0 --as latex >"$BATS_TEST_TMPDIR/a.tex"
    "$HALFULP" format --table nf4 e4m3 hif8 --values --as latex >"$BATS_TEST_TMPDIR/b.tex"
    "$HALFULP" format --list --as latex >"$BATS_TEST_TMPDIR/c.tex"
    grep -qF '\texttt{posit8\_0}' "$BATS_TEST_TMPDIR/a.tex"
    grep -qF '$3.402823\times 10^{38}$' "$BATS_TEST_TMPDIR/a.tex"
    grep -qF '$-\infty$' "$BATS_TEST_TMPDIR/b.tex"
    command -v pdflatex >/dev/null || skip "no pdflatex"
    cd "$BATS_TEST_TMPDIR"
    printf '%s\n' '\documentclass{article}\begin{document}\scriptsize' '\input{a}' '\input{b}' '\input{c}' '\end{document}' >doc.tex
    run pdflatex -interaction=nonstopmode -halt-on-error doc.tex
    [ "$status" -eq 0 ] || { tail -n 20 <<<"$output"; false; }
}

@test "a table in CSV is one by RFC 4180" {
    command -v python3 >/dev/null || skip "no python3"
    "$HALFULP" format --table fp32 e4m3fn nf4 q4.12 --as csv | python3 -c '
import csv, sys
text = sys.stdin.buffer.read().decode()
assert text.endswith("\r\n") and text.count("\n") == text.count("\r\n") == 5
rows = list(csv.DictReader(text.splitlines()))
assert [r["name"] for r in rows] == ["e8m23", "e4m3fn", "nf4", "q4.12"] and all(None not in r for r in rows)
assert float(rows[0]["max"]) == float.fromhex(rows[0]["max_hex"]) and "," in rows[2]["source"]'
    "$HALFULP" format --table e4m3fn nf4 --values --as csv | python3 -c '
import csv, sys
rows = list(csv.DictReader(sys.stdin))
assert len(rows) == 256 + 16
assert all("nan" in r["hex"] or float(r["value"]) == float.fromhex(r["hex"]) for r in rows)'
}

@test "a table of codes has every code" {
    run -0 "$HALFULP" format --table e4m3fn --values --as markdown
    [ "$(grep -o '0x[0-9a-f][0-9a-f]' <<<"$output" | sort -u | wc -l)" -eq 256 ]
    [[ $output == *'`0x7e` | 448'* ]]
}

@test "the list as a table has every name and every alias" {
    "$HALFULP" format --list --as markdown >"$BATS_TEST_TMPDIR/list"
    for name in $("$HALFULP" format --list | sed -n '2,/^$/s/ .*//p'); do
        [ "$(awk -v row="| \`$name\` |" 'index($0, row) == 1' "$BATS_TEST_TMPDIR/list" | wc -l)" -eq 1 ] || { echo "$name"; false; }
    done
    for alias in $("$HALFULP" format --list | sed -n '/^alias/,/^$/s/ .*//p' | tail -n +2); do
        grep -qE "[ ,]$alias[ ,]" "$BATS_TEST_TMPDIR/list" || { echo "$alias"; false; }
    done
}

@test "the manual's list of formats is the program's" {
    "$HU_SRCDIR/docs/gen-format-list" "$HALFULP" | cmp - "$HU_SRCDIR/docs/format-list.md" || { echo "'make format-list' brings it up to date"; false; }
}

# --- --plot ---

@test "a figure of each kind is drawn, its path told" {
    command -v gnuplot >/dev/null || skip "no gnuplot"
    mkdir "$BATS_TEST_TMPDIR/figures"
    cd "$BATS_TEST_TMPDIR/figures"
    run -0 --separate-stderr "$HALFULP" format --plot nf4 e2m1fn --out "a b.png"
    [ "$output" = "a b.png" ] && [ -z "$stderr" ]
    [ "$(head -c 8 "a b.png" | tail -c 7 | tr -d '\r\n\032')" = PNG ]
    run -0 --separate-stderr "$HALFULP" format --plot fp32 posit16 takum16 int8 hif8 --out c.pdf
    [ "$(head -c 5 c.pdf)" = "%PDF-" ]
    run -0 --separate-stderr "$HALFULP" format --plot 'e5m7{bias=20}' q4.12
    [ "$output" = "e5m7_bias_20_-q4.12.svg" ]
    grep -q '</svg>' "$output"
    ! grep -qi 'nan' "$output"
    [ "$(ls | wc -l)" -eq 3 ]
}

@test "every named format has a figure" {
    command -v gnuplot >/dev/null || skip "no gnuplot"
    cd "$BATS_TEST_TMPDIR"
    "$HALFULP" format --list | sed -n '2,/^$/s/ .*//p' | xargs -n 7 "$HALFULP" format --plot --out x.svg >out
    [ "$(wc -l <out)" -gt 5 ]
}

@test "formats with a single positive value have a figure" {
    command -v gnuplot >/dev/null || skip "no gnuplot"
    cd "$BATS_TEST_TMPDIR"
    echo 'require("halfulp").define {name = "signs", values = {-1, 1}}' >signs.lua
    run -0 --separate-stderr "$HALFULP" format --formats signs.lua --plot signs --out x.svg
    [ "$(grep -c "no steps: one positive value" x.svg)" -eq 2 ]
    run -0 --separate-stderr "$HALFULP" format --plot takum2 e1m1 int2 --out x.svg
    [ "$(grep -c "no steps: one positive value" x.svg)" -eq 2 ]
    run -0 --separate-stderr "$HALFULP" format --plot takum2 e2m1 --out x.svg
    run ! grep -q "no steps" x.svg
}

@test "what has no figure is a usage error that says why" {
    for format in e1m0 'e1m3{subnormals=flush}'; do
        run --separate-stderr "$HALFULP" format --plot e4m3 "$format"
        fails 2 "--plot needs positive values, and $format has none"
    done
    run --separate-stderr "$HALFULP" format --plot takum_log32
    fails 2 "--plot draws formats of family takum_log of up to 16 bits; takum_log32 has 32"
    run --separate-stderr "$HALFULP" format --plot lns16.47
    fails 2 "lns16.47 has 64"
}

@test "exponents of many digits have short labels" {
    command -v gnuplot >/dev/null || skip "no gnuplot"
    run -0 --separate-stderr "$HALFULP" format --plot e30m236 fp32 --out "$BATS_TEST_TMPDIR/x.svg"
    run ! grep -q 00000000 "$BATS_TEST_TMPDIR/x.svg"
    grep -q '4·10' "$BATS_TEST_TMPDIR/x.svg"
}

@test "a figure that cannot be made is an error of one line" {
    command -v gnuplot >/dev/null || skip "no gnuplot"
    run --separate-stderr "$HALFULP" format --plot nf4 --out "$BATS_TEST_TMPDIR/no/such.svg"
    fails 1 "No such file"
    run --separate-stderr env PATH=/nowhere "$HALFULP" format --plot nf4 --out "$BATS_TEST_TMPDIR/x.svg"
    fails 1 "gnuplot is not installed"
    [ ! -e "$BATS_TEST_TMPDIR/x.svg" ]
}

# --- wrong usage ---

@test "options that do not go together are usage errors" {
    while IFS='|' read -r args message; do
        # shellcheck disable=SC2086
        run --separate-stderr "$HALFULP" format $args
        fails 2 "$message"
    done <<'END'
--diff e4m3|takes two names
--diff e4m3 e5m2 e3m4|takes two names
--diff e4m3 e5m|
--table --as csv|takes one name or more
--table e4m3|--as
--table e4m3 --as html|markdown, latex or csv
--table fp16 --values --as csv|up to 8 bits
--plot|takes one name or more
--plot nf4 --out x.jpg|.svg, .png or .pdf
--plot nf4 --out svg|.svg, .png or .pdf
--plot nf4 --json|--json belongs to
--plot e4m3 e4m3 e4m3 e4m3 e4m3 e4m3 e4m3 e4m3 e4m3|up to 8
--diff --plot e4m3 e5m2|one at a time
--list nf4|takes no name
nf4 --all|--all belongs to --diff
nf4 --values|--values belongs to --table
nf4 --as csv|--as belongs to
nf4 --out x.svg|--out belongs to --plot
END
}
