/* SPDX-License-Identifier: MIT */
#include "tensor/tensor.h"
#include "core/failing.h"

#define SHAPE(...) (const int64_t[]){ __VA_ARGS__ }

/* A [2][3] tensor of 0, 1, 2, 3, 4, 5. */
static rnn_tensor_t *six(int32_t dtype)
{
    rnn_tensor_t *t = rnn_tensor_create(NULL, dtype, 2, SHAPE(2, 3));
    for (int i = 0; i < 6; i++) CHECK_OK(rnn_tensor_set(t, i, i));
    return t;
}

static void check_numbers(const rnn_tensor_t *t, int count, const double *expected)
{
    CHECK_INT(rnn_tensor_count(t), count);
    for (int i = 0; i < count; i++) CHECK_NEAR(rnn_tensor_get(t, i), expected[i], 0);
}

#define CHECK_NUMBERS(tensor, ...)                                        \
    check_numbers(tensor, sizeof((double[]){ __VA_ARGS__ }) / sizeof(double), (double[]){ __VA_ARGS__ })

TEST(types_have_sizes_and_names)
{
    static const int sizes[] = { 0, 4, 8, 2, 2, 8, 4, 2, 1, 1, 1, 0 };
    for (int i = 0; i < 12; i++) CHECK_INT(rnn_dtype_size(i), sizes[i]);
    CHECK_STR(rnn_dtype_name(RNN_F32), "F32");
    CHECK_STR(rnn_dtype_name(RNN_BF16), "BF16");
    CHECK_STR(rnn_dtype_name(RNN_BOOL), "BOOL");
    CHECK(rnn_dtype_name(0) == NULL && rnn_dtype_name(-1) == NULL && rnn_dtype_name(11) == NULL);
}

TEST(new_tensors_are_zero_and_contiguous)
{
    rnn_tensor_t *t = rnn_tensor_create(NULL, RNN_F32, 3, SHAPE(2, 3, 4));
    CHECK_INT(rnn_tensor_dtype(t), RNN_F32);
    CHECK_INT(rnn_tensor_rank(t), 3);
    CHECK_INT(rnn_tensor_count(t), 24);
    CHECK_INT(rnn_tensor_size(t, 0), 2);
    CHECK_INT(rnn_tensor_size(t, -1), 4);
    CHECK_INT(rnn_tensor_size(t, 3), -1);
    CHECK_INT(rnn_tensor_size(t, -4), -1);
    CHECK_INT(rnn_tensor_stride(t, 0), 12);
    CHECK_INT(rnn_tensor_stride(t, -1), 1);
    CHECK_INT(rnn_tensor_stride(t, 9), 0);
    CHECK(rnn_tensor_is_contiguous(t));
    const float *data = rnn_tensor_const_data(t);
    CHECK(data == rnn_tensor_data(t) && (uintptr_t)data % 64 == 0);
    for (int i = 0; i < 24; i++) CHECK(data[i] == 0);
    rnn_tensor_free(t);
}

TEST(a_single_number_has_rank_0)
{
    rnn_tensor_t *t = rnn_tensor_create(NULL, RNN_F64, 0, NULL);
    CHECK_INT(rnn_tensor_count(t), 1);
    CHECK_OK(rnn_tensor_set(t, 0, 0.1));
    CHECK_NUMBERS(t, 0.1);
    rnn_tensor_t *row = rnn_tensor_reshape(t, 2, SHAPE(1, 1));
    CHECK_NUMBERS(row, 0.1);
    CHECK_OK(rnn_tensor_copy(t, t));
    rnn_tensor_free(row);
    rnn_tensor_free(t);
}

