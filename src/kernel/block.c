/* block.c - arrays in block formats: values, codes, and back. */
#include "src/kernel/block-job.h"

#include <string.h>

#include "src/base/memory.h"
#include "src/kernel/pack.h"
#include "src/ops/ops.h"

enum { WORTH_THREADS = 4096, WORTH_THREADS_IN_STRIPS = 32768 };

static int threads_for(const hu_block_job *job, size_t worth)
{
    return hu_block_elements(job->layout) >= worth && job->n_blocks > 1 ? hu_threads() : 1;
}

static void finish(hu_env *env, const hu_block_job *job, hu_flags flags)
{
    if (!env->no_flags)
        env->flags |= flags;
    if (job->plan.is_random)
        env->random.index += hu_block_elements(job->layout);
}

/* --- values --- */

static void store(const hu_block_job *job, void *out, const double *x, size_t offset, size_t n, size_t stride)
{
    for (size_t i = 0; job->is_f32 && i < n; i++)
        ((float *)out)[offset + i * stride] = (float)x[i];
    for (size_t i = 0; !job->is_f32 && i < n; i++)
        ((double *)out)[offset + i * stride] = x[i];
}

static hu_flags quantize_block(const hu_block_job *job, void *out, size_t block)
{
    double x[HU_BLOCK];
    hu_flags flags = 0;
    bool is_nan;
    hu_block_view v = hu_block_job_view(job, block);
    hu_code scale = hu_block_choose_scale(job, &v, &is_nan, &flags);
    hu_block_divisor d = hu_block_divide_by(job, scale);
    for (hu_block_piece p = {0}; hu_block_next_piece(&v, &p);) {
        if (is_nan) {
            for (size_t i = 0; i < p.n; i++)
                x[i] = __builtin_nan("");
        } else {
            hu_draw draw = {.index = job->env.random.index + p.offset, .stride = v.stride};
            hu_block_load(job, x, p.offset, p.n, v.stride);
            flags |= hu_block_values(job, &job->plan, x, x, p.n, &d, draw);
        }
        store(job, out, x, p.offset, p.n, v.stride);
    }
    return flags;
}

/* `together` blocks from block `first` on, or as many as there are; 0: one. */
static hu_flags quantize_blocks(const hu_block_job *job, void *out, size_t first, size_t together)
{
    hu_flags flags = 0;
    size_t left = job->n_blocks - first, n = together < left ? together : left;
    if (together > 0 && hu_block_strip(job, out, first, n, &flags))
        return flags;
    flags = 0;
    for (size_t block = first; block < first + (together > 0 ? n : 1); block++)
        flags |= quantize_block(job, out, block);
    return flags;
}

enum { STRIPS = 16 };         /* of blocks, that a thread takes together */

/* n blocks from block `first` on. raised: flags that need no telling any more. */
static hu_flags quantize_strips(const hu_block_job *job, void *out, size_t first, size_t n, size_t together, hu_flags raised, bool streams)
{
    const hu_flags told = HU_INEXACT | HU_UNDERFLOW | HU_OVERFLOW;
    hu_flags flags = 0;
    for (size_t block = first, end = first + n; block < end; block += together) {
        if (job->floats.group && ((raised | flags) & told) == told)
            block += hu_block_floats_groups(job, out, block, end - block, streams);
        if (block < end)
            flags |= quantize_blocks(job, out, block, end - block < together ? end - block : together);
    }
    return flags;
}

/* All blocks, one after another or in strips. */
static hu_flags quantize_all(const hu_block_job *job, void *out)
{
    hu_flags flags = 0;
    size_t together = hu_block_strip_blocks(job), step = together > 0 ? STRIPS * together : 1, n = job->n_blocks;
    int threads = threads_for(job, together > 0 ? WORTH_THREADS_IN_STRIPS : WORTH_THREADS);
    bool streams = job->is_f32 && out != job->in && (uintptr_t)out % 64 == 0 && hu_block_elements(job->layout) * sizeof(float) >= HU_WORTH_STREAMING;
    if (together > 0 && threads == 1)
        return quantize_strips(job, out, 0, n, together, job->raised, streams);
    #pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1) reduction(|:flags)
    for (size_t block = 0; block < n; block += step)
        flags |= together > 0 ? quantize_strips(job, out, block, n - block < step ? n - block : step, together, job->raised | flags, streams)
                              : quantize_blocks(job, out, block, 0);
    return flags;
}

