/* SPDX-License-Identifier: MIT */
#include "tensor/convert.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Everything goes through one of two carriers that hold the source exactly: int64 for integers and BOOL,
 * double for the floats. */
enum { CHUNK = 256 };

static bool is_float(int32_t dtype)
{
    return dtype == RNN_F32 || dtype == RNN_F64 || dtype == RNN_F16 || dtype == RNN_BF16;
}

void rnni_dtype_limits(int32_t dtype, int64_t *minimum, int64_t *maximum)
{
    *minimum = *maximum = 0;
    switch (dtype) {
    case RNN_I64: *minimum = INT64_MIN; *maximum = INT64_MAX; break;
    case RNN_I32: *minimum = INT32_MIN; *maximum = INT32_MAX; break;
    case RNN_I16: *minimum = INT16_MIN; *maximum = INT16_MAX; break;
    case RNN_I8: *minimum = INT8_MIN; *maximum = INT8_MAX; break;
    case RNN_U8: *maximum = UINT8_MAX; break;
    default: break;
    }
}

/* Half and bfloat16. */

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

float rnni_bf16_to_float(uint16_t bits)
{
    return float_of((uint32_t)bits << 16);
}

float rnni_f16_to_float(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 0x3FF;
    if (exponent == 31) return float_of(sign | 0x7F800000u | fraction << 13);
    if (exponent != 0) return float_of(sign | (exponent + 112) << 23 | fraction << 13);
    float small = (float)fraction * 0x1p-24f; /* exact: subnormal halves are normal floats */
    return sign ? -small : small;
}

/* A double as a small float of `width` exponent bits and `digits` fraction bits, without the sign. */
static uint32_t narrow(double value, int width, int digits)
{
    uint64_t bits = bits_of(value), fraction = bits & ((UINT64_C(1) << 52) - 1);
    int exponent = (int)(bits >> 52 & 0x7FF);
    int bias = (1 << (width - 1)) - 1;
    uint32_t infinity = ((1u << width) - 1) << digits;
    if (exponent == 0x7FF && fraction)
        return infinity | 1u << (digits - 1) | (uint32_t)(fraction >> (52 - digits));
    if (exponent == 0x7FF) return infinity;
    int wanted = exponent - 1023 + bias;
    if (wanted > 2 * bias) return infinity;
    int shift = 52 - digits;
    if (wanted < 1) {
        shift += 1 - wanted;
        wanted = 0;
        if (shift > 54 || exponent == 0) return 0;
        fraction |= UINT64_C(1) << 52;
    }
    uint64_t half = UINT64_C(1) << (shift - 1), rest = fraction & (2 * half - 1);
    uint32_t result = ((uint32_t)wanted << digits) + (uint32_t)(fraction >> shift);
    /* A carry out of the fraction goes into the exponent, up to infinity: the encoding is in numeric
     * order. */
    return result + (rest > half || (rest == half && (result & 1)));
}

uint16_t rnni_f16_from_double(double value)
{
    return (uint16_t)(narrow(value, 5, 10) | (bits_of(value) >> 63) << 15);
}

uint16_t rnni_bf16_from_double(double value)
{
    return (uint16_t)(narrow(value, 8, 7) | (bits_of(value) >> 63) << 15);
}

/* Loading into a carrier. */

#define FETCH(type, expression) \
    for (int64_t i = 0; i < count; i++) { \
        type x; \
        memcpy(&x, (const char *)source + i * stride * (int64_t)sizeof(type), sizeof(type)); \
        out[i] = (expression); \
    } \
    break

static void load_floats(int32_t dtype, const void *source, int64_t stride, int64_t count, double *out)
{
    switch (dtype) {
    case RNN_F32: FETCH(float, x);
    case RNN_F64: FETCH(double, x);
    case RNN_F16: FETCH(uint16_t, rnni_f16_to_float(x));
    case RNN_BF16: FETCH(uint16_t, rnni_bf16_to_float(x));
    default: break;
    }
}

static void load_integers(int32_t dtype, const void *source, int64_t stride, int64_t count, int64_t *out)
{
    switch (dtype) {
    case RNN_I64: FETCH(int64_t, x);
    case RNN_I32: FETCH(int32_t, x);
    case RNN_I16: FETCH(int16_t, x);
    case RNN_I8: FETCH(int8_t, x);
    case RNN_U8: FETCH(uint8_t, x);
    case RNN_BOOL: FETCH(uint8_t, x != 0);
    default: break;
    }
}

/* Storing from a carrier. */

/* The double that any narrower float is rounded from as if from the integer itself: digits that a double
 * cannot hold leave a trace in its last bit (rounding to odd). */
static double odd_double(int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (magnitude >> 53) magnitude = (magnitude >> 11 << 11) | (magnitude & 0x7FF ? 0x800 : 0);
    double result = (double)magnitude;
    return value < 0 ? -result : result;
}

