/* blocks.h - block formats in tests. */
#ifndef HU_TESTS_LIB_BLOCKS_H
#define HU_TESTS_LIB_BLOCKS_H

#include "src/kernel/block-job.h"
#include "tests/lib/test.h"

/* The block format of a name that has to be one; the claim fails with the reason where it is none. */
static inline const hu_block_format *test_block(const char *name)
{
    hu_error err = {0};
    const hu_block_format *f = hu_block_find(name, &err);
    if (!f)
        fail_msg("%s", err.text);
    return f;
}

#endif
