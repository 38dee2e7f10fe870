/* SPDX-License-Identifier: MIT */
/* One step of every cell of cells.def: its backward and weight gradients against finite differences of its
 * forward. */
#include "cells/cell.h"
#include "model/helpers.h"

enum { ROWS = 5, H = 3, P = 2, MOST = 4 * H * H + ROWS * 12 * H }; /* MOST: numbers of the largest matrix */
#define STEP 1e-5

/* What a step is a function of, and the gradients of its objective sum(h_out * gh) + sum(c_out * gc). */
typedef struct leaves {
    rnni_real z[MOST], h[MOST], c[MOST], weights[MOST], bias[MOST], out[MOST],
        vectors[RNNI_CELL_VECTORS][MOST];
} leaves;

/* Numbers of the state h. */
static int64_t output_of(const rnni_cell *cell) { return cell->projects ? P : H; }

typedef struct problem {
    const rnni_cell *cell;
    const rnni_kernels *kernels;
    leaves at;
    rnni_real mask[MOST], gh[MOST], gc[MOST];
    int masked;
    const rnni_real *vectors[RNNI_CELL_VECTORS];
    rnni_real packed[8192], packed_out[8192], z[MOST], masked_h[MOST], h_out[MOST], c_out[MOST], extra[MOST],
        scratch[8192];
} problem;

static rnni_cell_step make_step(problem *p)
{
    const rnni_cell *cell = p->cell;
    int64_t width = cell->blocks * H;
    memset(p->z, 0, sizeof p->z);
    for (int64_t r = 0; r < ROWS; r++)
        memcpy(p->z + r * width, p->at.z + r * cell->gates * H, (size_t)(cell->gates * H) * sizeof *p->z);
    for (int i = 0; i < RNNI_CELL_VECTORS; i++) p->vectors[i] = p->at.vectors[i];
    for (int i = 0; i < ROWS * H; i++) p->masked_h[i] = p->masked ? p->mask[i] * p->at.h[i] : p->at.h[i];
    return (rnni_cell_step){ .kernels = p->kernels, .rows = ROWS, .h = H, .o = output_of(cell),
                             .activation = RNNI_ACT_TANH, .vectors = p->vectors, .epsilon = 1e-3,
                             .packed_out = p->packed_out, .packed = p->packed,
                             .bias = cell->apart >= 0 ? p->at.bias : NULL, .z = p->z, .dz = p->z,
                             .h_in = p->at.h, .h_masked = p->masked_h, .c_in = p->at.c, .h_out = p->h_out,
                             .c_out = p->c_out, .extra = p->extra, .mask = p->masked ? p->mask : NULL,
                             .scratch = p->scratch };
}

static double objective(problem *p)
{
    double sum = 0;
    const int64_t o = output_of(p->cell);
    CHECK(rnni_cell_size(p->cell, p->kernels, H, o, false) <= 8192);
    rnni_cell_fill(p->cell, p->kernels, H, o, p->at.weights, p->packed, false);
    rnni_pack(p->kernels, H, o, p->at.out, 1, H, p->packed_out);
    rnni_cell_step step = make_step(p);
    p->cell->forward(&step);
    for (int i = 0; i < ROWS * o; i++) sum += p->h_out[i] * p->gh[i];
    for (int i = 0; p->cell->states == 2 && i < ROWS * H; i++) sum += p->c_out[i] * p->gc[i];
    return sum;
}

/* The same by the cell's own backward. */
static void backward(problem *p, leaves *gradient)
{
    static rnni_real packed[8192], all_biases[MOST];
    const rnni_cell *cell = p->cell;
    (void)objective(p);
    memset(gradient, 0, sizeof *gradient);
    memset(all_biases, 0, sizeof all_biases);
    memcpy(gradient->h, p->gh, sizeof p->gh);
    memcpy(gradient->c, p->gc, sizeof p->gc);
    static rnni_real packed_out[8192], scratch_out[8192];
    const int64_t o = output_of(cell);
    rnni_real *dvectors[RNNI_CELL_VECTORS];
    for (int i = 0; i < RNNI_CELL_VECTORS; i++) dvectors[i] = gradient->vectors[i];
    CHECK(rnni_cell_size(cell, p->kernels, H, o, true) <= 8192 &&
          rnni_gemm_scratch(p->kernels, cell->gates * H, H, ROWS) <= 8192);
    rnni_cell_fill(cell, p->kernels, H, o, p->at.weights, packed, true);
    rnni_pack(p->kernels, o, H, p->at.out, H, 1, packed_out);
    rnni_cell_step step = make_step(p);
    cell->forward(&step);
    step.packed = packed;
    step.dh = gradient->h;
    step.dc = gradient->c;
    step.dvectors = dvectors;
    step.packed_out = packed_out;
    step.dweight_out = gradient->out;
    step.scratch_out = scratch_out;
    cell->backward(&step);
    int64_t width = cell->blocks * H, gates = cell->gates * H;
    for (int64_t r = 0; r < ROWS; r++)
        memcpy(gradient->z + r * gates, p->z + r * width, (size_t)gates * sizeof *p->z);
    rnni_cell_gradient weights = { .kernels = p->kernels, .rows = ROWS, .h = H, .o = o, .dz = p->z,
                                   .h_masked = p->masked_h, .extra = p->extra, .weight_hh = gradient->weights,
                                   .bias_hh = all_biases, .scratch = p->scratch };
    cell->gradient(&weights);
    if (cell->apart >= 0) memcpy(gradient->bias, all_biases + cell->apart * H, H * sizeof(rnni_real));
}

