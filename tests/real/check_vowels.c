/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <rnn/rnn.h>

/* JapaneseVowels (Kudo, Toyama and Shimbo 1999) on its own split: which of nine men says the two vowels, by
 * 12 coefficients a step, 7 to 29 steps. Each coefficient is standardised by the training part. A
 * bidirectional GRU(64) with dropout 0.3, mean over its steps, Adam at 0.003, 40 epochs of batches of 16; the
 * settings did well on every fifth training case, held out, before the test part was looked at. */

enum { FEATURES = 12, CLASSES = 9, LONGEST = 29, MOST = 400 };

typedef struct {
    int count;
    float values[MOST][LONGEST][FEATURES];
    int64_t lengths[MOST];
    int32_t classes[MOST];
} part_t;

static part_t train, test;

/* One dimension: numbers with commas between. Returns what follows its colon. */
static const char *read_dimension(const char *at, part_t *p, int feature)
{
    int64_t t = 0;
    for (char *end; *at != ':'; at = end + (*end == ',')) {
        CHECK(t < LONGEST);
        p->values[p->count][t++][feature] = strtof(at, &end);
        CHECK(end != at && (*end == ',' || *end == ':'));
    }
    if (feature == 0) p->lengths[p->count] = t;
    CHECK_INT(t, p->lengths[p->count]);
    return at + 1;
}

/* Lines after @data: the dimensions, then the class from 1 on. */
static void read_part(const char *name, part_t *p)
{
    static char line[1 << 16];
    char path[1024];
    int in_data = 0;
    snprintf(path, sizeof path, "%s/ucr/JapaneseVowels_%s.ts", getenv("RNN_DATA"), name);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    for (p->count = 0; fgets(line, sizeof line, file);) {
        if (!in_data) {
            in_data = strncmp(line, "@data", 5) == 0;
            continue;
        }
        CHECK(p->count < MOST);
        const char *at = line;
        for (int f = 0; f < FEATURES; f++) at = read_dimension(at, p, f);
        p->classes[p->count++] = (int32_t)strtol(at, NULL, 10) - 1;
    }
    fclose(file);
}

static void standardise(part_t *p, const double *mean, const double *deviation)
{
    for (int i = 0; i < p->count; i++)
        for (int64_t t = 0; t < p->lengths[i]; t++)
            for (int f = 0; f < FEATURES; f++)
                p->values[i][t][f] = (float)((p->values[i][t][f] - mean[f]) / deviation[f]);
}

static void standardise_both(void)
{
    double mean[FEATURES] = { 0 }, deviation[FEATURES] = { 0 };
    for (int f = 0; f < FEATURES; f++) {
        double count = 0, sum = 0, squares = 0;
        for (int i = 0; i < train.count; i++)
            for (int64_t t = 0; t < train.lengths[i]; t++, count++) {
                sum += train.values[i][t][f];
                squares += pow(train.values[i][t][f], 2);
            }
        mean[f] = sum / count;
        deviation[f] = sqrt(squares / count - mean[f] * mean[f]);
    }
    standardise(&train, mean, deviation);
    standardise(&test, mean, deviation);
}

static rnn_dataset_t *make_dataset(part_t *p)
{
    rnn_dataset_t *data = rnn_dataset_create(NULL);
    const int64_t shape[] = { p->count, LONGEST, FEATURES };
    rnn_tensor_t *x = rnn_tensor_wrap(NULL, RNN_F32, 3, shape, NULL, p->values);
    rnn_tensor_t *n = rnn_tensor_wrap(NULL, RNN_I64, 1, shape, NULL, p->lengths);
    rnn_tensor_t *y = rnn_tensor_wrap(NULL, RNN_I32, 1, shape, NULL, p->classes);
    CHECK_OK(rnn_dataset_add_input(data, x, n));
    CHECK_OK(rnn_dataset_add_target(data, y, NULL));
    rnn_tensor_free(x);
    rnn_tensor_free(n);
    rnn_tensor_free(y);
    return data;
}

static rnn_model_t *make_model(rnn_context_t *context)
{
    rnn_model_t *model = rnn_model_create(context);
    rnn_layer_t *h = rnn_gru(model, rnn_input_values(model, "coefficients", FEATURES), 64);
    rnn_layer_set_int(h, RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL);
    h = rnn_dropout(model, rnn_mean_pool(model, h), 0.3);
    rnn_model_set_output(model, rnn_dense(model, h, CLASSES, RNN_SOFTMAX), "man");
    CHECK_OK(rnn_model_build(model));
    return model;
}

static double accuracy_of(rnn_dataset_t *learnt, rnn_dataset_t *asked, int64_t seed)
{
    rnn_result_t result = { .struct_size = sizeof result };
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_SEED, seed));
    rnn_model_t *model = make_model(context);
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    CHECK_OK(rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_CROSS_ENTROPY));
    CHECK_OK(rnn_trainer_set_optimizer(trainer, RNN_OPTIM_ADAM, 0.003));
    CHECK_OK(rnn_trainer_set_int(trainer, RNN_TRAIN_EPOCHS, 40));
    CHECK_OK(rnn_trainer_set_int(trainer, RNN_TRAIN_BATCH, 16));
    CHECK_OK(rnn_trainer_fit(trainer, learnt));
    CHECK_OK(rnn_trainer_evaluate(trainer, asked, &result));
    rnn_trainer_free(trainer);
    rnn_model_free(model);
    rnn_context_free(context);
    return result.accuracy;
}

TEST(nine_men_are_told_apart)
{
    double mean = 0;
    if (!getenv("RNN_DATA")) SKIP("RNN_DATA does not name the folder of the data sets");
    read_part("TRAIN", &train);
    read_part("TEST", &test);
    CHECK_INT(train.count, 270);
    CHECK_INT(test.count, 370);
    standardise_both();
    rnn_dataset_t *learnt = make_dataset(&train), *asked = make_dataset(&test);
    for (int64_t seed = 1; seed <= 3; seed++) {
        double accuracy = accuracy_of(learnt, asked, seed);
        printf("JapaneseVowels, seed %d: test accuracy %.4f\n", (int)seed, accuracy);
        mean += accuracy / 3;
    }
    printf("mean: %.4f (at least 0.95)\n", mean);
    CHECK(mean >= 0.95);
    rnn_dataset_free(learnt);
    rnn_dataset_free(asked);
}

TEST_MAIN
