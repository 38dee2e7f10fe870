/* SPDX-License-Identifier: MIT */
/* LSTM gates with peepholes, LSTM gates whose output goes through a norm, and zoneout. Included after
 * gates_lstm.h. */
#ifndef RNNI_BODY_GATES_LSTM_VARIANTS_H
#define RNNI_BODY_GATES_LSTM_VARIANTS_H

/* Peepholes p[0], p[1], p[2] of i, f and o: i and f see the old cell, o the new one. */
static void KERNEL(lstm_peephole_gates)(int64_t rows, int64_t h, rnni_real *z, int64_t ldz,
                                        const rnni_real *const *p, const rnni_real *c_in, int64_t ldc_in,
                                        rnni_real *c_out, int64_t ldc_out, rnni_real *h_out, int64_t ldh)
{
    for (int64_t r = 0; r < rows; r++, z += ldz, c_in += ldc_in, c_out += ldc_out, h_out += ldh) {
        VEC_LOOP(u, live, h) {
            rnni_real *zi = z + u, *zf = zi + h, *zg = zf + h, *zo = zg + h;
            vec c_old = v_load_n(c_in + u, live);
            vec i = v_sigmoid(v_fma(v_load_n(p[0] + u, live), c_old, v_load_n(zi, live)));
            vec f = v_sigmoid(v_fma(v_load_n(p[1] + u, live), c_old, v_load_n(zf, live)));
            vec g = v_tanh(v_load_n(zg, live)), c = lstm_cell(i, f, g, c_old);
            vec o = v_sigmoid(v_fma(v_load_n(p[2] + u, live), c, v_load_n(zo, live)));
            v_store_n(zi, i, live);
            v_store_n(zf, f, live);
            v_store_n(zg, g, live);
            v_store_n(zo, o, live);
            v_store_n(c_out + u, c, live);
            v_store_n(h_out + u, v_mul(o, v_tanh(c)), live);
        }
    }
}

static inline void add_product(rnni_real *sum, vec a, vec b, int64_t live)
{
    v_store_n(sum, v_fma(a, b, v_load_n(sum, live)), live);
}

/* As lstm_gates_backward, with dc' = dc + dh o (1 - t^2) + do p_o and dc_in = dc' f + di p_i + df p_f;
 * dp_i += di c_in, dp_f += df c_in, dp_o += do c, rows ascending. */
static void KERNEL(lstm_peephole_gates_backward)(int64_t rows, int64_t h, rnni_real *z, int64_t ldz,
                                                 const rnni_real *const *p, const rnni_real *c_in,
                                                 int64_t ldc_in, const rnni_real *dh, int64_t lddh,
                                                 rnni_real *dc, int64_t lddc, rnni_real *const *dp)
{
    for (int64_t r = 0; r < rows; r++, z += ldz, c_in += ldc_in, dh += lddh, dc += lddc) {
        VEC_LOOP(u, live, h) {
            rnni_real *zi = z + u, *zf = zi + h, *zg = zf + h, *zo = zg + h;
            vec i = v_load_n(zi, live), f = v_load_n(zf, live), g = v_load_n(zg, live),
                o = v_load_n(zo, live);
            vec c_old = v_load_n(c_in + u, live), d_h = v_load_n(dh + u, live), c = lstm_cell(i, f, g, c_old),
                t = v_tanh(c);
            vec d_o = v_mul(v_mul(d_h, t), v_sigmoid_slope(o));
            vec d_c = v_fma(v_mul(d_h, o), v_tanh_slope(t), v_load_n(dc + u, live));
            d_c = v_fma(d_o, v_load_n(p[2] + u, live), d_c);
            vec d_i = v_mul(v_mul(d_c, g), v_sigmoid_slope(i)),
                d_f = v_mul(v_mul(d_c, c_old), v_sigmoid_slope(f));
            v_store_n(zi, d_i, live);
            v_store_n(zf, d_f, live);
            v_store_n(zg, v_mul(v_mul(d_c, i), v_tanh_slope(g)), live);
            v_store_n(zo, d_o, live);
            vec back = v_fma(d_i, v_load_n(p[0] + u, live), v_mul(d_c, f));
            v_store_n(dc + u, v_fma(d_f, v_load_n(p[1] + u, live), back), live);
            add_product(dp[0] + u, d_i, c_old, live);
            add_product(dp[1] + u, d_f, c_old, live);
            add_product(dp[2] + u, d_o, c, live);
        }
    }
}

