/* SPDX-License-Identifier: MIT */
/* MUTANTS says how many. */
#include "fuzz/npy_target.c"
#include "fuzz/mutants.h"

static const char *const pieces[] = { "'<f4'",
                                      "'>i8'",
                                      "'|u1'",
                                      "'<c8'",
                                      "True",
                                      "False",
                                      "(0,)",
                                      "(1, 2)",
                                      "()",
                                      "(99999999999,)",
                                      "(4611686018427387904, 8)",
                                      "-1",
                                      "{",
                                      "}",
                                      "'shape'",
                                      ":",
                                      ",",
                                      "[",
                                      "\x00\x00",
                                      "\xFF\xFF" };

TEST(mutants_of_npy)
{
    run_mutants("tests/fuzz/corpus/npy", MUTANTS, pieces, sizeof(pieces) / sizeof(pieces[0]));
}

TEST_MAIN
