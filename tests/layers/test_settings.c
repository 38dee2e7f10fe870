/* SPDX-License-Identifier: MIT */
/* Settings of layers: which a kind takes, their ranges and defaults, and how they can be asked for. */
#include "model/helpers.h"

/* One layer of each kind. */
static rnn_layer_t *make(rnn_model_t *m, const char *kind)
{
    rnn_layer_t *ids = rnn_input_tokens(m, "ids"), *x = rnn_input_values(m, "x", 3), *pair[2] = { x, x };
    struct {
        const char *kind;
        rnn_layer_t *layer;
    } layers[] = {
        { "input_tokens", ids },
        { "input_values", x },
        { "input_vector", rnn_input_vector(m, "v", 3) },
        { "embedding", rnn_embedding(m, ids, 10, 4) },
        { "simple_rnn", rnn_simple_rnn(m, x, 4) },
        { "lstm", rnn_lstm(m, x, 4) },
        { "gru", rnn_gru(m, x, 4) },
        { "final_state", rnn_final_state(m, rnn_lstm(m, x, 4), RNN_STATE_HIDDEN) },
        { "dense", rnn_dense(m, x, 4, RNN_RELU) },
        { "activation", rnn_activation(m, x, RNN_GELU) },
        { "dropout", rnn_dropout(m, x, 0.5) },
        { "layer_norm", rnn_layer_norm(m, x) },
        { "batch_norm", rnn_batch_norm(m, x) },
        { "add", rnn_add(m, pair, 2) },
        { "concat", rnn_concat(m, pair, 2) },
        { "repeat", rnn_repeat(m, rnn_last(m, x), x) },
        { "last", rnn_last(m, x) },
        { "mean_pool", rnn_mean_pool(m, x) },
        { "max_pool", rnn_max_pool(m, x) },
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        if (strcmp(layers[i].kind, kind) == 0) return layers[i].layer;
    return NULL;
}

static rnn_status_t set(rnn_layer_t *layer, const rnn_setting_t *row, double value)
{
    if (row->type == RNN_SETTING_INT) return rnn_layer_set_int(layer, row->id, (int64_t)value);
    return rnn_layer_set_float(layer, row->id, value);
}

static double get(rnn_layer_t *layer, int32_t id)
{
    double value = NAN;
    CHECK_OK(rnn_layer_get_float(layer, id, &value));
    return value;
}

/* The description tells the truth: both ends of the range are taken, what lies beyond is refused and changes
 * nothing. */
static void check_row(rnn_layer_t *layer, const rnn_setting_t *row)
{
    CHECK(row->name && *row->name && row->minimum <= row->standard && row->standard <= row->maximum);
    CHECK_OK(set(layer, row, row->minimum));
    CHECK_NEAR(get(layer, row->id), row->minimum, 0);
    CHECK_OK(set(layer, row, row->maximum));
    CHECK_NEAR(get(layer, row->id), row->maximum, 0);
    CHECK_STATUS(set(layer, row, row->maximum + 1), RNN_ERROR_RANGE);
    CHECK(strstr(rnn_last_error(), row->name) && strstr(rnn_last_error(), rnn_layer_name(layer)));
    CHECK_STATUS(set(layer, row, row->minimum - 1), RNN_ERROR_RANGE);
    CHECK_NEAR(get(layer, row->id), row->maximum, 0);
}

TEST(every_setting_of_every_kind)
{
    for (int32_t k = 0; rnn_layer_kind_at(k); k++) {
        const char *kind = rnn_layer_kind_at(k);
        rnn_setting_t row = { .struct_size = sizeof row };
        rnn_status_t status = RNN_OK;
        for (int32_t i = 0; (status = rnn_layer_setting(kind, i, &row)) == RNN_OK; i++) {
            rnn_model_t *m = rnn_model_create(NULL);
            rnn_layer_t *layer = make(m, kind);
            CHECK(layer != NULL);
            check_row(layer, &row);
            rnn_model_free(m);
        }
        CHECK_STATUS(status, RNN_END);
    }
}

/* Settings that a kind does not list are refused with both names. */
TEST(settings_of_other_kinds)
{
    for (int32_t k = 0; rnn_layer_kind_at(k); k++)
        for (int32_t id = RNN_LAYER_UNITS; id <= RNN_LAYER_DECAY; id++) {
            rnn_setting_t row = { .struct_size = sizeof row };
            int listed = 0;
            for (int32_t i = 0; rnn_layer_setting(rnn_layer_kind_at(k), i, &row) == RNN_OK; i++)
                listed |= row.id == id;
            if (listed) continue;
            rnn_model_t *m = rnn_model_create(NULL);
            rnn_layer_t *layer = make(m, rnn_layer_kind_at(k));
            double value = 3;
            CHECK_STATUS(rnn_layer_set_int(layer, id, 1), RNN_ERROR_ARGUMENT);
            CHECK(strstr(rnn_last_error(), rnn_layer_kind_at(k)) != NULL);
            CHECK_STATUS(rnn_layer_get_float(layer, id, &value), RNN_ERROR_ARGUMENT);
            CHECK_NEAR(value, 3, 0);
            CHECK_STATUS(rnn_model_build(m), RNN_ERROR_ARGUMENT);
            rnn_model_free(m);
        }
}

TEST(numbers_that_are_no_settings)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *layer = make(m, "lstm");
    int64_t value = 5;
    static const int32_t ids[] = { 0, -1, RNN_LAYER_DECAY + 1, 1000, INT32_MAX, INT32_MIN };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        CHECK_STATUS(rnn_layer_set_int(layer, ids[i], 1), RNN_ERROR_ARGUMENT);
        CHECK_STATUS(rnn_layer_get_int(layer, ids[i], &value), RNN_ERROR_ARGUMENT);
    }
    CHECK_INT(value, 5);
    rnn_model_free(m);
}

