/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "serial/model_file.h"
#include "serial/sort.h"

#include <stdio.h>

#define FORMAT 1

/* ---- Writing ---- */

/* Optional inputs at the end that are not there are left out. */
static int32_t used_inputs(const rnni_node *node)
{
    int32_t count = node->input_count;
    while (count > 0 && !node->inputs[count - 1]) count--;
    return count;
}

/* Every setting of the op, given or not: a file must not depend on what the defaults are when it is read. */
static void write_node(rnni_json_writer *json, const rnni_node *node)
{
    rnni_json_begin_object(json);
    rnni_json_write_key(json, "op");
    rnni_json_write_string(json, node->op->name);
    rnni_json_write_key(json, "version");
    rnni_json_write_i64(json, node->op->version);
    rnni_json_write_key(json, "name");
    rnni_json_write_string(json, node->name);
    rnni_json_write_key(json, "inputs");
    rnni_json_begin_array(json);
    for (int32_t i = 0; i < used_inputs(node); i++)
        rnni_json_write_string(json, node->inputs[i] ? node->inputs[i]->name : NULL);
    rnni_json_end_array(json);
    rnni_json_write_key(json, "settings");
    rnni_json_begin_object(json);
    for (int i = 0; i < RNNI_SETTINGS; i++)
        if (rnni_op_takes(node->op, rnni_layer_settings[i].id))
            rnni_setting_write_json(json, &rnni_layer_settings[i], node->settings[i]);
    rnni_json_end_object(json);
    if (node->tied) {
        rnni_json_write_key(json, "tied");
        rnni_json_write_string(json, node->tied->name);
    }
    rnni_json_end_object(json);
}

rnn_status_t rnni_graph_write_json(const rnni_graph *graph, rnni_buffer *out)
{
    RNNI_REQUIRE(graph->count <= RNNI_MAX_NODES, RNN_ERROR_UNSUPPORTED,
                 "the model has %d layers, a file holds at most %d", (int)graph->count, RNNI_MAX_NODES);
    size_t edges = 0;
    for (int32_t i = 0; i < graph->count; i++) edges += (size_t)used_inputs(graph->nodes[i]);
    RNNI_REQUIRE(edges <= RNNI_MAX_EDGES, RNN_ERROR_UNSUPPORTED,
                 "the layers of the model have %zu inputs together, a file holds at most %d", edges,
                 RNNI_MAX_EDGES);
    rnni_json_writer json = rnni_json_write_to(out);
    rnni_json_begin_object(&json);
    rnni_json_write_key(&json, "format");
    rnni_json_write_i64(&json, FORMAT);
    rnni_json_write_key(&json, "nodes");
    rnni_json_begin_array(&json);
    for (int32_t i = 0; i < graph->count; i++) write_node(&json, graph->nodes[i]);
    rnni_json_end_array(&json);
    rnni_json_write_key(&json, "outputs");
    rnni_json_begin_array(&json);
    for (int32_t i = 0; i < graph->output_count; i++) {
        rnni_json_begin_object(&json);
        rnni_json_write_key(&json, "name");
        rnni_json_write_string(&json, graph->outputs[i].name);
        rnni_json_write_key(&json, "node");
        rnni_json_write_string(&json, graph->outputs[i].node->name);
        rnni_json_end_object(&json);
    }
    rnni_json_end_array(&json);
    rnni_json_end_object(&json);
    return json.status;
}

/* ---- Reading ---- */

typedef struct {
    const char *name;
    const rnni_json_value *inputs, *settings, *tied; /* the last two may be NULL */
    const rnni_op *op;
    rnni_node *node; /* when it is made */
} row;

typedef struct {
    rnn_model_t *model;
    rnni_json json;
    row *rows;            /* in the file's order, which becomes that of the graph */
    const void **by_name; /* the same, sorted */
    size_t count;
    int64_t tensors;
} reader;

/* Refuses members of an object other than those of `known`, which ends with NULL. */
static rnn_status_t check_keys(const rnni_json_value *object, const char *what, const char *const *known)
{
    RNNI_REQUIRE(rnni_json_is(object, RNNI_JSON_OBJECT), RNN_ERROR_FORMAT, "%s is not a JSON object", what);
    const rnni_json_value *key = rnni_json_first(object);
    for (uint32_t i = 0; i < object->size; i++, key = rnni_json_next(rnni_json_next(key))) {
        const char *const *name = known;
        while (*name && strcmp(*name, key->text) != 0) name++;
        RNNI_REQUIRE(*name || rnni_key_is_foreign(key->text), RNN_ERROR_UNSUPPORTED,
                     "%s has the unknown key \"%.60s\"", what, key->text);
    }
    return RNN_OK;
}

