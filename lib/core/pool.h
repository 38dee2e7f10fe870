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

/* Joins and frees the pool of a context that is being destroyed. */
void rnni_pool_destroy(rnn_context_t *context);

#endif
