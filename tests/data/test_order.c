/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "data/batch.h"
#include "data/tensors.h"

static rnn_status_t put_input(rnn_dataset_t *d, rnn_tensor_t *data)
{
    return used(rnn_dataset_add_input(d, data, NULL), data, NULL);
}

enum { COUNT = 60 };

static int64_t lengths[COUNT], classes[COUNT], ids[COUNT * COUNT];

/* Sample i has (i * 37) % 50 + 1 steps; of ten samples six are of class 0, three of class 1, one of class 3.
 */
static rnn_dataset_t *make(rnn_context_t *context)
{
    static const int64_t of_ten[10] = { 0, 0, 0, 1, 0, 1, 0, 3, 0, 1 };
    for (int64_t i = 0; i < COUNT; i++) {
        lengths[i] = i * 37 % 50 + 1;
        classes[i] = of_ten[i % 10];
    }
    rnn_dataset_t *d = rnn_dataset_create(context);
    if (!d) return NULL;
    int64_t shape[2] = { COUNT, COUNT };
    rnn_tensor_t *x = rnn_tensor_wrap(context, RNN_I64, 2, shape, NULL, ids),
                 *n = rnn_tensor_wrap(context, RNN_I64, 1, shape, NULL, lengths),
                 *y = rnn_tensor_wrap(context, RNN_I64, 1, shape, NULL, classes);
    rnn_status_t status = x && n && y ? rnn_dataset_add_input(d, x, n) : RNN_ERROR_MEMORY;
    if (status == RNN_OK) status = rnn_dataset_add_target(d, y, NULL);
    rnn_tensor_free(x);
    rnn_tensor_free(n);
    rnn_tensor_free(y);
    if (status == RNN_OK) return d;
    rnn_dataset_free(d);
    return NULL;
}

static int64_t order_of(rnn_dataset_t *d, int64_t first, int64_t count, bool shuffle, uint64_t epoch,
                        int64_t *order)
{
    int64_t n = rnni_dataset_order_count(d, first, count);
    CHECK(n >= 0 && n <= 4 * COUNT);
    CHECK_OK(rnni_dataset_order(d, first, count, 8, shuffle, 5, epoch, order));
    for (int64_t i = 0; i < n; i++) CHECK(order[i] >= first && order[i] < first + count);
    return n;
}

/* Each sample as often as it should be; -1 where any number will do. */
static void check_times(const int64_t *order, int64_t n, int64_t first, int64_t count, int64_t times)
{
    int64_t seen[COUNT] = { 0 };
    for (int64_t i = 0; i < n; i++) seen[order[i]]++;
    for (int64_t i = first; i < first + count; i++) CHECK_INT(seen[i], times);
}

TEST(plain_orders)
{
    rnn_dataset_t *d = make(NULL);
    int64_t order[4 * COUNT], shuffled[COUNT];
    CHECK_INT(order_of(d, 10, 30, false, 0, order), 30);
    for (int64_t i = 0; i < 30; i++) CHECK_INT(order[i], 10 + i);
    CHECK_INT(order_of(d, 10, 30, true, 3, order), 30);
    rnni_shuffle(shuffled, 30, 5, 3);
    for (int64_t i = 0; i < 30; i++) CHECK_INT(order[i], 10 + shuffled[i]);
    rnn_dataset_free(d);
}

static int64_t spread(const int64_t *order, int64_t n)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i += 8) {
        int64_t low = INT64_MAX, high = 0;
        for (int64_t b = i; b < n && b < i + 8; b++) {
            if (lengths[order[b]] < low) low = lengths[order[b]];
            if (lengths[order[b]] > high) high = lengths[order[b]];
        }
        sum += high - low;
    }
    return sum;
}

