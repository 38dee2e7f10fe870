/* SPDX-License-Identifier: MIT */
/* How long a step of a running network takes: over and over, as a server would, and at the pace of an audio
 * callback, which sleeps in between and finds caches that others have used.
 *
 *     stream_latency --cell lstm --units 64 --streams 1 --svg latency.svg
 *     stream_latency --load model.safetensors
 *
 * New here: rnn_states_step, which steps many streams of one model together, and what a stream costs in
 * memory. */
#include "options.h"

#include <math.h>
#include <rnn/rnn.h>
#include <time.h>

static const char *load, *svg;
static int64_t cell = 1, units = 64, layers = 1, features = 1, streams = 1, steps = 100000, block = 64, help;
static double sample_rate = 48000, seconds = 2;

static const option_t options[] = {
    { "--load", "FILE", 'p', &load, 0, 0,
      "a model of one's own; --cell, --units, --layers and --input are not used then" },
    { "--cell", "rnn|lstm|gru", 'c', &cell, 0, 0, "recurrent layer (lstm)" },
    { "--units", "N", 'i', &units, 1, 8192, "its size (64)" },
    { "--layers", "N", 'i', &layers, 1, 16, "how many of them (1)" },
    { "--input", "N", 'i', &features, 1, 65536, "numbers that come in with a step (1)" },
    { "--streams", "N", 'i', &streams, 1, 100000, "streams that are stepped together (1)" },
    { "--steps", "N", 'i', &steps, 1, 1e7, "steps at full rate (100000)" },
    { "--seconds", "X", 'f', &seconds, 0, 3600, "time at the pace of audio; 0: not at all (2)" },
    { "--rate", "X", 'f', &sample_rate, 100, 1e6, "samples a second (48000)" },
    { "--block", "N", 'i', &block, 1, 65536, "samples, and so steps, between two callbacks (64)" },
    { "--svg", "FILE", 'p', &svg, 0, 0, "draws a histogram of the steps at full rate" },
    { "--help", NULL, 's', &help, 0, 0, "this text" },
};
enum { OPTIONS = sizeof options / sizeof options[0] };

/* A model and everything that its steps need: nothing else is allocated. */
typedef struct {
    rnn_model_t *model;
    rnn_state_t **state;  /* [streams] */
    rnn_states_t *states; /* where there are several */
    int tokens;           /* reads ids, not numbers */
    float *in, *out;
    int32_t *ids;
} player_t;

static int fail(const char *what)
{
    fprintf(stderr, "stream_latency: %s: %s\n", what, rnn_last_error());
    return 1;
}

/* ---- the network */

static rnn_model_t *make_model(void)
{
    rnn_model_t *model = rnn_model_create(NULL);
    rnn_layer_t *h = rnn_input_values(model, "x", features);
    for (int64_t i = 0; i < layers; i++)
        h = cell == 0   ? rnn_simple_rnn(model, h, units)
            : cell == 1 ? rnn_lstm(model, h, units)
                        : rnn_gru(model, h, units);
    rnn_model_set_output(model, rnn_dense(model, h, 1, RNN_LINEAR), "y");
    if (rnn_model_build(model) == RNN_OK) return model;
    rnn_model_free(model);
    return NULL;
}

/* What a loaded model reads: ids, or so many numbers a step. */
static void look_at_input(player_t *p)
{
    for (int32_t i = 0; i < rnn_model_inputs(p->model); i++) {
        rnn_layer_t *input = rnn_model_layer(p->model, rnn_model_input_name(p->model, i));
        if (!strcmp(rnn_layer_kind(input), "input_tokens")) p->tokens = 1;
        if (!strcmp(rnn_layer_kind(input), "input_values"))
            rnn_layer_get_int(input, RNN_LAYER_FEATURES, &features);
    }
}

static int open_player(player_t *p)
{
    if (load && rnn_model_load(NULL, load, &p->model)) return fail(load);
    if (!load && !(p->model = make_model())) return fail("model");
    if (load) look_at_input(p);
    p->state = calloc((size_t)streams, sizeof *p->state);
    p->in = calloc((size_t)(streams * features), sizeof *p->in);
    p->ids = calloc((size_t)streams, sizeof *p->ids);
    if (!p->state || !p->in || !p->ids) return perror("stream_latency"), 1;
    for (int64_t i = 0; i < streams; i++)
        if (!(p->state[i] = rnn_state_create(p->model))) return fail("stream");
    if (streams > 1 && !(p->states = rnn_states_create(p->model))) return fail("workspace");
    p->out = calloc((size_t)(streams * rnn_state_output_size(p->state[0])), sizeof *p->out);
    if (!p->out) return perror("stream_latency"), 1;
    for (int64_t i = 0; i < streams * features; i++) p->in[i] = (float)sin((double)i);
    return 0;
}

static void close_player(player_t *p)
{
    for (int64_t i = 0; p->state && i < streams; i++) rnn_state_free(p->state[i]);
    rnn_states_free(p->states);
    rnn_model_free(p->model);
    free(p->state);
    free(p->in);
    free(p->out);
    free(p->ids);
}

