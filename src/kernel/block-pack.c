/* block-pack.c - codes of blocks to bytes and back; the order is stated in block.h. */
#include <string.h>

#include "src/kernel/block-job.h"

static size_t bytes_of(size_t bits)
{
    return bits / 8 + (bits % 8 != 0);
}

static size_t scale_width(const hu_block_format *f)
{
    return bytes_of((size_t)f->scale->width_bits);
}

static size_t block_bytes(const hu_block_job *job, const hu_block_view *v)
{
    return bytes_of(v->rows * v->n * (size_t)job->format->element->width_bits);
}

size_t hu_block_element_bytes(const hu_block_layout *l, const hu_block_format *f)
{
    hu_block_job job = {.format = f};
    size_t total = 0;
    hu_block_job_place(&job, l);
    for (size_t block = 0; block < job.n_blocks; block++) {
        hu_block_view v = hu_block_job_view(&job, block);
        total += block_bytes(&job, &v);
    }
    return total;
}

size_t hu_block_scale_bytes(const hu_block_layout *l, const hu_block_format *f)
{
    return hu_block_count(l, f) * scale_width(f);
}

/* `width` bits from bit `at` on. */
static void put(uint8_t *bytes, size_t at, uint64_t code, int width)
{
    for (int i = 0; i < width; i++, at++)
        bytes[at / 8] |= (uint8_t)((code >> i & 1) << at % 8);
}

static uint64_t get(const uint8_t *bytes, size_t at, int width)
{
    uint64_t code = 0;
    for (int i = 0; i < width; i++, at++)
        code |= (uint64_t)(bytes[at / 8] >> at % 8 & 1) << i;
    return code;
}

/* Where the i-th element of a block is. */
static size_t offset_of(const hu_block_view *v, size_t i)
{
    return v->start + i / v->n * v->row_stride + i % v->n * v->stride;
}

/* Where a block's elements and its scale begin. */
typedef struct place {
    size_t elements, scale;
} place;

static place next_place(place at, const hu_block_job *job, const hu_block_view *v, bool interleaved)
{
    size_t width = scale_width(job->format), bytes = block_bytes(job, v);
    if (interleaved)
        return (place){at.elements + bytes + width, at.elements + bytes};
    return (place){at.elements + bytes, at.scale + width};
}

static place first_place(const hu_block_format *f, bool interleaved)
{
    return interleaved ? (place){scale_width(f), 0} : (place){0, 0};
}

void hu_block_pack(uint8_t *elements, uint8_t *scales, const uint64_t *codes, const uint64_t *scale_codes,
                   const hu_block_layout *l, const hu_block_format *f)
{
    hu_block_job job = {.format = f};
    hu_block_job_place(&job, l);
    place at = first_place(f, !scales);
    uint8_t *scales_to = scales ? scales : elements;
    memset(elements, 0, hu_block_element_bytes(l, f) + (scales ? 0 : hu_block_scale_bytes(l, f)));
    memset(scales_to, 0, scales ? hu_block_scale_bytes(l, f) : 0);
    for (size_t block = 0; block < job.n_blocks; block++) {
        hu_block_view v = hu_block_job_view(&job, block);
        size_t width = (size_t)f->element->width_bits;
        put(scales_to, at.scale * 8, scale_codes[block], f->scale->width_bits);
        for (size_t i = 0; i < v.rows * v.n; i++)
            put(elements, at.elements * 8 + i * width, codes[offset_of(&v, i)], f->element->width_bits);
        at = next_place(at, &job, &v, !scales);
    }
}

void hu_block_unpack(uint64_t *codes, uint64_t *scale_codes, const uint8_t *elements, const uint8_t *scales,
                     const hu_block_layout *l, const hu_block_format *f)
{
    hu_block_job job = {.format = f};
    hu_block_job_place(&job, l);
    place at = first_place(f, !scales);
    const uint8_t *scales_from = scales ? scales : elements;
    for (size_t block = 0; block < job.n_blocks; block++) {
        hu_block_view v = hu_block_job_view(&job, block);
        size_t width = (size_t)f->element->width_bits;
        scale_codes[block] = get(scales_from, at.scale * 8, f->scale->width_bits);
        for (size_t i = 0; i < v.rows * v.n; i++)
            codes[offset_of(&v, i)] = get(elements, at.elements * 8 + i * width, f->element->width_bits);
        at = next_place(at, &job, &v, !scales);
    }
}
