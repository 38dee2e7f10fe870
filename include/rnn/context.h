/* SPDX-License-Identifier: MIT */
/** @file context.h
 * Where an object takes its memory, threads, instruction set and seed from.
 *
 * Root objects (models, datasets, tokenizers, tensors) are created with a context; objects made from
 * others use theirs. NULL means a private context with the defaults. Contexts are reference-counted:
 * every object holds its own, so the order of freeing does not matter. */
#ifndef RNN_CONTEXT_H
#define RNN_CONTEXT_H

#include <rnn/status.h>

RNN_BEGIN_DECLS

typedef struct rnn_context rnn_context_t;

/** What a setting can be asked for at run time, so that bindings can make keyword arguments of it. */
typedef struct rnn_setting {
    size_t struct_size;   /**< set to sizeof(rnn_setting_t) by the caller before asking */
    int32_t id;           /**< the id that the setters take */
    int32_t type;         /**< one of RNN_SETTING_* */
    const char *name;     /**< lower case, for example "recurrent_dropout"; static */
    const char *choices;  /**< names of an enumeration's values from 0 on, "forward|reverse"; or NULL */
    double minimum, maximum, standard; /**< smallest and largest legal value, and the default */
} rnn_setting_t;

enum { RNN_SETTING_INT = 1, RNN_SETTING_FLOAT = 2 };

/** Settings of a context. */
enum {
    RNN_CONTEXT_THREADS = 1, /**< int, 1 to 1024; default: RNN_NUM_THREADS if it is such a number, else the
                                  processors this process may use */
    RNN_CONTEXT_SEED = 2,    /**< int, 0 to 2^53; default 0. Everything random derives from it */
    RNN_CONTEXT_ISA = 3      /**< int, RNN_ISA_*; default: RNN_ISA by its name, else the best the machine
                                  has */
};

/** Instruction sets that kernels exist for. Asking for one that the machine lacks is an error. */
enum { RNN_ISA_AUTO = 0, RNN_ISA_SCALAR = 1, RNN_ISA_AVX2 = 2, RNN_ISA_AVX512 = 3, RNN_ISA_NEON = 4 };

/** A caller's allocator. `alignment` is a power of two, at most 4096; `allocate` returns NULL on failure.
 *  `release` gets the size that was asked for. Both may be called from several threads at once. */
typedef struct rnn_allocator {
    size_t struct_size; /**< sizeof(rnn_allocator_t) */
    void *(*allocate)(size_t size, size_t alignment, void *user);
    void (*release)(void *pointer, size_t size, void *user);
    void *user;
} rnn_allocator_t;

/** A context with the defaults, or NULL. `allocator` may be NULL for the C library's; it is copied. With that
 *  one, a context keeps blocks of 64 KiB and more that are given back, up to 64 MiB of them, for who asks
 *  next, until it is freed; with an allocator of the caller's it keeps none. */
RNN_API rnn_context_t *rnn_context_create(const rnn_allocator_t *allocator);

/** Gives up the caller's reference. NULL is fine. */
RNN_API void rnn_context_free(rnn_context_t *context);

/** Sets one of RNN_CONTEXT_*. Do it before objects are created: they look at the context when they start to
 *  compute. Errors: RNN_ERROR_ARGUMENT (no such setting), RNN_ERROR_RANGE. An ISA that the machine lacks is
 *  RNN_ERROR_UNSUPPORTED from the first call that computes; rnn_context_isa_name() asks at once. */
RNN_API rnn_status_t rnn_context_set_int(rnn_context_t *context, int32_t setting, int64_t value);

/** Reads one of RNN_CONTEXT_*; the ISA as it was asked for (RNN_ISA_AUTO unless set). */
RNN_API rnn_status_t rnn_context_get_int(const rnn_context_t *context, int32_t setting, int64_t *value);

/** Describes the context's setting number `index` from 0 on; RNN_END past the last. */
RNN_API rnn_status_t rnn_context_setting(int32_t index, rnn_setting_t *setting);

/** The name of the instruction set that `context` computes with ("scalar", "avx2", "avx512", "neon"); NULL
 *  and an explained error when RNN_ISA or RNN_CONTEXT_ISA asks for one that the machine does not have. */
RNN_API const char *rnn_context_isa_name(rnn_context_t *context);

RNN_END_DECLS

#endif
