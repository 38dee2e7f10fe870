/* SPDX-License-Identifier: MIT */
#include "data/augment.h"
#include "data/batch.h"
#include "data/tensors.h"

enum { N = 20, T = 50 };

static int32_t ids[N * T];
static float values[N * T * 2];
static int64_t steps[N * T], classes[N];

static void fill(void)
{
    for (int i = 0; i < N * T; i++) {
        ids[i] = 10 + i % T;
        steps[i] = i % T;
        values[2 * i] = (float)(i % T);
        values[2 * i + 1] = 1;
    }
}

/* Tokens and values of N samples with T steps; `each_step`: a target of the steps' numbers. */
static rnn_dataset_t *make(bool tokens, bool each_step)
{
    fill();
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    rnn_tensor_t *x = tokens ? wrap2(RNN_I32, ids, N, T) : wrap3(RNN_F32, values, N, T, 2);
    CHECK_OK(used(rnn_dataset_add_input(d, x, NULL), x, NULL));
    rnn_tensor_t *y = each_step ? wrap2(RNN_I64, steps, N, T) : wrap1(RNN_I64, classes, N);
    CHECK_OK(used(rnn_dataset_add_target(d, y, NULL), y, NULL));
    return d;
}

static rnn_batch_t *batch_of(rnn_dataset_t *d, int64_t epoch)
{
    rnn_batch_t *batch = NULL;
    CHECK_OK(rnn_dataset_rewind(d, epoch));
    CHECK_OK(rnn_dataset_next_batch(d, &batch));
    CHECK_INT(rnn_batch_count(batch), N);
    return batch;
}

static int64_t sum_of_ids(const rnni_column *c)
{
    int64_t sum = 0;
    for (int64_t row = 0; row < rnni_column_rows(c); row++) sum = sum * 31 % 1000003 + c->ids[row];
    return sum;
}

TEST(drops_tokens)
{
    rnn_dataset_t *d = make(true, false);
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_DROP, 0.3));
    const rnni_column *c = &batch_of(d, 0)->input[0];
    CHECK(rnni_column_rows(c) > N * T * 0.6 && rnni_column_rows(c) < N * T * 0.8);
    for (int64_t b = 0; b < N; b++)
        for (int64_t row = c->starts[b] + 1; row < c->starts[b + 1]; row++)
            CHECK(c->ids[row] > c->ids[row - 1]);
    int64_t sum = sum_of_ids(c);
    CHECK_INT(sum_of_ids(&batch_of(d, 0)->input[0]), sum);
    CHECK(sum_of_ids(&batch_of(d, 1)->input[0]) != sum);
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_DROP, 1));
    CHECK_INT(rnni_column_rows(&batch_of(d, 0)->input[0]), N);
    rnn_dataset_free(d);
}

TEST(dropped_tokens_with_padding)
{
    rnn_dataset_t *d = make(true, false);
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_DROP, 0.5));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_PAD, 1));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_MAX_LENGTH, 40));
    const rnni_column *c = &batch_of(d, 0)->input[0];
    CHECK_INT(rnni_column_rows(c), N * 40);
    for (int64_t b = 0; b < N; b++) {
        CHECK_INT(c->ids[c->starts[b]], 0);
        CHECK(c->ids[c->starts[b + 1] - 1] >= 20);
        int64_t row = c->starts[b];
        while (c->ids[row] == 0) row++;
        for (; row < c->starts[b + 1]; row++) CHECK(c->ids[row] >= 20);
    }
    rnn_dataset_free(d);
}

TEST(steps_with_targets_are_hidden_instead)
{
    rnn_dataset_t *d = make(true, true);
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_DROP, 0.5));
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_SWAP, 0.5));
    const rnn_batch_t *batch = batch_of(d, 0);
    const rnni_column *x = &batch->input[0], *y = &batch->target[0];
    int64_t hidden = 0;
    CHECK_INT(rnni_column_rows(x), N * T);
    for (int64_t row = 0; row < N * T; row++) {
        CHECK_INT(y->ids[row], row % T);
        hidden += x->ids[row] == RNN_TOKEN_UNKNOWN;
        CHECK(x->ids[row] == RNN_TOKEN_UNKNOWN || x->ids[row] == 10 + row % T);
    }
    CHECK(hidden > N * T * 0.4 && hidden < N * T * 0.6);
    rnn_dataset_free(d);
}

TEST(swaps_neighbours)
{
    rnn_dataset_t *d = make(true, false);
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_SWAP, 0.2));
    const rnni_column *c = &batch_of(d, 0)->input[0];
    int64_t moved = 0;
    CHECK_INT(rnni_column_rows(c), N * T);
    for (int64_t row = 0; row < N * T; row++) {
        int64_t away = c->ids[row] - 10 - row % T;
        CHECK(away >= -1 && away <= 1);
        moved += away != 0;
    }
    CHECK(moved > 2 * N * T * 0.1 && moved < 2 * N * T * 0.25);
    rnn_dataset_free(d);
}

