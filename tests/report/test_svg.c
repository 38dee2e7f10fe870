/* SPDX-License-Identifier: MIT */
#include "report/xml.h"
#include <locale.h>
#include <rnn/report.h>

/* ---- curves and lines */

#define FIGURES 4
static const char *const figures[FIGURES] = { "loss", "val_loss", "accuracy", "val_accuracy" };

typedef struct run {
    double numbers[FIGURES][300];
    const double *values[FIGURES];
} run;

static run *make_run(void)
{
    static run r;
    for (int i = 0; i < FIGURES; i++) {
        r.values[i] = r.numbers[i];
        for (int e = 0; e < 300; e++)
            r.numbers[i][e] = (i < 2 ? 1.0 / (e + 1) : 1 - 1.0 / (e + 2)) + 0.01 * i;
    }
    return &r;
}

static page curves_of(const run *r, int64_t count, int64_t epochs, int64_t best)
{
    page p = page_new();
    CHECK_OK(rnn_svg_curves(figures, r->values, count, epochs, best, "Training", page_write, &p));
    CHECK(page_is_valid(&p));
    return p;
}

TEST(curves_of_any_number_of_epochs)
{
    static const int64_t epochs[] = { 1, 2, 5, 30, 31, 200, 300 };
    for (size_t i = 0; i < sizeof(epochs) / sizeof(epochs[0]); i++) {
        page p = curves_of(make_run(), FIGURES, epochs[i], epochs[i]);
        CHECK_INT(page_count(&p, "<circle"), epochs[i] <= 30 ? FIGURES * epochs[i] : 0);
        CHECK_INT(page_count(&p, ">best: epoch "), 2); /* one a panel */
        CHECK_INT(page_count(&p, ">epoch</text>"), 2);
        page_end(&p);
    }
}

TEST(curves_need_no_validation_and_no_best)
{
    page p = curves_of(make_run(), 1, 10, 0);
    CHECK_INT(page_count(&p, "best"), 0);
    CHECK_INT(page_count(&p, ">epoch</text>"), 1);
    CHECK_INT(page_count(&p, ">loss 0.1</text>"), 1); /* the last value */
    page_end(&p);
}

TEST(gaps_cut_lines)
{
    run *r = make_run();
    page whole = curves_of(r, 1, 100, 0);
    r->numbers[0][50] = NAN;
    r->numbers[0][70] = INFINITY;
    page cut = curves_of(r, 1, 100, 0);
    CHECK(page_count(&cut, "M") == page_count(&whole, "M") + 2);
    CHECK_INT(page_count(&cut, "nan"), 0);
    CHECK_INT(page_count(&cut, "inf"), 0);
    page_end(&whole);
    page_end(&cut);
    for (int e = 0; e < 100; e++) r->numbers[0][e] = NAN;
    page none = curves_of(r, 1, 100, 1);
    CHECK_INT(page_count(&none, "no data"), 1);
    page_end(&none);
}

TEST(a_point_between_gaps_is_a_dot)
{
    run *r = make_run();
    for (int e = 0; e < 100; e++)
        if (e != 50) r->numbers[0][e] = NAN;
    page p = curves_of(r, 1, 100, 0);
    CHECK_INT(page_count(&p, "<circle"), 1);
    page_end(&p);
}

TEST(lines_on_a_logarithmic_scale)
{
    run *r = make_run();
    r->numbers[0][10] = 0;
    r->numbers[1][10] = -1;
    rnn_chart_t chart = {
        .struct_size = sizeof(chart), .title = "Gradient norms", .x_label = "update", .log_y = 1
    };
    page p = page_new();
    CHECK_OK(rnn_svg_lines(figures, r->values, FIGURES, 100, &chart, page_write, &p));
    CHECK(page_is_valid(&p));
    CHECK_INT(page_count(&p, ">update</text>"), 1);
    CHECK_INT(page_count(&p, ">0.01</text>"), 1);
    page_end(&p);
}

TEST(charts_of_older_callers)
{
    rnn_chart_t chart = {
        .struct_size = offsetof(rnn_chart_t, x_first), .title = "t", .x_step = NAN, .log_y = 7
    };
    page p = page_new();
    CHECK_OK(rnn_svg_lines(figures, make_run()->values, 2, 5, &chart, page_write, &p));
    page_end(&p);
    chart.struct_size = sizeof(chart);
    CHECK_STATUS(rnn_svg_lines(figures, make_run()->values, 2, 5, &chart, page_write, &p), RNN_ERROR_RANGE);
    chart.struct_size = 0;
    CHECK_STATUS(rnn_svg_lines(figures, make_run()->values, 2, 5, &chart, page_write, &p),
                 RNN_ERROR_ARGUMENT);
    CHECK(p.text == NULL);
}

TEST(many_lines)
{
    const char *names[256];
    const double *values[256];
    for (int i = 0; i < 256; i++) {
        names[i] = "bidirectional_lstm.weight_hh_l0_reverse";
        values[i] = make_run()->values[i % FIGURES];
    }
    page p = page_new();
    CHECK_OK(rnn_svg_lines(names, values, 256, 3, NULL, page_write, &p));
    CHECK(page_is_valid(&p));
    CHECK_STATUS(rnn_svg_lines(names, values, 257, 3, NULL, page_write, &p), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_svg_curves(names, values, 65, 3, 0, NULL, page_write, &p), RNN_ERROR_RANGE);
    page_end(&p);
}

