/* SPDX-License-Identifier: MIT */
#ifndef RNNI_MODEL_WORDS_H
#define RNNI_MODEL_WORDS_H

#include "layers/recurrent.h"
#include "model/exec.h"

/* Of a batch with so many useful steps, under RNN_RECOMPUTE_*: what it depends on whether its words are
 * projected. */
rnni_fold rnni_words_batch(int64_t rows, bool training, int32_t recompute);
/* Looks which words a batch that is being bound has, for a recurrent node whose embedding may be projected
 * for the batch, and decides whether it is: exec->whole.words of the node then says for which, else its count
 * is 0. The runs' axes are there. RNN_ERROR_MEMORY. */
rnn_status_t rnni_words_find(rnni_exec *exec, const rnni_node *node, rnni_fold batch);
/* Numbers of 32 bits that it takes. */
int64_t rnni_words_size(const rnni_node *node, rnni_fold batch);
void rnni_words_release(rnni_exec *exec);

#endif
