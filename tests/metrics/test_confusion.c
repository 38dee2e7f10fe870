/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "harness.h"
#include <rnn/metrics.h>

static const int32_t targets[] = { 0, 1, 2, 2, -1, 1 }, answers[] = { 0, 2, 2, 0, 7, 1 };

static rnn_confusion_t *example(void)
{
    rnn_confusion_t *confusion = rnn_confusion_create(NULL, 3);
    CHECK(confusion != NULL);
    CHECK_OK(rnn_confusion_add(confusion, targets, answers, 6));
    return confusion;
}

TEST(counts_pairs_and_leaves_out_ignored_targets)
{
    rnn_confusion_t *confusion = example();
    CHECK_INT(rnn_confusion_classes(confusion), 3);
    CHECK_INT(rnn_confusion_total(confusion), 5);
    CHECK_INT(rnn_confusion_count(confusion, 1, 2), 1);
    CHECK_INT(rnn_confusion_count(confusion, 2, 1), 0);
    CHECK_INT(rnn_confusion_count(confusion, 3, 0), -1);
    CHECK_INT(rnn_confusion_count(confusion, 0, -1), -1);
    CHECK_INT(rnn_confusion_members(confusion, 2), 2);
    CHECK_INT(rnn_confusion_answers(confusion, 0), 2);
    CHECK_INT(rnn_confusion_members(confusion, 3), -1);
    int64_t counts[9];
    CHECK_OK(rnn_confusion_copy(confusion, counts, 9));
    static const int64_t expected[9] = { 1, 0, 0, 0, 1, 1, 1, 0, 1 };
    CHECK_BYTES(counts, expected, sizeof(counts));
    rnn_confusion_free(confusion);
}

TEST(an_error_counts_nothing)
{
    rnn_confusion_t *confusion = rnn_confusion_create(NULL, 3);
    static const int32_t wrong_target[] = { 0, 3 }, wrong_answer[] = { 0, -1 };
    CHECK_STATUS(rnn_confusion_add(confusion, wrong_target, targets, 2), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_confusion_add(confusion, targets, wrong_answer, 2), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_confusion_add(confusion, NULL, answers, 2), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_confusion_add(confusion, targets, NULL, 2), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_confusion_add(confusion, targets, answers, -1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_confusion_add(NULL, targets, answers, 1), RNN_ERROR_ARGUMENT);
    static const float scores[] = { 1, 0, 0, 0, NAN, 0 };
    CHECK_STATUS(rnn_confusion_add_scores(confusion, targets, scores, RNN_F32, 2, 3), RNN_ERROR_DATA);
    CHECK_STATUS(rnn_confusion_add_scores(confusion, targets, scores, RNN_F32, 2, 2), RNN_ERROR_SHAPE);
    CHECK_STATUS(rnn_confusion_add_scores(confusion, targets, scores, RNN_I32, 2, 3), RNN_ERROR_TYPE);
    CHECK_INT(rnn_confusion_total(confusion), 0);
    int64_t counts[9] = { 5 };
    CHECK_STATUS(rnn_confusion_copy(confusion, counts, 8), RNN_ERROR_SHAPE);
    CHECK_INT(counts[0], 5);
    rnn_confusion_free(confusion);
}

TEST(takes_answers_from_scores)
{
    rnn_confusion_t *three = rnn_confusion_create(NULL, 3), *two = rnn_confusion_create(NULL, 2);
    static const int32_t wanted[] = { 2, 0, -1 }, binary[] = { 1, 0, 1 };
    static const double scores[] = { 1, 3, 3, -1, -2, -3, NAN, NAN, NAN }, sure[] = { 0.5, 0.25, 0.75 };
    CHECK_OK(rnn_confusion_add_scores(three, wanted, scores, RNN_F64, 3, 3));
    CHECK_INT(rnn_confusion_count(three, 2, 1), 1); /* the first of equal scores */
    CHECK_INT(rnn_confusion_count(three, 0, 0), 1);
    CHECK_INT(rnn_confusion_total(three), 2);
    CHECK_OK(rnn_confusion_add_scores(two, binary, sure, RNN_F64, 3, 1));
    CHECK_INT(rnn_confusion_count(two, 1, 0), 1); /* 1/2 is not above 1/2 */
    CHECK_INT(rnn_confusion_count(two, 1, 1), 1);
    rnn_confusion_free(three);
    rnn_confusion_free(two);
}

TEST(is_emptied)
{
    rnn_confusion_t *confusion = example();
    double value = 5;
    CHECK_OK(rnn_confusion_clear(confusion));
    CHECK_INT(rnn_confusion_total(confusion), 0);
    CHECK_INT(rnn_confusion_count(confusion, 0, 0), 0);
    CHECK_OK(rnn_confusion_metric(confusion, RNN_METRIC_F1_MACRO, &value));
    CHECK(isnan(value));
    rnn_confusion_free(confusion);
}

TEST(refuses_what_it_cannot_say)
{
    rnn_confusion_t *confusion = example();
    double value = 5;
    CHECK_STATUS(rnn_confusion_metric(confusion, RNN_METRIC_F1, &value), RNN_ERROR_ARGUMENT);
    CHECK(strstr(rnn_last_error(), "two classes") != NULL);
    CHECK_STATUS(rnn_confusion_metric(confusion, RNN_METRIC_ROC_AUC, &value), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_confusion_metric(confusion, 999, &value), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_confusion_metric(confusion, RNN_METRIC_ACCURACY, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_confusion_class_metric(confusion, RNN_METRIC_F1, 3, &value), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_confusion_class_metric(confusion, RNN_METRIC_F1_MACRO, 0, &value), RNN_ERROR_ARGUMENT);
    CHECK_NEAR(value, 5, 0);
    rnn_confusion_free(confusion);
}

TEST(refuses_odd_sizes)
{
    CHECK(rnn_confusion_create(NULL, 0) == NULL);
    CHECK(rnn_confusion_create(NULL, 65537) == NULL);
    CHECK(strstr(rnn_last_error(), "65537") != NULL);
    rnn_confusion_free(NULL);
    CHECK_INT(rnn_confusion_classes(NULL), 0);
    CHECK_INT(rnn_confusion_total(NULL), 0);
}

static int use(rnn_context_t *context)
{
    rnn_confusion_t *confusion = rnn_confusion_create(context, 3);
    double value;
    int fine = confusion && rnn_confusion_add(confusion, targets, answers, 6) == RNN_OK &&
               rnn_confusion_metric(confusion, RNN_METRIC_RECALL_MACRO, &value) == RNN_OK;
    rnn_confusion_free(confusion);
    return fine;
}

TEST(survives_every_failure_of_memory)
{
    EVERY_FAILURE(use);
}

TEST_MAIN
