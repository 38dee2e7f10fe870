/* SPDX-License-Identifier: MIT */
/* Weights of 8 and 16 bits: their roundings, their packed form, and products of any depth, at every level. */
#include "harness.h"
#include "kernels/reduced.h"
#include "sample.h"

#include <float.h>

enum { MOST_N = 150, MOST_K = 150 };

static rnni_reduced make(int32_t precision, int table, int64_t n, int64_t k, rnni_real bound,
                         const rnni_real *weights)
{
    rnni_reduced m = {.precision = precision, .table = table, .n = n, .k = k, .bound = bound};
    m.block = aligned_alloc(64, (rnni_reduced_bytes(&m) + 63) / 64 * 64);
    CHECK(m.block);
    rnni_reduced_fill(&m, weights);
    return m;
}

static void fill(rnni_real *x, int64_t n, uint64_t seed, double size)
{
    for (int64_t i = 0; i < n; i++) x[i] = sample_between(seed * 7919 + (uint64_t)i, -size, size);
}

/* ---- roundings */

static void check_round_trip(int64_t n, const rnni_real *w)
{
    int8_t q[64], again[64];
    rnni_real back[64];
    float scale = rnni_int8_scale(n, w);
    CHECK(scale >= 0x1p-120f && isfinite(scale));
    rnni_int8_round(n, w, scale, q);
    for (int64_t i = 0; i < n; i++) {
        CHECK(q[i] >= -127);
        back[i] = q[i] * scale;
        CHECK(fabs((double)w[i] - (double)q[i] * scale) <= 0.5001 * scale + FLT_EPSILON * fabs((double)w[i]));
        CHECK((double)back[i] == (double)q[i] * (double)scale);
    }
    CHECK(rnni_int8_scale(n, back) == scale);
    rnni_int8_round(n, back, scale, again);
    CHECK_BYTES(q, again, (size_t)n);
}

TEST(int8_is_idempotent_and_near)
{
    rnni_real w[64];
    for (uint64_t seed = 0; seed < 3000; seed++) {
        int64_t n = 1 + (int64_t)(seed % 64);
        fill(w, n, seed, ldexp(1 + sample_unit(seed), (int)(seed % 240) - 126));
        check_round_trip(n, w);
    }
    rnni_real ends[4] = {FLT_MAX, -FLT_MAX, FLT_MIN, 0}, zeros[3] = {0, 0, 0}, small[2] = {(rnni_real)1e-44,
            (rnni_real)-3e-39};
    check_round_trip(4, ends);
    check_round_trip(3, zeros);
    check_round_trip(2, small);
}

TEST(bf16_rounds_to_nearest_even)
{
    static const struct { float from; uint16_t to; } cases[] = {
        {1, 0x3f80}, {-2, 0xc000}, {0, 0}, {1.00390625f, 0x3f80}, {1.01171875f, 0x3f82}, {1.00390637f,
                0x3f81}, {FLT_MAX, 0x7f7f}, {-FLT_MAX, 0xff7f},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) CHECK_INT(rnni_bf16_round(cases[i].from),
            cases[i].to);
    for (uint64_t i = 0; i < 20000; i++) {
        rnni_real w = sample_between(i, -3, 3), back = rnni_bf16_value(rnni_bf16_round(w));
        CHECK(fabs((double)(w - back)) <= 0x1p-8 * fabs((double)w));
        CHECK(rnni_bf16_value(rnni_bf16_round(back)) == back);
    }
}

TEST(tables_give_rows_back)
{
    rnni_real w[5 * 33], row[33];
    int8_t q[33];
    fill(w, 5 * 33, 3, 2);
    for (int32_t precision = RNN_PRECISION_BF16; precision <= RNN_PRECISION_INT8; precision++) {
        rnni_reduced m = make(precision, 1, 5, 33, 0, w);
        for (int64_t r = 0; r < 5; r++) {
            float scale = rnni_int8_scale(33, w + r * 33);
            rnni_int8_round(33, w + r * 33, scale, q);
            rnni_reduced_row(&m, r, row);
            for (int i = 0; i < 33; i++)
                CHECK(row[i] == (precision == RNN_PRECISION_BF16 ? rnni_bf16_value(rnni_bf16_round(w[r * 33 + i])) : q[i] * scale));
        }
        free(m.block);
    }
}

