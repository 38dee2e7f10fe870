/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/memory.h"
#include "metrics/figures.h"

#include <float.h>
#include <math.h>

/* ---- checks */

rnn_status_t rnni_scores_check(const char *call, const rnni_scores *s)
{
    int64_t cells;
    RNNI_REQUIRE(s->type == RNN_F32 || s->type == RNN_F64, RNN_ERROR_TYPE, "%s: type %d, expected F32 or F64",
                 call, (int)s->type);
    RNNI_REQUIRE(s->count >= 0 && s->columns >= 1 && s->columns <= INT32_MAX &&
                     rnni_mul_i64(s->count, s->columns, &cells),
                 RNN_ERROR_SHAPE, "%s: shape [%lld, %lld]", call, (long long)s->count, (long long)s->columns);
    RNNI_REQUIRE(!s->count || s->data, RNN_ERROR_ARGUMENT, "%s: the scores are NULL", call);
    return RNN_OK;
}

rnn_status_t rnni_targets_check(const char *call, const int32_t *targets, int64_t count, int64_t classes)
{
    RNNI_REQUIRE(!count || targets, RNN_ERROR_ARGUMENT, "%s: the targets are NULL", call);
    for (int64_t i = 0; i < count; i++)
        RNNI_REQUIRE(targets[i] >= RNNI_IGNORED && targets[i] < classes, RNN_ERROR_RANGE,
                     "%s: target %lld is %d, expected a class from 0 to %lld, or -1", call, (long long)i,
                     (int)targets[i], (long long)classes - 1);
    return RNN_OK;
}

rnn_status_t rnni_scores_refuse_nan(const char *call, const int32_t *targets, const rnni_scores *s)
{
    for (int64_t i = 0; i < s->count; i++)
        for (int64_t c = 0; targets[i] != RNNI_IGNORED && c < s->columns; c++)
            RNNI_REQUIRE(!isnan(rnni_score(s, i, c)), RNN_ERROR_DATA, "%s: score [%lld, %lld] is NaN", call,
                         (long long)i, (long long)c);
    return RNN_OK;
}

static rnn_status_t refuse_improbable(const char *call, const int32_t *targets, const rnni_scores *s)
{
    for (int64_t i = 0; i < s->count; i++)
        for (int64_t c = 0; targets[i] != RNNI_IGNORED && c < s->columns; c++) {
            double p = rnni_score(s, i, c);
            RNNI_REQUIRE(p >= 0 && p <= 1, RNN_ERROR_DATA, "%s: score [%lld, %lld] is no probability", call,
                         (long long)i, (long long)c);
        }
    return RNN_OK;
}

/* ---- answers */

int64_t rnni_scores_answer(const rnni_scores *s, int64_t row)
{
    if (s->columns == 1) return rnni_score(s, row, 0) > 0.5;
    int64_t best = 0;
    for (int64_t c = 1; c < s->columns; c++)
        if (rnni_score(s, row, c) > rnni_score(s, row, best)) best = c;
    return best;
}

/* How many classes come before the target: higher scores, and equal ones of larger number. */
static int64_t rank_of(const rnni_scores *s, int64_t row, int64_t target)
{
    if (s->columns == 1) return rnni_scores_answer(s, row) != target;
    double mine = rnni_score(s, row, target);
    int64_t before = 0;
    for (int64_t c = 0; c < s->columns; c++) {
        double other = rnni_score(s, row, c);
        before += other > mine || (other == mine && c > target);
    }
    return before;
}

static double top_k(const int32_t *targets, const rnni_scores *s, int64_t k)
{
    int64_t hits = 0, total = 0;
    for (int64_t i = 0; i < s->count; i++) {
        if (targets[i] == RNNI_IGNORED) continue;
        total++;
        hits += rank_of(s, i, targets[i]) < k;
    }
    return total ? (double)hits / (double)total : NAN;
}

