/* SPDX-License-Identifier: MIT */
/* Times whole models: one training step on a batch, one inference call, or one step of a stream.
 *
 *   rnn_bench [--threads N] [--seconds S] [--workloads FILE]     a table of every workload of the file
 *   rnn_bench --list [--workloads FILE]                          their names
 *   rnn_bench --workload NAME [--threads N] [--seconds S] [--workloads FILE | --spec JSON]
 *                                                                one JSON line, as peers.py asks for it */
#include <rnn/rnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_LAYERS = 8, NAME = 40 };

/* One workload. Sizes that the specification does not give are 0; steps and batch are 1 then. */
typedef struct {
    char kind[NAME], cell[NAME], head[NAME], loss[NAME], optimizer[NAME];
    int64_t vocab, embed, input, hidden[MAX_LAYERS], layers, steps, batch, classes, bidirectional;
} work_t;

typedef struct {
    double median, minimum; /* milliseconds an item */
    int64_t samples;
} figure_t;

/* Everything one item needs. */
typedef struct {
    const work_t *work;
    rnn_model_t *model;
    rnn_trainer_t *trainer;
    rnn_state_t *state;
    rnn_batch_t *batch;
    rnn_tensor_t *upstream;
    float *in, *out;
} bench_t;

/* ---- reading specifications: JSON objects of numbers, strings, booleans and arrays of numbers */

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* Reads "text" into `to`, cut to fit; NULL when there is none. */
static const char *read_string(const char *p, char *to, size_t size)
{
    p = skip_space(p);
    if (*p != '"') return NULL;
    size_t length = strcspn(++p, "\""), kept = length < size ? length : size - 1;
    if (!p[length]) return NULL;
    memcpy(to, p, kept);
    to[kept] = 0;
    return p + length + 1;
}

/* Past a value of any kind. */
static const char *skip_value(const char *p)
{
    char text[NAME];
    int depth = 0;
    do {
        p = skip_space(p);
        if (*p == '"') {
            if (!(p = read_string(p, text, sizeof text))) return NULL;
            continue;
        }
        if (!*p) return NULL;
        if (*p == '{' || *p == '[') depth++;
        if (*p == '}' || *p == ']') depth--;
        p += strchr("{}[],:", *p) ? 1 : strcspn(p, "{}[],: \t\r\n");
    } while (depth > 0);
    return p;
}

static const char *read_numbers(const char *p, int64_t *to, int64_t room, int64_t *count)
{
    char *end;
    p = skip_space(p);
    if (*p == 't' || *p == 'f') return *to = *p == 't', skip_value(p);
    if (*p != '[') return *to = strtoll(p, &end, 10), end == p ? NULL : end;
    int64_t n = 0;
    for (p = skip_space(p + 1); *p != ']'; p = skip_space(end)) {
        if (*p == ',') p = skip_space(p + 1);
        int64_t value = strtoll(p, &end, 10);
        if (end == p || n == room) return NULL;
        to[n++] = value;
    }
    if (count) *count = n;
    return p + 1;
}

static const char *read_field(const char *p, const char *name, work_t *w)
{
    const struct {
        const char *name;
        int64_t *number;
        char *text;
    } fields[] = {
        { "kind", NULL, w->kind },
        { "cell", NULL, w->cell },
        { "head", NULL, w->head },
        { "loss", NULL, w->loss },
        { "optimizer", NULL, w->optimizer },
        { "vocab", &w->vocab, NULL },
        { "embed", &w->embed, NULL },
        { "input", &w->input, NULL },
        { "steps", &w->steps, NULL },
        { "batch", &w->batch, NULL },
        { "classes", &w->classes, NULL },
        { "hidden", w->hidden, NULL },
        { "bidirectional", &w->bidirectional, NULL },
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].name, name) != 0) continue;
        if (fields[i].text) return read_string(p, fields[i].text, NAME);
        if (fields[i].number == w->hidden) return read_numbers(p, w->hidden, MAX_LAYERS, &w->layers);
        return read_numbers(p, fields[i].number, 1, NULL);
    }
    return skip_value(p);
}