/* ---- products */

/* One output of an int8 product by its definition: bytes of a row, exact sums, one scale for each block of k.
 * */
static rnni_real by_definition(const rnni_real *a, int64_t k, rnni_real bound, const rnni_real *w,
                               rnni_real from)
{
    static int8_t q[2 * RNNI_INT8_DEPTH + 100];
    float scale = rnni_int8_scale(k, w);
    rnni_int8_round(k, w, scale, q);
    for (int64_t p = 0; p < k; p += RNNI_INT8_DEPTH) {
        int64_t count = k - p < RNNI_INT8_DEPTH ? k - p : RNNI_INT8_DEPTH, sum = 0;
        rnni_real top = bound;
        for (int64_t i = 0; bound == 0 && i < count; i++)
            if (fabs((double)a[p + i]) > (double)top) top = (rnni_real)fabs((double)a[p + i]);
        rnni_real factor = 127 / top;
        for (int64_t i = 0; i < count; i++) {
            rnni_real x = a[p + i] * factor;
            sum += (int64_t)rint((double)(x > 127 ? 127 : x < -127 ? -127 : x)) * q[p + i];
        }
        rnni_real both = (top / 127) * (rnni_real)scale, part = (rnni_real)sum * both;
        from += part;
    }
    return from;
}

static void check_int8(const rnni_kernels *k, int64_t m, int64_t n, int64_t depth, rnni_real bound,
                       double size)
{
    rnni_real *w = malloc((size_t)(n * depth) * sizeof *w), *a = malloc((size_t)(m * depth) * sizeof *a), *c = malloc((size_t)(m * n) * sizeof *c);
    CHECK(w && a && c);
    fill(w, n * depth, (uint64_t)(n * 1000 + depth), 0.3);
    fill(a, m * depth, (uint64_t)(m + depth), size);
    fill(c, m * n, 5, 1);
    rnni_reduced r = make(RNN_PRECISION_INT8, 0, n, depth, bound, w);
    rnni_real *expected = malloc((size_t)(m * n) * sizeof *expected);
    CHECK(expected);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) expected[i * n + j] = by_definition(a + i * depth, depth, bound,
                w + j * depth, c[i * n + j]);
    rnni_reduced_product(k, &r, m, a, depth, RNNI_FROM_C, NULL, c, n);
    CHECK_BYTES(c, expected, (size_t)(m * n) * sizeof *c);
    free(expected);
    free(r.block);
    free(c);
    free(a);
    free(w);
}

#define EACH_LEVEL(k)                                                       \
    for (int32_t isa = RNN_ISA_SCALAR; isa <= RNN_ISA_NEON; isa++)          \
        for (const rnni_kernels *k = rnni_kernels_of(isa); k; k = NULL)

TEST(int8_products_are_what_they_are_defined_as)
{
    EACH_LEVEL(k)
        for (int64_t i = 0; i < 60; i++)
            check_int8(k, 1 + i % 9, 1 + i * 37 % MOST_N, 1 + i * 53 % MOST_K, i % 2 ? 1 : 0,
                       i % 3 == 0 ? 1e-3 : 1);
}

TEST(int8_products_of_any_depth)
{
    EACH_LEVEL(k)
    {
        check_int8(k, 3, 20, RNNI_INT8_DEPTH, 0, 1);
        check_int8(k, 1, 70, RNNI_INT8_DEPTH + 1, 0, 1);
        check_int8(k, 5, 17, 2 * RNNI_INT8_DEPTH + 99, 1, 1);
    }
}

