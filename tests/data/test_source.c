/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/failing.h"
#include "data/batch.h"

/* A source of `count` samples: sample i has i % 4 ids of value i, two numbers a step as second input, class i
 * % 3. */
typedef struct counter {
    int64_t count, reads, rewinds, releases, expected;
    int64_t fail_at;              /* sample that is answered with `answer`; -1: none */
    rnn_status_t answer;
    const char *reason;
    int skip, twice, ignore;      /* leaves a column unset; sets one twice; overlooks a setter's failure */
    float number;
    int64_t width;
} counter;

static rnn_status_t fill(const counter *c, int64_t index, rnn_sample_t *sample)
{
    int32_t ids[4] = { (int32_t)index, (int32_t)index, (int32_t)index, (int32_t)index };
    float numbers[12] = { 0 };
    for (int i = 0; i < 12; i++) numbers[i] = index == 5 ? c->number : 1;
    if (c->twice) RNNI_TRY(rnn_sample_set_tokens(sample, 0, ids, 4));
    RNNI_TRY(rnn_sample_set_tokens(sample, 0, ids, index % 4));
    rnn_status_t status = rnn_sample_set_values(sample, 1, numbers, 2, index == 5 ? c->width : 3);
    if (!c->ignore) RNNI_TRY(status);
    if (c->skip && index == 2) return RNN_OK;
    return rnn_sample_set_class(sample, 2, (int32_t)(index % 3));
}

static rnn_status_t read_counter(int64_t index, rnn_sample_t *sample, void *user)
{
    counter *c = user;
    c->reads++;
    if (c->expected >= 0) CHECK_INT(index, c->expected++);
    if (index == c->fail_at) {
        if (c->reason) rnni_fail(c->answer, "%s", c->reason);
        return c->answer;
    }
    if (c->expected >= 0 && index == c->count) return RNN_END;
    return fill(c, index, sample);
}

static rnn_status_t rewind_counter(void *user)
{
    counter *c = user;
    c->rewinds++;
    c->expected = 0;
    return RNN_OK;
}

static void release_counter(void *user) { ((counter *)user)->releases++; }

static counter plain(int64_t count)
{
    return (counter){ .count = count, .expected = -1, .fail_at = -1, .number = 1, .width = 3 };
}

static rnn_dataset_t *open_source(counter *c, int64_t count)
{
    rnn_source_t source = { sizeof(source), count, 2, 1, read_counter, rewind_counter, release_counter, c };
    rnn_dataset_t *d = NULL;
    CHECK_OK(rnn_dataset_from_source(NULL, &source, &d));
    if (count < 0) c->expected = 0;
    return d;
}

static rnn_status_t gather3(rnn_dataset_t *d, int64_t a, int64_t b, int64_t e, rnn_batch_t *batch)
{
    int64_t order[3] = { a, b, e };
    return rnni_dataset_gather(d, order, 3, batch);
}

TEST(reads_samples_in_any_order)
{
    counter c = plain(10);
    rnn_dataset_t *d = open_source(&c, 10);
    rnn_batch_t *batch = rnn_batch_create(NULL);
    CHECK_INT(rnn_dataset_count(d), 10);
    CHECK_OK(gather3(d, 7, 0, 2, batch));
    int32_t ids[5] = { 7, 7, 7, 2, 2 };
    int64_t starts[4] = { 0, 3, 3, 5 }, index[3] = { 7, 0, 2 };
    CHECK_BYTES(batch->input[0].ids, ids, sizeof(ids));
    CHECK_BYTES(batch->input[0].starts, starts, sizeof(starts));
    CHECK_BYTES(batch->index, index, sizeof(index));
    CHECK_INT(batch->input[1].width, 3);
    CHECK_INT(batch->target[0].ids[0], 1);
    rnn_batch_free(batch);
    rnn_dataset_free(rnn_dataset_retain(d));
    CHECK_INT(c.releases, 0);
    rnn_dataset_free(d);
    CHECK_INT(c.releases, 1);
}

