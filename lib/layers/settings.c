/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/graph.h"

#define UNITS_MAX 16777216.0
#define INITS "auto|zeros|uniform|normal|glorot_uniform|orthogonal"

const rnni_setting rnni_layer_settings[RNNI_SETTINGS] = {
    { RNN_LAYER_UNITS, RNN_SETTING_INT, "units", 1, UNITS_MAX, 1, NULL },
    { RNN_LAYER_VOCABULARY, RNN_SETTING_INT, "vocabulary", 1, 2147483647.0, 1, NULL },
    { RNN_LAYER_FEATURES, RNN_SETTING_INT, "features", 1, UNITS_MAX, 1, NULL },
    { RNN_LAYER_ACTIVATION, RNN_SETTING_INT, "activation", 0, 10, 0,
      "linear|relu|tanh|sigmoid|softmax|gelu|softplus|elu|leaky_relu|swish|hard_sigmoid" },
    { RNN_LAYER_DIRECTION, RNN_SETTING_INT, "direction", 0, 2, 0, "forward|reverse|bidirectional" },
    { RNN_LAYER_MERGE, RNN_SETTING_INT, "merge", 0, 3, 0, "concat|sum|mul|ave" },
    { RNN_LAYER_LAYERS, RNN_SETTING_INT, "layers", 1, 64, 1, NULL },
    { RNN_LAYER_BIAS, RNN_SETTING_INT, "bias", 0, 2, 1, "none|one|two" },
    { RNN_LAYER_DROPOUT, RNN_SETTING_FLOAT, "dropout", 0, 0.999999, 0, NULL },
    { RNN_LAYER_RECURRENT_DROPOUT, RNN_SETTING_FLOAT, "recurrent_dropout", 0, 0.999999, 0, NULL },
    { RNN_LAYER_RESET, RNN_SETTING_INT, "reset", 0, 1, 0, "after|before" },
    { RNN_LAYER_MASK_ID, RNN_SETTING_INT, "mask_id", -1, 2147483646.0, -1, NULL },
    { RNN_LAYER_FORGET_BIAS, RNN_SETTING_FLOAT, "forget_bias", -1000, 1000, 1, NULL },
    { RNN_LAYER_INIT, RNN_SETTING_INT, "init", 0, 5, 0, INITS },
    { RNN_LAYER_RECURRENT_INIT, RNN_SETTING_INT, "recurrent_init", 0, 5, 0, INITS },
    { RNN_LAYER_INIT_SCALE, RNN_SETTING_FLOAT, "init_scale", 1e-30, 1000, 0.05, NULL },
    { RNN_LAYER_STATE, RNN_SETTING_INT, "state", 0, 1, 0, "hidden|cell" },
    { RNN_LAYER_EPSILON, RNN_SETTING_FLOAT, "epsilon", 1e-30, 1, 1e-5, NULL },
    { RNN_LAYER_MOMENTUM, RNN_SETTING_FLOAT, "momentum", 0, 1, 0.1, NULL },
    { RNN_LAYER_ZONEOUT, RNN_SETTING_FLOAT, "zoneout", 0, 1, 0, NULL },
    { RNN_LAYER_CELL_ZONEOUT, RNN_SETTING_FLOAT, "cell_zoneout", 0, 1, 0, NULL },
    { RNN_LAYER_PEEPHOLE, RNN_SETTING_INT, "peephole", 0, 1, 0, NULL },
    { RNN_LAYER_PROJECTION, RNN_SETTING_INT, "projection", 0, UNITS_MAX, 0, NULL },
    { RNN_LAYER_NORM, RNN_SETTING_INT, "norm", 0, 1, 0, NULL },
    { RNN_LAYER_TRAINABLE, RNN_SETTING_INT, "trainable", 0, 1, 1, NULL },
    { RNN_LAYER_RATE_SCALE, RNN_SETTING_FLOAT, "rate_scale", 0, 1000, 1, NULL },
    { RNN_LAYER_L2, RNN_SETTING_FLOAT, "l2", 0, 1000, 0, NULL },
    { RNN_LAYER_DECAY, RNN_SETTING_INT, "decay", 0, 1, 1, NULL },
};

bool rnni_op_takes(const rnni_op *op, int32_t setting)
{
    for (const int32_t *s = op->settings; s && *s; s++)
        if (*s == setting) return true;
    return false;
}

/* The table's default, or the op's own. */
static double standard_of(const rnni_op *op, int32_t setting)
{
    for (const double *d = op->defaults; d && d[0] != 0; d += 2)
        if ((int32_t)d[0] == setting) return d[1];
    return rnni_layer_settings[setting - 1].standard;
}

