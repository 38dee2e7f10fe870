/* SPDX-License-Identifier: MIT */
#ifndef OPTIONS_H
#define OPTIONS_H

/* Command line options from a table, for the example programs. */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name, *value; /* value: what follows the name, NULL for a switch, a|b|c for a choice */
    char type; /* p path (const char *), i int64_t, f double, c choice and s switch (int64_t) */
    void *target;
    double low, high; /* of i and f */
    const char *help;
} option_t;

/* Position of `word` in "a|b|c", or -1. */
static int64_t choice_index(const char *choices, const char *word)
{
    size_t length = strlen(word);
    for (int64_t index = 0;; index++) {
        size_t size = strcspn(choices, "|");
        if (size == length && memcmp(choices, word, length) == 0) return index;
        if (!choices[size]) return -1;
        choices += size + 1;
    }
}

static int usage_error(const char *option, const char *expected, const char *came)
{
    fprintf(stderr, "%s: expected %s, got '%s' (--help lists the options)\n", option, expected, came);
    return 2;
}

static void print_help(const char *usage, const option_t *options, int count)
{
    puts(usage);
    for (int i = 0; i < count; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s %s", options[i].name, options[i].value ? options[i].value : "");
        printf("  %-30s %s\n", left, options[i].help);
    }
}

static int set_number(const option_t *option, const char *text)
{
    char *end, expected[80];
    errno = 0;
    double value = option->type == 'i' ? (double)strtoll(text, &end, 10) : strtod(text, &end);
    if (end == text || *end || errno || !(value >= option->low && value <= option->high)) {
        snprintf(expected, sizeof expected, "%s from %.15g to %.15g",
                 option->type == 'i' ? "a whole number" : "a number", option->low, option->high);
        return usage_error(option->name, expected, text);
    }
    if (option->type == 'i')
        *(int64_t *)option->target = (int64_t)value;
    else
        *(double *)option->target = value;
    return 0;
}

static int set_option(const option_t *option, const char *text)
{
    if (option->type == 'i' || option->type == 'f') return set_number(option, text);
    if (option->type == 'p') {
        if (!*text) return usage_error(option->name, "a file name", text);
        *(const char **)option->target = text;
        return 0;
    }
    int64_t index = choice_index(option->value, text);
    if (index < 0) return usage_error(option->name, option->value, text);
    *(int64_t *)option->target = index;
    return 0;
}

/* Both `--name value` and `--name=value`. */
static int parse_options(const option_t *options, int count, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t size = strcspn(argv[i], "=");
        const option_t *option = NULL;
        for (int k = 0; k < count; k++)
            if (strlen(options[k].name) == size && memcmp(options[k].name, argv[i], size) == 0)
                option = &options[k];
        if (!option) {
            fprintf(stderr, "unknown option '%s' (--help lists the options)\n", argv[i]);
            return 2;
        }
        if (option->type == 's') {
            if (argv[i][size]) return usage_error(option->name, "no value", argv[i] + size + 1);
            *(int64_t *)option->target = 1;
            continue;
        }
        const char *next = i + 1 < argc && strncmp(argv[i + 1], "--", 2) != 0 ? argv[i + 1] : NULL;
        const char *value = argv[i][size] ? argv[i] + size + 1 : next;
        if (!value) return usage_error(option->name, option->value, "nothing");
        if (value == next) i++;
        if (set_option(option, value)) return 2;
    }
    return 0;
}

#endif
