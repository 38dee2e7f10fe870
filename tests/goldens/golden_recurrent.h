/* SPDX-License-Identifier: MIT */
#ifndef GOLDEN_RECURRENT_H
#define GOLDEN_RECURRENT_H

#include "goldens/golden_model.h"
#include "layers/recurrent.h"

/* Cases of kind "recurrent": sequences from given initial states, with lengths or a mask, to outputs and
 * final states. */

GOLDEN_STATIC void golden_set(golden_case *c, rnn_layer_t *layer, int32_t setting, int64_t value)
{
    golden_must(c, rnn_layer_set_int(layer, setting, value), "rnn_layer_set_int");
}

GOLDEN_STATIC rnn_layer_t *golden_cell(golden_case *c, rnn_layer_t *x, const char *cell, int64_t units)
{
    if (strcmp(cell, "rnn") == 0) return rnn_simple_rnn(c->model, x, units);
    if (strcmp(cell, "lstm") == 0) return rnn_lstm(c->model, x, units);
    if (strcmp(cell, "gru") == 0) return rnn_gru(c->model, x, units);
    golden_skip(c, cell);
}

/* As many biases as the case has: PyTorch's two, one (Keras) or none. */
GOLDEN_STATIC int64_t golden_biases(const golden_case *c, const char *suffix)
{
    char name[64];
    int64_t count = 0;
    snprintf(name, sizeof name, "bias_ih_l0%s", suffix);
    count += rnni_safetensors_find(c->file, name) != NULL;
    snprintf(name, sizeof name, "bias_hh_l0%s", suffix);
    count += rnni_safetensors_find(c->file, name) != NULL;
    return count == 2 ? RNN_BIAS_TWO : count ? RNN_BIAS_ONE : RNN_BIAS_NONE;
}

GOLDEN_STATIC void golden_set_variant(golden_case *c, rnn_layer_t *layer, const char *cell)
{
    if (strcmp(cell, "rnn") == 0) {
        int relu = strcmp(golden_text(c->file, "nonlinearity"), "relu") == 0;
        golden_set(c, layer, RNN_LAYER_ACTIVATION, relu ? RNN_RELU : RNN_TANH);
    }
    if (strcmp(cell, "gru") == 0) {
        int before = strcmp(golden_text(c->file, "gru_reset"), "before") == 0;
        golden_set(c, layer, RNN_LAYER_RESET, before ? RNN_RESET_BEFORE : RNN_RESET_AFTER);
    }
}

/* Peepholes, projection, layer norm of an LSTM. */
GOLDEN_STATIC void golden_set_lstm(golden_case *c, rnn_layer_t *layer)
{
    golden_set(c, layer, RNN_LAYER_PEEPHOLE, golden_uses(c->file, "peephole"));
    golden_set(c, layer, RNN_LAYER_PROJECTION, (int64_t)golden_number(c->file, "proj_size", 0));
    golden_set(c, layer, RNN_LAYER_NORM, golden_uses(c->file, "layer_norm"));
    if (golden_uses(c->file, "layer_norm"))
        golden_must(c, rnn_layer_set_float(layer, RNN_LAYER_EPSILON, golden_number(c->file, "eps", 0)),
                    "RNN_LAYER_EPSILON");
}

GOLDEN_STATIC void golden_wire_state(golden_case *c, rnn_layer_t *layer, int32_t state, int64_t features)
{
    const char *first = state == RNN_STATE_CELL ? "c0" : "h0", *last = state == RNN_STATE_CELL ? "cn" : "hn";
    rnn_layer_t *vector = rnn_input_vector(c->model, first, features);
    golden_must(c, rnn_layer_set_initial_vector(layer, state, vector), "rnn_layer_set_initial_vector");
    golden_input(c, first);
    golden_output(c, rnn_final_state(c->model, layer, state), last, state == RNN_STATE_CELL ? "gcn" : "ghn");
}

GOLDEN_STATIC void golden_recurrent(golden_case *c)
{
    const char *cell = golden_text(c->file, "cell");
    int64_t units = (int64_t)golden_number(c->file, "hidden_size", 0);
    int64_t layers = (int64_t)golden_number(c->file, "layers", 1);
    int64_t projection = (int64_t)golden_number(c->file, "proj_size", 0);
    int both = golden_uses(c->file, "bidirectional");
    if (golden_number(c->file, "steps", 0) >= 100) c->tolerance *= 10;

    rnn_layer_t *x = rnn_input_values(c->model, "x", (int64_t)golden_number(c->file, "input_size", 0));
    rnn_layer_t *layer = golden_cell(c, x, cell, units);
    golden_set(c, layer, RNN_LAYER_LAYERS, layers);
    golden_set(c, layer, RNN_LAYER_DIRECTION, both ? RNN_BIDIRECTIONAL : RNN_FORWARD);
    golden_set_variant(c, layer, cell);
    if (strcmp(cell, "lstm") == 0) golden_set_lstm(c, layer);
    golden_set(c, layer, RNN_LAYER_BIAS, golden_biases(c, ""));
    golden_input(c, "x");
    golden_output(c, layer, "y", "gy");
    golden_wire_state(c, layer, RNN_STATE_HIDDEN,
                      layers * (both ? 2 : 1) * (projection ? projection : units));
    if (rnni_safetensors_find(c->file, "c0"))
        golden_wire_state(c, layer, RNN_STATE_CELL, layers * (both ? 2 : 1) * units);
    if (golden_uses(c->file, "dropout_masks") || golden_uses(c->file, "zoneout_masks")) c->masked = layer;
    golden_check_model(c);
}

#endif
