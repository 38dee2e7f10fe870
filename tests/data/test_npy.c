/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "data/tensors.h"
#include <rnn/data.h>

static char path[] = "/tmp/rnn_test_npy_XXXXXX";

static void make_path(void)
{
    static int made;
    if (made) return;
    int descriptor = mkstemp(path);
    CHECK(descriptor >= 0);
    close(descriptor);
    made = 1;
}

/* A file with this header and these numbers; returns its size. */
static size_t build(char *out, int version, const char *header, const void *numbers, size_t size)
{
    size_t length = strlen(header), used = 8;
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[6] = (char)version;
    for (int i = 0; i < (version == 1 ? 2 : 4); i++) out[used++] = (char)(length >> 8 * i);
    memcpy(out + used, header, length);
    memcpy(out + used + length, numbers, size);
    return used + length + size;
}

static rnn_status_t load(int version, const char *header, const void *numbers, size_t size,
                         rnn_tensor_t **tensor)
{
    char bytes[1024];
    return rnn_tensor_load_npy_memory(NULL, bytes, (int64_t)build(bytes, version, header, numbers, size),
                                      tensor);
}

TEST(reads_what_numpy_writes)
{
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }                "
                                 "                        \n";
    float numbers[6] = { 1, 2, 3, 4, 5, 6.5F };
    for (int version = 1; version <= 3; version++) {
        rnn_tensor_t *t = NULL;
        CHECK_OK(load(version, header, numbers, sizeof(numbers), &t));
        CHECK_INT(rnn_tensor_dtype(t), RNN_F32);
        CHECK_INT(rnn_tensor_rank(t), 2);
        CHECK_INT(rnn_tensor_size(t, 1), 3);
        CHECK(rnn_tensor_get(t, 5) == 6.5);
        rnn_tensor_free(t);
    }
}

TEST(reads_fortran_order)
{
    int32_t numbers[6] = { 1, 4, 2, 5, 3, 6 };
    rnn_tensor_t *t = NULL;
    CHECK_OK(
        load(1, "{\"descr\":\"<i4\",\"fortran_order\":True,\"shape\":(2,3)}", numbers, sizeof(numbers), &t));
    CHECK(rnn_tensor_is_contiguous(t));
    for (int i = 0; i < 6; i++) CHECK(rnn_tensor_get(t, i) == i + 1);
    rnn_tensor_free(t);
    t = NULL;
    int8_t cube[24];
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 3; b++)
            for (int c = 0; c < 4; c++) cube[a + 2 * (b + 3 * c)] = (int8_t)(c + 4 * (b + 3 * a));
    CHECK_OK(load(1, "{'descr':'|i1','fortran_order':True,'shape':(2,3,4)}", cube, sizeof(cube), &t));
    for (int i = 0; i < 24; i++) CHECK(rnn_tensor_get(t, i) == i);
    rnn_tensor_free(t);
}

TEST(reads_either_byte_order)
{
    rnn_tensor_t *t = NULL;
    CHECK_OK(
        load(1, "{'descr':'>i4','fortran_order':False,'shape':(2,)}", "\0\0\1\2\xFF\xFF\xFF\xFE", 8, &t));
    CHECK(rnn_tensor_get(t, 0) == 258 && rnn_tensor_get(t, 1) == -2);
    rnn_tensor_free(t);
    t = NULL;
    CHECK_OK(load(1, "{'descr':'>f8','fortran_order':False,'shape':()}", "\x3F\xF8\0\0\0\0\0\0", 8, &t));
    CHECK(rnn_tensor_rank(t) == 0 && rnn_tensor_get(t, 0) == 1.5);
    rnn_tensor_free(t);
}

TEST(reads_every_type)
{
    static const struct {
        const char *name;
        int32_t dtype;
        size_t size;
        double value;
    } types[] = {
        { "<f2", RNN_F16, 2, 0 },     { "<f8", RNN_F64, 8, 0 },
        { "|i1", RNN_I8, 1, -1 },     { "<i2", RNN_I16, 2, -1 },
        { "<i8", RNN_I64, 8, -1 },    { "|u1", RNN_U8, 1, 255 },
        { "<u2", RNN_I32, 2, 65535 }, { "<u4", RNN_I64, 4, 4294967295.0 },
        { "|b1", RNN_BOOL, 1, 1 },    { "=i4", RNN_I32, 4, -1 },
    };
    unsigned char ones[8];
    memset(ones, 0xFF, sizeof(ones));
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char header[100];
        snprintf(header, sizeof(header), "{'descr':'%s','fortran_order':False,'shape':(1,)}", types[i].name);
        rnn_tensor_t *t = NULL;
        CHECK_OK(load(1, header, ones, types[i].size, &t));
        CHECK_INT(rnn_tensor_dtype(t), types[i].dtype);
        double value = rnn_tensor_get(t, 0);
        if (types[i].value != 0) CHECK(value == types[i].value);
        else CHECK(isnan(value));
        rnn_tensor_free(t);
    }
}

