/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "core/pool.h"
#include "layers/activation.h"
#include "train/trainer.h"

#include <float.h>
#include <math.h>

/* ---- Arrangement ---- */

static int activation_of(const rnni_node *node)
{
    return rnni_op_takes(node->op, RNN_LAYER_ACTIVATION) ? (int)rnni_node_int(node, RNN_LAYER_ACTIVATION)
                                                         : RNN_LINEAR;
}

void rnni_goals_arrange(rnn_trainer_t *t)
{
    t->targets = 0;
    t->classified = -1;
    for (int32_t i = 0; i < t->outputs; i++) {
        rnni_goal *goal = &t->goals[i];
        goal->raw = goal->probable = goal->added = goal->present = false;
        if (!goal->loss) continue;
        goal->target = t->targets++;
        if (goal->loss->classifies && t->classified < 0) t->classified = i;
        if (goal->loss->activation >= 0 && activation_of(goal->node) == goal->loss->activation) {
            goal->raw = goal->node->readers == 1; /* nobody else wants its activation */
            goal->probable = !goal->raw;
        }
        for (int32_t j = 0; j < t->outputs; j++)
            if (j != i && t->goals[j].loss && t->goals[j].node == goal->node) goal->added = true;
    }
}

void rnni_goals_mark(const rnn_trainer_t *t, rnni_exec *exec)
{
    for (int32_t i = 0; i < t->outputs; i++) exec->raw[t->goals[i].node->id] = 0;
    for (int32_t i = 0; i < t->outputs; i++)
        if (t->goals[i].raw && t->goals[i].present) exec->raw[t->goals[i].node->id] = 1;
}

void rnni_goal_choose(rnn_trainer_t *t, rnni_goal *goal, const rnni_loss *loss)
{
    goal->loss = loss;
    rnni_setting_defaults(rnni_loss_settings, RNNI_LOSS_SETTINGS, goal->settings);
    rnni_free(t->context, goal->class_weights, (size_t)goal->class_count * sizeof(*goal->class_weights));
    goal->class_weights = NULL;
    goal->class_count = 0;
}

/* ---- Buffers ---- */

#define FREE(field) rnni_free(t->context, goal->field, goal->field##_capacity * sizeof(*goal->field))
#define GROW(field, needed)                                                                          \
    RNNI_TRY(rnni_grow(t->context, (void **)&goal->field, &goal->field##_capacity, (size_t)(needed), \
                       sizeof(*goal->field)))

void rnni_goals_release(rnn_trainer_t *t)
{
    for (int32_t i = 0; t->goals && i < t->outputs; i++) {
        rnni_goal *goal = &t->goals[i];
        rnni_goal_choose(t, goal, NULL);
        FREE(first);
        FREE(classes);
        FREE(values);
        FREE(weight);
        FREE(share);
        FREE(losses);
        FREE(right);
        FREE(work);
    }
    rnni_free(t->context, t->goals, (size_t)t->outputs * sizeof(*t->goals));
    t->goals = NULL;
}

static rnn_status_t grow_work(rnn_trainer_t *t, rnni_goal *goal)
{
    int64_t numbers;
    RNNI_REQUIRE(rnni_mul_i64(goal->rows, goal->node->features, &numbers), RNN_ERROR_MEMORY,
                 "out of memory: an output of %lld rows", (long long)goal->rows);
    GROW(work, numbers);
    return RNN_OK;
}

/* Where the rows of each shard begin. */
static rnn_status_t lay_rows(rnn_trainer_t *t, rnni_goal *goal, const rnni_exec *exec)
{
    GROW(first, exec->run_count);
    goal->rows = 0;
    for (int32_t r = 0; r < exec->run_count; r++) {
        goal->first[r] = goal->rows;
        goal->rows += rnni_run_rows(&exec->runs[r], goal->node);
    }
    return RNN_OK;
}

static bool goal_has_classes(const rnni_goal *goal, const rnni_exec *exec)
{
    rnni_column_kind kind = exec->batch->target[goal->target].kind;
    return kind == RNNI_COLUMN_TOKENS || kind == RNNI_COLUMN_CLASS;
}

