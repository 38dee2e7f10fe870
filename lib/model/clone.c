/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/ops.h"
#include "layers/precision.h"
#include "model/model.h"

/* A second model with the same graph, weights and texts. Nodes keep their numbers, so the weights lie where
 * they lay. */

static rnni_node *twin(const rnni_graph *graph, const rnni_node *node)
{
    return node ? graph->nodes[node->id] : NULL;
}

/* Inputs that come later in the list (initial states) are wired when all nodes are there. */
static rnn_status_t clone_node(rnni_graph *to, const rnni_node *node)
{
    rnni_node **inputs = rnni_alloc_array(to->context, (size_t)node->input_count, sizeof *inputs);
    if (!inputs) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; i < node->input_count; i++)
        inputs[i] = node->inputs[i] && node->inputs[i]->id < to->count ? twin(to, node->inputs[i]) : NULL;
    rnni_node *made = rnni_graph_add(to, node->op, inputs, node->input_count);
    rnni_free(to->context, inputs, (size_t)node->input_count * sizeof *inputs);
    if (!made) return to->first_status;
    memcpy(made->name, node->name, sizeof made->name);
    memcpy(made->settings, node->settings, sizeof made->settings);
    made->set = node->set;
    return RNN_OK;
}

static rnn_status_t clone_graph(rnni_graph *to, const rnni_graph *from)
{
    for (int32_t i = 0; i < from->count; i++) RNNI_TRY(clone_node(to, from->nodes[i]));
    for (int32_t i = 0; i < from->count; i++) {
        const rnni_node *node = from->nodes[i];
        for (int32_t j = 0; j < node->input_count; j++) to->nodes[i]->inputs[j] = twin(to, node->inputs[j]);
        to->nodes[i]->tied = twin(to, node->tied);
    }
    for (int32_t i = 0; i < from->output_count; i++)
        RNNI_TRY(rnni_graph_add_output(to, twin(to, from->outputs[i].node), from->outputs[i].name));
    RNNI_TRY(rnni_graph_build(to, 0, -1));
    memcpy(to->weights, from->originals ? from->originals : from->weights,
           (size_t)from->weight_total * sizeof *to->weights);
    if (from->precision != RNN_PRECISION_F32)
        return rnni_graph_change_precision(to, from->precision, from->originals != NULL);
    return rnni_graph_pack(to, 0);
}

static rnn_status_t clone_texts(rnn_model_t *to, const rnn_model_t *from)
{
    for (size_t i = 0; i < from->tokenizer_count; i++)
        if (from->tokenizers[i])
            RNNI_TRY(
                rnn_model_set_tokenizer(to, rnn_model_input_name(from, (int32_t)i), from->tokenizers[i]));
    for (size_t i = 0; i < from->classes_count; i++) {
        const rnni_classes *classes = &from->classes[i];
        if (classes->count == 0) continue;
        RNNI_TRY(rnn_model_set_classes(to, rnn_model_output_name(from, (int32_t)i),
                                       (const char *const *)classes->names, classes->count));
    }
    for (size_t i = 0; i < from->metadata_count; i++)
        RNNI_TRY(rnn_model_set_metadata(to, from->metadata[i].key, from->metadata[i].value));
    for (size_t i = 0; i < from->blob_count; i++)
        RNNI_TRY(
            rnn_model_set_blob(to, from->blobs[i].name, from->blobs[i].bytes, (int64_t)from->blobs[i].size));
    return RNN_OK;
}

rnn_model_t *rnn_model_clone(const rnn_model_t *model)
{
    if (!model || !model->graph.built) {
        rnni_fail(model ? RNN_ERROR_STATE : RNN_ERROR_ARGUMENT,
                  model ? "only a built model can be cloned" : "the model is NULL");
        return NULL;
    }
    rnn_model_t *clone = rnn_model_create(model->graph.context);
    if (!clone) return NULL;
    if (clone_graph(&clone->graph, &model->graph) == RNN_OK && clone_texts(clone, model) == RNN_OK)
        return clone;
    rnn_model_free(clone);
    return NULL;
}
