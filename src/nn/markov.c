/* markov.c - a made-up text whose entropy is known. */
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/random.h"
#include "src/nn/text.h"

enum { BURN_IN = 1000, MOST_ROUNDS = 100000 };

typedef struct source {
    size_t  alphabet, contexts;      /* A, A^order: a context is the number of its letters, the oldest first */
    double *p;                       /* [contexts][A] */
    double *stationary, *next;       /* [contexts]    */
} source;

static size_t follow(const source *s, size_t context, size_t letter)
{
    return (context * s->alphabet + letter) % s->contexts;
}

static void make_probabilities(source *s, const hu_markov *m)
{
    for (size_t c = 0; c < s->contexts; c++) {
        double sum = 0, *row = s->p + c * s->alphabet;
        for (size_t a = 0; a < s->alphabet; a++) {
            row[a] = exp(m->spread * hu_random_normal_at(m->seed, 1, c * s->alphabet + a));
            sum += row[a];
        }
        for (size_t a = 0; a < s->alphabet; a++)
            row[a] /= sum;
    }
}

/* Where the chain spends its time, by running the distribution forward until it stays. */
static void find_stationary(source *s)
{
    for (size_t c = 0; c < s->contexts; c++)
        s->stationary[c] = 1 / (double)s->contexts;
    double change = 1;
    for (int round = 0; round < MOST_ROUNDS && change > 1e-13; round++) {
        memset(s->next, 0, s->contexts * sizeof *s->next);
        for (size_t c = 0; c < s->contexts; c++)
            for (size_t a = 0; a < s->alphabet; a++)
                s->next[follow(s, c, a)] += s->stationary[c] * s->p[c * s->alphabet + a];
        change = 0;
        for (size_t c = 0; c < s->contexts; c++)
            change += fabs(s->next[c] - s->stationary[c]);
        memcpy(s->stationary, s->next, s->contexts * sizeof *s->next);
    }
}

static double entropy_bits(const source *s)
{
    double bits = 0;
    for (size_t i = 0; i < s->contexts * s->alphabet; i++)
        if (s->p[i] > 0)
            bits -= s->stationary[i / s->alphabet] * s->p[i] * log2(s->p[i]);
    return bits;
}

static void draw(const source *s, uint8_t *out, size_t n, uint64_t seed)
{
    size_t context = 0;
    for (size_t i = 0; i < n + BURN_IN; i++) {
        const double *row = s->p + context * s->alphabet;
        double u = hu_random_uniform_at(seed, 2, i);
        size_t letter = 0;
        for (u -= row[0]; u >= 0 && letter + 1 < s->alphabet; u -= row[letter])
            letter++;
        context = follow(s, context, letter);
        if (i >= BURN_IN)
            out[i - BURN_IN] = (uint8_t)('a' + letter);
    }
}

static hu_status check(const hu_markov *m, hu_error *err)
{
    if (m->alphabet < 2 || m->alphabet > 16)
        return hu_fail(err, HU_ERANGE, "markov: an alphabet of %zu letters; it takes 2 to 16", m->alphabet);
    if (m->order < 1 || m->order > 4)
        return hu_fail(err, HU_ERANGE, "markov: order %zu; it takes 1 to 4", m->order);
    if (!(m->spread >= 0 && m->spread <= 20))
        return hu_fail(err, HU_ERANGE, "markov: spread %g; it takes 0 to 20", m->spread);
    size_t most = (size_t)1 << 30;
    if (m->n_train < 16 || m->n_heldout < 16 || m->n_train > most || m->n_heldout > most)
        return hu_fail(err, HU_ERANGE, "markov: %zu training and %zu held-out bytes; it takes 16 to %zu of each", m->n_train,
                       m->n_heldout, most);
    return HU_OK;
}

hu_status hu_text_markov(hu_text *t, hu_markov m, hu_error *err)
{
    hu_status status = check(&m, err);
    if (status)
        return status;
    source s = {.alphabet = m.alphabet, .contexts = 1};
    for (size_t i = 0; i < m.order; i++)
        s.contexts *= m.alphabet;
    s.p = hu_calloc(s.contexts * s.alphabet, sizeof *s.p);
    s.stationary = hu_calloc(s.contexts, sizeof *s.stationary);
    s.next = hu_calloc(s.contexts, sizeof *s.next);
    uint8_t *bytes = hu_malloc(m.n_train + m.n_heldout);
    if (s.p && s.stationary && s.next && bytes) {
        make_probabilities(&s, &m);
        find_stationary(&s);
        draw(&s, bytes, m.n_train + m.n_heldout, m.seed);
        *t = (hu_text){.bytes = bytes, .n_train = m.n_train, .n_heldout = m.n_heldout, .entropy_bits = entropy_bits(&s)};
    } else {
        hu_free(bytes);
        status = hu_fail(err, HU_ENOMEM, "markov: out of memory");
    }
    hu_free(s.p);
    hu_free(s.stationary);
    hu_free(s.next);
    return status;
}
