/* SPDX-License-Identifier: MIT */
/* Gradients of every loss through a trainer against finite differences of the loss that its forward gives. */
#include "grad/grad.h"

enum { B = 5, T = 4, F = 3, C = 4 };
static const int64_t some_lengths[B] = { 3, 0, T, 1, 2 };

typedef struct loss_case {
    const char *name;
    int32_t loss, activation;
    int classes;    /* targets are class numbers; else values */
    int64_t units;
} loss_case;

static const loss_case cases[] = {
    { "cross-entropy, softmax", RNN_LOSS_CROSS_ENTROPY, RNN_SOFTMAX, 1, C },
    { "cross-entropy, logits", RNN_LOSS_CROSS_ENTROPY, RNN_LINEAR, 1, C },
    { "binary cross-entropy, sigmoid, classes", RNN_LOSS_BINARY_CROSS_ENTROPY, RNN_SIGMOID, 1, 1 },
    { "binary cross-entropy, logits, classes", RNN_LOSS_BINARY_CROSS_ENTROPY, RNN_LINEAR, 1, 1 },
    { "binary cross-entropy, sigmoid, values", RNN_LOSS_BINARY_CROSS_ENTROPY, RNN_SIGMOID, 0, 3 },
    { "MSE, linear", RNN_LOSS_MSE, RNN_LINEAR, 0, 2 },
    { "MSE, tanh", RNN_LOSS_MSE, RNN_TANH, 0, 2 },
    { "MSE, sigmoid", RNN_LOSS_MSE, RNN_SIGMOID, 0, 2 },
    { "MSE, softmax", RNN_LOSS_MSE, RNN_SOFTMAX, 0, 3 },
};

/* Values in [0, 1], or classes below the number of units (2 for one unit), of which every fourth does not
 * count where that is allowed. */
static rnn_tensor_t *target(const loss_case *c, int steps, int ignored)
{
    if (!c->classes) {
        rnn_tensor_t *values =
            help_random_tensor(RNN_F64, B, steps ? T : c->units, steps ? c->units : -1, 91);
        for (int64_t i = 0; i < rnn_tensor_count(values); i++)
            CHECK_OK(rnn_tensor_set(values, i, (rnn_tensor_get(values, i) + 1) / 2));
        return values;
    }
    rnn_tensor_t *ids = help_random_ids(B, steps ? T : 1, c->units == 1 ? 2 : c->units, 92);
    for (int64_t i = 1; ignored && i < rnn_tensor_count(ids); i += 4) CHECK_OK(rnn_tensor_set(ids, i, -1));
    if (steps) return ids;
    int64_t flat = B;
    rnn_tensor_t *classes = rnn_tensor_reshape(ids, 1, &flat);
    CHECK(classes != NULL);
    rnn_tensor_free(ids);
    return classes;
}

static void check_case(const loss_case *c, int steps)
{
    grad_problem p = grad_begin();
    snprintf(p.name, sizeof p.name, "%s%s", c->name, steps ? ", per step" : "");
    rnn_layer_t *h = rnn_gru(p.model, rnn_input_values(p.model, "x", F), 3);
    rnn_layer_t *y = rnn_dense(p.model, steps ? h : rnn_last(p.model, h), c->units, c->activation);
    CHECK_OK(rnn_model_set_output(p.model, y, "y"));
    grad_input(&p, help_random_tensor(RNN_F64, B, T, F, 61), help_integers(B, some_lengths), NULL);
    grad_build(&p, 31);
    CHECK_OK(rnn_trainer_set_loss(p.trainer, NULL, c->loss));
    int ignored = steps && c->loss == RNN_LOSS_CROSS_ENTROPY;
    rnn_tensor_t *targets = target(c, steps, ignored),
                 *lengths = steps ? help_integers(B, some_lengths) : NULL;
    CHECK_OK(rnn_batch_set_target(p.batch, 0, targets, lengths));
    p.by_loss = 1;
    rnn_tensor_free(targets);
    rnn_tensor_free(lengths);
    grad_check(&p);
}

TEST(per_sequence)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(&cases[i], 0);
}

TEST(per_step)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(&cases[i], 1);
}

/* Two outputs with losses, one of them without a loss of its own, on one trunk. */
TEST(several_outputs)
{
    grad_problem p = grad_begin();
    snprintf(p.name, sizeof p.name, "several outputs");
    rnn_model_t *m = p.model;
    rnn_layer_t *h = rnn_lstm(m, rnn_input_values(m, "x", F), 4);
    CHECK_OK(rnn_model_set_output(m, rnn_dense(m, h, C, RNN_SOFTMAX), "tags"));
    CHECK_OK(rnn_model_set_output(m, rnn_dense(m, rnn_last(m, h), 2, RNN_LINEAR), "value"));
    grad_input(&p, help_random_tensor(RNN_F64, B, T, F, 62), help_integers(B, some_lengths), NULL);
    grad_build(&p, 37);
    CHECK_OK(rnn_trainer_set_loss(p.trainer, "tags", RNN_LOSS_CROSS_ENTROPY));
    CHECK_OK(rnn_trainer_set_loss(p.trainer, "value", RNN_LOSS_MSE));
    rnn_tensor_t *tags = target(&cases[0], 1, 1), *values = target(&cases[5], 0, 0);
    rnn_tensor_t *lengths = help_integers(B, some_lengths);
    CHECK_OK(rnn_batch_set_target(p.batch, 0, tags, lengths));
    CHECK_OK(rnn_batch_set_target(p.batch, 1, values, NULL));
    p.by_loss = 1;
    rnn_tensor_free(tags);
    rnn_tensor_free(values);
    rnn_tensor_free(lengths);
    grad_check(&p);
}

/* -log p of the right class, by hand: two sequences, logits straight from the input. */
TEST(value_of_cross_entropy)
{
    static const double weights[4] = { 1, 0, 0, 1 }, x[4] = { 1, 2, 0.5, -1 };
    grad_problem p = grad_begin();
    rnn_layer_t *y = rnn_dense(p.model, rnn_input_vector(p.model, "x", 2), 2, RNN_SOFTMAX);
    CHECK_OK(rnn_layer_set_int(y, RNN_LAYER_BIAS, RNN_BIAS_NONE));
    CHECK_OK(rnn_model_set_output(p.model, y, "y"));
    rnn_tensor_t *data = help_tensor(RNN_F64, 2, 2, -1), *w = help_tensor(RNN_F64, 2, 2, -1);
    for (int64_t i = 0; i < 4; i++) CHECK_OK(rnn_tensor_set(data, i, x[i]));
    for (int64_t i = 0; i < 4; i++) CHECK_OK(rnn_tensor_set(w, i, weights[i]));
    grad_input(&p, data, NULL, NULL);
    grad_build(&p, 1);
    CHECK_OK(rnn_model_set_weight(p.model, "dense.weight", w));
    CHECK_OK(rnn_trainer_set_loss(p.trainer, NULL, RNN_LOSS_CROSS_ENTROPY));
    static const int64_t right[2] = { 1, 0 };
    rnn_tensor_t *classes = help_integers(2, right);
    CHECK_OK(rnn_batch_set_target(p.batch, 0, classes, NULL));
    double loss = 0, want = (log(1 + exp(1.0 - 2)) + log(1 + exp(-1 - 0.5))) / 2;
    CHECK_OK(rnn_trainer_forward(p.trainer, p.batch, &loss));
    CHECK_NEAR(loss, want, 1e-12);
    rnn_tensor_free(classes);
    rnn_tensor_free(w);
    grad_end(&p);
}

TEST_MAIN
