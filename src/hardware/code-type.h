/* code-type.h - what a code is of: a format, or an integer in two's complement, as conversions have them on either side.
 *
 * Needs src/ops and below. Used by the tasks of src/hardware and by halfulp calc, so that they read the same words.
 */
#ifndef HU_HARDWARE_CODE_TYPE_H
#define HU_HARDWARE_CODE_TYPE_H

#include "src/ops/bits.h"

typedef struct hu_code_type {
    const hu_format *format;   /* NULL: an integer */
    int  width_bits;           /* of a code        */
    bool is_signed;
} hu_code_type;

hu_code_type hu_code_type_of(const hu_format *f);

/* A format of the grammar, or int1 to int64, uint1 to uint64, which here are integers and not the formats of these names. */
hu_status hu_code_type_find(hu_code_type *t, const char *name, hu_error *err);

/* Its name: the format's, or "int8" in text. */
const char *hu_code_type_name(const hu_code_type *t, char text[16]);

/* The two sides of a conversion, out of their names. Where both are integers, the first one is the format of its name, which has the same values. */
hu_status hu_code_type_find_pair(hu_code_type *from, hu_code_type *to, const char *from_name, const char *to_name, hu_error *err);

/* The value of an integer's code. */
hu_num hu_code_type_integer(const hu_code_type *t, const hu_bits *code);

/* The code of one type of the value of another's, rounded once; flags go into env. One of the two is a format, and the code
 * fits the width of `from`. */
hu_bits hu_code_type_convert(const hu_code_type *from, const hu_code_type *to, hu_env *env, const hu_bits *code);

#endif
