/* SPDX-License-Identifier: MIT */
#include "train/toy.h"

/* Targets per step and per sequence, several outputs, and outputs that are read twice. */

enum { B = 3, T = 4 };

static float x_values[B * T * 2] = { 0.5f, -1,    0.25f, 2,    -0.5f, 1, 1, 1,  0.1f, 0.2f, -0.3f, 0.4f,
                                     0.5f, -0.6f, 0.7f,  0.8f, -1,    1, 2, -2, 0.3f, 0.3f, 0,     1 };
static int64_t x_lengths[B] = { 4, 2, 3 };

static rnn_batch_t *batch_of(int32_t targets, rnn_tensor_t **tensors, rnn_tensor_t *lengths)
{
    rnn_batch_t *batch = rnn_batch_create(NULL);
    rnn_tensor_t *x = toy_wrap(RNN_F32, 3, B, T, 2, x_values),
                 *steps = toy_wrap(RNN_I64, 1, B, 0, 0, x_lengths);
    CHECK_OK(rnn_batch_set_input(batch, 0, x, steps));
    for (int32_t i = 0; i < targets; i++) {
        CHECK_OK(rnn_batch_set_target(batch, i, tensors[i], lengths ? steps : NULL));
        rnn_tensor_free(tensors[i]);
    }
    rnn_tensor_free(x);
    rnn_tensor_free(steps);
    return batch;
}

static rnn_layer_t *start(rnn_model_t **model)
{
    *model = rnn_model_create(NULL);
    return rnn_lstm(*model, rnn_input_values(*model, "x", 2), 3);
}

static rnn_trainer_t *built_trainer(rnn_model_t *m)
{
    CHECK_OK(rnn_model_build(m));
    rnn_trainer_t *t = rnn_trainer_create(m);
    CHECK(t);
    return t;
}

/* Mean of -log p[class] over the steps that count, from the model's own answers. */
static double expected_loss(rnn_model_t *m, const rnn_batch_t *batch, const int32_t *classes, int64_t n)
{
    rnn_tensor_t *p = NULL;
    double sum = 0, count = 0;
    CHECK_OK(rnn_model_run(m, batch, &p, 1));
    for (int b = 0; b < B; b++)
        for (int t = 0; t < x_lengths[b]; t++) {
            int32_t c = classes[b * T + t];
            if (c < 0) continue;
            sum -= log(rnn_tensor_get(p, (b * T + t) * n + c));
            count++;
        }
    rnn_tensor_free(p);
    return count > 0 ? sum / count : 0;
}

static void check_steps(const int32_t *classes)
{
    rnn_model_t *m;
    rnn_layer_t *h = start(&m);
    rnn_model_set_output(m, rnn_dense(m, h, 3, RNN_SOFTMAX), "tags");
    rnn_trainer_t *t = built_trainer(m);
    CHECK_OK(rnn_trainer_set_loss(t, NULL, RNN_LOSS_CROSS_ENTROPY));
    int32_t copy[B * T];
    memcpy(copy, classes, sizeof(copy));
    rnn_tensor_t *target = toy_wrap(RNN_I32, 2, B, T, 0, copy);
    rnn_batch_t *batch = batch_of(1, &target, target);
    double loss = -1;
    CHECK_OK(rnn_trainer_forward(t, batch, &loss));
    CHECK_NEAR(loss, expected_loss(m, batch, classes, 3), 1e-6);
    CHECK_OK(rnn_trainer_backward(t));
    rnn_batch_free(batch);
    rnn_trainer_free(t);
    rnn_model_free(m);
}

TEST(loss_is_the_mean_over_useful_steps)
{
    const int32_t classes[B * T] = { 0, 1, 2, 0, 1, 1, 0, 0, 2, 0, 1, 0 };
    check_steps(classes);
}

TEST(ignored_steps_do_not_count)
{
    const int32_t classes[B * T] = { 0, -1, 2, 0, -1, -1, 0, 0, 2, -1, 1, 0 };
    check_steps(classes);
}

