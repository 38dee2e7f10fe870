/* SPDX-License-Identifier: MIT */
/** @file status.h
 * What a call answers, and why it failed.
 *
 * Every function that can fail returns an rnn_status_t: 0 is success, positive is an ordinary end
 * (no more batches), negative an error. Functions that create an object through their return value
 * answer NULL. In both cases rnn_last_error() has one line that names what was expected and what came.
 * On an error no output argument has been written. The library never prints, exits or aborts. */
#ifndef RNN_STATUS_H
#define RNN_STATUS_H

#include <rnn/export.h>

RNN_BEGIN_DECLS

typedef int32_t rnn_status_t;

/** The one list of statuses: X(name, number, text). Numbers never change; new ones go into the gaps. */
#define RNN_STATUS_LIST(X)                                                              \
    X(RNN_OK, 0, "success")                                                             \
    X(RNN_END, 1, "no more items")                                                      \
    X(RNN_STOPPED, 2, "stopped on request")                                             \
    X(RNN_ERROR_ARGUMENT, -10, "an argument is not valid")                              \
    X(RNN_ERROR_SHAPE, -11, "shapes do not fit")                                        \
    X(RNN_ERROR_RANGE, -12, "a value is out of range")                                  \
    X(RNN_ERROR_TYPE, -13, "an element type does not fit")                              \
    X(RNN_ERROR_NAME, -14, "no such name")                                              \
    X(RNN_ERROR_STATE, -20, "not possible at this moment")                              \
    X(RNN_ERROR_MEMORY, -30, "out of memory")                                           \
    X(RNN_ERROR_IO, -40, "reading or writing failed")                                   \
    X(RNN_ERROR_FORMAT, -41, "the data is not in the expected format")                  \
    X(RNN_ERROR_UNSUPPORTED, -42, "not supported")                                      \
    X(RNN_ERROR_DATA, -50, "the data holds a value that cannot be used")                \
    X(RNN_ERROR_NUMERIC, -51, "the computation gave a value that is not finite")        \
    X(RNN_ERROR_CALLBACK, -60, "a callback reported failure")                           \
    X(RNN_ERROR_INTERNAL, -90, "an invariant of the library does not hold")

enum {
#define RNN_STATUS_ENUM(name, number, text) name = number,
    RNN_STATUS_LIST(RNN_STATUS_ENUM)
#undef RNN_STATUS_ENUM
};

/** The name of a status, for example "RNN_ERROR_SHAPE"; "RNN_?" for a number not in the list. Static. */
RNN_API const char *rnn_status_name(rnn_status_t status);

/** The general meaning of a status in a few words. Static text, never NULL. */
RNN_API const char *rnn_status_text(rnn_status_t status);

/** The reason of the last failure in the calling thread, one line without a line break; "" before the
 *  first one. It stays until the thread's next failure. Never NULL, never to be freed. */
RNN_API const char *rnn_last_error(void);

/** Copies rnn_last_error() into `buffer` of `size` bytes, cut to fit and always terminated.
 *  Returns the length of the whole text without its terminator. For bindings. */
RNN_API int64_t rnn_last_error_copy(char *buffer, int64_t size);

RNN_END_DECLS

#endif
