/* lab-store.c - records survive the way through a pipe; the store keeps what it was given and nothing else. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "src/base/memory.h"
#include "src/lab/query.h"
#include "src/lab/series.h"
#include "src/lab/store.h"
#include "src/lab/workers.h"
#include "tests/lib/test.h"

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/lab-store.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void fill(hu_record *r)
{
    hu_error err = {0};
    double curve[3] = {1, -0.0, 0x1p-1074};
    assert_int_equal(hu_record_integer(r, "count", INT64_MIN, &err), HU_OK);
    assert_int_equal(hu_record_real(r, "error", 0.1, &err), HU_OK);
    assert_int_equal(hu_record_real(r, "zero", -0.0, &err), HU_OK);
    assert_int_equal(hu_record_real(r, "bad", NAN, &err), HU_OK);
    assert_int_equal(hu_record_real(r, "big", INFINITY, &err), HU_OK);
    assert_int_equal(hu_record_text(r, "note", "a\0b \xc3\xbc", 6, &err), HU_OK);
    assert_int_equal(hu_record_series(r, "curve", curve, 3, 0, NULL, &err), HU_OK);
    assert_int_equal(hu_record_series(r, "grid", curve, 3, 2, (size_t[]){3, 1}, &err), HU_OK);
    assert_int_equal(hu_record_series(r, "none", NULL, 0, 0, NULL, &err), HU_OK);
    assert_int_equal(hu_record_real(r, "error", 1, &err), HU_EINVAL);
}

/* The same names and bits; a NaN is any NaN. */
static void check_same(const hu_record *a, const hu_record *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        const hu_value *v = &a->values[i], *w = hu_record_find(b, v->name);
        assert_non_null(w);
        assert_int_equal(v->kind, w->kind);
        assert_int_equal(v->n, w->n);
        assert_int_equal(v->rank, w->rank);
        assert_int_equal(v->integer, w->integer);
        assert_true(isnan(v->real) ? isnan(w->real) : memcmp(&v->real, &w->real, sizeof v->real) == 0);
        if (v->kind >= HU_VALUE_TEXT && v->n > 0)
            assert_memory_equal(v->data, w->data, v->kind == HU_VALUE_TEXT ? v->n : v->n * sizeof(double));
        for (int k = 0; k < v->rank; k++)
            assert_int_equal(v->shape[k], w->shape[k]);
    }
}

static void record_bytes(void **state)
{
    (void)state;
    hu_record a = {0}, b = {0};
    hu_buffer bytes = {0};
    hu_error err = {0};
    fill(&a);
    hu_record_write(&a, &bytes);
    assert_int_equal(hu_record_read(&b, bytes.data, bytes.n_bytes, &err), HU_OK);
    check_same(&a, &b);
    for (size_t n = 0; n < bytes.n_bytes; n++) {
        hu_record part = {0};
        assert_int_equal(hu_record_read(&part, bytes.data, n, &err), HU_EPARSE);
        hu_record_clear(&part);
    }
    hu_record_clear(&a);
    hu_record_clear(&b);
    hu_buffer_clear(&bytes);
}

static void damaged_bytes(void **state)
{
    (void)state;
    hu_record a = {0};
    hu_buffer bytes = {0};
    test_random random = {1};
    fill(&a);
    hu_record_write(&a, &bytes);
    for (int i = 0; i < 2000; i++) {
        hu_record b = {0};
        size_t at = (size_t)test_random_below(&random, bytes.n_bytes);
        char before = bytes.data[at];
        bytes.data[at] = (char)test_random_bits(&random);
        hu_record_read(&b, bytes.data, bytes.n_bytes, NULL);
        bytes.data[at] = before;
        hu_record_clear(&b);
    }
    hu_record_clear(&a);
    hu_buffer_clear(&bytes);
}

static void canonical(void **state)
{
    (void)state;
    hu_record r = {0};
    hu_buffer json = {0};
    hu_error err = {0};
    hu_record_text(&r, "z", "q\"\\\n\xff\xc3\xbc", 7, &err);
    hu_record_real(&r, "b", 2.0, &err);
    hu_record_real(&r, "a", 0.1, &err);
    hu_record_real(&r, "c", 1e300, &err);
    hu_record_integer(&r, "d", -7, &err);
    hu_record_json(&r, &json);
    assert_string_equal(json.data, "{\"a\": 0.1, \"b\": 2, \"c\": 1e+300, \"d\": -7, \"z\": \"q\\\"\\\\\\u000a\\ufffd\xc3\xbc\"}");
    hu_record_clear(&r);
    hu_buffer_clear(&json);
}

