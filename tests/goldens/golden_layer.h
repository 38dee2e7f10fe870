/* SPDX-License-Identifier: MIT */
#ifndef GOLDEN_LAYER_H
#define GOLDEN_LAYER_H

#include "goldens/golden_recurrent.h"

/* Cases of kind "layer": one layer on a sequence. */

/* Number of `name` among the choices "a|b|c" of a setting that a kind of layer takes; -1 when it is not one
 * of them. */
GOLDEN_STATIC int64_t golden_choice(const char *kind, int32_t setting, const char *name)
{
    rnn_setting_t row = { sizeof row, 0, 0, NULL, NULL, 0, 0, 0 };
    for (int32_t i = 0; rnn_layer_setting(kind, i, &row) == RNN_OK; i++) {
        if (row.id != setting || !row.choices) continue;
        const char *choice = row.choices;
        for (int64_t number = 0; *choice; number++, choice += strcspn(choice, "|"), choice += *choice == '|')
            if (strcspn(choice, "|") == strlen(name) && strncmp(choice, name, strlen(name)) == 0)
                return number;
    }
    return -1;
}

GOLDEN_STATIC rnn_layer_t *golden_x(golden_case *c)
{
    golden_input(c, "x");
    return rnn_input_values(c->model, "x", rnn_tensor_size(golden_need(c, "x"), -1));
}

GOLDEN_STATIC rnn_layer_t *golden_dense(golden_case *c)
{
    const char *activation = golden_text(c->file, "activation");
    int64_t number = golden_choice("dense", RNN_LAYER_ACTIVATION, activation);
    if (number < 0) golden_skip(c, activation);
    if (number == RNN_HARD_SIGMOID)
        c->tolerance = fmax(c->tolerance, 1e-7); /* PyTorch's slope is 1 / 6 in float */
    return rnn_dense(c->model, golden_x(c), rnn_tensor_size(golden_need(c, "weight"), 0), (int32_t)number);
}

GOLDEN_STATIC rnn_layer_t *golden_embedding(golden_case *c)
{
    rnn_tensor_t *table = golden_need(c, "weight");
    rnn_layer_t *ids = rnn_input_tokens(c->model, "ids");
    golden_input(c, "ids");
    return rnn_embedding(c->model, ids, rnn_tensor_size(table, 0), rnn_tensor_size(table, 1));
}

GOLDEN_STATIC rnn_layer_t *golden_pool(golden_case *c)
{
    const char *pool = golden_text(c->file, "pool");
    if (strcmp(pool, "mean") == 0) return rnn_mean_pool(c->model, golden_x(c));
    if (strcmp(pool, "max") == 0) return rnn_max_pool(c->model, golden_x(c));
    if (strcmp(pool, "last") == 0) return rnn_last(c->model, golden_x(c));
    golden_skip(c, pool);
}

GOLDEN_STATIC rnn_layer_t *golden_layer_norm(golden_case *c)
{
    rnn_layer_t *layer = rnn_layer_norm(c->model, golden_x(c));
    golden_must(c, rnn_layer_set_float(layer, RNN_LAYER_EPSILON, golden_number(c->file, "eps", 0)),
                "RNN_LAYER_EPSILON");
    return layer;
}

GOLDEN_STATIC rnn_layer_t *golden_batch_norm(golden_case *c)
{
    rnn_layer_t *layer = rnn_batch_norm(c->model, golden_x(c));
    golden_must(c, rnn_layer_set_float(layer, RNN_LAYER_EPSILON, golden_number(c->file, "eps", 0)),
                "RNN_LAYER_EPSILON");
    golden_must(c, rnn_layer_set_float(layer, RNN_LAYER_MOMENTUM, golden_number(c->file, "momentum", 0.1)),
                "RNN_LAYER_MOMENTUM");
    c->trains_otherwise = 1;
    return layer;
}

/* A frozen layer differentiates what prediction computes. */
GOLDEN_STATIC rnn_layer_t *golden_batch_norm_eval(golden_case *c)
{
    rnn_layer_t *layer = golden_batch_norm(c);
    golden_set(c, layer, RNN_LAYER_TRAINABLE, 0);
    c->trains_otherwise = 0;
    c->frozen = 1;
    return layer;
}

/* Directions, merges, and both directions' own ends. */
GOLDEN_STATIC rnn_layer_t *golden_directed(golden_case *c)
{
    const char *cell = golden_text(c->file, "cell"), *merge = golden_text(c->file, "merge");
    rnn_tensor_t *weights = golden_need(c, "weight_hh_l0_reverse");
    rnn_layer_t *layer = golden_cell(c, golden_x(c), cell, rnn_tensor_size(weights, 1));
    int64_t direction =
        golden_choice(rnn_layer_kind(layer), RNN_LAYER_DIRECTION, golden_text(c->file, "direction"));
    if (direction < 0) golden_skip(c, "direction");
    golden_set(c, layer, RNN_LAYER_DIRECTION, direction);
    if (*merge)
        golden_set(c, layer, RNN_LAYER_MERGE, golden_choice(rnn_layer_kind(layer), RNN_LAYER_MERGE, merge));
    golden_set(c, layer, RNN_LAYER_BIAS, golden_biases(c, "_reverse"));
    return strcmp(golden_text(c->file, "take"), "last") == 0 ? rnn_last(c->model, layer) : layer;
}

GOLDEN_STATIC void golden_layer(golden_case *c)
{
    static const struct {
        const char *name;
        rnn_layer_t *(*make)(golden_case *c);
    } layers[] = { { "dense", golden_dense },
                   { "embedding", golden_embedding },
                   { "layer_norm", golden_layer_norm },
                   { "batch_norm", golden_batch_norm },
                   { "batch_norm_eval", golden_batch_norm_eval },
                   { "pool", golden_pool },
                   { "recurrent", golden_directed } };
    const char *name = golden_text(c->file, "layer");
    size_t i = 0;
    while (i < sizeof layers / sizeof *layers && strcmp(layers[i].name, name) != 0) i++;
    if (i == sizeof layers / sizeof *layers) golden_skip(c, name);
    golden_output(c, layers[i].make(c), "y", "gy");
    golden_check_model(c);
}

#endif
