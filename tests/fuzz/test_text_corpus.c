/* SPDX-License-Identifier: MIT */
#define FUZZ_CORPUS "tests/fuzz/corpus/text"
#include "fuzz/text_target.c"
#include "fuzz/standalone.c"
