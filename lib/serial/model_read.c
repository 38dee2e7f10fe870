/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/precision.h"
#include "serial/model_file.h"

#include <math.h>
#include <stdio.h>

/* ---- Weights ---- */

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_reserved(const char *name)
{
    return has_prefix(name, RNNI_RESERVED_PREFIX);
}

/* Tensors that must be weights, and how many numbers they have. */
static void count_weights(const rnni_safetensors *file, int64_t *tensors, int64_t *numbers)
{
    *tensors = *numbers = 0;
    const rnni_safetensors_entry *entry;
    for (int64_t i = 0; (entry = rnni_safetensors_at(file, i)) != NULL; i++) {
        if (is_reserved(entry->name) || rnni_model_is_scale(file, entry->name)) continue;
        ++*tensors;
        *numbers += entry->count; /* all lie in one file, so this cannot overflow */
    }
}

bool rnni_model_is_scale(const rnni_safetensors *file, const char *name)
{
    char other[RNNI_WEIGHT_NAME_SIZE];
    size_t length = strlen(name), suffix = strlen(RNNI_SCALE_SUFFIX);
    if (length <= suffix || length >= sizeof(other) || strcmp(name + length - suffix, RNNI_SCALE_SUFFIX) != 0)
        return false;
    memcpy(other, name, length - suffix);
    other[length - suffix] = 0;
    const rnni_safetensors_entry *entry = rnni_safetensors_find(file, other);
    return entry && entry->dtype == RNN_I8;
}

/* Whether an entry (NULL: none) can become the weight. */
static rnn_status_t check_entry(const rnni_safetensors_entry *entry, const rnni_weight *weight,
                                const char *name)
{
    RNNI_REQUIRE(entry, RNN_ERROR_FORMAT, "the file has no tensor \"%s\"", name);
    RNNI_REQUIRE(entry->dtype == RNN_F32 || entry->dtype == RNN_F64 || entry->dtype == RNN_F16 ||
                     entry->dtype == RNN_BF16 || (entry->dtype == RNN_I8 && weight->rank == 2),
                 RNN_ERROR_FORMAT, "tensor \"%s\" has the type %s, expected floats%s", name,
                 rnn_dtype_name(entry->dtype), weight->rank == 2 ? " or I8" : "");
    bool same = entry->rank == weight->rank;
    for (int32_t i = 0; same && i < weight->rank; i++) same = entry->shape[i] == weight->shape[i];
    RNNI_REQUIRE(same, RNN_ERROR_FORMAT,
                 "tensor \"%s\" has %d dimensions and %lld numbers, expected %d and %lld%s", name,
                 (int)entry->rank, (long long)entry->count, (int)weight->rank, (long long)weight->count,
                 entry->rank == weight->rank && entry->count == weight->count ? " in another shape" : "");
    return RNN_OK;
}

/* Multiplies the rows of a weight with the scales that belong to it. */
static rnn_status_t apply_scales(const rnni_safetensors *file, const rnni_weight *weight, const char *name,
                                 rnni_real *numbers)
{
    char scale_name[RNNI_WEIGHT_NAME_SIZE + 8];
    snprintf(scale_name, sizeof(scale_name), "%s" RNNI_SCALE_SUFFIX, name);
    const rnni_safetensors_entry *entry = rnni_safetensors_find(file, scale_name);
    RNNI_REQUIRE(entry && entry->dtype == RNN_F32 && entry->rank == 1 && entry->shape[0] == weight->shape[0],
                 RNN_ERROR_FORMAT, "tensor \"%s\" is I8, but \"%s\", %lld scales of F32, is not there", name,
                 scale_name, (long long)weight->shape[0]);
    for (int64_t r = 0; r < weight->shape[0]; r++) {
        float scale;
        memcpy(&scale, (const char *)entry->data + (size_t)r * sizeof(scale), sizeof(scale));
        RNNI_REQUIRE(isfinite(scale) && scale >= 0, RNN_ERROR_DATA,
                     "tensor \"%s\": scale %lld is not a finite number from 0 on", scale_name, (long long)r);
        for (int64_t i = 0; i < weight->shape[1]; i++) numbers[r * weight->shape[1] + i] *= scale;
    }
    return RNN_OK;
}

