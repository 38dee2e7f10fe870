/* SPDX-License-Identifier: MIT */
#define FUZZ_CORPUS "tests/fuzz/corpus/npy"
#include "fuzz/npy_target.c"
#include "fuzz/standalone.c"
