/* block-name.h - from a name to a block format, before it is kept. Internal to formats/. */
#ifndef HU_FORMATS_BLOCK_NAME_H
#define HU_FORMATS_BLOCK_NAME_H

#include "formats/block.h"

/* Fills f, but for its name. */
hu_status hu_block_read(const char *name, hu_block_format *f, hu_error *err);

/* The row, or the row of the alias, with that name of n bytes; NULL: none. */
const hu_block_format *hu_block_row(const char *name, size_t n);

/* The line that says that no block format has that name, with the nearest. */
void hu_block_fail_name(hu_error *err, const char *name);

#endif