static rnn_status_t read_version(const rnni_json_value *node, row *r)
{
    int64_t version;
    RNNI_REQUIRE(rnni_json_i64(rnni_json_get(node, "version"), &version), RNN_ERROR_FORMAT,
                 "layer %s has no version", r->name);
    RNNI_REQUIRE(version == r->op->version, RNN_ERROR_UNSUPPORTED,
                 "layer %s is a %s of version %lld, this library has version %d", r->name, r->op->name,
                 (long long)version, (int)r->op->version);
    return RNN_OK;
}

static rnn_status_t read_row(const rnni_json_value *node, size_t index, row *r)
{
    static const char *const known[] = { "op", "version", "name", "inputs", "settings", "tied", NULL };
    char what[48];
    snprintf(what, sizeof(what), "node %zu of the graph", index);
    RNNI_TRY(check_keys(node, what, known));
    const char *op = rnni_json_string(rnni_json_get(node, "op"));
    r->name = rnni_json_string(rnni_json_get(node, "name"));
    RNNI_REQUIRE(op && r->name, RNN_ERROR_FORMAT, "%s has no op or no name", what);
    RNNI_REQUIRE(strlen(r->name) < RNNI_NAME_SIZE, RNN_ERROR_FORMAT,
                 "the name of %s has %zu bytes, expected at most %d", what, strlen(r->name),
                 RNNI_NAME_SIZE - 1);
    r->op = rnni_op_find(op);
    RNNI_REQUIRE(r->op, RNN_ERROR_UNSUPPORTED, "layer %s is of the unknown kind \"%.60s\"", r->name, op);
    RNNI_TRY(read_version(node, r));
    r->inputs = rnni_json_get(node, "inputs");
    RNNI_REQUIRE(rnni_json_is(r->inputs, RNNI_JSON_ARRAY), RNN_ERROR_FORMAT,
                 "layer %s has no array of inputs", r->name);
    r->tied = rnni_json_get(node, "tied");
    r->settings = rnni_json_get(node, "settings");
    RNNI_REQUIRE(!r->settings || rnni_json_is(r->settings, RNNI_JSON_OBJECT), RNN_ERROR_FORMAT,
                 "the settings of layer %s are not an object", r->name);
    return RNN_OK;
}

static int compare_rows(const void *a, const void *b)
{
    return strcmp(((const row *)a)->name, ((const row *)b)->name);
}

static rnn_status_t read_rows(reader *in, const rnni_json_value *nodes)
{
    RNNI_REQUIRE(rnni_json_is(nodes, RNNI_JSON_ARRAY), RNN_ERROR_FORMAT, "the graph has no array of nodes");
    RNNI_REQUIRE(nodes->size <= RNNI_MAX_NODES, RNN_ERROR_UNSUPPORTED,
                 "the graph has %u nodes, expected at most %d", (unsigned)nodes->size, RNNI_MAX_NODES);
    rnn_context_t *context = in->model->graph.context;
    in->count = nodes->size;
    in->rows = rnni_alloc_array(context, in->count, sizeof(*in->rows));
    in->by_name = rnni_alloc_array(context, in->count, sizeof(*in->by_name));
    if (!in->rows || !in->by_name) return RNN_ERROR_MEMORY;
    const rnni_json_value *node = rnni_json_first(nodes);
    size_t edges = 0;
    for (size_t i = 0; i < in->count; i++, node = rnni_json_next(node)) {
        RNNI_TRY(read_row(node, i, &in->rows[i]));
        in->by_name[i] = &in->rows[i];
        edges += in->rows[i].inputs->size;
    }
    RNNI_REQUIRE(edges <= RNNI_MAX_EDGES, RNN_ERROR_UNSUPPORTED,
                 "the layers of the graph have %zu inputs together, expected at most %d", edges,
                 RNNI_MAX_EDGES);
    rnni_sort(in->by_name, in->count, compare_rows);
    for (size_t i = 1; i < in->count; i++)
        RNNI_REQUIRE(compare_rows(in->by_name[i - 1], in->by_name[i]) != 0, RNN_ERROR_FORMAT,
                     "two layers have the name \"%s\"", ((const row *)in->by_name[i])->name);
    return RNN_OK;
}

