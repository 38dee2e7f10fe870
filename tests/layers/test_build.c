/* SPDX-License-Identifier: MIT */
/* What a build refuses, with the line that says why, and what it infers. */
#include "model/helpers.h"

/* Adds layers to an empty model; the build must fail. */
typedef void (*make_graph)(rnn_model_t *m);

typedef struct refusal {
    const char *name;
    make_graph make;
    rnn_status_t status;
    const char *words[3]; /* all of them stand in the error line */
} refusal;

static void out(rnn_model_t *m, rnn_layer_t *layer)
{
    (void)rnn_model_set_output(m, layer, "y");
}

static rnn_layer_t *values(rnn_model_t *m, const char *name)
{
    return rnn_input_values(m, name, 3);
}

static void no_output(rnn_model_t *m) { (void)rnn_lstm(m, values(m, "x"), 4); }
static void leads_nowhere(rnn_model_t *m)
{
    rnn_layer_t *x = values(m, "x");
    (void)rnn_lstm(m, x, 4);
    out(m, rnn_gru(m, x, 4));
}
static void two_axes_added(rnn_model_t *m)
{
    rnn_layer_t *both[2] = { values(m, "left"), values(m, "right") };
    out(m, rnn_add(m, both, 2));
}
static void two_axes_joined(rnn_model_t *m)
{
    rnn_layer_t *both[2] = { values(m, "left"), values(m, "right") };
    out(m, rnn_concat(m, both, 2));
}
static void sequence_and_vector(rnn_model_t *m)
{
    rnn_layer_t *both[2] = { values(m, "x"), rnn_input_vector(m, "v", 3) };
    out(m, rnn_add(m, both, 2));
}
static void unequal_features(rnn_model_t *m)
{
    rnn_layer_t *x = values(m, "x"), *both[2] = { x, rnn_gru(m, x, 4) };
    out(m, rnn_add(m, both, 2));
}
static void tokens_added(rnn_model_t *m)
{
    rnn_layer_t *x = rnn_input_tokens(m, "ids"), *both[2] = { x, x };
    out(m, rnn_add(m, both, 2));
}
static void dense_on_tokens(rnn_model_t *m) { out(m, rnn_dense(m, rnn_input_tokens(m, "ids"), 4, RNN_RELU)); }
static void lstm_on_tokens(rnn_model_t *m) { out(m, rnn_lstm(m, rnn_input_tokens(m, "ids"), 4)); }
static void dropout_on_tokens(rnn_model_t *m) { out(m, rnn_dropout(m, rnn_input_tokens(m, "ids"), 0.5)); }
static void embedding_on_values(rnn_model_t *m) { out(m, rnn_embedding(m, values(m, "x"), 10, 4)); }
static void lstm_on_vector(rnn_model_t *m) { out(m, rnn_lstm(m, rnn_input_vector(m, "v", 3), 4)); }
static void pool_on_vector(rnn_model_t *m) { out(m, rnn_mean_pool(m, rnn_input_vector(m, "v", 3))); }
static void last_of_last(rnn_model_t *m) { out(m, rnn_last(m, rnn_last(m, values(m, "x")))); }
static void state_of_dense(rnn_model_t *m)
{
    out(m, rnn_final_state(m, rnn_dense(m, values(m, "x"), 4, RNN_RELU), RNN_STATE_HIDDEN));
}
static void cell_of_gru(rnn_model_t *m)
{
    out(m, rnn_final_state(m, rnn_gru(m, values(m, "x"), 4), RNN_STATE_CELL));
}
static void no_such_state(rnn_model_t *m) { out(m, rnn_final_state(m, rnn_lstm(m, values(m, "x"), 4), 2)); }
static void mask_beyond_vocabulary(rnn_model_t *m)
{
    rnn_layer_t *table = rnn_embedding(m, rnn_input_tokens(m, "ids"), 10, 4);
    (void)rnn_layer_set_int(table, RNN_LAYER_MASK_ID, 10);
    out(m, table);
}
static void two_mask_ids(rnn_model_t *m)
{
    rnn_layer_t *ids = rnn_input_tokens(m, "ids");
    rnn_layer_t *both[2] = { rnn_embedding(m, ids, 10, 4), rnn_embedding(m, ids, 10, 4) };
    (void)rnn_layer_set_int(both[0], RNN_LAYER_MASK_ID, 1);
    (void)rnn_layer_set_int(both[1], RNN_LAYER_MASK_ID, 2);
    out(m, rnn_add(m, both, 2));
}
static void vector_of_wrong_size(rnn_model_t *m)
{
    rnn_layer_t *layer = rnn_gru(m, values(m, "x"), 4);
    (void)rnn_layer_set_initial_vector(layer, RNN_STATE_HIDDEN, rnn_input_vector(m, "h0", 5));
    out(m, layer);
}
static void initial_state_is_a_sequence(rnn_model_t *m)
{
    rnn_layer_t *x = values(m, "x"), *layer = rnn_gru(m, x, 3);
    (void)rnn_layer_set_initial_vector(layer, RNN_STATE_HIDDEN, x);
    out(m, layer);
}
static void cell_vector_for_gru(rnn_model_t *m)
{
    rnn_layer_t *layer = rnn_gru(m, values(m, "x"), 4);
    (void)rnn_layer_set_initial_vector(layer, RNN_STATE_CELL, rnn_input_vector(m, "c0", 4));
    out(m, layer);
}
static void layers_of_initial_state(rnn_model_t *m)
{
    rnn_layer_t *x = values(m, "x"), *from = rnn_gru(m, x, 4), *to = rnn_gru(m, x, 4);
    (void)rnn_layer_set_int(from, RNN_LAYER_LAYERS, 2);
    (void)rnn_layer_set_initial_state(to, from);
    out(m, to);
}
static void starts_from_itself(rnn_model_t *m)
{
    rnn_layer_t *layer = rnn_gru(m, values(m, "x"), 4);
    (void)rnn_layer_set_initial_state(layer, layer);
    out(m, layer);
}
static void starts_from_its_reader(rnn_model_t *m)
{
    rnn_layer_t *first = rnn_gru(m, values(m, "x"), 4), *second = rnn_gru(m, first, 4);
    (void)rnn_layer_set_initial_state(first, second);
    out(m, second);
}
static void starts_from_dense(rnn_model_t *m)
{
    rnn_layer_t *x = values(m, "x"), *layer = rnn_gru(m, x, 4);
    (void)rnn_layer_set_initial_state(layer, rnn_dense(m, x, 4, RNN_RELU));
    out(m, layer);
}
static void softmax_cell(rnn_model_t *m)
{
    rnn_layer_t *layer = rnn_simple_rnn(m, values(m, "x"), 4);
    (void)rnn_layer_set_int(layer, RNN_LAYER_ACTIVATION, RNN_SOFTMAX);
    out(m, layer);
}
static void null_input(rnn_model_t *m) { out(m, rnn_dense(m, NULL, 4, RNN_RELU)); }
static void add_nothing(rnn_model_t *m) { out(m, rnn_add(m, NULL, 2)); }
static void add_null(rnn_model_t *m)
{
    rnn_layer_t *both[2] = { values(m, "x"), NULL };
    out(m, rnn_add(m, both, 2));
}
static void no_units(rnn_model_t *m) { out(m, rnn_lstm(m, values(m, "x"), 0)); }
static void no_features(rnn_model_t *m) { out(m, rnn_input_values(m, "x", 0)); }
static void too_many_units(rnn_model_t *m) { out(m, rnn_dense(m, values(m, "x"), INT64_MAX, RNN_RELU)); }
static void no_such_activation(rnn_model_t *m) { out(m, rnn_dense(m, values(m, "x"), 4, 99)); }
static void rate_of_one(rnn_model_t *m) { out(m, rnn_dropout(m, values(m, "x"), 1)); }
static void two_names(rnn_model_t *m)
{
    rnn_layer_t *x = values(m, "x"), *a = rnn_dense(m, x, 3, RNN_TANH), *b = rnn_dense(m, a, 3, RNN_TANH);
    (void)rnn_layer_set_name(a, "same");
    (void)rnn_layer_set_name(b, "same");
    out(m, b);
}
static void two_inputs_of_one_name(rnn_model_t *m)
{
    rnn_layer_t *both[2] = { rnn_input_vector(m, "x", 2), rnn_input_vector(m, "x", 2) };
    out(m, rnn_add(m, both, 2));
}
static void two_outputs_of_one_name(rnn_model_t *m)
{
    rnn_layer_t *x = values(m, "x");
    out(m, rnn_dense(m, x, 3, RNN_TANH));
    out(m, rnn_dense(m, x, 3, RNN_TANH));
}
static void bad_name(rnn_model_t *m)
{
    rnn_layer_t *layer = rnn_dense(m, values(m, "x"), 3, RNN_TANH);
    (void)rnn_layer_set_name(layer, "a.b");
    out(m, layer);
}
static void unused_input(rnn_model_t *m)
{
    (void)rnn_input_tokens(m, "spare");
    out(m, rnn_dense(m, values(m, "x"), 3, RNN_TANH));
}
static void second_bias(rnn_model_t *m)
{
    rnn_layer_t *layer = rnn_dense(m, values(m, "x"), 3, RNN_TANH);
    (void)rnn_layer_set_int(layer, RNN_LAYER_BIAS, RNN_BIAS_TWO);
    out(m, layer);
}

