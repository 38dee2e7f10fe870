/* SPDX-License-Identifier: MIT */
/* Every kernel of kernels.def, on every instruction set that the machine has, against the scalar table. A row
 * of the list without a `spec_<name>` here does not compile. `test_kernels_kernels --bench` times them. */
#include "harness.h"
#include "kernels/kernels.h"
#include "kernels/reduced.h"
#include "sample.h"

#include <time.h>

enum { MOST = 6, DEPTH = 23 };

/* One call of a kernel: `rows` x `n`, the operands as the specification orders them, what it returned. */
typedef struct {
    int64_t rows, n;
    int variant;
    sample_matrix x[MOST];
    double result;
} call;

/* An operand has rows of `width` numbers: width > 0 is in multiples of n, width < 0 is -width numbers. */
typedef struct { int width; double low, high; } operand;

enum {
    ONE_ROW = 1,  /* the kernel has no rows */
    NO_UNITS = 2, /* a result depends on other columns */
    NO_ROWS = 4   /* a result depends on other rows */
};

typedef struct {
    void (*run)(const rnni_kernels *kernels, call *c);
    int variants, flags;
    operand x[MOST];      /* up to the first of width 0 */
    int alias[2][2];      /* pairs {output, input} that may be the same memory; up to {0, 0} */
} specification;

#define X(i) (c->x[i].data)
#define LD(i) (c->x[i].ld)

/* ---- one adaptor and one specification for each row of the list */

static rnni_real right_matrix[DEPTH * 512], right_packed[DEPTH * 576];

static void pack_right(const rnni_kernels *k, int64_t n)
{
    for (int64_t i = 0; i < DEPTH * n; i++) right_matrix[i] = sample_between(77 + (uint64_t)i, -1, 1);
    rnni_pack(k, DEPTH, n, right_matrix, 1, DEPTH, right_packed);
}

static void run_panels(const rnni_kernels *k, call *c)
{
    pack_right(k, c->n);
    k->panels(c->rows, c->n, DEPTH, X(0), LD(0), 1, right_packed, k->nr * DEPTH, k->nr, c->variant, X(1),
              X(2), LD(2), NULL);
}
static const specification spec_panels = {
    run_panels, 3, NO_UNITS | NO_ROWS, {{-DEPTH, -1, 1}, {1, -1, 1}, {1, -1, 1}}, {{0}}};

static void run_row(const rnni_kernels *k, call *c)
{
    pack_right(k, c->n);
    k->row(c->n, DEPTH, X(0), 1, right_packed, c->variant, X(1), X(2));
}
static const specification spec_row = {
    run_row, 3, ONE_ROW | NO_UNITS, {{-DEPTH, -1, 1}, {1, -1, 1}, {1, -1, 1}}, {{0}}};

static void run_short_product(const rnni_kernels *k, call *c)
{
    for (int64_t i = 0; i < DEPTH * c->n; i++) right_matrix[i] = sample_between(77 + (uint64_t)i, -1, 1);
    rnni_row_pack(k, 1, c->n, DEPTH, right_matrix, right_packed);
    k->short_product(c->rows, c->n, DEPTH, X(0), LD(0), right_packed, X(1), LD(1), NULL);
}
static const specification spec_short_product = {
    run_short_product, 1, NO_UNITS, {{-DEPTH, -1, 1}, {1, -1, 1}}, {{0}}};

/* Weights of the row kernels: the same numbers for the same n, gates and place. Variants: from x, or from z;
 * backwards. */
enum { ROW_MOST = 300, ROW_INPUTS = 7 };

static rnni_real row_weights[4 * ROW_MOST * ROW_MOST + 1000], row_ih[4 * 320 * ROW_INPUTS],
    row_hh[4 * 320 * ROW_MOST], row_bias[4 * 320];

/* Any rows * columns of the same numbers. */
static const rnni_real *row_matrix(int64_t from)
{
    enum { ALL = sizeof row_weights / sizeof *row_weights };
    for (int64_t i = 0; row_weights[0] == 0 && i < ALL; i++)
        row_weights[ALL - 1 - i] = sample_between((uint64_t)i, -0.2, 0.2);
    return row_weights + from;
}

static rnni_row row_step(const rnni_kernels *k, call *c, int64_t gates, int64_t biases)
{
    rnni_row_pack(k, gates, c->n, ROW_INPUTS, row_matrix(1), row_ih);
    rnni_row_pack(k, gates, c->n, c->n, row_matrix(500), row_hh);
    rnni_row_pack(k, biases, c->n, 1, row_matrix(900), row_bias);
    return (rnni_row){ .h = c->n,
                       .inputs = ROW_INPUTS,
                       .x = X(0),
                       .z = c->variant & 1 ? X(1) : NULL,
                       .h_in = X(2),
                       .h_out = X(3),
                       .packed_ih = row_ih,
                       .packed_hh = row_hh,
                       .bias = row_bias,
                       .last = rnni_row_blocks(k, c->n),
                       .backwards = c->variant & 2,
                       .activation = c->variant & 4 ? RNNI_ACT_RELU : RNNI_ACT_TANH };
}

static void run_lstm_row(const rnni_kernels *k, call *c)
{
    rnni_row step = row_step(k, c, 4, 4);
    step.c_in = X(4);
    step.c_out = X(5);
    k->lstm_row(&step);
}
static const specification spec_lstm_row = {run_lstm_row, 4, ONE_ROW | NO_UNITS,
    {{-ROW_INPUTS, -1, 1}, {4, -2, 2}, {1, -1, 1}, {1, 0, 0}, {1, -2, 2}, {1, 0, 0}}, {{5, 4}}};

static void run_gru_row(const rnni_kernels *k, call *c)
{
    rnni_row step = row_step(k, c, 3, 4);
    k->gru_row(&step);
}
static const specification spec_gru_row = {
    run_gru_row, 4, ONE_ROW | NO_UNITS, {{-ROW_INPUTS, -1, 1}, {3, -2, 2}, {1, -1, 1}, {1, 0, 0}}, {{0}}};

static void run_rnn_row(const rnni_kernels *k, call *c)
{
    rnni_row step = row_step(k, c, 1, 1);
    k->rnn_row(&step);
}
static const specification spec_rnn_row = {
    run_rnn_row, 8, ONE_ROW | NO_UNITS, {{-ROW_INPUTS, -1, 1}, {1, -2, 2}, {1, -1, 1}, {1, 0, 0}}, {{0}}};

/* The same right-hand side with weights of 8 or 16 bits. */
static rnni_reduced *right_reduced(const rnni_kernels *k, int32_t precision, int64_t n)
{
    static _Alignas(64) unsigned char block[DEPTH * 1024];
    static rnni_reduced reduced;
    for (int64_t i = 0; i < DEPTH * n; i++) right_matrix[i] = sample_between(77 + (uint64_t)i, -1, 1);
    reduced = (rnni_reduced){.precision = precision, .n = n, .k = DEPTH, .block = block};
    rnni_reduced_fill(k, &reduced, right_matrix);
    return &reduced;
}

