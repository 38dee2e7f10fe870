/* SPDX-License-Identifier: MIT */
#include "train/toy.h"

#include <math.h>

enum { SAMPLES = 32, BATCH = 8, EPOCHS = 2, UPDATES = EPOCHS * SAMPLES / BATCH };

/* Watches one weight after each update of a run without averaging. */
typedef struct watch {
    rnn_model_t *model;
    double values[UPDATES];
    int count;
} watch;

static double value_of(rnn_model_t *m)
{
    rnn_tensor_t *tensor = rnn_model_weight(m, rnn_model_weight_name(m, 1));
    double value = rnn_tensor_get(tensor, 3);
    rnn_tensor_free(tensor);
    return value;
}

static int32_t look(const rnn_progress_t *p, void *user)
{
    watch *w = user;
    if (p->event == RNN_EVENT_BATCH && w->count < UPDATES) w->values[w->count++] = value_of(w->model);
    return 0;
}

static rnn_trainer_t *trainer_of(rnn_model_t *m, int64_t average, int64_t from)
{
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, EPOCHS, BATCH);
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_AVERAGE, average));
    CHECK_OK(rnn_trainer_set_float(t, RNN_TRAIN_AVERAGE_DECAY, 0.75));
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_AVERAGE_FROM, from));
    return t;
}

/* The weight that a run with averaging ends with, from the weights of one without. */
static void check(int64_t average, int from, double (*expected)(const double *values, int count))
{
    rnn_context_t *context = toy_context(1);
    rnn_model_t *m = toy_built(context, 3, RNN_SOFTMAX, 0), *n = toy_built(context, 3, RNN_SOFTMAX, 0);
    rnn_trainer_t *t = trainer_of(m, 0, 0), *u = trainer_of(n, average, from);
    rnn_dataset_t *data = toy_data(context, SAMPLES, 3);
    watch w = { .model = m };
    int skipped = from * SAMPLES / BATCH;
    CHECK_OK(rnn_trainer_set_callback(t, look, &w));
    CHECK_OK(rnn_trainer_fit(t, data));
    CHECK_OK(rnn_trainer_fit(u, data));
    CHECK_INT(w.count, UPDATES);
    CHECK_NEAR(value_of(n), expected(w.values + skipped, UPDATES - skipped), 1e-6);
    CHECK(fabs(value_of(n) - value_of(m)) > 1e-4);
    rnn_dataset_free(data);
    rnn_trainer_free(t);
    rnn_trainer_free(u);
    rnn_model_free(m);
    rnn_model_free(n);
    rnn_context_free(context);
}

static double mean(const double *values, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++) sum += values[i];
    return sum / count;
}

static double exponential(const double *values, int count)
{
    double average = values[0];
    for (int i = 1; i < count; i++) average = 0.75 * average + 0.25 * values[i];
    return average;
}

TEST(even_average) { check(2, 0, mean); }
TEST(even_average_of_the_last_epoch) { check(2, 1, mean); }
TEST(exponential_average) { check(1, 0, exponential); }

/* Validation of the last epoch saw the weights that the run ends with. */
TEST(validation_uses_the_average)
{
    rnn_context_t *context = toy_context(2);
    rnn_model_t *m = toy_built(context, 3, RNN_SOFTMAX, 0);
    rnn_trainer_t *t = trainer_of(m, 1, 0);
    rnn_dataset_t *data = toy_data(context, SAMPLES, 3), *other = toy_data(context, 11, 3);
    rnn_result_t result = { .struct_size = sizeof(result) };
    CHECK_OK(rnn_trainer_set_validation(t, other));
    CHECK_OK(rnn_trainer_fit(t, data));
    CHECK_OK(rnn_trainer_evaluate(t, other, &result));
    CHECK_NEAR(result.loss, toy_history(t, "val_loss", EPOCHS - 1), 0);
    rnn_dataset_free(data);
    rnn_dataset_free(other);
    rnn_trainer_free(t);
    rnn_model_free(m);
    rnn_context_free(context);
}

TEST_MAIN
