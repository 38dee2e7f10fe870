/* SPDX-License-Identifier: MIT */
/* One row of A against several panels at once: a single panel's few chains would wait for each other's
 * latency. The last panel may hold fewer than TILE_NR columns of C; what is computed from its padding is not
 * stored. A panel that is alone is a tile of one row. Included after tile.h. */
#ifndef RNNI_BODY_ROW_H
#define RNNI_BODY_ROW_H

BODY_INLINE void row_block(const int panels, int64_t n, int64_t k, const float *a, int64_t column_stride,
                           const float *packed, int start, const float *bias, float *c)
{
    enum { W = VEC_WIDTH };
    const int64_t stride = k * TILE_NR;
    vec sum[4][TILE_VECS];
#define LIVE(g, j) (g < panels - 1 ? W : n - (g * TILE_NR + j * W))
#define BEGIN(g, j)                                                                                 \
    if (g < panels) {                                                                               \
        const int64_t at = g * TILE_NR + j * W, live = LIVE(g, j);                                  \
        sum[g][j] = live > 0 ? tile_start(start, bias + at, c + at, live) : v_set(0);               \
    }
#define BEGIN_PANEL(g) EACH_VEC(BEGIN, g)
#define STEP(g, j) if (g < panels) sum[g][j] = v_fma(x, v_load(packed + g * stride + j * W), sum[g][j]);
#define STEP_PANEL(g) EACH_VEC(STEP, g)
#define END(g, j) if (g < panels && LIVE(g, j) > 0) v_store_n(c + g * TILE_NR + j * W, sum[g][j], LIVE(g, j));
#define END_PANEL(g) EACH_VEC(END, g)

    if (start != RNNI_FROM_BIAS) bias = c;
    EACH_PANEL(BEGIN_PANEL)
    for (; k > 0; k--, a += column_stride, packed += TILE_NR) {
        vec x = v_set(*a);
        EACH_PANEL(STEP_PANEL)
    }
    EACH_PANEL(END_PANEL)

#undef LIVE
#undef BEGIN
#undef BEGIN_PANEL
#undef STEP
#undef STEP_PANEL
#undef END
#undef END_PANEL
}

#define ROW_FUNCTION(panels)                                                                                 \
    static void row_of_##panels(int64_t n, int64_t k, const float *a, int64_t column_stride,                 \
                                const float *packed, int start, const float *bias, float *c)                 \
    {                                                                                                        \
        row_block(panels, n, k, a, column_stride, packed, start, bias, c);                                   \
    }
ROW_FUNCTION(2)
ROW_FUNCTION(3)
ROW_FUNCTION(4)

static void KERNEL(row)(int64_t n, int64_t k, const rnni_real *a, int64_t column_stride,
                        const rnni_real *packed, int start, const rnni_real *bias, rnni_real *c)
{
    for (; n > 3 * TILE_NR; n -= 4 * TILE_NR) {
        row_of_4(n < 4 * TILE_NR ? n : 4 * TILE_NR, k, a, column_stride, packed, start, bias, c);
        packed += 4 * TILE_NR * k;
        c += 4 * TILE_NR;
        if (bias) bias += 4 * TILE_NR;
    }
    if (n > 2 * TILE_NR) row_of_3(n, k, a, column_stride, packed, start, bias, c);
    else if (n > TILE_NR) row_of_2(n, k, a, column_stride, packed, start, bias, c);
    else if (n > 0) tile(1, n, k, a, 0, column_stride, packed, TILE_NR, start, bias ? bias : c, c, 0,
                         NULL, packed);
}

#endif
