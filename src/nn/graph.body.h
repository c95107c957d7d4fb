/* graph.body.h - what each operation of a graph does on the tape, for one REAL. */

static R(hu_var) *R(in)(const R(hu_frame) *f, const hu_instruction *i, size_t k)
{
    return f->result[i->in[k]];
}

static R(hu_var) *R(parameter)(const R(hu_frame) *f, const hu_instruction *i, size_t k)
{
    return f->parameters[i->parameter[k]];
}

/* Rows of one example of input k. */
static size_t R(rows_each)(const R(hu_frame) *f, const hu_instruction *i, size_t k)
{
    return R(in)(f, i, k)->rows / f->batch->rows;
}

/* The head is left alone where the policy says so. */
static bool R(is_full)(const R(hu_frame) *f, const hu_instruction *i)
{
    return f->tape->policy && f->tape->policy->head_full && i->layer == f->model->graph->head;
}

/* ---- sources ---- */

R(hu_var) *R(hu_tokens_run)(R(hu_frame) *f, const hu_instruction *i)
{
    (void)f, (void)i;
    return NULL;
}

R(hu_var) *R(hu_features_run)(R(hu_frame) *f, const hu_instruction *i)
{
    size_t c = i->extent.channels, rows = f->batch->rows * i->extent.height * i->extent.width;
    REAL *x = R(hu_take)(f->tape, rows * c);
    for (size_t k = 0; x && k < rows * c; k++)
        x[k] = (REAL)f->batch->features[k];
    return R(hu_leaf)(f->tape, x, NULL, rows, c);
}

/* ---- layers ---- */

R(hu_var) *R(hu_linear_run)(R(hu_frame) *f, const hu_instruction *i)
{
    R(hu_var) *y = R(hu_linear)(f->tape, R(in)(f, i, 0), R(parameter)(f, i, 0), i->layer, R(is_full)(f, i));
    return i->n_parameters > 1 ? R(hu_bias)(f->tape, y, R(parameter)(f, i, 1)) : y;
}

R(hu_var) *R(hu_embedding_run)(R(hu_frame) *f, const hu_instruction *i)
{
    const hu_batch *b = f->batch;
    const int32_t *ids = hu_batch_tokens(&f->tape->arena, b);
    if (!ids)
        return R(hu_stick)(f->tape, HU_ENOMEM, "tape: out of memory");
    return R(hu_embedding)(f->tape, R(parameter)(f, i, 0), ids, b->rows * b->positions);
}

R(hu_var) *R(hu_attention_run)(R(hu_frame) *f, const hu_instruction *i)
{
    unsigned how = (i->size[1] != 0 ? HU_CAUSAL : 0) | (i->size[2] != 0 ? HU_ROTARY : 0);
    return R(hu_attend)(f->tape, R(in)(f, i, 0), (size_t)i->size[0], R(rows_each)(f, i, 0), i->layer, how);
}

/* ---- by rows, by elements ---- */

R(hu_var) *R(hu_plus_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_plus)(f->tape, R(in)(f, i, 0), R(in)(f, i, 1));
}

R(hu_var) *R(hu_rmsnorm_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_rmsnorm)(f->tape, R(in)(f, i, 0), R(parameter)(f, i, 0));
}

R(hu_var) *R(hu_layernorm_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_layernorm)(f->tape, R(in)(f, i, 0), R(parameter)(f, i, 0), R(parameter)(f, i, 1));
}

R(hu_var) *R(hu_gelu_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_gelu)(f->tape, R(in)(f, i, 0));
}

R(hu_var) *R(hu_swiglu_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_swiglu)(f->tape, R(in)(f, i, 0));
}

/* ---- losses ---- */

R(hu_var) *R(hu_cross_entropy_run)(R(hu_frame) *f, const hu_instruction *i)
{
    const int32_t *classes = hu_batch_classes(&f->tape->arena, f->batch);
    if (!classes)
        return R(hu_stick)(f->tape, HU_ENOMEM, "tape: out of memory");
    return R(hu_cross_entropy)(f->tape, R(in)(f, i, 0), classes);
}

/* ---- the pass ---- */

/* Instructions after the output are losses only. */
static bool R(is_wanted)(const hu_instruction *i, bool loss)
{
    return loss || (i->operation->kind != HU_LOSS && i->operation->kind != HU_PENALTY);
}

R(hu_var) *R(hu_graph_run)(const hu_model *m, R(hu_tape) *t, R(hu_var) **parameters, const hu_batch *b, R(hu_var) **loss)
{
    const hu_graph *g = m->graph;
    R(hu_frame) f = {.model = m, .tape = t, .batch = b, .parameters = parameters};
    f.result = hu_arena_take(&t->arena, g->n_instructions, sizeof *f.result);
    if (!f.result)
        return R(hu_stick)(t, HU_ENOMEM, "tape: out of memory");
    R(hu_var) *sum = NULL;
    for (size_t k = 0; k < g->n_instructions && !t->error.status; k++) {
        const hu_instruction *i = &g->instructions[k];
        f.result[k] = NULL;
        if (!R(is_wanted)(i, loss != NULL))
            continue;
        f.result[k] = i->operation->REAL_RUN(&f, i);
        if (i->operation->kind == HU_LOSS || i->operation->kind == HU_PENALTY)
            sum = sum ? R(hu_plus)(t, sum, f.result[k]) : f.result[k];
    }
    if (t->error.status)
        return NULL;
    if (loss)
        *loss = sum;
    return f.result[g->output];
}
