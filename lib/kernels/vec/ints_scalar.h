/* SPDX-License-Identifier: MIT */
/* Whole numbers beside the vector layer, for weights of 8 and 16 bits. Every ints_<isa>.h defines, with
 * VEC_WIDTH lanes:
 *   ivec, iv_zero, iv_load, iv_add     32-bit sums
 *   v_from_ints                        as floats, rounded once
 *   v_store_bytes                      128 + rint(x) of |x| <= 127, the first `live` lanes
 *   pairs_load, pairs_low, pairs_high  two numbers of 16 bits for each lane, as floats
 *   pairs_same                         the same two in all lanes
 *   v_store_halves, v_store_pairs      as bfloat16, to nearest, ties to even, NaN as 0x7fff; two in each lane
 *   PLAIN_QUAD, plain_quad, plain_dot  sum + (a0 - 128) w0 + ... + (a3 - 128) w3 in each lane: the same a in
 *                                      all, four w a lane; exact for w in [-127, 127] and a in [1, 255]
 * and where there are instructions for it (VNNI_TARGET names them) VNNI_QUAD, vnni_quad and vnni_dot: sum +
 * a0 w0 + ... + a3 w3, so that such sums begin with a column's correction; likewise (BF16_DOT_TARGET)
 * pairs_dot: first sum + a1 w1, then that + a0 w0, two multiply-adds. Blocks of sums: ROW_PHASES parts of k x
 * ROW_VECTORS vectors for one row, TILE_ROWS rows x TILE_VECTORS vectors for more. */
#ifndef RNNI_INTS_H
#define RNNI_INTS_H

typedef int32_t ivec;

static inline ivec iv_zero(void) { return 0; }
static inline ivec iv_load(const int32_t *p) { return *p; }
static inline ivec iv_add(ivec a, ivec b) { return a + b; }
static inline vec v_from_ints(ivec x) { return (vec)x; }

static inline void v_store_bytes(uint8_t *p, vec x, int64_t live)
{
    (void)live;
#ifdef RNNI_REAL_IS_DOUBLE
    *p = (uint8_t)(128 + (int)rint(x));
#else
    *p = (uint8_t)(128 + (int)v_round(x));
#endif
}

/* One word, so that compilers see one number: gcc 12 turned loops over two wrongly into vectors. */
typedef uint32_t vec_pairs;
static inline vec_pairs pairs_load(const uint16_t *p) { return (uint32_t)p[1] << 16 | p[0]; }
static inline vec_pairs pairs_same(const uint16_t *p) { return pairs_load(p); }
static inline vec pairs_low(vec_pairs p) { return rnni_bf16_value((uint16_t)p); }
static inline vec pairs_high(vec_pairs p) { return rnni_bf16_value((uint16_t)(p >> 16)); }

static inline uint16_t half_of(vec x)
{
    float number = (float)x;
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return number == number ? (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16) : 0x7fff;
}
static inline void v_store_halves(uint16_t *p, vec x, int64_t live)
{
    (void)live;
    *p = half_of(x);
}
static inline void v_store_pairs(uint16_t *p, vec low, vec high, int64_t live)
{
    (void)live;
    p[0] = half_of(low);
    p[1] = half_of(high);
}

typedef struct { int32_t a[4]; } PLAIN_QUAD;
static inline PLAIN_QUAD plain_quad(const uint8_t *a)
{
    PLAIN_QUAD quad = {{a[0] - 128, a[1] - 128, a[2] - 128, a[3] - 128}};
    return quad;
}
static inline ivec plain_dot(ivec sum, PLAIN_QUAD q, const int8_t *w)
{
    return sum + q.a[0] * w[0] + q.a[1] * w[1] + q.a[2] * w[2] + q.a[3] * w[3];
}

enum { ROW_PHASES = 1, ROW_VECTORS = 16, TILE_ROWS = 2, TILE_VECTORS = 16 };

#endif
