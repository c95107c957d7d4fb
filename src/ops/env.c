/* env.c - the default surroundings, the modes as the command line writes them, and flags as text. */
#include "src/ops/env.h"

#include <string.h>


static const struct { const char *name; hu_overflow value; } policies[] = {
    {"ieee", HU_OVERFLOW_IEEE},
    {"sat", HU_OVERFLOW_SATURATE},
    {"saturate", HU_OVERFLOW_SATURATE},
    {"satfinite", HU_OVERFLOW_SATURATE_FINITE},
    {"saturate-finite-only", HU_OVERFLOW_SATURATE_FINITE},
};

static const struct { const char *name; hu_flags flag; } flag_names[] = {
#define X(flag, bit, text) {text, flag},
    HU_FLAG_MAP(X)
#undef X
};

hu_env hu_env_default(void)
{
    return (hu_env){.rounding = hu_rounding_at(0), .overflow = HU_OVERFLOW_IEEE, .tininess = HU_TININESS_AFTER,
                    .nan = HU_NAN_CANONICAL};
}

uint64_t hu_env_draw(hu_env *env)
{
    if (env->rounding->random_bits == 0)
        return 0;
    if (!env->word)
        return hu_random_next(&env->random);
    env->random.index++;
    return *env->word;
}

hu_status hu_overflow_find(const char *name, hu_overflow *out, hu_error *err)
{
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        if (strcmp(policies[i].name, name) == 0) {
            *out = policies[i].value;
            return HU_OK;
        }
    }
    return hu_fail(err, HU_ENAME, "no overflow policy '%.40s'; there are ieee, saturate (sat) and "
                   "saturate-finite-only (satfinite)", name);
}

hu_status hu_env_parse_mode(hu_env *env, const char *text, hu_error *err)
{
    char name[64];
    const char *plus = strchr(text, '+');
    size_t n = plus ? (size_t)(plus - text) : strlen(text);
    hu_overflow overflow = HU_OVERFLOW_IEEE;
    if (n >= sizeof name)
        n = sizeof name - 1;
    memcpy(name, text, n);
    name[n] = '\0';

    const hu_rounding *rounding = hu_rounding_find(name, err);
    if (!rounding)
        return HU_ENAME;
    if (plus) {
        hu_status status = hu_overflow_find(plus + 1, &overflow, err);
        if (status)
            return status;
    }
    env->rounding = rounding;
    env->overflow = overflow;
    return HU_OK;
}

char *hu_flags_to_text(hu_flags flags, char text[HU_FLAGS_SIZE])
{
    char *end = text;
    for (size_t i = 0; i < sizeof flag_names / sizeof flag_names[0]; i++) {
        if (!(flags & flag_names[i].flag))
            continue;
        if (end != text)
            *end++ = ',';
        size_t n = strlen(flag_names[i].name);
        memcpy(end, flag_names[i].name, n);
        end += n;
    }
    if (end == text)
        *end++ = '-';
    *end = '\0';
    return text;
}
