/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/io.h"
#include "core/memory.h"
#include "core/number.h"
#include "data/dataset.h"
#include "text/tokenizer.h"

/* How much of a wrong token or label an error line shows. */
#define SHOWN 40

typedef struct piece {
    const char *text;
    size_t size;
} piece;

/* A file of `label<TAB>...` lines while it is read. */
typedef struct loading {
    rnn_context_t *context;
    const char *path;
    rnni_lines lines;
    const rnn_tokenizer_t *tokenizer; /* NULL: the tokens are ids */
    const rnn_dataset_t *like;        /* NULL, or whose class names are taken */
    rnni_store *store;
    rnni_vocabulary labels;           /* the different labels, tally = as a number */
    int64_t first_name;               /* line of the first label that is no class number; 0: none so far */
    int32_t *ids;
    size_t ids_capacity;
} loading;

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\v' || byte == '\f';
}

static piece trim(piece p)
{
    while (p.size && is_blank(p.text[0])) p.text++, p.size--;
    while (p.size && is_blank(p.text[p.size - 1])) p.size--;
    return p;
}

/* Takes the next token, set apart by white space, off the front of `rest`; false when there is none. */
static bool next_token(piece *rest, piece *token)
{
    size_t at = 0;
    while (at < rest->size && is_blank(rest->text[at])) at++;
    size_t start = at;
    while (at < rest->size && !is_blank(rest->text[at])) at++;
    *token = (piece){ rest->text + start, at - start };
    *rest = (piece){ rest->text + at, rest->size - at };
    return token->size > 0;
}

static int shown(piece p)
{
    return p.size > SHOWN ? SHOWN : (int)p.size;
}

