/* SPDX-License-Identifier: MIT */
#include "core/number.h"
#include <rnn/report.h>

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A line is made in a fixed buffer, so that progress can neither fail nor depend on the locale. */

#define LINE 256
#define BAR 20       /* signs of a full bar */
#define REDRAWS 200  /* of the bar in an epoch, at most */

typedef struct line {
    char text[LINE];
    size_t size;
} line;

static void add(line *l, const char *text)
{
    size_t size = strlen(text), room = LINE - 1 - l->size;
    if (size > room) size = room;
    memcpy(l->text + l->size, text, size);
    l->size += size;
    l->text[l->size] = 0;
}

static void add_integer(line *l, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%lld", (long long)number);
    add(l, digits);
}

/* "  loss 0.4321", or nothing when it is not known. */
static void add_figure(line *l, const char *name, double value)
{
    char digits[RNNI_NUMBER_SIZE];
    if (isnan(value)) return;
    rnni_print_digits(value, 4, digits);
    add(l, "  ");
    add(l, name);
    add(l, " ");
    add(l, digits);
}

/* "12.3 s", "4:05", "1:02:33". */
static void add_time(line *l, double seconds)
{
    char text[48];
    long long whole = seconds < 1e15 ? (long long)(seconds + 0.5) : 0;
    long long tenths = seconds < 60 ? (long long)(seconds * 10 + 0.5) : 600;
    if (tenths < 600)
        snprintf(text, sizeof(text), "%lld.%lld s", tenths / 10, tenths % 10);
    else if (whole < 3600)
        snprintf(text, sizeof(text), "%lld:%02lld", whole / 60, whole % 60);
    else
        snprintf(text, sizeof(text), "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
    add(l, text);
}

static void add_epoch(line *l, const rnn_progress_t *p)
{
    add(l, "epoch ");
    add_integer(l, p->epoch);
    add(l, "/");
    add_integer(l, p->epochs);
}

static void add_bar(line *l, const rnn_progress_t *p)
{
    char bar[BAR + 1];
    int full = (int)((double)p->batch / (double)p->batches * BAR);
    for (int i = 0; i < BAR; i++) bar[i] = i < full ? '=' : i == full ? '>' : '.';
    bar[BAR] = 0;
    add(l, "  [");
    add(l, bar);
    add(l, "]");
}

static void make_batch_line(line *l, const rnn_progress_t *p)
{
    add_epoch(l, p);
    if (p->batches > 0) add_bar(l, p);
    add(l, "  batch ");
    add_integer(l, p->batch);
    if (p->batches > 0) {
        add(l, "/");
        add_integer(l, p->batches);
    }
    add_figure(l, "loss", p->loss);
    add_figure(l, "accuracy", p->accuracy);
    if (p->batches < 1) return;
    add(l, "  ETA ");
    add_time(l, p->seconds / (double)p->batch * (double)(p->batches - p->batch));
}

static void make_epoch_line(line *l, const rnn_progress_t *p)
{
    add_epoch(l, p);
    add_figure(l, "loss", p->loss);
    add_figure(l, "accuracy", p->accuracy);
    add_figure(l, "val_loss", p->val_loss);
    add_figure(l, "val_accuracy", p->val_accuracy);
    add(l, "  ");
    add_time(l, p->seconds);
    if (p->improved) add(l, "  best");
}

/* The bar is drawn again when it is a 200th further, and for unknown lengths every tenth batch. */
static bool moves(const rnn_progress_t *p)
{
    if (p->batches < 1) return p->batch % 10 == 0;
    if (p->batches <= REDRAWS || p->batch == 1) return true;
    double step = (double)p->batches / REDRAWS;
    return floor((double)p->batch / step) > floor((double)(p->batch - 1) / step);
}

/* On a terminal the line in work is overwritten: back to its start, and what stands there erased. */
static void show(const line *l, bool terminal, bool ends)
{
    fprintf(stderr, "%s%s%s", terminal ? "\r\033[K" : "", l->text, ends ? "\n" : "");
    fflush(stderr);
}

int32_t rnn_progress_stderr(const rnn_progress_t *p, void *user)
{
    (void)user;
    if (!p) return 0;
    line l = { .size = 0 };
    bool terminal = isatty(STDERR_FILENO) == 1;
    if (p->event == RNN_EVENT_BATCH && terminal && moves(p)) {
        make_batch_line(&l, p);
        show(&l, true, false);
    } else if (p->event == RNN_EVENT_EPOCH) {
        make_epoch_line(&l, p);
        show(&l, terminal, true);
    } else if (p->event == RNN_EVENT_FIT_END && terminal) {
        show(&l, true, false); /* takes away the bar of an epoch that was not ended */
    }
    return 0;
}
