# bench.bats - halfulp bench measures, names its figures, and refuses what it cannot measure.

field() { sed -n "s/.*\"$1\": \([0-9.e+-]*\).*/\1/p" <<<"$output"; }

positive() {
    for name; do
        awk -v x="$(field "$name")" 'BEGIN { exit !(x > 0) }' || { echo "$name in $output"; return 1; }
    done
}

@test "bench quantize shows its speed against memcpy and the scalar path" {
    run "$HALFULP" bench quantize --format e5m2 --rounding rne --n 5000 --threads 1 --json
    [ "$status" -eq 0 ]
    positive melem_per_s ratio_memcpy ratio_scalar
    [ "$(field n)" = 5000 ] && [ "$(field threads)" = 1 ]
}

@test "bench quantize measures stochastic modes, doubles and any number of threads" {
    run "$HALFULP" bench quantize --format e8m10 --rounding sr:8+sat --carrier double --n 3000 --threads 2 --json
    [ "$status" -eq 0 ]
    positive melem_per_s ratio_memcpy
    [[ $output == *'"rounding": "sr:8"'* && $output == *'"carrier": "double"'* ]]
}

@test "bench gemm shows its speed against no rounding and against BLAS" {
    run "$HALFULP" bench gemm --model fma --format e8m7 --n 24 --threads 2 --json
    [ "$status" -eq 0 ]
    positive gflops ratio_unrounded ratio_sgemm
    run "$HALFULP" bench gemm --model mul-add --format e5m10 --n 24
    [ "$status" -eq 0 ] && [[ $output == *"model mul-add"* ]]
    run "$HALFULP" bench gemm --model H100 --format e4m3fn --n 24
    [ "$status" -eq 0 ] && [[ $output == *"model H100"* ]]
    run "$HALFULP" bench gemm --model H10 --format fp16 --n 24
    [ "$status" -eq 2 ] && [[ $output == *"did you mean 'H100'"* ]]
}

@test "bench train shows its speed under a policy" {
    run "$HALFULP" bench train --layers 1 --heads 2 --width 16 --context 8 --batch 2 --policy e8m3:rz+sat --threads 2 --json
    [ "$status" -eq 0 ]
    positive tokens_per_s gflops step_ms
    [[ $output == *'"policy": "e8m3:rz+sat"'* && $(field threads) = 2 ]]
    run "$HALFULP" bench train --layers 1 --heads 2 --width 16 --context 8 --batch 2 --accumulate e5m10 --json
    [ "$status" -eq 0 ]
    [[ $output == *'"accumulate": "e5m10"'* ]]
    # counted by hand: 16 (2*256*16 + 3*16 + 4*16*16 + 3*16*48) bytes, and 4 * 2*8 (13*16 + 3*48 + 2*8 + 2*16 + 2*256)
    [ "$(field weights)" = 11568 ] && [ "$(field paper_mb)" = 0.2322 ]
}

@test "the table has training steps under policies, in two shapes, against those in float and a plain program's" {
    run "$HALFULP" bench --quick --only train --json
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 16 ]
    for sums in e8m7 e5m10 e8m10; do
        [ "$(grep -c "\"train, every sum in $sums" <<<"$output")" -eq 2 ]
    done
    [ "$(grep -c '"against": "fp32"' <<<"$output")" -eq 9 ]
    [ "$(grep -c '"against": "plain C trainer"' <<<"$output")" -eq 5 ]
    [ "$(grep -c '"unit": "tok/s"' <<<"$output")" -eq 15 ]
}

@test "a training step takes at most 1.3 times the memory that is counted on paper" {
    [ -z "${HU_PRELOAD:-}" ] || skip "a sanitizer has memory of its own"
    shapes=("--layers 4 --heads 4 --width 128 --context 128")
    [ -z "${HU_TEST_LONG:-}" ] || shapes+=("--layers 6 --heads 6 --width 384 --context 256")
    for shape in "${shapes[@]}"; do
        for policy in fp32 e4m3fn/e5m2@tensor "fp32 --accumulate e8m7"; do
            # shellcheck disable=SC2086
            run "$HALFULP" bench train $shape --batch 8 --policy $policy --threads 2 --json
            [ "$status" -eq 0 ]
            positive paper_mb memory_mb ratio_paper
            echo "# $shape $policy: $(field memory_mb) MiB, $(field paper_mb) on paper" >&3
            [ "$(echo "$(field ratio_paper)" | awk '{print $1 <= 1.3}')" = 1 ]
        done
    done
}

