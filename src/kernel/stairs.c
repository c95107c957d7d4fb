/* stairs.c - numbers looked up on the stairs of a rounding, and the stairs that are kept. */
#include "src/kernel/stairs.h"

#include <pthread.h>

#include "src/base/memory.h"
#include "src/kernel/plan.h"
#include "src/kernel/stairs-list.h"

enum { CODE_BITS_MAX = 16, KEPT_MAX = 64, CELL_BITS_MAX = 20, WORTH_STEPS = 8, WORTH_VALUES = 2 };

/* ---- looking up ---- */

static inline hu_flags flags_of(const hu_stair *step, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits == step->value ? step->at : step->off;
}

hu_flags hu_stairs_round(const hu_stairs *s, double *out, const double *in, size_t n)
{
    hu_flags flags = 0;
    for (size_t i = 0; i < n; i++) {
        const hu_stair *step = &s->list.step[hu_stairs_find(s, in[i])];
        flags |= flags_of(step, in[i]);
        memcpy(&out[i], &step->value, sizeof *out);
    }
    return flags;
}

hu_flags hu_stairs_codes(const hu_stairs *s, uint64_t *out, const double *in, size_t n)
{
    hu_flags flags = 0;
    for (size_t i = 0; i < n; i++) {
        const hu_stair *step = &s->list.step[hu_stairs_find(s, in[i])];
        flags |= flags_of(step, in[i]);
        out[i] = step->code;
    }
    return flags;
}

void hu_stairs_decode(const hu_stairs *s, double *out, const uint64_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = s->value[in[i]];
}

/* ---- making ---- */

static uint32_t cell_bits(size_t ends)
{
    uint32_t bits = 0;
    while (bits < CELL_BITS_MAX && (size_t)1 << bits < 2 * ends)
        bits++;
    return bits;
}

/* How many cells, and where they begin. */
static size_t cut_binades(hu_stairs *s)
{
    size_t cells = 0, i = 0;
    for (uint64_t b = 0; b < HU_BINADES; b++) {
        size_t first = i;
        while (i < s->list.n && s->list.last[i] >> HU_KEY_BITS == b)
            i++;
        uint32_t bits = cell_bits(i - first);
        s->binade[b] = (hu_binade_cells){(uint32_t)cells, HU_KEY_BITS - bits};
        cells += (size_t)1 << bits;
    }
    return cells;
}

static void fill_cells(hu_stairs *s, size_t cells)
{
    size_t step = 0, cell = 0;
    for (uint64_t b = 0; b < HU_BINADES; b++) {
        size_t end = b + 1 < HU_BINADES ? s->binade[b + 1].first_cell : cells;
        for (uint64_t key = b << HU_KEY_BITS; cell < end; cell++, key += UINT64_C(1) << s->binade[b].shift) {
            while (key > s->list.last[step])
                step++;
            s->cell[cell] = (uint32_t)step;
        }
    }
    s->cell[cells] = (uint32_t)s->list.n - 1;
}

static bool make_steps(hu_stairs *s, const hu_env *env)
{
    hu_env own = *env;
    bool draws = env->rounding->random_bits > 0;
    if (draws)
        own.rounding = hu_rounding_find("rz", NULL);
    if (!hu_stair_list_make(&s->list, s->format, &own, s->narrow))
        return false;
    s->span = draws ? hu_spans_make(&s->list, s->format, env->tininess) : NULL;
    s->binade = hu_malloc(HU_BINADES * sizeof *s->binade);
    size_t cells = s->binade ? cut_binades(s) : 0;
    s->cell = hu_malloc((cells + 1) * sizeof *s->cell);
    if (!s->binade || !s->cell || (draws && !s->span))
        return false;
    fill_cells(s, cells);
    s->bytes = s->list.room * (sizeof *s->list.step + sizeof *s->list.last) + (cells + 1) * sizeof *s->cell + HU_BINADES * sizeof *s->binade;
    s->bytes += draws ? s->list.n * sizeof *s->span : 0;
    return true;
}

static bool make_values(hu_stairs *s)
{
    size_t codes = (size_t)hu_format_last_code(s->format) + 1;
    s->value = hu_malloc(codes * sizeof *s->value);
    for (size_t code = 0; s->value && code < codes; code++)
        s->value[code] = hu_plan_value(s->format, code);
    s->bytes = codes * sizeof *s->value;
    return s->value;
}

