/* cmd-report.c - halfulp report: writes report.html of a run directory from its store, without its script. */
#include "src/cli/cli.h"
#include "src/cli/folder-call.h"
#include "src/cli/options.h"

static const char text[] =
    "Writes one page that shows a run: its figures, its points, what failed and why, the manifest, the script, and\n"
    "the command that repeats it. Everything is in the page, which can be sent to somebody. Prints its path.\n"
    "\n"
    "  $ halfulp report results/bits-vs-loss\n";

int hu_cmd_report(int argc, char **argv)
{
    hu_folder_option values[] = {{.name = "out"}, {.name = NULL}};
    const hu_option options[] = {
        {"out", HU_OPTION_TEXT, &values[0].text, "FILE", "instead of DIR/report.html"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"report", "DIR [--out FILE]", text, options};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc != 1)
        return hu_cli_fail(HU_CLI_USAGE, "report: takes one run directory, for example halfulp report results/bits-vs-loss; "
                                         "got %d", argc);
    return hu_folder_call("halfulp.report", argv[0], values);
}
