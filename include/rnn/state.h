/* SPDX-License-Identifier: MIT */
/** @file state.h
 * One running stream of a model: the state after the steps it has seen.
 *
 * All memory is taken when the state is created; a step allocates nothing, takes no lock and makes no system
 * call. One state a stream and thread, one model for all. Stepping gives the same bits as running the whole
 * sequence at once. The model must have one sequence input, no layer that looks ahead (reverse or
 * bidirectional), and its weights must not be changed while states exist that step. */
#ifndef RNN_STATE_H
#define RNN_STATE_H

#include <rnn/model.h>

RNN_BEGIN_DECLS

typedef struct rnn_state rnn_state_t;

/** A state at the start of a stream, or NULL with the reason (for example the layer that cannot be stepped).
 *  It holds the model. */
RNN_API rnn_state_t *rnn_state_create(rnn_model_t *model);
RNN_API void rnn_state_free(rnn_state_t *state);

/** One step of a model with a value input: `in` has its features, and may be `out`; `out` gets the features
 *  of all outputs, one output behind another. NaN is not checked. */
RNN_API rnn_status_t rnn_state_step(rnn_state_t *state, const float *in, float *out);
/** One step of a model with a token input; the id is checked. */
RNN_API rnn_status_t rnn_state_step_token(rnn_state_t *state, int32_t id, float *out);
/** Numbers that a step writes: the features of all outputs. */
RNN_API int64_t rnn_state_output_size(const rnn_state_t *state);

/** Bytes that a stream takes beside its model: exactly what its creation asks of the context's allocator; 0
 *  for NULL. The first stream of a model also makes a packed copy of its recurrent weights, as large as they
 *  are, which belongs to the model and serves all streams. */
RNN_API int64_t rnn_state_memory(const rnn_state_t *state);

/** A workspace that steps many streams of one model together: on a server, in a game with a network for every
 *  character, on every channel of a mixer. Weights are then read once for many streams, which makes a step
 *  two to four times as fast. The streams stay states of their own, which may come and go between calls and
 *  be stepped, reset or saved alone; each gets the bits that it would get from rnn_state_step. A workspace
 *  belongs to one thread at a time, and while it works nobody else uses the streams it was given. It holds
 *  its model; its size does not depend on how many streams it steps. NULL with the reason where
 *  rnn_state_create would give NULL. */
typedef struct rnn_states rnn_states_t;
RNN_API rnn_states_t *rnn_states_create(rnn_model_t *model);
RNN_API void rnn_states_free(rnn_states_t *states);
/** Bytes that a workspace takes, counted as rnn_state_memory does. */
RNN_API int64_t rnn_states_memory(const rnn_states_t *states);
/** One step of `count` different streams (0 or more) of the workspace's model: `in` is [count][features],
 *  `out` becomes [count][rnn_state_output_size]; they do not overlap. Like a single step it allocates
 *  nothing, takes no lock and makes no system call. On an error no stream has moved: RNN_ERROR_ARGUMENT
 *  (NULL, a stream of another model, one that comes twice), RNN_ERROR_TYPE (a model with a token input). */
RNN_API rnn_status_t rnn_states_step(rnn_states_t *states, rnn_state_t *const *streams, int64_t count,
                                     const float *in, float *out);
/** The same for a model with a token input, `ids` is [count]; a masked id leaves its stream as it is.
 *  RNN_ERROR_RANGE: an id beyond the vocabulary. */
RNN_API rnn_status_t rnn_states_step_tokens(rnn_states_t *states, rnn_state_t *const *streams, int64_t count,
                                            const int32_t *ids, float *out);

/** Back to the start of a stream. */
RNN_API rnn_status_t rnn_state_reset(rnn_state_t *state);
/** The vector that input `index`, an rnn_input_vector of the model, has for this stream; zeros until set. */
RNN_API rnn_status_t rnn_state_set_vector(rnn_state_t *state, int32_t index, const float *values,
                                          int64_t count);

/** Bytes of the state as saved, and saving and restoring it: to fork, store and resume a stream, on any
 *  machine that has the same model (graph and weights). Import refuses anything else with RNN_ERROR_FORMAT
 *  and leaves the state as it was. */
RNN_API int64_t rnn_state_size(const rnn_state_t *state);
RNN_API rnn_status_t rnn_state_export(const rnn_state_t *state, void *buffer, int64_t size);
RNN_API rnn_status_t rnn_state_import(rnn_state_t *state, const void *buffer, int64_t size);

RNN_END_DECLS

#endif
