/* loss.c - where bytes come in and the loss goes out: embedding and cross-entropy. */
#include "src/nn/tape.h"

#include <math.h>
#include <string.h>

#include "src/base/clones.h"
#include "src/nn/fast-exp.h"

#include "src/nn/real-f32.h"
#include "src/nn/loss.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/loss.body.h"
