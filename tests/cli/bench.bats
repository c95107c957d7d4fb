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
