/* SPDX-License-Identifier: MIT */
/** @file layer.h
 * Layer constructors: each adds one node to a model's graph and returns it.
 *
 * A layer is borrowed from its model and lives as long. Constructors record; shapes and errors come when the
 * model is built: a constructor that is given NULL, or that fails, returns NULL, and the model keeps the
 * first reason for rnn_model_build. What is not a required argument is set by rnn_layer_set_int and
 * rnn_layer_set_float until the model is built (RNN_ERROR_STATE afterwards).
 *
 * A layer's output is a sequence (one row of features a step, on the ragged axis of the input that it comes
 * from) or a vector (one row a sequence). Weights have PyTorch's names, shapes and gate order:
 * `<layer>.weight_ih_l0` and so on. */
#ifndef RNN_LAYER_H
#define RNN_LAYER_H

#include <rnn/context.h>

RNN_BEGIN_DECLS

typedef struct rnn_model rnn_model_t;
typedef struct rnn_layer rnn_layer_t;

/** Activations. Softmax is over the features of one row; GELU is the exact one, ELU has alpha 1, leaky ReLU
 *  the slope 0.01, the hard sigmoid is (x + 3) / 6 between 0 and 1. */
enum {
    RNN_LINEAR = 0,
    RNN_RELU = 1,
    RNN_TANH = 2,
    RNN_SIGMOID = 3,
    RNN_SOFTMAX = 4,
    RNN_GELU = 5,
    RNN_SOFTPLUS = 6,
    RNN_ELU = 7,
    RNN_LEAKY_RELU = 8,
    RNN_SWISH = 9,
    RNN_HARD_SIGMOID = 10
};
enum { RNN_FORWARD = 0, RNN_REVERSE = 1, RNN_BIDIRECTIONAL = 2 };
enum { RNN_MERGE_CONCAT = 0, RNN_MERGE_SUM = 1, RNN_MERGE_MUL = 2, RNN_MERGE_AVE = 3 };
enum { RNN_BIAS_NONE = 0, RNN_BIAS_ONE = 1, RNN_BIAS_TWO = 2 };
enum { RNN_RESET_AFTER = 0, RNN_RESET_BEFORE = 1 };
enum {
    RNN_INIT_AUTO = 0,
    RNN_INIT_ZEROS = 1,
    RNN_INIT_UNIFORM = 2,
    RNN_INIT_NORMAL = 3,
    RNN_INIT_GLOROT_UNIFORM = 4,
    RNN_INIT_ORTHOGONAL = 5
};
enum { RNN_STATE_HIDDEN = 0, RNN_STATE_CELL = 1 };

/** Settings of layers. Which of them a layer takes: rnn_layer_setting; asking a layer for one it does not
 *  have is an error that names both. */
