/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "serial/json.h"
#include "serial/model_file.h"
#include "train/checkpoint.h"
#include "train/trainer.h"

#include <float.h>
#include <stdio.h>

/* Settings of one output's loss. */
typedef struct restored_loss {
    double settings[RNNI_LOSS_SETTINGS];
    rnni_real *class_weights;
    int64_t class_count;
} restored_loss;

/* What is read from a file before the trainer is touched. */
typedef struct restored {
    double settings[RNNI_TRAIN_SETTINGS], optim_settings[RNNI_OPTIM_SETTINGS];
    int64_t counters[RNNI_COUNTERS];
    double figures[RNNI_FIGURES];
    rnni_sums sums;
    restored_loss *losses; /* [outputs] */
    rnni_real *state[RNNI_OPTIM_STATES], *best, *average;
    double *norms; /* [epochs + 1][layers] */
    size_t norm_count;
    rnni_epoch *history;
    rnni_real *carried; /* [sequences][size] */
    int64_t carried_sequences, carried_size;
} restored;

static rnn_status_t damaged(const char *what)
{
    return rnni_fail(RNN_ERROR_FORMAT, "the checkpoint's %s is damaged or missing", what);
}

static size_t block_count(const rnn_trainer_t *t)
{
    return (size_t)rnni_graph_of_const(t->model)->weight_total;
}

static void release(const rnn_trainer_t *t, restored *r)
{
    size_t size = block_count(t) * sizeof(rnni_real);
    for (int k = 0; k < RNNI_OPTIM_STATES; k++) rnni_free(t->context, r->state[k], size);
    rnni_free(t->context, r->best, size);
    rnni_free(t->context, r->average, size);
    rnni_free(t->context, r->norms, r->norm_count * sizeof(*r->norms));
    rnni_free(t->context, r->history, (size_t)r->counters[RNNI_COUNTER_EPOCH] * sizeof(*r->history));
    rnni_free(t->context, r->carried,
              (size_t)(r->carried_sequences * r->carried_size) * sizeof(*r->carried));
    rnni_sums_release(&r->sums, t);
    for (int32_t i = 0; r->losses && i < t->outputs; i++)
        rnni_free(t->context, r->losses[i].class_weights,
                  (size_t)r->losses[i].class_count * sizeof(*r->losses[i].class_weights));
    rnni_free(t->context, r->losses, (size_t)t->outputs * sizeof(*r->losses));
}

/* ---- The state's text ---- */

static rnn_status_t check_losses(const rnn_trainer_t *t, const rnni_json_value *losses)
{
    RNNI_REQUIRE(rnni_json_is(losses, RNNI_JSON_OBJECT), RNN_ERROR_FORMAT,
                 "the checkpoint has no list of losses");
    for (int32_t i = 0; i < t->outputs; i++) {
        const char *output = rnni_graph_of_const(t->model)->outputs[i].name;
        const char *saved = rnni_json_string(rnni_json_get(losses, output));
        const char *ours = t->goals[i].loss ? t->goals[i].loss->name : NULL;
        bool same = saved && ours ? strcmp(saved, ours) == 0 : !saved && !ours;
        RNNI_REQUIRE(same, RNN_ERROR_ARGUMENT,
                     "the checkpoint was written with %s%.40s for output '%s', but the trainer has %s%s",
                     saved ? "loss " : "no loss", saved ? saved : "", output, ours ? "loss " : "no loss",
                     ours ? ours : "");
    }
    return RNN_OK;
}

static rnn_status_t check_kind(const rnn_trainer_t *t, const rnni_json_value *state)
{
    int64_t format;
    RNNI_REQUIRE(rnni_json_i64(rnni_json_get(state, "format"), &format), RNN_ERROR_FORMAT,
                 "the checkpoint does not tell its format");
    RNNI_REQUIRE(format == RNNI_CHECKPOINT_FORMAT, RNN_ERROR_UNSUPPORTED,
                 "the checkpoint has format %lld, this library reads %d", (long long)format,
                 RNNI_CHECKPOINT_FORMAT);
    const char *optimizer = rnni_json_string(rnni_json_get(state, "optimizer"));
    RNNI_REQUIRE(optimizer, RNN_ERROR_FORMAT, "the checkpoint does not name its optimizer");
    RNNI_REQUIRE(strcmp(optimizer, t->optim->name) == 0, RNN_ERROR_ARGUMENT,
                 "the checkpoint was written with optimizer %.40s, but the trainer has %s", optimizer,
                 t->optim->name);
    return check_losses(t, rnni_json_get(state, "losses"));
}

