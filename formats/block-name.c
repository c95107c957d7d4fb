/* block-name.c - the names of block formats; the grammar stands in block.h. */
#include "formats/block-name.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/registry.h"

#define LONGEST_SIDE (1L << 20)      /* elements along a side of a block */

enum { LONGEST_CODE = 64, LONGEST_PRECISION = 64,       /* bits of a divisor in src/num */
       LONGEST_PART = HU_FORMAT_NAME_SIZE };

const char hu_block_grammar[] =
    "a block format is a name such as mxfp4, or block(ELEMENT, scale=FORMAT, size=N, rule=..., tensor=FORMAT)";

const char *const hu_scale_rule_names[HU_N_SCALE_RULES + 1] = {
#define X(name) #name,
    HU_SCALE_RULE_MAP(X)
#undef X
    NULL,
};

bool hu_block_scale_is_power(const hu_format *scale)
{
    return hu_format_has_fields(scale) && scale->man_bits == 0;
}

/* --- the parts --- */

/* Copies the next part of *text, up to a comma or `close` outside of brackets, without the spaces around it. */
static hu_status next_part(const char **text, char close, char part[LONGEST_PART], const char *name, hu_error *err)
{
    const char *c = *text + strspn(*text, " ");
    size_t n = 0, depth = 0;
    while (c[n] && (depth > 0 || (c[n] != ',' && c[n] != close))) {
        depth += c[n] == '{' || c[n] == '(';
        depth -= depth > 0 && (c[n] == '}' || c[n] == ')');
        n++;
    }
    *text = c + n;
    while (n > 0 && c[n - 1] == ' ')
        n--;
    if (n == 0)
        return hu_fail(err, HU_EPARSE, "block format '%.60s': something is missing before '%.20s'; %s", name, *text,
                       hu_block_grammar);
    if (n >= LONGEST_PART)
        return hu_fail(err, HU_EPARSE, "block format '%.60s': '%.30s...' is too long for a part of a name", name, c);
    memcpy(part, c, n);
    part[n] = '\0';
    return HU_OK;
}

static hu_status read_format(const hu_format **out, const char *name, const char *what, const char *value, hu_error *err)
{
    hu_error why = {0};
    const hu_format *f = hu_format_find(value, &why);
    if (!f)
        return hu_fail(err, why.status, "block format '%.40s', %s: %s", name, what, why.text);
    *out = f;
    return HU_OK;
}

static bool read_side(const char **text, size_t *out)
{
    long n;
    if (**text == '-' || !hu_read_number(text, &n) || n < 1 || n > LONGEST_SIDE)
        return false;
    *out = (size_t)n;
    return true;
}

static hu_status read_size(hu_block_format *f, const char *name, const char *value, hu_error *err)
{
    const char *c = value;
    size_t first, second = 0;
    if (strcmp(value, "tensor") == 0) {
        f->rows = 1;
        f->size = 0;
        return HU_OK;
    }
    bool good = read_side(&c, &first);
    if (good && *c == 'x') {
        c++;
        good = read_side(&c, &second);
    }
    if (!good || *c || (second && first * second > LONGEST_SIDE))
        return hu_fail(err, HU_ERANGE,
                       "block format '%.60s': size is '%.30s'; N or RxN with 1 to %ld elements in a block, or \"tensor\", will do",
                       name, value, LONGEST_SIDE);
    f->rows = second ? first : 1;
    f->size = second ? second : first;
    return HU_OK;
}

static hu_status read_rule(hu_block_format *f, const char *name, const char *value, hu_error *err)
{
    for (int i = 0; i < HU_N_SCALE_RULES; i++) {
        if (strcmp(value, hu_scale_rule_names[i]) == 0) {
            f->rule = (hu_scale_rule)i;
            return HU_OK;
        }
    }
    return hu_fail(err, HU_ENAME, "block format '%.60s': rule is '%.30s'; floor, ceil, even, up or mse will do", name,
                   value);
}