/* Reads one specification; NULL when the text is not one. */
static const char *read_work(const char *p, work_t *w)
{
    char name[NAME];
    *w = (work_t){ .steps = 1, .batch = 1 };
    p = skip_space(p);
    if (*p != '{') return NULL;
    for (p = skip_space(p + 1); *p != '}'; p = skip_space(p)) {
        if (*p == ',') p++;
        if (!(p = read_string(p, name, sizeof name)) || *(p = skip_space(p)) != ':') return NULL;
        if (!(p = read_field(p + 1, name, w))) return NULL;
    }
    return p + 1;
}

/* The next workload of a file's text, or NULL after the last. Names that begin with `_` are remarks. */
static const char *next_work(const char *p, char *name, work_t *w)
{
    for (p = skip_space(p); *p == '{' || *p == ',';) {
        if (!(p = read_string(p + 1, name, NAME)) || *(p = skip_space(p)) != ':') return NULL;
        if (*name != '_') return read_work(p + 1, w);
        if (!(p = skip_value(p + 1))) return NULL;
        p = skip_space(p);
    }
    return NULL;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 1 << 20);
    if (!file || !text || fread(text, 1, (1 << 20) - 1, file) == 0) {
        fprintf(stderr, "rnn_bench: cannot read %s\n", path);
        free(text);
        text = NULL;
    }
    if (file) fclose(file);
    return text;
}

/* ---- building the work */

static uint64_t random_state = 1;