/* Settings that the file does not have keep their defaults; those that this library does not have are
 * refused. */
static rnn_status_t read_settings(const rnni_json_value *object, const rnni_setting *table, int rows,
                                  double *values)
{
    RNNI_REQUIRE(rnni_json_is(object, RNNI_JSON_OBJECT), RNN_ERROR_FORMAT, "the checkpoint has no settings");
    rnni_setting_defaults(table, rows, values);
    const rnni_json_value *key = rnni_json_first(object);
    for (uint32_t i = 0; i < object->size; i++) {
        const rnni_json_value *value = rnni_json_next(key);
        int row = rnni_setting_find_name(table, rows, rnni_json_string(key));
        double number = 0;
        RNNI_REQUIRE(row >= 0, RNN_ERROR_UNSUPPORTED, "the checkpoint has the unknown setting '%.60s'",
                     rnni_json_string(key));
        RNNI_TRY(rnni_setting_read_json(value, &table[row], "the checkpoint", &number));
        RNNI_REQUIRE(rnni_setting_set(table, rows, values, "the checkpoint", table[row].id, table[row].type,
                                      number) == RNN_OK,
                     RNN_ERROR_FORMAT, "setting %s of the checkpoint is out of range", table[row].name);
        key = rnni_json_next(value);
    }
    return RNN_OK;
}

static rnn_status_t read_doubles(const rnni_json_value *array, int count, double *out, const char *what)
{
    if (!rnni_json_is(array, RNNI_JSON_ARRAY) || array->size != (uint32_t)count) return damaged(what);
    const rnni_json_value *value = rnni_json_first(array);
    for (int i = 0; i < count; i++, value = rnni_json_next(value))
        if (!rnni_json_double(value, &out[i])) return damaged(what);
    return RNN_OK;
}

static rnn_status_t read_counters(const rnni_json_value *array, int64_t *out)
{
    if (!rnni_json_is(array, RNNI_JSON_ARRAY) || array->size != RNNI_COUNTERS)
        return damaged("list of counters");
    const rnni_json_value *value = rnni_json_first(array);
    for (int i = 0; i < RNNI_COUNTERS; i++, value = rnni_json_next(value)) {
        if (!rnni_json_i64(value, &out[i])) return damaged("list of counters");
        if (out[i] < (i == RNNI_COUNTER_SAMPLES ? -1 : 0)) return damaged("list of counters");
    }
    bool fits = out[RNNI_COUNTER_RUN_FIRST] <= out[RNNI_COUNTER_EPOCH] && out[RNNI_COUNTER_WATCHED] <= 1 &&
                out[RNNI_COUNTER_RIGHT] <= out[RNNI_COUNTER_TOTAL] && out[RNNI_COUNTER_PLATEAU_ANY] <= 1;
    return fits ? RNN_OK : damaged("list of counters");
}

static rnn_status_t read_sums(const rnn_trainer_t *t, const rnni_json_value *array, restored *r)
{
    if (!rnni_json_is(array, RNNI_JSON_ARRAY) || array->size != (uint32_t)t->outputs)
        return damaged("list of sums");
    RNNI_TRY(rnni_sums_init(&r->sums, t, false));
    const rnni_json_value *value = rnni_json_first(array);
    for (int32_t i = 0; i < t->outputs; i++, value = rnni_json_next(value)) {
        double pair[2];
        RNNI_TRY(read_doubles(value, 2, pair, "list of sums"));
        r->sums.outputs[i] = (rnni_tally){ pair[0], pair[1] };
    }
    r->sums.sequences = r->counters[RNNI_COUNTER_SEQUENCES];
    r->sums.counts.right = r->counters[RNNI_COUNTER_RIGHT];
    r->sums.counts.total = r->counters[RNNI_COUNTER_TOTAL];
    return RNN_OK;
}

