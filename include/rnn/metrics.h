/* SPDX-License-Identifier: MIT */
/** @file metrics.h
 * How good answers are: figures over plain arrays of targets and answers. Definitions are scikit-learn's, and
 * so are the results.
 *
 *   targets              answers                        functions
 *   classes [N]          classes [N]                    rnn_metric_classes, rnn_confusion_*
 *   classes [N]          scores [N, C], or [N] of       rnn_metric_scores, rnn_top_k_accuracy,
 *                        class 1 when C is 1            rnn_confusion_add_scores
 *   values [N, C]        values [N, C]                  rnn_metric_values
 *
 * Arrays are contiguous, the last dimension first in memory. Class numbers are int32_t from 0 to below the
 * number of classes; a target of -1 is ignored together with its answer. Scores and values are float or
 * double, as `type` says (RNN_F32, RNN_F64). A figure that nothing can be said about (no samples, all of them
 * ignored, one class only for RNN_METRIC_ROC_AUC) is NaN, with RNN_OK. Calls take a context for the memory
 * they need while they run; NULL is the default one. */
#ifndef RNN_METRICS_H
#define RNN_METRICS_H

#include <rnn/context.h>
#include <rnn/tensor.h>

RNN_BEGIN_DECLS

/** Figures. With tp, fp, fn the right, wrong and missed answers of a class: precision = tp / (tp + fp),
 *  recall = tp / (tp + fn), F1 = 2 tp / (2 tp + fp + fn), each 0 where it would be 0 / 0. Macro: the mean
 *  over the classes that occur in targets or answers. Weighted: the same, weighted by the targets of a class.
 *  Micro: of the sums over all classes. */
enum {
    RNN_METRIC_ACCURACY = 1,            /**< share of right answers, 0 to 1 */
    RNN_METRIC_BALANCED_ACCURACY = 2,   /**< mean recall of the classes that occur in the targets, 0 to 1;
                                             rnn_result_t calls it macro_recall */
    RNN_METRIC_PRECISION = 10,          /**< of class 1, where there are two classes; 0 to 1 */
    RNN_METRIC_PRECISION_MICRO = 11,
    RNN_METRIC_PRECISION_MACRO = 12,
    RNN_METRIC_PRECISION_WEIGHTED = 13,
    RNN_METRIC_RECALL = 20,             /**< of class 1, where there are two classes; 0 to 1 */
    RNN_METRIC_RECALL_MICRO = 21,
    RNN_METRIC_RECALL_MACRO = 22,
    RNN_METRIC_RECALL_WEIGHTED = 23,
    RNN_METRIC_F1 = 30,                 /**< of class 1, where there are two classes; 0 to 1 */
    RNN_METRIC_F1_MICRO = 31,
    RNN_METRIC_F1_MACRO = 32,
    RNN_METRIC_F1_WEIGHTED = 33,
    RNN_METRIC_TOP_5_ACCURACY = 40,     /**< rnn_top_k_accuracy with k = 5 */
    RNN_METRIC_ROC_AUC = 41,            /**< chance that a member of a class scores above one of the others,
                                             equal scores counting half; 0 to 1. Two classes: of class 1;
                                             more: each against the rest, mean over the classes that have
                                             members and others */
    RNN_METRIC_AVERAGE_PRECISION = 42,  /**< sum of (R[i] - R[i-1]) P[i] over falling thresholds i, P
                                             precision and R recall; 0 to 1. Two classes: of class 1; more:
                                             each against the rest, mean over the classes that have members */
    RNN_METRIC_LOG_LOSS = 43,           /**< mean of -log p[target], p being clipped to eps .. 1 - eps, eps =
                                             2^-52 (RNN_F64) or 2^-23 (RNN_F32). Scores are probabilities, not
                                             logits */
    RNN_METRIC_PERPLEXITY = 44,         /**< e to the power of RNN_METRIC_LOG_LOSS */
    RNN_METRIC_MAE = 60,                /**< mean |t - y| */
    RNN_METRIC_MSE = 61,                /**< mean (t - y)^2 */
    RNN_METRIC_RMSE = 62,               /**< square root of the MSE of a column, mean over columns */
    RNN_METRIC_R2 = 63                  /**< 1 - sum (t - y)^2 / sum (t - mean t)^2 of a column, mean over
                                             columns; constant targets give 1 when all are met, else 0; NaN
                                             for fewer than two samples */
};

/** What a figure is computed from. */
enum { RNN_METRIC_OF_CLASSES = 1, RNN_METRIC_OF_SCORES = 2, RNN_METRIC_OF_VALUES = 3 };

