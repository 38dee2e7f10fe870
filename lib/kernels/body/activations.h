/* SPDX-License-Identifier: MIT */
/* exp, sigmoid and tanh, and the kernels that map them. Errors in ULP: CONTRACT.md.
 *
 * sigmoid and tanh take w vectors abreast, with the bits that each has alone: either is a chain of a
 * dozen operations that wait for each other, and one vector after another a core runs out of places for
 * operations that wait before it has found enough that need not. */
#ifndef RNNI_BODY_ACTIVATIONS_H
#define RNNI_BODY_ACTIVATIONS_H

#ifdef RNNI_REAL_IS_DOUBLE

static inline vec v_exp(vec x) { return exp(x); }
BODY_INLINE void v_tanhs(const int w, vec *x) { ABREAST(w, x[j] = tanh(x[j])); }
BODY_INLINE void v_sigmoids(const int w, vec *x) { ABREAST(w, x[j] = 1 / (1 + exp(-x[j]))); }

#else

/* exp(x) = 2^n exp(r) with n = round(x / ln 2) and r = x - n ln 2 in [-0.35, 0.35], where
 *   exp(r) = 1 + r + r^2 p(r).
 * ln 2 is taken off in two parts; n times the first is exact. Beyond the limits 2^n gives infinity and 0. */
static inline vec v_exp(vec x)
{
    x = v_min(v_set(89.0f), v_max(v_set(-105.0f), x));
    vec n = v_round(v_mul(x, v_set(1.44269504089f)));
    vec r = v_fnma(n, v_set(0.693359375f), x);
    r = v_fnma(n, v_set(-2.12194440e-4f), r);
    vec p = v_fma(v_set(1.9875691500e-4f), r, v_set(1.3981999507e-3f));
    p = v_fma(p, r, v_set(8.3334519073e-3f));
    p = v_fma(p, r, v_set(4.1665795894e-2f));
    p = v_fma(p, r, v_set(1.6666665459e-1f));
    p = v_fma(p, r, v_set(5.0000001201e-1f));
    vec y = v_add(v_fma(v_mul(r, r), p, r), v_set(1.0f));
    return v_scale2(y, n);
}

/* 1 / (1 + exp(-x)), exact to a few ULP in both tails. With n = round(-8 x / ln 2), r = x + n ln 2 / 8 in
 * [-0.0434, 0.0434] and e = 2^(n / 8),
 *   exp(-x) = e exp(-r) = e - e (1 - exp(-r)),  1 - exp(-r) = r - r^2 (a - b r) to 0.22 ULP of 1.
 * ln 2 / 8 is taken off in two parts; n times the first is exact. Half of e leaves room for all x: twice the
 * result is infinity from 88.73 on, and 1 + exp(-86) is 1. */
BODY_INLINE void v_sigmoids(const int w, vec *x)
{
    const vec one = v_set(1.0f), shift = v_set(EIGHTHS_SHIFT);
    abreast n, half, r, p;
    ABREAST(w, x[j] = v_min(v_set(86.0f), v_max(v_set(-89.0f), x[j])));
    ABREAST(w, n[j] = v_fma(x[j], v_set(-11.5415603271f), shift));
    ABREAST(w, half[j] = v_eighth_power(n[j]); n[j] = v_sub(n[j], shift));
    ABREAST(w, r[j] = v_fma(n[j], v_set(8.6669921875e-2f), x[j]));
    ABREAST(w, r[j] = v_fma(n[j], v_set(-2.6524305007e-5f), r[j]));
    ABREAST(w, p[j] = v_fnma(v_set(1.6666859e-1f), r[j], v_set(5.0006455e-1f)));
    ABREAST(w, p[j] = v_fnma(v_mul(r[j], r[j]), p[j], r[j]));
    ABREAST(w, p[j] = v_fnma(half[j], p[j], half[j]));
    ABREAST(w, x[j] = v_div(one, v_fma(v_set(2.0f), p[j], one)));
}

/* tanh(|x|) = d / (2 - d) with d = 1 - exp(-2 |x|), and the sign of x. With n = round(-16 |x| / ln 2),
 * r = |x| + n ln 2 / 16 in [-0.0217, 0.0217] and e = 2^(n / 8),
 *   d = 1 - e + e (1 - exp(-2 r)),  1 - exp(-2 r) = 2 r - r^2 (2 - a r + b r^2) to 0.05 ULP,
 * where 1 - e is exact for e in [1/2, 1], and n ln 2 / 16 needs no second part because exp(-2 |x|) weighs
 * less where n is large. Beyond 9.02 the result is 1 to the last bit; d is at most 1, and so is the
 * result. */
