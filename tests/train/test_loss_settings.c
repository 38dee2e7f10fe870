/* SPDX-License-Identifier: MIT */
#include "train/toy.h"

#include <math.h>

enum { CLASSES = 3, SAMPLES = 7 };

/* Weights of samples in the trainer's test data. */
static rnn_dataset_t *weighted(rnn_context_t *context, const double *weights)
{
    rnn_dataset_t *data = toy_data(context, SAMPLES, CLASSES);
    float values[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) values[i] = (float)weights[i];
    rnn_tensor_t *tensor = toy_wrap(RNN_F32, 1, SAMPLES, 0, 0, values);
    CHECK_OK(rnn_dataset_add_weights(data, tensor));
    rnn_tensor_free(tensor);
    return data;
}

static double loss_of(rnn_trainer_t *t, rnn_dataset_t *data)
{
    rnn_result_t result = { .struct_size = sizeof(result) };
    CHECK_OK(rnn_trainer_evaluate(t, data, &result));
    return result.loss;
}

/* Loss of each sample alone, and its class. */
static void losses_of(rnn_context_t *context, rnn_trainer_t *t, double *losses, int *labels)
{
    int32_t ids[SAMPLES * TOY_STEPS], numbers[SAMPLES];
    int64_t lengths[SAMPLES];
    toy_fill(SAMPLES, CLASSES, ids, lengths, numbers);
    for (int i = 0; i < SAMPLES; i++) {
        double weights[SAMPLES] = { 0 };
        weights[i] = 1;
        rnn_dataset_t *data = weighted(context, weights);
        losses[i] = loss_of(t, data);
        labels[i] = numbers[i];
        rnn_dataset_free(data);
    }
}

TEST(sample_weights_weigh_the_mean)
{
    const double weights[SAMPLES] = { 1, 0, 2.5, 0.25, 3, 1, 0.5 };
    rnn_context_t *context = toy_context(2);
    rnn_model_t *m = toy_built(context, CLASSES, RNN_SOFTMAX, 0);
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, 1, 4);
    rnn_dataset_t *data = weighted(context, weights);
    double losses[SAMPLES], sum = 0, total = 0;
    int labels[SAMPLES];
    losses_of(context, t, losses, labels);
    for (int i = 0; i < SAMPLES; i++) sum += weights[i] * losses[i], total += weights[i];
    CHECK_NEAR(loss_of(t, data), sum / total, 1e-6);
    CHECK_OK(rnn_trainer_fit(t, data));
    rnn_dataset_free(data);
    rnn_trainer_free(t);
    rnn_model_free(m);
    rnn_context_free(context);
}

TEST(class_weights_weigh_the_mean)
{
    const double weights[CLASSES] = { 0.5, 3, 1 };
    rnn_context_t *context = toy_context(1);
    rnn_model_t *m = toy_built(context, CLASSES, RNN_SOFTMAX, 0);
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, 1, SAMPLES);
    rnn_dataset_t *data = toy_data(context, SAMPLES, CLASSES);
    double losses[SAMPLES], sum = 0, total = 0;
    int labels[SAMPLES];
    losses_of(context, t, losses, labels);
    for (int i = 0; i < SAMPLES; i++) sum += weights[labels[i]] * losses[i], total += weights[labels[i]];
    CHECK_OK(rnn_trainer_set_class_weights(t, NULL, weights, CLASSES));
    CHECK_NEAR(loss_of(t, data), sum / total, 1e-6);
    CHECK_OK(rnn_trainer_set_loss_float(t, NULL, RNN_LOSS_WEIGHT, 10));
    CHECK_NEAR(loss_of(t, data), 10 * sum / total, 1e-5);
    CHECK_OK(rnn_trainer_set_class_weights(t, NULL, NULL, 0));
    rnn_dataset_free(data);
    rnn_trainer_free(t);
    rnn_model_free(m);
    rnn_context_free(context);
}

TEST(ignored_class_does_not_count)
{
    rnn_context_t *context = toy_context(1);
    rnn_model_t *m = toy_built(context, CLASSES, RNN_SOFTMAX, 0);
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, 1, SAMPLES);
    rnn_dataset_t *data = toy_data(context, SAMPLES, CLASSES);
    double losses[SAMPLES], sum = 0, total = 0;
    int labels[SAMPLES];
    losses_of(context, t, losses, labels);
    for (int i = 0; i < SAMPLES; i++)
        if (labels[i] != 1) sum += losses[i], total += 1;
    CHECK_OK(rnn_trainer_set_loss_int(t, NULL, RNN_LOSS_IGNORE, 1));
    CHECK_NEAR(loss_of(t, data), sum / total, 1e-6);
    rnn_dataset_free(data);
    rnn_trainer_free(t);
    rnn_model_free(m);
    rnn_context_free(context);
}

