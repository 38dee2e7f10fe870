/* SPDX-License-Identifier: MIT */
/* Running batches and datasets: what is refused, shapes that are empty, and whole datasets. */
#include "model/zoo.h"

/* A model that reads ids, values and a vector, with an output per step and one per sequence. */
static rnn_model_t *mixed_model(void)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *words = rnn_embedding(m, rnn_input_tokens(m, "words"), 10, 3);
    rnn_layer_t *values = rnn_input_values(m, "values", 2), *vector = rnn_input_vector(m, "vector", 4);
    rnn_layer_t *parts[3] = { rnn_last(m, rnn_gru(m, words, 5)), rnn_mean_pool(m, values), vector };
    CHECK_OK(rnn_model_set_output(m, rnn_dense(m, rnn_lstm(m, words, 3), 2, RNN_TANH), "steps"));
    CHECK_OK(rnn_model_set_output(m, rnn_concat(m, parts, 3), "joined"));
    CHECK_OK(rnn_model_build(m));
    return m;
}

static void set_input(rnn_batch_t *batch, int32_t index, rnn_tensor_t *data)
{
    CHECK_OK(rnn_batch_set_input(batch, index, data, NULL));
    rnn_tensor_free(data);
}

static rnn_batch_t *mixed_batch(int64_t count, int64_t words, int64_t steps)
{
    rnn_batch_t *batch = rnn_batch_create(NULL);
    set_input(batch, 0, help_random_ids(count, words, 10, 1));
    set_input(batch, 1, help_random_tensor(RNN_F32, count, steps, 2, 2));
    set_input(batch, 2, help_random_tensor(RNN_F32, count, 4, -1, 3));
    return batch;
}

/* Both outputs must stay untouched. */
static void check_refused(rnn_model_t *model, rnn_batch_t *batch, rnn_status_t status, const char *word)
{
    rnn_tensor_t *outputs[2] = { (rnn_tensor_t *)model, (rnn_tensor_t *)model };
    CHECK_STATUS(rnn_model_run(model, batch, outputs, 2), status);
    if (!strstr(rnn_last_error(), word)) printf("no '%s' in: %s\n", word, rnn_last_error());
    CHECK(strstr(rnn_last_error(), word) != NULL);
    CHECK(outputs[0] == (rnn_tensor_t *)model && outputs[1] == (rnn_tensor_t *)model);
}

TEST(shapes_of_outputs)
{
    rnn_model_t *model = mixed_model();
    rnn_batch_t *batch = mixed_batch(3, 5, 7);
    rnn_tensor_t *y[2];
    CHECK_OK(rnn_model_run(model, batch, y, 2));
    CHECK_INT(rnn_tensor_rank(y[0]), 3);
    CHECK_INT(rnn_tensor_size(y[0], 0), 3);
    CHECK_INT(rnn_tensor_size(y[0], 1), 5);
    CHECK_INT(rnn_tensor_size(y[0], 2), 2);
    CHECK_INT(rnn_tensor_rank(y[1]), 2);
    CHECK_INT(rnn_tensor_size(y[1], 0), 3);
    CHECK_INT(rnn_tensor_size(y[1], 1), 11);
    rnn_tensor_free(y[0]);
    rnn_tensor_free(y[1]);
    CHECK_OK(rnn_model_run(model, batch, y, 1)); /* the first ones alone */
    rnn_tensor_free(y[0]);
    rnn_batch_free(batch);
    rnn_model_free(model);
}

TEST(wrong_inputs)
{
    rnn_model_t *model = mixed_model();
    rnn_batch_t *empty = rnn_batch_create(NULL), *few = rnn_batch_create(NULL);
    check_refused(model, empty, RNN_ERROR_SHAPE, "3 inputs");
    set_input(few, 0, help_random_ids(3, 5, 10, 1));
    check_refused(model, few, RNN_ERROR_SHAPE, "3 inputs");
    rnn_batch_t *batch = mixed_batch(3, 5, 7);
    set_input(batch, 1, help_random_tensor(RNN_F32, 3, 7, 3, 2));
    check_refused(model, batch, RNN_ERROR_SHAPE, "values");
    rnn_batch_free(batch);
    batch = rnn_batch_create(NULL);
    for (int32_t i = 0; i < 3; i++) set_input(batch, i, help_random_tensor(RNN_F32, 3, 7, 2, 2));
    check_refused(model, batch, RNN_ERROR_SHAPE, "words");
    rnn_batch_free(batch);
    rnn_batch_free(empty);
    rnn_batch_free(few);
    rnn_model_free(model);
}

