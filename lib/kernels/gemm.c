/* SPDX-License-Identifier: MIT */
/* The blocks of a product. They choose which elements of C are computed when, never in which order
 * one element's sum is taken: that is ascending k, through C when k is cut into blocks. */
#include "kernels/tiling.h"

#include <stdbool.h>
#include <string.h>

/* Columns of B that are packed at a time, and rows of a turned C: multiples of every nr and step. Rows of A
 * and the depth of a C that the second cache holds come with the kernels. */
enum { GEMM_NC = 1024, TURNED = 256, GEMM_ALIGN = 16, FEW_TILES = 3 };

/* The deepest slice of k of long panels: one of it and the one that follows are in the second cache while all
 * rows go by, also where panels are widest. Steps of a recurrence, which have few rows and turn round, take a
 * panel in whole while it fits alone: slices go by in one order only, as k ascends. */
enum { DEEPEST = 768, DEEPEST_STEP = 4 * DEEPEST };

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t round_up(int64_t x, int64_t step)
{
    return (x + step - 1) / step * step;
}

/* A as the loops see it: element (i, k) is data[i * row + k * column]. Or, with column 0, in strips as
 * pack_strips makes them: a tile's rows side by side, one k below another. */
typedef struct { const rnni_real *data; int64_t row, column; } left_matrix;
typedef struct { rnni_real *data; int64_t ld; const rnni_real *bias; int start; } result_matrix;
/* B in panels of nr columns: element (k, j) of panel number p is data[p * panel + k * row + j]. */
typedef struct { const rnni_real *data; int64_t panel, row; } right_matrix;

/* depth x rows of one strip; the heights that nearly all tiles have are constants for the compiler. */
static void pack_strip(int64_t rows, int64_t depth, const rnni_real *a, int64_t column, rnni_real *strip)
{
    for (int64_t p = 0; p < depth; p++, a += column, strip += rows) {
        if (rows == 6) memcpy(strip, a, 6 * sizeof *a);
        else if (rows == 5) memcpy(strip, a, 5 * sizeof *a);
        else memcpy(strip, a, (size_t)rows * sizeof *a);
    }
}

/* A transposed A (a weight gradient's) whose columns' numbers lie a page or more apart takes a cache line and
 * an entry of the smallest table of pages a number, and many of them in few sets of the cache: it is packed
 * when enough panels will read it. Where they lie closer, packing is slower. */
static bool may_want_strips(const rnni_kernels *kernels, int64_t n)
{
    enum { FEWEST_PANELS = 2, FEWEST_COLUMNS = 64 };
    return n >= FEWEST_PANELS * kernels->nr && n >= FEWEST_COLUMNS;
}

static bool wants_strips(const rnni_kernels *kernels, int64_t n, int64_t a_row, int64_t a_column)
{
    enum { PAGE = 4096 / sizeof(rnni_real) };
    return a_row == 1 && a_column >= PAGE && may_want_strips(kernels, n);
}

/* m rows of it, whose element (i, k) is a[i + k * column], in strips. A few k at a time, so that what is read
 * and what is written stay in the first cache. */
static void pack_strips(const rnni_kernels *kernels, int64_t m, int64_t k, const rnni_real *a, int64_t column,
                        rnni_real *strips)
{
    enum { BLOCK = 4 };
    rnni_tiling tiles = rnni_tiles_of(kernels->mr, m);
    for (int64_t p = 0; p < k; p += BLOCK) {
        int64_t depth = least(k - p, BLOCK);
        for (int64_t t = 0, i = 0, rows; t < tiles.count; t++, i += rows) {
            rows = rnni_tile_height(tiles, t);
            pack_strip(rows, depth, a + p * column + i, column, strips + i * k + p * rows);
        }
    }
}

/* The size of nearly equal slices of at most `most` in which n is gone through: depth or rows. */
static int64_t slice_of(int64_t n, int64_t most)
{
    if (n <= most) return n; /* small products feel a division */
    const int64_t slices = (n + most - 1) / most;
    return (n + slices - 1) / slices;
}

