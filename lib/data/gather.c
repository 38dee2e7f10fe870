/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "data/dataset.h"

/* How sequences are cut and filled up; see RNN_DATA_* for the meaning. */
typedef struct shaping {
    int64_t pad, truncate, max_length, pad_id, max_id;
} shaping;

/* Some samples of `from`, to be copied to `to`. */
typedef struct gathering {
    rnn_context_t *context;
    const rnn_batch_t *from;
    rnn_batch_t *to;
    const int64_t *samples; /* sequence samples[b] + start of `from` becomes sequence b; NULL: sequence b */
    int64_t start, count;
    shaping shape;
} gathering;

enum { PAD_NONE, PAD_PRE, PAD_POST };
enum { TRUNCATE_PRE, TRUNCATE_POST };

static shaping shaping_of(const rnn_dataset_t *dataset)
{
    return (shaping){
        .pad = rnni_dataset_int(dataset, RNN_DATA_PAD),
        .truncate = rnni_dataset_int(dataset, RNN_DATA_TRUNCATE),
        .max_length = rnni_dataset_int(dataset, RNN_DATA_MAX_LENGTH),
        .pad_id = rnni_dataset_int(dataset, RNN_DATA_PAD_ID),
        .max_id = rnni_dataset_int(dataset, RNN_DATA_MAX_ID),
    };
}

static bool has_steps(const rnni_column *column)
{
    return column->kind == RNNI_COLUMN_TOKENS || column->kind == RNNI_COLUMN_VALUES;
}

/* The sequence of `from` that becomes number b. */
static int64_t source_of(const gathering *g, int64_t b)
{
    return g->samples ? g->samples[b] + g->start : b;
}

static int64_t steps_of(const gathering *g, const rnni_column *from, int64_t b)
{
    int64_t n = source_of(g, b);
    return from->starts[n + 1] - from->starts[n];
}

/* Steps that stay of `steps`. */
static int64_t kept_of(const gathering *g, int64_t steps)
{
    return g->shape.max_length > 0 && steps > g->shape.max_length ? g->shape.max_length : steps;
}

/* The length that sequences of a column are filled up to; 0 when they are not. */
static int64_t padded_length(const gathering *g, const rnni_column *from)
{
    if (g->shape.pad == PAD_NONE) return 0;
    if (g->shape.max_length > 0) return g->shape.max_length;
    int64_t longest = 0;
    for (int64_t b = 0; b < g->count; b++)
        if (steps_of(g, from, b) > longest) longest = steps_of(g, from, b);
    return longest;
}

/* The place of one sequence: `kept` rows from `first` on go to row `at` + `before`; `before` and `after` rows
 * of padding lie around them. */
typedef struct placing {
    int64_t first, kept, at, before, after;
} placing;

static placing place_of(const gathering *g, const rnni_column *from, const rnni_column *to, int64_t b,
                        bool shaped, int64_t length)
{
    int64_t steps = steps_of(g, from, b);
    placing p = { from->starts[source_of(g, b)], steps, to->starts[b], 0, 0 };
    if (!shaped) return p;
    p.kept = kept_of(g, steps);
    if (g->shape.truncate == TRUNCATE_PRE) p.first += steps - p.kept;
    int64_t missing = length > p.kept ? length - p.kept : 0;
    if (g->shape.pad == PAD_PRE) p.before = missing;
    if (g->shape.pad == PAD_POST) p.after = missing;
    return p;
}

/* Rows of all sequences together after shaping. */
static rnn_status_t count_rows(const gathering *g, const rnni_column *from, bool shaped, int64_t length,
                               int64_t *rows)
{
    int64_t total = 0;
    for (int64_t b = 0; b < g->count; b++) {
        int64_t steps = steps_of(g, from, b);
        if (shaped) steps = kept_of(g, steps);
        if (shaped && steps < length) steps = length;
        if (!rnni_add_i64(total, steps, &total)) return rnni_fail_memory("a batch", SIZE_MAX);
    }
    *rows = total;
    return RNN_OK;
}

static void fill_ids(int32_t *out, int64_t count, int32_t id)
{
    for (int64_t i = 0; i < count; i++) out[i] = id;
}

static void copy_ids(const gathering *g, rnni_column *to, const rnni_column *from, placing p, bool is_input)
{
    int32_t *out = to->ids + p.at, padding = is_input ? (int32_t)g->shape.pad_id : -1;
    fill_ids(out, p.before, padding);
    memcpy(out + p.before, from->ids + p.first, (size_t)p.kept * sizeof(*out));
    fill_ids(out + p.before + p.kept, p.after, padding);
    if (!is_input || g->shape.max_id == 0 || from->kind != RNNI_COLUMN_TOKENS) return;
    for (int64_t i = p.before; i < p.before + p.kept; i++)
        if (out[i] >= g->shape.max_id) out[i] = RNN_TOKEN_UNKNOWN;
}

static void copy_values(rnni_column *to, const rnni_column *from, placing p)
{
    int64_t width = from->width;
    rnni_real *out = to->values + p.at * width, *end = out + (p.before + p.kept) * width;
    for (int64_t i = 0; i < p.before * width; i++) out[i] = 0;
    memcpy(out + p.before * width, from->values + p.first * width, (size_t)(p.kept * width) * sizeof(*out));
    for (int64_t i = 0; i < p.after * width; i++) end[i] = 0;
}

/* Steps of zeros in a target do not count. */
static void unmark_padding(rnni_column *to, placing p)
{
    memset(to->mask + p.at, 0, (size_t)p.before);
    memset(to->mask + p.at + p.before + p.kept, 0, (size_t)p.after);
}

