/* SPDX-License-Identifier: MIT */
/* Steps of every cell of cells.def on every instruction set: rows do not depend on one another, outputs may
 * lie where inputs lay, and all sets agree with the scalar one. (What the cells compute is checked by the
 * goldens, their gradients by tests/grad.) */
#include "cells/cell.h"
#include "model/helpers.h"

enum { ROWS = 7, LARGEST = 37, GATES = 4, BLOCKS = 16, SIZE = ROWS * LARGEST * BLOCKS, PACKED = 1 << 15 };
static const int64_t sizes[] = { 1, 2, 5, 8, 16, 17, 31, LARGEST };

typedef struct numbers {
    float z[SIZE], h[SIZE], c[SIZE], extra[SIZE], dh[SIZE], dc[SIZE];
} numbers;

typedef struct setting {
    const rnni_kernels *kernels;
    const rnni_cell *cell;
    int64_t h;
    int activation;
    float weights[GATES * LARGEST * LARGEST], bias[LARGEST], packed[PACKED], packed_backward[PACKED],
        scratch[SIZE], vectors[RNNI_CELL_VECTORS][GATES * LARGEST],
        dvectors[RNNI_CELL_VECTORS][GATES * LARGEST];
    const rnni_real *vector[RNNI_CELL_VECTORS];
    rnni_real *dvector[RNNI_CELL_VECTORS];
} setting;

static void fill(float *out, int64_t count, uint64_t seed)
{
    for (int64_t i = 0; i < count; i++) out[i] = (float)help_random(&seed);
}

static void prepare(setting *s, const rnni_kernels *kernels, const rnni_cell *cell, int64_t h, int activation)
{
    s->kernels = kernels;
    s->cell = cell;
    s->h = h;
    s->activation = activation;
    fill(s->weights, cell->gates * h * h, 1);
    fill(s->bias, h, 2);
    for (int i = 0; i < RNNI_CELL_VECTORS; i++) {
        fill(s->vectors[i], GATES * h, 8 + (uint64_t)i);
        s->vector[i] = s->vectors[i];
        s->dvector[i] = s->dvectors[i];
    }
    CHECK(cell->blocks <= BLOCKS && cell->packed_size(kernels, h) <= PACKED &&
          cell->packed_backward_size(kernels, h) <= PACKED);
    cell->pack(kernels, h, s->weights, s->packed);
    cell->pack_backward(kernels, h, s->weights, s->packed_backward);
}

static numbers fresh(const setting *s)
{
    numbers n;
    memset(&n, 0, sizeof n);
    fill(n.z, ROWS * s->h * s->cell->blocks, 3);
    fill(n.h, ROWS * s->h, 4);
    fill(n.c, ROWS * s->h, 5);
    fill(n.dh, ROWS * s->h, 6);
    fill(n.dc, ROWS * s->h, 7);
    return n;
}

/* Forward and backward of `rows` rows from `first` on. With `place` the new states overwrite the old ones in
 * the forward. */
static void step(setting *s, numbers *n, int64_t first, int64_t rows, int place)
{
    static float h_out[SIZE], c_out[SIZE];
    int64_t at = first * s->h, width = s->h * s->cell->blocks;
    rnni_cell_step forward = { .kernels = s->kernels,
                               .rows = rows,
                               .h = s->h,
                               .o = s->h,
                               .vectors = s->vector,
                               .dvectors = s->dvector,
                               .epsilon = 1e-5,
                               .activation = s->activation,
                               .packed = s->packed,
                               .bias = s->cell->apart >= 0 ? s->bias : NULL,
                               .z = n->z + first * width,
                               .h_in = n->h + at,
                               .h_masked = n->h + at,
                               .c_in = n->c + at,
                               .h_out = place ? n->h + at : h_out + at,
                               .c_out = place ? n->c + at : c_out + at,
                               .extra = n->extra + at,
                               .dh = n->dh + at,
                               .dc = n->dc + at,
                               .scratch = s->scratch };
    s->cell->forward(&forward);
    if (place) return;
    rnni_cell_step backward = forward;
    backward.packed = s->packed_backward;
    backward.dz = backward.z;
    s->cell->backward(&backward);
    memcpy(n->h + at, h_out + at, (size_t)(rows * s->h) * sizeof *h_out);
    memcpy(n->c + at, c_out + at, (size_t)(rows * s->h) * sizeof *c_out);
}

/* Every cell, size and activation on every set; but for cells that project, whose weights the layer packs. */
static void for_all(void (*check)(setting *s))
{
    static setting s;
    for (int32_t isa = RNN_ISA_SCALAR; isa <= RNN_ISA_NEON; isa++) {
        const rnni_kernels *kernels = rnni_kernels_of(isa);
        for (int i = 0; kernels && rnni_cells[i]; i++)
            for (size_t k = rnni_cells[i]->projects ? sizeof sizes / sizeof *sizes : 0;
                 k < sizeof sizes / sizeof *sizes; k++)
                for (int relu = 0; relu < 2; relu++) {
                    prepare(&s, kernels, rnni_cells[i], sizes[k], relu ? RNNI_ACT_RELU : RNNI_ACT_TANH);
                    check(&s);
                }
    }
}

