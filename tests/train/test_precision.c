/* SPDX-License-Identifier: MIT */
/* Training in bf16: gradients near those of float, the same bits in every split, the same way down. */
#include "model/zoo.h"
#include "train/toy.h"

enum { COUNT = 37, STEPS = 23 };

typedef struct how {
    int64_t precision, threads, recompute;
} how;

/* Gradients of all weights, one tensor behind another, after a forward and a backward on ragged sequences. */
static rnn_tensor_t *gradients(const zoo_row *row, how h)
{
    int64_t lengths[COUNT], memory;
    for (int64_t i = 0; i < COUNT; i++) lengths[i] = (i * 7 + 3) % (STEPS + 1);
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, h.threads));
    rnn_model_t *model = zoo_make(context, row);
    rnn_batch_t *batch = help_batch(zoo_data(row, COUNT, STEPS, 9), help_integers(COUNT, lengths));
    rnn_tensor_t *output = help_run(model, batch);
    rnn_tensor_t *upstream = help_upstream(output, 4);
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    CHECK_OK(rnn_trainer_set_int(trainer, RNN_TRAIN_PRECISION, h.precision));
    CHECK_OK(rnn_trainer_set_int(trainer, RNN_TRAIN_RECOMPUTE, h.recompute));
    CHECK_OK(rnn_trainer_memory(trainer, COUNT, STEPS, &memory));
    CHECK_OK(rnn_trainer_forward(trainer, batch, NULL));
    CHECK_OK(rnn_trainer_backward_from(trainer, (const rnn_tensor_t *const[]){ upstream }, 1));
    rnn_tensor_t *all = help_gradients(trainer, model, NULL);
    rnn_trainer_free(trainer);
    rnn_tensor_free(upstream);
    rnn_tensor_free(output);
    rnn_batch_free(batch);
    rnn_model_free(model);
    rnn_context_free(context);
    return all;
}

/* |a - b| / |b|. */
static double distance(const rnn_tensor_t *a, const rnn_tensor_t *b)
{
    double difference = 0, size = 0;
    for (int64_t i = 0; i < rnn_tensor_count(b); i++) {
        double x = rnn_tensor_get(a, i), y = rnn_tensor_get(b, i);
        difference += (x - y) * (x - y);
        size += y * y;
    }
    return size > 0 ? sqrt(difference / size) : sqrt(difference);
}

