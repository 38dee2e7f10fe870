/* SPDX-License-Identifier: MIT */
#ifndef RNNI_BALANCE_H
#define RNNI_BALANCE_H

#include "data/dataset.h"

/* How many samples of each class there are. */
typedef struct rnni_census {
    int64_t *count; /* [classes] */
    size_t classes;
    int64_t present, smallest,
        largest; /* classes that occur; samples of the rarest and of the most frequent of them */
} rnni_census;

/* Over samples [first, first + count) of a dataset that was surveyed; without a class target none are
 * present. */
rnn_status_t rnni_census_take(rnni_census *census, rnn_dataset_t *dataset, int64_t first, int64_t count);
void rnni_census_free(rnni_census *census, rnn_context_t *context);

#endif
