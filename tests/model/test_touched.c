/* SPDX-License-Identifier: MIT */
/* Gradients and updates of embeddings: only rows of a batch's words are other than 0, are cleared before the
 * next batch, and are updated where the optimizer leaves others alone; the same weights as when all rows are
 * gone through. */
#include "helpers.h"

enum { WORDS = 40, UNITS = 5, COUNT = 3, STEPS = 4 };

typedef struct {
    rnn_model_t *model;
    rnn_trainer_t *trainer;
} work;

static work make(int32_t optimizer, double decay, int64_t accumulate)
{
    work w = { rnn_model_create(NULL), NULL };
    rnn_layer_t *h = rnn_embedding(w.model, rnn_input_tokens(w.model, "x"), WORDS, UNITS);
    h = rnn_dense(w.model, rnn_last(w.model, rnn_gru(w.model, h, 6)), 1, RNN_SIGMOID);
    CHECK_OK(rnn_model_set_output(w.model, h, "y"));
    CHECK_OK(rnn_model_build(w.model));
    help_random_weights(w.model, 5, 0.5);
    w.trainer = rnn_trainer_create(w.model);
    CHECK_OK(rnn_trainer_set_loss(w.trainer, NULL, RNN_LOSS_BINARY_CROSS_ENTROPY));
    CHECK_OK(rnn_trainer_set_optimizer(w.trainer, optimizer, 0.5));
    if (decay > 0) CHECK_OK(rnn_trainer_set_float(w.trainer, RNN_OPTIM_WEIGHT_DECAY, decay));
    CHECK_OK(rnn_trainer_set_int(w.trainer, RNN_TRAIN_ACCUMULATE, accumulate));
    return w;
}

static void release(work *w)
{
    rnn_trainer_free(w->trainer);
    rnn_model_free(w->model);
}

/* Words first, first + 1 ... first + COUNT * STEPS - 1. */
static void go(work *w, int64_t first)
{
    rnn_tensor_t *ids = help_tensor(RNN_I32, COUNT, STEPS, -1), *y = help_tensor(RNN_F32, COUNT, 1, -1);
    for (int64_t i = 0; i < COUNT * STEPS; i++) CHECK_OK(rnn_tensor_set(ids, i, (double)(first + i)));
    rnn_batch_t *batch = help_batch(ids, NULL);
    CHECK_OK(rnn_batch_set_target(batch, 0, y, NULL));
    rnn_tensor_free(y);
    double loss;
    CHECK_OK(rnn_trainer_forward(w->trainer, batch, &loss));
    CHECK_OK(rnn_trainer_backward(w->trainer));
    rnn_batch_free(batch);
}

static rnn_tensor_t *table_of(const work *w)
{
    rnn_tensor_t *weight = rnn_model_weight(w->model, "embedding.weight"), *copy = help_copy(weight);
    rnn_tensor_free(weight);
    return copy;
}

static int row_is(const rnn_tensor_t *t, int64_t row, const rnn_tensor_t *other)
{
    for (int64_t j = row * UNITS; j < (row + 1) * UNITS; j++)
        if (rnn_tensor_get(t, j) != (other ? rnn_tensor_get(other, j) : 0)) return 0;
    return 1;
}

static void check_gradient(const work *w, int64_t first)
{
    rnn_tensor_t *gradient = rnn_trainer_gradient(w->trainer, "embedding.weight");
    for (int64_t v = 0; v < WORDS; v++)
        CHECK_INT(row_is(gradient, v, NULL), v < first || v >= first + COUNT * STEPS);
    rnn_tensor_free(gradient);
}

TEST(a_gradient_has_the_rows_of_its_batch)
{
    work w = make(RNN_OPTIM_SGD, 0, 1);
    for (int64_t first = 0; first <= 20; first += 10) {
        go(&w, first);
        check_gradient(&w, first);
    }
    release(&w);
}

