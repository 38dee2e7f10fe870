/* SPDX-License-Identifier: MIT */
#include "data/batch.h"
#include "core/error.h"
#include "core/memory.h"
#include "data/from_tensor.h"

#include <stdio.h>

rnn_batch_t *rnn_batch_create(rnn_context_t *context)
{
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return NULL;
    rnn_batch_t *batch = rnni_alloc(held, sizeof(*batch));
    if (!batch) {
        rnn_context_free(held);
        return NULL;
    }
    batch->context = held;
    batch->count = -1;
    return batch;
}

static void free_columns(rnn_context_t *context, rnni_column *columns, int32_t capacity)
{
    for (int32_t i = 0; i < capacity; i++) rnni_column_free(context, &columns[i]);
    rnni_free(context, columns, (size_t)capacity * sizeof(*columns));
}

void rnni_batch_release(rnn_batch_t *batch)
{
    free_columns(batch->context, batch->input, batch->input_capacity);
    free_columns(batch->context, batch->target, batch->target_capacity);
    rnni_free(batch->context, batch->index, batch->index_capacity * sizeof(*batch->index));
    rnni_free(batch->context, batch->weight_room, batch->weight_capacity * sizeof(*batch->weight_room));
    batch->weight = batch->weight_room = NULL;
    batch->weight_capacity = 0;
    batch->input = batch->target = NULL;
    batch->inputs = batch->targets = batch->input_capacity = batch->target_capacity = 0;
    batch->index = NULL;
    batch->index_capacity = 0;
    batch->count = -1;
}

void rnn_batch_free(rnn_batch_t *batch)
{
    if (!batch) return;
    rnn_context_t *context = batch->context;
    rnni_batch_release(batch);
    rnni_free(context, batch, sizeof(*batch));
    rnn_context_free(context);
}

static rnn_status_t grow_columns(rnn_context_t *context, rnni_column **columns, int32_t *capacity,
                                 int32_t needed)
{
    RNNI_REQUIRE(needed >= 0 && needed <= RNNI_MAX_COLUMNS, RNN_ERROR_RANGE, "%d columns, expected 0 to %d",
                 (int)needed, RNNI_MAX_COLUMNS);
    size_t room = (size_t)*capacity;
    RNNI_TRY(rnni_grow(context, (void **)columns, &room, (size_t)needed, sizeof(**columns)));
    *capacity = (int32_t)room;
    return RNN_OK;
}

rnn_status_t rnni_batch_reserve(rnn_batch_t *batch, int32_t inputs, int32_t targets)
{
    RNNI_TRY(grow_columns(batch->context, &batch->input, &batch->input_capacity, inputs));
    return grow_columns(batch->context, &batch->target, &batch->target_capacity, targets);
}

rnn_status_t rnni_batch_prepare(rnn_batch_t *batch, int32_t inputs, int32_t targets)
{
    RNNI_TRY(rnni_batch_reserve(batch, inputs, targets));
    for (int32_t i = 0; i < batch->input_capacity; i++) rnni_column_clear(&batch->input[i]);
    for (int32_t i = 0; i < batch->target_capacity; i++) rnni_column_clear(&batch->target[i]);
    batch->inputs = inputs;
    batch->targets = targets;
    batch->weight = NULL;
    batch->count = -1;
    return RNN_OK;
}

rnn_status_t rnni_batch_make_weights(rnn_batch_t *batch, int64_t count)
{
    RNNI_TRY(rnni_grow(batch->context, (void **)&batch->weight_room, &batch->weight_capacity,
                       count ? (size_t)count : 1, sizeof(*batch->weight_room)));
    batch->weight = batch->weight_room;
    for (int64_t b = 0; b < count; b++) batch->weight[b] = 1;
    return RNN_OK;
}

/* ---- filling from tensors ---- */

static bool counts(const rnni_column *column, const rnni_column *except)
{
    return column != except && column->kind != RNNI_COLUMN_NONE;
}

/* Sequences of the first column other than `except` that is set; -1 when there is none. */
static int64_t count_of_others(const rnn_batch_t *batch, const rnni_column *except)
{
    for (int32_t i = 0; i < batch->inputs; i++)
        if (counts(&batch->input[i], except)) return batch->input[i].count;
    for (int32_t i = 0; i < batch->targets; i++)
        if (counts(&batch->target[i], except)) return batch->target[i].count;
    return -1;
}

