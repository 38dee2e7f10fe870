/* SPDX-License-Identifier: MIT */
#include "data/augment.h"
#include "core/random.h"
#include <rnn/text.h>

enum { DROP, SWAP, JITTER, SCALE, CROP };

static rnni_random stream_of(const rnni_augment *augment, int kind, int32_t column, uint64_t key)
{
    uint64_t what = (uint64_t)kind << 16 | (uint64_t)column;
    return rnni_random_stream(augment->seed, RNNI_RANDOM_AUGMENT, what, augment->epoch, key);
}

void rnni_augment_crop(const rnni_augment *augment, uint64_t key, int64_t steps, int64_t *first,
                       int64_t *kept)
{
    *first = 0;
    *kept = steps;
    int64_t most = (int64_t)(augment->crop * (double)steps);
    if (most >= steps) most = steps - 1;
    if (most <= 0) return;
    rnni_random stream = stream_of(augment, CROP, 0, key);
    int64_t cut = (int64_t)rnni_random_below(&stream, 0, (uint64_t)most + 1);
    *first = (int64_t)rnni_random_below(&stream, 1, (uint64_t)cut + 1);
    *kept = steps - cut;
}

int64_t rnni_augment_left(const rnni_augment *augment, int32_t column, uint64_t key, int64_t steps)
{
    if (!(augment->drop > 0) || steps == 0) return steps;
    rnni_random stream = stream_of(augment, DROP, column, key);
    int64_t left = 0;
    for (int64_t t = 0; t < steps; t++) left += rnni_random_uniform(&stream, (uint64_t)t) >= augment->drop;
    return left ? left : 1;
}

static void exchange_neighbours(const rnni_augment *augment, int32_t column, uint64_t key, int32_t *ids,
                                int64_t steps)
{
    rnni_random stream = stream_of(augment, SWAP, column, key);
    for (int64_t t = 0; t + 1 < steps; t++) {
        if (rnni_random_uniform(&stream, (uint64_t)t) >= augment->swap) continue;
        int32_t id = ids[t];
        ids[t] = ids[t + 1];
        ids[t + 1] = id;
        t++; /* a token moves one place, never further */
    }
}

void rnni_augment_tokens(const rnni_augment *augment, int32_t column, uint64_t key, int32_t *out,
                         const int32_t *ids, int64_t steps)
{
    rnni_random stream = stream_of(augment, DROP, column, key);
    int64_t left = 0;
    for (int64_t t = 0; t < steps; t++)
        if (!(augment->drop > 0) || rnni_random_uniform(&stream, (uint64_t)t) >= augment->drop)
            out[left++] = ids[t];
    if (left == 0 && steps > 0) out[left++] = ids[0];
    if (augment->swap > 0) exchange_neighbours(augment, column, key, out, left);
}

void rnni_augment_hide(const rnni_augment *augment, int32_t column, uint64_t key, int32_t *ids, int64_t steps)
{
    if (!(augment->drop > 0)) return;
    rnni_random stream = stream_of(augment, DROP, column, key);
    for (int64_t t = 0; t < steps; t++)
        if (rnni_random_uniform(&stream, (uint64_t)t) < augment->drop) ids[t] = RNN_TOKEN_UNKNOWN;
}

void rnni_augment_values(const rnni_augment *augment, int32_t column, uint64_t key, rnni_real *values,
                         int64_t steps, int64_t width)
{
    int64_t count = steps * width;
    if (augment->scale > 0) {
        rnni_random stream = stream_of(augment, SCALE, column, key);
        rnni_real factor = (rnni_real)(1 + augment->scale * rnni_random_normal(&stream, 0));
        for (int64_t i = 0; i < count; i++) values[i] *= factor;
    }
    if (!(augment->jitter > 0)) return;
    rnni_random stream = stream_of(augment, JITTER, column, key);
    for (int64_t i = 0; i < count; i++)
        values[i] += (rnni_real)(augment->jitter * rnni_random_normal(&stream, (uint64_t)i));
}