static const refusal refusals[] = {
    { "no output", no_output, RNN_ERROR_STATE, { "output" } },
    { "a layer leads nowhere", leads_nowhere, RNN_ERROR_STATE, { "lstm" } },
    { "an input leads nowhere", unused_input, RNN_ERROR_STATE, { "spare" } },
    { "adding two axes", two_axes_added, RNN_ERROR_SHAPE, { "add", "left", "right" } },
    { "joining two axes", two_axes_joined, RNN_ERROR_SHAPE, { "concat", "left", "right" } },
    { "sequence and vector", sequence_and_vector, RNN_ERROR_SHAPE, { "add", "x", "v" } },
    { "unequal features", unequal_features, RNN_ERROR_SHAPE, { "add", "3", "4" } },
    { "adding tokens", tokens_added, RNN_ERROR_SHAPE, { "add", "ids" } },
    { "dense on tokens", dense_on_tokens, RNN_ERROR_SHAPE, { "dense", "ids" } },
    { "LSTM on tokens", lstm_on_tokens, RNN_ERROR_SHAPE, { "lstm", "ids" } },
    { "dropout on tokens", dropout_on_tokens, RNN_ERROR_SHAPE, { "dropout", "ids" } },
    { "embedding of values", embedding_on_values, RNN_ERROR_SHAPE, { "embedding", "x" } },
    { "LSTM on a vector", lstm_on_vector, RNN_ERROR_SHAPE, { "lstm", "v" } },
    { "pool of a vector", pool_on_vector, RNN_ERROR_SHAPE, { "mean_pool", "v" } },
    { "last of last", last_of_last, RNN_ERROR_SHAPE, { "last_1", "last" } },
    { "final state of dense", state_of_dense, 0, { "final_state", "dense" } },
    { "cell state of a GRU", cell_of_gru, 0, { "gru" } },
    { "no such state", no_such_state, RNN_ERROR_RANGE, { "state", "2" } },
    { "mask id beyond the vocabulary", mask_beyond_vocabulary, RNN_ERROR_RANGE, { "embedding", "10" } },
    { "two mask ids", two_mask_ids, 0, { "embedding", "mask" } },
    { "initial vector of another size", vector_of_wrong_size, RNN_ERROR_SHAPE, { "gru", "4", "5" } },
    { "initial vector is a sequence", initial_state_is_a_sequence, RNN_ERROR_SHAPE, { "gru", "x" } },
    { "cell vector of a GRU", cell_vector_for_gru, 0, { "gru" } },
    { "initial state of other layers",
      layers_of_initial_state,
      RNN_ERROR_SHAPE,
      { "gru_1", "gru", "layers" } },
    { "initial state of itself", starts_from_itself, 0, { "gru" } },
    { "initial state of its reader", starts_from_its_reader, 0, { "gru" } },
    { "initial state of dense", starts_from_dense, 0, { "dense" } },
    { "softmax cell", softmax_cell, 0, { "simple_rnn" } },
    { "NULL input", null_input, RNN_ERROR_ARGUMENT, { "dense", "NULL" } },
    { "adding nothing", add_nothing, RNN_ERROR_ARGUMENT, { "add" } },
    { "adding NULL", add_null, RNN_ERROR_ARGUMENT, { "add", "NULL" } },
    { "no units", no_units, RNN_ERROR_RANGE, { "units", "0" } },
    { "no features", no_features, RNN_ERROR_RANGE, { "features", "0" } },
    { "too many units", too_many_units, RNN_ERROR_RANGE, { "units" } },
    { "no such activation", no_such_activation, RNN_ERROR_RANGE, { "activation", "99" } },
    { "dropout of everything", rate_of_one, RNN_ERROR_RANGE, { "dropout" } },
    { "two layers of one name", two_names, RNN_ERROR_NAME, { "same" } },
    { "two inputs of one name", two_inputs_of_one_name, RNN_ERROR_NAME, { "x" } },
    { "two outputs of one name", two_outputs_of_one_name, RNN_ERROR_NAME, { "y" } },
    { "a dot in a name", bad_name, RNN_ERROR_ARGUMENT, { "a.b" } },
    { "two biases of a dense layer", second_bias, 0, { "bias" } },
};