TEST(buckets_bring_like_lengths_together)
{
    rnn_dataset_t *d = make(NULL);
    int64_t plain[4 * COUNT], bucketed[4 * COUNT], again[4 * COUNT], other[4 * COUNT];
    order_of(d, 0, COUNT, true, 0, plain);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BUCKET, 4));
    CHECK_INT(order_of(d, 0, COUNT, true, 0, bucketed), COUNT);
    check_times(bucketed, COUNT, 0, COUNT, 1);
    CHECK(spread(bucketed, COUNT) * 2 < spread(plain, COUNT));
    order_of(d, 0, COUNT, true, 0, again);
    CHECK_BYTES(bucketed, again, COUNT * sizeof(int64_t));
    order_of(d, 0, COUNT, true, 1, other);
    CHECK(memcmp(bucketed, other, COUNT * sizeof(int64_t)) != 0);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BUCKET, 1));
    order_of(d, 0, COUNT, false, 0, other);
    for (int64_t i = 0; i < COUNT; i++) CHECK_INT(other[i] / 8, i / 8);
    for (int64_t i = 1; i < COUNT; i++) CHECK(i % 8 == 0 || lengths[other[i - 1]] <= lengths[other[i]]);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BUCKET, INT32_MAX));
    order_of(d, 0, COUNT, false, 0, other);
    for (int64_t i = 1; i < COUNT; i++) CHECK(lengths[other[i - 1]] <= lengths[other[i]]);
    rnn_dataset_free(d);
}

TEST(says_what_padding_costs)
{
    rnn_dataset_t *d = make(NULL);
    int64_t steps = 0, padded = 0, unsorted = 0, sum = 0, computed = 0;
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BATCH, 8));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_SHUFFLE, 1));
    CHECK_OK(rnn_dataset_padding(d, 0, &steps, &padded, &unsorted));
    for (int i = 0; i < COUNT; i++) sum += lengths[i];
    CHECK_INT(steps, sum);
    CHECK_INT(padded, unsorted);
    CHECK(padded > steps);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BUCKET, 100));
    CHECK_OK(rnn_dataset_padding(d, 0, &steps, &padded, &unsorted));
    CHECK(steps == sum && padded - steps < (unsorted - steps) / 3);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_PAD, 2));
    rnn_batch_t *batch;
    while (rnn_dataset_next_batch(d, &batch) == RNN_OK) computed += rnn_batch_steps(batch, 0);
    CHECK_INT(computed, padded);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_MAX_LENGTH, 1));
    CHECK_OK(rnn_dataset_padding(d, 0, &steps, &padded, &unsorted));
    CHECK(steps == COUNT && padded == COUNT && unsorted == COUNT);
    CHECK_STATUS(rnn_dataset_padding(d, -1, &steps, &padded, &unsorted), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_dataset_padding(d, 0, NULL, &padded, &unsorted), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_dataset_padding(NULL, 0, &steps, &padded, &unsorted), RNN_ERROR_ARGUMENT);
    rnn_dataset_free(d);
}

static void count_classes(const int64_t *order, int64_t n, int64_t counts[4])
{
    memset(counts, 0, 4 * sizeof(*counts));
    for (int64_t i = 0; i < n; i++) counts[classes[order[i]]]++;
}

TEST(oversamples_rare_classes)
{
    rnn_dataset_t *d = make(NULL);
    int64_t order[4 * COUNT], other[4 * COUNT], counts[4];
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BALANCE, 1));
    CHECK_INT(order_of(d, 0, COUNT, true, 0, order), 3 * 36);
    count_classes(order, 3 * 36, counts);
    CHECK(counts[0] == 36 && counts[1] == 36 && counts[2] == 0 && counts[3] == 36);
    int64_t seen[COUNT] = { 0 };
    for (int i = 0; i < 108; i++) seen[order[i]]++;
    for (int i = 0; i < COUNT; i++) CHECK_INT(seen[i], classes[i] == 0 ? 1 : classes[i] == 1 ? 2 : 6);
    order_of(d, 0, COUNT, false, 0, other);
    for (int i = 1; i < 108; i++) CHECK(other[i - 1] <= other[i]);
    CHECK_INT(order_of(d, 0, 10, true, 0, order), 18);
    rnn_dataset_free(d);
}