rnn_status_t rnni_model_read_entry(const rnni_safetensors *file, const rnni_weight *weight, const char *name,
                                   rnni_real *numbers)
{
    const rnni_safetensors_entry *entry = rnni_safetensors_find(file, name);
    RNNI_TRY(check_entry(entry, weight, name));
    rnni_safetensors_convert(entry, RNNI_REAL_DTYPE, numbers);
    if (entry->dtype == RNN_I8) RNNI_TRY(apply_scales(file, weight, name, numbers));
    for (int64_t i = 0; i < weight->count; i++)
        RNNI_REQUIRE(isfinite(numbers[i]), RNN_ERROR_DATA, "tensor \"%s\": number %lld is not finite", name,
                     (long long)i);
    return RNN_OK;
}

/* One weight into its place in `block`. */
static rnn_status_t read_weight(const rnni_safetensors *file, const rnni_node *node,
                                const rnni_weight *weight, rnni_real *block)
{
    char name[RNNI_WEIGHT_NAME_SIZE];
    snprintf(name, sizeof(name), "%s.%s", node->name, weight->name);
    return rnni_model_read_entry(file, weight, name, block + weight->offset);
}

/* Names the tensors that are no weights of the graph: the first few of them. */
static rnn_status_t tensors_left(const rnni_graph *graph, const rnni_safetensors *file, int64_t count)
{
    char names[256] = "";
    const rnni_safetensors_entry *entry;
    int named = 0;
    for (int64_t i = 0; named < 3 && (entry = rnni_safetensors_at(file, i)) != NULL; i++) {
        if (is_reserved(entry->name) || rnni_model_is_scale(file, entry->name) ||
            rnni_graph_weight(graph, entry->name, NULL))
            continue;
        size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, "%s\"%.60s\"", named ? ", " : "", entry->name);
        named++;
    }
    return rnni_fail(RNN_ERROR_FORMAT, "%lld tensors of the file belong to no layer: %s%s", (long long)count,
                     names, count > named ? ", ..." : "");
}

/* All weights of the graph into `block`; every tensor of the file must have been one. */
static rnn_status_t read_weights(const rnni_graph *graph, const rnni_safetensors *file, rnni_real *block)
{
    int64_t tensors, numbers, weights = 0;
    count_weights(file, &tensors, &numbers);
    for (int32_t i = 0; i < graph->count; i++) {
        const rnni_node *node = graph->nodes[i];
        for (int32_t w = 0; w < node->weight_count; w++)
            RNNI_TRY(read_weight(file, node, &node->weights[w], block));
        weights += node->weight_count;
    }
    return tensors == weights ? RNN_OK : tensors_left(graph, file, tensors - weights);
}

/* ---- Texts ---- */

static rnn_status_t read_tokenizer(rnn_model_t *model, const char *input, const char *text)
{
    rnn_tokenizer_t *tokenizer;
    RNNI_TRY(rnni_tokenizer_read_json(model->graph.context, text, strlen(text), input, &tokenizer));
    rnn_status_t status = rnn_model_set_tokenizer(model, input, tokenizer);
    rnn_tokenizer_free(tokenizer);
    return status;
}

static rnn_status_t set_names(rnn_model_t *model, const char *output, const rnni_json_value *list)
{
    RNNI_REQUIRE(rnni_json_is(list, RNNI_JSON_ARRAY), RNN_ERROR_FORMAT,
                 "the class names of output \"%.60s\" are not an array", output);
    size_t count = list->size;
    rnn_status_t status = RNN_OK;
    const char **names = rnni_alloc_array(model->graph.context, count, sizeof(*names));
    if (!names) return RNN_ERROR_MEMORY;
    const rnni_json_value *name = rnni_json_first(list);
    for (size_t i = 0; i < count && status == RNN_OK; i++, name = rnni_json_next(name)) {
        names[i] = rnni_json_string(name);
        if (!names[i])
            status = rnni_fail(RNN_ERROR_FORMAT, "class %zu of output \"%.60s\" is not a string", i, output);
    }
    if (status == RNN_OK) status = rnn_model_set_classes(model, output, names, (int64_t)count);
    rnni_free(model->graph.context, names, count * sizeof(*names));
    return status;
}

static rnn_status_t read_classes(rnn_model_t *model, const char *output, const char *text)
{
    rnni_json json;
    rnn_status_t status = rnni_json_parse(&json, model->graph.context, text, strlen(text), "the class names");
    if (status == RNN_OK) status = set_names(model, output, json.values);
    rnni_json_clear(&json);
    return status;
}

