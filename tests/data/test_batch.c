/* SPDX-License-Identifier: MIT */
#include "data/batch.h"
#include "core/failing.h"
#include "data/tensors.h"

static rnn_status_t set_input(rnn_batch_t *batch, int32_t index, rnn_tensor_t *data, rnn_tensor_t *lengths)
{
    return used(rnn_batch_set_input(batch, index, data, lengths), data, lengths);
}

static rnn_status_t set_target(rnn_batch_t *batch, int32_t index, rnn_tensor_t *data, rnn_tensor_t *lengths)
{
    return used(rnn_batch_set_target(batch, index, data, lengths), data, lengths);
}

static rnn_status_t set_mask(rnn_batch_t *batch, int32_t index, rnn_tensor_t *mask)
{
    return used(rnn_batch_set_mask(batch, index, mask), mask, NULL);
}

TEST(begins_empty)
{
    rnn_batch_t *batch = rnn_batch_create(NULL);
    char text[80];
    CHECK_INT(rnn_batch_count(batch), 0);
    CHECK_INT(rnn_batch_steps(batch, 0), -1);
    CHECK_INT(batch->count, -1);
    rnni_batch_describe(batch, text, sizeof(text));
    CHECK_STR(text, "no inputs");
    rnn_batch_free(batch);
    rnn_batch_free(NULL);
}

TEST(takes_columns)
{
    rnn_batch_t *batch = rnn_batch_create(NULL);
    int32_t ids[6] = { 1, 2, 3, 4, 5, 6 }, lengths[2] = { 3, 1 }, classes[2] = { 0, 1 };
    float numbers[12] = { 0 };
    CHECK_OK(set_input(batch, 0, wrap2(RNN_I32, ids, 2, 3), wrap1(RNN_I32, lengths, 2)));
    CHECK_OK(set_input(batch, 1, wrap3(RNN_F32, numbers, 2, 2, 3), NULL));
    CHECK_OK(set_target(batch, 0, wrap1(RNN_I32, classes, 2), NULL));
    CHECK_OK(set_target(batch, 1, wrap2(RNN_F32, numbers, 2, 4), NULL));
    CHECK_INT(rnn_batch_count(batch), 2);
    CHECK_INT(rnn_batch_steps(batch, 0), 4);
    CHECK_INT(rnn_batch_steps(batch, 1), 4);
    CHECK_INT(rnn_batch_steps(batch, 2), -1);
    CHECK_INT(rnn_batch_steps(batch, -1), -1);
    CHECK(batch->index[0] == 0 && batch->index[1] == 1);
    char text[80], cut[9];
    rnni_batch_describe(batch, text, sizeof(text));
    CHECK_STR(text, "tokens, values[3]; targets class, vector[4]");
    rnni_batch_describe(batch, cut, sizeof(cut));
    CHECK_STR(cut, "tokens, ");
    rnn_batch_free(batch);
}

TEST(columns_must_agree_in_count)
{
    rnn_batch_t *batch = rnn_batch_create(NULL);
    int32_t ids[6] = { 0 };
    CHECK_OK(set_input(batch, 0, wrap2(RNN_I32, ids, 2, 3), NULL));
    CHECK_STATUS(set_target(batch, 0, wrap1(RNN_I32, ids, 3), NULL), RNN_ERROR_SHAPE);
    CHECK(strstr(rnn_last_error(), "target 0 has 3 sequences, but the batch has 2"));
    CHECK_INT(batch->targets, 0);
    CHECK_OK(set_target(batch, 0, wrap1(RNN_I32, ids, 2), NULL));
    rnn_batch_free(batch);
}

TEST(input_0_begins_a_batch_of_another_size)
{
    rnn_batch_t *batch = rnn_batch_create(NULL);
    int32_t ids[6] = { 0 };
    CHECK_OK(set_input(batch, 0, wrap2(RNN_I32, ids, 2, 3), NULL));
    CHECK_OK(set_target(batch, 0, wrap1(RNN_I32, ids, 2), NULL));
    CHECK_OK(set_input(batch, 0, wrap2(RNN_I32, ids, 3, 2), NULL));
    CHECK_INT(rnn_batch_count(batch), 3);
    CHECK_INT(batch->target[0].kind, RNNI_COLUMN_NONE);
    CHECK_OK(set_target(batch, 0, wrap1(RNN_I32, ids, 3), NULL));
    CHECK_INT(batch->index[2], 2);
    rnn_batch_free(batch);
}

