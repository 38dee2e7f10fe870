/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "train/toy.h"

/* A tiny run in which each request for memory fails once: a clear status, nothing lost. */

static rnn_model_t *try_model(rnn_context_t *context)
{
    rnn_model_t *m = rnn_model_create(context);
    if (!m) return NULL;
    rnn_layer_t *x = rnn_embedding(m, rnn_input_tokens(m, "words"), TOY_WORDS, 2);
    rnn_model_set_output(m, rnn_dense(m, rnn_last(m, rnn_simple_rnn(m, x, 3)), 2, RNN_SOFTMAX), "answer");
    if (rnn_model_build(m) == RNN_OK) return m;
    rnn_model_free(m);
    return NULL;
}

static char path[64];

/* What needs memory of its own. */
static rnn_status_t set_more(rnn_trainer_t *t)
{
    const double weights[2] = { 1, 2 };
    rnn_status_t status = rnn_trainer_set_class_weights(t, NULL, weights, 2);
    if (status == RNN_OK) status = rnn_trainer_set_int(t, RNN_TRAIN_ACCUMULATE, 2);
    if (status == RNN_OK) status = rnn_trainer_set_int(t, RNN_TRAIN_AVERAGE, 1);
    if (status == RNN_OK) status = rnn_trainer_set_int(t, RNN_TRAIN_GRADIENT_NORMS, 1);
    return status;
}

static rnn_status_t test_range(rnn_trainer_t *t, rnn_dataset_t *data)
{
    rnn_tensor_t *rates = NULL, *losses = NULL;
    rnn_status_t status = rnn_trainer_range_test(t, data, 1e-3, 1e-2, 3, &rates, &losses);
    CHECK(status == RNN_OK || (!rates && !losses));
    rnn_tensor_free(rates);
    rnn_tensor_free(losses);
    return status;
}

static rnn_status_t use_trainer(rnn_trainer_t *t, rnn_dataset_t *data)
{
    rnn_status_t status = rnn_trainer_set_loss(t, NULL, RNN_LOSS_CROSS_ENTROPY);
    if (status == RNN_OK) status = rnn_trainer_set_int(t, RNN_TRAIN_BATCH, 4);
    if (status == RNN_OK) status = rnn_trainer_set_int(t, RNN_TRAIN_PATIENCE, 1);
    if (status == RNN_OK) status = rnn_trainer_set_float(t, RNN_TRAIN_VALIDATION_SPLIT, 0.3);
    if (status == RNN_OK) status = rnn_trainer_set_checkpoint(t, path);
    if (status == RNN_OK) status = set_more(t);
    if (status == RNN_OK) status = rnn_trainer_fit(t, data);
    if (status == RNN_OK) status = test_range(t, data);
    if (status == RNN_OK) status = rnn_trainer_resume(t, path);
    rnn_result_t result = { .struct_size = sizeof(result) };
    if (status == RNN_OK) status = rnn_trainer_evaluate(t, data, &result);
    if (status == RNN_OK) {
        rnn_tensor_t *losses = rnn_trainer_history(t, "loss");
        status = losses ? RNN_OK : RNN_ERROR_MEMORY;
        rnn_tensor_free(losses);
    }
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status;
}

static int whole_run(rnn_context_t *context)
{
    if (rnn_context_set_int(context, RNN_CONTEXT_THREADS, 1) != RNN_OK) return 0;
    rnn_model_t *model = try_model(context);
    rnn_dataset_t *data = model ? toy_try_data(context, 10, 2) : NULL;
    rnn_trainer_t *t = data ? rnn_trainer_create(model) : NULL;
    int good = t && use_trainer(t, data) == RNN_OK;
    rnn_trainer_free(t);
    rnn_dataset_free(data);
    rnn_model_free(model);
    return good;
}

TEST(every_request_for_memory_may_fail)
{
    snprintf(path, sizeof(path), "/tmp/rnn_failures_%ld", (long)getpid());
    every_failure(whole_run, 2000);
    remove(path);
}

TEST_MAIN
