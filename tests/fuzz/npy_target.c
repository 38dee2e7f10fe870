/* SPDX-License-Identifier: MIT */
#include "fuzz/target.h"
#include <rnn/data.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rnn_tensor_t *tensor = NULL;
    rnn_status_t status = rnn_tensor_load_npy_memory(NULL, data, (int64_t)size, &tensor);
    ALWAYS((status == RNN_OK) == (tensor != NULL));
    ALWAYS(status == RNN_OK || status == RNN_ERROR_FORMAT || status == RNN_ERROR_UNSUPPORTED);
    if (tensor) {
        ALWAYS(rnn_tensor_is_contiguous(tensor));
        ALWAYS(rnn_tensor_count(tensor) * rnn_dtype_size(rnn_tensor_dtype(tensor)) <= 2 * (int64_t)size);
        volatile double last = 0; /* every element can be read */
        for (int64_t i = 0; i < rnn_tensor_count(tensor); i++) last = rnn_tensor_get(tensor, i);
        (void)last;
    }
    *(tensor ? &taken : &refused) += 1;
    rnn_tensor_free(tensor);
    return 0;
}
