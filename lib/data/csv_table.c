/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "data/csv.h"

#define SAMPLE_CHUNK ((size_t)4096) /* read at once where rows are wanted in any order */
#define BLOCK ((size_t)8192)        /* positions that are kept together: one growing array would be moved */

/* A number (or, behind the last, the label) that a row has from an earlier one. */
struct rnni_csv_patch {
    int64_t row;
    size_t number;
    double value;
};

rnni_csv_table *rnni_csv_table_create(rnn_context_t *context, const rnn_csv_t *csv, const char *path)
{
    rnni_csv_table *table = rnni_alloc(context, sizeof(*table));
    if (!table) return NULL;
    table->context = rnni_context_hold(context);
    table->current = -1;
    table->csv = rnni_csv_copy(csv);
    table->path = table->csv ? rnni_strdup(context, path) : NULL;
    if (table->path) return table;
    rnni_csv_table_free(table);
    return NULL;
}

static void free_block(rnni_csv_table *table, void *block, size_t capacity, size_t size)
{
    rnni_free(table->context, block, capacity * size);
}

void rnni_csv_table_free(rnni_csv_table *table)
{
    rnn_context_t *context = table->context;
    rnni_csv_row_free(&table->row, &table->plan);
    rnni_csv_plan_free(&table->plan);
    if (table->reader.context) rnni_csv_close(&table->reader);
    if (table->path) rnni_free(context, table->path, strlen(table->path) + 1);
    rnn_csv_free(table->csv);
    free_block(table, table->values, table->values_capacity, sizeof(*table->values));
    free_block(table, table->targets, table->targets_capacity, sizeof(*table->targets));
    free_block(table, table->weights, table->weights_capacity, sizeof(*table->weights));
    free_block(table, table->labels, table->labels_capacity, sizeof(*table->labels));
    for (size_t i = 0; i < table->blocks; i++)
        free_block(table, table->positions[i], BLOCK, sizeof(**table->positions));
    free_block(table, table->positions, table->positions_capacity, sizeof(*table->positions));
    free_block(table, table->patches, table->patch_capacity, sizeof(*table->patches));
    free_block(table, table->sample_values, table->sample_values_capacity, sizeof(*table->sample_values));
    free_block(table, table->sample_targets, table->sample_targets_capacity, sizeof(*table->sample_targets));
    free_block(table, table->sample_labels, table->sample_labels_capacity, sizeof(*table->sample_labels));
    free_block(table, table->ids, table->ids_capacity, sizeof(*table->ids));
    rnni_free(context, table, sizeof(*table));
    rnn_context_free(context);
}

/* ---- taking in rows ---- */

static rnn_status_t grow_floats(rnni_csv_table *table, float **items, size_t *capacity, int64_t rows,
                                size_t width)
{
    size_t needed;
    if (!rnni_mul((size_t)rows, width, &needed)) return rnni_fail_memory("a table", SIZE_MAX);
    return rnni_grow(table->context, (void **)items, capacity, needed ? needed : 1, sizeof(**items));
}

static void copy_numbers(float *out, const double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) out[i] = (float)numbers[i];
}

static rnn_status_t add_to_memory(rnni_csv_table *t, const rnni_csv_row *row)
{
    const rnni_csv_plan *plan = &t->plan;
    int64_t at = t->windows.rows;
    RNNI_TRY(grow_floats(t, &t->values, &t->values_capacity, at + 1, plan->values));
    RNNI_TRY(grow_floats(t, &t->targets, &t->targets_capacity, at + 1, plan->targets));
    RNNI_TRY(grow_floats(t, &t->weights, &t->weights_capacity, at + 1, 1));
    RNNI_TRY(
        rnni_grow(t->context, (void **)&t->labels, &t->labels_capacity, (size_t)at + 1, sizeof(*t->labels)));
    copy_numbers(t->values + (size_t)at * plan->values, row->numbers, plan->values);
    copy_numbers(t->targets + (size_t)at * plan->targets, row->numbers + plan->values, plan->targets);
    if (plan->has_weight) t->weights[at] = (float)row->numbers[plan->values + plan->targets];
    t->labels[at] = row->label;
    return RNN_OK;
}

static rnn_status_t add_patch(rnni_csv_table *t, size_t number, double value)
{
    RNNI_TRY(rnni_grow(t->context, (void **)&t->patches, &t->patch_capacity, t->patch_count + 1,
                       sizeof(*t->patches)));
    t->patches[t->patch_count++] = (struct rnni_csv_patch){ t->windows.rows, number, value };
    return RNN_OK;
}

static rnn_status_t add_block(rnni_csv_table *t)
{
    RNNI_TRY(rnni_grow(t->context, (void **)&t->positions, &t->positions_capacity, t->blocks + 1,
                       sizeof(*t->positions)));
    t->positions[t->blocks] = rnni_alloc_array(t->context, BLOCK, sizeof(**t->positions));
    if (!t->positions[t->blocks]) return RNN_ERROR_MEMORY;
    t->blocks++;
    return RNN_OK;
}

