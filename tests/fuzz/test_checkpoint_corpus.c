/* SPDX-License-Identifier: MIT */
#define FUZZ_CORPUS "tests/fuzz/corpus/checkpoint"
#include "fuzz/checkpoint_target.c"
#include "fuzz/standalone.c"