/* ---- confusion matrices */

/* Every target t gets answers t and t + 1, and class 0 many. */
static rnn_confusion_t *matrix_of(int64_t classes)
{
    rnn_confusion_t *confusion = rnn_confusion_create(NULL, classes);
    CHECK(confusion != NULL);
    for (int32_t t = 0; t < classes; t++)
        for (int32_t i = 0; i < (t ? 3 : 20000); i++) {
            int32_t answer = i % 3 == 0 ? (int32_t)((t + 1) % classes) : t;
            CHECK_OK(rnn_confusion_add(confusion, &t, &answer, 1));
        }
    return confusion;
}

TEST(confusion_of_any_size)
{
    static const int64_t classes[] = { 1, 2, 3, 10, 20, 46, 64, 65, 128, 129, 300 };
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        rnn_confusion_t *confusion = matrix_of(classes[i]);
        page p = page_new();
        CHECK_OK(rnn_svg_confusion(confusion, NULL, "Confusion", page_write, &p));
        CHECK(page_is_valid(&p));
        int cells = (int)(classes[i] == 1 ? 1 : 2 * classes[i]);
        CHECK_INT(page_count(&p, "<rect class=\"rnn-right\"") + page_count(&p, "<rect class=\"rnn-wrong\""),
                  cells + 22);
        CHECK_INT(page_count(&p, "</title>"), classes[i] <= 128 ? cells : 0);
        CHECK_INT(page_count(&p, "rnn-onpale") > 2, classes[i] <= 64 && classes[i] > 1);
        page_end(&p);
        rnn_confusion_free(confusion);
    }
}

TEST(confusion_shows_counts_and_shares)
{
    static const char *const names[] = { "no", "yes" };
    rnn_confusion_t *confusion = matrix_of(2);
    page p = page_new();
    CHECK_OK(rnn_svg_confusion(confusion, names, NULL, page_write, &p));
    CHECK_INT(page_count(&p, ">13333</text>"), 1);
    CHECK_INT(page_count(&p, ">66.7 %</text>"), 2);
    CHECK_INT(page_count(&p, ">yes</text>"), 2);
    CHECK_INT(page_count(&p, "<title>no answered yes: 6667 (33.3 %)</title>"), 1);
    page_end(&p);
    rnn_confusion_free(confusion);
}

TEST(an_empty_confusion_is_a_picture)
{
    rnn_confusion_t *confusion = rnn_confusion_create(NULL, 5);
    page p = page_new();
    CHECK_OK(rnn_svg_confusion(confusion, NULL, NULL, page_write, &p));
    CHECK(page_is_valid(&p));
    page_end(&p);
    rnn_confusion_free(confusion);
}

/* ---- histograms */

static page histogram_of(const double *values, int64_t count, int64_t bins)
{
    page p = page_new();
    CHECK_OK(rnn_svg_histogram(values, count, bins, NULL, page_write, &p));
    CHECK(page_is_valid(&p));
    return p;
}

TEST(histogram_counts)
{
    static const double values[] = { 0, 0.1, 1, 3.9, 4, NAN, -INFINITY };
    page p = histogram_of(values, 7, 4);
    CHECK_INT(page_count(&p, "<title>0 to 1: 2</title>"), 1);
    CHECK_INT(page_count(&p, "<title>1 to 2: 1</title>"), 1);
    CHECK_INT(page_count(&p, "<title>3 to 4: 2</title>"), 1);
    CHECK_INT(page_count(&p, "rnn-bar\""), 3);
    CHECK_INT(page_count(&p, ">5 values, mean 1.8, standard deviation 1.79, 2 not finite<"), 1);
    page_end(&p);
}

TEST(histogram_of_odd_values)
{
    static const double same[] = { 3, 3, 3 }, far[] = { -9e299, 9e299, 1 }, tiny[] = { 0, 5e-324 },
                        none[] = { NAN };
    page p = histogram_of(same, 3, 0);
    CHECK_INT(page_count(&p, "rnn-bar\""), 1);
    page_end(&p);
    p = histogram_of(far, 3, 0);
    CHECK(page_count(&p, "rnn-bar\"") >= 2);
    page_end(&p);
    p = histogram_of(tiny, 2, 0);
    CHECK(page_count(&p, "rnn-bar\"") >= 1);
    page_end(&p);
    p = histogram_of(none, 1, 7);
    CHECK_INT(page_count(&p, "no data"), 1);
    page_end(&p);
    p = histogram_of(NULL, 0, 0);
    CHECK_INT(page_count(&p, "no data"), 1);
    page_end(&p);
}

TEST(histogram_chooses_bins)
{
    double values[1000];
    for (int i = 0; i < 1000; i++) values[i] = (double)(i * 7919 % 1000);
    page p = histogram_of(values, 1000, 0);
    CHECK_INT(page_count(&p, "rnn-bar\""), 10); /* 999 / (3.49 * 288.7 / 10) = 9.9 */
    page_end(&p);
}

