/* SPDX-License-Identifier: MIT */
/* Products of numbers of 16 bits without an instruction for them, for enough rows: both sides are made floats
 * again, a block at a time, and go through the product of floats, with what is added first in front: a pair's
 * second number. The same chains of multiply-adds as body/bf16_product.h, so the same bits; but a number is
 * widened once for all the rows, or panels, that it meets, not once for each. */
#ifndef RNNI_BODY_BF16_WIDE_H
#define RNNI_BODY_BF16_WIDE_H

/* Rows and pairs of k of a block, and the fewest rows that are worth it. */
enum { WIDE_ROWS = 48, WIDE_PAIRS = 64, WIDE_LEAST = 8 };

/* Pairs number 0 ... count - 1, a multiple of VEC_WIDTH: their second numbers and their first. */
static inline void widen(int64_t count, const uint16_t *pairs, rnni_real *second, rnni_real *first)
{
    for (int64_t i = 0; i < count; i += VEC_WIDTH) {
        vec_pairs both = pairs_load(pairs + 2 * i);
        v_store(second + i, pairs_high(both));
        v_store(first + i, pairs_low(both));
    }
}

/* Rows of the left side: one below another where a row's pairs lie side by side, else (the rows' pairs do) as
 * columns. */
static void widen_left(int64_t rows, int64_t pairs, const uint16_t *a, int64_t a_row, int64_t a_pair,
                       rnni_real *left)
{
    for (int64_t i = 0; a_pair == 2 && i < rows; i++, a += a_row, left += 2 * WIDE_PAIRS)
        for (int64_t p = 0; p < pairs; p++) {
            left[2 * p] = rnni_bf16_value(a[2 * p + 1]);
            left[2 * p + 1] = rnni_bf16_value(a[2 * p]);
        }
    for (int64_t p = 0; a_pair != 2 && p < pairs; p++, a += a_pair, left += 2 * WIDE_ROWS)
        for (int64_t i = 0; i < rows; i++) {
            left[i] = rnni_bf16_value(a[i * a_row + 1]);
            left[WIDE_ROWS + i] = rnni_bf16_value(a[i * a_row]);
        }
}

/* The panel that begins with column j of all n, `pairs` pairs of k from `first` on, with what B is padded
 * by. */
static void widen_panel(const bf16_columns *b, int64_t n, int64_t j, int64_t first, int64_t pairs,
                        rnni_real *panel)
{
    const int64_t group = j / RNNI_REDUCED_GROUP * RNNI_REDUCED_GROUP,
                  width = rnni_reduced_width(n, group), left = width - (j - group),
                  columns = left < TILE_NR ? left : TILE_NR;
    const uint16_t *from = b->weights + group * 2 * b->pairs + (first * width + j - group) * 2;
    for (int64_t p = 0; p < pairs; p++, from += 2 * width, panel += 2 * TILE_NR)
        widen(columns, from, panel, panel + TILE_NR);
}

static void bf16_product_wide(int64_t rows, int64_t n, bf16_columns b, const uint16_t *a, int start,
                              const rnni_real *bias, rnni_real *c, int64_t ldc)
{
    _Alignas(64) rnni_real left[WIDE_ROWS * 2 * WIDE_PAIRS], panel[2 * WIDE_PAIRS * TILE_NR];
    const bool in_rows = b.a_pair == 2;
    const rnni_tiling parts = rnni_tiles_of(WIDE_ROWS, rows);
    for (int64_t part = 0, i = 0, now; part < parts.count; part++, i += now) {
        now = rnni_tile_height(parts, part);
        for (int64_t p = 0; p == 0 || p < b.pairs; p += WIDE_PAIRS) {
            const int64_t pairs = b.pairs - p < WIDE_PAIRS ? b.pairs - p : WIDE_PAIRS;
            widen_left(now, pairs, a + i * b.a_row + p * b.a_pair, b.a_row, b.a_pair, left);
            for (int64_t j = 0; j < n; j += TILE_NR) {
                widen_panel(&b, n, j, p, pairs, panel);
                KERNEL(panels)(now, n - j < TILE_NR ? n - j : TILE_NR, 2 * pairs, left,
                               in_rows ? 2 * WIDE_PAIRS : 1, in_rows ? 1 : WIDE_ROWS, panel, 0, TILE_NR,
                               p ? (int)RNNI_FROM_C : start, bias ? bias + j : NULL, c + i * ldc + j, ldc,
                               NULL);
            }
        }
    }
}

#endif
