/* SPDX-License-Identifier: MIT */
/* Weights from a file of another model, by an explicit map. */
#include "harness.h"
#include "samples.h"
#include "serial/safetensors.h"

#define PATH "test_load_weights.safetensors"

static rnn_model_t *model;

/* A dense layer of 2 x 3 under one name, and a file that calls its tensors by others. */
static void begin(void)
{
    static const float weight[6] = { 1, 2, 3, 4, 5, 6 }, bias[2] = { 7, 8 }, other[1] = { 9 };
    static const int64_t shape[2] = { 2, 3 }, two = 2, one = 1;
    rnni_safetensors_writer *writer;
    model = rnn_model_create(NULL);
    CHECK_OK(
        rnn_model_set_output(model, rnn_dense(model, rnn_input_vector(model, "x", 3), 2, RNN_LINEAR), "y"));
    CHECK_OK(rnn_model_build(model));
    CHECK_OK(rnni_safetensors_writer_create(NULL, &writer));
    CHECK_OK(rnni_safetensors_add_tensor(writer, "fc.w", RNN_F32, 2, shape, weight));
    CHECK_OK(rnni_safetensors_add_tensor(writer, "fc.b", RNN_F32, 1, &two, bias));
    CHECK_OK(rnni_safetensors_add_tensor(writer, "steps", RNN_F32, 1, &one, other));
    CHECK_OK(rnni_safetensors_write_path(writer, PATH));
    rnni_safetensors_writer_free(writer);
}

static void end(void)
{
    rnn_model_free(model);
    remove(PATH);
}

static double number(const char *weight, int64_t i)
{
    rnn_tensor_t *view = rnn_model_weight(model, weight);
    CHECK(view != NULL);
    double value = rnn_tensor_get(view, i);
    rnn_tensor_free(view);
    return value;
}

static void refused(const char *const *from, const char *const *to, int64_t count, rnn_status_t status,
                    const char *word)
{
    double weight = number("dense.weight", 0), bias = number("dense.bias", 0);
    CHECK_STATUS(rnn_model_load_weights(model, PATH, from, to, count), status);
    if (!strstr(rnn_last_error(), word)) printf("no '%s' in: %s\n", word, rnn_last_error());
    CHECK(strstr(rnn_last_error(), word) != NULL);
    CHECK_NEAR(number("dense.weight", 0), weight, 0);
    CHECK_NEAR(number("dense.bias", 0), bias, 0);
}

TEST(maps)
{
    begin();
    const char *from[] = { "steps", "fc.w", "fc.b" }, *to[] = { NULL, "dense.weight", "dense.bias" };
    CHECK_OK(rnn_model_load_weights(model, PATH, from, to, 3));
    for (int i = 0; i < 6; i++) CHECK_NEAR(number("dense.weight", i), i + 1, 0);
    CHECK_NEAR(number("dense.bias", 1), 8, 0);
    rnn_tensor_t *x = rnn_tensor_create(NULL, RNN_F32, 2, (int64_t[]){ 1, 3 }), *y = NULL;
    rnn_batch_t *batch = rnn_batch_create(NULL);
    for (int i = 0; i < 3; i++) CHECK_OK(rnn_tensor_set(x, i, 1));
    CHECK_OK(rnn_batch_set_input(batch, 0, x, NULL));
    CHECK_OK(rnn_model_run(model, batch, &y, 1)); /* packed copies followed */
    CHECK_NEAR(rnn_tensor_get(y, 0), 13, 1e-6);
    rnn_tensor_free(x);
    rnn_tensor_free(y);
    rnn_batch_free(batch);
    end();
}

TEST(a_part)
{
    begin();
    double before = number("dense.bias", 0);
    const char *from[] = { "fc.w", "fc.b", "steps" }, *to[] = { "dense.weight", NULL, NULL };
    CHECK_OK(rnn_model_load_weights(model, PATH, from, to, 3));
    CHECK_NEAR(number("dense.weight", 5), 6, 0);
    CHECK_NEAR(number("dense.bias", 0), before, 0);
    end();
}

TEST(equal_names)
{
    begin();
    refused(NULL, NULL, 0, RNN_ERROR_NAME, "fc.");
    rnn_model_t *donor = model;
    CHECK_OK(rnn_model_save(donor, PATH));
    model = rnn_model_clone(donor);
    const double zeros[2] = { 0, 0 };
    rnn_tensor_t *bias = rnn_tensor_create(NULL, RNN_F32, 1, (int64_t[]){ 2 });
    for (int i = 0; i < 2; i++) CHECK_OK(rnn_tensor_set(bias, i, zeros[i] + 3));
    CHECK_OK(rnn_model_set_weight(model, "dense.bias", bias));
    CHECK_OK(rnn_model_load_weights(model, PATH, NULL, NULL, 0));
    CHECK_NEAR(number("dense.bias", 0), 0, 0);
    rnn_tensor_free(bias);
    rnn_model_free(donor);
    end();
}

TEST(what_is_refused)
{
    begin();
    const char *from[] = { "fc.w", "fc.b", "steps" }, *good[] = { "dense.weight", "dense.bias", NULL };
    const char *swapped[] = { "dense.bias", "dense.weight",
                              NULL }, *unknown[] = { "dense.weight", "dense.shift", NULL };
    const char *twice[] = { "dense.weight", "dense.weight", NULL }, *wrong[] = { "fc.w", "fc.b", "stairs" };
    refused(from, good, 2, RNN_ERROR_NAME, "steps");
    refused(from, swapped, 3, RNN_ERROR_FORMAT, "fc.w");
    refused(from, unknown, 3, RNN_ERROR_NAME, "dense.shift");
    refused(from, twice, 3, RNN_ERROR_ARGUMENT, "twice");
    refused(wrong, good, 3, RNN_ERROR_NAME, "steps");
    refused(from, NULL, 3, RNN_ERROR_ARGUMENT, "arrays");
    CHECK_STATUS(rnn_model_load_weights(NULL, PATH, from, good, 3), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_model_load_weights(model, "no such file", from, good, 3), RNN_ERROR_IO);
    end();
}

TEST_MAIN
