/* SPDX-License-Identifier: MIT */
#ifndef RNNI_SINK_H
#define RNNI_SINK_H

#include <rnn/io.h>

#include <stdbool.h>
#include <stddef.h>

/* Markup on its way to a caller's function: gathered in pieces, without memory of its own. After the first
 * refusal nothing more is handed over, so that only the end needs to be looked at. */
typedef struct rnni_sink {
    rnn_write_t write;
    void *user;
    bool failed;
    size_t size;
    char text[1024];
} rnni_sink;

/* Markup, as it is. */
void rnni_put(rnni_sink *sink, const char *markup);
void rnni_put_bytes(rnni_sink *sink, const char *markup, size_t size);

/* Markup in which each % stands for the next number, with at most two decimals: for coordinates. */
#define rnni_put_at(sink, markup, ...) rnni_put_places((sink), (markup), (const double[]) { __VA_ARGS__ })
void rnni_put_places(rnni_sink *sink, const char *markup, const double *places);

/* Text of somebody else, fit for XML and HTML content and attributes: signs of markup are escaped; bytes that
 * are no UTF-8 and characters that XML does not allow become U+FFFD. Of more than `most` characters the first
 * most - 1 and an ellipsis are left. NULL is "". */
void rnni_put_text(rnni_sink *sink, const char *text, size_t most);
#define RNNI_WHOLE SIZE_MAX

/* Numbers for people, independent of the locale; "n/a" when it is not a number. */
void rnni_put_number(rnni_sink *sink, double value, int digits);
void rnni_put_integer(rnni_sink *sink, int64_t value);
/* Always with 1 to 9 decimals, so that columns of numbers can be read: "0.500". */
void rnni_put_fixed(rnni_sink *sink, double value, int decimals);
/* A share of 1 as percent: "87.1 %". */
void rnni_put_percent(rnni_sink *sink, double share);

/* Hands over the rest; false when the function refused a piece. */
bool rnni_sink_flush(rnni_sink *sink);
/* The same as a status, RNN_ERROR_CALLBACK. */
rnn_status_t rnni_sink_end(rnni_sink *sink, const char *call);

/* Characters of a text as rnni_put_text shows it; wide ones (east Asian, emoji) count twice. */
size_t rnni_text_columns(const char *text, size_t most);

#endif
