/* merge.c - the points of other run directories, taken into one. */
#include "src/lab/merge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/memory.h"

typedef struct merge {
    hu_run_dir *to;
    hu_store   *store;
    const char *from;
    hu_merged  *out;
    const hu_row *row;             /* that is looked for in the target */
} merge;

/* What the target has of a point: the same, or other, results. */
static hu_status compare(void *user, const hu_row *have, hu_error *err)
{
    const merge *m = user;
    const hu_row *row = m->row;
    if (have->state != HU_POINT_DONE || row->state != HU_POINT_DONE || hu_record_same(&have->results, &row->results))
        return HU_OK;
    const char *name = "(another set of results)";
    for (size_t i = 0; i < row->results.n; i++) {
        const hu_value *v = hu_record_find(&have->results, row->results.values[i].name);
        if (v && !hu_value_same(v, &row->results.values[i])) {
            name = row->results.values[i].name;
            break;
        }
    }
    return hu_fail(err, HU_EINVAL, "%.60s and %.60s have different results for the point %.80s (%.30s); nothing was merged from the latter",
                   hu_run_dir_path(m->to), m->from, row->json, name);
}

static hu_status copy_file(const char *from, const char *to, hu_error *err)
{
    char chunk[65536];
    hu_file out;
    size_t n;
    FILE *in = fopen(from, "rbe");
    if (!in)
        return hu_fail(err, HU_EIO, "%.180s: %s", from, strerror(errno));
    hu_status status = hu_file_open(&out, to, err);
    if (status == HU_OK) {
        bool written = true;
        while (written && (n = fread(chunk, 1, sizeof chunk, in)) > 0)
            written = fwrite(chunk, 1, n, out.stream) == n;
        status = hu_file_close(&out, written && !ferror(in), err);
    }
    fclose(in);
    return status;
}

static hu_status copy_artifacts(const merge *m, const hu_row *row, hu_error *err)
{
    hu_status status = HU_OK;
    char *folder = row->artifacts.n ? hu_run_dir_point(m->to, row->key) : NULL;
    if (row->artifacts.n > 0)
        status = folder ? hu_make_folders(folder, err) : hu_fail(err, HU_ENOMEM, "out of memory");
    for (size_t i = 0; status == HU_OK && i < row->artifacts.n; i++) {
        const char *name = row->artifacts.values[i].name;
        char from[4096], to[4096];
        int n = snprintf(from, sizeof from, "%s/points/%.16s/%s", m->from, row->key, name);
        int k = snprintf(to, sizeof to, "%s/%s", folder, name);
        status = strchr(name, '/') || n >= (int)sizeof from || k >= (int)sizeof to
            ? hu_fail(err, HU_EIO, "%s: the file %.80s of a point cannot be copied", m->from, name) : copy_file(from, to, err);
    }
    hu_free(folder);
    return status;
}

static hu_status take_point(merge *m, const hu_row *row, hu_point *p, hu_error *err)
{
    hu_status status = HU_OK;
    for (size_t i = 0; status == HU_OK && i < row->params.n; i++)
        status = hu_record_copy(&p->params, &row->params.values[i], err);
    p->json = (char *)(uintptr_t)row->json;
    snprintf(p->key, sizeof p->key, "%s", row->key);
    if (status == HU_OK)
        status = hu_store_plan(m->store, hu_run_dir_run(m->to), row->sweep, p, 1, row->position, 1, err);
    bool better = row->state == HU_POINT_DONE ? p->state != HU_POINT_DONE : row->state == HU_POINT_FAILED && p->state == HU_POINT_PLANNED;
    if (status != HU_OK || !better) {
        m->out->n_known++;
        return status;
    }
    hu_finish f = {.results = &row->results, .artifacts = &row->artifacts, .policies = &row->policies, .run = hu_run_dir_run(m->to),
                   .failure = row->state == HU_POINT_FAILED ? row->failure : NULL,
                   .output = row->output, .signal = row->signal, .seconds = row->seconds};
    if (row->state == HU_POINT_FAILED && !f.failure)
        f.failure = "failed";
    if ((status = copy_artifacts(m, row, err)) == HU_OK)
        status = hu_store_finish(m->store, row->key, &f, err);
    m->out->n_added++;
    return status;
}

static hu_status visit(void *user, const hu_row *row, hu_error *err)
{
    merge *m = user;
    hu_point p = {0};
    m->row = row;
    hu_status status = hu_store_find(m->store, row->key, compare, m, err);
    if (status == HU_OK)
        status = take_point(m, row, &p, err);
    hu_record_clear(&p.params);
    if (status == HU_OK && row->state != HU_POINT_PLANNED)
        hu_run_dir_count(m->to, row->state == HU_POINT_DONE);
    return status;
}

hu_status hu_merge(hu_run_dir *to, const char *from, hu_merged *out, hu_error *err)
{
    char path[4096];
    *out = (hu_merged){0};
    merge m = {.to = to, .store = hu_run_dir_store(to), .from = from, .out = out};
    if (snprintf(path, sizeof path, "%s/results.sqlite", from) >= (int)sizeof path)
        return hu_fail(err, HU_EINVAL, "the name of the folder is too long");
    hu_store *source = hu_store_open(path, false, err);
    if (!source)
        return err ? err->status : HU_EIO;
    hu_status status = hu_store_hold(m.store, err);
    if (status == HU_OK) {
        status = hu_store_each(source, 0, NULL, visit, &m, err);
        if (status == HU_OK)
            status = hu_store_event(m.store, hu_run_dir_run(to), NULL, "merged", from, err);
        status = hu_store_release(m.store, status, err);
    }
    hu_store_close(source, NULL);
    return status;
}