/* The next line, without a byte order mark before the first; RNN_END after the last. */
static rnn_status_t next_line(rnni_lines *lines, piece *line)
{
    char *text = NULL;
    size_t size = 0;
    RNNI_TRY(rnni_lines_next(lines, &text, &size));
    if (lines->number == 1 && size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3, size -= 3;
    *line = (piece){ text, size };
    return RNN_OK;
}

/* ---- labels ---- */

static rnn_status_t split_line(const loading *l, piece line, piece *label, piece *text)
{
    const char *tab = memchr(line.text, '\t', line.size);
    RNNI_REQUIRE(tab, RNN_ERROR_FORMAT, "%s: line %lld has no tab, expected a label, a tab and %s", l->path,
                 (long long)l->lines.number, l->tokenizer ? "a text" : "ids");
    *label = trim((piece){ line.text, (size_t)(tab - line.text) });
    *text = (piece){ tab + 1, line.size - (size_t)(tab - line.text) - 1 };
    RNNI_REQUIRE(label->size > 0, RNN_ERROR_FORMAT, "%s: line %lld has an empty label", l->path,
                 (long long)l->lines.number);
    RNNI_REQUIRE(!memchr(label->text, 0, label->size), RNN_ERROR_FORMAT,
                 "%s: the label of line %lld has a byte of value 0", l->path, (long long)l->lines.number);
    return RNN_OK;
}

static bool is_class_number(piece label, int64_t *number)
{
    return rnni_parse_i64(label.text, label.size, number) && *number >= 0 && *number < INT32_MAX;
}

/* A label's number among the names of `like` if there are any, else among the labels so far. */
static rnn_status_t class_of(loading *l, piece label, int32_t *class)
{
    if (l->like && l->like->store->has_names) {
        int64_t found = rnni_vocabulary_find(&l->like->store->names, label.text, label.size);
        RNNI_REQUIRE(found >= 0, RNN_ERROR_DATA, "%s: line %lld: there is no class named \"%.*s\"", l->path,
                     (long long)l->lines.number, shown(label), label.text);
        *class = (int32_t)found;
        return RNN_OK;
    }
    size_t known = l->labels.count, number = 0;
    RNNI_TRY(rnni_vocabulary_add(&l->labels, label.text, label.size, &number));
    *class = (int32_t)number;
    if (number < known) return RNN_OK;
    int64_t value = 0;
    if (is_class_number(label, &value)) {
        l->labels.words[number].tally = value;
        return RNN_OK;
    }
    RNNI_REQUIRE(!l->like || l->like->store->classes == 0, RNN_ERROR_DATA,
                 "%s: the label of line %lld is \"%.*s\", expected a class number", l->path,
                 (long long)l->lines.number, shown(label), label.text);
    l->first_name = l->lines.number;
    return RNN_OK;
}

/* ---- samples ---- */

static rnn_status_t parse_id(const loading *l, piece token, int32_t *id)
{
    int64_t value = 0;
    bool integer = rnni_parse_i64(token.text, token.size, &value);
    RNNI_REQUIRE(integer && value >= 0, RNN_ERROR_DATA,
                 "%s: line %lld: token \"%.*s\" is not an integer >= 0", l->path, (long long)l->lines.number,
                 shown(token), token.text);
    RNNI_REQUIRE(value <= INT32_MAX, RNN_ERROR_RANGE, "%s: line %lld: token \"%.*s\" is larger than %d",
                 l->path, (long long)l->lines.number, shown(token), token.text, INT32_MAX);
    *id = (int32_t)value;
    return RNN_OK;
}

static rnn_status_t parse_ids(loading *l, piece text, size_t *count)
{
    piece token;
    size_t found = 0;
    for (; next_token(&text, &token); found++) {
        RNNI_TRY(rnni_grow(l->context, (void **)&l->ids, &l->ids_capacity, found + 1, sizeof(*l->ids)));
        RNNI_TRY(parse_id(l, token, &l->ids[found]));
    }
    *count = found;
    return RNN_OK;
}

static rnn_status_t load_line(loading *l, piece line)
{
    piece label = { NULL, 0 }, text = { NULL, 0 };
    RNNI_TRY(split_line(l, line, &label, &text));
    int32_t class = 0;
    RNNI_TRY(class_of(l, label, &class));
    size_t count = 0;
    if (l->tokenizer)
        RNNI_TRY(rnni_tokenizer_encode(l->tokenizer, l->context, text.text, text.size, &l->ids,
                                       &l->ids_capacity, &count));
    else
        RNNI_TRY(parse_ids(l, text, &count));
    rnn_batch_t *data = &l->store->data;
    RNNI_TRY(rnni_column_add_ids(l->context, &data->input[0], RNNI_COLUMN_TOKENS, l->ids, (int64_t)count));
    return rnni_column_add_ids(l->context, &data->target[0], RNNI_COLUMN_CLASS, &class, 1);
}

static rnn_status_t load_lines(loading *l)
{
    RNNI_TRY(rnni_batch_prepare(&l->store->data, 1, 1));
    piece line = { NULL, 0 };
    rnn_status_t status;
    while ((status = next_line(&l->lines, &line)) == RNN_OK)
        if (line.size > 0) RNNI_TRY(load_line(l, line));
    return status == RNN_END ? RNN_OK : status;
}

/* An empty file has the columns too, without samples. */
static rnn_status_t fix_kinds(loading *l)
{
    rnn_batch_t *data = &l->store->data;
    RNNI_TRY(rnni_column_reserve(l->context, &data->input[0], RNNI_COLUMN_TOKENS, 0, 0, 1));
    RNNI_TRY(rnni_column_reserve(l->context, &data->target[0], RNNI_COLUMN_CLASS, 0, 0, 1));
    data->input[0].kind = RNNI_COLUMN_TOKENS;
    data->target[0].kind = RNNI_COLUMN_CLASS;
    data->input[0].width = data->target[0].width = 1;
    return RNN_OK;
}

/* Takes over the names of `like`, or those of the file; or turns labels that are all numbers into these
 * numbers. */
static rnn_status_t settle_classes(loading *l)
{
    rnni_store *store = l->store;
    bool taken = l->like && l->like->store->has_names;
    if (taken || l->first_name) {
        const rnni_vocabulary *from = taken ? &l->like->store->names : &l->labels;
        for (size_t i = 0; i < from->count; i++) {
            size_t number;
            RNNI_TRY(rnni_vocabulary_add(&store->names, from->bytes + from->words[i].offset,
                                         from->words[i].length, &number));
        }
        store->has_names = true;
    } else {
        rnni_column *classes = &store->data.target[0];
        for (int64_t i = 0; i < classes->count; i++)
            classes->ids[i] = (int32_t)l->labels.words[classes->ids[i]].tally;
    }
    rnni_store_settle(store);
    return RNN_OK;
}

static rnn_status_t load(loading *l)
{
    RNNI_TRY(rnni_lines_open(&l->lines, l->context, l->path));
    rnn_status_t status = load_lines(l);
    rnni_lines_close(&l->lines);
    RNNI_TRY(status);
    RNNI_TRY(fix_kinds(l));
    return settle_classes(l);
}

rnn_status_t rnn_dataset_load_text(rnn_context_t *context, const char *path, const rnn_tokenizer_t *tokenizer,
                                   const rnn_dataset_t *like, rnn_dataset_t **dataset)
{
    RNNI_REQUIRE(path && dataset, RNN_ERROR_ARGUMENT, "the %s is NULL",
                 path ? "place for the dataset" : "path");
    RNNI_REQUIRE(!tokenizer || rnn_tokenizer_size(tokenizer) > 0, RNN_ERROR_STATE,
                 "the vocabulary of the tokenizer is not built yet: rnn_tokenizer_build does it");
    rnn_dataset_t *made = rnn_dataset_create(context);
    if (!made) return RNN_ERROR_MEMORY;
    loading l = { .context = made->context, .path = path, .tokenizer = tokenizer, .like = like,
                  .store = made->store };
    rnni_vocabulary_init(&l.labels, l.context);
    rnn_status_t status = load(&l);
    rnni_vocabulary_free(&l.labels);
    rnni_free(l.context, l.ids, l.ids_capacity * sizeof(*l.ids));
    if (status != RNN_OK) {
        rnn_dataset_free(made);
        return status;
    }
    *dataset = made;
    return RNN_OK;
}

/* ---- what kind of file it is ---- */

/* 1 when every token behind the tab is an integer. */
static bool has_ids(piece line)
{
    const char *tab = memchr(line.text, '\t', line.size);
    if (!tab) return false;
    piece rest = { tab + 1, line.size - (size_t)(tab - line.text) - 1 }, token;
    int64_t value;
    while (next_token(&rest, &token))
        if (!rnni_parse_i64(token.text, token.size, &value)) return false;
    return true;
}

int32_t rnn_text_file_has_ids(rnn_context_t *context, const char *path, int64_t lines)
{
    RNNI_REQUIRE(path, RNN_ERROR_ARGUMENT, "the path is NULL");
    RNNI_REQUIRE(lines >= 1, RNN_ERROR_ARGUMENT, "%lld lines to look at, expected 1 or more",
                 (long long)lines);
    rnn_context_t *held = rnni_context_hold(context);
    if (!held) return RNN_ERROR_MEMORY;
    rnni_lines reader;
    rnn_status_t status = rnni_lines_open(&reader, held, path);
    bool all = true;
    if (status == RNN_OK) {
        piece line = { NULL, 0 };
        while (all && reader.number < lines && (status = next_line(&reader, &line)) == RNN_OK)
            if (line.size > 0) all = has_ids(line);
        rnni_lines_close(&reader);
    }
    rnn_context_free(held);
    return status < 0 ? status : all;
}
