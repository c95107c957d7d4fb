/* norm.c - normalization by rows: RMSNorm and LayerNorm. */
#include "src/nn/tape.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "src/base/clones.h"

#define HU_NORM_EPSILON 1e-5

#include "src/nn/real-f32.h"
#include "src/nn/norm.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/norm.body.h"
