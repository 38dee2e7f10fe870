/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <locale.h>
#include <rnn/rnn.h>

/* What rnn_progress_stderr prints when the standard error output is a file. */
static char *printed(const rnn_progress_t *events, int count)
{
    static char text[4096];
    char path[64];
    int kept = dup(2);
    snprintf(path, sizeof(path), "/tmp/rnn_stderr_%ld", (long)getpid());
    FILE *file = fopen(path, "w+");
    CHECK(file);
    fflush(stderr);
    dup2(fileno(file), 2);
    int32_t answers = 0;
    for (int i = 0; i < count; i++) answers |= rnn_progress_stderr(&events[i], NULL);
    fflush(stderr);
    dup2(kept, 2);
    close(kept);
    rewind(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = 0;
    fclose(file);
    remove(path);
    CHECK_INT(answers, 0);
    return text;
}

static rnn_progress_t event(int32_t kind, int64_t epoch)
{
    return (rnn_progress_t){ .struct_size = sizeof(rnn_progress_t),
                             .event = kind,
                             .epoch = epoch,
                             .epochs = 10,
                             .batch = 5,
                             .batches = 5,
                             .loss = 0.43219,
                             .accuracy = 0.8125,
                             .val_loss = 0.5,
                             .val_accuracy = 0.75,
                             .seconds = 12.34,
                             .learning_rate = 0.001,
                             .gradient_norm = NAN };
}

TEST(log_has_one_line_an_epoch)
{
    rnn_progress_t e[5] = { event(RNN_EVENT_FIT_BEGIN, 1), event(RNN_EVENT_BATCH, 1),
                            event(RNN_EVENT_EPOCH, 1), event(RNN_EVENT_EPOCH, 2),
                            event(RNN_EVENT_FIT_END, 2) };
    e[2].improved = 1;
    CHECK_STR(printed(e, 5),
              "epoch 1/10  loss 0.4322  accuracy 0.8125  val_loss 0.5  val_accuracy 0.75  12.3 s  best\n"
              "epoch 2/10  loss 0.4322  accuracy 0.8125  val_loss 0.5  val_accuracy 0.75  12.3 s\n");
}

TEST(unknown_figures_are_left_out)
{
    rnn_progress_t e = event(RNN_EVENT_EPOCH, 3);
    e.accuracy = e.val_loss = e.val_accuracy = NAN;
    CHECK_STR(printed(&e, 1), "epoch 3/10  loss 0.4322  12.3 s\n");
}

TEST(long_times_are_in_minutes_and_hours)
{
    rnn_progress_t e[3] = { event(RNN_EVENT_EPOCH, 1), event(RNN_EVENT_EPOCH, 2), event(RNN_EVENT_EPOCH, 3) };
    for (int i = 0; i < 3; i++) e[i].accuracy = e[i].val_loss = e[i].val_accuracy = NAN;
    e[0].seconds = 59.96;
    e[1].seconds = 245;
    e[2].seconds = 3723;
    CHECK_STR(printed(e, 3), "epoch 1/10  loss 0.4322  1:00\n"
                             "epoch 2/10  loss 0.4322  4:05\n"
                             "epoch 3/10  loss 0.4322  1:02:03\n");
}

TEST(locale_does_not_matter)
{
    rnn_progress_t e = event(RNN_EVENT_EPOCH, 1);
    char before[512];
    snprintf(before, sizeof(before), "%s", printed(&e, 1));
    if (!setlocale(LC_ALL, "de_DE.UTF-8")) SKIP("no locale with a decimal comma");
    char *after = printed(&e, 1);
    setlocale(LC_ALL, "C");
    CHECK_STR(after, before);
}

TEST_MAIN
