/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PRODUCTS_H
#define BENCH_PRODUCTS_H

#include "machine.h"

/* Prints GFLOP/s of the library's matrix products on squares and on the shapes of recurrent nets, one thread,
 * beside OpenBLAS where the system has it (`openblas`: its file, or NULL for the system's own). Not 0 when
 * memory runs out. */
int bench_products(const bench_machine *machine, const char *openblas);

#endif
