/* function.c - exp to hypot over arrays: from a table of results where there is one, else element by element. */
#include <omp.h>
#include <stdbool.h>

#include "src/kernel/plan.h"
#include "src/kernel/results.h"
#include "src/num/mpfr-state.h"

/* An element by MPFR takes microseconds, one from a table nanoseconds. */
enum { WORTH_THREADS = 2048 };

typedef struct job {
    const hu_op     *op;
    const hu_format *f;
    const hu_env    *env;
    hu_results      *results;      /* or NULL */
    bool             is_f32;
    void            *out;
    const void      *x[2];
} job;

static double element(const job *j, int operand, size_t i)
{
    return j->is_f32 ? (double)((const float *)j->x[operand])[i] : ((const double *)j->x[operand])[i];
}

static hu_num number(const job *j, int operand, size_t i)
{
    return j->is_f32 ? hu_num_from_float(((const float *)j->x[operand])[i]) : hu_num_from_double(((const double *)j->x[operand])[i]);
}

static double compute(const job *j, size_t i, hu_flags *flags)
{
    hu_env env = *j->env;
    env.random.index += i;
    hu_num x[2] = {number(j, 0, i), number(j, j->op->arity - 1, i)};
    hu_num y = hu_decode(j->f, hu_op_round(j->op, j->f, &env, x));
    *flags |= env.flags;
    return y.kind == HU_NAN ? __builtin_nan("") : hu_num_to_double(y);
}

static double result_of(const job *j, size_t i, hu_flags *flags)
{
    double value;
    long place = j->results ? hu_results_place(j->results, element(j, 0, i), element(j, j->op->arity - 1, i)) : -1;
    if (place < 0)
        return compute(j, i, flags);
    if (hu_results_get(j->results, place, &value, flags))
        return value;
    hu_flags own = 0;
    value = compute(j, i, &own);
    hu_results_put(j->results, place, value, own);
    *flags |= own;
    return value;
}

static void run(const job *j, size_t n, hu_env *env)
{
    hu_flags flags = 0;
    int threads = n >= WORTH_THREADS ? hu_threads() : 1;
    #pragma omp parallel num_threads(threads) if (threads > 1) reduction(|:flags)
    {
        #pragma omp for schedule(static)
        for (size_t i = 0; i < n; i++) {
            double y = result_of(j, i, &flags);
            if (j->is_f32)
                ((float *)j->out)[i] = (float)y;
            else
                ((double *)j->out)[i] = y;
        }
        if (omp_get_thread_num() > 0)
            hu_mpfr_end_of_thread();
    }
    env->flags |= flags;
    if (env->rounding->random_bits > 0)
        env->random.index += n;
}

static hu_status check(const void *out, const hu_op *op, const void *const x[2], size_t n, bool is_f32, const hu_format *f, hu_error *err)
{
    if (!op || !op->is_function)
        return hu_fail(err, HU_EINVAL, "%s is no function of this kind; exp to hypot are", op ? op->name : "NULL");
    hu_status status = hu_op_check(op, f, err);
    if (status)
        return status;
    for (int i = 0; n > 0 && i < op->arity; i++) {
        if (!x[i])
            return hu_fail(err, HU_EINVAL, "%s: operand %d is missing; it takes %d", op->name, i + 1, op->arity);
    }
    const size_t size = n * (is_f32 ? sizeof(float) : sizeof(double));
    status = hu_check_fit(op->name, "", f, is_f32, err);
    for (int i = 0; i < op->arity && !status; i++)
        status = hu_check_apart(op->name, i ? "operand 2" : "operand 1", out, size, x[i], size, true, err);
    return status;
}

static hu_status apply(void *out, const hu_op *op, const void *const x[2], size_t n, bool is_f32, const hu_format *f,
                       hu_env *env, hu_error *err)
{
    hu_status status = check(out, op, x, n, is_f32, f, err);
    if (status)
        return status;
    hu_env plain = *env;
    plain.flags = 0;
    plain.word = NULL;
    plain.nan = HU_NAN_CANONICAL;
    job j = {.op = op, .f = f, .env = &plain, .results = hu_results_take(op, f, env), .is_f32 = is_f32, .out = out, .x = {x[0], x[1]}};
    run(&j, n, env);
    hu_results_give_back(j.results);
    return HU_OK;
}

hu_status hu_function_f32(float *out, const hu_op *op, const float *a, const float *b, size_t n, const hu_format *f, hu_env *env,
                          hu_error *err)
{
    return apply(out, op, (const void *const[]){a, b}, n, true, f, env, err);
}

hu_status hu_function_f64(double *out, const hu_op *op, const double *a, const double *b, size_t n, const hu_format *f,
                          hu_env *env, hu_error *err)
{
    return apply(out, op, (const void *const[]){a, b}, n, false, f, env, err);
}
