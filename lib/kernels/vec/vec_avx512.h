/* SPDX-License-Identifier: MIT */
/* The vector layer with sixteen lanes of float, for AVX-512 F, BW, DQ and VL. What the names promise:
 * vec_scalar.h. */
#ifndef RNNI_VEC_H
#define RNNI_VEC_H

#include "kernels/vec/eighths.h"
#include "kernels/vec/turn_x86.h"

#include <immintrin.h>
#include <stdint.h>

#define VEC_WIDTH 16
typedef __m512 vec;
typedef __mmask16 vec_mask;

/* A set bit for each of the first `live` lanes. */
static inline __mmask16 v_live(int64_t live)
{
    return (__mmask16)(0xffffu >> (VEC_WIDTH - live));
}

static inline vec v_set(float x) { return _mm512_set1_ps(x); }
static inline vec v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, vec x) { _mm512_storeu_ps(p, x); }

static inline vec v_load_n(const float *p, int64_t live)
{
    return live >= VEC_WIDTH ? v_load(p) : _mm512_maskz_loadu_ps(v_live(live), p);
}

static inline void v_store_n(float *p, vec x, int64_t live)
{
    if (live >= VEC_WIDTH) v_store(p, x);
    else _mm512_mask_storeu_ps(p, v_live(live), x);
}

static inline vec v_keep(vec x, int64_t live, float other)
{
    return live >= VEC_WIDTH ? x : _mm512_mask_mov_ps(v_set(other), v_live(live), x);
}

static inline vec v_held(vec x)
{
#ifdef __GNUC__
    __asm__("" : "+v"(x));
#endif
    return x;
}

static inline vec v_add(vec a, vec b) { return _mm512_add_ps(a, b); }
static inline vec v_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
static inline vec v_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
static inline vec v_div(vec a, vec b) { return _mm512_div_ps(a, b); }
static inline vec v_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
static inline vec v_fnma(vec a, vec b, vec c) { return _mm512_fnmadd_ps(a, b, c); }
static inline vec v_min(vec a, vec b) { return _mm512_min_ps(a, b); }
static inline vec v_max(vec a, vec b) { return _mm512_max_ps(a, b); }
static inline vec v_sqrt(vec x) { return _mm512_sqrt_ps(x); }
static inline vec v_abs(vec x) { return _mm512_andnot_ps(v_set(-0.0f), x); }

static inline vec_mask v_greater(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
static inline vec v_select(vec_mask mask, vec yes, vec no) { return _mm512_mask_blend_ps(mask, no, yes); }

static inline vec v_round(vec x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline vec v_scale2(vec x, vec n) { return _mm512_scalef_ps(x, n); }

static inline vec v_eighth_power(vec shifted)
{
    __m512i n = _mm512_castps_si512(shifted);
    __m512i table = _mm512_broadcast_i32x8(_mm256_loadu_si256((const __m256i *)eighth_powers));
    __m512i power = _mm512_add_epi32(_mm512_permutexvar_epi32(n, table), _mm512_slli_epi32(n, 20));
    return _mm512_castsi512_ps(power);
}

static inline vec v_signed(vec size, vec sign)
{
    const __m512i bit = _mm512_set1_epi32(INT32_MIN);
    return _mm512_castsi512_ps(
        _mm512_ternarylogic_epi32(bit, _mm512_castps_si512(sign), _mm512_castps_si512(size), 0xCA));
}

static inline float v_sum(vec x)
{
    __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

static inline float v_greatest(vec x)
{
    __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

typedef struct { __m512d low, high; } vec_wide;

static inline vec_wide wide_zero(void)
{
    vec_wide zero = {_mm512_setzero_pd(), _mm512_setzero_pd()};
    return zero;
}

static inline vec_wide wide_add_square(vec_wide sum, vec x)
{
    __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256(x)),
            high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1));
    sum.low = _mm512_fmadd_pd(low, low, sum.low);
    sum.high = _mm512_fmadd_pd(high, high, sum.high);
    return sum;
}

static inline double wide_sum(vec_wide a, vec_wide b)
{
    __m512d eight = _mm512_add_pd(_mm512_add_pd(a.low, a.high), _mm512_add_pd(b.low, b.high));
    __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd(eight, 1));
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

#endif