TEST(all_steps_ignored_give_a_loss_and_gradients_of_0)
{
    int32_t classes[B * T];
    for (int i = 0; i < B * T; i++) classes[i] = -1;
    check_steps(classes);
    rnn_model_t *m;
    rnn_layer_t *h = start(&m);
    rnn_model_set_output(m, rnn_dense(m, h, 3, RNN_SOFTMAX), "tags");
    rnn_trainer_t *t = built_trainer(m);
    CHECK_OK(rnn_trainer_set_loss(t, NULL, RNN_LOSS_CROSS_ENTROPY));
    rnn_tensor_t *target = toy_wrap(RNN_I32, 2, B, T, 0, classes);
    rnn_batch_t *batch = batch_of(1, &target, target);
    CHECK_OK(rnn_trainer_forward(t, batch, NULL));
    CHECK_OK(rnn_trainer_backward(t));
    rnn_tensor_t *g = rnn_trainer_gradient(t, "dense.weight");
    for (int i = 0; i < 9; i++) CHECK_NEAR(rnn_tensor_get(g, i), 0, 0);
    rnn_tensor_free(g);
    rnn_batch_free(batch);
    rnn_trainer_free(t);
    rnn_model_free(m);
}

TEST(targets_need_the_steps_of_their_input)
{
    rnn_model_t *m;
    rnn_layer_t *h = start(&m);
    rnn_model_set_output(m, rnn_dense(m, h, 3, RNN_SOFTMAX), "tags");
    rnn_trainer_t *t = built_trainer(m);
    CHECK_OK(rnn_trainer_set_loss(t, NULL, RNN_LOSS_CROSS_ENTROPY));
    int32_t classes[B * T] = { 0 };
    rnn_tensor_t *target = toy_wrap(RNN_I32, 2, B, T, 0, classes);
    rnn_batch_t *batch = batch_of(1, &target, NULL); /* all of 4 steps */
    CHECK_STATUS(rnn_trainer_forward(t, batch, NULL), RNN_ERROR_SHAPE);
    CHECK_STR(rnn_last_error(), "sample 1: target of output 'tags' has 4 steps, but input 'x' has 2");
    rnn_batch_free(batch);
    rnn_trainer_free(t);
    rnn_model_free(m);
}

TEST(wrong_width_is_refused)
{
    rnn_model_t *m;
    rnn_layer_t *h = start(&m);
    rnn_model_set_output(m, rnn_dense(m, rnn_last(m, h), 3, RNN_LINEAR), "y");
    rnn_trainer_t *t = built_trainer(m);
    CHECK_OK(rnn_trainer_set_loss(t, NULL, RNN_LOSS_MSE));
    float values[B * 2] = { 0 };
    rnn_tensor_t *target = toy_wrap(RNN_F32, 2, B, 2, 0, values);
    rnn_batch_t *batch = batch_of(1, &target, NULL);
    CHECK_STATUS(rnn_trainer_forward(t, batch, NULL), RNN_ERROR_SHAPE);
    CHECK_STR(rnn_last_error(), "target 0 has 2 values a row, but output 'y' has 3 features");
    rnn_batch_free(batch);
    rnn_trainer_free(t);
    rnn_model_free(m);
}

TEST(probabilities_out_of_range_are_refused)
{
    rnn_model_t *m;
    rnn_layer_t *h = start(&m);
    rnn_model_set_output(m, rnn_dense(m, rnn_last(m, h), 1, RNN_SIGMOID), "y");
    rnn_trainer_t *t = built_trainer(m);
    CHECK_OK(rnn_trainer_set_loss(t, NULL, RNN_LOSS_BINARY_CROSS_ENTROPY));
    float values[B] = { 0, 0.5f, 1.5f };
    rnn_tensor_t *target = toy_wrap(RNN_F32, 2, B, 1, 0, values);
    rnn_batch_t *batch = batch_of(1, &target, NULL);
    CHECK_STATUS(rnn_trainer_forward(t, batch, NULL), RNN_ERROR_RANGE);
    CHECK_STR(rnn_last_error(), "sample 2: target of output 'y' is 1.5, expected 0 to 1");
    rnn_batch_free(batch);
    rnn_trainer_free(t);
    rnn_model_free(m);
}

