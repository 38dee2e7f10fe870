/* SPDX-License-Identifier: MIT */
#include "text/tokenizer.h"
#include "core/failing.h"
#include "core/memory.h"

static rnn_tokenizer_t *built(const char *text)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    CHECK(t != NULL);
    CHECK_OK(rnn_tokenizer_add_text(t, text, -1));
    CHECK_OK(rnn_tokenizer_build(t));
    return t;
}

/* The ids of a text as "4 5 2". */
static const char *encoded(const rnn_tokenizer_t *t, const char *text, int64_t size)
{
    static char out[512];
    int32_t ids[64];
    int64_t count;
    CHECK_OK(rnn_tokenizer_encode(t, text, size, ids, 64, &count));
    CHECK(count <= 64);
    size_t used = 0;
    out[0] = 0;
    for (int64_t i = 0; i < count; i++)
        used += (size_t)snprintf(out + used, sizeof(out) - used, "%s%d", i ? " " : "", (int)ids[i]);
    return out;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    fwrite(text, 1, strlen(text), file);
    fclose(file);
}

TEST(orders_by_count_then_bytes)
{
    rnn_tokenizer_t *t = built("b c a b c z B");
    CHECK_INT(rnn_tokenizer_size(t), 8);
    CHECK_STR(rnn_tokenizer_token(t, 0), "<pad>");
    CHECK_STR(rnn_tokenizer_token(t, 1), "<start>");
    CHECK_STR(rnn_tokenizer_token(t, 2), "<unk>");
    CHECK_STR(rnn_tokenizer_token(t, 3), "<end>");
    CHECK_STR(rnn_tokenizer_token(t, 4), "b");
    CHECK_STR(rnn_tokenizer_token(t, 5), "c");
    CHECK_STR(rnn_tokenizer_token(t, 6), "a");
    CHECK_STR(rnn_tokenizer_token(t, 7), "z");
    CHECK(rnn_tokenizer_token(t, 8) == NULL);
    CHECK(rnn_tokenizer_token(t, -1) == NULL);
    CHECK_INT(rnn_tokenizer_find(t, "z"), 7);
    CHECK_INT(rnn_tokenizer_find(t, "Z"), RNN_TOKEN_UNKNOWN);
    CHECK_INT(rnn_tokenizer_find(t, "<end>"), RNN_TOKEN_END);
    rnn_tokenizer_free(t);
}

TEST(encodes)
{
    rnn_tokenizer_t *t = built("good film good <br />don't");
    CHECK_STR(encoded(t, "A GOOD, good film! Don't", -1), "2 4 4 6 5");
    CHECK_STR(encoded(t, "good film", 4), "4");
    CHECK_STR(encoded(t, "", -1), "");
    CHECK_STR(encoded(t, NULL, 0), "");
    rnn_tokenizer_free(t);
}

TEST(asks_for_the_size_first)
{
    rnn_tokenizer_t *t = built("a b");
    int32_t ids[2] = { -7, -7 };
    int64_t count = 0;
    CHECK_OK(rnn_tokenizer_encode(t, "a b a", -1, NULL, 0, &count));
    CHECK_INT(count, 3);
    CHECK_OK(rnn_tokenizer_encode(t, "b a b", -1, ids, 1, &count));
    CHECK_INT(count, 3);
    CHECK_INT(ids[0], 5);
    CHECK_INT(ids[1], -7);
    rnn_tokenizer_free(t);
}

TEST(adds_start_and_end)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    CHECK_OK(rnn_tokenizer_set_int(t, RNN_TOKENIZER_ADD_START, 1));
    CHECK_OK(rnn_tokenizer_set_int(t, RNN_TOKENIZER_ADD_END, 1));
    CHECK_OK(rnn_tokenizer_add_text(t, "a", -1));
    CHECK_OK(rnn_tokenizer_build(t));
    CHECK_STR(encoded(t, "a x", -1), "1 4 2 3");
    CHECK_STR(encoded(t, "", -1), "1 3");
    rnn_tokenizer_free(t);
}