static void check_rows(setting *s)
{
    static numbers all, single;
    all = fresh(s);
    single = all;
    step(s, &all, 0, ROWS, 0);
    for (int64_t r = 0; r < ROWS; r++) step(s, &single, r, 1, 0);
    CHECK_BYTES(&all, &single, sizeof all);
}

TEST(rows_do_not_depend_on_one_another)
{
    for_all(check_rows);
}

static void check_place(setting *s)
{
    static numbers apart, over;
    apart = fresh(s);
    over = apart;
    step(s, &apart, 0, ROWS, 0);
    step(s, &over, 0, ROWS, 1);
    CHECK_BYTES(apart.h, over.h, sizeof over.h);
    CHECK_BYTES(apart.c, over.c, s->cell->states == 2 ? sizeof over.c : 0);
}

/* dz with a place of its own, and dy added on the way, are what dz over z and dy added before are. */
static void check_apart(setting *s)
{
    static numbers over, apart;
    static float dz[SIZE], dy[SIZE], h_out[SIZE], c_out[SIZE];
    if (!s->cell->dz_apart) return;
    int64_t h = s->h;
    over = fresh(s);
    fill(dy, ROWS * (h + 3), 9);
    rnni_cell_step step = { .kernels = s->kernels, .rows = ROWS, .h = h, .o = h, .activation = s->activation,
                            .packed = s->packed, .bias = s->cell->apart >= 0 ? s->bias : NULL, .z = over.z,
                            .h_in = over.h, .h_masked = over.h, .c_in = over.c, .h_out = h_out,
                            .c_out = c_out, .extra = over.extra, .scratch = s->scratch };
    s->cell->forward(&step);
    apart = over;
    step.packed = s->packed_backward;
    step.z = apart.z, step.h_in = step.h_masked = apart.h, step.c_in = apart.c, step.dh = apart.dh,
    step.dc = apart.dc;
    step.dz = dz, step.dy = dy, step.lddy = h + 3;
    s->cell->backward(&step);
    CHECK_BYTES(apart.z, over.z, sizeof over.z);
    for (int64_t i = 0; i < ROWS * h; i++) over.dh[i] += dy[i / h * (h + 3) + i % h];
    step.z = step.dz = over.z, step.h_in = step.h_masked = over.h, step.c_in = over.c, step.dh = over.dh,
    step.dc = over.dc, step.dy = NULL;
    s->cell->backward(&step);
    CHECK_BYTES(dz, over.z, (size_t)(ROWS * h * s->cell->blocks) * sizeof *dz);
    CHECK_BYTES(apart.dh, over.dh, sizeof over.dh);
    CHECK_BYTES(apart.dc, over.dc, sizeof over.dc);
}

TEST(gradients_of_gates_may_lie_apart)
{
    for_all(check_apart);
}

TEST(states_may_be_overwritten)
{
    for_all(check_place);
}

static void compare(const setting *s, const char *what, const float *a, const float *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        if (!(fabsf(a[i] - b[i]) <= 2e-5f))
            printf("%s, %s, h %d: %s[%d]\n", s->kernels->name, s->cell->name, (int)s->h, what, (int)i);
        CHECK_NEAR(a[i], b[i], 2e-5);
    }
}

static void check_scalar(setting *s)
{
    static setting plain;
    static numbers got, want;
    prepare(&plain, rnni_kernels_of(RNN_ISA_SCALAR), s->cell, s->h, s->activation);
    got = fresh(s);
    want = got;
    step(s, &got, 0, ROWS, 0);
    step(&plain, &want, 0, ROWS, 0);
    compare(s, "z", got.z, want.z, ROWS * s->h * s->cell->blocks);
    compare(s, "h", got.h, want.h, ROWS * s->h);
    compare(s, "dh", got.dh, want.dh, ROWS * s->h);
    if (s->cell->states == 2) compare(s, "c", got.c, want.c, ROWS * s->h);
    if (s->cell->states == 2) compare(s, "dc", got.dc, want.dc, ROWS * s->h);
}

TEST(sets_agree)
{
    for_all(check_scalar);
}

TEST(list_of_cells)
{
    static const char *const names[] = {
#define RNNI_CELL(name) #name,
#include "cells/cells.def"
#undef RNNI_CELL
    };
    size_t count = 0;
    while (rnni_cells[count]) count++;
    CHECK_INT(count, sizeof names / sizeof *names);
    for (size_t i = 0; i < count; i++) {
        const rnni_cell *cell = rnni_cells[i];
        CHECK_STR(cell->name, names[i]);
        CHECK(cell->blocks >= cell->gates && cell->states >= 1 &&
              cell->states <= 2);
        CHECK(cell->apart >= -1 && cell->apart < cell->gates && cell->extra >= 0);
    }
}

TEST_MAIN
