/* SPDX-License-Identifier: MIT */
/* MUTANTS says how many of each of two files. */
#include "harness.h"
#include "core/io.h"
#include "serial/counted.h"
#include "serial/samples.h"
#include <time.h>

/* Damaged model files: each is refused or loaded, within 64 MiB and a second, and nothing leaks. Sanitizers
 * see the rest. */

enum { LIMIT = 64 << 20 };

typedef struct {
    char *data;
    size_t size, capacity;
} text;

static uint64_t seed;

static uint64_t random_below(uint64_t bound)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % (bound ? bound : 1);
}

/* ---- Mutations ---- */

static void make_room(text *t, size_t size)
{
    if (size <= t->capacity) return;
    t->data = realloc(t->data, size * 2);
    CHECK(t->data != NULL);
    t->capacity = size * 2;
}

static void copy(text *to, const char *data, size_t size)
{
    make_room(to, size + 1);
    memcpy(to->data, data, size);
    to->size = size;
}

/* Replaces `old` bytes at `at` by `size` others. */
static void splice(text *t, size_t at, size_t old, const char *bytes, size_t size)
{
    make_room(t, t->size - old + size + 1);
    memmove(t->data + at + size, t->data + at + old, t->size - at - old);
    memcpy(t->data + at, bytes, size);
    t->size = t->size - old + size;
}

static uint64_t header_end(const text *t)
{
    if (t->size < 8) return t->size;
    uint64_t length = rnni_load_u64((unsigned char *)t->data);
    return length <= t->size - 8 ? 8 + length : t->size;
}

/* Places are mostly in the header: a change of the numbers is seldom a fault. */
static size_t some_place(const text *t)
{
    return (size_t)random_below(random_below(8) ? header_end(t) : t->size);
}

static void flip(text *t)
{
    t->data[some_place(t)] ^= (char)(1 << random_below(8));
}

static void overwrite(text *t)
{
    static const char likely[] = "\"\\{}[],:0123456789-e.\0\x7f\x80\xff tfn";
    t->data[some_place(t)] = random_below(4) ? likely[random_below(sizeof(likely) - 1)]
                                             : (char)random_below(256);
}

static void cut(text *t)
{
    t->size = some_place(t) + 1;
}

static void remove_part(text *t)
{
    size_t at = some_place(t), left = t->size - at;
    splice(t, at, (size_t)random_below(left < 64 ? left : 64), "", 0);
}

static void repeat_part(text *t)
{
    char part[256];
    size_t at = some_place(t), left = t->size - at,
           size = (size_t)random_below(left < sizeof(part) ? left : sizeof(part));
    memcpy(part, t->data + at, size);
    splice(t, some_place(t), 0, part, size);
}

/* Another number for one that stands in the header. */
static void change_number(text *t)
{
    static const char *const numbers[] = {
        "0",          "1",          "2",    "-1",  "64",         "65",    "16777216",           "16777217",
        "2147483648", "4294967296", "1e99", "0.5", "9999999999", "\"x\"", "9223372036854775807"
    };
    size_t end = (size_t)header_end(t), at = some_place(t), size = 0;
    while (at < end && !(t->data[at] >= '0' && t->data[at] <= '9')) at++;
    while (at + size < end && t->data[at + size] >= '0' && t->data[at + size] <= '9') size++;
    const char *number = numbers[random_below(sizeof(numbers) / sizeof(numbers[0]))];
    if (size) splice(t, at, size, number, strlen(number));
}

/* Two words of the header, quotes between, change places. */
static void exchange_words(text *t)
{
    char word[64];
    size_t end = (size_t)header_end(t), from[2], size[2];
    for (int i = 0; i < 2; i++) {
        for (from[i] = some_place(t); from[i] < end && t->data[from[i]] != '"'; from[i]++) {}
        if (from[i] + 1 >= end) return;
        from[i]++;
        for (size[i] = 0; from[i] + size[i] < end && t->data[from[i] + size[i]] != '"'; size[i]++) {}
    }
    if (size[0] > sizeof(word)) return;
    memcpy(word, t->data + from[0], size[0]);
    splice(t, from[1], size[1], word, size[0]);
}

static void change_length(text *t)
{
    if (t->size < 8) return;
    uint64_t length = rnni_load_u64((unsigned char *)t->data);
    uint64_t other = random_below(2) ? length + random_below(33) - 16 : (uint64_t)1 << random_below(64);
    rnni_store_u64((unsigned char *)t->data, other);
}

/* Some changes, half of the time only such that leave JSON as it should be; mostly with a length of the
 * header that fits again, so that they get past the first check. */
static void mutate(text *t)
{
    static void (*const changes[])(text *) = { change_number, exchange_words, flip, overwrite,
                                               remove_part,   repeat_part,    cut,  change_length };
    size_t end = (size_t)header_end(t), before = t->size;
    uint64_t kinds = random_below(2) ? 2 : sizeof(changes) / sizeof(changes[0]);
    for (uint64_t n = 1 + random_below(3); n > 0 && t->size > 0; n--) changes[random_below(kinds)](t);
    if (t->size < 8 || random_below(8) == 0) return;
    int64_t length = (int64_t)end - 8 + (int64_t)t->size - (int64_t)before;
    rnni_store_u64((unsigned char *)t->data, length > 0 ? (uint64_t)length : 0);
}

/* ---- Loading ---- */

