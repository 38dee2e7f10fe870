/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/number.h"
#include "report/chart.h"
#include "report/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_CURVES = 64, MAX_LINES = 256, NAME = 48 };

static rnn_status_t check(const char *call, const char *const *names, const double *const *values,
                          int64_t count, int64_t points, int64_t most, rnn_write_t write)
{
    RNNI_REQUIRE(names && values && write, RNN_ERROR_ARGUMENT, "%s: %s", call,
                 !write ? "the function is NULL" : "the names or values are NULL");
    RNNI_REQUIRE(count >= 1 && count <= most, RNN_ERROR_RANGE, "%s: %lld lines, expected 1 to %lld", call,
                 (long long)count, (long long)most);
    RNNI_REQUIRE(points >= 1, RNN_ERROR_RANGE, "%s: %lld points, expected 1 or more", call,
                 (long long)points);
    for (int64_t i = 0; i < count; i++)
        RNNI_REQUIRE(names[i] && values[i], RNN_ERROR_ARGUMENT, "%s: the %s of line %lld is NULL", call,
                     names[i] ? "array" : "name", (long long)i);
    return RNN_OK;
}

/* At most NAME bytes of a name, not cut inside a character. */
static int short_name(const char *name)
{
    size_t size = strlen(name);
    if (size <= NAME) return (int)size;
    for (size = NAME; size > 0 && ((unsigned char)name[size] & 0xC0) == 0x80;) size--;
    return (int)size;
}

/* ---- training curves: a figure and its twin on the validation data share a panel */

typedef struct panel {
    const char *const *names;
    const double *const *values;
    int64_t epochs, best;
    int64_t line[MAX_CURVES], lines; /* which of the figures are in it */
} panel;

static const char *base_of(const char *name)
{
    return strncmp(name, "val_", 4) == 0 ? name + 4 : name;
}

/* All figures of the same base as figure `first`; none when that stands in an earlier panel. */
static int64_t gather(panel *p, int64_t count, int64_t first)
{
    p->lines = 0;
    for (int64_t i = 0; i < count; i++) {
        if (strcmp(base_of(p->names[i]), base_of(p->names[first])) != 0) continue;
        if (i < first) return 0;
        p->line[p->lines++] = i;
    }
    return p->lines;
}

/* "val_loss 0.4123": its value at the marked epoch, otherwise its last. */
static void name_curve(const void *what, int64_t i, char out[RNNI_LEGEND_SIZE])
{
    const panel *p = what;
    char number[RNNI_NUMBER_SIZE] = "";
    const double *values = p->values[p->line[i]];
    const char *name = p->names[p->line[i]];
    double value = values[p->best ? p->best - 1 : p->epochs - 1];
    if (isfinite(value)) rnni_print_digits(value, 4, number);
    snprintf(out, RNNI_LEGEND_SIZE, "%.*s %s", short_name(name), name, number);
}

static rnni_axis scale_of(const panel *p, bool *any)
{
    double low = 0, high = 1;
    *any = false;
    for (int64_t i = 0; i < p->lines; i++) {
        double least, most;
        if (!rnni_range_of(p->values[p->line[i]], p->epochs, false, &least, &most)) continue;
        low = *any ? fmin(low, least) : least;
        high = *any ? fmax(high, most) : most;
        *any = true;
    }
    return rnni_axis_linear(low, high, 5, false, true);
}

static void put_panel(rnni_sink *sink, const panel *p, double x, double y, double width, double height)
{
    bool any;
    rnni_legend legend = { name_curve, p, p->lines, x + 16, y, width - 32 };
    double top = y + rnni_put_legend(sink, &legend) + 22;
    rnni_plot plot = { .y = top, .height = y + height - 46 - top, .up = scale_of(p, &any) };
    plot.across = rnni_axis_linear(1, (double)p->epochs, 8, true, false);
    plot.x = x + 12 + rnni_axis_room(&plot.up);
    plot.width = x + width - 24 - plot.x;
    rnni_plot_axes(sink, &plot, "epoch", NULL);
    if (p->best) {
        char name[40];
        snprintf(name, sizeof(name), "best: epoch %lld", (long long)p->best);
        rnni_plot_marker(sink, &plot, (double)p->best, name);
    }
    for (int64_t i = 0; i < p->lines; i++) {
        rnni_series series = { p->values[p->line[i]], p->epochs, 1, 1 };
        rnni_plot_series(sink, &plot, &series, i);
    }
    if (!any) rnni_plot_empty(sink, &plot);
}

