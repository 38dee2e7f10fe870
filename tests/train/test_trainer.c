/* SPDX-License-Identifier: MIT */
#include "train/toy.h"

static toy_run begin(int32_t activation)
{
    toy_run r = { .context = toy_context(1) };
    r.model = toy_built(r.context, 3, activation, 0);
    r.trainer = rnn_trainer_create(r.model);
    CHECK(r.trainer);
    return r;
}

TEST(trainer_needs_a_built_model)
{
    rnn_model_t *model = toy_model(NULL, 1, RNN_LINEAR, 0);
    CHECK(!rnn_trainer_create(NULL));
    CHECK(!rnn_trainer_create(model));
    CHECK_STR(rnn_last_error(), "rnn_trainer_create: the model is not built");
    rnn_model_free(model);
    rnn_trainer_free(NULL);
}

TEST(trainer_holds_its_model)
{
    toy_run r = begin(RNN_LINEAR);
    rnn_context_free(r.context);
    rnn_model_free(r.model);
    rnn_trainer_free(r.trainer);
}

TEST(defaults)
{
    toy_run r = begin(RNN_LINEAR);
    int64_t n = -1;
    double x = -1;
    CHECK_OK(rnn_trainer_get_int(r.trainer, RNN_TRAIN_EPOCHS, &n));
    CHECK_INT(n, 1);
    CHECK_OK(rnn_trainer_get_int(r.trainer, RNN_TRAIN_BATCH, &n));
    CHECK_INT(n, 32);
    CHECK_OK(rnn_trainer_get_int(r.trainer, RNN_TRAIN_SHUFFLE, &n));
    CHECK_INT(n, 1);
    CHECK_OK(rnn_trainer_get_int(r.trainer, RNN_TRAIN_RESTORE_BEST, &n));
    CHECK_INT(n, 2);
    CHECK_OK(rnn_trainer_get_int(r.trainer, RNN_TRAIN_SEED, &n));
    CHECK_INT(n, 7); /* of the context */
    CHECK_OK(rnn_trainer_get_float(r.trainer, RNN_OPTIM_LEARNING_RATE, &x));
    CHECK_NEAR(x, 0.001, 0);
    CHECK_OK(rnn_trainer_get_float(r.trainer, RNN_OPTIM_BETA2, &x));
    CHECK_NEAR(x, 0.999, 0);
    CHECK_INT(rnn_trainer_epochs(r.trainer), 0);
    toy_end(&r);
}

