/* SPDX-License-Identifier: MIT */
/** @file text.h
 * From text to token ids: tokenizers and the vocabularies they carry.
 *
 * A tokenizer counts words, builds its vocabulary once, and encodes from then on. It is stored inside a model
 * file, so that one file predicts. Encoding is safe from any number of threads once the vocabulary is
 * built. */
#ifndef RNN_TEXT_H
#define RNN_TEXT_H

#include <rnn/context.h>

RNN_BEGIN_DECLS

typedef struct rnn_tokenizer rnn_tokenizer_t;

/** Ids that every vocabulary begins with; words follow, the most frequent first. */
enum {
    RNN_TOKEN_PAD = 0,
    RNN_TOKEN_START = 1,
    RNN_TOKEN_UNKNOWN = 2,
    RNN_TOKEN_END = 3,
    RNN_TOKEN_FIRST = 4
};

/** Settings of a tokenizer. They lock when the vocabulary is built. */
enum {
    RNN_TOKENIZER_UNIT = 1,              /**< int, word|character; default word */
    RNN_TOKENIZER_LOWERCASE = 2,         /**< int, 0 or 1; default 1: ASCII, Latin-1, Greek and Cyrillic
                                              letters in lower case */
    RNN_TOKENIZER_STRIP_TAGS = 3,        /**< int, 0 or 1; default 1: HTML tags such as <br /> become a
                                              space */
    RNN_TOKENIZER_STRIP_PUNCTUATION = 4, /**< int, 0 or 1; default 1: ASCII punctuation other than an
                                              apostrophe inside a word becomes a space */
    RNN_TOKENIZER_MAX_WORDS = 5,         /**< int, 0 (no limit) or at least 5; ids are below it, the four
                                              special ones counted; default 0 */
    RNN_TOKENIZER_MIN_COUNT = 6,         /**< int, >= 1; rarer words are left out; default 1 */
    RNN_TOKENIZER_ADD_START = 7,         /**< int, 0 or 1; default 0: RNN_TOKEN_START comes before each
                                              text */
    RNN_TOKENIZER_ADD_END = 8,           /**< int, 0 or 1; default 0: RNN_TOKEN_END comes after each text */
    RNN_TOKENIZER_FOLD_CASE = 9,         /**< int, 0 or 1; default 0: simple case folding of all of Unicode,
                                              in place of RNN_TOKENIZER_LOWERCASE */
    RNN_TOKENIZER_ENTITIES = 10,         /**< int, 0 or 1; default 0: `&amp;`, `&eacute;`, `&#233;` and so on
                                              become the characters they stand for, never tags */
    RNN_TOKENIZER_TYPOGRAPHY = 11,       /**< int, 0 or 1; default 0: typographic apostrophes are read as ',
                                              and quotes, dashes, ellipses and all other punctuation of
                                              Unicode counts as punctuation, as that of ASCII does */
    RNN_TOKENIZER_ACCENTS = 12,          /**< int, 0 or 1; default 0. 1: letters lose their accents */
    RNN_TOKENIZER_REPEATS = 13,          /**< int, >= 0; default 0: as it is. n: of one letter more than n
                                              times in a row, n stay (sooooo) */
    RNN_TOKENIZER_CONTRACTIONS = 14,     /**< int, 0 or 1; default 0: English contractions are written out:
                                              don't is do not, they'll is they will */
    RNN_TOKENIZER_URLS = 15,             /**< int, keep|remove|token; default keep (in pieces, as other text).
                                              What begins with http://, https://, ftp:// or www. is left out,
                                              or becomes the word `<url>` */
    RNN_TOKENIZER_MENTIONS = 16,         /**< int, keep|remove|token; default keep: `@name`; `<user>` */
    RNN_TOKENIZER_HASHTAGS = 17,         /**< int, keep|remove|token; default keep: `#name`; `<hashtag>` */
    RNN_TOKENIZER_NUMBERS = 18,          /**< int, keep|remove|token; default keep: digits with . or , between
                                              them that stand alone; `<number>` */
    RNN_TOKENIZER_EMOJI = 19             /**< int, keep|remove|token|word; default keep (a character as others
                                              are). token: `<emoji>`; word: each is a word of its own */
};

