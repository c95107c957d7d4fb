/* probe.c - the parameters of an adder that nobody tells are found again from its results. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/c/kernel-cases.h"

#include "src/hardware/probe.h"

static bool in(const int range[2], int x)
{
    return range[0] <= x && x <= range[1];
}

static bool has_mode(unsigned modes, const hu_rounding *mode)
{
    for (int i = 0; hu_rounding_at(i); i++)
        if (hu_rounding_at(i) == mode)
            return modes >> i & 1;
    return false;
}

/* The fit holds the truth, and nothing else in what every unit shows. */
static void check_found(const char *name, const hu_block_fma *m, const hu_probe_fit *fit, bool modes_too)
{
    if (fit->survivors == 0)
        fail_msg("%s: nothing explains the results of part %d", name, fit->part);
    if (fit->group[0] != m->group || fit->group[1] != m->group || fit->interleave[0] != m->interleave || fit->interleave[1] != m->interleave)
        fail_msg("%s: group %d to %d, interleave %d to %d", name, fit->group[0], fit->group[1], fit->interleave[0], fit->interleave[1]);
    if (!in(fit->width, m->width) || (modes_too && fit->width[0] != fit->width[1]))
        fail_msg("%s: width %d to %d", name, fit->width[0], fit->width[1]);
    if (fit->first.output != m->output)
        fail_msg("%s: output %s", name, fit->first.output->name);
    if (!has_mode(fit->align, m->align) || (modes_too && __builtin_popcount(fit->align) > 1))
        fail_msg("%s: align %#x", name, fit->align);
    if (!has_mode(fit->final, m->final) || __builtin_popcount(fit->final) > 1)
        fail_msg("%s: final %#x", name, fit->final);
    if (!in(fit->lowest, m->lowest))
        fail_msg("%s: lowest %d to %d", name, fit->lowest[0], fit->lowest[1]);
    if (!(fit->normalizes >> m->normalizes & 1) || !(fit->late >> m->adds_late & 1))
        fail_msg("%s: normalizes %u, late %u", name, fit->normalizes, fit->late);
}

static hu_probe_fit fit_of(hu_probe_set *set, const hu_block_fma *m)
{
    hu_probe_fit fit;
    hu_error err = {0};
    hu_probe_answer(set, m);
    if (hu_probe_fit_all(set, &fit, &err))
        fail_msg("%s", err.text);
    return fit;
}

static const hu_format *input_format(const char *input)
{
    return hu_format_find(strcmp(input, "fp8") ? input : "e4m3fn", NULL);
}

static void every_profile_is_found(void **state)
{
    (void)state;
    const hu_block_profile *p;
    for (int i = 0; (p = hu_block_profile_at(i)); i += test_long() ? 1 : 3) {
        const hu_format *f = input_format(p->input);
        hu_probe_set set;
        hu_error err = {0};
        char name[64];
        if (hu_probe_make(&set, f, f, hu_format_find(p->output, NULL), 128, 1, &err))
            fail_msg("%s", err.text);
        hu_block_fma m = hu_block_profile_adder(p, f, f);
        hu_probe_fit fit = fit_of(&set, &m);
        snprintf(name, sizeof name, "%s %s to %s", p->device, p->input, p->output);
        check_found(name, &m, &fit, strcmp(p->output, "fp32") == 0);
        assert_int_equal(fit.nearest_wrong, 0);
        bool named = false;
        for (int k = 0; fit.nearest[k]; k++)
            named = named || fit.nearest[k] == p;
        if (!named)
            fail_msg("%s is not named", name);
        if (fit.width[1] - fit.width[0] > 1)
            fail_msg("%s: width %d to %d", name, fit.width[0], fit.width[1]);
        if (strcmp(p->input, "bf16") == 0 && (fit.lowest[0] < p->lowest - 2 || fit.lowest[1] > p->lowest + 2))
            fail_msg("%s: lowest %d to %d", name, fit.lowest[0], fit.lowest[1]);
        hu_probe_clear(&set);
    }
}

