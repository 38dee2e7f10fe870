/* SPDX-License-Identifier: MIT */
#include "data/from_tensor.h"
#include "core/error.h"
#include "core/memory.h"

#include <math.h>
#include <stdio.h>

/* A tensor as sequences of rows of numbers, whatever its type and strides. Row t of sequence n begins at
 * element n * sequence_stride + t * step_stride; when ragged, at (rows before n + t) * step_stride. */
typedef struct tensor_view {
    const void *data;
    int32_t dtype;
    rnni_column_kind kind;
    int64_t count, steps, width;                  /* sequences, steps of a full one, numbers of a row */
    int64_t sequence_stride, step_stride, stride; /* in elements */
    const void *lengths;                          /* NULL: all have `steps` */
    int32_t lengths_dtype;
    int64_t lengths_stride;
    bool ragged;
    char name[32];
} tensor_view;

static bool is_integer(int32_t dtype) { return dtype == RNN_I32 || dtype == RNN_I64; }
static bool is_float(int32_t dtype) { return dtype == RNN_F32 || dtype == RNN_F64; }

static int64_t integer_at(const void *data, int32_t dtype, int64_t offset)
{
    return dtype == RNN_I64 ? ((const int64_t *)data)[offset] : ((const int32_t *)data)[offset];
}

static double real_at(const void *data, int32_t dtype, int64_t offset)
{
    return dtype == RNN_F64 ? ((const double *)data)[offset] : (double)((const float *)data)[offset];
}

static int64_t length_at(const tensor_view *view, int64_t n)
{
    if (!view->lengths) return view->steps;
    return integer_at(view->lengths, view->lengths_dtype, n * view->lengths_stride);
}

/* "I64 [3, 7]" */
static const char *describe(const rnn_tensor_t *tensor, char *out, size_t size)
{
    int32_t rank = rnn_tensor_rank(tensor);
    const char *type = rnn_dtype_name(rnn_tensor_dtype(tensor));
    size_t used = (size_t)snprintf(out, size, "%s [", type ? type : "?");
    for (int32_t i = 0; i < rank && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%lld", i ? ", " : "",
                                 (long long)rnn_tensor_size(tensor, i));
    if (used < size) snprintf(out + used, size - used, "]");
    return out;
}

static rnn_status_t wrong_shape(const tensor_view *view, const rnn_tensor_t *tensor, rnni_place place)
{
    char got[160];
    describe(tensor, got, sizeof(got));
    if (view->ragged)
        return rnni_fail(RNN_ERROR_SHAPE, "%s is %s, expected ids [total] or numbers [total, F] with F >= 1",
                         view->name, got);
    return rnni_fail(RNN_ERROR_SHAPE,
                     "%s is %s, expected ids [N, T]%s, or numbers [N, T, F], [N, F] or [N], F >= 1",
                     view->name, got, place.target ? " or class numbers [N]" : "");
}

/* Chooses the kind by type and rank, and notes sizes and strides. */
static rnn_status_t take_layout(tensor_view *view, const rnn_tensor_t *data, rnni_place place)
{
    int32_t rank = rnn_tensor_rank(data);
    bool ids = is_integer(view->dtype);
    if (rank < 1) return wrong_shape(view, data, place);
    view->count = rnn_tensor_size(data, 0);
    view->steps = view->width = 1;
    int32_t steps_axis = -1, width_axis = -1;
    if (view->ragged) {
        if (rank != (ids ? 1 : 2)) return wrong_shape(view, data, place);
        view->kind = ids ? RNNI_COLUMN_TOKENS : RNNI_COLUMN_VALUES;
        steps_axis = 0;
        width_axis = ids ? -1 : 1;
    } else if (ids) {
        if (rank > 2 || (rank == 1 && !place.target)) return wrong_shape(view, data, place);
        view->kind = rank == 2 ? RNNI_COLUMN_TOKENS : RNNI_COLUMN_CLASS;
        steps_axis = rank == 2 ? 1 : -1;
    } else {
        if (rank > 3) return wrong_shape(view, data, place);
        view->kind = rank == 3 ? RNNI_COLUMN_VALUES : RNNI_COLUMN_VECTOR;
        steps_axis = rank == 3 ? 1 : -1;
        width_axis = rank == 1 ? -1 : rank - 1;
    }
    view->sequence_stride = view->ragged ? 0 : rnn_tensor_stride(data, 0);
    if (steps_axis >= 0) view->steps = rnn_tensor_size(data, steps_axis);
    if (steps_axis >= 0) view->step_stride = rnn_tensor_stride(data, steps_axis);
    if (width_axis >= 0) view->width = rnn_tensor_size(data, width_axis);
    view->stride = width_axis >= 0 ? rnn_tensor_stride(data, width_axis) : 0;
    if (view->width < 1) return wrong_shape(view, data, place);
    return RNN_OK;
}

