/* SPDX-License-Identifier: MIT */
#include "data/csv.h"
#include "core/error.h"
#include "core/memory.h"

#include <float.h>

static const rnni_setting settings_table[RNNI_CSV_SETTINGS] = {
    { RNN_CSV_SEPARATOR, RNN_SETTING_INT, "separator", 1, 127, ',', NULL },
    { RNN_CSV_QUOTE, RNN_SETTING_INT, "quote", 0, 127, '"', NULL },
    { RNN_CSV_HEADER, RNN_SETTING_INT, "header", 0, 2, 2, "no|yes|auto" },
    { RNN_CSV_MISSING, RNN_SETTING_INT, "missing", 0, 3, 0, "refuse|fill|previous|drop" },
    { RNN_CSV_FILL, RNN_SETTING_FLOAT, "fill", -FLT_MAX, FLT_MAX, 0, NULL },
    { RNN_CSV_WINDOW, RNN_SETTING_INT, "window", 0, INT32_MAX, 0, NULL },
    { RNN_CSV_HORIZON, RNN_SETTING_INT, "horizon", 0, INT32_MAX, 1, NULL },
    { RNN_CSV_STRIDE, RNN_SETTING_INT, "stride", 1, INT32_MAX, 1, NULL },
    { RNN_CSV_EACH_STEP, RNN_SETTING_INT, "each_step", 0, 1, 0, NULL },
    { RNN_CSV_STREAM, RNN_SETTING_INT, "stream", 0, 1, 0, NULL },
};

static const char *const standard_marks[] = { "",     "?",    "NA",   "N/A",  "NaN", "nan",
                                              "NULL", "null", "None", "none", "-" };

/* ---- the handle ---- */

static void forget_choices(rnn_csv_t *csv)
{
    for (size_t i = 0; i < csv->count; i++)
        rnni_free(csv->context, csv->choices[i].column, strlen(csv->choices[i].column) + 1);
    rnni_free(csv->context, csv->choices, csv->capacity * sizeof(*csv->choices));
    csv->choices = NULL;
    csv->count = csv->capacity = 0;
}

static rnn_csv_t *create_without_marks(rnn_context_t *context)
{
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return NULL;
    rnn_csv_t *csv = rnni_alloc(held, sizeof(*csv));
    if (!csv) {
        rnn_context_free(held);
        return NULL;
    }
    csv->context = held;
    rnni_setting_defaults(settings_table, RNNI_CSV_SETTINGS, csv->settings);
    rnni_vocabulary_init(&csv->missing, held);
    return csv;
}

rnn_csv_t *rnn_csv_create(rnn_context_t *context)
{
    rnn_csv_t *csv = create_without_marks(context);
    if (!csv) return NULL;
    int32_t count = (int32_t)(sizeof(standard_marks) / sizeof(*standard_marks));
    if (rnn_csv_set_missing(csv, standard_marks, count) == RNN_OK) return csv;
    rnn_csv_free(csv);
    return NULL;
}

void rnn_csv_free(rnn_csv_t *csv)
{
    if (!csv) return;
    rnn_context_t *context = csv->context;
    forget_choices(csv);
    rnn_tokenizer_free(csv->tokenizer);
    rnni_vocabulary_free(&csv->missing);
    rnni_free(context, csv, sizeof(*csv));
    rnn_context_free(context);
}

static rnn_status_t copy_lists(rnn_csv_t *to, const rnn_csv_t *from)
{
    for (size_t i = 0; i < from->count; i++)
        RNNI_TRY(rnn_csv_add_column(to, from->choices[i].use, from->choices[i].column));
    for (size_t i = 0; i < from->missing.count; i++) {
        size_t number;
        RNNI_TRY(rnni_vocabulary_add(&to->missing, rnni_vocabulary_word(&from->missing, i),
                                     from->missing.words[i].length, &number));
    }
    return RNN_OK;
}

rnn_csv_t *rnni_csv_copy(const rnn_csv_t *csv)
{
    rnn_csv_t *copy = create_without_marks(csv->context);
    if (!copy) return NULL;
    memcpy(copy->settings, csv->settings, sizeof(copy->settings));
    copy->tokenizer = rnn_tokenizer_retain(csv->tokenizer);
    if (copy_lists(copy, csv) == RNN_OK) return copy;
    rnn_csv_free(copy);
    return NULL;
}

/* ---- settings ---- */

int64_t rnni_csv_int(const rnn_csv_t *csv, int32_t setting)
{
    return (int64_t)csv->settings[rnni_setting_find(settings_table, RNNI_CSV_SETTINGS, setting)];
}

static rnn_status_t set(rnn_csv_t *csv, int32_t setting, int32_t type, double value)
{
    RNNI_REQUIRE(csv, RNN_ERROR_ARGUMENT, "the reader is NULL");
    RNNI_REQUIRE((setting != RNN_CSV_SEPARATOR && setting != RNN_CSV_QUOTE) ||
                     (value != '\n' && value != '\r'),
                 RNN_ERROR_RANGE, "a line break cannot be the separator or quote of a reader");
    return rnni_setting_set(settings_table, RNNI_CSV_SETTINGS, csv->settings, "the reader", setting, type,
                            value);
}

