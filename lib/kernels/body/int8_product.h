/* SPDX-License-Identifier: MIT */
/* Products with weights of 8 bits, written once and compiled for each kind of dot product: the file is included with
 *   INT8_NAME       what a name ends with
 *   INT8_TARGET     the instructions that its functions may use beyond the file's
 *   INT8_QUAD, INT8_LOAD, INT8_DOT, INT8_BEGIN    see vec/ints_scalar.h
 * Sums are exact, so their order is free: one row has several parts of k side by side. */

/* A block of columns in a group: its weights, `stride` bytes from one quad to the next, and what follows from its columns. */
typedef struct {
    const int8_t *weights;
    int64_t stride, quads;
    const int32_t *correction;
    const rnni_real *scale, *bias, *a_scale;
    int start;
    int64_t columns; /* that are there */
} INT8_NAME(int8_columns);

INT8_TARGET INT8_INLINE void INT8_NAME(int8_block)(const int rows, const int parts, const int vectors, const INT8_NAME(int8_columns) *b,
                                                   const uint8_t *a, int64_t lda, rnni_real *c, int64_t ldc)
{
    enum { W = VEC_WIDTH };
    ivec sum[6][16];
    const int8_t *w = b->weights;
    const int64_t stride = b->stride;
    int64_t quads = b->quads;
    /* sums of row or part i; only the first part has the correction */
#define BEGIN(i, j) if (i < rows * parts && j < vectors) sum[i][j] = parts > 1 && i > 0 ? iv_zero() : INT8_BEGIN(b->correction + j * W);
#define BEGIN_ROW(i) EACH_SUM(BEGIN, i)
#define STEP(i, j) if (j < vectors) sum[i][j] = INT8_DOT(sum[i][j], quad, w + (parts > 1 ? i * stride : 0) + j * W * 4);
#define STEP_ROW(i)                                                        \
    if (i < rows * parts) {                                                \
        INT8_QUAD quad = INT8_LOAD(parts > 1 ? a + i * 4 : a + i * lda);   \
        EACH_SUM(STEP, i)                                                  \
    }
#define STEP_LEFT(j) if (j < vectors) sum[0][j] = INT8_DOT(sum[0][j], quad, w + j * W * 4);
#define LEFT(i, j) STEP_LEFT(j)
#define GATHER(i, j) if (i > 0 && i < parts && j < vectors) sum[0][j] = iv_add(sum[0][j], sum[i][j]);
#define GATHER_ROW(i) EACH_SUM(GATHER, i)
#define END(i, j)                                                                                                                          \
    if (i < rows && j < vectors && j * W < b->columns)                                                                                      \
        int8_finish(sum[i][j], b->a_scale[i], b->scale + j * W, b->start, b->bias + j * W, c + i * ldc + j * W,                             \
                    b->columns - j * W < W ? b->columns - j * W : W);
#define END_ROW(i) EACH_SUM(END, i)

    EACH_SUM_ROW(BEGIN_ROW)
    for (; quads >= parts; quads -= parts, a += 4 * parts, w += parts * stride) {
        EACH_SUM_ROW(STEP_ROW)
    }
    for (; parts > 1 && quads > 0; quads--, a += 4, w += stride) {
        INT8_QUAD quad = INT8_LOAD(a);
        EACH_SUM(LEFT, 0)
    }
    EACH_SUM_ROW(GATHER_ROW)
    EACH_SUM_ROW(END_ROW)

#undef BEGIN
#undef BEGIN_ROW
#undef STEP
#undef STEP_ROW
#undef STEP_LEFT
#undef LEFT
#undef GATHER
#undef GATHER_ROW
#undef END
#undef END_ROW
}

/* Fewest vectors that a column block of a packed matrix has. */
#define INT8_LEAST (RNNI_REDUCED_COLUMNS / VEC_WIDTH)

/* One row against `vectors` vectors: the most that sums are there for, or the least. */
INT8_TARGET static void INT8_NAME(int8_row)(int full, const INT8_NAME(int8_columns) *b, const uint8_t *a, rnni_real *c)
{
    if (full) INT8_NAME(int8_block)(1, ROW_PHASES, ROW_VECTORS, b, a, 0, c, 0);
    else INT8_NAME(int8_block)(1, ROW_PHASES, INT8_LEAST, b, a, 0, c, 0);
}

INT8_TARGET static void INT8_NAME(int8_tile)(int rows, int full, const INT8_NAME(int8_columns) *b, const uint8_t *a, int64_t lda, rnni_real *c,
                                             int64_t ldc)
{
#define TILE(i)                                                                                                     \
    case i:                                                                                                         \
        if (i > TILE_ROWS) return;                                                                                  \
        if (full) INT8_NAME(int8_block)(i <= TILE_ROWS ? i : 1, 1, TILE_VECTORS, b, a, lda, c, ldc);                \
        else INT8_NAME(int8_block)(i <= TILE_ROWS ? i : 1, 1, INT8_LEAST, b, a, lda, c, ldc);                       \
        return;
    switch (rows) {
        TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
    default: return;
    }
#undef TILE
}

/* Columns [at, at + count) of a group against all rows, as many as sums are there for at a time. */
INT8_TARGET static void INT8_NAME(int8_group)(int64_t rows, INT8_NAME(int8_columns) group, int64_t width, const uint8_t *a, int64_t lda,
                                              const rnni_real *a_scale, rnni_real *c, int64_t ldc)
{
    const int64_t most = (rows == 1 ? ROW_VECTORS : TILE_VECTORS) * VEC_WIDTH;
    for (int64_t at = 0; at < width;) {
        int full = width - at >= most;
        int64_t step = full ? most : RNNI_REDUCED_COLUMNS;
        INT8_NAME(int8_columns) b = group;
        b.weights += at * 4;
        b.correction += at;
        b.scale += at;
        b.bias = b.bias ? b.bias + at : NULL;
        b.columns -= at;
        for (int64_t i = 0; i < rows; i += TILE_ROWS) {
            b.a_scale = a_scale + i;
            int tile = rows - i < TILE_ROWS ? (int)(rows - i) : TILE_ROWS;
            if (rows == 1) INT8_NAME(int8_row)(full, &b, a, c + at);
            else INT8_NAME(int8_tile)(tile, full, &b, a + i * lda, lda, c + i * ldc + at, ldc);
        }
        at += step;
    }
}

INT8_TARGET static void INT8_NAME(int8_product)(int64_t rows, int64_t n, int64_t quads, const uint8_t *a, int64_t lda, const rnni_real *a_scale,
                                                const int8_t *packed, const int32_t *correction, const rnni_real *scale, int start,
                                                const rnni_real *bias, rnni_real *c, int64_t ldc)
{
    for (int64_t j = 0; j < n; j += RNNI_REDUCED_GROUP) {
        int64_t left = n - j, padded = (left + RNNI_REDUCED_COLUMNS - 1) / RNNI_REDUCED_COLUMNS * RNNI_REDUCED_COLUMNS;
        int64_t width = padded < RNNI_REDUCED_GROUP ? padded : RNNI_REDUCED_GROUP;
        INT8_NAME(int8_columns) group = {packed + j * 4 * quads, width * 4, quads, correction + j, scale + j, bias ? bias + j : NULL, a_scale,
                                         start, left};
        INT8_NAME(int8_group)(rows, group, width, a, lda, a_scale, c + j, ldc);
    }
}

#undef INT8_QUAD
#undef INT8_LOAD
#undef INT8_DOT
#undef INT8_BEGIN
#undef INT8_NAME
#undef INT8_TARGET
#undef INT8_LEAST
