/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "train/trainer.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include <time.h>

#define LARGEST_INT 9007199254740992.0 /* 2^53: the integers that a double holds exactly */

const rnni_setting rnni_train_settings[RNNI_TRAIN_SETTINGS] = {
    { RNN_TRAIN_EPOCHS, RNN_SETTING_INT, "epochs", 0, LARGEST_INT, 1, NULL },
    { RNN_TRAIN_BATCH, RNN_SETTING_INT, "batch", 1, 2147483647.0, 32, NULL },
    { RNN_TRAIN_VALIDATION_SPLIT, RNN_SETTING_FLOAT, "validation_split", 0, 1 - DBL_EPSILON / 2, 0, NULL },
    { RNN_TRAIN_SHUFFLE, RNN_SETTING_INT, "shuffle", 0, 1, 1, NULL },
    { RNN_TRAIN_SEED, RNN_SETTING_INT, "seed", 0, LARGEST_INT, 0, NULL },
    { RNN_TRAIN_CLIP_NORM, RNN_SETTING_FLOAT, "clip_norm", 0, DBL_MAX, 0, NULL },
    { RNN_TRAIN_PATIENCE, RNN_SETTING_INT, "patience", 0, LARGEST_INT, 0, NULL },
    { RNN_TRAIN_MIN_DELTA, RNN_SETTING_FLOAT, "min_delta", 0, DBL_MAX, 0, NULL },
    { RNN_TRAIN_MONITOR, RNN_SETTING_INT, "monitor", 0, 3, 0, "auto|loss|accuracy|recall" },
    { RNN_TRAIN_RESTORE_BEST, RNN_SETTING_INT, "restore_best", 0, 2, 2, "no|yes|auto" },
    { RNN_TRAIN_CHECKPOINT_EVERY, RNN_SETTING_INT, "checkpoint_every", 0, LARGEST_INT, 0, NULL },
    { RNN_TRAIN_CLIP_VALUE, RNN_SETTING_FLOAT, "clip_value", 0, DBL_MAX, 0, NULL },
    { RNN_TRAIN_ACCUMULATE, RNN_SETTING_INT, "accumulate", 1, 65536, 1, NULL },
    { RNN_TRAIN_SCHEDULE, RNN_SETTING_INT, "schedule", 0, 5, 0,
      "constant|step|exponential|cosine|one_cycle|plateau" },
    { RNN_TRAIN_SCHEDULE_EPOCHS, RNN_SETTING_INT, "schedule_epochs", 0, LARGEST_INT, 0, NULL },
    { RNN_TRAIN_SCHEDULE_FACTOR, RNN_SETTING_FLOAT, "schedule_factor", 0, 1, 0.1, NULL },
    { RNN_TRAIN_MINIMUM_RATE, RNN_SETTING_FLOAT, "minimum_rate", 0, DBL_MAX, 0, NULL },
    { RNN_TRAIN_WARMUP, RNN_SETTING_INT, "warmup", 0, LARGEST_INT, 0, NULL },
    { RNN_TRAIN_CYCLE_RISE, RNN_SETTING_FLOAT, "cycle_rise", 0, 1, 0.3, NULL },
    { RNN_TRAIN_PLATEAU_DELTA, RNN_SETTING_FLOAT, "plateau_delta", 0, DBL_MAX, 1e-4, NULL },
    { RNN_TRAIN_PLATEAU_COOLDOWN, RNN_SETTING_INT, "plateau_cooldown", 0, LARGEST_INT, 0, NULL },
    { RNN_TRAIN_AVERAGE, RNN_SETTING_INT, "average", 0, 2, 0, "none|ema|asgd" },
    { RNN_TRAIN_AVERAGE_DECAY, RNN_SETTING_FLOAT, "average_decay", 0, 1 - DBL_EPSILON / 2, 0.999, NULL },
    { RNN_TRAIN_AVERAGE_FROM, RNN_SETTING_INT, "average_from", 0, LARGEST_INT, 0, NULL },
    { RNN_TRAIN_GRADIENT_NORMS, RNN_SETTING_INT, "gradient_norms", 0, 1, 0, NULL },
    { RNN_TRAIN_STATEFUL, RNN_SETTING_INT, "stateful", 0, 1, 0, NULL },
    { RNN_TRAIN_BPTT_STEPS, RNN_SETTING_INT, "bptt_steps", 0, LARGEST_INT, 0, NULL },
    { RNN_TRAIN_RECOMPUTE, RNN_SETTING_INT, "recompute", 0, 2, 0, "none|gates|time" },
    { RNN_TRAIN_PRECISION, RNN_SETTING_INT, "precision", 0, 1, 0, "f32|bf16" },
};

