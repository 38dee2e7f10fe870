/* SPDX-License-Identifier: MIT */
#include "work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_FILE = 1 << 20 };

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
    char text[BENCH_NAME];
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

static const char *read_field(const char *p, const char *name, bench_work *w)
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
        { "lengths", NULL, w->lengths },
        { "precision", NULL, w->precision },
        { "vocab", &w->vocab, NULL },
        { "embed", &w->embed, NULL },
        { "input", &w->input, NULL },
        { "steps", &w->steps, NULL },
        { "batch", &w->batch, NULL },
        { "classes", &w->classes, NULL },
        { "hidden", w->hidden, NULL },
        { "bidirectional", &w->bidirectional, NULL },
        { "recompute", &w->recompute, NULL },
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].name, name) != 0) continue;
        if (fields[i].text) return read_string(p, fields[i].text, BENCH_NAME);
        if (fields[i].number == w->hidden) return read_numbers(p, w->hidden, BENCH_LAYERS, &w->layers);
        return read_numbers(p, fields[i].number, 1, NULL);
    }
    return skip_value(p);
}

const char *bench_read_work(const char *p, bench_work *w)
{
    char name[BENCH_NAME];
    *w = (bench_work){ .steps = 1, .batch = 1 };
    p = skip_space(p);
    if (*p != '{') return NULL;
    for (p = skip_space(p + 1); *p != '}'; p = skip_space(p)) {
        if (*p == ',') p++;
        if (!(p = read_string(p, name, sizeof name)) || *(p = skip_space(p)) != ':') return NULL;
        if (!(p = read_field(p + 1, name, w))) return NULL;
    }
    return p + 1;
}

const char *bench_next_work(const char *p, char name[BENCH_NAME], bench_work *w)
{
    for (p = skip_space(p); *p == '{' || *p == ',';) {
        if (!(p = read_string(p + 1, name, BENCH_NAME)) || *(p = skip_space(p)) != ':') return NULL;
        if (*name != '_') return bench_read_work(p + 1, w);
        if (!(p = skip_value(p + 1))) return NULL;
        p = skip_space(p);
    }
    return NULL;
}

char *bench_read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, LONGEST_FILE);
    if (!file || !text || fread(text, 1, LONGEST_FILE - 1, file) == 0) {
        fprintf(stderr, "rnn_bench: cannot read %s\n", path);
        free(text);
        text = NULL;
    }
    if (file) fclose(file);
    return text;
}

/* ---- what a workload costs */

static double gates_of(const bench_work *w)
{
    return !strcmp(w->cell, "lstm") ? 4 : !strcmp(w->cell, "gru") ? 3 : 1;
}

static double directions_of(const bench_work *w)
{
    return w->bidirectional ? 2 : 1;
}

/* Weights of the recurrent layers that a step is multiplied with, without biases. */
static double recurrent_weights(const bench_work *w)
{
    double input = (double)(w->vocab ? w->embed : w->input), count = 0;
    for (int64_t i = 0; i < w->layers; i++) {
        double h = (double)w->hidden[i];
        count += directions_of(w) * gates_of(w) * h * (input + h);
        input = directions_of(w) * h;
    }
    return count;
}

static double recurrent_biases(const bench_work *w)
{
    double count = 0;
    for (int64_t i = 0; i < w->layers; i++) count += directions_of(w) * gates_of(w) * (double)w->hidden[i];
    return count;
}

static double head_weights(const bench_work *w)
{
    if (!strcmp(w->head, "none") || w->layers == 0) return 0;
    return directions_of(w) * (double)(w->hidden[w->layers - 1] * w->classes);
}

double bench_flops(const bench_work *w, int64_t useful_steps)
{
    double rows = (double)useful_steps, heads = !strcmp(w->head, "last") ? (double)w->batch : rows;
    double forward = 2 * (rows * recurrent_weights(w) + heads * head_weights(w));
    return !strcmp(w->kind, "train") ? 3 * forward : forward;
}

double bench_weight_bytes(const bench_work *w)
{
    double head = head_weights(w);
    double each = !strcmp(w->precision, "bf16") ? 2 : !strcmp(w->precision, "int8") ? 1 : 4;
    return each * (recurrent_weights(w) + head + (double)(w->vocab ? w->embed : 0)) + 4 * recurrent_biases(w);
}
