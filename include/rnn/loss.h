/* SPDX-License-Identifier: MIT */
/** @file loss.h
 * What training makes small. The loss of an output over a batch is sum(s * loss) / sum(s * c) over its
 * sequences (outputs per sequence) or useful steps (outputs per step): s is the sequence's weight in the
 * data, c the weight of the row's class (1 unless rnn_trainer_set_class_weights was called). The loss of
 * several outputs is the sum of theirs, each times its RNN_LOSS_WEIGHT. */
#ifndef RNN_LOSS_H
#define RNN_LOSS_H

#include <rnn/export.h>

/** Losses. Those on probabilities are computed from the values before the output's activation, which is exact
 *  where the activation saturates. */
enum {
    /** -t log p - (1 - t) log(1 - p), mean over features. Output: dense with sigmoid, or linear (then taken
     *  as logits). Targets: a class 0 / 1, or values in [0, 1]. */
    RNN_LOSS_BINARY_CROSS_ENTROPY = 1,
    /** -log p[class]. Output: dense with softmax, or linear (logits). Targets: classes; -1 does not count. */
    RNN_LOSS_CROSS_ENTROPY = 2,
    /** (y - t)^2, mean over features. Any output. Targets: values. */
    RNN_LOSS_MSE = 3,
    /** |y - t|, mean over features. Any output. Targets: values. */
    RNN_LOSS_MAE = 4,
    /** With d = |y - t|: d^2 / 2 up to delta, delta (d - delta / 2) from there on; mean over features. Any
     *  output. Targets: values. */
    RNN_LOSS_HUBER = 5
};

/** Settings of an output's loss, set on a trainer after the loss was chosen; a loss refuses those it does not
 *  have. They are part of the loss: they count in evaluation too. */
enum {
    RNN_LOSS_WEIGHT = 201,          /**< float, >= 0: factor of this output's loss in the whole; default 1 */
    RNN_LOSS_LABEL_SMOOTHING = 202, /**< float, 0 to below 1: cross-entropies: the target becomes (1 - s) t +
                                         s / classes; default 0 */
    RNN_LOSS_IGNORE = 203,          /**< int, >= -1: losses on classes: rows of this class do not count (nor
                                         do those of class -1); default -1 */
    RNN_LOSS_DELTA = 204            /**< float, > 0: Huber; default 1 */
};

#endif
