/* SPDX-License-Identifier: MIT */
#include "core/memory.h"
#include "train/trainer.h"

static int64_t counted_classes(const rnn_trainer_t *trainer)
{
    return trainer->classified < 0 ? 0 : rnni_goal_classes(&trainer->goals[trainer->classified]);
}

rnn_status_t rnni_sums_init(rnni_sums *sums, const rnn_trainer_t *trainer, bool classes)
{
    rnni_sums made = { .sequences = 0 };
    made.outputs = rnni_alloc_array(trainer->context, (size_t)trainer->outputs, sizeof(*made.outputs));
    if (!made.outputs) return RNN_ERROR_MEMORY;
    rnn_status_t status = rnni_counts_init(&made.counts, trainer->context,
                                           classes ? counted_classes(trainer) : 0);
    if (status != RNN_OK)
        rnni_free(trainer->context, made.outputs, (size_t)trainer->outputs * sizeof(*made.outputs));
    else
        *sums = made;
    return status;
}

void rnni_sums_release(rnni_sums *sums, const rnn_trainer_t *trainer)
{
    rnni_free(trainer->context, sums->outputs, (size_t)trainer->outputs * sizeof(*sums->outputs));
    rnni_counts_release(&sums->counts, trainer->context);
    *sums = (rnni_sums){ .sequences = 0 };
}

void rnni_sums_clear(rnni_sums *sums, const rnn_trainer_t *trainer)
{
    for (int32_t i = 0; i < trainer->outputs; i++) sums->outputs[i] = (rnni_tally){ 0, 0 };
    rnni_counts_clear(&sums->counts);
    sums->sequences = 0;
}

double rnni_sums_loss(const rnni_sums *sums, const rnn_trainer_t *trainer)
{
    double total = 0;
    for (int32_t i = 0; i < trainer->outputs; i++)
        if (sums->outputs[i].weight > 0)
            total += rnni_goal_setting(&trainer->goals[i], RNN_LOSS_WEIGHT) *
                     (sums->outputs[i].loss / sums->outputs[i].weight);
    return total;
}
