/* SPDX-License-Identifier: MIT */
#include "core/pool.h"
#include "core/memory.h"

/* pool_openmp.c holds the other implementation of this interface. */
#ifndef RNNI_OPENMP

#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* `state` is one word that everyone agrees on: the number of the job (bits 32 to 63), whether it still
 * takes workers (OPEN), how many it takes at most, and how many are inside. A job is closed by its caller
 * when no index is left; then only the workers inside are waited for, never one that is still asleep. The
 * fields of a job are written while nobody is inside, and published by the store to `state`. */
#define INSIDE(state) ((state) & 0xFFF)
#define MOST(state) ((state) >> 12 & 0xFFF)
#define OPEN (UINT64_C(1) << 24)
#define JOB(state) ((uint32_t)((state) >> 32))

enum { MAX_WORKERS = 1023, SPIN_NANOSECONDS = 30000, PAUSES = 32 };

typedef struct rnni_pool {
    pid_t process;               /* a forked child has no workers: it leaves this pool, and makes its own */
    struct rnni_pool *abandoned; /* the parent's, memory only */
    atomic_bool busy;            /* one caller at a time */
    bool spin;

    void (*work)(int64_t index, void *argument);
    void *argument;
    int64_t count;
    fenv_t environment; /* the caller's */
    _Atomic int64_t next;
    _Atomic uint64_t state;

    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    _Atomic int64_t sleepers; /* workers at `wake` */
    atomic_bool caller_sleeps;
    atomic_bool stop;

    int64_t workers, limit; /* how many there are, and how many there can be */
    pthread_t threads[MAX_WORKERS];
} rnni_pool;

/* Waiting. */

static int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Whether a worker that last worked on job `seen` has something to do. */
static bool has_news(rnni_pool *pool, uint32_t seen)
{
    uint64_t state = atomic_load(&pool->state);
    return ((state & OPEN) && JOB(state) != seen) || atomic_load(&pool->stop);
}

static bool is_over(rnni_pool *pool)
{
    return INSIDE(atomic_load(&pool->state)) == 0;
}

/* Going to sleep, and waking: both sides first write (sleepers; state) and then read the other's word, in
 * one total order, so at least one of them sees the other. */
static void wait_for_news(rnni_pool *pool, uint32_t seen)
{
    int64_t start = pool->spin ? nanoseconds() : 0;
    while (pool->spin) {
        for (int i = 0; i < PAUSES; i++) {
            if (has_news(pool, seen)) return;
            rnni_relax();
        }
        if (nanoseconds() - start > SPIN_NANOSECONDS) break;
    }
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->sleepers, 1);
    while (!has_news(pool, seen)) pthread_cond_wait(&pool->wake, &pool->lock);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->lock);
}

static void wait_for_workers(rnni_pool *pool)
{
    int64_t start = 0;
    while (pool->spin) {
        for (int i = 0; i < PAUSES; i++) {
            if (is_over(pool)) return;
            rnni_relax();
        }
        int64_t now = nanoseconds();
        if (start == 0) start = now;
        if (now - start > SPIN_NANOSECONDS) break;
    }
    if (is_over(pool)) return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_sleeps, true);
    while (!is_over(pool)) pthread_cond_wait(&pool->done, &pool->lock);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->lock);
}

/* Workers. */

static void run_indices(rnni_pool *pool)
{
    for (;;) {
        int64_t index = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (index >= pool->count) return;
        pool->work(index, pool->argument);
    }
}

/* Enters the open job unless it has enough workers; either way it is the job last seen. */
static bool join(rnni_pool *pool, uint32_t *seen)
{
    uint64_t state = atomic_load(&pool->state);
    bool inside = false;
    while (!inside && (state & OPEN) && JOB(state) != *seen && INSIDE(state) < MOST(state))
        inside = atomic_compare_exchange_weak(&pool->state, &state, state + 1);
    *seen = JOB(state);
    return inside;
}

static void leave(rnni_pool *pool)
{
    uint64_t state = atomic_fetch_sub(&pool->state, 1) - 1;
    if ((state & OPEN) || INSIDE(state) != 0 || !atomic_load(&pool->caller_sleeps)) return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->lock);
}

