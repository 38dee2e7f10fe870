/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include "data/csv.h"

#include <stdio.h>

static const char every_column[] = "*";

void rnni_csv_plan_free(rnni_csv_plan *plan)
{
    rnn_context_t *context = plan->context;
    if (!context) return;
    rnni_buffer_clear(&plan->names);
    rnni_free(context, plan->texts, plan->texts_capacity * sizeof(*plan->texts));
    rnni_free(context, plan->is_ids, plan->is_ids_capacity * sizeof(*plan->is_ids));
    rnni_free(context, plan->numbers, plan->numbers_capacity * sizeof(*plan->numbers));
    memset(plan, 0, sizeof(*plan));
}

const char *rnni_csv_column_name(const rnni_csv_plan *plan, size_t column, char room[24])
{
    snprintf(room, 24, "%zu", column);
    if (!plan->header) return room;
    const char *name = plan->names.data;
    for (; column > 0; column--) name += strlen(name) + 1;
    return name[0] ? name : room;
}

/* ---- header or not ---- */

static bool column_number(const char *column, int64_t *number)
{
    return rnni_parse_i64(column, strlen(column), number) && *number >= 0;
}

static bool holds_number(const rnn_csv_t *csv, rnni_piece field)
{
    double value;
    rnni_piece text = rnni_trim(field);
    return rnni_vocabulary_find(&csv->missing, text.text, text.size) >= 0 ||
           rnni_parse_double(text.text, text.size, &value);
}

static bool takes_numbers(int32_t use)
{
    return use == RNN_CSV_VALUE || use == RNN_CSV_TARGET || use == RNN_CSV_WEIGHT;
}

/* Whether the first record names the columns, where the caller does not say. */
static bool looks_like_header(const rnn_csv_t *csv, const rnni_csv_reader *first)
{
    for (size_t i = 0; i < csv->count; i++) {
        const rnni_csv_choice *choice = &csv->choices[i];
        bool all = strcmp(choice->column, every_column) == 0;
        int64_t number;
        if (!all && (!column_number(choice->column, &number) || (uint64_t)number >= first->count))
            return true;
        if (!takes_numbers(choice->use)) continue;
        bool some = false;
        for (size_t c = 0; all && c < first->count; c++) some = some || holds_number(csv, first->fields[c]);
        if (all && !some) return true;
        if (!all && !holds_number(csv, first->fields[number])) return true;
    }
    return false;
}

static rnn_status_t take_names(rnni_csv_plan *plan, const rnni_csv_reader *first)
{
    for (size_t i = 0; i < first->count; i++) {
        rnni_piece name = rnni_trim(first->fields[i]);
        size_t size = name.size ? strnlen(name.text, name.size) : 0;
        RNNI_TRY(rnni_buffer_add(&plan->names, name.text, size));
        RNNI_TRY(rnni_buffer_add(&plan->names, "", 1));
    }
    return RNN_OK;
}

/* ---- columns ---- */

/* "a, b, c", cut where it gets long. */
static void list_names(const rnni_csv_plan *plan, char *out, size_t size)
{
    char room[24];
    size_t used = 0;
    out[0] = 0;
    for (size_t i = 0; i < plan->columns && used < size; i++) {
        int added =
            snprintf(out + used, size - used, "%s%.60s", i ? ", " : "", rnni_csv_column_name(plan, i, room));
        used += added > 0 ? (size_t)added : size;
    }
}

static rnn_status_t find_column(const rnni_csv_plan *plan, const char *path, const char *wanted,
                                size_t *column)
{
    const char *name = plan->names.data;
    for (size_t i = 0; plan->header && i < plan->columns; i++, name += strlen(name) + 1) {
        if (strcmp(name, wanted) != 0) continue;
        *column = i;
        return RNN_OK;
    }
    int64_t number;
    if (column_number(wanted, &number) && (uint64_t)number < plan->columns) {
        *column = (size_t)number;
        return RNN_OK;
    }
    if (!plan->header)
        return rnni_fail(RNN_ERROR_NAME,
                         "%s has no column \"%.60s\": there is no header, and its columns are 0 to %zu", path,
                         wanted, plan->columns - 1);
    char names[200];
    list_names(plan, names, sizeof(names));
    return rnni_fail(RNN_ERROR_NAME, "%s has no column \"%.60s\": its header has %s", path, wanted, names);
}

