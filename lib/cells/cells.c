/* SPDX-License-Identifier: MIT */
#include "cells/cell.h"

const rnni_cell *const rnni_cells[] = {
#define RNNI_CELL(name) &rnni_cell_##name,
#include "cells/cells.def"
#undef RNNI_CELL
    NULL,
};
