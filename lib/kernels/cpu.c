/* SPDX-License-Identifier: MIT */
/* For syscall(). */
#define _DEFAULT_SOURCE
#include "kernels/isa.h"

enum { FIRST_CACHE = 32 * 1024 };

#ifdef RNNI_X86_VECTORS

#include <cpuid.h>
#include <errno.h>
#include <stdatomic.h>
#ifdef RNNI_TILES
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum {
    LEAF1_ECX_FMA = 1 << 12, LEAF1_ECX_OSXSAVE = 1 << 27, LEAF1_ECX_AVX = 1 << 28,
    LEAF7_EBX_AVX2 = 1 << 5, LEAF7_EBX_AVX512F = 1 << 16, LEAF7_EBX_AVX512DQ = 1 << 17,
    LEAF7_EBX_AVX512BW = 1 << 30, LEAF7_ECX_AVX512_VNNI = 1 << 11, LEAF7_1_EAX_AVX_VNNI = 1 << 4,
    LEAF7_1_EAX_AVX512_BF16 = 1 << 5, LEAF7_EDX_AMX_BF16 = 1 << 22, LEAF7_EDX_AMX_TILE = 1 << 24,
    XCR0_YMM = 0x06, /* SSE and AVX state */
    XCR0_ZMM = 0xe6, /* and the three AVX-512 states: masks, upper halves, registers 16 to 31 */
    XCR0_TILES = 3 << 17 /* shapes and data of tiles */
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

static int is_made_by(unsigned ebx, unsigned edx, unsigned ecx)
{
    unsigned a, b, c, d;
    return __get_cpuid(0, &a, &b, &c, &d) && b == ebx && d == edx && c == ecx;
}

/* The leaf that lists caches: AMD has one of its own in Intel's form. */
static unsigned leaf_of_caches(void)
{
    return is_made_by(signature_AMD_ebx, signature_AMD_edx, signature_AMD_ecx) ? 0x8000001d : 4;
}

static int64_t ask_first_cache(void)
{
    enum { CACHES = 8, KIND = 0x1f, LEVEL = 7 << 5, FIRST_DATA = 1 << 5 | 1 };      /* of eax */
    enum { WAYS = 22, PARTS = 12, PARTS_MASK = 0x3ff, LINE_MASK = 0xfff };          /* of ebx, each less 1 */
    const unsigned leaf = leaf_of_caches();
    unsigned a, b, c, d;
    for (unsigned i = 0; i < CACHES; i++) {
        if (!__get_cpuid_count(leaf, i, &a, &b, &c, &d) || !(a & KIND)) break;
        if ((a & (KIND | LEVEL)) != FIRST_DATA) continue;
        return (int64_t)((b >> WAYS) + 1) * ((b >> PARTS & PARTS_MASK) + 1) * ((b & LINE_MASK) + 1) * (c + 1);
    }
    return FIRST_CACHE;
}

int64_t rnni_cpu_first_cache(void)
{
    static _Atomic int64_t known;
    int64_t found = atomic_load_explicit(&known, memory_order_relaxed);
    if (found) return found;
    found = ask_first_cache();
    atomic_store_explicit(&known, found, memory_order_relaxed);
    return found;
}

/* Intel's processors do vdpbf16ps at less than the rate of the two float multiply-adds that give the same
 * sums (body/bf16_wide.h). */
static int has_slow_bf16(void)
{
    return is_made_by(signature_INTEL_ebx, signature_INTEL_edx, signature_INTEL_ecx);
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
    if (has_slow_bf16()) found |= RNNI_DOTS_BF16_SLOW;
    return (int)found;
}

/* Asking takes a microsecond under a hypervisor. Threads that race here find the same. */
int rnni_cpu_dots(void)
{
    enum { ASKED = 16 };
    static atomic_int known;
    int found = atomic_load_explicit(&known, memory_order_relaxed);
    if (found) return found;
    found = ask_dots() | ASKED;
    atomic_store_explicit(&known, found, memory_order_relaxed);
    return found;
}

#ifdef RNNI_TILES

/* Linux grants the 8 KiB that tiles add to a thread's saved registers to a process that asks for them, unless
 * some thread's alternative signal stack would be too small for them. */
static int granted_tiles(void)
{
    enum { REQUEST = 0x1023, TILE_DATA = 18 }; /* ARCH_REQ_XCOMP_PERM, the state's number in XCR0 */
    const int before = errno;
    const long answer = syscall(SYS_arch_prctl, REQUEST, TILE_DATA);
    errno = before;
    return answer == 0;
}

static int ask_tiles(void)
{
    unsigned a, b, c, d;
    if (rnni_cpu_isa() < RNN_ISA_AVX512 || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    return has(d, LEAF7_EDX_AMX_BF16 | LEAF7_EDX_AMX_TILE) && has(saved_states(), XCR0_TILES) &&
           granted_tiles();
}

/* The system may answer two threads that race here differently: the first answer holds for both, as one
 * process has one rule of rounding. */
int rnni_cpu_tiles(void)
{
    enum { ASKED = 2 };
    static atomic_int known;
    int found = atomic_load_explicit(&known, memory_order_relaxed);
    if (!found) {
        int answer = ask_tiles() | ASKED;
        if (atomic_compare_exchange_strong(&known, &found, answer)) found = answer;
    }
    return found & 1;
}

#endif

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

int rnni_cpu_dots(void) { return 0; }
int64_t rnni_cpu_first_cache(void) { return FIRST_CACHE; }

#endif

#ifndef RNNI_TILES
int rnni_cpu_tiles(void) { return 0; }
#endif
