/* SPDX-License-Identifier: MIT */
#include "cells/team.h"
#include "core/pool.h"

/* Multiply-adds that a part has at least: a microsecond and more, where handing it to a thread that is awake
 * takes about half of one. */
enum { LEAST_WORK = 256 * 1024 };
/* Rows that a part has at least where C is cut into rows, as each reads, or packs, all of B. */
enum { LEAST_ROWS = 64 };

/* Parts of m n k multiply-adds, which no more than `most` threads can share. */
static int64_t parts_of(const rnni_team *team, int64_t m, int64_t n, int64_t k, int64_t most)
{
    if (!team) return 1;
    const double work = (double)m * (double)n * (double)k; /* plans may have any m */
    if (team->threads < most) most = team->threads;
    if (work < (double)LEAST_WORK * (double)most) most = (int64_t)(work / LEAST_WORK);
    return most < 1 ? 1 : most;
}

static int64_t units_of(int64_t n, int64_t unit) { return (n + unit - 1) / unit; }

/* Part number `part` of [0, n), which begins with a multiple of `unit`; none is empty. */
typedef struct range { int64_t from, count; } range;

static range range_of(int64_t n, int64_t unit, int64_t parts, int64_t part)
{
    const int64_t units = units_of(n, unit), from = units * part / parts * unit,
                  to = units * (part + 1) / parts * unit;
    return (range){ from, (to < n ? to : n) - from };
}

/* A product and how it is cut. */
typedef struct product {
    const rnni_kernels *kernels;
    const rnni_reduced *matrix;
    bool halves, by_rows;
    int64_t m, n, k, lda, ldb, ldc, parts, scratch_of_part;
    const rnni_real *a, *b, *packed, *bias;
    rnni_start start;
    rnni_real *c, *scratch;
    rnni_ahead *ahead;
} product;

static void in_parts(const rnni_team *team, void (*part)(int64_t index, void *argument), product *p)
{
    if (p->parts > 1) rnni_parallel(team->context, p->parts, part, p);
    else part(0, p);
}

/* The first part has what is in `ahead`; the others go the same way. */
static rnni_ahead *ahead_of(const product *p, int64_t part, rnni_ahead *other)
{
    if (part == 0 || !p->ahead) return p->ahead;
    other->count = other->waiting = 0;
    other->turns = p->ahead->turns;
    other->backwards = p->ahead->backwards;
    return other;
}

/* ---- weights packed as floats */

static void packed_part(int64_t part, void *argument)
{
    const product *p = argument;
    range rows = { 0, p->m }, columns = { 0, p->n };
    if (p->by_rows) rows = range_of(p->m, p->kernels->mr, p->parts, part);
    else columns = range_of(p->n, p->kernels->nr, p->parts, part);
    rnni_ahead other;
    rnni_gemm_packed(p->kernels, rows.count, columns.count, p->k, p->a + rows.from * p->lda, p->lda, 1,
                     p->packed + columns.from * p->k, p->start, p->bias ? p->bias + columns.from : NULL,
                     p->c + rows.from * p->ldc + columns.from, p->ldc, ahead_of(p, part, &other));
}

void rnni_team_packed_parts(const rnni_team *team, const rnni_kernels *kernels, int64_t m, int64_t n,
                            int64_t k, const rnni_real *a, int64_t lda, const rnni_real *packed,
                            rnni_start start, const rnni_real *bias, rnni_real *c, int64_t ldc,
                            rnni_ahead *ahead)
{
    const bool by_rows = m >= team->threads * LEAST_ROWS;
    const int64_t units = by_rows ? units_of(m, kernels->mr) : units_of(n, kernels->nr);
    product p = { .kernels = kernels, .by_rows = by_rows, .m = m, .n = n, .k = k, .lda = lda, .ldc = ldc,
                  .parts = parts_of(team, m, n, k, units), .a = a, .packed = packed, .bias = bias,
                  .start = start, .c = c, .ahead = ahead };
    in_parts(team, packed_part, &p);
}

/* ---- weights in few bits */

static int64_t reduced_parts(const rnni_team *team, int64_t m, int64_t n, int64_t k)
{
    return parts_of(team, m, n, k, units_of(n, RNNI_REDUCED_GROUP));
}

int64_t rnni_team_reduced_room(const rnni_team *team, int64_t m, int64_t n, int64_t k)
{
    return rnni_reduced_room(m, k) * reduced_parts(team, m, n, k);
}

