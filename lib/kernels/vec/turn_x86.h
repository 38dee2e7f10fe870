/* SPDX-License-Identifier: MIT */
/* v_turn for AVX2 and AVX-512: what vec_scalar.h promises of it. */
#ifndef RNNI_TURN_H
#define RNNI_TURN_H

#include <immintrin.h>
#include <stdint.h>

enum { TURN = 8 };

/* Pairs of rows by numbers, pairs of pairs by twos, and the halves of 128 bits across. */
static inline void v_turn(const float *x, int64_t ldx, float *y, int64_t ldy)
{
    __m256 r[TURN], by_one[TURN], by_two[TURN];
    for (int i = 0; i < TURN; i++) r[i] = _mm256_loadu_ps(x + i * ldx);
    for (int i = 0; i < TURN; i += 2) {
        by_one[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        by_one[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < TURN; i += 4)
        for (int j = 0; j < 2; j++) {
            by_two[i + 2 * j] = _mm256_shuffle_ps(by_one[i + j], by_one[i + 2 + j], _MM_SHUFFLE(1, 0, 1, 0));
            by_two[i + 2 * j + 1] =
                _mm256_shuffle_ps(by_one[i + j], by_one[i + 2 + j], _MM_SHUFFLE(3, 2, 3, 2));
        }
    for (int i = 0; i < TURN / 2; i++) {
        _mm256_storeu_ps(y + i * ldy, _mm256_permute2f128_ps(by_two[i], by_two[i + 4], 0x20));
        _mm256_storeu_ps(y + (i + 4) * ldy, _mm256_permute2f128_ps(by_two[i], by_two[i + 4], 0x31));
    }
}

#endif
