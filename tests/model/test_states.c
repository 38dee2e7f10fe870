/* SPDX-License-Identifier: MIT */
/* Many streams stepped together: the bits of stepping each alone, and what is refused. And the memory of
 * streams. */
#include "core/failing.h"
#include "model/zoo.h"

enum { MOST = 70, STEPS = 5, WIDEST = 128 };

typedef struct {
    rnn_model_t *model;
    rnn_states_t *states;
    rnn_state_t *together[MOST], *alone[MOST];
    int64_t features;
} streams;

static streams open_streams(rnn_model_t *model)
{
    streams s = { .model = model, .states = rnn_states_create(model) };
    CHECK(s.states != NULL);
    for (int i = 0; i < MOST; i++) {
        s.together[i] = rnn_state_create(model);
        s.alone[i] = rnn_state_create(model);
        CHECK(s.together[i] && s.alone[i]);
    }
    s.features = rnn_state_output_size(s.alone[0]);
    CHECK(s.features <= WIDEST);
    return s;
}

static void close_streams(streams *s)
{
    for (int i = 0; i < MOST; i++) {
        rnn_state_free(s->together[i]);
        rnn_state_free(s->alone[i]);
    }
    rnn_states_free(s->states);
    rnn_model_free(s->model);
}

/* One step of the first `count` streams, together and alone. Ids are below ZOO_VOCABULARY, among them masked
 * ones. */
static void check_step(streams *s, int tokens, int64_t count, uint64_t seed)
{
    static float in[MOST * ZOO_FEATURES], out[MOST * WIDEST];
    int32_t ids[MOST];
    float expected[WIDEST];
    for (int64_t i = 0; i < count * ZOO_FEATURES; i++) in[i] = (float)help_random(&seed);
    for (int64_t i = 0; i < count; i++)
        ids[i] = (int32_t)((help_random(&seed) + 1) / 2 * (i % 3 ? ZOO_VOCABULARY : 5));
    CHECK_OK(tokens ? rnn_states_step_tokens(s->states, s->together, count, ids, out)
                    : rnn_states_step(s->states, s->together, count, in, out));
    for (int64_t i = 0; i < count; i++) {
        CHECK_OK(tokens ? rnn_state_step_token(s->alone[i], ids[i], expected)
                        : rnn_state_step(s->alone[i], in + i * ZOO_FEATURES, expected));
        CHECK_BYTES(out + i * s->features, expected, (size_t)s->features * sizeof *expected);
    }
}

/* Streams at different places: some calls take only the first ones, one stream is reset, one is stepped alone
 * in between. */
static void check_model(rnn_context_t *context, const zoo_row *row)
{
    static const int64_t counts[] = { MOST, 1, 2, 31, 32, 33, 0, 65, MOST };
    streams s = open_streams(zoo_make(context, row));
    float out[WIDEST], again[WIDEST], in[ZOO_FEATURES] = { 0.5f };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        check_step(&s, row->tokens, counts[i], 77 + i);
        CHECK_OK(rnn_state_reset(s.together[7]));
        CHECK_OK(rnn_state_reset(s.alone[7]));
        CHECK_OK(row->tokens ? rnn_state_step_token(s.together[3], 2, out)
                             : rnn_state_step(s.together[3], in, out));
        CHECK_OK(row->tokens ? rnn_state_step_token(s.alone[3], 2, again)
                             : rnn_state_step(s.alone[3], in, again));
        CHECK_BYTES(out, again, (size_t)s.features * sizeof *out);
    }
    close_streams(&s);
}

static void check_isa(int64_t isa)
{
    rnn_context_t *context = rnn_context_create(NULL);
    if (rnn_context_set_int(context, RNN_CONTEXT_ISA, isa) != RNN_OK || !rnn_context_isa_name(context)) {
        rnn_context_free(context);
        SKIP("this machine does not have it");
    }
    for (int i = 0; i < ZOO_ROWS; i++)
        if (zoo[i].streams) check_model(context, &zoo[i]);
    rnn_context_free(context);
}

