/* SPDX-License-Identifier: MIT */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stdint.h>

typedef struct bench_figure {
    double median, minimum; /* milliseconds an item */
    int64_t samples;
} bench_figure;

/* Seconds since some moment. */
double bench_now(void);
/* Median and minimum over about `seconds` seconds, after a warm-up, as peers.py takes them: very short items
 * are timed in groups. `item` answers 0, or a status that ends the measurement and is returned. */
int32_t bench_time(int32_t (*item)(void *user), void *user, double seconds, bench_figure *figure);

#endif
