/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/io.h"
#include "core/memory.h"
#include "report/chart.h"
#include "report/sink.h"
#include <rnn/version.h>

#include <math.h>
#include <string.h>

/* The page is well-formed XML as well, so that it can be checked as such. It has no scripts, and its policy
 * forbids any. */

static const char page_style[] =
    ":root{color-scheme:light dark}"
    "body{margin:0;background:#f3f5f7;color:#1f2328;font:16px/1.5 sans-serif}"
    "main{max-width:1400px;margin:0 auto;padding:1rem 1.5rem 2rem;box-sizing:border-box}"
    "h1{font-size:1.7rem;margin:1rem 0 .5rem;overflow-wrap:anywhere}"
    "h2{font-size:1.25rem;margin:0 0 .75rem;overflow-wrap:anywhere}"
    "section{background:#ffffff;border:1px solid #d8dee4;border-radius:8px;padding:1rem 1.25rem;margin:1rem "
    "0}"
    "p{max-width:48rem;overflow-wrap:anywhere}a{color:#0960a8}"
    "nav ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}"
    "svg{display:block;max-width:100%;height:auto;margin:.75rem 0}"
    ".wide{overflow-x:auto}pre{font:14px/1.4 monospace;margin:.5rem 0}"
    "table{border-collapse:collapse;margin:.5rem 0;font-size:.95rem}"
    "th,td{text-align:left;padding:.3rem .9rem .3rem 0;border-bottom:1px solid #d8dee4;vertical-align:top}"
    "thead th{border-bottom:2px solid #6e7781}th[scope=row]{font-weight:normal}"
    "tfoot th[scope=row],tfoot td{font-weight:bold}"
    ".number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    ".text{max-width:52rem;overflow-wrap:anywhere}th.text{overflow-wrap:break-word}"
    "dl{display:flex;flex-wrap:wrap;gap:.75rem;margin:.5rem 0}"
    "dl div{border:1px solid #d8dee4;border-radius:8px;padding:.5rem 1rem;min-width:7rem;background:#ffffff}"
    "dt{font-size:.9rem;color:#57606a;overflow-wrap:anywhere}"
    "dd{margin:0;font-size:1.5rem;font-variant-numeric:tabular-nums}"
    "footer{color:#57606a;font-size:.85rem}"
    "@media (prefers-color-scheme:dark){"
    "body{background:#0d1014;color:#e6edf3}section,dl div{background:#16191d;border-color:#33393f}"
    "th,td{border-color:#33393f}thead th{border-color:#8b949e}a{color:#6cb6ff}dt,footer{color:#a3acb6}}"
    "@media "
    "print{body{background:#ffffff}section{break-inside:avoid-page;border:0;padding:0}nav{display:none}}";

static const char page_policy[] = "<meta http-equiv=\"Content-Security-Policy\" "
                                  "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n";

enum { TEXT = 1000 }; /* characters of a wrong answer's text */

struct rnn_report {
    rnn_context_t *context;
    char *title;
    rnni_buffer body, contents; /* sections, and the list of links to them */
    int64_t sections;
    bool broken; /* a picture was left half-written */
};

rnn_report_t *rnn_report_create(rnn_context_t *context, const char *title)
{
    if (!title) {
        rnni_fail(RNN_ERROR_ARGUMENT, "rnn_report_create: the title is NULL");
        return NULL;
    }
    rnn_context_t *held = rnni_context_hold(context);
    rnn_report_t *made = held ? rnni_alloc(held, sizeof(*made)) : NULL;
    if (!made) {
        rnn_context_free(held);
        return NULL;
    }
    made->context = made->body.context = made->contents.context = held;
    made->title = rnni_strdup(held, title);
    if (made->title) return made;
    rnn_report_free(made);
    return NULL;
}

