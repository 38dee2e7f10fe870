/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "train/toy.h"

/* Inputs and given gradients that recurrent layers read where the caller has them, and gradients of inputs
 * that go straight to the caller's tensor: the same bits as through packed rows, which a second reader of the
 * input and a second use of the output bring about. */

enum { BATCH = 21, STEPS = 45, FEATURES = 5, MANY_FEATURES = 700, UNITS = 48 };

typedef struct kind {
    rnn_layer_t *(*layer)(rnn_model_t *model, rnn_layer_t *x, int64_t units);
    int32_t direction, merge, layers, input_dropout;
} kind;

typedef struct run {
    rnn_model_t *model;
    rnn_trainer_t *trainer;
    rnn_tensor_t *dx;
} run;

static rnn_context_t *context; /* of the models; NULL: the default */
static int64_t features = FEATURES;

static float number(int64_t i) { return (float)((i * 7919 + 13) % 1009) / 1009 - 0.5f; }

static rnn_tensor_t *numbers(int64_t steps, int64_t width)
{
    int64_t shape[3] = { BATCH, steps, width };
    rnn_tensor_t *tensor = rnn_tensor_create(NULL, RNN_F32, 3, shape);
    for (int64_t i = 0; i < rnn_tensor_count(tensor); i++) rnn_tensor_set(tensor, i, number(i));
    return tensor;
}

/* Every third sequence is whole, the others are shorter, one is empty. Of holes: every fifth step is left out,
 * or all have the same end, five steps before the last. */
enum { NO_HOLES, HOLES, SAME_END };
static int64_t length_of(int64_t b) { return b % 3 == 0 ? STEPS : b == 4 ? 0 : 1 + b * 11 % STEPS; }
static int is_step(int ragged, int holes, int64_t b, int64_t t)
{
    return (!ragged || t < length_of(b)) && !(holes == HOLES && (b * STEPS + t) % 5 == 0) &&
           !(holes == SAME_END && t >= STEPS - 5);
}

static rnn_batch_t *make_batch(int ragged, int holes)
{
    rnn_batch_t *batch = rnn_batch_create(NULL);
    int64_t count[1] = { BATCH }, shape[2] = { BATCH, STEPS };
    rnn_tensor_t *x = numbers(STEPS, features), *lengths = rnn_tensor_create(NULL, RNN_I64, 1, count);
    rnn_tensor_t *mask = rnn_tensor_create(NULL, RNN_BOOL, 2, shape);
    for (int64_t b = 0; b < BATCH; b++) rnn_tensor_set(lengths, b, (double)length_of(b));
    for (int64_t i = 0; i < BATCH * STEPS; i++)
        rnn_tensor_set(mask, i, is_step(0, holes, i / STEPS, i % STEPS));
    CHECK_OK(rnn_batch_set_input(batch, 0, x, ragged ? lengths : NULL));
    if (holes) CHECK_OK(rnn_batch_set_mask(batch, 0, mask));
    rnn_tensor_free(x);
    rnn_tensor_free(lengths);
    rnn_tensor_free(mask);
    return batch;
}

/* x -> layer -> y; packed: y is an output twice, and a pool reads x. */
static run make(const kind *k, int packed)
{
    run r = { .model = rnn_model_create(context) };
    rnn_layer_t *x = rnn_input_values(r.model, "x", features), *h = k->layer(r.model, x, UNITS);
    rnn_layer_set_int(h, RNN_LAYER_DIRECTION, k->direction);
    rnn_layer_set_int(h, RNN_LAYER_LAYERS, k->layers);
    if (k->direction == RNN_BIDIRECTIONAL) rnn_layer_set_int(h, RNN_LAYER_MERGE, k->merge);
    if (k->input_dropout) rnn_layer_set_float(h, RNN_LAYER_DROPOUT, 0.25);
    rnn_model_set_output(r.model, h, "y");
    if (packed) rnn_model_set_output(r.model, rnn_mean_pool(r.model, x), "mean");
    CHECK_OK(rnn_model_build(r.model));
    CHECK(r.trainer = rnn_trainer_create(r.model));
    CHECK_OK(rnn_trainer_input_gradient(r.trainer, 0, NULL));
    return r;
}

