/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "core/pool.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

#define CHUNK \
    32768 /* weights that a thread updates in one go; updates are element by element, so it does not show */

/* Numbers that are trained; they lie in front of those that are not. */
static int64_t trained_total(const rnn_trainer_t *t) { return rnni_graph_of_const(t->model)->trained_total; }

/* ---- Parts ---- */

static int32_t count_parts(const rnni_graph *graph)
{
    int32_t count = 0;
    for (int32_t i = 0; i < graph->count; i++)
        for (int32_t j = 0; j < graph->nodes[i]->weight_count; j++)
            count += !graph->nodes[i]->weights[j].fixed;
    return count;
}

rnn_status_t rnni_parts_init(rnn_trainer_t *t)
{
    const rnni_graph *graph = rnni_graph_of_const(t->model);
    t->part_count = count_parts(graph);
    t->parts = rnni_alloc_array(t->context, (size_t)t->part_count, sizeof(*t->parts));
    if (t->part_count > 0 && !t->parts) return RNN_ERROR_MEMORY;
    rnni_part *part = t->parts;
    for (int32_t i = 0; i < graph->count; i++)
        for (int32_t j = 0; j < graph->nodes[i]->weight_count; j++) {
            const rnni_weight *weight = &graph->nodes[i]->weights[j];
            if (weight->fixed) continue;
            *part++ = (rnni_part){ graph->nodes[i], weight, t->chunks };
            t->chunks += (weight->count + CHUNK - 1) / CHUNK;
        }
    return RNN_OK;
}

void rnni_parts_release(rnn_trainer_t *t)
{
    rnni_free(t->context, t->parts, (size_t)t->part_count * sizeof(*t->parts));
    t->parts = NULL;
}

static bool is_frozen(const rnni_part *part) { return rnni_node_int(part->node, RNN_LAYER_TRAINABLE) == 0; }

void rnni_parts_freeze(rnn_trainer_t *t)
{
    for (int32_t i = 0; i < t->part_count; i++)
        if (is_frozen(&t->parts[i]))
            memset(t->train.gradients + t->parts[i].weight->offset, 0,
                   (size_t)t->parts[i].weight->count * sizeof(*t->train.gradients));
}

/* ---- Clip ---- */

static rnn_status_t after_backward(const rnn_trainer_t *t, const char *what)
{
    RNNI_TRY(rnni_trainer_idle(t, what));
    RNNI_REQUIRE(t->differentiated, RNN_ERROR_STATE, "%s: there are no gradients yet (rnn_trainer_backward)",
                 what);
    return RNN_OK;
}

double rnni_trainer_scale_to(rnn_trainer_t *t, double limit)
{
    int64_t count = trained_total(t);
    uint64_t mode = rnni_denormals_flush();
    double norm = rnni_global_norm(t->kernels, count, t->train.gradients);
    if (norm > limit)
        t->kernels->scale(count, (rnni_real)(limit / norm), t->train.gradients, t->train.gradients);
    rnni_denormals_restore(mode);
    return norm;
}

void rnni_trainer_limit_to(rnn_trainer_t *t, double limit)
{
    const rnni_real most = (rnni_real)limit, least = -most;
    rnni_real *g = t->train.gradients;
    for (int64_t i = 0, count = trained_total(t); i < count; i++) { /* NaN stays NaN */
        g[i] = g[i] > most ? most : g[i];
        g[i] = g[i] < least ? least : g[i];
    }
}

rnn_status_t rnn_trainer_clip(rnn_trainer_t *t, double limit, double *norm)
{
    RNNI_TRY(after_backward(t, "rnn_trainer_clip"));
    RNNI_REQUIRE(limit >= 0, RNN_ERROR_RANGE, "rnn_trainer_clip: the limit is %g, expected 0 or more", limit);
    rnni_parts_freeze(t);
    double before = rnni_trainer_scale_to(t, limit);
    if (norm) *norm = before;
    return RNN_OK;
}

rnn_status_t rnn_trainer_clip_value(rnn_trainer_t *t, double limit)
{
    RNNI_TRY(after_backward(t, "rnn_trainer_clip_value"));
    RNNI_REQUIRE(limit >= 0, RNN_ERROR_RANGE, "rnn_trainer_clip_value: the limit is %g, expected 0 or more",
                 limit);
    rnni_parts_freeze(t);
    rnni_trainer_limit_to(t, limit);
    return RNN_OK;
}

