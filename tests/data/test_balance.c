/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "data/batch.h"
#include "data/tensors.h"

static rnn_status_t put_input(rnn_dataset_t *d, rnn_tensor_t *data)
{
    return used(rnn_dataset_add_input(d, data, NULL), data, NULL);
}
static rnn_status_t put_target(rnn_dataset_t *d, rnn_tensor_t *data)
{
    return used(rnn_dataset_add_target(d, data, NULL), data, NULL);
}
static rnn_status_t put_batch(rnn_batch_t *batch, rnn_tensor_t *data)
{
    return used(rnn_batch_set_input(batch, 0, data, NULL), data, NULL);
}

static int32_t ids[4] = { 10, 11, 12, 13 };
static int64_t classes[4] = { 0, 2, 0, 0 };

static rnn_dataset_t *four(void)
{
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    CHECK_OK(put_input(d, wrap2(RNN_I32, ids, 4, 1)));
    CHECK_OK(put_target(d, wrap1(RNN_I64, classes, 4)));
    return d;
}

static rnn_status_t add_weights(rnn_dataset_t *d, rnn_tensor_t *weights)
{
    return used(rnn_dataset_add_weights(d, weights), weights, NULL);
}
static rnn_status_t set_classes(rnn_dataset_t *d, rnn_tensor_t *weights)
{
    return used(rnn_dataset_set_class_weights(d, weights), weights, NULL);
}

static void check_weights(const rnn_batch_t *batch, const double *expected)
{
    CHECK(batch->weight != NULL);
    for (int64_t b = 0; b < batch->count; b++) CHECK_NEAR(batch->weight[b], expected[b], 1e-6);
}

static rnn_batch_t *first_batch(rnn_dataset_t *d)
{
    rnn_batch_t *batch = NULL;
    CHECK_OK(rnn_dataset_rewind(d, 0));
    CHECK_OK(rnn_dataset_next_batch(d, &batch));
    return batch;
}

TEST(no_weights_unless_given)
{
    rnn_dataset_t *d = four();
    CHECK(first_batch(d)->weight == NULL);
    rnn_dataset_free(d);
}

TEST(weights_of_samples)
{
    rnn_dataset_t *d = four(), *part = NULL;
    float weights[4] = { 1, 0.5F, 0, 3 };
    CHECK_OK(add_weights(d, wrap1(RNN_F32, weights, 4)));
    check_weights(first_batch(d), (double[]){ 1, 0.5, 0, 3 });
    rnn_batch_t *batch = rnn_batch_create(NULL);
    int64_t samples[3] = { 3, 1, 3 };
    CHECK_OK(rnni_dataset_gather(d, samples, 3, batch));
    check_weights(batch, (double[]){ 3, 0.5, 3 });
    CHECK_OK(rnn_dataset_slice(d, 2, 2, &part));
    CHECK_STATUS(add_weights(d, wrap1(RNN_F32, weights, 4)), RNN_ERROR_STATE);
    check_weights(first_batch(part), (double[]){ 0, 3 });
    rnn_dataset_free(part);
    double others[4] = { 2, 2, 2, 2 };
    CHECK_OK(add_weights(d, wrap1(RNN_F64, others, 4)));
    check_weights(first_batch(d), others);
    rnn_batch_free(batch);
    rnn_dataset_free(d);
}

TEST(weights_of_classes_are_for_training)
{
    rnn_dataset_t *d = four(), *part = NULL;
    double of_classes[3] = { 2, 7, 5 }, of_samples[4] = { 1, 3, 1, 1 }, of_two[2] = { 0.5, 1 };
    CHECK_OK(set_classes(d, wrap1(RNN_F64, of_classes, 3)));
    check_weights(first_batch(d), (double[]){ 2, 5, 2, 2 });
    CHECK_OK(add_weights(d, wrap1(RNN_F64, of_samples, 4)));
    check_weights(first_batch(d), (double[]){ 2, 15, 2, 2 });
    rnn_batch_t *batch = rnn_batch_create(NULL);
    int64_t samples[2] = { 1, 0 };
    CHECK_OK(rnni_dataset_gather(d, samples, 2, batch));
    check_weights(batch, (double[]){ 3, 1 });
    CHECK_OK(rnn_dataset_slice(d, 1, 2, &part));
    check_weights(first_batch(part), (double[]){ 15, 2 });
    CHECK_OK(set_classes(d, wrap1(RNN_F64, of_two, 2)));
    check_weights(first_batch(d), (double[]){ 0.5, 3, 0.5, 0.5 });
    CHECK_OK(rnn_dataset_set_class_weights(d, NULL));
    check_weights(first_batch(d), of_samples);
    check_weights(first_batch(part), (double[]){ 15, 2 });
    rnn_dataset_free(part);
    rnn_batch_free(batch);
    rnn_dataset_free(d);
}