TEST(limits_the_vocabulary)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    CHECK_OK(rnn_tokenizer_set_int(t, RNN_TOKENIZER_MAX_WORDS, 6));
    CHECK_OK(rnn_tokenizer_add_text(t, "a a a b b b c c d", -1));
    CHECK_OK(rnn_tokenizer_build(t));
    CHECK_INT(rnn_tokenizer_size(t), 6);
    CHECK_STR(encoded(t, "a b c d", -1), "4 5 2 2");
    rnn_tokenizer_free(t);
    t = rnn_tokenizer_create(NULL);
    CHECK_OK(rnn_tokenizer_set_int(t, RNN_TOKENIZER_MIN_COUNT, 2));
    CHECK_OK(rnn_tokenizer_add_text(t, "a a a b b c", -1));
    CHECK_OK(rnn_tokenizer_build(t));
    CHECK_INT(rnn_tokenizer_size(t), 6);
    rnn_tokenizer_free(t);
}

TEST(given_words_come_first)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    CHECK_OK(rnn_tokenizer_add_text(t, "x x y", -1));
    CHECK_OK(rnn_tokenizer_add_token(t, "Y!"));
    CHECK_OK(rnn_tokenizer_add_token(t, "y"));
    CHECK_OK(rnn_tokenizer_add_token(t, "Y!"));
    CHECK_OK(rnn_tokenizer_add_token(t, "<unk>"));
    CHECK_OK(rnn_tokenizer_build(t));
    CHECK_INT(rnn_tokenizer_size(t), 7);
    CHECK_STR(rnn_tokenizer_token(t, 4), "Y!");
    CHECK_STR(rnn_tokenizer_token(t, 5), "y");
    CHECK_STR(rnn_tokenizer_token(t, 6), "x");
    rnn_tokenizer_free(t);
}

TEST(more_given_words_than_fit_are_refused)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    CHECK_OK(rnn_tokenizer_set_int(t, RNN_TOKENIZER_MAX_WORDS, 5));
    CHECK_OK(rnn_tokenizer_add_token(t, "a"));
    CHECK_OK(rnn_tokenizer_add_token(t, "b"));
    CHECK_STATUS(rnn_tokenizer_build(t), RNN_ERROR_RANGE);
    CHECK_OK(rnn_tokenizer_set_int(t, RNN_TOKENIZER_MAX_WORDS, 6));
    CHECK_OK(rnn_tokenizer_build(t));
    rnn_tokenizer_free(t);
}

TEST(a_vocabulary_can_be_rebuilt_from_its_words)
{
    rnn_tokenizer_t *t = built("the <unk> cat the"), *copy = rnn_tokenizer_create(NULL);
    for (int64_t id = RNN_TOKEN_FIRST; id < rnn_tokenizer_size(t); id++)
        CHECK_OK(rnn_tokenizer_add_token(copy, rnn_tokenizer_token(t, id)));
    CHECK_OK(rnn_tokenizer_build(copy));
    CHECK_INT(rnn_tokenizer_size(copy), rnn_tokenizer_size(t));
    for (int64_t id = 0; id < rnn_tokenizer_size(t); id++)
        CHECK_STR(rnn_tokenizer_token(copy, id), rnn_tokenizer_token(t, id));
    rnn_tokenizer_free(t);
    rnn_tokenizer_free(copy);
}

TEST(marks_in_a_text_are_the_special_ids)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    CHECK_OK(rnn_tokenizer_set_int(t, RNN_TOKENIZER_STRIP_TAGS, 0));
    CHECK_OK(rnn_tokenizer_set_int(t, RNN_TOKENIZER_STRIP_PUNCTUATION, 0));
    CHECK_OK(rnn_tokenizer_add_text(t, "the <unk> N <unk>", -1));
    CHECK_OK(rnn_tokenizer_build(t));
    CHECK_INT(rnn_tokenizer_size(t), 6);
    CHECK_STR(encoded(t, "the <unk>", -1), "5 2");
    rnn_tokenizer_free(t);
}

TEST(characters)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    CHECK_OK(rnn_tokenizer_set_int(t, RNN_TOKENIZER_UNIT, 1));
    CHECK_OK(rnn_tokenizer_set_int(t, RNN_TOKENIZER_LOWERCASE, 0));
    CHECK_OK(rnn_tokenizer_add_text(t,
                                    "\xC3\xA9"
                                    "aa a",
                                    -1));
    CHECK_OK(rnn_tokenizer_build(t));
    CHECK_INT(rnn_tokenizer_size(t), 7);
    CHECK_STR(encoded(t,
                      "a \xC3\xA9"
                      "A",
                      -1),
              "4 5 6 2");
    rnn_tokenizer_free(t);
}

