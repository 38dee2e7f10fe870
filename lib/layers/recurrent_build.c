/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/ops.h"
#include "layers/precision.h"
#include "layers/recurrent.h"
#include <stdio.h>

/* What happens to a recurrent layer at build: shapes, weights, packed copies, initial states. */

bool rnni_is_recurrent(const rnni_node *node) { return node->op->forward == rnni_recurrent_forward; }

static int64_t directions(const rnni_node *node)
{
    return rnni_node_int(node, RNN_LAYER_DIRECTION) == RNN_BIDIRECTIONAL ? 2 : 1;
}

int64_t rnni_recurrent_width(const rnni_node *node, int state)
{
    int64_t projection =
        rnni_op_takes(node->op, RNN_LAYER_PROJECTION) ? rnni_node_int(node, RNN_LAYER_PROJECTION) : 0;
    return state == RNN_STATE_HIDDEN && projection > 0 ? projection : rnni_node_int(node, RNN_LAYER_UNITS);
}

int64_t rnni_recurrent_state_features(const rnni_node *node, int state)
{
    return rnni_node_int(node, RNN_LAYER_LAYERS) * directions(node) * rnni_recurrent_width(node, state);
}

int rnni_recurrent_states(const rnni_node *node) { return node->op == &rnni_op_lstm ? 2 : 1; }

/* ---- shapes and weights */

static rnn_status_t check_inputs(const rnni_node *node)
{
    const rnni_node *x = node->inputs[RNNI_RECURRENT_X];
    RNNI_REQUIRE(x->flow == RNNI_FLOW_SEQUENCE, RNN_ERROR_SHAPE,
                 "layer %s reads a sequence of values, '%s' gives %s", node->name, x->name,
                 x->flow == RNNI_FLOW_TOKENS ? "token ids (put an embedding between)"
                                             : "one vector a sequence");
    for (int i = RNNI_RECURRENT_HIDDEN; i < RNNI_RECURRENT_INPUTS; i++) {
        const rnni_node *initial = node->inputs[i];
        if (!initial) continue;
        int64_t features = rnni_recurrent_state_features(node, i - RNNI_RECURRENT_HIDDEN);
        RNNI_REQUIRE(i - RNNI_RECURRENT_HIDDEN < rnni_recurrent_states(node), RNN_ERROR_ARGUMENT,
                     "layer %s: a %s has no cell state to start from", node->name, node->op->name);
        RNNI_REQUIRE(initial->flow == RNNI_FLOW_VECTOR, RNN_ERROR_SHAPE,
                     "layer %s starts from a vector, '%s' gives a sequence", node->name, initial->name);
        RNNI_REQUIRE(initial->features == features, RNN_ERROR_SHAPE,
                     "layer %s starts from layers x directions x units = %lld numbers, '%s' has %lld",
                     node->name, (long long)features, initial->name, (long long)initial->features);
    }
    return RNN_OK;
}

static rnni_init input_init(const rnni_node *node, int32_t setting, int32_t automatic, int64_t fan_in,
                            int64_t fan_out)
{
    int32_t kind = (int32_t)rnni_node_int(node, setting);
    return (rnni_init){ .kind = kind == RNN_INIT_AUTO ? automatic : kind, .fan_in = fan_in,
                        .fan_out = fan_out, .scale = rnni_node_get(node, RNN_LAYER_INIT_SCALE) };
}

/* Adds one weight named `<base>_l<layer>[_reverse]` and gives its number. */
static rnn_status_t add_weight(rnni_node *node, const char *base, int32_t layer, const rnni_pass *pass,
                               int32_t rank, int64_t rows, int64_t columns, rnni_init init, int32_t *number)
{
    char name[32];
    snprintf(name, sizeof name, "%s_l%d%s", base, (int)layer, pass->reverse ? "_reverse" : "");
    *number = node->weight_count;
    return rnni_node_weight(node, name, rank, rows, columns, init);
}

/* What biases begin with: zeros, but the forget gate of an LSTM. */
static rnni_init bias_init(const rnni_node *node, const rnni_recurrent *r)
{
    rnni_init init = { .kind = RNN_INIT_ZEROS };
    if (rnni_op_takes(node->op, RNN_LAYER_FORGET_BIAS))
        init = (rnni_init){ .kind = RNN_INIT_ZEROS, .one_from = r->h, .one_count = r->h,
                            .one = rnni_node_get(node, RNN_LAYER_FORGET_BIAS) };
    return init;
}

