/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "report/xml.h"
#include <rnn/rnn.h>

#include <fcntl.h>
#include <sys/stat.h>

static rnn_model_t *small_model(rnn_context_t *context)
{
    rnn_model_t *model = rnn_model_create(context);
    rnn_layer_t *h = rnn_embedding(model, rnn_input_tokens(model, "text"), 20, 4);
    h = rnn_dense(model, rnn_last(model, rnn_lstm(model, h, 3)), 1, RNN_SIGMOID);
    rnn_model_set_output(model, h, "class");
    if (model && rnn_model_build(model) == RNN_OK) return model;
    rnn_model_free(model);
    return NULL;
}

static rnn_confusion_t *small_matrix(rnn_context_t *context)
{
    static const int32_t targets[] = { 0, 0, 0, 1, 1, 2 }, answers[] = { 0, 0, 1, 1, 2, 0 };
    rnn_confusion_t *confusion = rnn_confusion_create(context, 4);
    if (confusion && rnn_confusion_add(confusion, targets, answers, 6) == RNN_OK) return confusion;
    rnn_confusion_free(confusion);
    return NULL;
}

static const double losses[] = { 0.7, 0.5, 0.4 };
static const char *const names[] = { "zero", "one", "two", "three" };

/* Everything that a report can hold; whatever fails first ends it. */
static rnn_status_t fill(rnn_report_t *report, const rnn_model_t *model, const rnn_confusion_t *confusion,
                         const char *const *texts)
{
    const double *curves[] = { losses };
    rnn_status_t status = rnn_report_add_text(report, texts[0]);
    if (!status) status = rnn_report_add_section(report, "Model");
    if (!status) status = rnn_report_add_model(report, model);
    if (!status) status = rnn_report_add_section(report, texts[1]);
    if (!status) status = rnn_report_add_table(report, texts, texts, 4);
    if (!status) status = rnn_report_add_figures(report, texts, losses, 3);
    if (!status) status = rnn_report_add_section(report, "Curves");
    if (!status) status = rnn_svg_curves(texts, curves, 1, 3, 2, NULL, rnn_report_append, report);
    if (!status) status = rnn_report_add_section(report, "Classes");
    if (!status) status = rnn_svg_confusion(confusion, texts, NULL, rnn_report_append, report);
    if (!status) status = rnn_report_add_classes(report, confusion, texts);
    if (!status) status = rnn_report_add_section(report, "Errors");
    if (!status) status = rnn_report_add_errors(report, texts, texts, texts, losses, 3);
    return status;
}

static page page_of(const rnn_report_t *report)
{
    page p = page_new();
    CHECK_OK(rnn_report_write(report, page_write, &p));
    CHECK(page_is_valid(&p));
    return p;
}

static rnn_report_t *whole_report(const char *title, const char *const *texts)
{
    rnn_report_t *report = rnn_report_create(NULL, title);
    rnn_model_t *model = small_model(NULL);
    rnn_confusion_t *confusion = small_matrix(NULL);
    CHECK(report && model && confusion);
    CHECK_OK(fill(report, model, confusion, texts));
    rnn_model_free(model);
    rnn_confusion_free(confusion);
    return report;
}

TEST(an_empty_report_is_a_page)
{
    rnn_report_t *report = rnn_report_create(NULL, "Nothing & more");
    page p = page_of(report);
    CHECK_INT(page_count(&p, "<h1>Nothing &amp; more</h1>"), 1);
    CHECK_INT(page_count(&p, "<section"), 0);
    page_end(&p);
    rnn_report_free(report);
}

TEST(everything_is_on_the_page)
{
    rnn_report_t *report = whole_report("A report", names);
    page p = page_of(report);
    CHECK_INT(page_count(&p, "<section id="), 5);
    CHECK_INT(page_count(&p, "<li><a href=\"#section-"), 5);
    CHECK_INT(page_count(&p, "Total params: "), 1);
    CHECK_INT(page_count(&p, "lstm (lstm)"), 1);
    CHECK_INT(page_count(&p, "<svg "), 2);
    CHECK_INT(page_count(&p, "<dt>zero</dt><dd>0.7</dd>"), 1);
    CHECK_INT(page_count(&p, "<td class=\"number\">70.0 %</td>"), 1);
    page_end(&p);
    rnn_report_free(report);
}

