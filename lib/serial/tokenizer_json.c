/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "serial/model_file.h"
#include "text/tokenizer.h"

#include <stdio.h>

#define MAX_OWNER 160

static const char *owner_text(const char *input, char out[MAX_OWNER])
{
    snprintf(out, MAX_OWNER, "the tokenizer of input \"%.100s\"", input);
    return out;
}

static void write_stop_words(const rnn_tokenizer_t *tokenizer, rnni_json_writer *json)
{
    const char *word = rnn_tokenizer_stop_word(tokenizer, 0);
    if (!word) return;
    rnni_json_write_key(json, "stop_words");
    rnni_json_begin_array(json);
    for (int64_t i = 0; (word = rnn_tokenizer_stop_word(tokenizer, i)); i++)
        rnni_json_write_string(json, word);
    rnni_json_end_array(json);
}

rnn_status_t rnni_tokenizer_write_json(const rnn_tokenizer_t *tokenizer, const char *input, rnni_buffer *out)
{
    char owner[MAX_OWNER];
    int64_t size = rnn_tokenizer_size(tokenizer), value;
    RNNI_REQUIRE(size > 0, RNN_ERROR_STATE, "%s has no vocabulary yet, rnn_tokenizer_build makes it",
                 owner_text(input, owner));
    rnni_json_writer json = rnni_json_write_to(out);
    rnni_json_begin_object(&json);
    rnni_json_write_key(&json, "settings");
    rnni_json_begin_object(&json);
    for (int i = 0; i < rnni_tokenizer_setting_count; i++) {
        RNNI_TRY(rnn_tokenizer_get_int(tokenizer, rnni_tokenizer_settings[i].id, &value));
        rnni_setting_write_json(&json, &rnni_tokenizer_settings[i], (double)value);
    }
    rnni_json_end_object(&json);
    rnni_json_write_key(&json, "words");
    rnni_json_begin_array(&json);
    for (int64_t id = RNN_TOKEN_FIRST; id < size; id++)
        rnni_json_write_string(&json, rnn_tokenizer_token(tokenizer, id));
    rnni_json_end_array(&json);
    write_stop_words(tokenizer, &json);
    rnni_json_end_object(&json);
    return json.status;
}

static rnn_status_t read_settings(rnn_tokenizer_t *tokenizer, const rnni_json_value *settings,
                                  const char *owner)
{
    RNNI_REQUIRE(rnni_json_is(settings, RNNI_JSON_OBJECT), RNN_ERROR_FORMAT, "%s has no settings", owner);
    const rnni_json_value *key = rnni_json_first(settings);
    for (uint32_t i = 0; i < settings->size; i++, key = rnni_json_next(rnni_json_next(key))) {
        if (rnni_key_is_foreign(key->text)) continue;
        double value = 0;
        int at = rnni_setting_find_name(rnni_tokenizer_settings, rnni_tokenizer_setting_count, key->text);
        RNNI_REQUIRE(at >= 0, RNN_ERROR_UNSUPPORTED, "%s has the unknown setting \"%.60s\"", owner,
                     key->text);
        const rnni_setting *row = &rnni_tokenizer_settings[at];
        RNNI_TRY(rnni_setting_read_json(rnni_json_next(key), row, owner, &value));
        RNNI_REQUIRE(value >= row->minimum && value <= row->maximum, RNN_ERROR_FORMAT,
                     "setting %s of %s is out of range", row->name, owner);
        RNNI_TRY(rnn_tokenizer_set_int(tokenizer, row->id, (int64_t)value));
    }
    return RNN_OK;
}

static rnn_status_t read_stop_words(rnn_tokenizer_t *tokenizer, const rnni_json_value *words,
                                    const char *owner)
{
    if (!words) return RNN_OK;
    RNNI_REQUIRE(rnni_json_is(words, RNNI_JSON_ARRAY), RNN_ERROR_FORMAT,
                 "the stop words of %s are no array", owner);
    const rnni_json_value *word = rnni_json_first(words);
    for (uint32_t i = 0; i < words->size; i++, word = rnni_json_next(word)) {
        const char *text = rnni_json_string(word);
        RNNI_REQUIRE(text, RNN_ERROR_FORMAT, "a stop word of %s is not a string", owner);
        RNNI_TRY(rnn_tokenizer_add_stop_word(tokenizer, text));
    }
    return RNN_OK;
}

