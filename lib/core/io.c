/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* realpath */
#include "core/io.h"
#include "core/error.h"
#include "core/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_CALL ((size_t)1 << 30) /* what one read or write is asked for at most */
#define MAX_LINE ((size_t)64 << 20)

/* RNN_ERROR_IO with the system's reason: "reading a.txt failed: Input/output error". */
static rnn_status_t fail_errno(const char *doing, const char *path)
{
    char reason[128];
    int number = errno;
    if (strerror_r(number, reason, sizeof(reason)) != 0) snprintf(reason, sizeof(reason), "error %d", number);
    return rnni_fail(RNN_ERROR_IO, "%s %s failed: %s", doing, path, reason);
}

static size_t at_most(size_t size, size_t limit)
{
    return size < limit ? size : limit;
}

/* Descriptors. */

static int open_again(const char *path, int flags, mode_t mode)
{
    int descriptor;
    do descriptor = open(path, flags | O_CLOEXEC, mode);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

static int64_t read_some(int descriptor, void *data, int64_t size)
{
    ssize_t got;
    do got = read(descriptor, data, at_most((size_t)size, MAX_CALL));
    while (got < 0 && errno == EINTR);
    return got;
}

static int64_t write_whole(int descriptor, const void *data, int64_t size)
{
    for (int64_t done = 0; done < size;) {
        ssize_t put = write(descriptor, (const char *)data + done, at_most((size_t)(size - done), MAX_CALL));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return -1;
        done += put;
    }
    return size;
}

static int64_t seek_to(int descriptor, int64_t offset, int32_t whence)
{
    return lseek(descriptor, (off_t)offset, whence == 0 ? SEEK_SET : whence == 1 ? SEEK_CUR : SEEK_END);
}

/* Readers. */

typedef struct {
    rnn_context_t *context;
    int descriptor;
    size_t size; /* of this block */
    char path[];
} file_reader;

static int64_t file_read(void *data, int64_t size, void *user)
{
    file_reader *file = user;
    int64_t got = read_some(file->descriptor, data, size);
    if (got < 0) fail_errno("reading", file->path);
    return got;
}

static int64_t file_seek(int64_t offset, int32_t whence, void *user)
{
    return seek_to(((file_reader *)user)->descriptor, offset, whence);
}

static void file_close(void *user)
{
    file_reader *file = user;
    close(file->descriptor);
    rnni_free(file->context, file, file->size);
}

static rnn_status_t open_to_read(const char *path, int *descriptor)
{
    struct stat info;
    RNNI_REQUIRE(path, RNN_ERROR_ARGUMENT, "the path is NULL");
    *descriptor = open_again(path, O_RDONLY, 0);
    if (*descriptor < 0) return fail_errno("opening", path);
    if (fstat(*descriptor, &info) == 0 && S_ISDIR(info.st_mode)) {
        close(*descriptor);
        return rnni_fail(RNN_ERROR_IO, "%s is a folder, expected a file", path);
    }
    return RNN_OK;
}

rnn_status_t rnni_io_open_file(rnn_context_t *context, const char *path, rnn_io_t *io)
{
    int descriptor = -1;
    RNNI_TRY(open_to_read(path, &descriptor));
    size_t size = sizeof(file_reader) + strlen(path) + 1;
    file_reader *file = rnni_alloc(context, size);
    if (!file) {
        close(descriptor);
        return RNN_ERROR_MEMORY;
    }
    file->context = context;
    file->descriptor = descriptor;
    file->size = size;
    strcpy(file->path, path);
    *io = (rnn_io_t){ sizeof(*io), file_read, NULL, file_seek, file_close, file };
    return RNN_OK;
}

typedef struct {
    rnn_context_t *context;
    const char *data;
    size_t size, position;
} memory_reader;

static int64_t memory_read(void *data, int64_t size, void *user)
{
    memory_reader *memory = user;
    size_t part = at_most((size_t)size, memory->size - memory->position);
    if (part) memcpy(data, memory->data + memory->position, part);
    memory->position += part;
    return (int64_t)part;
}

static int64_t memory_seek(int64_t offset, int32_t whence, void *user)
{
    memory_reader *memory = user;
    int64_t size = (int64_t)memory->size;
    int64_t base = whence == 0 ? 0 : whence == 1 ? (int64_t)memory->position : size;
    if (offset < -base || offset > size - base) return -1;
    memory->position = (size_t)(base + offset);
    return base + offset;
}

static void memory_close(void *user)
{
    memory_reader *memory = user;
    rnni_free(memory->context, memory, sizeof(*memory));
}

rnn_status_t rnni_io_open_memory(rnn_context_t *context, const void *data, size_t size, rnn_io_t *io)
{
    RNNI_REQUIRE(data || size == 0, RNN_ERROR_ARGUMENT, "the data is NULL, but its size is %zu", size);
    RNNI_REQUIRE(size <= PTRDIFF_MAX, RNN_ERROR_ARGUMENT, "the size of the data is %zu, more than memory has",
                 size);
    memory_reader *memory = rnni_alloc(context, sizeof(*memory));
    if (!memory) return RNN_ERROR_MEMORY;
    *memory = (memory_reader){ context, data, size, 0 };
    *io = (rnn_io_t){ sizeof(*io), memory_read, NULL, memory_seek, memory_close, memory };
    return RNN_OK;
}

void rnni_io_close(rnn_io_t *io)
{
    if (io->close) io->close(io->user);
    memset(io, 0, sizeof(*io));
}

/* On any reader or writer. */

rnn_status_t rnni_io_read_exact(const rnn_io_t *io, void *out, size_t size, const char *what)
{
    RNNI_REQUIRE(io->read, RNN_ERROR_ARGUMENT, "%s cannot be read: the read function is NULL", what);
    for (size_t done = 0; done < size;) {
        int64_t wanted = (int64_t)at_most(size - done, MAX_CALL);
        int64_t got = io->read((char *)out + done, wanted, io->user);
        if (got == 0)
            return rnni_fail(RNN_ERROR_FORMAT, "%s ends after %zu of %zu bytes", what, done, size);
        if (got < 0 && io->read == file_read) return RNN_ERROR_IO; /* it has named the file and the reason */
        if (got < 0 || got > wanted) return rnni_fail(RNN_ERROR_IO, "reading %s failed", what);
        done += (size_t)got;
    }
    return RNN_OK;
}

static int64_t atomic_write(const void *data, int64_t size, void *user);

rnn_status_t rnni_io_write_all(const rnn_io_t *io, const void *data, size_t size, const char *what)
{
    RNNI_REQUIRE(io->write, RNN_ERROR_ARGUMENT, "%s cannot be written: the write function is NULL", what);
    for (size_t done = 0; done < size;) {
        int64_t part = (int64_t)at_most(size - done, MAX_CALL);
        if (io->write((const char *)data + done, part, io->user) != part) {
            if (io->write == atomic_write) return RNN_ERROR_IO; /* it has named the file and the reason */
            return rnni_fail(RNN_ERROR_IO, "writing %s failed", what);
        }
        done += (size_t)part;
    }
    return RNN_OK;
}

rnn_status_t rnni_io_size(const rnn_io_t *io, int64_t *size)
{
    RNNI_REQUIRE(io->seek, RNN_ERROR_UNSUPPORTED, "the size cannot be asked for: the seek function is NULL");
    int64_t here = io->seek(0, 1, io->user);
    int64_t end = here < 0 ? -1 : io->seek(0, 2, io->user);
    if (end < 0 || io->seek(here, 0, io->user) != here)
        return rnni_fail(RNN_ERROR_IO, "the size cannot be asked for: seeking failed");
    *size = end;
    return RNN_OK;
}

/* Whole files. */

/* Reads until the end into `data`, whose capacity starts with what the file says of itself and grows when
 * that was wrong (pipes, /proc, a file that is being written). */
static rnn_status_t read_rest(rnn_context_t *context, const rnn_io_t *io, char **data, size_t *capacity,
                              size_t *size)
{
    for (;;) {
        RNNI_TRY(rnni_grow(context, (void **)data, capacity, *size + 1, 1));
        int64_t got = io->read(*data + *size, (int64_t)(*capacity - *size), io->user);
        if (got < 0) return RNN_ERROR_IO;
        if (got == 0) return RNN_OK;
        *size += (size_t)got;
    }
}

rnn_status_t rnni_io_read_file(rnn_context_t *context, const char *path, char **data, size_t *size)
{
    rnn_io_t io;
    char *block = NULL;
    size_t capacity = 0, used = 0;
    RNNI_TRY(rnni_io_open_file(context, path, &io));
    int64_t said = file_seek(0, 2, io.user);
    if (said > 0 && file_seek(0, 0, io.user) != 0) said = 0;
    rnn_status_t status = RNN_OK;
    if (said > 0) status = rnni_grow(context, (void **)&block, &capacity, (size_t)said + 1, 1);
    if (status == RNN_OK) status = read_rest(context, &io, &block, &capacity, &used);
    rnni_io_close(&io);
    if (status == RNN_OK && capacity != used + 1) {
        char *exact = rnni_realloc(context, block, capacity, used + 1);
        if (exact) {
            block = exact;
            capacity = used + 1;
        } else {
            status = RNN_ERROR_MEMORY;
        }
    }
    if (status != RNN_OK) {
        rnni_free(context, block, capacity);
        return status;
    }
    block[used] = 0;
    *data = block;
    *size = used;
    return RNN_OK;
}

/* Lines. */

rnn_status_t rnni_lines_open(rnni_lines *lines, rnn_context_t *context, const char *path)
{
    rnni_lines fresh = { .context = context };
    RNNI_TRY(rnni_io_open_file(context, path, &fresh.io));
    *lines = fresh;
    return RNN_OK;
}

void rnni_lines_close(rnni_lines *lines)
{
    rnni_io_close(&lines->io);
    rnni_free(lines->context, lines->data, lines->capacity);
    lines->data = NULL;
    lines->capacity = lines->start = lines->end = 0;
    lines->finished = 1;
}

static rnn_status_t too_long(const rnni_lines *lines)
{
    const file_reader *file = lines->io.user;
    return rnni_fail(RNN_ERROR_FORMAT, "line %lld of %s is longer than %zu bytes",
                     (long long)lines->number + 1, file->path, MAX_LINE);
}

/* Reads more behind data[start, end), which moves to the front. One byte stays free for a final 0. */
static rnn_status_t refill(rnni_lines *lines)
{
    size_t kept = lines->end - lines->start, first = 64 << 10;
    if (kept) memmove(lines->data, lines->data + lines->start, kept);
    lines->start = 0;
    lines->end = kept;
    /* A line may have MAX_LINE bytes and an end mark of two. */
    if (kept > MAX_LINE + 1) return too_long(lines);
    size_t needed = kept + 2 < first ? first : kept + 2;
    RNNI_TRY(rnni_grow(lines->context, (void **)&lines->data, &lines->capacity, needed, 1));
    int64_t got = lines->io.read(lines->data + kept, (int64_t)(lines->capacity - 1 - kept), lines->io.user);
    if (got < 0) return RNN_ERROR_IO;
    lines->finished = got == 0;
    lines->end += (size_t)got;
    return RNN_OK;
}

/* Gives out data[start, stop) and goes on behind the end mark, if there is one. */
static rnn_status_t give_line(rnni_lines *lines, size_t stop, bool marked, char **line, size_t *size)
{
    char *text = lines->data + lines->start;
    size_t length = stop - lines->start;
    if (marked && length > 0 && text[length - 1] == '\r') length--;
    if (length > MAX_LINE) return too_long(lines);
    text[length] = 0;
    lines->start = stop + marked;
    lines->number++;
    *line = text;
    *size = length;
    return RNN_OK;
}

rnn_status_t rnni_lines_next(rnni_lines *lines, char **line, size_t *size)
{
    size_t searched = 0; /* of data[start, end): never looked at twice */
    for (;;) {
        size_t rest = lines->end - lines->start - searched;
        char *from = rest ? lines->data + lines->start + searched : NULL;
        char *mark = rest ? memchr(from, '\n', rest) : NULL;
        if (mark) return give_line(lines, (size_t)(mark - lines->data), true, line, size);
        searched += rest;
        if (lines->finished) break;
        RNNI_TRY(refill(lines));
    }
    if (lines->start == lines->end) return RNN_END;
    return give_line(lines, lines->end, false, line, size);
}

/* Atomic files. */

static int64_t atomic_write(const void *data, int64_t size, void *user)
{
    rnni_atomic_file *file = user;
    if (write_whole(file->descriptor, data, size) == size) return size;
    fail_errno("writing", file->temporary);
    return -1;
}

static int64_t atomic_seek(int64_t offset, int32_t whence, void *user)
{
    return seek_to(((rnni_atomic_file *)user)->descriptor, offset, whence);
}

static void release_names(rnni_atomic_file *file)
{
    if (file->path) rnni_free(file->context, file->path, strlen(file->path) + 1);
    if (file->temporary) rnni_free(file->context, file->temporary, strlen(file->temporary) + 1);
    memset(file, 0, sizeof(*file));
    file->descriptor = -1;
}

/* A name beside the target that nobody else uses: the exclusive creation decides, this only has to differ. */
static uint64_t unlikely_number(const void *salt)
{
    static _Atomic uint64_t calls;
    struct timespec now = { 0, 0 };
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t x = (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec + ((uint64_t)getpid() << 32) +
                 (uint64_t)(uintptr_t)salt + atomic_fetch_add(&calls, 1) * UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static rnn_status_t create_temporary(rnni_atomic_file *file)
{
    size_t length = strlen(file->path), size = length + sizeof(".tmp-0123456789abcdef");
    file->temporary = rnni_alloc(file->context, size);
    if (!file->temporary) return RNN_ERROR_MEMORY;
    for (int attempt = 0; attempt < 100; attempt++) {
        unsigned long long number = unlikely_number(file);
        snprintf(file->temporary, size, "%s.tmp-%016llx", file->path, number);
        file->descriptor = open_again(file->temporary, O_RDWR | O_CREAT | O_EXCL, 0666);
        if (file->descriptor >= 0) return RNN_OK;
        if (errno != EEXIST) break;
    }
    return fail_errno("creating", file->temporary);
}

/* The name of the file that is to be replaced: a link stays, and what it points to changes. */
static rnn_status_t resolve(rnn_context_t *context, const char *path, char **name)
{
    struct stat info;
    char real[PATH_MAX];
    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode) && realpath(path, real)) path = real;
    *name = rnni_strdup(context, path);
    return *name ? RNN_OK : RNN_ERROR_MEMORY;
}

static rnn_status_t begin(rnni_atomic_file *file, const char *path)
{
    struct stat info;
    RNNI_TRY(resolve(file->context, path, &file->path));
    bool exists = stat(file->path, &info) == 0;
    RNNI_REQUIRE(!exists || S_ISREG(info.st_mode), RNN_ERROR_IO,
                 "%s is not a regular file, it cannot be replaced", path);
    RNNI_TRY(create_temporary(file));
    if (exists && fchmod(file->descriptor, info.st_mode & 07777) != 0) {
        rnn_status_t status = fail_errno("setting the mode of", file->temporary);
        close(file->descriptor);
        unlink(file->temporary);
        return status;
    }
    return RNN_OK;
}

rnn_status_t rnni_atomic_begin(rnni_atomic_file *file, rnn_context_t *context, const char *path)
{
    memset(file, 0, sizeof(*file)); /* so that abort does nothing after a failure */
    file->context = context;
    file->descriptor = -1;
    RNNI_REQUIRE(path && path[0], RNN_ERROR_ARGUMENT, "the path is %s", path ? "empty" : "NULL");
    rnn_status_t status = begin(file, path);
    if (status != RNN_OK) {
        release_names(file);
        return status;
    }
    file->io = (rnn_io_t){ sizeof(file->io), NULL, atomic_write, atomic_seek, NULL, file };
    return RNN_OK;
}

/* Makes the new name of a file survive a crash of the machine. The file itself is already in place and
 * synced, so a system that cannot sync folders is no failure. */
static void sync_folder(char *path)
{
    char *slash = strrchr(path, '/');
    char kept = slash ? slash[1] : 0;
    if (slash) slash[1] = 0;
    int folder = open_again(slash ? path : ".", O_RDONLY | O_DIRECTORY, 0);
    if (slash) slash[1] = kept;
    if (folder < 0) return;
    (void)fsync(folder);
    close(folder);
}

static int sync_file(int descriptor)
{
    int answer;
    do answer = fsync(descriptor);
    while (answer != 0 && errno == EINTR);
    return answer != 0 && errno != EINVAL && errno != ENOTSUP ? -1 : 0;
}

rnn_status_t rnni_atomic_commit(rnni_atomic_file *file)
{
    rnn_status_t status = RNN_OK;
    RNNI_REQUIRE(file->temporary, RNN_ERROR_STATE, "no file is being written");
    if (sync_file(file->descriptor) != 0) status = fail_errno("syncing", file->temporary);
    if (close(file->descriptor) != 0 && errno != EINTR && status == RNN_OK)
        status = fail_errno("closing", file->temporary);
    if (status == RNN_OK && rename(file->temporary, file->path) != 0)
        status = fail_errno("replacing", file->path);
    if (status == RNN_OK) sync_folder(file->path);
    else unlink(file->temporary);
    release_names(file);
    return status;
}

void rnni_atomic_abort(rnni_atomic_file *file)
{
    if (!file->temporary) return;
    close(file->descriptor);
    unlink(file->temporary);
    release_names(file);
}
