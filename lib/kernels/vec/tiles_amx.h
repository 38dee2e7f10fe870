/* SPDX-License-Identifier: MIT */
/* Tiles: eight registers of up to 16 rows of 64 bytes, and an instruction that multiplies two of them (AMX).
 *   tiles_begin, tiles_end         shapes of all eight; between the two nobody else uses them
 *   TILE_LOAD(t, place), TILE_STORE(t, place)    rows `stride` bytes apart, which may be 0
 *   TILE_DOT(sums, left, right)    sums[m][n] += left[m] right[n] over a row's pairs of bfloat16 (reduced.h):
 *                                  first numbers in one chain of multiply-adds from 0, second ones in
 *                                  another, then both together; denormals are 0
 * Numbers of tiles are literal. In assembler, as a compiler is to know that a load reads memory. */
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

static inline void tiles_begin(const tiles_shapes *shapes)
{
    __asm__ volatile("ldtilecfg %0" : : "m"(*shapes));
}
static inline void tiles_end(void) { __asm__ volatile("tilerelease" : : : "memory"); }

#define TILE_LOAD(t, place)                                                                    \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #t : : "r"((place).at), "r"((place).stride) : "memory")
#define TILE_STORE(t, place)                                                                   \
    __asm__ volatile("tilestored %%tmm" #t ", (%0,%1,1)" : : "r"((place).at), "r"((place).stride) : "memory")
#define TILE_DOT(sums, left, right)                                                            \
    __asm__ volatile("tdpbf16ps %%tmm" #right ", %%tmm" #left ", %%tmm" #sums : : : )

#endif
