/* pointwise.c - functions of single elements, products and slices of columns. */
#include "src/nn/tape.h"

#include <math.h>
#include <string.h>

#include "src/nn/fast-exp.h"
#include "src/nn/linear-rule.h"

#include "src/nn/real-f32.h"
#include "src/nn/pointwise.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/pointwise.body.h"
