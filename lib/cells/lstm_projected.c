/* SPDX-License-Identifier: MIT */
#include "cells/products.h"

/* LSTM whose output is projected (Sak, Senior and Beaufays 2014; PyTorch's proj_size): the state h has o
 * numbers, the cell and its gates have h.
 *
 *   i, f, g, o and c_out as the LSTM's, from b + W x + U h_in, U [4 h][o]
 *   m = o tanh(c_out)               h_out = R m,  R [o][h]
 *
 * Back: dR = sum_t dh m^T, dm = R^T dh takes the place of the LSTM's dh, and dh_in = U^T da. `extra` keeps
 * m. */

enum { GATES = 4 };

static void forward(const rnni_cell_step *s)
{
    int64_t h = s->h, ldz = GATES * h;
    rnni_cell_product(s, ldz, 0, GATES, s->h_masked, s->packed, RNNI_FROM_C);
    s->kernels->lstm_gates(s->rows, h, s->z, ldz, s->c_in, h, s->c_out, h, s->extra, h);
    if (s->reduced)
        rnni_team_reduced(s->team, s->kernels, &s->reduced[2], s->rows, s->extra, h, RNNI_FROM_ZERO, NULL,
                          s->h_out, s->o, s->ahead, NULL);
    else
        rnni_team_packed(s->team, s->kernels, s->rows, s->o, h, s->extra, h, s->packed_out, RNNI_FROM_ZERO,
                         NULL, s->h_out, s->o, s->ahead);
}

static void backward(const rnni_cell_step *s)
{
    const rnni_kernels *k = s->kernels;
    int64_t h = s->h, ldz = GATES * h;
    rnni_real *dm = s->scratch;
    rnni_team_outer(s->team, k, false, s->o, h, s->rows, s->dh, s->o, s->extra, h, s->dweight_out, h,
                    s->scratch_out, NULL);
    rnni_team_packed(s->team, k, s->rows, h, s->o, s->dh, s->o, s->packed_out, RNNI_FROM_ZERO, NULL, dm, h,
                     s->ahead);
    k->lstm_gates_backward(s->rows, h, s->z, ldz, s->c_in, h, dm, h, NULL, 0, 0, s->dc, h, s->dz, ldz);
    rnni_cell_product_backward(s, ldz, 0, GATES, s->packed, RNNI_FROM_ZERO, s->dh);
    if (s->mask) k->multiply(s->rows * s->o, s->dh, s->mask, s->dh);
}

static void gradient(const rnni_cell_gradient *g)
{
    rnni_cell_accumulate(g, GATES * g->h, 0, 0, GATES, g->h_masked);
}

const rnni_cell rnni_cell_lstm_projected = {
    .name = "lstm_projected", .gates = GATES, .blocks = GATES, .states = 2, .extra = 1, .apart = -1,
    .projects = true, .forward = forward, .backward = backward, .gradient = gradient,
};
