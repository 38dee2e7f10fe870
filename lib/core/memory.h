/* SPDX-License-Identifier: MIT */
#ifndef RNNI_MEMORY_H
#define RNNI_MEMORY_H

#include "core/context.h"
#include <stdbool.h>
#include <string.h>

/* Every block is aligned to a cache line, which is also the widest vector. */
#define RNNI_ALIGNMENT 64

/* Zeroed memory from the context's allocator, or NULL with the reason in rnn_last_error().
 * Released with the same size. Size 0 gives a valid pointer. */
void *rnni_alloc(rnn_context_t *context, size_t size);
/* The same, not zeroed. */
void *rnni_alloc_unset(rnn_context_t *context, size_t size);
void rnni_free(rnn_context_t *context, void *pointer, size_t size);

/* count * size with overflow checked; NULL (RNN_ERROR_MEMORY reason) when it does not fit. */
void *rnni_alloc_array(rnn_context_t *context, size_t count, size_t size);

/* Moves a block to a new size: the first min(old, new) bytes are kept, the rest is zero. On failure NULL, and
 * the old block stays valid. pointer may be NULL with old_size 0. */
void *rnni_realloc(rnn_context_t *context, void *pointer, size_t old_size, size_t new_size);

/* A copy of a string, released with rnni_free(context, s, strlen(s) + 1). */
char *rnni_strdup(rnn_context_t *context, const char *text);

/* Checked arithmetic on sizes: false when the result does not fit; then *out is untouched. */
static inline bool rnni_mul(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b) return false;
    *out = a * b;
    return true;
}

static inline bool rnni_add(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b) return false;
    *out = a + b;
    return true;
}

/* The same for counts and shapes, which are int64_t >= 0. */
bool rnni_mul_i64(int64_t a, int64_t b, int64_t *out);
bool rnni_add_i64(int64_t a, int64_t b, int64_t *out);

/* A growing array: rnni_vector_push keeps `items` (a T *) with `count` used of `capacity`, each `size` bytes.
 *   struct { T *items; size_t count, capacity; } v;
 *   if (rnni_grow(context, (void **)&v.items, &v.capacity, v.count + 1, sizeof(T))) ...
 * The block is released with capacity * sizeof(T). */
rnn_status_t rnni_grow(rnn_context_t *context, void **items, size_t *capacity, size_t needed, size_t size);

/* A growing text or byte buffer. */
typedef struct rnni_buffer {
    rnn_context_t *context; /* borrowed */
    char *data;             /* always terminated once something was added */
    size_t size, capacity;
} rnni_buffer;
rnn_status_t rnni_buffer_add(rnni_buffer *buffer, const void *bytes, size_t size);
rnn_status_t rnni_buffer_add_text(rnni_buffer *buffer, const char *text);
/* For texts and integers: floats would follow the locale, print those with core/number.h. */
rnn_status_t rnni_buffer_printf(rnni_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void rnni_buffer_clear(rnni_buffer *buffer); /* frees the storage */

/* An arena: one block, handed out from the front, given back all at once. While `base` is NULL it only
 * measures: takes are counted in `used` and return NULL, so that the same planning code first counts and
 * then places. */
typedef struct rnni_arena {
    char *base;
    size_t used, capacity;
} rnni_arena;

/* Memory for `size` bytes at the next multiple of RNNI_ALIGNMENT. Not zeroed. When placing, the caller has
 * measured before, so it cannot run out (checked by an assert). Overflow while measuring saturates `used`
 * at SIZE_MAX. */
void *rnni_arena_take(rnni_arena *arena, size_t count, size_t size);

/* Makes `arena` ready to place `size` bytes: another block in place of one that is too small, used = 0. On
 * failure it has none. */
rnn_status_t rnni_arena_reserve(rnni_arena *arena, rnn_context_t *context, size_t size);
void rnni_arena_release(rnni_arena *arena, rnn_context_t *context);

#endif