rnn_status_t rnn_top_k_accuracy(const int32_t *targets, const void *scores, int32_t type, int64_t count,
                                int64_t columns, int64_t k, double *value)
{
    static const char call[] = "rnn_top_k_accuracy";
    const rnni_scores s = { scores, type, count, columns };
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "%s: the place for the answer is NULL", call);
    RNNI_REQUIRE(k >= 1, RNN_ERROR_RANGE, "%s: k is %lld, expected 1 or more", call, (long long)k);
    RNNI_TRY(rnni_scores_check(call, &s));
    RNNI_TRY(rnni_targets_check(call, targets, count, rnni_scores_classes(&s)));
    RNNI_TRY(rnni_scores_refuse_nan(call, targets, &s));
    *value = top_k(targets, &s, k);
    return RNN_OK;
}

static double mean_log_loss(const int32_t *targets, const rnni_scores *s)
{
    const double least = s->type == RNN_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    double sum = 0;
    int64_t total = 0;
    for (int64_t i = 0; i < s->count; i++) {
        if (targets[i] == RNNI_IGNORED) continue;
        double p = rnni_score(s, i, s->columns == 1 ? 0 : targets[i]);
        if (s->columns == 1 && targets[i] == 0) p = 1 - p;
        sum -= log(fmin(fmax(p, least), 1 - least));
        total++;
    }
    return total ? sum / (double)total : NAN;
}

/* ---- rankings: one class against the rest */

static void swap(double *a, double *b)
{
    double kept = *a;
    *a = *b;
    *b = kept;
}

/* Lets x[at] sink to its place in the heap x[0, n), whose parents are the larger ones. */
static void sink(double *x, int64_t at, int64_t n)
{
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && x[child + 1] > x[child]) child++;
        if (!(x[child] > x[at])) return;
        swap(&x[child], &x[at]);
    }
}

void rnni_sort(double *x, int64_t n)
{
    for (int64_t i = n / 2; i-- > 0;) sink(x, i, n);
    for (int64_t i = n; i-- > 1;) {
        swap(&x[0], &x[i]);
        sink(x, 0, i);
    }
}

/* Scores of the members of a class and of the others, each sorted upwards. */
typedef struct ranking {
    double *members, *others;
    int64_t member_count, other_count;
} ranking;

/* Members fill `room` [count] from the front, others from the back. */
static ranking rank_class(const int32_t *targets, const rnni_scores *s, int64_t number, double *room)
{
    ranking r = { room, room + s->count, 0, 0 };
    for (int64_t i = 0; i < s->count; i++) {
        if (targets[i] == RNNI_IGNORED) continue;
        double score = rnni_score(s, i, s->columns == 1 ? 0 : number);
        if (targets[i] == number)
            room[r.member_count++] = score;
        else
            room[s->count - ++r.other_count] = score;
    }
    r.others -= r.other_count;
    rnni_sort(r.members, r.member_count);
    rnni_sort(r.others, r.other_count);
    return r;
}

/* Takes the entries >= threshold off the end of x[0, *left) and returns how many they were. */
static int64_t take(const double *x, int64_t *left, double threshold)
{
    int64_t before = *left;
    while (*left > 0 && x[*left - 1] >= threshold) --*left;
    return before - *left;
}

/* The highest score that is left in either list. */
static double next_threshold(const ranking *r, int64_t members, int64_t others)
{
    if (!members) return r->others[others - 1];
    if (!others) return r->members[members - 1];
    return fmax(r->members[members - 1], r->others[others - 1]);
}

/* Mann-Whitney: pairs in which the member is ahead, equal pairs counting half. */
static double roc_auc(const ranking *r)
{
    int64_t members = r->member_count, others = r->other_count;
    double ahead = 0;
    while (others) {
        double threshold = next_threshold(r, members, others);
        int64_t above = r->member_count - members, more = take(r->members, &members, threshold);
        ahead += (double)take(r->others, &others, threshold) * ((double)above + 0.5 * (double)more);
    }
    return ahead / ((double)r->member_count * (double)r->other_count);
}

