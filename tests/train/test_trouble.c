/* SPDX-License-Identifier: MIT */
#include "train/toy.h"
#include "train/trainer.h"

#include <math.h>

/* Trains the model with one weight that is not a number, which must be told of. */
static void check(const char *name, const char *told)
{
    rnn_context_t *context = toy_context(2);
    rnn_model_t *m = toy_built(context, 3, RNN_SOFTMAX, 0);
    const rnni_weight *weight = rnni_graph_weight(rnni_graph_of(m), name, NULL);
    CHECK(weight);
    rnni_graph_of(m)->weights[weight->offset] = NAN;
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, 1, 8);
    rnn_dataset_t *data = toy_data(context, 20, 3);
    CHECK_STATUS(rnn_trainer_fit(t, data), RNN_ERROR_NUMERIC);
    CHECK(strstr(rnn_last_error(), "the loss of update 1 (epoch 1, batch 1) is not a number"));
    CHECK(strstr(rnn_last_error(), told));
    rnn_dataset_free(data);
    rnn_trainer_free(t);
    rnn_model_free(m);
    rnn_context_free(context);
}

TEST(broken_weight)
{
    check("dense.bias", "the first layer whose values are not finite is 'dense', and so is its weight bias");
}

TEST(broken_recurrent_weight)
{
    check("simple_rnn.weight_hh_l0", "is 'simple_rnn', and so is its weight weight_hh_l0");
}

/* Weights of 1e30 give finite values, but their squared error is not. */
TEST(loss_that_overflows_by_itself)
{
    rnn_context_t *context = toy_context(1);
    rnn_model_t *m = toy_built(context, 1, RNN_LINEAR, 0);
    const rnni_weight *weight = rnni_graph_weight(rnni_graph_of(m), "dense.bias", NULL);
    rnni_graph_of(m)->weights[weight->offset] = (rnni_real)1e30;
    int32_t ids[4] = { 1, 2, 3, 4 };
    float values[4] = { 1, 2, 3, 4 };
    rnn_dataset_t *data = rnn_dataset_create(context);
    rnn_tensor_t *x = toy_wrap(RNN_I32, 2, 4, 1, 0, ids), *y = toy_wrap(RNN_F32, 1, 4, 0, 0, values);
    CHECK_OK(rnn_dataset_add_input(data, x, NULL));
    CHECK_OK(rnn_dataset_add_target(data, y, NULL));
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_MSE, 1, 4);
    CHECK_STATUS(rnn_trainer_fit(t, data), RNN_ERROR_NUMERIC);
    CHECK(strstr(rnn_last_error(), "is infinite: the values of all layers are finite; try"));
    rnn_trainer_free(t);
    rnn_tensor_free(x);
    rnn_tensor_free(y);
    rnn_dataset_free(data);
    rnn_model_free(m);
    rnn_context_free(context);
}

/* The loss is finite, but the gradient of it is not. */
TEST(gradients_that_overflow)
{
    rnn_context_t *context = toy_context(1);
    rnn_model_t *m = toy_built(context, 3, RNN_SOFTMAX, 0);
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, 1, 8);
    rnn_dataset_t *data = toy_data(context, 20, 3);
    CHECK_OK(rnn_trainer_set_float(t, RNN_TRAIN_CLIP_NORM, 1));
    CHECK_OK(rnn_trainer_set_loss_float(t, NULL, RNN_LOSS_WEIGHT, 1e60));
    CHECK_STATUS(rnn_trainer_fit(t, data), RNN_ERROR_NUMERIC);
    CHECK(strstr(rnn_last_error(),
                 "the gradients of update 1 (epoch 1, batch 1) are not finite: the first on the "
                 "way back are those of dense."));
    rnn_dataset_free(data);
    rnn_trainer_free(t);
    rnn_model_free(m);
    rnn_context_free(context);
}

TEST_MAIN
