/* SPDX-License-Identifier: MIT */
#include "core/number.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Decimal numbers of any size. */

/* 0.d1 d2 d3 ... x 10^point, without zeros at either end. A double has at most 767 significant digits and
 * halfway points one more; what lies beyond the array only matters as "not zero" (`more`). Shifting by
 * powers of two is exact. */
enum { DIGITS = 800, SHIFT = 58 };

typedef struct {
    int count, point;
    bool more;
    unsigned char digits[DIGITS];
} decimal;

static void trim(decimal *d)
{
    while (d->count > 0 && d->digits[d->count - 1] == 0) d->count--;
    if (d->count == 0) d->point = 0;
}

static void append(decimal *d, unsigned digit)
{
    if (d->count < DIGITS) d->digits[d->count++] = (unsigned char)digit;
    else if (digit) d->more = true;
}

/* d / 2^bits, bits <= SHIFT, by long division from the first digit on. */
static void shift_right(decimal *d, int bits)
{
    uint64_t rest = 0, mask = (UINT64_C(1) << bits) - 1;
    int read = 0, count = d->count;
    for (; rest >> bits == 0; read++) {
        if (read >= count && rest == 0) return;
        rest = rest * 10 + (read < count ? d->digits[read] : 0);
    }
    d->point -= read - 1;
    d->count = 0;
    for (; read < count; read++) {
        append(d, (unsigned)(rest >> bits)); /* writes behind what has been read */
        rest = (rest & mask) * 10 + d->digits[read];
    }
    for (; rest; rest = (rest & mask) * 10) append(d, (unsigned)(rest >> bits));
    trim(d);
}

/* d * 2^bits, bits <= SHIFT, from the last digit on into the end of a wider row. */
static void shift_left(decimal *d, int bits)
{
    enum { EXTRA = 18 }; /* 2^58 has 18 digits */
    unsigned char row[DIGITS + EXTRA];
    int at = DIGITS + EXTRA;
    uint64_t carry = 0;
    for (int i = d->count - 1; i >= 0 || carry; i--) {
        if (i >= 0) carry += (uint64_t)d->digits[i] << bits;
        row[--at] = (unsigned char)(carry % 10);
        carry /= 10;
    }
    int grown = DIGITS + EXTRA - at;
    d->point += grown - d->count;
    d->count = 0;
    for (int i = 0; i < grown; i++) append(d, row[at + i]);
    trim(d);
}

static void shift(decimal *d, int bits)
{
    for (; bits > SHIFT; bits -= SHIFT) shift_left(d, SHIFT);
    for (; bits < -SHIFT; bits += SHIFT) shift_right(d, SHIFT);
    if (bits > 0) shift_left(d, bits);
    if (bits < 0) shift_right(d, -bits);
}

/* The integer nearest to d, which is below 10^18; ties to even. */
static uint64_t rounded(const decimal *d)
{
    uint64_t n = 0;
    for (int i = 0; i < d->point; i++) n = n * 10 + (i < d->count ? d->digits[i] : 0);
    if (d->point < 0 || d->point >= d->count) return n;
    if (d->digits[d->point] != 5) return n + (d->digits[d->point] > 5);
    bool tie = d->point + 1 == d->count && !d->more;
    return n + (tie ? n & 1 : 1);
}

/* Scales d into [1/2, 1), takes 53 bits (fewer below 2^-1022) and rounds them once. */
static double to_double(decimal *d)
{
    if (d->count == 0 || d->point < -330) return 0;
    if (d->point > 310) return (double)INFINITY;
    int exponent = 0;
    while (d->point > 0) {
        int step = d->point >= 18 ? SHIFT : d->point == 1 ? 3 : d->point * 3;
        shift(d, -step);
        exponent += step;
    }
    while (d->point < 0 || d->digits[0] < 5) {
        int step = d->point <= -18 ? SHIFT : d->point < 0 ? -d->point * 3 : 1;
        shift(d, step);
        exponent -= step;
    }
    int bits = exponent >= -1021 ? 53 : 53 - (-1021 - exponent);
    if (bits < 0) return 0;
    shift(d, bits);
    return exponent > 1024 ? (double)INFINITY : ldexp((double)rounded(d), exponent - bits);
}

/* Text to number. */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool same_word(const char *text, size_t size, const char *word)
{
    if (size != strlen(word)) return false;
    for (size_t i = 0; i < size; i++)
        if ((text[i] | 0x20) != word[i]) return false;
    return true;
}

