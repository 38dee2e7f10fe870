/* SPDX-License-Identifier: MIT */
#ifndef XML_H
#define XML_H

/* A strict check that a text is well-formed XML 1.0, of the plain kind that the library writes: no
 * declaration but
 * <!DOCTYPE html>, no comments, no sections, attributes in double quotes. Of a page it also wants what HTML
 * wants: only void elements, and those inside <svg>, end in "/>". */

#include "harness.h"
#include "text/utf8.h"

enum { XML_DEPTH = 32, XML_NAME = 32, XML_ATTRIBUTES = 16 };

typedef struct xml {
    const char *text;
    size_t size, at;
    int depth, in_svg, elements;
    char open[XML_DEPTH][XML_NAME];
    const char *wrong; /* the first fault */
} xml;

HARNESS_STATIC int xml_wrong(xml *x, const char *what)
{
    if (!x->wrong) x->wrong = what;
    return 0;
}

HARNESS_STATIC int xml_starts(const xml *x, const char *with)
{
    return x->size - x->at >= strlen(with) && memcmp(x->text + x->at, with, strlen(with)) == 0;
}

HARNESS_STATIC int xml_take(xml *x, const char *expected)
{
    if (!xml_starts(x, expected)) return xml_wrong(x, expected);
    x->at += strlen(expected);
    return 1;
}

/* A name of letters, digits and -, beginning with a letter. */
HARNESS_STATIC int xml_name(xml *x, char out[XML_NAME])
{
    size_t n = 0;
    for (; x->at < x->size && n < XML_NAME - 1; x->at++) {
        char c = x->text[x->at];
        int letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !(n && ((c >= '0' && c <= '9') || c == '-'))) break;
        out[n++] = c;
    }
    out[n] = 0;
    return n ? 1 : xml_wrong(x, "a name is missing");
}

HARNESS_STATIC int xml_reference(xml *x)
{
    static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };
    for (size_t i = 0; i < 5; i++) {
        if (!xml_starts(x, known[i])) continue;
        x->at += strlen(known[i]);
        return 1;
    }
    return xml_wrong(x, "an unknown reference");
}

/* One character of text or of a value, or a reference. */
HARNESS_STATIC int xml_character(xml *x)
{
    size_t length;
    const unsigned char *at = (const unsigned char *)x->text + x->at;
    if (*at == '&') return xml_reference(x);
    uint32_t code = rnni_utf8_decode(at, x->size - x->at, &length);
    if (code == RNNI_UTF8_INVALID && length == 1) return xml_wrong(x, "a byte that is no UTF-8");
    int control = (code < 0x20 && code != '\n') || (code >= 0x7F && code <= 0x9F);
    if (control || (code & 0xFFFE) == 0xFFFE) return xml_wrong(x, "a character that is not allowed");
    if (code == '<') return xml_wrong(x, "<");
    if (xml_starts(x, "]]>")) return xml_wrong(x, "]]>");
    x->at += length;
    return 1;
}

HARNESS_STATIC int xml_attributes(xml *x)
{
    char names[XML_ATTRIBUTES][XML_NAME];
    for (int n = 0; xml_starts(x, " "); n++) {
        x->at++;
        if (n == XML_ATTRIBUTES) return xml_wrong(x, "too many attributes");
        if (!xml_name(x, names[n]) || !xml_take(x, "=\"")) return 0;
        for (int i = 0; i < n; i++)
            if (strcmp(names[i], names[n]) == 0) return xml_wrong(x, "an attribute twice");
        while (x->at < x->size && x->text[x->at] != '"')
            if (!xml_character(x)) return 0;
        if (!xml_take(x, "\"")) return 0;
    }
    return 1;
}

HARNESS_STATIC int xml_closing(xml *x)
{
    char name[XML_NAME];
    x->at += 2;
    if (!xml_name(x, name) || !xml_take(x, ">")) return 0;
    if (!x->depth || strcmp(x->open[x->depth - 1], name) != 0) return xml_wrong(x, "a wrong closing tag");
    x->depth--;
    if (strcmp(name, "svg") == 0) x->in_svg = 0;
    return 1;
}

