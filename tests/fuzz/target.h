/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

/* What fuzz targets share. A target is a file <parser>_target.c with LLVMFuzzerTestOneInput: built by
 * libFuzzer,
 *     clang -fsanitize=fuzzer,address,undefined -std=c11 -D_POSIX_C_SOURCE=200809L -Ilib -Iinclude -Itests \
 *         tests/fuzz/csv_target.c build/librnn.a -lm -lpthread -o fuzz_csv && ./fuzz_csv
 * tests/fuzz/corpus/csv by standalone.c, which runs the files of a folder, and by the mutants of the test
 * suite. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A broken invariant ends the program, as fuzzers expect. */
#define ALWAYS(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

/* Inputs that were taken and that were refused so far: a run in which either is 0 tests little. */
__attribute__((unused)) static long taken, refused;

#endif
