/* SPDX-License-Identifier: MIT */
#include "layers/precision.h"
#include "model/exec.h"
#include "core/error.h"
#include "tensor/tensor.h"
#include <math.h>

rnn_model_t *rnn_model_create(rnn_context_t *context)
{
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return NULL;
    rnn_model_t *model = rnni_alloc(held, sizeof *model);
    if (!model || rnni_graph_init(&model->graph, held) != RNN_OK) {
        rnni_free(held, model, sizeof *model);
        rnn_context_free(held);
        return NULL;
    }
    atomic_init(&model->references, 1);
    atomic_init(&model->version, 0);
    return model;
}

rnn_model_t *rnn_model_retain(rnn_model_t *model)
{
    if (model) atomic_fetch_add_explicit(&model->references, 1, memory_order_relaxed);
    return model;
}

static void free_text(rnn_context_t *context, char *text)
{
    if (text) rnni_free(context, text, strlen(text) + 1);
}

static void free_classes(rnn_context_t *context, rnni_classes *classes)
{
    for (int64_t i = 0; classes->names && i < classes->count; i++) free_text(context, classes->names[i]);
    rnni_free(context, classes->names, (size_t)classes->count * sizeof *classes->names);
    *classes = (rnni_classes){ NULL, 0 };
}

void rnn_model_free(rnn_model_t *model)
{
    if (!model || atomic_fetch_sub_explicit(&model->references, 1, memory_order_acq_rel) != 1) return;
    rnn_context_t *context = model->graph.context;
    rnni_exec_drop_idle(model);
    rnni_graph_release(&model->graph);
    for (size_t i = 0; i < model->tokenizer_count; i++) rnn_tokenizer_free(model->tokenizers[i]);
    rnni_free(context, model->tokenizers, model->tokenizer_count * sizeof *model->tokenizers);
    for (size_t i = 0; i < model->classes_count; i++) free_classes(context, &model->classes[i]);
    rnni_free(context, model->classes, model->classes_count * sizeof *model->classes);
    for (size_t i = 0; i < model->metadata_count; i++) {
        free_text(context, model->metadata[i].key);
        free_text(context, model->metadata[i].value);
    }
    rnni_free(context, model->metadata, model->metadata_capacity * sizeof *model->metadata);
    rnni_blobs_release(model);
    rnni_free(context, model, sizeof *model);
    rnn_context_free(context);
}

rnn_status_t rnn_model_set_output(rnn_model_t *model, rnn_layer_t *layer, const char *name)
{
    if (!model) return rnni_fail_null("the model");
    return rnni_graph_add_output(&model->graph, layer, name);
}

rnn_status_t rnn_model_build(rnn_model_t *model)
{
    if (!model) return rnni_fail_null("the model");
    return rnni_graph_build(&model->graph, 1, -1);
}

rnn_status_t rnni_model_build_empty(rnn_model_t *model, int64_t weight_limit)
{
    return rnni_graph_build(&model->graph, 0, weight_limit);
}

rnn_status_t rnni_model_add_node(rnn_model_t *model, const char *op, const char *name,
                                 rnni_node *const *inputs, int32_t count, rnni_node **node)
{
    const rnni_op *found = rnni_op_find(op);
    RNNI_REQUIRE(found, RNN_ERROR_UNSUPPORTED, "layer '%s' is of an unknown kind, '%s'", name, op);
    rnni_node *added = rnni_graph_add(&model->graph, found, inputs, count);
    if (!added) return model->graph.first_status;
    RNNI_TRY(rnni_graph_keep_error(&model->graph, rnni_node_set_name(added, name)));
    *node = added;
    return RNN_OK;
}

/* ---- what there is */

int32_t rnn_model_inputs(const rnn_model_t *model) { return model ? model->graph.input_count : 0; }
int32_t rnn_model_outputs(const rnn_model_t *model) { return model ? model->graph.output_count : 0; }

const char *rnn_model_input_name(const rnn_model_t *model, int32_t index)
{
    return index >= 0 && index < rnn_model_inputs(model) ? model->graph.inputs[index]->name : NULL;
}

