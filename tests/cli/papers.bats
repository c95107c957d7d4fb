# papers.bats - the reproductions of published methods: each one's small setting runs, and its table says what is as published.

setup() {
    cd "$BATS_TEST_TMPDIR"
    export NO_COLOR=1 OMP_NUM_THREADS=1
    export OPENBLAS_CORETYPE=Prescott      # OpenBLAS adds in an order of the processor's; on this hang the verdicts of short runs
}

# reproduces NAME AS_PUBLISHED DIFFER NOT_TESTED: runs experiments/papers/NAME.lua; its counts are these, and the table is kept.
reproduces() {
    run "$HALFULP" run "$HU_SRCDIR/experiments/papers/$1.lua" scale=small --jobs 1 --seed 1 --out results
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output != *" points failed"* ]]
    [[ $output == *"$2 as published, $3 differ, $4 not tested"* ]]
    [ "$(grep -c "as published" results/published.tsv)" -eq "$2" ]
}

@test "every paper's experiment is tried here" {
    for file in "$HU_SRCDIR"/experiments/papers/*.lua; do
        grep -q "^    reproduces $(basename "$file" .lua) " "$BATS_TEST_FILENAME" || { echo "no test of $file"; false; }
        grep -q "^| \`$(basename "$file" .lua)\` | $(head -n 1 "$file" | sed 's/^-- [^ ]* - //; s/[.?*]/./g') |$" "$HU_SRCDIR/docs/papers.md" ||
            { echo "docs/papers.md lacks the first line of $file"; false; }
    done
}

@test "what was measured is computed, never typed" {
    run grep -nE "[ {,]here *= *(\"[^\"]*\"|'[^']*'|-?[0-9][0-9.eE+-]*) *([,}]|$)" -r "$HU_SRCDIR/experiments"
    echo "$output"
    [ "$status" -eq 1 ]
}

@test "facts about stochastic rounding" {
    reproduces stochastic-rounding 25 1 0
    [ -s results/plots/growth.svg ]
}

@test "block FMA is not monotone, and takes its terms by groups" {
    reproduces block-fma 10 0 0
}

@test "thirteen bits of accumulator, with and without promotion" {
    reproduces accumulator-width 13 0 0
    [ -s results/plots/promotion.svg ] && [ -s results/plots/bits-kept.svg ]
}

@test "sharpness in logits and weights, and curvature, on the same checkpoints" {
    reproduces metrics-compared 4 5 0
    [ -s results/plots/rank-correlations.svg ] && [ -s results/plots/measures-along.svg ]
}

@test "Adam's moments in eight and four bits" {
    reproduces optimizer-states 17 0 0
    [ -s results/plots/states.svg ]
}

@test "exponent bits, mantissa bits, blocks and operands in training" {
    reproduces fp-scaling-law 11 0 5
    for figure in exponent-and-mantissa operands fit-of-the-law best-split; do
        [ -s "results/plots/$figure.svg" ] || { echo "no figure $figure"; false; }
    done
}

@test "the best rate against the width, with units and without" {
    reproduces unit-scaling 9 2 0
    [ -s results/plots/rates.svg ]
}

@test "variances, eight bits and the best rate in munit scaling" {
    reproduces mus 16 1 0
    [ -s results/plots/mus-rates.svg ] && [ -s results/plots/mus-depth.svg ]
}

@test "integers with shared exponents, and chains of 32 bits" {
    reproduces dfp16 12 0 1
    [ -s results/plots/dfp-training.svg ] && [ -s results/plots/dfp-overflow.svg ]
}

@test "fixed-point formats that follow the weights and gradients" {
    reproduces adapt 18 2 0
    [ -s results/plots/adapt-bits.svg ]
}

@test "weights trained under rounded normal noise" {
    reproduces gaussws 11 1 4
    [ -s results/plots/gaussws-bits.svg ]
}

@test "optimizers against the rate with four bits" {
    reproduces stable-spam 1 0 4
    [ -s results/plots/optimizers.svg ]
}

@test "rotary positions in few bits" {
    reproduces rope-precision 9 1 0
    [ -s results/plots/attention-shift.svg ]
}

@test "four bits of Gaussian numbers: schemes of scales, and clips of least error" {
    reproduces mxfp4-gradients 22 2 1
    [ -s results/plots/mxfp4-schemes.svg ]
}

@test "a mask of what was rounded little, in one to four bits" {
    reproduces quest 9 0 3
    [ "$(grep -c "not tested .*\(runs too short to tell: tested with scale=full\|not more than two standard errors\)" <<< "$output")" = 3 ]
    [ -s results/plots/quest-loss.svg ] && [ -s results/plots/quest-alignment.svg ]
}

@test "rotations against channel and token outliers" {
    reproduces halo-rotations 12 1 0
    [ -s results/plots/halo-levels.svg ]
}

@test "networks rounded after training in seven modes" {
    reproduces ptq-rounding-modes 23 4 1
    [ -s results/plots/ptq-depth.svg ] && [ -s results/plots/ptq-sqnr.svg ]
}

@test "a mean of gradients through four bits" {
    reproduces zero-collectives 16 1 0
    [ -s results/plots/collectives.svg ]
}

@test "FP8 by tiles, and logarithms" {
    reproduces deepseek-fp8 8 3 0
    [ -s results/plots/tiles.svg ]
}

@test "an int8 graph is trained by SGD with quantization-aware scaling" {
    reproduces qas 12 0 0
    [ -s results/plots/qas.svg ] && [ -s results/plots/qas-ratios.svg ]
}

@test "masks on BF16, and whether phi tells before the loss" {
    reproduces to-fp8-and-back 7 21 4
    for figure in final-loss loss-gap diverged losses phi-by-fate phi-by-format leads clamps weights; do
        [ -s "results/plots/$figure.svg" ] || { echo "no figure $figure"; false; }
    done
    grep -q "Does phi tell before the loss" results/report.html
    [[ $output == *"to-fp8-and-back: 80 runs of 80 steps, about "*" minutes of processor time"* ]]
    [[ $output == *"80 runs took "*" minutes of processor time"* ]]
    first=$("$HALFULP" results results --columns loss,cpu_s --csv | sort | sha256sum)
    run "$HALFULP" run "$HU_SRCDIR/experiments/papers/to-fp8-and-back.lua" scale=small --jobs 1 --seed 1 --out results
    [[ $output == *"7 as published, 21 differ, 4 not tested"* ]]                      # times are those of the first run: nothing was computed again
    [ "$first" = "$("$HALFULP" results results --columns loss,cpu_s --csv | sort | sha256sum)" ]
}

@test "eight bits kept for the backward pass, forward exact" {
    reproduces mesa 8 0 0
    [ -s results/plots/mesa-gradients.svg ]
}

@test "gradients in low-rank subspaces of four bits, weights of eight" {
    reproduces q-galore 10 1 0
    [ -s results/plots/q-galore.svg ]
}

@test "scales between task and flatness" {
    reproduces gaqat 6 0 12
    [ -s results/plots/gaqat.svg ]
}
