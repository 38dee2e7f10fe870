/* SPDX-License-Identifier: MIT */
/* SimpleRNN: h = act(z). */
#ifndef RNNI_BODY_GATES_RNN_H
#define RNNI_BODY_GATES_RNN_H

static void KERNEL(rnn_gates)(int activation, int64_t rows, int64_t h, const rnni_real *z, int64_t ldz,
                              rnni_real *h_out, int64_t ldh)
{
    if (ldz == h && ldh == h) h *= rows, rows = rows > 0; /* rows that lie together are one */
    for (int64_t r = 0; r < rows; r++, z += ldz, h_out += ldh) map_row(activation, h, z, h_out);
}

/* dz = (dh + dy) * act'(z), where y holds act's result. */
static void KERNEL(rnn_gates_backward)(int activation, int64_t rows, int64_t h, const rnni_real *y,
                                       int64_t ldy, const rnni_real *dh, int64_t lddh, const rnni_real *dy,
                                       int64_t lddy, int64_t next_dy, rnni_real *dz, int64_t lddz)
{
    if (ldy == h && lddh == h && lddz == h && (!dy || lddy == h)) h *= rows, rows = rows > 0;
    for (int64_t r = 0; r < rows; r++, y += ldy, dh += lddh, dz += lddz) {
        if (!dy) {
            map_row_backward(activation, h, y, dh, dz);
            continue;
        }
        if (next_dy) rnni_fetch_near(h, dy + next_dy);
        if (activation == RNNI_ACT_TANH)
            VEC_LOOP(i, live, h)
        v_store_n(dz + i,
                  slope_times(RNNI_ACT_TANH, v_load_n(y + i, live),
                              v_add(v_load_n(dh + i, live), v_load_n(dy + i, live))),
                  live);
        else VEC_LOOP(i, live, h)
            v_store_n(dz + i,
                      slope_times(activation, v_load_n(y + i, live),
                                  v_add(v_load_n(dh + i, live), v_load_n(dy + i, live))),
                      live);
        dy += lddy;
    }
}

#endif
