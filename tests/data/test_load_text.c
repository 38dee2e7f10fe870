/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "core/random.h"
#include "data/batch.h"
#include "data/written.h"

static char path[] = "/tmp/rnn_load_text_XXXXXX";

static rnn_status_t load(const char *text, const rnn_tokenizer_t *t, const rnn_dataset_t *like,
                         rnn_dataset_t **d)
{
    write_text(path, text);
    return rnn_dataset_load_text(NULL, path, t, like, d);
}

/* All samples as "class: ids/class: ids". */
static const char *shown(rnn_dataset_t *d)
{
    static char out[600];
    size_t size = 0;
    out[0] = 0;
    rnn_batch_t *batch;
    CHECK_OK(rnn_dataset_rewind(d, 0));
    while (rnn_dataset_next_batch(d, &batch) == RNN_OK)
        for (int64_t b = 0; b < rnn_batch_count(batch); b++) {
            size += (size_t)snprintf(out + size, sizeof(out) - size, "%s%d:", size ? "/" : "",
                                     (int)batch->target[0].ids[b]);
            const rnni_column *c = &batch->input[0];
            for (int64_t row = c->starts[b]; row < c->starts[b + 1]; row++)
                size += (size_t)snprintf(out + size, sizeof(out) - size, " %d", (int)c->ids[row]);
        }
    return out;
}

static rnn_tokenizer_t *tokenizer(const char *text)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    CHECK_OK(rnn_tokenizer_add_text(t, text, -1));
    CHECK_OK(rnn_tokenizer_build(t));
    return t;
}

TEST(texts)
{
    rnn_tokenizer_t *t = tokenizer("good good good film film bad");
    rnn_dataset_t *d = NULL;
    CHECK_OK(load("1\tA good film!\n\n0\tBad\tbad film\n1\t\n", t, NULL, &d));
    CHECK_INT(rnn_dataset_count(d), 3);
    CHECK_INT(rnn_dataset_classes(d), 2);
    CHECK_STR(shown(d), "1: 2 4 5/0: 6 6 5/1:");
    rnn_dataset_free(d);
    rnn_tokenizer_free(t);
}

TEST(ids)
{
    rnn_dataset_t *d = NULL;
    CHECK_OK(load("3\t1 20 2147483647\n 7 \t  5   6 \r\n0\t\n", NULL, NULL, &d));
    CHECK_STR(shown(d), "3: 1 20 2147483647/7: 5 6/0:");
    CHECK_INT(rnn_dataset_classes(d), 8);
    CHECK(rnn_dataset_class_name(d, 3) == NULL);
    rnn_dataset_free(d);
}

TEST(line_ends_and_marks)
{
    rnn_dataset_t *d = NULL;
    CHECK_OK(load("\xEF\xBB\xBF"
                  "1\t4\r\n\r\n0\t5",
                  NULL, NULL, &d));
    CHECK_STR(shown(d), "1: 4/0: 5");
    rnn_dataset_free(d);
}

TEST(names_in_order_of_appearance)
{
    rnn_dataset_t *d = NULL, *more = NULL;
    CHECK_OK(load("spam\t1\nham\t2\n17\t3\nspam\t4\n", NULL, NULL, &d));
    CHECK_STR(shown(d), "0: 1/1: 2/2: 3/0: 4");
    CHECK_INT(rnn_dataset_classes(d), 3);
    CHECK_STR(rnn_dataset_class_name(d, 0), "spam");
    CHECK_STR(rnn_dataset_class_name(d, 2), "17");
    CHECK(rnn_dataset_class_name(d, 3) == NULL);
    CHECK(rnn_dataset_class_name(d, -1) == NULL);
    CHECK_OK(load("ham\t1\nham\t2\n", NULL, d, &more));
    CHECK_STR(shown(more), "1: 1/1: 2");
    CHECK_INT(rnn_dataset_classes(more), 3);
    rnn_dataset_free(d);
    CHECK_STR(rnn_dataset_class_name(more, 0), "spam");
    rnn_dataset_free(more);
}

TEST(names_that_the_other_does_not_have)
{
    rnn_dataset_t *names = NULL, *numbers = NULL, *d = NULL;
    CHECK_OK(load("spam\t1\n", NULL, NULL, &names));
    CHECK_OK(load("0\t1\n", NULL, NULL, &numbers));
    CHECK_STATUS(load("spam\t1\n\neggs\t2\n", NULL, names, &d), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "line 3: there is no class named \"eggs\""));
    CHECK_STATUS(load("0\t1\nspam\t1\n", NULL, numbers, &d), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "line 2: the label is \"spam\", expected a class number"));
    CHECK_OK(load("5\t1\n", NULL, numbers, &d));
    CHECK_INT(rnn_dataset_classes(d), 6);
    rnn_dataset_free(d);
    rnn_dataset_free(names);
    rnn_dataset_free(numbers);
}

