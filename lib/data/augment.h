/* SPDX-License-Identifier: MIT */
#ifndef RNNI_AUGMENT_H
#define RNNI_AUGMENT_H

#include "core/real.h"
#include <stdbool.h>
#include <stdint.h>

/* Changes to samples in training (RNN_DATA_DROP and those behind it). What happens to a sequence is a
 * function of seed, epoch, column and `key`, the sample's number; crops leave the column out, so that columns
 * of equal length stay in step. */
typedef struct rnni_augment {
    double drop, swap, jitter, scale, crop; /* all 0: nothing changes */
    uint64_t seed, epoch;
} rnni_augment;

/* The part of `steps` steps that stays; at least one of them. */
void rnni_augment_crop(const rnni_augment *augment, uint64_t key, int64_t steps, int64_t *first,
                       int64_t *kept);
/* How many of `steps` tokens stay. */
int64_t rnni_augment_left(const rnni_augment *augment, int32_t column, uint64_t key, int64_t steps);
/* Copies those that stay to `out` and exchanges neighbours. */
void rnni_augment_tokens(const rnni_augment *augment, int32_t column, uint64_t key, int32_t *out,
                         const int32_t *ids, int64_t steps);
/* Tokens become unknown in place, where the number of steps must not change. */
void rnni_augment_hide(const rnni_augment *augment, int32_t column, uint64_t key, int32_t *ids,
                       int64_t steps);
/* Scales and adds noise to [steps][width] numbers in place. */
void rnni_augment_values(const rnni_augment *augment, int32_t column, uint64_t key, rnni_real *values,
                         int64_t steps, int64_t width);

#endif
