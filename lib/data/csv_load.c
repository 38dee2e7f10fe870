/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "data/csv.h"

/* A file while it is read for the first time. */
typedef struct loading {
    rnn_context_t *context;
    const rnn_csv_t *csv;
    rnni_csv_table *table;
    rnni_labels labels;
    rnni_store *store; /* NULL: the table takes in the rows */
    int32_t *ids;
    rnni_real *reals;
    size_t ids_capacity, reals_capacity;
} loading;

/* ---- rows into columns in memory ---- */

static rnn_status_t add_numbers(loading *l, rnni_column *column, const double *numbers, size_t count)
{
    RNNI_TRY(rnni_grow(l->context, (void **)&l->reals, &l->reals_capacity, count, sizeof(*l->reals)));
    for (size_t i = 0; i < count; i++) l->reals[i] = (rnni_real)numbers[i];
    return rnni_column_add_values(l->context, column, RNNI_COLUMN_VECTOR, l->reals, 1, (int64_t)count);
}

static rnn_status_t add_weight(loading *l, double weight)
{
    rnn_batch_t *data = &l->store->data;
    RNNI_TRY(rnni_grow(l->context, (void **)&data->weight_room, &data->weight_capacity,
                       (size_t)data->count + 1, sizeof(*data->weight_room)));
    data->weight = data->weight_room;
    data->weight[data->count] = (rnni_real)weight;
    return RNN_OK;
}

static rnn_status_t add_row(loading *l)
{
    const rnni_csv_plan *plan = &l->table->plan;
    const rnni_csv_row *row = &l->table->row;
    rnn_batch_t *data = &l->store->data;
    for (size_t i = 0; i < plan->text_count; i++) {
        size_t count = 0;
        RNNI_TRY(rnni_csv_row_tokens(l->csv, plan, &l->table->reader, i, &l->ids, &l->ids_capacity, &count));
        RNNI_TRY(
            rnni_column_add_ids(l->context, &data->input[i], RNNI_COLUMN_TOKENS, l->ids, (int64_t)count));
    }
    if (plan->values) RNNI_TRY(add_numbers(l, &data->input[plan->text_count], row->numbers, plan->values));
    if (plan->has_label)
        RNNI_TRY(rnni_column_add_ids(l->context, &data->target[0], RNNI_COLUMN_CLASS, &row->label, 1));
    if (plan->targets)
        RNNI_TRY(add_numbers(l, &data->target[plan->has_label], row->numbers + plan->values, plan->targets));
    if (plan->has_weight) RNNI_TRY(add_weight(l, row->numbers[plan->values + plan->targets]));
    data->count++;
    return RNN_OK;
}

/* A file without rows has the columns too. */
static rnn_status_t fix_kind(loading *l, rnni_column *column, rnni_column_kind kind, size_t width)
{
    if (column->kind != RNNI_COLUMN_NONE) return RNN_OK;
    RNNI_TRY(rnni_column_reserve(l->context, column, kind, 0, 0, (int64_t)width));
    column->kind = kind;
    column->width = (int64_t)width;
    return RNN_OK;
}

static rnn_status_t fix_kinds(loading *l)
{
    const rnni_csv_plan *plan = &l->table->plan;
    rnn_batch_t *data = &l->store->data;
    for (size_t i = 0; i < plan->text_count; i++)
        RNNI_TRY(fix_kind(l, &data->input[i], RNNI_COLUMN_TOKENS, 1));
    if (plan->values) RNNI_TRY(fix_kind(l, &data->input[plan->text_count], RNNI_COLUMN_VECTOR, plan->values));
    if (plan->has_label) RNNI_TRY(fix_kind(l, &data->target[0], RNNI_COLUMN_CLASS, 1));
    if (plan->targets)
        RNNI_TRY(fix_kind(l, &data->target[plan->has_label], RNNI_COLUMN_VECTOR, plan->targets));
    return RNN_OK;
}

static rnn_status_t settle_columns(loading *l)
{
    RNNI_TRY(fix_kinds(l));
    if (l->table->plan.has_label) {
        rnni_column *classes = &l->store->data.target[0];
        RNNI_TRY(rnni_labels_settle(&l->labels, l->store, classes->ids, classes->count));
    }
    rnni_store_settle(l->store);
    return RNN_OK;
}