/* What both ways of conversion need: the digits as a decimal, and the first 19 of them as an integer. */
typedef struct {
    decimal d;
    uint64_t leading;
    int64_t point; /* as d.point, before the exponent is known to be small */
} scan;

static void scan_digit(scan *s, unsigned digit, bool fraction)
{
    bool significant = digit != 0 || s->d.count > 0;
    if (significant && s->d.count < 19) s->leading = s->leading * 10 + digit;
    if (significant) append(&s->d, digit);
    if (significant && !fraction) s->point++;
    if (!significant && fraction) s->point--;
}

/* Reads digits from *at on; false when there is none. */
static bool scan_digits(scan *s, const char *text, size_t size, size_t *at, bool fraction)
{
    size_t start = *at;
    for (; *at < size && is_digit(text[*at]); ++*at) scan_digit(s, (unsigned)(text[*at] - '0'), fraction);
    return *at > start;
}

/* Reads digits of an exponent; what is beyond every double stays there. */
static bool scan_exponent(const char *text, size_t size, size_t *at, int64_t *exponent)
{
    bool negative = *at < size && text[*at] == '-';
    if (*at < size && (text[*at] == '-' || text[*at] == '+')) ++*at;
    size_t start = *at;
    int64_t n = 0;
    for (; *at < size && is_digit(text[*at]); ++*at)
        if (n < INT64_MAX / 100) n = n * 10 + (text[*at] - '0');
    *exponent = negative ? -n : n;
    return *at > start;
}

static bool scan_number(scan *s, const char *text, size_t size)
{
    size_t at = 0;
    int64_t exponent = 0;
    if (!scan_digits(s, text, size, &at, false)) return false;
    if (at < size && text[at] == '.') {
        at++;
        if (!scan_digits(s, text, size, &at, true)) return false;
    }
    if (at < size && (text[at] | 0x20) == 'e') {
        at++;
        if (!scan_exponent(text, size, &at, &exponent)) return false;
    }
    s->point += exponent;
    return at == size;
}

/* When the digits and the power of ten are both exact doubles, one operation rounds once (Clinger 1990). */
static bool convert_fast(const scan *s, double *out)
{
    static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    int64_t exponent = s->point - s->d.count;
    if (FLT_EVAL_METHOD != 0 || s->d.count > 19 || s->leading >> 53 || exponent < -22 || exponent > 22)
        return false;
    double leading = (double)s->leading;
    *out = exponent < 0 ? leading / powers[-exponent] : leading * powers[exponent];
    return true;
}

bool rnni_parse_double(const char *text, size_t size, double *out)
{
    bool negative = size > 0 && text[0] == '-';
    size_t sign = size > 0 && (text[0] == '-' || text[0] == '+');
    text += sign;
    size -= sign;
    double value;
    if (same_word(text, size, "inf") || same_word(text, size, "infinity")) {
        value = (double)INFINITY;
    } else if (same_word(text, size, "nan")) {
        value = (double)NAN;
    } else {
        scan s;
        s.d.count = 0;
        s.d.more = false;
        s.leading = 0;
        s.point = 0;
        if (!scan_number(&s, text, size)) return false;
        if (!convert_fast(&s, &value)) {
            s.d.point = s.point < -10000 ? -10000 : s.point > 10000 ? 10000 : (int)s.point;
            trim(&s.d);
            value = to_double(&s.d);
        }
    }
    *out = negative ? -value : value;
    return true;
}

bool rnni_parse_i64(const char *text, size_t size, int64_t *out)
{
    bool negative = size > 0 && text[0] == '-';
    size_t at = size > 0 && (text[0] == '-' || text[0] == '+');
    uint64_t n = 0, limit = (uint64_t)INT64_MAX + negative;
    if (at == size) return false;
    for (; at < size; at++) {
        if (!is_digit(text[at])) return false;
        unsigned digit = (unsigned)(text[at] - '0');
        if (n > (limit - digit) / 10) return false;
        n = n * 10 + digit;
    }
    *out = !negative ? (int64_t)n : n == limit ? INT64_MIN : -(int64_t)n;
    return true;
}

/* Number to text. */

/* digits[0] . digits[1] digits[2] ... x 10^exponent */
typedef struct {
    int count, exponent;
    char digits[20];
} figure;

/* The `count` digits nearest to a finite value > 0. printf knows them exactly; whatever the locale puts
 * between them is skipped. */
