/* SPDX-License-Identifier: MIT */
#ifndef RNNI_IO_H
#define RNNI_IO_H

#include "core/context.h"
#include <rnn/io.h>

/* The readers and writers behind every path and memory call. */

/* A reader of a file (UTF-8 path; a folder is refused) or of caller memory. Closed with rnni_io_close. */
rnn_status_t rnni_io_open_file(rnn_context_t *context, const char *path, rnn_io_t *io);
rnn_status_t rnni_io_open_memory(rnn_context_t *context, const void *data, size_t size, rnn_io_t *io);
void rnni_io_close(rnn_io_t *io);

/* Reads exactly `size` bytes; a short read is RNN_ERROR_FORMAT "... ends after N of M bytes". */
rnn_status_t rnni_io_read_exact(const rnn_io_t *io, void *out, size_t size, const char *what);
/* Writes all of it. */
rnn_status_t rnni_io_write_all(const rnn_io_t *io, const void *data, size_t size, const char *what);
/* Total bytes of a seekable source, without moving the position. */
rnn_status_t rnni_io_size(const rnn_io_t *io, int64_t *size);

/* Reads a whole file into rnni_alloc'ed memory (terminated by a 0 that *size does not count; release size
 * + 1). */
rnn_status_t rnni_io_read_file(rnn_context_t *context, const char *path, char **data, size_t *size);

/* Line by line over a whole stream with a bounded buffer. `line` lives until the next call, without "\n"
 * or "\r\n"; RNN_END after the last. A line over the limit (64 MiB) is RNN_ERROR_FORMAT. A last line
 * without an end mark counts. */
typedef struct rnni_lines {
    rnn_context_t *context;
    rnn_io_t io;
    char *data;
    size_t capacity, start, end;
    int64_t number; /* of the line last returned, from 1 */
    int finished;
} rnni_lines;
rnn_status_t rnni_lines_open(rnni_lines *lines, rnn_context_t *context, const char *path);
rnn_status_t rnni_lines_next(rnni_lines *lines, char **line, size_t *size);
void rnni_lines_close(rnni_lines *lines);

/* Writes a file so that the path holds the old content or the new one, never a mixture: a temporary file
 * in the same folder is written, synced and renamed over it. begin opens and fills `io` (write and seek);
 * exactly one of commit and abort ends it (abort afterwards does nothing). The struct must stay where it
 * is meanwhile. A link is followed; what is not a regular file is refused. */
typedef struct rnni_atomic_file {
    rnn_context_t *context;
    rnn_io_t io;
    char *path, *temporary;
    int descriptor;
} rnni_atomic_file;
rnn_status_t rnni_atomic_begin(rnni_atomic_file *file, rnn_context_t *context, const char *path);
rnn_status_t rnni_atomic_commit(rnni_atomic_file *file);
void rnni_atomic_abort(rnni_atomic_file *file);

/* Little-endian numbers in byte arrays, on any machine. */
static inline uint64_t rnni_load_u64(const unsigned char *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--) v = v << 8 | p[i];
    return v;
}
static inline void rnni_store_u64(unsigned char *p, uint64_t v)
{
    for (int i = 0; i < 8; i++, v >>= 8) p[i] = (unsigned char)v;
}
static inline int rnni_is_big_endian(void)
{
    const uint16_t one = 1;
    return *(const unsigned char *)&one == 0;
}

#endif
