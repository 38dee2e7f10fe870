/* SPDX-License-Identifier: MIT */
#ifndef GOLDEN_MODEL_H
#define GOLDEN_MODEL_H

#include "goldens/golden_case.h"
#include "layers/recurrent.h"

/* Checks of a model through the public interface: the caller has made the graph and named the ports; these
 * functions build it, give it the case's weights and inputs, and compare outputs, loss and all gradients. */

GOLDEN_STATIC void golden_input(golden_case *c, const char *tensor)
{
    c->inputs[c->input_count++] = tensor;
}

GOLDEN_STATIC void golden_output(golden_case *c, rnn_layer_t *layer, const char *tensor, const char *upstream)
{
    c->outputs[c->output_count] = tensor;
    c->upstream[c->output_count++] = upstream;
    golden_must(c, rnn_model_set_output(c->model, layer, tensor), "rnn_model_set_output");
}

/* Steps of the longest sequence where the case has lengths, else -1. */
GOLDEN_STATIC int64_t golden_longest(golden_case *c)
{
    rnn_tensor_t *lengths = golden_maybe(c, "lengths");
    int64_t longest = lengths ? 0 : -1;
    for (int64_t i = 0; lengths && i < rnn_tensor_count(lengths); i++)
        longest = (int64_t)fmax((double)longest, rnn_tensor_get(lengths, i));
    return longest;
}

/* A tensor of the case in the library's layout: PyTorch's states [layers * directions, B, H] become vectors
 * [B, layers * directions * H]; sequences lose the steps that all of them have as padding. */
GOLDEN_STATIC rnn_tensor_t *golden_port(golden_case *c, const char *name)
{
    static const char *const states[] = { "h0", "c0", "hn", "cn", "ghn", "gcn", "d_h0", "d_c0" };
    rnn_tensor_t *tensor = golden_need(c, name);
    size_t i = 0;
    while (i < sizeof states / sizeof *states && strcmp(states[i], name) != 0) i++;
    if (rnn_tensor_rank(tensor) != 3) return tensor;
    if (i == sizeof states / sizeof *states) {
        int64_t longest = golden_longest(c);
        if (longest < 0 || longest >= rnn_tensor_size(tensor, 1)) return tensor;
        return golden_keep(c, rnn_tensor_slice(tensor, 1, 0, longest), "rnn_tensor_slice");
    }
    rnn_tensor_t *turned = golden_keep(c, rnn_tensor_transpose(tensor, 0, 1), "rnn_tensor_transpose");
    int64_t shape[2] = { rnn_tensor_size(turned, 0),
                         rnn_tensor_size(turned, 1) * rnn_tensor_size(turned, 2) };
    rnn_tensor_t *flat = golden_new(c, RNN_F64, 2, shape);
    for (int64_t k = 0; k < rnn_tensor_count(flat); k++)
        golden_must(c, rnn_tensor_set(flat, k, rnn_tensor_get(turned, k)), "rnn_tensor_set");
    return flat;
}

/* The case's name of a weight: the part after the layer's. A layer that only runs in reverse may leave
 * PyTorch's suffix out. */
GOLDEN_STATIC const char *golden_weight(golden_case *c, const char *prefix, const char *weight, char *out,
                                        size_t size)
{
    const char *dot = strrchr(weight, '.');
    const char *own = dot ? dot + 1 : weight;
    snprintf(out, size, "%s%s", prefix, own);
    if (!rnni_safetensors_find(c->file, out)) snprintf(out, size, "%s%s_reverse", prefix, own);
    if (!rnni_safetensors_find(c->file, out)) golden_fail(c, weight, "the case has no such weight");
    return out;
}

GOLDEN_STATIC void golden_set_weights(golden_case *c)
{
    char name[128];
    for (int64_t i = 0; i < rnn_model_weights(c->model); i++) {
        const char *weight = rnn_model_weight_name(c->model, i);
        if (strstr(weight, ".running_") && c->trains_otherwise) continue;
        rnn_tensor_t *values = golden_need(c, golden_weight(c, "", weight, name, sizeof name));
        golden_must(c, rnn_model_set_weight(c->model, weight, values), weight);
    }
}

/* The case's fixed masks in place of random ones; they live as long as the case. */
GOLDEN_STATIC void golden_set_masks(golden_case *c)
{
    static const char *const names[4] = { "input_mask", "recurrent_mask", "hidden_keep_mask",
                                          "cell_keep_mask" };
    const rnni_real *masks[4] = { NULL, NULL, NULL, NULL };
    for (int i = 0; i < 4; i++) {
        rnn_tensor_t *mask = golden_maybe(c, names[i]);
        if (mask) masks[i] = rnn_tensor_const_data(golden_real(c, mask));
    }
    rnni_recurrent_set_masks(c->masked, masks[0], masks[1]);
    rnni_recurrent_set_zoneout(c->masked, masks[2], masks[3]);
}

GOLDEN_STATIC void golden_fill_batch(golden_case *c)
{
    c->batch = rnn_batch_create(c->context);
    if (!c->batch) golden_fail(c, "rnn_batch_create", rnn_last_error());
    rnn_tensor_t *lengths = golden_maybe(c, "lengths"), *mask = golden_maybe(c, "mask");
    for (int i = 0; i < c->input_count; i++) {
        rnn_tensor_t *data = golden_port(c, c->inputs[i]);
        golden_must(c, rnn_batch_set_input(c->batch, i, data, i == 0 ? lengths : NULL), c->inputs[i]);
    }
    if (mask) golden_must(c, rnn_batch_set_mask(c->batch, 0, mask), "rnn_batch_set_mask");
}

