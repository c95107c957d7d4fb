/* block-job.h - one call on an array in a block format, and a block of it. Internal to src/kernel. */
#ifndef HU_KERNEL_BLOCK_JOB_H
#define HU_KERNEL_BLOCK_JOB_H

#include "src/kernel/block.h"
#include "src/kernel/plan.h"

/* How strips of blocks of floats are done (block-floats.c). */
typedef enum hu_block_floats_way {
    HU_BLOCK_NOT_FLOATS,
    HU_BLOCK_SHIFTED,          /* scales are powers of two that move the element's grid                       */
    HU_BLOCK_DIVIDED           /* any other                                                                   */
} hu_block_floats_way;

typedef struct hu_block_floats {
    hu_block_floats_way way;
    uint32_t carry;            /* shifted: added to the bits of a magnitude before its exponent is taken      */
    int      base;             /* and to that, to make the exponent of the scale                              */
    int      lowest, highest;  /* exponents for which the loops are right                                     */
    hu_plan  scale;            /* divided: the scale, rounded by the rule                                     */
    double   tensor, least;    /* T, and the smallest positive scale                                          */
    float    inverse;          /* 1 / (T M), in float                                                         */
    uint8_t  zero_scale;       /* the code of the scale of a block of zeros                                   */
    hu_group_fn *group;        /* HU_GROUP blocks at once, where flags are not asked for; NULL: no such loop  */
} hu_block_floats;

typedef struct hu_block_job {
    const hu_block_format *format;
    const hu_block_layout *layout;
    const void *in;
    bool     is_f32;
    const uint64_t *words;     /* of each element at its offset; NULL: drawn                                  */
    hu_env   env;              /* the caller's, flags clear                                                   */
    hu_flags raised;           /* flags that the caller has already, or does not want                         */
    hu_num   tensor;           /* T                                                                           */
    hu_code  tensor_code;
    hu_plan  plan, mse_plan;   /* of the element: for its values, and for those that the rule mse compares        */
    const hu_format *single;   /* binary32                                                                    */
    const hu_format *symmetric;   /* what the plans are of, where the element is in two's complement; else NULL */
    bool     is_fast;          /* values may go through the plans                                             */
    size_t   across, along;    /* blocks over the rows and over the length of a part                          */
    size_t   n_blocks;
    hu_block_floats floats;
} hu_block_job;

/* Where a block is: rows of n elements. */
typedef struct hu_block_view {
    size_t start, rows, row_stride, n, stride;
} hu_block_view;

/* The scale of a block, made ready to divide by. */
typedef struct hu_block_divisor {
    hu_num value;              /* X T                                            */
    double number;             /* the same, where is_number                      */
    double inverse;            /* 1 over it, where is_power                      */
    bool   is_number;          /* it is a value of double                        */
    bool   is_power;           /* a power of two, and so is 1 over it            */
} hu_block_divisor;

hu_status hu_block_job_init(hu_block_job *job, const void *in, bool is_f32, const hu_block_layout *l,
                            const hu_block_format *f, const hu_env *env, hu_error *err);
void hu_block_job_place(hu_block_job *job, const hu_block_layout *l);      /* layout and numbers of blocks */
hu_block_view hu_block_job_view(const hu_block_job *job, size_t block);

/* A run of at most HU_BLOCK neighboring elements of a block: for (piece p = first; next(&view, &p);) */
typedef struct hu_block_piece {
    size_t row, at;            /* where the next one starts */
    size_t offset, n;          /* this one                  */
} hu_block_piece;
bool hu_block_next_piece(const hu_block_view *v, hu_block_piece *p);

/* Elements as doubles. Returns HU_INVALID where a signaling NaN is among them. */
hu_flags hu_block_load(const hu_block_job *job, double *out, size_t offset, size_t n, size_t stride);

/* The scale of the block: its code; flags of NaNs and infinities. is_nan: of a scale that makes all elements NaN. */
hu_code hu_block_choose_scale(const hu_block_job *job, const hu_block_view *v, bool *is_nan, hu_flags *flags);

/* That scale times the job's tensor scale; neither number nor power where it is not finite, or zero. */
hu_block_divisor hu_block_divide_by(const hu_block_job *job, hu_code scale);

/* The values of x in a block of that scale, rounded to the job's carrier. n <= HU_BLOCK. offset: of the first, for
 * its random word. */
hu_flags hu_block_values(const hu_block_job *job, const hu_plan *plan, double *out, const double *x, size_t n,
                         const hu_block_divisor *d, hu_draw draw);

/* The same through src/ops alone, and the code of an element. */
hu_code  hu_block_code(const hu_block_job *job, hu_env *env, double x, const hu_block_divisor *d, uint64_t word);
double   hu_block_value(const hu_block_job *job, hu_code code, const hu_block_divisor *d);

/* block-strip.c: how many blocks may be done at once; 0: none. And the values of so many or fewer, from block `first`
 * on; false: nothing has been done, they have to be taken one by one. */
size_t hu_block_strip_blocks(const hu_block_job *job);
bool   hu_block_strip(const hu_block_job *job, void *out, size_t first, size_t n_blocks, hu_flags *flags);

/* block-floats.c: n floats from element `start` on, of whole blocks but the last; false: nothing has been done. */
void hu_block_floats_init(hu_block_job *job);
bool hu_block_floats_values(const hu_block_job *job, float *out, size_t start, size_t n, hu_flags *flags);
/* Groups of HU_GROUP blocks from block `first` on, at most n_blocks, as long as they are simple; how many blocks were done. Flags are not told. streams: past
 * the caches; out is aligned to 64 bytes and is not the input. */
size_t hu_block_floats_groups(const hu_block_job *job, float *out, size_t first, size_t n_blocks, bool streams);
bool hu_block_floats_can_pack(hu_block_job *job);
bool hu_block_floats_pack(const hu_block_job *job, uint8_t *elements, uint8_t *scales, size_t start, size_t n, hu_flags *flags);

/* block-scale.c */
hu_num  hu_block_top(const hu_block_format *f);                    /* M */
/* The last value on a side of zero, in magnitude; without a sign there is none below. */
hu_num  hu_block_last(const hu_format *element, bool negative);
/* Quickly, for a scale that is E8M0 or like it, without a tensor scale: its exponent; false: it is another, or past
 * its range. */
bool    hu_block_scale_exponent(const hu_block_format *f, hu_num amax, int *exp);
hu_code hu_block_tensor_scale(const hu_block_format *f, hu_num amax);
/* The scales that the rule mse tries, by j from 128 down to 1; neighbors in this order may be the same, and none is
 * larger than the one before. */
hu_code hu_block_scale_candidate(const hu_block_format *f, hu_num amax, hu_num tensor, int j);

/* block-mse.c: amax is not zero */
hu_code hu_block_scale_mse(const hu_block_job *job, const hu_block_view *v, hu_num amax);

#endif
