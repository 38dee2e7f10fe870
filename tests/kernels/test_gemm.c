/* SPDX-License-Identifier: MIT */
/* The products: right, inside their bounds, and every element ONE chain in ascending k whatever is computed
 * with it. */
#include "harness.h"
#include "kernels/kernels.h"
#include "sample.h"

/* A product C[m,n] = start + A B and all that belongs to it. A is stored transposed when `turned`, B when
 * `b_turned`. */
typedef struct {
    const rnni_kernels *kernels;
    int64_t m, n, k;
    int turned, b_turned;
    sample_matrix a, b, c, bias, packed, scratch;
} product;

static product make_product(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k, int turned,
                            int b_turned)
{
    product p = {kernels, m, n, k, turned, b_turned, {0}, {0}, {0}, {0}, {0}, {0}};
    sample_reset();
    p.a = turned ? sample_random(k, m, m + 3, 1) : sample_random(m, k, k + 1, 1);
    p.b = b_turned ? sample_random(n, k, k + 2, 2) : sample_random(k, n, n + 5, 2);
    p.c = sample_random(m, n, n + 7, 3);
    p.bias = sample_random(1, n, n, 4);
    p.packed = sample_place(1, rnni_packed_size(kernels, k, n), rnni_packed_size(kernels, k, n), 0);
    p.scratch = sample_place(1, rnni_gemm_scratch(kernels, m, n, k), rnni_gemm_scratch(kernels, m, n, k), 3);
    rnni_pack(kernels, k, n, p.b.data, b_turned ? 1 : p.b.ld, b_turned ? p.b.ld : 1, p.packed.data);
    return p;
}

static int64_t a_row(const product *p) { return p->turned ? 1 : p->a.ld; }
static int64_t a_column(const product *p) { return p->turned ? p->a.ld : 1; }

static rnni_real a_at(const product *p, int64_t i, int64_t k)
{
    return p->a.data[i * a_row(p) + k * a_column(p)];
}

static rnni_real b_at(const product *p, int64_t k, int64_t j)
{
    return p->b_turned ? p->b.data[j * p->b.ld + k] : p->b.data[k * p->b.ld + j];
}

/* Rows [from, from + rows) and depth [k0, k0 + depth) through the packed product into `c`. */
static void run_part(const product *p, sample_matrix c, int64_t from, int64_t rows, int64_t depth,
                     rnni_start start)
{
    rnni_gemm_packed(p->kernels, rows, p->n, depth, p->a.data + from * a_row(p), a_row(p), a_column(p),
                     p->packed.data, start, p->bias.data, c.data + from * c.ld, c.ld, NULL);
}

static void run_packed(const product *p, sample_matrix c, rnni_start start)
{
    run_part(p, c, 0, p->m, p->k, start);
}

static void run_general(const product *p, sample_matrix c, rnni_start start)
{
    int64_t b_row = p->b_turned ? 1 : p->b.ld, b_column = p->b_turned ? p->b.ld : 1;
    rnni_gemm(p->kernels, p->m, p->n, p->k, p->a.data, a_row(p), a_column(p), p->b.data, b_row, b_column,
              start, c.data, c.ld, p->scratch.data, NULL);
}

/* The contract in its plainest form: one multiply-add after the other. */
static rnni_real chain(const product *p, int64_t i, int64_t j, rnni_start start)
{
    rnni_real sum = 0;
    if (start == RNNI_FROM_C) sum = p->c.data[i * p->c.ld + j];
    if (start == RNNI_FROM_BIAS) sum = p->bias.data[j];
    for (int64_t k = 0; k < p->k; k++) {
        rnni_real x = a_at(p, i, k), y = b_at(p, k, j), times = x * y;
        sum = p->kernels->isa == RNN_ISA_SCALAR ? sum + times : (rnni_real)fmaf(x, y, sum);
    }
    return sum;
}

static sample_matrix copy_of(sample_matrix m)
{
    sample_matrix copy = sample_place(m.rows, m.width, m.ld, 1);
    sample_copy(copy, m);
    return copy;
}

static void check_chains(const product *p, sample_matrix c, rnni_start start)
{
    for (int64_t i = 0; i < p->m; i++)
        for (int64_t j = 0; j < p->n; j++) {
            rnni_real expected = chain(p, i, j, start);
            CHECK_BYTES(&c.data[i * c.ld + j], &expected, sizeof expected);
        }
    CHECK(sample_guards_hold(c));
}