/* Variant 1 has a bound that some numbers are beyond. */
static void run_int8_round(const rnni_kernels *k, call *c)
{
    int64_t ldq = (c->n + 3) / 4 * 4 + 4;
    static uint8_t q[7 * 400];
    memset(q, 7, sizeof q);
    for (int64_t r = 0; r < c->rows; r++) X(2)[r * LD(2)] = 0;
    for (int64_t r = 0; r < c->rows; r++)
        k->int8_round(1, c->n, X(0) + r * LD(0), LD(0), 0, q, ldq, X(2) + r * LD(2));
    rnni_real scale[7];
    k->int8_round(c->rows, c->n, X(0), LD(0), c->variant ? (rnni_real)0.75 : 0, q, ldq, scale);
    for (int64_t r = 0; r < c->rows; r++) {
        X(2)[r * LD(2)] += scale[r];
        for (int64_t j = 0; j < c->n; j++) X(1)[r * LD(1) + j] = q[r * ldq + j];
        for (int64_t j = ldq - 4; j < ldq; j++) CHECK_INT(q[r * ldq + j], 7);
    }
}
static const specification spec_int8_round = {
    run_int8_round, 2, NO_UNITS, { { 1, -1, 1 }, { 1, 0, 0 }, { -1, 0, 0 } }, { { 0 } }
};

static void int8_call(const rnni_kernels *k, call *c, bool plain)
{
    enum { QUADS = (DEPTH + 3) / 4 };
    const rnni_reduced *w = right_reduced(k, RNN_PRECISION_INT8, c->n);
    uint8_t q[7 * QUADS * 4];
    rnni_real scale[7];
    plain = plain || !rnni_reduced_has_dots(k, w);
    k->int8_round(c->rows, DEPTH, X(0), LD(0), 0, q, QUADS * 4, scale);
    (plain ? k->int8_product_plain : k->int8_product)(c->rows, c->n, QUADS, q, QUADS * 4, scale, w->bytes,
                                                      w->correction, w->scale, c->variant, X(1), X(2), LD(2));
}
static void run_int8_product(const rnni_kernels *k, call *c) { int8_call(k, c, false); }
static void run_int8_product_plain(const rnni_kernels *k, call *c) { int8_call(k, c, true); }
static const specification spec_int8_product = {
    run_int8_product, 3, NO_UNITS | NO_ROWS, {{-DEPTH, -1, 1}, {1, -1, 1}, {1, -1, 1}}, {{0}}};
static const specification spec_int8_product_plain = {
    run_int8_product_plain, 3, NO_UNITS | NO_ROWS, {{-DEPTH, -1, 1}, {1, -1, 1}, {1, -1, 1}}, {{0}}};

/* As many of the units as it takes, and as weights there is room for; the others are copied. */
static void int8_lstm_call(const rnni_kernels *k, call *c, bool plain)
{
    enum { QUADS = (DEPTH + 3) / 4, MOST_UNITS = 112 };
    int64_t all = c->n < MOST_UNITS ? c->n : MOST_UNITS, h = all - all % RNNI_REDUCED_COLUMNS;
    const rnni_reduced *w = right_reduced(k, RNN_PRECISION_INT8, 4 * h);
    uint8_t q[QUADS * 4];
    rnni_real scale;
    k->int8_round(1, DEPTH, X(0), DEPTH, 0, q, QUADS * 4, &scale);
    for (int64_t j = h; j < c->n; j++) X(4)[j] = X(3)[j] = X(2)[j];
    plain = plain || !rnni_reduced_has_dots(k, w);
    (plain ? k->int8_lstm_plain : k->int8_lstm)(h, QUADS, q, scale, w->bytes, w->correction, w->scale, X(1),
                                                X(2), X(3), X(4));
}
static void run_int8_lstm(const rnni_kernels *k, call *c) { int8_lstm_call(k, c, false); }
static void run_int8_lstm_plain(const rnni_kernels *k, call *c) { int8_lstm_call(k, c, true); }
static const specification spec_int8_lstm = {run_int8_lstm, 1, ONE_ROW | NO_UNITS,
    {{-DEPTH, -1, 1}, {4, -2, 2}, {1, -2, 2}, {1, 0, 0}, {1, 0, 0}}, {{3, 2}}};
static const specification spec_int8_lstm_plain = {run_int8_lstm_plain, 1, ONE_ROW | NO_UNITS,
    {{-DEPTH, -1, 1}, {4, -2, 2}, {1, -2, 2}, {1, 0, 0}, {1, 0, 0}}, {{3, 2}}};

/* What they write as floats, and that they write nothing behind it. */
static void run_bf16_round(const rnni_kernels *k, call *c)
{
    static uint16_t q[7 * 402];
    int64_t ldq = (c->n + 1) / 2 * 2 + 2;
    memset(q, 7, sizeof q);
    k->bf16_round(c->rows, c->n, X(0), LD(0), q, ldq);
    for (int64_t r = 0; r < c->rows; r++) {
        for (int64_t j = 0; j < c->n; j++) X(1)[r * LD(1) + j] = rnni_bf16_value(q[r * ldq + j]);
        for (int64_t j = c->n; j < ldq; j++) CHECK_INT(q[r * ldq + j], j < ldq - 2 ? 0 : 0x707);
    }
}
static const specification spec_bf16_round = {run_bf16_round, 1, NO_UNITS, {{1, -1, 1}, {1, 0, 0}}, {{0}}};

static void run_bf16_zip(const rnni_kernels *k, call *c)
{
    static uint16_t q[4 * 804];
    int64_t ldq = 2 * c->n + 2;
    memset(q, 7, sizeof q);
    k->bf16_zip(c->rows, c->n, X(0), LD(0), q, ldq);
    for (int64_t r = 0; r < (c->rows + 1) / 2 * 2; r++) {
        for (int64_t j = 0; j < c->n; j++) {
            uint16_t half = q[r / 2 * ldq + 2 * j + r % 2];
            if (r < c->rows) X(1)[r * LD(1) + j] = rnni_bf16_value(half);
            else CHECK_INT(half, 0);
        }
        CHECK_INT(q[r / 2 * ldq + 2 * c->n], 0x707);
    }
}
static const specification spec_bf16_zip = {run_bf16_zip, 1, NO_UNITS, {{1, -1, 1}, {1, 0, 0}}, {{0}}};

typedef void bf16_kernel(int64_t rows, int64_t n, int64_t pairs, const uint16_t *a, int64_t a_row,
                         int64_t a_pair, const uint16_t *packed, int start, const rnni_real *bias,
                         rnni_real *c, int64_t ldc, rnni_ahead *ahead);

static void bf16_call(const rnni_kernels *k, call *c, bf16_kernel *product)
{
    enum { PAIRS = (DEPTH + 1) / 2 };
    uint16_t q[7 * PAIRS * 2];
    k->bf16_round(c->rows, DEPTH, X(0), LD(0), q, PAIRS * 2);
    product(c->rows, c->n, PAIRS, q, PAIRS * 2, 2, right_reduced(k, RNN_PRECISION_BF16, c->n)->halves,
            c->variant, X(1), X(2), LD(2), NULL);
}
static void run_bf16_product(const rnni_kernels *k, call *c) { bf16_call(k, c, k->bf16_product); }
static void run_bf16_product_plain(const rnni_kernels *k, call *c) { bf16_call(k, c, k->bf16_product_plain); }
static void run_bf16_product_split(const rnni_kernels *k, call *c) { bf16_call(k, c, k->bf16_product_split); }
static const specification spec_bf16_product = {
    run_bf16_product, 3, NO_UNITS | NO_ROWS, {{-DEPTH, -1, 1}, {1, -1, 1}, {1, -1, 1}}, {{0}}};
static const specification spec_bf16_product_plain = {
    run_bf16_product_plain, 3, NO_UNITS | NO_ROWS, {{-DEPTH, -1, 1}, {1, -1, 1}, {1, -1, 1}}, {{0}}};