/* The cell's own vectors. The first that is added to the gates takes the forget gate's bias when there are no
 * biases. */
static rnn_status_t add_vectors(rnni_node *node, const rnni_recurrent *r, int32_t layer, rnni_pass *pass)
{
    pass->vectors = node->weight_count;
    for (int i = 0; i < r->cell->vector_count; i++) {
        const rnni_cell_vector *vector = &r->cell->vectors[i];
        rnni_init init = { .kind = RNN_INIT_ZEROS, .one_count = vector->ones ? vector->blocks * r->h : 0,
                           .one = 1 };
        if (!strcmp(vector->name, "norm_ih_bias")) init = bias_init(node, r);
        int32_t number;
        RNNI_TRY(add_weight(node, vector->name, layer, pass, 1, vector->blocks * r->h, 1, init, &number));
    }
    return RNN_OK;
}

static rnn_status_t add_pass_weights(rnni_node *node, const rnni_recurrent *r, int32_t layer, rnni_pass *pass)
{
    int64_t rows = r->cell->gates * r->h, biases = rnni_node_int(node, RNN_LAYER_BIAS);
    pass->bias_ih = pass->bias_hh = pass->weight_hr = -1;
    RNNI_TRY(add_weight(node, "weight_ih", layer, pass, 2, rows, pass->input,
                        input_init(node, RNN_LAYER_INIT, RNN_INIT_GLOROT_UNIFORM, pass->input, rows),
                        &pass->weight_ih));
    RNNI_TRY(add_weight(node, "weight_hh", layer, pass, 2, rows, r->o,
                        input_init(node, RNN_LAYER_RECURRENT_INIT, RNN_INIT_ORTHOGONAL, r->o, rows),
                        &pass->weight_hh));
    if (biases >= 1)
        RNNI_TRY(add_weight(node, "bias_ih", layer, pass, 1, rows, 1, bias_init(node, r), &pass->bias_ih));
    if (biases == 2)
        RNNI_TRY(add_weight(node, "bias_hh", layer, pass, 1, rows, 1, (rnni_init){ .kind = RNN_INIT_ZEROS },
                            &pass->bias_hh));
    if (r->cell->projects)
        RNNI_TRY(add_weight(node, "weight_hr", layer, pass, 2, r->o, r->h,
                            input_init(node, RNN_LAYER_INIT, RNN_INIT_GLOROT_UNIFORM, r->h, r->o),
                            &pass->weight_hr));
    return add_vectors(node, r, layer, pass);
}

/* Rounds a packed piece up so that the next one is aligned. */
static int64_t aligned(int64_t count)
{
    const int64_t step = RNNI_ALIGNMENT / (int64_t)sizeof(rnni_real);
    return (count + step - 1) / step * step;
}

/* Biases of all passes come first: where matrices are of 8 or 16 bits, the block ends behind them. */
static int64_t size_of_bias(const rnni_recurrent *r)
{
    return aligned(r->cell->gates * r->h) + aligned(r->h);
}

static void place_packed(const rnni_kernels *k, rnni_recurrent *r, rnni_pass *pass)
{
    int64_t columns = r->cell->gates * r->h;
    pass->bias = (pass - r->pass) * size_of_bias(r);
    pass->bias_apart = pass->bias + aligned(columns);
    pass->packed_ih = r->packed;
    pass->packed_hh = pass->packed_ih + aligned(rnni_packed_size(k, pass->input, columns));
    pass->packed_hr = pass->packed_hh + aligned(rnni_cell_size(r->cell, k, r->h, r->o, false));
    r->packed = pass->packed_hr + (r->cell->projects ? aligned(rnni_packed_size(k, r->h, r->o)) : 0);
    pass->backward_ih = r->packed_backward;
    pass->backward_hh = pass->backward_ih + aligned(rnni_packed_size(k, columns, pass->input));
    pass->backward_hr = pass->backward_hh + aligned(rnni_cell_size(r->cell, k, r->h, r->o, true));
    r->packed_backward =
        pass->backward_hr + (r->cell->projects ? aligned(rnni_packed_size(k, r->o, r->h)) : 0);
}

