/* SPDX-License-Identifier: MIT */
#include "cells/products.h"

/* LSTM with peepholes (Gers and Schmidhuber 2000): vectors p_i, p_f, p_o let the gates see the cell, the old
 * one or, for o, the new one.
 *
 *   [ai af ag ao] = b + W x + U h_in
 *   i = sigmoid(ai + p_i c_in)   f = sigmoid(af + p_f c_in)   g = tanh(ag)
 *   c_out = f c_in + i g         o = sigmoid(ao + p_o c_out)  h_out = o tanh(c_out)
 *
 * Back: with dh and dc the gradients of h_out and c_out, u = tanh(c_out),
 *
 *   dao = dh u o (1 - o)         dc = dc + dh o (1 - u^2) + dao p_o
 *   dai = dc g i (1 - i)    daf = dc c_in f (1 - f)    dag = dc i (1 - g^2)
 *   dc_in = dc f + dai p_i + daf p_f                   dh_in = U^T [dai daf dag dao]
 *   dp_i = sum_t dai c_in   dp_f = sum_t daf c_in      dp_o = sum_t dao c_out */

enum { GATES = 4 };

static int64_t packed_size(const rnni_kernels *k, int64_t h) { return rnni_cell_packed_size(k, h, GATES); }
static int64_t packed_backward_size(const rnni_kernels *k, int64_t h)
{
    return rnni_cell_packed_backward_size(k, h, GATES);
}

static void pack(const rnni_kernels *k, int64_t h, const rnni_real *weight_hh, rnni_real *packed)
{
    rnni_cell_pack(k, h, 0, GATES, weight_hh, packed);
}

static void pack_backward(const rnni_kernels *k, int64_t h, const rnni_real *weight_hh, rnni_real *packed)
{
    rnni_cell_pack_backward(k, h, 0, GATES, weight_hh, packed);
}

static void forward(const rnni_cell_step *s)
{
    int64_t h = s->h, ldz = GATES * h;
    rnni_cell_product(s, ldz, 0, GATES, s->h_masked, s->packed, RNNI_FROM_C);
    s->kernels->lstm_peephole_gates(s->rows, h, s->z, ldz, s->vectors, s->c_in, h, s->c_out, h, s->h_out, h);
}

static void backward(const rnni_cell_step *s)
{
    int64_t h = s->h, ldz = GATES * h;
    s->kernels->lstm_peephole_gates_backward(s->rows, h, s->z, ldz, s->vectors, s->c_in, h, s->dh, h, s->dc,
                                             h, s->dvectors);
    rnni_cell_product_backward(s, ldz, 0, GATES, s->packed, RNNI_FROM_ZERO, s->dh);
    if (s->mask) s->kernels->multiply(s->rows * h, s->dh, s->mask, s->dh);
}

static void gradient(const rnni_cell_gradient *g)
{
    rnni_cell_accumulate(g, GATES * g->h, 0, 0, GATES, g->h_masked);
}

static const rnni_cell_vector vectors[] = { { "peephole_i", 1, false }, { "peephole_f", 1, false },
                                            { "peephole_o", 1, false } };

const rnni_cell rnni_cell_lstm_peephole = {
    .name = "lstm_peephole", .gates = GATES, .blocks = GATES, .states = 2, .extra = 0, .apart = -1,
    .vector_count = 3, .vectors = vectors, .packed_size = packed_size, .pack = pack,
    .packed_backward_size = packed_backward_size, .pack_backward = pack_backward, .forward = forward,
    .backward = backward, .gradient = gradient,
};
