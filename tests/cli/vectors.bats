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

@test "dot products and block conversions are read back with no difference" {
    for layout in testfloat hex csv; do
        for mode in rne rz+sat sr:8; do
            generate --op dot --format 'e4m3fn*e5m2' --terms 8 --sum e8m13 --chunk 4 --outer fp32 --rounding $mode --layout $layout --count 200 --out set
            agrees set
            generate --op cvt --format 'fp32>mxfp4' --rounding $mode --layout $layout --count 200 --out set
            agrees set
            generate --op cvt --format 'bf16>nvfp4' --rounding $mode --layout $layout --count 200 --out set
            agrees set
        done
    done
    generate --op dot --format fp16 --terms 64 --sum fp32 --count 5000 --out set      # past the listed operands
    agrees set
    grep -q '^// classes: .*random [1-9]' set
}

@test "formats wider than 128 bits, and functions, are read back with no difference" {
    for format in binary128 binary256 x87; do
        for op in add fma sqrt lt; do
            generate --op $op --format $format --rounding rd --count 300 --out set
            agrees set
        done
    done
    for op in exp log2 tanh pow hypot; do
        generate --op $op --format fp32 --rounding srb:6 --count 300 --out set
        agrees set
    done
}

@test "the surroundings are written into the header and read from it" {
    generate --op mul --format fp16 --rounding ru+satfinite --tininess before --nan propagate --count 5000 --out set
    for line in 'op: mul' 'format: e5m10' 'rounding: ru' 'overflow: saturate-finite-only' 'tininess: before' 'nan: propagate' \
        'fields: a:16 b:16 result:16 flags:5' 'seed: 1' 'wanted: 5000' 'count: 5000'; do
        grep -qxF "// $line" set || { echo "no '$line'"; false; }
    done
    [ "$(grep -c '^// sha256: [0-9a-f]\{64\}$' set)" -eq 1 ]
    [ "$(sed -n 's,^// sha256: ,,p' set)" = "$(grep -v '^//' set | sha256sum | cut -d' ' -f1)" ]
    agrees set
}

@test "the same seed gives the same bytes, to a file, a pipe and standard output; another one others" {
    for layout in hex csv fpgen; do
        generate --op fma --format fp32 --layout $layout --seed 7 --count 3000 --out one
        generate --op fma --format fp32 --layout $layout --seed 7 --count 3000 >two
        generate --op fma --format fp32 --layout $layout --seed 7 --count 3000 | cat >three
        generate --op fma --format fp32 --layout $layout --seed 8 --count 3000 >other
        cmp one two && cmp one three && ! cmp -s one other
    done
}

@test "the bytes of three sets are what they have always been" {
    sum() { generate "$@" --header none | sha256sum | cut -c 1-16; }
    [ "$(sum --op mul --format e4m3fn)" = de0f9531d62952a5 ]
    [ "$(sum --op fma --format fp32 --count 20000 --seed 3)" = b8105aa4b3537b25 ]
    [ "$(sum --op cvt --format 'fp32>e5m2' --rounding sr:8 --count 20000 --layout csv)" = d33253c6aa90da36 ]
}

# distinct FILE COLUMN: how many values that column (from 1) of a hex file has
distinct() { grep -v '^//' "$1" | cut -d_ -f"$2" | sort -u | wc -l; }

@test "a part of few combinations has the classes first, then others, and none twice" {
    for count in 256 1024 4096 60000; do
        generate --op mul --format e4m3fn --count $count --out set
        [ "$(grep -v '^//' set | cut -d_ -f1,2 | sort -u | wc -l)" -eq $count ]
        grep -q '^// classes: boundary .*ties [1-9]' set
        run grep '^// classes:.*all' set
        [ "$status" -eq 1 ]
        agrees set
    done
    grep -q '^// classes:.*random [1-9]' set
    [ "$(distinct set 1)" -eq 256 ]
    [ "$(distinct set 2)" -eq 256 ]
    generate --op mul --format e4m3fn --count 256 --out set
    [ "$(distinct set 1)" -gt 60 ]
    [ "$(distinct set 2)" -gt 60 ]
    generate --op exp --format fp16 --count 1024 --out set
    [ "$(grep -v '^//' set | cut -c 3-4 | sort -u | wc -l)" -gt 60 ]
    generate --op mul --format e4m3fn --count 60000 --seed 1 >one
    generate --op mul --format e4m3fn --count 60000 --seed 2 >two
    run cmp -s <(tail -n 1000 one) <(tail -n 1000 two)
    [ "$status" -eq 1 ]
}

