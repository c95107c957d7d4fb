/* rounding.c - the table of modes, by name and by index. */
#include "rounding/rounding.h"

#include <string.h>

#include "rounding/picks.h"
#include "src/base/nearest.h"

#define EIGHT(F, p, f, t, s, a, b, c, d, e, g, h, i) \
    F(p, f, t, s, a) F(p, f, t, s, b) F(p, f, t, s, c) F(p, f, t, s, d) \
    F(p, f, t, s, e) F(p, f, t, s, g) F(p, f, t, s, h) F(p, f, t, s, i)
#define EVERY_R(F, p, f, t, s) \
    EIGHT(F, p, f, t, s, 1, 2, 3, 4, 5, 6, 7, 8)         EIGHT(F, p, f, t, s, 9, 10, 11, 12, 13, 14, 15, 16) \
    EIGHT(F, p, f, t, s, 17, 18, 19, 20, 21, 22, 23, 24) EIGHT(F, p, f, t, s, 25, 26, 27, 28, 29, 30, 31, 32)
#define FEW(prefix, function, words, origin, r) \
    {.name = prefix ":" #r, .pick = hu_pick_##function, .random_bits = r, .title = words, .source = origin},

static const hu_rounding table[] = {
#define MODE(n, long_name, function, bits, downward, words, origin)                                \
    {.name = n, .alias = long_name, .pick = hu_pick_##function, .random_bits = bits, .is_downward = downward, \
     .title = words, .source = origin},
#define STOCHASTIC(prefix, function, words, origin) EVERY_R(FEW, prefix, function, words, origin)
#include "rounding/modes.def"
#undef MODE
#undef STOCHASTIC
};

enum { N_MODES = sizeof table / sizeof table[0], SHOWN_R = 8 };

const hu_rounding *hu_rounding_find(const char *name, hu_error *err)
{
    hu_nearest near = hu_nearest_to(name);
    for (int i = 0; i < N_MODES; i++) {
        const hu_rounding *m = &table[i];
        if (strcmp(m->name, name) == 0 || (m->alias && strcmp(m->alias, name) == 0))
            return m;
        hu_nearest_offer(&near, m->name);
        if (m->alias)
            hu_nearest_offer(&near, m->alias);
    }
    hu_fail(err, HU_ENAME, "no rounding mode '%.40s'%s%s%s; there are rne rna rnz ru rd rz raz ro sr srh and "
            "sr:R sra:R srb:R src:R with R from 1 to 32", name,
            near.best ? " (did you mean '" : "", near.best ? near.best : "", near.best ? "'?)" : "");
    return NULL;
}

const hu_rounding *hu_rounding_at(int i)
{
    for (int k = 0, shown = 0; k < N_MODES && i >= 0; k++) {
        const hu_rounding *m = &table[k];
        if (strchr(m->name, ':') && m->random_bits != SHOWN_R)
            continue;
        if (shown++ == i)
            return m;
    }
    return NULL;
}
