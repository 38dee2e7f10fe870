/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_MUTANTS_H
#define FUZZ_MUTANTS_H

#include "fuzz/target.h"
#include "harness.h"

#include <dirent.h>

/* Mutants of the files of a corpus, each given to the target. The file that includes this has included the
 * target. */

#ifndef MUTANT_ROOM
#define MUTANT_ROOM 4096 /* bytes of the largest one */
#endif
enum { MUTANT_SEEDS = 64 };

typedef struct {
    uint8_t data[MUTANT_ROOM];
    size_t size;
} mutant;

static uint64_t mutant_state;

static size_t mutant_below(size_t bound)
{
    mutant_state ^= mutant_state << 13;
    mutant_state ^= mutant_state >> 7;
    mutant_state ^= mutant_state << 17;
    return bound ? (size_t)((mutant_state >> 11) % bound) : 0;
}

static void mutant_splice(mutant *m, size_t at, size_t old, const uint8_t *bytes, size_t size)
{
    if (m->size - old + size > MUTANT_ROOM) return;
    memmove(m->data + at + size, m->data + at + old, m->size - at - old);
    memcpy(m->data + at, bytes, size);
    m->size += size - old;
}

static void mutant_change(mutant *m, const char *const *pieces, size_t count)
{
    uint8_t part[64];
    size_t at = mutant_below(m->size), left = m->size - at, size = mutant_below(left < 64 ? left + 1 : 64);
    const char *piece = pieces[mutant_below(count)];
    switch (mutant_below(7)) {
    case 0: m->data[at] ^= (uint8_t)(1 << mutant_below(8)); break;
    case 1: m->data[at] = (uint8_t)mutant_below(256); break;
    case 2: mutant_splice(m, at, size, part, 0); break;
    case 3:
        memcpy(part, m->data + at, size);
        mutant_splice(m, mutant_below(m->size), 0, part, size);
        break;
    case 4: m->size = at; break;
    case 5:
        mutant_splice(m, at, left < strlen(piece) ? left : strlen(piece), (const uint8_t *)piece,
                      strlen(piece));
        break;
    default: mutant_splice(m, at, 0, (const uint8_t *)piece, strlen(piece)); break;
    }
}

HARNESS_STATIC size_t mutant_read_seeds(const char *folder, mutant *seeds)
{
    size_t count = 0;
    DIR *entries = opendir(folder);
    CHECK(entries != NULL);
    struct dirent *entry;
    while ((entry = readdir(entries)) && count < MUTANT_SEEDS) {
        char path[512];
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        FILE *file = fopen(path, "rb");
        CHECK(file != NULL);
        seeds[count].size = fread(seeds[count].data, 1, MUTANT_ROOM, file);
        fclose(file);
        count++;
    }
    closedir(entries);
    CHECK(count > 0);
    return count;
}

static void run_mutant(const mutant *m)
{
    uint8_t *block = malloc(m->size ? m->size : 1);
    CHECK(block != NULL);
    memcpy(block, m->data, m->size);
    LLVMFuzzerTestOneInput(block, m->size);
    free(block);
}

/* `pieces`: texts that mean something to the parser. */
HARNESS_STATIC void run_mutants_of(const mutant *seeds, size_t seed_count, long mutants,
    const char *const *pieces,
                                   size_t count)
{
    mutant *one = malloc(sizeof(*one));
    CHECK(one != NULL);
    mutant_state = UINT64_C(0x9E3779B97F4A7C15);
    taken = refused = 0;
    for (long i = 0; i < mutants; i++) {
        *one = seeds[mutant_below(seed_count)];
        for (size_t n = 1 + mutant_below(4); n > 0 && one->size > 0; n--) mutant_change(one, pieces, count);
        run_mutant(one);
    }
    free(one);
    CHECK(taken > mutants / 200); /* or all of them would fail in the same early place */
}

HARNESS_STATIC void run_mutants(const char *folder, long mutants, const char *const *pieces, size_t count)
{
    mutant *seeds = malloc(MUTANT_SEEDS * sizeof(*seeds));
    CHECK(seeds != NULL);
    run_mutants_of(seeds, mutant_read_seeds(folder, seeds), mutants, pieces, count);
    free(seeds);
}

#endif