/* The build fails with the status (0: any error) and the words, and again with the same when it is asked
 * again. */
static void check_refusal(const refusal *r)
{
    rnn_model_t *m = rnn_model_create(NULL);
    CHECK(m != NULL);
    r->make(m);
    rnn_status_t status = rnn_model_build(m);
    if (status >= 0 || (r->status && status != r->status)) printf("%s: %s\n", r->name, rnn_last_error());
    CHECK(status < 0);
    if (r->status) CHECK_STATUS(status, r->status);
    for (int i = 0; i < 3 && r->words[i]; i++) {
        if (!strstr(rnn_last_error(), r->words[i]))
            printf("%s: no '%s' in: %s\n", r->name, r->words[i], rnn_last_error());
        CHECK(strstr(rnn_last_error(), r->words[i]) != NULL);
    }
    char first[512];
    snprintf(first, sizeof first, "%s", rnn_last_error());
    CHECK(rnn_model_layer(m, "no such layer") == NULL);
    CHECK_STATUS(rnn_model_build(m), status);
    CHECK_STR(rnn_last_error(), first);
    CHECK_INT(rnn_model_parameters(m), 0);
    rnn_model_free(m);
}

TEST(refusals)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) check_refusal(&refusals[i]);
}

/* NULL in, NULL out; the model keeps the first reason, whatever comes after it. */
TEST(first_reason_is_kept)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_lstm(m, values(m, "x"), -3);
    CHECK(h == NULL);
    h = rnn_last(m, h);
    CHECK(h == NULL);
    h = rnn_dense(m, h, 1, RNN_SIGMOID);
    CHECK(h == NULL);
    CHECK(rnn_layer_set_int(h, RNN_LAYER_BIAS, RNN_BIAS_NONE) < 0);
    CHECK(rnn_model_set_output(m, h, "y") < 0);
    CHECK_STATUS(rnn_model_build(m), RNN_ERROR_RANGE);
    CHECK(strstr(rnn_last_error(), "units") && strstr(rnn_last_error(), "-3"));
    rnn_model_free(m);
}

