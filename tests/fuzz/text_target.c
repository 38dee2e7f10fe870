/* SPDX-License-Identifier: MIT */
#include "fuzz/target.h"
#include <rnn/text.h>

/* Three bytes choose settings, the rest is a text: its words in a vocabulary are found again in it, and its
 * sentences lie one behind another. */

static void set_up(rnn_tokenizer_t *t, const uint8_t bits[3])
{
    uint32_t all = bits[0] | (uint32_t)bits[1] << 8 | (uint32_t)bits[2] << 16;
    rnn_tokenizer_set_int(t, RNN_TOKENIZER_UNIT, all & 1);
    for (int32_t id = RNN_TOKENIZER_LOWERCASE; id <= RNN_TOKENIZER_STRIP_PUNCTUATION; id++)
        rnn_tokenizer_set_int(t, id, all >> (id - 1) & 1);
    for (int32_t id = RNN_TOKENIZER_FOLD_CASE; id <= RNN_TOKENIZER_CONTRACTIONS; id++)
        rnn_tokenizer_set_int(t, id, all >> (id - 5) & 1);
    for (int32_t id = RNN_TOKENIZER_URLS; id <= RNN_TOKENIZER_EMOJI; id++)
        rnn_tokenizer_set_int(t, id, (all >> (id - 5) & 1) + (all >> 16) % 2);
    if (all >> 17 & 1) rnn_tokenizer_add_stop_word(t, "the");
}

static void check_words(const rnn_tokenizer_t *t, const char *text, int64_t size)
{
    int64_t count = -1, again = -1;
    ALWAYS(rnn_tokenizer_encode(t, text, size, NULL, 0, &count) == RNN_OK);
    int32_t *ids = malloc((size_t)(count + 1) * sizeof(*ids));
    ALWAYS(rnn_tokenizer_encode(t, text, size, ids, count, &again) == RNN_OK && again == count);
    for (int64_t i = 0; i < count; i++) ALWAYS(ids[i] >= 0 && ids[i] < rnn_tokenizer_size(t));
    free(ids);
}

static void check_sentences(const char *text, int64_t size)
{
    int64_t position = 0, before = 0, start, length;
    while (rnn_sentence_next(text, size, &position, &start, &length) == RNN_OK) {
        ALWAYS(start >= before && length > 0 && start + length <= position && position <= size);
        before = position;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) return 0;
    const char *text = (const char *)data + 3;
    int64_t length = (int64_t)size - 3;
    rnn_tokenizer_t *t = rnn_tokenizer_create(NULL);
    set_up(t, data);
    ALWAYS(rnn_tokenizer_add_text(t, text, length) == RNN_OK);
    ALWAYS(rnn_tokenizer_build(t) == RNN_OK);
    check_words(t, text, length);
    check_sentences(text, length);
    rnn_tokenizer_free(t);
    taken++;
    return 0;
}
