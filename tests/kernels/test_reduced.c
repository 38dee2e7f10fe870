/* SPDX-License-Identifier: MIT */
/* Weights of 8 and 16 bits: their roundings, their packed form, and products of any depth, at every level. */
#include "harness.h"
#include "kernels/isa.h"
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
    rnni_reduced_fill(rnni_kernels_of(RNN_ISA_SCALAR), &m, weights);
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
                CHECK(row[i] == (precision == RNN_PRECISION_BF16
                                     ? rnni_bf16_value(rnni_bf16_round(w[r * 33 + i]))
                                     : q[i] * scale));
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
    rnni_real *w = malloc((size_t)(n * depth) * sizeof *w), *a = malloc((size_t)(m * depth) * sizeof *a),
              *c = malloc((size_t)(m * n) * sizeof *c);
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
    rnni_reduced_product(k, &r, m, a, depth, RNNI_FROM_C, NULL, c, n, NULL);
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

/* A step of an LSTM in one kernel: the bits of its product and its gates, one after the other. */
static void check_int8_lstm(const rnni_kernels *k, int64_t h, int64_t depth, rnni_real bound)
{
    enum { MOST_H = 144, MOST_DEPTH = 150 };
    static rnni_real w[4 * MOST_H * MOST_DEPTH], z[4 * MOST_H], kept[4 * MOST_H], c[2][MOST_H],
        out[2][MOST_H], h_in[MOST_DEPTH];
    fill(w, 4 * h * depth, (uint64_t)(h * 1000 + depth), 0.3);
    fill(z, 4 * h, 3, 2);
    fill(h_in, depth, 4, 1);
    fill(c[0], h, 5, 2);
    memcpy(c[1], c[0], sizeof c[0]);
    memcpy(kept, z, sizeof z);
    rnni_reduced m = make(RNN_PRECISION_INT8, 0, 4 * h, depth, bound, w);
    uint8_t q[MOST_DEPTH + 4];
    rnni_real scale;
    k->int8_round(1, depth, h_in, depth, bound, q, MOST_DEPTH + 2, &scale);
    (rnni_reduced_has_dots(k, &m) ? k->int8_lstm : k->int8_lstm_plain)(
        h, (depth + 3) / 4, q, scale, m.bytes, m.correction, m.scale, z, c[0], c[0], out[0]);
    CHECK_BYTES(z, kept, sizeof z);
    rnni_reduced_product(k, &m, 1, h_in, depth, RNNI_FROM_C, NULL, z, 4 * h, NULL);
    k->lstm_gates(1, h, z, 4 * h, c[1], h, c[1], h, out[1], h);
    CHECK_BYTES(c[0], c[1], (size_t)h * sizeof(rnni_real));
    CHECK_BYTES(out[0], out[1], (size_t)h * sizeof(rnni_real));
    fill(c[0], h, 5, 2);
    memset(out[0], 0, sizeof out[0]);
    if (rnni_reduced_lstm(k, &m, h, h_in, kept, c[0], c[0], out[0])) {
        CHECK_BYTES(c[0], c[1], (size_t)h * sizeof(rnni_real));
        CHECK_BYTES(out[0], out[1], (size_t)h * sizeof(rnni_real));
    }
    free(m.block);
}

TEST(int8_lstm_is_product_and_gates)
{
    static const int64_t units[] = {16, 32, 48, 64, 80, 144};
    EACH_LEVEL(k)
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        for (int64_t depth = 1; depth <= 150; depth += depth < 20 ? 1 : 43)
            check_int8_lstm(k, units[i], depth, depth % 2 ? 1 : 0);
}