/* ---- Update ---- */

rnn_status_t rnni_trainer_prepare(rnn_trainer_t *t)
{
    int wanted = t->optim->states(t->optim_settings);
    for (int i = 0; i < wanted; i++) {
        if (t->state[i]) continue;
        t->state[i] = rnni_alloc_array(t->context, (size_t)rnni_graph_of_const(t->model)->weight_total,
                                       sizeof(*t->state[i]));
        if (!t->state[i]) return RNN_ERROR_MEMORY;
    }
    return RNN_OK;
}

/* What decays a part's weights: `coupled` through their gradients, or by the optimizer. */
typedef struct { double coupled, decoupled; } decays;

static decays decays_of(const rnn_trainer_t *t, const rnni_part *part)
{
    double decay = 0, l2 = part->weight->rank == 2 ? rnni_node_get(part->node, RNN_LAYER_L2) : 0;
    if (rnni_node_int(part->node, RNN_LAYER_DECAY))
        decay = rnni_optim_setting(t->optim_settings, RNN_OPTIM_WEIGHT_DECAY);
    return (decays){ l2 + (t->optim->decoupled ? 0 : decay), t->optim->decoupled ? decay : 0 };
}

static void update_part(rnn_trainer_t *t, const rnni_part *part, int64_t first, int64_t count)
{
    const int64_t at = part->weight->offset + first;
    decays decay = decays_of(t, part);
    rnni_update update = { .kernels = t->kernels,
                           .settings = t->optim_settings,
                           .learning_rate = t->rate * rnni_node_get(part->node, RNN_LAYER_RATE_SCALE),
                           .step = t->updates,
                           .count = count,
                           .weights = rnni_graph_of(t->model)->weights + at,
                           .gradients = t->train.gradients + at,
                           .decay = decay.coupled,
                           .shrink = decay.decoupled };
    for (int i = 0; i < RNNI_OPTIM_STATES; i++) update.state[i] = t->state[i] ? t->state[i] + at : NULL;
    uint64_t mode = rnni_denormals_flush();
    rnni_optim_update(t->optim, &update);
    rnni_denormals_restore(mode);
}

/* The rows that a part's gradient has, where the others need no update; else NULL. */
static const rnni_touched *touched_rows(const rnn_trainer_t *t, const rnni_part *part)
{
    const rnni_touched *touched = &t->train.touched[part->node->id];
    decays decay = decays_of(t, part);
    bool rest = part->weight->sparse && !touched->all && t->optim->rests && t->optim->rests(t->optim_settings);
    return rest && decay.coupled == 0 && decay.decoupled == 0 ? touched : NULL;
}

/* Share number `index` of `count` of those rows. */
static void update_rows(rnn_trainer_t *t, const rnni_part *part, const rnni_touched *touched, int64_t index,
                        int64_t count)
{
    int64_t n = part->weight->shape[1];
    for (int64_t i = touched->count * index / count; i < touched->count * (index + 1) / count; i++)
        update_part(t, part, touched->rows[i] * n, n);
}

static void update_chunk(int64_t index, void *argument)
{
    rnn_trainer_t *t = argument;
    int32_t last = t->part_count - 1;
    while (t->parts[last].first_chunk > index) last--;
    const rnni_part *part = &t->parts[last];
    int64_t number = index - part->first_chunk, first = number * CHUNK, left = part->weight->count - first;
    if (is_frozen(part)) return;
    const rnni_touched *touched = touched_rows(t, part);
    if (touched) update_rows(t, part, touched, number, (part->weight->count + CHUNK - 1) / CHUNK);
    else update_part(t, part, first, left < CHUNK ? left : CHUNK);
}

rnn_status_t rnni_trainer_update(rnn_trainer_t *t, double rate)
{
    t->updates++;
    t->rate = rate;
    rnni_parallel(t->context, t->chunks, update_chunk, t);
    return rnni_trainer_weights_changed(t);
}

rnn_status_t rnni_trainer_weights_changed(rnn_trainer_t *t)
{
    atomic_fetch_add(&t->model->version, 1);
    return rnni_graph_pack(rnni_graph_of(t->model), 1);
}

rnn_status_t rnn_trainer_step(rnn_trainer_t *t)
{
    RNNI_TRY(after_backward(t, "rnn_trainer_step"));
    RNNI_TRY(rnni_trainer_prepare(t));
    return rnni_trainer_update(t, rnni_train_rate(t));
}
