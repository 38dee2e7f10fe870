/* SPDX-License-Identifier: MIT */
#ifndef RNNI_CONVERT_H
#define RNNI_CONVERT_H

#include <rnn/tensor.h>

/* Elements from one type to another. Every conversion rounds once, to nearest with ties to even; floats
 * that are too large become infinite, and BOOL is 1 for everything but 0. Strides are in elements; data
 * need not be aligned. */

/* How many leading elements of `from` fit into the type `to`: `count` when all do. Only integers can
 * refuse. */
int64_t rnni_convert_fits(int32_t to, int32_t from, const void *source, int64_t stride, int64_t count);

/* Converts `count` elements; the caller knows that they fit (others are clamped, and NaN becomes 0). */
void rnni_convert(int32_t to, void *target, int64_t target_stride, int32_t from, const void *source,
                  int64_t source_stride, int64_t count);

/* One element as a double. */
double rnni_convert_get(int32_t dtype, const void *element);

/* The smallest and largest value of an integer type; both 0 for the other types. */
void rnni_dtype_limits(int32_t dtype, int64_t *minimum, int64_t *maximum);

/* Half and bfloat16 numbers as their bits. */
float rnni_f16_to_float(uint16_t bits);
float rnni_bf16_to_float(uint16_t bits);
uint16_t rnni_f16_from_double(double value);
uint16_t rnni_bf16_from_double(double value);

#endif
