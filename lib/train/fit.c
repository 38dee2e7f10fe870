/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "train/trainer.h"

#include <math.h>

/* A running fit. */
typedef struct fitting {
    rnn_trainer_t *trainer;
    rnni_feed feed;
    rnn_dataset_t *validation; /* or NULL */
    int64_t validation_first, validation_count;
    int64_t epochs;            /* of this run */
    double began, epoch_began; /* by the clock */
    int64_t batches;           /* of the epoch that ended last */
    int32_t improved;          /* it was the best so far */
    bool stop;
    rnn_batch_t **parts; /* [group] of one update; the first is the trainer's own */
    int64_t group;
} fitting;

/* The rate of the next update. */
static double scheduled_rate(const fitting *f)
{
    const rnn_trainer_t *t = f->trainer;
    int64_t batches = rnni_feed_batches(&f->feed);
    rnni_moment now = { (double)(t->epoch - t->run_first), f->epochs, t->updates, t->plateau.drops };
    if (batches > 0) now.epoch += (double)t->batch / (double)batches;
    return rnni_schedule_rate(t->settings, rnni_train_rate(t), &now);
}

/* ---- Events ---- */

/* Figures of an epoch that has ended come from the history, those of a running one from the sums. */
static void set_figures(const fitting *f, rnn_progress_t *p, bool ended)
{
    const rnn_trainer_t *t = f->trainer;
    p->val_loss = p->val_accuracy = p->loss = NAN;
    p->accuracy = rnni_accuracy(&t->sums.counts);
    if (t->sums.sequences > 0) p->loss = rnni_sums_loss(&t->sums, t);
    if (!ended || t->epoch == t->run_first) return;
    const rnni_epoch *epoch = &t->history[t->epoch - 1];
    p->loss = epoch->loss;
    p->accuracy = epoch->accuracy;
    if (p->event != RNN_EVENT_EPOCH) return;
    p->val_loss = epoch->val_loss;
    p->val_accuracy = epoch->val_accuracy;
    p->seconds = epoch->seconds;
    p->improved = f->improved;
}

static rnn_progress_t progress_of(const fitting *f, int32_t event)
{
    const rnn_trainer_t *t = f->trainer;
    /* The next epoch begins before the event of the last one, so that a checkpoint written there starts with
     * it. */
    bool begins = t->batch == 0 && t->windows.step == 0;
    bool ended = event == RNN_EVENT_EPOCH || (event == RNN_EVENT_FIT_END && begins);
    double now = rnni_trainer_clock();
    rnn_progress_t p = { .struct_size = sizeof(p),
                         .event = event,
                         .epoch = t->epoch - t->run_first + (ended ? 0 : 1),
                         .epochs = f->epochs,
                         .batch = ended ? f->batches : t->batch,
                         .batches = rnni_feed_batches(&f->feed),
                         .seconds = event == RNN_EVENT_BATCH ? t->elapsed + now - f->epoch_began
                                                             : now - f->began,
                         .learning_rate = ended || t->batch > 0 ? t->rate : scheduled_rate(f),
                         .gradient_norm = t->gradient_norm };
    set_figures(f, &p, ended);
    return p;
}

static void notify(fitting *f, int32_t event)
{
    rnn_trainer_t *t = f->trainer;
    rnn_progress_t p = progress_of(f, event);
    if (t->progress && t->progress(&p, t->progress_user) != 0) f->stop = true;
    p = progress_of(f, event);
    if (t->callback && t->callback(&p, t->callback_user) != 0) f->stop = true;
}

/* After an update or an epoch: what was asked for meanwhile. */
static rnn_status_t answer_requests(fitting *f, bool checkpoint)
{
    rnn_trainer_t *t = f->trainer;
    int request = atomic_exchange(&t->request, 0);
    if (request & RNN_STOP) f->stop = true;
    if (t->checkpoint && (checkpoint || request & RNN_CHECKPOINT)) {
        double now = rnni_trainer_clock();
        t->elapsed += now - f->epoch_began;
        f->epoch_began = now;
        return rnn_trainer_save(t, t->checkpoint);
    }
    return RNN_OK;
}

/* ---- One update ---- */

static rnn_status_t clip(rnn_trainer_t *t)
{
    double limit = rnni_train_float(t, RNN_TRAIN_CLIP_NORM), most = rnni_train_float(t, RNN_TRAIN_CLIP_VALUE);
    if (most > 0) rnni_trainer_limit_to(t, most);
    t->gradient_norm = NAN;
    if (!(limit > 0)) return RNN_OK;
    t->gradient_norm = rnni_trainer_scale_to(t, limit);
    return isfinite(t->gradient_norm) ? RNN_OK : rnni_trouble_gradients(t);
}

