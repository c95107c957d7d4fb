/* codes.c - arrays of floats and doubles to arrays of codes, and back.
 *
 * Encoding goes through the values: a block is rounded on the grid of the format by the loops that quantize uses, and the bits
 * of the values are their codes but for a shift and an offset (codes.body.h). Formats without such a grid go through
 * stairs (stairs.h) and lists of their values or, element by element, through src/ops.
 */
#include <string.h>

#include "src/kernel/pack.h"
#include "src/kernel/plan.h"
#include "src/ops/ops.h"

enum { PIECE = 16 * HU_BLOCK, WORTH_THREADS = 8 * PIECE, WORTH_THREADS_SLOWLY = PIECE, PACKED_MAX = 16 };

/* A call. Codes stand one in `bytes` bytes, or, where that is 0, packed. */
typedef struct job {
    const hu_plan   *plan;
    const hu_format *format;
    bool        is_f32;
    int         bytes;
    const void *in;
    void       *out;
} job;

/* A block of codes in the type in which they come, or are wanted. */
typedef union block_of_codes {
    uint8_t  u8[HU_BLOCK];
    uint16_t u16[HU_BLOCK];
    uint64_t u64[HU_BLOCK];
} block_of_codes;

static int bytes_within(const job *j)
{
    return j->bytes ? j->bytes : j->format->width_bits <= 8 ? 1 : 2;
}

static hu_status check_width(const char *what, const hu_format *f, int most, hu_error *err)
{
    if (f->width_bits <= most)
        return HU_OK;
    return hu_fail(err, HU_EINVAL, "%s: codes of %s have %d bits; %d and less will do", what, f->name, f->width_bits, most);
}

/* ---- encode ---- */

/* Floats rounded to the format as floats. */
static hu_flags round_floats(const job *j, float *out, size_t start, size_t m)
{
    const hu_plan *p = j->plan;
    const hu_random *r = &p->env.random;
    const float *in = (const float *)j->in + start;
    hu_seen seen = p->env.no_flags ? (hu_seen){.inexact = 1, .underflow = 1, .overflow = 1} : (hu_seen){0};
    if (p->has_f32) {
        p->lanes->round_f32[p->way](out, in, m, &p->grid_f32, &seen);
        return hu_plan_flags(&p->grid_f32, &seen);
    }
    if (p->has_quick_random) {
        uint32_t halves[HU_BLOCK];
        p->lanes->halves(halves, m, r->seed, r->stream, r->index + start);
        hu_glance_random_fn *glance = p->env.no_flags ? p->lanes->glance_random[p->way - HU_N_FIXED] : NULL;
        if ((glance && !glance(out, in, halves, m, &p->grid_f32, &seen)) || !p->lanes->quick_random[p->way - HU_N_FIXED](out, in, halves, m, &p->grid_f32, &seen))
            return hu_plan_flags(&p->grid_f32, &seen);
        seen = (hu_seen){0};
    }
    double x[HU_BLOCK];
    p->lanes->load_f32(x, in, m, 1, &seen);
    hu_flags flags = hu_plan_block(p, x, HU_ROUND_ONLY, x, NULL, NULL, m, true, (hu_draw){.index = r->index + start, .stride = 1});
    p->lanes->store_f32(out, x, m);
    return flags | (seen.signaling ? HU_INVALID : 0);
}

static hu_flags load(const job *j, double *x, size_t start, size_t m)
{
    hu_seen seen = {0};
    if (j->is_f32)
        j->plan->lanes->load_f32(x, (const float *)j->in + start, m, 1, &seen);
    else
        j->plan->lanes->load_f64(x, (const double *)j->in + start, m, 1, &seen);
    return seen.signaling ? HU_INVALID : 0;
}

static void from_u64(void *out, int bytes, const uint64_t *codes, size_t m)
{
    for (size_t i = 0; bytes == 1 && i < m; i++)
        ((uint8_t *)out)[i] = (uint8_t)codes[i];
    for (size_t i = 0; bytes == 2 && i < m; i++)
        ((uint16_t *)out)[i] = (uint16_t)codes[i];
    if (bytes == 8)
        memcpy(out, codes, m * sizeof *codes);
}

