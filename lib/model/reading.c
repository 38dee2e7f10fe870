/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/number.h"
#include "metrics/metrics.h"
#include "model/model.h"
#include "text/tokenizer.h"

#include <stdio.h>
#include <string.h>

/* What a model needs of its data beside weights: class numbers, how sequences are given, texts. */

rnn_dataset_t *rnn_model_like(const rnn_model_t *model, const char *output)
{
    if (!model) {
        rnni_fail_null("the model");
        return NULL;
    }
    int32_t index = rnni_model_output_index(model, output);
    rnn_dataset_t *like = index < 0 ? NULL : rnn_dataset_create(model->graph.context);
    if (!like || (size_t)index >= model->classes_count || model->classes[index].count == 0) return like;
    const rnni_classes *classes = &model->classes[index];
    const char *const *names = (const char *const *)classes->names;
    if (rnn_dataset_set_class_names(like, names, classes->count) == RNN_OK) return like;
    rnn_dataset_free(like);
    return NULL;
}

/* ---- how sequences are given: "pad=1 truncate=0 ..." by the settings' names ---- */

#define KEY "reading"
static const int32_t kept[] = { RNN_DATA_PAD, RNN_DATA_TRUNCATE, RNN_DATA_MAX_LENGTH, RNN_DATA_PAD_ID,
                                RNN_DATA_MAX_ID };
enum { KEPT = sizeof kept / sizeof kept[0] };

static const char *name_of(int32_t id)
{
    rnn_setting_t setting = { .struct_size = sizeof setting };
    for (int32_t i = 0; rnn_dataset_setting(i, &setting) == RNN_OK; i++)
        if (setting.id == id) return setting.name;
    return "";
}

rnn_status_t rnn_model_set_reading(rnn_model_t *model, const rnn_dataset_t *dataset)
{
    RNNI_REQUIRE(model && dataset, RNN_ERROR_ARGUMENT, "expected a model and a dataset, one is NULL");
    char text[256];
    int used = 0;
    for (int i = 0; i < KEPT; i++) {
        int64_t value = 0;
        RNNI_TRY(rnn_dataset_get_int(dataset, kept[i], &value));
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%s=%lld", i ? " " : "", name_of(kept[i]),
                         (long long)value);
    }
    return rnn_model_set_metadata(model, KEY, text);
}

/* One "name=value" of `size` bytes. */
static rnn_status_t read_setting(const char *text, size_t size, int64_t values[KEPT])
{
    const char *equals = memchr(text, '=', size);
    size_t length = equals ? (size_t)(equals - text) : 0;
    for (int i = 0; equals && i < KEPT; i++) {
        const char *name = name_of(kept[i]);
        if (strlen(name) != length || memcmp(name, text, length)) continue;
        if (rnni_parse_i64(equals + 1, size - length - 1, &values[i])) return RNN_OK;
    }
    return rnni_fail(RNN_ERROR_FORMAT,
                     "the model's metadata \"" KEY
                     "\" has \"%.*s\", which is no setting of a dataset and its "
                     "value",
                     size < 40 ? (int)size : 40, text);
}

static rnn_status_t read_settings(const char *text, int64_t values[KEPT])
{
    while (*text) {
        size_t size = strcspn(text, " ");
        if (size) RNNI_TRY(read_setting(text, size, values));
        text += size + (text[size] == ' ');
    }
    return RNN_OK;
}

