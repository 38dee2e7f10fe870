/* SPDX-License-Identifier: MIT */
#ifndef BENCH_ITEM_H
#define BENCH_ITEM_H

#include "work.h"

#include <rnn/rnn.h>

/* Everything that one item of a workload needs: a training step on a batch, an inference call, or one step of
 * a stream. */
typedef struct bench_item {
    const bench_work *work;
    rnn_model_t *model;
    rnn_trainer_t *trainer;
    rnn_state_t *state;
    rnn_batch_t *batch;
    rnn_tensor_t *lengths;   /* [batch], or NULL when all have as many steps */
    rnn_tensor_t *upstream;
    float *in, *out;
    int64_t useful_steps;    /* of all sequences of the batch */
} bench_item;

/* Why this program cannot do a workload, or NULL when it can. */
const char *bench_item_refusal(const bench_work *work);

/* Builds model and data; the item is to be released whatever the answer. The work is borrowed. */
rnn_status_t bench_item_prepare(bench_item *item, rnn_context_t *context, const bench_work *work);
void bench_item_release(bench_item *item);

/* Does it once; `item` is a bench_item. */
int32_t bench_item_run(void *item);

#endif
