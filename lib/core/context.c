/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* sched_getaffinity, madvise */
#include "core/context.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include "core/pool.h"
#include "core/settings.h"

#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_THREADS 1024
#define MAX_SEED (INT64_C(1) << 53)
#define HUGE_PAGE ((size_t)2 << 20)

enum { SETTING_ROWS = 3 };

static const rnni_setting context_settings[SETTING_ROWS] = {
    { RNN_CONTEXT_THREADS, RNN_SETTING_INT, "threads", 1, MAX_THREADS, 1, NULL },
    { RNN_CONTEXT_SEED, RNN_SETTING_INT, "seed", 0, (double)MAX_SEED, 0, NULL },
    { RNN_CONTEXT_ISA, RNN_SETTING_INT, "isa", 0, RNN_ISA_NEON, RNN_ISA_AUTO,
      "auto|scalar|avx2|avx512|neon" },
};

/* Of kept blocks, altogether; and the least one: smaller ones malloc does not give back to the system, where
 * each page would be cleared once more. */
#define KEPT_BYTES ((size_t)64 << 20)
#define KEPT_LEAST ((size_t)64 << 10)

static void forget_oldest(rnni_kept *kept)
{
    free(kept->blocks[0].pointer);
    kept->bytes -= kept->blocks[0].size;
    kept->count--;
    memmove(kept->blocks, kept->blocks + 1, (size_t)kept->count * sizeof *kept->blocks);
}

/* A kept block of that size or a little more, the latest one, or NULL. Given back it counts as the smaller
 * size. */
static void *take_kept(rnni_kept *kept, size_t size)
{
    void *pointer = NULL;
    if (atomic_flag_test_and_set_explicit(&kept->busy, memory_order_acquire)) return NULL;
    int i = kept->count - 1;
    while (i >= 0 && (kept->blocks[i].size < size || kept->blocks[i].size > size + size / 8)) i--;
    if (i >= 0) {
        pointer = kept->blocks[i].pointer;
        kept->bytes -= kept->blocks[i].size;
        kept->count--;
        memmove(kept->blocks + i, kept->blocks + i + 1, (size_t)(kept->count - i) * sizeof *kept->blocks);
    }
    atomic_flag_clear_explicit(&kept->busy, memory_order_release);
    return pointer;
}

static bool keep(rnni_kept *kept, void *pointer, size_t size)
{
    if (size > KEPT_BYTES / 2 || atomic_flag_test_and_set_explicit(&kept->busy, memory_order_acquire))
        return false;
    while (kept->count == RNNI_KEPT_BLOCKS || kept->bytes + size > KEPT_BYTES) forget_oldest(kept);
    kept->blocks[kept->count].pointer = pointer;
    kept->blocks[kept->count++].size = size;
    kept->bytes += size;
    atomic_flag_clear_explicit(&kept->busy, memory_order_release);
    return true;
}

/* Large blocks ask for huge pages, as far as they fill them: packed weights and work memory are read end to
 * end, and most of the cost of their first touch is page faults. */
static bool is_large(size_t size) { return size >= HUGE_PAGE && size <= PTRDIFF_MAX - HUGE_PAGE; }

