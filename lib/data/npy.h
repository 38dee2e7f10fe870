/* SPDX-License-Identifier: MIT */
#ifndef RNNI_NPY_H
#define RNNI_NPY_H

#include "core/io.h"
#include <rnn/tensor.h>
#include <stdbool.h>

typedef struct rnni_npy_type rnni_npy_type;

/* What the header of an array says. */
typedef struct rnni_npy_header {
    const rnni_npy_type *type;
    bool swapped, fortran;
    int32_t rank;
    int64_t shape[RNN_MAX_RANK];
    bool has_type, has_order, has_shape;
} rnni_npy_header;

/* Reads one array from where `io` stands; `what` names it in error lines. Never takes more memory than the
 * stream has bytes, but for a copy in another order or type. */
rnn_status_t rnni_npy_read(rnn_context_t *context, const rnn_io_t *io, const char *what,
                           rnn_tensor_t **tensor);

/* An array that stays in its file; rows along its first dimension are read when they are asked for. */
typedef struct rnni_npy_rows {
    rnn_context_t *context; /* borrowed, as is the path */
    const char *path;
    rnn_io_t io;
    rnni_npy_header header;
    int32_t dtype;  /* RNN_* of the numbers */
    int64_t start;  /* where they begin in the file */
    int64_t at;     /* where the file stands; -1: not known */
    int64_t width;  /* numbers of a row */
    char *raw;      /* of a row */
    size_t raw_capacity;
} rnni_npy_rows;

/* After a failure, too, rnni_npy_close has to follow. Arrays in Fortran order are refused. */
rnn_status_t rnni_npy_open(rnni_npy_rows *rows, rnn_context_t *context, const char *path);
void rnni_npy_close(rnni_npy_rows *rows);
/* The first `count` numbers of a row as `dtype`, clamped where it is too small. */
rnn_status_t rnni_npy_row(rnni_npy_rows *rows, int64_t row, int64_t count, int32_t dtype, void *out);

#endif
