/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/ops.h"
#include <math.h>

/* Batch norm (Ioffe and Szegedy 2015) of every feature over the N useful rows of a whole batch:
 *
 *   u = (x - mean) f,  f = 1 / sqrt(var + epsilon)          y = u * weight + bias,  var the biased variance
 *   running <- (1 - momentum) running + momentum statistic, where the variance is the unbiased one: var N /
 *   (N - 1)
 *
 * Back: a = sum dy / N, b = sum dy u / N over the whole batch,
 *
 *   dx = weight f (dy - a - u b)          dweight = sum dy u          dbias = sum dy
 *
 * Outside training, and in a frozen layer, the running statistics take the place of the batch's, so that rows
 * do not know of one another. Each shard gives its rows, mean and sum of squared distances; they are joined
 * in the order of the shards, in double (Chan, Golub and LeVeque 1979). */

enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR };

/* What the shards share: vectors of n numbers. */
enum { MEAN, FACTOR, A, B, SHARED };

/* A run's own vectors. Coupled: what the shard gives forward (backward its gradients do that); otherwise
 * FACTOR, and zeros. */
enum { SHARD_MEAN, SHARD_SQUARES, SHARD };

static rnn_status_t infer(rnni_node *node)
{
    const rnni_node *x = node->inputs[0];
    RNNI_REQUIRE(x->flow != RNNI_FLOW_TOKENS, RNN_ERROR_SHAPE, "layer %s reads values, '%s' gives token ids",
                 node->name, x->name);
    node->flow = x->flow;
    node->axis = x->axis;
    node->features = x->features;
    RNNI_TRY(rnni_node_weight_of_ones(node, "weight", x->features));
    RNNI_TRY(rnni_node_weight(node, "bias", 1, x->features, 1, (rnni_init){ .kind = RNN_INIT_ZEROS }));
    RNNI_TRY(
        rnni_node_weight(node, "running_mean", 1, x->features, 1, (rnni_init){ .kind = RNN_INIT_ZEROS }));
    RNNI_TRY(rnni_node_weight_of_ones(node, "running_var", x->features));
    node->weights[RUNNING_MEAN].fixed = node->weights[RUNNING_VAR].fixed = true;
    return RNN_OK;
}

/* A frozen layer keeps its statistics, too. */
static int64_t shared_size(const rnni_node *node, int64_t rows, bool training)
{
    (void)rows;
    return training && rnni_node_int(node, RNN_LAYER_TRAINABLE) ? SHARED * node->features : 0;
}

static void plan(const rnni_node *node, rnni_run *run)
{
    run->slots[node->id].saved = rnni_run_take(run, SHARD * node->features);
}

static rnni_real *shared_at(const rnni_node *node, const rnni_whole *whole, int which)
{
    return whole->shared[node->id] + which * node->features;
}

/* ---- forward */

static void gather(const rnni_node *node, rnni_run *run)
{
    const rnni_kernels *k = run->kernels;
    const rnni_real *x = run->slots[node->inputs[0]->id].y;
    int64_t rows = rnni_run_rows(run, node), n = node->features;
    rnni_real *mean = (rnni_real *)run->slots[node->id].saved + SHARD_MEAN * n, *squares = mean + n;
    memset(mean, 0, (size_t)(SHARD * n) * sizeof *mean);
    if (rows == 0) return;
    k->column_sums(rows, n, x, n, mean);
    k->scale(n, 1 / (rnni_real)rows, mean, mean);
    k->column_squares(rows, n, x, n, mean, squares);
}

/* One feature's count, mean and sum of squared distances over all shards. */
typedef struct statistic {
    double count, mean, squares;
} statistic;

static statistic join_shards(const rnni_node *node, const rnni_whole *whole, int64_t feature)
{
    statistic all = { 0, 0, 0 };
    for (int32_t i = 0; i < whole->count; i++) {
        const rnni_run *run = &whole->runs[i];
        const rnni_real *shard = run->slots[node->id].saved;
        double rows = (double)rnni_run_rows(run, node), count = all.count + rows;
        if (rows == 0) continue;
        double distance = shard[SHARD_MEAN * node->features + feature] - all.mean;
        all.squares +=
            shard[SHARD_SQUARES * node->features + feature] + distance * distance * all.count * rows / count;
        all.mean += distance * rows / count;
        all.count = count;
    }
    return all;
}

static void couple(const rnni_node *node, const rnni_whole *whole)
{
    double epsilon = rnni_node_get(node, RNN_LAYER_EPSILON),
           momentum = rnni_node_get(node, RNN_LAYER_MOMENTUM);
    rnni_real *weights = whole->graph->weights;
    rnni_real *running_mean = weights + node->weights[RUNNING_MEAN].offset,
              *running_var = weights + node->weights[RUNNING_VAR].offset;
    for (int64_t i = 0; i < node->features; i++) {
        statistic s = join_shards(node, whole, i);
        if (s.count == 0) return;
        shared_at(node, whole, MEAN)[i] = (rnni_real)s.mean;
        shared_at(node, whole, FACTOR)[i] = (rnni_real)(1 / sqrt(s.squares / s.count + epsilon));
        double unbiased = s.squares / (s.count > 1 ? s.count - 1 : 1);
        running_mean[i] = (rnni_real)((1 - momentum) * running_mean[i] + momentum * s.mean);
        running_var[i] = (rnni_real)((1 - momentum) * running_var[i] + momentum * unbiased);
    }
}