/* ---- the file ---- */

/* Reads the first record and finds the columns. */
static rnn_status_t begin(rnni_csv_reader *reader, rnni_csv_plan *plan, const rnn_csv_t *csv)
{
    rnn_status_t status = rnni_csv_next(reader);
    if (status == RNN_END) return rnni_fail(RNN_ERROR_FORMAT, "%s is empty", reader->path);
    RNNI_TRY(status);
    return rnni_csv_plan_make(plan, csv, reader);
}

static rnn_status_t take_row(loading *l)
{
    rnni_csv_table *t = l->table;
    RNNI_TRY(rnni_csv_row_read(&t->row, l->csv, &t->plan, &t->reader, &l->labels, NULL));
    if (t->row.dropped) return RNN_OK;
    return l->store ? add_row(l) : rnni_csv_table_add(t, &t->row, &t->reader);
}

/* Ids that are wrong are found now and not in the middle of training. */
static rnn_status_t check_ids(loading *l)
{
    const rnni_csv_plan *plan = &l->table->plan;
    size_t count;
    for (size_t i = 0; !l->store && i < plan->text_count; i++)
        if (plan->is_ids[i])
            RNNI_TRY(
                rnni_csv_row_tokens(l->csv, plan, &l->table->reader, i, &l->ids, &l->ids_capacity, &count));
    return RNN_OK;
}

static rnn_status_t take_rows(loading *l)
{
    rnni_csv_table *t = l->table;
    rnn_status_t status = t->plan.header ? rnni_csv_next(&t->reader) : RNN_OK;
    for (; status == RNN_OK; status = rnni_csv_next(&t->reader)) {
        RNNI_TRY(take_row(l));
        RNNI_TRY(check_ids(l));
    }
    return status == RNN_END ? RNN_OK : status;
}

static rnn_status_t prepare(loading *l)
{
    rnni_csv_table *t = l->table;
    rnni_csv_windows *w = &t->windows;
    int64_t window = rnni_csv_int(l->csv, RNN_CSV_WINDOW);
    RNNI_TRY(begin(&t->reader, &t->plan, l->csv));
    RNNI_REQUIRE(window == 0 || t->plan.text_count == 0, RNN_ERROR_STATE,
                 "windows are cut from columns of numbers, but the reader has a column of text or ids");
    RNNI_TRY(rnni_csv_row_make(&t->row, &t->plan));
    *w = (rnni_csv_windows){ .single = window == 0, .steps = window ? window : 1 };
    w->stride = w->single ? 1 : rnni_csv_int(l->csv, RNN_CSV_STRIDE);
    w->horizon = w->single ? 0 : rnni_csv_int(l->csv, RNN_CSV_HORIZON);
    w->each_step = !w->single && rnni_csv_int(l->csv, RNN_CSV_EACH_STEP) != 0;
    t->stream = rnni_csv_int(l->csv, RNN_CSV_STREAM) != 0;
    return RNN_OK;
}

static rnn_status_t load_columns(loading *l, rnn_dataset_t **dataset)
{
    const rnni_csv_plan *plan = &l->table->plan;
    rnn_dataset_t *made = rnn_dataset_create(l->context);
    if (!made) return RNN_ERROR_MEMORY;
    l->store = made->store;
    rnn_status_t status =
        rnni_batch_prepare(&made->store->data, (int32_t)plan->text_count + (plan->values > 0),
                           plan->has_label + (plan->targets > 0));
    made->store->data.count = 0;
    if (status == RNN_OK) status = take_rows(l);
    if (status == RNN_OK) status = settle_columns(l);
    if (status == RNN_OK) *dataset = made;
    else rnn_dataset_free(made);
    return status;
}

static rnn_status_t load(loading *l, rnn_dataset_t **dataset)
{
    RNNI_TRY(prepare(l));
    if (l->table->windows.single && !l->table->stream) return load_columns(l, dataset);
    RNNI_TRY(take_rows(l));
    rnni_csv_table *table = l->table;
    l->table = NULL;
    return rnni_csv_table_open(table, &l->labels, dataset);
}