static void clear_others(rnn_batch_t *batch, const rnni_column *except)
{
    for (int32_t i = 0; i < batch->inputs; i++)
        if (&batch->input[i] != except) rnni_column_clear(&batch->input[i]);
    for (int32_t i = 0; i < batch->targets; i++)
        if (&batch->target[i] != except) rnni_column_clear(&batch->target[i]);
}

static rnn_status_t number_sequences(rnn_batch_t *batch, int64_t count)
{
    RNNI_TRY(rnni_grow(batch->context, (void **)&batch->index, &batch->index_capacity, (size_t)count,
                       sizeof(*batch->index)));
    for (int64_t b = 0; b < count; b++) batch->index[b] = b;
    return RNN_OK;
}

/* Input 0 leads: with another number of sequences it begins a new batch, and the other columns are to be set
 * again. All others must agree with what is there. */
static rnn_status_t set_column(rnn_batch_t *batch, rnni_column *column, rnni_place place,
                               const rnn_tensor_t *data, const rnn_tensor_t *lengths)
{
    int64_t count = data && rnn_tensor_rank(data) > 0 ? rnn_tensor_size(data, 0) : 0;
    int64_t others = count_of_others(batch, column);
    bool leads = !place.target && place.index == 0;
    RNNI_REQUIRE(leads || !data || others < 0 || others == count, RNN_ERROR_SHAPE,
                 "%s %d has %lld sequences, but the batch has %lld", place.target ? "target" : "input",
                 (int)place.index, (long long)count, (long long)others);
    if (batch->count != count) RNNI_TRY(number_sequences(batch, count));
    RNNI_TRY(rnni_column_from_tensor(batch->context, column, place, data, lengths, false));
    if (others >= 0 && others != count) clear_others(batch, column);
    if (batch->count != count) batch->weight = NULL;
    batch->count = count;
    return RNN_OK;
}

static rnn_status_t check_index(const rnn_batch_t *batch, int32_t index)
{
    RNNI_REQUIRE(batch, RNN_ERROR_ARGUMENT, "the batch is NULL");
    RNNI_REQUIRE(index >= 0 && index < RNNI_MAX_COLUMNS, RNN_ERROR_RANGE,
                 "column number %d, expected 0 to %d", (int)index, RNNI_MAX_COLUMNS - 1);
    return RNN_OK;
}

rnn_status_t rnn_batch_set_input(rnn_batch_t *batch, int32_t index, const rnn_tensor_t *data,
                                 const rnn_tensor_t *lengths)
{
    RNNI_TRY(check_index(batch, index));
    RNNI_TRY(grow_columns(batch->context, &batch->input, &batch->input_capacity, index + 1));
    RNNI_TRY(set_column(batch, &batch->input[index], (rnni_place){ false, index }, data, lengths));
    if (batch->inputs <= index) batch->inputs = index + 1;
    return RNN_OK;
}

rnn_status_t rnn_batch_set_target(rnn_batch_t *batch, int32_t index, const rnn_tensor_t *data,
                                  const rnn_tensor_t *lengths)
{
    RNNI_TRY(check_index(batch, index));
    RNNI_TRY(grow_columns(batch->context, &batch->target, &batch->target_capacity, index + 1));
    RNNI_TRY(set_column(batch, &batch->target[index], (rnni_place){ true, index }, data, lengths));
    if (batch->targets <= index) batch->targets = index + 1;
    return RNN_OK;
}

