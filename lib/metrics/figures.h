/* SPDX-License-Identifier: MIT */
#ifndef RNNI_FIGURES_H
#define RNNI_FIGURES_H

#include "metrics/metrics.h"
#include <rnn/metrics.h>

#include <stdbool.h>

/* What the public figures share. */

#define RNNI_IGNORED (-1) /* the target that does not count */

/* The row of a figure in the public list. */
typedef struct rnni_metric_row {
    int32_t id, kind;
    bool higher;
    const char *name;
} rnni_metric_row;

/* NULL with the reason when there is no such figure. */
const rnni_metric_row *rnni_metric_row_of(int32_t metric);

/* Scores or values: [count, columns] of float or double. */
typedef struct rnni_scores {
    const void *data;
    int32_t type;
    int64_t count, columns;
} rnni_scores;

static inline double rnni_score(const rnni_scores *s, int64_t row, int64_t column)
{
    int64_t at = row * s->columns + column;
    return s->type == RNN_F32 ? (double)((const float *)s->data)[at] : ((const double *)s->data)[at];
}

/* One column of scores stands for two classes. */
static inline int64_t rnni_scores_classes(const rnni_scores *s)
{
    return s->columns == 1 ? 2 : s->columns;
}

/* Types, sizes and pointers; `call` names the public function. */
rnn_status_t rnni_scores_check(const char *call, const rnni_scores *s);
/* All targets are classes or ignored. */
rnn_status_t rnni_targets_check(const char *call, const int32_t *targets, int64_t count, int64_t classes);
/* No NaN in rows that count. */
rnn_status_t rnni_scores_refuse_nan(const char *call, const int32_t *targets, const rnni_scores *s);
/* The class that row `row` answers. */
int64_t rnni_scores_answer(const rnni_scores *s, int64_t row);

/* A figure of kind RNN_METRIC_OF_CLASSES. */
rnn_status_t rnni_counts_metric(const rnni_counts *counts, const rnni_metric_row *row, double *value);

/* Sorts upwards in place; no NaN. */
void rnni_sort(double *x, int64_t n);

#endif