TEST(too_many_targets_are_refused)
{
    rnn_model_t *m;
    rnn_layer_t *h = start(&m);
    rnn_model_set_output(m, rnn_dense(m, rnn_last(m, h), 1, RNN_LINEAR), "y");
    rnn_trainer_t *t = built_trainer(m);
    CHECK_OK(rnn_trainer_set_loss(t, NULL, RNN_LOSS_MSE));
    float values[B] = { 0 };
    rnn_tensor_t *targets[2] = { toy_wrap(RNN_F32, 2, B, 1, 0, values),
                                 toy_wrap(RNN_F32, 2, B, 1, 0, values) };
    rnn_batch_t *batch = batch_of(2, targets, NULL);
    CHECK_STATUS(rnn_trainer_forward(t, batch, NULL), RNN_ERROR_SHAPE);
    rnn_batch_free(batch);
    rnn_trainer_free(t);
    rnn_model_free(m);
}

/* ---- Several outputs ---- */

static void copy_weight(rnn_model_t *from, rnn_model_t *to, const char *name)
{
    rnn_tensor_t *w = rnn_model_weight(from, name);
    CHECK_OK(rnn_model_set_weight(to, name, w));
    rnn_tensor_free(w);
}

static int32_t class_targets[B] = { 2, 0, 1 };
static float value_targets[B] = { 0.5f, -1, 2 };

/* A class and a value from one layer; `which` is a bit mask of the outputs that have a loss. */
static double two_outputs(int which, double *gradient)
{
    rnn_model_t *m;
    rnn_layer_t *h = rnn_last(NULL, NULL), *lstm = start(&m);
    h = rnn_last(m, lstm);
    rnn_model_set_output(m, rnn_dense(m, h, 3, RNN_SOFTMAX), "class");
    rnn_model_set_output(m, rnn_dense(m, h, 1, RNN_LINEAR), "value");
    rnn_trainer_t *t = built_trainer(m);
    rnn_tensor_t *targets[2];
    int32_t count = 0;
    if (which & 1) {
        CHECK_OK(rnn_trainer_set_loss(t, "class", RNN_LOSS_CROSS_ENTROPY));
        targets[count++] = toy_wrap(RNN_I32, 1, B, 0, 0, class_targets);
    }
    if (which & 2) {
        CHECK_OK(rnn_trainer_set_loss(t, "value", RNN_LOSS_MSE));
        targets[count++] = toy_wrap(RNN_F32, 2, B, 1, 0, value_targets);
    }
    rnn_batch_t *batch = batch_of(count, targets, NULL);
    double loss = 0;
    CHECK_OK(rnn_trainer_forward(t, batch, &loss));
    CHECK_OK(rnn_trainer_backward(t));
    rnn_tensor_t *g = rnn_trainer_gradient(t, "lstm.weight_ih_l0");
    *gradient = rnn_tensor_get(g, 5);
    rnn_tensor_free(g);
    rnn_batch_free(batch);
    rnn_trainer_free(t);
    rnn_model_free(m);
    return loss;
}

TEST(losses_and_gradients_of_outputs_add_up)
{
    double g[4] = { 0 }, loss[4] = { 0 };
    for (int which = 1; which < 4; which++) loss[which] = two_outputs(which, &g[which]);
    CHECK_NEAR(loss[3], loss[1] + loss[2], 1e-6);
    CHECK_NEAR(g[3], g[1] + g[2], 1e-6);
    CHECK(fabs(g[1]) > 1e-6 && fabs(g[2]) > 1e-6);
}

/* A softmax or sigmoid output that another layer reads cannot be run without its activation: the loss is
 * taken from the probabilities, with the same result. The reader's weights are 0, so that it changes nothing.
 */