static void reduced_part(int64_t part, void *argument)
{
    const product *p = argument;
    const range some = range_of(p->n, RNNI_REDUCED_GROUP, p->parts, part);
    const rnni_columns of = { some.from, some.count };
    rnni_real *c = p->c + of.from;
    rnni_ahead other, *ahead = ahead_of(p, part, &other);
    if (p->scratch)
        rnni_reduced_columns_deep(p->kernels, p->matrix, of, p->m, p->a, p->lda, p->start, c, p->ldc, ahead,
                                  p->scratch + part * p->scratch_of_part);
    else
        rnni_reduced_columns(p->kernels, p->matrix, of, p->m, p->a, p->lda, p->start,
                             p->bias ? p->bias + of.from : NULL, c, p->ldc, ahead);
}

void rnni_team_reduced_parts(const rnni_team *team, const rnni_kernels *kernels, const rnni_reduced *matrix,
                             int64_t m, const rnni_real *a, int64_t lda, rnni_start start,
                             const rnni_real *bias, rnni_real *c, int64_t ldc, rnni_ahead *ahead,
                             rnni_real *room)
{
    product p = { .kernels = kernels, .matrix = matrix, .m = m, .n = matrix->n, .k = matrix->k, .lda = lda,
                  .ldc = ldc, .parts = reduced_parts(team, m, matrix->n, matrix->k),
                  .scratch_of_part = rnni_reduced_room(m, matrix->k), .a = a, .bias = bias, .start = start,
                  .c = c, .scratch = room, .ahead = ahead };
    in_parts(team, reduced_part, &p);
}

/* ---- sums over rows */

static int64_t outer_parts(const rnni_team *team, int64_t m, int64_t n, int64_t k)
{
    return parts_of(team, m, n, k, m / LEAST_ROWS);
}

/* Scratch of each of so many parts. */
static int64_t outer_scratch(const rnni_kernels *kernels, bool halves, int64_t m, int64_t n, int64_t k,
                             int64_t parts)
{
    enum { LINE = 64 / sizeof(rnni_real) }; /* no two threads write to one */
    const int64_t unit = kernels->mr, rows = units_of(units_of(m, unit), parts) * unit;
    return units_of(rnni_outer_scratch(kernels, halves, rows < m ? rows : m, n, k), LINE) * LINE;
}

int64_t rnni_team_outer_scratch(const rnni_team *team, const rnni_kernels *kernels, bool halves, int64_t m,
                                int64_t n, int64_t k)
{
    int64_t most = 0;
    for (int64_t parts = outer_parts(team, m, n, k); parts > 0; parts--) { /* smaller k have fewer */
        const int64_t size = parts * outer_scratch(kernels, halves, m, n, k, parts);
        if (size > most) most = size;
    }
    return most;
}

static void outer_part(int64_t part, void *argument)
{
    const product *p = argument;
    const range rows = range_of(p->m, p->kernels->mr, p->parts, part);
    rnni_ahead other;
    rnni_outer_product(p->kernels, p->halves, rows.count, p->n, p->k, p->a + rows.from, p->lda, p->b, p->ldb,
                       p->c + rows.from * p->ldc, p->ldc, p->scratch + part * p->scratch_of_part,
                       ahead_of(p, part, &other));
}

void rnni_team_outer_parts(const rnni_team *team, const rnni_kernels *kernels, bool halves, int64_t m,
                           int64_t n, int64_t k, const rnni_real *a, int64_t lda, const rnni_real *b,
                           int64_t ldb, rnni_real *c, int64_t ldc, rnni_real *scratch, rnni_ahead *ahead)
{
    const int64_t parts = outer_parts(team, m, n, k);
    product p = { .kernels = kernels, .halves = halves, .m = m, .n = n, .k = k, .lda = lda, .ldb = ldb,
                  .ldc = ldc, .parts = parts, .a = a, .b = b, .c = c, .scratch = scratch, .ahead = ahead };
    if (parts > 1) p.scratch_of_part = outer_scratch(kernels, halves, m, n, k, parts);
    in_parts(team, outer_part, &p);
}

/* ---- rows */

typedef struct rows_work {
    int64_t rows, parts;
    rnni_team_work *work;
    const void *argument;
} rows_work;

static void rows_part(int64_t part, void *argument)
{
    const rows_work *w = argument;
    const range rows = range_of(w->rows, 1, w->parts, part);
    w->work(rows.from, rows.count, w->argument);
}

void rnni_team_rows_parts(const rnni_team *team, int64_t rows, int64_t h, rnni_team_work *work,
                          const void *argument)
{
    enum { UNIT_WORK = 256 }; /* the gates of a unit, in multiply-adds */
    rows_work w = { rows, parts_of(team, rows, h, UNIT_WORK, rows), work, argument };
    if (w.parts > 1) rnni_parallel(team->context, w.parts, rows_part, &w);
    else work(0, rows, argument);
}
