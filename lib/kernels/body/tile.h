/* SPDX-License-Identifier: MIT */
/* The micro-kernel of the products on vectors. A block of sums stays in registers while k runs:
 *
 *     sum[i][j] += a[i][p] * panel[p][j]        i: row, j: vector of columns, p = 0 ... k - 1
 *
 * Each sum is one chain of fused multiply-adds in ascending p, whatever the block's size, so that a row's
 * result does not depend on the rows beside it. Every block size is its own function with constant bounds:
 * the sums must be registers. Indices are written out (EACH_...) because compilers keep an array in registers
 * only if all are constant.
 *
 * The stub defines TILE_VECS, the vectors in a panel's row (2 or 4). */
#ifndef RNNI_BODY_TILE_H
#define RNNI_BODY_TILE_H

enum { TILE_MR = 6, TILE_NR = TILE_VECS * VEC_WIDTH };

/* Panels of half as many vectors have room for twice as many rows: half the beginnings and ends. */
enum { ROWS_MOST = 2 * TILE_MR };
#if TILE_VECS == 4
enum { TILE_TALL = ROWS_MOST, TALL_VECS = TILE_VECS / 2 };
#else
enum { TILE_TALL = TILE_MR, TALL_VECS = 0 };
#endif

/* A tile takes a line along with each step, or, by hand and of few rows, one for so many before the first. */
enum { STEPS_A_LINE = 4 };

#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)
#define EACH_TALL_ROW(DO) EACH_ROW(DO) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define EACH_PANEL(DO) DO(0) DO(1) DO(2) DO(3)
#if TILE_VECS == 4
#define EACH_VEC(DO, i) DO(i, 0) DO(i, 1) DO(i, 2) DO(i, 3)
#else
#define EACH_VEC(DO, i) DO(i, 0) DO(i, 1)
#endif

/* What one vector of sums starts from. */
BODY_INLINE vec tile_start(int start, const float *bias, const float *c, int64_t live)
{
    if (start == RNNI_FROM_C) return v_load_n(c, live);
    if (start == RNNI_FROM_BIAS) return v_load_n(bias, live);
    return v_set(0);
}

/* `rows` x `vecs` sums, the last vector with `last` live lanes. Lines from `next` on are taken along. */
BODY_INLINE void tile_block(const int rows, const int vecs, int64_t last, int64_t k, const float *a,
                            int64_t row_stride, int64_t column_stride, const float *panel,
                            int64_t panel_stride, int start, const float *bias, float *c, int64_t ldc,
                            rnni_ahead *ahead, const rnni_real *next)
{
    enum { W = VEC_WIDTH };
    vec sum[ROWS_MOST][TILE_VECS], b[TILE_VECS];
#define LIVE(j) ((j) == vecs - 1 ? last : W)
#define BEGIN(i, j) \
    if (i < rows && j < vecs) sum[i][j] = tile_start(start, bias + j * W, c + i * ldc + j * W, LIVE(j));
#define BEGIN_ROW(i) EACH_VEC(BEGIN, i)
#define FETCH(i, j) if (j < vecs) b[j] = rows > 1 ? v_held(v_load(panel + j * W)) : v_load(panel + j * W);
#define STEP(i, j) if (j < vecs) sum[i][j] = v_fma(x, b[j], sum[i][j]);
#define STEP_ROW(i)                          \
    if (i < rows) {                          \
        vec x = v_set(a[i * row_stride]);    \
        EACH_VEC(STEP, i)                    \
    }
#define END(i, j) if (i < rows && j < vecs) v_store_n(c + i * ldc + j * W, sum[i][j], LIVE(j));
#define END_ROW(i) EACH_VEC(END, i)

    rnni_fetches lines = rnni_ahead_begin(ahead, k, next);
    if (start != RNNI_FROM_BIAS) bias = c;
    EACH_TALL_ROW(BEGIN_ROW)
    for (; k > 0; k--, a += column_stride, panel += panel_stride) {
        EACH_VEC(FETCH, 0)
        EACH_TALL_ROW(STEP_ROW)
        lines = rnni_ahead_step(ahead, lines, k, next);
    }
    FORGET(c);
    FORGET(ldc);
    EACH_TALL_ROW(END_ROW)
    rnni_ahead_end(ahead, lines);

#undef LIVE
#undef BEGIN
#undef BEGIN_ROW
#undef FETCH
#undef STEP
#undef STEP_ROW
#undef END
#undef END_ROW
}

