/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "harness.h"
#include "metrics/figures.h"

/* Everything but the numbers themselves, which test_vectors.c compares. */

TEST(lists_figures_once_by_id_and_name)
{
    rnn_metric_info_t info = { .struct_size = sizeof(info) };
    int32_t count = 0;
    for (; rnn_metric_at(count, &info) == RNN_OK; count++) {
        CHECK_INT(rnn_metric_find(info.name), info.id);
        CHECK(info.kind >= RNN_METRIC_OF_CLASSES && info.kind <= RNN_METRIC_OF_VALUES);
    }
    CHECK_INT(count, 23);
    CHECK_INT(rnn_metric_at(count, &info), RNN_END);
    CHECK_INT(rnn_metric_find("log_loss"), RNN_METRIC_LOG_LOSS);
    CHECK_INT(rnn_metric_find("f2"), 0);
    CHECK_INT(rnn_metric_find(NULL), 0);
}

TEST(describes_as_much_as_fits)
{
    rnn_metric_info_t info = { .struct_size = offsetof(rnn_metric_info_t, higher_is_better), .name = "kept" };
    CHECK_OK(rnn_metric_at(18, &info));
    CHECK_INT(info.id, RNN_METRIC_PERPLEXITY);
    CHECK_STR(info.name, "kept");
    info.struct_size = 0;
    CHECK_STATUS(rnn_metric_at(0, &info), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_metric_at(0, NULL), RNN_ERROR_ARGUMENT);
    info.struct_size = sizeof(info);
    CHECK_STATUS(rnn_metric_at(-1, &info), RNN_ERROR_ARGUMENT);
}

TEST(nothing_to_count_is_nan)
{
    rnn_metric_info_t info = { .struct_size = sizeof(info) };
    static const int32_t ignored[] = { -1, -1 };
    static const double scores[] = { NAN, 7 };
    for (int32_t i = 0; rnn_metric_at(i, &info) == RNN_OK; i++) {
        double value = 5;
        if (info.kind == RNN_METRIC_OF_VALUES)
            CHECK_OK(rnn_metric_values(info.id, NULL, NULL, RNN_F32, 0, 3, &value));
        else
            CHECK_OK(rnn_metric_scores(NULL, info.id, NULL, NULL, RNN_F32, 0, 2, &value));
        CHECK(isnan(value));
        if (info.kind == RNN_METRIC_OF_VALUES) continue;
        value = 5;
        CHECK_OK(rnn_metric_scores(NULL, info.id, ignored, scores, RNN_F64, 2, 1, &value));
        CHECK(isnan(value));
    }
    double value = 5;
    CHECK_OK(rnn_metric_classes(NULL, RNN_METRIC_F1_MACRO, NULL, NULL, 0, 3, &value));
    CHECK(isnan(value));
    value = 5;
    CHECK_OK(rnn_top_k_accuracy(NULL, NULL, RNN_F32, 0, 3, 1, &value));
    CHECK(isnan(value));
}

TEST(one_class_has_no_roc)
{
    static const int32_t ones[] = { 1, 1 };
    static const double scores[] = { 0.1, 0.9 };
    double value = 5;
    CHECK_OK(rnn_metric_scores(NULL, RNN_METRIC_ROC_AUC, ones, scores, RNN_F64, 2, 1, &value));
    CHECK(isnan(value));
}

TEST(infinite_scores_rank)
{
    static const int32_t targets[] = { 1, 0, 1, 0 };
    static const double scores[] = { INFINITY, -INFINITY, 1, 0 };
    double value = 5;
    CHECK_OK(rnn_metric_scores(NULL, RNN_METRIC_ROC_AUC, targets, scores, RNN_F64, 4, 1, &value));
    CHECK_NEAR(value, 1, 0);
    CHECK_OK(rnn_metric_scores(NULL, RNN_METRIC_AVERAGE_PRECISION, targets, scores, RNN_F64, 4, 1, &value));
    CHECK_NEAR(value, 1, 0);
}

