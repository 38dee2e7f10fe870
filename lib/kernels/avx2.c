/* SPDX-License-Identifier: MIT */
#include "kernels/isa.h"
#include "kernels/reduced.h"
#include "kernels/tiling.h"

#ifdef RNNI_X86_VECTORS

#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile this file with -mavx2 -mfma"
#endif

#include <math.h>
#include <string.h>

#define KERNEL_ISA avx2
#define TILE_VECS 2
#include "kernels/vec/vec_avx2.h"
#include "kernels/vec/ints_avx2.h"

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
#include "kernels/body/tile.h"
#include "kernels/micro/tile_avx2.h"
#include "kernels/body/few_rows.h"
#include "kernels/body/panels.h"
#include "kernels/body/bf16.h"

#include "kernels/body/row.h"
#include "kernels/body/row_cells.h"
#include "kernels/body/short_product.h"

const rnni_kernels rnni_kernels_avx2 = {
    "avx2", RNN_ISA_AVX2, TILE_MR, TILE_NR, VEC_WIDTH, 96, 256, VEC_WIDTH,
#define RNNI_KERNEL(type, name, parameters, tolerance) KERNEL(name),
#include "kernels/kernels.def"
#undef RNNI_KERNEL
};

#else

typedef int rnni_no_avx2; /* a file must declare something */

#endif
