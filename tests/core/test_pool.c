/* SPDX-License-Identifier: MIT */
#include "core/pool.h"
#include "core/failing.h"

#include <fenv.h>
#include <float.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#ifdef __SSE2__
#include <xmmintrin.h>
#endif

enum { MOST = 3000 };

#ifdef RNNI_OPENMP
#define MADE_BY_OPENMP 1
#define CANNOT_FORK "OpenMP does not survive a fork"
#else
#define MADE_BY_OPENMP 0
#ifdef __SANITIZE_THREAD__
#define CANNOT_FORK "the thread sanitizer makes no threads in a forked child"
#else
#define CANNOT_FORK NULL
#endif
#endif

static rnn_context_t *context_with(int threads)
{
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, threads));
    return context;
}

static void doze(long microseconds)
{
    nanosleep(&(struct timespec){ 0, microseconds * 1000 }, NULL);
}

/* How often each index was worked on. */
typedef struct {
    rnn_context_t *context;
    atomic_int calls[MOST];
    int sum; /* written without atomics: the end of rnni_parallel orders it */
    int parts[MOST];
} tally;

static void count_call(int64_t index, void *argument)
{
    tally *t = argument;
    atomic_fetch_add(&t->calls[index], 1);
    t->parts[index] = (int)index + 1;
}

/* 1 when indices [0, count) were called `times` times each, and no other. */
static int called(tally *t, int count, int times)
{
    for (int i = 0; i < MOST; i++)
        if (atomic_load(&t->calls[i]) != (i < count ? times : 0)) return 0;
    return 1;
}

static void check_counts(int threads)
{
    static const int counts[] = { 0, 1, 2, 3, 7, 8, 9, 100, MOST };
    rnn_context_t *context = context_with(threads);
    for (int round = 0; round < 20; round++)
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            static tally t;
            memset(&t, 0, sizeof(t));
            rnni_parallel(context, counts[i], count_call, &t);
            CHECK(called(&t, counts[i], 1));
            for (int k = 0; k < counts[i]; k++) t.sum += t.parts[k];
            CHECK_INT(t.sum, counts[i] * (counts[i] + 1) / 2);
        }
    rnni_parallel(context, -5, count_call, NULL);
    rnn_context_free(context);
}

TEST(one_thread) { check_counts(1); }
TEST(two_threads) { check_counts(2); }
TEST(three_threads) { check_counts(3); }
TEST(eight_threads) { check_counts(8); }
TEST(sixty_four_threads) { check_counts(64); }

TEST(many_small_jobs)
{
    static tally t;
    rnn_context_t *context = context_with(3);
    memset(&t, 0, sizeof(t));
    for (int i = 0; i < 20000; i++) rnni_parallel(context, 3, count_call, &t);
    CHECK(called(&t, 3, 20000));
    rnn_context_free(context);
}

static void nap(int64_t index, void *argument)
{
    doze(index % 2 ? 300 : 0);
    atomic_fetch_add((atomic_int *)argument, 1);
}

/* Long pauses, so that workers and callers go through their sleep and not only through their spin. */
TEST(sleepers_are_woken)
{
    rnn_context_t *context = context_with(4);
    atomic_int calls = 0;
    for (int i = 0; i < 60; i++) {
        rnni_parallel(context, 8, nap, &calls);
        if (i % 3 == 0) doze(1000);
    }
    CHECK_INT(atomic_load(&calls), 480);
    rnn_context_free(context);
}

/* Two indices that each wait until the other has begun can only end on two threads. */
static void meet(int64_t index, void *argument)
{
    atomic_int *arrived = argument;
    (void)index;
    atomic_fetch_add(arrived, 1);
    for (int i = 0; i < 20000 && atomic_load(arrived) < 2; i++) doze(100);
}

TEST(work_runs_at_the_same_time)
{
    rnn_context_t *context = context_with(2);
    atomic_int arrived = 0;
    rnni_parallel(context, 2, meet, &arrived);
    CHECK_INT(atomic_load(&arrived), 2);
    rnn_context_free(context);
}

/* Several callers share the tally here, so only the atomics are written. */
static void count_shared(int64_t index, void *argument)
{
    atomic_fetch_add(&((tally *)argument)->calls[index], 1);
}

static void nested(int64_t index, void *argument)
{
    tally *t = argument;
    (void)index;
    rnni_parallel(t->context, 5, count_shared, t);
}

