/* SPDX-License-Identifier: MIT */
#ifndef RNNI_DATASET_H
#define RNNI_DATASET_H

#include "core/settings.h"
#include "data/batch.h"
#include "text/vocabulary.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct rnni_shape {
    rnni_column_kind kind;
    int64_t width;
} rnni_shape;

/* The samples that a dataset and its parts share: columns in memory, or the caller's functions. */
typedef struct rnni_store {
    atomic_int references;
    rnn_context_t *context;
    int64_t count;         /* samples; -1 for a sequential source */
    struct rnn_batch data; /* in memory: all samples; of a source: those just read, numbered by data.index */
    int64_t classes;       /* of the first class target */
    bool has_names;
    rnni_vocabulary names; /* of the classes: the id is the class number */

    bool is_source;
    rnn_source_t source;
    rnni_shape *shapes;   /* [inputs + targets] as first seen */
    pthread_mutex_t lock; /* held while the source is read and `data` holds what it gave */
    int64_t next;         /* sequential: the index to ask for */
    bool ended;           /* sequential: the source has answered RNN_END */
    int64_t *lengths;     /* [count] of a source, once surveyed: steps of the first input that has some */
    int32_t *class_of;    /* [count] class of the first class target, -1 where there is none */
} rnni_store;

enum { RNNI_DATASET_SETTINGS = 15 };
enum { RNNI_BALANCE_NONE, RNNI_BALANCE_OVERSAMPLE, RNNI_BALANCE_UNDERSAMPLE, RNNI_BALANCE_WEIGHTS };

struct rnn_dataset {
    atomic_int references;
    rnn_context_t *context;
    rnni_store *store;
    bool is_part;
    int64_t start, part_count; /* of a part; otherwise all samples of the store */
    double settings[RNNI_DATASET_SETTINGS];

    rnn_batch_t *batch; /* of rnn_dataset_next_batch */
    int64_t *order;     /* [count] of this epoch, made with its first batch */
    size_t order_capacity;
    int64_t order_count;     /* samples of this epoch */
    rnni_real *class_weight; /* [class_weights] given by the caller, or NULL */
    rnni_real *balance;      /* [balances] of RNN_DATA_BALANCE's weights, once they are needed */
    size_t class_weights, balances;
    int64_t position, epoch; /* position: samples of this epoch that were handed out */
    bool ended;              /* RNN_END was answered: the next call begins an epoch */
};

/* A setting by its public id. */
int64_t rnni_dataset_int(const rnn_dataset_t *dataset, int32_t setting);
double rnni_dataset_float(const rnn_dataset_t *dataset, int32_t setting);
static inline bool rnni_store_is_sequential(const rnni_store *store)
{
    return store->is_source && store->count < 0;
}

/* Settles count and number of classes after the columns of a store in memory changed. */
void rnni_store_settle(rnni_store *store);

/* rnn_dataset_from_source for a source that the dataset owns from now on: it is released on failure, too. */
rnn_status_t rnni_dataset_of_own(rnn_context_t *context, const rnn_source_t *source, rnn_dataset_t **dataset);

/* Length and class of sample number `sample` of a dataset. Of a source they are known once it was surveyed,
 * which reads it all. */
rnn_status_t rnni_survey(rnn_dataset_t *dataset);
int64_t rnni_sample_length(const rnn_dataset_t *dataset, int64_t sample);
int32_t rnni_sample_class(const rnn_dataset_t *dataset, int64_t sample);

/* Makes the weights of RNN_DATA_BALANCE where they are wanted; multiplies them and the class weights into a
 * batch; forgets them when the samples change. */
rnn_status_t rnni_balance_prepare(rnn_dataset_t *dataset);
rnn_status_t rnni_balance_weigh(const rnn_dataset_t *dataset, rnn_batch_t *batch);
void rnni_balance_forget(rnn_dataset_t *dataset);

/* Reads the samples start + samples[i] of a source into store->data; the caller holds the lock.
 * rnni_source_read_next reads up to `count` from where it stands and gives how many there were. */
rnn_status_t rnni_source_read(rnni_store *store, const int64_t *samples, int64_t start, int64_t count);
rnn_status_t rnni_source_read_next(rnni_store *store, int64_t count, int64_t *got);
rnn_status_t rnni_source_rewind(rnni_store *store);

#endif