static double gradient_of(rnn_trainer_t *t, rnn_batch_t *batch)
{
    CHECK_OK(rnn_trainer_forward(t, batch, NULL));
    CHECK_OK(rnn_trainer_backward(t));
    rnn_tensor_t *gradient = rnn_trainer_gradient(t, "dense.weight");
    double value = rnn_tensor_get(gradient, 1);
    rnn_tensor_free(gradient);
    return value;
}

/* A sample of weight 2 beside one of weight 1 counts as if it were there twice. */
TEST(weights_scale_gradients)
{
    rnn_context_t *context = toy_context(1);
    rnn_model_t *m = toy_built(context, CLASSES, RNN_SOFTMAX, 0);
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, 1, 4);
    int32_t ids[6] = { 1, 2, 3, 4, 3, 4 }, labels[3] = { 0, 2, 2 };
    float weights[2] = { 1, 2 };
    rnn_batch_t *once = rnn_batch_create(context), *twice = rnn_batch_create(context);
    for (int i = 0; i < 2; i++) {
        rnn_batch_t *batch = i ? twice : once;
        rnn_tensor_t *x = toy_wrap(RNN_I32, 2, 2 + i, 2, 0, ids);
        rnn_tensor_t *y = toy_wrap(RNN_I32, 1, 2 + i, 0, 0, labels);
        CHECK_OK(rnn_batch_set_input(batch, 0, x, NULL));
        CHECK_OK(rnn_batch_set_target(batch, 0, y, NULL));
        rnn_tensor_free(x);
        rnn_tensor_free(y);
    }
    double unweighted = gradient_of(t, once), wanted = gradient_of(t, twice);
    rnn_tensor_t *w = toy_wrap(RNN_F32, 1, 2, 0, 0, weights);
    CHECK_OK(rnn_batch_set_weights(once, w));
    CHECK_NEAR(gradient_of(t, once), wanted, 1e-6);
    CHECK(fabs(unweighted - wanted) > 1e-4);
    CHECK_OK(rnn_trainer_set_loss_float(t, NULL, RNN_LOSS_WEIGHT, 10));
    CHECK_NEAR(gradient_of(t, once), 10 * wanted, 1e-5);
    rnn_tensor_free(w);
    rnn_batch_free(once);
    rnn_batch_free(twice);
    rnn_trainer_free(t);
    rnn_model_free(m);
    rnn_context_free(context);
}

TEST(settings_are_checked)
{
    const double bad[CLASSES] = { 1, -1, 1 };
    rnn_context_t *context = toy_context(1);
    rnn_model_t *m = toy_built(context, CLASSES, RNN_SOFTMAX, 0);
    rnn_trainer_t *t = rnn_trainer_create(m);
    double value = 0;
    int64_t number = 0;
    CHECK_STATUS(rnn_trainer_set_loss_float(t, NULL, RNN_LOSS_WEIGHT, 1), RNN_ERROR_STATE);
    CHECK_OK(rnn_trainer_set_loss(t, NULL, RNN_LOSS_CROSS_ENTROPY));
    CHECK_STATUS(rnn_trainer_set_loss_float(t, NULL, RNN_LOSS_DELTA, 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_set_loss_float(t, NULL, 999, 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_set_loss_float(t, "nobody", RNN_LOSS_WEIGHT, 1), RNN_ERROR_NAME);
    CHECK_STATUS(rnn_trainer_set_loss_float(t, NULL, RNN_LOSS_LABEL_SMOOTHING, 1), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_trainer_set_class_weights(t, NULL, bad, CLASSES), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_trainer_set_class_weights(t, NULL, bad, 2), RNN_ERROR_SHAPE);
    CHECK_OK(rnn_trainer_set_loss_float(t, NULL, RNN_LOSS_LABEL_SMOOTHING, 0.25));
    CHECK_OK(rnn_trainer_get_loss_float(t, NULL, RNN_LOSS_LABEL_SMOOTHING, &value));
    CHECK_NEAR(value, 0.25, 0);
    CHECK_OK(rnn_trainer_get_loss_int(t, NULL, RNN_LOSS_IGNORE, &number));
    CHECK_INT(number, -1);
    CHECK_OK(rnn_trainer_set_loss(t, NULL, RNN_LOSS_HUBER));
    CHECK_STATUS(rnn_trainer_set_class_weights(t, NULL, bad, CLASSES), RNN_ERROR_ARGUMENT);
    CHECK_OK(rnn_trainer_set_loss_float(t, NULL, RNN_LOSS_DELTA, 2));
    rnn_trainer_free(t);
    rnn_model_free(m);
    rnn_context_free(context);
}

TEST_MAIN