TEST(empty_tensors_are_fine)
{
    rnn_tensor_t *t = rnn_tensor_create(NULL, RNN_I32, 3, SHAPE(2, 0, 3));
    CHECK_INT(rnn_tensor_count(t), 0);
    CHECK(rnn_tensor_is_contiguous(t));
    CHECK_INT(rnn_tensor_stride(t, 0), 3);
    rnn_tensor_t *slice = rnn_tensor_slice(t, 1, 0, 0), *flat = rnn_tensor_reshape(t, 1, SHAPE(0));
    rnn_tensor_t *turned = rnn_tensor_transpose(t, 0, 1);
    CHECK(slice && flat && turned);
    CHECK_OK(rnn_tensor_copy(slice, t));
    CHECK_STATUS(rnn_tensor_set(t, 0, 1), RNN_ERROR_RANGE);
    rnn_tensor_t *wrapped = rnn_tensor_wrap(NULL, RNN_F32, 1, SHAPE(0), NULL, NULL);
    CHECK(wrapped && rnn_tensor_count(wrapped) == 0);
    rnn_tensor_free(slice);
    rnn_tensor_free(flat);
    rnn_tensor_free(turned);
    rnn_tensor_free(wrapped);
    rnn_tensor_free(t);
}

TEST(impossible_shapes_are_refused)
{
    CHECK(rnn_tensor_create(NULL, 0, 1, SHAPE(1)) == NULL);
    CHECK(rnn_tensor_create(NULL, 11, 1, SHAPE(1)) == NULL);
    CHECK(rnn_tensor_create(NULL, RNN_F32, 9, SHAPE(1, 1, 1, 1, 1, 1, 1, 1, 1)) == NULL);
    CHECK(rnn_tensor_create(NULL, RNN_F32, -1, SHAPE(1)) == NULL);
    CHECK(rnn_tensor_create(NULL, RNN_F32, 1, NULL) == NULL);
    CHECK(rnn_tensor_create(NULL, RNN_F32, 2, SHAPE(2, -3)) == NULL);
    CHECK_STR(rnn_last_error(), "dimension 1 of shape [2, -3] is negative");
    CHECK(rnn_tensor_create(NULL, RNN_F32, 2, SHAPE(INT64_MAX, 3)) == NULL);
    CHECK(strstr(rnn_last_error(), "is too large") != NULL);
    CHECK(rnn_tensor_create(NULL, RNN_U8, 3, SHAPE(INT64_MAX, INT64_MAX, 0)) == NULL);
    CHECK(rnn_tensor_create(NULL, RNN_F64, 1, SHAPE(INT64_MAX / 8 + 1)) == NULL);
}

TEST(slices_share_the_numbers)
{
    rnn_tensor_t *t = six(RNN_F32), *row = rnn_tensor_slice(t, 0, 1, 1);
    rnn_tensor_t *columns = rnn_tensor_slice(t, -1, 1, 2);
    CHECK_NUMBERS(row, 3, 4, 5);
    CHECK_NUMBERS(columns, 1, 2, 4, 5);
    CHECK(rnn_tensor_is_contiguous(row) && !rnn_tensor_is_contiguous(columns));
    rnn_tensor_t *corner = rnn_tensor_slice(columns, 0, 1, 1);
    rnn_tensor_free(t); /* the views keep the numbers */
    CHECK_OK(rnn_tensor_set(columns, 3, 9));
    CHECK_NUMBERS(row, 3, 4, 9);
    CHECK_NUMBERS(corner, 4, 9);
    rnn_tensor_free(columns);
    rnn_tensor_free(row);
    CHECK_NUMBERS(corner, 4, 9);
    rnn_tensor_free(corner);
}

TEST(slices_outside_are_refused)
{
    rnn_tensor_t *t = six(RNN_F32);
    CHECK(rnn_tensor_slice(t, 2, 0, 1) == NULL);
    CHECK(rnn_tensor_slice(t, -3, 0, 1) == NULL);
    CHECK(rnn_tensor_slice(t, 0, -1, 1) == NULL);
    CHECK(rnn_tensor_slice(t, 0, 1, 2) == NULL);
    CHECK_STR(rnn_last_error(), "a slice of 2 from 1 does not lie in dimension 0 of size 2");
    CHECK(rnn_tensor_slice(t, 0, 2, INT64_MAX) == NULL);
    CHECK(rnn_tensor_slice(t, 0, 1, -1) == NULL);
    CHECK(rnn_tensor_slice(NULL, 0, 0, 0) == NULL);
    rnn_tensor_t *end = rnn_tensor_slice(t, 0, 2, 0);
    CHECK_INT(rnn_tensor_count(end), 0);
    rnn_tensor_free(end);
    rnn_tensor_free(t);
}

