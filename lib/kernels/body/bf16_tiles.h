/* SPDX-License-Identifier: MIT */
/* Products of numbers of 16 bits by tiles (vec/tiles_amx.h), for three rows and more: the bits of
 * bf16_product_split, where denormals are flushed, as runs do. A tile of sums has up to 16 rows and 16
 * columns; a left tile has 16 pairs of k of these rows, a right one, as packed, of these columns. Four tiles
 * of sums at once: two by two, so that each tile that is loaded is used twice, or four side by side where
 * there are 16 rows or fewer. Rows are cut into tiles of nearly one height, pair by pair alike where that can
 * be, as shapes take long to set. Some columns at a time meet all row tiles that are taken together: the
 * first pair brings their weights, which may come from far away.
 *
 * Where a tile is not full it is made of a copy: pairs behind the last are 0 there (on the left); so are
 * columns of sums, which are not copied back. */
#ifndef RNNI_BODY_BF16_TILES_H
#define RNNI_BODY_BF16_TILES_H

enum {
    TILES_LEAST = 3,                            /* rows */
    TILE_SIDE = 16,                             /* rows, pairs and columns of a whole tile */
    TILE_BYTES = 64,                            /* of its row */
    TILE_PAIRS_MOST = RNNI_BF16_DEPTH / 2,
    PART_COLUMNS = 8 * RNNI_REDUCED_GROUP,      /* that meet all row tiles of a part before others do */
    PART_TILES = 4, PART_TURNED = 2             /* row tiles taken together: as they lie, and turned */
};
_Static_assert((int)RNNI_BF16_SPLIT == (int)TILE_SIDE, "a tile's pairs are what the rule adds up at a time");
_Static_assert((int)RNNI_REDUCED_COLUMNS == (int)TILE_SIDE, "packed columns are whole tiles");

/* Row tiles of the left side that meet the right side together, and where copies of them are. */
typedef struct {
    tiles_place whole[PART_TILES];              /* its first whole tile; others 64 bytes further each */
    tiles_place rest[PART_TILES];               /* pairs behind the last whole tile */
    int64_t first[PART_TILES], rows[PART_TILES]; /* of A and C */
    int tiles;
    _Alignas(64) uint16_t copy[PART_TURNED * TILE_SIDE * 2 * TILE_PAIRS_MOST];
    _Alignas(64) uint16_t rests[PART_TILES][TILE_SIDE * 2 * TILE_SIDE];
} tiles_left;

/* Lines of C that come after these, from further away: a block takes them along, `each` a step of k, row by
 * row. */
typedef struct {
    const char *at;
    int64_t line, lines, skip;                  /* of a row, and bytes behind it */
    int64_t left, each;
} tiles_fetch;

/* After these, what the caller wants taken along. */
static inline void tiles_take(tiles_fetch *f, rnni_ahead *ahead)
{
    enum { AHEAD_EACH = 6 };
    if (f->left == 0) rnni_ahead_some(ahead, AHEAD_EACH);
    for (int64_t i = f->each; i > 0 && f->left > 0; i--, f->left--) {
        rnni_fetch_line((const rnni_real *)(const void *)f->at);
        f->at += TILE_BYTES;
        if (++f->line < f->lines) continue;
        f->line = 0;
        f->at += f->skip;
    }
}

/* One to four tiles of sums: those of the second row tile are `down` bytes behind the first one's. */
typedef struct {
    tiles_place from, to;
    int64_t from_down, to_down;
    const tiles_place *left, *left_rest;
    tiles_place right, right_rest;              /* the first column tile; others 64 bytes further each */
    int64_t across;                             /* 2: two by two, 4: side by side */
    int64_t depth;                              /* whole tiles of k */
    bool rest;
    tiles_fetch fetch;
    rnni_ahead *ahead;
} tiles_block;

/* Steps of k take the left tile 64 bytes further, the right one 16 pairs. */
static inline tiles_place tiles_further(tiles_place place, int64_t bytes)
{
    place.at = (const char *)place.at + bytes;
    return place;
}

/* Sums 0 1 of the first rows, 2 3 of the others; left 4, 5; right 6, 7. */
static inline void tiles_two_by_two_step(tiles_place upper, tiles_place lower, tiles_place right, bool low,
                                         bool wide)
{
    TILE_LOAD_ONCE(6, right);
    TILE_LOAD(4, upper);
    TILE_DOT(0, 4, 6);
    if (low) {
        TILE_LOAD(5, lower);
        TILE_DOT(2, 5, 6);
    }
    if (wide) {
        TILE_LOAD_ONCE(7, tiles_further(right, TILE_BYTES));
        TILE_DOT(1, 4, 7);
        if (low) TILE_DOT(3, 5, 7);
    }
}

