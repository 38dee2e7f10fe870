/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "core/io.h"
#include "core/memory.h"
#include "core/number.h"
#include "data/fields.h"

/* A file of `label<TAB>...` lines while it is read. */
typedef struct loading {
    const char *path;
    rnni_lines lines;
    rnni_texts texts;
    rnni_labels labels;
} loading;

/* The next line, without a byte order mark before the first; RNN_END after the last. */
static rnn_status_t next_line(rnni_lines *lines, rnni_piece *line)
{
    char *text = NULL;
    size_t size = 0;
    RNNI_TRY(rnni_lines_next(lines, &text, &size));
    if (lines->number == 1 && size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3, size -= 3;
    *line = (rnni_piece){ text, size };
    return RNN_OK;
}

/* ---- labels ---- */

static rnn_status_t split_line(const loading *l, rnni_piece line, rnni_piece *label, rnni_piece *text)
{
    const char *tab = memchr(line.text, '\t', line.size);
    RNNI_REQUIRE(tab, RNN_ERROR_FORMAT, "%s: line %lld has no tab, expected a label, a tab and %s", l->path,
                 (long long)l->lines.number, l->texts.tokenizer ? "a text" : "ids");
    *label = rnni_trim((rnni_piece){ line.text, (size_t)(tab - line.text) });
    *text = (rnni_piece){ tab + 1, line.size - (size_t)(tab - line.text) - 1 };
    RNNI_REQUIRE(label->size > 0, RNN_ERROR_FORMAT, "%s: line %lld has an empty label", l->path,
                 (long long)l->lines.number);
    return RNN_OK;
}

/* ---- samples ---- */

static rnn_status_t load_line(loading *l, rnni_piece line)
{
    rnni_piece label = { NULL, 0 }, text = { NULL, 0 };
    RNNI_TRY(split_line(l, line, &label, &text));
    rnni_spot spot = { l->path, l->lines.number, NULL };
    int32_t class = 0;
    RNNI_TRY(rnni_labels_add(&l->labels, &spot, label, &class));
    return rnni_texts_add(&l->texts, &spot, text, class);
}

static rnn_status_t load_lines(loading *l)
{
    rnni_piece line = { NULL, 0 };
    rnn_status_t status;
    while ((status = next_line(&l->lines, &line)) == RNN_OK)
        if (line.size > 0) RNNI_TRY(load_line(l, line));
    return status == RNN_END ? RNN_OK : status;
}

static rnn_status_t load(loading *l, rnni_store *store)
{
    RNNI_TRY(rnni_lines_open(&l->lines, store->context, l->path));
    rnn_status_t status = load_lines(l);
    rnni_lines_close(&l->lines);
    RNNI_TRY(status);
    rnni_column *classes = &store->data.target[0];
    RNNI_TRY(rnni_labels_settle(&l->labels, store, classes->ids, classes->count));
    rnni_store_settle(store);
    return RNN_OK;
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
    loading l = { .path = path };
    rnni_labels_begin(&l.labels, made->context, like);
    rnn_status_t status = rnni_texts_begin(&l.texts, made->store, tokenizer);
    if (status == RNN_OK) status = load(&l, made->store);
    rnni_labels_end(&l.labels);
    rnni_texts_end(&l.texts);
    if (status != RNN_OK) {
        rnn_dataset_free(made);
        return status;
    }
    *dataset = made;
    return RNN_OK;
}

/* ---- what kind of file it is ---- */

/* 1 when every token behind the tab is an integer. */
static bool has_ids(rnni_piece line)
{
    const char *tab = memchr(line.text, '\t', line.size);
    if (!tab) return false;
    rnni_piece rest = { tab + 1, line.size - (size_t)(tab - line.text) - 1 }, token;
    int64_t value;
    while (rnni_next_token(&rest, &token))
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
        rnni_piece line = { NULL, 0 };
        while (all && reader.number < lines && (status = next_line(&reader, &line)) == RNN_OK)
            if (line.size > 0) all = has_ids(line);
        rnni_lines_close(&reader);
    }
    rnn_context_free(held);
    return status < 0 ? status : all;
}
