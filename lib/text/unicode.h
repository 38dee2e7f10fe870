/* SPDX-License-Identifier: MIT */
#ifndef RNNI_UNICODE_H
#define RNNI_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Simple case folding of all of Unicode: one code point stays one. */
uint32_t rnni_unicode_fold(uint32_t code);
/* The letter without its accents; 0 for an accent that stands alone behind its letter. */
uint32_t rnni_unicode_base(uint32_t code);
/* Punctuation beyond ASCII: quotes, dashes, ellipses, brackets and all else of the categories P. */
bool rnni_unicode_is_punctuation(uint32_t code);
bool rnni_unicode_is_emoji(uint32_t code);
/* What "&name;" stands for, HTML 4 and &apos;; 0 when there is no such name. */
uint32_t rnni_entity_find(const char *name, size_t length);
/* The character of "&#number;": numbers that are no characters are U+FFFD, 128 to 159 those of Windows. */
uint32_t rnni_entity_code(uint32_t number);

#endif
