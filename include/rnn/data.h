/* SPDX-License-Identifier: MIT */
/** @file data.h
 * Datasets and batches: what a model reads and what it should answer.
 *
 * A dataset is a list of samples. A sample has one column for each input of the model and one for each
 * target, in the order of the model's inputs and outputs. A column is ragged by nature: every sample has its
 * own number of steps.
 *
 *   column            one sample of it                  tensor that gives it
 *   tokens            T ids                             I32 / I64 [N, T] + lengths
 *   values            T rows of F numbers               F32 / F64 [N, T, F] + lengths
 *   vector            F numbers                         F32 / F64 [N, F]
 *   class             one class number                  I32 / I64 [N]
 *
 * Targets per step are tokens (classes) or values; targets per sequence are a class or a vector ([N] floats
 * count as F = 1). */
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
    RNN_DATA_PAD = 2,        /**< int, none|pre|post; default none (sequences keep their own lengths, padding
                                  is never computed). pre and post make every token sequence of a batch as
                                  long as RNN_DATA_MAX_LENGTH, or as its longest when that is 0, with real
                                  steps of RNN_DATA_PAD_ID before or after: what Keras computes without
                                  mask_zero. Value sequences get steps of zeros. Targets per step are padded
                                  with the ignored class -1 or zeros */
    RNN_DATA_TRUNCATE = 3,   /**< int, pre|post: which end of a sequence longer than RNN_DATA_MAX_LENGTH is
                                  cut off; default pre (the last steps stay) */
    RNN_DATA_MAX_LENGTH = 4, /**< int, >= 0; 0: no limit; default 0 */
    RNN_DATA_PAD_ID = 5,     /**< int, >= 0; default 0 */
    RNN_DATA_MAX_ID = 6,     /**< int, >= 0; token inputs: ids from this number on become RNN_TOKEN_UNKNOWN;
                                  0: no limit; default 0 */
    RNN_DATA_SHUFFLE = 7,    /**< int, 0 or 1; default 0: rnn_dataset_next_batch goes through the samples in
                                  an order that is a function of seed and epoch. (fit has its own setting and
                                  ignores this one.) */
    RNN_DATA_SEED = 8,       /**< int, 0 to 2^53; default: the context's */
    RNN_DATA_BUCKET = 9,     /**< int, >= 0; default 0: off. n: an epoch is cut into pools of n batches, and
                                  sequences of like length of a pool share a batch. The order stays a function
                                  of seed and epoch; which sequences meet in a batch changes results */
    RNN_DATA_BALANCE = 10,   /**< int, none|oversample|undersample|weights; default none. For the first class
                                  target, in training only: samples of rarer classes are repeated until each
                                  class has as many as the largest; or larger classes lose samples, others
                                  each epoch, until each has as many as the smallest; or each sample weighs
                                  count / (classes x samples of its class) */
    RNN_DATA_DROP = 11,      /**< float, 0 to 1; default 0: the probability that a token is left out (one
                                  always stays). Where a target goes step by step with the tokens, it becomes
                                  RNN_TOKEN_UNKNOWN instead. This and all below: in training only, that is in
                                  fit and rnn_dataset_next_batch; anew in each epoch, as a function of seed,
                                  epoch and sample */
    RNN_DATA_SWAP = 12,      /**< float, 0 to 1; default 0: the probability that a token changes places with
                                  the next one; not where a target goes step by step with the tokens */
    RNN_DATA_JITTER = 13,    /**< float, >= 0; default 0: the standard deviation of normal noise on each
                                  number of a sequence of values */
    RNN_DATA_SCALE = 14,     /**< float, >= 0; default 0: the numbers of a sequence of values are multiplied
                                  by one factor, 1 + this x a normal number */
    RNN_DATA_CROP = 15       /**< float, 0 to 1; default 0: up to this part of the steps of a sequence of
                                  values is cut off, at both ends; targets that go step by step with it are
                                  cut alike */
};

/** Values of RNN_DATA_PAD and RNN_DATA_TRUNCATE. */
enum { RNN_PAD_NONE = 0, RNN_PAD_PRE = 1, RNN_PAD_POST = 2 };
enum { RNN_TRUNCATE_PRE = 0, RNN_TRUNCATE_POST = 1 };

/** An empty dataset: add inputs and targets, each with the same number of samples. NULL on failure. */
RNN_API rnn_dataset_t *rnn_dataset_create(rnn_context_t *context);
RNN_API rnn_dataset_t *rnn_dataset_retain(rnn_dataset_t *dataset);
RNN_API void rnn_dataset_free(rnn_dataset_t *dataset);

