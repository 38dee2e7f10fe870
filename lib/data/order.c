/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "data/balance.h"

#include <stdlib.h>

/* Which order of an epoch a shuffle is for; 0 is the plain one of rnni_shuffle. */
enum { ORDER_CHOICE = 1, ORDER_BALANCED, ORDER_BATCHES };

/* An epoch over samples [first, first + count). */
typedef struct ordering {
    rnn_dataset_t *dataset;
    int64_t first, count, batch;
    bool shuffle;
    uint64_t seed, epoch;
    int64_t balance, bucket;
} ordering;

static bool resamples(int64_t balance)
{
    return balance == RNNI_BALANCE_OVERSAMPLE || balance == RNNI_BALANCE_UNDERSAMPLE;
}

/* ---- balance ---- */

/* How often each class is taken in all. */
static int64_t share_of(const rnni_census *census, int64_t balance)
{
    return balance == RNNI_BALANCE_OVERSAMPLE ? census->largest : census->smallest;
}

static rnn_status_t balanced_count(rnn_dataset_t *dataset, int64_t first, int64_t count, int64_t balance,
                                   int64_t *total)
{
    RNNI_TRY(rnni_survey(dataset));
    rnni_census census;
    RNNI_TRY(rnni_census_take(&census, dataset, first, count));
    int64_t found = count;
    bool fits = census.present == 0 || rnni_mul_i64(census.present, share_of(&census, balance), &found);
    rnni_census_free(&census, dataset->context);
    if (!fits) return rnni_fail_memory("an epoch", SIZE_MAX);
    *total = found;
    return RNN_OK;
}

int64_t rnni_dataset_order_count(rnn_dataset_t *dataset, int64_t first, int64_t count)
{
    int64_t balance = rnni_dataset_int(dataset, RNN_DATA_BALANCE), total = count;
    if (!resamples(balance)) return count;
    rnn_status_t status = balanced_count(dataset, first, count, balance, &total);
    return status == RNN_OK ? total : status;
}

