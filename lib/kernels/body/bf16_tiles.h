/* SPDX-License-Identifier: MIT */
/* Products of numbers of 16 bits by tiles (vec/tiles_amx.h), for three rows and more: the bits of
 * bf16_product_split. A tile of sums has up to 16 rows and 16 columns; a left tile has 16 pairs of k of these
 * rows, a right one, as packed, of these columns. Four tiles of sums at once: two by two, so that each tile
 * that is loaded is used twice, or four side by side where there are 16 rows or fewer. Rows are cut into
 * tiles of one height, as shapes take long to set; columns outside, as they may come from far away.
 *
 * Where a tile is not full it is made of a copy: rows that are not there, and pairs behind the last, are 0
 * there (on the left); so are columns of sums, which are not copied back. */
#ifndef RNNI_BODY_BF16_TILES_H
#define RNNI_BODY_BF16_TILES_H

enum {
    TILES_LEAST = 3,                            /* rows */
    TILE_SIDE = 16,                             /* rows, pairs and columns of a whole tile */
    TILE_BYTES = 64,                            /* of its row */
    TILE_PAIRS_MOST = RNNI_BF16_DEPTH / 2,
    PART_TILES = 4, PART_TURNED = 2             /* row tiles taken together: as they lie, and turned */
};
_Static_assert((int)RNNI_BF16_SPLIT == (int)TILE_SIDE, "a tile's pairs are what the rule adds up at a time");
_Static_assert((int)RNNI_REDUCED_COLUMNS == (int)TILE_SIDE, "packed columns are whole tiles");

/* Row tiles of the left side that meet the right side together, and where copies of them are. */
typedef struct {
    tiles_place whole[PART_TILES];              /* its first whole tile; others 64 bytes further each */
    tiles_place rest[PART_TILES];               /* pairs behind the last whole tile */
    int64_t live[PART_TILES];                   /* rows that are there */
    int tiles;
    _Alignas(64) uint16_t copy[PART_TURNED * TILE_SIDE * 2 * TILE_PAIRS_MOST];
    _Alignas(64) uint16_t rests[PART_TILES][TILE_SIDE * 2 * TILE_SIDE];
} tiles_left;

/* One to four tiles of sums. */
typedef struct {
    tiles_place from[4], to[4];
    const tiles_place *left, *left_rest;
    tiles_place right, right_rest;              /* the first column tile; others 64 bytes further each */
    int across;                                 /* 2: two by two, 4: side by side */
    int rows, columns;                          /* tiles there are */
    int64_t depth;                              /* whole tiles of k */
    bool rest;
} tiles_block;

/* Steps of k take the left tile 64 bytes further, the right one 16 pairs. */
static inline tiles_place tiles_further(tiles_place place, int64_t bytes)
{
    place.at = (const char *)place.at + bytes;
    return place;
}

/* Sums 0 1 of the first rows, 2 3 of the others; left 4, 5; right 6, 7. */
static void tiles_two_by_two(const tiles_block *b)
{
    const bool low = b->rows > 1, wide = b->columns > 1;
    tiles_place upper = b->left[0], lower = b->left[low], right = b->right;
    TILE_LOAD(0, b->from[0]);
    if (wide) TILE_LOAD(1, b->from[1]);
    if (low) TILE_LOAD(2, b->from[2]);
    if (low && wide) TILE_LOAD(3, b->from[3]);
    for (int64_t k = b->depth + b->rest; k > 0; k--) {
        if (k == b->rest) upper = b->left_rest[0], lower = b->left_rest[low], right = b->right_rest;
        TILE_LOAD(6, right);
        TILE_LOAD(4, upper);
        TILE_DOT(0, 4, 6);
        if (low) {
            TILE_LOAD(5, lower);
            TILE_DOT(2, 5, 6);
        }
        if (wide) {
            TILE_LOAD(7, tiles_further(right, TILE_BYTES));
            TILE_DOT(1, 4, 7);
            if (low) TILE_DOT(3, 5, 7);
        }
        upper = tiles_further(upper, TILE_BYTES);
        lower = tiles_further(lower, TILE_BYTES);
        right = tiles_further(right, TILE_SIDE * right.stride);
    }
    TILE_STORE(0, b->to[0]);
    if (wide) TILE_STORE(1, b->to[1]);
    if (low) TILE_STORE(2, b->to[2]);
    if (low && wide) TILE_STORE(3, b->to[3]);
}