/* Gates and cell alone: i, f, o = sigmoid, g = tanh, c_out = f c_in + i g. */
static void KERNEL(lstm_cell_gates)(int64_t rows, int64_t h, rnni_real *z, int64_t ldz, const rnni_real *c_in,
                                    int64_t ldc_in, rnni_real *c_out, int64_t ldc_out)
{
    for (int64_t r = 0; r < rows; r++, z += ldz, c_in += ldc_in, c_out += ldc_out) {
        VEC_LOOP(u, live, h) {
            rnni_real *zi = z + u, *zf = zi + h, *zg = zf + h, *zo = zg + h;
            vec i = v_sigmoid(v_load_n(zi, live)), f = v_sigmoid(v_load_n(zf, live)),
                g = v_tanh(v_load_n(zg, live));
            v_store_n(zi, i, live);
            v_store_n(zf, f, live);
            v_store_n(zg, g, live);
            v_store_n(zo, v_sigmoid(v_load_n(zo, live)), live);
            v_store_n(c_out + u, lstm_cell(i, f, g, v_load_n(c_in + u, live)), live);
        }
    }
}

/* h = o tanh(m), o the fourth block of z */
static void KERNEL(lstm_output)(int64_t rows, int64_t h, const rnni_real *z, int64_t ldz, const rnni_real *m,
                                int64_t ldm, rnni_real *h_out, int64_t ldh)
{
    for (int64_t r = 0; r < rows; r++, z += ldz, m += ldm, h_out += ldh)
        VEC_LOOP(u, live, h)
            v_store_n(h_out + u, v_mul(v_load_n(z + 3 * h + u, live), v_tanh(v_load_n(m + u, live))), live);
}

/* The fourth block becomes dh t o (1 - o), m becomes its gradient dh o (1 - t^2), t = tanh(m). */
static void KERNEL(lstm_output_backward)(int64_t rows, int64_t h, rnni_real *z, int64_t ldz, rnni_real *m,
                                         int64_t ldm, const rnni_real *dh, int64_t lddh)
{
    for (int64_t r = 0; r < rows; r++, z += ldz, m += ldm, dh += lddh) {
        VEC_LOOP(u, live, h) {
            rnni_real *zo = z + 3 * h + u;
            vec o = v_load_n(zo, live), t = v_tanh(v_load_n(m + u, live)), d = v_load_n(dh + u, live);
            v_store_n(zo, v_mul(v_mul(d, t), v_sigmoid_slope(o)), live);
            v_store_n(m + u, v_mul(v_mul(d, o), v_tanh_slope(t)), live);
        }
    }
}

/* c_out again: f c_in + i g from the saved gates. */
static void KERNEL(lstm_cell_again)(int64_t rows, int64_t h, const rnni_real *z, int64_t ldz,
                                    const rnni_real *c_in, int64_t ldc_in, rnni_real *c_out, int64_t ldc_out)
{
    for (int64_t r = 0; r < rows; r++, z += ldz, c_in += ldc_in, c_out += ldc_out)
        VEC_LOOP(u, live, h) {
            vec i = v_load_n(z + u, live), f = v_load_n(z + h + u, live), g = v_load_n(z + 2 * h + u, live);
            v_store_n(c_out + u, lstm_cell(i, f, g, v_load_n(c_in + u, live)), live);
        }
}

/* Blocks i, f, g become their gradients from dc, the whole gradient of c_out, which becomes that of c_in. */
static void KERNEL(lstm_cell_gates_backward)(int64_t rows, int64_t h, rnni_real *z, int64_t ldz,
                                             const rnni_real *c_in, int64_t ldc_in, rnni_real *dc,
                                             int64_t lddc)
{
    for (int64_t r = 0; r < rows; r++, z += ldz, c_in += ldc_in, dc += lddc) {
        VEC_LOOP(u, live, h) {
            rnni_real *zi = z + u, *zf = zi + h, *zg = zf + h;
            vec i = v_load_n(zi, live), f = v_load_n(zf, live), g = v_load_n(zg, live),
                d_c = v_load_n(dc + u, live);
            v_store_n(zi, v_mul(v_mul(d_c, g), v_sigmoid_slope(i)), live);
            v_store_n(zf, v_mul(v_mul(d_c, v_load_n(c_in + u, live)), v_sigmoid_slope(f)), live);
            v_store_n(zg, v_mul(v_mul(d_c, i), v_tanh_slope(g)), live);
            v_store_n(dc + u, v_mul(d_c, f), live);
        }
    }
}

/* y = keep old + (1 - keep) y: the old number itself where keep is 1, the new one where it is 0 */
static void KERNEL(zoneout)(int64_t n, const rnni_real *keep, const rnni_real *old, rnni_real *y)
{
    VEC_LOOP(i, live, n) {
        vec k = v_load_n(keep + i, live), fresh = v_mul(v_sub(v_set(1), k), v_load_n(y + i, live));
        v_store_n(y + i, v_fma(k, v_load_n(old + i, live), fresh), live);
    }
}

/* dold = keep dy; dy = (1 - keep) dy */
static void KERNEL(zoneout_backward)(int64_t n, const rnni_real *keep, rnni_real *dy, rnni_real *dold)
{
    VEC_LOOP(i, live, n) {
        vec k = v_load_n(keep + i, live), d = v_load_n(dy + i, live);
        v_store_n(dold + i, v_mul(k, d), live);
        v_store_n(dy + i, v_mul(v_sub(v_set(1), k), d), live);
    }
}

#endif
