/* bench-plain.body.h - the loops of bench-plain.c, each once forward and once backward. What a backward loop finds is added to what is there.
 *
 * Letters: n = B T rows, t positions, c channels, d = c / heads, f hidden units, v bytes.
 */

enum { ROWS = 8 };

/* ---- linear layers: y [n][out] = x [n][in] w^T, w [out][in] ---- */

MACHINE static void linear(float *y, const float *x, const float *w, size_t n, size_t in, size_t out, int threads)
{
#pragma omp parallel for num_threads(threads)
    for (size_t i = 0; i < n; i += ROWS)
        for (size_t o = 0; o < out; o++) {
            float sum[ROWS] = {0};
            for (size_t j = 0; j < in; j++)
                for (size_t r = 0; r < ROWS; r++)
                    sum[r] += x[(i + r) * in + j] * w[o * in + j];
            for (size_t r = 0; r < ROWS; r++)
                y[(i + r) * out + o] = sum[r];
        }
}

MACHINE static void linear_back(float *dx, float *dw, const float *dy, const float *x, const float *w, size_t n, size_t in, size_t out, int threads)
{
#pragma omp parallel for num_threads(threads)
    for (size_t i = 0; i < n; i++)
        for (size_t o = 0; o < out; o++)
            for (size_t j = 0; j < in; j++)
                dx[i * in + j] += dy[i * out + o] * w[o * in + j];
#pragma omp parallel for num_threads(threads)
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < in; j++)
                dw[o * in + j] += dy[i * out + o] * x[i * in + j];
}

/* ---- RMSNorm: y = gain x r ---- */

MACHINE static void norm(float *y, float *root, const float *x, const float *gain, size_t n, size_t c)
{
    for (size_t i = 0; i < n; i++) {
        float square = 0;
        for (size_t j = 0; j < c; j++)
            square += x[i * c + j] * x[i * c + j];
        root[i] = 1 / sqrtf(square / (float)c + 1e-5f);
        for (size_t j = 0; j < c; j++)
            y[i * c + j] = gain[j] * x[i * c + j] * root[i];
    }
}

MACHINE static void norm_back(float *dx, float *dgain, const float *dy, const float *x, const float *gain, const float *root, size_t n, size_t c)
{
    for (size_t i = 0; i < n; i++) {
        float inner = 0, r = root[i];
        for (size_t j = 0; j < c; j++)
            inner += dy[i * c + j] * gain[j] * x[i * c + j];
        inner *= r * r / (float)c;
        for (size_t j = 0; j < c; j++) {
            dgain[j] += dy[i * c + j] * x[i * c + j] * r;
            dx[i * c + j] += r * (dy[i * c + j] * gain[j] - x[i * c + j] * inner);
        }
    }
}

/* ---- attention ---- */

/* Pairs (i, i + D/2) of queries and keys turned by their position's angles; sign -1: back. */
MACHINE static void rotate(const hu_plain *p, float *qkv, float sign)
{
    const hu_model_config *s = &p->trainer->model->config;
    size_t c = s->width, half = c / s->heads / 2;
    for (size_t i = 0; i < p->trainer->config.batch * s->context; i++)
        for (size_t h = 0; h < 2 * s->heads; h++) {
            float *a = qkv + i * 3 * c + h * 2 * half, *b = a + half;
            const float *cosine = p->cosine + i % s->context * half, *sine = p->sine + i % s->context * half;
            for (size_t j = 0; j < half; j++) {
                float x = a[j], y = b[j];
                a[j] = x * cosine[j] - sign * y * sine[j];
                b[j] = y * cosine[j] + sign * x * sine[j];
            }
        }
}

MACHINE static void attention(float *out, float *weights, const float *qkv, size_t batch, size_t t, size_t c, size_t heads,
                              int threads)
{
    size_t d = c / heads;
    float scale = 1 / sqrtf((float)d);
#pragma omp parallel for collapse(3) num_threads(threads)
    for (size_t b = 0; b < batch; b++)
        for (size_t i = 0; i < t; i++)
            for (size_t h = 0; h < heads; h++) {
                const float *q = qkv + (b * t + i) * 3 * c + h * d, *k = qkv + b * t * 3 * c + c + h * d, *v = k + c;
                float *w = weights + ((b * heads + h) * t + i) * t, *y = out + (b * t + i) * c + h * d, top = -FLT_MAX, sum = 0;
                for (size_t j = 0; j <= i; j++) {
                    float dot = 0;
                    for (size_t l = 0; l < d; l++)
                        dot += q[l] * k[j * 3 * c + l];
                    w[j] = dot * scale;
                    top = w[j] > top ? w[j] : top;
                }
                for (size_t j = 0; j <= i; j++)
                    sum += w[j] = expf(w[j] - top);
                for (size_t l = 0; l < d; l++)
                    y[l] = 0;
                for (size_t j = 0; j <= i; j++) {
                    w[j] /= sum;
                    for (size_t l = 0; l < d; l++)
                        y[l] += w[j] * v[j * 3 * c + l];
                }
            }
}

