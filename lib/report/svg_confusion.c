/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "report/chart.h"
#include "report/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_CLASSES = 1024, COUNTED = 64, NAMED = 128, NAME = 24 };

/* Sizes follow from the number of classes: cells shrink, then counts go, then names. */
typedef struct matrix {
    const rnn_confusion_t *confusion;
    const char *const *names;
    int64_t classes;
    double cell, font; /* side of a cell, height of the names */
    double x, y;       /* of the first cell */
    double name_width; /* of the longest name */
    bool slanted;      /* names of columns that are wider than a cell */
    double width, height;
} matrix;

static double cell_of(int64_t classes)
{
    static const struct {
        int64_t classes;
        double side;
    } steps[] = { { 2, 120 }, { 4, 92 },  { 8, 66 },       { 14, 48 },
                  { 24, 36 }, { 34, 29 }, { COUNTED, 24 }, { NAMED, 12 } };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (classes <= steps[i].classes) return steps[i].side;
    return fmax(2, floor(1200 / (double)classes));
}

static double widest_name(const matrix *m)
{
    char room[RNNI_CLASS_SIZE];
    size_t widest = 1;
    for (int64_t c = 0; c < m->classes; c++) {
        size_t columns = rnni_text_columns(rnni_class_name(m->names, c, room), NAME);
        if (columns > widest) widest = columns;
    }
    return rnni_text_width(widest, m->font);
}

static void lay_out(matrix *m, const char *title)
{
    enum { CAPTION = 24, LEGEND = 58, NARROWEST = 400 };
    bool named = m->classes <= NAMED;
    m->cell = cell_of(m->classes);
    m->font = m->cell >= 36 ? RNNI_FONT : m->cell >= 20 ? 11 : 9;
    m->name_width = named ? widest_name(m) : 0;
    m->slanted = m->name_width > m->cell - 6;
    double across = m->slanted ? m->name_width * 0.71 + 14 : 20, side = m->cell * (double)m->classes;
    m->x = 16 + CAPTION + m->name_width + 8;
    m->y = (title ? 42 : 12) + CAPTION + (named ? across : 0);
    m->width = fmax(m->x + side + (named && m->slanted ? across : 16) + 8, NARROWEST);
    m->height = m->y + side + LEGEND;
}

/* ---- cells */

/* Small shares would hardly be seen with their own opacity. */
static double opacity_of(double share)
{
    return pow(share, 0.7);
}

/* Where white on the shade has the contrast that black has: see the colours. */
static bool is_full(double share)
{
    return opacity_of(share) > 0.87;
}

/* "1234", or where that would be too small to read, "12k". */
static void print_count(int64_t count, double cell, char out[24])
{
    static const char units[] = " kMGTPE";
    int unit = 0;
    snprintf(out, 24, "%lld", (long long)count);
    if (rnni_text_width(strlen(out), 8) < cell - 2) return;
    for (; count >= 1000; count = (count + 500) / 1000) unit++;
    snprintf(out, 24, unit ? "%lld%c" : "%lld", (long long)count, units[unit]);
}

static void put_count(rnni_sink *sink, const matrix *m, double x, double y, int64_t count, double share)
{
    char text[24];
    const char *fill = is_full(share) ? "rnn-mid rnn-onfull" : "rnn-mid rnn-onpale";
    print_count(count, m->cell, text);
    double large = m->cell >= 66 ? 16 : m->cell >= 48 ? 13 : 11, middle = x + m->cell / 2;
    double font = fmin(large, (m->cell - 2) / rnni_text_width(strlen(text), 1));
    double base = y + m->cell / 2 + font * 0.36 - (m->cell >= 66 ? 8 : 0);
    rnni_put_at(sink, "<text x=\"%\" y=\"%\" style=\"font-size:%px\"", middle, base, font);
    rnni_put(sink, " class=\"");
    rnni_put(sink, fill);
    rnni_put(sink, "\">");
    rnni_put(sink, text);
    rnni_put(sink, "</text>\n");
    if (m->cell < 66) return;
    rnni_put_at(sink, "<text x=\"%\" y=\"%\" style=\"font-size:12px\"", middle, base + 18);
    rnni_put(sink, " class=\"");
    rnni_put(sink, fill);
    rnni_put(sink, "\">");
    rnni_put_percent(sink, share);
    rnni_put(sink, "</text>\n");
}

/* What a pointer that rests on the cell is told. */
static void put_hint(rnni_sink *sink, const matrix *m, int64_t target, int64_t answer, int64_t count,
                     double share)
{
    char room[RNNI_CLASS_SIZE];
    rnni_put(sink, "<title>");
    rnni_put_text(sink, rnni_class_name(m->names, target, room), 100);
    rnni_put(sink, target == answer ? " answered right: " : " answered ");
    if (target != answer) {
        rnni_put_text(sink, rnni_class_name(m->names, answer, room), 100);
        rnni_put(sink, ": ");
    }
    rnni_put_integer(sink, count);
    rnni_put(sink, " (");
    rnni_put_percent(sink, share);
    rnni_put(sink, ")</title>");
}

static void put_cell(rnni_sink *sink, const matrix *m, int64_t target, int64_t answer)
{
    int64_t count = rnn_confusion_count(m->confusion, target, answer);
    if (count == 0) return;
    double share = (double)count / (double)rnn_confusion_members(m->confusion, target);
    double x = m->x + m->cell * (double)answer, y = m->y + m->cell * (double)target;
    rnni_put(sink, target == answer ? "<rect class=\"rnn-right\"" : "<rect class=\"rnn-wrong\"");
    rnni_put_at(sink, " x=\"%\" y=\"%\" width=\"%\" height=\"%\" fill-opacity=\"%\">", x, y, m->cell, m->cell,
                fmax(opacity_of(share), 0.02));
    if (m->classes <= NAMED) put_hint(sink, m, target, answer, count, share);
    rnni_put(sink, "</rect>\n");
    if (m->classes <= COUNTED) put_count(sink, m, x, y, count, share);
}

