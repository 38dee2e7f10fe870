/* SPDX-License-Identifier: MIT */
#ifndef RNNI_NPY_H
#define RNNI_NPY_H

#include "core/io.h"
#include <rnn/tensor.h>

/* Reads one array from where `io` stands; `what` names it in error lines. Never takes more memory than the
 * stream has bytes, but for a copy in another order or type. */
rnn_status_t rnni_npy_read(rnn_context_t *context, const rnn_io_t *io, const char *what,
                           rnn_tensor_t **tensor);

#endif
