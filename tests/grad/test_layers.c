/* SPDX-License-Identifier: MIT */
/* Gradients of every layer that is not recurrent, alone and between others, against finite differences. */
#include "grad/grad.h"

enum { B = 4, T = 5, F = 3, V = 9 };
static const int64_t some_lengths[B] = { 3, 0, T, 1 };

typedef rnn_layer_t *(*make_layer)(rnn_model_t *model, rnn_layer_t *x);

static rnn_layer_t *dense(rnn_model_t *model, rnn_layer_t *x, int32_t activation, int32_t bias)
{
    rnn_layer_t *layer = rnn_dense(model, x, 4, activation);
    CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_BIAS, bias));
    return layer;
}

static rnn_layer_t *linear(rnn_model_t *m, rnn_layer_t *x) { return dense(m, x, RNN_LINEAR, RNN_BIAS_ONE); }
static rnn_layer_t *no_bias(rnn_model_t *m, rnn_layer_t *x) { return dense(m, x, RNN_TANH, RNN_BIAS_NONE); }
static rnn_layer_t *relu(rnn_model_t *m, rnn_layer_t *x) { return dense(m, x, RNN_RELU, RNN_BIAS_ONE); }
static rnn_layer_t *hyperbolic(rnn_model_t *m, rnn_layer_t *x) { return dense(m, x, RNN_TANH, RNN_BIAS_ONE); }
static rnn_layer_t *logistic(rnn_model_t *m, rnn_layer_t *x)
{
    return dense(m, x, RNN_SIGMOID, RNN_BIAS_ONE);
}
static rnn_layer_t *softmax(rnn_model_t *m, rnn_layer_t *x) { return dense(m, x, RNN_SOFTMAX, RNN_BIAS_ONE); }
static rnn_layer_t *gelu(rnn_model_t *m, rnn_layer_t *x) { return dense(m, x, RNN_GELU, RNN_BIAS_ONE); }
static rnn_layer_t *softplus(rnn_model_t *m, rnn_layer_t *x)
{
    return dense(m, x, RNN_SOFTPLUS, RNN_BIAS_ONE);
}
static rnn_layer_t *elu(rnn_model_t *m, rnn_layer_t *x) { return dense(m, x, RNN_ELU, RNN_BIAS_ONE); }
static rnn_layer_t *leaky_relu(rnn_model_t *m, rnn_layer_t *x)
{
    return dense(m, x, RNN_LEAKY_RELU, RNN_BIAS_ONE);
}
static rnn_layer_t *swish(rnn_model_t *m, rnn_layer_t *x) { return dense(m, x, RNN_SWISH, RNN_BIAS_ONE); }
static rnn_layer_t *hard_sigmoid(rnn_model_t *m, rnn_layer_t *x)
{
    return dense(m, x, RNN_HARD_SIGMOID, RNN_BIAS_ONE);
}
static rnn_layer_t *dropout(rnn_model_t *m, rnn_layer_t *x) { return rnn_dropout(m, linear(m, x), 0.4); }

/* Activations by themselves, of a layer that others read, too. */
static rnn_layer_t *activations(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *wide = linear(m, x);
    rnn_layer_t *parts[4] = { rnn_activation(m, wide, RNN_GELU), rnn_activation(m, wide, RNN_TANH), wide,
                              NULL };
    parts[3] = rnn_activation(m, parts[0], RNN_SOFTMAX);
    return rnn_concat(m, parts, 4);
}

static rnn_layer_t *layer_norm(rnn_model_t *m, rnn_layer_t *x) { return rnn_layer_norm(m, linear(m, x)); }
static rnn_layer_t *batch_norm(rnn_model_t *m, rnn_layer_t *x)
{
    return rnn_batch_norm(m, hyperbolic(m, rnn_batch_norm(m, linear(m, x))));
}
static rnn_layer_t *add(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *parts[3] = { linear(m, x), hyperbolic(m, x), NULL };
    parts[2] = parts[0]; /* counted twice */
    return rnn_add(m, parts, 3);
}

static rnn_layer_t *concat(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *parts[3] = { logistic(m, x), x, hyperbolic(m, x) };
    return rnn_concat(m, parts, 3);
}

