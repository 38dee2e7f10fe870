/* SPDX-License-Identifier: MIT */
#include "text/clean.h"
#include "text/unicode.h"
#include "text/utf8.h"

#include <string.h>

/* Words of a text with the switches of which clean.c knows nothing. The rules for tags, white space and
 * punctuation are the same there. */

#define APOSTROPHE 0x27
#define JOINER 0x200D
#define LONGEST_CONTRACTION 40
#define LONGEST_NUMBER 60

static bool is_digit(uint32_t code) { return code >= '0' && code <= '9'; }
static uint32_t small(uint32_t code) { return code >= 'A' && code <= 'Z' ? code + 32 : code; }
static bool is_ascii_letter(uint32_t code) { return small(code) >= 'a' && small(code) <= 'z'; }

static bool is_punctuation(const rnni_words *words, uint32_t code)
{
    if (code >= 0x80) return words->cleaning.typography && rnni_unicode_is_punctuation(code);
    return code > 0x20 && code != 0x7F && !is_digit(code) && !is_ascii_letter(code);
}

/* ---- characters ---- */

/* The character that "&...;" at a place stands for and its bytes; 0 when there is none. */
static uint32_t read_entity(const unsigned char *at, size_t left, size_t *bytes)
{
    size_t end = 1;
    while (end < left && end < 11 && at[end] != ';' && at[end] > ' ' && at[end] < 0x80) end++;
    if (end >= left || at[end] != ';' || end < 2) return 0;
    *bytes = end + 1;
    if (at[1] != '#') return rnni_entity_find((const char *)at + 1, end - 1);
    bool hexadecimal = end > 3 && (at[2] | 0x20) == 'x';
    uint32_t number = 0;
    size_t first = hexadecimal ? 3 : 2;
    if (first == end) return 0;
    for (size_t i = first; i < end; i++) {
        uint32_t byte = small(at[i]), digit = is_digit(byte) ? byte - '0' : byte - 'a' + 10;
        bool fits = is_digit(byte) || (hexadecimal && byte >= 'a' && byte <= 'f');
        if (!fits) return 0;
        if (number < 0x1000000) number = number * (hexadecimal ? 16 : 10) + digit;
    }
    return rnni_entity_code(number);
}

/* The character at a position < size, entities read. */
static uint32_t decode(const rnni_words *words, size_t position, size_t *bytes)
{
    const unsigned char *at = words->text + position;
    size_t left = words->size - position;
    if (*at == '&' && words->cleaning.entities) {
        uint32_t code = read_entity(at, left, bytes);
        if (code) return code;
    }
    return rnni_utf8_decode(at, left, bytes);
}

static uint32_t straighten(const rnni_words *words, uint32_t code)
{
    bool apostrophe = code == 0x2018 || code == 0x2019 || code == 0x201B || code == 0x2032 || code == 0xFF07;
    return words->cleaning.typography && apostrophe ? APOSTROPHE : code;
}

/* A character that is part of a word whatever stands beside it. */
static bool is_letter(const rnni_words *words, uint32_t code)
{
    return !rnni_utf8_is_space(code) && !is_punctuation(words, straighten(words, code));
}

static bool letter_follows(const rnni_words *words, size_t position)
{
    size_t bytes;
    return position < words->size && is_letter(words, decode(words, position, &bytes));
}

typedef struct character {
    uint32_t code; /* 0: nothing */
    bool space, letter;
} character;

static uint32_t change_letter(const rnni_words *words, uint32_t code)
{
    if (words->cleaning.accents) code = rnni_unicode_base(code);
    if (words->cleaning.fold) return rnni_unicode_fold(code);
    return words->cleaning.lowercase ? rnni_utf8_lower(code) : code;
}