TEST(a_failure_changes_nothing)
{
    rnn_batch_t *batch = rnn_batch_create(NULL);
    int32_t ids[3] = { 4, 5, 6 }, bad[3] = { 0, -1, 0 };
    CHECK_OK(set_input(batch, 0, wrap2(RNN_I32, ids, 1, 3), NULL));
    CHECK_STATUS(set_input(batch, 0, wrap2(RNN_I32, bad, 1, 3), NULL), RNN_ERROR_DATA);
    CHECK_STATUS(set_input(batch, 0, NULL, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(set_input(batch, 3, wrap2(RNN_I32, bad, 1, 3), NULL), RNN_ERROR_DATA);
    CHECK_STATUS(set_input(batch, -1, wrap2(RNN_I32, ids, 1, 3), NULL), RNN_ERROR_RANGE);
    CHECK_STATUS(set_input(NULL, 0, wrap2(RNN_I32, ids, 1, 3), NULL), RNN_ERROR_ARGUMENT);
    CHECK_INT(batch->inputs, 1);
    CHECK_BYTES(batch->input[0].ids, ids, sizeof(ids));
    rnn_batch_free(batch);
}

TEST(masks_mark_useful_steps)
{
    rnn_batch_t *batch = rnn_batch_create(NULL);
    int32_t ids[6] = { 0 }, lengths[2] = { 3, 1 };
    uint8_t marks[8] = { 1, 0, 2, 1, 0, 1, 1, 1 };
    CHECK_STATUS(set_mask(batch, 0, wrap2(RNN_U8, marks, 2, 4)), RNN_ERROR_STATE);
    CHECK_OK(set_input(batch, 0, wrap2(RNN_I32, ids, 2, 3), wrap1(RNN_I32, lengths, 2)));
    CHECK_OK(set_mask(batch, 0, wrap2(RNN_U8, marks, 2, 4)));
    uint8_t expected[4] = { 1, 0, 1, 0 };
    CHECK_BYTES(batch->input[0].mask, expected, 4);
    CHECK_INT(rnn_batch_steps(batch, 0), 2);
    CHECK_OK(set_mask(batch, 0, wrap2(RNN_BOOL, marks, 2, 3)));
    uint8_t again[4] = { 1, 0, 1, 1 };
    CHECK_BYTES(batch->input[0].mask, again, 4);
    CHECK_OK(set_input(batch, 0, wrap2(RNN_I32, ids, 2, 3), NULL));
    CHECK(batch->input[0].mask == NULL);
    rnn_batch_free(batch);
}

TEST(masks_of_the_wrong_shape)
{
    rnn_batch_t *batch = rnn_batch_create(NULL);
    int32_t ids[6] = { 0 };
    float numbers[2] = { 0 };
    uint8_t marks[6] = { 0 };
    CHECK_OK(set_input(batch, 0, wrap2(RNN_I32, ids, 2, 3), NULL));
    CHECK_OK(set_input(batch, 1, wrap2(RNN_F32, numbers, 2, 1), NULL));
    CHECK_STATUS(set_mask(batch, 0, wrap2(RNN_U8, marks, 3, 2)), RNN_ERROR_SHAPE);
    CHECK_STATUS(set_mask(batch, 0, wrap2(RNN_U8, marks, 2, 2)), RNN_ERROR_SHAPE);
    CHECK_STATUS(set_mask(batch, 0, wrap1(RNN_U8, marks, 6)), RNN_ERROR_SHAPE);
    CHECK_STATUS(set_mask(batch, 0, wrap2(RNN_I32, ids, 2, 3)), RNN_ERROR_TYPE);
    CHECK_STATUS(set_mask(batch, 0, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(set_mask(batch, 1, wrap2(RNN_U8, marks, 2, 1)), RNN_ERROR_SHAPE);
    rnn_batch_free(batch);
}

static int build(rnn_context_t *context)
{
    rnn_batch_t *batch = rnn_batch_create(context);
    if (!batch) return 0;
    int32_t ids[6] = { 0 };
    uint8_t marks[6] = { 0 };
    rnn_status_t status = RNN_OK;
    for (int32_t i = 0; i < 12 && status == RNN_OK; i++)
        status = set_input(batch, i, wrap2(RNN_I32, ids, 2, 3), NULL);
    if (status == RNN_OK) status = set_mask(batch, 0, wrap2(RNN_U8, marks, 2, 3));
    if (status == RNN_OK) status = set_target(batch, 0, wrap1(RNN_I32, ids, 2), NULL);
    rnn_batch_free(batch);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation) { EVERY_FAILURE(build); }

TEST_MAIN
