/* SPDX-License-Identifier: MIT */
#ifndef RNNI_NUMBER_H
#define RNNI_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers as text, independent of the locale. */

/* Parses all of text[0, size): [+-]digits[.digits][e[+-]digits], also "nan", "inf" and "infinity" in any
 * case. Correctly rounded. false when the text is anything else; overflow gives +-infinity and true. */
bool rnni_parse_double(const char *text, size_t size, double *out);
/* Parses all of text[0, size) as a decimal integer with an optional sign; false on anything else or
 * overflow. */
bool rnni_parse_i64(const char *text, size_t size, int64_t *out);

/* The shortest text that parses back to the same double ("0.1", "1e-07", "-3", "nan", "inf"); returns its
 * length. */
#define RNNI_NUMBER_SIZE 40
size_t rnni_print_double(double value, char out[RNNI_NUMBER_SIZE]);
/* `digits` significant digits at most (1 to 17), for people: "0.8712". */
size_t rnni_print_digits(double value, int digits, char out[RNNI_NUMBER_SIZE]);

#endif
