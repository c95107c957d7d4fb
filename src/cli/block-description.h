/* block-description.h - what a block format is, for halfulp format. */
#ifndef HU_CLI_BLOCK_DESCRIPTION_H
#define HU_CLI_BLOCK_DESCRIPTION_H

#include "formats/block.h"
#include "src/cli/format-description.h"

void hu_describe_block(hu_description *d, const hu_block_format *f);

/* The rows of block.def and their aliases, as lines of text; as members "blocks" and "block_aliases" of a JSON object. */
void hu_list_blocks(FILE *out);
void hu_list_blocks_json(FILE *out);

#endif