TEST(classes_have_their_figures)
{
    rnn_report_t *report = rnn_report_create(NULL, "Classes");
    rnn_confusion_t *confusion = small_matrix(NULL);
    CHECK_OK(rnn_report_add_classes(report, confusion, names));
    page p = page_of(report);
    static const char zero[] = ">zero</th><td class=\"number\">0.667</td><td class=\"number\">0.667</td>"
                               "<td class=\"number\">0.667</td><td class=\"number\">3</td>",
                      three[] = ">three</th><td class=\"number\">n/a</td><td class=\"number\">n/a</td>"
                                "<td class=\"number\">n/a</td><td class=\"number\">0</td>",
                      macro[] =
                          ">macro average</th><td class=\"number\">0.389</td><td class=\"number\">0.389</td>"
                          "<td class=\"number\">0.389</td><td class=\"number\">6</td>";
    CHECK_INT(page_count(&p, zero), 1);
    CHECK_INT(page_count(&p, three), 1);
    CHECK_INT(page_count(&p, macro), 1);
    page_end(&p);
    rnn_confusion_free(confusion);
    rnn_report_free(report);
}

TEST(hostile_texts_stay_texts)
{
    for (int i = 0; i + 4 <= HOSTILE_COUNT; i++) {
        rnn_report_t *report = whole_report(hostile[i], hostile + i);
        page p = page_of(report);
        CHECK_INT(page_count(&p, "<script"), 0);
        page_end(&p);
        rnn_report_free(report);
    }
}

TEST(pages_need_no_other_files)
{
    rnn_report_t *report = whole_report("A report", names);
    page p = page_of(report);
    CHECK_INT(page_count(&p, "http://"), page_count(&p, "xmlns=\"http://www.w3.org/2000/svg\""));
    CHECK_INT(page_count(&p, "https://"), 0);
    CHECK_INT(page_count(&p, "src="), 0);
    CHECK_INT(page_count(&p, "href="), page_count(&p, "href=\"#section-"));
    CHECK_INT(page_count(&p, "default-src 'none'"), 1);
    page_end(&p);
    rnn_report_free(report);
}

