/* SPDX-License-Identifier: MIT */
#ifndef RNNI_TRAINER_H
#define RNNI_TRAINER_H

#include "core/settings.h"
#include "loss/loss.h"
#include "metrics/metrics.h"
#include "model/exec.h"
#include "optim/optim.h"
#include <rnn/train.h>

#define RNNI_TRAIN_SETTINGS 29 /* RNN_TRAIN_* from 1 on, without gaps */

/* Loss sums of one output over some batches: its mean is loss / weight, or 0 when nothing counted. */
typedef struct rnni_tally {
    double loss, weight;
} rnni_tally;

/* What is summed over an epoch or a dataset. Integers, and doubles that are added in the order of the
 * batches. */
typedef struct rnni_sums {
    rnni_tally *outputs; /* [outputs of the model] */
    rnni_counts counts;  /* answers of the classified output */
    int64_t sequences;
} rnni_sums;

/* An output of the model as training sees it. The rows of all shards of the batch at hand lie one after
 * another in the buffers. */
typedef struct rnni_goal {
    const rnni_node *node;
    const rnni_loss *loss; /* NULL: not trained */
    double settings[RNNI_LOSS_SETTINGS];
    rnni_real *class_weights; /* [class_count], or NULL: all 1 */
    int64_t class_count;      /* of class_weights; else 0 */
    int32_t target;           /* column of the targets: trained outputs are counted */
    bool raw; /* nobody else reads the node, so it is run without its activation and the loss sees logits */
    bool probable; /* somebody does: the loss takes logits from the probabilities */
    bool added;    /* another trained output is the same node: gradients are added */

    bool present;                       /* the batch at hand has a target for it */
    int64_t rows, *first;               /* rows in all; [shards] where a shard's begin */
    int32_t *classes;                   /* [rows], when the target is classes */
    rnni_real *values;                  /* [rows][features], when it is values */
    rnni_real *weight, *share, *losses; /* [rows]; share = output's weight * weight / sum */
    int32_t *right;                     /* [rows] answers: a class, or the number of right features */
    rnni_real *work; /* [rows][features] where logits or gradients need a place of their own */
    double sum;      /* of the weights, each times its row's class weight */
    double group;    /* the same over all batches of an update that is made of several; else 0 */
    size_t first_capacity, classes_capacity, values_capacity, weight_capacity, share_capacity,
        losses_capacity, right_capacity, work_capacity;
} rnni_goal;

/* The state that decides when a fit ends and which weights it ends with. */
typedef struct rnni_watch {
    bool any;           /* an epoch was seen */
    double value, loss; /* of the best epoch: what is monitored (higher is better), and its loss */
    double reference;   /* the value that the next has to surpass by min_delta */
    int64_t waited;     /* epochs since it did */
    double recall;      /* macro recall of the validation part that is judged next, where that is monitored */
    rnni_real *weights; /* [weight_total] of the best epoch, or NULL */
} rnni_watch;

/* Figures of one epoch, in the order of rnni_history_names. */
enum { RNNI_HISTORY_FIGURES = 6 };
typedef struct rnni_epoch {
    double loss, accuracy, val_loss, val_accuracy, seconds, learning_rate;
} rnni_epoch;
extern const char *const rnni_history_names[RNNI_HISTORY_FIGURES];

/* One trained weight, whose layer says how. It is updated in chunks. */
typedef struct rnni_part {
    const rnni_node *node;
    const rnni_weight *weight;
    int64_t first_chunk;
} rnni_part;

/* What lowers the rate on a plateau. */
typedef struct rnni_plateau {
    bool any;       /* an epoch was seen */
    double best;    /* higher is better */
    int64_t waited; /* epochs since then */
    int64_t rest;   /* epochs that are not counted */
    int64_t drops;  /* of the rate so far */
} rnni_plateau;

/* Where in a run the next update stands. */
typedef struct rnni_moment {
    double epoch;     /* epochs of the run behind it, with the part of the running one where that is known */
    int64_t epochs;   /* of the run */
    int64_t updates;  /* of the optimizer, before it */
    int64_t drops;    /* rnni_plateau */
} rnni_moment;