static const specification spec_bf16_product_split = {
    run_bf16_product_split, 3, NO_UNITS | NO_ROWS, {{-DEPTH, -1, 1}, {1, -1, 1}, {1, -1, 1}}, {{0}}};

static void run_activate(const rnni_kernels *k, call *c)
{
    k->activate(c->variant, c->n, X(0), X(1));
}
static const specification spec_activate = {run_activate, 11, ONE_ROW, {{1, -9, 9}, {1, 0, 0}}, {{1, 0}}};

static void run_activate_backward(const rnni_kernels *k, call *c)
{
    k->activate_backward(c->variant, c->n, X(0), X(1), X(2));
}
static const specification spec_activate_backward = {
    run_activate_backward, 11, ONE_ROW, {{1, -1, 1}, {1, -1, 1}, {1, 0, 0}}, {{2, 1}}};

static void run_exponential(const rnni_kernels *k, call *c)
{
    k->exponential(c->n, X(0), X(1));
}
static const specification spec_exponential = {
    run_exponential, 1, ONE_ROW, {{1, -3, 3}, {1, 0, 0}}, {{1, 0}}};

static void run_softmax(const rnni_kernels *k, call *c)
{
    k->softmax(c->rows, c->n, X(0), LD(0), X(1), LD(1));
}
static const specification spec_softmax = {run_softmax, 1, NO_UNITS, {{1, -5, 5}, {1, 0, 0}}, {{1, 0}}};

static void run_softmax_backward(const rnni_kernels *k, call *c)
{
    k->softmax_backward(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2));
}
static const specification spec_softmax_backward = {
    run_softmax_backward, 1, NO_UNITS, {{1, 0, 1}, {1, -1, 1}, {1, 0, 0}}, {{2, 1}}};

/* Variant 1: no gradient; x takes its place, so that in place is the same there too. The target and scale of
 * a row follow from its first number, so that a row alone has them. */
static void run_softmax_cross_entropy(const rnni_kernels *k, call *c)
{
    int32_t target[64];
    rnni_real scale[64], loss[64];
    for (int64_t r = 0; r < c->rows; r++) {
        rnni_real first = X(0)[r * LD(0)];
        target[r] = first < -2 ? -1 : (int32_t)((first + 2) * 1000) % (int32_t)c->n;
        scale[r] = first / 4;
    }
    k->softmax_cross_entropy(c->rows, c->n, X(0), LD(0), target, scale, loss, c->variant ? NULL : X(1),
                             LD(1));
    if (c->variant && X(1) != X(0)) sample_copy(c->x[1], c->x[0]);
    for (int64_t r = 0; r < c->rows; r++) X(2)[r * LD(2)] = loss[r];
}
static const specification spec_softmax_cross_entropy = {
    run_softmax_cross_entropy, 2, NO_UNITS, {{1, -5, 5}, {1, 0, 0}, {-1, 0, 0}}, {{1, 0}}};

/* Words 0 and 1 in turn, so that rows of the table are added to more than once. Variant 1: what comes first
 * is set. */
static void run_scatter_add(const rnni_kernels *k, call *c)
{
    int32_t ids[256];
    for (int64_t r = 0; r < c->rows; r++) ids[r] = (int32_t)(r % (c->rows < 2 ? 1 : 2));
    int32_t next = k->scatter_add(c->rows, c->n, ids, X(0), LD(0), X(1), LD(1), c->variant ? 0 : -1);
    CHECK_INT(next, !c->variant ? -1 : c->rows < 2 ? c->rows : 2);
}
static const specification spec_scatter_add = {run_scatter_add, 2, NO_ROWS, {{1, -1, 1}, {1, -1, 1}}, {{0}}};

static void run_axpy(const rnni_kernels *k, call *c)
{
    k->axpy(c->n, (rnni_real)0.37, X(0), X(1));
}
static const specification spec_axpy = {run_axpy, 1, ONE_ROW, {{1, -1, 1}, {1, -1, 1}}, {{0}}};

static void run_copy_rows(const rnni_kernels *k, call *c)
{
    k->copy_rows(c->rows, c->n, X(0), LD(0), X(1), LD(1));
}
static const specification spec_copy_rows = {run_copy_rows, 1, 0, {{1, -1, 1}, {1, 0, 0}}, {{0}}};

/* Turned, and put back number by number. */
static void run_turn(const rnni_kernels *k, call *c)
{
    enum { MOST_TURNED = 1 << 16 };
    static rnni_real turned[MOST_TURNED];
    int64_t ld = c->rows + 3;
    CHECK(c->n * ld <= MOST_TURNED);
    for (int64_t i = 0; i < c->n * ld; i++) turned[i] = 7;
    k->turn(c->rows, c->n, X(0), LD(0), turned, ld);
    for (int64_t i = 0; i < c->n * ld; i++)
        if (i % ld < c->rows) X(1)[i % ld * LD(1) + i / ld] = turned[i];
        else if (turned[i] != 7) CHECK(turned[i] == 7);
}
static const specification spec_turn = {run_turn, 1, 0, {{1, -1, 1}, {1, 0, 0}}, {{0}}};

/* Rows of the table in turn, backwards. */
static void run_gather_rows(const rnni_kernels *k, call *c)
{
    int32_t ids[256];
    for (int64_t r = 0; r < c->rows; r++) ids[r] = (int32_t)(c->rows - 1 - r);
    k->gather_rows(c->rows, c->n, ids, X(0), LD(0), X(1), LD(1));
}
static const specification spec_gather_rows = {run_gather_rows, 1, NO_ROWS, {{1, -1, 1}, {1, 0, 0}}, {{0}}};

static void run_scale(const rnni_kernels *k, call *c)
{
    k->scale(c->n, (rnni_real)-0.91, X(0), X(1));
}
static const specification spec_scale = {run_scale, 1, ONE_ROW, {{1, -1, 1}, {1, 0, 0}}, {{1, 0}}};

static void run_add(const rnni_kernels *k, call *c)
{
    k->add(c->n, X(0), X(1), X(2));
}
static const specification spec_add = {
    run_add, 1, ONE_ROW, {{1, -1, 1}, {1, -1, 1}, {1, 0, 0}}, {{2, 0}, {2, 1}}};

static void run_multiply(const rnni_kernels *k, call *c)
{
    k->multiply(c->n, X(0), X(1), X(2));
}
static const specification spec_multiply = {
    run_multiply, 1, ONE_ROW, {{1, -1, 1}, {1, -1, 1}, {1, 0, 0}}, {{2, 0}, {2, 1}}};

static void run_multiply_add(const rnni_kernels *k, call *c)
{
    k->multiply_add(c->n, X(0), X(1), X(2));
}
static const specification spec_multiply_add = {
    run_multiply_add, 1, ONE_ROW, {{1, -1, 1}, {1, -1, 1}, {1, -1, 1}}, {{0}}};

static void run_dot(const rnni_kernels *k, call *c)
{
    c->result = (double)k->dot(c->n, X(0), X(1));
}
static const specification spec_dot = {run_dot, 1, ONE_ROW | NO_UNITS, {{1, -1, 1}, {1, -1, 1}}, {{0}}};

static void run_sum_squares(const rnni_kernels *k, call *c)
{
    c->result = k->sum_squares(c->n, X(0));
}
static const specification spec_sum_squares = {run_sum_squares, 1, ONE_ROW | NO_UNITS, {{1, -1, 1}}, {{0}}};

