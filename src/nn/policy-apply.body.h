/* policy-apply.body.h - one use of a policy's quantizer, for one REAL. */

static REAL R(largest_of)(const REAL *x, size_t n)
{
    REAL most = 0;
    for (size_t i = 0; i < n; i++) {
        REAL a = x[i] < 0 ? -x[i] : x[i];
        most = a > most && a - a == 0 ? a : most;
    }
    return most;
}

/* By scales that hu_scaled_apply finds. clipped: the elements that were; NULL: nobody asks. */
static hu_status R(by_scaled)(REAL *out, const REAL *in, const hu_scaled *q, const hu_policy_use *use, const hu_env *env,
                              uint64_t *clipped, hu_error *err)
{
    hu_tensor to = {.dtype = sizeof(REAL) == sizeof(float) ? HU_F32 : HU_F64, .rank = 2, .shape = {use->rows, use->cols},
                    .n = use->rows * use->cols, .data = out};
    hu_tensor from = to;
    from.data = (void *)(uintptr_t)in;
    hu_quantize_error e = {0};
    const hu_scaled_result also = {.error = &e};
    uint64_t seed = env->random.index ? hu_random_at(env->random.seed, env->random.stream, env->random.index) : env->random.seed;
    hu_status status = hu_scaled_apply(&to, &from, q, seed, env->random.stream, clipped ? &also : NULL, err);
    if (!status && clipped)
        *clipped = (uint64_t)llround(e.clipped * (double)e.n);
    return status;
}

/* In blocks; how many were cut is found by quantizing once more. */
static hu_status R(by_block)(const hu_policy *p, REAL *out, const REAL *in, const hu_policy_use *use, hu_env *env,
                             uint64_t *clipped, hu_error *err)
{
    const hu_block_format *f = p->block[use->operand];
    hu_block_layout l;
    int axis = sum_axis(use->operand);
    hu_status status = hu_block_layout_init(&l, f, 2, (size_t[]){use->rows, use->cols}, axis, err);
    if (!status && clipped) {
        hu_scaled q = {.block = f, .element = {.rounding = env->rounding, .overflow = env->overflow}, .per = {.axis = axis}};
        status = R(by_scaled)(out, in, &q, use, env, clipped, err);
    }
    return status ? status : R(hu_block_quantize)(out, in, &l, f, env, err);
}

/* With a scale. scales: room for one a run where it is quick, and *run > 0 then; else *clipped is set, where it is not NULL. */
static hu_status R(by_scaling)(const hu_policy *p, REAL *out, const REAL *in, const hu_policy_use *use, double largest,
                               const hu_env *env, float *scales, size_t *run, uint64_t *clipped, hu_error *err)
{
    const hu_scaling *s = &p->scaling[use->operand];
    hu_scaled q = s->q;
    if (q.per.per == HU_PER_GROUP && !q.per.flat)
        q.per.axis = sum_axis(use->operand);
    double range = largest > 0 ? largest * exp2(s->margin) : 0;
    if (sizeof(REAL) == sizeof(float) && hu_scaled_is_quick(&q, use->rows, use->cols, run))
        return hu_scaled_floats((float *)out, (const float *)in, use->rows * use->cols, *run, &q, range, &env->random, scales, err);
    *run = 0;
    double low = -range;
    if (range > 0) {
        q.frozen_low = &low;
        q.frozen_high = &range;
        q.n_frozen = 1;
    }
    return R(by_scaled)(out, in, &q, use, env, clipped, err);
}

/* What became of `in`, whose runs of `run` elements have these scales (run 0: one scale of 1). */
static void R(count)(hu_counts *c, const hu_format *f, const REAL *in, const REAL *out, size_t n, const float *scales, size_t run)
{
    double lowest = -INFINITY, largest = INFINITY;
    if (f)
        hu_format_ends(f, &lowest, &largest);
    if (run == 0 || run > n)
        run = n;
    for (size_t i = 0, k = 0; i < n; i += run, k++) {
        double s = scales ? (double)scales[k] : 1;
        R(hu_counts_add)(c, in + i, out + i, n - i < run ? n - i : run, lowest * s, largest * s);
    }
}