TEST(ids_out_of_range)
{
    static const double bad[] = { 10, 11, 1e9 };
    rnn_model_t *model = mixed_model();
    for (int i = 0; i < 3; i++) {
        rnn_batch_t *batch = mixed_batch(3, 5, 7);
        rnn_tensor_t *ids = help_random_ids(3, 5, 10, 1);
        CHECK_OK(rnn_tensor_set(ids, 14, bad[i]));
        set_input(batch, 0, ids);
        check_refused(model, batch, RNN_ERROR_RANGE, "words");
        rnn_batch_free(batch);
    }
    rnn_model_free(model);
}

/* Values that are not finite are refused wherever they get in. */
TEST(values_that_are_not_finite)
{
    static const double bad[] = { NAN, INFINITY, -INFINITY };
    rnn_model_t *model = mixed_model();
    for (int i = 0; i < 3; i++)
        for (int32_t input = 1; input < 3; input++) {
            rnn_batch_t *batch = mixed_batch(3, 5, 7);
            rnn_tensor_t *data = input == 1 ? help_random_tensor(RNN_F32, 3, 7, 2, 1)
                                            : help_random_tensor(RNN_F32, 3, 4, -1, 1);
            CHECK_OK(rnn_tensor_set(data, 11, bad[i]));
            rnn_status_t status = rnn_batch_set_input(batch, input, data, NULL);
            if (status == RNN_OK)
                check_refused(model, batch, RNN_ERROR_DATA, input == 1 ? "values" : "vector");
            else CHECK_STATUS(status, RNN_ERROR_DATA);
            rnn_tensor_free(data);
            rnn_batch_free(batch);
        }
    rnn_model_free(model);
}

/* Threads share the look through a large batch, a piece each: what is wrong in any of them is found. */
TEST(wrong_in_any_piece)
{
    enum { COUNT = 40, STEPS = 5000, IDS = COUNT * STEPS };
    static const int64_t places[] = { 0, 65535, 65536, 131072, IDS - 1 };
    rnn_tensor_t *ids = help_random_ids(COUNT, STEPS, 10, 1),
                 *values = help_random_tensor(RNN_F32, COUNT, STEPS, 1, 2);
    for (int64_t threads = 1; threads <= 3; threads += 2) {
        rnn_context_t *context = rnn_context_create(NULL);
        CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, threads));
        rnn_model_t *model = rnn_model_create(context);
        rnn_layer_t *words = rnn_embedding(model, rnn_input_tokens(model, "words"), 10, 2);
        CHECK_OK(rnn_model_set_output(model, rnn_last(model, words), "last"));
        rnn_layer_t *pool = rnn_mean_pool(model, rnn_input_values(model, "values", 1));
        CHECK_OK(rnn_model_set_output(model, pool, "mean"));
        CHECK_OK(rnn_model_build(model));
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            const double id = rnn_tensor_get(ids, places[i]), value = rnn_tensor_get(values, places[i]);
            rnn_batch_t *batch = rnn_batch_create(context);
            rnn_tensor_t *y[2];
            CHECK_OK(rnn_batch_set_input(batch, 0, ids, NULL));
            CHECK_OK(rnn_batch_set_input(batch, 1, values, NULL));
            CHECK_OK(rnn_model_run(model, batch, y, 2));
            rnn_tensor_free(y[0]);
            rnn_tensor_free(y[1]);
            CHECK_OK(rnn_tensor_set(ids, places[i], 10));
            CHECK_OK(rnn_batch_set_input(batch, 0, ids, NULL));
            check_refused(model, batch, RNN_ERROR_RANGE, "token id 10, expected 0 to 9");
            CHECK_OK(rnn_tensor_set(ids, places[i], id));
            CHECK_OK(rnn_batch_set_input(batch, 0, ids, NULL));
            CHECK_OK(rnn_tensor_set(values, places[i], NAN));
            rnn_status_t status = rnn_batch_set_input(batch, 1, values, NULL);
            if (status == RNN_OK) check_refused(model, batch, RNN_ERROR_DATA, "values");
            else CHECK_STATUS(status, RNN_ERROR_DATA);
            CHECK_OK(rnn_tensor_set(values, places[i], value));
            rnn_batch_free(batch);
        }
        rnn_model_free(model);
        rnn_context_free(context);
    }
    rnn_tensor_free(ids);
    rnn_tensor_free(values);
}

