/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* nftw */
#include "core/failing.h"
#include "data/batch.h"

#include <ftw.h>
#include <sys/stat.h>

static char root[] = "/tmp/rnn_test_folder_XXXXXX";

static const char *below(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", root, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(below(name), "wb");
    CHECK(file != NULL);
    fputs(text, file);
    fclose(file);
}

static void make_folders(void)
{
    static int made;
    if (made) return;
    CHECK(mkdtemp(root) != NULL);
    made = 1;
    static const char *const folders[] = { "train",         "train/pos",  "train/neg", "train/pos/deeper",
                                           "train/.hidden", "test",       "test/neg",  "empty",
                                           "other",         "other/maybe" };
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        CHECK_INT(mkdir(below(folders[i]), 0755), 0);
    write_file("train/pos/b.txt", "good good film");
    write_file("train/pos/a.txt", "\xEF\xBB\xBF"
                                  "fine");
    write_file("train/pos/.c.txt", "never");
    write_file("train/pos/deeper/d.txt", "never");
    write_file("train/neg/1.txt", "bad\nfilm");
    write_file("train/.hidden/1.txt", "never");
    write_file("train/readme", "never");
    write_file("test/neg/x", "");
    write_file("other/maybe/x", "good");
    CHECK_INT(symlink("nowhere", below("train/neg/link")), 0);
}

static rnn_tokenizer_t *words(rnn_context_t *context)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(context);
    if (t && rnn_tokenizer_add_folder(t, below("train")) == RNN_OK && rnn_tokenizer_build(t) == RNN_OK)
        return t;
    rnn_tokenizer_free(t);
    return NULL;
}

TEST(reads_documents_in_order)
{
    make_folders();
    rnn_tokenizer_t *t = words(NULL);
    CHECK_INT(rnn_tokenizer_size(t), RNN_TOKEN_FIRST + 4);
    rnn_dataset_t *d = NULL, *test = NULL;
    CHECK_OK(rnn_dataset_load_folder(NULL, below("train"), t, NULL, &d));
    CHECK_INT(rnn_dataset_count(d), 3);
    CHECK_INT(rnn_dataset_classes(d), 2);
    CHECK_STR(rnn_dataset_class_name(d, 0), "neg");
    CHECK_STR(rnn_dataset_class_name(d, 1), "pos");
    rnn_batch_t *batch;
    CHECK_OK(rnn_dataset_next_batch(d, &batch));
    int32_t ids[6] = { 6, 4, 7, 5, 5, 4 }, classes[3] = { 0, 1, 1 };
    int64_t starts[4] = { 0, 2, 3, 6 };
    CHECK_BYTES(batch->input[0].ids, ids, sizeof(ids));
    CHECK_BYTES(batch->input[0].starts, starts, sizeof(starts));
    CHECK_BYTES(batch->target[0].ids, classes, sizeof(classes));
    CHECK_OK(rnn_dataset_load_folder(NULL, below("test"), t, d, &test));
    CHECK_INT(rnn_dataset_classes(test), 2);
    CHECK_INT(rnn_dataset_count(test), 1);
    CHECK_STATUS(rnn_dataset_load_folder(NULL, below("other"), t, d, &d), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "\"maybe\""));
    rnn_dataset_free(test);
    rnn_dataset_free(d);
    rnn_tokenizer_free(t);
}