/* row: room for 2 T. */
MACHINE static void attention_back(float *dqkv, float *row, const float *dout, const float *qkv,
                                   const float *weights, size_t batch, size_t t, size_t c, size_t heads)
{
    size_t d = c / heads;
    float scale = 1 / sqrtf((float)d), *dw = row, *ds = row + t;
    for (size_t b = 0; b < batch; b++)
        for (size_t i = 0; i < t; i++)
            for (size_t h = 0; h < heads; h++) {
                size_t query = (b * t + i) * 3 * c + h * d, key = b * t * 3 * c + c + h * d, value = key + c;
                const float *w = weights + ((b * heads + h) * t + i) * t, *dy = dout + (b * t + i) * c + h * d;
                for (size_t j = 0; j <= i; j++) {
                    dw[j] = ds[j] = 0;
                    for (size_t l = 0; l < d; l++) {
                        dw[j] += qkv[value + j * 3 * c + l] * dy[l];
                        dqkv[value + j * 3 * c + l] += w[j] * dy[l];
                    }
                }
                for (size_t j = 0; j <= i; j++)
                    for (size_t l = 0; l <= i; l++)
                        ds[l] += dw[j] * w[j] * ((j == l) - w[l]);
                for (size_t j = 0; j <= i; j++)
                    for (size_t l = 0; l < d; l++) {
                        dqkv[query + l] += ds[j] * scale * qkv[key + j * 3 * c + l];
                        dqkv[key + j * 3 * c + l] += ds[j] * scale * qkv[query + l];
                    }
            }
}

/* ---- SwiGLU: y = a b / (1 + exp(-a)), a row of 2 F holds the a and then the b ---- */

MACHINE static void swiglu(float *y, const float *x, size_t n, size_t f)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < f; j++)
            y[i * f + j] = x[2 * i * f + j] * x[(2 * i + 1) * f + j] / (1 + expf(-x[2 * i * f + j]));
}

MACHINE static void swiglu_back(float *dx, const float *dy, const float *x, size_t n, size_t f)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < f; j++) {
            float a = x[2 * i * f + j], b = x[(2 * i + 1) * f + j], s = 1 / (1 + expf(-a));
            dx[2 * i * f + j] += dy[i * f + j] * b * s * (1 + a * (1 - s));
            dx[(2 * i + 1) * f + j] += dy[i * f + j] * a * s;
        }
}

/* ---- the ends: bytes, logits, sums ---- */

MACHINE static void add(float *y, const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] + b[i];
}

/* Logits become probabilities and then their gradient, that of the mean loss, which is returned. */
MACHINE static double cross_entropy(float *x, const uint8_t *targets, size_t n, size_t v, int threads)
{
    double loss = 0;
#pragma omp parallel for num_threads(threads)
    for (size_t i = 0; i < n; i++) {
        float *row = x + i * v, top = row[0], sum = 0;
        for (size_t j = 1; j < v; j++)
            top = row[j] > top ? row[j] : top;
        for (size_t j = 0; j < v; j++)
            sum += row[j] = expf(row[j] - top);
        for (size_t j = 0; j < v; j++)
            row[j] /= sum;
    }
    for (size_t i = 0; i < n; i++) {
        loss -= (double)logf(x[i * v + targets[i]]);
        for (size_t j = 0; j < v; j++)
            x[i * v + j] = (x[i * v + j] - (j == targets[i])) / (float)n;
    }
    return loss / (double)n;
}

/* ---- AdamW ---- */

MACHINE static double square(const float *g, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)g[i] * (double)g[i];
    return sum;
}

MACHINE static void adamw(float *w, float *m, float *v, const float *g, size_t n, const hu_adamw *a,
                          float rate, float decay, float scale, double count)
{
    float b1 = (float)a->beta1, b2 = (float)a->beta2, epsilon = (float)a->epsilon;
    float c1 = (float)(1 - pow(a->beta1, count)), c2 = (float)(1 - pow(a->beta2, count));
    for (size_t i = 0; i < n; i++) {
        m[i] = b1 * m[i] + (1 - b1) * g[i] * scale;
        v[i] = b2 * v[i] + (1 - b2) * g[i] * scale * g[i] * scale;
        w[i] -= rate * (m[i] / c1 / (sqrtf(v[i] / c2) + epsilon) + decay * w[i]);
    }
}
