/* SPDX-License-Identifier: MIT */
/* Softmax and its cross-entropy, row by row. The greatest number is taken off first: exp cannot overflow. */
#ifndef RNNI_BODY_SOFTMAX_H
#define RNNI_BODY_SOFTMAX_H

static inline rnni_real greatest_of_row(int64_t n, const rnni_real *x)
{
    vec greatest = v_set(-(rnni_real)INFINITY);
    VEC_LOOP(i, live, n)
        greatest = v_max(greatest, v_keep(v_load_n(x + i, live), live, -(rnni_real)INFINITY));
    return v_greatest(greatest);
}

/* Sum of exp(x - greatest) over the row; the terms are kept in `terms` unless that is NULL. */
static inline rnni_real exp_sum_of_row(int64_t n, const rnni_real *x, rnni_real greatest, rnni_real *terms)
{
    vec shift = v_set(greatest), sum = v_set(0);
    VEC_LOOP(i, live, n) {
        vec term = v_exp(v_sub(v_load_n(x + i, live), shift));
        sum = v_add(sum, v_keep(term, live, 0));
        if (terms) v_store_n(terms + i, term, live);
    }
    return v_sum(sum);
}

static inline void scale_row(int64_t n, rnni_real factor, rnni_real *x)
{
    vec f = v_set(factor);
    VEC_LOOP(i, live, n) v_store_n(x + i, v_mul(f, v_load_n(x + i, live)), live);
}

static void KERNEL(softmax)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx, rnni_real *y,
                            int64_t ldy)
{
    for (int64_t r = 0; r < rows; r++, x += ldx, y += ldy)
        scale_row(n, 1 / exp_sum_of_row(n, x, greatest_of_row(n, x), y), y);
}

static void KERNEL(softmax_backward)(int64_t rows, int64_t n, const rnni_real *y, int64_t ldy,
                                     const rnni_real *dy, int64_t lddy, rnni_real *dx, int64_t lddx)
{
    for (int64_t r = 0; r < rows; r++, y += ldy, dy += lddy, dx += lddx) {
        vec mean = v_set(dot_row(n, y, dy));
        VEC_LOOP(i, live, n) {
            vec d = v_mul(v_load_n(y + i, live), v_sub(v_load_n(dy + i, live), mean));
            v_store_n(dx + i, d, live);
        }
    }
}

/* With s = sum exp(x - max):
 *   loss = log(s) - (x[target] - max),  d loss / dx[i] = exp(x[i] - max) / s - [i == target]. */
static void KERNEL(softmax_cross_entropy)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx,
                                          const int32_t *target, const rnni_real *scale, rnni_real *loss,
                                          rnni_real *dx, int64_t lddx)
{
    for (int64_t r = 0; r < rows; r++, x += ldx) {
        rnni_real *d = dx ? dx + r * lddx : NULL;
        if (target[r] < 0) {
            loss[r] = 0;
            if (d) memset(d, 0, (size_t)n * sizeof *d);
            continue;
        }
        rnni_real greatest = greatest_of_row(n, x), aim = x[target[r]] - greatest;
        rnni_real sum = exp_sum_of_row(n, x, greatest, d);
        loss[r] = (rnni_real)log((double)sum) - aim;
        if (!d) continue;
        scale_row(n, scale[r] / sum, d);
        d[target[r]] -= scale[r];
    }
}

#endif