static rnn_status_t read_class_weights(const rnn_trainer_t *t, const rnni_goal *goal,
                                       const rnni_json_value *value, int64_t count, restored_loss *loss)
{
    bool fits = goal->loss && goal->loss->weighs_classes && count == rnni_goal_classes(goal);
    if (!fits) return damaged("list of loss settings");
    loss->class_weights = rnni_alloc_array(t->context, (size_t)count, sizeof(*loss->class_weights));
    if (!loss->class_weights) return RNN_ERROR_MEMORY;
    loss->class_count = count;
    for (int64_t i = 0; i < count; i++, value = rnni_json_next(value)) {
        double number;
        if (!rnni_json_double(value, &number) || !(number >= 0 && number <= FLT_MAX))
            return damaged("list of loss settings");
        loss->class_weights[i] = (rnni_real)number;
    }
    return RNN_OK;
}

static rnn_status_t read_loss_settings(const rnn_trainer_t *t, const rnni_json_value *array, restored *r)
{
    if (!rnni_json_is(array, RNNI_JSON_ARRAY) || array->size != (uint32_t)t->outputs)
        return damaged("list of loss settings");
    r->losses = rnni_alloc_array(t->context, (size_t)t->outputs, sizeof(*r->losses));
    if (!r->losses) return RNN_ERROR_MEMORY;
    const rnni_json_value *list = rnni_json_first(array);
    for (int32_t i = 0; i < t->outputs; i++, list = rnni_json_next(list)) {
        if (!rnni_json_is(list, RNNI_JSON_ARRAY) || list->size < RNNI_LOSS_SETTINGS)
            return damaged("list of loss settings");
        const rnni_json_value *value = rnni_json_first(list);
        for (int k = 0; k < RNNI_LOSS_SETTINGS; k++, value = rnni_json_next(value)) {
            const rnni_setting *row = &rnni_loss_settings[k];
            double number;
            if (!rnni_json_double(value, &number) || !(number >= row->minimum && number <= row->maximum))
                return damaged("list of loss settings");
            r->losses[i].settings[k] = number;
        }
        int64_t count = (int64_t)list->size - RNNI_LOSS_SETTINGS;
        if (count > 0) RNNI_TRY(read_class_weights(t, &t->goals[i], value, count, &r->losses[i]));
    }
    return RNN_OK;
}

static rnn_status_t read_state(const rnn_trainer_t *t, const rnni_json_value *state, restored *r)
{
    int64_t counters[RNNI_COUNTERS];
    RNNI_TRY(check_kind(t, state));
    RNNI_TRY(read_settings(rnni_json_get(state, "settings"), rnni_train_settings, RNNI_TRAIN_SETTINGS,
                           r->settings));
    RNNI_TRY(read_settings(rnni_json_get(state, "constants"), rnni_optim_settings, RNNI_OPTIM_SETTINGS,
                           r->optim_settings));
    RNNI_TRY(read_counters(rnni_json_get(state, "counters"), counters));
    RNNI_TRY(read_doubles(rnni_json_get(state, "figures"), RNNI_FIGURES, r->figures, "list of figures"));
    RNNI_TRY(read_loss_settings(t, rnni_json_get(state, "loss_settings"), r));
    memcpy(r->counters, counters, sizeof(counters));
    return read_sums(t, rnni_json_get(state, "sums"), r);
}

static rnn_status_t parse_state(const rnn_trainer_t *t, const rnni_safetensors *file, restored *r)
{
    const char *text = rnni_safetensors_metadata(file, RNNI_CHECKPOINT_STATE);
    RNNI_REQUIRE(text, RNN_ERROR_FORMAT, "the file is not a checkpoint of a training run (it has no %s)",
                 RNNI_CHECKPOINT_STATE);
    rnni_json json;
    rnn_status_t status = rnni_json_parse(&json, t->context, text, strlen(text), RNNI_CHECKPOINT_STATE);
    if (status == RNN_OK) status = read_state(t, &json.values[0], r);
    rnni_json_clear(&json);
    return status;
}