/* ---- all of them */

static rnn_status_t draw(int which, const char *const *names, const char *title, rnn_write_t write,
                         void *user)
{
    rnn_chart_t chart = { .struct_size = sizeof(chart), .title = title, .x_label = title, .y_label = title };
    const double *values[HOSTILE_COUNT];
    for (int i = 0; i < HOSTILE_COUNT; i++) values[i] = make_run()->values[i % FIGURES];
    if (which == 0) return rnn_svg_curves(names, values, HOSTILE_COUNT, 5, 2, title, write, user);
    if (which == 1) return rnn_svg_lines(names, values, HOSTILE_COUNT, 5, &chart, write, user);
    if (which == 2) return rnn_svg_histogram(values[0], 5, 0, &chart, write, user);
    rnn_confusion_t *confusion = matrix_of(HOSTILE_COUNT);
    rnn_status_t status = rnn_svg_confusion(confusion, names, title, write, user);
    rnn_confusion_free(confusion);
    return status;
}

TEST(hostile_texts_stay_texts)
{
    for (int which = 0; which < 4; which++)
        for (int i = 0; i < HOSTILE_COUNT; i++) {
            page p = page_new();
            CHECK_OK(draw(which, hostile, hostile[i], page_write, &p));
            CHECK(page_is_valid(&p));
            CHECK_INT(page_count(&p, "<script"), 0);
            page_end(&p);
        }
}

TEST(any_piece_may_be_refused)
{
    for (int which = 0; which < 4; which++) {
        page whole = page_new();
        CHECK_OK(draw(which, hostile, "t", page_write, &whole));
        long pieces = (long)(whole.size / 1024) + 1;
        for (long n = 0; n < pieces; n++) {
            page p = { .fail_at = n };
            CHECK_STATUS(draw(which, hostile, "t", page_write, &p), RNN_ERROR_CALLBACK);
            CHECK_INT(p.pieces, n + 1); /* not called again */
            page_end(&p);
        }
        page_end(&whole);
    }
}

TEST(numbers_do_not_follow_the_locale)
{
    page before = curves_of(make_run(), FIGURES, 50, 20);
    static const char *const commas[] = { "de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "fr_FR" };
    int found = 0;
    for (size_t i = 0; !found && i < 4; i++) found = setlocale(LC_ALL, commas[i]) != NULL;
    page after = curves_of(make_run(), FIGURES, 50, 20);
    setlocale(LC_ALL, "C");
    CHECK_STR(before.text, after.text);
    page_end(&before);
    page_end(&after);
    if (!found) SKIP("no locale with a decimal comma is installed");
}

TEST(pictures_need_no_other_files)
{
    for (int which = 0; which < 4; which++) {
        page p = page_new();
        CHECK_OK(draw(which, hostile, "t", page_write, &p));
        CHECK_INT(page_count(&p, "href"), 0);
        CHECK_INT(page_count(&p, "url("), 0);
        CHECK_INT(page_count(&p, "http"), 1); /* the name space */
        CHECK_INT(page_count(&p, "prefers-color-scheme:dark"), 1);
        page_end(&p);
    }
}

TEST(refuses_bad_arguments)
{
    run *r = make_run();
    const char *const missing[] = { "a", NULL };
    page p = page_new();
    rnn_confusion_t *confusion = matrix_of(2), *large = rnn_confusion_create(NULL, 1025);
    CHECK_STATUS(rnn_svg_curves(NULL, r->values, 1, 1, 0, NULL, page_write, &p), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_svg_curves(figures, NULL, 1, 1, 0, NULL, page_write, &p), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_svg_curves(figures, r->values, 1, 1, 0, NULL, NULL, &p), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_svg_curves(missing, r->values, 2, 1, 0, NULL, page_write, &p), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_svg_curves(figures, r->values, 0, 1, 0, NULL, page_write, &p), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_svg_curves(figures, r->values, 1, 0, 0, NULL, page_write, &p), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_svg_curves(figures, r->values, 1, 5, 6, NULL, page_write, &p), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_svg_confusion(NULL, NULL, NULL, page_write, &p), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_svg_confusion(confusion, NULL, NULL, NULL, &p), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_svg_confusion(confusion, missing, NULL, page_write, &p), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_svg_confusion(large, NULL, NULL, page_write, &p), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_svg_histogram(NULL, 1, 0, NULL, page_write, &p), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_svg_histogram(r->values[0], -1, 0, NULL, page_write, &p), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_svg_histogram(r->values[0], 1, 201, NULL, page_write, &p), RNN_ERROR_RANGE);
    rnn_chart_t chart = { .struct_size = sizeof(chart), .log_y = 1 };
    CHECK_STATUS(rnn_svg_histogram(r->values[0], 1, 0, &chart, page_write, &p), RNN_ERROR_ARGUMENT);
    CHECK(p.text == NULL);
    rnn_confusion_free(confusion);
    rnn_confusion_free(large);
}

TEST_MAIN
