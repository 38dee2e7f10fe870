/* SPDX-License-Identifier: MIT */
#ifndef RNNI_ISA_H
#define RNNI_ISA_H

#include "kernels/kernels.h"

/* Where the vector tables are built: 64-bit x86 and 64-bit Arm under a compiler with their intrinsics, and
 * only for float. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(RNNI_REAL_IS_DOUBLE)
#define RNNI_X86_VECTORS 1
extern const rnni_kernels rnni_kernels_avx2;
extern const rnni_kernels rnni_kernels_avx512;
#elif defined(__aarch64__) && defined(__ARM_NEON) && defined(__GNUC__) && !defined(RNNI_REAL_IS_DOUBLE)
#define RNNI_NEON_VECTORS 1
extern const rnni_kernels rnni_kernels_neon;
#endif

extern const rnni_kernels rnni_kernels_scalar;

/* The highest RNN_ISA_* whose instructions this processor has and whose registers the system saves. */
int32_t rnni_cpu_isa(void);

/* Which dot products have instructions: of four bytes at level avx2 and at avx512, of two bfloat16 at avx512.
 * Asked once. Slow: float multiply-adds are faster where rows share the unpacking of weights. */
enum { RNNI_DOTS_VNNI_256 = 1, RNNI_DOTS_VNNI_512 = 2, RNNI_DOTS_BF16 = 4, RNNI_DOTS_BF16_SLOW = 8 };
int rnni_cpu_dots(void);

/* Where tiles of bfloat16 (AMX) are built in: Linux, and compilers whose assembler knows them. */
#if defined(RNNI_X86_VECTORS) && defined(__linux__) && \
    (defined(__clang__) ? __clang_major__ >= 12 : __GNUC__ >= 11)
#define RNNI_TILES 1
#endif

/* Whether they may be used: the processor has them and the system grants them to this process, which the
 * first call asks it for: before steps that make no system calls. The answer stays what it was at first. */
int rnni_cpu_tiles(void);

#endif
