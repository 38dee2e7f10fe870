/* SPDX-License-Identifier: MIT */
#include "train/toy.h"

#include <math.h>

/* With one update an epoch, the figure is the norm of what a low-level backward gives. */
TEST(history_has_the_norm_of_each_layer)
{
    rnn_context_t *context = toy_context(1);
    rnn_model_t *m = toy_built(context, 3, RNN_SOFTMAX, 0), *n = toy_built(context, 3, RNN_SOFTMAX, 0);
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, 1, 20);
    rnn_trainer_t *u = toy_trainer(n, RNN_LOSS_CROSS_ENTROPY, 1, 20);
    rnn_dataset_t *data = toy_data(context, 20, 3);
    rnn_batch_t *batch = NULL;
    CHECK_OK(rnn_dataset_set_int(data, RNN_DATA_BATCH, 20));
    CHECK_OK(rnn_trainer_fit(t, data));
    CHECK_OK(rnn_trainer_fit(u, data));
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_GRADIENT_NORMS, 1));
    CHECK_OK(rnn_trainer_set_float(t, RNN_TRAIN_CLIP_NORM, 1e-3)); /* norms are those before */
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_SHUFFLE, 0));
    CHECK_OK(rnn_trainer_fit(t, data));
    CHECK_OK(rnn_dataset_next_batch(data, &batch));
    CHECK_OK(rnn_trainer_forward(u, batch, NULL));
    CHECK_OK(rnn_trainer_backward(u));
    for (int64_t i = 0; i < rnn_model_weights(n); i++) {
        char layer[64], figure[96];
        double sum = 0;
        snprintf(layer, sizeof(layer), "%s", rnn_model_weight_name(n, i));
        layer[strcspn(layer, ".")] = 0;
        for (int64_t j = 0; j < rnn_model_weights(n); j++) {
            char name[128];
            snprintf(name, sizeof(name), "%s", rnn_model_weight_name(n, j));
            if (strncmp(name, layer, strlen(layer)) != 0 || name[strlen(layer)] != '.') continue;
            rnn_tensor_t *gradient = rnn_trainer_gradient(u, name);
            for (int64_t k = 0; k < rnn_tensor_count(gradient); k++)
                sum += pow(rnn_tensor_get(gradient, k), 2);
            rnn_tensor_free(gradient);
        }
        snprintf(figure, sizeof(figure), "gradient_norm.%s", layer);
        CHECK(isnan(toy_history(t, figure, 0)));
        CHECK(sum > 0);
        CHECK_NEAR(toy_history(t, figure, 1), sqrt(sum), 1e-5);
    }
    CHECK(!rnn_trainer_history(t, "gradient_norm.nobody"));
    rnn_dataset_free(data);
    rnn_trainer_free(t);
    rnn_trainer_free(u);
    rnn_model_free(m);
    rnn_model_free(n);
    rnn_context_free(context);
}

TEST_MAIN
