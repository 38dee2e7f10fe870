/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "data/batch.h"
#include "data/tensors.h"

enum { COUNT = 10 };

static int64_t classes[COUNT] = { 0, 1, 2, 3, 4, 0, 1, 2, 3, 4 };
static int32_t ids[COUNT] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static rnn_status_t add(rnn_dataset_t *d, int target, rnn_tensor_t *data, rnn_tensor_t *lengths)
{
    rnn_status_t status =
        target ? rnn_dataset_add_target(d, data, lengths) : rnn_dataset_add_input(d, data, lengths);
    return used(status, data, lengths);
}

/* Sample i is the one token i. */
static rnn_dataset_t *ten(int64_t batch)
{
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    CHECK_OK(add(d, 0, wrap2(RNN_I32, ids, COUNT, 1), NULL));
    CHECK_OK(add(d, 1, wrap1(RNN_I64, classes, COUNT), NULL));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BATCH, batch));
    return d;
}

/* Reads an epoch; order[] gets the tokens; returns how many. */
static int64_t epoch(rnn_dataset_t *d, int32_t order[COUNT])
{
    rnn_batch_t *batch;
    rnn_status_t status;
    int64_t count = 0;
    while ((status = rnn_dataset_next_batch(d, &batch)) == RNN_OK) {
        CHECK(count + rnn_batch_count(batch) <= COUNT);
        for (int64_t b = 0; b < rnn_batch_count(batch); b++) {
            CHECK_INT(batch->index[b], batch->input[0].ids[b]);
            order[count++] = batch->input[0].ids[b];
        }
    }
    CHECK_STATUS(status, RNN_END);
    return count;
}

TEST(counts_samples_and_classes)
{
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    CHECK_INT(rnn_dataset_count(d), 0);
    CHECK_INT(rnn_dataset_classes(d), 0);
    rnn_dataset_free(d);
    d = ten(3);
    CHECK_INT(rnn_dataset_count(d), COUNT);
    CHECK_INT(rnn_dataset_classes(d), 5);
    CHECK(rnn_dataset_class_name(d, 0) == NULL);
    rnn_dataset_free(rnn_dataset_retain(d));
    rnn_dataset_free(d);
    rnn_dataset_free(NULL);
}

TEST(classes_per_step_count_too)
{
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    float numbers[2] = { 0 };
    int32_t tags[4] = { -1, 6, 0, -1 };
    CHECK_OK(add(d, 1, wrap1(RNN_F32, numbers, 2), NULL));
    CHECK_INT(rnn_dataset_classes(d), 0);
    CHECK_OK(add(d, 1, wrap2(RNN_I32, tags, 2, 2), NULL));
    CHECK_INT(rnn_dataset_classes(d), 7);
    rnn_dataset_free(d);
}

TEST(columns_must_have_as_many_samples)
{
    rnn_dataset_t *d = ten(3);
    CHECK_STATUS(add(d, 1, wrap1(RNN_I64, classes, 9), NULL), RNN_ERROR_SHAPE);
    CHECK(strstr(rnn_last_error(), "target 1 has 9 samples, but the columns before it have 10"));
    CHECK_STATUS(add(d, 0, NULL, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(add(NULL, 0, wrap1(RNN_I64, classes, 9), NULL), RNN_ERROR_ARGUMENT);
    CHECK_OK(add(d, 1, wrap1(RNN_I64, classes, 10), NULL));
    rnn_dataset_free(d);
}

TEST(batches_in_order_with_a_short_last_one)
{
    rnn_dataset_t *d = ten(4);
    rnn_batch_t *batch = NULL;
    int64_t sizes[3] = { 4, 4, 2 };
    for (int again = 0; again < 2; again++) {
        for (int i = 0; i < 3; i++) {
            CHECK_OK(rnn_dataset_next_batch(d, &batch));
            CHECK_INT(rnn_batch_count(batch), sizes[i]);
            CHECK_INT(batch->input[0].ids[0], 4 * i);
        }
        CHECK_STATUS(rnn_dataset_next_batch(d, &batch), RNN_END);
    }
    rnn_dataset_free(d);
}

TEST(shuffled_epochs)
{
    rnn_dataset_t *d = ten(3);
    int32_t first[COUNT], second[COUNT], again[COUNT];
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_SHUFFLE, 1));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_SEED, 3));
    CHECK_INT(epoch(d, first), COUNT);
    CHECK_INT(epoch(d, second), COUNT);
    CHECK(memcmp(first, second, sizeof(first)) != 0);
    int64_t order[COUNT];
    rnni_shuffle(order, COUNT, 3, 1);
    for (int i = 0; i < COUNT; i++) CHECK_INT(second[i], order[i]);
    CHECK_OK(rnn_dataset_rewind(d, 0));
    CHECK_INT(epoch(d, again), COUNT);
    CHECK_BYTES(again, first, sizeof(first));
    CHECK_STATUS(rnn_dataset_rewind(d, -1), RNN_ERROR_RANGE);
    rnn_dataset_free(d);
}

TEST(rewinds_in_the_middle)
{
    rnn_dataset_t *d = ten(4);
    rnn_batch_t *batch;
    CHECK_OK(rnn_dataset_next_batch(d, &batch));
    CHECK_OK(rnn_dataset_rewind(d, 0));
    CHECK_OK(rnn_dataset_next_batch(d, &batch));
    CHECK_INT(batch->input[0].ids[0], 0);
    rnn_dataset_free(d);
}