static void *worker_main(void *argument)
{
    rnni_pool *pool = argument;
    uint32_t seen = 0;
    for (;;) {
        wait_for_news(pool, seen);
        if (atomic_load(&pool->stop)) return NULL;
        if (!join(pool, &seen)) continue;
        fesetenv(&pool->environment);
        run_indices(pool);
        leave(pool);
    }
}

/* One more worker; false when the system gives no thread. It gets no signals: those are for the program's
 * threads. */
static bool add_worker(rnni_pool *pool)
{
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return false;
    bool made = pthread_create(&pool->threads[pool->workers], NULL, worker_main, pool) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pool->workers += made;
    return made;
}

/* The pool. */

/* Straight from the allocator: a failure here is none of the caller's, who then works alone, and leaves no
 * message. */
static rnni_pool *pool_create(rnn_context_t *context)
{
    const rnn_allocator_t *allocator = &context->allocator;
    rnni_pool *pool = allocator->allocate(sizeof(*pool), RNNI_ALIGNMENT, allocator->user);
    if (!pool) return NULL;
    memset(pool, 0, sizeof(*pool));
    pool->process = getpid();
    pool->limit = MAX_WORKERS;
    pool->spin = rnni_processor_count() >= context->threads;
    if (pthread_mutex_init(&pool->lock, NULL) == 0) {
        if (pthread_cond_init(&pool->wake, NULL) == 0) {
            if (pthread_cond_init(&pool->done, NULL) == 0) return pool;
            pthread_cond_destroy(&pool->wake);
        }
        pthread_mutex_destroy(&pool->lock);
    }
    allocator->release(pool, sizeof(*pool), allocator->user);
    return NULL;
}

static void pool_free(rnn_context_t *context, rnni_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->stop, true);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int64_t i = 0; i < pool->workers; i++) pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    context->allocator.release(pool, sizeof(*pool), context->allocator.user);
}

void rnni_pool_destroy(rnn_context_t *context)
{
    rnni_pool *pool = atomic_exchange(&context->pool, NULL);
    while (pool) {
        rnni_pool *abandoned = pool->abandoned;
        if (pool->process == getpid()) pool_free(context, pool);
        else context->allocator.release(pool, sizeof(*pool), context->allocator.user);
        pool = abandoned;
    }
}

/* This process's pool, made on the first call; NULL when there is no memory for it. */
static rnni_pool *pool_of(rnn_context_t *context)
{
    rnni_pool *found = atomic_load(&context->pool);
    if (found && found->process == getpid()) return found;
    rnni_pool *pool = pool_create(context);
    if (!pool) return NULL;
    pool->abandoned = found;
    if (atomic_compare_exchange_strong(&context->pool, &found, pool)) return pool;
    pool_free(context, pool); /* another thread was faster */
    return found;
}

static void open_job(rnni_pool *pool, int64_t count, void (*work)(int64_t index, void *argument),
                     void *argument, uint64_t most)
{
    uint64_t job = JOB(atomic_load(&pool->state)) + UINT64_C(1);
    pool->work = work;
    pool->argument = argument;
    pool->count = count;
    fegetenv(&pool->environment);
    atomic_store(&pool->next, 0);
    atomic_store(&pool->state, job << 32 | OPEN | most << 12);
    if (atomic_load(&pool->sleepers) == 0) return;
    pthread_mutex_lock(&pool->lock);
    int64_t wanted = (int64_t)most, sleepers = atomic_load(&pool->sleepers);
    for (int64_t i = 0; i < wanted && i < sleepers; i++) pthread_cond_signal(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

void rnni_parallel(rnn_context_t *context, int64_t count, void (*work)(int64_t index, void *argument),
                   void *argument)
{
    int64_t most = (count < context->threads ? count : context->threads) - 1;
    rnni_pool *pool = most > 0 ? pool_of(context) : NULL;
    if (!pool || atomic_exchange(&pool->busy, true)) {
        for (int64_t i = 0; i < count; i++) work(i, argument);
        return;
    }
    while (pool->workers < most && pool->workers < pool->limit)
        if (!add_worker(pool)) pool->limit = pool->workers;
    open_job(pool, count, work, argument, (uint64_t)most);
    run_indices(pool);
    atomic_fetch_and(&pool->state, ~OPEN);
    wait_for_workers(pool);
    atomic_store(&pool->busy, false);
}

#endif
