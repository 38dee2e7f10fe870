/* SPDX-License-Identifier: MIT */
#ifndef RNNI_POOL_H
#define RNNI_POOL_H

#include "core/context.h"

/* Calls work(i, argument) once for each i in [0, count), spread over the context's threads, and returns when
 * all are done. Which thread runs which index is not determined, so results must not depend on it; the modes
 * of the floating-point unit (rounding, denormals) are the caller's in all of them. With one thread, with
 * count 1, inside another parallel call, when another thread is using the pool, or when threads cannot be
 * made, the caller runs all of it itself. A process that forked after use keeps working: the child makes new
 * threads when it needs them. */
void rnni_parallel(rnn_context_t *context, int64_t count, void (*work)(int64_t index, void *argument),
                   void *argument);

/* Work in steps that depend on each other: calls work(step, part, argument) once for each step in [0, steps)
 * and part in [0, parts), 1 <= parts <= RNNI_MOST_PARTS; a step's parts at the same time, and none before all
 * parts of the step before are done. A part stays with one thread as long as that thread keeps up, so what it
 * reads in every step stays in that thread's cache. A thread that was not given, sleeps or lost its processor
 * between two parts is not waited for: the others take its parts over, and give them back when it returns.
 * Otherwise as rnni_parallel. */
enum { RNNI_MOST_PARTS = 64 };
void rnni_parallel_steps(rnn_context_t *context, int64_t steps, int64_t parts,
                         void (*work)(int64_t step, int64_t part, void *argument), void *argument);

/* Tells the processor that this thread waits in a loop. */
static inline void rnni_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Joins and frees the pool of a context that is being destroyed. */
void rnni_pool_destroy(rnn_context_t *context);

#endif
