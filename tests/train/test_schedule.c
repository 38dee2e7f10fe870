/* SPDX-License-Identifier: MIT */
#include "train/toy.h"
#include "train/trainer.h"

#include <math.h>

static double settings[RNNI_TRAIN_SETTINGS];

static void choose(int schedule, double epochs, double factor, double least)
{
    rnni_setting_defaults(rnni_train_settings, RNNI_TRAIN_SETTINGS, settings);
    settings[RNN_TRAIN_SCHEDULE - 1] = schedule;
    settings[RNN_TRAIN_SCHEDULE_EPOCHS - 1] = epochs;
    settings[RNN_TRAIN_SCHEDULE_FACTOR - 1] = factor;
    settings[RNN_TRAIN_MINIMUM_RATE - 1] = least;
}

static double rate_at(double epoch)
{
    rnni_moment moment = { epoch, 20, 1000, 0 };
    return rnni_schedule_rate(settings, 0.5, &moment);
}

TEST(constant)
{
    choose(RNN_SCHEDULE_CONSTANT, 0, 0.1, 0);
    CHECK_NEAR(rate_at(0), 0.5, 0);
    CHECK_NEAR(rate_at(17.5), 0.5, 0);
}

TEST(step)
{
    choose(RNN_SCHEDULE_STEP, 3, 0.5, 0.1);
    CHECK_NEAR(rate_at(2.9), 0.5, 0);
    CHECK_NEAR(rate_at(3), 0.25, 1e-15);
    CHECK_NEAR(rate_at(6.5), 0.125, 1e-15);
    CHECK_NEAR(rate_at(9), 0.1, 0); /* not below the minimum */
}

TEST(exponential)
{
    choose(RNN_SCHEDULE_EXPONENTIAL, 2, 0.81, 0);
    CHECK_NEAR(rate_at(1.7), 0.5 * 0.9, 1e-15);
    CHECK_NEAR(rate_at(4), 0.5 * 0.81 * 0.81, 1e-15);
}

TEST(cosine)
{
    choose(RNN_SCHEDULE_COSINE, 0, 0.1, 0.1);
    CHECK_NEAR(rate_at(0), 0.5, 0);
    CHECK_NEAR(rate_at(5), 0.1 + 0.4 * (1 + sqrt(0.5)) / 2, 1e-12);
    CHECK_NEAR(rate_at(10), 0.3, 1e-12);
    CHECK_NEAR(rate_at(20), 0.1, 1e-12);
    CHECK_NEAR(rate_at(50), 0.1, 1e-12);
    choose(RNN_SCHEDULE_COSINE, 10, 0.1, 0);
    CHECK_NEAR(rate_at(5), 0.25, 1e-12);
}

TEST(one_cycle)
{
    choose(RNN_SCHEDULE_ONE_CYCLE, 10, 0.1, 0);
    CHECK_NEAR(rate_at(0), 0.02, 1e-12);
    CHECK_NEAR(rate_at(1.5), (0.02 + 0.5) / 2, 1e-12);
    CHECK_NEAR(rate_at(3), 0.5, 1e-12);
    CHECK_NEAR(rate_at(6.5), (0.5 + 2e-6) / 2, 1e-12);
    CHECK_NEAR(rate_at(10), 2e-6, 1e-12);
}

TEST(warm_up)
{
    choose(RNN_SCHEDULE_CONSTANT, 0, 0.1, 0);
    settings[RNN_TRAIN_WARMUP - 1] = 4;
    for (int64_t update = 0; update < 6; update++) {
        rnni_moment moment = { 0, 1, update, 0 };
        CHECK_NEAR(rnni_schedule_rate(settings, 0.5, &moment),
                   update < 4 ? 0.125 * (double)(update + 1) : 0.5, 1e-15);
    }
}

/* Values, and the drops that Keras' ReduceLROnPlateau(patience=2, min_delta=1e-4, cooldown=...) has made
 * after each of them. */
static void check_plateau(int64_t cooldown, const double *values, const int64_t *drops, int count)
{
    rnni_plateau plateau = { .any = false };
    choose(RNN_SCHEDULE_PLATEAU, 2, 0.1, 0);
    settings[RNN_TRAIN_PLATEAU_COOLDOWN - 1] = (double)cooldown;
    for (int i = 0; i < count; i++) {
        rnni_plateau_epoch(settings, 0.5, values[i], &plateau);
        CHECK_INT(plateau.drops, drops[i]);
    }
}

TEST(plateau)
{
    const double values[] = { 1, 2, 2, 2.00005, 2, 2, 3, 3, 3 };
    const int64_t drops[] = { 0, 0, 0, 1, 1, 2, 2, 2, 3 };
    check_plateau(0, values, drops, 9);
}

TEST(plateau_with_cooldown)
{
    const double values[] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    const int64_t drops[] = { 0, 0, 1, 1, 1, 2, 2, 2 };
    check_plateau(2, values, drops, 8);
}

TEST(plateau_ends_at_the_minimum)
{
    rnni_plateau plateau = { .any = false };
    choose(RNN_SCHEDULE_PLATEAU, 1, 0.1, 0.02);
    for (int i = 0; i < 9; i++) rnni_plateau_epoch(settings, 0.5, 1, &plateau);
    CHECK_INT(plateau.drops, 2);
    rnni_moment moment = { 9, 9, 9, plateau.drops };
    CHECK_NEAR(rnni_schedule_rate(settings, 0.5, &moment), 0.02, 0);
}

TEST(fit_follows_the_schedule)
{
    rnn_context_t *context = toy_context(1);
    rnn_model_t *m = toy_built(context, 3, RNN_SOFTMAX, 0);
    rnn_trainer_t *t = toy_trainer(m, RNN_LOSS_CROSS_ENTROPY, 4, 8);
    rnn_dataset_t *data = toy_data(context, 32, 3);
    CHECK_OK(rnn_trainer_set_int(t, RNN_TRAIN_SCHEDULE, RNN_SCHEDULE_COSINE));
    CHECK_OK(rnn_trainer_fit(t, data));
    for (int64_t e = 0; e < 4; e++) /* the last of four updates of each epoch */
        CHECK_NEAR(toy_history(t, "learning_rate", e), 0.01 * (1 + cos(acos(-1) * ((double)e + 0.75) / 4)),
                   1e-12);
    rnn_dataset_free(data);
    rnn_trainer_free(t);
    rnn_model_free(m);
    rnn_context_free(context);
}

TEST_MAIN
