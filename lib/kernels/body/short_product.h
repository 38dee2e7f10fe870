/* SPDX-License-Identifier: MIT */
/* The recurrent product of small SimpleRNN layers, C += A B, where every sum is four chains: number p of k
 * goes on in chain p % 4, of which the first begins with C and the others with 0, and in the end it is
 * (first + second) + (third + fourth). A step of one sequence, which is nothing but such a chain and tanh,
 * then takes a quarter of the time for it (row_cells.h does the same); with many rows, where registers hold
 * two chains of each sum, it costs a second turn over k and two additions. B is packed by rnni_row_pack. */
#ifndef RNNI_BODY_SHORT_PRODUCT_H
#define RNNI_BODY_SHORT_PRODUCT_H

/* rows x 2 vectors of sums, twice, stay in registers: 32 of AVX-512 and NEON, 16 elsewhere. */
enum { SHORT_ROWS = VEC_WIDTH == 4 || VEC_WIDTH == 16 ? 6 : 3 };

#define EACH_SHORT_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)

/* `rows` x `blocks` vectors of sums; n columns are left from the first on. Third and fourth chains first. */
BODY_INLINE void short_block(const int rows, const int blocks, int64_t n, int64_t k, const rnni_real *a,
                             int64_t lda, const rnni_real *packed, rnni_real *c, int64_t ldc,
                             rnni_ahead *ahead)
{
    enum { W = VEC_WIDTH };
    const int64_t stride = k * W;
    vec even[6][2], odd[6][2], held[6][2];
#define CLEAR(r) even[r][0] = even[r][1] = odd[r][0] = odd[r][1] = v_set(0);
#define HOLD(r)                                              \
    if (r < rows) {                                          \
        held[r][0] = v_add(even[r][0], odd[r][0]);           \
        held[r][1] = v_add(even[r][1], odd[r][1]);           \
    }
#define BEGIN(r)                                                               \
    if (r < rows) {                                                            \
        even[r][0] = v_load_n(c + r * ldc, n);                                 \
        even[r][1] = blocks > 1 ? v_load_n(c + r * ldc + W, n - W) : v_set(0); \
        odd[r][0] = odd[r][1] = v_set(0);                                      \
    }
#define STEP(chain, p, r)                                            \
    if (r < rows) {                                                  \
        vec x = v_set(left[r * lda + p]);                            \
        chain[r][0] = v_fma(x, first, chain[r][0]);                  \
        if (blocks > 1) chain[r][1] = v_fma(x, second, chain[r][1]); \
    }
#define STEP_EVEN(r) STEP(even, 0, r)
#define STEP_ODD(r) STEP(odd, 1, r)
#define NUMBER(p, DO)                                                                 \
    {                                                                                 \
        const vec first = v_load(right + p * W);                                      \
        const vec second = blocks > 1 ? v_load(right + stride + p * W) : v_set(0);    \
        EACH_SHORT_ROW(DO)                                                            \
    }
#define CHAINS(from)                                                                       \
    {                                                                                      \
        const rnni_real *left = a + from, *right = packed + from * W;                      \
        int64_t rest = k - from;                                                           \
        for (; rest > 1; rest -= 4, left += 4, right += 4 * W) {                           \
            NUMBER(0, STEP_EVEN)                                                           \
            NUMBER(1, STEP_ODD)                                                            \
            lines = rnni_ahead_step(ahead, lines, k, packed);                              \
        }                                                                                  \
        if (rest == 1) NUMBER(0, STEP_EVEN)                                                \
    }
#define SUM(r, b) v_add(v_add(even[r][b], odd[r][b]), held[r][b])
#define END(r)                                                            \
    if (r < rows) {                                                       \
        v_store_n(c + r * ldc, SUM(r, 0), n);                             \
        if (blocks > 1) v_store_n(c + r * ldc + W, SUM(r, 1), n - W);     \
    }
    rnni_fetches lines = rnni_ahead_begin(ahead, k, packed);
    EACH_SHORT_ROW(CLEAR)
    CHAINS(2)
    EACH_SHORT_ROW(HOLD)
    EACH_SHORT_ROW(BEGIN)
    CHAINS(0)
    FORGET(c);
    FORGET(ldc);
    EACH_SHORT_ROW(END)
    rnni_ahead_end(ahead, lines);
#undef CLEAR
#undef HOLD
#undef BEGIN
#undef STEP
#undef STEP_EVEN
#undef STEP_ODD
#undef NUMBER
#undef CHAINS
#undef SUM
#undef END
}

typedef void short_function(int64_t n, int64_t k, const rnni_real *a, int64_t lda, const rnni_real *packed,
                            rnni_real *c, int64_t ldc, rnni_ahead *ahead);

#define SHORT_FUNCTION(rows, blocks)                                                           \
    static void short_##rows##x##blocks(int64_t n, int64_t k, const rnni_real *a, int64_t lda, \
                                        const rnni_real *packed, rnni_real *c, int64_t ldc,    \
                                        rnni_ahead *ahead)                                     \
    {                                                                                          \
        short_block(rows, blocks, n, k, a, lda, packed, c, ldc, ahead);                        \
    }
SHORT_FUNCTION(1, 1) SHORT_FUNCTION(2, 1) SHORT_FUNCTION(3, 1)
SHORT_FUNCTION(1, 2) SHORT_FUNCTION(2, 2) SHORT_FUNCTION(3, 2)
#if VEC_WIDTH == 4 || VEC_WIDTH == 16
SHORT_FUNCTION(4, 1) SHORT_FUNCTION(5, 1) SHORT_FUNCTION(6, 1)
SHORT_FUNCTION(4, 2) SHORT_FUNCTION(5, 2) SHORT_FUNCTION(6, 2)
#endif

static void KERNEL(short_product)(int64_t rows, int64_t n, int64_t k, const rnni_real *a, int64_t lda,
                                  const rnni_real *packed, rnni_real *c, int64_t ldc, rnni_ahead *ahead)
{
    static short_function *const of[2][SHORT_ROWS] = {
#if VEC_WIDTH == 4 || VEC_WIDTH == 16
        { short_1x1, short_2x1, short_3x1, short_4x1, short_5x1, short_6x1 },
        { short_1x2, short_2x2, short_3x2, short_4x2, short_5x2, short_6x2 },
#else
        { short_1x1, short_2x1, short_3x1 },
        { short_1x2, short_2x2, short_3x2 },
#endif
    };
    int64_t tiles = (rows + SHORT_ROWS - 1) / SHORT_ROWS;
    for (int64_t t = 0; t < tiles; t++) {
        int64_t height = rows / tiles + (t < rows % tiles);
        for (int64_t j = 0; j < n; j += 2 * VEC_WIDTH)
            of[n - j > VEC_WIDTH][height - 1](n - j, k, a, lda, packed + j * k, c + j, ldc, ahead);
        a += height * lda;
        c += height * ldc;
    }
}

#endif