static rnn_status_t add_position(rnni_csv_table *t, const rnni_csv_row *row, const rnni_csv_reader *reader)
{
    size_t at = (size_t)t->windows.rows;
    if (at == t->blocks * BLOCK) RNNI_TRY(add_block(t));
    t->positions[at / BLOCK][at % BLOCK] = reader->position;
    for (size_t k = 0; k < t->plan.number_count; k++)
        if (row->missing[k]) RNNI_TRY(add_patch(t, k, row->numbers[k]));
    if (t->plan.has_label && row->label_missing) RNNI_TRY(add_patch(t, t->plan.number_count, row->label));
    return RNN_OK;
}

rnn_status_t rnni_csv_table_add(rnni_csv_table *table, const rnni_csv_row *row, const rnni_csv_reader *reader)
{
    if (table->stream) RNNI_TRY(add_position(table, row, reader));
    else RNNI_TRY(add_to_memory(table, row));
    table->windows.rows++;
    return RNN_OK;
}

/* ---- giving samples ---- */

static void patch_row(rnni_csv_table *t, int64_t number)
{
    size_t low = 0, high = t->patch_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->patches[middle].row < number) low = middle + 1;
        else high = middle;
    }
    for (; low < t->patch_count && t->patches[low].row == number; low++) {
        const struct rnni_csv_patch *patch = &t->patches[low];
        if (patch->number < t->plan.number_count) t->row.numbers[patch->number] = patch->value;
        else t->row.label = (int32_t)patch->value;
    }
}

/* Reads a row of the file into table->row. */
static rnn_status_t fetch(rnni_csv_table *t, int64_t number)
{
    if (t->current == number) return RNN_OK;
    t->current = -1;
    rnni_spot spot = { t->path, 0, NULL };
    size_t at = (size_t)number;
    RNNI_TRY(rnni_csv_seek(&t->reader, t->positions[at / BLOCK][at % BLOCK]));
    rnn_status_t status = rnni_csv_next(&t->reader);
    if (status == RNN_END)
        return rnni_fail_at(&spot, RNN_ERROR_DATA, "row %lld is no longer there", (long long)number);
    RNNI_TRY(status);
    t->row.any = true;
    RNNI_TRY(rnni_csv_row_read(&t->row, t->csv, &t->plan, &t->reader, NULL, t->store));
    if (t->row.dropped)
        return rnni_fail_at(&spot, RNN_ERROR_DATA, "row %lld has lost a value since it was read first",
                            (long long)number);
    patch_row(t, number);
    t->current = number;
    return RNN_OK;
}

/* The values of `steps` rows; those of a file go through the sample's own block. */
static rnn_status_t values_of(rnni_csv_table *t, int64_t first, int64_t steps, const float **values)
{
    size_t width = t->plan.values;
    if (!t->stream) {
        *values = t->values + (size_t)first * width;
        return RNN_OK;
    }
    RNNI_TRY(grow_floats(t, &t->sample_values, &t->sample_values_capacity, steps, width));
    for (int64_t s = 0; s < steps; s++) {
        RNNI_TRY(fetch(t, first + s));
        copy_numbers(t->sample_values + (size_t)s * width, t->row.numbers, width);
    }
    *values = t->sample_values;
    return RNN_OK;
}

static rnn_status_t answers_of(rnni_csv_table *t, int64_t first, int64_t steps, const float **targets,
                               const int32_t **labels, double *weight)
{
    size_t width = t->plan.targets;
    int64_t last = first + steps - 1;
    if (!t->stream) {
        *targets = t->targets + (size_t)first * width;
        *labels = t->labels + first;
        *weight = t->plan.has_weight ? (double)t->weights[last] : 1;
        return RNN_OK;
    }
    RNNI_TRY(grow_floats(t, &t->sample_targets, &t->sample_targets_capacity, steps, width));
    RNNI_TRY(rnni_grow(t->context, (void **)&t->sample_labels, &t->sample_labels_capacity, (size_t)steps,
                       sizeof(*t->sample_labels)));
    for (int64_t s = 0; s < steps; s++) {
        RNNI_TRY(fetch(t, first + s));
        copy_numbers(t->sample_targets + (size_t)s * width, t->row.numbers + t->plan.values, width);
        t->sample_labels[s] = t->row.label;
    }
    *targets = t->sample_targets;
    *labels = t->sample_labels;
    *weight = t->plan.has_weight ? t->row.numbers[t->plan.values + width] : 1;
    return RNN_OK;
}

static rnn_status_t set_texts(rnni_csv_table *t, int64_t first, rnn_sample_t *sample)
{
    for (size_t i = 0; i < t->plan.text_count; i++) {
        size_t count = 0;
        RNNI_TRY(fetch(t, first));
        RNNI_TRY(rnni_csv_row_tokens(t->csv, &t->plan, &t->reader, i, &t->ids, &t->ids_capacity, &count));
        RNNI_TRY(rnn_sample_set_tokens(sample, (int32_t)i, t->ids, (int64_t)count));
    }
    return RNN_OK;
}

