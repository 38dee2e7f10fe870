/* SPDX-License-Identifier: MIT */
/* POINTS says how often. A child trains and writes checkpoints until it is killed, at any moment: what lies
 * under the name is one whole checkpoint, with the weights that a run of so many epochs has. */
#include "train/toy.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { SAMPLES = 20, MOST_EPOCHS = 4000, LONGEST = 60000 /* microseconds */ };

static char folder[64], path[96];

static toy_run begin(void)
{
    toy_run r = { .context = toy_context(1) };
    r.model = toy_built(r.context, 3, RNN_SOFTMAX, 0);
    r.data = toy_data(r.context, SAMPLES, 3);
    r.trainer = toy_trainer(r.model, RNN_LOSS_CROSS_ENTROPY, 1, 10);
    return r;
}

/* Runs until it is killed. */
static void write_checkpoints(void)
{
    toy_run r = begin();
    for (int i = 0; i < MOST_EPOCHS; i++)
        if (rnn_trainer_fit(r.trainer, r.data) != RNN_OK || rnn_trainer_save(r.trainer,
            path) != RNN_OK) _exit(1);
    for (;;) pause();
}

static void wait_microseconds(long n)
{
    struct timespec time = { 0, n * 1000 };
    nanosleep(&time, NULL);
}

static int there(void)
{
    struct stat known;
    return stat(path, &known) == 0;
}

/* 1 when the child ended by the signal, not by itself. */
static int kill_after(long microseconds)
{
    int status = 0;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) write_checkpoints();
    for (int i = 0; i < 10000 && !there(); i++) wait_microseconds(1000);
    wait_microseconds(microseconds);
    kill(child, SIGKILL);
    CHECK_INT(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* A run that was never interrupted, moved on to an epoch; back to the start when it is behind. */
static void go_to(toy_run *whole, int64_t epoch)
{
    if (rnn_trainer_epochs(whole->trainer) > epoch) {
        toy_end(whole);
        *whole = begin();
    }
    while (rnn_trainer_epochs(whole->trainer) < epoch) CHECK_OK(rnn_trainer_fit(whole->trainer, whole->data));
}

static void remove_all(void)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    CHECK(entries != NULL);
    while ((entry = readdir(entries))) {
        char name[512];
        if (entry->d_name[0] == '.') continue;
        snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
        remove(name);
    }
    closedir(entries);
    CHECK_INT(remove(folder), 0);
}

TEST(killed_while_it_writes_checkpoints)
{
    snprintf(folder, sizeof(folder), "/tmp/rnn_kill_%ld", (long)getpid());
    snprintf(path, sizeof(path), "%s/checkpoint", folder);
    CHECK_INT(mkdir(folder, 0700), 0);
    toy_run whole = begin();
    int64_t last = -1, changes = 0;
    for (uint32_t i = 0; i < POINTS; i++) {
        CHECK(kill_after((long)(toy_number(i) % LONGEST)));
        toy_run r = begin();
        CHECK_OK(rnn_trainer_resume(r.trainer, path));
        int64_t epochs = rnn_trainer_epochs(r.trainer);
        CHECK(epochs >= 1 && epochs <= MOST_EPOCHS);
        go_to(&whole, epochs);
        toy_check_same(r.model, whole.model);
        changes += epochs != last;
        last = epochs;
        toy_end(&r);
    }
    CHECK(changes > 2); /* or nothing was ever written while it ran */
    toy_end(&whole);
    remove_all();
}

TEST_MAIN
