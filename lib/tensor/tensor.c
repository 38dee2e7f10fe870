/* SPDX-License-Identifier: MIT */
#include "tensor/tensor.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include "tensor/convert.h"

#include <stdio.h>

static const struct {
    int32_t size;
    const char *name;
} dtypes[] = {
    [RNN_F32] = { 4, "F32" }, [RNN_F64] = { 8, "F64" }, [RNN_F16] = { 2, "F16" }, [RNN_BF16] = { 2, "BF16" },
    [RNN_I64] = { 8, "I64" }, [RNN_I32] = { 4, "I32" }, [RNN_I16] = { 2, "I16" }, [RNN_I8] = { 1, "I8" },
    [RNN_U8] = { 1, "U8" },   [RNN_BOOL] = { 1, "BOOL" },
};

static bool is_dtype(int32_t dtype)
{
    return dtype >= RNN_F32 && dtype <= RNN_BOOL;
}

int64_t rnn_dtype_size(int32_t dtype)
{
    return is_dtype(dtype) ? dtypes[dtype].size : 0;
}

const char *rnn_dtype_name(int32_t dtype)
{
    return is_dtype(dtype) ? dtypes[dtype].name : NULL;
}

/* Shapes. */

const char *rnni_shape_text(int32_t rank, const int64_t *shape, char out[RNNI_SHAPE_TEXT])
{
    size_t used = 1;
    memcpy(out, "[", 2);
    for (int32_t i = 0; i < rank; i++) {
        char item[32];
        size_t size = (size_t)snprintf(item, sizeof(item), "%s%lld", i ? ", " : "", (long long)shape[i]);
        if (used + size + 5 > RNNI_SHAPE_TEXT) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        memcpy(out + used, item, size);
        used += size;
    }
    memcpy(out + used, "]", 2);
    return out;
}

rnn_status_t rnni_shape_count(int32_t dtype, int32_t rank, const int64_t *shape, int64_t *count)
{
    RNNI_REQUIRE(is_dtype(dtype), RNN_ERROR_ARGUMENT, "dtype is %d, which is none of RNN_F32 to RNN_BOOL",
                 (int)dtype);
    RNNI_REQUIRE(rank >= 0 && rank <= RNN_MAX_RANK, RNN_ERROR_ARGUMENT, "rank is %d, expected 0 to %d",
                 (int)rank, RNN_MAX_RANK);
    RNNI_REQUIRE(shape || rank == 0, RNN_ERROR_ARGUMENT, "the shape is NULL");
    int64_t positive = 1; /* the product without the zeros, so that strides cannot overflow either */
    bool empty = false, fits = true;
    char text[RNNI_SHAPE_TEXT];
    for (int32_t i = 0; i < rank; i++) {
        RNNI_REQUIRE(shape[i] >= 0, RNN_ERROR_SHAPE, "dimension %d of shape %s is negative", (int)i,
                     rnni_shape_text(rank, shape, text));
        empty |= shape[i] == 0;
        fits = fits && rnni_mul_i64(positive, shape[i] ? shape[i] : 1, &positive);
    }
    fits = fits && positive <= PTRDIFF_MAX / dtypes[dtype].size;
    RNNI_REQUIRE(fits, RNN_ERROR_SHAPE, "shape %s is too large", rnni_shape_text(rank, shape, text));
    *count = empty ? 0 : positive;
    return RNN_OK;
}

static void contiguous_strides(int32_t rank, const int64_t *shape, int64_t *strides)
{
    int64_t step = 1;
    for (int32_t i = rank - 1; i >= 0; i--) {
        strides[i] = step;
        step *= shape[i] ? shape[i] : 1;
    }
}

