/* SPDX-License-Identifier: MIT */
#include "serial/json.h"
#include "core/error.h"
#include "core/number.h"
#include "serial/sort.h"

#include <math.h>

/* ---- UTF-8 ---- */

/* Bytes of the character at p, of which `left` >= 1 are there; 0 when it is malformed. */
static size_t character_size(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80) return 1;
    size_t size = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || size > left) return 0;
    for (size_t i = 1; i < size; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    if (p[0] == 0xE0 && p[1] < 0xA0) return 0; /* overlong */
    if (p[0] == 0xED && p[1] > 0x9F) return 0; /* a surrogate */
    if (p[0] == 0xF0 && p[1] < 0x90) return 0; /* overlong */
    if (p[0] == 0xF4 && p[1] > 0x8F) return 0; /* beyond U+10FFFF */
    return size;
}

bool rnni_utf8_valid(const char *text, size_t size)
{
    for (size_t at = 0, step; at < size; at += step) {
        step = character_size((const unsigned char *)text + at, size - at);
        if (step == 0) return false;
    }
    return true;
}

static size_t encode_character(uint32_t code, char *out)
{
    static const unsigned char leads[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size; i-- > 1; code >>= 6) out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(leads[size] | code);
    return size;
}

/* ---- Reading ---- */

typedef struct {
    rnni_json *json;
    const char *what;
    char *at, *end; /* *end is 0, so that one character may be looked at anywhere */
    size_t count;   /* values so far */
    rnni_json_value *open[RNNI_JSON_MAX_DEPTH];
    int depth;
} parser;

static rnn_status_t expected(const parser *p, const char *wanted)
{
    return rnni_fail(RNN_ERROR_FORMAT, "%s: not JSON at byte %zu: expected %s", p->what,
                     (size_t)(p->at - p->json->text), wanted);
}

static void skip_space(parser *p)
{
    while (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t') p->at++;
}

static rnn_status_t add_value(parser *p, int type, rnni_json_value **out)
{
    if (p->count == p->json->capacity) return expected(p, "fewer values");
    *out = &p->json->values[p->count++];
    **out = (rnni_json_value){ .type = (uint32_t)type & 7, .span = 1 };
    return RNN_OK;
}

/* The four digits behind "\u"; false when they are not there. */
static bool read_hex(parser *p, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        char c = *p->at;
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'f';
        int digit = letter ? (c | 32) - 'a' + 10 : c >= '0' && c <= '9' ? c - '0' : -1;
        if (digit < 0) return false;
        *code = *code << 4 | (uint32_t)digit;
    }
    return true;
}

/* p->at stands behind "\u". */
static rnn_status_t read_unicode(parser *p, uint32_t *code)
{
    if (!read_hex(p, code)) return expected(p, "four hexadecimal digits");
    if (*code == 0) return expected(p, "a character other than zero");
    if (*code < 0xD800 || *code > 0xDFFF) return RNN_OK;
    uint32_t low = 0;
    bool pair = *code < 0xDC00 && p->at[0] == '\\' && p->at[1] == 'u';
    if (pair) {
        p->at += 2;
        pair = read_hex(p, &low) && low >= 0xDC00 && low <= 0xDFFF;
    }
    if (!pair) return expected(p, "the second half of a surrogate pair");
    *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    return RNN_OK;
}

/* p->at stands on the backslash. An escape is never shorter than what it stands for. */
static rnn_status_t read_escape(parser *p, char **out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    p->at++;
    const char *known = *p->at ? strchr(names, *p->at) : NULL;
    if (known) {
        *(*out)++ = values[known - names];
        p->at++;
        return RNN_OK;
    }
    if (*p->at != 'u') return expected(p, "one of \"\\/bfnrtu after a backslash");
    uint32_t code;
    p->at++;
    RNNI_TRY(read_unicode(p, &code));
    *out += encode_character(code, *out);
    return RNN_OK;
}