/* Gradient norms of the layers with trained weights. */
typedef struct rnni_norms {
    const rnni_node **layers;
    int32_t count;
    double *sums;    /* [count] over the epoch at hand */
    int64_t updates; /* in sums */
    double *rows;    /* [epochs][count] means of past epochs, NaN where not taken; NULL: never taken */
    size_t capacity; /* of rows */
} rnni_norms;

/* Stateful batches, and windows of steps that a batch's sequences are trained on in (windows.c). */
typedef struct rnni_windows {
    bool stateful;      /* of the running fit */
    int64_t size;       /* steps of a window; 0: whole sequences */
    int64_t step;       /* first step of the next window of the batch at hand */
    int64_t longest;    /* steps of that batch */
    bool cut;           /* that batch was read, and windows of it are left */
    int64_t kept;       /* between fits: sequences with states in train.whole.carried, for the next */
    rnn_batch_t *piece; /* the window at hand, or NULL */
} rnni_windows;

typedef enum { RNNI_PHASE_NONE, RNNI_PHASE_FORWARD, RNNI_PHASE_BACKWARD } rnni_phase;

struct rnn_trainer {
    atomic_int references;  /* views of gradients hold the trainer */
    rnn_context_t *context; /* of the model */
    rnn_model_t *model;     /* held */
    const rnni_kernels *kernels;
    rnni_goal *goals;         /* [outputs] */
    int32_t outputs, targets; /* of them with a loss */
    int32_t classified;       /* the first output with a loss that classifies; -1: none */
    double settings[RNNI_TRAIN_SETTINGS];

    const rnni_optim *optim;
    double optim_settings[RNNI_OPTIM_SETTINGS];
    rnni_real *state[RNNI_OPTIM_STATES]; /* [weight_total] each, made when first needed */
    int64_t updates;                     /* of this optimizer */
    double rate;                         /* of its last update, before the layers' own factors */
    rnni_part *parts;                    /* [part_count] */
    int32_t part_count;
    int64_t chunks; /* of all parts */
    rnni_norms norms;

    rnni_real *accumulated; /* [trained_total] gradients of an update's batches so far, or NULL */
    rnni_real *average;     /* [weight_total] averages of the trained weights, or NULL */
    int64_t averaged;       /* updates in it; 0: not in use */
    rnni_plateau plateau;

    rnni_exec train, evaluate; /* one for each mode, so that a callback may evaluate in the middle of a fit */
    rnn_batch_t *train_batch, *evaluate_batch;
    rnni_windows windows;
    rnni_phase phase;    /* of `train` */
    bool has_loss;       /* the last forward had a target */
    bool differentiated; /* a backward has filled the gradients */

    rnn_dataset_t *validation; /* held, or NULL */
    rnn_progress_fn progress, callback;
    void *progress_user, *callback_user;
    char *checkpoint;
    atomic_int request;
    bool fitting, resumed;

    int64_t epoch;     /* trained so far */
    int64_t batch;     /* updates of the epoch at hand */
    int64_t samples;   /* that epoch's samples; -1 not known */
    int64_t run_first; /* epoch that the run began with */
    double elapsed;    /* seconds of the epoch at hand before an interruption */
    double gradient_norm;
    rnni_sums sums; /* of the epoch at hand */
    rnni_watch watch;
    rnni_epoch *history; /* [epoch] */
    size_t history_capacity;
};

/* Values of RNN_TRAIN_MONITOR. */
enum { RNNI_MONITOR_AUTO, RNNI_MONITOR_LOSS, RNNI_MONITOR_ACCURACY, RNNI_MONITOR_RECALL };

