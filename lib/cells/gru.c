/* SPDX-License-Identifier: MIT */
#include "cells/products.h"

/* GRU whose reset gate acts after the recurrent product (Cho 2014 in its second form; PyTorch, cuDNN), gates
 * r, z, n:
 *
 *   ar = b_r + W_r x + U_r h_in        az = b_z + W_z x + U_z h_in
 *   an = b_n + W_n x                   q  = c_n + U_n h_in          (c_n: the recurrent bias, kept apart)
 *   r = sigmoid(ar)   z = sigmoid(az)  n = tanh(an + r q)
 *   h_out = (1 - z) n + z h_in
 *
 * Back: with dh the gradient of h_out,
 *
 *   daz = dh (h_in - n) z (1 - z)      dan = dh (1 - z) (1 - n^2)
 *   dar = dan q r (1 - r)              dq  = dan r
 *   dh_in = dh z + U_r^T dar + U_z^T daz + U_n^T dq
 *   dU_r = sum_t dar h_in^T   dU_z = sum_t daz h_in^T   dU_n = sum_t dq h_in^T   dc_n = sum_t dq
 *
 * The blocks of z are r, z, n, q. Under recurrent dropout the products see the masked h_in, the carry z h_in
 * does not. */

enum { BLOCKS = 4, Q = 3 };

static void gates(int64_t from, int64_t count, const void *step)
{
    const rnni_cell_step *s = step;
    int64_t h = s->h, at = from * h;
    s->kernels->gru_gates(count, h, s->z + BLOCKS * at, BLOCKS * h, s->h_in + at, h, s->h_out + at, h);
}

static void gates_backward(int64_t from, int64_t count, const void *step)
{
    const rnni_cell_step *s = step;
    int64_t h = s->h, ldz = BLOCKS * h, at = from * h;
    s->kernels->gru_gates_backward(count, h, s->z + BLOCKS * at, ldz, s->h_in + at, h, s->dh + at, h,
                                   s->dy ? s->dy + from * s->lddy : NULL, s->lddy, s->next_dy,
                                   s->dz + BLOCKS * at, ldz);
}

static void forward(const rnni_cell_step *s)
{
    int64_t h = s->h, ldz = BLOCKS * h;
    const rnni_real *packed_n = s->packed + rnni_cell_packed_size(s->kernels, h, 2);
    rnni_cell_product(s, ldz, 0, 2, s->h_masked, s->packed, RNNI_FROM_C);
    rnni_cell_product(s, ldz, Q, 1, s->h_masked, packed_n, s->bias ? RNNI_FROM_BIAS : RNNI_FROM_ZERO);
    rnni_team_rows(s->team, s->rows, h, gates, s);
}

static void backward(const rnni_cell_step *s)
{
    int64_t h = s->h, ldz = BLOCKS * h;
    const rnni_real *packed_n = s->packed + rnni_cell_packed_backward_size(s->kernels, h, 2);
    rnni_team_rows(s->team, s->rows, h, gates_backward, s);
    rnni_real *products = s->mask ? s->scratch : s->dh;
    rnni_cell_product_backward(s, ldz, 0, 2, s->packed, s->mask ? RNNI_FROM_ZERO : RNNI_FROM_C, products);
    rnni_cell_product_backward(s, ldz, Q, 1, packed_n, RNNI_FROM_C, products);
    if (s->mask) rnni_cell_add_masked(s, products);
}

static void gradient(const rnni_cell_gradient *g)
{
    rnni_cell_accumulate(g, BLOCKS * g->h, 0, 0, 2, g->h_masked);
    rnni_cell_accumulate(g, BLOCKS * g->h, Q, 2, 1, g->h_masked);
}

static rnni_row_kernel *row(const rnni_kernels *k) { return k->gru_row; }

const rnni_cell rnni_cell_gru = {
    .name = "gru", .gates = 3, .blocks = BLOCKS, .states = 1, .extra = 0, .apart = 2, .dz_apart = true,
    .packed_size = rnni_gru_packed_size, .pack = rnni_gru_pack,
    .packed_backward_size = rnni_gru_packed_backward_size, .pack_backward = rnni_gru_pack_backward,
    .forward = forward, .row = row, .backward = backward, .gradient = gradient,
};
