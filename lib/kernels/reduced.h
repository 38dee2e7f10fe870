/* SPDX-License-Identifier: MIT */
#ifndef RNNI_REDUCED_H
#define RNNI_REDUCED_H

#include "kernels/kernels.h"
#include <rnn/precision.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Weights of 8 and 16 bits. A matrix W [n][k], as files have it, is multiplied as x W^T; its rows are the
 * columns of the product.
 *
 *   int8   w = q s, q in [-127, 127], one scale s for each row of W
 *   bf16   w rounded to the nearest float whose low 16 bits are 0
 *
 * Both roundings are idempotent: numbers that went through one come out of it again unchanged, so a model and
 * its file have the same bits.
 *
 * Packed, columns lie in groups of 64 (the last one of 16, 32, 48 or 64, filled up with zeros):
 *
 *   int8   [group][k / 4][columns][4]    four k of a column side by side
 *   bf16   [group][k / 2][columns][2]    two k
 *
 * with k rounded up to 4 or 2. A matrix of more than RNNI_INT8_DEPTH or RNNI_BF16_DEPTH inputs is cut into
 * such blocks of k, one behind another. */

enum {
    RNNI_REDUCED_GROUP = 64,
    RNNI_REDUCED_COLUMNS = 16, /* n is rounded up to this */
    RNNI_INT8_DEPTH = 8192,    /* numbers of a row that a product holds on the stack; sums of so many stay
                                  below 2^31 */
    RNNI_BF16_SPLIT = 16,      /* pairs of k that tiles add up before they add to a sum */
    RNNI_BF16_DEPTH = 512      /* 64 rows of so many fit on the stack, a group's columns of a block into a
                                  near cache */
};

/* Columns of the group that begins with column `group` of n, as packed. */
static inline int64_t rnni_reduced_width(int64_t n, int64_t group)
{
    const int64_t left = (n - group + RNNI_REDUCED_COLUMNS - 1) / RNNI_REDUCED_COLUMNS * RNNI_REDUCED_COLUMNS;
    return left < RNNI_REDUCED_GROUP ? left : RNNI_REDUCED_GROUP;
}

typedef struct rnni_reduced {
    int32_t precision;          /* RNN_PRECISION_BF16 or RNN_PRECISION_INT8; 0: nothing is there */
    bool table;                 /* rows [n][k] for rnni_reduced_row, not packed */
    int dots;                   /* what rnni_cpu_dots found as the block was filled; int8 asks for it */
    int64_t n, k;
    rnni_real bound;            /* int8: no left number is larger than this in size; 0: each row's largest one
                                   is looked for */
    void *block;                /* rnni_reduced_bytes, aligned to 64 */
    rnni_real *scale;           /* int8: [n rounded up] */
    int32_t *correction;        /* int8: [blocks of k][n rounded up]: -128 times the sum of a column */
    int8_t *bytes;              /* int8 */
    uint16_t *halves;           /* bf16 */
} rnni_reduced;

/* Whether products of bf16 go by tiles (AMX) here: so fast that weights and sums should come from near. */
bool rnni_reduced_by_tiles(const rnni_kernels *kernels);
/* Whether kernels int8_product and int8_lstm may be used; else those without the instruction. */
bool rnni_reduced_has_dots(const rnni_kernels *kernels, const rnni_reduced *matrix);
/* Bytes of a matrix's block, whose precision, table, n and k are set. */
size_t rnni_reduced_bytes(const rnni_reduced *matrix);
/* Rounds W, whose row j is at weights + j * k, into the block. */
void rnni_reduced_fill(const rnni_kernels *kernels, rnni_reduced *matrix, const rnni_real *weights);

/* Columns [from, from + count) of a packed matrix' products; a multiple of RNNI_REDUCED_GROUP to begin with,
 * and to end with unless they are the last. */
typedef struct rnni_columns { int64_t from, count; } rnni_columns;

/* C[m][n] = start + A[m][k] W^T for a packed matrix, A rounded to 8 or 16 bits as W is; its rows are `lda`
 * apart. The bits of a row do not depend on the others. `ahead`, or NULL, says of bf16 whether
 * the columns go from the last to the first; tiles take its lines along, other products leave them. Of some
 * columns, where bias and C begin with the first of them, or of all. */
void rnni_reduced_columns(const rnni_kernels *kernels, const rnni_reduced *matrix, rnni_columns of, int64_t m,
                          const rnni_real *a, int64_t lda, rnni_start start, const rnni_real *bias,
                          rnni_real *c, int64_t ldc, rnni_ahead *ahead);
