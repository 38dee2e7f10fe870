/* SPDX-License-Identifier: MIT */
#include "text/tokenizer.h"
#include "core/error.h"
#include "core/io.h"
#include "core/memory.h"
#include "text/clean.h"
#include "text/vocabulary.h"

#include <stdlib.h>

#define MAX_IDS INT32_MAX
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

enum { SETTING_ROWS = 19 };

const rnni_setting rnni_tokenizer_settings[SETTING_ROWS] = {
    { RNN_TOKENIZER_UNIT, RNN_SETTING_INT, "unit", 0, 1, 0, "word|character" },
    { RNN_TOKENIZER_LOWERCASE, RNN_SETTING_INT, "lowercase", 0, 1, 1, NULL },
    { RNN_TOKENIZER_STRIP_TAGS, RNN_SETTING_INT, "strip_tags", 0, 1, 1, NULL },
    { RNN_TOKENIZER_STRIP_PUNCTUATION, RNN_SETTING_INT, "strip_punctuation", 0, 1, 1, NULL },
    { RNN_TOKENIZER_MAX_WORDS, RNN_SETTING_INT, "max_words", 0, MAX_IDS, 0, NULL },
    { RNN_TOKENIZER_MIN_COUNT, RNN_SETTING_INT, "min_count", 1, INT32_MAX, 1, NULL },
    { RNN_TOKENIZER_ADD_START, RNN_SETTING_INT, "add_start", 0, 1, 0, NULL },
    { RNN_TOKENIZER_ADD_END, RNN_SETTING_INT, "add_end", 0, 1, 0, NULL },
    { RNN_TOKENIZER_FOLD_CASE, RNN_SETTING_INT, "fold_case", 0, 1, 0, NULL },
    { RNN_TOKENIZER_ENTITIES, RNN_SETTING_INT, "entities", 0, 1, 0, NULL },
    { RNN_TOKENIZER_TYPOGRAPHY, RNN_SETTING_INT, "typography", 0, 1, 0, NULL },
    { RNN_TOKENIZER_ACCENTS, RNN_SETTING_INT, "accents", 0, 1, 0, NULL },
    { RNN_TOKENIZER_REPEATS, RNN_SETTING_INT, "repeats", 0, INT32_MAX, 0, NULL },
    { RNN_TOKENIZER_CONTRACTIONS, RNN_SETTING_INT, "contractions", 0, 1, 0, NULL },
    { RNN_TOKENIZER_URLS, RNN_SETTING_INT, "urls", 0, 2, 0, "keep|remove|token" },
    { RNN_TOKENIZER_MENTIONS, RNN_SETTING_INT, "mentions", 0, 2, 0, "keep|remove|token" },
    { RNN_TOKENIZER_HASHTAGS, RNN_SETTING_INT, "hashtags", 0, 2, 0, "keep|remove|token" },
    { RNN_TOKENIZER_NUMBERS, RNN_SETTING_INT, "numbers", 0, 2, 0, "keep|remove|token" },
    { RNN_TOKENIZER_EMOJI, RNN_SETTING_INT, "emoji", 0, 3, 0, "keep|remove|token|word" },
};
const int rnni_tokenizer_setting_count = SETTING_ROWS;

struct rnn_tokenizer {
    atomic_int references;
    rnn_context_t *context;
    double settings[SETTING_ROWS];
    bool built;
    rnni_vocabulary known;   /* id -> word: the special ones, then those of add_token; once built, all */
    rnni_vocabulary counted; /* until built: the words of the texts, tally = how often */
    rnni_vocabulary stops;   /* words that are left out */
};

/* ---- the handle ---- */

static rnn_status_t add_special(rnni_vocabulary *known)
{
    static const char *const words[RNN_TOKEN_FIRST] = { "<pad>", "<start>", "<unk>", "<end>" };
    for (int i = 0; i < RNN_TOKEN_FIRST; i++) {
        size_t number;
        RNNI_TRY(rnni_vocabulary_add(known, words[i], strlen(words[i]), &number));
    }
    return RNN_OK;
}

rnn_tokenizer_t *rnn_tokenizer_create(rnn_context_t *context)
{
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return NULL;
    rnn_tokenizer_t *tokenizer = rnni_alloc(held, sizeof(*tokenizer));
    if (!tokenizer) {
        rnn_context_free(held);
        return NULL;
    }
    atomic_init(&tokenizer->references, 1);
    tokenizer->context = held;
    rnni_setting_defaults(rnni_tokenizer_settings, SETTING_ROWS, tokenizer->settings);
    rnni_vocabulary_init(&tokenizer->known, held);
    rnni_vocabulary_init(&tokenizer->counted, held);
    rnni_vocabulary_init(&tokenizer->stops, held);
    if (add_special(&tokenizer->known) == RNN_OK) return tokenizer;
    rnn_tokenizer_free(tokenizer);
    return NULL;
}