const char *rnn_model_output_name(const rnn_model_t *model, int32_t index)
{
    return index >= 0 && index < rnn_model_outputs(model) ? model->graph.outputs[index].name : NULL;
}

int64_t rnn_model_output_features(const rnn_model_t *model, int32_t index)
{
    return index >= 0 && index < rnn_model_outputs(model)
               ? rnn_layer_features(model->graph.outputs[index].node)
               : 0;
}

rnn_layer_t *rnn_model_layer(const rnn_model_t *model, const char *name)
{
    return model && name ? rnni_graph_find(&model->graph, name) : NULL;
}

int32_t rnni_model_output_index(const rnn_model_t *model, const char *name)
{
    const rnni_graph *graph = &model->graph;
    if (!name && graph->output_count == 1) return 0;
    for (int32_t i = 0; name && i < graph->output_count; i++)
        if (!strcmp(graph->outputs[i].name, name)) return i;
    if (name) rnni_fail(RNN_ERROR_NAME, "the model has no output named '%s'", name);
    else
        rnni_fail(RNN_ERROR_NAME, "the model has %d outputs, expected the name of one",
                  (int)graph->output_count);
    return -1;
}

int32_t rnni_model_input_index(const rnn_model_t *model, const char *name)
{
    const rnni_graph *graph = &model->graph;
    if (!name && graph->input_count == 1) return 0;
    for (int32_t i = 0; name && i < graph->input_count; i++)
        if (!strcmp(graph->inputs[i]->name, name)) return i;
    if (name) rnni_fail(RNN_ERROR_NAME, "the model has no input named '%s'", name);
    else
        rnni_fail(RNN_ERROR_NAME, "the model has %d inputs, expected the name of one",
                  (int)graph->input_count);
    return -1;
}

/* ---- weights */

int64_t rnn_model_parameters(const rnn_model_t *model) { return model ? model->graph.parameters : 0; }

int64_t rnn_model_weights(const rnn_model_t *model)
{
    int64_t count = 0;
    for (int32_t i = 0; model && i < model->graph.count; i++) count += model->graph.nodes[i]->weight_count;
    return count;
}

const char *rnn_model_weight_name(const rnn_model_t *model, int64_t index)
{
    for (int32_t i = 0; model && index >= 0 && i < model->graph.count; i++) {
        const rnni_node *node = model->graph.nodes[i];
        if (index < node->weight_count) return node->weights[index].full;
        index -= node->weight_count;
    }
    return NULL;
}

static void release_model(void *model) { rnn_model_free(model); }

rnn_tensor_t *rnn_model_weight(rnn_model_t *model, const char *name)
{
    if (!model || !name || !model->graph.built) {
        rnni_fail(model && name ? RNN_ERROR_STATE : RNN_ERROR_ARGUMENT,
                  model && name ? "the model is not built" : "expected a model and a name, one is NULL");
        return NULL;
    }
    const rnni_weight *weight = rnni_graph_weight(&model->graph, name, NULL);
    if (!weight) return NULL;
    rnn_tensor_t *view =
        rnni_tensor_view_const(model->graph.context, RNNI_REAL_DTYPE, weight->rank, weight->shape,
                               model->graph.weights + weight->offset, release_model, model);
    if (view) rnn_model_retain(model);
    return view;
}

static rnn_status_t check_values(const rnn_tensor_t *values, const rnni_weight *weight, const char *name)
{
    RNNI_REQUIRE(rnn_tensor_rank(values) == weight->rank && rnn_tensor_size(values, 0) == weight->shape[0] &&
                     (weight->rank == 1 || rnn_tensor_size(values, 1) == weight->shape[1]),
                 RNN_ERROR_SHAPE, "weight '%s' is %lld x %lld, the values have %d dimensions, %lld x %lld",
                 name, (long long)weight->shape[0], (long long)weight->shape[1], (int)rnn_tensor_rank(values),
                 (long long)rnn_tensor_size(values, 0),
                 (long long)(rnn_tensor_rank(values) > 1 ? rnn_tensor_size(values, 1) : 1));
    int32_t type = rnn_tensor_dtype(values);
    RNNI_REQUIRE(type == RNN_F32 || type == RNN_F64 || type == RNN_F16 || type == RNN_BF16, RNN_ERROR_TYPE,
                 "weight '%s' takes floats, the values are %s", name, rnn_dtype_name(type));
    for (int64_t i = 0; i < weight->count; i++)
        RNNI_REQUIRE(isfinite(rnn_tensor_get(values, i)), RNN_ERROR_DATA,
                     "weight '%s': number %lld is not finite", name, (long long)i);
    return RNN_OK;
}