static hu_status read_target(hu_block_format *f, const char *name, const char *value, hu_error *err)
{
    char *end;
    double target = strtod(value, &end);
    bool good = *value >= '0' && *value <= '9' && !*end && isfinite(target) && target > 0;
    if (!good || target < 0x1p-1022)
        return hu_fail(err, HU_ERANGE,
                       "block format '%.60s': target is '%.30s'; a positive number, such as 4 or 0.5, will do", name, value);
    f->target = target;
    return HU_OK;
}

/* One "key=value"; has_rule is set by rule=. */
static hu_status read_key(hu_block_format *f, const char *name, char *part, bool *has_rule, hu_error *err)
{
    char *value = strchr(part, '=');
    if (!value)
        return hu_fail(err, HU_EPARSE,
                       "block format '%.60s': '%.40s' is no KEY=VALUE; keys are scale, size, rule, tensor and target", name, part);
    *value++ = '\0';
    if (strcmp(part, "scale") == 0)
        return read_format(&f->scale, name, "scale", value, err);
    if (strcmp(part, "size") == 0)
        return read_size(f, name, value, err);
    if (strcmp(part, "rule") == 0) {
        *has_rule = true;
        return read_rule(f, name, value, err);
    }
    if (strcmp(part, "target") == 0)
        return read_target(f, name, value, err);
    if (strcmp(part, "tensor") == 0) {
        f->tensor = NULL;
        return strcmp(value, "none") == 0 ? HU_OK : read_format(&f->tensor, name, "tensor scale", value, err);
    }
    return hu_fail(err, HU_ENAME,
                   "block format '%.60s': there is no '%.30s='; keys are scale, size, rule, tensor and target", name, part);
}

static hu_scale_rule default_rule(const hu_block_format *f)
{
    return hu_block_scale_is_power(f->scale) ? HU_SCALE_floor : HU_SCALE_even;
}

/* --- whether the parts go together --- */

static hu_status check_part(const hu_format *f, const char *name, const char *what, hu_error *err)
{
    if (f->width_bits > LONGEST_CODE)
        return hu_fail(err, HU_ERANGE, "block format '%.60s': the %s %s has %d bits; %d will do", name, what, f->name,
                       f->width_bits, LONGEST_CODE);
    if (f->wraps)
        return hu_fail(err, HU_EINVAL, "block format '%.60s': the %s %s wraps around; in a block it has to saturate",
                       name, what, f->name);
    return HU_OK;
}

/* The product of two of the three divides. */
static hu_status check_pair(const hu_format *a, const hu_format *b, const char *name, hu_error *err)
{
    int bits = a->man_bits + b->man_bits + 2;
    if (bits <= LONGEST_PRECISION)
        return HU_OK;
    return hu_fail(err, HU_ERANGE,
                   "block format '%.60s': with a tensor scale, the significands of %s and %s have %d bits together; %d will do",
                   name, a->name, b->name, bits, LONGEST_PRECISION);
}

static hu_status check(const hu_block_format *f, const char *name, hu_error *err)
{
    hu_status status = check_part(f->element, name, "element", err);
    if (!status)
        status = check_part(f->scale, name, "scale", err);
    if (status || !f->tensor)
        return status;
    status = check_part(f->tensor, name, "tensor scale", err);
    if (!status)
        status = check_pair(f->element, f->tensor, name, err);
    if (!status)
        status = check_pair(f->scale, f->tensor, name, err);
    if (!status)
        status = check_pair(f->element, f->scale, name, err);
    if (!status && f->target != 0 && f->tensor->man_bits + 1 + hu_num_bits(hu_num_from_double(f->target)) > LONGEST_PRECISION)
        return hu_fail(err, HU_ERANGE,
                       "block format '%.60s': the target and %s have more than %d bits together; a rounder target will do",
                       name, f->tensor->name, LONGEST_PRECISION);
    return status;
}

