/* SPDX-License-Identifier: MIT */
#ifndef TEST_SAMPLES_H
#define TEST_SAMPLES_H

#include "core/memory.h"
#include <rnn/rnn.h>

#define SAMPLE __attribute__((unused)) static

/* Appends what a model file has to a buffer. */
SAMPLE int64_t sample_append(const void *data, int64_t size, void *user)
{
    return rnni_buffer_add(user, data, (size_t)size) == RNN_OK ? size : -1;
}

SAMPLE rnn_status_t sample_save(const rnn_model_t *model, rnni_buffer *out)
{
    rnn_io_t io = { .struct_size = sizeof(io), .write = sample_append, .user = out };
    return rnn_model_save_io(model, &io);
}

SAMPLE rnn_tokenizer_t *sample_tokenizer(rnn_context_t *context)
{
    static const char *const words[] = { "the", "film", "was", "good", "caf\xc3\xa9", "don't \"\\" };
    rnn_tokenizer_t *tokenizer = rnn_tokenizer_create(context);
    rnn_status_t status = tokenizer ? RNN_OK : RNN_ERROR_MEMORY;
    if (status == RNN_OK) status = rnn_tokenizer_set_int(tokenizer, RNN_TOKENIZER_LOWERCASE, 0);
    if (status == RNN_OK) status = rnn_tokenizer_set_int(tokenizer, RNN_TOKENIZER_ADD_START, 1);
    for (size_t i = 0; status == RNN_OK && i < sizeof(words) / sizeof(words[0]); i++)
        status = rnn_tokenizer_add_token(tokenizer, words[i]);
    if (status == RNN_OK) status = rnn_tokenizer_build(tokenizer);
    if (status == RNN_OK) return tokenizer;
    rnn_tokenizer_free(tokenizer);
    return NULL;
}

SAMPLE rnn_status_t sample_texts(rnn_model_t *model, rnn_context_t *context)
{
    static const char *const names[] = { "negative", "positive \xc3\xa9" };
    rnn_tokenizer_t *tokenizer = sample_tokenizer(context);
    rnn_status_t status = tokenizer ? rnn_model_set_tokenizer(model, "review", tokenizer) : RNN_ERROR_MEMORY;
    rnn_tokenizer_free(tokenizer);
    if (status == RNN_OK) status = rnn_model_set_classes(model, "class", names, 2);
    if (status == RNN_OK) status = rnn_model_set_metadata(model, "licence", "MIT");
    if (status == RNN_OK) status = rnn_model_set_metadata(model, "author", "A \"quoted\" name\n");
    return status;
}

/* A small classifier of token sequences with everything that travels with a model; NULL on failure. */
SAMPLE rnn_model_t *sample_small(rnn_context_t *context)
{
    rnn_model_t *m = rnn_model_create(context);
    rnn_layer_t *x = rnn_input_tokens(m, "review");
    rnn_layer_t *h = rnn_embedding(m, x, 10, 3);
    h = rnn_last(m, rnn_lstm(m, h, 2));
    h = rnn_dense(m, h, 2, RNN_SOFTMAX);
    rnn_model_set_output(m, h, "class");
    if (rnn_model_build(m) == RNN_OK && sample_texts(m, context) == RNN_OK) return m;
    rnn_model_free(m);
    return NULL;
}

/* Every kind of layer, several inputs and outputs, initial states with and without a bridge; NULL on
 * failure. */
SAMPLE rnn_model_t *sample_whole(rnn_context_t *context)
{
    rnn_model_t *m = rnn_model_create(context);
    rnn_layer_t *words = rnn_input_tokens(m, "words"), *sensor = rnn_input_values(m, "sensor", 4);
    rnn_layer_t *extra = rnn_input_vector(m, "extra", 3);
    rnn_layer_t *table = rnn_embedding(m, words, 12, 5);
    rnn_layer_set_int(table, RNN_LAYER_MASK_ID, 0);
    rnn_layer_t *encoder = rnn_lstm(m, rnn_dropout(m, table, 0.25), 3);
    rnn_layer_set_int(encoder, RNN_LAYER_DIRECTION, RNN_BIDIRECTIONAL);
    rnn_layer_set_float(encoder, RNN_LAYER_RECURRENT_DROPOUT, 0.1);
    rnn_layer_set_name(encoder, "encoder");
    rnn_layer_t *decoder = rnn_gru(m, sensor, 4);
    rnn_layer_set_initial_state(decoder, encoder);
    rnn_layer_t *simple = rnn_simple_rnn(m, sensor, 4);
    rnn_layer_set_int(simple, RNN_LAYER_ACTIVATION, RNN_RELU);
    rnn_layer_set_initial_vector(simple, RNN_STATE_HIDDEN, rnn_dense(m, extra, 4, RNN_TANH));
    rnn_layer_t *both[] = { rnn_layer_norm(m, decoder), rnn_batch_norm(m, simple),
                            rnn_repeat(m, rnn_last(m, decoder), sensor) };
    rnn_layer_t *sum = rnn_activation(m, rnn_add(m, both, 3), RNN_SIGMOID);
    rnn_layer_t *series = rnn_dense(m, sum, 1, RNN_LINEAR);
    rnn_layer_t *parts[] = { rnn_last(m, encoder), rnn_mean_pool(m, decoder), rnn_max_pool(m, simple), extra,
                             rnn_final_state(m, encoder, RNN_STATE_CELL) };
    rnn_model_set_output(m, rnn_dense(m, rnn_concat(m, parts, 5), 2, RNN_SOFTMAX), "class");
    rnn_model_set_output(m, series, "series");
    if (rnn_model_build(m) == RNN_OK) return m;
    rnn_model_free(m);
    return NULL;
}

#endif
