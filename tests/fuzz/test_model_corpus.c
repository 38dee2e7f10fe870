/* SPDX-License-Identifier: MIT */
#define FUZZ_CORPUS "tests/fuzz/corpus/model"
#include "fuzz/model_target.c"
#include "fuzz/standalone.c"