static rnn_status_t take_lengths(tensor_view *view, const rnn_tensor_t *lengths)
{
    RNNI_REQUIRE(lengths || !view->ragged, RNN_ERROR_ARGUMENT,
                 "%s: sequences one behind another need lengths", view->name);
    if (!lengths) return RNN_OK;
    char got[160];
    describe(lengths, got, sizeof(got));
    RNNI_REQUIRE(view->kind == RNNI_COLUMN_TOKENS || view->kind == RNNI_COLUMN_VALUES, RNN_ERROR_ARGUMENT,
                 "%s is one %s a sample and cannot have lengths", view->name,
                 rnni_column_kind_name(view->kind));
    view->lengths_dtype = rnn_tensor_dtype(lengths);
    RNNI_REQUIRE(is_integer(view->lengths_dtype), RNN_ERROR_TYPE,
                 "the lengths of %s are %s, expected I64 or I32", view->name, got);
    if (view->ragged) view->count = rnn_tensor_rank(lengths) == 1 ? rnn_tensor_size(lengths, 0) : 0;
    RNNI_REQUIRE(rnn_tensor_rank(lengths) == 1 && rnn_tensor_size(lengths, 0) == view->count, RNN_ERROR_SHAPE,
                 "the lengths of %s are %s, expected [%lld]", view->name, got, (long long)view->count);
    view->lengths_stride = rnn_tensor_stride(lengths, 0);
    view->lengths = view->count ? rnn_tensor_const_data(lengths) : NULL;
    return RNN_OK;
}

static rnn_status_t take_view(tensor_view *view, rnni_place place, const rnn_tensor_t *data,
                              const rnn_tensor_t *lengths, bool ragged)
{
    memset(view, 0, sizeof(*view));
    snprintf(view->name, sizeof(view->name), "%s %d", place.target ? "target" : "input", (int)place.index);
    view->ragged = ragged;
    RNNI_REQUIRE(data, RNN_ERROR_ARGUMENT, "the tensor of %s is NULL", view->name);
    view->dtype = rnn_tensor_dtype(data);
    char got[160];
    RNNI_REQUIRE(is_integer(view->dtype) || is_float(view->dtype), RNN_ERROR_TYPE,
                 "%s is %s, expected I32 or I64 (ids) or F32 or F64 (numbers)", view->name,
                 describe(data, got, sizeof(got)));
    RNNI_TRY(take_layout(view, data, place));
    RNNI_TRY(take_lengths(view, lengths));
    view->data = rnn_tensor_const_data(data);
    return RNN_OK;
}

/* Every length in range, and the rows of all sequences together. */
static rnn_status_t check_lengths(const tensor_view *view, int64_t *rows)
{
    int64_t total = 0;
    for (int64_t n = 0; n < view->count; n++) {
        int64_t length = length_at(view, n);
        RNNI_REQUIRE(length >= 0 && length <= view->steps, RNN_ERROR_RANGE,
                     "%s: the length of sample %lld is %lld, expected 0 to %lld", view->name, (long long)n,
                     (long long)length, (long long)view->steps);
        RNNI_REQUIRE(rnni_add_i64(total, length, &total), RNN_ERROR_RANGE, "%s: the lengths overflow",
                     view->name);
    }
    RNNI_REQUIRE(!view->ragged || total == view->steps, RNN_ERROR_SHAPE,
                 "%s: the lengths add up to %lld, but there are %lld rows", view->name, (long long)total,
                 (long long)view->steps);
    *rows = total;
    return RNN_OK;
}

static rnn_status_t check_id(const tensor_view *view, int64_t id, int64_t smallest, int64_t n, int64_t t)
{
    RNNI_REQUIRE(id >= smallest, RNN_ERROR_DATA, "%s: sample %lld, step %lld is %lld, expected %lld or more",
                 view->name, (long long)n, (long long)t, (long long)id, (long long)smallest);
    RNNI_REQUIRE(id <= INT32_MAX, RNN_ERROR_RANGE, "%s: sample %lld, step %lld is %lld, expected at most %d",
                 view->name, (long long)n, (long long)t, (long long)id, INT32_MAX);
    return RNN_OK;
}

static rnn_status_t check_real(const tensor_view *view, double value, int64_t n, int64_t t, int64_t f)
{
    if (isfinite((rnni_real)value)) return RNN_OK;
    return rnni_fail(RNN_ERROR_DATA,
                     "%s: sample %lld, step %lld, feature %lld is %s, expected a finite number", view->name,
                     (long long)n, (long long)t, (long long)f,
                     isnan(value)   ? "not a number"
                     : isinf(value) ? "infinite"
                                    : "too large for a float");
}

