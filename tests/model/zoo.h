/* SPDX-License-Identifier: MIT */
#ifndef MODEL_ZOO_H
#define MODEL_ZOO_H

#include "model/helpers.h"

/* A list of models of every kind, for properties that all of them have. Value models read ZOO_FEATURES
 * numbers a step, token models ids below ZOO_VOCABULARY. Their one output is called "y". */

enum { ZOO_FEATURES = 5, ZOO_VOCABULARY = 40 };

typedef struct zoo_row {
    const char *name;
    int tokens;      /* reads ids, else values */
    int streams;     /* can be stepped */
    rnn_layer_t *(*make)(rnn_model_t *model, rnn_layer_t *x);
} zoo_row;

HARNESS_STATIC rnn_layer_t *zoo_set(rnn_layer_t *layer, int32_t setting, int64_t value)
{
    CHECK_OK(rnn_layer_set_int(layer, setting, value));
    return layer;
}

HARNESS_STATIC rnn_layer_t *zoo_rate(rnn_layer_t *layer, int32_t setting, double value)
{
    CHECK_OK(rnn_layer_set_float(layer, setting, value));
    return layer;
}

/* One-line models: zoo_<name>(model m, input x). */
#define ZOO(name, expression) \
    HARNESS_STATIC rnn_layer_t *zoo_##name(rnn_model_t *m, rnn_layer_t *x) { return expression; }

ZOO(rnn, rnn_simple_rnn(m, x, 19))
ZOO(relu, zoo_set(rnn_simple_rnn(m, x, 7), RNN_LAYER_ACTIVATION, RNN_RELU))
ZOO(lstm, rnn_lstm(m, x, 19))
ZOO(lstm_wide, rnn_lstm(m, x, 70))
ZOO(gru, rnn_gru(m, x, 19))
ZOO(gru_wide, rnn_gru(m, x, 66))
ZOO(gru_before, zoo_set(rnn_gru(m, x, 13), RNN_LAYER_RESET, RNN_RESET_BEFORE))
ZOO(gru_one_bias, zoo_set(rnn_gru(m, x, 5), RNN_LAYER_BIAS, RNN_BIAS_ONE))
ZOO(lstm_no_bias, zoo_set(rnn_lstm(m, x, 5), RNN_LAYER_BIAS, RNN_BIAS_NONE))
ZOO(peephole, zoo_set(rnn_lstm(m, x, 18), RNN_LAYER_PEEPHOLE, 1))
ZOO(projected, zoo_set(zoo_set(rnn_lstm(m, x, 17), RNN_LAYER_PROJECTION, 5), RNN_LAYER_LAYERS, 2))
ZOO(norm, rnn_dense(m, zoo_set(zoo_set(rnn_lstm(m, x, 17), RNN_LAYER_NORM, 1), RNN_LAYER_LAYERS, 2), 3,
                    RNN_SOFTMAX))
ZOO(zoneout, zoo_rate(zoo_rate(zoo_set(rnn_lstm(m, x, 12), RNN_LAYER_PROJECTION, 7), RNN_LAYER_ZONEOUT, 0.2), \
                      RNN_LAYER_CELL_ZONEOUT, 0.4))
ZOO(zoneout_gru, rnn_last(m, zoo_rate(rnn_gru(m, x, 12), RNN_LAYER_ZONEOUT, 0.3)))
ZOO(projected_both, rnn_last(m, zoo_set(zoo_set(zoo_set(rnn_lstm(m, x, 9), RNN_LAYER_PROJECTION, 4), RNN_LAYER_DIRECTION, \
                                                RNN_BIDIRECTIONAL), RNN_LAYER_MERGE, RNN_MERGE_AVE)))
