/* SPDX-License-Identifier: MIT */
#include "cells/products.h"

/* SimpleRNN (Elman 1990), one gate:
 *
 *   a  = b + W x + U h_in                        h_out = act(a),  act = tanh or relu
 *
 * Back: with dh the gradient of h_out,
 *
 *   da = dh * act'(a)                            from the saved h_out: 1 - h_out^2, or h_out > 0
 *   dh_in = U^T da     dU = sum_t da h_in^T      db = sum_t da
 *
 * z holds a; nothing of it is kept, h_out says all. Small layers take U h_in in four chains (kernel
 * short_product). */

static bool is_short(int64_t h) { return h <= RNNI_SHORT_UNITS; }

static int64_t packed_size(const rnni_kernels *k, int64_t h)
{
    return is_short(h) ? rnni_row_size(k, 1, h, h) : rnni_cell_packed_size(k, h, 1);
}
static int64_t packed_backward_size(const rnni_kernels *k, int64_t h)
{
    return rnni_cell_packed_backward_size(k, h, 1);
}

static void pack(const rnni_kernels *k, int64_t h, const rnni_real *weight_hh, rnni_real *packed)
{
    if (is_short(h)) rnni_row_pack(k, 1, h, h, weight_hh, packed);
    else rnni_cell_pack(k, h, 0, 1, weight_hh, packed);
}

static void pack_backward(const rnni_kernels *k, int64_t h, const rnni_real *weight_hh, rnni_real *packed)
{
    rnni_cell_pack_backward(k, h, 0, 1, weight_hh, packed);
}

static void forward(const rnni_cell_step *s)
{
    if (is_short(s->h) && !s->reduced)
        s->kernels->short_product(s->rows, s->h, s->h, s->h_masked, s->h, s->packed, s->z, s->h,
                                  s->ahead);
    else rnni_cell_product(s, s->h, 0, 1, s->h_masked, s->packed, RNNI_FROM_C);
    s->kernels->rnn_gates(s->activation, s->rows, s->h, s->z, s->h, s->h_out, s->h);
}

static rnni_row_kernel *row(const rnni_kernels *k) { return k->rnn_row; }

static void backward(const rnni_cell_step *s)
{
    s->kernels->rnn_gates_backward(s->activation, s->rows, s->h, s->h_out, s->h, s->dh, s->h, s->dy, s->lddy,
                                   s->next_dy, s->dz, s->h);
    rnni_cell_product_backward(s, s->h, 0, 1, s->packed, RNNI_FROM_ZERO, s->dh);
    if (s->mask) s->kernels->multiply(s->rows * s->h, s->dh, s->mask, s->dh);
}

static void gradient(const rnni_cell_gradient *g)
{
    rnni_cell_accumulate(g, g->h, 0, 0, 1, g->h_masked);
}

const rnni_cell rnni_cell_rnn = {
    .name = "rnn", .gates = 1, .blocks = 1, .states = 1, .extra = 0, .apart = -1, .dz_apart = true,
    .from_output = true, .packed_size = packed_size, .pack = pack,
    .packed_backward_size = packed_backward_size, .pack_backward = pack_backward, .forward = forward,
    .row = row, .backward = backward, .gradient = gradient,
};
