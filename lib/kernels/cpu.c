/* SPDX-License-Identifier: MIT */
#include "kernels/isa.h"

#ifdef RNNI_X86_VECTORS

#include <cpuid.h>
#include <stdatomic.h>

enum {
    LEAF1_ECX_FMA = 1 << 12, LEAF1_ECX_OSXSAVE = 1 << 27, LEAF1_ECX_AVX = 1 << 28,
    LEAF7_EBX_AVX2 = 1 << 5, LEAF7_EBX_AVX512F = 1 << 16, LEAF7_EBX_AVX512DQ = 1 << 17,
    LEAF7_EBX_AVX512BW = 1 << 30, LEAF7_ECX_AVX512_VNNI = 1 << 11, LEAF7_1_EAX_AVX_VNNI = 1 << 4,
    LEAF7_1_EAX_AVX512_BF16 = 1 << 5,
    XCR0_YMM = 0x06, /* SSE and AVX state */
    XCR0_ZMM = 0xe6  /* and the three AVX-512 states: masks, upper halves, registers 16 to 31 */
};
#define LEAF7_EBX_AVX512VL (1u << 31)

/* Which registers the system saves at a context switch: the processor alone does not make AVX usable. */
static unsigned saved_states(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static int has(unsigned word, unsigned bits)
{
    return (word & bits) == bits;
}

int32_t rnni_cpu_isa(void)
{
    unsigned a, b, c, d, b7, c7;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return RNN_ISA_SCALAR;
    if (!has(c, LEAF1_ECX_FMA | LEAF1_ECX_OSXSAVE | LEAF1_ECX_AVX)) return RNN_ISA_SCALAR;
    if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d)) return RNN_ISA_SCALAR;
    unsigned saved = saved_states();
    if (!has(b7, LEAF7_EBX_AVX2) || !has(saved, XCR0_YMM)) return RNN_ISA_SCALAR;
    if (!has(b7, LEAF7_EBX_AVX512F | LEAF7_EBX_AVX512DQ | LEAF7_EBX_AVX512BW | LEAF7_EBX_AVX512VL))
        return RNN_ISA_AVX2;
    return has(saved, XCR0_ZMM) ? RNN_ISA_AVX512 : RNN_ISA_AVX2;
}

static int ask_dots(void)
{
    unsigned a0, a1 = 0, b, c0 = 0, c, d, found = 0;
    int32_t isa = rnni_cpu_isa();
    if (isa < RNN_ISA_AVX2 || !__get_cpuid_count(7, 0, &a0, &b, &c0, &d)) return 0;
    if (a0 >= 1 && !__get_cpuid_count(7, 1, &a1, &b, &c, &d)) return 0;
    if (has(a1, LEAF7_1_EAX_AVX_VNNI)) found |= RNNI_DOTS_VNNI_256;
    if (isa < RNN_ISA_AVX512) return (int)found;
    if (has(c0, LEAF7_ECX_AVX512_VNNI)) found |= RNNI_DOTS_VNNI_512;
    if (has(a1, LEAF7_1_EAX_AVX512_BF16)) found |= RNNI_DOTS_BF16;
    return (int)found;
}

/* Asking takes a microsecond under a hypervisor. Threads that race here find the same. */
int rnni_cpu_dots(void)
{
    enum { ASKED = 8 };
    static atomic_int known;
    int found = atomic_load_explicit(&known, memory_order_relaxed);
    if (found) return found;
    found = ask_dots() | ASKED;
    atomic_store_explicit(&known, found, memory_order_relaxed);
    return found;
}

#else

/* Advanced SIMD belongs to the base of 64-bit Arm: where it is built in, the processor has it. */
int32_t rnni_cpu_isa(void)
{
#ifdef RNNI_NEON_VECTORS
    return RNN_ISA_NEON;
#else
    return RNN_ISA_SCALAR;
#endif
}

#endif