rnn_tokenizer_t *rnn_tokenizer_retain(rnn_tokenizer_t *tokenizer)
{
    if (tokenizer) atomic_fetch_add_explicit(&tokenizer->references, 1, memory_order_relaxed);
    return tokenizer;
}

void rnn_tokenizer_free(rnn_tokenizer_t *tokenizer)
{
    if (!tokenizer || atomic_fetch_sub_explicit(&tokenizer->references, 1, memory_order_acq_rel) != 1) return;
    rnn_context_t *context = tokenizer->context;
    rnni_vocabulary_free(&tokenizer->known);
    rnni_vocabulary_free(&tokenizer->counted);
    rnni_vocabulary_free(&tokenizer->stops);
    rnni_free(context, tokenizer, sizeof(*tokenizer));
    rnn_context_free(context);
}

rnn_context_t *rnni_tokenizer_context(const rnn_tokenizer_t *tokenizer) { return tokenizer->context; }

static rnn_status_t check_unbuilt(const rnn_tokenizer_t *tokenizer)
{
    RNNI_REQUIRE(tokenizer, RNN_ERROR_ARGUMENT, "the tokenizer is NULL");
    RNNI_REQUIRE(!tokenizer->built, RNN_ERROR_STATE,
                 "the vocabulary of the tokenizer is built and cannot change");
    return RNN_OK;
}

rnn_status_t rnn_tokenizer_set_int(rnn_tokenizer_t *tokenizer, int32_t setting, int64_t value)
{
    RNNI_TRY(check_unbuilt(tokenizer));
    RNNI_REQUIRE(setting != RNN_TOKENIZER_MAX_WORDS || value <= 0 || value > RNN_TOKEN_FIRST, RNN_ERROR_RANGE,
                 "setting max_words of the tokenizer is %lld, expected 0 or at least %d", (long long)value,
                 RNN_TOKEN_FIRST + 1);
    return rnni_setting_set(rnni_tokenizer_settings, SETTING_ROWS, tokenizer->settings, "the tokenizer",
                            setting, RNN_SETTING_INT, (double)value);
}

rnn_status_t rnn_tokenizer_get_int(const rnn_tokenizer_t *tokenizer, int32_t setting, int64_t *value)
{
    RNNI_REQUIRE(tokenizer, RNN_ERROR_ARGUMENT, "the tokenizer is NULL");
    RNNI_REQUIRE(value, RNN_ERROR_ARGUMENT, "the place for the value is NULL");
    double found = 0;
    RNNI_TRY(rnni_setting_get(rnni_tokenizer_settings, SETTING_ROWS, tokenizer->settings, "the tokenizer",
                              setting, &found));
    *value = (int64_t)found;
    return RNN_OK;
}

rnn_status_t rnn_tokenizer_setting(int32_t index, rnn_setting_t *setting)
{
    return rnni_setting_describe(rnni_tokenizer_settings, SETTING_ROWS, index, setting);
}

static int64_t value_of(const rnn_tokenizer_t *tokenizer, int32_t setting)
{
    return (int64_t)tokenizer->settings[rnni_setting_find(rnni_tokenizer_settings, SETTING_ROWS, setting)];
}

static rnni_cleaning cleaning_of(const rnn_tokenizer_t *t)
{
    return (rnni_cleaning){
        .characters = value_of(t, RNN_TOKENIZER_UNIT) == 1,
        .lowercase = value_of(t, RNN_TOKENIZER_LOWERCASE) == 1,
        .strip_tags = value_of(t, RNN_TOKENIZER_STRIP_TAGS) == 1,
        .strip_punctuation = value_of(t, RNN_TOKENIZER_STRIP_PUNCTUATION) == 1,
        .fold = value_of(t, RNN_TOKENIZER_FOLD_CASE) == 1,
        .entities = value_of(t, RNN_TOKENIZER_ENTITIES) == 1,
        .typography = value_of(t, RNN_TOKENIZER_TYPOGRAPHY) == 1,
        .accents = value_of(t, RNN_TOKENIZER_ACCENTS) == 1,
        .contractions = value_of(t, RNN_TOKENIZER_CONTRACTIONS) == 1,
        .urls = (uint8_t)value_of(t, RNN_TOKENIZER_URLS),
        .mentions = (uint8_t)value_of(t, RNN_TOKENIZER_MENTIONS),
        .hashtags = (uint8_t)value_of(t, RNN_TOKENIZER_HASHTAGS),
        .numbers = (uint8_t)value_of(t, RNN_TOKENIZER_NUMBERS),
        .emoji = (uint8_t)value_of(t, RNN_TOKENIZER_EMOJI),
        .repeats = value_of(t, RNN_TOKENIZER_REPEATS),
    };
}

