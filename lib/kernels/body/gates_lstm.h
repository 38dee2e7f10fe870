/* SPDX-License-Identifier: MIT */
/* LSTM gates. A row of z has four blocks of h numbers: i, f, g, o. */
#ifndef RNNI_BODY_GATES_LSTM_H
#define RNNI_BODY_GATES_LSTM_H

/* c = f * c_in + i * g */
static inline vec lstm_cell(vec i, vec f, vec g, vec c_in)
{
    return v_fma(i, g, v_mul(f, c_in));
}

/* w vectors of units: the gates, i, f and o one behind another, in place; c_out, and
 * h_out = o * tanh(c_out). */
BODY_INLINE void lstm_units(const int w, vec *ifo, vec *g, const vec *c_in, vec *c_out, vec *h_out)
{
    v_sigmoids(2 * w, ifo);
    v_tanhs(w, g);
    ABREAST(w, h_out[j] = c_out[j] = lstm_cell(ifo[j], ifo[w + j], g[j], c_in[j]));
    v_sigmoids(w, ifo + 2 * w); /* while c is on its way */
    v_tanhs(w, h_out);
    ABREAST(w, h_out[j] = v_mul(ifo[2 * w + j], h_out[j]));
}

/* The same from memory and back. */
BODY_INLINE void lstm_gates_at(const int w, int64_t left, int64_t h, rnni_real *z, const rnni_real *c_in,
                               rnni_real *c_out, rnni_real *h_out)
{
    abreast ifo, g, c_old, c, out;
    load_abreast(w, z, left, ifo);
    load_abreast(w, z + h, left, ifo + w);
    load_abreast(w, z + 2 * h, left, g);
    load_abreast(w, z + 3 * h, left, ifo + 2 * w);
    load_abreast(w, c_in, left, c_old);
    lstm_units(w, ifo, g, c_old, c, out);
    store_abreast(w, ifo, z, left);
    store_abreast(w, ifo + w, z + h, left);
    store_abreast(w, g, z + 2 * h, left);
    store_abreast(w, ifo + 2 * w, z + 3 * h, left);
    store_abreast(w, c, c_out, left);
    store_abreast(w, out, h_out, left);
}

/* i, f, o = sigmoid, g = tanh;  h_out = o * tanh(c) */
static void KERNEL(lstm_gates)(int64_t rows, int64_t h, rnni_real *z, int64_t ldz, const rnni_real *c_in,
                               int64_t ldc_in, rnni_real *c_out, int64_t ldc_out, rnni_real *h_out,
                               int64_t ldh)
{
    for (int64_t r = 0; r < rows; r++, z += ldz, c_in += ldc_in, c_out += ldc_out, h_out += ldh)
        VEC_PAIRS(u, left, h, lstm_gates_at(w, left, h, z + u, c_in + u, c_out + u, h_out + u));
}

/* What comes from above and what comes from the step after, where both are given. */
static inline vec both_gradients(const rnni_real *dh, const rnni_real *dy, int64_t live)
{
    return dy ? v_add(v_load_n(dh, live), v_load_n(dy, live)) : v_load_n(dh, live);
}

BODY_INLINE void lstm_back_at(const int w, int64_t left, int64_t h, const rnni_real *z, const rnni_real *c_in,
                              const rnni_real *dh, const rnni_real *dy, rnni_real *dc, rnni_real *dz)
{
    enum { W = VEC_WIDTH };
    abreast i, f, g, o, c_old, d_h, d_c, t;
    load_abreast(w, z, left, i);
    load_abreast(w, z + h, left, f);
    load_abreast(w, z + 2 * h, left, g);
    load_abreast(w, c_in, left, c_old);
    ABREAST(w, t[j] = lstm_cell(i[j], f[j], g[j], c_old[j]));
    v_tanhs(w, t);
    load_abreast(w, z + 3 * h, left, o);
    load_abreast(w, dc, left, d_c);
    ABREAST(w, d_h[j] = both_gradients(dh + j * W, dy ? dy + j * W : NULL, left - j * W));
    ABREAST(w, d_c[j] = v_fma(v_mul(d_h[j], o[j]), v_tanh_slope(t[j]), d_c[j]));
    ABREAST(w, o[j] = v_mul(v_mul(d_h[j], t[j]), v_sigmoid_slope(o[j])));
    ABREAST(w, t[j] = v_mul(v_mul(d_c[j], i[j]), v_tanh_slope(g[j])));
    ABREAST(w, i[j] = v_mul(v_mul(d_c[j], g[j]), v_sigmoid_slope(i[j])));
    ABREAST(w, c_old[j] = v_mul(v_mul(d_c[j], c_old[j]), v_sigmoid_slope(f[j])));
    ABREAST(w, d_c[j] = v_mul(d_c[j], f[j]));
    store_abreast(w, i, dz, left);
    store_abreast(w, c_old, dz + h, left);
    store_abreast(w, t, dz + 2 * h, left);
    store_abreast(w, o, dz + 3 * h, left);
    store_abreast(w, d_c, dc, left);
}

/* With dh + dy for dh, t = tanh(c) and dc' = dc + dh * o * (1 - t^2), all that reaches c:
 *   di = dc' * g,  df = dc' * c_in,  dg = dc' * i,  do = dh * t,  each times its gate's slope;
 *   the gradient of c_in is dc' * f. */
static void KERNEL(lstm_gates_backward)(int64_t rows, int64_t h, const rnni_real *z, int64_t ldz,
                                        const rnni_real *c_in, int64_t ldc_in, const rnni_real *dh,
                                        int64_t lddh, const rnni_real *dy, int64_t lddy, int64_t next_dy,
                                        rnni_real *dc, int64_t lddc, rnni_real *dz, int64_t lddz)
{
    for (int64_t r = 0; r < rows; r++, z += ldz, c_in += ldc_in, dh += lddh, dc += lddc, dz += lddz) {
        if (dy && next_dy) rnni_fetch_near(h, dy + next_dy);
        VEC_PAIRS(u, left, h,
                  lstm_back_at(w, left, h, z + u, c_in + u, dh + u, dy ? dy + u : NULL, dc + u, dz + u));
        if (dy) dy += lddy;
    }
}

#endif
