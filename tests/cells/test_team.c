/* SPDX-License-Identifier: MIT */
/* Products that threads share are those of one, bit for bit, on every instruction set and for any number of
 * threads, also where these are more than C has panels; scratch is as large as was said. */
#include "cells/team.h"
#include "core/pool.h"
#include "model/helpers.h"

enum { GUARD = 16 };

typedef struct shape { int64_t m, n, k; } shape;
/* Too small to be shared, by columns, by rows, deep, and with few panels. */
static const shape shapes[] = { { 3, 70, 40 },    { 20, 650, 300 }, { 7, 1030, 290 }, { 300, 90, 110 },
                                { 21, 200, 700 }, { 900, 20, 130 }, { 2, 1300, 900 }, { 1, 2000, 1100 } };
enum { SHAPES = sizeof shapes / sizeof *shapes };

static float *numbers(int64_t count, uint64_t seed)
{
    float *x = malloc((size_t)(count ? count : 1) * sizeof *x);
    CHECK(x != NULL);
    for (int64_t i = 0; i < count; i++) x[i] = (float)help_random(&seed);
    return x;
}

/* C with room around its columns, which nothing may write to. */
static float *result(const shape *s) { return numbers(s->m * (s->n + GUARD), 5); }

typedef void checker(const rnni_team *team, const rnni_kernels *kernels, const shape *s);

static void for_all(checker *check)
{
    static const int64_t threads[] = { 1, 2, 3, 8, 40 };
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        rnn_context_t *context = rnn_context_create(NULL);
        CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, threads[i]));
        const rnni_team team = { context, threads[i] };
        for (int isa = RNN_ISA_SCALAR; isa <= RNN_ISA_NEON; isa++)
            for (int j = 0; j < SHAPES && rnni_kernels_of(isa); j++)
                check(threads[i] > 1 ? &team : NULL, rnni_kernels_of(isa), &shapes[j]);
        rnn_context_free(context);
    }
}

static void check_packed(const rnni_team *team, const rnni_kernels *kernels, const shape *s)
{
    const int64_t m = s->m, n = s->n, k = s->k, ld = n + GUARD;
    float *a = numbers(m * (k + 3), 1), *b = numbers(k * n, 2), *bias = numbers(n, 3);
    float *packed = aligned_alloc(64, (size_t)(rnni_packed_size(kernels, k, n) + 15) / 16 * 64);
    CHECK(packed != NULL);
    rnni_pack(kernels, k, n, b, n, 1, packed);
    for (int start = RNNI_FROM_ZERO; start <= RNNI_FROM_BIAS; start++)
        for (int backwards = 0; backwards < 2; backwards++) {
            float *one = result(s), *many = result(s);
            rnni_ahead ahead = { .turns = 1, .backwards = backwards }, other = ahead;
            rnni_ahead_add(&ahead, k, a);
            rnni_gemm_packed(kernels, m, n, k, a, k + 3, 1, packed, (rnni_start)start, bias, one, ld, &other);
            rnni_team_packed(team, kernels, m, n, k, a, k + 3, packed, (rnni_start)start, bias, many, ld,
                             &ahead);
            CHECK_BYTES(many, one, (size_t)(m * ld) * sizeof *one);
            free(one);
            free(many);
        }
    free(packed);
    free(bias);
    free(b);
    free(a);
}

TEST(packed) { for_all(check_packed); }

/* As many numbers as were promised, and a guard behind them. */
static float *guarded(int64_t size) { return numbers(size + GUARD, 4); }

static void check_guard(float *scratch, int64_t size)
{
    float *fresh = guarded(size);
    CHECK_BYTES(scratch + size, fresh + size, GUARD * sizeof *fresh);
    free(fresh);
    free(scratch);
}

/* Scratch is that of all k, but half of them are worked on, too. */
static void check_outer_of(const rnni_team *team, const rnni_kernels *kernels, const shape *s, int64_t k,
                           bool halves)
{
    const int64_t m = s->m, n = s->n, ld = n + GUARD,
                  size = rnni_team_outer_scratch(team, kernels, halves, m, n, s->k);
    float *a = numbers(k * (m + 2), 1), *b = numbers(k * (n + 1), 2), *scratch = guarded(size);
    float *one = result(s), *many = result(s), *alone;
    alone = numbers(rnni_outer_scratch(kernels, halves, m, n, k), 4);
    rnni_outer_product(kernels, halves, m, n, k, a, m + 2, b, n + 1, one, ld, alone, NULL);
    rnni_team_outer(team, kernels, halves, m, n, k, a, m + 2, b, n + 1, many, ld, scratch, NULL);
    CHECK_BYTES(many, one, (size_t)(m * ld) * sizeof *one);
    check_guard(scratch, size);
    free(alone);
    free(many);
    free(one);
    free(b);
    free(a);
}

