/* SPDX-License-Identifier: MIT */
#ifndef RNNI_METRICS_H
#define RNNI_METRICS_H

#include "core/context.h"
#include "core/real.h"

/* Counts of right and wrong answers, and what is computed from them. */
typedef struct rnni_counts {
    int64_t right, total;
    int64_t classes;   /* 0: only accuracy */
    int64_t *members;  /* [classes] answers asked of this class */
    int64_t *answered; /* [classes] answers that named it */
    int64_t *found;    /* [classes] of them right */
} rnni_counts;

/* Starts at 0. With classes > 0 also the counts that macro recall and F1 need. */
rnn_status_t rnni_counts_init(rnni_counts *counts, rnn_context_t *context, int64_t classes);
void rnni_counts_release(rnni_counts *counts, rnn_context_t *context);
void rnni_counts_clear(rnni_counts *counts);

/* One answer; both numbers are below `classes` where classes > 0. */
void rnni_counts_add(rnni_counts *counts, int64_t target, int64_t answer);

/* All are NaN when nothing was counted; the macro means also when there are no classes. */
double rnni_accuracy(const rnni_counts *counts);
/* Mean over the classes that occur in the targets of found / members. */
double rnni_macro_recall(const rnni_counts *counts);
/* Mean over the classes that occur in targets or answers of 2 found / (members + answered), the harmonic mean
 * of precision and recall. */
double rnni_macro_f1(const rnni_counts *counts);

/* The first position of the largest number; n >= 1. */
int64_t rnni_argmax(int64_t n, const rnni_real *x);

#endif
