/* SPDX-License-Identifier: MIT */
#ifndef GRAD_H
#define GRAD_H

#include "model/helpers.h"

/* Finite differences: the library is built in double here, so that central differences of step 1e-5 are right
 * to about nine digits, and gradients that are nearly right show. */

enum { GRAD_PORTS = 4, GRAD_SAMPLES = 30 };
#define GRAD_STEP 1e-5
#define GRAD_TOLERANCE 1e-7

/* A model with everything that its objective is a function of. */
typedef struct grad_problem {
    char name[160];
    rnn_context_t *context;
    rnn_model_t *model;
    rnn_trainer_t *trainer;
    rnn_batch_t *batch;
    rnn_tensor_t *inputs[GRAD_PORTS], *lengths[GRAD_PORTS], *masks[GRAD_PORTS];
    rnn_tensor_t *upstream[GRAD_PORTS]; /* the objective is sum(output * upstream) ... */
    int input_count, output_count;
    int by_loss; /* ... or the trainer's loss */
} grad_problem;

HARNESS_STATIC grad_problem grad_begin(void)
{
    grad_problem p = { .context = rnn_context_create(NULL) };
    CHECK(p.context != NULL);
    p.model = rnn_model_create(p.context);
    CHECK(p.model != NULL);
    return p;
}

HARNESS_STATIC void grad_end(grad_problem *p)
{
    rnn_trainer_free(p->trainer);
    rnn_batch_free(p->batch);
    rnn_model_free(p->model);
    rnn_context_free(p->context);
    for (int i = 0; i < GRAD_PORTS; i++) {
        rnn_tensor_free(p->inputs[i]);
        rnn_tensor_free(p->lengths[i]);
        rnn_tensor_free(p->masks[i]);
        rnn_tensor_free(p->upstream[i]);
    }
}

/* Gives the next input its data, which it keeps, as it keeps lengths and mask (both may be NULL). */
HARNESS_STATIC void grad_input(grad_problem *p, rnn_tensor_t *data, rnn_tensor_t *lengths, rnn_tensor_t *mask)
{
    p->inputs[p->input_count] = data;
    p->lengths[p->input_count] = lengths;
    p->masks[p->input_count++] = mask;
}

HARNESS_STATIC int grad_is_ids(const rnn_tensor_t *tensor)
{
    return rnn_tensor_dtype(tensor) == RNN_I32 || rnn_tensor_dtype(tensor) == RNN_I64;
}

/* Puts input `i` into the batch as it is now. */
HARNESS_STATIC void grad_load(grad_problem *p, int i)
{
    CHECK_OK(rnn_batch_set_input(p->batch, i, p->inputs[i], p->lengths[i]));
    if (p->masks[i]) CHECK_OK(rnn_batch_set_mask(p->batch, i, p->masks[i]));
}

/* Builds the model, gives it weights and a trainer; inputs are known by then. Losses are set afterwards. */
HARNESS_STATIC void grad_build(grad_problem *p, uint64_t seed)
{
    CHECK_OK(rnn_model_build(p->model));
    help_random_weights(p->model, seed, 0.6);
    p->output_count = rnn_model_outputs(p->model);
    CHECK(p->output_count <= GRAD_PORTS);
    p->trainer = rnn_trainer_create(p->model);
    CHECK(p->trainer != NULL);
    CHECK_OK(rnn_trainer_set_int(p->trainer, RNN_TRAIN_SEED, (int64_t)seed));
    p->batch = rnn_batch_create(p->context);
    CHECK(p->batch != NULL);
    for (int i = 0; i < p->input_count; i++) {
        grad_load(p, i);
        if (!grad_is_ids(p->inputs[i])) CHECK_OK(rnn_trainer_input_gradient(p->trainer, i, NULL));
    }
}

HARNESS_STATIC double grad_dot(const rnn_tensor_t *a, const rnn_tensor_t *b)
{
    double sum = 0;
    CHECK_INT(rnn_tensor_count(a), rnn_tensor_count(b));
    for (int64_t i = 0; i < rnn_tensor_count(a); i++) sum += rnn_tensor_get(a, i) * rnn_tensor_get(b, i);
    return sum;
}