/* Takes the next character of the cleaned text: what becomes a space is one, a tag too. */
static character read_character(rnni_words *words)
{
    size_t tag = words->text[words->position] == '<' ? rnni_words_tag(words) : 0, bytes;
    if (tag) {
        words->position += tag;
        return (character){ ' ', true, false };
    }
    uint32_t code = straighten(words, decode(words, words->position, &bytes));
    words->position += bytes;
    if (rnni_utf8_is_space(code)) return (character){ code ? code : ' ', true, false };
    if (!is_punctuation(words, code)) return (character){ change_letter(words, code), false, true };
    if (!words->cleaning.strip_punctuation) return (character){ code, false, false };
    bool inside = code == APOSTROPHE && words->after_letter && letter_follows(words, words->position);
    return inside ? (character){ code, false, false } : (character){ ' ', true, false };
}

/* Counts a letter; true when it came often enough. */
static bool is_too_many(rnni_words *words, character c)
{
    bool counts = c.letter && !is_digit(c.code);
    words->run = counts && c.code == words->last ? words->run + 1 : 1;
    words->last = counts ? c.code : 0;
    return words->cleaning.repeats > 0 && words->run > words->cleaning.repeats;
}

static void append(rnni_words *words, uint32_t code)
{
    unsigned char bytes[4];
    size_t count = rnni_utf8_encode(code, bytes);
    rnni_words_append(words, (const char *)bytes, count);
}

/* ---- things that are found in a text: each gives its bytes at the position, or 0 ---- */

static bool begins_with(const rnni_words *words, const char *prefix)
{
    size_t size = strlen(prefix), left = words->size - words->position;
    const unsigned char *at = words->text + words->position;
    if (left < size) return false;
    for (size_t i = 0; i < size; i++)
        if (small(at[i]) != (unsigned char)prefix[i]) return false;
    return true;
}

static size_t prefix_of_url(const rnni_words *words)
{
    static const char *const prefixes[] = { "http://", "https://", "ftp://", "www." };
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
        if (begins_with(words, prefixes[i])) return strlen(prefixes[i]);
    return 0;
}

/* Up to white space, a quote or a bracket of HTML; punctuation at its end belongs to the sentence. */
static size_t find_url(const rnni_words *words)
{
    size_t prefix = prefix_of_url(words), end = words->position + prefix, bytes;
    if (!prefix) return 0;
    while (end < words->size) {
        uint32_t code = rnni_utf8_decode(words->text + end, words->size - end, &bytes);
        bool stops = rnni_utf8_is_space(code) || code == '<' || code == '>' || code == '"';
        if (stops || (code >= 0x80 && rnni_unicode_is_punctuation(code))) break;
        end += bytes;
    }
    while (end > words->position + prefix && strchr(".,;:!?'()[]{}*", words->text[end - 1])) end--;
    return end > words->position + prefix ? end - words->position : 0;
}

static bool is_name(uint32_t code) { return is_digit(code) || is_ascii_letter(code) || code == '_'; }

static size_t find_mention(const rnni_words *words)
{
    size_t end = words->position + 1;
    if (words->text[words->position] != '@') return 0;
    while (end < words->size && is_name(words->text[end])) end++;
    return end > words->position + 1 ? end - words->position : 0;
}

/* Letters of any script; digits alone are a number ("#1"). */
static size_t find_hashtag(const rnni_words *words)
{
    size_t end = words->position + 1, bytes;
    bool named = false;
    if (words->text[words->position] != '#') return 0;
    while (end < words->size) {
        uint32_t code = rnni_utf8_decode(words->text + end, words->size - end, &bytes);
        bool other = code >= 0x80 && !rnni_utf8_is_space(code) && !rnni_unicode_is_punctuation(code) &&
                     !rnni_unicode_is_emoji(code) && code != JOINER;
        if (!is_name(code) && !other) break;
        named = named || !is_digit(code);
        end += bytes;
    }
    return named ? end - words->position : 0;
}

static size_t find_number(const rnni_words *words)
{
    const unsigned char *text = words->text;
    size_t end = words->position;
    if (!is_digit(text[end])) return 0;
    while (end < words->size) {
        if (end - words->position == LONGEST_NUMBER)
            return 0; /* or "1,1,1,...x" would be read again and again */
        bool between =
            (text[end] == '.' || text[end] == ',') && end + 1 < words->size && is_digit(text[end + 1]);
        if (!is_digit(text[end]) && !between) break;
        end++;
    }
    bool inside = end < words->size && (text[end] == '_' || letter_follows(words, end));
    return inside ? 0 : end - words->position;
}