static int compare_numbers(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/* Goes through the samples in the random order of `chances`. Each of a class is taken equally often; what is
 * left of the class's share falls to the first of them. `seen` counts those met so far, and begins with 0. */
static void choose(const ordering *o, const rnni_census *census, const int64_t *chances, int64_t *seen,
                   int64_t *order)
{
    int64_t share = share_of(census, o->balance), at = 0;
    for (int64_t i = 0; i < o->count; i++) {
        int32_t number = rnni_sample_class(o->dataset, o->first + chances[i]);
        if (number < 0) continue;
        int64_t members = census->count[number], times = share / members;
        if (seen[number]++ < share % members) times++;
        while (times-- > 0) order[at++] = chances[i];
    }
    if (o->shuffle) rnni_permute(order, at, o->seed, ORDER_BALANCED, o->epoch);
    else qsort(order, (size_t)at, sizeof(*order), compare_numbers);
}

static rnn_status_t balance(const ordering *o, int64_t *order)
{
    rnn_context_t *context = o->dataset->context;
    RNNI_TRY(rnni_survey(o->dataset));
    rnni_census census;
    RNNI_TRY(rnni_census_take(&census, o->dataset, o->first, o->count));
    size_t count = (size_t)o->count;
    int64_t *chances = rnni_alloc_array(context, count, sizeof(*chances));
    int64_t *seen = chances ? rnni_alloc_array(context, census.classes, sizeof(*seen)) : NULL;
    if (seen) {
        for (int64_t i = 0; i < o->count; i++) chances[i] = i;
        rnni_permute(chances, o->count, o->seed, ORDER_CHOICE, o->epoch);
        if (census.present) choose(o, &census, chances, seen, order);
        rnni_free(context, seen, census.classes * sizeof(*seen));
    }
    if (chances) rnni_free(context, chances, count * sizeof(*chances));
    bool done = seen != NULL, without = census.present == 0;
    rnni_census_free(&census, context);
    if (!done) return RNN_ERROR_MEMORY;
    if (without && o->shuffle) rnni_shuffle(order, o->count, o->seed, o->epoch);
    for (int64_t i = 0; without && !o->shuffle && i < o->count; i++) order[i] = i;
    return RNN_OK;
}

/* ---- buckets ---- */

typedef struct sized {
    int64_t pool, length, at, sample;
} sized;

static int compare_sized(const void *a, const void *b)
{
    const sized *left = a, *right = b;
    if (left->pool != right->pool) return left->pool < right->pool ? -1 : 1;
    if (left->length != right->length) return left->length < right->length ? -1 : 1;
    return left->at < right->at ? -1 : left->at > right->at;
}

/* The length that counts: what truncation leaves. */
static int64_t length_of(const ordering *o, int64_t sample)
{
    int64_t length = rnni_sample_length(o->dataset, o->first + sample);
    int64_t limit = rnni_dataset_int(o->dataset, RNN_DATA_MAX_LENGTH);
    return limit > 0 && length > limit ? limit : length;
}

/* Sorted pools fall into batches, and the full batches change places; a short one stays the last. */
static void place_batches(const ordering *o, const sized *sorted, int64_t count, int64_t *batches,
                          int64_t *order)
{
    int64_t full = count / o->batch;
    for (int64_t i = 0; i < full; i++) batches[i] = i;
    if (o->shuffle) rnni_permute(batches, full, o->seed, ORDER_BATCHES, o->epoch);
    for (int64_t i = 0; i < full; i++)
        for (int64_t j = 0; j < o->batch; j++)
            order[i * o->batch + j] = sorted[batches[i] * o->batch + j].sample;
    for (int64_t i = full * o->batch; i < count; i++) order[i] = sorted[i].sample;
}

static rnn_status_t bucket(const ordering *o, int64_t count, int64_t *order)
{
    rnn_context_t *context = o->dataset->context;
    RNNI_TRY(rnni_survey(o->dataset));
    int64_t pool, full = count / o->batch;
    if (!rnni_mul_i64(o->bucket, o->batch, &pool)) pool = INT64_MAX;
    sized *sorted = rnni_alloc_array(context, (size_t)count, sizeof(*sorted));
    int64_t *batches = sorted ? rnni_alloc_array(context, (size_t)full, sizeof(*batches)) : NULL;
    if (batches) {
        for (int64_t i = 0; i < count; i++)
            sorted[i] = (sized){ i / pool, length_of(o, order[i]), i, order[i] };
        if (count > 1) qsort(sorted, (size_t)count, sizeof(*sorted), compare_sized);
        place_batches(o, sorted, count, batches, order);
        rnni_free(context, batches, (size_t)full * sizeof(*batches));
    }
    if (sorted) rnni_free(context, sorted, (size_t)count * sizeof(*sorted));
    return batches ? RNN_OK : RNN_ERROR_MEMORY;
}

/* ---- the order ---- */

static rnn_status_t make_order(const ordering *o, int64_t *order)
{
    int64_t count = rnni_dataset_order_count(o->dataset, o->first, o->count);
    if (count < 0) return (rnn_status_t)count;
    if (resamples(o->balance)) RNNI_TRY(balance(o, order));
    else if (o->shuffle) rnni_shuffle(order, count, o->seed, o->epoch);
    else
        for (int64_t i = 0; i < count; i++) order[i] = i;
    if (o->bucket > 0) RNNI_TRY(bucket(o, count, order));
    for (int64_t i = 0; i < count; i++) order[i] += o->first;
    return RNN_OK;
}

static ordering ordering_of(rnn_dataset_t *dataset, int64_t first, int64_t count, int64_t batch)
{
    return (ordering){ .dataset = dataset,
                       .first = first,
                       .count = count,
                       .batch = batch,
                       .balance = rnni_dataset_int(dataset, RNN_DATA_BALANCE),
                       .bucket = rnni_dataset_int(dataset, RNN_DATA_BUCKET) };
}

rnn_status_t rnni_dataset_order(rnn_dataset_t *dataset, int64_t first, int64_t count, int64_t batch,
                                bool shuffle, uint64_t seed, uint64_t epoch, int64_t *order)
{
    ordering o = ordering_of(dataset, first, count, batch);
    o.shuffle = shuffle;
    o.seed = seed;
    o.epoch = epoch;
    return make_order(&o, order);
}

/* ---- what padding costs ---- */

/* Steps of an order, and of it with every sequence as long as the longest of its batch. */
static void measure(const ordering *o, const int64_t *order, int64_t count, int64_t *steps, int64_t *padded)
{
    int64_t useful = 0, all = 0;
    for (int64_t i = 0; i < count; i += o->batch) {
        int64_t size = count - i < o->batch ? count - i : o->batch, longest = 0;
        for (int64_t b = 0; b < size; b++) {
            int64_t length = length_of(o, order[i + b] - o->first);
            useful += length;
            if (length > longest) longest = length;
        }
        all += longest * size;
    }
    *steps = useful;
    *padded = all;
}

static rnn_status_t compare_orders(ordering *o, int64_t count, int64_t figures[3])
{
    int64_t *order = rnni_alloc_array(o->dataset->context, (size_t)count, sizeof(*order));
    if (!order) return RNN_ERROR_MEMORY;
    rnn_status_t status = make_order(o, order);
    if (status == RNN_OK) {
        measure(o, order, count, &figures[0], &figures[1]);
        o->bucket = 0;
        status = make_order(o, order);
        measure(o, order, count, &figures[0], &figures[2]);
    }
    rnni_free(o->dataset->context, order, (size_t)count * sizeof(*order));
    return status;
}

rnn_status_t rnn_dataset_padding(rnn_dataset_t *dataset, int64_t epoch, int64_t *steps, int64_t *padded,
                                 int64_t *unsorted)
{
    RNNI_REQUIRE(dataset && steps && padded && unsorted, RNN_ERROR_ARGUMENT, "the %s is NULL",
                 dataset ? "place for a figure" : "dataset");
    RNNI_REQUIRE(epoch >= 0, RNN_ERROR_RANGE, "epoch %lld, expected 0 or more", (long long)epoch);
    RNNI_TRY(rnni_survey(dataset));
    int64_t all = rnn_dataset_count(dataset), figures[3] = { 0, 0, 0 };
    int64_t count = rnni_dataset_order_count(dataset, 0, all);
    if (count < 0) return (rnn_status_t)count;
    ordering o = ordering_of(dataset, 0, all, rnni_dataset_int(dataset, RNN_DATA_BATCH));
    o.shuffle = rnni_dataset_int(dataset, RNN_DATA_SHUFFLE) != 0;
    o.seed = (uint64_t)rnni_dataset_int(dataset, RNN_DATA_SEED);
    o.epoch = (uint64_t)epoch;
    RNNI_TRY(compare_orders(&o, count, figures));
    *steps = figures[0];
    *padded = figures[1];
    *unsorted = figures[2];
    return RNN_OK;
}