/** Values of RNN_TOKENIZER_UNIT. */
enum { RNN_UNIT_WORD = 0, RNN_UNIT_CHARACTER = 1 };

/** An empty tokenizer, or NULL. */
RNN_API rnn_tokenizer_t *rnn_tokenizer_create(rnn_context_t *context);
RNN_API rnn_tokenizer_t *rnn_tokenizer_retain(rnn_tokenizer_t *tokenizer);
RNN_API void rnn_tokenizer_free(rnn_tokenizer_t *tokenizer);

RNN_API rnn_status_t rnn_tokenizer_set_int(rnn_tokenizer_t *tokenizer, int32_t setting, int64_t value);
RNN_API rnn_status_t rnn_tokenizer_get_int(const rnn_tokenizer_t *tokenizer, int32_t setting, int64_t *value);
RNN_API rnn_status_t rnn_tokenizer_setting(int32_t index, rnn_setting_t *setting);

/** Counts the words of one text of `size` bytes (-1: up to its terminator). Invalid UTF-8 is read byte by
 *  byte as U+FFFD. RNN_ERROR_STATE once the vocabulary is built. */
RNN_API rnn_status_t rnn_tokenizer_add_text(rnn_tokenizer_t *tokenizer, const char *text, int64_t size);

/** Counts the words of a file of `label<TAB>text` lines (or of plain lines, where a line has no tab). */
RNN_API rnn_status_t rnn_tokenizer_add_file(rnn_tokenizer_t *tokenizer, const char *path);

/** Appends one word to the vocabulary with the next free id, for vocabularies that are known. A word that is
 *  already there keeps its id. */
RNN_API rnn_status_t rnn_tokenizer_add_token(rnn_tokenizer_t *tokenizer, const char *word);

/** Leaves a word out of every text, as it is after cleaning ("the", not "The"). Stop words are stored with
 *  the tokenizer. */
RNN_API rnn_status_t rnn_tokenizer_add_stop_word(rnn_tokenizer_t *tokenizer, const char *word);
/** Stop word number `index` from 0 on, in the order added; NULL past the last. Lives as long as no other is
 *  added. */
RNN_API const char *rnn_tokenizer_stop_word(const rnn_tokenizer_t *tokenizer, int64_t index);

/** Builds the vocabulary from what was counted: by falling count, equal counts in byte order of the words.
 *  Words given by rnn_tokenizer_add_token come before those. */
RNN_API rnn_status_t rnn_tokenizer_build(rnn_tokenizer_t *tokenizer);

/** Number of ids, the special ones included; 0 before the vocabulary is built. */
RNN_API int64_t rnn_tokenizer_size(const rnn_tokenizer_t *tokenizer);
/** The word of an id ("<pad>", "<start>", "<unk>", "<end>" for the special ones), or NULL. Lives as long as
 *  the tokenizer. */
RNN_API const char *rnn_tokenizer_token(const rnn_tokenizer_t *tokenizer, int64_t id);
/** The id of a word exactly as it stands in the vocabulary; RNN_TOKEN_UNKNOWN when it is not there. */
RNN_API int32_t rnn_tokenizer_find(const rnn_tokenizer_t *tokenizer, const char *word);

/** Encodes a text of `size` bytes (-1: up to its terminator) into ids. Writes at most `capacity` ids and sets
 *  *count to the number the text has, so a call with capacity 0 asks for the size. `ids` may be NULL then. */
RNN_API rnn_status_t rnn_tokenizer_encode(const rnn_tokenizer_t *tokenizer, const char *text, int64_t size,
                                          int32_t *ids, int64_t capacity, int64_t *count);

/** Finds the next sentence of a text of `size` bytes (-1: up to its terminator): *start and *length are its
 *  bytes without white space around, and *position, 0 at the beginning, moves behind it. RNN_END after the
 *  last. A sentence ends with . ! ? or their like in other scripts, with the quotes and brackets that close
 *  behind them, or at an empty line; not behind an abbreviation, an initial or the dot of a number, nor when
 *  a small letter follows. */
RNN_API rnn_status_t rnn_sentence_next(const char *text, int64_t size, int64_t *position, int64_t *start,
                                       int64_t *length);

RNN_END_DECLS

#endif
