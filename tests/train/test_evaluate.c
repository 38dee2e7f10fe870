/* SPDX-License-Identifier: MIT */
#include "train/toy.h"

/* y = x on vectors (identity weights), so that answers are chosen by the test. */
static rnn_model_t *identity(int64_t n, int32_t activation)
{
    float w[16] = { 0 }, b[4] = { 0 };
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_model_set_output(m, rnn_dense(m, rnn_input_vector(m, "x", n), n, activation), "y");
    CHECK_OK(rnn_model_build(m));
    for (int64_t i = 0; i < n; i++) w[i * n + i] = 1;
    rnn_tensor_t *weight = toy_wrap(RNN_F32, 2, n, n, 0, w), *bias = toy_wrap(RNN_F32, 1, n, 0, 0, b);
    CHECK_OK(rnn_model_set_weight(m, "dense.weight", weight));
    CHECK_OK(rnn_model_set_weight(m, "dense.bias", bias));
    rnn_tensor_free(weight);
    rnn_tensor_free(bias);
    return m;
}

static rnn_dataset_t *data_of(int64_t samples, int64_t n, float *x, rnn_tensor_t *target)
{
    rnn_dataset_t *data = rnn_dataset_create(NULL);
    rnn_tensor_t *input = toy_wrap(RNN_F32, 2, samples, n, 0, x);
    CHECK_OK(rnn_dataset_add_input(data, input, NULL));
    CHECK_OK(rnn_dataset_add_target(data, target, NULL));
    rnn_tensor_free(input);
    rnn_tensor_free(target);
    return data;
}

/* Evaluates in batches of 2, so that sums cross batches. */
static rnn_result_t evaluate(rnn_model_t *m, int32_t loss, rnn_dataset_t *data)
{
    rnn_result_t result = { .struct_size = sizeof(result) };
    rnn_trainer_t *t = rnn_trainer_create(m);
    CHECK_OK(rnn_trainer_set_loss(t, NULL, loss));
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_BATCH, 2));
    CHECK_OK(rnn_trainer_evaluate(t, data, &result));
    CHECK(result.seconds >= 0);
    rnn_trainer_free(t);
    rnn_dataset_free(data);
    rnn_model_free(m);
    return result;
}

TEST(categorical)
{
    float x[15] = { 5, 0, 0, 0, 5, 0, 0, 5, 0, 0, 0, 5, 5, 0, 0 };
    int32_t t[5] = { 0, 1, 0, 2, 0 };
    rnn_dataset_t *data = data_of(5, 3, x, toy_wrap(RNN_I32, 1, 5, 0, 0, t));
    rnn_result_t r = evaluate(identity(3, RNN_SOFTMAX), RNN_LOSS_CROSS_ENTROPY, data);
    double right = log(1 + 2 * exp(-5.0));
    CHECK_NEAR(r.loss, (5 * right + 5) / 5, 1e-5);
    CHECK_NEAR(r.accuracy, 0.8, 1e-12);
    CHECK_NEAR(r.macro_recall, (2.0 / 3 + 1 + 1) / 3, 1e-12);
    CHECK_NEAR(r.macro_f1, (0.8 + 2.0 / 3 + 1) / 3, 1e-12);
    CHECK_INT(r.count, 5);
}

TEST(binary_classes_with_threshold_one_half)
{
    float x[4] = { 2, -2, 0, 1 }; /* exactly 1/2 is answered as 0 */
    int32_t t[4] = { 1, 0, 0, 0 };
    rnn_dataset_t *data = data_of(4, 1, x, toy_wrap(RNN_I32, 1, 4, 0, 0, t));
    rnn_result_t r = evaluate(identity(1, RNN_SIGMOID), RNN_LOSS_BINARY_CROSS_ENTROPY, data);
    CHECK_NEAR(r.accuracy, 0.75, 0);
    CHECK_NEAR(r.macro_recall, (1 + 2.0 / 3) / 2, 1e-12);
    CHECK_NEAR(r.macro_f1, (2.0 / 3 + 0.8) / 2, 1e-12);
}