TEST(arguments)
{
    rnn_model_t *model = mixed_model(), *raw = rnn_model_create(NULL);
    rnn_batch_t *batch = mixed_batch(2, 3, 3);
    rnn_tensor_t *y[3] = { NULL, NULL, NULL };
    CHECK_STATUS(rnn_model_run(model, batch, y, 0), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_run(model, batch, y, 3), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_run(model, batch, NULL, 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_run(model, NULL, y, 1), RNN_ERROR_ARGUMENT);
    CHECK_OK(rnn_model_set_output(raw, rnn_last(raw, rnn_input_values(raw, "x", 2)), "y"));
    CHECK_STATUS(rnn_model_run(raw, batch, y, 1), RNN_ERROR_STATE);
    CHECK(y[0] == NULL);
    rnn_batch_free(batch);
    rnn_model_free(model);
    rnn_model_free(raw);
}

/* No sequences, no steps, nothing at all: shapes stay right, pools give 0. */
TEST(empty_batches)
{
    rnn_model_t *model = mixed_model();
    static const int64_t sizes[][3] = { { 0, 0, 0 }, { 0, 5, 7 }, { 3, 0, 0 }, { 3, 0, 7 }, { 3, 5, 0 } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        rnn_batch_t *batch = mixed_batch(sizes[i][0], sizes[i][1], sizes[i][2]);
        rnn_tensor_t *y[2];
        CHECK_OK(rnn_model_run(model, batch, y, 2));
        CHECK_INT(rnn_tensor_size(y[0], 0), sizes[i][0]);
        CHECK_INT(rnn_tensor_size(y[0], 1), sizes[i][0] ? sizes[i][1] : 0);
        CHECK_INT(rnn_tensor_size(y[0], 2), 2);
        CHECK_INT(rnn_tensor_size(y[1], 0), sizes[i][0]);
        CHECK_INT(rnn_tensor_size(y[1], 1), 11);
        for (int64_t k = 0; k < rnn_tensor_count(y[1]); k++) {
            int64_t feature = k % 11;
            if (feature < 5 && sizes[i][1] == 0) CHECK_NEAR(rnn_tensor_get(y[1], k), 0, 0);
            if (feature >= 5 && feature < 7 && sizes[i][2] == 0) CHECK_NEAR(rnn_tensor_get(y[1], k), 0, 0);
            if (feature >= 7) CHECK(rnn_tensor_get(y[1], k) != 0);
        }
        rnn_tensor_free(y[0]);
        rnn_tensor_free(y[1]);
        rnn_batch_free(batch);
    }
    rnn_model_free(model);
}

/* Sequences of no steps among others, in every model of the zoo. */
TEST(empty_sequences)
{
    static const int64_t lengths[4] = { 0, 3, 0, 1 };
    for (int i = 0; i < ZOO_ROWS; i++) {
        rnn_model_t *model = zoo_make(NULL, &zoo[i]);
        rnn_batch_t *batch = help_batch(zoo_data(&zoo[i], 4, 3, 2), help_integers(4, lengths));
        rnn_tensor_t *y = help_run(model, batch);
        CHECK_INT(rnn_tensor_size(y, 0), 4);
        for (int64_t k = 0; k < rnn_tensor_count(y); k++) CHECK(isfinite(rnn_tensor_get(y, k)));
        int64_t width = rnn_tensor_count(y) / 4;
        for (int64_t k = 0; rnn_tensor_rank(y) == 3 && k < width; k++)
            CHECK_NEAR(rnn_tensor_get(y, 2 * width + k), 0, 0);
        rnn_tensor_free(y);
        rnn_batch_free(batch);
        rnn_model_free(model);
    }
}

/* ---- datasets ---- */

/* Sequences of growing length, so that parts of a prediction differ in steps. */
static rnn_dataset_t *make_data(const zoo_row *row, int64_t count, int64_t steps)
{
    rnn_dataset_t *dataset = rnn_dataset_create(NULL);
    rnn_tensor_t *data = zoo_data(row, count, steps, 3), *lengths = help_tensor(RNN_I64, count, -1, -1);
    for (int64_t i = 0; i < count; i++) CHECK_OK(rnn_tensor_set(lengths, i, (double)(i * steps / count)));
    CHECK_OK(rnn_dataset_add_input(dataset, data, lengths));
    rnn_tensor_free(data);
    rnn_tensor_free(lengths);
    return dataset;
}

/* The whole dataset at once gives what its batches give. */
static void check_prediction(const zoo_row *row, int64_t count)
{
    enum { STEPS = 8, BATCH = 50 };
    rnn_model_t *model = zoo_make(NULL, row);
    rnn_dataset_t *dataset = make_data(row, count, STEPS);
    rnn_tensor_t *all = NULL;
    rnn_batch_t *batch = NULL;
    CHECK_OK(rnn_model_predict(model, dataset, NULL, &all));
    CHECK_INT(rnn_tensor_size(all, 0), count);
    CHECK_OK(rnn_dataset_set_int(dataset, RNN_DATA_BATCH, BATCH));
    int64_t width = count ? rnn_tensor_count(all) / count : 0, first = 0;
    while (rnn_dataset_next_batch(dataset, &batch) == RNN_OK) {
        rnn_tensor_t *part = help_run(model, batch);
        int64_t rows = rnn_tensor_size(part, 0), own = rnn_tensor_count(part) / rows;
        for (int64_t r = 0; r < rows; r++, first++) {
            const float *from = rnn_tensor_const_data(part), *to = rnn_tensor_const_data(all);
            CHECK_BYTES(to + first * width, from + r * own, (size_t)own * sizeof *from);
            for (int64_t k = own; k < width; k++) CHECK_NEAR(to[first * width + k], 0, 0);
        }
        rnn_tensor_free(part);
    }
    CHECK_INT(first, count);
    rnn_tensor_free(all);
    rnn_dataset_free(dataset);
    rnn_model_free(model);
}

/* The workspace of a run may serve the next one: of another size, in another precision, after a refusal. */
static void check_runs(const zoo_row *row)
{
    static const int64_t shapes[][2] = { { 1, 9 }, { 40, 3 }, { 1, 30 }, { 3, 1 },
                                         { 70, 12 }, { 1, 2 }, { 0, 5 }, { 2, 9 } };
    static const int32_t precisions[] = { RNN_PRECISION_F32, RNN_PRECISION_INT8, RNN_PRECISION_BF16 };
    rnn_model_t *kept = zoo_make(NULL, row);
    rnn_batch_t *empty = rnn_batch_create(NULL);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        rnn_batch_t *batch = help_batch(zoo_data(row, shapes[i][0], shapes[i][1], 3), NULL);
        rnn_model_t *fresh = zoo_make(NULL, row);
        CHECK_OK(rnn_model_set_precision(kept, precisions[i % 3]));
        CHECK_OK(rnn_model_set_precision(fresh, precisions[i % 3]));
        rnn_tensor_t *expected = help_run(fresh, batch), *y = help_run(kept, batch), *none = NULL;
        help_same(y, expected);
        CHECK_STATUS(rnn_model_run(kept, empty, &none, 1), RNN_ERROR_SHAPE);
        rnn_tensor_free(expected);
        rnn_tensor_free(y);
        rnn_model_free(fresh);
        rnn_batch_free(batch);
    }
    rnn_batch_free(empty);
    rnn_model_free(kept);
}

