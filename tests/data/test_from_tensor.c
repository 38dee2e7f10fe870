/* SPDX-License-Identifier: MIT */
#include "data/from_tensor.h"
#include "data/tensors.h"

#include <stdarg.h>

static const rnni_place input = { false, 0 }, target = { true, 0 };
static rnn_context_t *context;
static rnni_column column;

/* Each conversion goes to a column that holds something else, which must stay when it fails. */
static rnn_status_t convert(rnni_place place, bool ragged, rnn_tensor_t *data, rnn_tensor_t *lengths)
{
    if (context) {
        rnni_column_free(context, &column);
        rnn_context_free(context);
    }
    context = rnn_context_create(NULL);
    int32_t before = 77;
    CHECK_OK(rnni_column_add_ids(context, &column, RNNI_COLUMN_CLASS, &before, 1));
    rnn_status_t status = rnni_column_from_tensor(context, &column, place, data, lengths, ragged);
    if (status != RNN_OK) CHECK(column.kind == RNNI_COLUMN_CLASS && column.count == 1 && column.ids[0] == 77);
    return used(status, data, lengths);
}

static void check_steps(int64_t count, ...)
{
    va_list list;
    va_start(list, count);
    CHECK_INT(column.count, count);
    for (int64_t b = 0; b < count; b++) CHECK_INT(column.starts[b + 1] - column.starts[b], va_arg(list, int));
    va_end(list);
}

static void check_ids(const int32_t *expected, int64_t count)
{
    CHECK_INT(rnni_column_rows(&column), count);
    CHECK_BYTES(column.ids, expected, (size_t)count * sizeof(*expected));
}

TEST(tokens_of_both_types)
{
    int32_t narrow[6] = { 1, 2, 3, 4, 5, 6 };
    int64_t wide[6] = { 1, 2, 3, 4, 5, 6 };
    CHECK_OK(convert(input, false, wrap2(RNN_I32, narrow, 2, 3), NULL));
    CHECK(column.kind == RNNI_COLUMN_TOKENS);
    check_steps(2, 3, 3);
    check_ids(narrow, 6);
    CHECK_OK(convert(input, false, wrap2(RNN_I64, wide, 3, 2), NULL));
    check_steps(3, 2, 2, 2);
    check_ids(narrow, 6);
}

TEST(lengths_cut_what_lies_behind)
{
    int32_t ids[8] = { 1, 2, 3, -9, 5, -9, -9, -9 };
    int64_t wide[3] = { 3, 1, 0 };
    int32_t narrow[2] = { 3, 1 }, expected[4] = { 1, 2, 3, 5 };
    CHECK_OK(convert(input, false, wrap2(RNN_I32, ids, 2, 4), wrap1(RNN_I64, wide, 2)));
    check_steps(2, 3, 1);
    check_ids(expected, 4);
    CHECK_OK(convert(input, false, wrap2(RNN_I32, ids, 2, 4), wrap1(RNN_I32, narrow, 2)));
    check_ids(expected, 4);
    wide[1] = 0;
    CHECK_OK(convert(input, false, wrap2(RNN_I32, ids, 2, 4), wrap1(RNN_I64, wide, 2)));
    check_steps(2, 3, 0);
}

TEST(values_vectors_and_scalars)
{
    float numbers[6] = { 1, 2, 3, 4, 5, 6 };
    double wide[6] = { 0.1, 2, 3, 4, 5, 6 };
    CHECK_OK(convert(input, false, wrap3(RNN_F32, numbers, 1, 3, 2), NULL));
    CHECK(column.kind == RNNI_COLUMN_VALUES && column.width == 2);
    check_steps(1, 3);
    CHECK_OK(convert(input, false, wrap2(RNN_F64, wide, 2, 3), NULL));
    CHECK(column.kind == RNNI_COLUMN_VECTOR && column.width == 3);
    check_steps(2, 1, 1);
    CHECK(column.values[0] == (rnni_real)0.1 && column.values[5] == 6);
    CHECK_OK(convert(target, false, wrap1(RNN_F32, numbers, 6), NULL));
    CHECK(column.kind == RNNI_COLUMN_VECTOR && column.width == 1 && column.count == 6);
    CHECK(column.values[5] == 6);
}