/* Says so before a tensor of another shape is stumbled upon. */
static rnn_status_t check_model(const rnn_trainer_t *t, const rnni_safetensors *file)
{
    rnni_buffer own = { .context = t->context };
    const char *saved = rnni_safetensors_metadata(file, RNNI_MODEL_KEY);
    rnn_status_t status = rnni_graph_write_json(rnni_graph_of_const(t->model), &own);
    if (status == RNN_OK && (!saved || strcmp(own.data, saved) != 0))
        status = rnni_fail(
            RNN_ERROR_SHAPE,
            "the checkpoint is of another model than the trainer's: layers, settings or names differ");
    rnni_buffer_clear(&own);
    return status;
}

/* ---- Tensors ---- */

static rnn_status_t read_history(const rnn_trainer_t *t, const rnni_safetensors *file, restored *r)
{
    const rnni_safetensors_entry *entry = rnni_safetensors_find(file, RNNI_CHECKPOINT_HISTORY);
    int64_t epochs = r->counters[RNNI_COUNTER_EPOCH];
    bool fits = epochs == 0 ? !entry
                            : entry && entry->dtype == RNN_F64 && entry->rank == 2 &&
                                  entry->shape[0] == epochs && entry->shape[1] == RNNI_HISTORY_FIGURES;
    if (!fits) {
        r->counters[RNNI_COUNTER_EPOCH] = 0; /* nothing was allocated */
        return damaged("history");
    }
    if (epochs == 0) return RNN_OK;
    r->history = rnni_alloc_array(t->context, (size_t)epochs, sizeof(*r->history));
    if (!r->history) return RNN_ERROR_MEMORY;
    rnni_safetensors_convert(entry, RNN_F64, r->history);
    return RNN_OK;
}

static rnn_status_t read_norms(const rnn_trainer_t *t, const rnni_safetensors *file, restored *r)
{
    const rnni_safetensors_entry *entry = rnni_safetensors_find(file, RNNI_CHECKPOINT_NORMS);
    int64_t epochs = r->counters[RNNI_COUNTER_EPOCH], count = 0;
    if (!entry) return r->counters[RNNI_COUNTER_NORMED] == 0 ? RNN_OK : damaged("list of gradient norms");
    bool fits = entry->dtype == RNN_F64 && entry->rank == 2 && entry->shape[0] == epochs + 1 &&
                entry->shape[1] == t->norms.count && rnni_mul_i64(epochs + 1, t->norms.count, &count);
    if (!fits) return damaged("list of gradient norms");
    r->norms = rnni_alloc_array(t->context, (size_t)count, sizeof(*r->norms));
    if (!r->norms) return RNN_ERROR_MEMORY;
    r->norm_count = (size_t)count;
    rnni_safetensors_convert(entry, RNN_F64, r->norms);
    return RNN_OK;
}

/* States that sequences go on with. */
static rnn_status_t read_carried(rnn_trainer_t *t, const rnni_safetensors *file, restored *r)
{
    const rnni_safetensors_entry *entry = rnni_safetensors_find(file, RNNI_CHECKPOINT_STATES);
    int64_t count;
    if (!entry) return RNN_OK;
    RNNI_TRY(rnni_exec_carry(&t->train));
    bool fits = entry->dtype == RNNI_REAL_DTYPE && entry->rank == 2 && entry->shape[0] > 0 &&
                entry->shape[1] > 0 && entry->shape[1] == t->train.whole.carried_size &&
                rnni_mul_i64(entry->shape[0], entry->shape[1], &count);
    if (!fits) return damaged("list of states");
    r->carried = rnni_alloc_array(t->context, (size_t)count, sizeof(*r->carried));
    if (!r->carried) return RNN_ERROR_MEMORY;
    r->carried_sequences = entry->shape[0];
    r->carried_size = entry->shape[1];
    rnni_safetensors_convert(entry, RNNI_REAL_DTYPE, r->carried);
    return RNN_OK;
}

static bool same_shape(const rnni_safetensors_entry *entry, const rnni_weight *weight)
{
    bool same = entry && entry->dtype == RNNI_REAL_DTYPE && entry->rank == weight->rank;
    for (int32_t i = 0; same && i < weight->rank; i++) same = entry->shape[i] == weight->shape[i];
    return same;
}

