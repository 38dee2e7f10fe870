/* SPDX-License-Identifier: MIT */
#include "core/memory.h"
#include "core/failing.h"

static rnn_context_t *context;

TEST(opens_a_context)
{
    context = rnn_context_create(NULL);
    CHECK(context != NULL);
}

TEST(blocks_are_zero_and_aligned)
{
    for (size_t size = 0; size < 5000000; size = size * 3 + 1) {
        unsigned char *p = rnni_alloc(context, size);
        CHECK(p != NULL);
        CHECK_INT((uintptr_t)p % RNNI_ALIGNMENT, 0);
        size_t sum = 0;
        for (size_t i = 0; i < size; i++) sum += p[i];
        CHECK_INT(sum, 0);
        memset(p, 0xFF, size);
        rnni_free(context, p, size);
    }
    rnni_free(context, NULL, 10);
}

/* Large blocks come back to who asks for the same size next, up to a limit; what is zeroed is zero all the
 * same. */
TEST(large_blocks_are_kept)
{
    enum { LARGE = 5 << 20, BLOCKS = 20 };
    rnn_context_t *own = rnn_context_create(NULL);
    unsigned char *block = rnni_alloc_unset(own, LARGE), *blocks[BLOCKS];
    CHECK(block != NULL);
    memset(block, 1, LARGE);
    rnni_free(own, block, LARGE);
    unsigned char *other = rnni_alloc_unset(own, 2 * LARGE), *again = rnni_alloc(own, LARGE);
    CHECK(again == block && other != block);
    for (int i = 0; i < LARGE; i++) CHECK(again[i] == 0);
    rnni_free(own, again, LARGE);
    rnni_free(own, other, 2 * LARGE);
    for (int i = 0; i < BLOCKS; i++) CHECK((blocks[i] = rnni_alloc_unset(own, LARGE)) != NULL);
    for (int i = 0; i < BLOCKS; i++) rnni_free(own, blocks[i], LARGE);
    CHECK(own->kept.count > 0 && own->kept.count <= RNNI_KEPT_BLOCKS && own->kept.bytes <= (size_t)64 << 20);
    rnn_context_free(own);
}

/* Batches of differing lengths ask for sizes that are near each other. */
TEST(kept_blocks_serve_sizes_a_little_smaller)
{
    const size_t size = (size_t)8 << 20;
    rnn_context_t *own = rnn_context_create(NULL);
    void *block = rnni_alloc(own, size);
    rnni_free(own, block, size);
    void *much_smaller = rnni_alloc(own, size / 2), *smaller = rnni_alloc(own, size - size / 16);
    CHECK(much_smaller != block && smaller == block);
    CHECK_INT(own->kept.count, 0);
    CHECK_INT((int64_t)own->kept.bytes, 0);
    rnni_free(own, smaller, size - size / 16);
    CHECK_INT((int64_t)own->kept.bytes, (int64_t)(size - size / 16));
    void *larger = rnni_alloc(own, size); /* what it was before does not matter */
    CHECK(larger != block);
    rnni_free(own, larger, size);
    rnni_free(own, much_smaller, size / 2);
    rnn_context_free(own);
}

/* A block that is asked for while another thread looks at the kept ones comes from the system. */
TEST(busy_kept_blocks_are_passed_by)
{
    enum { LARGE = 3 << 20 };
    rnn_context_t *own = rnn_context_create(NULL);
    void *block = rnni_alloc_unset(own, LARGE);
    rnni_free(own, block, LARGE);
    CHECK_INT(own->kept.count, 1);
    atomic_flag_test_and_set(&own->kept.busy);
    void *other = rnni_alloc_unset(own, LARGE);
    CHECK(other != NULL && other != block);
    rnni_free(own, other, LARGE);
    CHECK_INT(own->kept.count, 1);
    atomic_flag_clear(&own->kept.busy);
    rnn_context_free(own);
}

TEST(impossible_sizes_fail)
{
    CHECK(rnni_alloc(context, SIZE_MAX) == NULL);
    CHECK(strstr(rnn_last_error(), "out of memory") != NULL);
    CHECK(rnni_alloc_array(context, SIZE_MAX / 2, 3) == NULL);
    CHECK(strstr(rnn_last_error(), "overflow") != NULL);
}

TEST(realloc_keeps_and_clears)
{
    unsigned char *p = rnni_realloc(context, NULL, 0, 3), zero[97] = { 0 };
    memcpy(p, "abc", 3);
    p = rnni_realloc(context, p, 3, 100);
    CHECK_BYTES(p, "abc", 3);
    CHECK_BYTES(p + 3, zero, 97);
    p = rnni_realloc(context, p, 100, 2);
    CHECK_BYTES(p, "ab", 2);
    rnni_free(context, p, 2);
}