rnn_status_t rnn_model_set_weight(rnn_model_t *model, const char *name, const rnn_tensor_t *values)
{
    RNNI_REQUIRE(model && name && values, RNN_ERROR_ARGUMENT,
                 "expected a model, a name and values, one is NULL");
    RNNI_REQUIRE(model->graph.built, RNN_ERROR_STATE, "weights are there when the model is built");
    rnni_node *node = NULL;
    const rnni_weight *weight = rnni_graph_weight(&model->graph, name, &node);
    if (!weight) return RNN_ERROR_NAME;
    RNNI_TRY(check_values(values, weight, name));
    rnn_tensor_t *target = rnn_tensor_wrap(model->graph.context, RNNI_REAL_DTYPE, weight->rank, weight->shape,
                                           NULL, model->graph.weights + weight->offset);
    if (!target) return RNN_ERROR_MEMORY;
    rnn_status_t status = rnn_tensor_copy(target, values);
    rnn_tensor_free(target);
    RNNI_TRY(status);
    rnni_graph_written(&model->graph, weight);
    atomic_fetch_add(&model->version, 1);
    for (int32_t i = 0; i < model->graph.count; i++)
        if (model->graph.nodes[i] == node || model->graph.nodes[i]->tied == node ||
            model->graph.nodes[i] == node->folds_into)
            rnni_node_pack_again(model->graph.nodes[i]);
    return RNN_OK;
}

/* ---- what travels with the model */

/* Makes a list indexed by input or output as long as `count`. */
static rnn_status_t lengthen(rnn_context_t *context, void **items, size_t *length, size_t count, size_t size)
{
    if (*length >= count) return RNN_OK;
    void *more = rnni_realloc(context, *items, *length * size, count * size);
    if (!more) return RNN_ERROR_MEMORY;
    *items = more;
    *length = count;
    return RNN_OK;
}

rnn_status_t rnn_model_set_tokenizer(rnn_model_t *model, const char *input, rnn_tokenizer_t *tokenizer)
{
    RNNI_REQUIRE(model && tokenizer, RNN_ERROR_ARGUMENT, "expected a model and a tokenizer, one is NULL");
    int32_t index = rnni_model_input_index(model, input);
    if (index < 0) return RNN_ERROR_NAME;
    RNNI_REQUIRE(!strcmp(model->graph.inputs[index]->op->name, "input_tokens"), RNN_ERROR_ARGUMENT,
                 "input '%s' has no tokens, a tokenizer is of no use to it",
                 model->graph.inputs[index]->name);
    RNNI_REQUIRE(rnn_tokenizer_size(tokenizer) > 0, RNN_ERROR_STATE,
                 "the tokenizer's vocabulary is not built");
    RNNI_TRY(lengthen(model->graph.context, (void **)&model->tokenizers, &model->tokenizer_count,
                      (size_t)index + 1, sizeof *model->tokenizers));
    rnn_tokenizer_retain(tokenizer);
    rnn_tokenizer_free(model->tokenizers[index]);
    model->tokenizers[index] = tokenizer;
    return RNN_OK;
}

rnn_tokenizer_t *rnn_model_tokenizer(const rnn_model_t *model, const char *input)
{
    int32_t index = model ? rnni_model_input_index(model, input) : -1;
    return index >= 0 && (size_t)index < model->tokenizer_count ? model->tokenizers[index] : NULL;
}

