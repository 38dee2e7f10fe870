/* SPDX-License-Identifier: MIT */
/* The vector layer with four lanes of float, for Advanced SIMD of 64-bit Arm. What the names promise:
 * vec_scalar.h. */
#ifndef RNNI_VEC_H
#define RNNI_VEC_H

#include "kernels/vec/eighths.h"

#include <arm_neon.h>
#include <stdint.h>

#define VEC_WIDTH 4
typedef float32x4_t vec;
typedef uint32x4_t vec_mask;

static inline vec v_set(float x) { return vdupq_n_f32(x); }
static inline vec v_load(const float *p) { return vld1q_f32(p); }
static inline void v_store(float *p, vec x) { vst1q_f32(p, x); }

/* There are no masked loads: a tail is one number or a pair, and a third. */
static inline vec v_load_n(const float *p, int64_t live)
{
    if (live >= VEC_WIDTH) return v_load(p);
    if (live == 1) return vld1q_lane_f32(p, v_set(0), 0);
    vec two = vcombine_f32(vld1_f32(p), vdup_n_f32(0));
    return live == 2 ? two : vld1q_lane_f32(p + 2, two, 2);
}

static inline void v_store_n(float *p, vec x, int64_t live)
{
    if (live >= VEC_WIDTH) {
        v_store(p, x);
    } else if (live == 1) {
        vst1q_lane_f32(p, x, 0);
    } else {
        vst1_f32(p, vget_low_f32(x));
        if (live == 3) vst1q_lane_f32(p + 2, x, 2);
    }
}

static const uint32_t lane_masks[2 * VEC_WIDTH] = {~0u, ~0u, ~0u, ~0u, 0, 0, 0, 0};

static inline vec v_select(vec_mask mask, vec yes, vec no) { return vbslq_f32(mask, yes, no); }
static inline vec v_keep(vec x, int64_t live, float other)
{
    return live >= VEC_WIDTH ? x : v_select(vld1q_u32(lane_masks + VEC_WIDTH - live), x, v_set(other));
}

enum { TURN = 4 };
static inline void v_turn(const float *x, int64_t ldx, float *y, int64_t ldy)
{
    float32x4x2_t even = vtrnq_f32(v_load(x), v_load(x + ldx));
    float32x4x2_t odd = vtrnq_f32(v_load(x + 2 * ldx), v_load(x + 3 * ldx));
    v_store(y, vcombine_f32(vget_low_f32(even.val[0]), vget_low_f32(odd.val[0])));
    v_store(y + ldy, vcombine_f32(vget_low_f32(even.val[1]), vget_low_f32(odd.val[1])));
    v_store(y + 2 * ldy, vcombine_f32(vget_high_f32(even.val[0]), vget_high_f32(odd.val[0])));
    v_store(y + 3 * ldy, vcombine_f32(vget_high_f32(even.val[1]), vget_high_f32(odd.val[1])));
}

static inline vec v_held(vec x) { return x; } /* no instruction has an operand in memory */

static inline vec v_add(vec a, vec b) { return vaddq_f32(a, b); }
static inline vec v_sub(vec a, vec b) { return vsubq_f32(a, b); }
static inline vec v_mul(vec a, vec b) { return vmulq_f32(a, b); }
static inline vec v_div(vec a, vec b) { return vdivq_f32(a, b); }
static inline vec v_fma(vec a, vec b, vec c) { return vfmaq_f32(c, a, b); }
static inline vec v_fnma(vec a, vec b, vec c) { return vfmsq_f32(c, a, b); }
static inline vec v_sqrt(vec x) { return vsqrtq_f32(x); }
static inline vec v_abs(vec x) { return vabsq_f32(x); }

/* Not FMIN and FMAX: these order the zeros and let a NaN of either side through. */
static inline vec_mask v_greater(vec a, vec b) { return vcgtq_f32(a, b); }
static inline vec v_min(vec a, vec b) { return v_select(v_greater(b, a), a, b); }
static inline vec v_max(vec a, vec b) { return v_select(v_greater(a, b), a, b); }

static inline vec v_round(vec x) { return vrndnq_f32(x); }

/* 2^n for whole n in [-126, 127]. */
static inline vec v_power2(int32x4_t n)
{
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}

/* In two factors 2^(n / 2), because 2^n alone may be too large or too small for a float. The first product is
 * exact. */
static inline vec v_scale2(vec x, vec n)
{
    int32x4_t whole = vcvtq_s32_f32(n), half = vshrq_n_s32(whole, 1);
    return v_mul(v_mul(x, v_power2(half)), v_power2(vsubq_s32(whole, half)));
}

/* The four bytes of number n mod 8 are looked up one by one. */
static inline vec v_eighth_power(vec shifted)
{
    uint32x4_t n = vreinterpretq_u32_f32(shifted), k = vandq_u32(n, vdupq_n_u32(7));
    uint32x4_t places = vmlaq_u32(vdupq_n_u32(0x03020100), k, vdupq_n_u32(0x04040404));
    uint8x16x2_t table = {{vreinterpretq_u8_u32(vld1q_u32(eighth_powers)),
                           vreinterpretq_u8_u32(vld1q_u32(eighth_powers + 4))}};
    uint8x16_t found = vqtbl2q_u8(table, vreinterpretq_u8_u32(places));
    return vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_u8(found), vshlq_n_u32(n, 20)));
}

static inline vec v_signed(vec size, vec sign) { return vbslq_f32(vdupq_n_u32(0x80000000), sign, size); }

static inline float v_sum(vec x)
{
    float32x2_t two = vadd_f32(vget_low_f32(x), vget_high_f32(x));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

static inline float v_greatest(vec x)
{
    float32x2_t low = vget_low_f32(x), high = vget_high_f32(x);
    float32x2_t two = vbsl_f32(vcgt_f32(low, high), low, high);
    float first = vget_lane_f32(two, 0), second = vget_lane_f32(two, 1);
    return first > second ? first : second;
}

typedef struct { float64x2_t low, high; } vec_wide;

static inline vec_wide wide_zero(void)
{
    vec_wide zero = {vdupq_n_f64(0), vdupq_n_f64(0)};
    return zero;
}

static inline vec_wide wide_add_square(vec_wide sum, vec x)
{
    float64x2_t low = vcvt_f64_f32(vget_low_f32(x)), high = vcvt_high_f64_f32(x);
    sum.low = vfmaq_f64(sum.low, low, low);
    sum.high = vfmaq_f64(sum.high, high, high);
    return sum;
}

static inline double wide_sum(vec_wide a, vec_wide b)
{
    float64x2_t two = vaddq_f64(vaddq_f64(a.low, a.high), vaddq_f64(b.low, b.high));
    return vgetq_lane_f64(two, 0) + vgetq_lane_f64(two, 1);
}

#endif
