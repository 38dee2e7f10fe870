/* SPDX-License-Identifier: MIT */
#ifndef RNNI_TENSOR_H
#define RNNI_TENSOR_H

#include "core/context.h"
#include <rnn/tensor.h>
#include <stdbool.h>

/* The numbers behind one or several tensors; counted, so that a view outlives the tensor it was made from. */
typedef struct rnni_storage {
    atomic_int references;
    rnn_context_t *context; /* held */
    char *data;             /* the first element of the root tensor */
    size_t size;            /* bytes of this block: the header and, when they are its own, the numbers */
    void (*release)(void *owner);
    void *owner;
} rnni_storage;

/* Element (i0, i1, ...) is storage->data[offset + i0 * strides[0] + i1 * strides[1] + ...] in elements. */
struct rnn_tensor {
    atomic_int references;
    rnni_storage *storage; /* counted */
    int32_t dtype, rank;
    int64_t shape[RNN_MAX_RANK], strides[RNN_MAX_RANK];
    int64_t offset, count;
    bool read_only;
};

/* rnn_tensor_create for a caller who writes every number. */
rnn_tensor_t *rnni_tensor_create_unset(rnn_context_t *context, int32_t dtype, int32_t rank,
                                       const int64_t *shape);

/* A read-only contiguous tensor over memory that belongs to `owner` (a model's weight).
 * `owner_release(owner)` is called once, when the last view is gone; it may be NULL. On failure NULL, and
 * the owner is not released. */
rnn_tensor_t *rnni_tensor_view_const(rnn_context_t *context, int32_t dtype, int32_t rank,
                                     const int64_t *shape, const void *data,
                                     void (*owner_release)(void *owner), void *owner);

/* The number of elements of a shape, checked: rank, no negative size, count * bytes of the dtype within
 * PTRDIFF_MAX. */
rnn_status_t rnni_shape_count(int32_t dtype, int32_t rank, const int64_t *shape, int64_t *count);

/* "[2, 3]" for messages, cut with "..." when it does not fit. Returns `out`. */
#define RNNI_SHAPE_TEXT 96
const char *rnni_shape_text(int32_t rank, const int64_t *shape, char out[RNNI_SHAPE_TEXT]);

#endif
