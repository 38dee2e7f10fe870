/* SPDX-License-Identifier: MIT */
#include "core/context.h"
#include "core/failing.h"

#include <pthread.h>

static int64_t get(const rnn_context_t *context, int32_t setting)
{
    int64_t value = -1;
    CHECK_OK(rnn_context_get_int(context, setting, &value));
    return value;
}

/* The thread count of a new context under RNN_NUM_THREADS = text. */
static int64_t threads_with(const char *text)
{
    if (text) setenv("RNN_NUM_THREADS", text, 1);
    else unsetenv("RNN_NUM_THREADS");
    rnn_context_t *context = rnn_context_create(NULL);
    int64_t threads = get(context, RNN_CONTEXT_THREADS);
    rnn_context_free(context);
    unsetenv("RNN_NUM_THREADS");
    return threads;
}

TEST(threads_come_from_the_environment)
{
    CHECK_INT(threads_with("7"), 7);
    CHECK_INT(threads_with("1024"), 1024);
}

TEST(other_texts_mean_the_processors)
{
    int64_t processors = rnni_processor_count();
    const char *texts[] = { NULL, "", "0", "-1", "1025", "2x", " 2", "99999999999999999999" };
    CHECK(processors >= 1 && processors <= 1024);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        CHECK_INT(threads_with(texts[i]), processors);
}

TEST(settings_are_kept)
{
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_INT(get(context, RNN_CONTEXT_SEED), 0);
    CHECK_INT(get(context, RNN_CONTEXT_ISA), RNN_ISA_AUTO);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_THREADS, 3));
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_SEED, INT64_C(1) << 53));
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_ISA, RNN_ISA_SCALAR));
    CHECK_INT(get(context, RNN_CONTEXT_THREADS), 3);
    CHECK_INT(get(context, RNN_CONTEXT_SEED), INT64_C(1) << 53);
    CHECK_INT(get(context, RNN_CONTEXT_ISA), RNN_ISA_SCALAR);
    rnn_context_free(context);
}

TEST(bad_settings_change_nothing)
{
    rnn_context_t *context = rnn_context_create(NULL);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_SEED, 5));
    CHECK_STATUS(rnn_context_set_int(context, RNN_CONTEXT_SEED, (INT64_C(1) << 53) + 1), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_context_set_int(context, RNN_CONTEXT_SEED, INT64_MAX), RNN_ERROR_RANGE);
    CHECK_STATUS(rnn_context_set_int(context, RNN_CONTEXT_SEED, INT64_MIN), RNN_ERROR_RANGE);
    CHECK_INT(get(context, RNN_CONTEXT_SEED), 5);
    CHECK_STATUS(rnn_context_set_int(context, RNN_CONTEXT_THREADS, 0), RNN_ERROR_RANGE);
    CHECK_STR(rnn_last_error(), "setting threads of the context is 0, expected 1 to 1024");
    CHECK_STATUS(rnn_context_set_int(context, RNN_CONTEXT_ISA, 9), RNN_ERROR_RANGE);
    CHECK_STR(rnn_last_error(),
              "setting isa of the context is 9, expected 0 to 4 (auto|scalar|avx2|avx512|neon)");
    CHECK_STATUS(rnn_context_set_int(context, 77, 1), RNN_ERROR_ARGUMENT);
    int64_t value = 42;
    CHECK_STATUS(rnn_context_get_int(context, 77, &value), RNN_ERROR_ARGUMENT);
    CHECK_INT(value, 42);
    rnn_context_free(context);
}

TEST(null_is_refused_and_can_be_freed)
{
    int64_t value = 42;
    rnn_context_free(NULL);
    CHECK_STATUS(rnn_context_set_int(NULL, RNN_CONTEXT_SEED, 1), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_context_get_int(NULL, RNN_CONTEXT_SEED, &value), RNN_ERROR_ARGUMENT);
    CHECK_INT(value, 42);
    CHECK_STATUS(rnn_context_setting(0, NULL), RNN_ERROR_ARGUMENT);
}

TEST(choosing_an_isa_forgets_the_kernels)
{
    static const int some = 0;
    rnn_context_t *context = rnn_context_create(NULL);
    atomic_store(&context->kernels, &some);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_SEED, 1));
    CHECK(atomic_load(&context->kernels) == &some);
    CHECK_OK(rnn_context_set_int(context, RNN_CONTEXT_ISA, RNN_ISA_SCALAR));
    CHECK(atomic_load(&context->kernels) == NULL);
    rnn_context_free(context);
}

TEST(settings_describe_themselves)
{
    rnn_setting_t row = { .struct_size = sizeof(row) };
    CHECK_OK(rnn_context_setting(0, &row));
    CHECK_STR(row.name, "threads");
    CHECK_INT(row.id, RNN_CONTEXT_THREADS);
    CHECK_NEAR(row.maximum, 1024, 0);
    CHECK(row.standard >= 1);
    CHECK_OK(rnn_context_setting(2, &row));
    CHECK_STR(row.choices, "auto|scalar|avx2|avx512|neon");
    CHECK_STATUS(rnn_context_setting(3, &row), RNN_END);
    CHECK_STATUS(rnn_context_setting(-1, &row), RNN_ERROR_ARGUMENT);
}

TEST(references_keep_it_alive)
{
    failing f;
    rnn_allocator_t allocator = failing_allocator(&f, -1);
    rnn_context_t *context = rnn_context_create(&allocator);
    rnn_context_t *held = rnni_context_hold(context);
    CHECK(held == context);
    rnn_context_free(context);
    CHECK_INT(atomic_load(&f.live), 1);
    CHECK_INT(get(held, RNN_CONTEXT_SEED), 0);
    rnn_context_free(held);
    CHECK_INT(atomic_load(&f.live), 0);
    rnn_context_t *fresh = rnni_context_hold(NULL);
    CHECK(fresh != NULL);
    rnn_context_free(fresh);
}

TEST(allocators_are_checked)
{
    failing f;
    rnn_allocator_t allocator = failing_allocator(&f, -1);
    allocator.struct_size = 8;
    CHECK(rnn_context_create(&allocator) == NULL);
    CHECK(strstr(rnn_last_error(), "struct_size is 8") != NULL);
    allocator = failing_allocator(&f, -1);
    allocator.release = NULL;
    CHECK(rnn_context_create(&allocator) == NULL);
}

static int nothing(rnn_context_t *context)
{
    return context != NULL;
}

TEST(a_failing_allocator_gives_null)
{
    EVERY_FAILURE(nothing);
}

static void *hold_and_free(void *context)
{
    for (int i = 0; i < 10000; i++) rnn_context_free(rnni_context_hold(context));
    return NULL;
}

TEST(references_count_in_many_threads)
{
    rnn_context_t *context = rnn_context_create(NULL);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK_INT(pthread_create(&threads[i], NULL, hold_and_free, context), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    CHECK_INT(atomic_load(&context->references), 1);
    rnn_context_free(context);
}

TEST_MAIN
