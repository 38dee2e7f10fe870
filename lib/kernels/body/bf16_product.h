/* SPDX-License-Identifier: MIT */
/* Products of numbers of 16 bits, written once and compiled for each kind of multiply-add: the file is
 * included with
 *   BF16_NAME       what a name ends with
 *   BF16_TARGET     the instructions that its functions may use beyond the file's
 *   BF16_PASSES     2: a pair of k takes two multiply-adds, 1: one instruction
 *   BF16_SIDE, BF16_DOT   type of both sides; sum + left * right
 *   BF16_SAME(pass, a), BF16_LOAD(pass, w)    a pair of the left side in all lanes; the pairs of some columns
 *   BF16_SPLIT      0, or a sum is taken over so many pairs at a time, in two chains that begin with 0: one
 *                   row at a time, as that is twice the registers
 * (BF16_NAME and BF16_SPLIT are undefined at the end, the others serve for both rules.)
 * The second number of a pair is added before the first, because that is what vdpbf16ps does; tdpbf16ps is
 * the rule of two chains, one for each number of a pair. For a row alone several groups of columns are taken
 * at once, so that there are enough sums side by side. */

#define BF16_ROWS (BF16_SPLIT ? 1 : TILE_ROWS) /* of a tile */

/* Sums of `rows` rows, or of `groups` groups for one row, x `vectors` vectors, all of whose columns are
 * there. */
BF16_TARGET BODY_INLINE void BF16_NAME(bf16_block)(const int rows, const int groups, const int vectors,
                                                   const bf16_columns *b, const uint16_t *a,
                                                   const rnni_real *from, rnni_real *c, int64_t ldc)
{
    enum { W = VEC_WIDTH, SPLIT = BF16_SPLIT };
    vec sum[SPLIT ? 2 : 1][6][16];
    const uint16_t *w = b->weights;
    const int64_t stride = b->stride, apart = groups > 1 ? b->apart : 0, a_row = b->a_row, a_pair = b->a_pair;
    int64_t from_ld = b->from_ld;
#define AT(i, j) ((groups > 1 ? i * RNNI_REDUCED_GROUP : 0) + j * W)
#define ROW_OF(i) (groups > 1 ? 0 : i)
#define BEGIN(i, j)                                                                   \
    if (i < rows * groups && j < vectors) {                                           \
        sum[0][i][j] = SPLIT ? v_set(0) : v_load(from + ROW_OF(i) * from_ld + AT(i, j)); \
        if (SPLIT) sum[SPLIT ? 1 : 0][i][j] = v_set(0);                               \
    }
#define BEGIN_ROW(i) EACH_SUM(BEGIN, i)
#define FETCH(i, j) if (j < vectors && i < groups) right[i][j] = BF16_LOAD(pass, w + i * apart + j * W * 2);
#define FETCH_ROW(i) EACH_SUM(FETCH, i)
#define STEP(i, j) if (j < vectors) chain[i][j] = BF16_DOT(chain[i][j], left, right[groups > 1 ? i : 0][j]);
#define STEP_ROW(i)                                                     \
    if (i < rows * groups) {                                            \
        BF16_SIDE left = BF16_SAME(pass, a + ROW_OF(i) * a_row);        \
        EACH_SUM(STEP, i)                                               \
    }
#define PASS(number)                                                    \
    if (number < BF16_PASSES) {                                         \
        enum { pass = number };                                         \
        BF16_SIDE right[6][16];                                         \
        vec (*chain)[16] = sum[SPLIT ? pass : 0];                       \
        EACH_SUM_ROW(FETCH_ROW)                                         \
        EACH_SUM_ROW(STEP_ROW)                                          \
    }
#define BOTH(i, j) v_add(sum[SPLIT ? 1 : 0][i][j], sum[0][i][j])
#define SUM(i, j)                                                                              \
    (SPLIT ? v_add(v_load(from + ROW_OF(i) * from_ld + AT(i, j)), BOTH(i, j)) : sum[0][i][j])
#define END(i, j) if (i < rows * groups && j < vectors) v_store(c + ROW_OF(i) * ldc + AT(i, j), SUM(i, j));
#define END_ROW(i) EACH_SUM(END, i)

    for (int64_t there = b->pairs, now;; there -= now, from = c, from_ld = ldc) {
        now = SPLIT > 0 && there > SPLIT ? SPLIT : there;
        EACH_SUM_ROW(BEGIN_ROW)
        for (int64_t pairs = now; pairs > 0; pairs--, a += a_pair, w += stride) {
            PASS(0)
            PASS(1)
        }
        EACH_SUM_ROW(END_ROW)
        if (now == there) break;
    }

#undef AT
#undef ROW_OF
#undef BEGIN
#undef BEGIN_ROW
#undef FETCH
#undef FETCH_ROW
#undef STEP
#undef STEP_ROW
#undef PASS
#undef BOTH
#undef SUM
#undef END
#undef END_ROW
}

