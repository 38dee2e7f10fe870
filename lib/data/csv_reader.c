/* SPDX-License-Identifier: MIT */
#include "data/csv_reader.h"
#include "core/error.h"
#include "core/memory.h"

#define CHUNK ((size_t)64 << 10)
#define MAX_RECORD ((size_t)64 << 20)
#define MAX_FIELDS ((size_t)65536)

void rnni_csv_open(rnni_csv_reader *reader, rnn_context_t *context, rnn_io_t io, const char *path,
                   char separator, char quote)
{
    memset(reader, 0, sizeof(*reader));
    reader->context = context;
    reader->io = io;
    reader->path = path;
    reader->separator = separator;
    reader->quote = quote;
    reader->chunk = CHUNK;
    reader->next_line = 1;
}

void rnni_csv_close(rnni_csv_reader *reader)
{
    rnni_free(reader->context, reader->data, reader->capacity);
    rnni_free(reader->context, reader->text, reader->text_capacity);
    rnni_free(reader->context, reader->fields, reader->fields_capacity * sizeof(*reader->fields));
    reader->data = reader->text = NULL;
    reader->fields = NULL;
    rnni_io_close(&reader->io);
}

static rnn_status_t fail(const rnni_csv_reader *reader, rnn_status_t status, const char *what)
{
    rnni_spot spot = { reader->path, reader->line, NULL };
    return rnni_fail_at(&spot, status, "%s", what);
}

/* ---- bytes ---- */

/* More bytes behind those that are there; those before `start` go. At the end of the file `ended`. */
static rnn_status_t refill(rnni_csv_reader *r)
{
    if (r->start > 0) {
        memmove(r->data, r->data + r->start, r->end - r->start);
        r->offset += (int64_t)r->start;
        r->end -= r->start;
        r->start = 0;
    }
    if (r->end > MAX_RECORD) return fail(r, RNN_ERROR_FORMAT, "the record is longer than 64 MiB");
    if (r->capacity - r->end < r->chunk)
        RNNI_TRY(rnni_grow(r->context, (void **)&r->data, &r->capacity, r->end + r->chunk, 1));
    /* A field needs no more bytes than it has in the file, with a 0 in place of what follows it. */
    RNNI_TRY(rnni_grow(r->context, (void **)&r->text, &r->text_capacity, r->capacity + 1, 1));
    int64_t got = r->io.read(r->data + r->end, (int64_t)r->chunk, r->io.user);
    if (got < 0 || (size_t)got > r->chunk) return rnni_fail(RNN_ERROR_IO, "reading %s failed", r->path);
    r->ended = got == 0;
    r->end += (size_t)got;
    return RNN_OK;
}

/* The byte `at` bytes behind the record's first, or -1 at the end of the file. */
static rnn_status_t peek(rnni_csv_reader *r, size_t at, int *byte)
{
    while (r->start + at >= r->end && !r->ended) RNNI_TRY(refill(r));
    *byte = r->start + at < r->end ? (unsigned char)r->data[r->start + at] : -1;
    return RNN_OK;
}

/* ---- fields ---- */

/* A record while it is read: `at` bytes of it are taken. */
typedef struct taking {
    size_t at;
    int64_t lines;
    int byte; /* the one at `at`, -1 at the end of the file */
    bool quoted;
} taking;

static rnn_status_t step(rnni_csv_reader *r, taking *t) { return peek(r, ++t->at, &t->byte); }

static void put(rnni_csv_reader *r, int byte) { r->text[r->text_used++] = (char)byte; }

static rnn_status_t ends_line(rnni_csv_reader *r, const taking *t, bool *ends)
{
    *ends = t->byte < 0 || t->byte == '\n';
    if (t->byte != '\r') return RNN_OK;
    int next = 0;
    RNNI_TRY(peek(r, t->at + 1, &next));
    *ends = next == '\n';
    return RNN_OK;
}

/* What stands between quotes; the position is on the first of them. */
static rnn_status_t take_quoted(rnni_csv_reader *r, taking *t)
{
    rnni_spot opened = { r->path, r->line > 0 ? r->line + t->lines : 0, NULL };
    unsigned char quote = (unsigned char)r->quote;
    t->quoted = true;
    RNNI_TRY(step(r, t));
    for (;;) {
        if (t->byte < 0)
            return rnni_fail_at(&opened, RNN_ERROR_FORMAT, "the quote that opens column %zu is never closed",
                                r->count + 1);
        if (t->byte == quote) {
            RNNI_TRY(step(r, t));
            if (t->byte != quote) return RNN_OK;
        }
        if (t->byte == '\n') t->lines++;
        put(r, t->byte);
        RNNI_TRY(step(r, t));
    }
}