TEST(settings_are_checked)
{
    toy_run r = begin(RNN_LINEAR);
    int64_t n = 0;
    CHECK_STATUS(rnn_trainer_set_int(r.trainer, RNN_TRAIN_BATCH, 0), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_trainer_set_int(r.trainer, RNN_TRAIN_EPOCHS, -1), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_trainer_set_float(r.trainer, RNN_TRAIN_VALIDATION_SPLIT, 1), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_trainer_set_float(r.trainer, RNN_TRAIN_CLIP_NORM, NAN), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_trainer_set_float(r.trainer, RNN_TRAIN_BATCH, 4), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_set_int(r.trainer, 77, 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_set_int(r.trainer, 177, 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_set_int(NULL, RNN_TRAIN_BATCH, 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_get_int(r.trainer, RNN_TRAIN_CLIP_NORM, &n), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_get_int(r.trainer, RNN_TRAIN_BATCH, NULL), RNN_ERROR_ARGUMENT);
    CHECK_OK(rnn_trainer_get_int(r.trainer, RNN_TRAIN_BATCH, &n));
    CHECK_INT(n, 32);
    toy_end(&r);
}

TEST(optimizers_refuse_settings_of_others)
{
    toy_run r = begin(RNN_LINEAR);
    double x = 0;
    CHECK_STATUS(rnn_trainer_set_float(r.trainer, RNN_OPTIM_ALPHA, 0.5), RNN_ERROR_ARGUMENT);
    CHECK_STR(rnn_last_error(), "optimizer adam has no setting alpha");
    CHECK_OK(rnn_trainer_set_optimizer(r.trainer, RNN_OPTIM_RMSPROP, 0.01));
    CHECK_OK(rnn_trainer_set_float(r.trainer, RNN_OPTIM_ALPHA, 0.5));
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_OPTIM_EPSILON_INSIDE, 1));
    CHECK_STATUS(rnn_trainer_get_float(r.trainer, RNN_OPTIM_BETA1, &x), RNN_ERROR_ARGUMENT);
    CHECK_OK(
        rnn_trainer_set_optimizer(r.trainer, RNN_OPTIM_RMSPROP, 0.01)); /* constants go to their defaults */
    CHECK_OK(rnn_trainer_get_float(r.trainer, RNN_OPTIM_ALPHA, &x));
    CHECK_NEAR(x, 0.9, 0);
    CHECK_STATUS(rnn_trainer_set_optimizer(r.trainer, RNN_OPTIM_SGD, -1), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_trainer_set_optimizer(r.trainer, 9, 0.1), RNN_ERROR_ARGUMENT);
    CHECK_OK(rnn_trainer_get_float(r.trainer, RNN_OPTIM_LEARNING_RATE, &x));
    CHECK_NEAR(x, 0.01, 0);
    toy_end(&r);
}

TEST(settings_are_described)
{
    rnn_setting_t s = { .struct_size = sizeof(s) };
    int32_t count = 0;
    while (rnn_trainer_setting(count, &s) == RNN_OK) {
        CHECK(s.minimum <= s.standard && s.standard <= s.maximum);
        CHECK_INT(s.id, count < 29 ? RNN_TRAIN_EPOCHS + count : RNN_OPTIM_LEARNING_RATE + count - 29);
        count++;
    }
    CHECK_INT(count, 40);
    CHECK_STATUS(rnn_trainer_setting(count, &s), RNN_END);
    CHECK_OK(rnn_trainer_setting(8, &s));
    CHECK_STR(s.name, "monitor");
    CHECK_STR(s.choices, "auto|loss|accuracy|recall");
}

TEST(losses_have_to_go_with_the_activation)
{
    toy_run soft = begin(RNN_SOFTMAX), sigmoid = begin(RNN_SIGMOID), linear = begin(RNN_LINEAR),
            relu = begin(RNN_RELU);
    CHECK_OK(rnn_trainer_set_loss(soft.trainer, NULL, RNN_LOSS_CROSS_ENTROPY));
    CHECK_STATUS(rnn_trainer_set_loss(soft.trainer, NULL, RNN_LOSS_BINARY_CROSS_ENTROPY), RNN_ERROR_ARGUMENT);
    CHECK_STR(
        rnn_last_error(),
        "output 'answer' has the activation softmax, but loss binary_cross_entropy needs sigmoid or linear");
    CHECK_OK(rnn_trainer_set_loss(sigmoid.trainer, "answer", RNN_LOSS_BINARY_CROSS_ENTROPY));
    CHECK_STATUS(rnn_trainer_set_loss(sigmoid.trainer, NULL, RNN_LOSS_CROSS_ENTROPY), RNN_ERROR_ARGUMENT);
    CHECK_OK(rnn_trainer_set_loss(linear.trainer, NULL, RNN_LOSS_CROSS_ENTROPY));
    CHECK_OK(rnn_trainer_set_loss(linear.trainer, NULL, RNN_LOSS_BINARY_CROSS_ENTROPY));
    CHECK_OK(rnn_trainer_set_loss(relu.trainer, NULL, RNN_LOSS_MSE));
    CHECK_STATUS(rnn_trainer_set_loss(relu.trainer, NULL, RNN_LOSS_CROSS_ENTROPY), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_set_loss(relu.trainer, NULL, 77), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_set_loss(relu.trainer, "question", RNN_LOSS_MSE), RNN_ERROR_NAME);
    toy_end(&soft);
    toy_end(&sigmoid);
    toy_end(&linear);
    toy_end(&relu);
}

TEST(cross_entropy_needs_a_dense_layer)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_model_set_output(m, rnn_gru(m, rnn_input_values(m, "x", 2), 3), "y");
    CHECK_OK(rnn_model_build(m));
    rnn_trainer_t *t = rnn_trainer_create(m);
    CHECK_STATUS(rnn_trainer_set_loss(t, NULL, RNN_LOSS_CROSS_ENTROPY), RNN_ERROR_ARGUMENT);
    CHECK_STR(rnn_last_error(), "output 'y' is a gru layer, but loss cross_entropy needs a dense layer with "
                                "softmax or linear activation");
    CHECK_OK(rnn_trainer_set_loss(t, NULL, RNN_LOSS_MSE));
    rnn_trainer_free(t);
    rnn_model_free(m);
}

TEST(validation_set_is_held)
{
    toy_run r = begin(RNN_SOFTMAX);
    rnn_dataset_t *data = toy_data(r.context, 20, 3), *validation = toy_data(r.context, 10, 3);
    CHECK_OK(rnn_trainer_set_loss(r.trainer, NULL, RNN_LOSS_CROSS_ENTROPY));
    CHECK_OK(rnn_trainer_set_validation(r.trainer, validation));
    CHECK_OK(rnn_trainer_set_validation(r.trainer, validation));
    rnn_dataset_free(validation);
    CHECK_OK(rnn_trainer_fit(r.trainer, data));
    CHECK(!isnan(toy_history(r.trainer, "val_loss", 0)));
    CHECK_OK(rnn_trainer_set_validation(r.trainer, NULL));
    CHECK_OK(rnn_trainer_fit(r.trainer, data));
    CHECK(isnan(toy_history(r.trainer, "val_loss", 1)));
    rnn_dataset_free(data);
    toy_end(&r);
}

TEST(missing_arguments_are_refused)
{
    toy_run r = begin(RNN_SOFTMAX);
    rnn_result_t result = { .struct_size = sizeof(result) };
    CHECK_STATUS(rnn_trainer_fit(r.trainer, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_fit(NULL, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_evaluate(r.trainer, NULL, &result), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_save(r.trainer, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_resume(r.trainer, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_set_loss(NULL, NULL, RNN_LOSS_MSE), RNN_ERROR_ARGUMENT);
    CHECK(!rnn_trainer_history(NULL, "loss"));
    CHECK(!rnn_trainer_history(r.trainer, NULL));
    CHECK(!rnn_trainer_gradient(r.trainer, NULL));
    CHECK_INT(rnn_trainer_epochs(NULL), 0);
    rnn_trainer_request(NULL, RNN_STOP);
    toy_end(&r);
}

TEST_MAIN
