/* SPDX-License-Identifier: MIT */
#define FUZZ_CORPUS "tests/fuzz/corpus/state"
#include "fuzz/state_target.c"
#include "fuzz/standalone.c"