/* A relu or a maximum takes another branch where two numbers are as near as their roundings. */
static int branches(const char *name)
{
    static const char *const names[] = { "relu", "dense", "max", "pools", "review gru" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return 1;
    return 0;
}

/* Numbers of 8 bits are off by 2^-9 at most; over all weights gradients are off by little more. */
TEST(gradients_are_near_those_of_float)
{
    double worst = 0;
    for (int i = 0; i < ZOO_ROWS; i++) {
        rnn_tensor_t *exact = gradients(&zoo[i], (how){ RNN_PRECISION_F32, 1, 0 });
        rnn_tensor_t *rounded = gradients(&zoo[i], (how){ RNN_PRECISION_BF16, 1, 0 });
        double error = distance(rounded, exact), bound = branches(zoo[i].name) ? 0.2 : 0.01;
        if (!(error < bound)) printf("%s: %g\n", zoo[i].name, error);
        CHECK(error < bound);
        worst = branches(zoo[i].name) ? worst : fmax(worst, error);
        rnn_tensor_free(exact);
        rnn_tensor_free(rounded);
    }
    CHECK(worst > 1e-4); /* something was rounded */
    printf("largest error of a gradient without branches: %.2g\n", worst);
}

TEST(gradients_have_the_same_bits_for_any_threads_and_with_recomputed_gates)
{
    static const how ways[] = { { RNN_PRECISION_BF16, 2, 0 }, { RNN_PRECISION_BF16, 3, 0 },
                                { RNN_PRECISION_BF16, 1, RNN_RECOMPUTE_GATES },
                                { RNN_PRECISION_BF16, 1, RNN_RECOMPUTE_TIME } };
    for (int i = 0; i < ZOO_ROWS; i++) {
        rnn_tensor_t *one = gradients(&zoo[i], (how){ RNN_PRECISION_BF16, 1, 0 });
        for (size_t j = 0; j < sizeof ways / sizeof *ways; j++) {
            rnn_tensor_t *other = gradients(&zoo[i], ways[j]);
            if (memcmp(rnn_tensor_const_data(one), rnn_tensor_const_data(other), help_bytes(one)) != 0)
                printf("%s\n", zoo[i].name);
            help_same(one, other);
            rnn_tensor_free(other);
        }
        rnn_tensor_free(one);
    }
}

/* ---- runs */

enum { SAMPLES = 200, BATCH = 16, EPOCHS = 6 };

static toy_run begin(int64_t threads, int64_t precision, int64_t seed)
{
    toy_run r = { .context = toy_context(threads) };
    CHECK_OK(rnn_context_set_int(r.context, RNN_CONTEXT_SEED, seed));
    r.model = toy_built(r.context, 3, RNN_SOFTMAX, 0);
    r.data = toy_data(r.context, SAMPLES, 3);
    r.trainer = toy_trainer(r.model, RNN_LOSS_CROSS_ENTROPY, EPOCHS, BATCH);
    CHECK_OK(rnn_trainer_set_int(r.trainer, RNN_TRAIN_PRECISION, precision));
    return r;
}

static double last_loss(int64_t precision, int64_t seed)
{
    toy_run r = begin(1, precision, seed);
    CHECK_OK(rnn_trainer_fit(r.trainer, r.data));
    double loss = toy_history(r.trainer, "loss", EPOCHS - 1);
    toy_end(&r);
    return loss;
}

/* The loss in bf16 is nearer to float's than seeds are to one another. */
TEST(loss_falls_as_in_float)
{
    double low = INFINITY, high = 0, most = 0;
    for (int64_t seed = 1; seed <= 4; seed++) {
        double exact = last_loss(RNN_PRECISION_F32, seed), rounded = last_loss(RNN_PRECISION_BF16, seed);
        CHECK(exact != rounded);
        low = fmin(low, exact);
        high = fmax(high, exact);
        most = fmax(most, fabs(exact - rounded));
    }
    printf("losses in float %.4f to %.4f, bf16 at most %.4f off\n", low, high, most);
    CHECK(most < high - low);
}

static int32_t stop_at_two(const rnn_progress_t *p, void *user)
{
    (void)user;
    return p->event == RNN_EVENT_EPOCH && p->epoch == 2;
}

/* Weights and setting come back as they were: float weights, bf16 products. */
TEST(a_resumed_run_stays_in_bf16)
{
    toy_run whole = begin(2, RNN_PRECISION_BF16, 1), first = begin(1, RNN_PRECISION_BF16, 1),
            second = begin(3, RNN_PRECISION_F32, 1);
    const char *path = toy_path("checkpoint");
    int64_t precision = -1;
    CHECK_OK(rnn_trainer_fit(whole.trainer, whole.data));
    CHECK_OK(rnn_trainer_set_callback(first.trainer, stop_at_two, NULL));
    CHECK_STATUS(rnn_trainer_fit(first.trainer, first.data), RNN_STOPPED);
    CHECK_OK(rnn_trainer_save(first.trainer, path));
    CHECK_OK(rnn_trainer_resume(second.trainer, path));
    CHECK_OK(rnn_trainer_get_int(second.trainer, RNN_TRAIN_PRECISION, &precision));
    CHECK_INT(precision, RNN_PRECISION_BF16);
    CHECK_OK(rnn_trainer_fit(second.trainer, second.data));
    toy_check_same(whole.model, second.model);
    remove(path);
    toy_end(&whole);
    toy_end(&first);
    toy_end(&second);
}

/* The setting may change from update to update, and int8 is no precision to train in. */
TEST(the_setting_changes_at_any_time)
{
    toy_run a = begin(1, RNN_PRECISION_BF16, 1), b = begin(1, RNN_PRECISION_F32, 1);
    CHECK_STATUS(rnn_trainer_set_int(a.trainer, RNN_TRAIN_PRECISION, RNN_PRECISION_INT8), RNN_ERROR_RANGE);
    CHECK_OK(rnn_trainer_fit(a.trainer, a.data));
    CHECK_OK(rnn_trainer_set_int(a.trainer, RNN_TRAIN_PRECISION, RNN_PRECISION_F32));
    CHECK_OK(rnn_trainer_fit(a.trainer, a.data));
    CHECK_OK(rnn_trainer_fit(b.trainer, b.data));
    CHECK_OK(rnn_trainer_set_int(b.trainer, RNN_TRAIN_PRECISION, RNN_PRECISION_BF16));
    CHECK_OK(rnn_trainer_fit(b.trainer, b.data));
    CHECK(isfinite(toy_history(a.trainer, "loss", 2 * EPOCHS - 1)) &&
          isfinite(toy_history(b.trainer, "loss", 2 * EPOCHS - 1)));
    toy_end(&a);
    toy_end(&b);
}

TEST_MAIN
