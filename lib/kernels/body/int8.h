/* SPDX-License-Identifier: MIT */
/* Rounding of rows to bytes, and products with weights of 8 bits. */
#ifndef RNNI_BODY_INT8_H
#define RNNI_BODY_INT8_H

/* One row as bytes; gives the sum of all numbers times 0, which is NaN when one is not finite. */
static inline rnni_real int8_bytes(int64_t n, const rnni_real *x, rnni_real factor, uint8_t *q)
{
    vec trouble = v_set(0);
    VEC_LOOP(i, live, n) {
        int64_t fours = (live + 3) / 4 * 4;
        vec numbers = v_load_n(x + i, live), scaled = v_max(v_mul(numbers, v_set(factor)), v_set(-127));
        trouble = v_fma(numbers, v_set(0), trouble);
        v_store_bytes(q + i, v_min(scaled, v_set(127)), fours < VEC_WIDTH ? fours : VEC_WIDTH);
    }
    for (int64_t i = n; VEC_WIDTH < 4 && i % 4; i++) q[i] = 128;
    return v_sum(trouble);
}

static inline rnni_real int8_top(int64_t n, const rnni_real *x)
{
    vec top = v_set(0);
    VEC_LOOP(i, live, n) top = v_max(v_abs(v_load_n(x + i, live)), top);
    return v_greatest(top);
}

static void KERNEL(int8_round)(int64_t rows, int64_t n, const rnni_real *x, int64_t ldx, rnni_real bound,
                               uint8_t *q, int64_t ldq,
                               rnni_real *scale)
{
    for (int64_t r = 0; r < rows; r++, x += ldx, q += ldq) {
        rnni_real top = bound > 0 ? bound : int8_top(n, x);
        bool tiny = top < (rnni_real)1e-30; /* 127 / top could be infinite */
        rnni_real trouble = int8_bytes(n, x, tiny ? 0 : 127 / top, q);
        scale[r] = (tiny ? 0 : top / 127) + trouble;
    }
}

/* Sums of one block at a time: `rows` rows (or, for one row, `rows` parts of k) x `vectors` vectors. All are
 * indices that are constants where the block is
 * used, so that the sums are registers. */
#define EACH_SUM_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)
#define EACH_SUM(DO, i)                                                                                                      \
    DO(i, 0) DO(i, 1) DO(i, 2) DO(i, 3) DO(i, 4) DO(i, 5) DO(i, 6) DO(i, 7) DO(i, 8) DO(i, 9) DO(i, 10) DO(i, 11) DO(i, 12) \
    DO(i, 13) DO(i, 14) DO(i, 15)

/* from + sum * (a_scale * scale), each operation rounded: the same bits at every level. */
static inline vec int8_value(ivec sum, rnni_real a_scale, vec scale, vec from)
{
    return v_add(from, v_mul(v_from_ints(sum), v_mul(v_set(a_scale), scale)));
}

static inline void int8_finish(ivec sum, rnni_real a_scale, const rnni_real *scale, const rnni_real *from,
                               rnni_real *c, int64_t live)
{
    vec start = from ? v_load_n(from, live) : v_set(0);
    v_store_n(c, int8_value(sum, a_scale, v_load_n(scale, live), start), live);
}

/* The sums of a vector of units and its four gates, in two parts of k side by side: few, but the gates of the
 * units before are under way beside them. */
enum { UNIT_GATES = 4, UNIT_PARTS = VEC_WIDTH >= 16 ? 2 : 1 };

#define INT8_QUAD PLAIN_QUAD
#define INT8_LOAD plain_quad
#define INT8_DOT plain_dot
#define INT8_BEGIN(correction) iv_zero()
#define INT8_NAME(name) name##_plain
#define INT8_TARGET
#include "kernels/body/int8_product.h"

#ifdef VNNI_TARGET

#define INT8_QUAD VNNI_QUAD
#define INT8_LOAD vnni_quad
#define INT8_DOT vnni_dot
#define INT8_BEGIN(correction) iv_load(correction)
#define INT8_NAME(name) name##_vnni
#define INT8_TARGET VNNI_TARGET
#include "kernels/body/int8_product.h"

#define INT8_FAST(name) name##_vnni

#else

#define INT8_FAST(name) name##_plain

#endif

#define INT8_KERNELS(name, how)                                                                             \
    static void KERNEL(int8_product##name)(int64_t rows, int64_t n, int64_t quads, const uint8_t *a,        \
                                           int64_t lda, const rnni_real *a_scale, const int8_t *packed,     \
                                           const int32_t *correction, const rnni_real *scale, int start,    \
                                           const rnni_real *bias, rnni_real *c, int64_t ldc)                \
    {                                                                                                       \
        how(int8_product)(rows, n, quads, a, lda, a_scale, packed, correction, scale, start, bias, c, ldc); \
    }                                                                                                       \
    static void KERNEL(int8_lstm##name)(int64_t h, int64_t quads, const uint8_t *a, rnni_real a_scale,      \
                                        const int8_t *packed, const int32_t *correction,                    \
                                        const rnni_real *scale, const rnni_real *z, const rnni_real *c_in,  \
                                        rnni_real *c_out, rnni_real *h_out)                                 \
    {                                                                                                       \
        how(int8_lstm)(h, quads, a, a_scale, packed, correction, scale, z, c_in, c_out, h_out);             \
    }
#define INT8_PLAIN(name) name##_plain

INT8_KERNELS(, INT8_FAST)
INT8_KERNELS(_plain, INT8_PLAIN)

#endif
