/* SPDX-License-Identifier: MIT */
#include "core/error.h"
#include "kernels/isa.h"

#include <stdlib.h>
#include <string.h>

/* Lowest first: what is asked for is looked up here, and "auto" takes the last one that the machine has. */
static const rnni_kernels *const tables[] = {
    &rnni_kernels_scalar,
#ifdef RNNI_X86_VECTORS
    &rnni_kernels_avx2,
    &rnni_kernels_avx512,
#endif
#ifdef RNNI_NEON_VECTORS
    &rnni_kernels_neon,
#endif
};
enum { TABLES = sizeof tables / sizeof tables[0] };

static const struct { const char *name; int32_t isa; } isa_names[] = {
    {"auto", RNN_ISA_AUTO}, {"scalar", RNN_ISA_SCALAR}, {"avx2", RNN_ISA_AVX2}, {"avx512", RNN_ISA_AVX512},
    {"neon", RNN_ISA_NEON},
};
enum { ISA_NAMES = sizeof isa_names / sizeof isa_names[0] };

const rnni_kernels *rnni_kernels_of(int32_t isa)
{
    for (int i = 0; i < TABLES; i++)
        if (tables[i]->isa == isa) return isa <= rnni_cpu_isa() ? tables[i] : NULL;
    return NULL;
}

static const rnni_kernels *best_table(void)
{
    const rnni_kernels *best = &rnni_kernels_scalar;
    for (int i = 1; i < TABLES; i++)
        if (rnni_kernels_of(tables[i]->isa)) best = tables[i];
    return best;
}

static const char *isa_name(int32_t isa)
{
    for (int i = 0; i < ISA_NAMES; i++)
        if (isa_names[i].isa == isa) return isa_names[i].name;
    return "an unknown instruction set";
}

static rnn_status_t find_table(int32_t isa, const char *asked_by, const rnni_kernels **kernels)
{
    const rnni_kernels *table = isa == RNN_ISA_AUTO ? best_table() : rnni_kernels_of(isa);
    RNNI_REQUIRE(table, RNN_ERROR_UNSUPPORTED,
                 "%s asks for %s, but the best this machine and this build have is %s", asked_by,
                 isa_name(isa), best_table()->name);
    *kernels = table;
    return RNN_OK;
}

static rnn_status_t isa_from_environment(int32_t *isa)
{
    const char *name = getenv("RNN_ISA");
    *isa = RNN_ISA_AUTO;
    if (!name || !*name) return RNN_OK;
    for (int i = 0; i < ISA_NAMES; i++) {
        if (strcmp(name, isa_names[i].name) == 0) {
#ifndef RNNI_REAL_IS_DOUBLE /* which has one table, whatever the tests around it are run with */
            *isa = isa_names[i].isa;
#endif
            return RNN_OK;
        }
    }
    return rnni_fail(RNN_ERROR_ARGUMENT, "RNN_ISA is \"%s\", expected auto, scalar, avx2, avx512 or neon "
                     "(the best this machine has is %s)", name, best_table()->name);
}

static rnn_status_t choose_table(int32_t isa, const rnni_kernels **kernels)
{
    if (isa != RNN_ISA_AUTO) return find_table(isa, "RNN_CONTEXT_ISA", kernels);
    RNNI_TRY(isa_from_environment(&isa));
    return find_table(isa, "RNN_ISA", kernels);
}

rnn_status_t rnni_kernels_get(rnn_context_t *context, const rnni_kernels **kernels)
{
    int32_t asked = context ? (int32_t)context->isa : RNN_ISA_AUTO;
    const rnni_kernels *table =
        context ? atomic_load_explicit(&context->kernels, memory_order_acquire) : NULL;
    if (!table || (asked != RNN_ISA_AUTO && table->isa != asked)) {
        /* Threads that race here find the same table: whoever stores last changes nothing. */
        RNNI_TRY(choose_table(asked, &table));
        if (context) atomic_store_explicit(&context->kernels, (const void *)table, memory_order_release);
    }
    *kernels = table;
    return RNN_OK;
}

const char *rnn_context_isa_name(rnn_context_t *context)
{
    const rnni_kernels *kernels;
    return rnni_kernels_get(context, &kernels) == RNN_OK ? kernels->name : NULL;
}
