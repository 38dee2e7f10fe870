/* SPDX-License-Identifier: MIT */
#include "item.h"

#include <stdlib.h>
#include <string.h>

static double uniform(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) / 9007199254740992.0;
}

/* ---- the model */

static rnn_layer_t *recurrent(rnn_model_t *m, rnn_layer_t *x, const bench_work *w, int64_t units)
{
    rnn_layer_t *h = NULL;
    if (!strcmp(w->cell, "rnn")) h = rnn_simple_rnn(m, x, units);
    if (!strcmp(w->cell, "lstm")) h = rnn_lstm(m, x, units);
    if (!strcmp(w->cell, "gru")) h = rnn_gru(m, x, units);
    if (h && w->bidirectional) rnn_layer_set_int(h, RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL);
    return h;
}

/* Linear outputs everywhere: losses are taken on logits, as the peers take them. */
static rnn_model_t *make_model(rnn_context_t *context, const bench_work *w)
{
    rnn_model_t *m = rnn_model_create(context);
    if (!m) return NULL;
    rnn_layer_t *h = w->vocab ? rnn_embedding(m, rnn_input_tokens(m, "x"), w->vocab, w->embed)
                              : rnn_input_values(m, "x", w->input);
    for (int64_t i = 0; i < w->layers; i++) h = recurrent(m, h, w, w->hidden[i]);
    if (!strcmp(w->head, "last")) h = rnn_last(m, h);
    if (strcmp(w->head, "none") != 0) h = rnn_dense(m, h, w->classes, RNN_LINEAR);
    rnn_model_set_output(m, h, "y");
    if (rnn_model_build(m) == RNN_OK) return m;
    rnn_model_free(m);
    return NULL;
}

/* ---- its data */

/* Random ids below `limit`, or random numbers when `limit` is 0. */
static rnn_tensor_t *random_tensor(rnn_context_t *context, int64_t limit, int32_t rank, const int64_t *shape)
{
    rnn_tensor_t *t = rnn_tensor_create(context, limit ? RNN_I32 : RNN_F32, rank, shape);
    for (int64_t i = 0; t && i < rnn_tensor_count(t); i++)
        rnn_tensor_set(t, i, limit ? (double)(int64_t)(uniform() * (double)limit) : 2 * uniform() - 1);
    return t;
}

/* Lengths of 1 to `steps`, one of them `steps`, so that the batch is as long as it says. */
static rnn_status_t add_lengths(bench_item *b, rnn_context_t *context)
{
    const bench_work *w = b->work;
    b->useful_steps = w->batch * w->steps;
    if (strcmp(w->lengths, "uniform") != 0) return RNN_OK;
    b->lengths = rnn_tensor_create(context, RNN_I64, 1, &w->batch);
    if (!b->lengths) return RNN_ERROR_MEMORY;
    b->useful_steps = 0;
    for (int64_t i = 0; i < w->batch; i++) {
        int64_t length = i ? 1 + (int64_t)(uniform() * (double)w->steps) : w->steps;
        rnn_tensor_set(b->lengths, i, (double)length);
        b->useful_steps += length;
    }
    return RNN_OK;
}

static rnn_status_t add_inputs(bench_item *b, rnn_context_t *context)
{
    const bench_work *w = b->work;
    int64_t shape[] = { w->batch, w->steps, w->input };
    rnn_tensor_t *x = random_tensor(context, w->vocab, w->vocab ? 2 : 3, shape);
    rnn_status_t status = rnn_batch_set_input(b->batch, 0, x, b->lengths);
    rnn_tensor_free(x);
    return status;
}

static rnn_status_t add_targets(bench_item *b, rnn_context_t *context)
{
    const bench_work *w = b->work;
    int whole = !strcmp(w->head, "all"), values = !strcmp(w->loss, "mse");
    int64_t limit = values ? 0 : !strcmp(w->loss, "bce") ? 2 : w->classes;
    int64_t shape[] = { w->batch, whole ? w->steps : w->classes, w->classes };
    rnn_tensor_t *y = random_tensor(context, limit, (whole ? 2 : 1) + values, shape);
    rnn_status_t status = rnn_batch_set_target(b->batch, 0, y, whole ? b->lengths : NULL);
    rnn_tensor_free(y);
    return status;
}

/* ---- one of each kind */

static int32_t loss_of(const bench_work *w)
{
    if (!strcmp(w->loss, "ce")) return RNN_LOSS_CROSS_ENTROPY;
    return !strcmp(w->loss, "bce") ? RNN_LOSS_BINARY_CROSS_ENTROPY : RNN_LOSS_MSE;
}

static int32_t optimizer_of(const bench_work *w)
{
    if (!strcmp(w->optimizer, "adam")) return RNN_OPTIM_ADAM;
    return !strcmp(w->optimizer, "rmsprop") ? RNN_OPTIM_RMSPROP : RNN_OPTIM_SGD;
}

