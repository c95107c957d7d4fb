/* gemm-choose.c - which tiles a GEMM may use, by its formats, its mode and what its factors are like.
 *
 * The quickest tiles round to nearest-even and leave out what cannot happen. What can is told by the factors: how many bits their
 * significands have, and how large and how small they are.
 */
#include <math.h>
#include <string.h>

#include "src/base/clones.h"
#include "src/kernel/gemm.h"

/* Significant bits of a float. Sums of two numbers of up to OWN_BITS bits, rounded to FLOAT_BITS, are never in the middle between two
 * numbers of OWN_BITS bits unless exactly: 2 p + 2 bits are enough (Figueroa, SIGNUM 30(3), 1995). */
enum { FLOAT_BITS = 24, OWN_BITS = 11, DOUBLE_BITS = 53, DOWNWARD_BITS = 19 };

/* What the factors of one matrix are like. */
typedef struct factors {
    bool finite;
    int lowest, highest;                  /* exponents of what is not zero */
    int significant;                      /* bits that all significands have */
    double largest;                       /* magnitude                       */
} factors;

static const factors ones = {true, 0, 0, 1, 1.0};

static factors summary(uint64_t bits, uint64_t low, uint64_t top, bool is_f32)
{
    int man = is_f32 ? 23 : 52, bias = is_f32 ? 127 : 1023;
    uint64_t cut = bits & ((UINT64_C(1) << man) - 1), infinity = (uint64_t)(2 * bias + 1) << man;
    factors f = {.finite = top < infinity, .lowest = top ? (int)(low >> man) - bias : 0, .highest = top ? (int)(top >> man) - bias : 0,
                 .significant = cut ? man + 1 - __builtin_ctzll(cut) : 1};
    uint32_t top32 = (uint32_t)top;
    float largest;
    if (is_f32) {
        memcpy(&largest, &top32, sizeof largest);
        f.largest = (double)largest;
    } else {
        memcpy(&f.largest, &top, sizeof f.largest);
    }
    if (top && low >> man == 0) {                        /* subnormal: as many bits as there may be, all the way down */
        f.lowest = 1 - bias - man;
        f.significant = man + 1;
    }
    return f;
}

/* Every element of both matrices is looked at once for each product: with wide vectors that is a tenth of the time. Whole numbers only, so
 * that every copy gives the same. */
#define NUMBER float
#define WORD   uint32_t
#define SURVEY survey_f32
#include "src/kernel/survey.body.h"
#define NUMBER double
#define WORD   uint64_t
#define SURVEY survey_f64
#include "src/kernel/survey.body.h"

static factors survey(const void *x, size_t rows, size_t columns, size_t apart, bool is_f32)
{
    return is_f32 ? survey_f32(x, rows, columns, apart) : survey_f64(x, rows, columns, apart);
}

/* ---- what follows from the factors ---- */

/* Whether all products are multiples of 2^lowest of at most `bits` bits. */
static bool products_are(const factors *a, const factors *b, int bits, int lowest)
{
    return a->significant + b->significant <= bits && a->lowest - a->significant + b->lowest - b->significant + 2 >= lowest;
}

static double max_of(const hu_format *f)
{
    return hu_to_double(f, f->max_code);
}

/* The products are values of the format. */
static bool products_fit(const factors *a, const factors *b, const hu_format *f)
{
    return products_are(a, b, f->man_bits + 1, f->emin - f->man_bits) && a->largest * b->largest <= max_of(f);
}

/* Rounding to nearest, a sum changes by no more than the term that was added, and a product by no more than itself. */
static bool stays_in(const factors *a, const factors *b, size_t k, const hu_format *f, double product_grows)
{
    return 2.0001 * product_grows * (double)k * a->largest * b->largest <= max_of(f);
}

