/* SPDX-License-Identifier: MIT */
/* GRU gates, both reset forms. A row of z has blocks of h numbers: r, z, n and, for reset after the
 * product, q. */
#ifndef RNNI_BODY_GATES_GRU_H
#define RNNI_BODY_GATES_GRU_H

/* h_out = (1 - z) * n + z * h_in */
static inline vec gru_blend(vec z, vec n, vec h_in)
{
    return v_fma(z, h_in, v_mul(v_sub(v_set(1), z), n));
}

/* w vectors of units: r and z one behind another and n, in place, and h_out. */
BODY_INLINE void gru_units(const int w, vec *rz, vec *n, const vec *q, const vec *h_in, vec *h_out)
{
    v_sigmoids(w, rz);
    ABREAST(w, n[j] = v_fma(rz[j], q[j], n[j]));
    v_sigmoids(w, rz + w); /* while n is on its way */
    v_tanhs(w, n);
    ABREAST(w, h_out[j] = gru_blend(rz[w + j], n[j], h_in[j]));
}

/* The same from memory and back. */
BODY_INLINE void gru_gates_at(const int w, int64_t left, int64_t h, rnni_real *z, const rnni_real *h_in,
                              rnni_real *h_out)
{
    abreast rz, n, q, old, out;
    load_abreast(w, z, left, rz);
    load_abreast(w, z + h, left, rz + w);
    load_abreast(w, z + 2 * h, left, n);
    load_abreast(w, z + 3 * h, left, q);
    load_abreast(w, h_in, left, old);
    gru_units(w, rz, n, q, old, out);
    store_abreast(w, rz, z, left);
    store_abreast(w, rz + w, z + h, left);
    store_abreast(w, n, z + 2 * h, left);
    store_abreast(w, out, h_out, left);
}

/* r, z = sigmoid;  n = tanh(n + r * q) */
static void KERNEL(gru_gates)(int64_t rows, int64_t h, rnni_real *z, int64_t ldz, const rnni_real *h_in,
                              int64_t ldh_in, rnni_real *h_out, int64_t ldh_out)
{
    for (int64_t k = 0; k < rows; k++, z += ldz, h_in += ldh_in, h_out += ldh_out)
        VEC_PAIRS(u, left, h, gru_gates_at(w, left, h, z + u, h_in + u, h_out + u));
}

/* What blend gives back:
 *   dz = dh * (h_in - n) * z (1 - z),  dn = dh * (1 - z) * (1 - n^2),  dh_in = dh * z. */
typedef struct { vec update, candidate, carry; } gru_blend_gradient;

static inline gru_blend_gradient gru_blend_backward(vec z, vec n, vec h_in, vec dh)
{
    gru_blend_gradient d;
    d.update = v_mul(v_mul(dh, v_sub(h_in, n)), v_sigmoid_slope(z));
    d.candidate = v_mul(v_mul(dh, v_sub(v_set(1), z)), v_tanh_slope(n));
    d.carry = v_mul(dh, z);
    return d;
}

/* With dh + dy for dh, after blend:  dq = dn * r,  dr = dn * q * r (1 - r). */
static void KERNEL(gru_gates_backward)(int64_t rows, int64_t h, const rnni_real *z, int64_t ldz,
                                       const rnni_real *h_in, int64_t ldh_in, rnni_real *dh, int64_t lddh,
                                       const rnni_real *dy, int64_t lddy, int64_t next_dy, rnni_real *dz,
                                       int64_t lddz)
{
    for (int64_t k = 0; k < rows; k++, z += ldz, h_in += ldh_in, dh += lddh, dz += lddz) {
        if (dy && next_dy) rnni_fetch_near(h, dy + next_dy);
        VEC_LOOP(u, live, h) {
            rnni_real *zr = dz + u, *zz = zr + h, *zn = zz + h, *zq = zn + h;
            vec reset = v_load_n(z + u, live), q = v_load_n(z + 3 * h + u, live);
            gru_blend_gradient d = gru_blend_backward(v_load_n(z + h + u, live),
                                                      v_load_n(z + 2 * h + u, live), v_load_n(h_in + u, live),
                                                      both_gradients(dh + u, dy ? dy + u : NULL, live));
            v_store_n(zr, v_mul(v_mul(d.candidate, q), v_sigmoid_slope(reset)), live);
            v_store_n(zz, d.update, live);
            v_store_n(zn, d.candidate, live);
            v_store_n(zq, v_mul(d.candidate, reset), live);
            v_store_n(dh + u, d.carry, live);
        }
        if (dy) dy += lddy;
    }
}