static void compare(problem *p, const char *what, rnni_real *leaf, const rnni_real *gradient, int count)
{
    for (int i = 0; i < count; i++) {
        rnni_real at = leaf[i];
        leaf[i] = at + (rnni_real)STEP;
        double above = objective(p);
        leaf[i] = at - (rnni_real)STEP;
        double below = objective(p), difference = (above - below) / (2 * STEP);
        leaf[i] = at;
        if (!(fabs(difference - gradient[i]) <= 1e-8))
            printf("%s: gradient of %s[%d]\n", p->cell->name, what, i);
        CHECK_NEAR(gradient[i], difference, 1e-8);
    }
}

static void fill(rnni_real *numbers, uint64_t seed)
{
    for (int i = 0; i < MOST; i++) numbers[i] = (rnni_real)help_random(&seed);
}

static void check_cell(const rnni_cell *cell, int masked)
{
    static problem p;
    static leaves gradient;
    rnn_context_t *context = rnn_context_create(NULL);
    memset(&p, 0, sizeof p);
    CHECK_OK(rnni_kernels_get(context, &p.kernels));
    p.cell = cell;
    p.masked = masked;
    rnni_real *numbers[] = { p.at.z, p.at.h, p.at.c, p.at.weights, p.at.bias, p.gh, p.gc };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) fill(numbers[i], 3 + i);
    fill(p.at.out, 17);
    for (int i = 0; i < RNNI_CELL_VECTORS; i++) fill(p.at.vectors[i], 20 + (uint64_t)i);
    for (int i = 0; i < ROWS * H; i++) p.mask[i] = i % 3 ? 1.5f : 0;
    backward(&p, &gradient);
    compare(&p, "z", p.at.z, gradient.z, ROWS * cell->gates * H);
    int o = (int)output_of(cell);
    compare(&p, "h", p.at.h, gradient.h, ROWS * o);
    compare(&p, "weights", p.at.weights, gradient.weights, cell->gates * H * o);
    if (cell->projects) compare(&p, "projection", p.at.out, gradient.out, o * H);
    for (int i = 0; i < cell->vector_count; i++)
        compare(&p, cell->vectors[i].name, p.at.vectors[i], gradient.vectors[i], cell->vectors[i].blocks * H);
    if (cell->states == 2) compare(&p, "c", p.at.c, gradient.c, ROWS * H);
    if (cell->apart >= 0) compare(&p, "bias", p.at.bias, gradient.bias, H);
    rnn_context_free(context);
}

TEST(every_cell)
{
    CHECK(rnni_cells[0] != NULL);
    for (int i = 0; rnni_cells[i]; i++) check_cell(rnni_cells[i], 0);
}

TEST(every_cell_under_recurrent_dropout)
{
    for (int i = 0; rnni_cells[i]; i++) check_cell(rnni_cells[i], 1);
}

/* Gradients of weights are added to what is there, so that passes of a shard can follow one another. */
TEST(weight_gradients_add)
{
    static problem p;
    static leaves once, twice;
    memset(&p, 0, sizeof p);
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_OK(rnni_kernels_get(context, &p.kernels));
    for (int i = 0; rnni_cells[i]; i++) {
        p.cell = rnni_cells[i];
        fill(p.at.z, 1), fill(p.at.h, 2), fill(p.at.c, 3), fill(p.at.weights, 4), fill(p.gh, 5);
        backward(&p, &once);
        memcpy(&twice, &once, sizeof once);
        rnni_cell_gradient again = { .kernels = p.kernels, .rows = ROWS, .h = H, .o = output_of(p.cell),
                                     .dz = p.z, .h_masked = p.masked_h, .extra = p.extra,
                                     .weight_hh = twice.weights, .scratch = p.scratch };
        p.cell->gradient(&again);
        for (int k = 0; k < p.cell->gates * H * output_of(p.cell); k++)
            CHECK_NEAR(twice.weights[k], 2 * once.weights[k], 1e-12);
    }
    rnn_context_free(context);
}

TEST_MAIN