/* Sums of such a number and a product on the grid of `term` are none of float's in the middle of two such numbers. */
static bool adds_by_itself(const hu_format *sum, const hu_format *term)
{
    return sum->man_bits < OWN_BITS && term->man_bits <= sum->man_bits && term->emin - term->man_bits >= sum->emin - sum->man_bits;
}

/* ---- the quickest tiles, on floats ---- */

static const uint64_t SIGN = UINT64_C(1) << 31, INFINITE = UINT64_C(0xff) << 23;

static bool is_nan(uint64_t bits)
{
    return (bits & ~SIGN) > INFINITE;
}

static bool nearest_even(const hu_plan *p)
{
    const hu_grid *g = &p->grid_f32;
    if (!p->has_f32 || p->way != HU_WAY_rne || p->format->man_bits > 21)
        return false;
    if (g->quick == HU_QUICK_SAME_RANGE)
        return g->over[0] == INFINITE && g->over[1] == (INFINITE | SIGN) && g->max == INFINITE - (UINT64_C(1) << g->drop);
    return g->quick == HU_QUICK_ADD && (g->over[1] == (g->over[0] | SIGN) || is_nan(g->over[0]));
}

static int kind_of(const hu_plan *p, bool stays)
{
    return p->grid_f32.quick == HU_QUICK_SAME_RANGE ? HU_TILE_SAME_RANGE : stays ? HU_TILE_IN_RANGE : HU_TILE_ADD;
}

static hu_tile_f32_fn *quickest(const hu_lanes *lanes, const hu_tiled *how, const factors *a, const factors *b, size_t k)
{
    const hu_plan *sum = how->sum, *product = how->product;
    if (product && !nearest_even(product) && !products_fit(a, b, product->format))
        return NULL;
    if (!product || products_fit(a, b, product->format)) {
        bool own = sum->format->man_bits < OWN_BITS && products_fit(a, b, sum->format), stays = stays_in(a, b, k, sum->format, 1);
        double room = ldexp(1, 127 - sum->grid_f32.drop);
        bool splits = own && stays && lanes->tile_fma[own][HU_TILE_SPLIT] && 2.0001 * (double)k * a->largest * b->largest <= room;
        if (lanes->tile_fma_downward && !splits && sum->format->man_bits > DOWNWARD_BITS)
            return NULL;
        return lanes->tile_fma[own][splits ? HU_TILE_SPLIT : kind_of(sum, stays)];
    }
    bool product_stays = a->largest * b->largest * 2 <= max_of(product->format);
    if (!product_stays && !is_nan(sum->grid_f32.nan) && (product->grid_f32.over[0] & ~SIGN) >= INFINITE)
        return NULL;                      /* infinite products may give a NaN, which the sum's format then has a number for */
    int sum_kind = kind_of(sum, product_stays && stays_in(a, b, k, sum->format, 2));
    int terms = !adds_by_itself(sum->format, product->format) ? HU_TERMS_ANY
              : products_are(a, b, FLOAT_BITS, -149) && a->highest + b->highest + 2 <= 127 ? HU_TERMS_OWN : HU_TERMS_ADD_OWN;
    return lanes->tile_mul_add[terms][kind_of(product, product_stays)][sum_kind];
}

/* ---- the tiles of tile-near.body.h ---- */

/* Of 64 steps the lowest bits of products lie so far above where a product's of all bits would; a sum of such terms is seldom smaller than they by
 * more than `SELDOM` binades. Found by trying, with normal factors; where it is wrong, tiles come out right, and more slowly. */
enum { ABOVE_LOWEST = 16, SELDOM = 18, SELDOM_SUBNORMAL = 16, SELDOM_SUBNORMAL_ODD = 10 };

