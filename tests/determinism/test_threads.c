/* SPDX-License-Identifier: MIT */
/* What the work is shared among does not change a bit: batches of many shards and layers wide enough for
 * whole tiles, on 1, 2, 3, 4 and 8 threads. The thread backend is the build's; both give what one thread
 * gives, which runs neither. */
#include "model/helpers.h"

enum { COUNT = 270, BATCH = 256, STEPS = 13, FEATURES = 24, CLASSES = 9, RUNS = 5 };
static const int64_t threads_of[RUNS] = { 1, 2, 3, 4, 8 };

typedef struct kind {
    const char *name;
    int64_t vocabulary; /* of its input; 0: values */
    int per_step;       /* a class at every step, else a yes or no for a sequence */
    rnn_layer_t *(*make)(rnn_model_t *m, rnn_layer_t *x);
} kind;

static rnn_layer_t *set(rnn_layer_t *layer, int32_t setting, int64_t value)
{
    CHECK_OK(rnn_layer_set_int(layer, setting, value));
    return layer;
}

static rnn_layer_t *answer(rnn_model_t *m, rnn_layer_t *h)
{
    return rnn_dense(m, rnn_last(m, h), 1, RNN_SIGMOID);
}
static rnn_layer_t *lstm(rnn_model_t *m, rnn_layer_t *x) { return answer(m, rnn_lstm(m, x, 64)); }
static rnn_layer_t *gru(rnn_model_t *m, rnn_layer_t *x) { return answer(m, rnn_gru(m, x, 70)); }
static rnn_layer_t *simple(rnn_model_t *m, rnn_layer_t *x) { return answer(m, rnn_simple_rnn(m, x, 129)); }
static rnn_layer_t *tagger(rnn_model_t *m, rnn_layer_t *x)
{
    return rnn_dense(m, set(rnn_lstm(m, x, 36), RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL), CLASSES,
                     RNN_SOFTMAX);
}
static rnn_layer_t *stacked(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *h = set(rnn_gru(m, x, 33), RNN_LAYER_LAYERS, 2);
    CHECK_OK(rnn_layer_set_float(h, RNN_LAYER_RECURRENT_DROPOUT, 0.2));
    return rnn_dense(m, rnn_dropout(m, h, 0.3), CLASSES, RNN_SOFTMAX);
}
static rnn_layer_t *folded(rnn_model_t *m, rnn_layer_t *x)
{
    return answer(m, rnn_simple_rnn(m, rnn_embedding(m, x, 60, 32), 32));
}
static rnn_layer_t *listed(rnn_model_t *m, rnn_layer_t *x)
{
    rnn_layer_t *h = rnn_lstm(m, rnn_embedding(m, x, 4000, 32), 20);
    return answer(m, set(h, RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL));
}
static rnn_layer_t *sparse(rnn_model_t *m, rnn_layer_t *x)
{
    return rnn_dense(m, rnn_lstm(m, rnn_embedding(m, x, 4000, 20), 48), CLASSES, RNN_SOFTMAX);
}

static const kind kinds[] = {
    { "lstm", 0, 0, lstm },       { "gru", 0, 0, gru },          { "simple rnn", 0, 0, simple },
    { "tagger", 0, 1, tagger },   { "stacked gru", 0, 1, stacked }, { "folded embedding", 60, 0, folded },
    { "sparse embedding", 4000, 1, sparse }, { "words of a batch", 600, 0, listed },
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- data ---- */

/* Lengths 1 to STEPS, or 0 too, in no order; `even`: all STEPS. */
static rnn_tensor_t *make_lengths(int even)
{
    int64_t lengths[COUNT];
    for (int64_t i = 0; i < COUNT; i++) lengths[i] = even ? STEPS : i % 50 == 7 ? 0 : 1 + i * 11 % STEPS;
    return help_integers(COUNT, lengths);
}

static rnn_tensor_t *make_input(const kind *k)
{
    return k->vocabulary ? help_random_ids(COUNT, STEPS, k->vocabulary, 3)
                         : help_random_tensor(RNN_F32, COUNT, STEPS, FEATURES, 3);
}

static rnn_dataset_t *make_data(rnn_context_t *context, const kind *k, int even)
{
    rnn_dataset_t *data = rnn_dataset_create(context);
    rnn_tensor_t *input = make_input(k), *lengths = make_lengths(even);
    rnn_tensor_t *target =
        k->per_step ? help_random_ids(COUNT, STEPS, CLASSES, 4) : help_tensor(RNN_F32, COUNT, 1, -1);
    for (int64_t i = 0; !k->per_step && i < COUNT; i++)
        CHECK_OK(rnn_tensor_set(target, i, (double)(i * 7 % 3 == 0)));
    CHECK_OK(rnn_dataset_add_input(data, input, lengths));
    CHECK_OK(rnn_dataset_add_target(data, target, k->per_step ? lengths : NULL));
    rnn_tensor_free(input);
    rnn_tensor_free(lengths);
    rnn_tensor_free(target);
    return data;
}

static rnn_model_t *make_model(rnn_context_t *context, const kind *k)
{
    rnn_model_t *m = rnn_model_create(context);
    rnn_layer_t *x = k->vocabulary ? rnn_input_tokens(m, "x") : rnn_input_values(m, "x", FEATURES);
    CHECK_OK(rnn_model_set_output(m, k->make(m, x), "y"));
    CHECK_OK(rnn_model_build(m));
    return m;
}

static rnn_context_t *make_context(int run)
{
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, threads_of[run]));
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_SEED, 11));
    return context;
}

