/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "kernels/kernels.h"
#include <fenv.h>

static int denormals_vanish(void)
{
    volatile float small = 1e-30f, result = small * 1e-10f;
    return result == 0;
}

TEST(flush_and_restore)
{
    uint64_t mode = rnni_denormals_flush();
    int flushed = denormals_vanish();
    rnni_denormals_restore(mode);
    CHECK(!denormals_vanish());
#if defined(__x86_64__) || defined(__aarch64__)
    CHECK(flushed);
#else
    if (!flushed) SKIP("no such mode on this processor");
#endif
}

TEST(nested_pairs)
{
    uint64_t outer = rnni_denormals_flush(), inner = rnni_denormals_flush();
    rnni_denormals_restore(inner);
    int still = denormals_vanish();
    rnni_denormals_restore(outer);
    CHECK(!denormals_vanish());
#if defined(__x86_64__) || defined(__aarch64__)
    CHECK(still);
#else
    (void)still;
#endif
}

/* Rounding and the other modes of the caller are not touched. */
TEST(rounding_stays)
{
    volatile float third = 1.0f / 3.0f;
    uint64_t mode = rnni_denormals_flush();
    volatile float again = third * 3.0f;
    rnni_denormals_restore(mode);
    CHECK(again == third * 3.0f);
}

/* Operations of the library raise nothing that the caller would have to tell from his own, and clear nothing
 * of his. */
TEST(exceptions_stay)
{
#if defined(__x86_64__)
    volatile float third = 1.0f, small = 1e-30f, zero = 0;
    feclearexcept(FE_ALL_EXCEPT);
    third /= 3.0f;
    uint64_t mode = rnni_denormals_flush();
    small *= 1e-10f;
    zero = third / zero;
    rnni_denormals_restore(mode);
    CHECK(small < 1e-30f && isinf(zero));
    CHECK(fetestexcept(FE_INEXACT));
    CHECK(!fetestexcept(FE_UNDERFLOW | FE_DIVBYZERO));
#else
    SKIP("exceptions are kept elsewhere on this processor");
#endif
}

TEST_MAIN