/* Sums 0 to 3; left 4; right 5, 6, 7 and 5 again. */
static void tiles_side_by_side(const tiles_block *b)
{
    tiles_place left = b->left[0], right = b->right;
    TILE_LOAD(0, b->from[0]);
    if (b->columns > 1) TILE_LOAD(1, b->from[1]);
    if (b->columns > 2) TILE_LOAD(2, b->from[2]);
    if (b->columns > 3) TILE_LOAD(3, b->from[3]);
    for (int64_t k = b->depth + b->rest; k > 0; k--) {
        if (k == b->rest) left = b->left_rest[0], right = b->right_rest;
        TILE_LOAD(4, left);
        TILE_LOAD(5, right);
        TILE_DOT(0, 4, 5);
        if (b->columns > 1) {
            TILE_LOAD(6, tiles_further(right, TILE_BYTES));
            TILE_DOT(1, 4, 6);
        }
        if (b->columns > 2) {
            TILE_LOAD(7, tiles_further(right, 2 * TILE_BYTES));
            TILE_DOT(2, 4, 7);
        }
        if (b->columns > 3) {
            TILE_LOAD(5, tiles_further(right, 3 * TILE_BYTES));
            TILE_DOT(3, 4, 5);
        }
        left = tiles_further(left, TILE_BYTES);
        right = tiles_further(right, TILE_SIDE * right.stride);
    }
    TILE_STORE(0, b->to[0]);
    if (b->columns > 1) TILE_STORE(1, b->to[1]);
    if (b->columns > 2) TILE_STORE(2, b->to[2]);
    if (b->columns > 3) TILE_STORE(3, b->to[3]);
}

/* Pair p of a row is a word at a + p * a_pair, of 32 bits and aligned as such; rows' words lie side by side.
 * To rows of `width` words. */
static void tiles_turn(int64_t rows, int64_t pairs, const uint16_t *a, int64_t a_pair, uint16_t *to,
                      int64_t width)
{
    for (int64_t p = 0, depth; p < pairs; p += depth) {
        depth = pairs - p < TURN ? 1 : TURN;
        for (int64_t i = 0, now; i < rows; i += now) {
            const uint16_t *from = a + p * a_pair + 2 * i;
            now = depth == TURN && rows - i >= TURN ? TURN : 1;
            uint16_t *here = to + 2 * (i * width + p);
            if (now == TURN) v_turn((const float *)from, a_pair / 2, (float *)here, width);
            for (int64_t d = 0; now < TURN && d < depth; d++) memcpy(here + 2 * d, from + d * a_pair, 4);
        }
    }
}

