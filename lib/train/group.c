/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "train/trainer.h"

#include <string.h>

/* An update of several batches is that of one large batch: an output's loss is divided once, by the weights
 * of all rows, so these are summed before the first batch runs. */

static rnn_status_t weigh(rnn_trainer_t *t, const rnn_batch_t *batch)
{
    RNNI_TRY(rnni_goals_check(t, batch, true));
    rnni_goals_mark(t, &t->train);
    RNNI_TRY(rnni_exec_bind(&t->train, batch));
    return rnni_goals_place(t, &t->train);
}

rnn_status_t rnni_group_weigh(rnn_trainer_t *t, rnn_batch_t *const *batches, int64_t count)
{
    rnni_group_end(t);
    double *sums = rnni_alloc_array(t->context, (size_t)t->outputs, sizeof(*sums));
    if (!sums) return RNN_ERROR_MEMORY;
    rnn_status_t status = RNN_OK;
    for (int64_t i = 0; i < count && status == RNN_OK; i++) {
        status = weigh(t, batches[i]);
        for (int32_t j = 0; j < t->outputs; j++)
            if (t->goals[j].present) sums[j] += t->goals[j].sum;
    }
    for (int32_t j = 0; j < t->outputs && status == RNN_OK; j++) t->goals[j].group = sums[j];
    rnni_free(t->context, sums, (size_t)t->outputs * sizeof(*sums));
    return status;
}

void rnni_group_end(rnn_trainer_t *t)
{
    for (int32_t i = 0; i < t->outputs; i++) t->goals[i].group = 0;
}

rnn_status_t rnni_group_add(rnn_trainer_t *t, int64_t index, int64_t count)
{
    const int64_t total = rnni_graph_of_const(t->model)->trained_total;
    rnni_real *own = t->train.gradients;
    if (count == 1) return RNN_OK;
    if (!t->accumulated)
        t->accumulated = rnni_alloc_array(t->context, (size_t)total, sizeof(*t->accumulated));
    if (!t->accumulated && total > 0) return RNN_ERROR_MEMORY;
    if (index == 0)
        memcpy(t->accumulated, own, (size_t)total * sizeof(*own));
    else if (index < count - 1)
        t->kernels->add(total, t->accumulated, own, t->accumulated);
    else {
        t->kernels->add(total, t->accumulated, own, own);
        for (int32_t i = 0; i < rnni_graph_of_const(t->model)->count; i++) t->train.touched[i].all = true;
    }
    return RNN_OK;
}