rnn_status_t rnn_model_get_reading(const rnn_model_t *model, rnn_dataset_t *dataset)
{
    RNNI_REQUIRE(model && dataset, RNN_ERROR_ARGUMENT, "expected a model and a dataset, one is NULL");
    const char *text = rnn_model_metadata(model, KEY);
    int64_t values[KEPT], before[KEPT];
    if (!text) return RNN_OK;
    for (int i = 0; i < KEPT; i++) {
        RNNI_TRY(rnn_dataset_get_int(dataset, kept[i], &before[i]));
        values[i] = before[i];
    }
    RNNI_TRY(read_settings(text, values));
    for (int i = 0; i < KEPT; i++) {
        if (rnn_dataset_set_int(dataset, kept[i], values[i]) == RNN_OK) continue;
        for (int j = 0; j < i; j++) rnn_dataset_set_int(dataset, kept[j], before[j]);
        return rnni_fail(RNN_ERROR_FORMAT,
                         "the model's metadata \"" KEY "\" has %s=%lld, which is out of range",
                         name_of(kept[i]), (long long)values[i]);
    }
    return RNN_OK;
}

/* ---- texts ---- */

/* A dataset of this one text. */
static rnn_status_t wrap_text(const rnn_model_t *model, int32_t *ids, size_t count, rnn_dataset_t *data)
{
    const int64_t shape[2] = { 1, (int64_t)count };
    rnn_tensor_t *tokens = rnn_tensor_wrap(model->graph.context, RNN_I32, 2, shape, NULL, ids);
    if (!tokens) return RNN_ERROR_MEMORY;
    rnn_status_t status = rnn_model_get_reading(model, data);
    if (status == RNN_OK) status = rnn_dataset_add_input(data, tokens, NULL);
    rnn_tensor_free(tokens);
    return status;
}

static rnn_status_t run_text(rnn_model_t *model, const char *text, size_t size, const char *output,
                             rnn_tensor_t **result)
{
    rnn_context_t *context = model->graph.context;
    int32_t *ids = NULL;
    size_t capacity = 0, count = 0;
    rnn_dataset_t *data = rnn_dataset_create(context);
    const rnn_tokenizer_t *tokenizer = model->tokenizers[0];
    rnn_status_t status =
        data ? rnni_grow(context, (void **)&ids, &capacity, 1, sizeof *ids) : RNN_ERROR_MEMORY;
    if (status == RNN_OK)
        status = rnni_tokenizer_encode(tokenizer, context, text, size, &ids, &capacity, &count);
    if (status == RNN_OK) status = wrap_text(model, ids, count, data);
    if (status == RNN_OK) status = rnn_model_predict(model, data, output, result);
    rnn_dataset_free(data);
    rnni_free(context, ids, capacity * sizeof *ids);
    return status;
}

static int64_t answer_of(const rnn_tensor_t *values)
{
    const rnni_real *value = rnn_tensor_const_data(values);
    int64_t features = rnn_tensor_count(values);
    return features == 1 ? value[0] >= (rnni_real)0.5 : rnni_argmax(features, value);
}

rnn_status_t rnn_model_predict_text(rnn_model_t *model, const char *text, int64_t size, const char *output,
                                    rnn_tensor_t **result, int64_t *answer)
{
    RNNI_REQUIRE(model && text, RNN_ERROR_ARGUMENT, "expected a model and a text, one is NULL");
    RNNI_REQUIRE(size >= 0, RNN_ERROR_ARGUMENT, "the text has %lld bytes, expected 0 or more",
                 (long long)size);
    int32_t index = rnni_model_output_index(model, output);
    if (index < 0) return RNN_ERROR_NAME;
    RNNI_REQUIRE(model->graph.input_count == 1 && rnn_model_tokenizer(model, NULL), RNN_ERROR_STATE,
                 "the model has %s, expected one that has a tokenizer (rnn_model_set_tokenizer)",
                 model->graph.input_count == 1 ? "no tokenizer for its input" : "more than one input");
    RNNI_REQUIRE(!answer || model->graph.outputs[index].node->axis < 0, RNN_ERROR_SHAPE,
                 "output '%s' has one answer a step, not one a text", model->graph.outputs[index].name);
    rnn_tensor_t *values = NULL;
    RNNI_TRY(run_text(model, text, (size_t)size, output, &values));
    if (answer) *answer = answer_of(values);
    if (result) *result = values;
    else rnn_tensor_free(values);
    return RNN_OK;
}
