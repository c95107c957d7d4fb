/* window.c - windows of an image: unfolding for convolution, pooling. */
#include "src/nn/tape.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "src/nn/linear-rule.h"

bool hu_window_init(hu_window *w)
{
    size_t high = w->height + 2 * w->padding, wide = w->width + 2 * w->padding;
    if (!w->kernel || !w->stride || !w->height || !w->width || w->kernel > high || w->kernel > wide)
        return false;
    w->out_height = (high - w->kernel) / w->stride + 1;
    w->out_width = (wide - w->kernel) / w->stride + 1;
    return true;
}

/* A pixel of a window: the row of the images where it is, if it is inside, and the window's number. */
typedef struct pixel {
    size_t from, to;
    bool   inside;
} pixel;

/* How many pixels the windows of one image have together. */
static size_t window_pixels(const hu_window *w)
{
    return w->out_height * w->out_width * w->kernel * w->kernel;
}

/* Number i of them, window by window, row by row, of image b. What lies above or left of the image wraps around to
 * rows and columns that it does not have. */
static pixel window_pixel(const hu_window *w, size_t b, size_t i)
{
    size_t k = w->kernel, window = i / (k * k), place = i % (k * k);
    size_t y = window / w->out_width * w->stride + place / k - w->padding;
    size_t x = window % w->out_width * w->stride + place % k - w->padding;
    return (pixel){.from = (b * w->height + y) * w->width + x, .to = b * w->out_height * w->out_width + window,
                      .inside = y < w->height && x < w->width};
}

#include "src/nn/real-f32.h"
#include "src/nn/window.body.h"
#include "src/nn/real-f64.h"
#include "src/nn/window.body.h"