TEST(one_run_after_another)
{
    for (int i = 0; i < ZOO_ROWS; i++) check_runs(&zoo[i]);
}

TEST(predict_whole_datasets)
{
    static const int64_t counts[] = { 1, 7, 128, 129, 300 };
    for (int i = 0; i < ZOO_ROWS; i += 2)
        for (int k = 0; k < 5; k++) check_prediction(&zoo[i], counts[k]);
}

TEST(predict_an_empty_dataset)
{
    rnn_model_t *model = zoo_make(NULL, &zoo[13]);
    rnn_dataset_t *dataset = make_data(&zoo[13], 0, 4);
    rnn_tensor_t *all = NULL;
    CHECK_OK(rnn_model_predict(model, dataset, NULL, &all));
    CHECK_INT(rnn_tensor_size(all, 0), 0);
    CHECK_INT(rnn_tensor_size(all, -1), rnn_model_output_features(model, 0));
    rnn_tensor_free(all);
    rnn_dataset_free(dataset);
    rnn_model_free(model);
}

static rnn_status_t read_sample(int64_t index, rnn_sample_t *sample, void *user)
{
    const rnn_tensor_t *data = user;
    int64_t steps = index % 4, row = rnn_tensor_size(data, 1) * ZOO_FEATURES;
    if (index >= rnn_tensor_size(data, 0)) return RNN_END;
    return rnn_sample_set_values(sample, 0, (const float *)rnn_tensor_const_data(data) + index * row, steps,
                                 ZOO_FEATURES);
}