/* All products at their largest size: sums of two of them must not saturate anywhere. */
TEST(int8_products_do_not_saturate)
{
    enum { N = 80, K = 1000 };
    static rnni_real w[N * K], a[3 * K], c[3 * N];
    for (int64_t i = 0; i < N * K; i++) w[i] = i / K % 2 ? -1 : 1;
    for (int64_t i = 0; i < 3 * K; i++) a[i] = i / K == 1 ? -1 : 1;
    rnni_reduced m = make(RNN_PRECISION_INT8, 0, N, K, 1, w);
    EACH_LEVEL(kernels)
        for (int plain = 0; plain < 2; plain++) {
            rnni_kernels k = *kernels;
            if (plain) k.int8_product = k.int8_product_plain;
            rnni_reduced_product(&k, &m, 3, a, K, RNNI_FROM_ZERO, NULL, c, N);
            for (int i = 0; i < 3; i++)
                for (int j = 0; j < N; j++) CHECK_NEAR(c[i * N + j], (i == 1 ? -1 : 1) * (j % 2 ? -K : K),
                                                       0.02);
            rnni_reduced_product(&k, &m, 1, a, K, RNNI_FROM_ZERO, NULL, c, N);
            for (int j = 0; j < N; j++) CHECK_NEAR(c[j], j % 2 ? -K : K, 0.02);
        }
    free(m.block);
}

TEST(what_is_not_finite_goes_through)
{
    static rnni_real w[20 * 40], a[2 * 40], c[2 * 20];
    fill(w, 20 * 40, 1, 1);
    for (int bad = 0; bad < 2; bad++)
        for (int bound = 0; bound < 2; bound++) {
            rnni_reduced m = make(RNN_PRECISION_INT8, 0, 20, 40, bound, w);
            fill(a, 2 * 40, 2, 1);
            a[37] = bad ? (rnni_real)INFINITY : (rnni_real)NAN;
            EACH_LEVEL(k)
            {
                rnni_reduced_product(k, &m, 2, a, 40, RNNI_FROM_ZERO, NULL, c, 20);
                for (int j = 0; j < 20; j++) CHECK(!isfinite(c[j]) && isfinite(c[20 + j]));
            }
            free(m.block);
        }
}

TEST(zeros_give_the_start)
{
    static rnni_real w[20 * 40], a[40], bias[20], c[20];
    fill(w, 20 * 40, 1, 1);
    fill(bias, 20, 4, 1);
    a[3] = (rnni_real)1e-40;
    rnni_reduced m = make(RNN_PRECISION_INT8, 0, 20, 40, 0, w);
    EACH_LEVEL(k)
    {
        rnni_reduced_product(k, &m, 1, a, 40, RNNI_FROM_BIAS, bias, c, 20);
        for (int j = 0; j < 20; j++) CHECK(c[j] == bias[j]);
    }
    free(m.block);
}

/* bf16 is F32 with rounded weights, bit for bit at each level. */
TEST(bf16_products_are_those_of_rounded_weights)
{
    static rnni_real w[MOST_N * 8 * MOST_K], a[9 * MOST_K], rounded[MOST_N * 8 * MOST_K], packed[MOST_N * 16 * MOST_K], bias[MOST_N * 8],
        c[9 * MOST_N * 8], expected[9 * MOST_N * 8];
    fill(w, MOST_N * 8 * MOST_K, 6, 0.5);
    fill(a, 9 * MOST_K, 7, 2);
    fill(bias, MOST_N * 8, 8, 1);
    for (int64_t i = 0; i < MOST_N * 8 * MOST_K; i++) rounded[i] = rnni_bf16_value(rnni_bf16_round(w[i]));
    for (int64_t i = 0; i < 100; i++) {
        int64_t m = 1 + i % 9, n = i % 3 ? 1 + i * 37 % MOST_N : 1 + i * 113 % (8 * MOST_N), k = 1 + i * 53 % MOST_K;
        rnni_start start = (rnni_start)(i % 3);
        rnni_reduced r = make(RNN_PRECISION_BF16, 0, n, k, 0, w);
        EACH_LEVEL(kernels)
        {
            fill(c, m * n, 9, 1);
            memcpy(expected, c, (size_t)(m * n) * sizeof *c);
            rnni_pack(kernels, k, n, rounded, 1, k, packed);
            rnni_gemm_packed(kernels, m, n, k, a, k, 1, packed, start, bias, expected, n);
            rnni_reduced_product(kernels, &r, m, a, k, start, bias, c, n);
            CHECK_BYTES(c, expected, (size_t)(m * n) * sizeof *c);
        }
        free(r.block);
    }
}

TEST_MAIN
