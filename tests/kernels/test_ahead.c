/* SPDX-License-Identifier: MIT */
/* Lines that products take along: every line noted is asked for once, none other, and no bit of a product
 * depends on it. What a prefetch asks for cannot be seen, but where the queue stands afterwards can. */
#include "harness.h"
#include "kernels/kernels.h"
#include "sample.h"

enum { MOST = 96, LINES = 64 };

static rnni_real a[MOST * MOST], b[MOST * MOST], packed[MOST * (MOST + 64)], bias[MOST],
    plain[MOST * MOST], beside[MOST * MOST], far_away[LINES * RNNI_LINE];

static int64_t lines_of(const rnni_ahead *ahead)
{
    int64_t lines = 0;
    for (int64_t i = 0; i < ahead->count; i++) lines += ahead->part[i].lines;
    return lines;
}

TEST(numbers_become_lines)
{
    rnni_ahead ahead = { .count = 0 };
    rnni_ahead_add(&ahead, 0, far_away);
    CHECK_INT(ahead.count, 0);
    rnni_ahead_add(&ahead, 1, far_away);
    CHECK_INT(lines_of(&ahead), 1);
    rnni_ahead_add(&ahead, RNNI_LINE, far_away);
    CHECK_INT(lines_of(&ahead), 2);
    rnni_ahead_add(&ahead, RNNI_LINE + 1, far_away);
    CHECK_INT(lines_of(&ahead), 4);
    rnni_ahead_rest(&ahead);
    CHECK_INT(ahead.count, 0);
}

TEST(without_room_nothing_is_noted)
{
    rnni_ahead ahead = { .count = 0 };
    for (int i = 0; i < RNNI_AHEAD_PARTS + 3; i++) rnni_ahead_add(&ahead, RNNI_LINE, far_away);
    CHECK_INT(ahead.count, RNNI_AHEAD_PARTS);
    CHECK_INT(lines_of(&ahead), RNNI_AHEAD_PARTS);
}

/* What may wait stays behind when the step ends, and goes with the rest. */
TEST(what_may_wait_stays)
{
    rnni_ahead ahead = { .count = 0 };
    rnni_ahead_add(&ahead, 3 * RNNI_LINE, far_away);
    rnni_ahead_add(&ahead, 2 * RNNI_LINE, far_away);
    rnni_ahead_wait(&ahead);
    rnni_ahead_add(&ahead, 5 * RNNI_LINE, far_away);
    rnni_ahead_some(&ahead, 1);
    CHECK_INT(lines_of(&ahead), 9);
    rnni_ahead_turn(&ahead);
    CHECK_INT(ahead.count, 2);
    CHECK_INT(lines_of(&ahead), 5);
    rnni_ahead_some(&ahead, 3); /* products take what waits, too */
    rnni_ahead_turn(&ahead);
    CHECK_INT(lines_of(&ahead), 2);
    rnni_ahead_wait(&ahead);
    rnni_ahead_add(&ahead, RNNI_LINE, far_away);
    rnni_ahead_turn(&ahead);
    CHECK_INT(lines_of(&ahead), 2);
    CHECK_INT(ahead.backwards, 1);
    rnni_ahead_rest(&ahead);
    CHECK_INT(ahead.count, 0);
}

/* The last part goes first, and the next one begins where it ends. */
TEST(parts_go_one_after_the_other)
{
    rnni_ahead ahead = { .count = 0 };
    rnni_ahead_add(&ahead, 3 * RNNI_LINE, far_away);
    rnni_ahead_add(&ahead, 2 * RNNI_LINE, far_away + 10 * RNNI_LINE);
    const rnni_real *expected[] = { far_away + 10 * RNNI_LINE, far_away + 11 * RNNI_LINE, far_away,
                                    far_away + RNNI_LINE, far_away + 2 * RNNI_LINE, a };
    rnni_fetches now = rnni_ahead_begin(&ahead, 9, a);
    for (int i = 0; i < 5; i++) {
        CHECK(now.at == expected[i]);
        now = rnni_ahead_step(&ahead, now, 9, a);
        CHECK(now.at == expected[i + 1]);
    }
    CHECK_INT(ahead.count, 0);
    rnni_ahead_end(&ahead, now);
    CHECK_INT(ahead.count, 0);
}

