/* activation.c - elementwise non-linearities: GELU and SwiGLU. */
#include "src/nn/tape.h"

#include <math.h>
#include <string.h>

#include "src/base/clones.h"
#include "src/nn/fast-exp.h"

#include "src/nn/real-f32.h"
#include "src/nn/activation.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/activation.body.h"