static uint32_t code_at(const rnni_words *words, size_t position, size_t *bytes)
{
    *bytes = 0;
    return position < words->size ? rnni_utf8_decode(words->text + position, words->size - position, bytes)
                                  : 0;
}

static bool is_regional(uint32_t code) { return code >= 0x1F1E6 && code <= 0x1F1FF; }

/* Selectors, skin tones, the frame of a key, tags. */
static bool modifies_emoji(uint32_t code)
{
    return code == 0xFE0E || code == 0xFE0F || code == 0x20E3 || (code >= 0x1F3FB && code <= 0x1F3FF) ||
           (code >= 0xE0020 && code <= 0xE007F);
}

/* "1" in the frame of a key. */
static size_t find_key(const rnni_words *words, size_t end, uint32_t code)
{
    size_t bytes;
    if (!is_digit(code) && code != '#' && code != '*') return 0;
    uint32_t next = code_at(words, end, &bytes);
    if (next == 0xFE0F) next = code_at(words, end += bytes, &bytes);
    return next == 0x20E3 ? end + bytes - words->position : 0;
}

/* One emoji with all that belongs to it: a pair of flag letters, or several joined into one. */
static size_t find_emoji(const rnni_words *words)
{
    size_t bytes, end = words->position;
    uint32_t code = code_at(words, end, &bytes);
    end += bytes;
    if (code < 0x80) return find_key(words, end, code);
    if (!rnni_unicode_is_emoji(code)) return 0;
    if (is_regional(code) && is_regional(code_at(words, end, &bytes))) return end + bytes - words->position;
    for (;;) {
        code = code_at(words, end, &bytes);
        if (modifies_emoji(code)) {
            end += bytes;
            continue;
        }
        size_t joined;
        if (code != JOINER || !rnni_unicode_is_emoji(code_at(words, end + bytes, &joined)))
            return end - words->position;
        end += bytes + joined;
    }
}

/* What is at the position, what becomes of it, and the word it may become. */
typedef struct finding {
    size_t bytes;
    int choice;
    const char *token;
} finding;

static finding find(const rnni_words *words)
{
    static const struct {
        size_t offset;
        size_t (*find)(const rnni_words *words);
        const char *token;
        bool anywhere; /* in a word too */
    } kinds[] = {
        { offsetof(rnni_cleaning, urls), find_url, "<url>", false },
        { offsetof(rnni_cleaning, mentions), find_mention, "<user>", false },
        { offsetof(rnni_cleaning, hashtags), find_hashtag, "<hashtag>", false },
        { offsetof(rnni_cleaning, emoji), find_emoji, "<emoji>", true },
        { offsetof(rnni_cleaning, numbers), find_number, "<number>", false },
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        int choice = *((const uint8_t *)&words->cleaning + kinds[i].offset);
        if (choice == RNNI_KEEP || (words->after_letter && !kinds[i].anywhere)) continue;
        size_t bytes = kinds[i].find(words);
        if (bytes) return (finding){ bytes, choice, kinds[i].token };
    }
    return (finding){ 0, RNNI_KEEP, NULL };
}

/* ---- contractions ---- */

static bool ends_with(const rnni_words *words, const char *end)
{
    size_t size = strlen(end);
    if (words->length < size) return false;
    const char *at = words->buffer + words->length - size;
    for (size_t i = 0; i < size; i++)
        if (small((unsigned char)at[i]) != (unsigned char)end[i]) return false;
    return true;
}

static bool is_word(const rnni_words *words, const char *word)
{
    return words->length == strlen(word) && ends_with(words, word);
}

static void split_off(rnni_words *words, size_t bytes, const char *word)
{
    words->length -= bytes;
    words->pending[words->pendings++] = word;
}