RNN_API rnn_status_t rnn_dataset_set_int(rnn_dataset_t *dataset, int32_t setting, int64_t value);
RNN_API rnn_status_t rnn_dataset_get_int(const rnn_dataset_t *dataset, int32_t setting, int64_t *value);
RNN_API rnn_status_t rnn_dataset_set_float(rnn_dataset_t *dataset, int32_t setting, double value);
RNN_API rnn_status_t rnn_dataset_get_float(const rnn_dataset_t *dataset, int32_t setting, double *value);
RNN_API rnn_status_t rnn_dataset_setting(int32_t index, rnn_setting_t *setting);

/** Adds the next input column; the numbers are copied. `lengths`: I64 or I32 [N], each 0 to T, or NULL (all
 *  T); only for [N, T] ids and [N, T, F] values. NaN and infinite values are refused (RNN_ERROR_DATA), as are
 *  negative ids. */
RNN_API rnn_status_t rnn_dataset_add_input(rnn_dataset_t *dataset, const rnn_tensor_t *data,
                                           const rnn_tensor_t *lengths);
/** Adds the next target column. Class -1 in a per-step target means: this step does not count. */
RNN_API rnn_status_t rnn_dataset_add_target(rnn_dataset_t *dataset, const rnn_tensor_t *data,
                                            const rnn_tensor_t *lengths);

/** The same for sequences that lie one behind another: data is I32 / I64 [total] (tokens) or F32 / F64
 *  [total, F] (values), and the lengths (I64 or I32 [N]) add up to `total`. */
RNN_API rnn_status_t rnn_dataset_add_ragged_input(rnn_dataset_t *dataset, const rnn_tensor_t *data,
                                                  const rnn_tensor_t *lengths);
RNN_API rnn_status_t rnn_dataset_add_ragged_target(rnn_dataset_t *dataset, const rnn_tensor_t *data,
                                                   const rnn_tensor_t *lengths);

/** Gives each sample a weight in the loss: F32 or F64 [N], each >= 0 and finite; the samples are there
 *  before. Giving them again replaces them. They count in training and in evaluation. Not for a dataset that
 *  reads from a source: that has rnn_sample_set_weight. */
RNN_API rnn_status_t rnn_dataset_add_weights(rnn_dataset_t *dataset, const rnn_tensor_t *weights);
/** Gives each class of the first class target a weight, in training only: F32 or F64 [C], each >= 0 and
 *  finite; classes from C on weigh 1. The weight of a sample is the product of all that apply to it. For this
 *  handle; parts made later start with the same. NULL takes them away. */
RNN_API rnn_status_t rnn_dataset_set_class_weights(rnn_dataset_t *dataset, const rnn_tensor_t *weights);

/** Reads lines `label<TAB>text`, the text encoded by `tokenizer` (its vocabulary built), or `label<TAB>ids`:
 *  when `tokenizer` is NULL every token has to be an integer. Labels are integers >= 0, or names: then class
 *  numbers are given in order of appearance, or taken from `like` (which may be NULL), a dataset read before;
 *  a name that it does not have is RNN_ERROR_DATA naming the line. Empty lines are skipped. The tokens are
 *  kept in memory, 4 bytes each; files for which that is too much are read as TSV without quotes by an
 *  rnn_csv_t with RNN_CSV_STREAM. */
RNN_API rnn_status_t rnn_dataset_load_text(rnn_context_t *context, const char *path,
                                           const rnn_tokenizer_t *tokenizer, const rnn_dataset_t *like,
                                           rnn_dataset_t **dataset);

/** 1 when every token of the first `lines` lines of a `label<TAB>...` file is an integer, 0 when not,
 *  negative on failure. */
RNN_API int32_t rnn_text_file_has_ids(rnn_context_t *context, const char *path, int64_t lines);

/** Reads one document a file, from folders in the folder `path`: the folders' names are the class names, in
 *  byte order, and a folder's files are read in byte order of their names. Names that begin with a dot are
 *  skipped, as are folders in folders; other files beside the folders are skipped too. With `like` (may be
 *  NULL) its class names are taken; a folder that it does not have is RNN_ERROR_DATA. A folder without
 *  folders is RNN_ERROR_DATA. */
RNN_API rnn_status_t rnn_dataset_load_folder(rnn_context_t *context, const char *path,
                                             const rnn_tokenizer_t *tokenizer, const rnn_dataset_t *like,
                                             rnn_dataset_t **dataset);
/** The same, but the documents stay in their files: memory for their names is taken, and a document is read
 *  when it is asked for, in any order. The files must stay as they are meanwhile; one that cannot be read is
 *  RNN_ERROR_IO then. The dataset holds the tokenizer. */