static rnn_status_t read_text(rnn_model_t *model, const char *key, const char *value)
{
    if (strcmp(key, RNNI_MODEL_KEY) == 0 || strcmp(key, RNNI_PRECISION_KEY) == 0 ||
        has_prefix(key, RNNI_TRAIN_PREFIX))
        return RNN_OK;
    if (has_prefix(key, RNNI_TOKENIZER_PREFIX))
        return read_tokenizer(model, key + strlen(RNNI_TOKENIZER_PREFIX), value);
    if (has_prefix(key, RNNI_CLASSES_PREFIX))
        return read_classes(model, key + strlen(RNNI_CLASSES_PREFIX), value);
    RNNI_REQUIRE(!is_reserved(key), RNN_ERROR_UNSUPPORTED, "the metadata has the unknown key \"%.100s\"",
                 key);
    RNNI_REQUIRE(model->metadata_count < RNNI_MAX_TEXTS, RNN_ERROR_UNSUPPORTED,
                 "the metadata has more than %d texts of the user", RNNI_MAX_TEXTS);
    return rnn_model_set_metadata(model, key, value);
}

/* What the model's own checks refuse is a fault of the file. */
static rnn_status_t as_format(rnn_status_t status, const char *what)
{
    if (status >= 0 || status == RNN_ERROR_MEMORY || status == RNN_ERROR_UNSUPPORTED ||
        status == RNN_ERROR_FORMAT)
        return status;
    return rnni_fail(RNN_ERROR_FORMAT, "%s: %s", what, rnn_last_error());
}

static rnn_status_t read_texts(rnn_model_t *model, const rnni_safetensors *file)
{
    const char *key, *value;
    for (int64_t i = 0; rnni_safetensors_metadata_at(file, i, &key, &value); i++)
        RNNI_TRY(as_format(read_text(model, key, value), "the metadata of the file"));
    return RNN_OK;
}

static rnn_status_t read_blob(rnn_model_t *model, const rnni_safetensors_entry *entry)
{
    RNNI_REQUIRE(entry->dtype == RNN_U8 && entry->rank == 1, RNN_ERROR_FORMAT,
                 "tensor \"%.60s\" is not a row of bytes", entry->name);
    return rnn_model_set_blob(model, entry->name + strlen(RNNI_BLOB_PREFIX), entry->count ? entry->data : "",
                              entry->count);
}

static rnn_status_t read_blobs(rnn_model_t *model, const rnni_safetensors *file)
{
    const rnni_safetensors_entry *entry;
    for (int64_t i = 0; (entry = rnni_safetensors_at(file, i)) != NULL; i++) {
        if (!has_prefix(entry->name, RNNI_BLOB_PREFIX)) continue;
        RNNI_REQUIRE(model->blob_count < RNNI_MAX_TEXTS, RNN_ERROR_UNSUPPORTED,
                     "the file has more than %d blobs", RNNI_MAX_TEXTS);
        RNNI_TRY(as_format(read_blob(model, entry), "a blob of the file"));
    }
    return RNN_OK;
}

/* ---- Models ---- */

/* The precision that the file says, F32 when it says none. */
static rnn_status_t read_precision(const rnni_safetensors *file, int32_t *precision)
{
    const char *name = rnni_safetensors_metadata(file, RNNI_PRECISION_KEY);
    int32_t found = RNN_PRECISION_F32;
    while (name && rnn_precision_name(found) && strcmp(name, rnn_precision_name(found)) != 0) found++;
    RNNI_REQUIRE(rnn_precision_name(found), RNN_ERROR_UNSUPPORTED,
                 "the file has the unknown precision \"%.60s\"", name);
    *precision = found;
    return RNN_OK;
}

/* The weights that the graph asks for are made only when the file has as many numbers. */
static rnn_status_t read_model(rnn_model_t *model, const rnni_safetensors *file)
{
    int64_t tensors, numbers;
    int32_t precision = RNN_PRECISION_F32;
    const char *graph = rnni_safetensors_metadata(file, RNNI_MODEL_KEY);
    RNNI_REQUIRE(graph, RNN_ERROR_FORMAT,
                 "a safetensors file without " RNNI_MODEL_KEY ": not a model of this library");
    RNNI_TRY(read_precision(file, &precision));
    count_weights(file, &tensors, &numbers);
    RNNI_TRY(rnni_graph_read_json(model, graph, strlen(graph), tensors));
    RNNI_TRY(as_format(rnni_model_build_empty(model, numbers), "the graph in the file"));
    RNNI_TRY(read_weights(&model->graph, file, model->graph.weights));
    RNNI_TRY(precision == RNN_PRECISION_F32 ? rnni_graph_pack(&model->graph, 0)
                                            : rnni_graph_change_precision(&model->graph, precision, false));
    RNNI_TRY(read_texts(model, file));
    return read_blobs(model, file);
}