TEST(types)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *layer = make(m, "lstm");
    int64_t value = 5;
    CHECK(rnn_layer_set_float(layer, RNN_LAYER_LAYERS, 2) < 0);
    CHECK(rnn_layer_get_int(layer, RNN_LAYER_DROPOUT, &value) < 0);
    CHECK_INT(value, 5);
    CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_DROPOUT, 0));
    CHECK_STATUS(rnn_layer_set_float(layer, RNN_LAYER_DROPOUT, NAN), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_layer_set_float(layer, RNN_LAYER_DROPOUT, 1), RNN_ERROR_RANGE);
    rnn_model_free(m);
}

/* Defaults as the headers state them; the constructors' arguments are settings, too. */
TEST(defaults)
{
    static const struct {
        const char *kind;
        int32_t id;
        double value;
    } table[] = {
        { "lstm", RNN_LAYER_UNITS, 4 },          { "lstm", RNN_LAYER_BIAS, RNN_BIAS_ONE },
        { "gru", RNN_LAYER_BIAS, RNN_BIAS_TWO }, { "simple_rnn", RNN_LAYER_BIAS, RNN_BIAS_ONE },
        { "lstm", RNN_LAYER_DIRECTION, RNN_FORWARD }, { "lstm", RNN_LAYER_MERGE, RNN_MERGE_CONCAT },
        { "lstm", RNN_LAYER_LAYERS, 1 },         { "lstm", RNN_LAYER_FORGET_BIAS, 1 },
        { "gru", RNN_LAYER_RESET, RNN_RESET_AFTER }, { "simple_rnn", RNN_LAYER_ACTIVATION, RNN_TANH },
        { "dense", RNN_LAYER_ACTIVATION, RNN_RELU }, { "dense", RNN_LAYER_BIAS, RNN_BIAS_ONE },
        { "embedding", RNN_LAYER_MASK_ID, -1 },  { "embedding", RNN_LAYER_VOCABULARY, 10 },
        { "dropout", RNN_LAYER_DROPOUT, 0.5 },   { "lstm", RNN_LAYER_RECURRENT_DROPOUT, 0 },
        { "input_values", RNN_LAYER_FEATURES, 3 },
    };
    rnn_model_t *m = rnn_model_create(NULL);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        rnn_model_t *own = rnn_model_create(NULL);
        CHECK_NEAR(get(make(own, table[i].kind), table[i].id), table[i].value, 0);
        rnn_model_free(own);
    }
    rnn_model_free(m);
}

TEST(describing)
{
    rnn_setting_t row = { .struct_size = sizeof row };
    CHECK_STATUS(rnn_layer_setting("no such kind", 0, &row), RNN_ERROR_NAME);
    CHECK_STATUS(rnn_layer_setting(NULL, 0, &row), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_layer_setting("lstm", 0, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_layer_setting("lstm", -1, &row), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_layer_setting("lstm", 1000, &row), RNN_END);
    CHECK(row.name == NULL);
    CHECK_STATUS(rnn_layer_setting("add", 0, &row), RNN_END);
}

TEST_MAIN
