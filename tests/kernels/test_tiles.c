/* SPDX-License-Identifier: MIT */
/* Products of bfloat16 by tiles, their instructions emulated: the bits of bf16_product_split of every level
 * that fuses multiply-adds, whatever the shape; nothing outside is touched. Where the processor has tiles
 * test_reduced goes through the instructions themselves. */
#include "harness.h"
#include "kernels/isa.h"
#include "kernels/reduced.h"
#include "kernels/tiling.h"
#include "sample.h"

#ifndef RNNI_REAL_IS_DOUBLE

#define KERNEL_ISA emulated
#include "tiles_emulated.h"
#include "kernels/body/bf16_tiles.h"

enum { MOST_ROWS = 150, MOST_N = 2 * PART_COLUMNS + 40, MOST_K = RNNI_BF16_DEPTH };

/* A level whose multiply-adds are fused, or NULL. */
static const rnni_kernels *fusing(void)
{
    const rnni_kernels *best = NULL;
    for (int32_t isa = RNN_ISA_AVX2; isa <= RNN_ISA_NEON; isa++)
        if (rnni_kernels_of(isa)) best = rnni_kernels_of(isa);
    return best;
}

static rnni_real w[MOST_N * MOST_K], x[MOST_ROWS * MOST_K];
static uint16_t halves[(MOST_K + 1) * (MOST_ROWS + 32)];

static void fill(rnni_real *to, int64_t n, uint64_t seed)
{
    for (int64_t i = 0; i < n; i++) to[i] = sample_between(seed * 7919 + (uint64_t)i, -1, 1);
}

/* w[n][k] as bfloat16; the block is the caller's. */
static rnni_reduced packed(int64_t n, int64_t k)
{
    rnni_reduced m = {.precision = RNN_PRECISION_BF16, .n = n, .k = k};
    m.block = aligned_alloc(64, (rnni_reduced_bytes(&m) + 63) / 64 * 64);
    CHECK(m.block);
    rnni_reduced_fill(fusing(), &m, w);
    return m;
}

/* Products from the same numbers by tiles and by the rule, C with a gap between its rows. */
static void check(int64_t rows, int64_t n, int64_t k, int turned, rnni_start start)
{
    const rnni_kernels *kernels = fusing();
    const int64_t depth = (k + 1) / 2 * 2, ldc = n + 5;
    rnni_real bias[MOST_N];
    sample_reset();
    sample_matrix by_tiles = sample_place(rows, n, ldc, 3), by_rule = sample_place(rows, n, ldc, 0);
    CHECK(by_tiles.data && by_rule.data);
    fill(w, n * k, 1);
    fill(x, rows * k, 2);
    fill(bias, n, 3);
    for (int64_t i = 0; i < rows * n; i++)
        by_tiles.data[i / n * ldc + i % n] = by_rule.data[i / n * ldc + i % n] = sample_between(
            (uint64_t)i, -2, 2);
    rnni_reduced m = packed(n, k);
    if (turned) kernels->bf16_zip(k, rows, x, rows, halves, 2 * rows);
    else kernels->bf16_round(rows, k, x, k, halves, depth);
    const int64_t a_row = turned ? 2 : depth, a_pair = turned ? 2 * rows : 2;
    rnni_ahead ahead = {.count = 0};
    rnni_ahead_add(&ahead, rows * k, x);
    bf16_product_tiles(rows, n, depth / 2, halves, a_row, a_pair, m.halves, (int)start, bias, by_tiles.data,
                       ldc, &ahead);
    kernels->bf16_product_split(rows, n, depth / 2, halves, a_row, a_pair, m.halves, (int)start, bias,
                                by_rule.data, ldc, NULL);
    for (int64_t i = 0; i < rows; i++)
        CHECK_BYTES(by_tiles.data + i * ldc, by_rule.data + i * ldc, (size_t)n * sizeof *bias);
    CHECK(sample_guards_hold(by_tiles));
    CHECK_INT(emulated.faults, 0);
    free(m.block);
}

