/* SPDX-License-Identifier: MIT */
/* The ceilings of the roofline, each from a loop that does nothing else. Multiply-adds: twelve chains of
 * vectors that stay in registers, enough for two units of four cycles' latency. Reading: vectors of a block
 * that fits the level, combined by `or`, so that the loads are the limit. */
#define _GNU_SOURCE /* the sizes of the caches */
#include "machine.h"

#include "timing.h"

#include <rnn/context.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { CHAINS = 12, TRIES = 12 };

#define TWELVE(what)                                                                                         \
    what(0) what(1) what(2) what(3) what(4) what(5) what(6) what(7) what(8) what(9) what(10) what(11)

/* floating-point operations of one chain's vector */
typedef double (*flops_loop)(int64_t times);
typedef uint64_t (*read_loop)(const char *block, int64_t bytes);   /* bytes: a multiple of 1024 */

static volatile float sink;
static volatile uint64_t read_sink;

#if defined(__x86_64__)

#define DECLARE(i) __m512 s##i = _mm512_set1_ps(0.1f * i);
#define STEP(i) s##i = _mm512_fmadd_ps(s##i, a, b);
#define ADD(i) total = _mm512_add_ps(total, s##i);
__attribute__((target("avx512f"))) static double flops_avx512(int64_t times)
{
    __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-3f), total = _mm512_setzero_ps();
    TWELVE(DECLARE)
    for (int64_t i = 0; i < times; i++) { TWELVE(STEP) }
    TWELVE(ADD)
    sink = _mm512_reduce_add_ps(total);
    return 32;
}
#undef DECLARE
#undef STEP
#undef ADD

#define DECLARE(i) __m256 s##i = _mm256_set1_ps(0.1f * i);
#define STEP(i) s##i = _mm256_fmadd_ps(s##i, a, b);
#define ADD(i) total = _mm256_add_ps(total, s##i);
__attribute__((target("avx2,fma"))) static double flops_avx2(int64_t times)
{
    __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(1e-3f), total = _mm256_setzero_ps();
    TWELVE(DECLARE)
    for (int64_t i = 0; i < times; i++) { TWELVE(STEP) }
    TWELVE(ADD)
    sink = _mm256_cvtss_f32(total);
    return 16;
}
#undef DECLARE
#undef STEP
#undef ADD

__attribute__((target("avx512f"))) static uint64_t read_avx512(const char *block, int64_t bytes)
{
    __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
    for (int64_t i = 0; i < bytes; i += 256) {
        s0 = _mm512_or_si512(s0, _mm512_load_si512(block + i));
        s1 = _mm512_or_si512(s1, _mm512_load_si512(block + i + 64));
        s2 = _mm512_or_si512(s2, _mm512_load_si512(block + i + 128));
        s3 = _mm512_or_si512(s3, _mm512_load_si512(block + i + 192));
    }
    s0 = _mm512_or_si512(_mm512_or_si512(s0, s1), _mm512_or_si512(s2, s3));
    return (uint64_t)_mm512_reduce_or_epi64(s0);
}

__attribute__((target("avx2"))) static uint64_t read_avx2(const char *block, int64_t bytes)
{
    __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
    for (int64_t i = 0; i < bytes; i += 128) {
        s0 = _mm256_or_si256(s0, _mm256_load_si256((const __m256i *)(block + i)));
        s1 = _mm256_or_si256(s1, _mm256_load_si256((const __m256i *)(block + i + 32)));
        s2 = _mm256_or_si256(s2, _mm256_load_si256((const __m256i *)(block + i + 64)));
        s3 = _mm256_or_si256(s3, _mm256_load_si256((const __m256i *)(block + i + 96)));
    }
    s0 = _mm256_or_si256(_mm256_or_si256(s0, s1), _mm256_or_si256(s2, s3));
    return (uint64_t)_mm256_extract_epi64(s0, 0);
}

#elif defined(__aarch64__)

#define DECLARE(i) float32x4_t s##i = vdupq_n_f32(0.1f * i);
#define STEP(i) s##i = vfmaq_f32(b, s##i, a);
#define ADD(i) total = vaddq_f32(total, s##i);
static double flops_neon(int64_t times)
{
    float32x4_t a = vdupq_n_f32(0.999f), b = vdupq_n_f32(1e-3f), total = vdupq_n_f32(0);
    TWELVE(DECLARE)
    for (int64_t i = 0; i < times; i++) { TWELVE(STEP) }
    TWELVE(ADD)
    sink = vaddvq_f32(total);
    return 8;
}
#undef DECLARE
#undef STEP
#undef ADD

#endif