static void from_floats(const job *j, void *out, int bytes, const float *x, size_t m)
{
    const hu_plan *p = j->plan;
    block_of_codes codes;
    if (bytes == 1) {
        p->lanes->to_u8(out, x, m, &p->fields_f32);
        return;
    }
    p->lanes->to_u16(bytes == 2 ? out : codes.u16, x, m, &p->fields_f32);
    for (size_t i = 0; bytes == 8 && i < m; i++)
        ((uint64_t *)out)[i] = codes.u16[i];
}

/* The codes of a block, `bytes` bytes each. */
static hu_flags codes_of_block(const job *j, void *out, int bytes, size_t start, size_t m)
{
    const hu_plan *p = j->plan;
    hu_draw draw = {.index = p->env.random.index + start, .stride = 1};
    bool short_codes = p->has_codes_f32 && j->format->width_bits <= 16;
    double x[HU_BLOCK];
    float y[HU_BLOCK];
    block_of_codes codes;
    if (j->is_f32 && short_codes) {
        hu_flags flags = round_floats(j, y, start, m);
        from_floats(j, out, bytes, y, m);
        return flags;
    }
    hu_flags flags = load(j, x, start, m);
    if (!p->has_codes_f64) {
        flags |= hu_plan_codes(p, codes.u64, x, m, j->is_f32, draw);
        from_u64(out, bytes, codes.u64, m);
        return flags;
    }
    flags |= hu_plan_block(p, x, HU_ROUND_ONLY, x, NULL, NULL, m, j->is_f32, draw);
    if (short_codes) {
        p->lanes->store_f32(y, x, m);
        from_floats(j, out, bytes, y, m);
    } else {
        p->lanes->to_u64(codes.u64, x, m, &p->fields_f64);
        from_u64(out, bytes, codes.u64, m);
    }
    return flags;
}

static hu_flags encode_block(const job *j, size_t start, size_t m)
{
    int width = j->format->width_bits;
    uint8_t *to = (uint8_t *)j->out + (j->bytes ? start * (size_t)j->bytes : start / 8 * (size_t)width);
    if (j->bytes)
        return codes_of_block(j, to, j->bytes, start, m);
    block_of_codes codes;
    hu_flags flags = codes_of_block(j, &codes, bytes_within(j), start, m);
    if (width <= 8)
        hu_pack_u8(to, codes.u8, m, width);
    else
        hu_pack_u16(to, codes.u16, m, width);
    return flags;
}

/* The blocks whose first elements lie in from .. to - 1, by one thread. */
static hu_flags encode_part(const job *j, size_t n, size_t from, size_t to)
{
    hu_flags flags = 0;
    for (size_t i = from; i < to; i += HU_BLOCK)
        flags |= encode_block(j, i, n - i < HU_BLOCK ? n - i : HU_BLOCK);
    return flags;
}