void rnni_node_defaults(rnni_node *node)
{
    for (int32_t i = 0; i < RNNI_SETTINGS; i++) node->settings[i] = standard_of(node->op, i + 1);
}

rnn_status_t rnni_node_set(rnni_node *node, int32_t setting, int32_t type, double value)
{
    char owner[RNNI_NAME_SIZE + 16];
    int row = rnni_setting_find(rnni_layer_settings, RNNI_SETTINGS, setting);
    RNNI_REQUIRE(row >= 0, RNN_ERROR_ARGUMENT, "layer %s: there is no layer setting with number %d",
                 node->name, (int)setting);
    RNNI_REQUIRE(rnni_op_takes(node->op, setting), RNN_ERROR_ARGUMENT,
                 "layer %s: a %s layer has no setting %s", node->name, node->op->name,
                 rnni_layer_settings[row].name);
    RNNI_REQUIRE(!node->graph->built || setting >= RNN_LAYER_TRAINABLE, RNN_ERROR_STATE,
                 "layer %s: settings lock when the model is built, all but those of training", node->name);
    memcpy(owner, "layer ", 6);
    memcpy(owner + 6, node->name, strlen(node->name) + 1);
    RNNI_TRY(
        rnni_setting_set(rnni_layer_settings, RNNI_SETTINGS, node->settings, owner, setting, type, value));
    node->set |= 1u << (setting - 1);
    return RNN_OK;
}

static rnn_status_t set(rnn_layer_t *layer, int32_t setting, int32_t type, double value)
{
    RNNI_REQUIRE(layer, RNN_ERROR_ARGUMENT, "the layer is NULL, expected one that a constructor returned");
    return rnni_graph_keep_error(layer->graph, rnni_node_set(layer, setting, type, value));
}

rnn_status_t rnn_layer_set_int(rnn_layer_t *layer, int32_t setting, int64_t value)
{
    return set(layer, setting, RNN_SETTING_INT, (double)value);
}

rnn_status_t rnn_layer_set_float(rnn_layer_t *layer, int32_t setting, double value)
{
    return set(layer, setting, RNN_SETTING_FLOAT, value);
}

rnn_status_t rnn_layer_get_float(const rnn_layer_t *layer, int32_t setting, double *value)
{
    RNNI_REQUIRE(layer && value, RNN_ERROR_ARGUMENT,
                 "expected a layer and a place for the value, one is NULL");
    int row = rnni_setting_find(rnni_layer_settings, RNNI_SETTINGS, setting);
    RNNI_REQUIRE(row >= 0 && rnni_op_takes(layer->op, setting), RNN_ERROR_ARGUMENT,
                 "layer %s: a %s layer has no setting %s", layer->name, layer->op->name,
                 row >= 0 ? rnni_layer_settings[row].name : "with that number");
    *value = layer->settings[row];
    return RNN_OK;
}

rnn_status_t rnn_layer_get_int(const rnn_layer_t *layer, int32_t setting, int64_t *value)
{
    double number = 0;
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "expected a place for the value, it is NULL");
    RNNI_TRY(rnn_layer_get_float(layer, setting, &number));
    RNNI_REQUIRE(rnni_layer_settings[setting - 1].type == RNN_SETTING_INT, RNN_ERROR_TYPE,
                 "layer %s: setting %s is a float, asked for as an integer", layer->name,
                 rnni_layer_settings[setting - 1].name);
    *value = (int64_t)number;
    return RNN_OK;
}

rnn_status_t rnn_layer_setting(const char *kind, int32_t index, rnn_setting_t *setting)
{
    RNNI_REQUIRE(kind && setting, RNN_ERROR_ARGUMENT,
                 "expected a kind of layer and a place for the description, one is NULL");
    const rnni_op *op = rnni_op_find(kind);
    RNNI_REQUIRE(op, RNN_ERROR_NAME, "there is no kind of layer named '%s'", kind);
    int32_t count = 0;
    while (op->settings && op->settings[count]) count++;
    RNNI_REQUIRE(index >= 0, RNN_ERROR_RANGE, "setting number %d, expected 0 to %d", (int)index,
                 (int)count - 1);
    if (index >= count) return RNN_END;
    int32_t id = op->settings[index];
    rnni_setting row = rnni_layer_settings[id - 1];
    row.standard = standard_of(op, id);
    return rnni_setting_describe(&row, 1, 0, setting);
}
