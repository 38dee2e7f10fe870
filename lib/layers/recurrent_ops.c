/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/ops.h"
#include "layers/recurrent.h"

/* The kinds of recurrent layers: which cell, which settings. */

#define COMMON                                                                                                        \
    RNN_LAYER_UNITS, RNN_LAYER_DIRECTION, RNN_LAYER_MERGE, RNN_LAYER_LAYERS, RNN_LAYER_BIAS, RNN_LAYER_DROPOUT,       \
        RNN_LAYER_RECURRENT_DROPOUT, RNN_LAYER_INIT, RNN_LAYER_RECURRENT_INIT, RNN_LAYER_INIT_SCALE,      \
        RNN_LAYER_ZONEOUT, RNNI_TRAINING_SETTINGS

static const int32_t rnn_settings[] = { COMMON, RNN_LAYER_ACTIVATION, 0 };
static const int32_t lstm_settings[] = { COMMON, RNN_LAYER_FORGET_BIAS, RNN_LAYER_CELL_ZONEOUT,
                                         RNN_LAYER_PEEPHOLE, RNN_LAYER_PROJECTION, RNN_LAYER_NORM,
                                         RNN_LAYER_EPSILON, 0 };
static const int32_t gru_settings[] = { COMMON, RNN_LAYER_RESET, 0 };
static const double rnn_defaults[] = { RNN_LAYER_ACTIVATION, RNN_TANH, 0 };
static const double gru_defaults[] = { RNN_LAYER_BIAS, RNN_BIAS_TWO, 0 };

static rnn_status_t infer_rnn(rnni_node *node) { return rnni_recurrent_infer(node, &rnni_cell_rnn); }

/* The variants each have a cell of their own, so they exclude one another. A norm's shifts are its biases. */
static rnn_status_t infer_lstm(rnni_node *node)
{
    bool peephole = rnni_node_int(node, RNN_LAYER_PEEPHOLE), norm = rnni_node_int(node, RNN_LAYER_NORM);
    bool projection = rnni_node_int(node, RNN_LAYER_PROJECTION) > 0;
    RNNI_REQUIRE(peephole + norm + projection <= 1, RNN_ERROR_UNSUPPORTED,
                 "layer %s: an lstm has one of peephole, norm and projection, not several", node->name);
    if (norm && !rnni_node_is_set(node, RNN_LAYER_BIAS)) node->settings[RNN_LAYER_BIAS - 1] = RNN_BIAS_NONE;
    RNNI_REQUIRE(!norm || rnni_node_int(node, RNN_LAYER_BIAS) == RNN_BIAS_NONE, RNN_ERROR_ARGUMENT,
                 "layer %s: an lstm with norm has the norms' biases, its own setting bias must be none",
                 node->name);
    return rnni_recurrent_infer(node, peephole     ? &rnni_cell_lstm_peephole
                                      : norm       ? &rnni_cell_lstm_norm
                                      : projection ? &rnni_cell_lstm_projected
                                                   : &rnni_cell_lstm);
}

/* Two biases are the default of reset-after; reset-before has only one, and so has it by default. */
static rnn_status_t infer_gru(rnni_node *node)
{
    bool before = rnni_node_int(node, RNN_LAYER_RESET) == RNN_RESET_BEFORE;
    if (before && !rnni_node_is_set(node, RNN_LAYER_BIAS)) node->settings[RNN_LAYER_BIAS - 1] = RNN_BIAS_ONE;
    return rnni_recurrent_infer(node, before ? &rnni_cell_gru_before : &rnni_cell_gru);
}

#define RECURRENT(kind, text, taken, own, how)                                                                        \
    const rnni_op rnni_op_##kind = {                                                                                  \
        .name = text, .version = 1, .min_inputs = 1, .max_inputs = RNNI_RECURRENT_INPUTS, .settings = taken,          \
        .defaults = own, .infer = how, .packed_size = rnni_recurrent_packed_size, .pack = rnni_recurrent_pack,        \
        .plan = rnni_recurrent_plan_run, .forward = rnni_recurrent_forward, .backward = rnni_recurrent_backward,      \
        .places_y = true, .sets_dx = true, .takes_given = true, .gives_results = true,                                \
        .state_size = rnni_recurrent_state_size,                                                                      \
        .before_pieces = rnni_recurrent_before_pieces, .before = rnni_recurrent_before,                               \
        .after_pieces = rnni_recurrent_after_pieces, .after = rnni_recurrent_after,                                   \
    }

