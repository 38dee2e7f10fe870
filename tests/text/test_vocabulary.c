/* SPDX-License-Identifier: MIT */
#include "text/vocabulary.h"
#include "core/failing.h"
#include "core/memory.h"

enum { MANY = 20000 };

static size_t make_word(int i, char word[32])
{
    return (size_t)snprintf(word, 32, "word_%d_%x", i, i * 2654435761u);
}

TEST(finds_what_was_added)
{
    rnn_context_t *context = rnn_context_create(NULL);
    rnni_vocabulary v;
    rnni_vocabulary_init(&v, context);
    char word[32];
    size_t number;
    CHECK_INT(rnni_vocabulary_find(&v, "x", 1), -1);
    for (int i = 0; i < MANY; i++) {
        CHECK_OK(rnni_vocabulary_add(&v, word, make_word(i, word), &number));
        CHECK_INT(number, i);
    }
    for (int i = 0; i < MANY; i++) {
        size_t length = make_word(i, word);
        CHECK_INT(rnni_vocabulary_find(&v, word, length), i);
        CHECK_STR(rnni_vocabulary_word(&v, (size_t)i), word);
        word[0] = 'W';
        CHECK_INT(rnni_vocabulary_find(&v, word, length), -1);
    }
    CHECK(rnni_vocabulary_word(&v, MANY) == NULL);
    rnni_vocabulary_free(&v);
    rnn_context_free(context);
}

TEST(a_word_keeps_its_number)
{
    rnn_context_t *context = rnn_context_create(NULL);
    rnni_vocabulary v;
    rnni_vocabulary_init(&v, context);
    size_t a, b, again;
    CHECK_OK(rnni_vocabulary_add(&v, "a", 1, &a));
    CHECK_OK(rnni_vocabulary_add(&v, "a\0", 2, &b));
    CHECK_OK(rnni_vocabulary_add(&v, "a", 1, &again));
    CHECK_INT(a, 0);
    CHECK_INT(b, 1);
    CHECK_INT(again, 0);
    CHECK_INT(v.count, 2);
    rnni_vocabulary_free(&v);
    rnn_context_free(context);
}

static int add_words(rnn_context_t *context)
{
    rnni_vocabulary v;
    rnni_vocabulary_init(&v, context);
    rnn_status_t status = RNN_OK;
    char word[32];
    for (int i = 0; i < 300 && status == RNN_OK; i++) {
        size_t number, before = v.count;
        status = rnni_vocabulary_add(&v, word, make_word(i, word), &number);
        if (status != RNN_OK) CHECK_INT(v.count, before);
    }
    rnni_vocabulary_free(&v);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation) { EVERY_FAILURE(add_words); }

TEST_MAIN