@test "a part of the smallest formats, of dot products and of blocks is read back with no difference" {
    for format in e1m0 takum2 e2m1fn int2 nf4 'e2m3{subnormals=flush}' posit4 lns4.2 uq0.3 e8m0fnu binary3p2se hif8 takum_log8; do
        for mode in rne sr:4; do
            for op in add neg fma sqrt; do
                run --separate-stderr generate --op $op --format "$format" --rounding $mode --count 3 --out set
                [ "$status" -ne 2 ] || continue                      # the family lacks the operation
                [ "$status" -eq 0 ] || { echo "$op $format: $status $stderr"; return 1; }
                agrees set
            done
        done
    done
    generate --op dot --format e2m1fn --terms 2 --sum fp32 --count 900 --out set
    agrees set
    grep -q '^// classes: styles [1-9]' set
    generate --op cvt --format 'e2m1fn>block(e2m1fn,scale=e8m0fnu,size=4)' --count 900 --out set
    agrees set
}

# --- planted errors ---

# plant LAYOUT COLUMN LINE: another last digit in that column (from 1) of a line of vectors
plant() {
    awk -v n="$(line_of "$1" "$3")" -v column="$2" -v from="$4" '
        NR == n {
            count = split($0, field, from)
            last = substr(field[column], length(field[column]))
            field[column] = substr(field[column], 1, length(field[column]) - 1) (last == "0" ? "1" : "0")
            line = field[1]
            for (i = 2; i <= count; i++) line = line from field[i]
            print line; next
        } { print }' "$1" >"$1.planted"
    cmp -s "$1" "$1.planted" && return 1
    [ ! -e "$1.header" ] || cp "$1.header" "$1.planted.header"
}

# finds FILE TEXT...: status 1, and each text in the output
finds() {
    local file=$1 text
    shift
    run check "$file"
    [ "$status" -eq 1 ] || { echo "$file: status $status: $output"; return 1; }
    for text; do
        [[ $output == *"$text"* ]] || { echo "$file: no '$text' in: $output"; return 1; }
    done
}

@test "one wrong bit of a result is found and named, in each layout" {
    for layout in testfloat hex csv; do
        case $layout in testfloat) by=' ';; hex) by=_;; csv) by=,;; esac
        generate --op mul --format fp16 --layout $layout --count 1000 --out $layout
        plant $layout 3 321 "$by"
        finds $layout.planted "line $(line_of $layout 321), vector 321: differs" "(bits 0x0001)" "result   want" "(1 differ, 0 missing)" "checksum"
    done
    generate --op mul --format fp16 --layout fpgen --count 1000 --out fpgen
    sed "$(line_of fpgen 321)s/-> .*/-> +1.001P3 x/" fpgen >fpgen.planted
    finds fpgen.planted "line $(line_of fpgen 321), vector 321: differs" "got  0x4801" "(1 differ, 0 missing)" "checksum"
}

@test "one wrong flag is found and named, in each layout" {
    for layout in testfloat hex csv; do
        case $layout in testfloat) by=' ';; hex) by=_;; csv) by=,;; esac
        generate --op mul --format fp16 --layout $layout --count 1000 --out $layout
        plant $layout 4 500 "$by"
        finds $layout.planted "line $(line_of $layout 500), vector 500: differs" "inexact)" "(1 differ, 0 missing)"
        run check $layout.planted --ignore-flags
        [[ $output != *differs* ]] || { echo "$output"; false; }
    done
    generate --op mul --format fp16 --layout fpgen --count 1000 --out fpgen
    sed "$(line_of fpgen 500)s/[xuozi]*\$/z/" fpgen >fpgen.planted
    finds fpgen.planted "line $(line_of fpgen 500), vector 500: differs" "not due: divbyzero" "(1 differ, 0 missing)"
}

