/* SPDX-License-Identifier: MIT */
#include "text/vocabulary.h"
#include "core/error.h"
#include "core/memory.h"

#define MAX_WORDS ((size_t)INT32_MAX)
#define FIRST_SLOTS 64

static uint64_t mix(uint64_t hash)
{
    hash ^= hash >> 32;
    hash *= UINT64_C(0xD6E8FEB86659FD93);
    return hash ^ hash >> 32;
}

/* Eight bytes at a time; the last block is filled up with zeros, which the length tells apart. */
static uint64_t hash_word(const char *word, size_t length)
{
    uint64_t hash = UINT64_C(0x9E3779B97F4A7C15) * (length + 1), block;
    for (; length >= 8; word += 8, length -= 8) {
        memcpy(&block, word, 8);
        hash = mix(hash ^ block) * UINT64_C(0x9FB21C651E98DF25);
    }
    block = 0;
    memcpy(&block, word, length);
    return mix(mix(hash ^ block) * UINT64_C(0x9FB21C651E98DF25));
}

void rnni_vocabulary_init(rnni_vocabulary *vocabulary, rnn_context_t *context)
{
    memset(vocabulary, 0, sizeof(*vocabulary));
    vocabulary->context = context;
}

void rnni_vocabulary_free(rnni_vocabulary *vocabulary)
{
    rnn_context_t *context = vocabulary->context;
    rnni_free(context, vocabulary->words, vocabulary->words_capacity * sizeof(*vocabulary->words));
    rnni_free(context, vocabulary->bytes, vocabulary->bytes_capacity);
    rnni_free(context, vocabulary->slots, vocabulary->slot_count * sizeof(*vocabulary->slots));
    rnni_vocabulary_init(vocabulary, context);
}

static uint64_t slot_value(uint64_t hash, size_t number)
{
    return (hash & UINT64_C(0xFFFFFFFF00000000)) | (uint64_t)(number + 1);
}

static bool word_is(const rnni_vocabulary *vocabulary, size_t number, const char *word, size_t length)
{
    const rnni_word *found = &vocabulary->words[number];
    return found->length == length && memcmp(vocabulary->bytes + found->offset, word, length) == 0;
}

/* The slot that holds the word, or the free one where it belongs. */
static size_t probe(const rnni_vocabulary *vocabulary, uint64_t hash, const char *word, size_t length)
{
    size_t mask = vocabulary->slot_count - 1, at = (size_t)hash & mask;
    for (; vocabulary->slots[at]; at = (at + 1) & mask) {
        uint64_t slot = vocabulary->slots[at];
        if ((slot ^ hash) >> 32 == 0 && word_is(vocabulary, (size_t)(uint32_t)slot - 1, word, length)) break;
    }
    return at;
}

int64_t rnni_vocabulary_find(const rnni_vocabulary *vocabulary, const char *word, size_t length)
{
    if (vocabulary->slot_count == 0 || length > vocabulary->longest) return -1;
    uint64_t slot = vocabulary->slots[probe(vocabulary, hash_word(word, length), word, length)];
    return slot ? (int64_t)(uint32_t)slot - 1 : -1;
}

/* Room for one more entry at a load of at most one half. */
static rnn_status_t grow_slots(rnni_vocabulary *vocabulary)
{
    if ((vocabulary->count + 1) * 2 <= vocabulary->slot_count) return RNN_OK;
    size_t wanted = vocabulary->slot_count ? vocabulary->slot_count * 2 : FIRST_SLOTS;
    uint64_t *slots = rnni_alloc_array(vocabulary->context, wanted, sizeof(*slots));
    if (!slots) return RNN_ERROR_MEMORY;
    for (size_t number = 0; number < vocabulary->count; number++) {
        uint64_t hash = vocabulary->words[number].hash;
        size_t at = (size_t)hash & (wanted - 1);
        while (slots[at]) at = (at + 1) & (wanted - 1);
        slots[at] = slot_value(hash, number);
    }
    rnni_free(vocabulary->context, vocabulary->slots, vocabulary->slot_count * sizeof(*slots));
    vocabulary->slots = slots;
    vocabulary->slot_count = wanted;
    return RNN_OK;
}

static rnn_status_t make_room(rnni_vocabulary *vocabulary, size_t length)
{
    RNNI_REQUIRE(vocabulary->count < MAX_WORDS, RNN_ERROR_RANGE,
                 "a vocabulary cannot have more than %zu words", MAX_WORDS);
    size_t bytes;
    if (!rnni_add(vocabulary->bytes_used, length, &bytes) || !rnni_add(bytes, 1, &bytes))
        return rnni_fail_memory("a vocabulary", SIZE_MAX);
    RNNI_TRY(grow_slots(vocabulary));
    RNNI_TRY(rnni_grow(vocabulary->context, (void **)&vocabulary->words, &vocabulary->words_capacity,
                       vocabulary->count + 1, sizeof(*vocabulary->words)));
    return rnni_grow(vocabulary->context, (void **)&vocabulary->bytes, &vocabulary->bytes_capacity, bytes, 1);
}

rnn_status_t rnni_vocabulary_add(rnni_vocabulary *vocabulary, const char *word, size_t length, size_t *number)
{
    uint64_t hash = hash_word(word, length);
    if (vocabulary->slot_count) {
        uint64_t slot = vocabulary->slots[probe(vocabulary, hash, word, length)];
        if (slot) {
            *number = (size_t)(uint32_t)slot - 1;
            return RNN_OK;
        }
    }
    RNNI_TRY(make_room(vocabulary, length));
    size_t at = probe(vocabulary, hash, word, length);
    memcpy(vocabulary->bytes + vocabulary->bytes_used, word, length);
    vocabulary->bytes[vocabulary->bytes_used + length] = 0;
    vocabulary->words[vocabulary->count] = (rnni_word){ vocabulary->bytes_used, length, hash, 0 };
    vocabulary->slots[at] = slot_value(hash, vocabulary->count);
    vocabulary->bytes_used += length + 1;
    if (length > vocabulary->longest) vocabulary->longest = length;
    *number = vocabulary->count++;
    return RNN_OK;
}

const char *rnni_vocabulary_word(const rnni_vocabulary *vocabulary, size_t number)
{
    return number < vocabulary->count ? vocabulary->bytes + vocabulary->words[number].offset : NULL;
}