static hu_status keep(void *user, const hu_row *row, hu_error *err)
{
    hu_record *out = user;
    for (size_t i = 0; i < row->results.n; i++) {
        const hu_value *v = &row->results.values[i];
        hu_status status = v->kind == HU_VALUE_INTEGER ? hu_record_integer(out, v->name, v->integer, err)
                         : v->kind == HU_VALUE_REAL ? hu_record_real(out, v->name, v->real, err)
                         : v->kind == HU_VALUE_TEXT ? hu_record_text(out, v->name, v->data, v->n, err)
                         : hu_record_series(out, v->name, v->data, v->n, v->rank, v->shape, err);
        assert_int_equal(status, HU_OK);
    }
    return HU_OK;
}

static void store_keeps(void **state)
{
    (void)state;
    hu_error err = {0};
    hu_record a = {0}, b = {0};
    char json[] = "{\"i\": 1}";
    hu_point p = {.key = "0123", .json = json};
    int64_t run = 0;
    fill(&a);
    hu_record_integer(&p.params, "i", 1, &err);
    hu_store *s = hu_store_open(in_folder("a.sqlite"), true, &err);
    assert_non_null(s);
    assert_int_equal(hu_store_begin(s, "{}", &run, &err), HU_OK);
    assert_int_equal(hu_store_plan(s, run, "s", &p, 1, 0, 1, &err), HU_OK);
    assert_int_equal(p.state, HU_POINT_PLANNED);
    assert_int_equal(hu_store_finish(s, "0123", &(hu_finish){.failure = "first it failed", .signal = 9, .output = "last words", .seconds = 1}, &err), HU_OK);
    assert_int_equal(hu_store_finish(s, "0123", &(hu_finish){.results = &a, .seconds = 1}, &err), HU_OK);
    assert_int_equal(hu_store_finish(s, "another", &(hu_finish){.results = &a}, &err), HU_EINVAL);
    assert_int_equal(hu_store_plan(s, run, "s", &p, 1, 0, 1, &err), HU_OK);
    assert_int_equal(p.state, HU_POINT_DONE);
    assert_int_equal(hu_store_close(s, &err), HU_OK);
    s = hu_store_open(in_folder("a.sqlite"), false, &err);
    assert_non_null(s);
    assert_int_equal(hu_store_each(s, 0, NULL, keep, &b, &err), HU_OK);
    check_same(&a, &b);
    hu_store_close(s, NULL);
    hu_record_clear(&a);
    hu_record_clear(&b);
    hu_record_clear(&p.params);
}

