/* SPDX-License-Identifier: MIT */
#include "kernels/isa.h"
#include "kernels/reduced.h"
#include "kernels/tiling.h"

#define KERNEL_ISA scalar
#include "kernels/vec/vec_scalar.h"
#include "kernels/vec/ints_scalar.h"

#include "kernels/body/loop.h"

#include "kernels/body/activations.h"
#include "kernels/body/elementwise.h"
#include "kernels/body/gates_lstm.h"
#include "kernels/body/gates_gru.h"
#include "kernels/body/gates_lstm_variants.h"
#include "kernels/body/gates_rnn.h"
#include "kernels/body/int8.h"
#include "kernels/body/norms.h"
#include "kernels/body/optimizers.h"
#include "kernels/body/reductions.h"
#include "kernels/body/softmax.h"
#include "kernels/micro/tile_scalar.h"
#include "kernels/body/panels.h"
#include "kernels/body/bf16.h"

#include "kernels/body/row_cells.h"
#include "kernels/body/short_product.h"

const rnni_kernels rnni_kernels_scalar = {
    "scalar", RNN_ISA_SCALAR, TILE_MR, TILE_NR, TILE_NR, 64, 256, VEC_WIDTH,
#define RNNI_KERNEL(type, name, parameters, tolerance) KERNEL(name),
#include "kernels/kernels.def"
#undef RNNI_KERNEL
};
