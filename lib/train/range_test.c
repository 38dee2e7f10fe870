/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

typedef struct ranging {
    rnn_trainer_t *trainer;
    rnni_feed feed;
    int64_t epoch;
    double lowest, highest;
    int64_t updates, made;
    double *rates, *losses; /* [updates] */
    rnni_real *weights;     /* [weight_total] as they were before */
    rnni_real *state[RNNI_OPTIM_STATES];
    int64_t updates_before;
    double rate_before;
} ranging;

static size_t weights_size(const ranging *r)
{
    return (size_t)rnni_graph_of_const(r->trainer->model)->weight_total * sizeof(*r->weights);
}

/* ---- One update ---- */

/* The data are read again from the start where they do not last. */
static rnn_status_t next_batch(ranging *r)
{
    rnn_trainer_t *t = r->trainer;
    rnn_status_t status = rnni_feed_next(&r->feed);
    if (status != RNN_END) return status;
    RNNI_TRY(rnni_feed_begin(&r->feed, (uint64_t)rnni_train_int(t, RNN_TRAIN_SEED), ++r->epoch, 0));
    status = rnni_feed_next(&r->feed);
    return status == RNN_END ? rnni_fail(RNN_ERROR_DATA, "the dataset gave no samples") : status;
}

static bool clip_for(rnn_trainer_t *t)
{
    double norm = rnni_train_float(t, RNN_TRAIN_CLIP_NORM), value = rnni_train_float(t, RNN_TRAIN_CLIP_VALUE);
    if (value > 0) rnni_trainer_limit_to(t, value);
    return !(norm > 0) || isfinite(rnni_trainer_scale_to(t, norm));
}

/* RNN_END when the loss has gone too far. */
static rnn_status_t one_update(ranging *r)
{
    rnn_trainer_t *t = r->trainer;
    double loss = 0, least = INFINITY;
    RNNI_TRY(next_batch(r));
    RNNI_TRY(rnni_trainer_pass(t, &t->train, r->feed.batch, true, NULL, &loss));
    for (int64_t i = 0; i < r->made; i++) least = fmin(least, r->losses[i]);
    if (!isfinite(loss)) return RNN_END;
    r->rates[r->made] = r->lowest * pow(r->highest / r->lowest, (double)r->made / (double)(r->updates - 1));
    r->losses[r->made++] = loss;
    if (loss > 4 * least) return RNN_END;
    rnni_trainer_back(t);
    if (!clip_for(t)) return RNN_END;
    return rnni_trainer_update(t, r->rates[r->made - 1]);
}

static rnn_status_t all_updates(ranging *r)
{
    rnn_trainer_t *t = r->trainer;
    RNNI_TRY(rnni_trainer_prepare(t));
    RNNI_TRY(rnni_feed_begin(&r->feed, (uint64_t)rnni_train_int(t, RNN_TRAIN_SEED), r->epoch, 0));
    rnn_status_t status = RNN_OK;
    while (status == RNN_OK && r->made < r->updates) status = one_update(r);
    return status == RNN_END ? RNN_OK : status;
}

/* ---- Before and after ---- */

static rnn_status_t keep(ranging *r)
{
    rnn_trainer_t *t = r->trainer;
    r->rates = rnni_alloc_array(t->context, (size_t)r->updates, sizeof(*r->rates));
    r->losses = rnni_alloc_array(t->context, (size_t)r->updates, sizeof(*r->losses));
    r->weights = rnni_alloc(t->context, weights_size(r));
    if (!r->rates || !r->losses || !r->weights) return RNN_ERROR_MEMORY;
    memcpy(r->weights, rnni_graph_of(t->model)->weights, weights_size(r));
    return RNN_OK;
}

static void exchange_states(ranging *r)
{
    rnn_trainer_t *t = r->trainer;
    for (int k = 0; k < RNNI_OPTIM_STATES; k++) {
        rnni_real *kept = t->state[k];
        t->state[k] = r->state[k];
        r->state[k] = kept;
    }
}