/* Whether every element's distance from the first, in bytes, can be computed. */
static rnn_status_t check_strides(int32_t dtype, int32_t rank, const int64_t *shape, const int64_t *strides)
{
    int64_t reach = 0, limit = PTRDIFF_MAX / dtypes[dtype].size;
    for (int32_t i = 0; i < rank; i++) {
        int64_t step = strides[i] < 0 ? -(strides[i] + 1) : strides[i], span;
        bool fits = rnni_mul_i64(step, shape[i] ? shape[i] : 1, &span) && rnni_add_i64(reach, span, &reach) &&
                    rnni_add_i64(reach, shape[i], &reach) && reach <= limit;
        RNNI_REQUIRE(fits, RNN_ERROR_SHAPE, "stride %lld of dimension %d is too large", (long long)strides[i],
                     (int)i);
    }
    return RNN_OK;
}

/* Storage. */

/* A storage with `bytes` of its own behind the header, which takes whole cache lines. Consumes nothing on
 * failure. */
static rnni_storage *storage_create(rnn_context_t *context, size_t bytes, bool zeroed)
{
    size_t header = (sizeof(rnni_storage) + RNNI_ALIGNMENT - 1) / RNNI_ALIGNMENT * RNNI_ALIGNMENT, size;
    if (!rnni_add(header, bytes, &size)) {
        rnni_fail_memory("a tensor", SIZE_MAX);
        return NULL;
    }
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return NULL;
    rnni_storage *storage = rnni_alloc_unset(held, size);
    if (!storage) {
        rnn_context_free(held);
        return NULL;
    }
    memset(storage, 0, zeroed ? size : header);
    atomic_init(&storage->references, 1);
    storage->context = held;
    storage->data = (char *)storage + header;
    storage->size = size;
    return storage;
}

static void storage_free(rnni_storage *storage)
{
    if (atomic_fetch_sub_explicit(&storage->references, 1, memory_order_acq_rel) != 1) return;
    if (storage->release) storage->release(storage->owner);
    rnn_context_t *context = storage->context;
    rnni_free(context, storage, storage->size);
    rnn_context_free(context);
}

/* Tensors. */

/* A tensor on `storage`, one reference of which it takes over: on failure that is given back. */
static rnn_tensor_t *tensor_on(rnni_storage *storage, int32_t dtype, int32_t rank, const int64_t *shape,
                               const int64_t *strides, int64_t count)
{
    rnn_tensor_t *tensor = storage ? rnni_alloc(storage->context, sizeof(*tensor)) : NULL;
    if (!tensor) {
        if (storage) storage_free(storage);
        return NULL;
    }
    atomic_init(&tensor->references, 1);
    tensor->storage = storage;
    tensor->dtype = dtype;
    tensor->rank = rank;
    tensor->count = count;
    if (rank) memcpy(tensor->shape, shape, (size_t)rank * sizeof(*shape));
    if (strides) memcpy(tensor->strides, strides, (size_t)rank * sizeof(*strides));
    else contiguous_strides(rank, tensor->shape, tensor->strides);
    return tensor;
}

/* A tensor that shares the storage, type and place of `base`. */
static rnn_tensor_t *view_of(rnn_tensor_t *base, int32_t rank, const int64_t *shape, const int64_t *strides,
                             int64_t count)
{
    atomic_fetch_add_explicit(&base->storage->references, 1, memory_order_relaxed);
    rnn_tensor_t *view = tensor_on(base->storage, base->dtype, rank, shape, strides, count);
    if (!view) return NULL;
    view->offset = base->offset;
    view->read_only = base->read_only;
    return view;
}

static rnn_tensor_t *create(rnn_context_t *context, int32_t dtype, int32_t rank, const int64_t *shape,
                            bool zeroed)
{
    int64_t count;
    if (rnni_shape_count(dtype, rank, shape, &count) != RNN_OK) return NULL;
    rnni_storage *storage = storage_create(context, (size_t)(count * dtypes[dtype].size), zeroed);
    return tensor_on(storage, dtype, rank, shape, NULL, count);
}

rnn_tensor_t *rnn_tensor_create(rnn_context_t *context, int32_t dtype, int32_t rank, const int64_t *shape)
{
    return create(context, dtype, rank, shape, true);
}

rnn_tensor_t *rnni_tensor_create_unset(rnn_context_t *context, int32_t dtype, int32_t rank,
                                       const int64_t *shape)
{
    return create(context, dtype, rank, shape, false);
}

