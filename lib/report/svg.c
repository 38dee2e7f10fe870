/* SPDX-License-Identifier: MIT */
#include "report/svg.h"

#include <math.h>
#include <string.h>

/* Colours are told apart by people who do not see red or green, too (after Okabe and Ito), and stand at 3 : 1
 * or more against either ground. The counts in a confusion matrix keep 4.5 : 1 to the shade they stand on. */
static const char style[] =
    "<style>"
    ".rnn-svg{color:#1f2328;font-family:sans-serif;font-size:13px}"
    ".rnn-svg text{fill:currentColor;stroke:none}"
    ".rnn-svg .rnn-title{font-size:16px;font-weight:bold}"
    ".rnn-svg .rnn-soft{color:#57606a}"
    ".rnn-svg .rnn-mid{text-anchor:middle}"
    ".rnn-svg .rnn-end{text-anchor:end}"
    ".rnn-svg .rnn-ground{fill:#ffffff;stroke:none}"
    ".rnn-svg .rnn-grid{stroke:#d8dee4;fill:none}"
    ".rnn-svg .rnn-axis{stroke:#6e7781;fill:none}"
    ".rnn-svg .rnn-mark{stroke:#57606a;stroke-dasharray:4 4;fill:none}"
    ".rnn-svg "
    ".rnn-line{stroke:currentColor;fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}"
    ".rnn-svg .rnn-dot{fill:currentColor;stroke:none}"
    ".rnn-s0{color:#0969b8}.rnn-s1{color:#c4500a}.rnn-s2{color:#0b7a57}.rnn-s3{color:#a8417f}"
    ".rnn-s4{color:#7a6200}.rnn-s5{color:#4a4fc4}.rnn-s6{color:#1b7f93}.rnn-s7{color:#555b61}"
    ".rnn-d1{stroke-dasharray:7 4}.rnn-d2{stroke-dasharray:2 4}"
    ".rnn-svg .rnn-bar{fill:#0969b8;stroke:none}"
    ".rnn-svg .rnn-right{fill:#1f5fbf;stroke:none}.rnn-svg .rnn-wrong{fill:#b0420e;stroke:none}"
    ".rnn-svg .rnn-onpale{fill:#000000}.rnn-svg .rnn-onfull{fill:#ffffff}"
    "@media (prefers-color-scheme:dark){"
    ".rnn-svg{color:#e6edf3}.rnn-svg .rnn-soft{color:#a3acb6}.rnn-svg .rnn-ground{fill:#16191d}"
    ".rnn-svg .rnn-grid{stroke:#33393f}.rnn-svg .rnn-axis{stroke:#8b949e}.rnn-svg .rnn-mark{stroke:#a3acb6}"
    ".rnn-s0{color:#5aaef5}.rnn-s1{color:#f0883e}.rnn-s2{color:#43c59b}.rnn-s3{color:#e58bc0}"
    ".rnn-s4{color:#d6b94c}.rnn-s5{color:#a5a8ff}.rnn-s6{color:#4fc3d9}.rnn-s7{color:#aab2ba}"
    ".rnn-svg .rnn-bar{fill:#5aaef5}"
    ".rnn-svg .rnn-right{fill:#2c6fd4}.rnn-svg .rnn-wrong{fill:#c2541c}.rnn-svg .rnn-onpale{fill:#ffffff}"
    "}"
    "</style>";

void rnni_svg_begin(rnni_sink *sink, double width, double height, const char *title, const char *kind)
{
    rnni_put_at(sink,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 % %\" width=\"%\" height=\"%\"",
                width, height, width, height);
    rnni_put(sink, " class=\"rnn-svg\" role=\"img\" aria-label=\"");
    rnni_put_text(sink, title ? title : kind, 200);
    rnni_put(sink, "\">\n");
    rnni_put(sink, style);
    rnni_put_at(sink, "\n<rect class=\"rnn-ground\" width=\"%\" height=\"%\" rx=\"6\"/>\n", width, height);
    size_t most = (size_t)((width - 32) / rnni_text_width(1, 16));
    if (title) rnni_svg_text(sink, 16, 27, "rnn-title", title, most);
}

