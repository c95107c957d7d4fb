/* linear.c - the linear layer: three matrix products, six operands, each by the policy. */
#include "src/nn/tape.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "src/base/clones.h"

#include "src/nn/real-f32.h"
#include "src/nn/linear.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/linear.body.h"
