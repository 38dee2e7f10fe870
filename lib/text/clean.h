/* SPDX-License-Identifier: MIT */
#ifndef RNNI_CLEAN_H
#define RNNI_CLEAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What becomes of a thing that is found in a text. */
enum { RNNI_KEEP, RNNI_REMOVE, RNNI_TOKEN, RNNI_WORD };

/* What is done to a text before and while it falls into words. */
typedef struct rnni_cleaning {
    bool characters; /* each character is a word of its own, white space too */
    bool lowercase;
    bool strip_tags;        /* '<' with a letter, '/' or '!' behind it, up to the next '>': a space */
    bool strip_punctuation; /* of ASCII: a space, except an apostrophe between two characters of a word */
    /* Where any of these is set, the words are found in clean_more.c; see RNN_TOKENIZER_* for their meaning.
     */
    bool fold, entities, typography, accents, contractions;
    uint8_t urls, mentions, hashtags, numbers, emoji; /* RNNI_KEEP and so on */
    int64_t repeats;
} rnni_cleaning;

#define RNNI_WORDS_LOCAL 256

/* Goes through a text word by word. It never allocates: a word lies in `buffer` as far as it fits there. */
typedef struct rnni_words {
    rnni_cleaning cleaning;
    const unsigned char *text;
    size_t size, position;
    bool in_word;      /* the character before `position` is part of a word */
    bool no_more_tags; /* there is no '>' behind `position` */
    char *buffer;      /* `local`, or a larger one of the caller */
    size_t capacity;
    bool more;         /* clean_more.c reads this text; the following is its own */
    bool after_letter; /* the last character was no space and no punctuation */
    uint32_t last;     /* that character, which came `run` times */
    int64_t run;
    const char *pending[4]; /* words that the last one was followed by, the next one last */
    int pendings;
    size_t start, length; /* of the last word: where it begins; its cleaned bytes, which may be > capacity */
    char local[RNNI_WORDS_LOCAL];
} rnni_words;

void rnni_words_begin(rnni_words *words, rnni_cleaning cleaning, const char *text, size_t size);
/* The next word into buffer[0, length); false at the end of the text. */
bool rnni_words_next(rnni_words *words);
/* Goes back before a word that did not fit, so that rnni_words_next gives it again. */
void rnni_words_back(rnni_words *words);

/* Bytes of the tag at the position, 0 when there is none. */
size_t rnni_words_tag(rnni_words *words);
/* Adds to the word in the buffer. */
void rnni_words_append(rnni_words *words, const char *bytes, size_t count);
bool rnni_words_next_more(rnni_words *words);

#endif
