/* SPDX-License-Identifier: MIT */
#ifndef RNNI_ACTIVATION_H
#define RNNI_ACTIVATION_H

#include "layers/run.h"

/* Activations of rows [rows][n], as dense and activation layers share them. */

/* y = f(z); y may be z. */
static inline void rnni_activate(const rnni_kernels *k, int activation, int64_t rows, int64_t n,
                                 const rnni_real *z, rnni_real *y)
{
    if (activation == RNNI_ACT_SOFTMAX) k->softmax(rows, n, z, n, y, n);
    else if (activation != RNNI_ACT_LINEAR || z != y) k->activate(activation, rows * n, z, y);
}

/* dz = dy f', in place; z is read by those of rnni_activation_keeps_x, y by the others. */
static inline void rnni_activate_backward(const rnni_kernels *k, int activation, int64_t rows, int64_t n,
                                          const rnni_real *z, const rnni_real *y, rnni_real *dy)
{
    if (activation == RNNI_ACT_SOFTMAX) k->softmax_backward(rows, n, y, n, dy, n, dy, n);
    else if (activation != RNNI_ACT_LINEAR)
        k->activate_backward(activation, rows * n, rnni_activation_keeps_x(activation) ? z : y, dy, dy);
}

/* The node's activation in this run: linear where a loss wants the values before it. */
static inline int rnni_activation_of(const rnni_node *node, const rnni_run *run)
{
    return run->raw && run->raw[node->id] ? RNNI_ACT_LINEAR : (int)rnni_node_int(node, RNN_LAYER_ACTIVATION);
}

#endif
