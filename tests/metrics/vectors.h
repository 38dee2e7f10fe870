/* SPDX-License-Identifier: MIT */
#ifndef VECTORS_H
#define VECTORS_H

/* Reads the cases that make_vectors.py wrote. */

#include "core/io.h"
#include "core/number.h"
#include "harness.h"
#include <rnn/metrics.h>

typedef struct vector_case {
    char name[64], kind[16], dtype[8];
    int64_t count, columns, targets, answers;
    double *target, *answer; /* [targets], [answers] */
} vector_case;

HARNESS_STATIC double vector_number(const char *word, size_t size)
{
    double value = 0;
    CHECK(rnni_parse_double(word, size, &value));
    return value;
}

/* The numbers behind the first word of a line; the caller frees them. */
HARNESS_STATIC double *vector_row(const char *line, int64_t *count)
{
    double *row = malloc((strlen(line) / 2 + 1) * sizeof(*row));
    CHECK(row != NULL);
    *count = 0;
    for (line += strcspn(line, " "); *line; line += strcspn(line, " ")) {
        line += strspn(line, " ");
        row[(*count)++] = vector_number(line, strcspn(line, " "));
    }
    return row;
}

HARNESS_STATIC void vector_begin(vector_case *c, const char *line)
{
    long long count, columns;
    CHECK_INT(sscanf(line, "case %63s %15s %7s %lld %lld", c->name, c->kind, c->dtype, &count, &columns), 5);
    c->count = count;
    c->columns = columns;
}

HARNESS_STATIC void vector_end(vector_case *c)
{
    free(c->target);
    free(c->answer);
    *c = (vector_case) { .count = 0 };
}

HARNESS_STATIC int32_t *vector_classes(const double *row, int64_t count)
{
    int32_t *made = malloc((size_t)(count + 1) * sizeof(*made));
    CHECK(made != NULL);
    for (int64_t i = 0; i < count; i++) made[i] = (int32_t)row[i];
    return made;
}

/* The row as floats or doubles. */
HARNESS_STATIC void *vector_values(const vector_case *c, const double *row, int64_t count)
{
    void *made = malloc((size_t)(count + 1) * sizeof(double));
    CHECK(made != NULL);
    for (int64_t i = 0; i < count; i++) {
        if (strcmp(c->dtype, "f32") == 0)
            ((float *)made)[i] = (float)row[i];
        else
            ((double *)made)[i] = row[i];
    }
    return made;
}

HARNESS_STATIC int32_t vector_type(const vector_case *c)
{
    return strcmp(c->dtype, "f32") == 0 ? RNN_F32 : RNN_F64;
}

/* Calls check(case, figure, expected) for every figure of every case of a kind; returns how many. */
HARNESS_STATIC int vector_each(const char *kind, void (*check)(const vector_case *, const char *, double))
{
    rnni_lines lines;
    char *line;
    size_t size;
    int figures = 0;
    vector_case c = { .count = 0 };
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_OK(rnni_lines_open(&lines, context, "tests/metrics/vectors/metrics.txt"));
    while (rnni_lines_next(&lines, &line, &size) == RNN_OK) {
        if (strncmp(line, "case ", 5) == 0) {
            vector_begin(&c, line);
        } else if (strncmp(line, "targets ", 8) == 0) {
            c.target = vector_row(line, &c.targets);
        } else if (strncmp(line, "answers ", 8) == 0) {
            c.answer = vector_row(line, &c.answers);
        } else if (strcmp(line, "end") == 0) {
            vector_end(&c);
        } else if (strcmp(c.kind, kind) == 0) {
            char *value = strchr(line, ' ');
            CHECK(value != NULL);
            *value++ = 0;
            check(&c, line, vector_number(value, strlen(value)));
            figures++;
        }
    }
    rnni_lines_close(&lines);
    rnn_context_free(context);
    return figures;
}

#endif
