/* SPDX-License-Identifier: MIT */
#ifndef RNNI_CSV_READER_H
#define RNNI_CSV_READER_H

#include "core/io.h"
#include "data/fields.h"

/* Records of separated values (RFC 4180), one at a time, from a stream of any size in bounded memory. Lines
 * end with "\n" or "\r\n"; empty lines are skipped, as is a byte order mark at the front. A quote inside a
 * field that does not begin with one is a character like any other. */
typedef struct rnni_csv_reader {
    rnn_context_t *context;
    rnn_io_t io;
    const char *path;      /* names the file in error lines; borrowed */
    char separator, quote; /* quote 0: there are none */
    size_t chunk;          /* bytes asked for at once */

    char *data; /* bytes of the file from `offset` on: [start, end) are still to be read */
    size_t capacity, start, end;
    int64_t offset, next_line;
    bool ended;

    char *text; /* the fields of the record, each terminated */
    size_t text_capacity, text_used;
    rnni_piece *fields; /* [count], into `text` */
    size_t fields_capacity, count;
    int64_t line, position; /* of the record: its first line, 0 when not known; its first byte */
} rnni_csv_reader;

/* Takes over `io`, also on failure. */
void rnni_csv_open(rnni_csv_reader *reader, rnn_context_t *context, rnn_io_t io, const char *path,
                   char separator, char quote);
void rnni_csv_close(rnni_csv_reader *reader);
/* The next record; RNN_END after the last. The fields live until the next call. */
rnn_status_t rnni_csv_next(rnni_csv_reader *reader);
/* The next record is the one at `position`, a record's first byte. */
rnn_status_t rnni_csv_seek(rnni_csv_reader *reader, int64_t position);

#endif
