/* tape.c - the tape itself and its matrix product. */
#include "src/nn/tape.h"

#include <cblas.h>
#include <string.h>

void hu_blas_single(void)
{
    if (openblas_get_num_threads() != 1)
        openblas_set_num_threads(1);
}

#include "src/nn/real-f32.h"
#include "src/nn/tape.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/tape.body.h"