TEST(transposes_and_reshapes)
{
    rnn_tensor_t *t = six(RNN_I32), *turned = rnn_tensor_transpose(t, 0, -1);
    CHECK_NUMBERS(turned, 0, 3, 1, 4, 2, 5);
    CHECK_INT(rnn_tensor_size(turned, 0), 3);
    CHECK(rnn_tensor_reshape(turned, 1, SHAPE(6)) == NULL);
    CHECK(strstr(rnn_last_error(), "contiguous") != NULL);
    CHECK(rnn_tensor_reshape(t, 1, SHAPE(5)) == NULL);
    CHECK_STR(rnn_last_error(), "shape [2, 3] cannot become [5]: 6 elements, not 5");
    CHECK(rnn_tensor_reshape(NULL, 1, SHAPE(5)) == NULL);
    CHECK(rnn_tensor_transpose(t, 0, 2) == NULL);
    rnn_tensor_t *tall = rnn_tensor_reshape(t, 2, SHAPE(3, 2)), *part = rnn_tensor_slice(tall, 0, 1, 2);
    CHECK_NUMBERS(part, 2, 3, 4, 5);
    rnn_tensor_t *again = rnn_tensor_reshape(part, 1, SHAPE(4)); /* the offset is carried */
    CHECK_NUMBERS(again, 2, 3, 4, 5);
    rnn_tensor_free(again);
    rnn_tensor_free(part);
    rnn_tensor_free(tall);
    rnn_tensor_free(turned);
    rnn_tensor_free(t);
}

TEST(wrapped_memory_is_neither_copied_nor_freed)
{
    float data[6] = { 0, 1, 2, 3, 4, 5 };
    rnn_tensor_t *t = rnn_tensor_wrap(NULL, RNN_F32, 2, SHAPE(2, 3), NULL, data);
    CHECK(rnn_tensor_data(t) == data);
    CHECK_OK(rnn_tensor_set(t, 4, 40));
    CHECK(data[4] == 40);
    rnn_tensor_free(t);
    CHECK(data[5] == 5);
}

TEST(wrapped_memory_may_have_any_strides)
{
    int16_t data[6] = { 0, 1, 2, 3, 4, 5 };
    rnn_tensor_t *columns = rnn_tensor_wrap(NULL, RNN_I16, 2, SHAPE(3, 2), SHAPE(1, 3), data);
    rnn_tensor_t *backwards = rnn_tensor_wrap(NULL, RNN_I16, 1, SHAPE(6), SHAPE(-1), data + 5);
    rnn_tensor_t *repeated = rnn_tensor_wrap(NULL, RNN_I16, 2, SHAPE(2, 2), SHAPE(0, 1), data + 1);
    CHECK_NUMBERS(columns, 0, 3, 1, 4, 2, 5);
    CHECK_NUMBERS(backwards, 5, 4, 3, 2, 1, 0);
    CHECK_NUMBERS(repeated, 1, 2, 1, 2);
    CHECK(!rnn_tensor_is_contiguous(columns) && !rnn_tensor_is_contiguous(backwards));
    rnn_tensor_free(columns);
    rnn_tensor_free(backwards);
    rnn_tensor_free(repeated);
    CHECK(rnn_tensor_wrap(NULL, RNN_I16, 1, SHAPE(6), NULL, NULL) == NULL);
    CHECK(rnn_tensor_wrap(NULL, RNN_I16, 1, SHAPE(6), SHAPE(INT64_MIN), data) == NULL);
    CHECK(rnn_tensor_wrap(NULL, RNN_I16, 2, SHAPE(2, 2), SHAPE(INT64_MAX / 4, INT64_MAX / 4), data) == NULL);
}

