/* SPDX-License-Identifier: MIT */
/* Layer norm (rows) and batch norm (columns). */
#ifndef RNNI_BODY_NORMS_H
#define RNNI_BODY_NORMS_H

/* Mean of a row, and 1 / sqrt(variance + eps): two passes, number i in lane i % W. */
typedef struct { vec mean, factor; } row_scale;

static inline row_scale scale_of_row(int64_t n, const rnni_real *x, double eps)
{
    vec sum = v_set(0), squares = v_set(0);
    VEC_LOOP(i, live, n) sum = v_add(sum, v_load_n(x + i, live));
    vec mean = v_set(v_sum(sum) / (rnni_real)n);
    VEC_LOOP(i, live, n) {
        vec d = v_keep(v_sub(v_load_n(x + i, live), mean), live, 0);
        squares = v_fma(d, d, squares);
    }
    vec variance = v_set(v_sum(squares) / (rnni_real)n + (rnni_real)eps);
    return (row_scale){ mean, v_div(v_set(1), v_sqrt(variance)) };
}

static inline vec scaled(row_scale s, const rnni_real *x, int64_t live)
{
    return v_mul(v_sub(v_load_n(x, live), s.mean), s.factor);
}

static void KERNEL(layer_norm)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx,
                               const rnni_real *gain, const rnni_real *shift, double eps, rnni_real *y,
                               int64_t ldy)
{
    for (int64_t r = 0; r < rows; r++, x += ldx, y += ldy) {
        row_scale s = scale_of_row(n, x, eps);
        VEC_LOOP(i, live, n)
        v_store_n(y + i, v_fma(scaled(s, x + i, live), v_load_n(gain + i, live), v_load_n(shift + i, live)),
                  live);
    }
}

/* With u = (x - mean) f, f = 1 / sqrt(variance + eps) and g = dy gain:
 *   dgain += dy u,  dshift += dy,  dx = f (g - mean(g) - u mean(g u)). */
static void KERNEL(layer_norm_backward)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx,
                                        const rnni_real *gain, double eps, const rnni_real *dy, int64_t lddy,
                                        rnni_real *dx, int64_t lddx, rnni_real *dgain, rnni_real *dshift)
{
    for (int64_t r = 0; r < rows; r++, x += ldx, dy += lddy, dx += lddx) {
        row_scale s = scale_of_row(n, x, eps);
        vec sum = v_set(0), product = v_set(0);
        VEC_LOOP(i, live, n) {
            vec u = scaled(s, x + i, live), d = v_load_n(dy + i, live),
                g = v_mul(d, v_load_n(gain + i, live));
            v_store_n(dgain + i, v_fma(d, u, v_load_n(dgain + i, live)), live);
            v_store_n(dshift + i, v_add(d, v_load_n(dshift + i, live)), live);
            sum = v_add(sum, g);
            product = v_fma(g, v_keep(u, live, 0), product);
        }
        vec a = v_set(v_sum(sum) / (rnni_real)n), b = v_set(v_sum(product) / (rnni_real)n);
        VEC_LOOP(i, live, n) {
            vec g = v_mul(v_load_n(dy + i, live), v_load_n(gain + i, live));
            v_store_n(dx + i, v_mul(s.factor, v_fnma(scaled(s, x + i, live), b, v_sub(g, a))), live);
        }
    }
}

/* out[j] += sum (x - mean[j])^2 */
static void KERNEL(column_squares)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx,
                                   const rnni_real *mean, rnni_real *out)
{
    VEC_LOOP(j, live, n) {
        vec sum = v_load_n(out + j, live), m = v_load_n(mean + j, live);
        for (int64_t r = 0; r < rows; r++) {
            vec d = v_sub(v_load_n(x + r * ldx + j, live), m);
            sum = v_fma(d, d, sum);
        }
        v_store_n(out + j, sum, live);
    }
}

static inline vec column_scaled(const rnni_real *x, const rnni_real *mean, const rnni_real *factor,
                                int64_t live)
{
    return v_mul(v_sub(v_load_n(x, live), v_load_n(mean, live)), v_load_n(factor, live));
}

/* y = (x - mean) factor gain + shift, all of them by column */
static void KERNEL(batch_norm)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx,
                               const rnni_real *mean, const rnni_real *factor, const rnni_real *gain,
                               const rnni_real *shift, rnni_real *y, int64_t ldy)
{
    for (int64_t r = 0; r < rows; r++, x += ldx, y += ldy)
        VEC_LOOP(j, live, n) {
            vec u = column_scaled(x + j, mean + j, factor + j, live);
            v_store_n(y + j, v_fma(u, v_load_n(gain + j, live), v_load_n(shift + j, live)), live);
        }
}

/* dgain[j] += sum dy (x - mean) factor */
static void KERNEL(batch_norm_gain)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx,
                                    const rnni_real *mean, const rnni_real *factor, const rnni_real *dy,
                                    int64_t lddy, rnni_real *dgain)
{
    VEC_LOOP(j, live, n) {
        vec sum = v_load_n(dgain + j, live);
        for (int64_t r = 0; r < rows; r++)
            sum = v_fma(v_load_n(dy + r * lddy + j, live),
                        column_scaled(x + r * ldx + j, mean + j, factor + j, live), sum);
        v_store_n(dgain + j, sum, live);
    }
}

/* dx += gain factor (dy - a - u b), u = (x - mean) factor */
static void KERNEL(batch_norm_backward)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx,
                                        const rnni_real *mean, const rnni_real *factor, const rnni_real *gain,
                                        const rnni_real *a, const rnni_real *b, const rnni_real *dy,
                                        int64_t lddy, rnni_real *dx, int64_t lddx)
{
    for (int64_t r = 0; r < rows; r++, x += ldx, dy += lddy, dx += lddx)
        VEC_LOOP(j, live, n) {
            vec u = column_scaled(x + j, mean + j, factor + j, live);
            vec d = v_fnma(u, v_load_n(b + j, live), v_sub(v_load_n(dy + j, live), v_load_n(a + j, live)));
            vec scale = v_mul(v_load_n(gain + j, live), v_load_n(factor + j, live));
            v_store_n(dx + j, v_fma(scale, d, v_load_n(dx + j, live)), live);
        }
}

#endif
