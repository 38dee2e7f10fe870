/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "data/augment.h"
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
    rnni_augment augment; /* all 0 outside training */
    int64_t position;     /* in the epoch of the first sample; -1: random numbers go by sample */
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
static int64_t source_of(const gathering *g, int64_t b) { return g->samples ? g->samples[b] + g->start : b; }

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

/* What keys the random numbers of a sequence. */
static uint64_t key_of(const gathering *g, int64_t b)
{
    if (g->position >= 0) return (uint64_t)(g->position + b);
    return (uint64_t)(g->samples ? source_of(g, b) : g->from->index[b]);
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

/* What a column is to the batch. */
typedef struct treatment {
    bool input;
    int32_t number; /* among the inputs or targets */
    bool shaped;    /* cut and filled up, as inputs are, and targets that go step by step with one */
    bool crops;     /* values, or a target that goes step by step with values */
    bool fixed;     /* an input that a target goes step by step with: none of its steps may go */
    int64_t length; /* filled up to; 0: not at all */
} treatment;

/* The place of one sequence: of `kept` rows from `first` on, `left` go to row `at` + `before`; `before` and
 * `after` rows of padding lie around them. */
typedef struct placing {
    int64_t first, kept, left, at, before, after;
} placing;

static placing place_of(const gathering *g, const rnni_column *from, const treatment *how, int64_t b)
{
    int64_t steps = steps_of(g, from, b), skipped = 0;
    placing p = { from->starts[source_of(g, b)], steps, steps, 0, 0, 0 };
    if (!how->shaped) return p;
    if (how->crops) rnni_augment_crop(&g->augment, key_of(g, b), steps, &skipped, &steps);
    p.first += skipped;
    p.left = p.kept = kept_of(g, steps);
    if (g->shape.truncate == TRUNCATE_PRE) p.first += steps - p.kept;
    if (how->input && from->kind == RNNI_COLUMN_TOKENS && !how->fixed)
        p.left = rnni_augment_left(&g->augment, how->number, key_of(g, b), p.kept);
    int64_t missing = how->length > p.left ? how->length - p.left : 0;
    if (g->shape.pad == PAD_PRE) p.before = missing;
    if (g->shape.pad == PAD_POST) p.after = missing;
    return p;
}

static int64_t rows_of(placing p) { return p.before + p.left + p.after; }

/* Rows of all sequences together after shaping. */
static rnn_status_t count_rows(const gathering *g, const rnni_column *from, const treatment *how,
                               int64_t *rows)
{
    int64_t total = 0;
    for (int64_t b = 0; b < g->count; b++)
        if (!rnni_add_i64(total, rows_of(place_of(g, from, how, b)), &total))
            return rnni_fail_memory("a batch", SIZE_MAX);
    *rows = total;
    return RNN_OK;
}

static void fill_ids(int32_t *out, int64_t count, int32_t id)
{
    for (int64_t i = 0; i < count; i++) out[i] = id;
}

static void copy_ids(const gathering *g, rnni_column *to, const rnni_column *from, placing p,
                     const treatment *how, int64_t b)
{
    const rnni_augment *augment = &g->augment;
    const int32_t *ids = from->ids + p.first;
    int32_t *out = to->ids + p.at, padding = how->input ? (int32_t)g->shape.pad_id : -1;
    bool tokens = how->input && from->kind == RNNI_COLUMN_TOKENS;
    bool changes = tokens && !how->fixed && (augment->drop > 0 || augment->swap > 0);
    fill_ids(out, p.before, padding);
    fill_ids(out + p.before + p.left, p.after, padding);
    out += p.before;
    if (changes) rnni_augment_tokens(augment, how->number, key_of(g, b), out, ids, p.kept);
    else memcpy(out, ids, (size_t)p.kept * sizeof(*out));
    if (tokens && how->fixed) rnni_augment_hide(augment, how->number, key_of(g, b), out, p.kept);
    if (!tokens || g->shape.max_id == 0) return;
    for (int64_t i = 0; i < p.left; i++)
        if (out[i] >= g->shape.max_id) out[i] = RNN_TOKEN_UNKNOWN;
}

static void copy_values(const gathering *g, rnni_column *to, const rnni_column *from, placing p,
                        const treatment *how, int64_t b)
{
    int64_t width = from->width;
    rnni_real *out = to->values + p.at * width, *kept = out + p.before * width, *end = kept + p.kept * width;
    for (int64_t i = 0; i < p.before * width; i++) out[i] = 0;
    memcpy(kept, from->values + p.first * width, (size_t)(p.kept * width) * sizeof(*out));
    for (int64_t i = 0; i < p.after * width; i++) end[i] = 0;
    if (how->input && from->kind == RNNI_COLUMN_VALUES)
        rnni_augment_values(&g->augment, how->number, key_of(g, b), kept, p.kept, width);
}

/* Steps of zeros in a target do not count. */
static void unmark_padding(rnni_column *to, int64_t b, placing p)
{
    memset(to->mask + to->starts[b], 0, (size_t)p.before);
    memset(to->mask + to->starts[b] + p.before + p.left, 0, (size_t)p.after);
}

static rnn_status_t gather_column(const gathering *g, rnni_column *to, const rnni_column *from, treatment how)
{
    int64_t rows = 0;
    RNNI_TRY(count_rows(g, from, &how, &rows));
    rnni_column_drop_mask(g->context, to);
    RNNI_TRY(rnni_column_reserve(g->context, to, from->kind, g->count, rows, from->width));
    to->kind = from->kind;
    to->width = from->width;
    to->count = g->count;
    to->starts[0] = 0;
    bool ids = from->kind == RNNI_COLUMN_TOKENS || from->kind == RNNI_COLUMN_CLASS;
    for (int64_t b = 0; b < g->count; b++) {
        placing p = place_of(g, from, &how, b);
        p.at = to->starts[b];
        to->starts[b + 1] = p.at + rows_of(p);
        if (ids) copy_ids(g, to, from, p, &how, b);
        else copy_values(g, to, from, p, &how, b);
    }
    if (how.input || ids || how.length == 0) return RNN_OK;
    RNNI_TRY(rnni_column_make_mask(g->context, to));
    for (int64_t b = 0; b < g->count; b++) unmark_padding(to, b, place_of(g, from, &how, b));
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

static bool leads_a_target(const gathering *g, const rnni_column *input)
{
    for (int32_t i = 0; has_steps(input) && i < g->from->targets; i++) {
        const rnni_column *target = &g->from->target[i];
        if (has_steps(target) && same_steps(g, input, target)) return true;
    }
    return false;
}

static rnn_status_t gather_columns(const gathering *g)
{
    const rnn_batch_t *from = g->from;
    RNNI_TRY(rnni_batch_prepare(g->to, from->inputs, from->targets));
    for (int32_t i = 0; i < from->inputs; i++) {
        const rnni_column *column = &from->input[i];
        bool shaped = has_steps(column);
        RNNI_TRY(
            gather_column(g, &g->to->input[i], column,
                          (treatment){ true, i, shaped, column->kind == RNNI_COLUMN_VALUES,
                                       leads_a_target(g, column), shaped ? padded_length(g, column) : 0 }));
    }
    for (int32_t i = 0; i < from->targets; i++) {
        const rnni_column *partner = partner_of(g, &from->target[i]);
        RNNI_TRY(gather_column(g, &g->to->target[i], &from->target[i],
                               (treatment){ false, i, partner != NULL,
                                            partner && partner->kind == RNNI_COLUMN_VALUES, false,
                                            partner ? padded_length(g, partner) : 0 }));
    }
    return RNN_OK;
}

static rnn_status_t gather_rest(const gathering *g)
{
    rnn_batch_t *to = g->to;
    RNNI_TRY(rnni_grow(g->context, (void **)&to->index, &to->index_capacity, (size_t)g->count,
                       sizeof(*to->index)));
    for (int64_t b = 0; b < g->count; b++) to->index[b] = g->samples ? source_of(g, b) : g->from->index[b];
    if (!g->from->weight) return RNN_OK;
    RNNI_TRY(rnni_batch_make_weights(to, g->count));
    for (int64_t b = 0; b < g->count; b++) to->weight[b] = g->from->weight[source_of(g, b)];
    return RNN_OK;
}

static rnn_status_t gather(const gathering *g)
{
    rnn_batch_t *to = g->to;
    rnn_status_t status = gather_columns(g);
    if (status == RNN_OK) status = gather_rest(g);
    if (status != RNN_OK) to->inputs = to->targets = 0;
    to->count = status == RNN_OK ? g->count : -1;
    return status;
}

/* How the samples of a batch are gathered, in training where `when` is given. */
static gathering gathering_of(const rnn_dataset_t *dataset, const rnni_epoch_of *when, rnn_batch_t *batch)
{
    gathering g = { .context = batch->context,
                    .from = &dataset->store->data,
                    .to = batch,
                    .shape = shaping_of(dataset),
                    .position = -1 };
    if (!when) return g;
    g.augment = (rnni_augment){
        .drop = rnni_dataset_float(dataset, RNN_DATA_DROP),
        .swap = rnni_dataset_float(dataset, RNN_DATA_SWAP),
        .jitter = rnni_dataset_float(dataset, RNN_DATA_JITTER),
        .scale = rnni_dataset_float(dataset, RNN_DATA_SCALE),
        .crop = rnni_dataset_float(dataset, RNN_DATA_CROP),
        .seed = when->seed,
        .epoch = when->epoch,
    };
    /* Repeated samples differ. */
    if (rnni_dataset_int(dataset, RNN_DATA_BALANCE) == RNNI_BALANCE_OVERSAMPLE) g.position = when->position;
    return g;
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

static rnn_status_t gather_samples(rnn_dataset_t *dataset, const int64_t *samples, int64_t count,
                                   const rnni_epoch_of *when, rnn_batch_t *batch)
{
    RNNI_TRY(check_samples(dataset, samples, count));
    rnni_store *store = dataset->store;
    gathering g = gathering_of(dataset, when, batch);
    g.count = count;
    g.start = dataset->start;
    if (!store->is_source) {
        g.samples = samples;
        return gather(&g);
    }
    pthread_mutex_lock(&store->lock);
    rnn_status_t status = rnni_source_read(store, samples, dataset->start, count);
    if (status == RNN_OK) status = gather(&g);
    pthread_mutex_unlock(&store->lock);
    return status;
}

static rnn_status_t gather_next(rnn_dataset_t *dataset, int64_t count, const rnni_epoch_of *when,
                                rnn_batch_t *batch)
{
    rnni_store *store = dataset->store;
    RNNI_REQUIRE(rnni_store_is_sequential(store), RNN_ERROR_UNSUPPORTED,
                 "only a sequential source is read by going on");
    gathering g = gathering_of(dataset, when, batch);
    pthread_mutex_lock(&store->lock);
    rnn_status_t status = rnni_source_read_next(store, count, &g.count);
    if (status == RNN_OK) status = gather(&g);
    pthread_mutex_unlock(&store->lock);
    return status;
}

rnn_status_t rnni_dataset_gather(rnn_dataset_t *dataset, const int64_t *samples, int64_t count,
                                 rnn_batch_t *batch)
{
    return gather_samples(dataset, samples, count, NULL, batch);
}

rnn_status_t rnni_dataset_read_next(rnn_dataset_t *dataset, int64_t count, rnn_batch_t *batch)
{
    return gather_next(dataset, count, NULL, batch);
}

rnn_status_t rnni_dataset_gather_train(rnn_dataset_t *dataset, const int64_t *samples, int64_t count,
                                       rnni_epoch_of when, rnn_batch_t *batch)
{
    RNNI_TRY(rnni_balance_prepare(dataset));
    RNNI_TRY(gather_samples(dataset, samples, count, &when, batch));
    return rnni_balance_weigh(dataset, batch);
}

rnn_status_t rnni_dataset_read_next_train(rnn_dataset_t *dataset, int64_t count, rnni_epoch_of when,
                                          rnn_batch_t *batch)
{
    RNNI_TRY(gather_next(dataset, count, &when, batch));
    return rnni_balance_weigh(dataset, batch);
}
