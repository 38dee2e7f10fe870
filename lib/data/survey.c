/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "data/dataset.h"

/* The first input that has steps, the first class target: NULL when there is none. */
static const rnni_column *column_with_steps(const rnn_batch_t *data)
{
    for (int32_t i = 0; i < data->inputs; i++) {
        rnni_column_kind kind = data->input[i].kind;
        if (kind == RNNI_COLUMN_TOKENS || kind == RNNI_COLUMN_VALUES) return &data->input[i];
    }
    return NULL;
}

static const rnni_column *column_with_classes(const rnn_batch_t *data)
{
    for (int32_t i = 0; i < data->targets; i++)
        if (data->target[i].kind == RNNI_COLUMN_CLASS) return &data->target[i];
    return NULL;
}

static int64_t length_in(const rnn_batch_t *data, int64_t sample)
{
    const rnni_column *column = column_with_steps(data);
    return column ? column->starts[sample + 1] - column->starts[sample] : 1;
}

static int32_t class_in(const rnn_batch_t *data, int64_t sample)
{
    const rnni_column *column = column_with_classes(data);
    return column ? column->ids[sample] : -1;
}

/* Reads a whole source, one sample at a time; the caller holds the lock. */
static rnn_status_t read_all(rnni_store *store, int64_t *lengths, int32_t *classes)
{
    for (int64_t i = 0; i < store->count; i++) {
        RNNI_TRY(rnni_source_read(store, &i, 0, 1));
        lengths[i] = length_in(&store->data, 0);
        classes[i] = class_in(&store->data, 0);
    }
    return RNN_OK;
}

static rnn_status_t survey_source(rnni_store *store)
{
    size_t count = (size_t)store->count;
    int64_t *lengths = rnni_alloc_array(store->context, count, sizeof(*lengths));
    int32_t *classes = lengths ? rnni_alloc_array(store->context, count, sizeof(*classes)) : NULL;
    rnn_status_t status = classes ? read_all(store, lengths, classes) : RNN_ERROR_MEMORY;
    if (status != RNN_OK) {
        if (lengths) rnni_free(store->context, lengths, count * sizeof(*lengths));
        if (classes) rnni_free(store->context, classes, count * sizeof(*classes));
        return status;
    }
    store->lengths = lengths;
    store->class_of = classes;
    return RNN_OK;
}

rnn_status_t rnni_survey(rnn_dataset_t *dataset)
{
    rnni_store *store = dataset->store;
    if (!store->is_source) return RNN_OK;
    RNNI_REQUIRE(!rnni_store_is_sequential(store), RNN_ERROR_UNSUPPORTED,
                 "a sequential source cannot be bucketed or balanced");
    pthread_mutex_lock(&store->lock);
    rnn_status_t status = store->lengths ? RNN_OK : survey_source(store);
    pthread_mutex_unlock(&store->lock);
    return status;
}

int64_t rnni_sample_length(const rnn_dataset_t *dataset, int64_t sample)
{
    const rnni_store *store = dataset->store;
    int64_t number = dataset->start + sample;
    return store->is_source ? store->lengths[number] : length_in(&store->data, number);
}

int32_t rnni_sample_class(const rnn_dataset_t *dataset, int64_t sample)
{
    const rnni_store *store = dataset->store;
    int64_t number = dataset->start + sample;
    return store->is_source ? store->class_of[number] : class_in(&store->data, number);
}