@test "one missing line is found and named, in each layout" {
    for layout in testfloat fpgen hex csv; do
        generate --op fma --format fp16 --layout $layout --count 1000 --out $layout
        at=$(line_of $layout 700)
        sed "${at}d" $layout >$layout.planted
        [ ! -e $layout.header ] || cp $layout.header $layout.planted.header
        finds $layout.planted "missing: vector 700, which belongs before line $at" "(0 differ, 1 missing)" "the header says 1000 vectors, and there are 999"
        sed '$d' $layout >$layout.planted
        finds $layout.planted "missing: vector 1000" "(0 differ, 1 missing)"
        sed "$(line_of $layout 1)d" $layout >$layout.planted
        finds $layout.planted "missing: vector 1, which belongs before line $(line_of $layout 1)" "(0 differ, 1 missing)"
    done
}

@test "operands that are not those of the set are found and named" {
    generate --op add --format fp16 --count 1000 --out set
    sed "$(line_of set 40)s/.*/3c00_3c00_4000_00/" set >planted
    finds planted "line $(line_of set 40), vector 40: the operands are not those of the set"
}

# --- the outputs of a design, in a file of their own ---

@test "outputs in another file are compared: results with flags, results alone, whole lines" {
    generate --op mul --format e5m2 --count 3000 --out set
    generate --op mul --format e5m2 --count 3000 --inputs-only --out inputs
    grep -v '^//' set >whole
    cut -d_ -f3,4 whole >answers
    cut -d_ -f3 whole >results
    for file in whole answers results; do
        for in in set inputs; do
            run check $in --against $file
            [ "$status" -eq 0 ] || { echo "$in $file: $output"; false; }
        done
    done
    run check inputs --against - <answers
    [ "$status" -eq 0 ]
    run check inputs
    [ "$status" -eq 2 ] && [[ $output == *"operands alone"* ]]
}

@test "an output that is wrong, missing, or no number is named" {
    generate --op mul --format e5m2 --count 3000 --inputs-only --out inputs
    generate --op mul --format e5m2 --count 3000 --header none | cut -d_ -f3,4 >answers
    sed '1234s/.*/55_00/' answers >wrong
    run check inputs --against wrong
    [ "$status" -eq 1 ] && [[ $output == *"line 1234, vector "*": differs"*"got  0x55"*"(1 differ, 0 missing)"* ]] || { echo "$output"; false; }
    sed '1234d' answers >missing
    run check inputs --against missing
    [ "$status" -eq 1 ] && [[ $output == *"which belongs before line 1234"*"(0 differ, 1 missing)"* ]] || { echo "$output"; false; }
    sed '$d' answers >missing
    run check inputs --against missing
    [ "$status" -eq 1 ] && [[ $output == *"(0 differ, 1 missing)"* ]] || { echo "$output"; false; }
    sed '1234s/.*/xx_00/' answers >unknown
    run check inputs --against unknown
    [ "$status" -eq 1 ] && [[ $output == *"line 1234: column result: 'xx' is not a hexadecimal number"* ]] || { echo "$output"; false; }
    { cat answers; head -2 answers; } >longer
    run check inputs --against longer
    [ "$status" -eq 1 ] && [[ $output == *"has 2 lines more"* ]] || { echo "$output"; false; }
}

@test "NaNs of another payload differ exactly, and not under --nan any" {
    printf '7C01 3C00 7E01 10\n' >line
    run check line --op f16_add
    [ "$status" -eq 1 ] && [[ $output == *"want 0x7e00  nan"* ]]
    run check line --op f16_add --nan any
    [ "$status" -eq 0 ]
}

# --- files that are none ---

# refuses TEXT FILE [OPTIONS]: status 2 and one line with the text
refuses() {
    local text=$1
    shift
    run --separate-stderr check "$@"
    [ "$status" -eq 2 ] && [ -z "$output" ] && [ "$(wc -l <<<"$stderr")" -eq 1 ] && [[ $stderr == "halfulp: "*"$text"* ]] ||
        { echo "$*: status $status, '$output', '$stderr'"; return 1; }
}

@test "a file cut off in the middle of a line is refused" {
    for layout in testfloat fpgen hex csv; do
        generate --op mul --format fp16 --layout $layout --count 1000 --out whole
        head -c -3 whole >cut
        [ ! -e whole.header ] || mv whole.header cut.header
        refuses "the file ends in the middle of line" cut
        rm -f cut.header
    done
}

