/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "report/axis.h"

/* All labels with spaces between. */
static void labels_of(const rnni_axis *axis, char *out, size_t size)
{
    char label[RNNI_TICK_SIZE];
    double value;
    size_t used = 0;
    out[0] = 0;
    for (int i = 0; rnni_axis_tick(axis, i, &value); i++) {
        rnni_axis_label(axis, value, label);
        CHECK(used + strlen(label) + 2 < size);
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? " " : "", label);
    }
}

static void check_labels(rnni_axis axis, const char *expected)
{
    char labels[400];
    labels_of(&axis, labels, sizeof(labels));
    CHECK_STR(labels, expected);
}

TEST(linear_ticks_are_round)
{
    check_labels(rnni_axis_linear(0.13, 0.94, 5, false, true), "0 0.2 0.4 0.6 0.8 1");
    check_labels(rnni_axis_linear(-3, 17, 5, false, true), "-5 0 5 10 15 20");
    check_labels(rnni_axis_linear(0.1, 0.3, 5, false, true), "0.1 0.15 0.2 0.25 0.3");
    check_labels(rnni_axis_linear(0, 4.2e7, 5, false, true), "0 1e7 2e7 3e7 4e7 5e7");
    check_labels(rnni_axis_linear(1e-5, 3e-5, 4, false, true), "1e-5 1.5e-5 2e-5 2.5e-5 3e-5");
    check_labels(rnni_axis_linear(1000000.5, 1000002, 3, false, true),
                 "1.0000005e6 1.000001e6 1.0000015e6 1.000002e6");
}

TEST(tight_axes_keep_their_ends)
{
    rnni_axis axis = rnni_axis_linear(1, 20, 8, true, false);
    CHECK_NEAR(axis.low, 1, 0);
    CHECK_NEAR(axis.high, 20, 0);
    check_labels(axis, "5 10 15 20");
    check_labels(rnni_axis_linear(1, 9, 8, true, false), "1 2 3 4 5 6 7 8 9");
    check_labels(rnni_axis_linear(1, 2, 8, true, false), "1 2");
}

TEST(one_value_gets_room)
{
    rnni_axis one = rnni_axis_linear(1, 1, 8, true, false);
    check_labels(one, "1");
    CHECK_NEAR(rnni_axis_place(&one, 1), 0.5, 1e-12);
    rnni_axis zero = rnni_axis_linear(0, 0, 5, false, true);
    CHECK(zero.low < 0 && zero.high > 0);
    rnni_axis close = rnni_axis_linear(1e6, 1e6 + 1e-9, 5, false, true);
    CHECK(close.low < 1e6 && close.high > 1e6 + 1);
}

TEST(extremes_stay_finite)
{
    static const double ends[][2] = {
        { -9e299, 9e299 }, { 0, 1e-300 }, { 1e-289, 2e-289 }, { -5e-324, 5e-324 }, { 9e299, 9e299 }
    };
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        rnni_axis axis = rnni_axis_linear(ends[i][0], ends[i][1], 5, false, true);
        double value;
        char label[RNNI_TICK_SIZE];
        int ticks = 0;
        for (; rnni_axis_tick(&axis, ticks, &value); ticks++) {
            CHECK(ticks < 100);
            rnni_axis_label(&axis, value, label);
            CHECK(strlen(label) < 24);
        }
        CHECK(ticks >= 2);
        CHECK(isfinite(rnni_axis_place(&axis, ends[i][0])));
    }
}

TEST(decades)
{
    check_labels(rnni_axis_decades(1e-4, 3, 8), "1e-4 0.001 0.01 0.1 1 10");
    check_labels(rnni_axis_decades(0.2, 0.9, 8), "0.1 0.2 0.5 1");
    check_labels(rnni_axis_decades(10, 10, 8), "10 20 50 100");
    check_labels(rnni_axis_decades(1e-30, 1, 8), "1e-30 1e-25 1e-20 1e-15 1e-10 1e-5 1");
    rnni_axis axis = rnni_axis_decades(0.01, 100, 8);
    CHECK_NEAR(rnni_axis_place(&axis, 1), 0.5, 1e-12);
}

TEST(shows_what_can_be_drawn)
{
    CHECK(rnni_axis_shows(-5, false));
    CHECK(!rnni_axis_shows(-5, true));
    CHECK(!rnni_axis_shows(0, true));
    CHECK(!rnni_axis_shows(NAN, false));
    CHECK(!rnni_axis_shows(INFINITY, false));
    CHECK(!rnni_axis_shows(1e301, false));
}

TEST_MAIN