#define STORE(type, expression) \
    for (int64_t i = 0; i < count; i++) { \
        type x = (type)(expression); \
        memcpy((char *)target + i * stride * (int64_t)sizeof(type), &x, sizeof(type)); \
    } \
    break

static int64_t clamp(int64_t value, int64_t minimum, int64_t maximum)
{
    return value < minimum ? minimum : value > maximum ? maximum : value;
}

static void store_integers(int32_t dtype, void *target, int64_t stride, int64_t count, const int64_t *in)
{
    int64_t low, high;
    rnni_dtype_limits(dtype, &low, &high);
    switch (dtype) {
    case RNN_F32: STORE(float, in[i]);
    case RNN_F64: STORE(double, in[i]);
    case RNN_F16: STORE(uint16_t, rnni_f16_from_double(odd_double(in[i])));
    case RNN_BF16: STORE(uint16_t, rnni_bf16_from_double(odd_double(in[i])));
    case RNN_I64: STORE(int64_t, in[i]);
    case RNN_I32: STORE(int32_t, clamp(in[i], low, high));
    case RNN_I16: STORE(int16_t, clamp(in[i], low, high));
    case RNN_I8: STORE(int8_t, clamp(in[i], low, high));
    case RNN_U8: STORE(uint8_t, clamp(in[i], low, high));
    case RNN_BOOL: STORE(uint8_t, in[i] != 0);
    default: break;
    }
}

static int64_t nearest(double value)
{
    double whole = rint(value);
    if (whole >= 0x1p63) return INT64_MAX;
    if (whole < -0x1p63) return INT64_MIN;
    return whole == whole ? (int64_t)whole : 0;
}

static void store_floats(int32_t dtype, void *target, int64_t stride, int64_t count, const double *in)
{
    int64_t integers[CHUNK];
    switch (dtype) {
    case RNN_F32: STORE(float, in[i]);
    case RNN_F64: STORE(double, in[i]);
    case RNN_F16: STORE(uint16_t, rnni_f16_from_double(in[i]));
    case RNN_BF16: STORE(uint16_t, rnni_bf16_from_double(in[i]));
    case RNN_BOOL: STORE(uint8_t, in[i] != 0);
    default:
        for (int64_t i = 0; i < count; i++) integers[i] = nearest(in[i]);
        store_integers(dtype, target, stride, count, integers);
    }
}

/* Whole runs. */

static const void *element(const void *data, int32_t dtype, int64_t offset)
{
    return (const char *)data + offset * rnn_dtype_size(dtype);
}

void rnni_convert(int32_t to, void *target, int64_t target_stride, int32_t from, const void *source,
                  int64_t source_stride, int64_t count)
{
    union {
        double floats[CHUNK];
        int64_t integers[CHUNK];
    } carrier;
    if (to == from && target_stride == 1 && source_stride == 1) {
        if (count > 0) memcpy(target, source, (size_t)(count * rnn_dtype_size(to)));
        return;
    }
    for (int64_t done = 0; done < count; done += CHUNK) {
        int64_t part = count - done < CHUNK ? count - done : CHUNK;
        const void *in = element(source, from, done * source_stride);
        void *out = (char *)target + done * target_stride * rnn_dtype_size(to);
        if (is_float(from)) {
            load_floats(from, in, source_stride, part, carrier.floats);
            store_floats(to, out, target_stride, part, carrier.floats);
        } else {
            load_integers(from, in, source_stride, part, carrier.integers);
            store_integers(to, out, target_stride, part, carrier.integers);
        }
    }
}

static bool fits_integer(double value, int64_t low, int64_t high)
{
    double whole = rint(value);
    return whole >= (double)low && whole < 0x1p63 && (int64_t)whole <= high;
}

int64_t rnni_convert_fits(int32_t to, int32_t from, const void *source, int64_t stride, int64_t count)
{
    int64_t low, high;
    rnni_dtype_limits(to, &low, &high);
    if (low == high || to == from) return count;
    for (int64_t done = 0; done < count; done++) {
        double x;
        int64_t n;
        if (is_float(from)) {
            load_floats(from, element(source, from, done * stride), 1, 1, &x);
            if (!fits_integer(x, low, high)) return done;
        } else {
            load_integers(from, element(source, from, done * stride), 1, 1, &n);
            if (n < low || n > high) return done;
        }
    }
    return count;
}

double rnni_convert_get(int32_t dtype, const void *data)
{
    double x = 0;
    int64_t n = 0;
    if (is_float(dtype)) {
        load_floats(dtype, data, 1, 1, &x);
        return x;
    }
    load_integers(dtype, data, 1, 1, &n);
    return (double)n;
}
