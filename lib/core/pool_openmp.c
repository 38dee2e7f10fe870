/* SPDX-License-Identifier: MIT */
#include "core/pool.h"

/* The interface of pool.h on OpenMP, for programs whose other libraries use it as well. GNU's does not
 * survive a fork. */
#ifdef RNNI_OPENMP

#include <fenv.h>
#include <omp.h>

void rnni_parallel(rnn_context_t *context, int64_t count, void (*work)(int64_t index, void *argument),
                   void *argument)
{
    int threads = (int)(count < context->threads ? count : context->threads);
    if (threads <= 1 || omp_in_parallel()) {
        for (int64_t i = 0; i < count; i++) work(i, argument);
        return;
    }
    fenv_t environment;
    fegetenv(&environment);
#pragma omp parallel num_threads(threads)
    {
        fenv_t own; /* the threads may be shared with other libraries */
        fegetenv(&own);
        fesetenv(&environment);
#pragma omp for schedule(dynamic, 1)
        for (int64_t i = 0; i < count; i++) work(i, argument);
        fesetenv(&own);
    }
}

void rnni_pool_destroy(rnn_context_t *context)
{
    (void)context;
}

#endif