/* Where the kernel is used, and that it is not where its room would not do. */
TEST(int8_lstm_is_used_where_it_may)
{
    enum { H = 16, MOST = 1025 };
    static rnni_real w[4 * H * MOST], h_in[MOST], z[4 * H], c[H], out[H];
    fill(w, 4 * H * MOST, 1, 0.3);
    fill(h_in, MOST, 2, 1);
    EACH_LEVEL(k)
    for (int64_t depth = MOST - 1; depth <= MOST; depth++) {
        rnni_reduced m = make(RNN_PRECISION_INT8, 0, 4 * H, depth, 0, w);
        bool fast = k->isa == RNN_ISA_AVX512 && rnni_cpu_dots() & RNNI_DOTS_VNNI_512 && depth < MOST;
        CHECK_INT(rnni_reduced_lstm(k, &m, H, h_in, z, c, c, out), fast);
        CHECK((out[0] != 0) == fast);
        memset(out, 0, sizeof out);
        free(m.block);
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
    const int32_t dots = m.dots;
    EACH_LEVEL(k)
        for (int plain = 0; plain < 2; plain++) {
            m.dots = plain ? 0 : dots;
            rnni_reduced_product(k, &m, 3, a, K, RNNI_FROM_ZERO, NULL, c, N, NULL);
            for (int i = 0; i < 3; i++)
                for (int j = 0; j < N; j++) CHECK_NEAR(c[i * N + j], (i == 1 ? -1 : 1) * (j % 2 ? -K : K),
                                                       0.02);
            rnni_reduced_product(k, &m, 1, a, K, RNNI_FROM_ZERO, NULL, c, N, NULL);
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
                rnni_reduced_product(k, &m, 2, a, 40, RNNI_FROM_ZERO, NULL, c, 20, NULL);
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
        rnni_reduced_product(k, &m, 1, a, 40, RNNI_FROM_BIAS, bias, c, 20, NULL);
        for (int j = 0; j < 20; j++) CHECK(c[j] == bias[j]);
    }
    free(m.block);
}

/* The two rules of a bf16 product, both sides rounded, pairs of k in order: one chain, a pair's second number
 * first; or, some pairs at a time, two chains from 0, one for each number of a pair. */
static rnni_real bf16_step(int64_t k, int64_t i, const rnni_real *a, const rnni_real *w, rnni_real sum,
                           int fused)
{
    rnni_real x = i < k ? rnni_bf16_value(rnni_bf16_round(a[i])) : 0,
              y = i < k ? rnni_bf16_value(rnni_bf16_round(w[i])) : 0;
    return fused ? (rnni_real)fma((double)x, (double)y, (double)sum) : sum + x * y;
}

static rnni_real bf16_expected(int64_t k, const rnni_real *a, const rnni_real *w, rnni_real sum, int fused)
{
    for (int64_t p = 0; p < k; p += 2)
        for (int64_t i = p + 1; i >= p; i--) sum = bf16_step(k, i, a, w, sum, fused);
    return sum;
}

static rnni_real split_expected(int64_t k, const rnni_real *a, const rnni_real *w, rnni_real sum, int fused)
{
    for (int64_t p = 0, end; p < k; p = end) {
        rnni_real chain[2] = {0, 0};
        end = p + 2 * RNNI_BF16_SPLIT;
        for (int64_t i = p; i < end; i++) chain[i % 2] = bf16_step(k, i, a, w, chain[i % 2], fused);
        sum += chain[0] + chain[1];
    }
    return sum;
}

/* fmaf, whose double form is exact before its one rounding: x y has 16 bits, the sum with 24 others fits into
 * 53 where the exponents are near each other, as here. */
enum { MOST_M = 40, WIDEST = 1200 };
static void check_bf16(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k, rnni_start start)
{
    static rnni_real w[WIDEST * MOST_K], a[MOST_M * MOST_K], bias[WIDEST], c[MOST_M * WIDEST],
           plain[MOST_M * WIDEST], split[MOST_M * WIDEST];
    uint16_t q[MOST_M * (MOST_K + 1)];
    const int64_t depth = (k + 1) / 2 * 2;
    const int fused = kernels->isa != RNN_ISA_SCALAR;
    const size_t bytes = (size_t)(m * n) * sizeof *c;
    fill(w, n * k, 6, 0.5);
    fill(a, m * k, 7, 2);
    fill(bias, n, 8, 1);
    fill(c, m * n, 9, 1);
    memcpy(plain, c, bytes);
    memcpy(split, c, bytes);
    rnni_reduced r = make(RNN_PRECISION_BF16, 0, n, k, 0, w);
    rnni_reduced_product(kernels, &r, m, a, k, start, bias, c, n, NULL);
    kernels->bf16_round(m, k, a, k, q, depth);
    kernels->bf16_product_plain(m, n, depth / 2, q, depth, 2, r.halves, (int)start, bias, plain, n, NULL);
    kernels->bf16_product_split(m, n, depth / 2, q, depth, 2, r.halves, (int)start, bias, split, n, NULL);
    CHECK_BYTES(c, rnni_reduced_by_tiles(kernels) ? split : plain, bytes);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            const rnni_real in_c = sample_between(9u * 7919u + (uint64_t)(i * n + j), -1, 1),
                            from = start == RNNI_FROM_C ? in_c : start == RNNI_FROM_BIAS ? bias[j] : 0;
            const rnni_real *x = a + i * k, *y = w + j * k;
            CHECK_NEAR(plain[i * n + j], bf16_expected(k, x, y, from, fused), 1e-6 * (double)k);
            CHECK_NEAR(split[i * n + j], split_expected(k, x, y, from, fused), 1e-6 * (double)k);
        }
    free(r.block);
}