/* All rows of C, `block` of them at a time against every panel. */
static void block_product(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k, left_matrix a,
                          right_matrix b, int64_t block, rnni_real *strips, result_matrix c,
                          rnni_ahead *ahead)
{
    for (int64_t i = 0; i < m; i += block) {
        left_matrix left = {a.data + i * a.row, a.row, a.column};
        if (strips) {
            pack_strips(kernels, least(m - i, block), k, left.data, a.column, strips);
            left = (left_matrix){ strips, k, 0 };
        }
        kernels->panels(least(m - i, block), n, k, left.data, left.row, left.column, b.data, b.panel, b.row,
                        c.start, c.bias, c.data + i * c.ld, c.ld, ahead);
    }
}

/* Rows of A that are taken against all panels before the next rows: as many as stay in the second cache. */
static int64_t rows_at_once(const rnni_kernels *kernels, int64_t m, int64_t k)
{
    enum { ELEMENTS = 128 * 1024, FEWEST = 96 };
    if (m <= FEWEST) return FEWEST;
    int64_t rows = k > 0 ? ELEMENTS / k : ELEMENTS;
    return round_up(rows > FEWEST ? rows : FEWEST, kernels->mr);
}

void rnni_gemm_packed(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k, const rnni_real *a,
                      int64_t row_stride, int64_t column_stride, const rnni_real *packed, rnni_start start,
                      const rnni_real *bias, rnni_real *c, int64_t ldc, rnni_ahead *ahead)
{
    if (start != RNNI_FROM_BIAS) bias = NULL;
    if (m == 1) {
        kernels->row(n, k, a, column_stride, packed, (int)start, bias, c);
        return;
    }
    if (m <= 0 || n <= 0) return;
    const int64_t nr = kernels->nr, most = slice_of(k, rnni_ahead_turns(ahead) ? DEEPEST_STEP : DEEPEST);
    int64_t p = 0;
    do {
        const int64_t depth = least(k - p, most);
        left_matrix left = {a + p * column_stride, row_stride, column_stride};
        result_matrix result = {c, ldc, bias, p ? RNNI_FROM_C : (int)start};
        right_matrix right = {packed + p * nr, nr * k, nr};
        block_product(kernels, m, n, depth, left, right, rows_at_once(kernels, m, depth), NULL, result,
                      ahead);
        p += depth;
    } while (p < k);
}

/* Slices of the general product: a C that no second cache holds is gone through fewer times. */
static int64_t deepest_of(const rnni_kernels *kernels, int64_t m, int64_t n)
{
    enum { LARGE = 512 * 1024 };
    return m > 0 && n >= LARGE / m ? 2 * kernels->kc : kernels->kc;
}

/* Columns that its panels take in scratch, filled up. */
static int64_t packed_columns(const rnni_kernels *kernels, int64_t n)
{
    return round_up(least(n, GEMM_NC), kernels->nr);
}

static int64_t block_scratch(const rnni_kernels *kernels, int64_t m, int64_t n)
{
    const int64_t rows = may_want_strips(kernels, n) ? kernels->mc : 0;
    return (packed_columns(kernels, n) + rows) * deepest_of(kernels, m, n) + GEMM_ALIGN;
}

/* A C of one vector's columns or fewer has few chains a tile and lanes to spare, and where panels are two
 * vectors wide one that does not fill them has slower tiles. Turned round it has neither: its rows become
 * columns, TURNED of them at a time, as many sums in the same order. */
static bool is_narrow(const rnni_kernels *kernels, int64_t m, int64_t n)
{
    const int64_t width = kernels->width, narrow = kernels->nr == 2 * width ? kernels->nr - 1 : width;
    return n <= narrow && m >= 2 * width;
}