TEST(reads_empty_arrays)
{
    rnn_tensor_t *t = NULL;
    CHECK_OK(load(1, "{'descr':'<f4','fortran_order':True,'shape':(0,3)}", "", 0, &t));
    CHECK_INT(rnn_tensor_count(t), 0);
    CHECK_INT(rnn_tensor_size(t, 1), 3);
    rnn_tensor_free(t);
}

#define FLOATS "'descr':'<f4','fortran_order':False,"

TEST(refuses_damaged_files)
{
    static const struct {
        const char *header;
        rnn_status_t status;
    } bad[] = {
        { "", RNN_ERROR_FORMAT },
        { "{", RNN_ERROR_FORMAT },
        { "{}", RNN_ERROR_FORMAT },
        { "{" FLOATS "}", RNN_ERROR_FORMAT },
        { "{" FLOATS "'shape':(2,)", RNN_ERROR_FORMAT },
        { "{" FLOATS "'shape':(2,)} x", RNN_ERROR_FORMAT },
        { "{" FLOATS "'shape':(2 3)}", RNN_ERROR_FORMAT },
        { "{" FLOATS "'shape':(-2,)}", RNN_ERROR_FORMAT },
        { "{" FLOATS "'shape':2}", RNN_ERROR_FORMAT },
        { "{" FLOATS "'shape':(99,)}", RNN_ERROR_FORMAT },
        { "{" FLOATS "'shape':(99999999999999999999,)}", RNN_ERROR_FORMAT },
        { "{" FLOATS "'shape':(4611686018427387904,4)}", RNN_ERROR_FORMAT },
        { "{" FLOATS "'shape':(1,1,1,1,1,1,1,1,1)}", RNN_ERROR_UNSUPPORTED },
        { "{" FLOATS "'shape':(2,),'x':1}", RNN_ERROR_FORMAT },
        { "{" FLOATS "'shape'(2,)}", RNN_ERROR_FORMAT },
        { "{'descr':'<c8','fortran_order':False,'shape':(1,)}", RNN_ERROR_UNSUPPORTED },
        { "{'descr':'<f4x','fortran_order':False,'shape':(1,)}", RNN_ERROR_UNSUPPORTED },
        { "{'descr':[('a','<f4')],'fortran_order':False,'shape':(1,)}", RNN_ERROR_UNSUPPORTED },
        { "{'descr':'<f4','fortran_order':0,'shape':(1,)}", RNN_ERROR_FORMAT },
        { "{'descr':'<f4", RNN_ERROR_FORMAT },
        { "{'descr':5}", RNN_ERROR_FORMAT },
        { "{" FLOATS "'shape':(2,) 'x'}", RNN_ERROR_FORMAT },
    };
    float numbers[2] = { 1, 2 };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        rnn_tensor_t *t = NULL;
        CHECK_STATUS(load(1, bad[i].header, numbers, sizeof(numbers), &t), bad[i].status);
        CHECK(t == NULL && rnn_last_error()[0] != 0);
    }
}

TEST(refuses_other_files)
{
    rnn_tensor_t *t = NULL;
    CHECK_STATUS(rnn_tensor_load_npy_memory(NULL, "PK\3\4 no array", 13, &t), RNN_ERROR_FORMAT);
    CHECK(strstr(rnn_last_error(), "not a .npy file"));
    CHECK_STATUS(load(4, "{}", "", 0, &t), RNN_ERROR_UNSUPPORTED);
    CHECK_STATUS(rnn_tensor_load_npy_memory(NULL, "\x93NUMPY\x02\x00\xFF\xFF\xFF\xFF", 12, &t),
                 RNN_ERROR_FORMAT);
    char bytes[256];
    float numbers[2] = { 1, 2 };
    size_t size = build(bytes, 1, "{" FLOATS "'shape':(2,)}", numbers, sizeof(numbers));
    for (size_t cut = 0; cut < size; cut++)
        CHECK_STATUS(rnn_tensor_load_npy_memory(NULL, bytes, (int64_t)cut, &t), RNN_ERROR_FORMAT);
    CHECK(t == NULL);
}