@test "Windows line ends are taken, with a note" {
    for layout in testfloat fpgen hex csv; do
        generate --op mul --format fp16 --layout $layout --count 1000 --out unix
        sed 's/$/\r/' unix >windows
        [ ! -e unix.header ] || mv unix.header windows.header
        run --separate-stderr check windows
        [ "$status" -eq 0 ] && [[ $stderr == *"Windows line ends"* ]] || { echo "$layout: $output $stderr"; false; }
        rm -f windows.header
    done
}

@test "a wrong checksum is told" {
    generate --op mul --format fp16 --count 1000 --out set
    sed 's/sha256: ..../sha256: 0000/' set >wrong
    finds wrong "the checksum of the lines is" "1 finding"
    sed 's/sha256: .*/sha256: 12/' set >wrong
    refuses "which is not a digest of 64 digits" wrong
}

@test "a set of another format, operation, mode or layout than asked for is refused" {
    generate --op mul --format fp16 --count 100 --out set
    refuses "its header says format e5m10, and asked for was e4m3fn" set --format e4m3fn
    refuses "its header says op mul, and asked for was add" set --op add
    refuses "its header says rounding rne, and asked for was rz" set --rounding rz
    refuses "its header says layout hex, asked for was csv" set --layout csv
    agrees set --format fp16 --op mul --rounding rne
    sed 's/^\/\/ format: .*/\/\/ format: e4m3fn/' set >other
    refuses "its header says the fields 'a:16 b:16 result:16 flags:5'; mul e4m3fn has 'a:8 b:8 result:8 flags:5'" other
}

@test "garbage, an empty file, a folder and a missing file are refused" {
    : >empty
    refuses "is empty" empty
    refuses "cannot read" no-such-file
    refuses "cannot read" .
    head -c 3000 /dev/zero >zeros
    refuses "" zeros --op f16_add
    head -c 200000 /dev/zero >zeros
    refuses "has more than 65536 bytes" zeros --op f16_add
    printf 'hello\n' >garbage
    refuses "has no header" garbage
    refuses "line 1: 1 field where 4 belong (operands, result, flags): 'hello'" garbage --op f16_add
    printf '3C00 3C00 4000 00\n3C00 zz 4000 00\n' >garbage
    refuses "line 2: column b: 'zz' is not a hexadecimal number of 16 bits" garbage --op f16_add
    printf '3C00 3C00 4000 00\n3C00 3C000 4000 00\n' >garbage
    refuses "line 2: column b: '3C000' has more than 16 bits" garbage --op f16_add
    printf '3C00 3C00 4000 00\n3C00 3C00 4000 20\n' >garbage
    refuses "line 2: column flags" garbage --op f16_add
    printf '// halfulp vectors 1\n' >only
    refuses "" only
    printf '// halfulp vectors 1\n// nonsense\n' >only
    refuses "line 2: the header's line 'nonsense' is not 'key: value'" only
}

# two_vectors: a set of mul e4m3fn with a header and no results' mistake, on standard output
two_vectors() {
    printf '// %s\n' 'halfulp vectors 1' 'layout: hex' 'op: mul' 'format: e4m3fn' 'rounding: rne' 'fields: a:8 b:8 result:8 flags:5'
    printf '38_38_38_00\n40_38_40_00\n'
}

@test "vectors are counted without the lines of the header" {
    two_vectors >set
    printf '38_00\n41_00\n' >answers
    run check set --against answers
    [ "$status" -eq 1 ]
    [[ $output == "line 2, vector 2: differs"* ]]
    head -n 1 answers >one
    run check set --against one
    [ "$status" -eq 1 ]
    [[ $output == "missing: vector 2, which belongs before line 2"* ]]
    : >none
    run check set --against none
    [ "$status" -eq 1 ]
    [[ $output == "missing: vector 1, which belongs before line 1"* ]]
}

