/* SPDX-License-Identifier: MIT */
#include "train/toy.h"

#include <math.h>

/* A dense net of one input feature: y = w x + b by hand, what settings of layers do to an update. */
typedef struct line {
    rnn_context_t *context;
    rnn_model_t *model;
    rnn_layer_t *layer;
    rnn_trainer_t *trainer;
    rnn_batch_t *batch;
    double w, b, dw, db; /* before an update, and gradients */
} line;

static double number_of(rnn_tensor_t *tensor)
{
    double number = rnn_tensor_get(tensor, 0);
    rnn_tensor_free(tensor);
    return number;
}

static double weight(const line *l, const char *name) { return number_of(rnn_model_weight(l->model, name)); }

static line begin(int32_t optimizer)
{
    static float x[2] = { 1, 2 }, y[2] = { 3, -4 };
    line l = { .context = toy_context(1) };
    l.model = rnn_model_create(l.context);
    l.layer = rnn_dense(l.model, rnn_input_vector(l.model, "x", 1), 1, RNN_LINEAR);
    CHECK_OK(rnn_layer_set_name(l.layer, "line"));
    CHECK_OK(rnn_model_set_output(l.model, l.layer, "y"));
    CHECK_OK(rnn_model_build(l.model));
    l.trainer = toy_trainer(l.model, RNN_LOSS_MSE, 1, 2);
    CHECK_OK(rnn_trainer_set_optimizer(l.trainer, optimizer, 0.1));
    const int64_t single = 1;
    rnn_tensor_t *one = rnn_tensor_create(l.context, RNN_F32, 1, &single);
    CHECK_OK(rnn_tensor_set(one, 0, 0.75));
    CHECK_OK(rnn_model_set_weight(l.model, "line.bias", one));
    rnn_tensor_free(one);
    rnn_tensor_t *inputs = toy_wrap(RNN_F32, 2, 2, 1, 0, x), *targets = toy_wrap(RNN_F32, 2, 2, 1, 0, y);
    l.batch = rnn_batch_create(l.context);
    CHECK_OK(rnn_batch_set_input(l.batch, 0, inputs, NULL));
    CHECK_OK(rnn_batch_set_target(l.batch, 0, targets, NULL));
    rnn_tensor_free(inputs);
    rnn_tensor_free(targets);
    return l;
}

static void step(line *l)
{
    l->w = weight(l, "line.weight");
    l->b = weight(l, "line.bias");
    CHECK_OK(rnn_trainer_forward(l->trainer, l->batch, NULL));
    CHECK_OK(rnn_trainer_backward(l->trainer));
    l->dw = number_of(rnn_trainer_gradient(l->trainer, "line.weight"));
    l->db = number_of(rnn_trainer_gradient(l->trainer, "line.bias"));
    CHECK_OK(rnn_trainer_step(l->trainer));
}

static void end(line *l)
{
    rnn_batch_free(l->batch);
    rnn_trainer_free(l->trainer);
    rnn_model_free(l->model);
    rnn_context_free(l->context);
}

TEST(plain)
{
    line l = begin(RNN_OPTIM_SGD);
    step(&l);
    CHECK_NEAR(weight(&l, "line.weight"), l.w - 0.1 * l.dw, 1e-6);
    CHECK_NEAR(weight(&l, "line.bias"), l.b - 0.1 * l.db, 1e-6);
    end(&l);
}

TEST(frozen_layer_keeps_its_weights_and_has_no_gradients)
{
    line l = begin(RNN_OPTIM_ADAM);
    CHECK_OK(rnn_layer_set_int(l.layer, RNN_LAYER_TRAINABLE, 0));
    step(&l);
    CHECK(l.dw == 0 && l.db == 0);
    CHECK_NEAR(weight(&l, "line.weight"), l.w, 0);
    CHECK_NEAR(weight(&l, "line.bias"), l.b, 0);
    CHECK_OK(rnn_layer_set_int(l.layer, RNN_LAYER_TRAINABLE, 1));
    step(&l);
    CHECK(weight(&l, "line.weight") != l.w);
    end(&l);
}

TEST(frozen_gradients_do_not_count_in_the_norm)
{
    line l = begin(RNN_OPTIM_SGD);
    double norm = -1;
    CHECK_OK(rnn_layer_set_int(l.layer, RNN_LAYER_TRAINABLE, 0));
    step(&l);
    CHECK_OK(rnn_trainer_clip(l.trainer, 1, &norm));
    CHECK_NEAR(norm, 0, 0);
    end(&l);
}

TEST(rate_scale)
{
    line l = begin(RNN_OPTIM_SGD);
    CHECK_OK(rnn_layer_set_float(l.layer, RNN_LAYER_RATE_SCALE, 0.25));
    step(&l);
    CHECK_NEAR(weight(&l, "line.weight"), l.w - 0.025 * l.dw, 1e-6);
    end(&l);
}

TEST(l2_is_for_matrices)
{
    line l = begin(RNN_OPTIM_SGD);
    CHECK_OK(rnn_layer_set_float(l.layer, RNN_LAYER_L2, 0.5));
    step(&l);
    CHECK_NEAR(weight(&l, "line.weight"), l.w - 0.1 * (l.dw + 0.5 * l.w), 1e-6);
    CHECK_NEAR(weight(&l, "line.bias"), l.b - 0.1 * l.db, 1e-6);
    end(&l);
}

TEST(weight_decay_is_for_all_weights_of_layers_that_take_it)
{
    line l = begin(RNN_OPTIM_SGD);
    CHECK_OK(rnn_trainer_set_float(l.trainer, RNN_OPTIM_WEIGHT_DECAY, 0.5));
    step(&l);
    CHECK_NEAR(weight(&l, "line.weight"), l.w - 0.1 * (l.dw + 0.5 * l.w), 1e-6);
    CHECK_NEAR(weight(&l, "line.bias"), l.b - 0.1 * (l.db + 0.5 * l.b), 1e-6);
    CHECK_OK(rnn_layer_set_int(l.layer, RNN_LAYER_DECAY, 0));
    step(&l);
    CHECK_NEAR(weight(&l, "line.bias"), l.b - 0.1 * l.db, 1e-6);
    end(&l);
}

TEST(decoupled_decay)
{
    line l = begin(RNN_OPTIM_ADAMW);
    CHECK_OK(rnn_trainer_set_float(l.trainer, RNN_OPTIM_WEIGHT_DECAY, 0.5));
    CHECK_OK(rnn_trainer_set_float(l.trainer, RNN_OPTIM_EPSILON, 0));
    step(&l); /* Adam's first step is the sign of the gradient */
    CHECK_NEAR(weight(&l, "line.bias"), l.b * (1 - 0.05) - copysign(0.1, l.db), 1e-6);
    end(&l);
}

TEST(clip_by_value)
{
    line l = begin(RNN_OPTIM_SGD);
    step(&l);
    CHECK(fabs(l.dw) > 0.5 && fabs(l.db) > 0.5);
    CHECK_OK(rnn_trainer_clip_value(l.trainer, 0.5));
    CHECK_NEAR(number_of(rnn_trainer_gradient(l.trainer, "line.weight")), copysign(0.5, l.dw), 0);
    CHECK_NEAR(number_of(rnn_trainer_gradient(l.trainer, "line.bias")), copysign(0.5, l.db), 0);
    CHECK_STATUS(rnn_trainer_clip_value(l.trainer, -1), RNN_ERROR_RANGE);
    end(&l);
}

TEST_MAIN
