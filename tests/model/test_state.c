/* SPDX-License-Identifier: MIT */
/* Streams: what can be stepped, forking and restoring, and what is refused. */
#include "core/failing.h"
#include "model/zoo.h"

enum { STEPS = 9 };

static const zoo_row *row_named(const char *name)
{
    for (int i = 0; i < ZOO_ROWS; i++)
        if (strcmp(zoo[i].name, name) == 0) return &zoo[i];
    return NULL;
}

static rnn_model_t *make(const char *name)
{
    return zoo_make(NULL, row_named(name));
}

static rnn_state_t *open_state(rnn_model_t *model)
{
    rnn_state_t *state = rnn_state_create(model);
    CHECK(state != NULL);
    return state;
}

static void step_values(rnn_state_t *state, int64_t t, float *out)
{
    float in[ZOO_FEATURES];
    uint64_t seed = 100 + (uint64_t)t;
    for (int i = 0; i < ZOO_FEATURES; i++) in[i] = (float)help_random(&seed);
    CHECK_OK(rnn_state_step(state, in, out));
}

/* ---- which models ---- */

TEST(models_that_look_ahead_are_refused)
{
    static const char *const names[] = { "reverse", "bidirectional", "bidirectional, last",
                                         "review, bidirectional" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        rnn_model_t *model = make(names[i]);
        CHECK(rnn_state_create(model) == NULL);
        CHECK(strstr(rnn_last_error(), "lstm") || strstr(rnn_last_error(), "gru"));
        rnn_model_free(model);
    }
}

TEST(models_without_one_sequence_are_refused)
{
    rnn_model_t *none = rnn_model_create(NULL), *two = rnn_model_create(NULL), *raw = rnn_model_create(NULL);
    CHECK_OK(rnn_model_set_output(none, rnn_dense(none, rnn_input_vector(none, "v", 3), 2, RNN_RELU), "y"));
    CHECK_OK(rnn_model_set_output(two, rnn_last(two, rnn_input_values(two, "a", 3)), "a_last"));
    CHECK_OK(rnn_model_set_output(two, rnn_last(two, rnn_input_values(two, "b", 3)), "b_last"));
    CHECK_OK(rnn_model_build(none));
    CHECK_OK(rnn_model_build(two));
    CHECK(rnn_state_create(none) == NULL && rnn_state_create(two) == NULL);
    CHECK(strstr(rnn_last_error(), "2") != NULL);
    CHECK(rnn_state_create(raw) == NULL && strstr(rnn_last_error(), "built"));
    CHECK(rnn_state_create(NULL) == NULL);
    rnn_model_free(none);
    rnn_model_free(two);
    rnn_model_free(raw);
}

/* ---- stepping ---- */

