/* SPDX-License-Identifier: MIT */
/** @file loss.h
 * What training makes small. The loss of a batch is sum(weight * loss) / sum(weight) over its sequences (outputs per sequence) or useful steps (outputs per step). */
#ifndef RNN_LOSS_H
#define RNN_LOSS_H

#include <rnn/export.h>

/** Losses. Those on probabilities are computed from the values before the output's activation, which is exact where the
 *  activation saturates. */
enum {
    /** -t log p - (1 - t) log(1 - p), mean over features. Output: dense with sigmoid, or linear (then taken as logits). Targets: a class 0 / 1, or values in [0, 1]. */
    RNN_LOSS_BINARY_CROSS_ENTROPY = 1,
    /** -log p[class]. Output: dense with softmax, or linear (logits). Targets: classes; -1 does not count. */
    RNN_LOSS_CROSS_ENTROPY = 2,
    /** (y - t)^2, mean over features. Any output. Targets: values. */
    RNN_LOSS_MSE = 3
};

#endif
