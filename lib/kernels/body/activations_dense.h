/* SPDX-License-Identifier: MIT */
/* Activations that only dense layers and activation layers have, and their slopes. Included by
 * activations.h. */
#ifndef RNNI_BODY_ACTIVATIONS_DENSE_H
#define RNNI_BODY_ACTIVATIONS_DENSE_H

#ifdef RNNI_REAL_IS_DOUBLE

static inline vec v_log1p(vec x) { return log1p(x); }
static inline vec v_normal(vec x) { return 0.5 * erfc(-x * 0.70710678118654752440); }

#else

/* log(1 + x) for x in [0, 1]: with s = x / (2 + x) <= 1/3, 2 (s + s^3 / 3 + s^5 / 5 + ...). */
static inline vec v_log1p(vec x)
{
    vec s = v_div(x, v_add(v_set(2.0f), x)), q = v_mul(s, s);
    vec p = v_set(1 / 15.0f);
    p = v_fma(p, q, v_set(1 / 13.0f));
    p = v_fma(p, q, v_set(1 / 11.0f));
    p = v_fma(p, q, v_set(1 / 9.0f));
    p = v_fma(p, q, v_set(1 / 7.0f));
    p = v_fma(p, q, v_set(1 / 5.0f));
    p = v_fma(p, q, v_set(1 / 3.0f));
    vec twice = v_add(s, s);
    return v_fma(v_mul(twice, q), p, twice);
}

/* Normal distribution P(X < x) = erfc(-x / sqrt 2) / 2. With z = |x| and t = 1 / (1 + 0.3 z), the tail beyond
 * z is exp(-z^2 / 2) p(t); p has a relative error of 5.8e-8 at most for z <= 14. */
static inline vec v_normal(vec x)
{
    vec z = v_abs(x), t = v_div(v_set(1.0f), v_fma(v_set(0.3f), z, v_set(1.0f)));
    vec p = v_set(3.83785921e-2f);
    p = v_fma(p, t, v_set(-1.69167525e-1f));
    p = v_fma(p, t, v_set(2.28662867e-1f));
    p = v_fma(p, t, v_set(-7.65094896e-2f));
    p = v_fma(p, t, v_set(1.42537471e-1f));
    p = v_fma(p, t, v_set(9.46827562e-2f));
    p = v_fma(p, t, v_set(1.21920521e-1f));
    p = v_fma(p, t, v_set(1.19487666e-1f));
    p = v_fma(p, t, v_set(7.17005763e-6f));
    vec tail = v_mul(v_exp(v_mul(v_mul(x, x), v_set(-0.5f))), p);
    return v_select(v_greater(x, v_set(0.0f)), v_sub(v_set(1.0f), tail), tail);
}

#endif

#define LEAKY_SLOPE ((rnni_real)0.01)

/* x P(X < x) (Hendrycks and Gimpel 2016), not its approximation by tanh; slope P(X < x) + x exp(-x^2 / 2) /
 * sqrt(2 pi). */
static inline vec v_gelu(vec x) { return v_mul(x, v_normal(x)); }
static inline vec v_gelu_slope(vec x)
{
    vec density =
        v_mul(v_set((rnni_real)0.39894228040143267794), v_exp(v_mul(v_mul(x, x), v_set((rnni_real)-0.5))));
    return v_fma(x, density, v_normal(x));
}

/* log(1 + exp(x)); slope sigmoid(x). */
static inline vec v_softplus(vec x)
{
    return v_add(v_max(v_set(0), x), v_log1p(v_exp(v_sub(v_set(0), v_abs(x)))));
}

/* x or, below 0, exp(x) - 1 = 2 t / (1 - t) with t = tanh(x / 2), which keeps the digits of a small x; slope
 * 1 or y + 1. */
static inline vec v_elu(vec x)
{
    vec t = v_tanh(v_mul(v_set((rnni_real)0.5), v_min(v_set(0), x)));
    return v_select(v_greater(x, v_set(0)), x, v_div(v_add(t, t), v_sub(v_set(1), t)));
}
static inline vec v_elu_slope(vec y)
{
    return v_select(v_greater(y, v_set(0)), v_set(1), v_add(y, v_set(1)));
}

static inline vec v_leaky_relu(vec x)
{
    return v_select(v_greater(x, v_set(0)), x, v_mul(v_set(LEAKY_SLOPE), x));
}
static inline vec v_leaky_relu_slope(vec y)
{
    return v_select(v_greater(y, v_set(0)), v_set(1), v_set(LEAKY_SLOPE));
}

/* x s with s = sigmoid(x); slope s (1 + x (1 - s)). */
static inline vec v_swish(vec x) { return v_mul(x, v_sigmoid(x)); }
static inline vec v_swish_slope(vec x)
{
    vec s = v_sigmoid(x);
    return v_mul(s, v_fma(x, v_sub(v_set(1), s), v_set(1)));
}

/* (x + 3) / 6 between 0 and 1; slope 1 / 6 there. */
static inline vec v_hard_sigmoid(vec x)
{
    return v_div(v_min(v_set(6), v_max(v_set(0), v_add(x, v_set(3)))), v_set(6));
}
static inline vec v_hard_sigmoid_slope(vec y)
{
    vec slope = v_select(v_greater(v_set(1), y), v_set((rnni_real)(1 / 6.0)), v_set(0));
    return v_select(v_greater(y, v_set(0)), slope, v_set(0));
}

#endif