rnn_status_t rnn_svg_curves(const char *const *names, const double *const *values, int64_t count,
                            int64_t epochs, int64_t best, const char *title, rnn_write_t write, void *user)
{
    enum { HEIGHT = 310 };
    static const char call[] = "rnn_svg_curves";
    RNNI_TRY(check(call, names, values, count, epochs, MAX_CURVES, write));
    RNNI_REQUIRE(best >= 0 && best <= epochs, RNN_ERROR_RANGE, "%s: best epoch %lld of %lld", call,
                 (long long)best, (long long)epochs);
    panel p = { .names = names, .values = values, .epochs = epochs, .best = best };
    int panels = 0, drawn = 0;
    for (int64_t i = 0; i < count; i++) panels += gather(&p, count, i) > 0;
    int columns = panels > 1 ? 2 : 1;
    double top = title ? 44 : 14, width = columns == 2 ? 480 : 720;
    rnni_sink sink = { .write = write, .user = user };
    rnni_svg_begin(&sink, columns * width, top + (panels + columns - 1) / columns * HEIGHT, title,
                   "Training curves");
    for (int64_t i = 0; i < count; i++) {
        if (gather(&p, count, i) == 0) continue;
        put_panel(&sink, &p, drawn % columns * width, top + drawn / columns * HEIGHT, width, HEIGHT);
        drawn++;
    }
    rnni_svg_end(&sink);
    return rnni_sink_end(&sink, call);
}

/* ---- lines over one scale */

static void name_line(const void *what, int64_t i, char out[RNNI_LEGEND_SIZE])
{
    const char *const *names = what;
    snprintf(out, RNNI_LEGEND_SIZE, "%.*s", short_name(names[i]), names[i]);
}

static bool common_range(const double *const *values, int64_t count, int64_t points, bool logarithmic,
                         double *low, double *high)
{
    bool any = false;
    for (int64_t i = 0; i < count; i++) {
        double least, most;
        if (!rnni_range_of(values[i], points, logarithmic, &least, &most)) continue;
        *low = any ? fmin(*low, least) : least;
        *high = any ? fmax(*high, most) : most;
        any = true;
    }
    return any;
}

/* x of the points, and whether they are whole numbers. */
static rnni_axis axis_across(const rnn_chart_t *chart, int64_t points)
{
    double last = chart->x_first + chart->x_step * (double)(points - 1);
    bool whole = floor(chart->x_first) == chart->x_first && floor(chart->x_step) == chart->x_step;
    return rnni_axis_linear(fmin(chart->x_first, last), fmax(chart->x_first, last), 10, whole, false);
}

rnn_status_t rnn_svg_lines(const char *const *names, const double *const *values, int64_t count,
                           int64_t points, const rnn_chart_t *given, rnn_write_t write, void *user)
{
    enum { WIDTH = 860, PLOT = 320 };
    static const char call[] = "rnn_svg_lines";
    rnn_chart_t chart;
    RNNI_TRY(check(call, names, values, count, points, MAX_LINES, write));
    RNNI_TRY(rnni_chart_read(call, given, &chart));
    double low = chart.log_y ? 0.1 : 0, high = 1;
    bool any = common_range(values, count, points, chart.log_y != 0, &low, &high);
    rnni_legend legend = { name_line, names, count, 20, chart.title ? 42 : 12, WIDTH - 40 };
    double top = legend.y + rnni_put_legend(NULL, &legend) + 14;
    rnni_plot plot = { .y = top, .height = PLOT, .across = axis_across(&chart, points) };
    plot.up = chart.log_y ? rnni_axis_decades(low, high, 8) : rnni_axis_linear(low, high, 6, false, true);
    plot.x = 14 + rnni_axis_room(&plot.up) + (chart.y_label ? 22 : 0);
    plot.width = WIDTH - 30 - plot.x;
    rnni_sink sink = { .write = write, .user = user };
    rnni_svg_begin(&sink, WIDTH, top + PLOT + (chart.x_label ? 52 : 32), chart.title, "Line chart");
    rnni_put_legend(&sink, &legend);
    rnni_plot_axes(&sink, &plot, chart.x_label, chart.y_label);
    for (int64_t i = 0; i < count; i++) {
        rnni_series series = { values[i], points, chart.x_first, chart.x_step };
        rnni_plot_series(&sink, &plot, &series, i);
    }
    if (!any) rnni_plot_empty(&sink, &plot);
    rnni_svg_end(&sink);
    return rnni_sink_end(&sink, call);
}