static inline void rnni_reduced_product(const rnni_kernels *kernels, const rnni_reduced *matrix, int64_t m,
                                        const rnni_real *a, int64_t lda, rnni_start start,
                                        const rnni_real *bias, rnni_real *c, int64_t ldc, rnni_ahead *ahead)
{
    rnni_reduced_columns(kernels, matrix, (rnni_columns){ 0, matrix->n }, m, a, lda, start, bias, c, ldc,
                         ahead);
}
/* The same without bias, where k may take several blocks: some columns go through all of them before others
 * do, so that a product can turn round with `ahead` there, too. Rows are rounded to `room` before, of
 * rnni_reduced_room numbers, 0 where k takes one. */
int64_t rnni_reduced_room(int64_t m, int64_t k);
void rnni_reduced_columns_deep(const rnni_kernels *kernels, const rnni_reduced *matrix, rnni_columns of,
                               int64_t m, const rnni_real *a, int64_t lda, rnni_start start, rnni_real *c,
                               int64_t ldc, rnni_ahead *ahead, rnni_real *room);
static inline void rnni_reduced_product_deep(const rnni_kernels *kernels, const rnni_reduced *matrix,
                                             int64_t m, const rnni_real *a, int64_t lda, rnni_start start,
                                             rnni_real *c, int64_t ldc, rnni_ahead *ahead, rnni_real *room)
{
    rnni_reduced_columns_deep(kernels, matrix, (rnni_columns){ 0, matrix->n }, m, a, lda, start, c, ldc,
                              ahead, room);
}
/* A step of one sequence through an LSTM of h units, for recurrent weights W [4 h][h] whose input products
 * are in z [4 h]: rnni_reduced_product and lstm_gates in one, with their bits, but z stays. false: nothing
 * was done, as it would not be faster. */
bool rnni_reduced_lstm(const rnni_kernels *kernels, const rnni_reduced *matrix, int64_t h,
                       const rnni_real *h_in, const rnni_real *z, const rnni_real *c_in, rnni_real *c_out,
                       rnni_real *h_out);
/* Fills the block of a bf16 matrix for x W, where the rows of W are those of the product: k rows of n
 * numbers. */
void rnni_reduced_fill_rows(const rnni_kernels *kernels, rnni_reduced *matrix, const rnni_real *weights);
/* C[m][n] += A^T B, both rounded to bfloat16: A [k][m], B [k][n], pairs of rows. Scratch has
 * rnni_bf16_scratch numbers. For weight gradients: k is all rows of a chunk. */
int64_t rnni_bf16_scratch(int64_t n, int64_t k);
void rnni_bf16_outer(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k, const rnni_real *a,
                     int64_t lda, const rnni_real *b, int64_t ldb, rnni_real *c, int64_t ldc,
                     rnni_real *scratch);
/* The same in bf16 or, without `halves`, in float, which takes lines of `ahead`, or NULL, along; scratch of
 * rnni_outer_scratch numbers. */
static inline int64_t rnni_outer_scratch(const rnni_kernels *kernels, bool halves, int64_t m, int64_t n,
                                         int64_t k)
{
    return halves ? rnni_bf16_scratch(n, k) : rnni_gemm_scratch(kernels, m, n, k);
}
static inline void rnni_outer_product(const rnni_kernels *kernels, bool halves, int64_t m, int64_t n,
                                      int64_t k, const rnni_real *a, int64_t lda, const rnni_real *b,
                                      int64_t ldb, rnni_real *c, int64_t ldc, rnni_real *scratch,
                                      rnni_ahead *ahead)
{
    if (halves) rnni_bf16_outer(kernels, m, n, k, a, lda, b, ldb, c, ldc, scratch);
    else rnni_gemm(kernels, m, n, k, a, 1, lda, b, ldb, 1, RNNI_FROM_C, c, ldc, scratch, ahead);
}
/* Row number `row` of a table, as floats: out[k]. */
void rnni_reduced_row(const rnni_reduced *matrix, int64_t row, rnni_real *out);

/* The roundings. A scale is not smaller than 2^-120 and has at most 17 significant bits, so that q scale and
 * 127 scale are exact floats;
 * |w - q scale| <= scale / 2. */
float rnni_int8_scale(int64_t n, const rnni_real *weights);
void rnni_int8_round(int64_t n, const rnni_real *weights, float scale, int8_t *q);
uint16_t rnni_bf16_round(rnni_real weight);
static inline rnni_real rnni_bf16_value(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