static rnn_status_t rewind_samples(void *user)
{
    (void)user;
    return RNN_OK;
}

/* A source that does not know its count gives the same as one that does, as often as it is asked. */
TEST(predict_a_sequential_source)
{
    rnn_tensor_t *data = help_random_tensor(RNN_F32, 200, 4, ZOO_FEATURES, 8), *results[3];
    rnn_model_t *model = zoo_make(NULL, &zoo[13]);
    rnn_dataset_t *datasets[2];
    for (int i = 0; i < 2; i++) {
        rnn_source_t source = { sizeof source, i ? -1 : 200, 1, 0, read_sample, rewind_samples, NULL, data };
        CHECK_OK(rnn_dataset_from_source(NULL, &source, &datasets[i]));
        CHECK_OK(rnn_model_predict(model, datasets[i], "y", &results[i]));
    }
    CHECK_OK(rnn_model_predict(model, datasets[1], "y", &results[2]));
    CHECK_INT(rnn_tensor_size(results[0], 0), 200);
    help_same(results[0], results[1]);
    help_same(results[0], results[2]);
    for (int i = 0; i < 3; i++) rnn_tensor_free(results[i]);
    for (int i = 0; i < 2; i++) rnn_dataset_free(datasets[i]);
    rnn_model_free(model);
    rnn_tensor_free(data);
}

TEST(predict_refusals)
{
    rnn_model_t *model = zoo_make(NULL, &zoo[13]), *two = mixed_model();
    rnn_dataset_t *dataset = make_data(&zoo[13], 3, 4), *ids = make_data(&zoo[ZOO_ROWS - 1], 3, 4);
    rnn_tensor_t *result = NULL;
    CHECK_STATUS(rnn_model_predict(model, dataset, "no such output", &result), RNN_ERROR_NAME);
    CHECK_STATUS(rnn_model_predict(two, dataset, NULL, &result), RNN_ERROR_NAME);
    CHECK_STATUS(rnn_model_predict(two, dataset, "steps", &result), RNN_ERROR_SHAPE);
    CHECK_STATUS(rnn_model_predict(model, ids, NULL, &result), RNN_ERROR_SHAPE);
    CHECK_STATUS(rnn_model_predict(model, NULL, NULL, &result), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_predict(model, dataset, NULL, NULL), RNN_ERROR_ARGUMENT);
    CHECK(result == NULL);
    rnn_dataset_free(dataset);
    rnn_dataset_free(ids);
    rnn_model_free(model);
    rnn_model_free(two);
}

TEST_MAIN
