/* SPDX-License-Identifier: MIT */
#ifndef RNNI_TEAM_H
#define RNNI_TEAM_H

#include "core/context.h"
#include "kernels/reduced.h"

/* Products that threads share, for a run which is the only one of its batch: large models train such batches
 * as one shard (model/bind.c). Each takes some rows or columns of C, so the bits of C do not depend on how
 * many there are. Without a team (NULL) the caller works alone, as it does where a product is too small to be
 * worth the call of another thread.
 *
 * The functions are those of kernels.h and reduced.h of nearly the same names. What is in `ahead` goes with
 * the first part. */

/* How many threads of a context there were when the run, and with it its scratch, was laid out. */
typedef struct rnni_team { rnn_context_t *context; int64_t threads; } rnni_team;

/* rnni_gemm_packed, whose A has rows lda apart. Like the others it goes straight there without a team: a step
 * of a stream takes a fifth of a microsecond. */
void rnni_team_packed_parts(const rnni_team *team, const rnni_kernels *kernels, int64_t m, int64_t n,
                            int64_t k, const rnni_real *a, int64_t lda, const rnni_real *packed,
                            rnni_start start, const rnni_real *bias, rnni_real *c, int64_t ldc,
                            rnni_ahead *ahead);
static inline void rnni_team_packed(const rnni_team *team, const rnni_kernels *kernels, int64_t m, int64_t n,
                                    int64_t k, const rnni_real *a, int64_t lda, const rnni_real *packed,
                                    rnni_start start, const rnni_real *bias, rnni_real *c, int64_t ldc,
                                    rnni_ahead *ahead)
{
    if (team) rnni_team_packed_parts(team, kernels, m, n, k, a, lda, packed, start, bias, c, ldc, ahead);
    else rnni_gemm_packed(kernels, m, n, k, a, lda, 1, packed, start, bias, c, ldc, ahead);
}

/* rnni_reduced_product; with `room` rnni_reduced_product_deep, whose bias is NULL and whose room has
 * rnni_team_reduced_room numbers, of that m or more. */
void rnni_team_reduced_parts(const rnni_team *team, const rnni_kernels *kernels, const rnni_reduced *matrix,
                             int64_t m, const rnni_real *a, int64_t lda, rnni_start start,
                             const rnni_real *bias, rnni_real *c, int64_t ldc, rnni_ahead *ahead,
                             rnni_real *room);
static inline void rnni_team_reduced(const rnni_team *team, const rnni_kernels *kernels,
                                     const rnni_reduced *matrix, int64_t m, const rnni_real *a, int64_t lda,
                                     rnni_start start, const rnni_real *bias, rnni_real *c, int64_t ldc,
                                     rnni_ahead *ahead, rnni_real *room)
{
    if (team)
        rnni_team_reduced_parts(team, kernels, matrix, m, a, lda, start, bias, c, ldc, ahead, room);
    else if (room) rnni_reduced_product_deep(kernels, matrix, m, a, lda, start, c, ldc, ahead, room);
    else rnni_reduced_product(kernels, matrix, m, a, lda, start, bias, c, ldc, ahead);
}
int64_t rnni_team_reduced_room(const rnni_team *team, int64_t m, int64_t n, int64_t k);

/* rnni_outer_product; scratch has rnni_team_outer_scratch numbers, of that m and k or more. */
void rnni_team_outer_parts(const rnni_team *team, const rnni_kernels *kernels, bool halves, int64_t m,
                           int64_t n, int64_t k, const rnni_real *a, int64_t lda, const rnni_real *b,
                           int64_t ldb, rnni_real *c, int64_t ldc, rnni_real *scratch, rnni_ahead *ahead);
static inline void rnni_team_outer(const rnni_team *team, const rnni_kernels *kernels, bool halves, int64_t m,
                                   int64_t n, int64_t k, const rnni_real *a, int64_t lda, const rnni_real *b,
                                   int64_t ldb, rnni_real *c, int64_t ldc, rnni_real *scratch,
                                   rnni_ahead *ahead)
{
    if (team)
        rnni_team_outer_parts(team, kernels, halves, m, n, k, a, lda, b, ldb, c, ldc, scratch, ahead);
    else rnni_outer_product(kernels, halves, m, n, k, a, lda, b, ldb, c, ldc, scratch, ahead);
}
int64_t rnni_team_outer_scratch(const rnni_team *team, const rnni_kernels *kernels, bool halves,
                                int64_t m, int64_t n, int64_t k);

/* Work on rows of which none depends on another, h units each: work(from, count, argument) for parts of
 * [0, rows). */
typedef void rnni_team_work(int64_t from, int64_t count, const void *argument);
void rnni_team_rows_parts(const rnni_team *team, int64_t rows, int64_t h, rnni_team_work *work,
                          const void *argument);
static inline void rnni_team_rows(const rnni_team *team, int64_t rows, int64_t h, rnni_team_work *work,
                                  const void *argument)
{
    if (team) rnni_team_rows_parts(team, rows, h, work, argument);
    else work(0, rows, argument);
}

#endif
