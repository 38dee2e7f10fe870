/* SPDX-License-Identifier: MIT */
#ifndef GOLDEN_FILE_H
#define GOLDEN_FILE_H

#include "core/number.h"
#include "serial/safetensors.h"
#include <rnn/rnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN_STATIC __attribute__((unused)) static

/* A string of a case's metadata; "" when it is not there. */
GOLDEN_STATIC const char *golden_text(const rnni_safetensors *file, const char *key)
{
    const char *value = rnni_safetensors_metadata(file, key);
    return value ? value : "";
}

/* A number of the metadata; `otherwise` when it is not there. */
GOLDEN_STATIC double golden_number(const rnni_safetensors *file, const char *key, double otherwise)
{
    double number;
    const char *text = golden_text(file, key);
    return rnni_parse_double(text, strlen(text), &number) ? number : otherwise;
}

/* 1 when the metadata has a number under `key` that is not 0: an option of the case that is in use. */
GOLDEN_STATIC int golden_uses(const rnni_safetensors *file, const char *key)
{
    return golden_number(file, key, 0) != 0;
}

/* How many tensors of the case are gradients: d_... */
GOLDEN_STATIC int golden_gradients(const rnni_safetensors *file)
{
    int count = 0;
    for (int64_t i = 0; i < rnni_safetensors_count(file); i++)
        count += strncmp(rnni_safetensors_at(file, i)->name, "d_", 2) == 0;
    return count;
}

#endif
