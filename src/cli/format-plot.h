/* format-plot.h - halfulp format --plot: a figure of one format or more. */
#ifndef HU_CLI_FORMAT_PLOT_H
#define HU_CLI_FORMAT_PLOT_H

/* Draws formats, which exist, into the file (NULL: one named after them) and prints its path. Returns an exit status. */
int hu_format_plot(char **names, int n, const char *path);

#endif
