/* SPDX-License-Identifier: MIT */
/* What weights begin with. */
#include "model/helpers.h"

static rnn_model_t *model;

static rnn_layer_t *begin(int64_t features)
{
    model = rnn_model_create(NULL);
    CHECK(model != NULL);
    return rnn_input_values(model, "x", features);
}

static void build(rnn_layer_t *layer)
{
    CHECK_OK(rnn_model_set_output(model, layer, "y"));
    CHECK_OK(rnn_model_build(model));
}

static rnn_tensor_t *weight(const char *name)
{
    rnn_tensor_t *view = rnn_model_weight(model, name);
    CHECK(view != NULL);
    return view;
}

typedef struct moments {
    double mean, deviation, least, most;
} moments;

static moments measure(const rnn_tensor_t *tensor)
{
    moments m = { 0, 0, INFINITY, -INFINITY };
    double count = (double)rnn_tensor_count(tensor);
    for (int64_t i = 0; i < rnn_tensor_count(tensor); i++) {
        double value = rnn_tensor_get(tensor, i);
        m.mean += value / count;
        m.deviation += value * value / count;
        m.least = fmin(m.least, value);
        m.most = fmax(m.most, value);
    }
    m.deviation = sqrt(m.deviation - m.mean * m.mean);
    return m;
}

/* Uniform in [-bound, bound]: the bound is nearly reached, mean and deviation are what they have to be. */
static void check_uniform(const char *name, double bound)
{
    rnn_tensor_t *view = weight(name);
    moments m = measure(view);
    double slack = 4 * bound / sqrt((double)rnn_tensor_count(view));
    CHECK(m.most <= bound * 1.0000001 && m.least >= -bound * 1.0000001 && m.most > 0.98 * bound &&
          m.least < -0.98 * bound);
    CHECK_NEAR(m.mean, 0, slack);
    CHECK_NEAR(m.deviation, bound / sqrt(3), slack);
    rnn_tensor_free(view);
}

TEST(glorot_is_the_default)
{
    rnn_layer_t *x = begin(30);
    build(rnn_dense(model, rnn_lstm(model, x, 40), 50, RNN_LINEAR));
    check_uniform("lstm.weight_ih_l0", sqrt(6.0 / (30 + 4 * 40)));
    check_uniform("dense.weight", sqrt(6.0 / (40 + 50)));
    rnn_model_free(model);
}

TEST(embeddings_are_uniform)
{
    model = rnn_model_create(NULL);
    build(rnn_embedding(model, rnn_input_tokens(model, "x"), 500, 8));
    check_uniform("embedding.weight", 0.05);
    rnn_model_free(model);
}

/* The columns of a recurrent weight [gates * h, h] are orthonormal over all gates: one orthogonal matrix. */
static void check_orthogonal(const char *name)
{
    rnn_tensor_t *view = weight(name);
    int64_t rows = rnn_tensor_size(view, 0), columns = rnn_tensor_size(view, 1);
    for (int64_t a = 0; a < columns; a++)
        for (int64_t b = 0; b <= a; b++) {
            double sum = 0;
            for (int64_t r = 0; r < rows; r++)
                sum += rnn_tensor_get(view, r * columns + a) * rnn_tensor_get(view, r * columns + b);
            CHECK_NEAR(sum, a == b, 1e-6);
        }
    rnn_tensor_free(view);
}

TEST(recurrent_weights_are_orthogonal)
{
    rnn_layer_t *x = begin(3),
                *parts[3] = { rnn_simple_rnn(model, x, 17), rnn_lstm(model, x, 9), rnn_gru(model, x, 13) };
    build(rnn_concat(model, parts, 3));
    check_orthogonal("simple_rnn.weight_hh_l0");
    check_orthogonal("lstm.weight_hh_l0");
    check_orthogonal("gru.weight_hh_l0");
    rnn_model_free(model);
}

