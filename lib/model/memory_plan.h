/* SPDX-License-Identifier: MIT */
#ifndef RNNI_MEMORY_PLAN_H
#define RNNI_MEMORY_PLAN_H

#include "model/model.h"

/* A batch that memory is counted for: `batch` sequences with `steps` steps each in every input. */
typedef struct rnni_plan {
    int64_t batch, steps;
    bool training, input_gradients;
    int32_t recompute;   /* RNN_RECOMPUTE_* */
    bool halves;         /* see rnni_run */
    bool uneven;         /* as if some were shorter, but by next to nothing */
    const uint8_t *raw;  /* as rnni_exec.raw; or NULL */
} rnni_plan;

/* Bytes that an exec allocates in all for such a batch, from its init on: nothing is left out, and nothing is
 * allocated that grows with the batch. RNN_ERROR_RANGE, RNN_ERROR_MEMORY. */
rnn_status_t rnni_exec_bytes(const rnn_model_t *model, const rnni_plan *plan, int64_t *bytes);
/* The most that sequences of up to `steps` steps take; `uneven` is not looked at. An embedding that is folded
 * for such a batch may not be for a shorter one, which is not considered. */
rnn_status_t rnni_exec_most_bytes(const rnn_model_t *model, rnni_plan plan, int64_t *bytes);
/* Bytes that rnn_state_create allocates, beside what the model then keeps for all its streams.
 * RNN_ERROR_UNSUPPORTED: no streams of this model. */
rnn_status_t rnni_state_bytes(const rnn_model_t *model, int64_t *bytes);

#endif
