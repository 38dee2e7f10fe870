/* SPDX-License-Identifier: MIT */
/* One update of n weights. Constants come in double and are rounded once. */
#ifndef RNNI_BODY_OPTIMIZERS_H
#define RNNI_BODY_OPTIMIZERS_H

/* old * decay + (1 - decay) * x: the running mean of all the optimizers. */
typedef struct { vec keep, take; } running_mean;

static inline running_mean mean_with_decay(double decay)
{
    running_mean mean = {v_set((rnni_real)decay), v_set((rnni_real)(1 - decay))};
    return mean;
}

static inline vec mean_step(running_mean mean, vec old, vec x)
{
    return v_fma(mean.take, x, v_mul(mean.keep, old));
}

/* m = momentum * m + g;  w -= lr * (nesterov ? g + momentum * m : m) */
static void KERNEL(sgd)(int64_t n, rnni_real *w, const rnni_real *g, rnni_real *m, double lr, double momentum,
                        int nesterov)
{
    vec rate = v_set((rnni_real)lr), keep = v_set((rnni_real)momentum);
    VEC_LOOP(i, live, n) {
        vec step = v_load_n(g + i, live);
        if (m) {
            vec speed = v_fma(keep, v_load_n(m + i, live), step);
            v_store_n(m + i, speed, live);
            step = nesterov ? v_fma(keep, speed, step) : speed;
        }
        v_store_n(w + i, v_fnma(rate, step, v_load_n(w + i, live)), live);
    }
}

/* v = mean of g^2;  centered: a = mean of g and v - a^2 in place of v (not below 0: both are rounded);
 * w -= lr * g / (inside ? sqrt(v + eps) : sqrt(v) + eps), then through the momentum if there is one. */
static void KERNEL(rmsprop)(int64_t n, rnni_real *w, const rnni_real *g, rnni_real *v, rnni_real *a,
                            rnni_real *m, double lr, double alpha, double eps, double momentum, int inside)
{
    running_mean mean = mean_with_decay(alpha);
    vec rate = v_set((rnni_real)lr), small = v_set((rnni_real)eps), keep = v_set((rnni_real)momentum);
    VEC_LOOP(i, live, n) {
        vec grad = v_load_n(g + i, live);
        vec square = mean_step(mean, v_load_n(v + i, live), v_mul(grad, grad));
        v_store_n(v + i, square, live);
        if (a) {
            vec average = mean_step(mean, v_load_n(a + i, live), grad);
            v_store_n(a + i, average, live);
            square = v_max(v_set(0), v_fnma(average, average, square));
        }
        vec divisor = inside ? v_sqrt(v_add(square, small)) : v_add(v_sqrt(square), small);
        vec step = v_div(grad, divisor);
        if (m) {
            step = v_fma(keep, v_load_n(m + i, live), step);
            v_store_n(m + i, step, live);
        }
        v_store_n(w + i, v_fnma(rate, step, v_load_n(w + i, live)), live);
    }
}

/* m = mean of g;  v = mean of g^2;  amsgrad: vmax = max(vmax, v) in place of v;
 * w -= step * m / (sqrt(v) * root + eps) */
static void KERNEL(adam)(int64_t n, rnni_real *w, const rnni_real *g, rnni_real *m, rnni_real *v,
                         rnni_real *vmax, double step, double b1, double b2, double eps, double root)
{
    running_mean first = mean_with_decay(b1), second = mean_with_decay(b2);
    vec rate = v_set((rnni_real)step), small = v_set((rnni_real)eps), unbias = v_set((rnni_real)root);
    VEC_LOOP(i, live, n) {
        vec grad = v_load_n(g + i, live);
        vec mean = mean_step(first, v_load_n(m + i, live), grad);
        vec square = mean_step(second, v_load_n(v + i, live), v_mul(grad, grad));
        v_store_n(m + i, mean, live);
        v_store_n(v + i, square, live);
        if (vmax) {
            square = v_max(v_load_n(vmax + i, live), square);
            v_store_n(vmax + i, square, live);
        }
        vec divisor = v_fma(v_sqrt(square), unbias, small);
        v_store_n(w + i, v_fnma(rate, v_div(mean, divisor), v_load_n(w + i, live)), live);
    }
}