static void check_refused(const char *text, rnn_status_t expected, const char *line)
{
    rnn_dataset_t *d = NULL;
    CHECK_STATUS(load(text, NULL, NULL, &d), expected);
    CHECK(d == NULL);
    if (!strstr(rnn_last_error(), line)) CHECK_STR(rnn_last_error(), line);
}

TEST(wrong_lines_are_named)
{
    check_refused("1\t2\n1\t3 x4 5\n", RNN_ERROR_DATA, "line 2: token \"x4\" is not an integer >= 0");
    check_refused("1\t-2\n", RNN_ERROR_DATA, "line 1: token \"-2\"");
    check_refused("1\t2.5\n", RNN_ERROR_DATA, "line 1: token \"2.5\"");
    check_refused("1\t2147483648\n", RNN_ERROR_RANGE, "line 1: token \"2147483648\" is larger");
    check_refused("1\t99999999999999999999\n", RNN_ERROR_DATA, "token \"99999999999999999999\"");
    check_refused("1\t1\n\n12 3\n", RNN_ERROR_FORMAT, "line 3 has no tab");
    check_refused("\t1\n", RNN_ERROR_FORMAT, "line 1 has an empty label");
    check_refused("\t\t\t\n\t\t\n", RNN_ERROR_FORMAT, "line 1 has an empty label");
}

TEST(long_tokens_are_cut_in_the_error)
{
    char text[3000];
    memset(text, 'x', sizeof(text));
    memcpy(text, "1\t", 2);
    text[sizeof(text) - 1] = 0;
    check_refused(text, RNN_ERROR_DATA, "xxxxxxxx\" is not an integer");
}

TEST(bytes_of_value_0)
{
    rnn_dataset_t *d = NULL;
    write_bytes(path, "a\0b\t1\n", 6);
    CHECK_STATUS(rnn_dataset_load_text(NULL, path, NULL, NULL, &d), RNN_ERROR_FORMAT);
    write_bytes(path, "1\t1\0002\n", 6);
    CHECK_STATUS(rnn_dataset_load_text(NULL, path, NULL, NULL, &d), RNN_ERROR_DATA);
    rnn_tokenizer_t *t = tokenizer("a b");
    write_bytes(path, "1\ta\0b\n", 6);
    CHECK_OK(rnn_dataset_load_text(NULL, path, t, NULL, &d));
    CHECK_STR(shown(d), "1: 4 5");
    rnn_dataset_free(d);
    rnn_tokenizer_free(t);
}

TEST(empty_files)
{
    rnn_dataset_t *d = NULL, *part = NULL;
    CHECK_OK(load("", NULL, NULL, &d));
    CHECK_INT(rnn_dataset_count(d), 0);
    CHECK_INT(rnn_dataset_classes(d), 0);
    CHECK_STR(shown(d), "");
    CHECK_OK(rnn_dataset_slice(d, 0, 0, &part));
    rnn_dataset_free(part);
    rnn_dataset_free(d);
    CHECK_OK(load("\n\r\n\n", NULL, NULL, &d));
    CHECK_INT(rnn_dataset_count(d), 0);
    rnn_dataset_free(d);
}

TEST(very_long_lines)
{
    enum { WORDS = 200000 };
    char *text = malloc(2 * WORDS + 3);
    memcpy(text, "1\t", 2);
    for (size_t i = 0; i < WORDS; i++) memcpy(text + 2 + 2 * i, "7 ", 2);
    text[2 * WORDS + 2] = 0;
    rnn_dataset_t *d = NULL;
    CHECK_OK(load(text, NULL, NULL, &d));
    rnn_batch_t *batch;
    CHECK_OK(rnn_dataset_next_batch(d, &batch));
    CHECK_INT(rnn_batch_steps(batch, 0), WORDS);
    free(text);
    rnn_dataset_free(d);
}

