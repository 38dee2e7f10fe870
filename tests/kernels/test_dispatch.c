/* SPDX-License-Identifier: MIT */
/* Which table a context gets: its setting, else RNN_ISA, else the best. */
#include "harness.h"
#include "kernels/kernels.h"

static const struct { const char *name; int32_t isa; } levels[] = {
    {"scalar", RNN_ISA_SCALAR}, {"avx2", RNN_ISA_AVX2}, {"avx512", RNN_ISA_AVX512}, {"neon", RNN_ISA_NEON}};
enum { LEVELS = 4 };

/* The table for RNN_ISA = `name` (NULL: unset) and a context with `isa`; the context is freed. */
static rnn_status_t table_for(const char *name, int32_t isa, const rnni_kernels **kernels)
{
    if (name) setenv("RNN_ISA", name, 1);
    else unsetenv("RNN_ISA");
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK(context != NULL);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_ISA, isa));
    rnn_status_t status = rnni_kernels_get(context, kernels);
    rnn_context_free(context);
    unsetenv("RNN_ISA");
    return status;
}

static const rnni_kernels *best(void)
{
    const rnni_kernels *table = NULL;
    for (int i = 0; i < LEVELS; i++)
        if (rnni_kernels_of(levels[i].isa)) table = rnni_kernels_of(levels[i].isa);
    return table;
}

TEST(scalar_is_always_there)
{
    CHECK(rnni_kernels_of(RNN_ISA_SCALAR) != NULL);
    CHECK_STR(rnni_kernels_of(RNN_ISA_SCALAR)->name, "scalar");
    CHECK(rnni_kernels_of(RNN_ISA_AUTO) == NULL && rnni_kernels_of(99) == NULL &&
          rnni_kernels_of(-1) == NULL);
}

TEST(every_table_is_complete)
{
    for (int i = 0; i < LEVELS; i++) {
        const rnni_kernels *table = rnni_kernels_of(levels[i].isa);
        if (!table) continue;
        CHECK_STR(table->name, levels[i].name);
        CHECK_INT(table->isa, levels[i].isa);
        CHECK(table->mr > 0 && table->nr > 0 && table->mc > 0 && table->kc > 0);
#define RNNI_KERNEL(type, name, parameters, tolerance) CHECK(table->name != NULL);
#include "kernels/kernels.def"
#undef RNNI_KERNEL
    }
}

/* Whole lines, and a size that first caches have; asked twice, the same. */
TEST(a_first_cache_is_known)
{
    const int64_t bytes = rnni_cpu_first_cache();
    CHECK(bytes >= 4 << 10 && bytes <= 1 << 20 && bytes % 64 == 0);
    CHECK_INT(rnni_cpu_first_cache(), bytes);
}

TEST(best_by_default)
{
    const rnni_kernels *table = NULL;
    CHECK_OK(table_for(NULL, RNN_ISA_AUTO, &table));
    CHECK(table == best());
    CHECK_OK(table_for("auto", RNN_ISA_AUTO, &table));
    CHECK(table == best());
    CHECK_OK(table_for("", RNN_ISA_AUTO, &table));
    CHECK(table == best());
}

TEST(environment_and_setting_choose)
{
    for (int i = 0; i < LEVELS; i++) {
        const rnni_kernels *there = rnni_kernels_of(levels[i].isa), *by_name = NULL, *by_setting = NULL;
        rnn_status_t expected = there ? RNN_OK : RNN_ERROR_UNSUPPORTED;
        CHECK_STATUS(table_for(levels[i].name, RNN_ISA_AUTO, &by_name), expected);
        CHECK_STATUS(table_for(NULL, levels[i].isa, &by_setting), expected);
        CHECK(by_name == there && by_setting == there);
    }
}

TEST(setting_goes_before_environment)
{
    const rnni_kernels *table = NULL;
    CHECK_OK(table_for("no such set", RNN_ISA_SCALAR, &table));
    CHECK_STR(table->name, "scalar");
}

TEST(unknown_name)
{
    const rnni_kernels *table = NULL;
    CHECK_STATUS(table_for("avx3", RNN_ISA_AUTO, &table), RNN_ERROR_ARGUMENT);
    CHECK(table == NULL);
    CHECK(strstr(rnn_last_error(), "\"avx3\"") != NULL && strstr(rnn_last_error(), best()->name) != NULL);
}

/* No machine has both NEON and AVX-512. */
TEST(set_that_the_machine_lacks)
{
    int lacks_neon = rnni_kernels_of(RNN_ISA_NEON) == NULL;
    const char *name = lacks_neon ? "neon" : "avx512";
    const rnni_kernels *table = NULL;
    char expected[64];
    CHECK_STATUS(table_for(name, RNN_ISA_AUTO, &table), RNN_ERROR_UNSUPPORTED);
    snprintf(expected, sizeof expected, "RNN_ISA asks for %s", name);
    CHECK(strstr(rnn_last_error(), expected) != NULL);
    CHECK(strstr(rnn_last_error(), best()->name) != NULL);
    CHECK_STATUS(table_for(NULL, lacks_neon ? RNN_ISA_NEON : RNN_ISA_AVX512, &table), RNN_ERROR_UNSUPPORTED);
    snprintf(expected, sizeof expected, "RNN_CONTEXT_ISA asks for %s", name);
    CHECK(strstr(rnn_last_error(), expected) != NULL);
    CHECK(table == NULL);
}

#if defined(__aarch64__)
TEST(neon_is_always_there)
{
    CHECK(rnni_kernels_of(RNN_ISA_NEON) != NULL && best() == rnni_kernels_of(RNN_ISA_NEON));
}
#endif

TEST(choice_is_kept_in_the_context)
{
    const rnni_kernels *first = NULL, *second = NULL;
    unsetenv("RNN_ISA");
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_OK(rnni_kernels_get(context, &first));
    setenv("RNN_ISA", "no such set", 1);
    CHECK_OK(rnni_kernels_get(context, &second));
    unsetenv("RNN_ISA");
    CHECK(first == second);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_ISA, RNN_ISA_SCALAR));
    CHECK_STR(rnn_context_isa_name(context), "scalar");
    rnn_context_free(context);
}

TEST(name_of_the_choice)
{
    unsetenv("RNN_ISA");
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_STR(rnn_context_isa_name(context), best()->name);
    CHECK_STR(rnn_context_isa_name(NULL), best()->name);
    rnn_context_free(context);
    context = rnn_context_create(NULL);
    setenv("RNN_ISA", "mmx", 1);
    CHECK(rnn_context_isa_name(context) == NULL);
    CHECK(strstr(rnn_last_error(), "mmx") != NULL);
    unsetenv("RNN_ISA");
    rnn_context_free(context);
}

TEST_MAIN
