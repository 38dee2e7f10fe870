/* SPDX-License-Identifier: MIT */
#include "core/memory.h"
#include "core/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static void *allocate(rnn_context_t *context, size_t size)
{
    const rnn_allocator_t *allocator = &context->allocator;
    size_t asked = size ? size : 1;
    void *pointer = asked > PTRDIFF_MAX ? NULL : allocator->allocate(asked, RNNI_ALIGNMENT, allocator->user);
    if (!pointer) rnni_fail_memory("a block", size);
    return pointer;
}

void *rnni_alloc_unset(rnn_context_t *context, size_t size) { return allocate(context, size); }

void *rnni_alloc(rnn_context_t *context, size_t size)
{
    void *pointer = allocate(context, size);
    if (pointer) memset(pointer, 0, size);
    return pointer;
}

void rnni_free(rnn_context_t *context, void *pointer, size_t size)
{
    if (pointer) context->allocator.release(pointer, size ? size : 1, context->allocator.user);
}

void *rnni_alloc_array(rnn_context_t *context, size_t count, size_t size)
{
    size_t bytes;
    if (rnni_mul(count, size, &bytes)) return rnni_alloc(context, bytes);
    rnni_fail(RNN_ERROR_MEMORY, "out of memory: %zu items of %zu bytes overflow", count, size);
    return NULL;
}

void *rnni_realloc(rnn_context_t *context, void *pointer, size_t old_size, size_t new_size)
{
    size_t kept = old_size < new_size ? old_size : new_size;
    char *moved = allocate(context, new_size);
    if (!moved) return NULL;
    if (kept) memcpy(moved, pointer, kept);
    memset(moved + kept, 0, new_size - kept);
    rnni_free(context, pointer, old_size);
    return moved;
}

char *rnni_strdup(rnn_context_t *context, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = allocate(context, size);
    if (copy) memcpy(copy, text, size);
    return copy;
}

bool rnni_mul_i64(int64_t a, int64_t b, int64_t *out)
{
    if (a < 0 || b < 0 || (b != 0 && a > INT64_MAX / b)) return false;
    *out = a * b;
    return true;
}

bool rnni_add_i64(int64_t a, int64_t b, int64_t *out)
{
    if (a < 0 || b < 0 || a > INT64_MAX - b) return false;
    *out = a + b;
    return true;
}

rnn_status_t rnni_grow(rnn_context_t *context, void **items, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity) return RNN_OK;
    size_t wanted = *capacity > SIZE_MAX / 2 ? SIZE_MAX : *capacity * 2;
    if (wanted < needed) wanted = needed;
    if (wanted < 8) wanted = 8;
    size_t bytes;
    if (!rnni_mul(wanted, size, &bytes)) return rnni_fail_memory("an array", SIZE_MAX);
    void *moved = rnni_realloc(context, *items, *capacity * size, bytes);
    if (!moved) return RNN_ERROR_MEMORY;
    *items = moved;
    *capacity = wanted;
    return RNN_OK;
}

static rnn_status_t buffer_room(rnni_buffer *buffer, size_t more)
{
    size_t needed;
    if (!rnni_add(buffer->size, more, &needed) || !rnni_add(needed, 1, &needed))
        return rnni_fail_memory("a text", SIZE_MAX);
    return rnni_grow(buffer->context, (void **)&buffer->data, &buffer->capacity, needed, 1);
}

rnn_status_t rnni_buffer_add(rnni_buffer *buffer, const void *bytes, size_t size)
{
    RNNI_TRY(buffer_room(buffer, size));
    if (size) memcpy(buffer->data + buffer->size, bytes, size);
    buffer->size += size;
    buffer->data[buffer->size] = 0;
    return RNN_OK;
}

rnn_status_t rnni_buffer_add_text(rnni_buffer *buffer, const char *text)
{
    return rnni_buffer_add(buffer, text, strlen(text));
}

rnn_status_t rnni_buffer_printf(rnni_buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    rnn_status_t status = length < 0 ? rnni_fail(RNN_ERROR_INTERNAL, "a text cannot be formatted")
                                     : buffer_room(buffer, (size_t)length);
    if (status == RNN_OK) {
        vsnprintf(buffer->data + buffer->size, (size_t)length + 1, format, again);
        buffer->size += (size_t)length;
    }
    va_end(again);
    return status;
}

void rnni_buffer_clear(rnni_buffer *buffer)
{
    rnni_free(buffer->context, buffer->data, buffer->capacity);
    buffer->data = NULL;
    buffer->size = buffer->capacity = 0;
}

/* Where the next piece starts and ends; false when that is past the end of the address space. */
static bool arena_place(const rnni_arena *arena, size_t count, size_t size, size_t *start, size_t *end)
{
    size_t bytes, up;
    if (!rnni_mul(count, size, &bytes) || !rnni_add(arena->used, RNNI_ALIGNMENT - 1, &up)) return false;
    *start = up / RNNI_ALIGNMENT * RNNI_ALIGNMENT;
    return rnni_add(*start, bytes, end);
}

void *rnni_arena_take(rnni_arena *arena, size_t count, size_t size)
{
    size_t start = 0, end = 0;
    bool fits = arena_place(arena, count, size, &start, &end);
    if (!arena->base) {
        arena->used = fits ? end : SIZE_MAX;
        return NULL;
    }
    fits = fits && end <= arena->capacity;
    assert(fits);
    if (!fits) return NULL;
    arena->used = end;
    return arena->base + start;
}

rnn_status_t rnni_arena_reserve(rnni_arena *arena, rnn_context_t *context, size_t size)
{
    if (!arena->base || arena->capacity < size) {
        if (size == SIZE_MAX) return rnni_fail_memory("the work memory", SIZE_MAX);
        rnni_arena_release(arena, context); /* first: nothing of it is wanted, and both need not fit */
        arena->base = allocate(context, size);
        if (!arena->base) return RNN_ERROR_MEMORY;
        arena->capacity = size;
    }
    arena->used = 0;
    return RNN_OK;
}

void rnni_arena_release(rnni_arena *arena, rnn_context_t *context)
{
    rnni_free(context, arena->base, arena->capacity);
    arena->base = NULL;
    arena->used = arena->capacity = 0;
}
