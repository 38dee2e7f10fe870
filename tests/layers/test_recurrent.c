/* SPDX-License-Identifier: MIT */
/* Recurrent layers on paper: one unit, a few steps; initial and final states; bridges. */
#include "layers/by_hand.h"

static double logistic(double v) { return 1 / (1 + exp(-v)); }

static const double values[] = { 0.5, -1, 2 };

/* Sets every weight of a one-unit layer: input, recurrent and bias numbers of each gate. */
static void set_gates(by_hand *h, const char *layer, const double *w, const double *u, const double *b)
{
    const double *numbers[] = { w, u, b };
    static const char *const names[] = { "weight_ih_l0", "weight_hh_l0", "bias_ih_l0" };
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.%s", layer, names[i]);
        hand_weight(h, name, numbers[i]);
    }
}

TEST(simple_rnn)
{
    static const double w[] = { 1 }, u[] = { -0.5 }, b[] = { 0.1 };
    by_hand h = hand_values(1, 3, 1, values, NULL);
    hand_build(&h, rnn_simple_rnn(h.model, h.x, 1));
    set_gates(&h, "simple_rnn", w, u, b);
    double expected[3], state = 0;
    for (int t = 0; t < 3; t++) expected[t] = state = tanh(values[t] + 0.1 - 0.5 * state);
    hand_expect(&h, 3, expected);
}

TEST(lstm)
{
    static const double w[] = { 1, 0.5, -1, 2 }, u[] = { 0.3, -0.7, 0.9, 0.2 }, b[] = { 0.1, 1, -0.2, 0 };
    by_hand h = hand_values(1, 3, 1, values, NULL);
    hand_build(&h, rnn_lstm(h.model, h.x, 1));
    set_gates(&h, "lstm", w, u, b);
    double expected[3], state = 0, cell = 0;
    for (int t = 0; t < 3; t++) {
        double z[4];
        for (int g = 0; g < 4; g++) z[g] = w[g] * values[t] + u[g] * state + b[g];
        cell = logistic(z[1]) * cell + logistic(z[0]) * tanh(z[2]);
        expected[t] = state = logistic(z[3]) * tanh(cell);
    }
    hand_expect(&h, 3, expected);
}

TEST(gru_both_forms)
{
    static const double w[] = { 1, 0.5, -1 }, u[] = { 0.3, -0.7, 0.9 }, b[] = { 0.1, 1, -0.2 };
    for (int before = 0; before < 2; before++) {
        by_hand h = hand_values(1, 3, 1, values, NULL);
        rnn_layer_t *layer = rnn_gru(h.model, h.x, 1);
        CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_RESET, before ? RNN_RESET_BEFORE : RNN_RESET_AFTER));
        hand_build(&h, layer);
        set_gates(&h, "gru", w, u, b);
        const double c = before ? 0 : 0.4, biases[] = { 0, 0, c };
        if (!before) hand_weight(&h, "gru.bias_hh_l0", biases);
        double expected[3], state = 0;
        for (int t = 0; t < 3; t++) {
            double r = logistic(w[0] * values[t] + u[0] * state + b[0]);
            double z = logistic(w[1] * values[t] + u[1] * state + b[1]);
            double q = before ? u[2] * (r * state) : r * (u[2] * state + c);
            double n = tanh(w[2] * values[t] + b[2] + q);
            expected[t] = state = (1 - z) * n + z * state;
        }
        hand_expect(&h, 3, expected);
    }
}

TEST(relu_in_reverse)
{
    static const double w[] = { 1 }, u[] = { 2 }, b[] = { 0.5 };
    by_hand h = hand_values(1, 3, 1, values, NULL);
    rnn_layer_t *layer = rnn_simple_rnn(h.model, h.x, 1);
    CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_ACTIVATION, RNN_RELU));
    CHECK_OK(rnn_layer_set_int(layer, RNN_LAYER_DIRECTION, RNN_REVERSE));
    hand_build(&h, layer);
    const char *first = rnn_model_weight_name(h.model, 0);
    CHECK(strcmp(first, "simple_rnn.weight_ih_l0") == 0 ||
          strcmp(first, "simple_rnn.weight_ih_l0_reverse") == 0);
    for (int64_t i = 0; i < 3; i++) {
        char name[96];
        snprintf(name, sizeof name, "%s", rnn_model_weight_name(h.model, i));
        hand_weight(&h, name, i == 0 ? w : i == 1 ? u : b);
    }
    static const double expected[] = { 9.5 + 0.5, 4.5, 2.5 }; /* 2.5; -1 + .5 + 5 = 4.5; .5 + .5 + 9 = 10 */
    hand_expect(&h, 3, expected);
}

