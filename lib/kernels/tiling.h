/* SPDX-License-Identifier: MIT */
#ifndef RNNI_TILING_H
#define RNNI_TILING_H

#include "kernels/isa.h"

/* How the rows of a product are cut: into tiles, for those who compute them and those who pack for them, and
 * into larger parts. */

/* m rows in tiles of at most mr and nearly equal height: 32 rows are 6, 6, 5, 5, 5, 5. */
typedef struct rnni_tiling { int64_t count, low, taller; } rnni_tiling;

static inline rnni_tiling rnni_tiles_of(int64_t mr, int64_t m)
{
    if (m <= mr) return (rnni_tiling){ m > 0, m, 0 };
    int64_t count = (m + mr - 1) / mr;
    return (rnni_tiling){ count, m / count, m % count };
}

static inline int64_t rnni_tile_height(rnni_tiling tiles, int64_t t)
{
    return tiles.low + (t < tiles.taller);
}

#endif