int64_t rnni_gemm_scratch(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k)
{
    (void)k;
    const int64_t blocks = block_scratch(kernels, m, n);
    if (!is_narrow(kernels, m, n)) return blocks;
    const int64_t rows = least(m, TURNED), turned = rows * n + block_scratch(kernels, n, rows);
    return turned > blocks ? turned : blocks;
}

/* B's rows do as panels where they lie close enough together to be read without packing, or are read too few
 * times to be worth it, and no tile reads beyond them. */
static bool serves_as_panels(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t b_row,
                             int64_t b_column)
{
    const int64_t few = FEW_TILES * kernels->mr;
    return b_column == 1 && n % kernels->step == 0 && (b_row <= 2 * kernels->nr || m <= few);
}

/* B is packed, unless it serves as it is: it is read m / mr times. A's rows (or, for a transposed A, the few
 * neighbours that a tile takes of each) come straight from where they are, but for those of wants_strips. */
static void blocks_of_product(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k,
                              const rnni_real *a, int64_t a_row, int64_t a_column, const rnni_real *b,
                              int64_t b_row, int64_t b_column, rnni_start start, rnni_real *c, int64_t ldc,
                              rnni_real *scratch, rnni_ahead *ahead)
{
    const int64_t most = slice_of(k, deepest_of(kernels, m, n));
    rnni_real *panels = (rnni_real *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63);
    rnni_real *strips = panels + packed_columns(kernels, n) * most;
    if (!wants_strips(kernels, n, a_row, a_column)) strips = NULL;
    for (int64_t j = 0; j < n; j += GEMM_NC) {
        int64_t columns = least(n - j, GEMM_NC), p = 0;
        do {
            int64_t depth = least(k - p, most);
            left_matrix left = {a + p * a_column, a_row, a_column};
            result_matrix result = {c + j, ldc, NULL, p ? RNNI_FROM_C : (int)start};
            const rnni_real *from = b + p * b_row + j * b_column;
            right_matrix right = {panels, kernels->nr * depth, kernels->nr};
            if (serves_as_panels(kernels, m, n, b_row, b_column))
                right = (right_matrix){ from, kernels->nr, b_row };
            else rnni_pack(kernels, depth, columns, from, b_row, b_column, panels);
            block_product(kernels, m, columns, depth, left, right, kernels->mc, strips, result, ahead);
            p += depth;
        } while (p < k);
    }
}

/* C^T = B^T A^T, the same sums, for m <= TURNED. */
static void turned_product(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k, const rnni_real *a,
                           int64_t a_row, int64_t a_column, const rnni_real *b, int64_t b_row,
                           int64_t b_column, rnni_start start, rnni_real *c, int64_t ldc, rnni_real *scratch,
                           rnni_ahead *ahead)
{
    rnni_real *turned = scratch;
    if (start == RNNI_FROM_C) kernels->turn(m, n, c, ldc, turned, m);
    blocks_of_product(kernels, n, m, k, b, b_column, b_row, a, a_column, a_row, start, turned, m,
                      scratch + m * n, ahead);
    kernels->turn(n, m, turned, m, c, ldc);
}

void rnni_gemm(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k, const rnni_real *a,
               int64_t a_row, int64_t a_column, const rnni_real *b, int64_t b_row, int64_t b_column,
               rnni_start start, rnni_real *c, int64_t ldc, rnni_real *scratch, rnni_ahead *ahead)
{
    enum { WORTH_TURNING = 32 };
    if (m <= 0 || n <= 0) return;
    if (!is_narrow(kernels, m, n) || k < WORTH_TURNING) {
        blocks_of_product(kernels, m, n, k, a, a_row, a_column, b, b_row, b_column, start, c, ldc, scratch,
                          ahead);
        return;
    }
    const int64_t rows = round_up(slice_of(m, TURNED), kernels->nr); /* whole panels */
    for (int64_t i = 0; i < m; i += rows)
        turned_product(kernels, least(m - i, rows), n, k, a + i * a_row, a_row, a_column, b, b_row,
                       b_column, start, c + i * ldc, ldc, scratch, ahead);
}
