/* SPDX-License-Identifier: MIT */
#ifndef RNNI_CELL_PRODUCTS_H
#define RNNI_CELL_PRODUCTS_H

#include "cells/cell.h"

#include <string.h>

/* The four products that cells are made of, on a slice of the recurrent weights: gates [first, first + count)
 * of weight_hh [gates * h][h]. In z the same gates may stand in other blocks, so those are given apart. */

static inline int64_t rnni_cell_packed_size(const rnni_kernels *k, int64_t h, int64_t count)
{
    return rnni_packed_size(k, h, count * h);
}

/* U^T for the forward product: [h] x [count * h]. */
static inline void rnni_cell_pack(const rnni_kernels *k, int64_t h, int64_t first, int64_t count,
                                  const rnni_real *weight_hh, rnni_real *packed)
{
    rnni_pack(k, h, count * h, weight_hh + first * h * h, 1, h, packed);
}

static inline int64_t rnni_cell_packed_backward_size(const rnni_kernels *k, int64_t h, int64_t count)
{
    return rnni_packed_size(k, count * h, h);
}

/* U for the way back: [count * h] x [h]. */
static inline void rnni_cell_pack_backward(const rnni_kernels *k, int64_t h, int64_t first, int64_t count,
                                           const rnni_real *weight_hh, rnni_real *packed)
{
    rnni_pack(k, count * h, h, weight_hh + first * h * h, h, 1, packed);
}

/* z[:, block ..] += in U^T (or = bias + in U^T, or = in U^T). */
static inline void rnni_cell_product(const rnni_cell_step *s, int64_t ldz, int64_t block, int64_t count,
                                     const rnni_real *in, const rnni_real *packed, rnni_start start)
{
    if (s->reduced) { /* the second piece is the one that does not begin the packed weights */
        rnni_team_reduced(s->team, s->kernels, &s->reduced[packed != s->packed], s->rows, in, s->o, start,
                          s->bias, s->z + block * s->h, ldz, s->ahead, NULL);
        return;
    }
    rnni_team_packed(s->team, s->kernels, s->rows, count * s->h, s->o, in, s->o, packed, start, s->bias,
                     s->z + block * s->h, ldz, s->ahead);
}

/* out = (or +=) dz[:, block ..] U. */
static inline void rnni_cell_product_backward(const rnni_cell_step *s, int64_t ldz, int64_t block,
                                              int64_t count, const rnni_real *packed, rnni_start start,
                                              rnni_real *out)
{
    if (s->reduced) {
        rnni_team_reduced(s->team, s->kernels, &s->reduced[packed != s->packed], s->rows,
                          s->dz + block * s->h, ldz, start, NULL, out, s->o, s->ahead, s->room);
        return;
    }
    rnni_team_packed(s->team, s->kernels, s->rows, s->o, count * s->h, s->dz + block * s->h, ldz, packed,
                     start, NULL, out, s->o, s->ahead);
}

/* dh += mask * d(masked h), where mask NULL stands for ones. Scratch may be the summand. */
static inline void rnni_cell_add_masked(const rnni_cell_step *s, rnni_real *summand)
{
    int64_t n = s->rows * s->o;
    if (s->mask) s->kernels->multiply_add(n, summand, s->mask, s->dh);
    else s->kernels->axpy(n, 1, summand, s->dh);
}

/* dU[first ..] += dz[:, block ..]^T in, and db likewise, over all rows. Of gates that stand in their own
 * blocks the other bias has the same sum. */
static inline void rnni_cell_accumulate(const rnni_cell_gradient *g, int64_t ldz, int64_t block,
                                        int64_t first, int64_t count, const rnni_real *in)
{
    int64_t h = g->h, o = g->o;
    const rnni_real *dz = g->dz + block * h;
    rnni_team_outer(g->team, g->kernels, g->halves, count * h, o, g->rows, dz, ldz, in, o,
                    g->weight_hh + first * h * o, o, g->scratch, g->ahead);
    if (g->bias_hh && g->bias_ih && block == first)
        memcpy(g->bias_hh + first * h, g->bias_ih + first * h, (size_t)(count * h) * sizeof *dz);
    else if (g->bias_hh) g->kernels->column_sums(g->rows, count * h, dz, ldz, g->bias_hh + first * h);
}

/* A GRU's recurrent weights are packed in two pieces, gates r and z together and n apart, since n's product
 * stands alone. */

static inline int64_t rnni_gru_packed_size(const rnni_kernels *k, int64_t h)
{
    return rnni_cell_packed_size(k, h, 2) + rnni_cell_packed_size(k, h, 1);
}

static inline void rnni_gru_pack(const rnni_kernels *k, int64_t h, const rnni_real *weight_hh,
                                 rnni_real *packed)
{
    rnni_cell_pack(k, h, 0, 2, weight_hh, packed);
    rnni_cell_pack(k, h, 2, 1, weight_hh, packed + rnni_cell_packed_size(k, h, 2));
}

static inline int64_t rnni_gru_packed_backward_size(const rnni_kernels *k, int64_t h)
{
    return rnni_cell_packed_backward_size(k, h, 2) + rnni_cell_packed_backward_size(k, h, 1);
}

static inline void rnni_gru_pack_backward(const rnni_kernels *k, int64_t h, const rnni_real *weight_hh,
                                          rnni_real *packed)
{
    rnni_cell_pack_backward(k, h, 0, 2, weight_hh, packed);
    rnni_cell_pack_backward(k, h, 2, 1, weight_hh, packed + rnni_cell_packed_backward_size(k, h, 2));
}

#endif
