/* SPDX-License-Identifier: MIT */
#ifndef RNNI_KERNELS_H
#define RNNI_KERNELS_H

#include "core/context.h"
#include "core/real.h"
#include "kernels/ahead.h"

/* The contract between the mathematics of the library and the machine. CONTRACT.md says for each kernel what
 * it reads and writes, what may alias and what its rounding may depend on. In short, for all of them:
 *   - floats and sizes only: no handles, no errors, no allocation;
 *   - matrices are row-major with a leading dimension (`ld...`, in elements); nothing outside the named
 *     region is read or written;
 *   - the value of an output may depend on the layer's shape and the instruction set, never on how many rows
 *     are computed together, on a row's position, on alignment or on threads. So every element of a product
 *     is ONE chain of multiply-adds in ascending k, starting from the stored value or the bias; tails use the
 *     same vector code as full vectors. */

typedef enum {
    RNNI_ACT_LINEAR, RNNI_ACT_RELU, RNNI_ACT_TANH, RNNI_ACT_SIGMOID, RNNI_ACT_SOFTMAX, RNNI_ACT_GELU,
    RNNI_ACT_SOFTPLUS, RNNI_ACT_ELU, RNNI_ACT_LEAKY_RELU, RNNI_ACT_SWISH, RNNI_ACT_HARD_SIGMOID
} rnni_activation;

/* Activations whose slope does not follow from the result: their backward reads x in place of y. */
static inline int rnni_activation_keeps_x(int activation)
{
    return activation == RNNI_ACT_GELU || activation == RNNI_ACT_SOFTPLUS || activation == RNNI_ACT_SWISH;
}

/* One step of one sequence through a cell with its products: kernels lstm_row, gru_row, rnn_row. */
typedef struct rnni_row {
    int64_t h, inputs;          /* units; features of x */
    const rnni_real *x;         /* [inputs]; not read when z is given */
    const rnni_real *z;         /* NULL, or [gates * h]: b + W x, computed before */
    const rnni_real *h_in;      /* [h] */
    const rnni_real *packed_ih, *packed_hh, *bias; /* rnni_row_pack's; the bias as a weight with k = 1, and
                                                      for gru a fourth gate: c_n */
    const rnni_real *c_in;      /* lstm: [h] */
    rnni_real *c_out, *h_out;   /* [h]; c_out may be c_in, h_out is not h_in */
    int activation;             /* rnn: RNNI_ACT_TANH or RNNI_ACT_RELU */
    int64_t first, last;        /* blocks of `width` units that this call does, [first, last); changes no
                                   bit */
    int backwards;              /* the last units first; changes no bit */
    int64_t first_cache;        /* its bytes, rnni_cpu_first_cache; changes no bit */
} rnni_row;
typedef void rnni_row_kernel(const rnni_row *step);

/* Bytes of a core's first data cache; 32 KiB where the processor does not say. Asked once. */
int64_t rnni_cpu_first_cache(void);

typedef struct rnni_kernels {
    const char *name;  /* "scalar", "avx2", "avx512", "neon" */
    int32_t isa;       /* RNN_ISA_* */
    int mr, nr;        /* tile of the micro-kernel: rows of A, columns of packed B */
    int step;          /* columns of a panel that a tile reads at a time */
    int64_t mc, kc;    /* blocks of the general product: rows of A, and depth where C stays in L2 */
    int width;         /* lanes of a vector: units of a block that rnni_row_pack makes */
#define RNNI_KERNEL(type, name, parameters, tolerance) type(*name) parameters;
#include "kernels/kernels.def"
#undef RNNI_KERNEL
} rnni_kernels;

/* The table for this context: its ISA setting, else RNN_ISA, else the best that processor and system support.
 * Looked up once and kept in the context. An ISA that the machine lacks is RNN_ERROR_UNSUPPORTED with a line
 * that says what it has. */
rnn_status_t rnni_kernels_get(rnn_context_t *context, const rnni_kernels **kernels);

/* Table of one ISA, or NULL when it is not built in or the machine lacks it. For tests. */
const rnni_kernels *rnni_kernels_of(int32_t isa);

/* Products (gemm.c, pack.c): portable loops around the micro-kernel. */

/* Elements that a packed matrix of k rows and n columns takes: panels of nr columns, each [k][nr], the last
 * filled with 0. */
int64_t rnni_packed_size(const rnni_kernels *kernels, int64_t k, int64_t n);

/* Packs B, whose element (k, n) is b[k * row_stride + n * column_stride]. */
void rnni_pack(const rnni_kernels *kernels, int64_t k, int64_t n, const rnni_real *b, int64_t row_stride,
               int64_t column_stride, rnni_real *packed);

/* SimpleRNN layers of at most so many units take their recurrent sums in four chains: rnn_row,
 * short_product. */
enum { RNNI_SHORT_UNITS = 64 };

/* Blocks of `width` units that h units make for the kernels of rnni_row. */
static inline int64_t rnni_row_blocks(const rnni_kernels *kernels, int64_t h)
{
    return (h + kernels->width - 1) / kernels->width;
}

/* weight [gates * h][k] for the kernels of rnni_row: blocks of `width` units, each [k][gates][width], the
 * last filled with 0. */
int64_t rnni_row_size(const rnni_kernels *kernels, int64_t gates, int64_t h, int64_t k);
void rnni_row_pack(const rnni_kernels *kernels, int64_t gates, int64_t h, int64_t k, const rnni_real *weight,
                   rnni_real *packed);

/* What C starts from. */
typedef enum { RNNI_FROM_ZERO, RNNI_FROM_C, RNNI_FROM_BIAS } rnni_start;

/* C[m,n] = start + A[m,k] * B with packed B. A's element (i, k) is a[i * row_stride + k * column_stride].
 * `bias` has n numbers (RNNI_FROM_BIAS). Works for any m >= 0, k >= 0 and writes exactly n columns. No
 * scratch. For the products inside layers. Takes lines of `ahead` along and goes its way (NULL: none, and
 * forwards), unless m is 1. */
void rnni_gemm_packed(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k, const rnni_real *a,
                      int64_t row_stride, int64_t column_stride, const rnni_real *packed, rnni_start start,
                      const rnni_real *bias, rnni_real *c, int64_t ldc, rnni_ahead *ahead);


/* The general product of two matrices that are not packed: packs blocks into `scratch` (rnni_gemm_scratch
 * elements of this n, and this m or a larger one). B's element (k, n) is b[k * b_row + n * b_column]. Start
 * is ZERO or C. For weight gradients: A = dZ transposed, B = X, k = rows. Takes lines of `ahead`, or NULL,
 * along. */
int64_t rnni_gemm_scratch(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k);
void rnni_gemm(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k, const rnni_real *a,
               int64_t a_row, int64_t a_column, const rnni_real *b, int64_t b_row, int64_t b_column,
               rnni_start start, rnni_real *c, int64_t ldc, rnni_real *scratch, rnni_ahead *ahead);

/* Sets flush-to-zero and denormals-are-zero for the calling thread and returns the old mode, to be restored;
 * on x86 exceptions that are raised in between are not seen afterwards. No-ops where there is no such
 * mode. */
uint64_t rnni_denormals_flush(void);
void rnni_denormals_restore(uint64_t mode);

#endif