RNN_API rnn_status_t rnn_dataset_stream_folder(rnn_context_t *context, const char *path,
                                               rnn_tokenizer_t *tokenizer, const rnn_dataset_t *like,
                                               rnn_dataset_t **dataset);
/** Counts the words of all files that rnn_dataset_load_folder reads. */
RNN_API rnn_status_t rnn_tokenizer_add_folder(rnn_tokenizer_t *tokenizer, const char *path);

/** How tables of text are read: separated values as RFC 4180 has them (a field in quotes may hold separators,
 *  line breaks and doubled quotes). A reader is told which columns to take and how, then loads any number of
 *  files. */
typedef struct rnn_csv rnn_csv_t;

/** What a column is used for. Inputs of the dataset: one for each column of text or ids, in the order added,
 *  then one that holds all value columns as its features. Targets: the label, then one that holds all target
 *  columns. */
enum {
    RNN_CSV_TEXT = 1,   /**< tokens by the reader's tokenizer */
    RNN_CSV_IDS = 2,    /**< tokens: integers >= 0 set apart by spaces */
    RNN_CSV_VALUE = 3,  /**< a number; one more feature */
    RNN_CSV_LABEL = 4,  /**< a class: integers >= 0, or names; at most one column */
    RNN_CSV_TARGET = 5, /**< a number to be predicted */
    RNN_CSV_WEIGHT = 6  /**< a number >= 0: the weight of the sample; at most one column */
};

/** Settings of a reader. */
enum {
    RNN_CSV_SEPARATOR = 1, /**< int, the byte between fields, 1 to 127; default 44, a comma; 9 reads TSV */
    RNN_CSV_QUOTE = 2,     /**< int, the byte around quoted fields; 0: there are none; default 34, a double
                                quote */
    RNN_CSV_HEADER = 3,    /**< int, no|yes|auto; default auto: the first line is a header when a column is
                                chosen by a name, or when a chosen column of numbers does not have one
                                there */
    RNN_CSV_MISSING = 4,   /**< int, refuse|fill|previous|drop; default refuse: what becomes of a missing
                                value. A number is missing when its text is one of the marks
                                (rnn_csv_set_missing), a label when it is empty; a text never is, but drop
                                leaves out rows with an empty one. refuse: RNN_ERROR_DATA; fill: the number
                                RNN_CSV_FILL (a label is refused); previous: that of the row before (refused
                                in the first); drop: the row is left out */
    RNN_CSV_FILL = 5,      /**< float; default 0 */
    RNN_CSV_WINDOW = 6,    /**< int, >= 0; default 0: a row is a sample, its numbers a vector. n: the rows are
                                a series, and a sample is n rows that follow each other */
    RNN_CSV_HORIZON = 7,   /**< int, >= 0; default 1: windows: label, targets and weight come from so many
                                rows after the window's last */
    RNN_CSV_STRIDE = 8,    /**< int, >= 1; default 1: rows from one window to the next */
    RNN_CSV_EACH_STEP = 9, /**< int, 0 or 1; default 0. 1: windows: a label and targets for each step, from
                                RNN_CSV_HORIZON rows after it */
    RNN_CSV_STREAM = 10    /**< int, 0 or 1; default 0. 1: the rows stay in the file, which is read once to
                                check it; memory for 8 bytes a row is taken, and samples are read when they
                                are asked for, in any order. The file must stay as it is meanwhile */
};

/** A reader without columns, or NULL. */
RNN_API rnn_csv_t *rnn_csv_create(rnn_context_t *context);
RNN_API void rnn_csv_free(rnn_csv_t *csv);
RNN_API rnn_status_t rnn_csv_set_int(rnn_csv_t *csv, int32_t setting, int64_t value);
RNN_API rnn_status_t rnn_csv_set_float(rnn_csv_t *csv, int32_t setting, double value);
RNN_API rnn_status_t rnn_csv_get_int(const rnn_csv_t *csv, int32_t setting, int64_t *value);
RNN_API rnn_status_t rnn_csv_get_float(const rnn_csv_t *csv, int32_t setting, double *value);
RNN_API rnn_status_t rnn_csv_setting(int32_t index, rnn_setting_t *setting);

/** Takes one more column for `use`, one of RNN_CSV_TEXT to RNN_CSV_WEIGHT. `column` is a name in the header;
 *  or, when the header has no such name, a column's number from 0 on, as text; or "*" for RNN_CSV_VALUE:
 *  every column that nothing else uses. */
