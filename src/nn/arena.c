/* arena.c - memory that is handed out piece by piece and taken back all at once. */
#include "src/nn/arena.h"

#include <stdint.h>

#include "src/base/memory.h"

enum { ALIGNMENT = 64, FIRST_BYTES = 1 << 18 };

typedef struct hu_arena_block {
    struct hu_arena_block *next;
    size_t                 size, used;   /* bytes of data */
    unsigned char         *data;
} block;

static void free_block(block *b)
{
    if (b)
        hu_free(b->data);
    hu_free(b);
}

static block *new_block(hu_arena *a, size_t size)
{
    if (a->spare && a->spare->size >= size) {
        block *again = a->spare;
        a->spare = NULL;
        again->next = a->blocks, again->used = 0;
        a->blocks = again;
        a->total += again->size;
        return again;
    }
    block *b = hu_malloc(sizeof *b);
    unsigned char *data = b ? hu_aligned(size, 1) : NULL;
    if (!data) {
        hu_free(b);
        return NULL;
    }
    *b = (block){.next = a->blocks, .size = size, .data = data};
    a->blocks = b;
    a->total += size;
    return b;
}

void *hu_arena_take(hu_arena *a, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 4)
        return NULL;
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    block *b = a->blocks;
    if (!b || b->size - b->used < bytes) {
        size_t wanted = a->total > FIRST_BYTES ? a->total : FIRST_BYTES;
        b = new_block(a, bytes > wanted ? bytes : wanted);
        if (!b)
            return NULL;
    }
    void *piece = b->data + b->used;
    b->used += bytes;
    return piece;
}

hu_arena_mark hu_arena_here(const hu_arena *a)
{
    return (hu_arena_mark){a->blocks, a->blocks ? a->blocks->used : 0};
}

/* The largest of the blocks that fall away is kept: whoever rewinds will want as much again. */
void hu_arena_rewind(hu_arena *a, hu_arena_mark mark)
{
    while (a->blocks != mark.block) {
        block *b = a->blocks;
        a->blocks = b->next;
        a->total -= b->size;
        if (a->spare && a->spare->size >= b->size) {
            free_block(b);
            continue;
        }
        free_block(a->spare);
        a->spare = b;
    }
    if (a->blocks)
        a->blocks->used = mark.used;
}

/* Several blocks become one of their total size, so that the next round needs no second one. */
void hu_arena_reset(hu_arena *a)
{
    if (a->blocks && a->blocks->next) {
        size_t total = a->total;
        hu_arena_clear(a);
        (void)new_block(a, total);   /* without it the next take tries again */
    }
    if (a->blocks)
        a->blocks->used = 0;
}

void hu_arena_clear(hu_arena *a)
{
    while (a->blocks) {
        block *b = a->blocks;
        a->blocks = b->next;
        free_block(b);
    }
    free_block(a->spare);
    a->spare = NULL;
    a->total = 0;
}