static counted memory;
static rnn_context_t *context;
static int64_t at_rest, loads, loaded_count, runs;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* What was loaded can be saved, and that loads again. */
static void check_loaded(rnn_model_t *model)
{
    rnn_model_t *again = NULL;
    rnni_buffer out = { .context = context };
    rnn_status_t status = sample_save(model, &out);
    if (status == RNN_OK) status = rnn_model_load_memory(context, out.data, (int64_t)out.size, &again);
    rnn_model_free(again);
    rnni_buffer_clear(&out);
    CHECK_OK(status);
}

/* A model of one token input, whatever a mutation has made of it, runs or says why it does not. */
static void run_loaded(rnn_model_t *model)
{
    const int64_t shape[] = { 1, 3 };
    int32_t ids[] = { 1, 0, 2 };
    rnn_tensor_t *output = NULL;
    if (rnn_model_inputs(model) != 1 || rnn_model_outputs(model) != 1) return;
    rnn_tensor_t *data = rnn_tensor_wrap(context, RNN_I32, 2, shape, NULL, ids);
    rnn_batch_t *batch = rnn_batch_create(context);
    if (rnn_batch_set_input(batch, 0, data, NULL) == RNN_OK &&
        rnn_model_run(model, batch, &output, 1) == RNN_OK) {
        runs++;
        CHECK(rnn_tensor_count(output) >= 1);
        rnn_tensor_free(output);
    }
    rnn_batch_free(batch);
    rnn_tensor_free(data);
}

static bool expected_refusal(rnn_status_t status)
{
    return status == RNN_ERROR_FORMAT || status == RNN_ERROR_UNSUPPORTED || status == RNN_ERROR_DATA;
}

/* The file lies in a block of its own size, so that sanitizers see a read past its end. */
static void try_file(const char *data, size_t size)
{
    char *block = malloc(size ? size : 1);
    CHECK(block != NULL);
    memcpy(block, data, size);
    rnn_model_t *model = NULL;
    double start = seconds();
    memory.peak = memory.bytes;
    rnn_status_t status = rnn_model_load_memory(context, block, (int64_t)size, &model);
    double taken = seconds() - start;
    CHECK(taken < 5); /* much more than a second: the machine may be busy, and checked builds are slow */
    CHECK(memory.peak - at_rest < LIMIT);
    if (status == RNN_OK) {
        check_loaded(model);
        run_loaded(model);
    } else if (!expected_refusal(status)) {
        CHECK_STATUS(status, RNN_ERROR_FORMAT);
    }
    loads++;
    loaded_count += status == RNN_OK;
    rnn_model_free(model);
    free(block);
    CHECK_INT(memory.bytes, at_rest);
}

static void make_sample(rnn_model_t *(*make)(rnn_context_t *), text *out)
{
    rnn_context_t *plain = rnn_context_create(NULL);
    rnn_model_t *model = make(plain);
    rnni_buffer file = { .context = plain };
    CHECK(model != NULL);
    CHECK_OK(sample_save(model, &file));
    copy(out, file.data, file.size);
    rnni_buffer_clear(&file);
    rnn_model_free(model);
    rnn_context_free(plain);
    if (context) return;
    context = counted_context(&memory);
    CHECK(context != NULL);
    at_rest = memory.bytes;
}

static void try_mutants(rnn_model_t *(*make)(rnn_context_t *), uint64_t first_seed)
{
    text file = { NULL, 0, 0 }, mutant = { NULL, 0, 0 };
    make_sample(make, &file);
    seed = first_seed;
    loads = loaded_count = 0;
    for (int i = 0; i < MUTANTS; i++) {
        copy(&mutant, file.data, file.size);
        mutate(&mutant);
        try_file(mutant.data, mutant.size);
    }
    free(file.data);
    free(mutant.data);
    /* Mutants that all fail the same way, or none at all, would not test much. */
    CHECK_INT(loads, MUTANTS);
    CHECK(loaded_count > MUTANTS / 200 && loaded_count < MUTANTS / 2);
}

TEST(small_model_cut_at_every_byte)
{
    text file = { NULL, 0, 0 };
    make_sample(sample_small, &file);
    loaded_count = 0;
    for (size_t size = 0; size < file.size; size++) try_file(file.data, size);
    CHECK_INT(loaded_count, 0);
    try_file(file.data, file.size);
    CHECK_INT(loaded_count, 1);
    free(file.data);
}

TEST(mutants_of_a_small_model)
{
    runs = 0;
    try_mutants(sample_small, 20240607);
    CHECK(runs > MUTANTS / 500);
}

TEST(mutants_of_a_model_with_every_layer)
{
    try_mutants(sample_whole, 7061999);
}

static rnn_model_t *sample_reduced(rnn_context_t *plain, int32_t precision)
{
    rnn_model_t *model = sample_small(plain);
    CHECK_OK(rnn_model_set_precision(model, precision));
    return model;
}
static rnn_model_t *sample_int8(rnn_context_t *plain) { return sample_reduced(plain, RNN_PRECISION_INT8); }
static rnn_model_t *sample_bf16(rnn_context_t *plain) { return sample_reduced(plain, RNN_PRECISION_BF16); }

TEST(mutants_of_int8)
{
    runs = 0;
    try_mutants(sample_int8, 31081997);
    CHECK(runs > MUTANTS / 500);
}

TEST(mutants_of_bf16)
{
    try_mutants(sample_bf16, 11235813);
}

TEST_MAIN
