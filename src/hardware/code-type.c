/* code-type.c - what a code is of: a format, or an integer in two's complement. */
#include "src/hardware/code-type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

hu_code_type hu_code_type_of(const hu_format *f)
{
    return (hu_code_type){f, f->width_bits, f->is_signed};
}

/* int8 -> 8, uint16 -> 16; 0: not such a word; -1: one with a width that there is not. */
static int integer_bits(const char *name)
{
    name += name[0] == 'u';
    if (strncmp(name, "int", 3) != 0 || name[3] == '\0' || strspn(name + 3, "0123456789") != strlen(name + 3))
        return 0;
    long bits = strtol(name + 3, NULL, 10);
    return name[3] != '0' && bits >= 1 && bits <= 64 ? (int)bits : -1;
}

hu_status hu_code_type_find(hu_code_type *t, const char *name, hu_error *err)
{
    int bits = integer_bits(name);
    if (bits < 0)
        return hu_fail(err, HU_ERANGE, "'%.40s': an integer has 1 to 64 bits, as in int8 or uint32", name);
    if (bits > 0) {
        *t = (hu_code_type){.width_bits = bits, .is_signed = name[0] == 'i'};
        return HU_OK;
    }
    const hu_format *f = hu_format_find(name, err);
    if (!f)
        return err ? err->status : HU_ENAME;
    *t = hu_code_type_of(f);
    return HU_OK;
}

hu_status hu_code_type_find_pair(hu_code_type *from, hu_code_type *to, const char *from_name, const char *to_name, hu_error *err)
{
    hu_status status = hu_code_type_find(from, from_name, err);
    if (!status)
        status = hu_code_type_find(to, to_name, err);
    if (status || from->format || to->format)
        return status;
    const hu_format *f = hu_format_find(from_name, err);
    if (!f)
        return err ? err->status : HU_ENAME;
    *from = hu_code_type_of(f);
    return HU_OK;
}

const char *hu_code_type_name(const hu_code_type *t, char text[16])
{
    if (t->format)
        return t->format->name;
    snprintf(text, 16, "%sint%d", t->is_signed ? "" : "u", t->width_bits);
    return text;
}

static int64_t sign_extend(uint64_t n, int bits)
{
    uint64_t sign = UINT64_C(1) << (bits - 1);
    return (int64_t)((n ^ sign) - sign);
}

hu_num hu_code_type_integer(const hu_code_type *t, const hu_bits *code)
{
    uint64_t n = code->word[0];
    return t->is_signed ? hu_num_from_i64(sign_extend(n, t->width_bits)) : hu_num_from_u64(n);
}

static hu_bits to_integer(const hu_format *f, const hu_code_type *to, hu_env *env, const hu_bits *code)
{
    uint64_t n = to->is_signed ? (uint64_t)hu_bits_to_i64(f, env, code, to->width_bits) : hu_bits_to_u64(f, env, code, to->width_bits);
    return hu_bits_from_code(n & (UINT64_MAX >> (64 - to->width_bits)));
}

hu_bits hu_code_type_convert(const hu_code_type *from, const hu_code_type *to, hu_env *env, const hu_bits *code)
{
    hu_bits out;
    if (!to->format)
        return to_integer(from->format, to, env, code);
    if (from->format)
        hu_bits_convert(from->format, to->format, env, code, &out);
    else if (from->is_signed)
        hu_bits_round_i64(to->format, env, sign_extend(code->word[0], from->width_bits), &out);
    else
        hu_bits_round_u64(to->format, env, code->word[0], &out);
    return out;
}
