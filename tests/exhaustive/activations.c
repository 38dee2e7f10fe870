/* SPDX-License-Identifier: MIT */
/* exp, tanh and sigmoid of every float up to 110 in size, beyond which their results are 0, 1 or infinite. */
#define STRIDE 1
#define LARGEST 110
#include "kernels/test_activations.c"
