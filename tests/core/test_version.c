/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include <rnn/version.h>

TEST(number_and_text_agree)
{
    char text[32];
    int number = rnn_version_number();
    snprintf(text, sizeof(text), "%d.%d.%d", number / 10000, number / 100 % 100, number % 100);
    CHECK_STR(rnn_version(), text);
}

TEST(library_is_the_one_of_the_header)
{
    CHECK_INT(rnn_version_number(), RNN_VERSION_MAJOR * 10000 + RNN_VERSION_MINOR * 100 + RNN_VERSION_PATCH);
}

TEST_MAIN
