/* SPDX-License-Identifier: MIT */
#ifndef RNNI_AHEAD_H
#define RNNI_AHEAD_H

#include "core/real.h"

#include <stdint.h>

/* Memory that will be read soon and is far away, a cache line at a time. A product takes such lines along
 * while it computes, one a step of k: asked for all at once they would occupy what every other read waits
 * for, and processors do not foresee them themselves where time goes backwards. Changes no result. */

/* PARTS: rows of three tables for as many sequences as a shard has, and more than a step notes. */
enum { RNNI_LINE = 64 / sizeof(rnni_real), RNNI_AHEAD_PARTS = 256 };

static inline void rnni_fetch_line(const rnni_real *at)
{
#ifdef __GNUC__
    __builtin_prefetch(at, 0, 2);
#else
    (void)at;
#endif
}

/* The same, to be written. */
static inline void rnni_fetch_target(const rnni_real *at)
{
#ifdef __GNUC__
    __builtin_prefetch(at, 1);
#else
    (void)at;
#endif
}

/* x[n], which the first cache should have. */
static inline void rnni_fetch_near(int64_t n, const rnni_real *x)
{
#ifdef __GNUC__
    for (int64_t i = 0; i < n; i += RNNI_LINE) __builtin_prefetch(x + i, 0, 3);
#else
    (void)n, (void)x;
#endif
}

/* c[rows][columns], to be written: a tile begins with what C holds and ends with its sums there. Asked for
 * while the tile above is computed, it is there in time. */
static inline void rnni_fetch_result(int64_t rows, int64_t columns, const rnni_real *c, int64_t ld)
{
    for (int64_t i = 0; i < rows; i++, c += ld) {
        for (int64_t j = 0; j < columns; j += RNNI_LINE) rnni_fetch_target(c + j);
        if ((uintptr_t)c % (RNNI_LINE * sizeof *c)) rnni_fetch_target(c + columns - 1);
    }
}

static inline void rnni_fetch_lines(const rnni_real *at, int64_t lines)
{
    for (; lines > 0; lines--, at += RNNI_LINE) rnni_fetch_line(at);
}

/* Lines [at, at + lines RNNI_LINE). */
typedef struct rnni_fetches { const rnni_real *at; int64_t lines; } rnni_fetches;

/* What is still to come; the last part is the first to go, and the first `waiting` parts need not go before
 * the step ends. And the way: a product that goes through the panels of its weights backwards, after one that
 * went forwards, still has in the caches what it begins with. */
typedef struct rnni_ahead {
    rnni_fetches part[RNNI_AHEAD_PARTS];
    int64_t count, waiting;
    int turns;      /* whether products are steps of a recurrence, of which every second one goes backwards */
    int backwards;
} rnni_ahead;

static inline int rnni_ahead_turns(const rnni_ahead *ahead) { return ahead && ahead->turns; }
static inline int rnni_goes_backwards(const rnni_ahead *ahead)
{
    return rnni_ahead_turns(ahead) && ahead->backwards;
}

/* What a tile of k steps begins with. Where nothing is left, or `ahead` is NULL, it takes k lines from `next`
 * on, part of its next panel: so there is no question in each step whether to ask. */
static inline rnni_fetches rnni_ahead_begin(const rnni_ahead *ahead, int64_t k, const rnni_real *next)
{
    return ahead && ahead->count ? ahead->part[ahead->count - 1] : (rnni_fetches){ next, k + 1 };
}

/* The next line. */
static inline rnni_fetches rnni_ahead_step(rnni_ahead *ahead, rnni_fetches now, int64_t k,
                                           const rnni_real *next)
{
    rnni_fetch_line(now.at);
    now.at += RNNI_LINE;
    if (--now.lines > 0) return now;
    ahead->count--;
    return rnni_ahead_begin(ahead, k, next);
}

static inline void rnni_ahead_end(rnni_ahead *ahead, rnni_fetches now)
{
    if (ahead && ahead->count) ahead->part[ahead->count - 1] = now;
}

/* At most `most` lines at once, of all parts but the first `kept`. */
static inline void rnni_ahead_down(rnni_ahead *ahead, int64_t kept, int64_t most)
{
    while (ahead->count > kept && most > 0) {
        rnni_fetches *now = &ahead->part[ahead->count - 1];
        const int64_t lines = now->lines < most ? now->lines : most;
        rnni_fetch_lines(now->at, lines);
        now->at += lines * RNNI_LINE;
        now->lines -= lines;
        most -= lines;
        if (now->lines == 0) ahead->count--;
    }
}

static inline void rnni_ahead_some(rnni_ahead *ahead, int64_t most)
{
    if (ahead) rnni_ahead_down(ahead, 0, most);
}

/* What no product took along. */
static inline void rnni_ahead_rest(rnni_ahead *ahead) { rnni_ahead_some(ahead, INT64_MAX); }

/* What is noted so far may wait for the products of later steps: in bursts, lines occupy what the next reads
 * wait for. */
static inline void rnni_ahead_wait(rnni_ahead *ahead) { ahead->waiting = ahead->count; }

/* A step ends, and the next one turns round. */
static inline void rnni_ahead_turn(rnni_ahead *ahead)
{
    rnni_ahead_down(ahead, ahead->waiting, INT64_MAX);
    ahead->backwards = !ahead->backwards;
}

/* Products between the two are no steps; what they do not take along goes in the end. */
static inline void rnni_ahead_pause(rnni_ahead *ahead) { ahead->turns = 0; }
static inline void rnni_ahead_resume(rnni_ahead *ahead)
{
    rnni_ahead_rest(ahead);
    ahead->turns = 1;
}

/* x[n] will be read soon: at once, where there is no room to note it. */
static inline void rnni_ahead_add(rnni_ahead *ahead, int64_t n, const rnni_real *x)
{
    const int64_t lines = (n + RNNI_LINE - 1) / RNNI_LINE;
    if (ahead->count == RNNI_AHEAD_PARTS) rnni_fetch_lines(x, lines);
    else if (lines > 0) ahead->part[ahead->count++] = (rnni_fetches){ x, lines };
}

#endif
