/* SPDX-License-Identifier: MIT */
/** @file tensor.h
 * Arrays with a type, a shape and strides: how numbers go into the library and come out.
 *
 * A tensor owns its storage, is a view into another tensor (and keeps it alive), or wraps the caller's memory
 * without a copy. Tensors are reference-counted; reading one from several threads is safe. */
#ifndef RNN_TENSOR_H
#define RNN_TENSOR_H

#include <rnn/context.h>

RNN_BEGIN_DECLS

typedef struct rnn_tensor rnn_tensor_t;

/** Element types. Numbers never change. F16 and BF16 can be stored and converted, not computed with. */
enum {
    RNN_F32 = 1, RNN_F64 = 2, RNN_F16 = 3, RNN_BF16 = 4,
    RNN_I64 = 5, RNN_I32 = 6, RNN_I16 = 7, RNN_I8 = 8, RNN_U8 = 9, RNN_BOOL = 10
};

/** The largest number of dimensions. */
#define RNN_MAX_RANK 8

/** Bytes of one element, or 0 for a number that is not a type. */
RNN_API int64_t rnn_dtype_size(int32_t dtype);
/** The name as safetensors writes it ("F32", "I64", "BOOL"), or NULL. Static. */
RNN_API const char *rnn_dtype_name(int32_t dtype);

/** A contiguous tensor of zeros. `shape` has `rank` sizes >= 0; rank 0 is a single number. NULL on
 *  failure. */
RNN_API rnn_tensor_t *rnn_tensor_create(rnn_context_t *context, int32_t dtype, int32_t rank,
                                        const int64_t *shape);

/** Wraps the caller's memory, which must outlive the tensor and is neither copied nor freed.
 *  `strides` are in elements and may be NULL (contiguous). NULL on failure. */
RNN_API rnn_tensor_t *rnn_tensor_wrap(rnn_context_t *context, int32_t dtype, int32_t rank,
                                      const int64_t *shape, const int64_t *strides, void *data);

/** The part [start, start + length) of dimension `axis` as a view that shares the storage. NULL on
 *  failure. */
RNN_API rnn_tensor_t *rnn_tensor_slice(rnn_tensor_t *tensor, int32_t axis, int64_t start, int64_t length);

/** The same numbers under another shape of the same count, as a view; the tensor must be contiguous. */
RNN_API rnn_tensor_t *rnn_tensor_reshape(rnn_tensor_t *tensor, int32_t rank, const int64_t *shape);

/** Dimensions `a` and `b` exchanged, as a view. */
RNN_API rnn_tensor_t *rnn_tensor_transpose(rnn_tensor_t *tensor, int32_t a, int32_t b);

/** One more reference to the same tensor, to be freed as well. Returns `tensor`. */
RNN_API rnn_tensor_t *rnn_tensor_retain(rnn_tensor_t *tensor);
RNN_API void rnn_tensor_free(rnn_tensor_t *tensor);

RNN_API int32_t rnn_tensor_dtype(const rnn_tensor_t *tensor);
RNN_API int32_t rnn_tensor_rank(const rnn_tensor_t *tensor);
/** Size of dimension `axis`; negative axes count from the end; -1 when there is no such axis. */
RNN_API int64_t rnn_tensor_size(const rnn_tensor_t *tensor, int32_t axis);
/** Stride of dimension `axis` in elements; 0 when there is no such axis. */
RNN_API int64_t rnn_tensor_stride(const rnn_tensor_t *tensor, int32_t axis);
/** Number of elements. */
RNN_API int64_t rnn_tensor_count(const rnn_tensor_t *tensor);
RNN_API int32_t rnn_tensor_is_contiguous(const rnn_tensor_t *tensor);

/** The first element, or NULL when the tensor is read-only (a model's weight). */
RNN_API void *rnn_tensor_data(rnn_tensor_t *tensor);
/** The first element for reading. Never NULL for a tensor that has elements. */
RNN_API const void *rnn_tensor_const_data(const rnn_tensor_t *tensor);

/** Copies `source` into `target`: equal shapes, any strides, numbers converted between types (to an integer:
 *  rounded to nearest; RNN_ERROR_RANGE when a value does not fit, with `target` untouched). The two must not
 *  overlap unless they are the same view. */
RNN_API rnn_status_t rnn_tensor_copy(rnn_tensor_t *target, const rnn_tensor_t *source);

/** One element as a double, by its position in row-major order of the shape; 0 when out of range. */
RNN_API double rnn_tensor_get(const rnn_tensor_t *tensor, int64_t position);
/** Writes one element. Errors: RNN_ERROR_RANGE, RNN_ERROR_STATE (read-only). */
RNN_API rnn_status_t rnn_tensor_set(rnn_tensor_t *tensor, int64_t position, double value);

RNN_END_DECLS

#endif
