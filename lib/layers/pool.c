/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "layers/ops.h"
#include "layers/recurrent.h"

/* From a sequence to one vector a sequence: last, mean, max. Steps are taken in order, so a stream that
 * carries its running values gives the same bits as the whole sequence. */

static rnn_status_t infer(rnni_node *node)
{
    const rnni_node *x = node->inputs[0];
    RNNI_REQUIRE(x->flow == RNNI_FLOW_SEQUENCE, RNN_ERROR_SHAPE,
                 "layer %s reads a sequence of values, '%s' gives %s", node->name, x->name,
                 x->flow == RNNI_FLOW_TOKENS ? "token ids" : "one vector a sequence");
    node->flow = RNNI_FLOW_VECTOR;
    node->axis = -1;
    node->features = x->features;
    return RNN_OK;
}

static const rnni_axis *axis_of(const rnni_node *node, const rnni_run *run)
{
    return &run->axes[node->inputs[0]->axis];
}

/* ---- last */

/* On a recurrent layer: the top layer's final state of each direction, merged as the layer merges. */
static void last_of_recurrent(const rnni_node *node, rnni_run *run)
{
    const rnni_node *source = node->inputs[0];
    const rnni_recurrent *r = rnni_recurrent_of(source);
    const rnni_kernels *k = run->kernels;
    int32_t top = r->passes - r->directions;
    for (int64_t b = 0; b < run->count; b++) {
        rnni_real *y = run->slots[node->id].y + b * node->features;
        const rnni_real *a = rnni_final_at(run, source, run->slots[source->id].final, 0, b, top);
        if (r->directions == 1 || r->merge == RNN_MERGE_CONCAT) {
            memcpy(y, a, (size_t)node->features * sizeof *y);
            continue;
        }
        if (r->merge == RNN_MERGE_MUL) k->multiply(r->o, a, a + r->o, y);
        else k->add(r->o, a, a + r->o, y);
        if (r->merge == RNN_MERGE_AVE) k->scale(r->o, (rnni_real)0.5, y, y);
    }
}

static void last_of_recurrent_backward(const rnni_node *node, rnni_run *run)
{
    const rnni_node *source = node->inputs[0];
    const rnni_recurrent *r = rnni_recurrent_of(source);
    const rnni_kernels *k = run->kernels;
    int32_t top = r->passes - r->directions;
    for (int64_t b = 0; b < run->count; b++) {
        const rnni_real *dy = run->slots[node->id].dy + b * node->features;
        const rnni_real *a = rnni_final_at(run, source, run->slots[source->id].final, 0, b, top);
        rnni_real *da = rnni_final_at(run, source, run->slots[source->id].dfinal, 0, b, top);
        if (r->directions == 1 || r->merge == RNN_MERGE_CONCAT) {
            k->axpy(node->features, 1, dy, da);
        } else if (r->merge == RNN_MERGE_MUL) {
            k->multiply_add(r->o, dy, a + r->o, da);
            k->multiply_add(r->o, dy, a, da + r->o);
        } else {
            rnni_real factor = r->merge == RNN_MERGE_AVE ? (rnni_real)0.5 : 1;
            k->axpy(r->o, factor, dy, da);
            k->axpy(r->o, factor, dy, da + r->o);
        }
    }
}

static void forward_last(const rnni_node *node, rnni_run *run)
{
    if (rnni_is_recurrent(node->inputs[0])) {
        last_of_recurrent(node, run);
        return;
    }
    const rnni_axis *axis = axis_of(node, run);
    const rnni_real *x = run->slots[node->inputs[0]->id].y;
    int64_t n = node->features;
    for (int64_t s = 0; s < axis->count; s++) {
        rnni_real *y = run->slots[node->id].y + axis->order[s] * n;
        if (axis->lengths[s])
            memcpy(y, x + (axis->offset[axis->lengths[s] - 1] + s) * n, (size_t)n * sizeof *y);
        else if (run->stream && !run->fresh) memcpy(y, run->slots[node->id].carried, (size_t)n * sizeof *y);
        else memset(y, 0, (size_t)n * sizeof *y);
    }
    if (run->stream) memcpy(run->slots[node->id].carried, run->slots[node->id].y, (size_t)n * sizeof *x);
}

/* A stream remembers the last step for when the next one is masked; a recurrent layer remembers it itself. */
static int64_t last_state_size(const rnni_node *node)
{
    return rnni_is_recurrent(node->inputs[0]) ? 0 : node->features;
}

static void backward_last(const rnni_node *node, rnni_run *run)
{
    if (rnni_is_recurrent(node->inputs[0])) {
        last_of_recurrent_backward(node, run);
        return;
    }
    const rnni_axis *axis = axis_of(node, run);
    rnni_real *dx = run->slots[node->inputs[0]->id].dy;
    int64_t n = node->features;
    for (int64_t s = 0; dx && s < axis->count && axis->lengths[s]; s++)
        run->kernels->axpy(n, 1, run->slots[node->id].dy + axis->order[s] * n,
                           dx + (axis->offset[axis->lengths[s] - 1] + s) * n);
}

const rnni_op rnni_op_last = {
    .name = "last", .version = 1, .min_inputs = 1, .max_inputs = 1,
    .infer = infer, .forward = forward_last, .backward = backward_last, .state_size = last_state_size,
};

/* ---- mean and max: running values, carried by a stream as [features] and the number of steps seen */

