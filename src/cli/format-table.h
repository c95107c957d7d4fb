/* format-table.h - halfulp format --table and --list: formats as tables for documents. */
#ifndef HU_CLI_FORMAT_TABLE_H
#define HU_CLI_FORMAT_TABLE_H

#include "formats/format.h"
#include "src/cli/table.h"

enum { HU_CODES_WIDEST = 8 };      /* bits of a format whose codes are listed */

/* Their properties, a row each. */
void hu_format_table(const hu_format *const *formats, int n, hu_table_kind kind);

/* Their codes with the values, a table each (CSV: one). Returns an exit status: those of more than HU_CODES_WIDEST bits are refused. */
int hu_format_value_table(const hu_format *const *formats, int n, hu_table_kind kind);

/* All formats that have a name, with aliases and sources; a table a family, and one of block formats (CSV: one, without these). */
void hu_format_list_table(hu_table_kind kind);

#endif
