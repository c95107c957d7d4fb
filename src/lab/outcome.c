/* outcome.c - what came out of a point, as bytes on their way between processes. */
#include <string.h>

#include "src/lab/workers.h"

/* In front of the failure, the output and the three records. */
typedef struct head {
    uint64_t n_failure, n_output, n_results, n_artifacts, n_policies;
    double   seconds;
    uint64_t ok, stopped;
    int64_t  signal;
} head;

void hu_outcome_clear(hu_outcome *o)
{
    hu_record_clear(&o->results);
    hu_record_clear(&o->artifacts);
    hu_record_clear(&o->policies);
}

void hu_outcome_write(const hu_outcome *o, hu_buffer *out)
{
    hu_buffer results = {0}, artifacts = {0}, policies = {0};
    hu_record_write(&o->results, &results);
    hu_record_write(&o->artifacts, &artifacts);
    hu_record_write(&o->policies, &policies);
    head h = {.n_failure = strlen(o->failure), .n_output = strlen(o->output), .n_results = results.n_bytes,
              .n_artifacts = artifacts.n_bytes, .n_policies = policies.n_bytes, .seconds = o->seconds, .ok = o->ok, .stopped = o->stopped, .signal = o->signal};
    hu_buffer_add(out, &h, sizeof h);
    hu_buffer_add(out, o->failure, h.n_failure);
    hu_buffer_add(out, o->output, h.n_output);
    hu_buffer_add(out, results.data, results.n_bytes);
    hu_buffer_add(out, artifacts.data, artifacts.n_bytes);
    hu_buffer_add(out, policies.data, policies.n_bytes);
    out->failed = out->failed || results.failed || artifacts.failed || policies.failed;
    hu_buffer_clear(&results);
    hu_buffer_clear(&artifacts);
    hu_buffer_clear(&policies);
}

/* The next n of the bytes that are left, NULL when there are fewer. */
static const char *take(const char **at, size_t *left, uint64_t n)
{
    const char *from = *at;
    if (n > *left)
        return NULL;
    *at += n;
    *left -= n;
    return from;
}

hu_status hu_outcome_read(hu_outcome *o, const void *bytes, size_t n_bytes, hu_error *err)
{
    const char *at = bytes;
    size_t left = n_bytes;
    head h;
    const char *from = take(&at, &left, sizeof h);
    if (from)
        memcpy(&h, from, sizeof h);
    const char *failure = from ? take(&at, &left, h.n_failure) : NULL;
    const char *output = failure ? take(&at, &left, h.n_output) : NULL;
    const char *results = output ? take(&at, &left, h.n_results) : NULL;
    const char *artifacts = results ? take(&at, &left, h.n_artifacts) : NULL;
    const char *policies = artifacts ? take(&at, &left, h.n_policies) : NULL;
    if (!policies || left > 0 || h.n_failure >= sizeof o->failure || h.n_output >= sizeof o->output)
        return hu_fail(err, HU_EPARSE, "a result of %zu bytes is cut short or damaged", n_bytes);
    hu_status status = hu_record_read(&o->results, results, h.n_results, err);
    if (status == HU_OK)
        status = hu_record_read(&o->artifacts, artifacts, h.n_artifacts, err);
    if (status == HU_OK)
        status = hu_record_read(&o->policies, policies, h.n_policies, err);
    if (status != HU_OK)
        return status;
    memcpy(o->failure, failure, h.n_failure);
    o->failure[h.n_failure] = '\0';
    memcpy(o->output, output, h.n_output);
    o->output[h.n_output] = '\0';
    o->ok = h.ok != 0;
    o->stopped = h.stopped != 0;
    o->signal = (int)h.signal;
    o->seconds = h.seconds;
    return HU_OK;
}
