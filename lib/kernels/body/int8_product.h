/* SPDX-License-Identifier: MIT */
/* Products with weights of 8 bits, written once and compiled for each kind of dot product: the file is
 * included with
 *   INT8_NAME       what a name ends with
 *   INT8_TARGET     the instructions that its functions may use beyond the file's
 *   INT8_QUAD, INT8_LOAD, INT8_DOT, INT8_BEGIN    see vec/ints_scalar.h
 * Sums are exact, so their order is free: one row has several parts of k side by side. */

/* A block of columns in a group: its weights, `stride` bytes from one quad to the next, and what follows from
 * its columns. */
typedef struct {
    const int8_t *weights;
    int64_t stride, quads;
    const int32_t *correction;
    const rnni_real *scale, *a_scale;
    const rnni_real *from; /* what sums begin with, NULL: 0; rows `from_ld` apart */
    int64_t from_ld;
    int64_t columns;       /* that are there */
} INT8_NAME(int8_columns);

INT8_TARGET BODY_INLINE void INT8_NAME(int8_block)(const int rows, const int parts, const int vectors,
                                                   const INT8_NAME(int8_columns) *b,
                                                   const uint8_t *a, int64_t lda, rnni_real *c, int64_t ldc)
{
    enum { W = VEC_WIDTH };
    ivec sum[6][16];
    const int8_t *w = b->weights;
    const int64_t stride = b->stride;
    int64_t quads = b->quads;
    /* sums of row or part i; only the first part has the correction */
#define BEGIN(i, j)                                                                                          \
    if (i < rows * parts && j < vectors)                                                                     \
        sum[i][j] = parts > 1 && i > 0 ? iv_zero() : INT8_BEGIN(b->correction + j * W);
#define BEGIN_ROW(i) EACH_SUM(BEGIN, i)
#define STEP(i, j)                                                                                           \
    if (j < vectors) sum[i][j] = INT8_DOT(sum[i][j], quad, w + (parts > 1 ? i * stride : 0) + j * W * 4);
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
        int8_finish(sum[i][j], b->a_scale[i], b->scale + j * W, b->from ? b->from + i * b->from_ld + j * W : NULL, c + i * ldc + j * W,     \
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

/* The next `step` columns of a group, or of the next one. */
static inline void INT8_NAME(int8_skip)(INT8_NAME(int8_columns) *b, int64_t step)
{
    b->correction += step;
    b->scale += step;
    if (b->from) b->from += step;
    b->columns -= step;
}

INT8_TARGET BODY_APART void INT8_NAME(int8_tile)(int rows, int full, const INT8_NAME(int8_columns) *b,
                                                 const uint8_t *a, int64_t lda, rnni_real *c, int64_t ldc)
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

/* The columns of one group against all rows, as many as sums are there for at a time. */
INT8_TARGET BODY_APART void INT8_NAME(int8_group)(int64_t rows, INT8_NAME(int8_columns) b, const uint8_t *a,
                                                  int64_t lda, rnni_real *c, int64_t ldc)
{
    const int64_t most = (rows == 1 ? ROW_VECTORS : TILE_VECTORS) * VEC_WIDTH, width = b.stride / 4;
    const rnni_real *a_scale = b.a_scale, *from = b.from;
    for (int64_t at = 0, step; at < width; at += step) {
        int full = width - at >= most;
        step = full ? most : RNNI_REDUCED_COLUMNS;
        for (int64_t i = 0; i < rows; i += TILE_ROWS) {
            b.a_scale = a_scale + i;
            b.from = from ? from + i * b.from_ld + at : NULL;
            if (rows > 1) INT8_NAME(int8_tile)(rows - i < TILE_ROWS ? (int)(rows - i) : TILE_ROWS, full, &b,
                                               a + i * lda, lda, c + i * ldc + at, ldc);
            else if (full) INT8_NAME(int8_block)(1, ROW_PHASES, ROW_VECTORS, &b, a, 0, c + at, 0);
            else INT8_NAME(int8_block)(1, ROW_PHASES, INT8_LEAST, &b, a, 0, c + at, 0);
        }
        b.weights += step * 4;
        INT8_NAME(int8_skip)(&b, step);
    }
}

INT8_TARGET static void INT8_NAME(int8_product)(int64_t rows, int64_t n, int64_t quads, const uint8_t *a,
                                                int64_t lda, const rnni_real *a_scale, const int8_t *packed,
                                                const int32_t *correction, const rnni_real *scale, int start,
                                                const rnni_real *bias, rnni_real *c, int64_t ldc)
{
    INT8_NAME(int8_columns) b = {packed, RNNI_REDUCED_GROUP * 4, quads, correction, scale, a_scale,
                                 start == RNNI_FROM_C ? c : bias,
                                 start == RNNI_FROM_C ? ldc : 0, n};
    if (start == RNNI_FROM_ZERO) b.from = NULL;
    while (b.columns > 0) {
        b.stride = rnni_reduced_width(b.columns, 0) * 4;
        if (rows == 1 && b.columns >= RNNI_REDUCED_GROUP && ROW_VECTORS * VEC_WIDTH == RNNI_REDUCED_GROUP) {
            INT8_NAME(int8_columns) whole = b;
            whole.stride = RNNI_REDUCED_GROUP * 4;
            whole.columns = RNNI_REDUCED_GROUP;
            INT8_NAME(int8_block)(1, ROW_PHASES, ROW_VECTORS, &whole, a, 0, c, 0);
        } else {
            INT8_NAME(int8_group)(rows, b, a, lda, c, ldc);
        }
        b.weights += RNNI_REDUCED_GROUP * 4 * quads;
        c += RNNI_REDUCED_GROUP;
        INT8_NAME(int8_skip)(&b, RNNI_REDUCED_GROUP);
    }
}

/* ---- a step of an LSTM */

/* The four gates' pre-activations of the units from `unit` on, from z on: their columns are h apart. */
INT8_TARGET BODY_INLINE void INT8_NAME(int8_unit)(int64_t h, int64_t unit, int64_t quads, const uint8_t *a,
                                                  rnni_real a_scale, const int8_t *packed,
                                                  const int32_t *correction, const rnni_real *scale,
                                                  const rnni_real *z, vec *gate)
{
    enum { STRIDE = RNNI_REDUCED_GROUP * 4 };
    ivec sum[UNIT_PARTS][UNIT_GATES];
    const int8_t *w[UNIT_GATES];
    int64_t left = quads;
    (void)correction; /* which not every kind of dot product wants */
#define BEGIN(i, g)                                                                                    \
    if (i < UNIT_PARTS && g < UNIT_GATES)                                                              \
        sum[i][g] = i > 0 ? iv_zero() : INT8_BEGIN(correction + g * h + unit);
#define BEGIN_ROW(i) EACH_SUM(BEGIN, i)
#define WEIGHTS(i, g)                                                                                  \
    if (g < UNIT_GATES) {                                                                              \
        const int64_t column = g * h + unit, in_group = column % RNNI_REDUCED_GROUP;                   \
        w[g] = packed + (column - in_group) * 4 * quads + in_group * 4;                                \
    }
#define STEP(i, g) if (g < UNIT_GATES) sum[i][g] = INT8_DOT(sum[i][g], quad, w[g] + i * STRIDE);
#define STEP_ROW(i)                                                                                    \
    if (i < UNIT_PARTS) {                                                                              \
        INT8_QUAD quad = INT8_LOAD(a + i * 4);                                                         \
        EACH_SUM(STEP, i)                                                                              \
    }
#define MOVE(by, g) if (g < UNIT_GATES) w[g] += by * STRIDE;
#define GATHER(i, g)                                                                                   \
    if (i > 0 && i < UNIT_PARTS && g < UNIT_GATES) sum[0][g] = iv_add(sum[0][g], sum[i][g]);
#define GATHER_ROW(i) EACH_SUM(GATHER, i)
#define END(i, g)                                                                                      \
    if (g < UNIT_GATES)                                                                                \
        gate[g] = int8_value(sum[0][g], a_scale, v_load(scale + g * h + unit), v_load(z + g * h + unit));

    EACH_SUM_ROW(BEGIN_ROW)
    EACH_SUM(WEIGHTS, 0)
    for (; left % UNIT_PARTS; left--, a += 4) {
        INT8_QUAD quad = INT8_LOAD(a);
        EACH_SUM(STEP, 0)
        EACH_SUM(MOVE, 1)
    }
    for (; left > 0; left -= UNIT_PARTS, a += 4 * UNIT_PARTS) {
        EACH_SUM_ROW(STEP_ROW)
        EACH_SUM(MOVE, UNIT_PARTS)
    }
    EACH_SUM_ROW(GATHER_ROW)
    EACH_SUM(END, 0)

#undef BEGIN
#undef BEGIN_ROW
#undef WEIGHTS
#undef STEP
#undef STEP_ROW
#undef MOVE
#undef GATHER
#undef GATHER_ROW
#undef END
}

/* w vectors of units from u on: the gates of two go abreast, as each alone is a chain. */
INT8_TARGET BODY_INLINE void INT8_NAME(int8_units)(const int w, int64_t u, int64_t h, int64_t quads,
                                                   const uint8_t *a, rnni_real a_scale, const int8_t *packed,
                                                   const int32_t *correction, const rnni_real *scale,
                                                   const rnni_real *z, const rnni_real *c_in,
                                                   rnni_real *c_out, rnni_real *h_out)
{
    abreast ifo, g, c_old, c, out;
    for (int i = 0; i < w; i++) {
        vec gate[UNIT_GATES];
        INT8_NAME(int8_unit)(h, u + i * VEC_WIDTH, quads, a, a_scale, packed, correction, scale, z, gate);
        ifo[i] = gate[0], ifo[w + i] = gate[1], ifo[2 * w + i] = gate[3], g[i] = gate[2];
    }
    load_abreast(w, c_in + u, w * VEC_WIDTH, c_old);
    lstm_units(w, ifo, g, c_old, c, out);
    store_abreast(w, c, c_out + u, w * VEC_WIDTH);
    store_abreast(w, out, h_out + u, w * VEC_WIDTH);
}

INT8_TARGET static void INT8_NAME(int8_lstm)(int64_t h, int64_t quads, const uint8_t *a, rnni_real a_scale,
                                             const int8_t *packed, const int32_t *correction,
                                             const rnni_real *scale, const rnni_real *z,
                                             const rnni_real *c_in, rnni_real *c_out, rnni_real *h_out)
{
    int64_t u = 0;
    for (; u + 2 * VEC_WIDTH <= h; u += 2 * VEC_WIDTH)
        INT8_NAME(int8_units)(2, u, h, quads, a, a_scale, packed, correction, scale, z, c_in, c_out, h_out);
    for (; u < h; u += VEC_WIDTH)
        INT8_NAME(int8_units)(1, u, h, quads, a, a_scale, packed, correction, scale, z, c_in, c_out, h_out);
}

#undef INT8_QUAD
#undef INT8_LOAD
#undef INT8_DOT
#undef INT8_BEGIN
#undef INT8_NAME
#undef INT8_TARGET
#undef INT8_LEAST
