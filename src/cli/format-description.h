/* format-description.h - what a format is: a list of its properties, texts, counts and exact numbers; for halfulp format. */
#ifndef HU_CLI_FORMAT_DESCRIPTION_H
#define HU_CLI_FORMAT_DESCRIPTION_H

#include <stdio.h>

#include "formats/values.h"
#include "src/ops/bits.h"

typedef enum hu_property_kind { HU_PROPERTY_TEXT, HU_PROPERTY_COUNT, HU_PROPERTY_NUMBER } hu_property_kind;

typedef struct hu_property {
    const char *label;         /* in the text    */
    const char *key;           /* in the JSON    */
    hu_property_kind kind;
    char   text[160];          /* HU_PROPERTY_COUNT: digits; HU_PROPERTY_NUMBER: in decimal */
    char   hex[HU_TEXT_SIZE];  /* HU_PROPERTY_NUMBER: exact */
    hu_num number;             /* the same; the largest value of a format of more than 128 bits of precision cut to so many */
} hu_property;

enum { HU_DESCRIPTION_LINES = 24 };

typedef struct hu_description {
    hu_property lines[HU_DESCRIPTION_LINES];
    int n;
} hu_description;

void hu_describe(hu_description *d, const hu_format *f);

/* Adds a line of that kind, which the caller fills; a line of text; of a number. */
hu_property *hu_description_add(hu_description *d, const char *label, const char *key, hu_property_kind kind);
void hu_description_text  (hu_description *d, const char *label, const char *key, const char *value);
void hu_description_number(hu_description *d, const char *label, const char *key, hu_num value);

/* The formats that --list shows: those of the registry, then those that a file has defined; NULL: past the last. */
const hu_format *hu_format_listed_at(int i);

/* The line of that key; NULL: there is none. */
const hu_property *hu_description_find(const hu_description *d, const char *key);

/* The value alone as JSON: a number as {"value": 448, "hex": "0x1.cp+8"}, yes and no as true and false. */
void hu_property_json(FILE *out, const hu_property *l);

/* "value": 448, "hex": "0x1.cp+8"; the value is null for infinities and NaN, which JSON has no numbers for. */
void hu_number_json(FILE *out, hu_num x);

/* Decimal digits of n. Returns text. */
char *hu_count_text(hu_u128 n, char text[48]);

/* The bits of a code, those of sign, exponent and significand apart: "0 0111 000". Returns out. */
char *hu_code_bits(const hu_format *f, hu_code code, char out[HU_VALUES_WIDEST + 4]);

#endif