static rnn_status_t copy_names(rnn_context_t *context, const char *const *names, int64_t count,
                               rnni_classes *classes)
{
    classes->names = rnni_alloc_array(context, (size_t)count, sizeof *classes->names);
    if (!classes->names) return RNN_ERROR_MEMORY;
    classes->count = count;
    for (int64_t i = 0; i < count; i++) {
        classes->names[i] = names[i] ? rnni_strdup(context, names[i]) : NULL;
        if (classes->names[i]) continue;
        rnn_status_t status =
            names[i] ? RNN_ERROR_MEMORY
                     : rnni_fail(RNN_ERROR_ARGUMENT, "the name of class %lld is NULL", (long long)i);
        free_classes(context, classes);
        return status;
    }
    return RNN_OK;
}

rnn_status_t rnn_model_set_classes(rnn_model_t *model, const char *output, const char *const *names,
                                   int64_t count)
{
    RNNI_REQUIRE(model && names, RNN_ERROR_ARGUMENT, "expected a model and names, one is NULL");
    RNNI_REQUIRE(count > 0 && count <= 1 << 24, RNN_ERROR_RANGE, "%lld class names, expected 1 to 2^24",
                 (long long)count);
    int32_t index = rnni_model_output_index(model, output);
    if (index < 0) return RNN_ERROR_NAME;
    rnn_context_t *context = model->graph.context;
    rnni_classes classes = { NULL, 0 };
    RNNI_TRY(copy_names(context, names, count, &classes));
    rnn_status_t status = lengthen(context, (void **)&model->classes, &model->classes_count,
                                   (size_t)index + 1, sizeof *model->classes);
    if (status != RNN_OK) {
        free_classes(context, &classes);
        return status;
    }
    free_classes(context, &model->classes[index]);
    model->classes[index] = classes;
    return RNN_OK;
}

const char *rnn_model_class_name(const rnn_model_t *model, const char *output, int64_t number)
{
    int32_t index = model ? rnni_model_output_index(model, output) : -1;
    if (index < 0 || (size_t)index >= model->classes_count || number < 0 ||
        number >= model->classes[index].count)
        return NULL;
    return model->classes[index].names[number];
}

/* Where a key stands, or would stand, in the sorted list. */
static size_t find_metadata(const rnn_model_t *model, const char *key, bool *found)
{
    size_t i = 0;
    while (i < model->metadata_count && strcmp(model->metadata[i].key, key) < 0) i++;
    *found = i < model->metadata_count && !strcmp(model->metadata[i].key, key);
    return i;
}

static void remove_metadata(rnn_model_t *model, size_t at)
{
    free_text(model->graph.context, model->metadata[at].key);
    free_text(model->graph.context, model->metadata[at].value);
    model->metadata_count--;
    memmove(&model->metadata[at], &model->metadata[at + 1],
            (model->metadata_count - at) * sizeof *model->metadata);
}

rnn_status_t rnn_model_set_metadata(rnn_model_t *model, const char *key, const char *value)
{
    RNNI_REQUIRE(model && key && *key, RNN_ERROR_ARGUMENT, "expected a model and a key that is not empty");
    RNNI_REQUIRE(strncmp(key, "rnn.", 4), RNN_ERROR_NAME,
                 "key '%s': those that begin with 'rnn.' are the library's", key);
    rnn_context_t *context = model->graph.context;
    bool found;
    size_t at = find_metadata(model, key, &found);
    if (!value) {
        if (found) remove_metadata(model, at);
        return RNN_OK;
    }
    RNNI_TRY(rnni_grow(context, (void **)&model->metadata, &model->metadata_capacity,
                       model->metadata_count + 1, sizeof *model->metadata));
    rnni_metadata entry = { rnni_strdup(context, key), rnni_strdup(context, value) };
    if (!entry.key || !entry.value) {
        free_text(context, entry.key);
        free_text(context, entry.value);
        return RNN_ERROR_MEMORY;
    }
    if (found) remove_metadata(model, at);
    memmove(&model->metadata[at + 1], &model->metadata[at],
            (model->metadata_count - at) * sizeof *model->metadata);
    model->metadata[at] = entry;
    model->metadata_count++;
    return RNN_OK;
}

const char *rnn_model_metadata(const rnn_model_t *model, const char *key)
{
    bool found = false;
    size_t at = model && key ? find_metadata(model, key, &found) : 0;
    return found ? model->metadata[at].value : NULL;
}
