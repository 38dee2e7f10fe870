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

/* All of it goes back, with the exceptions that the caller has seen so far: to keep those raised since, the
 * register would have to be read again, which waits for all operations on the way (a fifth of a small
 * stream's step), where writing it waits for none. */
void rnni_denormals_restore(uint64_t mode)
{
    _mm_setcsr((unsigned)mode);
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