static void check_product(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k, int turned,
                          int b_turned)
{
    for (int start = RNNI_FROM_ZERO; start <= RNNI_FROM_BIAS; start++) {
        product p = make_product(kernels, m, n, k, turned, b_turned);
        sample_matrix packed = copy_of(p.c), general = copy_of(p.c);
        run_packed(&p, packed, (rnni_start)start);
        check_chains(&p, packed, (rnni_start)start);
        if (start == RNNI_FROM_BIAS) continue;
        run_general(&p, general, (rnni_start)start);
        CHECK(sample_same_bits(general, packed));
        CHECK(sample_guards_hold(general));
        CHECK(sample_guards_hold(p.scratch));
        CHECK(sample_guards_hold(p.packed));
    }
}

static void each_table(void (*check)(const rnni_kernels *kernels))
{
    for (int32_t isa = RNN_ISA_SCALAR; isa <= RNN_ISA_NEON; isa++)
        if (rnni_kernels_of(isa)) check(rnni_kernels_of(isa));
}

static void check_small(const rnni_kernels *kernels)
{
    static const int64_t widths[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 48, 63, 64, 65, 100, 129, 200};
    for (int64_t m = 1; m <= 14; m += m < 8 ? 1 : 3)
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
            check_product(kernels, m, widths[w], 1 + (int64_t)w, 0, 0);
}
TEST(every_element_is_one_chain_small) { each_table(check_small); }

static void check_layouts(const rnni_kernels *kernels)
{
    for (int turned = 0; turned < 2; turned++)
        for (int b_turned = 0; b_turned < 2; b_turned++) {
            check_product(kernels, 13, 75, 33, turned, b_turned);
            check_product(kernels, 1, 300, 17, turned, b_turned);
        }
}
TEST(every_layout) { each_table(check_layouts); }

/* Larger than every block: rows, columns of B, depth. */
static void check_blocks(const rnni_kernels *kernels)
{
    check_product(kernels, 205, 70, 11, 0, 0);
    check_product(kernels, 5, 1030, 9, 1, 0);
    check_product(kernels, 7, 33, 1 + 2 * kernels->kc, 1, 0);
    check_product(kernels, 1, 20, 1 + kernels->kc, 0, 1);
    for (int64_t m = 1; m <= 8; m++) check_product(kernels, m, kernels->nr + 3, 767 + 3 * m, m % 2, 0);
    check_product(kernels, 13, 2 * kernels->nr, 2305, 0, 1);
}
TEST(every_element_is_one_chain_across_blocks) { each_table(check_blocks); }

/* A transposed A whose columns lie far apart is packed: last blocks of every height. */
static void check_strips(const rnni_kernels *kernels)
{
    int64_t whole = (1024 / kernels->mc + 1) * kernels->mc;
    for (int64_t m = whole + 1; m <= whole + kernels->mr + 2; m++)
        check_product(kernels, m, 4 * kernels->nr + m % 7, m % 11, 1, 0);
    check_product(kernels, 1100, 5 * kernels->nr, kernels->kc + 3, 1, 1);
}
TEST(every_element_is_one_chain_from_strips) { each_table(check_strips); }

/* Few columns and many rows: C is computed turned round. */
static void check_narrow(const rnni_kernels *kernels)
{
    const int64_t width = kernels->width;
    for (int64_t n = 1; n <= 2 * width + 1; n += n < 4 ? 1 : 3)
        for (int64_t m = 2 * width - 1; m <= 2 * width + 1; m++)
            for (int64_t k = 31; k <= 33; k++) check_product(kernels, m, n, k, 1, 0);
    check_product(kernels, 6 * width, width - 1, kernels->kc + 40, 1, 0);
    check_product(kernels, 6 * width, width - 1, 40, 0, 1);
    check_product(kernels, 1100, width, 35, 1, 1);
    check_product(kernels, 24, 1, 40, 1, 0);
    check_product(kernels, 24, 1, kernels->kc + 40, 1, 0);
    check_product(kernels, 521, 1, 33, 1, 0);
    check_product(kernels, 300, kernels->nr - 1, 33, 1, 0);
    check_product(kernels, 600, kernels->nr - 1, kernels->kc, 0, 1);
}
TEST(every_element_is_one_chain_of_a_narrow_result) { each_table(check_narrow); }

/* C larger than a second cache: deep slices. The chains of rnni_gemm_packed are checked above and below. */
static void check_large(const rnni_kernels *kernels)
{
    for (int64_t k = 2 * kernels->kc; k <= 2 * kernels->kc + 1; k++) {
        product p = make_product(kernels, 1100, 640, k, 1, 0);
        sample_matrix packed = copy_of(p.c), general = copy_of(p.c);
        run_packed(&p, packed, RNNI_FROM_C);
        run_general(&p, general, RNNI_FROM_C);
        CHECK(sample_same_bits(general, packed));
        CHECK(sample_guards_hold(general));
        CHECK(sample_guards_hold(p.scratch));
    }
}
TEST(a_large_result_has_the_same_bits) { each_table(check_large); }