/* Rows first ... first + height - 1 of `rows`, those that are there, as row tile t. */
static void tiles_left_one(tiles_left *left, int t, int64_t first, int64_t height, int64_t rows,
                           int64_t pairs, const uint16_t *a, int64_t a_row, int64_t a_pair)
{
    const int64_t live = rows - first < height ? rows - first : height, rest = pairs % TILE_SIDE,
                  width = (pairs + TILE_SIDE - 1) / TILE_SIDE * TILE_SIDE, whole = pairs - rest;
    const bool in_rows = a_pair == 2;
    a += first * a_row;
    left->live[t] = live;
    if (in_rows && live == height) {
        left->whole[t] = (tiles_place){ a, a_row * 2 };
        left->rest[t] = (tiles_place){ left->rests[t], TILE_BYTES };
        if (!rest) return;
        memset(left->rests[t], 0, sizeof left->rests[t]);
        for (int64_t i = 0; i < live; i++)
            memcpy(left->rests[t] + i * 2 * TILE_SIDE, a + i * a_row + whole * 2, (size_t)rest * 4);
        return;
    }
    uint16_t *to = left->copy + (in_rows ? 0 : t) * (TILE_SIDE * 2 * width);
    left->whole[t] = (tiles_place){ to, width * 4 };
    left->rest[t] = tiles_further(left->whole[t], whole * 4);
    if (rest || live < height) memset(to, 0, (size_t)(height * width) * 4);
    for (int64_t i = 0; in_rows && i < live; i++)
        memcpy(to + i * 2 * width, a + i * a_row, (size_t)pairs * 4);
    if (!in_rows) tiles_turn(live, pairs, a, a_pair, to, width);
}

/* Sums that are not all there begin and end in a copy. */
typedef struct {
    rnni_real sums[TILE_SIDE * TILE_SIDE];
    rnni_real *c;
    int64_t rows, columns;
} tiles_edge;

static void tiles_edge_begin(tiles_edge *edge, const rnni_real *from, int64_t from_ld)
{
    memset(edge->sums, 0, sizeof edge->sums);
    for (int64_t i = 0; i < edge->rows; i++)
        memcpy(edge->sums + i * TILE_SIDE, from + i * from_ld, (size_t)edge->columns * sizeof *from);
}

static void tiles_edge_end(const tiles_edge *edge, int64_t ldc)
{
    for (int64_t i = 0; i < edge->rows; i++)
        memcpy(edge->c + i * ldc, edge->sums + i * TILE_SIDE, (size_t)edge->columns * sizeof *edge->c);
}

/* C from column j on, and what its sums begin with. */
typedef struct {
    const rnni_real *from;
    rnni_real *c;
    int64_t from_ld, ldc, height, columns;      /* rows of a tile; columns that are there */
    int start;
} tiles_sums;

/* Row tiles t ... t + b->rows - 1 of a part that begins with row `first`, against the block's columns. */
static void tiles_block_run(tiles_block *b, const tiles_left *left, int t, int64_t first,
                            const tiles_sums *sums)
{
    tiles_edge edges[4];
    bool in_copy[4] = { false };
    for (int r = 0; r < b->rows; r++)
        for (int k = 0; k < b->columns; k++) {
            const int at = r * b->across + k;
            const int64_t row = first + (t + r) * sums->height, column = k * TILE_SIDE,
                          there = sums->columns - column < TILE_SIDE ? sums->columns - column : TILE_SIDE;
            const rnni_real *from = sums->from + row * sums->from_ld + column;
            rnni_real *c = sums->c + row * sums->ldc + column;
            b->from[at] = (tiles_place){ from, sums->from_ld * (int64_t)sizeof *c };
            b->to[at] = (tiles_place){ c, sums->ldc * (int64_t)sizeof *c };
            in_copy[at] = left->live[t + r] < sums->height || there < TILE_SIDE;
            if (!in_copy[at]) continue;
            edges[at].c = c;
            edges[at].rows = left->live[t + r];
            edges[at].columns = there;
            tiles_edge_begin(&edges[at], from, sums->from_ld);
            b->from[at] = b->to[at] = (tiles_place){ edges[at].sums, TILE_BYTES };
        }
    b->left = left->whole + t;
    b->left_rest = left->rest + t;
    (b->across == 2 ? tiles_two_by_two : tiles_side_by_side)(b);
    for (int at = 0; at < 4; at++)
        if (in_copy[at]) tiles_edge_end(&edges[at], sums->ldc);
}

/* The right tiles of b->columns column tiles; what is behind their last whole tile is copied to `rest`, and
 * behind that are tiny negative numbers, which times 0 are -0: no sum changes by that, where +0 would turn a
 * chain of -0. */