static void put_grid(rnni_sink *sink, const matrix *m)
{
    double side = m->cell * (double)m->classes;
    int64_t every = m->classes <= NAMED ? 1 : m->classes;
    rnni_put(sink, "<path class=\"rnn-grid\" d=\"");
    for (int64_t i = 0; i <= m->classes; i += every) {
        double at = m->cell * (double)i;
        rnni_put_at(sink, "M% %h%M% %v%", m->x, m->y + at, side, m->x + at, m->y, side);
    }
    rnni_put(sink, "\"/>\n");
}

/* ---- names */

static void put_name(rnni_sink *sink, const char *classes, double font, const char *name, size_t most)
{
    rnni_put(sink, " class=\"");
    rnni_put(sink, classes);
    rnni_put_at(sink, "\" style=\"font-size:%px\">", font);
    rnni_put_text(sink, name, most);
    rnni_put(sink, "</text>\n");
}

static void put_names(rnni_sink *sink, const matrix *m)
{
    char room[RNNI_CLASS_SIZE];
    for (int64_t c = 0; c < m->classes; c++) {
        const char *name = rnni_class_name(m->names, c, room);
        double middle = m->cell * ((double)c + 0.5);
        rnni_put_at(sink, "<text x=\"%\" y=\"%\"", m->x - 8, m->y + middle + m->font * 0.36);
        put_name(sink, "rnn-end", m->font, name, NAME);
        if (m->slanted)
            rnni_put_at(sink, "<text transform=\"translate(% %) rotate(-45)\"", m->x + middle + m->font * 0.3,
                        m->y - 7);
        else
            rnni_put_at(sink, "<text x=\"%\" y=\"%\"", m->x + middle, m->y - 7);
        put_name(sink, m->slanted ? "" : "rnn-mid", m->font, name, NAME);
    }
}

static void put_captions(rnni_sink *sink, const matrix *m, const char *title)
{
    double side = m->cell * (double)m->classes;
    rnni_svg_text(sink, m->x, title ? 56 : 26, "rnn-soft", "answer \xE2\x86\x92", RNNI_WHOLE);
    rnni_put_at(sink, "<text transform=\"translate(26 %) rotate(-90)\" class=\"rnn-end rnn-soft\">", m->y);
    rnni_put(sink, "\xE2\x86\x90 target</text>\n");
    if (m->classes <= NAMED) return;
    rnni_put_at(sink, "<text x=\"%\" y=\"%\" class=\"rnn-end rnn-soft\">", m->x + side, m->y - 7);
    rnni_put_integer(sink, m->classes);
    rnni_put(sink, " classes</text>\n");
}

/* The shades of both colours from 0 to 100 percent of a row. */
static void put_shades(rnni_sink *sink, const matrix *m)
{
    enum { SHADES = 11, WIDTH = 15, APART = 196 };
    static const char *const classes[] = { "rnn-right", "rnn-wrong" };
    static const char *const names[] = { "right: 0 to 100 % of the row", "wrong: 0 to 100 % of the row" };
    double y = m->height - 40;
    for (int kind = 0; kind < 2; kind++) {
        double x = 16 + kind * APART;
        for (int i = 0; i < SHADES; i++) {
            rnni_put(sink, "<rect class=\"");
            rnni_put(sink, classes[kind]);
            rnni_put_at(sink, "\" x=\"%\" y=\"%\" width=\"%\" height=\"12\" fill-opacity=\"%\"/>\n",
                        x + i * WIDTH, y, WIDTH, opacity_of((double)i / (SHADES - 1)));
        }
        rnni_put_at(sink, "<rect class=\"rnn-grid\" x=\"%\" y=\"%\" width=\"%\" height=\"12\"/>\n", x, y,
                    SHADES * WIDTH);
        rnni_put_at(sink, "<text x=\"%\" y=\"%\"", x, y + 28);
        put_name(sink, "rnn-soft", 12, names[kind], RNNI_WHOLE);
    }
}

rnn_status_t rnn_svg_confusion(const rnn_confusion_t *confusion, const char *const *names, const char *title,
                               rnn_write_t write, void *user)
{
    static const char call[] = "rnn_svg_confusion";
    RNNI_REQUIRE(confusion && write, RNN_ERROR_ARGUMENT, "%s: the %s is NULL", call,
                 confusion ? "function" : "matrix");
    matrix m = { .confusion = confusion, .names = names, .classes = rnn_confusion_classes(confusion) };
    RNNI_REQUIRE(m.classes <= MAX_CLASSES, RNN_ERROR_RANGE, "%s: %lld classes, expected at most %d", call,
                 (long long)m.classes, MAX_CLASSES);
    RNNI_TRY(rnni_class_names_check(call, names, m.classes));
    lay_out(&m, title);
    rnni_sink sink = { .write = write, .user = user };
    rnni_svg_begin(&sink, m.width, m.height, title, "Confusion matrix");
    put_captions(&sink, &m, title);
    put_grid(&sink, &m);
    for (int64_t t = 0; t < m.classes; t++)
        for (int64_t a = 0; a < m.classes; a++) put_cell(&sink, &m, t, a);
    if (m.classes <= NAMED) put_names(&sink, &m);
    put_shades(&sink, &m);
    rnni_svg_end(&sink);
    return rnni_sink_end(&sink, call);
}