static void clear(hu_stairs *s)
{
    hu_stair_list_free(&s->list);
    hu_free(s->binade);
    hu_free(s->cell);
    hu_free(s->span);
    hu_free(s->value);
    *s = (hu_stairs){0};
}

/* ---- the ones kept; under the lock ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static hu_stairs kept[KEPT_MAX];
static unsigned long clock_of_use;

static bool is_for(const hu_stairs *a, const hu_stairs *b)
{
    return a->format == b->format && a->rounding == b->rounding && a->overflow == b->overflow && a->tininess == b->tininess && a->narrow == b->narrow;
}

/* The one not used for longest, but for those in use and the given one; NULL: none. */
static hu_stairs *find_oldest(const hu_stairs *but, bool with_bytes)
{
    hu_stairs *oldest = NULL;
    for (hu_stairs *s = kept; s < kept + KEPT_MAX; s++) {
        if (s != but && s->users == 0 && (s->bytes || !with_bytes) && (!oldest || s->used < oldest->used))
            oldest = s;
    }
    return oldest;
}

static hu_stairs *find_or_count(const hu_stairs *wanted)
{
    for (hu_stairs *s = kept; s < kept + KEPT_MAX; s++) {
        if (is_for(s, wanted))
            return s;
    }
    hu_stairs *s = find_oldest(NULL, false);
    if (s) {
        clear(s);
        *s = *wanted;
    }
    return s;
}

static size_t all_bytes(void)
{
    size_t sum = 0;
    for (int i = 0; i < KEPT_MAX; i++)
        sum += kept[i].bytes;
    return sum;
}

/* Others go until there is room. */
static bool make_room(const hu_stairs *for_this)
{
    while (all_bytes() > HU_STAIRS_BYTES) {
        hu_stairs *oldest = find_oldest(for_this, true);
        if (!oldest)
            return false;
        clear(oldest);
    }
    return true;
}

static bool make(hu_stairs *s, const hu_env *env)
{
    const hu_stairs wanted = *s;
    s->is_made = (env ? make_steps(s, env) : make_values(s)) && make_room(s);
    if (!s->is_made) {
        clear(s);
        *s = wanted;
    }
    return s->is_made;
}

static hu_stairs *take(const hu_stairs *wanted, const hu_env *env, size_t n)
{
    size_t worth = ((size_t)hu_format_last_code(wanted->format) + 1) * (env ? WORTH_STEPS : WORTH_VALUES);
    pthread_mutex_lock(&lock);
    hu_stairs *s = find_or_count(wanted);
    if (s) {
        s->used = ++clock_of_use;
        s->asked = n < worth - s->asked ? s->asked + n : worth;
        if (!s->is_made && (s->asked < worth || !make(s, env)))
            s = NULL;
    }
    if (s)
        s->users++;
    pthread_mutex_unlock(&lock);
    return s;
}

static bool can_be(const hu_format *f)
{
    return f->width_bits <= CODE_BITS_MAX && !f->wraps && hu_fits_f64(f);
}

hu_stairs *hu_stairs_take(const hu_format *f, const hu_env *env, bool narrow, size_t n)
{
    if (!can_be(f) || (env->rounding->random_bits > 0 && f->family->result))
        return NULL;
    narrow = narrow && f->family->result;
    return take(&(hu_stairs){.format = f, .rounding = env->rounding, .overflow = env->overflow, .tininess = env->tininess, .narrow = narrow}, env, n);
}

hu_stairs *hu_stairs_take_values(const hu_format *f, size_t n)
{
    return f->width_bits <= CODE_BITS_MAX && hu_fits_f64(f) ? take(&(hu_stairs){.format = f}, NULL, n) : NULL;
}

void hu_stairs_give_back(hu_stairs *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&lock);
    s->users--;
    pthread_mutex_unlock(&lock);
}

int hu_stairs_count(size_t *bytes)
{
    int n = 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < KEPT_MAX; i++)
        n += kept[i].is_made;
    *bytes = all_bytes();
    pthread_mutex_unlock(&lock);
    return n;
}

__attribute__((destructor)) static void end_of_library(void)
{
    for (int i = 0; i < KEPT_MAX; i++)
        clear(&kept[i]);
}