static bool choose_near(hu_tile_choice *t, const hu_tiled *how, const factors *a, const factors *b)
{
    const hu_format *f = how->sum->format;
    const hu_grid *g = &how->sum->grid_f32;
    const int lowest = a->highest - a->significant + b->highest - b->significant + 2 + ABOVE_LOWEST;
    if (!t->f32 || a->largest == 0 || b->largest == 0)
        return false;
    bool multiplies = how->product && !products_fit(a, b, how->product->format);
    if (multiplies && (how->product->format != f || !nearest_even(how->product) || f->man_bits >= OWN_BITS))
        return false;
    int least = lowest + f->man_bits + 2;                /* of sums that are seen not to be in the middle */
    bool proves = multiplies ? a->significant + b->significant >= f->man_bits + 4 + ABOVE_LOWEST : least <= f->emin || least <= a->highest + b->highest - SELDOM;
    if (!proves && !t->downward)
        return false;
    least = !proves || multiplies || least < f->emin ? f->emin : least;
    if (least == f->emin && least > a->highest + b->highest - (t->downward ? SELDOM_SUBNORMAL_ODD : SELDOM_SUBNORMAL))
        return false;
    int scale = -126 - least, scale_a = scale / 2, scale_b = scale - scale_a;
    if (a->lowest + scale_a < -126 || b->lowest + scale_b < -126 || a->highest > 125 || b->highest > 125 || scale < -200)
        return false;
    t->is_near = true;
    t->near = (hu_near){.otherwise = t->f32, .otherwise_downward = t->downward, .product = t->product, .sum = t->sum, .multiplies = multiplies, .has_subnormals = least == f->emin,
                        .man_bits = f->man_bits, .drop = g->drop, .scale_a = (float)ldexp(1, scale_a), .scale_b = (float)ldexp(1, scale_b),
                        .limit = fmin(ldexp(max_of(f), scale), ldexp(1, 127 - g->drop)), .tally = &t->tally};
    return true;
}

/* ---- tiles of any mode ---- */

static const hu_grid *any_grid(const hu_plan *p, bool is_f32)
{
    const hu_grid *g = is_f32 ? &p->grid_f32 : &p->grid_f64;
    bool known = !p->is_random && (is_f32 ? p->has_f32 && p->format->man_bits <= 21 : p->has_odd);
    return known && g->quick != HU_QUICK_NONE ? g : NULL;
}

/* An infinite sum is made by an overflow only, and what an overflow gives stays as it is. Products that may be infinite need a NaN. */
static bool keeps_nan(const hu_grid *product, const hu_grid *sum, int man)
{
    uint64_t magnitudes = (UINT64_C(1) << (man == 52 ? 63 : 31)) - 1, infinity = (uint64_t)(man == 52 ? 0x7ff : 0xff) << man;
    bool may_overflow = (product->over[0] & magnitudes) >= infinity || (product->over[1] & magnitudes) >= infinity;
    return !may_overflow || (sum->nan & magnitudes) > infinity;
}

static bool choose_any(hu_tile_choice *t, const hu_lanes *lanes, const hu_tiled *how, bool is_f32)
{
    const hu_grid *sum = any_grid(how->sum, is_f32), *product = how->product ? any_grid(how->product, is_f32) : NULL;
    if (!sum || (how->product && (!product || !keeps_nan(product, sum, is_f32 ? 23 : 52))))
        return false;
    bool sum_same = sum->quick == HU_QUICK_SAME_RANGE, product_same = product && product->quick == HU_QUICK_SAME_RANGE;
    *t = (hu_tile_choice){.product = product, .sum = sum, .downward = true};
    if (is_f32)
        t->f32 = product ? lanes->tile_any_mul_add_f32[product_same][sum_same] : lanes->tile_any_fma_f32[sum_same];
    else
        t->f64 = product ? lanes->tile_any_mul_add_f64[product_same][sum_same] : lanes->tile_any_fma_f64[sum_same];
    return t->f32 || t->f64;
}

/* ---- tiles that draw ---- */

/* Words have 32 random bits, and srb adds one below those it draws. Doubles hold as many of a position, and one that says what lies below. */
enum { MOST_DRAWN = 31, DRAWN_BITS = 19, DRAWN_BITS_F32 = 11 };