/* ---- fit, then predict ---- */

/* Everything that came out, one tensor behind another: losses of the epochs, all weights, all answers. */
typedef struct outcome {
    unsigned char bytes[1 << 21];
    size_t size;
} outcome;

static void add(outcome *out, rnn_tensor_t *tensor)
{
    CHECK(tensor != NULL && rnn_tensor_is_contiguous(tensor) && isfinite(rnn_tensor_get(tensor, 0)));
    CHECK(out->size + help_bytes(tensor) <= sizeof out->bytes);
    memcpy(out->bytes + out->size, rnn_tensor_const_data(tensor), help_bytes(tensor));
    out->size += help_bytes(tensor);
    rnn_tensor_free(tensor);
}

static void fit_and_predict(const kind *k, int run, int even, outcome *out)
{
    rnn_context_t *context = make_context(run);
    rnn_model_t *model = make_model(context, k);
    rnn_dataset_t *data = make_data(context, k, even);
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    CHECK_OK(rnn_trainer_set_loss(trainer, NULL,
                                  k->per_step ? RNN_LOSS_CROSS_ENTROPY : RNN_LOSS_BINARY_CROSS_ENTROPY));
    CHECK_OK(rnn_trainer_set_optimizer(trainer, RNN_OPTIM_RMSPROP, 0.01));
    CHECK_OK(rnn_trainer_set_int(trainer, RNN_TRAIN_EPOCHS, 1));
    CHECK_OK(rnn_trainer_set_int(trainer, RNN_TRAIN_BATCH, BATCH));
    CHECK_OK(rnn_trainer_set_float(trainer, RNN_TRAIN_CLIP_NORM, 1));
    CHECK_OK(rnn_trainer_fit(trainer, data));
    out->size = 0;
    add(out, rnn_trainer_history(trainer, "loss"));
    for (int64_t i = 0; i < rnn_model_weights(model); i++)
        add(out, rnn_model_weight(model, rnn_model_weight_name(model, i)));
    rnn_tensor_t *answers = NULL;
    CHECK_OK(rnn_model_predict(model, data, NULL, &answers));
    add(out, answers);
    rnn_trainer_free(trainer);
    rnn_dataset_free(data);
    rnn_model_free(model);
    rnn_context_free(context);
}

static void check_kind(const kind *k, int even)
{
    static outcome first, other;
    fit_and_predict(k, 0, even, &first);
    for (int run = 1; run < RUNS; run++) {
        fit_and_predict(k, run, even, &other);
        CHECK_INT(first.size, other.size);
        if (memcmp(first.bytes, other.bytes, first.size) != 0)
            printf("%s, %s lengths, %d threads\n", k->name, even ? "equal" : "ragged", (int)threads_of[run]);
        CHECK_BYTES(first.bytes, other.bytes, first.size);
    }
}

TEST(ragged_batches)
{
    for (int i = 0; i < KINDS; i++) check_kind(&kinds[i], 0);
}

TEST(equal_lengths)
{
    for (int i = 0; i < KINDS; i++) check_kind(&kinds[i], 1);
}

/* ---- another number of threads between a forward and its backward ---- */

static rnn_tensor_t *gradients_of(const kind *k, int64_t before, int64_t after)
{
    rnn_context_t *context = make_context(0);
    rnn_model_t *model = make_model(context, k);
    rnn_dataset_t *data = make_data(context, k, 0);
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    rnn_batch_t *batch = NULL;
    CHECK_OK(rnn_trainer_set_loss(trainer, NULL,
                                  k->per_step ? RNN_LOSS_CROSS_ENTROPY : RNN_LOSS_BINARY_CROSS_ENTROPY));
    CHECK_OK(rnn_dataset_set_int(data, RNN_DATA_BATCH, COUNT));
    CHECK_OK(rnn_dataset_next_batch(data, &batch));
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, before));
    CHECK_OK(rnn_trainer_forward(trainer, batch, NULL));
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, after));
    CHECK_OK(rnn_trainer_backward(trainer));
    rnn_tensor_t *all = help_gradients(trainer, model, NULL);
    rnn_trainer_free(trainer);
    rnn_dataset_free(data);
    rnn_model_free(model);
    rnn_context_free(context);
    return all;
}

TEST(threads_set_on_the_way)
{
    for (int i = 0; i < KINDS; i++) {
        rnn_tensor_t *one = gradients_of(&kinds[i], 1, 1), *more = gradients_of(&kinds[i], 1, 4),
                     *fewer = gradients_of(&kinds[i], 4, 1);
        help_same(one, more);
        help_same(one, fewer);
        rnn_tensor_free(one);
        rnn_tensor_free(more);
        rnn_tensor_free(fewer);
    }
}