const char *const rnni_history_names[RNNI_HISTORY_FIGURES] = { "loss",         "accuracy", "val_loss",
                                                               "val_accuracy", "seconds",  "learning_rate" };

double rnni_trainer_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- Creation ---- */

static void release_state(rnn_trainer_t *t)
{
    size_t size = (size_t)rnni_graph_of(t->model)->weight_total * sizeof(rnni_real);
    for (int i = 0; i < RNNI_OPTIM_STATES; i++) {
        rnni_free(t->context, t->state[i], size);
        t->state[i] = NULL;
    }
}

static void choose_optimizer(rnn_trainer_t *t, const rnni_optim *optim, const double *settings)
{
    release_state(t);
    t->optim = optim;
    t->updates = 0;
    memcpy(t->optim_settings, settings, sizeof(t->optim_settings));
}

static void optimizer_defaults(const rnni_optim *optim, double *settings)
{
    rnni_setting_defaults(rnni_optim_settings, RNNI_OPTIM_SETTINGS, settings);
    for (const double *pair = optim->defaults; *pair > 0; pair += 2)
        settings[(int)pair[0] - RNN_OPTIM_LEARNING_RATE] = pair[1];
}

static rnn_status_t create_parts(rnn_trainer_t *t)
{
    rnni_graph *graph = rnni_graph_of(t->model);
    RNNI_TRY(rnni_kernels_get(t->context, &t->kernels));
    t->goals = rnni_alloc_array(t->context, (size_t)t->outputs, sizeof(*t->goals));
    if (!t->goals) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; i < t->outputs; i++) {
        t->goals[i].node = graph->outputs[i].node;
        rnni_goal_choose(t, &t->goals[i], NULL);
    }
    RNNI_TRY(rnni_parts_init(t));
    RNNI_TRY(rnni_norms_init(t));
    RNNI_TRY(rnni_exec_init(&t->train, t->model, true));
    RNNI_TRY(rnni_exec_init(&t->evaluate, t->model, false));
    t->evaluate.summed = true;
    RNNI_TRY(rnni_graph_pack(graph, 1));
    t->train_batch = rnn_batch_create(t->context);
    if (!t->train_batch) return RNN_ERROR_MEMORY;
    t->evaluate_batch = rnn_batch_create(t->context);
    return t->evaluate_batch ? RNN_OK : RNN_ERROR_MEMORY;
}

rnn_trainer_t *rnn_trainer_create(rnn_model_t *model)
{
    if (!model || !rnni_graph_of(model)->built) {
        rnni_fail(model ? RNN_ERROR_STATE : RNN_ERROR_ARGUMENT, "rnn_trainer_create: the model %s",
                  model ? "is not built" : "is NULL");
        return NULL;
    }
    rnni_graph *graph = rnni_graph_of(model);
    rnn_trainer_t *t = rnni_alloc(graph->context, sizeof(*t));
    if (!t) return NULL;
    atomic_init(&t->references, 1);
    atomic_init(&t->request, 0);
    t->context = rnni_context_hold(graph->context);
    t->model = rnn_model_retain(model);
    t->outputs = graph->output_count;
    t->gradient_norm = NAN;
    t->samples = -1;
    rnni_setting_defaults(rnni_train_settings, RNNI_TRAIN_SETTINGS, t->settings);
    t->settings[RNN_TRAIN_SEED - 1] = (double)t->context->seed;
    t->optim = rnni_optim_find(RNN_OPTIM_ADAM);
    optimizer_defaults(t->optim, t->optim_settings);
    rnn_status_t status = create_parts(t);
    if (status == RNN_OK) {
        rnni_goals_arrange(t);
        return t;
    }
    rnn_trainer_free(t);
    return NULL;
}