/* A tensor over foreign memory. The release function is not set yet, so that a failure leaves the owner
 * alone. */
static rnn_tensor_t *wrap(rnn_context_t *context, int32_t dtype, int32_t rank, const int64_t *shape,
                          const int64_t *strides, void *data)
{
    int64_t count;
    if (rnni_shape_count(dtype, rank, shape, &count) != RNN_OK) return NULL;
    if (strides && check_strides(dtype, rank, shape, strides) != RNN_OK) return NULL;
    if (!data && count > 0) {
        rnni_fail(RNN_ERROR_ARGUMENT, "the data to wrap is NULL, but the shape has %lld elements",
                  (long long)count);
        return NULL;
    }
    rnni_storage *storage = storage_create(context, 0, true);
    if (storage) storage->data = data;
    return tensor_on(storage, dtype, rank, shape, strides, count);
}

rnn_tensor_t *rnn_tensor_wrap(rnn_context_t *context, int32_t dtype, int32_t rank, const int64_t *shape,
                              const int64_t *strides, void *data)
{
    return wrap(context, dtype, rank, shape, strides, data);
}

rnn_tensor_t *rnni_tensor_view_const(rnn_context_t *context, int32_t dtype, int32_t rank,
                                     const int64_t *shape, const void *data,
                                     void (*owner_release)(void *owner), void *owner)
{
    rnn_tensor_t *tensor = wrap(context, dtype, rank, shape, NULL, (void *)(uintptr_t)data);
    if (!tensor) return NULL;
    tensor->read_only = true;
    tensor->storage->release = owner_release;
    tensor->storage->owner = owner;
    return tensor;
}

static rnn_status_t find_axis(const rnn_tensor_t *tensor, int32_t axis, int32_t *found)
{
    RNNI_REQUIRE(tensor, RNN_ERROR_ARGUMENT, "the tensor is NULL");
    RNNI_REQUIRE(axis >= -tensor->rank && axis < tensor->rank, RNN_ERROR_ARGUMENT,
                 "axis %d does not exist in a tensor of rank %d", (int)axis, (int)tensor->rank);
    *found = axis < 0 ? axis + tensor->rank : axis;
    return RNN_OK;
}

rnn_tensor_t *rnn_tensor_slice(rnn_tensor_t *tensor, int32_t axis, int64_t start, int64_t length)
{
    if (find_axis(tensor, axis, &axis) != RNN_OK) return NULL;
    int64_t size = tensor->shape[axis];
    if (start < 0 || length < 0 || start > size || length > size - start) {
        rnni_fail(RNN_ERROR_RANGE, "a slice of %lld from %lld does not lie in dimension %d of size %lld",
                  (long long)length, (long long)start, (int)axis, (long long)size);
        return NULL;
    }
    int64_t shape[RNN_MAX_RANK];
    memcpy(shape, tensor->shape, sizeof(shape));
    shape[axis] = length;
    int64_t count = size ? tensor->count / size * length : 0;
    rnn_tensor_t *view = view_of(tensor, tensor->rank, shape, tensor->strides, count);
    if (view && count) view->offset += start * tensor->strides[axis];
    return view;
}

rnn_tensor_t *rnn_tensor_reshape(rnn_tensor_t *tensor, int32_t rank, const int64_t *shape)
{
    char from[RNNI_SHAPE_TEXT], to[RNNI_SHAPE_TEXT];
    int64_t count;
    if (!tensor) {
        rnni_fail(RNN_ERROR_ARGUMENT, "the tensor is NULL");
        return NULL;
    }
    if (rnni_shape_count(tensor->dtype, rank, shape, &count) != RNN_OK) return NULL;
    if (count != tensor->count) {
        rnni_fail(RNN_ERROR_SHAPE, "shape %s cannot become %s: %lld elements, not %lld",
                  rnni_shape_text(tensor->rank, tensor->shape, from), rnni_shape_text(rank, shape, to),
                  (long long)tensor->count, (long long)count);
        return NULL;
    }
    if (!rnn_tensor_is_contiguous(tensor)) {
        rnni_fail(RNN_ERROR_STATE, "only a contiguous tensor can be reshaped: copy it into a new one first");
        return NULL;
    }
    return view_of(tensor, rank, shape, NULL, count);
}

