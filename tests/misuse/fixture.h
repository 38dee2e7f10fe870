/* SPDX-License-Identifier: MIT */
#ifndef MISUSE_FIXTURE_H
#define MISUSE_FIXTURE_H

/* One of everything, made anew for each call, so that no call sees what another one has left behind. */

#include "harness.h"

#include <dirent.h>
#include <rnn/rnn.h>
#include <sys/stat.h>

enum { ROOM = 4096, SAMPLES = 2, STEPS = 3 };
enum { RIGHT, EARLY /* models not built, vocabulary not there */, NOT_FINITE, MISSHAPEN, STAGES };

typedef struct {
    rnn_context_t *context;
    rnn_allocator_t allocator;
    rnn_setting_t setting;
    rnn_metric_info_t metric;
    rnn_progress_t progress;
    rnn_chart_t chart;
    rnn_result_t result;
    rnn_source_t source;
    rnn_io_t io;
    rnn_sample_t *sample;
    rnn_tensor_t *vectors, *ids, *flat, *lengths, *classes, *weights, *mask; /* arguments */
    rnn_tensor_t *tensor, *other_tensor;                                     /* results */
    const rnn_tensor_t *upstream[1];
    rnn_dataset_t *data, *fresh, *dataset;
    rnn_batch_t *batch, *borrowed;
    rnn_tokenizer_t *tokenizer, *words;
    rnn_csv_t *csv;
    rnn_model_t *model, *raw, *stream, *loaded;
    rnn_layer_t *tokens, *table_rows, *lstm, *other_lstm, *row, *dense, *pair[2];
    rnn_state_t *state, *token_state;
    rnn_states_t *states, *token_states;
    rnn_trainer_t *trainer, *stream_trainer;
    rnn_confusion_t *confusion;
    rnn_report_t *report;
    int64_t integer, second, third, counts[4], position, shape[2], strides[2], turned[2];
    int32_t integers[8];
    double number, doubles[2];
    const double *lines[2];
    const char *names[2], *text, *folder, *table, *npy, *file, *checkpoint, *scratch;
    float numbers[8], floats[8];
    char bytes[ROOM], saved[ROOM];
} fixture;

static fixture v;
static int32_t ids_of_all[SAMPLES * STEPS] = { 1, 2, 3, 4, 5, 6 }, bits[2] = { 0, 1 };
static char npy_bytes[ROOM], model_bytes[16 * ROOM], root[64];
static int64_t npy_size, model_size;

static void *take_memory(size_t size, size_t alignment, void *user)
{
    void *memory = NULL;
    (void)user;
    return posix_memalign(&memory, alignment < sizeof(void *) ? sizeof(void *) : alignment, size) ?
        NULL : memory;
}

static void give_memory(void *pointer, size_t size, void *user)
{
    (void)size;
    (void)user;
    free(pointer);
}

static int32_t take_text(const char *text, int64_t size, void *user)
{
    (void)text;
    (void)size;
    (void)user;
    return 0;
}

static int32_t take_progress(const rnn_progress_t *progress, void *user)
{
    (void)progress;
    (void)user;
    return 0;
}

static rnn_status_t read_sample(int64_t index, rnn_sample_t *sample, void *user)
{
    (void)user;
    return rnn_sample_set_class(sample, 0, (int32_t)index);
}

/* A model file in memory, for rnn_io_t. */
static int64_t read_bytes(void *data, int64_t size, void *user)
{
    (void)user;
    if (size > model_size - v.position) size = model_size - v.position;
    memcpy(data, model_bytes + v.position, (size_t)size);
    v.position += size;
    return size;
}

static int64_t write_bytes(const void *data, int64_t size, void *user)
{
    (void)data;
    (void)user;
    return size;
}

static int64_t seek_bytes(int64_t offset, int32_t whence, void *user)
{
    int64_t from = whence == 0 ? 0 : whence == 1 ? v.position : model_size;
    (void)user;
    if (offset < -from || offset > model_size - from) return -1;
    return v.position = from + offset;
}

static rnn_tensor_t *array(int32_t type, int64_t rows, int64_t columns, void *data)
{
    const int64_t shape[] = { rows, columns };
    return rnn_tensor_wrap(v.context, type, columns ? 2 : 1, shape, NULL, data);
}

