/* SPDX-License-Identifier: MIT */
/** @file train.h
 * Training: fit for everyone, and the steps it is made of for one's own loop.
 *
 * A trainer needs its model alone while it runs. Training is repeatable: the same build, instruction set and
 * seed give the same bits for any number of threads, and a run that was interrupted and resumed gives those
 * of one that was not. */
#ifndef RNN_TRAIN_H
#define RNN_TRAIN_H

#include <rnn/data.h>
#include <rnn/loss.h>
#include <rnn/model.h>
#include <rnn/optim.h>
#include <rnn/report.h>

RNN_BEGIN_DECLS

typedef struct rnn_trainer rnn_trainer_t;

/** Settings of a trainer; the constants of its optimizer (optim.h) are set by the same functions. */
enum {
    RNN_TRAIN_EPOCHS = 1,           /**< int, >= 0; default 1 */
    RNN_TRAIN_BATCH = 2,            /**< int, >= 1; default 32; the short last batch of an epoch is kept */
    RNN_TRAIN_VALIDATION_SPLIT = 3, /**< float, 0 to below 1; default 0: the last floor(split * N) samples,
                                         taken before any shuffle, are not trained on */
    RNN_TRAIN_SHUFFLE = 4,          /**< int, 0 or 1; default 1: the order is a function of seed and epoch */
    RNN_TRAIN_SEED = 5,             /**< int, 0 to 2^53; default: the context's */
    RNN_TRAIN_CLIP_NORM = 6,        /**< float, >= 0; 0 (default): off. Gradients are scaled down to this
                                         global norm */
    RNN_TRAIN_PATIENCE = 7,         /**< int, >= 0; 0 (default): off. Stops after this many epochs without
                                         improvement */
    RNN_TRAIN_MIN_DELTA = 8,        /**< float, >= 0; default 0: a change that counts as improvement is larger
                                         than this */
    RNN_TRAIN_MONITOR = 9,          /**< int, auto|loss|accuracy|recall; default auto: accuracy where the
                                         first output is classified, else loss; of the validation part when
                                         there is one. recall: the macro recall of a validation part, which
                                         counts rare classes as much as large ones */
    RNN_TRAIN_RESTORE_BEST = 10,    /**< int, no|yes|auto; default auto: yes when RNN_TRAIN_PATIENCE is set.
                                         Ends a fit with the weights of its best epoch: highest monitored
                                         value, then lower loss, then earlier */
    RNN_TRAIN_CHECKPOINT_EVERY = 11, /**< int, >= 0: updates between checkpoints; 0 (default): at the end of
                                          each epoch */
    RNN_TRAIN_CLIP_VALUE = 12,      /**< float, >= 0; 0 (default): off. Every gradient is cut off at -value
                                         and value, before RNN_TRAIN_CLIP_NORM */
    RNN_TRAIN_ACCUMULATE = 13,      /**< int, 1 (default) to 65536: batches whose gradients make one update,
                                         that of one large batch within rounding. The last update of an epoch
                                         takes those that are left, and RNN_EVENT_BATCH comes once an
                                         update */
    RNN_TRAIN_SCHEDULE = 14,        /**< int, RNN_SCHEDULE_*: how the learning rate of fit changes over a run;
                                         default constant */
    RNN_TRAIN_SCHEDULE_EPOCHS = 15, /**< int, >= 0: step, exponential: epochs for each factor (0, default: 1);
                                         cosine, one-cycle: their length (0: RNN_TRAIN_EPOCHS); plateau: its
                                         patience (0: 10) */
    RNN_TRAIN_SCHEDULE_FACTOR = 16, /**< float, 0 to 1: step, exponential, plateau; default 0.1 */
    RNN_TRAIN_MINIMUM_RATE = 17,    /**< float, >= 0: lower end of all schedules but one-cycle; default 0 */
    RNN_TRAIN_WARMUP = 18,          /**< int, >= 0: the rate of the optimizer's first updates t is multiplied
                                         by t / warmup; default 0 */
    RNN_TRAIN_CYCLE_RISE = 19,      /**< float, 0 to 1: one-cycle: the part of it in which the rate rises;
                                         default 0.3 */
    RNN_TRAIN_PLATEAU_DELTA = 20,   /**< float, >= 0: plateau: a change that counts as improvement is larger
                                         than this; default 1e-4 */
    RNN_TRAIN_PLATEAU_COOLDOWN = 21, /**< int, >= 0: plateau: epochs after a drop that do not count; default
                                          0 */
    RNN_TRAIN_AVERAGE = 22,         /**< int, none|ema|asgd: averages the weights over the updates of a fit,
                                         exponentially or evenly. Validation and evaluation use the average,
                                         and a fit that was not stopped ends with it; default none */
    RNN_TRAIN_AVERAGE_DECAY = 23,   /**< float, 0 to below 1: ema: average = decay average + (1 - decay)
                                         weights; default 0.999 */
    RNN_TRAIN_AVERAGE_FROM = 24,    /**< int, >= 0: epochs of the run before the average begins; default 0 */
    RNN_TRAIN_GRADIENT_NORMS = 25,  /**< int, 0 or 1: the history gets each layer's gradient norm,
                                         "gradient_norm.<layer>"; default 0 */
    RNN_TRAIN_STATEFUL = 26,        /**< int, 0 or 1; default 0. 1: sequence i of a batch goes on where
                                         sequence i of the batch before ended, in fit and in evaluation, which
                                         both begin an epoch at zero states. Needs RNN_TRAIN_SHUFFLE 0,
                                         batches of one size, and a model without layers that look ahead or
                                         take their state from a sequence (RNN_ERROR_UNSUPPORTED names such a
                                         layer). Where an output has one answer a sequence, each batch is
                                         answered: rnn_last gives the state at its end, a pool looks at its
                                         steps */
    RNN_TRAIN_BPTT_STEPS = 27,      /**< int, >= 0; default 0: off. n: fit cuts the sequences of a batch into
                                         windows of n steps, each with its own loss and update. States go on
                                         from window to window, gradients do not (truncated backpropagation
                                         through time). For models that RNN_TRAIN_STATEFUL takes and outputs
                                         per step; RNN_TRAIN_ACCUMULATE has to be 1 */
    RNN_TRAIN_RECOMPUTE = 28,       /**< int, RNN_RECOMPUTE_*: what recurrent layers compute again on the way
                                         back in place of keeping it; default none. Same bits, but for
                                         projected embedding tables (below). Either choice costs the layer's
                                         forward once more, up to a third of a training step;
                                         rnn_trainer_memory follows */
    RNN_TRAIN_PRECISION = 29        /**< int, RNN_PRECISION_F32 (default) or RNN_PRECISION_BF16. BF16:
                                         products of training, forward, back and of the weights' gradients,
                                         round what they multiply to bfloat16 and add up in float; weights,
                                         their gradients and the optimizer, gates, states and losses stay
                                         float, and evaluation is in float. Up to twice as fast for layers of
                                         some hundred units where the processor has AVX512-BF16; elsewhere the
                                         same bits, no faster than F32; by tiles where it has AMX, with other
                                         last bits. With it, RNN_RECOMPUTE_TIME may change last bits.
                                         docs/precision.md */
};

