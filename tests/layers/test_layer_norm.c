/* SPDX-License-Identifier: MIT */
#include "layers/by_hand.h"

TEST(normalises_rows)
{
    static const double x[4] = { 1, 3, -2, -2 }, weight[2] = { 2, 0.5 }, bias[2] = { 1, -1 };
    by_hand h = hand_values(1, 2, 2, x, NULL);
    hand_build(&h, rnn_layer_norm(h.model, h.x));
    hand_weight(&h, "layer_norm.weight", weight);
    hand_weight(&h, "layer_norm.bias", bias);
    double f = 1 / sqrt(1 + 1e-5), expected[4] = { 1 - 2 * f, -1 + 0.5 * f, 1, -1 };
    hand_expect(&h, 4, expected);
}

/* As it is made: ones and zeros. */
TEST(begins_as_the_plain_norm)
{
    static const double x[3] = { 0, 3, 6 };
    by_hand h = hand_values(1, 1, 3, x, NULL);
    rnn_layer_t *layer = rnn_layer_norm(h.model, h.x);
    CHECK_OK(rnn_layer_set_float(layer, RNN_LAYER_EPSILON, 1));
    hand_build(&h, layer);
    double f = 1 / sqrt(6 + 1.0), expected[3] = { -3 * f, 0, 3 * f };
    hand_expect(&h, 3, expected);
}

TEST(tokens_are_refused)
{
    rnn_model_t *m = rnn_model_create(NULL);
    CHECK_OK(rnn_model_set_output(m, rnn_layer_norm(m, rnn_input_tokens(m, "x")), "y"));
    CHECK_STATUS(rnn_model_build(m), RNN_ERROR_SHAPE);
    rnn_model_free(m);
}

TEST_MAIN