TEST(checked_arithmetic)
{
    size_t size = 7;
    int64_t number = 7;
    CHECK(!rnni_mul(SIZE_MAX, 2, &size));
    CHECK(!rnni_add(SIZE_MAX, 1, &size));
    CHECK_INT(size, 7);
    CHECK(rnni_mul(SIZE_MAX, 1, &size) && size == SIZE_MAX);
    CHECK(rnni_mul(0, SIZE_MAX, &size) && size == 0);
    CHECK(!rnni_mul_i64(INT64_MAX, 2, &number));
    CHECK(!rnni_mul_i64(-1, 1, &number));
    CHECK(!rnni_add_i64(INT64_MAX, 1, &number));
    CHECK(!rnni_add_i64(0, -1, &number));
    CHECK_INT(number, 7);
    CHECK(rnni_mul_i64(INT64_MAX / 3, 3, &number) && number == INT64_MAX / 3 * 3);
    CHECK(rnni_add_i64(INT64_MAX - 1, 1, &number) && number == INT64_MAX);
}

TEST(arrays_grow)
{
    int *items = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        CHECK_OK(rnni_grow(context, (void **)&items, &capacity, (size_t)i + 1, sizeof(int)));
        items[i] = i;
    }
    for (int i = 0; i < 1000; i++) CHECK_INT(items[i], i);
    CHECK(capacity >= 1000 && capacity < 2100);
    CHECK_STATUS(rnni_grow(context, (void **)&items, &capacity, SIZE_MAX / 2, sizeof(int)), RNN_ERROR_MEMORY);
    CHECK_INT(items[999], 999);
    rnni_free(context, items, capacity * sizeof(int));
}

TEST(buffers_collect_text)
{
    rnni_buffer buffer = { .context = context };
    CHECK_OK(rnni_buffer_add_text(&buffer, "a"));
    CHECK_OK(rnni_buffer_add(&buffer, "b\0c", 3));
    CHECK_OK(rnni_buffer_add(&buffer, NULL, 0));
    CHECK_OK(rnni_buffer_printf(&buffer, "%d-%s", 42, "x"));
    CHECK_INT(buffer.size, 8);
    CHECK_BYTES(buffer.data, "ab\0c42-x", 9);
    for (int i = 0; i < 500; i++) CHECK_OK(rnni_buffer_printf(&buffer, "%03d", i));
    CHECK_INT(buffer.size, 8 + 1500);
    CHECK_STR(buffer.data + 8 + 1497, "499");
    rnni_buffer_clear(&buffer);
    CHECK(buffer.data == NULL && buffer.size == 0);
    rnni_buffer_clear(&buffer);
}

TEST(strings_are_copied)
{
    char *copy = rnni_strdup(context, "text");
    CHECK_STR(copy, "text");
    rnni_free(context, copy, 5);
}

static size_t use(rnni_arena *arena, void **a, void **b, void **c)
{
    *a = rnni_arena_take(arena, 3, 4);
    *b = rnni_arena_take(arena, 0, 8);
    *c = rnni_arena_take(arena, 100, 8);
    return arena->used;
}

TEST(arena_measures_then_places)
{
    rnni_arena arena = { 0 };
    void *a, *b, *c;
    size_t size = use(&arena, &a, &b, &c);
    CHECK(!a && !b && !c);
    CHECK_INT(size, 64 + 800);
    CHECK_OK(rnni_arena_reserve(&arena, context, size));
    CHECK_INT(use(&arena, &a, &b, &c), (int64_t)size);
    CHECK(a && b && c && (char *)c - (char *)a == 64);
    CHECK_INT((uintptr_t)c % RNNI_ALIGNMENT, 0);
    memset(c, 1, 800);
    CHECK_OK(rnni_arena_reserve(&arena, context, 10)); /* large enough already */
    CHECK_INT(arena.capacity, (int64_t)size);
    CHECK_INT(arena.used, 0);
    rnni_arena_release(&arena, context);
}

TEST(arena_of_nothing_places_too)
{
    rnni_arena arena = { 0 };
    CHECK_OK(rnni_arena_reserve(&arena, context, 0));
    CHECK(rnni_arena_take(&arena, 0, 4) != NULL);
    rnni_arena_release(&arena, context);
}

TEST(arena_overflow_saturates)
{
    rnni_arena arena = { 0 };
    rnni_arena_take(&arena, SIZE_MAX / 2, 3);
    CHECK(arena.used == SIZE_MAX);
    rnni_arena_take(&arena, 1, 1);
    CHECK(arena.used == SIZE_MAX);
    CHECK_STATUS(rnni_arena_reserve(&arena, context, arena.used), RNN_ERROR_MEMORY);
}

static int grow_step(rnn_context_t *failing_context)
{
    int ok = 1;
    rnni_buffer buffer = { .context = failing_context };
    for (int i = 0; i < 100 && ok; i++) ok = rnni_buffer_printf(&buffer, "%d,", i) == RNN_OK;
    char *text = rnni_strdup(failing_context, "x");
    ok = ok && text;
    rnni_free(failing_context, text, 2);
    rnni_buffer_clear(&buffer);
    rnni_arena arena = { 0 };
    ok = ok && rnni_arena_reserve(&arena, failing_context, 100) == RNN_OK;
    ok = ok && rnni_arena_reserve(&arena, failing_context, 200) == RNN_OK;
    rnni_arena_release(&arena, failing_context);
    return ok;
}

TEST(every_failing_allocation_is_survived)
{
    EVERY_FAILURE(grow_step);
}

TEST(closes_the_context)
{
    rnn_context_free(context);
}

TEST_MAIN
