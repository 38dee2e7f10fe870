/* SPDX-License-Identifier: MIT */
#include "train/toy.h"

#include <math.h>

enum { CLASSES = 3 };

/* Trains with batches of `batch`, `group` of which make an update; samples are weighed unevenly. */
static rnn_model_t *trained(rnn_context_t *context, int64_t batch, int64_t group, int64_t samples)
{
    rnn_model_t *m = toy_built(context, CLASSES, RNN_SOFTMAX, 0);
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, 2, batch);
    rnn_dataset_t *data = toy_data(context, samples, CLASSES);
    const double weights[CLASSES] = { 1, 5, 0.25 };
    CHECK_OK(rnn_trainer_set_optimizer(t, RNN_OPTIM_SGD, 0.5));
    CHECK_OK(rnn_trainer_set_class_weights(t, NULL, weights, CLASSES));
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_ACCUMULATE, group));
    CHECK_OK(rnn_trainer_fit(t, data));
    rnn_dataset_free(data);
    rnn_trainer_free(t);
    return m;
}

static double largest_difference(rnn_model_t *a, rnn_model_t *b)
{
    double most = 0;
    for (int64_t i = 0; i < rnn_model_weights(a); i++) {
        rnn_tensor_t *u = rnn_model_weight(a, rnn_model_weight_name(a, i));
        rnn_tensor_t *v = rnn_model_weight(b, rnn_model_weight_name(b, i));
        for (int64_t j = 0; j < rnn_tensor_count(u); j++)
            most = fmax(most, fabs(rnn_tensor_get(u, j) - rnn_tensor_get(v, j)));
        rnn_tensor_free(u);
        rnn_tensor_free(v);
    }
    return most;
}

static void check(int64_t batch, int64_t group, int64_t samples)
{
    rnn_context_t *context = toy_context(2);
    rnn_model_t *small = trained(context, batch, group, samples);
    rnn_model_t *large = trained(context, batch * group, 1, samples);
    rnn_model_t *single = trained(context, batch, 1, samples);
    CHECK(largest_difference(small, large) < 1e-5);
    CHECK(largest_difference(single, large) > 1e-3);
    rnn_model_free(small);
    rnn_model_free(large);
    rnn_model_free(single);
    rnn_context_free(context);
}

TEST(two_batches_are_one_large_one) { check(8, 2, 64); }
TEST(several_batches_are_one_large_one) { check(4, 4, 64); }
TEST(what_is_left_of_an_epoch_makes_an_update) { check(5, 3, 43); }

TEST_MAIN