static void make_tensors(int stage)
{
    static float good[] = { 1, 2, 3, 4 }, ones[] = { 1, 1 }, bad[] = { NAN, INFINITY, -1, NAN };
    static int32_t negative[] = { -7, -7, -7, -7, -7, -7 }, class[] = { 0, 1 };
    static int64_t lengths[] = { 3, 3 }, wrong[] = { 99, -3 };
    static unsigned char marks[] = { 1, 1, 0, 1, 0, 1 };
    int bad_data = stage == NOT_FINITE, bad_shape = stage == MISSHAPEN;
    v.vectors = array(RNN_F32, 2, 2, bad_data ? bad : good);
    v.ids = bad_shape ? array(RNN_F32, 1, 2, good) : array(RNN_I32, 2, 3, bad_data ? negative : ids_of_all);
    v.flat = bad_shape ? array(RNN_BOOL, 2, 3, marks) : array(RNN_I32, 6, 0, bad_data ?
        negative : ids_of_all);
    v.lengths = bad_shape ? array(RNN_I64, 1, 0, lengths) : array(RNN_I64, 2, 0, bad_data ? wrong : lengths);
    v.classes = bad_shape ? array(RNN_I32, 1, 0, class) : array(RNN_I32, 2, 0, bad_data ? negative : class);
    v.weights = bad_shape ? array(RNN_F32, 1, 2, ones) : array(RNN_F32, 2, 0, bad_data ? bad : ones);
    v.mask = array(RNN_U8, bad_shape ? 3 : 2, bad_shape ? 2 : 3, marks);
    v.upstream[0] = v.vectors;
    for (int i = 0; i < 8; i++) v.numbers[i] = bad_data ? (float)NAN : (float)(i + 1) / 10;
    for (int i = 0; i < 2; i++) v.doubles[i] = bad_data ? (double)NAN : i + 1;
}

static void make_arguments(void)
{
    v.allocator = (rnn_allocator_t){ sizeof(v.allocator), take_memory, give_memory, NULL };
    v.setting.struct_size = sizeof(v.setting);
    v.metric.struct_size = sizeof(v.metric);
    v.progress.struct_size = sizeof(v.progress);
    v.chart.struct_size = sizeof(v.chart);
    v.result.struct_size = sizeof(v.result);
    v.source = (rnn_source_t){ .struct_size = sizeof(v.source), .count = 2, .targets = 1,
        .read = read_sample };
    v.io = (rnn_io_t){ sizeof(v.io), read_bytes, write_bytes, seek_bytes, NULL, NULL };
    for (int i = 0; i < 2; i++) {
        v.shape[i] = v.turned[i] = 2;
        v.strides[i] = 2 - i;
        v.lines[i] = v.doubles;
        v.names[i] = i ? "second" : "first";
    }
}

static void make_tokenizers(int stage)
{
    v.words = rnn_tokenizer_create(v.context);
    v.tokenizer = rnn_tokenizer_create(v.context);
    rnn_tokenizer_add_text(v.tokenizer, "good bad film", -1);
    if (stage != EARLY) rnn_tokenizer_build(v.tokenizer);
    else rnn_tokenizer_build(v.words);
}

static void make_data(void)
{
    v.fresh = rnn_dataset_create(v.context);
    v.data = rnn_dataset_create(v.context);
    rnn_dataset_add_input(v.data, v.ids, v.lengths);
    rnn_dataset_add_target(v.data, v.classes, NULL);
    v.batch = rnn_batch_create(v.context);
    rnn_batch_set_input(v.batch, 0, v.ids, v.lengths);
    rnn_batch_set_target(v.batch, 0, v.classes, NULL);
    v.csv = rnn_csv_create(v.context);
    rnn_csv_add_column(v.csv, RNN_CSV_TEXT, "0");
    rnn_csv_add_column(v.csv, RNN_CSV_LABEL, "1");
    rnn_csv_set_tokenizer(v.csv, v.tokenizer);
    v.confusion = rnn_confusion_create(v.context, 2);
    v.report = rnn_report_create(v.context, "title");
}

static rnn_model_t *token_model(void)
{
    rnn_model_t *m = rnn_model_create(v.context);
    rnn_layer_t *x = rnn_lstm(m, rnn_embedding(m, rnn_input_tokens(m, "words"), 10, 4), 3);
    rnn_model_set_output(m, rnn_dense(m, rnn_last(m, x), 2, RNN_SOFTMAX), "answer");
    return m;
}

static rnn_model_t *stream_model(void)
{
    rnn_model_t *m = rnn_model_create(v.context);
    rnn_layer_t *both[2] = { rnn_input_values(m, "x", 2), NULL };
    both[1] = rnn_repeat(m, rnn_input_vector(m, "side", 2), both[0]);
    rnn_model_set_output(m, rnn_dense(m, rnn_lstm(m, rnn_concat(m, both, 2), 3), 2, RNN_LINEAR), "y");
    return m;
}

static void make_layers(void)
{
    v.raw = rnn_model_create(v.context);
    v.tokens = rnn_input_tokens(v.raw, "words");
    v.table_rows = rnn_embedding(v.raw, v.tokens, 10, 4);
    v.lstm = rnn_lstm(v.raw, v.table_rows, 4);
    v.other_lstm = rnn_lstm(v.raw, v.table_rows, 4);
    v.row = rnn_input_vector(v.raw, "side", 4);
    v.pair[0] = rnn_last(v.raw, v.other_lstm);
    v.pair[1] = v.row;
    rnn_layer_t *sum[2] = { rnn_last(v.raw, v.lstm), rnn_add(v.raw, v.pair, 2) };
    v.dense = rnn_dense(v.raw, rnn_add(v.raw, sum, 2), 10, RNN_LINEAR);
    rnn_model_set_output(v.raw, v.dense, "answer");
}

