/* SPDX-License-Identifier: MIT */
#include "train/toy.h"

/* The steps of one's own loop, on a model small enough to be computed by hand: y = w x + b on vectors. */

typedef struct line {
    rnn_model_t *model;
    rnn_trainer_t *trainer;
    rnn_batch_t *batch;
} line;

static void set_weight(rnn_model_t *m, const char *name, int32_t rank, int64_t a, int64_t b, float *values)
{
    rnn_tensor_t *tensor = toy_wrap(RNN_F32, rank, a, b, 0, values);
    CHECK_OK(rnn_model_set_weight(m, name, tensor));
    rnn_tensor_free(tensor);
}

static void fill(rnn_batch_t *batch, float *x, float *t)
{
    rnn_tensor_t *input = toy_wrap(RNN_F32, 2, 2, 1, 0, x),
                 *target = t ? toy_wrap(RNN_F32, 2, 2, 1, 0, t) : NULL;
    CHECK_OK(rnn_batch_set_input(batch, 0, input, NULL));
    if (t) CHECK_OK(rnn_batch_set_target(batch, 0, target, NULL));
    rnn_tensor_free(input);
    rnn_tensor_free(target);
}

/* w = 2, b = 1, x = (1, 3), t = (0, 5): y = (3, 7), differences (3, 2). */
static line begin(int32_t activation, int with_target)
{
    line l = { .model = rnn_model_create(NULL) };
    float w = 2, b = 1, x[2] = { 1, 3 }, t[2] = { 0, 5 };
    rnn_model_set_output(l.model, rnn_dense(l.model, rnn_input_vector(l.model, "x", 1), 1, activation), "y");
    CHECK_OK(rnn_model_build(l.model));
    set_weight(l.model, "dense.weight", 2, 1, 1, &w);
    set_weight(l.model, "dense.bias", 1, 1, 0, &b);
    l.trainer = rnn_trainer_create(l.model);
    CHECK(l.trainer);
    CHECK_OK(rnn_trainer_set_loss(l.trainer, NULL, RNN_LOSS_MSE));
    CHECK_OK(rnn_trainer_set_optimizer(l.trainer, RNN_OPTIM_SGD, 0.1));
    l.batch = rnn_batch_create(NULL);
    fill(l.batch, x, with_target ? t : NULL);
    return l;
}

static void end(line *l)
{
    rnn_batch_free(l->batch);
    rnn_trainer_free(l->trainer);
    rnn_model_free(l->model);
}

static double gradient(rnn_trainer_t *t, const char *name)
{
    rnn_tensor_t *view = rnn_trainer_gradient(t, name);
    CHECK(view);
    double value = rnn_tensor_get(view, 0);
    rnn_tensor_free(view);
    return value;
}

static double weight(rnn_model_t *m, const char *name)
{
    rnn_tensor_t *view = rnn_model_weight(m, name);
    CHECK(view);
    double value = rnn_tensor_get(view, 0);
    rnn_tensor_free(view);
    return value;
}

TEST(forward_backward_step)
{
    line l = begin(RNN_LINEAR, 1);
    double loss = 0;
    CHECK_OK(rnn_trainer_forward(l.trainer, l.batch, &loss));
    CHECK_NEAR(loss, (9 + 4) / 2.0, 1e-6);
    CHECK_OK(rnn_trainer_backward(l.trainer));
    CHECK_NEAR(gradient(l.trainer, "dense.weight"), 3 * 1 + 2 * 3, 1e-6); /* sum of 2/2 difference x */
    CHECK_NEAR(gradient(l.trainer, "dense.bias"), 3 + 2, 1e-6);
    CHECK_OK(rnn_trainer_step(l.trainer));
    CHECK_NEAR(weight(l.model, "dense.weight"), 2 - 0.9, 1e-6);
    CHECK_NEAR(weight(l.model, "dense.bias"), 1 - 0.5, 1e-6);
    CHECK_OK(rnn_trainer_forward(l.trainer, l.batch, &loss));
    CHECK_NEAR(loss, (1.6 * 1.6 + 1.2 * 1.2) / 2, 1e-5);
    end(&l);
}

TEST(gradients_are_replaced_not_summed)
{
    line l = begin(RNN_LINEAR, 1);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(rnn_trainer_forward(l.trainer, l.batch, NULL));
        CHECK_OK(rnn_trainer_backward(l.trainer));
        CHECK_NEAR(gradient(l.trainer, "dense.bias"), 5, 1e-6);
    }
    end(&l);
}