TEST(arguments)
{
    rnn_dataset_t *d = NULL;
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    CHECK_STATUS(load("1\t1\n", t, NULL, &d), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_dataset_load_text(NULL, NULL, NULL, NULL, &d), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_dataset_load_text(NULL, path, NULL, NULL, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_dataset_load_text(NULL, "/no such folder/file", NULL, NULL, &d), RNN_ERROR_IO);
    CHECK_STATUS(rnn_dataset_load_text(NULL, "/tmp", NULL, NULL, &d), RNN_ERROR_IO);
    CHECK(d == NULL);
    rnn_tokenizer_free(t);
}

static int32_t has_ids(const char *text, int64_t lines)
{
    write_text(path, text);
    return rnn_text_file_has_ids(NULL, path, lines);
}

TEST(recognises_files_of_ids)
{
    CHECK_INT(has_ids("1\t2 3\n0\t4\n", 100), 1);
    CHECK_INT(has_ids("1\t2 3\n0\t4 b\n", 100), 0);
    CHECK_INT(has_ids("1\t2 3\n0\t4 b\n", 1), 1);
    CHECK_INT(has_ids("spam\t-2 3\n", 5), 1);
    CHECK_INT(has_ids("12 13\n", 5), 0);
    CHECK_INT(has_ids("1\t2 3.5\n", 5), 0);
    CHECK_STATUS(has_ids("1\t2\n", 0), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_text_file_has_ids(NULL, "/no such folder/file", 5), RNN_ERROR_IO);
    CHECK_STATUS(rnn_text_file_has_ids(NULL, NULL, 5), RNN_ERROR_ARGUMENT);
}

static rnn_status_t load_both(rnn_context_t *context, rnn_tokenizer_t *t)
{
    rnn_dataset_t *first = NULL, *second = NULL;
    rnn_status_t status = rnn_dataset_load_text(context, path, t, NULL, &first);
    if (status == RNN_OK) status = rnn_dataset_load_text(context, path, t, first, &second);
    if (status == RNN_OK && rnn_text_file_has_ids(context, path, 3) < 0) status = RNN_ERROR_MEMORY;
    rnn_dataset_free(first);
    rnn_dataset_free(second);
    return status;
}

static int load_anew(rnn_context_t *context)
{
    rnn_tokenizer_t *t = tokenizer("a b c");
    rnn_status_t status = load_both(context, t);
    rnn_tokenizer_free(t);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation)
{
    const char *text = "spam\ta b c a b c a b c\nham\tb\neggs\tc c c c c c c c c c c c c c c c c c\n";
    write_text(path, text);
    EVERY_FAILURE(load_anew);
}

/* ---- mutants ---- */

static size_t mutate(char *bytes, size_t size, size_t room, uint64_t number)
{
    static const char likely[] = "\t\t\n\n\r 0123456789-+.<>'a\0\xFF\xC3\xE2";
    rnni_random stream = rnni_random_stream(1, RNNI_RANDOM_USER, 0, 0, number);
    uint64_t position = 0, changes = 1 + rnni_random_below(&stream, position++, 6);
    for (; changes > 0 && size > 0; changes--) {
        uint64_t kind = rnni_random_below(&stream, position++, 4);
        size_t at = (size_t)rnni_random_below(&stream, position++, size);
        char byte = likely[rnni_random_below(&stream, position++, sizeof(likely) - 1)];
        if (kind == 0 || size == room) {
            bytes[at] = byte;
        } else if (kind == 1) {
            memmove(bytes + at + 1, bytes + at, size++ - at);
            bytes[at] = byte;
        } else if (kind == 2) {
            memmove(bytes + at, bytes + at + 1, --size - at);
        } else {
            size = at;
        }
    }
    return size;
}

/* What is loaded must be sound: every id in range, as many classes as samples. */
static void check_sound(rnn_dataset_t *d)
{
    rnn_batch_t *batch;
    int64_t count = 0;
    while (rnn_dataset_next_batch(d, &batch) == RNN_OK) {
        count += rnn_batch_count(batch);
        for (int64_t row = 0; row < rnni_column_rows(&batch->input[0]); row++)
            CHECK(batch->input[0].ids[row] >= 0);
        for (int64_t b = 0; b < batch->target[0].count; b++)
            CHECK(batch->target[0].ids[b] >= 0 && batch->target[0].ids[b] < rnn_dataset_classes(d));
    }
    CHECK_INT(count, rnn_dataset_count(d));
}

static int load_mutant(const char *seed, uint64_t number, const rnn_tokenizer_t *t)
{
    char bytes[256];
    size_t size = strlen(seed);
    memcpy(bytes, seed, size);
    write_bytes(path, bytes, mutate(bytes, size, sizeof(bytes), number));
    rnn_dataset_t *d = NULL;
    rnn_status_t status = rnn_dataset_load_text(NULL, path, t, NULL, &d);
    if (status == RNN_OK) {
        check_sound(d);
        rnn_dataset_free(d);
        return 1;
    }
    CHECK(d == NULL);
    CHECK(status == RNN_ERROR_FORMAT || status == RNN_ERROR_DATA || status == RNN_ERROR_RANGE);
    CHECK(strstr(rnn_last_error(), "line ") != NULL);
    return 0;
}

TEST(mutants_are_loaded_or_refused)
{
    enum { MUTANTS = 2000 };
    static const char ids[] = "1\t2 3 4\n0\t77 5\r\n\n12\t9\n3\t\n";
    static const char text[] = "1\tIt's a good<br />film\r\nname\tw\xC3\xB6rds & more\n\nname\tthe end";
    rnn_tokenizer_t *t = tokenizer(text);
    int loaded[2] = { 0, 0 };
    for (uint64_t i = 0; i < MUTANTS; i++) {
        loaded[0] += load_mutant(ids, i, NULL);
        loaded[1] += load_mutant(text, i, t);
    }
    for (int i = 0; i < 2; i++) CHECK(loaded[i] > 0 && loaded[i] < MUTANTS);
    rnn_tokenizer_free(t);
}

TEST(takes_its_file_away) { CHECK(remove(path) == 0); }

TEST_MAIN
