/* lanes.h - the inner loops of the kernels: one table of functions per instruction set.
 *
 * A loop works on whole arrays of plain integers and doubles without a branch, so that the compiler can
 * put several elements into one register. Three steps make an operation:
 *
 *     load    carriers of any stride become doubles
 *     exact   the operation in double, rounded to odd where it is not exact: the last bit then tells every
 *             later rounding to at most 51 bits that something was cut off (Boldo and Melquiond,
 *             "Emulation of FMA and correctly rounded sums", IEEE TC 57(4), 2008)
 *     round   the double on the grid of a format, by the carrier's bits
 *
 * What a loop cannot do for some element (an exact result outside the range of double, a random number that
 * the cut-off bits would decide) it says in `doubt`; the caller then does the whole block through src/ops.
 */
#ifndef HU_KERNEL_LANES_H
#define HU_KERNEL_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/kernel/kernel.h"

/* Ways of picking a neighbor: the first HU_N_FIXED look at the number alone, the others at random words too. */
#define HU_FIXED_MAP(X)  X(rne) X(rna) X(rnz) X(ru) X(rd) X(rz) X(raz) X(ro)
#define HU_RANDOM_MAP(X) X(sr) X(srh) X(sra) X(srb) X(src)

typedef enum hu_way {
#define X(name) HU_WAY_##name,
    HU_FIXED_MAP(X)
    HU_N_FIXED,
    HU_WAY_before_random = HU_N_FIXED - 1,
    HU_RANDOM_MAP(X)
    HU_N_WAYS
#undef X
} hu_way;

enum { HU_BLOCK = 256 };      /* elements that are worked on together, in buffers on the stack */

enum { HU_N_RANDOM = HU_N_WAYS - HU_N_FIXED };

/* The operations are counted from 0; the number after the last stands for rounding alone. */
#define HU_N_ELEMENTWISE 6
#define HU_ROUND_ONLY ((hu_elementwise)HU_N_ELEMENTWISE)

/* Which of the loops for finite numbers may be used (quick.body.h). */
typedef enum hu_quick {
    HU_QUICK_NONE,
    HU_QUICK_ADD,             /* by adding a power of two                                                      */
    HU_QUICK_SAME_RANGE       /* the format's smallest normal is the carrier's: the same bits go everywhere    */
} hu_quick;

/* A format's grid among the bits of a carrier. Numbers with a sign are indexed by it. */
typedef struct hu_grid {
    int      drop;            /* bits of a carrier significand below the format's last one, for normal values  */
    int      fine_drop;       /* the same just below the smallest normal, were the exponent range unbounded    */
    int      emin;            /* exponent field of the smallest normal                                         */
    int      random_bits;     /* sra srb src: how many                                                         */
    uint64_t min_normal, min_subnormal, max;
    uint64_t tiny[2];         /* magnitudes below this are tiny after (or, if asked for, before) rounding      */
    uint64_t flush[2];        /* magnitudes below this become zero; 0: none does                               */
    uint64_t read_as_zero;    /* results below this are zeros, silently: the format reads subnormals so        */
    uint64_t over[2], inf[2]; /* results: one that overflowed; an infinity                                     */
    uint64_t nan;             /* result: a NaN                                                                 */
    uint64_t negative_zero;   /* the carrier's sign bit; 0: the format has no negative zero                    */
    hu_way   way;
    hu_quick quick;
    uint64_t big;             /* the power of two above max: magnitudes from there on are all as far too large */
    bool     flushes;         /* tiny results become zeros                                                     */
    bool     tiny_before;     /* tininess is told before rounding                                              */
    bool     streams;         /* results go past the caches, where the table says that it can: out is aligned to 64 bytes and is not in */
    hu_flags inf_flags, nan_flags;
} hu_grid;

/* Where the codes of a float format lie among the bits of a carrier (codes.body.h). */
typedef struct hu_fields {
    int      drop, width, man_bits;
    bool     same_range;      /* the format's smallest normal is the carrier's                                 */
    uint64_t offset;          /* what the carrier's bias adds to the code of a normal value                    */
    uint64_t min_normal;      /* and the two below: bits of the carrier                                        */
    uint64_t unit;            /* the power of two in whose sums subnormals stand in the last places            */
    uint64_t least;           /* the smallest subnormal; 0: they are read as zeros                             */
    uint64_t reads_zero;      /* all ones: they are                                                            */
    uint64_t max_code, inf_code, nan_code;      /* inf_code: also what an infinity becomes                     */
    uint64_t inf_at, nan_at;  /* magnitude of the infinity; a code by itself that is a NaN; all ones: none     */
} hu_fields;