TEST(a_step_of_the_wrong_kind)
{
    rnn_model_t *values = make("lstm"), *tokens = make("words");
    rnn_state_t *a = open_state(values), *b = open_state(tokens);
    float in[ZOO_FEATURES] = { 0 }, out[ZOO_VOCABULARY] = { 7 };
    CHECK_STATUS(rnn_state_step_token(a, 1, out), RNN_ERROR_TYPE);
    CHECK_STATUS(rnn_state_step(b, in, out), RNN_ERROR_TYPE);
    CHECK_STATUS(rnn_state_step(NULL, in, out), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_state_step(a, NULL, out), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_state_step(a, in, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_state_step_token(b, 0, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_state_step_token(NULL, 0, out), RNN_ERROR_ARGUMENT);
    CHECK_NEAR(out[0], 7, 0);
    rnn_state_free(a);
    rnn_state_free(b);
    rnn_model_free(values);
    rnn_model_free(tokens);
}

TEST(ids_are_checked)
{
    rnn_model_t *model = make("words");
    rnn_state_t *state = open_state(model);
    float first[ZOO_VOCABULARY], second[ZOO_VOCABULARY];
    static const int32_t bad[] = { -1, ZOO_VOCABULARY, INT32_MAX, INT32_MIN };
    CHECK_OK(rnn_state_step_token(state, ZOO_VOCABULARY - 1, first));
    CHECK_OK(rnn_state_reset(state));
    for (int i = 0; i < 4; i++) {
        CHECK_STATUS(rnn_state_step_token(state, bad[i], second), RNN_ERROR_RANGE);
        CHECK(strstr(rnn_last_error(), "39") != NULL);
    }
    CHECK_OK(rnn_state_step_token(state, ZOO_VOCABULARY - 1, second));
    CHECK_BYTES(first, second, sizeof first);
    rnn_state_free(state);
    rnn_model_free(model);
}

/* Outputs come one behind another in the order of the model's outputs. */
TEST(several_outputs)
{
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(model, "x", ZOO_FEATURES), *h = rnn_gru(model, x, 4);
    CHECK_OK(rnn_model_set_output(model, rnn_dense(model, h, 2, RNN_TANH), "a"));
    CHECK_OK(rnn_model_set_output(model, x, "b"));
    CHECK_OK(rnn_model_set_output(model, rnn_last(model, h), "c"));
    CHECK_OK(rnn_model_build(model));
    rnn_state_t *state = open_state(model);
    float in[ZOO_FEATURES] = { 1, 2, 3, 4, 5 }, out[2 + ZOO_FEATURES + 4];
    CHECK_INT(rnn_state_output_size(state), 2 + ZOO_FEATURES + 4);
    CHECK_OK(rnn_state_step(state, in, out));
    CHECK_BYTES(out + 2, in, sizeof in);
    rnn_batch_t *batch =
        help_batch(rnn_tensor_wrap(NULL, RNN_F32, 3, (int64_t[]){ 1, 1, ZOO_FEATURES }, NULL, in), NULL);
    rnn_tensor_t *whole[3];
    CHECK_OK(rnn_model_run(model, batch, whole, 3));
    CHECK_BYTES(out, rnn_tensor_const_data(whole[0]), 2 * sizeof *out);
    CHECK_BYTES(out + 2 + ZOO_FEATURES, rnn_tensor_const_data(whole[2]), 4 * sizeof *out);
    for (int i = 0; i < 3; i++) rnn_tensor_free(whole[i]);
    rnn_batch_free(batch);
    rnn_state_free(state);
    rnn_model_free(model);
}

/* Initial states of a stream: an LSTM that starts from two vectors, one through a dense layer, steps as it
 * runs. */
TEST(vectors)
{
    enum { H = 6 };
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = zoo_lstm_of_vectors(model, H);
    CHECK_OK(rnn_model_set_output(model, h, "y"));
    CHECK_OK(rnn_model_build(model));
    rnn_tensor_t *inputs[3] = { help_random_tensor(RNN_F32, 1, 2, -1, 1),
                                help_random_tensor(RNN_F32, 1, STEPS, ZOO_FEATURES, 2),
                                help_random_tensor(RNN_F32, 1, H, -1, 3) };
    rnn_batch_t *batch = rnn_batch_create(NULL);
    for (int i = 0; i < 3; i++) CHECK_OK(rnn_batch_set_input(batch, i, inputs[i], NULL));
    rnn_tensor_t *whole = help_run(model, batch);
    rnn_state_t *state = open_state(model);
    CHECK_OK(rnn_state_set_vector(state, 0, rnn_tensor_const_data(inputs[0]), 2));
    CHECK_OK(rnn_state_set_vector(state, 2, rnn_tensor_const_data(inputs[2]), H));
    for (int round = 0; round < 2; round++) { /* a reset keeps the vectors */
        for (int64_t t = 0; t < STEPS; t++) {
            float out[H];
            const float *in = rnn_tensor_const_data(inputs[1]), *y = rnn_tensor_const_data(whole);
            CHECK_OK(rnn_state_step(state, in + t * ZOO_FEATURES, out));
            CHECK_BYTES(out, y + t * H, sizeof out);
        }
        CHECK_OK(rnn_state_reset(state));
    }
    const float some[H] = { 0 };
    CHECK_STATUS(rnn_state_set_vector(state, 1, some, H), RNN_ERROR_TYPE);
    CHECK_STATUS(rnn_state_set_vector(state, 3, some, H), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_state_set_vector(state, -1, some, H), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_state_set_vector(state, 0, some, 3), RNN_ERROR_SHAPE);
    CHECK_STATUS(rnn_state_set_vector(state, 0, NULL, 2), RNN_ERROR_ARGUMENT);
    rnn_state_free(state);
    rnn_tensor_free(whole);
    rnn_batch_free(batch);
    for (int i = 0; i < 3; i++) rnn_tensor_free(inputs[i]);
    rnn_model_free(model);
}

/* Input and output in one place, even where the input itself comes out behind something else. */
TEST(in_place)
{
    enum { N = 3 };
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(model, "x", N);
    CHECK_OK(rnn_model_set_output(model, rnn_lstm(model, x, 4), "h"));
    CHECK_OK(rnn_model_set_output(model, x, "same"));
    CHECK_OK(rnn_model_build(model));
    rnn_state_t *one = open_state(model), *other = open_state(model);
    for (int t = 0; t < STEPS; t++) {
        float in[N] = { 0.1f * (float)t, 1, -0.5f }, out[4 + N], both[4 + N];
        memcpy(both, in, sizeof in);
        CHECK_OK(rnn_state_step(one, in, out));
        CHECK_OK(rnn_state_step(other, both, both));
        CHECK_BYTES(out, both, sizeof out);
        CHECK_BYTES(out + 4, in, sizeof in);
    }
    rnn_state_free(one);
    rnn_state_free(other);
    rnn_model_free(model);
}

/* A masked token leaves a stream as it was, wherever it comes. */
static void check_masked_tokens(rnn_layer_t *(*top)(rnn_model_t *m, rnn_layer_t *x))
{
    static const int32_t ids[STEPS] = { 3, 3, 5, 3, 9, 7, 3, 3, 1 };
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *table = rnn_embedding(model, rnn_input_tokens(model, "x"), ZOO_VOCABULARY, 4);
    CHECK_OK(rnn_layer_set_int(table, RNN_LAYER_MASK_ID, 3));
    CHECK_OK(rnn_model_set_output(model, top(model, table), "y"));
    CHECK_OK(rnn_model_build(model));
    rnn_state_t *state = open_state(model);
    size_t features = (size_t)rnn_state_output_size(state);
    for (int64_t t = 0; t < STEPS; t++) {
        float out[64];
        rnn_tensor_t *part = help_tensor(RNN_I32, 1, t + 1, -1);
        for (int64_t i = 0; i <= t; i++) CHECK_OK(rnn_tensor_set(part, i, ids[i]));
        rnn_batch_t *batch = help_batch(part, NULL);
        rnn_tensor_t *whole = help_run(model, batch);
        CHECK_OK(rnn_state_step_token(state, ids[t], out));
        const float *y = rnn_tensor_const_data(whole);
        CHECK_BYTES(out, y + rnn_tensor_count(whole) - features, features * sizeof *out);
        rnn_tensor_free(whole);
        rnn_batch_free(batch);
    }
    rnn_state_free(state);
    rnn_model_free(model);
}

TEST(masked_tokens)
{
    check_masked_tokens(zoo_gru);
    check_masked_tokens(zoo_lstm);
    check_masked_tokens(zoo_gru_before);
    check_masked_tokens(zoo_stacked);
    check_masked_tokens(zoo_tagger);
    check_masked_tokens(zoo_last);
    check_masked_tokens(zoo_final_cell);
}

static rnn_layer_t *plain_last(rnn_model_t *m, rnn_layer_t *x)
{
    return rnn_last(m, rnn_dense(m, x, 3, RNN_TANH));
}
static rnn_layer_t *plain_mean(rnn_model_t *m, rnn_layer_t *x) { return rnn_mean_pool(m, x); }
static rnn_layer_t *plain_max(rnn_model_t *m, rnn_layer_t *x) { return rnn_max_pool(m, x); }

TEST(masked_tokens_in_pools)
{
    check_masked_tokens(plain_mean);
    check_masked_tokens(plain_max);
    check_masked_tokens(plain_last);
    check_masked_tokens(zoo_mean);
    check_masked_tokens(zoo_max);
}

/* The state holds its model. */
TEST(the_model_may_go_first)
{
    rnn_model_t *model = make("lstm");
    rnn_state_t *state = open_state(model);
    float out[19];
    rnn_model_free(model);
    step_values(state, 0, out);
    rnn_state_free(state);
    rnn_state_free(NULL);
}

TEST(null_states)
{
    float out[4];
    CHECK_INT(rnn_state_output_size(NULL), 0);
    CHECK_INT(rnn_state_size(NULL), 0);
    CHECK_STATUS(rnn_state_reset(NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_state_export(NULL, out, 16), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_state_import(NULL, out, 16), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_state_set_vector(NULL, 0, out, 1), RNN_ERROR_ARGUMENT);
}

/* ---- saving and restoring ---- */

/* Saved after any step, taken up by another state: both go on with the same bits. */
TEST(a_fork_goes_on_alike)
{
    for (int i = 0; i < ZOO_ROWS; i++) {
        if (!zoo[i].streams || zoo[i].tokens) continue;
        rnn_model_t *model = zoo_make(NULL, &zoo[i]);
        rnn_state_t *one = open_state(model), *two = open_state(model);
        int64_t size = rnn_state_size(one), features = rnn_state_output_size(one);
        char *saved = malloc((size_t)size);
        float a[128], b[128];
        for (int64_t t = 0; t < STEPS; t++) {
            CHECK_OK(rnn_state_export(one, saved, size));
            CHECK_OK(rnn_state_import(two, saved, size));
            step_values(one, t, a);
            step_values(two, t, b);
            CHECK_BYTES(a, b, (size_t)features * sizeof *a);
            step_values(two, t + 50, b); /* goes its own way until the next import */
        }
        free(saved);
        rnn_state_free(one);
        rnn_state_free(two);
        rnn_model_free(model);
    }
}

typedef struct saved_state {
    unsigned char bytes[4096];
    int64_t size;
} saved_state;

static saved_state save(rnn_state_t *state)
{
    saved_state saved = { .size = rnn_state_size(state) };
    CHECK(saved.size > 0 && saved.size <= (int64_t)sizeof saved.bytes);
    CHECK_OK(rnn_state_export(state, saved.bytes, saved.size));
    return saved;
}

TEST(equal_states_have_equal_bytes)
{
    rnn_model_t *model = make("gru"), *again = make("gru");
    rnn_state_t *one = open_state(model), *two = open_state(again);
    float out[19];
    for (int64_t t = 0; t < 3; t++) step_values(one, t, out), step_values(two, t, out);
    saved_state a = save(one), b = save(two);
    CHECK_INT(a.size, b.size);
    CHECK_BYTES(a.bytes, b.bytes, (size_t)a.size);
    CHECK_OK(rnn_state_import(two, a.bytes, a.size));
    rnn_state_free(one);
    rnn_state_free(two);
    rnn_model_free(model);
    rnn_model_free(again);
}

/* Refused, and the state is as it was. */
static void check_refused(rnn_state_t *state, const unsigned char *bytes, int64_t size)
{
    saved_state before = save(state);
    CHECK_STATUS(rnn_state_import(state, bytes, size), RNN_ERROR_FORMAT);
    saved_state after = save(state);
    CHECK_BYTES(before.bytes, after.bytes, (size_t)before.size);
}

TEST(other_models_states_are_refused)
{
    rnn_model_t *model = make("gru"), *other_graph = make("lstm"), *other_weights = make("gru");
    help_random_weights(other_weights, 999, 0.5);
    rnn_state_t *state = open_state(model), *a = open_state(other_graph), *b = open_state(other_weights);
    saved_state saved = save(a);
    check_refused(state, saved.bytes, saved.size);
    saved = save(b);
    check_refused(state, saved.bytes, saved.size);
    rnn_state_free(state);
    rnn_state_free(a);
    rnn_state_free(b);
    rnn_model_free(model);
    rnn_model_free(other_graph);
    rnn_model_free(other_weights);
}

TEST(damaged_states_are_refused)
{
    rnn_model_t *model = make("gru");
    rnn_state_t *state = open_state(model);
    float out[19];
    step_values(state, 0, out);
    saved_state saved = save(state);
    step_values(state, 1, out);
    for (int64_t size = 0; size < saved.size; size++) check_refused(state, saved.bytes, size);
    check_refused(state, saved.bytes, saved.size + 1);
    check_refused(state, saved.bytes, -1);
    for (int i = 0; i < 8; i++) { /* the magic */
        saved_state broken = saved;
        broken.bytes[i] ^= 1;
        check_refused(state, broken.bytes, broken.size);
    }
    for (int i = 8; i < 40; i++) { /* version, fingerprint, sizes, flags: any status, but never taken */
        saved_state broken = saved;
        broken.bytes[i] ^= 0x40;
        CHECK(rnn_state_import(state, broken.bytes, broken.size) < 0);
    }
    CHECK_OK(rnn_state_import(state, saved.bytes, saved.size));
    CHECK_STATUS(rnn_state_export(state, saved.bytes, saved.size - 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_state_export(state, NULL, saved.size), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_state_import(state, NULL, saved.size), RNN_ERROR_ARGUMENT);
    rnn_state_free(state);
    rnn_model_free(model);
}

/* A step takes no memory. */
TEST(a_step_does_not_allocate)
{
    for (int i = 0; i < ZOO_ROWS; i++) {
        if (!zoo[i].streams) continue;
        failing counts;
        rnn_allocator_t allocator = failing_allocator(&counts, -1);
        rnn_context_t *context = rnn_context_create(&allocator);
        rnn_model_t *model = zoo_make(context, &zoo[i]);
        rnn_state_t *state = open_state(model);
        long before = atomic_load(&counts.requests);
        float in[ZOO_FEATURES] = { 0 }, out[128];
        for (int t = 0; t < 5; t++)
            CHECK_OK(zoo[i].tokens ? rnn_state_step_token(state, t, out) : rnn_state_step(state, in, out));
        CHECK_OK(rnn_state_reset(state));
        CHECK_INT(atomic_load(&counts.requests), before);
        rnn_state_free(state);
        rnn_model_free(model);
        rnn_context_free(context);
        CHECK_INT(atomic_load(&counts.live), 0);
    }
}

TEST_MAIN