enum {
    RNN_LAYER_UNITS = 1,             /**< int, 1 to 2^24: embedding, recurrent, dense: size of the output (of
                                          one direction) */
    RNN_LAYER_VOCABULARY = 2,        /**< int: embedding: ids are 0 to vocabulary - 1 */
    RNN_LAYER_FEATURES = 3,          /**< int: value and vector inputs: numbers a step or a sequence */
    RNN_LAYER_ACTIVATION = 4,        /**< int, RNN_LINEAR ...: dense and activation (any), SimpleRNN (tanh,
                                          relu) */
    RNN_LAYER_DIRECTION = 5,         /**< int, forward|reverse|bidirectional: recurrent; default forward.
                                          Outputs are in input order in every direction */
    RNN_LAYER_MERGE = 6,             /**< int, concat|sum|mul|ave: bidirectional; default concat */
    RNN_LAYER_LAYERS = 7,            /**< int, 1 to 64: recurrent: stacked layers (`_l0`, `_l1`, ...); default
                                          1. Between them directions are always concatenated, as in PyTorch */
    RNN_LAYER_BIAS = 8,              /**< int, none|one|two: recurrent (default one; GRU with reset after:
                                          two), dense (none|one) */
    RNN_LAYER_DROPOUT = 9,           /**< float, 0 to below 1: dropout layer: each element; recurrent: the
                                          input of each stacked layer, one mask a sequence (Gal and Ghahramani
                                          2016) */
    RNN_LAYER_RECURRENT_DROPOUT = 10,/**< float, 0 to below 1: recurrent: one mask a sequence on h where it
                                          enters the recurrent product */
    RNN_LAYER_RESET = 11,            /**< int, after|before: GRU: whether the reset gate acts after the
                                          recurrent product (PyTorch, cuDNN) or before it (Cho 2014); default
                                          after */
    RNN_LAYER_MASK_ID = 12,          /**< int, -1 (none) to vocabulary - 1: embedding: steps with this id are
                                          left out of the sequence, for every layer that follows; default
                                          -1 */
    RNN_LAYER_FORGET_BIAS = 13,      /**< float: LSTM: initial value of the forget gate's bias; default 1 */
    RNN_LAYER_INIT = 14,             /**< int, RNN_INIT_*: input weights; auto: Glorot uniform (embedding:
                                          uniform of scale 0.05) */
    RNN_LAYER_RECURRENT_INIT = 15,   /**< int, RNN_INIT_*: recurrent weights; auto: one orthogonal matrix */
    RNN_LAYER_INIT_SCALE = 16,       /**< float, > 0: bound of RNN_INIT_UNIFORM, deviation of RNN_INIT_NORMAL;
                                          default 0.05 */
    RNN_LAYER_STATE = 17,            /**< int, hidden|cell: final state: which */
    RNN_LAYER_EPSILON = 18,          /**< float, 1e-30 to 1: layer norm, batch norm: added to the variance;
                                          default 1e-5 */
    RNN_LAYER_MOMENTUM = 19,         /**< float, 0 to 1: batch norm: weight of a batch's statistics in the
                                          running ones; default 0.1 */
    RNN_LAYER_ZONEOUT = 20,          /**< float, 0 to 1: recurrent: probability that a number of h keeps its
                                          old value in a step (Krueger 2017); outside training the
                                          expectation */
    RNN_LAYER_CELL_ZONEOUT = 21,     /**< float, 0 to 1: LSTM: the same for c */
    RNN_LAYER_PEEPHOLE = 22,         /**< int, 0|1: LSTM: gates see the cell (Gers and Schmidhuber 2000):
                                          weights `peephole_i`, `peephole_f`, `peephole_o` [units] */
    RNN_LAYER_PROJECTION = 23,       /**< int, 0 (none) to 2^24: LSTM: size that h is projected to (Sak 2014;
                                          PyTorch's proj_size): weight `weight_hr` [projection, units] */
    RNN_LAYER_NORM = 24,             /**< int, 0|1: LSTM: layer norm of both products and of the cell (Ba
                                          2016), with RNN_LAYER_EPSILON; it has no biases of its own
                                          (RNN_BIAS_NONE) */
    /* The next four, of every layer with weights, may be changed after the model is built. */
    RNN_LAYER_TRAINABLE = 25,        /**< int, 0|1: whether training changes the layer's weights (0 freezes
                                         it: its gradients are 0, and what they alone need is not computed,
                                         such as all of the way back below the lowest layer that is trained; a
                                         frozen batch norm uses its running statistics); default 1 */
    RNN_LAYER_RATE_SCALE = 26,       /**< float, 0 to 1000: factor of the learning rate; default 1 */
    RNN_LAYER_L2 = 27,               /**< float, 0 to 1000: adds l2 * w to the gradients of matrices and
                                          tables (not of vectors); default 0 */
    RNN_LAYER_DECAY = 28             /**< int, 0|1: whether the optimizer's weight decay applies to the layer;
                                          default 1 */
};

/** A sequence of token ids. `name` names the input. */
RNN_API rnn_layer_t *rnn_input_tokens(rnn_model_t *model, const char *name);
/** A sequence of rows of `features` numbers. */
RNN_API rnn_layer_t *rnn_input_values(rnn_model_t *model, const char *name, int64_t features);
/** One row of `features` numbers a sequence. */
RNN_API rnn_layer_t *rnn_input_vector(rnn_model_t *model, const char *name, int64_t features);

/** Row `id` of a table [vocabulary, units] for each token. Weight: `weight`. */
RNN_API rnn_layer_t *rnn_embedding(rnn_model_t *model, rnn_layer_t *tokens, int64_t vocabulary,
                                   int64_t units);

/** SimpleRNN (Elman 1990): h = tanh(W x + b + U h). Gives the whole sequence of h, [T, units]; rnn_last picks
 *  the last. */
RNN_API rnn_layer_t *rnn_simple_rnn(rnn_model_t *model, rnn_layer_t *x, int64_t units);
/** LSTM (Hochreiter and Schmidhuber 1997; forget gate of Gers 2000): gates i, f, g, o; c = f c + i g; h = o
 *  tanh(c). It has at most one of RNN_LAYER_PEEPHOLE, RNN_LAYER_PROJECTION and RNN_LAYER_NORM
 *  (RNN_ERROR_UNSUPPORTED at build otherwise); each goes with every direction, stacking, dropout and
 *  zoneout. */
RNN_API rnn_layer_t *rnn_lstm(rnn_model_t *model, rnn_layer_t *x, int64_t units);
/** GRU (Cho 2014): gates r, z, n; h = (1 - z) n + z h. RNN_LAYER_RESET chooses between the two published
 *  forms. */
RNN_API rnn_layer_t *rnn_gru(rnn_model_t *model, rnn_layer_t *x, int64_t units);

/** The state a recurrent layer (stacked layers, directions) starts from: all states that `source`, another
 *  recurrent layer, ends with. LSTM to GRU passes h. Both need equal numbers of layers; where layers x
 *  directions x units differ, a bridge is made at build: a dense layer, tanh for h and linear for c, named
 *  `<layer>_bridge_h` and `<layer>_bridge_c`. */
RNN_API rnn_status_t rnn_layer_set_initial_state(rnn_layer_t *layer, rnn_layer_t *source);
/** The same from a vector of layers x directions x units numbers, in PyTorch's order of h_0 (layer, then
 *  direction, then unit). `state` is RNN_STATE_HIDDEN or RNN_STATE_CELL. */