/* Variant 1 has one number that is not finite. */
static void run_all_finite(const rnni_kernels *k, call *c)
{
    rnni_real *odd = X(0) + (c->n * 5) / 7, kept = *odd;
    if (c->variant) *odd = c->n % 2 ? (rnni_real)NAN : -(rnni_real)INFINITY;
    c->result = k->all_finite(c->n, X(0));
    *odd = kept;
}
static const specification spec_all_finite = {run_all_finite, 2, ONE_ROW | NO_UNITS, {{1, -1, 1}}, {{0}}};

static void run_column_sums(const rnni_kernels *k, call *c)
{
    k->column_sums(c->rows, c->n, X(0), LD(0), X(1));
}
static const specification spec_column_sums = {run_column_sums, 1, NO_ROWS, {{1, -1, 1}, {1, -1, 1}}, {{0}}};

/* What norms take by column, the same for all calls: numbers from `low` to `low` + 1. */
static const rnni_real *by_column(int which, double low)
{
    static rnni_real numbers[8][512];
    for (int i = 0; i < 512; i++)
        numbers[which][i] = sample_between((uint64_t)(which * 512 + i), low, low + 1);
    return numbers[which];
}

static void run_layer_norm(const rnni_kernels *k, call *c)
{
    k->layer_norm(c->rows, c->n, X(0), LD(0), by_column(0, 0.5), by_column(1, -0.5), 1e-2, X(1), LD(1));
}
static const specification spec_layer_norm = {run_layer_norm, 1, NO_UNITS, {{1, -2, 2}, {1, 0, 0}}, {{1, 0}}};

static void run_layer_norm_backward(const rnni_kernels *k, call *c)
{
    k->layer_norm_backward(c->rows, c->n, X(0), LD(0), by_column(0, 0.5), 1e-2, X(1), LD(1), X(2), LD(2),
                           X(3), X(4));
}
static const specification spec_layer_norm_backward = {run_layer_norm_backward,
    1, NO_UNITS | NO_ROWS, {{1, -2, 2}, {1, -1, 1}, {1, 0, 0}, {1, -1, 1}, {1, -1, 1}}, {{2, 1}, {2, 0}}};

static void run_column_squares(const rnni_kernels *k, call *c)
{
    k->column_squares(c->rows, c->n, X(0), LD(0), by_column(2, -0.5), X(1));
}
static const specification spec_column_squares = {
    run_column_squares, 1, NO_UNITS | NO_ROWS, {{1, -1, 1}, {1, -1, 1}}, {{0}}};

static void run_batch_norm(const rnni_kernels *k, call *c)
{
    k->batch_norm(c->rows, c->n, X(0), LD(0), by_column(2, -0.5), by_column(3, 0.5), by_column(0, 0.5),
                  by_column(1, -0.5), X(1), LD(1));
}
static const specification spec_batch_norm = {run_batch_norm, 1, NO_UNITS, {{1, -1, 1}, {1, 0, 0}}, {{1, 0}}};

static void run_batch_norm_gain(const rnni_kernels *k, call *c)
{
    k->batch_norm_gain(c->rows, c->n, X(0), LD(0), by_column(2, -0.5), by_column(3, 0.5), X(1), LD(1), X(2));
}
static const specification spec_batch_norm_gain = {
    run_batch_norm_gain, 1, NO_UNITS | NO_ROWS, {{1, -1, 1}, {1, -1, 1}, {1, -1, 1}}, {{0}}};

static void run_batch_norm_backward(const rnni_kernels *k, call *c)
{
    k->batch_norm_backward(c->rows, c->n, X(0), LD(0), by_column(2, -0.5), by_column(3, 0.5),
                           by_column(0, 0.5), by_column(4, -0.5), by_column(5, -0.5), X(1), LD(1), X(2),
                           LD(2));
}
static const specification spec_batch_norm_backward = {
    run_batch_norm_backward, 1, NO_UNITS, {{1, -1, 1}, {1, -1, 1}, {1, -1, 1}}, {{0}}};

static void run_rnn_gates(const rnni_kernels *k, call *c)
{
    k->rnn_gates(c->variant, c->rows, c->n, X(0), LD(0), X(1), LD(1));
}
static const specification spec_rnn_gates = {run_rnn_gates, 4, 0, {{1, -4, 4}, {1, 0, 0}}, {{0}}};

static void run_rnn_gates_backward(const rnni_kernels *k, call *c)
{
    k->rnn_gates_backward(c->variant / 2, c->rows, c->n, X(0), LD(0), X(1), LD(1),
                          c->variant % 2 ? X(2) : NULL, LD(2), LD(2), X(3), LD(3));
}
static const specification spec_rnn_gates_backward = {
    run_rnn_gates_backward, 8, 0, {{1, -1, 1}, {1, -1, 1}, {1, -1, 1}, {1, 0, 0}}, {{3, 0}}};

static void run_lstm_gates(const rnni_kernels *k, call *c)
{
    k->lstm_gates(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2), X(3), LD(3));
}
static const specification spec_lstm_gates = {
    run_lstm_gates, 1, 0, {{4, -4, 4}, {1, -2, 2}, {1, 0, 0}, {1, 0, 0}}, {{2, 1}}};

static void run_lstm_gates_backward(const rnni_kernels *k, call *c)
{
    k->lstm_gates_backward(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2), c->variant ? X(3) : NULL,
                           LD(3), -LD(3), X(4), LD(4), X(5), LD(5));
}
static const specification spec_lstm_gates_backward = {
    run_lstm_gates_backward,
    2,
    0,
    { { 4, 0, 1 }, { 1, -2, 2 }, { 1, -1, 1 }, { 1, -1, 1 }, { 1, -1, 1 }, { 4, 0, 0 } },
    { { 5, 0 } }
};

static void run_lstm_peephole_gates(const rnni_kernels *k, call *c)
{
    const rnni_real *p[3] = {X(4), X(4) + c->n, X(4) + 2 * c->n};
    k->lstm_peephole_gates(c->rows, c->n, X(0), LD(0), p, X(1), LD(1), X(2), LD(2), X(3), LD(3));
}
static const specification spec_lstm_peephole_gates = {run_lstm_peephole_gates, 1, NO_ROWS,
    {{4, -4, 4}, {1, -2, 2}, {1, 0, 0}, {1, 0, 0}, {3, -1, 1}}, {{2, 1}}};

static void run_lstm_peephole_gates_backward(const rnni_kernels *k, call *c)
{
    const rnni_real *p[3] = {X(4), X(4) + c->n, X(4) + 2 * c->n};
    rnni_real *dp[3] = {X(5), X(5) + c->n, X(5) + 2 * c->n};
    k->lstm_peephole_gates_backward(c->rows, c->n, X(0), LD(0), p, X(1), LD(1), X(2), LD(2), X(3), LD(3), dp);
}
static const specification spec_lstm_peephole_gates_backward = {run_lstm_peephole_gates_backward, 1, NO_ROWS,
    {{4, 0, 1}, {1, -2, 2}, {1, -1, 1}, {1, -1, 1}, {3, -1, 1}, {3, -1, 1}}, {{0}}};

static void run_lstm_cell_gates(const rnni_kernels *k, call *c)
{
    k->lstm_cell_gates(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2));
}
static const specification spec_lstm_cell_gates = {
    run_lstm_cell_gates, 1, 0, {{4, -4, 4}, {1, -2, 2}, {1, 0, 0}}, {{2, 1}}};