static rnn_status_t grow_rows(rnn_trainer_t *t, rnni_goal *goal, const rnni_exec *exec)
{
    RNNI_TRY(lay_rows(t, goal, exec));
    GROW(weight, goal->rows);
    GROW(share, goal->rows);
    GROW(losses, goal->rows);
    GROW(right, goal->rows);
    if (goal->probable || goal->added) RNNI_TRY(grow_work(t, goal));
    if (goal_has_classes(goal, exec)) {
        GROW(classes, goal->rows);
        return RNN_OK;
    }
    int64_t numbers;
    RNNI_REQUIRE(rnni_mul_i64(goal->rows, goal->node->features, &numbers), RNN_ERROR_MEMORY,
                 "out of memory: a target of %lld rows", (long long)goal->rows);
    GROW(values, numbers);
    return RNN_OK;
}

/* Weight of one row's class in the mean. */
static double class_weight(const rnni_goal *goal, bool classes, int64_t row)
{
    if (!goal->class_weights) return 1;
    if (!classes) return rnni_loss_binary_weight(goal->class_weights, (double)goal->values[row]);
    return (double)goal->class_weights[goal->classes[row]];
}

/* The target of one row, from row `from` of its column; a step that the mask, class -1 or the class to be
 * ignored leaves out weighs nothing. */
static void place_row(rnni_goal *goal, const rnni_column *column, bool classes, int64_t from, int64_t to,
                      rnni_real weight)
{
    const int64_t features = goal->node->features;
    bool counts = !column->mask || column->mask[from];
    if (classes) {
        counts = counts && column->ids[from] >= 0 &&
                 column->ids[from] != rnni_goal_setting(goal, RNN_LOSS_IGNORE);
        goal->classes[to] = counts ? column->ids[from] : -1;
    } else {
        memcpy(goal->values + to * features, column->values + from * features,
               (size_t)features * sizeof(*goal->values));
    }
    goal->weight[to] = counts ? weight : 0;
    if (counts) goal->sum += (double)weight * class_weight(goal, classes, to);
}

static void place_rows(rnni_goal *goal, const rnni_exec *exec, int32_t r)
{
    const rnni_run *run = &exec->runs[r];
    const rnni_axis *axis = goal->node->axis < 0 ? NULL : &run->axes[goal->node->axis];
    const rnni_real *weights = exec->batch->weight;
    const bool classes = goal_has_classes(goal, exec);
    int64_t rows = rnni_run_rows(run, goal->node), t = 0;
    for (int64_t i = 0; i < rows; i++) {
        while (axis && i >= axis->offset[t + 1]) t++;
        int64_t sequence = run->sequence[axis ? axis->order[i - axis->offset[t]] : i];
        place_row(goal, &exec->batch->target[goal->target], classes,
                  rnni_exec_target_row(run, goal->node, exec->batch, goal->target, i), goal->first[r] + i,
                  weights ? weights[sequence] : 1);
    }
}

/* What the gradient of each row is scaled by. */
static void share_rows(rnni_goal *goal)
{
    double sum = goal->group > 0 ? goal->group : goal->sum;
    double factor = sum > 0 ? rnni_goal_setting(goal, RNN_LOSS_WEIGHT) / sum : 0;
    for (int64_t j = 0; j < goal->rows; j++) goal->share[j] = (rnni_real)((double)goal->weight[j] * factor);
}

rnn_status_t rnni_goals_place(rnn_trainer_t *t, const rnni_exec *exec)
{
    for (int32_t i = 0; i < t->outputs; i++) {
        rnni_goal *goal = &t->goals[i];
        if (!goal->present) continue;
        RNNI_TRY(grow_rows(t, goal, exec));
        goal->sum = 0;
        for (int32_t r = 0; r < exec->run_count; r++) place_rows(goal, exec, r);
        share_rows(goal);
    }
    return RNN_OK;
}

/* ---- Rows ---- */

typedef struct rows_job {
    const rnn_trainer_t *trainer;
    const rnni_exec *exec;
    bool gradients;
    int64_t pieces; /* of each run's rows */
} rows_job;

