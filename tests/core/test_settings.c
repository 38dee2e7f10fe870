/* SPDX-License-Identifier: MIT */
#include "core/settings.h"
#include "harness.h"

#include <float.h>

enum { ROWS = 5, UNITS = 10, RATE = 20, DIRECTION = 30, CLIP = 40, SHIFT = 50 };

static const rnni_setting table[ROWS] = {
    { UNITS, RNN_SETTING_INT, "units", 1, 65536, 32, NULL },
    { RATE, RNN_SETTING_FLOAT, "rate", 0, 0.5, 0.1, NULL },
    { DIRECTION, RNN_SETTING_INT, "direction", 0, 2, 0, "forward|reverse|bidirectional" },
    { CLIP, RNN_SETTING_FLOAT, "clip", 0, (double)INFINITY, 0, NULL },
    { SHIFT, RNN_SETTING_FLOAT, "shift", -DBL_MAX, DBL_MAX, 0, NULL },
};

static double values[ROWS];

static rnn_status_t set(int32_t id, int32_t type, double value)
{
    return rnni_setting_set(table, ROWS, values, "layer lstm_1", id, type, value);
}

TEST(defaults_are_copied)
{
    rnni_setting_defaults(table, ROWS, values);
    CHECK_NEAR(values[0], 32, 0);
    CHECK_NEAR(values[1], 0.1, 0);
}

TEST(rows_are_found)
{
    CHECK_INT(rnni_setting_find(table, ROWS, DIRECTION), 2);
    CHECK_INT(rnni_setting_find(table, ROWS, 31), -1);
    CHECK_INT(rnni_setting_find_name(table, ROWS, "rate"), 1);
    CHECK_INT(rnni_setting_find_name(table, ROWS, "Rate"), -1);
    CHECK_INT(rnni_setting_find_name(table, ROWS, NULL), -1);
}

TEST(values_are_stored_and_read)
{
    double value = 0;
    CHECK_OK(set(UNITS, RNN_SETTING_INT, 64));
    CHECK_OK(set(RATE, RNN_SETTING_FLOAT, 0.25));
    CHECK_OK(set(CLIP, RNN_SETTING_INT, 5)); /* a float takes an integer */
    CHECK_OK(rnni_setting_get(table, ROWS, values, "layer lstm_1", CLIP, &value));
    CHECK_NEAR(value, 5, 0);
    CHECK_OK(rnni_setting_get(table, ROWS, values, "layer lstm_1", UNITS, &value));
    CHECK_NEAR(value, 64, 0);
}

TEST(errors_name_what_came_and_what_is_expected)
{
    CHECK_STATUS(set(DIRECTION, RNN_SETTING_INT, 7), RNN_ERROR_RANGE);
    CHECK_STR(rnn_last_error(),
              "setting direction of layer lstm_1 is 7, expected 0 to 2 (forward|reverse|bidirectional)");
    CHECK_STATUS(set(RATE, RNN_SETTING_FLOAT, 0.75), RNN_ERROR_RANGE);
    CHECK_STR(rnn_last_error(), "setting rate of layer lstm_1 is 0.75, expected 0 to 0.5");
    CHECK_STATUS(set(CLIP, RNN_SETTING_FLOAT, -1), RNN_ERROR_RANGE);
    CHECK_STR(rnn_last_error(), "setting clip of layer lstm_1 is -1, expected 0 or more");
    CHECK_STATUS(set(SHIFT, RNN_SETTING_FLOAT, (double)NAN), RNN_ERROR_RANGE);
    CHECK_STR(rnn_last_error(), "setting shift of layer lstm_1 is nan, expected a number");
}

TEST(refusals_change_nothing)
{
    double value = 3;
    CHECK_STATUS(set(UNITS, RNN_SETTING_FLOAT, 8), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(set(UNITS, RNN_SETTING_INT, 0), RNN_ERROR_RANGE);
    CHECK_STATUS(set(UNITS, RNN_SETTING_INT, 8.5), RNN_ERROR_RANGE);
    CHECK_STATUS(set(99, RNN_SETTING_INT, 8), RNN_ERROR_ARGUMENT);
    CHECK_STR(rnn_last_error(), "layer lstm_1 has no setting with the id 99");
    CHECK_NEAR(values[0], 64, 0);
    CHECK_STATUS(rnni_setting_get(table, ROWS, values, "layer lstm_1", 99, &value), RNN_ERROR_ARGUMENT);
    CHECK_NEAR(value, 3, 0);
}

TEST(rows_are_described)
{
    rnn_setting_t row = { .struct_size = sizeof(row) };
    CHECK_OK(rnni_setting_describe(table, ROWS, 2, &row));
    CHECK_INT(row.id, DIRECTION);
    CHECK_INT(row.type, RNN_SETTING_INT);
    CHECK_STR(row.choices, "forward|reverse|bidirectional");
    CHECK_NEAR(row.maximum, 2, 0);
    CHECK_STATUS(rnni_setting_describe(table, ROWS, ROWS, &row), RNN_END);
    CHECK_INT(row.id, DIRECTION);
}

TEST(old_and_new_descriptions_get_what_they_have_room_for)
{
    struct {
        rnn_setting_t row;
        double newer;
    } wide = { { .struct_size = sizeof(wide) }, 7 };
    CHECK_OK(rnni_setting_describe(table, ROWS, 1, &wide.row));
    CHECK_NEAR(wide.row.standard, 0.1, 0);
    CHECK_NEAR(wide.newer, 7, 0);
    rnn_setting_t old = { .struct_size = offsetof(rnn_setting_t, minimum), .minimum = -5 };
    CHECK_OK(rnni_setting_describe(table, ROWS, 0, &old));
    CHECK_STR(old.name, "units");
    CHECK_INT(old.struct_size, offsetof(rnn_setting_t, minimum));
    CHECK_NEAR(old.minimum, -5, 0);
    old.struct_size = 0;
    CHECK_STATUS(rnni_setting_describe(table, ROWS, 0, &old), RNN_ERROR_ARGUMENT);
}

TEST_MAIN