static void check_round_trip(rnn_tensor_t *t)
{
    rnn_tensor_t *again = NULL;
    make_path();
    CHECK_OK(rnn_tensor_save_npy(t, path));
    CHECK_OK(rnn_tensor_load_npy(NULL, path, &again));
    CHECK_INT(rnn_tensor_dtype(again), rnn_tensor_dtype(t));
    CHECK_INT(rnn_tensor_rank(again), rnn_tensor_rank(t));
    for (int32_t i = 0; i < rnn_tensor_rank(t); i++)
        CHECK_INT(rnn_tensor_size(again, i), rnn_tensor_size(t, i));
    for (int64_t i = 0; i < rnn_tensor_count(t); i++) CHECK(rnn_tensor_get(again, i) == rnn_tensor_get(t, i));
    rnn_tensor_free(again);
    FILE *file = fopen(path, "rb");
    char front[128];
    CHECK_INT(fread(front, 1, 128, file), 128);
    fclose(file);
    CHECK_INT((10 + (unsigned char)front[8] + 256 * (unsigned char)front[9]) % 64, 0);
}

TEST(writes_what_it_reads)
{
    static const int32_t types[] = { RNN_F16, RNN_F32, RNN_F64, RNN_I8,  RNN_I16,
                                     RNN_I32, RNN_I64, RNN_U8,  RNN_BOOL };
    int64_t shape[3] = { 2, 3, 4 };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        rnn_tensor_t *t = rnn_tensor_create(NULL, types[i], 3, shape);
        for (int64_t k = 0; k < 24; k++) CHECK_OK(rnn_tensor_set(t, k, (double)(k % 2 ? k : 1)));
        check_round_trip(t);
        rnn_tensor_t *turned = rnn_tensor_transpose(t, 0, 2);
        check_round_trip(turned);
        rnn_tensor_free(turned);
        rnn_tensor_free(t);
    }
    float numbers[40] = { 3 };
    rnn_tensor_t *line = wrap1(RNN_F32, numbers, 40);
    check_round_trip(line);
    rnn_tensor_free(line);
}

TEST(arguments)
{
    int64_t shape[1] = { 2 };
    rnn_tensor_t *t = rnn_tensor_create(NULL, RNN_BF16, 1, shape), *read = NULL;
    CHECK_STATUS(rnn_tensor_save_npy(t, path), RNN_ERROR_UNSUPPORTED);
    CHECK_STATUS(rnn_tensor_save_npy(NULL, path), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_tensor_save_npy(t, NULL), RNN_ERROR_ARGUMENT);
    rnn_tensor_free(t);
    t = rnn_tensor_create(NULL, RNN_F32, 1, shape);
    CHECK_STATUS(rnn_tensor_save_npy(t, "/no such folder/a.npy"), RNN_ERROR_IO);
    rnn_tensor_free(t);
    CHECK_STATUS(rnn_tensor_load_npy(NULL, "/no such file", &read), RNN_ERROR_IO);
    CHECK_STATUS(rnn_tensor_load_npy(NULL, NULL, &read), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_tensor_load_npy(NULL, path, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_tensor_load_npy_memory(NULL, "", -1, &read), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_tensor_load_npy_memory(NULL, "", 0, NULL), RNN_ERROR_ARGUMENT);
    CHECK_STATUS(rnn_tensor_load_npy_memory(NULL, "", 0, &read), RNN_ERROR_FORMAT);
}

static int save_and_load(rnn_context_t *context)
{
    static uint16_t wide[4] = { 1, 2, 3, 4 };
    char bytes[256];
    size_t size = build(bytes, 1, "{'descr':'<u2','fortran_order':True,'shape':(2,2)}", wide, sizeof(wide));
    rnn_tensor_t *t = NULL, *again = NULL;
    rnn_status_t status = rnn_tensor_load_npy_memory(context, bytes, (int64_t)size, &t);
    if (status == RNN_OK) status = rnn_tensor_save_npy(t, path);
    if (status == RNN_OK) status = rnn_tensor_load_npy(context, path, &again);
    rnn_tensor_free(t);
    rnn_tensor_free(again);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation) { EVERY_FAILURE(save_and_load); }

TEST(takes_its_file_away) { CHECK(remove(path) == 0); }

TEST_MAIN