TEST(parts_and_shuffling_of_random_access)
{
    counter c = plain(10);
    rnn_dataset_t *d = open_source(&c, 10), *part = NULL;
    CHECK_OK(rnn_dataset_slice(d, 6, 4, &part));
    rnn_dataset_free(d);
    CHECK_INT(c.releases, 0);
    CHECK_OK(rnn_dataset_set_int(part, RNN_DATA_SHUFFLE, 1));
    rnn_batch_t *batch;
    CHECK_OK(rnn_dataset_next_batch(part, &batch));
    CHECK_INT(rnn_batch_count(batch), 4);
    int64_t sum = 0;
    for (int i = 0; i < 4; i++) sum += batch->index[i];
    CHECK_INT(sum, 6 + 7 + 8 + 9);
    CHECK_STATUS(rnn_dataset_next_batch(part, &batch), RNN_END);
    rnn_dataset_free(part);
    CHECK_INT(c.releases, 1);
}

TEST(settings_shape_samples_of_a_source)
{
    counter c = plain(10);
    rnn_dataset_t *d = open_source(&c, 10);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_PAD, 1));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_MAX_LENGTH, 2));
    rnn_batch_t *batch = rnn_batch_create(NULL);
    CHECK_OK(gather3(d, 7, 1, 4, batch));
    int32_t ids[6] = { 7, 7, 0, 1, 0, 0 };
    CHECK_BYTES(batch->input[0].ids, ids, sizeof(ids));
    rnn_batch_free(batch);
    rnn_dataset_free(d);
}

TEST(sequential_sources_are_read_on)
{
    counter c = plain(5);
    rnn_dataset_t *d = open_source(&c, -1);
    CHECK_INT(rnn_dataset_count(d), -1);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_BATCH, 2));
    rnn_batch_t *batch;
    for (int again = 0; again < 3; again++) {
        for (int i = 0; i < 3; i++) {
            CHECK_OK(rnn_dataset_next_batch(d, &batch));
            CHECK_INT(rnn_batch_count(batch), i < 2 ? 2 : 1);
            CHECK_INT(batch->index[0], 2 * i);
        }
        CHECK_STATUS(rnn_dataset_next_batch(d, &batch), RNN_END);
        CHECK_INT(c.rewinds, again);
    }
    CHECK_INT(c.reads, 18);
    rnn_dataset_free(d);
}

TEST(sequential_sources_for_training)
{
    counter c = plain(3);
    rnn_dataset_t *d = open_source(&c, -1);
    rnn_batch_t *batch = rnn_batch_create(NULL);
    CHECK_OK(rnni_dataset_restart(d));
    CHECK_INT(c.rewinds, 0);
    CHECK_OK(rnni_dataset_read_next(d, 3, batch));
    CHECK_INT(rnn_batch_count(batch), 3);
    CHECK_STATUS(rnni_dataset_read_next(d, 3, batch), RNN_END);
    CHECK_STATUS(rnni_dataset_read_next(d, 3, batch), RNN_END);
    CHECK_OK(rnni_dataset_restart(d));
    CHECK_OK(rnni_dataset_read_next(d, 2, batch));
    CHECK_INT(batch->index[1], 1);
    rnn_batch_free(batch);
    rnn_dataset_free(d);
}

TEST(sequential_sources_cannot_be_split_or_shuffled)
{
    counter c = plain(3);
    rnn_dataset_t *d = open_source(&c, -1), *part = NULL;
    rnn_batch_t *batch = rnn_batch_create(NULL);
    CHECK_STATUS(rnn_dataset_slice(d, 0, 1, &part), RNN_ERROR_UNSUPPORTED);
    CHECK_STATUS(rnn_dataset_set_int(d, RNN_DATA_SHUFFLE, 1), RNN_ERROR_UNSUPPORTED);
    CHECK(strstr(rnn_last_error(), "sequential"));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_SHUFFLE, 0));
    CHECK_STATUS(gather3(d, 0, 1, 2, batch), RNN_ERROR_UNSUPPORTED);
    rnn_batch_free(batch);
    rnn_dataset_free(d);
}

