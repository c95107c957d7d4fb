/* hessian.body.h - recorded passes and their tangents, for one REAL. */

typedef struct R(recorded) {
    R(hu_tape)  tape;
    R(hu_var) **leaves;      /* [n_parameters], in the tape's memory */
    R(hu_var)  *loss;
} R(recorded);

/* Adds the batch's gradient, times its share, to h->gradient. */
static hu_status R(record)(hu_hessian *h, R(recorded) *r, const hu_batch *batch, const hu_hessian_options *o, double share,
                           hu_error *err)
{
    hu_model *m = h->model;
    R(hu_tape) *t = &r->tape;
    R(hu_tape_init)(t, m->tape_f32.threads);
    t->tangents = true, t->rounds_tangents = o->rounds_tangents;
    REAL *gradient = h->product;
    hu_status status = R(hu_model_record)(m, t, h->weights, batch, o->policy, o->step, h->moves, gradient, &r->leaves,
                                          &r->loss, err);
    if (status)
        return status;
    h->loss += share * (double)r->loss->value[0];
    size_t at = 0;
    for (size_t k = 0; k < m->n_parameters; k++)
        for (size_t i = 0; h->moves[k] && i < m->parameters[k].rows * m->parameters[k].cols; i++)
            h->gradient[at++] += share * (double)gradient[m->parameters[k].first + i];
    return HU_OK;
}

static hu_status R(record_all)(hu_hessian *h, const hu_batch *batches, const hu_hessian_options *o, hu_error *err)
{
    R(recorded) *passes = h->passes;
    REAL *w = h->weights;
    for (size_t i = 0; i < h->model->n_weights; i++)
        w[i] = o->weights ? (REAL)o->weights[i] : (REAL)h->model->weights[i];
    hu_status status = HU_OK;
    for (size_t b = 0; b < h->n_batches && !status; b++)
        status = R(record)(h, &passes[b], &batches[b], o, h->share[b], err);
    return status;
}

static void R(clear_passes)(hu_hessian *h)
{
    R(recorded) *passes = h->passes;
    for (size_t b = 0; passes && b < h->n_batches; b++)
        R(hu_tape_clear)(&passes[b].tape);
}

/* out += share times the product that the tangents of one pass give. */
static hu_status R(add_product)(hu_hessian *h, R(recorded) *r, double share, double *out, hu_error *err)
{
    hu_model *m = h->model;
    REAL *direction = h->direction, *product = h->product;
    for (size_t k = 0; k < m->n_parameters; k++)
        if (h->moves[k])
            R(hu_leaf_tangent)(r->leaves[k], direction + m->parameters[k].first, product + m->parameters[k].first);
    r->tape.direction = h->products & 0xffff;
    hu_status status = R(hu_tangents)(&r->tape, r->loss, err);
    if (status)
        return status;
    size_t at = 0;
    for (size_t k = 0; k < m->n_parameters; k++) {
        if (!h->moves[k])
            continue;
        const REAL *p = R(hu_gradient_tangent)(&r->tape, r->leaves[k]);   /* zeroes what nothing was added to */
        for (size_t i = 0; i < m->parameters[k].rows * m->parameters[k].cols; i++)
            out[at++] += share * (double)p[i];
    }
    return HU_OK;
}

static hu_status R(multiply)(hu_hessian *h, const double *v, double scale, double *out, hu_error *err)
{
    REAL *direction = h->direction;
    size_t at = 0;
    for (size_t k = 0; k < h->model->n_parameters; k++) {
        const hu_parameter *p = &h->model->parameters[k];
        for (size_t i = 0; h->moves[k] && i < p->rows * p->cols; i++)
            direction[p->first + i] = (REAL)(scale * v[at++]);
    }
    memset(out, 0, h->n * sizeof *out);
    hu_status status = HU_OK;
    R(recorded) *passes = h->passes;
    for (size_t b = 0; b < h->n_batches && !status; b++)
        status = R(add_product)(h, &passes[b], h->share[b] / scale, out, err);
    return status;
}
