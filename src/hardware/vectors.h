/* vectors.h - sets of test vectors: writing them, and checking them.
 *
 * hu_vectors_generate writes the operands of src/hardware/cases.h with the results of src/ops in a layout, under a header.
 * hu_vectors_check reads such a file, or the outputs of somebody's hardware for it, computes each line again and reports what
 * differs. Files of any length: nothing but the list of special operands is held in memory.
 */
#ifndef HU_HARDWARE_VECTORS_H
#define HU_HARDWARE_VECTORS_H

#include <stdio.h>

#include "src/hardware/cases.h"
#include "src/hardware/header.h"
#include "src/hardware/layout.h"

/* Called now and then; n 0: not known. false: stop. */
typedef bool hu_vectors_progress(void *to, uint64_t done, uint64_t n);

typedef struct hu_vectors_settings {
    const hu_layout *layout;
    uint64_t seed, count;             /* count 0: the usual number; see hu_cases_new               */
    bool inputs_only;                 /* operands (and random bits) without results                */
    bool no_header;
    hu_vectors_progress *progress;    /* NULL: none                                                */
    void *to;
} hu_vectors_settings;

/* Writes the set to `path` ("-": standard output), whole or not at all. The same task and settings give the same bytes on every
 * machine. The header of a layout without comments goes to `path`.header; to nowhere for standard output.
 * *written: the number of lines. HU_EINVAL where the layout cannot hold the task, HU_EIO, HU_ENOMEM; HU_EBUSY when `progress` stopped it. */
hu_status hu_vectors_generate(const char *path, const hu_task *t, const hu_vectors_settings *s, uint64_t *written, hu_error *err);

/* --- checking --- */

typedef enum hu_finding_kind {
    HU_FINDING_DIFFERS,               /* a result or flags differ                                   */
    HU_FINDING_MISSING,               /* a line of the set is not in the file                       */
    HU_FINDING_OPERANDS,              /* the operands are not those of the set                      */
    HU_FINDING_LINE,                  /* a line of the outputs cannot be read: text says why        */
    HU_FINDING_FILE,                  /* of the whole file: text says what                          */
} hu_finding_kind;

typedef struct hu_finding {
    hu_finding_kind kind;
    const hu_task *task;
    uint64_t line;                    /* of the file, from 1; DIFFERS, OPERANDS; MISSING: before which one it belongs  */
    uint64_t vector;                  /* of the set, from 1; 0: not known                           */
    const uint64_t *in, *want, *got;  /* words of the operands and results; MISSING: no `got`       */
    hu_flags want_flags, got_flags;
    bool result_differs, flags_differ;
    const char *text;                 /* HU_FINDING_LINE, HU_FINDING_FILE                           */
} hu_finding;

typedef void hu_vectors_report(void *to, const hu_finding *finding);

typedef struct hu_check_settings {
    hu_task_words words;              /* what is known besides the header; what both say must agree */
    const hu_layout *layout;          /* NULL: the header's, or that of a TestFloat function        */
    const char *against;              /* the file with the outputs, "-": standard input; NULL: in the file itself */
    bool ignore_flags;
    bool any_nan;                     /* every NaN is as good as another                            */
    uint64_t max;                     /* findings that are reported, besides those of the whole file; all are counted */
    hu_vectors_report *report;
    hu_vectors_progress *progress;
    void *to;
} hu_check_settings;

typedef struct hu_check_result {
    uint64_t lines;                   /* compared                                                   */
    uint64_t findings;                /* of all kinds                                               */
    uint64_t differing, missing, unreadable, of_file;
    uint64_t reported;                /* besides those of the whole file                            */
    bool windows_ends, outputs_windows_ends;   /* the file, or that of the outputs, has CR LF       */
    bool has_results;                 /* there was something to compare with                        */
    char task[2 * HU_TASK_TEXT];      /* "mul e5m10 rne+sat"                                        */
} hu_check_result;

/* HU_OK: the file was read to its end; *result says what was found. Else err says in one line what is wrong with the file
 * or the settings. `path` "-": standard input. */
hu_status hu_vectors_check(const char *path, const hu_check_settings *s, hu_check_result *result, hu_error *err);

#endif
