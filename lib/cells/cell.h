/* SPDX-License-Identifier: MIT */
#ifndef RNNI_CELL_H
#define RNNI_CELL_H

#include "cells/team.h"
#include <stdbool.h>

/* A cell is the mathematics of one step and of its backward. The time loop around it, directions, masks and
 * stacking are layers/recurrent.c; gate arithmetic is a kernel.
 *
 * Notation, row-major, one row a sequence: x [rows][I], h [rows][H], z [rows][blocks * H].
 * The loop fills z's first `gates` blocks with b + W x before forward is called. */

enum { RNNI_CELL_VECTORS = 6 };

/* One step of `rows` sequences. Matrices without a stated leading dimension are [rows][h]. The state h itself
 * has o numbers, which is h but for cells that project: h_in, h_masked, h_out, dh and mask are [rows][o]. */
typedef struct rnni_cell_step {
    const rnni_kernels *kernels;
    const rnni_team *team;     /* that shares products and gates, or NULL */
    int64_t rows, h, o;
    int activation;            /* SimpleRNN: RNNI_ACT_TANH or RNNI_ACT_RELU */
    const rnni_reduced *reduced; /* weight_hh (of a GRU: gates r and z), a GRU's gate n, weight_hr (forward),
                                  all in 8 or 16 bits, in place of packed ones; or NULL. * Backward: likewise,
                                  transposed */
    const rnni_real *packed;   /* forward: recurrent weights as pack() made them; backward: as pack_backward()
                                  did */
    const rnni_real *bias;     /* [h] recurrent bias of the block that is kept apart (GRU reset after: b_hn),
                                  or NULL */
    rnni_real *z;              /* [rows][blocks * h]; forward: pre-activations in, saved values out, where
                                  there is a way back; backward: saved values in */
    rnni_real *dz;             /* backward: gradients out, [rows][blocks * h]; z itself unless the cell has
                                  dz_apart */
    const rnni_real *h_in;     /* state that entered the step: what the GRU carries over */
    const rnni_real *h_masked; /* the same under recurrent dropout: what enters the product; h_in where there
                                  is none */
    const rnni_real *c_in;     /* two states: the cell that entered */
    rnni_real *h_out, *c_out;  /* forward: out; may be h_in and c_in. Backward: in, for cells that have
                                  from_output */
    rnni_real *extra;          /* [rows][extra * h] kept for backward (GRU reset before: r * h) */
    rnni_real *dh, *dc;        /* backward: gradients of h_out and c_out on entry, of h_in and c_in on
                                  return */
    const rnni_real *dy;       /* backward, cells that have dz_apart: [rows] what is added to dh before,
                                  leading dimension lddy; or NULL */
    int64_t lddy, next_dy;     /* numbers to the row that the step after this one will read, if it lies in a
                                  table; or 0 */
    const rnni_real *mask;     /* backward: recurrent dropout's factors [rows][h], or NULL */
    rnni_real *scratch;        /* forward and backward: [rows][2 * h] */
    rnni_real *room;           /* backward, reduced: rnni_team_reduced_room(team, rows, o, gates * h) */
    const rnni_real *const *vectors; /* [vector_count] the cell's own weights */
    rnni_real *const *dvectors;      /* backward: their gradients, added to */
    double epsilon;            /* of norms */
    rnni_ahead *ahead;         /* for the products to take along; or NULL */
    const rnni_real *packed_out; /* cells that project: W_hr, packed forward or backward */
    rnni_real *dweight_out;    /* backward: its gradient [o][h], added to */
    rnni_real *scratch_out;    /* backward: rnni_team_outer_scratch(o, h, rows) */
} rnni_cell_step;

/* The recurrent weights' gradients, one product over all steps of a shard. */
typedef struct rnni_cell_gradient {
    const rnni_kernels *kernels;
    const rnni_team *team;      /* as a step's */
    bool halves;                /* the product is in bf16 */
    int64_t rows, h, o;         /* rows of all steps */
    const rnni_real *dz;        /* [rows][blocks * h] as backward left it */
    const rnni_real *h_masked;  /* [rows][o] */
    const rnni_real *extra;     /* [rows][extra * h] */
    rnni_real *weight_hh;       /* [gates * h][o], added to */
    rnni_real *bias_hh;         /* [gates * h], added to, or NULL */
    const rnni_real *bias_ih;   /* [gates * h] to which these rows of dz have been added: as both gradients
                                   begin at 0 and get the same rows, bias_hh's sum, too; or NULL */
    rnni_real *scratch;         /* rnni_team_outer_scratch(gates * h, o, rows) */
    rnni_ahead *ahead;          /* for the products to take along; or NULL */
} rnni_cell_gradient;

/* A vector of weights that a cell has beside matrices and biases. */
typedef struct rnni_cell_vector {
    const char *name;           /* "peephole_i": the layer adds _l0 */
    int blocks;                 /* numbers over h */
    bool ones;                  /* begins with ones, else zeros */
} rnni_cell_vector;

typedef struct rnni_cell {
    const char *name;
    int gates;    /* rows of weight_ih and weight_hh over h */
    int blocks;   /* of z: gates, and one more where the recurrent part of a gate is kept apart */
    int states;   /* 1: h; 2: h and c */
    int cell_gates; /* two states: the block of z with which the saved gates i, f, g begin, of which
                       c_out = f c_in + i g */
    int extra;    /* blocks of h kept for backward beside z, h_in and c_in */
    int apart;    /* the gate whose recurrent bias stays out of the input product, or -1 */
    bool dz_apart;    /* backward reads z and writes dz, which may lie elsewhere, and adds dy to dh */
    bool from_output; /* backward reads h_out and not z, which need not be kept */
    bool projects; /* h is projected to o numbers by a matrix of its own, weight_hr [o][h]; packing of
                      weight_hh is the layer's then */
    int vector_count;
    const rnni_cell_vector *vectors;
    int64_t (*packed_size)(const rnni_kernels *kernels, int64_t h);
    void (*pack)(const rnni_kernels *kernels, int64_t h, const rnni_real *weight_hh, rnni_real *packed);
    int64_t (*packed_backward_size)(const rnni_kernels *kernels, int64_t h);
    void (*pack_backward)(const rnni_kernels *kernels, int64_t h, const rnni_real *weight_hh,
                          rnni_real *packed);
    void (*forward)(const rnni_cell_step *step);
    rnni_row_kernel *(*row)(const rnni_kernels *kernels); /* a whole step of one sequence in one kernel; NULL:
                                                             none */
    void (*backward)(const rnni_cell_step *step);
    void (*gradient)(const rnni_cell_gradient *gradient);
} rnni_cell;

#define RNNI_CELL(name) extern const rnni_cell rnni_cell_##name;
#include "cells/cells.def"
#undef RNNI_CELL

/* Sizes and packing of weight_hh [gates * h][o] for any cell, forward or backward. */
int64_t rnni_cell_size(const rnni_cell *cell, const rnni_kernels *kernels, int64_t h, int64_t o,
                       bool backward);
void rnni_cell_fill(const rnni_cell *cell, const rnni_kernels *kernels, int64_t h, int64_t o,
                    const rnni_real *weight_hh, rnni_real *packed, bool backward);

/* The cells of cells.def in its order, ended by NULL: for tests. */
extern const rnni_cell *const rnni_cells[];

#endif