/* Packed, the gradient comes as a tensor that is not contiguous, which is copied. */
static void go(run *r, const rnn_batch_t *batch, int packed)
{
    int64_t width = rnn_model_output_features(r->model, 0);
    rnn_tensor_t *given = numbers(STEPS, width), *turned = rnn_tensor_transpose(given, 1, 2);
    int64_t shape[3] = { BATCH, width, STEPS };
    rnn_tensor_t *other = rnn_tensor_create(NULL, RNN_F32, 3, shape);
    CHECK_OK(rnn_tensor_copy(other, turned));
    rnn_tensor_t *strided = rnn_tensor_transpose(other, 1, 2);
    CHECK_OK(rnn_trainer_forward(r->trainer, batch, NULL));
    CHECK_OK(
        rnn_trainer_backward_from(r->trainer, (const rnn_tensor_t *const[]){ packed ? strided : given }, 1));
    CHECK_OK(rnn_trainer_input_gradient(r->trainer, 0, &r->dx));
    rnn_tensor_free(given);
    rnn_tensor_free(turned);
    rnn_tensor_free(other);
    rnn_tensor_free(strided);
}

static void same(const rnn_tensor_t *a, const rnn_tensor_t *b, const char *what)
{
    double size = 0;
    CHECK_INT(rnn_tensor_count(a), rnn_tensor_count(b));
    for (int64_t i = 0; i < rnn_tensor_count(a); i++) {
        size += fabs(rnn_tensor_get(a, i));
        if (rnn_tensor_get(a, i) == rnn_tensor_get(b, i)) continue;
        fprintf(stderr, "%s: number %lld\n", what, (long long)i);
        CHECK_NEAR(rnn_tensor_get(a, i), rnn_tensor_get(b, i), 0);
        return;
    }
    CHECK(size > 0);
}

static void end(run *r)
{
    rnn_tensor_free(r->dx);
    rnn_trainer_free(r->trainer);
    rnn_model_free(r->model);
}

static void compare(const kind *k, const rnn_batch_t *batch)
{
    run direct = make(k, 0), packed = make(k, 1);
    go(&direct, batch, 0);
    go(&packed, batch, 1);
    same(direct.dx, packed.dx, "input");
    for (int64_t i = 0; i < rnn_model_weights(direct.model); i++) {
        const char *name = rnn_model_weight_name(direct.model, i);
        rnn_tensor_t *a = rnn_trainer_gradient(direct.trainer, name),
                     *b = rnn_trainer_gradient(packed.trainer, name);
        same(a, b, name);
        rnn_tensor_free(a);
        rnn_tensor_free(b);
    }
    rnn_tensor_t *again = NULL, *y[2] = { NULL, NULL };
    CHECK_OK(rnn_trainer_input_gradient(direct.trainer, 0, &again));
    same(direct.dx, again, "input asked for again");
    CHECK_OK(rnn_trainer_output(direct.trainer, 0, &y[0]));
    CHECK_OK(rnn_trainer_output(packed.trainer, 0, &y[1]));
    same(y[0], y[1], "output");
    rnn_tensor_free(again);
    rnn_tensor_free(y[0]);
    rnn_tensor_free(y[1]);
    end(&direct);
    end(&packed);
}