static void run_lstm_cell_again(const rnni_kernels *k, call *c)
{
    k->lstm_cell_again(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2));
}
static const specification spec_lstm_cell_again = {
    run_lstm_cell_again, 1, 0, {{4, 0, 1}, {1, -2, 2}, {1, 0, 0}}, {{2, 1}}};

static void run_lstm_output(const rnni_kernels *k, call *c)
{
    k->lstm_output(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2));
}
static const specification spec_lstm_output = {
    run_lstm_output, 1, 0, { { 4, 0, 1 }, { 1, -2, 2 }, { 1, 0, 0 } }, { { 2, 1 } }
};

static void run_lstm_output_backward(const rnni_kernels *k, call *c)
{
    k->lstm_output_backward(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2));
}
static const specification spec_lstm_output_backward = {
    run_lstm_output_backward, 1, 0, {{4, 0, 1}, {1, -2, 2}, {1, -1, 1}}, {{0}}};

static void run_lstm_cell_gates_backward(const rnni_kernels *k, call *c)
{
    k->lstm_cell_gates_backward(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2));
}
static const specification spec_lstm_cell_gates_backward = {
    run_lstm_cell_gates_backward, 1, 0, {{4, 0, 1}, {1, -2, 2}, {1, -1, 1}}, {{0}}};

static void run_zoneout(const rnni_kernels *k, call *c)
{
    k->zoneout(c->n, X(0), X(1), X(2));
}
static const specification spec_zoneout = {
    run_zoneout, 1, ONE_ROW, { { 1, 0, 1 }, { 1, -1, 1 }, { 1, -1, 1 } }, { { 0 } }
};

static void run_zoneout_backward(const rnni_kernels *k, call *c)
{
    k->zoneout_backward(c->n, X(0), X(1), X(2));
}
static const specification spec_zoneout_backward = {
    run_zoneout_backward, 1, ONE_ROW, {{1, 0, 1}, {1, -1, 1}, {1, 0, 0}}, {{0}}};

static void run_gru_gates(const rnni_kernels *k, call *c)
{
    k->gru_gates(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2));
}
static const specification spec_gru_gates = {
    run_gru_gates, 1, 0, {{4, -4, 4}, {1, -1, 1}, {1, 0, 0}}, {{2, 1}}};

static void run_gru_gates_backward(const rnni_kernels *k, call *c)
{
    k->gru_gates_backward(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2), c->variant ? X(3) : NULL,
                          LD(3), -LD(3), X(4), LD(4));
}
static const specification spec_gru_gates_backward = {
    run_gru_gates_backward, 2, 0, {{4, 0, 1}, {1, -1, 1}, {1, -1, 1}, {1, -1, 1}, {4, 0, 0}}, {{4, 0}}};

static void run_gru_before_reset(const rnni_kernels *k, call *c)
{
    k->gru_before_reset(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2));
}
static const specification spec_gru_before_reset = {
    run_gru_before_reset, 1, 0, {{3, -4, 4}, {1, -1, 1}, {1, 0, 0}}, {{2, 1}}};

static void run_gru_before_blend(const rnni_kernels *k, call *c)
{
    k->gru_before_blend(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2));
}
static const specification spec_gru_before_blend = {
    run_gru_before_blend, 1, 0, {{3, 0, 1}, {1, -1, 1}, {1, 0, 0}}, {{2, 1}}};

static void run_gru_before_blend_backward(const rnni_kernels *k, call *c)
{
    k->gru_before_blend_backward(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2));
}
static const specification spec_gru_before_blend_backward = {
    run_gru_before_blend_backward, 1, 0, {{3, 0, 1}, {1, -1, 1}, {1, -1, 1}}, {{0}}};

static void run_gru_before_reset_backward(const rnni_kernels *k, call *c)
{
    k->gru_before_reset_backward(c->rows, c->n, X(0), LD(0), X(1), LD(1), X(2), LD(2), X(3), LD(3));
}
static const specification spec_gru_before_reset_backward = {
    run_gru_before_reset_backward, 1, 0, {{3, 0, 1}, {1, -1, 1}, {1, -1, 1}, {1, 0, 0}}, {{3, 2}}};

/* Variants: plain, momentum, Nesterov. */
static void run_sgd(const rnni_kernels *k, call *c)
{
    k->sgd(c->n, X(0), X(1), c->variant ? X(2) : NULL, 0.01, 0.9, c->variant == 2);
}
static const specification spec_sgd = {run_sgd, 3, ONE_ROW, {{1, -1, 1}, {1, -1, 1}, {1, -1, 1}}, {{0}}};

/* Variants: bit 0 inside, bit 1 centered, bit 2 momentum. */
static void run_rmsprop(const rnni_kernels *k, call *c)
{
    k->rmsprop(c->n, X(0), X(1), X(2), c->variant & 2 ? X(3) : NULL, c->variant & 4 ? X(4) : NULL, 0.01, 0.9,
               1e-7, 0.9, c->variant & 1);
}
static const specification spec_rmsprop = {
    run_rmsprop, 8, ONE_ROW, {{1, -1, 1}, {1, -1, 1}, {1, 1, 2}, {1, -0.5, 0.5}, {1, -1, 1}}, {{0}}};

static void run_adam(const rnni_kernels *k, call *c)
{
    k->adam(c->n, X(0), X(1), X(2), X(3), c->variant ? X(4) : NULL, 0.01, 0.9, 0.999, 1e-8, 3.2);
}
static const specification spec_adam = {
    run_adam, 2, ONE_ROW, {{1, -1, 1}, {1, -1, 1}, {1, -1, 1}, {1, 0, 1}, {1, 0, 1}}, {{0}}};

static void run_nadam(const rnni_kernels *k, call *c)
{
    k->nadam(c->n, X(0), X(1), X(2), X(3), 0.004, 0.01, 0.9, 0.999, 1e-8, 3.2);
}
static const specification spec_nadam = {
    run_nadam, 1, ONE_ROW, {{1, -1, 1}, {1, -1, 1}, {1, -1, 1}, {1, 0, 1}}, {{0}}};

static void run_adamax(const rnni_kernels *k, call *c)
{
    k->adamax(c->n, X(0), X(1), X(2), X(3), 0.01, 0.9, 0.999, 1e-8);
}
static const specification spec_adamax = {
    run_adamax, 1, ONE_ROW, {{1, -1, 1}, {1, -1, 1}, {1, -1, 1}, {1, 0, 1}}, {{0}}};

static void run_adagrad(const rnni_kernels *k, call *c) { k->adagrad(c->n, X(0), X(1), X(2), 0.01, 1e-10); }
static const specification spec_adagrad = {
    run_adagrad, 1, ONE_ROW, {{1, -1, 1}, {1, -1, 1}, {1, 0, 1}}, {{0}}};

static void run_adadelta(const rnni_kernels *k, call *c)
{
    k->adadelta(c->n, X(0), X(1), X(2), X(3), 1, 0.9, 1e-6);
}
static const specification spec_adadelta = {
    run_adadelta, 1, ONE_ROW, {{1, -1, 1}, {1, -1, 1}, {1, 0, 1}, {1, 0, 1}}, {{0}}};

/* ---- the list */

