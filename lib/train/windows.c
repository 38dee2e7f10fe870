/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "train/trainer.h"

#include <string.h>

/* Stateful batches, and batches whose long sequences are trained on in windows of steps. States flow over the
 * borders, gradients do not (truncated backpropagation through time). */

/* ---- States ---- */

rnn_status_t rnni_windows_check(const rnn_trainer_t *t, int64_t count)
{
    int64_t size = rnni_train_int(t, RNN_TRAIN_BATCH);
    bool fills = count < 0 || count <= size || count % size == 0;
    RNNI_REQUIRE(fills || !rnni_train_int(t, RNN_TRAIN_STATEFUL), RNN_ERROR_DATA,
                 "stateful batches all have the same number of sequences, but %lld samples do not fill "
                 "batches of %lld",
                 (long long)count, (long long)size);
    return RNN_OK;
}

static rnn_status_t check_order(const rnni_feed *feed)
{
    RNNI_REQUIRE(!feed->shuffle, RNN_ERROR_ARGUMENT,
                 "stateful batches take the samples in their order: RNN_TRAIN_STATEFUL needs "
                 "RNN_TRAIN_SHUFFLE 0");
    int64_t bucket = 0, balance = 0;
    RNNI_TRY(rnn_dataset_get_int(feed->dataset, RNN_DATA_BUCKET, &bucket));
    RNNI_TRY(rnn_dataset_get_int(feed->dataset, RNN_DATA_BALANCE, &balance));
    RNNI_REQUIRE(bucket == 0 && balance != 1 && balance != 2, RNN_ERROR_ARGUMENT,
                 "stateful batches take the samples in their order: they go with neither RNN_DATA_BUCKET nor "
                 "a RNN_DATA_BALANCE that repeats or leaves out samples");
    return RNN_OK;
}

static rnn_status_t check_windows(const rnn_trainer_t *t)
{
    RNNI_REQUIRE(rnni_train_int(t, RNN_TRAIN_ACCUMULATE) == 1, RNN_ERROR_ARGUMENT,
                 "each window of RNN_TRAIN_BPTT_STEPS is an update: RNN_TRAIN_ACCUMULATE is %lld, expected 1",
                 (long long)rnni_train_int(t, RNN_TRAIN_ACCUMULATE));
    for (int32_t i = 0; i < t->outputs; i++)
        RNNI_REQUIRE(!t->goals[i].loss || t->goals[i].node->axis >= 0, RNN_ERROR_UNSUPPORTED,
                     "output '%s' gives one answer a sequence, which cannot be trained in windows "
                     "(RNN_TRAIN_BPTT_STEPS)",
                     rnni_graph_of_const(t->model)->outputs[i].name);
    return RNN_OK;
}

rnn_status_t rnni_windows_open(rnn_trainer_t *t, const rnni_feed *feed)
{
    rnni_windows *w = &t->windows;
    w->stateful = rnni_train_int(t, RNN_TRAIN_STATEFUL) != 0;
    w->size = rnni_train_int(t, RNN_TRAIN_BPTT_STEPS);
    w->cut = false;
    rnni_exec_reset_states(&t->train);
    if (!w->stateful && w->size == 0 && w->step == 0) return RNN_OK;
    if (w->stateful) RNNI_TRY(check_order(feed));
    RNNI_TRY(rnni_windows_check(t, feed->count));
    if (w->size > 0) RNNI_TRY(check_windows(t));
    if (!w->piece) w->piece = rnn_batch_create(t->context);
    if (!w->piece) return RNN_ERROR_MEMORY;
    RNNI_TRY(rnni_exec_carry(&t->train));
    t->train.whole.carried_count = w->kept;
    return RNN_OK;
}

void rnni_windows_close(rnn_trainer_t *t)
{
    t->windows.kept = rnni_windows_states(t);
    rnni_exec_reset_states(&t->train);
}

int64_t rnni_windows_states(const rnn_trainer_t *t)
{
    const rnni_windows *w = &t->windows;
    if (!t->fitting) return w->kept;
    return w->stateful || w->step > 0 ? t->train.whole.carried_count : 0;
}

void rnni_windows_restart(rnn_trainer_t *t)
{
    t->windows.step = t->windows.kept = 0;
    t->windows.cut = false;
    rnni_exec_reset_states(&t->train);
}

/* A batch goes on where the one before ended. */
static rnn_status_t check_count(const rnni_exec *exec, const rnn_batch_t *batch)
{
    int64_t carried = exec->whole.carried_count;
    RNNI_REQUIRE(carried == 0 || carried == batch->count, RNN_ERROR_DATA,
                 "a stateful batch has %lld sequences, but the one before had %lld", (long long)batch->count,
                 (long long)carried);
    return RNN_OK;
}

static rnn_status_t keep_states(rnni_exec *exec)
{
    return exec->whole.carried_size > 0 ? rnni_exec_keep_states(exec) : RNN_OK;
}

rnn_status_t rnni_windows_keep(rnn_trainer_t *t)
{
    return t->windows.stateful || t->windows.size > 0 ? keep_states(&t->train) : RNN_OK;
}

/* ---- Windows ---- */

