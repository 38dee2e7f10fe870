/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "serial/json.h"
#include "serial/model_file.h"
#include "train/checkpoint.h"
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void write_losses(rnni_json_writer *json, const rnn_trainer_t *t)
{
    rnni_json_write_key(json, "losses");
    rnni_json_begin_object(json);
    for (int32_t i = 0; i < t->outputs; i++) {
        if (!t->goals[i].loss) continue;
        rnni_json_write_key(json, rnni_graph_of_const(t->model)->outputs[i].name);
        rnni_json_write_string(json, t->goals[i].loss->name);
    }
    rnni_json_end_object(json);
}

static void write_loss_settings(rnni_json_writer *json, const rnn_trainer_t *t)
{
    rnni_json_write_key(json, "loss_settings");
    rnni_json_begin_array(json);
    for (int32_t i = 0; i < t->outputs; i++) {
        const rnni_goal *goal = &t->goals[i];
        rnni_json_begin_array(json);
        for (int k = 0; k < RNNI_LOSS_SETTINGS; k++) rnni_json_write_double(json, goal->settings[k]);
        for (int64_t k = 0; k < goal->class_count; k++)
            rnni_json_write_double(json, (double)goal->class_weights[k]);
        rnni_json_end_array(json);
    }
    rnni_json_end_array(json);
}

static void write_settings(rnni_json_writer *json, const char *key, const rnni_setting *table, int rows,
                           const double *values)
{
    rnni_json_write_key(json, key);
    rnni_json_begin_object(json);
    for (int i = 0; i < rows; i++) rnni_setting_write_json(json, &table[i], values[i]);
    rnni_json_end_object(json);
}

static void write_counters(rnni_json_writer *json, const rnn_trainer_t *t)
{
    const int64_t counters[RNNI_COUNTERS] = {
        [RNNI_COUNTER_EPOCH] = t->epoch,
        [RNNI_COUNTER_BATCH] = t->batch,
        [RNNI_COUNTER_SAMPLES] = t->samples,
        [RNNI_COUNTER_RUN_FIRST] = t->run_first,
        [RNNI_COUNTER_UPDATES] = t->updates,
        [RNNI_COUNTER_SEQUENCES] = t->sums.sequences,
        [RNNI_COUNTER_RIGHT] = t->sums.counts.right,
        [RNNI_COUNTER_TOTAL] = t->sums.counts.total,
        [RNNI_COUNTER_WATCHED] = t->watch.any,
        [RNNI_COUNTER_WAITED] = t->watch.waited,
        [RNNI_COUNTER_AVERAGED] = t->averaged,
        [RNNI_COUNTER_PLATEAU_ANY] = t->plateau.any,
        [RNNI_COUNTER_PLATEAU_WAITED] = t->plateau.waited,
        [RNNI_COUNTER_PLATEAU_REST] = t->plateau.rest,
        [RNNI_COUNTER_PLATEAU_DROPS] = t->plateau.drops,
        [RNNI_COUNTER_NORMED] = t->norms.updates,
        [RNNI_COUNTER_STEP] = t->windows.step,
    };
    rnni_json_write_key(json, "counters");
    rnni_json_begin_array(json);
    for (int i = 0; i < RNNI_COUNTERS; i++) rnni_json_write_i64(json, counters[i]);
    rnni_json_end_array(json);
}

static void write_figures(rnni_json_writer *json, const rnn_trainer_t *t)
{
    const double figures[RNNI_FIGURES] = { [RNNI_FIGURE_ELAPSED] = t->elapsed,
                                           [RNNI_FIGURE_VALUE] = t->watch.value,
                                           [RNNI_FIGURE_LOSS] = t->watch.loss,
                                           [RNNI_FIGURE_REFERENCE] = t->watch.reference,
                                           [RNNI_FIGURE_RATE] = t->rate,
                                           [RNNI_FIGURE_PLATEAU] = t->plateau.best };
    rnni_json_write_key(json, "figures");
    rnni_json_begin_array(json);
    for (int i = 0; i < RNNI_FIGURES; i++) rnni_json_write_double(json, figures[i]);
    rnni_json_end_array(json);
}

static void write_sums(rnni_json_writer *json, const rnn_trainer_t *t)
{
    rnni_json_write_key(json, "sums");
    rnni_json_begin_array(json);
    for (int32_t i = 0; i < t->outputs; i++) {
        rnni_tally tally = t->sums.outputs ? t->sums.outputs[i] : (rnni_tally){ 0, 0 };
        rnni_json_begin_array(json);
        rnni_json_write_double(json, tally.loss);
        rnni_json_write_double(json, tally.weight);
        rnni_json_end_array(json);
    }
    rnni_json_end_array(json);
}

static rnn_status_t write_state(const rnn_trainer_t *t, rnni_buffer *text)
{
    rnni_json_writer json = rnni_json_write_to(text);
    rnni_json_begin_object(&json);
    rnni_json_write_key(&json, "format");
    rnni_json_write_i64(&json, RNNI_CHECKPOINT_FORMAT);
    rnni_json_write_key(&json, "optimizer");
    rnni_json_write_string(&json, t->optim->name);
    write_losses(&json, t);
    write_loss_settings(&json, t);
    write_settings(&json, "settings", rnni_train_settings, RNNI_TRAIN_SETTINGS, t->settings);
    write_settings(&json, "constants", rnni_optim_settings, RNNI_OPTIM_SETTINGS, t->optim_settings);
    write_counters(&json, t);
    write_figures(&json, t);
    write_sums(&json, t);
    rnni_json_end_object(&json);
    return json.status;
}

