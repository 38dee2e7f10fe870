/* SPDX-License-Identifier: MIT */
/** @file optim.h
 * Optimizers and their constants. g is the gradient after clipping, w the weights; state starts at 0.
 *
 *   optimizer   update                                                       defaults
 *   SGD         m = momentum m + g; w -= lr m                                lr 0.01, momentum 0
 *               Nesterov: w -= lr (g + momentum m)     (Sutskever 2013, PyTorch's form)
 *   RMSPROP     v = alpha v + (1 - alpha) g^2; w -= lr g / (sqrt(v) + eps)   lr 0.001, alpha 0.9, eps 1e-7
 *               RNN_OPTIM_EPSILON_INSIDE: g / sqrt(v + eps)                  (Keras' form; Hinton 2012)
 *   ADAM        m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2               lr 0.001, b1 0.9, b2 0.999, eps 1e-7
 *               w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)      (Kingma and Ba 2015) */
#ifndef RNN_OPTIM_H
#define RNN_OPTIM_H

#include <rnn/export.h>

enum { RNN_OPTIM_SGD = 1, RNN_OPTIM_RMSPROP = 2, RNN_OPTIM_ADAM = 3 };

/** Constants of optimizers, set on a trainer after its optimizer was chosen; an optimizer refuses those it does not have. */
enum {
    RNN_OPTIM_LEARNING_RATE = 101,  /**< float, >= 0 */
    RNN_OPTIM_MOMENTUM = 102,       /**< float, 0 to below 1: SGD, RMSprop */
    RNN_OPTIM_NESTEROV = 103,       /**< int, 0 or 1: SGD */
    RNN_OPTIM_ALPHA = 104,          /**< float, 0 to below 1: RMSprop (Keras calls it rho) */
    RNN_OPTIM_EPSILON = 105,        /**< float, >= 0: RMSprop, Adam */
    RNN_OPTIM_EPSILON_INSIDE = 106, /**< int, 0 or 1: RMSprop; default 0 */
    RNN_OPTIM_BETA1 = 107,          /**< float, 0 to below 1: Adam */
    RNN_OPTIM_BETA2 = 108           /**< float, 0 to below 1: Adam */
};

#endif