static bool has_steps(const rnni_column *column)
{
    return column->kind == RNNI_COLUMN_TOKENS || column->kind == RNNI_COLUMN_VALUES;
}

static int64_t longest_of(const rnn_batch_t *batch)
{
    int64_t longest = 0;
    for (int32_t i = 0; i < batch->inputs; i++) {
        int64_t steps = has_steps(&batch->input[i]) ? rnni_column_longest(&batch->input[i]) : 0;
        if (steps > longest) longest = steps;
    }
    return longest;
}

/* Rows [*first, *first + the result) of sequence b that lie in steps [from, to). */
static int64_t rows_within(const rnni_column *column, int64_t b, int64_t from, int64_t to, int64_t *first)
{
    int64_t rows = column->starts[b + 1] - column->starts[b];
    if (!has_steps(column)) from = 0;
    if (!has_steps(column) || to > rows) to = rows;
    if (from > to) from = to;
    *first = column->starts[b] + from;
    return to - from;
}

static rnn_status_t cut_column(rnn_context_t *context, const rnni_column *from, int64_t first_step,
                               int64_t end_step, rnni_column *to)
{
    rnni_column_drop_mask(context, to);
    if (from->mask) RNNI_TRY(rnni_column_make_mask(context, to));
    for (int64_t b = 0; b < from->count; b++) {
        int64_t first, at = rnni_column_rows(to);
        int64_t rows = rows_within(from, b, first_step, end_step, &first);
        if (from->kind == RNNI_COLUMN_TOKENS || from->kind == RNNI_COLUMN_CLASS)
            RNNI_TRY(rnni_column_add_ids(context, to, from->kind, from->ids + first, rows));
        else
            RNNI_TRY(rnni_column_add_values(context, to, from->kind, from->values + first * from->width, rows,
                                            from->width));
        if (from->mask) memcpy(to->mask + at, from->mask + first, (size_t)rows);
    }
    return RNN_OK;
}

/* Steps [first, end) of all sequences. */
static rnn_status_t cut(const rnn_batch_t *from, int64_t first, int64_t end, rnn_batch_t *to)
{
    rnn_context_t *context = to->context;
    RNNI_TRY(rnni_batch_prepare(to, from->inputs, from->targets));
    for (int32_t i = 0; i < from->inputs; i++)
        RNNI_TRY(cut_column(context, &from->input[i], first, end, &to->input[i]));
    for (int32_t i = 0; i < from->targets; i++)
        RNNI_TRY(cut_column(context, &from->target[i], first, end, &to->target[i]));
    size_t count = (size_t)from->count;
    RNNI_TRY(rnni_grow(context, (void **)&to->index, &to->index_capacity, count, sizeof(*to->index)));
    memcpy(to->index, from->index, count * sizeof(*to->index));
    if (from->weight) {
        RNNI_TRY(rnni_batch_make_weights(to, from->count));
        memcpy(to->weight, from->weight, count * sizeof(*to->weight));
    }
    to->count = from->count;
    return RNN_OK;
}

rnn_status_t rnni_windows_next(rnn_trainer_t *t, const rnn_batch_t *batch, const rnn_batch_t **piece)
{
    rnni_windows *w = &t->windows;
    *piece = batch;
    if (!w->stateful && w->step == 0) rnni_exec_reset_states(&t->train);
    RNNI_TRY(check_count(&t->train, batch));
    t->train.whole.first_step = w->step;
    if (w->size == 0 && w->step == 0) return RNN_OK;
    if (!w->cut) RNNI_TRY(rnni_goals_check(t, batch, true));
    w->longest = longest_of(batch);
    RNNI_REQUIRE(w->step == 0 || w->step < w->longest, RNN_ERROR_DATA,
                 "the checkpoint was written at step %lld of a batch whose longest sequence now has %lld",
                 (long long)w->step, (long long)w->longest);
    w->cut = true;
    *piece = w->piece;
    bool rest = w->size == 0 || w->size >= w->longest - w->step;
    return cut(batch, w->step, rest ? w->longest : w->step + w->size, w->piece);
}

bool rnni_windows_pass(rnn_trainer_t *t)
{
    rnni_windows *w = &t->windows;
    bool more = w->cut && w->size > 0 && w->size < w->longest - w->step;
    w->step = more ? w->step + w->size : 0;
    w->cut = more;
    return more;
}

/* ---- Evaluation: whole sequences, whose states go on where that is asked for ---- */

rnn_status_t rnni_windows_evaluate(rnn_trainer_t *t, int64_t count)
{
    rnni_exec_reset_states(&t->evaluate);
    if (!rnni_train_int(t, RNN_TRAIN_STATEFUL)) return RNN_OK;
    RNNI_TRY(rnni_windows_check(t, count));
    return rnni_exec_carry(&t->evaluate);
}

rnn_status_t rnni_windows_evaluated(rnn_trainer_t *t)
{
    return rnni_train_int(t, RNN_TRAIN_STATEFUL) ? keep_states(&t->evaluate) : RNN_OK;
}

rnn_status_t rnni_windows_check_evaluation(rnn_trainer_t *t, const rnn_batch_t *batch)
{
    return check_count(&t->evaluate, batch);
}
