/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "data/dataset.h"
#include "train/trainer.h"

/* What a batch brings as targets, against what the trained outputs take. */

static bool has_classes(const rnni_column *column)
{
    return column->kind == RNNI_COLUMN_CLASS || column->kind == RNNI_COLUMN_TOKENS;
}

static bool per_step(const rnni_column *column)
{
    return column->kind == RNNI_COLUMN_TOKENS || column->kind == RNNI_COLUMN_VALUES;
}

static const char *kind_name(const rnni_column *column)
{
    static const char *const names[] = { "nothing", "tokens", "values", "a vector", "a class" };
    return names[column->kind];
}

static const char *output_name(const rnn_trainer_t *t, const rnni_goal *goal)
{
    return rnni_graph_of_const(t->model)->outputs[goal - t->goals].name;
}

static rnn_status_t check_kind(const rnn_trainer_t *t, const rnni_goal *goal, const rnni_column *column)
{
    bool steps = goal->node->axis >= 0;
    const char *taken = goal->loss->classes && goal->loss->values
                            ? (steps ? "tokens or values" : "a class or a vector")
                        : goal->loss->classes ? (steps ? "tokens" : "a class")
                                              : (steps ? "values" : "a vector");
    bool fits = column->kind != RNNI_COLUMN_NONE && per_step(column) == steps &&
                (has_classes(column) ? goal->loss->classes : goal->loss->values);
    RNNI_REQUIRE(fits, RNN_ERROR_SHAPE, "target %d is %s, but output '%s', %s, takes %s for its loss %s",
                 (int)goal->target, kind_name(column), output_name(t, goal),
                 steps ? "one answer a step" : "one answer a sequence", taken, goal->loss->name);
    int64_t width = has_classes(column) && goal->loss->activation != RNNI_ACT_SOFTMAX ? 1 : column->width;
    if (has_classes(column) && goal->loss->activation == RNNI_ACT_SOFTMAX) return RNN_OK;
    RNNI_REQUIRE(width == goal->node->features, RNN_ERROR_SHAPE,
                 "target %d has %lld %s a row, but output '%s' has %lld features", (int)goal->target,
                 (long long)width, has_classes(column) ? "class" : "values", output_name(t, goal),
                 (long long)goal->node->features);
    return RNN_OK;
}

/* The sequence that row `row` of a column belongs to, as its dataset numbers it. */
static int64_t sample_of(const rnn_batch_t *batch, const rnni_column *column, int64_t row)
{
    int64_t b = 0;
    while (b + 1 < column->count && column->starts[b + 1] <= row) b++;
    return batch->index ? batch->index[b] : b;
}

static rnn_status_t check_classes(const rnn_trainer_t *t, const rnni_goal *goal, const rnn_batch_t *batch,
                                  const rnni_column *column)
{
    int64_t classes = goal->loss->activation == RNNI_ACT_SOFTMAX ? goal->node->features : 2;
    int64_t rows = rnni_column_rows(column);
    for (int64_t i = column->starts[0]; i < rows; i++)
        if ((column->ids[i] < -1 || column->ids[i] >= classes) &&
            column->ids[i] != rnni_goal_setting(goal, RNN_LOSS_IGNORE))
            return rnni_fail(RNN_ERROR_RANGE,
                             "sample %lld: target of output '%s' is class %lld, expected 0 to %lld",
                             (long long)sample_of(batch, column, i), output_name(t, goal),
                             (long long)column->ids[i], (long long)classes - 1);
    return RNN_OK;
}

/* Values for a binary cross-entropy are probabilities. */
static rnn_status_t check_probabilities(const rnn_trainer_t *t, const rnni_goal *goal,
                                        const rnn_batch_t *batch, const rnni_column *column)
{
    if (goal->loss->id != RNN_LOSS_BINARY_CROSS_ENTROPY) return RNN_OK;
    int64_t count = rnni_column_rows(column) * column->width;
    for (int64_t i = column->starts[0] * column->width; i < count; i++)
        if (!(column->values[i] >= 0 && column->values[i] <= 1))
            return rnni_fail(RNN_ERROR_RANGE, "sample %lld: target of output '%s' is %g, expected 0 to 1",
                             (long long)sample_of(batch, column, i / column->width), output_name(t, goal),
                             (double)column->values[i]);
    return RNN_OK;
}