RECURRENT(simple_rnn, "simple_rnn", rnn_settings, rnn_defaults, infer_rnn);
RECURRENT(lstm, "lstm", lstm_settings, NULL, infer_lstm);
RECURRENT(gru, "gru", gru_settings, gru_defaults, infer_gru);

static rnn_layer_t *recurrent(rnn_model_t *model, const rnni_op *op, rnn_layer_t *x, int64_t units)
{
    rnn_layer_t *layer = rnni_construct(model, op, &x, 1);
    return layer && rnn_layer_set_int(layer, RNN_LAYER_UNITS, units) == RNN_OK ? layer : NULL;
}

rnn_layer_t *rnn_simple_rnn(rnn_model_t *model, rnn_layer_t *x, int64_t units)
{
    return recurrent(model, &rnni_op_simple_rnn, x, units);
}
rnn_layer_t *rnn_lstm(rnn_model_t *model, rnn_layer_t *x, int64_t units)
{
    return recurrent(model, &rnni_op_lstm, x, units);
}
rnn_layer_t *rnn_gru(rnn_model_t *model, rnn_layer_t *x, int64_t units)
{
    return recurrent(model, &rnni_op_gru, x, units);
}

/* ---- final states */

static rnn_status_t infer_final(rnni_node *node)
{
    const rnni_node *source = node->inputs[0];
    int32_t state = (int32_t)rnni_node_int(node, RNN_LAYER_STATE);
    RNNI_REQUIRE(rnni_is_recurrent(source), RNN_ERROR_ARGUMENT,
                 "layer %s takes the final state of a recurrent layer, '%s' is a %s", node->name,
                 source->name, source->op->name);
    RNNI_REQUIRE(state < rnni_recurrent_states(source), RNN_ERROR_ARGUMENT,
                 "layer %s: '%s' is a %s and has no cell state", node->name, source->name, source->op->name);
    node->flow = RNNI_FLOW_VECTOR;
    node->axis = -1;
    node->features = rnni_recurrent_state_features(source, state);
    return RNN_OK;
}

static int64_t final_count(const rnni_node *node, const rnni_run *run) { return run->count * node->features; }

static void forward_final(const rnni_node *node, rnni_run *run)
{
    const rnni_node *source = node->inputs[0];
    int state = (int)rnni_node_int(node, RNN_LAYER_STATE);
    memcpy(run->slots[node->id].y, rnni_final_of(run, source, run->slots[source->id].final, state),
           (size_t)final_count(node, run) * sizeof(rnni_real));
}

static void backward_final(const rnni_node *node, rnni_run *run)
{
    const rnni_node *source = node->inputs[0];
    int state = (int)rnni_node_int(node, RNN_LAYER_STATE);
    run->kernels->axpy(final_count(node, run), 1, run->slots[node->id].dy,
                       rnni_final_of(run, source, run->slots[source->id].dfinal, state));
}

static const int32_t final_settings[] = { RNN_LAYER_STATE, 0 };

const rnni_op rnni_op_final_state = {
    .name = "final_state", .version = 1, .min_inputs = 1, .max_inputs = 1, .settings = final_settings,
    .infer = infer_final, .forward = forward_final, .backward = backward_final,
};

rnn_layer_t *rnn_final_state(rnn_model_t *model, rnn_layer_t *recurrent_layer, int32_t state)
{
    rnn_layer_t *layer = rnni_construct(model, &rnni_op_final_state, &recurrent_layer, 1);
    return layer && rnn_layer_set_int(layer, RNN_LAYER_STATE, state) == RNN_OK ? layer : NULL;
}
