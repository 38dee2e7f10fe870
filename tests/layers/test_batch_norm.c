/* SPDX-License-Identifier: MIT */
/* Batch norm: statistics of useful steps, running ones, freezing, empty batches; threads and batch cuts. */
#include "layers/by_hand.h"

static double weight_of(rnn_model_t *model, const char *name, int64_t i)
{
    rnn_tensor_t *view = rnn_model_weight(model, name);
    CHECK(view != NULL);
    double value = rnn_tensor_get(view, i);
    rnn_tensor_free(view);
    return value;
}

/* Three useful steps of the values 1, 2, 6: mean 3, biased variance 14 / 3, unbiased 7. */
static by_hand three_steps(void)
{
    static const double values[4] = { 1, 2, 6, 1000 };
    static const int64_t lengths[2] = { 2, 1 };
    by_hand h = hand_values(2, 2, 1, values, lengths);
    hand_build(&h, rnn_batch_norm(h.model, h.x));
    return h;
}

static void end(by_hand *h)
{
    rnn_batch_free(h->batch);
    rnn_model_free(h->model);
}

TEST(counts_useful_steps_alone)
{
    by_hand h = three_steps();
    rnn_trainer_t *trainer = rnn_trainer_create(h.model);
    rnn_tensor_t *y = NULL;
    CHECK_OK(rnn_trainer_forward(trainer, h.batch, NULL));
    CHECK_OK(rnn_trainer_output(trainer, 0, &y));
    double f = 1 / sqrt(14.0 / 3 + 1e-5);
    CHECK_NEAR(rnn_tensor_get(y, 0), -2 * f, 1e-6);
    CHECK_NEAR(rnn_tensor_get(y, 1), -1 * f, 1e-6);
    CHECK_NEAR(rnn_tensor_get(y, 2), 3 * f, 1e-6);
    CHECK_NEAR(rnn_tensor_get(y, 3), 0, 0);
    CHECK_NEAR(weight_of(h.model, "batch_norm.running_mean", 0), 0.3, 1e-6);
    CHECK_NEAR(weight_of(h.model, "batch_norm.running_var", 0), 0.9 + 0.7, 1e-6);
    rnn_tensor_free(y);
    rnn_trainer_free(trainer);
    end(&h);
}

TEST(predicts_with_running_statistics)
{
    by_hand h = three_steps();
    static const double mean[1] = { 2 }, variance[1] = { 4 };
    hand_weight(&h, "batch_norm.running_mean", mean);
    hand_weight(&h, "batch_norm.running_var", variance);
    double f = 1 / sqrt(4 + 1e-5), expected[4] = { -f, 0, 4 * f, 0 };
    hand_expect(&h, 4, expected);
}

TEST(frozen_keeps_its_statistics)
{
    by_hand h = three_steps();
    CHECK_OK(rnn_layer_set_int(rnn_model_layer(h.model, "batch_norm"), RNN_LAYER_TRAINABLE, 0));
    rnn_trainer_t *trainer = rnn_trainer_create(h.model);
    rnn_tensor_t *y = NULL;
    CHECK_OK(rnn_trainer_forward(trainer, h.batch, NULL));
    CHECK_OK(rnn_trainer_output(trainer, 0, &y));
    CHECK_NEAR(rnn_tensor_get(y, 2), 6, 1e-4); /* mean 0, variance 1 */
    CHECK_NEAR(weight_of(h.model, "batch_norm.running_mean", 0), 0, 0);
    rnn_tensor_free(y);
    rnn_trainer_free(trainer);
    end(&h);
}

/* Nothing to count: the statistics stay, nothing is divided by 0. */
TEST(empty_batches)
{
    static const double values[2] = { 1, 2 };
    static const int64_t lengths[2] = { 0, 0 };
    by_hand h = hand_values(2, 1, 1, values, lengths);
    hand_build(&h, rnn_batch_norm(h.model, h.x));
    rnn_trainer_t *trainer = rnn_trainer_create(h.model);
    rnn_tensor_t *up = help_tensor(RNN_F32, 2, 0, 1);
    CHECK_OK(rnn_trainer_forward(trainer, h.batch, NULL));
    CHECK_OK(rnn_trainer_backward_from(trainer, (const rnn_tensor_t *const[]){ up }, 1));
    CHECK_NEAR(weight_of(h.model, "batch_norm.running_mean", 0), 0, 0);
    CHECK_NEAR(weight_of(h.model, "batch_norm.running_var", 0), 1, 0);
    rnn_tensor_free(up);
    rnn_trainer_free(trainer);
    end(&h);
}

/* Running statistics are saved with the model, but are no parameters. */
TEST(statistics_are_not_parameters)
{
    by_hand h = three_steps();
    CHECK_INT(rnn_model_parameters(h.model), 2);
    CHECK_INT(rnn_model_weights(h.model), 4);
    end(&h);
}

/* Trains without touching running statistics by the optimizer, weight decay or not. */
TEST(optimizers_leave_statistics_alone)
{
    by_hand h = three_steps();
    rnn_trainer_t *trainer = rnn_trainer_create(h.model);
    rnn_tensor_t *up = help_random_tensor(RNN_F32, 2, 2, 1, 3);
    CHECK_OK(rnn_trainer_set_optimizer(trainer, RNN_OPTIM_ADAM, 0.5));
    CHECK_OK(rnn_trainer_forward(trainer, h.batch, NULL));
    CHECK_OK(rnn_trainer_backward_from(trainer, (const rnn_tensor_t *const[]){ up }, 1));
    double mean = weight_of(h.model, "batch_norm.running_mean", 0),
           gain = weight_of(h.model, "batch_norm.weight", 0);
    CHECK_OK(rnn_trainer_step(trainer));
    CHECK_NEAR(weight_of(h.model, "batch_norm.running_mean", 0), mean, 0);
    CHECK(weight_of(h.model, "batch_norm.weight", 0) != gain);
    rnn_tensor_free(up);
    rnn_trainer_free(trainer);
    end(&h);
}

TEST(tokens_are_refused)
{
    rnn_model_t *m = rnn_model_create(NULL);
    CHECK_OK(rnn_model_set_output(m, rnn_batch_norm(m, rnn_input_tokens(m, "x")), "y"));
    CHECK_STATUS(rnn_model_build(m), RNN_ERROR_SHAPE);
    rnn_model_free(m);
}

TEST_MAIN
