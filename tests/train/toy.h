/* SPDX-License-Identifier: MIT */
#ifndef TOY_H
#define TOY_H

/* Small models and data for the tests of training: everything is made of fixed numbers. */

#include "harness.h"

#include <rnn/rnn.h>

#define TOY_UNUSED __attribute__((unused)) static

enum { TOY_WORDS = 10, TOY_STEPS = 6 };

TOY_UNUSED rnn_context_t *toy_context(int64_t threads)
{
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK(context);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, threads));
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_SEED, 7));
    return context;
}

/* Tokens -> embedding -> SimpleRNN -> last -> dense with `units` outputs. */
TOY_UNUSED rnn_model_t *toy_model(rnn_context_t *context, int64_t units, int32_t activation, double dropout)
{
    rnn_model_t *m = rnn_model_create(context);
    rnn_layer_t *x = rnn_embedding(m, rnn_input_tokens(m, "words"), TOY_WORDS, 4);
    rnn_layer_t *h = rnn_simple_rnn(m, x, 8);
    rnn_layer_set_float(h, RNN_LAYER_RECURRENT_DROPOUT, dropout);
    rnn_model_set_output(m, rnn_dense(m, rnn_last(m, h), units, activation), "answer");
    return m;
}

TOY_UNUSED rnn_model_t *toy_built(rnn_context_t *context, int64_t units, int32_t activation, double dropout)
{
    rnn_model_t *m = toy_model(context, units, activation, dropout);
    CHECK_OK(rnn_model_build(m));
    return m;
}

/* A number that looks random, from its position. */
TOY_UNUSED uint32_t toy_number(uint32_t position)
{
    uint32_t x = position * 2654435761u + 12345u;
    x ^= x >> 15;
    x *= 2246822519u;
    return x ^ x >> 13;
}

/* Sequences of 2 to 6 words from 1 on; sample i belongs to class (last word - 1) % classes. */
TOY_UNUSED void toy_fill(int64_t samples, int64_t classes, int32_t *ids, int64_t *lengths, int32_t *labels)
{
    for (int64_t i = 0; i < samples; i++) {
        lengths[i] = 2 + toy_number((uint32_t)i) % (TOY_STEPS - 1);
        for (int t = 0; t < TOY_STEPS; t++)
            ids[i * TOY_STEPS + t] = 1 + (int32_t)(toy_number((uint32_t)(1000 + i * TOY_STEPS + t)) %
                                                   (TOY_WORDS - 1));
        labels[i] = (int32_t)((ids[i * TOY_STEPS + lengths[i] - 1] - 1) % classes);
    }
}

TOY_UNUSED rnn_tensor_t *toy_wrap(int32_t dtype, int32_t rank, int64_t a, int64_t b, int64_t c, void *data)
{
    const int64_t shape[] = { a, b, c };
    return rnn_tensor_wrap(NULL, dtype, rank, shape, NULL, data);
}

/* NULL when memory runs out. */
TOY_UNUSED rnn_dataset_t *toy_try_data(rnn_context_t *context, int64_t samples, int64_t classes)
{
    static int32_t ids[1000 * TOY_STEPS], labels[1000];
    static int64_t lengths[1000];
    toy_fill(samples, classes, ids, lengths, labels);
    rnn_tensor_t *words = toy_wrap(RNN_I32, 2, samples, TOY_STEPS, 0, ids);
    rnn_tensor_t *steps = toy_wrap(RNN_I64, 1, samples, 0, 0, lengths);
    rnn_tensor_t *numbers = toy_wrap(RNN_I32, 1, samples, 0, 0, labels);
    rnn_dataset_t *data = rnn_dataset_create(context);
    rnn_status_t status = data ? rnn_dataset_add_input(data, words, steps) : RNN_ERROR_MEMORY;
    if (status == RNN_OK) status = rnn_dataset_add_target(data, numbers, NULL);
    rnn_tensor_free(words);
    rnn_tensor_free(steps);
    rnn_tensor_free(numbers);
    if (status == RNN_OK) return data;
    rnn_dataset_free(data);
    return NULL;
}

TOY_UNUSED rnn_dataset_t *toy_data(rnn_context_t *context, int64_t samples, int64_t classes)
{
    rnn_dataset_t *data = toy_try_data(context, samples, classes);
    CHECK(data);
    return data;
}

TOY_UNUSED rnn_trainer_t *toy_trainer(rnn_model_t *model, int32_t loss, int64_t epochs, int64_t batch)
{
    rnn_trainer_t *t = rnn_trainer_create(model);
    CHECK(t);
    CHECK_OK(rnn_trainer_set_loss(t, NULL, loss));
    CHECK_OK(rnn_trainer_set_optimizer(t, RNN_OPTIM_ADAM, 0.02));
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_EPOCHS, epochs));
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_BATCH, batch));
    return t;
}

/* What most tests hold; `data` may be NULL. */
typedef struct toy_run {
    rnn_context_t *context;
    rnn_model_t *model;
    rnn_dataset_t *data;
    rnn_trainer_t *trainer;
} toy_run;

TOY_UNUSED void toy_end(toy_run *r)
{
    rnn_trainer_free(r->trainer);
    rnn_dataset_free(r->data);
    rnn_model_free(r->model);
    rnn_context_free(r->context);
}

/* A file name of this process; 32 live at a time. */
TOY_UNUSED const char *toy_path(const char *name)
{
    static char path[32][64];
    static int which;
    which = (which + 1) % 32;
    snprintf(path[which], sizeof(path[which]), "/tmp/rnn_toy_%ld_%s", (long)getpid(), name);
    return path[which];
}

/* Figure `name` of epoch number `epoch`. */
TOY_UNUSED double toy_history(const rnn_trainer_t *t, const char *name, int64_t epoch)
{
    rnn_tensor_t *figures = rnn_trainer_history(t, name);
    CHECK(figures);
    CHECK(epoch < rnn_tensor_count(figures));
    double value = rnn_tensor_get(figures, epoch);
    rnn_tensor_free(figures);
    return value;
}

/* All weights of two models have the same bits. */
TOY_UNUSED void toy_check_same(rnn_model_t *a, rnn_model_t *b)
{
    CHECK_INT(rnn_model_weights(a), rnn_model_weights(b));
    for (int64_t i = 0; i < rnn_model_weights(a); i++) {
        rnn_tensor_t *u = rnn_model_weight(a, rnn_model_weight_name(a, i));
        rnn_tensor_t *v = rnn_model_weight(b, rnn_model_weight_name(b, i));
        size_t size = (size_t)(rnn_tensor_count(u) * rnn_dtype_size(rnn_tensor_dtype(u)));
        CHECK_BYTES(rnn_tensor_const_data(u), rnn_tensor_const_data(v), size);
        rnn_tensor_free(u);
        rnn_tensor_free(v);
    }
}

TOY_UNUSED int toy_is_same(rnn_model_t *a, rnn_model_t *b)
{
    int same = 1;
    for (int64_t i = 0; i < rnn_model_weights(a); i++) {
        rnn_tensor_t *u = rnn_model_weight(a, rnn_model_weight_name(a, i));
        rnn_tensor_t *v = rnn_model_weight(b, rnn_model_weight_name(b, i));
        size_t size = (size_t)(rnn_tensor_count(u) * rnn_dtype_size(rnn_tensor_dtype(u)));
        same &= memcmp(rnn_tensor_const_data(u), rnn_tensor_const_data(v), size) == 0;
        rnn_tensor_free(u);
        rnn_tensor_free(v);
    }
    return same;
}

#endif