/* One number at a time, two operations: what the scalar kernels are written as. Compilers may pair them. */
#define DECLARE(i) float s##i = 0.1f * i;
#define STEP(i) s##i = s##i * a + b;
#define ADD(i) total += s##i;
static double flops_scalar(int64_t times)
{
    float a = 0.999f, b = 1e-3f, total = 0;
    TWELVE(DECLARE)
    for (int64_t i = 0; i < times; i++) { TWELVE(STEP) }
    TWELVE(ADD)
    sink = total;
    return 2;
}
#undef DECLARE
#undef STEP
#undef ADD

static uint64_t read_scalar(const char *block, int64_t bytes)
{
    uint64_t s[4] = { 0 };
    for (int64_t i = 0; i < bytes; i += 32) {
        uint64_t part[4];
        memcpy(part, block + i, sizeof part);
        for (int j = 0; j < 4; j++) s[j] |= part[j];
    }
    return s[0] | s[1] | s[2] | s[3];
}

static flops_loop flops_of(int32_t isa)
{
#if defined(__x86_64__)
    if (isa == RNN_ISA_AVX512) return flops_avx512;
    if (isa == RNN_ISA_AVX2) return flops_avx2;
#elif defined(__aarch64__)
    if (isa == RNN_ISA_NEON) return flops_neon;
#endif
    (void)isa;
    return flops_scalar;
}

static read_loop read_of(int32_t isa)
{
#if defined(__x86_64__)
    if (isa == RNN_ISA_AVX512) return read_avx512;
    if (isa == RNN_ISA_AVX2) return read_avx2;
#endif
    (void)isa;
    return read_scalar;
}

double bench_peak_flops(int32_t isa)
{
    enum { TIMES = 200000 };
    flops_loop loop = flops_of(isa);
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        double start = bench_now(), each = loop(TIMES), taken = bench_now() - start;
        double rate = each * CHAINS * TIMES / taken * 1e-9;
        if (rate > best) best = rate;
    }
    return best;
}

/* Bytes of a cache, or what is usual when the system does not say. */
static int64_t cache_size(int level)
{
    static const int64_t usual[] = { 32 << 10, 1 << 20, 16 << 20 };
    long size = 0;
#if defined(_SC_LEVEL1_DCACHE_SIZE) && defined(_SC_LEVEL3_CACHE_SIZE)
    static const int name[] = { _SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE };
    size = sysconf(name[level]);
#endif
    return size > 0 ? size : usual[level];
}

/* GB/s of reading a block again and again, about 2 milliseconds a try. */
static double bandwidth_of(read_loop loop, const char *block, int64_t bytes)
{
    int64_t times = ((int64_t)64 << 20) / bytes;
    double best = 0;
    times = times < 1 ? 1 : times;
    for (int i = 0; i < TRIES; i++) {
        double start = bench_now();
        for (int64_t j = 0; j < times; j++) {
            read_sink |= loop(block, bytes);
            __asm__ volatile("" ::: "memory"); /* the block may have changed: it is read again */
        }
        double rate = (double)(bytes * times) / (bench_now() - start) * 1e-9;
        if (rate > best) best = rate;
    }
    return best;
}

void bench_machine_measure(bench_machine *machine, int32_t isa)
{
    static const char *const names[] = { "L1", "L2", "L3", "memory" };
    enum { LARGEST = 256 << 20 };
    *machine = (bench_machine){ .isa = isa, .flops = bench_peak_flops(isa) };
    for (int i = 0; i < BENCH_LEVELS; i++)
        machine->level[i] = (bench_level){ names[i], i < 3 ? cache_size(i) : 0, 0 };
    for (int i = 0; i < BENCH_LEVELS; i++) {
        /* half the level, but beyond the one before: three times that where it is much larger (a shared one
         * is) */
        int64_t size = machine->level[i].bytes / 2, before = i ? 3 * machine->level[i - 1].bytes : INT64_MAX;
        if (i == 3) size = LARGEST;
        else if (i == 2 && before < size) size = before;
        char *block = size > 0 ? aligned_alloc(64, (size_t)(size / 1024 * 1024)) : NULL;
        if (!block) continue;
        memset(block, 1, (size_t)(size / 1024 * 1024));
        machine->level[i].bandwidth = bandwidth_of(read_of(isa), block, size / 1024 * 1024);
        free(block);
    }
}

const bench_level *bench_level_of(const bench_machine *machine, double bytes)
{
    int i = 0;
    while (i < BENCH_LEVELS - 1 && bytes > (double)machine->level[i].bytes) i++;
    return &machine->level[i];
}

void bench_machine_print(const bench_machine *machine)
{
    static const char *const names[] = { "auto", "scalar", "AVX2", "AVX-512", "NEON" };
    printf("One core, %s: %.0f GFLOP/s of multiply-adds on registers; reads", names[machine->isa],
           machine->flops);
    for (int i = 0; i < BENCH_LEVELS; i++)
        printf("%s %s %.0f", i ? "," : "", machine->level[i].name, machine->level[i].bandwidth);
    printf(" GB/s\n\n");
}
