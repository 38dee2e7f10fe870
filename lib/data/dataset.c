/* SPDX-License-Identifier: MIT */
#include "data/dataset.h"
#include "core/error.h"
#include "core/memory.h"
#include "data/from_tensor.h"

#define MAX_SEED (INT64_C(1) << 53)
#define MAX_NOISE 1e6 /* of jitter and scale: numbers stay finite */

static const rnni_setting settings_table[RNNI_DATASET_SETTINGS] = {
    { RNN_DATA_BATCH, RNN_SETTING_INT, "batch", 1, INT32_MAX, 32, NULL },
    { RNN_DATA_PAD, RNN_SETTING_INT, "pad", 0, 2, 0, "none|pre|post" },
    { RNN_DATA_TRUNCATE, RNN_SETTING_INT, "truncate", 0, 1, 0, "pre|post" },
    { RNN_DATA_MAX_LENGTH, RNN_SETTING_INT, "max_length", 0, INT32_MAX, 0, NULL },
    { RNN_DATA_PAD_ID, RNN_SETTING_INT, "pad_id", 0, INT32_MAX, 0, NULL },
    { RNN_DATA_MAX_ID, RNN_SETTING_INT, "max_id", 0, INT32_MAX, 0, NULL },
    { RNN_DATA_SHUFFLE, RNN_SETTING_INT, "shuffle", 0, 1, 0, NULL },
    { RNN_DATA_SEED, RNN_SETTING_INT, "seed", 0, (double)MAX_SEED, 0, NULL },
    { RNN_DATA_BUCKET, RNN_SETTING_INT, "bucket", 0, INT32_MAX, 0, NULL },
    { RNN_DATA_BALANCE, RNN_SETTING_INT, "balance", 0, 3, 0, "none|oversample|undersample|weights" },
    { RNN_DATA_DROP, RNN_SETTING_FLOAT, "drop", 0, 1, 0, NULL },
    { RNN_DATA_SWAP, RNN_SETTING_FLOAT, "swap", 0, 1, 0, NULL },
    { RNN_DATA_JITTER, RNN_SETTING_FLOAT, "jitter", 0, MAX_NOISE, 0, NULL },
    { RNN_DATA_SCALE, RNN_SETTING_FLOAT, "scale", 0, MAX_NOISE, 0, NULL },
    { RNN_DATA_CROP, RNN_SETTING_FLOAT, "crop", 0, 1, 0, NULL },
};

/* ---- the store ---- */

static rnni_store *create_store(rnn_context_t *context)
{
    rnni_store *store = rnni_alloc(context, sizeof(*store));
    if (!store) return NULL;
    if (pthread_mutex_init(&store->lock, NULL) != 0) {
        rnni_fail(RNN_ERROR_MEMORY, "out of memory for a lock");
        rnni_free(context, store, sizeof(*store));
        return NULL;
    }
    atomic_init(&store->references, 1);
    store->context = rnni_context_hold(context);
    store->data.context = context;
    store->data.count = -1;
    rnni_vocabulary_init(&store->names, context);
    return store;
}

static void release_store(rnni_store *store)
{
    if (atomic_fetch_sub_explicit(&store->references, 1, memory_order_acq_rel) != 1) return;
    rnn_context_t *context = store->context;
    if (store->is_source && store->source.release) store->source.release(store->source.user);
    if (store->shapes)
        rnni_free(context, store->shapes,
                  (size_t)(store->source.inputs + store->source.targets) * sizeof(*store->shapes));
    if (store->lengths) rnni_free(context, store->lengths, (size_t)store->count * sizeof(*store->lengths));
    if (store->class_of) rnni_free(context, store->class_of, (size_t)store->count * sizeof(*store->class_of));
    rnni_batch_release(&store->data);
    rnni_vocabulary_free(&store->names);
    pthread_mutex_destroy(&store->lock);
    rnni_free(context, store, sizeof(*store));
    rnn_context_free(context);
}

static int64_t largest_class(const rnni_column *column)
{
    int64_t largest = -1;
    for (int64_t i = 0, rows = rnni_column_rows(column); i < rows; i++)
        if (column->ids[i] > largest) largest = column->ids[i];
    return largest;
}

