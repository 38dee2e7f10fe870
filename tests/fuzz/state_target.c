/* SPDX-License-Identifier: MIT */
#include "fuzz/target.h"
#include <rnn/rnn.h>

/* The saved state of a stream: it is imported, or refused with the state as it was, and the stream goes on.
 * */

enum { STATE_ROOM = 1024 };
static rnn_state_t *stream;

static void make_stream(void)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_lstm(m, rnn_input_values(m, "x", 2), 3);
    rnn_model_set_output(m, rnn_dense(m, x, 2, RNN_TANH), "y");
    ALWAYS(rnn_model_build(m) == RNN_OK);
    stream = rnn_state_create(m);
    ALWAYS(stream && rnn_state_size(stream) <= STATE_ROOM);
    rnn_model_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const float in[2] = { 0.5f, -1 };
    char before[STATE_ROOM], after[STATE_ROOM];
    float out[2];
    if (!stream) make_stream();
    ALWAYS(rnn_state_export(stream, before, STATE_ROOM) == RNN_OK);
    rnn_status_t status = rnn_state_import(stream, data, (int64_t)size);
    ALWAYS(rnn_state_export(stream, after, STATE_ROOM) == RNN_OK);
    ALWAYS(status == RNN_OK || status == RNN_ERROR_FORMAT || status == RNN_ERROR_UNSUPPORTED);
    ALWAYS(status == RNN_OK || memcmp(before, after, (size_t)rnn_state_size(stream)) == 0);
    ALWAYS(rnn_state_step(stream, in, out) == RNN_OK);
    ALWAYS(rnn_state_reset(stream) == RNN_OK);
    *(status == RNN_OK ? &taken : &refused) += 1;
    return 0;
}
