/* SPDX-License-Identifier: MIT */
#ifndef RNNI_SETTINGS_H
#define RNNI_SETTINGS_H

#include <rnn/context.h>

/* A table of settings: every handle that can be set has one, and the setters, the run-time description and
 * the model file are driven by it. Values are kept beside the table as doubles, which hold every int64 up
 * to 2^53 exactly. */
typedef struct rnni_setting {
    int32_t id, type;
    const char *name;    /* lower case */
    double minimum, maximum, standard;
    const char *choices; /* "a|b|c" when the value is an enumeration from `minimum` on, else NULL */
} rnni_setting;

/* The row with this id or name; -1 when there is none. */
int rnni_setting_find(const rnni_setting *table, int rows, int32_t id);
int rnni_setting_find_name(const rnni_setting *table, int rows, const char *name);

/* Checks type and range and stores. `owner` names the thing that is set, for the error line ("layer
 * lstm_1", "trainer"). A float setting takes an integer too; an int setting takes no float call. NaN is
 * out of range. */
rnn_status_t rnni_setting_set(const rnni_setting *table, int rows, double *values, const char *owner,
                              int32_t id, int32_t type, double value);
rnn_status_t rnni_setting_get(const rnni_setting *table, int rows, const double *values, const char *owner,
                              int32_t id, double *value);
void rnni_setting_defaults(const rnni_setting *table, int rows, double *values);
/* Fills the public description of row `index`, only as many bytes as out->struct_size says; RNN_END past
 * the last row. */
rnn_status_t rnni_setting_describe(const rnni_setting *table, int rows, int32_t index, rnn_setting_t *out);

#endif
