/* vectors.h - the actions of halfulp vectors. */
#ifndef HU_CLI_VECTORS_H
#define HU_CLI_VECTORS_H

#include "src/cli/options.h"
#include "src/hardware/vectors.h"

int hu_vectors_cmd_generate(int argc, char **argv);
int hu_vectors_cmd_check   (int argc, char **argv);
int hu_vectors_cmd_probe   (int argc, char **argv);
int hu_vectors_cmd_fit     (int argc, char **argv);

/* Rows of a table of options for the words of a task; of_nan: the help of --nan. */
#define HU_VECTORS_TASK_OPTIONS(w, of_nan)                                                                                                    \
    {"op", HU_OPTION_TEXT, &(w)->op, "NAME", "an operation of 'halfulp calc', cvt, dot, or a function of\n"                          \
                                            "TestFloat such as f32_mulAdd, which names its format"},                                 \
    {"format", HU_OPTION_TEXT, &(w)->format, "NAME", "a format; from>to for cvt, with int8 to uint64 on one side,\n"                 \
                                                    "or a block format on the right; A or A*B for dot"},                             \
    {"rounding", HU_OPTION_TEXT, &(w)->rounding, "MODE", "default rne; +sat or +satfinite after it, as in calc"},                    \
    {"overflow", HU_OPTION_TEXT, &(w)->overflow, "POLICY", "ieee (default), saturate, saturate-finite-only"},                        \
    {"tininess", HU_OPTION_TEXT, &(w)->tininess, "WHEN", "after (default) or before rounding"},                                      \
    {"nan", HU_OPTION_TEXT, &(w)->nan, "RULE", of_nan},                                                                             \
    {"terms", HU_OPTION_TEXT, &(w)->terms, "N", "dot: products in a line, 1 to 256"},                                                \
    {"product", HU_OPTION_TEXT, &(w)->product, "NAME", "dot: the format of a product; default exact"},                               \
    {"sum", HU_OPTION_TEXT, &(w)->sum, "NAME", "dot: the format of the sums"},                                                       \
    {"outer", HU_OPTION_TEXT, &(w)->outer, "NAME", "dot: the format of the sum of chunks; default that of the sums"},                \
    {"order", HU_OPTION_TEXT, &(w)->order, "ORDER", "dot: sequential (default) or pairwise"},                                        \
    {"chunk", HU_OPTION_TEXT, &(w)->chunk, "N", "dot: terms that are added up before they go to the sum; default all"}

/* Shows how far the work is where stderr is a terminal; false once Ctrl-C was pressed. */
bool hu_vectors_show_progress(void *to, uint64_t done, uint64_t n);

/* Removes that line. */
void hu_vectors_end_progress(void);

#endif
