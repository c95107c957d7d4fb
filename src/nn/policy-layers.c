/* policy-layers.c - rules of a policy that are for some layers alone, and the policy of each layer that comes of them. */
#include <stdio.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/base/nearest.h"
#include "src/nn/policy.h"

bool hu_glob(const char *glob, const char *name)
{
    const char *star = NULL, *from = NULL;      /* the last star, and where its text may be continued */
    while (*name) {
        if (*glob == '*') {
            star = glob++;
            from = name;
        } else if (*glob == '?' || *glob == *name) {
            glob++, name++;
        } else if (star) {
            glob = star + 1;
            name = ++from;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return !*glob;
}

size_t hu_glob_literals(const char *glob)
{
    size_t n = 0;
    for (; *glob; glob++)
        n += *glob != '*' && *glob != '?';
    return n;
}

const hu_policy *hu_policy_at(const hu_policy *p, unsigned layer)
{
    return p && p->layers && layer < p->n_layers ? &p->layers[layer] : p;
}

static void follow(hu_policy *p, const hu_policy_rule *r)
{
    const hu_policy *v = &r->values;
    for (int k = 0; k < HU_P_COUNT; k++)
        if (r->whole || r->operands >> k & 1) {
            p->operand[k] = v->operand[k];
            p->scaling[k] = v->scaling[k];
            if (k <= HU_P6)
                p->block[k] = v->block[k];
        }
    for (int k = 0; k < HU_GEMM_COUNT; k++)
        if (r->whole || r->accumulators >> k & 1)
            p->accumulator[k] = v->accumulator[k];
    if (r->whole || v->accumulate_rounding)
        p->accumulate_rounding = v->accumulate_rounding;
}

/* The layer's policy: the whole one with the rules that meet it, from the first to the last. */
static void make_layer(hu_policy *out, const hu_policy *p, const char *name, bool *met)
{
    *out = *p;
    out->rules = NULL;
    out->n_rules = 0;
    for (size_t i = 0; i < p->n_rules; i++)
        if (hu_glob(p->rules[i].glob, name)) {
            follow(out, &p->rules[i]);
            met[i] = true;
        }
}

static hu_status meets_nothing(const char *glob, hu_layer_name *name, const void *context, size_t n, hu_error *err)
{
    char some[120] = "";
    size_t length = 0;
    hu_nearest near = hu_nearest_to(glob);
    for (size_t i = 0; i < n; i++) {
        const char *is = name(context, (unsigned)i);
        hu_nearest_offer(&near, is);
        if (length + strlen(is) + 8 < sizeof some)
            length += (size_t)snprintf(some + length, sizeof some - length, "%s%s", length ? ", " : "", is);
        else if (length + 5 < sizeof some && some[length - 1] != '.')
            length += (size_t)snprintf(some + length, sizeof some - length, " ...");
    }
    if (near.best)
        return hu_fail(err, HU_EINVAL, "policy: no layer is called '%s': did you mean '%s'? The model has %s", glob, near.best, some);
    return hu_fail(err, HU_EINVAL, "policy: '%s' meets no layer; the model has %s", glob, some);
}

hu_status hu_policy_bind(hu_policy *out, hu_policy *layers, const hu_policy *p, hu_layer_name *name, const void *context,
                         size_t n, hu_error *err)
{
    bool met[HU_POLICY_RULES] = {0};
    if (p->n_rules > HU_POLICY_RULES)
        return hu_fail(err, HU_EINVAL, "policy: %zu rules for layers; it takes up to %d", p->n_rules, HU_POLICY_RULES);
    for (size_t i = 0; i < n; i++)
        make_layer(&layers[i], p, name(context, (unsigned)i), met);
    for (size_t i = 0; i < p->n_rules; i++)
        if (!met[i])
            return meets_nothing(p->rules[i].glob, name, context, n, err);
    *out = *p;
    out->layers = p->n_rules ? layers : NULL;
    out->n_layers = p->n_rules ? n : 0;
    return HU_OK;
}

hu_status hu_policy_copy(hu_policy *out, const hu_policy *p, hu_error *err)
{
    *out = *p;
    out->rules = NULL;
    out->layers = NULL;
    out->n_layers = 0;
    if (!p->n_rules)
        return HU_OK;
    hu_policy_rule *rules = hu_malloc(p->n_rules * sizeof *rules);
    if (!rules) {
        out->n_rules = 0;
        return hu_fail(err, HU_ENOMEM, "policy: out of memory");
    }
    memcpy(rules, p->rules, p->n_rules * sizeof *rules);
    out->rules = rules;
    return HU_OK;
}

void hu_policy_clear(hu_policy *p)
{
    hu_free((void *)(uintptr_t)p->rules);
    *p = (hu_policy){0};
}
