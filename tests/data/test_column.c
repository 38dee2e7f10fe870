/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "core/memory.h"
#include "data/batch.h"

static rnn_context_t *context;

static void begin(void) { context = rnn_context_create(NULL); }

static void end(rnni_column *column)
{
    rnni_column_free(context, column);
    rnn_context_free(context);
}

TEST(holds_ragged_tokens)
{
    begin();
    rnni_column c = { 0 };
    int32_t ids[3] = { 7, 8, 9 };
    CHECK_INT(rnni_column_rows(&c), 0);
    CHECK_INT(rnni_column_longest(&c), 0);
    CHECK_OK(rnni_column_add_ids(context, &c, RNNI_COLUMN_TOKENS, ids, 2));
    CHECK_OK(rnni_column_add_ids(context, &c, RNNI_COLUMN_TOKENS, NULL, 0));
    CHECK_OK(rnni_column_add_ids(context, &c, RNNI_COLUMN_TOKENS, ids, 3));
    CHECK_INT(c.count, 3);
    CHECK_INT(c.width, 1);
    int64_t starts[4] = { 0, 2, 2, 5 };
    CHECK_BYTES(c.starts, starts, sizeof(starts));
    int32_t all[5] = { 7, 8, 7, 8, 9 };
    CHECK_BYTES(c.ids, all, sizeof(all));
    CHECK_INT(rnni_column_rows(&c), 5);
    CHECK_INT(rnni_column_longest(&c), 3);
    end(&c);
}

TEST(holds_values_vectors_and_classes)
{
    begin();
    rnni_column values = { 0 }, classes = { 0 };
    rnni_real numbers[4] = { 1, 2, 3, 4 };
    CHECK_OK(rnni_column_add_values(context, &values, RNNI_COLUMN_VALUES, numbers, 2, 2));
    CHECK_OK(rnni_column_add_values(context, &values, RNNI_COLUMN_VALUES, numbers + 2, 1, 2));
    CHECK_INT(rnni_column_rows(&values), 3);
    CHECK(values.values[4] == 3 && values.values[5] == 4);
    int32_t one = 1;
    CHECK_OK(rnni_column_add_ids(context, &classes, RNNI_COLUMN_CLASS, &one, 1));
    CHECK_INT(classes.starts[1], 1);
    rnni_column_free(context, &classes);
    end(&values);
}

TEST(kind_and_width_are_fixed_by_the_first)
{
    begin();
    rnni_column c = { 0 };
    rnni_real numbers[4] = { 0 };
    int32_t id = 0;
    CHECK_OK(rnni_column_add_values(context, &c, RNNI_COLUMN_VALUES, numbers, 1, 3));
    CHECK_STATUS(rnni_column_add_values(context, &c, RNNI_COLUMN_VALUES, numbers, 1, 4), RNN_ERROR_SHAPE);
    CHECK(strstr(rnn_last_error(), "3 features"));
    CHECK_STATUS(rnni_column_add_ids(context, &c, RNNI_COLUMN_TOKENS, &id, 1), RNN_ERROR_SHAPE);
    CHECK_STATUS(rnni_column_add_values(context, &c, RNNI_COLUMN_VECTOR, numbers, 1, 3), RNN_ERROR_SHAPE);
    CHECK_INT(c.count, 1);
    rnni_column_clear(&c);
    CHECK_STATUS(rnni_column_add_ids(context, &c, RNNI_COLUMN_CLASS, &id, 2), RNN_ERROR_SHAPE);
    CHECK_STATUS(rnni_column_add_values(context, &c, RNNI_COLUMN_VALUES, numbers, 1, 0), RNN_ERROR_SHAPE);
    CHECK_OK(rnni_column_add_ids(context, &c, RNNI_COLUMN_TOKENS, &id, 1));
    end(&c);
}

TEST(clearing_keeps_the_memory)
{
    begin();
    rnni_column c = { 0 };
    int32_t ids[100] = { 0 };
    CHECK_OK(rnni_column_add_ids(context, &c, RNNI_COLUMN_TOKENS, ids, 100));
    const int32_t *before = c.ids;
    rnni_column_clear(&c);
    CHECK_INT(rnni_column_rows(&c), 0);
    CHECK_OK(rnni_column_add_ids(context, &c, RNNI_COLUMN_TOKENS, ids, 100));
    CHECK(c.ids == before);
    end(&c);
}

TEST(marks_grow_along)
{
    begin();
    rnni_column c = { 0 };
    int32_t ids[3] = { 0 };
    CHECK_OK(rnni_column_add_ids(context, &c, RNNI_COLUMN_TOKENS, ids, 2));
    CHECK_OK(rnni_column_make_mask(context, &c));
    c.mask[0] = 0;
    CHECK_OK(rnni_column_make_mask(context, &c));
    for (int i = 0; i < 10; i++) CHECK_OK(rnni_column_add_ids(context, &c, RNNI_COLUMN_TOKENS, ids, 3));
    CHECK_INT(c.mask[0], 0);
    for (int i = 1; i < 32; i++) CHECK_INT(c.mask[i], 1);
    rnni_column_drop_mask(context, &c);
    CHECK(c.mask == NULL);
    end(&c);
}

static int fill(rnn_context_t *failing_context)
{
    rnni_column c = { 0 };
    int32_t ids[5] = { 1, 2, 3, 4, 5 };
    rnn_status_t status = RNN_OK;
    for (int i = 0; i < 40 && status == RNN_OK; i++) {
        int64_t before = c.count;
        status = rnni_column_add_ids(failing_context, &c, RNNI_COLUMN_TOKENS, ids, i % 6);
        if (status != RNN_OK) CHECK_INT(c.count, before);
    }
    if (status == RNN_OK) status = rnni_column_make_mask(failing_context, &c);
    rnni_column_free(failing_context, &c);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation) { EVERY_FAILURE(fill); }

TEST_MAIN
