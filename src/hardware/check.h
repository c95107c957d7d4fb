/* check.h - what the two ways of checking share: a file with its own results, and one whose outputs are in another. Internal
 * to src/hardware.
 */
#ifndef HU_HARDWARE_CHECK_H
#define HU_HARDWARE_CHECK_H

#include "src/hardware/lines.h"
#include "src/hardware/vectors.h"

typedef struct hu_checker {
    const hu_check_settings *settings;
    hu_check_result *result;
    hu_lines lines;                   /* of the vector file                                        */
    bool has_header;
    hu_header header;
    const hu_layout *layout;
    const char *comment;              /* what begins a line that is passed over; NULL: nothing     */
    hu_task task;
    bool has_task;
    int holds;                        /* of each line                                              */
    hu_sha256 sha;
    uint64_t n_lines;                 /* vectors read so far                                       */
    hu_cases *cases;                  /* check-itself.c: the described set; NULL: not known         */
} hu_checker;

/* Reads the header, puts the task together from it and the options, and looks at what a line holds. */
hu_status hu_check_header(hu_checker *c, const char *path, hu_error *err);

/* The next line that is neither empty nor a comment; *more false: there is none. */
hu_status hu_check_next_text(hu_checker *c, bool *more, hu_error *err);

/* err's text with the file and the line in front; that the file ends within the line. */
hu_status hu_check_in_line(const hu_checker *c, hu_error *err);
hu_status hu_check_cut_off(const hu_checker *c, hu_error *err);

void hu_check_report(hu_checker *c, const hu_finding *f);
void hu_check_say(hu_checker *c, hu_finding_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Whether the line is one of names of columns: it has letters that no number has (Verilog writes x and z for unknown bits). */
bool hu_check_is_names(const hu_lines *l);

/* The next line that holds a vector, into line; *more false: there is none. */
hu_status hu_check_next(hu_checker *c, hu_vector *line, bool *more, hu_error *err);

/* Fills *f with what differs; false: nothing. */
bool hu_check_compare(const hu_checker *c, const hu_vector *want, const hu_vector *got, hu_finding *f);

/* Whether two lines have the same operands (in a layout that has no codes for NaNs, any are the same). */
bool hu_check_same_operands(const hu_checker *c, const uint64_t *a, const uint64_t *b);

/* Reads to the end, comparing with the file's own results; with the outputs in another file. */
hu_status hu_check_itself (hu_checker *c, hu_error *err);
hu_status hu_check_against(hu_checker *c, const char *path, hu_error *err);

#endif
