/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "metrics/metrics.h"

/* The counts behind accuracy and the macro means, on cases small enough to be seen through. */

static rnn_context_t *context;

static rnni_counts counts_of(int64_t classes, int count, const int *targets, const int *answers)
{
    rnni_counts counts;
    if (!context) context = rnn_context_create(NULL);
    CHECK_OK(rnni_counts_init(&counts, context, classes));
    for (int i = 0; i < count; i++) rnni_counts_add(&counts, targets[i], answers[i]);
    return counts;
}

TEST(three_classes)
{
    const int targets[] = { 0, 0, 0, 1, 1, 2 }, answers[] = { 0, 0, 1, 1, 2, 2 };
    rnni_counts counts = counts_of(3, 6, targets, answers);
    CHECK_NEAR(rnni_accuracy(&counts), 4.0 / 6, 1e-15);
    CHECK_NEAR(rnni_macro_recall(&counts), (2.0 / 3 + 1.0 / 2 + 1) / 3, 1e-15);
    /* precision 1, 1/2, 1/2; recall 2/3, 1/2, 1 */
    CHECK_NEAR(rnni_macro_f1(&counts), (0.8 + 0.5 + 2.0 / 3) / 3, 1e-15);
    rnni_counts_release(&counts, context);
}

TEST(class_that_never_occurs_does_not_count)
{
    const int targets[] = { 0, 0, 2 }, answers[] = { 0, 0, 2 };
    rnni_counts counts = counts_of(5, 3, targets, answers);
    CHECK_NEAR(rnni_macro_recall(&counts), 1, 0);
    CHECK_NEAR(rnni_macro_f1(&counts), 1, 0);
    rnni_counts_release(&counts, context);
}

/* Class 1 occurs only in the answers: it has no recall, but an F1 of 0. */
TEST(class_that_is_only_answered_counts_for_f1)
{
    const int targets[] = { 0, 0 }, answers[] = { 0, 1 };
    rnni_counts counts = counts_of(3, 2, targets, answers);
    CHECK_NEAR(rnni_macro_recall(&counts), 0.5, 0);
    CHECK_NEAR(rnni_macro_f1(&counts), (2.0 / 3 + 0) / 2, 1e-15);
    rnni_counts_release(&counts, context);
}

TEST(class_that_is_never_answered_has_recall_and_f1_of_0)
{
    const int targets[] = { 0, 1 }, answers[] = { 0, 0 };
    rnni_counts counts = counts_of(2, 2, targets, answers);
    CHECK_NEAR(rnni_macro_recall(&counts), 0.5, 0);
    CHECK_NEAR(rnni_macro_f1(&counts), (2.0 / 3 + 0) / 2, 1e-15);
    rnni_counts_release(&counts, context);
}

TEST(nothing_counted_is_not_a_number)
{
    rnni_counts counts = counts_of(3, 0, NULL, NULL);
    CHECK(isnan(rnni_accuracy(&counts)));
    CHECK(isnan(rnni_macro_recall(&counts)));
    CHECK(isnan(rnni_macro_f1(&counts)));
    rnni_counts_release(&counts, context);
}

TEST(without_classes_there_is_only_accuracy)
{
    const int targets[] = { 0, 1, 1 }, answers[] = { 0, 1, 0 };
    rnni_counts counts = counts_of(0, 3, targets, answers);
    CHECK_NEAR(rnni_accuracy(&counts), 2.0 / 3, 1e-15);
    CHECK(isnan(rnni_macro_recall(&counts)));
    rnni_counts_release(&counts, context);
}

TEST(cleared_counts_start_again)
{
    const int targets[] = { 0, 1 }, answers[] = { 0, 0 };
    rnni_counts counts = counts_of(2, 2, targets, answers);
    rnni_counts_clear(&counts);
    rnni_counts_add(&counts, 1, 1);
    CHECK_NEAR(rnni_accuracy(&counts), 1, 0);
    CHECK_NEAR(rnni_macro_recall(&counts), 1, 0);
    CHECK_NEAR(rnni_macro_f1(&counts), 1, 0);
    rnni_counts_release(&counts, context);
}

TEST(impossible_number_of_classes_is_refused)
{
    rnni_counts counts = { .classes = 5 };
    if (!context) context = rnn_context_create(NULL);
    CHECK_STATUS(rnni_counts_init(&counts, context, INT64_MAX / 2), RNN_ERROR_MEMORY);
    CHECK_INT(counts.classes, 5);
    rnn_context_free(context);
    context = NULL;
}

TEST(argmax_is_the_first_largest)
{
    const rnni_real x[5] = { 1, 7, -3, 7, 0 }, y[3] = { -1, -1, -1 };
    CHECK_INT(rnni_argmax(5, x), 1);
    CHECK_INT(rnni_argmax(3, y), 0);
    CHECK_INT(rnni_argmax(1, x), 0);
}

/* Every place of the largest number in rows of every length, a second one behind it, and NaN as any
 * comparison takes it. */
TEST(argmax_of_long_rows)
{
    enum { MOST = 70 };
    rnni_real x[MOST];
    for (int n = 1; n <= MOST; n++)
        for (int at = 0; at < n; at++) {
            for (int i = 0; i < n; i++) x[i] = (rnni_real)(-1 - i % 7);
            x[at] = x[n - 1] = 3;
            CHECK_INT(rnni_argmax(n, x), at);
            x[n / 2] = NAN;
            int64_t expected = 0;
            for (int i = 1; i < n; i++)
                if (x[i] > x[expected]) expected = i;
            CHECK_INT(rnni_argmax(n, x), expected);
        }
    x[0] = 0, x[1] = -0.0f;
    CHECK_INT(rnni_argmax(2, x), 0);
    for (int i = 0; i < MOST; i++) x[i] = -INFINITY;
    CHECK_INT(rnni_argmax(MOST, x), 0);
}

TEST_MAIN
