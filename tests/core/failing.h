/* SPDX-License-Identifier: MIT */
#ifndef FAILING_H
#define FAILING_H

/* An allocator that counts, checks that every block comes back with its size, and fails the n-th request.
 * EVERY_FAILURE(step) calls `int step(rnn_context_t *)` with n = 0, 1, ... until nothing fails any more: each
 * time the step must answer 1 (success) exactly when no request failed, and nothing may be left. */

#include "harness.h"
#include <rnn/context.h>

typedef struct {
    atomic_long requests, live, wrong;
    long fail_at; /* -1: never */
} failing;

/* The size is kept in front of the block, in a whole alignment so that the block stays aligned. */
HARNESS_STATIC void *failing_allocate(size_t size, size_t alignment, void *user)
{
    failing *f = user;
    if (atomic_fetch_add(&f->requests, 1) == f->fail_at) return NULL;
    void *block;
    if (posix_memalign(&block, alignment, alignment + size) != 0) return NULL;
    char *pointer = (char *)block + alignment;
    memcpy(pointer - 16, &size, sizeof(size));
    memcpy(pointer - 8, &block, sizeof(block));
    memset(pointer, 0xA5, size);
    atomic_fetch_add(&f->live, 1);
    return pointer;
}

HARNESS_STATIC void failing_release(void *pointer, size_t size, void *user)
{
    failing *f = user;
    size_t asked;
    void *block;
    memcpy(&asked, (char *)pointer - 16, sizeof(asked));
    memcpy(&block, (char *)pointer - 8, sizeof(block));
    if (asked != size) atomic_fetch_add(&f->wrong, 1);
    atomic_fetch_sub(&f->live, 1);
    free(block);
}

HARNESS_STATIC rnn_allocator_t failing_allocator(failing *f, long fail_at)
{
    atomic_init(&f->requests, 0);
    atomic_init(&f->live, 0);
    atomic_init(&f->wrong, 0);
    f->fail_at = fail_at;
    return (rnn_allocator_t){ sizeof(rnn_allocator_t), failing_allocate, failing_release, f };
}

HARNESS_STATIC void every_failure(int (*step)(rnn_context_t *), int most)
{
    for (long n = 0;; n++) {
        failing f;
        rnn_allocator_t allocator = failing_allocator(&f, n);
        rnn_context_t *context = rnn_context_create(&allocator);
        int succeeded = context ? step(context) : 0;
        if (!succeeded) CHECK(rnn_last_error()[0] != 0);
        rnn_context_free(context);
        CHECK_INT(atomic_load(&f.live), 0);
        CHECK_INT(atomic_load(&f.wrong), 0);
        int hit = atomic_load(&f.requests) > n;
        CHECK_INT(succeeded, !hit);
        CHECK(n < most);
        if (!hit) return;
    }
}

#define EVERY_FAILURE(step) every_failure(step, 1000)

#endif
