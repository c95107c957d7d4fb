# batch.bats - halfulp calc --batch: the test port, line by line.

bats_require_minimum_version 1.5.0

batch() { "$HALFULP" calc --batch "$@"; }

# answers LINE ANSWER
answers() {
    local got
    got=$(printf '%s\n' "$1" | batch) || true
    [ "$got" = "$2" ] || { echo "'$1': got '$got', want '$2'"; return 1; }
}

# refuses LINE TEXT: one line "error: ...TEXT..." on stdout, nothing on stderr, status 1
refuses() {
    run --separate-stderr bash -c 'printf "%s\n" "$1" | "$HALFULP" calc --batch' - "$1"
    [ "$status" -eq 1 ] && [ -z "$stderr" ] && [ "${#lines[@]}" -eq 1 ] && [[ $output == "error: "*"$2"* ]] ||
        { echo "'$1': status $status, '$output', '$stderr'"; return 1; }
}

@test "the example of the manual" {
    [ "$(printf 'mul e5m2 rz 0x3d 0x3d\n' | batch)" = "0x3e inexact" ]
}

@test "operations with one, two and three codes, comparisons, conversions" {
    answers "sqrt e5m2 rne 0x44" "0x40 -"
    answers "add e4m3fn rne 0x38 0x40" "0x44 -"
    answers "fma e5m2 rne 0x40 0x42 0x3c" "0x47 -"
    answers "lt e5m2 rne 0x3c 0x40" "0x1 -"
    answers "cvt fp32>e5m2 rne 0x3f800000" "0x3c -"
    answers "cvt e5m10>int8 rne 0x4100" "0x02 inexact"
    answers "cvt int8>e5m10 rne 0xff" "0xbc00 -"
    answers "mul e5m2 rne 0x7b 0x40" "0x7c overflow,inexact"
    answers "mul e5m2 rne+sat 0x7b 0x40" "0x7b overflow,inexact"
}

@test "codes are padded to the width of the format" {
    answers "add e5m2 rne 0x0 0x0" "0x00 -"
    answers "add fp16 rne 0x0 0x0" "0x0000 -"
    answers "add fp64 rne 0x0 0x0" "0x0000000000000000 -"
    answers "add e2m1fn rne 0x1 0x1" "0x2 -"
    answers "add e2m3fn rne 0x01 0x1" "0x02 -"
}

@test "blanks, tabs and a carriage return around the words do not matter" {
    answers $'  add\te4m3fn   rne 0x38\t 0x40  ' "0x44 -"
    answers $'add e4m3fn rne 0x38 0x40\r' "0x44 -"
    answers "add e4m3fn rne 0X38 0X40" "0x44 -"
}

@test "the last line needs no newline" {
    [ "$(printf 'add e4m3fn rne 0x38 0x40' | batch)" = "0x44 -" ]
}

@test "empty lines and comments are repeated, so that lines stay in step" {
    [ "$(printf '# sums\n\nadd e4m3fn rne 0x38 0x40\n   \n  # end\n' | batch; echo .)" = $'# sums\n\n0x44 -\n   \n  # end\n.' ]
}

@test "no input gives no output" {
    run --separate-stderr bash -c '"$HALFULP" calc --batch </dev/null'
    [ "$status" -eq 0 ] && [ -z "$output$stderr" ]
}

@test "a bad line gives its error in its place, the rest goes on, and the status is 1" {
    run --separate-stderr bash -c 'printf "add e5m2 rne 0x3c 0x3c\nad e5m2 rne 1 1\nadd e5m2 rne 0x3c 0x40\n" | "$HALFULP" calc --batch'
    [ "$status" -eq 1 ] && [ -z "$stderr" ]
    [ "${lines[0]}" = "0x40 -" ]
    [ "${lines[1]}" = "error: there is no operation 'ad'; did you mean 'add'?" ]
    [ "${lines[2]}" = "0x42 -" ]
}

