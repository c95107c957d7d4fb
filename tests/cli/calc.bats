# calc.bats - halfulp calc: operands, results, flags, and everything that can be asked wrongly.

bats_require_minimum_version 1.5.0

calc() { "$HALFULP" calc "$@"; }

fails() {
    [ "$status" -eq "$1" ] || { echo "status $status: $stderr"; false; }
    [ -z "$output" ]
    # shellcheck disable=SC2154
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "halfulp: calc: "*"$2"* ]] || { echo "$stderr"; false; }
}

# gives ANSWER ARGUMENTS...
gives() {
    local want=$1
    shift
    local got
    got=$(calc "$@" 2>/dev/null) || { echo "calc $*: failed"; return 1; }
    [ "$got" = "$want" ] || { echo "calc $*: got '$got', want '$want'"; return 1; }
}

@test "the example of the manual" {
    gives "0x44 3 -" add --format e4m3fn --rounding rne 0x38 0x40
}

@test "what begins with 0x is a code, all else is a value" {
    gives "0x44 3 -" add --format e4m3fn 1 2
    gives "0x44 3 -" add --format e4m3fn 0x1p0 0x1.0p+1
    gives "0x44 3 -" add --format e4m3fn 0x38 2.0
    gives "0xc4 -3 -" add --format e4m3fn -1 -2
    gives "0x7c inf -" add --format e5m2 inf 1
    gives "0xfc -inf -" add --format e5m2 -inf 1
    gives "0x7e nan -" add --format e5m2 -nan 1
    gives "0x00 0 -" add --format e5m2 0x0 0x00
}

@test "each operation" {
    gives "0xbc -1 -" sub --format e5m2 1 2
    gives "0x46 6 -" mul --format e5m2 2 3
    gives "0x38 0.5 -" div --format e5m2 1 2
    gives "0x47 7 -" fma --format e5m2 2 3 1
    gives "0x40 2 -" sqrt --format e5m2 4
    gives "0xbc -1 -" rem --format e5m2 5 3
    gives "0x40 2 inexact" rint --format e5m2 2.5
    gives "0xbc -1 -" neg --format e5m2 1
    gives "0x3c 1 -" abs --format e5m2 -1
    gives "0x3c 1 -" min --format e5m2 1 2
    gives "0x40 2 -" max --format e5m2 1 2
    gives "0x0 0 -" eq --format e5m2 1 2
    gives "0x1 1 -" lt --format e5m2 1 2
    gives "0x1 1 -" le --format e5m2 1 1
    gives "0x0 0 invalid" lt --format e5m2 nan 1
}

@test "flags are those of the operation, joined by commas" {
    gives "0x7c inf divbyzero" div --format e5m2 1 0
    gives "0x7e nan invalid" div --format e5m2 0 0
    gives "0x7c inf overflow,inexact" mul --format e5m2 57344 2
    gives "0x00 0 underflow,inexact" mul --format e5m2 0x1 0.25
    gives "0x3c 1 inexact" add --format e5m2 1 0.125
}

@test "rounding, overflow, tininess and NaN rules are the ones asked for" {
    gives "0x3d 1.25 inexact" add --format e5m2 --rounding ru 1 0.125
    gives "0x3c 1 inexact" add --format e5m2 --rounding rz 1 0.125
    gives "0x7b 57344 overflow,inexact" mul --format e5m2 --rounding rne+sat 57344 2
    gives "0x7b 57344 overflow,inexact" mul --format e5m2 --overflow saturate 57344 2
    gives "0x7b 57344 -" add --format e5m2 --overflow saturate inf 1
    gives "0x7c inf -" add --format e5m2 --overflow saturate-finite-only inf 1
    gives "0x7f nan -" add --format e5m2 --nan propagate 0x7f 1
    gives "0x7e nan -" add --format e5m2 --nan canonical 0x7f 1
}

@test "tininess before and after rounding differ where the result rounds up to the smallest normal" {
    # 0x1.ep-15 to the smallest normal 2^-14 of e5m2: after rounding with an unbounded exponent it is 2^-14
    gives "0x04 0.00006103515625 inexact" cvt --to e5m2 --tininess after 0x1.fp-15
    gives "0x04 0.00006103515625 underflow,inexact" cvt --to e5m2 --tininess before 0x1.fp-15
}

