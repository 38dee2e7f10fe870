/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* unshare */
#include "core/nobody.h"
#include "train/toy.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#endif

/* Disks that are full, files that may not grow, pipes that are closed, callers' functions that fail or give
 * little:
 * a status that says so, the old file as it was, and nothing left behind. */

enum { ROOM = 1 << 16 };

typedef struct {
    rnn_context_t *context;
    rnn_model_t *model;
    rnn_dataset_t *data;
    rnn_trainer_t *trainer;
    rnn_report_t *report;
    rnn_tensor_t *tensor;
} things;

static things made;
static char folder[64], path[96];

static void set_up(void)
{
    static double numbers[2000];
    made.context = toy_context(1);
    made.model = toy_built(made.context, 3, RNN_SOFTMAX, 0);
    made.data = toy_data(made.context, 20, 3);
    made.trainer = toy_trainer(made.model, RNN_LOSS_CROSS_ENTROPY, 2, 10);
    made.report = rnn_report_create(made.context, "title");
    made.tensor = toy_wrap(RNN_F64, 1, 2000, 0, 0, numbers);
    CHECK_OK(rnn_report_add_text(made.report, "text"));
    snprintf(folder, sizeof(folder), "/tmp/rnn_files_%ld", (long)getpid());
    snprintf(path, sizeof(path), "%s/file", folder);
    (void)mkdir(folder, 0700);
}

static void tear_down(void)
{
    rnn_tensor_free(made.tensor);
    rnn_report_free(made.report);
    rnn_trainer_free(made.trainer);
    rnn_dataset_free(made.data);
    rnn_model_free(made.model);
    rnn_context_free(made.context);
    chmod(folder, 0700);
    remove(path);
    CHECK_INT(remove(folder), 0); /* nothing else is in it */
}

static rnn_status_t save_model(void) { return rnn_model_save(made.model, path); }
static rnn_status_t save_trainer(void) { return rnn_trainer_save(made.trainer, path); }
static rnn_status_t save_report(void) { return rnn_report_save(made.report, path); }
static rnn_status_t save_tensor(void) { return rnn_tensor_save_npy(made.tensor, path); }
static rnn_status_t fit_with_checkpoint(void)
{
    rnn_status_t status = rnn_trainer_set_checkpoint(made.trainer, path);
    if (status == RNN_OK) status = rnn_trainer_fit(made.trainer, made.data);
    return status;
}

static rnn_status_t (*const writers[])(void) = { save_model, save_trainer, save_report, save_tensor,
    fit_with_checkpoint };
enum { WRITERS = sizeof(writers) / sizeof(writers[0]) };

static size_t read_path(char *bytes)
{
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t size = fread(bytes, 1, ROOM, file);
    fclose(file);
    return size;
}

static int entries(void)
{
    DIR *listed = opendir(folder);
    struct dirent *entry;
    int count = 0;
    CHECK(listed != NULL);
    while ((entry = readdir(listed))) count += entry->d_name[0] != '.';
    closedir(listed);
    return count;
}

static void write_old(void)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    fputs("the old one", file);
    fclose(file);
}

/* Nothing was changed by a call that failed. */
static void check_refused(rnn_status_t status)
{
    char bytes[ROOM];
    CHECK_STATUS(status, RNN_ERROR_IO);
    CHECK(strstr(rnn_last_error(), path) != NULL);
    CHECK_INT(read_path(bytes), 11);
    CHECK_BYTES(bytes, "the old one", 11);
    CHECK_INT(entries(), 1);
}

/* ---- Files that may not grow ---- */

static rnn_status_t call_limited(rnn_status_t (*call)(void), rlim_t largest)
{
    struct rlimit before, limited;
    getrlimit(RLIMIT_FSIZE, &before);
    limited = before;
    limited.rlim_cur = largest;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limited);
    rnn_status_t status = call();
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    return status;
}