TEST(some_stop_in_the_middle_of_a_part)
{
    rnni_ahead ahead = { .count = 0 };
    rnni_ahead_some(&ahead, 4);
    rnni_ahead_some(NULL, 4);
    rnni_ahead_add(&ahead, 5 * RNNI_LINE, far_away);
    rnni_ahead_add(&ahead, 2 * RNNI_LINE, far_away);
    rnni_ahead_some(&ahead, 3);
    CHECK_INT(lines_of(&ahead), 4);
    CHECK(ahead.part[0].at == far_away + RNNI_LINE);
    rnni_ahead_some(&ahead, 9);
    CHECK_INT(ahead.count, 0);
}

static void multiply(const rnni_kernels *k, int64_t m, int64_t n, int64_t depth, rnni_ahead *ahead,
                     rnni_real *c)
{
    rnni_gemm_packed(k, m, n, depth, a, depth, 1, packed, RNNI_FROM_BIAS, bias, c, n, ahead);
}

/* With no lines, fewer and more of them than a product has steps: the same bits, and lines are taken while
 * there are some. */
static void check_product(const rnni_kernels *k, int64_t m, int64_t n, int64_t depth)
{
    static const int64_t counts[] = { 0, 1, 7, LINES };
    rnni_pack(k, depth, n, b, n, 1, packed);
    multiply(k, m, n, depth, NULL, plain);
    for (int i = 0; i < 4; i++) {
        rnni_ahead ahead = { .count = 0 };
        for (int64_t l = 0; l < counts[i]; l += 16) {
            int64_t lines = counts[i] - l < 16 ? counts[i] - l : 16;
            rnni_ahead_add(&ahead, lines * RNNI_LINE, far_away + l * RNNI_LINE);
        }
        multiply(k, m, n, depth, &ahead, beside);
        CHECK_BYTES(beside, plain, (size_t)(m * n) * sizeof *plain);
        CHECK(lines_of(&ahead) <= counts[i]);
        if (counts[i] && m > 1 && depth >= 4) CHECK(lines_of(&ahead) < counts[i]);
        for (int64_t p = 0; p < ahead.count; p++) CHECK(ahead.part[p].lines > 0);
    }
}

/* Steps that turn round: every second one begins with the last panel. */
static void check_turns(const rnni_kernels *k, int64_t m, int64_t n, int64_t depth)
{
    rnni_ahead ahead = { .turns = 1 };
    rnni_pack(k, depth, n, b, n, 1, packed);
    multiply(k, m, n, depth, NULL, plain);
    for (int step = 0; step < 3; step++) {
        CHECK_INT(ahead.backwards, step % 2);
        memset(beside, 0, sizeof beside);
        rnni_ahead_add(&ahead, 9 * RNNI_LINE, far_away);
        multiply(k, m, n, depth, &ahead, beside);
        CHECK_BYTES(beside, plain, (size_t)(m * n) * sizeof *plain);
        rnni_ahead_turn(&ahead);
        CHECK_INT(lines_of(&ahead), 0);
    }
}

/* Depths that even a step takes in slices. */
static void check_deep(const rnni_kernels *k)
{
    enum { DEPTH = 3100, COLUMNS = 80 };
    static rnni_real left[7 * DEPTH], right[DEPTH * COLUMNS], panels[DEPTH * 128];
    for (int64_t i = 0; i < 7 * DEPTH; i++) left[i] = sample_between(4 + (uint64_t)i, -1, 1);
    for (int64_t i = 0; i < DEPTH * COLUMNS; i++) right[i] = sample_between(5 + (uint64_t)i, -1, 1);
    rnni_pack(k, DEPTH, COLUMNS, right, COLUMNS, 1, panels);
    for (int64_t m = 2; m <= 7; m += 5) {
        rnni_gemm_packed(k, m, COLUMNS, DEPTH, left, DEPTH, 1, panels, RNNI_FROM_BIAS, bias, plain, COLUMNS,
                         NULL);
        for (rnni_ahead ahead = { .turns = 1 }; ahead.backwards < 2; ahead.backwards++) {
            rnni_gemm_packed(k, m, COLUMNS, DEPTH, left, DEPTH, 1, panels, RNNI_FROM_BIAS, bias, beside,
                             COLUMNS, &ahead);
            CHECK_BYTES(beside, plain, (size_t)(m * COLUMNS) * sizeof *plain);
        }
    }
}

/* The general product, whose A may be transposed, with lines, and as if it were a step of either way: the
 * bits it has without. */