TEST(classes_are_targets)
{
    int64_t classes[3] = { 0, 2, 1 };
    int32_t expected[3] = { 0, 2, 1 };
    CHECK_OK(convert(target, false, wrap1(RNN_I64, classes, 3), NULL));
    CHECK(column.kind == RNNI_COLUMN_CLASS);
    check_ids(expected, 3);
    CHECK_STATUS(convert(input, false, wrap1(RNN_I64, classes, 3), NULL), RNN_ERROR_SHAPE);
    CHECK(strstr(rnn_last_error(), "input 0 is I64 [3]"));
    classes[1] = -1;
    CHECK_STATUS(convert(target, false, wrap1(RNN_I64, classes, 3), NULL), RNN_ERROR_DATA);
    CHECK_OK(convert(target, false, wrap2(RNN_I64, classes, 1, 3), NULL));
    classes[1] = -2;
    CHECK_STATUS(convert(target, false, wrap2(RNN_I64, classes, 1, 3), NULL), RNN_ERROR_DATA);
}

TEST(strided_tensors)
{
    float numbers[24];
    for (int i = 0; i < 24; i++) numbers[i] = (float)i;
    rnn_tensor_t *whole = wrap3(RNN_F32, numbers, 2, 3, 4), *part = rnn_tensor_slice(whole, 2, 1, 2);
    rnn_tensor_t *turned = rnn_tensor_transpose(part, 0, 1);
    rnn_tensor_free(whole);
    rnn_tensor_free(part);
    CHECK_OK(convert(input, false, turned, NULL));
    check_steps(3, 2, 2, 2);
    for (int n = 0; n < 3; n++)
        for (int t = 0; t < 2; t++)
            for (int f = 0; f < 2; f++)
                CHECK(column.values[(n * 2 + t) * 2 + f] == (rnni_real)(t * 12 + n * 4 + f + 1));
}

