/* SPDX-License-Identifier: MIT */
/* Rounding to bfloat16 in pairs, and products of such numbers with sums in float. */
#ifndef RNNI_BODY_BF16_H
#define RNNI_BODY_BF16_H

static void KERNEL(bf16_round)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx, uint16_t *q,
                               int64_t ldq)
{
    for (int64_t r = 0; r < rows; r++, x += ldx, q += ldq) {
        VEC_LOOP(i, live, n) v_store_halves(q + i, v_load_n(x + i, live), live);
        if (n % 2) q[n] = 0;
    }
}

static void KERNEL(bf16_zip)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx, uint16_t *q,
                             int64_t ldq)
{
    for (int64_t r = 0; r < rows; r += 2, x += 2 * ldx, q += ldq)
        VEC_LOOP(i, live, n) {
            vec second = r + 1 < rows ? v_load_n(x + ldx + i, live) : v_set(0);
            v_store_pairs(q + 2 * i, v_load_n(x + i, live), second, live);
        }
}

/* What a block of columns is made of: the first group of its weights, `apart` halves from one group to the
 * next, `stride` from one pair of k to the next; left numbers `a_row` halves from row to row, `a_pair` from
 * pair to pair; rows that sums begin with `from_ld` apart. */
typedef struct {
    const uint16_t *weights;
    int64_t apart, stride, pairs, a_row, a_pair, from_ld;
} bf16_columns;

enum { BF16_LEAST = RNNI_REDUCED_COLUMNS / VEC_WIDTH };

/* In float, by either rule. */
#define BF16_TARGET
#define BF16_PASSES 2
#define BF16_SIDE vec
#define BF16_DOT(sum, left, right) v_fma(left, right, sum)
#define BF16_SAME(pass, a) (pass ? pairs_low(pairs_same(a)) : pairs_high(pairs_same(a)))
#define BF16_LOAD(pass, w) (pass ? pairs_low(pairs_load(w)) : pairs_high(pairs_load(w)))
#define BF16_NAME(name) name##_plain
#define BF16_SPLIT 0
#include "kernels/body/bf16_product.h"
#define BF16_NAME(name) name##_split
#define BF16_SPLIT RNNI_BF16_SPLIT
#include "kernels/body/bf16_product.h"
#undef BF16_TARGET
#undef BF16_PASSES
#undef BF16_SIDE
#undef BF16_DOT
#undef BF16_SAME
#undef BF16_LOAD

#ifdef BF16_DOT_TARGET
#define BF16_TARGET BF16_DOT_TARGET
#define BF16_PASSES 1
#define BF16_SIDE vec_pairs
#define BF16_DOT(sum, left, right) pairs_dot(sum, left, right)
#define BF16_SAME(pass, a) pairs_same(a)
#define BF16_LOAD(pass, w) pairs_load(w)
#define BF16_NAME(name) name##_dot
#define BF16_SPLIT 0
#include "kernels/body/bf16_product.h"
#endif

#include "kernels/body/bf16_wide.h"
#ifdef TILE_DOT
#include "kernels/body/bf16_tiles.h"
#endif

static void KERNEL(bf16_product_plain)(int64_t rows, int64_t n, int64_t pairs, const uint16_t *a,
                                       int64_t a_row, int64_t a_pair, const uint16_t *packed, int start,
                                       const rnni_real *bias, rnni_real *c, int64_t ldc,
                                       rnni_ahead *ahead)
{
    bf16_columns b = {packed, RNNI_REDUCED_GROUP * 2 * pairs, 0, pairs, a_row, a_pair, 0};
    (void)ahead;
    if (rows < WIDE_LEAST) bf16_product_plain(rows, n, b, a, start, bias, c, ldc);
    else bf16_product_wide(rows, n, b, a, start, bias, c, ldc);
}

static void KERNEL(bf16_product_split)(int64_t rows, int64_t n, int64_t pairs, const uint16_t *a,
                                       int64_t a_row, int64_t a_pair, const uint16_t *packed, int start,
                                       const rnni_real *bias, rnni_real *c, int64_t ldc,
                                       rnni_ahead *ahead)
{
    bf16_columns b = {packed, RNNI_REDUCED_GROUP * 2 * pairs, 0, pairs, a_row, a_pair, 0};
    (void)ahead;
    bf16_product_split(rows, n, b, a, start, bias, c, ldc);
}

static void KERNEL(bf16_product)(int64_t rows, int64_t n, int64_t pairs, const uint16_t *a, int64_t a_row,
                                 int64_t a_pair, const uint16_t *packed, int start, const rnni_real *bias,
                                 rnni_real *c, int64_t ldc, rnni_ahead *ahead)
{
#ifdef TILE_DOT
    if (rnni_cpu_tiles()) {
        if (rows >= TILES_LEAST)
            bf16_product_tiles(rows, n, pairs, a, a_row, a_pair, packed, start, bias, c, ldc, ahead);
        else KERNEL(bf16_product_split)(rows, n, pairs, a, a_row, a_pair, packed, start, bias, c, ldc, ahead);
        return;
    }
#endif
#ifdef BF16_DOT_TARGET
    bf16_columns b = {packed, RNNI_REDUCED_GROUP * 2 * pairs, 0, pairs, a_row, a_pair, 0};
    const int dots = rnni_cpu_dots();
    if ((dots & RNNI_DOTS_BF16) && (rows < WIDE_LEAST || !(dots & RNNI_DOTS_BF16_SLOW))) {
        bf16_product_dot(rows, n, b, a, start, bias, c, ldc);
        return;
    }
#endif
    KERNEL(bf16_product_plain)(rows, n, pairs, a, a_row, a_pair, packed, start, bias, c, ldc, ahead);
}

#endif