@test "a stochastic rounding takes the word that is given" {
    gives "0x3c 1 inexact" add --format e5m2 --rounding sr --random 0 1 0.125
    gives "0x3d 1.25 inexact" add --format e5m2 --rounding sr --random 0xffffffffffffffff 1 0.125
}

@test "a stochastic rounding depends on the seed alone" {
    first=$(for seed in 1 2 3 4 5 6 7 8 9; do calc add --format e5m2 --rounding sr --seed $seed 1 0.125; done)
    again=$(for seed in 1 2 3 4 5 6 7 8 9; do calc add --format e5m2 --rounding sr --seed $seed 1 0.125; done)
    [ "$first" = "$again" ]
    [ "$(sort -u <<<"$first" | wc -l)" -eq 2 ]
}

@test "an operand that is not a value of the format is rounded, and a note says so" {
    run --separate-stderr "$HALFULP" calc add --format e4m3fn 0.3 0
    [ "$status" -eq 0 ] && [ "$output" = "0x2a 0.3125 -" ]
    [ "$stderr" = "halfulp: note: operand 0.3 is not a value of e4m3fn; 0x2a, which is 0.3125, stands for it" ]
}

@test "cvt between formats" {
    gives "0x3c 1 -" cvt --from fp32 --to e5m2 0x3f800000
    gives "0x3c 1 -" cvt 'fp32>e5m2' 0x3f800000
    gives "0x3c 1 -" cvt --format 'fp32>e5m2' 1
    gives "0x7c inf overflow,inexact" cvt 'fp32>e5m2' 1e30
}

@test "cvt between two integers" {
    gives "0xfffb -5 -" cvt 'int8>int16' -5
    gives "0x7f 127 invalid" cvt 'int16>int8' 500
    gives "0x00 0 invalid" cvt 'int8>uint8' -5
    gives "0x64 100 -" cvt 'uint64>int8' 100
}

@test "cvt of a text rounds once" {
    # halfway between 1 and 1.25 and a little more: in two steps through fp32 it would go down to 1
    gives "0x3d 1.25 inexact" cvt --to e5m2 1.12500000000000000000000000000000001
    gives "0x3c 1 inexact" cvt --to e5m2 1.125
}

@test "cvt to and from integers" {
    gives "0x03 3 inexact" cvt 'e5m10>int8' 2.5 --rounding rna
    gives "0x02 2 inexact" cvt 'e5m10>int8' 2.5
    gives "0xfe -2 -" cvt 'e5m10>int8' -2
    gives "0x7f 127 invalid" cvt 'e5m10>int8' 300
    gives "0x80 -128 invalid" cvt 'e5m10>int8' -inf
    gives "0x00 0 invalid" cvt 'e5m10>uint8' -3
    gives "0xff 255 -" cvt 'e5m10>uint8' 255
    gives "0xbc00 -1 -" cvt 'int8>e5m10' -1
    gives "0xbc00 -1 -" cvt 'int8>e5m10' 0xff
    gives "0x5bf8 255 -" cvt 'uint8>e5m10' 0xff
    gives "0xffffffffffffffff 18446744073709551615 invalid" cvt 'fp64>uint64' 1e30
    gives "0x8000000000000000 -9223372036854775808 -" cvt 'fp64>int64' -9223372036854775808
    gives "0x43f0000000000000 18446744073709552000 inexact" cvt 'uint64>fp64' 18446744073709551615
}

@test "--json gives one object with everything" {
    command -v python3 >/dev/null || skip "no python3"
    calc fma --format e5m2 --rounding ru 2 3 inf --json >"$BATS_TEST_TMPDIR/a"
    calc mul --format e5m2 57344 2 --rounding rz --json >"$BATS_TEST_TMPDIR/b"
    calc cvt --to int8 --from e5m2 1.5 --json >"$BATS_TEST_TMPDIR/c"
    python3 - "$BATS_TEST_TMPDIR" <<'END'
import json, sys
a, b, c = (json.load(open(sys.argv[1] + "/" + n)) for n in "abc")
assert a == {"op": "fma", "format": "e5m2", "rounding": "ru", "operands": ["0x40", "0x42", "0x7c"], "code": "0x7c",
             "value": None, "hex": "inf", "flags": []}, a
assert b["value"] == 57344 and b["hex"] == "0x1.cp+15" and b["flags"] == ["overflow", "inexact"], b
assert c["from"] == "e5m2" and c["to"] == "int8" and c["code"] == "0x02" and c["value"] == 2, c
END
}

