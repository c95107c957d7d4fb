/* arena.h - memory that is handed out piece by piece and taken back all at once.
 *
 * A training step takes the same pieces every time: after the first step nothing is allocated any more.
 */
#ifndef HU_NN_ARENA_H
#define HU_NN_ARENA_H

#include <stddef.h>

typedef struct hu_arena {
    struct hu_arena_block *blocks;   /* newest first            */
    size_t                 total;    /* bytes of all the blocks */
} hu_arena;                          /* all zero: an empty one  */

/* size * n bytes, 64-byte aligned, not zeroed, valid until reset or clear; NULL when out of memory. */
void *hu_arena_take(hu_arena *a, size_t n, size_t size);

void hu_arena_reset(hu_arena *a);    /* everything is taken back; the memory stays for the next round */
void hu_arena_clear(hu_arena *a);    /* and released; the arena may be used again                     */

#endif
