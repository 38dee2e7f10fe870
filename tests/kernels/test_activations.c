/* SPDX-License-Identifier: MIT */
/* exp, tanh and sigmoid against the C library's double functions: the bounds that CONTRACT.md states, over a
 * sample of all floats, and the special values. */
#include "harness.h"
#include "kernels/kernels.h"
#include "sample.h"

#include <float.h>

enum { CHUNK = 1024 };
#ifndef STRIDE /* tests/exhaustive goes over all */
#define STRIDE 1009 /* of the bit patterns: some four million floats a function */
#define LARGEST FLT_MAX
#endif

typedef struct {
    const char *name;
    int activation;
    double (*exact)(double);
    double scalar, vectors; /* bounds in ULP: where multiply-adds round twice, and once */
} function;

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

enum { EXPONENTIAL = -1 };
static const function functions[] = {{"exp", EXPONENTIAL, exp, 1.02, 1.02},
                                     {"tanh", RNNI_ACT_TANH, tanh, 4.7, 3.95},
                                     {"sigmoid", RNNI_ACT_SIGMOID, logistic, 2.9, 2.9}};

static void evaluate(const rnni_kernels *kernels, const function *f, int64_t n, const rnni_real *x,
                     rnni_real *y)
{
    if (f->activation == EXPONENTIAL) kernels->exponential(n, x, y);
    else kernels->activate(f->activation, n, x, y);
}

/* The distance of neighbouring floats at `exact`. */
static double ulp_at(double exact)
{
    int exponent;
    frexp(fmax(fabs(exact), (double)0x1p-126), &exponent);
    return ldexp(1, exponent - 24);
}

/* Results below the smallest normal float may be 0; results above the largest are infinite. */
static double error_in_ulp(double y, double exact)
{
    if (isnan(y)) return 1e9;
    if (fabs(exact) < (double)0x1p-126 && y == 0) return 0;
    if (fabs(exact) >= (double)0x1.ffffffp127) return isinf(y) && (y > 0) == (exact > 0) ? 0 : 1e9;
    return fabs(y - exact) / ulp_at(exact);
}

static double worst_of(const rnni_kernels *kernels, const function *f, const float *x, int64_t n,
                       float *where)
{
    static float y[CHUNK];
    double worst = 0;
    evaluate(kernels, f, n, x, y);
    for (int64_t i = 0; i < n; i++) {
        double error = error_in_ulp((double)y[i], f->exact((double)x[i]));
        if (error <= worst) continue;
        worst = error;
        *where = x[i];
    }
    return worst;
}

static double worst_of_all(const rnni_kernels *kernels, const function *f, float *where)
{
    static float x[CHUNK];
    double worst = 0;
    uint64_t bits = 0;
    while (bits <= UINT32_MAX) {
        int64_t n = 0;
        for (; n < CHUNK && bits <= UINT32_MAX; bits += STRIDE) {
            uint32_t pattern = (uint32_t)bits;
            memcpy(&x[n], &pattern, sizeof pattern);
            n += fabsf(x[n]) <= LARGEST ? 1 : 0;
        }
        float at = 0;
        double error = worst_of(kernels, f, x, n, &at);
        if (error <= worst) continue;
        worst = error;
        *where = at;
    }
    return worst;
}

static void check_bounds(int32_t isa)
{
    const rnni_kernels *kernels = rnni_kernels_of(isa);
    if (!kernels) SKIP("this machine does not have it");
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        float where = 0;
        double worst = worst_of_all(kernels, &functions[f], &where);
        printf("%s %s: at most %.2f ULP, at %.9g\n", kernels->name, functions[f].name, worst, (double)where);
        CHECK(worst <= (isa == RNN_ISA_SCALAR ? functions[f].scalar : functions[f].vectors));
    }
}
TEST(bounds_scalar) { check_bounds(RNN_ISA_SCALAR); }
TEST(bounds_avx2) { check_bounds(RNN_ISA_AVX2); }
TEST(bounds_avx512) { check_bounds(RNN_ISA_AVX512); }
TEST(bounds_neon) { check_bounds(RNN_ISA_NEON); }

static void each_table(void (*check)(const rnni_kernels *kernels))
{
    for (int32_t isa = RNN_ISA_SCALAR; isa <= RNN_ISA_NEON; isa++)
        if (rnni_kernels_of(isa)) check(rnni_kernels_of(isa));
}

