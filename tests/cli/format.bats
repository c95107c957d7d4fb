# format.bats - halfulp format: the description of a format, its code table, the list.

bats_require_minimum_version 1.5.0

fails() {
    [ "$status" -eq "$1" ] || { echo "status $status: $stderr"; false; }
    [ -z "$output" ]
    # shellcheck disable=SC2154
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "halfulp: format: "*"$2"* ]] || { echo "$stderr"; false; }
}

# says FORMAT LABEL VALUE: the description has that line, however many blanks are between
says() {
    "$HALFULP" format "$1" | sed 's/  */ /g' | grep -qxF "$2 $3" || { echo "$1: no line '$2 $3'"; return 1; }
}

@test "fields, bias and range" {
    says e4m3fn "fields in bits" "1 sign, 4 exponent, 3 significand"
    says e4m3fn bias 7
    says e4m3fn "largest finite" "448 0x1.cp+8"
    says e4m3fn "smallest normal" "0.015625 0x1p-6"
    says e4m3fn "smallest subnormal" "0.001953125 0x1p-9"
    says e4m3fn epsilon "0.125 0x1p-3"
    says e4m3fn infinities no
    says e5m2 infinities yes
    says e4m3fnuz "negative zero" no
    says fp64 "largest finite" "1.7976931348623157e308 0x1.fffffffffffffp+1023"
    says 'e5m7{subnormals=flush}' "smallest subnormal" "0.00006103515625 0x1p-14"
}

@test "the number of values is that of the different finite ones" {
    # 2 x 126 of both signs and zero; NaN twice
    says e4m3fn "finite values" 253
    says e4m3fn "NaN codes" 2
    says e4m3fnuz "finite values" 255
    says e4m3fnuz "NaN codes" 1
    says e5m2 "finite values" 247
    says e5m2 "infinity codes" 2
    says e5m2 "NaN codes" 6
    says e2m1fn "finite values" 15
    says fp64 "finite values" 18437736874454810623
    says fp64 "NaN codes" 9007199254740990
}

@test "wide formats have their properties with all digits" {
    says binary128 "largest finite" "1.18973149535723176508575932662800702e4932 0x1.ffffffffffffffffffffffffffffp+16383"
    says binary128 "finite values" 340271982327221393808117546439109771263
    says binary128 "NaN codes" 10384593717069655257060992658440190
    says binary256 "largest finite" "1.611325717485760473619572118452005010644023874549669517476371250496071827e78913 0x1.fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffp+262143"
    says binary256 "smallest subnormal" "2.248007086477036572970186147762651825973609182661002762943489745477092945e-78984 0x1p-262378"
    says binary256 epsilon "9.055679078826712367509119290887791780682531198139138189582614889935501319e-72 0x1p-236"
    says binary256 "smallest normal" "2.482427951464349788299328222913871723677687706079646869270953297913787562e-78913 0x1p-262142"
    says binary128 "smallest normal" "3.3621031431120935062626778173217526e-4932 0x1p-16382"
    says binary128 epsilon "1.92592994438723585305597794258492732e-34 0x1p-112"
    says binary256 "finite values" 115791868381433098125529787096500314988455506230153454587087818807137968062463
    says binary256 "NaN codes" 220855883097298041197912187592864814478435487109452369765200775161577470
    says x87 "largest finite" "1.18973149535723176502e4932 0x1.fffffffffffffffep+16383"
    says x87 "width in bits" 80
    says x87 "finite values" 604444463063240877801471
    says x87 "NaN codes" 18446744073709551614
    "$HALFULP" format octuple --json | grep -qF '"hex": "0x1.fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffp+262143"'
}