/* Settings by their public ids. */
static inline double rnni_train_float(const rnn_trainer_t *t, int32_t setting)
{
    return t->settings[setting - 1];
}
static inline int64_t rnni_train_int(const rnn_trainer_t *t, int32_t setting)
{
    return (int64_t)t->settings[setting - 1];
}
static inline double rnni_goal_setting(const rnni_goal *goal, int32_t setting)
{
    return goal->settings[setting - RNN_LOSS_WEIGHT];
}
/* Classes that a goal's answers are counted by: those of a softmax, 2 for one sigmoid, else 0. */
static inline int64_t rnni_goal_classes(const rnni_goal *goal)
{
    if (goal->loss->activation == RNNI_ACT_SOFTMAX) return goal->node->features;
    return goal->loss->classifies && goal->node->features == 1 ? 2 : 0;
}
static inline double rnni_train_rate(const rnn_trainer_t *t) { return t->optim_settings[0]; }

extern const rnni_setting rnni_train_settings[RNNI_TRAIN_SETTINGS];

/* ---- targets.c: what a batch brings, against what the outputs take ---- */

/* Checks the targets of a batch before anything is computed: kinds, widths, steps, classes. `all`: every
 * output with a loss needs one. RNN_ERROR_SHAPE, RNN_ERROR_RANGE. */
rnn_status_t rnni_goals_check(rnn_trainer_t *trainer, const rnn_batch_t *batch, bool all);
/* The same for all samples of a dataset in memory, before the first of them is trained on; for a source
 * nothing. */
rnn_status_t rnni_goals_check_dataset(rnn_trainer_t *trainer, const rnn_dataset_t *dataset);

/* ---- goals.c: losses and answers of a batch ---- */

/* Which outputs are trained, how, and on which target column; after every change of a loss. */
void rnni_goals_arrange(rnn_trainer_t *trainer);
void rnni_goals_release(rnn_trainer_t *trainer);
/* Chooses a goal's loss (NULL: none); its settings go to their defaults. */
void rnni_goal_choose(rnn_trainer_t *trainer, rnni_goal *goal, const rnni_loss *loss);
/* Marks in exec->raw what has to be run without its activation. */
void rnni_goals_mark(const rnn_trainer_t *trainer, rnni_exec *exec);
/* Lays out the buffers for the runs of a bound batch, and puts the rows of the targets into them. */
rnn_status_t rnni_goals_place(rnn_trainer_t *trainer, const rnni_exec *exec);
/* After a forward: losses and answers of all rows; with `gradients` also dy of the outputs (zero before). */
void rnni_goals_rows(rnn_trainer_t *trainer, const rnni_exec *exec, bool gradients);
/* Adds the rows to `sums` (may be NULL), in their order, and gives the batch's loss. */
double rnni_goals_sum(const rnn_trainer_t *trainer, const rnni_exec *exec, rnni_sums *sums);
/* For outputs that were run raw: their activation's results for all shards, into goal->work.
 * RNN_ERROR_MEMORY. */
rnn_status_t rnni_goal_activate(rnn_trainer_t *trainer, rnni_goal *goal, const rnni_exec *exec);
/* The same for gradients, after rnni_goal_activate: dy of the output becomes dy of the values before the
 * activation. */
void rnni_goal_activate_backward(const rnni_goal *goal, const rnni_exec *exec);

/* ---- sums.c ---- */
/* `classes`: counts by class as well as right and wrong ones. */
rnn_status_t rnni_sums_init(rnni_sums *sums, const rnn_trainer_t *trainer, bool classes);
void rnni_sums_release(rnni_sums *sums, const rnn_trainer_t *trainer);
void rnni_sums_clear(rnni_sums *sums, const rnn_trainer_t *trainer);
double rnni_sums_loss(const rnni_sums *sums, const rnn_trainer_t *trainer);

/* ---- step.c ---- */

/* Binds, runs forward, and computes losses; training mode also the outputs' gradients. */
rnn_status_t rnni_trainer_pass(rnn_trainer_t *trainer, rnni_exec *exec, const rnn_batch_t *batch, bool all,
                               rnni_sums *sums, double *loss);