/* Widths at which every bit shows, and outputs of no more bits than are kept. */
static hu_block_fma hidden_adder(test_random *r, const hu_format *f)
{
    static const char *const modes[] = {"rz", "rne", "rd", "ru", "raz", "rna"};
    char output[16];
    hu_block_fma m = hu_block_fma_make(f, f, 1 + (int)test_random_below(r, 40), 10 + (int)test_random_below(r, 17));
    int most = m.width < 23 ? m.width : 23;
    snprintf(output, sizeof output, "e8m%d", most - (int)test_random_below(r, 4));
    m.output = hu_format_find(output, NULL);
    m.align = hu_rounding_find(modes[test_random_below(r, 3)], NULL);
    m.final = hu_rounding_find(modes[test_random_below(r, 6)], NULL);
    m.interleave = 1 + (int)test_random_below(r, 3);
    m.normalizes = test_random_below(r, 4) == 0;
    m.adds_late = test_random_below(r, 4) == 0;
    return m;
}

static void so_are_random_adders(void **state)
{
    (void)state;
    static const char *const inputs[] = {"fp16", "bf16", "e4m3fn", "tf32", "e5m2"};
    test_random r = {11};
    for (int i = 0; i < (test_long() ? 200 : 8); i++) {
        const hu_format *f = hu_format_find(inputs[i % 5], NULL);
        hu_probe_set set;
        char name[160];
        assert_int_equal(hu_probe_make(&set, f, f, hu_format_find("fp32", NULL), 128, (uint64_t)i, NULL), HU_OK);
        hu_block_fma m = hidden_adder(&r, f);
        m.group += m.group == 1;                                     /* single products have one order only */
        m.interleave = 1 + i % 3;
        snprintf(name, sizeof name, "%s: %d (%d), width %d, %s, %s to %s, normalizes %d, late %d", f->name, m.group, m.interleave, m.width,
                 m.align->name, m.final->name, m.output->name, m.normalizes, m.adds_late);
        hu_probe_fit fit = fit_of(&set, &m);
        check_found(name, &m, &fit, !m.adds_late);
        hu_probe_clear(&set);
    }
}

/* The sparse way of computing a probe is the dot product with its zeros. */
static void a_probe_is_a_dot_product(void **state)
{
    (void)state;
    test_random r = {12};
    const hu_format *f = hu_format_find("fp16", NULL);
    hu_probe_set set;
    assert_int_equal(hu_probe_make(&set, f, f, hu_format_find("fp32", NULL), 50, 3, NULL), HU_OK);
    for (int i = 0; i < 20; i++) {
        hu_block_fma m = hidden_adder(&r, f);
        m.width = i % 3 ? m.width : 5 + i % 7;                       /* less than the output has: zeros cut c */
        for (size_t k = 0; k < set.n; k++) {
            double a[50] = {0}, b[50] = {0};
            hu_flags flags = 0;
            for (int t = 0; t < set.probe[k].n; t++) {
                const hu_probe_term *term = &set.term[set.probe[k].first + (size_t)t];
                a[term->place] = term->a;
                b[term->place] = term->b;
            }
            double want = hu_block_fma_run(&m, set.probe[k].c, a, b, 50, &flags), got = hu_probe_run(&set, &set.probe[k], &m, NULL);
            if (f64_bits(want) != f64_bits(got))
                fail_msg("adder %d, probe %zu: got %a, want %a", i, k, got, want);
        }
    }
    hu_probe_clear(&set);
}

/* A sum of another kind: every product rounded into an fp32 sum, one after the other. */
static void another_kind_is_told(void **state)
{
    (void)state;
    const hu_format *f = hu_format_find("fp16", NULL);
    hu_probe_set set;
    hu_probe_fit fit;
    assert_int_equal(hu_probe_make(&set, f, f, hu_format_find("fp32", NULL), 64, 1, NULL), HU_OK);
    for (size_t k = 0; k < set.n; k++) {
        float even = (float)set.probe[k].c, odd = 0;
        for (int t = 0; t < set.probe[k].n; t++) {
            const hu_probe_term *term = &set.term[set.probe[k].first + (size_t)t];
            float *to = term->place % 2 ? &odd : &even;
            *to = __builtin_fmaf((float)term->a, (float)term->b, *to);
        }
        set.probe[k].result = even + odd;
    }
    set.has_results = true;
    assert_int_equal(hu_probe_fit_all(&set, &fit, NULL), HU_OK);
    assert_int_equal(fit.survivors, 0);
    assert_true(fit.nearest[0] && fit.nearest_wrong > 0);
    hu_probe_clear(&set);
}

