/* SPDX-License-Identifier: MIT */
/* Tiles as lib/kernels/vec/tiles.h has them, in plain C after the instructions' definition (Intel,
 * Software Developer's Manual, volume 2: LDTILECFG, TILELOADD, TILESTORED, TDPBF16PS), so that what is built
 * of them runs on every machine. Shapes are checked as the processor does. Normal numbers alone: denormals
 * are not made 0. */
#ifndef TILES_EMULATED_H
#define TILES_EMULATED_H

#include "kernels/vec/tiles.h"

#include <math.h>
#include <string.h>

static struct {
    tiles_shapes shapes;
    int faults;                       /* operations that the processor would refuse */
    union { float sums[16][16]; uint16_t halves[16][32]; } tile[8];
} emulated;

static void tiles_begin(const tiles_shapes *shapes)
{
    emulated.shapes = *shapes;
    memset(emulated.tile, 0, sizeof emulated.tile);
    if (shapes->palette != 1 || shapes->start_row) emulated.faults++;
    for (int t = 0; t < 8; t++)
        if (!shapes->rows[t] || shapes->rows[t] > 16 || !shapes->row_bytes[t] || shapes->row_bytes[t] > 64)
            emulated.faults++;
}

static void tiles_end(void) { memset(&emulated.shapes, 0, sizeof emulated.shapes); }

static void tile_load(int t, tiles_place place)
{
    memset(&emulated.tile[t], 0, sizeof emulated.tile[t]);
    if (emulated.shapes.palette != 1) emulated.faults++;
    for (int i = 0; i < emulated.shapes.rows[t]; i++)
        memcpy(emulated.tile[t].sums[i], (const char *)place.at + i * place.stride,
               emulated.shapes.row_bytes[t]);
}

static void tile_store(int t, tiles_place place)
{
    if (emulated.shapes.palette != 1) emulated.faults++;
    for (int i = 0; i < emulated.shapes.rows[t]; i++)
        memcpy((char *)(uintptr_t)place.at + i * place.stride, emulated.tile[t].sums[i],
               emulated.shapes.row_bytes[t]);
}

static void tile_dot(int sums, int left, int right)
{
    const tiles_shapes *s = &emulated.shapes;
    if (s->palette != 1 || s->rows[sums] != s->rows[left] || s->row_bytes[sums] != s->row_bytes[right] ||
        s->row_bytes[left] != 4 * s->rows[right]) emulated.faults++;
    for (int m = 0; m < s->rows[sums]; m++)
        for (int n = 0; n < s->row_bytes[sums] / 4; n++) {
            float chain[2] = {0, 0};
            for (int k = 0; k < s->rows[right]; k++)
                for (int i = 0; i < 2; i++)
                    chain[i] = fmaf(rnni_bf16_value(emulated.tile[left].halves[m][2 * k + i]),
                                    rnni_bf16_value(emulated.tile[right].halves[k][2 * n + i]), chain[i]);
            emulated.tile[sums].sums[m][n] += chain[0] + chain[1];
        }
}

/* v_turn as vec_avx512.h has it: y[j][i] = x[i][j] for i, j < TURN. */
enum { TURN = 8 };
static void v_turn(const float *x, int64_t ldx, float *y, int64_t ldy)
{
    for (int i = 0; i < TURN; i++)
        for (int j = 0; j < TURN; j++) memcpy(y + j * ldy + i, x + i * ldx + j, sizeof *y);
}

#define TILE_LOAD(t, place) tile_load(t, place)
#define TILE_LOAD_ONCE(t, place) tile_load(t, place)
#define TILE_STORE(t, place) tile_store(t, place)
#define TILE_DOT(sums, left, right) tile_dot(sums, left, right)

#endif
