/* SPDX-License-Identifier: MIT */
#include "optim/update.h"

TEST(every_optimizer_is_found_by_id_and_name)
{
    const int32_t ids[] = { RNN_OPTIM_SGD, RNN_OPTIM_RMSPROP, RNN_OPTIM_ADAM,    RNN_OPTIM_ADAMW,
                            RNN_OPTIM_NADAM, RNN_OPTIM_ADAMAX, RNN_OPTIM_ADAGRAD, RNN_OPTIM_ADADELTA };
    const char *names[] = { "sgd", "rmsprop", "adam", "adamw", "nadam", "adamax", "adagrad", "adadelta" };
    for (int i = 0; i < 8; i++) {
        CHECK(rnni_optim_find(ids[i]));
        CHECK_STR(rnni_optim_find(ids[i])->name, names[i]);
        CHECK(rnni_optim_find_name(names[i]) == rnni_optim_find(ids[i]));
    }
    CHECK(!rnni_optim_find(0));
    CHECK(!rnni_optim_find(99));
    CHECK(!rnni_optim_find_name("newton"));
    CHECK(!rnni_optim_find_name(NULL));
}

TEST(settings_are_numbered_without_gaps)
{
    for (int i = 0; i < RNNI_OPTIM_SETTINGS; i++)
        CHECK_INT(rnni_optim_settings[i].id, RNN_OPTIM_LEARNING_RATE + i);
}

TEST(every_optimizer_takes_a_rate_and_known_settings)
{
    for (int32_t id = RNN_OPTIM_SGD; id <= RNN_OPTIM_ADADELTA; id++) {
        const int32_t *takes = rnni_optim_find(id)->settings;
        CHECK_INT(takes[0], RNN_OPTIM_LEARNING_RATE);
        for (; *takes; takes++)
            CHECK(rnni_setting_find(rnni_optim_settings, RNNI_OPTIM_SETTINGS, *takes) >= 0);
    }
}

TEST(states_fit_into_an_update)
{
    double settings[RNNI_OPTIM_SETTINGS];
    for (int32_t id = RNN_OPTIM_SGD; id <= RNN_OPTIM_ADADELTA; id++) {
        update_settings(rnni_optim_find(id), settings);
        UPDATE_SETTING(settings, RNN_OPTIM_MOMENTUM) = 0.5;
        UPDATE_SETTING(settings, RNN_OPTIM_CENTERED) = UPDATE_SETTING(settings, RNN_OPTIM_AMSGRAD) = 1;
        CHECK(rnni_optim_find(id)->states(settings) <= RNNI_OPTIM_STATES);
    }
}

/* Coupled decay is a gradient of decay * w; a decoupled one shrinks the weights by themselves. */
TEST(weight_decay)
{
    double settings[RNNI_OPTIM_SETTINGS];
    rnni_real coupled[UPDATE_COUNT], decoupled[UPDATE_COUNT], parts[UPDATE_COUNT];
    update_settings(rnni_optim_find(RNN_OPTIM_SGD), settings);
    UPDATE_SETTING(settings, RNN_OPTIM_WEIGHT_DECAY) = 0.5;
    update_run(RNN_OPTIM_SGD, settings, 0, coupled);
    update_run(RNN_OPTIM_SGD, settings, 5, parts);
    CHECK_BYTES(coupled, parts, sizeof(coupled));
    update_settings(rnni_optim_find(RNN_OPTIM_ADAMW), settings);
    CHECK_NEAR(UPDATE_SETTING(settings, RNN_OPTIM_WEIGHT_DECAY), 0.01, 0);
    UPDATE_SETTING(settings, RNN_OPTIM_WEIGHT_DECAY) = 0.5;
    UPDATE_SETTING(settings, RNN_OPTIM_EPSILON) = 1e30;
    update_run(RNN_OPTIM_ADAMW, settings, 0, decoupled);
    for (int i = 0; i < UPDATE_COUNT; i++) {
        double w = update_start(i);
        for (int step = 1; step <= UPDATE_STEPS; step++) w -= 0.01 * (update_gradient(step, i) + 0.5 * w);
        CHECK_NEAR(coupled[i], w, 1e-6);
        CHECK_NEAR(decoupled[i], update_start(i) * pow(1 - 0.0005, UPDATE_STEPS), 1e-6);
    }
}

/* A long run's product of momenta is cut off where it no longer counts. */
TEST(nadam_after_many_steps)
{
    double settings[RNNI_OPTIM_SETTINGS];
    update_settings(rnni_optim_find(RNN_OPTIM_NADAM), settings);
    rnni_real w = 0, g = 1, m = 1, v = 1;
    rnni_update u = { .kernels = rnni_kernels_of(RNN_ISA_SCALAR), .settings = settings, .learning_rate = 0.5,
                      .step = 100000000, .count = 1, .weights = &w, .gradients = &g, .state = { &m, &v } };
    rnni_optim_update(rnni_optim_find(RNN_OPTIM_NADAM), &u);
    CHECK_NEAR(w, -0.5, 1e-5);
}

TEST_MAIN