/* --- names --- */

/* "key=value, ..." up to `close`, which ends the name. */
static hu_status read_keys(const char *text, char close, const char *name, hu_block_format *f, bool *has_rule,
                           hu_error *err)
{
    char part[LONGEST_PART];
    hu_status status = HU_OK;
    while (!status && *text == ',') {
        text++;
        status = next_part(&text, close, part, name, err);
        if (!status)
            status = read_key(f, name, part, has_rule, err);
    }
    if (!status && (*text != close || text[1]))
        return hu_fail(err, HU_EPARSE, "block format '%.60s': expected '%c' at its end, found '%.20s'", name, close,
                       text);
    return status;
}

static hu_status read_formula(const char *name, hu_block_format *f, hu_error *err)
{
    char part[LONGEST_PART];
    bool has_rule = false;
    const char *text = name + strlen("block(");
    *f = (hu_block_format){.rows = 1, .size = 32, .scale = hu_format_find("e8m0fnu", NULL),
                           .source = "OCP MX 1.0, generalized"};
    hu_status status = next_part(&text, ')', part, name, err);
    if (!status)
        status = read_format(&f->element, name, "element", part, err);
    if (!status)
        status = read_keys(text, ')', name, f, &has_rule, err);
    if (!status && !has_rule)
        f->rule = default_rule(f);
    return status;
}

/* A row, then perhaps "{key=value, ...}"; the rule is then the row's, unless the kind of scale is another. */
static hu_status read_row(const char *name, hu_block_format *f, hu_error *err)
{
    size_t n = strcspn(name, "{");
    const hu_block_format *row = hu_block_row(name, n);
    char list[HU_BLOCK_NAME_SIZE];
    bool has_rule = false;
    if (!row) {
        hu_block_fail_name(err, name);
        return HU_ENAME;
    }
    *f = *row;
    if (!name[n])
        return HU_OK;
    if (strlen(name) >= sizeof list)
        return hu_fail(err, HU_EPARSE, "block format '%.60s...' is too long a name", name);
    snprintf(list, sizeof list, ",%s", name + n + 1);
    hu_status status = read_keys(list, '}', name, f, &has_rule, err);
    if (!status && !has_rule && hu_block_scale_is_power(f->scale) != hu_block_scale_is_power(row->scale))
        f->rule = default_rule(f);
    return status;
}

hu_status hu_block_read(const char *name, hu_block_format *f, hu_error *err)
{
    hu_status status = strncmp(name, "block(", 6) == 0 ? read_formula(name, f, err) : read_row(name, f, err);
    return status ? status : check(f, name, err);
}

char *hu_block_size_text(const hu_block_format *f, char text[HU_BLOCK_SIZE_TEXT])
{
    if (f->size == 0)
        snprintf(text, HU_BLOCK_SIZE_TEXT, "tensor");
    else if (f->rows > 1)
        snprintf(text, HU_BLOCK_SIZE_TEXT, "%zux%zu", f->rows, f->size);
    else
        snprintf(text, HU_BLOCK_SIZE_TEXT, "%zu", f->size);
    return text;
}

char *hu_block_formula(const hu_block_format *f, char text[HU_BLOCK_NAME_SIZE])
{
    char size[HU_BLOCK_SIZE_TEXT], target[40] = "";
    bool has_rule = f->rule != default_rule(f);
    if (f->target != 0)
        snprintf(target, sizeof target, ", target=%.17g", f->target);
    snprintf(text, HU_BLOCK_NAME_SIZE, "block(%s, scale=%s, size=%s%s%s%s%s%s)", f->element->name, f->scale->name,
             hu_block_size_text(f, size),
             has_rule ? ", rule=" : "", has_rule ? hu_scale_rule_names[f->rule] : "", f->tensor ? ", tensor=" : "",
             f->tensor ? f->tensor->name : "", target);
    return text;
}