TEST(together_as_alone_scalar) { check_isa(RNN_ISA_SCALAR); }
TEST(together_as_alone_avx2) { check_isa(RNN_ISA_AVX2); }
TEST(together_as_alone_avx512) { check_isa(RNN_ISA_AVX512); }
TEST(together_as_alone_neon) { check_isa(RNN_ISA_NEON); }

/* Every stream has initial states of its own, one of them through a dense layer; two outputs. */
TEST(vectors)
{
    enum { H = 6 };
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = zoo_lstm_of_vectors(model, H);
    CHECK_OK(rnn_model_set_output(model, h, "h"));
    CHECK_OK(rnn_model_set_output(model, rnn_dense(model, h, 3, RNN_SOFTMAX), "class"));
    CHECK_OK(rnn_model_build(model));
    help_random_weights(model, 5, 0.5);
    streams s = open_streams(model);
    uint64_t seed = 3;
    for (int i = 0; i < MOST; i++) {
        float numbers[2 + H];
        for (int j = 0; j < 2 + H; j++) numbers[j] = (float)help_random(&seed);
        CHECK_OK(rnn_state_set_vector(s.together[i], 0, numbers, 2));
        CHECK_OK(rnn_state_set_vector(s.alone[i], 0, numbers, 2));
        CHECK_OK(rnn_state_set_vector(s.together[i], 2, numbers + 2, H));
        CHECK_OK(rnn_state_set_vector(s.alone[i], 2, numbers + 2, H));
    }
    for (int t = 0; t < STEPS; t++) check_step(&s, 0, MOST - t, (uint64_t)t);
    close_streams(&s);
}