/** Values of RNN_TRAIN_RECOMPUTE. A layer that reads a projected embedding table keeps everything. With GATES
 *  and TIME there is such a table only where a batch has twice as many steps as the vocabulary has words;
 *  with NONE repeated words are enough, so that gradients may differ in last bits. */
enum {
    RNN_RECOMPUTE_NONE = 0,  /**< nothing: for each unit and step of a sequence an LSTM keeps 6 numbers, a GRU
                                  5, a SimpleRNN 1 */
    RNN_RECOMPUTE_GATES = 1, /**< gates, some steps at a time, from the states, which are kept: 2 numbers for
                                  an LSTM, 1 for a GRU and a SimpleRNN */
    RNN_RECOMPUTE_TIME = 2   /**< states, too: of T steps only about sqrt(T) are kept, those between them
                                  computed again, sqrt(T) steps at a time. In all 8 sqrt(T) numbers for an
                                  LSTM, 6 sqrt(T) for a GRU, 2 sqrt(T) for a SimpleRNN, and where a layer's
                                  sequence is read, its outputs, 1 a step */
};

/** Schedules. e: epochs of the run so far (whole ones, and for cosine and one-cycle the part of the running
 *  one where its length is known), n: RNN_TRAIN_SCHEDULE_EPOCHS, f: RNN_TRAIN_SCHEDULE_FACTOR, m:
 *  RNN_TRAIN_MINIMUM_RATE, x = min(e / n, 1). */