static void compare_all(int ragged, int holes)
{
    const kind kinds[] = { { rnn_simple_rnn, RNN_FORWARD, 0, 1, 0 }, { rnn_lstm, RNN_FORWARD, 0, 1, 0 },
                           { rnn_gru, RNN_REVERSE, 0, 1, 0 }, { rnn_lstm, RNN_FORWARD, 0, 2, 1 },
                           { rnn_gru, RNN_BIDIRECTIONAL, RNN_MERGE_CONCAT, 1, 0 },
                           { rnn_simple_rnn, RNN_BIDIRECTIONAL, RNN_MERGE_SUM, 1, 0 } };
    rnn_batch_t *batch = make_batch(ragged, holes);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) compare(&kinds[i], batch);
    rnn_batch_free(batch);
}

TEST(equal_lengths) { compare_all(0, 0); }
TEST(ragged_lengths) { compare_all(1, 0); }
TEST(masked_steps) { compare_all(0, 1); }

/* Weights too large to go through once for each sequence. */
TEST(large_weights)
{
    const kind kinds[] = { { rnn_lstm, RNN_FORWARD, 0, 1, 0 }, { rnn_lstm, RNN_REVERSE, 0, 2, 0 } };
    features = MANY_FEATURES;
    for (int ragged = 0; ragged < 2; ragged++) {
        rnn_batch_t *batch = make_batch(ragged, 0);
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) compare(&kinds[i], batch);
        rnn_batch_free(batch);
    }
    features = FEATURES;
}

static void check_rest(const rnn_tensor_t *tensor, int64_t width, int ragged, int holes)
{
    double size = 0;
    for (int64_t i = 0; i < rnn_tensor_count(tensor); i++) {
        double got = rnn_tensor_get(tensor, i);
        if (is_step(ragged, holes, i / width / STEPS, i / width % STEPS)) size += fabs(got);
        else CHECK_NEAR(got, 0, 0);
    }
    CHECK(size > 1e-6);
}

/* Padding and masked steps have outputs and gradients of zero, whatever the memory held before. */
TEST(rest_is_zero)
{
    const kind kinds[] = { { rnn_simple_rnn, RNN_FORWARD, 0, 1, 0 },
                           { rnn_gru, RNN_BIDIRECTIONAL, RNN_MERGE_CONCAT, 1, 0 } };
    failing f = { 0 };
    rnn_allocator_t allocator = failing_allocator(&f, -1); /* hands out memory that is not zero */
    CHECK(context = rnn_context_create(&allocator));
    for (int i = 0; i < 12; i++) {
        int ragged = i & 1, holes = i / 2 % 3;
        rnn_batch_t *batch = make_batch(ragged, holes);
        run r = make(&kinds[i / 6], 0);
        int64_t width = rnn_model_output_features(r.model, 0);
        rnn_tensor_t *y = NULL, *alone = NULL;
        go(&r, batch, 0);
        CHECK_OK(rnn_trainer_output(r.trainer, 0, &y));
        CHECK_OK(rnn_model_run(r.model, batch, &alone, 1));
        check_rest(r.dx, FEATURES, ragged, holes);
        check_rest(y, width, ragged, holes);
        check_rest(alone, width, ragged, holes);
        rnn_tensor_free(y);
        rnn_tensor_free(alone);
        rnn_batch_free(batch);
        end(&r);
    }
    rnn_context_free(context);
    context = NULL;
}

