/* experts.c - a mixture of experts: the gate, the way to an expert and back, the balance of the load. */
#include "src/nn/tape.h"

#include <float.h>
#include <string.h>

#include "src/nn/fast-exp.h"
#include "src/nn/linear-rule.h"

#include "src/nn/real-f32.h"
#include "src/nn/experts.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/experts.body.h"