static rnn_status_t set_answers(rnni_csv_table *t, int64_t first, rnn_sample_t *sample, int32_t column)
{
    const rnni_csv_windows *w = &t->windows;
    int64_t steps = w->each_step ? w->steps : 1, from = w->each_step ? first : first + w->steps - 1;
    const float *targets = NULL;
    const int32_t *labels = NULL;
    double weight = 1;
    RNNI_TRY(answers_of(t, from + w->horizon, steps, &targets, &labels, &weight));
    int64_t width = (int64_t)t->plan.targets;
    if (t->plan.has_weight) RNNI_TRY(rnn_sample_set_weight(sample, weight));
    if (t->plan.has_label && w->each_step) RNNI_TRY(rnn_sample_set_tokens(sample, column++, labels, steps));
    else if (t->plan.has_label) RNNI_TRY(rnn_sample_set_class(sample, column++, labels[0]));
    if (width == 0) return RNN_OK;
    if (w->each_step) return rnn_sample_set_values(sample, column, targets, steps, width);
    return rnn_sample_set_vector(sample, column, targets, width);
}

static bool has_answers(const rnni_csv_plan *plan)
{
    return plan->has_label || plan->has_weight || plan->targets > 0;
}

static rnn_status_t read_sample(int64_t index, rnn_sample_t *sample, void *user)
{
    rnni_csv_table *t = user;
    const rnni_csv_windows *w = &t->windows;
    int64_t first = index * w->stride;
    int32_t column = (int32_t)t->plan.text_count;
    RNNI_TRY(set_texts(t, first, sample));
    if (t->plan.values > 0) {
        const float *values = NULL;
        RNNI_TRY(values_of(t, first, w->steps, &values));
        int64_t width = (int64_t)t->plan.values;
        if (w->single) RNNI_TRY(rnn_sample_set_vector(sample, column++, values, width));
        else RNNI_TRY(rnn_sample_set_values(sample, column++, values, w->steps, width));
    }
    return has_answers(&t->plan) ? set_answers(t, first, sample, column) : RNN_OK;
}

static void release_table(void *user) { rnni_csv_table_free(user); }

/* ---- the dataset ---- */

static rnn_status_t count_windows(const rnni_csv_table *t, int64_t *count)
{
    const rnni_csv_windows *w = &t->windows;
    int64_t needed = w->steps + (has_answers(&t->plan) ? w->horizon : 0);
    if (w->single) {
        *count = w->rows;
        return RNN_OK;
    }
    RNNI_REQUIRE(w->rows >= needed, RNN_ERROR_DATA,
                 "%s has %lld rows, but a window and its horizon need %lld", t->path, (long long)w->rows,
                 (long long)needed);
    *count = (w->rows - needed) / w->stride + 1;
    return RNN_OK;
}

static void settle_patches(rnni_csv_table *t, const rnni_labels *labels, const rnni_store *store)
{
    for (size_t i = 0; !store->has_names && i < t->patch_count; i++)
        if (t->patches[i].number == t->plan.number_count)
            t->patches[i].value = (double)labels->seen.words[(size_t)t->patches[i].value].tally;
}

static int64_t count_classes(const rnni_labels *labels, const rnni_store *store)
{
    int64_t classes = 0;
    if (store->has_names) return (int64_t)store->names.count;
    for (size_t i = 0; i < labels->seen.count; i++)
        if (labels->seen.words[i].tally + 1 > classes) classes = labels->seen.words[i].tally + 1;
    return classes;
}

static rnn_status_t settle(rnni_csv_table *t, const rnni_labels *labels, rnni_store *store)
{
    t->store = store;
    t->current = -1;
    if (t->stream) {
        RNNI_TRY(rnni_csv_seek(&t->reader, 0)); /* while there is somebody to tell that it cannot be done */
        t->reader.chunk = SAMPLE_CHUNK;
    }
    if (!t->plan.has_label) return RNN_OK;
    RNNI_TRY(rnni_labels_settle(labels, store, t->labels, t->stream ? 0 : t->windows.rows));
    settle_patches(t, labels, store);
    store->classes = count_classes(labels, store);
    return RNN_OK;
}

rnn_status_t rnni_csv_table_open(rnni_csv_table *table, const rnni_labels *labels, rnn_dataset_t **dataset)
{
    const rnni_csv_plan *plan = &table->plan;
    rnn_source_t source = { .struct_size = sizeof(source),
                            .inputs = (int32_t)plan->text_count + (plan->values > 0),
                            .targets = plan->has_label + (plan->targets > 0),
                            .read = read_sample,
                            .release = release_table,
                            .user = table };
    rnn_dataset_t *made = NULL;
    rnn_status_t status = count_windows(table, &source.count);
    if (status != RNN_OK) {
        rnni_csv_table_free(table);
        return status;
    }
    RNNI_TRY(rnni_dataset_of_own(table->context, &source, &made));
    status = settle(table, labels, made->store);
    if (status == RNN_OK) *dataset = made;
    else rnn_dataset_free(made);
    return status;
}