@test "a property that a format has not is left out" {
    says e1m3 "largest finite" "1.75 0x1.cp+0"
    says e1m3 "smallest subnormal" "0.25 0x1p-2"
    run -0 "$HALFULP" format e1m3
    [[ $output != *"smallest normal"* && $output != *" exponent   "* ]]
    for format in e1m0 'e1m3{subnormals=flush}'; do
        says "$format" "largest finite" "0 0x0p+0"
        run -0 "$HALFULP" format "$format"
        [[ $output != *smallest* && $output != *epsilon* ]]
        run -0 "$HALFULP" format --table "$format" --as markdown
        [[ ${lines[2]} == *"| 0 | 0 | - | - | - | yes |"* ]]
    done
    run -0 "$HALFULP" format --table posit8 nf4 q4.12 hif8 e1m3 --as csv
    for i in 1 2 3 4; do [[ ${lines[$i]} != *0x0p+0* ]]; done
    run -0 "$HALFULP" format nf4 --json
    [[ $output != *epsilon* ]]
    # no smallest normal where the description has none
    run -0 "$HALFULP" format --table posit8 nf4 q4.12 hif8 e1m3 --as markdown
    [ "$(cut -d'|' -f7 <<<"$output" | tail -n +3 | sort -u)" = " - " ]
}

@test "finite values, infinities, NaNs and a second zero are all codes" {
    for format in e4m3fn e4m3fnuz e5m2 e2m1fn e3m2fn e3m4 e5m10 e8m7 e5m0 'e4m3{specials=finite}' 'e5m2{subnormals=flush-out}'; do
        "$HALFULP" format "$format" | awk -v format="$format" '
            /^width in bits/  { codes = 2 ^ $4 }
            /^negative zero/  { zeros = ($3 == "yes") }
            /^finite values/  { n += $3 }
            /^infinity codes/ { n += $3 }
            /^NaN codes/      { n += $3 }
            END { if (n + zeros != codes) { print format ": " n " and " zeros; exit 1 } }'
    done
}

@test "the code table has every code of formats of up to 8 bits, and none of wider ones" {
    [ "$("$HALFULP" format e4m3fn | grep -c '^0x')" -eq 256 ]
    [ "$("$HALFULP" format e2m1fn | grep -c '^0x')" -eq 16 ]
    [ "$("$HALFULP" format e4m4 | grep -c '^0x')" -eq 0 ]
    "$HALFULP" format e4m3fn | grep -qx '0x2a   0 0101 010   0.3125  *0x1.4p-2'
    "$HALFULP" format e5m2 | grep -qx '0xfc   1 11111 00   -inf  *-inf'
    "$HALFULP" format e4m3fnuz | grep -qx '0x80   1 0000 000   nan  *nan'
}

@test "posits and takums show their ends and their codes" {
    says posit16 family posit
    says posit16 "largest finite" "72057594037927936 0x1p+56"
    says posit16_2 name posit16
    says takum_linear8 name takum8
    "$HALFULP" format posit8 | grep -qx '0x40   01000000     1  *0x1p+0'
    "$HALFULP" format posit8_0 | grep -qx '0x80   10000000     nan  *nan'
    run --separate-stderr "$HALFULP" format posit65
    fails 2 "a posit has 3 to 64 bits"
}

@test "logarithmic formats show values, cut where they are irrational" {
    says lns8.3 "width in bits" 12
    says lns8.3 "smallest exponent" -128
    says takumlog16 name takum_log16
    "$HALFULP" format lns4.3 | grep -qx '0x40   01000000     0  *0x0p+0'
    "$HALFULP" format lns4.3 | grep -qx '0xc0   11000000     nan  *nan'
    "$HALFULP" format lns4.3 | grep -qx '0x88   10001000     -2  *-0x1p+1'
    "$HALFULP" format lns4.3 | grep -qx '0x04   00000100     1.414213562373095  *0x1.6a09e667f3bcc908b2fb1366ea957d3ep+0'
    run --separate-stderr "$HALFULP" format lns17.3
    fails 2 "1 to 16 will do"
    run --separate-stderr "$HALFULP" calc rem --format lns8.3 1 2
    [ "$status" -eq 2 ]
    [[ $stderr == "halfulp: calc: rem: there is no such operation in format lns8.3; formats of family lns have add sub "* ]]
}