static void make_models(int stage)
{
    v.model = token_model();
    v.stream = stream_model();
    make_layers();
    rnn_model_t *built = token_model(), *built_stream = stream_model();
    rnn_model_build(built);
    rnn_model_build(built_stream);
    if (stage == EARLY) {
        rnn_model_build(v.raw);
    } else {
        rnn_model_free(v.model);
        rnn_model_free(v.stream);
        v.model = rnn_model_retain(built);
        rnn_model_set_tokenizer(v.model, NULL, v.tokenizer);
        v.stream = rnn_model_retain(built_stream);
    }
    v.state = rnn_state_create(built_stream);
    v.token_state = rnn_state_create(built);
    v.states = rnn_states_create(built_stream);
    v.token_states = rnn_states_create(built);
    rnn_state_export(v.state, v.saved, ROOM);
    v.trainer = rnn_trainer_create(built);
    v.stream_trainer = rnn_trainer_create(built_stream);
    if (stage != EARLY) {
        rnn_trainer_set_loss(v.trainer, NULL, RNN_LOSS_CROSS_ENTROPY);
        rnn_trainer_forward(v.trainer, v.batch, NULL);
        rnn_trainer_backward(v.trainer);
        rnn_trainer_forward(v.trainer, v.batch, NULL);
    }
    rnn_model_free(built);
    rnn_model_free(built_stream);
}

static void set_up(int stage)
{
    memset(&v, 0, sizeof(v));
    v.context = rnn_context_create(NULL);
    rnn_context_set_int(v.context, RNN_CONTEXT_THREADS, 1);
    make_arguments();
    make_tensors(stage);
    make_tokenizers(stage);
    make_data();
    make_models(stage);
    static char path[7][96];
    const char **place[7] = { &v.text, &v.folder, &v.table, &v.npy, &v.file, &v.checkpoint, &v.scratch };
    const char *const name[7] = { "text", "folder", "table.csv", "x.npy", "model", "checkpoint", "scratch" };
    for (int i = 0; i < 7; i++) {
        snprintf(path[i], sizeof(path[i]), "%s/%s", root, name[i]);
        *place[i] = path[i];
    }
}

static void tear_down(void)
{
    rnn_trainer_free(v.trainer);
    rnn_trainer_free(v.stream_trainer);
    rnn_state_free(v.state);
    rnn_state_free(v.token_state);
    rnn_states_free(v.states);
    rnn_states_free(v.token_states);
    rnn_model_t *models[] = { v.model, v.raw, v.stream, v.loaded };
    for (int i = 0; i < 4; i++) rnn_model_free(models[i]);
    rnn_dataset_t *sets[] = { v.data, v.fresh, v.dataset };
    for (int i = 0; i < 3; i++) rnn_dataset_free(sets[i]);
    rnn_batch_free(v.batch);
    rnn_csv_free(v.csv);
    rnn_confusion_free(v.confusion);
    rnn_report_free(v.report);
    rnn_tokenizer_free(v.words);
    rnn_tokenizer_free(v.tokenizer);
    rnn_tensor_t *tensors[] = { v.vectors, v.ids,  v.flat,   v.lengths,     v.classes,
                                v.weights, v.mask, v.tensor, v.other_tensor };
    for (int i = 0; i < 9; i++) rnn_tensor_free(tensors[i]);
    rnn_context_free(v.context);
}

/* ---- Files ---- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    fputs(text, file);
    fclose(file);
}

static int64_t read_file(const char *path, char *bytes, size_t room)
{
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t size = fread(bytes, 1, room, file);
    fclose(file);
    CHECK(size < room);
    return (int64_t)size;
}

static void make_files(void)
{
    char path[128];
    snprintf(root, sizeof(root), "/tmp/rnn_misuse_%ld", (long)getpid());
    CHECK(mkdir(root, 0700) == 0);
    set_up(RIGHT);
    CHECK(mkdir(v.folder, 0700) == 0);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%d", v.folder, i);
        CHECK(mkdir(path, 0700) == 0);
        snprintf(path, sizeof(path), "%s/%d/file", v.folder, i);
        write_file(path, "good film");
    }
    write_file(v.text, "0\tgood film\n1\tbad film\n");
    write_file(v.table, "good film,0,1\nbad film,1,2\n");
    CHECK_OK(rnn_tensor_save_npy(v.vectors, v.npy));
    CHECK_OK(rnn_model_save(v.model, v.file));
    CHECK_OK(rnn_trainer_save(v.trainer, v.checkpoint));
    npy_size = read_file(v.npy, npy_bytes, sizeof(npy_bytes));
    model_size = read_file(v.file, model_bytes, sizeof(model_bytes));
    tear_down();
}

static void remove_files(void)
{
    static const char *const names[] = { "folder/0/file", "folder/1/file", "folder/0", "folder/1",
          "folder", "text",
                                         "table.csv",     "x.npy",         "model",    "checkpoint",
                                             "scratch" };
    char path[128];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", root, names[i]);
        remove(path);
    }
    CHECK_INT(remove(root), 0);
}

#endif