/* Values of a format (NaN the canonical one) to codes, and back. */
typedef void hu_to_u8_fn(uint8_t *out, const float *in, size_t n, const hu_fields *k);
typedef void hu_to_u16_fn(uint16_t *out, const float *in, size_t n, const hu_fields *k);
typedef void hu_to_u64_fn(uint64_t *out, const double *in, size_t n, const hu_fields *k);
typedef void hu_from_u8_fn(float *out, const uint8_t *in, size_t n, const hu_fields *k);
typedef void hu_from_u16_fn(float *out, const uint16_t *in, size_t n, const hu_fields *k);
typedef void hu_from_u64_fn(double *out, const uint64_t *in, size_t n, const hu_fields *k);

/* What was met, in any bit. */
typedef struct hu_seen {
    uint64_t inexact, underflow, overflow, inf, nan, signaling, invalid, divbyzero, doubt;
} hu_seen;

typedef void hu_round_f32_fn(float *out, const float *in, size_t n, const hu_grid *g, hu_seen *seen);
typedef void hu_round_f64_fn(double *out, const double *in, size_t n, const hu_grid *g, hu_seen *seen);
typedef void hu_round_random_fn(double *out, const double *in, const uint64_t *words, size_t n,
                                const hu_grid *g, hu_seen *seen);
typedef bool hu_quick_random_fn(float *out, const float *in, const uint32_t *halves, size_t n,
                                const hu_grid *g, hu_seen *seen);   /* true: the block has to be done again */
/* Without flags; true also where flags that `seen` lacks may have to be raised, inexact apart. */
typedef bool hu_glance_random_fn(float *out, const float *in, const uint32_t *halves, size_t n, const hu_grid *g, const hu_seen *seen);
typedef void hu_exact_fn(double *out, const double *a, const double *b, const double *c, size_t n,
                         bool downward, hu_seen *seen);

/* out = op(a, b, c) of floats, rounded to odd. Returns true where that failed: some result is no number, infinite, or beyond
 * float's range. */
typedef bool hu_odd_f32_fn(float *out, const float *a, const float *b, const float *c, size_t n, bool downward);
/* Strips of blocks (strip.body.h). */
typedef void hu_shifted_fn(float *out, const float *in, const uint32_t *shift, size_t n, const hu_grid *g, hu_seen *seen);

/* HU_GROUP blocks of `size` floats each, a multiple of 16, whose flags nobody asks for: values, apart from `in`. False: they are not to be trusted. What
 * overflows is saturated. (group-avx512.h) */
enum { HU_GROUP = 16 };
typedef struct hu_group {
    const hu_grid *element;
    size_t   size;
    bool     streams;         /* as a grid's                                                                   */
    bool     positive_zero;   /* zeros become positive                                                         */
    uint32_t carry;           /* scales that are powers of two: as in hu_block_floats                          */
    int      base, lowest, highest;
    const hu_grid *scale;     /* others: the grid of the scale, 1 / (T M), T, 1 / T, the smallest positive one */
    float    inverse, tensor, tensor_inverse, least;
} hu_group;
typedef bool hu_group_fn(float *out, const float *in, const hu_group *k);

/* A tile of a result of GEMM over k terms: see tile.body.h. */
typedef void hu_tile_f32_fn(float *acc, const float *a, const float *b, size_t k, const hu_grid *product, const hu_grid *sum);
typedef void hu_tile_f64_fn(double *acc, const double *a, const double *b, size_t k, const hu_grid *product, const hu_grid *sum);

/* Such a tile of the carrier's own arithmetic, whole and in the result, whose rows are `apart`; tiles from there, and back. */
typedef void hu_whole_f32_fn(float *to, size_t apart, bool fresh, const float *a, const float *b, size_t k);
typedef void hu_whole_f64_fn(double *to, size_t apart, bool fresh, const double *a, const double *b, size_t k);

/* A tile whose sums are rounded stochastically, each in its format's grids. Element (r, j) draws for term l the upper half rows[l][r] ^ columns[l][j] of
 * a word, whose lower half is 0, and is rounded as by `sr`; words of the other modes are made such ones before (gemm.body.h). */
typedef struct hu_tile_words {
    const hu_grid *f32, *f64;
    bool halves;                          /* srh: words are 0 or all ones, and those take whatever is not exact away from zero */
    const uint32_t *rows, *columns;
    const uint32_t *cut;                  /* rows, shifted to the place where floats draw, and inverted */
} hu_tile_words;
typedef void hu_tile_drawn_f32_fn(float *acc, const float *a, const float *b, size_t k, const hu_tile_words *w);
typedef void hu_tile_drawn_f64_fn(double *acc, const double *a, const double *b, size_t k, const hu_tile_words *w);

