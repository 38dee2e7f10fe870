/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "metrics/figures.h"

#include <math.h>

#define MAX_CLASSES 65536

/* ---- figures of counts */

static double share(int64_t part, int64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static double precision_of(const rnni_counts *k, int64_t c)
{
    return share(k->found[c], k->answered[c]);
}

static double recall_of(const rnni_counts *k, int64_t c)
{
    return share(k->found[c], k->members[c]);
}

static double f1_of(const rnni_counts *k, int64_t c)
{
    return share(2 * k->found[c], k->members[c] + k->answered[c]);
}

typedef double class_figure(const rnni_counts *counts, int64_t number);

static class_figure *figure_of(int32_t metric)
{
    if (metric == RNN_METRIC_PRECISION) return precision_of;
    if (metric == RNN_METRIC_RECALL) return recall_of;
    return metric == RNN_METRIC_F1 ? f1_of : NULL;
}

static double macro(const rnni_counts *k, class_figure *figure)
{
    double sum = 0;
    int64_t occurring = 0;
    for (int64_t c = 0; c < k->classes; c++) {
        if (!k->members[c] && !k->answered[c]) continue;
        occurring++;
        sum += figure(k, c);
    }
    return occurring ? sum / (double)occurring : NAN;
}

static double weighted(const rnni_counts *k, class_figure *figure)
{
    double sum = 0;
    for (int64_t c = 0; c < k->classes; c++) sum += (double)k->members[c] * figure(k, c);
    return k->total ? sum / (double)k->total : NAN;
}

rnn_status_t rnni_counts_metric(const rnni_counts *counts, const rnni_metric_row *row, double *value)
{
    /* Ids go in tens: a figure of class 1, then micro, macro and weighted. */
    enum { OF_CLASS_1, MICRO, MACRO };
    class_figure *figure = figure_of(row->id / 10 * 10);
    int average = row->id % 10;
    double result;
    if (!figure) {
        result = row->id == RNN_METRIC_ACCURACY ? rnni_accuracy(counts) : rnni_macro_recall(counts);
    } else if (average == OF_CLASS_1) {
        RNNI_REQUIRE(counts->classes == 2, RNN_ERROR_ARGUMENT,
                     "%s needs two classes, there are %lld: use one of its averages", row->name,
                     (long long)counts->classes);
        result = counts->total ? figure(counts, 1) : NAN;
    } else if (average == MICRO) {
        result = rnni_accuracy(counts); /* each wrong answer is one false positive and one miss */
    } else {
        result = average == MACRO ? macro(counts, figure) : weighted(counts, figure);
    }
    *value = result;
    return RNN_OK;
}

/* ---- the matrix */

struct rnn_confusion {
    rnn_context_t *context;
    rnni_counts counts;
    int64_t *matrix; /* [targets, answers] */
};

static size_t cells_of(const rnn_confusion_t *confusion)
{
    return (size_t)confusion->counts.classes * (size_t)confusion->counts.classes;
}

rnn_confusion_t *rnn_confusion_create(rnn_context_t *context, int64_t classes)
{
    if (classes < 1 || classes > MAX_CLASSES) {
        rnni_fail(RNN_ERROR_RANGE, "rnn_confusion_create: %lld classes, expected 1 to %d", (long long)classes,
                  MAX_CLASSES);
        return NULL;
    }
    rnn_context_t *held = rnni_context_hold(context);
    rnn_confusion_t *made = held ? rnni_alloc(held, sizeof(*made)) : NULL;
    if (!made) {
        rnn_context_free(held);
        return NULL;
    }
    made->context = held;
    if (rnni_counts_init(&made->counts, held, classes) == RNN_OK)
        made->matrix = rnni_alloc_array(held, cells_of(made), sizeof(*made->matrix));
    if (made->matrix) return made;
    rnn_confusion_free(made);
    return NULL;
}

void rnn_confusion_free(rnn_confusion_t *confusion)
{
    if (!confusion) return;
    rnn_context_t *context = confusion->context;
    rnni_free(context, confusion->matrix, cells_of(confusion) * sizeof(*confusion->matrix));
    rnni_counts_release(&confusion->counts, context);
    rnni_free(context, confusion, sizeof(*confusion));
    rnn_context_free(context);
}

static void count_one(rnn_confusion_t *confusion, int64_t target, int64_t answer)
{
    rnni_counts_add(&confusion->counts, target, answer);
    confusion->matrix[target * confusion->counts.classes + answer]++;
}

static rnn_status_t check_answers(const char *call, const int32_t *targets, const int32_t *answers,
                                  int64_t count, int64_t classes)
{
    RNNI_REQUIRE(count >= 0, RNN_ERROR_ARGUMENT, "%s: count is %lld", call, (long long)count);
    RNNI_REQUIRE(!count || answers, RNN_ERROR_ARGUMENT, "%s: the answers are NULL", call);
    RNNI_TRY(rnni_targets_check(call, targets, count, classes));
    for (int64_t i = 0; i < count; i++)
        RNNI_REQUIRE(targets[i] == RNNI_IGNORED || (answers[i] >= 0 && answers[i] < classes), RNN_ERROR_RANGE,
                     "%s: answer %lld is %d, expected a class from 0 to %lld", call, (long long)i,
                     (int)answers[i], (long long)classes - 1);
    return RNN_OK;
}

rnn_status_t rnn_confusion_add(rnn_confusion_t *confusion, const int32_t *targets, const int32_t *answers,
                               int64_t count)
{
    RNNI_REQUIRE(confusion, RNN_ERROR_ARGUMENT, "rnn_confusion_add: the matrix is NULL");
    RNNI_TRY(check_answers("rnn_confusion_add", targets, answers, count, confusion->counts.classes));
    for (int64_t i = 0; i < count; i++)
        if (targets[i] != RNNI_IGNORED) count_one(confusion, targets[i], answers[i]);
    return RNN_OK;
}

rnn_status_t rnn_confusion_add_scores(rnn_confusion_t *confusion, const int32_t *targets, const void *scores,
                                      int32_t type, int64_t count, int64_t columns)
{
    static const char call[] = "rnn_confusion_add_scores";
    RNNI_REQUIRE(confusion, RNN_ERROR_ARGUMENT, "%s: the matrix is NULL", call);
    const rnni_scores s = { scores, type, count, columns };
    RNNI_TRY(rnni_scores_check(call, &s));
    RNNI_REQUIRE(rnni_scores_classes(&s) == confusion->counts.classes, RNN_ERROR_SHAPE,
                 "%s: %lld columns of scores for %lld classes", call, (long long)columns,
                 (long long)confusion->counts.classes);
    RNNI_TRY(rnni_targets_check(call, targets, count, confusion->counts.classes));
    RNNI_TRY(rnni_scores_refuse_nan(call, targets, &s));
    for (int64_t i = 0; i < count; i++)
        if (targets[i] != RNNI_IGNORED) count_one(confusion, targets[i], rnni_scores_answer(&s, i));
    return RNN_OK;
}

rnn_status_t rnn_confusion_clear(rnn_confusion_t *confusion)
{
    RNNI_REQUIRE(confusion, RNN_ERROR_ARGUMENT, "rnn_confusion_clear: the matrix is NULL");
    rnni_counts_clear(&confusion->counts);
    memset(confusion->matrix, 0, cells_of(confusion) * sizeof(*confusion->matrix));
    return RNN_OK;
}

/* ---- what it says */

int64_t rnn_confusion_classes(const rnn_confusion_t *confusion)
{
    return confusion ? confusion->counts.classes : 0;
}

int64_t rnn_confusion_total(const rnn_confusion_t *confusion)
{
    return confusion ? confusion->counts.total : 0;
}

static bool has_class(const rnn_confusion_t *confusion, int64_t number)
{
    return confusion && number >= 0 && number < confusion->counts.classes;
}

int64_t rnn_confusion_count(const rnn_confusion_t *confusion, int64_t target, int64_t answer)
{
    if (!has_class(confusion, target) || !has_class(confusion, answer)) return -1;
    return confusion->matrix[target * confusion->counts.classes + answer];
}

int64_t rnn_confusion_members(const rnn_confusion_t *confusion, int64_t number)
{
    return has_class(confusion, number) ? confusion->counts.members[number] : -1;
}

int64_t rnn_confusion_answers(const rnn_confusion_t *confusion, int64_t number)
{
    return has_class(confusion, number) ? confusion->counts.answered[number] : -1;
}

rnn_status_t rnn_confusion_copy(const rnn_confusion_t *confusion, int64_t *counts, int64_t size)
{
    RNNI_REQUIRE(confusion && counts, RNN_ERROR_ARGUMENT, "rnn_confusion_copy: the %s is NULL",
                 confusion ? "array" : "matrix");
    RNNI_REQUIRE(size >= (int64_t)cells_of(confusion), RNN_ERROR_SHAPE,
                 "rnn_confusion_copy: room for %lld counts, expected %lld", (long long)size,
                 (long long)cells_of(confusion));
    memcpy(counts, confusion->matrix, cells_of(confusion) * sizeof(*counts));
    return RNN_OK;
}

rnn_status_t rnn_confusion_metric(const rnn_confusion_t *confusion, int32_t metric, double *value)
{
    RNNI_REQUIRE(confusion && value, RNN_ERROR_ARGUMENT, "rnn_confusion_metric: the %s is NULL",
                 confusion ? "place for the answer" : "matrix");
    const rnni_metric_row *row = rnni_metric_row_of(metric);
    if (!row) return RNN_ERROR_ARGUMENT;
    RNNI_REQUIRE(row->kind == RNN_METRIC_OF_CLASSES, RNN_ERROR_ARGUMENT,
                 "rnn_confusion_metric: %s needs more than classes", row->name);
    return rnni_counts_metric(&confusion->counts, row, value);
}

rnn_status_t rnn_confusion_class_metric(const rnn_confusion_t *confusion, int32_t metric, int64_t number,
                                        double *value)
{
    static const char call[] = "rnn_confusion_class_metric";
    RNNI_REQUIRE(confusion && value, RNN_ERROR_ARGUMENT, "%s: the %s is NULL", call,
                 confusion ? "place for the answer" : "matrix");
    class_figure *figure = figure_of(metric);
    RNNI_REQUIRE(figure, RNN_ERROR_ARGUMENT, "%s: metric %d, expected precision, recall or F1", call,
                 (int)metric);
    RNNI_REQUIRE(has_class(confusion, number), RNN_ERROR_RANGE, "%s: class %lld, expected 0 to %lld", call,
                 (long long)number, (long long)confusion->counts.classes - 1);
    *value = figure(&confusion->counts, number);
    return RNN_OK;
}

/* ---- in one call */

rnn_status_t rnn_metric_classes(rnn_context_t *context, int32_t metric, const int32_t *targets,
                                const int32_t *answers, int64_t count, int64_t classes, double *value)
{
    static const char call[] = "rnn_metric_classes";
    const rnni_metric_row *row = rnni_metric_row_of(metric);
    if (!row) return RNN_ERROR_ARGUMENT;
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "%s: the place for the answer is NULL", call);
    RNNI_REQUIRE(row->kind == RNN_METRIC_OF_CLASSES, RNN_ERROR_ARGUMENT, "%s: %s needs more than classes",
                 call, row->name);
    RNNI_REQUIRE(classes >= 1 && classes <= INT32_MAX, RNN_ERROR_RANGE, "%s: %lld classes", call,
                 (long long)classes);
    RNNI_TRY(check_answers(call, targets, answers, count, classes));
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return RNN_ERROR_MEMORY;
    rnni_counts counts = { .classes = 0 };
    rnn_status_t status = rnni_counts_init(&counts, held, classes);
    for (int64_t i = 0; status == RNN_OK && i < count; i++)
        if (targets[i] != RNNI_IGNORED) rnni_counts_add(&counts, targets[i], answers[i]);
    if (status == RNN_OK) {
        status = rnni_counts_metric(&counts, row, value);
        rnni_counts_release(&counts, held);
    }
    rnn_context_free(held);
    return status;
}