/* An output whose gradient is NULL, or that has no targets, gives nothing back, whatever its memory held. */
TEST(nothing_flows_back_from_an_output)
{
    failing f = { 0 };
    rnn_allocator_t allocator = failing_allocator(&f, -1);
    rnn_context_t *dirty = rnn_context_create(&allocator);
    rnn_model_t *model = rnn_model_create(dirty);
    rnn_layer_t *x = rnn_input_values(model, "x", FEATURES);
    rnn_model_set_output(model, rnn_gru(model, x, 3), "y");
    rnn_model_set_output(model, rnn_lstm(model, x, 3), "z");
    CHECK_OK(rnn_model_build(model));
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    rnn_batch_t *batch = make_batch(0, 0);
    rnn_tensor_t *dy = numbers(STEPS, 3);
    for (int with_loss = 0; with_loss < 2; with_loss++) {
        if (with_loss) {
            CHECK_OK(rnn_trainer_set_loss(trainer, "y", RNN_LOSS_MSE));
            CHECK_OK(rnn_batch_set_target(batch, 0, dy, NULL));
        }
        CHECK_OK(rnn_trainer_forward(trainer, batch, NULL));
        if (with_loss) CHECK_OK(rnn_trainer_backward(trainer));
        else CHECK_OK(rnn_trainer_backward_from(trainer, (const rnn_tensor_t *const[]){ dy, NULL }, 2));
        rnn_tensor_t *of_y = rnn_trainer_gradient(trainer, "gru.weight_ih_l0"),
                     *of_z = rnn_trainer_gradient(trainer, "lstm.weight_ih_l0");
        CHECK(rnn_tensor_get(of_y, 0) != 0);
        for (int64_t i = 0; i < rnn_tensor_count(of_z); i++) CHECK_NEAR(rnn_tensor_get(of_z, i), 0, 0);
        rnn_tensor_free(of_y);
        rnn_tensor_free(of_z);
    }
    rnn_tensor_free(dy);
    rnn_batch_free(batch);
    rnn_trainer_free(trainer);
    rnn_model_free(model);
    rnn_context_free(dirty);
}

/* Of a layer that is two outputs, gradients given to both are added up. */
TEST(gradients_of_two_outputs)
{
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_gru(model, rnn_input_values(model, "x", FEATURES), 7);
    rnn_model_set_output(model, h, "y");
    rnn_model_set_output(model, h, "z");
    CHECK_OK(rnn_model_build(model));
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    rnn_batch_t *batch = make_batch(1, NO_HOLES);
    rnn_tensor_t *a = numbers(STEPS, 7), *b = numbers(STEPS, 7);
    double of[3][3 * 7 * FEATURES];
    for (int64_t i = 0; i < rnn_tensor_count(b); i++) rnn_tensor_set(b, i, number(5 * i + 3));
    for (int i = 0; i < 3; i++) {
        const rnn_tensor_t *const upstream[] = { i == 1 ? NULL : a, i == 0 ? NULL : b };
        CHECK_OK(rnn_trainer_forward(trainer, batch, NULL));
        CHECK_OK(rnn_trainer_backward_from(trainer, upstream, 2));
        rnn_tensor_t *dw = rnn_trainer_gradient(trainer, "gru.weight_ih_l0");
        CHECK_INT(rnn_tensor_count(dw), 3 * 7 * FEATURES);
        for (int64_t k = 0; k < rnn_tensor_count(dw); k++) of[i][k] = rnn_tensor_get(dw, k);
        rnn_tensor_free(dw);
    }
    for (int k = 0; k < 3 * 7 * FEATURES; k++) CHECK_NEAR(of[2][k], of[0][k] + of[1][k], 1e-4);
    rnn_tensor_free(a);
    rnn_tensor_free(b);
    rnn_batch_free(batch);
    rnn_trainer_free(trainer);
    rnn_model_free(model);
}

/* A tensor that was given out is not touched by what comes later. */
TEST(gradients_stay)
{
    kind k = { rnn_lstm, RNN_FORWARD, 0, 1, 0 };
    run r = make(&k, 0);
    rnn_batch_t *whole = make_batch(0, 0), *ragged = make_batch(1, 0);
    go(&r, whole, 0);
    rnn_tensor_t *first = r.dx, *copy = numbers(STEPS, FEATURES);
    CHECK_OK(rnn_tensor_copy(copy, first));
    go(&r, ragged, 0);
    same(first, copy, "the first gradient");
    CHECK(rnn_tensor_data(first) != rnn_tensor_data(r.dx));
    rnn_tensor_free(first);
    rnn_tensor_free(copy);
    rnn_batch_free(whole);
    rnn_batch_free(ragged);
    end(&r);
}

TEST_MAIN