static rnn_status_t check_tokenizer(const rnn_csv_t *csv)
{
    bool text = false;
    for (size_t i = 0; i < csv->count; i++) text = text || csv->choices[i].use == RNN_CSV_TEXT;
    RNNI_REQUIRE(!text || csv->tokenizer, RNN_ERROR_STATE,
                 "the reader has a column of text but no tokenizer (rnn_csv_set_tokenizer)");
    RNNI_REQUIRE(!text || rnn_tokenizer_size(csv->tokenizer) > 0, RNN_ERROR_STATE,
                 "the vocabulary of the tokenizer is not built yet: rnn_tokenizer_build does it");
    return RNN_OK;
}

static void open_reader(rnni_csv_reader *reader, const rnn_csv_t *csv, rnn_io_t io, const char *path)
{
    rnni_csv_open(reader, csv->context, io, path, (char)rnni_csv_int(csv, RNN_CSV_SEPARATOR),
                  (char)rnni_csv_int(csv, RNN_CSV_QUOTE));
}

rnn_status_t rnni_csv_load(const rnn_csv_t *csv, rnn_io_t io, const char *path, const rnn_dataset_t *like,
                           rnn_dataset_t **dataset)
{
    loading l = { .context = csv->context, .csv = csv };
    l.table = rnni_csv_table_create(l.context, csv, path);
    if (!l.table) {
        rnni_io_close(&io);
        return RNN_ERROR_MEMORY;
    }
    open_reader(&l.table->reader, csv, io, l.table->path);
    rnni_labels_begin(&l.labels, l.context, like);
    rnn_status_t status = load(&l, dataset);
    rnni_labels_end(&l.labels);
    if (l.table) rnni_csv_table_free(l.table);
    rnni_free(l.context, l.ids, l.ids_capacity * sizeof(*l.ids));
    rnni_free(l.context, l.reals, l.reals_capacity * sizeof(*l.reals));
    return status;
}

rnn_status_t rnn_csv_load(const rnn_csv_t *csv, const char *path, const rnn_dataset_t *like,
                          rnn_dataset_t **dataset)
{
    RNNI_REQUIRE(csv && path && dataset, RNN_ERROR_ARGUMENT, "the %s is NULL",
                 !csv    ? "reader"
                 : !path ? "path"
                         : "place for the dataset");
    RNNI_TRY(check_tokenizer(csv));
    rnn_io_t io;
    RNNI_TRY(rnni_io_open_file(csv->context, path, &io));
    return rnni_csv_load(csv, io, path, like, dataset);
}

/* ---- words ---- */

static rnn_status_t count_words(rnni_csv_reader *reader, const rnni_csv_plan *plan,
                                rnn_tokenizer_t *tokenizer)
{
    rnn_status_t status = plan->header ? rnni_csv_next(reader) : RNN_OK;
    for (; status == RNN_OK; status = rnni_csv_next(reader)) {
        for (size_t i = 0; i < plan->text_count; i++) {
            if (plan->is_ids[i] || plan->texts[i] >= reader->count) continue;
            rnni_piece text = reader->fields[plan->texts[i]];
            RNNI_TRY(rnn_tokenizer_add_text(tokenizer, text.text, (int64_t)text.size));
        }
    }
    return status == RNN_END ? RNN_OK : status;
}

rnn_status_t rnn_csv_count_words(const rnn_csv_t *csv, const char *path, rnn_tokenizer_t *tokenizer)
{
    RNNI_REQUIRE(csv && path && tokenizer, RNN_ERROR_ARGUMENT, "the %s is NULL",
                 !csv    ? "reader"
                 : !path ? "path"
                         : "tokenizer");
    rnn_io_t io;
    RNNI_TRY(rnni_io_open_file(csv->context, path, &io));
    rnni_csv_reader reader;
    rnni_csv_plan plan = { 0 };
    open_reader(&reader, csv, io, path);
    rnn_status_t status = begin(&reader, &plan, csv);
    if (status == RNN_OK) status = count_words(&reader, &plan, tokenizer);
    rnni_csv_plan_free(&plan);
    rnni_csv_close(&reader);
    return status;
}