/* Adam with Nesterov's momentum: w -= (now * g + next * m) / (sqrt(v) * root + eps) */
static void KERNEL(nadam)(int64_t n, rnni_real *w, const rnni_real *g, rnni_real *m, rnni_real *v, double now,
                          double next, double b1, double b2, double eps, double root)
{
    running_mean first = mean_with_decay(b1), second = mean_with_decay(b2);
    vec direct = v_set((rnni_real)now), smooth = v_set((rnni_real)next);
    vec small = v_set((rnni_real)eps), unbias = v_set((rnni_real)root);
    VEC_LOOP(i, live, n) {
        vec grad = v_load_n(g + i, live);
        vec mean = mean_step(first, v_load_n(m + i, live), grad);
        vec square = mean_step(second, v_load_n(v + i, live), v_mul(grad, grad));
        v_store_n(m + i, mean, live);
        v_store_n(v + i, square, live);
        vec step = v_fma(smooth, mean, v_mul(direct, grad));
        vec divisor = v_fma(v_sqrt(square), unbias, small);
        v_store_n(w + i, v_sub(v_load_n(w + i, live), v_div(step, divisor)), live);
    }
}

/* m = mean of g;  u = max(b2 * u, |g| + eps);  w -= step * m / u */
static void KERNEL(adamax)(int64_t n, rnni_real *w, const rnni_real *g, rnni_real *m, rnni_real *u,
                           double step, double b1, double b2, double eps)
{
    running_mean first = mean_with_decay(b1);
    vec rate = v_set((rnni_real)step), keep = v_set((rnni_real)b2), small = v_set((rnni_real)eps);
    VEC_LOOP(i, live, n) {
        vec grad = v_load_n(g + i, live);
        vec mean = mean_step(first, v_load_n(m + i, live), grad);
        vec most = v_max(v_mul(keep, v_load_n(u + i, live)), v_add(v_abs(grad), small));
        v_store_n(m + i, mean, live);
        v_store_n(u + i, most, live);
        v_store_n(w + i, v_fnma(rate, v_div(mean, most), v_load_n(w + i, live)), live);
    }
}

/* v += g^2;  w -= lr * g / (sqrt(v) + eps) */
static void KERNEL(adagrad)(int64_t n, rnni_real *w, const rnni_real *g, rnni_real *v, double lr, double eps)
{
    vec rate = v_set((rnni_real)lr), small = v_set((rnni_real)eps);
    VEC_LOOP(i, live, n) {
        vec grad = v_load_n(g + i, live);
        vec sum = v_fma(grad, grad, v_load_n(v + i, live));
        v_store_n(v + i, sum, live);
        vec step = v_div(grad, v_add(v_sqrt(sum), small));
        v_store_n(w + i, v_fnma(rate, step, v_load_n(w + i, live)), live);
    }
}

/* v = mean of g^2;  d = sqrt(u + eps) / sqrt(v + eps) * g;  u = mean of d^2;  w -= lr * d */
static void KERNEL(adadelta)(int64_t n, rnni_real *w, const rnni_real *g, rnni_real *v, rnni_real *u,
                             double lr, double alpha, double eps)
{
    running_mean mean = mean_with_decay(alpha);
    vec rate = v_set((rnni_real)lr), small = v_set((rnni_real)eps);
    VEC_LOOP(i, live, n) {
        vec grad = v_load_n(g + i, live), steps = v_load_n(u + i, live);
        vec square = mean_step(mean, v_load_n(v + i, live), v_mul(grad, grad));
        vec step = v_mul(v_div(v_sqrt(v_add(steps, small)), v_sqrt(v_add(square, small))), grad);
        v_store_n(v + i, square, live);
        v_store_n(u + i, mean_step(mean, steps, v_mul(step, step)), live);
        v_store_n(w + i, v_fnma(rate, step, v_load_n(w + i, live)), live);
    }
}

#endif
