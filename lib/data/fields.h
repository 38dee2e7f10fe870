/* SPDX-License-Identifier: MIT */
#ifndef RNNI_FIELDS_H
#define RNNI_FIELDS_H

#include "data/dataset.h"

/* What the readers of text files share: pieces of text, where they stand, ids and labels. */

typedef struct rnni_piece {
    const char *text;
    size_t size;
} rnni_piece;

/* Without white space at both ends. */
rnni_piece rnni_trim(rnni_piece piece);
/* Takes the next token, set apart by white space, off the front of `rest`; false when there is none. */
bool rnni_next_token(rnni_piece *rest, rnni_piece *token);
/* How much of a wrong piece an error line shows, for "%.*s". */
int rnni_shown(rnni_piece piece);

/* A place in a file, for error lines. */
typedef struct rnni_spot {
    const char *path;
    int64_t line;       /* from 1; 0: not known */
    const char *column; /* a name, or NULL */
} rnni_spot;
/* "reviews.csv: line 7, column "age": ..." */
rnn_status_t rnni_fail_at(const rnni_spot *spot, rnn_status_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A text of ids into a growing array. */
rnn_status_t rnni_parse_ids(rnn_context_t *context, const rnni_spot *spot, rnni_piece text, int32_t **ids,
                            size_t *capacity, size_t *count);

/* Labels of a file: all class numbers, or names that are given numbers in order of appearance or by `like`.
 */
typedef struct rnni_labels {
    const rnn_dataset_t *like; /* NULL, or whose class names are taken */
    rnni_vocabulary seen;      /* the different labels, tally = as a number */
    bool named;                /* one of them is no class number */
} rnni_labels;

void rnni_labels_begin(rnni_labels *labels, rnn_context_t *context, const rnn_dataset_t *like);
void rnni_labels_end(rnni_labels *labels);
/* The label's number for now; rnni_labels_settle says what it is in the end. */
rnn_status_t rnni_labels_add(rnni_labels *labels, const rnni_spot *spot, rnni_piece label, int32_t *number);
/* Gives the names to the store, or turns `count` numbers of labels into the class numbers that they are. */
rnn_status_t rnni_labels_settle(const rnni_labels *labels, rnni_store *store, int32_t *numbers,
                                int64_t count);
/* The class of a label that was settled before, in a file that is read again; -1 when there is none. */
int32_t rnni_labels_find(const rnni_store *store, rnni_piece label);

/* Samples of one text and one class each, which go into a store in memory. */
typedef struct rnni_texts {
    rnn_context_t *context;
    const rnn_tokenizer_t *tokenizer; /* NULL: the tokens are ids */
    rnni_store *store;
    int32_t *ids; /* of the text at hand */
    size_t capacity;
} rnni_texts;

/* Gives the store its two columns. */
rnn_status_t rnni_texts_begin(rnni_texts *texts, rnni_store *store, const rnn_tokenizer_t *tokenizer);
rnn_status_t rnni_texts_add(rnni_texts *texts, const rnni_spot *spot, rnni_piece text, int32_t class);
void rnni_texts_end(rnni_texts *texts);

#endif
