/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

/* Which epoch was the best, and when it is time to stop. */

static size_t weights_size(const rnn_trainer_t *t)
{
    return (size_t)rnni_graph_of_const(t->model)->weight_total * sizeof(rnni_real);
}

void rnni_watch_clear(rnn_trainer_t *t)
{
    rnni_free(t->context, t->watch.weights, weights_size(t));
    t->watch = (rnni_watch){ .any = false };
}

static bool restores(const rnn_trainer_t *t)
{
    int64_t restore = rnni_train_int(t, RNN_TRAIN_RESTORE_BEST);
    return restore == 1 || (restore == 2 && rnni_train_int(t, RNN_TRAIN_PATIENCE) > 0);
}

static const rnni_goal *first_trained(const rnn_trainer_t *t)
{
    for (int32_t i = 0; i < t->outputs; i++)
        if (t->goals[i].loss) return &t->goals[i];
    return NULL;
}

double rnni_watch_value(const rnn_trainer_t *t, const rnni_epoch *epoch, bool validated)
{
    int64_t monitor = rnni_train_int(t, RNN_TRAIN_MONITOR);
    if (monitor == RNNI_MONITOR_AUTO && first_trained(t)->loss->classifies) monitor = RNNI_MONITOR_ACCURACY;
    double value = -(validated ? epoch->val_loss : epoch->loss);
    if (monitor == RNNI_MONITOR_ACCURACY) value = validated ? epoch->val_accuracy : epoch->accuracy;
    if (monitor == RNNI_MONITOR_RECALL) value = t->watch.recall;
    return isnan(value) ? -INFINITY : value;
}

static rnn_status_t keep_weights(rnn_trainer_t *t)
{
    if (!restores(t)) return RNN_OK;
    if (!t->watch.weights) t->watch.weights = rnni_alloc(t->context, weights_size(t));
    if (!t->watch.weights) return RNN_ERROR_MEMORY;
    memcpy(t->watch.weights, rnni_graph_of(t->model)->weights, weights_size(t));
    if (t->averaged > 0) /* what was judged */
        memcpy(t->watch.weights, t->average,
               (size_t)rnni_graph_of(t->model)->trained_total * sizeof(*t->average));
    return RNN_OK;
}

int32_t rnni_watch_epoch(rnn_trainer_t *t, const rnni_epoch *epoch, bool validated)
{
    rnni_watch *watch = &t->watch;
    double value = rnni_watch_value(t, epoch, validated), loss = validated ? epoch->val_loss : epoch->loss;
    bool best = !watch->any || value > watch->value || (value == watch->value && loss < watch->loss);
    bool surpasses = !watch->any || value > watch->reference + rnni_train_float(t, RNN_TRAIN_MIN_DELTA);
    if (best) RNNI_TRY(keep_weights(t));
    if (best) {
        watch->value = value;
        watch->loss = loss;
    }
    if (surpasses) watch->reference = value;
    watch->waited = surpasses ? 0 : watch->waited + 1;
    watch->any = true;
    return best;
}

bool rnni_watch_is_over(const rnn_trainer_t *t)
{
    int64_t patience = rnni_train_int(t, RNN_TRAIN_PATIENCE);
    return patience > 0 && t->watch.waited >= patience;
}

rnn_status_t rnni_watch_restore(rnn_trainer_t *t)
{
    if (!restores(t) || !t->watch.weights) return RNN_OK;
    memcpy(rnni_graph_of(t->model)->weights, t->watch.weights, weights_size(t));
    return rnni_trainer_weights_changed(t);
}
