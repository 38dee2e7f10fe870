/* SPDX-License-Identifier: MIT */
#include "data/fields.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"
#include "text/tokenizer.h"

#include <stdarg.h>
#include <stdio.h>

#define SHOWN 40
#define REASON 320

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n' || byte == '\v' || byte == '\f';
}

rnni_piece rnni_trim(rnni_piece p)
{
    while (p.size && is_blank(p.text[0])) p.text++, p.size--;
    while (p.size && is_blank(p.text[p.size - 1])) p.size--;
    return p;
}

bool rnni_next_token(rnni_piece *rest, rnni_piece *token)
{
    size_t at = 0;
    while (at < rest->size && is_blank(rest->text[at])) at++;
    size_t start = at;
    while (at < rest->size && !is_blank(rest->text[at])) at++;
    *token = (rnni_piece){ rest->text + start, at - start };
    *rest = (rnni_piece){ rest->text + at, rest->size - at };
    return token->size > 0;
}

int rnni_shown(rnni_piece piece) { return piece.size > SHOWN ? SHOWN : (int)piece.size; }

rnn_status_t rnni_fail_at(const rnni_spot *spot, rnn_status_t status, const char *format, ...)
{
    char reason[REASON], line[32] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    if (spot->line > 0) snprintf(line, sizeof(line), ": line %lld", (long long)spot->line);
    if (!spot->column) return rnni_fail(status, "%s%s: %s", spot->path, line, reason);
    return rnni_fail(status, "%s%s%s column \"%.60s\": %s", spot->path, line, spot->line > 0 ? "," : ":",
                     spot->column, reason);
}

/* ---- ids ---- */

static rnn_status_t parse_id(const rnni_spot *spot, rnni_piece token, int32_t *id)
{
    int64_t value = 0;
    if (!rnni_parse_i64(token.text, token.size, &value) || value < 0)
        return rnni_fail_at(spot, RNN_ERROR_DATA, "token \"%.*s\" is not an integer >= 0", rnni_shown(token),
                            token.text);
    if (value > INT32_MAX)
        return rnni_fail_at(spot, RNN_ERROR_RANGE, "token \"%.*s\" is larger than %d", rnni_shown(token),
                            token.text, INT32_MAX);
    *id = (int32_t)value;
    return RNN_OK;
}

rnn_status_t rnni_parse_ids(rnn_context_t *context, const rnni_spot *spot, rnni_piece text, int32_t **ids,
                            size_t *capacity, size_t *count)
{
    rnni_piece token;
    size_t found = 0;
    for (; rnni_next_token(&text, &token); found++) {
        RNNI_TRY(rnni_grow(context, (void **)ids, capacity, found + 1, sizeof(**ids)));
        RNNI_TRY(parse_id(spot, token, &(*ids)[found]));
    }
    *count = found;
    return RNN_OK;
}

/* ---- labels ---- */

void rnni_labels_begin(rnni_labels *labels, rnn_context_t *context, const rnn_dataset_t *like)
{
    labels->like = like;
    labels->named = false;
    rnni_vocabulary_init(&labels->seen, context);
}

void rnni_labels_end(rnni_labels *labels) { rnni_vocabulary_free(&labels->seen); }

static bool is_class_number(rnni_piece label, int64_t *number)
{
    return rnni_parse_i64(label.text, label.size, number) && *number >= 0 && *number < INT32_MAX;
}

static bool has_known_names(const rnni_labels *labels)
{
    return labels->like && labels->like->store->has_names;
}

rnn_status_t rnni_labels_add(rnni_labels *labels, const rnni_spot *spot, rnni_piece label, int32_t *number)
{
    if (label.size && memchr(label.text, 0, label.size))
        return rnni_fail_at(spot, RNN_ERROR_FORMAT, "the label has a byte of value 0");
    if (has_known_names(labels)) {
        int64_t found = rnni_vocabulary_find(&labels->like->store->names, label.text, label.size);
        if (found < 0)
            return rnni_fail_at(spot, RNN_ERROR_DATA, "there is no class named \"%.*s\"", rnni_shown(label),
                                label.text);
        *number = (int32_t)found;
        return RNN_OK;
    }
    size_t known = labels->seen.count, at = 0;
    RNNI_TRY(rnni_vocabulary_add(&labels->seen, label.text, label.size, &at));
    *number = (int32_t)at;
    int64_t value = 0;
    if (at < known) return RNN_OK;
    if (is_class_number(label, &value)) {
        labels->seen.words[at].tally = value;
        return RNN_OK;
    }
    if (labels->like && labels->like->store->classes > 0)
        return rnni_fail_at(spot, RNN_ERROR_DATA, "the label is \"%.*s\", expected a class number",
                            rnni_shown(label), label.text);
    labels->named = true;
    return RNN_OK;
}

rnn_status_t rnni_labels_settle(const rnni_labels *labels, rnni_store *store, int32_t *numbers, int64_t count)
{
    bool taken = has_known_names(labels);
    if (!taken && !labels->named) {
        for (int64_t i = 0; i < count; i++)
            if (numbers[i] >= 0) numbers[i] = (int32_t)labels->seen.words[numbers[i]].tally;
        return RNN_OK;
    }
    const rnni_vocabulary *from = taken ? &labels->like->store->names : &labels->seen;
    for (size_t i = 0; i < from->count; i++) {
        size_t number;
        RNNI_TRY(rnni_vocabulary_add(&store->names, from->bytes + from->words[i].offset,
                                     from->words[i].length, &number));
    }
    store->has_names = true;
    return RNN_OK;
}

int32_t rnni_labels_find(const rnni_store *store, rnni_piece label)
{
    int64_t number = -1;
    if (store->has_names) return (int32_t)rnni_vocabulary_find(&store->names, label.text, label.size);
    return is_class_number(label, &number) ? (int32_t)number : -1;
}

/* ---- texts ---- */

rnn_status_t rnni_texts_begin(rnni_texts *texts, rnni_store *store, const rnn_tokenizer_t *tokenizer)
{
    rnn_batch_t *data = &store->data;
    *texts = (rnni_texts){ .context = store->context, .tokenizer = tokenizer, .store = store };
    RNNI_TRY(rnni_batch_prepare(data, 1, 1));
    RNNI_TRY(rnni_column_reserve(texts->context, &data->input[0], RNNI_COLUMN_TOKENS, 0, 0, 1));
    RNNI_TRY(rnni_column_reserve(texts->context, &data->target[0], RNNI_COLUMN_CLASS, 0, 0, 1));
    data->input[0].kind = RNNI_COLUMN_TOKENS;
    data->target[0].kind = RNNI_COLUMN_CLASS;
    data->input[0].width = data->target[0].width = 1;
    return RNN_OK;
}

rnn_status_t rnni_texts_add(rnni_texts *t, const rnni_spot *spot, rnni_piece text, int32_t class)
{
    size_t count = 0;
    if (t->tokenizer)
        RNNI_TRY(rnni_tokenizer_encode(t->tokenizer, t->context, text.text, text.size, &t->ids, &t->capacity,
                                       &count));
    else RNNI_TRY(rnni_parse_ids(t->context, spot, text, &t->ids, &t->capacity, &count));
    rnn_batch_t *data = &t->store->data;
    RNNI_TRY(rnni_column_add_ids(t->context, &data->input[0], RNNI_COLUMN_TOKENS, t->ids, (int64_t)count));
    return rnni_column_add_ids(t->context, &data->target[0], RNNI_COLUMN_CLASS, &class, 1);
}

void rnni_texts_end(rnni_texts *t) { rnni_free(t->context, t->ids, t->capacity * sizeof(*t->ids)); }