@test "bench vectors shows the speed of writing and of checking" {
    run "$HALFULP" bench vectors --op mul --format fp16 --count 20000 --json
    [ "$status" -eq 0 ]
    positive mvec_per_s check_mvec_per_s ratio_copy
    [[ $output == *'"layout": "hex"'* && $(field count) = 20000 ]]
    run "$HALFULP" bench vectors --layout testfloat
    [ "$status" -eq 2 ] && [[ $output == *"has its header in another file"* ]]
}

@test "bench refuses what it cannot measure, in one line" {
    while read -r arguments; do
        # shellcheck disable=SC2086
        run "$HALFULP" bench $arguments
        [ "$status" -eq 2 ] && [ "${#lines[@]}" -eq 1 ] && [[ ${lines[0]} == "halfulp: "* ]] || { echo "$arguments: $output"; false; }
    done <<'END'
qantize
quantize --format e5m2x
quantize --rounding rn
quantize --carrier half
quantize --format fp64
quantize --n 0
gemm --model none
gemm --format fp64
gemm --n 0
gemm 12
train --policy e9m3
train --heads 3
train --width 0
train 12
END
}

@test "bench without a name measures every row of the table, as lines of JSON and as a record" {
    run "$HALFULP" bench --quick --json --record "$BATS_TEST_TMPDIR/record.json"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == '{"bench": "machine", "cpu": '* && ${lines[0]} == *'"isa": '*'"threads": '*'"version": '*'"date": '* ]]
    rows=$(sed -n 's/^ROW("\([^"]*\)".*/\1/p' "$HU_SRCDIR/src/cli/bench-rows.def")
    while read -r row; do
        grep -qF "\"name\": \"$row\"" <<<"$output" || { echo "no row '$row'"; false; }
    done <<<"$rows"
    ! grep -vE '"(speed|ratio)": [0-9.e+-]+' <(tail -n +2 "$BATS_TEST_TMPDIR/record.json")
    [ "$(wc -l <"$BATS_TEST_TMPDIR/record.json")" -eq "${#lines[@]}" ]
    run "$HALFULP" bench --compare "$BATS_TEST_TMPDIR/record.json" "$BATS_TEST_TMPDIR/record.json"
    [ "$status" -eq 0 ] && [[ $output == *"0 slower, 0 faster, 0 gone"* ]]
}

@test "bench shows a table with the machine at its head" {
    run "$HALFULP" bench --quick --only "fma in e8m7"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == *"threads; halfulp "* && ${lines[1]} == *"ratio to yardstick"*target* && ${lines[2]} == "fma in e8m7 "*"of memcpy"* ]]
}

# A record by hand: name, ratio, spread.
record() {
    echo '{"bench": "machine", "cpu": "a \"fast\" one", "isa": "avx2", "threads": 2, "version": "1", "commit": "", "date": "2026-01-01T00:00:00Z"}'
    while read -r name ratio spread; do
        echo "{\"bench\": \"row\", \"name\": \"$name\", \"n\": 4096, \"threads\": 1, \"mode\": \"rne\", \"isa\": \"avx2\", \"speed\": 10, \"unit\": \"x\"," \
            "\"ratio\": $ratio, \"against\": \"memcpy\", \"spread\": $spread, \"scalar\": 0, \"target\": 0.5, \"repetitions\": 9, \"more\": \"?\"}"
    done
}