RNN_API rnn_status_t rnn_csv_add_column(rnn_csv_t *csv, int32_t use, const char *column);
/** The tokenizer of text columns; its vocabulary is built when a file is loaded. */
RNN_API rnn_status_t rnn_csv_set_tokenizer(rnn_csv_t *csv, rnn_tokenizer_t *tokenizer);
/** Replaces the list of texts that mark a missing value. The list that a reader starts with: the empty text,
 *  ?, NA, N/A, NaN, nan, NULL, null, None, none, - */
RNN_API rnn_status_t rnn_csv_set_missing(rnn_csv_t *csv, const char *const *marks, int32_t count);
/** Counts the words of the text columns of a file, for rnn_tokenizer_build. */
RNN_API rnn_status_t rnn_csv_count_words(const rnn_csv_t *csv, const char *path, rnn_tokenizer_t *tokenizer);
/** Reads a file of any size; with RNN_CSV_STREAM in little memory. `like` (may be NULL) gives the class
 *  names, as for rnn_dataset_load_text. A fault in the file is RNN_ERROR_FORMAT (quotes, number of fields),
 *  RNN_ERROR_DATA (a value) or RNN_ERROR_RANGE and names file, line and column; a column that is not there is
 *  RNN_ERROR_NAME. */
RNN_API rnn_status_t rnn_csv_load(const rnn_csv_t *csv, const char *path, const rnn_dataset_t *like,
                                  rnn_dataset_t **dataset);

/** Reads an array that NumPy has saved (.npy, versions 1 to 3; C or Fortran order, either byte order; f2 f4
 *  f8 i1 i2 i4 i8 u1 b1, and u2, u4 as the next larger signed type) into a contiguous tensor. Errors:
 *  RNN_ERROR_IO, RNN_ERROR_FORMAT, RNN_ERROR_UNSUPPORTED (another type), RNN_ERROR_MEMORY. */
RNN_API rnn_status_t rnn_tensor_load_npy(rnn_context_t *context, const char *path, rnn_tensor_t **tensor);
RNN_API rnn_status_t rnn_tensor_load_npy_memory(rnn_context_t *context, const void *data, int64_t size,
                                                rnn_tensor_t **tensor);
/** A dataset of columns that stay in .npy files, for arrays larger than memory: `paths` [inputs + targets]
 *  names one file for each column, inputs first. An array has one of the shapes that rnn_dataset_add_input
 *  and rnn_dataset_add_target take, as any type that rnn_tensor_load_npy reads (numbers become floats), in C
 *  order (RNN_ERROR_UNSUPPORTED otherwise). `lengths` is NULL, or for each column NULL or the path of an
 *  array [N] of lengths, which are read at once. All samples are read once to check them (RNN_ERROR_DATA,
 *  RNN_ERROR_RANGE); memory for 12 bytes a sample and for one batch is taken, and samples are read when they
 *  are asked for, in any order. The files must stay as they are meanwhile. */
RNN_API rnn_status_t rnn_dataset_stream_npy(rnn_context_t *context, const char *const *paths,
                                            const char *const *lengths, int32_t inputs, int32_t targets,
                                            rnn_dataset_t **dataset);
/** Writes a tensor as .npy version 1, little-endian, C order; the file is replaced at once or not at all.
 *  BF16 is RNN_ERROR_UNSUPPORTED. */
RNN_API rnn_status_t rnn_tensor_save_npy(const rnn_tensor_t *tensor, const char *path);

/** A source of samples of one's own. */
typedef struct rnn_source {
    size_t struct_size;   /**< sizeof(rnn_source_t) */
    int64_t count;        /**< number of samples when any can be read at any time; -1 for a sequential source
                               of unknown count */
    int32_t inputs, targets; /**< columns of a sample */
    /** Fills sample `index` with the rnn_sample_set_* functions. A sequential source is asked for 0, 1, 2 ...
     *  and answers RNN_END after its last. */
    rnn_status_t (*read)(int64_t index, rnn_sample_t *sample, void *user);
    /** Sequential sources: the next index asked for is 0 again. */
    rnn_status_t (*rewind)(void *user);
    /** Called once when the dataset is freed; may be NULL. */
    void (*release)(void *user);
    void *user;
} rnn_source_t;

/** A dataset that reads through the caller's functions, one thread at a time. A sequential source cannot be
 *  split or shuffled. */
RNN_API rnn_status_t rnn_dataset_from_source(rnn_context_t *context, const rnn_source_t *source,
                                             rnn_dataset_t **dataset);

/** Fills one column of a sample (copied). `column` counts the inputs first, then the targets. */
RNN_API rnn_status_t rnn_sample_set_tokens(rnn_sample_t *sample, int32_t column, const int32_t *ids,
                                           int64_t steps);