TEST(arguments)
{
    make_folders();
    rnn_tokenizer_t *t = words(NULL), *fresh = rnn_tokenizer_create(NULL);
    rnn_dataset_t *d = NULL, *plain = rnn_dataset_create(NULL);
    CHECK_STATUS(rnn_dataset_load_folder(NULL, below("empty"), t, NULL, &d), RNN_ERROR_DATA);
    CHECK_STATUS(rnn_dataset_load_folder(NULL, below("missing"), t, NULL, &d), RNN_ERROR_IO);
    CHECK_STATUS(rnn_dataset_load_folder(NULL, below("train/readme"), t, NULL, &d), RNN_ERROR_IO);
    CHECK_STATUS(rnn_dataset_load_folder(NULL, below("train"), fresh, NULL, &d), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_dataset_load_folder(NULL, below("train"), NULL, NULL, &d), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_dataset_load_folder(NULL, below("train"), t, plain, &d), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_dataset_load_folder(NULL, NULL, t, NULL, &d), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_tokenizer_add_folder(t, below("train")), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_tokenizer_add_folder(fresh, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_tokenizer_add_folder(fresh, below("missing")), RNN_ERROR_IO);
    CHECK(d == NULL);
    rnn_dataset_free(plain);
    rnn_tokenizer_free(fresh);
    rnn_tokenizer_free(t);
}

/* Every sample in the order of an epoch. */
static void check_same(rnn_dataset_t *a, rnn_dataset_t *b)
{
    CHECK_INT(rnn_dataset_count(a), rnn_dataset_count(b));
    CHECK_INT(rnn_dataset_classes(a), rnn_dataset_classes(b));
    for (int64_t i = 0; i < rnn_dataset_classes(a); i++)
        CHECK_STR(rnn_dataset_class_name(a, i), rnn_dataset_class_name(b, i));
    rnn_batch_t *x, *y;
    while (rnn_dataset_next_batch(a, &x) == RNN_OK) {
        CHECK_OK(rnn_dataset_next_batch(b, &y));
        CHECK_INT(x->count, y->count);
        CHECK_BYTES(x->input[0].starts, y->input[0].starts, (size_t)(x->count + 1) * sizeof(int64_t));
        CHECK_BYTES(x->input[0].ids, y->input[0].ids, (size_t)x->input[0].starts[x->count] * sizeof(int32_t));
        CHECK_BYTES(x->target[0].ids, y->target[0].ids, (size_t)x->count * sizeof(int32_t));
    }
    CHECK_STATUS(rnn_dataset_next_batch(b, &y), RNN_END);
}

TEST(documents_that_stay_in_their_files)
{
    make_folders();
    rnn_tokenizer_t *t = words(NULL);
    rnn_dataset_t *loaded = NULL, *d = NULL, *test = NULL, *again = NULL;
    CHECK_OK(rnn_dataset_load_folder(NULL, below("train"), t, NULL, &loaded));
    CHECK_OK(rnn_dataset_stream_folder(NULL, below("train"), t, NULL, &d));
    CHECK_OK(rnn_dataset_load_folder(NULL, below("test"), t, loaded, &test));
    CHECK_OK(rnn_dataset_stream_folder(NULL, below("test"), t, d, &again));
    rnn_tokenizer_free(t); /* they hold it */
    check_same(loaded, d);
    check_same(test, again);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(rnn_dataset_set_int(i ? d : loaded, RNN_DATA_SHUFFLE, 1));
        CHECK_OK(rnn_dataset_set_int(i ? d : loaded, RNN_DATA_BATCH, 2));
        CHECK_OK(rnn_dataset_set_int(i ? d : loaded, RNN_DATA_BUCKET, 4));
    }
    check_same(loaded, d);
    rnn_dataset_free(loaded);
    rnn_dataset_free(d);
    rnn_dataset_free(test);
    rnn_dataset_free(again);
}

TEST(a_document_that_is_gone)
{
    make_folders();
    rnn_tokenizer_t *t = words(NULL);
    rnn_dataset_t *d = NULL;
    rnn_batch_t *batch;
    write_file("train/pos/z.txt", "good");
    CHECK_OK(rnn_dataset_stream_folder(NULL, below("train"), t, NULL, &d));
    CHECK_INT(rnn_dataset_count(d), 4);
    CHECK_INT(remove(below("train/pos/z.txt")), 0);
    CHECK_STATUS(rnn_dataset_next_batch(d, &batch), RNN_ERROR_IO);
    CHECK(strstr(rnn_last_error(), "train/pos/z.txt"));
    rnn_dataset_free(d);
    d = NULL;
    CHECK_STATUS(rnn_dataset_stream_folder(NULL, below("empty"), t, NULL, &d), RNN_ERROR_DATA);
    CHECK_STATUS(rnn_dataset_stream_folder(NULL, below("missing"), t, NULL, &d), RNN_ERROR_IO);
    CHECK_STATUS(rnn_dataset_stream_folder(NULL, below("train"), NULL, NULL, &d), RNN_ERROR_ARGUMENT);
    CHECK(d == NULL);
    rnn_tokenizer_free(t);
}

static int stream_anew(rnn_context_t *context)
{
    rnn_tokenizer_t *t = words(context);
    if (!t) return 0;
    rnn_dataset_t *d = NULL;
    rnn_batch_t *batch;
    rnn_status_t status = rnn_dataset_stream_folder(context, below("train"), t, NULL, &d);
    if (status == RNN_OK) status = rnn_dataset_next_batch(d, &batch);
    rnn_dataset_free(d);
    rnn_tokenizer_free(t);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

static int load_anew(rnn_context_t *context)
{
    rnn_tokenizer_t *t = words(context);
    if (!t) return 0;
    rnn_dataset_t *first = NULL, *second = NULL;
    rnn_status_t status = rnn_dataset_load_folder(context, below("train"), t, NULL, &first);
    if (status == RNN_OK) status = rnn_dataset_load_folder(context, below("test"), t, first, &second);
    rnn_dataset_free(first);
    rnn_dataset_free(second);
    rnn_tokenizer_free(t);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation)
{
    make_folders();
    EVERY_FAILURE(load_anew);
    EVERY_FAILURE(stream_anew);
}

static int take_away(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

TEST(takes_its_files_away) { CHECK_INT(nftw(root, take_away, 8, FTW_DEPTH | FTW_PHYS), 0); }

TEST_MAIN
