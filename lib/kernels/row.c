/* SPDX-License-Identifier: MIT */
#include "kernels/kernels.h"

int64_t rnni_row_size(const rnni_kernels *kernels, int64_t gates, int64_t h, int64_t k)
{
    return rnni_row_blocks(kernels, h) * k * gates * kernels->width;
}

void rnni_row_pack(const rnni_kernels *kernels, int64_t gates, int64_t h, int64_t k, const rnni_real *weight,
                   rnni_real *packed)
{
    const int64_t width = kernels->width;
    for (int64_t first = 0; first < h; first += width)
        for (int64_t p = 0; p < k; p++)
            for (int64_t g = 0; g < gates; g++, packed += width)
                for (int64_t u = 0; u < width; u++)
                    packed[u] = first + u < h ? weight[(g * h + first + u) * k + p] : 0;
}
