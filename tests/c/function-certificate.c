/* function-certificate.c - what exp to hypot give for every code of 8 and 16 bits, digest by digest.
 *
 * tests/functions.certificate has a line a function and format: how many results, and the SHA-256 of them: for each of the eight
 * modes, for each code (or pair of codes) in order, the result in two bytes, the lower first, and the flags in one. The file is
 * written, and so believed, only where every single result has agreed with the enclosures of src/ref: `make certificate`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/sha256.h"
#include "tests/lib/functions.h"

#define CERTIFICATE "tests/functions.certificate"

enum { LINES_MAX = 2000, LINE_SIZE = 160 };

static const char *const wide[] = {"e5m10", "e8m7"};
static const char *const paired[] = {"e4m3fn", "e5m2", "e4m3fnuz", "posit8", "takum8", "binary8p4se", "int8", "hif8"};

/* One function of one format. */
typedef struct item {
    function_case    c;
    const hu_format *f;
    function_tally   tally;
    char             line[LINE_SIZE];
} item;

static item items[LINES_MAX];
static size_t n_items;
static bool verified;

static bool is_listed(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

static bool belongs(const function_case *c, const hu_format *f)
{
    if (hu_op_check(c->op, f, NULL))
        return false;
    if (c->op->arity > 1)
        return is_listed(f->name, paired, TEST_COUNT(paired));
    return f->width_bits <= 8 || is_listed(f->name, wide, TEST_COUNT(wide));
}

static void list_items(void)
{
    for (int m = 0; m < HU_REF_MODES; m++)
        truth_rounding((hu_ref_mode)m);                  /* found before there are threads */
    n_items = 0;
    for (int k = 0; hu_format_at(k); k++)
        for (int i = 0; function_at(i).op; i++) {
            function_case c = function_at(i);
            if (!belongs(&c, hu_format_at(k)))
                continue;
            assert_true(n_items < LINES_MAX);
            items[n_items++] = (item){.c = c, .f = hu_format_at(k)};
        }
}

/* The results of the codes in one mode after the other, three bytes each. */
static void digest(item *it)
{
    size_t codes = (size_t)hu_format_last_code(it->f) + 1, tuples = it->c.op->arity > 1 ? codes * codes : codes;
    unsigned char *bytes = malloc(3 * tuples * HU_REF_MODES);
    if (!bytes)
        abort();
    for (size_t i = 0; i < tuples; i++) {
        hu_num x[2] = {hu_decode(it->f, it->c.op->arity > 1 ? i / codes : i), hu_decode(it->f, i % codes)};
        hu_env exact = hu_env_default();
        hu_num y = hu_op_exact(it->c.op, &exact, x);
        for (int m = 0; m < HU_REF_MODES; m++) {
            hu_env env = exact;
            env.rounding = truth_rounding((hu_ref_mode)m);
            hu_code code = hu_round_with(it->f, &env, y, 0);
            unsigned char *at = bytes + 3 * ((size_t)m * tuples + i);
            at[0] = (unsigned char)code;
            at[1] = (unsigned char)(code >> 8);
            at[2] = (unsigned char)env.flags;
        }
    }
    char hex[HU_SHA256_HEX];
    hu_sha256_of(bytes, 3 * tuples * HU_REF_MODES, hex);
    snprintf(it->line, sizeof it->line, "%s %s %zu %s", it->c.op->name, it->f->name, tuples * HU_REF_MODES, hex);
    free(bytes);
}

static void verify(item *it)
{
    static const truth_settings plain = {.overflow_policies = 1, .tininess_rules = 1};
    function_grid *g = function_grid_new(it->f);
    function_compare_all(&it->tally, &it->c, g, &plain);
    function_grid_free(g);
}

static void every_result(void **state)
{
    (void)state;
    if (!test_long())
        test_skip("every single result of 16 bits, and of pairs of 8 bits, against src/ref: make check-long");
    verified = false;
    list_items();
    #pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < n_items; i++)
        verify(&items[n_items - 1 - i]);                 /* whatever the order, it is one of many short ones that ends last */
    function_tally sum = {0};
    for (size_t i = 0; i < n_items; i++) {
        const function_tally *t = &items[i].tally;
        if (items[i].f->width_bits > 8 || items[i].c.op->arity > 1)
            test_note("%s %s: %llu results, %llu wrong", items[i].c.op->name, items[i].f->name,
                      (unsigned long long)t->all.cases, (unsigned long long)t->all.failures);
        sum.all.cases += t->all.cases;
        sum.all.tuples += t->all.tuples;
        sum.all.failures += t->all.failures;
        sum.by_neighbors += t->by_neighbors;
    }
    function_report(&sum, "all");
    verified = true;
}

static void write_certificate(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "# functions.certificate - function, format, results in the eight modes, SHA-256 of their codes and flags.\n"
                  "# Every result was compared with the enclosures of src/ref: see tests/c/function-certificate.c.\n");
    for (size_t i = 0; i < n_items; i++)
        fprintf(file, "%s\n", items[i].line);
    assert_int_equal(fclose(file), 0);
}

/* The certificate's lines that are no comments; how many. */
static size_t read_certificate(char (*lines)[LINE_SIZE])
{
    FILE *file = fopen(test_file(CERTIFICATE), "r");
    size_t n = 0;
    assert_non_null(file);
    while (n < LINES_MAX && fgets(lines[n], LINE_SIZE, file)) {
        lines[n][strcspn(lines[n], "\n")] = '\0';
        n += lines[n][0] != '#';
    }
    fclose(file);
    return n;
}

/* The line of the same function and format; NULL: none. */
static const char *find_line(char (*lines)[LINE_SIZE], size_t n, const char *line)
{
    size_t prefix = (size_t)(strchr(strchr(line, ' ') + 1, ' ') - line) + 1;
    for (size_t k = 0; k < n; k++)
        if (strncmp(lines[k], line, prefix) == 0)
            return lines[k];
    return NULL;
}

static void certificate(void **state)
{
    (void)state;
    static char lines[LINES_MAX][LINE_SIZE];
    list_items();
    #pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < n_items; i++)
        digest(&items[n_items - 1 - i]);
    if (verified && getenv("HU_CERTIFICATE"))
        write_certificate(getenv("HU_CERTIFICATE"));
    size_t n = read_certificate(lines), same = 0, fresh = 0, wrong = 0;
    for (size_t i = 0; i < n_items; i++) {
        const char *line = find_line(lines, n, items[i].line);
        if (line && strcmp(line, items[i].line) == 0) {
            same++;
        } else if (!line) {
            test_note("not in the certificate yet: %s %s", items[i].c.op->name, items[i].f->name);
            fresh++;
        } else if (wrong++ < 12) {
            test_note("certificate %s", line);
            test_note("got         %s", items[i].line);
        }
    }
    test_note("%zu digests are those of the certificate's %zu, %zu differ, %zu are new", same, n, wrong, fresh);
    assert_int_equal(wrong, 0);
    assert_true(n > 0);
    assert_int_equal(same, n);
}

static const struct CMUnitTest claims[] = {
    CLAIM("every function of every 8-bit format, of e5m10 and of e8m7 agrees with src/ref in every result", every_result),
    CLAIM("all results are those that the certificate is for", certificate),
};

int main(void)
{
    return test_main(claims, TEST_COUNT(claims));
}
