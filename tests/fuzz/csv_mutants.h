/* SPDX-License-Identifier: MIT */
/* MUTANTS says how many. */
#include "fuzz/csv_target.c"
#include "fuzz/mutants.h"

static const char *const pieces[] = { "\"", "\"\"",        "\r\n",         "\n",  "\n\n",  ",",
                                      ";",  "\t",          "NA",           "?",   "1e999", "nan",
                                      "-1", "0",           "yes",          "W",   "S",     "d",
                                      "p",  "99999999999", "\xEF\xBB\xBF", "\x80" };

TEST(mutants_of_csv)
{
    run_mutants("tests/fuzz/corpus/csv", MUTANTS, pieces, sizeof(pieces) / sizeof(pieces[0]));
}

TEST_MAIN