/* Prediction, which keeps nothing for a backward. */
GOLDEN_STATIC void golden_check_run(golden_case *c)
{
    rnn_tensor_t *outputs[GOLDEN_PORTS];
    golden_must(c, rnn_model_run(c->model, c->batch, outputs, c->output_count), "rnn_model_run");
    for (int i = 0; i < c->output_count; i++) golden_keep(c, outputs[i], c->outputs[i]);
    for (int i = 0; i < c->output_count; i++)
        golden_compare(c, c->outputs[i], outputs[i], golden_port(c, c->outputs[i]));
}

/* Outputs in training mode, and the loss sum(output * upstream). Its error is measured against the size of
 * its terms before they cancel: ||output|| ||upstream||. */
GOLDEN_STATIC void golden_check_outputs(golden_case *c)
{
    double loss = 0, terms = 0;
    for (int i = 0; i < c->output_count; i++) {
        rnn_tensor_t *got = NULL, *upstream = golden_port(c, c->upstream[i]);
        golden_must(c, rnn_trainer_output(c->trainer, i, &got), c->outputs[i]);
        golden_keep(c, got, c->outputs[i]);
        golden_compare(c, c->outputs[i], got, golden_port(c, c->outputs[i]));
        for (int64_t k = 0; k < rnn_tensor_count(got); k++)
            loss += rnn_tensor_get(got, k) * rnn_tensor_get(upstream, k);
        terms += golden_norm(got) * golden_norm(upstream);
    }
    double want = rnn_tensor_get(golden_need(c, "loss"), 0);
    golden_note(c, "loss", fabs(loss - want), fabs(want), terms);
}

GOLDEN_STATIC void golden_check_gradients(golden_case *c)
{
    char name[128];
    for (int64_t i = 0; i < rnn_model_weights(c->model); i++) {
        const char *weight = rnn_model_weight_name(c->model, i);
        if (strstr(weight, ".running_")) continue; /* not trained */
        rnn_tensor_t *got = golden_keep(c, rnn_trainer_gradient(c->trainer, weight), weight);
        golden_weight(c, "d_", weight, name, sizeof name);
        if (c->frozen) golden_note(c, name, golden_norm(got), 0, 1);
        else golden_compare(c, name, got, golden_need(c, name));
    }
    for (int i = 0; i < c->input_count; i++) {
        rnn_tensor_t *got = NULL;
        snprintf(name, sizeof name, "d_%s", c->inputs[i]);
        if (!rnni_safetensors_find(c->file, name)) continue; /* token ids */
        golden_must(c, rnn_trainer_input_gradient(c->trainer, i, &got), name);
        golden_compare(c, name, golden_keep(c, got, name), golden_port(c, name));
    }
    if (c->gradients != golden_gradients(c->file))
        golden_fail(c, "gradients", "the model lacks some of the case's");
}

/* Running statistics, which one forward in training has moved. */
GOLDEN_STATIC void golden_check_running(golden_case *c)
{
    char name[128];
    for (int64_t i = 0; i < rnn_model_weights(c->model); i++) {
        const char *weight = rnn_model_weight_name(c->model, i), *own = strstr(weight, "running_");
        if (!own) continue;
        snprintf(name, sizeof name, "%s_after", own);
        golden_compare(c, name, golden_keep(c, rnn_model_weight(c->model, weight), weight),
                       golden_need(c, name));
    }
}

GOLDEN_STATIC void golden_check_training(golden_case *c)
{
    const rnn_tensor_t *upstream[GOLDEN_PORTS];
    c->trainer = rnn_trainer_create(c->model);
    if (!c->trainer) golden_fail(c, "rnn_trainer_create", rnn_last_error());
    for (int i = 0; i < c->input_count; i++) {
        if (strcmp(c->inputs[i], "ids") == 0) continue;
        golden_must(c, rnn_trainer_input_gradient(c->trainer, i, NULL), "rnn_trainer_input_gradient");
    }
    golden_must(c, rnn_trainer_forward(c->trainer, c->batch, NULL), "rnn_trainer_forward");
    golden_check_outputs(c);
    if (c->trains_otherwise) golden_check_running(c);
    for (int i = 0; i < c->output_count; i++) upstream[i] = golden_port(c, c->upstream[i]);
    golden_must(c, rnn_trainer_backward_from(c->trainer, upstream, c->output_count),
                "rnn_trainer_backward_from");
    golden_check_gradients(c);
}

/* The precision that cases are run with; below F32 their outputs are compared, nothing else. */
static int32_t golden_precision = RNN_PRECISION_F32;

GOLDEN_STATIC void golden_check_model(golden_case *c)
{
    golden_must(c, rnn_model_build(c->model), "rnn_model_build");
    golden_set_weights(c);
    golden_fill_batch(c);
    if (golden_precision != RNN_PRECISION_F32) {
        if (c->masked || c->trains_otherwise) golden_stop(c, GOLDEN_SKIPPED, "training", "at f32 alone");
        golden_must(c, rnn_model_set_precision(c->model, golden_precision), "rnn_model_set_precision");
        golden_check_run(c);
        return;
    }
    if (c->masked)
        golden_set_masks(c);
    else if (!c->trains_otherwise)
        golden_check_run(c);
    golden_check_training(c);
}

#endif