TEST(long_words)
{
    enum { LONG = 100000 };
    char *text = malloc(2 * LONG + 4);
    memset(text, 'y', 2 * LONG + 3);
    text[LONG] = ' ';
    text[2 * LONG + 3] = 0;
    rnn_tokenizer_t *t = built(text);
    CHECK_INT(rnn_tokenizer_size(t), 6);
    CHECK_INT(strlen(rnn_tokenizer_token(t, 4)), LONG);
    CHECK_STR(encoded(t, text, -1), "4 5");
    memset(text, 'y', 2 * LONG + 3);
    CHECK_STR(encoded(t, text, -1), "2");
    free(text);
    rnn_tokenizer_free(t);
}

TEST(hostile_bytes)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    unsigned char bytes[512];
    for (int i = 0; i < 512; i++) bytes[i] = (unsigned char)(i * 7);
    CHECK_OK(rnn_tokenizer_add_text(t, (char *)bytes, sizeof(bytes)));
    CHECK_OK(rnn_tokenizer_add_text(t, "a\0b", 3));
    CHECK_OK(rnn_tokenizer_build(t));
    CHECK(rnn_tokenizer_find(t, "b") >= RNN_TOKEN_FIRST);
    int64_t count;
    CHECK_OK(rnn_tokenizer_encode(t, (char *)bytes, sizeof(bytes), NULL, 0, &count));
    CHECK(count > 0);
    rnn_tokenizer_free(t);
}

TEST(states_and_arguments)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    int64_t count = -5;
    CHECK_STATUS(rnn_tokenizer_encode(t, "a", -1, NULL, 0, &count), RNN_ERROR_STATE);
    CHECK_INT(count, -5);
    CHECK_INT(rnn_tokenizer_size(t), 0);
    CHECK(rnn_tokenizer_token(t, 0) == NULL);
    CHECK_STATUS(rnn_tokenizer_add_text(t, NULL, 3), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_tokenizer_add_text(t, "a", -2), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_tokenizer_add_token(t, ""), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_tokenizer_set_int(t, RNN_TOKENIZER_MAX_WORDS, 4), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_tokenizer_set_int(t, RNN_TOKENIZER_MIN_COUNT, 0), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_tokenizer_set_int(t, 99, 0), RNN_ERROR_ARGUMENT);
    CHECK_OK(rnn_tokenizer_build(t));
    CHECK_INT(rnn_tokenizer_size(t), RNN_TOKEN_FIRST);
    CHECK_STATUS(rnn_tokenizer_build(t), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_tokenizer_add_text(t, "a", -1), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_tokenizer_add_token(t, "a"), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_tokenizer_set_int(t, RNN_TOKENIZER_UNIT, 1), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_tokenizer_encode(t, "a", -1, NULL, 3, &count), RNN_ERROR_ARGUMENT);
    rnn_tokenizer_free(rnn_tokenizer_retain(t));
    rnn_tokenizer_free(t);
    rnn_tokenizer_free(NULL);
}

TEST(settings_describe_themselves)
{
    rnn_setting_t row = { .struct_size = sizeof(row) };
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    for (int32_t i = 0; i < 19; i++) {
        CHECK_OK(rnn_tokenizer_setting(i, &row));
        CHECK_INT(row.id, i + 1);
        int64_t value;
        CHECK_OK(rnn_tokenizer_get_int(t, row.id, &value));
        CHECK(row.standard == (double)value);
        CHECK_STR(row.name, rnni_tokenizer_settings[i].name);
    }
    CHECK_STATUS(rnn_tokenizer_setting(19, &row), RNN_END);
    rnn_tokenizer_free(t);
}

TEST(reads_files)
{
    char path[] = "/tmp/rnn_tokenizer_XXXXXX";
    CHECK(mkstemp(path) >= 0);
    write_file(path, "1\tgood film\r\n\nplain line\n0\tbad\tfilm");
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    CHECK_OK(rnn_tokenizer_add_file(t, path));
    CHECK_OK(rnn_tokenizer_build(t));
    CHECK_INT(rnn_tokenizer_size(t), 9);
    CHECK_STR(rnn_tokenizer_token(t, 4), "film");
    CHECK_INT(rnn_tokenizer_find(t, "1"), RNN_TOKEN_UNKNOWN);
    rnn_tokenizer_free(t);
    write_file(path, "\xEF\xBB\xBF"
                     "word\n");
    t = rnn_tokenizer_create(NULL);
    CHECK_OK(rnn_tokenizer_add_file(t, path));
    CHECK_OK(rnn_tokenizer_build(t));
    CHECK_INT(rnn_tokenizer_find(t, "word"), RNN_TOKEN_FIRST);
    rnn_tokenizer_free(t);
    write_file(path, "");
    t = rnn_tokenizer_create(NULL);
    CHECK_OK(rnn_tokenizer_add_file(t, path));
    remove(path);
    CHECK_STATUS(rnn_tokenizer_add_file(t, path), RNN_ERROR_IO);
    rnn_tokenizer_free(t);
}

