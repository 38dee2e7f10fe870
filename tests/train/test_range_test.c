/* SPDX-License-Identifier: MIT */
#include "train/toy.h"

#include <math.h>

TEST(rates_rise_exponentially_and_nothing_is_left_behind)
{
    rnn_context_t *context = toy_context(2);
    rnn_model_t *m = toy_built(context, 3, RNN_SOFTMAX, 0), *n = toy_built(context, 3, RNN_SOFTMAX, 0);
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, 2, 8);
    rnn_trainer_t *u = toy_trainer(n, RNN_LOSS_CROSS_ENTROPY, 2, 8);
    rnn_dataset_t *data = toy_data(context, 50, 3);
    rnn_tensor_t *rates = NULL, *losses = NULL;
    CHECK_OK(rnn_trainer_fit(t, data));
    CHECK_OK(rnn_trainer_fit(u, data));
    CHECK_OK(rnn_trainer_range_test(t, data, 1e-6, 1e-2, 21, &rates, &losses));
    CHECK_INT(rnn_tensor_count(rates), 21);
    CHECK_INT(rnn_tensor_count(losses), 21);
    for (int64_t i = 0; i < 21; i++) {
        CHECK_NEAR(rnn_tensor_get(rates, i), 1e-6 * pow(10, 4.0 * (double)i / 20), 1e-12);
        CHECK(rnn_tensor_get(losses, i) > 0);
    }
    toy_check_same(m, n);
    CHECK_OK(rnn_trainer_fit(t, data)); /* the optimizer's state and the epochs are as they were, too */
    CHECK_OK(rnn_trainer_fit(u, data));
    toy_check_same(m, n);
    rnn_tensor_free(rates);
    rnn_tensor_free(losses);
    rnn_dataset_free(data);
    rnn_trainer_free(t);
    rnn_trainer_free(u);
    rnn_model_free(m);
    rnn_model_free(n);
    rnn_context_free(context);
}

TEST(a_loss_that_explodes_ends_it)
{
    rnn_context_t *context = toy_context(1);
    rnn_model_t *m = toy_built(context, 3, RNN_SOFTMAX, 0);
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, 1, 8);
    rnn_dataset_t *data = toy_data(context, 20, 3);
    rnn_tensor_t *rates = NULL, *losses = NULL;
    CHECK_OK(rnn_trainer_set_optimizer(t, RNN_OPTIM_SGD, 0.1));
    CHECK_OK(rnn_trainer_range_test(t, data, 1e-3, 1e20, 100, &rates, &losses));
    CHECK(rnn_tensor_count(rates) > 3 && rnn_tensor_count(rates) < 60);
    CHECK_INT(rnn_tensor_count(rates), rnn_tensor_count(losses));
    CHECK_STATUS(rnn_trainer_range_test(t, data, 0, 1, 10, &rates, &losses), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_trainer_range_test(t, data, 1, 0.5, 10, &rates, &losses), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_trainer_range_test(t, data, 1, 2, 1, &rates, &losses), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_trainer_range_test(t, NULL, 1, 2, 9, &rates, &losses), RNN_ERROR_ARGUMENT);
    rnn_tensor_free(rates);
    rnn_tensor_free(losses);
    rnn_dataset_free(data);
    rnn_trainer_free(t);
    rnn_model_free(m);
    rnn_context_free(context);
}

TEST_MAIN
