/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "data/from_tensor.h"

#include <math.h>
#include <stdio.h>

#define REASON_SIZE 512

/* The sample that a source fills: its columns go straight to the end of the store's. */
struct rnn_sample {
    rnni_store *store;
    int64_t index;       /* the caller's number */
    int64_t row;         /* sequences in store->data before it */
    rnn_status_t status; /* of the first setter that failed, so that no failure can be overlooked */
    char reason[REASON_SIZE];
};

/* ---- what a sample is filled with ---- */

static rnni_column *column_of(const rnn_sample_t *sample, int32_t column)
{
    rnn_batch_t *data = &sample->store->data;
    return column < data->inputs ? &data->input[column] : &data->target[column - data->inputs];
}

static rnni_place place_of(const rnn_sample_t *sample, int32_t column)
{
    int32_t inputs = sample->store->source.inputs;
    return column < inputs ? (rnni_place){ false, column } : (rnni_place){ true, column - inputs };
}

static void name_place(const rnn_sample_t *sample, int32_t column, char name[48])
{
    rnni_place place = place_of(sample, column);
    snprintf(name, 48, "sample %lld, %s %d", (long long)sample->index, place.target ? "target" : "input",
             (int)place.index);
}

static rnn_status_t keep_failure(rnn_sample_t *sample, rnn_status_t status)
{
    if (sample && status != RNN_OK && sample->status == RNN_OK) {
        sample->status = status;
        rnn_last_error_copy(sample->reason, sizeof(sample->reason));
    }
    return status;
}

/* Whether column `column` of a sample may be so many rows of this kind. */
static rnn_status_t check_column(const rnn_sample_t *sample, int32_t column, rnni_column_kind kind,
                                 const void *numbers, int64_t rows, int64_t width)
{
    RNNI_REQUIRE(sample, RNN_ERROR_ARGUMENT, "the sample is NULL");
    int32_t columns = sample->store->source.inputs + sample->store->source.targets;
    RNNI_REQUIRE(column >= 0 && column < columns, RNN_ERROR_RANGE, "sample %lld has no column %d: it has %d",
                 (long long)sample->index, (int)column, (int)columns);
    char name[48];
    name_place(sample, column, name);
    RNNI_REQUIRE(rows >= 0 && width >= 1, RNN_ERROR_RANGE, "%s: %lld steps of %lld numbers", name,
                 (long long)rows, (long long)width);
    RNNI_REQUIRE(numbers || rows == 0, RNN_ERROR_ARGUMENT, "%s: the numbers are NULL", name);
    RNNI_REQUIRE(kind != RNNI_COLUMN_CLASS || place_of(sample, column).target, RNN_ERROR_SHAPE,
                 "%s: only a target can be a class", name);
    const rnni_shape *shape = &sample->store->shapes[column];
    RNNI_REQUIRE(shape->kind == RNNI_COLUMN_NONE || (shape->kind == kind && shape->width == width),
                 RNN_ERROR_SHAPE, "%s is %s of width %lld, but samples before had %s of width %lld", name,
                 rnni_column_kind_name(kind), (long long)width, rnni_column_kind_name(shape->kind),
                 (long long)shape->width);
    return RNN_OK;
}

/* The column, ready to take this sample's sequence: one that was set before is taken out again. */
static rnni_column *open_column(const rnn_sample_t *sample, int32_t number)
{
    rnni_column *column = column_of(sample, number);
    if (column->count > sample->row) column->count = sample->row;
    if (column->count == 0) rnni_column_clear(column);
    return column;
}

static rnn_status_t set_ids(rnn_sample_t *sample, int32_t number, rnni_column_kind kind, const int32_t *ids,
                            int64_t rows)
{
    RNNI_TRY(check_column(sample, number, kind, ids, rows, 1));
    int32_t smallest = rnni_smallest_id(place_of(sample, number), kind);
    for (int64_t i = 0; i < rows; i++) {
        if (ids[i] >= smallest) continue;
        char name[48];
        name_place(sample, number, name);
        return rnni_fail(RNN_ERROR_DATA, "%s, step %lld is %d, expected %d or more", name, (long long)i,
                         (int)ids[i], (int)smallest);
    }
    return rnni_column_add_ids(sample->store->context, open_column(sample, number), kind, ids, rows);
}

static rnn_status_t check_values(const rnn_sample_t *sample, int32_t number, const float *values,
                                 int64_t count, int64_t width)
{
    for (int64_t i = 0; i < count; i++) {
        if (isfinite(values[i])) continue;
        char name[48];
        name_place(sample, number, name);
        return rnni_fail(RNN_ERROR_DATA, "%s, step %lld, feature %lld is %s, expected a finite number", name,
                         (long long)(i / width), (long long)(i % width),
                         isnan(values[i]) ? "not a number" : "infinite");
    }
    return RNN_OK;
}