static inline void tiles_two_by_two(tiles_block *b, bool low, bool wide)
{
    tiles_fetch fetch = b->fetch;
    tiles_place upper = b->left[0], lower = b->left[low], right = b->right;
    const tiles_place from_low = tiles_further(b->from, b->from_down),
                      to_low = tiles_further(b->to, b->to_down);
    TILE_LOAD(0, b->from);
    if (wide) TILE_LOAD(1, tiles_further(b->from, TILE_BYTES));
    if (low) TILE_LOAD(2, from_low);
    if (low && wide) TILE_LOAD(3, tiles_further(from_low, TILE_BYTES));
    for (int64_t k = b->depth; k > 0; k--) {
        tiles_two_by_two_step(upper, lower, right, low, wide);
        tiles_take(&fetch, b->ahead);
        upper = tiles_further(upper, TILE_BYTES);
        lower = tiles_further(lower, TILE_BYTES);
        right = tiles_further(right, TILE_SIDE * right.stride);
    }
    if (b->rest) tiles_two_by_two_step(b->left_rest[0], b->left_rest[low], b->right_rest, low, wide);
    TILE_STORE(0, b->to);
    if (wide) TILE_STORE(1, tiles_further(b->to, TILE_BYTES));
    if (low) TILE_STORE(2, to_low);
    if (low && wide) TILE_STORE(3, tiles_further(to_low, TILE_BYTES));
    b->fetch = fetch;
}

/* Sums 0 to 3; left 4; right 5, 6, 7 and 5 again. */
static inline void tiles_side_by_side_step(tiles_place left, tiles_place right, int64_t columns)
{
    TILE_LOAD(4, left);
    TILE_LOAD_ONCE(5, right);
    TILE_DOT(0, 4, 5);
    if (columns > 1) {
        TILE_LOAD_ONCE(6, tiles_further(right, TILE_BYTES));
        TILE_DOT(1, 4, 6);
    }
    if (columns > 2) {
        TILE_LOAD_ONCE(7, tiles_further(right, 2 * TILE_BYTES));
        TILE_DOT(2, 4, 7);
    }
    if (columns > 3) {
        TILE_LOAD_ONCE(5, tiles_further(right, 3 * TILE_BYTES));
        TILE_DOT(3, 4, 5);
    }
}

static inline void tiles_side_by_side(tiles_block *b, int64_t columns)
{
    tiles_fetch fetch = b->fetch;
    tiles_place left = b->left[0], right = b->right;
    TILE_LOAD(0, b->from);
    if (columns > 1) TILE_LOAD(1, tiles_further(b->from, TILE_BYTES));
    if (columns > 2) TILE_LOAD(2, tiles_further(b->from, 2 * TILE_BYTES));
    if (columns > 3) TILE_LOAD(3, tiles_further(b->from, 3 * TILE_BYTES));
    for (int64_t k = b->depth; k > 0; k--) {
        tiles_side_by_side_step(left, right, columns);
        tiles_take(&fetch, b->ahead);
        left = tiles_further(left, TILE_BYTES);
        right = tiles_further(right, TILE_SIDE * right.stride);
    }
    if (b->rest) tiles_side_by_side_step(b->left_rest[0], b->right_rest, columns);
    TILE_STORE(0, b->to);
    if (columns > 1) TILE_STORE(1, tiles_further(b->to, TILE_BYTES));
    if (columns > 2) TILE_STORE(2, tiles_further(b->to, 2 * TILE_BYTES));
    if (columns > 3) TILE_STORE(3, tiles_further(b->to, 3 * TILE_BYTES));
    b->fetch = fetch;
}

/* Whole blocks have loops of their own. Numbers of tiles are arguments: two that lie side by side in memory a
 * compiler may compare as one, and that load would wait for the stores of the tiles before. */
