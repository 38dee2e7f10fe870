/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "data/batch.h"
#include "data/tensors.h"

enum { NONE, PRE, POST };

/* Samples of 3, 1, 0 and 5 steps: ids, two numbers a step, a class a step, a number a step. */
static int32_t ids[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
static float pairs[18] = { 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8, -8, 9, -9 };
static int64_t lengths[4] = { 3, 1, 0, 5 };
static float numbers[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static rnn_status_t add_ragged(rnn_dataset_t *d, int target, rnn_tensor_t *data, rnn_tensor_t *steps)
{
    rnn_status_t status = target ? rnn_dataset_add_ragged_target(d, data, steps)
                                 : rnn_dataset_add_ragged_input(d, data, steps);
    return used(status, data, steps);
}

static rnn_dataset_t *make(int64_t pad, int64_t truncate, int64_t length)
{
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    CHECK_OK(add_ragged(d, 0, wrap1(RNN_I32, ids, 9), wrap1(RNN_I64, lengths, 4)));
    CHECK_OK(add_ragged(d, 0, wrap2(RNN_F32, pairs, 9, 2), wrap1(RNN_I64, lengths, 4)));
    CHECK_OK(add_ragged(d, 1, wrap1(RNN_I32, ids, 9), wrap1(RNN_I64, lengths, 4)));
    CHECK_OK(add_ragged(d, 1, wrap2(RNN_F32, numbers, 9, 1), wrap1(RNN_I64, lengths, 4)));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_PAD, pad));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_TRUNCATE, truncate - 1));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_MAX_LENGTH, length));
    return d;
}

/* The rows of a column as "1 2 3/4//5 6"; of values the first number of a row; rows that do not count in
 * brackets. */
static const char *shown(const rnni_column *c)
{
    static char out[400];
    size_t used_bytes = 0;
    out[0] = 0;
    for (int64_t b = 0; b < c->count; b++) {
        if (b) out[used_bytes++] = '/';
        for (int64_t row = c->starts[b]; row < c->starts[b + 1]; row++) {
            int number = c->ids ? (int)c->ids[row] : (int)c->values[row * c->width];
            const char *form = c->mask && !c->mask[row] ? "%s(%d)" : "%s%d";
            used_bytes += (size_t)snprintf(out + used_bytes, sizeof(out) - used_bytes, form,
                                           row > c->starts[b] ? " " : "", number);
        }
        out[used_bytes] = 0;
    }
    return out;
}

static rnn_batch_t *gathered(rnn_dataset_t *d)
{
    static const int64_t order[4] = { 0, 1, 2, 3 };
    rnn_batch_t *batch = rnn_batch_create(NULL);
    CHECK_OK(rnni_dataset_gather(d, order, 4, batch));
    rnn_dataset_free(d);
    return batch;
}

static void check_all(rnn_batch_t *batch, const char *in, const char *classes, const char *values)
{
    CHECK_STR(shown(&batch->input[0]), in);
    CHECK_STR(shown(&batch->target[0]), classes);
    CHECK_STR(shown(&batch->target[1]), values);
    rnn_batch_free(batch);
}

TEST(ragged_as_they_are)
{
    check_all(gathered(make(NONE, PRE, 0)), "1 2 3/4//5 6 7 8 9", "1 2 3/4//5 6 7 8 9", "1 2 3/4//5 6 7 8 9");
}

TEST(truncation_without_padding)
{
    check_all(gathered(make(NONE, PRE, 2)), "2 3/4//8 9", "2 3/4//8 9", "2 3/4//8 9");
    check_all(gathered(make(NONE, POST, 2)), "1 2/4//5 6", "1 2/4//5 6", "1 2/4//5 6");
}

/* Keras: pad_sequences(s, maxlen=4, padding="pre", truncating="pre") and its three sisters. */
TEST(padding_and_truncation_as_keras)
{
    check_all(gathered(make(PRE, PRE, 4)), "0 1 2 3/0 0 0 4/0 0 0 0/6 7 8 9",
              "-1 1 2 3/-1 -1 -1 4/-1 -1 -1 -1/6 7 8 9",
              "(0) 1 2 3/(0) (0) (0) 4/(0) (0) (0) (0)/6 7 8 9");
    check_all(gathered(make(PRE, POST, 4)), "0 1 2 3/0 0 0 4/0 0 0 0/5 6 7 8",
              "-1 1 2 3/-1 -1 -1 4/-1 -1 -1 -1/5 6 7 8",
              "(0) 1 2 3/(0) (0) (0) 4/(0) (0) (0) (0)/5 6 7 8");
    check_all(gathered(make(POST, PRE, 4)), "1 2 3 0/4 0 0 0/0 0 0 0/6 7 8 9",
              "1 2 3 -1/4 -1 -1 -1/-1 -1 -1 -1/6 7 8 9",
              "1 2 3 (0)/4 (0) (0) (0)/(0) (0) (0) (0)/6 7 8 9");
    check_all(gathered(make(POST, POST, 4)), "1 2 3 0/4 0 0 0/0 0 0 0/5 6 7 8",
              "1 2 3 -1/4 -1 -1 -1/-1 -1 -1 -1/5 6 7 8",
              "1 2 3 (0)/4 (0) (0) (0)/(0) (0) (0) (0)/5 6 7 8");
}

TEST(padding_to_the_longest_of_the_batch)
{
    rnn_dataset_t *d = make(PRE, PRE, 0);
    static const int64_t order[2] = { 1, 0 };
    rnn_batch_t *batch = rnn_batch_create(NULL);
    CHECK_OK(rnni_dataset_gather(d, order, 2, batch));
    CHECK_INT(rnn_batch_steps(batch, 0), 6);
    check_all(batch, "0 0 4/1 2 3", "-1 -1 4/1 2 3", "(0) (0) 4/1 2 3");
    rnn_dataset_free(d);
}