/* The first element of sequence n, before whose rows `before` others lie. */
static int64_t sequence_offset(const tensor_view *view, int64_t n, int64_t before)
{
    return view->ragged ? before * view->step_stride : n * view->sequence_stride;
}

static rnn_status_t check_sequence(const tensor_view *view, rnni_place place, int64_t n, int64_t offset)
{
    int64_t smallest = rnni_smallest_id(place, view->kind), length = length_at(view, n);
    for (int64_t t = 0; t < length; t++, offset += view->step_stride) {
        if (is_integer(view->dtype)) {
            RNNI_TRY(check_id(view, integer_at(view->data, view->dtype, offset), smallest, n, t));
            continue;
        }
        for (int64_t f = 0; f < view->width; f++)
            RNNI_TRY(check_real(view, real_at(view->data, view->dtype, offset + f * view->stride), n, t, f));
    }
    return RNN_OK;
}

static rnn_status_t check_numbers(const tensor_view *view, rnni_place place)
{
    for (int64_t n = 0, before = 0; n < view->count; n++) {
        RNNI_TRY(check_sequence(view, place, n, sequence_offset(view, n, before)));
        before += length_at(view, n);
    }
    return RNN_OK;
}

static void copy_sequence(const tensor_view *view, rnni_column *column, int64_t row, int64_t length,
                          int64_t offset)
{
    for (int64_t t = 0; t < length; t++, row++, offset += view->step_stride) {
        if (is_integer(view->dtype)) {
            column->ids[row] = (int32_t)integer_at(view->data, view->dtype, offset);
            continue;
        }
        for (int64_t f = 0; f < view->width; f++)
            column->values[row * view->width + f] =
                (rnni_real)real_at(view->data, view->dtype, offset + f * view->stride);
    }
}

static void fill(const tensor_view *view, rnni_column *column)
{
    column->kind = view->kind;
    column->width = view->width;
    column->count = view->count;
    column->starts[0] = 0;
    for (int64_t n = 0; n < view->count; n++) {
        int64_t length = length_at(view, n), row = column->starts[n];
        copy_sequence(view, column, row, length, sequence_offset(view, n, row));
        column->starts[n + 1] = row + length;
    }
}

rnn_status_t rnni_column_from_tensor(rnn_context_t *context, rnni_column *column, rnni_place place,
                                     const rnn_tensor_t *data, const rnn_tensor_t *lengths, bool ragged)
{
    tensor_view view;
    int64_t rows = 0;
    RNNI_TRY(take_view(&view, place, data, lengths, ragged));
    RNNI_TRY(check_lengths(&view, &rows));
    RNNI_TRY(check_numbers(&view, place));
    RNNI_TRY(rnni_column_reserve(context, column, view.kind, view.count, rows, view.width));
    rnni_column_drop_mask(context, column);
    fill(&view, column);
    return RNN_OK;
}

rnn_status_t rnni_check_weights(const rnn_tensor_t *weights, int64_t count)
{
    RNNI_REQUIRE(weights, RNN_ERROR_ARGUMENT, "the tensor of weights is NULL");
    char got[160];
    int32_t dtype = rnn_tensor_dtype(weights);
    RNNI_REQUIRE(is_float(dtype), RNN_ERROR_TYPE, "the weights are %s, expected F32 or F64",
                 describe(weights, got, sizeof(got)));
    bool fits = rnn_tensor_rank(weights) == 1 && (count < 0 || rnn_tensor_size(weights, 0) == count);
    RNNI_REQUIRE(fits || count < 0, RNN_ERROR_SHAPE, "the weights are %s, expected [%lld]",
                 describe(weights, got, sizeof(got)), (long long)count);
    RNNI_REQUIRE(fits, RNN_ERROR_SHAPE, "the weights are %s, expected one for each class",
                 describe(weights, got, sizeof(got)));
    for (int64_t i = 0, n = rnn_tensor_size(weights, 0); i < n; i++) {
        double value = rnn_tensor_get(weights, i);
        RNNI_REQUIRE(isfinite((rnni_real)value) && value >= 0, RNN_ERROR_DATA,
                     "weight %lld is %s, expected a finite number, 0 or more", (long long)i,
                     isnan(value) ? "not a number"
                     : value < 0  ? "negative"
                                  : "too large");
    }
    return RNN_OK;
}

void rnni_copy_weights(const rnn_tensor_t *weights, rnni_real *out)
{
    for (int64_t i = 0, n = rnn_tensor_size(weights, 0); i < n; i++)
        out[i] = (rnni_real)rnn_tensor_get(weights, i);
}
