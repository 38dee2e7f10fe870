/* SPDX-License-Identifier: MIT */
/* The micro-kernel without an instruction set: 4 rows x 8 columns, each sum one chain of a multiplication and
 * an addition per k in ascending order. Columns go in groups that compilers put into registers of 16 bytes
 * where the machine has them; the arithmetic of a lane is that of a plain number. */
#ifndef RNNI_TILE_SCALAR_H
#define RNNI_TILE_SCALAR_H

#ifdef __GNUC__
typedef rnni_real lanes __attribute__((vector_size(16)));
enum { LANES = 16 / sizeof(rnni_real) };
#else
typedef rnni_real lanes;
enum { LANES = 1 };
#endif

enum { TILE_MR = 4, TILE_NR = 8, GROUPS = TILE_NR / LANES };
enum { TILE_TALL = TILE_MR, TALL_VECS = 0 }; /* as tile.h has them: no taller tiles */

static inline void tile_begin(int64_t columns, int start, const rnni_real *bias, const rnni_real *c,
                              rnni_real *sum)
{
    const rnni_real *from = start == RNNI_FROM_C ? c : bias;
    for (int64_t j = 0; j < TILE_NR; j++) sum[j] = start != RNNI_FROM_ZERO && j < columns ? from[j] : 0;
}

BODY_INLINE void tile_block(const int rows, int64_t columns, int64_t k, const rnni_real *a,
                            int64_t row_stride, int64_t column_stride, const rnni_real *panel, int64_t panel_stride, int start,
                            const rnni_real *bias, rnni_real *c, int64_t ldc)
{
    lanes sum[TILE_MR][GROUPS], b[GROUPS];
    rnni_real buffer[TILE_MR][TILE_NR];
    for (int i = 0; i < rows; i++) tile_begin(columns, start, bias, c + i * ldc, buffer[i]);
    memcpy(sum, buffer, (size_t)rows * sizeof buffer[0]);
    for (; k > 0; k--, a += column_stride, panel += panel_stride) {
        memcpy(b, panel, sizeof b);
        for (int i = 0; i < rows; i++)
            for (int g = 0; g < GROUPS; g++) sum[i][g] += a[i * row_stride] * b[g];
    }
    memcpy(buffer, sum, (size_t)rows * sizeof buffer[0]);
    for (int i = 0; i < rows; i++) memcpy(c + i * ldc, buffer[i], (size_t)columns * sizeof *c);
}

static void tile(int64_t rows, int64_t columns, int64_t k, const rnni_real *a, int64_t row_stride,
                 int64_t column_stride, const rnni_real *panel, int64_t panel_stride, int start,
                 const rnni_real *bias, rnni_real *c, int64_t ldc, rnni_ahead *ahead, const rnni_real *next)
{
    (void)next;
    rnni_ahead_some(ahead, k);
    switch (rows) {
    case 1: tile_block(1, columns, k, a, row_stride, column_stride, panel, panel_stride, start, bias, c, ldc); break;
    case 2: tile_block(2, columns, k, a, row_stride, column_stride, panel, panel_stride, start, bias, c, ldc); break;
    case 3: tile_block(3, columns, k, a, row_stride, column_stride, panel, panel_stride, start, bias, c, ldc); break;
    default: tile_block(4, columns, k, a, row_stride, column_stride, panel, panel_stride, start, bias, c, ldc); break;
    }
}

static void KERNEL(row)(int64_t n, int64_t k, const rnni_real *a, int64_t column_stride,
                        const rnni_real *packed, int start, const rnni_real *bias, rnni_real *c)
{
    for (int64_t j = 0; j < n; j += TILE_NR) {
        int64_t columns = n - j < TILE_NR ? n - j : TILE_NR;
        tile_block(1, columns, k, a, 0, column_stride, packed + j * k, TILE_NR, start, bias ? bias + j : NULL, c + j,
                   0);
    }
}

#endif
