/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "train/trainer.h"

#include <math.h>

/* Settings of the loss of one output. */

static rnn_status_t find_goal(const rnn_trainer_t *t, const char *output, const char *what, rnni_goal **goal)
{
    RNNI_TRY(rnni_trainer_idle(t, what));
    int32_t index = rnni_model_output_index(t->model, output);
    if (index < 0) return output ? RNN_ERROR_NAME : RNN_ERROR_ARGUMENT;
    *goal = &t->goals[index];
    RNNI_REQUIRE((*goal)->loss, RNN_ERROR_STATE, "%s: output '%s' has no loss yet (rnn_trainer_set_loss)",
                 what, rnni_graph_of_const(t->model)->outputs[index].name);
    return RNN_OK;
}

static rnn_status_t check_taken(const rnni_goal *goal, int32_t setting)
{
    int row = rnni_setting_find(rnni_loss_settings, RNNI_LOSS_SETTINGS, setting);
    RNNI_REQUIRE(row >= 0, RNN_ERROR_ARGUMENT, "losses have no setting with the id %d", (int)setting);
    RNNI_REQUIRE(rnni_loss_takes(goal->loss, setting), RNN_ERROR_ARGUMENT, "loss %s has no setting %s",
                 goal->loss->name, rnni_loss_settings[row].name);
    return RNN_OK;
}

static rnn_status_t set(rnn_trainer_t *t, const char *output, int32_t setting, int32_t type, double value)
{
    rnni_goal *goal;
    RNNI_TRY(find_goal(t, output, "rnn_trainer_set_loss_*", &goal));
    RNNI_TRY(check_taken(goal, setting));
    return rnni_setting_set(rnni_loss_settings, RNNI_LOSS_SETTINGS, goal->settings, goal->loss->name, setting,
                            type, value);
}

rnn_status_t rnn_trainer_set_loss_int(rnn_trainer_t *t, const char *output, int32_t setting, int64_t value)
{
    return set(t, output, setting, RNN_SETTING_INT, (double)value);
}

rnn_status_t rnn_trainer_set_loss_float(rnn_trainer_t *t, const char *output, int32_t setting, double value)
{
    return set(t, output, setting, RNN_SETTING_FLOAT, value);
}

rnn_status_t rnn_trainer_get_loss_float(const rnn_trainer_t *t, const char *output, int32_t setting,
                                        double *value)
{
    rnni_goal *goal;
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "the place for the value is NULL");
    RNNI_TRY(find_goal(t, output, "rnn_trainer_get_loss_*", &goal));
    RNNI_TRY(check_taken(goal, setting));
    *value = rnni_goal_setting(goal, setting);
    return RNN_OK;
}

rnn_status_t rnn_trainer_get_loss_int(const rnn_trainer_t *t, const char *output, int32_t setting,
                                      int64_t *value)
{
    double number = 0;
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "the place for the value is NULL");
    RNNI_TRY(rnn_trainer_get_loss_float(t, output, setting, &number));
    const rnni_setting *row = &rnni_loss_settings[setting - RNN_LOSS_WEIGHT];
    RNNI_REQUIRE(row->type == RNN_SETTING_INT, RNN_ERROR_ARGUMENT, "setting %s is a float, not an integer",
                 row->name);
    *value = (int64_t)number;
    return RNN_OK;
}

rnn_status_t rnn_trainer_loss_setting(int32_t index, rnn_setting_t *setting)
{
    return rnni_setting_describe(rnni_loss_settings, RNNI_LOSS_SETTINGS, index, setting);
}

static rnn_status_t check_class_weights(const rnni_goal *goal, const double *weights, int64_t count)
{
    RNNI_REQUIRE(goal->loss->weighs_classes && rnni_goal_classes(goal) > 0, RNN_ERROR_ARGUMENT,
                 "rnn_trainer_set_class_weights: loss %s of %lld features has no class weights",
                 goal->loss->name, (long long)goal->node->features);
    RNNI_REQUIRE(!weights || count == rnni_goal_classes(goal), RNN_ERROR_SHAPE,
                 "rnn_trainer_set_class_weights: %lld weights, expected %lld, one a class", (long long)count,
                 (long long)rnni_goal_classes(goal));
    for (int64_t i = 0; weights && i < count; i++)
        RNNI_REQUIRE(weights[i] >= 0 && isfinite((rnni_real)weights[i]), RNN_ERROR_RANGE,
                     "rnn_trainer_set_class_weights: the weight of class %lld is %g, expected 0 or more",
                     (long long)i, weights[i]);
    return RNN_OK;
}

rnn_status_t rnn_trainer_set_class_weights(rnn_trainer_t *t, const char *output, const double *weights,
                                           int64_t count)
{
    rnni_goal *goal;
    rnni_real *copy = NULL;
    RNNI_TRY(find_goal(t, output, "rnn_trainer_set_class_weights", &goal));
    RNNI_TRY(check_class_weights(goal, weights, count));
    if (weights) {
        copy = rnni_alloc_array(t->context, (size_t)count, sizeof(*copy));
        if (!copy) return RNN_ERROR_MEMORY;
        for (int64_t i = 0; i < count; i++) copy[i] = (rnni_real)weights[i];
    }
    rnni_free(t->context, goal->class_weights, (size_t)goal->class_count * sizeof(*copy));
    goal->class_weights = copy;
    goal->class_count = copy ? count : 0;
    return RNN_OK;
}