static hu_status R(quantize_once)(const hu_policy *p, const hu_policy_use *use, REAL *out, const REAL *in, hu_policy_seen *seen,
                                  hu_error *err)
{
    size_t n = use->rows * use->cols, run = 0;
    hu_operand k = use->operand;
    const hu_scaling *s = &p->scaling[k];
    bool counts = seen && p->state->counting;
    uint64_t clipped = 0, *ask = counts ? &clipped : NULL;
    hu_env env = operand_env(p, use);
    if (seen && s->history)
        seen->largest = sizeof(REAL) == sizeof(float) ? (double)hu_largest_f32((const float *)in, n) : (double)R(largest_of)(in, n);

    float *scales = counts && s->on ? hu_malloc((n + 1) * sizeof *scales) : NULL;
    REAL *copy = counts && in == out ? hu_malloc((n + 1) * sizeof *copy) : NULL;
    hu_status status = (counts && s->on && !scales) || (counts && in == out && !copy) ? hu_fail(err, HU_ENOMEM, "policy: out of memory")
                                                                                       : HU_OK;
    if (copy)
        memcpy(copy, in, n * sizeof *copy);
    if (status)
        ;
    else if (block_of(p, k))
        status = R(by_block)(p, out, in, use, &env, ask, err);
    else if (s->on)
        status = R(by_scaling)(p, out, in, use, s->history ? hu_policy_state_largest(p->state, row_of(use), (int)k) : 0, &env,
                               scales, &run, ask, err);
    else
        status = R(hu_quantize)(out, in, n, p->operand[k].format, &env, err);
    if (!status && counts) {
        bool is_plain = !block_of(p, k) && (!s->on || run > 0);
        R(count)(&seen->counts, is_plain ? p->operand[k].format : NULL, copy ? copy : in, out, n, run ? scales : NULL, run);
        seen->counts.saturated += is_plain ? 0 : clipped;
    }
    hu_free(scales);
    hu_free(copy);
    return status;
}

hu_status R(hu_policy_apply)(const hu_policy *p, const hu_policy_use *use, REAL *out, const REAL *in, hu_error *err)
{
    p = hu_policy_at(p, use->layer);
    size_t n = use->rows * use->cols;
    if (!hu_policy_has(p, use->operand) || n == 0) {
        if (out != in)
            memcpy(out, in, n * sizeof *out);
        return HU_OK;
    }
    if (!hu_policy_looks(p, use->operand))
        return R(quantize_once)(p, use, out, in, NULL, err);
    if (use->seen)
        return R(quantize_once)(p, use, out, in, use->seen, err);
    hu_policy_seen *seen = hu_calloc(1, sizeof *seen);
    if (!seen)
        return hu_fail(err, HU_ENOMEM, "policy: out of memory");
    hu_status status = R(quantize_once)(p, use, out, in, seen, err);
    if (!status)
        hu_policy_state_add(p->state, row_of(use), (int)use->operand, p->scaling[use->operand].history, seen);
    hu_free(seen);
    return status;
}

hu_status R(hu_policy_quantize)(const hu_policy *p, hu_operand operand, uint64_t step, unsigned layer, size_t first,
                                REAL *out, const REAL *in, size_t n, hu_error *err)
{
    const hu_policy_use use = {.operand = operand, .step = step, .layer = layer, .first = first, .rows = 1, .cols = n};
    return R(hu_policy_apply)(p, &use, out, in, err);
}

hu_status R(hu_policy_quantize_matrix)(const hu_policy *p, hu_operand operand, uint64_t step, unsigned layer,
                                       REAL *out, const REAL *in, size_t rows, size_t cols, hu_error *err)
{
    const hu_policy_use use = {.operand = operand, .step = step, .layer = layer, .rows = rows, .cols = cols};
    return R(hu_policy_apply)(p, &use, out, in, err);
}