void rnni_store_settle(rnni_store *store)
{
    const rnn_batch_t *data = &store->data;
    store->count = data->inputs ? data->input[0].count : data->targets ? data->target[0].count : 0;
    store->data.count = store->count;
    store->classes = 0;
    for (int32_t i = 0; i < data->targets; i++) {
        rnni_column_kind kind = data->target[i].kind;
        if (kind != RNNI_COLUMN_CLASS && kind != RNNI_COLUMN_TOKENS) continue;
        store->classes = store->has_names ? (int64_t)store->names.count : largest_class(&data->target[i]) + 1;
        return;
    }
}

/* ---- the handle ---- */

/* A handle that takes over the reference to `store`, which is left alone on failure. */
static rnn_dataset_t *create_handle(rnn_context_t *context, rnni_store *store)
{
    rnn_dataset_t *dataset = rnni_alloc(context, sizeof(*dataset));
    if (!dataset) return NULL;
    dataset->batch = rnn_batch_create(context);
    if (!dataset->batch) {
        rnni_free(context, dataset, sizeof(*dataset));
        return NULL;
    }
    atomic_init(&dataset->references, 1);
    dataset->context = rnni_context_hold(context);
    dataset->store = store;
    rnni_setting_defaults(settings_table, RNNI_DATASET_SETTINGS, dataset->settings);
    dataset->settings[rnni_setting_find(settings_table, RNNI_DATASET_SETTINGS, RNN_DATA_SEED)] =
        (double)context->seed;
    return dataset;
}

static rnn_dataset_t *create_empty(rnn_context_t *context)
{
    rnni_store *store = create_store(context);
    if (!store) return NULL;
    rnn_dataset_t *dataset = create_handle(context, store);
    if (!dataset) release_store(store);
    return dataset;
}

rnn_dataset_t *rnn_dataset_create(rnn_context_t *context)
{
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return NULL;
    rnn_dataset_t *dataset = create_empty(held);
    rnn_context_free(held);
    return dataset;
}

rnn_dataset_t *rnn_dataset_retain(rnn_dataset_t *dataset)
{
    if (dataset) atomic_fetch_add_explicit(&dataset->references, 1, memory_order_relaxed);
    return dataset;
}

void rnn_dataset_free(rnn_dataset_t *dataset)
{
    if (!dataset || atomic_fetch_sub_explicit(&dataset->references, 1, memory_order_acq_rel) != 1) return;
    rnn_context_t *context = dataset->context;
    release_store(dataset->store);
    rnn_batch_free(dataset->batch);
    rnni_free(context, dataset->order, dataset->order_capacity * sizeof(*dataset->order));
    rnni_free(context, dataset->class_weight, dataset->class_weights * sizeof(*dataset->class_weight));
    rnni_balance_forget(dataset);
    rnni_free(context, dataset, sizeof(*dataset));
    rnn_context_free(context);
}

/* ---- settings ---- */

double rnni_dataset_float(const rnn_dataset_t *dataset, int32_t setting)
{
    return dataset->settings[rnni_setting_find(settings_table, RNNI_DATASET_SETTINGS, setting)];
}

int64_t rnni_dataset_int(const rnn_dataset_t *dataset, int32_t setting)
{
    return (int64_t)rnni_dataset_float(dataset, setting);
}

/* A sequential source has no order that could be chosen. */
static rnn_status_t check_order(const rnn_dataset_t *dataset, int32_t setting, double value)
{
    if (!rnni_store_is_sequential(dataset->store) || value == 0) return RNN_OK;
    RNNI_REQUIRE(setting != RNN_DATA_SHUFFLE, RNN_ERROR_UNSUPPORTED,
                 "a sequential source cannot be shuffled");
    RNNI_REQUIRE(setting != RNN_DATA_BUCKET && setting != RNN_DATA_BALANCE, RNN_ERROR_UNSUPPORTED,
                 "a sequential source cannot be %s", setting == RNN_DATA_BUCKET ? "bucketed" : "balanced");
    return RNN_OK;
}

static rnn_status_t set(rnn_dataset_t *dataset, int32_t setting, int32_t type, double value)
{
    RNNI_REQUIRE(dataset, RNN_ERROR_ARGUMENT, "the dataset is NULL");
    RNNI_TRY(check_order(dataset, setting, value));
    RNNI_TRY(rnni_setting_set(settings_table, RNNI_DATASET_SETTINGS, dataset->settings, "the dataset",
                              setting, type, value));
    rnni_balance_forget(dataset);
    return RNN_OK;
}