rnn_tensor_t *rnn_tensor_transpose(rnn_tensor_t *tensor, int32_t a, int32_t b)
{
    if (find_axis(tensor, a, &a) != RNN_OK || find_axis(tensor, b, &b) != RNN_OK) return NULL;
    rnn_tensor_t *view = view_of(tensor, tensor->rank, tensor->shape, tensor->strides, tensor->count);
    if (!view) return NULL;
    view->shape[a] = tensor->shape[b];
    view->shape[b] = tensor->shape[a];
    view->strides[a] = tensor->strides[b];
    view->strides[b] = tensor->strides[a];
    return view;
}

rnn_tensor_t *rnn_tensor_retain(rnn_tensor_t *tensor)
{
    if (tensor) atomic_fetch_add_explicit(&tensor->references, 1, memory_order_relaxed);
    return tensor;
}

void rnn_tensor_free(rnn_tensor_t *tensor)
{
    if (!tensor || atomic_fetch_sub_explicit(&tensor->references, 1, memory_order_acq_rel) != 1) return;
    rnni_storage *storage = tensor->storage;
    rnni_free(storage->context, tensor, sizeof(*tensor));
    storage_free(storage);
}

/* Questions. */

int32_t rnn_tensor_dtype(const rnn_tensor_t *tensor)
{
    return tensor ? tensor->dtype : 0;
}

int32_t rnn_tensor_rank(const rnn_tensor_t *tensor)
{
    return tensor ? tensor->rank : 0;
}

int64_t rnn_tensor_size(const rnn_tensor_t *tensor, int32_t axis)
{
    if (!tensor || axis < -tensor->rank || axis >= tensor->rank) return -1;
    return tensor->shape[axis < 0 ? axis + tensor->rank : axis];
}

int64_t rnn_tensor_stride(const rnn_tensor_t *tensor, int32_t axis)
{
    if (!tensor || axis < -tensor->rank || axis >= tensor->rank) return 0;
    return tensor->strides[axis < 0 ? axis + tensor->rank : axis];
}

int64_t rnn_tensor_count(const rnn_tensor_t *tensor)
{
    return tensor ? tensor->count : 0;
}

int32_t rnn_tensor_is_contiguous(const rnn_tensor_t *tensor)
{
    if (!tensor || tensor->count == 0) return tensor != NULL;
    int64_t step = 1;
    for (int32_t i = tensor->rank - 1; i >= 0; i--) {
        if (tensor->shape[i] != 1 && tensor->strides[i] != step) return 0;
        step *= tensor->shape[i];
    }
    return 1;
}

/* The place of an element that lies `offset` elements after the first one. */
static char *place(const rnn_tensor_t *tensor, int64_t offset)
{
    if (!tensor->storage->data) return NULL;
    return tensor->storage->data + (tensor->offset + offset) * dtypes[tensor->dtype].size;
}

static rnn_status_t check_writable(const rnn_tensor_t *tensor)
{
    RNNI_REQUIRE(tensor, RNN_ERROR_ARGUMENT, "the tensor is NULL");
    RNNI_REQUIRE(!tensor->read_only, RNN_ERROR_STATE, "the tensor is read-only");
    return RNN_OK;
}

void *rnn_tensor_data(rnn_tensor_t *tensor)
{
    return check_writable(tensor) == RNN_OK ? place(tensor, 0) : NULL;
}

const void *rnn_tensor_const_data(const rnn_tensor_t *tensor)
{
    return tensor ? place(tensor, 0) : NULL;
}

/* Elements. */

/* The distance of the element at a row-major position of the shape from the first element. */
static int64_t offset_of(const rnn_tensor_t *tensor, int64_t position)
{
    int64_t offset = 0;
    for (int32_t i = tensor->rank - 1; i >= 0; i--) {
        offset += position % tensor->shape[i] * tensor->strides[i];
        position /= tensor->shape[i];
    }
    return offset;
}

