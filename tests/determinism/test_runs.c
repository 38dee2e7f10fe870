/* SPDX-License-Identifier: MIT */
/* Prediction gives the same bits however it is asked for: step by step or whole, one sequence or many, in any
 * order, padded or not, by any number of threads; on every instruction set of the machine. */
#include "model/zoo.h"
#include <pthread.h>

enum { COUNT = 37, STEPS = 11 };

/* Calls check(context, row) for every model of the zoo, at every precision, on every instruction set. */
static void for_all(void (*check)(rnn_context_t *context, const zoo_row *row))
{
    int sets = 0;
    for (int64_t isa = RNN_ISA_SCALAR; isa <= RNN_ISA_NEON; isa++) {
        rnn_context_t *context = rnn_context_create(NULL);
        CHECK(context != NULL);
        int has =
            rnn_context_set_int(context, RNN_CONTEXT_ISA, isa) == RNN_OK && rnn_context_isa_name(context);
        for (int i = 0; has && i < ZOO_ROWS * (RNN_PRECISION_INT8_WEIGHTS + 1); i++) {
            int failed = atomic_load(&harness_failed_checks);
            zoo_precision = i / ZOO_ROWS;
            check(context, &zoo[i % ZOO_ROWS]);
            CHECK_INT(atomic_load(&harness_failed_checks), failed);
        }
        zoo_precision = RNN_PRECISION_F32;
        sets += has;
        rnn_context_free(context);
    }
    CHECK(sets >= 1);
}

/* Prints which model it was when two blocks of numbers differ. */
static void same_numbers(const zoo_row *row, const char *what, int64_t which, const float *a, const float *b,
                         int64_t n)
{
    if (memcmp(a, b, (size_t)n * sizeof *a) == 0) return;
    printf("%s: %s %" PRId64 "\n", row->name, what, which);
    CHECK_BYTES(a, b, (size_t)n * sizeof *a);
}

/* Lengths 0 to STEPS, all of them in use, in no order. */
static rnn_tensor_t *some_lengths(void)
{
    int64_t lengths[COUNT];
    for (int64_t i = 0; i < COUNT; i++) lengths[i] = (i * 7 + 3) % (STEPS + 1);
    return help_integers(COUNT, lengths);
}

/* Sequence `number` of a tensor alone: its first `steps` steps, as a tensor of its own. */
static rnn_tensor_t *one_sequence(rnn_tensor_t *data, int64_t number, int64_t steps)
{
    rnn_tensor_t *row = rnn_tensor_slice(data, 0, number, 1), *part = rnn_tensor_slice(row, 1, 0, steps);
    CHECK(part != NULL);
    rnn_tensor_t *copy = help_copy(part);
    rnn_tensor_free(part);
    rnn_tensor_free(row);
    return copy;
}

/* Numbers of an output that belong to one sequence: a vector, or its first `steps` steps. */
static int64_t numbers_of(const rnn_tensor_t *output, int64_t steps)
{
    return rnn_tensor_size(output, -1) * (rnn_tensor_rank(output) == 3 ? steps : 1);
}

static const float *output_of(const rnn_tensor_t *output, int64_t number)
{
    return (const float *)rnn_tensor_const_data(output) +
           number * rnn_tensor_count(output) / rnn_tensor_size(output, 0);
}

/* ---- streaming ---- */

static void step(const zoo_row *row, rnn_state_t *state, rnn_tensor_t *data, int64_t t, float *out)
{
    if (row->tokens)
        CHECK_OK(rnn_state_step_token(state, (int32_t)rnn_tensor_get(data, t), out));
    else
        CHECK_OK(rnn_state_step(state, (const float *)rnn_tensor_const_data(data) + t * ZOO_FEATURES, out));
}

/* After each step the output is that of a run of the sequence so far. */
static void check_stream(rnn_context_t *context, const zoo_row *row)
{
    if (!row->streams) return;
    rnn_model_t *model = zoo_make(context, row);
    rnn_tensor_t *data = zoo_data(row, 1, STEPS, 5);
    rnn_state_t *state = rnn_state_create(model);
    CHECK(state != NULL);
    int64_t features = rnn_state_output_size(state);
    float out[128];
    CHECK(features == rnn_model_output_features(model, 0) && features <= 128);
    for (int round = 0; round < 2; round++) {
        for (int64_t t = 0; t < STEPS; t++) {
            rnn_batch_t *batch = help_batch(one_sequence(data, 0, t + 1), NULL);
            rnn_tensor_t *whole = help_run(model, batch);
            step(row, state, data, t, out);
            same_numbers(row, "step", t, out, output_of(whole, 0) + rnn_tensor_count(whole) - features,
                         features);
            rnn_tensor_free(whole);
            rnn_batch_free(batch);
        }
        CHECK_OK(rnn_state_reset(state));
    }
    rnn_state_free(state);
    rnn_tensor_free(data);
    rnn_model_free(model);
}