static int64_t state_size(const rnni_node *node) { return node->features + 1; }

/* Running values [count][features] in sorted order, and how many steps they have seen before this run. */
static void plan(const rnni_node *node, rnni_run *run)
{
    run->slots[node->id].saved = rnni_run_take(run, run->count * node->features);
}

static rnni_real seen_before(const rnni_node *node, const rnni_run *run, rnni_real *running)
{
    const rnni_real *carried = run->slots[node->id].carried;
    memset(running, 0, (size_t)(run->count * node->features) * sizeof *running);
    if (!run->stream || run->fresh) return 0;
    memcpy(running, carried, (size_t)node->features * sizeof *running);
    return carried[node->features];
}

static void carry(const rnni_node *node, const rnni_run *run, const rnni_real *running, rnni_real seen)
{
    rnni_real *carried = run->slots[node->id].carried;
    if (!run->stream) return;
    memcpy(carried, running, (size_t)node->features * sizeof *carried);
    carried[node->features] = seen;
}

static void forward_mean(const rnni_node *node, rnni_run *run)
{
    const rnni_axis *axis = axis_of(node, run);
    const rnni_real *x = run->slots[node->inputs[0]->id].y;
    rnni_real *sum = run->slots[node->id].saved;
    int64_t n = node->features;
    rnni_real seen = seen_before(node, run, sum);
    for (int64_t t = 0; t < axis->steps; t++)
        run->kernels->axpy(axis->active[t] * n, 1, x + axis->offset[t] * n, sum);
    for (int64_t s = 0; s < axis->count; s++) {
        rnni_real steps = seen + (rnni_real)axis->lengths[s];
        run->kernels->scale(n, steps > 0 ? 1 / steps : 0, sum + s * n,
                            run->slots[node->id].y + axis->order[s] * n);
    }
    carry(node, run, sum, seen + (rnni_real)(run->count ? axis->lengths[0] : 0));
}

static void backward_mean(const rnni_node *node, rnni_run *run)
{
    const rnni_axis *axis = axis_of(node, run);
    rnni_real *dx = run->slots[node->inputs[0]->id].dy;
    int64_t n = node->features;
    for (int64_t t = 0; dx && t < axis->steps; t++)
        for (int64_t s = 0; s < axis->active[t]; s++)
            run->kernels->axpy(n, 1 / (rnni_real)axis->lengths[s],
                               run->slots[node->id].dy + axis->order[s] * n, dx + (axis->offset[t] + s) * n);
}

static void forward_max(const rnni_node *node, rnni_run *run)
{
    const rnni_axis *axis = axis_of(node, run);
    const rnni_real *x = run->slots[node->inputs[0]->id].y;
    rnni_real *best = run->slots[node->id].saved;
    int64_t n = node->features;
    rnni_real seen = seen_before(node, run, best);
    for (int64_t t = 0; t < axis->steps; t++) {
        const rnni_real *row = x + axis->offset[t] * n;
        if (t == 0 && seen == 0) memcpy(best, row, (size_t)(axis->active[0] * n) * sizeof *best);
        for (int64_t i = 0; i < axis->active[t] * n; i++) best[i] = row[i] > best[i] ? row[i] : best[i];
    }
    for (int64_t s = 0; s < axis->count; s++)
        memcpy(run->slots[node->id].y + axis->order[s] * n, best + s * n, (size_t)n * sizeof *best);
    carry(node, run, best, seen + (rnni_real)(run->count ? axis->lengths[0] : 0));
}

/* The first step that reached the maximum gets the gradient. */
static void backward_max(const rnni_node *node, rnni_run *run)
{
    const rnni_axis *axis = axis_of(node, run);
    const rnni_slot *in = &run->slots[node->inputs[0]->id], *slot = &run->slots[node->id];
    int64_t n = node->features;
    for (int64_t s = 0; in->dy && s < axis->count; s++) {
        const rnni_real *best = slot->y + axis->order[s] * n, *dy = slot->dy + axis->order[s] * n;
        for (int64_t i = 0; i < n; i++) {
            int64_t t = 0;
            while (t < axis->lengths[s] && in->y[(axis->offset[t] + s) * n + i] != best[i]) t++;
            if (t < axis->lengths[s]) in->dy[(axis->offset[t] + s) * n + i] += dy[i];
        }
    }
}

const rnni_op rnni_op_mean_pool = {
    .name = "mean_pool", .version = 1, .min_inputs = 1, .max_inputs = 1, .infer = infer, .plan = plan,
    .forward = forward_mean, .backward = backward_mean, .state_size = state_size,
};

const rnni_op rnni_op_max_pool = {
    .name = "max_pool", .version = 1, .min_inputs = 1, .max_inputs = 1, .infer = infer, .plan = plan,
    .forward = forward_max, .backward = backward_max, .state_size = state_size,
};

static rnn_layer_t *pool(rnn_model_t *model, const rnni_op *op, rnn_layer_t *x)
{
    return rnni_construct(model, op, &x, 1);
}

rnn_layer_t *rnn_last(rnn_model_t *model, rnn_layer_t *x) { return pool(model, &rnni_op_last, x); }
rnn_layer_t *rnn_mean_pool(rnn_model_t *model, rnn_layer_t *x) { return pool(model, &rnni_op_mean_pool, x); }
rnn_layer_t *rnn_max_pool(rnn_model_t *model, rnn_layer_t *x) { return pool(model, &rnni_op_max_pool, x); }
