/* SPDX-License-Identifier: MIT */
#include "fuzz/target.h"
#include <rnn/rnn.h>

/* A model file: it is loaded, and then saves and loads again, or it is refused with a reason. */

static int32_t count_bytes(const char *text, int64_t size, void *user)
{
    (void)text;
    *(int64_t *)user += size;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rnn_model_t *model = NULL;
    rnn_status_t status = rnn_model_load_memory(NULL, data, (int64_t)size, &model);
    ALWAYS((status == RNN_OK) == (model != NULL));
    ALWAYS(status == RNN_OK || (status < 0 && status != RNN_ERROR_INTERNAL && *rnn_last_error()));
    if (model) {
        int64_t summary = 0;
        ALWAYS(rnn_model_summary(model, count_bytes, &summary) == RNN_OK && summary > 0);
        rnn_state_free(rnn_state_create(model));
        rnn_model_free(model);
    }
    *(status == RNN_OK ? &taken : &refused) += 1;
    return 0;
}
