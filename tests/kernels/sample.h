/* SPDX-License-Identifier: MIT */
#ifndef KERNELS_SAMPLE_H
#define KERNELS_SAMPLE_H

/* Numbers and places for the kernel tests: a fixed generator, and matrices whose surroundings are filled with
 * a NaN of a known pattern, so that a kernel that reads outside gives NaN and one that writes outside is
 * seen. */

#include "core/real.h"

#include <stdint.h>
#include <string.h>

#define SAMPLE __attribute__((unused)) static

/* A hash of `at` in [0, 1): the same number for the same place in every test. */
SAMPLE double sample_unit(uint64_t at)
{
    uint64_t x = (at + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (double)((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

SAMPLE rnni_real sample_between(uint64_t at, double low, double high)
{
    return (rnni_real)(low + (high - low) * sample_unit(at));
}

/* A quiet NaN that no arithmetic makes. */
SAMPLE rnni_real guard_value(void)
{
    const uint32_t words[2] = {0x7fdbadba, 0x7ffbadba};
    rnni_real value;
    memcpy(&value, words, sizeof value);
    return value;
}

/* All matrices of one check are cut from this; sample_reset() makes it free again. */
enum { SAMPLE_POOL = 1 << 23, SAMPLE_GUARD = 80 };
static rnni_real sample_pool[SAMPLE_POOL];
static int64_t sample_used;

typedef struct { rnni_real *data; int64_t rows, width, ld; } sample_matrix;

SAMPLE void sample_reset(void)
{
    sample_used = 0;
}

/* A matrix of guards, its first number `offset` numbers after a multiple of 64 bytes, or no data when there
 * is no room (a test that asks for too much crashes at once). */
SAMPLE sample_matrix sample_place(int64_t rows, int64_t width, int64_t ld, int64_t offset)
{
    int64_t size = SAMPLE_GUARD + offset + rows * ld + SAMPLE_GUARD;
    sample_matrix matrix = {NULL, rows, width, ld};
    sample_used = (sample_used + 15) / 16 * 16;
    if (sample_used + size > SAMPLE_POOL) return matrix;
    for (int64_t i = 0; i < size; i++) sample_pool[sample_used + i] = guard_value();
    matrix.data = sample_pool + sample_used + SAMPLE_GUARD + offset;
    sample_used += size;
    return matrix;
}

SAMPLE void sample_fill(sample_matrix m, uint64_t seed, double low, double high)
{
    for (int64_t i = 0; i < m.rows; i++)
        for (int64_t j = 0; j < m.width; j++)
            m.data[i * m.ld + j] = sample_between(seed * 1000003 + (uint64_t)(i * m.width + j), low, high);
}

SAMPLE sample_matrix sample_random(int64_t rows, int64_t width, int64_t ld, uint64_t seed)
{
    sample_matrix m = sample_place(rows, width, ld, (int64_t)(seed % 4));
    sample_fill(m, seed, -1, 1);
    return m;
}

/* Is every number around and between the rows still the guard, bit for bit? */
SAMPLE int sample_guards_hold(sample_matrix m)
{
    rnni_real guard = guard_value();
    int64_t total = m.rows * m.ld;
    for (int64_t i = -SAMPLE_GUARD; i < total + SAMPLE_GUARD; i++) {
        if (i >= 0 && i < total && i % m.ld < m.width) continue;
        if (memcmp(m.data + i, &guard, sizeof guard)) return 0;
    }
    return 1;
}

SAMPLE int sample_same_bits(sample_matrix a, sample_matrix b)
{
    for (int64_t i = 0; i < a.rows; i++)
        if (memcmp(a.data + i * a.ld, b.data + i * b.ld, (size_t)a.width * sizeof *a.data)) return 0;
    return 1;
}

SAMPLE void sample_copy(sample_matrix to, sample_matrix from)
{
    for (int64_t i = 0; i < to.rows; i++)
        memcpy(to.data + i * to.ld, from.data + i * from.ld, (size_t)to.width * sizeof *to.data);
}

#endif
