/* scan.c - a selective state space, and the causal convolution of each channel that goes before it. */
#include "src/nn/tape.h"

#include <math.h>
#include <string.h>

#include "src/nn/linear-rule.h"

#include "src/nn/real-f32.h"
#include "src/nn/scan.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/scan.body.h"
