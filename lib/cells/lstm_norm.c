/* SPDX-License-Identifier: MIT */
#include "cells/products.h"

/* LSTM with layer norm (Ba, Kiros and Hinton 2016) of both products, each over all four gates, and of the
 * cell where the output reads it:
 *
 *   p = W x    q = U h_in           [ai af ag ao] = N_ih(p) + N_hh(q)
 *   N(v) = gain (v - mean) / sqrt(var + eps) + shift
 *   i, f, g, o as the LSTM's        c_out = f c_in + i g
 *   m = N_c(c_out)                  h_out = o tanh(m)
 *
 * The norms' shifts take the place of biases. Back: with u = tanh(m), N' the backward of a norm,
 *
 *   dao = dh u o (1 - o)            dc = dc + N_c'(dh o (1 - u^2))
 *   dai, daf, dag, dc_in from dc as the LSTM's
 *   dp = N_ih'(da)                  dq = N_hh'(da)                           dh_in = U^T dq
 *
 * z has twelve blocks: p, q and the gates, four each; backward leaves dp and dq in the place of p and q. */

enum { GATES = 4, Q = 4, A = 8, BLOCKS = 12 };
enum { GAIN_IH, SHIFT_IH, GAIN_HH, SHIFT_HH, GAIN_C, SHIFT_C };

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

/* a = N_ih(p) + N_hh(q), row by row; N_hh(q) goes through scratch [4 h]. */
static void pre_activations(const rnni_cell_step *s, rnni_real *scratch)
{
    const rnni_kernels *k = s->kernels;
    int64_t h = s->h, ldz = BLOCKS * h;
    k->layer_norm(s->rows, GATES * h, s->z, ldz, s->vectors[GAIN_IH], s->vectors[SHIFT_IH], s->epsilon,
                  s->z + A * h, ldz);
    for (int64_t r = 0; r < s->rows; r++) {
        rnni_real *row = s->z + r * ldz;
        k->layer_norm(1, GATES * h, row + Q * h, ldz, s->vectors[GAIN_HH], s->vectors[SHIFT_HH], s->epsilon,
                      scratch, GATES * h);
        k->axpy(GATES * h, 1, scratch, row + A * h);
    }
}

static void forward(const rnni_cell_step *s)
{
    const rnni_kernels *k = s->kernels;
    int64_t h = s->h, ldz = BLOCKS * h;
    rnni_real *m = s->scratch, *gates = s->z + A * h;
    rnni_cell_product(s, ldz, Q, GATES, s->h_masked, s->packed, RNNI_FROM_ZERO);
    pre_activations(s, s->scratch);
    k->lstm_cell_gates(s->rows, h, gates, ldz, s->c_in, h, s->c_out, h);
    k->layer_norm(s->rows, h, s->c_out, h, s->vectors[GAIN_C], s->vectors[SHIFT_C], s->epsilon, m, h);
    k->lstm_output(s->rows, h, gates, ldz, m, h, s->h_out, h);
}

static void backward(const rnni_cell_step *s)
{
    const rnni_kernels *k = s->kernels;
    int64_t h = s->h, n = s->rows * h, ldz = BLOCKS * h;
    rnni_real *c = s->scratch, *m = s->scratch + n, *gates = s->z + A * h, *q = s->z + Q * h;
    k->lstm_cell_again(s->rows, h, gates, ldz, s->c_in, h, c, h);
    k->layer_norm(s->rows, h, c, h, s->vectors[GAIN_C], s->vectors[SHIFT_C], s->epsilon, m, h);
    k->lstm_output_backward(s->rows, h, gates, ldz, m, h, s->dh, h);
    k->layer_norm_backward(s->rows, h, c, h, s->vectors[GAIN_C], s->epsilon, m, h, m, h, s->dvectors[GAIN_C],
                           s->dvectors[SHIFT_C]);
    k->axpy(n, 1, m, s->dc);
    k->lstm_cell_gates_backward(s->rows, h, gates, ldz, s->c_in, h, s->dc, h);
    k->layer_norm_backward(s->rows, GATES * h, s->z, ldz, s->vectors[GAIN_IH], s->epsilon, gates, ldz, s->z,
                           ldz, s->dvectors[GAIN_IH], s->dvectors[SHIFT_IH]);
    k->layer_norm_backward(s->rows, GATES * h, q, ldz, s->vectors[GAIN_HH], s->epsilon, gates, ldz, q, ldz,
                           s->dvectors[GAIN_HH], s->dvectors[SHIFT_HH]);
    rnni_cell_product_backward(s, ldz, Q, GATES, s->packed, RNNI_FROM_ZERO, s->dh);
    if (s->mask) k->multiply(n, s->dh, s->mask, s->dh);
}

static void gradient(const rnni_cell_gradient *g)
{
    rnni_cell_accumulate(g, BLOCKS * g->h, Q, 0, GATES, g->h_masked);
}

static const rnni_cell_vector vectors[] = {
    { "norm_ih_weight", GATES, true }, { "norm_ih_bias", GATES, false }, { "norm_hh_weight", GATES, true },
    { "norm_hh_bias", GATES, false },  { "norm_c_weight", 1, true },     { "norm_c_bias", 1, false },
};

const rnni_cell rnni_cell_lstm_norm = {
    .name = "lstm_norm", .gates = GATES, .blocks = BLOCKS, .states = 2, .cell_gates = A, .extra = 0,
    .apart = -1, .vector_count = 6, .vectors = vectors, .packed_size = packed_size, .pack = pack,
    .packed_backward_size = packed_backward_size, .pack_backward = pack_backward, .forward = forward,
    .backward = backward, .gradient = gradient,
};