/* Where both round as they should, the two rules differ in last bits: neither is the other by mistake. */
TEST(bf16_rules_to_the_bit)
{
    enum { K = 199, DEEP = K + 1, PAIRS = DEEP / 2 };
    rnni_real w[K], a[K], plain, split;
    uint16_t q[DEEP];
    int differ = 0;
    EACH_LEVEL(kernels)
    {
        const int fused = kernels->isa != RNN_ISA_SCALAR;
        for (uint64_t i = 0; i < 50; i++) {
            fill(w, K, 100 + i, 1);
            fill(a, K, 200 + i, 1);
            rnni_reduced r = make(RNN_PRECISION_BF16, 0, 1, K, 0, w);
            kernels->bf16_round(1, K, a, K, q, DEEP);
            kernels->bf16_product_plain(1, 1, PAIRS, q, DEEP, 2, r.halves, RNNI_FROM_ZERO, NULL, &plain, 1,
                                        NULL);
            kernels->bf16_product_split(1, 1, PAIRS, q, DEEP, 2, r.halves, RNNI_FROM_ZERO, NULL, &split, 1,
                                        NULL);
            CHECK(plain == bf16_expected(K, a, w, 0, fused) && split == split_expected(K, a, w, 0, fused));
            differ += plain != split;
            free(r.block);
        }
    }
    CHECK(differ > 20);
}

TEST(bf16_products_round_both_sides)
{
    EACH_LEVEL(kernels)
        for (int64_t i = 0; i < 60; i++)
            check_bf16(kernels, 1 + (i < 40 ? i % 9 : i * 17 % MOST_M),
                       i % 3 ? 1 + i * 37 % MOST_N : 1 + i * 113 % (8 * MOST_N), 1 + i * 53 % MOST_K, (rnni_start)(i % 3));
}

/* All levels that fuse multiply-adds give the same bits, with the instruction for pairs and without it. */
TEST(bf16_products_have_the_same_bits_at_every_vector_level)
{
    static rnni_real w[300 * 200], a[13 * 200], first[13 * 300], c[13 * 300], split[13 * 300];
    uint16_t q[13 * 200];
    fill(w, 300 * 200, 16, 1);
    fill(a, 13 * 200, 17, 1);
    rnni_reduced r = make(RNN_PRECISION_BF16, 0, 300, 199, 0, w);
    bool have = false;
    EACH_LEVEL(kernels)
    {
        if (kernels->isa == RNN_ISA_SCALAR) continue;
        kernels->bf16_round(13, 199, a, 200, q, 200);
        kernels->bf16_product_split(13, 300, 100, q, 200, 2, r.halves, RNNI_FROM_ZERO, NULL, c, 300, NULL);
        if (have) CHECK_BYTES(c, split, sizeof c);
        memcpy(split, c, sizeof c);
        rnni_reduced_product(kernels, &r, 13, a, 200, RNNI_FROM_ZERO, NULL, c, 300, NULL);
        if (rnni_reduced_by_tiles(kernels)) CHECK_BYTES(c, split, sizeof c);
        else if (have) CHECK_BYTES(c, first, sizeof c);
        if (!rnni_reduced_by_tiles(kernels)) memcpy(first, c, sizeof c);
        have = true;
    }
    free(r.block);
}

