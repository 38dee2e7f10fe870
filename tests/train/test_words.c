/* SPDX-License-Identifier: MIT */
#include "model/helpers.h"

/* Embeddings that are projected for the words of a batch: the same outputs, bit for bit, as where every
 * step's row is multiplied, which a second reader of the embedding brings about, and the same gradients but
 * for rounding; words that do not occur have none, whatever batch came before. */

enum { VOCABULARY = 900, FEATURES = 20, UNITS = 18, BATCH = 40, STEPS = 23 };

typedef struct kind {
    rnn_layer_t *(*layer)(rnn_model_t *model, rnn_layer_t *x, int64_t units);
    int32_t direction, layers;
    int64_t mask_id;
    int tied; /* a head has the embedding's table, so that others add to its gradient */
} kind;

static const kind kinds[] = {
    { rnn_simple_rnn, RNN_FORWARD, 1, -1, 0 }, { rnn_lstm, RNN_FORWARD, 1, -1, 0 },
    { rnn_gru, RNN_REVERSE, 1, 9, 0 },         { rnn_lstm, RNN_BIDIRECTIONAL, 2, -1, 0 },
    { rnn_gru, RNN_BIDIRECTIONAL, 1, 9, 0 },   { rnn_lstm, RNN_FORWARD, 1, -1, 1 },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

typedef struct run {
    rnn_model_t *model;
    rnn_trainer_t *trainer;
} run;

static run make(const kind *k, int looked_up)
{
    run r = { .model = rnn_model_create(NULL) };
    rnn_layer_t *x = rnn_embedding(r.model, rnn_input_tokens(r.model, "x"), VOCABULARY, FEATURES),
                *h = k->layer(r.model, x, k->tied ? FEATURES : UNITS);
    rnn_layer_set_int(x, RNN_LAYER_MASK_ID, k->mask_id);
    rnn_layer_set_int(h, RNN_LAYER_DIRECTION, k->direction);
    rnn_layer_set_int(h, RNN_LAYER_LAYERS, k->layers);
    if (k->tied) {
        h = rnn_dense(r.model, rnn_last(r.model, h), VOCABULARY, RNN_LINEAR);
        CHECK_OK(rnn_layer_tie(h, x));
    }
    CHECK_OK(rnn_model_set_output(r.model, h, "y"));
    if (looked_up) CHECK_OK(rnn_model_set_output(r.model, rnn_mean_pool(r.model, x), "mean"));
    CHECK_OK(rnn_model_build(r.model));
    help_random_weights(r.model, 77, 0.4);
    r.trainer = rnn_trainer_create(r.model);
    CHECK(r.trainer != NULL);
    CHECK_OK(rnn_trainer_set_optimizer(r.trainer, RNN_OPTIM_SGD, 0.5));
    return r;
}

static void end(run *r)
{
    rnn_trainer_free(r->trainer);
    rnn_model_free(r->model);
}

/* Every third word from `first` on, `words` different ones, in sequences of 1 to STEPS steps. */
static rnn_batch_t *make_sized_batch(int64_t count, int64_t words, int64_t first)
{
    rnn_tensor_t *ids = help_random_ids(count, STEPS, words, 5),
                 *lengths = help_tensor(RNN_I64, count, -1, -1);
    for (int64_t i = 0; i < rnn_tensor_count(ids); i++)
        CHECK_OK(rnn_tensor_set(ids, i, (double)first + 3 * rnn_tensor_get(ids, i)));
    for (int64_t i = 0; i < count; i++)
        CHECK_OK(rnn_tensor_set(lengths, i, (double)(i % 3 ? STEPS : 1 + i * 7 % STEPS)));
    return help_batch(ids, lengths);
}

static rnn_batch_t *make_batch(int64_t words, int64_t first) { return make_sized_batch(BATCH, words, first); }

/* Forward and back, from one gradient of the output for all. */
static void go(run *r, const rnn_batch_t *batch)
{
    rnn_tensor_t *y = NULL;
    CHECK_OK(rnn_trainer_forward(r->trainer, batch, NULL));
    CHECK_OK(rnn_trainer_output(r->trainer, 0, &y));
    rnn_tensor_t *given = help_upstream(y, 3);
    CHECK_OK(rnn_trainer_backward_from(r->trainer, (const rnn_tensor_t *const[]){ given }, 1));
    rnn_tensor_free(given);
    rnn_tensor_free(y);
}

static void check_outputs(run *a, run *b)
{
    rnn_tensor_t *y[2] = { NULL, NULL };
    CHECK_OK(rnn_trainer_output(a->trainer, 0, &y[0]));
    CHECK_OK(rnn_trainer_output(b->trainer, 0, &y[1]));
    help_same(y[0], y[1]);
    rnn_tensor_free(y[0]);
    rnn_tensor_free(y[1]);
}

static void check_gradients(run *a, run *b, double tolerance)
{
    for (int64_t i = 0; i < rnn_model_weights(a->model); i++) {
        const char *name = rnn_model_weight_name(a->model, i);
        rnn_tensor_t *left = rnn_trainer_gradient(a->trainer, name),
                     *right = rnn_trainer_gradient(b->trainer, name);
        double size = 0;
        for (int64_t j = 0; j < rnn_tensor_count(left); j++)
            size = fmax(size, fabs(rnn_tensor_get(right, j)));
        CHECK(size > 0);
        for (int64_t j = 0; j < rnn_tensor_count(left); j++)
            CHECK_NEAR(rnn_tensor_get(left, j), rnn_tensor_get(right, j),
                       tolerance * size);
        rnn_tensor_free(left);
        rnn_tensor_free(right);
    }
}

static void compare(const kind *k, int64_t words)
{
    run projected = make(k, 0), looked_up = make(k, 1);
    rnn_batch_t *batch = make_batch(words, 0);
    go(&projected, batch);
    go(&looked_up, batch);
    check_outputs(&projected, &looked_up);
    check_gradients(&projected, &looked_up, 2e-5);
    rnn_batch_free(batch);
    end(&projected);
    end(&looked_up);
}

/* Few of the vocabulary's words, more than are worked on together, and so many that nothing is projected. */
TEST(as_where_every_row_is_multiplied)
{
    for (int i = 0; i < KINDS; i++) {
        compare(&kinds[i], 12);
        compare(&kinds[i], 280);
        compare(&kinds[i], VOCABULARY / 3);
    }
}

TEST(words_of_the_batch_before_are_forgotten)
{
    for (int i = 0; i < KINDS; i++) {
        run fresh = make(&kinds[i], 0), used = make(&kinds[i], 0);
        rnn_batch_t *before = make_batch(200, 1), *batch = make_batch(30, 0);
        go(&used, before);
        go(&used, batch);
        go(&fresh, batch);
        check_outputs(&fresh, &used);
        check_gradients(&fresh, &used, 0);
        rnn_batch_free(before);
        rnn_batch_free(batch);
        end(&fresh);
        end(&used);
    }
}

/* Nothing projected; a list; the whole vocabulary; and an embedding that is frozen for one batch: each after
 * each other, the gradients are those of a trainer that has seen nothing else. */
TEST(whatever_came_before)
{
    enum { BATCHES = 4, MANY = 130 };
    rnn_batch_t *batches[BATCHES] = { make_batch(VOCABULARY / 3, 0), make_batch(90, 1),
                                      make_sized_batch(MANY, VOCABULARY / 3, 2), make_batch(40, 2) };
    for (int i = 0; i < KINDS; i++)
        for (int before = 0; before < BATCHES; before++)
            for (int now = 0; now < BATCHES; now++) {
                run fresh = make(&kinds[i], 0), used = make(&kinds[i], 0);
                rnn_layer_t *embedding = rnn_model_layer(used.model, "embedding");
                go(&used, batches[before]);
                if ((before + now) % 2 == 0) {
                    CHECK_OK(rnn_layer_set_int(embedding, RNN_LAYER_TRAINABLE, 0));
                    go(&used, batches[(now + 1) % BATCHES]);
                    CHECK_OK(rnn_layer_set_int(embedding, RNN_LAYER_TRAINABLE, 1));
                }
                go(&used, batches[now]);
                go(&fresh, batches[now]);
                check_gradients(&fresh, &used, 0);
                end(&fresh);
                end(&used);
            }
    for (int i = 0; i < BATCHES; i++) rnn_batch_free(batches[i]);
}

/* Frozen as the batch goes forward, and free again before it goes back: rows of the batch before do not
 * stay. */
TEST(frozen_on_the_way_forward)
{
    rnn_batch_t *before = make_batch(90, 0), *now = make_batch(40, 0);
    for (int i = 0; i < KINDS; i++) {
        if (kinds[i].tied) continue; /* the head's gradient is there */
        run r = make(&kinds[i], 0);
        rnn_layer_t *embedding = rnn_model_layer(r.model, "embedding");
        rnn_tensor_t *y = NULL;
        go(&r, before);
        CHECK_OK(rnn_layer_set_int(embedding, RNN_LAYER_TRAINABLE, 0));
        CHECK_OK(rnn_trainer_forward(r.trainer, now, NULL));
        CHECK_OK(rnn_layer_set_int(embedding, RNN_LAYER_TRAINABLE, 1));
        CHECK_OK(rnn_trainer_output(r.trainer, 0, &y));
        rnn_tensor_t *given = help_upstream(y, 3);
        CHECK_OK(rnn_trainer_backward_from(r.trainer, (const rnn_tensor_t *const[]){ given }, 1));
        rnn_tensor_t *gradient = rnn_trainer_gradient(r.trainer, "embedding.weight");
        for (int64_t j = 0; j < rnn_tensor_count(gradient); j++) CHECK(rnn_tensor_get(gradient, j) == 0);
        rnn_tensor_free(gradient);
        rnn_tensor_free(given);
        rnn_tensor_free(y);
        end(&r);
    }
    rnn_batch_free(before);
    rnn_batch_free(now);
}

static rnn_tensor_t *table_of(const run *r)
{
    rnn_tensor_t *view = rnn_model_weight(r->model, "embedding.weight"), *copy = help_copy(view);
    rnn_tensor_free(view);
    return copy;
}

TEST(words_that_do_not_occur_stay)
{
    run r = make(&kinds[1], 0);
    rnn_batch_t *batch = make_batch(30, 0);
    rnn_tensor_t *before = table_of(&r);
    for (int step = 0; step < 3; step++) {
        go(&r, batch);
        CHECK_OK(rnn_trainer_step(r.trainer));
    }
    rnn_tensor_t *after = table_of(&r);
    for (int64_t word = 0; word < VOCABULARY; word++) {
        double moved = 0;
        for (int64_t j = word * FEATURES; j < (word + 1) * FEATURES; j++)
            moved += fabs(rnn_tensor_get(after, j) - rnn_tensor_get(before, j));
        CHECK((moved > 0) == (word % 3 == 0 && word < 90));
    }
    rnn_tensor_free(before);
    rnn_tensor_free(after);
    rnn_batch_free(batch);
    end(&r);
}

/* Rows of batches without gradients, in the order of their lengths, and alone. */
TEST(outputs_of_a_run)
{
    for (int i = 0; i < KINDS; i++) {
        run projected = make(&kinds[i], 0), looked_up = make(&kinds[i], 1);
        rnn_batch_t *batch = make_batch(100, 2);
        rnn_tensor_t *y[2], *own = help_run(projected.model, batch);
        CHECK_OK(rnn_model_run(looked_up.model, batch, y, 2));
        help_same(own, y[0]);
        rnn_tensor_free(own);
        rnn_tensor_free(y[0]);
        rnn_tensor_free(y[1]);
        rnn_batch_free(batch);
        end(&projected);
        end(&looked_up);
    }
}

/* Who asks for memory gets it: gates and states are computed again, and nothing is projected. */
TEST(not_where_parts_are_computed_again)
{
    int64_t bytes[RNN_RECOMPUTE_TIME + 1];
    rnn_batch_t *batch = make_batch(30, 0);
    run r[RNN_RECOMPUTE_TIME + 1];
    for (int how = RNN_RECOMPUTE_NONE; how <= RNN_RECOMPUTE_TIME; how++) {
        r[how] = make(&kinds[1], 0);
        CHECK_OK(rnn_trainer_set_int(r[how].trainer, RNN_TRAIN_RECOMPUTE, how));
        CHECK_OK(rnn_trainer_memory(r[how].trainer, 2, 800, &bytes[how]));
        go(&r[how], batch);
        check_outputs(&r[RNN_RECOMPUTE_NONE], &r[how]);
        check_gradients(&r[RNN_RECOMPUTE_NONE], &r[how], 2e-5);
    }
    CHECK(bytes[RNN_RECOMPUTE_GATES] < bytes[RNN_RECOMPUTE_NONE]);
    CHECK(bytes[RNN_RECOMPUTE_TIME] < bytes[RNN_RECOMPUTE_NONE]);
    check_gradients(&r[RNN_RECOMPUTE_GATES], &r[RNN_RECOMPUTE_TIME], 0);
    for (int how = RNN_RECOMPUTE_NONE; how <= RNN_RECOMPUTE_TIME; how++) end(&r[how]);
    rnn_batch_free(batch);
}

/* In bf16 the products of few rows need less scratch than those of the words, which are in float. */
TEST(scratch_of_bf16)
{
    enum { WORDS = 256, ROWS = 600 };
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_embedding(model, rnn_input_tokens(model, "x"), WORDS, 512);
    CHECK_OK(rnn_model_set_output(model, rnn_last(model, rnn_lstm(model, x, 16)), "y"));
    CHECK_OK(rnn_model_build(model));
    run r = { model, rnn_trainer_create(model) };
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_PRECISION, RNN_PRECISION_BF16));
    rnn_tensor_t *ids = help_tensor(RNN_I32, ROWS, 1, -1);
    for (int64_t i = 0; i < ROWS; i++) CHECK_OK(rnn_tensor_set(ids, i, (double)(i % WORDS)));
    rnn_batch_t *batch = help_batch(ids, NULL);
    go(&r, batch);
    rnn_tensor_t *gradient = rnn_trainer_gradient(r.trainer, "embedding.weight");
    CHECK(gradient && rnn_tensor_get(gradient, 0) != 0);
    rnn_tensor_free(gradient);
    rnn_batch_free(batch);
    end(&r);
}

TEST_MAIN
