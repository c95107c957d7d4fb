# style.gp - how every figure looks: colors, fonts, lines, terminals. Loaded by the .gp beside it.
#
# Colors: M. Okabe and K. Ito, "Color Universal Design" (2008), without yellow, which is too light for a
# line on white; a marker and a dash of its own for each, so that no figure depends on color.
# Heat maps: cividis (Nunez, Anderton, Renslow, PLoS ONE 13(7), 2018), which stays in order in gray.
# Sizes: 420 pixels stand for a column of 85 mm, so that 13 pixels are 7.5 points on paper. PNG has three
# times the pixels, and counts letters in points of 4/3 pixel. PDF has the size on paper.

set encoding utf8
set datafile separator "\t"
set datafile missing "-"
set datafile columnheaders

hu_font = "Helvetica,Arial,DejaVu Sans,sans-serif"
hu_terminal(kind, w, h) = kind eq "svg" ? \
    sprintf('set terminal svg enhanced size %d,%d font "%s,13" linewidth 1 background rgb "white"', w, h, hu_font) : \
    kind eq "cairolatex" ? \
    sprintf('set terminal cairolatex pdf input size %.4fcm,%.4fcm font ",7" fontscale 1 linewidth 0.75 pointscale 0.5', w * 8.5 / 420, h * 8.5 / 420) : \
    kind eq "text" ? \
    sprintf('set terminal dumb mono noenhanced size %d,%d; unset grid', w < 500 ? 79 : 119, h / 11) : \
    kind eq "pdf" ? \
    sprintf('set terminal pdfcairo enhanced size %.4fcm,%.4fcm font "DejaVu Sans,6.8" fontscale 1 linewidth 0.75 pointscale 0.5', w * 8.5 / 420, h * 8.5 / 420) : \
    sprintf('set terminal pngcairo enhanced size %d,%d font "DejaVu Sans,29" linewidth 3 pointscale 4 dashlength 2 background rgb "white"', 3 * w, 3 * h)
hu_font_size(kind, px) = kind eq "svg" ? sprintf(",%d", px) : kind eq "pdf" ? sprintf(",%.1f", px * 6.8 / 13) : sprintf(",%.0f", 2.25 * px)

# What a kind's file is called; and how it writes powers, where LaTeX has a way of its own and plain text none.
hu_ending(kind) = kind eq "cairolatex" ? "-latex.tex" : kind eq "text" ? ".txt" : "." . kind
hu_power(kind, format) = kind eq "text" && format[1:4] eq "10^{" ? "1e%T" : format

# What is left to do when a file is written. SVG: values at points are hypertext, for which gnuplot asks a script of its own; they become
# titles, which every browser shows; what gnuplot itself has put into titles, such as its own commands, goes. LaTeX: names have characters
# that are commands there, and powers stand in formulas.
hu_sed(program, file) = system("sed -e '" . program . "' '" . file . "' > '" . file . "~' && mv '" . file . "~' '" . file . "'")
hu_titles = "s/<g onmousemove=.*Hypertext(evt,.\\(.*\\).)\" onmouseout.*<title> *<\\/title>/<g class=\"p\"><title>\\1<\\/title>/;s/<title>data using [^<]*<\\/title>//;s/<title>Gnuplot<\\/title>//;s/<title>gnuplot_plot_[^<]*<\\/title>//"
hu_latex = "/includegraphics/b\n/\\\\widthof/s/[%&#_]/\\\\&/g\n/\\\\centering/s/[%&#_]/\\\\&/g\n/\\\\put(/{s/%*$//\ns/[%&#_]/\\\\&/g\ns/\\([0-9]*\\)^{\\([^}]*\\)}/$\\1^{\\2}$/g\ns/$/%/\n}"
hu_finish(kind, file) = kind eq "svg" ? hu_sed(hu_titles, file) : kind eq "cairolatex" ? hu_sed(hu_latex, file) : ""

set linetype 1 linecolor rgb "#0072B2" pointtype 7  dashtype 1
set linetype 2 linecolor rgb "#D55E00" pointtype 5  dashtype (9,3)
set linetype 3 linecolor rgb "#009E73" pointtype 9  dashtype (3,3)
set linetype 4 linecolor rgb "#CC79A7" pointtype 11 dashtype (12,3,3,3)
set linetype 5 linecolor rgb "#E69F00" pointtype 13 dashtype 1
set linetype 6 linecolor rgb "#56B4E9" pointtype 6  dashtype (9,3)
set linetype 7 linecolor rgb "#000000" pointtype 4  dashtype (3,3)
set linetype 8 linecolor rgb "#7F7F7F" pointtype 8  dashtype (12,3,3,3)
set linetype 9 linecolor rgb "#004D73" pointtype 10 dashtype 1
set linetype 10 linecolor rgb "#8C3D00" pointtype 12 dashtype (9,3)
set linetype cycle 10

set palette defined (0 "#00204D", 1 "#00336F", 2 "#39486B", 3 "#575C6D", 4 "#707173", 5 "#8A8779", 6 "#A69D75", 7 "#C4B56C", 8 "#E4CF5B", 9 "#FFEA46")

set border 3 linewidth 1 linecolor rgb "#333333"
set tics nomirror out scale 0.6 textcolor rgb "#222222"
set xtics offset 0,0.25
set grid linecolor rgb "#DDDDDD" linewidth 0.6 linetype 1 dashtype 1
set xlabel textcolor rgb "#000000" noenhanced
set ylabel textcolor rgb "#000000" noenhanced
set style fill transparent solid 0.18 noborder
set bars small
unset key