RNN_API rnn_status_t rnn_layer_set_initial_vector(rnn_layer_t *layer, int32_t state, rnn_layer_t *vector);
/** The state a recurrent layer ends with at each sequence's own last step, as a vector in the same order. */
RNN_API rnn_layer_t *rnn_final_state(rnn_model_t *model, rnn_layer_t *recurrent, int32_t state);

/** y = activation(x W^T + b), on each step or on a vector. Weights: `weight` [units, features], `bias`
 *  [units]. */
RNN_API rnn_layer_t *rnn_dense(rnn_model_t *model, rnn_layer_t *x, int64_t units, int32_t activation);
/** Makes the table of an embedding the weight of a dense layer as well (Press and Wolf 2017): the dense
 *  layer's units are the vocabulary, its input has the embedding's units. There is one weight then, the
 *  embedding's; the dense layer keeps its bias. */
RNN_API rnn_status_t rnn_layer_tie(rnn_layer_t *dense, rnn_layer_t *embedding);
/** y = activation(x) alone, on each step or on a vector. */
RNN_API rnn_layer_t *rnn_activation(rnn_model_t *model, rnn_layer_t *x, int32_t activation);
/** Sets elements to 0 with probability `rate` while training and scales the others by 1 / (1 - rate). */
RNN_API rnn_layer_t *rnn_dropout(rnn_model_t *model, rnn_layer_t *x, double rate);
/** Layer norm (Ba 2016) of each row: (x - mean) / sqrt(variance + epsilon) * weight + bias. Weights:
 *  `weight`, `bias` [features]. */
RNN_API rnn_layer_t *rnn_layer_norm(rnn_model_t *model, rnn_layer_t *x);
/** Batch norm (Ioffe and Szegedy 2015) of each feature over all useful steps of a batch (biased variance);
 *  everywhere but in training with the running statistics `running_mean` and `running_var` (unbiased
 *  variance), which are saved but not trained. Weights besides: `weight`, `bias` [features]. */
RNN_API rnn_layer_t *rnn_batch_norm(rnn_model_t *model, rnn_layer_t *x);
/** Sum of `count` layers of equal features; sequences must share their axis. */
RNN_API rnn_layer_t *rnn_add(rnn_model_t *model, rnn_layer_t *const *layers, int32_t count);
/** Features of `count` layers side by side; sequences must share their axis. */
RNN_API rnn_layer_t *rnn_concat(rnn_model_t *model, rnn_layer_t *const *layers, int32_t count);

/** A vector at every step of the axis that `like`, a layer or input with steps, lies on. */
RNN_API rnn_layer_t *rnn_repeat(rnn_model_t *model, rnn_layer_t *vector, rnn_layer_t *like);
/** The last useful step of each sequence; directly on a recurrent layer, each direction's own final output.
 *  Nothing (zeros) for an empty sequence, or the initial state on a recurrent layer. */
RNN_API rnn_layer_t *rnn_last(rnn_model_t *model, rnn_layer_t *x);
/** Mean over the useful steps; 0 for an empty sequence. */
RNN_API rnn_layer_t *rnn_mean_pool(rnn_model_t *model, rnn_layer_t *x);
/** Largest value over the useful steps, feature by feature; 0 for an empty sequence. */
RNN_API rnn_layer_t *rnn_max_pool(rnn_model_t *model, rnn_layer_t *x);

RNN_API rnn_status_t rnn_layer_set_int(rnn_layer_t *layer, int32_t setting, int64_t value);
RNN_API rnn_status_t rnn_layer_set_float(rnn_layer_t *layer, int32_t setting, double value);
RNN_API rnn_status_t rnn_layer_get_int(const rnn_layer_t *layer, int32_t setting, int64_t *value);
RNN_API rnn_status_t rnn_layer_get_float(const rnn_layer_t *layer, int32_t setting, double *value);

/** Names a layer: letters, digits, `_` and `-`, up to 63, not "rnn". Default: its kind, then `_1`, `_2` ...
 *  ("lstm", "lstm_1"). */
RNN_API rnn_status_t rnn_layer_set_name(rnn_layer_t *layer, const char *name);
RNN_API const char *rnn_layer_name(const rnn_layer_t *layer);
/** The layer's kind ("lstm", "dense"). Static. */
RNN_API const char *rnn_layer_kind(const rnn_layer_t *layer);
/** Features of the layer's output; 0 before the model is built. */
RNN_API int64_t rnn_layer_features(const rnn_layer_t *layer);

/** The kinds of layers there are, by index from 0 on; NULL past the last. */
RNN_API const char *rnn_layer_kind_at(int32_t index);
/** Describes setting number `index` that a kind of layer takes; RNN_END past the last, RNN_ERROR_NAME for an
 *  unknown kind. */
RNN_API rnn_status_t rnn_layer_setting(const char *kind, int32_t index, rnn_setting_t *setting);

RNN_END_DECLS

#endif
