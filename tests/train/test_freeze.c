/* SPDX-License-Identifier: MIT */
#include "model/model.h"
#include "train/toy.h"

/* Frozen layers: what is still trained gets the same gradients, and nothing else is computed. */

enum { LAYERS = 4 };
static const char *const layers[LAYERS] = { "embedding", "lstm", "gru", "dense" };

typedef struct frozen {
    rnn_context_t *context;
    rnn_model_t *model;
    rnn_trainer_t *trainer;
    rnn_dataset_t *data;
    rnn_batch_t *batch; /* of the dataset */
} frozen;

/* Few samples: the embedding is looked up; many: it is folded into the lstm. */
enum { FEW = 3, MANY = 12 };

static frozen begin(int64_t samples)
{
    frozen f = { .context = toy_context(1) };
    rnn_model_t *m = f.model = rnn_model_create(f.context);
    rnn_layer_t *h = rnn_embedding(m, rnn_input_tokens(m, "words"), TOY_WORDS, 4);
    h = rnn_gru(m, rnn_lstm(m, h, 5), 3);
    rnn_model_set_output(m, rnn_dense(m, rnn_last(m, h), 2, RNN_SOFTMAX), "answer");
    CHECK_OK(rnn_model_build(m));
    f.trainer = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, 1, 8);
    f.data = toy_data(f.context, samples, 2);
    CHECK_OK(rnn_dataset_next_batch(f.data, &f.batch));
    return f;
}

static void end(frozen *f)
{
    rnn_dataset_free(f->data);
    rnn_trainer_free(f->trainer);
    rnn_model_free(f->model);
    rnn_context_free(f->context);
}

/* Layer i is frozen when bit i of `mask` is set. */
static void freeze(frozen *f, int mask)
{
    for (int i = 0; i < LAYERS; i++)
        CHECK_OK(rnn_layer_set_int(rnn_model_layer(f->model, layers[i]), RNN_LAYER_TRAINABLE,
                                   !(mask >> i & 1)));
}

static void backward(frozen *f)
{
    CHECK_OK(rnn_trainer_forward(f->trainer, f->batch, NULL));
    CHECK_OK(rnn_trainer_backward(f->trainer));
}

static int layer_of(const char *weight)
{
    int layer = 0;
    while (strncmp(weight, layers[layer], strlen(layers[layer])) != 0) layer++;
    return layer;
}

/* All gradients of `f`, whose layers of `mask` are frozen, against those of `whole`. */
static void check_gradients(frozen *f, frozen *whole, int mask)
{
    for (int64_t i = 0; i < rnn_model_weights(f->model); i++) {
        const char *name = rnn_model_weight_name(f->model, i);
        int is_frozen = mask >> layer_of(name) & 1, any = 0;
        rnn_tensor_t *got = rnn_trainer_gradient(f->trainer, name);
        rnn_tensor_t *full = rnn_trainer_gradient(whole->trainer, name);
        for (int64_t j = 0; j < rnn_tensor_count(got); j++) {
            CHECK(rnn_tensor_get(got, j) == (is_frozen ? 0 : rnn_tensor_get(full, j)));
            any |= rnn_tensor_get(full, j) != 0;
        }
        CHECK(any);
        rnn_tensor_free(got);
        rnn_tensor_free(full);
    }
}

/* Frozen and unfrozen again on the same trainer. */
static void compare(int64_t samples)
{
    frozen whole = begin(samples), f = begin(samples);
    backward(&whole);
    for (int mask = 0; mask < 1 << LAYERS; mask++) {
        freeze(&f, mask);
        backward(&f);
        check_gradients(&f, &whole, mask);
    }
    freeze(&f, 0);
    backward(&f);
    check_gradients(&f, &whole, 0);
    end(&whole);
    end(&f);
}

TEST(gradients_of_what_is_trained_stay_the_same) { compare(FEW); }
TEST(and_where_the_embedding_is_folded) { compare(MANY); }

/* Freed between forward and backward, and looked at by others: the way back is that of the forward. */
static void free_in_between(int64_t samples)
{
    const int mask = 1 + 2 + 4;
    frozen whole = begin(samples), f = begin(samples);
    int64_t bytes;
    backward(&whole);
    freeze(&f, mask);
    CHECK_OK(rnn_trainer_forward(f.trainer, f.batch, NULL));
    freeze(&f, 0);
    CHECK_OK(rnn_trainer_memory(f.trainer, samples, 4, &bytes));
    rnn_trainer_t *other = rnn_trainer_create(f.model);
    CHECK_OK(rnn_trainer_forward(other, f.batch, NULL));
    CHECK_OK(rnn_trainer_backward(f.trainer));
    check_gradients(&f, &whole, mask);
    rnn_trainer_free(other);
    end(&whole);
    end(&f);
}

