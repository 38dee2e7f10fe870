/* SPDX-License-Identifier: MIT */
/* Why gates: SimpleRNN, LSTM and GRU on the adding problem (Hochreiter and Schmidhuber 1997). Each step has a
 * number between 0 and 1 and a mark, 1 in two steps; the answer is the sum of the two marked numbers. Who
 * always answers 1 has a mean squared error of 1/6. The first mark lies in the first half, so that a network
 * has to learn across half of the steps at least.
 *
 *     vanishing --steps 200 --out build/pictures
 *
 * For each length it draws loss_N.svg, the error in the course of training; gradient_N.svg, how much of the
 * gradient of the loss arrives at each step of the trained network's input; and weights_N.svg, the norm of
 * the gradient of the recurrent weights in the course of training.
 *
 * Gated layers start with open memory: biases such that each unit forgets over a time of its own, up to the
 * length of the sequence (Tallec and Ollivier 2018). SimpleRNN has no gate that could be opened. */
#include "options.h"

#include <math.h>
#include <rnn/rnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CELLS = 3, POINTS = 100, HELD_OUT = 500 };

static const char *const cell_names[CELLS] = { "SimpleRNN", "LSTM", "GRU" };
static const char *const recurrent_weights[CELLS] = { "simple_rnn.weight_hh_l0", "lstm.weight_hh_l0",
                                                      "gru.weight_hh_l0" };
static const char *out = ".";
static int64_t steps, updates = 4000, units = 64, batch_size = 32, seed = 1, help;
static double rate = 0.005, clip = 1, goal = 0.0005;

static const option_t options[] = {
    { "--steps", "N", 'i', &steps, 0, 10000, "length of a sequence; 0: 100 and then 500 (0)" },
    { "--updates", "N", 'i', &updates, POINTS, 1e9, "at most so many batches are learnt from (4000)" },
    { "--goal", "X", 'f', &goal, 0, 1, "a cell has learnt when its error is below X (0.0005)" },
    { "--units", "N", 'i', &units, 1, 4096, "size of the recurrent layer (64)" },
    { "--batch", "N", 'i', &batch_size, 1, 4096, "sequences an update (32)" },
    { "--lr", "X", 'f', &rate, 0, 10, "learning rate of Adam (0.005)" },
    { "--clip", "X", 'f', &clip, 0, 1e9, "limit of the gradient's norm (1)" },
    { "--seed", "N", 'i', &seed, 0, 1e9, "the same seed gives the same pictures (1)" },
    { "--out", "DIR", 'p', &out, 0, 0, "folder for the pictures (.)" },
    { "--help", NULL, 's', &help, 0, 0, "this text" },
};
enum { OPTIONS = sizeof options / sizeof options[0] };

/* What is found out about one cell: a point for each hundredth of the updates, and one for each step. */
typedef struct {
    double loss[POINTS], weights[POINTS];
    double *gradient; /* [steps] */
    double error;     /* on sequences that it has not seen */
    int64_t updates;  /* that it took */
} curve_t;

static int fail(const char *what)
{
    fprintf(stderr, "vanishing: %s: %s\n", what, rnn_last_error());
    return 1;
}

/* ---- the problem */

static uint64_t random_state;

/* xorshift64* (Vigna 2016): from 0 to below 1 */
static double random_number(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (double)((random_state * 2685821657736338717u) >> 11) / 9007199254740992.0;
}

/* Fills values [count, length, 2] and answers [count]. */
static void make_sequences(float *values, float *answers, int64_t count, int64_t length)
{
    for (int64_t i = 0; i < count; i++, values += 2 * length) {
        int64_t half = length / 2;
        int64_t first = (int64_t)(random_number() * (double)half);
        int64_t second = half + (int64_t)(random_number() * (double)(length - half));
        for (int64_t t = 0; t < length; t++) {
            values[2 * t] = (float)random_number();
            values[2 * t + 1] = t == first || t == second;
        }
        answers[i] = values[2 * first] + values[2 * second];
    }
}

/* Puts `count` new sequences into the batch. */
static int fill(rnn_batch_t *batch, int64_t count, int64_t length)
{
    float *values = malloc((size_t)(count * length * 2) * sizeof *values);
    float *answers = malloc((size_t)count * sizeof *answers);
    int failed = 1;
    if (values && answers) {
        make_sequences(values, answers, count, length);
        rnn_tensor_t *x =
            rnn_tensor_wrap(NULL, RNN_F32, 3, (int64_t[]){ count, length, 2 }, NULL, values);
        rnn_tensor_t *y = rnn_tensor_wrap(NULL, RNN_F32, 2, (int64_t[]){ count, 1 }, NULL, answers);
        failed = !x || !y || rnn_batch_set_input(batch, 0, x, NULL) ||
                 rnn_batch_set_target(batch, 0, y, NULL);
        rnn_tensor_free(x);
        rnn_tensor_free(y);
    }
    free(values);
    free(answers);
    return failed;
}

