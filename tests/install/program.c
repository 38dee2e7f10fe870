/* SPDX-License-Identifier: MIT */
/* What a user's first program does with an installed library: looks at its version and steps a small model.
 * Valid C and C++. */
#include <rnn/rnn.h>
#include <stdio.h>
#include <string.h>

static int has_version_of_header(void)
{
    char expected[32];
    snprintf(expected, sizeof expected, "%d.%d.%d", RNN_VERSION_MAJOR, RNN_VERSION_MINOR, RNN_VERSION_PATCH);
    if (strcmp(rnn_version(), expected) == 0) return 1;
    fprintf(stderr, "the library is version %s, its header %s\n", rnn_version(), expected);
    return 0;
}

/* An LSTM of 4 units under a sigmoid: whatever the weights, three steps give three numbers between 0 and
 * 1. */
static int steps_a_model(void)
{
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(model, "x", 2);
    rnn_layer_t *y = rnn_dense(model, rnn_lstm(model, x, 4), 1, RNN_SIGMOID);
    rnn_model_set_output(model, y, "y");
    rnn_status_t status = rnn_model_build(model);
    rnn_state_t *state = status == RNN_OK ? rnn_state_create(model) : NULL;
    int good = state != NULL;
    for (int step = 0; step < 3 && good; step++) {
        const float in[2] = { 1.0f, -0.5f };
        float out = -1;
        good = rnn_state_step(state, in, &out) == RNN_OK && out > 0 && out < 1;
    }
    if (!good) fprintf(stderr, "a small model does not run: %s\n", rnn_last_error());
    rnn_state_free(state);
    rnn_model_free(model);
    return good;
}

int main(void)
{
    return has_version_of_header() && steps_a_model() ? 0 : 1;
}
