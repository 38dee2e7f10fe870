/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/random.h"
#include "layers/graph.h"
#include <math.h>

/* What weights begin with. Every number is a function of seed, node, weight and its place. */

static void fill_uniform(const rnni_random *stream, int64_t count, double bound, rnni_real *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = (rnni_real)((2 * rnni_random_uniform(stream, (uint64_t)i) - 1) * bound);
}

static void fill_normal(const rnni_random *stream, int64_t count, double deviation, rnni_real *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = (rnni_real)(rnni_random_normal(stream, (uint64_t)i) * deviation);
}

static double dot(int64_t n, const double *x, const double *y)
{
    double sum[4] = { 0, 0, 0, 0 };
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int j = 0; j < 4; j++) sum[j] += x[i + j] * y[i + j];
    for (; i < n; i++) sum[0] += x[i] * y[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Makes `rows` random rows of `n` >= rows numbers orthonormal: modified Gram-Schmidt in double, which keeps
 * the distribution uniform over such matrices (Saxe 2013 uses the same starting point). A row that vanishes
 * becomes a unit vector's remainder. */
static void orthonormalise(int64_t rows, int64_t n, double *q)
{
    for (int64_t r = 0; r < rows; r++) {
        double *row = q + r * n;
        for (int64_t p = 0; p < r; p++) {
            double projection = dot(n, row, q + p * n);
            for (int64_t i = 0; i < n; i++) row[i] -= projection * q[p * n + i];
        }
        double norm = sqrt(dot(n, row, row));
        for (int64_t i = 0; i < n; i++) row[i] = norm > 0 ? row[i] / norm : 0;
    }
}

/* [rows][columns] with orthonormal columns (or rows, where there are fewer of them). */
static rnn_status_t fill_orthogonal(rnn_context_t *context, const rnni_random *stream, int64_t rows,
                                    int64_t columns, rnni_real *out)
{
    bool tall = rows >= columns;
    int64_t few = tall ? columns : rows, many = tall ? rows : columns;
    double *q = rnni_alloc_array(context, (size_t)(few * many), sizeof *q);
    if (!q) return RNN_ERROR_MEMORY;
    for (int64_t i = 0; i < few * many; i++) q[i] = rnni_random_normal(stream, (uint64_t)i);
    orthonormalise(few, many, q);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            out[r * columns + c] = (rnni_real)(tall ? q[c * many + r] : q[r * many + c]);
    rnni_free(context, q, (size_t)(few * many) * sizeof *q);
    return RNN_OK;
}

rnn_status_t rnni_weight_fill(rnn_context_t *context, const rnni_node *node, int32_t weight, uint64_t seed,
                              rnni_real *out)
{
    const rnni_weight *w = &node->weights[weight];
    const rnni_init *init = &w->init;
    rnni_random stream = rnni_random_stream(seed, RNNI_RANDOM_INIT, (uint64_t)node->id, (uint64_t)weight, 0);
    switch (init->kind) {
    case RNN_INIT_UNIFORM: fill_uniform(&stream, w->count, init->scale, out); break;
    case RNN_INIT_NORMAL: fill_normal(&stream, w->count, init->scale, out); break;
    case RNN_INIT_GLOROT_UNIFORM:
        fill_uniform(&stream, w->count, sqrt(6.0 / (double)(init->fan_in + init->fan_out)), out);
        break;
    case RNN_INIT_ORTHOGONAL:
        RNNI_TRY(fill_orthogonal(context, &stream, w->shape[0], w->shape[1], out));
        break;
    default: memset(out, 0, (size_t)w->count * sizeof *out);
    }
    for (int64_t i = 0; i < init->one_count; i++) out[init->one_from + i] = (rnni_real)init->one;
    return RNN_OK;
}
