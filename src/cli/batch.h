/* batch.h - the test port: lines of operations in, lines of codes and flags out.
 *
 *   op format rounding code...  [r=0xWORD]          add e5m2 rne+sat 0x3c 0x3d
 *   cvt from>to rounding code   [r=0xWORD]          cvt fp32>e4m3fn rz 0x3f800000
 *
 * Words are separated by blanks or tabs; a code is hexadecimal and begins with 0x. The answer to a line
 * is one line: "0x3e inexact" (the code, then the flags joined by commas, or "-"), or "error: ..." where
 * the line is not one of these. A line that is empty, blank or begins with # is answered by itself, so
 * that line n of the answers belongs to line n of the questions.
 *
 * A stochastic rounding takes the 64-bit word after r=, of which the mode looks at the upper bits;
 * without one, hu_random_word(seed, 0, i) for the line with i lines before it.
 */
#ifndef HU_CLI_BATCH_H
#define HU_CLI_BATCH_H

#include "src/ops/env.h"

typedef struct hu_batch hu_batch;

/* Gets answers as they fill a buffer, and at hu_batch_flush; false stops the batch: it is not called again. */
typedef bool hu_batch_write(void *to, const char *text, size_t n);

/* defaults: the tininess and NaN rules and the seed of all lines, and the overflow policy of lines that
 * name none. NULL when out of memory. */
hu_batch *hu_batch_new(const hu_env *defaults, hu_batch_write *write, void *to);
void hu_batch_free(hu_batch *b);

/* The next n bytes of the questions; they may be cut anywhere. False: writing has failed. */
bool hu_batch_feed(hu_batch *b, const char *text, size_t n);

/* Writes the answers that are there. False: writing has failed. */
bool hu_batch_flush(hu_batch *b);

/* The questions are over: answers a last line that has no newline, and writes everything. */
bool hu_batch_end(hu_batch *b);

/* How many lines were answered with an error. */
size_t hu_batch_errors(const hu_batch *b);

#endif