@test "a header that contradicts itself, or that is not understood, is refused" {
    two_vectors >set
    agrees set
    sed 's/format: e4m3fn/format: fp16/' set >wrong
    refuses "its header says the fields 'a:8 b:8 result:8 flags:5'; mul e5m10 has 'a:16 b:16 result:16 flags:5'" wrong
    sed 's/a:8 b:8/b:8 a:8/' set >wrong
    refuses "its header says the fields 'b:8 a:8 result:8 flags:5'" wrong
    sed 's/rounding: rne/&\n\/\/ tinyness: after/' set >wrong
    refuses "line 6: a header has no key 'tinyness'; did you mean 'tininess'?" wrong
    sed 's/vectors 1/vectors 2/' set >wrong
    refuses "its header begins 'halfulp vectors 2'; this program reads 'halfulp vectors 1'" wrong
    { printf '\xef\xbb\xbf'; cat set; } >marked
    agrees marked
    grep -v format: set >wrong
    refuses "the format is missing" wrong
    agrees wrong --format e4m3fn
    grep -v op: set >wrong
    refuses "its header names no operation" wrong
    agrees wrong --op mul
}

@test "columns that are too short, or lack their flags, are refused" {
    printf '3C00 3C00 3C00 00\n3C00 3C00 3C00 0\n' >short
    refuses "line 2: column flags has fewer digits than its width takes" short --op f16_mul
    printf '3C00 3C0 3C00 00\n' >short
    refuses "line 1: column b has fewer digits" short --op f16_mul
    printf '3C00 3C00 3C00\n' >bare
    refuses "line 1 has no flags; --ignore-flags compares results alone" bare --op f16_mul
    run check bare --op f16_mul --ignore-flags
    [ "$status" -eq 0 ]
    [[ $output == "1 vector of mul e5m10 rne: no difference, flags not looked at" ]]
    two_vectors >set
    printf '38_0\n40_0\n' | check set --against -
    printf '38_00\n40_0' >cut
    run check set --against cut
    [ "$status" -eq 1 ]
    [[ $output == *"cut: line 2: the file ends in the middle of the line"*"(0 differ, 0 missing, 1 unreadable)" ]]
}

@test "what is no number is told as that, and not as too long" {
    two_vectors >set
    printf 'hello world\n40_00\n' >answers
    run check set --against answers
    [ "$status" -eq 1 ]
    [[ $output == *"line 1: column result: 'hello' is not a hexadecimal number of 8 bits"* ]]
    printf '"0x3c00","0x3c00","0x3c00","0x00"\n' >quoted
    refuses "column a: '\"0x3c00\"' is not a hexadecimal number of 16 bits" quoted --op mul --format fp16 --layout csv
}

@test "the note on Windows line ends names the file that has them" {
    two_vectors >set
    printf '38_00\r\n40_00\r\n' >answers
    run --separate-stderr check set --against answers
    [ "$status" -eq 0 ]
    [[ $stderr == *"answers has Windows line ends"* ]]
    [[ $stderr != *"set has"* ]]
}

@test "another count is told first and always; --max 0 shows the last line alone" {
    generate --op mul --format e4m3fn --out set
    head -n 20000 set >cut
    run check cut
    [ "$status" -eq 1 ]
    [ "${lines[0]}" = "the header says 65536 vectors, and there are $(grep -vc '^//' cut)" ]
    [[ $output == *"... and $((65536 - $(grep -vc '^//' cut) - 10)) more"* ]]
    sed "$(line_of set 1)d;\$d" set >fewer
    run check fewer
    [ "${lines[0]}" = "the header says 65536 vectors, and there are 65534" ]
    run check cut --max 0
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *"vectors of mul e4m3fn rne: "*"(0 differ, "*" missing)" ]]
}

@test "the last line names the overflow policy" {
    generate --op mul --format fp16 --rounding rz+sat --count 10 --out set
    run check set
    [ "$output" = "10 vectors of mul e5m10 rz+sat: no difference" ]
    generate --op mul --format fp16 --rounding rz+satfinite --count 10 --out set
    run check set
    [ "$output" = "10 vectors of mul e5m10 rz+satfinite: no difference" ]
}

@test "a file without a header is taken as rounded to nearest even, and the message says so" {
    printf '3c00_3c00_3c00_00\n' >bare
    refuses "has no header; what its vectors are about has to be said: --op, --format, --layout, and --rounding if it is not rne" bare
    agrees bare --op mul --format fp16 --layout hex
}

@test "standard input is read, with and without a header" {
    generate --op mul --format e4m3fn | check -
    generate --op f16_add --count 500 | check - --op f16_add
    printf '3c00,3c00,4000,00\n' | check - --op add --format fp16 --layout csv
}

