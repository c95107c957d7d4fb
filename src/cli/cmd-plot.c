/* cmd-plot.c - halfulp plot: draws the results of a run directory, without its script. */
#include "src/cli/cli.h"
#include "src/cli/folder-call.h"
#include "src/cli/options.h"

static const char text[] =
    "Draws the points that the store of a run directory holds. X, Y and the others are names of columns:\n"
    "parameters of the points or results; LISTS are parted by commas. Leaves the pictures, the data NAME.tsv\n"
    "and the script NAME.gp, which runs alone, in DIR/plots and prints the path of the first picture.\n"
    "\n"
    "  $ halfulp plot results/bits-vs-loss --x mantissa --y error --series exponent --logy\n"
    "  $ halfulp plot results/bits-vs-loss --kind pareto --x area --y error --label format\n"
    "  $ halfulp plot results/bits-vs-loss --x mantissa --y error --logy --terminals text\n"
    "\n"
    "Kinds: line (default), heatmap, contour, surface (with --z), share (how often Y is true), box, violin,\n"
    "pareto (what no other point beats in X and Y), parallel (with --columns), curves (Y is a list of values).\n";

int hu_cmd_plot(int argc, char **argv)
{
    hu_folder_option values[] = {
        {.name = "x"}, {.name = "y"}, {.name = "z"}, {.name = "series"}, {.name = "panel"}, {.name = "columns"}, {.name = "label"},
        {.name = "kind"}, {.name = "sweep"}, {.name = "terminals"}, {.name = "band"}, {.name = "maximize"}, {.name = "log"},
        {.name = "smooth"}, {.name = "levels"}, {.name = "across"}, {.name = "width"}, {.name = "title"}, {.name = "xlabel"},
        {.name = "ylabel"}, {.name = "zlabel"}, {.name = "file"}, {.name = "spikes"}, {.name = "logx"}, {.name = "logy"},
        {.name = "logz"}, {.name = "points"}, {.name = NULL},
    };
    const hu_option options[] = {
        {"x",         HU_OPTION_TEXT,   &values[0].text,  "COLUMN", "across"},
        {"y",         HU_OPTION_TEXT,   &values[1].text,  "COLUMN", "up; its mean where points agree in the rest"},
        {"z",         HU_OPTION_TEXT,   &values[2].text,  "COLUMN", "of a heat map, contour or surface: its values"},
        {"series",    HU_OPTION_TEXT,   &values[3].text,  "COLUMN", "a line for each of its values"},
        {"panel",     HU_OPTION_TEXT,   &values[4].text,  "COLUMN", "a panel for each of its values"},
        {"columns",   HU_OPTION_TEXT,   &values[5].text,  "LIST",   "of parallel: its axes, the last one as colors"},
        {"label",     HU_OPTION_TEXT,   &values[6].text,  "COLUMN", "of pareto: names of the points of the front"},
        {"kind",      HU_OPTION_TEXT,   &values[7].text,  "KIND",   "one of those above"},
        {"sweep",     HU_OPTION_TEXT,   &values[8].text,  "NAME",   "only the points of this sweep"},
        {"terminals", HU_OPTION_TEXT,   &values[9].text,  "LIST",   "of svg, png, pdf, cairolatex, text (svg,png); text alone is printed"},
        {"band",      HU_OPTION_TEXT,   &values[10].text, "BAND",   "ci95 (95 % interval of the mean), sd, range or none; of curves: range or none"},
        {"maximize",  HU_OPTION_TEXT,   &values[11].text, "AXES",   "of pareto: x, y or xy are the better the larger"},
        {"log",       HU_OPTION_TEXT,   &values[12].text, "LIST",   "of parallel: its logarithmic axes"},
        {"smooth",    HU_OPTION_TEXT,   &values[13].text, "DECAY",  "of curves: of an average, such as 0.9"},
        {"levels",    HU_OPTION_TEXT,   &values[14].text, "N",      "of contour: how many lines"},
        {"across",    HU_OPTION_TEXT,   &values[15].text, "N",      "panels in a row"},
        {"width",     HU_OPTION_TEXT,   &values[16].text, "PIXELS", "420 is a column, 860 a page"},
        {"title",     HU_OPTION_TEXT,   &values[17].text, "TEXT",   "above the figure"},
        {"xlabel",    HU_OPTION_TEXT,   &values[18].text, "TEXT",   "at the x axis"},
        {"ylabel",    HU_OPTION_TEXT,   &values[19].text, "TEXT",   "at the y axis"},
        {"zlabel",    HU_OPTION_TEXT,   &values[20].text, "TEXT",   "of the colors"},
        {"file",      HU_OPTION_TEXT,   &values[21].text, "NAME",   "of the files, without ending"},
        {"spikes",    HU_OPTION_SWITCH, &values[22].on,   NULL,     "of curves: marked, where they rise by 0.5 nats"},
        {"logx",      HU_OPTION_SWITCH, &values[23].on,   NULL,     "logarithmic axes"},
        {"logy",      HU_OPTION_SWITCH, &values[24].on,   NULL,     ""},
        {"logz",      HU_OPTION_SWITCH, &values[25].on,   NULL,     ""},
        {"points",    HU_OPTION_SWITCH, &values[26].on,   NULL,     "of line: points, without lines between them"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"plot", "DIR --x COLUMN --y COLUMN [OPTIONS]", text, options};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc != 1)
        return hu_cli_fail(HU_CLI_USAGE, "plot: takes one run directory, for example halfulp plot results/bits-vs-loss "
                                         "--x mantissa --y error; got %d", argc);
    return hu_folder_call("halfulp.plot", argv[0], values);
}
