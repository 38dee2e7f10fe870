/* SPDX-License-Identifier: MIT */
/* MUTANTS says how many. */
#include "fuzz/vocabulary_target.c"
#include "fuzz/mutants.h"

static const char *const pieces[] = { "\"",
                                      "\\",
                                      "\\u0000",
                                      "\\ud800",
                                      "{",
                                      "}",
                                      "[",
                                      "]",
                                      ",",
                                      ":",
                                      "1",
                                      "-1",
                                      "1e9",
                                      "0.5",
                                      "null",
                                      "true",
                                      "\"words\"",
                                      "\"stop_words\"",
                                      "\"settings\"",
                                      "\"unit\"",
                                      "\"word\"",
                                      "\"character\"",
                                      "\"emoji\"",
                                      "\"a\"",
                                      "\"\"" };

TEST(mutants_of_vocabulary)
{
    run_mutants("tests/fuzz/corpus/vocabulary", MUTANTS, pieces, sizeof(pieces) / sizeof(pieces[0]));
}

TEST_MAIN