static void tiles_right(tiles_block *b, const uint16_t *packed, int64_t stride, int64_t pairs, uint16_t *rest)
{
    const int64_t left = pairs % TILE_SIDE, bytes = b->columns * TILE_BYTES;
    b->right = (tiles_place){ packed, stride };
    if (!left) return;
    const char *from = (const char *)packed + (pairs - left) * stride;
    memset(rest, 0x80, (size_t)(TILE_SIDE * bytes));
    for (int64_t p = 0; p < left; p++) memcpy((char *)rest + p * bytes, from + p * stride, (size_t)bytes);
    b->right_rest = (tiles_place){ rest, bytes };
}

/* All columns for the row tiles of `left`, the first of which is row `first` of C. */
static void tiles_part(const tiles_left *left, int across, int64_t first, int64_t n, int64_t pairs,
                      const uint16_t *packed, tiles_sums sums)
{
    _Alignas(64) uint16_t rest[4 * TILE_SIDE * TILE_SIDE * 2];
    tiles_block b = {.across = across, .depth = pairs / TILE_SIDE, .rest = pairs % TILE_SIDE != 0};
    for (int64_t j = 0, step; j < n; j += step) {
        const int64_t group = j / RNNI_REDUCED_GROUP * RNNI_REDUCED_GROUP,
                      width = rnni_reduced_width(n, group), tiles = (width - (j - group)) / TILE_SIDE;
        b.columns = tiles < across ? (int)tiles : across;
        step = b.columns * TILE_SIDE;
        tiles_right(&b, packed + group * 2 * pairs + (j - group) * 2, width * 4, pairs, rest);
        sums.columns = n - j;
        for (int t = 0; t < left->tiles; t += b.rows) {
            b.rows = across == 2 && left->tiles - t > 1 ? 2 : 1;
            tiles_block_run(&b, left, t, first, &sums);
        }
        sums.c += step;
        sums.from += sums.start == RNNI_FROM_ZERO ? 0 : step;
    }
}

static tiles_shapes shapes_for(int64_t height, int across)
{
    tiles_shapes shapes = {.palette = 1};
    for (int t = 0; t < 8; t++) {
        const bool right = t >= 6 || (t == 5 && across == 4);
        shapes.row_bytes[t] = TILE_BYTES;
        shapes.rows[t] = (uint8_t)(right ? TILE_SIDE : height);
    }
    return shapes;
}

/* Numbers of A lie side by side in rows or in columns: a_pair or a_row is 2, the other one even; pairs <=
 * TILE_PAIRS_MOST. */
static void bf16_product_tiles(int64_t rows, int64_t n, int64_t pairs, const uint16_t *a, int64_t a_row,
                               int64_t a_pair, const uint16_t *packed, int start, const rnni_real *bias,
                               rnni_real *c, int64_t ldc)
{
    static const rnni_real zeros[RNNI_REDUCED_GROUP];
    const int64_t high = (rows + TILE_SIDE - 1) / TILE_SIDE, height = (rows + high - 1) / high,
                  tiles = (rows + height - 1) / height;
    const int across = tiles > 1 ? 2 : 4, most = a_pair == 2 ? PART_TILES : PART_TURNED;
    const tiles_shapes shapes = shapes_for(height, across);
    const tiles_sums sums = {start == RNNI_FROM_C ? c : start == RNNI_FROM_BIAS ? bias : zeros, c,
                            start == RNNI_FROM_C ? ldc : 0, ldc, height, 0, start};
    tiles_left left;
    tiles_begin(&shapes);
    for (int64_t t = 0; t < tiles; t += most) {
        left.tiles = tiles - t < most ? (int)(tiles - t) : most;
        for (int i = 0; i < left.tiles; i++)
            tiles_left_one(&left, i, (t + i) * height, height, rows, pairs, a, a_row, a_pair);
        tiles_part(&left, across, t * height, n, pairs, packed, sums);
    }
    tiles_end();
}

#endif