TEST(long_texts_are_cut)
{
    char text[5000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    const char *const texts[] = { text }, *const few[] = { "a" };
    rnn_report_t *report = rnn_report_create(NULL, "Long");
    CHECK_OK(rnn_report_add_errors(report, texts, few, few, losses, 1));
    page p = page_of(report);
    CHECK(page_count(&p, "xxxxxxxxx\xE2\x80\xA6</td>") == 1);
    CHECK(p.size < 6500);
    page_end(&p);
    rnn_report_free(report);
}

TEST(a_failed_call_adds_nothing)
{
    rnn_report_t *report = rnn_report_create(NULL, "Report");
    const char *const missing[] = { "a", NULL };
    page before = page_of(report);
    CHECK_STATUS(rnn_report_add_section(report, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_report_add_text(report, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_report_add_model(report, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_report_add_table(report, names, missing, 2), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_report_add_table(report, names, names, -1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_report_add_figures(report, names, NULL, 2), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_report_add_classes(report, NULL, names), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_report_add_errors(report, names, names, NULL, losses, 2), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_report_add_errors(report, names, names, names, NULL, 2), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_report_add_text(NULL, "a"), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_report_save(report, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_report_write(report, NULL, NULL), RNN_ERROR_ARGUMENT);
    CHECK_INT(rnn_report_append(NULL, 3, report), 1);
    CHECK_INT(rnn_report_append("abc", 3, NULL), 1);
    CHECK(rnn_report_create(NULL, NULL) == NULL);
    page after = page_of(report);
    CHECK_STR(after.text, before.text);
    page_end(&before);
    page_end(&after);
    rnn_report_free(report);
    rnn_report_free(NULL);
}

TEST(nothing_to_tell_is_fine)
{
    rnn_report_t *report = rnn_report_create(NULL, "Report");
    CHECK_OK(rnn_report_add_errors(report, NULL, NULL, NULL, NULL, 0));
    CHECK_OK(rnn_report_add_table(report, NULL, NULL, 0));
    CHECK_OK(rnn_report_add_figures(report, NULL, NULL, 0));
    page p = page_of(report);
    page_end(&p);
    rnn_report_free(report);
}

/* ---- files */

static void read_back(const char *path, page *p)
{
    char block[4096];
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    for (size_t n; (n = fread(block, 1, sizeof(block), file)) > 0;) page_write(block, (int64_t)n, p);
    fclose(file);
}

TEST(saves_what_it_writes)
{
    char folder[] = "/tmp/rnn_report_XXXXXX", path[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof(path), "%s/report.html", folder);
    rnn_report_t *report = whole_report("A report", names);
    page written = page_of(report), saved = page_new();
    CHECK_OK(rnn_report_save(report, path));
    CHECK_OK(rnn_report_save(report, path)); /* over the old one */
    read_back(path, &saved);
    CHECK_STR(saved.text, written.text);
    page_end(&written);
    page_end(&saved);
    rnn_report_free(report);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(rmdir(folder), 0); /* nothing else was left */
}

TEST(says_why_it_cannot_save)
{
    rnn_report_t *report = rnn_report_create(NULL, "Report");
    CHECK_STATUS(rnn_report_save(report, "/no/such/folder/report.html"), RNN_ERROR_IO);
    CHECK(strstr(rnn_last_error(), "/no/such/folder") != NULL);
    rnn_report_free(report);
}

TEST(any_piece_may_be_refused)
{
    rnn_report_t *report = whole_report("A report", names);
    page whole = page_of(report);
    for (long n = 0; n * 1024 < (long)whole.size; n++) {
        page p = { .fail_at = n };
        CHECK_STATUS(rnn_report_write(report, page_write, &p), RNN_ERROR_CALLBACK);
        CHECK_INT(p.pieces, n + 1);
        page_end(&p);
    }
    page_end(&whole);
    rnn_report_free(report);
}

/* ---- memory */

static int build_and_write(rnn_context_t *context)
{
    rnn_report_t *report = rnn_report_create(context, "A report");
    rnn_model_t *model = small_model(context);
    rnn_confusion_t *confusion = small_matrix(context);
    page p = page_new();
    int fine = report && model && confusion && fill(report, model, confusion, names) == RNN_OK &&
               rnn_report_write(report, page_write, &p) == RNN_OK;
    page_end(&p);
    rnn_confusion_free(confusion);
    rnn_model_free(model);
    rnn_report_free(report);
    return fine;
}

TEST(survives_every_failure_of_memory)
{
    EVERY_FAILURE(build_and_write);
}

/* Grows until the memory says no; what was there before is still a whole page. */
TEST(stays_whole_when_memory_ends)
{
    for (long n = 3; n < 40; n++) {
        failing f;
        rnn_allocator_t allocator = failing_allocator(&f, n);
        rnn_context_t *context = rnn_context_create(&allocator);
        rnn_report_t *report = rnn_report_create(context, "Grows");
        if (report) {
            rnn_status_t status = RNN_OK;
            for (int i = 0; i < 2000 && status == RNN_OK; i++) {
                status = rnn_report_add_section(report, "Another section with a rather long name");
                if (status == RNN_OK) status = rnn_report_add_errors(report, names, names, names, losses, 3);
            }
            page p = page_of(report);
            int sections = page_count(&p, "<section");
            CHECK_INT(page_count(&p, "<li>"), sections > 1 ? sections : 0);
            page_end(&p);
        }
        rnn_report_free(report);
        rnn_context_free(context);
        CHECK_INT(atomic_load(&f.live), 0);
    }
}

TEST(a_half_picture_closes_the_report)
{
    failing f;
    rnn_allocator_t allocator = failing_allocator(&f, -1);
    rnn_context_t *context = rnn_context_create(&allocator);
    rnn_report_t *report = rnn_report_create(context, "Report");
    f.fail_at = atomic_load(&f.requests) + 2; /* the third time that the page grows */
    rnn_confusion_t *confusion = small_matrix(NULL);
    page p = page_new();
    CHECK_STATUS(rnn_svg_confusion(confusion, NULL, NULL, rnn_report_append, report), RNN_ERROR_CALLBACK);
    CHECK_STATUS(rnn_report_add_text(report, "more"), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_report_write(report, page_write, &p), RNN_ERROR_STATE);
    CHECK_STATUS(rnn_report_save(report, "/tmp/never.html"), RNN_ERROR_STATE);
    CHECK(p.text == NULL);
    rnn_confusion_free(confusion);
    rnn_report_free(report);
    rnn_context_free(context);
    CHECK_INT(atomic_load(&f.live), 0);
}

TEST_MAIN
