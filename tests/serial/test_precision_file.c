/* SPDX-License-Identifier: MIT */
/* Files of reduced precision: what is in them, other writers' files, and what is refused. */
#include "harness.h"
#include "serial/safetensors.h"
#include "serial/samples.h"

#include <math.h>

/* x [3] -> dense 2 x 3 without bias, as a file of two tensors. */
typedef struct {
    int8_t q[6];
    float scale[2];
    int32_t dtype, scale_type, scale_rank;
    int64_t scales;
    const char *precision, *scale_name;
} parts;

static const parts right = { { 127, -5, 0, 1, -127, 64 }, { 0.5f, 0.25f }, RNN_I8, RNN_F32, 1, 2, "int8",
                             "dense.weight_scale" };

static const char graph[] = "{\"format\":1,\"nodes\":[{\"op\":\"input_vector\",\"version\":1,\"name\":\"x\","
                            "\"inputs\":[],\"settings\":{\"features\":3}},"
                            "{\"op\":\"dense\",\"version\":1,\"name\":\"dense\",\"inputs\":[\"x\"],"
                            "\"settings\":{\"units\":2,\"bias\":\"none\"}}],"
                            "\"outputs\":[{\"name\":\"y\",\"node\":\"dense\"}]}";

static rnn_context_t *plain;

static rnni_buffer file_of(const parts *p)
{
    if (!plain) plain = rnn_context_create(NULL);
    const int64_t shape[] = { 2, 3 }, shapes[] = { p->scales, 1 };
    rnni_safetensors_writer *writer;
    rnni_buffer out = { .context = plain };
    rnn_io_t io = { .struct_size = sizeof io, .write = sample_append, .user = &out };
    CHECK_OK(rnni_safetensors_writer_create(plain, &writer));
    CHECK_OK(rnni_safetensors_add_metadata(writer, "rnn.model", graph));
    if (p->precision) CHECK_OK(rnni_safetensors_add_metadata(writer, "rnn.precision", p->precision));
    CHECK_OK(rnni_safetensors_add_tensor(writer, "dense.weight", p->dtype, 2, shape, p->q));
    if (p->scale_name) CHECK_OK(rnni_safetensors_add_tensor(writer, p->scale_name, p->scale_type,
                                                            p->scale_rank, shapes, p->scale));
    CHECK_OK(rnni_safetensors_write_io(writer, &io));
    rnni_safetensors_writer_free(writer);
    return out;
}

static rnn_status_t load_parts(const parts *p, rnn_model_t **model)
{
    rnni_buffer file = file_of(p);
    rnn_status_t status = rnn_model_load_memory(NULL, file.data, (int64_t)file.size, model);
    rnni_buffer_clear(&file);
    return status;
}

TEST(weights_are_integers_times_scales)
{
    static const char *const precisions[] = { "int8", "int8_weights", NULL };
    for (int i = 0; i < 3; i++) {
        parts p = right;
        rnn_model_t *model = NULL;
        p.precision = precisions[i];
        CHECK_OK(load_parts(&p, &model));
        CHECK_STR(rnn_precision_name(rnn_model_precision(model)), precisions[i] ? precisions[i] : "f32");
        rnn_tensor_t *weight = rnn_model_weight(model, "dense.weight");
        for (int64_t j = 0; j < 6; j++) CHECK(rnn_tensor_get(weight,
                                                             j) == right.q[j] * (double)right.scale[j / 3]);
        rnn_tensor_free(weight);
        rnn_model_free(model);
    }
}

static void check_refused(parts p, rnn_status_t status, const char *word)
{
    rnn_model_t *model = NULL;
    CHECK_STATUS(load_parts(&p, &model), status);
    CHECK(model == NULL && strstr(rnn_last_error(), word) != NULL);
}

TEST(what_is_refused)
{
    parts p = right;
    p.scale_name = NULL;
    check_refused(p, RNN_ERROR_FORMAT, "dense.weight_scale");
    p = right, p.scale_name = "dense.bias_scale";
    check_refused(p, RNN_ERROR_FORMAT, "dense.weight_scale");
    p = right, p.scales = 1;
    check_refused(p, RNN_ERROR_FORMAT, "2 scales");
    p = right, p.scale_type = RNN_I32;
    check_refused(p, RNN_ERROR_FORMAT, "F32");
    p = right, p.scale_rank = 2;
    check_refused(p, RNN_ERROR_FORMAT, "scale");
    p = right, p.scale[1] = NAN;
    check_refused(p, RNN_ERROR_DATA, "scale 1");
    p = right, p.scale[0] = -1;
    check_refused(p, RNN_ERROR_DATA, "scale 0");
    p = right, p.scale[0] = 3e38f;
    check_refused(p, RNN_ERROR_DATA, "not finite");
    p = right, p.dtype = RNN_U8;
    check_refused(p, RNN_ERROR_FORMAT, "U8");
    p = right, p.precision = "int4";
    check_refused(p, RNN_ERROR_UNSUPPORTED, "int4");
}

/* Scales that this library would not choose: the weights are rounded again, by at most half a scale. */
TEST(scales_of_another_writer)
{
    parts p = right;
    rnn_model_t *model = NULL;
    p.q[0] = 50;
    p.scale[0] = 0.0123456789f;
    CHECK_OK(load_parts(&p, &model));
    rnn_tensor_t *weight = rnn_model_weight(model, "dense.weight");
    for (int64_t j = 0; j < 6; j++)
        CHECK(fabs(rnn_tensor_get(weight, j) - p.q[j] * (double)p.scale[j / 3]) <=
              0.51 * 50.0 / 127 * (double)p.scale[j / 3]);
    rnn_tensor_free(weight);
    rnn_model_free(model);
}

/* Into a model that has other weights: rnn_model_load_weights takes I8 with its scales, without naming these.
 * */
TEST(weights_of_an_int8_file)
{
    char path[256];
    static const char *const from[] = { "dense.weight" }, *const to[] = { "dense.weight" };
    const char *build = getenv("BUILD");
    snprintf(path, sizeof path, "%s/test_precision_file.safetensors", build ? build : "/tmp");
    rnni_buffer file = file_of(&right);
    FILE *stream = fopen(path, "wb");
    CHECK(stream && fwrite(file.data, 1, file.size, stream) == file.size && fclose(stream) == 0);
    rnni_buffer_clear(&file);
    for (int mapped = 0; mapped < 2; mapped++) {
        rnn_model_t *model = rnn_model_create(NULL);
        rnn_layer_t *dense = rnn_dense(model, rnn_input_vector(model, "x", 3), 2, RNN_LINEAR);
        CHECK_OK(rnn_layer_set_int(dense, RNN_LAYER_BIAS, RNN_BIAS_NONE));
        CHECK_OK(rnn_model_set_output(model, dense, "y"));
        CHECK_OK(rnn_model_build(model));
        CHECK_OK(rnn_model_load_weights(model, path, mapped ? from : NULL, mapped ? to : NULL, mapped));
        CHECK_INT(rnn_model_precision(model), RNN_PRECISION_F32);
        rnn_tensor_t *weight = rnn_model_weight(model, "dense.weight");
        for (int64_t j = 0; j < 6; j++) CHECK(rnn_tensor_get(weight,
                                                             j) == right.q[j] * (double)right.scale[j / 3]);
        rnn_tensor_free(weight);
        rnn_model_free(model);
    }
    remove(path);
    rnn_context_free(plain);
    plain = NULL;
}

TEST_MAIN