static inline void tiles_block_run(tiles_block *b, int64_t rows, int64_t columns)
{
    if (b->across == 2 && rows > 1 && columns > 1) tiles_two_by_two(b, true, true);
    else if (b->across == 2) tiles_two_by_two(b, rows > 1, columns > 1);
    else if (columns == 4) tiles_side_by_side(b, 4);
    else tiles_side_by_side(b, columns);
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

/* Rows first ... first + rows - 1 as row tile t. */
static void tiles_left_one(tiles_left *left, int t, int64_t first, int64_t rows, int64_t pairs,
                           const uint16_t *a, int64_t a_row, int64_t a_pair)
{
    const int64_t rest = pairs % TILE_SIDE, whole = pairs - rest;
    a += first * a_row;
    left->first[t] = first;
    left->rows[t] = rows;
    if (a_pair == 2) {
        left->whole[t] = (tiles_place){ a, a_row * 2 };
        left->rest[t] = (tiles_place){ left->rests[t], TILE_BYTES };
        if (!rest) return;
        memset(left->rests[t], 0, sizeof left->rests[t]);
        for (int64_t i = 0; i < rows; i++)
            memcpy(left->rests[t] + i * 2 * TILE_SIDE, a + i * a_row + whole * 2, (size_t)rest * 4);
        return;
    }
    const int64_t width = rest ? whole + TILE_SIDE : whole;
    uint16_t *to = left->copy + t * (TILE_SIDE * 2 * width);
    left->whole[t] = (tiles_place){ to, width * 4 };
    left->rest[t] = tiles_further(left->whole[t], whole * 4);
    if (rest) memset(to, 0, (size_t)(rows * width) * 4);
    tiles_turn(rows, pairs, a, a_pair, to, width);
}

/* C, and what its sums begin with. */
typedef struct {
    const rnni_real *from;
    rnni_real *c;
    int64_t from_ld, ldc, rows, n;
    int start;
} tiles_sums;

/* Rows of a block whose last columns are not there, and back. */
static void tiles_copy(int64_t rows, int64_t columns, const rnni_real *from, int64_t from_ld, rnni_real *to,
                       int64_t ld)
{
    for (int64_t i = 0; i < rows; i++) memcpy(to + i * ld, from + i * from_ld, (size_t)columns * sizeof *to);
}

/* Row tiles t ... t + count - 1 against `columns` tiles of columns, the first of which is j. */
static void tiles_block_place(tiles_block *b, const tiles_left *left, int64_t t, int64_t count, int64_t j,
                              int64_t columns, const tiles_sums *sums)
{
    rnni_real copy[2 * TILE_SIDE * TILE_SIDE * 2];
    const int64_t width = columns * TILE_SIDE, there = sums->n - j < width ? sums->n - j : width,
                  first = left->first[t], upper = left->rows[t],
                  rows = count > 1 ? upper + left->rows[t + 1] : upper, bytes = sizeof(rnni_real);
    const rnni_real *from =
        sums->from + (sums->start == RNNI_FROM_ZERO ? 0 : j) + first * sums->from_ld;
    rnni_real *c = sums->c + first * sums->ldc + j;
    b->left = left->whole + t;
    b->left_rest = left->rest + t;
    b->from = (tiles_place){ from, sums->from_ld * bytes };
    b->to = (tiles_place){ c, sums->ldc * bytes };
    if (there < width) {
        memset(copy, 0, (size_t)(rows * width * bytes));
        tiles_copy(rows, there, from, sums->from_ld, copy, width);
        b->from = b->to = (tiles_place){ copy, width * bytes };
    }
    b->from_down = upper * b->from.stride;
    b->to_down = upper * b->to.stride;
    tiles_block_run(b, count, columns);
    if (there < width) tiles_copy(rows, there, copy, width, c, sums->ldc);
}

/* The right tiles of `columns` column tiles; what is behind their last whole tile is copied to `rest`, and
 * behind that are tiny negative numbers, which times 0 are -0: no sum changes by that, where +0 would turn a
 * chain of -0. */
static void tiles_right(tiles_block *b, int64_t columns, const uint16_t *packed, int64_t stride,
                        int64_t pairs, uint16_t *rest)
{
    const int64_t left = pairs % TILE_SIDE, bytes = columns * TILE_BYTES;
    b->right = (tiles_place){ packed, stride };
    if (!left) return;
    const char *from = (const char *)packed + (pairs - left) * stride;
    memset(rest, 0x80, (size_t)(TILE_SIDE * bytes));
    for (int64_t p = 0; p < left; p++) memcpy((char *)rest + p * bytes, from + p * stride, (size_t)bytes);
    b->right_rest = (tiles_place){ rest, bytes };
}

/* Columns from, ... to - 1 for row tiles t ... t + count - 1. */
static void tiles_columns(tiles_block *b, const tiles_left *left, int64_t t, int64_t count, int64_t from,
                          int64_t to, int64_t pairs, const uint16_t *packed, const tiles_sums *sums)
{
    _Alignas(64) uint16_t rest[4 * TILE_SIDE * TILE_SIDE * 2];
    for (int64_t j = from, columns; j < to; j += columns * TILE_SIDE) {
        const int64_t group = j / RNNI_REDUCED_GROUP * RNNI_REDUCED_GROUP,
                      width = rnni_reduced_width(sums->n, group), tiles = (width - (j - group)) / TILE_SIDE;
        columns = tiles < b->across ? tiles : b->across;
        tiles_right(b, columns, packed + group * 2 * pairs + (j - group) * 2, width * 4, pairs, rest);
        tiles_block_place(b, left, t, count, j, columns, sums);
    }
}

/* Sets shapes for row tiles of so many rows, none of 0, which instructions refuse; `set` are those of before.
 * A row tile alone leaves the lower height as it was. */
static void tiles_shape(int across, int64_t upper, int64_t lower, int64_t set[2])
{
    tiles_shapes shapes = {.palette = 1};
    if (set[0] == upper && set[1] == lower) return;
    for (int t = 0; t < 8; t++) {
        const bool right = t >= 6 || (t == 5 && across == 4),
                   low = across == 2 && (t == 2 || t == 3 || t == 5);
        shapes.row_bytes[t] = TILE_BYTES;
        shapes.rows[t] = (uint8_t)(right ? TILE_SIDE : low ? lower : upper);
    }
    tiles_begin(&shapes);
    set[0] = upper;
    set[1] = lower;
}

/* The part of C that comes next: two row tiles from row `first` on, if they are there, and PART_COLUMNS
 * columns from j on. Row by row, as the machine foresees lines only where they follow one another. */
static void tiles_next(tiles_block *b, const tiles_sums *sums, int64_t first, int64_t j)
{
    const int64_t columns = sums->n - j < PART_COLUMNS ? sums->n - j : PART_COLUMNS,
                  lines = (columns + TILE_SIDE - 1) / TILE_SIDE, bytes = sizeof(rnni_real),
                  there = sums->rows - first < 2 * TILE_SIDE ? sums->rows - first : 2 * TILE_SIDE,
                  steps = PART_COLUMNS / TILE_SIDE / b->across * (b->depth ? b->depth : 1);
    b->fetch = (tiles_fetch){.left = 0};
    if (there <= 0) return;
    b->fetch = (tiles_fetch){.at = (const char *)(sums->c + first * sums->ldc + j), .lines = lines,
                             .skip = sums->ldc * bytes - lines * TILE_BYTES, .left = there * lines,
                             .each = (there * lines + steps - 1) / steps};
}

/* All columns for the row tiles of `left`. */
static void tiles_part(const tiles_left *left, int across, int64_t pairs, const uint16_t *packed,
                       const tiles_sums *sums, int64_t set[2], rnni_ahead *ahead)
{
    const int64_t n = sums->n, last = left->tiles - 1;
    tiles_block b = {
        .across = across, .depth = pairs / TILE_SIDE, .rest = pairs % TILE_SIDE != 0, .ahead = ahead};
    for (int64_t j = 0; j < n; j += PART_COLUMNS)
        for (int64_t t = 0, count; t < left->tiles; t += count) {
            count = across == 2 && left->tiles - t > 1 ? 2 : 1;
            tiles_shape(across, left->rows[t], count > 1 ? left->rows[t + 1] : set[1], set);
            if (t + count <= last) tiles_next(&b, sums, left->first[t + count], j);
            else if (j + PART_COLUMNS < n) tiles_next(&b, sums, left->first[0], j + PART_COLUMNS);
            else tiles_next(&b, sums, left->first[last] + left->rows[last], 0);
            tiles_columns(&b, left, t, count, j, n - j < PART_COLUMNS ? n : j + PART_COLUMNS, pairs, packed,
                          sums);
        }
}

/* Numbers of A lie side by side in rows or in columns: a_pair or a_row is 2, the other one even; pairs <=
 * TILE_PAIRS_MOST. */
static void bf16_product_tiles(int64_t rows, int64_t n, int64_t pairs, const uint16_t *a, int64_t a_row,
                               int64_t a_pair, const uint16_t *packed, int start, const rnni_real *bias,
                               rnni_real *c, int64_t ldc, rnni_ahead *ahead)
{
    static const rnni_real zeros[RNNI_REDUCED_GROUP];
    const int64_t tiles = (rows + TILE_SIDE - 1) / TILE_SIDE;
    const int across = tiles > 1 ? 2 : 4, most = a_pair == 2 ? PART_TILES : PART_TURNED;
    const tiles_sums sums = {start == RNNI_FROM_C ? c : start == RNNI_FROM_BIAS ? bias : zeros, c,
                            start == RNNI_FROM_C ? ldc : 0, ldc, rows, n, start};
    int64_t set[2] = { 0, 1 };
    tiles_left left;
    for (int64_t t = 0; t < tiles; t += most) {
        left.tiles = tiles - t < most ? (int)(tiles - t) : most;
        for (int i = 0; i < left.tiles; i++) {
            const int64_t first = rows * (t + i) / tiles, behind = rows * (t + i + 1) / tiles;
            tiles_left_one(&left, i, first, behind - first, pairs, a, a_row, a_pair);
        }
        tiles_part(&left, across, pairs, packed, &sums, set, ahead);
    }
    tiles_end();
}

#endif