static void check_update(int32_t optimizer)
{
    work w = make(optimizer, 0, 1);
    for (int64_t first = 0; first <= 20; first += 10) {
        rnn_tensor_t *before = table_of(&w);
        go(&w, first);
        CHECK_OK(rnn_trainer_step(w.trainer));
        rnn_tensor_t *after = table_of(&w);
        for (int64_t v = 0; v < WORDS; v++)
            CHECK_INT(row_is(after, v, before), v < first || v >= first + COUNT * STEPS);
        rnn_tensor_free(before);
        rnn_tensor_free(after);
    }
    release(&w);
}

TEST(an_update_changes_the_rows_of_its_batch)
{
    check_update(RNN_OPTIM_SGD);
    check_update(RNN_OPTIM_ADAGRAD);
}

/* Adam moves on what it has met before, and decay shrinks every row. */
TEST(others_go_through_all_rows)
{
    for (int decays = 0; decays < 2; decays++) {
        work w = make(decays ? RNN_OPTIM_SGD : RNN_OPTIM_ADAM, decays ? 0.1 : 0, 1);
        go(&w, 0);
        CHECK_OK(rnn_trainer_step(w.trainer));
        rnn_tensor_t *before = table_of(&w);
        go(&w, 20);
        CHECK_OK(rnn_trainer_step(w.trainer));
        rnn_tensor_t *after = table_of(&w);
        CHECK(!row_is(after, 0, before));
        CHECK_INT(row_is(after, WORDS - 1, before), !decays);
        rnn_tensor_free(before);
        rnn_tensor_free(after);
        release(&w);
    }
}

/* A momentum too small to show goes through all rows; the weights are those of the rows alone. */
TEST(rows_alone_give_the_same_weights)
{
    work rows = make(RNN_OPTIM_SGD, 0, 1), all = make(RNN_OPTIM_SGD, 0, 1);
    CHECK_OK(rnn_trainer_set_float(all.trainer, RNN_OPTIM_MOMENTUM, 1e-300));
    for (int64_t first = 0; first <= 25; first += 5) {
        go(&rows, first);
        go(&all, first);
        CHECK_OK(rnn_trainer_step(rows.trainer));
        CHECK_OK(rnn_trainer_step(all.trainer));
        rnn_tensor_t *a = table_of(&rows), *b = table_of(&all);
        help_same(a, b);
        rnn_tensor_free(a);
        rnn_tensor_free(b);
    }
    release(&rows);
    release(&all);
}

/* Two batches of other words make one update: all their rows move. */
TEST(accumulated_batches_keep_the_rows_of_all)
{
    work w = make(RNN_OPTIM_SGD, 0, 2);
    rnn_tensor_t *ids = help_tensor(RNN_I32, 2, 3, -1), *y = help_tensor(RNN_F32, 2, 1, -1);
    for (int64_t i = 0; i < 6; i++) CHECK_OK(rnn_tensor_set(ids, i, (double)(10 + i)));
    rnn_dataset_t *data = rnn_dataset_create(NULL);
    CHECK_OK(rnn_dataset_add_input(data, ids, NULL));
    CHECK_OK(rnn_dataset_add_target(data, y, NULL));
    CHECK_OK(rnn_trainer_set_int(w.trainer, RNN_TRAIN_EPOCHS, 1));
    CHECK_OK(rnn_trainer_set_int(w.trainer, RNN_TRAIN_BATCH, 1));
    rnn_tensor_t *before = table_of(&w);
    CHECK_OK(rnn_trainer_fit(w.trainer, data));
    rnn_tensor_t *after = table_of(&w);
    for (int64_t v = 0; v < WORDS; v++) CHECK_INT(row_is(after, v, before), v < 10 || v >= 16);
    rnn_tensor_free(before);
    rnn_tensor_free(after);
    rnn_tensor_free(ids);
    rnn_tensor_free(y);
    rnn_dataset_free(data);
    release(&w);
}

TEST_MAIN