TEST(copies_convert_and_follow_strides)
{
    rnn_tensor_t *source = six(RNN_I64), *turned = rnn_tensor_transpose(source, 0, 1);
    rnn_tensor_t *target = rnn_tensor_create(NULL, RNN_F16, 2, SHAPE(3, 2));
    CHECK_OK(rnn_tensor_copy(target, turned));
    CHECK_NUMBERS(target, 0, 3, 1, 4, 2, 5);
    rnn_tensor_t *wide = rnn_tensor_create(NULL, RNN_F64, 2, SHAPE(3, 4));
    rnn_tensor_t *middle = rnn_tensor_slice(wide, 1, 1, 2);
    CHECK_OK(rnn_tensor_copy(middle, target));
    CHECK_NUMBERS(wide, 0, 0, 3, 0, 0, 1, 4, 0, 0, 2, 5, 0);
    rnn_tensor_free(source);
    rnn_tensor_free(turned);
    rnn_tensor_free(target);
    rnn_tensor_free(middle);
    rnn_tensor_free(wide);
}

TEST(copies_onto_themselves_are_fine)
{
    rnn_tensor_t *t = six(RNN_F32), *same = rnn_tensor_slice(t, 0, 0, 2);
    CHECK_OK(rnn_tensor_copy(t, same));
    CHECK_OK(rnn_tensor_copy(t, t));
    CHECK_NUMBERS(t, 0, 1, 2, 3, 4, 5);
    rnn_tensor_free(same);
    rnn_tensor_free(t);
}

TEST(copies_of_other_shapes_are_refused)
{
    rnn_tensor_t *t = six(RNN_F32), *other = rnn_tensor_create(NULL, RNN_F32, 2, SHAPE(3, 2));
    rnn_tensor_t *flat = rnn_tensor_reshape(t, 1, SHAPE(6));
    CHECK_STATUS(rnn_tensor_copy(other, t), RNN_ERROR_SHAPE);
    CHECK_STR(rnn_last_error(), "a tensor of shape [2, 3] cannot be copied into one of shape [3, 2]");
    CHECK_STATUS(rnn_tensor_copy(flat, t), RNN_ERROR_SHAPE);
    CHECK_STATUS(rnn_tensor_copy(NULL, t), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_tensor_copy(t, NULL), RNN_ERROR_ARGUMENT);
    CHECK_NUMBERS(other, 0, 0, 0, 0, 0, 0);
    rnn_tensor_free(flat);
    rnn_tensor_free(other);
    rnn_tensor_free(t);
}

TEST(numbers_that_do_not_fit_leave_the_target_alone)
{
    float data[4] = { 1, 2, 127.4f, 127.6f };
    rnn_tensor_t *source = rnn_tensor_wrap(NULL, RNN_F32, 2, SHAPE(2, 2), NULL, data);
    rnn_tensor_t *target = rnn_tensor_create(NULL, RNN_I8, 2, SHAPE(2, 2));
    CHECK_STATUS(rnn_tensor_copy(target, source), RNN_ERROR_RANGE);
    CHECK_STR(rnn_last_error(), "127.5999984741211 at position 3 does not fit into I8");
    CHECK_NUMBERS(target, 0, 0, 0, 0);
    data[3] = (float)NAN;
    CHECK_STATUS(rnn_tensor_copy(target, source), RNN_ERROR_RANGE);
    data[3] = -128.5f;
    CHECK_OK(rnn_tensor_copy(target, source));
    CHECK_NUMBERS(target, 1, 2, 127, -128);
    CHECK_STATUS(rnn_tensor_set(target, 0, 200), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_tensor_set(target, 4, 2), RNN_ERROR_RANGE);
    CHECK_STR(rnn_last_error(), "position is 4, expected 0 to 3");
    CHECK_NUMBERS(target, 1, 2, 127, -128);
    CHECK_NEAR(rnn_tensor_get(target, 4), 0, 0);
    CHECK_NEAR(rnn_tensor_get(target, -1), 0, 0);
    rnn_tensor_free(source);
    rnn_tensor_free(target);
}

