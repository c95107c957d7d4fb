/* format-description.h - what a format is, as lines of text, counts and exact numbers; for halfulp format. */
#ifndef HU_CLI_FORMAT_DESCRIPTION_H
#define HU_CLI_FORMAT_DESCRIPTION_H

#include <stdio.h>

#include "formats/values.h"
#include "src/ops/bits.h"

typedef enum hu_line_kind { HU_LINE_TEXT, HU_LINE_COUNT, HU_LINE_NUMBER } hu_line_kind;

typedef struct hu_line {
    const char *label;         /* in the text    */
    const char *key;           /* in the JSON    */
    hu_line_kind kind;
    char   text[160];          /* HU_LINE_COUNT: digits; HU_LINE_NUMBER: in decimal */
    char   hex[HU_TEXT_SIZE];  /* HU_LINE_NUMBER: exact */
    hu_num number;             /* the same; the largest value of a format of more than 128 bits of precision cut to so many */
} hu_line;

enum { HU_DESCRIPTION_LINES = 24 };

typedef struct hu_description {
    hu_line lines[HU_DESCRIPTION_LINES];
    int n;
} hu_description;

void hu_describe(hu_description *d, const hu_format *f);

/* Fills a line of that kind. */
void hu_line_set_number(hu_line *l, hu_num value);

/* The line of that key; NULL: there is none. */
const hu_line *hu_description_line(const hu_description *d, const char *key);

/* The value alone as JSON: a number as {"value": 448, "hex": "0x1.cp+8"}, yes and no as true and false. */
void hu_line_json(FILE *out, const hu_line *l);

/* "value": 448, "hex": "0x1.cp+8"; the value is null for infinities and NaN, which JSON has no numbers for. */
void hu_number_json(FILE *out, hu_num x);

/* Decimal digits of n. Returns text. */
char *hu_count_text(hu_u128 n, char text[48]);

/* The bits of a code, those of sign, exponent and significand apart: "0 0111 000". Returns out. */
char *hu_code_bits(const hu_format *f, hu_code code, char out[HU_VALUES_WIDEST + 4]);

#endif