/* Reset before the product, first half:  r, z = sigmoid;  rh = r * h_masked. */
static void KERNEL(gru_before_reset)(int64_t rows, int64_t h, rnni_real *z, int64_t ldz,
                                     const rnni_real *h_masked, int64_t ldh, rnni_real *rh, int64_t ldrh)
{
    for (int64_t k = 0; k < rows; k++, z += ldz, h_masked += ldh, rh += ldrh) {
        VEC_LOOP(u, live, h) {
            vec reset = v_sigmoid(v_load_n(z + u, live)), update = v_sigmoid(v_load_n(z + h + u, live));
            v_store_n(z + u, reset, live);
            v_store_n(z + h + u, update, live);
            v_store_n(rh + u, v_mul(reset, v_load_n(h_masked + u, live)), live);
        }
    }
}

/* Second half:  n = tanh(n);  h_out = (1 - z) * n + z * h_in. */
static void KERNEL(gru_before_blend)(int64_t rows, int64_t h, rnni_real *z, int64_t ldz,
                                     const rnni_real *h_in, int64_t ldh_in, rnni_real *h_out, int64_t ldh_out)
{
    for (int64_t k = 0; k < rows; k++, z += ldz, h_in += ldh_in, h_out += ldh_out) {
        VEC_LOOP(u, live, h) {
            vec n = v_tanh(v_load_n(z + 2 * h + u, live));
            v_store_n(z + 2 * h + u, n, live);
            v_store_n(h_out + u, gru_blend(v_load_n(z + h + u, live), n, v_load_n(h_in + u, live)), live);
        }
    }
}

static void KERNEL(gru_before_blend_backward)(int64_t rows, int64_t h, rnni_real *z, int64_t ldz,
                                              const rnni_real *h_in, int64_t ldh_in, rnni_real *dh,
                                              int64_t lddh)
{
    for (int64_t k = 0; k < rows; k++, z += ldz, h_in += ldh_in, dh += lddh) {
        VEC_LOOP(u, live, h) {
            rnni_real *zz = z + h + u, *zn = zz + h;
            gru_blend_gradient d = gru_blend_backward(v_load_n(zz, live), v_load_n(zn, live),
                                                      v_load_n(h_in + u, live), v_load_n(dh + u, live));
            v_store_n(zz, d.update, live);
            v_store_n(zn, d.candidate, live);
            v_store_n(dh + u, d.carry, live);
        }
    }
}

/* dr = drh * h_masked * r (1 - r),  dh_masked = drh * r. */
static void KERNEL(gru_before_reset_backward)(int64_t rows, int64_t h, rnni_real *z, int64_t ldz,
                                              const rnni_real *h_masked, int64_t ldh, const rnni_real *drh,
                                              int64_t lddrh, rnni_real *dh_masked, int64_t lddh)
{
    for (int64_t k = 0; k < rows; k++, z += ldz, h_masked += ldh, drh += lddrh, dh_masked += lddh) {
        VEC_LOOP(u, live, h) {
            vec reset = v_load_n(z + u, live), d = v_load_n(drh + u, live);
            v_store_n(z + u, v_mul(v_mul(d, v_load_n(h_masked + u, live)), v_sigmoid_slope(reset)), live);
            v_store_n(dh_masked + u, v_mul(d, reset), live);
        }
    }
}

#endif
