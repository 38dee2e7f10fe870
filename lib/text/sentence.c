/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "text/unicode.h"
#include "text/utf8.h"
#include <rnn/text.h>

#include <string.h>

/* A sentence ends behind . ! ? and their like when white space follows (in scripts that have none, at once),
 * unless what stands before the dot or what follows speaks against it. */

typedef struct scan {
    const unsigned char *text;
    size_t size;
} scan;

typedef struct glyph {
    uint32_t code; /* 0: the end of the text */
    size_t bytes;
} glyph;

static glyph glyph_at(const scan *s, size_t at)
{
    glyph g = { 0, 0 };
    if (at < s->size) g.code = rnni_utf8_decode(s->text + at, s->size - at, &g.bytes);
    return g;
}

static bool is_space(glyph g) { return g.bytes > 0 && rnni_utf8_is_space(g.code); }
static bool is_digit(uint32_t code) { return code >= '0' && code <= '9'; }

/* Marks with white space behind them: . ! ? and those of Arabic, Devanagari, Armenian and Ethiopic. */
static bool is_mark(uint32_t code)
{
    return code == '.' || code == '!' || code == '?' || code == 0x2026 || code == 0x203C || code == 0x203D ||
           (code >= 0x2047 && code <= 0x2049) || code == 0x61F || code == 0x6D4 || code == 0x964 ||
           code == 0x965 || code == 0x589 || code == 0x1362;
}

/* Marks of scripts without white space. */
static bool is_wide_mark(uint32_t code)
{
    return code == 0x3002 || code == 0xFF01 || code == 0xFF0E || code == 0xFF1F || code == 0xFF61;
}

static bool is_closing(uint32_t code)
{
    return code == '"' || code == '\'' || code == ')' || code == ']' || code == '}' || code == 0x2019 ||
           code == 0x201D || code == 0xBB || code == 0x203A || code == 0x300D || code == 0x300F ||
           code == 0xFF09;
}

static bool is_opening(uint32_t code)
{
    return code == '"' || code == '\'' || code == '(' || code == '[' || code == '{' || code == 0xBF ||
           code == 0xA1 || code == 0xAB || code == 0x2039 || code == 0x2018 || code == 0x201C ||
           code == 0x201E || code == 0x201A || code == '*' || code == '_';
}

static bool is_capital(uint32_t code) { return code && rnni_unicode_fold(code) != code; }

/* Small letters of ASCII, Latin-1, Greek and Cyrillic: enough to see that a sentence goes on. */
static bool is_small(uint32_t code)
{
    return (code >= 'a' && code <= 'z') || (code >= 0xDF && code <= 0xFF && code != 0xF7) ||
           (code >= 0x3AC && code <= 0x3CE) || (code >= 0x430 && code <= 0x45F);
}

/* ---- what stands before a dot ---- */

typedef struct word {
    char text[16]; /* in small letters, its inner dots left in; empty when it is longer or not of ASCII */
    size_t start;
    bool capital;
    bool dotted; /* pieces of one or two letters with dots between: "u.s", "ph.d" */
} word;

static bool has_short_pieces(const char *text)
{
    size_t run = 0, dots = 0;
    for (; *text; text++) {
        run = *text == '.' ? 0 : run + 1;
        dots += *text == '.';
        if (run > 2) return false;
    }
    return dots > 0;
}

/* The run of letters and dots that ends before `end`. */
static word word_before(const scan *s, size_t first, size_t end)
{
    word w = { "", end, false, false };
    while (w.start > first) {
        unsigned char byte = s->text[w.start - 1];
        bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        if (!letter && byte != '.' && byte < 0x80) break;
        w.start--;
    }
    size_t size = end - w.start;
    if (size == 0 || size >= sizeof(w.text)) return w;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = s->text[w.start + i];
        if (byte >= 0x80) {
            w.text[0] = 0;
            return w;
        }
        w.text[i] = (char)(byte == '.' ? byte : byte | 0x20);
    }
    w.capital = s->text[w.start] < 'a' && s->text[w.start] != '.';
    w.dotted = has_short_pieces(w.text);
    return w;
}

static bool is_one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, list[i]) == 0) return true;
    return false;
}
#define ONE_OF(text, list) is_one_of(text, list, sizeof(list) / sizeof((list)[0]))

/* A name follows these, or more of the same phrase: never the end. */
static const char *const titles[] = { "mr",   "mrs",  "ms",     "mx",   "dr",   "prof", "st",  "rev",
                                      "hon",  "gen",  "col",    "capt", "cpt",  "lt",   "sgt", "maj",
                                      "cmdr", "gov",  "sen",    "rep",  "pres", "mt",   "ft",  "fr",
                                      "mme",  "mlle", "messrs", "vs",   "e.g",  "i.e",  "cf",  "viz",
                                      "al",   "ca",   "approx", "hr",   "bzw",  "z.b",  "d.h" };
/* A number follows these. */
static const char *const before_numbers[] = { "no",  "nos",  "nr",   "fig", "figs", "vol", "p",
                                              "pp",  "ch",   "chap", "sec", "art",  "eq",  "ed",
                                              "jan", "feb",  "mar",  "apr", "jun",  "jul", "aug",
                                              "sep", "sept", "oct",  "nov", "dec",  "op",  "est" };
/* With one of these a sentence begins even behind an abbreviation such as "U.S." or "p.m." */
static const char *const beginnings[] = { "the",   "a",    "an",    "it",     "he",      "she",   "we",
                                          "they",  "you",  "i",     "this",   "that",    "these", "those",
                                          "there", "here", "in",    "on",     "at",      "but",   "and",
                                          "so",    "if",   "when",  "while",  "what",    "who",   "why",
                                          "how",   "as",   "after", "before", "however", "then",  "his",
                                          "her",   "its",  "our",   "their",  "my",      "for",   "no",
                                          "yes",   "not",  "some",  "many",   "most",    "all",   "both" };

