/* SPDX-License-Identifier: MIT */
#include "misuse/fixture.h"
#include "core/error.h"

#include <limits.h>

/* Every public function, with each of its arguments wrong in turn, at the wrong moment, on NaN and on wrong
 * shapes: never a crash; a refusal is a negative status (or NULL) with its reason, and writes no result. */

static struct {
    int position, wrong, variant;  /* of the arguments so far; the one that is to be wrong; how */
    int reached, refused, pointer; /* whether there is such a one, must be refused, is a pointer */
    const char *text;
} now;

static int is_wrong(const char *text, int refused, int pointer)
{
    if (++now.position != now.wrong) return 0;
    now.reached = 1;
    now.refused = refused;
    now.pointer = pointer;
    now.text = text;
    return 1;
}

static int64_t integer_of(int64_t right, int64_t least, int64_t largest, int refused, const char *text)
{
    const int64_t values[] = { -1, least, largest };
    return is_wrong(text, refused, 0) ? values[now.variant] : right;
}

static double number_of(double right, const char *text)
{
    const double values[] = { (double)NAN, (double)INFINITY, -1 };
    return is_wrong(text, now.variant == 0, 0) ? values[now.variant] : right;
}

#define P(x) (is_wrong(#x, 1, 1) ? NULL : (x))
#define O(x) (is_wrong(#x, 0, 1) ? NULL : (x))
#define B(x) integer_of(x, INT64_MIN, INT64_MAX, 1, #x)
#define A(x) integer_of(x, INT64_MIN, INT64_MAX, 0, #x)
#define K(x) integer_of(x, INT64_MIN, INT64_MIN, 1, #x)
#define J(x) integer_of(x, INT64_MIN, INT64_MIN, 0, #x)
#define BI(x) (int32_t)integer_of(x, INT32_MIN, INT32_MAX, 1, #x)
#define AI(x) (int32_t)integer_of(x, INT32_MIN, INT32_MAX, 0, #x)
#define KI(x) (int32_t)integer_of(x, INT32_MIN, INT32_MIN, 1, #x)
#define D(x) number_of(x, #x)

static void keep(rnn_layer_t *layer)
{
    (void)layer; /* its model's */
}

enum { IS_STATUS, IS_NEW, IS_READ };

#define STATUS(name, arguments) \
    static int call_##name(void) \
    { \
        return (int)name arguments; \
    }
#define MAKE(name, arguments, release) \
    static int call_##name(void) \
    { \
        void *made = name arguments; \
        if (made) release(made); \
        return made ? 0 : -1; \
    }
#define READ(name, arguments) \
    static int call_##name(void) \
    { \
        (void)name arguments; \
        return 0; \
    }
#include "misuse/calls.h"
#undef STATUS
#undef MAKE
#undef READ

static const struct call {
    const char *name;
    int kind;
    int (*run)(void);
} calls[] = {
#define STATUS(name, arguments) { #name, IS_STATUS, call_##name },
#define MAKE(name, arguments, release) { #name, IS_NEW, call_##name },
#define READ(name, arguments) { #name, IS_READ, call_##name },
#include "misuse/calls.h"
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

/* ---- Running one ---- */

static const struct call *in_source;
static int source_answer;

static rnn_status_t call_with_sample(int64_t index, rnn_sample_t *sample, void *user)
{
    (void)index;
    (void)user;
    v.sample = sample;
    now.position = 0;
    source_answer = in_source->run();
    v.sample = NULL;
    return RNN_END;
}

/* Samples exist only while a source is asked for one. */
static int run_with_sample(const struct call *call)
{
    rnn_source_t source = { .struct_size = sizeof(source), .count = 1, .inputs = 3, .targets = 1,
                            .read = call_with_sample };
    rnn_dataset_t *dataset = NULL;
    rnn_batch_t *batch;
    in_source = call;
    source_answer = INT_MIN;
    if (rnn_dataset_from_source(v.context, &source, &dataset) == RNN_OK) rnn_dataset_next_batch(dataset,
        &batch);
    rnn_dataset_free(dataset);
    return source_answer;
}

static int nothing_written(void)
{
    return !v.tensor && !v.other_tensor && !v.dataset && !v.loaded && !v.borrowed;
}

static int failures;

static void complain(const struct call *call, int stage, const char *what)
{
    failures++;
    printf("%s, stage %d, %s (variant %d): %s; last error: %s\n", call->name, stage, now.wrong ?
        now.text : "as it is",
           now.variant, what, rnn_last_error());
}

/* A NULL model is explained by what failed before, which is why it is NULL; _retain(NULL) is NULL and no
 * failure. */
static int explained(void)
{
    if (now.reached && now.pointer && (!now.refused || strstr(now.text, "v.model") || strstr(now.text,
        "v.raw") ||
                                       strstr(now.text, "v.stream")))
        return *rnn_last_error() != '\0';
    return strcmp(rnn_last_error(), "nothing failed yet") != 0;
}

/* One call; 0 when it has no argument number `wrong` any more. */
static int try_call(const struct call *call, int stage, int wrong, int variant)
{
    set_up(stage);
    memset(&now, 0, sizeof(now));
    now.wrong = wrong;
    now.variant = variant;
    rnni_fail(RNN_ERROR_INTERNAL, "nothing failed yet");
    int answer = strncmp(call->name, "rnn_sample_", 11) == 0 ? run_with_sample(call) : call->run();
    if (call->kind != IS_READ && answer < 0) {
        if (!explained()) complain(call, stage, "failed without a reason");
        if (!nothing_written()) complain(call, stage, "wrote a result though it failed");
        if (strchr(rnn_last_error(), '\n')) complain(call, stage, "more than one line");
    }
    if (wrong && now.reached && now.refused && answer >= 0) complain(call, stage, "was not refused");
    if (!wrong && stage == RIGHT && answer < 0) complain(call, stage, "the right call failed");
    tear_down();
    return now.reached && !(now.pointer && variant > 0);
}

static void try_all(int stage)
{
    make_files();
    failures = 0;
    for (int i = 0; i < CALLS; i++) {
        try_call(&calls[i], stage, 0, 0);
        for (int wrong = 1; stage == RIGHT && try_call(&calls[i], stage, wrong, 0); wrong++)
            if (try_call(&calls[i], stage, wrong, 1)) try_call(&calls[i], stage, wrong, 2);
    }
    remove_files();
    CHECK_INT(failures, 0);
}

TEST(every_argument_wrong_in_turn) { try_all(RIGHT); }
TEST(before_and_after_build) { try_all(EARLY); }
TEST(data_that_is_not_finite) { try_all(NOT_FINITE); }
TEST(shapes_that_do_not_fit) { try_all(MISSHAPEN); }

TEST(every_exported_function_is_called)
{
    char line[128];
    int exported = 0;
    FILE *file = fopen("lib/exports.txt", "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof(line), file)) {
        int found = 0;
        line[strcspn(line, "\r\n")] = '\0';
        for (int i = 0; i < CALLS; i++) found += strcmp(calls[i].name, line) == 0;
        if (found != 1) printf("%s: %d rows\n", line, found);
        exported++;
        CHECK_INT(found, 1);
    }
    fclose(file);
    CHECK_INT(exported, CALLS);
}

TEST_MAIN