rnn_status_t rnni_model_read(rnn_context_t *context, const rnni_safetensors *file, rnn_model_t **model)
{
    const rnni_kernels *kernels; /* asked for here so that a wrong RNN_ISA does not look like lack of
                                    memory */
    RNNI_TRY(rnni_kernels_get(context, &kernels));
    rnn_model_t *fresh = rnn_model_create(context);
    if (!fresh) return RNN_ERROR_MEMORY;
    rnn_status_t status = read_model(fresh, file);
    if (status == RNN_OK)
        *model = fresh;
    else
        rnn_model_free(fresh);
    return status;
}

static rnn_status_t check_same_graph(const rnn_model_t *model, const rnni_safetensors *file)
{
    rnni_buffer own = { .context = model->graph.context };
    const char *other = rnni_safetensors_metadata(file, RNNI_MODEL_KEY);
    rnn_status_t status = rnni_graph_write_json(&model->graph, &own);
    if (status == RNN_OK && (!other || strcmp(own.data, other) != 0))
        status = rnni_fail(RNN_ERROR_SHAPE, "the file is of another model: layers, settings or names differ");
    rnni_buffer_clear(&own);
    return status;
}

static bool has_backward(const rnni_graph *graph)
{
    for (int32_t i = 0; i < graph->count; i++)
        if (graph->nodes[i]->packed_backward) return true;
    return false;
}

rnn_status_t rnni_model_replace_weights(rnn_model_t *model, const rnni_real *weights)
{
    rnni_graph *graph = &model->graph;
    memcpy(graph->weights, weights, (size_t)graph->weight_total * sizeof(*weights));
    for (int32_t i = 0; i < graph->count; i++)
        for (int32_t w = 0; w < graph->nodes[i]->weight_count; w++)
            rnni_graph_written(graph, &graph->nodes[i]->weights[w]);
    atomic_fetch_add(&model->version, 1);
    return rnni_graph_pack(graph, has_backward(graph));
}

rnn_status_t rnni_model_read_weights(rnn_model_t *model, const rnni_safetensors *file)
{
    rnni_graph *graph = &model->graph;
    RNNI_REQUIRE(graph->built, RNN_ERROR_STATE, "the model is not built yet");
    RNNI_TRY(check_same_graph(model, file));
    size_t count = (size_t)graph->weight_total;
    rnni_real *fresh = rnni_alloc_array(graph->context, count, sizeof(*fresh));
    if (!fresh) return RNN_ERROR_MEMORY;
    rnn_status_t status = read_weights(graph, file, fresh);
    if (status == RNN_OK) status = rnni_model_replace_weights(model, fresh);
    rnni_free(graph->context, fresh, count * sizeof(*fresh));
    return status;
}

/* ---- Sources ---- */

static rnn_status_t read_and_close(rnn_context_t *context, rnni_safetensors *file, rnn_model_t **model)
{
    rnn_status_t status = rnni_model_read(context, file, model);
    rnni_safetensors_close(file);
    return status;
}

rnn_status_t rnn_model_load(rnn_context_t *context, const char *path, rnn_model_t **model)
{
    rnni_safetensors *file;
    RNNI_REQUIRE(path && model, RNN_ERROR_ARGUMENT, "the path or the place for the model is NULL");
    RNNI_TRY(rnni_safetensors_open(context, path, &file));
    rnn_status_t status = read_and_close(context, file, model);
    return status == RNN_OK ? RNN_OK : rnni_fail(status, "%s: %s", path, rnn_last_error());
}

rnn_status_t rnn_model_load_memory(rnn_context_t *context, const void *data, int64_t size,
                                   rnn_model_t **model)
{
    rnni_safetensors *file;
    RNNI_REQUIRE(data && size >= 0 && model, RNN_ERROR_ARGUMENT,
                 "the data or the place for the model is NULL, or the size is below 0");
    RNNI_TRY(rnni_safetensors_open_memory(context, data, (size_t)size, &file));
    return read_and_close(context, file, model);
}

rnn_status_t rnn_model_load_io(rnn_context_t *context, const rnn_io_t *io, int64_t offset, int64_t size,
                               rnn_model_t **model)
{
    rnni_safetensors *file;
    RNNI_REQUIRE(io && model, RNN_ERROR_ARGUMENT, "the io or the place for the model is NULL");
    rnn_status_t status = rnni_safetensors_open_io(context, io, offset, size, &file);
    if (status == RNN_OK) status = read_and_close(context, file, model);
    if (io->close) io->close(io->user);
    return status;
}