/* The batches of the next update, at most f->group; RNN_END when there are none left. A batch that has
 * windows left is the next one again. */
static rnn_status_t read_batches(fitting *f, int64_t *count)
{
    *count = f->trainer->windows.cut ? 1 : 0;
    if (*count) return RNN_OK;
    while (*count < f->group) {
        f->feed.batch = f->parts[*count];
        rnn_status_t status = rnni_feed_next(&f->feed);
        if (status == RNN_END && *count > 0) return RNN_OK;
        RNNI_TRY(status);
        ++*count;
    }
    return RNN_OK;
}

/* Gradients of all batches together. */
static rnn_status_t differentiate(fitting *f, int64_t count)
{
    rnn_trainer_t *t = f->trainer;
    t->phase = RNNI_PHASE_NONE;
    if (count > 1) RNNI_TRY(rnni_group_weigh(t, f->parts, count));
    for (int64_t i = 0; i < count; i++) {
        double loss = 0;
        const rnn_batch_t *piece;
        int64_t sequences = t->sums.sequences;
        RNNI_TRY(rnni_windows_next(t, f->parts[i], &piece));
        RNNI_TRY(rnni_trainer_pass(t, &t->train, piece, true, &t->sums, &loss));
        if (t->windows.step > 0) t->sums.sequences = sequences; /* its first window has counted them */
        if (!isfinite(loss)) return rnni_trouble_loss(t, loss);
        rnni_trainer_back(t);
        RNNI_TRY(rnni_windows_keep(t));
        RNNI_TRY(rnni_group_add(t, i, count));
    }
    return RNN_OK;
}

static rnn_status_t train_batches(fitting *f, int64_t count)
{
    rnn_trainer_t *t = f->trainer;
    rnn_status_t status = differentiate(f, count);
    rnni_group_end(t);
    RNNI_TRY(status);
    rnni_norms_add(t);
    RNNI_TRY(clip(t));
    RNNI_TRY(rnni_trainer_prepare(t)); /* a callback may have asked for momentum */
    RNNI_TRY(rnni_trainer_update(t, scheduled_rate(f)));
    RNNI_TRY(rnni_average_add(t));
    if (!rnni_windows_pass(t)) t->batch += count;
    return RNN_OK;
}

static bool checkpoint_is_due(const rnn_trainer_t *t)
{
    int64_t every = rnni_train_int(t, RNN_TRAIN_CHECKPOINT_EVERY);
    return every > 0 && t->updates % every == 0;
}

/* ---- One epoch ---- */

static rnn_status_t train_epoch(fitting *f)
{
    rnn_trainer_t *t = f->trainer;
    RNNI_TRY(rnni_feed_begin(&f->feed, (uint64_t)rnni_train_int(t, RNN_TRAIN_SEED), t->epoch, t->batch));
    while (!f->stop) {
        int64_t count;
        rnn_status_t status = read_batches(f, &count);
        if (status == RNN_END) return RNN_OK;
        RNNI_TRY(status);
        RNNI_TRY(train_batches(f, count));
        notify(f, RNN_EVENT_BATCH);
        RNNI_TRY(answer_requests(f, checkpoint_is_due(t)));
    }
    return RNN_OK;
}

static rnn_status_t validate(fitting *f, rnni_epoch *epoch)
{
    rnn_trainer_t *t = f->trainer;
    if (!f->validation) return RNN_OK;
    rnni_sums sums;
    RNNI_TRY(rnni_sums_init(&sums, t, rnni_train_int(t, RNN_TRAIN_MONITOR) == RNNI_MONITOR_RECALL));
    rnn_status_t status = rnni_trainer_measure(t, f->validation, f->validation_first, f->validation_count,
                                               &sums);
    if (status == RNN_OK) {
        epoch->val_loss = rnni_sums_loss(&sums, t);
        epoch->val_accuracy = rnni_accuracy(&sums.counts);
        t->watch.recall = rnni_macro_recall(&sums.counts);
    }
    rnni_sums_release(&sums, t);
    return status;
}

static void begin_epoch(fitting *f)
{
    rnn_trainer_t *t = f->trainer;
    t->batch = 0;
    rnni_windows_restart(t);
    t->elapsed = 0;
    t->samples = f->feed.part;
    rnni_sums_clear(&t->sums, t);
    rnni_norms_clear(t);
    f->epoch_began = rnni_trainer_clock();
}

