/* SPDX-License-Identifier: MIT */
#include "layers/precision.h"
#include "core/error.h"
#include "model/model.h"
#include <rnn/precision.h>

static const char *const names[] = { "f32", "bf16", "int8", "int8_weights" };
enum { PRECISIONS = sizeof names / sizeof *names };

const char *rnn_precision_name(int32_t precision) { return precision >= 0 &&
                                                    precision < PRECISIONS ? names[precision] : NULL; }

int32_t rnn_model_precision(const rnn_model_t *model)
{
    return model ? model->graph.precision : RNN_PRECISION_F32;
}

static bool is_int8(int32_t precision) { return precision == RNN_PRECISION_INT8 ||
                                         precision == RNN_PRECISION_INT8_WEIGHTS; }

rnn_status_t rnn_model_set_precision(rnn_model_t *model, int32_t precision)
{
    if (!model) return rnni_fail_null("the model");
    rnni_graph *graph = &model->graph;
    RNNI_REQUIRE(rnn_precision_name(precision), RNN_ERROR_RANGE,
                 "precision %d, expected 0 to %d (f32, bf16, int8, int8_weights)", (int)precision,
                 PRECISIONS - 1);
    RNNI_REQUIRE(graph->built, RNN_ERROR_STATE,
                 "the model is not built, a precision rounds the weights of a built one");
    if (graph->precision == precision) return RNN_OK;
    bool has_floats = graph->precision == RNN_PRECISION_F32 || graph->originals;
    RNNI_REQUIRE(has_floats || (is_int8(graph->precision) && is_int8(precision)), RNN_ERROR_STATE,
                 "the model was loaded as %s, its float weights are not there to make %s of them",
                 names[graph->precision], names[precision]);
    RNNI_TRY(rnni_graph_change_precision(graph, precision, true));
    atomic_fetch_add(&model->version, 1);
    return RNN_OK;
}

int64_t rnn_model_weight_bytes(const rnn_model_t *model)
{
    int64_t bytes = 0;
    for (int32_t i = 0; model && model->graph.built && i < model->graph.count; i++)
        for (int32_t w = 0; w < model->graph.nodes[i]->weight_count; w++) {
            const rnni_weight *weight = &model->graph.nodes[i]->weights[w];
            int32_t precision = weight->rank == 2 ? model->graph.precision : RNN_PRECISION_F32;
            bytes += is_int8(precision)
                         ? weight->count + 4 * weight->shape[0]
                         : weight->count * (precision == RNN_PRECISION_BF16 ? 2 : (int64_t)sizeof(rnni_real));
        }
    return bytes;
}
