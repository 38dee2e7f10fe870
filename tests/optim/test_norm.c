/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "optim/optim.h"

TEST(norm_of_few)
{
    const rnni_real g[3] = { 3, 0, -4 };
    CHECK_NEAR(rnni_global_norm(rnni_kernels_of(RNN_ISA_SCALAR), 3, g), 5, 0);
    CHECK_NEAR(rnni_global_norm(rnni_kernels_of(RNN_ISA_SCALAR), 0, g), 0, 0);
}

TEST(norm_of_many)
{
    enum { COUNT = 10001 };
    static rnni_real g[COUNT];
    double sum = 0;
    for (int i = 0; i < COUNT; i++) {
        g[i] = (rnni_real)sin(i * 0.37);
        sum += (double)g[i] * (double)g[i];
    }
    for (int32_t isa = RNN_ISA_SCALAR; isa <= RNN_ISA_NEON; isa++)
        if (rnni_kernels_of(isa))
            CHECK_NEAR(rnni_global_norm(rnni_kernels_of(isa), COUNT, g), sqrt(sum), 1e-5 * sqrt(sum));
}

TEST(large_gradients_do_not_overflow)
{
    const rnni_real g[2] = { 3e30f, 4e30f };
    for (int32_t isa = RNN_ISA_SCALAR; isa <= RNN_ISA_NEON; isa++)
        if (rnni_kernels_of(isa)) CHECK_NEAR(rnni_global_norm(rnni_kernels_of(isa), 2, g) / 5e30, 1, 1e-6);
}

TEST(nan_and_infinity_show)
{
    const rnni_real g[2] = { 1, NAN }, h[2] = { 1, INFINITY };
    CHECK(isnan(rnni_global_norm(rnni_kernels_of(RNN_ISA_SCALAR), 2, g)));
    CHECK(isinf(rnni_global_norm(rnni_kernels_of(RNN_ISA_SCALAR), 2, h)));
}

TEST_MAIN
