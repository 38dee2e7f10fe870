/* SPDX-License-Identifier: MIT */
#include "text/unicode.h"
#include "harness.h"

TEST(folds_every_script)
{
    static const uint32_t pairs[][2] = {
        { 'A', 'a' },       { 'a', 'a' },           { '1', '1' },         { 0xC4, 0xE4 },
        { 0xD7, 0xD7 },     { 0xB5, 0x3BC },        { 0x130, 0x130 },     { 0x131, 0x131 },
        { 0x141, 0x142 },   { 0x178, 0xFF },        { 0x17F, 's' },       { 0x1C4, 0x1C6 },
        { 0x1C5, 0x1C6 },   { 0x3A3, 0x3C3 },       { 0x3C2, 0x3C3 },     { 0x416, 0x436 },
        { 0x531, 0x561 },   { 0x10A0, 0x2D00 },     { 0x13A0, 0x13A0 },   { 0xAB70, 0x13A0 },
        { 0x1E9E, 0xDF },   { 0x1F88, 0x1F80 },     { 0x2126, 0x3C9 },    { 0x212A, 'k' },
        { 0x24B6, 0x24D0 }, { 0xFF21, 0xFF41 },     { 0x10400, 0x10428 }, { 0x1E900, 0x1E922 },
        { 0x4E00, 0x4E00 }, { 0x10FFFF, 0x10FFFF },
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        CHECK_INT(rnni_unicode_fold(pairs[i][0]), pairs[i][1]);
}

TEST(folding_twice_changes_nothing)
{
    int changed = 0;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        uint32_t once = rnni_unicode_fold(code);
        changed += once != code;
        CHECK_INT(rnni_unicode_fold(once), once);
    }
    CHECK(changed > 1380 && changed < 1700);
}

TEST(strips_accents)
{
    static const uint32_t pairs[][2] = {
        { 'e', 'e' },       { 0xE9, 'e' },      { 0xC7, 'C' },      { 0xF1, 'n' },        { 0x1EA5, 'a' },
        { 0x1D6, 'u' },     { 0x3AC, 0x3B1 },   { 0x439, 0x438 },   { 0xDF, 0xDF },       { 0xF8, 0xF8 },
        { 0x142, 0x142 },   { 0x304C, 0x304C }, { 0xAC00, 0xAC00 }, { 0x301, 0 },         { 0x20DD, 0 },
        { 0x3099, 0x3099 }, { 0x93C, 0x93C },   { 0x1F00, 0x3B1 },  { 0x1D15E, 0x1D15E },
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        CHECK_INT(rnni_unicode_base(pairs[i][0]), pairs[i][1]);
    for (uint32_t code = 0; code < 0x20000; code++)
        CHECK_INT(rnni_unicode_base(rnni_unicode_base(code)), rnni_unicode_base(code));
}

TEST(knows_punctuation)
{
    static const uint32_t marks[] = { 0xA1,   0xBF,   0xAB,   0xBB,   0x2013, 0x2014, 0x2018, 0x2019,
                                      0x201C, 0x201D, 0x2026, 0x3001, 0x3002, 0x60C,  0xFF01, 0x10100 };
    static const uint32_t others[] = { 'a', 0xE9, 0xA9, 0x20AC, 0x4E00, 0x2122, 0x1F600, 0x10FFFF };
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        CHECK(rnni_unicode_is_punctuation(marks[i]));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        CHECK(!rnni_unicode_is_punctuation(others[i]));
}

TEST(knows_emoji)
{
    static const uint32_t emoji[] = { 0x1F600, 0x1F44D, 0x2764, 0x26BD, 0x1F1E9, 0x231A, 0x1F9D1, 0x1FAE0 };
    static const uint32_t others[] = { 'a', '1', 0xA9, 0x2014, 0x2122, 0x4E00, 0x2500, 0x1D400 };
    for (size_t i = 0; i < sizeof(emoji) / sizeof(emoji[0]); i++) CHECK(rnni_unicode_is_emoji(emoji[i]));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) CHECK(!rnni_unicode_is_emoji(others[i]));
}

TEST(finds_entities)
{
    static const struct {
        const char *name;
        uint32_t code;
    } known[] = {
        { "amp", '&' },     { "lt", '<' },      { "apos", '\'' },    { "nbsp", 0xA0 },
        { "Eacute", 0xC9 }, { "eacute", 0xE9 }, { "mdash", 0x2014 }, { "thetasym", 0x3D1 },
        { "zwnj", 0x200C }, { "AElig", 0xC6 },  { "euro", 0x20AC },  { "am", 0 },
        { "amps", 0 },      { "AMP", 0 },       { "x", 0 },          { "zzzzzzzzz", 0 },
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        CHECK_INT(rnni_entity_find(known[i].name, strlen(known[i].name)), known[i].code);
    CHECK_INT(rnni_entity_code(65), 65);
    CHECK_INT(rnni_entity_code(0x1F600), 0x1F600);
    CHECK_INT(rnni_entity_code(146), 0x2019);
    CHECK_INT(rnni_entity_code(0x81), 0x81);
    CHECK_INT(rnni_entity_code(0), 0xFFFD);
    CHECK_INT(rnni_entity_code(0xD800), 0xFFFD);
    CHECK_INT(rnni_entity_code(0x110000), 0xFFFD);
}

TEST_MAIN
