/* SPDX-License-Identifier: MIT */
/* Whole numbers beside the vector layer, for AVX2. What the names promise: ints_scalar.h. */
#ifndef RNNI_INTS_H
#define RNNI_INTS_H

typedef __m256i ivec;
typedef __m256i vec_pairs;

static inline ivec iv_zero(void) { return _mm256_setzero_si256(); }
static inline ivec iv_load(const int32_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline ivec iv_add(ivec a, ivec b) { return _mm256_add_epi32(a, b); }
static inline vec v_from_ints(ivec x) { return _mm256_cvtepi32_ps(x); }

static inline void v_store_bytes(uint8_t *p, vec x, int64_t live)
{
    __m256i numbers = _mm256_cvtps_epi32(x);
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1));
    __m128i bytes = _mm_xor_si128(_mm_packs_epi16(words, words), _mm_set1_epi8(-128));
    uint8_t all[16];
    if (live >= VEC_WIDTH) {
        _mm_storel_epi64((__m128i *)p, bytes);
    } else {
        _mm_storeu_si128((__m128i *)all, bytes);
        memcpy(p, all, (size_t)live);
    }
}

static inline vec_pairs pairs_load(const uint16_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline vec_pairs pairs_same(const uint16_t *p)
{
    int32_t word;
    memcpy(&word, p, sizeof word);
    return _mm256_set1_epi32(word);
}
static inline vec pairs_low(vec_pairs p) { return _mm256_castsi256_ps(_mm256_slli_epi32(p, 16)); }
static inline vec pairs_high(vec_pairs p)
{
    return _mm256_castsi256_ps(_mm256_and_si256(p, _mm256_set1_epi32((int32_t)0xffff0000u)));
}

/* Bfloat16 in the upper half of each lane; what the lower half holds says nothing. */
static inline __m256i half_bits(vec x)
{
    __m256i bits = _mm256_castps_si256(x),
            odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
    __m256i trouble = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    return _mm256_blendv_epi8(rounded, _mm256_set1_epi32(0x7fffffff), trouble);
}
static inline void v_store_halves(uint16_t *p, vec x, int64_t live)
{
    __m256i words = _mm256_srli_epi32(half_bits(x), 16);
    __m128i halves = _mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    uint16_t all[VEC_WIDTH];
    if (live >= VEC_WIDTH) {
        _mm_storeu_si128((__m128i *)p, halves);
    } else {
        _mm_storeu_si128((__m128i *)all, halves);
        memcpy(p, all, (size_t)live * sizeof *p);
    }
}
static inline void v_store_pairs(uint16_t *p, vec low, vec high, int64_t live)
{
    __m256i upper = _mm256_and_si256(half_bits(high), _mm256_set1_epi32((int32_t)0xffff0000u));
    __m256i pairs = _mm256_or_si256(upper, _mm256_srli_epi32(half_bits(low), 16));
    uint16_t all[2 * VEC_WIDTH];
    if (live >= VEC_WIDTH) {
        _mm256_storeu_si256((__m256i *)p, pairs);
    } else {
        _mm256_storeu_si256((__m256i *)all, pairs);
        memcpy(p, all, (size_t)live * 2 * sizeof *p);
    }
}

static inline __m256i same_quad(const uint8_t *a)
{
    int32_t word;
    memcpy(&word, a, sizeof word);
    return _mm256_set1_epi32(word);
}

/* |a| <= 127 times w with a's sign: sums of two products fit into 16 bits. */
typedef struct { __m256i size, sign; } PLAIN_QUAD;
static inline PLAIN_QUAD plain_quad(const uint8_t *a)
{
    __m256i with_sign = _mm256_xor_si256(same_quad(a), _mm256_set1_epi8(-128));
    PLAIN_QUAD quad = {_mm256_abs_epi8(with_sign), with_sign};
    return quad;
}
static inline ivec plain_dot(ivec sum, PLAIN_QUAD q, const int8_t *w)
{
    __m256i turned = _mm256_sign_epi8(_mm256_loadu_si256((const __m256i *)w), q.sign);
    return iv_add(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(q.size, turned), _mm256_set1_epi16(1)));
}

#if (defined(__clang__) && __clang_major__ >= 12) || (!defined(__clang__) && __GNUC__ >= 11)
#define VNNI_TARGET __attribute__((target("avxvnni")))
#define VNNI_FLAG RNNI_DOTS_VNNI_256
typedef __m256i VNNI_QUAD;
static inline VNNI_QUAD vnni_quad(const uint8_t *a) { return same_quad(a); }
VNNI_TARGET static inline ivec vnni_dot(ivec sum, VNNI_QUAD q, const int8_t *w)
{
    return _mm256_dpbusd_avx_epi32(sum, q, _mm256_loadu_si256((const __m256i *)w));
}
#endif

enum { ROW_PHASES = 1, ROW_VECTORS = 8, TILE_ROWS = 6, TILE_VECTORS = 2 };

#endif
