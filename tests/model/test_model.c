/* SPDX-License-Identifier: MIT */
/* A model's references, weights by name, and what travels with it. */
#include "model/zoo.h"

static rnn_model_t *small_model(void)
{
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_lstm(model, rnn_input_values(model, "x", 2), 3);
    CHECK_OK(rnn_model_set_output(model, rnn_dense(model, rnn_last(model, h), 2, RNN_SOFTMAX), "y"));
    CHECK_OK(rnn_model_build(model));
    return model;
}

TEST(references)
{
    rnn_model_t *model = small_model();
    CHECK(rnn_model_retain(model) == model);
    rnn_model_free(model);
    CHECK_INT(rnn_model_outputs(model), 1);
    rnn_model_free(model);
    rnn_model_free(NULL);
    CHECK(rnn_model_retain(NULL) == NULL);
}

TEST(null_models)
{
    rnn_tensor_t *outputs[1] = { NULL };
    CHECK_STATUS(rnn_model_build(NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_output(NULL, NULL, "y"), RNN_ERROR_ARGUMENT);
    CHECK_INT(rnn_model_inputs(NULL), 0);
    CHECK_INT(rnn_model_outputs(NULL), 0);
    CHECK_INT(rnn_model_weights(NULL), 0);
    CHECK_INT(rnn_model_parameters(NULL), 0);
    CHECK_INT(rnn_model_output_features(NULL, 0), 0);
    CHECK(rnn_model_input_name(NULL, 0) == NULL && rnn_model_output_name(NULL, 0) == NULL);
    CHECK(rnn_model_weight_name(NULL, 0) == NULL && rnn_model_weight(NULL, "a.b") == NULL);
    CHECK(rnn_model_layer(NULL, "a") == NULL && rnn_model_tokenizer(NULL, NULL) == NULL);
    CHECK(rnn_model_class_name(NULL, NULL, 0) == NULL && rnn_model_metadata(NULL, "a") == NULL);
    CHECK_STATUS(rnn_model_set_weight(NULL, "a.b", NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_tokenizer(NULL, NULL, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_classes(NULL, NULL, NULL, 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_metadata(NULL, "a", "b"), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_run(NULL, NULL, outputs, 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_predict(NULL, NULL, NULL, outputs), RNN_ERROR_ARGUMENT);
    CHECK(outputs[0] == NULL);
}

/* ---- weights ---- */

/* A view is read-only, shows what is written later, and keeps its model alive. */
TEST(weight_views)
{
    rnn_model_t *model = small_model();
    rnn_tensor_t *view = rnn_model_weight(model, "dense.bias");
    CHECK(view != NULL && rnn_tensor_data(view) == NULL && rnn_tensor_const_data(view) != NULL);
    CHECK_STATUS(rnn_tensor_set(view, 0, 1), RNN_ERROR_STATE);
    CHECK_NEAR(rnn_tensor_get(view, 1), 0, 0);
    rnn_tensor_t *values = help_random_tensor(RNN_F32, 2, -1, -1, 1);
    CHECK_OK(rnn_model_set_weight(model, "dense.bias", values));
    rnn_model_free(model);
    help_same(view, values);
    rnn_tensor_free(values);
    rnn_tensor_free(view);
}

TEST(weights_by_name)
{
    static const char *const wrong[] = { "dense",     "dense.", "dense.weights",
                                         ".weight",   "",       "lstm.weight_ih_l1",
                                         "DENSE.bias" };
    rnn_model_t *model = small_model();
    rnn_tensor_t *values = help_tensor(RNN_F32, 2, -1, -1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(rnn_model_weight(model, wrong[i]) == NULL);
        CHECK_STATUS(rnn_model_set_weight(model, wrong[i], values), RNN_ERROR_NAME);
    }
    CHECK(rnn_model_weight(model, NULL) == NULL);
    CHECK_STATUS(rnn_model_set_weight(model, NULL, values), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_weight(model, "dense.bias", NULL), RNN_ERROR_ARGUMENT);
    rnn_tensor_free(values);
    rnn_model_free(model);
}

TEST(weights_before_the_build)
{
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_tensor_t *values = help_tensor(RNN_F32, 2, -1, -1);
    CHECK(rnn_dense(model, rnn_input_vector(model, "x", 2), 2, RNN_LINEAR) != NULL);
    CHECK(rnn_model_weight(model, "dense.bias") == NULL);
    CHECK_STATUS(rnn_model_set_weight(model, "dense.bias", values), RNN_ERROR_STATE);
    CHECK_INT(rnn_model_weights(model), 0);
    rnn_tensor_free(values);
    rnn_model_free(model);
}

/* Values that are refused leave the weight as it was. */
TEST(bad_values)
{
    rnn_model_t *model = small_model();
    struct {
        rnn_tensor_t *values;
        rnn_status_t status;
    } table[] = {
        { help_tensor(RNN_F32, 3, -1, -1), RNN_ERROR_SHAPE },
        { help_tensor(RNN_F32, 2, 1, -1), RNN_ERROR_SHAPE },
        { help_tensor(RNN_F32, -1, -1, -1), RNN_ERROR_SHAPE },
        { help_tensor(RNN_I32, 2, -1, -1), RNN_ERROR_TYPE },
        { help_tensor(RNN_F32, 2, -1, -1), RNN_ERROR_DATA },
        { help_tensor(RNN_F64, 2, -1, -1), RNN_ERROR_DATA },
    };
    CHECK_OK(rnn_tensor_set(table[4].values, 1, NAN));
    CHECK_OK(rnn_tensor_set(table[5].values, 0, INFINITY));
    rnn_tensor_t *good = help_random_tensor(RNN_F32, 2, -1, -1, 4),
                 *view = rnn_model_weight(model, "dense.bias");
    CHECK_OK(rnn_model_set_weight(model, "dense.bias", good));
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        CHECK_STATUS(rnn_model_set_weight(model, "dense.bias", table[i].values), table[i].status);
        CHECK(strstr(rnn_last_error(), "dense.bias") != NULL);
        help_same(view, good);
        rnn_tensor_free(table[i].values);
    }
    rnn_tensor_free(good);
    rnn_tensor_free(view);
    rnn_model_free(model);
}

/* Any float type and any strides. */
TEST(types_of_values)
{
    static const int32_t types[] = { RNN_F32, RNN_F64, RNN_F16, RNN_BF16 };
    rnn_model_t *model = small_model();
    rnn_tensor_t *view = rnn_model_weight(model, "dense.weight");
    for (int i = 0; i < 4; i++) {
        rnn_tensor_t *turned = help_tensor(types[i], 3, 2, -1);
        for (int64_t k = 0; k < 6; k++) CHECK_OK(rnn_tensor_set(turned, k, (double)(k + i)));
        rnn_tensor_t *values = rnn_tensor_transpose(turned, 0, 1);
        CHECK_OK(rnn_model_set_weight(model, "dense.weight", values));
        for (int64_t k = 0; k < 6; k++) CHECK_NEAR(rnn_tensor_get(view, k), rnn_tensor_get(values, k), 0);
        rnn_tensor_free(values);
        rnn_tensor_free(turned);
    }
    rnn_tensor_free(view);
    rnn_model_free(model);
}

/* What runs follows what is written: packed copies are made again. */
TEST(runs_use_new_weights)
{
    for (int i = 0; i < ZOO_ROWS; i++) {
        rnn_model_t *one = zoo_make(NULL, &zoo[i]), *two = zoo_make(NULL, &zoo[i]);
        help_random_weights(one, 5, 0.4);
        rnn_trainer_t *trainer = rnn_trainer_create(two); /* packs for the way back as well */
        CHECK(trainer != NULL);
        help_random_weights(two, 5, 0.4);
        rnn_batch_t *batch = help_batch(zoo_data(&zoo[i], 3, 4, 1), NULL);
        rnn_tensor_t *a = help_run(one, batch), *b = help_run(two, batch);
        help_same(a, b);
        rnn_tensor_free(a);
        rnn_tensor_free(b);
        rnn_batch_free(batch);
        rnn_trainer_free(trainer);
        rnn_model_free(one);
        rnn_model_free(two);
    }
}

/* ---- what travels with a model ---- */

TEST(metadata)
{
    rnn_model_t *model = small_model();
    CHECK(rnn_model_metadata(model, "author") == NULL && rnn_model_metadata(model, NULL) == NULL);
    CHECK_OK(rnn_model_set_metadata(model, "scale", "2.5"));
    CHECK_OK(rnn_model_set_metadata(model, "author", "somebody"));
    CHECK_OK(rnn_model_set_metadata(model, "zero", ""));
    CHECK_STR(rnn_model_metadata(model, "author"), "somebody");
    CHECK_STR(rnn_model_metadata(model, "scale"), "2.5");
    CHECK_STR(rnn_model_metadata(model, "zero"), "");
    CHECK_OK(rnn_model_set_metadata(model, "author", "somebody else"));
    CHECK_STR(rnn_model_metadata(model, "author"), "somebody else");
    CHECK_OK(rnn_model_set_metadata(model, "author", NULL));
    CHECK_OK(rnn_model_set_metadata(model, "author", NULL));
    CHECK(rnn_model_metadata(model, "author") == NULL);
    CHECK_STR(rnn_model_metadata(model, "scale"), "2.5");
    CHECK_STATUS(rnn_model_set_metadata(model, "rnn.model", "x"), RNN_ERROR_NAME);
    CHECK_STATUS(rnn_model_set_metadata(model, "", "x"), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_metadata(model, NULL, "x"), RNN_ERROR_ARGUMENT);
    CHECK_OK(rnn_model_set_metadata(model, "rnnx", "x"));
    rnn_model_free(model);
}

/* A value that is set to itself, out of the model's own storage. */
TEST(metadata_of_itself)
{
    rnn_model_t *model = small_model();
    CHECK_OK(rnn_model_set_metadata(model, "a", "text"));
    CHECK_OK(rnn_model_set_metadata(model, "a", rnn_model_metadata(model, "a")));
    CHECK_STR(rnn_model_metadata(model, "a"), "text");
    rnn_model_free(model);
}

TEST(classes)
{
    static const char *const names[] = { "no", "yes" }, *const others[] = { "never", "always" };
    static const char *const holes[] = { "no", NULL };
    rnn_model_t *model = small_model();
    CHECK(rnn_model_class_name(model, NULL, 0) == NULL);
    CHECK_OK(rnn_model_set_classes(model, NULL, names, 2));
    CHECK_STR(rnn_model_class_name(model, NULL, 1), "yes");
    CHECK_STR(rnn_model_class_name(model, "y", 0), "no");
    CHECK(rnn_model_class_name(model, NULL, 2) == NULL && rnn_model_class_name(model, NULL, -1) == NULL);
    CHECK(rnn_model_class_name(model, "z", 0) == NULL);
    CHECK_STATUS(rnn_model_set_classes(model, NULL, holes, 2), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_classes(model, NULL, names, 0), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_model_set_classes(model, NULL, names, -1), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_model_set_classes(model, NULL, NULL, 2), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_classes(model, "z", names, 2), RNN_ERROR_NAME);
    CHECK_STR(rnn_model_class_name(model, NULL, 1), "yes");
    CHECK_OK(rnn_model_set_classes(model, "y", others, 2));
    CHECK_STR(rnn_model_class_name(model, NULL, 1), "always");
    rnn_model_free(model);
}

TEST(tokenizers)
{
    rnn_model_t *model = zoo_make(NULL, &zoo[ZOO_ROWS - 1]), *values = small_model();
    rnn_tokenizer_t *tokenizer = rnn_tokenizer_create(NULL);
    CHECK(zoo[ZOO_ROWS - 1].tokens && tokenizer != NULL && rnn_model_tokenizer(model, NULL) == NULL);
    CHECK_STATUS(rnn_model_set_tokenizer(model, NULL, tokenizer), RNN_ERROR_STATE);
    CHECK_OK(rnn_tokenizer_add_text(tokenizer, "one two two", -1));
    CHECK_OK(rnn_tokenizer_build(tokenizer));
    CHECK_STATUS(rnn_model_set_tokenizer(values, NULL, tokenizer), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_set_tokenizer(model, "z", tokenizer), RNN_ERROR_NAME);
    CHECK_STATUS(rnn_model_set_tokenizer(model, NULL, NULL), RNN_ERROR_ARGUMENT);
    CHECK_OK(rnn_model_set_tokenizer(model, NULL, tokenizer));
    CHECK_OK(rnn_model_set_tokenizer(model, "x", tokenizer));
    rnn_tokenizer_free(tokenizer);
    CHECK(rnn_model_tokenizer(model, "x") == tokenizer && rnn_model_tokenizer(model, "z") == NULL);
    CHECK_STR(rnn_tokenizer_token(rnn_model_tokenizer(model, NULL), RNN_TOKEN_FIRST), "two");
    rnn_model_free(model);
    rnn_model_free(values);
}

/* With several inputs or outputs a name is needed. */
TEST(names_where_there_are_several)
{
    static const char *const names[] = { "a", "b" };
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(model, "x", 2), *y = rnn_dense(model, x, 2, RNN_SOFTMAX);
    CHECK_OK(rnn_model_set_output(model, y, "y"));
    CHECK_OK(rnn_model_set_output(model, rnn_last(model, y), "z"));
    CHECK_OK(rnn_model_build(model));
    CHECK_STATUS(rnn_model_set_classes(model, NULL, names, 2), RNN_ERROR_NAME);
    CHECK(strstr(rnn_last_error(), "2 outputs") != NULL);
    CHECK_OK(rnn_model_set_classes(model, "z", names, 2));
    CHECK(rnn_model_class_name(model, "y", 0) == NULL);
    CHECK_STR(rnn_model_class_name(model, "z", 0), "a");
    rnn_model_free(model);
}

TEST_MAIN
