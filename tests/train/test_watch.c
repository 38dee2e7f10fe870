/* SPDX-License-Identifier: MIT */
#include "train/toy.h"
#include "train/trainer.h"

/* Early stopping and best weights, on figures that the test makes up. */

typedef struct watching {
    rnn_context_t *context;
    rnn_model_t *model;
    rnn_trainer_t *trainer;
} watching;

static watching begin(int32_t loss)
{
    watching w = { .context = toy_context(1) };
    w.model = toy_built(w.context, 2, RNN_LINEAR, 0);
    w.trainer = toy_trainer(w.model, loss, 1, 8);
    return w;
}

static void end(watching *w)
{
    rnn_trainer_free(w->trainer);
    rnn_model_free(w->model);
    rnn_context_free(w->context);
}

static int32_t show(watching *w, double val_loss, double val_accuracy)
{
    rnni_epoch epoch = { 9, 0, val_loss, val_accuracy, 0, 0 };
    return rnni_watch_epoch(w->trainer, &epoch, true);
}

TEST(higher_accuracy_is_better_then_lower_loss_then_earlier)
{
    watching w = begin(RNN_LOSS_CROSS_ENTROPY);
    CHECK_INT(show(&w, 1.0, 0.5), 1);
    CHECK_INT(show(&w, 0.1, 0.4), 0);
    CHECK_INT(show(&w, 1.0, 0.5), 0);
    CHECK_INT(show(&w, 0.9, 0.5), 1);
    CHECK_INT(show(&w, 3.0, 0.6), 1);
    end(&w);
}

TEST(loss_is_monitored_where_nothing_is_classified)
{
    watching w = begin(RNN_LOSS_MSE);
    CHECK_INT(show(&w, 1.0, NAN), 1);
    CHECK_INT(show(&w, 1.1, NAN), 0);
    CHECK_INT(show(&w, 0.9, NAN), 1);
    end(&w);
}

TEST(loss_is_monitored_when_asked)
{
    watching w = begin(RNN_LOSS_CROSS_ENTROPY);
    CHECK_OK(rnn_trainer_set_int(w.trainer, RNN_TRAIN_MONITOR, 1));
    CHECK_INT(show(&w, 1.0, 0.5), 1);
    CHECK_INT(show(&w, 0.9, 0.1), 1);
    end(&w);
}

TEST(nan_is_never_better)
{
    watching w = begin(RNN_LOSS_MSE);
    CHECK_INT(show(&w, NAN, NAN), 1); /* the first is the best so far */
    CHECK_INT(show(&w, 5, NAN), 1);
    CHECK_INT(show(&w, NAN, NAN), 0);
    CHECK_INT(show(&w, 4, NAN), 1);
    end(&w);
}

TEST(patience_counts_epochs_without_improvement)
{
    watching w = begin(RNN_LOSS_MSE);
    CHECK_OK(rnn_trainer_set_int(w.trainer, RNN_TRAIN_PATIENCE, 2));
    show(&w, 1.0, NAN);
    show(&w, 1.1, NAN);
    CHECK(!rnni_watch_is_over(w.trainer));
    show(&w, 0.9, NAN);
    show(&w, 0.9, NAN);
    CHECK(!rnni_watch_is_over(w.trainer));
    show(&w, 0.9, NAN);
    CHECK(rnni_watch_is_over(w.trainer));
    end(&w);
}

/* Steps of 0.1 with a min_delta of 0.15: every second one counts, as each is compared with the last that
 * counted. */
TEST(min_delta_has_to_be_surpassed)
{
    watching w = begin(RNN_LOSS_MSE);
    CHECK_OK(rnn_trainer_set_int(w.trainer, RNN_TRAIN_PATIENCE, 2));
    CHECK_OK(rnn_trainer_set_float(w.trainer, RNN_TRAIN_MIN_DELTA, 0.15));
    for (int i = 0; i < 8; i++) {
        CHECK_INT(show(&w, 2.0 - 0.1 * i, NAN), 1);
        CHECK(!rnni_watch_is_over(w.trainer));
    }
    show(&w, 1.29, NAN);
    show(&w, 1.28, NAN);
    CHECK(rnni_watch_is_over(w.trainer));
    end(&w);
}

TEST(without_patience_it_is_never_over)
{
    watching w = begin(RNN_LOSS_MSE);
    for (int i = 0; i < 10; i++) show(&w, 1 + i, NAN);
    CHECK(!rnni_watch_is_over(w.trainer));
    end(&w);
}

/* ---- In a fit ---- */

typedef struct best {
    rnn_trainer_t *trainer;
    rnn_model_t *model;
    int64_t epoch;
    float *weights; /* of "dense.weight" at the best epoch */
} best;

static int32_t keep_best(const rnn_progress_t *p, void *user)
{
    best *b = user;
    if (p->event == RNN_EVENT_EPOCH && p->epoch >= 3)
        CHECK_OK(rnn_trainer_set_float(b->trainer, RNN_OPTIM_LEARNING_RATE, p->epoch == 3 ? 1000 : 0));
    if (p->event != RNN_EVENT_EPOCH || !p->improved) return 0;
    rnn_tensor_t *weight = rnn_model_weight(b->model, "dense.weight");
    memcpy(b->weights, rnn_tensor_const_data(weight), 16 * sizeof(float));
    rnn_tensor_free(weight);
    b->epoch = p->epoch;
    return 0;
}

