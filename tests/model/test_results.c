/* SPDX-License-Identifier: MIT */
/* Outputs that layers put where the caller has them, which they do when all sequences are equally long: the
 * same numbers as in a batch where one sequence is shorter, and the same as one sequence alone. */
#include "model/zoo.h"

enum { STEPS = 11 };

static rnn_tensor_t *outputs(rnn_model_t *model, const zoo_row *row, int64_t count, int64_t shorter)
{
    int64_t lengths[300];
    for (int64_t i = 0; i < count; i++) lengths[i] = STEPS;
    lengths[count - 1] -= shorter;
    rnn_batch_t *batch = help_batch(zoo_data(row, count, STEPS, 3), help_integers(count, lengths));
    rnn_tensor_t *y = help_run(model, batch);
    rnn_batch_free(batch);
    return y;
}

/* All sequences but the last one. */
static void check_model(const zoo_row *row, int64_t count)
{
    rnn_model_t *model = zoo_make(NULL, row);
    rnn_tensor_t *even = outputs(model, row, count, 0), *uneven = outputs(model, row, count, 4);
    CHECK_INT(help_bytes(even), help_bytes(uneven));
    size_t one = help_bytes(even) / (size_t)count;
    if (memcmp(rnn_tensor_const_data(even), rnn_tensor_const_data(uneven), one * (size_t)(count - 1)) != 0)
        printf("%s, %d sequences\n", row->name, (int)count);
    CHECK_BYTES(rnn_tensor_const_data(even), rnn_tensor_const_data(uneven), one * (size_t)(count - 1));
    rnn_tensor_free(even);
    rnn_tensor_free(uneven);
    rnn_model_free(model);
}

TEST(some_sequences)
{
    for (int i = 0; i < ZOO_ROWS; i++) check_model(&zoo[i], 7);
}

TEST(shards_of_many_sequences)
{
    for (int i = 0; i < ZOO_ROWS; i++) check_model(&zoo[i], 150);
}

/* The first of a batch of two has the bits of a batch of one. */
TEST(one_sequence)
{
    for (int i = 0; i < ZOO_ROWS; i++) {
        rnn_model_t *model = zoo_make(NULL, &zoo[i]);
        rnn_tensor_t *data = zoo_data(&zoo[i], 2, STEPS, 3), *first = rnn_tensor_slice(data, 0, 0, 1);
        rnn_batch_t *two = help_batch(data, NULL), *one = help_batch(first, NULL);
        rnn_tensor_t *both = help_run(model, two), *alone = help_run(model, one);
        CHECK_INT(help_bytes(both), 2 * help_bytes(alone));
        CHECK_BYTES(rnn_tensor_const_data(alone), rnn_tensor_const_data(both), help_bytes(alone));
        rnn_tensor_free(both);
        rnn_tensor_free(alone);
        rnn_batch_free(two);
        rnn_batch_free(one);
        rnn_model_free(model);
    }
}

/* A layer that is an output twice, and one that others read as well, keep their rows. */
TEST(rows_with_other_readers)
{
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_gru(model, rnn_input_values(model, "x", 3), 20);
    CHECK_OK(rnn_model_set_output(model, h, "a"));
    CHECK_OK(rnn_model_set_output(model, h, "b"));
    rnn_layer_t *top = rnn_lstm(model, h, 6);
    CHECK_OK(rnn_model_set_output(model, top, "c"));
    CHECK_OK(rnn_model_build(model));
    rnn_batch_t *batch = help_batch(help_random_tensor(RNN_F32, 9, STEPS, 3, 4), NULL);
    rnn_tensor_t *all[3], *again[3];
    CHECK_OK(rnn_model_run(model, batch, all, 3));
    CHECK_OK(rnn_model_run(model, batch, again, 3));
    help_same(all[0], all[1]);
    for (int i = 0; i < 3; i++) {
        help_same(all[i], again[i]);
        CHECK(rnn_tensor_get(all[i], rnn_tensor_count(all[i]) - 1) != 0);
        rnn_tensor_free(all[i]);
        rnn_tensor_free(again[i]);
    }
    rnn_batch_free(batch);
    rnn_model_free(model);
}

TEST_MAIN
