/* SPDX-License-Identifier: MIT */
/* Whole numbers beside the vector layer, for AVX-512. What the names promise: ints_scalar.h. */
#ifndef RNNI_INTS_H
#define RNNI_INTS_H

typedef __m512i ivec;
typedef __m512i vec_pairs;

static inline ivec iv_zero(void) { return _mm512_setzero_si512(); }
static inline ivec iv_load(const int32_t *p) { return _mm512_loadu_si512(p); }
static inline ivec iv_add(ivec a, ivec b) { return _mm512_add_epi32(a, b); }
static inline vec v_from_ints(ivec x) { return _mm512_cvtepi32_ps(x); }

static inline void v_store_bytes(uint8_t *p, vec x, int64_t live)
{
    __m128i bytes = _mm_xor_si128(_mm512_cvtepi32_epi8(_mm512_cvtps_epi32(x)), _mm_set1_epi8(-128));
    if (live >= VEC_WIDTH) _mm_storeu_si128((__m128i *)p, bytes);
    else _mm_mask_storeu_epi8(p, v_live(live), bytes);
}

static inline vec_pairs pairs_load(const uint16_t *p) { return _mm512_loadu_si512(p); }
static inline vec_pairs pairs_same(const uint16_t *p)
{
    int32_t word;
    memcpy(&word, p, sizeof word);
    return _mm512_set1_epi32(word);
}
static inline vec pairs_low(vec_pairs p) { return _mm512_castsi512_ps(_mm512_slli_epi32(p, 16)); }
static inline vec pairs_high(vec_pairs p)
{
    return _mm512_castsi512_ps(_mm512_and_si512(p, _mm512_set1_epi32((int32_t)0xffff0000u)));
}

/* Bfloat16 in the upper half of each lane; what the lower half holds says nothing. */
static inline __m512i half_bits(vec x)
{
    __m512i bits = _mm512_castps_si512(x),
            odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    return _mm512_mask_mov_epi32(rounded, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q),
                                 _mm512_set1_epi32(0x7fffffff));
}
static inline void v_store_halves(uint16_t *p, vec x, int64_t live)
{
    __m256i halves = _mm512_cvtepi32_epi16(_mm512_srli_epi32(half_bits(x), 16));
    if (live >= VEC_WIDTH) _mm256_storeu_si256((__m256i *)p, halves);
    else _mm256_mask_storeu_epi16(p, v_live(live), halves);
}
static inline void v_store_pairs(uint16_t *p, vec low, vec high, int64_t live)
{
    __m512i upper = _mm512_and_si512(half_bits(high), _mm512_set1_epi32((int32_t)0xffff0000u));
    __m512i pairs = _mm512_or_si512(upper, _mm512_srli_epi32(half_bits(low), 16));
    if (live >= VEC_WIDTH) _mm512_storeu_si512(p, pairs);
    else _mm512_mask_storeu_epi32(p, v_live(live), pairs);
}

#if (defined(__clang__) && __clang_major__ >= 9) || (!defined(__clang__) && __GNUC__ >= 10)
#define BF16_DOT_TARGET __attribute__((target("avx512bf16")))
BF16_DOT_TARGET static inline vec pairs_dot(vec sum, vec_pairs a, vec_pairs w)
{
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)w);
}
#endif

static inline __m512i same_quad(const uint8_t *a)
{
    int32_t word;
    memcpy(&word, a, sizeof word);
    return _mm512_set1_epi32(word);
}

/* |a| <= 127 times w with a's sign: sums of two products fit into 16 bits. */
typedef struct { __m512i size; __mmask64 negative; } PLAIN_QUAD;
static inline PLAIN_QUAD plain_quad(const uint8_t *a)
{
    __m512i with_sign = _mm512_xor_si512(same_quad(a), _mm512_set1_epi8(-128));
    PLAIN_QUAD quad = {_mm512_abs_epi8(with_sign), _mm512_movepi8_mask(with_sign)};
    return quad;
}
static inline ivec plain_dot(ivec sum, PLAIN_QUAD q, const int8_t *w)
{
    __m512i weights = _mm512_loadu_si512(w);
    __m512i turned = _mm512_mask_sub_epi8(weights, q.negative, _mm512_setzero_si512(), weights);
    return iv_add(sum, _mm512_madd_epi16(_mm512_maddubs_epi16(q.size, turned), _mm512_set1_epi16(1)));
}

#if defined(__clang__) || __GNUC__ >= 8
#define VNNI_TARGET __attribute__((target("avx512vnni")))
#define VNNI_FLAG RNNI_DOTS_VNNI_512
typedef __m512i VNNI_QUAD;
static inline VNNI_QUAD vnni_quad(const uint8_t *a) { return same_quad(a); }
VNNI_TARGET static inline ivec vnni_dot(ivec sum, VNNI_QUAD q, const int8_t *w)
{
    return _mm512_dpbusd_epi32(sum, q, _mm512_loadu_si512(w));
}
#endif

enum { ROW_PHASES = 4, ROW_VECTORS = 4, TILE_ROWS = 6, TILE_VECTORS = 4 };

#endif