static rnn_status_t take_plain(rnni_csv_reader *r, taking *t)
{
    bool ends = false;
    for (;;) {
        if (t->byte == (unsigned char)r->separator) return RNN_OK;
        RNNI_TRY(ends_line(r, t, &ends));
        if (ends) return RNN_OK;
        put(r, t->byte);
        RNNI_TRY(step(r, t));
    }
}

/* One field; its bytes begin at `size` 0 of a piece that holds its place in `text` until all are there. */
static rnn_status_t take_field(rnni_csv_reader *r, taking *t, bool *last)
{
    if (r->count == MAX_FIELDS) return fail(r, RNN_ERROR_FORMAT, "the record has more than 65536 columns");
    RNNI_TRY(
        rnni_grow(r->context, (void **)&r->fields, &r->fields_capacity, r->count + 1, sizeof(*r->fields)));
    size_t first = r->text_used;
    if (r->quote && t->byte == (unsigned char)r->quote) RNNI_TRY(take_quoted(r, t));
    else RNNI_TRY(take_plain(r, t));
    RNNI_TRY(ends_line(r, t, last));
    rnni_spot spot = { r->path, r->line > 0 ? r->line + t->lines : 0, NULL };
    if (!*last && t->byte != (unsigned char)r->separator)
        return rnni_fail_at(&spot, RNN_ERROR_FORMAT, "column %zu has text behind its closing quote",
                            r->count + 1);
    r->fields[r->count++] = (rnni_piece){ NULL, r->text_used - first };
    put(r, 0);
    return RNN_OK;
}

/* `text` has stopped moving: the fields lie in it one behind another. */
static void point_fields(rnni_csv_reader *r)
{
    const char *text = r->text;
    for (size_t i = 0; i < r->count; i++) {
        r->fields[i].text = text;
        text += r->fields[i].size + 1;
    }
}

static rnn_status_t take_record(rnni_csv_reader *r, taking *t)
{
    bool last = false;
    for (;;) {
        RNNI_TRY(take_field(r, t, &last));
        if (last) break;
        RNNI_TRY(step(r, t));
    }
    point_fields(r);
    if (t->byte >= 0) t->at += t->byte == '\r' ? 2 : 1;
    if (t->byte >= 0) t->lines++;
    r->start += t->at;
    if (r->next_line > 0) r->next_line += t->lines;
    return RNN_OK;
}

static rnn_status_t skip_mark(rnni_csv_reader *r)
{
    static const unsigned char mark[3] = { 0xEF, 0xBB, 0xBF };
    int byte = 0;
    for (size_t i = 0; i < sizeof(mark); i++) {
        RNNI_TRY(peek(r, i, &byte));
        if (byte != mark[i]) return RNN_OK;
    }
    r->start += sizeof(mark);
    return RNN_OK;
}

rnn_status_t rnni_csv_next(rnni_csv_reader *r)
{
    for (;;) {
        taking t = { 0 };
        r->count = r->text_used = 0;
        r->line = r->next_line;
        if (r->offset == 0 && r->start == 0) RNNI_TRY(skip_mark(r));
        RNNI_TRY(peek(r, 0, &t.byte));
        if (t.byte < 0) return RNN_END;
        r->position = r->offset + (int64_t)r->start;
        RNNI_TRY(take_record(r, &t));
        bool empty = r->count == 1 && r->fields[0].size == 0 && !t.quoted;
        if (!empty) return RNN_OK;
    }
}

rnn_status_t rnni_csv_seek(rnni_csv_reader *r, int64_t position)
{
    r->next_line = 0;
    if (position >= r->offset && position <= r->offset + (int64_t)r->end) {
        r->start = (size_t)(position - r->offset);
        return RNN_OK;
    }
    if (!r->io.seek || r->io.seek(position, 0, r->io.user) != position)
        return rnni_fail(RNN_ERROR_IO, "%s cannot be read at byte %lld", r->path, (long long)position);
    r->offset = position;
    r->start = r->end = 0;
    r->ended = false;
    return RNN_OK;
}