/* Lines that a product takes along or leaves, and the way it goes: the bits of `expected`. */
static void check_ahead(const rnni_kernels *kernels, const rnni_reduced *r, int64_t m, const rnni_real *a,
                        rnni_start start, const rnni_real *before, const rnni_real *expected)
{
    const size_t bytes = (size_t)(m * r->n) * sizeof *a;
    rnni_real *c = malloc(bytes), *room = calloc((size_t)rnni_reduced_room(m, r->k), sizeof *room);
    for (int way = 0; way < 4; way++) {
        rnni_ahead ahead = {.turns = 1, .backwards = way % 2};
        rnni_ahead_add(&ahead, 3 * RNNI_LINE, a);
        rnni_ahead_add(&ahead, m * r->k, a);
        memcpy(c, before, bytes);
        if (way < 2) rnni_reduced_product(kernels, r, m, a, r->k, start, NULL, c, r->n, &ahead);
        else rnni_reduced_product_deep(kernels, r, m, a, r->k, start, c, r->n, &ahead, room);
        CHECK_BYTES(c, expected, bytes);
        CHECK_INT(ahead.backwards, way % 2);
        CHECK(ahead.count <= 2);
    }
    free(c);
    free(room);
}

/* A row has the bits it has among others, in matrices deeper than a block of k and wider than what stays
 * near, too, whichever way a product goes. */
TEST(bf16_rows_stand_alone)
{
    enum { N = 1100, K = 3 * RNNI_BF16_DEPTH + 99, M = 70, EACH = 6 };
    rnni_real *w = calloc(N * K, sizeof *w), *a = calloc(M * K, sizeof *a);
    static rnni_real all[M * N], one[N], none[M * N];
    fill(w, N * K, 26, 1);
    fill(a, M * K, 27, 1);
    rnni_reduced r = make(RNN_PRECISION_BF16, 0, N, K, 0, w);
    EACH_LEVEL(kernels)
    {
        rnni_reduced_product(kernels, &r, M, a, K, RNNI_FROM_ZERO, NULL, all, N, NULL);
        for (int64_t i = 0; i < M; i += EACH) {
            rnni_reduced_product(kernels, &r, 1, a + i * K, K, RNNI_FROM_ZERO, NULL, one, N, NULL);
            CHECK_BYTES(one, all + i * N, sizeof one);
        }
        check_ahead(kernels, &r, M, a, RNNI_FROM_ZERO, none, all);
        check_ahead(kernels, &r, 25, a, RNNI_FROM_C, none, all);
        rnni_reduced_product(kernels, &r, 0, a, K, RNNI_FROM_ZERO, NULL, one, N, NULL);
    }
    free(r.block);
    free(w);
    free(a);
}

/* Many rows in one product, whose blocks meet C together, and block after block: the same bits. */
TEST(bf16_outer_by_blocks)
{
    enum { M = 200, N = 300, K = 3 * RNNI_BF16_DEPTH + 163 };
    rnni_real *a = calloc(M * K, sizeof *a), *b = calloc(N * K, sizeof *b);
    rnni_real *scratch = calloc((size_t)rnni_bf16_scratch(N, K), sizeof *scratch);
    static rnni_real once[M * N], blocks[M * N];
    fill(a, M * K, 28, 1);
    fill(b, N * K, 29, 1);
    EACH_LEVEL(kernels)
    {
        fill(once, M * N, 30, 1);
        memcpy(blocks, once, sizeof blocks);
        rnni_bf16_outer(kernels, M, N, K, a, M, b, N, once, N, scratch);
        for (int64_t p = 0; p < K; p += RNNI_BF16_DEPTH)
            rnni_bf16_outer(kernels, M, N, K - p < RNNI_BF16_DEPTH ? K - p : RNNI_BF16_DEPTH, a + p * M, M,
                            b + p * N, N, blocks, N, scratch);
        CHECK_BYTES(once, blocks, sizeof once);
    }
    free(a);
    free(b);
    free(scratch);
}