static const struct { const char *name; const specification *spec; double tolerance; } rows_of_list[] = {
#define RNNI_KERNEL(type, name, parameters, tolerance) {#name, &spec_##name, tolerance},
#include "kernels/kernels.def"
#undef RNNI_KERNEL
};
enum { ROWS_OF_LIST = sizeof rows_of_list / sizeof rows_of_list[0] };

/* ---- calls */

static int operands(const specification *spec)
{
    int count = 0;
    while (count < MOST && spec->x[count].width) count++;
    return count;
}

static int64_t width_of(operand x, int64_t n)
{
    return x.width > 0 ? x.width * n : -x.width;
}

/* Operands with the same numbers whatever `shift`, which moves where they begin and how far apart their rows
 * are. */
static call make_call(const specification *spec, int64_t rows, int64_t n, int variant, int shift)
{
    call c = {rows, n, variant, {{0}}, 0};
    for (int i = 0; i < operands(spec); i++) {
        int64_t width = width_of(spec->x[i], n);
        c.x[i] = sample_place(rows, width, width + shift, (shift + i) % 5);
        sample_fill(c.x[i], (uint64_t)(i + 1), spec->x[i].low, spec->x[i].high);
    }
    return c;
}

static double largest(const specification *spec, const call *c)
{
    double most = fabs(c->result);
    for (int i = 0; i < operands(spec); i++)
        for (int64_t r = 0; r < c->x[i].rows; r++)
            for (int64_t j = 0; j < c->x[i].width; j++)
                most = fmax(most, fabs((double)c->x[i].data[r * c->x[i].ld + j]));
    return most;
}

static void check_near(const specification *spec, const call *c, const call *expected, double tolerance)
{
    double allowed = tolerance * largest(spec, expected);
    CHECK_NEAR(c->result, expected->result, allowed);
    for (int i = 0; i < operands(spec); i++)
        for (int64_t r = 0; r < c->x[i].rows; r++)
            for (int64_t j = 0; j < c->x[i].width; j++)
                CHECK_NEAR(c->x[i].data[r * c->x[i].ld + j], expected->x[i].data[r * expected->x[i].ld + j],
                           allowed);
}

static void check_same_bits(const specification *spec, const call *c, const call *expected)
{
    CHECK(memcmp(&c->result, &expected->result, sizeof c->result) == 0);
    for (int i = 0; i < operands(spec); i++) CHECK(sample_same_bits(c->x[i], expected->x[i]));
}

static void check_guards(const specification *spec, const call *c)
{
    for (int i = 0; i < operands(spec); i++) CHECK(sample_guards_hold(c->x[i]));
}

/* ---- checks of one kernel on one shape */

typedef struct {
    const rnni_kernels *kernels;
    const specification *spec;
    double tolerance;
    int64_t rows, n;
    int variant;
} job;

static call run_job(const job *j, const rnni_kernels *kernels, int shift)
{
    call c = make_call(j->spec, j->rows, j->n, j->variant, shift);
    j->spec->run(kernels, &c);
    return c;
}

static void check_against_scalar(const job *j)
{
    sample_reset();
    call expected = run_job(j, rnni_kernels_of(RNN_ISA_SCALAR), 0);
    for (int shift = 0; shift < 4; shift++) {
        call c = run_job(j, j->kernels, shift);
        check_near(j->spec, &c, &expected, j->tolerance);
        check_guards(j->spec, &c);
    }
}

static void check_alignment(const job *j)
{
    sample_reset();
    call first = run_job(j, j->kernels, 0);
    for (int shift = 1; shift < 4; shift++) {
        call c = run_job(j, j->kernels, shift);
        check_same_bits(j->spec, &c, &first);
    }
}

static void check_in_place(const job *j)
{
    for (int pair = 0; pair < 2 && j->spec->alias[pair][0]; pair++) {
        int out = j->spec->alias[pair][0], in = j->spec->alias[pair][1];
        sample_reset();
        call apart = run_job(j, j->kernels, 1);
        call together = make_call(j->spec, j->rows, j->n, j->variant, 2);
        together.x[out] = together.x[in];
        j->spec->run(j->kernels, &together);
        CHECK(sample_same_bits(together.x[out], apart.x[out]));
        check_guards(j->spec, &together);
    }
}

/* Part of a call as a call of its own: one row, or one unit of one row (a column of each block). */
static call make_part(const specification *spec, const call *whole, int64_t row, int64_t unit)
{
    call part = {1, unit < 0 ? whole->n : 1, whole->variant, {{0}}, 0};
    for (int i = 0; i < operands(spec); i++) {
        const rnni_real *from = whole->x[i].data + row * whole->x[i].ld;
        int64_t width = width_of(spec->x[i], part.n);
        part.x[i] = sample_place(1, width, width, i);
        for (int64_t j = 0; j < width; j++)
            part.x[i].data[j] = unit < 0 ? from[j] : from[j * whole->n + unit];
    }
    return part;
}

static void check_part(const job *j, const call *before, const call *after, int64_t row, int64_t unit)
{
    call part = make_part(j->spec, before, row, unit), expected = make_part(j->spec, after, row, unit);
    j->spec->run(j->kernels, &part);
    check_same_bits(j->spec, &part, &expected);
}

/* A row gives the same bits alone, and a unit the same as the only one of its row. */
static void check_parts(const job *j)
{
    sample_reset();
    call before = make_call(j->spec, j->rows, j->n, j->variant, 0), after = run_job(j, j->kernels, 0);
    int64_t used = sample_used;
    if (!(j->spec->flags & (NO_ROWS | ONE_ROW)))
        for (int64_t r = 0; r < j->rows; r++) check_part(j, &before, &after, r, -1);
    if (!(j->spec->flags & (NO_UNITS | NO_ROWS)))
        for (int64_t u = 0; u < j->n; u++) {
            sample_used = used;
            check_part(j, &before, &after, j->rows - 1, u);
        }
}

/* ---- cases */

static const int64_t long_lengths[] = {95, 96, 97, 127, 128, 129, 255, 257, 300};

static void check_shape(job j)
{
    for (j.variant = 0; j.variant < j.spec->variants; j.variant++)
        for (j.rows = 1; j.rows <= (j.spec->flags & ONE_ROW ? 1 : 7); j.rows += 3) {
            check_against_scalar(&j);
            check_alignment(&j);
            check_in_place(&j);
            check_parts(&j);
        }
}

static void check_table(int32_t isa)
{
    const rnni_kernels *kernels = rnni_kernels_of(isa);
    if (!kernels) SKIP("this machine does not have it");
    for (int r = 0; r < ROWS_OF_LIST; r++) {
        job j = {kernels, rows_of_list[r].spec, rows_of_list[r].tolerance, 0, 0, 0};
        for (j.n = 1; j.n <= 67; j.n++) check_shape(j);
        for (size_t l = 0; l < sizeof long_lengths / sizeof *long_lengths; l++) {
            j.n = long_lengths[l];
            check_shape(j);
        }
    }
}

TEST(scalar_table) { check_table(RNN_ISA_SCALAR); }
TEST(avx2_table) { check_table(RNN_ISA_AVX2); }
TEST(avx512_table) { check_table(RNN_ISA_AVX512); }
TEST(neon_table) { check_table(RNN_ISA_NEON); }

