/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdint.h>

/* What one core of this machine can do at most, with the instruction set that the library uses. */

typedef struct bench_level {
    const char *name;  /* "L1" ... "memory" */
    int64_t bytes;     /* of the cache; 0: memory */
    double bandwidth;  /* GB/s, read */
} bench_level;

enum { BENCH_LEVELS = 4 };

typedef struct bench_machine {
    int32_t isa;       /* RNN_ISA_* */
    double flops;      /* GFLOP/s: fused multiply-adds on registers, a multiply-add counted as two */
    bench_level level[BENCH_LEVELS];
} bench_machine;

/* Measures all that, the best of several tries; takes about half a second. */
void bench_machine_measure(bench_machine *machine, int32_t isa);
/* GFLOP/s of multiply-adds alone, for a figure taken right beside another measurement. */
double bench_peak_flops(int32_t isa);
/* The smallest level that holds so many bytes. */
const bench_level *bench_level_of(const bench_machine *machine, double bytes);
void bench_machine_print(const bench_machine *machine);

#endif
