/* steps.h - rounded quotients by looking: the same elements as hu_map_f64 gives, without flags, for searches that need many.
 *
 * A rounding without random bits is a function that rises in steps. The quotient in double is off by half an ulp; where no step
 * is within eight times that, the exact quotient has the same element, and elsewhere it is computed. For integers and nearest modes, and for
 * formats of up to 8 bits.
 */
#ifndef HU_TENSOR_STEPS_H
#define HU_TENSOR_STEPS_H

#include "src/kernel/kernel.h"

enum { HU_STEPS = 256 };

typedef struct hu_steps {
    const hu_format *format;
    hu_env env;
    bool   is_integer;                  /* the steps are halfway between integers                  */
    double lowest, largest;             /* integers: the ends                                      */
    int    n;                           /* others: so many values                                  */
    double value[HU_STEPS];             /* rising                                                  */
    double last[HU_STEPS];              /* the largest double that becomes it; of the largest value infinity */
} hu_steps;

/* False where the format and mode are not for this; hu_map_f64 is then. */
bool hu_steps_init(hu_steps *s, const hu_format *f, const hu_env *env);

/* out[i] = x[i] / by[i], rounded. by[i] is finite and above zero. */
void hu_steps_divide(const hu_steps *s, double *out, const double *x, const double *by, size_t n);

#endif