/* f(x) for one x in each lane of a full vector and in a tail: all the same. */
static float value_at(const rnni_kernels *kernels, const function *f, float x)
{
    float in[19], out[19];
    for (int i = 0; i < 19; i++) in[i] = x;
    evaluate(kernels, f, 19, in, out);
    for (int i = 1; i < 19; i++) CHECK(memcmp(&out[i], &out[0], sizeof out[0]) == 0);
    return out[0];
}

static void check_special(const rnni_kernels *kernels)
{
    const function *e = &functions[0], *t = &functions[1], *s = &functions[2];
    for (int f = 0; f < 3; f++) CHECK(isnan(value_at(kernels, &functions[f], NAN)));
    CHECK(value_at(kernels, e, INFINITY) == INFINITY && value_at(kernels, e, -INFINITY) == 0);
    CHECK(value_at(kernels, e, 89) == INFINITY && value_at(kernels, e, -110) == 0);
    CHECK(value_at(kernels, e, 0) == 1 && value_at(kernels, e, -0.0f) == 1);
    CHECK(isfinite(value_at(kernels, e, 88.7228f)));
    CHECK(value_at(kernels, t, INFINITY) == 1 && value_at(kernels, t, -INFINITY) == -1);
    CHECK(value_at(kernels, t, 0) == 0 && signbit(value_at(kernels, t, -0.0f)));
    CHECK(value_at(kernels, t, 1e-6f) == 1e-6f && value_at(kernels, t, -1e-30f) == -1e-30f);
    CHECK(value_at(kernels, s, INFINITY) == 1 && value_at(kernels, s, -INFINITY) == 0);
    CHECK(value_at(kernels, s, 0) == 0.5f && value_at(kernels, s, 100) == 1);
}
TEST(special_values) { each_table(check_special); }

static void check_relu(const rnni_kernels *kernels)
{
    float x[5] = {-1, 2, NAN, -INFINITY, INFINITY}, y[5], dy[5] = {3, 3, 3, 3, 3};
    kernels->activate(RNNI_ACT_RELU, 5, x, y);
    CHECK(y[0] == 0 && y[1] == 2 && isnan(y[2]) && y[3] == 0 && y[4] == INFINITY);
    kernels->activate_backward(RNNI_ACT_RELU, 5, y, dy, dy);
    CHECK(dy[0] == 0 && dy[1] == 3 && dy[4] == 3);
}
TEST(relu_values) { each_table(check_relu); }

/* |tanh| never exceeds 1 and sigmoid stays in [0, 1]: slopes of gates are never negative. */
static void check_range(const rnni_kernels *kernels)
{
    static float x[CHUNK], y[CHUNK];
    for (int part = 0; part < 200; part++) {
        for (int i = 0; i < CHUNK; i++) x[i] = sample_between((uint64_t)(part * CHUNK + i), -20, 20);
        kernels->activate(RNNI_ACT_TANH, CHUNK, x, y);
        for (int i = 0; i < CHUNK; i++) CHECK(y[i] >= -1 && y[i] <= 1);
        kernels->activate(RNNI_ACT_SIGMOID, CHUNK, x, y);
        for (int i = 0; i < CHUNK; i++) CHECK(y[i] >= 0 && y[i] <= 1);
    }
}
TEST(results_stay_in_range) { each_table(check_range); }

/* All lanes of all vector tables do the same arithmetic; the scalar one rounds multiply-adds twice. */
TEST(vector_tables_agree)
{
    static float x[CHUNK], avx2[CHUNK], avx512[CHUNK];
    const rnni_kernels *first = rnni_kernels_of(RNN_ISA_AVX2), *second = rnni_kernels_of(RNN_ISA_AVX512);
    if (!first || !second) SKIP("this machine does not have both");
    for (int i = 0; i < CHUNK; i++) x[i] = sample_between((uint64_t)i, -100, 100);
    for (int f = 0; f < 3; f++) {
        evaluate(first, &functions[f], CHUNK, x, avx2);
        evaluate(second, &functions[f], CHUNK, x, avx512);
        CHECK_BYTES(avx2, avx512, sizeof avx2);
    }
}

/* The bits of exp, tanh and sigmoid of CHUNK numbers as one hash (FNV-1a): a machine has AVX or NEON, so what
 * all of them agree on is written down here. Who changes one of the functions changes the number. */
