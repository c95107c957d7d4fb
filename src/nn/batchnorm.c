/* batchnorm.c - normalization by columns, over the batch or by given statistics. */
#include "src/nn/tape.h"

#include <math.h>
#include <string.h>

#define HU_BATCHNORM_EPSILON 1e-5

#include "src/nn/real-f32.h"
#include "src/nn/batchnorm.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/batchnorm.body.h"
