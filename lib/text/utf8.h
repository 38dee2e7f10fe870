/* SPDX-License-Identifier: MIT */
#ifndef RNNI_UTF8_H
#define RNNI_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RNNI_UTF8_INVALID 0xFFFD

/* The code point at the front of text[0, size), size >= 1; *length is how many bytes it takes. A byte that
 * begins no valid character in its shortest form is U+FFFD and takes one byte. */
uint32_t rnni_utf8_decode(const unsigned char *text, size_t size, size_t *length);

/* Writes a code point <= U+10FFFF; returns its 1 to 4 bytes. */
size_t rnni_utf8_encode(uint32_t code, unsigned char out[4]);

/* Small letter of a capital of ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic; anything else as it
 * is. */
uint32_t rnni_utf8_lower(uint32_t code);

/* White space and control characters: whatever separates words. */
bool rnni_utf8_is_space(uint32_t code);

#endif
