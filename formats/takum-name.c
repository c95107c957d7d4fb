/* takum-name.c - the names of takums.
 *
 *     name = ( "takum" | "takum_linear" | "takum_log" | "takumlog" ) N      N 2..64 bits; canonical are takumN and takum_logN
 */
#include <stdio.h>
#include <string.h>

#include "formats/takum.h"

enum { N_MIN = 2, N_MAX = 64 };

static const struct { const char *word; bool is_logarithmic; } kinds[] = {
    {"takum_linear", false}, {"takum_log", true}, {"takumlog", true}, {"takum", false},
};

/* Which kind of takum the name speaks of; *text moves past it. */
static bool read_kind(const char **text, bool *is_logarithmic)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t n = strlen(kinds[i].word);
        if (strncmp(*text, kinds[i].word, n) == 0) {
            *is_logarithmic = kinds[i].is_logarithmic;
            *text += n;
            return true;
        }
    }
    return false;
}

hu_reading hu_read_takum(const char *name, hu_format *f, char canonical[HU_FORMAT_NAME_SIZE], hu_error *err)
{
    const char *text = name;
    bool is_logarithmic;
    if (!read_kind(&text, &is_logarithmic))
        return HU_NOT_MINE;
    int width = hu_tapered_read_count(&text);
    if (width < 0 || *text != '\0')
        return HU_NOT_MINE;
    if (width < N_MIN || width > N_MAX)
        return hu_refuse(err, HU_ERANGE, "format '%.60s': a takum has %d to %d bits", name, N_MIN, N_MAX);

    int fraction_bits = width - 1 - HU_TAKUM_PREFIX_BITS;          /* beside an empty characteristic */
    *f = (hu_format){.man_bits = fraction_bits > 0 ? fraction_bits : 0};
    f->family = is_logarithmic ? &hu_family_takum_log : &hu_family_takum;
    f->source = is_logarithmic ? "Hunhold, Beating Posits at Their Own Game: Takum Arithmetic, 2024 (arXiv 2404.18603), logarithmic"
                               : "Hunhold, Beating Posits at Their Own Game: Takum Arithmetic, 2024 (arXiv 2404.18603), linear";
    hu_tapered_derive(f, width);
    snprintf(canonical, HU_FORMAT_NAME_SIZE, "%s%d", is_logarithmic ? "takum_log" : "takum", width);
    return HU_READ;
}
