/* SPDX-License-Identifier: MIT */
/* Variants of the LSTM: weights they have, combinations that are refused, zoneout. */
#include "layers/by_hand.h"
#include "layers/recurrent.h"

static rnn_status_t build_with(int32_t first, int32_t second, int64_t bias)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *layer = rnn_lstm(m, rnn_input_values(m, "x", 3), 4);
    CHECK_OK(rnn_layer_set_int(layer, first, 2 - (first != RNN_LAYER_PROJECTION)));
    if (second) CHECK_OK(rnn_layer_set_int(layer, second, 2 - (second != RNN_LAYER_PROJECTION)));
    if (bias >= 0) CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_BIAS, bias));
    CHECK_OK(rnn_model_set_output(m, layer, "y"));
    rnn_status_t status = rnn_model_build(m);
    rnn_model_free(m);
    return status;
}

TEST(combinations)
{
    static const int32_t variants[3] = { RNN_LAYER_PEEPHOLE, RNN_LAYER_PROJECTION, RNN_LAYER_NORM };
    for (int i = 0; i < 3; i++) {
        CHECK_OK(build_with(variants[i], 0, -1));
        CHECK_OK(build_with(variants[i], 0, RNN_BIAS_NONE));
        CHECK_STATUS(build_with(variants[i], variants[(i + 1) % 3], -1), RNN_ERROR_UNSUPPORTED);
        CHECK(strstr(rnn_last_error(), "lstm") && strstr(rnn_last_error(), "projection"));
    }
    CHECK_STATUS(build_with(RNN_LAYER_NORM, 0, RNN_BIAS_ONE), RNN_ERROR_ARGUMENT);
    CHECK_OK(build_with(RNN_LAYER_PEEPHOLE, 0, RNN_BIAS_TWO));
}

static void check_shape(rnn_model_t *model, const char *name, int64_t rows, int64_t columns)
{
    rnn_tensor_t *view = rnn_model_weight(model, name);
    CHECK(view != NULL);
    CHECK_INT(rnn_tensor_size(view, 0), rows);
    if (columns) CHECK_INT(rnn_tensor_size(view, 1), columns);
    CHECK_INT(rnn_tensor_rank(view), columns ? 2 : 1);
    rnn_tensor_free(view);
}

/* Names and shapes of PyTorch's proj_size. */
TEST(projected_shapes)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *layer = rnn_lstm(m, rnn_input_values(m, "x", 3), 6), *last = rnn_last(m, layer);
    CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_PROJECTION, 2));
    CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_LAYERS, 2));
    CHECK_OK(rnn_model_set_output(m, last, "last"));
    CHECK_OK(rnn_model_set_output(m, rnn_final_state(m, layer, RNN_STATE_HIDDEN), "h"));
    CHECK_OK(rnn_model_set_output(m, rnn_final_state(m, layer, RNN_STATE_CELL), "c"));
    CHECK_OK(rnn_model_build(m));
    CHECK_INT(rnn_layer_features(last), 2);
    CHECK_INT(rnn_model_output_features(m, 1), 4);
    CHECK_INT(rnn_model_output_features(m, 2), 12);
    check_shape(m, "lstm.weight_hh_l0", 24, 2);
    check_shape(m, "lstm.weight_hr_l0", 2, 6);
    check_shape(m, "lstm.weight_ih_l1", 24, 2);
    check_shape(m, "lstm.bias_ih_l1", 24, 0);
    rnn_model_free(m);
}

/* The forget gate's bias lies in the norm of the input product. */
TEST(norm_begins)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *layer = rnn_lstm(m, rnn_input_values(m, "x", 3), 2);
    CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_NORM, 1));
    CHECK_OK(rnn_model_set_output(m, layer, "y"));
    CHECK_OK(rnn_model_build(m));
    rnn_tensor_t *gain = rnn_model_weight(m, "lstm.norm_hh_weight_l0"),
                 *shift = rnn_model_weight(m, "lstm.norm_ih_bias_l0");
    CHECK(gain && shift);
    for (int i = 0; i < 8; i++) {
        CHECK_NEAR(rnn_tensor_get(gain, i), 1, 0);
        CHECK_NEAR(rnn_tensor_get(shift, i), i == 2 || i == 3 ? 1 : 0, 0);
    }
    rnn_tensor_free(gain);
    rnn_tensor_free(shift);
    rnn_model_free(m);
}

/* SimpleRNN of one unit with w = 1, no bias and no recurrence: h = keep h_old + (1 - keep) tanh(x). */
TEST(zoneout_expects)
{
    static const double x[3] = { 1, -1, 0.5 }, one[1] = { 1 }, zero[1] = { 0 };
    by_hand h = hand_values(1, 3, 1, x, NULL);
    rnn_layer_t *layer = rnn_simple_rnn(h.model, h.x, 1);
    CHECK_OK(rnn_layer_set_float(layer, RNN_LAYER_ZONEOUT, 0.25));
    hand_build(&h, layer);
    hand_weight(&h, "simple_rnn.weight_ih_l0", one);
    hand_weight(&h, "simple_rnn.weight_hh_l0", zero);
    double y[3], state = 0;
    for (int t = 0; t < 3; t++) y[t] = state = 0.25 * state + 0.75 * tanh(x[t]);
    hand_expect(&h, 3, y);
}

/* In training each number is the old or the new one, about as often as the rate says, and not the same in
 * every step. */
TEST(zoneout_draws)
{
    enum { STEPS = 400 };
    static double x[STEPS];
    for (int t = 0; t < STEPS; t++) x[t] = t % 2 ? 0.5 : -0.5;
    static const double one[1] = { 1 }, zero[1] = { 0 };
    by_hand h = hand_values(1, STEPS, 1, x, NULL);
    rnn_layer_t *layer = rnn_simple_rnn(h.model, h.x, 1);
    CHECK_OK(rnn_layer_set_float(layer, RNN_LAYER_ZONEOUT, 0.25));
    hand_build(&h, layer);
    hand_weight(&h, "simple_rnn.weight_ih_l0", one);
    hand_weight(&h, "simple_rnn.weight_hh_l0", zero);
    rnn_trainer_t *trainer = rnn_trainer_create(h.model);
    rnn_tensor_t *y = NULL;
    CHECK_OK(rnn_trainer_forward(trainer, h.batch, NULL));
    CHECK_OK(rnn_trainer_output(trainer, 0, &y));
    int kept = 0;
    double before = 0;
    for (int t = 0; t < STEPS; t++) {
        double at = rnn_tensor_get(y, t), fresh = tanh(x[t]);
        CHECK(fabs(at - fresh) < 1e-6 || at == before);
        kept += fabs(at - fresh) > 1e-6;
        before = at;
    }
    CHECK(kept > STEPS / 4 * 0.6 && kept < STEPS / 4 * 1.4);
    rnn_tensor_free(y);
    rnn_trainer_free(trainer);
    rnn_batch_free(h.batch);
    rnn_model_free(h.model);
}

TEST(zoneout_of_all_keeps_the_start)
{
    static const double x[2] = { 1, -1 }, nothing[2] = { 0, 0 };
    by_hand h = hand_values(1, 2, 1, x, NULL);
    rnn_layer_t *layer = rnn_gru(h.model, h.x, 1);
    CHECK_OK(rnn_layer_set_float(layer, RNN_LAYER_ZONEOUT, 1));
    hand_build(&h, layer);
    hand_expect(&h, 2, nothing);
}

TEST_MAIN