static void check_outer(const rnni_team *team, const rnni_kernels *kernels, const shape *s)
{
    for (int halves = 0; halves < 2; halves++) {
        check_outer_of(team, kernels, s, s->k, halves);
        check_outer_of(team, kernels, s, s->k / 2, halves);
    }
}

TEST(outer) { for_all(check_outer); }

static void check_reduced_of(const rnni_team *team, const rnni_kernels *kernels, const shape *s,
                             int32_t precision, bool deep)
{
    const int64_t m = s->m, n = s->n, k = s->k, ld = n + GUARD,
                  size = rnni_team_reduced_room(team, m, n, k);
    float *a = numbers(m * k, 1), *w = numbers(n * k, 2), *bias = numbers(n, 3), *room = guarded(size);
    float *one = result(s), *many = result(s);
    rnni_reduced matrix = { .precision = precision, .n = n, .k = k };
    matrix.block = aligned_alloc(64, (rnni_reduced_bytes(&matrix) + 63) / 64 * 64);
    CHECK(matrix.block != NULL);
    rnni_reduced_fill(kernels, &matrix, w);
    rnni_ahead ahead = { .turns = 1, .backwards = 1 };
    const rnni_start start = deep ? RNNI_FROM_C : RNNI_FROM_BIAS;
    rnni_reduced_product(kernels, &matrix, m, a, k, start, bias, one, ld, NULL);
    rnni_team_reduced(team, kernels, &matrix, m, a, k, start, deep ? NULL : bias, many, ld, &ahead,
                      deep ? room : NULL);
    CHECK_BYTES(many, one, (size_t)(m * ld) * sizeof *one);
    free(matrix.block);
    free(many);
    free(one);
    check_guard(room, size);
    free(bias);
    free(w);
    free(a);
}

static void check_reduced(const rnni_team *team, const rnni_kernels *kernels, const shape *s)
{
    check_reduced_of(team, kernels, s, RNN_PRECISION_BF16, false);
    check_reduced_of(team, kernels, s, RNN_PRECISION_BF16, true);
    check_reduced_of(team, kernels, s, RNN_PRECISION_INT8, false);
}

TEST(reduced) { for_all(check_reduced); }

typedef struct visits { int64_t rows; atomic_int seen[5000]; } visits;

static void visit(int64_t from, int64_t count, const void *argument)
{
    visits *v = (visits *)(uintptr_t)argument;
    CHECK(count > 0 && from + count <= v->rows);
    for (int64_t i = from; i < from + count; i++) atomic_fetch_add(&v->seen[i], 1);
}

/* Each row once. */
TEST(rows)
{
    static const int64_t threads[] = { 2, 8 }, counts[] = { 1, 3, 64, 5000 };
    static visits v;
    for (int i = 0; i < 2; i++) {
        rnn_context_t *context = rnn_context_create(NULL);
        CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, threads[i]));
        const rnni_team team = { context, threads[i] };
        for (int j = 0; j < 4; j++) {
            memset(&v, 0, sizeof v);
            v.rows = counts[j];
            rnni_team_rows(&team, v.rows, 3000, visit, &v);
            for (int64_t r = 0; r < 5000; r++) CHECK_INT(atomic_load(&v.seen[r]), r < v.rows);
            rnni_team_rows(NULL, v.rows, 3000, visit, &v);
            for (int64_t r = 0; r < 5000; r++) CHECK_INT(atomic_load(&v.seen[r]), 2 * (r < v.rows));
        }
        rnn_context_free(context);
    }
}

/* A plan may have any number of rows. */
TEST(sizes_of_plans)
{
    const rnni_kernels *kernels = rnni_kernels_of(RNN_ISA_SCALAR);
    const rnni_team team = { NULL, 4 };
    const int64_t rows = (int64_t)1 << 40,
                  one = rnni_team_outer_scratch(NULL, kernels, false, 4000, 1000, rows);
    CHECK(one > 0);
    CHECK(rnni_team_outer_scratch(&team, kernels, false, 4000, 1000, rows) <= 4 * one);
    CHECK(rnni_team_outer_scratch(&team, kernels, true, 4000, 1000, rows) >=
          rnni_team_outer_scratch(&team, kernels, true, 4000, 1000, 1000));
    CHECK_INT(rnni_team_outer_scratch(&team, kernels, false, 40, 10, 1),
              rnni_team_outer_scratch(NULL, kernels, false, 40, 10, 1));
}

TEST_MAIN