void rnn_report_free(rnn_report_t *report)
{
    if (!report) return;
    rnn_context_t *context = report->context;
    if (report->title) rnni_free(context, report->title, strlen(report->title) + 1);
    rnni_buffer_clear(&report->body);
    rnni_buffer_clear(&report->contents);
    rnni_free(context, report, sizeof(*report));
    rnn_context_free(context);
}

/* ---- pieces are added whole or not at all */

typedef struct piece {
    rnn_report_t *report;
    rnni_sink sink;
    size_t mark; /* where the body ended before */
} piece;

static int32_t append_to_buffer(const char *text, int64_t size, void *user)
{
    return rnni_buffer_add(user, text, (size_t)size) != RNN_OK;
}

static rnn_status_t begin(piece *p, const char *call, rnn_report_t *report)
{
    RNNI_REQUIRE(report, RNN_ERROR_ARGUMENT, "%s: the report is NULL", call);
    RNNI_REQUIRE(!report->broken, RNN_ERROR_STATE, "%s: a picture of the report could not be added", call);
    *p = (piece) { .report = report, .mark = report->body.size };
    p->sink.write = append_to_buffer;
    p->sink.user = &report->body;
    return RNN_OK;
}

static void cut(rnni_buffer *buffer, size_t size)
{
    buffer->size = size;
    if (buffer->data) buffer->data[size] = 0;
}

static rnn_status_t end(piece *p)
{
    if (rnni_sink_flush(&p->sink)) return RNN_OK;
    cut(&p->report->body, p->mark);
    return RNN_ERROR_MEMORY;
}

int32_t rnn_report_append(const char *text, int64_t size, void *user)
{
    rnn_report_t *report = user;
    if (!report || report->broken || size < 0 || (size && !text)) return 1;
    report->broken = rnni_buffer_add(&report->body, text, (size_t)size) != RNN_OK;
    return report->broken;
}

/* ---- sections */

static rnn_status_t add_link(rnn_report_t *report, const char *heading)
{
    size_t mark = report->contents.size;
    rnni_sink sink = { .write = append_to_buffer, .user = &report->contents };
    rnni_put(&sink, "<li><a href=\"#section-");
    rnni_put_integer(&sink, report->sections + 1);
    rnni_put(&sink, "\">");
    rnni_put_text(&sink, heading, 200);
    rnni_put(&sink, "</a></li>\n");
    if (rnni_sink_flush(&sink)) return RNN_OK;
    cut(&report->contents, mark);
    return RNN_ERROR_MEMORY;
}

rnn_status_t rnn_report_add_section(rnn_report_t *report, const char *heading)
{
    piece p;
    RNNI_TRY(begin(&p, "rnn_report_add_section", report));
    RNNI_REQUIRE(heading, RNN_ERROR_ARGUMENT, "rnn_report_add_section: the heading is NULL");
    size_t mark = report->contents.size;
    RNNI_TRY(add_link(report, heading));
    rnni_put(&p.sink, report->sections ? "</section>\n<section id=\"section-" : "<section id=\"section-");
    rnni_put_integer(&p.sink, report->sections + 1);
    rnni_put(&p.sink, "\">\n<h2>");
    rnni_put_text(&p.sink, heading, 200);
    rnni_put(&p.sink, "</h2>\n");
    rnn_status_t status = end(&p);
    if (status != RNN_OK)
        cut(&report->contents, mark);
    else
        report->sections++;
    return status;
}

rnn_status_t rnn_report_add_text(rnn_report_t *report, const char *text)
{
    piece p;
    RNNI_TRY(begin(&p, "rnn_report_add_text", report));
    RNNI_REQUIRE(text, RNN_ERROR_ARGUMENT, "rnn_report_add_text: the text is NULL");
    rnni_put(&p.sink, "<p>");
    rnni_put_text(&p.sink, text, RNNI_WHOLE);
    rnni_put(&p.sink, "</p>\n");
    return end(&p);
}

/* ---- the model */