static void *default_allocate(size_t size, size_t alignment, void *user)
{
    rnn_context_t *context = user;
    bool large = is_large(size);
    void *pointer = size >= KEPT_LEAST && context ? take_kept(&context->kept, size) : NULL;
    if (pointer) return pointer;
    if (posix_memalign(&pointer, large ? HUGE_PAGE : alignment, size) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    if (large) (void)madvise(pointer, size / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return pointer;
}

static void default_release(void *pointer, size_t size, void *user)
{
    rnn_context_t *context = user;
    if (size < KEPT_LEAST || !context || !keep(&context->kept, pointer, size)) free(pointer);
}

int64_t rnni_processor_count(void)
{
    int64_t count = 0;
#ifdef CPU_COUNT
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) count = CPU_COUNT(&set);
#endif
    if (count < 1) count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : count;
}

static int64_t default_threads(void)
{
    int64_t threads;
    const char *text = getenv("RNN_NUM_THREADS");
    if (text && rnni_parse_i64(text, strlen(text), &threads) && threads >= 1 && threads <= MAX_THREADS)
        return threads;
    return rnni_processor_count();
}

static rnn_status_t choose_allocator(const rnn_allocator_t *given, rnn_allocator_t *chosen)
{
    if (!given) {
        *chosen = (rnn_allocator_t){ sizeof(*chosen), default_allocate, default_release, NULL };
        return RNN_OK;
    }
    RNNI_REQUIRE(given->struct_size == sizeof(*given), RNN_ERROR_ARGUMENT,
                 "the allocator's struct_size is %zu, expected %zu", given->struct_size, sizeof(*given));
    RNNI_REQUIRE(given->allocate && given->release, RNN_ERROR_ARGUMENT,
                 "the allocator needs both functions, allocate and release");
    *chosen = *given;
    return RNN_OK;
}

rnn_context_t *rnn_context_create(const rnn_allocator_t *allocator)
{
    rnn_allocator_t chosen;
    if (choose_allocator(allocator, &chosen) != RNN_OK) return NULL;
    rnn_context_t *context = chosen.allocate(sizeof(*context), RNNI_ALIGNMENT, chosen.user);
    if (!context) {
        rnni_fail_memory("a context", sizeof(*context));
        return NULL;
    }
    memset(context, 0, sizeof(*context));
    atomic_init(&context->references, 1);
    atomic_init(&context->kernels, NULL);
    atomic_init(&context->pool, NULL);
    context->allocator = chosen;
    atomic_flag_clear(&context->kept.busy);
    if (!allocator) context->allocator.user = context;
    context->threads = default_threads();
    context->isa = RNN_ISA_AUTO;
    return context;
}

void rnn_context_free(rnn_context_t *context)
{
    if (!context || atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) != 1) return;
    rnni_pool_destroy(context);
    while (context->kept.count) forget_oldest(&context->kept);
    rnn_allocator_t allocator = context->allocator;
    allocator.release(context, sizeof(*context), allocator.user == context ? NULL : allocator.user);
}

rnn_context_t *rnni_context_hold(rnn_context_t *context)
{
    if (!context) return rnn_context_create(NULL);
    atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
    return context;
}

rnn_status_t rnn_context_set_int(rnn_context_t *context, int32_t setting, int64_t value)
{
    RNNI_REQUIRE(context, RNN_ERROR_ARGUMENT, "the context is NULL");
    double number = (double)value;
    if (value == MAX_SEED + 1) number += 2; /* the one value that a double would round into the range */
    double values[SETTING_ROWS];
    RNNI_TRY(rnni_setting_set(context_settings, SETTING_ROWS, values, "the context", setting, RNN_SETTING_INT,
                              number));
    switch (setting) {
    case RNN_CONTEXT_THREADS: context->threads = value; break;
    case RNN_CONTEXT_SEED: context->seed = value; break;
    default:
        context->isa = value;
        atomic_store(&context->kernels, NULL); /* looked up again when next needed */
    }
    return RNN_OK;
}

rnn_status_t rnn_context_get_int(const rnn_context_t *context, int32_t setting, int64_t *value)
{
    RNNI_REQUIRE(context, RNN_ERROR_ARGUMENT, "the context is NULL");
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "the place for the value is NULL");
    double values[SETTING_ROWS] = { (double)context->threads, (double)context->seed, (double)context->isa };
    double found;
    RNNI_TRY(rnni_setting_get(context_settings, SETTING_ROWS, values, "the context", setting, &found));
    *value = (int64_t)found;
    return RNN_OK;
}

rnn_status_t rnn_context_setting(int32_t index, rnn_setting_t *setting)
{
    rnni_setting table[SETTING_ROWS];
    memcpy(table, context_settings, sizeof(table));
    table[0].standard = (double)default_threads();
    return rnni_setting_describe(table, SETTING_ROWS, index, setting);
}
