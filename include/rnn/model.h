/* SPDX-License-Identifier: MIT */
/** @file model.h
 * A model: a graph of layers and their weights.
 *
 * Running a model does not change it: any number of threads may predict and step with the same one. Writing
 * weights and training do change it, and need it alone. */
#ifndef RNN_MODEL_H
#define RNN_MODEL_H

#include <rnn/data.h>
#include <rnn/layer.h>

RNN_BEGIN_DECLS

/** An empty model, or NULL. */
RNN_API rnn_model_t *rnn_model_create(rnn_context_t *context);
RNN_API rnn_model_t *rnn_model_retain(rnn_model_t *model);
RNN_API void rnn_model_free(rnn_model_t *model);
/** A built model of its own with the same graph, weights and texts, or NULL: to serve from while the other
 *  one is trained. */
RNN_API rnn_model_t *rnn_model_clone(const rnn_model_t *model);

/** Makes a layer one of the model's outputs. Errors are kept for rnn_model_build as well. */
RNN_API rnn_status_t rnn_model_set_output(rnn_model_t *model, rnn_layer_t *layer, const char *name);

/** Checks the graph, infers all shapes, creates the weights and fills them from the context's seed. On an
 *  error (also the first one kept from a constructor or setter) the model stays as it was. Building twice is
 *  RNN_ERROR_STATE. */
RNN_API rnn_status_t rnn_model_build(rnn_model_t *model);

RNN_API int32_t rnn_model_inputs(const rnn_model_t *model);
RNN_API int32_t rnn_model_outputs(const rnn_model_t *model);
/** Name of an input or output by index, NULL when there is none. */
RNN_API const char *rnn_model_input_name(const rnn_model_t *model, int32_t index);
RNN_API const char *rnn_model_output_name(const rnn_model_t *model, int32_t index);
/** Features of an output; 0 before the model is built or when there is none. */
RNN_API int64_t rnn_model_output_features(const rnn_model_t *model, int32_t index);
/** A layer by its name, or NULL. */
RNN_API rnn_layer_t *rnn_model_layer(const rnn_model_t *model, const char *name);

/** Number of trainable numbers; 0 before the model is built. */
RNN_API int64_t rnn_model_parameters(const rnn_model_t *model);
/** Number of weight tensors, and their full names ("lstm.weight_hh_l0") by index; NULL past the last. Names
 *  live as long as the model. */
RNN_API int64_t rnn_model_weights(const rnn_model_t *model);
RNN_API const char *rnn_model_weight_name(const rnn_model_t *model, int64_t index);
/** A read-only view of a weight, freed by the caller; it keeps the model alive and shows later changes. NULL
 *  when there is no such name. */
RNN_API rnn_tensor_t *rnn_model_weight(rnn_model_t *model, const char *name);
/** Overwrites a weight; same shape, any float type. NaN is refused. Needs the model alone. */
RNN_API rnn_status_t rnn_model_set_weight(rnn_model_t *model, const char *name, const rnn_tensor_t *values);

/** The tokenizer that belongs to a token input (NULL: the only one); it is held, and saved with the model. */
RNN_API rnn_status_t rnn_model_set_tokenizer(rnn_model_t *model, const char *input,
                                             rnn_tokenizer_t *tokenizer);
/** Borrowed; NULL when the input has none. */
RNN_API rnn_tokenizer_t *rnn_model_tokenizer(const rnn_model_t *model, const char *input);
/** Names of an output's classes (NULL: the only output), `count` of them, copied and saved with the model. */
RNN_API rnn_status_t rnn_model_set_classes(rnn_model_t *model, const char *output, const char *const *names,
                                           int64_t count);
/** The name of a class, or NULL. Lives as long as the model. */
RNN_API const char *rnn_model_class_name(const rnn_model_t *model, const char *output, int64_t number);
/** An empty dataset with the class names of an output (NULL: the only output), if it has some, freed by the
 *  caller; or NULL. The readers of data take it as `like`, so that the classes of a file get the model's
 *  numbers. */
RNN_API rnn_dataset_t *rnn_model_like(const rnn_model_t *model, const char *output);
/** Keeps how a dataset gives its sequences, so that others are given alike when the model is used:
 *  RNN_DATA_PAD, RNN_DATA_TRUNCATE, RNN_DATA_MAX_LENGTH, RNN_DATA_PAD_ID and RNN_DATA_MAX_ID become the
 *  metadata "reading", which is saved with the model. */
RNN_API rnn_status_t rnn_model_set_reading(rnn_model_t *model, const rnn_dataset_t *dataset);
/** Sets these settings of a dataset as they were kept; leaves them as they are when none were. Metadata that
 *  cannot be read is RNN_ERROR_FORMAT. */
