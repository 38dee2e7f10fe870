/* SPDX-License-Identifier: MIT */
/* The recurrent product of small SimpleRNN layers, C += A B, where every sum is two chains: numbers 0, 2, 4
 * ... of k go on from C, numbers 1, 3, 5 ... begin with 0, and the two are added in the end. A step of one
 * sequence then takes half as long, since it is nothing but such a chain (row_cells.h does the same); with
 * many rows it costs one addition a sum. B is packed by rnni_row_pack. */
#ifndef RNNI_BODY_SHORT_PRODUCT_H
#define RNNI_BODY_SHORT_PRODUCT_H

/* rows x 2 vectors of sums, twice, stay in registers: 32 of AVX-512 and NEON, 16 elsewhere. */
enum { SHORT_ROWS = VEC_WIDTH == 4 || VEC_WIDTH == 16 ? 6 : 3 };

#define EACH_SHORT_ROW(DO, chain, p) \
    DO(chain, p, 0) DO(chain, p, 1) DO(chain, p, 2) DO(chain, p, 3) DO(chain, p, 4) DO(chain, p, 5)

/* `rows` x `blocks` vectors of sums; n columns are left from the first on. */
BODY_INLINE void short_block(const int rows, const int blocks, int64_t n, int64_t k, const rnni_real *a,
                             int64_t lda, const rnni_real *packed, rnni_real *c, int64_t ldc,
                             rnni_ahead *ahead)
{
    enum { W = VEC_WIDTH };
    const int64_t stride = k * W;
    vec even[6][2], odd[6][2];
#define BEGIN(chain, p, r)                                                    \
    if (r < rows) {                                                           \
        even[r][0] = v_load_n(c + r * ldc, n);                                \
        even[r][1] = blocks > 1 ? v_load_n(c + r * ldc + W, n - W) : v_set(0); \
        odd[r][0] = odd[r][1] = v_set(0);                                     \
    }
#define STEP(chain, p, r)                                           \
    if (r < rows) {                                                 \
        vec x = v_set(a[r * lda + p]);                              \
        chain[r][0] = v_fma(x, first, chain[r][0]);                 \
        if (blocks > 1) chain[r][1] = v_fma(x, second, chain[r][1]); \
    }
#define STEPS(chain, p)                                                                                      \
    {                                                                                                        \
        vec first = v_load(packed + p * W), second = blocks > 1 ? v_load(packed + stride + p * W) : v_set(0); \
        EACH_SHORT_ROW(STEP, chain, p)                                                                       \
    }
#define END(chain, p, r)                                                                               \
    if (r < rows) {                                                                                    \
        v_store_n(c + r * ldc, v_add(even[r][0], odd[r][0]), n);                                       \
        if (blocks > 1) v_store_n(c + r * ldc + W, v_add(even[r][1], odd[r][1]), n - W);               \
    }
    rnni_fetches lines = rnni_ahead_begin(ahead, k, packed);
    EACH_SHORT_ROW(BEGIN, even, 0)
    for (; k > 1; k -= 2, a += 2, packed += 2 * W) {
        STEPS(even, 0)
        STEPS(odd, 1)
        lines = rnni_ahead_step(ahead, lines, k, packed);
    }
    if (k) STEPS(even, 0)
    FORGET(c);
    FORGET(ldc);
    EACH_SHORT_ROW(END, even, 0)
    rnni_ahead_end(ahead, lines);
#undef BEGIN
#undef STEP
#undef STEPS
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
