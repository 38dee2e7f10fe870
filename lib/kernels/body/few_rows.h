/* SPDX-License-Identifier: MIT */
/* Two or three rows of A against several panels of two vectors at once: a tile of so few rows has four or six
 * chains, and the multiply-adds of eight and more are to be under way. Whole panels alone; the same chains as
 * in body/tile.h. */
#ifndef RNNI_BODY_FEW_ROWS_H
#define RNNI_BODY_FEW_ROWS_H

enum { FEW_ROWS = 3 };

/* rows * panels <= TILE_MR; panels begin `distance` apart. Beside 12 sums and two vectors of a panel there is
 * room for two numbers of A: three are fetched again for each panel. */
BODY_INLINE void few_block(const int rows, const int panels, int64_t k, const float *a, int64_t row_stride,
                           int64_t column_stride, const float *b, int64_t distance, int64_t panel_stride,
                           int start, const float *bias, float *c, int64_t ldc)
{
    enum { W = VEC_WIDTH };
    vec sum[TILE_MR][TILE_VECS];
#define ROW_OF(q) ((q) % rows)
#define COLUMN(q, j) ((q) / rows * TILE_NR + (j) * W)
#define BEGIN(q, j)                                                                                        \
    if (q < rows * panels)                                                                                 \
        sum[q][j] = tile_start(start, bias + COLUMN(q, j), c + ROW_OF(q) * ldc + COLUMN(q, j), W);
#define BEGIN_BLOCK(q) EACH_VEC(BEGIN, q)
#define FETCH(q, j) right[j] = v_held(v_load(b + (q) / rows * distance + j * W));
#define STEP(q, j) sum[q][j] = v_fma(left, right[j], sum[q][j]);
#define STEP_BLOCK(q)                                                       \
    if (q < rows * panels) {                                                \
        if (rows == 3 && ROW_OF(q) == 0) FORGET(a);                         \
        if (ROW_OF(q) == 0) { EACH_VEC(FETCH, q) }                          \
        vec left = v_set(a[ROW_OF(q) * row_stride]);                        \
        EACH_VEC(STEP, q)                                                   \
    }
#define END(q, j) if (q < rows * panels) v_store(c + ROW_OF(q) * ldc + COLUMN(q, j), sum[q][j]);
#define END_BLOCK(q) EACH_VEC(END, q)

    if (start != RNNI_FROM_BIAS) bias = c;
    EACH_ROW(BEGIN_BLOCK)
    for (; k > 0; k--, a += column_stride, b += panel_stride) {
        vec right[TILE_VECS];
        EACH_ROW(STEP_BLOCK)
    }
    EACH_ROW(END_BLOCK)

#undef ROW_OF
#undef COLUMN
#undef BEGIN
#undef BEGIN_BLOCK
#undef FETCH
#undef STEP
#undef STEP_BLOCK
#undef END
#undef END_BLOCK
}

#define FEW_FUNCTION(rows, panels)                                                                          \
    static void few_##rows##x##panels(int64_t k, const float *a, int64_t row_stride, int64_t column_stride, \
                                      const float *b, int64_t distance, int64_t panel_stride, int start,    \
                                      const float *bias, float *c, int64_t ldc)                             \
    {                                                                                                       \
        few_block(rows, panels, k, a, row_stride, column_stride, b, distance, panel_stride, start, bias, c, \
                  ldc);                                                                                     \
    }
FEW_FUNCTION(2, 2)
FEW_FUNCTION(2, 3)
FEW_FUNCTION(3, 2)

/* Of n columns as many as make two panels or more at a time; returns their number. */
static int64_t few_rows(int64_t rows, int64_t n, int64_t k, const rnni_real *a, int64_t row_stride,
                        int64_t column_stride, const rnni_real *b, int64_t distance, int64_t panel_stride,
                        int start, const rnni_real *bias, rnni_real *c, int64_t ldc, rnni_ahead *ahead)
{
    int64_t done = 0;
    for (int64_t panels; (panels = (n - done) / TILE_NR) >= 2; done += panels * TILE_NR) {
        /* Four are two and two, as a panel alone is slow. */
        panels = rows == 2 && panels >= 3 && panels != 4 ? 3 : 2;
        rnni_ahead_some(ahead, k / STEPS_A_LINE);
        (rows == 3 ? few_3x2 : panels == 3 ? few_2x3 : few_2x2)(
            k, a, row_stride, column_stride, b + done / TILE_NR * distance, distance, panel_stride, start,
            bias ? bias + done : NULL, c + done, ldc);
    }
    return done;
}

#endif