/* A target per step has as many steps as the input whose axis its output lies on. */
static rnn_status_t check_steps(const rnn_trainer_t *t, const rnni_goal *goal, const rnn_batch_t *batch,
                                const rnni_column *column)
{
    const rnni_graph *graph = rnni_graph_of_const(t->model);
    if (goal->node->axis < 0) return RNN_OK;
    int32_t input = 0;
    while (graph->inputs[input] != graph->axes[goal->node->axis].input) input++;
    if (input >= batch->inputs || batch->input[input].count != column->count)
        return RNN_OK; /* for the check of inputs */
    const int64_t *steps = batch->input[input].starts, *got = column->starts;
    for (int64_t b = 0; b < column->count; b++)
        RNNI_REQUIRE(got[b + 1] - got[b] == steps[b + 1] - steps[b], RNN_ERROR_SHAPE,
                     "sample %lld: target of output '%s' has %lld steps, but input '%s' has %lld",
                     (long long)(batch->index ? batch->index[b] : b), output_name(t, goal),
                     (long long)(got[b + 1] - got[b]), graph->inputs[input]->name,
                     (long long)(steps[b + 1] - steps[b]));
    return RNN_OK;
}

static rnn_status_t check_target(const rnn_trainer_t *t, const rnni_goal *goal, const rnn_batch_t *batch)
{
    const rnni_column *column = &batch->target[goal->target];
    RNNI_TRY(check_kind(t, goal, column));
    RNNI_REQUIRE(column->count == batch->count, RNN_ERROR_SHAPE,
                 "target %d has %lld sequences, the inputs have %lld", (int)goal->target,
                 (long long)column->count, (long long)batch->count);
    RNNI_TRY(check_steps(t, goal, batch, column));
    return has_classes(column) ? check_classes(t, goal, batch, column)
                               : check_probabilities(t, goal, batch, column);
}

rnn_status_t rnni_goals_check(rnn_trainer_t *t, const rnn_batch_t *batch, bool all)
{
    bool fits = all ? batch->targets == t->targets : t->targets == 0 || batch->targets <= t->targets;
    RNNI_REQUIRE(fits, RNN_ERROR_SHAPE,
                 "the data has %d target%s, but %d output%s a loss (rnn_trainer_set_loss)",
                 (int)batch->targets, batch->targets == 1 ? "" : "s", (int)t->targets,
                 t->targets == 1 ? " has" : "s have");
    for (int32_t i = 0; i < t->outputs; i++) {
        rnni_goal *goal = &t->goals[i];
        goal->present = goal->loss && goal->target < batch->targets &&
                        (all || batch->target[goal->target].kind != RNNI_COLUMN_NONE);
        if (goal->present) RNNI_TRY(check_target(t, goal, batch));
    }
    return RNN_OK;
}

/* The samples of a part as a batch that borrows the store's columns; their rows begin at starts[0]. */
static void view_columns(rnni_column *columns, int32_t count, int64_t start, int64_t samples)
{
    for (int32_t i = 0; i < count; i++) {
        columns[i].starts += start;
        columns[i].count = samples;
    }
}

static rnn_status_t check_view(rnn_trainer_t *t, const rnn_batch_t *all, int64_t start, int64_t samples,
                               rnni_column *columns)
{
    rnn_batch_t view = *all;
    view.index = NULL;
    view.count = samples;
    view.input = columns;
    view.target = columns + all->inputs;
    for (int32_t i = 0; i < all->inputs; i++) view.input[i] = all->input[i];
    for (int32_t i = 0; i < all->targets; i++) view.target[i] = all->target[i];
    view_columns(columns, all->inputs + all->targets, start, samples);
    return rnni_goals_check(t, &view, true);
}

rnn_status_t rnni_goals_check_dataset(rnn_trainer_t *t, const rnn_dataset_t *dataset)
{
    const rnni_store *store = dataset->store;
    int64_t samples = rnn_dataset_count(dataset);
    if (store->is_source || samples <= 0) return RNN_OK;
    size_t columns = (size_t)store->data.inputs + (size_t)store->data.targets;
    rnni_column *block = rnni_alloc_array(t->context, columns, sizeof(*block));
    if (!block) return RNN_ERROR_MEMORY;
    rnn_status_t status = check_view(t, &store->data, dataset->is_part ? dataset->start : 0, samples, block);
    rnni_free(t->context, block, columns * sizeof(*block));
    return status;
}
