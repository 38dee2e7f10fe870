/* SPDX-License-Identifier: MIT */
#include "core/random.h"
#include "data/batch.h"

void rnni_permute(int64_t *order, int64_t count, uint64_t seed, uint64_t what, uint64_t epoch)
{
    rnni_random stream = rnni_random_stream(seed, RNNI_RANDOM_SHUFFLE, what, epoch, 0);
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = (int64_t)rnni_random_below(&stream, (uint64_t)i, (uint64_t)i + 1);
        int64_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

void rnni_shuffle(int64_t *order, int64_t count, uint64_t seed, uint64_t epoch)
{
    for (int64_t i = 0; i < count; i++) order[i] = i;
    rnni_permute(order, count, seed, 0, epoch);
}
