/* format-name.c - names of formats: what the grammar takes, what it refuses and how, one pointer a format. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "formats/format.h"
#include "src/base/memory.h"
#include "tests/lib/test.h"

static const hu_format *find(const char *name)
{
    hu_error err = {0};
    const hu_format *f = hu_format_find(name, &err);
    if (!f)
        fail_msg("%s", err.text);
    return f;
}

static void accepted(void **state)
{
    (void)state;
    static const struct { const char *name; int e, m, bias; hu_specials specials; unsigned subnormals; } want[] = {
        {"e5m2",      5, 2,  15,    HU_SPECIALS_IEEE, 0},      {"e2m0",       2, 0,  1,   HU_SPECIALS_IEEE, 0},
        {"e15m62",    15, 62, 16383, HU_SPECIALS_IEEE, 0},     {"e4m3fn",     4, 3,  7,   HU_SPECIALS_FN, 0},
        {"e4m3fnuz",  4, 3,  8,     HU_SPECIALS_FNUZ, 0},      {"e4m3b11fnuz", 4, 3, 11,  HU_SPECIALS_FNUZ, 0},
        {"e4m3b11",   4, 3,  11,    HU_SPECIALS_IEEE, 0},      {"e5m3fn",     5, 3,  15,  HU_SPECIALS_FN, 0},
        {"e2m1fn",    2, 1,  1,     HU_SPECIALS_FINITE, 0},    {"e2m1",       2, 1,  1,   HU_SPECIALS_IEEE, 0},
        {"e3m2fn",    3, 2,  3,     HU_SPECIALS_FINITE, 0},
        {"e2m3fn",     2, 3,  1,   HU_SPECIALS_FINITE, 0},
        {"fp16",      5, 10, 15,    HU_SPECIALS_IEEE, 0},      {"half",       5, 10, 15,  HU_SPECIALS_IEEE, 0},
        {"bf16",      8, 7,  127,   HU_SPECIALS_IEEE, 0},      {"tf32",       8, 10, 127, HU_SPECIALS_IEEE, 0},
        {"fp32",      8, 23, 127,   HU_SPECIALS_IEEE, 0},
        {"binary64",   11, 52, 1023, HU_SPECIALS_IEEE, 0},
        {"e5m2{bias=20}", 5, 2, 20, HU_SPECIALS_IEEE, 0},      {"e5m2{bias=-3}", 5, 2, -3, HU_SPECIALS_IEEE, 0},
        {"e5m2{subnormals=flush}", 5, 2, 15, HU_SPECIALS_IEEE, HU_FLUSH_IN | HU_FLUSH_OUT},
        {"e5m2{subnormals=flush-in}", 5, 2, 15, HU_SPECIALS_IEEE, HU_FLUSH_IN},
        {"e5m2{bias=20,subnormals=flush-out}", 5, 2, 20, HU_SPECIALS_IEEE, HU_FLUSH_OUT},
        {"e5m2{subnormals=keep,bias=15}", 5, 2, 15, HU_SPECIALS_IEEE, 0},
        {"e5m2{specials=finite}", 5, 2, 15, HU_SPECIALS_FINITE, 0},
        {"fp16{subnormals=flush}", 5, 10, 15, HU_SPECIALS_IEEE, HU_FLUSH_IN | HU_FLUSH_OUT},
    };
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        const hu_format *f = find(want[i].name);
        if (f->exp_bits != want[i].e || f->man_bits != want[i].m || f->bias != want[i].bias ||
            f->specials != want[i].specials || f->subnormals != want[i].subnormals)
            fail_msg("%s: e%d m%d bias %d specials %d subnormals %u", want[i].name, f->exp_bits, f->man_bits, f->bias,
                     (int)f->specials, f->subnormals);
    }
}

static void refused(void **state)
{
    (void)state;
    static const char *const names[] = {
        "", " ", "e", "m", "e5", "e5m", "em2", "5m2", "e0m2", "e31m2", "e5m237", "e30m10b1022", "e30m10{bias=-3}", "x87fn", "x87{subnormals=flush}", "e-5m2", "e5m-2", "e5m2 ",
        " e5m2", "e5m2x",
        "e5m2f", "e5m2nu", "e5m2fnuzz", "e5m2{", "e5m2}", "e5m2{}", "e5m2{bias}", "e5m2{bias=}",
        "e5m2{bias=x}",
        "e5m2{bias=1", "e5m2{bias=1}}", "e5m2{bias=1,}", "e5m2{,bias=1}", "e5m2{bias=99999999999999999999}",
        "e5m2{subnormals=}", "e5m2{subnormals=flushed}", "e5m2{subnormals=flush-}", "e5m2{specials=none}",
        "e5m2{colour=red}",
        "e99999999999999999999m2", "e5m99999999999999999999", "e5m2b", "e5m2bfn", "e5m2b-1",
        "e5m2b99999999999999999999",
        "fp17", "e4m3nf", "E5M2", "e5m2\n", "e5m2{bias=1 }", "{bias=1}", "e0m0", "e5m2{bias=536870913}", "nonsense",
        "e5m2fnfn", "e4m3fnb3",
    };
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        hu_error err = {0};
        if (hu_format_find(names[i], &err))
            fail_msg("'%s' was taken for a format", names[i]);
        assert_true(err.status == HU_ENAME || err.status == HU_ERANGE);
        assert_true(strlen(err.text) > 20 && !strchr(err.text, '\n'));
        assert_null(hu_format_find(names[i], NULL));
    }
}

static void message_names_the_nearest(void **state)
{
    (void)state;
    static const struct { const char *wrong, *right; } names[] = {
        {"e4m3nf", "e4m3fn"}, {"fp61", "fp16"}, {"bfloat61", "bfloat16"}, {"E5M2", "e5m2"},
        {"binary_32", "binary32"}, {"fp8", "'e4m3fn' or 'e5m2'"}, {"float6", "'e3m2fn' or 'e2m3fn'"}, {"lns4", "'lns8.3'"},
    };
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        hu_error err = {0};
        assert_null(hu_format_find(names[i].wrong, &err));
        if (!strstr(err.text, names[i].right) || !strstr(err.text, names[i].wrong))
            fail_msg("'%s' does not name '%s'", err.text, names[i].right);
    }
    hu_error err = {0};
    hu_format_find("e0m2", &err);
    assert_true(err.status == HU_ERANGE && strstr(err.text, "1 to 30"));
    hu_format_find("e4m280", &err);
    assert_true(err.status == HU_ERANGE && strstr(err.text, "0 to 236"));
    hu_format_find("e30m2b7", &err);
    assert_true(err.status == HU_ERANGE && strstr(err.text, "536871936 on both sides of 0"));
}

/* The longest name that is shown and the longest suggestion leave room for the sentence. */
static void messages_are_whole(void **state)
{
    (void)state;
    static const char *const names[] = {"", "e4m3nf", "fp8", "fp6", "lns4", "dynamic", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"};
    hu_error err = {0};
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        assert_null(hu_format_find(names[i], &err));
        const char *end = strstr(err.text, "halfulp format --list'");
        if (!end || (strcmp(end, "halfulp format --list'") != 0 && strcmp(end, "halfulp format --list')") != 0))
            fail_msg("'%s' does not end whole", err.text);
        assert_true(strstr(err.text, "lnsI.F") && strstr(err.text, "236"));
    }
    size_t n = strlen(hu_format_grammar);
    if (n + strlen("no format ''; did you mean ''? ()") + 40 + 40 >= sizeof err.text)
        fail_msg("the grammar's %zu bytes leave no room for two names of 40", n);
}