static rnn_status_t add_number(rnni_csv_plan *plan, size_t column)
{
    RNNI_TRY(rnni_grow(plan->context, (void **)&plan->numbers, &plan->numbers_capacity,
                       plan->number_count + 1, sizeof(*plan->numbers)));
    plan->numbers[plan->number_count++] = column;
    return RNN_OK;
}

static rnn_status_t add_text(rnni_csv_plan *plan, size_t column, bool is_ids)
{
    RNNI_TRY(rnni_grow(plan->context, (void **)&plan->texts, &plan->texts_capacity, plan->text_count + 1,
                       sizeof(*plan->texts)));
    RNNI_TRY(rnni_grow(plan->context, (void **)&plan->is_ids, &plan->is_ids_capacity, plan->text_count + 1,
                       sizeof(*plan->is_ids)));
    plan->texts[plan->text_count] = column;
    plan->is_ids[plan->text_count++] = is_ids;
    return RNN_OK;
}

/* All columns that no other choice names. */
static rnn_status_t add_rest(rnni_csv_plan *plan, const rnn_csv_t *csv, const char *path)
{
    for (size_t c = 0; c < plan->columns; c++) {
        bool used = false;
        for (size_t i = 0; !used && i < csv->count; i++) {
            size_t column = 0;
            if (strcmp(csv->choices[i].column, every_column) == 0) continue;
            RNNI_TRY(find_column(plan, path, csv->choices[i].column, &column));
            used = column == c;
        }
        if (!used) RNNI_TRY(add_number(plan, c));
    }
    return RNN_OK;
}

static rnn_status_t add_choice(rnni_csv_plan *plan, const rnn_csv_t *csv, const char *path,
                               const rnni_csv_choice *choice)
{
    size_t column = 0;
    if (strcmp(choice->column, every_column) == 0) {
        RNNI_REQUIRE(choice->use == RNN_CSV_VALUE, RNN_ERROR_ARGUMENT,
                     "column \"*\" can only be used for values");
        return add_rest(plan, csv, path);
    }
    RNNI_TRY(find_column(plan, path, choice->column, &column));
    if (takes_numbers(choice->use)) return add_number(plan, column);
    if (choice->use != RNN_CSV_LABEL) return add_text(plan, column, choice->use == RNN_CSV_IDS);
    plan->has_label = true;
    plan->label = column;
    return RNN_OK;
}

static rnn_status_t add_choices(rnni_csv_plan *plan, const rnn_csv_t *csv, const char *path, int32_t use)
{
    for (size_t i = 0; i < csv->count; i++)
        if (csv->choices[i].use == use) RNNI_TRY(add_choice(plan, csv, path, &csv->choices[i]));
    return RNN_OK;
}

static rnn_status_t fill_plan(rnni_csv_plan *plan, const rnn_csv_t *csv, const rnni_csv_reader *first)
{
    int64_t header = rnni_csv_int(csv, RNN_CSV_HEADER);
    plan->header = header == 1 || (header == 2 && looks_like_header(csv, first));
    if (plan->header) RNNI_TRY(take_names(plan, first));
    for (size_t i = 0; i < csv->count; i++) {
        int32_t use = csv->choices[i].use;
        if (use == RNN_CSV_TEXT || use == RNN_CSV_IDS)
            RNNI_TRY(add_choice(plan, csv, first->path, &csv->choices[i]));
    }
    RNNI_TRY(add_choices(plan, csv, first->path, RNN_CSV_LABEL));
    RNNI_TRY(add_choices(plan, csv, first->path, RNN_CSV_VALUE));
    plan->values = plan->number_count;
    RNNI_TRY(add_choices(plan, csv, first->path, RNN_CSV_TARGET));
    plan->targets = plan->number_count - plan->values;
    RNNI_TRY(add_choices(plan, csv, first->path, RNN_CSV_WEIGHT));
    plan->has_weight = plan->number_count > plan->values + plan->targets;
    RNNI_REQUIRE(plan->text_count + plan->values > 0, RNN_ERROR_STATE,
                 "no column of %s is used as an input (rnn_csv_add_column)", first->path);
    return RNN_OK;
}

rnn_status_t rnni_csv_plan_make(rnni_csv_plan *plan, const rnn_csv_t *csv, const rnni_csv_reader *first)
{
    memset(plan, 0, sizeof(*plan));
    plan->context = plan->names.context = csv->context;
    plan->columns = first->count;
    rnn_status_t status = fill_plan(plan, csv, first);
    if (status != RNN_OK) rnni_csv_plan_free(plan);
    return status;
}