static void read_settings(const rnni_node *node, const rnni_cell *cell, rnni_recurrent *r)
{
    const rnni_node *x = node->inputs[RNNI_RECURRENT_X];
    r->cell = cell;
    r->vocabulary = x->op == &rnni_op_embedding ? rnni_node_int(x, RNN_LAYER_VOCABULARY) : 0;
    r->h = rnni_node_int(node, RNN_LAYER_UNITS);
    r->o = rnni_recurrent_width(node, RNN_STATE_HIDDEN);
    r->layers = (int32_t)rnni_node_int(node, RNN_LAYER_LAYERS);
    r->directions = (int32_t)directions(node);
    r->passes = r->layers * r->directions;
    r->merge = (int32_t)rnni_node_int(node, RNN_LAYER_MERGE);
    r->activation = cell == &rnni_cell_rnn ? (int)rnni_node_int(node, RNN_LAYER_ACTIVATION) : RNNI_ACT_TANH;
    r->dropout = rnni_node_get(node, RNN_LAYER_DROPOUT);
    r->recurrent_dropout = rnni_node_get(node, RNN_LAYER_RECURRENT_DROPOUT);
    r->zoneout[0] = rnni_node_get(node, RNN_LAYER_ZONEOUT);
    r->zoneout[1] =
        rnni_op_takes(node->op, RNN_LAYER_CELL_ZONEOUT) ? rnni_node_get(node, RNN_LAYER_CELL_ZONEOUT) : 0;
    r->epsilon = rnni_node_get(node, RNN_LAYER_EPSILON);
}

rnn_status_t rnni_recurrent_infer(rnni_node *node, const rnni_cell *cell)
{
    RNNI_TRY(check_inputs(node));
    const rnni_node *x = node->inputs[RNNI_RECURRENT_X];
    int64_t activation = rnni_node_int(node, RNN_LAYER_ACTIVATION);
    RNNI_REQUIRE(cell != &rnni_cell_rnn || activation == RNN_TANH || activation == RNN_RELU,
                 RNN_ERROR_ARGUMENT, "layer %s: the activation of a simple_rnn is tanh or relu", node->name);
    RNNI_REQUIRE(cell != &rnni_cell_gru_before || rnni_node_int(node, RNN_LAYER_BIAS) != RNN_BIAS_TWO,
                 RNN_ERROR_ARGUMENT, "layer %s: a gru with reset before the product has no second bias",
                 node->name);
    RNNI_REQUIRE(rnni_recurrent_state_features(node, 0) <= RNNI_FEATURES_MAX &&
                     rnni_recurrent_state_features(node, 1) <= RNNI_FEATURES_MAX,
                 RNN_ERROR_SHAPE, "layer %s has more than 2^31 numbers of state", node->name);
    int64_t passes = rnni_node_int(node, RNN_LAYER_LAYERS) * directions(node);
    rnni_recurrent *r = rnni_node_plan(node, sizeof *r + (size_t)passes * sizeof *r->pass);
    if (!r) return RNN_ERROR_MEMORY;
    read_settings(node, cell, r);
    r->packed = r->passes * size_of_bias(r);
    for (int32_t i = 0; i < r->passes; i++) {
        rnni_pass *pass = &r->pass[i];
        int32_t layer = i / r->directions;
        pass->input = layer == 0 ? x->features : r->directions * r->o;
        pass->reverse = rnni_node_int(node, RNN_LAYER_DIRECTION) == RNN_REVERSE || i % r->directions == 1;
        RNNI_TRY(add_pass_weights(node, r, layer, pass));
        place_packed(node->graph->kernels, r, pass);
    }
    node->flow = RNNI_FLOW_SEQUENCE;
    node->axis = x->axis;
    node->features = r->merge == RNN_MERGE_CONCAT ? r->directions * r->o : r->o;
    return RNN_OK;
}

/* ---- packed copies */

int64_t rnni_recurrent_packed_size(const rnni_node *node, int backward)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    if (backward) return r->packed_backward;
    return rnni_graph_reduces(node->graph) ? r->passes * size_of_bias(r) : r->packed;
}

/* The bias that enters the input product is the sum of both, but for the gate whose recurrent part is kept
 * apart. */
