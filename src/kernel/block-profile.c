/* block-profile.c - the adders of matrix units by the name of their device. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "src/base/nearest.h"
#include "src/kernel/block-fma.h"

static const hu_block_profile table[] = {
#define PROFILE(device_, input_, output_, format_, group_, width_, lowest_, final_, source_, note_)                        \
    {.device = device_, .input = input_, .output = output_, .format = format_, .group = group_, .width = width_, .lowest = lowest_, \
     .final = final_, .source = source_, .note = note_},
#include "src/kernel/block-profile.def"
#undef PROFILE
};
enum { N_PROFILES = sizeof table / sizeof table[0] };

/* The inputs of the table. */
static const struct { const char *input, *format; } inputs[] = {
    {"fp16", "e5m10"}, {"bf16", "e8m7"}, {"tf32", "e8m10"}, {"fp8", "e4m3fn"}, {"fp8", "e5m2"},
};

static const char *input_of(const hu_format *f)
{
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        if (strcmp(inputs[i].format, f->name) == 0)
            return inputs[i].input;
    return NULL;
}

const hu_block_profile *hu_block_profile_at(int i)
{
    return i >= 0 && i < N_PROFILES ? &table[i] : NULL;
}

/* Appends `text` to a list, unless it is its last word already. */
static void append(char *list, size_t size, const char *text)
{
    size_t n = strlen(list), k = strlen(text);
    if (n >= k && strcmp(list + n - k, text) == 0)
        return;
    snprintf(list + n, size - n, "%s%s", n ? ", " : "", text);
}

static const hu_block_profile *fail_device(const char *device, hu_error *err)
{
    char list[200] = "";
    hu_nearest near = hu_nearest_to(device);
    for (int i = 0; i < N_PROFILES; i++) {
        append(list, sizeof list, table[i].device);
        hu_nearest_offer(&near, table[i].device);
    }
    hu_fail(err, HU_EINVAL, "there is no profile '%s'%s%s%s; there are %s", device, near.best ? " (did you mean '" : "",
            near.best ? near.best : "", near.best ? "'?)" : "", list);
    return NULL;
}

const hu_block_profile *hu_block_profile_find(const char *device, const hu_format *a, const hu_format *b, const char *output, hu_error *err)
{
    const char *of_a = input_of(a), *of_b = input_of(b);
    char list[200] = "";
    for (int i = 0; i < N_PROFILES; i++) {
        const hu_block_profile *p = &table[i];
        if (strcasecmp(p->device, device) != 0)
            continue;
        if (of_a && of_b && strcmp(of_a, of_b) == 0 && strcmp(of_a, p->input) == 0 && (!output || strcmp(output, p->output) == 0))
            return p;
        char one[32];
        snprintf(one, sizeof one, "%s to %s", p->input, p->output);
        append(list, sizeof list, one);
    }
    if (!list[0])
        return fail_device(device, err);
    hu_fail(err, HU_EINVAL, "the profile %s has no products of %s and %s%s%s; it has %s", device, a->name, b->name, output ? " to " : "",
            output ? output : "", list);
    return NULL;
}

hu_block_fma hu_block_profile_adder(const hu_block_profile *p, const hu_format *a, const hu_format *b)
{
    hu_block_fma m = hu_block_fma_make(a, b, p->group, p->width);
    m.lowest = p->lowest;
    m.final = hu_rounding_find(p->final, NULL);
    m.output = hu_format_find(p->format, NULL);
    return m;
}
