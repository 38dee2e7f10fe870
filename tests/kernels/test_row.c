/* SPDX-License-Identifier: MIT */
/* The kernels that do a whole step of one row give the bits of the products and the gates one after the
 * other, on every instruction set. */
#include "harness.h"
#include "kernels/kernels.h"
#include "sample.h"

enum { MOST = 140 };

static rnni_real w_ih[4 * MOST * MOST], w_hh[4 * MOST * MOST], bias[4 * MOST],
    packed[2][4 * MOST * (MOST + 64)], rows[3][4 * (MOST + 16) * MOST];
static rnni_real x[MOST], h[MOST], c[MOST];

static void fill(rnni_real *to, int64_t n, uint64_t seed)
{
    for (int64_t i = 0; i < n; i++) to[i] = sample_between(seed + (uint64_t)i, -0.6, 0.6);
}

typedef struct {
    rnni_real z[4 * MOST], h[MOST], c[MOST];
} outcome;

/* One step by the products of packed matrices and the gates' kernels; z is kept as it is before the recurrent
 * product. */
static outcome in_parts(const rnni_kernels *k, int gates, int activation, int64_t units, int64_t inputs)
{
    outcome o;
    rnni_real z[4 * MOST];
    rnni_pack(k, inputs, gates * units, w_ih, 1, inputs, packed[0]);
    rnni_pack(k, units, gates * units, w_hh, 1, units, packed[1]);
    rnni_gemm_packed(k, 1, gates * units, inputs, x, inputs, 1, packed[0], RNNI_FROM_BIAS, bias, z,
                     gates * units, NULL);
    memcpy(o.z, z, sizeof z);
    if (gates == 3) { /* r and z go on, q begins with the fourth bias */
        rnni_pack(k, units, 2 * units, w_hh, 1, units, packed[0]);
        rnni_gemm_packed(k, 1, 2 * units, units, h, units, 1, packed[0], RNNI_FROM_C, NULL, z, 4 * units,
                         NULL);
        rnni_pack(k, units, units, w_hh + 2 * units * units, 1, units, packed[0]);
        rnni_gemm_packed(k, 1, units, units, h, units, 1, packed[0], RNNI_FROM_BIAS, bias + 3 * units,
                         z + 3 * units, units, NULL);
        k->gru_gates(1, units, z, 4 * units, h, units, o.h, units);
        return o;
    }
    if (gates == 1 && units <= RNNI_SHORT_UNITS) {
        rnni_row_pack(k, 1, units, units, w_hh, packed[1]);
        k->short_product(1, units, units, h, units, packed[1], z, units, NULL);
    } else {
        rnni_gemm_packed(k, 1, gates * units, units, h, units, 1, packed[1], RNNI_FROM_C, NULL, z,
                         gates * units, NULL);
    }
    if (gates == 4) k->lstm_gates(1, units, z, 4 * units, c, units, o.c, units, o.h, units);
    else k->rnn_gates(activation, 1, units, z, units, o.h, units);
    return o;
}

static void check_step(const rnni_kernels *k, int gates, int activation, int64_t units, int64_t inputs)
{
    fill(x, inputs, 1), fill(h, units, 2), fill(c, units, 3), fill(bias, 4 * units, 4);
    fill(w_ih, gates * units * inputs, 5), fill(w_hh, gates * units * units, 6);
    outcome expected = in_parts(k, gates, activation, units, inputs);
    rnni_row_pack(k, gates, units, inputs, w_ih, rows[0]);
    rnni_row_pack(k, gates, units, units, w_hh, rows[1]);
    rnni_row_pack(k, gates == 3 ? 4 : gates, units, 1, bias, rows[2]);
    CHECK(rnni_row_size(k, gates, units, inputs) >= gates * units * inputs);
    int64_t blocks = rnni_row_blocks(k, units);
    for (int variant = 0; variant < 16; variant++) {
        outcome o;
        rnni_row step = { .h = units,
                          .inputs = inputs,
                          .x = x,
                          .z = variant & 1 ? expected.z : NULL,
                          .h_in = h,
                          .h_out = o.h,
                          .c_in = c,
                          .c_out = o.c,
                          .packed_ih = rows[0],
                          .packed_hh = rows[1],
                          .bias = rows[2],
                          .activation = activation,
                          .last = blocks,
                          .backwards = variant & 2,
                          .first_cache = variant & 8 ? 1 << 20 : 0 };
        int64_t share = variant & 4 ? 3 : blocks; /* in one call, or in parts of three blocks */
        for (; step.first < blocks; step.first += share) {
            step.last = step.first + share < blocks ? step.first + share : blocks;
            (gates == 4 ? k->lstm_row : gates == 3 ? k->gru_row : k->rnn_row)(&step);
        }
        CHECK_BYTES(o.h, expected.h, (size_t)units * sizeof *o.h);
        if (gates == 4) CHECK_BYTES(o.c, expected.c, (size_t)units * sizeof *o.c);
    }
}

static void check_table(int32_t isa)
{
    static const int64_t sizes[] = {
        1, 3, 4, 5, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 128, 130
    };
    const rnni_kernels *k = rnni_kernels_of(isa);
    if (!k) SKIP("this machine does not have it");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int64_t inputs = 1; inputs <= 40; inputs += 13) {
            check_step(k, 4, RNNI_ACT_TANH, sizes[i], inputs);
            check_step(k, 3, RNNI_ACT_TANH, sizes[i], inputs);
            check_step(k, 1, RNNI_ACT_TANH, sizes[i], inputs);
            check_step(k, 1, RNNI_ACT_RELU, sizes[i], inputs);
        }
}

TEST(scalar_table) { check_table(RNN_ISA_SCALAR); }
TEST(avx2_table) { check_table(RNN_ISA_AVX2); }
TEST(avx512_table) { check_table(RNN_ISA_AVX512); }
TEST(neon_table) { check_table(RNN_ISA_NEON); }

TEST_MAIN
