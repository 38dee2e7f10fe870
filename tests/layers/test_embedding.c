/* SPDX-License-Identifier: MIT */
#include "layers/by_hand.h"

static const double table[] = { 1, 2, 3, 4, 5, 6 }; /* ids 0, 1, 2 */

TEST(rows_of_the_table)
{
    static const int32_t ids[] = { 2, 0, 2, 1, 1, 0 };
    static const double expected[] = { 5, 6, 1, 2, 5, 6, 3, 4, 3, 4, 1, 2 };
    by_hand h = hand_tokens(2, 3, ids, NULL);
    hand_build(&h, rnn_embedding(h.model, h.x, 3, 2));
    hand_weight(&h, "embedding.weight", table);
    hand_expect(&h, 12, expected);
}

/* Steps with the mask id are 0 here and do not exist for what follows. */
TEST(mask_id)
{
    static const int32_t ids[] = { 0, 2, 0, 1, 0, 0, 0, 0 };
    static const double rows[] = { 0, 0, 5, 6, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0 }, means[] = { 4, 5, 0, 0 };
    for (int pooled = 0; pooled < 2; pooled++) {
        by_hand h = hand_tokens(2, 4, ids, NULL);
        rnn_layer_t *layer = rnn_embedding(h.model, h.x, 3, 2);
        CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_MASK_ID, 0));
        hand_build(&h, pooled ? rnn_mean_pool(h.model, layer) : layer);
        hand_weight(&h, "embedding.weight", table);
        hand_expect(&h, pooled ? 4 : 16, pooled ? means : rows);
    }
}

/* Two tables on the same tokens; the smaller one bounds the ids. */
TEST(two_tables)
{
    static const int32_t ids[] = { 1, 2 };
    static const double other[] = { 10, 20, 30, 40 }, expected[] = { 3, 4, 20, 5, 6, 30 };
    by_hand h = hand_tokens(1, 2, ids, NULL);
    rnn_layer_t *parts[2] = { rnn_embedding(h.model, h.x, 3, 2), rnn_embedding(h.model, h.x, 4, 1) };
    hand_build(&h, rnn_concat(h.model, parts, 2));
    hand_weight(&h, "embedding.weight", table);
    hand_weight(&h, "embedding_1.weight", other);
    rnn_tensor_t *large = help_tensor(RNN_I64, 1, 1, -1), *y = NULL;
    rnn_batch_t *batch = help_batch(large, NULL);
    CHECK_OK(rnn_tensor_set(large = help_tensor(RNN_I64, 1, 1, -1), 0, 3));
    CHECK_OK(rnn_batch_set_input(batch, 0, large, NULL));
    CHECK_STATUS(rnn_model_run(h.model, batch, &y, 1), RNN_ERROR_RANGE);
    rnn_tensor_free(large);
    rnn_batch_free(batch);
    hand_expect(&h, 6, expected);
}

TEST_MAIN
