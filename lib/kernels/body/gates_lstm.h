/* SPDX-License-Identifier: MIT */
/* LSTM gates. A row of z has four blocks of h numbers: i, f, g, o. */
#ifndef RNNI_BODY_GATES_LSTM_H
#define RNNI_BODY_GATES_LSTM_H

/* c = f * c_in + i * g */
static inline vec lstm_cell(vec i, vec f, vec g, vec c_in)
{
    return v_fma(i, g, v_mul(f, c_in));
}

/* i, f, o = sigmoid, g = tanh;  h_out = o * tanh(c) */
static void KERNEL(lstm_gates)(int64_t rows, int64_t h, rnni_real *z, int64_t ldz, const rnni_real *c_in,
                               int64_t ldc_in, rnni_real *c_out, int64_t ldc_out, rnni_real *h_out,
                               int64_t ldh)
{
    for (int64_t r = 0; r < rows; r++, z += ldz, c_in += ldc_in, c_out += ldc_out, h_out += ldh) {
        VEC_LOOP(u, live, h) {
            rnni_real *zi = z + u, *zf = zi + h, *zg = zf + h, *zo = zg + h;
            vec i = v_sigmoid(v_load_n(zi, live)), f = v_sigmoid(v_load_n(zf, live));
            vec g = v_tanh(v_load_n(zg, live)), o = v_sigmoid(v_load_n(zo, live));
            vec c = lstm_cell(i, f, g, v_load_n(c_in + u, live));
            v_store_n(zi, i, live);
            v_store_n(zf, f, live);
            v_store_n(zg, g, live);
            v_store_n(zo, o, live);
            v_store_n(c_out + u, c, live);
            v_store_n(h_out + u, v_mul(o, v_tanh(c)), live);
        }
    }
}

/* What comes from above and what comes from the step after, where both are given. */
static inline vec both_gradients(const rnni_real *dh, const rnni_real *dy, int64_t live)
{
    return dy ? v_add(v_load_n(dh, live), v_load_n(dy, live)) : v_load_n(dh, live);
}

/* With dh + dy for dh, t = tanh(c) and dc' = dc + dh * o * (1 - t^2), all that reaches c:
 *   di = dc' * g,  df = dc' * c_in,  dg = dc' * i,  do = dh * t,  each times its gate's slope;
 *   the gradient of c_in is dc' * f. */
static void KERNEL(lstm_gates_backward)(int64_t rows, int64_t h, const rnni_real *z, int64_t ldz,
                                        const rnni_real *c_in, int64_t ldc_in, const rnni_real *dh,
                                        int64_t lddh, const rnni_real *dy, int64_t lddy, rnni_real *dc,
                                        int64_t lddc, rnni_real *dz, int64_t lddz)
{
    for (int64_t r = 0; r < rows; r++, z += ldz, c_in += ldc_in, dh += lddh, dc += lddc, dz += lddz) {
        VEC_LOOP(u, live, h) {
            rnni_real *zi = dz + u, *zf = zi + h, *zg = zf + h, *zo = zg + h;
            vec i = v_load_n(z + u, live), f = v_load_n(z + h + u, live);
            vec g = v_load_n(z + 2 * h + u, live), o = v_load_n(z + 3 * h + u, live);
            vec c_old = v_load_n(c_in + u, live), d_h = both_gradients(dh + u, dy ? dy + u : NULL, live);
            vec t = v_tanh(lstm_cell(i, f, g, c_old));
            vec d_c = v_fma(v_mul(d_h, o), v_tanh_slope(t), v_load_n(dc + u, live));
            v_store_n(zi, v_mul(v_mul(d_c, g), v_sigmoid_slope(i)), live);
            v_store_n(zf, v_mul(v_mul(d_c, c_old), v_sigmoid_slope(f)), live);
            v_store_n(zg, v_mul(v_mul(d_c, i), v_tanh_slope(g)), live);
            v_store_n(zo, v_mul(v_mul(d_h, t), v_sigmoid_slope(o)), live);
            v_store_n(dc + u, v_mul(d_c, f), live);
        }
        if (dy) dy += lddy;
    }
}

#endif