/* right[i]: the class answered; where a row has several labels, how many of them are right. */
static void answer_rows(const rnni_goal *goal, const rnni_real *y, const int32_t *classes,
                        const rnni_real *values, int64_t rows, int32_t *right)
{
    int64_t n = goal->node->features;
    const rnni_real threshold = goal->probable ? (rnni_real)0.5 : 0; /* of probabilities or logits */
    for (int64_t i = 0; i < rows; i++, y += n) {
        if (goal->loss->activation == RNNI_ACT_SOFTMAX)
            right[i] = (int32_t)rnni_argmax(n, y);
        else if (classes || n == 1)
            right[i] = y[0] > threshold;
        else
            for (int64_t j = right[i] = 0; j < n; j++)
                right[i] += (y[j] > threshold) == (values[i * n + j] > (rnni_real)0.5);
    }
}

/* Probabilities are kept away from 0 and 1 as far as the number type tells them apart. */
static double kept_inside(double p, bool softmax)
{
    const double below_one = sizeof(rnni_real) == sizeof(double) ? 1 - DBL_EPSILON : 1 - FLT_EPSILON;
    if (p < 1e-30) return 1e-30;
    return !softmax && p > below_one ? below_one : p;
}

/* Logits that have these probabilities: log p for a softmax, log(p / (1 - p)) for a sigmoid. */
static void logits_of(const rnni_real *p, int64_t count, bool softmax, rnni_real *z)
{
    for (int64_t i = 0; i < count; i++) {
        double kept = kept_inside((double)p[i], softmax);
        z[i] = (rnni_real)(softmax ? log(kept) : log(kept) - log1p(-kept));
    }
}

/* dp such that the activation's backward makes the given dz of it: dz / p for a softmax (the dz of a row add
 * up to 0), dz / (p (1 - p)) for a sigmoid. */
static void to_probabilities(const rnni_real *p, int64_t count, bool softmax, rnni_real *dz)
{
    for (int64_t i = 0; i < count; i++) {
        double kept = kept_inside((double)p[i], softmax);
        dz[i] = (rnni_real)((double)dz[i] / (softmax ? kept : kept * (1 - kept)));
    }
}

/* A piece of run number r's rows. Goals that add to dy are not cut: the first piece has all. */
static void goal_rows(const rows_job *job, const rnni_goal *goal, int32_t r, int64_t piece)
{
    const rnni_run *run = &job->exec->runs[r];
    rnni_slot *slot = &run->slots[goal->node->id];
    const bool classes = goal_has_classes(goal, job->exec),
               softmax = goal->loss->activation == RNNI_ACT_SOFTMAX;
    const bool direct = !goal->probable && !goal->added;
    if (piece > 0 && !direct) return;
    const int64_t n = goal->node->features, all_rows = rnni_run_rows(run, goal->node),
                  pieces = direct ? job->pieces : 1, begin = all_rows * piece / pieces,
                  rows = all_rows * (piece + 1) / pieces - begin, first = goal->first[r] + begin;
    const rnni_real *y = slot->y + begin * n;
    rnni_real *work = direct ? NULL : goal->work + first * n;
    const int32_t *class_rows = classes ? goal->classes + first : NULL;
    const rnni_real *value_rows = classes ? NULL : goal->values + first * n;

    if (rows == 0) return;
    if (goal->loss->classifies) answer_rows(goal, y, class_rows, value_rows, rows, goal->right + first);
    if (goal->probable) {
        logits_of(y, rows * n, softmax, work);
        y = work;
    }
    rnni_real *dy = !job->gradients || !slot->dy ? NULL : direct ? slot->dy + begin * n : work;
    if (dy && direct && begin == 0) slot->dy_empty = false;
    rnni_loss_rows all = { .kernels = run->kernels,
                           .rows = rows,
                           .features = n,
                           .y = y,
                           .classes = class_rows,
                           .values = value_rows,
                           .weight = goal->share + first,
                           .loss = goal->losses + first,
                           .dy = dy,
                           .class_weights = goal->class_weights,
                           .smoothing = rnni_goal_setting(goal, RNN_LOSS_LABEL_SMOOTHING),
                           .delta = rnni_goal_setting(goal, RNN_LOSS_DELTA) };
    goal->loss->rows(&all);
    if (!dy || direct) return;
    if (goal->probable) to_probabilities(slot->y, rows * n, softmax, work);
    run->kernels->axpy(rows * n, 1, work, rnni_run_dy(run, goal->node));
}