rnn_status_t rnn_dataset_set_int(rnn_dataset_t *dataset, int32_t setting, int64_t value)
{
    /* Beyond 2^53 a double no longer tells neighbours apart; the next double is out of every range. */
    double number = value > MAX_SEED ? (double)MAX_SEED + 2 : (double)value;
    return set(dataset, setting, RNN_SETTING_INT, number);
}

rnn_status_t rnn_dataset_set_float(rnn_dataset_t *dataset, int32_t setting, double value)
{
    return set(dataset, setting, RNN_SETTING_FLOAT, value);
}

rnn_status_t rnn_dataset_get_float(const rnn_dataset_t *dataset, int32_t setting, double *value)
{
    RNNI_REQUIRE(dataset, RNN_ERROR_ARGUMENT, "the dataset is NULL");
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "the place for the value is NULL");
    return rnni_setting_get(settings_table, RNNI_DATASET_SETTINGS, dataset->settings, "the dataset", setting,
                            value);
}

rnn_status_t rnn_dataset_get_int(const rnn_dataset_t *dataset, int32_t setting, int64_t *value)
{
    double found = 0;
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "the place for the value is NULL");
    RNNI_TRY(rnn_dataset_get_float(dataset, setting, &found));
    *value = (int64_t)found;
    return RNN_OK;
}

rnn_status_t rnn_dataset_setting(int32_t index, rnn_setting_t *setting)
{
    return rnni_setting_describe(settings_table, RNNI_DATASET_SETTINGS, index, setting);
}

/* ---- columns ---- */

static rnn_status_t check_open(const rnn_dataset_t *dataset)
{
    RNNI_REQUIRE(dataset, RNN_ERROR_ARGUMENT, "the dataset is NULL");
    RNNI_REQUIRE(!dataset->store->is_source, RNN_ERROR_STATE,
                 "columns cannot be added to a dataset that reads from a source");
    RNNI_REQUIRE(!dataset->is_part && atomic_load(&dataset->store->references) == 1, RNN_ERROR_STATE,
                 "columns cannot be added to a part of a dataset, nor to a dataset that has parts");
    return RNN_OK;
}

static rnn_status_t add_column(rnn_dataset_t *dataset, bool target, const rnn_tensor_t *tensor,
                               const rnn_tensor_t *lengths, bool ragged)
{
    RNNI_TRY(check_open(dataset));
    rnn_batch_t *data = &dataset->store->data;
    int32_t inputs = data->inputs, targets = data->targets;
    rnni_place place = { target, target ? targets : inputs };
    RNNI_TRY(rnni_batch_reserve(data, inputs + !target, targets + target));
    rnni_column *column = target ? &data->target[targets] : &data->input[inputs];
    rnn_status_t status = rnni_column_from_tensor(dataset->context, column, place, tensor, lengths, ragged);
    if (status == RNN_OK && inputs + targets > 0 && column->count != dataset->store->count)
        status = rnni_fail(RNN_ERROR_SHAPE, "%s %d has %lld samples, but the columns before it have %lld",
                           target ? "target" : "input", (int)place.index, (long long)column->count,
                           (long long)dataset->store->count);
    if (status != RNN_OK) {
        rnni_column_free(dataset->context, column);
        return status;
    }
    *(target ? &data->targets : &data->inputs) += 1;
    rnni_store_settle(dataset->store);
    rnni_balance_forget(dataset);
    return RNN_OK;
}

rnn_status_t rnn_dataset_add_input(rnn_dataset_t *dataset, const rnn_tensor_t *data,
                                   const rnn_tensor_t *lengths)
{
    return add_column(dataset, false, data, lengths, false);
}

rnn_status_t rnn_dataset_add_target(rnn_dataset_t *dataset, const rnn_tensor_t *data,
                                    const rnn_tensor_t *lengths)
{
    return add_column(dataset, true, data, lengths, false);
}

rnn_status_t rnn_dataset_add_ragged_input(rnn_dataset_t *dataset, const rnn_tensor_t *data,
                                          const rnn_tensor_t *lengths)
{
    return add_column(dataset, false, data, lengths, true);
}