/* ---- the network */

/* Opens the memory: each unit is to remember for a time between 1 and `length` steps. Its forget gate's bias
 * is log of that time, and that of its input gate the opposite; a GRU's z does the work of both. */
static int open_memory(rnn_model_t *model, int cell, int64_t length)
{
    const char *name = cell == 1 ? "lstm.bias_ih_l0" : "gru.bias_ih_l0"; /* gates i f g o, and r z n */
    int64_t count = (cell == 1 ? 4 : 3) * units;
    float *bias = calloc((size_t)count, sizeof *bias);
    if (!bias) return 1;
    for (int64_t k = 0; k < units; k++) {
        bias[units + k] = (float)log(1 + random_number() * (double)(length - 1));
        if (cell == 1) bias[k] = -bias[units + k];
    }
    rnn_tensor_t *tensor = rnn_tensor_wrap(NULL, RNN_F32, 1, &count, NULL, bias);
    int failed = !tensor || rnn_model_set_weight(model, name, tensor);
    rnn_tensor_free(tensor);
    free(bias);
    return failed;
}

static rnn_model_t *make_model(rnn_context_t *context, int cell, int64_t length)
{
    rnn_model_t *model = rnn_model_create(context);
    rnn_layer_t *h = rnn_input_values(model, "numbers", 2);
    if (cell == 0) h = rnn_simple_rnn(model, h, units);
    if (cell == 1) h = rnn_lstm(model, h, units);
    if (cell == 2) h = rnn_gru(model, h, units);
    rnn_model_set_output(model, rnn_dense(model, rnn_last(model, h), 1, RNN_LINEAR), "sum");
    if (!rnn_model_build(model) && (cell == 0 || !open_memory(model, cell, length))) return model;
    rnn_model_free(model);
    return NULL;
}

static rnn_trainer_t *make_trainer(rnn_model_t *model)
{
    rnn_trainer_t *trainer = rnn_trainer_create(model);
    if (!rnn_trainer_set_loss(trainer, NULL, RNN_LOSS_MSE) &&
        !rnn_trainer_set_optimizer(trainer, RNN_OPTIM_ADAM, rate) &&
        !rnn_trainer_input_gradient(trainer, 0, NULL))
        return trainer;
    rnn_trainer_free(trainer);
    return NULL;
}

/* ---- training, and what is looked at */

static double norm_of_weights(const rnn_trainer_t *trainer, int cell)
{
    rnn_tensor_t *gradient = rnn_trainer_gradient((rnn_trainer_t *)trainer, recurrent_weights[cell]);
    double sum = 0;
    for (int64_t i = 0; gradient && i < rnn_tensor_count(gradient); i++)
        sum += pow(rnn_tensor_get(gradient, i), 2);
    rnn_tensor_free(gradient);
    return sqrt(sum);
}

/* One batch learnt from. Its loss is added to *loss, the norm of its recurrent gradient to *norm. */
static int update(rnn_trainer_t *trainer, rnn_batch_t *batch, int cell, double *loss, double *norm)
{
    double one;
    if (rnn_trainer_forward(trainer, batch, &one) || rnn_trainer_backward(trainer)) return 1;
    *loss += one;
    *norm += norm_of_weights(trainer, cell);
    return rnn_trainer_clip(trainer, clip, NULL) || rnn_trainer_step(trainer);
}

/* The norm of the gradient of the loss with respect to the input of each step, over a held-out batch. */
static int look_back(rnn_trainer_t *trainer, rnn_batch_t *held_out, int64_t length, curve_t *c)
{
    rnn_tensor_t *gradient = NULL;
    if (rnn_trainer_forward(trainer, held_out, &c->error) || rnn_trainer_backward(trainer) ||
        rnn_trainer_input_gradient(trainer, 0, &gradient))
        return 1;
    for (int64_t t = 0; t < length; t++) {
        double sum = 0;
        for (int64_t i = 0; i < HELD_OUT; i++)
            for (int64_t k = 0; k < 2; k++)
                sum += pow(rnn_tensor_get(gradient, (i * length + t) * 2 + k), 2);
        c->gradient[t] = sqrt(sum);
    }
    rnn_tensor_free(gradient);
    return 0;
}

