/* SPDX-License-Identifier: MIT */
#include "kernels/kernels.h"

void rnni_ahead_add(const rnni_kernels *kernels, rnni_ahead *ahead, int64_t n, const rnni_real *x)
{
    if (n <= 0) return;
    if (ahead->count == RNNI_AHEAD_PARTS) {
        kernels->fetch(n, x);
        return;
    }
    ahead->part[ahead->count].at = x;
    ahead->part[ahead->count++].lines = (n + RNNI_LINE - 1) / RNNI_LINE;
}

void rnni_ahead_rest(const rnni_kernels *kernels, rnni_ahead *ahead)
{
    for (; ahead->count > 0; ahead->count--)
        kernels->fetch(ahead->part[ahead->count - 1].lines * RNNI_LINE, ahead->part[ahead->count - 1].at);
}
