/* SPDX-License-Identifier: MIT */
/* A clone gives the same bits, and is a model of its own. */
#include "model/zoo.h"

static void check_row(rnn_context_t *context, const zoo_row *row)
{
    rnn_model_t *model = zoo_make(context, row), *clone = rnn_model_clone(model);
    CHECK(clone != NULL);
    CHECK_INT(rnn_model_weights(clone), rnn_model_weights(model));
    CHECK_INT(rnn_model_parameters(clone), rnn_model_parameters(model));
    rnn_batch_t *batch = help_batch(zoo_data(row, 5, 4, 9), NULL);
    rnn_tensor_t *before = help_run(model, batch);
    help_random_weights(model, 999, 0.3); /* does not reach the clone */
    rnn_model_free(model);
    rnn_tensor_t *after = help_run(clone, batch);
    help_same(before, after);
    rnn_tensor_free(before);
    rnn_tensor_free(after);
    rnn_batch_free(batch);
    rnn_model_free(clone);
}

TEST(every_model)
{
    rnn_context_t *context = rnn_context_create(NULL);
    for (int i = 0; i < ZOO_ROWS; i++) check_row(context, &zoo[i]);
    rnn_context_free(context);
}

/* Initial states that come from layers behind, bridges, names, texts. */
TEST(edges_and_texts)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(m, "x", 3), *y = rnn_input_values(m, "y", 2);
    rnn_layer_t *decoder = rnn_gru(m, x, 4), *encoder = rnn_lstm(m, y, 5);
    CHECK_OK(rnn_layer_set_initial_state(decoder, encoder));
    CHECK_OK(rnn_layer_set_name(decoder, "decoder"));
    CHECK_OK(rnn_model_set_output(m, rnn_dense(m, decoder, 2, RNN_SOFTMAX), "answer"));
    CHECK_OK(rnn_model_build(m));
    static const char *const names[2] = { "no", "yes" };
    CHECK_OK(rnn_model_set_classes(m, NULL, names, 2));
    CHECK_OK(rnn_model_set_metadata(m, "author", "somebody"));
    CHECK_OK(rnn_model_set_blob(m, "scaler", "\0\1\2", 3));
    rnn_model_t *clone = rnn_model_clone(m);
    CHECK(clone != NULL);
    rnn_model_free(m);
    int64_t size = 0;
    CHECK(rnn_model_layer(clone, "decoder_bridge_h") != NULL);
    CHECK_STR(rnn_model_class_name(clone, "answer", 1), "yes");
    CHECK_STR(rnn_model_metadata(clone, "author"), "somebody");
    CHECK_BYTES(rnn_model_blob(clone, "scaler", &size), "\0\1\2", 3);
    CHECK_INT(size, 3);
    rnn_model_free(clone);
}

TEST(settings_of_training_come_along)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *layer = rnn_dense(m, rnn_input_vector(m, "x", 2), 3, RNN_LINEAR);
    CHECK_OK(rnn_model_set_output(m, layer, "y"));
    CHECK_OK(rnn_model_build(m));
    CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_TRAINABLE, 0));
    CHECK_OK(rnn_layer_set_float(layer, RNN_LAYER_RATE_SCALE, 0.25));
    CHECK_STATUS(rnn_layer_set_int(layer, RNN_LAYER_UNITS, 4), RNN_ERROR_STATE);
    rnn_model_t *clone = rnn_model_clone(m);
    double scale = 0;
    int64_t trainable = 1;
    CHECK_OK(rnn_layer_get_float(rnn_model_layer(clone, "dense"), RNN_LAYER_RATE_SCALE, &scale));
    CHECK_OK(rnn_layer_get_int(rnn_model_layer(clone, "dense"), RNN_LAYER_TRAINABLE, &trainable));
    CHECK_NEAR(scale, 0.25, 0);
    CHECK_INT(trainable, 0);
    rnn_model_free(clone);
    rnn_model_free(m);
}

TEST(only_built_models)
{
    rnn_model_t *m = rnn_model_create(NULL);
    CHECK(rnn_model_clone(m) == NULL);
    CHECK(strstr(rnn_last_error(), "built") != NULL);
    CHECK(rnn_model_clone(NULL) == NULL);
    rnn_model_free(m);
}

TEST_MAIN
