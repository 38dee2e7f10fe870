/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "metrics/figures.h"

#include <string.h>

enum { CLASSES = RNN_METRIC_OF_CLASSES, SCORES = RNN_METRIC_OF_SCORES, VALUES = RNN_METRIC_OF_VALUES };

static const rnni_metric_row rows[] = {
    { RNN_METRIC_ACCURACY, CLASSES, true, "accuracy" },
    { RNN_METRIC_BALANCED_ACCURACY, CLASSES, true, "balanced_accuracy" },
    { RNN_METRIC_PRECISION, CLASSES, true, "precision" },
    { RNN_METRIC_PRECISION_MICRO, CLASSES, true, "precision_micro" },
    { RNN_METRIC_PRECISION_MACRO, CLASSES, true, "precision_macro" },
    { RNN_METRIC_PRECISION_WEIGHTED, CLASSES, true, "precision_weighted" },
    { RNN_METRIC_RECALL, CLASSES, true, "recall" },
    { RNN_METRIC_RECALL_MICRO, CLASSES, true, "recall_micro" },
    { RNN_METRIC_RECALL_MACRO, CLASSES, true, "recall_macro" },
    { RNN_METRIC_RECALL_WEIGHTED, CLASSES, true, "recall_weighted" },
    { RNN_METRIC_F1, CLASSES, true, "f1" },
    { RNN_METRIC_F1_MICRO, CLASSES, true, "f1_micro" },
    { RNN_METRIC_F1_MACRO, CLASSES, true, "f1_macro" },
    { RNN_METRIC_F1_WEIGHTED, CLASSES, true, "f1_weighted" },
    { RNN_METRIC_TOP_5_ACCURACY, SCORES, true, "top_5_accuracy" },
    { RNN_METRIC_ROC_AUC, SCORES, true, "roc_auc" },
    { RNN_METRIC_AVERAGE_PRECISION, SCORES, true, "average_precision" },
    { RNN_METRIC_LOG_LOSS, SCORES, false, "log_loss" },
    { RNN_METRIC_PERPLEXITY, SCORES, false, "perplexity" },
    { RNN_METRIC_MAE, VALUES, false, "mae" },
    { RNN_METRIC_MSE, VALUES, false, "mse" },
    { RNN_METRIC_RMSE, VALUES, false, "rmse" },
    { RNN_METRIC_R2, VALUES, true, "r2" },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const rnni_metric_row *rnni_metric_row_of(int32_t metric)
{
    for (int i = 0; i < ROWS; i++)
        if (rows[i].id == metric) return &rows[i];
    rnni_fail(RNN_ERROR_ARGUMENT, "there is no metric %d", (int)metric);
    return NULL;
}

int32_t rnn_metric_find(const char *name)
{
    for (int i = 0; name && i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0) return rows[i].id;
    return 0;
}

rnn_status_t rnn_metric_at(int32_t index, rnn_metric_info_t *info)
{
    RNNI_REQUIRE(info, RNN_ERROR_ARGUMENT, "rnn_metric_at: the place for the answer is NULL");
    RNNI_REQUIRE(info->struct_size >= sizeof(info->struct_size), RNN_ERROR_ARGUMENT,
                 "rnn_metric_at: struct_size is not set");
    RNNI_REQUIRE(index >= 0, RNN_ERROR_ARGUMENT, "rnn_metric_at: index %d, expected 0 or more", (int)index);
    if (index >= ROWS) return RNN_END;
    const rnni_metric_row *row = &rows[index];
    rnn_metric_info_t made = { info->struct_size, row->id, row->kind, row->higher, row->name };
    memcpy(info, &made, made.struct_size < sizeof(made) ? made.struct_size : sizeof(made));
    return RNN_OK;
}