static void count_release(void *owner)
{
    ++*(int *)owner;
}

TEST(const_views_are_read_only_and_keep_their_owner)
{
    static const float data[6] = { 0, 1, 2, 3, 4, 5 };
    int released = 0;
    rnn_tensor_t *t = rnni_tensor_view_const(NULL, RNN_F32, 2, SHAPE(2, 3), data, count_release, &released);
    rnn_tensor_t *row = rnn_tensor_slice(t, 0, 1, 1);
    CHECK(rnn_tensor_data(t) == NULL && rnn_tensor_data(row) == NULL);
    CHECK_STR(rnn_last_error(), "the tensor is read-only");
    CHECK(rnn_tensor_const_data(row) == data + 3);
    CHECK_STATUS(rnn_tensor_set(t, 0, 1), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_tensor_copy(row, row), RNN_ERROR_STATE);
    rnn_tensor_free(t);
    CHECK_INT(released, 0);
    CHECK_NUMBERS(row, 3, 4, 5);
    rnn_tensor_free(row);
    CHECK_INT(released, 1);
    CHECK(rnni_tensor_view_const(NULL, 99, 1, SHAPE(1), data, count_release, &released) == NULL);
    CHECK_INT(released, 1);
}

TEST(references_are_counted)
{
    rnn_tensor_t *t = six(RNN_F32);
    CHECK(rnn_tensor_retain(t) == t);
    rnn_tensor_free(t);
    CHECK_NUMBERS(t, 0, 1, 2, 3, 4, 5);
    rnn_tensor_free(t);
    rnn_tensor_free(NULL);
    CHECK(rnn_tensor_retain(NULL) == NULL);
}

TEST(null_tensors_have_nothing)
{
    CHECK_INT(rnn_tensor_rank(NULL) + rnn_tensor_dtype(NULL) + rnn_tensor_count(NULL), 0);
    CHECK_INT(rnn_tensor_size(NULL, 0), -1);
    CHECK(rnn_tensor_data(NULL) == NULL && rnn_tensor_const_data(NULL) == NULL);
    CHECK(!rnn_tensor_is_contiguous(NULL));
    CHECK_STATUS(rnn_tensor_set(NULL, 0, 0), RNN_ERROR_ARGUMENT);
    CHECK_NEAR(rnn_tensor_get(NULL, 0), 0, 0);
}

TEST(shapes_are_printed_and_cut)
{
    char text[RNNI_SHAPE_TEXT];
    CHECK_STR(rnni_shape_text(0, NULL, text), "[]");
    CHECK_STR(rnni_shape_text(2, SHAPE(2, 3), text), "[2, 3]");
    int64_t huge[8];
    for (int i = 0; i < 8; i++) huge[i] = INT64_MIN;
    rnni_shape_text(8, huge, text);
    CHECK(strlen(text) < sizeof(text) && strcmp(text + strlen(text) - 4, "...]") == 0);
}

static int tensor_step(rnn_context_t *context)
{
    int released = 0, ok = 0;
    static const float data[6] = { 0 };
    rnn_tensor_t *t = rnn_tensor_create(context, RNN_F32, 2, SHAPE(2, 3));
    rnn_tensor_t *slice = t ? rnn_tensor_slice(t, 0, 0, 1) : NULL;
    rnn_tensor_t *flat = t ? rnn_tensor_reshape(t, 1, SHAPE(6)) : NULL;
    rnn_tensor_t *view =
        rnni_tensor_view_const(context, RNN_F32, 1, SHAPE(6), data, count_release, &released);
    ok = t && slice && flat && view;
    rnn_tensor_free(t);
    rnn_tensor_free(slice);
    rnn_tensor_free(flat);
    CHECK_INT(released, 0); /* a view that could not be made has not released its owner */
    rnn_tensor_free(view);
    CHECK_INT(released, view != NULL);
    return ok;
}

TEST(every_failing_allocation_is_survived)
{
    EVERY_FAILURE(tensor_step);
}

TEST_MAIN
