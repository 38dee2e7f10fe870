/* SPDX-License-Identifier: MIT */
#include "fuzz/target.h"
#include "serial/model_file.h"

/* The tokenizer of a model file, as JSON: settings, words, stop words. What is read is written again, and
 * that reads back to the same. */

static void check_again(rnn_context_t *context, const rnn_tokenizer_t *tokenizer)
{
    rnni_buffer first = { .context = context }, second = { .context = context };
    rnn_tokenizer_t *again = NULL;
    ALWAYS(rnni_tokenizer_write_json(tokenizer, "x", &first) == RNN_OK);
    ALWAYS(rnni_tokenizer_read_json(context, first.data, first.size, "x", &again) == RNN_OK);
    ALWAYS(rnni_tokenizer_write_json(again, "x", &second) == RNN_OK);
    ALWAYS(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    rnn_tokenizer_free(again);
    rnni_buffer_clear(&first);
    rnni_buffer_clear(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "The good, the b\xC3\xA4"
                               "d &amp; @you: 1,000 www.x.org";
    rnn_context_t *context = rnn_context_create(NULL);
    rnn_tokenizer_t *tokenizer = NULL;
    int64_t count = 0;
    rnn_status_t status = rnni_tokenizer_read_json(context, (const char *)data, size, "x", &tokenizer);
    ALWAYS((status == RNN_OK) == (tokenizer != NULL));
    ALWAYS(status == RNN_OK || status == RNN_ERROR_FORMAT || status == RNN_ERROR_UNSUPPORTED);
    if (tokenizer) {
        ALWAYS(rnn_tokenizer_encode(tokenizer, text, -1, NULL, 0, &count) == RNN_OK);
        check_again(context, tokenizer);
    }
    *(tokenizer ? &taken : &refused) += 1;
    rnn_tokenizer_free(tokenizer);
    rnn_context_free(context);
    return 0;
}
