/* block-layout.c - where the blocks of an array are. */
#include "src/kernel/block-job.h"

static size_t how_many(size_t n, size_t part)
{
    return part == 0 ? n > 0 : n / part + (n % part != 0);
}

hu_block_layout hu_block_line(size_t n)
{
    return (hu_block_layout){.outer = 1, .rows = 1, .length = n, .outer_stride = n, .row_stride = n, .stride = 1};
}

size_t hu_block_elements(const hu_block_layout *l)
{
    return l->outer * l->rows * l->length;
}

size_t hu_block_count(const hu_block_layout *l, const hu_block_format *f)
{
    return l->outer * how_many(l->rows, f->rows) * how_many(l->length, f->size);
}

static size_t product(const size_t *shape, int from, int to)
{
    size_t n = 1;
    for (int i = from; i < to; i++)
        n *= shape[i];
    return n;
}

hu_status hu_block_layout_init(hu_block_layout *l, const hu_block_format *f, int rank, const size_t *shape, int axis,
                               hu_error *err)
{
    if (axis < -1 || axis >= rank)
        return hu_fail(err, HU_ESHAPE, "%s: blocks along index %d of an array that has %d", f->name, axis + 1, rank);
    if (axis == -1 || f->size == 0) {
        *l = hu_block_line(product(shape, 0, rank));
        if (f->rows > 1)
            return hu_fail(err, HU_ESHAPE, "%s: blocks of %zu rows need an index to lie along", f->name, f->rows);
        return HU_OK;
    }
    size_t inner = product(shape, axis + 1, rank), length = shape[axis];
    if (f->rows > 1 && axis == rank - 1 && rank > 1) {           /* with the index before it */
        size_t rows = shape[axis - 1];
        *l = (hu_block_layout){.outer = product(shape, 0, axis - 1), .rows = rows, .length = length,
                               .outer_stride = rows * length, .row_stride = length, .stride = 1};
        return HU_OK;
    }
    if (f->rows > 1 && axis != rank - 2)
        return hu_fail(err, HU_ESHAPE, "%s: blocks of %zu rows lie along the last two indices; this is index %d of %d",
                       f->name, f->rows, axis + 1, rank);
    *l = (hu_block_layout){.outer = product(shape, 0, axis), .rows = inner, .length = length,
                           .outer_stride = length * inner, .row_stride = 1, .stride = inner};
    return HU_OK;
}

void hu_block_job_place(hu_block_job *job, const hu_block_layout *l)
{
    job->layout = l;
    job->along = how_many(l->length, job->format->size);
    job->across = how_many(l->rows, job->format->rows);
    job->n_blocks = l->outer * job->across * job->along;
}

hu_block_view hu_block_job_view(const hu_block_job *job, size_t block)
{
    const hu_block_layout *l = job->layout;
    const hu_block_format *f = job->format;
    size_t size = f->size ? f->size : l->length;
    size_t k = block % job->along * size, r = block / job->along % job->across * f->rows, o = block / job->along / job->across;
    return (hu_block_view){.start = o * l->outer_stride + r * l->row_stride + k * l->stride,
                           .rows = l->rows - r < f->rows ? l->rows - r : f->rows, .row_stride = l->row_stride,
                           .n = l->length - k < size ? l->length - k : size, .stride = l->stride};
}

bool hu_block_next_piece(const hu_block_view *v, hu_block_piece *p)
{
    if (p->at == v->n) {
        p->row++;
        p->at = 0;
    }
    if (p->row >= v->rows || v->n == 0)
        return false;
    p->n = v->n - p->at < HU_BLOCK ? v->n - p->at : HU_BLOCK;
    p->offset = v->start + p->row * v->row_stride + p->at * v->stride;
    p->at += p->n;
    return true;
}