/* p->at stands on the opening quote. The text is decoded where it is. */
static rnn_status_t read_string(parser *p)
{
    rnni_json_value *value = NULL;
    RNNI_TRY(add_value(p, RNNI_JSON_STRING, &value));
    char *out = ++p->at;
    value->text = out;
    while (*p->at != '"') {
        if (*p->at == '\\') {
            RNNI_TRY(read_escape(p, &out));
            continue;
        }
        if ((unsigned char)*p->at < 0x20)
            return expected(p, "a string without control characters, and its end");
        size_t size = character_size((unsigned char *)p->at, (size_t)(p->end - p->at));
        if (size == 0) return expected(p, "UTF-8");
        memmove(out, p->at, size);
        out += size;
        p->at += size;
    }
    p->at++;
    *out = 0;
    value->size = (uint32_t)(out - value->text);
    return RNN_OK;
}

static bool skip_digits(parser *p)
{
    const char *start = p->at;
    while (*p->at >= '0' && *p->at <= '9') p->at++;
    return p->at > start;
}

static rnn_status_t read_number(parser *p)
{
    rnni_json_value *value = NULL;
    RNNI_TRY(add_value(p, RNNI_JSON_NUMBER, &value));
    value->text = p->at;
    if (*p->at == '-') p->at++;
    if (*p->at == '0')
        p->at++;
    else if (!skip_digits(p))
        return expected(p, "a value");
    if (*p->at == '.') {
        p->at++;
        if (!skip_digits(p)) return expected(p, "a digit");
    }
    if ((*p->at | 32) == 'e') {
        p->at++;
        if (*p->at == '+' || *p->at == '-') p->at++;
        if (!skip_digits(p)) return expected(p, "a digit");
    }
    if (p->at - value->text > RNNI_JSON_MAX_NUMBER) return expected(p, "a shorter number");
    value->size = (uint32_t)(p->at - value->text);
    return RNN_OK;
}

static rnn_status_t read_word(parser *p)
{
    static const struct {
        const char *text;
        int type;
    } words[] = { { "null", RNNI_JSON_NULL }, { "false", RNNI_JSON_FALSE }, { "true", RNNI_JSON_TRUE } };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t size = strlen(words[i].text);
        if (strncmp(p->at, words[i].text, size) != 0) continue;
        rnni_json_value *value;
        p->at += size;
        return add_value(p, words[i].type, &value);
    }
    return read_number(p);
}

static rnn_status_t read_key(parser *p)
{
    skip_space(p);
    if (*p->at != '"') return expected(p, "a key in quotes");
    RNNI_TRY(read_string(p));
    skip_space(p);
    if (*p->at != ':') return expected(p, "a colon");
    p->at++;
    return RNN_OK;
}

static int compare_texts(const rnni_json_value *a, const rnni_json_value *b)
{
    uint32_t size = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->text, b->text, size);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

static int compare_keys(const void *a, const void *b)
{
    return compare_texts(a, b);
}

static rnn_status_t same_key(const parser *p, const rnni_json_value *key)
{
    return rnni_fail(RNN_ERROR_FORMAT, "%s: the key \"%.100s\" comes twice in one JSON object", p->what,
                     key->text);
}

static const rnni_json_value *next_key(const rnni_json_value *key)
{
    return rnni_json_next(rnni_json_next(key));
}

/* A few keys are compared with each other, many are sorted. */
static rnn_status_t check_few_keys(const parser *p, const rnni_json_value *object)
{
    const rnni_json_value *key = rnni_json_first(object);
    for (uint32_t i = 0; i < object->size; i++, key = next_key(key)) {
        const rnni_json_value *other = rnni_json_first(object);
        for (; other != key; other = next_key(other))
            if (compare_texts(key, other) == 0) return same_key(p, key);
    }
    return RNN_OK;
}

static rnn_status_t check_many_keys(const parser *p, const rnni_json_value *object)
{
    size_t count = object->size;
    const void **keys = rnni_alloc_array(p->json->context, count, sizeof(*keys));
    if (!keys) return RNN_ERROR_MEMORY;
    const rnni_json_value *key = rnni_json_first(object), *twice = NULL;
    for (size_t i = 0; i < count; i++, key = next_key(key)) keys[i] = key;
    rnni_sort(keys, count, compare_keys);
    for (size_t i = 1; i < count && !twice; i++)
        if (compare_keys(keys[i - 1], keys[i]) == 0) twice = keys[i];
    rnni_free(p->json->context, keys, count * sizeof(*keys));
    return twice ? same_key(p, twice) : RNN_OK;
}

