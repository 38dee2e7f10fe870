/* SPDX-License-Identifier: MIT */
#include "core/settings.h"
#include "core/error.h"
#include "core/number.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

int rnni_setting_find(const rnni_setting *table, int rows, int32_t id)
{
    for (int i = 0; i < rows; i++)
        if (table[i].id == id) return i;
    return -1;
}

int rnni_setting_find_name(const rnni_setting *table, int rows, const char *name)
{
    for (int i = 0; name && i < rows; i++)
        if (strcmp(table[i].name, name) == 0) return i;
    return -1;
}

static rnn_status_t no_such_setting(const char *owner, int32_t id)
{
    return rnni_fail(RNN_ERROR_ARGUMENT, "%s has no setting with the id %d", owner, (int)id);
}

static rnn_status_t out_of_range(const rnni_setting *row, const char *owner, double value)
{
    char got[RNNI_NUMBER_SIZE], low[RNNI_NUMBER_SIZE], high[RNNI_NUMBER_SIZE];
    const char *open = row->choices ? " (" : "", *shut = row->choices ? ")" : "";
    const char *choices = row->choices ? row->choices : "";
    rnni_print_double(value, got);
    rnni_print_double(row->minimum, low);
    rnni_print_double(row->maximum, high);
    bool no_minimum = row->minimum <= -DBL_MAX, no_maximum = row->maximum >= DBL_MAX;
    if (no_minimum && no_maximum)
        return rnni_fail(RNN_ERROR_RANGE, "setting %s of %s is %s, expected a number", row->name, owner, got);
    if (no_maximum)
        return rnni_fail(RNN_ERROR_RANGE, "setting %s of %s is %s, expected %s or more", row->name, owner,
                         got, low);
    return rnni_fail(RNN_ERROR_RANGE, "setting %s of %s is %s, expected %s to %s%s%s%s", row->name, owner,
                     got, low, high, open, choices, shut);
}

rnn_status_t rnni_setting_set(const rnni_setting *table, int rows, double *values, const char *owner,
                              int32_t id, int32_t type, double value)
{
    int i = rnni_setting_find(table, rows, id);
    if (i < 0) return no_such_setting(owner, id);
    const rnni_setting *row = &table[i];
    RNNI_REQUIRE(type == row->type || type == RNN_SETTING_INT, RNN_ERROR_ARGUMENT,
                 "setting %s of %s takes an integer, not a float", row->name, owner);
    if (!(value >= row->minimum && value <= row->maximum)) return out_of_range(row, owner, value);
    RNNI_REQUIRE(row->type != RNN_SETTING_INT || value == rint(value), RNN_ERROR_RANGE,
                 "setting %s of %s takes an integer, not a fraction", row->name, owner);
    values[i] = value;
    return RNN_OK;
}

rnn_status_t rnni_setting_get(const rnni_setting *table, int rows, const double *values, const char *owner,
                              int32_t id, double *value)
{
    int i = rnni_setting_find(table, rows, id);
    if (i < 0) return no_such_setting(owner, id);
    *value = values[i];
    return RNN_OK;
}

void rnni_setting_defaults(const rnni_setting *table, int rows, double *values)
{
    for (int i = 0; i < rows; i++) values[i] = table[i].standard;
}

rnn_status_t rnni_setting_describe(const rnni_setting *table, int rows, int32_t index, rnn_setting_t *out)
{
    RNNI_REQUIRE(out, RNN_ERROR_ARGUMENT, "the place for the description is NULL");
    RNNI_REQUIRE(out->struct_size >= sizeof(size_t), RNN_ERROR_ARGUMENT,
                 "struct_size of the description is %zu, expected %zu", out->struct_size, sizeof(*out));
    RNNI_REQUIRE(index >= 0, RNN_ERROR_ARGUMENT, "index of a setting is %d, expected 0 or more", (int)index);
    if (index >= rows) return RNN_END;
    const rnni_setting *row = &table[index];
    size_t size = out->struct_size;
    rnn_setting_t full = { size, row->id, row->type, row->name, row->choices, row->minimum, row->maximum,
                           row->standard };
    memcpy(out, &full, size < sizeof(full) ? size : sizeof(full));
    return RNN_OK;
}
