/* SPDX-License-Identifier: MIT */
#include "core/io.h"
#include "core/failing.h"
#include "core/memory.h"
#include "core/nobody.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

static char folder[] = "/tmp/rnn_io_XXXXXX";
static rnn_context_t *context;

/* The path of a file in the test's folder; two can be used at once. */
static const char *in_folder(const char *name)
{
    static char paths[2][512];
    static int turn;
    turn = !turn;
    snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", folder, name);
    return paths[turn];
}

static const char *put_bytes(const char *name, const void *data, size_t size)
{
    const char *path = in_folder(name);
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
    return path;
}

static const char *put(const char *name, const char *text)
{
    return put_bytes(name, text, strlen(text));
}

static void check_file(const char *path, const char *expected)
{
    char *data = NULL;
    size_t size = 0;
    CHECK_OK(rnni_io_read_file(context, path, &data, &size));
    CHECK_STR(data, expected);
    CHECK_INT(size, strlen(expected));
    rnni_free(context, data, size + 1);
}

/* How many files are in the folder. */
static int files(void)
{
    int count = 0;
    DIR *listing = opendir(folder);
    CHECK(listing != NULL);
    while (readdir(listing)) count++;
    closedir(listing);
    return count - 2;
}

TEST(opens_a_folder)
{
    context = rnn_context_create(NULL);
    CHECK(context && mkdtemp(folder));
}

TEST(files_are_read_whole)
{
    char zeros[3] = { 'a', 0, 'b' }, *data;
    size_t size;
    check_file(put("a", "hello\n"), "hello\n");
    check_file(put("a", ""), "");
    CHECK_OK(rnni_io_read_file(context, put_bytes("a", zeros, 3), &data, &size));
    CHECK_INT(size, 3);
    CHECK_BYTES(data, "a\0b\0", 4);
    rnni_free(context, data, size + 1);
}

TEST(files_that_lie_about_their_size_are_read_whole)
{
    char *data;
    size_t size;
    if (access("/proc/self/status", R_OK) != 0) SKIP("no /proc");
    CHECK_OK(rnni_io_read_file(context, "/proc/self/status", &data, &size));
    CHECK(size > 100 && strlen(data) == size);
    rnni_free(context, data, size + 1);
}

TEST(files_that_cannot_be_opened_say_why)
{
    char *data = NULL, expected[512];
    size_t size = 7;
    const char *path = in_folder("missing");
    CHECK_STATUS(rnni_io_read_file(context, path, &data, &size), RNN_ERROR_IO);
    snprintf(expected, sizeof(expected), "opening %s failed: No such file or directory", path);
    CHECK_STR(rnn_last_error(), expected);
    CHECK_STATUS(rnni_io_read_file(context, folder, &data, &size), RNN_ERROR_IO);
    CHECK(strstr(rnn_last_error(), "is a folder") != NULL);
    CHECK_STATUS(rnni_io_read_file(context, NULL, &data, &size), RNN_ERROR_ARGUMENT);
    CHECK(data == NULL && size == 7);
}

static void check_reader(rnn_io_t *io)
{
    char text[8] = { 0 };
    int64_t size = 0;
    CHECK_OK(rnni_io_read_exact(io, text, 3, "the test"));
    CHECK_STR(text, "012");
    CHECK_OK(rnni_io_size(io, &size));
    CHECK_INT(size, 10);
    CHECK_OK(rnni_io_read_exact(io, text, 2, "the test")); /* the position has not moved */
    CHECK_STR(text, "342");
    CHECK_INT(io->seek(-3, 2, io->user), 7);
    CHECK_OK(rnni_io_read_exact(io, text, 0, "the test"));
    CHECK_STATUS(rnni_io_read_exact(io, text, 5, "the test"), RNN_ERROR_FORMAT);
    CHECK_STR(rnn_last_error(), "the test ends after 3 of 5 bytes");
    CHECK_INT(io->seek(-1, 0, io->user), -1);
    CHECK_INT(io->seek(-11, 2, io->user), -1);
    rnni_io_close(io);
    CHECK(io->read == NULL);
}

