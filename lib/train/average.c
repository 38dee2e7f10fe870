/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "train/trainer.h"

#include <string.h>

/* Averages of the weights over updates k = 1, 2 ...:
 *
 *   asgd   a_k = a_(k-1) + (w_k - a_(k-1)) / k          the mean (Polyak and Juditsky 1992)
 *   ema    a_1 = w_1, a_k = a_(k-1) + (1 - decay) (w_k - a_(k-1)) */

static int64_t trained_total(const rnn_trainer_t *t) { return rnni_graph_of_const(t->model)->trained_total; }

/* Of the block, which has the layout of the weights. */
static int64_t weight_total(const rnn_trainer_t *t) { return rnni_graph_of_const(t->model)->weight_total; }

void rnni_average_release(rnn_trainer_t *t)
{
    rnni_free(t->context, t->average, (size_t)weight_total(t) * sizeof(*t->average));
    t->average = NULL;
    t->averaged = 0;
}

static double weight_of_update(const rnn_trainer_t *t)
{
    if (t->averaged == 1) return 1;
    return rnni_train_int(t, RNN_TRAIN_AVERAGE) == 1 ? 1 - rnni_train_float(t, RNN_TRAIN_AVERAGE_DECAY)
                                                     : 1 / (double)t->averaged;
}

rnn_status_t rnni_average_add(rnn_trainer_t *t)
{
    if (rnni_train_int(t, RNN_TRAIN_AVERAGE) == 0 ||
        t->epoch - t->run_first < rnni_train_int(t, RNN_TRAIN_AVERAGE_FROM))
        return RNN_OK;
    const int64_t count = trained_total(t);
    if (!t->average) t->average = rnni_alloc_array(t->context, (size_t)weight_total(t), sizeof(*t->average));
    if (!t->average) return RNN_ERROR_MEMORY;
    t->averaged++;
    const rnni_real *w = rnni_graph_of(t->model)->weights, share = (rnni_real)weight_of_update(t);
    rnni_real *a = t->average;
    for (int64_t i = 0; i < count; i++) a[i] = t->averaged == 1 ? w[i] : a[i] + share * (w[i] - a[i]);
    return RNN_OK;
}

rnn_status_t rnni_average_swap(rnn_trainer_t *t)
{
    if (t->averaged == 0) return RNN_OK;
    rnni_real *w = rnni_graph_of(t->model)->weights, *a = t->average;
    for (int64_t i = 0, count = trained_total(t); i < count; i++) {
        rnni_real kept = w[i];
        w[i] = a[i];
        a[i] = kept;
    }
    return rnni_trainer_weights_changed(t);
}

rnn_status_t rnni_average_finish(rnn_trainer_t *t)
{
    if (t->averaged == 0) return RNN_OK;
    memcpy(rnni_graph_of(t->model)->weights, t->average, (size_t)trained_total(t) * sizeof(*t->average));
    t->averaged = 0;
    return rnni_trainer_weights_changed(t);
}
