/* SPDX-License-Identifier: MIT */
#include "data/balance.h"
#include "core/error.h"
#include "core/memory.h"
#include "data/from_tensor.h"

/* ---- how many of each class ---- */

static int64_t classes_of(const rnn_dataset_t *dataset, int64_t first, int64_t count)
{
    int32_t largest = -1;
    for (int64_t i = 0; i < count; i++) {
        int32_t number = rnni_sample_class(dataset, first + i);
        if (number > largest) largest = number;
    }
    return (int64_t)largest + 1;
}

rnn_status_t rnni_census_take(rnni_census *census, rnn_dataset_t *dataset, int64_t first, int64_t count)
{
    rnni_census made = { .classes = (size_t)classes_of(dataset, first, count), .smallest = count };
    made.count = rnni_alloc_array(dataset->context, made.classes, sizeof(*made.count));
    if (!made.count) return RNN_ERROR_MEMORY;
    for (int64_t i = 0; i < count; i++) {
        int32_t number = rnni_sample_class(dataset, first + i);
        if (number >= 0) made.count[number]++;
    }
    for (size_t c = 0; c < made.classes; c++) {
        if (made.count[c] == 0) continue;
        made.present++;
        if (made.count[c] < made.smallest) made.smallest = made.count[c];
        if (made.count[c] > made.largest) made.largest = made.count[c];
    }
    *census = made;
    return RNN_OK;
}

void rnni_census_free(rnni_census *census, rnn_context_t *context)
{
    rnni_free(context, census->count, census->classes * sizeof(*census->count));
    census->count = NULL;
}

/* ---- weights by class ---- */

void rnni_balance_forget(rnn_dataset_t *dataset)
{
    rnni_free(dataset->context, dataset->balance, dataset->balances * sizeof(*dataset->balance));
    dataset->balance = NULL;
    dataset->balances = 0;
}

/* All samples of a class together weigh as much as those of any other, and all together as many as they are.
 */
rnn_status_t rnni_balance_prepare(rnn_dataset_t *dataset)
{
    if (dataset->balance || rnni_dataset_int(dataset, RNN_DATA_BALANCE) != RNNI_BALANCE_WEIGHTS)
        return RNN_OK;
    int64_t all = rnn_dataset_count(dataset);
    RNNI_TRY(rnni_survey(dataset));
    rnni_census census;
    RNNI_TRY(rnni_census_take(&census, dataset, 0, all));
    rnni_real *weights = rnni_alloc_array(dataset->context, census.classes, sizeof(*weights));
    for (size_t c = 0; weights && c < census.classes; c++)
        if (census.count[c])
            weights[c] = (rnni_real)((double)all / ((double)census.present * (double)census.count[c]));
    dataset->balance = weights;
    dataset->balances = weights ? census.classes : 0;
    rnni_census_free(&census, dataset->context);
    return weights ? RNN_OK : RNN_ERROR_MEMORY;
}

static rnni_real weight_of(const rnn_dataset_t *dataset, int32_t number)
{
    rnni_real weight = 1;
    if (number < 0) return weight;
    if ((size_t)number < dataset->class_weights) weight *= dataset->class_weight[number];
    if ((size_t)number < dataset->balances) weight *= dataset->balance[number];
    return weight;
}

rnn_status_t rnni_balance_weigh(const rnn_dataset_t *dataset, rnn_batch_t *batch)
{
    if (!dataset->class_weight && !dataset->balance) return RNN_OK;
    int32_t at = 0;
    while (at < batch->targets && batch->target[at].kind != RNNI_COLUMN_CLASS) at++;
    if (at == batch->targets) return RNN_OK;
    if (!batch->weight) RNNI_TRY(rnni_batch_make_weights(batch, batch->count));
    for (int64_t b = 0; b < batch->count; b++)
        batch->weight[b] *= weight_of(dataset, batch->target[at].ids[b]);
    return RNN_OK;
}

/* ---- weights that are given ---- */

rnn_status_t rnn_dataset_set_class_weights(rnn_dataset_t *dataset, const rnn_tensor_t *weights)
{
    RNNI_REQUIRE(dataset, RNN_ERROR_ARGUMENT, "the dataset is NULL");
    rnni_real *made = NULL;
    size_t count = 0;
    if (weights) {
        RNNI_TRY(rnni_check_weights(weights, -1));
        count = (size_t)rnn_tensor_size(weights, 0);
        made = rnni_alloc_array(dataset->context, count, sizeof(*made));
        if (!made) return RNN_ERROR_MEMORY;
        rnni_copy_weights(weights, made);
    }
    rnni_free(dataset->context, dataset->class_weight, dataset->class_weights * sizeof(*made));
    dataset->class_weight = made;
    dataset->class_weights = count;
    return RNN_OK;
}