@test "an alias shows the format it stands for" {
    says bf16 name e8m7
    [ "$("$HALFULP" format half)" = "$("$HALFULP" format e5m10)" ]
}

@test "--json says the same" {
    command -v python3 >/dev/null || skip "no python3"
    "$HALFULP" format e5m2 --json >"$BATS_TEST_TMPDIR/a"
    "$HALFULP" format fp64 --json >"$BATS_TEST_TMPDIR/b"
    "$HALFULP" format --list --json >"$BATS_TEST_TMPDIR/c"
    python3 - "$BATS_TEST_TMPDIR" <<'END'
import json, sys
a, b, c = (json.load(open(sys.argv[1] + "/" + n)) for n in "abc")
assert a["bias"] == 15 and a["has_infinities"] is True and a["max"] == {"value": 57344, "hex": "0x1.cp+15"}, a
assert len(a["codes"]) == 256 and a["codes"][0x7c] == {"code": "0x7c", "value": None, "hex": "inf"}
assert [x["value"] for x in a["codes"][0x3c:0x41]] == [1, 1.25, 1.5, 1.75, 2]
assert "codes" not in b and b["max"]["value"] == sys.float_info.max and b["epsilon"]["value"] == sys.float_info.epsilon
assert b["min_normal"]["value"] == sys.float_info.min and b["n_finite"] == 18437736874454810623
names = [f["name"] for f in c["formats"]]
assert "e4m3fn" in names and c["aliases"]["bf16"] == "e8m7", c
END
}

@test "the list has a field where the format has one, as text and as JSON" {
    run -0 "$HALFULP" format --list
    for name in int8 nf4 posit16 takum32 hif8; do grep -qE "^$name +[0-9]+ +- +- +- " <<<"$output" || { echo "$name"; false; }; done
    grep -qE "^e4m3fn +8 +4 +3 +7 +448 " <<<"$output"
    command -v python3 >/dev/null || skip "no python3"
    "$HALFULP" format --list --json | python3 -c '
import json, sys
d = {f["name"]: f for f in json.load(sys.stdin)["formats"]}
assert d["int8"]["man_bits"] is d["nf4"]["man_bits"] is d["posit16"]["bias"] is d["takum32"]["exp_bits"] is None, d["int8"]
assert d["e4m3fn"]["man_bits"] == 3 and d["e4m3fn"]["max"] == {"value": 448, "hex": "0x1.cp+8"} and "OCP" in d["e4m3fn"]["source"]'
}

@test "a paper has one title in the sources" {
    for name in $("$HALFULP" format --list | sed -n '2,/^$/s/ .*//p') takum12 takum_log12; do "$HALFULP" format "$name"; done \
        | sed -n 's/^source *\(.*(arXiv [0-9.]*)\).*/\1/p' | sort -u >"$BATS_TEST_TMPDIR/titles"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/titles")" -ge 2 ]
    [ -z "$(grep -o 'arXiv [0-9.]*' "$BATS_TEST_TMPDIR/titles" | sort | uniq -d)" ] || { cat "$BATS_TEST_TMPDIR/titles"; false; }
}

@test "families without fields are counted by their width where they are too wide to go through" {
    # 2^N codes, one of them NaR; the same of 16 bits, whose codes are gone through, and of more
    for name in posit16 takum16 takum_log16 lns8.7; do says "$name" "finite values" 65535; says "$name" "NaN codes" 1; done
    for name in posit17 takum17 takum_log17 lns8.8; do says "$name" "finite values" 131071; says "$name" "NaN codes" 1; done
    says posit64 "finite values" 18446744073709551615
    says q8.8 "finite values" 65536
    says uq8.9 "finite values" 131072
    says int64 "finite values" 18446744073709551616
    says int64 "NaN codes" 0
}

@test "every format and alias of the list is found" {
    run --separate-stderr "$HALFULP" format --list
    [ "$status" -eq 0 ]
    names=$(sed -n '/^alias/,$d; /^format/d; s/ .*//p' <<<"$output"; sed -n '/^alias/,/^$/{/^alias/d; s/ .*//p}' <<<"$output")
    [ "$(wc -w <<<"$names")" -ge 25 ]
    for name in $names; do
        "$HALFULP" format "$name" >/dev/null
    done
    [[ $output == *"eEmMfnuz"* ]]
}