/* B larger than a second cache: tiles take lines of it along, forwards and backwards. */
static void check_far(const rnni_kernels *kernels)
{
    product p = make_product(kernels, 19, 7105, 303, 0, 0);
    sample_matrix one_by_one = copy_of(p.c), together = copy_of(p.c);
    for (int start = RNNI_FROM_ZERO; start <= RNNI_FROM_BIAS; start++) {
        sample_copy(one_by_one, p.c);
        for (int64_t i = 0; i < p.m; i++) run_part(&p, one_by_one, i, 1, p.k, (rnni_start)start);
        for (int64_t m = 4; m <= 9; m++) { /* and 15 to 10: tiles of every height */
            sample_copy(together, p.c);
            rnni_ahead ahead = { .turns = 1, .backwards = m % 2 };
            run_part(&p, together, m, p.m - m, p.k, (rnni_start)start);
            rnni_gemm_packed(kernels, m, p.n, p.k, p.a.data, p.a.ld, 1, p.packed.data, (rnni_start)start,
                             p.bias.data, together.data, together.ld, &ahead);
            CHECK(sample_same_bits(together, one_by_one));
            CHECK(sample_guards_hold(together));
        }
    }
}
TEST(a_large_right_matrix_has_the_same_bits) { each_table(check_far); }

/* Neither rows nor columns of A lie together: every second number of every row. */
static void check_apart(const rnni_kernels *kernels)
{
    for (int64_t m = 4; m <= 13; m++)
        for (int64_t k = 0; k <= 33; k += k < 9 ? 1 : 24) {
            product p = make_product(kernels, m, 2 * kernels->nr + 1, 2 * k + 1, 0, 0);
            sample_matrix packed = copy_of(p.c), general = copy_of(p.c);
            p.k = k;
            rnni_pack(kernels, k, p.n, p.b.data, p.b.ld, 1, p.packed.data);
            rnni_gemm_packed(kernels, m, p.n, k, p.a.data, p.a.ld, 2, p.packed.data, RNNI_FROM_C, NULL,
                             packed.data, packed.ld, NULL);
            rnni_gemm(kernels, m, p.n, k, p.a.data, p.a.ld, 2, p.b.data, p.b.ld, 1, RNNI_FROM_C, general.data,
                      general.ld, p.scratch.data, NULL);
            for (int64_t i = 0; i < m; i++)
                for (int64_t q = 0; q < k; q++) p.a.data[i * p.a.ld + q] = p.a.data[i * p.a.ld + 2 * q];
            check_chains(&p, packed, RNNI_FROM_C);
            CHECK(sample_same_bits(general, packed));
        }
}
TEST(strides_of_both) { each_table(check_apart); }

static void check_empty(const rnni_kernels *kernels)
{
    product p = make_product(kernels, 3, 5, 0, 0, 0);
    sample_matrix c = copy_of(p.c);
    run_packed(&p, c, RNNI_FROM_C);
    run_general(&p, c, RNNI_FROM_C);
    CHECK(sample_same_bits(c, p.c));
    run_packed(&p, c, RNNI_FROM_BIAS);
    for (int64_t j = 0; j < 5; j++) CHECK(c.data[2 * c.ld + j] == p.bias.data[j]);
    run_general(&p, c, RNNI_FROM_ZERO);
    for (int64_t j = 0; j < 5; j++) CHECK(c.data[2 * c.ld + j] == 0);
    run_part(&p, p.c, 0, 0, 0, RNNI_FROM_ZERO);
    CHECK(p.c.data[0] == sample_random(3, 5, 12, 3).data[0]);
}
TEST(no_depth_and_no_rows) { each_table(check_empty); }

/* Any rows alone give the bits that they have among 128. */
static void check_rows_apart(const rnni_kernels *kernels)
{
    static const int64_t heights[] = {1, 2, 3, 4, 5, 6, 7, 11, 32};
    product p = make_product(kernels, 128, 100, 37, 0, 0);
    sample_matrix together = copy_of(p.c), apart = copy_of(p.c);
    run_packed(&p, together, RNNI_FROM_BIAS);
    for (size_t h = 0; h < sizeof heights / sizeof *heights; h++) {
        for (int64_t i = 0; i < 128; i += heights[h])
            run_part(&p, apart, i, 128 - i < heights[h] ? 128 - i : heights[h], 37, RNNI_FROM_BIAS);
        CHECK(sample_same_bits(apart, together));
    }
}
TEST(rows_alone_and_together) { each_table(check_rows_apart); }

