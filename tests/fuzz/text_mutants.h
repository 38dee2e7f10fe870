/* SPDX-License-Identifier: MIT */
/* MUTANTS says how many. */
#include "fuzz/text_target.c"
#include "fuzz/mutants.h"

static const char *const pieces[] = { "'",
                                      "n't",
                                      "'ve",
                                      "http://",
                                      "www.",
                                      "@a",
                                      "#a",
                                      "1,0",
                                      "&amp;",
                                      "&#",
                                      "&#x1F600;",
                                      ";",
                                      "<a",
                                      "<",
                                      ">",
                                      ". ",
                                      "! ",
                                      "Mr. ",
                                      "U.S. ",
                                      "\n\n",
                                      "...",
                                      "\xF0\x9F\x98\x80",
                                      "\xE2\x80\x8D",
                                      "\xEF\xB8\x8F",
                                      "\xE2\x80\x99",
                                      "\xF0\x9F\x87\xA9",
                                      "\xE3\x80\x82",
                                      "aaaa" };

TEST(mutants_of_text)
{
    run_mutants("tests/fuzz/corpus/text", MUTANTS, pieces, sizeof(pieces) / sizeof(pieces[0]));
}

TEST_MAIN
