/* SPDX-License-Identifier: MIT */
/** @file data.h
 * Datasets and batches: what a model reads and what it should answer.
 *
 * A dataset is a list of samples. A sample has one column for each input of the model and one for each target, in the order of the model's inputs and
 * outputs. A column is ragged by nature: every sample has its own number of steps.
 *
 *   column            one sample of it                  tensor that gives it
 *   tokens            T ids                             I32 / I64 [N, T] + lengths
 *   values            T rows of F numbers               F32 / F64 [N, T, F] + lengths
 *   vector            F numbers                         F32 / F64 [N, F]
 *   class             one class number                  I32 / I64 [N]
 *
 * Targets per step are tokens (classes) or values; targets per sequence are a class or a vector ([N] floats count as F = 1). */
#ifndef RNN_DATA_H
#define RNN_DATA_H

#include <rnn/tensor.h>
#include <rnn/text.h>

RNN_BEGIN_DECLS

typedef struct rnn_dataset rnn_dataset_t;
typedef struct rnn_batch rnn_batch_t;
typedef struct rnn_sample rnn_sample_t;

/** Settings of a dataset. */
enum {
    RNN_DATA_BATCH = 1,      /**< int, >= 1: sequences a batch of rnn_dataset_next_batch; default 32 */
    RNN_DATA_PAD = 2,        /**< int, none|pre|post; default none (sequences keep their own lengths, padding is never computed). pre and post
                                  make every token sequence of a batch as long as RNN_DATA_MAX_LENGTH, or as its longest when that
                                  is 0, with real steps of RNN_DATA_PAD_ID before or after: what Keras computes without mask_zero.
                                  Value sequences get steps of zeros. Targets per step are padded with the ignored class -1 or zeros */
    RNN_DATA_TRUNCATE = 3,   /**< int, pre|post: which end of a sequence longer than RNN_DATA_MAX_LENGTH is cut off; default pre (the last steps stay) */
    RNN_DATA_MAX_LENGTH = 4, /**< int, >= 0; 0: no limit; default 0 */
    RNN_DATA_PAD_ID = 5,     /**< int, >= 0; default 0 */
    RNN_DATA_MAX_ID = 6,     /**< int, >= 0; token inputs: ids from this number on become RNN_TOKEN_UNKNOWN; 0: no limit; default 0 */
    RNN_DATA_SHUFFLE = 7,    /**< int, 0 or 1; default 0: rnn_dataset_next_batch goes through the samples in an order that is a function of seed and
                                  epoch. (fit has its own setting and ignores this one.) */
    RNN_DATA_SEED = 8        /**< int, 0 to 2^53; default: the context's */
};

/** An empty dataset: add inputs and targets, each with the same number of samples. NULL on failure. */
RNN_API rnn_dataset_t *rnn_dataset_create(rnn_context_t *context);
RNN_API rnn_dataset_t *rnn_dataset_retain(rnn_dataset_t *dataset);
RNN_API void rnn_dataset_free(rnn_dataset_t *dataset);

RNN_API rnn_status_t rnn_dataset_set_int(rnn_dataset_t *dataset, int32_t setting, int64_t value);
RNN_API rnn_status_t rnn_dataset_get_int(const rnn_dataset_t *dataset, int32_t setting, int64_t *value);
RNN_API rnn_status_t rnn_dataset_setting(int32_t index, rnn_setting_t *setting);

/** Adds the next input column; the numbers are copied. `lengths`: I64 or I32 [N], each 0 to T, or NULL (all T); only for [N, T] ids and [N, T, F] values.
 *  NaN and infinite values are refused (RNN_ERROR_DATA), as are negative ids. */
RNN_API rnn_status_t rnn_dataset_add_input(rnn_dataset_t *dataset, const rnn_tensor_t *data, const rnn_tensor_t *lengths);
/** Adds the next target column. Class -1 in a per-step target means: this step does not count. */
RNN_API rnn_status_t rnn_dataset_add_target(rnn_dataset_t *dataset, const rnn_tensor_t *data, const rnn_tensor_t *lengths);

/** The same for sequences that lie one behind another: data is I32 / I64 [total] (tokens) or F32 / F64 [total, F] (values), and the lengths
 *  (I64 or I32 [N]) add up to `total`. */
RNN_API rnn_status_t rnn_dataset_add_ragged_input(rnn_dataset_t *dataset, const rnn_tensor_t *data, const rnn_tensor_t *lengths);
RNN_API rnn_status_t rnn_dataset_add_ragged_target(rnn_dataset_t *dataset, const rnn_tensor_t *data, const rnn_tensor_t *lengths);

/** Reads lines `label<TAB>text`, the text encoded by `tokenizer` (its vocabulary built), or `label<TAB>ids`: when `tokenizer` is NULL every token has to be an integer.
 *  Labels are integers >= 0, or names: then class numbers are given in order of appearance, or taken from `like` (which may
 *  be NULL), a dataset read before; a name that it does not have is RNN_ERROR_DATA naming the line. Empty lines are skipped. */