@test "an unknown format is a usage error that names the nearest and the grammar" {
    run --separate-stderr "$HALFULP" format fp61
    fails 2 "no format 'fp61'; did you mean 'fp16'?"
    run --separate-stderr "$HALFULP" format ''
    fails 2 "no format ''"
    run --separate-stderr "$HALFULP" format e5m2x
    fails 2 "no format 'e5m2x'"
}

@test "E and M out of range are usage errors" {
    run --separate-stderr "$HALFULP" format e0m2
    fails 2 "0 exponent bits asked for, 1 to 30 will do"
    run --separate-stderr "$HALFULP" format e31m2
    fails 2 "31 exponent bits asked for, 1 to 30 will do"
    run --separate-stderr "$HALFULP" format e5m237
    fails 2 "237 significand bits asked for, 0 to 236 will do"
    run --separate-stderr "$HALFULP" format e5m99999999999999999999
    fails 2 "significand bits asked for"
}

@test "a modifier that is not one is a usage error" {
    run --separate-stderr "$HALFULP" format 'e5m2{bais=3}'
    fails 2 "expected bias=, subnormals= or specials="
    run --separate-stderr "$HALFULP" format 'e5m2{bias=3'
    fails 2 "expected ',' or '}'"
}

@test "no name, or two, are usage errors" {
    run --separate-stderr "$HALFULP" format
    fails 2 "takes one name"
    run --separate-stderr "$HALFULP" format e5m2 e4m3
    fails 2 "takes one name"
    run --separate-stderr "$HALFULP" format --list e4m3
    fails 2 "takes one name"
}

@test "a block format shows its element, scale, rule, size, bits and bytes" {
    says mxfp4 formula "block(e2m1fn, scale=e8m0fnu, size=32)"
    says mxfp4 "largest element" "6 0x1.8p+2"
    says mxfp4 "bits of a value" 4.25
    says mxfp4 bytes "element i at bits 4 i to 4 i + 3 of its block, lowest first; scales apart, in 1 byte each"
    says mxfp4 rule "floor: 2^(floor(log2 amax) - E)"
    says nvfp4 "tensor scale" e8m23
    says nvfp4 rule "even: amax / M, rounded to nearest, ties to even"
    says hbfp8 block "24 lines of 24 elements"
    says dfp16 block "a whole array"
    says 'block(nf4, scale=fp32, size=1)' block "1 element along an index"
    says 'mxint8{target=1.5}' target "1.5 0x1.8p+0"
}

@test "a block format as JSON is one object" {
    "$HALFULP" format nvfp4 --json | python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d["family"] == "block" and d["bits_per_value"] == 4.5 and d["scale_max"]["value"] == 448, d'
    "$HALFULP" format --list --json | python3 -c '
import json, sys
d = json.load(sys.stdin)
assert "mxfp4" in [b["name"] for b in d["blocks"]] and d["block_aliases"]["bfp12"] == "msfp12", d'
}

@test "every block format of the list has a description" {
    "$HALFULP" format --list | awk '/^block format/ { go = 1; next } go && NF == 0 { exit } go { print $1 }' >"$BATS_TEST_TMPDIR/names"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/names")" -ge 20 ]
    while read -r name; do
        "$HALFULP" format "$name" | grep -q '^source  *..' || { echo "$name"; false; }
    done <"$BATS_TEST_TMPDIR/names"
}

@test "a block format that cannot be is a usage error" {
    run --separate-stderr "$HALFULP" format 'mxfp4{size=0}'
    fails 2 "size is '0'"
    run --separate-stderr "$HALFULP" format 'block(e2m1fn, scale=mxfp4)'
    fails 2 "is a block format"
    run --separate-stderr "$HALFULP" format mxpf4
    fails 2 "'mxfp4'"
}
