/* SPDX-License-Identifier: MIT */
#include "core/failing.h"
#include "data/batch.h"
#include "data/tensors.h"
#include <rnn/data.h>

/* Columns that stay in .npy files, against the same columns in memory. */

enum { FILES = 6 };
static char names[FILES][64];

static const char *file(int number)
{
    static char root[] = "/tmp/rnn_test_npy_source_XXXXXX";
    static int made;
    if (!made) CHECK(mkdtemp(root) != NULL);
    made = 1;
    snprintf(names[number], sizeof(names[0]), "%s/%d.npy", root, number);
    return names[number];
}

static void save(int number, rnn_tensor_t *tensor)
{
    CHECK_OK(used(rnn_tensor_save_npy(tensor, file(number)), tensor, NULL));
}

/* A file with this header and these bytes, where rnn_tensor_save_npy would not write them so. */
static void save_bytes(int number, const char *header, const void *numbers, size_t size)
{
    FILE *out = fopen(file(number), "wb");
    CHECK(out != NULL);
    fwrite("\x93NUMPY\x01\x00", 1, 8, out);
    fputc((int)strlen(header), out);
    fputc(0, out);
    fputs(header, out);
    fwrite(numbers, 1, size, out);
    CHECK_INT(fclose(out), 0);
}

static rnn_status_t open_files(rnn_context_t *context, int32_t inputs, int32_t targets, int lengths_of,
                               rnn_dataset_t **d)
{
    const char *paths[FILES] = { NULL }, *lengths[FILES] = { NULL };
    for (int i = 0; i < inputs + targets; i++) paths[i] = file(i);
    if (lengths_of >= 0) lengths[lengths_of] = file(FILES - 1);
    return rnn_dataset_stream_npy(context, paths, lengths_of < 0 ? NULL : lengths, inputs, targets, d);
}

static void check_columns(const rnni_column *a, const rnni_column *b)
{
    CHECK_INT(a->kind, b->kind);
    CHECK_INT(a->width, b->width);
    CHECK_INT(a->count, b->count);
    CHECK_BYTES(a->starts, b->starts, (size_t)(a->count + 1) * sizeof(int64_t));
    size_t numbers = (size_t)(a->starts[a->count] * a->width);
    if (a->kind == RNNI_COLUMN_TOKENS || a->kind == RNNI_COLUMN_CLASS)
        CHECK_BYTES(a->ids, b->ids, numbers * sizeof(int32_t));
    else CHECK_BYTES(a->values, b->values, numbers * sizeof(rnni_real));
}

static void check_same(rnn_dataset_t *a, rnn_dataset_t *b)
{
    rnn_batch_t *x, *y;
    CHECK_INT(rnn_dataset_count(a), rnn_dataset_count(b));
    CHECK_INT(rnn_dataset_classes(a), rnn_dataset_classes(b));
    while (rnn_dataset_next_batch(a, &x) == RNN_OK) {
        CHECK_OK(rnn_dataset_next_batch(b, &y));
        CHECK_INT(x->inputs, y->inputs);
        CHECK_INT(x->targets, y->targets);
        for (int32_t i = 0; i < x->inputs; i++) check_columns(&x->input[i], &y->input[i]);
        for (int32_t i = 0; i < x->targets; i++) check_columns(&x->target[i], &y->target[i]);
    }
    CHECK_STATUS(rnn_dataset_next_batch(b, &y), RNN_END);
}

enum { SAMPLES = 7, STEPS = 4, WIDTH = 3 };
static int64_t ids[SAMPLES * STEPS], lengths[SAMPLES];
static float values[SAMPLES * STEPS * WIDTH];
static double vectors[SAMPLES * WIDTH];
static int32_t classes[SAMPLES];

static void fill(void)
{
    for (int i = 0; i < SAMPLES * STEPS * WIDTH; i++) values[i] = 0.25F * (float)i - 9;
    for (int i = 0; i < SAMPLES * WIDTH; i++) vectors[i] = 1.0 / (i + 1);
    for (int i = 0; i < SAMPLES * STEPS; i++) ids[i] = i * 37 % 11;
    for (int i = 0; i < SAMPLES; i++) classes[i] = i * 2 % 5, lengths[i] = i % (STEPS + 1);
}

static rnn_tensor_t *wrap_values(void) { return wrap3(RNN_F32, values, SAMPLES, STEPS, WIDTH); }

