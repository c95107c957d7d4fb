/* batchnorm.body.h - BatchNorm for one REAL.
 *
 * With z = (x - mean) r, r = 1 / sqrt(variance + epsilon) and h = gain dy, by columns: where mean and variance are the
 * batch's, the gradient is r (h - mean(h) - z mean(z h)); where they are given, r h. Sums are taken in double, row by row.
 */

/* sum[j] += x[i][j] y[i][j] over all rows; y NULL: ones. */
static void R(column_sums)(double *restrict sum, const REAL *restrict x, const REAL *restrict y, size_t rows, size_t c)
{
    memset(sum, 0, c * sizeof *sum);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < c; j++)
            sum[j] += (double)x[i * c + j] * (y ? (double)y[i * c + j] : 1);
}

/* Mean and (biased) variance of every column. */
static void R(column_statistics)(REAL *mean, REAL *variance, double *room, const REAL *x, size_t rows, size_t c)
{
    R(column_sums)(room, x, NULL, rows, c);
    for (size_t j = 0; j < c; j++)
        mean[j] = (REAL)(room[j] / (double)rows);
    memset(room, 0, c * sizeof *room);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < c; j++) {
            double d = (double)x[i * c + j] - (double)mean[j];
            room[j] += d * d;
        }
    for (size_t j = 0; j < c; j++)
        variance[j] = (REAL)(room[j] / (double)rows);
}

enum { R(GIVEN) = 1 };   /* node->size[0]: mean and variance are not the batch's */

static void R(batchnorm_backward)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0], *gain = node->in[1], *bias = node->in[2];
    const REAL *z = node->kept, *r = node->saved[1], *dy = node->out->grad;
    size_t rows = x->rows, c = x->cols;
    REAL *dx = R(hu_gradient)(x), *dgain = R(hu_gradient)(gain), *dbias = R(hu_gradient)(bias);
    double *sum = hu_arena_take(&t->arena, 2 * c, sizeof *sum), *with_z = sum + c;
    if (!sum) {
        R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
        return;
    }
    R(column_sums)(sum, dy, NULL, rows, c);
    R(column_sums)(with_z, dy, z, rows, c);
    for (size_t j = 0; j < c; j++) {
        if (dgain) dgain[j] += (REAL)with_z[j];
        if (dbias) dbias[j] += (REAL)sum[j];
    }
    bool given = node->size[0] == R(GIVEN);
    for (size_t i = 0; dx && i < rows; i++)
        for (size_t j = 0; j < c; j++) {
            REAL mean = given ? 0 : (REAL)(sum[j] / (double)rows), slope = given ? 0 : (REAL)(with_z[j] / (double)rows);
            dx[i * c + j] += r[j] * gain->value[j] * (dy[i * c + j] - mean - z[i * c + j] * slope);
        }
}

/* z' = r (x' - mean(x') - z mean(z x')); y' = z' gain + z gain' + bias'. pushed: z', mean(z x'). */
static void R(batchnorm_push)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0], *gain = node->in[1];
    size_t rows = x->rows, c = x->cols;
    const REAL *z = node->saved[0], *r = node->saved[1], *dx = R(hu_tangent)(t, x), *dgain = R(hu_tangent)(t, gain),
               *dbias = R(hu_tangent)(t, node->in[2]);
    REAL *dy = R(hu_tangent_new)(t, node->out), *dz = node->pushed[0] = R(hu_take)(t, rows * c);
    REAL *along = node->pushed[1] = R(hu_take)(t, c);
    double *sum = hu_arena_take(&t->arena, 2 * c, sizeof *sum), *with_z = sum + c;
    if (!sum)
        R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
    if (t->error.status)
        return;
    R(column_sums)(sum, dx, NULL, rows, c);
    R(column_sums)(with_z, dx, z, rows, c);
    bool given = node->size[0] == R(GIVEN);
    for (size_t j = 0; j < c; j++) {
        sum[j] = given ? 0 : sum[j] / (double)rows;
        along[j] = given ? 0 : (REAL)(with_z[j] / (double)rows);
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < c; j++) {
            size_t at = i * c + j;
            dz[at] = r[j] * (dx[at] - (REAL)sum[j] - z[at] * along[j]);
            dy[at] = dz[at] * gain->value[j] + z[at] * dgain[j] + dbias[j];
        }
}

/* The four column sums that the pull needs, as means: of h, z h, h', (z h)', where h = gain dy. */
static void R(batchnorm_means)(double *restrict mean, const R(hu_node) *node, const REAL *gy, const REAL *dgain)
{
    const REAL *z = node->kept, *dz = node->pushed[0], *dy = node->out->grad, *gain = node->in[1]->value;
    size_t rows = node->out->rows, c = node->out->cols;
    memset(mean, 0, 4 * c * sizeof *mean);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < c; j++) {
            size_t at = i * c + j;
            double h = (double)dy[at] * (double)gain[j], moved = (double)gy[at] * (double)gain[j] + (double)dy[at] * (double)dgain[j];
            mean[j] += h;
            mean[c + j] += (double)z[at] * h;
            mean[2 * c + j] += moved;
            mean[3 * c + j] += (double)dz[at] * h + (double)z[at] * moved;
        }
    for (size_t j = 0; j < 4 * c; j++)
        mean[j] /= (double)rows;
}

