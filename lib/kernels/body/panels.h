/* SPDX-License-Identifier: MIT */
/* The loops around the micro-kernel, which tile.h or micro/tile_scalar.h has: panels outside, so that one
 * stays in the first cache while all rows go by, and rows inside. They are in each table beside their
 * micro-kernel, as a small product (k = 32) is a tile every 400 cycles, and what stands between two tiles
 * counts. The last panel may be the first to go (ahead.h; not of few rows, nor one that is not whole where
 * others go by hand): where weights are larger than the second cache, every second step does so and meets first
 * what the step before read last. */
#ifndef RNNI_BODY_PANELS_H
#define RNNI_BODY_PANELS_H

/* Where tile t of a panel begins with the lines that it takes along of the next one, k each, so that four
 * tiles of 64 columns take all: what lies in the third cache or farther is in the second when its turn comes,
 * and all tiles share the wait for it. */
static inline const rnni_real *part_of_next(const rnni_real *next, int64_t t, int64_t k, int64_t panel_stride)
{
    enum { PARTS = (TILE_NR + RNNI_LINE - 1) / RNNI_LINE };
    return panel_stride == TILE_NR ? next + t % PARTS * k * RNNI_LINE : next;
}

/* Every tile by itself. A last panel of few vectors takes taller ones, unless A is in strips. */
BODY_INLINE void panels_by_tiles(int64_t m, int64_t n, int64_t k, const rnni_real *a,
                                 int64_t row_stride, int64_t column_stride, const rnni_real *b,
                                 int64_t distance, int64_t panel_stride, int start, const rnni_real *bias,
                                 rnni_real *c, int64_t ldc, rnni_ahead *ahead)
{
    const int64_t count = (n + TILE_NR - 1) / TILE_NR, row = column_stride ? row_stride : 1;
    const int turns = rnni_ahead_turns(ahead), backwards = rnni_goes_backwards(ahead);
    const bool tall = n - (count - 1) * TILE_NR <= TALL_VECS * VEC_WIDTH && column_stride;
    const rnni_tiling last = rnni_tiles_of(tall ? TILE_TALL : TILE_MR, m),
                      others = tall && count > 1 ? rnni_tiles_of(TILE_MR, m) : last;
    for (int64_t i = 0; i < count; i++) {
        const int64_t p = backwards ? count - 1 - i : i, j = p * TILE_NR,
                      columns = n - j < TILE_NR ? n - j : TILE_NR;
        const rnni_tiling tiles = p == count - 1 ? last : others;
        const rnni_real *panel = b + p * distance, *from = bias ? bias + j : NULL, *left = a;
        /* behind the last one the next product's first: this one, if it turns round */
        const rnni_real *following = i + 1 < count ? panel + (backwards ? -distance : distance)
                                     : turns       ? panel
                                                   : b;
        rnni_real *to = c + j;
        for (int64_t t = 0; t < tiles.count; t++) {
            const int64_t rows = rnni_tile_height(tiles, t);
            const rnni_real *next = part_of_next(following, t, k, panel_stride);
            rnni_real *below = to + rows * ldc;
            if (t + 1 < tiles.count) rnni_fetch_result(rnni_tile_height(tiles, t + 1), columns, below, ldc);
            const int64_t column = column_stride ? column_stride : rows;
            tile(rows, columns, k, left, row, column, panel, panel_stride, start, from, to, ldc, ahead, next);
            left += rows * row_stride;
            to = below;
        }
    }
}

static void KERNEL(panels)(int64_t m, int64_t n, int64_t k, const rnni_real *a, int64_t row_stride,
                           int64_t column_stride, const rnni_real *b, int64_t distance, int64_t panel_stride,
                           int start, const rnni_real *bias, rnni_real *c, int64_t ldc, rnni_ahead *ahead)
{
    int64_t done = 0; /* columns */
#ifdef TILE_BY_HAND
    /* A tile by hand and few rows, unless B is too far away to be read twice. */
    if (m == HAND_SEVEN && n * k <= HAND_FAR) {
        m -= HAND_LEAST;
        KERNEL(panels)(HAND_LEAST, n, k, a, row_stride, column_stride, b, distance, panel_stride, start, bias,
                       c, ldc, ahead);
        a += HAND_LEAST * row_stride;
        c += HAND_LEAST * ldc;
    }
#endif
#ifdef RNNI_BODY_FEW_ROWS_H
    if (m > 1 && m <= FEW_ROWS)
        done = few_rows(m, n, k, a, column_stride ? row_stride : 1, column_stride ? column_stride : m, b,
                        distance, panel_stride, start, bias, c, ldc, ahead);
#endif
#ifdef TILE_BY_HAND
    const rnni_tiling tiles = rnni_tiles_of(TILE_MR, m);
    if (tiles.low >= HAND_LEAST)
        done = panels_by_hand(tiles, n, k, a, row_stride, column_stride, b, distance, panel_stride, start,
                              bias, c, ldc, ahead);
#endif
    if (done == n) return;
    panels_by_tiles(m, n - done, k, a, row_stride, column_stride, b + done / TILE_NR * distance, distance,
                    panel_stride, start, bias ? bias + done : NULL, c + done, ldc, ahead);
}

#endif
