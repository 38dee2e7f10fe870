/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "serial/model_file.h"

/* The name of choice number `index` in "a|b|c"; false past the last. */
static bool choice_at(const char *choices, int64_t index, const char **name, size_t *size)
{
    for (; index > 0 && choices; index--) {
        choices = strchr(choices, '|');
        if (choices) choices++;
    }
    if (!choices || index < 0) return false;
    *name = choices;
    *size = strcspn(choices, "|");
    return true;
}

void rnni_setting_write_json(rnni_json_writer *json, const rnni_setting *row, double value)
{
    char text[RNNI_NAME_SIZE];
    const char *name;
    size_t size;
    rnni_json_write_key(json, row->name);
    if (row->type == RNN_SETTING_FLOAT) {
        rnni_json_write_double(json, value);
    } else if (row->choices && choice_at(row->choices, (int64_t)(value - row->minimum), &name, &size) &&
               size < sizeof(text)) {
        memcpy(text, name, size);
        text[size] = 0;
        rnni_json_write_string(json, text);
    } else {
        rnni_json_write_i64(json, (int64_t)value);
    }
}

static rnn_status_t read_choice(const rnni_json_value *value, const rnni_setting *row, const char *owner,
                                double *out)
{
    const char *text = rnni_json_string(value), *name;
    size_t size;
    RNNI_REQUIRE(text, RNN_ERROR_FORMAT, "setting %s of %s is not a string, expected one of %s", row->name,
                 owner, row->choices);
    for (int64_t i = 0; choice_at(row->choices, i, &name, &size); i++) {
        if (value->size != size || memcmp(text, name, size) != 0) continue;
        *out = row->minimum + (double)i;
        return RNN_OK;
    }
    return rnni_fail(RNN_ERROR_UNSUPPORTED, "setting %s of %s is the unknown \"%.60s\", expected one of %s",
                     row->name, owner, text, row->choices);
}

rnn_status_t rnni_setting_read_json(const rnni_json_value *value, const rnni_setting *row, const char *owner,
                                    double *out)
{
    int64_t integer;
    if (row->choices) return read_choice(value, row, owner, out);
    if (row->type == RNN_SETTING_FLOAT) {
        RNNI_REQUIRE(rnni_json_double(value, out), RNN_ERROR_FORMAT, "setting %s of %s is not a number",
                     row->name, owner);
        return RNN_OK;
    }
    RNNI_REQUIRE(rnni_json_i64(value, &integer), RNN_ERROR_FORMAT, "setting %s of %s is not an integer",
                 row->name, owner);
    *out = (double)integer;
    return RNN_OK;
}
