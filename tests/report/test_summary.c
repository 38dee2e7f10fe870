/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <rnn/rnn.h>

static char text[4096];
static size_t text_size;

static int32_t collect(const char *piece, int64_t size, void *user)
{
    (void)user;
    CHECK(text_size + (size_t)size < sizeof(text));
    memcpy(text + text_size, piece, (size_t)size);
    text_size += (size_t)size;
    text[text_size] = 0;
    return 0;
}

static int32_t refuse(const char *piece, int64_t size, void *user)
{
    (void)piece;
    (void)size;
    (void)user;
    return 1;
}

static rnn_model_t *reviews(void)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_embedding(m, rnn_input_tokens(m, "review"), 10000, 32);
    rnn_layer_t *h = rnn_last(m, rnn_simple_rnn(m, x, 32));
    rnn_model_set_output(m, rnn_dense(m, h, 1, RNN_SIGMOID), "positive");
    return m;
}

static double size_of(const rnn_model_t *m, int32_t what)
{
    int64_t bytes = -1;
    CHECK_OK(rnn_model_memory(m, what, 32, 100, &bytes));
    return (double)bytes;
}

/* A size as "1.23 MB" agrees with a number of bytes. */
static void check_size(const char *what, double expected)
{
    double number = 0;
    char unit[3] = "", *at = strstr(text, what);
    CHECK(at != NULL && sscanf(at + strlen(what), "%lf %2s", &number, unit) == 2);
    number *= unit[0] == 'K' ? 1024.0 : unit[0] == 'M' ? 1048576.0 : 1;
    CHECK(number >= expected * 0.98 && number <= expected * 1.02);
}

/* The lines on memory, which depend on the instruction set, are cut from the text when they are right. */
static void check_memory(const rnn_model_t *m, int streams)
{
    char *lines = strstr(text, "Weights with packed copies: ");
    CHECK(lines != NULL);
    check_size("copies: ", size_of(m, RNN_MEMORY_MODEL));
    check_size("32 sequences of 100 steps: ", size_of(m, RNN_MEMORY_RUN));
    check_size("in training ", size_of(m, RNN_MEMORY_TRAIN));
    if (streams) check_size("A stream: ", size_of(m, RNN_MEMORY_STREAM));
    CHECK((strstr(text, "A stream") != NULL) == streams);
    *lines = 0;
}

TEST(table_of_the_tutorial)
{
    rnn_model_t *m = reviews();
    CHECK_OK(rnn_model_build(m));
    text_size = 0;
    CHECK_OK(rnn_model_summary(m, collect, NULL));
    check_memory(m, 1);
    CHECK_STR(text, "Layer (type)             Output Shape      Param #  Connected to\n"
                    "================================================================\n"
                    "review (input_tokens)    (None, None)            0\n"
                    "embedding (embedding)    (None, None, 32)  320,000  review\n"
                    "simple_rnn (simple_rnn)  (None, None, 32)    2,080  embedding\n"
                    "last (last)              (None, 32)              0  simple_rnn\n"
                    "dense (dense)            (None, 1)              33  last\n"
                    "================================================================\n"
                    "Total params: 322,113 (1.23 MB)\n"
                    "Trainable params: 322,113 (1.23 MB)\n"
                    "Non-trainable params: 0 (0.00 B)\n");
    rnn_model_free(m);
}

TEST(several_inputs_are_listed)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *a = rnn_input_vector(m, "left", 3), *b = rnn_input_vector(m, "right", 2);
    rnn_model_set_output(m, rnn_concat(m, (rnn_layer_t *[]){ a, b }, 2), "both");
    CHECK_OK(rnn_model_build(m));
    text_size = 0;
    CHECK_OK(rnn_model_summary(m, collect, NULL));
    check_memory(m, 0);
    CHECK_STR(text, "Layer (type)          Output Shape  Param #  Connected to\n"
                    "=========================================================\n"
                    "left (input_vector)   (None, 3)           0\n"
                    "right (input_vector)  (None, 2)           0\n"
                    "concat (concat)       (None, 5)           0  left, right\n"
                    "=========================================================\n"
                    "Total params: 0 (0.00 B)\n"
                    "Trainable params: 0 (0.00 B)\n"
                    "Non-trainable params: 0 (0.00 B)\n");
    rnn_model_free(m);
}

TEST(model_has_to_be_built)
{
    rnn_model_t *m = reviews();
    CHECK_STATUS(rnn_model_summary(m, collect, NULL), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_model_summary(NULL, collect, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_summary(m, NULL, NULL), RNN_ERROR_ARGUMENT);
    rnn_model_free(m);
}

TEST(refused_writing_is_reported)
{
    rnn_model_t *m = reviews();
    CHECK_OK(rnn_model_build(m));
    CHECK_STATUS(rnn_model_summary(m, refuse, NULL), RNN_ERROR_CALLBACK);
    rnn_model_free(m);
}

/* Everything that a function writes to a stream, through a file in its place. */
TEST(text_goes_to_the_standard_output)
{
    int kept = dup(1);
    char path[64], got[16] = "";
    snprintf(path, sizeof(path), "/tmp/rnn_stdout_%ld", (long)getpid());
    fflush(stdout);
    CHECK(freopen(path, "w", stdout));
    int32_t answer = rnn_write_stdout("hello, world", 5, NULL);
    fflush(stdout);
    dup2(kept, 1);
    close(kept);
    FILE *file = fopen(path, "r");
    CHECK(file && fread(got, 1, sizeof(got) - 1, file) == 5);
    fclose(file);
    remove(path);
    CHECK_INT(answer, 0);
    CHECK_STR(got, "hello");
}

TEST_MAIN
