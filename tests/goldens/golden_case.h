/* SPDX-License-Identifier: MIT */
#ifndef GOLDEN_CASE_H
#define GOLDEN_CASE_H

#include "core/real.h"
#include "goldens/golden_file.h"
#include <math.h>
#include <setjmp.h>

typedef enum golden_result { GOLDEN_PASSED, GOLDEN_FAILED, GOLDEN_SKIPPED } golden_result;

enum { GOLDEN_PORTS = 3, GOLDEN_KEPT = 256 };

/* A case while it runs: what it made, to be freed at its end however it ends, and its worst tensor so far. */
typedef struct golden_case {
    rnni_safetensors *file;
    rnn_context_t *context;
    rnn_model_t *model;
    rnn_trainer_t *trainer;
    rnn_batch_t *batch;
    rnn_tensor_t *kept[GOLDEN_KEPT];
    int kept_count;

    /* The model's inputs and outputs as tensors of the case: x, h0, c0; y, hn, cn and their upstream
     * gradients. */
    const char *inputs[GOLDEN_PORTS], *outputs[GOLDEN_PORTS], *upstream[GOLDEN_PORTS];
    int input_count, output_count;
    int trains_otherwise; /* prediction gives other outputs than training */
    int frozen; /* its weights' gradients are 0, whatever the case has */
    rnn_layer_t *masked; /* has the case's fixed dropout masks, which act in training only; or NULL */

    double tolerance, error; /* error: the worst one, relative */
    char worst[96];
    int compared, gradients; /* tensors, and how many of them were named d_... */
    char reason[1024];
    jmp_buf stop;
} golden_case;

/* Ends the case. */
GOLDEN_STATIC _Noreturn void golden_stop(golden_case *c, golden_result result, const char *what,
                                         const char *why)
{
    snprintf(c->reason, sizeof c->reason, "%.200s: %.700s", what, why);
    longjmp(c->stop, (int)result);
}

GOLDEN_STATIC _Noreturn void golden_fail(golden_case *c, const char *what, const char *why)
{
    golden_stop(c, GOLDEN_FAILED, what, why);
}

GOLDEN_STATIC _Noreturn void golden_skip(golden_case *c, const char *what)
{
    golden_stop(c, GOLDEN_SKIPPED, what, "not in the library");
}

GOLDEN_STATIC void golden_must(golden_case *c, rnn_status_t status, const char *what)
{
    if (status != RNN_OK) golden_fail(c, what, rnn_last_error());
}

/* Keeps a tensor until the case ends. */
GOLDEN_STATIC rnn_tensor_t *golden_keep(golden_case *c, rnn_tensor_t *tensor, const char *what)
{
    if (!tensor) golden_fail(c, what, rnn_last_error());
    if (c->kept_count == GOLDEN_KEPT) {
        rnn_tensor_free(tensor);
        golden_fail(c, what, "the test keeps too many tensors");
    }
    return c->kept[c->kept_count++] = tensor;
}

/* A tensor that the case must have. */
GOLDEN_STATIC rnn_tensor_t *golden_need(golden_case *c, const char *name)
{
    rnn_tensor_t *tensor = NULL;
    golden_must(c, rnni_safetensors_tensor(c->file, name, &tensor), name);
    return golden_keep(c, tensor, name);
}

/* A tensor that the case may have, or NULL. */
GOLDEN_STATIC rnn_tensor_t *golden_maybe(golden_case *c, const char *name)
{
    return rnni_safetensors_find(c->file, name) ? golden_need(c, name) : NULL;
}

GOLDEN_STATIC rnn_tensor_t *golden_new(golden_case *c, int32_t dtype, int32_t rank, const int64_t *shape)
{
    return golden_keep(c, rnn_tensor_create(c->context, dtype, rank, shape), "a new tensor");
}

/* A copy of `source` in rnni_real. */
GOLDEN_STATIC rnn_tensor_t *golden_real(golden_case *c, const rnn_tensor_t *source)
{
    int64_t shape[RNN_MAX_RANK];
    int32_t rank = rnn_tensor_rank(source);
    for (int32_t i = 0; i < rank; i++) shape[i] = rnn_tensor_size(source, i);
    rnn_tensor_t *copy = golden_new(c, RNNI_REAL_DTYPE, rank, shape);
    golden_must(c, rnn_tensor_copy(copy, source), "rnn_tensor_copy");
    return copy;
}

GOLDEN_STATIC double golden_norm(const rnn_tensor_t *tensor)
{
    double sum = 0;
    for (int64_t i = 0; i < rnn_tensor_count(tensor); i++) sum += pow(rnn_tensor_get(tensor, i), 2);
    return sqrt(sum);
}

/* ||got - want|| <= tolerance * max(||want||, floor), floor = 1e-3 sqrt(count): elements that should be below
 * a thousandth are held to that thousandth, so that gradients which vanish (300 steps) or cancel out to
 * nothing are not asked for more digits than float has. A NaN in `got` fails. */
GOLDEN_STATIC void golden_note(golden_case *c, const char *name, double distance, double norm, double floor)
{
    double error = distance / fmax(norm, floor);
    c->compared++;
    c->gradients += strncmp(name, "d_", 2) == 0;
    if (error < c->error) return; /* a NaN goes on */
    c->error = error == error ? error : INFINITY;
    snprintf(c->worst, sizeof c->worst, "%s", name);
}

/* Compares a tensor with the case's tensor `name`, element by element in row-major order. */
GOLDEN_STATIC void golden_compare(golden_case *c, const char *name, const rnn_tensor_t *got,
                                  const rnn_tensor_t *want)
{
    int64_t count = rnn_tensor_count(want);
    if (rnn_tensor_count(got) != count) golden_fail(c, name, "another number of elements than expected");
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += pow(rnn_tensor_get(got, i) - rnn_tensor_get(want, i), 2);
    golden_note(c, name, sqrt(sum), golden_norm(want), 1e-3 * sqrt((double)count));
}

GOLDEN_STATIC void golden_case_close(golden_case *c)
{
    for (int i = 0; i < c->kept_count; i++) rnn_tensor_free(c->kept[i]);
    rnn_trainer_free(c->trainer);
    rnn_batch_free(c->batch);
    rnn_model_free(c->model);
    rnn_context_free(c->context);
    rnni_safetensors_close(c->file);
}

#endif
