# format-file.bats - formats that a Lua file defines, on the command line and in runs.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_TMPDIR"
    cat >formats.lua <<'END'
local hu = require "halfulp"
hu.define {name = "my4", values = {0, 0.5, 1, 1.5, 2, 3, 4, 6}}
hu.define {name = "thirds", values = {"-1", "-1/3", 0, "1/3", "1"}}
END
}

@test "a defined format is described, compared, tabled and computed with" {
    run -0 --separate-stderr "$HALFULP" format --formats formats.lua my4
    [[ $output == *"family               listed"* ]]
    [[ $output == *"0x7    111          6"* ]]
    run -0 "$HALFULP" format --formats formats.lua --diff my4 e2m1fn
    [[ $output == *"every value of my4 is a value of e2m1fn"* ]]
    run -0 "$HALFULP" format --formats formats.lua --table my4 thirds --as csv
    [ "${#lines[@]}" -eq 3 ]
    run -0 "$HALFULP" calc add --formats formats.lua --format my4 2 3
    [ "$output" = "0x6 4 inexact" ]
    run -0 bash -c 'printf "mul my4 rne 0x3 0x3\ncvt my4>fp32 rne 0x7\n" | "$0" calc --batch --formats formats.lua' "$HALFULP"
    [ "${lines[0]}" = "0x4 inexact" ]
    [ "${lines[1]}" = "0x40c00000 -" ]
}

@test "the list has the defined formats, in each of its forms" {
    for form in "" --json "--as csv" "--as markdown" "--as latex"; do
        # shellcheck disable=SC2086
        run -0 "$HALFULP" format --formats formats.lua --list $form
        [[ $output == *my4*"defined by the user"*thirds*"defined by the user"* ]] || { echo "--list $form"; false; }
    done
}

@test "codes past the last value are no NaN codes" {
    run -0 "$HALFULP" format --formats formats.lua thirds
    [[ $output == *"NaN                  no"* && $output == *"unused codes         3"* && $output != *"NaN codes"* ]]
}

@test "a figure of a defined format is drawn" {
    command -v gnuplot >/dev/null || skip "no gnuplot"
    run -0 --separate-stderr "$HALFULP" format --formats formats.lua --plot my4 thirds --out x.svg
    [ "$output" = x.svg ]
}

@test "vectors of a defined format are generated and read back" {
    "$HALFULP" vectors generate --formats formats.lua --op add --format my4 --out v.txt
    run -0 "$HALFULP" vectors check v.txt --formats formats.lua
    [[ $output == *"no difference"* ]]
}

@test "a file that cannot be read or fails is an error of one line" {
    run -2 --separate-stderr "$HALFULP" format --formats none.lua my4
    # shellcheck disable=SC2154
    [[ ${#stderr_lines[@]} -eq 1 && $stderr == "halfulp: format: --formats none.lua: No such file"* ]]
    echo 'hu.define(' >bad.lua
    run -1 --separate-stderr "$HALFULP" calc add --formats bad.lua --format my4 1 2
    [[ ${#stderr_lines[@]} -eq 1 && $stderr == *bad.lua:* ]]
    echo 'require("halfulp").define {name = "e4m3", values = {1, 2}}' >bad.lua
    run -1 --separate-stderr "$HALFULP" format --formats bad.lua e4m3
    [[ ${#stderr_lines[@]} -eq 1 && $stderr == *"bad.lua:1: define: the name 'e4m3'"* ]]
    run -2 --separate-stderr "$HALFULP" format my4
}

@test "points of a sweep use a defined format in their workers, and the manifest records it" {
    cat >s.lua <<'END'
local hu = require "halfulp"
dofile "formats.lua"
local s = hu.sweep {format = {"my4", "thirds"}}
s:run(function(p) return {error = hu.error(hu.randn(64, {seed = 1}):quantize(p.format), hu.randn(64, {seed = 1})).absolute_max} end)
for _, row in ipairs(s:rows()) do assert(row.error > 0) end
END
    run -0 --separate-stderr "$HALFULP" run s.lua --jobs 2 --out results
    want=$(grep -o '"formats": {[^}]*}' results/manifest.json)
    [[ $want == *'"my4": "'*'"thirds": "'* ]]
    [ "$(grep -oE '"[0-9a-f]{64}"' <<<"$want" | wc -l)" -eq 2 ]
}