static void check_general(const rnni_kernels *k, int64_t m, int64_t n, int64_t depth)
{
    static rnni_real scratch[1 << 20];
    CHECK(rnni_gemm_scratch(k, m, n, depth) <= (int64_t)(sizeof scratch / sizeof *scratch));
    for (int transposed = 0; transposed < 2; transposed++)
        for (int turn = 0; turn < 3; turn++) {
            const int64_t row = transposed ? 1 : depth, column = transposed ? m : 1;
            rnni_ahead ahead = { .turns = turn > 0, .backwards = turn > 1 };
            for (int i = 0; i < 5; i++) rnni_ahead_add(&ahead, LINES / 2 * RNNI_LINE, far_away);
            rnni_gemm(k, m, n, depth, a, row, column, b, n, 1, RNNI_FROM_ZERO, plain, n, scratch, NULL);
            rnni_gemm(k, m, n, depth, a, row, column, b, n, 1, RNNI_FROM_ZERO, beside, n, scratch, &ahead);
            CHECK_BYTES(beside, plain, (size_t)(m * n) * sizeof *plain);
            CHECK(depth < 4 || lines_of(&ahead) < 5 * LINES / 2);
        }
}

/* Sums of a SimpleRNN: number p of k in chain p % 4, (0 + 1) + (2 + 3); lines are taken along. */
static void check_chains(const rnni_kernels *k, int64_t m, int64_t n)
{
    static rnni_real chains[4][MOST * MOST], rows[MOST * MOST], part[MOST * MOST];
    rnni_row_pack(k, 1, n, n, b, rows);
    for (int64_t i = 0; i < m * n; i++) chains[0][i] = beside[i] = b[i];
    for (int64_t q = 0; q < 4; q++) {
        const int64_t depth = (n - q + 3) / 4;
        for (int64_t p = 0; p < depth; p++)
            for (int64_t j = 0; j < n; j++) part[p * n + j] = b[j * n + q + 4 * p];
        rnni_pack(k, depth, n, part, n, 1, packed);
        rnni_gemm_packed(k, m, n, depth, a + q, n, 4, packed, q ? RNNI_FROM_ZERO : RNNI_FROM_C, NULL,
                         chains[q], n, NULL);
    }
    for (int64_t i = 0; i < m * n; i++)
        plain[i] = (chains[0][i] + chains[1][i]) + (chains[2][i] + chains[3][i]);
    rnni_ahead ahead = { .turns = 1 };
    rnni_ahead_add(&ahead, LINES * RNNI_LINE, far_away);
    k->short_product(m, n, n, a, n, rows, beside, n, &ahead);
    CHECK_BYTES(beside, plain, (size_t)(m * n) * sizeof *plain);
    CHECK(n < 4 || lines_of(&ahead) < LINES);
}

TEST(a_product_has_the_same_bits_with_lines_and_turned)
{
    static const int64_t rows[] = { 1, 2, 5, 6, 7, 32 }, columns[] = { 1, 16, 33, 64, 80 },
                         depths[] = { 1, 4, 31, 64 };
    for (int64_t i = 0; i < MOST * MOST; i++) {
        a[i] = sample_between(1 + (uint64_t)i, -1, 1);
        b[i] = sample_between(2 + (uint64_t)i, -1, 1);
    }
    for (int64_t i = 0; i < MOST; i++) bias[i] = sample_between(3 + (uint64_t)i, -1, 1);
    for (int32_t isa = RNN_ISA_SCALAR; isa <= RNN_ISA_NEON; isa++) {
        const rnni_kernels *k = rnni_kernels_of(isa);
        for (int m = 0; k && m < 6; m++)
            for (int n = 0; n < 5; n++)
                for (int d = 0; d < 4; d++) {
                    check_product(k, rows[m], columns[n], depths[d]);
                    check_turns(k, rows[m], columns[n], depths[d]);
                }
        if (k) check_deep(k);
        for (int m = 0; k && m < 6; m++)
            for (int n = 0; n < 5; n++)
                for (int d = 0; d < 4; d++) check_general(k, rows[m], columns[n], depths[d]);
        for (int64_t n = 1; k && n <= RNNI_SHORT_UNITS; n += n < 20 ? 1 : 3)
            for (int m = 0; m < 6; m++) check_chains(k, rows[m], n);
    }
}

TEST_MAIN
