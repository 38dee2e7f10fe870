/* SPDX-License-Identifier: MIT */
/* The n-th request for memory fails, for all n: a clear status, nothing left behind, nothing written. */
#include "core/failing.h"
#include "model/zoo.h"

/* Steps must not CHECK while memory fails: they answer 1 for success, and 0 for a failure that was reported.
 */

static rnn_layer_t *stem(rnn_model_t *m)
{
    rnn_layer_t *x = rnn_input_tokens(m, "x"), *h = rnn_embedding(m, x, 20, 4);
    rnn_layer_t *both = rnn_lstm(m, h, 5);
    rnn_layer_set_int(both, RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL);
    rnn_layer_set_int(both, RNN_LAYER_LAYERS, 2);
    rnn_layer_t *decoder = rnn_gru(m, both, 3);
    rnn_layer_set_int(decoder, RNN_LAYER_LAYERS, 2);
    rnn_layer_set_initial_state(decoder, both); /* through a bridge */
    rnn_layer_t *parts[2] = { rnn_last(m, decoder), rnn_mean_pool(m, h) };
    return rnn_dense(m, rnn_concat(m, parts, 2), 3, RNN_SOFTMAX);
}

static rnn_model_t *try_build(rnn_context_t *context, rnn_layer_t *(*make)(rnn_model_t *m))
{
    rnn_context_set_int(context, RNN_CONTEXT_THREADS, 1);
    rnn_model_t *m = rnn_model_create(context);
    if (!m) return NULL;
    rnn_status_t status = rnn_model_set_output(m, make(m), "y");
    rnn_status_t built = rnn_model_build(m);
    if (built == RNN_OK && status == RNN_OK) return m;
    if (built != RNN_ERROR_MEMORY) printf("build answered %d: %s\n", (int)built, rnn_last_error());
    rnn_model_free(m);
    return NULL;
}

static int build(rnn_context_t *context)
{
    rnn_model_t *m = try_build(context, stem);
    int built = m != NULL;
    rnn_model_free(m);
    return built;
}

TEST(building)
{
    EVERY_FAILURE(build);
}

/* Variants of cells, norms, ties and what travels with a model. */
static rnn_layer_t *variants(rnn_model_t *m)
{
    rnn_layer_t *table = rnn_embedding(m, rnn_input_tokens(m, "x"), 20, 4), *h = rnn_lstm(m, table, 5);
    rnn_layer_set_int(h, RNN_LAYER_PROJECTION, 3);
    h = rnn_lstm(m, rnn_batch_norm(m, h), 4);
    rnn_layer_set_int(h, RNN_LAYER_NORM, 1);
    rnn_layer_set_float(h, RNN_LAYER_ZONEOUT, 0.2);
    rnn_layer_t *sides[2] = { rnn_repeat(m, rnn_last(m, h), h),
                              rnn_activation(m, rnn_layer_norm(m, h), RNN_GELU) };
    rnn_layer_t *words = rnn_dense(m, rnn_dense(m, rnn_concat(m, sides, 2), 4, RNN_SWISH), 20, RNN_SOFTMAX);
    rnn_layer_tie(words, table);
    return words;
}

static int clone(rnn_context_t *context)
{
    rnn_model_t *m = try_build(context, variants);
    if (!m) return 0;
    rnn_model_t *twin = rnn_model_set_blob(m, "b", "bytes", 5) == RNN_OK ? rnn_model_clone(m) : NULL;
    int made = twin != NULL;
    rnn_model_free(m);
    rnn_model_free(twin);
    return made;
}

TEST(cloning)
{
    EVERY_FAILURE(clone);
}

/* A build that ran out of memory may be tried again. */
TEST(building_again)
{
    for (long n = 0; n < 400; n++) {
        failing f;
        rnn_allocator_t allocator = failing_allocator(&f, -1);
        rnn_context_t *context = rnn_context_create(&allocator);
        rnn_context_set_int(context, RNN_CONTEXT_THREADS, 1);
        rnn_model_t *m = rnn_model_create(context);
        CHECK_OK(rnn_model_set_output(m, stem(m), "y"));
        f.fail_at = atomic_load(&f.requests) + n;
        rnn_status_t status = rnn_model_build(m);
        int done = status == RNN_OK;
        if (!done) CHECK_STATUS(status, RNN_ERROR_MEMORY);
        if (!done) CHECK_OK(rnn_model_build(m));
        CHECK_INT(rnn_model_parameters(m), 20 * 4 + 2 * 20 * (4 + 5 + 1) + 2 * 20 * (10 + 5 + 1) + 20 * 6 +
                                               6 + 9 * (10 + 3 + 2) + 9 * (3 + 3 + 2) + 3 * 7 + 3);
        rnn_model_free(m);
        rnn_context_free(context);
        CHECK_INT(atomic_load(&f.live), 0);
        CHECK_INT(atomic_load(&f.wrong), 0);
        if (done) return;
    }
    CHECK(0 && "a build needs too many requests");
}