@test "--hex gives the value exactly" {
    gives "0x2a 0x1.4p-2 -" add --format e4m3fn 0x2a 0 --hex
}

@test "an unknown operation is a usage error that names the nearest" {
    run --separate-stderr "$HALFULP" calc ad --format e5m2 1 1
    fails 2 "there is no operation 'ad'; did you mean 'add'?"
}

@test "no operation is a usage error" {
    run --separate-stderr "$HALFULP" calc
    fails 2 "no operation given"
}

@test "a missing format is a usage error" {
    run --separate-stderr "$HALFULP" calc add 1 1
    fails 2 "add needs a format: --format FORMAT"
    run --separate-stderr "$HALFULP" calc cvt 1
    fails 2 "cvt needs a format to go to"
    run --separate-stderr "$HALFULP" calc cvt --to e5m2 0x3c
    fails 2 "needs the format it is of: --from FORMAT"
    run --separate-stderr "$HALFULP" calc cvt --to int8 1.5
    fails 2 "needs a format to come from"
}

@test "an unknown format is a usage error that names the nearest" {
    run --separate-stderr "$HALFULP" calc add --format e4m3nf 1 1
    fails 2 "no format 'e4m3nf'; did you mean 'e4m3fn'?"
}

@test "E and M out of range are usage errors that say the range" {
    run --separate-stderr "$HALFULP" calc add --format e99m2 1 1
    fails 2 "99 exponent bits asked for, 1 to 30 will do"
    run --separate-stderr "$HALFULP" calc add --format e5m999 1 1
    fails 2 "999 significand bits asked for, 0 to 236 will do"
    run --separate-stderr "$HALFULP" calc cvt --from e5m2 --to int65 1
    fails 2 "an integer has 1 to 64 bits"
}

@test "an unknown rounding, policy or rule is a usage error that lists what there is" {
    run --separate-stderr "$HALFULP" calc add --format e5m2 --rounding rn 1 1
    fails 2 "rne"
    run --separate-stderr "$HALFULP" calc add --format e5m2 --rounding rne+st 1 1
    fails 2 "saturate"
    run --separate-stderr "$HALFULP" calc add --format e5m2 --overflow clip 1 1
    fails 2 "no overflow policy 'clip'"
    run --separate-stderr "$HALFULP" calc add --format e5m2 --tininess never 1 1
    fails 2 "--tininess takes one of after, before; got 'never'"
    run --separate-stderr "$HALFULP" calc add --format e5m2 --nan quiet 1 1
    fails 2 "--nan takes one of canonical, propagate; got 'quiet'"
}

@test "a wrong number of operands is a usage error" {
    run --separate-stderr "$HALFULP" calc add --format e5m2 1
    fails 2 "add takes 2 operands; got 1"
    run --separate-stderr "$HALFULP" calc sqrt --format e5m2 1 2
    fails 2 "sqrt takes 1 operand; got 2"
}

@test "an operand that is neither code nor value is a usage error that names it" {
    run --separate-stderr "$HALFULP" calc add --format e5m2 1 x
    fails 2 "operand 'x': 'x' is not a number"
    run --separate-stderr "$HALFULP" calc add --format e5m2 1 0x100
    fails 2 "operand '0x100': '0x100' is not a code of 8 bits"
    run --separate-stderr "$HALFULP" calc add --format e5m2 1 ''
    fails 2 "operand ''"
    run --separate-stderr "$HALFULP" calc cvt 'int8>e5m2' 128
    fails 2 "operand '128' is not one of int8"
    run --separate-stderr "$HALFULP" calc cvt 'uint8>e5m2' -1
    fails 2 "operand '-1' is not one of uint8"
    run --separate-stderr "$HALFULP" calc cvt 'int8>e5m2' 1.5
    fails 2 "operand '1.5' is not a whole number"
}

@test "formats where they do not belong are usage errors" {
    run --separate-stderr "$HALFULP" calc add --from e5m2 --to e4m3 1 1
    fails 2 "--from and --to are for cvt"
    run --separate-stderr "$HALFULP" calc add --format 'e5m2>e4m3' 1 1
    fails 2 "add takes one format"
    run --separate-stderr "$HALFULP" calc cvt --format e5m2 1
    fails 2 "cvt takes two formats"
    run --separate-stderr "$HALFULP" calc --batch --format e5m2
    fails 2 "--batch reads"
}
