/* SPDX-License-Identifier: MIT */
/** @file train.h
 * Training: fit for everyone, and the steps it is made of for one's own loop.
 *
 * A trainer needs its model alone while it runs. Training is repeatable: the same build, instruction set and seed give the same bits for any number of threads,
 * and a run that was interrupted and resumed gives those of one that was not. */
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
    RNN_TRAIN_VALIDATION_SPLIT = 3, /**< float, 0 to below 1; default 0: the last floor(split * N) samples, taken before any shuffle, are not trained on */
    RNN_TRAIN_SHUFFLE = 4,          /**< int, 0 or 1; default 1: the order is a function of seed and epoch */
    RNN_TRAIN_SEED = 5,             /**< int, 0 to 2^53; default: the context's */
    RNN_TRAIN_CLIP_NORM = 6,        /**< float, >= 0; 0 (default): off. Gradients are scaled down to this global norm */
    RNN_TRAIN_PATIENCE = 7,         /**< int, >= 0; 0 (default): off. Stops after this many epochs without improvement */
    RNN_TRAIN_MIN_DELTA = 8,        /**< float, >= 0; default 0: a change that counts as improvement is larger than this */
    RNN_TRAIN_MONITOR = 9,          /**< int, auto|loss|accuracy; default auto: accuracy where the first output is classified, else loss; of the validation part when there is one */
    RNN_TRAIN_RESTORE_BEST = 10,    /**< int, no|yes|auto; default auto: yes when RNN_TRAIN_PATIENCE is set. Ends a fit with the weights of its best epoch: highest
                                         monitored value, then lower loss, then earlier */
    RNN_TRAIN_CHECKPOINT_EVERY = 11 /**< int, >= 0: batches between checkpoints; 0 (default): at the end of each epoch */
};

/** Figures over a dataset. Fields that make no sense for the losses are NaN. */
typedef struct rnn_result {
    size_t struct_size;   /**< sizeof(rnn_result_t), set by the caller */
    double loss;          /**< of all outputs together */
    double accuracy;      /**< of the first output with a classification loss: share of right answers (binary: threshold 1/2) */
    double macro_recall;  /**< mean over the classes that occur of the share of their members found */
    double macro_f1;      /**< mean over the classes that occur or were answered of the harmonic mean of precision and recall */
    int64_t count;        /**< sequences */
    double seconds;
} rnn_result_t;

/** A trainer for a built model, or NULL. It holds the model. */
RNN_API rnn_trainer_t *rnn_trainer_create(rnn_model_t *model);
RNN_API void rnn_trainer_free(rnn_trainer_t *trainer);

/** The loss of an output (NULL: the only one), RNN_LOSS_*. Every output that is trained needs one; outputs without a loss have no target. Errors:
 *  RNN_ERROR_NAME, RNN_ERROR_ARGUMENT (a loss that does not go with the output's activation). */
RNN_API rnn_status_t rnn_trainer_set_loss(rnn_trainer_t *trainer, const char *output, int32_t loss);
/** Chooses the optimizer, RNN_OPTIM_*, and its rate; its other constants go to their defaults and its state to 0. Default: Adam, 0.001. */
RNN_API rnn_status_t rnn_trainer_set_optimizer(rnn_trainer_t *trainer, int32_t optimizer, double learning_rate);

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
/** fit writes a checkpoint to `path` (NULL: none) as RNN_TRAIN_CHECKPOINT_EVERY says; the file is the old or the new one, never a mixture. */
RNN_API rnn_status_t rnn_trainer_set_checkpoint(rnn_trainer_t *trainer, const char *path);

/** Trains for RNN_TRAIN_EPOCHS epochs; called again it trains as many more. After rnn_trainer_resume it goes on where the checkpoint was
 *  written, up to the epochs of that run. Returns RNN_STOPPED when a callback or a request ended it; NaN in the data is RNN_ERROR_DATA,
 *  a loss that is not finite RNN_ERROR_NUMERIC. */
RNN_API rnn_status_t rnn_trainer_fit(rnn_trainer_t *trainer, rnn_dataset_t *dataset);
/** Computes loss and metrics without training. */
RNN_API rnn_status_t rnn_trainer_evaluate(rnn_trainer_t *trainer, rnn_dataset_t *dataset, rnn_result_t *result);

enum { RNN_STOP = 1, RNN_CHECKPOINT = 2 };
/** Asks a running fit to stop, to write a checkpoint, or both, at the next update. Lock-free: may be called from a signal handler or another thread. */
RNN_API void rnn_trainer_request(rnn_trainer_t *trainer, int32_t what);

/** Epochs trained so far. */
RNN_API int64_t rnn_trainer_epochs(const rnn_trainer_t *trainer);
/** One figure of each epoch so far as a new F64 tensor [epochs], freed by the caller: "loss", "accuracy", "val_loss", "val_accuracy", "seconds",
 *  "learning_rate". NULL for another name. */
RNN_API rnn_tensor_t *rnn_trainer_history(const rnn_trainer_t *trainer, const char *figure);

/** Everything that training needs to go on: weights, optimizer, epoch and position, best weights, history, counters. */
RNN_API rnn_status_t rnn_trainer_save(rnn_trainer_t *trainer, const char *path);
/** Restores a checkpoint into a trainer with the same model, losses and optimizer; settings come from the file. On an error nothing has changed. */
RNN_API rnn_status_t rnn_trainer_resume(rnn_trainer_t *trainer, const char *path);

/** Runs a batch forward in training mode and gives its loss (NULL: not wanted). The batch must live until backward. Without targets
 *  for an output, that output has no loss. */
RNN_API rnn_status_t rnn_trainer_forward(rnn_trainer_t *trainer, const rnn_batch_t *batch, double *loss);
/** Gradients of the loss of the last forward, replacing the ones before. */
RNN_API rnn_status_t rnn_trainer_backward(rnn_trainer_t *trainer);
/** Gradients of sum(output * upstream) over outputs instead of the loss: upstream[i] has the shape of output i as rnn_model_run gives it, or is
 *  NULL (nothing flows back from it); `count` is the length of the array. */
RNN_API rnn_status_t rnn_trainer_backward_from(rnn_trainer_t *trainer, const rnn_tensor_t *const *upstream, int32_t count);
/** Output `index` of the last forward as a new tensor, as rnn_model_run gives it. */
RNN_API rnn_status_t rnn_trainer_output(rnn_trainer_t *trainer, int32_t index, rnn_tensor_t **output);
/** Scales all gradients down to the global norm `limit` when theirs is larger; *norm (may be NULL) is the norm before. */
RNN_API rnn_status_t rnn_trainer_clip(rnn_trainer_t *trainer, double limit, double *norm);
/** One update of the optimizer with the gradients as they are. */
RNN_API rnn_status_t rnn_trainer_step(rnn_trainer_t *trainer);
/** The gradient of a weight, as a read-only view that is valid until the next backward; freed by the caller. NULL before a backward. */
RNN_API rnn_tensor_t *rnn_trainer_gradient(rnn_trainer_t *trainer, const char *weight);
/** The gradient of value or vector input `index` as a new tensor with the input's shape. Asked for once before the forward with RNN_OK and result NULL,
 *  to have it computed: rnn_trainer_input_gradient(t, 0, NULL). */
RNN_API rnn_status_t rnn_trainer_input_gradient(rnn_trainer_t *trainer, int32_t index, rnn_tensor_t **gradient);

RNN_END_DECLS

#endif
