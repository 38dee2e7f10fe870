/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "metrics/figures.h"

#include <math.h>

typedef double column_figure(const rnni_scores *targets, const rnni_scores *answers, int64_t column);

static double mae(const rnni_scores *t, const rnni_scores *y, int64_t column)
{
    double sum = 0;
    for (int64_t i = 0; i < t->count; i++) sum += fabs(rnni_score(t, i, column) - rnni_score(y, i, column));
    return sum / (double)t->count;
}

static double squares(const rnni_scores *t, const rnni_scores *y, int64_t column)
{
    double sum = 0;
    for (int64_t i = 0; i < t->count; i++) {
        double d = rnni_score(t, i, column) - rnni_score(y, i, column);
        sum += d * d;
    }
    return sum;
}

static double mse(const rnni_scores *t, const rnni_scores *y, int64_t column)
{
    return squares(t, y, column) / (double)t->count;
}

static double rmse(const rnni_scores *t, const rnni_scores *y, int64_t column)
{
    return sqrt(mse(t, y, column));
}

static double r2(const rnni_scores *t, const rnni_scores *y, int64_t column)
{
    if (t->count < 2) return NAN;
    double mean = 0, spread = 0, rest = squares(t, y, column);
    for (int64_t i = 0; i < t->count; i++) mean += rnni_score(t, i, column);
    mean /= (double)t->count;
    for (int64_t i = 0; i < t->count; i++) {
        double d = rnni_score(t, i, column) - mean;
        spread += d * d;
    }
    if (spread == 0) return isnan(rest) ? rest : rest == 0;
    return 1 - rest / spread;
}

static column_figure *figure_of(int32_t metric)
{
    if (metric == RNN_METRIC_MAE) return mae;
    if (metric == RNN_METRIC_MSE) return mse;
    return metric == RNN_METRIC_RMSE ? rmse : r2;
}

rnn_status_t rnn_metric_values(int32_t metric, const void *targets, const void *answers, int32_t type,
                               int64_t count, int64_t columns, double *value)
{
    static const char call[] = "rnn_metric_values";
    const rnni_scores t = { targets, type, count, columns }, y = { answers, type, count, columns };
    const rnni_metric_row *row = rnni_metric_row_of(metric);
    if (!row) return RNN_ERROR_ARGUMENT;
    RNNI_REQUIRE(row->kind == RNN_METRIC_OF_VALUES, RNN_ERROR_ARGUMENT, "%s: %s is no figure of values", call,
                 row->name);
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "%s: the place for the answer is NULL", call);
    RNNI_TRY(rnni_scores_check(call, &t));
    RNNI_TRY(rnni_scores_check(call, &y));
    column_figure *figure = figure_of(metric);
    double sum = 0;
    for (int64_t c = 0; count && c < columns; c++) sum += figure(&t, &y, c);
    *value = count ? sum / (double)columns : NAN;
    return RNN_OK;
}