BODY_INLINE void v_tanhs(const int w, vec *x)
{
    const vec one = v_set(1.0f), two = v_set(2.0f), shift = v_set(EIGHTHS_SHIFT + 8);
    abreast size, n, e, r, d;
    ABREAST(w, size[j] = v_min(v_set(9.02f), v_abs(x[j])));
    ABREAST(w, n[j] = v_fma(size[j], v_set(-23.0831206542f), shift));
    ABREAST(w, e[j] = v_eighth_power(n[j]); n[j] = v_sub(n[j], shift));
    ABREAST(w, r[j] = v_fma(n[j], v_set(4.3321698785e-2f), size[j]));
    ABREAST(w, d[j] = v_fnma(v_set(1.3334371f), r[j], two); size[j] = v_mul(r[j], r[j]));
    ABREAST(w, d[j] = v_fma(v_set(6.66653e-1f), size[j], d[j]));
    ABREAST(w, d[j] = v_fnma(size[j], d[j], v_add(r[j], r[j])));
    ABREAST(w, d[j] = v_fma(e[j], d[j], v_sub(one, e[j])));
    ABREAST(w, x[j] = v_signed(v_div(d[j], v_sub(two, d[j])), x[j]));
}

#endif

static inline vec v_tanh(vec x)
{
    v_tanhs(1, &x);
    return x;
}

static inline vec v_sigmoid(vec x)
{
    v_sigmoids(1, &x);
    return x;
}

static inline vec v_relu(vec x)
{
    return v_max(v_set(0), x);
}

/* Derivatives from the results, as y -> f'. */
static inline vec v_tanh_slope(vec y) { return v_fnma(y, y, v_set(1)); }
static inline vec v_sigmoid_slope(vec y) { return v_mul(y, v_sub(v_set(1), y)); }

#include "kernels/body/activations_dense.h"

/* y = f(x), element by element. */
#define MAP(f) VEC_LOOP(i, live, n) v_store_n(y + i, f(v_load_n(x + i, live)), live)
#define MAP_PAIRS(f)                                                           \
    VEC_PAIRS(i, left, n, abreast v; load_abreast(w, x + i, left, v); f(w, v); \
              store_abreast(w, v, y + i, left))

static inline void map_row(int activation, int64_t n, const rnni_real *x, rnni_real *y)
{
    switch (activation) {
    case RNNI_ACT_RELU: MAP(v_relu); break;
    case RNNI_ACT_TANH: MAP_PAIRS(v_tanhs); break;
    case RNNI_ACT_SIGMOID: MAP_PAIRS(v_sigmoids); break;
    case RNNI_ACT_GELU: MAP(v_gelu); break;
    case RNNI_ACT_SOFTPLUS: MAP(v_softplus); break;
    case RNNI_ACT_ELU: MAP(v_elu); break;
    case RNNI_ACT_LEAKY_RELU: MAP(v_leaky_relu); break;
    case RNNI_ACT_SWISH: MAP(v_swish); break;
    case RNNI_ACT_HARD_SIGMOID: MAP(v_hard_sigmoid); break;
    default:
        if (x != y) memmove(y, x, (size_t)n * sizeof *y);
    }
}

#undef MAP
#undef MAP_PAIRS

/* dy f', from the result y; from x for those of rnni_activation_keeps_x. */
static inline vec slope_times(int activation, vec y, vec dy)
{
    switch (activation) {
    case RNNI_ACT_RELU: return v_select(v_greater(y, v_set(0)), dy, v_set(0));
    case RNNI_ACT_TANH: return v_mul(dy, v_tanh_slope(y));
    case RNNI_ACT_SIGMOID: return v_mul(dy, v_sigmoid_slope(y));
    case RNNI_ACT_GELU: return v_mul(dy, v_gelu_slope(y));
    case RNNI_ACT_SOFTPLUS: return v_mul(dy, v_sigmoid(y));
    case RNNI_ACT_ELU: return v_mul(dy, v_elu_slope(y));
    case RNNI_ACT_LEAKY_RELU: return v_mul(dy, v_leaky_relu_slope(y));
    case RNNI_ACT_SWISH: return v_mul(dy, v_swish_slope(y));
    case RNNI_ACT_HARD_SIGMOID: return v_mul(dy, v_hard_sigmoid_slope(y));
    default: return dy;
    }
}

static inline void map_row_backward(int activation, int64_t n, const rnni_real *y, const rnni_real *dy,
                                    rnni_real *dx)
{
    VEC_LOOP(i, live, n) {
        vec d = slope_times(activation, v_load_n(y + i, live), v_load_n(dy + i, live));
        v_store_n(dx + i, d, live);
    }
}

static void KERNEL(activate)(int activation, int64_t n, const rnni_real *x, rnni_real *y)
{
    map_row(activation, n, x, y);
}

static void KERNEL(activate_backward)(int activation, int64_t n, const rnni_real *y, const rnni_real *dy,
                                      rnni_real *dx)
{
    map_row_backward(activation, n, y, dy, dx);
}

static void KERNEL(exponential)(int64_t n, const rnni_real *x, rnni_real *y)
{
    VEC_LOOP(i, live, n) v_store_n(y + i, v_exp(v_load_n(x + i, live)), live);
}

#endif