TEST(refuses_bad_scores)
{
    static const int32_t targets[] = { 1, 0 }, large[] = { 0, 2 };
    static const double scores[] = { 0.5, 1.5 }, broken[] = { 0.5, NAN };
    double value = 5;
    CHECK_STATUS(rnn_metric_scores(NULL, RNN_METRIC_ACCURACY, targets, broken, RNN_F64, 2, 1, &value),
                 RNN_ERROR_DATA);
    CHECK(strstr(rnn_last_error(), "[1, 0]") != NULL);
    CHECK_STATUS(rnn_metric_scores(NULL, RNN_METRIC_LOG_LOSS, targets, scores, RNN_F64, 2, 1, &value),
                 RNN_ERROR_DATA);
    CHECK_STATUS(rnn_metric_scores(NULL, RNN_METRIC_ROC_AUC, large, scores, RNN_F64, 2, 1, &value),
                 RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_metric_scores(NULL, RNN_METRIC_ROC_AUC, targets, scores, RNN_I64, 2, 1, &value),
                 RNN_ERROR_TYPE);
    CHECK_STATUS(rnn_metric_scores(NULL, RNN_METRIC_ROC_AUC, targets, scores, RNN_F64, 2, 0, &value),
                 RNN_ERROR_SHAPE);
    CHECK_STATUS(rnn_metric_scores(NULL, RNN_METRIC_ROC_AUC, targets, scores, RNN_F64, INT64_MAX, 2, &value),
                 RNN_ERROR_SHAPE);
    CHECK_STATUS(rnn_metric_scores(NULL, RNN_METRIC_ROC_AUC, targets, NULL, RNN_F64, 2, 1, &value),
                 RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_metric_scores(NULL, RNN_METRIC_MAE, targets, scores, RNN_F64, 2, 1, &value),
                 RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_metric_scores(NULL, 5, targets, scores, RNN_F64, 2, 1, &value), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_top_k_accuracy(targets, scores, RNN_F64, 2, 1, 0, &value), RNN_ERROR_RANGE);
    CHECK_NEAR(value, 5, 0);
}

TEST(refuses_bad_classes_and_values)
{
    static const int32_t targets[] = { 1, 0 }, large[] = { 0, 2 };
    static const double numbers[] = { 1, 2 };
    double value = 5;
    CHECK_STATUS(rnn_metric_classes(NULL, RNN_METRIC_F1, targets, large, 2, 2, &value), RNN_ERROR_RANGE);
    CHECK(strstr(rnn_last_error(), "answer 1 is 2") != NULL);
    CHECK_STATUS(rnn_metric_classes(NULL, RNN_METRIC_LOG_LOSS, targets, targets, 2, 2, &value),
                 RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_metric_classes(NULL, RNN_METRIC_F1, targets, targets, 2, 3, &value), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_metric_classes(NULL, RNN_METRIC_F1, targets, targets, 2, 0, &value), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_metric_classes(NULL, RNN_METRIC_F1, targets, targets, 2, 2, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_metric_values(RNN_METRIC_F1, numbers, numbers, RNN_F64, 2, 1, &value),
                 RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_metric_values(RNN_METRIC_MAE, numbers, NULL, RNN_F64, 2, 1, &value), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_metric_values(RNN_METRIC_MAE, numbers, numbers, RNN_F16, 2, 1, &value), RNN_ERROR_TYPE);
    CHECK_STATUS(rnn_metric_values(RNN_METRIC_MAE, numbers, numbers, RNN_F64, -1, 1, &value),
                 RNN_ERROR_SHAPE);
    CHECK_NEAR(value, 5, 0);
}

TEST(a_nan_value_shows)
{
    static const double targets[] = { 1, 2, 3 }, answers[] = { 1, NAN, 3 };
    for (int32_t metric = RNN_METRIC_MAE; metric <= RNN_METRIC_R2; metric++) {
        double value = 5;
        CHECK_OK(rnn_metric_values(metric, targets, answers, RNN_F64, 3, 1, &value));
        CHECK(isnan(value));
    }
}

TEST(sorts)
{
    double x[100];
    for (int n = 0; n <= 100; n++) {
        double sum = 0;
        for (int i = 0; i < n; i++) sum += x[i] = (double)(i * 37 % 11 - 5);
        rnni_sort(x, n);
        for (int i = 0; i < n; i++) {
            sum -= x[i];
            CHECK(i == 0 || x[i - 1] <= x[i]);
        }
        CHECK_NEAR(sum, 0, 0);
    }
}

static int use(rnn_context_t *context)
{
    static const int32_t targets[] = { 1, 0, 2 };
    static const float scores[] = { 0, 1, 0, 1, 0, 0, 1, 0, 0 };
    double value;
    return rnn_metric_scores(context, RNN_METRIC_ROC_AUC, targets, scores, RNN_F32, 3, 3, &value) == RNN_OK &&
           rnn_metric_scores(context, RNN_METRIC_F1_MACRO, targets, scores, RNN_F32, 3, 3, &value) ==
               RNN_OK &&
           rnn_metric_classes(context, RNN_METRIC_ACCURACY, targets, targets, 3, 3, &value) == RNN_OK;
}

TEST(survives_every_failure_of_memory)
{
    EVERY_FAILURE(use);
}

TEST_MAIN
