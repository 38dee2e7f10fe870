/* SPDX-License-Identifier: MIT */
#ifndef RNNI_ERROR_H
#define RNNI_ERROR_H

#include <rnn/status.h>

#if defined(__GNUC__)
#define RNNI_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define RNNI_PRINTF(text, first)
#endif

/* Stores the line for rnn_last_error() in the thread's fixed buffer (cut to fit, line breaks and control
 * characters replaced, independent of the locale for everything but floats) and returns `status`. Never
 * allocates. */
rnn_status_t rnni_fail(rnn_status_t status, const char *format, ...) RNNI_PRINTF(2, 3);

/* rnni_fail for the commonest case; `what` names the thing that memory was wanted for. */
rnn_status_t rnni_fail_memory(const char *what, size_t bytes);

/* RNN_ERROR_ARGUMENT for a handle that is NULL. The line of an earlier failure is kept: most often it says
 * why there is no handle. */
rnn_status_t rnni_fail_null(const char *what);

/* Overwrites the thread's message without changing any status: to publish a kept first reason again. */
void rnni_set_last_error(const char *text);

/* Forwards a failure (and RNN_END): for a call whose status is not looked at otherwise. */
#define RNNI_TRY(call)                              \
    do {                                            \
        rnn_status_t rnni_status_ = (call);         \
        if (rnni_status_ != RNN_OK) return rnni_status_; \
    } while (0)

/* Checks an argument: RNNI_REQUIRE(count > 0, RNN_ERROR_ARGUMENT, "count is %d, expected ...", count); */
#define RNNI_REQUIRE(condition, ...)                       \
    do {                                                   \
        if (!(condition)) return rnni_fail(__VA_ARGS__);   \
    } while (0)

#endif