static void pack_bias(const rnni_node *node, const rnni_recurrent *r, const rnni_pass *pass,
                      const rnni_real *weights, rnni_real *packed)
{
    int64_t columns = r->cell->gates * r->h, apart = r->cell->apart < 0 ? columns : r->cell->apart * r->h;
    rnni_real *bias = packed + pass->bias, *bias_apart = packed + pass->bias_apart;
    const rnni_real *ih = pass->bias_ih < 0 ? NULL : rnni_weight_at(node, weights, pass->bias_ih);
    const rnni_real *hh = pass->bias_hh < 0 ? NULL : rnni_weight_at(node, weights, pass->bias_hh);
    for (int64_t i = 0; i < columns; i++) bias[i] = (ih ? ih[i] : 0) + (hh && i < apart ? hh[i] : 0);
    for (int64_t i = 0; i < columns - apart; i++) bias_apart[i] = hh ? hh[apart + i] : 0;
}

void rnni_recurrent_pack(const rnni_node *node, const rnni_real *weights, rnni_real *packed, int backward)
{
    const rnni_recurrent *r = rnni_recurrent_of(node);
    const rnni_kernels *k = node->graph->kernels;
    int64_t columns = r->cell->gates * r->h;
    for (int32_t i = 0; i < r->passes; i++) {
        const rnni_pass *pass = &r->pass[i];
        const rnni_real *ih = rnni_weight_at(node, weights, pass->weight_ih),
                        *hh = rnni_weight_at(node, weights, pass->weight_hh);
        const rnni_real *hr = pass->weight_hr < 0 ? NULL : rnni_weight_at(node, weights, pass->weight_hr);
        if (backward) {
            rnni_pack(k, columns, pass->input, ih, pass->input, 1, packed + pass->backward_ih);
            rnni_cell_fill(r->cell, k, r->h, r->o, hh, packed + pass->backward_hh, true);
            if (hr) rnni_pack(k, r->o, r->h, hr, r->h, 1, packed + pass->backward_hr);
            continue;
        }
        pack_bias(node, r, pass, weights, packed);
        if (rnni_graph_reduces(node->graph)) continue;
        rnni_pack(k, pass->input, columns, ih, 1, pass->input, packed + pass->packed_ih);
        rnni_cell_fill(r->cell, k, r->h, r->o, hh, packed + pass->packed_hh, false);
        if (hr) rnni_pack(k, r->h, r->o, hr, 1, r->h, packed + pass->packed_hr);
    }
    if (!backward) rnni_recurrent_refresh_rows(node, weights, packed);
}

/* ---- initial states */

/* The final state of `source`, brought to `features` numbers if it has another count. */
static rnn_status_t bridge(rnni_node *layer, rnni_node *source, int32_t state, rnni_node **out)
{
    rnni_graph *graph = layer->graph;
    rnni_node *final = rnni_graph_add(graph, &rnni_op_final_state, &source, 1);
    if (!final) return graph->first_status;
    RNNI_TRY(rnni_node_set(final, RNN_LAYER_STATE, RNN_SETTING_INT, state));
    *out = final;
    int64_t features = rnni_recurrent_state_features(layer, state);
    if (rnni_recurrent_state_features(source, state) == features) return RNN_OK;
    char name[RNNI_NAME_SIZE + 16];
    snprintf(name, sizeof name, "%s_bridge_%c", layer->name, state == RNN_STATE_HIDDEN ? 'h' : 'c');
    rnni_node *dense = rnni_graph_add(graph, &rnni_op_dense, &final, 1);
    if (!dense) return graph->first_status;
    RNNI_TRY(rnni_node_set_name(dense, name));
    RNNI_TRY(rnni_node_set(dense, RNN_LAYER_UNITS, RNN_SETTING_INT, (double)features));
    *out = dense;
    return rnni_node_set(dense, RNN_LAYER_ACTIVATION, RNN_SETTING_INT,
                         state == RNN_STATE_HIDDEN ? RNN_TANH : RNN_LINEAR);
}

