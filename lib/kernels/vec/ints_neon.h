/* SPDX-License-Identifier: MIT */
/* Whole numbers beside the vector layer, for Advanced SIMD. What the names promise: ints_scalar.h. */
#ifndef RNNI_INTS_H
#define RNNI_INTS_H

typedef int32x4_t ivec;
typedef uint32x4_t vec_pairs;

static inline ivec iv_zero(void) { return vdupq_n_s32(0); }
static inline ivec iv_load(const int32_t *p) { return vld1q_s32(p); }
static inline ivec iv_add(ivec a, ivec b) { return vaddq_s32(a, b); }
static inline vec v_from_ints(ivec x) { return vcvtq_f32_s32(x); }

static inline void v_store_bytes(uint8_t *p, vec x, int64_t live)
{
    int32_t numbers[VEC_WIDTH];
    vst1q_s32(numbers, vcvtnq_s32_f32(x));
    for (int64_t i = 0; i < live && i < VEC_WIDTH; i++) p[i] = (uint8_t)(128 + numbers[i]);
}

static inline vec_pairs pairs_load(const uint16_t *p) { return vreinterpretq_u32_u16(vld1q_u16(p)); }
static inline vec_pairs pairs_same(const uint16_t *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return vdupq_n_u32(word);
}
static inline vec pairs_low(vec_pairs p) { return vreinterpretq_f32_u32(vshlq_n_u32(p, 16)); }
static inline vec pairs_high(vec_pairs p) { return vreinterpretq_f32_u32(vandq_u32(p,
        vdupq_n_u32(0xffff0000u))); }

/* Bfloat16 in the upper half of each lane; what the lower half holds says nothing. */
static inline uint32x4_t half_bits(vec x)
{
    uint32x4_t bits = vreinterpretq_u32_f32(x), odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    uint32x4_t rounded = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd);
    return vbslq_u32(vceqq_f32(x, x), rounded, vdupq_n_u32(0x7fffffff));
}
static inline void v_store_halves(uint16_t *p, vec x, int64_t live)
{
    uint16_t all[VEC_WIDTH];
    vst1_u16(all, vshrn_n_u32(half_bits(x), 16));
    memcpy(p, all, (size_t)(live < VEC_WIDTH ? live : VEC_WIDTH) * sizeof *p);
}
static inline void v_store_pairs(uint16_t *p, vec low, vec high, int64_t live)
{
    uint32_t all[VEC_WIDTH];
    vst1q_u32(all, vorrq_u32(vandq_u32(half_bits(high), vdupq_n_u32(0xffff0000u)),
                             vshrq_n_u32(half_bits(low), 16)));
    memcpy(p, all, (size_t)(live < VEC_WIDTH ? live : VEC_WIDTH) * sizeof *all);
}

typedef int8x16_t PLAIN_QUAD;
static inline PLAIN_QUAD plain_quad(const uint8_t *a)
{
    uint32_t word;
    memcpy(&word, a, sizeof word);
    return vreinterpretq_s8_u32(veorq_u32(vdupq_n_u32(word), vdupq_n_u32(0x80808080u)));
}
static inline ivec plain_dot(ivec sum, PLAIN_QUAD q, const int8_t *w)
{
    int8x16_t weights = vld1q_s8(w);
    int16x8_t low = vmull_s8(vget_low_s8(q), vget_low_s8(weights)), high = vmull_high_s8(q, weights);
    return vaddq_s32(sum, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
}

enum { ROW_PHASES = 1, ROW_VECTORS = 8, TILE_ROWS = 2, TILE_VECTORS = 8 };

#endif
