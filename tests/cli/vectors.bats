# vectors.bats - halfulp vectors: sets are written, read back without a difference, and every planted error is named.

bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_TMPDIR"; }

generate() { "$HALFULP" vectors generate "$@"; }
check() { "$HALFULP" vectors check "$@"; }

# agrees FILE [OPTIONS]: read back with no difference
agrees() {
    run check "$@"
    [ "$status" -eq 0 ] && [[ $output == *": no difference" ]] || { echo "$*: $status, $output"; return 1; }
}

# The number of the i-th line of vectors in a file.
line_of() { awk -v i="$2" '!/^(#|\/\/)/ && !/^a,/ && ++n == i { print NR }' "$1"; }

@test "a set of each layout is read back with no difference" {
    for layout in testfloat fpgen hex csv; do
        for op in add mul div fma sqrt rem min neg; do
            generate --op $op --format fp16 --layout $layout --count 2000 --out "$layout-$op"
            agrees "$layout-$op"
        done
    done
}

@test "sets of every family, and of stochastic modes, are read back with no difference" {
    for format in e4m3fn e2m1fn 'e5m7{bias=20,subnormals=flush}' posit8 posit16 takum16 q4.12 int8 binary8p4se hif8 nf4 e8m0fnu bf16 fp64; do
        for mode in rne rd+sat ro sr:8 srh; do
            generate --op mul --format "$format" --rounding $mode --layout hex --count 500 --out set
            agrees set
        done
    done
}

@test "conversions between formats and with integers are read back with no difference" {
    for sides in 'fp32>e5m2' 'fp64>fp32' 'posit16>takum16' 'fp32>int8' 'int32>fp16' 'uint64>fp32' 'fp64>uint64'; do
        for mode in rne rz sr:4; do
            generate --op cvt --format "$sides" --rounding $mode --layout csv --count 1000 --out set
            agrees set
        done
    done
}
