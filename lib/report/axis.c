/* SPDX-License-Identifier: MIT */
#include "report/axis.h"
#include "core/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FAR 1e300   /* the distance of two values stays finite */
#define NEAR 1e-290 /* below it a value counts as 0 in the choice of ends */

bool rnni_axis_shows(double value, bool logarithmic)
{
    return isfinite(value) && fabs(value) < FAR && (!logarithmic || value > NEAR);
}

/* The smallest of 1, 2, 5 times a power of ten that is not below `step`. */
static double round_up(double step)
{
    double power = pow(10, floor(log10(step))), lead = step / power;
    return (lead <= 1.000001 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}

/* Ends too close to be told apart by their ticks are moved apart. */
static void separate(double *low, double *high)
{
    double size = fmax(fabs(*low), fabs(*high));
    if (*high - *low > size * 1e-9 && *high - *low > NEAR) return;
    double margin = size > NEAR ? size * 0.1 : 1;
    *low -= margin;
    *high += margin;
}

rnni_axis rnni_axis_linear(double low, double high, int ticks, bool whole, bool loose)
{
    if (whole && high - low < 1) {
        low = floor(low) - 0.5;
        high = low + 1;
    }
    separate(&low, &high);
    rnni_axis axis = { low, high, round_up((high - low) / ticks), false };
    if (whole && axis.step < 1) axis.step = 1;
    if (!loose) return axis;
    axis.low = floor(low / axis.step + 1e-6) * axis.step;
    axis.high = ceil(high / axis.step - 1e-6) * axis.step;
    return axis;
}

rnni_axis rnni_axis_decades(double low, double high, int ticks)
{
    rnni_axis axis = { floor(log10(low) + 1e-9), ceil(log10(high) - 1e-9), 1, true };
    if (axis.high <= axis.low) axis.high = axis.low + 1;
    double decades = axis.high - axis.low;
    axis.step = fmax(1, round_up(decades / ticks));
    return axis;
}

double rnni_axis_place(const rnni_axis *axis, double value)
{
    double at = axis->logarithmic ? log10(value) : value;
    return (at - axis->low) / (axis->high - axis->low);
}

/* Up to two decades have room for ticks at 2 and 5 as well. */
static bool has_small_ticks(const rnni_axis *axis)
{
    return axis->logarithmic && axis->high - axis->low < 2.5;
}

bool rnni_axis_tick(const rnni_axis *axis, int i, double *value)
{
    const double slack = 1e-6 * axis->step;
    bool small = has_small_ticks(axis);
    double first = ceil((axis->low - slack) / axis->step), at = (first + (small ? i / 3 : i)) * axis->step;
    if (small && i % 3) at += log10(i % 3 == 1 ? 2 : 5);
    if (at > axis->high + slack) return false;
    *value = axis->logarithmic ? pow(10, at) : at;
    return true;
}

/* Mantissa and exponent, for numbers that are long otherwise. */
static void write_scientific(double value, int digits, char out[RNNI_TICK_SIZE])
{
    char mantissa[RNNI_NUMBER_SIZE];
    int exponent = (int)floor(log10(fabs(value)) + 1e-9);
    double lead = exponent < -300 ? value * 1e300 / pow(10, exponent + 300) : value / pow(10, exponent);
    rnni_print_digits(lead, digits > 12 ? 12 : digits, mantissa);
    snprintf(out, RNNI_TICK_SIZE, "%.20se%d", mantissa, exponent);
}

void rnni_axis_label(const rnni_axis *axis, double value, char out[RNNI_TICK_SIZE])
{
    char text[RNNI_NUMBER_SIZE];
    double size = axis->logarithmic ? fabs(value) : fmax(fabs(axis->low), fabs(axis->high));
    int digits = axis->logarithmic ? 1 : 2 + (int)ceil(log10(fmax(size / axis->step, 1)));
    if (value != 0 && (size >= 1e6 || size < 1e-3)) {
        write_scientific(value, digits, out);
        return;
    }
    rnni_print_digits(value, digits, text);
    memcpy(out, text, RNNI_TICK_SIZE < RNNI_NUMBER_SIZE ? RNNI_TICK_SIZE : RNNI_NUMBER_SIZE);
}