enum {
    RNN_SCHEDULE_CONSTANT = 0,    /**< lr */
    RNN_SCHEDULE_STEP = 1,        /**< lr f^floor(e / n) */
    RNN_SCHEDULE_EXPONENTIAL = 2, /**< lr f^(e / n) */
    RNN_SCHEDULE_COSINE = 3,      /**< m + (lr - m) (1 + cos(pi x)) / 2 */
    RNN_SCHEDULE_ONE_CYCLE = 4,   /**< half a cosine from lr / 25 up to lr over the rise, another one down to
                                       lr / 250,000 (Smith and Topin 2017) */
    RNN_SCHEDULE_PLATEAU = 5      /**< lr f^k: k counts the times that what is monitored did not improve for n
                                       epochs (Keras' ReduceLROnPlateau) */
};

/** Figures over a dataset. Fields that make no sense for the losses are NaN. */
typedef struct rnn_result {
    size_t struct_size;   /**< sizeof(rnn_result_t), set by the caller */
    double loss;          /**< of all outputs together */
    double accuracy;      /**< of the first output with a classification loss: share of right answers (binary:
                               threshold 1/2) */
    double macro_recall;  /**< mean over the classes that occur of the share of their members found */
    double macro_f1;      /**< mean over the classes that occur or were answered of the harmonic mean of
                               precision and recall */
    int64_t count;        /**< sequences */
    double seconds;
} rnn_result_t;

/** A trainer for a built model, or NULL. It holds the model. */
RNN_API rnn_trainer_t *rnn_trainer_create(rnn_model_t *model);
RNN_API void rnn_trainer_free(rnn_trainer_t *trainer);

/** The loss of an output (NULL: the only one), RNN_LOSS_*. Every output that is trained needs one; outputs
 *  without a loss have no target. Errors: RNN_ERROR_NAME, RNN_ERROR_ARGUMENT (a loss that does not go with
 *  the output's activation). */
RNN_API rnn_status_t rnn_trainer_set_loss(rnn_trainer_t *trainer, const char *output, int32_t loss);
/** Settings of an output's loss, RNN_LOSS_WEIGHT and those after it; they are at their defaults after
 *  rnn_trainer_set_loss. */
RNN_API rnn_status_t rnn_trainer_set_loss_int(rnn_trainer_t *trainer, const char *output, int32_t setting,
                                              int64_t value);
RNN_API rnn_status_t rnn_trainer_set_loss_float(rnn_trainer_t *trainer, const char *output, int32_t setting,
                                                double value);
RNN_API rnn_status_t rnn_trainer_get_loss_int(const rnn_trainer_t *trainer, const char *output,
                                              int32_t setting, int64_t *value);
RNN_API rnn_status_t rnn_trainer_get_loss_float(const rnn_trainer_t *trainer, const char *output,
                                                int32_t setting, double *value);
/** Row `index` of the settings that losses have; RNN_END past the last. */
RNN_API rnn_status_t rnn_trainer_loss_setting(int32_t index, rnn_setting_t *setting);
/** Weights of the classes of an output with a cross-entropy, >= 0, copied: `count` is the number of its
 *  classes (2 for one sigmoid). NULL: all 1. They are part of the loss, which is divided by the sum of the
 *  rows' class weights; data may have weights of its own besides. */
RNN_API rnn_status_t rnn_trainer_set_class_weights(rnn_trainer_t *trainer, const char *output,
                                                   const double *weights, int64_t count);