/* Stretches in which subnormal floats were allowed, and those that met some: an operation that does takes a hundred times as long. */
typedef struct hu_near_tally { unsigned all, met; } hu_near_tally;

/* A tile whose sums, or products and sums, are rounded to nearest-even as tile-near.body.h tells, from panels of scaled factors. */
typedef struct hu_near {
    hu_tile_f32_fn *otherwise;            /* what is not known to come out right goes through this, unscaled */
    bool otherwise_downward;              /* for which the processor has to round downward */
    const hu_grid *product, *sum;
    bool multiplies;                      /* products are rounded, to the sum's format */
    bool has_subnormals;                  /* the format's smallest normal number becomes the smallest normal float */
    int man_bits, drop;
    float scale_a, scale_b;               /* powers of two, at most 1 */
    double limit;                         /* scaled sums have to stay up to here */
    hu_near_tally *tally;
} hu_near;
typedef void hu_near_f32_fn(float *acc, const float *a, const float *b, size_t k, const uint32_t *extents_a, const uint32_t *extents_b,
                            const hu_near *n);

/* How tiles round to nearest-even: by adding a power of two, with everything that may happen; as HU_QUICK_SAME_RANGE; by adding,
 * where no sum can overflow; the same for sums that one operation gives, by a difference of multiples. What their terms are: anything; what add up without hitting upon a middle between two values where
 * the float's own sum does not; products that have these, too. */
enum { HU_TILE_ADD, HU_TILE_SAME_RANGE, HU_TILE_IN_RANGE, HU_N_TILE_KINDS, HU_TILE_SPLIT = HU_N_TILE_KINDS };
enum { HU_TERMS_ANY, HU_TERMS_ADD_OWN, HU_TERMS_OWN, HU_N_TERMS };

/* A step of a block FMA for HU_STEP_ACROSS neighboring elements: see block-fma.body.h. Exponents are those of hu_block_fma; of a zero
 * HU_STEP_ZERO. */
enum { HU_STEP_ACROSS = 64, HU_STEP_ZERO = -8192 };
typedef struct hu_step {
    int group, width, room;               /* room: how many terms an int32_t holds the sum of              */
    int lowest, emin_c;                   /* exponents, as in hu_block_fma                                 */
} hu_step;
typedef void hu_step_f32_fn(double *sum, const double *c, const float *a, const int16_t *ea, const float *b, const int16_t *eb, const hu_step *s);
typedef void hu_step_f64_fn(double *sum, const double *c, const double *a, const int16_t *ea, const double *b, const int16_t *eb, const hu_step *s);

/* L-Mul made ready: see multiply.body.h and multiply.h. */
typedef struct hu_lmul {
    bool     formula;
    uint64_t more, least, most;           /* bits of doubles: 2^-l as a part of a significand; the smallest normal and the largest value */
    double   offset;                      /* 2^-l - 1 */
} hu_lmul;
typedef void hu_lmul_fn(double *out, const double *x, const double *y, size_t n, const hu_lmul *how);

/* Integer sums, a strip of HU_INTEGER_ACROSS neighboring ones: see integer.body.h. */
enum { HU_INTEGER_ACROSS = 64 };
typedef struct hu_integer_range { int64_t low, high; int bits; } hu_integer_range;
typedef void hu_integer_fn(void *acc, const void *a, const void *b, size_t terms, const hu_integer_range *r, uint64_t *lost);
typedef enum hu_integer_way { HU_INTEGER_MODULAR, HU_INTEGER_WRAP, HU_INTEGER_SATURATE, HU_N_INTEGER_WAYS } hu_integer_way;