@test "what can be wrong with a line" {
    refuses "add" "a line is: op format rounding code..."
    refuses "add e5m2" "a line is: op format rounding code..."
    refuses "add e5m2 rne" "add takes 2 codes; got 0"
    refuses "add e5m2 rne 0x1" "add takes 2 codes; got 1"
    refuses "sqrt e5m2 rne" "sqrt takes 1 code; got 0"
    refuses "add e5m2 rne 0x1 0x2 0x3" "add takes 2 codes; '0x3' is one word too many"
    refuses "add e4m3nf rne 0x1 0x2" "no format 'e4m3nf'; did you mean 'e4m3fn'?"
    refuses "add e99m2 rne 0x1 0x2" "99 exponent bits"
    refuses "add e5m2 rn 0x1 0x2" "rne"
    refuses "add e5m2 rne+st 0x1 0x2" "'st'"
    refuses "add e5m2 rne 0x1 2" "'2' is not a code; codes are hexadecimal and begin with 0x"
    refuses "add e5m2 rne 0x1 0x" "'0x' is not a code"
    refuses "add e5m2 rne 0x1 0x1g" "'0x1g' is not a code"
    refuses "add e5m2 rne -0x1 0x1" "'-0x1' is not a code"
    refuses "add e5m2 rne 0x100 0x1" "code 0x100 has more than the 8 bits of e5m2"
    refuses "add e2m3fn rne 0x40 0x1" "code 0x40 has more than the 6 bits of e2m3fn"
    refuses "cvt int8>e5m2 rne 0x100" "code 0x100 has more than 8 bits"
    refuses "add e5m2 rne 0x1 0x100000000000000000000000000000000000" "has more than the 8 bits of e5m2"
    refuses "add binary256 rne 0x1 0x1$(printf '0%.0s' {1..64})" "has more than the 256 bits of e19m236"
    refuses "add e5m2 rne 0x1 0x1$(printf '0%.0s' {1..80})" "is not a code"
    refuses "cvt e5m2 rne 0x1" "cvt takes two formats"
    refuses "add e5m2>e4m3 rne 0x1 0x1" "add takes one format"
    refuses "cvt int1>int8 rne 0x1" "together 2 to 64 will do"
    refuses "cvt >e5m2 rne 0x1" "no format ''"
    refuses "cvt e5m2> rne 0x1" "no format ''"
    refuses "cvt int0>e5m2 rne 0x1" "an integer has 1 to 64 bits"
    refuses "cvt int99999999999999999999>e5m2 rne 0x1" "an integer has 1 to 64 bits"
    refuses $'\x01\x02 e5m2 rne 0x1' "there is no operation '??'"
}

@test "a word, a line and a head that are long" {
    long=$(printf 'x%.0s' {1..300})
    refuses "$long e5m2 rne 0x1" "more than 255 bytes"
    refuses "add e5m2 rne 0x1 $long$long" "is not a code"
    line="add e5m2 rne 0x1 0x1$(printf ' %.0s' {1..4070})"
    answers "$line" "0x02 -"
    refuses "$line      $line" "a line has at most 4096 bytes"
    zeros=$(printf '0%.0s' {1..200})
    answers "add e5m2 rne 0x${zeros}1 0x1" "0x02 -"
    answers "add  $(printf ' %.0s' {1..200}) e5m2 rne 0x1 0x1" "0x02 -"
}

@test "a line that is too long is answered once, and the next one is read again" {
    run --separate-stderr bash -c '{ head -c 100000 /dev/zero | tr "\0" x; printf "\nadd e5m2 rne 0x1 0x1\n"; head -c 5000 /dev/zero | tr "\0" x; } | "$HALFULP" calc --batch'
    [ "$status" -eq 1 ] && [ "${#lines[@]}" -eq 3 ]
    [[ ${lines[0]} == "error: a line has at most 4096 bytes"* && ${lines[1]} == "0x02 -" && ${lines[2]} == "error: "* ]]
}

@test "NUL bytes are an error of their line only" {
    run --separate-stderr bash -c 'printf "a\0dd e5m2 rne 0x1 0x1\nadd e5m2 rne 0x1 0x\0001\nadd e5m2 rne 0x1 0x1\n" | "$HALFULP" calc --batch'
    [ "$status" -eq 1 ] && [ "${#lines[@]}" -eq 3 ]
    [[ ${lines[0]} == "error: "*"NUL"* && ${lines[1]} == "error: "* && ${lines[2]} == "0x02 -" ]]
}

@test "answers come line by line, as a program on the other side of a pipe needs them" {
    coproc "$HALFULP" calc --batch
    for i in 1 2 3; do
        echo "add e4m3fn rne 0x38 0x40" >&"${COPROC[1]}"
        read -r -t 5 answer <&"${COPROC[0]}"
        [ "$answer" = "0x44 -" ]
    done
}

@test "input cut anywhere gives the same answers" {
    lines='add e5m2 rne 0x3c 0x3c\n# comment\nmul e4m3fn rz 0x3d 0x3d\r\n\nsqrt e5m10 ru 0x4000\n'
    # shellcheck disable=SC2059
    whole=$(printf "$lines" | batch)
    # shellcheck disable=SC2059
    cut=$(printf "$lines" | { while IFS= read -r -N 1 c; do printf '%s' "$c"; done; } | batch)
    [ "$whole" = "$cut" ]
}

