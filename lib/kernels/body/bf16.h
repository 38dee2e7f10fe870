/* SPDX-License-Identifier: MIT */
/* Products with weights of 16 bits: the sums of the products in float, in the same order and with the same
 * roundings, with weights that become floats on their way. Two k of a column stand in one word. For a row alone
 * several groups of columns are taken at once, so that there are enough sums side by side. */
#ifndef RNNI_BODY_BF16_H
#define RNNI_BODY_BF16_H

/* Columns in a group (or the first of several): `apart` halves from one group to the next, `stride` from one
 * pair of k to the next. */
typedef struct {
    const uint16_t *weights;
    int64_t apart, stride, k;
    const rnni_real *bias;
    int start;
    int64_t columns; /* that are there */
} bf16_columns;

static inline vec bf16_start(const bf16_columns *b, const rnni_real *c, int64_t at, int64_t live)
{
    if (b->start == RNNI_FROM_C) return v_load_n(c, live);
    return b->start == RNNI_FROM_BIAS ? v_load_n(b->bias + at, live) : v_set(0);
}

/* Sums of `rows` rows, or of `groups` groups for one row, x `vectors` vectors. */
INT8_INLINE void bf16_block(const int rows, const int groups, const int vectors, const bf16_columns *b,
                            const rnni_real *a, int64_t lda,
                            rnni_real *c, int64_t ldc)
{
    enum { W = VEC_WIDTH };
    vec sum[6][16];
    const uint16_t *w = b->weights;
    const int64_t stride = b->stride, apart = b->apart;
    int64_t k = b->k;
#define AT(i, j) ((groups > 1 ? i * RNNI_REDUCED_GROUP : 0) + j * W)
#define ROW_OF(i) (groups > 1 ? 0 : i)
#define USED(i, j) (i < rows * groups && j < vectors && AT(i, j) < b->columns)
#define LIVE(i, j) (b->columns - AT(i, j) < W ? b->columns - AT(i, j) : W)
#define BEGIN(i, j)                                                                                                       \
    if (i < rows * groups && j < vectors)                                                                                 \
        sum[i][j] = USED(i, j) ? bf16_start(b, c + ROW_OF(i) * ldc + AT(i, j), AT(i, j), LIVE(i, j)) : v_set(0);
#define BEGIN_ROW(i) EACH_SUM(BEGIN, i)
#define PAIRS(i, j) pairs_load(w + (groups > 1 ? i * apart : 0) + j * W * 2)
#define LOW(i, j) if (j < vectors) sum[i][j] = v_fma(x, pairs_low(PAIRS(i, j)), sum[i][j]);
#define LOW_ROW(i)                                   \
    if (i < rows * groups) {                         \
        vec x = v_set(a[ROW_OF(i) * lda]);           \
        EACH_SUM(LOW, i)                             \
    }
#define HIGH(i, j) if (j < vectors) sum[i][j] = v_fma(x, pairs_high(PAIRS(i, j)), sum[i][j]);
#define HIGH_ROW(i)                                  \
    if (i < rows * groups) {                         \
        vec x = v_set(a[ROW_OF(i) * lda + 1]);       \
        EACH_SUM(HIGH, i)                            \
    }
#define END(i, j) if (USED(i, j)) v_store_n(c + ROW_OF(i) * ldc + AT(i, j), sum[i][j], LIVE(i, j));
#define END_ROW(i) EACH_SUM(END, i)

    EACH_SUM_ROW(BEGIN_ROW)
    for (; k > 1; k -= 2, a += 2, w += stride) {
        EACH_SUM_ROW(LOW_ROW)
        EACH_SUM_ROW(HIGH_ROW)
    }
    if (k > 0) {
        EACH_SUM_ROW(LOW_ROW)
    }
    EACH_SUM_ROW(END_ROW)

#undef AT
#undef ROW_OF
#undef USED
#undef LIVE
#undef BEGIN
#undef BEGIN_ROW
#undef PAIRS
#undef LOW
#undef LOW_ROW
#undef HIGH
#undef HIGH_ROW
#undef END
#undef END_ROW
}