void rnn_trainer_free(rnn_trainer_t *t)
{
    if (!t || atomic_fetch_sub(&t->references, 1) != 1) return;
    rnn_context_t *context = t->context;
    release_state(t);
    rnni_watch_clear(t);
    rnni_average_release(t);
    rnni_norms_release(t);
    rnni_parts_release(t);
    rnni_free(context, t->accumulated,
              (size_t)rnni_graph_of(t->model)->trained_total * sizeof(*t->accumulated));
    rnni_sums_release(&t->sums, t);
    rnni_goals_release(t);
    rnni_exec_release(&t->train);
    rnni_exec_release(&t->evaluate);
    rnn_batch_free(t->windows.piece);
    rnn_batch_free(t->train_batch);
    rnn_batch_free(t->evaluate_batch);
    rnn_dataset_free(t->validation);
    if (t->checkpoint) rnni_free(context, t->checkpoint, strlen(t->checkpoint) + 1);
    rnni_free(context, t->history, t->history_capacity * sizeof(*t->history));
    rnn_model_free(t->model);
    rnni_free(context, t, sizeof(*t));
    rnn_context_free(context);
}

/* ---- Loss and optimizer ---- */

/* Losses on probabilities are taken from the values before a layer's own activation, so that has to be theirs
 * or none. */
static rnn_status_t check_loss(const rnn_trainer_t *t, int32_t output, const rnni_loss *loss)
{
    const rnni_output *out = &rnni_graph_of_const(t->model)->outputs[output];
    const char *kind = out->node->op->name,
               *wanted = loss->activation == RNNI_ACT_SOFTMAX ? "softmax" : "sigmoid";
    RNNI_REQUIRE(out->node->flow != RNNI_FLOW_TOKENS, RNN_ERROR_ARGUMENT,
                 "output '%s' is tokens, which have no loss", out->name);
    if (loss->activation < 0) return RNN_OK;
    RNNI_REQUIRE(strcmp(kind, "dense") == 0 || strcmp(kind, "activation") == 0, RNN_ERROR_ARGUMENT,
                 "output '%s' is a %s layer, but loss %s needs a dense layer with %s or linear activation",
                 out->name, kind, loss->name, wanted);
    int64_t activation = rnni_node_int(out->node, RNN_LAYER_ACTIVATION);
    const char *name = rnni_layer_settings[RNN_LAYER_ACTIVATION - 1].choices;
    for (int64_t i = 0; i < activation; i++) name = strchr(name, '|') + 1;
    RNNI_REQUIRE(activation == loss->activation || activation == RNN_LINEAR, RNN_ERROR_ARGUMENT,
                 "output '%s' has the activation %.*s, but loss %s needs %s or linear", out->name,
                 (int)strcspn(name, "|"), name, loss->name, wanted);
    return RNN_OK;
}

rnn_status_t rnn_trainer_set_loss(rnn_trainer_t *t, const char *output, int32_t id)
{
    RNNI_TRY(rnni_trainer_idle(t, "rnn_trainer_set_loss"));
    const rnni_loss *loss = rnni_loss_find(id);
    RNNI_REQUIRE(loss, RNN_ERROR_ARGUMENT, "rnn_trainer_set_loss: there is no loss with the id %d", (int)id);
    int32_t index = rnni_model_output_index(t->model, output);
    if (index < 0) return output ? RNN_ERROR_NAME : RNN_ERROR_ARGUMENT;
    RNNI_TRY(check_loss(t, index, loss));
    rnni_sums sums;
    RNNI_TRY(rnni_sums_init(&sums, t, false));
    rnni_goal_choose(t, &t->goals[index], loss);
    rnni_goals_arrange(t);
    rnni_sums_release(&t->sums, t);
    t->sums = sums;
    t->phase = RNNI_PHASE_NONE;
    t->batch = 0;
    rnni_windows_restart(t);
    return RNN_OK;
}