static hu_status encode(void *out, int bytes, const void *in, bool is_f32, size_t n, const hu_format *f, hu_env *env, hu_error *err)
{
    hu_status status = check_width("encode", f, bytes ? 8 * bytes : PACKED_MAX, err);
    if (!status && is_f32 && f->family->result)
        status = hu_check_fit("encode", "", f, true, err);
    if (!status)
        status = hu_check_apart("encode", "the values", out, bytes ? n * (size_t)bytes : hu_packed_bytes(n, f), in, n * (is_f32 ? sizeof(float) : sizeof(double)), false, err);
    if (status)
        return status;
    hu_plan plan;
    hu_plan_init(&plan, f, env);
    plan.grid_f32.read_as_zero = plan.grid_f64.read_as_zero = 0;   /* their codes are those of other values all the same */
    const job j = {.plan = &plan, .format = f, .is_f32 = is_f32, .bytes = bytes, .in = in, .out = out};
    hu_stairs *stairs = plan.has_codes_f64 ? NULL : hu_stairs_take(f, &plan.env, is_f32, n);
    plan.stairs = stairs;
    hu_flags flags = 0;
    int threads = n >= (plan.has_codes_f64 || stairs ? WORTH_THREADS : WORTH_THREADS_SLOWLY) ? hu_threads() : 1;
    if (threads == 1) {                                      /* without a team, which takes 1000 cycles to make */
        flags = encode_part(&j, n, 0, n);
    } else {
        #pragma omp parallel num_threads(threads) reduction(|:flags)
        {
            #pragma omp for schedule(static)
            for (size_t i = 0; i < n; i += HU_BLOCK)
                flags |= encode_part(&j, n, i, i + 1);
            hu_plan_end_of_thread(f);
        }
    }
    hu_stairs_give_back(stairs);
    if (!env->no_flags)
        env->flags |= flags;
    if (plan.is_random)
        env->random.index += n;
    return HU_OK;
}

/* ---- decode ---- */

static uint64_t code_at(const job *j, size_t i)
{
    return j->bytes == 1 ? ((const uint8_t *)j->in)[i] : j->bytes == 2 ? ((const uint16_t *)j->in)[i] : ((const uint64_t *)j->in)[i];
}

#define LARGEST(T) \
static uint64_t largest_##T(const T *codes, size_t n) \
{ \
    T most = 0; \
    for (size_t i = 0; i < n; i++) \
        most = codes[i] > most ? codes[i] : most; \
    return most; \
}
LARGEST(uint8_t)
LARGEST(uint16_t)
LARGEST(uint64_t)

static hu_status check_codes(const job *j, size_t n, hu_error *err)
{
    hu_code last = hu_format_last_code(j->format);
    if (j->bytes == 0 || last == ((hu_code)1 << (8 * j->bytes)) - 1)
        return HU_OK;
    uint64_t most = j->bytes == 1 ? largest_uint8_t(j->in, n) : j->bytes == 2 ? largest_uint16_t(j->in, n) : largest_uint64_t(j->in, n);
    for (size_t i = 0; most > last && i < n; i++) {
        if (code_at(j, i) > last)
            return hu_fail(err, HU_EINVAL, "decode: element %zu is 0x%llx, past %s's last code 0x%llx", i,
                           (unsigned long long)code_at(j, i), j->format->name, (unsigned long long)last);
    }
    return HU_OK;
}

/* The values of codes in `bytes` bytes each, to floats where the job's output is that, else to doubles. */
static void values_of_block(const job *j, void *out, const void *codes, int bytes, size_t m)
{
    const hu_plan *p = j->plan;
    hu_seen seen;
    float y[HU_BLOCK];
    double x[HU_BLOCK];
    if (bytes <= 2 && p->has_codes_f32) {
        float *to = j->is_f32 ? out : y;
        if (bytes == 1)
            p->lanes->from_u8(to, codes, m, &p->fields_f32);
        else
            p->lanes->from_u16(to, codes, m, &p->fields_f32);
        if (!j->is_f32)
            p->lanes->load_f32(out, y, m, 1, &seen);
        return;
    }
    uint64_t wide[HU_BLOCK];
    const uint64_t *from = codes;
    if (bytes < 8) {
        const job block = {.bytes = bytes, .in = codes};
        for (size_t i = 0; i < m; i++)
            wide[i] = code_at(&block, i);
        from = wide;
    }
    double *to = j->is_f32 ? x : out;
    if (p->has_codes_f64)
        p->lanes->from_u64(to, from, m, &p->fields_f64);
    else
        hu_plan_values(p, to, from, m);
    if (j->is_f32)
        p->lanes->store_f32(out, x, m);
}