TEST(parts_share_the_samples)
{
    rnn_dataset_t *d = ten(4), *part = NULL, *inner = NULL;
    CHECK_OK(rnn_dataset_slice(d, 2, 7, &part));
    CHECK_OK(rnn_dataset_slice(part, 5, 2, &inner));
    rnn_dataset_free(d);
    CHECK_INT(rnn_dataset_count(part), 7);
    CHECK_INT(rnn_dataset_classes(part), 5);
    int32_t order[COUNT], expected[7] = { 2, 3, 4, 5, 6, 7, 8 };
    CHECK_INT(epoch(part, order), 7);
    CHECK_BYTES(order, expected, sizeof(expected));
    rnn_dataset_free(part);
    CHECK_INT(epoch(inner, order), 2);
    CHECK(order[0] == 7 && order[1] == 8);
    rnn_dataset_free(inner);
}

TEST(parts_have_their_own_settings)
{
    rnn_dataset_t *d = ten(4), *part = NULL;
    int64_t value;
    CHECK_OK(rnn_dataset_slice(d, 0, 10, &part));
    CHECK_OK(rnn_dataset_get_int(part, RNN_DATA_BATCH, &value));
    CHECK_INT(value, 4);
    CHECK_OK(rnn_dataset_set_int(part, RNN_DATA_BATCH, 9));
    CHECK_OK(rnn_dataset_get_int(d, RNN_DATA_BATCH, &value));
    CHECK_INT(value, 4);
    rnn_dataset_free(part);
    rnn_dataset_free(d);
}

TEST(parts_out_of_range)
{
    rnn_dataset_t *d = ten(4), *part = NULL;
    CHECK_STATUS(rnn_dataset_slice(d, 0, 11, &part), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_dataset_slice(d, -1, 2, &part), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_dataset_slice(d, 11, 0, &part), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_dataset_slice(d, 5, INT64_MAX, &part), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_dataset_slice(d, 0, 1, NULL), RNN_ERROR_ARGUMENT);
    CHECK(part == NULL);
    CHECK_OK(rnn_dataset_slice(d, 10, 0, &part));
    rnn_batch_t *batch;
    CHECK_STATUS(rnn_dataset_next_batch(part, &batch), RNN_END);
    rnn_dataset_free(part);
    rnn_dataset_free(d);
}

TEST(columns_are_fixed_while_there_are_parts)
{
    rnn_dataset_t *d = ten(4), *part = NULL;
    CHECK_OK(rnn_dataset_slice(d, 0, 10, &part));
    CHECK_STATUS(add(d, 1, wrap1(RNN_I64, classes, 10), NULL), RNN_ERROR_STATE);
    CHECK_STATUS(add(part, 1, wrap1(RNN_I64, classes, 10), NULL), RNN_ERROR_STATE);
    rnn_dataset_free(part);
    CHECK_OK(add(d, 1, wrap1(RNN_I64, classes, 10), NULL));
    rnn_dataset_free(d);
}

TEST(settings)
{
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_SEED, 99));
    rnn_dataset_t *d = rnn_dataset_create(context);
    rnn_context_free(context);
    int64_t value;
    CHECK_OK(rnn_dataset_get_int(d, RNN_DATA_SEED, &value));
    CHECK_INT(value, 99);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_SEED, INT64_C(1) << 53));
    CHECK_STATUS(rnn_dataset_set_int(d, RNN_DATA_SEED, (INT64_C(1) << 53) + 1), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_dataset_set_int(d, RNN_DATA_BATCH, 0), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_dataset_set_int(d, RNN_DATA_PAD, 3), RNN_ERROR_RANGE);
    CHECK(strstr(rnn_last_error(), "none|pre|post"));
    CHECK_STATUS(rnn_dataset_set_int(d, 0, 0), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_dataset_get_int(d, 1, NULL), RNN_ERROR_ARGUMENT);
    rnn_setting_t row = { .struct_size = sizeof(row) };
    for (int32_t i = 0; i < 15; i++) {
        CHECK_OK(rnn_dataset_setting(i, &row));
        CHECK_INT(row.id, i + 1);
    }
    CHECK_STATUS(rnn_dataset_setting(15, &row), RNN_END);
    rnn_dataset_free(d);
}

static rnn_status_t use(rnn_dataset_t *d)
{
    rnn_dataset_t *part = NULL;
    rnn_batch_t *batch;
    rnn_status_t status = add(d, 0, wrap2(RNN_I32, ids, COUNT, 1), NULL);
    if (status == RNN_OK) status = add(d, 1, wrap1(RNN_I64, classes, COUNT), NULL);
    if (status == RNN_OK) status = rnn_dataset_slice(d, 1, 8, &part);
    if (status == RNN_OK) status = rnn_dataset_next_batch(part, &batch);
    rnn_dataset_free(part);
    return status;
}

static int build(rnn_context_t *context)
{
    rnn_dataset_t *d = rnn_dataset_create(context);
    rnn_status_t status = d ? use(d) : RNN_ERROR_MEMORY;
    rnn_dataset_free(d);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation) { EVERY_FAILURE(build); }

TEST_MAIN
