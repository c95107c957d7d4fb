/* logarithmic.h - what the logarithmic families have in common. Internal to formats/. */
#ifndef HU_FORMATS_LOGARITHMIC_H
#define HU_FORMATS_LOGARITHMIC_H

#include "formats/format.h"
#include "src/num/log.h"

/* A family of codes that say the logarithm of a magnitude. */
typedef struct hu_logarithmic {
    hu_log_base base;
    bool       (*log_of) (const hu_format *f, hu_code code, hu_log *out);   /* false: a NaN */
    hu_bracket (*bracket)(const hu_format *f, hu_log l);                    /* l: finite    */
    long       (*rank)   (const hu_format *f, hu_code code);                /* of a finite code's magnitude, from 0 */
    long       (*half_steps)(const hu_format *f);                           /* how many: see logarithmic-table.c    */
    hu_log     (*half_step)(const hu_format *f, long i);                    /* 2 i: that of rank i; 2 i + 1: the middle between it and the next */
} hu_logarithmic;

/* The functions of these families; `logarithmic` of the family says the rest. */
hu_num     hu_logarithmic_decode (const hu_format *f, hu_code code);
void       hu_logarithmic_wide   (const hu_format *f, hu_code code, hu_wide *out);
hu_bracket hu_logarithmic_bracket(const hu_format *f, hu_num x);
bool       hu_logarithmic_result (const hu_format *f, hu_term term, const hu_code *x, hu_bracket *out);
bool       hu_logarithmic_quick  (const hu_format *f, hu_num x, hu_bracket *out);
bool       hu_logarithmic_quick_result(const hu_format *f, hu_term term, const hu_code *x, hu_bracket *out);

/* A finite code's value out of the table; false: there is none. */
bool hu_logarithmic_known(const hu_format *f, hu_code code, bool negative, hu_num *out);

/* The operations that these families have. */
extern const char hu_logarithmic_operations[];

#endif