rnn_status_t rnn_csv_set_int(rnn_csv_t *csv, int32_t setting, int64_t value)
{
    return set(csv, setting, RNN_SETTING_INT, (double)value);
}

rnn_status_t rnn_csv_set_float(rnn_csv_t *csv, int32_t setting, double value)
{
    return set(csv, setting, RNN_SETTING_FLOAT, value);
}

rnn_status_t rnn_csv_get_float(const rnn_csv_t *csv, int32_t setting, double *value)
{
    RNNI_REQUIRE(csv, RNN_ERROR_ARGUMENT, "the reader is NULL");
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "the place for the value is NULL");
    return rnni_setting_get(settings_table, RNNI_CSV_SETTINGS, csv->settings, "the reader", setting, value);
}

rnn_status_t rnn_csv_get_int(const rnn_csv_t *csv, int32_t setting, int64_t *value)
{
    double found = 0;
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "the place for the value is NULL");
    RNNI_TRY(rnn_csv_get_float(csv, setting, &found));
    *value = (int64_t)found;
    return RNN_OK;
}

rnn_status_t rnn_csv_setting(int32_t index, rnn_setting_t *setting)
{
    return rnni_setting_describe(settings_table, RNNI_CSV_SETTINGS, index, setting);
}

/* ---- what to read ---- */

static rnn_status_t check_choice(const rnn_csv_t *csv, int32_t use, const char *column)
{
    RNNI_REQUIRE(csv, RNN_ERROR_ARGUMENT, "the reader is NULL");
    RNNI_REQUIRE(column && column[0], RNN_ERROR_ARGUMENT, "the name of the column is %s",
                 column ? "empty" : "NULL");
    RNNI_REQUIRE(use >= RNN_CSV_TEXT && use <= RNN_CSV_WEIGHT, RNN_ERROR_RANGE,
                 "the use of column \"%.60s\" is %d, expected %d to %d", column, (int)use, RNN_CSV_TEXT,
                 RNN_CSV_WEIGHT);
    RNNI_REQUIRE(csv->count < RNNI_MAX_COLUMNS, RNN_ERROR_RANGE, "a reader takes %d columns at most",
                 RNNI_MAX_COLUMNS);
    bool once = use == RNN_CSV_LABEL || use == RNN_CSV_WEIGHT;
    for (size_t i = 0; once && i < csv->count; i++)
        RNNI_REQUIRE(csv->choices[i].use != use, RNN_ERROR_STATE,
                     "the reader has a column for the %s already: \"%.60s\"",
                     use == RNN_CSV_LABEL ? "label" : "weight", csv->choices[i].column);
    return RNN_OK;
}

rnn_status_t rnn_csv_add_column(rnn_csv_t *csv, int32_t use, const char *column)
{
    RNNI_TRY(check_choice(csv, use, column));
    RNNI_TRY(rnni_grow(csv->context, (void **)&csv->choices, &csv->capacity, csv->count + 1,
                       sizeof(*csv->choices)));
    char *copy = rnni_strdup(csv->context, column);
    if (!copy) return RNN_ERROR_MEMORY;
    csv->choices[csv->count++] = (rnni_csv_choice){ use, copy };
    return RNN_OK;
}

rnn_status_t rnn_csv_set_tokenizer(rnn_csv_t *csv, rnn_tokenizer_t *tokenizer)
{
    RNNI_REQUIRE(csv && tokenizer, RNN_ERROR_ARGUMENT, "the %s is NULL", csv ? "tokenizer" : "reader");
    rnn_tokenizer_retain(tokenizer);
    rnn_tokenizer_free(csv->tokenizer);
    csv->tokenizer = tokenizer;
    return RNN_OK;
}

rnn_status_t rnn_csv_set_missing(rnn_csv_t *csv, const char *const *marks, int32_t count)
{
    RNNI_REQUIRE(csv && (marks || count == 0), RNN_ERROR_ARGUMENT, "the %s is NULL",
                 csv ? "list of marks" : "reader");
    RNNI_REQUIRE(count >= 0, RNN_ERROR_RANGE, "%d marks of missing values, expected 0 or more", (int)count);
    rnni_vocabulary made;
    rnni_vocabulary_init(&made, csv->context);
    rnn_status_t status = RNN_OK;
    for (int32_t i = 0; status == RNN_OK && i < count; i++) {
        size_t number;
        status = marks[i] ? rnni_vocabulary_add(&made, marks[i], strlen(marks[i]), &number)
                          : rnni_fail(RNN_ERROR_ARGUMENT, "mark %d of missing values is NULL", (int)i);
    }
    if (status != RNN_OK) {
        rnni_vocabulary_free(&made);
        return status;
    }
    rnni_vocabulary_free(&csv->missing);
    csv->missing = made;
    return RNN_OK;
}