TEST(streaming_equals_whole)
{
    for_all(check_stream);
}

/* ---- batches ---- */

static void check_alone(rnn_context_t *context, const zoo_row *row)
{
    rnn_model_t *model = zoo_make(context, row);
    rnn_tensor_t *data = zoo_data(row, COUNT, STEPS, 9), *lengths = some_lengths();
    rnn_batch_t *batch = help_batch(rnn_tensor_retain(data), rnn_tensor_retain(lengths));
    rnn_tensor_t *together = help_run(model, batch);
    for (int64_t i = 0; i < COUNT; i++) {
        int64_t steps = (int64_t)rnn_tensor_get(lengths, i);
        rnn_batch_t *one = help_batch(one_sequence(data, i, steps), NULL);
        rnn_tensor_t *alone = help_run(model, one);
        same_numbers(row, "sequence", i, output_of(together, i), output_of(alone, 0),
                     numbers_of(alone, steps));
        rnn_tensor_free(alone);
        rnn_batch_free(one);
    }
    rnn_tensor_free(together);
    rnn_batch_free(batch);
    rnn_tensor_free(data);
    rnn_tensor_free(lengths);
    rnn_model_free(model);
}

TEST(many_equal_one_by_one)
{
    for_all(check_alone);
}

/* The same sequences in the opposite order. */
static void check_order(rnn_context_t *context, const zoo_row *row)
{
    rnn_model_t *model = zoo_make(context, row);
    rnn_tensor_t *data = zoo_data(row, COUNT, STEPS, 9), *turned = help_copy(data);
    rnn_tensor_t *lengths = some_lengths(), *turned_lengths = help_copy(lengths);
    int64_t width = rnn_tensor_count(data) / COUNT;
    for (int64_t i = 0; i < COUNT; i++) {
        CHECK_OK(rnn_tensor_set(turned_lengths, i, rnn_tensor_get(lengths, COUNT - 1 - i)));
        for (int64_t k = 0; k < width; k++)
            CHECK_OK(
                rnn_tensor_set(turned, i * width + k, rnn_tensor_get(data, (COUNT - 1 - i) * width + k)));
    }
    rnn_batch_t *first = help_batch(data, lengths), *second = help_batch(turned, turned_lengths);
    rnn_tensor_t *a = help_run(model, first), *b = help_run(model, second);
    for (int64_t i = 0; i < COUNT; i++)
        same_numbers(row, "sequence", i, output_of(a, i), output_of(b, COUNT - 1 - i),
                     rnn_tensor_count(a) / COUNT);
    rnn_tensor_free(a);
    rnn_tensor_free(b);
    rnn_batch_free(first);
    rnn_batch_free(second);
    rnn_model_free(model);
}

TEST(order_in_a_batch_does_not_matter)
{
    for_all(check_order);
}

/* Numbers and ids behind a sequence's end are never looked at, however many. */
static void check_padding(rnn_context_t *context, const zoo_row *row)
{
    rnn_model_t *model = zoo_make(context, row);
    rnn_tensor_t *data = zoo_data(row, COUNT, STEPS, 9), *other = zoo_data(row, COUNT, STEPS + 6, 10);
    rnn_tensor_t *lengths = some_lengths();
    rnn_tensor_t *front = rnn_tensor_slice(other, 1, 0, STEPS);
    for (int64_t i = 0, k = 0; i < COUNT; i++) {
        int64_t useful = (int64_t)rnn_tensor_get(lengths, i) * (rnn_tensor_count(data) / COUNT / STEPS);
        for (int64_t j = 0; j < rnn_tensor_count(data) / COUNT; j++, k++)
            if (j < useful) CHECK_OK(rnn_tensor_set(front, k, rnn_tensor_get(data, k)));
    }
    rnn_batch_t *first = help_batch(data, rnn_tensor_retain(lengths)), *second = help_batch(other, lengths);
    rnn_tensor_t *a = help_run(model, first), *b = help_run(model, second);
    CHECK_INT(rnn_tensor_size(a, 0), rnn_tensor_size(b, 0));
    for (int64_t i = 0; i < COUNT; i++)
        same_numbers(row, "sequence", i, output_of(a, i), output_of(b, i), rnn_tensor_count(a) / COUNT);
    rnn_tensor_free(front);
    rnn_tensor_free(a);
    rnn_tensor_free(b);
    rnn_batch_free(first);
    rnn_batch_free(second);
    rnn_model_free(model);
}

TEST(padding_does_not_matter)
{
    for_all(check_padding);
}

