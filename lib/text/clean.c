/* SPDX-License-Identifier: MIT */
#include "text/clean.h"
#include "text/utf8.h"

#include <string.h>

typedef enum { SPACE, PUNCTUATION, LETTER, BEYOND_ASCII } byte_class;

static byte_class class_of(unsigned char byte)
{
    if (byte >= 0x80) return BEYOND_ASCII;
    if (byte <= 0x20 || byte == 0x7F) return SPACE;
    bool letter = (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
    return letter ? LETTER : PUNCTUATION;
}

static bool asks_for_more(const rnni_cleaning *c)
{
    return c->fold || c->entities || c->typography || c->accents || c->contractions || c->urls ||
           c->mentions || c->hashtags || c->numbers || c->emoji || c->repeats;
}

void rnni_words_begin(rnni_words *words, rnni_cleaning cleaning, const char *text, size_t size)
{
    words->cleaning = cleaning;
    words->text = (const unsigned char *)text;
    words->size = size;
    words->position = words->start = words->length = 0;
    words->in_word = words->no_more_tags = false;
    words->buffer = words->local;
    words->capacity = sizeof(words->local);
    words->more = asks_for_more(&cleaning);
    words->after_letter = false;
    words->last = 0;
    words->run = 0;
    words->pendings = 0;
}

void rnni_words_back(rnni_words *words)
{
    words->position = words->start;
    words->in_word = words->after_letter = false;
    words->pendings = 0;
}

/* A search that fails is the last one, so that the time stays linear in the text. */
size_t rnni_words_tag(rnni_words *words)
{
    const unsigned char *at = words->text + words->position;
    size_t left = words->size - words->position;
    if (!words->cleaning.strip_tags || words->no_more_tags || left < 3 || at[0] != '<') return 0;
    bool opens = at[1] == '/' || at[1] == '!' || ((at[1] | 0x20) >= 'a' && (at[1] | 0x20) <= 'z');
    if (!opens) return 0;
    const unsigned char *end = memchr(at + 2, '>', left - 2);
    if (!end) words->no_more_tags = true;
    return end ? (size_t)(end - at) + 1 : 0;
}

/* One character of the cleaned text: what becomes a space is one, a tag too. */
typedef struct character {
    uint32_t code;
    size_t bytes; /* of the text */
    bool space;
} character;

static bool continues_word(const rnni_words *words, size_t position)
{
    if (position >= words->size) return false;
    byte_class kind = class_of(words->text[position]);
    if (kind != BEYOND_ASCII) return kind == LETTER;
    size_t length;
    return !rnni_utf8_is_space(rnni_utf8_decode(words->text + position, words->size - position, &length));
}

static character read_punctuation(rnni_words *words)
{
    unsigned char byte = words->text[words->position];
    size_t tag = byte == '<' ? rnni_words_tag(words) : 0;
    if (tag) return (character){ ' ', tag, true };
    if (!words->cleaning.strip_punctuation) return (character){ byte, 1, false };
    bool inside = byte == '\'' && words->in_word && words->text[words->position - 1] != '\'' &&
                  continues_word(words, words->position + 1);
    return (character){ inside ? byte : ' ', 1, !inside };
}

static character classify(rnni_words *words)
{
    unsigned char byte = words->text[words->position];
    switch (class_of(byte)) {
    case SPACE: return (character){ byte ? byte : ' ', 1, true };
    case PUNCTUATION: return read_punctuation(words);
    case LETTER: /* letters and digits of ASCII have the bit 0x20 in their small form */
        return (character){ words->cleaning.lowercase ? byte | 0x20u : byte, 1, false };
    default: break;
    }
    character c;
    c.code = rnni_utf8_decode(words->text + words->position, words->size - words->position, &c.bytes);
    c.space = rnni_utf8_is_space(c.code);
    if (words->cleaning.lowercase) c.code = rnni_utf8_lower(c.code);
    return c;
}

static character read_character(rnni_words *words)
{
    character c = classify(words);
    words->position += c.bytes;
    words->in_word = !c.space;
    return c;
}

void rnni_words_append(rnni_words *words, const char *bytes, size_t count)
{
    if (words->length <= words->capacity && count <= words->capacity - words->length)
        memcpy(words->buffer + words->length, bytes, count);
    words->length += count;
}

static void append(rnni_words *words, uint32_t code)
{
    unsigned char bytes[4];
    size_t count = rnni_utf8_encode(code, bytes);
    rnni_words_append(words, (const char *)bytes, count);
}

static bool next_character(rnni_words *words)
{
    if (words->position >= words->size) return false;
    words->start = words->position;
    character c = read_character(words);
    words->length = 0;
    append(words, c.code);
    return true;
}

/* The run of ASCII letters and digits at the position: most of a text, so it has a short path. */
static void append_letters(rnni_words *words)
{
    unsigned char small = words->cleaning.lowercase ? 0x20 : 0;
    while (words->position < words->size && words->length < words->capacity) {
        unsigned char byte = words->text[words->position];
        if (class_of(byte) != LETTER) return;
        words->buffer[words->length++] = (char)(byte | small);
        words->position++;
    }
}

bool rnni_words_next(rnni_words *words)
{
    if (words->more) return rnni_words_next_more(words);
    if (words->cleaning.characters) return next_character(words);
    words->length = 0;
    while (words->position < words->size) {
        size_t before = words->position;
        character c = read_character(words);
        if (!c.space && words->length == 0) words->start = before;
        if (c.space && words->length > 0) break;
        if (c.space) continue;
        append(words, c.code);
        append_letters(words);
    }
    return words->length > 0;
}
