/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "model/model.h"

/* Bytes that travel with a model, by name, in a sorted list. */

/* Where a name stands, or would stand. */
static size_t find(const rnn_model_t *model, const char *name, bool *found)
{
    size_t i = 0;
    while (i < model->blob_count && strcmp(model->blobs[i].name, name) < 0) i++;
    *found = i < model->blob_count && !strcmp(model->blobs[i].name, name);
    return i;
}

static void release(rnn_context_t *context, rnni_blob *blob) { rnni_free(context, blob->bytes, blob->size); }

void rnni_blobs_release(rnn_model_t *model)
{
    for (size_t i = 0; i < model->blob_count; i++) release(model->graph.context, &model->blobs[i]);
    rnni_free(model->graph.context, model->blobs, model->blob_capacity * sizeof *model->blobs);
}

static void remove_at(rnn_model_t *model, size_t at)
{
    release(model->graph.context, &model->blobs[at]);
    model->blob_count--;
    memmove(&model->blobs[at], &model->blobs[at + 1], (model->blob_count - at) * sizeof *model->blobs);
}

static rnn_status_t check_name(const char *name)
{
    RNNI_REQUIRE(name && *name, RNN_ERROR_ARGUMENT, "the name of a blob is empty");
    RNNI_REQUIRE(strlen(name) < RNNI_NAME_SIZE, RNN_ERROR_ARGUMENT,
                 "the name of a blob has %zu characters, expected at most %d", strlen(name),
                 RNNI_NAME_SIZE - 1);
    for (const char *c = name; *c; c++)
        RNNI_REQUIRE((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
                         strchr("_-.", *c),
                     RNN_ERROR_ARGUMENT,
                     "the name of a blob, '%s', has a character other than letters, digits, _ - and .", name);
    return RNN_OK;
}

rnn_status_t rnn_model_set_blob(rnn_model_t *model, const char *name, const void *bytes, int64_t size)
{
    if (!model) return rnni_fail_null("the model");
    RNNI_TRY(check_name(name));
    RNNI_REQUIRE(size >= 0, RNN_ERROR_ARGUMENT, "blob '%s' has %lld bytes, expected 0 or more", name,
                 (long long)size);
    rnn_context_t *context = model->graph.context;
    bool found;
    size_t at = find(model, name, &found);
    if (!bytes) {
        if (found) remove_at(model, at);
        return RNN_OK;
    }
    RNNI_TRY(rnni_grow(context, (void **)&model->blobs, &model->blob_capacity, model->blob_count + 1,
                       sizeof *model->blobs));
    rnni_blob blob = { .bytes = rnni_alloc_array(context, (size_t)size, 1), .size = (size_t)size };
    if (!blob.bytes) return RNN_ERROR_MEMORY;
    memcpy(blob.name, name, strlen(name) + 1);
    if (size) memcpy(blob.bytes, bytes, (size_t)size);
    if (found) remove_at(model, at);
    memmove(&model->blobs[at + 1], &model->blobs[at], (model->blob_count - at) * sizeof *model->blobs);
    model->blobs[at] = blob;
    model->blob_count++;
    return RNN_OK;
}

const void *rnn_model_blob(const rnn_model_t *model, const char *name, int64_t *size)
{
    bool found = false;
    size_t at = model && name ? find(model, name, &found) : 0;
    if (!found) return NULL;
    if (size) *size = (int64_t)model->blobs[at].size;
    return model->blobs[at].bytes;
}

const char *rnn_model_blob_name(const rnn_model_t *model, int64_t index)
{
    return model && index >= 0 && (size_t)index < model->blob_count ? model->blobs[index].name : NULL;
}
