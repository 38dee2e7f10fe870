/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "harness.h"

#include <pthread.h>

TEST(first_message_is_empty)
{
    CHECK_STR(rnn_last_error(), "");
}

TEST(names_and_texts_come_from_the_list)
{
    CHECK_STR(rnn_status_name(RNN_OK), "RNN_OK");
    CHECK_STR(rnn_status_name(-11), "RNN_ERROR_SHAPE");
    CHECK_STR(rnn_status_name(-7777), "RNN_?");
    CHECK_STR(rnn_status_text(RNN_ERROR_MEMORY), "out of memory");
    CHECK(rnn_status_text(12345) != NULL);
}

TEST(numbers_are_pinned)
{
    CHECK_INT(RNN_END, 1);
    CHECK_INT(RNN_ERROR_ARGUMENT, -10);
    CHECK_INT(RNN_ERROR_NAME, -14);
    CHECK_INT(RNN_ERROR_STATE, -20);
    CHECK_INT(RNN_ERROR_IO, -40);
    CHECK_INT(RNN_ERROR_NUMERIC, -51);
    CHECK_INT(RNN_ERROR_INTERNAL, -90);
}

TEST(fail_stores_the_line_and_answers_the_status)
{
    CHECK_INT(rnni_fail(RNN_ERROR_RANGE, "units is %d, expected %s", 0, "1 or more"), RNN_ERROR_RANGE);
    CHECK_STR(rnn_last_error(), "units is 0, expected 1 or more");
}

TEST(line_breaks_and_control_characters_become_spaces)
{
    rnni_fail(RNN_ERROR_DATA, "a\nb\r\tc\x7f\x01"
                              "d\xc3\xa9");
    CHECK_STR(rnn_last_error(), "a b  c  d\xc3\xa9");
}

TEST(a_message_can_quote_the_one_before)
{
    rnni_fail(RNN_ERROR_IO, "inner");
    rnni_fail(RNN_ERROR_FORMAT, "outer (%s)", rnn_last_error());
    CHECK_STR(rnn_last_error(), "outer (inner)");
    rnni_set_last_error(rnn_last_error() + 6);
    CHECK_STR(rnn_last_error(), "(inner)");
}

TEST(long_lines_are_cut)
{
    char text[2000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    rnni_fail(RNN_ERROR_DATA, "%s", text);
    CHECK_INT(strlen(rnn_last_error()), 511);
    rnni_set_last_error(text);
    CHECK_INT(strlen(rnn_last_error()), 511);
}

TEST(a_cut_leaves_whole_characters)
{
    char text[600];
    for (int lead = 508; lead <= 511; lead++) {
        memset(text, 'x', (size_t)lead);
        strcpy(text + lead, "\xf0\x9f\x8e\xb5\xf0\x9f\x8e\xb5");
        rnni_set_last_error(text);
        CHECK_INT(strlen(rnn_last_error()), lead);
    }
    memset(text, 'x', 507);
    strcpy(text + 507, "\xf0\x9f\x8e\xb5zz");
    rnni_set_last_error(text);
    CHECK_INT(strlen(rnn_last_error()), 511);
    memset(text, 0x80, 599); /* not UTF-8 at all: cut somewhere */
    text[599] = 0;
    rnni_set_last_error(text);
    CHECK_INT(strlen(rnn_last_error()), 511);
}

TEST(copies_are_cut_and_terminated)
{
    char buffer[8] = "zzzzzzz";
    rnni_set_last_error("0123456789");
    CHECK_INT(rnn_last_error_copy(NULL, 0), 10);
    CHECK_INT(rnn_last_error_copy(buffer, 0), 10);
    CHECK_INT(buffer[0], 'z');
    CHECK_INT(rnn_last_error_copy(buffer, 1), 10);
    CHECK_STR(buffer, "");
    CHECK_INT(rnn_last_error_copy(buffer, 8), 10);
    CHECK_STR(buffer, "0123456");
    rnni_set_last_error("abc");
    CHECK_INT(rnn_last_error_copy(buffer, 8), 3);
    CHECK_STR(buffer, "abc");
}

TEST(memory_failures_name_thing_and_size)
{
    CHECK_INT(rnni_fail_memory("a model", 4096), RNN_ERROR_MEMORY);
    CHECK_STR(rnn_last_error(), "out of memory: 4096 bytes for a model");
}

static void *other_thread(void *seen_empty)
{
    *(int *)seen_empty = rnn_last_error()[0] == 0;
    rnni_set_last_error("theirs");
    return NULL;
}

TEST(every_thread_has_its_own_message)
{
    pthread_t thread;
    int seen_empty = 0;
    rnni_set_last_error("mine");
    CHECK_INT(pthread_create(&thread, NULL, other_thread, &seen_empty), 0);
    pthread_join(thread, NULL);
    CHECK(seen_empty);
    CHECK_STR(rnn_last_error(), "mine");
}

TEST_MAIN
