/* bench-quantize.c - halfulp bench quantize: rounding an array to a format.
 *
 * The data are wide: normal(0, 1) times 2^uniform(-20, 20), and one element in 64 is smaller by 2^118, so that
 * overflow, subnormals and zeros occur; with numbers near one alone a loop with branches looks better than it is.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "src/base/memory.h"
#include "src/cli/bench.h"
#include "src/cli/options.h"
#include "src/kernel/lanes.h"
#include "src/ops/ops.h"

static const char text[] =
    "Rounds an array to a format again and again, in turn with copying the array, and shows the medians:\n"
    "melem_per_s (million elements a second), ratio_memcpy (the speed as a share of one thread's memcpy of the same\n"
    "array), ratio_scalar (how many times as fast as one element after the other through the scalar path).\n"
    "\n"
    "  $ halfulp bench quantize --format e5m2 --rounding rne --n 1048576 --threads 1 --json\n";

typedef struct measurement {
    const hu_format *format;
    hu_env env;
    size_t n;
    bool is_f64;
    void *in, *out, *copy;
    double sink;
} measurement;

static bool quantize(void *what)
{
    measurement *m = what;
    hu_env env = m->env;
    if (m->is_f64)
        return hu_quantize_f64(m->out, m->in, m->n, m->format, &env, NULL) == HU_OK;
    return hu_quantize_f32(m->out, m->in, m->n, m->format, &env, NULL) == HU_OK;
}

static bool copy(void *what)
{
    measurement *m = what;
    memcpy(m->copy, m->in, m->n * (m->is_f64 ? sizeof(double) : sizeof(float)));
    return true;
}

enum { SCALAR = 1 << 14 };

/* The first elements one by one. */
static bool scalar(void *what)
{
    measurement *m = what;
    hu_env env = m->env;
    for (size_t i = 0; i < SCALAR && i < m->n; i++) {
        double x = m->is_f64 ? ((double *)m->in)[i] : (double)((float *)m->in)[i];
        m->sink += hu_to_double(m->format, hu_from_double(m->format, &env, x));
    }
    return true;
}

static bool prepare(measurement *m)
{
    size_t size = m->is_f64 ? sizeof(double) : sizeof(float);
    m->in = hu_aligned(m->n, size);
    m->out = hu_aligned(m->n, size);
    m->copy = hu_aligned(m->n, size);
    if (!m->in || !m->out || !m->copy)
        return false;
    uint64_t seed = m->env.random.seed;
    for (size_t i = 0; i < m->n; i++) {
        double power = floor(hu_random_uniform_at(seed, 1, i) * 41) - 20 - (i % 64 == 63 ? 118 : 0);
        double x = hu_random_normal_at(seed, 2, i) * exp2(power);
        if (m->is_f64)
            ((double *)m->in)[i] = x;
        else
            ((float *)m->in)[i] = (float)x;
    }
    return true;
}

static int report(measurement *m, bool json)
{
    double work_s, copy_s, scalar_s;
    int repetitions = hu_bench_time(&work_s, &copy_s, quantize, copy, m, hu_threads(), 0.5);
    if (repetitions == 0 || hu_bench_time(&scalar_s, NULL, scalar, NULL, m, 1, 0.1) == 0)
        return hu_cli_fail(HU_CLI_FAILED, "bench quantize: %s could not be measured", m->format->name);
    double n = (double)m->n, n_scalar = m->n < SCALAR ? n : SCALAR;
    hu_bench_line line;
    hu_bench_open(&line, json, "quantize");
    hu_bench_text(&line, "format", m->format->name);
    hu_bench_text(&line, "rounding", m->env.rounding->name);
    hu_bench_text(&line, "carrier", m->is_f64 ? "double" : "float");
    hu_bench_text(&line, "isa", hu_lanes_chosen()->name);
    hu_bench_count(&line, "n", m->n);
    hu_bench_count(&line, "threads", (unsigned long long)hu_threads());
    hu_bench_count(&line, "repetitions", (unsigned long long)repetitions);
    hu_bench_number(&line, "melem_per_s", 1e-6 * n / work_s);
    hu_bench_number(&line, "memcpy_melem_per_s", 1e-6 * n / copy_s);
    hu_bench_number(&line, "ratio_memcpy", copy_s / work_s);
    hu_bench_number(&line, "ratio_scalar", (n / work_s) / (n_scalar / scalar_s));
    hu_bench_close(&line);
    return HU_CLI_OK;
}

int hu_bench_quantize(int argc, char **argv)
{
    const char *format = "e5m2", *rounding = "rne", *carrier = "float";
    hu_option_word n = {1 << 20, false}, seed = {1, false};
    int threads = 1;
    bool json = false;
    const hu_option options[] = {
        {"format", HU_OPTION_TEXT, &format, "NAME", "what is rounded to; default e5m2"},
        {"rounding", HU_OPTION_TEXT, &rounding, "MODE", "as in 'halfulp calc'; default rne"},
        {"carrier", HU_OPTION_TEXT, &carrier, "TYPE", "float or double; default float"},
        {"n", HU_OPTION_WORD, &n, "COUNT", "elements; default 1048576"},
        {"threads", HU_OPTION_COUNT, &threads, "COUNT", "default 1"},
        {"seed", HU_OPTION_WORD, &seed, "NUMBER", "of the data and of stochastic roundings; default 1"},
        {"json", HU_OPTION_SWITCH, &json, NULL, "as a JSON object"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const hu_usage usage = {"bench quantize", "[OPTIONS]", text, options};
    int status = hu_options_read(&usage, &argc, argv);
    if (status >= 0)
        return status;
    if (argc > 0)
        return hu_cli_fail(HU_CLI_USAGE, "bench quantize: takes options only; got '%s'", argv[0]);

    hu_error err = {0};
    measurement m = {.format = hu_format_find(format, &err), .env = hu_env_default(), .n = n.value};
    m.is_f64 = strcmp(carrier, "double") == 0;
    if (!m.format || hu_env_parse_mode(&m.env, rounding, &err))
        return hu_cli_fail(HU_CLI_USAGE, "bench quantize: %s", err.text);
    if (!m.is_f64 && strcmp(carrier, "float") != 0)
        return hu_cli_fail(HU_CLI_USAGE, "bench quantize: the carrier is float or double, not '%s'", carrier);
    if (!(m.is_f64 ? hu_fits_f64(m.format) : hu_fits_f32(m.format)))
        return hu_cli_fail(HU_CLI_USAGE, "bench quantize: %s has values that are no values of %s", m.format->name, carrier);
    if (m.n == 0 || m.n > UINT64_C(1) << 33)
        return hu_cli_fail(HU_CLI_USAGE, "bench quantize: --n takes 1 to %" PRIu64 " elements", UINT64_C(1) << 33);
    m.env.random.seed = seed.value;
    hu_threads_set(threads);
    if (prepare(&m))
        status = report(&m, json);
    else
        status = hu_cli_fail(HU_CLI_FAILED, "bench quantize: no memory for three arrays of %zu elements", m.n);
    hu_free(m.in);
    hu_free(m.out);
    hu_free(m.copy);
    return status;
}