TEST(readers_of_files_and_memory_agree)
{
    rnn_io_t io;
    CHECK_OK(rnni_io_open_file(context, put("a", "0123456789"), &io));
    check_reader(&io);
    CHECK_OK(rnni_io_open_memory(context, "0123456789", 10, &io));
    CHECK_INT(io.seek(11, 0, io.user), -1);
    CHECK_INT(io.seek(INT64_MIN, 2, io.user), -1);
    CHECK_INT(io.seek(INT64_MAX, 0, io.user), -1);
    check_reader(&io);
    CHECK_OK(rnni_io_open_memory(context, NULL, 0, &io));
    CHECK_STATUS(rnni_io_read_exact(&io, &(char){ 0 }, 1, "nothing"), RNN_ERROR_FORMAT);
    rnni_io_close(&io);
    CHECK_STATUS(rnni_io_open_memory(context, NULL, 5, &io), RNN_ERROR_ARGUMENT);
}

/* A caller's functions: short reads, then a failure; a write that fails; a seek that cannot. */
static int64_t trickle(void *data, int64_t size, void *user)
{
    int *left = user;
    if (*left < 0) return -1;
    if (*left == 0 || size == 0) return 0;
    --*left;
    *(char *)data = 'x';
    return 1;
}

static int64_t too_much(void *data, int64_t size, void *user)
{
    (void)data;
    (void)user;
    return size + 1;
}

static int64_t no_write(const void *data, int64_t size, void *user)
{
    (void)data;
    (void)user;
    return size - 1;
}

static int64_t no_seek(int64_t offset, int32_t whence, void *user)
{
    (void)offset;
    (void)whence;
    (void)user;
    return -1;
}

TEST(callers_functions_may_be_slow_or_fail)
{
    int left = 3;
    char text[4] = { 0 };
    int64_t size = 7;
    rnn_io_t io = { sizeof(io), trickle, no_write, no_seek, NULL, &left };
    CHECK_OK(rnni_io_read_exact(&io, text, 3, "it"));
    CHECK_STR(text, "xxx");
    left = -1;
    CHECK_STATUS(rnni_io_read_exact(&io, text, 1, "it"), RNN_ERROR_IO);
    CHECK_STATUS(rnni_io_write_all(&io, text, 1, "it"), RNN_ERROR_IO);
    CHECK_STATUS(rnni_io_size(&io, &size), RNN_ERROR_IO);
    io.read = too_much;
    CHECK_STATUS(rnni_io_read_exact(&io, text, 1, "it"), RNN_ERROR_IO);
    io = (rnn_io_t){ .struct_size = sizeof(io) };
    CHECK_STATUS(rnni_io_read_exact(&io, text, 1, "it"), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnni_io_write_all(&io, text, 1, "it"), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnni_io_size(&io, &size), RNN_ERROR_UNSUPPORTED);
    CHECK_INT(size, 7);
    rnni_io_close(&io);
}

/* Checks that the file of these bytes has these lines, each shown with its size and "|". */
static void check_lines(const void *bytes, size_t size, const char *expected)
{
    rnni_lines lines;
    char shown[256] = "", *line;
    size_t length;
    rnn_status_t status;
    int64_t number = 0;
    CHECK_OK(rnni_lines_open(&lines, context, put_bytes("lines", bytes, size)));
    while ((status = rnni_lines_next(&lines, &line, &length)) == RNN_OK) {
        CHECK_INT(lines.number, ++number);
        CHECK_INT(line[length], 0);
        snprintf(shown + strlen(shown), sizeof(shown) - strlen(shown), "%d%s|", (int)length, line);
    }
    CHECK_INT(status, RNN_END);
    CHECK_INT(rnni_lines_next(&lines, &line, &length), RNN_END);
    rnni_lines_close(&lines);
    CHECK_STR(shown, expected);
}

TEST(lines_end_in_every_way)
{
    check_lines("", 0, "");
    check_lines("\n", 1, "0|");
    check_lines("a", 1, "1a|");
    check_lines("a\n", 2, "1a|");
    check_lines("a\nbc", 4, "1a|2bc|");
    check_lines("a\r\nb\r\n\r\n", 8, "1a|1b|0|");
    check_lines("a\rb\n", 4, "3a\rb|");
    check_lines("a\r", 2, "2a\r|");
    check_lines("\r\r\n", 3, "1\r|");
    check_lines("\n\n\na", 4, "0|0|0|1a|");
    check_lines("a\0b\nc", 5, "3a|1c|");
}