rnn_status_t rnni_recurrent_resolve_initial(rnni_graph *graph)
{
    int32_t count = graph->count;
    for (int32_t i = 0; i < count; i++) {
        rnni_node *layer = graph->nodes[i], *source = layer->initial_source;
        if (!source) continue;
        RNNI_REQUIRE(rnni_node_int(source, RNN_LAYER_LAYERS) == rnni_node_int(layer, RNN_LAYER_LAYERS),
                     RNN_ERROR_SHAPE, "layer %s has %lld stacked layers, '%s' that it starts from has %lld",
                     layer->name, (long long)rnni_node_int(layer, RNN_LAYER_LAYERS), source->name,
                     (long long)rnni_node_int(source, RNN_LAYER_LAYERS));
        int states = rnni_recurrent_states(layer);
        if (rnni_recurrent_states(source) < states) states = rnni_recurrent_states(source);
        for (int s = 0; s < states; s++)
            RNNI_TRY(bridge(layer, source, s, &layer->inputs[RNNI_RECURRENT_HIDDEN + s]));
    }
    return RNN_OK;
}

void rnni_recurrent_forget_initial(rnni_graph *graph, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        rnni_node *node = graph->nodes[i];
        for (int s = RNNI_RECURRENT_HIDDEN; node->initial_source && s < RNNI_RECURRENT_INPUTS; s++)
            node->inputs[s] = NULL;
    }
}

static rnn_status_t check_recurrent(const rnn_layer_t *layer)
{
    RNNI_REQUIRE(layer, RNN_ERROR_ARGUMENT, "the layer is NULL, expected a recurrent layer");
    RNNI_REQUIRE(!layer->graph->built, RNN_ERROR_STATE,
                 "layer %s: initial states lock when the model is built", layer->name);
    RNNI_REQUIRE(rnni_is_recurrent(layer), RNN_ERROR_ARGUMENT, "layer %s is a %s, expected a recurrent layer",
                 layer->name, layer->op->name);
    return RNN_OK;
}

static rnn_status_t set_source(rnn_layer_t *layer, rnn_layer_t *source)
{
    RNNI_TRY(check_recurrent(layer));
    RNNI_TRY(check_recurrent(source));
    RNNI_REQUIRE(source->graph == layer->graph, RNN_ERROR_ARGUMENT, "layer '%s' belongs to another model",
                 source->name);
    RNNI_REQUIRE(!layer->inputs[RNNI_RECURRENT_HIDDEN] && !layer->inputs[RNNI_RECURRENT_CELL],
                 RNN_ERROR_STATE, "layer %s has an initial state already", layer->name);
    layer->initial_source = source;
    return RNN_OK;
}

rnn_status_t rnn_layer_set_initial_state(rnn_layer_t *layer, rnn_layer_t *source)
{
    rnn_status_t status = set_source(layer, source);
    return layer ? rnni_graph_keep_error(layer->graph, status) : status;
}

static rnn_status_t set_vector(rnn_layer_t *layer, int32_t state, rnn_layer_t *vector)
{
    RNNI_TRY(check_recurrent(layer));
    RNNI_REQUIRE(vector, RNN_ERROR_ARGUMENT, "layer %s: the vector it starts from is NULL", layer->name);
    RNNI_REQUIRE(vector->graph == layer->graph, RNN_ERROR_ARGUMENT, "layer '%s' belongs to another model",
                 vector->name);
    RNNI_REQUIRE(state >= 0 && state < rnni_recurrent_states(layer), RNN_ERROR_ARGUMENT,
                 "layer %s: a %s has no state number %d", layer->name, layer->op->name, (int)state);
    RNNI_REQUIRE(!layer->initial_source, RNN_ERROR_STATE, "layer %s has an initial state already",
                 layer->name);
    layer->inputs[RNNI_RECURRENT_HIDDEN + state] = vector;
    return RNN_OK;
}

rnn_status_t rnn_layer_set_initial_vector(rnn_layer_t *layer, int32_t state, rnn_layer_t *vector)
{
    rnn_status_t status = set_vector(layer, state, vector);
    return layer ? rnni_graph_keep_error(layer->graph, status) : status;
}

void rnni_recurrent_set_masks(rnni_node *node, const rnni_real *input_mask, const rnni_real *recurrent_mask)
{
    rnni_recurrent *r = node->plan;
    r->input_mask = input_mask;
    r->recurrent_mask = recurrent_mask;
}

void rnni_recurrent_set_zoneout(rnni_node *node, const rnni_real *hidden, const rnni_real *cell)
{
    rnni_recurrent *r = node->plan;
    r->zoneout_mask[0] = hidden;
    r->zoneout_mask[1] = cell;
}
