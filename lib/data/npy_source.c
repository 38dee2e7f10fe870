/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "data/npy.h"

/* Columns that stay in .npy files: sample n is row n of each. */

typedef struct stream_column {
    rnni_npy_rows rows;
    char *path;
    rnni_column_kind kind;
    int64_t steps, features; /* of a whole row */
    int64_t *lengths;        /* [count], or NULL: all `steps` */
} stream_column;

typedef struct stream {
    rnn_context_t *context; /* held */
    int32_t inputs, targets;
    stream_column *columns; /* [inputs + targets] */
    int64_t count;          /* samples */
    int32_t classes;        /* the target that class numbers are counted in; -1: none */
    int64_t largest;        /* class number in it so far */
    void *numbers;          /* of a row: 8 bytes each, and 4 for what becomes an id */
    size_t capacity;
} stream;

static void release_stream(void *user)
{
    stream *s = user;
    rnn_context_t *context = s->context;
    int32_t count = s->inputs + s->targets;
    for (int32_t i = 0; s->columns && i < count; i++) {
        stream_column *c = &s->columns[i];
        rnni_npy_close(&c->rows);
        if (c->path) rnni_free(context, c->path, strlen(c->path) + 1);
        rnni_free(context, c->lengths, (size_t)s->count * sizeof(*c->lengths));
    }
    rnni_free(context, s->columns, (size_t)count * sizeof(*s->columns));
    rnni_free(context, s->numbers, s->capacity);
    rnni_free(context, s, sizeof(*s));
    rnn_context_free(context);
}

/* ---- a column ---- */

static bool is_float(int32_t dtype) { return dtype == RNN_F16 || dtype == RNN_F32 || dtype == RNN_F64; }

/* The same shapes as rnn_dataset_add_input and rnn_dataset_add_target take. */
static rnn_status_t choose_kind(stream_column *c, bool target)
{
    const rnni_npy_header *h = &c->rows.header;
    bool real = is_float(c->rows.dtype);
    bool fits = real ? h->rank <= 3 : h->rank == 2 || (h->rank == 1 && target);
    RNNI_REQUIRE(fits, RNN_ERROR_SHAPE,
                 "%s has %d dimensions of %s, expected ids [N, T]%s, or numbers [N, T, F], [N, F] or [N]",
                 c->path, (int)h->rank, real ? "numbers" : "integers", target ? " or class numbers [N]" : "");
    c->steps = (real ? h->rank == 3 : h->rank == 2) ? h->shape[1] : 1;
    c->features = real && h->rank > 1 ? h->shape[h->rank - 1] : 1;
    if (real) c->kind = h->rank == 3 ? RNNI_COLUMN_VALUES : RNNI_COLUMN_VECTOR;
    else c->kind = h->rank == 2 ? RNNI_COLUMN_TOKENS : RNNI_COLUMN_CLASS;
    RNNI_REQUIRE(c->features >= 1, RNN_ERROR_SHAPE, "%s has rows without numbers", c->path);
    return RNN_OK;
}

static rnn_status_t take_lengths(const stream *s, stream_column *c, const rnn_tensor_t *lengths,
                                 const char *path)
{
    RNNI_REQUIRE(rnn_tensor_rank(lengths) == 1 && rnn_tensor_size(lengths, 0) == s->count &&
                     !is_float(rnn_tensor_dtype(lengths)),
                 RNN_ERROR_SHAPE, "%s does not hold one length for each of %lld samples", path,
                 (long long)s->count);
    RNNI_REQUIRE(c->kind == RNNI_COLUMN_TOKENS || c->kind == RNNI_COLUMN_VALUES, RNN_ERROR_ARGUMENT,
                 "%s is one %s a sample and cannot have lengths", c->path, rnni_column_kind_name(c->kind));
    c->lengths = rnni_alloc_array(s->context, (size_t)s->count, sizeof(*c->lengths));
    if (!c->lengths) return RNN_ERROR_MEMORY;
    for (int64_t n = 0; n < s->count; n++) {
        c->lengths[n] = (int64_t)rnn_tensor_get(lengths, n);
        RNNI_REQUIRE(c->lengths[n] >= 0 && c->lengths[n] <= c->steps, RNN_ERROR_RANGE,
                     "%s: the length of sample %lld is %lld, expected 0 to %lld", path, (long long)n,
                     (long long)c->lengths[n], (long long)c->steps);
    }
    return RNN_OK;
}

static rnn_status_t read_lengths(const stream *s, stream_column *c, const char *path)
{
    rnn_tensor_t *lengths = NULL;
    RNNI_TRY(rnn_tensor_load_npy(s->context, path, &lengths));
    rnn_status_t status = take_lengths(s, c, lengths, path);
    rnn_tensor_free(lengths);
    return status;
}

