/* SPDX-License-Identifier: MIT */
#ifndef RNNI_BATCH_H
#define RNNI_BATCH_H

#include "core/context.h"
#include "core/real.h"
#include <rnn/data.h>
#include <stdbool.h>

typedef enum {
    RNNI_COLUMN_NONE,
    RNNI_COLUMN_TOKENS,
    RNNI_COLUMN_VALUES,
    RNNI_COLUMN_VECTOR,
    RNNI_COLUMN_CLASS
} rnni_column_kind;

/* One input or target of some sequences, all of them one behind another.
 *
 *   kind     rows of sequence b                     data
 *   TOKENS   starts[b] .. starts[b + 1]             ids[rows]
 *   VALUES   starts[b] .. starts[b + 1]             values[rows][width]
 *   VECTOR   b                                      values[count][width]
 *   CLASS    b                                      ids[count]
 *
 * `starts` exists for every kind that is not NONE (VECTOR and CLASS: starts[b] = b). */
typedef struct rnni_column {
    rnni_column_kind kind;
    int64_t width;   /* features of a row; 1 for ids */
    int64_t count;   /* sequences */
    int64_t *starts; /* [count + 1] */
    int32_t *ids;
    rnni_real *values;
    uint8_t *mask; /* [rows], 1 = useful, or NULL: all rows are */
    size_t starts_capacity, ids_capacity, values_capacity, mask_capacity; /* elements allocated */
} rnni_column;

static inline int64_t rnni_column_rows(const rnni_column *column)
{
    return column->count ? column->starts[column->count] : 0;
}

/* Steps of the longest sequence. */
int64_t rnni_column_longest(const rnni_column *column);

/* Empties a column but keeps its memory; frees it. */
void rnni_column_clear(rnni_column *column);
void rnni_column_free(rnn_context_t *context, rnni_column *column);
/* Appends one sequence: rows of ids (TOKENS, CLASS) or of width values. The first append fixes kind and
 * width; another kind or width later is RNN_ERROR_SHAPE. */
rnn_status_t rnni_column_add_ids(rnn_context_t *context, rnni_column *column, rnni_column_kind kind,
                                 const int32_t *ids, int64_t rows);
rnn_status_t rnni_column_add_values(rnn_context_t *context, rnni_column *column, rnni_column_kind kind,
                                    const rnni_real *values, int64_t rows, int64_t width);
/* Appends one sequence whose numbers the caller then writes: *at is its first row. */
rnn_status_t rnni_column_add_rows(rnn_context_t *context, rnni_column *column, rnni_column_kind kind,
                                  int64_t rows, int64_t width, int64_t *at);
/* Makes room for `count` sequences of `rows` rows in all, without changing what is there. */
rnn_status_t rnni_column_reserve(rnn_context_t *context, rnni_column *column, rnni_column_kind kind,
                                 int64_t count, int64_t rows, int64_t width);
/* Gives every row a mark of 1, if there are no marks yet; frees the marks. rnni_column_clear keeps them, and
 * rows added later get a 1. */
rnn_status_t rnni_column_make_mask(rnn_context_t *context, rnni_column *column);
void rnni_column_drop_mask(rnn_context_t *context, rnni_column *column);
/* "tokens", "values", "vector", "class", "nothing". */
const char *rnni_column_kind_name(rnni_column_kind kind);

/* Inputs or targets at most. */
#define RNNI_MAX_COLUMNS 4096

struct rnn_batch {
    rnn_context_t *context;
    int64_t count;           /* sequences; -1 while no column is set */
    int32_t inputs, targets; /* columns in use */
    rnni_column *input, *target;
    int32_t input_capacity, target_capacity;
    int64_t *index; /* [count] each sequence's number in its whole dataset (0, 1, ... in a batch from
                     * tensors): keys its random numbers */
    size_t index_capacity;
    rnni_real *weight;      /* [count] of each sequence in the loss, or NULL: all weigh 1 */
    rnni_real *weight_room; /* where `weight` points when there is one */
    size_t weight_capacity;
};

/* Puts weights of `count` sequences into use, all 1; rnni_batch_prepare takes them out of use. */
rnn_status_t rnni_batch_make_weights(rnn_batch_t *batch, int64_t count);

/* Makes room for so many columns. rnni_batch_prepare also takes them into use, all empty (their memory is
 * kept). */
rnn_status_t rnni_batch_reserve(rnn_batch_t *batch, int32_t inputs, int32_t targets);
rnn_status_t rnni_batch_prepare(rnn_batch_t *batch, int32_t inputs, int32_t targets);
/* Frees the columns and the index, not the batch itself. */
void rnni_batch_release(rnn_batch_t *batch);

/* ---- what training needs of a dataset ---- */

/* What only training does to samples: class weights, balance and augmentation, anew in each epoch. */
typedef struct rnni_epoch_of {
    uint64_t seed, epoch;
    int64_t position; /* in the epoch's order, of the first sample asked for */
} rnni_epoch_of;

/* Fills `batch` (reused between calls) with the given samples, truncated and padded by the dataset's
 * settings. NaN and infinite values from a callback source are RNN_ERROR_DATA. Random-access datasets
 * only. */
rnn_status_t rnni_dataset_gather(rnn_dataset_t *dataset, const int64_t *samples, int64_t count,
                                 rnn_batch_t *batch);
/* The next `count` samples at most of a sequential source, into `batch`; RNN_END when there are none left.
 * rnni_dataset_restart begins again. */
rnn_status_t rnni_dataset_read_next(rnn_dataset_t *dataset, int64_t count, rnn_batch_t *batch);
rnn_status_t rnni_dataset_restart(rnn_dataset_t *dataset);
/* The same for training. A batch may ask for a sample twice. */
rnn_status_t rnni_dataset_gather_train(rnn_dataset_t *dataset, const int64_t *samples, int64_t count,
                                       rnni_epoch_of when, rnn_batch_t *batch);
rnn_status_t rnni_dataset_read_next_train(rnn_dataset_t *dataset, int64_t count, rnni_epoch_of when,
                                          rnn_batch_t *batch);

/* Samples of an epoch over the samples [first, first + count), which balancing changes; negative on
 * failure. A source is read through once when lengths or classes are needed and not known. */
int64_t rnni_dataset_order_count(rnn_dataset_t *dataset, int64_t first, int64_t count);
/* order[rnni_dataset_order_count] of one epoch in batches of `batch`: shuffled or not, balanced and bucketed
 * by the dataset's settings, as a function of seed and epoch. Sample numbers count from the dataset's
 * start. */
rnn_status_t rnni_dataset_order(rnn_dataset_t *dataset, int64_t first, int64_t count, int64_t batch,
                                bool shuffle, uint64_t seed, uint64_t epoch, int64_t *order);

/* order[i] = the i-th sample of an epoch: 0 .. count - 1 shuffled (Fisher-Yates) as a function of seed and
 * epoch. */
void rnni_shuffle(int64_t *order, int64_t count, uint64_t seed, uint64_t epoch);
/* Shuffles what is there; `what` tells orders of one epoch apart (0: that of rnni_shuffle). */
void rnni_permute(int64_t *order, int64_t count, uint64_t seed, uint64_t what, uint64_t epoch);

/* A short description of the columns for error lines: "tokens, values[3]; targets class". `out` has `size`
 * bytes. */
void rnni_batch_describe(const rnn_batch_t *batch, char *out, size_t size);

#endif
