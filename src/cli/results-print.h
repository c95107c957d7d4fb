/* results-print.h - a table to standard output: for people, as CSV (RFC 4180) or as JSON, an object a line. */
#ifndef HU_CLI_RESULTS_PRINT_H
#define HU_CLI_RESULTS_PRINT_H

#include "src/lab/query.h"

typedef enum hu_print_form { HU_PRINT_TEXT, HU_PRINT_CSV, HU_PRINT_JSON } hu_print_form;

typedef struct hu_printer hu_printer;

/* NULL when out of memory. */
hu_printer *hu_printer_new(hu_print_form form);

/* Frees, and before that prints what is still held, where that is wanted. */
void        hu_printer_end(hu_printer *p, bool prints);

hu_sink     hu_printer_sink(hu_printer *p);

#endif