/* ---- counting ---- */

static rnn_status_t text_size(const char *text, int64_t size, size_t *out)
{
    RNNI_REQUIRE(size >= -1, RNN_ERROR_ARGUMENT, "the size of a text is %lld, expected -1 or more",
                 (long long)size);
    RNNI_REQUIRE(text || size == 0, RNN_ERROR_ARGUMENT, "the text is NULL");
    *out = size < 0 ? strlen(text) : (size_t)size;
    return RNN_OK;
}

/* Reads a word again that was longer than the buffer, with a buffer that is large enough. */
static rnn_status_t widen(rnn_context_t *context, rnni_words *words, size_t needed)
{
    char *buffer = rnni_alloc(context, needed);
    if (!buffer) return RNN_ERROR_MEMORY;
    if (words->buffer != words->local) rnni_free(context, words->buffer, words->capacity);
    words->buffer = buffer;
    words->capacity = needed;
    return RNN_OK;
}

static void end_words(rnn_context_t *context, rnni_words *words)
{
    if (words->buffer != words->local) rnni_free(context, words->buffer, words->capacity);
}

/* A word that does not fit into the buffer is longer than every stop word where texts are encoded. */
static bool is_stop_word(const rnn_tokenizer_t *tokenizer, const rnni_words *words)
{
    return tokenizer->stops.count > 0 && words->length <= words->capacity &&
           rnni_vocabulary_find(&tokenizer->stops, words->buffer, words->length) >= 0;
}

static rnn_status_t count_words(rnn_tokenizer_t *tokenizer, rnni_words *words)
{
    while (rnni_words_next(words)) {
        if (words->length > words->capacity) {
            RNNI_TRY(widen(tokenizer->context, words, words->length));
            rnni_words_back(words);
            continue;
        }
        if (is_stop_word(tokenizer, words)) continue;
        size_t number;
        RNNI_TRY(rnni_vocabulary_add(&tokenizer->counted, words->buffer, words->length, &number));
        tokenizer->counted.words[number].tally++;
    }
    return RNN_OK;
}

static rnn_status_t count_text(rnn_tokenizer_t *tokenizer, const char *text, size_t size)
{
    rnni_words words;
    rnni_words_begin(&words, cleaning_of(tokenizer), text, size);
    rnn_status_t status = count_words(tokenizer, &words);
    end_words(tokenizer->context, &words);
    return status;
}

rnn_status_t rnn_tokenizer_add_text(rnn_tokenizer_t *tokenizer, const char *text, int64_t size)
{
    RNNI_TRY(check_unbuilt(tokenizer));
    size_t bytes = 0;
    RNNI_TRY(text_size(text, size, &bytes));
    return count_text(tokenizer, text, bytes);
}

rnn_status_t rnn_tokenizer_add_file(rnn_tokenizer_t *tokenizer, const char *path)
{
    RNNI_TRY(check_unbuilt(tokenizer));
    rnni_lines lines;
    RNNI_TRY(rnni_lines_open(&lines, tokenizer->context, path));
    char *line;
    size_t size;
    rnn_status_t status;
    while ((status = rnni_lines_next(&lines, &line, &size)) == RNN_OK) {
        bool marked = lines.number == 1 && size >= 3 && memcmp(line, BYTE_ORDER_MARK, 3) == 0;
        const char *tab = memchr(line, '\t', size), *text = tab ? tab + 1 : marked ? line + 3 : line;
        status = count_text(tokenizer, text, size - (size_t)(text - line));
        if (status != RNN_OK) break;
    }
    rnni_lines_close(&lines);
    return status == RNN_END ? RNN_OK : status;
}

rnn_status_t rnn_tokenizer_add_token(rnn_tokenizer_t *tokenizer, const char *word)
{
    RNNI_TRY(check_unbuilt(tokenizer));
    RNNI_REQUIRE(word && word[0], RNN_ERROR_ARGUMENT, "the word is %s", word ? "empty" : "NULL");
    size_t number;
    return rnni_vocabulary_add(&tokenizer->known, word, strlen(word), &number);
}