static rnn_status_t fill_block(const rnn_trainer_t *t, const rnni_safetensors *file, const char *prefix,
                               bool fixed, rnni_real *block)
{
    const rnni_graph *graph = rnni_graph_of_const(t->model);
    char name[RNNI_CHECKPOINT_NAME];
    for (int32_t i = 0; i < graph->count; i++)
        for (int32_t j = 0; j < graph->nodes[i]->weight_count; j++) {
            const rnni_weight *weight = &graph->nodes[i]->weights[j];
            if (weight->fixed && !fixed) continue;
            snprintf(name, sizeof(name), "%s%s.%s", prefix, graph->nodes[i]->name, weight->name);
            const rnni_safetensors_entry *entry = rnni_safetensors_find(file, name);
            RNNI_REQUIRE(same_shape(entry, weight), RNN_ERROR_FORMAT, "the checkpoint's tensor %s is %s",
                         name, entry ? "not of the weight's type and shape" : "missing");
            rnni_safetensors_convert(entry, RNNI_REAL_DTYPE, block + weight->offset);
        }
    return RNN_OK;
}

static bool has_prefix(const rnni_safetensors *file, const char *prefix)
{
    for (int64_t i = 0; i < rnni_safetensors_count(file); i++)
        if (strncmp(rnni_safetensors_at(file, i)->name, prefix, strlen(prefix)) == 0) return true;
    return false;
}

/* Reads a block that must be there, or may be missing as a whole: then *block stays NULL. `fixed`: also for
 * weights that are not trained. */
static rnn_status_t read_block(const rnn_trainer_t *t, const rnni_safetensors *file, const char *prefix,
                               bool needed, bool fixed, rnni_real **block)
{
    if (!needed && !has_prefix(file, prefix)) return RNN_OK;
    *block = rnni_alloc_array(t->context, block_count(t), sizeof(**block));
    return *block ? fill_block(t, file, prefix, fixed, *block) : RNN_ERROR_MEMORY;
}

static rnn_status_t read_blocks(const rnn_trainer_t *t, const rnni_safetensors *file, restored *r)
{
    int needed = t->optim->states(r->optim_settings);
    char prefix[32];
    for (int k = 0; k < RNNI_OPTIM_STATES; k++) {
        snprintf(prefix, sizeof(prefix), RNNI_CHECKPOINT_BLOCK, k);
        RNNI_TRY(read_block(t, file, prefix, k < needed, false, &r->state[k]));
    }
    RNNI_TRY(read_block(t, file, RNNI_CHECKPOINT_AVERAGE, r->counters[RNNI_COUNTER_AVERAGED] > 0, false,
                        &r->average));
    return read_block(t, file, RNNI_CHECKPOINT_BEST, false, true, &r->best);
}

/* ---- Taking over ---- */

#define EXCHANGE(type, a, b) \
    do {                     \
        type kept_ = (a);    \
        (a) = (b);           \
        (b) = kept_;         \
    } while (0)

/* The table's last row are the sums of the epoch at hand; it stays behind the rows of past epochs. */
static void take_over_norms(rnn_trainer_t *t, restored *r)
{
    EXCHANGE(double *, t->norms.rows, r->norms);
    EXCHANGE(size_t, t->norms.capacity, r->norm_count);
    rnni_norms_clear(t);
    if (!t->norms.rows) return;
    memcpy(t->norms.sums, t->norms.rows + r->counters[RNNI_COUNTER_EPOCH] * t->norms.count,
           (size_t)t->norms.count * sizeof(*t->norms.sums));
    t->norms.updates = r->counters[RNNI_COUNTER_NORMED];
}

static void take_over_carried(rnn_trainer_t *t, restored *r)
{
    t->windows.step = r->counters[RNNI_COUNTER_STEP];
    t->windows.kept = r->carried_sequences;
    if (!r->carried) return;
    EXCHANGE(rnni_real *, t->train.whole.carried, r->carried);
    EXCHANGE(int64_t, t->train.carried_capacity, r->carried_sequences);
}