TEST(undersamples_frequent_classes)
{
    rnn_dataset_t *d = make(NULL);
    int64_t order[4 * COUNT], other[4 * COUNT], counts[4];
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BALANCE, 2));
    CHECK_INT(order_of(d, 0, COUNT, true, 0, order), 18);
    count_classes(order, 18, counts);
    CHECK(counts[0] == 6 && counts[1] == 6 && counts[3] == 6);
    order_of(d, 0, COUNT, true, 1, other);
    int64_t sum = 0;
    for (int i = 0; i < 18; i++) sum += order[i] - other[i];
    CHECK(sum != 0);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BUCKET, 2));
    CHECK_INT(order_of(d, 0, COUNT, true, 0, order), 18);
    rnn_dataset_free(d);
}

TEST(epochs_of_batches_are_balanced)
{
    rnn_dataset_t *d = make(NULL);
    rnn_batch_t *batch;
    int64_t seen[4] = { 0 }, epochs = 0;
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BALANCE, 1));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_SHUFFLE, 1));
    for (rnn_status_t status; epochs < 2; epochs += status == RNN_END) {
        status = rnn_dataset_next_batch(d, &batch);
        CHECK(status == RNN_OK || status == RNN_END);
        for (int64_t b = 0; status == RNN_OK && b < rnn_batch_count(batch); b++)
            seen[batch->target[0].ids[b]]++;
    }
    CHECK(seen[0] == 72 && seen[1] == 72 && seen[3] == 72);
    rnn_dataset_free(d);
}

TEST(without_classes_nothing_is_balanced)
{
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    int64_t order[4 * COUNT], shuffled[COUNT];
    CHECK_INT(rnni_dataset_order_count(d, 0, 0), 0);
    CHECK_OK(put_input(d, wrap2(RNN_I64, ids, COUNT, 1)));
    for (int32_t balance = 1; balance < 4; balance++) {
        CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BALANCE, balance));
        CHECK_INT(order_of(d, 0, COUNT, true, 2, order), COUNT);
        rnni_shuffle(shuffled, COUNT, 5, 2);
        CHECK_BYTES(order, shuffled, sizeof(shuffled));
        order_of(d, 0, COUNT, false, 2, order);
        check_times(order, COUNT, 0, COUNT, 1);
        rnn_batch_t *batch;
        CHECK_OK(rnn_dataset_next_batch(d, &batch));
        CHECK(batch->weight == NULL);
        CHECK_OK(rnn_dataset_rewind(d, 0));
    }
    rnn_dataset_free(d);
}

/* ---- sources ---- */

static rnn_status_t read_sample(int64_t index, rnn_sample_t *sample, void *user)
{
    int32_t tokens[COUNT] = { 0 };
    (*(int *)user)++;
    if (index >= COUNT) return RNN_END;
    rnn_status_t status = rnn_sample_set_tokens(sample, 0, tokens, lengths[index]);
    if (status == RNN_OK && index % 2) status = rnn_sample_set_weight(sample, (double)index);
    return status == RNN_OK ? rnn_sample_set_class(sample, 1, (int32_t)classes[index]) : status;
}

static rnn_status_t rewind_samples(void *user)
{
    (void)user;
    return RNN_OK;
}

TEST(sources_are_surveyed_once)
{
    int reads = 0;
    rnn_source_t source = { sizeof(source), COUNT, 1, 1, read_sample, NULL, NULL, &reads };
    rnn_dataset_t *d = NULL, *memory = make(NULL), *part = NULL;
    int64_t order[4 * COUNT], expected[4 * COUNT];
    CHECK_OK(rnn_dataset_from_source(NULL, &source, &d));
    for (int32_t balance = 0; balance < 3; balance++) {
        CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BALANCE, balance));
        CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BUCKET, 3));
        CHECK_OK(rnn_dataset_set_int(memory, RNN_DATA_BALANCE, balance));
        CHECK_OK(rnn_dataset_set_int(memory, RNN_DATA_BUCKET, 3));
        int64_t n = order_of(d, 5, 50, true, 1, order);
        CHECK_INT(order_of(memory, 5, 50, true, 1, expected), n);
        CHECK_BYTES(order, expected, (size_t)n * sizeof(*order));
    }
    CHECK_INT(reads, COUNT);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BALANCE, 1));
    CHECK_OK(rnn_dataset_slice(d, 20, 10, &part));
    rnn_dataset_free(d);
    CHECK_INT(order_of(part, 0, 10, true, 0, order), 18);
    rnn_dataset_free(part);
    rnn_dataset_free(memory);
}