/* One step of every stream. */
static rnn_status_t step(player_t *p)
{
    if (p->tokens)
        return p->states ? rnn_states_step_tokens(p->states, p->state, streams, p->ids, p->out)
                         : rnn_state_step_token(p->state[0], p->ids[0], p->out);
    return p->states ? rnn_states_step(p->states, p->state, streams, p->in, p->out)
                     : rnn_state_step(p->state[0], p->in, p->out);
}

/* ---- time */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void sleep_until(double time)
{
    double left = time - now();
    if (left <= 0) return;
    struct timespec t = { (time_t)left, (long)((left - floor(left)) * 1e9) };
    nanosleep(&t, NULL);
}

/* Microseconds of each step, one right behind the other. */
static int at_full_rate(player_t *p, double *times)
{
    for (int64_t i = -steps / 10 - 1; i < steps; i++) { /* the first tenth is not counted */
        double start = now();
        if (step(p)) return fail("step");
        if (i >= 0) times[i] = (now() - start) * 1e6;
    }
    return 0;
}

/* Microseconds of each step in callbacks that come in time with the sound. */
static int at_audio_pace(player_t *p, double *times, int64_t count)
{
    double period = (double)block / sample_rate, next = now();
    for (int64_t i = 0; i < count; i++) {
        if (i % block == 0) sleep_until(next += period);
        double start = now();
        if (step(p)) return fail("step");
        times[i] = (now() - start) * 1e6;
    }
    return 0;
}

/* ---- figures */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double part(const double *sorted, int64_t count, double share)
{
    return sorted[(int64_t)(share * (double)(count - 1))];
}

static void print_times(const char *name, double *times, int64_t count)
{
    qsort(times, (size_t)count, sizeof *times, compare);
    printf("%-12s %9lld %9.3f %9.3f %9.3f %9.3f\n", name, (long long)count, part(times, count, 0.5),
           part(times, count, 0.99), part(times, count, 0.999), times[count - 1]);
}

/* What two looks at the clock take, with nothing in between. */
static double clock_time(void)
{
    double times[1000];
    for (int i = 0; i < 1000; i++) {
        double start = now();
        times[i] = (now() - start) * 1e6;
    }
    qsort(times, 1000, sizeof *times, compare);
    return times[500];
}

static void print_memory(const player_t *p)
{
    int64_t model = 0;
    rnn_model_memory(p->model, RNN_MEMORY_MODEL, 0, 0, &model);
    printf("%lld bytes a stream, %lld bytes of model for all of them",
           (long long)rnn_state_memory(p->state[0]), (long long)model);
    if (p->states) printf(", %lld bytes of workspace", (long long)rnn_states_memory(p->states));
    putchar('\n');
}

static int32_t write_file(const char *text, int64_t size, void *user)
{
    return fwrite(text, 1, (size_t)size, user) != (size_t)size;
}

/* Of sorted times, all but the slowest 1 in 100: those would leave no room for the others. */
static int draw(const double *times, int64_t count)
{
    char title[160];
    snprintf(title, sizeof title, "A step of %lld stream%s; slowest: %.1f microseconds", (long long)streams,
             streams == 1 ? "" : "s", times[count - 1]);
    int64_t bins = 1 + (int64_t)((times[count - 1 - count / 100] - times[0]) /
                                 0.02); /* clocks may tick in hundredths */
    if (bins > 80) bins = 80;
    rnn_chart_t chart = { .struct_size = sizeof chart,
                          .title = title,
                          .x_label = "microseconds, up to the 99th percentile",
                          .y_label = "steps" };
    FILE *file = fopen(svg, "w");
    if (!file) return perror(svg), 1;
    int failed = rnn_svg_histogram(times, count - count / 100, bins, &chart, write_file, file) ? fail(svg)
                                                                                               : 0;
    if (fclose(file)) return perror(svg), 1;
    return failed;
}

static int measure(player_t *p)
{
    int64_t paced = (int64_t)(seconds * sample_rate);
    double *fast = calloc((size_t)steps, sizeof *fast), *slow = calloc((size_t)paced + 1, sizeof *slow);
    int failed = !fast || !slow || at_full_rate(p, fast) || (paced && at_audio_pace(p, slow, paced));
    if (!failed) {
        printf("microseconds    steps       p50       p99     p99.9       max\n");
        print_times("full rate", fast, steps);
        if (paced) print_times("audio pace", slow, paced);
        printf("two looks at the clock are part of every step: %.3f microseconds\n", clock_time());
        print_memory(p);
        if (svg) failed = draw(fast, steps);
    }
    free(fast);
    free(slow);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = parse_options(options, OPTIONS, argc, argv);
    if (failed) return failed;
    if (help)
        return print_help("stream_latency: how long a step of a running network takes", options, OPTIONS), 0;
    player_t player = { 0 };
    failed = open_player(&player) || measure(&player);
    close_player(&player);
    return failed;
}