/* The tests above compare with the scalar table; these say that the scalar table is right. */
static const rnni_kernels *scalar(void)
{
    return rnni_kernels_of(RNN_ISA_SCALAR);
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

TEST(scalar_lstm_gates)
{
    rnni_real z[4] = {0.3f, -0.7f, 1.1f, 0.2f}, c_in = 0.6f, c_out, h;
    scalar()->lstm_gates(1, 1, z, 4, &c_in, 1, &c_out, 1, &h, 1);
    double c = logistic(-0.7) * 0.6 + logistic(0.3) * tanh(1.1);
    CHECK_NEAR(c_out, c, 1e-6);
    CHECK_NEAR(h, logistic(0.2) * tanh(c), 1e-6);
}

TEST(scalar_gru_gates)
{
    rnni_real z[4] = {0.3f, -0.7f, 1.1f, 0.2f}, h_in = 0.6f, h;
    scalar()->gru_gates(1, 1, z, 4, &h_in, 1, &h, 1);
    double n = tanh(1.1 + logistic(0.3) * 0.2), u = logistic(-0.7);
    CHECK_NEAR(h, (1 - u) * n + u * 0.6, 1e-6);
    CHECK_NEAR(z[3], 0.2, 1e-7);
}

/* Loss weights of an LSTM step: L = a h_out + b c_out, as a function of the four pre-activations and c_in. */
static double lstm_loss(const double *z, double c_in, double a, double b)
{
    double c = logistic(z[1]) * c_in + logistic(z[0]) * tanh(z[2]);
    return a * logistic(z[3]) * tanh(c) + b * c;
}

TEST(scalar_lstm_gates_backward)
{
    double z[5] = {0.3, -0.7, 1.1, 0.2, 0.6}, a = 0.8, b = -0.5;
    rnni_real y[4] = {(rnni_real)logistic(z[0]), (rnni_real)logistic(z[1]), (rnni_real)tanh(z[2]),
                      (rnni_real)logistic(z[3])};
    rnni_real c_in = (rnni_real)z[4], dh = (rnni_real)a, dc = (rnni_real)b;
    scalar()->lstm_gates_backward(1, 1, y, 4, &c_in, 1, &dh, 1, NULL, 0, 0, &dc, 1, y, 4);
    for (int i = 0; i < 5; i++) {
        double at = z[i], e = 1e-5;
        z[i] = at + e;
        double up = lstm_loss(z, z[4], a, b);
        z[i] = at - e;
        double down = lstm_loss(z, z[4], a, b);
        z[i] = at;
        CHECK_NEAR(i < 4 ? y[i] : dc, (up - down) / (2 * e), 2e-6);
    }
}

static double gru_after_loss(const double *z)
{
    double u = logistic(z[1]);
    return (1 - u) * tanh(z[2] + logistic(z[0]) * z[3]) + u * z[4];
}

TEST(scalar_gru_gates_backward)
{
    double z[5] = {0.3, -0.7, 1.1, 0.2, 0.6}, r = logistic(z[0]);
    rnni_real y[4] = {(rnni_real)r, (rnni_real)logistic(z[1]), (rnni_real)tanh(z[2] + r * z[3]),
                      (rnni_real)z[3]};
    rnni_real h_in = (rnni_real)z[4], dh = 1;
    scalar()->gru_gates_backward(1, 1, y, 4, &h_in, 1, &dh, 1, NULL, 0, 0, y, 4);
    for (int i = 0; i < 5; i++) {
        double at = z[i], e = 1e-5;
        z[i] = at + e;
        double up = gru_after_loss(z);
        z[i] = at - e;
        double down = gru_after_loss(z);
        z[i] = at;
        CHECK_NEAR(i < 4 ? y[i] : dh, (up - down) / (2 * e), 2e-6);
    }
}

/* Reset before the product, with a recurrent weight of 0.9: n = tanh(z[2] + 0.9 * r * h). */
static double gru_before_loss(const double *z)
{
    double u = logistic(z[1]);
    return (1 - u) * tanh(z[2] + 0.9 * logistic(z[0]) * z[3]) + u * z[3];
}

TEST(scalar_gru_before_both_ways)
{
    double x[4] = {0.3, -0.7, 1.1, 0.6};
    rnni_real z[3] = {0.3f, -0.7f, 1.1f}, h = 0.6f, rh, h_out, dh = 1, drh, dh_masked;
    scalar()->gru_before_reset(1, 1, z, 3, &h, 1, &rh, 1);
    z[2] += 0.9f * rh;
    scalar()->gru_before_blend(1, 1, z, 3, &h, 1, &h_out, 1);
    CHECK_NEAR(h_out, gru_before_loss(x), 1e-6);
    scalar()->gru_before_blend_backward(1, 1, z, 3, &h, 1, &dh, 1);
    drh = 0.9f * z[2];
    scalar()->gru_before_reset_backward(1, 1, z, 3, &h, 1, &drh, 1, &dh_masked, 1);
    double got[4] = {z[0], z[1], z[2], dh + dh_masked};
    for (int i = 0; i < 4; i++) {
        double at = x[i], e = 1e-5;
        x[i] = at + e;
        double up = gru_before_loss(x);
        x[i] = at - e;
        double down = gru_before_loss(x);
        x[i] = at;
        CHECK_NEAR(got[i], (up - down) / (2 * e), 2e-6);
    }
}

TEST(scalar_cross_entropy_and_softmax)
{
    rnni_real x[3] = {1, 2, 4}, y[3], loss, dx[3], scale = 0.5f;
    int32_t target = 1;
    double sum = exp(1) + exp(2) + exp(4);
    scalar()->softmax(1, 3, x, 3, y, 3);
    CHECK_NEAR(y[2], exp(4) / sum, 1e-6);
    scalar()->softmax_cross_entropy(1, 3, x, 3, &target, &scale, &loss, dx, 3);
    CHECK_NEAR(loss, log(sum) - 2, 1e-6);
    CHECK_NEAR(dx[0], 0.5 * exp(1) / sum, 1e-6);
    CHECK_NEAR(dx[1], 0.5 * (exp(2) / sum - 1), 1e-6);
    target = -1;
    scalar()->softmax_cross_entropy(1, 3, x, 3, &target, &scale, &loss, dx, 3);
    CHECK(loss == 0 && dx[0] == 0 && dx[1] == 0 && dx[2] == 0);
}

TEST(large_logits_do_not_overflow)
{
    for (int32_t isa = RNN_ISA_SCALAR; isa <= RNN_ISA_NEON; isa++) {
        const rnni_kernels *kernels = rnni_kernels_of(isa);
        rnni_real x[3] = {1e30f, -1e30f, 1e30f}, y[3];
        if (!kernels) continue;
        kernels->softmax(1, 3, x, 3, y, 3);
        CHECK(y[0] == 0.5f && y[1] == 0 && y[2] == 0.5f);
    }
}

TEST(squares_of_large_numbers_do_not_overflow)
{
    for (int32_t isa = RNN_ISA_SCALAR; isa <= RNN_ISA_NEON; isa++) {
        const rnni_kernels *kernels = rnni_kernels_of(isa);
        rnni_real x[40];
        if (!kernels) continue;
        for (int i = 0; i < 40; i++) x[i] = 1e30f;
        CHECK_NEAR(kernels->sum_squares(40, x) / 40e60, 1, 1e-6);
    }
}

TEST(scalar_optimizers)
{
    rnni_real w = 1, g = 0.5f, m = 0.25f, v = 0.04f, a = 0.1f;
    scalar()->sgd(1, &w, &g, &m, 0.1, 0.9, 1);
    CHECK_NEAR(m, 0.725, 1e-6);
    CHECK_NEAR(w, 1 - 0.1 * (0.5 + 0.9 * 0.725), 1e-6);
    w = 1, m = 0.25f;
    scalar()->rmsprop(1, &w, &g, &v, &a, &m, 0.1, 0.9, 1e-3, 0.8, 1);
    double square = 0.9 * 0.04 + 0.1 * 0.25, mean = 0.9 * 0.1 + 0.1 * 0.5;
    double step = 0.8 * 0.25 + 0.5 / sqrt(square - mean * mean + 1e-3);
    CHECK_NEAR(v, square, 1e-7);
    CHECK_NEAR(a, mean, 1e-7);
    CHECK_NEAR(w, 1 - 0.1 * step, 1e-6);
    w = 1, v = 0.04f;
    scalar()->rmsprop(1, &w, &g, &v, NULL, NULL, 0.1, 0.9, 1e-3, 0, 0);
    CHECK_NEAR(w, 1 - 0.1 * 0.5 / (sqrt(square) + 1e-3), 1e-6);
    rnni_real most = 1;
    w = 1, m = 0.25f, v = 0.04f;
    scalar()->adam(1, &w, &g, &m, &v, &most, 0.1, 0.9, 0.99, 1e-3, 2);
    CHECK_NEAR(m, 0.275, 1e-6);
    CHECK_NEAR(v, 0.99 * 0.04 + 0.01 * 0.25, 1e-7);
    CHECK(most == 1);
    CHECK_NEAR(w, 1 - 0.1 * 0.275 / (2 + 1e-3), 1e-6);
}

TEST(scalar_optimizers_of_the_adam_family)
{
    rnni_real w = 1, g = -0.5f, m = 0.25f, v = 0.04f;
    scalar()->nadam(1, &w, &g, &m, &v, 0.1, 0.2, 0.9, 0.99, 1e-3, 2);
    CHECK_NEAR(m, 0.175, 1e-6);
    CHECK_NEAR(w, 1 - (0.1 * -0.5 + 0.2 * 0.175) / (2 * sqrt(0.99 * 0.04 + 0.01 * 0.25) + 1e-3), 1e-6);
    w = 1, m = 0.25f, v = 0.04f;
    scalar()->adamax(1, &w, &g, &m, &v, 0.1, 0.9, 0.99, 1e-3);
    CHECK_NEAR(v, 0.501, 1e-6);
    CHECK_NEAR(w, 1 - 0.1 * 0.175 / 0.501, 1e-6);
    w = 1, v = 0.04f;
    scalar()->adagrad(1, &w, &g, &v, 0.1, 1e-3);
    CHECK_NEAR(w, 1 + 0.1 * 0.5 / (sqrt(0.29) + 1e-3), 1e-6);
    w = 1, m = 0.09f, v = 0.04f;
    scalar()->adadelta(1, &w, &g, &v, &m, 1, 0.9, 1e-3);
    double step = -0.5 * sqrt(0.091) / sqrt(0.9 * 0.04 + 0.1 * 0.25 + 1e-3);
    CHECK_NEAR(m, 0.9 * 0.09 + 0.1 * step * step, 1e-6);
    CHECK_NEAR(w, 1 - step, 1e-6);
}

/* ---- timings */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The least time of one call, over some tries of many calls each. */
static double time_call(const rnni_kernels *kernels, const specification *spec, call *c)
{
    double least = 1e9;
    for (int try = 0; try < 5; try++) {
        int calls = 0;
        double begin = seconds(), taken;
        do {
            for (int i = 0; i < 10; i++) spec->run(kernels, c);
            calls += 10;
            taken = seconds() - begin;
        } while (taken < 2e-3);
        if (taken / calls < least) least = taken / calls;
    }
    return least;
}

/* They pack their right-hand side in every call. */
static int is_reduced(const specification *spec)
{
    return spec == &spec_int8_round || spec == &spec_int8_product || spec == &spec_int8_product_plain ||
           spec == &spec_int8_lstm || spec == &spec_int8_lstm_plain ||
           spec == &spec_bf16_round || spec == &spec_bf16_zip || spec == &spec_bf16_product ||
           spec == &spec_bf16_product_plain || spec == &spec_bf16_product_split;
}

static void bench_kernels(const rnni_kernels *kernels)
{
    for (int r = 0; r < ROWS_OF_LIST; r++) {
        const specification *spec = rows_of_list[r].spec;
        if (spec == &spec_panels || spec == &spec_row || spec == &spec_lstm_row || spec == &spec_gru_row ||
            spec == &spec_rnn_row || is_reduced(spec))
            continue;
        for (int variant = 0; variant < spec->variants; variant++) {
            sample_reset();
            call c = make_call(spec, spec->flags & ONE_ROW ? 1 : 32, spec->flags & ONE_ROW ? 4096 : 128,
                               variant, 0);
            double each = time_call(kernels, spec, &c) / (double)(c.rows * c.n);
            printf("%-7s %-26s %d  %7.3f ns\n", kernels->name, rows_of_list[r].name, variant, each * 1e9);
        }
    }
}

static double time_product(const rnni_kernels *kernels, int64_t m, int64_t n, int64_t k, int packed)
{
    sample_reset();
    sample_matrix a = sample_random(m, k, k, 0), b = sample_random(k, n, n, 0), c = sample_random(m, n, n, 0);
    sample_matrix p = sample_place(1, rnni_packed_size(kernels, k, n), 0, 0);
    sample_matrix s = sample_place(1, rnni_gemm_scratch(kernels, m, n, k), 0, 0);
    double least = 1e9;
    rnni_pack(kernels, k, n, b.data, n, 1, p.data);
    for (int try = 0; try < 10; try++) {
        int calls = (int)(1e7 / (double)(m * n * k)) + 1;
        double begin = seconds();
        for (int i = 0; i < calls; i++) {
            if (packed)
                rnni_gemm_packed(kernels, m, n, k, a.data, k, 1, p.data, RNNI_FROM_ZERO, NULL, c.data, n,
                                 NULL);
            else rnni_gemm(kernels, m, n, k, a.data, k, 1, b.data, n, 1, RNNI_FROM_ZERO, c.data, n,
                           s.data, NULL);
        }
        double taken = (seconds() - begin) / calls;
        if (taken < least) least = taken;
    }
    return 2e-9 * (double)(m * n * k) / least;
}

static void bench_products(const rnni_kernels *kernels)
{
    static const int64_t shapes[][3] = {{1, 256, 128},  {1, 1024, 256},   {2, 256, 128},
                                        {4, 256, 128},  {16, 32, 32},     {32, 1024, 256},
                                        {128, 128, 64}, {128, 2048, 512}, {512, 512, 512}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        int64_t m = shapes[i][0], n = shapes[i][1], k = shapes[i][2];
        printf("%-7s product %4d x %4d x %4d  packed %6.1f  general %6.1f GFLOP/s\n", kernels->name, (int)m,
               (int)n, (int)k, time_product(kernels, m, n, k, 1), time_product(kernels, m, n, k, 0));
    }
}

int main(int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], "--bench") != 0) return harness_main(argc, argv);
    uint64_t mode = rnni_denormals_flush(); /* as inside the library: numbers near 0 cost nothing more */
    for (int32_t isa = RNN_ISA_SCALAR; isa <= RNN_ISA_NEON; isa++)
        if (rnni_kernels_of(isa)) {
            bench_kernels(rnni_kernels_of(isa));
            bench_products(rnni_kernels_of(isa));
        }
    rnni_denormals_restore(mode);
    return 0;
}