typedef void tile_function(int64_t last, int64_t k, const float *a, int64_t row_stride, int64_t column_stride,
                           const float *panel, int64_t panel_stride, int start, const float *bias, float *c,
                           int64_t ldc, rnni_ahead *ahead, const rnni_real *next);

#define TILE_FUNCTION(rows, vecs)                                                                            \
    static void tile_##rows##x##vecs(int64_t last, int64_t k, const float *a, int64_t row_stride,            \
                                     int64_t column_stride, const float *panel, int64_t panel_stride,        \
                                     int start, const float *bias, float *c, int64_t ldc, rnni_ahead *ahead, \
                                     const rnni_real *next)                                                  \
    {                                                                                                        \
        tile_block(rows, vecs, last, k, a, row_stride, column_stride, panel, panel_stride, start, bias, c,   \
                   ldc, ahead, next);                                                                        \
    }
#define TILE_COLUMN(vecs)                                                                                    \
    TILE_FUNCTION(1, vecs) TILE_FUNCTION(2, vecs) TILE_FUNCTION(3, vecs)                                     \
    TILE_FUNCTION(4, vecs) TILE_FUNCTION(5, vecs) TILE_FUNCTION(6, vecs)
#define TILE_NAMES(vecs)                                                                                     \
    {tile_1x##vecs, tile_2x##vecs, tile_3x##vecs, tile_4x##vecs, tile_5x##vecs, tile_6x##vecs}

#define TALL_COLUMN(vecs)                                                                                    \
    TILE_FUNCTION(7, vecs) TILE_FUNCTION(8, vecs) TILE_FUNCTION(9, vecs)                                     \
    TILE_FUNCTION(10, vecs) TILE_FUNCTION(11, vecs) TILE_FUNCTION(12, vecs)
#define TALL_NAMES(vecs)                                                                                     \
    {tile_1x##vecs, tile_2x##vecs, tile_3x##vecs, tile_4x##vecs,  tile_5x##vecs,  tile_6x##vecs,             \
     tile_7x##vecs, tile_8x##vecs, tile_9x##vecs, tile_10x##vecs, tile_11x##vecs, tile_12x##vecs}

TILE_COLUMN(1)
TILE_COLUMN(2)
#if TILE_VECS == 4
TILE_COLUMN(3)
TILE_COLUMN(4)
TALL_COLUMN(1)
TALL_COLUMN(2)
static tile_function *const tile_functions[TILE_VECS][TILE_TALL] = {TALL_NAMES(1), TALL_NAMES(2),
                                                                   TILE_NAMES(3), TILE_NAMES(4)};
#else
static tile_function *const tile_functions[TILE_VECS][TILE_TALL] = {TILE_NAMES(1), TILE_NAMES(2)};
#endif

/* 1 <= rows <= TILE_MR, or TILE_TALL for columns of TALL_VECS vectors; 1 <= columns <= TILE_NR. */
BODY_INLINE void tile(int64_t rows, int64_t columns, int64_t k, const rnni_real *a, int64_t row_stride,
                      int64_t column_stride, const rnni_real *panel, int64_t panel_stride, int start,
                      const rnni_real *bias, rnni_real *c, int64_t ldc, rnni_ahead *ahead,
                      const rnni_real *next)
{
    int64_t before = (columns - 1) / VEC_WIDTH;
    tile_functions[before][rows - 1](columns - before * VEC_WIDTH, k, a, row_stride, column_stride, panel,
                                     panel_stride, start, bias, c, ldc, ahead, next);
}

#endif