/** What can be asked about a figure at run time. */
typedef struct rnn_metric_info {
    size_t struct_size;       /**< set to sizeof(rnn_metric_info_t) by the caller before asking */
    int32_t id;               /**< RNN_METRIC_* */
    int32_t kind;             /**< RNN_METRIC_OF_*; figures of classes can be computed from scores, too */
    int32_t higher_is_better; /**< 0 or 1 */
    const char *name;         /**< lower case, for example "f1_macro"; static */
} rnn_metric_info_t;

/** Describes figure number `index` from 0 on; RNN_END past the last. */
RNN_API rnn_status_t rnn_metric_at(int32_t index, rnn_metric_info_t *info);
/** The id of a figure by its name; 0 when there is none. */
RNN_API int32_t rnn_metric_find(const char *name);

/** A figure of classes [count] and answers [count]. Errors: RNN_ERROR_ARGUMENT (the figure needs scores or
 *  values; a figure of class 1 without two classes), RNN_ERROR_RANGE (a number that is no class),
 *  RNN_ERROR_MEMORY. */
RNN_API rnn_status_t rnn_metric_classes(rnn_context_t *context, int32_t metric, const int32_t *targets,
                                        const int32_t *answers, int64_t count, int64_t classes,
                                        double *value);
/** A figure of classes [count] and scores [count, columns]. columns > 1: a score for each class; figures of
 *  classes take the class with the highest (of equal ones, the first). columns = 1: the probability of class
 *  1 of two; the answer is 1 above 1/2. RNN_ERROR_DATA for a NaN score, and for probabilities outside 0 .. 1
 *  where the figure needs them; else as rnn_metric_classes. */
RNN_API rnn_status_t rnn_metric_scores(rnn_context_t *context, int32_t metric, const int32_t *targets,
                                       const void *scores, int32_t type, int64_t count, int64_t columns,
                                       double *value);
/** A figure of values [count, columns] and answers of the same type. A NaN among them makes it NaN. */
RNN_API rnn_status_t rnn_metric_values(int32_t metric, const void *targets, const void *answers, int32_t type,
                                       int64_t count, int64_t columns, double *value);
/** Share of samples whose target is among the k >= 1 highest of scores [count, columns]; of equal scores the
 *  larger class number counts as higher. */
RNN_API rnn_status_t rnn_top_k_accuracy(const int32_t *targets, const void *scores, int32_t type,
                                        int64_t count, int64_t columns, int64_t k, double *value);

/** A confusion matrix: how often each target got each answer. It grows batch by batch, and all figures of
 *  classes can be asked of it. */
typedef struct rnn_confusion rnn_confusion_t;

/** An empty matrix [classes, classes], 1 to 65536 classes, or NULL. */
RNN_API rnn_confusion_t *rnn_confusion_create(rnn_context_t *context, int64_t classes);
RNN_API void rnn_confusion_free(rnn_confusion_t *confusion);

/** Counts targets [count] and answers [count]. On an error nothing is counted. */
RNN_API rnn_status_t rnn_confusion_add(rnn_confusion_t *confusion, const int32_t *targets,
                                       const int32_t *answers, int64_t count);
/** The same with the answers that rnn_metric_scores takes from scores [count, columns]; columns is the number
 *  of classes, or 1 when there are two. */
RNN_API rnn_status_t rnn_confusion_add_scores(rnn_confusion_t *confusion, const int32_t *targets,
                                              const void *scores, int32_t type, int64_t count,
                                              int64_t columns);
/** Back to 0. */
RNN_API rnn_status_t rnn_confusion_clear(rnn_confusion_t *confusion);

RNN_API int64_t rnn_confusion_classes(const rnn_confusion_t *confusion);
/** Number of samples that were counted, the ignored ones left out. */
RNN_API int64_t rnn_confusion_total(const rnn_confusion_t *confusion);
/** How often `target` got `answer`; -1 when there is no such class. */
RNN_API int64_t rnn_confusion_count(const rnn_confusion_t *confusion, int64_t target, int64_t answer);
/** Copies all counts to counts[target * classes + answer]; `size` is the length of the array, at least
 *  classes^2. */
RNN_API rnn_status_t rnn_confusion_copy(const rnn_confusion_t *confusion, int64_t *counts, int64_t size);
/** A figure of classes of everything counted. */
RNN_API rnn_status_t rnn_confusion_metric(const rnn_confusion_t *confusion, int32_t metric, double *value);
/** RNN_METRIC_PRECISION, RNN_METRIC_RECALL or RNN_METRIC_F1 of one class. */
RNN_API rnn_status_t rnn_confusion_class_metric(const rnn_confusion_t *confusion, int32_t metric,
                                                int64_t number, double *value);
/** How many targets were of class `number`, and how many answers named it; -1 when there is no such class. */
RNN_API int64_t rnn_confusion_members(const rnn_confusion_t *confusion, int64_t number);
RNN_API int64_t rnn_confusion_answers(const rnn_confusion_t *confusion, int64_t number);

RNN_END_DECLS

#endif