/* The depth in two calls, the second from what the first stored, is one call. */
static void check_depth_apart(const rnni_kernels *kernels)
{
    for (int64_t m = 1; m <= 9; m += 4)
        for (int64_t cut = 0; cut <= 50; cut += 10) {
            product p = make_product(kernels, m, 70, 50, 0, 0);
            sample_matrix whole = copy_of(p.c), parts = copy_of(p.c);
            run_packed(&p, whole, RNNI_FROM_BIAS);
            rnni_pack(kernels, cut, 70, p.b.data, p.b.ld, 1, p.packed.data);
            run_part(&p, parts, 0, m, cut, RNNI_FROM_BIAS);
            rnni_pack(kernels, 50 - cut, 70, p.b.data + cut * p.b.ld, p.b.ld, 1, p.packed.data);
            p.a.data += cut;
            run_part(&p, parts, 0, m, 50 - cut, RNNI_FROM_C);
            CHECK(sample_same_bits(parts, whole));
        }
}
TEST(depth_in_two_calls) { each_table(check_depth_apart); }

/* Columns alone give the same bits: a panel's neighbours and padding do not matter. */
static void check_columns_apart(const rnni_kernels *kernels)
{
    product p = make_product(kernels, 6, 90, 19, 0, 0);
    sample_matrix together = copy_of(p.c);
    run_packed(&p, together, RNNI_FROM_C);
    for (int64_t j = 0; j < 90; j++) {
        rnni_pack(kernels, 19, 1, p.b.data + j, p.b.ld, 1, p.packed.data);
        rnni_gemm_packed(kernels, 6, 1, 19, p.a.data, a_row(&p), 1, p.packed.data, RNNI_FROM_C, NULL,
                         p.c.data + j, p.c.ld, NULL);
    }
    CHECK(sample_same_bits(p.c, together));
}
TEST(columns_alone_and_together) { each_table(check_columns_apart); }

static void check_accuracy(const rnni_kernels *kernels)
{
    product p = make_product(kernels, 67, 70, 640, 1, 1);
    run_general(&p, p.c, RNNI_FROM_ZERO);
    for (int64_t i = 0; i < 67; i++)
        for (int64_t j = 0; j < 70; j++) {
            double sum = 0, size = 0;
            for (int64_t k = 0; k < 640; k++) {
                double term = (double)a_at(&p, i, k) * (double)b_at(&p, k, j);
                sum += term;
                size += fabs(term);
            }
            CHECK_NEAR(p.c.data[i * p.c.ld + j], sum, 2e-6 * size);
        }
}
TEST(near_the_sum_in_double) { each_table(check_accuracy); }

/* Panels of nr columns, each [k][nr], the last one filled up with 0; the same from either storage of B. */
static void check_packing(const rnni_kernels *kernels)
{
    for (int b_turned = 0; b_turned < 2; b_turned++)
        for (int64_t n = 1; n <= 70; n++) {
            product p = make_product(kernels, 1, n, 35, 0, b_turned);
            int64_t nr = kernels->nr, columns = (n + nr - 1) / nr * nr;
            CHECK_INT(rnni_packed_size(kernels, 35, n), columns * 35);
            for (int64_t j = 0; j < columns; j++)
                for (int64_t k = 0; k < 35; k++) {
                    rnni_real packed = p.packed.data[j / nr * nr * 35 + k * nr + j % nr];
                    CHECK(packed == (j < n ? b_at(&p, k, j) : 0));
                }
            CHECK(sample_guards_hold(p.packed));
        }
}
TEST(packed_layout) { each_table(check_packing); }

static void check_scratch(const rnni_kernels *kernels)
{
    int64_t most = rnni_gemm_scratch(kernels, 1 << 20, 1 << 20, 1 << 20);
    CHECK(most <= (5 << 19) / 4 && most > 0);
    CHECK_INT(rnni_gemm_scratch(kernels, 100, 70, 1), rnni_gemm_scratch(kernels, 100, 70, 1 << 20));
    CHECK(rnni_gemm_scratch(kernels, 100, 70, 1) < most);
    for (int64_t n = 1; n <= 70; n += 3)
        for (int64_t m = 1, before = 0; m <= 1 << 20; m *= 2) {
            int64_t now = rnni_gemm_scratch(kernels, m, n, 1);
            CHECK(now >= before && now <= (5 << 19) / 4);
            before = now;
        }
}
TEST(scratch_is_bounded_free_of_depth_and_grows_with_rows) { each_table(check_scratch); }

TEST_MAIN
