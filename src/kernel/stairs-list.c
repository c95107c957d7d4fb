/* stairs-list.c - the steps of a rounding, found by asking src/ops.
 *
 * Between two neighboring values, and zeros and infinities, the code and the flags, as the number grows, change once or a few times and never
 * become again what they were: every change is found by halving. The middle of the neighbors is looked at first; there, or, where a
 * family rounds the bits of codes, at their geometric mean or at the middle of their keys, lies nearly every one.
 */
#include "src/kernel/stairs-list.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/memory.h"
#include "src/kernel/plan.h"

enum { UNKNOWN = 0x80, NEAR = 2 };

typedef struct outcome {
    hu_code  code;
    hu_flags flags;
} outcome;

typedef struct maker {
    const hu_format *format;
    hu_env        env;
    bool          narrow;
    hu_stair_list *list;
    bool          failed;
} maker;

static double number_of(uint64_t key)
{
    uint64_t bits = key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static outcome ask(const maker *m, uint64_t key)
{
    hu_env env = m->env;
    env.flags = 0;
    hu_code code = hu_plan_code(m->format, &env, number_of(key), m->narrow);
    return (outcome){code, env.flags};
}

static bool same(outcome a, outcome b)
{
    return a.code == b.code && a.flags == b.flags;
}

/* ---- the list ---- */

static bool has_room(hu_stair_list *list)
{
    if (list->n < list->room)
        return true;
    size_t room = list->room ? 2 * list->room : 256;
    uint64_t *last = hu_realloc(list->last, room * sizeof *last);
    list->last = last ? last : list->last;
    hu_stair *step = hu_realloc(list->step, room * sizeof *step);
    list->step = step ? step : list->step;
    if (!last || !step)
        return false;
    list->room = room;
    return true;
}

/* Whether the flags become those of the step, which may have none yet. */
static bool agrees(uint8_t *flags, hu_flags with)
{
    bool ok = *flags == UNKNOWN || *flags == with;
    *flags = ok ? (uint8_t)with : *flags;
    return ok;
}

/* The numbers from the last step's end up to the key have this outcome; the step grows where it says so already, but not past zero. */
static void append(maker *m, uint64_t last, outcome o)
{
    hu_stair_list *list = m->list;
    double value = hu_plan_value(m->format, o.code);
    bool is_value = last == hu_stairs_key(value);
    hu_stair *s = list->n ? &list->step[list->n - 1] : NULL;
    bool is_new = !s || list->last[list->n - 1] == hu_stairs_key(-0.0);
    if (is_new || s->code != o.code || !agrees(is_value ? &s->at : &s->off, o.flags)) {
        m->failed = m->failed || !has_room(list);
        if (m->failed)
            return;
        s = &list->step[list->n++];
        *s = (hu_stair){.code = (uint16_t)o.code, .at = is_value ? (uint8_t)o.flags : UNKNOWN, .off = is_value ? UNKNOWN : (uint8_t)o.flags};
        memcpy(&s->value, &value, sizeof value);
    }
    list->last[list->n - 1] = last;
}

/* ---- between neighbors ---- */

typedef struct range {
    uint64_t low, high;       /* here the outcome is still as wanted, and not any more */
} range;

static void narrow_down(const maker *m, range *r, uint64_t key, outcome wanted)
{
    if (key <= r->low || key >= r->high)
        return;
    if (same(ask(m, key), wanted))
        r->low = key;
    else
        r->high = key;
}

static uint64_t middle(range r)
{
    return r.low + (r.high - r.low) / 2;
}

/* The last number of the range with the wanted outcome, which the first one has and the last one has not. */
static uint64_t find_last(const maker *m, range r, outcome wanted)
{
    double x = number_of(r.low), y = number_of(r.high);
    double mean = copysign(sqrt(fabs(x)) * sqrt(fabs(y)), x);
    const uint64_t guess[] = {hu_stairs_key(x / 2 + y / 2), middle(r), hu_stairs_key(mean)};
    for (size_t i = 0; i < sizeof guess / sizeof guess[0] && r.high - r.low > 4 * NEAR; i++) {
        narrow_down(m, &r, guess[i] - NEAR, wanted);
        narrow_down(m, &r, guess[i] + NEAR, wanted);
    }
    while (r.high - r.low > 1)
        narrow_down(m, &r, middle(r), wanted);
    return r.low;
}

static void between(maker *m, uint64_t low, uint64_t high)
{
    outcome at_end = ask(m, high);
    while (low <= high && !m->failed) {
        outcome o = ask(m, low);
        uint64_t last = same(o, at_end) ? high : find_last(m, (range){low, high}, o);
        append(m, last, o);
        low = last + 1;
    }
}

/* ---- the neighbors ---- */

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The keys of all values, and of zeros and infinities, in order, some of them twice; NULL: no memory. */
static uint64_t *neighbors(const maker *m, size_t *n)
{
    size_t codes = (size_t)hu_format_last_code(m->format) + 1;
    uint64_t *keys = hu_malloc((2 * codes + 4) * sizeof *keys);
    *n = 0;
    for (size_t code = 0; keys && code < codes; code++) {
        double value = hu_plan_value(m->format, code);
        if (!isfinite(value))
            continue;
        keys[(*n)++] = hu_stairs_key(value);
        if (m->narrow)
            keys[(*n)++] = hu_stairs_key((double)(float)value);
    }
    static const double always[] = {-INFINITY, -0.0, 0.0, INFINITY};
    for (size_t i = 0; keys && i < 4; i++)
        keys[(*n)++] = hu_stairs_key(always[i]);
    if (keys)
        qsort(keys, *n, sizeof *keys, by_key);
    return keys;
}

bool hu_stair_list_make(hu_stair_list *list, const hu_format *f, const hu_env *env, bool narrow)
{
    *list = (hu_stair_list){0};
    maker m = {.format = f, .env = *env, .narrow = narrow && f->family->result, .list = list};
    size_t n;
    uint64_t *keys = neighbors(&m, &n);
    m.failed = !keys;
    if (keys)
        append(&m, keys[0] - 1, ask(&m, hu_stairs_key(-NAN)));
    for (size_t i = 0; i < n && !m.failed; i++) {
        if (i > 0 && keys[i] == keys[i - 1])
            continue;
        if (i > 0 && keys[i] - keys[i - 1] > 1)
            between(&m, keys[i - 1] + 1, keys[i] - 1);
        append(&m, keys[i], ask(&m, keys[i]));
    }
    if (!m.failed)
        append(&m, UINT64_MAX, ask(&m, hu_stairs_key(NAN)));
    hu_free(keys);
    for (size_t i = 0; i < list->n; i++) {
        hu_stair *s = &list->step[i];
        s->at = s->at == UNKNOWN ? s->off : s->at;
        s->off = s->off == UNKNOWN ? s->at : s->off;
    }
    if (m.failed)
        hu_stair_list_free(list);
    return !m.failed;
}

void hu_stair_list_free(hu_stair_list *list)
{
    hu_free(list->last);
    hu_free(list->step);
    *list = (hu_stair_list){0};
}
