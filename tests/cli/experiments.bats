# experiments.bats - no experiment rots: each one's small setting runs and leaves its results.

setup() {
    cd "$BATS_TEST_TMPDIR"
    export NO_COLOR=1
}

@test "error against bits finds what theory promises, and draws it" {
    run "$HALFULP" run "$HU_SRCDIR/experiments/error-vs-bits.lua" scale=small --jobs 1 --out results
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"measured: slope of log2(error)"* ]]
    [[ $output == *"measured: factors in E8M8 or more refine to below 1e-6"* ]]
    [[ $output == *"overflow or NaN"*"sum E4M8"* ]]
    # every slope that could be measured lies near -1
    awk '/^measured: relative/ { exit }
         /^(sum|dot|matmul|layernorm|rope|lu) / { for (i = 2; i <= NF; i++) if ($i != "-") { n++; if ($i < -1.35 || $i > -0.65) bad = 1 } }
         END { exit bad || n < 8 }' <<<"$output"
    grep -q "</svg>" results/plots/error-vs-bits.svg
    [ "$(grep -vc '^#' results/error-vs-bits.tsv)" -eq 81 ]     # a head line, 8 kernels, 2 widths, 5 lengths
}

@test "run again it computes nothing anew and writes the same bytes" {
    "$HALFULP" run "$HU_SRCDIR/experiments/error-vs-bits.lua" scale=small --jobs 2 --out results >first
    cp results/error-vs-bits.tsv first.tsv
    "$HALFULP" run "$HU_SRCDIR/experiments/error-vs-bits.lua" scale=small --jobs 1 --out results >second
    cmp first second
    cmp first.tsv results/error-vs-bits.tsv
    "$HALFULP" run "$HU_SRCDIR/experiments/error-vs-bits.lua" scale=small --jobs 1 --out fresh >third
    cmp first third
    cmp first.tsv fresh/error-vs-bits.tsv
}

@test "a scale that there is not is one line and status 2" {
    run "$HALFULP" run "$HU_SRCDIR/experiments/error-vs-bits.lua" scale=smal
    [ "$status" -eq 2 ] && [[ $output == "halfulp: "*"small, demo, full"* ]]
}