/* A mistake that the build itself finds can be mended. */
TEST(a_failed_build_changes_nothing)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = values(m, "x"), *from = rnn_gru(m, x, 5), *to = rnn_gru(m, x, 4);
    CHECK_OK(rnn_layer_set_initial_state(to, from));
    CHECK_OK(rnn_layer_set_int(from, RNN_LAYER_LAYERS, 2));
    CHECK_OK(rnn_model_set_output(m, to, "y"));
    CHECK_STATUS(rnn_model_build(m), RNN_ERROR_SHAPE);
    CHECK(rnn_model_layer(m, "gru_1_bridge_h") == NULL);
    CHECK_OK(rnn_layer_set_int(from, RNN_LAYER_LAYERS, 1));
    CHECK_OK(rnn_model_build(m));
    CHECK(rnn_model_layer(m, "gru_1_bridge_h") != NULL);
    rnn_model_free(m);
}

TEST(building_twice)
{
    rnn_model_t *m = rnn_model_create(NULL);
    out(m, rnn_gru(m, values(m, "x"), 4));
    CHECK_OK(rnn_model_build(m));
    CHECK_STATUS(rnn_model_build(m), RNN_ERROR_STATE);
    rnn_model_free(m);
}

TEST(nothing_can_be_added_after_the_build)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = values(m, "x"), *h = rnn_gru(m, x, 4);
    out(m, h);
    CHECK_OK(rnn_model_build(m));
    CHECK(rnn_lstm(m, x, 4) == NULL);
    CHECK(strstr(rnn_last_error(), "built") != NULL);
    CHECK_STATUS(rnn_model_set_output(m, x, "z"), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_layer_set_name(h, "other"), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_layer_set_int(h, RNN_LAYER_LAYERS, 2), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_layer_set_float(h, RNN_LAYER_DROPOUT, 0.5), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_layer_set_initial_vector(h, RNN_STATE_HIDDEN, x), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_layer_set_initial_state(h, h), RNN_ERROR_STATE);
    CHECK_INT(rnn_model_outputs(m), 1);
    rnn_model_free(m);
}

