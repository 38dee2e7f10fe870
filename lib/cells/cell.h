/* SPDX-License-Identifier: MIT */
#ifndef RNNI_CELL_H
#define RNNI_CELL_H

#include "kernels/kernels.h"

/* A cell is the mathematics of one step and of its backward. The time loop around it, directions, masks and stacking are
 * layers/recurrent.c; gate arithmetic is a kernel.
 *
 * Notation, row-major, one row a sequence: x [rows][I], h [rows][H], z [rows][blocks * H].
 * The loop fills z's first `gates` blocks with b + W x before forward is called. */

/* One step of `rows` sequences. Matrices without a stated leading dimension are [rows][h]. */
typedef struct rnni_cell_step {
    const rnni_kernels *kernels;
    int64_t rows, h;
    int activation;            /* SimpleRNN: RNNI_ACT_TANH or RNNI_ACT_RELU */
    const rnni_real *packed;   /* forward: recurrent weights as pack() made them; backward: as pack_backward() did */
    const rnni_real *bias;     /* [h] recurrent bias of the block that is kept apart (GRU reset after: b_hn), or NULL */
    rnni_real *z;              /* [rows][blocks * h]; forward: pre-activations in, saved values out; backward: gradients out */
    const rnni_real *h_in;     /* state that entered the step: what the GRU carries over */
    const rnni_real *h_masked; /* the same under recurrent dropout: what enters the product; h_in where there is none */
    const rnni_real *c_in;     /* two states: the cell that entered */
    rnni_real *h_out, *c_out;  /* forward; may be h_in and c_in */
    rnni_real *extra;          /* [rows][extra * h] kept for backward (GRU reset before: r * h) */
    rnni_real *dh, *dc;        /* backward: gradients of h_out and c_out on entry, of h_in and c_in on return */
    const rnni_real *mask;     /* backward: recurrent dropout's factors [rows][h], or NULL */
    rnni_real *scratch;        /* backward: [rows][2 * h] */
} rnni_cell_step;

/* The recurrent weights' gradients, one product over all steps of a shard. */
typedef struct rnni_cell_gradient {
    const rnni_kernels *kernels;
    int64_t rows, h;            /* rows of all steps */
    const rnni_real *z;         /* [rows][blocks * h] as backward left it */
    const rnni_real *h_masked;  /* [rows][h] */
    const rnni_real *extra;     /* [rows][extra * h] */
    rnni_real *weight_hh;       /* [gates * h][h], added to */
    rnni_real *bias_hh;         /* [gates * h], added to, or NULL */
    rnni_real *scratch;         /* rnni_gemm_scratch(gates * h, h, rows) */
} rnni_cell_gradient;

typedef struct rnni_cell {
    const char *name;
    int gates;    /* rows of weight_ih and weight_hh over h */
    int blocks;   /* of z: gates, and one more where the recurrent part of a gate is kept apart */
    int states;   /* 1: h; 2: h and c */
    int extra;    /* blocks of h kept for backward beside z, h_in and c_in */
    int apart;    /* the gate whose recurrent bias stays out of the input product, or -1 */
    int64_t (*packed_size)(const rnni_kernels *kernels, int64_t h);
    void (*pack)(const rnni_kernels *kernels, int64_t h, const rnni_real *weight_hh, rnni_real *packed);
    int64_t (*packed_backward_size)(const rnni_kernels *kernels, int64_t h);
    void (*pack_backward)(const rnni_kernels *kernels, int64_t h, const rnni_real *weight_hh, rnni_real *packed);
    void (*forward)(const rnni_cell_step *step);
    void (*backward)(const rnni_cell_step *step);
    void (*gradient)(const rnni_cell_gradient *gradient);
} rnni_cell;

#define RNNI_CELL(name) extern const rnni_cell rnni_cell_##name;
#include "cells/cells.def"
#undef RNNI_CELL

/* The cells of cells.def in its order, ended by NULL: for tests. */
extern const rnni_cell *const rnni_cells[];

#endif