/* The rate of the fourth epoch spoils the weights, and then they stay spoilt. */
static void fit_with(int64_t restore, int64_t patience, int expect_best)
{
    float kept[16];
    watching w = begin(RNN_LOSS_CROSS_ENTROPY);
    best b = { w.trainer, w.model, 0, kept };
    rnn_dataset_t *data = toy_data(w.context, 60, 2);
    CHECK_OK(rnn_trainer_set_optimizer(w.trainer, RNN_OPTIM_SGD, 0.05));
    CHECK_OK(rnn_trainer_set_int(w.trainer, RNN_TRAIN_MONITOR, 1));
    CHECK_OK(rnn_trainer_set_int(w.trainer, RNN_TRAIN_EPOCHS, 6));
    CHECK_OK(rnn_trainer_set_int(w.trainer, RNN_TRAIN_PATIENCE, patience));
    CHECK_OK(rnn_trainer_set_int(w.trainer, RNN_TRAIN_RESTORE_BEST, restore));
    CHECK_OK(rnn_trainer_set_float(w.trainer, RNN_TRAIN_VALIDATION_SPLIT, 0.25));
    CHECK_OK(rnn_trainer_set_callback(w.trainer, keep_best, &b));
    CHECK_OK(rnn_trainer_fit(w.trainer, data));
    CHECK(b.epoch >= 1 && b.epoch <= 3);
    if (patience) CHECK(rnn_trainer_epochs(w.trainer) < 6);
    rnn_tensor_t *weight = rnn_model_weight(w.model, "dense.weight");
    CHECK_INT(memcmp(rnn_tensor_const_data(weight), kept, sizeof(kept)) == 0, expect_best);
    rnn_tensor_free(weight);
    rnn_dataset_free(data);
    end(&w);
}

TEST(stopping_early_restores_the_best_weights) { fit_with(2, 2, 1); }
TEST(best_weights_are_restored_without_patience) { fit_with(1, 0, 1); }
TEST(last_weights_stay_by_default) { fit_with(2, 0, 0); }
TEST(last_weights_stay_when_asked) { fit_with(0, 2, 0); }

/* ---- The recall of a validation set ---- */

typedef struct recalled {
    watching w;
    rnn_dataset_t *validation;
    double best, loss;
} recalled;

static double recall_of(const recalled *r, double *loss)
{
    rnn_result_t result = { .struct_size = sizeof(result) };
    CHECK_OK(rnn_trainer_evaluate(r->w.trainer, r->validation, &result));
    *loss = result.loss;
    return result.macro_recall;
}

static int32_t judge_recall(const rnn_progress_t *p, void *user)
{
    recalled *r = user;
    if (p->event != RNN_EVENT_EPOCH) return 0;
    double loss, recall = recall_of(r, &loss);
    int better = p->epoch == 1 || recall > r->best || (recall == r->best && loss < r->loss);
    CHECK_INT(p->improved, better);
    if (better) r->best = recall, r->loss = loss;
    return 0;
}

TEST(best_epoch_by_recall)
{
    double loss;
    recalled r = { .w = begin(RNN_LOSS_CROSS_ENTROPY) };
    rnn_dataset_t *data = toy_data(r.w.context, 120, 2);
    CHECK_OK(rnn_dataset_slice(data, 100, 20, &r.validation));
    CHECK_OK(rnn_trainer_set_validation(r.w.trainer, r.validation));
    CHECK_OK(rnn_trainer_set_optimizer(r.w.trainer, RNN_OPTIM_SGD, 1.5)); /* goes up and down */
    CHECK_OK(rnn_trainer_set_int(r.w.trainer, RNN_TRAIN_MONITOR, 3));
    CHECK_OK(rnn_trainer_set_int(r.w.trainer, RNN_TRAIN_EPOCHS, 12));
    CHECK_OK(rnn_trainer_set_int(r.w.trainer, RNN_TRAIN_RESTORE_BEST, 1));
    CHECK_OK(rnn_trainer_set_callback(r.w.trainer, judge_recall, &r));
    CHECK_OK(rnn_trainer_fit(r.w.trainer, data));
    CHECK(recall_of(&r, &loss) == r.best);
    CHECK(loss == r.loss);
    rnn_dataset_free(r.validation);
    rnn_dataset_free(data);
    end(&r.w);
}

TEST(recall_needs_classes_and_samples_for_validation)
{
    watching w = begin(RNN_LOSS_CROSS_ENTROPY), values = begin(RNN_LOSS_MSE);
    rnn_dataset_t *data = toy_data(w.context, 20, 2);
    CHECK_OK(rnn_trainer_set_int(w.trainer, RNN_TRAIN_MONITOR, 3));
    CHECK_STATUS(rnn_trainer_fit(w.trainer, data), RNN_ERROR_STATE);
    CHECK(strstr(rnn_last_error(), "no samples for validation"));
    CHECK_OK(rnn_trainer_set_float(w.trainer, RNN_TRAIN_VALIDATION_SPLIT, 0.2));
    CHECK_OK(rnn_trainer_fit(w.trainer, data));
    CHECK_OK(rnn_trainer_set_int(values.trainer, RNN_TRAIN_MONITOR, 3));
    CHECK_STATUS(rnn_trainer_fit(values.trainer, data), RNN_ERROR_STATE);
    CHECK(strstr(rnn_last_error(), "several classes"));
    rnn_dataset_free(data);
    end(&w);
    end(&values);
}

TEST_MAIN