/* Of r k with k = h - mean(h) - z mean(z h): r' = -r^2 mean(z x'). */
static void R(batchnorm_pull)(R(hu_tape) *t, R(hu_node) *node)
{
    R(hu_var) *x = node->in[0], *gain = node->in[1];
    size_t rows = x->rows, c = x->cols;
    const REAL *z = node->kept, *r = node->saved[1], *dy = node->out->grad, *dz = node->pushed[0], *along = node->pushed[1];
    const REAL *gy = R(hu_gradient_moves)(t, node->out), *dgain = R(hu_tangent)(t, gain);
    REAL *gx = R(hu_gradient_tangent)(t, x), *ggain = R(hu_gradient_tangent)(t, gain),
         *gbias = R(hu_gradient_tangent)(t, node->in[2]);
    double *mean = hu_arena_take(&t->arena, 4 * c, sizeof *mean);
    if (!mean)
        R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
    if (t->error.status)
        return;
    R(batchnorm_means)(mean, node, gy, dgain);
    if (node->size[0] == R(GIVEN))
        memset(mean, 0, 4 * c * sizeof *mean);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < c; j++) {
            size_t at = i * c + j;
            REAL h = dy[at] * gain->value[j], moved = gy[at] * gain->value[j] + dy[at] * dgain[j];
            REAL zh = (REAL)mean[c + j], k = h - (REAL)mean[j] - z[at] * zh;
            if (gx)
                gx[at] += r[j] * (moved - (REAL)mean[2 * c + j] - dz[at] * zh - z[at] * (REAL)mean[3 * c + j] - r[j] * along[j] * k);
            if (ggain)
                ggain[j] += gy[at] * z[at] + dy[at] * dz[at];
            if (gbias)
                gbias[j] += gy[at];
        }
}

static const R(hu_rule) R(batchnorm_rule) = {"batchnorm", R(batchnorm_backward), R(batchnorm_push), R(batchnorm_pull)};

/* z of what the policy keeps of x, by the mean and r of x itself; z where it keeps all of it. */
static const REAL *R(kept_z)(R(hu_tape) *t, const R(hu_var) *x, const REAL *z, const REAL *mean, const REAL *r)
{
    const REAL *kept = R(hu_keep)(t, x);
    REAL *out = kept && kept != x->value ? R(hu_take)(t, x->rows * x->cols) : NULL;
    for (size_t i = 0; out && i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++)
            out[i * x->cols + j] = (kept[i * x->cols + j] - mean[j]) * r[j];
    return kept == x->value ? z : out;
}

R(hu_var) *R(hu_batchnorm)(R(hu_tape) *t, R(hu_var) *x, R(hu_var) *gain, R(hu_var) *bias, const float *given, float *seen)
{
    if (t->error.status)
        return NULL;
    size_t rows = x->rows, c = x->cols;
    if (gain->rows != 1 || gain->cols != c || bias->rows != 1 || bias->cols != c || !rows)
        return R(hu_stick)(t, HU_ESHAPE, "batchnorm: gain and bias need one row with as many columns as the input");
    R(hu_var) *y = R(hu_var_new)(t, rows, c);
    REAL *z = R(hu_take)(t, rows * c), *r = R(hu_take)(t, c), *mean = R(hu_take)(t, 2 * c), *variance = mean + c;
    double *room = hu_arena_take(&t->arena, c, sizeof *room);
    if (!y || !z || !r || !mean || !room)
        return R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
    if (!given)
        R(column_statistics)(mean, variance, room, x->value, rows, c);
    for (size_t j = 0; j < c; j++) {
        if (given)
            mean[j] = (REAL)given[j], variance[j] = (REAL)given[c + j];
        r[j] = 1 / REAL_SQRT(variance[j] + (REAL)HU_BATCHNORM_EPSILON);
        if (seen && !given) {
            seen[j] = (float)mean[j];
            seen[c + j] = (float)((double)variance[j] * (rows > 1 ? (double)rows / (double)(rows - 1) : 1));
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < c; j++) {
            z[i * c + j] = (x->value[i * c + j] - mean[j]) * r[j];
            y->value[i * c + j] = z[i * c + j] * gain->value[j] + bias->value[j];
        }
    R(hu_node) *node = R(hu_node_new)(t, y, &R(batchnorm_rule));
    if (node) {
        node->in[0] = x, node->in[1] = gain, node->in[2] = bias;
        node->saved[0] = z, node->saved[1] = r;
        node->size[0] = given ? R(GIVEN) : 0;
        node->kept = R(kept_z)(t, x, z, mean, r);
    }
    return t->error.status ? NULL : y;
}
