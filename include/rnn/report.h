/* SPDX-License-Identifier: MIT */
/** @file report.h
 * For people: the summary table of a model, the progress of a training run, pictures as SVG, and a report as
 * one HTML file. */
#ifndef RNN_REPORT_H
#define RNN_REPORT_H

#include <rnn/io.h>
#include <rnn/metrics.h>
#include <rnn/model.h>

RNN_BEGIN_DECLS

/** Writes the table of layers, output shapes and parameter counts, as Keras prints it, and what the model
 *  takes of memory (rnn_model_memory): its weights, a batch of 32 sequences of 100 steps, a stream. The model
 *  must be built. */
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
    double learning_rate, gradient_norm; /**< norm of the last update's gradients before clipping; NaN unless
                                              clipping asked for it */
    int32_t improved;              /**< RNN_EVENT_EPOCH: 1 when this is the best epoch so far */
} rnn_progress_t;

/** Called from the thread that fits; a non-zero answer stops the run after this batch (RNN_STOPPED). */
typedef int32_t (*rnn_progress_fn)(const rnn_progress_t *progress, void *user);

/** An rnn_progress_fn that shows a bar on a terminal and one line an epoch in a log, on the standard error
 *  output. `user` is not used. */
RNN_API int32_t rnn_progress_stderr(const rnn_progress_t *progress, void *user);

/** @name Pictures
 * SVG files: whole by themselves, readable on light and dark grounds, with their texts as text. `write` gets
 * the file piece by piece; nothing is allocated. Texts are UTF-8, or anything else: what is not valid is
 * shown as U+FFFD; long names are cut. Values that are not finite are gaps. Errors: RNN_ERROR_ARGUMENT,
 * RNN_ERROR_RANGE, RNN_ERROR_CALLBACK (`write` answered non-zero). */
/**@{*/

/** How a chart is labelled. NULL in its place means all zero. */
typedef struct rnn_chart {
    size_t struct_size;                   /**< sizeof(rnn_chart_t) */
    const char *title, *x_label, *y_label; /**< may be NULL */
    double x_first, x_step;               /**< x of the first point, and from point to point; a step of 0
                                               stands for 1, 1 */
    int32_t log_y;                        /**< rnn_svg_lines: 1 for a logarithmic scale, where values <= 0 are
                                               gaps */
} rnn_chart_t;

/** Curves of a training run: values[i][0 .. epochs - 1] is the figure names[i] of each epoch. "val_loss" is
 *  drawn over "loss", and so on; each pair has a scale of its own. `best` is the epoch to be marked, from 1
 *  on, or 0. `title` may be NULL. 1 to 64 figures, at least one epoch. */
RNN_API rnn_status_t rnn_svg_curves(const char *const *names, const double *const *values, int64_t count,
                                    int64_t epochs, int64_t best, const char *title, rnn_write_t write,
                                    void *user);
/** Lines over a common scale, such as the gradient norm of each layer over the updates (log_y): values[i][0
 *  .. points - 1] is line names[i]. 1 to 256 lines, at least one point. */
RNN_API rnn_status_t rnn_svg_lines(const char *const *names, const double *const *values, int64_t count,
                                   int64_t points, const rnn_chart_t *chart, rnn_write_t write, void *user);
/** A confusion matrix: a row for each target, a column for each answer, shaded by the share of the row, with
 *  counts up to 64 classes and names up to 128. `names` has a name for each class, or is NULL (numbers). 1 to
 *  1024 classes. */
RNN_API rnn_status_t rnn_svg_confusion(const rnn_confusion_t *confusion, const char *const *names,
                                       const char *title, rnn_write_t write, void *user);
/** A histogram of values [count] in 1 to 200 bins of equal width; 0: a number that suits the values (Scott
 *  1979). Values that are not finite are left out, and counted below the picture. */
RNN_API rnn_status_t rnn_svg_histogram(const double *values, int64_t count, int64_t bins,
                                       const rnn_chart_t *chart, rnn_write_t write, void *user);
/**@}*/

/** A report: sections that end up in one HTML file without references to others, for light and dark screens
 *  and for paper. */
typedef struct rnn_report rnn_report_t;

/** A report without sections, or NULL. `title` must not be NULL. */
RNN_API rnn_report_t *rnn_report_create(rnn_context_t *context, const char *title);
RNN_API void rnn_report_free(rnn_report_t *report);

/** Begins a section; everything added before the first one stands under the title. */
RNN_API rnn_status_t rnn_report_add_section(rnn_report_t *report, const char *heading);
/** A paragraph. */
RNN_API rnn_status_t rnn_report_add_text(rnn_report_t *report, const char *text);
/** The summary table of a built model. */
RNN_API rnn_status_t rnn_report_add_model(rnn_report_t *report, const rnn_model_t *model);
/** A table of names and texts, such as settings. */
RNN_API rnn_status_t rnn_report_add_table(rnn_report_t *report, const char *const *names,
                                          const char *const *texts, int64_t count);
/** A few figures in large print; NaN shows as "n/a". */
RNN_API rnn_status_t rnn_report_add_figures(rnn_report_t *report, const char *const *names,
                                            const double *values, int64_t count);
/** Precision, recall, F1 and number of targets of each class, and their averages. `names` as in
 *  rnn_svg_confusion. */
RNN_API rnn_status_t rnn_report_add_classes(rnn_report_t *report, const rnn_confusion_t *confusion,
                                            const char *const *names);
/** A table of wrong answers, in the order given: texts[i] was answers[i] with probabilities[i] instead of
 *  targets[i]. Texts are cut after 1000 characters. */
RNN_API rnn_status_t rnn_report_add_errors(rnn_report_t *report, const char *const *texts,
                                           const char *const *targets, const char *const *answers,
                                           const double *probabilities, int64_t count);
/** An rnn_write_t that adds a picture, its `user` being the report: rnn_svg_confusion(c, names, NULL,
 *  rnn_report_append, report). What it gets is not checked. Once it has failed the report refuses everything
 *  else. */
RNN_API int32_t rnn_report_append(const char *text, int64_t size, void *user);

/** Hands the page over. More can be added afterwards. */
RNN_API rnn_status_t rnn_report_write(const rnn_report_t *report, rnn_write_t write, void *user);
/** Writes the page to a file, which holds the old content or the new one, never a mixture. */
RNN_API rnn_status_t rnn_report_save(const rnn_report_t *report, const char *path);

RNN_END_DECLS

#endif
