/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "data/batch.h"

const char *rnni_column_kind_name(rnni_column_kind kind)
{
    switch (kind) {
    case RNNI_COLUMN_TOKENS: return "tokens";
    case RNNI_COLUMN_VALUES: return "values";
    case RNNI_COLUMN_VECTOR: return "vector";
    case RNNI_COLUMN_CLASS: return "class";
    default: return "nothing";
    }
}

int64_t rnni_column_longest(const rnni_column *column)
{
    int64_t longest = 0;
    for (int64_t b = 0; b < column->count; b++) {
        int64_t steps = column->starts[b + 1] - column->starts[b];
        if (steps > longest) longest = steps;
    }
    return longest;
}

void rnni_column_clear(rnni_column *column)
{
    column->kind = RNNI_COLUMN_NONE;
    column->width = 0;
    column->count = 0;
}

void rnni_column_free(rnn_context_t *context, rnni_column *column)
{
    rnni_free(context, column->starts, column->starts_capacity * sizeof(*column->starts));
    rnni_free(context, column->ids, column->ids_capacity * sizeof(*column->ids));
    rnni_free(context, column->values, column->values_capacity * sizeof(*column->values));
    rnni_free(context, column->mask, column->mask_capacity);
    memset(column, 0, sizeof(*column));
}

rnn_status_t rnni_column_reserve(rnn_context_t *context, rnni_column *column, rnni_column_kind kind,
                                 int64_t count, int64_t rows, int64_t width)
{
    int64_t starts, numbers;
    if (!rnni_add_i64(count, 1, &starts) || !rnni_mul_i64(rows, width, &numbers))
        return rnni_fail_memory("a column", SIZE_MAX);
    if (numbers == 0) numbers = 1; /* so that an empty column has pointers too */
    RNNI_TRY(rnni_grow(context, (void **)&column->starts, &column->starts_capacity, (size_t)starts,
                       sizeof(*column->starts)));
    if (column->mask)
        RNNI_TRY(rnni_grow(context, (void **)&column->mask, &column->mask_capacity, (size_t)rows, 1));
    if (kind == RNNI_COLUMN_TOKENS || kind == RNNI_COLUMN_CLASS)
        return rnni_grow(context, (void **)&column->ids, &column->ids_capacity, (size_t)numbers,
                         sizeof(*column->ids));
    return rnni_grow(context, (void **)&column->values, &column->values_capacity, (size_t)numbers,
                     sizeof(*column->values));
}

/* Whether one more sequence of this kind, width and number of rows goes into the column. */
static rnn_status_t check_addition(const rnni_column *column, rnni_column_kind kind, int64_t rows,
                                   int64_t width)
{
    bool single = kind == RNNI_COLUMN_VECTOR || kind == RNNI_COLUMN_CLASS;
    RNNI_REQUIRE(!single || rows == 1, RNN_ERROR_SHAPE, "a %s has 1 row, not %lld",
                 rnni_column_kind_name(kind), (long long)rows);
    RNNI_REQUIRE(rows >= 0 && width >= 1, RNN_ERROR_SHAPE, "a sequence cannot have %lld rows of %lld numbers",
                 (long long)rows, (long long)width);
    if (column->kind == RNNI_COLUMN_NONE) return RNN_OK;
    RNNI_REQUIRE(kind == column->kind, RNN_ERROR_SHAPE, "a column of %s cannot take %s",
                 rnni_column_kind_name(column->kind), rnni_column_kind_name(kind));
    RNNI_REQUIRE(width == column->width, RNN_ERROR_SHAPE,
                 "a column of %s with %lld features cannot take %lld",
                 rnni_column_kind_name(kind), (long long)column->width, (long long)width);
    return RNN_OK;
}

rnn_status_t rnni_column_add_rows(rnn_context_t *context, rnni_column *column, rnni_column_kind kind,
                                  int64_t rows, int64_t width, int64_t *at)
{
    RNNI_TRY(check_addition(column, kind, rows, width));
    int64_t first = rnni_column_rows(column), end;
    if (!rnni_add_i64(first, rows, &end)) return rnni_fail_memory("a column", SIZE_MAX);
    RNNI_TRY(rnni_column_reserve(context, column, kind, column->count + 1, end, width));
    if (column->mask && rows) memset(column->mask + first, 1, (size_t)rows);
    column->kind = kind;
    column->width = width;
    column->starts[column->count++] = first;
    column->starts[column->count] = end;
    *at = first;
    return RNN_OK;
}

rnn_status_t rnni_column_add_ids(rnn_context_t *context, rnni_column *column, rnni_column_kind kind,
                                 const int32_t *ids, int64_t rows)
{
    int64_t at = 0;
    RNNI_TRY(rnni_column_add_rows(context, column, kind, rows, 1, &at));
    if (rows) memcpy(column->ids + at, ids, (size_t)rows * sizeof(*ids));
    return RNN_OK;
}

rnn_status_t rnni_column_add_values(rnn_context_t *context, rnni_column *column, rnni_column_kind kind,
                                    const rnni_real *values, int64_t rows, int64_t width)
{
    int64_t at = 0;
    RNNI_TRY(rnni_column_add_rows(context, column, kind, rows, width, &at));
    if (rows) memcpy(column->values + at * width, values, (size_t)(rows * width) * sizeof(*values));
    return RNN_OK;
}

rnn_status_t rnni_column_make_mask(rnn_context_t *context, rnni_column *column)
{
    if (column->mask) return RNN_OK;
    size_t rows = (size_t)rnni_column_rows(column);
    uint8_t *mask = NULL;
    size_t capacity = 0;
    RNNI_TRY(rnni_grow(context, (void **)&mask, &capacity, rows ? rows : 1, 1));
    memset(mask, 1, rows);
    column->mask = mask;
    column->mask_capacity = capacity;
    return RNN_OK;
}

void rnni_column_drop_mask(rnn_context_t *context, rnni_column *column)
{
    rnni_free(context, column->mask, column->mask_capacity);
    column->mask = NULL;
    column->mask_capacity = 0;
}
