/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "model/exec.h"

/* Running whole batches and datasets. Each call has its own workspace, so any number of threads may share a
 * model. */

static rnn_status_t run(rnni_exec *exec, const rnn_batch_t *batch, rnn_tensor_t **outputs, int32_t count)
{
    const rnni_graph *graph = &exec->model->graph;
    RNNI_TRY(rnni_exec_bind(exec, batch));
    rnn_status_t status = RNN_OK;
    for (int32_t i = 0; i < count && status == RNN_OK; i++)
        status = rnni_exec_early_tensor(exec, graph->outputs[i].node, &outputs[i]);
    if (status == RNN_OK) rnni_exec_forward(exec);
    for (int32_t i = 0; i < count && status == RNN_OK; i++)
        if (!outputs[i]) status = rnni_exec_tensor(exec, graph->outputs[i].node, 0, &outputs[i]);
    for (int32_t i = 0; i < count && status != RNN_OK; i++) rnn_tensor_free(outputs[i]);
    return status;
}

rnn_status_t rnn_model_run(rnn_model_t *model, const rnn_batch_t *batch, rnn_tensor_t **outputs,
                           int32_t count)
{
    RNNI_REQUIRE(model && batch && outputs, RNN_ERROR_ARGUMENT,
                 "expected a model, a batch and a place for outputs, one is NULL");
    RNNI_REQUIRE(count >= 1 && count <= model->graph.output_count, RNN_ERROR_ARGUMENT,
                 "%d outputs asked for, the model has %d", (int)count, (int)model->graph.output_count);
    rnni_exec *exec;
    RNNI_TRY(rnni_exec_take(model, &exec));
    rnn_tensor_t **made = rnni_alloc_array(model->graph.context, (size_t)count, sizeof *made);
    rnn_status_t status = made ? run(exec, batch, made, count) : RNN_ERROR_MEMORY;
    if (status == RNN_OK) memcpy(outputs, made, (size_t)count * sizeof *made);
    rnni_free(model->graph.context, made, (size_t)count * sizeof *made);
    rnni_exec_give_back(exec);
    return status;
}

/* ---- datasets */

enum { PREDICT_BATCH = 128 };

typedef struct prediction {
    rnni_exec exec;
    rnn_batch_t *batch;
    const rnni_node *node;
    rnn_tensor_t **parts;     /* one a batch */
    size_t count, capacity;
} prediction;

static rnn_status_t predict_batch(prediction *p)
{
    rnn_context_t *context = p->exec.context;
    RNNI_TRY(rnni_grow(context, (void **)&p->parts, &p->capacity, p->count + 1, sizeof *p->parts));
    RNNI_TRY(rnni_exec_bind(&p->exec, p->batch));
    rnni_exec_forward(&p->exec);
    RNNI_TRY(rnni_exec_tensor(&p->exec, p->node, 0, &p->parts[p->count]));
    p->count++;
    return RNN_OK;
}

static rnn_status_t predict_all(prediction *p, rnn_dataset_t *dataset)
{
    int64_t count = rnn_dataset_count(dataset), samples[PREDICT_BATCH];
    for (int64_t first = 0; first < count; first += PREDICT_BATCH) {
        int64_t n = count - first < PREDICT_BATCH ? count - first : PREDICT_BATCH;
        for (int64_t i = 0; i < n; i++) samples[i] = first + i;
        RNNI_TRY(rnni_dataset_gather(dataset, samples, n, p->batch));
        RNNI_TRY(predict_batch(p));
    }
    if (count >= 0) return RNN_OK;
    RNNI_TRY(rnni_dataset_restart(dataset));
    for (;;) {
        rnn_status_t status = rnni_dataset_read_next(dataset, PREDICT_BATCH, p->batch);
        if (status == RNN_END) return RNN_OK;
        RNNI_TRY(status);
        RNNI_TRY(predict_batch(p));
    }
}

/* Puts the parts one below another; those with fewer steps are filled up with zeros. */
static rnn_status_t join_parts(const prediction *p, rnn_tensor_t **result)
{
    int64_t sequences = 0, steps = 0, n = p->node->features;
    bool sequence = p->node->axis >= 0;
    for (size_t i = 0; i < p->count; i++) {
        sequences += rnn_tensor_size(p->parts[i], 0);
        if (sequence && rnn_tensor_size(p->parts[i], 1) > steps) steps = rnn_tensor_size(p->parts[i], 1);
    }
    int64_t shape[3] = { sequences, sequence ? steps : n, n };
    rnn_tensor_t *joined = rnn_tensor_create(p->exec.context, RNNI_REAL_DTYPE, sequence ? 3 : 2, shape);
    if (!joined) return RNN_ERROR_MEMORY;
    rnni_real *to = rnn_tensor_data(joined);
    for (size_t i = 0; i < p->count; i++) {
        const rnni_real *from = rnn_tensor_const_data(p->parts[i]);
        int64_t rows = rnn_tensor_size(p->parts[i], 0),
                width = rnn_tensor_count(p->parts[i]) / (rows ? rows : 1);
        for (int64_t r = 0; r < rows && width; r++, to += sequence ? steps * n : n)
            memcpy(to, from + r * width, (size_t)width * sizeof *to);
    }
    *result = joined;
    return RNN_OK;
}

rnn_status_t rnn_model_predict(rnn_model_t *model, rnn_dataset_t *dataset, const char *output,
                               rnn_tensor_t **result)
{
    RNNI_REQUIRE(model && dataset && result, RNN_ERROR_ARGUMENT,
                 "expected a model, a dataset and a place for the result, one is NULL");
    int32_t index = rnni_model_output_index(model, output);
    if (index < 0) return RNN_ERROR_NAME;
    prediction p = { .node = model->graph.outputs[index].node };
    RNNI_TRY(rnni_exec_init(&p.exec, model, false));
    rnn_context_t *context = model->graph.context;
    p.batch = rnn_batch_create(context);
    rnn_status_t status = p.batch ? predict_all(&p, dataset) : RNN_ERROR_MEMORY;
    if (status == RNN_OK) status = join_parts(&p, result);
    for (size_t i = 0; i < p.count; i++) rnn_tensor_free(p.parts[i]);
    rnni_free(context, p.parts, p.capacity * sizeof *p.parts);
    rnn_batch_free(p.batch);
    rnni_exec_release(&p.exec);
    return status;
}