/* Those that are no word and its ending. */
static bool expand_irregular(rnni_words *words)
{
    static const struct {
        const char *word, *first, *second;
    } irregular[] = {
        { "won't", "will", "not" }, { "can't", "can", "not" }, { "shan't", "shall", "not" },
        { "ain't", "is", "not" },   { "let's", "let", "us" },  { "y'all", "you", "all" },
    };
    for (size_t i = 0; i < sizeof(irregular) / sizeof(*irregular); i++) {
        if (!is_word(words, irregular[i].word)) continue;
        words->length = 0;
        rnni_words_append(words, irregular[i].first, strlen(irregular[i].first));
        words->pending[words->pendings++] = irregular[i].second;
        return true;
    }
    return false;
}

/* Behind these 's is short for is; elsewhere it mostly is a genitive and stays. */
static bool expand_is(rnni_words *words)
{
    static const char *const before[] = { "it's",   "he's",  "she's",   "that's", "what's", "there's",
                                          "here's", "who's", "where's", "how's",  "when's", "why's" };
    for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
        if (!is_word(words, before[i])) continue;
        split_off(words, 2, "is");
        return true;
    }
    return false;
}

static bool expand_ending(rnni_words *words)
{
    static const struct {
        const char *ending, *word;
    } endings[] = {
        { "n't", "not" },  { "'re", "are" }, { "'ve", "have" },
        { "'ll", "will" }, { "'m", "am" },   { "'d", "would" },
    };
    for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
        size_t size = strlen(endings[i].ending);
        if (words->length == size || !ends_with(words, endings[i].ending)) continue;
        split_off(words, size, endings[i].word);
        return true;
    }
    return false;
}

/* The first word stays in the buffer, those behind it wait. */
static void expand(rnni_words *words)
{
    if (words->length > LONGEST_CONTRACTION || words->length > words->capacity) return;
    while (words->pendings < 4 && memchr(words->buffer, APOSTROPHE, words->length))
        if (!expand_irregular(words) && !expand_is(words) && !expand_ending(words)) return;
}

/* ---- words ---- */

static bool give_pending(rnni_words *words)
{
    const char *word = words->pending[--words->pendings];
    words->length = 0;
    rnni_words_append(words, word, strlen(word));
    return true;
}

/* Takes what was found; true when it is a word. */
static bool take(rnni_words *words, finding found)
{
    words->start = words->position;
    words->position += found.bytes;
    words->after_letter = false;
    words->last = 0;
    if (found.choice == RNNI_REMOVE) return false;
    if (found.choice == RNNI_TOKEN) rnni_words_append(words, found.token, strlen(found.token));
    else rnni_words_append(words, (const char *)words->text + words->start, found.bytes);
    return true;
}

static bool next_character(rnni_words *words)
{
    while (words->position < words->size) {
        words->length = 0;
        finding found = find(words);
        if (found.bytes && take(words, found)) return true;
        if (found.bytes) continue;
        words->start = words->position;
        character c = read_character(words);
        if (c.code == 0) continue;
        words->after_letter = c.letter;
        if (is_too_many(words, c)) continue;
        append(words, c.code);
        return true;
    }
    return false;
}

static bool next_word(rnni_words *words)
{
    words->length = 0;
    words->last = 0;
    while (words->position < words->size) {
        finding found = find(words);
        if (found.bytes && words->length > 0) break; /* it comes next */
        if (found.bytes && take(words, found)) return true;
        if (found.bytes) continue;
        size_t before = words->position;
        character c = read_character(words);
        if (c.code == 0) continue;
        words->after_letter = c.letter;
        if (c.space && words->length > 0) break;
        if (c.space) continue;
        if (words->length == 0) words->start = before;
        if (!is_too_many(words, c)) append(words, c.code);
    }
    if (words->length > 0 && words->cleaning.contractions) expand(words);
    return words->length > 0;
}

bool rnni_words_next_more(rnni_words *words)
{
    if (words->pendings > 0) return give_pending(words);
    return words->cleaning.characters ? next_character(words) : next_word(words);
}