static rnn_status_t add_state(const rnn_trainer_t *t, rnni_safetensors_writer *writer)
{
    rnni_buffer text = { .context = t->context };
    rnn_status_t status = write_state(t, &text);
    if (status == RNN_OK) status = rnni_safetensors_add_metadata(writer, RNNI_CHECKPOINT_STATE, text.data);
    rnni_buffer_clear(&text);
    return status;
}

/* A block of numbers in the order of the weights, one tensor for each weight; those that are not trained have
 * no optimizer state. */
static rnn_status_t add_block(const rnn_trainer_t *t, rnni_safetensors_writer *writer, const char *prefix,
                              const rnni_real *block, bool fixed)
{
    const rnni_graph *graph = rnni_graph_of_const(t->model);
    char name[RNNI_CHECKPOINT_NAME];
    for (int32_t i = 0; i < graph->count; i++)
        for (int32_t j = 0; j < graph->nodes[i]->weight_count; j++) {
            const rnni_weight *weight = &graph->nodes[i]->weights[j];
            if (weight->fixed && !fixed) continue;
            snprintf(name, sizeof(name), "%s%s.%s", prefix, graph->nodes[i]->name, weight->name);
            RNNI_TRY(rnni_safetensors_add_tensor(writer, name, RNNI_REAL_DTYPE, weight->rank, weight->shape,
                                                 block + weight->offset));
        }
    return RNN_OK;
}

/* Past epochs and the sums of the one at hand in one table, made for the writing alone. */
static rnn_status_t make_norms(const rnn_trainer_t *t, double **table)
{
    const rnni_norms *norms = &t->norms;
    size_t past = (size_t)t->epoch * (size_t)norms->count;
    *table = NULL;
    if (norms->count == 0 || (!norms->rows && norms->updates == 0)) return RNN_OK;
    *table = rnni_alloc_array(t->context, past + (size_t)norms->count, sizeof(**table));
    if (!*table) return RNN_ERROR_MEMORY;
    for (size_t i = 0; i < past; i++) (*table)[i] = norms->rows ? norms->rows[i] : NAN;
    memcpy(*table + past, norms->sums, (size_t)norms->count * sizeof(**table));
    return RNN_OK;
}

static rnn_status_t write_all(const rnn_trainer_t *t, rnni_safetensors_writer *writer, const double *norms)
{
    const int64_t norm_shape[] = { t->epoch + 1, t->norms.count };
    const int64_t shape[] = { t->epoch, RNNI_HISTORY_FIGURES };
    const int64_t state_shape[] = { rnni_windows_states(t), t->train.whole.carried_size };
    char prefix[32];
    RNNI_TRY(rnni_model_write(t->model, writer));
    RNNI_TRY(add_state(t, writer));
    if (t->epoch > 0)
        RNNI_TRY(rnni_safetensors_add_tensor(writer, RNNI_CHECKPOINT_HISTORY, RNN_F64, 2, shape, t->history));
    if (norms)
        RNNI_TRY(rnni_safetensors_add_tensor(writer, RNNI_CHECKPOINT_NORMS, RNN_F64, 2, norm_shape, norms));
    if (state_shape[0] > 0)
        RNNI_TRY(rnni_safetensors_add_tensor(writer, RNNI_CHECKPOINT_STATES, RNNI_REAL_DTYPE, 2, state_shape,
                                             t->train.whole.carried));
    if (t->averaged > 0) RNNI_TRY(add_block(t, writer, RNNI_CHECKPOINT_AVERAGE, t->average, false));
    for (int k = 0; k < RNNI_OPTIM_STATES; k++) {
        snprintf(prefix, sizeof(prefix), RNNI_CHECKPOINT_BLOCK, k);
        if (t->state[k]) RNNI_TRY(add_block(t, writer, prefix, t->state[k], false));
    }
    return t->watch.weights ? add_block(t, writer, RNNI_CHECKPOINT_BEST, t->watch.weights, true) : RNN_OK;
}

rnn_status_t rnn_trainer_save(rnn_trainer_t *t, const char *path)
{
    RNNI_REQUIRE(t && path, RNN_ERROR_ARGUMENT, "rnn_trainer_save: the %s is NULL", t ? "path" : "trainer");
    rnni_safetensors_writer *writer;
    double *norms;
    RNNI_TRY(rnni_trainer_prepare(t));
    RNNI_TRY(make_norms(t, &norms));
    rnn_status_t status = rnni_safetensors_writer_create(t->context, &writer);
    if (status == RNN_OK) {
        status = write_all(t, writer, norms);
        if (status == RNN_OK) status = rnni_safetensors_write_path(writer, path);
        rnni_safetensors_writer_free(writer);
    }
    rnni_free(t->context, norms, (size_t)(t->epoch + 1) * (size_t)t->norms.count * sizeof(*norms));
    return status;
}
