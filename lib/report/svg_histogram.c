/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "report/chart.h"
#include "report/svg.h"

#include <math.h>
#include <string.h>

enum { MAX_BINS = 200 };

typedef struct histogram {
    double low, high, mean, deviation;
    int64_t shown, left_out; /* values */
    int64_t bins, tallest, counts[MAX_BINS];
} histogram;

/* Mean and deviation of what is shown, by Welford's recurrence, which does not overflow where squares of the
 * values would. */
static void measure(histogram *h, const double *values, int64_t count)
{
    double squares = 0;
    for (int64_t i = 0; i < count; i++) {
        if (!rnni_axis_shows(values[i], false)) continue;
        h->shown++;
        double difference = values[i] - h->mean;
        h->mean += difference / (double)h->shown;
        squares += difference * (values[i] - h->mean);
    }
    h->left_out = count - h->shown;
    h->deviation = h->shown ? sqrt(squares / (double)h->shown) : 0;
    if (!rnni_range_of(values, count, false, &h->low, &h->high)) h->low = 0, h->high = 1;
}

/* Scott: bins of 3.49 deviations / cube root of n. */
static int64_t suitable_bins(const histogram *h)
{
    double width = 3.49 * h->deviation / cbrt((double)h->shown), bins = (h->high - h->low) / width;
    return !(bins > 5) ? 5 : bins > 60 ? 60 : (int64_t)ceil(bins);
}

/* Equal values stand in the middle of a range. */
static void widen(histogram *h)
{
    double margin = h->low != 0 ? fabs(h->low) * 0.1 : 1;
    h->low -= margin;
    h->high += margin;
}

static void fill(histogram *h, const double *values, int64_t count)
{
    double width = (h->high - h->low) / (double)h->bins;
    for (int64_t i = 0; i < count; i++) {
        if (!rnni_axis_shows(values[i], false)) continue;
        double at = width > 0 ? (values[i] - h->low) / width : 0;
        int64_t bin = at < (double)h->bins ? (int64_t)at : h->bins - 1;
        if (++h->counts[bin] > h->tallest) h->tallest = h->counts[bin];
    }
}

static void put_bars(rnni_sink *sink, const rnni_plot *plot, const histogram *h)
{
    double width = (h->high - h->low) / (double)h->bins;
    for (int64_t b = 0; b < h->bins; b++) {
        if (!h->counts[b]) continue;
        double left = h->low + width * (double)b, x = rnni_plot_x(plot, left),
               y = rnni_plot_y(plot, (double)h->counts[b]);
        double right = rnni_plot_x(plot, left + width), gap = right - x > 4 ? 1 : 0;
        rnni_put_at(sink, "<rect class=\"rnn-bar\" x=\"%\" y=\"%\" width=\"%\" height=\"%\"><title>", x, y,
                    fmax(right - x - gap, 0.5), fmax(plot->y + plot->height - y, 0.5));
        rnni_put_number(sink, left, 4);
        rnni_put(sink, " to ");
        rnni_put_number(sink, left + width, 4);
        rnni_put(sink, ": ");
        rnni_put_integer(sink, h->counts[b]);
        rnni_put(sink, "</title></rect>\n");
    }
}

/* "1000 values, mean 0.012, standard deviation 0.98, 3 not finite" */
static void put_caption(rnni_sink *sink, const histogram *h, double x, double y)
{
    rnni_put_at(sink, "<text class=\"rnn-end rnn-soft\" x=\"%\" y=\"%\">", x, y);
    rnni_put_integer(sink, h->shown);
    rnni_put(sink, h->shown == 1 ? " value" : " values");
    if (h->shown) {
        rnni_put(sink, ", mean ");
        rnni_put_number(sink, h->mean, 4);
        rnni_put(sink, ", standard deviation ");
        rnni_put_number(sink, h->deviation, 3);
    }
    if (h->left_out) {
        rnni_put(sink, ", ");
        rnni_put_integer(sink, h->left_out);
        rnni_put(sink, " not finite");
    }
    rnni_put(sink, "</text>\n");
}

static void put_picture(rnni_sink *sink, const histogram *h, const rnn_chart_t *chart)
{
    enum { WIDTH = 720, PLOT = 280 };
    double top = chart->title ? 52 : 22, below = chart->x_label ? 74 : 54;
    rnni_plot plot = { .y = top, .height = PLOT };
    plot.across = rnni_axis_linear(h->low, h->high, 9, false, false);
    plot.up = rnni_axis_linear(0, (double)(h->tallest ? h->tallest : 1), 6, true, true);
    plot.x = 14 + rnni_axis_room(&plot.up) + (chart->y_label ? 22 : 0);
    plot.width = WIDTH - 30 - plot.x;
    rnni_svg_begin(sink, WIDTH, top + PLOT + below, chart->title, "Histogram");
    rnni_plot_axes(sink, &plot, chart->x_label, chart->y_label);
    if (h->shown)
        put_bars(sink, &plot, h);
    else
        rnni_plot_empty(sink, &plot);
    put_caption(sink, h, plot.x + plot.width, top + PLOT + below - 14);
    rnni_svg_end(sink);
}

rnn_status_t rnn_svg_histogram(const double *values, int64_t count, int64_t bins, const rnn_chart_t *given,
                               rnn_write_t write, void *user)
{
    static const char call[] = "rnn_svg_histogram";
    rnn_chart_t chart;
    RNNI_REQUIRE(write && count >= 0 && (values || !count), RNN_ERROR_ARGUMENT, "%s: %s", call,
                 !write      ? "the function is NULL"
                 : count < 0 ? "the count is negative"
                             : "the values are NULL");
    RNNI_REQUIRE(bins >= 0 && bins <= MAX_BINS, RNN_ERROR_RANGE, "%s: %lld bins, expected 0 to %d", call,
                 (long long)bins, MAX_BINS);
    RNNI_TRY(rnni_chart_read(call, given, &chart));
    RNNI_REQUIRE(!chart.log_y, RNN_ERROR_ARGUMENT, "%s: log_y is for lines", call);
    histogram h = { .bins = bins };
    measure(&h, values, count);
    if (!bins) h.bins = suitable_bins(&h);
    if (h.high == h.low) widen(&h);
    fill(&h, values, count);
    rnni_sink sink = { .write = write, .user = user };
    put_picture(&sink, &h, &chart);
    return rnni_sink_end(&sink, call);
}