void rnni_svg_end(rnni_sink *sink)
{
    rnni_put(sink, "</svg>\n");
}

void rnni_svg_text(rnni_sink *sink, double x, double y, const char *classes, const char *text, size_t most)
{
    rnni_put_at(sink, "<text x=\"%\" y=\"%\"", x, y);
    if (*classes) {
        rnni_put(sink, " class=\"");
        rnni_put(sink, classes);
        rnni_put(sink, "\"");
    }
    rnni_put(sink, ">");
    rnni_put_text(sink, text, most);
    rnni_put(sink, "</text>\n");
}

/* ---- axes */

double rnni_plot_x(const rnni_plot *plot, double value)
{
    return plot->x + plot->width * rnni_axis_place(&plot->across, value);
}

double rnni_plot_y(const rnni_plot *plot, double value)
{
    return plot->y + plot->height * (1 - rnni_axis_place(&plot->up, value));
}

double rnni_axis_room(const rnni_axis *axis)
{
    char label[RNNI_TICK_SIZE];
    double value;
    size_t longest = 1;
    for (int i = 0; rnni_axis_tick(axis, i, &value); i++) {
        rnni_axis_label(axis, value, label);
        if (strlen(label) > longest) longest = strlen(label);
    }
    return rnni_text_width(longest, RNNI_FONT) + 10;
}

static void put_up(rnni_sink *sink, const rnni_plot *plot, const char *name)
{
    char label[RNNI_TICK_SIZE];
    double value, right = plot->x + plot->width;
    for (int i = 0; rnni_axis_tick(&plot->up, i, &value); i++) {
        double y = rnni_plot_y(plot, value);
        rnni_put_at(sink, "<path class=\"rnn-grid\" d=\"M% %H%\"/>\n", plot->x, y, right);
        rnni_axis_label(&plot->up, value, label);
        rnni_svg_text(sink, plot->x - 8, y + 4.5, "rnn-end rnn-soft", label, RNNI_WHOLE);
    }
    if (!name) return;
    double x = plot->x - rnni_axis_room(&plot->up) - 8, y = plot->y + plot->height / 2;
    rnni_put_at(sink, "<text transform=\"translate(% %) rotate(-90)\" class=\"rnn-mid rnn-soft\">", x, y);
    rnni_put_text(sink, name, 60);
    rnni_put(sink, "</text>\n");
}

static void put_across(rnni_sink *sink, const rnni_plot *plot, const char *name)
{
    char label[RNNI_TICK_SIZE];
    double value, bottom = plot->y + plot->height;
    for (int i = 0; rnni_axis_tick(&plot->across, i, &value); i++) {
        double x = rnni_plot_x(plot, value);
        rnni_put_at(sink, "<path class=\"rnn-axis\" d=\"M% %V%\"/>\n", x, bottom, bottom + 5);
        rnni_axis_label(&plot->across, value, label);
        rnni_svg_text(sink, x, bottom + 19, "rnn-mid rnn-soft", label, RNNI_WHOLE);
    }
    rnni_put_at(sink, "<path class=\"rnn-axis\" d=\"M% %H%\"/>\n", plot->x, bottom, plot->x + plot->width);
    if (name) rnni_svg_text(sink, plot->x + plot->width / 2, bottom + 38, "rnn-mid rnn-soft", name, 100);
}

void rnni_plot_axes(rnni_sink *sink, const rnni_plot *plot, const char *x_label, const char *y_label)
{
    put_up(sink, plot, y_label);
    put_across(sink, plot, x_label);
}

void rnni_plot_empty(rnni_sink *sink, const rnni_plot *plot)
{
    rnni_svg_text(sink, plot->x + plot->width / 2, plot->y + plot->height / 2, "rnn-mid rnn-soft", "no data",
                  RNNI_WHOLE);
}

void rnni_plot_marker(rnni_sink *sink, const rnni_plot *plot, double x, const char *name)
{
    double at = rnni_plot_x(plot, x),
           columns = rnni_text_width(rnni_text_columns(name, RNNI_WHOLE), RNNI_FONT);
    bool left = at + 6 + columns > plot->x + plot->width;
    rnni_put_at(sink, "<path class=\"rnn-mark\" d=\"M% %V%\"/>\n", at, plot->y - 14, plot->y + plot->height);
    rnni_svg_text(sink, left ? at - 6 : at + 6, plot->y - 5, left ? "rnn-end rnn-soft" : "rnn-soft", name,
                  RNNI_WHOLE);
}