TEST(limit_of_the_size_of_a_file)
{
    static char whole[ROOM];
    set_up();
    for (int i = 0; i < WRITERS; i++) {
        CHECK_OK(writers[i]());
        size_t size = read_path(whole);
        CHECK(size > 100 && size < ROOM);
        write_old();
        for (int part = 0; part < 8; part++)
            check_refused(call_limited(writers[i], (rlim_t)(size - 50) * (rlim_t)part / 7));
        CHECK_OK(writers[i]()); /* and it can be tried again */
    }
    tear_down();
}

/* ---- A disk that is full ---- */

#ifdef __linux__
/* In a mount namespace of its own; exit code 77 where that is not permitted. */
static int child_on_full_disk(void)
{
    char filler[96], zeros[4096] = { 0 };
    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", folder, "tmpfs", 0, "size=32k"))
        return 77;
    write_old();
    snprintf(filler, sizeof(filler), "%s/.filler", folder);
    FILE *file = fopen(filler, "wb");
    CHECK(file != NULL);
    while (fwrite(zeros, 1, sizeof(zeros), file) == sizeof(zeros) && fflush(file) == 0) {}
    fclose(file);
    for (int i = 0; i < WRITERS; i++) check_refused(writers[i]());
    CHECK_INT(remove(filler), 0);
    CHECK_OK(save_model());
    return 0;
}

TEST(full_disk)
{
    int status = 0;
    set_up();
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) _exit(child_on_full_disk());
    CHECK_INT(waitpid(child, &status, 0), child);
    tear_down();
    CHECK(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) SKIP("mounting a small disk is not permitted");
    CHECK_INT(WEXITSTATUS(status), 0);
}
#endif

/* ---- Folders ---- */

static void write_where_it_may_not_be(void)
{
    CHECK(access(folder, W_OK) != 0);
    for (int i = 0; i < WRITERS; i++) check_refused(writers[i]());
}

TEST(folder_that_may_not_be_written)
{
    set_up();
    write_old();
    CHECK_INT(chmod(path, 0644), 0);
    CHECK_INT(chmod(folder, 0555), 0);
    run_as_nobody(write_where_it_may_not_be);
    tear_down();
}

TEST(folder_that_is_not_there_and_path_that_is_a_folder)
{
    set_up();
    char place[96];
    strcpy(place, path);
    for (int i = 0; i < WRITERS; i++) {
        snprintf(path, sizeof(path), "%s/none/file", folder);
        CHECK_STATUS(writers[i](), RNN_ERROR_IO);
        CHECK(strstr(rnn_last_error(), path) != NULL);
        strcpy(path, folder);
        CHECK_STATUS(writers[i](), RNN_ERROR_IO);
        strcpy(path, place);
        CHECK_INT(entries(), 0);
    }
    rnn_model_t *model = NULL;
    CHECK_STATUS(rnn_model_load(made.context, folder, &model), RNN_ERROR_IO);
    CHECK(model == NULL);
    CHECK_STATUS(rnn_trainer_resume(made.trainer, folder), RNN_ERROR_IO);
    tear_down();
}

/* ---- The caller's functions ---- */

static struct {
    char bytes[ROOM];
    int64_t size, position, left, piece; /* left: bytes until it fails; piece: the most that a read gives */
    int closed, pipe;
} place;

static int64_t put(const void *data, int64_t size, void *user)
{
    (void)user;
    if (size > place.left || place.size + size > ROOM) return -1;
    place.left -= size;
    memcpy(place.bytes + place.size, data, (size_t)size);
    place.size += size;
    return size;
}

static int64_t put_in_pipe(const void *data, int64_t size, void *user)
{
    (void)user;
    return write(place.pipe, data, (size_t)size);
}

static int64_t get(void *data, int64_t size, void *user)
{
    int64_t fails = *(const int64_t *)user;
    if (size > place.piece) size = place.piece;
    if (size > place.size - place.position) size = place.size - place.position;
    if (place.position + size > place.left) return fails;
    memcpy(data, place.bytes + place.position, (size_t)size);
    place.position += size;
    return size;
}

static int64_t move(int64_t offset, int32_t whence, void *user)
{
    (void)user;
    int64_t from = whence == 0 ? 0 : whence == 1 ? place.position : place.size;
    if (offset < -from || offset > place.size - from) return -1;
    return place.position = from + offset;
}