TEST(biases)
{
    rnn_layer_t *x = begin(3), *h = rnn_lstm(model, x, 5);
    CHECK_OK(rnn_layer_set_int(h, RNN_LAYER_BIAS, RNN_BIAS_TWO));
    build(rnn_dense(model, rnn_gru(model, h, 4), 2, RNN_LINEAR));
    rnn_tensor_t *ih = weight("lstm.bias_ih_l0"), *hh = weight("lstm.bias_hh_l0"),
                 *of_gru = weight("gru.bias_hh_l0");
    for (int64_t i = 0; i < 20; i++) CHECK_NEAR(rnn_tensor_get(ih, i), i >= 5 && i < 10, 0);
    for (int64_t i = 0; i < 20; i++) CHECK_NEAR(rnn_tensor_get(hh, i), 0, 0);
    for (int64_t i = 0; i < 12; i++) CHECK_NEAR(rnn_tensor_get(of_gru, i), 0, 0);
    rnn_tensor_free(ih);
    rnn_tensor_free(hh);
    rnn_tensor_free(of_gru);
    rnn_model_free(model);
}

TEST(forget_bias_can_be_set)
{
    rnn_layer_t *x = begin(3), *h = rnn_lstm(model, x, 2);
    CHECK_OK(rnn_layer_set_float(h, RNN_LAYER_FORGET_BIAS, -2.5));
    build(h);
    rnn_tensor_t *bias = weight("lstm.bias_ih_l0");
    for (int64_t i = 0; i < 8; i++) CHECK_NEAR(rnn_tensor_get(bias, i), i == 2 || i == 3 ? -2.5 : 0, 0);
    rnn_tensor_free(bias);
    rnn_model_free(model);
}

TEST(kinds)
{
    rnn_layer_t *x = begin(40), *zeros = rnn_dense(model, x, 40, RNN_LINEAR),
                *uniform = rnn_dense(model, x, 40, RNN_LINEAR);
    rnn_layer_t *normal = rnn_dense(model, x, 60, RNN_LINEAR), *orthogonal = rnn_gru(model, x, 11);
    CHECK_OK(rnn_layer_set_int(zeros, RNN_LAYER_INIT, RNN_INIT_ZEROS));
    CHECK_OK(rnn_layer_set_int(uniform, RNN_LAYER_INIT, RNN_INIT_UNIFORM));
    CHECK_OK(rnn_layer_set_float(uniform, RNN_LAYER_INIT_SCALE, 0.3));
    CHECK_OK(rnn_layer_set_int(normal, RNN_LAYER_INIT, RNN_INIT_NORMAL));
    CHECK_OK(rnn_layer_set_float(normal, RNN_LAYER_INIT_SCALE, 0.02));
    CHECK_OK(rnn_layer_set_int(orthogonal, RNN_LAYER_RECURRENT_INIT, RNN_INIT_ZEROS));
    rnn_layer_t *parts[4] = { zeros, uniform, normal, orthogonal };
    build(rnn_concat(model, parts, 4));
    rnn_tensor_t *zero = weight("dense.weight"), *recurrent = weight("gru.weight_hh_l0"),
                 *bell = weight("dense_2.weight");
    CHECK_NEAR(measure(zero).most - measure(zero).least, 0, 0);
    CHECK_NEAR(measure(recurrent).most - measure(recurrent).least, 0, 0);
    CHECK_NEAR(measure(bell).deviation, 0.02, 0.001);
    CHECK_NEAR(measure(bell).mean, 0, 0.002);
    CHECK(measure(bell).most > 0.05 && measure(bell).most < 0.12);
    check_uniform("dense_1.weight", 0.3);
    rnn_tensor_free(zero);
    rnn_tensor_free(recurrent);
    rnn_tensor_free(bell);
    rnn_model_free(model);
}

/* Layers of equal shape begin differently. */
TEST(layers_differ)
{
    rnn_layer_t *x = begin(6),
                *parts[2] = { rnn_dense(model, x, 6, RNN_TANH), rnn_dense(model, x, 6, RNN_TANH) };
    build(rnn_add(model, parts, 2));
    rnn_tensor_t *a = weight("dense.weight"), *b = weight("dense_1.weight");
    CHECK(memcmp(rnn_tensor_const_data(a), rnn_tensor_const_data(b), help_bytes(a)) != 0);
    rnn_tensor_free(a);
    rnn_tensor_free(b);
    rnn_model_free(model);
}

TEST_MAIN
