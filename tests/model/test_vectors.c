/* SPDX-License-Identifier: MIT */
/* Models without any sequence (one to one), and a vector unrolled over steps (one to many). */
#include "model/zoo.h"

enum { COUNT = 150, FEATURES = 4 };

/* Plain dense nets: y = W2 elu(norm(W1 x)). */
static rnn_model_t *dense_net(void)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_vector(m, "x", FEATURES);
    rnn_layer_t *h = rnn_activation(m, rnn_layer_norm(m, rnn_dense(m, x, 12, RNN_LINEAR)), RNN_ELU);
    CHECK_OK(rnn_model_set_output(m, rnn_dense(m, h, 2, RNN_LINEAR), "y"));
    CHECK_OK(rnn_model_build(m));
    return m;
}

/* y = (x0 x1, x2 + x3). */
static rnn_dataset_t *products(void)
{
    rnn_tensor_t *x = help_random_tensor(RNN_F32, COUNT, FEATURES, -1, 3),
                 *y = help_tensor(RNN_F32, COUNT, 2, -1);
    for (int64_t i = 0; i < COUNT; i++) {
        double v[FEATURES];
        for (int64_t j = 0; j < FEATURES; j++) v[j] = rnn_tensor_get(x, i * FEATURES + j);
        CHECK_OK(rnn_tensor_set(y, i * 2, v[0] * v[1]));
        CHECK_OK(rnn_tensor_set(y, i * 2 + 1, v[2] + v[3]));
    }
    rnn_dataset_t *data = rnn_dataset_create(NULL);
    CHECK_OK(rnn_dataset_add_input(data, x, NULL));
    CHECK_OK(rnn_dataset_add_target(data, y, NULL));
    rnn_tensor_free(x);
    rnn_tensor_free(y);
    return data;
}

TEST(runs_and_predicts)
{
    rnn_model_t *model = dense_net();
    rnn_dataset_t *data = products();
    rnn_tensor_t *all = NULL;
    CHECK_OK(rnn_model_predict(model, data, NULL, &all));
    CHECK_INT(rnn_tensor_rank(all), 2);
    CHECK_INT(rnn_tensor_size(all, 0), COUNT);
    CHECK_INT(rnn_tensor_size(all, 1), 2);
    rnn_batch_t *batch = help_batch(help_random_tensor(RNN_F32, COUNT, FEATURES, -1, 3), NULL);
    rnn_tensor_t *once = help_run(model, batch);
    help_same(all, once);
    rnn_tensor_free(once);
    rnn_tensor_free(all);
    rnn_batch_free(batch);
    rnn_dataset_free(data);
    rnn_model_free(model);
}

TEST(fits)
{
    rnn_model_t *model = dense_net();
    rnn_dataset_t *data = products();
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    rnn_result_t result = { .struct_size = sizeof result };
    CHECK_OK(rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_MSE));
    CHECK_OK(rnn_trainer_set_optimizer(trainer, RNN_OPTIM_ADAM, 0.02));
    CHECK_OK(rnn_trainer_set_int(trainer, RNN_TRAIN_EPOCHS, 60));
    CHECK_OK(rnn_trainer_fit(trainer, data));
    CHECK_OK(rnn_trainer_evaluate(trainer, data, &result));
    CHECK(result.loss < 0.02);
    rnn_trainer_free(trainer);
    rnn_dataset_free(data);
    rnn_model_free(model);
}

TEST(cannot_be_stepped)
{
    rnn_model_t *model = dense_net();
    CHECK(rnn_state_create(model) == NULL);
    CHECK(strstr(rnn_last_error(), "sequence input") != NULL);
    rnn_model_free(model);
}

/* One to many: a vector at every step of a sequence of tokens. It comes from an input, so that such a model
 * can be stepped. */
TEST(one_to_many)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *words = rnn_embedding(m, rnn_input_tokens(m, "words"), 9, 3),
                *image = rnn_input_vector(m, "image", 2);
    rnn_layer_t *sides[2] = { rnn_repeat(m, rnn_dense(m, image, 3, RNN_TANH), words), words };
    CHECK_OK(rnn_model_set_output(m, rnn_gru(m, rnn_concat(m, sides, 2), 4), "y"));
    CHECK_OK(rnn_model_build(m));
    rnn_batch_t *batch = rnn_batch_create(NULL);
    rnn_tensor_t *ids = help_random_ids(1, 6, 9, 2), *v = help_random_tensor(RNN_F32, 1, 2, -1, 4);
    CHECK_OK(rnn_batch_set_input(batch, 0, ids, NULL));
    CHECK_OK(rnn_batch_set_input(batch, 1, v, NULL));
    rnn_tensor_t *whole = help_run(m, batch);
    rnn_state_t *state = rnn_state_create(m);
    CHECK(state != NULL);
    CHECK_OK(rnn_state_set_vector(state, 1, rnn_tensor_const_data(v), 2));
    for (int64_t t = 0; t < 6; t++) {
        float out[4];
        CHECK_OK(rnn_state_step_token(state, (int32_t)rnn_tensor_get(ids, t), out));
        CHECK_BYTES(out, (const float *)rnn_tensor_const_data(whole) + 4 * t, sizeof out);
    }
    rnn_state_free(state);
    rnn_tensor_free(whole);
    rnn_tensor_free(ids);
    rnn_tensor_free(v);
    rnn_batch_free(batch);
    rnn_model_free(m);
}

/* What a whole sequence gives is not known while it goes on. */
TEST(repeated_ends_cannot_be_stepped)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(m, "x", 3);
    CHECK_OK(rnn_model_set_output(m, rnn_repeat(m, rnn_mean_pool(m, x), x), "y"));
    CHECK_OK(rnn_model_build(m));
    CHECK(rnn_state_create(m) == NULL);
    CHECK(strstr(rnn_last_error(), "repeat") != NULL);
    rnn_model_free(m);
}

TEST(repeat_is_checked)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(m, "x", 3);
    CHECK_OK(rnn_model_set_output(m, rnn_repeat(m, x, x), "y"));
    CHECK_STATUS(rnn_model_build(m), RNN_ERROR_SHAPE);
    rnn_model_free(m);
    m = rnn_model_create(NULL);
    rnn_layer_t *v = rnn_input_vector(m, "v", 3);
    CHECK_OK(rnn_model_set_output(m, rnn_repeat(m, v, v), "y"));
    CHECK_STATUS(rnn_model_build(m), RNN_ERROR_SHAPE);
    rnn_model_free(m);
    m = rnn_model_create(NULL);
    CHECK(rnn_repeat(m, rnn_input_vector(m, "v", 3), NULL) == NULL);
    CHECK_STATUS(rnn_model_build(m), RNN_ERROR_ARGUMENT);
    rnn_model_free(m);
}

TEST_MAIN