rnn_status_t rnn_trainer_set_optimizer(rnn_trainer_t *t, int32_t id, double learning_rate)
{
    RNNI_TRY(rnni_trainer_idle(t, "rnn_trainer_set_optimizer"));
    const rnni_optim *optim = rnni_optim_find(id);
    RNNI_REQUIRE(optim, RNN_ERROR_ARGUMENT, "rnn_trainer_set_optimizer: there is no optimizer with the id %d",
                 (int)id);
    double settings[RNNI_OPTIM_SETTINGS];
    optimizer_defaults(optim, settings);
    RNNI_TRY(rnni_setting_set(rnni_optim_settings, RNNI_OPTIM_SETTINGS, settings, optim->name,
                              RNN_OPTIM_LEARNING_RATE, RNN_SETTING_FLOAT, learning_rate));
    choose_optimizer(t, optim, settings);
    return RNN_OK;
}

/* ---- Settings ---- */

static bool optimizer_takes(const rnni_optim *optim, int32_t setting)
{
    for (const int32_t *id = optim->settings; *id; id++)
        if (*id == setting) return true;
    return false;
}

static rnn_status_t check_setting(const rnn_trainer_t *t, int32_t setting)
{
    RNNI_REQUIRE(t, RNN_ERROR_ARGUMENT, "the trainer is NULL");
    int row = rnni_setting_find(rnni_optim_settings, RNNI_OPTIM_SETTINGS, setting);
    RNNI_REQUIRE(row < 0 || optimizer_takes(t->optim, setting), RNN_ERROR_ARGUMENT,
                 "optimizer %s has no setting %s", t->optim->name,
                 rnni_optim_settings[row < 0 ? 0 : row].name);
    return RNN_OK;
}

static rnn_status_t set(rnn_trainer_t *t, int32_t setting, int32_t type, double value)
{
    RNNI_TRY(check_setting(t, setting));
    if (setting < RNN_OPTIM_LEARNING_RATE)
        return rnni_setting_set(rnni_train_settings, RNNI_TRAIN_SETTINGS, t->settings, "the trainer", setting,
                                type, value);
    /* A state that is needed only now begins at 0, which update_chunk relies on finding. */
    double settings[RNNI_OPTIM_SETTINGS];
    memcpy(settings, t->optim_settings, sizeof(settings));
    RNNI_TRY(rnni_setting_set(rnni_optim_settings, RNNI_OPTIM_SETTINGS, settings, t->optim->name, setting,
                              type, value));
    memcpy(t->optim_settings, settings, sizeof(settings));
    return RNN_OK;
}

rnn_status_t rnn_trainer_set_int(rnn_trainer_t *t, int32_t setting, int64_t value)
{
    return set(t, setting, RNN_SETTING_INT, (double)value);
}

rnn_status_t rnn_trainer_set_float(rnn_trainer_t *t, int32_t setting, double value)
{
    return set(t, setting, RNN_SETTING_FLOAT, value);
}

static rnn_status_t get(const rnn_trainer_t *t, int32_t setting, double *value)
{
    RNNI_TRY(check_setting(t, setting));
    return setting < RNN_OPTIM_LEARNING_RATE
               ? rnni_setting_get(rnni_train_settings, RNNI_TRAIN_SETTINGS, t->settings, "the trainer",
                                  setting, value)
               : rnni_setting_get(rnni_optim_settings, RNNI_OPTIM_SETTINGS, t->optim_settings, t->optim->name,
                                  setting, value);
}

rnn_status_t rnn_trainer_get_int(const rnn_trainer_t *t, int32_t setting, int64_t *value)
{
    double number = 0;
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "the place for the value is NULL");
    RNNI_TRY(get(t, setting, &number));
    int row = rnni_setting_find(rnni_train_settings, RNNI_TRAIN_SETTINGS, setting);
    const rnni_setting *found = row >= 0 ? &rnni_train_settings[row]
                                         : &rnni_optim_settings[setting - RNN_OPTIM_LEARNING_RATE];
    RNNI_REQUIRE(found->type == RNN_SETTING_INT, RNN_ERROR_ARGUMENT, "setting %s is a float, not an integer",
                 found->name);
    *value = (int64_t)number;
    return RNN_OK;
}

rnn_status_t rnn_trainer_get_float(const rnn_trainer_t *t, int32_t setting, double *value)
{
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "the place for the value is NULL");
    return get(t, setting, value);
}