TEST(nested_calls_run_inline)
{
    static tally t;
    memset(&t, 0, sizeof(t));
    t.context = context_with(3);
    for (int i = 0; i < 50; i++) rnni_parallel(t.context, 10, nested, &t);
    CHECK(called(&t, 5, 500));
    rnn_context_free(t.context);
}

static void *use_often(void *argument)
{
    tally *t = malloc(sizeof(*t));
    if (!t) return NULL;
    void *good = argument;
    for (int i = 0; i < 300; i++) {
        memset(t, 0, sizeof(*t));
        rnni_parallel(argument, 50, count_call, t);
        if (!called(t, 50, 1)) good = NULL;
    }
    free(t);
    return good;
}

TEST(threads_may_use_one_context_at_once)
{
    rnn_context_t *context = context_with(3);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK_INT(pthread_create(&threads[i], NULL, use_often, context), 0);
    for (int i = 0; i < 4; i++) {
        void *good;
        pthread_join(threads[i], &good);
        CHECK(good == context);
    }
    rnn_context_free(context);
}

TEST(more_threads_can_be_asked_for_later)
{
    static tally t;
    rnn_context_t *context = context_with(2);
    memset(&t, 0, sizeof(t));
    rnni_parallel(context, 100, count_call, &t);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, 5));
    rnni_parallel(context, 100, count_call, &t);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, 1));
    rnni_parallel(context, 100, count_call, &t);
    CHECK(called(&t, 100, 3));
    rnn_context_free(context);
}

/* Steps whose parts read what all parts of the step before have written, without atomics. */
enum { STEP_COUNT = 300 };
typedef struct {
    rnn_context_t *context;
    int64_t parts;
    int calls[STEP_COUNT][RNNI_MOST_PARTS];
    long wrong[RNNI_MOST_PARTS]; /* how often a part found the step before incomplete */
    int slow;                    /* the part that dozes now and then, or -1 */
} stepped;

static void one_part(int64_t step, int64_t part, void *argument)
{
    stepped *s = argument;
    for (int64_t p = 0; step > 0 && p < s->parts; p++) s->wrong[part] += s->calls[step - 1][p] != 1;
    if (part == s->slow && step % 50 == 7) doze(500);
    s->calls[step][part]++;
}

static int all_stepped(const stepped *s, int64_t steps)
{
    for (int64_t p = 0; p < s->parts; p++) {
        if (s->wrong[p]) return 0;
        for (int64_t t = 0; t < STEP_COUNT; t++)
            if (s->calls[t][p] != (t < steps)) return 0;
    }
    return 1;
}

static int take_steps(rnn_context_t *context, int64_t steps, int64_t parts, int slow)
{
    stepped *s = calloc(1, sizeof *s);
    if (!s) return 0;
    s->context = context;
    s->parts = parts;
    s->slow = slow;
    rnni_parallel_steps(context, steps, parts, one_part, s);
    int good = all_stepped(s, steps);
    free(s);
    return good;
}

TEST(steps_wait_for_each_other)
{
    static const int64_t parts[] = { 1, 2, 3, 5, 8, RNNI_MOST_PARTS };
    for (int threads = 1; threads <= 8; threads++) {
        rnn_context_t *context = context_with(threads);
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            CHECK(take_steps(context, STEP_COUNT, parts[i], -1));
            CHECK(take_steps(context, STEP_COUNT, parts[i], (int)parts[i] - 1));
            CHECK(take_steps(context, 1, parts[i], 0));
            CHECK(take_steps(context, 0, parts[i], -1));
        }
        rnn_context_free(context);
    }
}

static void steps_inside(int64_t index, void *argument)
{
    (void)index;
    if (!take_steps(((tally *)argument)->context, STEP_COUNT, 4, 1))
        atomic_fetch_add(&((tally *)argument)->calls[0], 1);
}

static void *steps_of_a_thread(void *argument)
{
    int good = 1;
    for (int i = 0; i < 30; i++) good = take_steps(argument, STEP_COUNT, 3, -1) && good;
    return good ? argument : NULL;
}

TEST(steps_where_the_threads_are_taken)
{
    static tally t;
    pthread_t threads[4];
    memset(&t, 0, sizeof(t));
    t.context = context_with(3);
    rnni_parallel(t.context, 6, steps_inside, &t);
    CHECK_INT(atomic_load(&t.calls[0]), 0);
    for (int i = 0; i < 4; i++) CHECK_INT(pthread_create(&threads[i], NULL, steps_of_a_thread, t.context), 0);
    for (int i = 0; i < 4; i++) {
        void *good;
        pthread_join(threads[i], &good);
        CHECK(good == t.context);
    }
    rnn_context_free(t.context);
}

