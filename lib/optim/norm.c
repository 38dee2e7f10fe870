/* SPDX-License-Identifier: MIT */
#include "optim/optim.h"

#include <math.h>

#define BLOCK 4096 /* numbers whose squares the kernel sums in one go */

double rnni_global_norm(const rnni_kernels *kernels, int64_t count, const rnni_real *gradients)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i += BLOCK)
        sum += kernels->sum_squares(count - i < BLOCK ? count - i : BLOCK, gradients + i);
    return sqrt(sum);
}