enum { BF16_LEAST = RNNI_REDUCED_COLUMNS / VEC_WIDTH };

static void bf16_row(int groups, int full, const bf16_columns *b, const rnni_real *a, rnni_real *c)
{
    if (groups == 4) bf16_block(1, 4, ROW_VECTORS, b, a, 0, c, 0);
    else if (groups == 2) bf16_block(1, 2, ROW_VECTORS, b, a, 0, c, 0);
    else if (full) bf16_block(1, 1, ROW_VECTORS, b, a, 0, c, 0);
    else bf16_block(1, 1, BF16_LEAST, b, a, 0, c, 0);
}

static void bf16_tile(int rows, int full, const bf16_columns *b, const rnni_real *a, int64_t lda,
                      rnni_real *c, int64_t ldc)
{
#define TILE(i)                                                                                     \
    case i:                                                                                         \
        if (i > TILE_ROWS) return;                                                                  \
        if (full) bf16_block(i <= TILE_ROWS ? i : 1, 1, TILE_VECTORS, b, a, lda, c, ldc);           \
        else bf16_block(i <= TILE_ROWS ? i : 1, 1, BF16_LEAST, b, a, lda, c, ldc);                  \
        return;
    switch (rows) {
        TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
    default: return;
    }
#undef TILE
}

/* One group of `width` columns against all rows, as many columns as sums are there for at a time. */
static void bf16_group(int64_t rows, bf16_columns group, int64_t width, const rnni_real *a, int64_t lda,
                       rnni_real *c, int64_t ldc)
{
    const int64_t most = (rows == 1 ? ROW_VECTORS : TILE_VECTORS) * VEC_WIDTH;
    for (int64_t at = 0; at < width;) {
        int full = width - at >= most;
        bf16_columns b = group;
        b.weights += at * 2;
        b.bias = b.bias ? b.bias + at : NULL;
        b.columns -= at;
        if (rows == 1) bf16_row(1, full, &b, a, c + at);
        for (int64_t i = 0; rows > 1 && i < rows; i += TILE_ROWS)
            bf16_tile(rows - i < TILE_ROWS ? (int)(rows - i) : TILE_ROWS, full, &b, a + i * lda, lda,
                      c + i * ldc + at, ldc);
        at += full ? most : RNNI_REDUCED_COLUMNS;
    }
}

static void KERNEL(bf16_product)(int64_t rows, int64_t n, int64_t k, const rnni_real *a, int64_t lda,
                                 const uint16_t *packed, int start,
                                 const rnni_real *bias, rnni_real *c, int64_t ldc)
{
    const int64_t depth = (k + 1) / 2 * 2;
    for (int64_t j = 0; j < n;) {
        int64_t left = n - j, padded = (left + RNNI_REDUCED_COLUMNS - 1) / RNNI_REDUCED_COLUMNS * RNNI_REDUCED_COLUMNS;
        int64_t width = padded < RNNI_REDUCED_GROUP ? padded : RNNI_REDUCED_GROUP, most = ROW_VECTORS * VEC_WIDTH;
        int groups = rows > 1 || most < RNNI_REDUCED_GROUP || VEC_WIDTH < 16 ? 1 : padded >= 4 * most ? 4 : padded >= 2 * most ? 2 : 1;
        bf16_columns group = {packed + j * depth, RNNI_REDUCED_GROUP * depth, width * 2, k,
                              bias ? bias + j : NULL, start, left};
        if (groups > 1) bf16_row(groups, 1, &group, a, c + j);
        else bf16_group(rows, group, width, a, lda, c + j, ldc);
        j += groups > 1 ? groups * most : RNNI_REDUCED_GROUP;
    }
}

#endif