static void check_shared(int32_t activation, int32_t loss, int64_t units)
{
    rnn_model_t *alone, *shared;
    rnn_layer_t *h = start(&alone);
    rnn_model_set_output(alone, rnn_dense(alone, rnn_last(alone, h), units, activation), "y");
    h = start(&shared);
    h = rnn_dense(shared, rnn_last(shared, h), units, activation);
    rnn_model_set_output(shared, h, "y");
    rnn_model_set_output(shared, rnn_dense(shared, h, 1, RNN_LINEAR), "more");
    rnn_trainer_t *t = built_trainer(alone), *u = built_trainer(shared);
    for (int64_t i = 0; i < rnn_model_weights(alone); i++)
        copy_weight(alone, shared, rnn_model_weight_name(alone, i));
    CHECK_OK(rnn_trainer_set_loss(t, "y", loss));
    CHECK_OK(rnn_trainer_set_loss(u, "y", loss));
    int32_t classes[B] = { 1, 0, 1 };
    float values[B * 2] = { 0, 1, 0.25f, 0.5f, 1, 0 };
    double a = 0, b = 0;
    rnn_tensor_t *target = loss == RNN_LOSS_CROSS_ENTROPY ? toy_wrap(RNN_I32, 1, B, 0, 0, classes)
                                                          : toy_wrap(RNN_F32, 2, B, 2, 0, values);
    rnn_batch_t *batch = batch_of(1, &target, NULL);
    CHECK_OK(rnn_trainer_forward(t, batch, &a));
    CHECK_OK(rnn_trainer_forward(u, batch, &b));
    CHECK_NEAR(a, b, 1e-6);
    CHECK_OK(rnn_trainer_backward(t));
    CHECK_OK(rnn_trainer_backward(u));
    rnn_tensor_t *v = rnn_trainer_gradient(t, "lstm.weight_ih_l0"),
                 *w = rnn_trainer_gradient(u, "lstm.weight_ih_l0");
    for (int64_t i = 0; i < rnn_tensor_count(v); i++)
        CHECK_NEAR(rnn_tensor_get(v, i), rnn_tensor_get(w, i), 2e-6);
    rnn_tensor_free(v);
    rnn_tensor_free(w);
    rnn_batch_free(batch);
    rnn_trainer_free(t);
    rnn_trainer_free(u);
    rnn_model_free(alone);
    rnn_model_free(shared);
}

TEST(softmax_that_is_read_again) { check_shared(RNN_SOFTMAX, RNN_LOSS_CROSS_ENTROPY, 3); }
TEST(sigmoid_that_is_read_again) { check_shared(RNN_SIGMOID, RNN_LOSS_BINARY_CROSS_ENTROPY, 2); }

/* The same layer under two names, with a loss each: both count. */
TEST(one_layer_as_two_outputs)
{
    rnn_model_t *m;
    rnn_layer_t *h = start(&m);
    h = rnn_dense(m, rnn_last(m, h), 1, RNN_LINEAR);
    rnn_model_set_output(m, h, "a");
    rnn_model_set_output(m, h, "b");
    rnn_trainer_t *t = built_trainer(m);
    double loss[2] = { 0 }, g[2] = { 0 };
    for (int i = 0; i < 2; i++) {
        CHECK_OK(rnn_trainer_set_loss(t, i ? "b" : "a", RNN_LOSS_MSE));
        rnn_tensor_t *targets[2] = { toy_wrap(RNN_F32, 2, B, 1, 0, value_targets),
                                     toy_wrap(RNN_F32, 2, B, 1, 0, value_targets) };
        if (i == 0) rnn_tensor_free(targets[1]);
        rnn_batch_t *batch = batch_of(i + 1, targets, NULL);
        CHECK_OK(rnn_trainer_forward(t, batch, &loss[i]));
        CHECK_OK(rnn_trainer_backward(t));
        rnn_tensor_t *view = rnn_trainer_gradient(t, "dense.bias");
        g[i] = rnn_tensor_get(view, 0);
        rnn_tensor_free(view);
        rnn_batch_free(batch);
    }
    CHECK_NEAR(loss[1], 2 * loss[0], 1e-6);
    CHECK_NEAR(g[1], 2 * g[0], 1e-6);
    rnn_trainer_free(t);
    rnn_model_free(m);
}

TEST_MAIN
