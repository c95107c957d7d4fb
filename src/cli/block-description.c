/* block-description.c - what a block format is, for halfulp format: its parts, what a value takes, its range, its
 * bytes. */
#include "src/cli/block-description.h"

#include <math.h>

#include "src/cli/cli.h"

static const char *rule_in_words(const hu_block_format *f)
{
    static const char *const of_powers[HU_N_SCALE_RULES] = {
        [HU_SCALE_floor] = "floor: 2^(floor(log2 amax) - E)",
        [HU_SCALE_ceil]  = "ceil: 2^(ceil(log2 amax) - E)",
        [HU_SCALE_even]  = "even: floor, of amax rounded to the element's precision",
        [HU_SCALE_up]    = "up: the smallest power that clips nothing",
        [HU_SCALE_mse]   = "mse: the power with the least squared error",
    };
    static const char *const of_others[HU_N_SCALE_RULES] = {
        [HU_SCALE_floor] = "floor: amax / M, rounded down",
        [HU_SCALE_ceil]  = "ceil: amax / M, rounded up",
        [HU_SCALE_even]  = "even: amax / M, rounded to nearest, ties to even",
        [HU_SCALE_up]    = "up: amax / M, rounded up",
        [HU_SCALE_mse]   = "mse: the one with the least squared error",
    };
    return hu_block_scale_is_power(f->scale) ? of_powers[f->rule] : of_others[f->rule];
}

static void add_shape(hu_description *d, const hu_block_format *f)
{
    char text[120];
    if (f->size == 0)
        snprintf(text, sizeof text, "a whole array");
    else if (f->rows > 1)
        snprintf(text, sizeof text, "%zu lines of %zu elements", f->rows, f->size);
    else
        snprintf(text, sizeof text, "%zu element%s along an index", f->size, f->size == 1 ? "" : "s");
    hu_description_text(d, "block", "block", text);
}

static void add_packing(hu_description *d, const hu_block_format *f)
{
    char text[160];
    snprintf(text, sizeof text,
             "element i at bits %d i to %d i + %d of its block, lowest first; scales apart, in %d byte%s each%s",
             f->element->width_bits, f->element->width_bits, f->element->width_bits - 1, (f->scale->width_bits + 7) / 8,
             f->scale->width_bits > 8 ? "s" : "", f->scale->width_bits > 8 ? ", little-endian" : "");
    hu_description_text(d, "bytes", "bytes", text);
}

/* The smallest positive scale, which a scale that would be smaller becomes. */
static void add_range(hu_description *d, const hu_block_format *f)
{
    char text[64];
    hu_num most = hu_format_max(f->element), least = hu_format_min_subnormal(f->element);
    double binades = most.exp - least.exp + log2((double)most.sig) - log2((double)least.sig);
    hu_description_number(d, "largest element", "element_max", most);
    hu_description_number(d, "smallest element", "element_min", least);
    snprintf(text, sizeof text, "%.2f", binades);
    snprintf(hu_description_add(d, "binades in a block", "binades", HU_PROPERTY_COUNT)->text, sizeof text, "%s", text);
    hu_description_number(d, "largest scale", "scale_max", hu_format_max(f->scale));
    hu_description_number(d, "smallest scale", "scale_min", hu_format_min_subnormal(f->scale));
}

void hu_describe_block(hu_description *d, const hu_block_format *f)
{
    char formula[HU_BLOCK_NAME_SIZE], text[64];
    d->n = 0;
    hu_description_text(d, "name", "name", f->name);
    hu_description_text(d, "family", "family", "block");
    hu_description_text(d, "formula", "formula", hu_block_formula(f, formula));
    hu_description_text(d, "element", "element", f->element->name);
    hu_description_text(d, "scale", "scale", f->scale->name);
    if (f->tensor)
        hu_description_text(d, "tensor scale", "tensor", f->tensor->name);
    add_shape(d, f);
    hu_description_text(d, "rule", "rule", rule_in_words(f));
    if (f->target != 0)
        hu_description_number(d, "target", "target", hu_num_from_double(f->target));
    snprintf(hu_description_add(d, "bits of a value", "bits_per_value", HU_PROPERTY_COUNT)->text, sizeof text, "%.10g",
             hu_block_bits_per_value(f));
    add_range(d, f);
    add_packing(d, f);
    hu_description_text(d, "source", "source", f->source);
}

void hu_list_blocks(FILE *out)
{
    const char *stands_for;
    char formula[HU_BLOCK_NAME_SIZE];
    fprintf(out, "\n%-16s %-6s %-60s %s\n", "block format", "bits", "stands for", "source");
    for (int i = 0; hu_block_at(i); i++) {
        const hu_block_format *f = hu_block_at(i);
        fprintf(out, "%-16s %-6.4g %-60s %s\n", f->name, hu_block_bits_per_value(f), hu_block_formula(f, formula),
                f->source);
    }
    for (int i = 0; hu_block_alias_at(i, &stands_for); i++)
        fprintf(out, "%-16s %-6s %s\n", hu_block_alias_at(i, &stands_for), "", stands_for);
}

void hu_list_blocks_json(FILE *out)
{
    const char *stands_for;
    char formula[HU_BLOCK_NAME_SIZE];
    fputs("\"blocks\": [", out);
    for (int i = 0; hu_block_at(i); i++) {
        const hu_block_format *f = hu_block_at(i);
        fprintf(out, "%s{\"name\": \"%s\", \"formula\": \"%s\", \"bits_per_value\": %.10g, \"source\": ",
                i ? ", " : "", f->name,
                hu_block_formula(f, formula), hu_block_bits_per_value(f));
        hu_cli_json_string(out, f->source);
        putc('}', out);
    }
    fputs("], \"block_aliases\": {", out);
    for (int i = 0; hu_block_alias_at(i, &stands_for); i++)
        fprintf(out, "%s\"%s\": \"%s\"", i ? ", " : "", hu_block_alias_at(i, &stands_for), stands_for);
    putc('}', out);
}
