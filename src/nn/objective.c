/* objective.c - losses besides cross-entropy: mean square and logistic. */
#include "src/nn/tape.h"

#include <math.h>

#include "src/nn/real-f32.h"
#include "src/nn/objective.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/objective.body.h"