static void save_all(void)
{
    fill();
    save(0, wrap2(RNN_I64, ids, SAMPLES, STEPS));
    save(1, wrap_values());
    save(2, wrap2(RNN_F64, vectors, SAMPLES, WIDTH));
    save(3, wrap1(RNN_I32, classes, SAMPLES));
    save(4, wrap2(RNN_I64, ids, SAMPLES, STEPS));
    save(5, wrap1(RNN_I64, lengths, SAMPLES));
}

/* Three inputs and two targets in memory. */
static rnn_dataset_t *in_memory(void)
{
    rnn_dataset_t *d = rnn_dataset_create(NULL);
    rnn_tensor_t *tensors[] = { wrap2(RNN_I64, ids, SAMPLES, STEPS), wrap_values(),
                                wrap2(RNN_F64, vectors, SAMPLES, WIDTH), wrap1(RNN_I32, classes, SAMPLES),
                                wrap2(RNN_I64, ids, SAMPLES, STEPS), wrap1(RNN_I64, lengths, SAMPLES) };
    for (int i = 0; i < 3; i++) CHECK_OK(rnn_dataset_add_input(d, tensors[i], i == 1 ? tensors[5] : NULL));
    for (int i = 3; i < 5; i++) CHECK_OK(rnn_dataset_add_target(d, tensors[i], NULL));
    for (int i = 0; i < 6; i++) rnn_tensor_free(tensors[i]);
    return d;
}

TEST(the_same_as_in_memory)
{
    save_all();
    rnn_dataset_t *a = in_memory(), *b = NULL;
    CHECK_OK(open_files(NULL, 3, 2, 1, &b));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2; i++) {
            CHECK_OK(rnn_dataset_set_int(i ? a : b, RNN_DATA_BATCH, 2 + round));
            CHECK_OK(rnn_dataset_set_int(i ? a : b, RNN_DATA_SHUFFLE, round > 0));
            CHECK_OK(rnn_dataset_set_int(i ? a : b, RNN_DATA_BALANCE, round == 2 ? 1 : 0));
        }
        check_same(a, b);
    }
    rnn_dataset_free(a);
    rnn_dataset_free(b);
}

/* An id as types of all sizes hold it, with and without sign, in either byte order. */
TEST(types)
{
    static const struct {
        const char *header;
        const char *bytes;
        size_t size;
        int32_t first, second;
    } cases[] = {
        { "{'descr':'|i1','fortran_order':False,'shape':(1,2)}", "\5\7", 2, 5, 7 },
        { "{'descr':'|u1','fortran_order':False,'shape':(1,2)}", "\5\xC8", 2, 5, 200 },
        { "{'descr':'|b1','fortran_order':False,'shape':(1,2)}", "\5\0", 2, 1, 0 },
        { "{'descr':'<u2','fortran_order':False,'shape':(1,2)}", "\1\0\0\xF0", 4, 1, 0xF000 },
        { "{'descr':'>u2','fortran_order':False,'shape':(1,2)}", "\0\1\xF0\0", 4, 1, 0xF000 },
        { "{'descr':'>i4','fortran_order':False,'shape':(1,2)}", "\0\0\1\2\0\0\0\3", 8, 258, 3 },
        { "{'descr':'<u4','fortran_order':False,'shape':(1,2)}", "\2\1\0\0\xFF\xFF\xFF\x7F", 8, 258,
          INT32_MAX },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        rnn_dataset_t *d = NULL;
        rnn_batch_t *batch;
        save_bytes(0, cases[i].header, cases[i].bytes, cases[i].size);
        CHECK_OK(open_files(NULL, 1, 0, -1, &d));
        CHECK_OK(rnn_dataset_next_batch(d, &batch));
        CHECK_INT(batch->input[0].kind, RNNI_COLUMN_TOKENS);
        CHECK_INT(batch->input[0].ids[0], cases[i].first);
        CHECK_INT(batch->input[0].ids[1], cases[i].second);
        rnn_dataset_free(d);
    }
    rnn_dataset_t *d = NULL;
    rnn_batch_t *batch;
    save_bytes(0, "{'descr':'<f2','fortran_order':False,'shape':(2,)}", "\0\x3E\0\xC0", 4);
    CHECK_OK(open_files(NULL, 1, 0, -1, &d));
    CHECK_OK(rnn_dataset_next_batch(d, &batch));
    CHECK(batch->input[0].values[0] == 1.5F && batch->input[0].values[1] == -2);
    rnn_dataset_free(d);
}

static void refused(rnn_status_t status, int32_t inputs, int32_t targets, int lengths_of, const char *why)
{
    rnn_dataset_t *d = NULL;
    CHECK_STATUS(open_files(NULL, inputs, targets, lengths_of, &d), status);
    if (!strstr(rnn_last_error(), why)) CHECK_STR(rnn_last_error(), why);
    CHECK(d == NULL);
}