ZOO(stacked, zoo_set(rnn_lstm(m, x, 9), RNN_LAYER_LAYERS, 3))
ZOO(stacked_gru, zoo_set(rnn_gru(m, x, 9), RNN_LAYER_LAYERS, 2))
ZOO(dense, rnn_dense(m, rnn_dense(m, x, 17, RNN_RELU), 3, RNN_SOFTMAX))
ZOO(tagger, rnn_dense(m, rnn_gru(m, x, 11), 6, RNN_SOFTMAX))
ZOO(soft, rnn_dense(m, rnn_dense(m, x, 9, RNN_GELU), 7, RNN_SOFTPLUS))
ZOO(activations, rnn_dense(m, rnn_activation(m, zoo_soft(m, x), RNN_SWISH), 5, RNN_ELU))
ZOO(layer_norm, rnn_lstm(m, rnn_layer_norm(m, rnn_dense(m, x, 9, RNN_TANH)), 5))
ZOO(normed, rnn_batch_norm(m, rnn_dense(m, rnn_batch_norm(m, x), 6, RNN_RELU)))
ZOO(batch_norm, rnn_batch_norm(m, rnn_mean_pool(m, rnn_gru(m, zoo_normed(m, x), 5))))
ZOO(last, rnn_dense(m, rnn_last(m, rnn_lstm(m, x, 11)), 1, RNN_SIGMOID))
ZOO(final_cell, rnn_final_state(m, rnn_lstm(m, x, 6), RNN_STATE_CELL))
ZOO(mean, rnn_dense(m, rnn_mean_pool(m, rnn_gru(m, x, 8)), 2, RNN_TANH))
ZOO(max, rnn_max_pool(m, rnn_simple_rnn(m, x, 8)))
ZOO(dropped, rnn_dense(m, rnn_dropout(m, zoo_rate(zoo_rate(rnn_lstm(m, x, 8), RNN_LAYER_DROPOUT, 0.3), \
                                                  RNN_LAYER_RECURRENT_DROPOUT, 0.4), 0.5), 2, RNN_LINEAR))
ZOO(reverse, zoo_set(rnn_lstm(m, x, 9), RNN_LAYER_DIRECTION, RNN_REVERSE))
ZOO(both, zoo_set(zoo_set(rnn_gru(m, x, 9), RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL), RNN_LAYER_LAYERS, 2))
ZOO(two_ways, zoo_set(rnn_lstm(m, x, 9), RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL))
ZOO(both_summed, zoo_set(zoo_two_ways(m, x), RNN_LAYER_MERGE, RNN_MERGE_SUM))
ZOO(both_last, rnn_dense(m, rnn_last(m, zoo_both(m, x)), 3, RNN_SOFTMAX))

HARNESS_STATIC rnn_layer_t *zoo_residual(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *first = rnn_gru(m, x, 10), *parts[3] = { first, rnn_lstm(m, first, 10), NULL };
    rnn_layer_t *sum = rnn_add(m, parts, 2), *sides[3] = { sum, x, rnn_simple_rnn(m, sum, 4) };
    return rnn_concat(m, sides, 3);
}

/* What the whole sequence gave, beside every step. */
HARNESS_STATIC rnn_layer_t *zoo_repeated(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *sides[2] = { rnn_repeat(m, rnn_last(m, rnn_gru(m, x, 6)), x), x };
    return rnn_simple_rnn(m, rnn_concat(m, sides, 2), 5);
}

HARNESS_STATIC rnn_layer_t *zoo_pools(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *parts[3] = { rnn_mean_pool(m, x), rnn_max_pool(m, x), rnn_last(m, x) };
    return rnn_dense(m, rnn_concat(m, parts, 3), 4, RNN_TANH);
}

ZOO(table, rnn_embedding(m, x, ZOO_VOCABULARY, 3))
ZOO(embed, rnn_embedding(m, x, ZOO_VOCABULARY, 8))
ZOO(words, rnn_dense(m, rnn_lstm(m, zoo_embed(m, x), 16), ZOO_VOCABULARY, RNN_SOFTMAX))
ZOO(review, rnn_dense(m, rnn_last(m, rnn_simple_rnn(m, zoo_embed(m, x), 8)), 1, RNN_SIGMOID))
ZOO(review_gru, rnn_dense(m, rnn_max_pool(m, rnn_gru(m, zoo_embed(m, x), 20)), 3, RNN_SOFTMAX))
ZOO(large_table, rnn_last(m, rnn_gru(m, rnn_embedding(m, x, 30000, 6), 7)))
ZOO(masked, rnn_gru(m, zoo_set(rnn_embedding(m, x, ZOO_VOCABULARY, 6), RNN_LAYER_MASK_ID, 3), 7))
ZOO(review_both, rnn_dense(m, rnn_last(m, zoo_both(m, zoo_embed(m, x))), 1, RNN_SIGMOID))
#undef ZOO

HARNESS_STATIC rnn_layer_t *zoo_tied(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *table = rnn_embedding(m, x, ZOO_VOCABULARY, 10),
                *words = rnn_dense(m, rnn_gru(m, table, 10), ZOO_VOCABULARY, RNN_SOFTMAX);
    CHECK_OK(rnn_layer_tie(words, table));
    return words;
}