static figure figure_of(double value, int count)
{
    char text[64];
    figure f = { 0, 0, { 0 } };
    snprintf(text, sizeof(text), "%.*e", count - 1, value);
    const char *at = text;
    for (; *at && *at != 'e'; at++)
        if (is_digit(*at) && f.count < count) f.digits[f.count++] = *at;
    if (!*at) return f;
    bool negative = at[1] == '-';
    for (at += 2; is_digit(*at); at++) f.exponent = f.exponent * 10 + (*at - '0');
    if (negative) f.exponent = -f.exponent;
    return f;
}

/* As Python does: positional from 1e-4 up to 1e16, else with an exponent of at least two digits. */
static size_t write_figure(figure f, bool negative, char out[RNNI_NUMBER_SIZE])
{
    char *at = out;
    while (f.count > 1 && f.digits[f.count - 1] == '0') f.count--;
    if (negative) *at++ = '-';
    if (f.exponent >= -4 && f.exponent < 16) {
        /* Digit i stands for 10^(exponent - i): from the ones, or an earlier one, to the ones, or a later
         * one. */
        int first = f.exponent < 0 ? f.exponent : 0;
        int last = f.count - 1 > f.exponent ? f.count - 1 : f.exponent;
        for (int i = first; i <= last; i++) {
            *at++ = i >= 0 && i < f.count ? f.digits[i] : '0';
            if (i == f.exponent && i < last) *at++ = '.';
        }
        *at = 0;
        return (size_t)(at - out);
    }
    *at++ = f.digits[0];
    if (f.count > 1) *at++ = '.';
    for (int i = 1; i < f.count; i++) *at++ = f.digits[i];
    at += snprintf(at, 8, "e%c%02d", f.exponent < 0 ? '-' : '+', f.exponent < 0 ? -f.exponent : f.exponent);
    return (size_t)(at - out);
}

/* Zero, infinity and NaN; 0 for every other value. */
static size_t write_special(double value, bool negative, char out[RNNI_NUMBER_SIZE])
{
    const char *text = isnan(value) ? "nan" : isinf(value) ? "inf" : value == 0 ? "0" : NULL;
    if (!text) return 0;
    size_t sign = negative && !isnan(value);
    if (sign) out[0] = '-';
    memcpy(out + sign, text, strlen(text) + 1);
    return sign + strlen(text);
}

static bool reads_back(figure f, double value)
{
    char text[RNNI_NUMBER_SIZE];
    double back;
    return rnni_parse_double(text, write_figure(f, false, text), &back) && back == value;
}

/* The next larger figure with as many digits. */
static figure next_figure(figure f)
{
    int i = f.count - 1;
    for (; i >= 0 && f.digits[i] == '9'; i--) f.digits[i] = '0';
    if (i >= 0) {
        f.digits[i]++;
    } else {
        f.digits[0] = '1';
        f.exponent++;
    }
    return f;
}

/* Every decimal of up to 15 digits survives the way through a normal double, so trying 15 digits finds all
 * shorter ones as well (with zeros at the end). At a power of two the doubles below are closer than those
 * above: there the figure next to the nearest one may still read back. */
static figure shortest(double value)
{
    int exponent;
    bool power = frexp(value, &exponent) == 0.5;
    for (int count = value < DBL_MIN ? 1 : 15; count < 17; count++) {
        figure f = figure_of(value, count);
        if (reads_back(f, value)) return f;
        f = next_figure(f);
        if (power && reads_back(f, value)) return f;
    }
    return figure_of(value, 17);
}

size_t rnni_print_double(double value, char out[RNNI_NUMBER_SIZE])
{
    bool negative = signbit(value) != 0;
    size_t size = write_special(value, negative, out);
    if (size) return size;
    double magnitude = fabs(value);
    if (magnitude < 0x1p53 && magnitude == floor(magnitude))
        return (size_t)snprintf(out, RNNI_NUMBER_SIZE, "%lld", (long long)value);
    return write_figure(shortest(magnitude), negative, out);
}

size_t rnni_print_digits(double value, int digits, char out[RNNI_NUMBER_SIZE])
{
    bool negative = signbit(value) != 0;
    size_t size = write_special(value, negative, out);
    if (size) return size;
    return write_figure(figure_of(fabs(value), digits < 1 ? 1 : digits > 17 ? 17 : digits), negative, out);
}