static void put_lines(rnni_sink *sink, char *lines)
{
    for (char *line = lines, *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        bool ended = *next == '\n';
        if (ended) *next++ = 0;
        rnni_put_text(sink, line, RNNI_WHOLE);
        if (ended) rnni_put(sink, "\n");
    }
}

rnn_status_t rnn_report_add_model(rnn_report_t *report, const rnn_model_t *model)
{
    piece p;
    RNNI_TRY(begin(&p, "rnn_report_add_model", report));
    rnni_buffer summary = { .context = report->context };
    rnn_status_t status = rnn_model_summary(model, append_to_buffer, &summary);
    if (status == RNN_OK) {
        rnni_put(&p.sink, "<div class=\"wide\"><pre>");
        put_lines(&p.sink, summary.data);
        rnni_put(&p.sink, "</pre></div>\n");
        status = end(&p);
    }
    rnni_buffer_clear(&summary);
    return status == RNN_ERROR_CALLBACK ? RNN_ERROR_MEMORY : status;
}

/* ---- tables */

static rnn_status_t check_texts(const char *call, const char *const *texts, int64_t count)
{
    RNNI_REQUIRE(count >= 0, RNN_ERROR_ARGUMENT, "%s: count is %lld", call, (long long)count);
    RNNI_REQUIRE(!count || texts, RNN_ERROR_ARGUMENT, "%s: an array is NULL", call);
    for (int64_t i = 0; i < count; i++)
        RNNI_REQUIRE(texts[i], RNN_ERROR_ARGUMENT, "%s: text %lld is NULL", call, (long long)i);
    return RNN_OK;
}

static void put_cell(rnni_sink *sink, const char *text, size_t most)
{
    rnni_put(sink, "<td class=\"text\" dir=\"auto\">");
    rnni_put_text(sink, text, most);
    rnni_put(sink, "</td>");
}

static void put_row_name(rnni_sink *sink, const char *name)
{
    rnni_put(sink, "<tr><th scope=\"row\" class=\"text\" dir=\"auto\">");
    rnni_put_text(sink, name, 200);
    rnni_put(sink, "</th>");
}

rnn_status_t rnn_report_add_table(rnn_report_t *report, const char *const *names, const char *const *texts,
                                  int64_t count)
{
    piece p;
    RNNI_TRY(begin(&p, "rnn_report_add_table", report));
    RNNI_TRY(check_texts("rnn_report_add_table", names, count));
    RNNI_TRY(check_texts("rnn_report_add_table", texts, count));
    rnni_put(&p.sink, "<div class=\"wide\"><table><tbody>\n");
    for (int64_t i = 0; i < count; i++) {
        put_row_name(&p.sink, names[i]);
        put_cell(&p.sink, texts[i], RNNI_WHOLE);
        rnni_put(&p.sink, "</tr>\n");
    }
    rnni_put(&p.sink, "</tbody></table></div>\n");
    return end(&p);
}

rnn_status_t rnn_report_add_figures(rnn_report_t *report, const char *const *names, const double *values,
                                    int64_t count)
{
    piece p;
    RNNI_TRY(begin(&p, "rnn_report_add_figures", report));
    RNNI_TRY(check_texts("rnn_report_add_figures", names, count));
    RNNI_REQUIRE(!count || values, RNN_ERROR_ARGUMENT, "rnn_report_add_figures: the values are NULL");
    if (!count) return RNN_OK;
    rnni_put(&p.sink, "<dl>\n");
    for (int64_t i = 0; i < count; i++) {
        rnni_put(&p.sink, "<div><dt>");
        rnni_put_text(&p.sink, names[i], 200);
        rnni_put(&p.sink, "</dt><dd>");
        bool whole = values[i] == floor(values[i]) && fabs(values[i]) < 1e15;
        rnni_put_number(&p.sink, values[i], whole ? 17 : 4);
        rnni_put(&p.sink, "</dd></div>\n");
    }
    rnni_put(&p.sink, "</dl>\n");
    return end(&p);
}