static rnn_status_t test(ranging *r, rnn_dataset_t *dataset)
{
    rnn_trainer_t *t = r->trainer;
    bool shuffle = rnni_train_int(t, RNN_TRAIN_SHUFFLE) != 0 && rnn_dataset_count(dataset) >= 0;
    RNNI_TRY(keep(r));
    RNNI_TRY(rnni_feed_open(&r->feed, t->context, dataset, 0, rnn_dataset_count(dataset),
                            rnni_train_int(t, RNN_TRAIN_BATCH), &shuffle, t->train_batch));
    r->updates_before = t->updates;
    r->rate_before = t->rate;
    t->updates = 0;
    exchange_states(r);
    rnn_status_t status = all_updates(r);
    exchange_states(r);
    t->updates = r->updates_before;
    t->rate = r->rate_before;
    t->phase = RNNI_PHASE_NONE;
    t->differentiated = false;
    memcpy(rnni_graph_of(t->model)->weights, r->weights, weights_size(r));
    rnn_status_t packed = rnni_trainer_weights_changed(t);
    rnni_feed_close(&r->feed);
    return status == RNN_OK ? packed : status;
}

static void release(ranging *r)
{
    rnn_context_t *context = r->trainer->context;
    rnni_free(context, r->rates, (size_t)r->updates * sizeof(*r->rates));
    rnni_free(context, r->losses, (size_t)r->updates * sizeof(*r->losses));
    rnni_free(context, r->weights, weights_size(r));
    for (int k = 0; k < RNNI_OPTIM_STATES; k++) rnni_free(context, r->state[k], weights_size(r));
}

static rnn_status_t give(const ranging *r, rnn_tensor_t **rates, rnn_tensor_t **losses)
{
    rnn_tensor_t *first = rnn_tensor_create(r->trainer->context, RNN_F64, 1, &r->made);
    rnn_tensor_t *second = first ? rnn_tensor_create(r->trainer->context, RNN_F64, 1, &r->made) : NULL;
    if (!second) {
        rnn_tensor_free(first);
        return RNN_ERROR_MEMORY;
    }
    memcpy(rnn_tensor_data(first), r->rates, (size_t)r->made * sizeof(*r->rates));
    memcpy(rnn_tensor_data(second), r->losses, (size_t)r->made * sizeof(*r->losses));
    *rates = first;
    *losses = second;
    return RNN_OK;
}

static rnn_status_t check(rnn_trainer_t *t, rnn_dataset_t *dataset, double lowest, double highest,
                          int64_t updates)
{
    RNNI_REQUIRE(t->targets > 0, RNN_ERROR_STATE,
                 "rnn_trainer_range_test: no output has a loss (rnn_trainer_set_loss)");
    RNNI_REQUIRE(rnn_dataset_count(dataset) != 0, RNN_ERROR_DATA, "the dataset gave no samples");
    RNNI_REQUIRE(lowest > 0 && highest >= lowest && isfinite(highest), RNN_ERROR_RANGE,
                 "rnn_trainer_range_test: rates from %g to %g, expected 0 < lowest <= highest", lowest,
                 highest);
    RNNI_REQUIRE(updates >= 2 && updates <= INT32_MAX, RNN_ERROR_RANGE,
                 "rnn_trainer_range_test: %lld updates, expected 2 to 2147483647", (long long)updates);
    return rnni_goals_check_dataset(t, dataset);
}

rnn_status_t rnn_trainer_range_test(rnn_trainer_t *t, rnn_dataset_t *dataset, double lowest, double highest,
                                    int64_t updates, rnn_tensor_t **rates, rnn_tensor_t **losses)
{
    RNNI_TRY(rnni_trainer_idle(t, "rnn_trainer_range_test"));
    RNNI_REQUIRE(dataset && rates && losses, RNN_ERROR_ARGUMENT, "rnn_trainer_range_test: the %s is NULL",
                 dataset ? "place for the results" : "dataset");
    RNNI_TRY(check(t, dataset, lowest, highest, updates));
    ranging r = { .trainer = t, .epoch = t->epoch, .lowest = lowest, .highest = highest, .updates = updates };
    rnn_status_t status = test(&r, dataset);
    if (status == RNN_OK) status = give(&r, rates, losses);
    release(&r);
    return status;
}
