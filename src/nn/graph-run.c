/* graph-run.c - the operations of graphs, run over the tape; their table. */
#include <math.h>
#include <string.h>

#include "src/nn/graph-parts.h"

#include "src/nn/real-f32.h"
#define REAL_RUN run_f32
#include "src/nn/graph.body.h"
#undef REAL_RUN
#include "src/nn/real-f64.h"
#define REAL_RUN run_f64
#include "src/nn/graph.body.h"
#undef REAL_RUN

#define NEEDED NAN
#define SIZE(name, otherwise, least, most)      {name, otherwise, least, most, true}
#define REAL_SIZE(name, otherwise, least, most) {name, otherwise, least, most, false}
#define NO_SIZE                                 {NULL, 0, 0, 0, false}

const hu_operation hu_operations[] = {
#define OPERATION(name, kind, n_in, ...) \
    {#name, kind, n_in, {__VA_ARGS__}, hu_##name##_extent, hu_##name##_run_f32, hu_##name##_run_f64},
#include "src/nn/graph.def"
#undef OPERATION
    {0},
};