static void check_hash(const rnni_kernels *kernels)
{
    static float x[CHUNK], y[CHUNK];
    uint64_t hash = 0xcbf29ce484222325u;
    if (kernels->isa == RNN_ISA_SCALAR) return;
    for (int i = 0; i < CHUNK; i++) x[i] = sample_between((uint64_t)i, -100, 100);
    for (int f = 0; f < 3; f++) {
        evaluate(kernels, &functions[f], CHUNK, x, y);
        for (int i = 0; i < CHUNK; i++) {
            uint32_t bits;
            memcpy(&bits, &y[i], sizeof bits);
            hash = (hash ^ bits) * 0x100000001b3u;
        }
    }
    CHECK_INT((int64_t)hash, -1305246221837221404);
}
TEST(bits_of_every_vector_table) { each_table(check_hash); }

/* ---- activations of dense layers: absolute errors, and slopes against the formulas ---- */

static double plain_relu(double x) { return x > 0 ? x : 0; }
static double gelu(double x) { return x * 0.5 * erfc(-x / sqrt(2)); }
static double gelu_slope(double x)
{
    return 0.5 * erfc(-x / sqrt(2)) + x * exp(-x * x / 2) * 0.3989422804014327;
}
static double softplus(double x) { return plain_relu(x) + log1p(exp(-fabs(x))); }
static double elu(double x) { return x > 0 ? x : expm1(x); }
static double elu_slope(double x) { return x > 0 ? 1 : exp(x); }
static double leaky(double x) { return x > 0 ? x : 0.01 * x; }
static double leaky_slope(double x) { return x > 0 ? 1 : 0.01; }
static double swish(double x) { return x * logistic(x); }
static double swish_slope(double x) { return logistic(x) * (1 + x * (1 - logistic(x))); }
static double hard(double x) { return fmin(6, fmax(0, x + 3)) / 6; }
static double hard_slope(double x) { return x > -3 && x < 3 ? 1 / 6.0 : 0; }

static const struct {
    int activation;
    double (*exact)(double), (*slope)(double);
} dense_functions[] = { { RNNI_ACT_GELU, gelu, gelu_slope },   { RNNI_ACT_SOFTPLUS, softplus, logistic },
                        { RNNI_ACT_ELU, elu, elu_slope },      { RNNI_ACT_LEAKY_RELU, leaky, leaky_slope },
                        { RNNI_ACT_SWISH, swish, swish_slope }, { RNNI_ACT_HARD_SIGMOID, hard, hard_slope } };

static void check_dense_function(const rnni_kernels *kernels, size_t f, double range)
{
    static float x[CHUNK], y[CHUNK], ones[CHUNK], slope[CHUNK];
    int activation = dense_functions[f].activation;
    for (int part = 0; part < 100; part++) {
        for (int i = 0; i < CHUNK; i++)
            x[i] = sample_between((uint64_t)(part * CHUNK + i), -range, range), ones[i] = 1;
        kernels->activate(activation, CHUNK, x, y);
        kernels->activate_backward(activation, CHUNK, rnni_activation_keeps_x(activation) ? x : y, ones,
                                   slope);
        for (int i = 0; i < CHUNK; i++) {
            double exact = dense_functions[f].exact((double)x[i]);
            CHECK_NEAR(y[i], exact, 4e-7 * fmax(1, fabs(exact)));
            CHECK_NEAR(slope[i], dense_functions[f].slope((double)x[i]), 1e-6);
        }
    }
}

static void check_dense_functions(const rnni_kernels *kernels)
{
    for (size_t f = 0; f < sizeof dense_functions / sizeof *dense_functions; f++) {
        check_dense_function(kernels, f, 0.01);
        check_dense_function(kernels, f, 5);
        check_dense_function(kernels, f, 100);
    }
}
TEST(dense_activations) { each_table(check_dense_functions); }

/* Small results keep their relative accuracy. */
static void check_small_results(const rnni_kernels *kernels)
{
    float x[4] = { -1e-6f, -3e-4f, -20, -60 }, y[4];
    kernels->activate(RNNI_ACT_ELU, 2, x, y);
    for (int i = 0; i < 2; i++) CHECK_NEAR(y[i], elu((double)x[i]), 1e-6 * fabs(elu((double)x[i])));
    kernels->activate(RNNI_ACT_SOFTPLUS, 4, x, y);
    for (int i = 0; i < 4; i++) CHECK_NEAR(y[i], softplus((double)x[i]), 1e-6 * softplus((double)x[i]));
}
TEST(small_results) { each_table(check_small_results); }

TEST_MAIN
