/* SPDX-License-Identifier: MIT */
#ifndef RNNI_CSV_H
#define RNNI_CSV_H

#include "core/memory.h"
#include "core/settings.h"
#include "data/csv_reader.h"

enum { RNNI_CSV_SETTINGS = 10 };
enum { RNNI_MISSING_REFUSE, RNNI_MISSING_FILL, RNNI_MISSING_PREVIOUS, RNNI_MISSING_DROP };

typedef struct rnni_csv_choice {
    int32_t use;
    char *column;
} rnni_csv_choice;

struct rnn_csv {
    rnn_context_t *context;
    double settings[RNNI_CSV_SETTINGS];
    rnni_csv_choice *choices;
    size_t count, capacity;
    rnn_tokenizer_t *tokenizer;
    rnni_vocabulary missing;
};

int64_t rnni_csv_int(const rnn_csv_t *csv, int32_t setting);
/* A copy for a dataset that goes on reading after the caller's is freed or changed; NULL on failure. */
rnn_csv_t *rnni_csv_copy(const rnn_csv_t *csv);

/* The columns of one file. Numbers of a row: values, then targets, then the weight. */
typedef struct rnni_csv_plan {
    rnn_context_t *context;
    size_t columns;    /* of the file */
    bool header;       /* the first record names them */
    rnni_buffer names; /* of the columns, each terminated; empty without a header */
    size_t *texts;     /* [text_count] columns of text or ids */
    bool *is_ids;      /* [text_count] */
    size_t *numbers;   /* [number_count] columns of numbers */
    size_t text_count, number_count, values, targets;
    size_t texts_capacity, is_ids_capacity, numbers_capacity;
    bool has_label, has_weight;
    size_t label;
} rnni_csv_plan;

/* Finds the chosen columns by the first record, which is a header or not. */
rnn_status_t rnni_csv_plan_make(rnni_csv_plan *plan, const rnn_csv_t *csv, const rnni_csv_reader *reader);
void rnni_csv_plan_free(rnni_csv_plan *plan);
/* The name of a column, or its number as text in `room`. */
const char *rnni_csv_column_name(const rnni_csv_plan *plan, size_t column, char room[24]);

/* One row. */
typedef struct rnni_csv_row {
    double *numbers; /* [number_count]; as long as the next row is not read, those of the row before */
    bool *missing;   /* [number_count] taken from elsewhere by the policy */
    int32_t label;   /* as rnni_labels gives it */
    bool label_missing, any, dropped; /* any: a row was read before */
} rnni_csv_row;

rnn_status_t rnni_csv_row_make(rnni_csv_row *row, const rnni_csv_plan *plan);
void rnni_csv_row_free(rnni_csv_row *row, const rnni_csv_plan *plan);
/* Reads numbers and label of the reader's record by the policy for missing ones. `labels` NULL: the store's
 * classes are settled. */
rnn_status_t rnni_csv_row_read(rnni_csv_row *row, const rnn_csv_t *csv, const rnni_csv_plan *plan,
                               const rnni_csv_reader *reader, rnni_labels *labels, const rnni_store *store);
/* A text column as ids. */
rnn_status_t rnni_csv_row_tokens(const rnn_csv_t *csv, const rnni_csv_plan *plan,
                                 const rnni_csv_reader *reader, size_t text, int32_t **ids, size_t *capacity,
                                 size_t *count);

/* rnn_csv_load from any stream, which is taken over. */
rnn_status_t rnni_csv_load(const rnn_csv_t *csv, rnn_io_t io, const char *path, const rnn_dataset_t *like,
                           rnn_dataset_t **dataset);

/* How samples are cut from rows. */
typedef struct rnni_csv_windows {
    bool single; /* a row is a sample, its numbers a vector */
    int64_t rows, steps, horizon, stride;
    bool each_step;
} rnni_csv_windows;

/* What a dataset of windows or of rows in a file is read from. */
typedef struct rnni_csv_table {
    rnn_context_t *context; /* held */
    rnn_csv_t *csv;         /* own copy */
    rnni_csv_plan plan;
    rnni_csv_row row;
    char *path;
    rnni_csv_windows windows;
    const rnni_store *store; /* of the dataset that reads here */
    bool stream;
    /* in memory */
    float *values, *targets, *weights; /* [rows][plan.values], [rows][plan.targets], [rows] */
    int32_t *labels;                   /* [rows] */
    size_t values_capacity, targets_capacity, weights_capacity, labels_capacity;
    /* in the file */
    rnni_csv_reader reader;
    int64_t **positions; /* of the records, in blocks that stay where they are */
    size_t blocks, positions_capacity;
    struct rnni_csv_patch *patches; /* what RNN_CSV_MISSING took from rows before, in order */
    size_t patch_count, patch_capacity;
    /* of a sample that is read */
    float *sample_values, *sample_targets;
    int32_t *sample_labels, *ids;
    int64_t current; /* the row that `row` holds; -1: none */
    size_t sample_values_capacity, sample_targets_capacity, sample_labels_capacity, ids_capacity;
} rnni_csv_table;

rnni_csv_table *rnni_csv_table_create(rnn_context_t *context, const rnn_csv_t *csv, const char *path);
void rnni_csv_table_free(rnni_csv_table *table);
/* Takes in the row that was read: its numbers, or its place in the file. */
rnn_status_t rnni_csv_table_add(rnni_csv_table *table, const rnni_csv_row *row,
                                const rnni_csv_reader *reader);
/* Makes the dataset, which takes over the table, also on failure. */
rnn_status_t rnni_csv_table_open(rnni_csv_table *table, const rnni_labels *labels, rnn_dataset_t **dataset);

/* The place of the record at hand, for error lines. */
rnni_spot rnni_csv_spot(const rnni_csv_reader *reader, const rnni_csv_plan *plan, size_t column,
                        char room[24]);

#endif
