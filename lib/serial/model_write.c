/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "serial/model_file.h"

#include <math.h>
#include <stdio.h>

/* Adds a text under prefix + name. */
static rnn_status_t add_named(rnni_safetensors_writer *writer, const char *prefix, const char *name,
                              const rnni_buffer *text)
{
    char key[2 * RNNI_NAME_SIZE];
    snprintf(key, sizeof(key), "%s%s", prefix, name);
    return rnni_safetensors_add_metadata(writer, key, text->data);
}

static rnn_status_t add_graph(const rnni_graph *graph, rnni_safetensors_writer *writer)
{
    rnni_buffer text = { .context = graph->context };
    rnn_status_t status = rnni_graph_write_json(graph, &text);
    if (status == RNN_OK) status = rnni_safetensors_add_metadata(writer, RNNI_MODEL_KEY, text.data);
    rnni_buffer_clear(&text);
    return status;
}

static rnn_status_t add_tokenizers(const rnn_model_t *model, rnni_safetensors_writer *writer)
{
    for (size_t i = 0; i < model->tokenizer_count; i++) {
        if (!model->tokenizers[i]) continue;
        const char *input = rnn_model_input_name(model, (int32_t)i);
        rnni_buffer text = { .context = model->graph.context };
        rnn_status_t status = rnni_tokenizer_write_json(model->tokenizers[i], input, &text);
        if (status == RNN_OK) status = add_named(writer, RNNI_TOKENIZER_PREFIX, input, &text);
        rnni_buffer_clear(&text);
        RNNI_TRY(status);
    }
    return RNN_OK;
}

static rnn_status_t write_names(const rnni_classes *classes, rnni_buffer *out)
{
    rnni_json_writer json = rnni_json_write_to(out);
    rnni_json_begin_array(&json);
    for (int64_t i = 0; i < classes->count; i++) rnni_json_write_string(&json, classes->names[i]);
    rnni_json_end_array(&json);
    return json.status;
}

static rnn_status_t add_classes(const rnn_model_t *model, rnni_safetensors_writer *writer)
{
    for (size_t i = 0; i < model->classes_count; i++) {
        if (model->classes[i].count == 0) continue;
        rnni_buffer text = { .context = model->graph.context };
        rnn_status_t status = write_names(&model->classes[i], &text);
        if (status == RNN_OK)
            status = add_named(writer, RNNI_CLASSES_PREFIX, rnn_model_output_name(model, (int32_t)i), &text);
        rnni_buffer_clear(&text);
        RNNI_TRY(status);
    }
    return RNN_OK;
}

/* Numbers of a matrix as I8 [rows, columns] and their scales, F32 [rows]. */
static rnn_status_t add_int8(rnni_safetensors_writer *writer, rnn_context_t *context,
                             const rnni_weight *weight, const char *name, const rnni_real *numbers)
{
    char scale_name[RNNI_WEIGHT_NAME_SIZE + 8];
    snprintf(scale_name, sizeof(scale_name), "%s" RNNI_SCALE_SUFFIX, name);
    size_t count = (size_t)weight->count, rows = (size_t)weight->shape[0];
    int8_t *q = rnni_alloc_array(context, count, sizeof(*q));
    float *scale = rnni_alloc_array(context, rows, sizeof(*scale));
    if (!q || !scale) {
        rnni_free(context, q, count * sizeof(*q));
        rnni_free(context, scale, rows * sizeof(*scale));
        return RNN_ERROR_MEMORY;
    }
    for (int64_t r = 0; r < weight->shape[0]; r++) {
        const rnni_real *row = numbers + r * weight->shape[1];
        scale[r] = rnni_int8_scale(weight->shape[1], row);
        rnni_int8_round(weight->shape[1], row, scale[r], q + r * weight->shape[1]);
    }
    rnn_status_t status =
        rnni_safetensors_add_owned(writer, name, RNN_I8, 2, weight->shape, q, count * sizeof(*q));
    rnn_status_t second = rnni_safetensors_add_owned(writer, scale_name, RNN_F32, 1, weight->shape, scale,
                                                     rows * sizeof(*scale));
    return status == RNN_OK ? second : status;
}

static rnn_status_t add_bf16(rnni_safetensors_writer *writer, rnn_context_t *context,
                             const rnni_weight *weight, const char *name, const rnni_real *numbers)
{
    uint16_t *halves = rnni_alloc_array(context, (size_t)weight->count, sizeof(*halves));
    if (!halves) return RNN_ERROR_MEMORY;
    for (int64_t i = 0; i < weight->count; i++) halves[i] = rnni_bf16_round(numbers[i]);
    return rnni_safetensors_add_owned(writer, name, RNN_BF16, 2, weight->shape, halves,
                                      (size_t)weight->count * sizeof(*halves));
}

