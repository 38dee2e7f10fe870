/* SPDX-License-Identifier: MIT */
#include "cells/products.h"

/* GRU whose reset gate acts on the state before the recurrent product (Cho 2014 in its first form; Keras'
 * reset_after=False), gates r, z, n, with m = h_in, or h_in under the recurrent dropout's mask:
 *
 *   ar = b_r + W_r x + U_r m           az = b_z + W_z x + U_z m
 *   r = sigmoid(ar)   z = sigmoid(az)  an = b_n + W_n x + U_n (r m)      n = tanh(an)
 *   h_out = (1 - z) n + z h_in
 *
 * Back: with dh the gradient of h_out,
 *
 *   daz = dh (h_in - n) z (1 - z)      dan = dh (1 - z) (1 - n^2)
 *   d(r m) = U_n^T dan                 dar = d(r m) m r (1 - r)
 *   dh_in = dh z + mask [ d(r m) r + U_r^T dar + U_z^T daz ]
 *   dU_r = sum_t dar m^T   dU_z = sum_t daz m^T   dU_n = sum_t dan (r m)^T
 *
 * `extra` keeps r m for the last sum. */

enum { GATES = 3 };

static void forward(const rnni_cell_step *s)
{
    int64_t h = s->h, ldz = GATES * h;
    const rnni_real *packed_n = s->packed + rnni_cell_packed_size(s->kernels, h, 2);
    rnni_cell_product(s, ldz, 0, 2, s->h_masked, s->packed, RNNI_FROM_C);
    s->kernels->gru_before_reset(s->rows, h, s->z, ldz, s->h_masked, h, s->extra, h);
    rnni_cell_product(s, ldz, 2, 1, s->extra, packed_n, RNNI_FROM_C);
    s->kernels->gru_before_blend(s->rows, h, s->z, ldz, s->h_in, h, s->h_out, h);
}

static void backward(const rnni_cell_step *s)
{
    int64_t h = s->h, n = s->rows * h, ldz = GATES * h;
    const rnni_real *packed_n = s->packed + rnni_cell_packed_backward_size(s->kernels, h, 2);
    rnni_real *d_rm = s->scratch, *d_m = s->scratch + n;
    s->kernels->gru_before_blend_backward(s->rows, h, s->z, ldz, s->h_in, h, s->dh, h);
    rnni_cell_product_backward(s, ldz, 2, 1, packed_n, RNNI_FROM_ZERO, d_rm);
    s->kernels->gru_before_reset_backward(s->rows, h, s->z, ldz, s->h_masked, h, d_rm, h, d_m, h);
    rnni_cell_product_backward(s, ldz, 0, 2, s->packed, RNNI_FROM_C, d_m);
    rnni_cell_add_masked(s, d_m);
}

static void gradient(const rnni_cell_gradient *g)
{
    rnni_cell_accumulate(g, GATES * g->h, 0, 0, 2, g->h_masked);
    rnni_cell_accumulate(g, GATES * g->h, 2, 2, 1, g->extra);
}

const rnni_cell rnni_cell_gru_before = {
    .name = "gru_before", .gates = GATES, .blocks = GATES, .states = 1, .extra = 1, .apart = -1,
    .packed_size = rnni_gru_packed_size, .pack = rnni_gru_pack,
    .packed_backward_size = rnni_gru_packed_backward_size, .pack_backward = rnni_gru_pack_backward,
    .forward = forward, .backward = backward, .gradient = gradient,
};
