/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "text/utf8.h"

static uint32_t decode(const char *text, size_t size, size_t *length)
{
    return rnni_utf8_decode((const unsigned char *)text, size, length);
}

static void check_decode(const char *text, size_t size, uint32_t code, size_t length)
{
    size_t got;
    CHECK_INT(decode(text, size, &got), code);
    CHECK_INT(got, length);
}

TEST(decodes_each_length)
{
    check_decode("A", 1, 'A', 1);
    check_decode("\0", 1, 0, 1);
    check_decode("\xC3\xA4", 2, 0xE4, 2);
    check_decode("\xE2\x82\xAC", 3, 0x20AC, 3);
    check_decode("\xF0\x9F\x98\x80", 4, 0x1F600, 4);
    check_decode("\xF4\x8F\xBF\xBF", 4, 0x10FFFF, 4);
}

TEST(reads_invalid_bytes_one_by_one)
{
    check_decode("\x80", 1, 0xFFFD, 1);                 /* a continuation alone */
    check_decode("\xC3", 1, 0xFFFD, 1);                 /* cut off */
    check_decode("\xE2\x82", 2, 0xFFFD, 1);
    check_decode("\xC3" "A", 2, 0xFFFD, 1);
    check_decode("\xC0\x80", 2, 0xFFFD, 1);             /* longer than needed */
    check_decode("\xE0\x80\x80", 3, 0xFFFD, 1);
    check_decode("\xF0\x80\x80\x80", 4, 0xFFFD, 1);
    check_decode("\xED\xA0\x80", 3, 0xFFFD, 1);         /* half of a pair */
    check_decode("\xF4\x90\x80\x80", 4, 0xFFFD, 1);     /* behind the last code point */
    check_decode("\xFF", 1, 0xFFFD, 1);
}

TEST(encoding_and_decoding_are_inverse)
{
    for (uint32_t code = 0; code <= 0x10FFFF; code += code < 0x3000 ? 1 : 97) {
        if (code >= 0xD800 && code <= 0xDFFF) continue;
        unsigned char bytes[4];
        size_t size = rnni_utf8_encode(code, bytes), length;
        CHECK_INT(rnni_utf8_decode(bytes, size, &length), code);
        CHECK_INT(length, size);
    }
}

TEST(lowers_letters)
{
    static const struct { uint32_t capital, small; } pairs[] = {
        { 'A', 'a' }, { 'Z', 'z' }, { 0xC4, 0xE4 }, { 0xDE, 0xFE }, { 0x100, 0x101 }, { 0x130, 'i' },
        { 0x139, 0x13A }, { 0x147, 0x148 }, { 0x14A, 0x14B }, { 0x178, 0xFF }, { 0x179, 0x17A },
        { 0x17D, 0x17E },
        { 0x386, 0x3AC }, { 0x388, 0x3AD }, { 0x38C, 0x3CC }, { 0x38E, 0x3CD }, { 0x391, 0x3B1 },
        { 0x3A3, 0x3C3 }, { 0x3A9, 0x3C9 }, { 0x401, 0x451 }, { 0x410, 0x430 }, { 0x42F, 0x44F },
        { 0x460, 0x461 }, { 0x48A, 0x48B }, { 0x4C0, 0x4CF }, { 0x4C1, 0x4C2 }, { 0x4D0, 0x4D1 },
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        CHECK_INT(rnni_utf8_lower(pairs[i].capital), pairs[i].small);
        CHECK_INT(rnni_utf8_lower(pairs[i].small), pairs[i].small);
    }
}

TEST(leaves_other_characters)
{
    static const uint32_t codes[] = {
        '0', '@', '[', '{', 0xD7, 0xDF, 0x131, 0x138, 0x149, 0x17F, 0x3A2, 0x20AC, 0x4E2D, 0xFFFD, 0x1F600,
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        CHECK_INT(rnni_utf8_lower(codes[i]), codes[i]);
}

TEST(knows_white_space)
{
    static const uint32_t spaces[] = {
        0, ' ', '\t', '\n', '\r', 0x1F, 0x7F, 0x85, 0xA0, 0x1680, 0x2003, 0x2028, 0x202F, 0x205F, 0x3000,
    };
    static const uint32_t others[] = { '!', 'a', 0xA1, 0x200B, 0x2010, 0x3001, 0xFFFD };
    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) CHECK(rnni_utf8_is_space(spaces[i]));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) CHECK(!rnni_utf8_is_space(others[i]));
}

TEST_MAIN