/* ---- figures of each class */

static void put_figure(rnni_sink *sink, double value)
{
    rnni_put(sink, "<td class=\"number\">");
    rnni_put_fixed(sink, value, 3);
    rnni_put(sink, "</td>");
}

static void put_total(rnni_sink *sink, int64_t count)
{
    rnni_put(sink, "<td class=\"number\">");
    rnni_put_integer(sink, count);
    rnni_put(sink, "</td></tr>\n");
}

/* What would be 0 / 0 is shown as such, not as 0. */
static void put_class(rnni_sink *sink, const rnn_confusion_t *confusion, int64_t number, const char *name)
{
    static const int32_t metrics[] = { RNN_METRIC_PRECISION, RNN_METRIC_RECALL, RNN_METRIC_F1 };
    int64_t members = rnn_confusion_members(confusion, number),
            answers = rnn_confusion_answers(confusion, number);
    const bool defined[] = { answers > 0, members > 0, members > 0 || answers > 0 };
    put_row_name(sink, name);
    for (int i = 0; i < 3; i++) {
        double value = NAN;
        if (defined[i]) rnn_confusion_class_metric(confusion, metrics[i], number, &value);
        put_figure(sink, value);
    }
    put_total(sink, members);
}

static void put_average(rnni_sink *sink, const rnn_confusion_t *confusion, const char *name, int32_t average)
{
    put_row_name(sink, name);
    for (int32_t metric = RNN_METRIC_PRECISION; metric <= RNN_METRIC_F1; metric += 10) {
        double value = NAN;
        rnn_confusion_metric(confusion, metric + average, &value);
        put_figure(sink, value);
    }
    put_total(sink, rnn_confusion_total(confusion));
}

rnn_status_t rnn_report_add_classes(rnn_report_t *report, const rnn_confusion_t *confusion,
                                    const char *const *names)
{
    piece p;
    char room[RNNI_CLASS_SIZE];
    RNNI_TRY(begin(&p, "rnn_report_add_classes", report));
    RNNI_REQUIRE(confusion, RNN_ERROR_ARGUMENT, "rnn_report_add_classes: the matrix is NULL");
    int64_t classes = rnn_confusion_classes(confusion);
    RNNI_TRY(rnni_class_names_check("rnn_report_add_classes", names, classes));
    rnni_put(&p.sink,
             "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">class</th>"
             "<th scope=\"col\" class=\"number\">precision</th><th scope=\"col\" class=\"number\">recall</th>"
             "<th scope=\"col\" class=\"number\">F1</th><th scope=\"col\" "
             "class=\"number\">targets</th></tr></thead>\n"
             "<tbody>\n");
    for (int64_t c = 0; c < classes; c++) put_class(&p.sink, confusion, c, rnni_class_name(names, c, room));
    rnni_put(&p.sink, "</tbody>\n<tfoot>\n");
    put_average(&p.sink, confusion, "micro average (accuracy)", 1);
    put_average(&p.sink, confusion, "macro average", 2);
    put_average(&p.sink, confusion, "weighted average", 3);
    rnni_put(&p.sink, "</tfoot></table></div>\n");
    return end(&p);
}

/* ---- wrong answers */

