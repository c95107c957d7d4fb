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
    struct hu_arena_block *spare;    /* one that a rewind took back; NULL: none */
} hu_arena;                          /* all zero: an empty one  */

/* size * n bytes, 64-byte aligned, not zeroed, valid until reset or clear; NULL when out of memory. */
void *hu_arena_take(hu_arena *a, size_t n, size_t size);

/* How much has been taken, and back to there: what was taken since is taken back, the rest stays valid. */
typedef struct hu_arena_mark {
    struct hu_arena_block *block;
    size_t                 used;     /* bytes */
} hu_arena_mark;

hu_arena_mark hu_arena_here(const hu_arena *a);
void          hu_arena_rewind(hu_arena *a, hu_arena_mark mark);

void hu_arena_reset(hu_arena *a);    /* everything is taken back; the memory stays for the next round */
void hu_arena_clear(hu_arena *a);    /* and released; the arena may be used again                     */

#endif