/* Backward after a pass in training mode. */
void rnni_trainer_back(rnn_trainer_t *trainer);
/* Scales the gradients down to a global norm; gives the norm before. */
double rnni_trainer_scale_to(rnn_trainer_t *trainer, double limit);
/* Cuts every gradient off at -limit and limit. */
void rnni_trainer_limit_to(rnn_trainer_t *trainer, double limit);
/* One update; the optimizer's state is there. */
rnn_status_t rnni_trainer_update(rnn_trainer_t *trainer, double rate);
/* After the weights were written: packed copies and the model's version. */
rnn_status_t rnni_trainer_weights_changed(rnn_trainer_t *trainer);
/* Makes the optimizer's state for the settings as they are. */
rnn_status_t rnni_trainer_prepare(rnn_trainer_t *trainer);
/* RNN_ERROR_STATE while a fit runs: for calls that a callback must not make. */
rnn_status_t rnni_trainer_idle(const rnn_trainer_t *trainer, const char *what);

/* Lists the trained weights. */
rnn_status_t rnni_parts_init(rnn_trainer_t *trainer);
void rnni_parts_release(rnn_trainer_t *trainer);
/* Sets the gradients of frozen layers to 0, so that they do not count in norms either; rnni_trainer_back does
 * it, and what follows it in a caller's own loop, as layers may be frozen between. */
void rnni_parts_freeze(rnn_trainer_t *trainer);

/* ---- group.c: an update of several batches ---- */
/* The weights of all rows of some batches, in goal->group, so that each batch's gradients are its share of
 * those of all together. rnni_group_end takes that back. */
rnn_status_t rnni_group_weigh(rnn_trainer_t *trainer, rnn_batch_t *const *batches, int64_t count);
void rnni_group_end(rnn_trainer_t *trainer);
/* Adds up the gradients of batch `index` of `count`; the last leaves the sum in place of its own. */
rnn_status_t rnni_group_add(rnn_trainer_t *trainer, int64_t index, int64_t count);

/* ---- schedule.c ---- */
/* The rate of the next update: `base` through the schedule in `settings` (RNN_TRAIN_*). */
double rnni_schedule_rate(const double *settings, double base, const rnni_moment *moment);
/* Judges an epoch by its monitored value, higher is better: Keras' ReduceLROnPlateau. */
void rnni_plateau_epoch(const double *settings, double base, double value, rnni_plateau *plateau);

/* ---- average.c ---- */
/* After an update: takes the weights into their average, where there is to be one. */
rnn_status_t rnni_average_add(rnn_trainer_t *trainer);
/* Exchanges weights and average, where there is one. */
rnn_status_t rnni_average_swap(rnn_trainer_t *trainer);
/* The run is over: the weights become the average. */
rnn_status_t rnni_average_finish(rnn_trainer_t *trainer);
void rnni_average_release(rnn_trainer_t *trainer);

/* ---- norms.c ---- */
rnn_status_t rnni_norms_init(rnn_trainer_t *trainer);
void rnni_norms_release(rnn_trainer_t *trainer);
/* Takes the gradients of an update, where that is asked for. */
void rnni_norms_add(rnn_trainer_t *trainer);
void rnni_norms_clear(rnn_trainer_t *trainer);
/* Ends epoch number t->epoch: its means go into the rows. */
rnn_status_t rnni_norms_epoch(rnn_trainer_t *trainer);
/* The layer of a history figure "gradient_norm.<layer>", or -1. */
int32_t rnni_norms_find(const rnn_trainer_t *trainer, const char *figure);

/* ---- trouble.c: which layer's values broke first ---- */
rnn_status_t rnni_trouble_loss(const rnn_trainer_t *trainer, double loss);
rnn_status_t rnni_trouble_gradients(const rnn_trainer_t *trainer);

/* ---- feed.c: batches of a dataset ---- */

typedef struct rnni_feed {
    rnn_dataset_t *dataset;
    rnn_batch_t *batch;
    rnn_context_t *context;
    int64_t first, part;    /* samples [first, first + part); part -1: sequential, up to the end */
    int64_t count;          /* samples of an epoch, which balancing makes other than `part` */
    bool training, shuffle;
    uint64_t seed, epoch;
    int64_t *order;         /* [count], or NULL: as they come */
    int64_t *window;        /* [size] of a batch, where there is no order */
    int64_t size, position; /* sequences a batch; samples handed out */
} rnni_feed;