static void closed(void *user)
{
    (void)user;
    place.closed++;
}

static rnn_status_t save_through(int64_t (*function)(const void *, int64_t, void *))
{
    rnn_io_t io = { .struct_size = sizeof(io), .write = function, .close = closed };
    place.size = place.closed = 0;
    return rnn_model_save_io(made.model, &io);
}

TEST(functions_that_stop_writing)
{
    set_up();
    place.left = ROOM;
    CHECK_OK(save_through(put));
    CHECK_INT(place.closed, 1);
    for (int64_t whole = place.size, room = 0; room < whole; room++) {
        place.left = room;
        CHECK_STATUS(save_through(put), RNN_ERROR_IO);
        CHECK_INT(place.closed, 1);
    }
    tear_down();
}

TEST(pipe_that_is_closed)
{
    int ends[2];
    set_up();
    CHECK_INT(pipe(ends), 0);
    close(ends[0]);
    place.pipe = ends[1];
    void (*handler)(int) = signal(SIGPIPE, SIG_IGN);
    CHECK_STATUS(save_through(put_in_pipe), RNN_ERROR_IO);
    signal(SIGPIPE, handler);
    close(ends[1]);
    tear_down();
}

static rnn_status_t load_through(int64_t piece, int64_t left, int64_t fails, rnn_model_t **model)
{
    rnn_io_t io = { .struct_size = sizeof(io), .read = get, .seek = move, .close = closed, .user = &fails };
    place.position = place.closed = 0;
    place.piece = piece;
    place.left = left;
    return rnn_model_load_io(made.context, &io, 0, -1, model);
}

TEST(functions_that_read_little)
{
    rnn_model_t *model = NULL;
    set_up();
    place.left = ROOM;
    CHECK_OK(save_through(put));
    for (int64_t piece = 1; piece < 100; piece += 7) {
        CHECK_OK(load_through(piece, ROOM, -1, &model));
        toy_check_same(model, made.model);
        rnn_model_free(model);
        model = NULL;
    }
    tear_down();
}

/* -1 for a failure, 0 for an end that comes too early, or more than was asked for. */
TEST(functions_that_stop_reading)
{
    static const int64_t answers[] = { -1, 0, -7, INT64_MIN, INT64_MAX };
    rnn_model_t *model = NULL;
    set_up();
    place.left = ROOM;
    CHECK_OK(save_through(put));
    for (int i = 0; i < 5; i++)
        for (int64_t left = 0; left < place.size; left += 3) {
            rnn_status_t status = load_through(64, left, answers[i], &model);
            CHECK(status == RNN_ERROR_IO || (answers[i] == 0 && status == RNN_ERROR_FORMAT));
            CHECK(model == NULL && *rnn_last_error());
            CHECK_INT(place.closed, 1);
        }
    tear_down();
}

/* ---- Functions that take text ---- */

static int32_t take(const char *text, int64_t size, void *user)
{
    int *left = user;
    (void)text;
    (void)size;
    return (*left)-- == 0;
}

static rnn_status_t write_text(int which, int pieces)
{
    static const char *const names[] = { "loss" };
    static const double values[] = { 3, 2, 1 };
    static const double *const lines[] = { values };
    switch (which) {
    case 0: return rnn_model_summary(made.model, take, &pieces);
    case 1: return rnn_svg_curves(names, lines, 1, 3, 0, NULL, take, &pieces);
    case 2: return rnn_svg_lines(names, lines, 1, 3, NULL, take, &pieces);
    case 3: return rnn_svg_histogram(values, 3, 0, NULL, take, &pieces);
    default: return rnn_report_write(made.report, take, &pieces);
    }
}

TEST(functions_that_take_no_more_text)
{
    set_up();
    for (int which = 0; which < 5; which++) {
        int pieces = 0;
        while (write_text(which, pieces) == RNN_ERROR_CALLBACK && pieces < 10000) pieces++;
        CHECK(pieces > 0 && pieces < 10000);
        CHECK_OK(write_text(which, pieces));
    }
    tear_down();
}

TEST_MAIN