static hu_status quantize(void *out, const void *in, bool is_f32, const hu_block_layout *l, const hu_block_format *f,
                          hu_env *env, hu_error *err)
{
    const size_t size = hu_block_elements(l) * (is_f32 ? sizeof(float) : sizeof(double));
    hu_block_job job;
    hu_status status = hu_check_apart(f->name, "the input", out, size, in, size, true, err);
    if (!status)
        status = hu_block_job_init(&job, in, is_f32, l, f, env, err);
    if (status)
        return status;
    finish(env, &job, quantize_all(&job, out));
    return HU_OK;
}

hu_status hu_block_quantize_f32(float *out, const float *in, const hu_block_layout *l, const hu_block_format *f,
                                hu_env *env, hu_error *err)
{
    return quantize(out, in, true, l, f, env, err);
}

hu_status hu_block_quantize_f64(double *out, const double *in, const hu_block_layout *l, const hu_block_format *f,
                                hu_env *env, hu_error *err)
{
    return quantize(out, in, false, l, f, env, err);
}

/* --- codes --- */

/* codes: from that of the element at offset `base` on. */
static hu_flags encode_block(const hu_block_job *job, uint64_t *codes, uint64_t *scale_code, size_t base, size_t block)
{
    double x[HU_BLOCK];
    hu_flags flags = 0;
    bool is_nan;
    hu_block_view v = hu_block_job_view(job, block);
    hu_code scale = hu_block_choose_scale(job, &v, &is_nan, &flags);
    hu_block_divisor d = hu_block_divide_by(job, scale);
    hu_env env = job->plan.env, none = job->plan.env;
    uint64_t zero = (uint64_t)hu_round_with(job->format->element, &none, hu_num_zero(false), 0);
    *scale_code = (uint64_t)scale;
    for (hu_block_piece p = {0}; hu_block_next_piece(&v, &p);) {
        hu_block_load(job, x, p.offset, p.n, v.stride);
        for (size_t i = 0; i < p.n; i++) {
            size_t offset = p.offset + i * v.stride;
            env.random.index = job->env.random.index + offset;
            uint64_t word = is_nan ? 0 : job->words ? job->words[offset] : hu_env_draw(&env);
            codes[offset - base] = is_nan ? zero : (uint64_t)hu_block_code(job, &env, x[i], &d, word);
        }
    }
    return flags | env.flags;
}

hu_status hu_block_encode_words_f64(uint64_t *codes, uint64_t *scales, uint64_t *tensor, const double *in,
                                    const uint64_t *words,
                                    const hu_block_layout *l, const hu_block_format *f, hu_env *env, hu_error *err)
{
    hu_block_job job;
    hu_status status = hu_block_job_init(&job, in, false, l, f, env, err);
    if (status)
        return status;
    job.words = words;
    hu_flags flags = 0;
    int threads = threads_for(&job, WORTH_THREADS);
    #pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1) reduction(|:flags)
    for (size_t block = 0; block < job.n_blocks; block++)
        flags |= encode_block(&job, codes, &scales[block], 0, block);
    *tensor = (uint64_t)job.tensor_code;
    finish(env, &job, flags);
    return HU_OK;
}

hu_status hu_block_encode_f64(uint64_t *codes, uint64_t *scales, uint64_t *tensor, const double *in,
                              const hu_block_layout *l, const hu_block_format *f, hu_env *env, hu_error *err)
{
    return hu_block_encode_words_f64(codes, scales, tensor, in, NULL, l, f, env, err);
}

/* ---- codes as bytes ---- */