/* `shuffle`: whether to, for training: then samples are ordered, balanced, weighed and augmented as the
 * dataset says. NULL: as they are, for evaluation. */
rnn_status_t rnni_feed_open(rnni_feed *feed, rnn_context_t *context, rnn_dataset_t *dataset, int64_t first,
                            int64_t count, int64_t size, const bool *shuffle, rnn_batch_t *batch);
void rnni_feed_close(rnni_feed *feed);
/* Starts an epoch, `skip` batches in. */
rnn_status_t rnni_feed_begin(rnni_feed *feed, uint64_t seed, int64_t epoch, int64_t skip);
/* The next batch in feed->batch, or RNN_END. */
rnn_status_t rnni_feed_next(rnni_feed *feed);
/* Batches of an epoch, -1 when not known. */
int64_t rnni_feed_batches(const rnni_feed *feed);

/* ---- windows.c: states from batch to batch, batches in windows ---- */
/* Whether `count` samples (-1: not known) make batches that can go on in one another, where that is asked
 * for. RNN_ERROR_DATA. */
rnn_status_t rnni_windows_check(const rnn_trainer_t *trainer, int64_t count);
/* For a fit: takes the settings, checks what goes with them, and puts kept states into use. */
rnn_status_t rnni_windows_open(rnn_trainer_t *trainer, const rnni_feed *feed);
/* Takes the states out of use, so that a caller's own passes begin at zero, but keeps them. */
void rnni_windows_close(rnn_trainer_t *trainer);
/* Sequences whose states the next batch or window needs. */
int64_t rnni_windows_states(const rnn_trainer_t *trainer);
/* An epoch begins: no states, the first step. */
void rnni_windows_restart(rnn_trainer_t *trainer);
/* The part of a batch that is to be trained on next, with the states that it begins with: the batch itself,
 * or a window of it. After its backward its states are kept; after its update rnni_windows_pass goes on, and
 * tells whether the batch has more windows. */
rnn_status_t rnni_windows_next(rnn_trainer_t *trainer, const rnn_batch_t *batch, const rnn_batch_t **piece);
rnn_status_t rnni_windows_keep(rnn_trainer_t *trainer);
bool rnni_windows_pass(rnn_trainer_t *trainer);
/* For an evaluation: before it, and before and after each batch. */
rnn_status_t rnni_windows_evaluate(rnn_trainer_t *trainer, int64_t count);
rnn_status_t rnni_windows_check_evaluation(rnn_trainer_t *trainer, const rnn_batch_t *batch);
rnn_status_t rnni_windows_evaluated(rnn_trainer_t *trainer);

/* ---- evaluate.c ---- */
/* Sums over samples [first, first + count) (count -1: all of a sequential dataset). */
rnn_status_t rnni_trainer_measure(rnn_trainer_t *trainer, rnn_dataset_t *dataset, int64_t first,
                                  int64_t count, rnni_sums *sums);

/* ---- watch.c ---- */
/* What is monitored of an epoch, turned so that higher is better. */
double rnni_watch_value(const rnn_trainer_t *trainer, const rnni_epoch *epoch, bool validated);
/* Judges an epoch, by its validation part where it was `validated`; 1 when it is the best so far, and then
 * its weights are kept if asked for. Negative on failure. */
int32_t rnni_watch_epoch(rnn_trainer_t *trainer, const rnni_epoch *epoch, bool validated);
bool rnni_watch_is_over(const rnn_trainer_t *trainer);
/* Puts the best epoch's weights back where that is asked for. */
rnn_status_t rnni_watch_restore(rnn_trainer_t *trainer);
void rnni_watch_clear(rnn_trainer_t *trainer);

/* Seconds of a clock that only goes forward. */
double rnni_trainer_clock(void);

#endif