/* RNN_PRECISION_*, or -1. */
static int32_t precision_of(const bench_work *w)
{
    const char *name;
    for (int32_t p = 0; (name = rnn_precision_name(p)); p++)
        if (!strcmp(w->precision, name)) return p;
    return -1;
}

/* Without a head there is no loss: the outputs' gradients come from outside, and the input's are wanted. */
static rnn_status_t prepare_training(bench_item *b, rnn_context_t *context)
{
    const bench_work *w = b->work;
    if (!(b->trainer = rnn_trainer_create(b->model))) return RNN_ERROR_ARGUMENT;
    rnn_trainer_set_int(b->trainer, RNN_TRAIN_RECOMPUTE, w->recompute);
    rnn_trainer_set_int(b->trainer, RNN_TRAIN_PRECISION,
                        precision_of(w) < 0 ? RNN_PRECISION_F32 : precision_of(w));
    if (!strcmp(w->head, "none")) {
        int64_t shape[] = { w->batch, w->steps, rnn_model_output_features(b->model, 0) };
        b->upstream = random_tensor(context, 0, 3, shape);
        return b->upstream ? rnn_trainer_input_gradient(b->trainer, 0, NULL) : RNN_ERROR_MEMORY;
    }
    rnn_status_t status = rnn_trainer_set_loss(b->trainer, NULL, loss_of(w));
    if (!status) status = rnn_trainer_set_optimizer(b->trainer, optimizer_of(w), 1e-3);
    return status ? status : add_targets(b, context);
}

static rnn_status_t prepare_stream(bench_item *b)
{
    const bench_work *w = b->work;
    b->useful_steps = 1;
    b->state = rnn_state_create(b->model);
    b->in = calloc((size_t)w->input + 1, sizeof *b->in);
    b->out = b->state ? calloc((size_t)rnn_state_output_size(b->state), sizeof *b->out) : NULL;
    for (int64_t i = 0; b->in && i < w->input; i++) b->in[i] = (float)(2 * uniform() - 1);
    return b->out && b->in ? RNN_OK : RNN_ERROR_MEMORY;
}

const char *bench_item_refusal(const bench_work *w)
{
    if (*w->precision && precision_of(w) < 0) return "precision: expected f32, bf16, int8 or int8_weights";
    if (precision_of(w) > RNN_PRECISION_BF16 && !strcmp(w->kind, "train"))
        return "precision: training is done in f32 or bf16";
    if (*w->lengths && strcmp(w->lengths, "uniform") != 0) return "lengths: 'uniform' or nothing is expected";
    if (*w->lengths && !strcmp(w->kind, "stream")) return "lengths: a stream has none";
    return NULL;
}

rnn_status_t bench_item_prepare(bench_item *b, rnn_context_t *context, const bench_work *w)
{
    *b = (bench_item){ .work = w };
    if (!(b->model = make_model(context, w))) return RNN_ERROR_ARGUMENT;
    if (precision_of(w) > RNN_PRECISION_F32 && strcmp(w->kind, "train") != 0) {
        rnn_status_t status = rnn_model_set_precision(b->model, precision_of(w));
        if (status) return status;
    }
    if (!strcmp(w->kind, "stream")) return prepare_stream(b);
    if (!(b->batch = rnn_batch_create(context))) return RNN_ERROR_MEMORY;
    rnn_status_t status = add_lengths(b, context);
    if (!status) status = add_inputs(b, context);
    return status || strcmp(w->kind, "train") != 0 ? status : prepare_training(b, context);
}

void bench_item_release(bench_item *b)
{
    rnn_tensor_free(b->lengths);
    rnn_tensor_free(b->upstream);
    rnn_batch_free(b->batch);
    rnn_state_free(b->state);
    rnn_trainer_free(b->trainer);
    rnn_model_free(b->model);
    free(b->in);
    free(b->out);
}

static rnn_status_t train_item(bench_item *b)
{
    double loss;
    rnn_status_t status = rnn_trainer_forward(b->trainer, b->batch, b->upstream ? NULL : &loss);
    if (status) return status;
    if (b->upstream) {
        rnn_tensor_t *gradient = NULL;
        status = rnn_trainer_backward_from(b->trainer, (const rnn_tensor_t *const[]){ b->upstream }, 1);
        if (!status) status = rnn_trainer_input_gradient(b->trainer, 0, &gradient);
        rnn_tensor_free(gradient);
        return status;
    }
    status = rnn_trainer_backward(b->trainer);
    return status ? status : rnn_trainer_step(b->trainer);
}

int32_t bench_item_run(void *user)
{
    bench_item *b = user;
    if (b->trainer) return train_item(b);
    if (b->state) {
        if (b->work->vocab) return rnn_state_step_token(b->state, (int32_t)(b->work->vocab / 2), b->out);
        return rnn_state_step(b->state, b->in, b->out);
    }
    rnn_tensor_t *output = NULL;
    rnn_status_t status = rnn_model_run(b->model, b->batch, &output, 1);
    rnn_tensor_free(output);
    return status;
}