typedef struct hu_lanes {
    const char         *name;
    hu_round_f32_fn    *round_f32[HU_N_FIXED];
    hu_round_f64_fn    *round_f64[HU_N_FIXED];
    hu_round_random_fn *round_random[HU_N_RANDOM];          /* in: exact numbers                               */
    hu_round_random_fn *round_random_odd[HU_N_RANDOM];      /* in: rounded to odd; may raise doubt             */
    hu_quick_random_fn *quick_random[HU_N_RANDOM];
    hu_glance_random_fn *glance_random[HU_N_RANDOM];        /* NULL: no such loop                              */
    hu_exact_fn        *narrow[HU_N_ELEMENTWISE];           /* operands are values of float                    */
    hu_exact_fn        *wide[HU_N_ELEMENTWISE];             /* operands are any doubles; may raise doubt       */
    hu_odd_f32_fn      *odd_f32[HU_N_ELEMENTWISE];          /* NULL: no such loop                              */
    void (*load_f32)(double *out, const float *in, size_t n, size_t stride, hu_seen *seen);
    void (*load_f64)(double *out, const double *in, size_t n, size_t stride, hu_seen *seen);
    void (*stream)(void *out, const void *in, size_t size);      /* memcpy past the caches: for what nobody reads soon; whatever was streamed is then there for all */
    bool                streams_f32;                        /* round_f32 and glance_random look at hu_grid's streams    */
    void (*store_f32)(float *out, const double *in, size_t n);
    void (*halves)(uint32_t *out, size_t n, uint64_t seed, uint64_t stream, uint64_t index);    /* upper halves of words */
    void (*words)(uint64_t *out, size_t n, uint64_t seed, uint64_t stream, uint64_t index, uint64_t stride);
    int                 tile_rows, tile_bytes;              /* a tile's rows, and how long one is                */
    hu_tile_f32_fn     *tile_own_f32;                       /* the carrier's own arithmetic                     */
    hu_tile_f64_fn     *tile_own_f64;
    hu_whole_f32_fn    *tile_whole_f32;
    hu_whole_f64_fn    *tile_whole_f64;
    void (*tile_get_f32)(float *acc, const float *from, size_t apart);
    void (*tile_get_f64)(double *acc, const double *from, size_t apart);
    void (*tile_put_f32)(float *to, size_t apart, const float *acc);
    void (*tile_put_f64)(double *to, size_t apart, const double *acc);
    hu_step_f32_fn     *step_f32;                           /* of a block FMA, before its last rounding         */
    hu_step_f64_fn     *step_f64;
    hu_lmul_fn         *lmul;
    hu_integer_fn      *integer[2][HU_N_INTEGER_WAYS];      /* of 32 and 64 bits                                */
    hu_shifted_fn      *shifted[HU_N_FIXED];
    hu_group_fn        *group_shifted[HU_N_FIXED], *group_divided[HU_N_FIXED];        /* NULL: no such loops */
    void (*largest)(uint32_t *most, const float *in, size_t n, size_t size);
    uint32_t (*largest_of_all)(const float *in, size_t n);
    void (*unshift)(float *out, const float *in, const uint32_t *shift, size_t n);
    bool (*quotients)(float *out, const float *in, const float *inverse, size_t n, const hu_grid *g);
    void (*products)(float *out, const float *in, const double *by, size_t n, float zero);
    hu_to_u8_fn        *to_u8;                              /* of floats */
    hu_to_u16_fn       *to_u16;
    hu_to_u64_fn       *to_u64;                             /* of doubles */
    hu_from_u8_fn      *from_u8;
    hu_from_u16_fn     *from_u16;
    hu_from_u64_fn     *from_u64;
    /* Every sum rounded, or every product and sum, to nearest-even; the first index of tile_fma is whether one operation does. */
    hu_tile_f32_fn     *tile_fma[2][HU_N_TILE_KINDS + 1];
    bool                tile_fma_downward;                  /* these, HU_TILE_SPLIT apart, want the processor to round downward, and at most 19 bits after the first */
    hu_tile_f32_fn     *tile_mul_add[HU_N_TERMS][HU_N_TILE_KINDS][HU_N_TILE_KINDS];   /* product's kind, sum's kind */
    hu_near_f32_fn     *tile_near;                          /* NULL: there is none                              */
    void (*near_panel)(float *panel, uint32_t *extents, size_t lines, size_t depth, float scale);   /* scales a panel; a word for each of its steps */
    /* The same in any mode that draws nothing, by whether the formats are HU_QUICK_SAME_RANGE. The processor has to round downward. */
    bool                any_multiplies_first;               /* tile_any_fma_* want products that have no more bits than the carrier */
    hu_tile_f32_fn     *tile_any_fma_f32[2], *tile_any_mul_add_f32[2][2];
    hu_tile_f64_fn     *tile_any_fma_f64[2], *tile_any_mul_add_f64[2][2];
    /* Sums rounded stochastically, with the processor rounding downward; of floats (or NULL) where the format has float's range and overflows to
     * infinity, and anywhere. */
    hu_tile_drawn_f32_fn *tile_drawn_f32[2];
    hu_tile_drawn_f64_fn *tile_drawn_f64;
} hu_lanes;

/* The fastest table that this machine can run, or the one that the environment variable HU_ISA names. */
const hu_lanes *hu_lanes_chosen(void);

/* The i-th table that this machine can run; NULL past the last. */
const hu_lanes *hu_lanes_at(int i);

/* For tests: from now on this one (NULL: the choice is made anew). Not while other threads compute. */
void hu_lanes_use(const hu_lanes *lanes);

#endif