static rnn_status_t set_values(rnn_sample_t *sample, int32_t number, rnni_column_kind kind,
                               const float *values, int64_t rows, int64_t width)
{
    RNNI_TRY(check_column(sample, number, kind, values, rows, width));
    int64_t count;
    if (!rnni_mul_i64(rows, width, &count)) return rnni_fail_memory("a sample", SIZE_MAX);
    RNNI_TRY(check_values(sample, number, values, count, width));
    rnni_column *column = open_column(sample, number);
    int64_t row = 0;
    RNNI_TRY(rnni_column_add_rows(sample->store->context, column, kind, rows, width, &row));
    for (int64_t i = 0; i < count; i++) column->values[row * width + i] = values[i];
    return RNN_OK;
}

rnn_status_t rnn_sample_set_tokens(rnn_sample_t *sample, int32_t column, const int32_t *ids, int64_t steps)
{
    return keep_failure(sample, set_ids(sample, column, RNNI_COLUMN_TOKENS, ids, steps));
}

rnn_status_t rnn_sample_set_values(rnn_sample_t *sample, int32_t column, const float *values, int64_t steps,
                                   int64_t features)
{
    return keep_failure(sample, set_values(sample, column, RNNI_COLUMN_VALUES, values, steps, features));
}

rnn_status_t rnn_sample_set_vector(rnn_sample_t *sample, int32_t column, const float *values,
                                   int64_t features)
{
    return keep_failure(sample, set_values(sample, column, RNNI_COLUMN_VECTOR, values, 1, features));
}

rnn_status_t rnn_sample_set_class(rnn_sample_t *sample, int32_t column, int32_t number)
{
    return keep_failure(sample, set_ids(sample, column, RNNI_COLUMN_CLASS, &number, 1));
}

static rnn_status_t set_weight(rnn_sample_t *sample, double weight)
{
    RNNI_REQUIRE(sample, RNN_ERROR_ARGUMENT, "the sample is NULL");
    RNNI_REQUIRE(isfinite((rnni_real)weight) && weight >= 0, RNN_ERROR_DATA,
                 "the weight of sample %lld is %s, expected a finite number, 0 or more",
                 (long long)sample->index,
                 isnan(weight) ? "not a number"
                 : weight < 0  ? "negative"
                               : "too large");
    rnn_batch_t *data = &sample->store->data;
    if (!data->weight) RNNI_TRY(rnni_batch_make_weights(data, sample->row + 1));
    data->weight[sample->row] = (rnni_real)weight;
    return RNN_OK;
}

rnn_status_t rnn_sample_set_weight(rnn_sample_t *sample, double weight)
{
    return keep_failure(sample, set_weight(sample, weight));
}

/* ---- asking the caller ---- */

/* Tells a failure that the callback explained (with rnni_fail, through this library) from one that it did
 * not: the thread's last line is empty while it runs. */
static rnn_status_t judge(rnn_status_t status, const char *before, const char *what, int64_t index,
                          bool may_end)
{
    bool explained = rnn_last_error()[0] != 0;
    if (!explained) rnni_set_last_error(before);
    if (status == RNN_OK || (status == RNN_END && may_end)) return status;
    if (status > 0)
        return rnni_fail(RNN_ERROR_CALLBACK, "the source's %s answered %d for sample %lld", what, (int)status,
                         (long long)index);
    if (!explained)
        rnni_fail(status, "the source's %s failed for sample %lld: %s", what, (long long)index,
                  rnn_status_text(status));
    return status;
}

/* Every column set, each with the kind and width it had before. */
static rnn_status_t accept_sample(rnn_sample_t *sample)
{
    rnni_store *store = sample->store;
    if (sample->status != RNN_OK) {
        rnni_set_last_error(sample->reason);
        return sample->status;
    }
    int32_t columns = store->source.inputs + store->source.targets;
    for (int32_t i = 0; i < columns; i++) {
        if (column_of(sample, i)->count > sample->row) continue;
        char name[48];
        name_place(sample, i, name);
        return rnni_fail(RNN_ERROR_DATA, "%s was not set by the source", name);
    }
    for (int32_t i = 0; i < columns; i++)
        store->shapes[i] = (rnni_shape){ column_of(sample, i)->kind, column_of(sample, i)->width };
    return RNN_OK;
}

/* A sample weighs 1 unless it says otherwise. */
static rnn_status_t extend_weights(rnni_store *store)
{
    rnn_batch_t *data = &store->data;
    if (!data->weight) return RNN_OK;
    RNNI_TRY(rnni_grow(store->context, (void **)&data->weight_room, &data->weight_capacity,
                       (size_t)data->count + 1, sizeof(*data->weight_room)));
    data->weight = data->weight_room;
    data->weight[data->count] = 1;
    return RNN_OK;
}