rnn_status_t rnn_trainer_setting(int32_t index, rnn_setting_t *setting)
{
    if (index < RNNI_TRAIN_SETTINGS)
        return rnni_setting_describe(rnni_train_settings, RNNI_TRAIN_SETTINGS, index, setting);
    return rnni_setting_describe(rnni_optim_settings, RNNI_OPTIM_SETTINGS, index - RNNI_TRAIN_SETTINGS,
                                 setting);
}

/* ---- What else a fit is told ---- */

rnn_status_t rnn_trainer_set_validation(rnn_trainer_t *t, rnn_dataset_t *dataset)
{
    RNNI_TRY(rnni_trainer_idle(t, "rnn_trainer_set_validation"));
    rnn_dataset_t *held = dataset ? rnn_dataset_retain(dataset) : NULL;
    rnn_dataset_free(t->validation);
    t->validation = held;
    return RNN_OK;
}

rnn_status_t rnn_trainer_set_progress(rnn_trainer_t *t, rnn_progress_fn function, void *user)
{
    RNNI_TRY(rnni_trainer_idle(t, "rnn_trainer_set_progress"));
    t->progress = function;
    t->progress_user = user;
    return RNN_OK;
}

rnn_status_t rnn_trainer_set_callback(rnn_trainer_t *t, rnn_progress_fn function, void *user)
{
    RNNI_TRY(rnni_trainer_idle(t, "rnn_trainer_set_callback"));
    t->callback = function;
    t->callback_user = user;
    return RNN_OK;
}

rnn_status_t rnn_trainer_set_checkpoint(rnn_trainer_t *t, const char *path)
{
    RNNI_TRY(rnni_trainer_idle(t, "rnn_trainer_set_checkpoint"));
    char *copy = path ? rnni_strdup(t->context, path) : NULL;
    if (path && !copy) return RNN_ERROR_MEMORY;
    if (t->checkpoint) rnni_free(t->context, t->checkpoint, strlen(t->checkpoint) + 1);
    t->checkpoint = copy;
    return RNN_OK;
}

void rnn_trainer_request(rnn_trainer_t *t, int32_t what)
{
    if (t) atomic_fetch_or(&t->request, what);
}

/* ---- History ---- */

int64_t rnn_trainer_epochs(const rnn_trainer_t *t) { return t ? t->epoch : 0; }

static double figure_of(const rnni_epoch *epoch, int figure)
{
    const double figures[RNNI_HISTORY_FIGURES] = {
        epoch->loss,         epoch->accuracy, epoch->val_loss,
        epoch->val_accuracy, epoch->seconds,  epoch->learning_rate
    };
    return figures[figure];
}

/* The number of a figure in an epoch, or of a layer's gradient norm behind those; -1: no such figure. */
static int32_t find_figure(const rnn_trainer_t *t, const char *figure)
{
    for (int32_t i = 0; i < RNNI_HISTORY_FIGURES; i++)
        if (strcmp(figure, rnni_history_names[i]) == 0) return i;
    int32_t layer = rnni_norms_find(t, figure);
    return layer < 0 ? -1 : RNNI_HISTORY_FIGURES + layer;
}

rnn_tensor_t *rnn_trainer_history(const rnn_trainer_t *t, const char *figure)
{
    int32_t index = t && figure ? find_figure(t, figure) : -1;
    if (index < 0) {
        rnni_fail(t && figure ? RNN_ERROR_NAME : RNN_ERROR_ARGUMENT, "rnn_trainer_history: %s",
                  !t        ? "the trainer is NULL"
                  : !figure ? "the figure is NULL"
                            : "expected loss, accuracy, val_loss, val_accuracy, seconds, learning_rate or "
                              "gradient_norm.<layer with weights>");
        return NULL;
    }
    rnn_tensor_t *tensor = rnn_tensor_create(t->context, RNN_F64, 1, &t->epoch);
    if (!tensor) return NULL;
    double *out = rnn_tensor_data(tensor);
    const rnni_norms *norms = &t->norms;
    for (int64_t i = 0; i < t->epoch; i++)
        out[i] = index < RNNI_HISTORY_FIGURES ? figure_of(&t->history[i], index)
                 : norms->rows ? norms->rows[i * norms->count + index - RNNI_HISTORY_FIGURES]
                               : NAN;
    return tensor;
}