/* ---- lines */

/* Colours come round after RNNI_SERIES lines, with other dashes. */
static void put_classes(rnni_sink *sink, const char *first, int64_t number)
{
    static const char *const dashes[] = { "", " rnn-d1", " rnn-d2" };
    rnni_put(sink, " class=\"");
    rnni_put(sink, first);
    rnni_put(sink, " rnn-s");
    rnni_put_integer(sink, number % RNNI_SERIES);
    rnni_put(sink, dashes[number / RNNI_SERIES % 3]);
    rnni_put(sink, "\"");
}

static bool shows(const rnni_plot *plot, const rnni_series *s, int64_t i)
{
    return i >= 0 && i < s->count && rnni_axis_shows(s->values[i], plot->up.logarithmic);
}

static void put_dot(rnni_sink *sink, const rnni_plot *plot, const rnni_series *s, int64_t i, int64_t number)
{
    double x = rnni_plot_x(plot, s->first + (double)i * s->step), y = rnni_plot_y(plot, s->values[i]);
    rnni_put(sink, "<circle");
    put_classes(sink, "rnn-dot", number);
    rnni_put_at(sink, " cx=\"%\" cy=\"%\" r=\"3\"/>\n", x, y);
}

void rnni_plot_series(rnni_sink *sink, const rnni_plot *plot, const rnni_series *s, int64_t number)
{
    enum { FEW = 30 }; /* points of a line that are marked one by one */
    bool any = false;
    for (int64_t i = 0; i < s->count; i++) {
        if (!shows(plot, s, i) || (!shows(plot, s, i - 1) && !shows(plot, s, i + 1))) continue;
        if (!any) {
            rnni_put(sink, "<path");
            put_classes(sink, "rnn-line", number);
            rnni_put(sink, " d=\"");
            any = true;
        }
        double x = rnni_plot_x(plot, s->first + (double)i * s->step), y = rnni_plot_y(plot, s->values[i]);
        rnni_put_at(sink, shows(plot, s, i - 1) ? "L% %" : "M% %", x, y);
    }
    if (any) rnni_put(sink, "\"/>\n");
    for (int64_t i = 0; i < s->count; i++)
        if (shows(plot, s, i) && (s->count <= FEW || (!shows(plot, s, i - 1) && !shows(plot, s, i + 1))))
            put_dot(sink, plot, s, i, number);
}

double rnni_put_legend(rnni_sink *sink, const rnni_legend *legend)
{
    enum { ROW = 20, SAMPLE = 26, GAP = 18 };
    char name[RNNI_LEGEND_SIZE];
    double x = 0, y = 0;
    for (int64_t i = 0; i < legend->count; i++) {
        legend->entry(legend->what, i, name);
        double width = SAMPLE + rnni_text_width(rnni_text_columns(name, RNNI_WHOLE), RNNI_FONT);
        if (x > 0 && x + width > legend->width) {
            x = 0;
            y += ROW;
        }
        if (sink) {
            rnni_put(sink, "<path");
            put_classes(sink, "rnn-line", i);
            rnni_put_at(sink, " d=\"M% %h%\"/>\n", legend->x + x, legend->y + y + ROW / 2.0, SAMPLE - 6);
            rnni_svg_text(sink, legend->x + x + SAMPLE, legend->y + y + ROW / 2.0 + 4.5, "", name,
                          RNNI_WHOLE);
        }
        x += width + GAP;
    }
    return legend->count ? y + ROW : 0;
}

bool rnni_range_of(const double *values, int64_t count, bool logarithmic, double *low, double *high)
{
    bool any = false;
    for (int64_t i = 0; i < count; i++) {
        if (!rnni_axis_shows(values[i], logarithmic)) continue;
        if (!any || values[i] < *low) *low = values[i];
        if (!any || values[i] > *high) *high = values[i];
        any = true;
    }
    return any;
}