/* Reads sample `index` behind those that store->data holds. */
static rnn_status_t read_sample(rnni_store *store, int64_t index, bool may_end)
{
    rnn_batch_t *data = &store->data;
    RNNI_TRY(rnni_grow(store->context, (void **)&data->index, &data->index_capacity, (size_t)data->count + 1,
                       sizeof(*data->index)));
    RNNI_TRY(extend_weights(store));
    rnn_sample_t sample = { store, index, data->count, RNN_OK, "" };
    char before[REASON_SIZE];
    rnn_last_error_copy(before, sizeof(before));
    rnni_set_last_error("");
    rnn_status_t status = store->source.read(index, &sample, store->source.user);
    RNNI_TRY(judge(status, before, "read", index, may_end));
    RNNI_TRY(accept_sample(&sample));
    data->index[data->count++] = index;
    return RNN_OK;
}

static rnn_status_t begin_reading(rnni_store *store)
{
    RNNI_TRY(rnni_batch_prepare(&store->data, store->source.inputs, store->source.targets));
    store->data.count = 0;
    return RNN_OK;
}

rnn_status_t rnni_source_read(rnni_store *store, const int64_t *samples, int64_t start, int64_t count)
{
    RNNI_TRY(begin_reading(store));
    for (int64_t i = 0; i < count; i++) RNNI_TRY(read_sample(store, samples[i] + start, false));
    return RNN_OK;
}

rnn_status_t rnni_source_read_next(rnni_store *store, int64_t count, int64_t *got)
{
    RNNI_TRY(begin_reading(store));
    while (!store->ended && store->data.count < count) {
        rnn_status_t status = read_sample(store, store->next, true);
        store->ended = status == RNN_END;
        if (status != RNN_OK && status != RNN_END) return status;
        if (status == RNN_OK) store->next++;
    }
    if (store->data.count == 0) return RNN_END;
    *got = store->data.count;
    return RNN_OK;
}

rnn_status_t rnni_source_rewind(rnni_store *store)
{
    if (store->next == 0 && !store->ended) return RNN_OK;
    char before[REASON_SIZE];
    rnn_last_error_copy(before, sizeof(before));
    rnni_set_last_error("");
    rnn_status_t status = store->source.rewind(store->source.user);
    RNNI_TRY(judge(status, before, "rewind", 0, false));
    store->next = 0;
    store->ended = false;
    return RNN_OK;
}

/* ---- the dataset ---- */

static rnn_status_t check_source(const rnn_source_t *source, rnn_dataset_t **dataset)
{
    RNNI_REQUIRE(source && dataset, RNN_ERROR_ARGUMENT, "the %s is NULL",
                 source ? "place for the dataset" : "source");
    RNNI_REQUIRE(source->struct_size == sizeof(*source), RNN_ERROR_ARGUMENT,
                 "the source's struct_size is %zu, expected %zu", source->struct_size, sizeof(*source));
    RNNI_REQUIRE(source->read, RNN_ERROR_ARGUMENT, "the source has no function read");
    RNNI_REQUIRE(source->count >= -1, RNN_ERROR_RANGE, "the source's count is %lld, expected -1 or more",
                 (long long)source->count);
    RNNI_REQUIRE(source->count >= 0 || source->rewind, RNN_ERROR_ARGUMENT,
                 "a sequential source needs a function rewind");
    RNNI_REQUIRE(source->inputs >= 0 && source->inputs <= RNNI_MAX_COLUMNS && source->targets >= 0 &&
                     source->targets <= RNNI_MAX_COLUMNS && source->inputs + source->targets >= 1,
                 RNN_ERROR_RANGE,
                 "the source has %d inputs and %d targets, expected 0 to %d each, and one at least",
                 (int)source->inputs, (int)source->targets, RNNI_MAX_COLUMNS);
    return RNN_OK;
}

rnn_status_t rnn_dataset_from_source(rnn_context_t *context, const rnn_source_t *source,
                                     rnn_dataset_t **dataset)
{
    RNNI_TRY(check_source(source, dataset));
    rnn_dataset_t *made = rnn_dataset_create(context);
    if (!made) return RNN_ERROR_MEMORY;
    rnni_store *store = made->store;
    store->shapes =
        rnni_alloc_array(made->context, (size_t)(source->inputs + source->targets), sizeof(*store->shapes));
    if (!store->shapes) {
        rnn_dataset_free(made);
        return RNN_ERROR_MEMORY;
    }
    store->is_source = true;
    store->source = *source;
    store->count = source->count;
    *dataset = made;
    return RNN_OK;
}

rnn_status_t rnni_dataset_of_own(rnn_context_t *context, const rnn_source_t *source, rnn_dataset_t **dataset)
{
    rnn_status_t status = rnn_dataset_from_source(context, source, dataset);
    if (status != RNN_OK) source->release(source->user);
    return status;
}
