/* SPDX-License-Identifier: MIT */
/** @file serial.h
 * Model files: one safetensors file with the weights and, in its metadata, all that prediction needs (graph,
 * vocabulary, class names). The format is described byte by byte in lib/serial/FORMAT.md. Equal models give
 * equal bytes. */
#ifndef RNN_SERIAL_H
#define RNN_SERIAL_H

#include <rnn/io.h>
#include <rnn/model.h>

RNN_BEGIN_DECLS

/** Writes a built model. A weight that is not finite is RNN_ERROR_DATA. The file at `path` is replaced at
 *  once when all is written, or not at all. */
RNN_API rnn_status_t rnn_model_save(const rnn_model_t *model, const char *path);
/** The same through the caller's `write`. */
RNN_API rnn_status_t rnn_model_save_io(const rnn_model_t *model, const rnn_io_t *io);

/** Reads a model, built and ready. Errors: RNN_ERROR_IO, RNN_ERROR_FORMAT (not such a file, or damaged),
 *  RNN_ERROR_UNSUPPORTED (a newer layer, version or setting, named), RNN_ERROR_DATA (a weight that is not
 *  finite), RNN_ERROR_MEMORY. Hostile files are refused or loaded; they never crash, hang or take memory out
 *  of proportion to their size. */
RNN_API rnn_status_t rnn_model_load(rnn_context_t *context, const char *path, rnn_model_t **model);
RNN_API rnn_status_t rnn_model_load_memory(rnn_context_t *context, const void *data, int64_t size,
                                           rnn_model_t **model);
/** Reads `size` bytes from offset `offset` of a seekable `io` (a model inside another file); size -1: up to
 *  its end. */
RNN_API rnn_status_t rnn_model_load_io(rnn_context_t *context, const rnn_io_t *io, int64_t offset,
                                       int64_t size, rnn_model_t **model);

/** Fills weights of a built model from a safetensors file of this library or of another: tensor from[i]
 *  becomes weight to[i] (same shape), or is left out on purpose where to[i] is NULL. The map has to name
 *  every tensor of the file (but those under "rnn."), otherwise RNN_ERROR_NAME lists what it forgot; weights
 *  that it does not name stay as they are. from and to NULL, count 0: every tensor of the file becomes the
 *  weight of its name. All or nothing. Needs the model alone. */
RNN_API rnn_status_t rnn_model_load_weights(rnn_model_t *model, const char *path, const char *const *from,
                                            const char *const *to, int64_t count);

RNN_END_DECLS

#endif