rnn_status_t rnn_tokenizer_add_stop_word(rnn_tokenizer_t *tokenizer, const char *word)
{
    RNNI_TRY(check_unbuilt(tokenizer));
    RNNI_REQUIRE(word && word[0], RNN_ERROR_ARGUMENT, "the stop word is %s", word ? "empty" : "NULL");
    size_t number;
    return rnni_vocabulary_add(&tokenizer->stops, word, strlen(word), &number);
}

const char *rnn_tokenizer_stop_word(const rnn_tokenizer_t *tokenizer, int64_t index)
{
    return tokenizer && index >= 0 ? rnni_vocabulary_word(&tokenizer->stops, (size_t)index) : NULL;
}

/* ---- building ---- */

typedef struct ranked_word {
    int64_t count;
    const char *text;
    size_t length;
} ranked_word;

static int compare_words(const void *a, const void *b)
{
    const ranked_word *left = a, *right = b;
    if (left->count != right->count) return left->count > right->count ? -1 : 1;
    size_t common = left->length < right->length ? left->length : right->length;
    int order = memcmp(left->text, right->text, common);
    if (order) return order;
    return left->length < right->length ? -1 : left->length > right->length;
}

/* The counted words that are frequent enough, in their final order. */
static size_t rank_words(const rnn_tokenizer_t *tokenizer, ranked_word *ranked)
{
    const rnni_vocabulary *counted = &tokenizer->counted;
    int64_t least = value_of(tokenizer, RNN_TOKENIZER_MIN_COUNT);
    size_t count = 0;
    for (size_t i = 0; i < counted->count; i++) {
        const rnni_word *word = &counted->words[i];
        if (word->tally >= least)
            ranked[count++] = (ranked_word){ word->tally, counted->bytes + word->offset, word->length };
    }
    if (count > 1) qsort(ranked, count, sizeof(*ranked), compare_words);
    return count;
}

/* Words that are known are found again and take no new id. */
static rnn_status_t fill_vocabulary(const rnn_tokenizer_t *tokenizer, rnni_vocabulary *all,
                                    const ranked_word *ranked, size_t count)
{
    int64_t limit = value_of(tokenizer, RNN_TOKENIZER_MAX_WORDS);
    const rnni_vocabulary *known = &tokenizer->known;
    size_t number, most = limit ? (size_t)limit : MAX_IDS;
    RNNI_REQUIRE(known->count <= most, RNN_ERROR_RANGE,
                 "the vocabulary was given %zu words, but setting max_words of the tokenizer is %zu",
                 known->count - RNN_TOKEN_FIRST, most);
    for (size_t i = 0; i < known->count; i++)
        RNNI_TRY(
            rnni_vocabulary_add(all, known->bytes + known->words[i].offset, known->words[i].length, &number));
    for (size_t i = 0; i < count && all->count < most; i++)
        RNNI_TRY(rnni_vocabulary_add(all, ranked[i].text, ranked[i].length, &number));
    return RNN_OK;
}

rnn_status_t rnn_tokenizer_build(rnn_tokenizer_t *tokenizer)
{
    RNNI_TRY(check_unbuilt(tokenizer));
    rnn_context_t *context = tokenizer->context;
    size_t words = tokenizer->counted.count;
    ranked_word *ranked = rnni_alloc_array(context, words, sizeof(*ranked));
    if (!ranked) return RNN_ERROR_MEMORY;
    rnni_vocabulary all;
    rnni_vocabulary_init(&all, context);
    rnn_status_t status = fill_vocabulary(tokenizer, &all, ranked, rank_words(tokenizer, ranked));
    rnni_free(context, ranked, words * sizeof(*ranked));
    if (status != RNN_OK) {
        rnni_vocabulary_free(&all);
        return status;
    }
    rnni_vocabulary_free(&tokenizer->counted);
    rnni_vocabulary_free(&tokenizer->known);
    tokenizer->known = all;
    tokenizer->built = true;
    return RNN_OK;
}

/* ---- asking ---- */

int64_t rnn_tokenizer_size(const rnn_tokenizer_t *tokenizer)
{
    return tokenizer && tokenizer->built ? (int64_t)tokenizer->known.count : 0;
}

