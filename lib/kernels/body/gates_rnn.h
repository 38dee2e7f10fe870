/* SPDX-License-Identifier: MIT */
/* SimpleRNN: h = act(z). */
#ifndef RNNI_BODY_GATES_RNN_H
#define RNNI_BODY_GATES_RNN_H

static void KERNEL(rnn_gates)(int activation, int64_t rows, int64_t h, rnni_real *z, int64_t ldz,
                              rnni_real *h_out, int64_t ldh)
{
    for (int64_t r = 0; r < rows; r++, z += ldz, h_out += ldh) {
        map_row(activation, h, z, z);
        if (h_out != z) memcpy(h_out, z, (size_t)h * sizeof *z);
    }
}

/* dz = dh * act'(z), where z holds act's result. */
static void KERNEL(rnn_gates_backward)(int activation, int64_t rows, int64_t h, rnni_real *z, int64_t ldz,
                                       const rnni_real *dh, int64_t lddh)
{
    for (int64_t r = 0; r < rows; r++, z += ldz, dh += lddh) map_row_backward(activation, h, z, dh, z);
}

#endif
