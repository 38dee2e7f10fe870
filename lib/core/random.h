/* SPDX-License-Identifier: MIT */
#ifndef RNNI_RANDOM_H
#define RNNI_RANDOM_H

#include <stdint.h>

/* Counter-based random numbers (Philox 4x32-10; Salmon et al. 2011, "Parallel random numbers: as easy as
 * 1, 2, 3"). A number is a function of its key and counter alone: nothing is remembered, so threads,
 * batches and resumed runs cannot change it. */
void rnni_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);

/* What a number is for, so that no two uses share a key. */
enum {
    RNNI_RANDOM_INIT = 1, RNNI_RANDOM_DROPOUT, RNNI_RANDOM_RECURRENT_DROPOUT, RNNI_RANDOM_SHUFFLE,
    RNNI_RANDOM_ZONEOUT, RNNI_RANDOM_AUGMENT, RNNI_RANDOM_USER
};

/* A stream of numbers for one purpose. Read at any position, in any order. */
typedef struct rnni_random {
    uint32_t key[2];
    uint32_t high[2]; /* the upper half of the counter */
} rnni_random;

/* `seed` and `purpose` make the key; `a` (a layer, 24 bits) , `b` (an epoch) and `c` (a sequence) choose
 * the stream. */
rnni_random rnni_random_stream(uint64_t seed, uint32_t purpose, uint64_t a, uint64_t b, uint64_t c);

uint64_t rnni_random_u64(const rnni_random *stream, uint64_t position);
/* Uniform in [0, 1) with 24 bits: exact in float. */
double rnni_random_uniform(const rnni_random *stream, uint64_t position);
/* Fills out[i] with the uniform number at position first + i; four to a Philox call. */
void rnni_random_fill(const rnni_random *stream, uint64_t first, int64_t count, float *out);
/* Standard normal by Box-Muller, with our own log and cos so that every C library gives the same bits. */
double rnni_random_normal(const rnni_random *stream, uint64_t position);
/* Uniform integer in [0, bound), bound >= 1, without bias worth naming (64-bit multiply-shift). */
uint64_t rnni_random_below(const rnni_random *stream, uint64_t position, uint64_t bound);

/* Natural logarithm for x > 0 and cosine for |x| <= 2 pi, from +, -, *, / only: the same bits everywhere. */
double rnni_log(double x);
double rnni_cos(double x);

#endif
