/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "train/trainer.h"

#include <string.h>

static rnn_status_t measure_all(rnn_trainer_t *t, rnni_feed *feed, rnni_sums *sums)
{
    RNNI_TRY(rnni_windows_evaluate(t, feed->count));
    RNNI_TRY(rnni_feed_begin(feed, 0, 0, 0));
    for (;;) {
        rnn_status_t status = rnni_feed_next(feed);
        if (status == RNN_END) return RNN_OK;
        RNNI_TRY(status);
        RNNI_TRY(rnni_windows_check_evaluation(t, feed->batch));
        RNNI_TRY(rnni_trainer_pass(t, &t->evaluate, feed->batch, true, sums, NULL));
        RNNI_TRY(rnni_windows_evaluated(t));
    }
}

rnn_status_t rnni_trainer_measure(rnn_trainer_t *t, rnn_dataset_t *dataset, int64_t first, int64_t count,
                                  rnni_sums *sums)
{
    rnni_feed feed;
    RNNI_TRY(rnni_feed_open(&feed, t->context, dataset, first, count, rnni_train_int(t, RNN_TRAIN_BATCH),
                            NULL, t->evaluate_batch));
    rnn_status_t status = rnni_average_swap(t);
    if (status == RNN_OK) {
        status = measure_all(t, &feed, sums);
        rnn_status_t back = rnni_average_swap(t);
        if (status == RNN_OK) status = back;
    }
    rnni_feed_close(&feed);
    return status;
}

rnn_status_t rnn_trainer_evaluate(rnn_trainer_t *t, rnn_dataset_t *dataset, rnn_result_t *result)
{
    RNNI_REQUIRE(t && dataset && result, RNN_ERROR_ARGUMENT, "rnn_trainer_evaluate: the %s is NULL",
                 !t         ? "trainer"
                 : !dataset ? "dataset"
                            : "place for the result");
    RNNI_REQUIRE(result->struct_size >= sizeof(size_t), RNN_ERROR_ARGUMENT,
                 "struct_size of the result is %zu, expected %zu", result->struct_size, sizeof(*result));
    RNNI_REQUIRE(t->targets > 0, RNN_ERROR_STATE,
                 "rnn_trainer_evaluate: no output has a loss (rnn_trainer_set_loss)");
    double start = rnni_trainer_clock();
    rnni_sums sums;
    RNNI_TRY(rnni_sums_init(&sums, t, true));
    rnn_status_t status = rnni_trainer_measure(t, dataset, 0, rnn_dataset_count(dataset), &sums);
    if (status == RNN_OK) {
        rnn_result_t full = { result->struct_size,         rnni_sums_loss(&sums, t),
                              rnni_accuracy(&sums.counts), rnni_macro_recall(&sums.counts),
                              rnni_macro_f1(&sums.counts), sums.sequences,
                              rnni_trainer_clock() - start };
        memcpy(result, &full, result->struct_size < sizeof(full) ? result->struct_size : sizeof(full));
    }
    rnni_sums_release(&sums, t);
    return status;
}
