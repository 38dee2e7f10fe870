/* SPDX-License-Identifier: MIT */
/* The vector layer with eight lanes of float, for AVX2 and FMA. What the names promise: vec_scalar.h. */
#ifndef RNNI_VEC_H
#define RNNI_VEC_H

#include "kernels/vec/eighths.h"
#include "kernels/vec/turn_x86.h"

#include <immintrin.h>
#include <stdint.h>

#define VEC_WIDTH 8
typedef __m256 vec;
typedef __m256 vec_mask;

static const int32_t lane_masks[2 * VEC_WIDTH] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

/* All bits set in the first `live` lanes. */
static inline __m256i v_live(int64_t live)
{
    return _mm256_loadu_si256((const __m256i *)(lane_masks + VEC_WIDTH - live));
}

static inline vec v_set(float x) { return _mm256_set1_ps(x); }
static inline vec v_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void v_store(float *p, vec x) { _mm256_storeu_ps(p, x); }

static inline vec v_load_n(const float *p, int64_t live)
{
    return live >= VEC_WIDTH ? v_load(p) : _mm256_maskload_ps(p, v_live(live));
}

static inline void v_store_n(float *p, vec x, int64_t live)
{
    if (live >= VEC_WIDTH) v_store(p, x);
    else _mm256_maskstore_ps(p, v_live(live), x);
}

static inline vec v_keep(vec x, int64_t live, float other)
{
    return live >= VEC_WIDTH ? x : _mm256_blendv_ps(v_set(other), x, _mm256_castsi256_ps(v_live(live)));
}

static inline vec v_held(vec x)
{
#ifdef __GNUC__
    __asm__("" : "+x"(x));
#endif
    return x;
}

static inline vec v_add(vec a, vec b) { return _mm256_add_ps(a, b); }
static inline vec v_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
static inline vec v_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
static inline vec v_div(vec a, vec b) { return _mm256_div_ps(a, b); }
static inline vec v_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
static inline vec v_fnma(vec a, vec b, vec c) { return _mm256_fnmadd_ps(a, b, c); }
static inline vec v_min(vec a, vec b) { return _mm256_min_ps(a, b); }
static inline vec v_max(vec a, vec b) { return _mm256_max_ps(a, b); }
static inline vec v_sqrt(vec x) { return _mm256_sqrt_ps(x); }
static inline vec v_abs(vec x) { return _mm256_andnot_ps(v_set(-0.0f), x); }

static inline vec_mask v_greater(vec a, vec b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
static inline vec v_select(vec_mask mask, vec yes, vec no) { return _mm256_blendv_ps(no, yes, mask); }

static inline vec v_round(vec x)
{
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* In two factors 2^(n / 2), because 2^n alone may be too large or too small for a float. The first product is
 * exact. */
static inline vec v_scale2(vec x, vec n)
{
    const __m256i bias = _mm256_set1_epi32(127);
    __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
    __m256i rest = _mm256_sub_epi32(whole, half);
    __m256i first = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
    __m256i second = _mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23);
    return v_mul(v_mul(x, _mm256_castsi256_ps(first)), _mm256_castsi256_ps(second));
}

static inline vec v_eighth_power(vec shifted)
{
    __m256i n = _mm256_castps_si256(shifted), table = _mm256_loadu_si256((const __m256i *)eighth_powers);
    return _mm256_castsi256_ps(
        _mm256_add_epi32(_mm256_permutevar8x32_epi32(table, n), _mm256_slli_epi32(n, 20)));
}

static inline vec v_signed(vec size, vec sign)
{
    return _mm256_or_ps(size, _mm256_and_ps(sign, v_set(-0.0f)));
}

static inline float v_sum(vec x)
{
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

static inline float v_greatest(vec x)
{
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

typedef struct { __m256d low, high; } vec_wide;

static inline vec_wide wide_zero(void)
{
    vec_wide zero = {_mm256_setzero_pd(), _mm256_setzero_pd()};
    return zero;
}

static inline vec_wide wide_add_square(vec_wide sum, vec x)
{
    __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(x)),
            high = _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1));
    sum.low = _mm256_fmadd_pd(low, low, sum.low);
    sum.high = _mm256_fmadd_pd(high, high, sum.high);
    return sum;
}

static inline double wide_sum(vec_wide a, vec_wide b)
{
    __m256d four = _mm256_add_pd(_mm256_add_pd(a.low, a.high), _mm256_add_pd(b.low, b.high));
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

#endif
