/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/number.h"
#include "data/csv.h"
#include "text/tokenizer.h"

#include <math.h>

rnn_status_t rnni_csv_row_make(rnni_csv_row *row, const rnni_csv_plan *plan)
{
    rnni_csv_row made = { 0 };
    made.numbers = rnni_alloc_array(plan->context, plan->number_count, sizeof(*made.numbers));
    if (!made.numbers) return RNN_ERROR_MEMORY;
    made.missing = rnni_alloc_array(plan->context, plan->number_count, sizeof(*made.missing));
    if (!made.missing) {
        rnni_free(plan->context, made.numbers, plan->number_count * sizeof(*made.numbers));
        return RNN_ERROR_MEMORY;
    }
    *row = made;
    return RNN_OK;
}

void rnni_csv_row_free(rnni_csv_row *row, const rnni_csv_plan *plan)
{
    if (!row->numbers) return;
    rnni_free(plan->context, row->numbers, plan->number_count * sizeof(*row->numbers));
    rnni_free(plan->context, row->missing, plan->number_count * sizeof(*row->missing));
    row->numbers = NULL;
    row->missing = NULL;
}

rnni_spot rnni_csv_spot(const rnni_csv_reader *reader, const rnni_csv_plan *plan, size_t column,
                        char room[24])
{
    return (rnni_spot){ reader->path, reader->line, rnni_csv_column_name(plan, column, room) };
}

/* A row that is being read. */
typedef struct reading {
    rnni_csv_row *row;
    const rnn_csv_t *csv;
    const rnni_csv_plan *plan;
    const rnni_csv_reader *reader;
    int64_t policy;
} reading;

static rnn_status_t fail_in(const reading *r, size_t column, rnn_status_t status, const char *what)
{
    char room[24];
    rnni_spot spot = rnni_csv_spot(r->reader, r->plan, column, room);
    return rnni_fail_at(&spot, status, "%s", what);
}

/* Number k, or a label, is not there. */
static rnn_status_t miss(const reading *r, size_t column)
{
    if (r->policy == RNNI_MISSING_REFUSE)
        return fail_in(r, column, RNN_ERROR_DATA,
                       "the value is missing, and RNN_CSV_MISSING is to refuse it");
    if (r->policy == RNNI_MISSING_PREVIOUS && !r->row->any)
        return fail_in(r, column, RNN_ERROR_DATA,
                       "the value is missing in the first row: there is none before it");
    if (r->policy == RNNI_MISSING_DROP) r->row->dropped = true;
    return RNN_OK;
}

static rnn_status_t miss_number(const reading *r, size_t k)
{
    RNNI_TRY(miss(r, r->plan->numbers[k]));
    r->row->missing[k] = r->policy == RNNI_MISSING_PREVIOUS;
    if (r->policy == RNNI_MISSING_FILL)
        RNNI_TRY(rnn_csv_get_float(r->csv, RNN_CSV_FILL, &r->row->numbers[k]));
    return RNN_OK;
}

static rnn_status_t check_number(const reading *r, size_t k, rnni_piece text)
{
    double value = r->row->numbers[k];
    size_t column = r->plan->numbers[k];
    if (!isfinite((float)value)) {
        char room[24];
        rnni_spot spot = rnni_csv_spot(r->reader, r->plan, column, room);
        return rnni_fail_at(&spot, RNN_ERROR_DATA, "\"%.*s\" is %s, expected a finite number",
                            rnni_shown(text), text.text, isnan(value) ? "not a number" : "too large");
    }
    if (k >= r->plan->values + r->plan->targets && value < 0)
        return fail_in(r, column, RNN_ERROR_DATA, "the weight is negative");
    return RNN_OK;
}

static rnn_status_t read_number(const reading *r, size_t k)
{
    rnni_piece text = rnni_trim(r->reader->fields[r->plan->numbers[k]]);
    r->row->missing[k] = false;
    if (rnni_vocabulary_find(&r->csv->missing, text.text, text.size) >= 0) return miss_number(r, k);
    double value = 0;
    if (!rnni_parse_double(text.text, text.size, &value)) {
        char room[24];
        rnni_spot spot = rnni_csv_spot(r->reader, r->plan, r->plan->numbers[k], room);
        return rnni_fail_at(&spot, RNN_ERROR_DATA, "\"%.*s\" is not a number", rnni_shown(text), text.text);
    }
    r->row->numbers[k] = value;
    return check_number(r, k, text);
}

static rnn_status_t read_label(const reading *r, rnni_labels *labels, const rnni_store *store)
{
    rnni_piece text = rnni_trim(r->reader->fields[r->plan->label]);
    r->row->label_missing = false;
    if (text.size == 0) {
        if (r->policy == RNNI_MISSING_FILL)
            return fail_in(r, r->plan->label, RNN_ERROR_DATA,
                           "the label is missing, and a label cannot be filled in");
        r->row->label_missing = r->policy == RNNI_MISSING_PREVIOUS;
        return miss(r, r->plan->label);
    }
    char room[24];
    rnni_spot spot = rnni_csv_spot(r->reader, r->plan, r->plan->label, room);
    if (labels) return rnni_labels_add(labels, &spot, text, &r->row->label);
    r->row->label = rnni_labels_find(store, text);
    if (r->row->label >= 0) return RNN_OK;
    return rnni_fail_at(&spot, RNN_ERROR_DATA, "there is no class \"%.*s\" any more", rnni_shown(text),
                        text.text);
}

rnn_status_t rnni_csv_row_read(rnni_csv_row *row, const rnn_csv_t *csv, const rnni_csv_plan *plan,
                               const rnni_csv_reader *reader, rnni_labels *labels, const rnni_store *store)
{
    reading r = { row, csv, plan, reader, rnni_csv_int(csv, RNN_CSV_MISSING) };
    if (reader->count != plan->columns) {
        rnni_spot spot = { reader->path, reader->line, NULL };
        return rnni_fail_at(&spot, RNN_ERROR_FORMAT, "there are %zu columns, expected %zu", reader->count,
                            plan->columns);
    }
    row->dropped = false;
    for (size_t i = 0; r.policy == RNNI_MISSING_DROP && i < plan->text_count; i++)
        if (rnni_trim(reader->fields[plan->texts[i]]).size == 0) row->dropped = true;
    for (size_t k = 0; k < plan->number_count; k++) RNNI_TRY(read_number(&r, k));
    /* A row that is left out names no class. */
    if (plan->has_label && !row->dropped) RNNI_TRY(read_label(&r, labels, store));
    if (!row->dropped) row->any = true;
    return RNN_OK;
}

rnn_status_t rnni_csv_row_tokens(const rnn_csv_t *csv, const rnni_csv_plan *plan,
                                 const rnni_csv_reader *reader, size_t text, int32_t **ids, size_t *capacity,
                                 size_t *count)
{
    char room[24];
    rnni_piece field = reader->fields[plan->texts[text]];
    rnni_spot spot = rnni_csv_spot(reader, plan, plan->texts[text], room);
    if (plan->is_ids[text]) return rnni_parse_ids(csv->context, &spot, field, ids, capacity, count);
    return rnni_tokenizer_encode(csv->tokenizer, csv->context, field.text, field.size, ids, capacity, count);
}