/* p->at stands on the bracket that closes the innermost container. */
static rnn_status_t close_container(parser *p)
{
    rnni_json_value *container = p->open[--p->depth];
    p->at++;
    container->span = (uint32_t)(&p->json->values[p->count] - container) & 0x1FFFFFFF;
    if (container->type != RNNI_JSON_OBJECT) return RNN_OK;
    return container->size <= 16 ? check_few_keys(p, container) : check_many_keys(p, container);
}

/* Opens the container at p->at; an empty one is closed again, and *complete is set. */
static rnn_status_t open_container(parser *p, bool *complete)
{
    bool object = *p->at == '{';
    if (p->depth == RNNI_JSON_MAX_DEPTH) return expected(p, "less deep nesting");
    RNNI_TRY(add_value(p, object ? RNNI_JSON_OBJECT : RNNI_JSON_ARRAY, &p->open[p->depth]));
    p->depth++;
    p->at++;
    skip_space(p);
    *complete = *p->at == (object ? '}' : ']');
    if (*complete) return close_container(p);
    return object ? read_key(p) : RNN_OK;
}

/* One value; of a container that is not empty only its opening. */
static rnn_status_t read_value(parser *p, bool *complete)
{
    *complete = true;
    skip_space(p);
    if (p->depth) p->open[p->depth - 1]->size++;
    if (*p->at == '{' || *p->at == '[') return open_container(p, complete);
    return *p->at == '"' ? read_string(p) : read_word(p);
}

/* What may stand behind a value: brackets, then a comma or the end. */
static rnn_status_t read_behind(parser *p, bool *ended)
{
    for (;;) {
        skip_space(p);
        *ended = p->depth == 0;
        if (*ended) return p->at == p->end ? RNN_OK : expected(p, "the end of the text");
        bool object = p->open[p->depth - 1]->type == RNNI_JSON_OBJECT;
        if (*p->at == ',') {
            p->at++;
            return object ? read_key(p) : RNN_OK;
        }
        if (*p->at != (object ? '}' : ']')) return expected(p, object ? "a comma or }" : "a comma or ]");
        RNNI_TRY(close_container(p));
    }
}

/* Each value stands at the beginning or behind one of [ { , : outside strings; and a whole text of n values
 * has 2 n - 1 bytes at least, to which a broken one may add containers that nothing closes. */
static size_t most_values(const char *text, size_t size)
{
    size_t count = 1;
    bool inside = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '"') inside = !inside;
        if (inside && c == '\\') i++;
        if (!inside && (c == '[' || c == '{' || c == ',' || c == ':')) count++;
    }
    size_t limit = size / 2 + 1 + RNNI_JSON_MAX_DEPTH;
    return count < limit ? count : limit;
}

static rnn_status_t make_room(rnni_json *json, const char *text, size_t size)
{
    json->text = rnni_alloc(json->context, size + 1);
    if (!json->text) return RNN_ERROR_MEMORY;
    json->text_size = size + 1;
    memcpy(json->text, text, size);
    size_t count = most_values(text, size);
    json->values = rnni_alloc_array(json->context, count, sizeof(*json->values));
    if (!json->values) return RNN_ERROR_MEMORY;
    json->capacity = count;
    return RNN_OK;
}

rnn_status_t rnni_json_parse(rnni_json *json, rnn_context_t *context, const char *text, size_t size,
                             const char *what)
{
    *json = (rnni_json){ .context = context };
    RNNI_REQUIRE(size <= RNNI_JSON_MAX_SIZE, RNN_ERROR_FORMAT, "%s: JSON of %zu bytes, expected at most %d",
                 what, size, RNNI_JSON_MAX_SIZE);
    RNNI_TRY(make_room(json, text, size));
    parser p = { .json = json, .what = what, .at = json->text, .end = json->text + size };
    for (bool ended = false; !ended;) {
        bool complete;
        RNNI_TRY(read_value(&p, &complete));
        if (complete) RNNI_TRY(read_behind(&p, &ended));
    }
    return RNN_OK;
}

void rnni_json_clear(rnni_json *json)
{
    rnni_free(json->context, json->values, json->capacity * sizeof(*json->values));
    rnni_free(json->context, json->text, json->text_size);
    *json = (rnni_json){ .context = json->context };
}

bool rnni_json_is(const rnni_json_value *value, int type)
{
    return value && (int)value->type == type;
}

