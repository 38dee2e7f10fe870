/* SPDX-License-Identifier: MIT */
/** @file export.h
 * How the library's functions are declared. Nothing here is for the user to call. */
#ifndef RNN_EXPORT_H
#define RNN_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define RNN_API __attribute__((visibility("default")))
#else
#define RNN_API
#endif

#ifdef __cplusplus
#define RNN_BEGIN_DECLS extern "C" {
#define RNN_END_DECLS }
#else
#define RNN_BEGIN_DECLS
#define RNN_END_DECLS
#endif

#endif
