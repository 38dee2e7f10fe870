/* SPDX-License-Identifier: MIT */
#include "cells/products.h"

/* LSTM (Hochreiter and Schmidhuber 1997; forget gate: Gers, Schmidhuber and Cummins 2000), gates i, f, g, o:
 *
 *   [ai af ag ao] = b + W x + U h_in
 *   i = sigmoid(ai)   f = sigmoid(af)   g = tanh(ag)   o = sigmoid(ao)
 *   c_out = f c_in + i g                h_out = o tanh(c_out)
 *
 * Back: with dh and dc the gradients of h_out and c_out, u = tanh(c_out) computed again,
 *
 *   dc  = dc + dh o (1 - u^2)
 *   dai = dc g i (1 - i)    daf = dc c_in f (1 - f)    dag = dc i (1 - g^2)    dao = dh u o (1 - o)
 *   dc_in = dc f            dh_in = U^T [dai daf dag dao]
 *   dU = sum_t da h_in^T    db = sum_t da
 *
 * z holds the four a, then i f g o. The arithmetic between the products is the kernel lstm_gates. */

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

static void gates(int64_t from, int64_t count, const void *step)
{
    const rnni_cell_step *s = step;
    int64_t h = s->h, at = from * h;
    s->kernels->lstm_gates(count, h, s->z + GATES * at, GATES * h, s->c_in + at, h, s->c_out + at, h,
                           s->h_out + at, h);
}

static void gates_backward(int64_t from, int64_t count, const void *step)
{
    const rnni_cell_step *s = step;
    int64_t h = s->h, ldz = GATES * h, at = from * h;
    s->kernels->lstm_gates_backward(count, h, s->z + GATES * at, ldz, s->c_in + at, h, s->dh + at, h,
                                    s->dy ? s->dy + from * s->lddy : NULL, s->lddy, s->next_dy, s->dc + at,
                                    h, s->dz + GATES * at, ldz);
}

static void forward(const rnni_cell_step *s)
{
    int64_t h = s->h;
    /* z stays then: nobody goes back through weights in int8 */
    if (s->rows == 1 && s->reduced &&
        rnni_reduced_lstm(s->kernels, s->reduced, h, s->h_masked, s->z, s->c_in, s->c_out, s->h_out))
        return;
    rnni_cell_product(s, GATES * h, 0, GATES, s->h_masked, s->packed, RNNI_FROM_C);
    rnni_team_rows(s->team, s->rows, h, gates, s);
}

static rnni_row_kernel *row(const rnni_kernels *k) { return k->lstm_row; }

static void backward(const rnni_cell_step *s)
{
    int64_t h = s->h;
    rnni_team_rows(s->team, s->rows, h, gates_backward, s);
    rnni_cell_product_backward(s, GATES * h, 0, GATES, s->packed, RNNI_FROM_ZERO, s->dh);
    if (s->mask) s->kernels->multiply(s->rows * h, s->dh, s->mask, s->dh);
}

static void gradient(const rnni_cell_gradient *g)
{
    rnni_cell_accumulate(g, GATES * g->h, 0, 0, GATES, g->h_masked);
}

const rnni_cell rnni_cell_lstm = {
    .name = "lstm", .gates = GATES, .blocks = GATES, .states = 2, .extra = 0, .apart = -1, .dz_apart = true,
    .packed_size = packed_size, .pack = pack,
    .packed_backward_size = packed_backward_size, .pack_backward = pack_backward,
    .forward = forward, .row = row, .backward = backward, .gradient = gradient,
};