RNN_API rnn_status_t rnn_dataset_load_text(rnn_context_t *context, const char *path, const rnn_tokenizer_t *tokenizer,
                                           const rnn_dataset_t *like, rnn_dataset_t **dataset);

/** 1 when every token of the first `lines` lines of a `label<TAB>...` file is an integer, 0 when not, negative on failure. */
RNN_API int32_t rnn_text_file_has_ids(rnn_context_t *context, const char *path, int64_t lines);

/** A source of samples of one's own. */
typedef struct rnn_source {
    size_t struct_size;   /**< sizeof(rnn_source_t) */
    int64_t count;        /**< number of samples when any can be read at any time; -1 for a sequential source of unknown count */
    int32_t inputs, targets; /**< columns of a sample */
    /** Fills sample `index` with the rnn_sample_set_* functions. A sequential source is asked for 0, 1, 2 ... and answers RNN_END after its last. */
    rnn_status_t (*read)(int64_t index, rnn_sample_t *sample, void *user);
    /** Sequential sources: the next index asked for is 0 again. */
    rnn_status_t (*rewind)(void *user);
    /** Called once when the dataset is freed; may be NULL. */
    void (*release)(void *user);
    void *user;
} rnn_source_t;

/** A dataset that reads through the caller's functions, one thread at a time. A sequential source cannot be split or shuffled. */
RNN_API rnn_status_t rnn_dataset_from_source(rnn_context_t *context, const rnn_source_t *source, rnn_dataset_t **dataset);

/** Fills one column of a sample (copied). `column` counts the inputs first, then the targets. */
RNN_API rnn_status_t rnn_sample_set_tokens(rnn_sample_t *sample, int32_t column, const int32_t *ids, int64_t steps);
RNN_API rnn_status_t rnn_sample_set_values(rnn_sample_t *sample, int32_t column, const float *values, int64_t steps, int64_t features);
RNN_API rnn_status_t rnn_sample_set_vector(rnn_sample_t *sample, int32_t column, const float *values, int64_t features);
RNN_API rnn_status_t rnn_sample_set_class(rnn_sample_t *sample, int32_t column, int32_t number);

/** Number of samples; -1 when the source does not know. */
RNN_API int64_t rnn_dataset_count(const rnn_dataset_t *dataset);
/** The number of classes of the first class target: the largest number + 1, or the number of names; 0 when there is none. */
RNN_API int64_t rnn_dataset_classes(const rnn_dataset_t *dataset);
/** The name of a class when labels are names, else NULL. Lives as long as the dataset. */
RNN_API const char *rnn_dataset_class_name(const rnn_dataset_t *dataset, int64_t number);
/** The part [start, start + count) as a dataset of its own that shares the samples and starts with the same settings. */
RNN_API rnn_status_t rnn_dataset_slice(rnn_dataset_t *dataset, int64_t start, int64_t count, rnn_dataset_t **part);

/** The next batch, or RNN_END after the last (the call after that begins the next epoch). The short last batch is kept. The batch belongs
 *  to the dataset and lives until the next call. */
RNN_API rnn_status_t rnn_dataset_next_batch(rnn_dataset_t *dataset, rnn_batch_t **batch);
/** Starts again with the first batch of epoch `epoch` (it only matters for a shuffled order). */
RNN_API rnn_status_t rnn_dataset_rewind(rnn_dataset_t *dataset, int64_t epoch);

/** An empty batch to be filled from tensors, with the same columns as a dataset. */
RNN_API rnn_batch_t *rnn_batch_create(rnn_context_t *context);
RNN_API void rnn_batch_free(rnn_batch_t *batch);
/** Sets input number `index` from 0 on (copied); `lengths` as in rnn_dataset_add_input. Setting it again replaces it. Input 0 with another number of
 *  sequences begins a new batch: the other columns are to be set again. All others must have as many sequences. */
RNN_API rnn_status_t rnn_batch_set_input(rnn_batch_t *batch, int32_t index, const rnn_tensor_t *data, const rnn_tensor_t *lengths);
/** Marks the useful steps of an input: U8 or BOOL [B, T], 1 = useful; holes are allowed. Steps that are not useful are left out of the computation. */
RNN_API rnn_status_t rnn_batch_set_mask(rnn_batch_t *batch, int32_t index, const rnn_tensor_t *mask);
RNN_API rnn_status_t rnn_batch_set_target(rnn_batch_t *batch, int32_t index, const rnn_tensor_t *data, const rnn_tensor_t *lengths);
/** Number of sequences. */
RNN_API int64_t rnn_batch_count(const rnn_batch_t *batch);
/** Useful steps of input `index` over all sequences (sequences for a vector); -1 when there is no such input. */
RNN_API int64_t rnn_batch_steps(const rnn_batch_t *batch, int32_t index);

RNN_END_DECLS

#endif
