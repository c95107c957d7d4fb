/* manifest.h - manifest.json: which script, which arguments, which program, which machine, when. */
#ifndef HU_LAB_MANIFEST_H
#define HU_LAB_MANIFEST_H

#include <time.h>

#include "src/lab/run-dir.h"

typedef struct hu_manifest {
    const hu_run_facts *facts;
    const char         *state;
    struct timespec     start;       /* of the real-time clock  */
    double              wall_s;
    size_t              n_done, n_failed;
    const char         *policies;    /* of the training runs, a JSON object; NULL: none */
} hu_manifest;

/* Appends the manifest as a JSON object, one field a line. */
void hu_manifest_json(const hu_manifest *m, hu_buffer *out);

/* Seconds since 1970 as "2026-01-31T12:00:00Z". */
void hu_time_text(time_t seconds, char text[32]);

/* The processor's name where Linux tells it, else "unknown". */
void hu_cpu_name(char name[128]);

#endif
