/* attention.c - multi-head attention, causal or not, with rotary positions or none. */
#include "src/nn/tape.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "src/base/clones.h"
#include "src/nn/fast-exp.h"

#include "src/nn/real-f32.h"
#include "src/nn/attention.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/attention.body.h"