/* A mask with holes is the sequence without the masked steps; outputs are 0 there. */
static void check_holes(rnn_context_t *context, const zoo_row *row)
{
    rnn_model_t *model = zoo_make(context, row);
    rnn_tensor_t *data = zoo_data(row, 1, STEPS, 9), *mask = help_tensor(RNN_BOOL, 1, STEPS, -1);
    rnn_tensor_t *compact = zoo_data(row, 1, 6, 1);
    int64_t width = rnn_tensor_count(data) / STEPS, kept[6] = { 1, 2, 4, 7, 8, 10 };
    for (int64_t i = 0; i < 6; i++) {
        CHECK_OK(rnn_tensor_set(mask, kept[i], 1));
        for (int64_t k = 0; k < width; k++)
            CHECK_OK(rnn_tensor_set(compact, i * width + k, rnn_tensor_get(data, kept[i] * width + k)));
    }
    rnn_batch_t *first = help_batch(data, NULL), *second = help_batch(compact, NULL);
    CHECK_OK(rnn_batch_set_mask(first, 0, mask));
    rnn_tensor_t *a = help_run(model, first), *b = help_run(model, second);
    int64_t features = rnn_tensor_size(a, -1);
    if (rnn_tensor_rank(a) == 2) same_numbers(row, "vector", 0, output_of(a, 0), output_of(b, 0), features);
    for (int64_t i = 0; rnn_tensor_rank(a) == 3 && i < 6; i++)
        same_numbers(row, "step", i, output_of(a, 0) + kept[i] * features, output_of(b, 0) + i * features,
                     features);
    for (int64_t k = 0; rnn_tensor_rank(a) == 3 && k < STEPS * features; k++)
        if (rnn_tensor_get(mask, k / features) == 0) CHECK(rnn_tensor_get(a, k) == 0);
    rnn_tensor_free(mask);
    rnn_tensor_free(a);
    rnn_tensor_free(b);
    rnn_batch_free(first);
    rnn_batch_free(second);
    rnn_model_free(model);
}

TEST(masked_steps_are_left_out)
{
    for_all(check_holes);
}

/* Strides of the caller's tensor and its type do not matter: a transposed view gives the same as a copy. */
TEST(layout_of_the_input_does_not_matter)
{
    rnn_model_t *model = zoo_make(NULL, &zoo[2]);
    rnn_tensor_t *turned = help_random_tensor(RNN_F32, STEPS, COUNT, ZOO_FEATURES, 3);
    rnn_tensor_t *view = rnn_tensor_transpose(turned, 0, 1);
    rnn_batch_t *first = help_batch(help_copy(view), NULL), *second = help_batch(view, NULL);
    rnn_tensor_t *a = help_run(model, first), *b = help_run(model, second);
    help_same(a, b);
    rnn_tensor_free(a);
    rnn_tensor_free(b);
    rnn_tensor_free(turned);
    rnn_batch_free(first);
    rnn_batch_free(second);
    rnn_model_free(model);
}

/* ---- threads ---- */

static void check_threads(rnn_context_t *unused, const zoo_row *row)
{
    enum { COUNTS = 5 };
    static const int64_t threads[COUNTS] = { 1, 2, 3, 4, 8 };
    rnn_tensor_t *results[COUNTS];
    int64_t isa = 0;
    CHECK_OK(rnn_context_get_int(unused, RNN_CONTEXT_ISA, &isa));
    for (int i = 0; i < COUNTS; i++) {
        rnn_context_t *context = rnn_context_create(NULL);
        CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_ISA, isa));
        CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, threads[i]));
        rnn_model_t *model = zoo_make(context, row);
        rnn_batch_t *batch = help_batch(zoo_data(row, COUNT, STEPS, 9), some_lengths());
        results[i] = help_run(model, batch);
        rnn_batch_free(batch);
        rnn_model_free(model);
        rnn_context_free(context);
    }
    for (int i = 1; i < COUNTS; i++) help_same(results[0], results[i]);
    for (int i = 0; i < COUNTS; i++) rnn_tensor_free(results[i]);
}

TEST(threads_do_not_matter)
{
    for_all(check_threads);
}

typedef struct job {
    rnn_model_t *model;
    rnn_tensor_t *expected;
} job;

static void *run_often(void *argument)
{
    job *work = argument;
    for (int i = 0; i < 20; i++) {
        rnn_batch_t *batch = help_batch(zoo_data(&zoo[2], COUNT, STEPS, 9), some_lengths());
        rnn_tensor_t *output = help_run(work->model, batch);
        help_same(output, work->expected);
        rnn_tensor_free(output);
        rnn_batch_free(batch);
    }
    return NULL;
}

/* Several threads of the caller run one model at the same time. */
TEST(callers_threads_share_a_model)
{
    pthread_t threads[4];
    rnn_model_t *model = zoo_make(NULL, &zoo[2]);
    rnn_batch_t *batch = help_batch(zoo_data(&zoo[2], COUNT, STEPS, 9), some_lengths());
    job work = { model, help_run(model, batch) };
    for (int i = 0; i < 4; i++) CHECK_INT(pthread_create(&threads[i], NULL, run_often, &work), 0);
    for (int i = 0; i < 4; i++) CHECK_INT(pthread_join(threads[i], NULL), 0);
    rnn_tensor_free(work.expected);
    rnn_batch_free(batch);
    rnn_model_free(model);
}

TEST_MAIN
