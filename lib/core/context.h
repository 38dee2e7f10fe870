/* SPDX-License-Identifier: MIT */
#ifndef RNNI_CONTEXT_H
#define RNNI_CONTEXT_H

#include <rnn/context.h>
#include <stdatomic.h>

struct rnni_pool;

/* Large blocks that were given back, oldest first: batch after batch asks for the same sizes, and memory
 * fresh from the system costs a page fault and a clearing for each page. Only with the default allocator.
 * Whoever finds it busy goes to the system. */
enum { RNNI_KEPT_BLOCKS = 16 };
typedef struct rnni_kept {
    atomic_flag busy;
    int count;
    size_t bytes;
    struct {
        void *pointer;
        size_t size;
    } blocks[RNNI_KEPT_BLOCKS];
} rnni_kept;

struct rnn_context {
    atomic_int references;
    rnn_allocator_t allocator;
    rnni_kept kept;
    int64_t threads, seed, isa;
    _Atomic(const void *) kernels;     /* the kernels folder's table; core never looks inside */
    _Atomic(struct rnni_pool *) pool;  /* made when something first runs in parallel */
};

/* A new reference to `context`, or to a fresh private default context for NULL; NULL on failure. */
rnn_context_t *rnni_context_hold(rnn_context_t *context);

/* Processors that this process may run on, 1 to 1024. */
int64_t rnni_processor_count(void);

#endif
