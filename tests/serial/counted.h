/* SPDX-License-Identifier: MIT */
#ifndef TEST_COUNTED_H
#define TEST_COUNTED_H

#include <rnn/context.h>
#include <stdlib.h>

/* An allocator that counts, and that can be told to fail. For one thread. */
typedef struct {
    int64_t blocks, bytes, peak; /* alive, and the most bytes that ever were */
    int64_t calls, fail_at;      /* the call with this number (from 1) fails, and all after it; 0: none */
    int64_t limit;               /* bytes that may be alive; 0: any */
} counted;

__attribute__((unused)) static void *counted_allocate(size_t size, size_t alignment, void *user)
{
    counted *c = user;
    c->calls++;
    if (c->fail_at && c->calls >= c->fail_at) return NULL;
    if (c->limit && (size > (size_t)c->limit || (int64_t)size > c->limit - c->bytes)) return NULL;
    size_t rounded = (size + alignment - 1) / alignment * alignment;
    void *block = rounded < size ? NULL : aligned_alloc(alignment, rounded);
    if (!block) return NULL;
    c->blocks++;
    c->bytes += (int64_t)size;
    if (c->bytes > c->peak) c->peak = c->bytes;
    return block;
}

__attribute__((unused)) static void counted_release(void *block, size_t size, void *user)
{
    counted *c = user;
    c->blocks--;
    c->bytes -= (int64_t)size;
    free(block);
}

__attribute__((unused)) static rnn_context_t *counted_context(counted *c)
{
    rnn_allocator_t allocator = { sizeof(allocator), counted_allocate, counted_release, c };
    return rnn_context_create(&allocator);
}

#endif