@test "a random word can be given; the mode looks at its upper bits" {
    answers "add e5m2 sr 0x3c 0x30 r=0x0" "0x3c inexact"
    answers "add e5m2 sr 0x3c 0x30 r=0xffffffffffffffff" "0x3d inexact"
    answers "add e5m2 sr:1 0x3c 0x30 r=0x7fffffffffffffff" "0x3c inexact"
    answers "add e5m2 sr:1 0x3c 0x30 r=0x8000000000000000" "0x3d inexact"
    answers "add e5m2 rne 0x3c 0x30 r=0x8000000000000000" "0x3c inexact"
    refuses "add e5m2 sr 0x3c 0x30 r=5" "r= takes 64 random bits in hexadecimal"
    refuses "add e5m2 sr 0x3c 0x30 r=0x10000000000000000" "r= takes 64 random bits"
    refuses "add e5m2 sr 0x3c 0x30 r=0x1 0x2" "nothing may follow"
    refuses "add e5m2 sr 0x3c r=0x1" "add takes 2 codes; got 1"
}

@test "without a word the random bits depend on seed and line number alone" {
    line="add e5m2 sr 0x3c 0x30"
    many=$(for _ in {1..64}; do echo "$line"; done | batch)
    [ "$many" = "$(for _ in {1..64}; do echo "$line"; done | batch)" ]
    [ "$many" != "$(for _ in {1..64}; do echo "$line"; done | batch --seed 1)" ]
    [ "$(sort -u <<<"$many" | wc -l)" -eq 2 ]
    # other lines before, also bad ones and comments, change nothing but the number
    tail=$(tail -n 61 <<<"$many")
    [ "$tail" = "$( { printf '# one\nbad\n\n'; for _ in {1..61}; do echo "$line"; done; } | batch | tail -n 61)" ]
}

@test "the first line draws the same word as calc does" {
    for seed in 1 2 3 4 5 6; do
        one=$("$HALFULP" calc add --format e5m2 --rounding sr --seed $seed 0x3c 0x30 | cut -d' ' -f1)
        [[ $one == 0x3[cd] ]]
        [ "$(echo "add e5m2 sr 0x3c 0x30" | batch --seed $seed | cut -d' ' -f1)" = "$one" ]
    done
}

@test "options set what a line does not say" {
    [ "$(echo "mul e5m2 rne 0x7b 0x40" | batch --overflow saturate)" = "0x7b overflow,inexact" ]
    [ "$(echo "mul e5m2 rne+ieee 0x7b 0x40" | batch --overflow saturate)" = "0x7c overflow,inexact" ]
    [ "$(echo "add e5m2 rne 0x7f 0x40" | batch --nan propagate)" = "0x7f -" ]
    [ "$(echo "add e5m2 rne 0x7f 0x40" | batch)" = "0x7e -" ]
}

@test "calc and calc --batch agree" {
    RANDOM=7
    ops=(add sub mul div rem min max eq lt le sqrt rint neg abs fma)
    modes=(rne rna rnz ru rd rz raz ro rne+sat rz+satfinite sr:4)
    formats=(e5m2 e4m3fn e4m3fnuz e5m10 e8m7 e2m1fn)
    widths=(0xff 0xff 0xff 0xffff 0xffff 0xf)
    for i in {1..60}; do
        op=${ops[i % 15]} mode=${modes[RANDOM % 11]} f=$((RANDOM % 6))
        case $op in sqrt | rint | neg | abs) n=1 ;; fma) n=3 ;; *) n=2 ;; esac
        codes=()
        for ((k = 0; k < n; k++)); do
            codes+=("$(printf '0x%x' $(((RANDOM << 15 ^ RANDOM) & widths[f])))")
        done
        want=$("$HALFULP" calc "$op" --format "${formats[f]}" --rounding "$mode" "${codes[@]}" | cut -d' ' -f1,3)
        [[ $want == 0x* ]]
        answers "$op ${formats[f]} $mode ${codes[*]}" "$want"
    done
}

@test "answers that cannot be written end the batch with one line" {
    [ -w /dev/full ] || skip "no /dev/full"
    run --separate-stderr bash -c 'yes "add e5m2 rne 0x1 0x1" 2>/dev/null | "$HALFULP" calc --batch >/dev/full'
    [ "$status" -eq 1 ] && [ "$stderr" = "halfulp: calc: the answers could not be written to standard output: No space left on device" ]
}

@test "input that cannot be read is reported" {
    run --separate-stderr bash -c '"$HALFULP" calc --batch <"$BATS_TEST_TMPDIR"'
    [ "$status" -eq 1 ] && [[ $stderr == "halfulp: calc: standard input could not be read: Is a directory" ]]
}