rnn_status_t rnn_dataset_add_ragged_target(rnn_dataset_t *dataset, const rnn_tensor_t *data,
                                           const rnn_tensor_t *lengths)
{
    return add_column(dataset, true, data, lengths, true);
}

rnn_status_t rnn_dataset_add_weights(rnn_dataset_t *dataset, const rnn_tensor_t *weights)
{
    RNNI_TRY(check_open(dataset));
    rnn_batch_t *data = &dataset->store->data;
    RNNI_TRY(rnni_check_weights(weights, dataset->store->count));
    RNNI_TRY(rnni_batch_make_weights(data, dataset->store->count));
    rnni_copy_weights(weights, data->weight);
    return RNN_OK;
}

/* ---- samples ---- */

int64_t rnn_dataset_count(const rnn_dataset_t *dataset)
{
    if (!dataset) return 0;
    return dataset->is_part ? dataset->part_count : dataset->store->count;
}

int64_t rnn_dataset_classes(const rnn_dataset_t *dataset) { return dataset ? dataset->store->classes : 0; }

const char *rnn_dataset_class_name(const rnn_dataset_t *dataset, int64_t number)
{
    if (!dataset || !dataset->store->has_names || number < 0) return NULL;
    return rnni_vocabulary_word(&dataset->store->names, (size_t)number);
}

static rnn_status_t take_names(rnni_vocabulary *to, const char *const *names, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        size_t number;
        RNNI_REQUIRE(names[i] && *names[i], RNN_ERROR_ARGUMENT, "the name of class %lld is %s", (long long)i,
                     names[i] ? "empty" : "NULL");
        RNNI_TRY(rnni_vocabulary_add(to, names[i], strlen(names[i]), &number));
        RNNI_REQUIRE(number == (size_t)i, RNN_ERROR_ARGUMENT,
                     "the classes %lld and %lld have the same name, \"%.60s\"", (long long)number,
                     (long long)i, names[i]);
    }
    return RNN_OK;
}

rnn_status_t rnn_dataset_set_class_names(rnn_dataset_t *dataset, const char *const *names, int64_t count)
{
    RNNI_REQUIRE(dataset && names, RNN_ERROR_ARGUMENT, "the %s is NULL",
                 dataset ? "array of names" : "dataset");
    rnni_store *store = dataset->store;
    RNNI_REQUIRE(count >= 1 && count < INT32_MAX, RNN_ERROR_RANGE, "%lld class names, expected 1 or more",
                 (long long)count);
    RNNI_REQUIRE(!store->has_names, RNN_ERROR_STATE, "the dataset's classes have names already");
    RNNI_REQUIRE(store->classes <= count, RNN_ERROR_RANGE, "%lld class names for %lld classes",
                 (long long)count, (long long)store->classes);
    rnni_vocabulary made;
    rnni_vocabulary_init(&made, store->context);
    rnn_status_t status = take_names(&made, names, count);
    if (status != RNN_OK) {
        rnni_vocabulary_free(&made);
        return status;
    }
    rnni_vocabulary_free(&store->names);
    store->names = made;
    store->has_names = true;
    if (store->classes > 0) store->classes = count;
    return RNN_OK;
}

static rnn_status_t copy_class_weights(rnn_dataset_t *to, const rnn_dataset_t *from)
{
    if (!from->class_weight) return RNN_OK;
    to->class_weight = rnni_alloc_array(to->context, from->class_weights, sizeof(*to->class_weight));
    if (!to->class_weight) return RNN_ERROR_MEMORY;
    memcpy(to->class_weight, from->class_weight, from->class_weights * sizeof(*to->class_weight));
    to->class_weights = from->class_weights;
    return RNN_OK;
}

