/* gemm.h - GEMM by tiles that stay in registers, for the accumulators that have loops for it. Internal to src/kernel. */
#ifndef HU_KERNEL_GEMM_H
#define HU_KERNEL_GEMM_H

#include "src/kernel/plan.h"

/* How the terms are made and added: plans NULL for the carrier's own arithmetic, fused; `sum` alone: one rounding a term; both: one
 * for the product, one for the sum. Chunks of `chunk` terms each, if any, are added in `outer`. */
typedef struct hu_tiled {
    const hu_plan *product, *sum, *outer;
    size_t chunk;
    bool is_f32;
    uint64_t index;                       /* random words are counted from here */
} hu_tiled;

/* Which tiles do it: one of f32, f64, drawn_f32 and drawn_f64 is not NULL. */
typedef struct hu_tile_choice {
    hu_tile_f32_fn *f32;
    hu_tile_f64_fn *f64;                  /* where is_f32, on floats that have become doubles */
    hu_whole_f32_fn *whole_f32;           /* and, where they are the carrier's own, whole ones in the result */
    hu_whole_f64_fn *whole_f64;
    hu_tile_drawn_f32_fn *drawn_f32;      /* or these, where sums draw random words */
    hu_tile_drawn_f64_fn *drawn_f64;
    bool is_near;                         /* f32 is left to what `near` does not know to come out right */
    hu_near near;
    hu_near_tally tally;
    const hu_grid *product, *sum;
    bool downward;                        /* the processor has to round downward */
} hu_tile_choice;

/* False: there are none for these formats, modes and factors on this machine. b NULL: all ones. */
bool hu_gemm_choose(hu_tile_choice *choice, const void *a, const void *b, const hu_gemm_shape *s, const hu_tiled *how);

/* Whether the plan's rounding is the carrier's own; NULL is. */
bool hu_is_own(const hu_plan *plan, bool is_f32);

/* c = a b, terms upward over k from zero; b NULL: all ones. No flags are raised. False, and nothing was written, where there are
 * no loops for this: that depends on the instruction set, the formats, the mode, the factors (they have to be finite) and memory. */
bool hu_gemm_tiled(void *c, const void *a, const void *b, const hu_gemm_shape *s, const hu_tiled *how);

/* c = a b under acc->block, whose outer sums go by the plan `outer`; no flags are raised. False where there are no loops for this (what
 * c holds is then to be written over): they cut toward zero, c with the products, and add what is finite and stays so. */
bool hu_block_fma_gemm(void *c, const void *a, const void *b, const hu_gemm_shape *s, bool is_f32, const hu_accumulator *acc,
                       const hu_plan *outer);

#endif