/* A residual stack: what flows back meets in `wide`. */
static rnn_layer_t *residual(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *wide = linear(m, x);
    rnn_layer_t *parts[2] = { wide, dense(m, rnn_dropout(m, wide, 0.3), RNN_TANH, RNN_BIAS_ONE) };
    return rnn_add(m, parts, 2);
}

static rnn_layer_t *last(rnn_model_t *m, rnn_layer_t *x) { return rnn_last(m, x); }
static rnn_layer_t *last_dense(rnn_model_t *m, rnn_layer_t *x) { return rnn_last(m, hyperbolic(m, x)); }
static rnn_layer_t *mean(rnn_model_t *m, rnn_layer_t *x) { return rnn_mean_pool(m, hyperbolic(m, x)); }
static rnn_layer_t *max(rnn_model_t *m, rnn_layer_t *x) { return rnn_max_pool(m, hyperbolic(m, x)); }
static rnn_layer_t *pools(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *parts[3] = { rnn_mean_pool(m, x), rnn_max_pool(m, x), rnn_last(m, x) };
    return hyperbolic(m, rnn_concat(m, parts, 3));
}

static rnn_layer_t *repeated(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *parts[2] = { rnn_repeat(m, hyperbolic(m, rnn_mean_pool(m, x)), x), x };
    return rnn_gru(m, rnn_concat(m, parts, 2), 3);
}

/* A recurrent layer between others that both read and are read. */
static rnn_layer_t *sandwich(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *h = rnn_gru(m, hyperbolic(m, x), 3);
    rnn_layer_t *parts[2] = { h, x };
    return rnn_mean_pool(m, rnn_lstm(m, rnn_add(m, parts, 2), 4));
}

static const struct {
    const char *name;
    make_layer make;
    int of_vectors; /* works on vectors, too */
} layers[] = {
    { "linear", linear, 1 },     { "no bias", no_bias, 1 },   { "relu", relu, 1 },
    { "tanh", hyperbolic, 1 },   { "sigmoid", logistic, 1 },  { "softmax", softmax, 1 },
    { "gelu", gelu, 1 },         { "softplus", softplus, 1 }, { "elu", elu, 1 },
    { "leaky relu", leaky_relu, 1 }, { "swish", swish, 1 },   { "hard sigmoid", hard_sigmoid, 1 },
    { "activations", activations, 1 }, { "layer norm", layer_norm, 1 }, { "batch norm", batch_norm, 1 },
    { "dropout", dropout, 1 },   { "add", add, 1 },           { "concat", concat, 1 },
    { "residual", residual, 1 }, { "last", last, 0 },         { "last of dense", last_dense, 0 },
    { "mean", mean, 0 },         { "max", max, 0 },           { "pools", pools, 0 },
    { "sandwich", sandwich, 0 }, { "repeated", repeated, 0 },
};

static void check_layer(size_t row, int vectors, int ragged)
{
    grad_problem p = grad_begin();
    snprintf(p.name, sizeof p.name, "%s%s%s", layers[row].name, vectors ? ", vectors" : "",
             ragged ? ", ragged" : "");
    rnn_layer_t *x = vectors ? rnn_input_vector(p.model, "x", F) : rnn_input_values(p.model, "x", F);
    rnn_tensor_t *data = help_random_tensor(RNN_F64, B, vectors ? F : T, vectors ? -1 : F, 3 + row);
    grad_input(&p, data, ragged ? help_integers(B, some_lengths) : NULL, NULL);
    CHECK_OK(rnn_model_set_output(p.model, layers[row].make(p.model, x), "y"));
    grad_build(&p, 17 + row);
    grad_check(&p);
}

TEST(on_sequences)
{
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) check_layer(i, 0, 0);
}

TEST(on_ragged_sequences)
{
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) check_layer(i, 0, 1);
}

TEST(on_vectors)
{
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        if (layers[i].of_vectors) check_layer(i, 1, 0);
}