@test "as a part of another script it runs when it is called, and returns what it measured" {
    cat >main.lua <<'END'
local hu = require "halfulp"
local part = dofile(os.getenv "HU_SRCDIR" .. "/experiments/error-vs-bits.lua")
local lines = {}
local result = part.run({scale = "small", kernels = {"dot"}, exponents = {8}}, function(line) lines[#lines + 1] = line end)
assert(#lines > 3 and #result.rows == 5 and #result.curves.dot[8] == 5 and io.open(result.plot))
print "part"
END
    run "$HALFULP" run main.lua --jobs 1 --out results
    [ "$status" -eq 0 ] && [ "$output" = "$(printf 'part\nhalfulp: results are in results')" ]
}

@test "another rounding mode is other points, in the same run directory too" {
    "$HALFULP" run "$HU_SRCDIR/experiments/error-vs-bits.lua" scale=small --jobs 1 --out results >nearest
    "$HALFULP" run "$HU_SRCDIR/experiments/error-vs-bits.lua" scale=small rounding=rz --jobs 1 --out truncated >first
    cat >main.lua <<'END'
local part = dofile(os.getenv "HU_SRCDIR" .. "/experiments/error-vs-bits.lua")
local function errors(rounding, name)
  local result = part.run({scale = "small", kernels = {"dot"}, exponents = {8}, rounding = rounding, name = name}, function() end)
  return result.rows[1].error
end
assert(errors("rne", "a") ~= errors("rz", "b"))
END
    "$HALFULP" run main.lua --jobs 1 --out both
    ! cmp -s nearest first
}

@test "the main experiment in its small setting leaves figures, tables and a report, and starts from where it stopped" {
    run "$HALFULP" run "$HU_SRCDIR/experiments/bits-vs-loss.lua" scale=small text="$HU_SRCDIR/COPYING" --jobs 2 --out results
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"Loss rises when bits go (mask, weights)"* ]]
    [[ $output == *"report: "*"report.html"$'\n'"halfulp: results are in results" ]]
    for figure in error-vs-bits loss-gap loss-over-steps loss-map divergence-level divergence-average spikes-residual spikes-rise \
                  sharpness-over-steps sharpness-full-over-steps number-line; do
        for kind in svg png gp tsv; do [ -s "results/plots/$figure.$kind" ]; done
    done
    [ "$(grep -vc '^#' results/train-vs-bits.tsv)" -eq 25 ]     # a head line; 2 seeds of fp32 at 2 rates and of 2 formats in 5 ways
    cp results/train-vs-bits.tsv first.tsv
    run "$HALFULP" run "$HU_SRCDIR/experiments/bits-vs-loss.lua" scale=small text="$HU_SRCDIR/COPYING" --jobs 1 --out results
    [ "$status" -eq 0 ]
    cmp first.tsv results/train-vs-bits.tsv
}

@test "masked weights lose more than masked operands, and with fewer bits the more" {
    cat >main.lua <<'END'
local hu = require "halfulp"
local text, loss = hu.nn.text(os.getenv "HU_SRCDIR" .. "/COPYING"), {}
local function train(policy)
  local run = hu.nn.train {model = hu.nn.lm {layers = 1, heads = 2, width = 32, context = 32}, data = text, steps = 120, batch = 4,
                           lr = 3e-3, policy = policy}
  return hu.stats.mean(table.move(run.loss, 101, 120, 1, {}))
end
local full, last = train(), 0
for _, format in ipairs {"e8m7", "e8m5", "e8m3"} do
  local operands = train {format = format, rounding = "rz", overflow = "saturate"}
  local weights = train {format = format, rounding = "rz", overflow = "saturate", master = format}
  assert(math.abs(operands - full) < 0.1 and weights > last and (format == "e8m7" or weights > operands + 0.05), format)
  last = weights
end
print "ordered"
END
    run "$HALFULP" run main.lua --out results
    echo "$output"
    [ "$status" -eq 0 ] && [ "$output" = ordered ]
}

@test "a text that is absent, empty or too short is one line before anything is computed" {
    : >empty.txt
    head -c 400 "$HU_SRCDIR/COPYING" >short.txt
    for text in absent.txt empty.txt short.txt; do
        run "$HALFULP" run "$HU_SRCDIR/experiments/bits-vs-loss.lua" text=$text --out results
        echo "$output"
        [ "$status" -eq 1 ] && [ "${#lines[@]}" -eq 1 ] && [[ $output == "halfulp: "*"$text"* ]] && [ ! -e results ]
    done
}

@test "quantizers: the reference figures and orderings are met, and both pictures are drawn" {
    run "$HALFULP" run "$HU_SRCDIR/experiments/quantizers.lua" scale=small --jobs 1 --out results
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c '^as expected: ' <<<"$output")" -eq 11 ]
    [[ $output != *"NOT as expected"* ]]
    grep -q "</svg>" results/plots/quantizers-bits.svg
    grep -q "</svg>" results/plots/quantizers-blocks.svg
    # question blocks: 3 sizes, 4 types, 2 kinds of data; bits, exponents, scales
    [ "$(grep -c '^blocks' results/quantizers.tsv)" -eq 24 ]
    [ "$(grep -c '^scales' results/quantizers.tsv)" -eq 6 ]
    "$HALFULP" run "$HU_SRCDIR/experiments/quantizers.lua" scale=small --jobs 2 --out again >second
    cmp results/quantizers.tsv again/quantizers.tsv
}

@test "curvature along training: full, inside E4M3 and the floor, with its plots" {
    run "$HALFULP" run "$HU_SRCDIR/experiments/curvature.lua" scale=small --jobs 1 --out results
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"measured: the eigenvalue inside E4M3 leaves the full one by more than 3 floors at "*" of 4 probes"* ]]
    for plot in curvature density landscape surface; do grep -q "</svg>" results/plots/$plot.svg; done
}

@test "curvature has the same bits on every instruction set" {
    cat >main.lua <<'END_LUA'
local hu = require "halfulp"
local model = hu.nn.lm {layers = 1, heads = 2, width = 16, context = 16}
local options = {rows = 4, policy = "e4m3:sr+sat", steps = 12, trace = 6, repeats = 2, tangents = "rounded"}
local c = hu.curvature(model, hu.nn.markov {alphabet = 4}, options)
local s = hu.sharpness.model(model, hu.nn.markov {alphabet = 4}, {measure = "sam", rows = 4, policy = "e4m3:sr+sat"})
for _, x in ipairs {c.full.top, c.full.trace, c.emulated.top, c.emulated.trace, c.noise.top, s.full.phi, s.emulated.phi} do print(("%a"):format(x)) end
END_LUA
    "$HALFULP" run main.lua --out first >want
    [ "$(wc -l <want)" -eq 7 ]
    for isa in portable avx2 avx512; do
        HU_ISA=$isa "$HALFULP" run main.lua --out $isa 2>/dev/null >got
        cmp got want || { echo "$isa differs"; false; }
    done
}