static double uniform(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static rnn_layer_t *recurrent(rnn_model_t *m, rnn_layer_t *x, const work_t *w, int64_t units)
{
    rnn_layer_t *h = NULL;
    if (!strcmp(w->cell, "rnn")) h = rnn_simple_rnn(m, x, units);
    if (!strcmp(w->cell, "lstm")) h = rnn_lstm(m, x, units);
    if (!strcmp(w->cell, "gru")) h = rnn_gru(m, x, units);
    if (h && w->bidirectional) rnn_layer_set_int(h, RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL);
    return h;
}

/* Linear outputs everywhere: losses are taken on logits, as the peers take them. */
static rnn_model_t *make_model(rnn_context_t *context, const work_t *w)
{
    rnn_model_t *m = rnn_model_create(context);
    if (!m) return NULL;
    rnn_layer_t *h = w->vocab ? rnn_embedding(m, rnn_input_tokens(m, "x"), w->vocab, w->embed)
                              : rnn_input_values(m, "x", w->input);
    for (int64_t i = 0; i < w->layers; i++)
        h = recurrent(m, h, w, w->hidden[i]);
    if (!strcmp(w->head, "last")) h = rnn_last(m, h);
    if (strcmp(w->head, "none") != 0) h = rnn_dense(m, h, w->classes, RNN_LINEAR);
    rnn_model_set_output(m, h, "y");
    if (rnn_model_build(m) == RNN_OK) return m;
    rnn_model_free(m);
    return NULL;
}

/* Random ids below `limit`, or random numbers when `limit` is 0. */
static rnn_tensor_t *random_tensor(rnn_context_t *context, int64_t limit, int32_t rank, const int64_t *shape)
{
    rnn_tensor_t *t = rnn_tensor_create(context, limit ? RNN_I32 : RNN_F32, rank, shape);
    for (int64_t i = 0; t && i < rnn_tensor_count(t); i++)
        rnn_tensor_set(t, i, limit ? (double)(int64_t)(uniform() * (double)limit) : 2 * uniform() - 1);
    return t;
}

static rnn_status_t add_inputs(bench_t *b, rnn_context_t *context)
{
    const work_t *w = b->work;
    rnn_tensor_t *x =
        random_tensor(context, w->vocab, w->vocab ? 2 : 3, (int64_t[]){ w->batch, w->steps, w->input });
    rnn_status_t status = rnn_batch_set_input(b->batch, 0, x, NULL);
    rnn_tensor_free(x);
    return status;
}

static rnn_status_t add_targets(bench_t *b, rnn_context_t *context)
{
    const work_t *w = b->work;
    int whole = !strcmp(w->head, "all"), values = !strcmp(w->loss, "mse");
    int64_t limit = values ? 0 : !strcmp(w->loss, "bce") ? 2 : w->classes;
    int64_t shape[] = { w->batch, whole ? w->steps : w->classes, w->classes };
    rnn_tensor_t *y = random_tensor(context, limit, (whole ? 2 : 1) + values, shape);
    rnn_status_t status = rnn_batch_set_target(b->batch, 0, y, NULL);
    rnn_tensor_free(y);
    return status;
}

static int32_t loss_of(const work_t *w)
{
    if (!strcmp(w->loss, "ce")) return RNN_LOSS_CROSS_ENTROPY;
    return !strcmp(w->loss, "bce") ? RNN_LOSS_BINARY_CROSS_ENTROPY : RNN_LOSS_MSE;
}

static int32_t optimizer_of(const work_t *w)
{
    if (!strcmp(w->optimizer, "adam")) return RNN_OPTIM_ADAM;
    return !strcmp(w->optimizer, "rmsprop") ? RNN_OPTIM_RMSPROP : RNN_OPTIM_SGD;
}

/* Without a head there is no loss: the outputs' gradients come from outside, and the input's are wanted. */
static rnn_status_t prepare_training(bench_t *b, rnn_context_t *context)
{
    const work_t *w = b->work;
    if (!(b->trainer = rnn_trainer_create(b->model))) return RNN_ERROR_ARGUMENT;
    if (!strcmp(w->head, "none")) {
        int64_t features = rnn_model_output_features(b->model, 0);
        b->upstream = random_tensor(context, 0, 3, (int64_t[]){ w->batch, w->steps, features });
        return b->upstream ? rnn_trainer_input_gradient(b->trainer, 0, NULL) : RNN_ERROR_MEMORY;
    }
    rnn_status_t status = rnn_trainer_set_loss(b->trainer, NULL, loss_of(w));
    if (!status) status = rnn_trainer_set_optimizer(b->trainer, optimizer_of(w), 1e-3);
    return status ? status : add_targets(b, context);
}

static rnn_status_t prepare(bench_t *b, rnn_context_t *context, const work_t *w)
{
    *b = (bench_t){ .work = w };
    if (!(b->model = make_model(context, w))) return RNN_ERROR_ARGUMENT;
    if (!strcmp(w->kind, "stream")) {
        b->state = rnn_state_create(b->model);
        b->in = calloc((size_t)w->input + 1, sizeof *b->in);
        b->out = b->state ? calloc((size_t)rnn_state_output_size(b->state), sizeof *b->out) : NULL;
        for (int64_t i = 0; b->in && i < w->input; i++)
            b->in[i] = (float)(2 * uniform() - 1);
        return b->out && b->in ? RNN_OK : RNN_ERROR_MEMORY;
    }
    if (!(b->batch = rnn_batch_create(context))) return RNN_ERROR_MEMORY;
    rnn_status_t status = add_inputs(b, context);
    return status || strcmp(w->kind, "train") != 0 ? status : prepare_training(b, context);
}

static void release(bench_t *b)
{
    rnn_tensor_free(b->upstream);
    rnn_batch_free(b->batch);
    rnn_state_free(b->state);
    rnn_trainer_free(b->trainer);
    rnn_model_free(b->model);
    free(b->in);
    free(b->out);
}

/* ---- one item of each kind */

static rnn_status_t train_item(bench_t *b)
{
    double loss;
    rnn_status_t status = rnn_trainer_forward(b->trainer, b->batch, b->upstream ? NULL : &loss);
    if (status) return status;
    if (b->upstream) {
        rnn_tensor_t *gradient = NULL;
        status = rnn_trainer_backward_from(b->trainer, (const rnn_tensor_t *const[]){ b->upstream }, 1);
        if (!status) status = rnn_trainer_input_gradient(b->trainer, 0, &gradient);
        rnn_tensor_free(gradient);
        return status;
    }
    status = rnn_trainer_backward(b->trainer);
    return status ? status : rnn_trainer_step(b->trainer);
}

static rnn_status_t item(bench_t *b)
{
    if (b->trainer) return train_item(b);
    if (b->state) {
        if (b->work->vocab) return rnn_state_step_token(b->state, (int32_t)(b->work->vocab / 2), b->out);
        return rnn_state_step(b->state, b->in, b->out);
    }
    rnn_tensor_t *output = NULL;
    rnn_status_t status = rnn_model_run(b->model, b->batch, &output, 1);
    rnn_tensor_free(output);
    return status;
}

/* ---- timing, as peers.py does it */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median and minimum over about `seconds` seconds, after a warm-up; very short items are timed in groups. */
static rnn_status_t timed(bench_t *b, double seconds, figure_t *figure)
{
    rnn_status_t status = RNN_OK;
    for (int i = 0; i < 3 && !status; i++)
        status = item(b);
    if (status) return status;
    double start = now();
    if ((status = item(b))) return status;
    double once = now() - start;
    int64_t inner = once < 0.001 ? (int64_t)(0.002 / (once > 1e-7 ? once : 1e-7)) : 1, n = 0, room = 1 << 20;
    double *samples = malloc((size_t)room * sizeof *samples), end = now() + seconds;
    if (!samples) return RNN_ERROR_MEMORY;
    while (!status && (now() < end || n < 5) && n < room) {
        start = now();
        for (int64_t i = 0; i < inner && !status; i++)
            status = item(b);
        samples[n++] = (now() - start) / (double)inner * 1e3;
    }
    qsort(samples, (size_t)n, sizeof *samples, compare);
    if (!status) *figure = (figure_t){ (samples[(n - 1) / 2] + samples[n / 2]) / 2, samples[0], n };
    free(samples);
    return status;
}

static int measure(const work_t *w, int64_t threads, double seconds, figure_t *figure)
{
    bench_t b = { 0 };
    rnn_context_t *context = rnn_context_create(NULL);
    rnn_status_t status = rnn_context_set_int(context, RNN_CONTEXT_THREADS, threads);
    if (!status) status = prepare(&b, context, w);
    if (!status) status = timed(&b, seconds, figure);
    if (status) fprintf(stderr, "rnn_bench: %s\n", rnn_last_error());
    release(&b);
    rnn_context_free(context);
    return status != RNN_OK;
}

/* ---- the program */

static int one(const char *name, const char *spec, const char *path, int64_t threads, double seconds)
{
    work_t w;
    figure_t figure;
    char found[NAME] = "", *text = spec ? NULL : read_file(path);
    if (!spec && !text) return 1;
    const char *p = spec ? read_work(spec, &w) : text;
    if (!spec)
        while ((p = next_work(p, found, &w)) && strcmp(found, name) != 0)
            continue;
    free(text);
    if (!p) {
        fprintf(stderr, "rnn_bench: %s: no such workload, or not a specification\n", name);
        return 1;
    }
    if (measure(&w, threads, seconds, &figure)) return 1;
    printf("{\"workload\": \"%s\", \"threads\": %lld, \"ms_median\": %.6g, \"ms_min\": %.6g, \"samples\": "
           "%lld}\n",
           name, (long long)threads, figure.median, figure.minimum, (long long)figure.samples);
    return 0;
}

static int every(const char *path, int64_t threads, double seconds, int only_names)
{
    work_t w;
    figure_t figure;
    int failed = 0;
    char name[NAME], *text = read_file(path);
    if (!text) return 1;
    if (!only_names)
        printf("%-26s %12s %12s   milliseconds, %lld thread%s\n", "workload", "median", "minimum",
               (long long)threads, threads == 1 ? "" : "s");
    for (const char *p = text; (p = next_work(p, name, &w));) {
        if (only_names) {
            puts(name);
        } else if (measure(&w, threads, seconds, &figure)) {
            failed = 1;
        } else {
            printf("%-26s %12.4g %12.4g\n", name, figure.median, figure.minimum);
            fflush(stdout);
        }
    }
    free(text);
    return failed;
}

int main(int argc, char **argv)
{
    const char *name = NULL, *spec = NULL, *path = "tests/bench/workloads.json";
    int64_t threads = 1;
    double seconds = 0.5;
    int list = 0;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--list"))
            list = 1;
        else if (value && !strcmp(argv[i], "--workload"))
            name = argv[++i];
        else if (value && !strcmp(argv[i], "--spec"))
            spec = argv[++i];
        else if (value && !strcmp(argv[i], "--workloads"))
            path = argv[++i];
        else if (value && !strcmp(argv[i], "--threads"))
            threads = strtoll(argv[++i], NULL, 10);
        else if (value && !strcmp(argv[i], "--seconds"))
            seconds = strtod(argv[++i], NULL);
        else
            return fprintf(stderr, "rnn_bench: '%s' is no option, or its value is missing\n", argv[i]), 2;
    }
    if (name || spec) return one(name ? name : "spec", spec, path, threads, seconds);
    return every(path, threads, seconds, list);
}