static void check_failure(counter c, rnn_status_t expected, const char *line)
{
    rnn_dataset_t *d = open_source(&c, 10);
    rnn_batch_t *batch = rnn_batch_create(NULL);
    CHECK_OK(gather3(d, 0, 1, 3, batch));
    rnni_set_last_error("an older line");
    CHECK_STATUS(gather3(d, 1, 5, 2, batch), expected);
    CHECK_STR(rnn_last_error(), line);
    CHECK_INT(rnn_batch_count(batch), 3); /* the batch before is still there */
    rnn_batch_free(batch);
    rnn_dataset_free(d);
}

TEST(failures_are_passed_on)
{
    counter c = plain(10);
    c.fail_at = 5;
    c.answer = RNN_ERROR_IO;
    c.reason = "the disk is on fire";
    check_failure(c, RNN_ERROR_IO, "the disk is on fire");
    c.reason = NULL;
    check_failure(c, RNN_ERROR_IO, "the source's read failed for sample 5: reading or writing failed");
    c.answer = -1234;
    check_failure(c, -1234, "the source's read failed for sample 5: not a status of this library");
    c.answer = 7;
    check_failure(c, RNN_ERROR_CALLBACK, "the source's read answered 7 for sample 5");
    c.answer = RNN_END;
    check_failure(c, RNN_ERROR_CALLBACK, "the source's read answered 1 for sample 5");
}

TEST(columns_that_are_not_set)
{
    counter c = plain(10);
    c.skip = 1;
    check_failure(c, RNN_ERROR_DATA, "sample 2, target 0 was not set by the source");
}

TEST(numbers_that_are_not_finite)
{
    counter c = plain(10);
    c.number = INFINITY;
    check_failure(c, RNN_ERROR_DATA,
                  "sample 5, input 1, step 0, feature 0 is infinite, expected a finite number");
    c.ignore = 1;
    check_failure(c, RNN_ERROR_DATA,
                  "sample 5, input 1, step 0, feature 0 is infinite, expected a finite number");
}

TEST(widths_must_stay)
{
    counter c = plain(10);
    c.width = 2;
    check_failure(c, RNN_ERROR_SHAPE,
                  "sample 5, input 1 is values of width 2, but samples before had values of width 3");
}

TEST(setting_twice_replaces)
{
    counter c = plain(10);
    c.twice = 1;
    rnn_dataset_t *d = open_source(&c, 10);
    rnn_batch_t *batch = rnn_batch_create(NULL);
    CHECK_OK(gather3(d, 1, 4, 2, batch));
    int64_t starts[4] = { 0, 1, 1, 3 };
    CHECK_BYTES(batch->input[0].starts, starts, sizeof(starts));
    rnn_batch_free(batch);
    rnn_dataset_free(d);
}

TEST(success_keeps_the_last_line)
{
    counter c = plain(10);
    rnn_dataset_t *d = open_source(&c, 10);
    rnn_batch_t *batch;
    rnni_set_last_error("an older line");
    CHECK_OK(rnn_dataset_next_batch(d, &batch));
    CHECK_STR(rnn_last_error(), "an older line");
    rnn_dataset_free(d);
}