/* A^T B from C, and x W with the rows of W as k: the sums of rounded numbers. */
static void check_over_rows(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k, rnni_real *a,
                            rnni_real *b)
{
    rnni_real *c = calloc((size_t)(m * n), sizeof *c),
              *scratch = calloc((size_t)rnni_bf16_scratch(n, k), sizeof *scratch);
    rnni_real *y = calloc((size_t)(m * n), sizeof *y), *turned = calloc((size_t)(m * k), sizeof *turned);
    rnni_reduced w = {.precision = RNN_PRECISION_BF16, .n = n, .k = k};
    w.block = aligned_alloc(64, (rnni_reduced_bytes(&w) + 63) / 64 * 64);
    fill(a, m * k, 31, 1);
    fill(b, n * k, 32, 1);
    fill(c, m * n, 33, 1);
    for (int64_t i = 0; i < m; i++)
        for (int64_t p = 0; p < k; p++) turned[i * k + p] = a[p * m + i];
    rnni_reduced_fill_rows(kernels, &w, b);
    rnni_reduced_product(kernels, &w, m, turned, k, RNNI_FROM_ZERO, NULL, y, n, NULL);
    rnni_bf16_outer(kernels, m, n, k, a, m, b, n, c, n, scratch);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0, from = sample_between(33u * 7919u + (uint64_t)(i * n + j), -1, 1);
            for (int64_t p = 0; p < k; p++)
                sum += (double)rnni_bf16_value(rnni_bf16_round(a[p * m + i])) *
                       (double)rnni_bf16_value(rnni_bf16_round(b[p * n + j]));
            CHECK_NEAR(y[i * n + j], sum, 1e-5 * sqrt((double)k));
            CHECK_NEAR(c[i * n + j], from + sum, 1e-5 * sqrt((double)k));
        }
    free(c);
    free(scratch);
    free(y);
    free(turned);
    free(w.block);
}

TEST(bf16_products_over_rows)
{
    enum { MOST = 2 * RNNI_BF16_DEPTH * 130 };
    rnni_real *a = calloc(MOST, sizeof *a), *b = calloc(MOST, sizeof *b);
    EACH_LEVEL(kernels)
    {
        for (int64_t i = 0; i < 30; i++)
            check_over_rows(kernels, 1 + i * 41 % 130, 1 + i * 29 % 130, 1 + i * 17 % 60, a, b);
        check_over_rows(kernels, 17, 20, RNNI_BF16_DEPTH, a, b);
        check_over_rows(kernels, 100, 7, RNNI_BF16_DEPTH + 3, a, b);
    }
    free(a);
    free(b);
}

TEST(bf16_left_sides_round_as_weights_do)
{
    static const float values[] = { 1.00390625f, 1.01171875f, -3.0e-39f, 1e38f,  0, -0.0f,
                                    1.0f,        -2.7182817f, 65504,     1e-30f, 3, 5 };
    enum { N = sizeof values / sizeof *values };
    rnni_real x[2 * N];
    uint16_t q[N + 1], pairs[2 * N];
    for (int i = 0; i < N; i++) x[i] = values[i], x[N + i] = -values[i];
    EACH_LEVEL(kernels)
        for (int64_t n = 1; n <= N; n++) {
            kernels->bf16_round(1, n, x, N, q, N);
            kernels->bf16_zip(2, n, x, N, pairs, 2 * N);
            for (int64_t i = 0; i < n; i++) {
                CHECK_INT(q[i], rnni_bf16_round(x[i]));
                CHECK_INT(pairs[2 * i], q[i]);
                CHECK_INT(pairs[2 * i + 1], q[i] ^ 0x8000);
            }
            if (n % 2) CHECK_INT(q[n], 0);
            x[0] = NAN;
            kernels->bf16_round(1, n, x, N, q, N);
            CHECK(isnan(rnni_bf16_value(q[0])));
            x[0] = values[0];
        }
}

TEST_MAIN