/* The row that a value names; `reader_name` and `role` are for the error. */
static rnn_status_t find_row(const reader *in, const rnni_json_value *value, const char *role,
                             const char *reader_name, const row **out)
{
    const char *name = rnni_json_string(value);
    RNNI_REQUIRE(name, RNN_ERROR_FORMAT, "%s of %s is not a name", role, reader_name);
    for (size_t low = 0, high = in->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        *out = in->by_name[middle];
        int order = strcmp(name, (*out)->name);
        if (order == 0) return RNN_OK;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return rnni_fail(RNN_ERROR_FORMAT, "%s of %s is \"%.60s\", which is no layer of the graph", role,
                     reader_name, name);
}

/* The inputs of a row that are made already. Those that an op needs stand before it in the file, as they do
 * in the program that made the graph; an initial state may come later. */
static rnn_status_t made_inputs(const reader *in, const row *r, rnni_node **inputs)
{
    const rnni_json_value *name = rnni_json_first(r->inputs);
    for (uint32_t i = 0; i < r->inputs->size; i++, name = rnni_json_next(name)) {
        bool needed = i < (uint32_t)r->op->min_inputs;
        const row *source = NULL;
        if (needed || !rnni_json_is(name, RNNI_JSON_NULL))
            RNNI_TRY(find_row(in, name, "an input", r->name, &source));
        inputs[i] = source ? source->node : NULL;
        RNNI_REQUIRE(inputs[i] || !needed, RNN_ERROR_FORMAT, "layer %s stands before its input \"%s\"",
                     r->name, source->name);
    }
    return RNN_OK;
}

/* Whether the graph's own checks have found the fault: in a file it is one of the format. */
static rnn_status_t as_format(rnn_status_t status)
{
    if (status >= 0 || status == RNN_ERROR_MEMORY || status == RNN_ERROR_UNSUPPORTED) return status;
    return rnni_fail(RNN_ERROR_FORMAT, "the graph in the file: %s", rnn_last_error());
}

static rnn_status_t read_settings(const row *r)
{
    char owner[RNNI_NAME_SIZE + 8];
    snprintf(owner, sizeof(owner), "layer %s", r->name);
    const rnni_json_value *key = r->settings ? rnni_json_first(r->settings) : NULL;
    for (uint32_t i = 0; key && i < r->settings->size; i++, key = rnni_json_next(rnni_json_next(key))) {
        if (rnni_key_is_foreign(key->text)) continue;
        double value = 0;
        int at = rnni_setting_find_name(rnni_layer_settings, RNNI_SETTINGS, key->text);
        RNNI_REQUIRE(at >= 0 && rnni_op_takes(r->op, rnni_layer_settings[at].id), RNN_ERROR_UNSUPPORTED,
                     "%s, a %s, has the unknown setting \"%.60s\"", owner, r->op->name, key->text);
        const rnni_setting *setting = &rnni_layer_settings[at];
        RNNI_TRY(rnni_setting_read_json(rnni_json_next(key), setting, owner, &value));
        RNNI_TRY(as_format(rnni_node_set(r->node, setting->id, setting->type, value)));
    }
    return RNN_OK;
}

/* The node loses its name until all are there: adding a node compares its first name, made from its kind,
 * with those of the others, which would take cubic time on many that look like such names. */
static rnn_status_t add_row(const reader *in, row *r)
{
    rnn_context_t *context = in->model->graph.context;
    size_t count = r->inputs->size;
    rnni_node **inputs = rnni_alloc_array(context, count, sizeof(*inputs));
    if (!inputs) return RNN_ERROR_MEMORY;
    rnn_status_t status = made_inputs(in, r, inputs);
    if (status == RNN_OK)
        status = as_format(
            rnni_model_add_node(in->model, r->op->name, r->name, inputs, (int32_t)count, &r->node));
    rnni_free(context, inputs, count * sizeof(*inputs));
    if (status == RNN_OK) status = read_settings(r);
    if (status == RNN_OK) r->node->name[0] = 0;
    return status;
}

/* Initial states that come from layers behind. */
static rnn_status_t add_late_inputs(const reader *in, const row *r)
{
    const rnni_json_value *name = rnni_json_first(r->inputs);
    for (uint32_t i = 0; i < r->inputs->size; i++, name = rnni_json_next(name)) {
        const row *source;
        if (r->node->inputs[i] || rnni_json_is(name, RNNI_JSON_NULL)) continue;
        RNNI_TRY(find_row(in, name, "an input", r->name, &source));
        r->node->inputs[i] = source->node;
    }
    return RNN_OK;
}

static rnn_status_t add_tie(const reader *in, const row *r)
{
    const row *source;
    if (!r->tied) return RNN_OK;
    RNNI_TRY(find_row(in, r->tied, "the table", r->name, &source));
    return as_format(rnni_node_tie(r->node, source->node));
}

/* Each stacked layer and direction has two weights at least, so it needs two tensors. Without this check a
 * few bytes could ask for very many layers. */
static rnn_status_t check_depth(const reader *in)
{
    int64_t passes = 0;
    for (size_t i = 0; i < in->count; i++) {
        const rnni_node *node = in->rows[i].node;
        if (!rnni_op_takes(node->op, RNN_LAYER_LAYERS)) continue;
        bool both = rnni_node_int(node, RNN_LAYER_DIRECTION) == RNN_BIDIRECTIONAL;
        passes += rnni_node_int(node, RNN_LAYER_LAYERS) * (both ? 2 : 1);
    }
    RNNI_REQUIRE(passes * 2 <= in->tensors, RNN_ERROR_FORMAT,
                 "the graph has %lld recurrent passes, but the file only %lld tensors", (long long)passes,
                 (long long)in->tensors);
    return RNN_OK;
}

static rnn_status_t read_outputs(const reader *in, const rnni_json_value *outputs)
{
    static const char *const known[] = { "name", "node", NULL };
    RNNI_REQUIRE(rnni_json_is(outputs, RNNI_JSON_ARRAY), RNN_ERROR_FORMAT,
                 "the graph has no array of outputs");
    RNNI_REQUIRE(outputs->size <= RNNI_MAX_NODES, RNN_ERROR_UNSUPPORTED,
                 "the graph has %u outputs, expected at most %d", (unsigned)outputs->size, RNNI_MAX_NODES);
    const rnni_json_value *output = rnni_json_first(outputs);
    for (uint32_t i = 0; i < outputs->size; i++, output = rnni_json_next(output)) {
        const row *source;
        RNNI_TRY(check_keys(output, "an output of the graph", known));
        const char *name = rnni_json_string(rnni_json_get(output, "name"));
        RNNI_REQUIRE(name, RNN_ERROR_FORMAT, "an output of the graph has no name");
        RNNI_TRY(find_row(in, rnni_json_get(output, "node"), "the node", "an output of the graph", &source));
        RNNI_TRY(as_format(rnni_graph_add_output(&in->model->graph, source->node, name)));
    }
    return RNN_OK;
}

static rnn_status_t read_graph(reader *in, const rnni_json_value *graph)
{
    static const char *const known[] = { "format", "nodes", "outputs", NULL };
    int64_t format;
    RNNI_REQUIRE(rnni_json_i64(rnni_json_get(graph, "format"), &format), RNN_ERROR_FORMAT,
                 "the graph has no \"format\"");
    RNNI_REQUIRE(format == FORMAT, RNN_ERROR_UNSUPPORTED,
                 "the graph has format %lld, this library reads format %d", (long long)format, FORMAT);
    RNNI_TRY(check_keys(graph, "the graph", known));
    RNNI_TRY(read_rows(in, rnni_json_get(graph, "nodes")));
    for (size_t i = 0; i < in->count; i++) RNNI_TRY(add_row(in, &in->rows[i]));
    for (size_t i = 0; i < in->count; i++)
        memcpy(in->rows[i].node->name, in->rows[i].name, strlen(in->rows[i].name) + 1);
    for (size_t i = 0; i < in->count; i++) RNNI_TRY(add_late_inputs(in, &in->rows[i]));
    for (size_t i = 0; i < in->count; i++) RNNI_TRY(add_tie(in, &in->rows[i]));
    RNNI_TRY(check_depth(in));
    return read_outputs(in, rnni_json_get(graph, "outputs"));
}

rnn_status_t rnni_graph_read_json(rnn_model_t *model, const char *text, size_t size, int64_t tensors)
{
    rnn_context_t *context = model->graph.context;
    reader in = { .model = model, .tensors = tensors };
    rnn_status_t status = rnni_json_parse(&in.json, context, text, size, "the graph (rnn.model)");
    if (status == RNN_OK) status = read_graph(&in, in.json.values);
    rnni_free(context, in.rows, in.count * sizeof(*in.rows));
    rnni_free(context, in.by_name, in.count * sizeof(*in.by_name));
    rnni_json_clear(&in.json);
    return status;
}
