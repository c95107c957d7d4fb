/* format-name.c - fuzz target: any text is a format with one canonical name, or is refused with one line.
 *
 * Built by `make fuzz`; run as tests/fuzz/format-name -max_total_time=600 -dict=tests/fuzz/format-name.dict
 */
#include <stdlib.h>
#include <string.h>

#include "formats/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_refusal(const hu_error *err)
{
    size_t n = strlen(err->text);
    must(err->status != HU_OK && n > 0 && n < sizeof err->text && !strchr(err->text, '\n'));
}

static void check_format(const hu_format *f, const char *name)
{
    must(hu_format_find(name, NULL) == f);
    must(hu_format_find(f->name, NULL) == f);
    must(f->width_bits == 1 + f->exp_bits + f->man_bits || f->family != &hu_family_float);
    must(f->width_bits > 0 && f->width_bits <= 128);
    must(f->max_code <= hu_format_last_code(f) && f->nan_code <= hu_format_last_code(f));
    hu_num max = hu_format_max(f);
    must(max.kind == HU_FINITE && max.exp == f->emax);
    must(hu_num_compare(hu_format_min_subnormal(f), max) <= 0 || f->man_bits == 0);
    must(!f->has_nan || hu_decode(f, f->nan_code).kind == HU_NAN);
    hu_format_epsilon(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *name = malloc(size + 1);
    if (!name)
        return 0;
    if (size > 0)
        memcpy(name, data, size);
    name[size] = '\0';
    hu_error err = {0};
    const hu_format *f = hu_format_find(name, &err);
    if (f)
        check_format(f, name);
    else
        check_refusal(&err);
    free(name);
    return 0;
}
