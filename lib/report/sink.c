/* SPDX-License-Identifier: MIT */
#include "report/sink.h"
#include "core/error.h"
#include "core/number.h"
#include "text/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool rnni_sink_flush(rnni_sink *sink)
{
    if (sink->size && !sink->failed && sink->write(sink->text, (int64_t)sink->size, sink->user) != 0)
        sink->failed = true;
    sink->size = 0;
    return !sink->failed;
}

void rnni_put_bytes(rnni_sink *sink, const char *bytes, size_t size)
{
    while (size) {
        if (sink->size == sizeof(sink->text)) rnni_sink_flush(sink);
        size_t room = sizeof(sink->text) - sink->size, part = size < room ? size : room;
        memcpy(sink->text + sink->size, bytes, part);
        sink->size += part;
        bytes += part;
        size -= part;
    }
}

void rnni_put(rnni_sink *sink, const char *markup)
{
    rnni_put_bytes(sink, markup, strlen(markup));
}

rnn_status_t rnni_sink_end(rnni_sink *sink, const char *call)
{
    RNNI_REQUIRE(rnni_sink_flush(sink), RNN_ERROR_CALLBACK, "%s: the function that writes reported failure",
                 call);
    return RNN_OK;
}

/* ---- numbers */

/* Whole hundredths, so that no conversion depends on the locale. */
static void put_place(rnni_sink *sink, double place)
{
    char text[32];
    const double far = 1e7;
    double kept = isnan(place) ? 0 : place > far ? far : place < -far ? -far : place;
    long long hundredths = llround(kept * 100), magnitude = hundredths < 0 ? -hundredths : hundredths;
    int size = snprintf(text, sizeof(text), "%s%lld.%02lld", hundredths < 0 ? "-" : "", magnitude / 100,
                        magnitude % 100);
    while (text[size - 1] == '0') size--;
    if (text[size - 1] == '.') size--;
    rnni_put_bytes(sink, text, (size_t)size);
}

void rnni_put_places(rnni_sink *sink, const char *markup, const double *places)
{
    for (;;) {
        size_t plain = strcspn(markup, "%");
        rnni_put_bytes(sink, markup, plain);
        if (!markup[plain]) return;
        put_place(sink, *places++);
        markup += plain + 1;
    }
}

void rnni_put_number(rnni_sink *sink, double value, int digits)
{
    char text[RNNI_NUMBER_SIZE];
    if (isnan(value)) {
        rnni_put(sink, "n/a");
        return;
    }
    rnni_print_digits(value, digits, text);
    rnni_put(sink, text);
}

void rnni_put_integer(rnni_sink *sink, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)value);
    rnni_put(sink, text);
}

void rnni_put_fixed(rnni_sink *sink, double value, int decimals)
{
    char text[48];
    long long power = 1;
    for (int i = 0; i < decimals; i++) power *= 10;
    if (!(fabs(value) < 1e9)) {
        rnni_put_number(sink, value, decimals);
        return;
    }
    long long parts = llround(value * (double)power), magnitude = parts < 0 ? -parts : parts;
    snprintf(text, sizeof(text), "%s%lld.%0*lld", parts < 0 ? "-" : "", magnitude / power, decimals,
             magnitude % power);
    rnni_put(sink, text);
}

void rnni_put_percent(rnni_sink *sink, double share)
{
    rnni_put_fixed(sink, share * 100, 1);
    if (!isnan(share)) rnni_put(sink, " %");
}

/* ---- text */

/* XML 1.0 knows no other control characters than these three, and no U+FFFE and U+FFFF; those of U+007F to
 * U+009F are allowed, but no page should have them. */
static uint32_t shown(uint32_t code)
{
    if (code == '\t' || code == '\n' || code == '\r') return ' ';
    bool control = code < 0x20 || (code >= 0x7F && code <= 0x9F) || (code & 0xFFFE) == 0xFFFE;
    return control ? RNNI_UTF8_INVALID : code;
}

/* The next character of *text as it is shown, 0 at the end. */
static uint32_t next(const char **text, size_t *left)
{
    size_t length;
    if (!*left) return 0;
    uint32_t code = rnni_utf8_decode((const unsigned char *)*text, *left, &length);
    *text += length;
    *left -= length;
    return shown(code);
}

static void put_character(rnni_sink *sink, uint32_t code)
{
    static const struct {
        char sign;
        const char *reference;
    } signs[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" } };
    unsigned char bytes[4];
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (code != (uint32_t)signs[i].sign) continue;
        rnni_put(sink, signs[i].reference);
        return;
    }
    size_t size = rnni_utf8_encode(code, bytes);
    rnni_put_bytes(sink, (const char *)bytes, size);
}

static bool is_longer(const char *text, size_t most)
{
    size_t left = strlen(text);
    for (size_t i = 0; i < most; i++)
        if (!next(&text, &left)) return false;
    return left > 0;
}

void rnni_put_text(rnni_sink *sink, const char *text, size_t most)
{
    if (!text) return;
    bool cut = most != RNNI_WHOLE && is_longer(text, most);
    size_t left = strlen(text);
    uint32_t code;
    for (size_t i = 0; i + cut < most && (code = next(&text, &left)) != 0; i++) put_character(sink, code);
    if (cut) rnni_put(sink, "\xE2\x80\xA6");
}

size_t rnni_text_columns(const char *text, size_t most)
{
    if (!text) return 0;
    size_t columns = 0, left = strlen(text);
    uint32_t code;
    for (size_t i = 0; i < most && (code = next(&text, &left)) != 0; i++)
        columns += code >= 0x1100 && (code < 0x2000 || code >= 0x2E80) && code != RNNI_UTF8_INVALID ? 2 : 1;
    return columns;
}