static double average_precision(const ranking *r)
{
    int64_t members = r->member_count, others = r->other_count;
    double sum = 0;
    while (members) {
        double threshold = next_threshold(r, members, others);
        int64_t more = take(r->members, &members, threshold);
        take(r->others, &others, threshold);
        int64_t right = r->member_count - members, wrong = r->other_count - others;
        sum += (double)more / (double)r->member_count * ((double)right / (double)(right + wrong));
    }
    return sum;
}

/* Two classes: of class 1. More: the mean over the classes that have members (and others, for the ROC). */
static double ranked(int32_t metric, const int32_t *targets, const rnni_scores *s, double *room)
{
    bool two = s->columns <= 2;
    double sum = 0;
    int64_t counted = 0;
    for (int64_t c = two ? 1 : 0; c < (two ? 2 : s->columns); c++) {
        ranking r = rank_class(targets, s, c, room);
        if (!r.member_count || (metric == RNN_METRIC_ROC_AUC && !r.other_count)) continue;
        sum += metric == RNN_METRIC_ROC_AUC ? roc_auc(&r) : average_precision(&r);
        counted++;
    }
    return counted ? sum / (double)counted : NAN;
}

static rnn_status_t ranked_metric(rnn_context_t *context, int32_t metric, const int32_t *targets,
                                  const rnni_scores *s, double *value)
{
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return RNN_ERROR_MEMORY;
    double *room = rnni_alloc_array(held, (size_t)s->count, sizeof(*room));
    if (room) {
        *value = ranked(metric, targets, s, room);
        rnni_free(held, room, (size_t)s->count * sizeof(*room));
    }
    rnn_context_free(held);
    return room ? RNN_OK : RNN_ERROR_MEMORY;
}

/* ---- in one call */

static rnn_status_t class_metric(rnn_context_t *context, const rnni_metric_row *row, const int32_t *targets,
                                 const rnni_scores *s, double *value)
{
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return RNN_ERROR_MEMORY;
    rnni_counts counts = { .classes = 0 };
    rnn_status_t status = rnni_counts_init(&counts, held, rnni_scores_classes(s));
    for (int64_t i = 0; status == RNN_OK && i < s->count; i++)
        if (targets[i] != RNNI_IGNORED) rnni_counts_add(&counts, targets[i], rnni_scores_answer(s, i));
    if (status == RNN_OK) {
        status = rnni_counts_metric(&counts, row, value);
        rnni_counts_release(&counts, held);
    }
    rnn_context_free(held);
    return status;
}

rnn_status_t rnn_metric_scores(rnn_context_t *context, int32_t metric, const int32_t *targets,
                               const void *scores, int32_t type, int64_t count, int64_t columns,
                               double *value)
{
    static const char call[] = "rnn_metric_scores";
    const rnni_scores s = { scores, type, count, columns };
    const rnni_metric_row *row = rnni_metric_row_of(metric);
    if (!row) return RNN_ERROR_ARGUMENT;
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "%s: the place for the answer is NULL", call);
    RNNI_REQUIRE(row->kind != RNN_METRIC_OF_VALUES, RNN_ERROR_ARGUMENT, "%s: %s is a figure of values", call,
                 row->name);
    RNNI_TRY(rnni_scores_check(call, &s));
    RNNI_TRY(rnni_targets_check(call, targets, count, rnni_scores_classes(&s)));
    RNNI_TRY(rnni_scores_refuse_nan(call, targets, &s));
    if (row->kind == RNN_METRIC_OF_CLASSES) return class_metric(context, row, targets, &s, value);
    if (!count) {
        *value = NAN;
        return RNN_OK;
    }
    if (metric == RNN_METRIC_ROC_AUC || metric == RNN_METRIC_AVERAGE_PRECISION)
        return ranked_metric(context, metric, targets, &s, value);
    if (metric == RNN_METRIC_TOP_5_ACCURACY) {
        *value = top_k(targets, &s, 5);
        return RNN_OK;
    }
    RNNI_TRY(refuse_improbable(call, targets, &s));
    double loss = mean_log_loss(targets, &s);
    *value = metric == RNN_METRIC_PERPLEXITY ? exp(loss) : loss;
    return RNN_OK;
}