/* A file with NaN or infinity could not be read again. */
static rnn_status_t add_weight(const rnni_node *node, const rnni_weight *weight,
                               rnni_safetensors_writer *writer)
{
    char name[RNNI_WEIGHT_NAME_SIZE];
    const rnni_real *numbers = node->graph->weights + weight->offset;
    snprintf(name, sizeof(name), "%s.%s", node->name, weight->name);
    for (int64_t i = 0; i < weight->count; i++)
        RNNI_REQUIRE(isfinite(numbers[i]), RNN_ERROR_DATA,
                     "weight %s: number %lld is not finite, it cannot be saved", name, (long long)i);
    int32_t precision = weight->rank == 2 ? node->graph->precision : RNN_PRECISION_F32;
    if (precision == RNN_PRECISION_F32)
        return rnni_safetensors_add_tensor(writer, name, RNNI_REAL_DTYPE, weight->rank, weight->shape,
                                           numbers);
    return (precision == RNN_PRECISION_BF16 ? add_bf16 : add_int8)(writer, node->graph->context, weight, name,
                                                                   numbers);
}

static rnn_status_t add_blob(const rnni_blob *blob, rnni_safetensors_writer *writer)
{
    char name[RNNI_WEIGHT_NAME_SIZE];
    int64_t size = (int64_t)blob->size;
    snprintf(name, sizeof(name), RNNI_BLOB_PREFIX "%s", blob->name);
    return rnni_safetensors_add_tensor(writer, name, RNN_U8, 1, &size, blob->bytes);
}

rnn_status_t rnni_model_write(const rnn_model_t *model, rnni_safetensors_writer *writer)
{
    RNNI_REQUIRE(model, RNN_ERROR_ARGUMENT, "the model is NULL");
    const rnni_graph *graph = &model->graph;
    RNNI_REQUIRE(graph->built, RNN_ERROR_STATE, "the model is not built yet, only a built one can be saved");
    RNNI_REQUIRE(model->metadata_count <= RNNI_MAX_TEXTS, RNN_ERROR_UNSUPPORTED,
                 "the model has %zu texts of metadata, a file holds at most %d", model->metadata_count,
                 RNNI_MAX_TEXTS);
    RNNI_REQUIRE(model->blob_count <= RNNI_MAX_TEXTS, RNN_ERROR_UNSUPPORTED,
                 "the model has %zu blobs, a file holds at most %d", model->blob_count, RNNI_MAX_TEXTS);
    RNNI_TRY(add_graph(graph, writer));
    if (graph->precision != RNN_PRECISION_F32)
        RNNI_TRY(
            rnni_safetensors_add_metadata(writer, RNNI_PRECISION_KEY, rnn_precision_name(graph->precision)));
    RNNI_TRY(add_tokenizers(model, writer));
    RNNI_TRY(add_classes(model, writer));
    for (size_t i = 0; i < model->metadata_count; i++)
        RNNI_TRY(rnni_safetensors_add_metadata(writer, model->metadata[i].key, model->metadata[i].value));
    for (int32_t i = 0; i < graph->count; i++)
        for (int32_t w = 0; w < graph->nodes[i]->weight_count; w++)
            RNNI_TRY(add_weight(graph->nodes[i], &graph->nodes[i]->weights[w], writer));
    for (size_t i = 0; i < model->blob_count; i++) RNNI_TRY(add_blob(&model->blobs[i], writer));
    return RNN_OK;
}

/* To the path, or to the io when that is NULL. */
static rnn_status_t save(const rnn_model_t *model, const char *path, const rnn_io_t *io)
{
    rnni_safetensors_writer *writer;
    RNNI_REQUIRE(model, RNN_ERROR_ARGUMENT, "the model is NULL");
    RNNI_TRY(rnni_safetensors_writer_create(model->graph.context, &writer));
    rnn_status_t status = rnni_model_write(model, writer);
    if (status == RNN_OK)
        status = path ? rnni_safetensors_write_path(writer, path) : rnni_safetensors_write_io(writer, io);
    rnni_safetensors_writer_free(writer);
    return status;
}

rnn_status_t rnn_model_save(const rnn_model_t *model, const char *path)
{
    RNNI_REQUIRE(path, RNN_ERROR_ARGUMENT, "the path is NULL");
    return save(model, path, NULL);
}

rnn_status_t rnn_model_save_io(const rnn_model_t *model, const rnn_io_t *io)
{
    RNNI_REQUIRE(io, RNN_ERROR_ARGUMENT, "the io is NULL");
    rnn_status_t status = save(model, NULL, io);
    if (io->close) io->close(io->user);
    return status;
}
