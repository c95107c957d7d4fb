/* table.h - a table for documents: Markdown, LaTeX (a tabular that needs no package) or CSV (RFC 4180). */
#ifndef HU_CLI_TABLE_H
#define HU_CLI_TABLE_H

#include "src/num/num.h"

typedef enum hu_table_kind { HU_TABLE_MARKDOWN, HU_TABLE_LATEX, HU_TABLE_CSV } hu_table_kind;

/* "markdown", "latex" or "csv"; false: none of these. */
bool hu_table_kind_find(const char *name, hu_table_kind *out);

typedef struct hu_table {
    hu_table_kind kind;
    int n_columns, column;         /* the next cell's place */
} hu_table;

/* To stdout: the head, with `l` or `r` a column in `align`; then rows, cell by cell; then the foot. A row ends with its last cell. */
void hu_table_begin(hu_table *t, hu_table_kind kind, int n_columns, const char *const *heads, const char *align);
void hu_table_text(hu_table *t, const char *text);       /* plain words         */
void hu_table_name(hu_table *t, const char *name);       /* as a user types it  */
void hu_table_count(hu_table *t, long long n);

/* CSV: all its digits. Else a decimal of up to seven; powers of two as such where that is shorter, by hu_table_step from 2^-1 down. */
void hu_table_number(hu_table *t, hu_num x);
void hu_table_step(hu_table *t, hu_num x);

void hu_table_end(hu_table *t);

#endif