static void check_long(size_t length, int marked, rnn_status_t expected)
{
    rnni_lines lines;
    char *line, *text = malloc(length + 8);
    size_t size = 0;
    CHECK(text != NULL);
    memset(text, 'y', length);
    memcpy(text + length, "\r\nz", 4);
    put_bytes("lines", text, length + (marked ? 3 : 0));
    CHECK_OK(rnni_lines_open(&lines, context, in_folder("lines")));
    CHECK_STATUS(rnni_lines_next(&lines, &line, &size), expected);
    if (expected == RNN_OK) {
        CHECK_INT(size, length);
        CHECK_BYTES(line, text, length);
        CHECK_STATUS(rnni_lines_next(&lines, &line, &size), marked ? RNN_OK : RNN_END);
    }
    rnni_lines_close(&lines);
    free(text);
}

TEST(long_lines_cross_the_buffer)
{
    for (size_t length = 65533; length <= 65540; length++) {
        check_long(length, 0, RNN_OK);
        check_long(length, 1, RNN_OK);
    }
    check_long(1000000, 1, RNN_OK);
}

TEST(lines_have_a_limit)
{
    const size_t limit = (size_t)64 << 20;
    check_long(limit, 1, RNN_OK);
    check_long(limit, 0, RNN_OK);
    check_long(limit + 1, 1, RNN_ERROR_FORMAT);
    CHECK(strstr(rnn_last_error(), "line 1 of ") != NULL);
    check_long(limit + 1, 0, RNN_ERROR_FORMAT);
    check_long(limit + 100000, 0, RNN_ERROR_FORMAT);
}

TEST(many_lines)
{
    rnni_lines lines;
    char *line, expected[16];
    size_t size;
    FILE *file = fopen(in_folder("lines"), "w");
    CHECK(file != NULL);
    for (int i = 0; i < 50000; i++) fprintf(file, "%d\n", i);
    fclose(file);
    CHECK_OK(rnni_lines_open(&lines, context, in_folder("lines")));
    for (int i = 0; i < 50000; i++) {
        CHECK_OK(rnni_lines_next(&lines, &line, &size));
        snprintf(expected, sizeof(expected), "%d", i);
        CHECK_STR(line, expected);
    }
    CHECK_STATUS(rnni_lines_next(&lines, &line, &size), RNN_END);
    rnni_lines_close(&lines);
    CHECK(lines.capacity == 0);
}

TEST(commit_replaces_and_abort_does_not)
{
    rnni_atomic_file file;
    const char *path = put("target", "old");
    int before = files();
    CHECK_OK(rnni_atomic_begin(&file, context, path));
    CHECK_OK(rnni_io_write_all(&file.io, "newer", 5, "it"));
    check_file(path, "old");
    rnni_atomic_abort(&file);
    rnni_atomic_abort(&file);
    check_file(path, "old");
    CHECK_INT(files(), before);
    CHECK_OK(rnni_atomic_begin(&file, context, path));
    CHECK_OK(rnni_io_write_all(&file.io, "newer", 5, "it"));
    CHECK_INT(file.io.seek(0, 0, file.io.user), 0);
    CHECK_OK(rnni_io_write_all(&file.io, "N", 1, "it"));
    check_file(path, "old");
    CHECK_OK(rnni_atomic_commit(&file));
    CHECK_STATUS(rnni_atomic_commit(&file), RNN_ERROR_STATE);
    check_file(path, "Newer");
    CHECK_INT(files(), before);
}

