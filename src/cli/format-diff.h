/* format-diff.h - halfulp format --diff A B: what differs between two formats. */
#ifndef HU_CLI_FORMAT_DIFF_H
#define HU_CLI_FORMAT_DIFF_H

#include "formats/format.h"

/* Prints it, as text or as JSON; all: every value that only one of them has, also where there are many. Returns an exit status. */
int hu_format_diff(const hu_format *a, const hu_format *b, bool json, bool all);

#endif
