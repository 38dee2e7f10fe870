/* SPDX-License-Identifier: MIT */
/* The vector layer with one lane, on rnni_real: the portable level and the reference of the others. A
 * multiply-add rounds twice here. Every vec_<isa>.h defines the same names:
 *   v_load_n, v_store_n     the first `live` lanes (1 <= live <= VEC_WIDTH); others read 0, are not written
 *   v_keep                  lanes from `live` on replaced by a number
 *   v_held                  the same vector, in a register: a compiler that finds a load used a few times
 *                           would otherwise make it anew in each use, and small tiles wait for loads
 *   v_min(a, b)             a < b ? a : b, and v_max likewise: a NaN in b comes through
 *   v_round                 to the nearest integer, ties to even, for |x| < 2^22
 *   v_scale2(x, n)          x * 2^n for whole n in [-252, 252], rounded once
 *   v_eighth_power(s)       2^(n / 8 - 1) for s = n + EIGHTHS_SHIFT and whole n in [-1000, 1031]
 *   v_signed(x, y)          x >= 0 with the sign of y
 *   v_turn(x, ldx, y, ldy)  y[j][i] = x[i][j] for i, j < TURN
 *   v_sum, v_greatest       over all lanes in a fixed tree
 *   wide_*                  a sum of squares in double */
#ifndef RNNI_VEC_H
#define RNNI_VEC_H

#include "core/real.h"
#include "kernels/vec/eighths.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define VEC_WIDTH 1
typedef rnni_real vec;
typedef int vec_mask;

static inline vec v_set(rnni_real x) { return x; }
static inline vec v_load(const rnni_real *p) { return *p; }
static inline void v_store(rnni_real *p, vec x) { *p = x; }
static inline vec v_load_n(const rnni_real *p, int64_t live) { (void)live; return *p; }
static inline void v_store_n(rnni_real *p, vec x, int64_t live) { (void)live; *p = x; }
static inline vec v_keep(vec x, int64_t live, rnni_real other) { (void)live; (void)other; return x; }

enum { TURN = 1 };
static inline void v_turn(const rnni_real *x, int64_t ldx, rnni_real *y, int64_t ldy)
{
    (void)ldx, (void)ldy;
    *y = *x;
}

static inline vec v_held(vec x) { return x; }

static inline vec v_add(vec a, vec b) { return a + b; }
static inline vec v_sub(vec a, vec b) { return a - b; }
static inline vec v_mul(vec a, vec b) { return a * b; }
static inline vec v_div(vec a, vec b) { return a / b; }
static inline vec v_fma(vec a, vec b, vec c) { return a * b + c; }
static inline vec v_fnma(vec a, vec b, vec c) { return c - a * b; }
static inline vec v_min(vec a, vec b) { return a < b ? a : b; }
static inline vec v_max(vec a, vec b) { return a > b ? a : b; }

static inline vec_mask v_greater(vec a, vec b) { return a > b; }
static inline vec v_select(vec_mask mask, vec yes, vec no) { return mask ? yes : no; }

static inline rnni_real v_sum(vec x) { return x; }
static inline rnni_real v_greatest(vec x) { return x; }

typedef double vec_wide;
static inline vec_wide wide_zero(void) { return 0; }
static inline vec_wide wide_add_square(vec_wide sum, vec x) { return sum + (double)x * (double)x; }
static inline double wide_sum(vec_wide a, vec_wide b) { return a + b; }

#ifdef RNNI_REAL_IS_DOUBLE

static inline vec v_abs(vec x) { return fabs(x); }
static inline vec v_sqrt(vec x) { return sqrt(x); }

#else

static inline vec v_abs(vec x) { return fabsf(x); }
static inline vec v_sqrt(vec x) { return sqrtf(x); }

/* Adding 1.5 * 2^23 leaves no room for a fraction. */
static inline vec v_round(vec x)
{
    const float shift = 12582912.0f;
    return (x + shift) - shift;
}

/* 2^n for whole n in [-126, 127]: the sum's last bits are n + 127, which the shift makes the exponent. */
static inline vec v_power2(vec n)
{
    float sum = n + (12582912.0f + 127.0f);
    uint32_t bits;
    memcpy(&bits, &sum, sizeof bits);
    bits <<= 23;
    memcpy(&sum, &bits, sizeof bits);
    return sum;
}

/* In two factors, because 2^n alone may be too large or too small. The first product is exact. */
static inline vec v_scale2(vec x, vec n)
{
    vec half = v_round(n * 0.5f);
    return x * v_power2(half) * v_power2(n - half);
}

static inline vec v_eighth_power(vec shifted)
{
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = eighth_powers[bits & 7] + (bits << 20);
    memcpy(&shifted, &bits, sizeof bits);
    return shifted;
}

static inline vec v_signed(vec size, vec sign) { return copysignf(size, sign); }

#endif
#endif