double rnn_tensor_get(const rnn_tensor_t *tensor, int64_t position)
{
    if (!tensor || position < 0 || position >= tensor->count) return 0;
    return rnni_convert_get(tensor->dtype, place(tensor, offset_of(tensor, position)));
}

static rnn_status_t does_not_fit(const rnn_tensor_t *target, int64_t position, double value)
{
    char text[RNNI_NUMBER_SIZE];
    rnni_print_double(value, text);
    return rnni_fail(RNN_ERROR_RANGE, "%s at position %lld does not fit into %s", text, (long long)position,
                     dtypes[target->dtype].name);
}

rnn_status_t rnn_tensor_set(rnn_tensor_t *tensor, int64_t position, double value)
{
    RNNI_TRY(check_writable(tensor));
    RNNI_REQUIRE(position >= 0 && position < tensor->count, RNN_ERROR_RANGE,
                 "position is %lld, expected 0 to %lld", (long long)position, (long long)tensor->count - 1);
    if (rnni_convert_fits(tensor->dtype, RNN_F64, &value, 1, 1) != 1)
        return does_not_fit(tensor, position, value);
    rnni_convert(tensor->dtype, place(tensor, offset_of(tensor, position)), 1, RNN_F64, &value, 1, 1);
    return RNN_OK;
}

/* Copies. */

/* A walk over both tensors in runs: the last dimension, or everything when both are contiguous. */
typedef struct {
    int64_t runs, length, target_stride, source_stride;
} walk;

static walk plan(const rnn_tensor_t *target, const rnn_tensor_t *source)
{
    int32_t last = target->rank - 1;
    if (last < 0 || (rnn_tensor_is_contiguous(target) && rnn_tensor_is_contiguous(source)))
        return (walk){ 1, target->count, 1, 1 };
    int64_t length = target->shape[last];
    return (walk){ target->count / length, length, target->strides[last], source->strides[last] };
}

static rnn_status_t check_fits(const rnn_tensor_t *target, const rnn_tensor_t *source, const walk *w)
{
    for (int64_t run = 0; run < w->runs; run++) {
        const char *in = place(source, offset_of(source, run * w->length));
        int64_t good = rnni_convert_fits(target->dtype, source->dtype, in, w->source_stride, w->length);
        if (good < w->length) {
            int64_t position = run * w->length + good;
            return does_not_fit(target, position, rnn_tensor_get(source, position));
        }
    }
    return RNN_OK;
}

rnn_status_t rnn_tensor_copy(rnn_tensor_t *target, const rnn_tensor_t *source)
{
    RNNI_TRY(check_writable(target));
    RNNI_REQUIRE(source, RNN_ERROR_ARGUMENT, "the source tensor is NULL");
    char from[RNNI_SHAPE_TEXT], to[RNNI_SHAPE_TEXT];
    size_t bytes = (size_t)target->rank * sizeof(*target->shape);
    bool same_shape = target->rank == source->rank && memcmp(target->shape, source->shape, bytes) == 0;
    RNNI_REQUIRE(same_shape, RNN_ERROR_SHAPE, "a tensor of shape %s cannot be copied into one of shape %s",
                 rnni_shape_text(source->rank, source->shape, from),
                 rnni_shape_text(target->rank, target->shape, to));
    if (target->count == 0) return RNN_OK;
    if (target->dtype == source->dtype && place(target, 0) == place(source, 0) &&
        memcmp(target->strides, source->strides, bytes) == 0)
        return RNN_OK;
    walk w = plan(target, source);
    RNNI_TRY(check_fits(target, source, &w));
    for (int64_t run = 0; run < w.runs; run++) {
        char *out = place(target, offset_of(target, run * w.length));
        const char *in = place(source, offset_of(source, run * w.length));
        rnni_convert(target->dtype, out, w.target_stride, source->dtype, in, w.source_stride, w.length);
    }
    return RNN_OK;
}
