/* SPDX-License-Identifier: MIT */
#ifndef RNNI_FROM_TENSOR_H
#define RNNI_FROM_TENSOR_H

#include "data/batch.h"
#include <stdbool.h>

/* Where a tensor's numbers go; named in error lines as "input 0" or "target 0". */
typedef struct rnni_place {
    bool target;
    int32_t index;
} rnni_place;

/* Replaces what `column` holds by the numbers of `data` (the table of rnn/data.h). `lengths` may be NULL
 * unless `ragged`: then the sequences lie one behind another. On failure the column is as it was. */
rnn_status_t rnni_column_from_tensor(rnn_context_t *context, rnni_column *column, rnni_place place,
                                     const rnn_tensor_t *data, const rnn_tensor_t *lengths, bool ragged);

/* Weights of samples or classes: F32 or F64 [count] (any count for -1), finite and not negative. */
rnn_status_t rnni_check_weights(const rnn_tensor_t *weights, int64_t count);
void rnni_copy_weights(const rnn_tensor_t *weights, rnni_real *out);

/* The smallest id that a column may hold: -1 is the ignored class of targets per step. */
static inline int64_t rnni_smallest_id(rnni_place place, rnni_column_kind kind)
{
    return place.target && kind == RNNI_COLUMN_TOKENS ? -1 : 0;
}

#endif
