/* SPDX-License-Identifier: MIT */
/* tiles.h for AMX. In assembler, as a compiler is to know that a load reads memory. */
#ifndef RNNI_TILES_AMX_H
#define RNNI_TILES_AMX_H

#include "kernels/vec/tiles.h"

static inline void tiles_begin(const tiles_shapes *shapes)
{
    __asm__ volatile("ldtilecfg %0" : : "m"(*shapes));
}
static inline void tiles_end(void) { __asm__ volatile("tilerelease" : : : "memory"); }

#define TILE_LOAD(t, place)                                                                    \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #t : : "r"((place).at), "r"((place).stride) : "memory")
#define TILE_LOAD_ONCE(t, place)                                                               \
    __asm__ volatile("tileloaddt1 (%0,%1,1), %%tmm" #t : : "r"((place).at), "r"((place).stride) : "memory")
#define TILE_STORE(t, place)                                                                   \
    __asm__ volatile("tilestored %%tmm" #t ", (%0,%1,1)" : : "r"((place).at), "r"((place).stride) : "memory")
#define TILE_DOT(sums, left, right)                                                            \
    __asm__ volatile("tdpbf16ps %%tmm" #right ", %%tmm" #left ", %%tmm" #sums : : : )

#endif
