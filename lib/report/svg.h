/* SPDX-License-Identifier: MIT */
#ifndef RNNI_SVG_H
#define RNNI_SVG_H

#include "report/axis.h"
#include "report/sink.h"

/* What the pictures share. A picture carries its style, so that it is whole as a file and inside a page. Its
 * ground is opaque: light unless the viewer asks for dark, and viewers that do not know the question show it
 * light. */

#define RNNI_FONT 13.0 /* height of ordinary text */
#define RNNI_SERIES 8  /* colours of lines, from 0 on: classes rnn-s0 ... */

/* A rough width of a text of `columns` characters, on the wide side. */
static inline double rnni_text_width(size_t columns, double font)
{
    return (double)columns * font * 0.6;
}

/* The root, the ground and the title; `kind` names the picture for those who do not see it when there is no
 * title. */
void rnni_svg_begin(rnni_sink *sink, double width, double height, const char *title, const char *kind);
void rnni_svg_end(rnni_sink *sink);

/* A text of one class ("rnn-mid", "rnn-end" align it; "" begins at x), cut to `most` characters. */
void rnni_svg_text(rnni_sink *sink, double x, double y, const char *classes, const char *text, size_t most);

/* The area inside the axes. */
typedef struct rnni_plot {
    double x, y, width, height;
    rnni_axis across, up;
} rnni_plot;

double rnni_plot_x(const rnni_plot *plot, double value);
double rnni_plot_y(const rnni_plot *plot, double value);
/* Room that the numbers left of a vertical axis need. */
double rnni_axis_room(const rnni_axis *axis);
/* Grid, ticks and their numbers, and the names of the axes (or NULL). */
void rnni_plot_axes(rnni_sink *sink, const rnni_plot *plot, const char *x_label, const char *y_label);
/* Values [count] at x = first + i step, as a line with gaps where there is nothing to show. */
typedef struct rnni_series {
    const double *values;
    int64_t count;
    double first, step;
} rnni_series;
void rnni_plot_series(rnni_sink *sink, const rnni_plot *plot, const rnni_series *series, int64_t number);
/* A vertical line at x with a name. */
void rnni_plot_marker(rnni_sink *sink, const rnni_plot *plot, double x, const char *name);
/* Says that there is nothing to see. */
void rnni_plot_empty(rnni_sink *sink, const rnni_plot *plot);

/* Line samples and names in rows of `width`. Names come from `entry`, which writes number i into `out`. */
#define RNNI_LEGEND_SIZE 160
typedef struct rnni_legend {
    void (*entry)(const void *what, int64_t i, char out[RNNI_LEGEND_SIZE]);
    const void *what;
    int64_t count;
    double x, y, width;
} rnni_legend;
/* Draws it and returns its height; with sink NULL it only measures. */
double rnni_put_legend(rnni_sink *sink, const rnni_legend *legend);

/* The smallest and largest value that a scale shows; false when there is none. */
bool rnni_range_of(const double *values, int64_t count, bool logarithmic, double *low, double *high);

#endif
