/* SPDX-License-Identifier: MIT */
#ifndef BY_HAND_H
#define BY_HAND_H

#include "model/helpers.h"

/* One layer on one small input, with numbers that can be worked out on paper. */
typedef struct by_hand {
    rnn_model_t *model;
    rnn_layer_t *x;
    rnn_batch_t *batch;
} by_hand;

/* [count][steps][features] values; `lengths` may be NULL. */
HARNESS_STATIC by_hand hand_values(int64_t count, int64_t steps, int64_t features, const double *values,
                                   const int64_t *lengths)
{
    by_hand h = { .model = rnn_model_create(NULL) };
    h.x = rnn_input_values(h.model, "x", features);
    rnn_tensor_t *data = help_tensor(RNN_F32, count, steps, features);
    for (int64_t i = 0; i < rnn_tensor_count(data); i++) CHECK_OK(rnn_tensor_set(data, i, values[i]));
    h.batch = help_batch(data, lengths ? help_integers(count, lengths) : NULL);
    return h;
}

HARNESS_STATIC by_hand hand_tokens(int64_t count, int64_t steps, const int32_t *ids, const int64_t *lengths)
{
    by_hand h = { .model = rnn_model_create(NULL) };
    h.x = rnn_input_tokens(h.model, "x");
    rnn_tensor_t *data = help_tensor(RNN_I32, count, steps, -1);
    for (int64_t i = 0; i < count * steps; i++) CHECK_OK(rnn_tensor_set(data, i, ids[i]));
    h.batch = help_batch(data, lengths ? help_integers(count, lengths) : NULL);
    return h;
}

HARNESS_STATIC void hand_build(by_hand *h, rnn_layer_t *layer)
{
    CHECK_OK(rnn_model_set_output(h->model, layer, "y"));
    CHECK_OK(rnn_model_build(h->model));
}

HARNESS_STATIC void hand_weight(by_hand *h, const char *name, const double *values)
{
    rnn_tensor_t *view = rnn_model_weight(h->model, name);
    CHECK(view != NULL);
    rnn_tensor_t *copy = help_copy(view);
    for (int64_t i = 0; i < rnn_tensor_count(copy); i++) CHECK_OK(rnn_tensor_set(copy, i, values[i]));
    CHECK_OK(rnn_model_set_weight(h->model, name, copy));
    rnn_tensor_free(copy);
    rnn_tensor_free(view);
}

/* The output is these numbers; frees everything. */
HARNESS_STATIC void hand_expect(by_hand *h, int64_t count, const double *expected)
{
    rnn_tensor_t *y = help_run(h->model, h->batch);
    CHECK_INT(rnn_tensor_count(y), count);
    for (int64_t i = 0; i < count; i++)
        CHECK_NEAR(rnn_tensor_get(y, i), expected[i], 1e-6 * fmax(1, fabs(expected[i])));
    rnn_tensor_free(y);
    rnn_batch_free(h->batch);
    rnn_model_free(h->model);
}

#endif