const rnni_json_value *rnni_json_get(const rnni_json_value *object, const char *key)
{
    if (!rnni_json_is(object, RNNI_JSON_OBJECT)) return NULL;
    size_t size = strlen(key);
    const rnni_json_value *at = rnni_json_first(object);
    for (uint32_t i = 0; i < object->size; i++, at = next_key(at))
        if (at->size == size && memcmp(at->text, key, size) == 0) return rnni_json_next(at);
    return NULL;
}

bool rnni_json_i64(const rnni_json_value *value, int64_t *out)
{
    return rnni_json_is(value, RNNI_JSON_NUMBER) && rnni_parse_i64(value->text, value->size, out);
}

bool rnni_json_double(const rnni_json_value *value, double *out)
{
    if (rnni_json_is(value, RNNI_JSON_NUMBER)) return rnni_parse_double(value->text, value->size, out);
    const char *text = rnni_json_string(value);
    if (!text) return false;
    bool named = strcmp(text, "nan") == 0 || strcmp(text, "inf") == 0 || strcmp(text, "-inf") == 0;
    return named && rnni_parse_double(text, value->size, out);
}

const char *rnni_json_string(const rnni_json_value *value)
{
    return rnni_json_is(value, RNNI_JSON_STRING) ? value->text : NULL;
}

/* ---- Writing ---- */

static void put(rnni_json_writer *writer, const char *text, size_t size)
{
    if (writer->status == RNN_OK) writer->status = rnni_buffer_add(writer->buffer, text, size);
}

/* Before each value and key. */
static void put_comma(rnni_json_writer *writer)
{
    if (writer->comma) put(writer, ",", 1);
    writer->comma = true;
}

static void put_bracket(rnni_json_writer *writer, const char *bracket, bool opens)
{
    if (opens) put_comma(writer);
    put(writer, bracket, 1);
    writer->comma = !opens;
}

void rnni_json_begin_object(rnni_json_writer *writer)
{
    put_bracket(writer, "{", true);
}

void rnni_json_end_object(rnni_json_writer *writer)
{
    put_bracket(writer, "}", false);
}

void rnni_json_begin_array(rnni_json_writer *writer)
{
    put_bracket(writer, "[", true);
}

void rnni_json_end_array(rnni_json_writer *writer)
{
    put_bracket(writer, "]", false);
}

static void put_escape(rnni_json_writer *writer, unsigned char c)
{
    static const char hex[] = "0123456789abcdef", values[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    const char *known = strchr(values, c);
    char text[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
    if (known) text[1] = names[known - values];
    put(writer, text, known ? 2 : 6);
}

static void put_quoted(rnni_json_writer *writer, const char *text)
{
    size_t size = strlen(text), start = 0;
    if (writer->status == RNN_OK && !rnni_utf8_valid(text, size))
        writer->status = rnni_fail(RNN_ERROR_DATA, "the text \"%.60s\" is not UTF-8", text);
    put(writer, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        put(writer, text + start, i - start);
        put_escape(writer, c);
        start = i + 1;
    }
    put(writer, text + start, size - start);
    put(writer, "\"", 1);
}

void rnni_json_write_key(rnni_json_writer *writer, const char *key)
{
    put_comma(writer);
    put_quoted(writer, key);
    put(writer, ":", 1);
    writer->comma = false;
}

void rnni_json_write_string(rnni_json_writer *writer, const char *text)
{
    put_comma(writer);
    if (text)
        put_quoted(writer, text);
    else
        put(writer, "null", 4);
}

void rnni_json_write_i64(rnni_json_writer *writer, int64_t value)
{
    put_comma(writer);
    if (writer->status == RNN_OK)
        writer->status = rnni_buffer_printf(writer->buffer, "%lld", (long long)value);
}

void rnni_json_write_double(rnni_json_writer *writer, double value)
{
    char text[RNNI_NUMBER_SIZE];
    size_t size = rnni_print_double(value, text);
    if (!isfinite(value)) {
        rnni_json_write_string(writer, text);
        return;
    }
    put_comma(writer);
    put(writer, text, size);
}

void rnni_json_write_bool(rnni_json_writer *writer, bool value)
{
    put_comma(writer);
    put(writer, value ? "true" : "false", value ? 4 : 5);
}

void rnni_json_write_null(rnni_json_writer *writer)
{
    rnni_json_write_string(writer, NULL);
}
