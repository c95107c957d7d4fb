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
    R(hu_var) *y = R(hu_multiplied)(f->tape, R(in)(f, i, 0), R(parameter)(f, i, 0), i->size[2], i->layer, R(is_full)(f, i));
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
    unsigned how = (i->size[1] != 0 ? HU_CAUSAL : 0) | (i->size[2] != 0 ? HU_ROTARY : 0) | (i->size[3] != 0 ? HU_ROOT : 0);
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

R(hu_var) *R(hu_batchnorm_run)(R(hu_frame) *f, const hu_instruction *i)
{
    const hu_model *m = f->model;
    return R(hu_batchnorm)(f->tape, R(in)(f, i, 0), R(parameter)(f, i, 0), R(parameter)(f, i, 1),
                           f->batch->evaluation ? m->statistics + i->statistics : NULL, m->seen + i->statistics);
}

R(hu_var) *R(hu_relu_run)(R(hu_frame) *f, const hu_instruction *i)    { return R(hu_point)(f->tape, R(in)(f, i, 0), HU_RELU); }
R(hu_var) *R(hu_silu_run)(R(hu_frame) *f, const hu_instruction *i)    { return R(hu_point)(f->tape, R(in)(f, i, 0), HU_SILU); }
R(hu_var) *R(hu_tanh_run)(R(hu_frame) *f, const hu_instruction *i)    { return R(hu_point)(f->tape, R(in)(f, i, 0), HU_TANH); }
R(hu_var) *R(hu_sigmoid_run)(R(hu_frame) *f, const hu_instruction *i) { return R(hu_point)(f->tape, R(in)(f, i, 0), HU_SIGMOID); }

R(hu_var) *R(hu_times_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_times)(f->tape, R(in)(f, i, 0), R(in)(f, i, 1));
}

R(hu_var) *R(hu_gain_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_gain)(f->tape, R(in)(f, i, 0), R(parameter)(f, i, 0));
}

R(hu_var) *R(hu_scale_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_scale)(f->tape, R(in)(f, i, 0), i->size[0]);
}

R(hu_var) *R(hu_columns_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_columns)(f->tape, R(in)(f, i, 0), (size_t)i->size[0], (size_t)i->size[1]);
}

R(hu_var) *R(hu_sinusoid_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_sinusoid)(f->tape, R(in)(f, i, 0), (size_t)i->size[0], i->size[1]);
}

/* ---- images ---- */

static hu_window R(window)(const R(hu_frame) *f, const hu_instruction *i, int kernel)
{
    return hu_graph_window(i, f->model->graph->instructions[i->in[0]].extent, kernel);
}

R(hu_var) *R(hu_conv_run)(R(hu_frame) *f, const hu_instruction *i)
{
    hu_window w = R(window)(f, i, 1);
    R(hu_var) *x = R(hu_unfold)(f->tape, R(in)(f, i, 0), &w);
    R(hu_var) *y = R(hu_linear)(f->tape, x, R(parameter)(f, i, 0), i->layer, R(is_full)(f, i));
    return i->n_parameters > 1 ? R(hu_bias)(f->tape, y, R(parameter)(f, i, 1)) : y;
}

R(hu_var) *R(hu_maxpool_run)(R(hu_frame) *f, const hu_instruction *i)
{
    hu_window w = R(window)(f, i, 0);
    return R(hu_maxpool)(f->tape, R(in)(f, i, 0), &w);
}

R(hu_var) *R(hu_meanpool_run)(R(hu_frame) *f, const hu_instruction *i)
{
    hu_window w = R(window)(f, i, 0);
    return R(hu_meanpool)(f->tape, R(in)(f, i, 0), &w);
}

R(hu_var) *R(hu_flatten_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_reshape)(f->tape, R(in)(f, i, 0), f->batch->rows, i->extent.channels);
}

R(hu_var) *R(hu_mean_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_mean_rows)(f->tape, R(in)(f, i, 0), R(rows_each)(f, i, 0));
}

/* ---- sequences ---- */

R(hu_var) *R(hu_positions_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_positions)(f->tape, R(in)(f, i, 0), R(parameter)(f, i, 0), R(rows_each)(f, i, 0));
}

R(hu_var) *R(hu_causal_conv_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_causal_conv)(f->tape, R(in)(f, i, 0), R(parameter)(f, i, 0), R(parameter)(f, i, 1), R(rows_each)(f, i, 0));
}

R(hu_var) *R(hu_scan_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_scan)(f->tape, R(in)(f, i, 0), R(in)(f, i, 1), R(parameter)(f, i, 0), R(rows_each)(f, i, 0));
}

/* ---- experts ---- */

R(hu_var) *R(hu_topk_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_topk)(f->tape, R(in)(f, i, 0), (size_t)i->size[0]);
}

R(hu_var) *R(hu_dispatch_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_dispatch)(f->tape, R(in)(f, i, 0), R(in)(f, i, 1), (size_t)i->size[0]);
}

R(hu_var) *R(hu_combine_run)(R(hu_frame) *f, const hu_instruction *i)
{
    const hu_graph *g = f->model->graph;
    const hu_instruction *sent = &g->instructions[g->instructions[i->in[1]].extent.routed - 1];
    return R(hu_combine)(f->tape, R(in)(f, i, 0), R(in)(f, i, 1), R(in)(f, i, 2), (size_t)sent->size[0]);
}

R(hu_var) *R(hu_balance_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_balance)(f->tape, R(in)(f, i, 0), R(in)(f, i, 1), i->size[0]);
}

/* ---- losses ---- */

R(hu_var) *R(hu_cross_entropy_run)(R(hu_frame) *f, const hu_instruction *i)
{
    const int32_t *classes = hu_batch_classes(&f->tape->arena, f->batch);
    if (!classes)
        return R(hu_stick)(f->tape, HU_ENOMEM, "tape: out of memory");
    return R(hu_cross_entropy)(f->tape, R(in)(f, i, 0), classes);
}

R(hu_var) *R(hu_mean_square_run)(R(hu_frame) *f, const hu_instruction *i)
{
    return R(hu_mean_square)(f->tape, R(in)(f, i, 0), f->batch->values);
}

R(hu_var) *R(hu_logistic_run)(R(hu_frame) *f, const hu_instruction *i)
{
    const int32_t *classes = hu_batch_classes(&f->tape->arena, f->batch);
    if (!classes)
        return R(hu_stick)(f->tape, HU_ENOMEM, "tape: out of memory");
    return R(hu_logistic)(f->tape, R(in)(f, i, 0), classes);
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
