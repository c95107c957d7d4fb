/* layout.h - how a line of a vector file is written and read.
 *
 *   testfloat   operands result flags, separated by blanks, as testfloat_gen writes them and testfloat_ver reads them
 *   fpgen       IBM's FPgen: b32*+ =0 +1.000000P0 ... -> +1.000000P0 x
 *   hex         a_b_result_flags, digits joined by underscores: one word for $readmemh
 *   csv         0x..,0x..,0x..,0x.. below a line of column names
 *
 * Codes are hexadecimal with as many digits as their width needs, flags two digits: invalid 10, divbyzero 08, overflow 04,
 * underflow 02, inexact 01. docs/vectors.md describes each field.
 */
#ifndef HU_HARDWARE_LAYOUT_H
#define HU_HARDWARE_LAYOUT_H

#include "src/hardware/task.h"

enum { HU_LINE_MAX = 1 << 16 };     /* bytes of the longest line that is read */

/* What a line holds. */
enum { HU_LINE_IN = 1, HU_LINE_OUT = 2, HU_LINE_FLAGS = 4, HU_LINE_FULL = 7 };

/* A vector: one line, as numbers. */
typedef struct hu_vector {
    uint64_t *in, *out;             /* [in_words], [out_words]                                                 */
    hu_flags flags;
    int holds;                      /* a set of the above                                                      */
    bool any_nan;                   /* results that are NaNs come without their code (fpgen): any will do      */
    const char *short_column;       /* has fewer digits than its width: perhaps the line was cut off. NULL: none */
} hu_vector;

typedef struct hu_layout hu_layout;
struct hu_layout {
    const char *name;
    const char *comment;            /* begins a line of the header; NULL: the header is a file of its own      */
    const char *title;
    char separator;                 /* 0: not one of the plain ones                                            */
    const char *prefix;             /* of a number                                                             */
    bool upper, has_columns;        /* capital digits; a line with the names of the columns                    */
    /* Not plain: whether the task can be written so; writing and reading. */
    hu_status (*check)(const hu_task *t, hu_error *err);
    char     *(*write)(const hu_task *t, const hu_vector *line, char *to);
    hu_status (*read)(const hu_task *t, const char *text, size_t n, hu_vector *line, hu_error *err);
    int       (*holds)(const char *text, size_t n, bool answers, hu_error *err);
};

const hu_layout *hu_layout_at(int i);                               /* NULL: past the last */
const hu_layout *hu_layout_find(const char *name, hu_error *err);

/* Whether the layout can hold the task; else err says why, and what would do. */
hu_status hu_layout_check(const hu_layout *layout, const hu_task *t, hu_error *err);

/* An upper bound of the bytes of a line, its newline included. */
size_t hu_layout_line_size(const hu_layout *layout, const hu_task *t);

/* What line->holds of the line, and a newline, from `to` on; returns the end. */
char *hu_layout_write(const hu_layout *layout, const hu_task *t, const hu_vector *line, char *to);

/* What a line holds, by the number of its fields: all, the operands and results, or the operands alone; in an answer to a set
 * (`answers`) all, operands and results, results and flags, or results. 0: none of these, and err says so. */
int hu_layout_holds(const hu_layout *layout, const hu_task *t, const char *text, size_t n, bool answers, hu_error *err);

/* A line without its end, of which line->holds is given. HU_EPARSE: err says which column is wrong, and how. */
hu_status hu_layout_read(const hu_layout *layout, const hu_task *t, const char *text, size_t n, hu_vector *line, hu_error *err);

/* "a,b,random,result,flags": the columns that a line holds. */
void hu_layout_columns(const hu_task *t, int holds, char *to, size_t size);

extern const hu_layout hu_layout_fpgen;

#endif