RNN_API rnn_status_t rnn_model_get_reading(const rnn_model_t *model, rnn_dataset_t *dataset);
/** Text that travels with the model, by key (not beginning with "rnn."): a scaler, a licence, the author.
 *  NULL value removes. */
RNN_API rnn_status_t rnn_model_set_metadata(rnn_model_t *model, const char *key, const char *value);
RNN_API const char *rnn_model_metadata(const rnn_model_t *model, const char *key);
/** Bytes that travel with the model, by name (letters, digits, `_`, `-` and `.`, up to 63): copied and saved
 *  with it. NULL bytes remove. */
RNN_API rnn_status_t rnn_model_set_blob(rnn_model_t *model, const char *name, const void *bytes,
                                        int64_t size);
/** A blob's bytes, and their number in `size` (may be NULL), or NULL. They live until the blob is set
 *  again. */
RNN_API const void *rnn_model_blob(const rnn_model_t *model, const char *name, int64_t *size);
/** Names of the blobs by index, sorted; NULL past the last. */
RNN_API const char *rnn_model_blob_name(const rnn_model_t *model, int64_t index);

/** Runs one batch and gives new tensors, freed by the caller: outputs[i] is output i, [B, features] or [B, T,
 *  features] with zeros at steps that are not useful; T is the batch's longest input. `count` is the length
 *  of the array, at most rnn_model_outputs. NaN in the input is RNN_ERROR_DATA. Thread-safe. */
RNN_API rnn_status_t rnn_model_run(rnn_model_t *model, const rnn_batch_t *batch, rnn_tensor_t **outputs,
                                   int32_t count);

/** Runs all samples of a dataset and gives one output (NULL: the only one) as a tensor [N, features] or [N,
 *  T, features], in the dataset's order. Thread-safe as long as the dataset is used by this call alone. */
RNN_API rnn_status_t rnn_model_predict(rnn_model_t *model, rnn_dataset_t *dataset, const char *output,
                                       rnn_tensor_t **result);

/** Runs one text of `size` bytes through a model whose only input has a tokenizer; padded and cut as
 *  rnn_model_set_reading says. *result (may be NULL) becomes a new tensor [1, features] or [1, T, features]
 *  of an output (NULL: the only one), freed by the caller; *answer (may be NULL) the class: the feature with
 *  the largest value, and where there is only one, as of a sigmoid, 1 from 0.5 on. rnn_model_class_name has
 *  its name. An answer of an output per step is RNN_ERROR_SHAPE. Thread-safe. */
RNN_API rnn_status_t rnn_model_predict_text(rnn_model_t *model, const char *text, int64_t size,
                                            const char *output, rnn_tensor_t **result, int64_t *answer);

/** What rnn_model_memory counts; numbers never change. */
enum {
    RNN_MEMORY_MODEL = 0,  /**< the weights and their packed copies, as the model holds them now; a trainer,
                                the first stream and the first batch of one sequence make further copies. An
                                embedding that one recurrent layer alone reads gives another when the model is
                                used without being trained: the layer's products with every word, where they
                                take no more than 2 MiB, kept until a weight changes */
    RNN_MEMORY_RUN = 1,    /**< work memory of rnn_model_run on a batch, for as long as the call takes; where
                                it is not more than 1 MiB the model keeps it for the next call, which may
                                have that much besides its own when its batch has another shape */
    RNN_MEMORY_TRAIN = 2,  /**< forward and backward on a batch: values kept for the way back and all
                                gradients; rnn_trainer_memory adds the optimizer's */
    RNN_MEMORY_STREAM = 3  /**< one rnn_state_t */
};

/** Bytes that one of RNN_MEMORY_* takes, known before anything runs. A batch has `batch` sequences with up to
 *  `steps` steps each in every input (0 or more, 2^40 steps in all); MODEL and STREAM do not look at the two
 *  and are exact. RUN and TRAIN are what the sequences take when they are that long, and what they take
 *  beside when some are shorter: some per cent; for an embedding that is projected for the words of a batch
 *  where they are few, what the most words would take, or none. (A batch with many fewer steps may do without
 *  a projected table; that is another question to ask.) The batch itself and tensors given to the caller are
 *  not counted. Nothing is allocated that grows with the batch. RNN_ERROR_STATE: not built; RNN_ERROR_RANGE:
 *  such a batch cannot be; RNN_ERROR_UNSUPPORTED: the model cannot be streamed. Thread-safe. */
RNN_API rnn_status_t rnn_model_memory(const rnn_model_t *model, int32_t what, int64_t batch, int64_t steps,
                                      int64_t *bytes);

RNN_END_DECLS

#endif
