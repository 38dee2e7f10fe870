/* SPDX-License-Identifier: MIT */
#ifndef RNNI_AXIS_H
#define RNNI_AXIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A scale with ticks at round numbers: multiples of 1, 2 or 5 times a power of ten, or powers of ten. */
typedef struct rnni_axis {
    double low, high; /* the ends; exponents of ten on a logarithmic scale */
    double step;      /* ticks are whole multiples of it */
    bool logarithmic;
} rnni_axis;

/* What can stand on a scale: finite, not astronomical, and above 0 on a logarithmic one. Anything else is a
 * gap. */
bool rnni_axis_shows(double value, bool logarithmic);

/* A scale for low <= high with about `ticks` ticks. `whole`: they are integers. `loose`: the ends are moved
 * outwards to ticks; otherwise only low == high is. */
rnni_axis rnni_axis_linear(double low, double high, int ticks, bool whole, bool loose);
/* A scale of whole decades for 0 < low <= high. */
rnni_axis rnni_axis_decades(double low, double high, int ticks);

/* Where a value lies, 0 at the low end, 1 at the high end. */
double rnni_axis_place(const rnni_axis *axis, double value);

/* Tick i from 0 on: false past the last. `value` is what rnni_axis_place takes. */
bool rnni_axis_tick(const rnni_axis *axis, int i, double *value);
#define RNNI_TICK_SIZE 40
/* The number at a tick: "0.25", "1500", "2.5e7", "1e-3". */
void rnni_axis_label(const rnni_axis *axis, double value, char out[RNNI_TICK_SIZE]);

#endif