/* `together` blocks from block `first` on, or as many as there are. */
static hu_flags pack_blocks(const hu_block_job *job, uint8_t *elements, uint8_t *scales, size_t first, size_t together)
{
    size_t left = job->n_blocks - first, n = together < left ? together : left;
    hu_block_view from = hu_block_job_view(job, first), last = hu_block_job_view(job, first + n - 1);
    size_t count = last.start + last.n - from.start;
    int width = job->format->element->width_bits;
    uint64_t codes[HU_BLOCK], scale;
    uint8_t narrow[HU_BLOCK];
    hu_flags flags = 0;
    if (hu_block_floats_pack(job, elements, scales, from.start, count, &flags))
        return flags;
    for (size_t block = first; block < first + n; block++) {
        flags |= encode_block(job, codes, &scale, from.start, block);
        scales[block] = (uint8_t)scale;
    }
    for (size_t i = 0; i < count; i++)
        narrow[i] = (uint8_t)codes[i];
    hu_pack_u8(elements + from.start * (size_t)width / 8, narrow, count, width);
    return flags;
}

/* Through an array of all codes, as wide as they come. */
static hu_status pack_by_codes(hu_block_job *job, uint8_t *elements, uint8_t *scales, hu_flags *flags, hu_error *err)
{
    size_t n = hu_block_elements(job->layout);
    uint64_t *codes = hu_malloc((n + job->n_blocks + 1) * sizeof *codes);
    if (!codes)
        return hu_fail(err, HU_ENOMEM, "%s: no memory for the codes of %zu elements", job->format->name, n);
    for (size_t block = 0; block < job->n_blocks; block++)
        *flags |= encode_block(job, codes, &codes[n + block], 0, block);
    hu_block_pack(elements, scales, codes, codes + n, job->layout, job->format);
    hu_free(codes);
    return HU_OK;
}

hu_status hu_block_encode_packed_f32(uint8_t *elements, uint8_t *scales, uint64_t *tensor, const float *in, const hu_block_layout *l,
                                     const hu_block_format *f, hu_env *env, hu_error *err)
{
    hu_block_job job;
    hu_status status = hu_block_job_init(&job, in, true, l, f, env, err);
    if (status)
        return status;
    hu_flags flags = 0;
    size_t together = hu_block_strip_blocks(&job);
    if (scales && hu_block_floats_can_pack(&job)) {
        int threads = threads_for(&job, WORTH_THREADS_IN_STRIPS);
        #pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1) reduction(|:flags)
        for (size_t block = 0; block < job.n_blocks; block += together)
            flags |= pack_blocks(&job, elements, scales, block, together);
    } else {
        status = pack_by_codes(&job, elements, scales, &flags, err);
    }
    if (status)
        return status;
    *tensor = (uint64_t)job.tensor_code;
    finish(env, &job, flags);
    return HU_OK;
}

static hu_status check_codes(const char *what, const uint64_t *codes, size_t n, const hu_format *f, hu_error *err)
{
    hu_code last = hu_format_last_code(f);
    for (size_t i = 0; i < n; i++) {
        if (codes[i] > last)
            return hu_fail(err, HU_EINVAL, "decode: %s %zu is 0x%llx, past %s's last code 0x%llx", what, i,
                           (unsigned long long)codes[i], f->name, (unsigned long long)last);
    }
    return HU_OK;
}

hu_status hu_block_decode_f64(double *out, const uint64_t *codes, const uint64_t *scales, uint64_t tensor,
                              const hu_block_layout *l, const hu_block_format *f, hu_error *err)
{
    hu_env env = hu_env_default();
    hu_block_layout nothing = hu_block_line(0);
    hu_block_job job;
    hu_status status = hu_block_job_init(&job, NULL, false, &nothing, f, &env, err);
    if (!status)
        status = check_codes("element", codes, hu_block_elements(l), f->element, err);
    if (!status)
        status = check_codes("scale", scales, hu_block_count(l, f), f->scale, err);
    if (!status && f->tensor)
        status = check_codes("tensor scale", &tensor, 1, f->tensor, err);
    if (status)
        return status;
    hu_block_job_place(&job, l);
    if (f->tensor)
        job.tensor = hu_decode(f->tensor, tensor);
    for (size_t block = 0; block < job.n_blocks; block++) {
        hu_block_view v = hu_block_job_view(&job, block);
        hu_block_divisor d = hu_block_divide_by(&job, scales[block]);
        for (hu_block_piece p = {0}; hu_block_next_piece(&v, &p);) {
            for (size_t i = 0; i < p.n; i++)
                out[p.offset + i * v.stride] = hu_block_value(&job, codes[p.offset + i * v.stride], &d);
        }
    }
    return HU_OK;
}
