/* SPDX-License-Identifier: MIT */
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_SIZE 512

static _Thread_local char message[MESSAGE_SIZE];

static const struct {
    rnn_status_t number;
    const char *name, *text;
} statuses[] = {
#define STATUS_ROW(name, number, text) { number, #name, text },
    RNN_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

enum { STATUS_COUNT = sizeof(statuses) / sizeof(statuses[0]) };

const char *rnn_status_name(rnn_status_t status)
{
    for (int i = 0; i < STATUS_COUNT; i++)
        if (statuses[i].number == status) return statuses[i].name;
    return "RNN_?";
}

const char *rnn_status_text(rnn_status_t status)
{
    for (int i = 0; i < STATUS_COUNT; i++)
        if (statuses[i].number == status) return statuses[i].text;
    return "not a status of this library";
}

/* The length of `text` without a UTF-8 character at its end that was cut in two. */
static size_t whole_characters(const char *text, size_t length)
{
    size_t tail = 0;
    while (tail < 3 && tail < length && ((unsigned char)text[length - 1 - tail] & 0xC0) == 0x80) tail++;
    if (tail == length) return length;
    unsigned char lead = (unsigned char)text[length - 1 - tail];
    size_t wanted = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    return tail < wanted ? length - 1 - tail : length;
}

/* `text` may be the message itself, or a part of it. `whole` is its length before it was cut. */
static void publish(const char *text, size_t whole)
{
    size_t length = whole;
    if (length >= MESSAGE_SIZE) length = whole_characters(text, MESSAGE_SIZE - 1);
    memmove(message, text, length);
    message[length] = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)message[i];
        if (c < 0x20 || c == 0x7F) message[i] = ' ';
    }
}

rnn_status_t rnni_fail(rnn_status_t status, const char *format, ...)
{
    /* Not straight into the message: an argument may be the message of an inner failure. */
    char line[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (length < 0) {
        const char *text = rnn_status_text(status);
        publish(text, strlen(text));
    } else {
        publish(line, (size_t)length);
    }
    return status;
}

rnn_status_t rnni_fail_memory(const char *what, size_t bytes)
{
    if (bytes == SIZE_MAX)
        return rnni_fail(RNN_ERROR_MEMORY, "out of memory: the size of %s overflows", what);
    return rnni_fail(RNN_ERROR_MEMORY, "out of memory: %zu bytes for %s", bytes, what);
}

void rnni_set_last_error(const char *text)
{
    publish(text ? text : "", text ? strlen(text) : 0);
}

const char *rnn_last_error(void)
{
    return message;
}

int64_t rnn_last_error_copy(char *buffer, int64_t size)
{
    size_t length = strlen(message);
    if (buffer && size > 0) {
        size_t fits = length;
        if (fits >= (size_t)size) fits = whole_characters(message, (size_t)size - 1);
        memcpy(buffer, message, fits);
        buffer[fits] = 0;
    }
    return (int64_t)length;
}

rnn_status_t rnni_fail_null(const char *what)
{
    return *rnn_last_error() ? RNN_ERROR_ARGUMENT : rnni_fail(RNN_ERROR_ARGUMENT, "%s is NULL", what);
}