static void run_rows(int64_t index, void *argument)
{
    const rows_job *job = argument;
    uint64_t mode = rnni_denormals_flush();
    for (int32_t i = 0; i < job->trainer->outputs; i++)
        if (job->trainer->goals[i].present)
            goal_rows(job, &job->trainer->goals[i], (int32_t)(index / job->pieces), index % job->pieces);
    rnni_denormals_restore(mode);
}

/* As many as there are threads where there is but one run, of some microseconds each. */
static int64_t pieces_of(const rnn_trainer_t *t, const rnni_exec *exec)
{
    enum { LEAST = 16 * 1024 };
    int64_t numbers = 0;
    for (int32_t i = 0; exec->run_count == 1 && i < t->outputs; i++)
        if (t->goals[i].present)
            numbers += rnni_run_rows(&exec->runs[0], t->goals[i].node) * t->goals[i].node->features;
    int64_t pieces = numbers / LEAST;
    return pieces < 1 ? 1 : pieces < t->context->threads ? pieces : t->context->threads;
}

void rnni_goals_rows(rnn_trainer_t *t, const rnni_exec *exec, bool gradients)
{
    rows_job job = { t, exec, gradients, pieces_of(t, exec) };
    if (t->targets) rnni_parallel(t->context, exec->run_count * job.pieces, run_rows, &job);
}

/* ---- Sums ---- */

static void count_answers(const rnni_goal *goal, bool classes, rnni_counts *counts)
{
    int64_t n = goal->node->features;
    for (int64_t i = 0; i < goal->rows; i++) {
        if (!(goal->weight[i] > 0)) continue;
        if (classes) {
            rnni_counts_add(counts, goal->classes[i], goal->right[i]);
        } else if (n == 1) {
            rnni_counts_add(counts, goal->values[i] > (rnni_real)0.5, goal->right[i]);
        } else {
            counts->right += goal->right[i];
            counts->total += n;
        }
    }
}

double rnni_goals_sum(const rnn_trainer_t *t, const rnni_exec *exec, rnni_sums *sums)
{
    double total = 0;
    for (int32_t i = 0; i < t->outputs; i++) {
        const rnni_goal *goal = &t->goals[i];
        if (!goal->present) continue;
        double loss = 0;
        for (int64_t j = 0; j < goal->rows; j++)
            if (goal->weight[j] > 0) loss += (double)goal->weight[j] * (double)goal->losses[j];
        if (goal->sum > 0) total += rnni_goal_setting(goal, RNN_LOSS_WEIGHT) * (loss / goal->sum);
        if (!sums) continue;
        sums->outputs[i].loss += loss;
        sums->outputs[i].weight += goal->sum;
        if (i == t->classified) count_answers(goal, goal_has_classes(goal, exec), &sums->counts);
    }
    if (sums) sums->sequences += exec->batch->count;
    return total;
}

/* ---- Outputs that were run raw ---- */

rnn_status_t rnni_goal_activate(rnn_trainer_t *t, rnni_goal *goal, const rnni_exec *exec)
{
    RNNI_TRY(lay_rows(t, goal, exec));
    RNNI_TRY(grow_work(t, goal));
    int64_t n = goal->node->features;
    for (int32_t r = 0; r < exec->run_count; r++) {
        const rnni_run *run = &exec->runs[r];
        int64_t rows = rnni_run_rows(run, goal->node);
        const rnni_real *z = run->slots[goal->node->id].y;
        rnni_real *y = goal->work + goal->first[r] * n;
        rnni_activate(run->kernels, goal->loss->activation, rows, n, z, y);
    }
    return RNN_OK;
}

void rnni_goal_activate_backward(const rnni_goal *goal, const rnni_exec *exec)
{
    int64_t n = goal->node->features;
    for (int32_t r = 0; r < exec->run_count; r++) {
        const rnni_run *run = &exec->runs[r];
        int64_t rows = rnni_run_rows(run, goal->node);
        const rnni_real *y = goal->work + goal->first[r] * n;
        rnni_real *dy = rnni_run_dy(run, goal->node);
        if (dy) rnni_activate_backward(run->kernels, goal->loss->activation, rows, n, NULL, y, dy);
    }
}
