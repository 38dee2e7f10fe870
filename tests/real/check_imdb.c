/* SPDX-License-Identifier: MIT */
#include "classify.h"

#include <rnn/rnn.h>
#include <sys/wait.h>

/* The IMDB reviews of RNN_DATA, with the networks of Keras' tutorials: 10,000 words, the last 500 tokens of a
 * review, Embedding(32), batches of 128, the last 20 % of the training reviews for validation. The SimpleRNN
 * as in the tutorial: RMSprop at 0.001 with its epsilon inside the root, reviews padded before their start
 * (PAD pre, the network reads the pad ids, as Keras does without mask_zero). The LSTM: Adam at 0.001 and no
 * padding. Test figures are of the weights of the best validation epoch; all are means of the seeds 1, 2 and
 * 3. */

#define FILES "--train %imdb/train.tsv --test %imdb/test.tsv"
#define TUTORIAL                                                                                             \
    "--embed 32 --units 32 --max-words 10000 --max-len 500 --truncate pre "                                  \
    "--lr 0.001 --batch 128 --validation-split 0.2 "

/* Keras 3.15 on these files: best validation 0.869; test after the last epoch 0.814. */
TEST(simple_rnn_learns_as_the_tutorial)
{
    check_mean(FILES, TUTORIAL "--cell rnn --pad pre --optimizer rmsprop --epochs 10",
               (figures_t){ .validation = 0.846, .test = 0.82 });
}

/* Keras 3.15 on these files: 0.884 and 0.878. */
TEST(lstm_learns_as_keras)
{
    check_mean(FILES, TUTORIAL "--cell lstm --pad none --optimizer adam --epochs 5",
               (figures_t){ .validation = 0.87, .test = 0.86 });
}

/* A wider table, both directions and dropout, batches of 64; of dropout 0.3 and 0.5 the validation part
 * chose. */
TEST(bidirectional_lstm_with_dropout)
{
    check_mean(FILES,
               "--cell lstm --bidirectional --embed 64 --units 32 --dropout 0.5 --max-words 10000 "
               "--max-len 500 --optimizer adam --lr 0.001 --batch 64 --epochs 5 --validation-split 0.2",
               (figures_t){ .test = 0.87 });
}

/* The same LSTM trained with products in bf16: as good as in float, whose test accuracy over seeds differs by
 * about a point. */
TEST(lstm_trained_in_bf16)
{
    check_mean(FILES, TUTORIAL "--cell lstm --pad none --optimizer adam --epochs 5 --precision bf16",
               (figures_t){ .validation = 0.87, .test = 0.86 });
}

/* ---- the LSTM at every precision */

static double accuracy_at(rnn_model_t *model, rnn_dataset_t *data, int32_t precision)
{
    rnn_result_t result = { .struct_size = sizeof result };
    CHECK_OK(rnn_model_set_precision(model, precision));
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    CHECK_OK(rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_BINARY_CROSS_ENTROPY));
    CHECK_OK(rnn_trainer_evaluate(trainer, data, &result));
    rnn_trainer_free(trainer);
    printf("%s: test accuracy %.4f, loss %.4f, %" PRId64 " bytes of weights\n", rnn_precision_name(precision),
           result.accuracy, result.loss, rnn_model_weight_bytes(model));
    return result.accuracy;
}

/* Rounded after training, on all 25,000 test reviews: within half a point of float. */
TEST(lstm_at_reduced_precision)
{
    char how[1024], test[1024];
    rnn_model_t *model = NULL;
    rnn_dataset_t *data = NULL;
    if (!getenv("RNN_DATA")) SKIP("RNN_DATA does not name the folder of the data sets");
    const char *path = scratch("imdb_lstm.safetensors");
    snprintf(how, sizeof how, TUTORIAL "--cell lstm --pad none --optimizer adam --epochs 5 --save '%s'",
             path);
    classify(FILES, how, 1);
    CHECK_OK(rnn_model_load(NULL, path, &model));
    snprintf(test, sizeof test, "%s/imdb/test.tsv", getenv("RNN_DATA"));
    CHECK_OK(rnn_dataset_load_text(NULL, test, rnn_model_tokenizer(model, NULL), NULL, &data));
    CHECK_OK(rnn_dataset_set_int(data, RNN_DATA_MAX_LENGTH, 500));
    double exact = accuracy_at(model, data, RNN_PRECISION_F32);
    CHECK(exact > 0.85);
    for (int32_t p = RNN_PRECISION_BF16; p <= RNN_PRECISION_INT8_WEIGHTS; p++)
        CHECK_NEAR(accuracy_at(model, data, p), exact, 0.005);
    rnn_dataset_free(data);
    rnn_model_free(model);
    remove(path);
}