/* The largest difference between two outputs of a model. */
static double difference(const rnn_tensor_t *a, const rnn_tensor_t *b)
{
    double most = 0;
    CHECK_INT(rnn_tensor_count(a), rnn_tensor_count(b));
    for (int64_t i = 0; i < rnn_tensor_count(a); i++)
        most = fmax(most, fabs(rnn_tensor_get(a, i) - rnn_tensor_get(b, i)));
    return most;
}

/* Final states of a ragged batch are the outputs at each sequence's own last step, the initial state where
 * there is none. */
TEST(final_states)
{
    static const int64_t lengths[] = { 4, 0, 2 };
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(m, "x", 2), *h0 = rnn_input_vector(m, "h0", 3),
                *layer = rnn_gru(m, x, 3);
    CHECK_OK(rnn_layer_set_initial_vector(layer, RNN_STATE_HIDDEN, h0));
    CHECK_OK(rnn_model_set_output(m, layer, "y"));
    CHECK_OK(rnn_model_set_output(m, rnn_final_state(m, layer, RNN_STATE_HIDDEN), "hn"));
    CHECK_OK(rnn_model_set_output(m, rnn_last(m, layer), "last"));
    CHECK_OK(rnn_model_build(m));
    rnn_tensor_t *vector = help_random_tensor(RNN_F32, 3, 3, -1, 2), *y[3];
    rnn_batch_t *batch = help_batch(help_random_tensor(RNN_F32, 3, 4, 2, 1), help_integers(3, lengths));
    CHECK_OK(rnn_batch_set_input(batch, 1, vector, NULL));
    CHECK_OK(rnn_model_run(m, batch, y, 3));
    help_same(y[1], y[2]);
    for (int64_t b = 0; b < 3; b++)
        for (int64_t i = 0; i < 3; i++) {
            double at_end = lengths[b] ? rnn_tensor_get(y[0], (b * 4 + lengths[b] - 1) * 3 + i)
                                       : rnn_tensor_get(vector, b * 3 + i);
            CHECK_NEAR(rnn_tensor_get(y[1], b * 3 + i), at_end, 0);
        }
    for (int i = 0; i < 3; i++) rnn_tensor_free(y[i]);
    rnn_tensor_free(vector);
    rnn_batch_free(batch);
    rnn_model_free(m);
}

/* A sequence cut in two, the second half started from the state of the first, gives the whole. */
TEST(states_carry_over)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(m, "x", 2), *layer = rnn_lstm(m, x, 3);
    CHECK_OK(rnn_layer_set_initial_vector(layer, RNN_STATE_HIDDEN, rnn_input_vector(m, "h0", 3)));
    CHECK_OK(rnn_layer_set_initial_vector(layer, RNN_STATE_CELL, rnn_input_vector(m, "c0", 3)));
    CHECK_OK(rnn_model_set_output(m, rnn_final_state(m, layer, RNN_STATE_HIDDEN), "hn"));
    CHECK_OK(rnn_model_set_output(m, rnn_final_state(m, layer, RNN_STATE_CELL), "cn"));
    CHECK_OK(rnn_model_build(m));
    rnn_tensor_t *data = help_random_tensor(RNN_F32, 2, 8, 2, 3), *zeros = help_tensor(RNN_F32, 2, 3, -1),
                 *whole[2], *half[2];
    rnn_batch_t *batch = rnn_batch_create(NULL);
    CHECK_OK(rnn_batch_set_input(batch, 0, data, NULL));
    CHECK_OK(rnn_batch_set_input(batch, 1, zeros, NULL));
    CHECK_OK(rnn_batch_set_input(batch, 2, zeros, NULL));
    CHECK_OK(rnn_model_run(m, batch, whole, 2));
    for (int64_t part = 0; part < 2; part++) {
        rnn_tensor_t *steps = rnn_tensor_slice(data, 1, part * 3, part ? 5 : 3);
        CHECK_OK(rnn_batch_set_input(batch, 0, steps, NULL));
        CHECK_OK(rnn_batch_set_input(batch, 1, part ? half[0] : zeros, NULL));
        CHECK_OK(rnn_batch_set_input(batch, 2, part ? half[1] : zeros, NULL));
        for (int i = 0; part && i < 2; i++) rnn_tensor_free(half[i]);
        CHECK_OK(rnn_model_run(m, batch, half, 2));
        rnn_tensor_free(steps);
    }
    for (int i = 0; i < 2; i++) help_same(whole[i], half[i]);
    for (int i = 0; i < 2; i++) rnn_tensor_free(whole[i]), rnn_tensor_free(half[i]);
    rnn_tensor_free(data);
    rnn_tensor_free(zeros);
    rnn_batch_free(batch);
    rnn_model_free(m);
}