const char *rnn_tokenizer_token(const rnn_tokenizer_t *tokenizer, int64_t id)
{
    if (id < 0 || id >= rnn_tokenizer_size(tokenizer)) return NULL;
    return rnni_vocabulary_word(&tokenizer->known, (size_t)id);
}

int32_t rnn_tokenizer_find(const rnn_tokenizer_t *tokenizer, const char *word)
{
    if (!word || rnn_tokenizer_size(tokenizer) == 0) return RNN_TOKEN_UNKNOWN;
    int64_t id = rnni_vocabulary_find(&tokenizer->known, word, strlen(word));
    return id < 0 ? RNN_TOKEN_UNKNOWN : (int32_t)id;
}

/* ---- encoding ---- */

/* A text being encoded. Nothing can fail after the beginning: words longer than every known one are unknown,
 * so the buffer need not grow. */
typedef struct encoding {
    const rnn_tokenizer_t *tokenizer;
    rnn_context_t *context;
    bool start, end; /* the marks that are still to come */
    rnni_words words;
} encoding;

static rnn_status_t begin_encoding(encoding *e, const rnn_tokenizer_t *tokenizer, rnn_context_t *context,
                                   const char *text, size_t size)
{
    RNNI_REQUIRE(tokenizer, RNN_ERROR_ARGUMENT, "the tokenizer is NULL");
    RNNI_REQUIRE(tokenizer->built, RNN_ERROR_STATE,
                 "the vocabulary of the tokenizer is not built yet: rnn_tokenizer_build does it");
    e->tokenizer = tokenizer;
    e->context = context;
    e->start = value_of(tokenizer, RNN_TOKENIZER_ADD_START) == 1;
    e->end = value_of(tokenizer, RNN_TOKENIZER_ADD_END) == 1;
    rnni_words_begin(&e->words, cleaning_of(tokenizer), text, size);
    size_t longest = tokenizer->known.longest;
    if (tokenizer->stops.longest > longest) longest = tokenizer->stops.longest;
    return longest > e->words.capacity ? widen(context, &e->words, longest) : RNN_OK;
}

static bool next_id(encoding *e, int32_t *id)
{
    if (e->start) {
        e->start = false;
        *id = RNN_TOKEN_START;
        return true;
    }
    bool more = rnni_words_next(&e->words);
    while (more && is_stop_word(e->tokenizer, &e->words)) more = rnni_words_next(&e->words);
    if (more) {
        bool fits = e->words.length <= e->words.capacity;
        int64_t found =
            fits ? rnni_vocabulary_find(&e->tokenizer->known, e->words.buffer, e->words.length) : -1;
        *id = found < 0 ? RNN_TOKEN_UNKNOWN : (int32_t)found;
        return true;
    }
    if (!e->end) return false;
    e->end = false;
    *id = RNN_TOKEN_END;
    return true;
}

rnn_status_t rnn_tokenizer_encode(const rnn_tokenizer_t *tokenizer, const char *text, int64_t size,
                                  int32_t *ids, int64_t capacity, int64_t *count)
{
    RNNI_REQUIRE(capacity >= 0 && (ids || capacity == 0), RNN_ERROR_ARGUMENT,
                 "room for %lld ids%s, expected 0 or more", (long long)capacity, ids ? "" : " at NULL");
    RNNI_REQUIRE(count, RNN_ERROR_ARGUMENT, "the place for the number of ids is NULL");
    size_t bytes = 0;
    RNNI_TRY(text_size(text, size, &bytes));
    encoding e;
    RNNI_TRY(begin_encoding(&e, tokenizer, tokenizer ? tokenizer->context : NULL, text, bytes));
    int64_t found = 0;
    for (int32_t id; next_id(&e, &id); found++)
        if (found < capacity) ids[found] = id;
    end_words(e.context, &e.words);
    *count = found;
    return RNN_OK;
}

rnn_status_t rnni_tokenizer_encode(const rnn_tokenizer_t *tokenizer, rnn_context_t *context, const char *text,
                                   size_t size, int32_t **ids, size_t *capacity, size_t *count)
{
    encoding e;
    RNNI_TRY(begin_encoding(&e, tokenizer, context, text, size));
    rnn_status_t status = RNN_OK;
    size_t found = 0;
    for (int32_t id; status == RNN_OK && next_id(&e, &id); found++) {
        if (found == *capacity) status = rnni_grow(context, (void **)ids, capacity, found + 1, sizeof(**ids));
        if (status == RNN_OK) (*ids)[found] = id;
    }
    end_words(context, &e.words);
    if (status == RNN_OK) *count = found;
    return status;
}