@test "compare marks what got slower beyond the noise, and nothing else" {
    cd "$BATS_TEST_TMPDIR"
    printf '%s\n' "steady 0.5 0.01" "slow 0.5 0.01" "noisy 0.5 0.1" "fast 0.5 0.01" "gone 0.5 0.01" | record >old.json
    printf '%s\n' "steady 0.48 0.01" "slow 0.4 0.01" "noisy 0.4 0.1" "fast 0.7 0.01" "fresh 0.7 0.01" | record >new.json
    run "$HALFULP" bench --compare old.json new.json
    [ "$status" -eq 1 ]
    grep -qE '^steady .* 0\.960  same$' <<<"$output"
    grep -qE '^slow .* 0\.800  SLOWER$' <<<"$output"
    grep -qE '^noisy .* 0\.800  same$' <<<"$output"
    grep -qE '^fast .* 1\.400  faster$' <<<"$output"
    grep -qE '^fresh .*  new$' <<<"$output"
    grep -qE '^gone .*  gone$' <<<"$output"
    [[ $output == *"1 slower, 1 faster, 1 gone, of 5"* ]]
    sed -i 's/"isa": "avx2", "threads": 2/"isa": "avx512", "threads": 2/' new.json
    run "$HALFULP" bench --compare old.json new.json
    [[ $output == *"the machines differ"* ]]
}

@test "compare refuses what is no record, in one line" {
    cd "$BATS_TEST_TMPDIR"
    echo "a 1 0" | record >good.json
    : >empty.json
    head -1 good.json >headless.json
    tail -1 good.json >bodiless.json
    sed 's/"ratio": 1/"ratio": "1"/' good.json >text.json
    sed 's/"ratio": 1, //' good.json >lacks.json
    sed 's/}$//' good.json >cut.json
    sed 's/"ratio": 1/"ratio": nan/' good.json >nan.json
    sed "s/\"name\": \"a\"/\"name\": \"$(printf 'a%.0s' {1..100})\"/" good.json >long.json
    head -c 4000 /dev/urandom >noise.json
    while read -r file message; do
        run "$HALFULP" bench --compare "$file" good.json
        [ "$status" -eq 2 ] && [ "${#lines[@]}" -eq 1 ] && [[ ${lines[0]} == "halfulp: bench: $file"*"$message"* ]] || { echo "$file: $output"; false; }
        run "$HALFULP" bench --compare good.json "$file"
        [ "$status" -eq 2 ] && [ "${#lines[@]}" -eq 1 ] || { echo "$file: $output"; false; }
    done <<'END'
none.json could not be opened
empty.json a record without rows
headless.json a record without rows
bodiless.json begins with the line about the machine
text.json :2: not a line
lacks.json it lacks the field ratio
cut.json :1: not a line
nan.json :2: not a line
long.json :2: not a line
noise.json :
END
}

@test "a part of a name that no row has is told with those that rows have" {
    run "$HALFULP" bench --only zzz
    [ "$status" -eq 2 ]
    [ "$output" = "halfulp: bench: no row has 'zzz' in its name; rows begin with quantize, encode, decode, add, multiply, fma, gemm, train, and some end in a format, such as e8m7" ]
    for pair in GEMM:gemm trian:train stochastik:stochastic e8m8:e8m7; do
        run "$HALFULP" bench --only "${pair%:*}"
        [ "$status" -eq 2 ]
        [ "$output" = "halfulp: bench: no row has '${pair%:*}' in its name; did you mean '${pair#*:}'? (rows begin with quantize, encode, decode, add, multiply, fma, gemm, train)" ] || { echo "$output"; false; }
    done
    run "$HALFULP" bench --only ""
    [ "$status" -eq 2 ] && [ "$output" = "halfulp: bench: --only is empty; it takes a part of a name, such as gemm" ]
}

@test "bench without a name refuses wrong arguments, in one line" {
    cd "$BATS_TEST_TMPDIR"
    echo "a 1 0" | record >good.json
    while read -r arguments; do
        # shellcheck disable=SC2086
        run "$HALFULP" bench $arguments
        [ "$status" -eq 2 ] && [ "${#lines[@]}" -eq 1 ] && [[ ${lines[0]} == "halfulp: bench: "* ]] || { echo "$arguments: $output"; false; }
    done <<'END'
--only
--onyl gemm
--only nothing-of-this-name
--quick --only nothing-of-this-name --json --record /dev/full/x
--record none/here.json --quick
--compare good.json --json good.json
--compare good.json good.json good.json
--quick good.json
END
}