TEST(balanced_weights)
{
    rnn_dataset_t *d = four();
    double of_classes[1] = { 3 };
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BALANCE, 3));
    check_weights(first_batch(d), (double[]){ 4.0 / 6, 2, 4.0 / 6, 4.0 / 6 });
    CHECK_OK(set_classes(d, wrap1(RNN_F64, of_classes, 1)));
    check_weights(first_batch(d), (double[]){ 2, 2, 2, 2 });
    CHECK_OK(rnn_dataset_set_class_weights(d, NULL));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BALANCE, 0));
    CHECK(first_batch(d)->weight == NULL);
    rnn_dataset_free(d);
}

TEST(weights_of_a_batch)
{
    rnn_batch_t *batch = rnn_batch_create(NULL);
    float weights[4] = { 1, 2, 3, 4 };
    rnn_tensor_t *w4 = wrap1(RNN_F32, weights, 4), *w2 = wrap1(RNN_F32, weights, 2);
    CHECK_STATUS(rnn_batch_set_weights(batch, w4), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_batch_set_weights(NULL, w4), RNN_ERROR_ARGUMENT);
    CHECK_OK(put_batch(batch, wrap2(RNN_I32, ids, 4, 1)));
    CHECK_STATUS(rnn_batch_set_weights(batch, w2), RNN_ERROR_SHAPE);
    CHECK_OK(rnn_batch_set_weights(batch, w4));
    check_weights(batch, (double[]){ 1, 2, 3, 4 });
    CHECK_OK(put_batch(batch, wrap2(RNN_I32, ids, 4, 1)));
    check_weights(batch, (double[]){ 1, 2, 3, 4 });
    CHECK_OK(put_batch(batch, wrap2(RNN_I32, ids, 2, 2)));
    CHECK(batch->weight == NULL);
    rnn_tensor_free(w4);
    rnn_tensor_free(w2);
    rnn_batch_free(batch);
}

TEST(wrong_weights)
{
    rnn_dataset_t *d = four();
    float weights[4] = { 1, 2, -1, 4 };
    CHECK_STATUS(add_weights(d, wrap1(RNN_F32, weights, 4)), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "weight 2 is negative"));
    weights[2] = NAN;
    CHECK_STATUS(add_weights(d, wrap1(RNN_F32, weights, 4)), RNN_ERROR_DATA);
    weights[2] = INFINITY;
    CHECK_STATUS(set_classes(d, wrap1(RNN_F32, weights, 4)), RNN_ERROR_DATA);
    CHECK_STATUS(add_weights(d, wrap1(RNN_F32, weights, 2)), RNN_ERROR_SHAPE);
    CHECK_STATUS(add_weights(d, wrap2(RNN_F32, weights, 2, 2)), RNN_ERROR_SHAPE);
    CHECK_STATUS(set_classes(d, wrap2(RNN_F32, weights, 2, 2)), RNN_ERROR_SHAPE);
    CHECK_STATUS(add_weights(d, wrap1(RNN_I32, ids, 4)), RNN_ERROR_TYPE);
    CHECK_STATUS(rnn_dataset_add_weights(d, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_dataset_add_weights(NULL, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_dataset_set_class_weights(NULL, NULL), RNN_ERROR_ARGUMENT);
    rnn_dataset_free(d);
}

static int weigh_anew(rnn_context_t *context)
{
    double of_classes[3] = { 2, 7, 5 };
    int64_t shape[2] = { 4, 1 }, three = 3;
    rnn_dataset_t *d = rnn_dataset_create(context), *part = NULL;
    rnn_tensor_t *x = rnn_tensor_wrap(context, RNN_I32, 2, shape, NULL, ids),
                 *y = rnn_tensor_wrap(context, RNN_I64, 1, shape, NULL, classes);
    rnn_tensor_t *w = rnn_tensor_wrap(context, RNN_F64, 1, &three, NULL, of_classes);
    rnn_batch_t *batch;
    rnn_status_t status = d && x && y && w ? rnn_dataset_add_input(d, x, NULL) : RNN_ERROR_MEMORY;
    if (status == RNN_OK) status = rnn_dataset_add_target(d, y, NULL);
    if (status == RNN_OK) status = rnn_dataset_set_class_weights(d, w);
    if (status == RNN_OK) status = rnn_dataset_set_int(d, RNN_DATA_BALANCE, 3);
    if (status == RNN_OK) status = rnn_dataset_next_batch(d, &batch);
    if (status == RNN_OK) status = rnn_dataset_slice(d, 0, 2, &part);
    if (status == RNN_OK) status = rnn_dataset_next_batch(part, &batch);
    rnn_tensor_free(x);
    rnn_tensor_free(y);
    rnn_tensor_free(w);
    rnn_dataset_free(part);
    rnn_dataset_free(d);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation) { EVERY_FAILURE(weigh_anew); }

TEST_MAIN
