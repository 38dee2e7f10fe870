/* SPDX-License-Identifier: MIT */
#ifndef WRITTEN_H
#define WRITTEN_H

#include "harness.h"

/* Replaces what is in the test's own file. `path` is a template for mkstemp until it is called first. */
HARNESS_STATIC void write_bytes(char *path, const char *bytes, size_t size)
{
    if (strstr(path, "XXXXXX")) {
        int descriptor = mkstemp(path);
        CHECK(descriptor >= 0);
        close(descriptor);
    }
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK_INT(fwrite(bytes, 1, size, file), size);
    CHECK_INT(fclose(file), 0);
}

HARNESS_STATIC void write_text(char *path, const char *text) { write_bytes(path, text, strlen(text)); }

#endif
