/* SPDX-License-Identifier: MIT */
/** @file report.h
 * For people: the summary table of a model and the progress of a training run. */
#ifndef RNN_REPORT_H
#define RNN_REPORT_H

#include <rnn/io.h>
#include <rnn/model.h>

RNN_BEGIN_DECLS

/** Writes the table of layers, output shapes and parameter counts, as Keras prints it. The model must be built. */
RNN_API rnn_status_t rnn_model_summary(const rnn_model_t *model, rnn_write_t write, void *user);
/** An rnn_write_t that writes to the standard output; `user` is not used. */
RNN_API int32_t rnn_write_stdout(const char *text, int64_t size, void *user);

enum { RNN_EVENT_FIT_BEGIN = 1, RNN_EVENT_BATCH = 2, RNN_EVENT_EPOCH = 3, RNN_EVENT_FIT_END = 4 };

/** Where a training run stands. Figures that are not known (no validation, no accuracy) are NaN. */
typedef struct rnn_progress {
    size_t struct_size;
    int32_t event;                 /**< RNN_EVENT_* */
    int64_t epoch, epochs;         /**< of this event, from 1 on; how many were asked for */
    int64_t batch, batches;        /**< of the epoch, from 1 on; -1 when the number of batches is not known */
    double loss, accuracy;         /**< means over the epoch so far */
    double val_loss, val_accuracy; /**< RNN_EVENT_EPOCH only */
    double seconds;                /**< since the epoch (FIT_END: the fit) began */
    double learning_rate, gradient_norm; /**< norm of the last update's gradients before clipping; NaN unless clipping asked for it */
    int32_t improved;              /**< RNN_EVENT_EPOCH: 1 when this is the best epoch so far */
} rnn_progress_t;

/** Called from the thread that fits; a non-zero answer stops the run after this batch (RNN_STOPPED). */
typedef int32_t (*rnn_progress_fn)(const rnn_progress_t *progress, void *user);

/** An rnn_progress_fn that shows a bar on a terminal and one line an epoch in a log, on the standard error output. `user` is not used. */
RNN_API int32_t rnn_progress_stderr(const rnn_progress_t *progress, void *user);

RNN_END_DECLS

#endif