TEST(clip_scales_to_the_norm)
{
    line l = begin(RNN_LINEAR, 1);
    double norm = 0, before = sqrt(81 + 25);
    CHECK_OK(rnn_trainer_forward(l.trainer, l.batch, NULL));
    CHECK_OK(rnn_trainer_backward(l.trainer));
    CHECK_OK(rnn_trainer_clip(l.trainer, 100, &norm));
    CHECK_NEAR(norm, before, 1e-5);
    CHECK_NEAR(gradient(l.trainer, "dense.bias"), 5, 1e-6);
    CHECK_OK(rnn_trainer_clip(l.trainer, 1, NULL));
    CHECK_NEAR(gradient(l.trainer, "dense.bias"), 5 / before, 1e-6);
    CHECK_NEAR(gradient(l.trainer, "dense.weight"), 9 / before, 1e-6);
    CHECK_OK(rnn_trainer_clip(l.trainer, 0, NULL));
    CHECK_NEAR(gradient(l.trainer, "dense.bias"), 0, 0);
    CHECK_STATUS(rnn_trainer_clip(l.trainer, -1, NULL), RNN_ERROR_RANGE);
    end(&l);
}

TEST(order_of_calls_is_checked)
{
    line l = begin(RNN_LINEAR, 1);
    rnn_tensor_t *output = NULL;
    CHECK_STATUS(rnn_trainer_backward(l.trainer), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_trainer_step(l.trainer), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_trainer_clip(l.trainer, 1, NULL), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_trainer_output(l.trainer, 0, &output), RNN_ERROR_STATE);
    CHECK(!rnn_trainer_gradient(l.trainer, "dense.bias"));
    CHECK_OK(rnn_trainer_forward(l.trainer, l.batch, NULL));
    CHECK_STATUS(rnn_trainer_output(l.trainer, 1, &output), RNN_ERROR_ARGUMENT);
    CHECK_OK(rnn_trainer_backward(l.trainer));
    CHECK_STATUS(rnn_trainer_backward(l.trainer), RNN_ERROR_STATE);
    CHECK(!rnn_trainer_gradient(l.trainer, "dense.wait"));
    end(&l);
}

TEST(batch_without_target_has_no_loss)
{
    line l = begin(RNN_LINEAR, 0);
    double loss = 5;
    CHECK_OK(rnn_trainer_forward(l.trainer, l.batch, &loss));
    CHECK_NEAR(loss, 0, 0);
    CHECK_STATUS(rnn_trainer_backward(l.trainer), RNN_ERROR_STATE);
    end(&l);
}

TEST(gradient_outlives_its_trainer)
{
    line l = begin(RNN_LINEAR, 1);
    CHECK_OK(rnn_trainer_forward(l.trainer, l.batch, NULL));
    CHECK_OK(rnn_trainer_backward(l.trainer));
    rnn_tensor_t *view = rnn_trainer_gradient(l.trainer, "dense.bias");
    CHECK(!rnn_tensor_data(view)); /* read-only */
    end(&l);
    CHECK_NEAR(rnn_tensor_get(view, 0), 5, 1e-6);
    rnn_tensor_free(view);
}

TEST(input_gradient_after_it_was_asked_for)
{
    line l = begin(RNN_LINEAR, 1);
    rnn_tensor_t *dx = NULL;
    CHECK_OK(rnn_trainer_forward(l.trainer, l.batch, NULL));
    CHECK_OK(rnn_trainer_backward(l.trainer));
    CHECK_STATUS(rnn_trainer_input_gradient(l.trainer, 0, &dx), RNN_ERROR_STATE);
    CHECK_OK(rnn_trainer_input_gradient(l.trainer, 0, NULL));
    CHECK_STATUS(rnn_trainer_input_gradient(l.trainer, 0, &dx), RNN_ERROR_STATE);
    CHECK_OK(rnn_trainer_forward(l.trainer, l.batch, NULL));
    CHECK_OK(rnn_trainer_backward(l.trainer));
    CHECK_OK(rnn_trainer_input_gradient(l.trainer, 0, &dx));
    CHECK_INT(rnn_tensor_size(dx, 0), 2);
    CHECK_NEAR(rnn_tensor_get(dx, 0), 3 * 2, 1e-6); /* difference times w */
    CHECK_NEAR(rnn_tensor_get(dx, 1), 2 * 2, 1e-6);
    rnn_tensor_free(dx);
    CHECK_STATUS(rnn_trainer_input_gradient(l.trainer, 1, NULL), RNN_ERROR_ARGUMENT);
    end(&l);
}

TEST(tokens_have_no_gradient)
{
    rnn_model_t *model = toy_built(NULL, 1, RNN_LINEAR, 0);
    rnn_trainer_t *t = rnn_trainer_create(model);
    CHECK_STATUS(rnn_trainer_input_gradient(t, 0, NULL), RNN_ERROR_ARGUMENT);
    rnn_trainer_free(t);
    rnn_model_free(model);
}

/* ---- Upstream gradients and outputs, also of outputs that are run without their activation ---- */