/** Chooses the optimizer, RNN_OPTIM_*, and its rate; its other constants go to their defaults and its state
 *  to 0. Default: Adam, 0.001. */
RNN_API rnn_status_t rnn_trainer_set_optimizer(rnn_trainer_t *trainer, int32_t optimizer,
                                               double learning_rate);

RNN_API rnn_status_t rnn_trainer_set_int(rnn_trainer_t *trainer, int32_t setting, int64_t value);
RNN_API rnn_status_t rnn_trainer_set_float(rnn_trainer_t *trainer, int32_t setting, double value);
RNN_API rnn_status_t rnn_trainer_get_int(const rnn_trainer_t *trainer, int32_t setting, int64_t *value);
RNN_API rnn_status_t rnn_trainer_get_float(const rnn_trainer_t *trainer, int32_t setting, double *value);
RNN_API rnn_status_t rnn_trainer_setting(int32_t index, rnn_setting_t *setting);

/** Data that each epoch is validated on, instead of a split; it is held. NULL takes it away. */
RNN_API rnn_status_t rnn_trainer_set_validation(rnn_trainer_t *trainer, rnn_dataset_t *dataset);
/** Shows progress: rnn_progress_stderr, or a function of one's own. Silent unless set. */
RNN_API rnn_status_t rnn_trainer_set_progress(rnn_trainer_t *trainer, rnn_progress_fn function, void *user);
/** A second function with the same events, for the program itself. */
RNN_API rnn_status_t rnn_trainer_set_callback(rnn_trainer_t *trainer, rnn_progress_fn function, void *user);
/** fit writes a checkpoint to `path` (NULL: none) as RNN_TRAIN_CHECKPOINT_EVERY says; the file is the old or
 *  the new one, never a mixture. */
RNN_API rnn_status_t rnn_trainer_set_checkpoint(rnn_trainer_t *trainer, const char *path);

/** Trains for RNN_TRAIN_EPOCHS epochs; called again it trains as many more. After rnn_trainer_resume it goes
 *  on where the checkpoint was written, up to the epochs of that run. Returns RNN_STOPPED when a callback or
 *  a request ended it: then the weights are left as they are, so that rnn_trainer_save and rnn_trainer_resume
 *  can go on (RNN_TRAIN_RESTORE_BEST waits for the end of the run). NaN in the data is RNN_ERROR_DATA, a loss
 *  that is not finite RNN_ERROR_NUMERIC, whose line names the update and the first layer whose values are not
 *  finite. */
RNN_API rnn_status_t rnn_trainer_fit(rnn_trainer_t *trainer, rnn_dataset_t *dataset);
/** Learning-rate range test (Smith 2017): makes up to `updates` (2 to 2^31 - 1) updates with a new optimizer
 *  state and rates that rise exponentially from `lowest` to `highest`, and then puts everything back as it
 *  was. It ends early when the loss is not finite or larger than 4 times the least so far. *rates and *losses
 *  become new F64 tensors [updates made], freed by the caller: the rate of each update and the loss of its
 *  batch before it. A good rate is somewhat below the one where the loss falls fastest. */
RNN_API rnn_status_t rnn_trainer_range_test(rnn_trainer_t *trainer, rnn_dataset_t *dataset, double lowest,
                                            double highest, int64_t updates, rnn_tensor_t **rates,
                                            rnn_tensor_t **losses);
/** Computes loss and metrics without training. */
RNN_API rnn_status_t rnn_trainer_evaluate(rnn_trainer_t *trainer, rnn_dataset_t *dataset,
                                          rnn_result_t *result);

enum { RNN_STOP = 1, RNN_CHECKPOINT = 2 };
/** Asks a running fit to stop, to write a checkpoint, or both, at the next update. Lock-free: may be called
 *  from a signal handler or another thread. */
RNN_API void rnn_trainer_request(rnn_trainer_t *trainer, int32_t what);

