/* SPDX-License-Identifier: MIT */
#include "text/utf8.h"

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

uint32_t rnni_utf8_decode(const unsigned char *text, size_t size, size_t *length)
{
    *length = 1;
    unsigned char lead = text[0];
    if (lead < 0x80) return lead;
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || size < need) return RNNI_UTF8_INVALID;
    uint32_t code = lead & (0x7Fu >> need);
    for (size_t i = 1; i < need; i++) {
        if (!is_continuation(text[i])) return RNNI_UTF8_INVALID;
        code = code << 6 | (text[i] & 0x3F);
    }
    /* Forms longer than needed, halves of UTF-16 pairs, and what lies behind the last code point. */
    if ((need == 3 && code < 0x800) || (need == 4 && (code < 0x10000 || code > 0x10FFFF)) ||
        (code >= 0xD800 && code <= 0xDFFF))
        return RNNI_UTF8_INVALID;
    *length = need;
    return code;
}

size_t rnni_utf8_encode(uint32_t code, unsigned char out[4])
{
    if (code < 0x80) {
        out[0] = (unsigned char)code;
        return 1;
    }
    size_t count = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = count - 1; i > 0; i--, code >>= 6) out[i] = (unsigned char)(0x80 | (code & 0x3F));
    out[0] = (unsigned char)(0xF00u >> count | code);
    return count;
}

/* U+0100 to U+017F: pairs of capital and small letter with a few exceptions; the capital is odd from U+0139
 * to U+0148 and from U+0179 on, else even. */
static uint32_t lower_extended(uint32_t code)
{
    if (code == 0x130) return 'i';
    if (code == 0x178) return 0xFF;
    if (code == 0x131 || code == 0x138 || code == 0x149 || code == 0x17F) return code;
    bool odd_capital = (code >= 0x139 && code <= 0x148) || code >= 0x179;
    return (code & 1) == (odd_capital ? 1u : 0u) ? code + 1 : code;
}

static uint32_t lower_greek(uint32_t code)
{
    if (code == 0x386) return 0x3AC;
    if (code >= 0x388 && code <= 0x38A) return code + 37;
    if (code == 0x38C) return 0x3CC;
    if (code == 0x38E || code == 0x38F) return code + 63;
    if (code >= 0x391 && code <= 0x3AB && code != 0x3A2) return code + 32;
    return code;
}

static uint32_t lower_cyrillic(uint32_t code)
{
    if (code <= 0x40F) return code + 80;
    if (code <= 0x42F) return code + 32;
    bool even_capital = (code >= 0x460 && code <= 0x481) || (code >= 0x48A && code <= 0x4BF) || code >= 0x4D0;
    if (even_capital) return code | 1;
    if (code == 0x4C0) return 0x4CF;
    if (code >= 0x4C1 && code <= 0x4CE) return (code & 1) ? code + 1 : code;
    return code;
}

uint32_t rnni_utf8_lower(uint32_t code)
{
    if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
    if (code < 0x100) return code >= 0xC0 && code <= 0xDE && code != 0xD7 ? code + 32 : code;
    if (code < 0x180) return lower_extended(code);
    if (code >= 0x370 && code < 0x400) return lower_greek(code);
    if (code >= 0x400 && code < 0x530) return lower_cyrillic(code);
    return code;
}

bool rnni_utf8_is_space(uint32_t code)
{
    if (code < 0x80) return code <= 0x20 || code == 0x7F;
    return code <= 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
           code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}