static int mode_of(const char *path)
{
    struct stat info;
    CHECK_INT(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static void write_now(const char *path)
{
    rnni_atomic_file file;
    CHECK_OK(rnni_atomic_begin(&file, context, path));
    CHECK_OK(rnni_io_write_all(&file.io, "x", 1, "it"));
    CHECK_OK(rnni_atomic_commit(&file));
    check_file(path, "x");
}

TEST(modes_are_kept_or_usual)
{
    mode_t old = umask(027);
    write_now(in_folder("new"));
    umask(old);
    CHECK_INT(mode_of(in_folder("new")), 0640);
    CHECK_INT(chmod(in_folder("new"), 0604), 0);
    write_now(in_folder("new"));
    CHECK_INT(mode_of(in_folder("new")), 0604);
}

TEST(links_are_followed)
{
    struct stat info;
    put("real", "old");
    CHECK_INT(symlink("real", in_folder("link")), 0);
    write_now(in_folder("link"));
    check_file(in_folder("real"), "x");
    CHECK(lstat(in_folder("link"), &info) == 0 && S_ISLNK(info.st_mode));
}

TEST(bare_names_are_in_the_working_folder)
{
    char back[4096];
    CHECK(getcwd(back, sizeof(back)) && chdir(folder) == 0);
    write_now("bare");
    CHECK_INT(chdir(back), 0);
    check_file(in_folder("bare"), "x");
}

TEST(targets_that_cannot_be_replaced_are_refused)
{
    rnni_atomic_file file;
    int before = files();
    CHECK_STATUS(rnni_atomic_begin(&file, context, ""), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnni_atomic_begin(&file, context, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnni_atomic_begin(&file, context, folder), RNN_ERROR_IO);
    CHECK_STATUS(rnni_atomic_begin(&file, context, "/dev/null"), RNN_ERROR_IO);
    CHECK(strstr(rnn_last_error(), "not a regular file") != NULL);
    CHECK_STATUS(rnni_atomic_begin(&file, context, in_folder("no/such/folder")), RNN_ERROR_IO);
    rnni_atomic_abort(&file); /* nothing to undo after a failed begin */
    CHECK_INT(files(), before);
}

static void begin_without_permission(void)
{
    rnni_atomic_file file;
    CHECK_STATUS(rnni_atomic_begin(&file, context, in_folder("target")), RNN_ERROR_IO);
    CHECK(strstr(rnn_last_error(), "Permission denied") != NULL);
}

TEST(a_folder_without_permission_is_refused)
{
    CHECK_INT(chmod(folder, 0555), 0);
    run_as_nobody(begin_without_permission);
    chmod(folder, 0700);
    check_file(in_folder("target"), "Newer");
}

TEST(a_target_that_became_a_folder_fails_the_commit)
{
    rnni_atomic_file file;
    CHECK_OK(rnni_atomic_begin(&file, context, in_folder("late")));
    CHECK_INT(mkdir(in_folder("late"), 0700), 0);
    int before = files();
    CHECK_STATUS(rnni_atomic_commit(&file), RNN_ERROR_IO);
    CHECK(strstr(rnn_last_error(), "replacing") != NULL);
    CHECK_INT(files(), before - 1);
    CHECK_INT(rmdir(in_folder("late")), 0);
}

TEST(a_full_disk_is_reported)
{
    rnni_atomic_file file;
    CHECK_OK(rnni_atomic_begin(&file, context, in_folder("target")));
    int full = open("/dev/full", O_WRONLY);
    if (full < 0) {
        rnni_atomic_abort(&file);
        SKIP("no /dev/full");
    }
    CHECK(dup2(full, file.descriptor) >= 0);
    close(full);
    CHECK_STATUS(rnni_io_write_all(&file.io, "x", 1, "it"), RNN_ERROR_IO);
    rnni_atomic_abort(&file);
    check_file(in_folder("target"), "Newer");
}

TEST(numbers_are_little_endian)
{
    unsigned char bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 0x88 }, back[8];
    CHECK(rnni_load_u64(bytes) == UINT64_C(0x8807060504030201));
    rnni_store_u64(back, UINT64_C(0x8807060504030201));
    CHECK_BYTES(back, bytes, 8);
}

static int io_step(rnn_context_t *failing_context)
{
    rnni_lines lines;
    rnni_atomic_file file;
    rnn_io_t io;
    char *line, *data;
    size_t size;
    int ok = rnni_io_read_file(failing_context, in_folder("target"), &data, &size) == RNN_OK;
    if (ok) rnni_free(failing_context, data, size + 1);
    int opened = rnni_lines_open(&lines, failing_context, in_folder("lines")) == RNN_OK;
    ok = ok && opened && rnni_lines_next(&lines, &line, &size) == RNN_OK;
    if (opened) rnni_lines_close(&lines);
    opened = rnni_io_open_memory(failing_context, "x", 1, &io) == RNN_OK;
    if (opened) rnni_io_close(&io);
    ok = ok && opened;
    opened = rnni_atomic_begin(&file, failing_context, in_folder("target")) == RNN_OK;
    if (opened) rnni_atomic_abort(&file);
    return ok && opened;
}

TEST(every_failing_allocation_is_survived)
{
    int before = files();
    put("lines", "a\nb\n");
    EVERY_FAILURE(io_step);
    CHECK_INT(files(), before);
}

TEST(cleans_up)
{
    DIR *listing = opendir(folder);
    CHECK(listing != NULL);
    for (struct dirent *entry; (entry = readdir(listing));)
        if (entry->d_name[0] != '.') unlink(in_folder(entry->d_name));
    closedir(listing);
    CHECK_INT(rmdir(folder), 0);
    rnn_context_free(context);
}

TEST_MAIN
