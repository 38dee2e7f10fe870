/* SPDX-License-Identifier: MIT */
#include "kernels/kernels.h"

#if defined(__x86_64__) || defined(__SSE__)

#include <xmmintrin.h>

enum { FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x0040 };

uint64_t rnni_denormals_flush(void)
{
    unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
    return mode;
}

/* Only the two bits go back: exceptions that were raised in between stay visible to the caller. */
void rnni_denormals_restore(uint64_t mode)
{
    unsigned both = FLUSH_TO_ZERO | DENORMALS_ARE_ZERO;
    _mm_setcsr((_mm_getcsr() & ~both) | ((unsigned)mode & both));
}

#elif defined(__aarch64__) && defined(__GNUC__)

#define FLUSH_TO_ZERO ((uint64_t)1 << 24)

uint64_t rnni_denormals_flush(void)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | FLUSH_TO_ZERO));
    return mode;
}

void rnni_denormals_restore(uint64_t mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}

#else

uint64_t rnni_denormals_flush(void)
{
    return 0;
}

void rnni_denormals_restore(uint64_t mode)
{
    (void)mode;
}

#endif
