#!/usr/bin/env bats
# plot.bats - halfulp plot draws every kind from the store, on every terminal.

setup_file() {
    command -v gnuplot >/dev/null || skip "no gnuplot: install gnuplot-nox"
    cd "$BATS_FILE_TMPDIR" || exit 1
    cat >s.lua <<'LUA'
local hu = require "halfulp"
hu.sweep {bits = hu.range(1, 6), seed = {1, 2, 3}}:run(function(p)
  return {error_rel = 2.0 ^ -p.bits * (1 + 0.1 * p.seed), cost = p.bits ^ 2 + p.seed, name = "b" .. p.bits, bad = p.bits == 1,
    loss = {3, 2, 2, 2.6 + p.seed, 1.5, 1.4}}
end)
LUA
    "$HALFULP" run s.lua 2>/dev/null
}

setup() {
    cd "$BATS_FILE_TMPDIR" || exit 1
}

@test "each kind has its image, data and script, which runs alone" {
    while read -r kind options; do
        # shellcheck disable=SC2086
        run "$HALFULP" plot results/s --kind "$kind" $options --file "k-$kind"
        [ "$status" -eq 0 ] || { echo "$kind: $output"; return 1; }
        [ "$output" = "results/s/plots/k-$kind.svg" ]
        mkdir "$kind"
        cp "results/s/plots/k-$kind".{gp,tsv} results/s/plots/style.gp "$kind"
        (cd "$kind" && gnuplot "k-$kind.gp")
        cmp "$kind/k-$kind.svg" "results/s/plots/k-$kind.svg"
    done <<'END'
line --x bits --y error_rel --series seed --logy
heatmap --x bits --y seed --z error_rel --logz
contour --x bits --y seed --z error_rel --levels 5
surface --x bits --y seed --z error_rel
share --x bits --y bad
box --x bits --y error_rel --logy
violin --x seed --y cost
pareto --x cost --y error_rel --label name --maximize y
parallel --columns bits,cost,error_rel --log error_rel
curves --y loss --series bits --spikes --smooth 0.1 --width 860
END
}

@test "a text figure is printed, with others it is a file" {
    run "$HALFULP" plot results/s --x bits --y error_rel --logy --terminals text
    [ "$status" -eq 0 ]
    [[ $output == *"bits"*  ]]
    [ "${#lines[@]}" -gt 12 ]
    run "$HALFULP" plot results/s --x bits --y error_rel --terminals pdf,text,cairolatex --file three
    [ "$output" = results/s/plots/three.pdf ]
    head -c 5 results/s/plots/three.pdf | grep -q '%PDF-'
    [ -s results/s/plots/three.txt ] && [ -s results/s/plots/three-latex.tex ] && [ -s results/s/plots/three-latex.pdf ]
    [ ! -e results/s/plots/three.svg ]
}

@test "what cannot be drawn is wrong usage, in one line" {
    while read -r says options; do
        # shellcheck disable=SC2086
        run "$HALFULP" plot results/s $options
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == "halfulp: plot: "*"${says//_/ }"* ]] || { echo "$output"; return 1; }
    done <<'END'
gif_is_none --x bits --y cost --terminals svg,gif
takes_two_or_more --columns bits
takes_a_number --x bits --y cost --width wide
width_is_-5; --x bits --y cost --width -5
across_is_0; --x bits --y cost --across 0
levels_is_-3; --kind contour --x bits --y seed --z cost --levels -3
log_takes_columns_of_numbers --columns name,bits --log name
maximize_is_up --kind pareto --x cost --y error_rel --maximize up
label --x bits --y cost --label name
did_you_mean_cost --kind box --x bits --y cots
END
}
