/* SPDX-License-Identifier: MIT */
#define FUZZ_CORPUS "tests/fuzz/corpus/csv"
#include "fuzz/csv_target.c"
#include "fuzz/standalone.c"