static void signal_is_blocked(int64_t index, void *argument)
{
    sigset_t set;
    atomic_int *wrong = argument;
    (void)index;
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    if (!sigismember(&set, SIGINT) && !harness_is_main) atomic_fetch_add(wrong, 1);
    doze(200);
}

TEST(workers_get_no_signals)
{
    if (MADE_BY_OPENMP) SKIP("OpenMP makes the threads");
    rnn_context_t *context = context_with(3);
    atomic_int wrong = 0;
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    rnni_parallel(context, 20, signal_is_blocked, &wrong);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    CHECK_INT(atomic_load(&wrong), 0);
    CHECK_INT(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
    rnn_context_free(context);
}

/* Counts the indices at which half of the smallest normal number is 0 (lower half), and that round up. */
static void look_at_modes(int64_t index, void *argument)
{
    volatile double small = DBL_MIN;
    int seen = (small / 2 == 0) + (fegetround() == FE_UPWARD) * 0x10000;
    (void)index;
    atomic_fetch_add((atomic_int *)argument, seen);
    doze(100);
}

static int modes_seen(rnn_context_t *context)
{
    atomic_int seen = 0;
    rnni_parallel(context, 20, look_at_modes, &seen);
    return atomic_load(&seen);
}

TEST(rounding_is_the_callers_in_every_thread)
{
    rnn_context_t *context = context_with(3);
    CHECK_INT(modes_seen(context), 0);
    fesetround(FE_UPWARD);
    int seen = modes_seen(context);
    fesetround(FE_TONEAREST);
    CHECK_INT(seen, 20 * 0x10000);
    CHECK_INT(modes_seen(context), 0);
    rnn_context_free(context);
}

/* The threads are made while the caller flushes denormals, and must not go on doing so. */
TEST(flushing_is_the_callers_in_every_thread)
{
#ifdef __SSE2__
    rnn_context_t *context = context_with(3);
    unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040);
    int seen = modes_seen(context);
    _mm_setcsr(mode);
    CHECK_INT(seen, 20);
    CHECK_INT(modes_seen(context), 0);
    rnn_context_free(context);
#else
    SKIP("written for x86");
#endif
}

static int works(rnn_context_t *context, int count)
{
    static tally t;
    memset(&t, 0, sizeof(t));
    rnni_parallel(context, count, count_call, &t);
    return called(&t, count, 1);
}

/* The exit code of a child that computes with the parent's context, and forks once more itself. */
static int child(rnn_context_t *context, int depth)
{
    int good = works(context, 200), status = 0;
    if (depth > 0) {
        pid_t grandchild = fork();
        if (grandchild == 0) _exit(child(context, depth - 1));
        waitpid(grandchild, &status, 0);
    }
    good = good && works(context, 300) && status == 0;
    rnn_context_free(context);
    return good ? 0 : 1;
}

TEST(a_forked_child_makes_its_own_threads)
{
    if (CANNOT_FORK) SKIP(CANNOT_FORK);
    rnn_context_t *context = context_with(3);
    CHECK(works(context, 200));
    for (int i = 0; i < 5; i++) {
        int status = -1;
        pid_t pid = fork();
        if (pid == 0) _exit(child(context, 2));
        waitpid(pid, &status, 0);
        CHECK_INT(status, 0);
        CHECK(works(context, 200));
    }
    rnn_context_free(context);
}

static void fork_inside(int64_t index, void *argument)
{
    int status = -1;
    if (index != 1) {
        doze(2000);
        return;
    }
    pid_t pid = fork();
    if (pid == 0) _exit(works(argument, 100) ? 0 : 1);
    waitpid(pid, &status, 0);
    if (status != 0) _exit(3);
}

TEST(a_fork_in_the_middle_of_work)
{
    if (CANNOT_FORK) SKIP(CANNOT_FORK);
    rnn_context_t *context = context_with(3);
    for (int i = 0; i < 5; i++) rnni_parallel(context, 3, fork_inside, context);
    CHECK(works(context, 200));
    rnn_context_free(context);
}

TEST(without_memory_the_caller_works_alone)
{
    failing f;
    rnn_allocator_t allocator = failing_allocator(&f, 1); /* the context succeeds, the pool does not */
    rnn_context_t *context = rnn_context_create(&allocator);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, 3));
    CHECK(works(context, 100));
    rnn_context_free(context);
    CHECK_INT(atomic_load(&f.live), 0);
}

TEST_MAIN
