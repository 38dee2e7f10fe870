/* SPDX-License-Identifier: MIT */
#ifndef RNNI_SAFETENSORS_H
#define RNNI_SAFETENSORS_H

#include "core/io.h"
#include <rnn/tensor.h>
#include <stdbool.h>

/* The safetensors container: u64 length of the header (little-endian), the header (JSON), the numbers of all
 * tensors one after another. FORMAT.md has it byte by byte. */

#define RNNI_SAFETENSORS_MAX_HEADER 100000000 /* bytes; the limit of the format's own library */

/* ---- Reading ---- */

typedef struct rnni_safetensors rnni_safetensors;

/* One tensor of an open file; lives as long as the file. */
typedef struct rnni_safetensors_entry {
    const char *name;
    int32_t dtype; /* RNN_F32 ... */
    int32_t rank;
    int64_t shape[RNN_MAX_RANK];
    int64_t count; /* elements */
    /* Row-major, in the machine's byte order. In a file opened by path or io the first tensor is aligned to
     * 64 bytes and the others follow without holes, so all are aligned where larger elements come first (as
     * this writer and the Python library sort them); rnni_safetensors_convert and memcpy work in any case. */
    const void *data;
    size_t size; /* bytes */
} rnni_safetensors_entry;

/* Reads and checks a whole file. RNN_ERROR_IO: missing, a folder, not readable. RNN_ERROR_FORMAT: not
 * safetensors, or one of its rules is broken. RNN_ERROR_UNSUPPORTED: an element type or a rank that this
 * library does not have. */
rnn_status_t rnni_safetensors_open(rnn_context_t *context, const char *path, rnni_safetensors **file);
/* The same for a block of memory, which must outlive the file (little-endian machines do not copy it). */
rnn_status_t rnni_safetensors_open_memory(rnn_context_t *context, const void *data, size_t size,
                                          rnni_safetensors **file);
/* The same for `size` bytes from `offset` of a seekable io; size -1: up to its end. The io is not closed. */
rnn_status_t rnni_safetensors_open_io(rnn_context_t *context, const rnn_io_t *io, int64_t offset,
                                      int64_t size, rnni_safetensors **file);
void rnni_safetensors_close(rnni_safetensors *file);

/* Tensors in the order of their data; NULL past the last. */
int64_t rnni_safetensors_count(const rnni_safetensors *file);
const rnni_safetensors_entry *rnni_safetensors_at(const rnni_safetensors *file, int64_t index);
/* A tensor by its name, or NULL (which leaves no error). */
const rnni_safetensors_entry *rnni_safetensors_find(const rnni_safetensors *file, const char *name);

/* A new contiguous tensor with a copy of the numbers, freed by the caller: under their own element type, or
 * converted to `dtype` (RNN_ERROR_RANGE when an integer type cannot hold one). RNN_ERROR_NAME when there is
 * no such tensor. */
rnn_status_t rnni_safetensors_tensor(const rnni_safetensors *file, const char *name, rnn_tensor_t **tensor);
rnn_status_t rnni_safetensors_tensor_as(const rnni_safetensors *file, const char *name, int32_t dtype,
                                        rnn_tensor_t **tensor);
/* All numbers of an entry into out[entry->count], converted to `dtype` (what an integer type cannot hold is
 * clamped). */
void rnni_safetensors_convert(const rnni_safetensors_entry *entry, int32_t dtype, void *out);

/* Texts of `__metadata__`: by key (NULL when there is none), or by index in the order of the sorted keys
 * (false past the last). */
const char *rnni_safetensors_metadata(const rnni_safetensors *file, const char *key);
bool rnni_safetensors_metadata_at(const rnni_safetensors *file, int64_t index, const char **key,
                                  const char **value);

/* ---- Writing ---- */

typedef struct rnni_safetensors_writer rnni_safetensors_writer;

/* Collects texts and tensors, then writes them at once. The same content gives the same bytes: metadata in
 * the order given, tensors by falling element size and then by name. */
rnn_status_t rnni_safetensors_writer_create(rnn_context_t *context, rnni_safetensors_writer **writer);
void rnni_safetensors_writer_free(rnni_safetensors_writer *writer);
/* Key and value are copied. What is not UTF-8 (RNN_ERROR_DATA) or comes twice (RNN_ERROR_ARGUMENT) is refused
 * at the writing, before the first byte; tensor names likewise. */
rnn_status_t rnni_safetensors_add_metadata(rnni_safetensors_writer *writer, const char *key,
                                           const char *value);
/* The name is copied. `data` (contiguous, in the machine's byte order) is borrowed until the writing is
 * done. */
rnn_status_t rnni_safetensors_add_tensor(rnni_safetensors_writer *writer, const char *name, int32_t dtype,
                                         int32_t rank, const int64_t *shape, const void *data);
/* The same with `size` bytes of rnni_alloc's, which the writer frees, also when this fails. */
rnn_status_t rnni_safetensors_add_owned(rnni_safetensors_writer *writer, const char *name, int32_t dtype,
                                        int32_t rank, const int64_t *shape, void *data, size_t size);
/* Writes everything through io->write, from where the io stands. */
rnn_status_t rnni_safetensors_write_io(const rnni_safetensors_writer *writer, const rnn_io_t *io);
/* Replaces the file at `path` at once when all is written, or not at all. */
rnn_status_t rnni_safetensors_write_path(const rnni_safetensors_writer *writer, const char *path);

/* Reverses the bytes of each element: between the file's byte order and that of a big-endian machine. */
void rnni_swap_bytes(void *data, size_t size, size_t element);

#endif