TEST(shapes)
{
    if (!fusing()) SKIP("no level here fuses multiply-adds");
    for (int64_t i = 0; i < 240; i++)
        check(TILES_LEAST + i * 37 % (MOST_ROWS - TILES_LEAST + 1), 1 + i * 29 % 200, 1 + i * 53 % 130,
              i % 2, (rnni_start)(i % 3));
}

/* Every height of tiles, alone and several, and whole tiles all over. */
TEST(heights)
{
    if (!fusing()) SKIP("no level here fuses multiply-adds");
    for (int64_t rows = TILES_LEAST; rows <= 81; rows++)
        for (int turned = 0; turned < 2; turned++) check(rows, 48, 40, turned, RNNI_FROM_C);
    for (int64_t rows = 16; rows <= 144; rows += 16)
        for (int turned = 0; turned < 2; turned++) check(rows, 128, 96, turned, RNNI_FROM_BIAS);
}

/* More columns than meet all rows before others do; and lines on the way, beside C's own. */
TEST(widest)
{
    if (!fusing()) SKIP("no level here fuses multiply-adds");
    const int64_t rows[] = { 9, 20, 47, 70, 131 };
    for (int i = 0; i < 5; i++)
        for (int turned = 0; turned < 2; turned++) check(rows[i], MOST_N - 16 * i - i, 34, turned, i % 3);
}

TEST(deepest)
{
    if (!fusing()) SKIP("no level here fuses multiply-adds");
    for (int turned = 0; turned < 2; turned++) {
        check(65, 80, RNNI_BF16_DEPTH, turned, RNNI_FROM_ZERO);
        check(50, 80, RNNI_BF16_DEPTH - 1, turned, RNNI_FROM_C);
        check(9, 190, RNNI_BF16_DEPTH, turned, RNNI_FROM_ZERO);
    }
}

/* A chain whose products are all too small is -0, and stays it behind the last pair. */
TEST(signs_of_zero)
{
    if (!fusing()) SKIP("no level here fuses multiply-adds");
    enum { ROWS = 20, N = 40, K = 40 };
    static rnni_real bias[N], c[2][ROWS * N];
    for (int i = 0; i < N * K; i++) w[i] = (rnni_real)1e-23;
    for (int i = 0; i < ROWS * K; i++) x[i] = (rnni_real)(i / K % 2 ? 1e-23 : -1e-23);
    for (int i = 0; i < N; i++) bias[i] = i % 2 ? -0.0f : 0.0f;
    rnni_reduced m = packed(N, K);
    fusing()->bf16_round(ROWS, K, x, K, halves, K);
    bf16_product_tiles(ROWS, N, K / 2, halves, K, 2, m.halves, RNNI_FROM_BIAS, bias, c[0], N, NULL);
    fusing()->bf16_product_split(ROWS, N, K / 2, halves, K, 2, m.halves, RNNI_FROM_BIAS, bias, c[1], N, NULL);
    CHECK_BYTES(c[0], c[1], sizeof c[0]);
    for (int i = 0; i < ROWS * N; i++) CHECK(!signbit(c[0][i]) == (i / N % 2 || i % N % 2 == 0));
    free(m.block);
}

/* A number that is not finite stays in its row and column; what surrounds the left side does not come in. */
TEST(not_finite)
{
    if (!fusing()) SKIP("no level here fuses multiply-adds");
    enum { ROWS = 21, N = 40, K = 34 };
    static rnni_real c[ROWS * N];
    fill(w, N * K, 1);
    fill(x, ROWS * K, 2);
    x[7 * K + 33] = NAN;
    rnni_reduced m = packed(N, K);
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) halves[i] = 0x7fff;
    fusing()->bf16_round(ROWS, K, x, K, halves + 64, K + 6);
    bf16_product_tiles(ROWS, N, K / 2, halves + 64, K + 6, 2, m.halves, RNNI_FROM_ZERO, NULL, c, N, NULL);
    for (int i = 0; i < ROWS * N; i++) CHECK(!isfinite(c[i]) == (i / N == 7));
    free(m.block);
}

#else
TEST(in_float_alone) { SKIP("tiles multiply numbers of 16 bits into floats"); }
#endif

TEST_MAIN
