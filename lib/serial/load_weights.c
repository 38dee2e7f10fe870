/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "serial/model_file.h"

#include <stdio.h>

/* Weights of a model from a file that need not be of the same model, by an explicit map. */

typedef struct {
    rnn_model_t *model;
    const rnni_safetensors *file;
    const char *const *from, *const *to; /* [count]; from NULL: names are equal */
    int64_t count;
    rnni_real *weights;                  /* [weight_total] as they will be */
} loading;

static bool is_reserved(const char *name)
{
    return strncmp(name, RNNI_RESERVED_PREFIX, strlen(RNNI_RESERVED_PREFIX)) == 0;
}

static bool is_named(const loading *l, const char *tensor)
{
    for (int64_t i = 0; i < l->count; i++)
        if (strcmp(l->from[i], tensor) == 0) return true;
    return false;
}

/* Every tensor of the file is in the map: what was forgotten is listed, the first few of it. */
static rnn_status_t check_all_named(const loading *l)
{
    char names[256] = "";
    int64_t forgotten = 0;
    const rnni_safetensors_entry *entry;
    for (int64_t i = 0; (entry = rnni_safetensors_at(l->file, i)) != NULL; i++) {
        if (is_reserved(entry->name) || rnni_model_is_scale(l->file, entry->name) || is_named(l, entry->name))
            continue;
        size_t used = strlen(names);
        if (forgotten < 3)
            snprintf(names + used, sizeof(names) - used, "%s\"%.60s\"", forgotten ? ", " : "", entry->name);
        forgotten++;
    }
    RNNI_REQUIRE(forgotten == 0, RNN_ERROR_NAME,
                 "the map does not say what becomes of %lld tensor%s of the file: %s%s", (long long)forgotten,
                 forgotten == 1 ? "" : "s", names, forgotten > 3 ? ", ..." : "");
    return RNN_OK;
}

static rnn_status_t check_map(const loading *l)
{
    for (int64_t i = 0; i < l->count; i++) {
        RNNI_REQUIRE(l->from[i], RNN_ERROR_ARGUMENT,
                     "name %lld of the map is NULL, expected that of a tensor", (long long)i);
        for (int64_t j = 0; l->to[i] && j < i; j++)
            RNNI_REQUIRE(!l->to[j] || strcmp(l->to[i], l->to[j]) != 0, RNN_ERROR_ARGUMENT,
                         "the map fills weight \"%s\" twice", l->to[i]);
    }
    return check_all_named(l);
}

static rnn_status_t load_one(const loading *l, const char *from, const char *to)
{
    const rnni_safetensors_entry *entry = rnni_safetensors_find(l->file, from);
    RNNI_REQUIRE(entry, RNN_ERROR_NAME, "the file has no tensor \"%s\"", from);
    if (!to) return RNN_OK;
    const rnni_weight *weight = rnni_graph_weight(&l->model->graph, to, NULL);
    if (!weight) return RNN_ERROR_NAME;
    return rnni_model_read_entry(l->file, weight, from, l->weights + weight->offset);
}

static rnn_status_t load_all(const loading *l)
{
    const rnni_safetensors_entry *entry;
    if (l->from) {
        RNNI_TRY(check_map(l));
        for (int64_t i = 0; i < l->count; i++) RNNI_TRY(load_one(l, l->from[i], l->to[i]));
        return RNN_OK;
    }
    for (int64_t i = 0; (entry = rnni_safetensors_at(l->file, i)) != NULL; i++)
        if (!is_reserved(entry->name) && !rnni_model_is_scale(l->file, entry->name))
            RNNI_TRY(load_one(l, entry->name, entry->name));
    return RNN_OK;
}

/* All or nothing: into a copy, which then becomes the weights. */
static rnn_status_t load(loading *l)
{
    rnni_graph *graph = &l->model->graph;
    size_t count = (size_t)graph->weight_total;
    l->weights = rnni_alloc_array(graph->context, count, sizeof(*l->weights));
    if (!l->weights) return RNN_ERROR_MEMORY;
    memcpy(l->weights, graph->weights, count * sizeof(*l->weights));
    rnn_status_t status = load_all(l);
    if (status == RNN_OK) status = rnni_model_replace_weights(l->model, l->weights);
    rnni_free(graph->context, l->weights, count * sizeof(*l->weights));
    return status;
}

rnn_status_t rnn_model_load_weights(rnn_model_t *model, const char *path, const char *const *from,
                                    const char *const *to, int64_t count)
{
    RNNI_REQUIRE(model && path, RNN_ERROR_ARGUMENT, "expected a model and a path, one is NULL");
    RNNI_REQUIRE(count >= 0 && !from == !to && (from || count == 0), RNN_ERROR_ARGUMENT,
                 "expected two arrays of %lld names, or none", (long long)count);
    RNNI_REQUIRE(model->graph.built, RNN_ERROR_STATE, "the model is not built yet");
    rnni_safetensors *file;
    RNNI_TRY(rnni_safetensors_open(model->graph.context, path, &file));
    loading l = { .model = model, .file = file, .from = from, .to = to, .count = count };
    rnn_status_t status = load(&l);
    rnni_safetensors_close(file);
    return status;
}