static bool choose_drawn(hu_tile_choice *t, const hu_lanes *lanes, const hu_tiled *how)
{
    const hu_plan *p = how->sum;
    const hu_grid *g = &p->grid_f32;
    bool few = p->way == HU_WAY_sra || p->way == HU_WAY_srb, known = p->way == HU_WAY_sr || p->way == HU_WAY_srh || (few && p->env.rounding->random_bits <= MOST_DRAWN);
    if (how->product || how->chunk || !known || !p->has_odd || p->format->man_bits > DRAWN_BITS || p->grid_f64.quick != HU_QUICK_ADD)
        return false;
    *t = (hu_tile_choice){.sum = g, .downward = true};
    bool plain = ((g->over[0] ^ g->over[1]) & INT32_MAX) == 0, same = g->quick == HU_QUICK_SAME_RANGE && g->over[0] == UINT64_C(0xff) << 23;
    if (how->is_f32 && p->has_quick_random && plain && p->format->man_bits <= DRAWN_BITS_F32)
        t->drawn_f32 = lanes->tile_drawn_f32[same];
    if (!t->drawn_f32)
        t->drawn_f64 = lanes->tile_drawn_f64;
    return true;
}

/* ---- the choice ---- */

static bool own_tile(hu_tile_choice *t, const hu_lanes *lanes, bool is_f32)
{
    if (is_f32)
        *t = (hu_tile_choice){.f32 = lanes->tile_own_f32, .whole_f32 = lanes->tile_whole_f32};
    else
        *t = (hu_tile_choice){.f64 = lanes->tile_own_f64, .whole_f64 = lanes->tile_whole_f64};
    return true;
}

bool hu_is_own(const hu_plan *plan, bool is_f32)
{
    return !plan || (plan->way == HU_WAY_rne && plan->env.overflow == HU_OVERFLOW_IEEE
                     && plan->format == hu_format_find(is_f32 ? "e8m23" : "e11m52", NULL));
}

bool hu_gemm_choose(hu_tile_choice *t, const void *a, const void *b, const hu_gemm_shape *s, const hu_tiled *how)
{
    const hu_lanes *lanes = hu_lanes_chosen();
    *t = (hu_tile_choice){0};
    if (!how->product && hu_is_own(how->sum, how->is_f32))
        return own_tile(t, lanes, how->is_f32);
    if (!how->sum)
        return false;
    bool to_even = how->is_f32 && lanes->tile_near && nearest_even(how->sum);
    bool any = choose_any(t, lanes, how, how->is_f32) || (how->is_f32 && choose_any(t, lanes, how, false)) || choose_drawn(t, lanes, how);
    if (!to_even && !any)
        return false;
    factors of_a = survey(a, s->a_transposed ? s->k : s->m, s->a_transposed ? s->m : s->k, s->lda, how->is_f32), of_b = ones;
    if (b)
        of_b = survey(b, s->b_transposed ? s->n : s->k, s->b_transposed ? s->k : s->n, s->ldb, how->is_f32);
    if (!of_a.finite || !of_b.finite)
        return false;
    hu_tile_f32_fn *best = to_even ? quickest(lanes, how, &of_a, &of_b, s->k) : NULL;
    if (best)
        *t = (hu_tile_choice){.f32 = best, .downward = lanes->tile_fma_downward && best != lanes->tile_fma[1][HU_TILE_SPLIT], .product = how->product ? &how->product->grid_f32 : NULL, .sum = &how->sum->grid_f32};
    if (to_even && !(best && best == lanes->tile_fma[1][HU_TILE_SPLIT]))
        (void)choose_near(t, how, &of_a, &of_b);
    if (!best && (t->f64 || t->drawn_f64) && !how->product && lanes->any_multiplies_first && !how->is_f32)
        return products_are(&of_a, &of_b, DOUBLE_BITS, -1074) && of_a.highest + of_b.highest + 2 <= 1023;
    return best || any;
}