static void check_tokens(const char *name, make_layer above, int64_t mask_id, int64_t vocabulary)
{
    grad_problem p = grad_begin();
    snprintf(p.name, sizeof p.name, "embedding, %s", name);
    rnn_layer_t *table = rnn_embedding(p.model, rnn_input_tokens(p.model, "ids"), vocabulary, 3);
    CHECK_OK(rnn_layer_set_int(table, RNN_LAYER_MASK_ID, mask_id));
    grad_input(&p, help_random_ids(B, T, V, 8), help_integers(B, some_lengths), NULL);
    CHECK_OK(rnn_model_set_output(p.model, above ? above(p.model, table) : table, "y"));
    grad_build(&p, 23);
    grad_check(&p);
}

TEST(embeddings)
{
    check_tokens("alone", NULL, -1, V);
    check_tokens("masked", NULL, 4, V);
    check_tokens("masked, mean", mean, 2, V);
    check_tokens("pools", pools, -1, V);
    check_tokens("sandwich", sandwich, -1, V);
    check_tokens("large table", sandwich, -1, 5000); /* larger than any batch: the table is not projected */
}

/* ---- embeddings that fold into the recurrent layer above: the batch has many more steps than the vocabulary
 * has words ---- */

static rnn_layer_t *set(rnn_layer_t *layer, int32_t setting, int64_t value)
{
    CHECK_OK(rnn_layer_set_int(layer, setting, value));
    return layer;
}

static rnn_layer_t *rnn_above(rnn_model_t *m, rnn_layer_t *x) { return rnn_simple_rnn(m, x, 3); }
static rnn_layer_t *lstm_above(rnn_model_t *m, rnn_layer_t *x) { return rnn_lstm(m, x, 3); }
static rnn_layer_t *gru_above(rnn_model_t *m, rnn_layer_t *x) { return rnn_last(m, rnn_gru(m, x, 3)); }
static rnn_layer_t *before_above(rnn_model_t *m, rnn_layer_t *x)
{
    return set(rnn_gru(m, x, 3), RNN_LAYER_RESET, 1);
}
static rnn_layer_t *bare_above(rnn_model_t *m, rnn_layer_t *x)
{
    return set(rnn_lstm(m, x, 3), RNN_LAYER_BIAS, 0);
}
static rnn_layer_t *reverse_above(rnn_model_t *m, rnn_layer_t *x)
{
    return set(rnn_lstm(m, x, 3), RNN_LAYER_DIRECTION, RNN_REVERSE);
}
static rnn_layer_t *both_above(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *h = set(set(rnn_gru(m, x, 3), RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL), RNN_LAYER_LAYERS, 2);
    CHECK_OK(rnn_layer_set_float(h, RNN_LAYER_RECURRENT_DROPOUT, 0.3));
    return h;
}
static rnn_layer_t *dropped_above(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *h = rnn_lstm(m, x, 3);
    CHECK_OK(rnn_layer_set_float(h, RNN_LAYER_DROPOUT, 0.3));
    return h;
}
static rnn_layer_t *two_above(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *parts[2] = { rnn_lstm(m, x, 3), rnn_gru(m, x, 2) };
    return rnn_concat(m, parts, 2);
}

/* `count` sequences of all lengths, in one or several shards, with the same few words of a small or a large
 * vocabulary. */
static void check_words(const char *name, make_layer above, int64_t mask_id, int64_t count,
                        int64_t vocabulary, int64_t width)
{
    enum { WORDS = 4 };
    grad_problem p = grad_begin();
    snprintf(p.name, sizeof p.name, "folded embedding, %s, vocabulary %d", name, (int)vocabulary);
    rnn_layer_t *table = rnn_embedding(p.model, rnn_input_tokens(p.model, "ids"), vocabulary, width);
    CHECK_OK(rnn_layer_set_int(table, RNN_LAYER_MASK_ID, mask_id));
    rnn_tensor_t *lengths = help_tensor(RNN_I64, count, -1, -1);
    for (int64_t i = 0; i < count; i++) CHECK_OK(rnn_tensor_set(lengths, i, (double)((i + 4) % (T + 1))));
    grad_input(&p, help_random_ids(count, T, WORDS, 8), lengths, NULL);
    CHECK_OK(rnn_model_set_output(p.model, above(p.model, table), "y"));
    grad_build(&p, 53);
    grad_check(&p);
}

