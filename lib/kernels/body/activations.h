/* SPDX-License-Identifier: MIT */
/* exp, sigmoid and tanh, and the kernels that map them. Errors in ULP: CONTRACT.md.
 *
 * sigmoid and tanh take w vectors abreast, with the bits that each has alone: either is a chain of some
 * twenty operations that wait for each other, and one vector after another a core runs out of places for
 * operations that wait before it has found enough that need not. */
#ifndef RNNI_BODY_ACTIVATIONS_H
#define RNNI_BODY_ACTIVATIONS_H

#ifdef RNNI_REAL_IS_DOUBLE

static inline vec v_exp(vec x) { return exp(x); }
BODY_INLINE void v_tanhs(const int w, vec *x) { ABREAST(w, x[j] = tanh(x[j])); }
BODY_INLINE void v_sigmoids(const int w, vec *x) { ABREAST(w, x[j] = 1 / (1 + exp(-x[j]))); }

#else

/* p(r) of exp(r) = 1 + r + r^2 p(r), |r| <= 0.35; p(-r) where `turned`, a constant. */
static inline vec exp_next(const int turned, vec p, vec r, float c)
{
    return turned ? v_fnma(p, r, v_set(c)) : v_fma(p, r, v_set(c));
}

BODY_INLINE void exp_rests(const int w, const int turned, const vec *r, vec *p)
{
    ABREAST(w, p[j] = exp_next(turned, v_set(1.9875691500e-4f), r[j], 1.3981999507e-3f));
    ABREAST(w, p[j] = exp_next(turned, p[j], r[j], 8.3334519073e-3f));
    ABREAST(w, p[j] = exp_next(turned, p[j], r[j], 4.1665795894e-2f));
    ABREAST(w, p[j] = exp_next(turned, p[j], r[j], 1.6666665459e-1f));
    ABREAST(w, p[j] = exp_next(turned, p[j], r[j], 5.0000001201e-1f));
}

/* exp(x) = 2^n exp(r) with n = round(x / ln 2) and r = x - n ln 2 in [-0.35, 0.35], where
 *   exp(r) = 1 + r + r^2 p(r).
 * ln 2 is taken off in two parts; n times the first is exact. Beyond the limits 2^n gives infinity and 0. */
static inline vec v_exp(vec x)
{
    x = v_min(v_set(89.0f), v_max(v_set(-105.0f), x));
    vec n = v_round(v_mul(x, v_set(1.44269504089f)));
    vec r = v_fnma(n, v_set(0.693359375f), x);
    r = v_fnma(n, v_set(-2.12194440e-4f), r);
    vec p;
    exp_rests(1, 0, &r, &p);
    vec y = v_add(v_fma(v_mul(r, r), p, r), v_set(1.0f));
    return v_scale2(y, n);
}

/* With r = tanh(x / 2) = a / b, a rational function of x:  tanh(x) = 2 r / (1 + r^2) = 2 a b / (a^2 + b^2).
 * The detour takes away the errors of a and b where r is near 1. Near 0, a - x / 2 and b - 1 are kept in
 * place of a and b, so that few roundings count. The two polynomials have the least relative error of the
 * result (0.13 ULP) on [-9.02, 9.02]; beyond, the result is 1 to the last bit. A small x comes back
 * unchanged. */
BODY_INLINE void v_tanhs(const int w, vec *x)
{
    const vec one = v_set(1.0f), minus_one = v_set(-1.0f);
    abreast u, t, p, q, a, b1;
    ABREAST(w, u[j] = v_mul(v_set(0.5f), v_min(v_set(9.02f), v_max(v_set(-9.02f), x[j]))));
    ABREAST(w, t[j] = v_mul(u[j], u[j]));
    ABREAST(w, p[j] = v_fma(v_set(1.82578122591e-3f), t[j], v_set(1.1906915403e-1f)));
    ABREAST(w, q[j] = v_fma(v_set(7.84609533051e-5f), t[j], v_set(1.92938350772e-2f)));
    ABREAST(w, q[j] = v_fma(q[j], t[j], v_set(4.52402342405e-1f)));
    ABREAST(w, a[j] = v_fma(v_mul(p[j], t[j]), u[j], u[j]));
    ABREAST(w, b1[j] = v_mul(q[j], t[j])); /* b - 1 */
    ABREAST(w, vec ab = v_fma(a[j], b1[j], a[j]); p[j] = v_add(ab, ab)); /* 2 a b */
    ABREAST(w, q[j] = v_fma(b1[j], b1[j], v_add(b1[j], b1[j])));
    ABREAST(w, q[j] = v_add(v_fma(a[j], a[j], q[j]), one)); /* a^2 + b^2 */
    ABREAST(w, x[j] = v_min(one, v_max(minus_one, v_div(p[j], q[j]))));
}

/* 1 / (1 + exp(-x)), exact to a few ULP in both tails. exp(-x) = 2^n exp(-r) with n = round(-x / ln 2) and r
 * = x + n ln 2: the numbers of v_exp(-x) with their signs turned, and its bits. Half of exp(-r) leaves room
 * for 2^n in one factor up to n = 128, where twice the result is infinity; from 86 on 1 + exp(-x) is 1. */
BODY_INLINE void v_sigmoids(const int w, vec *x)
{
    const vec one = v_set(1.0f);
    abreast n, r, p;
    ABREAST(w, x[j] = v_min(v_set(86.0f), v_max(v_set(-89.0f), x[j])));
    ABREAST(w, n[j] = v_round(v_mul(x[j], v_set(-1.44269504089f))));
    ABREAST(w, r[j] = v_fma(n[j], v_set(0.693359375f), x[j]));
    ABREAST(w, r[j] = v_fma(n[j], v_set(-2.12194440e-4f), r[j]));
    exp_rests(w, 1, r, p);
    ABREAST(w, p[j] = v_fnma(v_mul(r[j], r[j]), p[j], r[j]));
    ABREAST(w, p[j] = v_scale2_near(v_fnma(v_set(0.5f), p[j], v_set(0.5f)), n[j]));
    ABREAST(w, x[j] = v_div(one, v_fma(v_set(2.0f), p[j], one)));
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
