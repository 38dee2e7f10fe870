/* SPDX-License-Identifier: MIT */
#include "kernels/kernels.h"

#include <string.h>

int64_t rnni_packed_size(const rnni_kernels *kernels, int64_t k, int64_t n)
{
    int64_t nr = kernels->nr;
    return (n + nr - 1) / nr * nr * k;
}

/* Rows of B lie together: one copy a row. */
static void pack_rows(int64_t nr, int64_t k, int64_t columns, const rnni_real *b, int64_t row_stride,
                      rnni_real *panel)
{
    for (int64_t p = 0; p < k; p++, panel += nr, b += row_stride)
        memcpy(panel, b, (size_t)columns * sizeof *b);
}

/* Any strides: sixteen rows of the panel at a time, so that they and the sixteen numbers read from each
 * column stay in the first cache. */
static void pack_columns(int64_t nr, int64_t k, int64_t columns, const rnni_real *b, int64_t row_stride,
                         int64_t column_stride, rnni_real *panel)
{
    enum { BLOCK = 16 };
    for (int64_t p = 0; p < k; p += BLOCK) {
        int64_t rows = k - p < BLOCK ? k - p : BLOCK;
        for (int64_t j = 0; j < columns; j++) {
            const rnni_real *from = b + p * row_stride + j * column_stride;
            rnni_real *to = panel + p * nr + j;
            for (int64_t i = 0; i < rows; i++) to[i * nr] = from[i * row_stride];
        }
    }
}

static void clear_padding(int64_t nr, int64_t k, int64_t columns, rnni_real *panel)
{
    for (int64_t p = 0; columns < nr && p < k; p++)
        memset(panel + p * nr + columns, 0, (size_t)(nr - columns) * sizeof *panel);
}

void rnni_pack(const rnni_kernels *kernels, int64_t k, int64_t n, const rnni_real *b, int64_t row_stride,
               int64_t column_stride, rnni_real *packed)
{
    int64_t nr = kernels->nr;
    for (int64_t j = 0; j < n; j += nr, packed += nr * k) {
        int64_t columns = n - j < nr ? n - j : nr;
        const rnni_real *first = b + j * column_stride;
        if (column_stride == 1) pack_rows(nr, k, columns, first, row_stride, packed);
        else if (row_stride == 1) kernels->turn(columns, k, first, column_stride, packed, nr);
        else pack_columns(nr, k, columns, first, row_stride, column_stride, packed);
        clear_padding(nr, k, columns, packed);
    }
}
