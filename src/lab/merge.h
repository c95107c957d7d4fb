/* merge.h - the points of other run directories, taken into one. */
#ifndef HU_LAB_MERGE_H
#define HU_LAB_MERGE_H

#include "src/lab/run-dir.h"

typedef struct hu_merged {
    size_t n_added, n_known;     /* points that the target did not have, and that it had with the same results */
} hu_merged;

/* Takes the points of the latest run of the directory `from`, with the files that they left, into `to`; all of them or,
 * when one has other results there, none (HU_EINVAL). What is done counts before what failed, and that before what is
 * planned. `from` is only read. */
hu_status hu_merge(hu_run_dir *to, const char *from, hu_merged *out, hu_error *err);

#endif