static rnn_status_t open_column(stream *s, int32_t number, const char *path, const char *lengths)
{
    stream_column *c = &s->columns[number];
    RNNI_REQUIRE(path, RNN_ERROR_ARGUMENT, "the path of column %d is NULL", (int)number);
    c->path = rnni_strdup(s->context, path);
    if (!c->path) return RNN_ERROR_MEMORY;
    RNNI_TRY(rnni_npy_open(&c->rows, s->context, c->path));
    RNNI_TRY(choose_kind(c, number >= s->inputs));
    if (number == 0) s->count = c->rows.header.shape[0];
    RNNI_REQUIRE(c->rows.header.shape[0] == s->count, RNN_ERROR_SHAPE,
                 "%s has %lld samples, but the columns before it have %lld", path,
                 (long long)c->rows.header.shape[0], (long long)s->count);
    bool classes = c->kind == RNNI_COLUMN_CLASS || c->kind == RNNI_COLUMN_TOKENS;
    if (number >= s->inputs && classes && s->classes < 0) s->classes = number;
    return lengths ? read_lengths(s, c, lengths) : RNN_OK;
}

/* ---- samples ---- */

static rnn_status_t set_ids(stream *s, int32_t number, int64_t index, int64_t rows, rnn_sample_t *sample)
{
    stream_column *c = &s->columns[number];
    int64_t *wide = s->numbers;
    int32_t *ids = (int32_t *)(wide + rows);
    RNNI_TRY(rnni_npy_row(&c->rows, index, rows, RNN_I64, wide));
    for (int64_t i = 0; i < rows; i++) {
        int64_t id = wide[i];
        RNNI_REQUIRE(id >= INT32_MIN && id <= INT32_MAX, RNN_ERROR_RANGE,
                     "%s: sample %lld, step %lld is %lld, expected at most %d", c->path, (long long)index,
                     (long long)i, (long long)id, INT32_MAX);
        ids[i] = (int32_t)id;
        if (number == s->classes && id > s->largest) s->largest = id;
    }
    if (c->kind == RNNI_COLUMN_CLASS) return rnn_sample_set_class(sample, number, ids[0]);
    return rnn_sample_set_tokens(sample, number, ids, rows);
}

static rnn_status_t set_column(stream *s, int32_t number, int64_t index, rnn_sample_t *sample)
{
    stream_column *c = &s->columns[number];
    int64_t rows = c->lengths ? c->lengths[index] : c->steps, count = rows * c->features;
    RNNI_TRY(rnni_grow(s->context, &s->numbers, &s->capacity, (size_t)(count + 1) * 12, 1));
    if (!is_float(c->rows.dtype)) return set_ids(s, number, index, rows, sample);
    RNNI_TRY(rnni_npy_row(&c->rows, index, count, RNN_F32, s->numbers));
    if (c->kind == RNNI_COLUMN_VECTOR) return rnn_sample_set_vector(sample, number, s->numbers, c->features);
    return rnn_sample_set_values(sample, number, s->numbers, rows, c->features);
}

static rnn_status_t read_sample(int64_t index, rnn_sample_t *sample, void *user)
{
    stream *s = user;
    for (int32_t i = 0; i < s->inputs + s->targets; i++) RNNI_TRY(set_column(s, i, index, sample));
    return RNN_OK;
}

/* ---- the dataset ---- */

static rnn_status_t open_columns(stream *s, const char *const *paths, const char *const *lengths)
{
    int32_t count = s->inputs + s->targets;
    s->columns = rnni_alloc_array(s->context, (size_t)count, sizeof(*s->columns));
    if (!s->columns) return RNN_ERROR_MEMORY;
    for (int32_t i = 0; i < count; i++) RNNI_TRY(open_column(s, i, paths[i], lengths ? lengths[i] : NULL));
    return RNN_OK;
}

/* Takes over the stream, also on failure. Every sample is read once, so that wrong ones are found now and not
 * in the middle of training. */
static rnn_status_t open_dataset(stream *s, rnn_dataset_t **dataset)
{
    rnn_source_t source = { .struct_size = sizeof(source),
                            .count = s->count,
                            .inputs = s->inputs,
                            .targets = s->targets,
                            .read = read_sample,
                            .release = release_stream,
                            .user = s };
    rnn_dataset_t *made = NULL;
    RNNI_TRY(rnni_dataset_of_own(s->context, &source, &made));
    rnn_status_t status = rnni_survey(made);
    made->store->classes = s->largest + 1;
    if (status == RNN_OK) *dataset = made;
    else rnn_dataset_free(made);
    return status;
}

rnn_status_t rnn_dataset_stream_npy(rnn_context_t *context, const char *const *paths,
                                    const char *const *lengths, int32_t inputs, int32_t targets,
                                    rnn_dataset_t **dataset)
{
    RNNI_REQUIRE(paths && dataset, RNN_ERROR_ARGUMENT, "the %s is NULL",
                 paths ? "place for the dataset" : "array of paths");
    RNNI_REQUIRE(inputs >= 0 && inputs <= RNNI_MAX_COLUMNS && targets >= 0 && targets <= RNNI_MAX_COLUMNS &&
                     inputs + targets >= 1,
                 RNN_ERROR_RANGE, "%d inputs and %d targets, expected 0 to %d each, and one at least",
                 (int)inputs, (int)targets, RNNI_MAX_COLUMNS);
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return RNN_ERROR_MEMORY;
    stream *s = rnni_alloc(held, sizeof(*s));
    if (!s) {
        rnn_context_free(held);
        return RNN_ERROR_MEMORY;
    }
    *s = (stream){ .context = held, .inputs = inputs, .targets = targets, .classes = -1, .largest = -1 };
    rnn_status_t status = open_columns(s, paths, lengths);
    if (status == RNN_OK) return open_dataset(s, dataset);
    release_stream(s);
    return status;
}
