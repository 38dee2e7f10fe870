/* SPDX-License-Identifier: MIT */
#include "layers/by_hand.h"

/* Three sequences of three steps of two features; the third is empty, the second has one step. */
static const double x[] = { -3, 1, -1, 5, -2, 3, 7, -8, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100 };
static const int64_t lengths[] = { 3, 1, 0 };

static void check(rnn_layer_t *(*pool)(rnn_model_t *model, rnn_layer_t *x), const double *expected)
{
    by_hand h = hand_values(3, 3, 2, x, lengths);
    hand_build(&h, pool(h.model, h.x));
    hand_expect(&h, 6, expected);
}

TEST(last)
{
    static const double expected[] = { -2, 3, 7, -8, 0, 0 };
    check(rnn_last, expected);
}

TEST(mean)
{
    static const double expected[] = { -2, 3, 7, -8, 0, 0 };
    check(rnn_mean_pool, expected);
}

/* The largest of negative values is negative. */
TEST(max)
{
    static const double expected[] = { -1, 5, 7, -8, 0, 0 };
    check(rnn_max_pool, expected);
}

/* Directly on a recurrent layer: each direction's own end, and the initial state of an empty sequence. */
TEST(last_of_both_directions)
{
    static const double values[] = { 0.5, 1, -1, 2, 0, 0 }, one[] = { 1 }, half[] = { 0.5 }, none[] = { 0 };
    static const int64_t ends[] = { 3, 0 };
    by_hand h = hand_values(2, 3, 1, values, ends);
    rnn_layer_t *layer = rnn_simple_rnn(h.model, h.x, 1);
    CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL));
    hand_build(&h, rnn_last(h.model, layer));
    static const char *const names[] = { "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "weight_ih_l0_reverse",
                                         "weight_hh_l0_reverse", "bias_ih_l0_reverse" };
    for (int i = 0; i < 6; i++) {
        char name[64];
        snprintf(name, sizeof name, "simple_rnn.%s", names[i]);
        hand_weight(&h, name, i % 3 == 0 ? one : i % 3 == 1 ? half : none);
    }
    double forward = tanh(-1 + 0.5 * tanh(1 + 0.5 * tanh(0.5))),
           reverse = tanh(0.5 + 0.5 * tanh(1 + 0.5 * tanh(-1)));
    double expected[] = { forward, reverse, 0, 0 };
    hand_expect(&h, 4, expected);
}

TEST_MAIN