/* Places for files of a test, by number; the file is removed by its user. */
static const char *file_with(const char *text)
{
    static char path[64];
    snprintf(path, sizeof path, "probe-%ld.txt", (long)getpid());
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static void files_hold_all(void **state)
{
    (void)state;
    const hu_format *a = hu_format_find("e4m3fn", NULL), *b = hu_format_find("e5m2", NULL);
    hu_probe_set set, back;
    hu_error err = {0};
    assert_int_equal(hu_probe_make(&set, a, b, hu_format_find("fp32", NULL), 40, 9, NULL), HU_OK);
    hu_block_fma m = hu_block_profile_adder(hu_block_profile_find("H100", a, b, NULL, NULL), a, b);
    hu_probe_answer(&set, &m);
    const char *path = file_with("");
    FILE *f = fopen(path, "w");
    assert_true(hu_probe_write(&set, f));
    fclose(f);
    if (hu_probe_read(&back, path, NULL, &err))
        fail_msg("%s", err.text);
    remove(path);
    assert_true(back.n == set.n && back.n_terms == set.n_terms && back.terms == 40 && back.a == a && back.b == b && back.output == set.output);
    assert_true(back.has_results);
    for (size_t i = 0; i < set.n; i++)
        assert_true(back.probe[i].c == set.probe[i].c && back.probe[i].n == set.probe[i].n && back.probe[i].part == set.probe[i].part
                    && f64_bits(back.probe[i].result) == f64_bits(set.probe[i].result));
    for (size_t i = 0; i < set.n; i++)
        for (int k = 0; k < set.probe[i].n; k++) {
            const hu_probe_term *x = &set.term[set.probe[i].first + (size_t)k], *y = &back.term[back.probe[i].first + (size_t)k];
            assert_true(x->place == y->place && x->a == y->a && x->b == y->b);
        }
    hu_probe_clear(&set);
    hu_probe_clear(&back);
}

static void wrong_files_are_refused(void **state)
{
    (void)state;
#define HEAD "# halfulp probe 1\n# a: e5m10\n# b: e5m10\n# output: e8m23\n# terms: 8\n"
    static const struct { const char *text, *says; } files[] = {
        {"", "no probes"}, {"1 0x0\n", "header"}, {HEAD "4 0x0\n", "part"}, {HEAD "1 0x100000000\n", "e8m23"}, {HEAD "1\n", "e8m23"},
        {HEAD "1 0x0 8 0x0 0x0\n", "place"}, {HEAD "1 0x0 3 0x0 0x0 3 0x0 0x0\n", "place"}, {HEAD "1 0x0 3 0x0\n", "e5m10"},
        {HEAD "1 0x0 3 0x0 0x10000\n", "e5m10"}, {HEAD "1 0x0 = \n", "e8m23"}, {HEAD "1 0x0 = 0x0 1\n", "end"}, {HEAD "1 0x0\n1 0x0 = 0x0\n", "1 of the 2"},
        {"# a: posit16\n", "floating"}, {"# terms: 1\n", "terms"}, {"# a: e15m112\n", "floating"},
    };
    for (size_t i = 0; i < TEST_COUNT(files); i++) {
        hu_probe_set set;
        hu_error err = {0};
        const char *path = file_with(files[i].text);
        hu_status status = hu_probe_read(&set, path, NULL, &err);
        remove(path);
        if (status != HU_EPARSE || !strstr(err.text, files[i].says))
            fail_msg("file %zu: status %d, '%s'", i, status, err.text);
        hu_probe_clear(&set);
    }
    hu_probe_set set;
    const hu_format *f = hu_format_find("fp16", NULL);
    assert_int_equal(hu_probe_make(&set, f, hu_format_find("posit16", NULL), f, 64, 1, NULL), HU_EINVAL);
    hu_probe_clear(&set);
    assert_int_equal(hu_probe_make(&set, f, f, f, 1, 1, NULL), HU_EINVAL);
    hu_probe_clear(&set);
}

static const struct CMUnitTest claims[] = {
    CLAIM("every profile is found again from its results, and named", every_profile_is_found),
    CLAIM("so are the parameters of adders drawn at random", so_are_random_adders),
    CLAIM("a probe is a dot product with its zeros left out", a_probe_is_a_dot_product),
    CLAIM("a unit that adds in another way is explained by nothing", another_kind_is_told),
    CLAIM("a file of probes is read back as it was", files_hold_all),
    CLAIM("files that are none are refused", wrong_files_are_refused),
};

int main(void) { return test_main(claims, TEST_COUNT(claims)); }
