/* multiply-plan.h - a multiplier made ready, and whether numbers are what it takes. Internal to src/kernel. */
#ifndef HU_KERNEL_MULTIPLY_PLAN_H
#define HU_KERNEL_MULTIPLY_PLAN_H

#include "src/kernel/lanes.h"

/* L-Mul for the loops. m->kind is one of its two. */
hu_lmul hu_lmul_make(const hu_multiplier *m);

/* A matrix as it lies in memory: rows `apart` elements apart. */
typedef struct hu_matrix {
    const void *data;
    size_t rows, columns, apart;
    bool is_f32;
} hu_matrix;

/* HU_ERANGE, with the first that is none, where not all elements of x, called `name`, are values of f. codes: NULL, or where the codes go, [rows][columns];
 * f then has at most 32 bits. what: who asks. */
hu_status hu_check_values(const char *what, const char *name, const hu_matrix *x, const hu_format *f, uint32_t *codes, hu_error *err);

#endif