TEST(samples_of_a_source_have_weights)
{
    int reads = 0;
    rnn_dataset_free(make(NULL));
    rnn_source_t source = { sizeof(source), -1, 1, 1, read_sample, rewind_samples, NULL, &reads };
    rnn_dataset_t *d = NULL;
    rnn_batch_t *batch;
    CHECK_OK(rnn_dataset_from_source(NULL, &source, &d));
    for (int epoch = 0; epoch < 2; epoch++) {
        CHECK_OK(rnn_dataset_next_batch(d, &batch));
        for (int64_t b = 0; b < 32; b++) CHECK(batch->weight[b] == (b % 2 ? (rnni_real)b : 1));
        CHECK_OK(rnn_dataset_next_batch(d, &batch));
        CHECK_STATUS(rnn_dataset_next_batch(d, &batch), RNN_END);
    }
    CHECK_STATUS(rnn_dataset_set_int(d, RNN_DATA_BUCKET, 1), RNN_ERROR_UNSUPPORTED);
    CHECK_STATUS(rnn_dataset_set_int(d, RNN_DATA_BALANCE, 1), RNN_ERROR_UNSUPPORTED);
    int64_t a, b, c;
    CHECK_STATUS(rnn_dataset_padding(d, 0, &a, &b, &c), RNN_ERROR_UNSUPPORTED);
    rnn_dataset_free(d);
}

static rnn_status_t read_negative(int64_t index, rnn_sample_t *sample, void *user)
{
    (void)user;
    if (index == 0) CHECK_STATUS(rnn_sample_set_weight(NULL, 1), RNN_ERROR_ARGUMENT);
    return rnn_sample_set_weight(sample, index ? NAN : -1);
}

TEST(wrong_weights_of_a_source)
{
    rnn_source_t source = { sizeof(source), 2, 1, 0, read_negative, NULL, NULL, NULL };
    rnn_dataset_t *d = NULL;
    int64_t a, b, c;
    CHECK_OK(rnn_dataset_from_source(NULL, &source, &d));
    CHECK_STATUS(rnn_dataset_padding(d, 0, &a, &b, &c), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "the weight of sample 0 is negative"));
    rnn_dataset_free(d);
}

/* ---- failures ---- */

static rnn_status_t run_epochs(rnn_dataset_t *d)
{
    rnn_status_t status = RNN_OK;
    rnn_batch_t *batch;
    int64_t a, b, c;
    for (int32_t balance = 0; status == RNN_OK && balance < 4; balance++) {
        status = rnn_dataset_set_int(d, RNN_DATA_BALANCE, balance);
        if (status == RNN_OK) status = rnn_dataset_next_batch(d, &batch);
        if (status == RNN_OK) status = rnn_dataset_rewind(d, 0);
    }
    return status == RNN_OK ? rnn_dataset_padding(d, 0, &a, &b, &c) : status;
}

static int run_anew(rnn_context_t *context)
{
    int reads = 0;
    rnn_source_t source = { sizeof(source), COUNT, 1, 1, read_sample, NULL, NULL, &reads };
    rnn_dataset_t *d = make(context), *from_source = NULL;
    rnn_status_t status = d ? rnn_dataset_set_int(d, RNN_DATA_BUCKET, 2) : RNN_ERROR_MEMORY;
    if (status == RNN_OK) status = run_epochs(d);
    if (status == RNN_OK) status = rnn_dataset_from_source(context, &source, &from_source);
    if (status == RNN_OK) status = run_epochs(from_source);
    rnn_dataset_free(d);
    rnn_dataset_free(from_source);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation) { EVERY_FAILURE(run_anew); }

TEST_MAIN
