/* SPDX-License-Identifier: MIT */
#ifndef TEXTS_H
#define TEXTS_H

/* The labels and texts of a file as they stand there, for showing them beside a model's answers. What feeds
 * models are the library's own readers, rnn_dataset_load_text and rnn_csv_load: they keep tokens, not
 * texts. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where to find them: lines label<TAB>text, or two columns of a table with a header. */
typedef struct {
    const char *text, *label; /* columns, by name or number; NULL: label<TAB>text */
    int separator;
    int64_t first; /* texts before this one are passed over */
} table_t;

typedef struct {
    FILE *file;
    table_t table;
    char *record; /* of a table: fields, each ended by 0 */
    size_t room;
    int text, label; /* numbers of the columns */
} texts_t;

static int put(texts_t *t, size_t *size, int c)
{
    if (*size == t->room) {
        char *more = realloc(t->record, t->room = t->room * 2 + 256);
        if (!more) return 1;
        t->record = more;
    }
    t->record[(*size)++] = (char)c;
    return 0;
}

/* Reads the next record that is not an empty line, as RFC 4180 has it. Returns the number of its fields, 0 at
 * the end of the file, -1 when memory ran out. */
static int read_record(texts_t *t)
{
    size_t size = 0, start = 0;
    int fields = 0, quoted = 0, c;
    while ((c = getc(t->file)) != EOF) {
        if (quoted && c == '"' && (c = getc(t->file)) != '"') {
            quoted = 0;
            if (c == EOF) break;
        } else if (!quoted && c == '"' && size == start) {
            quoted = 1;
            continue;
        }
        if (quoted || (c != t->table.separator && c != '\n' && c != '\r')) {
            if (put(t, &size, c)) return -1;
        } else if (c == t->table.separator || (c == '\n' && (fields || size))) {
            if (put(t, &size, 0)) return -1;
            start = size;
            fields++;
            if (c == '\n') return fields;
        }
    }
    if (!fields && !size) return 0;
    return put(t, &size, 0) ? -1 : fields + 1;
}

static char *field(const texts_t *t, int number)
{
    char *at = t->record;
    for (; number > 0; number--) at += strlen(at) + 1;
    return at;
}

/* The number of a column: that of its name in the header, or what the name says; -1: there is none. */
static int find_column(const texts_t *t, int fields, const char *name)
{
    char *end;
    for (int i = 0; i < fields; i++)
        if (strcmp(field(t, i), name) == 0) return i;
    long number = strtol(name, &end, 10);
    return end != name && !*end && number >= 0 && number < fields ? (int)number : -1;
}

static void close_texts(texts_t *t)
{
    if (t->file) fclose(t->file);
    free(t->record);
}

/* 0, or 1 when the file or a column is not there. */
static int open_texts(texts_t *t, const char *path, table_t table)
{
    *t = (texts_t) { .file = fopen(path, "r"), .table = table, .text = 1, .label = 0 };
    if (!t->file) return 1;
    if (getc(t->file) != 0xEF || getc(t->file) != 0xBB || getc(t->file) != 0xBF) rewind(t->file);
    if (!table.text) return 0;
    int fields = read_record(t);
    t->text = fields > 0 ? find_column(t, fields, table.text) : -1;
    t->label = fields > 0 ? find_column(t, fields, table.label) : -1;
    if (t->text >= 0 && t->label >= 0) return 0;
    close_texts(t);
    return 1;
}

static int next_of_all(texts_t *t, char **label, char **text)
{
    if (t->table.text) {
        int fields = read_record(t);
        if (fields <= 0) return fields;
        if (t->text >= fields || t->label >= fields) return -1;
        *label = field(t, t->label);
        *text = field(t, t->text);
        return 1;
    }
    while (getline(&t->record, &t->room, t->file) >= 0) {
        char *tab = strchr(t->record, '\t');
        if (!tab) continue; /* an empty line */
        *tab = 0;
        *label = t->record;
        *text = tab + 1;
        return 1;
    }
    return ferror(t->file) ? -1 : 0;
}

/* The next label and text, both valid until the next call: 1, or 0 at the end, or -1 on failure. */
static int next_text(texts_t *t, char **label, char **text)
{
    int more = 1;
    for (; more > 0 && t->table.first > 0; t->table.first--) more = next_of_all(t, label, text);
    return more > 0 ? next_of_all(t, label, text) : more;
}

#endif