/** Epochs trained so far. */
RNN_API int64_t rnn_trainer_epochs(const rnn_trainer_t *trainer);
/** One figure of each epoch so far as a new F64 tensor [epochs], freed by the caller: "loss", "accuracy",
 *  "val_loss", "val_accuracy", "seconds", "learning_rate" (of its last update), and with
 *  RNN_TRAIN_GRADIENT_NORMS "gradient_norm.<layer>", the mean over the updates of the norm of the gradients
 *  of a layer's weights before clipping (NaN for epochs without it). NULL for another name. */
RNN_API rnn_tensor_t *rnn_trainer_history(const rnn_trainer_t *trainer, const char *figure);

/** Everything that training needs to go on: weights, optimizer, epoch and position, best weights, history,
 *  counters. */
RNN_API rnn_status_t rnn_trainer_save(rnn_trainer_t *trainer, const char *path);
/** Restores a checkpoint into a trainer with the same model, losses and optimizer; settings come from the
 *  file. On an error nothing has changed. */
RNN_API rnn_status_t rnn_trainer_resume(rnn_trainer_t *trainer, const char *path);

/** Runs a batch forward in training mode and gives its loss (NULL: not wanted). The batch must live until
 *  backward. Without targets for an output, that output has no loss. */
RNN_API rnn_status_t rnn_trainer_forward(rnn_trainer_t *trainer, const rnn_batch_t *batch, double *loss);
/** Bytes that forward, backward and step take together for a batch of `batch` sequences with `steps` steps
 *  each in every input, with the losses and the optimizer at hand, known before anything runs:
 *  RNN_MEMORY_TRAIN of rnn_model_memory, rows of the losses and the optimizer's numbers. Not in it: the
 *  batch, the weights (RNN_MEMORY_MODEL), some kilobytes, and what rnn_trainer_fit has beside it: a copy of
 *  the best weights, and RNN_MEMORY_RUN while it validates. Errors as rnn_model_memory. */
RNN_API rnn_status_t rnn_trainer_memory(rnn_trainer_t *trainer, int64_t batch, int64_t steps, int64_t *bytes);

/** Gradients of the loss of the last forward, replacing the ones before. */
RNN_API rnn_status_t rnn_trainer_backward(rnn_trainer_t *trainer);
/** Gradients of sum(output * upstream) over outputs instead of the loss: upstream[i] has the shape of output
 *  i as rnn_model_run gives it, or is NULL (nothing flows back from it); `count` is the length of the
 *  array. */
RNN_API rnn_status_t rnn_trainer_backward_from(rnn_trainer_t *trainer, const rnn_tensor_t *const *upstream,
                                               int32_t count);
/** Output `index` of the last forward as a new tensor, as rnn_model_run gives it. */
RNN_API rnn_status_t rnn_trainer_output(rnn_trainer_t *trainer, int32_t index, rnn_tensor_t **output);
/** Scales all gradients down to the global norm `limit` when theirs is larger; *norm (may be NULL) is the
 *  norm before. */
RNN_API rnn_status_t rnn_trainer_clip(rnn_trainer_t *trainer, double limit, double *norm);
/** Cuts every gradient off at -limit and limit. */
RNN_API rnn_status_t rnn_trainer_clip_value(rnn_trainer_t *trainer, double limit);
/** One update of the optimizer with the gradients as they are. */
RNN_API rnn_status_t rnn_trainer_step(rnn_trainer_t *trainer);
/** The gradient of a weight, as a read-only view that is valid until the next backward; freed by the caller.
 *  NULL before a backward. */
RNN_API rnn_tensor_t *rnn_trainer_gradient(rnn_trainer_t *trainer, const char *weight);
/** The gradient of value or vector input `index` as a new tensor with the input's shape. Asked for once
 *  before the forward with RNN_OK and result NULL, to have it computed: rnn_trainer_input_gradient(t, 0,
 *  NULL). Asked for twice after one backward, the two may be the same numbers: what is written into one shows
 *  in the other. */
RNN_API rnn_status_t rnn_trainer_input_gradient(rnn_trainer_t *trainer, int32_t index,
                                                rnn_tensor_t **gradient);

RNN_END_DECLS

#endif