static rnn_batch_t *try_batch(rnn_context_t *context, int64_t count)
{
    static int32_t ids[40 * 6];
    static int64_t lengths[40];
    for (int i = 0; i < 40 * 6; i++) ids[i] = i % 20;
    for (int i = 0; i < 40; i++) lengths[i] = i % 7;
    int64_t shape[2] = { count, 6 };
    rnn_batch_t *batch = rnn_batch_create(context);
    rnn_tensor_t *data = rnn_tensor_wrap(context, RNN_I32, 2, shape, NULL, ids);
    rnn_tensor_t *ends = rnn_tensor_wrap(context, RNN_I64, 1, shape, NULL, lengths);
    rnn_status_t status =
        batch && data && ends ? rnn_batch_set_input(batch, 0, data, ends) : RNN_ERROR_MEMORY;
    rnn_tensor_free(data);
    rnn_tensor_free(ends);
    if (status == RNN_OK) return batch;
    rnn_batch_free(batch);
    return NULL;
}

static int run_count(rnn_context_t *context, int64_t count)
{
    rnn_model_t *m = try_build(context, stem);
    rnn_batch_t *batch = m ? try_batch(context, count) : NULL;
    rnn_tensor_t *y = NULL;
    rnn_status_t status = batch ? rnn_model_run(m, batch, &y, 1) : RNN_ERROR_MEMORY;
    if (status != RNN_OK && (y || status != RNN_ERROR_MEMORY))
        printf("run answered %d, output %p\n", (int)status, (void *)y);
    rnn_tensor_free(y);
    rnn_batch_free(batch);
    rnn_model_free(m);
    return status == RNN_OK;
}

static int run(rnn_context_t *context) { return run_count(context, 3); }
static int run_shards(rnn_context_t *context) { return run_count(context, 40); }

TEST(running)
{
    EVERY_FAILURE(run);
}

TEST(running_several_shards)
{
    EVERY_FAILURE(run_shards);
}

static rnn_layer_t *stream(rnn_model_t *m)
{
    rnn_layer_t *h = rnn_gru(m, rnn_embedding(m, rnn_input_tokens(m, "x"), 20, 4), 6);
    rnn_layer_t *parts[2] = { rnn_last(m, h), rnn_max_pool(m, h) };
    return rnn_concat(m, parts, 2);
}

static int make_state(rnn_context_t *context)
{
    rnn_model_t *m = try_build(context, stream);
    rnn_state_t *state = m ? rnn_state_create(m) : NULL;
    float out[12];
    int made = state != NULL && rnn_state_step_token(state, 3, out) == RNN_OK;
    rnn_state_free(state);
    rnn_model_free(m);
    return made;
}

TEST(states)
{
    EVERY_FAILURE(make_state);
}

static int set_what_travels(rnn_context_t *context)
{
    static const char *const names[] = { "a", "b", "c" };
    rnn_model_t *m = try_build(context, stem);
    rnn_tensor_t *view = m ? rnn_model_weight(m, "dense.bias") : NULL;
    int done = view && rnn_model_set_classes(m, NULL, names, 3) == RNN_OK &&
               rnn_model_set_metadata(m, "key", "value") == RNN_OK &&
               rnn_model_set_metadata(m, "key", "another") == RNN_OK &&
               rnn_model_set_weight(m, "dense.bias", view) == RNN_OK;
    rnn_tensor_free(view);
    rnn_model_free(m);
    return done;
}

TEST(names_and_metadata)
{
    EVERY_FAILURE(set_what_travels);
}

static int train(rnn_context_t *context)
{
    rnn_model_t *m = try_build(context, stem);
    rnn_trainer_t *trainer = m ? rnn_trainer_create(m) : NULL;
    rnn_batch_t *batch = trainer ? try_batch(context, 40) : NULL;
    rnn_tensor_t *y = NULL, *gradient = NULL;
    int done = batch && rnn_trainer_forward(trainer, batch, NULL) == RNN_OK &&
               rnn_trainer_output(trainer, 0, &y) == RNN_OK &&
               rnn_trainer_backward_from(trainer, (const rnn_tensor_t *const[]){ y }, 1) == RNN_OK &&
               rnn_trainer_step(trainer) == RNN_OK &&
               (gradient = rnn_trainer_gradient(trainer, "dense.bias")) != NULL;
    rnn_tensor_free(gradient);
    rnn_tensor_free(y);
    rnn_batch_free(batch);
    rnn_trainer_free(trainer);
    rnn_model_free(m);
    return done;
}

TEST(training_steps)
{
    EVERY_FAILURE(train);
}

TEST_MAIN
