/* SPDX-License-Identifier: MIT */
#include "cells/cell.h"

const rnni_cell *const rnni_cells[] = {
#define RNNI_CELL(name) &rnni_cell_##name,
#include "cells/cells.def"
#undef RNNI_CELL
    NULL,
};

int64_t rnni_cell_size(const rnni_cell *cell, const rnni_kernels *k, int64_t h, int64_t o, bool backward)
{
    int64_t columns = cell->gates * h;
    if (cell->projects) return backward ? rnni_packed_size(k, columns, o) : rnni_packed_size(k, o, columns);
    return backward ? cell->packed_backward_size(k, h) : cell->packed_size(k, h);
}

void rnni_cell_fill(const rnni_cell *cell, const rnni_kernels *k, int64_t h, int64_t o,
                    const rnni_real *weight_hh, rnni_real *packed, bool backward)
{
    int64_t columns = cell->gates * h;
    if (!cell->projects) (backward ? cell->pack_backward : cell->pack)(k, h, weight_hh, packed);
    else if (backward) rnni_pack(k, columns, o, weight_hh, o, 1, packed);
    else rnni_pack(k, o, columns, weight_hh, 1, o, packed);
}
