/* SPDX-License-Identifier: MIT */
#include "metrics/vectors.h"

/* Every figure against scikit-learn's, to 1e-12 of its size. */

static void compare(const vector_case *c, const char *figure, double value, double expected)
{
    double allowed = 1e-12 * fmax(1, fabs(expected));
    if (isnan(expected) ? isnan(value) : fabs(value - expected) <= allowed) return;
    printf("%s of %s: ", figure, c->name);
    CHECK_NEAR(value, expected, allowed);
}

/* Splits "recall@3" into its parts; -1 when there is no number. */
static int64_t parameter(const char *figure, char name[64])
{
    const char *at = strchr(figure, '@');
    size_t size = at ? (size_t)(at - figure) : strlen(figure);
    CHECK(size < 64);
    snprintf(name, 64, "%.*s", (int)size, figure);
    return at ? (int64_t)vector_number(at + 1, strlen(at + 1)) : -1;
}

/* Batches of three, so that the matrix is seen to grow. */
static rnn_confusion_t *confusion_of(const int32_t *targets, const int32_t *answers, int64_t count,
                                     int64_t classes)
{
    rnn_confusion_t *confusion = rnn_confusion_create(NULL, classes);
    CHECK(confusion != NULL);
    for (int64_t i = 0; i < count; i += 3)
        CHECK_OK(rnn_confusion_add(confusion, targets + i, answers + i, count - i < 3 ? count - i : 3));
    return confusion;
}

static void check_classes(const vector_case *c, const char *figure, double expected)
{
    char name[64];
    double value = NAN;
    int64_t number = parameter(figure, name);
    int32_t metric = rnn_metric_find(name), *targets = vector_classes(c->target, c->targets),
            *answers = vector_classes(c->answer, c->answers);
    rnn_confusion_t *confusion = confusion_of(targets, answers, c->count, c->columns);
    CHECK(metric != 0);
    if (number >= 0) {
        CHECK_OK(rnn_confusion_class_metric(confusion, metric, number, &value));
    } else {
        CHECK_OK(rnn_metric_classes(NULL, metric, targets, answers, c->count, c->columns, &value));
        compare(c, figure, value, expected);
        CHECK_OK(rnn_confusion_metric(confusion, metric, &value));
    }
    compare(c, figure, value, expected);
    rnn_confusion_free(confusion);
    free(targets);
    free(answers);
}

TEST(classes_equal_scikit_learn)
{
    CHECK(vector_each("classes", check_classes) > 300);
}

static void check_scores(const vector_case *c, const char *figure, double expected)
{
    char name[64];
    double value = NAN;
    int64_t k = parameter(figure, name);
    int32_t *targets = vector_classes(c->target, c->targets);
    void *scores = vector_values(c, c->answer, c->answers);
    CHECK_INT(c->answers, c->count * c->columns);
    if (k >= 0) {
        CHECK_OK(rnn_top_k_accuracy(targets, scores, vector_type(c), c->count, c->columns, k, &value));
    } else {
        CHECK(rnn_metric_find(name) != 0);
        CHECK_OK(rnn_metric_scores(NULL, rnn_metric_find(name), targets, scores, vector_type(c), c->count,
                                   c->columns, &value));
    }
    compare(c, figure, value, expected);
    free(targets);
    free(scores);
}

TEST(scores_equal_scikit_learn)
{
    CHECK(vector_each("scores", check_scores) > 400);
}

static void check_values(const vector_case *c, const char *figure, double expected)
{
    double value = NAN;
    void *targets = vector_values(c, c->target, c->targets),
         *answers = vector_values(c, c->answer, c->answers);
    CHECK(rnn_metric_find(figure) != 0);
    CHECK_OK(rnn_metric_values(rnn_metric_find(figure), targets, answers, vector_type(c), c->count,
                               c->columns, &value));
    compare(c, figure, value, expected);
    free(targets);
    free(answers);
}

TEST(values_equal_scikit_learn)
{
    CHECK(vector_each("values", check_values) >= 60);
}

TEST_MAIN