TEST(ragged_tensors)
{
    int32_t ids[5] = { 1, 2, 3, 4, 5 };
    int64_t lengths[3] = { 2, 0, 3 };
    float numbers[4] = { 1, 2, 3, 4 };
    CHECK_OK(convert(input, true, wrap1(RNN_I32, ids, 5), wrap1(RNN_I64, lengths, 3)));
    check_steps(3, 2, 0, 3);
    check_ids(ids, 5);
    lengths[2] = 2;
    CHECK_STATUS(convert(input, true, wrap1(RNN_I32, ids, 5), wrap1(RNN_I64, lengths, 3)), RNN_ERROR_SHAPE);
    CHECK(strstr(rnn_last_error(), "add up to 4"));
    CHECK_OK(convert(target, true, wrap2(RNN_F32, numbers, 4, 1), wrap1(RNN_I64, lengths, 3)));
    check_steps(3, 2, 0, 2);
    CHECK_STATUS(convert(input, true, wrap1(RNN_I32, ids, 5), NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(convert(input, true, wrap2(RNN_I32, ids, 5, 1), wrap1(RNN_I64, lengths, 3)),
                 RNN_ERROR_SHAPE);
    CHECK_STATUS(convert(input, true, wrap1(RNN_F32, numbers, 4), wrap1(RNN_I64, lengths, 3)),
                 RNN_ERROR_SHAPE);
}

TEST(wrong_lengths)
{
    int32_t ids[6] = { 0 };
    int64_t lengths[3] = { 3, 4, 0 };
    float numbers[6] = { 0 };
    CHECK_STATUS(convert(input, false, wrap2(RNN_I32, ids, 2, 3), wrap1(RNN_I64, lengths, 2)),
                 RNN_ERROR_RANGE);
    CHECK(strstr(rnn_last_error(), "sample 1 is 4, expected 0 to 3"));
    lengths[1] = -1;
    CHECK_STATUS(convert(input, false, wrap2(RNN_I32, ids, 2, 3), wrap1(RNN_I64, lengths, 2)),
                 RNN_ERROR_RANGE);
    CHECK_STATUS(convert(input, false, wrap2(RNN_I32, ids, 2, 3), wrap1(RNN_I64, lengths, 3)),
                 RNN_ERROR_SHAPE);
    CHECK_STATUS(convert(input, false, wrap2(RNN_I32, ids, 2, 3), wrap1(RNN_F32, numbers, 2)),
                 RNN_ERROR_TYPE);
    CHECK_STATUS(convert(input, false, wrap2(RNN_F32, numbers, 2, 3), wrap1(RNN_I64, lengths, 2)),
                 RNN_ERROR_ARGUMENT);
    CHECK_STATUS(convert(target, false, wrap1(RNN_I32, ids, 2), wrap1(RNN_I64, lengths, 2)),
                 RNN_ERROR_ARGUMENT);
}

TEST(wrong_numbers)
{
    int64_t ids[3] = { 0, (int64_t)INT32_MAX + 1, 0 };
    CHECK_STATUS(convert(input, false, wrap2(RNN_I64, ids, 1, 3), NULL), RNN_ERROR_RANGE);
    CHECK(strstr(rnn_last_error(), "step 1 is 2147483648"));
    ids[1] = -1;
    CHECK_STATUS(convert(input, false, wrap2(RNN_I64, ids, 1, 3), NULL), RNN_ERROR_DATA);
    ids[1] = INT64_MIN;
    CHECK_STATUS(convert(target, false, wrap2(RNN_I64, ids, 1, 3), NULL), RNN_ERROR_DATA);
    float numbers[4] = { 0, 0, 0, NAN };
    CHECK_STATUS(convert(input, false, wrap3(RNN_F32, numbers, 2, 1, 2), NULL), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "sample 1, step 0, feature 1 is not a number"));
    double infinite[1] = { -INFINITY };
    CHECK_STATUS(convert(target, false, wrap1(RNN_F64, infinite, 1), NULL), RNN_ERROR_DATA);
}

TEST(doubles_beyond_a_float)
{
    if (sizeof(rnni_real) > sizeof(float)) SKIP("computes in double");
    double large[1] = { 1e300 };
    CHECK_STATUS(convert(target, false, wrap1(RNN_F64, large, 1), NULL), RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "too large for a float"));
}

TEST(wrong_types_and_shapes)
{
    float numbers[4] = { 0 };
    int64_t none = 0;
    CHECK_STATUS(convert(input, false, wrap2(RNN_U8, numbers, 2, 2), NULL), RNN_ERROR_TYPE);
    CHECK_STATUS(convert(input, false, wrap2(RNN_F16, numbers, 2, 2), NULL), RNN_ERROR_TYPE);
    CHECK_STATUS(convert(input, false, wrap3(RNN_I32, numbers, 1, 2, 2), NULL), RNN_ERROR_SHAPE);
    CHECK_STATUS(convert(input, false, wrap3(RNN_F32, numbers, 2, 2, 0), NULL), RNN_ERROR_SHAPE);
    CHECK_STATUS(convert(input, false, rnn_tensor_wrap(NULL, RNN_F32, 0, &none, NULL, numbers), NULL),
                 RNN_ERROR_SHAPE);
    CHECK_STATUS(convert(input, false, NULL, NULL), RNN_ERROR_ARGUMENT);
}

TEST(no_samples_and_no_steps)
{
    int32_t ids[1] = { 0 };
    CHECK_OK(convert(input, false, wrap2(RNN_I32, ids, 0, 3), NULL));
    check_steps(0);
    CHECK(column.kind == RNNI_COLUMN_TOKENS);
    CHECK_OK(convert(input, false, wrap2(RNN_I32, ids, 2, 0), NULL));
    check_steps(2, 0, 0);
}

TEST(frees_the_last)
{
    rnni_column_free(context, &column);
    rnn_context_free(context);
    context = NULL;
    CHECK(column.starts == NULL);
}

TEST_MAIN
