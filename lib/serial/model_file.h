/* SPDX-License-Identifier: MIT */
#ifndef RNNI_MODEL_FILE_H
#define RNNI_MODEL_FILE_H

#include "core/settings.h"
#include "model/model.h"
#include "serial/json.h"
#include "serial/safetensors.h"
#include <rnn/serial.h>

/* The parts of rnn_model_save and rnn_model_load, for files that hold a model and more (checkpoints). What is
 * more lies in tensors under "rnn." and in metadata under "rnn.train.": loading a model ignores both. */

#define RNNI_RESERVED_PREFIX "rnn."
#define RNNI_TRAIN_PREFIX "rnn.train."
#define RNNI_BLOB_PREFIX "rnn.blob."
#define RNNI_MODEL_KEY "rnn.model"
#define RNNI_PRECISION_KEY "rnn.precision"
#define RNNI_SCALE_SUFFIX "_scale"
#define RNNI_TOKENIZER_PREFIX "rnn.tokenizer."
#define RNNI_CLASSES_PREFIX "rnn.classes."

/* "layer.weight" with its terminator; "_scale" behind it fits too. */
#define RNNI_WEIGHT_NAME_SIZE (RNNI_NAME_SIZE + 40)

/* Adds graph, tokenizers, class names, metadata and all weights. The weights are borrowed until the writing
 * is done. RNN_ERROR_STATE before the model is built, RNN_ERROR_DATA when a weight is not finite. */
rnn_status_t rnni_model_write(const rnn_model_t *model, rnni_safetensors_writer *writer);

/* A new model, built and ready, from an open file (which may be closed then). */
rnn_status_t rnni_model_read(rnn_context_t *context, const rnni_safetensors *file, rnn_model_t **model);

/* Overwrites the weights of a built model with those of a file that holds the very same graph
 * (RNN_ERROR_SHAPE otherwise), and packs them. On a failure the weights are as they were. Needs the model
 * alone. */
rnn_status_t rnni_model_read_weights(rnn_model_t *model, const rnni_safetensors *file);

/* ---- Pieces ---- */

/* The numbers of tensor `name` as those of a weight, [weight->count]: floats, or integers of 8 bits and their
 * scales. RNN_ERROR_FORMAT when it is not there or not such a weight, RNN_ERROR_DATA when a number is not
 * finite. */
rnn_status_t rnni_model_read_entry(const rnni_safetensors *file, const rnni_weight *weight, const char *name,
                                   rnni_real *numbers);
/* Whether a tensor holds the scales of another one of the file. */
bool rnni_model_is_scale(const rnni_safetensors *file, const char *name);
/* Overwrites all weights of a built model, [weight_total]; packed copies follow. */
rnn_status_t rnni_model_replace_weights(rnn_model_t *model, const rnni_real *weights);

/* The most nodes of a graph, inputs of all its nodes together, and metadata texts of the user that a file may
 * have: models look names up one by one in places, so that reading takes quadratic time. */
#define RNNI_MAX_NODES 10000
#define RNNI_MAX_EDGES 100000
#define RNNI_MAX_TEXTS 10000

/* The graph as JSON, and back: adds all nodes and outputs to an empty model, without building it. `tensors`
 * is how many the file has: a graph whose stacked layers need more is refused. */
rnn_status_t rnni_graph_write_json(const rnni_graph *graph, rnni_buffer *out);
rnn_status_t rnni_graph_read_json(rnn_model_t *model, const char *text, size_t size, int64_t tensors);

/* Vocabulary and settings of a tokenizer as JSON, and back. `input` names its owner in errors. */
rnn_status_t rnni_tokenizer_write_json(const rnn_tokenizer_t *tokenizer, const char *input, rnni_buffer *out);
rnn_status_t rnni_tokenizer_read_json(rnn_context_t *context, const char *text, size_t size,
                                      const char *input, rnn_tokenizer_t **tokenizer);

/* One setting as a member of an object: enumerations by the name of the choice, other integers by their
 * digits, floats as the shortest number. Reading checks the kind, not the range. */
void rnni_setting_write_json(rnni_json_writer *json, const rnni_setting *row, double value);
rnn_status_t rnni_setting_read_json(const rnni_json_value *value, const rnni_setting *row, const char *owner,
                                    double *out);

/* Keys that begin with "x-" belong to other programs and are not looked at. */
static inline bool rnni_key_is_foreign(const char *key)
{
    return key[0] == 'x' && key[1] == '-';
}

#endif