/* A decoder that starts from an encoder of other size: h goes through tanh, c is linear. */
TEST(bridges)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(m, "x", 2), *encoder = rnn_lstm(m, x, 5), *decoder = rnn_lstm(m, x, 3);
    CHECK_OK(rnn_layer_set_int(encoder, RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL));
    CHECK_OK(rnn_layer_set_name(decoder, "decoder"));
    CHECK_OK(rnn_layer_set_initial_state(decoder, encoder));
    CHECK_OK(rnn_model_set_output(m, decoder, "y"));
    CHECK_OK(rnn_model_build(m));
    rnn_layer_t *of_h = rnn_model_layer(m, "decoder_bridge_h"),
                *of_c = rnn_model_layer(m, "decoder_bridge_c");
    int64_t activation[2];
    CHECK(of_h != NULL && of_c != NULL);
    CHECK_OK(rnn_layer_get_int(of_h, RNN_LAYER_ACTIVATION, &activation[0]));
    CHECK_OK(rnn_layer_get_int(of_c, RNN_LAYER_ACTIVATION, &activation[1]));
    CHECK_INT(activation[0], RNN_TANH);
    CHECK_INT(activation[1], RNN_LINEAR);
    CHECK_INT(rnn_layer_features(of_h), 3);
    rnn_tensor_t *weight = rnn_model_weight(m, "decoder_bridge_c.weight");
    CHECK(weight != NULL && rnn_tensor_size(weight, 0) == 3 && rnn_tensor_size(weight, 1) == 10);
    rnn_tensor_free(weight);
    rnn_model_free(m);
}

/* An encoder of other words than the decoder's, equal sizes: no bridge, and the state does arrive. */
TEST(encoder_and_decoder)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *source = rnn_input_values(m, "source", 2), *target = rnn_input_values(m, "target", 2);
    rnn_layer_t *encoder = rnn_gru(m, source, 4), *decoder = rnn_gru(m, target, 4);
    CHECK_OK(rnn_layer_set_initial_state(decoder, encoder));
    CHECK_OK(rnn_model_set_output(m, decoder, "y"));
    CHECK_OK(rnn_model_build(m));
    CHECK(rnn_model_layer(m, "gru_1_bridge_h") == NULL);
    rnn_tensor_t *y[2], *words = help_random_tensor(RNN_F32, 2, 3, 2, 1);
    for (int i = 0; i < 2; i++) {
        rnn_batch_t *batch = help_batch(help_random_tensor(RNN_F32, 2, 5, 2, 5 + (uint64_t)i), NULL);
        CHECK_OK(rnn_batch_set_input(batch, 1, words, NULL));
        y[i] = help_run(m, batch);
        rnn_batch_free(batch);
    }
    CHECK_INT(rnn_tensor_size(y[0], 1), 3);
    CHECK(difference(y[0], y[1]) > 1e-3);
    for (int i = 0; i < 2; i++) rnn_tensor_free(y[i]);
    rnn_tensor_free(words);
    rnn_model_free(m);
}

TEST(two_initial_states)
{
    rnn_model_t *m = rnn_model_create(NULL);
    rnn_layer_t *x = rnn_input_values(m, "x", 2), *h0 = rnn_input_vector(m, "h0", 4);
    rnn_layer_t *from = rnn_gru(m, x, 4), *a = rnn_gru(m, x, 4), *b = rnn_gru(m, x, 4);
    CHECK_OK(rnn_layer_set_initial_vector(a, RNN_STATE_HIDDEN, h0));
    CHECK_STATUS(rnn_layer_set_initial_state(a, from), RNN_ERROR_STATE);
    CHECK_OK(rnn_layer_set_initial_state(b, from));
    CHECK_STATUS(rnn_layer_set_initial_vector(b, RNN_STATE_HIDDEN, h0), RNN_ERROR_STATE);
    rnn_model_free(m);
}

TEST_MAIN
