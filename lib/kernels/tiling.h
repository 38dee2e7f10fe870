/* SPDX-License-Identifier: MIT */
#ifndef RNNI_TILING_H
#define RNNI_TILING_H

#include "kernels/isa.h"

/* How the rows of a product are cut into tiles, for those who compute them and those who pack for them. */

/* m rows in tiles of at most mr and nearly equal height: 32 rows are 6, 6, 5, 5, 5, 5. */
typedef struct rnni_tiling { int64_t count, low, taller; } rnni_tiling;

static inline rnni_tiling rnni_tiles_of(int64_t mr, int64_t m)
{
    int64_t count = (m + mr - 1) / mr;
    return (rnni_tiling){ count, count ? m / count : 0, count ? m % count : 0 };
}

static inline int64_t rnni_tile_height(rnni_tiling tiles, int64_t t)
{
    return tiles.low + (t < tiles.taller);
}

/* A tile begins with what C holds and ends with its sums there: asked for while the tile above is computed,
 * it is there in time. */
static inline void rnni_fetch_result(int64_t rows, int64_t columns, const rnni_real *c, int64_t ld)
{
    enum { LINE = 64 / sizeof(rnni_real) };
    for (int64_t i = 0; i < rows; i++, c += ld) {
        for (int64_t j = 0; j < columns; j += LINE) __builtin_prefetch(c + j, 1);
        __builtin_prefetch(c + columns - 1, 1);
    }
}

#endif
