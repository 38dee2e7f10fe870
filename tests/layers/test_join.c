/* SPDX-License-Identifier: MIT */
#include "layers/by_hand.h"

static const double x[] = { 1, 2, 3, 4 }; /* two steps of two features */

TEST(sums)
{
    static const double expected[] = { 3, 6, 9, 12 };
    by_hand h = hand_values(1, 2, 2, x, NULL);
    rnn_layer_t *parts[3] = { h.x, h.x, h.x };
    hand_build(&h, rnn_add(h.model, parts, 3));
    hand_expect(&h, 4, expected);
}

TEST(of_one)
{
    by_hand h = hand_values(1, 2, 2, x, NULL);
    rnn_layer_t *sum = rnn_add(h.model, &h.x, 1);
    hand_build(&h, rnn_concat(h.model, &sum, 1));
    hand_expect(&h, 4, x);
}

TEST(side_by_side)
{
    static const double expected[] = { 1, 2, 2, 4, 1, 2, 3, 4, 6, 8, 3, 4 };
    by_hand h = hand_values(1, 2, 2, x, NULL);
    rnn_layer_t *twice[2] = { h.x, h.x }, *parts[3] = { h.x, rnn_add(h.model, twice, 2), h.x };
    hand_build(&h, rnn_concat(h.model, parts, 3));
    hand_expect(&h, 12, expected);
}

/* Vectors of one batch join, whatever sequences they come from. */
TEST(vectors)
{
    static const double expected[] = { 3, 4, 2, 3 };
    by_hand h = hand_values(1, 2, 2, x, NULL);
    rnn_layer_t *parts[2] = { rnn_last(h.model, h.x), rnn_mean_pool(h.model, h.x) };
    hand_build(&h, rnn_concat(h.model, parts, 2));
    hand_expect(&h, 4, expected);
}

TEST_MAIN