static const zoo_row zoo[] = {
    { "rnn", 0, 1, zoo_rnn },
    { "relu rnn", 0, 1, zoo_relu },
    { "lstm", 0, 1, zoo_lstm },
    { "wide lstm", 0, 1, zoo_lstm_wide },
    { "gru", 0, 1, zoo_gru },
    { "wide gru", 0, 1, zoo_gru_wide },
    { "gru, reset before", 0, 1, zoo_gru_before },
    { "gru, one bias", 0, 1, zoo_gru_one_bias },
    { "lstm, no bias", 0, 1, zoo_lstm_no_bias },
    { "lstm with peepholes", 0, 1, zoo_peephole },
    { "projected lstm", 0, 1, zoo_projected },
    { "lstm with layer norm", 0, 1, zoo_norm },
    { "zoneout", 0, 1, zoo_zoneout },
    { "gru with zoneout", 0, 1, zoo_zoneout_gru },
    { "projected, bidirectional", 0, 0, zoo_projected_both },
    { "stacked lstm", 0, 1, zoo_stacked },
    { "stacked gru", 0, 1, zoo_stacked_gru },
    { "dense", 0, 1, zoo_dense },
    { "tagger", 0, 1, zoo_tagger },
    { "activations", 0, 1, zoo_activations },
    { "layer norm", 0, 1, zoo_layer_norm },
    { "batch norm", 0, 1, zoo_batch_norm },
    { "last", 0, 1, zoo_last },
    { "final cell state", 0, 1, zoo_final_cell },
    { "mean", 0, 1, zoo_mean },
    { "max", 0, 1, zoo_max },
    { "dropout", 0, 1, zoo_dropped },
    { "residual", 0, 1, zoo_residual },
    { "repeated", 0, 0, zoo_repeated },
    { "pools", 0, 1, zoo_pools },
    { "reverse", 0, 0, zoo_reverse },
    { "bidirectional", 0, 0, zoo_both },
    { "bidirectional, summed", 0, 0, zoo_both_summed },
    { "bidirectional, last", 0, 0, zoo_both_last },
    { "words", 1, 1, zoo_words },
    { "tied words", 1, 1, zoo_tied },
    { "table", 1, 1, zoo_table },
    { "review", 1, 1, zoo_review },
    { "review gru", 1, 1, zoo_review_gru },
    { "large table", 1, 1, zoo_large_table },
    { "masked tokens", 1, 1, zoo_masked },
    { "review, bidirectional", 1, 0, zoo_review_both },
};
enum { ZOO_ROWS = sizeof zoo / sizeof *zoo };

/* The precision that the models of the zoo are made with. */
HARNESS_STATIC int32_t zoo_precision = RNN_PRECISION_F32;

/* A built model with random weights. */
/* An LSTM whose initial states come from vector inputs 0, [2], through a dense layer, and 2, [units]; input 1
 * has the values. */
HARNESS_STATIC rnn_layer_t *zoo_lstm_of_vectors(rnn_model_t *model, int64_t units)
{
    rnn_layer_t *code = rnn_input_vector(model, "code", 2), *x = rnn_input_values(model, "x", ZOO_FEATURES);
    rnn_layer_t *c0 = rnn_input_vector(model, "c0", units), *h = rnn_lstm(model, x, units);
    CHECK_OK(rnn_layer_set_initial_vector(h, RNN_STATE_HIDDEN, rnn_dense(model, code, units, RNN_TANH)));
    CHECK_OK(rnn_layer_set_initial_vector(h, RNN_STATE_CELL, c0));
    return h;
}

HARNESS_STATIC rnn_model_t *zoo_make(rnn_context_t *context, const zoo_row *row)
{
    rnn_model_t *model = rnn_model_create(context);
    CHECK(model != NULL);
    rnn_layer_t *x = row->tokens ? rnn_input_tokens(model, "x") : rnn_input_values(model, "x", ZOO_FEATURES);
    CHECK_OK(rnn_model_set_output(model, row->make(model, x), "y"));
    CHECK_OK(rnn_model_build(model));
    help_random_weights(model, 12345, 0.5);
    CHECK_OK(rnn_model_set_precision(model, zoo_precision));
    return model;
}

/* `count` sequences of `steps` steps for it. */
HARNESS_STATIC rnn_tensor_t *zoo_data(const zoo_row *row, int64_t count, int64_t steps, uint64_t seed)
{
    if (row->tokens) return help_random_ids(count, steps, ZOO_VOCABULARY, seed);
    return help_random_tensor(RNN_F32, count, steps, ZOO_FEATURES, seed);
}

#endif
