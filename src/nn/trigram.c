/* trigram.c - an order-2 model of bytes: what a language model has to beat. */
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/nn/text.h"

enum { V = 256 };

/* How often each byte followed a history, for histories of two, one and no bytes. */
typedef struct counts {
    uint32_t *three;            /* [V][V][V]: memory that is never touched costs nothing */
    uint32_t  two[V][V];
    uint32_t  one[V];
} counts;

/* Frequencies of the bytes after one history, blended with those after the shorter one. */
static double blend(const uint32_t *row, uint8_t byte, double shorter)
{
    double total = 0, different = 0;
    for (int c = 0; c < V; c++) {
        total += row[c];
        different += row[c] > 0;
    }
    return total > 0 ? (row[byte] + different * shorter) / (total + different) : shorter;
}

static void count(counts *n, const uint8_t *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        n->one[text[i]]++;
        if (i >= 1)
            n->two[text[i - 1]][text[i]]++;
        if (i >= 2)
            n->three[((size_t)text[i - 2] * V + text[i - 1]) * V + text[i]]++;
    }
}

static double bits_of(const counts *n, const uint8_t *text, size_t length)
{
    double bits = 0;
    for (size_t i = 0; i < length; i++) {
        double p = blend(n->one, text[i], 1.0 / V);
        if (i >= 1)
            p = blend(n->two[text[i - 1]], text[i], p);
        if (i >= 2)
            p = blend(n->three + ((size_t)text[i - 2] * V + text[i - 1]) * V, text[i], p);
        bits -= log2(p);
    }
    return bits / (double)length;
}

hu_status hu_text_trigram_bits(const hu_text *t, double *bits, hu_error *err)
{
    if (!t->n_train || !t->n_heldout)
        return hu_fail(err, HU_EINVAL, "trigram: the text has no %s part", t->n_train ? "held-out" : "training");
    counts *n = hu_calloc(1, sizeof *n);
    if (n)
        n->three = hu_calloc((size_t)V * V * V, sizeof *n->three);
    if (!n || !n->three) {
        hu_free(n);
        return hu_fail(err, HU_ENOMEM, "trigram: out of memory");
    }
    count(n, t->bytes, t->n_train);
    *bits = bits_of(n, t->bytes + t->n_train, t->n_heldout);
    hu_free(n->three);
    hu_free(n);
    return HU_OK;
}