/* Learns until the error of a hundredth of the updates is below the goal, or the updates are used up. */
static int learn(rnn_trainer_t *trainer, rnn_batch_t *batch, int cell, int64_t length, curve_t *c)
{
    int64_t each = updates / POINTS;
    for (int p = 0; p < POINTS; p++) c->loss[p] = c->weights[p] = NAN;
    for (int p = 0; p < POINTS; p++) {
        double loss = 0, norm = 0;
        for (int64_t i = 0; i < each; i++)
            if (fill(batch, batch_size, length) || update(trainer, batch, cell, &loss, &norm)) return 1;
        c->loss[p] = loss / (double)each;
        c->weights[p] = norm / (double)each;
        c->updates = (p + 1) * each;
        if (c->loss[p] < goal) break;
    }
    return 0;
}

static int run_cell(int cell, int64_t length, curve_t *c)
{
    rnn_context_t *context = rnn_context_create(NULL);
    int failed = !context || rnn_context_set_int(context, RNN_CONTEXT_SEED, seed);
    random_state = (uint64_t)seed + 88172645463325252u;
    rnn_model_t *model = failed ? NULL : make_model(context, cell, length);
    rnn_trainer_t *trainer = model ? make_trainer(model) : NULL;
    rnn_batch_t *batch = rnn_batch_create(context), *held_out = rnn_batch_create(context);
    failed = !trainer || !batch || !held_out || fill(held_out, HELD_OUT, length) ||
             learn(trainer, batch, cell, length, c) || look_back(trainer, held_out, length, c);
    if (failed) fail(cell_names[cell]);
    rnn_batch_free(batch);
    rnn_batch_free(held_out);
    rnn_trainer_free(trainer);
    rnn_model_free(model);
    rnn_context_free(context);
    return failed;
}

/* ---- pictures */

static int32_t write_file(const char *text, int64_t size, void *user)
{
    return fwrite(text, 1, (size_t)size, user) != (size_t)size;
}

static int draw(const char *name, int64_t length, const double *const *values, int64_t points,
                rnn_chart_t chart)
{
    char path[4096], title[128];
    snprintf(path, sizeof path, "%s/%s_%lld.svg", out, name, (long long)length);
    snprintf(title, sizeof title, "%s, %lld steps", chart.title, (long long)length);
    chart.title = title;
    FILE *file = fopen(path, "w");
    if (!file) return perror(path), 1;
    int failed = rnn_svg_lines(cell_names, values, CELLS, points, &chart, write_file, file) ? fail(path) : 0;
    if (fclose(file)) return perror(path), 1;
    return failed;
}

static int draw_all(const curve_t *curves, int64_t length)
{
    const double *loss[CELLS], *weights[CELLS], *gradient[CELLS];
    double each = (double)(updates / POINTS);
    for (int c = 0; c < CELLS; c++) {
        loss[c] = curves[c].loss;
        weights[c] = curves[c].weights;
        gradient[c] = curves[c].gradient;
    }
    rnn_chart_t chart = { .struct_size = sizeof chart, .log_y = 1 };
    chart.title = "Gradient that arrives at each step";
    chart.x_label = "step", chart.y_label = "norm of dL/dx", chart.x_first = chart.x_step = 1;
    if (draw("gradient", length, gradient, length, chart)) return 1;
    chart.title = "Adding problem";
    chart.x_label = "update", chart.y_label = "mean squared error", chart.x_first = chart.x_step = each;
    if (draw("loss", length, loss, POINTS, chart)) return 1;
    chart.title = "Gradient of the recurrent weights";
    chart.y_label = "norm";
    return draw("weights", length, weights, POINTS, chart);
}

static int run_length(int64_t length)
{
    curve_t curves[CELLS] = { { { 0 }, { 0 }, NULL, 0, 0 } };
    int failed = 0;
    for (int cell = 0; cell < CELLS && !failed; cell++) {
        curve_t *c = &curves[cell];
        if ((failed = !(c->gradient = calloc((size_t)length, sizeof *c->gradient)))) break;
        if ((failed = run_cell(cell, length, c))) break;
        printf("%lld steps, %s: mean squared error %.6f after %lld updates; gradient at the first step %.2g, "
               "at the last %.2g\n", (long long)length, cell_names[cell], c->error, (long long)c->updates,
               c->gradient[0], c->gradient[length - 1]);
        fflush(stdout);
    }
    failed = failed || draw_all(curves, length);
    for (int cell = 0; cell < CELLS; cell++) free(curves[cell].gradient);
    return failed;
}

int main(int argc, char **argv)
{
    if (parse_options(options, OPTIONS, argc, argv)) return 2;
    if (help) return print_help("usage: vanishing [options]", options, OPTIONS), 0;
    if (steps == 1) return usage_error("--steps", "2 steps at least", "1");
    mkdir(out, 0777);
    return steps ? run_length(steps) : run_length(100) || run_length(500);
}
