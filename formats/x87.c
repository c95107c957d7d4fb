/* x87.c - the name of the 80-bit format of the x87 unit, whose leading bit is written out: a format of the wide family.
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, section 4.2.2 (double extended precision).
 */
#include <stdio.h>
#include <string.h>

#include "formats/registry.h"
#include "formats/wide.h"

enum { EXP_BITS = 15, TRAILING_BITS = 63, BIAS = 16383 };

hu_reading hu_read_x87(const char *name, hu_format *f, char canonical[HU_FORMAT_NAME_SIZE], hu_error *err)
{
    if (strcmp(name, "x87") != 0)
        return HU_NOT_MINE;
    (void)err;
    *f = (hu_format){.width_bits = 80, .exp_bits = EXP_BITS, .man_bits = TRAILING_BITS, .bias = BIAS,
                     .specials = HU_SPECIALS_IEEE, .emin = 1 - BIAS, .emax = BIAS, .explicit_leading = true,
                     .has_inf = true, .has_nan = true, .has_negative_zero = true, .is_signed = true};
    hu_wide_derive(f);
    snprintf(canonical, HU_FORMAT_NAME_SIZE, "x87");
    return HU_READ;
}
