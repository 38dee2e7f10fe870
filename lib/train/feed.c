/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "train/trainer.h"

rnn_status_t rnni_feed_open(rnni_feed *feed, rnn_context_t *context, rnn_dataset_t *dataset, int64_t first,
                            int64_t count, int64_t size, const bool *shuffle, rnn_batch_t *batch)
{
    rnni_feed made = { .dataset = dataset,
                       .batch = batch,
                       .context = context,
                       .first = first,
                       .part = count,
                       .training = shuffle != NULL,
                       .shuffle = shuffle && *shuffle };
    if (made.training && count > 0) count = rnni_dataset_order_count(dataset, first, count);
    if (count < 0 && made.part >= 0) return (rnn_status_t)count;
    made.count = count;
    made.size = count >= 0 && count < size ? count : size; /* a batch is never larger than all samples */
    if (count < 0) {
        *feed = made;
        return RNN_OK;
    }
    if (made.training)
        made.order = rnni_alloc_array(context, (size_t)count, sizeof(*made.order));
    else
        made.window = rnni_alloc_array(context, (size_t)made.size, sizeof(*made.window));
    if (!made.order && !made.window) return RNN_ERROR_MEMORY;
    *feed = made;
    return RNN_OK;
}

void rnni_feed_close(rnni_feed *feed)
{
    rnni_free(feed->context, feed->order, (size_t)feed->count * sizeof(*feed->order));
    rnni_free(feed->context, feed->window, (size_t)feed->size * sizeof(*feed->window));
    feed->order = feed->window = NULL;
}

/* The next batch of a sequential source. */
static rnn_status_t read_next(rnni_feed *feed)
{
    rnni_epoch_of when = { feed->seed, feed->epoch, feed->position };
    RNNI_TRY(feed->training ? rnni_dataset_read_next_train(feed->dataset, feed->size, when, feed->batch)
                            : rnni_dataset_read_next(feed->dataset, feed->size, feed->batch));
    feed->position += feed->batch->count;
    return RNN_OK;
}

/* A sequential source has to be read up to the place again. */
static rnn_status_t skip_batches(rnni_feed *feed, int64_t skip)
{
    RNNI_TRY(rnni_dataset_restart(feed->dataset));
    for (int64_t i = 0; i < skip; i++) {
        rnn_status_t status = read_next(feed);
        if (status == RNN_END)
            return rnni_fail(RNN_ERROR_DATA,
                             "the source ended after %lld batches, but %lld of its epoch were trained on",
                             (long long)i, (long long)skip);
        RNNI_TRY(status);
    }
    return RNN_OK;
}

rnn_status_t rnni_feed_begin(rnni_feed *feed, uint64_t seed, int64_t epoch, int64_t skip)
{
    feed->position = 0;
    feed->seed = seed;
    feed->epoch = (uint64_t)epoch;
    if (feed->count < 0) return skip_batches(feed, skip);
    feed->position = skip < rnni_feed_batches(feed) ? skip * feed->size : feed->count;
    if (!feed->order) return RNN_OK;
    return rnni_dataset_order(feed->dataset, feed->first, feed->part, feed->size, feed->shuffle, seed,
                              feed->epoch, feed->order);
}

rnn_status_t rnni_feed_next(rnni_feed *feed)
{
    if (feed->count < 0) return read_next(feed);
    int64_t left = feed->count - feed->position, taken = left < feed->size ? left : feed->size;
    if (taken == 0) return RNN_END;
    const int64_t *samples = feed->order ? feed->order + feed->position : feed->window;
    for (int64_t i = 0; !feed->order && i < taken; i++) feed->window[i] = feed->first + feed->position + i;
    rnni_epoch_of when = { feed->seed, feed->epoch, feed->position };
    RNNI_TRY(feed->training ? rnni_dataset_gather_train(feed->dataset, samples, taken, when, feed->batch)
                            : rnni_dataset_gather(feed->dataset, samples, taken, feed->batch));
    feed->position += taken;
    return RNN_OK;
}

int64_t rnni_feed_batches(const rnni_feed *feed)
{
    if (feed->count < 0) return -1;
    return feed->size ? feed->count / feed->size + (feed->count % feed->size != 0) : 0;
}
