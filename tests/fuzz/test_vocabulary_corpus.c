/* SPDX-License-Identifier: MIT */
#define FUZZ_CORPUS "tests/fuzz/corpus/vocabulary"
#include "fuzz/vocabulary_target.c"
#include "fuzz/standalone.c"
