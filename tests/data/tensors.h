/* SPDX-License-Identifier: MIT */
#ifndef TENSORS_H
#define TENSORS_H

#include "harness.h"
#include <rnn/tensor.h>

/* Tensors over arrays that live as long as they do; freed by the caller. */

HARNESS_STATIC rnn_tensor_t *wrap1(int32_t dtype, void *data, int64_t a)
{
    rnn_tensor_t *tensor = rnn_tensor_wrap(NULL, dtype, 1, &a, NULL, data);
    CHECK(tensor != NULL);
    return tensor;
}

HARNESS_STATIC rnn_tensor_t *wrap2(int32_t dtype, void *data, int64_t a, int64_t b)
{
    int64_t shape[2] = { a, b };
    rnn_tensor_t *tensor = rnn_tensor_wrap(NULL, dtype, 2, shape, NULL, data);
    CHECK(tensor != NULL);
    return tensor;
}

HARNESS_STATIC rnn_tensor_t *wrap3(int32_t dtype, void *data, int64_t a, int64_t b, int64_t c)
{
    int64_t shape[3] = { a, b, c };
    rnn_tensor_t *tensor = rnn_tensor_wrap(NULL, dtype, 3, shape, NULL, data);
    CHECK(tensor != NULL);
    return tensor;
}

/* Gives up a tensor with the result of the call that it was made for. */
HARNESS_STATIC rnn_status_t used(rnn_status_t status, rnn_tensor_t *a, rnn_tensor_t *b)
{
    rnn_tensor_free(a);
    rnn_tensor_free(b);
    return status;
}

#endif