static void canonical(const char *name)
{
    const hu_format *f = find(name), *again = find(f->name);
    if (f != again)
        fail_msg("'%s' is called '%s', which is another format", name, f->name);
    assert_ptr_equal(find(name), f);
}

static void one_pointer(void **state)
{
    (void)state;
    static const char *const suffixes[] = {"", "fn", "fnuz", "b3", "b200fn", "b0fnuz", "{bias=-7}", "{subnormals=flush}",
                                           "fn{bias=-1,subnormals=flush-in}", "{specials=finite}",
                                           "{specials=fn}",
                                           "fn{specials=ieee}", "fnuz{subnormals=flush-out}",
                                           "{specials=fnuz,bias=5}",
                                           "{specials=finite,bias=65536,subnormals=flush-out}"};
    char name[80];
    for (int e = 1; e <= 30; e += e < 10 ? 1 : 5)
        for (int m = 0; m <= 236; m += m < 4 ? 1 : m < 62 ? 13 : 58)
            for (size_t s = 0; s < TEST_COUNT(suffixes); s++) {
                if (e == 30 && strchr(suffixes[s], 'b') && !strstr(suffixes[s], "{sub"))
                    continue;                               /* a bias that small leads too far up */
                snprintf(name, sizeof name, "e%dm%d%s", e, m, suffixes[s]);
                canonical(name);
            }
    for (int i = 0; hu_format_at(i); i++) {
        canonical(hu_format_at(i)->name);
        assert_ptr_equal(find(hu_format_at(i)->name), hu_format_at(i));
    }
    const char *stands_for;
    for (int i = 0; hu_format_alias_at(i, &stands_for); i++)
        assert_ptr_equal(find(hu_format_alias_at(i, NULL)), find(stands_for));
    assert_ptr_equal(find("e5m2{bias=15}"), find("e5m2"));
    assert_ptr_equal(find("e5m2b15"), find("e5m2"));
    assert_ptr_equal(find("e5m2{subnormals=flush,bias=20}"), find("e5m2b20{subnormals=flush}"));
    assert_ptr_equal(find("e5m2{specials=fn}"), find("e5m2fn"));
    assert_ptr_not_equal(find("e2m1{specials=fn}"), find("e2m1fn"));
    assert_null(hu_format_at(-1));
    assert_null(hu_format_alias_at(-1, NULL));
}

