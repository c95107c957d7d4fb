/* cmd-plot.c - halfulp plot: draws the results of a run directory, without its script. */
#include "src/cli/cli.h"
#include "src/cli/folder-call.h"
#include "src/cli/options.h"

static const char text[] =
    "Draws the points that the store of a run directory holds. X, Y and the others are names of columns:\n"
    "parameters of the points or results. Leaves NAME.svg, NAME.png, NAME.gp and NAME.tsv in DIR/plots and\n"
    "prints the path of the first.\n"
    "\n"
    "  $ halfulp plot results/bits-vs-loss --x mantissa --y error --series exponent --logy\n"
    "\n"
    "Kinds: line (default), heatmap (with --z), share (how often Y is true), curves (Y is a list).\n";

int hu_cmd_plot(int argc, char **argv)
{
    hu_folder_option values[] = {
        {.name = "x"}, {.name = "y"}, {.name = "z"}, {.name = "series"}, {.name = "panel"}, {.name = "kind"}, {.name = "sweep"},
        {.name = "band"}, {.name = "title"}, {.name = "xlabel"}, {.name = "ylabel"}, {.name = "file"},
        {.name = "logx"}, {.name = "logy"}, {.name = "logz"}, {.name = NULL},
    };
    const hu_option options[] = {
        {"x",      HU_OPTION_TEXT,   &values[0].text,  "COLUMN", "across"},
        {"y",      HU_OPTION_TEXT,   &values[1].text,  "COLUMN", "up; its mean where points agree in the rest"},
        {"z",      HU_OPTION_TEXT,   &values[2].text,  "COLUMN", "of a heat map: the values in its cells"},
        {"series", HU_OPTION_TEXT,   &values[3].text,  "COLUMN", "a line for each of its values"},
        {"panel",  HU_OPTION_TEXT,   &values[4].text,  "COLUMN", "a panel for each of its values"},
        {"kind",   HU_OPTION_TEXT,   &values[5].text,  "KIND",   "line, heatmap, share or curves"},
        {"sweep",  HU_OPTION_TEXT,   &values[6].text,  "NAME",   "only the points of this sweep"},
        {"band",   HU_OPTION_TEXT,   &values[7].text,  "BAND",   "ci95 (95 % interval of the mean), sd, range or none"},
        {"title",  HU_OPTION_TEXT,   &values[8].text,  "TEXT",   "above the figure"},
        {"xlabel", HU_OPTION_TEXT,   &values[9].text,  "TEXT",   "at the x axis"},
        {"ylabel", HU_OPTION_TEXT,   &values[10].text, "TEXT",   "at the y axis"},
        {"file",   HU_OPTION_TEXT,   &values[11].text, "NAME",   "of the files, without ending"},
        {"logx",   HU_OPTION_SWITCH, &values[12].on,   NULL,     "logarithmic axes"},
        {"logy",   HU_OPTION_SWITCH, &values[13].on,   NULL,     ""},
        {"logz",   HU_OPTION_SWITCH, &values[14].on,   NULL,     ""},
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
