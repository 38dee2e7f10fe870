/* SPDX-License-Identifier: MIT */
#ifndef DEMO_H
#define DEMO_H

/* What the three demo programs share: a random number generator that gives the same data everywhere, and the
 * end of a program. */

#include <rnn/rnn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t demo_random = 88172645463325252u;

/* 0 to 1, 1 excluded (xorshift64*; Vigna 2016). */
static inline double uniform(void)
{
    demo_random ^= demo_random >> 12;
    demo_random ^= demo_random << 25;
    demo_random ^= demo_random >> 27;
    return (double)((demo_random * 2685821657736338717u) >> 11) / 9007199254740992.0;
}

/* 0 to count - 1. */
static inline int pick(int count)
{
    return (int)(uniform() * count);
}

/* Ends the program with the library's own words. A program that lives longer would clean up and go on. */
static inline void check(rnn_status_t status)
{
    if (status >= 0) return;
    fprintf(stderr, "%s\n", rnn_last_error());
    exit(1);
}

#endif
