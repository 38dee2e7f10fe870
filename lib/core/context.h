/* SPDX-License-Identifier: MIT */
#ifndef RNNI_CONTEXT_H
#define RNNI_CONTEXT_H

#include <rnn/context.h>
#include <stdatomic.h>

struct rnni_pool;

struct rnn_context {
    atomic_int references;
    rnn_allocator_t allocator;
    int64_t threads, seed, isa;
    _Atomic(const void *) kernels;     /* the kernels folder's table; core never looks inside */
    _Atomic(struct rnni_pool *) pool;  /* made when something first runs in parallel */
};

/* A new reference to `context`, or to a fresh private default context for NULL; NULL on failure. */
rnn_context_t *rnni_context_hold(rnn_context_t *context);

/* Processors that this process may run on, 1 to 1024. */
int64_t rnni_processor_count(void);

#endif