/* Calls every setter with what it must refuse; the answers go to `user`. */
static rnn_status_t misuse(int64_t index, rnn_sample_t *sample, void *user)
{
    (void)index;
    rnn_status_t *got = user;
    int32_t ids[2] = { 0, -1 };
    float numbers[2] = { 0, 0 };
    got[0] = rnn_sample_set_tokens(sample, 0, ids, 2);
    got[1] = rnn_sample_set_tokens(sample, 3, ids, 1);
    got[2] = rnn_sample_set_tokens(sample, -1, ids, 1);
    got[3] = rnn_sample_set_tokens(sample, 0, NULL, 1);
    got[4] = rnn_sample_set_tokens(sample, 0, ids, -1);
    got[5] = rnn_sample_set_class(sample, 0, 1);
    got[6] = rnn_sample_set_class(sample, 2, -1);
    got[7] = rnn_sample_set_vector(sample, 1, numbers, 0);
    got[8] = rnn_sample_set_values(sample, 1, numbers, INT64_MAX, 2);
    got[9] = rnn_sample_set_values(NULL, 1, numbers, 1, 2);
    got[10] = rnn_sample_set_tokens(sample, 2, ids, 2);
    got[11] = rnn_sample_set_vector(sample, 1, numbers, 2);
    return RNN_OK;
}

TEST(setters_refuse_what_does_not_fit)
{
    rnn_status_t got[12];
    rnn_source_t source = { sizeof(source), 1, 2, 1, misuse, NULL, NULL, got };
    rnn_dataset_t *d = NULL;
    rnn_batch_t *batch;
    CHECK_OK(rnn_dataset_from_source(NULL, &source, &d));
    CHECK_STATUS(rnn_dataset_next_batch(d, &batch), RNN_ERROR_DATA);
    CHECK_STR(rnn_last_error(), "sample 0, input 0, step 1 is -1, expected 0 or more");
    static const rnn_status_t expected[12] = {
        RNN_ERROR_DATA,  RNN_ERROR_RANGE, RNN_ERROR_RANGE, RNN_ERROR_ARGUMENT, RNN_ERROR_RANGE,
           RNN_ERROR_SHAPE,
        RNN_ERROR_DATA,  RNN_ERROR_RANGE, RNN_ERROR_MEMORY, RNN_ERROR_ARGUMENT, RNN_OK,            RNN_OK,
    };
    for (int i = 0; i < 12; i++) CHECK_STATUS(got[i], expected[i]);
    rnn_dataset_free(d);
}

TEST(sources_that_are_not_whole)
{
    counter c = plain(1);
    rnn_source_t good = { sizeof(good), 1, 1, 1, read_counter, rewind_counter, release_counter, &c }, bad;
    rnn_dataset_t *d = NULL;
    bad = good, bad.struct_size = 8;
    CHECK_STATUS(rnn_dataset_from_source(NULL, &bad, &d), RNN_ERROR_ARGUMENT);
    bad = good, bad.read = NULL;
    CHECK_STATUS(rnn_dataset_from_source(NULL, &bad, &d), RNN_ERROR_ARGUMENT);
    bad = good, bad.count = -2;
    CHECK_STATUS(rnn_dataset_from_source(NULL, &bad, &d), RNN_ERROR_RANGE);
    bad = good, bad.count = -1, bad.rewind = NULL;
    CHECK_STATUS(rnn_dataset_from_source(NULL, &bad, &d), RNN_ERROR_ARGUMENT);
    bad = good, bad.inputs = -1;
    CHECK_STATUS(rnn_dataset_from_source(NULL, &bad, &d), RNN_ERROR_RANGE);
    bad = good, bad.inputs = bad.targets = 0;
    CHECK_STATUS(rnn_dataset_from_source(NULL, &bad, &d), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_dataset_from_source(NULL, NULL, &d), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_dataset_from_source(NULL, &good, NULL), RNN_ERROR_ARGUMENT);
    CHECK(d == NULL);
    CHECK_INT(c.releases, 0);
}

static int read_all(rnn_context_t *context)
{
    counter c = plain(10);
    rnn_source_t source = { sizeof(source), 10, 2, 1, read_counter, NULL, release_counter, &c };
    rnn_dataset_t *d = NULL;
    rnn_batch_t *batch;
    rnn_status_t status = rnn_dataset_from_source(context, &source, &d);
    if (status == RNN_OK) status = rnn_dataset_next_batch(d, &batch);
    rnn_dataset_free(d);
    CHECK_INT(c.releases, d != NULL);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation) { EVERY_FAILURE(read_all); }

TEST_MAIN