/* The next `step` columns, `full` or the fewest a matrix has, of `rows` rows. */
BF16_TARGET static void BF16_NAME(bf16_tile)(int rows, int full, const bf16_columns *b, const uint16_t *a,
                                             const rnni_real *from, rnni_real *c, int64_t ldc)
{
#define TILE(i)                                                                                                \
    case i:                                                                                                    \
        if (i > BF16_ROWS) return;                                                                             \
        if (full) BF16_NAME(bf16_block)(i <= BF16_ROWS ? i : 1, 1, TILE_VECTORS, b, a, from, c, ldc);          \
        else BF16_NAME(bf16_block)(i <= BF16_ROWS ? i : 1, 1, BF16_LEAST, b, a, from, c, ldc);                 \
        return;
    switch (rows) {
        TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
    default: return;
    }
#undef TILE
}

/* A tile of which only `columns` columns are there. */
BF16_TARGET static void BF16_NAME(bf16_edge)(int rows, int full, int64_t columns, const bf16_columns *b,
                                             const uint16_t *a, const rnni_real *from, rnni_real *c,
                                             int64_t ldc)
{
    rnni_real whole[TILE_ROWS * RNNI_REDUCED_GROUP] = { 0 };
    bf16_columns in = *b;
    in.from_ld = RNNI_REDUCED_GROUP;
    for (int i = 0; i < rows; i++)
        memcpy(whole + i * RNNI_REDUCED_GROUP, from + i * b->from_ld, (size_t)columns * sizeof *c);
    BF16_NAME(bf16_tile)(rows, full, &in, a, whole, whole, RNNI_REDUCED_GROUP);
    for (int i = 0; i < rows; i++)
        memcpy(c + i * ldc, whole + i * RNNI_REDUCED_GROUP, (size_t)columns * sizeof *c);
}

/* `width` columns of a group, of which `left` are there, against all rows, in tiles of nearly equal
 * height. */
BF16_TARGET static void BF16_NAME(bf16_group)(int64_t rows, bf16_columns b, int64_t width, int64_t left,
                                              const uint16_t *a, const rnni_real *from, rnni_real *c,
                                              int64_t ldc)
{
    const int64_t most = TILE_VECTORS * VEC_WIDTH;
    const rnni_tiling tiles = rnni_tiles_of(BF16_ROWS, rows);
    for (int64_t at = 0, step; at < left; at += step) {
        int full = width - at >= most;
        step = full ? most : RNNI_REDUCED_COLUMNS;
        for (int64_t t = 0, i = 0, now; t < tiles.count; t++, i += now) {
            const rnni_real *begin = from + i * b.from_ld + at;
            now = rnni_tile_height(tiles, t);
            if (left - at >= step)
                BF16_NAME(bf16_tile)((int)now, full, &b, a + i * b.a_row, begin, c + i * ldc + at, ldc);
            else
                BF16_NAME(bf16_edge)((int)now, full, left - at, &b, a + i * b.a_row, begin, c + i * ldc + at,
                                     ldc);
        }
        b.weights += step * 2;
    }
}

/* Groups that a row alone takes at once, where a group's sums are half the registers or less; 0: none. */
BF16_TARGET static int BF16_NAME(bf16_row)(int64_t left, const bf16_columns *b, const uint16_t *a,
                                           const rnni_real *from, rnni_real *c)
{
    const int fits = ROW_VECTORS * VEC_WIDTH == RNNI_REDUCED_GROUP, wide = fits && VEC_WIDTH >= 16;
    const int most = BF16_SPLIT ? 2 : 4; /* two chains take twice the registers */
    const int groups = wide && left >= most * RNNI_REDUCED_GROUP ? most
                       : wide && left >= 2 * RNNI_REDUCED_GROUP ? 2
                                                                : fits && left >= RNNI_REDUCED_GROUP;
    if (groups == 4) BF16_NAME(bf16_block)(1, wide ? most : 1, ROW_VECTORS, b, a, from, c, 0);
    if (groups == 2) BF16_NAME(bf16_block)(1, wide ? 2 : 1, ROW_VECTORS, b, a, from, c, 0);
    if (groups == 1) BF16_NAME(bf16_block)(1, 1, ROW_VECTORS, b, a, from, c, 0);
    return groups;
}

BF16_TARGET static void BF16_NAME(bf16_product)(int64_t rows, int64_t n, bf16_columns b, const uint16_t *a,
                                                int start, const rnni_real *bias, rnni_real *c, int64_t ldc)
{
    static const rnni_real zeros[4 * RNNI_REDUCED_GROUP];
    const uint16_t *packed = b.weights;
    for (int64_t j = 0, groups; j < n && rows > 0; j += groups * RNNI_REDUCED_GROUP) {
        const int64_t left = n - j, width = rnni_reduced_width(n, j);
        const rnni_real *from = start == RNNI_FROM_C ? c + j : start == RNNI_FROM_BIAS ? bias + j : zeros;
        b.weights = packed + j * b.pairs * 2;
        b.stride = width * 2;
        b.from_ld = start == RNNI_FROM_C ? ldc : 0;
        groups = rows == 1 ? BF16_NAME(bf16_row)(left, &b, a, from, c + j) : 0;
        if (groups) continue;
        BF16_NAME(bf16_group)(rows, b, width, left < width ? left : width, a, from, c + j, ldc);
        groups = 1;
    }
}

#undef BF16_ROWS
#undef BF16_NAME
#undef BF16_SPLIT
