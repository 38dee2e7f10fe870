/* SPDX-License-Identifier: MIT */
/** @file version.h
 * The version, in one place: the Makefile, rnn.pc and the shared library's name read it from here. */
#ifndef RNN_VERSION_H
#define RNN_VERSION_H

#include <rnn/export.h>

#define RNN_VERSION_MAJOR 0
#define RNN_VERSION_MINOR 1
#define RNN_VERSION_PATCH 0

/** The API version names the shared library (librnn.so.RNN_API_VERSION). While the version is 0.x it
 *  changes whenever a program would have to be compiled again. */
#define RNN_API_VERSION 1

RNN_BEGIN_DECLS

/** The version of the library that runs, as major * 10000 + minor * 100 + patch. Thread-safe. */
RNN_API int32_t rnn_version_number(void);

/** The same as text, for example "0.1.0": static, never freed. Thread-safe. */
RNN_API const char *rnn_version(void);

RNN_END_DECLS

#endif
