/* SPDX-License-Identifier: MIT */
#include "cells/team.h"
#include "core/pool.h"

/* Multiply-adds that a part has at least (4 microseconds and more, where a call of another thread takes one),
 * and rows: weights are read once a part where it has rows, once for all parts where it has columns. */
enum { LEAST_WORK = 1024 * 1024, LEAST_ROWS = 64 };

static int64_t parts_of(const rnni_team *team, int64_t m, int64_t n, int64_t k)
{
    if (!team) return 1;
    const double parts = (double)m * (double)n * (double)k / LEAST_WORK; /* plans may have any m */
    return parts < 1 ? 1 : parts < (double)team->threads ? (int64_t)parts : team->threads;
}

/* Part number `part` of [0, n), which begins with a multiple of `unit`. */
typedef struct range { int64_t from, count; } range;

static range range_of(int64_t n, int64_t unit, int64_t parts, int64_t part)
{
    const int64_t units = (n + unit - 1) / unit, from = units * part / parts * unit,
                  to = units * (part + 1) / parts * unit;
    return (range){ from, (to < n ? to : n) - from };
}

/* A product and how it is cut. */
typedef struct product {
    const rnni_kernels *kernels;
    const rnni_reduced *matrix;
    bool halves;
    int64_t m, n, k, lda, ldb, ldc, parts, room_size;
    const rnni_real *a, *b, *packed, *bias;
    rnni_start start;
    rnni_real *c, *room;
    rnni_ahead *ahead;
} product;

static void in_parts(const rnni_team *team, void (*part)(int64_t index, void *argument), product *w)
{
    if (w->parts > 1) rnni_parallel(team->context, w->parts, part, w);
    else part(0, w);
}

/* The first part has what is in `ahead`; the others go the same way. */
static rnni_ahead *ahead_of(const product *w, int64_t part, rnni_ahead *other)
{
    if (part == 0 || !w->ahead) return w->ahead;
    other->count = other->waiting = 0;
    other->turns = w->ahead->turns;
    other->backwards = w->ahead->backwards;
    return other;
}

static void packed_part(int64_t part, void *argument)
{
    const product *w = argument;
    const bool by_rows = w->m >= w->parts * LEAST_ROWS;
    const range all_rows = { 0, w->m }, all_columns = { 0, w->n },
                rows = by_rows ? range_of(w->m, w->kernels->mr, w->parts, part) : all_rows,
                columns = by_rows ? all_columns : range_of(w->n, w->kernels->nr, w->parts, part);
    rnni_ahead other;
    if (columns.count > 0) rnni_gemm_packed(w->kernels, rows.count, columns.count, w->k, w->a + rows.from * w->lda, w->lda, 1,
                     w->packed + columns.from * w->k, w->start, w->bias ? w->bias + columns.from : NULL,
                     w->c + rows.from * w->ldc + columns.from, w->ldc, ahead_of(w, part, &other));
}

void rnni_team_packed_parts(const rnni_team *team, const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k,
                            const rnni_real *a, int64_t lda, const rnni_real *packed, rnni_start start,
                            const rnni_real *bias, rnni_real *c, int64_t ldc, rnni_ahead *ahead)
{
    product w = { .kernels = kernels, .m = m, .n = n, .k = k, .lda = lda, .ldc = ldc, .a = a, .packed = packed,
               .start = start, .bias = bias, .c = c, .ahead = ahead, .parts = parts_of(team, m, n, k) };
    in_parts(team, packed_part, &w);
}

static void reduced_part(int64_t part, void *argument)
{
    const product *w = argument;
    const range some = range_of(w->n, RNNI_REDUCED_GROUP, w->parts, part);
    const rnni_columns of = { some.from, some.count };
    const rnni_real *bias = w->bias ? w->bias + of.from : NULL;
    rnni_real *c = w->c + of.from;
    rnni_ahead other, *ahead = ahead_of(w, part, &other);
    if (of.count == 0) return;
    if (w->room) rnni_reduced_columns_deep(w->kernels, w->matrix, of, w->m, w->a, w->lda, w->start, c, w->ldc,
                                           ahead, w->room + part * w->room_size);
    else rnni_reduced_columns(w->kernels, w->matrix, of, w->m, w->a, w->lda, w->start, bias, c, w->ldc, ahead);
}

void rnni_team_reduced(const rnni_team *team, const rnni_kernels *kernels, const rnni_reduced *matrix,
                       int64_t m, const rnni_real *a, int64_t lda, rnni_start start, const rnni_real *bias,
                       rnni_real *c, int64_t ldc, rnni_ahead *ahead, rnni_real *room)
{
    product w = { .kernels = kernels, .matrix = matrix, .m = m, .n = matrix->n, .lda = lda, .ldc = ldc, .a = a,
               .start = start, .bias = bias, .c = c, .ahead = ahead, .room = room,
               .room_size = rnni_reduced_room(m, matrix->k),
               .parts = parts_of(team, m, matrix->n, matrix->k) };
    in_parts(team, reduced_part, &w);
}

int64_t rnni_team_reduced_room(const rnni_team *team, int64_t m, int64_t k)
{
    return rnni_reduced_room(m, k) * (team ? team->threads : 1);
}

/* Scratch of one part, which depends on the whole product alone. */
static int64_t outer_part_scratch(const rnni_kernels *kernels, bool halves, int64_t m, int64_t n, int64_t k)
{
    enum { LINE = 64 / sizeof(rnni_real) }; /* no two threads write to one */
    return (rnni_outer_scratch(kernels, halves, m, n, k) + LINE - 1) / LINE * LINE;
}

int64_t rnni_team_outer_scratch(const rnni_team *team, const rnni_kernels *kernels, bool halves,
                                int64_t m, int64_t n, int64_t k)
{
    return outer_part_scratch(kernels, halves, m, n, k) * parts_of(team, m, n, k);
}

static void outer_part(int64_t part, void *argument)
{
    const product *w = argument;
    const range rows = range_of(w->m, w->kernels->mr, w->parts, part);
    rnni_ahead other;
    if (rows.count > 0) rnni_outer_product(w->kernels, w->halves, rows.count, w->n, w->k, w->a + rows.from, w->lda, w->b, w->ldb,
                       w->c + rows.from * w->ldc, w->ldc, w->room + part * w->room_size,
                       ahead_of(w, part, &other));
}

void rnni_team_outer(const rnni_team *team, const rnni_kernels *kernels, bool halves, int64_t m, int64_t n,
                     int64_t k, const rnni_real *a, int64_t lda, const rnni_real *b, int64_t ldb,
                     rnni_real *c, int64_t ldc, rnni_real *scratch, rnni_ahead *ahead)
{
    product w = { .kernels = kernels, .halves = halves, .m = m, .n = n, .k = k, .lda = lda, .ldb = ldb,
               .ldc = ldc, .a = a, .b = b, .c = c, .room = scratch, .ahead = ahead,
               .room_size = outer_part_scratch(kernels, halves, m, n, k),
               .parts = parts_of(team, m, n, k) };
    in_parts(team, outer_part, &w);
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
    if (rows.count > 0) w->work(rows.from, rows.count, w->argument);
}

void rnni_team_rows(const rnni_team *team, int64_t rows, int64_t h, rnni_team_work *work,
                    const void *argument)
{
    enum { UNIT_WORK = 256 }; /* the gates of a unit, in multiply-adds */
    rows_work w = { rows, parts_of(team, rows, h, UNIT_WORK), work, argument };
    if (w.parts > 1) rnni_parallel(team->context, w.parts, rows_part, &w);
    else work(0, rows, argument);
}