TEST(values_are_padded_with_zeros)
{
    rnn_batch_t *batch = gathered(make(PRE, PRE, 2));
    rnni_real expected[16] = { 2, -2, 3, -3, 0, 0, 4, -4, 0, 0, 0, 0, 8, -8, 9, -9 };
    CHECK_BYTES(batch->input[1].values, expected, sizeof(expected));
    CHECK(batch->input[1].mask == NULL);
    rnn_batch_free(batch);
}

TEST(another_padding_id)
{
    rnn_dataset_t *d = make(POST, PRE, 3);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_PAD_ID, 77));
    rnn_batch_t *batch = gathered(d);
    CHECK_STR(shown(&batch->input[0]), "1 2 3/4 77 77/77 77 77/7 8 9");
    rnn_batch_free(batch);
}

TEST(large_ids_become_unknown_in_inputs)
{
    rnn_dataset_t *d = make(PRE, PRE, 4);
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_MAX_ID, 7));
    rnn_batch_t *batch = gathered(d);
    CHECK_STR(shown(&batch->input[0]), "0 1 2 3/0 0 0 4/0 0 0 0/6 2 2 2");
    CHECK_STR(shown(&batch->target[0]), "-1 1 2 3/-1 -1 -1 4/-1 -1 -1 -1/6 7 8 9");
    rnn_batch_free(batch);
}

TEST(targets_of_another_length_are_left_alone)
{
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    int64_t shorter[4] = { 2, 1, 0, 6 };
    CHECK_OK(add_ragged(d, 0, wrap1(RNN_I32, ids, 9), wrap1(RNN_I64, lengths, 4)));
    CHECK_OK(add_ragged(d, 1, wrap1(RNN_I32, ids, 9), wrap1(RNN_I64, shorter, 4)));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_PAD, PRE));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_MAX_LENGTH, 2));
    rnn_batch_t *batch = gathered(d);
    CHECK_STR(shown(&batch->input[0]), "2 3/0 4/0 0/8 9");
    CHECK_STR(shown(&batch->target[0]), "1 2/3//4 5 6 7 8 9");
    rnn_batch_free(batch);
}

TEST(vectors_and_classes_are_copied)
{
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    rnn_tensor_t *vectors = wrap2(RNN_F32, numbers, 4, 2), *classes = wrap1(RNN_I32, ids, 4);
    CHECK_OK(used(rnn_dataset_add_input(d, vectors, NULL), vectors, NULL));
    CHECK_OK(used(rnn_dataset_add_target(d, classes, NULL), classes, NULL));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_PAD, POST));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_MAX_LENGTH, 5));
    CHECK_OK(rnn_dataset_set_int(d, RNN_DATA_MAX_ID, 2));
    static const int64_t order[3] = { 3, 0, 3 };
    rnn_batch_t *batch = rnn_batch_create(NULL);
    CHECK_OK(rnni_dataset_gather(d, order, 3, batch));
    CHECK_STR(shown(&batch->input[0]), "7/1/7");
    CHECK_STR(shown(&batch->target[0]), "4/1/4");
    CHECK_INT(rnn_batch_steps(batch, 0), 3);
    CHECK_BYTES(batch->index, order, sizeof(order));
    rnn_batch_free(batch);
    rnn_dataset_free(d);
}

TEST(batches_are_reused)
{
    rnn_dataset_t *padded = make(POST, PRE, 6), *plain = make(NONE, PRE, 0);
    static const int64_t order[1] = { 1 };
    rnn_batch_t *batch = rnn_batch_create(NULL);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(rnni_dataset_gather(padded, order, 1, batch));
        CHECK_STR(shown(&batch->target[1]), "4 (0) (0) (0) (0) (0)");
        CHECK_OK(rnni_dataset_gather(plain, order, 1, batch));
        CHECK_STR(shown(&batch->target[1]), "4");
        CHECK(batch->target[1].mask == NULL);
    }
    rnn_dataset_free(padded);
    rnn_dataset_free(plain);
    rnn_batch_free(batch);
}

TEST(samples_out_of_range)
{
    rnn_dataset_t *d = make(NONE, PRE, 0);
    rnn_batch_t *batch = rnn_batch_create(NULL);
    int64_t order[2] = { 0, 4 };
    CHECK_STATUS(rnni_dataset_gather(d, order, 2, batch), RNN_ERROR_RANGE);
    order[1] = -1;
    CHECK_STATUS(rnni_dataset_gather(d, order, 2, batch), RNN_ERROR_RANGE);
    CHECK_OK(rnni_dataset_gather(d, order, 0, batch));
    CHECK_INT(rnn_batch_count(batch), 0);
    CHECK_STATUS(rnni_dataset_read_next(d, 2, batch), RNN_ERROR_UNSUPPORTED);
    rnn_batch_free(batch);
    rnn_dataset_free(d);
}


static int gather_all(rnn_context_t *context)
{
    static const int64_t order[4] = { 3, 2, 1, 0 };
    rnn_dataset_t *d = make(PRE, PRE, 0);
    rnn_batch_t *batch = rnn_batch_create(context);
    rnn_status_t status = batch ? rnni_dataset_gather(d, order, 4, batch) : RNN_ERROR_MEMORY;
    rnn_batch_free(batch);
    rnn_dataset_free(d);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation) { EVERY_FAILURE(gather_all); }

TEST_MAIN