/* ---- one wide layer, one sequence: whole on any number of threads, which share its units, or step by step
 * ---- */

enum { WIDE = 515, WIDE_STEPS = 40 };
static rnn_layer_t *wide_lstm(rnn_model_t *m, rnn_layer_t *x) { return rnn_lstm(m, x, 300); }
static rnn_layer_t *wide_gru(rnn_model_t *m, rnn_layer_t *x) { return rnn_gru(m, x, 340); }
static rnn_layer_t *wide_rnn(rnn_model_t *m, rnn_layer_t *x) { return rnn_simple_rnn(m, x, WIDE); }
static rnn_layer_t *wide_both(rnn_model_t *m, rnn_layer_t *x)
{
    return set(set(rnn_lstm(m, x, 200), RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL), RNN_LAYER_LAYERS, 2);
}
static rnn_layer_t *wide_last(rnn_model_t *m, rnn_layer_t *x) { return rnn_last(m, wide_gru(m, x)); }
static rnn_layer_t *wide_folded(rnn_model_t *m, rnn_layer_t *x)
{
    return wide_lstm(m, rnn_embedding(m, x, 11, 32));
}

static void check_steps(rnn_model_t *model, const rnn_tensor_t *data, const float *whole)
{
    float out[WIDE];
    rnn_state_t *state = rnn_state_create(model);
    int64_t n = rnn_state_output_size(state);
    CHECK(n <= WIDE);
    for (int64_t t = 0; t < WIDE_STEPS; t++) {
        CHECK_OK(rnn_state_step(state, (const float *)rnn_tensor_const_data(data) + t * FEATURES, out));
        CHECK_BYTES(out, whole + t * n, (size_t)n * sizeof *out);
    }
    rnn_state_free(state);
}

static void check_wide(int64_t vocabulary, int steps, rnn_layer_t *(*make)(rnn_model_t *, rnn_layer_t *))
{
    const kind k = { "wide", vocabulary, 1, make };
    rnn_tensor_t *whole[RUNS], *data = vocabulary ? help_random_ids(1, WIDE_STEPS, vocabulary, 5)
                                                  : help_random_tensor(RNN_F32, 1, WIDE_STEPS, FEATURES, 5);
    for (int run = 0; run < RUNS; run++) {
        rnn_context_t *context = make_context(run);
        rnn_model_t *model = make_model(context, &k);
        rnn_batch_t *batch = help_batch(rnn_tensor_retain(data), NULL);
        whole[run] = help_run(model, batch);
        help_same(whole[0], whole[run]);
        if (steps) check_steps(model, data, rnn_tensor_const_data(whole[0]));
        rnn_batch_free(batch);
        rnn_model_free(model);
        rnn_context_free(context);
    }
    for (int run = 0; run < RUNS; run++) rnn_tensor_free(whole[run]);
    rnn_tensor_free(data);
}

TEST(one_wide_sequence)
{
    check_wide(0, 1, wide_lstm);
    check_wide(0, 1, wide_gru);
    check_wide(0, 1, wide_rnn);
    check_wide(0, 0, wide_both);
    check_wide(0, 0, wide_last);
    check_wide(11, 0, wide_folded);
}

/* ---- few sequences, two directions that read a projected table: one shard, whose scratch both directions'
 * input weights would have ---- */

static rnn_tensor_t *two_way_gradients(int run, int64_t steps)
{
    enum { WORDS = 90, EMBEDDED = 80, UNITS = 260 };
    rnn_context_t *context = make_context(run);
    rnn_model_t *model = rnn_model_create(context);
    rnn_layer_t *h = rnn_embedding(model, rnn_input_tokens(model, "x"), WORDS, EMBEDDED);
    h = set(rnn_lstm(model, h, UNITS), RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL);
    CHECK_OK(rnn_model_set_output(model, rnn_dense(model, rnn_last(model, h), 3, RNN_LINEAR), "y"));
    CHECK_OK(rnn_model_build(model));
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    rnn_batch_t *batch = help_batch(help_random_ids(2, steps, WORDS, 6), NULL);
    rnn_tensor_t *upstream = help_random_tensor(RNN_F32, 2, 3, -1, 7);
    CHECK_OK(rnn_trainer_forward(trainer, batch, NULL));
    CHECK_OK(rnn_trainer_backward_from(trainer, (const rnn_tensor_t *const[]){ upstream }, 1));
    rnn_tensor_t *gradients = help_gradients(trainer, model, NULL);
    rnn_tensor_free(upstream);
    rnn_batch_free(batch);
    rnn_trainer_free(trainer);
    rnn_model_free(model);
    rnn_context_free(context);
    return gradients;
}

TEST(two_directions_of_one_shard)
{
    rnn_tensor_t *alone = two_way_gradients(0, 100);
    for (int run = 1; run < RUNS; run++)
        for (int again = 0; again < 5; again++) {
            rnn_tensor_t *shared = two_way_gradients(run, 100);
            help_same(alone, shared);
            rnn_tensor_free(shared);
        }
    rnn_tensor_free(alone);
}

TEST_MAIN
