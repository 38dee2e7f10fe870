/* SPDX-License-Identifier: MIT */
#include "text/unicode.h"
#include "text/utf8.h"

#include <string.h>

typedef struct folding {
    uint32_t first, last; /* every `step`-th of them moves by `difference` */
    int32_t step, difference;
} folding;

typedef struct accented {
    uint16_t code, base;
} accented;

typedef struct range {
    uint32_t first, last;
} range;

typedef struct entity {
    char name[10];
    uint16_t code;
} entity;

#include "unicode_tables.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

uint32_t rnni_unicode_fold(uint32_t code)
{
    size_t low = 0, high = COUNT(folding_table);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const folding *row = &folding_table[middle];
        if (code < row->first) high = middle;
        else if (code > row->last) low = middle + 1;
        else
            return (code - row->first) % (uint32_t)row->step ? code
                                                             : (uint32_t)((int32_t)code + row->difference);
    }
    return code;
}

static bool is_accent(uint32_t code)
{
    return (code >= 0x300 && code <= 0x36F) || (code >= 0x1AB0 && code <= 0x1AFF) ||
           (code >= 0x1DC0 && code <= 0x1DFF) || (code >= 0x20D0 && code <= 0x20FF) ||
           (code >= 0xFE20 && code <= 0xFE2F);
}

uint32_t rnni_unicode_base(uint32_t code)
{
    if (code < 0xC0) return code;
    if (is_accent(code)) return 0;
    size_t low = 0, high = COUNT(accented_table);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (accented_table[middle].code == code) return accented_table[middle].base;
        if (accented_table[middle].code < code) low = middle + 1;
        else high = middle;
    }
    return code;
}

static bool is_in(const range *table, size_t count, uint32_t code)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code < table[middle].first) high = middle;
        else if (code > table[middle].last) low = middle + 1;
        else return true;
    }
    return false;
}

bool rnni_unicode_is_punctuation(uint32_t code)
{
    return is_in(punctuation_table, COUNT(punctuation_table), code);
}

bool rnni_unicode_is_emoji(uint32_t code) { return is_in(emoji_table, COUNT(emoji_table), code); }

uint32_t rnni_entity_find(const char *name, size_t length)
{
    size_t low = 0, high = COUNT(entity_table);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *there = entity_table[middle].name;
        int order = strncmp(name, there, length);
        if (order == 0 && there[length] == 0) return entity_table[middle].code;
        if (order > 0) low = middle + 1;
        else high = middle;
    }
    return 0;
}

uint32_t rnni_entity_code(uint32_t number)
{
    if (number >= 0x80 && number < 0xA0) return windows_table[number - 0x80];
    bool character = number > 0 && number <= 0x10FFFF && (number < 0xD800 || number > 0xDFFF);
    return character ? number : RNNI_UTF8_INVALID;
}