/* The trainer's old blocks go into `r`, to be released with it. */
static void take_over(rnn_trainer_t *t, restored *r)
{
    memcpy(t->settings, r->settings, sizeof(t->settings));
    memcpy(t->optim_settings, r->optim_settings, sizeof(t->optim_settings));
    for (int32_t i = 0; i < t->outputs; i++) {
        memcpy(t->goals[i].settings, r->losses[i].settings, sizeof(t->goals[i].settings));
        EXCHANGE(rnni_real *, t->goals[i].class_weights, r->losses[i].class_weights);
        EXCHANGE(int64_t, t->goals[i].class_count, r->losses[i].class_count);
    }
    for (int k = 0; k < RNNI_OPTIM_STATES; k++) EXCHANGE(rnni_real *, t->state[k], r->state[k]);
    EXCHANGE(rnni_real *, t->watch.weights, r->best);
    EXCHANGE(rnni_sums, t->sums, r->sums);
    rnni_free(t->context, t->history, t->history_capacity * sizeof(*t->history));
    t->history = r->history;
    t->history_capacity = (size_t)r->counters[RNNI_COUNTER_EPOCH];
    r->history = NULL;
    t->epoch = r->counters[RNNI_COUNTER_EPOCH];
    t->batch = r->counters[RNNI_COUNTER_BATCH];
    t->samples = r->counters[RNNI_COUNTER_SAMPLES];
    t->run_first = r->counters[RNNI_COUNTER_RUN_FIRST];
    t->updates = r->counters[RNNI_COUNTER_UPDATES];
    t->elapsed = r->figures[RNNI_FIGURE_ELAPSED];
    t->watch.any = r->counters[RNNI_COUNTER_WATCHED] != 0;
    t->watch.waited = r->counters[RNNI_COUNTER_WAITED];
    t->watch.value = r->figures[RNNI_FIGURE_VALUE];
    t->watch.loss = r->figures[RNNI_FIGURE_LOSS];
    t->watch.reference = r->figures[RNNI_FIGURE_REFERENCE];
    EXCHANGE(rnni_real *, t->average, r->average);
    t->averaged = r->counters[RNNI_COUNTER_AVERAGED];
    t->rate = r->figures[RNNI_FIGURE_RATE];
    t->plateau = (rnni_plateau){ r->counters[RNNI_COUNTER_PLATEAU_ANY] != 0, r->figures[RNNI_FIGURE_PLATEAU],
                                 r->counters[RNNI_COUNTER_PLATEAU_WAITED],
                                 r->counters[RNNI_COUNTER_PLATEAU_REST],
                                 r->counters[RNNI_COUNTER_PLATEAU_DROPS] };
    take_over_norms(t, r);
    take_over_carried(t, r);
    t->phase = RNNI_PHASE_NONE;
    t->differentiated = false;
    t->resumed = true;
}

static rnn_status_t read_file(rnn_trainer_t *t, const rnni_safetensors *file, restored *r)
{
    RNNI_TRY(parse_state(t, file, r));
    RNNI_TRY(check_model(t, file));
    RNNI_TRY(read_history(t, file, r));
    RNNI_TRY(read_norms(t, file, r));
    RNNI_TRY(read_carried(t, file, r));
    RNNI_TRY(read_blocks(t, file, r));
    RNNI_TRY(rnni_model_read_weights(t->model, file)); /* last: it changes the model or fails */
    take_over(t, r);
    return rnni_trainer_weights_changed(t);
}

rnn_status_t rnn_trainer_resume(rnn_trainer_t *t, const char *path)
{
    RNNI_TRY(rnni_trainer_idle(t, "rnn_trainer_resume"));
    RNNI_REQUIRE(path, RNN_ERROR_ARGUMENT, "rnn_trainer_resume: the path is NULL");
    rnni_safetensors *file;
    RNNI_TRY(rnni_safetensors_open(t->context, path, &file));
    restored r = { .best = NULL };
    rnn_status_t status = read_file(t, file, &r);
    if (status != RNN_OK) status = rnni_fail(status, "%s: %s", path, rnn_last_error());
    release(t, &r);
    rnni_safetensors_close(file);
    return status;
}
