/* SPDX-License-Identifier: MIT */
#ifndef RNNI_JSON_H
#define RNNI_JSON_H

#include "core/memory.h"

/* ---- Reading: RFC 8259, strict and bounded ----
 * UTF-8 is checked, the keys of an object must differ, nesting ends at RNNI_JSON_MAX_DEPTH and a number at
 * RNNI_JSON_MAX_NUMBER characters. The zero character (\u0000) is refused, so every string is a C string.
 * Memory: one copy of the text, 16 bytes for each value, 8 for each key while its object is checked for equal
 * ones. A value takes at least two bytes of text. Time: linear but for that check, which sorts. */

#define RNNI_JSON_MAX_DEPTH 64
#define RNNI_JSON_MAX_NUMBER 128
#define RNNI_JSON_MAX_SIZE 268435456 /* bytes of text; `span` counts every value of such a text */

enum { RNNI_JSON_NULL, RNNI_JSON_FALSE, RNNI_JSON_TRUE, RNNI_JSON_NUMBER, RNNI_JSON_STRING, RNNI_JSON_ARRAY,
       RNNI_JSON_OBJECT };

/* Values lie in one array, a container directly before what it holds: object, key, value, key, value ... */
typedef struct rnni_json_value {
    const char *text; /* string: decoded and terminated; number: its characters, not terminated; else NULL */
    uint32_t size;    /* bytes of text; elements of an array; members of an object */
    uint32_t type : 3;
    uint32_t span : 29; /* values from this one to its end: value + span is its next sibling */
} rnni_json_value;

typedef struct rnni_json {
    rnn_context_t *context; /* borrowed */
    rnni_json_value *values;
    size_t capacity;
    char *text; /* copy in which strings are decoded */
    size_t text_size;
} rnni_json;

/* Parses text[0, size). `what` names it in errors ("header of the file"), which are RNN_ERROR_FORMAT and tell
 * the byte; RNN_ERROR_MEMORY. The first value is json->values[0]. Cleared by the caller in any case. */
rnn_status_t rnni_json_parse(rnni_json *json, rnn_context_t *context, const char *text, size_t size,
                             const char *what);
void rnni_json_clear(rnni_json *json);

/* First element of an array or key of an object, and what follows a value; look at `size` for how many there
 * are. A member's value is the next of its key. */
static inline const rnni_json_value *rnni_json_first(const rnni_json_value *container)
{
    return container + 1;
}
static inline const rnni_json_value *rnni_json_next(const rnni_json_value *value)
{
    return value + value->span;
}

/* The member of an object with this key (a linear search), or NULL when there is none or `object` is not an
 * object. */
const rnni_json_value *rnni_json_get(const rnni_json_value *object, const char *key);

/* The value as a C type; false when it is something else. Numbers: an i64 is written as digits alone; a
 * double is any number or one of the strings "nan", "inf", "-inf". */
bool rnni_json_i64(const rnni_json_value *value, int64_t *out);
bool rnni_json_double(const rnni_json_value *value, double *out);
const char *rnni_json_string(const rnni_json_value *value);
bool rnni_json_is(const rnni_json_value *value, int type);

/* True for well-formed UTF-8 without surrogates and overlong forms. */
bool rnni_utf8_valid(const char *text, size_t size);

/* ---- Writing ----
 * Without white space; numbers as the shortest text that gives the same double; only what must be escaped is
 * escaped. Commas come by themselves. The first failure stays in `status` and later calls do nothing, so one
 * look at the end is enough. */
typedef struct rnni_json_writer {
    rnni_buffer *buffer;
    rnn_status_t status;
    bool comma; /* a value stands before the next one */
} rnni_json_writer;

static inline rnni_json_writer rnni_json_write_to(rnni_buffer *buffer)
{
    return (rnni_json_writer){ buffer, RNN_OK, false };
}

void rnni_json_begin_object(rnni_json_writer *writer);
void rnni_json_end_object(rnni_json_writer *writer);
void rnni_json_begin_array(rnni_json_writer *writer);
void rnni_json_end_array(rnni_json_writer *writer);
void rnni_json_write_key(rnni_json_writer *writer, const char *key);
/* Text that is not UTF-8 is RNN_ERROR_DATA. NULL writes null. */
void rnni_json_write_string(rnni_json_writer *writer, const char *text);
void rnni_json_write_i64(rnni_json_writer *writer, int64_t value);
/* NaN and infinities become the strings "nan", "inf", "-inf". */
void rnni_json_write_double(rnni_json_writer *writer, double value);
void rnni_json_write_bool(rnni_json_writer *writer, bool value);
void rnni_json_write_null(rnni_json_writer *writer);

#endif