static void decode_block(const job *j, size_t start, size_t m)
{
    int width = j->format->width_bits;
    size_t size = j->is_f32 ? sizeof(float) : sizeof(double);
    block_of_codes codes;
    char *to = (char *)j->out + start * size;
    const uint8_t *from = (const uint8_t *)j->in + (j->bytes ? start * (size_t)j->bytes : start / 8 * (size_t)width);
    if (!j->bytes && width <= 8)
        hu_unpack_u8(codes.u8, from, m, width);
    else if (!j->bytes)
        hu_unpack_u16(codes.u16, from, m, width);
    values_of_block(j, to, j->bytes ? (const void *)from : &codes, bytes_within(j), m);
}

static hu_status decode(void *out, bool is_f32, const void *in, int bytes, size_t n, const hu_format *f, hu_error *err)
{
    hu_status status = check_width("decode", f, bytes ? 8 * bytes : PACKED_MAX, err);
    if (!status)
        status = hu_check_fit("decode", "", f, is_f32, err);
    if (!status)
        status = hu_check_apart("decode", "the codes", out, n * (is_f32 ? sizeof(float) : sizeof(double)), in, bytes ? n * (size_t)bytes : hu_packed_bytes(n, f), false, err);
    hu_env env = hu_env_default();
    hu_plan plan;
    job j = {.plan = &plan, .format = f, .is_f32 = is_f32, .bytes = bytes, .in = in, .out = out};
    if (!status)
        status = check_codes(&j, n, err);
    if (status)
        return status;
    hu_plan_init(&plan, f, &env);
    hu_stairs *stairs = plan.has_codes_f64 ? NULL : hu_stairs_take_values(f, n);
    plan.stairs = stairs;
    int threads = n >= (plan.has_codes_f64 || stairs ? WORTH_THREADS : WORTH_THREADS_SLOWLY) ? hu_threads() : 1;
    for (size_t i = 0; threads == 1 && i < n; i += HU_BLOCK)
        decode_block(&j, i, n - i < HU_BLOCK ? n - i : HU_BLOCK);
    if (threads > 1) {
        #pragma omp parallel num_threads(threads)
        {
            #pragma omp for schedule(static)
            for (size_t i = 0; i < n; i += HU_BLOCK)
                decode_block(&j, i, n - i < HU_BLOCK ? n - i : HU_BLOCK);
            hu_plan_end_of_thread(f);
        }
    }
    hu_stairs_give_back(stairs);
    return HU_OK;
}

/* ---- by type ---- */

#define BOTH_WAYS(T, name, bytes) \
hu_status hu_encode_##name##_f32(T *out, const float *in, size_t n, const hu_format *f, hu_env *env, hu_error *err) \
{ return encode(out, bytes, in, true, n, f, env, err); } \
hu_status hu_encode_##name##_f64(T *out, const double *in, size_t n, const hu_format *f, hu_env *env, hu_error *err) \
{ return encode(out, bytes, in, false, n, f, env, err); } \
hu_status hu_decode_##name##_f32(float *out, const T *in, size_t n, const hu_format *f, hu_error *err) \
{ return decode(out, true, in, bytes, n, f, err); } \
hu_status hu_decode_##name##_f64(double *out, const T *in, size_t n, const hu_format *f, hu_error *err) \
{ return decode(out, false, in, bytes, n, f, err); }
BOTH_WAYS(uint8_t, u8, 1)
BOTH_WAYS(uint16_t, u16, 2)
BOTH_WAYS(uint8_t, packed, 0)
#undef BOTH_WAYS

hu_status hu_encode_f64(uint64_t *out, const double *in, size_t n, const hu_format *f, hu_env *env, hu_error *err)
{
    return encode(out, 8, in, false, n, f, env, err);
}

hu_status hu_decode_f64(double *out, const uint64_t *in, size_t n, const hu_format *f, hu_error *err)
{
    return decode(out, false, in, 8, n, f, err);
}

size_t hu_packed_bytes(size_t n, const hu_format *f)
{
    size_t width = (size_t)f->width_bits;
    return n / 8 * width + (n % 8 * width + 7) / 8;
}