TEST(freed_between_forward_and_backward) { free_in_between(FEW); }
TEST(freed_where_the_embedding_is_folded) { free_in_between(MANY); }

/* ---- What runs ---- */

static int ran[LAYERS]; /* backward calls */
static rnni_op ops[LAYERS];
static const rnni_op *own[LAYERS];

static void count(const rnni_node *node, struct rnni_run *run)
{
    int layer = layer_of(node->name);
    ran[layer]++;
    own[layer]->backward(node, run);
}

static void check_ran(frozen *f, int mask, const char *expected)
{
    memset(ran, 0, sizeof(ran));
    freeze(f, mask);
    backward(f);
    for (int i = 0; i < LAYERS; i++) CHECK_INT(ran[i] > 0, expected[i] == '1');
}

TEST(nothing_runs_backward_below_the_lowest_trained_layer)
{
    frozen f = begin(MANY);
    for (int i = 0; i < LAYERS; i++) {
        rnni_node *node = rnn_model_layer(f.model, layers[i]);
        own[i] = node->op;
        ops[i] = *node->op;
        ops[i].backward = count;
        node->op = &ops[i];
    }
    check_ran(&f, 0, "1111");
    check_ran(&f, 1, "0111");         /* a table that is only looked up */
    check_ran(&f, 1 + 2 + 4, "0001"); /* everything but the dense layer on top */
    check_ran(&f, 1 + 2, "0011");
    check_ran(&f, 2 + 4 + 8, "1111"); /* the way down to the table */
    check_ran(&f, 1 + 2 + 4 + 8, "0000");
    end(&f);
}

TEST(a_fit_of_the_head_leaves_the_rest)
{
    frozen f = begin(MANY), before = begin(MANY);
    freeze(&f, 1 + 2 + 4);
    CHECK_OK(rnn_trainer_fit(f.trainer, f.data));
    for (int64_t i = 0; i < rnn_model_weights(f.model); i++) {
        const char *name = rnn_model_weight_name(f.model, i);
        rnn_tensor_t *now = rnn_model_weight(f.model, name), *then = rnn_model_weight(before.model, name);
        size_t size = (size_t)rnn_tensor_count(now) * sizeof(float);
        int same = memcmp(rnn_tensor_const_data(now), rnn_tensor_const_data(then), size) == 0;
        CHECK_INT(same, layer_of(name) < 3);
        rnn_tensor_free(now);
        rnn_tensor_free(then);
    }
    end(&f);
    end(&before);
}

/* Asked for, the gradient of an input goes through frozen layers. */
TEST(input_gradients_of_a_frozen_model)
{
    rnn_context_t *context = toy_context(1);
    float x[6] = { 1, -1, 0.5F, 2, 0, -2 }, up[2] = { 1, 1 }, kept[6] = { 0 };
    rnn_model_t *m = rnn_model_create(context);
    rnn_layer_t *h = rnn_dense(m, rnn_last(m, rnn_gru(m, rnn_input_values(m, "x", 1), 4)), 1, RNN_LINEAR);
    CHECK_OK(rnn_model_set_output(m, h, "y"));
    CHECK_OK(rnn_model_build(m));
    rnn_trainer_t *t = rnn_trainer_create(m);
    rnn_batch_t *batch = rnn_batch_create(context);
    rnn_tensor_t *input = toy_wrap(RNN_F32, 3, 2, 3, 1, x), *dx;
    rnn_tensor_t *upstream = toy_wrap(RNN_F32, 2, 2, 1, 0, up);
    CHECK_OK(rnn_batch_set_input(batch, 0, input, NULL));
    CHECK_OK(rnn_trainer_input_gradient(t, 0, NULL));
    for (int round = 0; round < 2; round++) {
        CHECK_OK(rnn_trainer_forward(t, batch, NULL));
        CHECK_OK(rnn_trainer_backward_from(t, (const rnn_tensor_t *const[]){ upstream }, 1));
        CHECK_OK(rnn_trainer_input_gradient(t, 0, &dx));
        if (round == 0) memcpy(kept, rnn_tensor_const_data(dx), sizeof(kept));
        CHECK(kept[0] != 0);
        CHECK_BYTES(rnn_tensor_const_data(dx), kept, sizeof(kept));
        rnn_tensor_free(dx);
        CHECK_OK(rnn_layer_set_int(h, RNN_LAYER_TRAINABLE, 0));
        CHECK_OK(rnn_layer_set_int(rnn_model_layer(m, "gru"), RNN_LAYER_TRAINABLE, 0));
    }
    rnn_tensor_free(input);
    rnn_tensor_free(upstream);
    rnn_batch_free(batch);
    rnn_trainer_free(t);
    rnn_model_free(m);
    rnn_context_free(context);
}

TEST_MAIN