TEST(jitters_and_scales)
{
    rnn_dataset_t *d = make(false, false);
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_JITTER, 0.1));
    const rnni_column *c = &batch_of(d, 0)->input[0];
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < N * T * 2; i++) {
        double noise = (double)c->values[i] - (double)values[i];
        sum += noise;
        squares += noise * noise;
    }
    CHECK_NEAR(sum / (N * T * 2), 0, 0.01);
    CHECK_NEAR(sqrt(squares / (N * T * 2)), 0.1, 0.01);
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_JITTER, 0));
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_SCALE, 0.5));
    c = &batch_of(d, 0)->input[0];
    for (int64_t b = 0; b < N; b++) {
        rnni_real factor = c->values[b * T * 2 + 1];
        CHECK(factor != 1);
        for (int64_t t = 0; t < T; t++) CHECK_NEAR(c->values[(b * T + t) * 2], (rnni_real)t * factor, 1e-4);
    }
    rnn_dataset_free(d);
}

TEST(crops_with_the_targets)
{
    rnn_dataset_t *d = make(false, true);
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_CROP, 0.5));
    for (int pad = 0; pad < 3; pad++) {
        CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_PAD, pad));
        const rnn_batch_t *batch = batch_of(d, 0);
        const rnni_column *x = &batch->input[0], *y = &batch->target[0];
        int64_t useful = 0;
        CHECK_INT(rnni_column_rows(x), rnni_column_rows(y));
        for (int64_t row = 0; row < rnni_column_rows(x); row++) {
            if (y->ids[row] < 0) continue;
            useful++;
            CHECK(x->values[row * 2] == (rnni_real)y->ids[row]);
        }
        CHECK(useful > N * T * 0.6 && useful < N * T * 0.9);
        for (int64_t b = 0; b < N; b++) CHECK(x->starts[b + 1] - x->starts[b] >= T / 2);
    }
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_CROP, 1));
    const rnni_column *c = &batch_of(d, 2)->input[0];
    for (int64_t b = 0; b < N; b++) CHECK(c->starts[b + 1] > c->starts[b]);
    rnn_dataset_free(d);
}

TEST(only_training_changes_samples)
{
    rnn_dataset_t *d = make(true, false);
    rnn_batch_t *batch = rnn_batch_create(NULL), *train = rnn_batch_create(NULL);
    int64_t order[3] = { 4, 4, 7 };
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_DROP, 0.5));
    CHECK_OK(rnni_dataset_gather(d, order, 3, batch));
    CHECK_INT(rnni_column_rows(&batch->input[0]), 3 * T);
    rnni_epoch_of when = { 1, 2, 0 };
    CHECK_OK(rnni_dataset_gather_train(d, order, 3, when, train));
    const rnni_column *c = &train->input[0];
    CHECK_INT(c->starts[1], c->starts[2] - c->starts[1]);
    CHECK_BYTES(c->ids, c->ids + c->starts[1], (size_t)c->starts[1] * sizeof(*c->ids));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BALANCE, 1)); /* repeated samples differ */
    CHECK_OK(rnni_dataset_gather_train(d, order, 3, when, train));
    CHECK(c->starts[1] != c->starts[2] - c->starts[1] ||
          memcmp(c->ids, c->ids + c->starts[1], (size_t)c->starts[1] * sizeof(*c->ids)) != 0);
    rnn_batch_free(batch);
    rnn_batch_free(train);
    rnn_dataset_free(d);
}

TEST(batches_do_not_matter)
{
    rnn_dataset_t *d = make(true, false);
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_DROP, 0.3));
    CHECK_OK(rnn_dataset_set_float(d, RNN_DATA_SWAP, 0.3));
    int32_t all[N * T], *at = all;
    const rnni_column *c = &batch_of(d, 3)->input[0];
    int64_t rows = rnni_column_rows(c);
    memcpy(all, c->ids, (size_t)rows * sizeof(*all));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BATCH, 3));
    CHECK_OK(rnn_dataset_rewind(d, 3));
    rnn_batch_t *batch;
    while (rnn_dataset_next_batch(d, &batch) == RNN_OK) {
        c = &batch->input[0];
        CHECK_BYTES(c->ids, at, (size_t)rnni_column_rows(c) * sizeof(*at));
        at += rnni_column_rows(c);
    }
    CHECK_INT(at - all, rows);
    rnn_dataset_free(d);
}

TEST(empty_sequences_stay_empty)
{
    rnni_augment a = { .drop = 0.5, .swap = 0.5, .crop = 1, .seed = 1 };
    int64_t first = 7, kept = 7;
    int32_t none[1] = { 0 };
    rnni_augment_crop(&a, 1, 0, &first, &kept);
    CHECK(first == 0 && kept == 0);
    CHECK_INT(rnni_augment_left(&a, 0, 1, 0), 0);
    rnni_augment_tokens(&a, 0, 1, none, none, 0);
    rnni_augment_crop(&a, 1, 1, &first, &kept);
    CHECK(first == 0 && kept == 1);
}

TEST(settings)
{
    rnn_dataset_t *d = make(true, false);
    double value = 0;
    CHECK_STATUS(rnn_dataset_set_float(d, RNN_DATA_DROP, 1.5), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_dataset_set_float(d, RNN_DATA_JITTER, -1), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_dataset_set_float(d, RNN_DATA_BATCH, 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_dataset_set_float(NULL, RNN_DATA_DROP, 1), RNN_ERROR_ARGUMENT);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_CROP, 1));
    CHECK_OK(rnn_dataset_get_float(d, RNN_DATA_CROP, &value));
    CHECK(value == 1);
    CHECK_STATUS(rnn_dataset_get_float(d, RNN_DATA_CROP, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_dataset_get_float(NULL, RNN_DATA_CROP, &value), RNN_ERROR_ARGUMENT);
    rnn_dataset_free(d);
}

TEST_MAIN