/* Shapes and counts as Keras and PyTorch have them. */
typedef struct counted {
    const char *name;
    rnn_layer_t *(*make)(rnn_model_t *m, rnn_layer_t *x);
    int64_t features, parameters; /* on 3 features */
} counted;

static rnn_layer_t *with(rnn_layer_t *layer, int32_t setting, int64_t value)
{
    CHECK_OK(rnn_layer_set_int(layer, setting, value));
    return layer;
}

static rnn_layer_t *rnn_5(rnn_model_t *m, rnn_layer_t *x) { return rnn_simple_rnn(m, x, 5); }
static rnn_layer_t *lstm_5(rnn_model_t *m, rnn_layer_t *x) { return rnn_lstm(m, x, 5); }
static rnn_layer_t *lstm_two(rnn_model_t *m, rnn_layer_t *x)
{
    return with(lstm_5(m, x), RNN_LAYER_BIAS, RNN_BIAS_TWO);
}
static rnn_layer_t *gru_5(rnn_model_t *m, rnn_layer_t *x) { return rnn_gru(m, x, 5); }
static rnn_layer_t *gru_before(rnn_model_t *m, rnn_layer_t *x)
{
    return with(gru_5(m, x), RNN_LAYER_RESET, RNN_RESET_BEFORE);
}
static rnn_layer_t *gru_none(rnn_model_t *m, rnn_layer_t *x)
{
    return with(gru_5(m, x), RNN_LAYER_BIAS, RNN_BIAS_NONE);
}
static rnn_layer_t *both(rnn_model_t *m, rnn_layer_t *x)
{
    return with(lstm_5(m, x), RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL);
}
static rnn_layer_t *both_sum(rnn_model_t *m, rnn_layer_t *x)
{
    return with(both(m, x), RNN_LAYER_MERGE, RNN_MERGE_SUM);
}
static rnn_layer_t *both_two(rnn_model_t *m, rnn_layer_t *x) { return with(both(m, x), RNN_LAYER_LAYERS, 2); }
static rnn_layer_t *sum_two(rnn_model_t *m, rnn_layer_t *x)
{
    return with(both_sum(m, x), RNN_LAYER_LAYERS, 2);
}
static rnn_layer_t *last_both(rnn_model_t *m, rnn_layer_t *x) { return rnn_last(m, both(m, x)); }
static rnn_layer_t *final_two(rnn_model_t *m, rnn_layer_t *x)
{
    return rnn_final_state(m, both_two(m, x), RNN_STATE_CELL);
}
static rnn_layer_t *dense_2(rnn_model_t *m, rnn_layer_t *x) { return rnn_dense(m, x, 2, RNN_SOFTMAX); }
static rnn_layer_t *joined(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *parts[3] = { x, dense_2(m, x), x };
    return rnn_concat(m, parts, 3);
}