static rnn_status_t use(rnn_tokenizer_t *t, int32_t **ids, size_t *capacity, rnn_context_t *context)
{
    static char text[2000];
    memset(text, 'w', sizeof(text) - 1); /* a word beyond the local buffer */
    size_t count;
    rnn_status_t status = rnn_tokenizer_add_text(t, "some words and some more words", -1);
    if (status == RNN_OK) status = rnn_tokenizer_add_text(t, text, -1);
    if (status == RNN_OK) status = rnn_tokenizer_add_token(t, "given");
    if (status == RNN_OK) status = rnn_tokenizer_build(t);
    if (status == RNN_OK)
        status = rnni_tokenizer_encode(t, context, "some given words and more of these and those", 44, ids,
                                       capacity, &count);
    return status;
}

static int build_and_encode(rnn_context_t *context)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(context);
    if (!t) return 0;
    int32_t *ids = NULL;
    size_t capacity = 0;
    rnn_status_t status = use(t, &ids, &capacity, context);
    rnni_free(context, ids, capacity * sizeof(*ids));
    rnn_tokenizer_free(t);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation) { EVERY_FAILURE(build_and_encode); }

TEST(leaves_stop_words_out)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    char longest[400];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = 0;
    CHECK_OK(rnn_tokenizer_add_stop_word(t, "the"));
    CHECK_OK(rnn_tokenizer_add_stop_word(t, "a"));
    CHECK_OK(rnn_tokenizer_add_stop_word(t, "the"));
    CHECK_OK(rnn_tokenizer_add_stop_word(t, longest));
    CHECK_STATUS(rnn_tokenizer_add_stop_word(t, ""), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_tokenizer_add_stop_word(t, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_tokenizer_add_stop_word(NULL, "x"), RNN_ERROR_ARGUMENT);
    CHECK_OK(rnn_tokenizer_add_text(t, "The end of a film", -1));
    CHECK_OK(rnn_tokenizer_add_text(t, longest, -1));
    CHECK_OK(rnn_tokenizer_build(t));
    CHECK_INT(rnn_tokenizer_size(t), RNN_TOKEN_FIRST + 3);
    CHECK_STR(encoded(t, "THE film, the a the end", -1), "5 4");
    CHECK_STR(encoded(t, longest, -1), "");
    CHECK_STR(rnn_tokenizer_stop_word(t, 0), "the");
    CHECK_STR(rnn_tokenizer_stop_word(t, 1), "a");
    CHECK(rnn_tokenizer_stop_word(t, 3) == NULL && rnn_tokenizer_stop_word(t, -1) == NULL);
    CHECK(rnn_tokenizer_stop_word(NULL, 0) == NULL);
    CHECK_STATUS(rnn_tokenizer_add_stop_word(t, "late"), RNN_ERROR_STATE);
    rnn_tokenizer_free(t);
}

TEST(cleaning_by_settings)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    for (int32_t id = RNN_TOKENIZER_FOLD_CASE; id <= RNN_TOKENIZER_EMOJI; id++)
        CHECK_OK(
            rnn_tokenizer_set_int(t, id, id >= RNN_TOKENIZER_URLS || id == RNN_TOKENIZER_REPEATS ? 2 : 1));
    CHECK_OK(rnn_tokenizer_add_text(
        t, "@you: sooo c\xC3\xA9ll &amp; don\xE2\x80\x99t see www.x.org #tag 1,000 \xF0\x9F\x98\x80", -1));
    CHECK_OK(rnn_tokenizer_build(t));
    static const char *const words[] = { "<emoji>", "<hashtag>", "<number>", "<url>", "<user>",
                                         "cell",    "do",        "not",      "see",   "soo" };
    CHECK_INT(rnn_tokenizer_size(t), RNN_TOKEN_FIRST + 10);
    for (int i = 0; i < 10; i++) CHECK_STR(rnn_tokenizer_token(t, RNN_TOKEN_FIRST + i), words[i]);
    CHECK_STR(encoded(t, "DON'T seeee @other http://a.b/c", -1), "10 11 12 8 7");
    rnn_tokenizer_free(t);
}

TEST_MAIN
