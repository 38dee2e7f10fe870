/* SPDX-License-Identifier: MIT */
/** @file io.h
 * Reading and writing through the caller's functions: a model may live inside another file, an archive, a
 * network stream or flash memory. Calls that take a path or a memory block are short forms of these. */
#ifndef RNN_IO_H
#define RNN_IO_H

#include <rnn/context.h>

RNN_BEGIN_DECLS

/** A place to read from or write to. Functions that are not needed may be NULL. */
typedef struct rnn_io {
    size_t struct_size; /**< sizeof(rnn_io_t) */
    /** Reads up to `size` bytes; returns how many (0 at the end), or -1 on failure. */
    int64_t (*read)(void *data, int64_t size, void *user);
    /** Writes all of `size` bytes; returns `size`, or -1 on failure. */
    int64_t (*write)(const void *data, int64_t size, void *user);
    /** Moves to `offset` from the start (whence 0), from where it is (whence 1, always with offset 0: only
     *  asks), or from the end (whence 2, offset <= 0); returns the new position from the start, or -1. As
     *  fseek and lseek count. */
    int64_t (*seek)(int64_t offset, int32_t whence, void *user);
    /** Called once when the library is done with the object; may be NULL. */
    void (*close)(void *user);
    void *user;
} rnn_io_t;

/** Takes text piece by piece (not terminated); a non-zero answer stops the writing. */
typedef int32_t (*rnn_write_t)(const char *text, int64_t size, void *user);

RNN_END_DECLS

#endif
