/* SPDX-License-Identifier: MIT */
#ifndef HARNESS_H
#define HARNESS_H

/* The test header. A test program is one file:
 *
 *     #include "harness.h"
 *     TEST(adds) { CHECK_INT(1 + 1, 2); }
 *     TEST_MAIN
 *
 * Cases run in the order they are written. The first check that fails ends its case (the next case still
 * runs), so a case may rely on what it has checked. A check that fails on another thread is recorded, and
 * that thread goes on; one that fails in a forked child ends the child with exit code 1. `program NAME...`
 * runs only the cases whose name contains a NAME; `program --list` names them all. The last line is always
 * "N passed, N failed, N skipped", in cases; the exit code is 0 when none failed. */

#include <inttypes.h>
#include <math.h>
#include <rnn/status.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HARNESS_STATIC __attribute__((unused)) static

struct harness_case {
    const char *name;
    void (*run)(void);
    struct harness_case *next;
};

static struct harness_case *harness_first, **harness_end = &harness_first;
static const char *volatile harness_current; /* the case that runs, for the crash handler */
static atomic_int harness_failed_checks;     /* of that case */
static jmp_buf harness_stop;
static _Thread_local int harness_is_main;
static pid_t harness_process;

#define TEST(name)                                                                \
    static void test_##name(void);                                                \
    __attribute__((constructor)) static void register_##name(void)                \
    {                                                                             \
        static struct harness_case harness_this = { #name, test_##name, NULL };   \
        *harness_end = &harness_this;                                             \
        harness_end = &harness_this.next;                                         \
    }                                                                             \
    static void test_##name(void)

#define TEST_MAIN                                                                 \
    int main(int argc, char **argv)                                               \
    {                                                                             \
        return harness_main(argc, argv);                                          \
    }

/* Ends the case that runs: neither passed nor failed. `reason` says what is missing. */
#define SKIP(reason) harness_skip(reason)

#define CHECK(condition) harness_true((condition) ? 1 : 0, __FILE__, __LINE__, #condition)
#define CHECK_INT(a, b) harness_int((int64_t)(a), (int64_t)(b), __FILE__, __LINE__, #a, #b)
#define CHECK_STR(a, b) harness_str((a), (b), __FILE__, __LINE__, #a, #b)
/* |a - b| <= tolerance; equal infinities are near, a NaN is near nothing. */
#define CHECK_NEAR(a, b, tolerance) \
    harness_near((double)(a), (double)(b), (double)(tolerance), __FILE__, __LINE__, #a, #b)
/* The same `size` bytes at a and at b: for results that must not differ in a bit. */
#define CHECK_BYTES(a, b, size) harness_bytes((a), (b), (size), __FILE__, __LINE__, #a, #b)
#define CHECK_OK(expression) CHECK_STATUS(expression, RNN_OK)
#define CHECK_STATUS(expression, expected) \
    harness_status((expression), (expected), __FILE__, __LINE__, #expression)

#define HARNESS_PLACE const char *file, int line, const char *a_text, const char *b_text

/* Called after the failure is printed. */
HARNESS_STATIC void harness_fail(void)
{
    if (getpid() != harness_process) _exit(1);
    atomic_fetch_add(&harness_failed_checks, 1);
    if (harness_is_main) longjmp(harness_stop, 1);
}

HARNESS_STATIC void harness_skip(const char *reason)
{
    printf("skipped %s: %s\n", harness_current, reason);
    if (harness_is_main) longjmp(harness_stop, 2);
}

#define HARNESS_REPORT(...) \
    (printf("%s:%d: %s: ", file, line, harness_current), printf(__VA_ARGS__), putchar('\n'), harness_fail())

HARNESS_STATIC void harness_true(int holds, const char *file, int line, const char *text)
{
    if (!holds) HARNESS_REPORT("%s does not hold", text);
}

HARNESS_STATIC void harness_int(int64_t a, int64_t b, HARNESS_PLACE)
{
    if (a != b) HARNESS_REPORT("%s is %" PRId64 ", expected %s, %" PRId64, a_text, a, b_text, b);
}

HARNESS_STATIC void harness_str(const char *a, const char *b, HARNESS_PLACE)
{
    if (a == b || (a && b && strcmp(a, b) == 0)) return;
    HARNESS_REPORT("%s is \"%s\", expected %s, \"%s\"", a_text, a ? a : "(null)", b_text, b ? b : "(null)");
}

HARNESS_STATIC void harness_near(double a, double b, double tolerance, HARNESS_PLACE)
{
    if (a == b || fabs(a - b) <= tolerance) return;
    HARNESS_REPORT("%s is %.17g, expected %s, %.17g; off by %g, allowed %g", a_text, a, b_text, b,
                   fabs(a - b), tolerance);
}

HARNESS_STATIC void harness_bytes(const void *a, const void *b, size_t size, HARNESS_PLACE)
{
    const unsigned char *p = a, *q = b;
    size_t i = 0;
    while (i < size && p[i] == q[i]) i++;
    if (i == size) return;
    HARNESS_REPORT("%s and %s differ from byte %zu of %zu on: %02x, %02x", a_text, b_text, i, size, p[i],
                   q[i]);
}

HARNESS_STATIC const char *harness_status_name(rnn_status_t status)
{
#define HARNESS_STATUS_NAME(name, number, text) \
    if (status == (number)) return #name;
    RNN_STATUS_LIST(HARNESS_STATUS_NAME)
#undef HARNESS_STATUS_NAME
    return "no status of the list";
}

HARNESS_STATIC void harness_status(rnn_status_t status, rnn_status_t expected, const char *file, int line,
                                   const char *text)
{
    if (status == expected) return;
    HARNESS_REPORT("%s is %s (%d), expected %s; last error: %s", text, harness_status_name(status),
                   (int)status, harness_status_name(expected), rnn_last_error());
}

/* Names the case in which the program crashes, then lets it crash. */
HARNESS_STATIC void harness_crash(int number)
{
    static const char before[] = "crashed in ", after[] = "\n";
    const char *name = harness_current ? harness_current : "(no case)";
    ssize_t written = write(1, before, sizeof before - 1);
    written += write(1, name, strlen(name));
    written += write(1, after, 1);
    (void)written;
    signal(number, SIG_DFL);
    raise(number);
}

HARNESS_STATIC int harness_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i])) return 1;
    return argc < 2;
}