/* Refused, and no stream has moved. */
TEST(refused_calls)
{
    streams s = open_streams(zoo_make(NULL, &zoo[2]));
    rnn_model_t *other = zoo_make(NULL, &zoo[2]);
    rnn_state_t *foreign = rnn_state_create(other), *list[3] = { s.together[0], s.together[1], foreign };
    float in[MOST * ZOO_FEATURES] = { 0 }, out[MOST * WIDEST];
    int32_t ids[MOST] = { 0 };
    CHECK_STATUS(rnn_states_step(NULL, s.together, 1, in, out), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_states_step(s.states, NULL, 1, in, out), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_states_step(s.states, s.together, 1, NULL, out), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_states_step(s.states, s.together, 1, in, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_states_step(s.states, s.together, -1, in, out), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_states_step(s.states, list, 3, in, out), RNN_ERROR_ARGUMENT);
    CHECK(strstr(rnn_last_error(), "stream 2") != NULL);
    list[2] = NULL;
    CHECK_STATUS(rnn_states_step(s.states, list, 3, in, out), RNN_ERROR_ARGUMENT);
    list[2] = list[0];
    CHECK_STATUS(rnn_states_step(s.states, list, 3, in, out), RNN_ERROR_ARGUMENT);
    CHECK(strstr(rnn_last_error(), "twice") != NULL);
    CHECK_STATUS(rnn_states_step_tokens(s.states, s.together, 2, ids, out), RNN_ERROR_TYPE);
    CHECK(rnn_states_create(NULL) == NULL);
    check_step(&s, 0, MOST, 9);
    rnn_states_free(NULL);
    rnn_state_free(foreign);
    rnn_model_free(other);
    close_streams(&s);
}

TEST(an_id_out_of_range_moves_no_stream)
{
    int words = 0;
    while (strcmp(zoo[words].name, "words") != 0) words++;
    streams s = open_streams(zoo_make(NULL, &zoo[words]));
    int32_t ids[MOST] = { 0 };
    static float out[MOST * WIDEST];
    ids[MOST - 1] = ZOO_VOCABULARY;
    CHECK_STATUS(rnn_states_step_tokens(s.states, s.together, MOST, ids, out), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_states_step(s.states, s.together, 1, out, out), RNN_ERROR_TYPE);
    check_step(&s, 1, MOST, 4);
    close_streams(&s);
}

TEST(what_cannot_be_stepped_has_no_workspace)
{
    for (int i = 0; i < ZOO_ROWS; i++) {
        if (zoo[i].streams) continue;
        rnn_model_t *model = zoo_make(NULL, &zoo[i]);
        CHECK(rnn_states_create(model) == NULL);
        CHECK(rnn_last_error()[0] != 0);
        rnn_model_free(model);
    }
}

/* The workspace and the streams hold their model. */
TEST(the_model_may_go_first)
{
    streams s = open_streams(zoo_make(NULL, &zoo[2]));
    rnn_model_free(rnn_model_retain(s.model));
    rnn_model_free(s.model);
    s.model = NULL;
    check_step(&s, 0, MOST, 1);
    close_streams(&s);
}

/* ---- weights that change ---- */

/* New weights reach the copy that streams read, and so does a batch of one sequence. */
TEST(set_weight_reaches_streams)
{
    rnn_model_t *model = zoo_make(NULL, &zoo[2]), *fresh = zoo_make(NULL, &zoo[2]);
    rnn_state_t *state = rnn_state_create(model);
    float in[ZOO_FEATURES] = { 0.3f, -0.2f }, out[WIDEST], expected[WIDEST];
    CHECK_OK(rnn_state_step(state, in, out));
    help_random_weights(model, 31, 0.5);
    help_random_weights(fresh, 31, 0.5);
    rnn_state_t *other = rnn_state_create(fresh);
    CHECK_OK(rnn_state_reset(state));
    CHECK_OK(rnn_state_step(state, in, out));
    CHECK_OK(rnn_state_step(other, in, expected));
    CHECK_BYTES(out, expected, (size_t)rnn_state_output_size(state) * sizeof *out);
    rnn_state_free(state);
    rnn_state_free(other);
    rnn_model_free(model);
    rnn_model_free(fresh);
}

/* ---- memory ---- */

static atomic_long bytes_live;

static void *count_allocate(size_t size, size_t alignment, void *user)
{
    (void)user;
    void *block = NULL;
    if (posix_memalign(&block, alignment, size) != 0) return NULL;
    atomic_fetch_add(&bytes_live, (long)size);
    return block;
}

static void count_release(void *pointer, size_t size, void *user)
{
    (void)user;
    atomic_fetch_sub(&bytes_live, (long)size);
    free(pointer);
}

/* What is stated is what was asked for, to the byte. */
TEST(memory_is_exact)
{
    rnn_allocator_t allocator = { sizeof allocator, count_allocate, count_release, NULL };
    for (int i = 0; i < ZOO_ROWS; i++) {
        if (!zoo[i].streams) continue;
        rnn_context_t *context = rnn_context_create(&allocator);
        rnn_model_t *model = zoo_make(context, &zoo[i]);
        rnn_state_t *first = rnn_state_create(model);
        long before = atomic_load(&bytes_live);
        rnn_state_t *state = rnn_state_create(model);
        CHECK_INT(rnn_state_memory(state), atomic_load(&bytes_live) - before);
        before = atomic_load(&bytes_live);
        rnn_states_t *states = rnn_states_create(model);
        CHECK_INT(rnn_states_memory(states), atomic_load(&bytes_live) - before);
        rnn_states_free(states);
        rnn_state_free(state);
        rnn_state_free(first);
        rnn_model_free(model);
        rnn_context_free(context);
        CHECK_INT(atomic_load(&bytes_live), 0);
    }
    CHECK_INT(rnn_state_memory(NULL), 0);
    CHECK_INT(rnn_states_memory(NULL), 0);
}

static int create_both(rnn_context_t *context)
{
    rnn_model_t *model = rnn_model_create(context);
    if (!model) return 0;
    rnn_layer_t *x = rnn_input_values(model, "x", 3),
                *h = rnn_dense(model, rnn_gru(model, rnn_lstm(model, x, 5), 4), 2, RNN_TANH);
    int right = rnn_model_set_output(model, h, "y") == RNN_OK && rnn_model_build(model) == RNN_OK;
    rnn_states_t *states = right ? rnn_states_create(model) : NULL;
    rnn_state_t *state = states ? rnn_state_create(model) : NULL;
    float in[3] = { 0 }, out[2];
    right = state && rnn_states_step(states, &state, 1, in, out) == RNN_OK;
    rnn_state_free(state);
    rnn_states_free(states);
    rnn_model_free(model);
    return right;
}

TEST(every_failure_is_survived) { EVERY_FAILURE(create_both); }

TEST_MAIN
