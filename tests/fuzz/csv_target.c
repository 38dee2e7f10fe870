/* SPDX-License-Identifier: MIT */
#include "data/csv.h"
#include "fuzz/target.h"

/* A letter for each setting up to the first line break, then the table:
 *   t text, i ids, v value, l label, T target, w weight: of columns 0, 1, 2 ... in turn; * all others as
 * values n no header, h header; f fill, p previous, d drop; W windows, E a target for each step, S streamed;
 * ; or tab separates */

static rnn_csv_t *make_reader(const char *letters, size_t size, rnn_tokenizer_t *tokenizer)
{
    static const char uses[] = "tivlTw";
    rnn_csv_t *csv = rnn_csv_create(NULL);
    char column[8] = "0";
    int columns = 0;
    for (size_t i = 0; i < size; i++) {
        const char *use = memchr(uses, letters[i], sizeof(uses) - 1);
        if (use) {
            snprintf(column, sizeof(column), "%d", columns++ % 100);
            rnn_csv_add_column(csv, (int32_t)(use - uses) + RNN_CSV_TEXT, column);
        }
        if (letters[i] == '*') rnn_csv_add_column(csv, RNN_CSV_VALUE, "*");
        if (letters[i] == 'n' || letters[i] == 'h') rnn_csv_set_int(csv, RNN_CSV_HEADER, letters[i] == 'h');
        if (letters[i] == 'f') rnn_csv_set_int(csv, RNN_CSV_MISSING, 1);
        if (letters[i] == 'p') rnn_csv_set_int(csv, RNN_CSV_MISSING, 2);
        if (letters[i] == 'd') rnn_csv_set_int(csv, RNN_CSV_MISSING, 3);
        if (letters[i] == 'W') rnn_csv_set_int(csv, RNN_CSV_WINDOW, 2);
        if (letters[i] == 'E') rnn_csv_set_int(csv, RNN_CSV_EACH_STEP, 1);
        if (letters[i] == 'S') rnn_csv_set_int(csv, RNN_CSV_STREAM, 1);
        if (letters[i] == ';' || letters[i] == '\t') rnn_csv_set_int(csv, RNN_CSV_SEPARATOR, letters[i]);
    }
    rnn_csv_set_tokenizer(csv, tokenizer);
    return csv;
}

/* Every sample of what was loaded can be read, and every class is known. */
static void read_samples(rnn_dataset_t *dataset)
{
    rnn_batch_t *batch;
    rnn_status_t status;
    int64_t count = 0;
    while ((status = rnn_dataset_next_batch(dataset, &batch)) == RNN_OK) {
        count += rnn_batch_count(batch);
        for (int32_t i = 0; i < batch->targets; i++) {
            const rnni_column *target = &batch->target[i];
            bool classes = target->kind == RNNI_COLUMN_CLASS || target->kind == RNNI_COLUMN_TOKENS;
            for (int64_t row = 0; classes && row < rnni_column_rows(target); row++)
                ALWAYS(target->ids[row] >= 0 && target->ids[row] < rnn_dataset_classes(dataset));
        }
        for (int64_t b = 0; batch->weight && b < batch->count; b++) ALWAYS(batch->weight[b] >= 0);
    }
    ALWAYS(status == RNN_END);
    ALWAYS(count == rnn_dataset_count(dataset));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
    if (!line) return 0;
    rnn_tokenizer_t *tokenizer = rnn_tokenizer_create(NULL);
    rnn_tokenizer_add_text(tokenizer, "good bad film", -1);
    rnn_tokenizer_build(tokenizer);
    rnn_csv_t *csv = make_reader((const char *)data, (size_t)(line - data), tokenizer);
    rnn_io_t io;
    rnn_dataset_t *dataset = NULL;
    ALWAYS(rnni_io_open_memory(csv->context, line + 1, size - (size_t)(line + 1 - data), &io) == RNN_OK);
    rnn_status_t status = rnni_csv_load(csv, io, "table.csv", NULL, &dataset);
    ALWAYS((status == RNN_OK) == (dataset != NULL));
    ALWAYS(status == RNN_OK || status == RNN_ERROR_FORMAT || status == RNN_ERROR_DATA ||
           status == RNN_ERROR_RANGE || status == RNN_ERROR_NAME || status == RNN_ERROR_STATE);
    if (dataset) read_samples(dataset);
    *(dataset ? &taken : &refused) += 1;
    rnn_csv_free(csv);
    rnn_dataset_free(dataset);
    rnn_tokenizer_free(tokenizer);
    return 0;
}