rnn_status_t rnn_report_add_errors(rnn_report_t *report, const char *const *texts, const char *const *targets,
                                   const char *const *answers, const double *probabilities, int64_t count)
{
    static const char call[] = "rnn_report_add_errors";
    piece p;
    RNNI_TRY(begin(&p, call, report));
    RNNI_TRY(check_texts(call, texts, count));
    RNNI_TRY(check_texts(call, targets, count));
    RNNI_TRY(check_texts(call, answers, count));
    RNNI_REQUIRE(!count || probabilities, RNN_ERROR_ARGUMENT, "%s: the probabilities are NULL", call);
    rnni_put(
        &p.sink,
        "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">text</th><th scope=\"col\">target</th>"
        "<th scope=\"col\">answer</th><th scope=\"col\" "
        "class=\"number\">probability</th></tr></thead>\n<tbody>\n");
    for (int64_t i = 0; i < count; i++) {
        rnni_put(&p.sink, "<tr>");
        put_cell(&p.sink, texts[i], TEXT);
        put_cell(&p.sink, targets[i], 200);
        put_cell(&p.sink, answers[i], 200);
        rnni_put(&p.sink, "<td class=\"number\">");
        rnni_put_percent(&p.sink, probabilities[i]);
        rnni_put(&p.sink, "</td></tr>\n");
    }
    rnni_put(&p.sink, "</tbody></table></div>\n");
    return end(&p);
}

/* ---- the page */

static void put_head(rnni_sink *sink, const rnn_report_t *report)
{
    rnni_put(sink, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
    rnni_put(sink, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    rnni_put(sink, page_policy);
    rnni_put(sink, "<title>");
    rnni_put_text(sink, report->title, RNNI_WHOLE);
    rnni_put(sink, "</title>\n<style>");
    rnni_put(sink, page_style);
    rnni_put(sink, "</style>\n</head>\n<body>\n<main>\n<h1>");
    rnni_put_text(sink, report->title, RNNI_WHOLE);
    rnni_put(sink, "</h1>\n");
}

static void put_page(rnni_sink *sink, const rnn_report_t *report)
{
    put_head(sink, report);
    if (report->sections > 1) {
        rnni_put(sink, "<nav aria-label=\"Contents\"><ul>\n");
        rnni_put_bytes(sink, report->contents.data, report->contents.size);
        rnni_put(sink, "</ul></nav>\n");
    }
    if (report->body.size) rnni_put_bytes(sink, report->body.data, report->body.size);
    if (report->sections) rnni_put(sink, "</section>\n");
    rnni_put(sink, "<footer>Made by librnn ");
    rnni_put(sink, rnn_version());
    rnni_put(sink, "</footer>\n</main>\n</body>\n</html>\n");
}

static rnn_status_t check_whole(const char *call, const rnn_report_t *report)
{
    RNNI_REQUIRE(report, RNN_ERROR_ARGUMENT, "%s: the report is NULL", call);
    RNNI_REQUIRE(!report->broken, RNN_ERROR_STATE, "%s: a picture of the report could not be added", call);
    return RNN_OK;
}

rnn_status_t rnn_report_write(const rnn_report_t *report, rnn_write_t write, void *user)
{
    RNNI_TRY(check_whole("rnn_report_write", report));
    RNNI_REQUIRE(write, RNN_ERROR_ARGUMENT, "rnn_report_write: the function is NULL");
    rnni_sink sink = { .write = write, .user = user };
    put_page(&sink, report);
    return rnni_sink_end(&sink, "rnn_report_write");
}

/* Where the page goes, and why it could not go on. */
typedef struct page_file {
    rnni_atomic_file file;
    rnn_status_t status;
} page_file;

static int32_t write_to_file(const char *text, int64_t size, void *user)
{
    page_file *page = user;
    page->status = rnni_io_write_all(&page->file.io, text, (size_t)size, "the report");
    return page->status != RNN_OK;
}

rnn_status_t rnn_report_save(const rnn_report_t *report, const char *path)
{
    page_file page = { .status = RNN_OK };
    RNNI_TRY(check_whole("rnn_report_save", report));
    RNNI_REQUIRE(path, RNN_ERROR_ARGUMENT, "rnn_report_save: the path is NULL");
    RNNI_TRY(rnni_atomic_begin(&page.file, report->context, path));
    rnni_sink sink = { .write = write_to_file, .user = &page };
    put_page(&sink, report);
    if (rnni_sink_flush(&sink)) return rnni_atomic_commit(&page.file);
    rnni_atomic_abort(&page.file);
    return page.status;
}
