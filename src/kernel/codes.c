/* codes.c - arrays of doubles to arrays of codes, and back. */
#include "src/kernel/plan.h"
#include "src/ops/ops.h"

enum { WORTH_THREADS = 4096 };

static hu_status check_width(const char *what, const hu_format *f, hu_error *err)
{
    if (f->width_bits <= 64)
        return HU_OK;
    return hu_fail(err, HU_EINVAL, "%s: codes of %s have %d bits; 64 and less will do", what, f->name, f->width_bits);
}

hu_status hu_encode_f64(uint64_t *out, const double *in, size_t n, const hu_format *f, hu_env *env, hu_error *err)
{
    hu_status status = check_width("encode", f, err);
    if (status)
        return status;
    hu_flags flags = 0;
    int threads = n >= WORTH_THREADS ? hu_threads() : 1;
    #pragma omp parallel num_threads(threads) if (threads > 1) reduction(|:flags)
    {
        #pragma omp for schedule(static)
        for (size_t i = 0; i < n; i++) {
            hu_env own = *env;
            own.flags = 0;
            own.word = NULL;
            own.nan = HU_NAN_CANONICAL;
            own.random.index += i;
            out[i] = (uint64_t)hu_from_double(f, &own, in[i]);
            flags |= own.flags;
        }
        hu_plan_end_of_thread(f);
    }
    env->flags |= flags;
    if (env->rounding->random_bits > 0)
        env->random.index += n;
    return HU_OK;
}

hu_status hu_decode_f64(double *out, const uint64_t *in, size_t n, const hu_format *f, hu_error *err)
{
    hu_status status = check_width("decode", f, err);
    if (!status)
        status = hu_check_fit("decode", "", f, false, err);
    if (status)
        return status;
    hu_code last = hu_format_last_code(f);
    for (size_t i = 0; i < n; i++) {
        if (in[i] > last)
            return hu_fail(err, HU_EINVAL, "decode: element %zu is 0x%llx, past %s's last code 0x%llx", i,
                           (unsigned long long)in[i], f->name, (unsigned long long)last);
    }
    int threads = n >= WORTH_THREADS ? hu_threads() : 1;
    #pragma omp parallel num_threads(threads) if (threads > 1)
    {
        #pragma omp for schedule(static)
        for (size_t i = 0; i < n; i++) {
            hu_num x = hu_decode(f, in[i]);
            out[i] = x.kind == HU_NAN ? __builtin_nan("") : hu_num_to_double(x);
        }
        hu_plan_end_of_thread(f);
    }
    return HU_OK;
}
