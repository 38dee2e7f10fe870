/* SPDX-License-Identifier: MIT */
/* Recurrent layers of one width on top of each other share the memory of their gradients, whether they are
 * one layer or several; with each layer an output, as nobody may give a gradient to shared memory, they do
 * not. The gradients are the same. */
#include "model/helpers.h"

enum { COUNT = 21, STEPS = 30, UNITS = 12, LAYERS = 3 };
typedef enum { ONE, SEVERAL, OUTPUTS } layout;

static rnn_layer_t *stack(rnn_model_t *m, rnn_layer_t *h, layout form)
{
    if (form == ONE) {
        h = rnn_lstm(m, h, UNITS);
        CHECK_OK(rnn_layer_set_int(h, RNN_LAYER_LAYERS, LAYERS));
        return h;
    }
    for (int i = 0; i < LAYERS; i++) {
        char name[] = "h0";
        h = rnn_lstm(m, h, UNITS);
        name[1] = (char)('0' + i);
        if (form == OUTPUTS) CHECK_OK(rnn_model_set_output(m, h, name));
    }
    return h;
}

/* Weights' gradients and the input's one behind another, after a backward from the sums of the last
 * output. */
static rnn_tensor_t *gradients(layout form, int64_t *memory)
{
    int64_t lengths[COUNT], output = form == OUTPUTS ? LAYERS : 0;
    for (int64_t i = 0; i < COUNT; i++) lengths[i] = (i * 7 + 3) % (STEPS + 1);
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *h = stack(m, rnn_input_values(m, "x", UNITS), form);
    CHECK_OK(rnn_model_set_output(m, rnn_dense(m, h, 5, RNN_TANH), "y"));
    CHECK_OK(rnn_model_build(m));
    help_random_weights(m, 7, 0.5);
    rnn_batch_t *batch =
        help_batch(help_random_tensor(RNN_F32, COUNT, STEPS, UNITS, 9), help_integers(COUNT, lengths));
    rnn_trainer_t *t = rnn_trainer_create(m);
    rnn_tensor_t *y = NULL, *dx = NULL, *upstream[LAYERS + 1] = { NULL };
    CHECK_OK(rnn_trainer_memory(t, COUNT, STEPS, memory));
    CHECK_OK(rnn_trainer_input_gradient(t, 0, NULL));
    CHECK_OK(rnn_trainer_forward(t, batch, NULL));
    CHECK_OK(rnn_trainer_output(t, (int32_t)output, &y));
    upstream[output] = y;
    CHECK_OK(rnn_trainer_backward_from(t, (const rnn_tensor_t *const *)upstream, (int32_t)output + 1));
    CHECK_OK(rnn_trainer_input_gradient(t, 0, &dx));
    rnn_tensor_t *all = help_gradients(t, m, dx);
    rnn_tensor_free(dx);
    rnn_tensor_free(y);
    rnn_trainer_free(t);
    rnn_batch_free(batch);
    rnn_model_free(m);
    return all;
}

TEST(gradients_are_the_same_in_less_memory)
{
    int64_t bytes[OUTPUTS + 1];
    rnn_tensor_t *one = gradients(ONE, &bytes[ONE]), *several = gradients(SEVERAL, &bytes[SEVERAL]);
    rnn_tensor_t *apart = gradients(OUTPUTS, &bytes[OUTPUTS]);
    help_same(apart, several);
    help_same(apart, one);
    CHECK(bytes[SEVERAL] + (LAYERS - 1) * COUNT * STEPS * UNITS * (int64_t)sizeof(float) <= bytes[OUTPUTS]);
    rnn_tensor_free(one);
    rnn_tensor_free(several);
    rnn_tensor_free(apart);
}

TEST_MAIN