static rnn_status_t read_words(rnn_tokenizer_t *tokenizer, const rnni_json_value *words, const char *owner)
{
    RNNI_REQUIRE(rnni_json_is(words, RNNI_JSON_ARRAY), RNN_ERROR_FORMAT, "%s has no array of words", owner);
    const rnni_json_value *word = rnni_json_first(words);
    for (uint32_t i = 0; i < words->size; i++, word = rnni_json_next(word)) {
        const char *text = rnni_json_string(word);
        RNNI_REQUIRE(text, RNN_ERROR_FORMAT, "a word of %s is not a string", owner);
        RNNI_TRY(rnn_tokenizer_add_token(tokenizer, text));
    }
    RNNI_TRY(rnn_tokenizer_build(tokenizer));
    RNNI_REQUIRE(rnn_tokenizer_size(tokenizer) == RNN_TOKEN_FIRST + (int64_t)words->size, RNN_ERROR_FORMAT,
                 "%s has %u words, but only %lld different ones that it can hold", owner,
                 (unsigned)words->size, (long long)rnn_tokenizer_size(tokenizer) - RNN_TOKEN_FIRST);
    return RNN_OK;
}

static rnn_status_t read_object(rnn_tokenizer_t *tokenizer, const rnni_json_value *object, const char *owner)
{
    RNNI_REQUIRE(rnni_json_is(object, RNNI_JSON_OBJECT), RNN_ERROR_FORMAT, "%s is not a JSON object", owner);
    const rnni_json_value *key = rnni_json_first(object);
    for (uint32_t i = 0; i < object->size; i++, key = rnni_json_next(rnni_json_next(key))) {
        bool known = strcmp(key->text, "settings") == 0 || strcmp(key->text, "words") == 0 ||
                     strcmp(key->text, "stop_words") == 0;
        RNNI_REQUIRE(known || rnni_key_is_foreign(key->text), RNN_ERROR_UNSUPPORTED,
                     "%s has the unknown key \"%.60s\"", owner, key->text);
    }
    RNNI_TRY(read_settings(tokenizer, rnni_json_get(object, "settings"), owner));
    RNNI_TRY(read_stop_words(tokenizer, rnni_json_get(object, "stop_words"), owner));
    return read_words(tokenizer, rnni_json_get(object, "words"), owner);
}

/* What the tokenizer itself refuses is a fault of the file. */
static rnn_status_t as_format(rnn_status_t status, const char *owner)
{
    if (status >= 0 || status == RNN_ERROR_MEMORY || status == RNN_ERROR_UNSUPPORTED ||
        status == RNN_ERROR_FORMAT)
        return status;
    return rnni_fail(RNN_ERROR_FORMAT, "%s: %s", owner, rnn_last_error());
}

static rnn_status_t read_text(rnn_context_t *context, const char *text, size_t size, const char *owner,
                              rnn_tokenizer_t *tokenizer)
{
    rnni_json json;
    rnn_status_t status = rnni_json_parse(&json, context, text, size, owner);
    if (status == RNN_OK) status = as_format(read_object(tokenizer, json.values, owner), owner);
    rnni_json_clear(&json);
    return status;
}

rnn_status_t rnni_tokenizer_read_json(rnn_context_t *context, const char *text, size_t size,
                                      const char *input, rnn_tokenizer_t **tokenizer)
{
    char owner[MAX_OWNER];
    rnn_tokenizer_t *fresh = rnn_tokenizer_create(context);
    if (!fresh) return RNN_ERROR_MEMORY;
    rnn_status_t status = read_text(context, text, size, owner_text(input, owner), fresh);
    if (status == RNN_OK)
        *tokenizer = fresh;
    else
        rnn_tokenizer_free(fresh);
    return status;
}