static bool begins_a_sentence(const scan *s, size_t at)
{
    char text[16];
    size_t size = 0;
    while (at + size < s->size && size + 1 < sizeof(text)) {
        unsigned char byte = s->text[at + size];
        if ((byte | 0x20) < 'a' || (byte | 0x20) > 'z') break;
        text[size++] = (char)(byte | 0x20);
    }
    text[size] = 0;
    return ONE_OF(text, beginnings);
}

/* "3." in front of what it numbers. */
static bool is_list_number(const scan *s, size_t first, size_t dot)
{
    if (dot - first > 3 || dot == first) return false;
    for (size_t i = first; i < dot; i++)
        if (!is_digit(s->text[i])) return false;
    return true;
}

/* Whether one dot at `dot` of a sentence that begins at `first` ends it, `next` being what follows. */
static bool dot_ends(const scan *s, size_t first, size_t dot, size_t next)
{
    word w = word_before(s, first, dot);
    uint32_t follows = glyph_at(s, next).code;
    if (is_list_number(s, first, dot)) return false;
    if (!w.text[0]) return true;
    if (ONE_OF(w.text, titles)) return false;
    if (is_digit(follows) && ONE_OF(w.text, before_numbers)) return false;
    bool initial = w.text[1] == 0 && w.capital && w.text[0] != 'i';
    if (initial && is_capital(follows)) return begins_a_sentence(s, next) && w.start > first;
    if (w.dotted) return !is_digit(follows) && begins_a_sentence(s, next);
    return true;
}

/* ---- the end of a sentence ---- */

/* An empty line at `at`, which is white space; *behind is what follows all the white space. */
static bool is_paragraph(const scan *s, size_t at, size_t *behind)
{
    int lines = 0;
    glyph g;
    while (is_space(g = glyph_at(s, at))) {
        lines += g.code == '\n' || g.code == 0x2029;
        lines += g.code == 0x2029;
        at += g.bytes;
    }
    *behind = at;
    return lines > 1;
}

static size_t skip(const scan *s, size_t at, bool (*skipped)(uint32_t code))
{
    glyph g;
    while ((g = glyph_at(s, at)).bytes && skipped(g.code)) at += g.bytes;
    return at;
}

static bool is_any_mark(uint32_t code) { return is_mark(code) || is_wide_mark(code); }

/* Looks at a mark. The end of the sentence when it is one, or 0; *on is where to go on looking. */
static size_t end_at_mark(const scan *s, size_t first, size_t at, size_t *on)
{
    size_t marks = skip(s, at, is_any_mark), closed = skip(s, marks, is_closing), next;
    bool wide = is_wide_mark(glyph_at(s, at).code), one_dot = marks == at + 1 && s->text[at] == '.';
    *on = closed;
    if (closed == s->size || wide) return closed;
    if (!is_space(glyph_at(s, closed))) {
        *on = marks;
        return 0;
    }
    if (is_paragraph(s, closed, &next)) return closed;
    size_t opened = skip(s, next, is_opening);
    if (is_small(glyph_at(s, opened).code)) return 0;
    if (one_dot && closed == marks && !dot_ends(s, first, at, opened)) return 0;
    return closed;
}

static size_t find_end(const scan *s, size_t first)
{
    size_t at = first, next;
    glyph g;
    while ((g = glyph_at(s, at)).bytes) {
        if (is_space(g) && is_paragraph(s, at, &next)) return at;
        if (is_space(g)) {
            at = next;
            continue;
        }
        if (!is_any_mark(g.code)) {
            at += g.bytes;
            continue;
        }
        size_t end = end_at_mark(s, first, at, &next);
        if (end) return end;
        at = next;
    }
    return s->size;
}

static size_t skip_space(const scan *s, size_t at)
{
    size_t behind;
    is_paragraph(s, at, &behind);
    return behind;
}

/* The end without white space, which only the end of the text can leave there. */
static size_t trimmed(const scan *s, size_t first, size_t end)
{
    size_t last = first;
    for (size_t at = first; at < end;) {
        glyph g = glyph_at(s, at);
        at += g.bytes;
        if (!is_space(g)) last = at;
    }
    return last;
}

rnn_status_t rnn_sentence_next(const char *text, int64_t size, int64_t *position, int64_t *start,
                               int64_t *length)
{
    RNNI_REQUIRE(position && start && length, RNN_ERROR_ARGUMENT, "the place for a position is NULL");
    RNNI_REQUIRE(size >= -1, RNN_ERROR_ARGUMENT, "the size of a text is %lld, expected -1 or more",
                 (long long)size);
    RNNI_REQUIRE(text || size == 0, RNN_ERROR_ARGUMENT, "the text is NULL");
    scan s = { (const unsigned char *)text, size < 0 ? strlen(text) : (size_t)size };
    RNNI_REQUIRE(*position >= 0 && (uint64_t)*position <= s.size, RNN_ERROR_RANGE,
                 "position %lld, expected 0 to %zu", (long long)*position, s.size);
    size_t first = skip_space(&s, (size_t)*position);
    if (first == s.size) return RNN_END;
    size_t end = find_end(&s, first);
    *position = (int64_t)end;
    *start = (int64_t)first;
    *length = (int64_t)(trimmed(&s, first, end) - first);
    return RNN_OK;
}
