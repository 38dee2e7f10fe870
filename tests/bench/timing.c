/* SPDX-License-Identifier: MIT */
#include "timing.h"

#include <rnn/status.h>
#include <stdlib.h>
#include <time.h>

enum { WARM_UP = 3, FEWEST = 5, MOST = 1 << 20 };

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Items that are timed together: about two milliseconds of them. */
static int32_t group_size(int32_t (*item)(void *user), void *user, int64_t *size)
{
    int32_t status = 0;
    for (int i = 0; i < WARM_UP && !status; i++) status = item(user);
    double start = bench_now();
    if (status || (status = item(user))) return status;
    double once = bench_now() - start;
    *size = once < 0.001 ? (int64_t)(0.002 / (once > 1e-7 ? once : 1e-7)) : 1;
    return 0;
}

int32_t bench_time(int32_t (*item)(void *user), void *user, double seconds, bench_figure *figure)
{
    int64_t inner = 1, n = 0;
    int32_t status = group_size(item, user, &inner);
    if (status) return status;
    double *samples = malloc(MOST * sizeof *samples), end = bench_now() + seconds;
    if (!samples) return RNN_ERROR_MEMORY;
    while (!status && (bench_now() < end || n < FEWEST) && n < MOST) {
        double start = bench_now();
        for (int64_t i = 0; i < inner && !status; i++) status = item(user);
        samples[n++] = (bench_now() - start) / (double)inner * 1e3;
    }
    qsort(samples, (size_t)n, sizeof *samples, compare);
    if (!status) *figure = (bench_figure){ (samples[(n - 1) / 2] + samples[n / 2]) / 2, samples[0], n };
    free(samples);
    return status;
}
