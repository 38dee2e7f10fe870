/* SPDX-License-Identifier: MIT */
/* Tiles: eight registers of up to 16 rows of 64 bytes, and an instruction that multiplies two of them. Every
 * tiles_<name>.h defines
 *   tiles_begin, tiles_end         shapes of all eight; between the two nobody else uses them
 *   TILE_LOAD(t, place), TILE_STORE(t, place)    rows `stride` bytes apart, which may be 0
 *   TILE_LOAD_ONCE(t, place)       the same for what is not wanted soon again: others may stay nearer
 *   TILE_DOT(sums, left, right)    sums[m][n] += left[m] right[n] over a row's pairs of bfloat16 (reduced.h):
 *                                  first numbers in one chain of multiply-adds from 0, second ones in
 *                                  another, then both together; denormals are 0
 * Numbers of tiles are literal. */
#ifndef RNNI_TILES_H
#define RNNI_TILES_H

#include <stdint.h>

/* As ldtilecfg reads it. */
typedef struct {
    uint8_t palette, start_row, zeros[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tiles_shapes;

typedef struct { const void *at; int64_t stride; } tiles_place;

#endif
