/* SPDX-License-Identifier: MIT */
/** @file optim.h
 * Optimizers and their constants. g is the gradient after clipping, w the weights; state starts at 0; t
 * counts updates from 1 on.
 *
 *   optimizer   update                                                       defaults
 *   SGD         m = momentum m + g; w -= lr m                                lr 0.01, momentum 0
 *               Nesterov: w -= lr (g + momentum m)     (Sutskever 2013, PyTorch's form)
 *   RMSPROP     v = alpha v + (1 - alpha) g^2; w -= lr g / (sqrt(v) + eps)   lr 0.001, alpha 0.9, eps 1e-7
 *               RNN_OPTIM_EPSILON_INSIDE: g / sqrt(v + eps)                  (Keras' form; Hinton 2012)
 *               RNN_OPTIM_CENTERED: a = alpha a + (1 - alpha) g; v - a^2 in place of v (Graves 2013)
 *               RNN_OPTIM_MOMENTUM: m = momentum m + step; w -= lr m
 *   ADAM        m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2               lr 0.001, b1 0.9, b2 0.999, eps 1e-7
 *               w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)      (Kingma and Ba 2015)
 *               RNN_OPTIM_AMSGRAD: the largest v so far in place of v        (Reddi 2018)
 *   ADAMW       Adam with decoupled weight decay, 0.01                       (Loshchilov and Hutter 2019)
 *   NADAM       Adam with Nesterov's momentum: mu_t = b1 (1 - 0.96^(0.004 t) / 2), M_t = mu_1 ... mu_t
 *               w -= lr ((1 - mu_t) g / (1 - M_t) + mu_t+1 m / (1 - M_t+1)) / (sqrt(v / (1 - b2^t)) + eps)
 *                                                                            (Dozat 2016)
 *   ADAMAX      m as Adam; u = max(b2 u, |g| + eps); w -= lr (m / (1 - b1^t)) / u
 *   ADAGRAD     v = v + g^2; w -= lr g / (sqrt(v) + eps)                     lr 0.01, eps 1e-10 (Duchi 2011)
 *   ADADELTA    v = alpha v + (1 - alpha) g^2;                               lr 1, alpha 0.9, eps 1e-6
 *               d = sqrt(u + eps) / sqrt(v + eps) g;
 *               u = alpha u + (1 - alpha) d^2; w -= lr d                     (Zeiler 2012)
 *
 * Weight decay of all but AdamW is coupled: g + weight_decay w takes the place of g. AdamW's is decoupled: w
 * is first multiplied by 1 - lr weight_decay. It applies to all weights, biases too, of layers whose
 * RNN_LAYER_DECAY is 1. */
#ifndef RNN_OPTIM_H
#define RNN_OPTIM_H

#include <rnn/export.h>

enum {
    RNN_OPTIM_SGD = 1, RNN_OPTIM_RMSPROP = 2, RNN_OPTIM_ADAM = 3, RNN_OPTIM_ADAMW = 4, RNN_OPTIM_NADAM = 5,
    RNN_OPTIM_ADAMAX = 6, RNN_OPTIM_ADAGRAD = 7, RNN_OPTIM_ADADELTA = 8
};

/** Constants of optimizers, set on a trainer after its optimizer was chosen; an optimizer refuses those it
 *  does not have. */
enum {
    RNN_OPTIM_LEARNING_RATE = 101,  /**< float, >= 0 */
    RNN_OPTIM_MOMENTUM = 102,       /**< float, 0 to below 1: SGD, RMSprop */
    RNN_OPTIM_NESTEROV = 103,       /**< int, 0 or 1: SGD */
    RNN_OPTIM_ALPHA = 104,          /**< float, 0 to below 1: RMSprop, Adadelta (Keras calls it rho) */
    RNN_OPTIM_EPSILON = 105,        /**< float, >= 0: all but SGD */
    RNN_OPTIM_EPSILON_INSIDE = 106, /**< int, 0 or 1: RMSprop; default 0 */
    RNN_OPTIM_BETA1 = 107,          /**< float, 0 to below 1: Adam, AdamW, NAdam, Adamax */
    RNN_OPTIM_BETA2 = 108,          /**< float, 0 to below 1: the same */
    RNN_OPTIM_WEIGHT_DECAY = 109,   /**< float, >= 0: all; default 0, AdamW 0.01 */
    RNN_OPTIM_CENTERED = 110,       /**< int, 0 or 1: RMSprop; default 0 */
    RNN_OPTIM_AMSGRAD = 111         /**< int, 0 or 1: Adam, AdamW; default 0 */
};

#endif