/* The statistics of this run, [n] each. A running variance that somebody made negative counts as 0. */
static void find_statistics(const rnni_node *node, const rnni_run *run, const rnni_real **mean,
                            const rnni_real **factor)
{
    if (rnni_run_shared(run, node)) {
        *mean = shared_at(node, run->whole, MEAN);
        *factor = shared_at(node, run->whole, FACTOR);
        return;
    }
    double epsilon = rnni_node_get(node, RNN_LAYER_EPSILON);
    const rnni_real *variance = rnni_weight_at(node, run->graph->weights, RUNNING_VAR);
    rnni_real *own = run->slots[node->id].saved;
    for (int64_t i = 0; i < node->features; i++)
        own[i] = (rnni_real)(1 / sqrt((variance[i] > 0 ? variance[i] : 0) + epsilon));
    *mean = rnni_weight_at(node, run->graph->weights, RUNNING_MEAN);
    *factor = own;
}

static void forward(const rnni_node *node, rnni_run *run)
{
    const rnni_real *mean, *factor, *weights = run->graph->weights;
    int64_t n = node->features;
    find_statistics(node, run, &mean, &factor);
    run->kernels->batch_norm(rnni_run_rows(run, node), n, run->slots[node->inputs[0]->id].y, n, mean, factor,
                             rnni_weight_at(node, weights, WEIGHT), rnni_weight_at(node, weights, BIAS),
                             run->slots[node->id].y, n);
}

/* ---- backward */

static void gather_backward(const rnni_node *node, rnni_run *run)
{
    const rnni_kernels *k = run->kernels;
    const rnni_real *mean, *factor, *dy = run->slots[node->id].dy;
    int64_t rows = rnni_run_rows(run, node), n = node->features;
    find_statistics(node, run, &mean, &factor);
    k->column_sums(rows, n, dy, n, run->gradients + node->weights[BIAS].offset);
    k->batch_norm_gain(rows, n, run->slots[node->inputs[0]->id].y, n, mean, factor, dy, n,
                       run->gradients + node->weights[WEIGHT].offset);
}

/* The node's own gradients of all shards are the sums that dx needs. */
static void couple_backward(const rnni_node *node, const rnni_whole *whole)
{
    double rows = (double)(node->axis < 0 ? 0 : whole->rows[node->axis]);
    for (int32_t i = 0; node->axis < 0 && i < whole->count; i++) rows += (double)whole->runs[i].count;
    for (int64_t j = 0; j < node->features; j++) {
        double a = 0, b = 0;
        for (int32_t i = 0; i < whole->count; i++) {
            a += whole->runs[i].gradients[node->weights[BIAS].offset + j];
            b += whole->runs[i].gradients[node->weights[WEIGHT].offset + j];
        }
        shared_at(node, whole, A)[j] = (rnni_real)(rows > 0 ? a / rows : 0);
        shared_at(node, whole, B)[j] = (rnni_real)(rows > 0 ? b / rows : 0);
    }
}

static void backward(const rnni_node *node, rnni_run *run)
{
    const rnni_slot *slot = &run->slots[node->id], *x = &run->slots[node->inputs[0]->id];
    const rnni_real *mean, *factor;
    int64_t n = node->features;
    bool coupled = rnni_run_shared(run, node) != NULL;
    if (!coupled) gather_backward(node, run);
    if (!x->dy) return;
    find_statistics(node, run, &mean, &factor);
    rnni_real *zeros = (rnni_real *)slot->saved + n;
    if (!coupled) memset(zeros, 0, (size_t)n * sizeof *zeros);
    run->kernels->batch_norm_backward(
        rnni_run_rows(run, node), n, x->y, n, mean, factor, rnni_weight_at(node, run->graph->weights, WEIGHT),
        coupled ? shared_at(node, run->whole, A) : zeros, coupled ? shared_at(node, run->whole, B) : zeros,
        slot->dy, n, x->dy, n);
}

static const int32_t settings[] = { RNN_LAYER_EPSILON, RNN_LAYER_MOMENTUM, RNNI_TRAINING_SETTINGS, 0 };

const rnni_op rnni_op_batch_norm = {
    .name = "batch_norm", .version = 1, .min_inputs = 1, .max_inputs = 1, .settings = settings,
    .infer = infer, .plan = plan, .forward = forward, .backward = backward, .shared_size = shared_size,
    .gather = gather, .couple = couple, .gather_backward = gather_backward,
    .couple_backward = couple_backward,
};

rnn_layer_t *rnn_batch_norm(rnn_model_t *model, rnn_layer_t *x)
{
    return rnni_construct(model, &rnni_op_batch_norm, &x, 1);
}
