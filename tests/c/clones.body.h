/* clones.body.h - loops of src/nn for one instruction set: COPY(name) names them, HU_CLONES is its attribute. Meant to be included again and
 * again: no guard. */
#define hu_exp_f32     COPY(hu_exp)
#define hu_exp_f64     COPY(exp_f64)
#define exponential    COPY(exponential)
#define hu_norm        COPY(norm)
#define hu_schedule_at COPY(schedule_at)
#define adamw          COPY(adamw)
#define adamw_part     COPY(adamw_part)
#define hu_adamw_step  COPY(adamw_step)

#pragma GCC diagnostic ignored "-Wmissing-prototypes"   /* the copies have none */

#include "src/nn/fast-exp.c"
#include "src/nn/optimizer.c"

#include "src/nn/real-f32.h"
#undef R
#define R(name) COPY(name)
#include "src/nn/softmax.body.h"

#undef hu_exp_f32
#undef hu_exp_f64
#undef exponential
#undef hu_norm
#undef hu_schedule_at
#undef adamw
#undef adamw_part
#undef hu_adamw_step