@test "what cannot be generated is a usage error of one line" {
    wrong() {
        local text=$1
        shift
        run --separate-stderr generate "$@"
        [ "$status" -eq 2 ] && [ -z "$output" ] && [[ $stderr == "halfulp: vectors generate: "*"$text"* ]] && [ "$(wc -l <<<"$stderr")" -eq 1 ] ||
            { echo "$*: status $status, '$output', '$stderr'"; return 1; }
    }
    wrong "the operation is missing, for example --op add"
    wrong "the format is missing, for example --format e4m3fn" --op add
    wrong "the format is missing, for example --format 'fp32>e5m2'" --op cvt
    wrong "did you mean 'mul'" --op mull --format fp16
    wrong "no format" --op mul --format fp17
    wrong "cvt takes two formats" --op cvt --format fp16
    wrong "an integer has 1 to 64 bits" --op cvt --format 'int65>fp16'
    wrong "names its format itself" --op f32_add --format fp16
    wrong "layout fpgen writes binary16" --op mul --format e4m3fn --layout fpgen
    wrong "layout fpgen has the modes" --op mul --format fp16 --layout fpgen --rounding sr
    wrong "layout fpgen has no eq" --op eq --format fp16 --layout fpgen
    wrong "there is no layout 'hax'" --op mul --format fp16 --layout hax
    wrong "terms is a whole number from 1 to 256; got '300'" --op dot --format fp16 --terms 300 --sum fp32
    wrong "dot needs the number of its terms, for example --terms 16" --op dot --format fp16 --sum fp32
    wrong "dot needs the format of its sums, for example --sum fp32" --op dot --format fp16 --terms 4
    wrong "takes no terms" --op add --format fp16 --terms 4
    wrong "an outer format goes with chunks" --op dot --format fp16 --terms 4 --sum fp32 --outer fp32
    wrong "--count takes a number from 1 on" --op add --format fp16 --count 0
    wrong "--header is yes or none" --op add --format fp16 --header maybe
    run generate --op add --format fp16 --out no/such/folder
    [ "$status" -eq 1 ] && [[ $output == *"cannot write"* ]]
}

@test "a full disk leaves no file behind" {
    [ -w /dev/full ] || skip "no /dev/full"
    run generate --op add --format fp16 --out /dev/full
    [ "$status" -eq 1 ] && [[ $output == *"cannot write"* ]]
}

@test "probes of a device's adder are explained by it, and by nothing once a result is wrong" {
    "$HALFULP" vectors probe --format e4m3fn --model H100 --out h100.probe
    run "$HALFULP" vectors fit h100.probe
    [ "$status" -eq 0 ]
    [[ $output == *"group        32 "* && $output == *"width        13 "* && $output == *"output       e8m13 "* && $output == *"H100, H200 (all"* ]]
    "$HALFULP" vectors probe --format e4m3fn --out bare.probe
    sed -n 's/.* = //p' h100.probe > results
    run "$HALFULP" vectors fit bare.probe --against results
    [ "$status" -eq 0 ] && [[ $output == *"H100, H200 (all"* ]]
    sed '7,40s/ = 0x[0-9a-f]*/ = 0x3f800000/' h100.probe > wrong.probe
    run "$HALFULP" vectors fit wrong.probe
    [ "$status" -eq 1 ] && [[ $output == *"no adder that was tried explains"* && $output == *"nearest: H100"* ]]
}

@test "wrong probes are refused in one line" {
    for arguments in "probe" "probe --format posit16" "probe --format fp16 --model H10" "probe --format fp16 --terms 1" "probe --format fp64 --output e15m112" \
                     "fit" "fit /dev/null" "fit $BATS_TEST_FILENAME" "fit - --against -" "probe --format fp16 more"; do
        run --separate-stderr "$HALFULP" vectors $arguments </dev/null
        [ "$status" -eq 2 ] && [ "$(wc -l <<<"$stderr")" -eq 1 ] || { echo "$arguments: $status $stderr"; return 1; }
    done
    "$HALFULP" vectors probe --format fp16 --out bare.probe
    run "$HALFULP" vectors fit bare.probe
    [ "$status" -eq 2 ] && [[ $output == *"no results"* ]]
}
