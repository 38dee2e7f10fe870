/* SPDX-License-Identifier: MIT */
/** @file text.h
 * From text to token ids: tokenizers and the vocabularies they carry.
 *
 * A tokenizer counts words, builds its vocabulary once, and encodes from then on. It is stored inside a model file, so that one
 * file predicts. Encoding is safe from any number of threads once the vocabulary is built. */
#ifndef RNN_TEXT_H
#define RNN_TEXT_H

#include <rnn/context.h>

RNN_BEGIN_DECLS

typedef struct rnn_tokenizer rnn_tokenizer_t;

/** Ids that every vocabulary begins with; words follow, the most frequent first. */
enum { RNN_TOKEN_PAD = 0, RNN_TOKEN_START = 1, RNN_TOKEN_UNKNOWN = 2, RNN_TOKEN_END = 3, RNN_TOKEN_FIRST = 4 };

/** Settings of a tokenizer. They lock when the vocabulary is built. */
enum {
    RNN_TOKENIZER_UNIT = 1,              /**< int, word|character; default word */
    RNN_TOKENIZER_LOWERCASE = 2,         /**< int, 0 or 1; default 1: ASCII, Latin-1, Greek and Cyrillic letters in lower case */
    RNN_TOKENIZER_STRIP_TAGS = 3,        /**< int, 0 or 1; default 1: HTML tags such as <br /> become a space */
    RNN_TOKENIZER_STRIP_PUNCTUATION = 4, /**< int, 0 or 1; default 1: ASCII punctuation other than an apostrophe inside a word becomes a space */
    RNN_TOKENIZER_MAX_WORDS = 5,         /**< int, 0 (no limit) or at least 5; ids are below it, the four special ones counted; default 0 */
    RNN_TOKENIZER_MIN_COUNT = 6,         /**< int, >= 1; rarer words are left out; default 1 */
    RNN_TOKENIZER_ADD_START = 7,         /**< int, 0 or 1; default 0: RNN_TOKEN_START comes before each text */
    RNN_TOKENIZER_ADD_END = 8            /**< int, 0 or 1; default 0: RNN_TOKEN_END comes after each text */
};

/** An empty tokenizer, or NULL. */
RNN_API rnn_tokenizer_t *rnn_tokenizer_create(rnn_context_t *context);
RNN_API rnn_tokenizer_t *rnn_tokenizer_retain(rnn_tokenizer_t *tokenizer);
RNN_API void rnn_tokenizer_free(rnn_tokenizer_t *tokenizer);

RNN_API rnn_status_t rnn_tokenizer_set_int(rnn_tokenizer_t *tokenizer, int32_t setting, int64_t value);
RNN_API rnn_status_t rnn_tokenizer_get_int(const rnn_tokenizer_t *tokenizer, int32_t setting, int64_t *value);
RNN_API rnn_status_t rnn_tokenizer_setting(int32_t index, rnn_setting_t *setting);

/** Counts the words of one text of `size` bytes (-1: up to its terminator). Invalid UTF-8 is read byte by byte as U+FFFD.
 *  RNN_ERROR_STATE once the vocabulary is built. */
RNN_API rnn_status_t rnn_tokenizer_add_text(rnn_tokenizer_t *tokenizer, const char *text, int64_t size);

/** Counts the words of a file of `label<TAB>text` lines (or of plain lines, where a line has no tab). */
RNN_API rnn_status_t rnn_tokenizer_add_file(rnn_tokenizer_t *tokenizer, const char *path);

/** Appends one word to the vocabulary with the next free id, for vocabularies that are known. A word that is already there keeps its id. */
RNN_API rnn_status_t rnn_tokenizer_add_token(rnn_tokenizer_t *tokenizer, const char *word);

/** Builds the vocabulary from what was counted: by falling count, equal counts in byte order of the words. Words given by
 *  rnn_tokenizer_add_token come before those. */
RNN_API rnn_status_t rnn_tokenizer_build(rnn_tokenizer_t *tokenizer);

/** Number of ids, the special ones included; 0 before the vocabulary is built. */
RNN_API int64_t rnn_tokenizer_size(const rnn_tokenizer_t *tokenizer);
/** The word of an id ("<pad>", "<start>", "<unk>", "<end>" for the special ones), or NULL. Lives as long as the tokenizer. */
RNN_API const char *rnn_tokenizer_token(const rnn_tokenizer_t *tokenizer, int64_t id);
/** The id of a word exactly as it stands in the vocabulary; RNN_TOKEN_UNKNOWN when it is not there. */
RNN_API int32_t rnn_tokenizer_find(const rnn_tokenizer_t *tokenizer, const char *word);

/** Encodes a text of `size` bytes (-1: up to its terminator) into ids. Writes at most `capacity` ids and sets *count to the
 *  number the text has, so a call with capacity 0 asks for the size. `ids` may be NULL then. */
RNN_API rnn_status_t rnn_tokenizer_encode(const rnn_tokenizer_t *tokenizer, const char *text, int64_t size, int32_t *ids,
                                          int64_t capacity, int64_t *count);

RNN_END_DECLS

#endif