static void check_upstream(int with_target)
{
    line l = begin(RNN_SIGMOID, 0);
    float x[2] = { 1, 3 }, t[2] = { 1, 0 }, u[2] = { 2, -1 };
    CHECK_OK(rnn_trainer_set_loss(l.trainer, NULL, RNN_LOSS_BINARY_CROSS_ENTROPY));
    fill(l.batch, x, with_target ? t : NULL);
    CHECK_OK(rnn_trainer_forward(l.trainer, l.batch, NULL));
    rnn_tensor_t *y = NULL, *upstream = toy_wrap(RNN_F32, 2, 2, 1, 0, u);
    CHECK_OK(rnn_trainer_output(l.trainer, 0, &y));
    double p[2] = { 1 / (1 + exp(-3.0)), 1 / (1 + exp(-7.0)) };
    CHECK_NEAR(rnn_tensor_get(y, 0), p[0], 1e-6);
    CHECK_NEAR(rnn_tensor_get(y, 1), p[1], 1e-6);
    CHECK_OK(rnn_trainer_backward_from(l.trainer, (const rnn_tensor_t *const[]){ upstream }, 1));
    CHECK_NEAR(gradient(l.trainer, "dense.bias"), 2 * p[0] * (1 - p[0]) - p[1] * (1 - p[1]), 1e-6);
    rnn_tensor_free(y);
    rnn_tensor_free(upstream);
    end(&l);
}

TEST(upstream_gradients_without_a_target) { check_upstream(0); }
TEST(upstream_gradients_replace_the_loss) { check_upstream(1); }

TEST(upstream_of_another_shape_is_refused)
{
    line l = begin(RNN_LINEAR, 1);
    float u[3] = { 1, 2, 3 };
    rnn_tensor_t *upstream = toy_wrap(RNN_F32, 2, 3, 1, 0, u);
    CHECK_OK(rnn_trainer_forward(l.trainer, l.batch, NULL));
    CHECK_STATUS(rnn_trainer_backward_from(l.trainer, NULL, 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_backward_from(l.trainer, (const rnn_tensor_t *const[]){ upstream, NULL }, 2),
                 RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_trainer_backward_from(l.trainer, (const rnn_tensor_t *const[]){ upstream }, 1),
                 RNN_ERROR_SHAPE);
    CHECK_STR(rnn_last_error(), "the gradient of output 'y' has the shape [3, 1], expected [2, 1]");
    CHECK_OK(rnn_trainer_backward(l.trainer)); /* nothing was changed */
    rnn_tensor_free(upstream);
    end(&l);
}

TEST(softmax_output_is_given_as_the_model_runs_it)
{
    rnn_context_t *context = toy_context(2);
    rnn_model_t *model = toy_built(context, 3, RNN_SOFTMAX, 0);
    rnn_dataset_t *data = toy_data(context, 20, 3);
    rnn_trainer_t *t = toy_trainer(model, RNN_LOSS_CROSS_ENTROPY, 1, 20);
    rnn_batch_t *batch = NULL;
    rnn_tensor_t *y = NULL, *ran = NULL;
    CHECK_OK(rnn_dataset_set_int(data, RNN_DATA_BATCH, 20));
    CHECK_OK(rnn_dataset_next_batch(data, &batch));
    CHECK_OK(rnn_trainer_forward(t, batch, NULL));
    CHECK_OK(rnn_trainer_output(t, 0, &y));
    CHECK_OK(rnn_model_run(model, batch, &ran, 1));
    CHECK_BYTES(rnn_tensor_const_data(y), rnn_tensor_const_data(ran), 60 * sizeof(float));
    CHECK_OK(rnn_trainer_backward(t)); /* the output was only looked at */
    rnn_tensor_free(y);
    rnn_tensor_free(ran);
    rnn_trainer_free(t);
    rnn_dataset_free(data);
    rnn_model_free(model);
    rnn_context_free(context);
}

/* One's own loop over the batches of a dataset gives the bits of a fit that does not shuffle. */
TEST(own_loop_equals_fit)
{
    rnn_context_t *context = toy_context(2);
    rnn_model_t *a = toy_built(context, 3, RNN_SOFTMAX, 0), *b = toy_built(context, 3, RNN_SOFTMAX, 0);
    rnn_dataset_t *data = toy_data(context, 50, 3);
    rnn_trainer_t *fit = toy_trainer(a, RNN_LOSS_CROSS_ENTROPY, 2, 16),
                  *own = toy_trainer(b, RNN_LOSS_CROSS_ENTROPY, 2, 16);
    CHECK_OK(rnn_trainer_set_int(fit, RNN_TRAIN_SHUFFLE, 0));
    CHECK_OK(rnn_trainer_set_float(fit, RNN_TRAIN_CLIP_NORM, 0.5));
    CHECK_OK(rnn_trainer_fit(fit, data));
    CHECK_OK(rnn_dataset_set_int(data, RNN_DATA_BATCH, 16));
    for (int epoch = 0; epoch < 2; epoch++)
        for (rnn_batch_t *batch; rnn_dataset_next_batch(data, &batch) == RNN_OK;) {
            CHECK_OK(rnn_trainer_forward(own, batch, NULL));
            CHECK_OK(rnn_trainer_backward(own));
            CHECK_OK(rnn_trainer_clip(own, 0.5, NULL));
            CHECK_OK(rnn_trainer_step(own));
        }
    toy_check_same(a, b);
    rnn_trainer_free(fit);
    rnn_trainer_free(own);
    rnn_dataset_free(data);
    rnn_model_free(a);
    rnn_model_free(b);
    rnn_context_free(context);
}

TEST_MAIN