/* 0 passed, 1 failed, 2 skipped. */
HARNESS_STATIC int harness_run(struct harness_case *test)
{
    harness_current = test->name;
    atomic_store(&harness_failed_checks, 0);
    int ended = setjmp(harness_stop);
    if (ended == 0) test->run();
    return atomic_load(&harness_failed_checks) ? 1 : ended;
}

HARNESS_STATIC int harness_main(int argc, char **argv)
{
    int counts[3] = { 0, 0, 0 }, list = argc == 2 && strcmp(argv[1], "--list") == 0;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* nothing is printed twice by a test that forks */
    harness_is_main = 1;
    harness_process = getpid();
#ifndef HARNESS_SANITIZED /* a sanitizer's own report says more */
    signal(SIGSEGV, harness_crash);
    signal(SIGABRT, harness_crash);
    signal(SIGFPE, harness_crash);
    signal(SIGILL, harness_crash);
#endif
    for (struct harness_case *test = harness_first; test; test = test->next) {
        if (list)
            puts(test->name);
        else if (harness_wanted(test->name, argc, argv))
            counts[harness_run(test)]++;
    }
    if (list) return 0;
    printf("%d passed, %d failed, %d skipped\n", counts[0], counts[1], counts[2]);
    return counts[1] != 0 || counts[0] + counts[2] == 0;
}

#endif
