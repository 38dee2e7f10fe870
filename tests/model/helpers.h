/* SPDX-License-Identifier: MIT */
#ifndef MODEL_HELPERS_H
#define MODEL_HELPERS_H

#include "harness.h"
#include <rnn/rnn.h>

/* Small things that tests of models share: numbers from a fixed seed, tensors and batches of them. */

/* The next number of a sequence, uniform in [-1, 1) (SplitMix64; Steele et al. 2014). */
HARNESS_STATIC double help_random(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)(int64_t)(z ^ (z >> 31)) / 9223372036854775808.0;
}

HARNESS_STATIC void help_fill(rnn_tensor_t *tensor, uint64_t seed, double scale)
{
    for (int64_t i = 0; i < rnn_tensor_count(tensor); i++)
        CHECK_OK(rnn_tensor_set(tensor, i, scale * help_random(&seed)));
}

/* A new tensor; sizes below 0 end the shape: help_tensor(RNN_F32, 2, 3, -1). */
HARNESS_STATIC rnn_tensor_t *help_tensor(int32_t dtype, int64_t a, int64_t b, int64_t c)
{
    int64_t shape[3] = { a, b, c };
    int32_t rank = a < 0 ? 0 : b < 0 ? 1 : c < 0 ? 2 : 3;
    rnn_tensor_t *tensor = rnn_tensor_create(NULL, dtype, rank, shape);
    CHECK(tensor != NULL);
    return tensor;
}

HARNESS_STATIC rnn_tensor_t *help_random_tensor(int32_t dtype, int64_t a, int64_t b, int64_t c, uint64_t seed)
{
    rnn_tensor_t *tensor = help_tensor(dtype, a, b, c);
    help_fill(tensor, seed, 1);
    return tensor;
}

/* Ids 0 to vocabulary - 1, [a, b]. */
HARNESS_STATIC rnn_tensor_t *help_random_ids(int64_t a, int64_t b, int64_t vocabulary, uint64_t seed)
{
    rnn_tensor_t *tensor = help_tensor(RNN_I32, a, b, -1);
    for (int64_t i = 0; i < rnn_tensor_count(tensor); i++) {
        double unit = (help_random(&seed) + 1) / 2;
        CHECK_OK(rnn_tensor_set(tensor, i, (double)(int64_t)(unit * (double)vocabulary)));
    }
    return tensor;
}

/* An I64 tensor [count]. */
HARNESS_STATIC rnn_tensor_t *help_integers(int64_t count, const int64_t *values)
{
    rnn_tensor_t *tensor = help_tensor(RNN_I64, count, -1, -1);
    for (int64_t i = 0; i < count; i++) CHECK_OK(rnn_tensor_set(tensor, i, (double)values[i]));
    return tensor;
}

/* A copy that may be written, of the same type. */
HARNESS_STATIC rnn_tensor_t *help_copy(const rnn_tensor_t *source)
{
    int64_t shape[RNN_MAX_RANK];
    for (int32_t i = 0; i < rnn_tensor_rank(source); i++) shape[i] = rnn_tensor_size(source, i);
    rnn_tensor_t *copy = rnn_tensor_create(NULL, rnn_tensor_dtype(source), rnn_tensor_rank(source), shape);
    CHECK(copy != NULL);
    CHECK_OK(rnn_tensor_copy(copy, source));
    return copy;
}

HARNESS_STATIC void help_make_positive(rnn_tensor_t *tensor)
{
    for (int64_t i = 0; i < rnn_tensor_count(tensor); i++)
        CHECK_OK(rnn_tensor_set(tensor, i, 0.1 + fabs(rnn_tensor_get(tensor, i))));
}

/* All weights, biases too, uniform in [-scale, scale); variances are positive. */
HARNESS_STATIC void help_random_weights(rnn_model_t *model, uint64_t seed, double scale)
{
    for (int64_t i = 0; i < rnn_model_weights(model); i++) {
        const char *name = rnn_model_weight_name(model, i);
        rnn_tensor_t *weight = rnn_model_weight(model, name);
        CHECK(weight != NULL);
        rnn_tensor_t *values = help_copy(weight);
        help_fill(values, seed + (uint64_t)i * 1000003u, scale);
        if (strstr(name, ".running_var")) help_make_positive(values);
        CHECK_OK(rnn_model_set_weight(model, name, values));
        rnn_tensor_free(values);
        rnn_tensor_free(weight);
    }
}

/* A batch of one input, which is freed. */
HARNESS_STATIC rnn_batch_t *help_batch(rnn_tensor_t *data, rnn_tensor_t *lengths)
{
    rnn_batch_t *batch = rnn_batch_create(NULL);
    CHECK(batch != NULL);
    CHECK_OK(rnn_batch_set_input(batch, 0, data, lengths));
    rnn_tensor_free(data);
    rnn_tensor_free(lengths);
    return batch;
}

HARNESS_STATIC rnn_tensor_t *help_run(rnn_model_t *model, const rnn_batch_t *batch)
{
    rnn_tensor_t *output = NULL;
    CHECK_OK(rnn_model_run(model, batch, &output, 1));
    return output;
}

HARNESS_STATIC size_t help_bytes(const rnn_tensor_t *tensor)
{
    return (size_t)(rnn_tensor_count(tensor) * rnn_dtype_size(rnn_tensor_dtype(tensor)));
}

/* Random numbers of an output's shape, as its gradient. */
HARNESS_STATIC rnn_tensor_t *help_upstream(const rnn_tensor_t *output, uint64_t seed)
{
    return help_random_tensor(RNN_F32, rnn_tensor_size(output, 0), rnn_tensor_size(output, 1),
                              rnn_tensor_rank(output) == 3 ? rnn_tensor_size(output, 2) : -1, seed);
}

/* Gradients of all weights that have one, one behind another, and `last` behind them (may be NULL). */
HARNESS_STATIC rnn_tensor_t *help_gradients(rnn_trainer_t *trainer, const rnn_model_t *model,
                                            const rnn_tensor_t *last)
{
    rnn_tensor_t *all = NULL;
    for (int counted = 0; counted < 2; counted++) {
        int64_t place = 0;
        for (int64_t i = 0; i <= rnn_model_weights(model); i++) {
            const char *name = rnn_model_weight_name(model, i); /* NULL past the last */
            rnn_tensor_t *own = name ? rnn_trainer_gradient(trainer, name) : NULL;
            const rnn_tensor_t *gradient = name ? own : last;
            for (int64_t j = 0; counted && gradient && j < rnn_tensor_count(gradient); j++)
                CHECK_OK(rnn_tensor_set(all, place + j, rnn_tensor_get(gradient, j)));
            place += gradient ? rnn_tensor_count(gradient) : 0;
            rnn_tensor_free(own);
        }
        if (!counted) all = help_tensor(RNN_F32, place, -1, -1);
    }
    return all;
}

/* Two tensors with the same numbers, bit for bit. */
HARNESS_STATIC void help_same(const rnn_tensor_t *a, const rnn_tensor_t *b)
{
    CHECK_INT(rnn_tensor_dtype(a), rnn_tensor_dtype(b));
    CHECK_INT(rnn_tensor_count(a), rnn_tensor_count(b));
    CHECK_BYTES(rnn_tensor_const_data(a), rnn_tensor_const_data(b), help_bytes(a));
}

#endif