/* `shaped`: cut and filled up to `length`, as inputs are, and targets that go step by step with one. */
static rnn_status_t gather_column(const gathering *g, rnni_column *to, const rnni_column *from, bool is_input,
                                  bool shaped, int64_t length)
{
    int64_t rows = 0;
    RNNI_TRY(count_rows(g, from, shaped, length, &rows));
    rnni_column_drop_mask(g->context, to);
    RNNI_TRY(rnni_column_reserve(g->context, to, from->kind, g->count, rows, from->width));
    to->kind = from->kind;
    to->width = from->width;
    to->count = g->count;
    to->starts[0] = 0;
    bool ids = from->kind == RNNI_COLUMN_TOKENS || from->kind == RNNI_COLUMN_CLASS;
    for (int64_t b = 0; b < g->count; b++) {
        placing p = place_of(g, from, to, b, shaped, length);
        to->starts[b + 1] = p.at + p.before + p.kept + p.after;
        if (ids) copy_ids(g, to, from, p, is_input);
        else copy_values(to, from, p);
    }
    if (is_input || ids || !shaped || length == 0) return RNN_OK;
    RNNI_TRY(rnni_column_make_mask(g->context, to));
    for (int64_t b = 0; b < g->count; b++) unmark_padding(to, place_of(g, from, to, b, shaped, length));
    return RNN_OK;
}

static bool same_steps(const gathering *g, const rnni_column *a, const rnni_column *b)
{
    for (int64_t i = 0; i < g->count; i++)
        if (steps_of(g, a, i) != steps_of(g, b, i)) return false;
    return true;
}

/* The input that a target per step goes along with: the first that has as many steps in every sample; NULL
 * when there is none. When several have, they are cut and filled up alike, so it does not matter which. */
static const rnni_column *partner_of(const gathering *g, const rnni_column *target)
{
    for (int32_t i = 0; has_steps(target) && i < g->from->inputs; i++) {
        const rnni_column *input = &g->from->input[i];
        if (has_steps(input) && same_steps(g, input, target)) return input;
    }
    return NULL;
}

static rnn_status_t gather_columns(const gathering *g)
{
    const rnn_batch_t *from = g->from;
    RNNI_TRY(rnni_batch_prepare(g->to, from->inputs, from->targets));
    for (int32_t i = 0; i < from->inputs; i++) {
        bool shaped = has_steps(&from->input[i]);
        RNNI_TRY(gather_column(g, &g->to->input[i], &from->input[i], true, shaped,
                               shaped ? padded_length(g, &from->input[i]) : 0));
    }
    for (int32_t i = 0; i < from->targets; i++) {
        const rnni_column *partner = partner_of(g, &from->target[i]);
        RNNI_TRY(gather_column(g, &g->to->target[i], &from->target[i], false, partner != NULL,
                               partner ? padded_length(g, partner) : 0));
    }
    return RNN_OK;
}

static rnn_status_t gather(const gathering *g)
{
    rnn_batch_t *to = g->to;
    rnn_status_t status = gather_columns(g);
    if (status == RNN_OK)
        status = rnni_grow(g->context, (void **)&to->index, &to->index_capacity, (size_t)g->count,
                           sizeof(*to->index));
    if (status != RNN_OK) {
        to->inputs = to->targets = 0;
        to->count = -1;
        return status;
    }
    for (int64_t b = 0; b < g->count; b++)
        to->index[b] = g->samples ? source_of(g, b) : g->from->index[b];
    to->count = g->count;
    return RNN_OK;
}

static rnn_status_t check_samples(rnn_dataset_t *dataset, const int64_t *samples, int64_t count)
{
    RNNI_REQUIRE(!rnni_store_is_sequential(dataset->store), RNN_ERROR_UNSUPPORTED,
                 "a sequential source cannot be read in any order");
    int64_t all = rnn_dataset_count(dataset);
    for (int64_t i = 0; i < count; i++)
        RNNI_REQUIRE(samples[i] >= 0 && samples[i] < all, RNN_ERROR_RANGE,
                     "sample number %lld, expected 0 to %lld", (long long)samples[i], (long long)all - 1);
    return RNN_OK;
}

rnn_status_t rnni_dataset_gather(rnn_dataset_t *dataset, const int64_t *samples, int64_t count,
                                 rnn_batch_t *batch)
{
    RNNI_TRY(check_samples(dataset, samples, count));
    rnni_store *store = dataset->store;
    shaping shape = shaping_of(dataset);
    gathering g = { batch->context, &store->data, batch, samples, dataset->start, count, shape };
    if (!store->is_source) return gather(&g);
    g.samples = NULL;
    pthread_mutex_lock(&store->lock);
    rnn_status_t status = rnni_source_read(store, samples, dataset->start, count);
    if (status == RNN_OK) status = gather(&g);
    pthread_mutex_unlock(&store->lock);
    return status;
}

rnn_status_t rnni_dataset_read_next(rnn_dataset_t *dataset, int64_t count, rnn_batch_t *batch)
{
    rnni_store *store = dataset->store;
    RNNI_REQUIRE(rnni_store_is_sequential(store), RNN_ERROR_UNSUPPORTED,
                 "only a sequential source is read by going on");
    gathering g = { batch->context, &store->data, batch, NULL, 0, 0, shaping_of(dataset) };
    pthread_mutex_lock(&store->lock);
    rnn_status_t status = rnni_source_read_next(store, count, &g.count);
    if (status == RNN_OK) status = gather(&g);
    pthread_mutex_unlock(&store->lock);
    return status;
}