static rnn_status_t end_epoch(fitting *f)
{
    rnn_trainer_t *t = f->trainer;
    RNNI_REQUIRE(t->sums.sequences > 0, RNN_ERROR_DATA, "the dataset gave no samples");
    rnni_epoch epoch = { .loss = rnni_sums_loss(&t->sums, t),
                         .accuracy = rnni_accuracy(&t->sums.counts),
                         .val_loss = NAN,
                         .val_accuracy = NAN,
                         .learning_rate = t->rate };
    RNNI_TRY(validate(f, &epoch));
    RNNI_TRY(rnni_grow(t->context, (void **)&t->history, &t->history_capacity, (size_t)t->epoch + 1,
                       sizeof(*t->history)));
    int32_t best = rnni_watch_epoch(t, &epoch, f->validation != NULL);
    if (best < 0) return best;
    if (rnni_train_int(t, RNN_TRAIN_SCHEDULE) == RNN_SCHEDULE_PLATEAU)
        rnni_plateau_epoch(t->settings, rnni_train_rate(t),
                           rnni_watch_value(t, &epoch, f->validation != NULL), &t->plateau);
    RNNI_TRY(rnni_norms_epoch(t));
    epoch.seconds = t->elapsed + rnni_trainer_clock() - f->epoch_began;
    t->history[t->epoch++] = epoch;
    f->improved = best;
    f->batches = t->batch;
    begin_epoch(f);
    return RNN_OK;
}

/* Trains up to the end of an epoch, or up to a stop in its middle. A stop that comes with the last batch
 * still lets the epoch end. */
static rnn_status_t run_epoch(fitting *f)
{
    rnn_trainer_t *t = f->trainer;
    RNNI_TRY(train_epoch(f));
    if (f->stop && t->batch != rnni_feed_batches(&f->feed)) return RNN_OK;
    RNNI_TRY(end_epoch(f));
    notify(f, RNN_EVENT_EPOCH);
    return answer_requests(f, rnni_train_int(t, RNN_TRAIN_CHECKPOINT_EVERY) == 0);
}

/* ---- The whole run ---- */

/* What is monitored has to be there after each epoch. */
static rnn_status_t check_monitor(const rnn_trainer_t *t, const rnn_dataset_t *dataset)
{
    int64_t monitor = rnni_train_int(t, RNN_TRAIN_MONITOR);
    RNNI_REQUIRE(t->classified >= 0 || monitor != RNNI_MONITOR_ACCURACY, RNN_ERROR_STATE,
                 "rnn_trainer_fit: the accuracy is to be monitored, but no output has a classification loss");
    if (monitor != RNNI_MONITOR_RECALL) return RNN_OK;
    RNNI_REQUIRE(t->classified >= 0 && rnni_goal_classes(&t->goals[t->classified]) > 0, RNN_ERROR_STATE,
                 "rnn_trainer_fit: the recall is to be monitored, but no output chooses one of several "
                 "classes");
    double split = rnni_train_float(t, RNN_TRAIN_VALIDATION_SPLIT);
    RNNI_REQUIRE(t->validation || floor(split * (double)rnn_dataset_count(dataset)) >= 1, RNN_ERROR_STATE,
                 "rnn_trainer_fit: the recall is to be monitored, but there are no samples for validation");
    return RNN_OK;
}

static rnn_status_t check_run(const rnn_trainer_t *t, rnn_dataset_t *dataset)
{
    RNNI_TRY(rnni_trainer_idle(t, "rnn_trainer_fit"));
    RNNI_REQUIRE(dataset, RNN_ERROR_ARGUMENT, "rnn_trainer_fit: the dataset is NULL");
    RNNI_REQUIRE(t->targets > 0, RNN_ERROR_STATE,
                 "rnn_trainer_fit: no output has a loss (rnn_trainer_set_loss)");
    RNNI_TRY(check_monitor(t, dataset));
    bool sequential = rnn_dataset_count(dataset) < 0, shuffle = rnni_train_int(t, RNN_TRAIN_SHUFFLE) != 0;
    bool split = rnni_train_float(t, RNN_TRAIN_VALIDATION_SPLIT) > 0 && !t->validation;
    RNNI_REQUIRE(!sequential || !split, RNN_ERROR_UNSUPPORTED,
                 "a sequential source of unknown count cannot be split: use rnn_trainer_set_validation");
    RNNI_REQUIRE(!sequential || !shuffle, RNN_ERROR_UNSUPPORTED,
                 "a sequential source of unknown count cannot be shuffled: set RNN_TRAIN_SHUFFLE to 0");
    return RNN_OK;
}

/* Which samples are trained on and which are kept for validation. */
static int64_t divide(fitting *f, rnn_dataset_t *dataset)
{
    const rnn_trainer_t *t = f->trainer;
    int64_t count = rnn_dataset_count(dataset), kept = 0;
    if (t->validation) {
        f->validation = t->validation;
        f->validation_count = rnn_dataset_count(t->validation);
    } else if (count > 0) {
        kept = (int64_t)floor(rnni_train_float(t, RNN_TRAIN_VALIDATION_SPLIT) * (double)count);
        f->validation = kept > 0 ? dataset : NULL;
        f->validation_first = count - kept;
        f->validation_count = kept;
    }
    return count - kept;
}