TEST(linear_output_is_taken_as_logits)
{
    float x[4] = { 2, -2, 0, 1 };
    float t[4] = { 1, 0, 0, 0 };
    double l = (log1p(exp(-2.0)) * 2 + log(2) + log1p(exp(1.0))) / 4;
    for (int i = 0; i < 2; i++) {
        rnn_dataset_t *data = data_of(4, 1, x, toy_wrap(RNN_F32, 2, 4, 1, 0, t));
        rnn_result_t r = evaluate(identity(1, i ? RNN_LINEAR : RNN_SIGMOID), RNN_LOSS_BINARY_CROSS_ENTROPY,
                                  data);
        CHECK_NEAR(r.loss, l, 1e-6);
        CHECK_NEAR(r.accuracy, 0.75, 0);
    }
}

TEST(several_labels_a_row)
{
    float x[4] = { 1, -1, 1, 1 }, t[4] = { 1, 0, 0, 1 };
    rnn_dataset_t *data = data_of(2, 2, x, toy_wrap(RNN_F32, 2, 2, 2, 0, t));
    rnn_result_t r = evaluate(identity(2, RNN_SIGMOID), RNN_LOSS_BINARY_CROSS_ENTROPY, data);
    CHECK_NEAR(r.accuracy, 0.75, 0);
    CHECK(isnan(r.macro_recall));
    CHECK(isnan(r.macro_f1));
}

TEST(mean_squared_error_has_no_accuracy)
{
    float x[3] = { 1, 2, 3 }, t[3] = { 0, 0, 0 };
    rnn_dataset_t *data = data_of(3, 1, x, toy_wrap(RNN_F32, 2, 3, 1, 0, t));
    rnn_result_t r = evaluate(identity(1, RNN_LINEAR), RNN_LOSS_MSE, data);
    CHECK_NEAR(r.loss, 14.0 / 3, 1e-6);
    CHECK(isnan(r.accuracy));
    CHECK(isnan(r.macro_f1));
}

TEST(empty_dataset_gives_zeros)
{
    float x[1] = { 1 }, t[1] = { 0 };
    rnn_dataset_t *data = data_of(1, 1, x, toy_wrap(RNN_F32, 2, 1, 1, 0, t)), *none;
    CHECK_OK(rnn_dataset_slice(data, 0, 0, &none));
    rnn_dataset_free(data);
    rnn_result_t r = evaluate(identity(1, RNN_LINEAR), RNN_LOSS_MSE, none);
    CHECK_INT(r.count, 0);
    CHECK_NEAR(r.loss, 0, 0);
    CHECK(isnan(r.accuracy));
}

TEST(older_result_is_filled_only_as_far_as_it_goes)
{
    float x[2] = { 1, 2 }, t[2] = { 0, 0 };
    rnn_model_t *m = identity(1, RNN_LINEAR);
    rnn_dataset_t *data = data_of(2, 1, x, toy_wrap(RNN_F32, 2, 2, 1, 0, t));
    rnn_trainer_t *trainer = rnn_trainer_create(m);
    rnn_result_t r = { .struct_size = offsetof(rnn_result_t, accuracy), .accuracy = 77 };
    CHECK_OK(rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_MSE));
    CHECK_OK(rnn_trainer_evaluate(trainer, data, &r));
    CHECK_NEAR(r.loss, 2.5, 0);
    CHECK_NEAR(r.accuracy, 77, 0);
    r.struct_size = 0;
    CHECK_STATUS(rnn_trainer_evaluate(trainer, data, &r), RNN_ERROR_ARGUMENT);
    rnn_trainer_free(trainer);
    rnn_dataset_free(data);
    rnn_model_free(m);
}

TEST(dropout_rests)
{
    rnn_context_t *context = toy_context(1);
    rnn_model_t *m = toy_built(context, 3, RNN_SOFTMAX, 0.5);
    rnn_dataset_t *data = toy_data(context, 40, 3);
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, 1, 16);
    rnn_result_t a = { .struct_size = sizeof(a) }, b = { .struct_size = sizeof(b) };
    CHECK_OK(rnn_trainer_evaluate(t, data, &a));
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_SEED, 99));
    CHECK_OK(rnn_trainer_evaluate(t, data, &b));
    CHECK_NEAR(a.loss, b.loss, 0);
    rnn_trainer_free(t);
    rnn_dataset_free(data);
    rnn_model_free(m);
    rnn_context_free(context);
}

TEST_MAIN
