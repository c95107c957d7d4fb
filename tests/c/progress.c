/* progress.c - how far a sweep is, in one line of a given width; the best point so far. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/lab/best.h"
#include "src/lab/clock.h"
#include "src/lab/progress.h"
#include "tests/lib/test.h"

/* The line of a sweep that began 80 seconds ago. */
static void check_line(const char *best, int columns, const char *want)
{
    hu_progress p = {.n = 48, .n_before = 2, .n_done = 40, .n_failed = 1};
    char line[200];
    do {                    /* again, where something else took the processor meanwhile */
        p.start_s = hu_clock_s(CLOCK_MONOTONIC) - 79.6;
        hu_progress_line(&p, best, columns, line, sizeof line);
    } while (hu_clock_s(CLOCK_MONOTONIC) - p.start_s > 80.4);
    assert_string_equal(line, want);
}

static void widths(void **state)
{
    (void)state;
    const char *best = "best loss 0.125: {\"i\": 7, \"\xc3\xbc\": 8}";
    check_line(NULL, 79, "[##############..] 42 of 48 points, 1 failed, 1:20 so far, about 0:12 left");
    check_line(NULL, 70, "42 of 48 points, 1 failed, 1:20 so far, about 0:12 left");
    check_line(NULL, 20, "42 of 48 points, 1 f");
    check_line(best, 0, "[##############..] 42 of 48 points, 1 failed, 1:20 so far, about 0:12 left, best loss 0.125: {\"i\": 7, \"\xc3\xbc\": 8}");
    check_line(best, 79, "42 of 48 points, 1 failed, 1:20 so far, about 0:12 left, best loss 0.125: {\"i\":");
}

static void fits(void **state)
{
    (void)state;
    char line[] = "a\tb\xc3\xbc\xe2\x82\xac" "d\ne";
    hu_line_fit(line, 20);
    assert_string_equal(line, "a b\xc3\xbc\xe2\x82\xac" "d e");
    hu_line_fit(line, 5);
    assert_string_equal(line, "a b\xc3\xbc\xe2\x82\xac");
    hu_line_fit(line, 4);
    assert_string_equal(line, "a b\xc3\xbc");
    hu_line_fit(line, 0);
    assert_string_equal(line, "");
}

static void due(void **state)
{
    (void)state;
    hu_progress p;
    hu_progress_start(&p, 3, 0);
    assert_false(hu_progress_due(&p, false));
    p.shown_s -= 1;
    assert_true(hu_progress_due(&p, true));
    p.shown_s -= 61;
    assert_true(hu_progress_due(&p, false));
    assert_false(hu_progress_due(&p, false));
}

/* ---- the best point: those of a store and those that come in are the same ---- */

static const double values[] = {3, NAN, -INFINITY, INFINITY, 2.5, 7, 2.5, -0.0, 6};
enum { N = sizeof values / sizeof values[0] };

static void add_point(hu_store *s, int64_t run, int i, hu_best *least, hu_best *greatest)
{
    hu_error err = {0};
    hu_point p = {.state = HU_POINT_PLANNED};
    hu_record results = {0};
    char json[32];
    snprintf(json, sizeof json, "{\"i\": %d}", i);
    snprintf(p.key, sizeof p.key, "key%d", i);
    p.json = json;
    assert_int_equal(hu_record_integer(&p.params, "i", i, &err), HU_OK);
    assert_int_equal(hu_store_plan(s, run, i < 7 ? "first" : "second", &p, 1, (size_t)i, 1, &err), HU_OK);
    assert_int_equal(hu_record_real(&results, "it's [x]", values[i], &err), HU_OK);
    assert_int_equal(hu_record_text(&results, "word", "w", 1, &err), HU_OK);
    assert_int_equal(hu_record_integer(&results, "whole", i == 0 ? INT64_MIN : i, &err), HU_OK);
    hu_finish f = {.results = &results};
    assert_int_equal(hu_store_finish(s, p.key, &f, &err), HU_OK);
    hu_best_take(least, &results, json);
    hu_best_take(greatest, &results, json);
    hu_record_clear(&p.params);
    hu_record_clear(&results);
}

static void check(hu_store *s, const char *word, const char *sweep, double value, const char *point)
{
    hu_best b;
    hu_error err = {0};
    assert_int_equal(hu_best_read(&b, word, &err), HU_OK);
    assert_int_equal(hu_best_look(&b, s, sweep, &err), HU_OK);
    assert_true(b.known);
    assert_true(b.value == value);
    assert_string_equal(b.point, point);
}

static void best(void **state)
{
    (void)state;
    char path[] = "/tmp/progress-test.XXXXXX", text[96];
    int64_t run;
    hu_error err = {0};
    hu_best least, greatest, none;
    assert_true(close(mkstemp(path)) == 0);
    hu_store *s = hu_store_open(path, true, &err);
    assert_non_null(s);
    assert_int_equal(hu_store_begin(s, "{}", &run, &err), HU_OK);
    assert_int_equal(hu_best_read(&least, "it's [x]", &err), HU_OK);
    assert_int_equal(hu_best_read(&greatest, "max:it's [x]", &err), HU_OK);
    assert_int_equal(hu_best_look(&least, s, NULL, &err), HU_ENAME);
    for (int i = 0; i < N; i++)
        add_point(s, run, i, &least, &greatest);
    assert_string_equal(least.point, "{\"i\": 7}");
    assert_string_equal(greatest.point, "{\"i\": 5}");
    check(s, "it's [x]", NULL, 0, "{\"i\": 7}");
    check(s, "max:it's [x]", NULL, 7, "{\"i\": 5}");
    check(s, "min:it's [x]", "first", 2.5, "{\"i\": 4}");
    check(s, "whole", NULL, -0x1p63, "{\"i\": 0}");
    assert_int_equal(hu_best_read(&none, "word", &err), HU_OK);
    assert_int_equal(hu_best_look(&none, s, NULL, &err), HU_ENAME);
    assert_string_equal(err.text, "no point has a result 'word' that is a number; the results are it's [x], whole, word");
    hu_best_text(&none, text, sizeof text);
    assert_string_equal(text, "no word yet");
    hu_best_text(&greatest, text, sizeof text);
    assert_string_equal(text, "best it's [x] 7: {\"i\": 5}");
    assert_int_equal(hu_best_read(&none, "max:", &err), HU_EINVAL);
    assert_int_equal(hu_best_read(&none, "", &err), HU_EINVAL);
    hu_store_close(s, NULL);
    test_note("%d points", N);
    unlink(path);
}

static const struct CMUnitTest claims[] = {
    CLAIM("the line drops its bar where there is no room, and is cut to its columns", widths),
    CLAIM("a line is cut between characters and has no control characters", fits),
    CLAIM("a line is due at once on a terminal, once a minute elsewhere", due),
    CLAIM("the best point of a store is that of the points as they came", best),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
