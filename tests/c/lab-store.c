/* lab-store.c - records survive the way through a pipe; the store keeps what it was given and nothing else. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "src/base/memory.h"
#include "src/lab/store.h"
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

static const struct CMUnitTest claims[] = {
    CLAIM("a record survives the way through bytes, and no part of them is taken for the whole", record_bytes),
    CLAIM("damaged bytes do no harm", damaged_bytes),
    CLAIM("equal parameters have one text", canonical),
    CLAIM("the store gives back the bits it was given", store_keeps),
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
