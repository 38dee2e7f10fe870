/* SPDX-License-Identifier: MIT */
#include "layers/by_hand.h"

static const double x[] = { 1, 2, -1, 0.5 };       /* two steps of two features */
static const double weights[] = { 1, -1, 2, 0.5 }; /* W x: -1, 3;  -1.5, -1.75 */
static const double bias[] = { 0.5, -1 };          /* before the activation: -0.5, 2;  -1, -2.75 */

static void check(int32_t activation, const double *expected)
{
    by_hand h = hand_values(1, 2, 2, x, NULL);
    hand_build(&h, rnn_dense(h.model, h.x, 2, activation));
    hand_weight(&h, "dense.weight", weights);
    hand_weight(&h, "dense.bias", bias);
    hand_expect(&h, 4, expected);
}

TEST(activations)
{
    double linear[] = { -0.5, 2, -1, -2.75 }, relu[] = { 0, 2, 0, 0 }, hyperbolic[4], logistic[4], soft[4];
    for (int i = 0; i < 4; i++) hyperbolic[i] = tanh(linear[i]);
    for (int i = 0; i < 4; i++) logistic[i] = 1 / (1 + exp(-linear[i]));
    for (int i = 0; i < 4; i++) soft[i] = exp(linear[i]) / (exp(linear[i & 2]) + exp(linear[i | 1]));
    check(RNN_LINEAR, linear);
    check(RNN_RELU, relu);
    check(RNN_TANH, hyperbolic);
    check(RNN_SIGMOID, logistic);
    check(RNN_SOFTMAX, soft);
}

TEST(without_bias)
{
    static const double expected[] = { -1, 3, -1.5, -1.75 };
    by_hand h = hand_values(1, 2, 2, x, NULL);
    rnn_layer_t *layer = rnn_dense(h.model, h.x, 2, RNN_LINEAR);
    CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_BIAS, RNN_BIAS_NONE));
    hand_build(&h, layer);
    CHECK_INT(rnn_model_weights(h.model), 1);
    hand_weight(&h, "dense.weight", weights);
    hand_expect(&h, 4, expected);
}

/* Softmax of values that would overflow without the largest taken off. */
TEST(large_values)
{
    static const double large[] = { 1000, -1000 }, unit[] = { 1, 0, 0, 1 }, none[] = { 0, 0 },
                        expected[] = { 1, 0 };
    by_hand h = hand_values(1, 1, 2, large, NULL);
    hand_build(&h, rnn_dense(h.model, h.x, 2, RNN_SOFTMAX));
    hand_weight(&h, "dense.weight", unit);
    hand_weight(&h, "dense.bias", none);
    hand_expect(&h, 2, expected);
}

TEST_MAIN