/* Names cut, doubled and with letters changed: whatever is taken has a canonical name that finds the same. */
static void changed_names(void **state)
{
    (void)state;
    static const char *const seeds[] = {"e4m3fn{bias=20,subnormals=flush}", "e5m2b11fnuz", "bfloat16{specials=finite}", "e15m62"};
    static const char letters[] = "em0123456789bfnuz{}=,-+ \tspecialsubnormals\xff";
    test_random random = {31};
    char name[256];
    int taken = 0;
    for (int i = 0; i < 50000; i++) {
        snprintf(name, sizeof name, "%s", seeds[test_random_below(&random, TEST_COUNT(seeds))]);
        for (uint64_t edits = test_random_below(&random, 4); edits > 0; edits--) {
            size_t n = strlen(name), at = (size_t)test_random_below(&random, n + 1);
            char letter = letters[test_random_below(&random, sizeof letters - 1)];
            if (test_random_below(&random, 3) == 0)
                name[at] = '\0';
            else if (at < n)
                name[at] = letter;
        }
        hu_error err = {0};
        const hu_format *f = hu_format_find(name, &err);
        if (f)
            canonical(name);
        else
            assert_true(err.status != HU_OK && err.text[0]);
        taken += f != NULL;
    }
    assert_true(taken > 1000);
}

static void long_names(void **state)
{
    (void)state;
    static char name[70000];
    memset(name, 'e', sizeof name - 1);
    assert_null(hu_format_find(name, NULL));
    memset(name, '1', sizeof name - 1);
    name[0] = 'e';
    assert_null(hu_format_find(name, NULL));
    memcpy(name, "e5m2{bias=20", 12);
    assert_null(hu_format_find(name, NULL));
}

static void out_of_memory(void **state)
{
    (void)state;
    hu_error err = {0};
    int n = 0;
    for (;; n++) {
        hu_memory_fail_after(n);
        const hu_format *f = hu_format_find("e7m11b99", &err);
        hu_memory_fail_after(-1);
        if (f)
            break;
        assert_int_equal(err.status, HU_ENOMEM);
        assert_true(strstr(err.text, "e7m11b99"));
    }
    assert_true(n > 0);
    hu_memory_fail_after(0);
    const hu_format *again = hu_format_find("e7m11b99", NULL), *known = hu_format_find("e5m2", NULL);
    hu_memory_fail_after(-1);
    assert_ptr_equal(again, find("e7m11b99"));
    assert_non_null(known);
}

enum { N_THREADS = 4, N_NAMES = 300 };

static void *finder(void *out)
{
    const hu_format **found = out;
    for (int i = 0; i < N_NAMES; i++) {
        char name[32];
        snprintf(name, sizeof name, "e9m9b%d", 1000 + i);
        found[i] = hu_format_find(name, NULL);
    }
    return NULL;
}

static void many_threads(void **state)
{
    (void)state;
    static const hu_format *found[N_THREADS][N_NAMES];
    pthread_t thread[N_THREADS];
    for (int t = 0; t < N_THREADS; t++)
        assert_int_equal(pthread_create(&thread[t], NULL, finder, found[t]), 0);
    for (int t = 0; t < N_THREADS; t++)
        pthread_join(thread[t], NULL);
    for (int t = 0; t < N_THREADS; t++)
        for (int i = 0; i < N_NAMES; i++)
            assert_true(found[t][i] && found[t][i] == found[0][i] && found[t][i]->bias == 1000 + i);
}

static const struct CMUnitTest claims[] = {
    CLAIM("names of the grammar, aliases and modifiers give the fields they say", accepted),
    CLAIM("what is no name is refused with one line", refused),
    CLAIM("the message names the nearest valid name, or the valid range", message_names_the_nearest),
    CLAIM("a message about a name is whole, whatever the name", messages_are_whole),
    CLAIM("the canonical name of a format finds the same pointer", one_pointer),
    CLAIM("names with letters changed are refused or have a canonical name", changed_names),
    CLAIM("very long names are refused", long_names),
    CLAIM("out of memory is said, and known formats need none", out_of_memory),
    CLAIM("threads that find the same names get the same pointers", many_threads),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