HARNESS_STATIC int xml_opening(xml *x)
{
    char name[XML_NAME];
    x->at++;
    if (!xml_name(x, name) || !xml_attributes(x)) return 0;
    if (!x->depth && x->elements) return xml_wrong(x, "a second root");
    x->elements++;
    int is_void = strcmp(name, "meta") == 0;
    if (strcmp(name, "svg") == 0) x->in_svg = 1;
    if (xml_starts(x, "/>")) {
        x->at += 2;
        return x->in_svg || is_void ? 1 : xml_wrong(x, "an element that HTML would leave open");
    }
    if (is_void) return xml_wrong(x, "a void element that is not closed");
    if (x->depth == XML_DEPTH) return xml_wrong(x, "too deep");
    strcpy(x->open[x->depth++], name);
    return xml_take(x, ">");
}

/* The first fault, or NULL. */
HARNESS_STATIC const char *xml_fault(const char *text, size_t size)
{
    xml x = { .text = text, .size = size };
    if (xml_starts(&x, "<!DOCTYPE html>\n")) x.at = 16;
    while (x.at < x.size && !x.wrong) {
        if (xml_starts(&x, "</"))
            xml_closing(&x);
        else if (xml_starts(&x, "<"))
            xml_opening(&x);
        else if (!x.depth && x.text[x.at] != '\n')
            xml_wrong(&x, "text outside the root");
        else
            xml_character(&x);
    }
    if (!x.wrong && (x.depth || x.elements == 0)) xml_wrong(&x, "an element is not closed");
    return x.wrong;
}

/* What was written, and where an rnn_write_t is to fail. */
typedef struct page {
    char *text;
    size_t size;
    long pieces, fail_at; /* -1: never */
} page;

HARNESS_STATIC int32_t page_write(const char *text, int64_t size, void *user)
{
    page *p = user;
    if (p->fail_at >= 0 && p->pieces++ >= p->fail_at) return 1;
    char *more = realloc(p->text, p->size + (size_t)size + 1);
    if (!more) return 1;
    memcpy(more + p->size, text, (size_t)size);
    p->text = more;
    p->size += (size_t)size;
    more[p->size] = 0;
    return 0;
}

HARNESS_STATIC page page_new(void)
{
    return (page) { .fail_at = -1 };
}

/* Says what is wrong with it. */
HARNESS_STATIC int page_is_valid(const page *p)
{
    const char *fault = xml_fault(p->text, p->size);
    if (fault) printf("not well-formed: %s\n", fault);
    return !fault;
}

/* How often a text stands in the page. */
HARNESS_STATIC int page_count(const page *p, const char *text)
{
    int count = 0;
    for (const char *at = p->text; at && (at = strstr(at, text)); at += strlen(text)) count++;
    return count;
}

HARNESS_STATIC void page_end(page *p)
{
    free(p->text);
    *p = page_new();
}

/* Names that want to break out: quotes, tags, the end of a section, control characters, bytes that are no
 * UTF-8, characters that XML does not have. */
#define HOSTILE_COUNT 8
HARNESS_STATIC const char *const hostile[HOSTILE_COUNT] = {
    "\"><script>alert(1)</script>",
    "]]> <![CDATA[ <!-- -->",
    "'quote' & &amp; &#0; %s %n %",
    "\x01\x02\x1B[31m\x7F\r\n\t tab",
    "\xC3( \xFF\xFE \xED\xA0\x80 \xF0\x9F\x98",
    "\xEF\xBF\xBE\xEF\xBF\xBF \xC2\x85 \xE2\x80\xAE",
    "",
    "a name of far more than two hundred characters, which goes on, and on, and on, and on, and on, and on, "
    "and on, and on, "
    "and on, and on, \xF0\x9F\x98\x80\xF0\x9F\x98\x80 and on, and on, and on, and on, and on, and on, and "
    "on, and on, and on"
};

#endif
