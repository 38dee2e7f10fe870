/* SPDX-License-Identifier: MIT */
/* What the header of streams promises of a step: no memory, no lock, no system call. The program's own malloc
 * and mutexes count their calls, and children make steps where the kernel kills whoever calls it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT, syscall */
#endif
#include "core/failing.h"
#include "model/zoo.h"

#if defined(__linux__) && defined(__GLIBC__) && !defined(HARNESS_SANITIZED)
#define COUNTS 1
#include <dlfcn.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static atomic_long calls;

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

void *malloc(size_t size) { return atomic_fetch_add(&calls, 1), __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return atomic_fetch_add(&calls, 1), __libc_calloc(count, size); }
void *realloc(void *block, size_t size) { return atomic_fetch_add(&calls, 1), __libc_realloc(block, size); }
void *aligned_alloc(size_t alignment, size_t size)
{
    return atomic_fetch_add(&calls, 1), __libc_memalign(alignment, size);
}
void free(void *block) { atomic_fetch_add(&calls, 1), __libc_free(block); }

int posix_memalign(void **block, size_t alignment, size_t size)
{
    *block = aligned_alloc(alignment, size);
    return *block ? 0 : 12;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    static int (*real)(pthread_mutex_t *);
    atomic_fetch_add(&calls, 1);
    if (!real) {
        void *found = dlsym(RTLD_NEXT, "pthread_mutex_lock");
        memcpy(&real, &found, sizeof real);
    }
    return real(mutex);
}

#endif

enum { MANY = 20, STEPS = 10000, GROUP_STEPS = 300, WIDEST = 128 };

/* A model with a stream, and with a workspace and many streams. */
typedef struct {
    const zoo_row *row;
    rnn_context_t *context;
    rnn_model_t *model;
    rnn_state_t *state[MANY];
    rnn_states_t *states;
    failing memory;
} subject;

static void open_subject(subject *s, const zoo_row *row)
{
    *s = (subject){ .row = row };
    rnn_allocator_t allocator = failing_allocator(&s->memory, -1);
    s->context = rnn_context_create(&allocator);
    s->model = zoo_make(s->context, row);
    s->states = rnn_states_create(s->model);
    CHECK(s->states != NULL);
    for (int i = 0; i < MANY; i++) CHECK((s->state[i] = rnn_state_create(s->model)) != NULL);
}

static void close_subject(subject *s)
{
    for (int i = 0; i < MANY; i++) rnn_state_free(s->state[i]);
    rnn_states_free(s->states);
    rnn_model_free(s->model);
    rnn_context_free(s->context);
    CHECK_INT(atomic_load(&s->memory.live), 0);
}

/* All ways to step, many times; 1 when every call answered RNN_OK. It calls nothing but the library. */
static int run_steps(subject *s)
{
    static float in[MANY * ZOO_FEATURES], out[MANY * WIDEST];
    int32_t ids[MANY];
    int right = 1;
    for (int t = 0; t < STEPS; t++) {
        in[t % (MANY * ZOO_FEATURES)] = (float)(t % 17) / 8 - 1;
        right &= (s->row->tokens ? rnn_state_step_token(s->state[0], t % ZOO_VOCABULARY, out)
                                 : rnn_state_step(s->state[0], in, out)) == RNN_OK;
        if (t % 1000 == 999) right &= rnn_state_reset(s->state[0]) == RNN_OK;
    }
    for (int t = 0; t < GROUP_STEPS; t++) {
        for (int i = 0; i < MANY; i++) ids[i] = (t + i) % ZOO_VOCABULARY;
        right &= (s->row->tokens ? rnn_states_step_tokens(s->states, s->state, 1 + t % MANY, ids, out)
                                 : rnn_states_step(s->states, s->state, 1 + t % MANY, in, out)) == RNN_OK;
    }
    return right;
}

static void for_all(void (*check)(subject *s))
{
    for (int i = 0; i < ZOO_ROWS; i++) {
        if (!zoo[i].streams) continue;
        static subject s;
        int failed = atomic_load(&harness_failed_checks);
        open_subject(&s, &zoo[i]);
        check(&s);
        close_subject(&s);
        if (atomic_load(&harness_failed_checks) != failed) printf("%s\n", zoo[i].name);
        CHECK_INT(atomic_load(&harness_failed_checks), failed);
    }
}

static void check_allocator(subject *s)
{
    long before = atomic_load(&s->memory.requests);
    CHECK(run_steps(s));
    CHECK_INT(atomic_load(&s->memory.requests), before);
}

TEST(the_contexts_allocator_is_not_asked) { for_all(check_allocator); }

#ifdef COUNTS

static void check_calls(subject *s)
{
    long before = atomic_load(&calls);
    int right = run_steps(s);
    CHECK_INT(atomic_load(&calls) - before, 0);
    CHECK(right);
}

TEST(no_memory_and_no_lock)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    long before = atomic_load(&calls);
    void *volatile block = malloc(10); /* volatile: a compiler may leave out a pair that nobody uses */
    free(block);
    pthread_mutex_lock(&mutex);
    CHECK_INT(atomic_load(&calls) - before, 3); /* they do count */
    pthread_mutex_unlock(&mutex);
    for_all(check_calls);
}

/* In a child that may call read, write, exit and nothing else, or 2: no such thing here. The answer is the
 * child's wait status. */
static int confined(int (*work)(subject *), subject *s)
{
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(2);
        syscall(SYS_exit, work(s) ? 0 : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

static int call_the_kernel(subject *s)
{
    (void)s;
    return syscall(SYS_getpid) > 0;
}

static int call_nothing(subject *s)
{
    (void)s;
    return 1;
}

static void check_confined(subject *s)
{
    int status = confined(run_steps, s);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(no_system_call)
{
    const char *preload = getenv("LD_PRELOAD");
    if (preload && strstr(preload, "vgpreload")) SKIP("valgrind's own calls would be stopped");
    int idle = confined(call_nothing, NULL), caught = confined(call_the_kernel, NULL);
    if (!WIFEXITED(idle) || WEXITSTATUS(idle) != 0 || !WIFSIGNALED(caught))
        SKIP("no strict mode of seccomp here");
    for_all(check_confined);
}

#else

TEST(no_memory_and_no_lock) { SKIP("counts on Linux with glibc, without sanitizers"); }
TEST(no_system_call) { SKIP("works on Linux with glibc, without sanitizers"); }

#endif

TEST_MAIN