static void write_bytes(const char *path, const void *data, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void not_ours(void **state)
{
    (void)state;
    hu_error err = {0};
    char before[HU_SHA256_HEX], after[HU_SHA256_HEX];
    static const char text[] = "These are somebody's notes, and they are longer than the head of a database file is. "
                               "Nothing here may be lost, whatever the name of the file is.\n";
    write_bytes(in_folder("text"), text, sizeof text);
    hu_sha256_file(in_folder("text"), before, &err);
    assert_null(hu_store_open(in_folder("text"), true, &err));
    assert_int_equal(err.status, HU_EINVAL);
    assert_non_null(strstr(err.text, "not a result store"));
    hu_sha256_file(in_folder("text"), after, &err);
    assert_string_equal(before, after);

    sqlite3 *db;
    assert_int_equal(sqlite3_open(in_folder("other"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE points(a); INSERT INTO points VALUES (1)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    hu_sha256_file(in_folder("other"), before, &err);
    assert_null(hu_store_open(in_folder("other"), true, &err));
    assert_int_equal(err.status, HU_EINVAL);
    assert_non_null(strstr(err.text, "application id"));
    hu_sha256_file(in_folder("other"), after, &err);
    assert_string_equal(before, after);
}

static void newer_and_cut(void **state)
{
    (void)state;
    hu_error err = {0};
    sqlite3 *db;
    hu_store_close(hu_store_open(in_folder("b.sqlite"), true, &err), NULL);
    assert_int_equal(sqlite3_open(in_folder("b.sqlite"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_null(hu_store_open(in_folder("b.sqlite"), true, &err));
    assert_non_null(strstr(err.text, "version 99"));
    hu_store_close(hu_store_open(in_folder("c.sqlite"), true, &err), NULL);
    assert_int_equal(truncate(in_folder("c.sqlite"), 5000), 0);
    assert_null(hu_store_open(in_folder("c.sqlite"), true, &err));
    assert_int_equal(err.status, HU_EIO);
    assert_non_null(strstr(err.text, "damaged"));
}

static void no_memory(void **state)
{
    (void)state;
    hu_error err = {0};
    for (long n = 0;; n++) {
        hu_record r = {0};
        hu_memory_fail_after(n);
        hu_status status = hu_record_text(&r, "name", "text", 4, &err);
        hu_memory_fail_after(-1);
        hu_record_clear(&r);
        if (status == HU_OK)
            break;
        assert_int_equal(status, HU_ENOMEM);
        assert_true(n < 10);
    }
    for (long n = 0;; n++) {
        hu_memory_fail_after(n);
        hu_store *s = hu_store_open(in_folder("d.sqlite"), true, &err);
        hu_memory_fail_after(-1);
        hu_store_close(s, NULL);
        if (s)
            break;
        assert_int_equal(err.status, HU_ENOMEM);
        assert_true(n < 10);
    }
}

/* Doubles as they come: any bits, close ones, floats, the same again. */
static double drawn(test_random *random, double before, int kind)
{
    uint64_t bits = test_random_bits(random);
    double x;
    memcpy(&x, &bits, sizeof x);
    if (kind == 1)
        return before * (1 + 0x1p-50 * (double)(bits >> 60));
    if (kind == 2)
        return (double)(float)((double)(bits >> 11) * 0x1p-53);
    return kind == 3 ? before : x;
}

static void packing(void **state)
{
    (void)state;
    test_random random = {3};
    hu_error err = {0};
    enum { MOST = 300 };
    double x[MOST], y[MOST];
    for (int round = 0; round < 400; round++) {
        size_t n = (size_t)test_random_below(&random, MOST);
        hu_buffer packed = {0};
        for (size_t i = 0; i < n; i++)
            x[i] = drawn(&random, i ? x[i - 1] : 0.7, round % 4);
        hu_series_pack(x, n, &packed);
        assert_false(packed.failed);
        assert_true(packed.n_bytes <= 9 * n);
        if (round % 4 == 2 && n > 0)            /* 29 bits of a double are zero where it was a float */
            assert_true(packed.n_bytes <= 6 * n);
        assert_int_equal(hu_series_unpack(y, n, packed.data, packed.n_bytes, &err), HU_OK);
        if (n > 0) {
            assert_memory_equal(x, y, n * sizeof *x);
            assert_int_equal(hu_series_unpack(y, n, packed.data, packed.n_bytes - 1, &err), HU_EPARSE);
            assert_int_equal(hu_series_unpack(y, n - 1, packed.data, packed.n_bytes, &err), HU_EPARSE);
        }
        for (int k = 0; k < 20 && packed.n_bytes > 0; k++) {
            packed.data[test_random_below(&random, packed.n_bytes)] = (char)test_random_bits(&random);
            hu_series_unpack(y, n, packed.data, packed.n_bytes, NULL);
        }
        hu_buffer_clear(&packed);
    }
}

static void outcomes(void **state)
{
    (void)state;
    hu_outcome a = {.ok = true, .signal = 6, .failure = "why", .output = "last\n", .seconds = 0.25}, b = {0};
    hu_buffer bytes = {0};
    hu_error err = {0};
    fill(&a.results);
    hu_record_text(&a.artifacts, "file", "digest", 6, &err);
    hu_outcome_write(&a, &bytes);
    assert_int_equal(hu_outcome_read(&b, bytes.data, bytes.n_bytes, &err), HU_OK);
    check_same(&a.results, &b.results);
    check_same(&a.artifacts, &b.artifacts);
    assert_string_equal(b.failure, "why");
    assert_string_equal(b.output, "last\n");
    assert_true(b.ok && !b.stopped && b.signal == 6 && b.seconds == 0.25);
    for (size_t n = 0; n < bytes.n_bytes; n++) {
        hu_outcome part = {0};
        assert_int_equal(hu_outcome_read(&part, bytes.data, n, &err), HU_EPARSE);
        hu_outcome_clear(&part);
    }
    hu_outcome_clear(&a);
    hu_outcome_clear(&b);
    hu_buffer_clear(&bytes);
}

static hu_status count_head(void *user, const char *const *names, int n, hu_error *err)
{
    (void)user, (void)names, (void)n, (void)err;
    return HU_OK;
}

static hu_status count_row(void *user, const hu_cell *cells, int n, hu_error *err)
{
    (void)cells, (void)n, (void)err;
    ++*(int *)user;
    return HU_OK;
}

/* A store with more names than a table has columns. */
static void many_names(void **state)
{
    (void)state;
    hu_error err = {0};
    hu_record a = {0}, b = {0};
    char json[] = "{}", name[24];
    hu_point p = {.key = "many", .json = json};
    int64_t run = 0;
    for (int i = 0; i < 2100; i++) {
        snprintf(name, sizeof name, "value %d", i);
        assert_int_equal(i % 3 ? hu_record_real(&a, name, i / 3.0, &err) : hu_record_integer(&a, name, i, &err), HU_OK);
    }
    hu_store *s = hu_store_open(in_folder("many.sqlite"), true, &err);
    assert_non_null(s);
    assert_int_equal(hu_store_begin(s, "{}", &run, &err), HU_OK);
    assert_int_equal(hu_store_plan(s, run, "s", &p, 1, 0, 1, &err), HU_OK);
    assert_int_equal(hu_store_finish(s, "many", &(hu_finish){.results = &a}, &err), HU_OK);
    assert_int_equal(hu_store_each(s, 0, NULL, keep, &b, &err), HU_OK);
    check_same(&a, &b);
    hu_store_close(s, NULL);
    hu_record_clear(&a);
    hu_record_clear(&b);
}

static void questions_without_memory(void **state)
{
    (void)state;
    hu_error err = {0};
    static const hu_query queries[] = {{.group = "i", .stats = "mean,p50"}, {.where = "i > 0"}, {.columns = "error,i"}, {.sql = "SELECT 1"}};
    hu_store *s = hu_store_open(in_folder("a.sqlite"), false, &err);
    assert_non_null(s);
    for (int k = 0; k < 4; k++) {
        int rows = 0;
        hu_sink sink = {.head = count_head, .row = count_row, .user = &rows};
        for (long n = 0;; n++) {
            rows = 0;
            hu_memory_fail_after(n);
            hu_status status = hu_store_query(s, &queries[k], &sink, &err);
            hu_memory_fail_after(-1);
            if (status == HU_OK)
                break;
            assert_int_equal(status, HU_ENOMEM);
            assert_true(n < 500);
        }
        assert_int_equal(rows, 1);
    }
    hu_store_close(s, NULL);
}

static const struct CMUnitTest claims[] = {
    CLAIM("a record survives the way through bytes, and no part of them is taken for the whole", record_bytes),
    CLAIM("damaged bytes do no harm", damaged_bytes),
    CLAIM("equal parameters have one text", canonical),
    CLAIM("the store gives back the bits it was given", store_keeps),
    CLAIM("packed series give back their bits, and damaged ones do no harm", packing),
    CLAIM("an outcome survives the way through bytes, and no part of it is taken for the whole", outcomes),
    CLAIM("there may be more names than columns", many_names),
    CLAIM("a question without memory is an error, not a crash", questions_without_memory),
    CLAIM("a file that is not ours is refused and left as it is", not_ours),
    CLAIM("a newer and a truncated store are refused", newer_and_cut),
    CLAIM("running out of memory is an error, not a crash", no_memory),
};

int main(void)
{
    void *none = NULL;
    if (make_folder(&none) != 0)
        return 1;
    int failed = test_main(claims, TEST_COUNT(claims));
    remove_folder(&none);
    return failed;
}