static rnn_status_t check_mask(const rnni_column *column, int32_t index, const rnn_tensor_t *mask)
{
    RNNI_REQUIRE(mask, RNN_ERROR_ARGUMENT, "the mask of input %d is NULL", (int)index);
    RNNI_REQUIRE(column->kind == RNNI_COLUMN_TOKENS || column->kind == RNNI_COLUMN_VALUES, RNN_ERROR_SHAPE,
                 "input %d is a %s: only tokens and values have steps to mark", (int)index,
                 rnni_column_kind_name(column->kind));
    int32_t dtype = rnn_tensor_dtype(mask);
    const char *type = rnn_dtype_name(dtype);
    RNNI_REQUIRE(dtype == RNN_U8 || dtype == RNN_BOOL, RNN_ERROR_TYPE,
                 "the mask of input %d is %s, expected U8 or BOOL", (int)index, type ? type : "?");
    int64_t longest = rnni_column_longest(column);
    RNNI_REQUIRE(rnn_tensor_rank(mask) == 2 && rnn_tensor_size(mask, 0) == column->count &&
                     rnn_tensor_size(mask, 1) >= longest,
                 RNN_ERROR_SHAPE, "the mask of input %d does not have the shape [%lld, %lld]", (int)index,
                 (long long)column->count, (long long)longest);
    return RNN_OK;
}

rnn_status_t rnn_batch_set_mask(rnn_batch_t *batch, int32_t index, const rnn_tensor_t *mask)
{
    RNNI_REQUIRE(batch, RNN_ERROR_ARGUMENT, "the batch is NULL");
    RNNI_REQUIRE(index >= 0 && index < batch->inputs && batch->input[index].kind != RNNI_COLUMN_NONE,
                 RNN_ERROR_STATE, "input %d is not set yet: set it before its mask", (int)index);
    rnni_column *column = &batch->input[index];
    RNNI_TRY(check_mask(column, index, mask));
    RNNI_TRY(rnni_column_make_mask(batch->context, column));
    const uint8_t *marks = rnn_tensor_const_data(mask);
    int64_t across = rnn_tensor_stride(mask, 0), along = rnn_tensor_stride(mask, 1);
    for (int64_t b = 0; b < column->count; b++)
        for (int64_t row = column->starts[b], t = 0; row < column->starts[b + 1]; row++, t++)
            column->mask[row] = marks[b * across + t * along] != 0;
    return RNN_OK;
}

rnn_status_t rnn_batch_set_weights(rnn_batch_t *batch, const rnn_tensor_t *weights)
{
    RNNI_REQUIRE(batch, RNN_ERROR_ARGUMENT, "the batch is NULL");
    RNNI_REQUIRE(batch->count >= 0, RNN_ERROR_STATE,
                 "the batch has no columns yet: set them before its weights");
    RNNI_TRY(rnni_check_weights(weights, batch->count));
    RNNI_TRY(rnni_batch_make_weights(batch, batch->count));
    rnni_copy_weights(weights, batch->weight);
    return RNN_OK;
}

/* ---- asking ---- */

int64_t rnn_batch_count(const rnn_batch_t *batch) { return batch && batch->count > 0 ? batch->count : 0; }

int64_t rnn_batch_steps(const rnn_batch_t *batch, int32_t index)
{
    if (!batch || index < 0 || index >= batch->inputs) return -1;
    if (batch->input[index].kind == RNNI_COLUMN_NONE) return -1;
    const rnni_column *column = &batch->input[index];
    int64_t rows = rnni_column_rows(column), useful = 0;
    if (!column->mask) return rows;
    for (int64_t row = 0; row < rows; row++) useful += column->mask[row];
    return useful;
}

static size_t describe_columns(const rnni_column *columns, int32_t count, char *out, size_t size, size_t used)
{
    for (int32_t i = 0; i < count && used < size; i++) {
        const char *name = rnni_column_kind_name(columns[i].kind), *comma = i ? ", " : "";
        bool wide = columns[i].kind == RNNI_COLUMN_VALUES || columns[i].kind == RNNI_COLUMN_VECTOR;
        int added =
            wide ? snprintf(out + used, size - used, "%s%s[%lld]", comma, name, (long long)columns[i].width)
                 : snprintf(out + used, size - used, "%s%s", comma, name);
        if (added > 0) used += (size_t)added;
    }
    return used;
}

void rnni_batch_describe(const rnn_batch_t *batch, char *out, size_t size)
{
    if (!size) return;
    out[0] = 0;
    size_t used = describe_columns(batch->input, batch->inputs, out, size, 0);
    if (batch->inputs == 0) used += (size_t)snprintf(out, size, "no inputs");
    if (batch->targets == 0 || used >= size) return;
    used += (size_t)snprintf(out + used, size - used, "; targets ");
    describe_columns(batch->target, batch->targets, out, size, used);
}