/* ---- a model that is trained, saved and loaded in another process predicts the same bits */

enum { TRAINED = 1000, PREDICTED = 500 };

static rnn_dataset_t *read_part(const char *name, const rnn_tokenizer_t *tokenizer, int64_t count)
{
    char path[1024];
    rnn_dataset_t *all = NULL, *part = NULL;
    snprintf(path, sizeof path, "%s/imdb/%s.tsv", getenv("RNN_DATA"), name);
    CHECK_OK(rnn_dataset_load_text(NULL, path, tokenizer, NULL, &all));
    CHECK_OK(rnn_dataset_set_int(all, RNN_DATA_MAX_LENGTH, 200));
    CHECK_OK(rnn_dataset_slice(all, 0, count, &part));
    rnn_dataset_free(all);
    return part;
}

static rnn_model_t *make_model(void)
{
    char path[1024];
    rnn_tokenizer_t *tokenizer = rnn_tokenizer_create(NULL);
    rnn_model_t *model = rnn_model_create(NULL);
    snprintf(path, sizeof path, "%s/imdb/train.tsv", getenv("RNN_DATA"));
    CHECK_OK(rnn_tokenizer_set_int(tokenizer, RNN_TOKENIZER_MAX_WORDS, 5000));
    CHECK_OK(rnn_tokenizer_add_file(tokenizer, path));
    CHECK_OK(rnn_tokenizer_build(tokenizer));
    rnn_layer_t *h =
        rnn_embedding(model, rnn_input_tokens(model, "review"), rnn_tokenizer_size(tokenizer), 32);
    h = rnn_last(model, rnn_gru(model, h, 32));
    rnn_model_set_output(model, rnn_dense(model, h, 1, RNN_SIGMOID), "positive");
    CHECK_OK(rnn_model_build(model));
    CHECK_OK(rnn_model_set_tokenizer(model, NULL, tokenizer));
    rnn_tokenizer_free(tokenizer);
    return model;
}

static void predict(rnn_model_t *model, float *to)
{
    rnn_tensor_t *output = NULL;
    rnn_dataset_t *data = read_part("test", rnn_model_tokenizer(model, NULL), PREDICTED);
    CHECK_OK(rnn_model_predict(model, data, NULL, &output));
    CHECK_INT(rnn_tensor_count(output), PREDICTED);
    memcpy(to, rnn_tensor_const_data(output), sizeof *to * PREDICTED);
    rnn_tensor_free(output);
    rnn_dataset_free(data);
}

/* In the child: trains, saves, and sends what its own model predicts through the pipe. */
static void train_and_send(const char *path, int pipe_end)
{
    float said[PREDICTED];
    rnn_model_t *model = make_model();
    rnn_dataset_t *data = read_part("train", rnn_model_tokenizer(model, NULL), TRAINED);
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    CHECK_OK(rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_BINARY_CROSS_ENTROPY));
    CHECK_OK(rnn_trainer_set_int(trainer, RNN_TRAIN_EPOCHS, 2));
    CHECK_OK(rnn_trainer_fit(trainer, data));
    CHECK_OK(rnn_model_save(model, path));
    predict(model, said);
    CHECK_INT(write(pipe_end, said, sizeof said), sizeof said);
}

TEST(a_saved_model_predicts_the_same_bits_in_another_process)
{
    if (!getenv("RNN_DATA")) SKIP("RNN_DATA does not name the folder of the data sets");
    const char *path = scratch("imdb_saved.safetensors");
    int ends[2], status = -1;
    float sent[PREDICTED], here[PREDICTED];
    size_t got = 0;
    CHECK_INT(pipe(ends), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        train_and_send(path, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t n; (n = read(ends[0], (char *)sent + got, sizeof sent - got)) > 0;)
        got += (size_t)n;
    close(ends[0]);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK_INT(got, sizeof sent);
    rnn_model_t *model = NULL;
    CHECK_OK(rnn_model_load(NULL, path, &model));
    predict(model, here);
    CHECK_BYTES(here, sent, sizeof sent);
    rnn_model_free(model);
    remove(path);
}

TEST_MAIN