static const counted counts[] = {
    { "rnn", rnn_5, 5, 5 * (3 + 5 + 1) },
    { "lstm", lstm_5, 5, 20 * (3 + 5 + 1) },
    { "lstm, two biases", lstm_two, 5, 20 * (3 + 5 + 2) },
    { "gru", gru_5, 5, 15 * (3 + 5 + 2) },
    { "gru, reset before", gru_before, 5, 15 * (3 + 5 + 1) },
    { "gru, no bias", gru_none, 5, 15 * (3 + 5) },
    { "bidirectional", both, 10, 40 * (3 + 5 + 1) },
    { "bidirectional, sum", both_sum, 5, 40 * (3 + 5 + 1) },
    { "bidirectional, two layers", both_two, 10, 40 * (3 + 5 + 1) + 40 * (10 + 5 + 1) },
    { "bidirectional, sum, two layers", sum_two, 5, 40 * (3 + 5 + 1) + 40 * (10 + 5 + 1) },
    { "last of both", last_both, 10, 40 * (3 + 5 + 1) },
    { "final states of two layers", final_two, 20, 40 * (3 + 5 + 1) + 40 * (10 + 5 + 1) },
    { "dense", dense_2, 2, 2 * 3 + 2 },
    { "concat", joined, 8, 2 * 3 + 2 },
};

TEST(features_and_parameters)
{
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        rnn_model_t *m = rnn_model_create(NULL);
        rnn_layer_t *layer = counts[i].make(m, values(m, "x"));
        out(m, layer);
        CHECK_INT(rnn_layer_features(layer), 0);
        CHECK_INT(rnn_model_parameters(m), 0);
        CHECK_OK(rnn_model_build(m));
        if (rnn_model_parameters(m) != counts[i].parameters) printf("%s\n", counts[i].name);
        CHECK_INT(rnn_model_parameters(m), counts[i].parameters);
        CHECK_INT(rnn_layer_features(layer), counts[i].features);
        CHECK_INT(rnn_model_output_features(m, 0), counts[i].features);
        rnn_model_free(m);
    }
}

/* The tutorial's model: 10,000 words, embedding and SimpleRNN of 32, one sigmoid. */
TEST(parameters_of_the_tutorial)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_embedding(m, rnn_input_tokens(m, "review"), 10000, 32);
    out(m, rnn_dense(m, rnn_last(m, rnn_simple_rnn(m, h, 32)), 1, RNN_SIGMOID));
    CHECK_OK(rnn_model_build(m));
    CHECK_INT(rnn_model_parameters(m), 320000 + 2080 + 33);
    rnn_model_free(m);
}

/* Names, shapes and order of the weights of a stacked bidirectional layer are PyTorch's. */
TEST(names_of_weights)
{
    static const char *const names[] = {
        "lstm.weight_ih_l0",
        "lstm.weight_hh_l0",
        "lstm.bias_ih_l0",
        "lstm.weight_ih_l0_reverse",
        "lstm.weight_hh_l0_reverse",
        "lstm.bias_ih_l0_reverse",
        "lstm.weight_ih_l1",
        "lstm.weight_hh_l1",
        "lstm.bias_ih_l1",
        "lstm.weight_ih_l1_reverse",
        "lstm.weight_hh_l1_reverse",
        "lstm.bias_ih_l1_reverse",
        "dense.weight",
        "dense.bias",
    };
    static const int64_t rows[] = { 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 2, 2 };
    static const int64_t columns[] = { 3, 5, 0, 3, 5, 0, 10, 5, 0, 10, 5, 0, 10, 0 };
    rnn_model_t *m = rnn_model_create(NULL);
    out(m, dense_2(m, both_two(m, values(m, "x"))));
    CHECK_OK(rnn_model_build(m));
    CHECK_INT(rnn_model_weights(m), 14);
    for (int i = 0; i < 14; i++) {
        CHECK_STR(rnn_model_weight_name(m, i), names[i]);
        rnn_tensor_t *weight = rnn_model_weight(m, names[i]);
        CHECK(weight != NULL);
        CHECK_INT(rnn_tensor_rank(weight), columns[i] ? 2 : 1);
        CHECK_INT(rnn_tensor_size(weight, 0), rows[i]);
        if (columns[i]) CHECK_INT(rnn_tensor_size(weight, 1), columns[i]);
        rnn_tensor_free(weight);
    }
    CHECK(rnn_model_weight_name(m, 14) == NULL && rnn_model_weight_name(m, -1) == NULL);
    rnn_model_free(m);
}

TEST_MAIN