HARNESS_STATIC double grad_objective(grad_problem *p)
{
    double sum = 0;
    CHECK_OK(rnn_trainer_forward(p->trainer, p->batch, &sum));
    if (p->by_loss) return sum;
    sum = 0;
    for (int i = 0; i < p->output_count; i++) {
        rnn_tensor_t *output = NULL;
        CHECK_OK(rnn_trainer_output(p->trainer, i, &output));
        if (!p->upstream[i]) {
            p->upstream[i] = help_copy(output);
            help_fill(p->upstream[i], 77 + (uint64_t)i, 1);
        }
        sum += grad_dot(output, p->upstream[i]);
        rnn_tensor_free(output);
    }
    return sum;
}

HARNESS_STATIC void grad_backward(grad_problem *p)
{
    (void)grad_objective(p);
    if (p->by_loss)
        CHECK_OK(rnn_trainer_backward(p->trainer));
    else
        CHECK_OK(
            rnn_trainer_backward_from(p->trainer, (const rnn_tensor_t *const *)p->upstream, p->output_count));
}

/* What is moved by `grad_move`: a weight by name, or input `input`. */
typedef struct grad_leaf {
    grad_problem *p;
    const char *weight;
    int input;
    rnn_tensor_t *values;
} grad_leaf;

HARNESS_STATIC double grad_move(grad_leaf *leaf, int64_t element, double value)
{
    CHECK_OK(rnn_tensor_set(leaf->values, element, value));
    if (leaf->weight)
        CHECK_OK(rnn_model_set_weight(leaf->p->model, leaf->weight, leaf->values));
    else
        grad_load(leaf->p, leaf->input);
    return grad_objective(leaf->p);
}

/* Compares up to GRAD_SAMPLES elements, evenly spread: ||differences - gradient|| <= tolerance *
 * max(||gradient||, floor). */
HARNESS_STATIC void grad_compare(grad_leaf *leaf, const char *what, const rnn_tensor_t *gradient)
{
    int64_t count = rnn_tensor_count(leaf->values);
    int64_t stride = count <= GRAD_SAMPLES ? 1 : count / GRAD_SAMPLES | 1;
    double distance = 0, norm = 0, samples = 0;
    CHECK_INT(rnn_tensor_count(gradient), count);
    for (int64_t i = 0; i < count; i += stride, samples++) {
        double at = rnn_tensor_get(leaf->values, i), g = rnn_tensor_get(gradient, i);
        double above = grad_move(leaf, i, at + GRAD_STEP), below = grad_move(leaf, i, at - GRAD_STEP);
        (void)grad_move(leaf, i, at);
        distance += pow((above - below) / (2 * GRAD_STEP) - g, 2);
        norm += g * g;
    }
    double error = sqrt(distance) / fmax(sqrt(norm), 1e-2 * sqrt(samples));
    if (error <= GRAD_TOLERANCE) return;
    printf("%s: gradient of %s is off by %.3g, norm %.3g\n", leaf->p->name, what, error, sqrt(norm));
    CHECK_NEAR(error, 0, GRAD_TOLERANCE);
}

HARNESS_STATIC void grad_check_weights(grad_problem *p)
{
    for (int64_t i = 0; i < rnn_model_weights(p->model); i++) {
        const char *name = rnn_model_weight_name(p->model, i);
        grad_backward(p);
        rnn_tensor_t *view = rnn_trainer_gradient(p->trainer, name),
                     *weight = rnn_model_weight(p->model, name);
        CHECK(view != NULL && weight != NULL);
        grad_leaf leaf = { p, name, -1, help_copy(weight) };
        rnn_tensor_t *gradient = help_copy(view);
        grad_compare(&leaf, name, gradient);
        rnn_tensor_free(view);
        rnn_tensor_free(weight);
        rnn_tensor_free(gradient);
        rnn_tensor_free(leaf.values);
    }
}

HARNESS_STATIC void grad_check_inputs(grad_problem *p)
{
    for (int i = 0; i < p->input_count; i++) {
        if (grad_is_ids(p->inputs[i])) continue;
        rnn_tensor_t *gradient = NULL;
        grad_backward(p);
        CHECK_OK(rnn_trainer_input_gradient(p->trainer, i, &gradient));
        grad_leaf leaf = { p, NULL, i, p->inputs[i] };
        grad_compare(&leaf, rnn_model_input_name(p->model, i), gradient);
        rnn_tensor_free(gradient);
    }
}

/* Checks all gradients of a built problem and frees it. */
HARNESS_STATIC void grad_check(grad_problem *p)
{
    grad_check_weights(p);
    grad_check_inputs(p);
    grad_end(p);
}

#endif