RNN_API rnn_status_t rnn_sample_set_values(rnn_sample_t *sample, int32_t column, const float *values,
                                           int64_t steps, int64_t features);
RNN_API rnn_status_t rnn_sample_set_vector(rnn_sample_t *sample, int32_t column, const float *values,
                                           int64_t features);
RNN_API rnn_status_t rnn_sample_set_class(rnn_sample_t *sample, int32_t column, int32_t number);
/** The sample's weight in the loss, >= 0 and finite; 1 where it is not set. */
RNN_API rnn_status_t rnn_sample_set_weight(rnn_sample_t *sample, double weight);

/** Number of samples; -1 when the source does not know. */
RNN_API int64_t rnn_dataset_count(const rnn_dataset_t *dataset);
/** The number of classes of the first class target: the largest number + 1, or the number of names; 0 when
 *  there is none. */
RNN_API int64_t rnn_dataset_classes(const rnn_dataset_t *dataset);
/** The name of a class when labels are names, else NULL. Lives as long as the dataset. */
RNN_API const char *rnn_dataset_class_name(const rnn_dataset_t *dataset, int64_t number);
/** Names the classes of a dataset whose labels are numbers or that is empty: class i is names[i], copied;
 *  they are different and not empty. For class numbers from elsewhere: an empty dataset with names serves the
 *  readers as `like`. RNN_ERROR_RANGE when there is a class without a name, RNN_ERROR_STATE when there are
 *  names. */
RNN_API rnn_status_t rnn_dataset_set_class_names(rnn_dataset_t *dataset, const char *const *names,
                                                 int64_t count);
/** The part [start, start + count) as a dataset of its own that shares the samples and starts with the same
 *  settings. */
RNN_API rnn_status_t rnn_dataset_slice(rnn_dataset_t *dataset, int64_t start, int64_t count,
                                       rnn_dataset_t **part);

/** The next batch, or RNN_END after the last (the call after that begins the next epoch). The short last
 *  batch is kept. The batch belongs to the dataset and lives until the next call. */
RNN_API rnn_status_t rnn_dataset_next_batch(rnn_dataset_t *dataset, rnn_batch_t **batch);
/** Starts again with the first batch of epoch `epoch` (it only matters for a shuffled order). */
RNN_API rnn_status_t rnn_dataset_rewind(rnn_dataset_t *dataset, int64_t epoch);

/** What batches of unequal lengths would cost where they have to be filled up. Counts over one epoch of
 *  rnn_dataset_next_batch: *steps of the first input that has steps; *padded: each sequence as long as the
 *  longest of its batch; *unsorted: the same without RNN_DATA_BUCKET. So bucketing saves *unsorted -
 *  *padded. */
RNN_API rnn_status_t rnn_dataset_padding(rnn_dataset_t *dataset, int64_t epoch, int64_t *steps,
                                         int64_t *padded, int64_t *unsorted);

/** An empty batch to be filled from tensors, with the same columns as a dataset. */
RNN_API rnn_batch_t *rnn_batch_create(rnn_context_t *context);
RNN_API void rnn_batch_free(rnn_batch_t *batch);
/** Sets input number `index` from 0 on (copied); `lengths` as in rnn_dataset_add_input. Setting it again
 *  replaces it. Input 0 with another number of sequences begins a new batch: the other columns are to be set
 *  again. All others must have as many sequences. */
RNN_API rnn_status_t rnn_batch_set_input(rnn_batch_t *batch, int32_t index, const rnn_tensor_t *data,
                                         const rnn_tensor_t *lengths);
/** Marks the useful steps of an input: U8 or BOOL [B, T], 1 = useful; holes are allowed. Steps that are not
 *  useful are left out of the computation. */
RNN_API rnn_status_t rnn_batch_set_mask(rnn_batch_t *batch, int32_t index, const rnn_tensor_t *mask);
RNN_API rnn_status_t rnn_batch_set_target(rnn_batch_t *batch, int32_t index, const rnn_tensor_t *data,
                                          const rnn_tensor_t *lengths);
/** Weights of the sequences in the loss: F32 or F64 [B], each >= 0 and finite. A batch begins without: all
 *  weigh 1. */
RNN_API rnn_status_t rnn_batch_set_weights(rnn_batch_t *batch, const rnn_tensor_t *weights);
/** Number of sequences. */
RNN_API int64_t rnn_batch_count(const rnn_batch_t *batch);
/** Useful steps of input `index` over all sequences (sequences for a vector); -1 when there is no such
 *  input. */
RNN_API int64_t rnn_batch_steps(const rnn_batch_t *batch, int32_t index);

RNN_END_DECLS

#endif
