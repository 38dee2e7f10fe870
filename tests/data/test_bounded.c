/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include "harness.h"
#include "serial/counted.h"
#include <rnn/data.h>

#include <sys/stat.h>

/* Data of 40 MB through a context that may hold 8 MB at a time: streams pass, loading does not. */

enum { LIMIT = 8 << 20, FILE_SIZE = 40 << 20 };

static rnn_context_t *capped_context(counted *c)
{
    *c = (counted){ .limit = LIMIT };
    rnn_context_t *context = counted_context(c);
    CHECK(context != NULL);
    return context;
}

static char root[] = "/tmp/rnn_test_bounded_XXXXXX";

static const char *below(const char *name)
{
    static char path[128];
    static int made;
    if (!made) CHECK(mkdtemp(root) != NULL);
    made = 1;
    snprintf(path, sizeof(path), "%s/%s", root, name);
    return path;
}

/* A word that looks random. */
static const char *word(uint32_t *seed)
{
    static const char *const words[] = { "up", "down", "left", "right", "fast", "slow", "good", "bad" };
    *seed = *seed * 1664525u + 1013904223u;
    return words[*seed >> 29];
}

static int64_t write_words(FILE *out, int64_t size, uint32_t *seed)
{
    int64_t written = 0;
    while (written < size) written += fprintf(out, "%s ", word(seed));
    return written;
}

static rnn_tokenizer_t *tokenizer(rnn_context_t *context)
{
    rnn_tokenizer_t *t = rnn_tokenizer_create(context);
    static const char text[] = "up down left right fast slow good bad";
    CHECK_OK(rnn_tokenizer_add_text(t, text, sizeof(text) - 1));
    CHECK_OK(rnn_tokenizer_build(t));
    return t;
}

/* All samples, in order and then in another one. */
static void go_through(rnn_dataset_t *d, int64_t batch)
{
    rnn_batch_t *b;
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BATCH, batch));
    for (int shuffle = 0; shuffle < 2; shuffle++) {
        int64_t batches = 0, expected = (rnn_dataset_count(d) + batch - 1) / batch;
        rnn_status_t status;
        CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_SHUFFLE, shuffle));
        CHECK_OK(rnn_dataset_rewind(d, 0));
        while ((status = rnn_dataset_next_batch(d, &b)) == RNN_OK) batches++;
        CHECK_STATUS(status, RNN_END);
        CHECK_INT(batches, expected);
    }
}

static void end(rnn_context_t *context, const counted *c, const char *what)
{
    rnn_context_free(context);
    printf("%s: %.1f MB at most\n", what, (double)c->peak / (1 << 20));
    CHECK_INT(c->bytes, 0);
}

static rnn_csv_t *make_csv(rnn_context_t *context, rnn_tokenizer_t *t, int stream)
{
    rnn_csv_t *csv = rnn_csv_create(context);
    CHECK_OK(rnn_csv_add_column(csv, RNN_CSV_TEXT, "text"));
    CHECK_OK(rnn_csv_add_column(csv, RNN_CSV_VALUE, "value"));
    CHECK_OK(rnn_csv_add_column(csv, RNN_CSV_LABEL, "mood"));
    CHECK_OK(rnn_csv_set_tokenizer(csv, t));
    CHECK_OK(rnn_csv_set_int(csv, RNN_CSV_STREAM, stream));
    return csv;
}

TEST(csv)
{
    counted c;
    rnn_context_t *context = capped_context(&c);
    rnn_tokenizer_t *t = tokenizer(context);
    FILE *out = fopen(below("table.csv"), "w");
    CHECK(out != NULL);
    uint32_t seed = 1;
    int64_t rows = 0;
    fprintf(out, "mood,value,text\n");
    for (int64_t size = 0; size < FILE_SIZE; rows++) {
        size += fprintf(out, "%s,%d.5,", rows % 3 ? "glad" : "sad", (int)rows);
        size += write_words(out, 900, &seed) + fprintf(out, "\n");
    }
    CHECK_INT(fclose(out), 0);
    rnn_dataset_t *d = NULL;
    rnn_csv_t *csv = make_csv(context, t, 1);
    CHECK_OK(rnn_csv_load(csv, below("table.csv"), NULL, &d));
    CHECK_INT(rnn_dataset_count(d), rows);
    CHECK_INT(rnn_dataset_classes(d), 2);
    go_through(d, 32);
    rnn_dataset_free(d);
    rnn_csv_free(csv);
    csv = make_csv(context, t, 0);
    CHECK_STATUS(rnn_csv_load(csv, below("table.csv"), NULL, &d), RNN_ERROR_MEMORY);
    rnn_csv_free(csv);
    rnn_tokenizer_free(t);
    CHECK_INT(remove(below("table.csv")), 0);
    end(context, &c, "CSV");
}

TEST(npy)
{
    enum { STEPS = 1024, ROWS = FILE_SIZE / STEPS / 4 };
    counted c;
    rnn_context_t *context = capped_context(&c);
    const int64_t shape[] = { ROWS, STEPS, 1 };
    rnn_tensor_t *tensor = rnn_tensor_create(NULL, RNN_F32, 3, shape);
    CHECK_OK(rnn_tensor_save_npy(tensor, below("values.npy")));
    rnn_tensor_free(tensor);
    char path[128];
    snprintf(path, sizeof(path), "%s", below("values.npy"));
    const char *paths[] = { path };
    rnn_dataset_t *d = NULL;
    CHECK_OK(rnn_dataset_stream_npy(context, paths, NULL, 1, 0, &d));
    CHECK_INT(rnn_dataset_count(d), ROWS);
    go_through(d, 32);
    rnn_dataset_free(d);
    CHECK_STATUS(rnn_tensor_load_npy(context, path, &tensor), RNN_ERROR_MEMORY);
    CHECK_INT(remove(path), 0);
    end(context, &c, ".npy");
}

static void fill_folder(int documents)
{
    char name[32];
    uint32_t seed = 2;
    CHECK_INT(mkdir(below("folder"), 0700), 0);
    CHECK_INT(mkdir(below("folder/good"), 0700), 0);
    for (int i = 0; i < documents; i++) {
        snprintf(name, sizeof(name), "folder/good/%d", i);
        FILE *out = fopen(below(name), "w");
        CHECK(out != NULL);
        write_words(out, FILE_SIZE / documents, &seed);
        CHECK_INT(fclose(out), 0);
    }
}

TEST(folder)
{
    enum { DOCUMENTS = 80 };
    counted c;
    rnn_context_t *context = capped_context(&c);
    rnn_tokenizer_t *t = tokenizer(context);
    rnn_dataset_t *d = NULL;
    char name[32];
    fill_folder(DOCUMENTS);
    CHECK_OK(rnn_dataset_stream_folder(context, below("folder"), t, NULL, &d));
    CHECK_INT(rnn_dataset_count(d), DOCUMENTS);
    go_through(d, 2);
    rnn_dataset_free(d);
    CHECK_STATUS(rnn_dataset_load_folder(context, below("folder"), t, NULL, &d), RNN_ERROR_MEMORY);
    rnn_tokenizer_free(t);
    for (int i = 0; i < DOCUMENTS; i++) {
        snprintf(name, sizeof(name), "folder/good/%d", i);
        CHECK_INT(remove(below(name)), 0);
    }
    CHECK_INT(rmdir(below("folder/good")), 0);
    CHECK_INT(rmdir(below("folder")), 0);
    end(context, &c, "folder");
}

TEST(takes_its_files_away)
{
    below("");
    CHECK_INT(rmdir(root), 0);
}

TEST_MAIN