rnn_status_t rnn_dataset_slice(rnn_dataset_t *dataset, int64_t start, int64_t count, rnn_dataset_t **part)
{
    RNNI_REQUIRE(dataset && part, RNN_ERROR_ARGUMENT, "the %s is NULL",
                 dataset ? "place for the part" : "dataset");
    RNNI_REQUIRE(!rnni_store_is_sequential(dataset->store), RNN_ERROR_UNSUPPORTED,
                 "a sequential source cannot be split");
    int64_t all = rnn_dataset_count(dataset);
    RNNI_REQUIRE(start >= 0 && count >= 0 && start <= all && count <= all - start, RNN_ERROR_RANGE,
                 "%lld samples from number %lld on, but the dataset has %lld", (long long)count,
                 (long long)start, (long long)all);
    rnn_dataset_t *made = create_handle(dataset->context, dataset->store);
    if (!made) return RNN_ERROR_MEMORY;
    atomic_fetch_add_explicit(&dataset->store->references, 1, memory_order_relaxed);
    made->is_part = true;
    made->start = dataset->start + start;
    made->part_count = count;
    memcpy(made->settings, dataset->settings, sizeof(made->settings));
    rnn_status_t status = copy_class_weights(made, dataset);
    if (status != RNN_OK) {
        rnn_dataset_free(made);
        return status;
    }
    *part = made;
    return RNN_OK;
}

/* ---- batches ---- */

rnn_status_t rnni_dataset_restart(rnn_dataset_t *dataset)
{
    rnni_store *store = dataset->store;
    if (rnni_store_is_sequential(store)) {
        pthread_mutex_lock(&store->lock);
        rnn_status_t status = rnni_source_rewind(store);
        pthread_mutex_unlock(&store->lock);
        RNNI_TRY(status);
    }
    dataset->position = 0;
    dataset->ended = false;
    return RNN_OK;
}

rnn_status_t rnn_dataset_rewind(rnn_dataset_t *dataset, int64_t epoch)
{
    RNNI_REQUIRE(dataset, RNN_ERROR_ARGUMENT, "the dataset is NULL");
    RNNI_REQUIRE(epoch >= 0, RNN_ERROR_RANGE, "epoch %lld, expected 0 or more", (long long)epoch);
    RNNI_TRY(rnni_dataset_restart(dataset));
    dataset->epoch = epoch;
    return RNN_OK;
}

static rnn_status_t begin_epoch(rnn_dataset_t *dataset)
{
    int64_t all = rnn_dataset_count(dataset), count = rnni_dataset_order_count(dataset, 0, all);
    if (count < 0) return (rnn_status_t)count;
    RNNI_TRY(rnni_grow(dataset->context, (void **)&dataset->order, &dataset->order_capacity, (size_t)count,
                       sizeof(*dataset->order)));
    dataset->order_count = count;
    return rnni_dataset_order(dataset, 0, all, rnni_dataset_int(dataset, RNN_DATA_BATCH),
                              rnni_dataset_int(dataset, RNN_DATA_SHUFFLE) != 0,
                              (uint64_t)rnni_dataset_int(dataset, RNN_DATA_SEED), (uint64_t)dataset->epoch,
                              dataset->order);
}

/* The next batch into dataset->batch; RNN_END at the end of an epoch. */
static rnn_status_t fill_batch(rnn_dataset_t *dataset)
{
    int64_t size = rnni_dataset_int(dataset, RNN_DATA_BATCH);
    rnni_epoch_of when = { (uint64_t)rnni_dataset_int(dataset, RNN_DATA_SEED), (uint64_t)dataset->epoch,
                           dataset->position };
    if (rnn_dataset_count(dataset) < 0)
        return rnni_dataset_read_next_train(dataset, size, when, dataset->batch);
    if (dataset->position == 0) RNNI_TRY(begin_epoch(dataset));
    int64_t left = dataset->order_count - dataset->position;
    if (left <= 0) return RNN_END;
    if (size > left) size = left;
    RNNI_TRY(
        rnni_dataset_gather_train(dataset, dataset->order + dataset->position, size, when, dataset->batch));
    dataset->position += size;
    return RNN_OK;
}

rnn_status_t rnn_dataset_next_batch(rnn_dataset_t *dataset, rnn_batch_t **batch)
{
    RNNI_REQUIRE(dataset && batch, RNN_ERROR_ARGUMENT, "the %s is NULL",
                 dataset ? "place for the batch" : "dataset");
    if (dataset->ended) {
        RNNI_TRY(rnni_dataset_restart(dataset));
        dataset->epoch++;
    }
    rnn_status_t status = fill_batch(dataset);
    dataset->ended = status == RNN_END;
    if (status == RNN_OK) *batch = dataset->batch;
    return status;
}