static void check_folded(const char *name, make_layer above, int64_t mask_id, int64_t count)
{
    check_words(name, above, mask_id, count, 4, 3);
}

/* Projected for the words of the batch alone. */
static void check_listed(const char *name, make_layer above, int64_t mask_id)
{
    check_words(name, above, mask_id, 130, 300, 8);
}

TEST(words_of_a_large_vocabulary)
{
    check_listed("rnn", rnn_above, -1);
    check_listed("lstm", lstm_above, -1);
    check_listed("gru, last, masked", gru_above, 2);
    check_listed("gru, two layers, bidirectional", both_above, -1);
}

TEST(folded_embeddings)
{
    check_folded("rnn", rnn_above, -1, 8);
    check_folded("lstm", lstm_above, -1, 8);
    check_folded("lstm, masked", lstm_above, 2, 12);
    check_folded("gru, last", gru_above, -1, 8);
    check_folded("gru, reset before", before_above, -1, 8);
    check_folded("lstm, no bias", bare_above, -1, 8);
    check_folded("lstm, reverse", reverse_above, -1, 8);
    check_folded("gru, two layers, bidirectional", both_above, -1, 8);
    check_folded("dropout", dropped_above, -1, 8);
    check_folded("two readers", two_above, -1, 8);
    check_folded("lstm, shards", lstm_above, -1, 40);
    check_folded("gru, shards, bidirectional", both_above, 1, 70);
}

/* The table's two gradients add up, folded or not, masked or not. */
static void check_tied(int64_t mask_id, int64_t vocabulary, int recurrent)
{
    grad_problem p = grad_begin();
    snprintf(p.name, sizeof p.name, "tied, mask %d, vocabulary %d", (int)mask_id, (int)vocabulary);
    rnn_layer_t *table = rnn_embedding(p.model, rnn_input_tokens(p.model, "ids"), vocabulary, 4);
    rnn_layer_t *h = recurrent ? rnn_gru(p.model, table, 4) : rnn_dense(p.model, table, 4, RNN_TANH);
    rnn_layer_t *words = rnn_dense(p.model, h, vocabulary, RNN_SOFTMAX);
    CHECK_OK(rnn_layer_set_int(table, RNN_LAYER_MASK_ID, mask_id));
    CHECK_OK(rnn_layer_tie(words, table));
    grad_input(&p, help_random_ids(B, T, 3, 8), help_integers(B, some_lengths), NULL);
    CHECK_OK(rnn_model_set_output(p.model, words, "y"));
    grad_build(&p, 23);
    if (recurrent) CHECK(rnn_model_weight(p.model, "dense.weight") == NULL);
    grad_check(&p);
}

TEST(tied_weights)
{
    check_tied(-1, 3, 1); /* folded: few words */
    check_tied(1, 3, 1);
    check_tied(-1, 50, 1);
    check_tied(-1, 5, 0);
}

/* Two inputs on axes of their own, meeting as vectors. */
TEST(two_inputs)
{
    grad_problem p = grad_begin();
    snprintf(p.name, sizeof p.name, "two inputs");
    rnn_layer_t *words = rnn_embedding(p.model, rnn_input_tokens(p.model, "words"), V, 3);
    rnn_layer_t *values = rnn_input_values(p.model, "values", F),
                *vector = rnn_input_vector(p.model, "vector", 2);
    rnn_layer_t *parts[3] = { rnn_last(p.model, rnn_lstm(p.model, words, 3)), rnn_mean_pool(p.model, values),
                              vector };
    CHECK_OK(rnn_model_set_output(p.model, hyperbolic(p.model, rnn_concat(p.model, parts, 3)), "y"));
    CHECK_OK(rnn_model_set_output(p.model, values, "z"));
    grad_input(&p, help_random_ids(B, T, V, 8), help_integers(B, some_lengths), NULL);
    grad_input(&p, help_random_tensor(RNN_F64, B, 3, F, 5), NULL, NULL);
    grad_input(&p, help_random_tensor(RNN_F64, B, 2, -1, 6), NULL, NULL);
    grad_build(&p, 29);
    grad_check(&p);
}

TEST_MAIN