/* A resumed run that begins in the middle of an epoch. */
static bool goes_on(const rnn_trainer_t *t) { return t->resumed && (t->batch > 0 || t->windows.step > 0); }

/* Before anything of the trainer changes. */
static rnn_status_t open_feed(fitting *f, rnn_dataset_t *dataset, int64_t count)
{
    rnn_trainer_t *t = f->trainer;
    bool shuffle = rnni_train_int(t, RNN_TRAIN_SHUFFLE) != 0;
    if (f->validation) RNNI_TRY(rnni_windows_check(t, f->validation_count));
    RNNI_TRY(rnni_feed_open(&f->feed, t->context, dataset, 0, count, rnni_train_int(t, RNN_TRAIN_BATCH),
                            &shuffle, t->train_batch));
    rnn_status_t status = rnni_windows_open(t, &f->feed);
    if (status != RNN_OK) rnni_feed_close(&f->feed);
    return status;
}

static rnn_status_t begin_run(fitting *f, rnn_dataset_t *dataset)
{
    rnn_trainer_t *t = f->trainer;
    int64_t count = divide(f, dataset);
    RNNI_REQUIRE(count != 0, RNN_ERROR_DATA,
                 "there are no samples to train on: the dataset has %lld, %lld are kept for validation",
                 (long long)rnn_dataset_count(dataset), (long long)f->validation_count);
    RNNI_REQUIRE(
        !goes_on(t) || t->samples == count, RNN_ERROR_DATA,
        "the checkpoint was written in the middle of an epoch of %lld samples, but the data has %lld",
        (long long)t->samples, (long long)count);
    RNNI_TRY(rnni_goals_check_dataset(t, dataset));
    if (t->validation) RNNI_TRY(rnni_goals_check_dataset(t, t->validation));
    RNNI_TRY(rnni_trainer_prepare(t));
    RNNI_TRY(open_feed(f, dataset, count));
    f->began = f->epoch_began = rnni_trainer_clock();
    if (!goes_on(t)) begin_epoch(f);
    if (!t->resumed) {
        rnni_watch_clear(t);
        t->run_first = t->epoch;
        t->averaged = 0;
        t->plateau = (rnni_plateau){ .any = false };
    }
    t->resumed = false;
    f->epochs = rnni_train_int(t, RNN_TRAIN_EPOCHS);
    atomic_store(&t->request, 0);
    return RNN_OK;
}

static rnn_status_t run(fitting *f)
{
    rnn_trainer_t *t = f->trainer;
    notify(f, RNN_EVENT_FIT_BEGIN);
    rnn_status_t status = RNN_OK;
    while (status == RNN_OK && !f->stop && t->epoch - t->run_first < f->epochs && !rnni_watch_is_over(t))
        status = run_epoch(f);
    if (status == RNN_OK && !f->stop) status = rnni_average_finish(t);
    if (status == RNN_OK && !f->stop) status = rnni_watch_restore(t);
    if (status == RNN_OK && f->stop) status = RNN_STOPPED;
    notify(f, RNN_EVENT_FIT_END);
    return status;
}

static void release_batches(fitting *f)
{
    for (int64_t i = 1; f->parts && i < f->group; i++) rnn_batch_free(f->parts[i]);
    rnni_free(f->trainer->context, f->parts, (size_t)f->group * sizeof(*f->parts));
}

static rnn_status_t create_batches(fitting *f)
{
    f->group = rnni_train_int(f->trainer, RNN_TRAIN_ACCUMULATE);
    f->parts = rnni_alloc_array(f->trainer->context, (size_t)f->group, sizeof(*f->parts));
    if (!f->parts) return RNN_ERROR_MEMORY;
    f->parts[0] = f->trainer->train_batch;
    for (int64_t i = 1; i < f->group; i++) {
        f->parts[i] = rnn_batch_create(f->trainer->context);
        if (!f->parts[i]) return RNN_ERROR_MEMORY;
    }
    return RNN_OK;
}

static rnn_status_t begun_fit(fitting *f, rnn_dataset_t *dataset)
{
    RNNI_TRY(create_batches(f));
    RNNI_TRY(begin_run(f, dataset));
    f->trainer->fitting = true;
    rnn_status_t status = run(f);
    rnni_windows_close(f->trainer);
    f->trainer->fitting = false;
    rnni_feed_close(&f->feed);
    return status;
}

rnn_status_t rnn_trainer_fit(rnn_trainer_t *t, rnn_dataset_t *dataset)
{
    RNNI_TRY(check_run(t, dataset));
    fitting f = { .trainer = t };
    rnn_status_t status = begun_fit(&f, dataset);
    release_batches(&f);
    return status;
}
