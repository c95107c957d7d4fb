/* run-dir.h - the directory of a run: manifest.json, results.sqlite, log.txt, plots/, report.html.
 *
 * One process at a time writes a directory: it holds a record lock on the file .lock in it, which ends with the
 * process, however that ends. A directory that holds something else is refused and left as it is.
 */
#ifndef HU_LAB_RUN_DIR_H
#define HU_LAB_RUN_DIR_H

#include "src/lab/store.h"

/* What the manifest says; the texts are borrowed until the directory is closed. */
typedef struct hu_run_facts {
    const char *script;            /* as it was named                        */
    char        script_sha256[HU_SHA256_HEX];   /* "" where there is no file */
    const char *command;           /* what to type to run it again           */
    const char *parameters;        /* JSON object: the script's parameters   */
    uint64_t    seed;
    int         jobs;
} hu_run_facts;

typedef struct hu_run_dir hu_run_dir;

/* Opens `path` for writing: makes it and its parents when they are not there. NULL with err: HU_EBUSY when another process
 * writes it, HU_EINVAL when it is not ours, HU_EIO for the rest. */
hu_run_dir *hu_run_dir_open(const char *path, const hu_run_facts *facts, hu_error *err);

/* Writes the last manifest and gives the directory free; NULL is allowed. In a forked worker it does nothing to
 * the directory. */
hu_status hu_run_dir_close(hu_run_dir *d, hu_error *err);

const char *hu_run_dir_path(const hu_run_dir *d);
hu_store   *hu_run_dir_store(const hu_run_dir *d);
int64_t     hu_run_dir_run(const hu_run_dir *d);

/* A point of this run is at its end, now or since an earlier run; counted for the manifest. `state` as the manifest shows it: "running", "finished",
 * "interrupted" or "failed". */
void      hu_run_dir_count(hu_run_dir *d, bool ok);
hu_status hu_run_dir_state(hu_run_dir *d, const char *state, hu_error *err);

/* A line of log.txt, with the time in front. */
hu_status hu_run_dir_log(hu_run_dir *d, const char *line, hu_error *err);

/* Files of a point's folder that begin so belong to its checkpoint. */
#define HU_CHECKPOINT "checkpoint"

/* The folder of a point, for its files and its checkpoint, from hu_malloc: it need not be there. NULL when out of memory. */
char     *hu_run_dir_point(const hu_run_dir *d, const char *key);

/* A point is done: what it left to continue from goes, and its folder where nothing else is in it. */
void      hu_run_dir_forget_checkpoint(const hu_run_dir *d, const char *key);

/* Writes a file as a whole or not at all: beside its place first, then renamed. */
hu_status hu_write_file(const char *path, const void *data, size_t n_bytes, hu_error *err);

/* Makes a folder and those above it. */
hu_status hu_make_folders(const char *path, hu_error *err);

#endif
