/* SPDX-License-Identifier: MIT */
#ifndef RNNI_VOCABULARY_H
#define RNNI_VOCABULARY_H

#include "core/context.h"

/* Words with numbers: 0, 1, 2 ... in the order in which they were added. Found by hash (open addressing,
 * linear probing); their bytes lie one behind another, each word terminated by a 0 that its length does not
 * count. */

typedef struct rnni_word {
    size_t offset, length; /* in `bytes` */
    uint64_t hash;
    int64_t tally;         /* the caller's: a count, a class number */
} rnni_word;

typedef struct rnni_vocabulary {
    rnn_context_t *context; /* borrowed */
    rnni_word *words;
    char *bytes;
    uint64_t *slots;        /* [slot_count],
    a power of two: upper half of the hash << 32 | number + 1; 0: free */
    size_t count, words_capacity, bytes_used, bytes_capacity, slot_count;
    size_t longest;         /* bytes of the longest word */
} rnni_vocabulary;

void rnni_vocabulary_init(rnni_vocabulary *vocabulary, rnn_context_t *context);
void rnni_vocabulary_free(rnni_vocabulary *vocabulary);

/* The number of a word, or -1. */
int64_t rnni_vocabulary_find(const rnni_vocabulary *vocabulary, const char *word, size_t length);
/* The number of a word, which is added (tally 0) when it is not there. On failure nothing has changed. */
rnn_status_t rnni_vocabulary_add(rnni_vocabulary *vocabulary, const char *word, size_t length,
                                 size_t *number);
/* The word as a terminated string, valid until the next addition; NULL when there is no such number. */
const char *rnni_vocabulary_word(const rnni_vocabulary *vocabulary, size_t number);

#endif