TEST(faults_are_found_when_it_is_opened)
{
    save_all();
    refused(RNN_ERROR_SHAPE, 4, 0, -1, "expected ids [N, T], or numbers"); /* classes are no input */
    refused(RNN_ERROR_ARGUMENT, 3, 1, 3, "cannot have lengths");
    lengths[3] = STEPS + 1;
    save(5, wrap1(RNN_I64, lengths, SAMPLES));
    refused(RNN_ERROR_RANGE, 1, 0, 0, "the length of sample 3 is 5, expected 0 to 4");
    save(5, wrap1(RNN_I64, lengths, SAMPLES - 1));
    refused(RNN_ERROR_SHAPE, 1, 0, 0, "one length for each of 7 samples");
    save(1, wrap3(RNN_F32, values, SAMPLES - 1, STEPS, WIDTH));
    refused(RNN_ERROR_SHAPE, 2, 0, -1, "has 6 samples, but the columns before it have 7");
    values[5] = NAN;
    save(1, wrap_values());
    refused(RNN_ERROR_DATA, 2, 0, -1, "sample 0, input 1, step 1, feature 2 is not a number");
    ids[9] = -1;
    save(0, wrap2(RNN_I64, ids, SAMPLES, STEPS));
    refused(RNN_ERROR_DATA, 1, 0, -1, "sample 2, input 0, step 1 is -1");
    ids[9] = (int64_t)1 << 32;
    save(0, wrap2(RNN_I64, ids, SAMPLES, STEPS));
    refused(RNN_ERROR_RANGE, 1, 0, -1, "sample 2, step 1 is 4294967296");
    save_bytes(0, "{'descr':'<f4','fortran_order':True,'shape':(1,2)}", "\0\0\0\0\0\0\0\0", 8);
    refused(RNN_ERROR_UNSUPPORTED, 1, 0, -1, "Fortran order");
    save_bytes(0, "{'descr':'<f4','fortran_order':False,'shape':()}", "\0\0\0\0", 4);
    refused(RNN_ERROR_SHAPE, 1, 0, -1, "a single number");
    save_bytes(0, "{'descr':'<f4','fortran_order':False,'shape':(2,2)}", "\0\0\0\0", 4);
    refused(RNN_ERROR_FORMAT, 1, 0, -1, "its shape asks for 16");
    save_bytes(0, "{'descr':'<f4','fortran_order':False,'shape':(0,4611686018427387904,4)}", "", 0);
    refused(RNN_ERROR_FORMAT, 1, 0, -1, "too large");
    CHECK_INT(remove(file(0)), 0);
    refused(RNN_ERROR_IO, 1, 0, -1, file(0));
}

TEST(a_file_that_has_shrunk)
{
    save_all();
    rnn_dataset_t *d = NULL;
    rnn_batch_t *batch;
    CHECK_OK(open_files(NULL, 1, 0, -1, &d));
    CHECK_INT(truncate(file(0), 64), 0);
    CHECK_STATUS(rnn_dataset_next_batch(d, &batch), RNN_ERROR_FORMAT);
    CHECK(strstr(rnn_last_error(), file(0)));
    rnn_dataset_free(d);
}

TEST(no_samples)
{
    rnn_dataset_t *d = NULL;
    rnn_batch_t *batch;
    save_bytes(0, "{'descr':'<f4','fortran_order':False,'shape':(0,4,2)}", "", 0);
    CHECK_OK(open_files(NULL, 1, 0, -1, &d));
    CHECK_INT(rnn_dataset_count(d), 0);
    CHECK_STATUS(rnn_dataset_next_batch(d, &batch), RNN_END);
    rnn_dataset_free(d);
}

static int open_anew(rnn_context_t *context)
{
    rnn_dataset_t *d = NULL;
    rnn_batch_t *batch;
    rnn_status_t status = open_files(context, 3, 2, 1, &d);
    if (status == RNN_OK) status = rnn_dataset_next_batch(d, &batch);
    rnn_dataset_free(d);
    CHECK(status == RNN_OK || status == RNN_ERROR_MEMORY);
    return status == RNN_OK;
}

TEST(survives_every_failed_allocation)
{
    save_all();
    EVERY_FAILURE(open_anew);
}

TEST(takes_its_files_away)
{
    char *slash = strrchr(names[0], '/');
    for (int i = 0; i < FILES; i++) remove(file(i));
    *slash = 0;
    CHECK_INT(rmdir(names[0]), 0);
}

TEST_MAIN
