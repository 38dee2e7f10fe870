/* SPDX-License-Identifier: MIT */
#ifndef RNNI_TOKENIZER_H
#define RNNI_TOKENIZER_H

#include "core/settings.h"
#include <rnn/text.h>

/* For the model file: every setting by its table row, and the words from RNN_TOKEN_FIRST on through
 * rnn_tokenizer_token. */
extern const rnni_setting rnni_tokenizer_settings[];
extern const int rnni_tokenizer_setting_count;
/* Encodes into a growing array: *ids has *capacity elements (rnni_grow), *count is set to the number of
 * ids. */
rnn_status_t rnni_tokenizer_encode(const rnn_tokenizer_t *tokenizer, rnn_context_t *context, const char *text,
                                   size_t size, int32_t **ids, size_t *capacity, size_t *count);

/* The tokenizer's own context, borrowed. */
rnn_context_t *rnni_tokenizer_context(const rnn_tokenizer_t *tokenizer);

#endif
